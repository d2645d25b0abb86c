/*
 * Texts: every language has every text with the same arguments, xml:lang
 * finds its language, and nothing that a stranger sends does harm.
 */
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/verdict.h"
#include "text/catalogue.h"

static struct catalogue *c;
static struct err e;

static void
open_catalogue(void)
{
	ck_assert_msg(catalogue_open(&c, NULL, &e) == 0, "%s", e.text);
}

static void
close_catalogue(void)
{
	catalogue_close(c);
}

/* The contract of catalogue.h: which arguments a caller gives. */
static const struct {
	const char *key, *args; /* in alphabetical order */
} texts[] = {
	{ "place_node", "address node " },
	{ "place_labelled", "label place " },
	{ "refusal_not_registered", "apply categories place " },
	{ "refusal_application_open", "apply date place " },
	{ "refusal_wrong_category", "apply categories place " },
	{ "refusal_suspended", "appeal date place reason " },
	{ "refusal_revoked", "appeal date place reason " },
	{ "refusal_expired", "apply date place " },
	{ "refusal_rejected", "appeal date place reason " },
	{ "refusal_withdrawn", "apply date place " },
	{ "refusal_agreement_outdated", "apply place " },
	{ "refusal_reprint", "apply place " },
	{ "refusal_encryption", "place " },
	{ "refusal_name_conflict", "appeal name place " },
	{ "refusal_unavailable", "" },
	{ "refusal_overload", "" },
	{ "refusal_limit", "" },
};

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

START_TEST(every_language_has_every_text)
{
	const char *names[CATALOGUE_ARGS_MAX], *lang;
	size_t i;

	for (i = 0; (lang = catalogue_lang(c, i)) != NULL; i++) {
		char got[256] = "";
		int count = catalogue_args(c, lang, texts[_i].key, names);

		ck_assert_msg(count >= 0, "%s lacks %s", lang, texts[_i].key);
		qsort(names, (size_t)count, sizeof names[0], compare_names);
		for (int n = 0; n < count; n++) {
			strcat(got, names[n]);
			strcat(got, " ");
		}
		ck_assert_msg(strcmp(got, texts[_i].args) == 0,
		    "%s, %s: has (%s), want (%s)", lang, texts[_i].key, got,
		    texts[_i].args);
	}
	ck_assert_uint_ge(i, 2);
}
END_TEST

START_TEST(every_refusal_has_a_text)
{
	const char *names[CATALOGUE_ARGS_MAX];

	for (int r = REFUSAL_NONE + 1; r < REFUSAL_COUNT; r++) {
		const char *key = refusal_info((enum refusal)r)->text_key;
		size_t i = 0;

		while (i < COUNT(texts) && strcmp(texts[i].key, key) != 0)
			i++;
		ck_assert_msg(i < COUNT(texts), "%s is not in this test", key);
		ck_assert_int_ge(catalogue_args(c, "en", key, names), 0);
		ck_assert_int_ge(catalogue_args(c, "de", key, names), 0);
	}
}
END_TEST

static const struct catalogue_arg all[] = {
	{ .name = "place", .text = "newsroom@rooms.example.org" },
	{ .name = "categories", .text = "News" },
	{ .name = "reason", .text = "Fälschung {date} '{' ✓" },
	{ .name = "date", .date_s = 1700000000 }, /* 2023-11-14 22:13 UTC */
	{ .name = "apply", .text = "xmpp:m.example.org?command;node=apply" },
	{ .name = "appeal", .text = "xmpp:m.example.org?command;node=appeal" },
	{ .name = "name", .text = "Daily Example" },
	{ .name = "node", .text = "urn:xmpp:microblog:0" },
	{ .name = "address", .text = "daily@example.org" },
	{ .name = "label", .text = "weather" },
};

START_TEST(texts_have_their_arguments)
{
	const char *lang, *want_date;
	char r[CATALOGUE_TEXT_MAX];

	for (size_t i = 0; (lang = catalogue_lang(c, i)) != NULL; i++) {
		const char *used;

		catalogue_text(c, lang, texts[_i].key, all, COUNT(all), r,
		    &used);
		ck_assert_str_eq(used, lang);
		if (strncmp(texts[_i].key, "refusal_", 8) == 0)
			ck_assert_uint_gt(strlen(r), 40);
		for (size_t a = 0; a < COUNT(all); a++) {
			if (strstr(texts[_i].args, all[a].name) == NULL ||
			    all[a].text == NULL)
				continue;
			ck_assert_msg(strstr(r, all[a].text) != NULL,
			    "%s: no %s in: %s", lang, all[a].name, r);
		}
		want_date = strcmp(lang, "de") == 0 ? "14. November 2023"
		    : strcmp(lang, "en") == 0	    ? "November 14, 2023"
						    : "2023";
		if (strstr(texts[_i].args, "date") != NULL)
			ck_assert_msg(strstr(r, want_date) != NULL, "%s", r);
	}
}
END_TEST

static const struct {
	const char *label, *lang, *want;
} langs[] = {
	{ "English", "en", "en" },
	{ "German", "de", "de" },
	{ "Austria", "de-AT", "de" },
	{ "capitals", "DE-at", "de" },
	{ "script and region", "de-Latn-CH-1996", "de" },
	{ "British", "en-GB", "en" },
	{ "not there", "fr", "en" },
	{ "none", "", "en" },
	{ "NULL", NULL, "en" },
	{ "longer word with the same start", "den", "en" },
	{ "longer word after a dash",
	    "de-x-abcdefghijklmnopqrstuvwxyz-12345"
	    "678-12345678",
	    "de" },
	{ "a dash alone", "-", "en" },
	{ "a dash first", "-de", "en" },
	{ "a dash last", "de-", "de" },
	{ "underscore", "de_AT", "en" },
	{ "ICU keyword", "de@collation=phonebook", "en" },
	{ "a path", "../../../etc/passwd", "en" },
	{ "a path after a language", "de/../en", "en" },
	{ "bytes", "\xff\xfe", "en" },
	{ "format", "%s%n", "en" },
	{ "the root of all languages", "root", "en" },
	{ "undetermined", "und", "en" },
};

START_TEST(xml_lang_finds_its_language)
{
	char r[CATALOGUE_TEXT_MAX];
	const char *used = NULL;

	catalogue_text(c, langs[_i].lang, "refusal_limit", NULL, 0, r, &used);
	ck_assert_msg(strcmp(used, langs[_i].want) == 0, "%s: %s",
	    langs[_i].label, used);
	ck_assert_msg(strstr(r, strcmp(used, "de") == 0 ? "nicht" : "not") !=
		NULL,
	    "%s", r);
}
END_TEST

START_TEST(overlong_languages_are_safe)
{
	static char lang[1 << 20];
	char r[CATALOGUE_TEXT_MAX];
	const char *used;

	memset(lang, 'd', sizeof lang - 1);
	catalogue_text(c, lang, "refusal_limit", NULL, 0, r, &used);
	ck_assert_str_eq(used, "en");
	memset(lang, '-', sizeof lang - 1);
	catalogue_text(c, lang, "refusal_limit", NULL, 0, r, &used);
	ck_assert_str_eq(used, "en");
	memcpy(lang, "de", 2);
	catalogue_text(c, lang, "refusal_limit", NULL, 0, r, &used);
	ck_assert_str_eq(used, "de");
}
END_TEST

START_TEST(holes_are_visible)
{
	char r[CATALOGUE_TEXT_MAX];
	const char *used;

	catalogue_text(c, "de", "no_such_text", all, COUNT(all), r, &used);
	ck_assert_str_eq(r, "no_such_text");
	catalogue_text(c, "en", "refusal_encryption", NULL, 0, r, &used);
	ck_assert_ptr_nonnull(strstr(r, "{place}"));
}
END_TEST

/* Whether it is UTF-8 in whole characters; enough for our own output. */
static int
is_whole_utf8(const char *s)
{
	while (*s != '\0') {
		unsigned char lead = (unsigned char)*s++;
		int more = lead < 0x80 ? 0
		    : lead < 0xc2      ? -1
		    : lead < 0xe0      ? 1
		    : lead < 0xf0      ? 2
		    : lead < 0xf5      ? 3
				       : -1;

		for (; more > 0 && ((unsigned char)*s & 0xc0) == 0x80; more--)
			s++;
		if (more != 0)
			return 0;
	}
	return 1;
}

/* One character of each length in UTF-8, and one that is none. */
static const char *const fillers[] = { "x", "ä", "€", "😀", "\xff" };

START_TEST(long_arguments_are_cut_between_characters)
{
	char text[6001] = "", shifted[sizeof text + 3];
	char r[CATALOGUE_TEXT_MAX];
	struct catalogue_arg args[] = {
		{ .name = "place", .text = shifted },
		{ .name = "categories", .text = shifted },
		{ .name = "apply", .text = shifted },
	};

	while (strlen(text) + 4 < sizeof text)
		strcat(text, fillers[_i]);
	/* The cut falls before, into and behind a character. */
	for (int shift = 0; shift < 4; shift++) {
		(void)snprintf(shifted, sizeof shifted, "%.*s%s", shift, "xxx",
		    text);
		catalogue_text(c, "de", "refusal_not_registered", args, 3, r,
		    NULL);
		ck_assert_msg(is_whole_utf8(r), "%s", r);
		/* No half of a character, replaced. */
		if (fillers[_i][0] != '\xff')
			ck_assert_ptr_null(strstr(r, "\xef\xbf\xbd"));
		ck_assert_uint_lt(strlen(r), sizeof r);
		ck_assert_uint_gt(strlen(r), sizeof r - 8);
	}
}
END_TEST

START_TEST(any_date_is_a_text)
{
	static const int64_t dates[] = { INT64_MIN, -1, 0, INT64_MAX };
	char r[CATALOGUE_TEXT_MAX];

	for (size_t i = 0; i < COUNT(dates); i++) {
		struct catalogue_arg date = { .name = "date",
			.date_s = dates[i] };

		catalogue_text(c, "de", "refusal_expired", &date, 1, r, NULL);
		ck_assert(is_whole_utf8(r));
	}
}
END_TEST

/*
 * Bundles that are not ours: a folder for each, compiled by genrb as the
 * build does.
 */
static const struct {
	const char *label, *lang, *text;
	const char *want; /* of key "t" with place X; NULL: refused */
} bundles[] = {
	{ "plain", "en", "en{t{\"at {place}\"}}", "at X" },
	{ "twice", "en", "en{t{\"{place}{place}\"}}", "XX" },
	{ "quoted braces", "en", "en{t{\"'{'{place}'}'\"}}", "{X}" },
	{ "quoted name", "en", "en{t{\"'{place}'\"}}", "{place}" },
	{ "apostrophe", "en", "en{t{\"it's {place}\"}}", "it's X" },
	{ "apostrophe before a brace", "en", "en{t{\"it''s''{place}\"}}",
	    "it's'X" },
	{ "quoted to the end", "en", "en{t{\"'{place}\"}}", "{place}" },
	{ "no English", "fr", "fr{t{\"x\"}}", NULL },
	{ "numbered argument", "en", "en{t{\"{0}\"}}", NULL },
	{ "typed argument", "en", "en{t{\"{place, date}\"}}", NULL },
	{ "choice", "en", "en{t{\"{place, select, other{x}}\"}}", NULL },
	{ "open brace", "en", "en{t{\"{place\"}}", NULL },
	{ "closing brace alone", "en", "en{t{\"place}\"}}", "place}" },
	{ "empty name", "en", "en{t{\"{}\"}}", NULL },
	{ "blank in the name", "en", "en{t{\"{ place }\"}}", NULL },
	{ "nine arguments", "en", "en{t{\"{a}{b}{c}{d}{e}{f}{g}{h}{i}\"}}",
	    NULL },
	{ "no text", "en", "en{t:int{7}}", NULL },
	{ "a table", "en", "en{t{u{\"x\"}}}", NULL },
};

START_TEST(bundles_of_others)
{
	static const struct catalogue_arg x = { .name = "place", .text = "X" };
	char dir[] = "/tmp/masthead-text-XXXXXX", command[512], path[64];
	char r[CATALOGUE_TEXT_MAX];
	struct catalogue *own = NULL;
	FILE *f;
	int got;

	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/%s.txt", dir, bundles[_i].lang);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(bundles[_i].text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	(void)snprintf(command, sizeof command, "genrb -q -d %s %s", dir, path);
	ck_assert_int_eq(system(command), 0);
	got = catalogue_open(&own, dir, &e);
	ck_assert_msg((got == 0) == (bundles[_i].want != NULL), "%s: %d, %s",
	    bundles[_i].label, got, e.text);
	if (got == 0) {
		catalogue_text(own, "en", "t", &x, 1, r, NULL);
		ck_assert_str_eq(r, bundles[_i].want);
	}
	catalogue_close(own);
	(void)snprintf(command, sizeof command, "rm -r %s", dir);
	ck_assert_int_eq(system(command), 0);
}
END_TEST

START_TEST(a_broken_or_missing_folder_is_an_error)
{
	char dir[] = "/tmp/masthead-text-XXXXXX", path[64];
	struct catalogue *own = NULL;
	FILE *f;

	ck_assert_int_eq(catalogue_open(&own, "/nonexistent", &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "/nonexistent"));
	ck_assert_ptr_nonnull(mkdtemp(dir));
	(void)snprintf(path, sizeof path, "%s/en.res", dir);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs("no bundle at all, just words", f), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(catalogue_open(&own, dir, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "en.res"));
	(void)unlink(path);
	(void)rmdir(dir);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("catalogue");
	TCase *t = tcase_create("catalogue");

	tcase_add_checked_fixture(t, open_catalogue, close_catalogue);
	tcase_add_loop_test(t, every_language_has_every_text, 0, COUNT(texts));
	tcase_add_test(t, every_refusal_has_a_text);
	tcase_add_loop_test(t, texts_have_their_arguments, 0, COUNT(texts));
	tcase_add_loop_test(t, xml_lang_finds_its_language, 0, COUNT(langs));
	tcase_add_test(t, overlong_languages_are_safe);
	tcase_add_test(t, holes_are_visible);
	tcase_add_loop_test(t, long_arguments_are_cut_between_characters, 0,
	    COUNT(fillers));
	tcase_add_test(t, any_date_is_a_text);
	tcase_add_loop_test(t, bundles_of_others, 0, COUNT(bundles));
	tcase_add_test(t, a_broken_or_missing_folder_is_an_error);
	suite_add_tcase(s, t);
	return unit_run(s);
}

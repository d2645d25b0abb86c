/* Agreements in their folders, and in the register. */
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/agreements.h"

static char dir[64];
static struct config config;
static struct config_category more[2];
static struct category categories[2] = { { .id = "news" }, { .id = "blog" } };
static struct agreements *agreements;
static struct err why;

static void
write_file(const char *name, const char *bytes, size_t len)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "wb");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

static void
write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

static void
set_up(void)
{
	strcpy(dir, "/tmp/masthead-test-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	config.policy.categories = categories;
	config.policy.category_count = COUNT(categories);
	config.categories = more;
	more[0] = (struct config_category){ .agreement = dir,
		.agreement_grace_s = 60 };
	more[1] = (struct config_category){ .agreement = NULL };
	agreements = NULL;
	why.text[0] = '\0';
}

static void
tear_down(void)
{
	char command[128];

	agreements_release(agreements);
	(void)snprintf(command, sizeof command, "rm -rf %s", dir);
	ck_assert_int_eq(system(command), 0);
}

static int
load(void)
{
	agreements_release(agreements);
	agreements = NULL;
	return agreements_load(&agreements, &config, &why);
}

static const struct {
	const char *label, *lang, *want; /* the text of the newest */
	const char *found;		 /* its language */
} languages[] = {
	{ "English", "en", "two", "en" },
	{ "German", "de", "zwei", "de" },
	{ "German of Austria", "de-AT", "zwei", "de" },
	{ "of Brazil", "pt-BR", "dois", "pt-BR" },
	{ "in small letters", "pt-br", "dois", "pt-BR" },
	{ "of Portugal, where only Brazil's is there", "pt-PT", "two", "en" },
	{ "a longer word", "den", "two", "en" },
	{ "French", "fr", "two", "en" },
	{ "none", "", "two", "en" },
	{ "none at all", NULL, "two", "en" },
	{ "nonsense", "%s/../", "two", "en" },
};

START_TEST(finds_the_newest_in_a_language)
{
	struct agreement a;

	write_text("1.en.txt", "one");
	write_text("2.en.txt", "two");
	write_text("2.de.txt", "zwei");
	write_text("2.pt-BR.txt", "dois");
	write_text("10.txt", "no language");
	write_text("3.en.txt~", "an editor's copy");
	write_text("README", "not one");
	ck_assert_msg(load() == 0, "%s", why.text);
	ck_assert_int_eq(
	    agreements_find(agreements, "news", languages[_i].lang, &a), 1);
	ck_assert_msg(strcmp(a.text, languages[_i].want) == 0, "%s: %s",
	    languages[_i].label, a.text);
	ck_assert_str_eq(a.lang, languages[_i].found);
	ck_assert_int_eq(a.version, 2);
	ck_assert_int_eq(agreements_find(agreements, "blog", "en", &a), 0);
	ck_assert_int_eq(agreements_find(agreements, "nope", "en", &a), 0);
}
END_TEST

START_TEST(versions_are_numbers)
{
	struct agreement a;

	write_text("9.de.txt", "neun");
	write_text("10.de.txt", "zehn");
	ck_assert_int_eq(load(), 0);
	ck_assert_int_eq(agreements_find(agreements, "news", "en", &a), 1);
	ck_assert_int_eq(a.version, 10);
	ck_assert_str_eq(a.text, "zehn");
}
END_TEST

START_TEST(has_its_hash)
{
	struct agreement a;

	write_text("1.en.txt", "abc");
	ck_assert_int_eq(load(), 0);
	ck_assert_int_eq(agreements_nth(agreements, 0, &a), 1);
	ck_assert_str_eq(a.sha256,
	    "ba7816bf8f01cfea414140de5dae2223"
	    "b00361a396177a9cb410ff61f20015ad");
	ck_assert_int_eq(agreements_nth(agreements, 1, &a), 0);
}
END_TEST

static const struct {
	const char *label, *bytes;
	size_t len;
	int want;
} files[] = {
	{ "text", "a\n\tb\r\n", 6, 0 },
	{ "letters of all languages", "\xc3\xa4\xe2\x82\xac", 5, 0 },
	{ "nothing", "", 0, -1 },
	{ "blank", " \n\n", 3, -1 },
	{ "a NUL", "a\0b", 3, -1 },
	{ "a control character", "a\x1b[0m", 5, -1 },
	{ "no UTF-8", "a\xff", 2, -1 },
};

START_TEST(takes_text_alone)
{
	write_file("1.en.txt", files[_i].bytes, files[_i].len);
	ck_assert_msg(load() == files[_i].want, "%s: %s", files[_i].label,
	    why.text);
	if (files[_i].want == -1)
		ck_assert_ptr_nonnull(strstr(why.text, "1.en.txt"));
}
END_TEST

START_TEST(has_a_limit)
{
	char *text = malloc(AGREEMENTS_TEXT_MAX + 1);

	memset(text, 'a', AGREEMENTS_TEXT_MAX + 1);
	write_file("1.en.txt", text, AGREEMENTS_TEXT_MAX);
	ck_assert_int_eq(load(), 0);
	write_file("1.en.txt", text, AGREEMENTS_TEXT_MAX + 1);
	ck_assert_int_eq(load(), -1);
	free(text);
}
END_TEST

START_TEST(a_folder_that_is_not_there)
{
	more[0].agreement = (char[]){ "/nonexistent" };
	ck_assert_int_eq(load(), -1);
	ck_assert_ptr_nonnull(strstr(why.text, "/nonexistent"));
}
END_TEST

/* A category that seems to have an agreement and has none would be had
 * without accepting anything. */
START_TEST(a_folder_without_an_agreement)
{
	write_text("01.en.txt", "a number that begins with 0");
	write_text("1.en.TXT", "another ending");
	write_text("v1.en.txt", "a letter in front");
	ck_assert_int_eq(load(), -1);
	ck_assert_ptr_nonnull(strstr(why.text, dir));
	ck_assert_ptr_nonnull(strstr(why.text, "1.en.txt"));
}
END_TEST

/* What is on record stays what it was. */
START_TEST(what_was_shown_does_not_change)
{
	static const char *const ids[] = { "news", "blog" };
	char url[128];
	struct store *s = NULL;
	int64_t serial;

	(void)snprintf(url, sizeof url, "sqlite:%s/register.db", dir);
	ck_assert_msg(store_open(&s, url, STORE_WRITE, &why) == 0, "%s",
	    why.text);
	ck_assert_int_eq(
	    store_sync_config(s, ids, ids, 2, NULL, 0, 1000, &serial, &why), 0);
	write_text("1.en.txt", "one");
	ck_assert_int_eq(load(), 0);
	ck_assert_int_eq(agreements_check(agreements, s, &why), 0);
	ck_assert_msg(
	    agreements_sync(agreements, &config, s, 1000, &serial, &why) == 0,
	    "%s", why.text);
	ck_assert_int_eq(agreements_check(agreements, s, &why), 0);
	write_text("1.de.txt", "eins");
	write_text("2.en.txt", "two");
	ck_assert_int_eq(load(), 0);
	ck_assert_int_eq(agreements_check(agreements, s, &why), 0);
	ck_assert_int_eq(
	    agreements_sync(agreements, &config, s, 1001, &serial, &why), 0);
	write_text("1.en.txt", "one and a half");
	ck_assert_int_eq(load(), 0);
	ck_assert_int_eq(agreements_check(agreements, s, &why), -1);
	ck_assert_ptr_nonnull(strstr(why.text, "1.en.txt"));
	ck_assert_int_eq(
	    agreements_sync(agreements, &config, s, 1002, &serial, &why), -1);
	store_close(s);
}
END_TEST

/* Whoever applied would be shown an older version than the one that has to be
 * accepted, and could never come in. */
START_TEST(the_newest_does_not_go)
{
	static const char *const ids[] = { "news", "blog" };
	char url[128], path[128];
	struct store *s = NULL;
	int64_t serial;

	(void)snprintf(url, sizeof url, "sqlite:%s/register.db", dir);
	ck_assert_msg(store_open(&s, url, STORE_WRITE, &why) == 0, "%s",
	    why.text);
	ck_assert_int_eq(
	    store_sync_config(s, ids, ids, 2, NULL, 0, 1000, &serial, &why), 0);
	write_text("1.en.txt", "one");
	write_text("2.en.txt", "two");
	write_text("2.de.txt", "zwei");
	ck_assert_int_eq(load(), 0);
	ck_assert_int_eq(
	    agreements_sync(agreements, &config, s, 1000, &serial, &why), 0);
	/* An older one, or a translation, may. */
	(void)snprintf(path, sizeof path, "%s/2.de.txt", dir);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(load(), 0);
	ck_assert_int_eq(agreements_check(agreements, s, &why), 0);
	(void)snprintf(path, sizeof path, "%s/2.en.txt", dir);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(load(), 0);
	ck_assert_int_eq(agreements_check(agreements, s, &why), -1);
	ck_assert_msg(strstr(why.text, "categories.news.agreement") != NULL &&
		strstr(why.text, "version 2") != NULL,
	    "%s", why.text);
	/* A category that has no agreement any more asks for none. */
	more[0].agreement = NULL;
	ck_assert_int_eq(load(), 0);
	ck_assert_int_eq(agreements_check(agreements, s, &why), 0);
	store_close(s);
}
END_TEST

START_TEST(are_held)
{
	struct agreements *held;
	struct agreement a;

	write_text("1.en.txt", "one");
	ck_assert_int_eq(load(), 0);
	held = agreements_hold(agreements);
	agreements_release(agreements);
	ck_assert_int_eq(agreements_find(held, "news", "en", &a), 1);
	agreements_release(held);
	agreements = NULL;
	agreements_release(NULL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("agreements");
	TCase *t = tcase_create("agreements");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, finds_the_newest_in_a_language, 0,
	    COUNT(languages));
	tcase_add_test(t, versions_are_numbers);
	tcase_add_test(t, has_its_hash);
	tcase_add_loop_test(t, takes_text_alone, 0, COUNT(files));
	tcase_add_test(t, has_a_limit);
	tcase_add_test(t, a_folder_that_is_not_there);
	tcase_add_test(t, a_folder_without_an_agreement);
	tcase_add_test(t, what_was_shown_does_not_change);
	tcase_add_test(t, the_newest_does_not_go);
	tcase_add_test(t, are_held);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

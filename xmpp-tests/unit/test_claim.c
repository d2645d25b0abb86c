/* What proves a domain, and what only looks like it. */
#include "net/claim.h"

#include <string.h>

#include "unit/unit.h"

#define TOKEN "abcdefghijklmnopqrstuv"
#define TEXT "masthead-verification=" TOKEN

#define BYTES(s) (s), sizeof(s) - 1

static const struct {
	const char *label, *bytes;
	size_t len;
	enum claim_match want;
	const char *seen;
} txt[] = {
	{ "one string", BYTES("\x2c" TEXT), CLAIM_HERE, TEXT },
	{ "in two strings", BYTES("\x16masthead-verification=\x16" TOKEN),
	    CLAIM_HERE, TEXT },
	{ "with empty strings", BYTES("\0\x2c" TEXT "\0"), CLAIM_HERE, TEXT },
	{ "another token", BYTES("\x19masthead-verification=abc"), CLAIM_OTHER,
	    "masthead-verification=abc" },
	{ "no token", BYTES("\x16masthead-verification="), CLAIM_OTHER,
	    "masthead-verification=" },
	{ "more behind it", BYTES("\x2d" TEXT " "), CLAIM_OTHER, TEXT " " },
	{ "more in front of it", BYTES("\x2d " TEXT), CLAIM_NONE, " " TEXT },
	{ "in quotes", BYTES("\x2e\"" TEXT "\""), CLAIM_NONE, "\"" TEXT "\"" },
	{ "in capitals", BYTES("\x2cMasthead-verification=" TOKEN), CLAIM_NONE,
	    "Masthead-verification=" TOKEN },
	{ "a NUL behind it", BYTES("\x2d" TEXT "\0"), CLAIM_OTHER, TEXT "?" },
	{ "something else", BYTES("\x0bv=spf1 -all"), CLAIM_NONE,
	    "v=spf1 -all" },
	{ "nothing", BYTES(""), CLAIM_NONE, "" },
	{ "a string longer than the record", BYTES("\x2d" TEXT), CLAIM_NONE,
	    "" },
	{ "bytes", BYTES("\x06\x00\x1b[2J\xff"), CLAIM_NONE, "??[2J?" },
};

START_TEST(a_record)
{
	char seen[CLAIM_SEEN_MAX] = "";
	enum claim_match got =
	    claim_in_txt(txt[_i].bytes, txt[_i].len, TOKEN, seen);

	ck_assert_msg(got == txt[_i].want, "%s: got %d", txt[_i].label, got);
	ck_assert_str_eq(seen, txt[_i].seen);
	ck_assert_int_eq(claim_in_txt(txt[_i].bytes, txt[_i].len, TOKEN, NULL),
	    got);
}
END_TEST

static const struct {
	const char *label, *bytes;
	size_t len;
	enum claim_match want;
	const char *seen;
} files[] = {
	{ "alone", BYTES(TEXT), CLAIM_HERE, TEXT },
	{ "with a line's end", BYTES(TEXT "\n"), CLAIM_HERE, TEXT },
	{ "from Windows", BYTES("\xef\xbb\xbf" TEXT "\r\n"), CLAIM_HERE, TEXT },
	{ "among others", BYTES("# ours\n\n  " TEXT " \t\nmore\n"), CLAIM_HERE,
	    TEXT },
	{ "beside an old one", BYTES("masthead-verification=old\n" TEXT "\n"),
	    CLAIM_HERE, TEXT },
	{ "old ones alone", BYTES("hello\nmasthead-verification=old\n"),
	    CLAIM_OTHER, "masthead-verification=old" },
	{ "a page", BYTES("<html>\n" TEXT "</html>"), CLAIM_OTHER,
	    TEXT "</html>" },
	{ "over two lines", BYTES("masthead-verification=\n" TOKEN),
	    CLAIM_OTHER, "masthead-verification=" },
	{ "in the middle of a line", BYTES("see " TEXT), CLAIM_NONE,
	    "see " TEXT },
	{ "cut short", BYTES("masthead-verification=abcdefghijklmnopqrstu"),
	    CLAIM_OTHER, "masthead-verification=abcdefghijklmnopqrstu" },
	{ "nothing", BYTES(""), CLAIM_NONE, "" },
	{ "empty lines", BYTES("\n\r\n  \n"), CLAIM_NONE, "" },
	{ "direction marks",
	    BYTES("a\xe2\x80\xae"
		  "b"),
	    CLAIM_NONE, "a???b" },
};

START_TEST(a_file)
{
	char seen[CLAIM_SEEN_MAX];
	enum claim_match got =
	    claim_in_file(files[_i].bytes, files[_i].len, TOKEN, seen);

	ck_assert_msg(got == files[_i].want, "%s: got %d", files[_i].label,
	    got);
	ck_assert_str_eq(seen, files[_i].seen);
	ck_assert_int_eq(
	    claim_in_file(files[_i].bytes, files[_i].len, TOKEN, NULL), got);
}
END_TEST

START_TEST(an_empty_token_matches_nothing)
{
	ck_assert_int_eq(
	    claim_in_file(BYTES("masthead-verification="), "", NULL),
	    CLAIM_OTHER);
	ck_assert_int_eq(
	    claim_in_txt(BYTES("\x16masthead-verification="), "", NULL),
	    CLAIM_OTHER);
}
END_TEST

START_TEST(long_things_are_cut_between_characters)
{
	char bytes[1000], seen[CLAIM_SEEN_MAX];

	for (size_t i = 0; i + 1 < sizeof bytes; i += 2)
		memcpy(bytes + i, "\xc3\xa4", 2);
	claim_show(bytes, sizeof bytes, seen, sizeof seen);
	ck_assert_uint_lt(strlen(seen), sizeof seen);
	ck_assert_str_eq(seen + strlen(seen) - 5, "\xc3\xa4\xe2\x80\xa6");
	claim_show(bytes, 10, seen, sizeof seen);
	ck_assert_uint_eq(strlen(seen), 10);
}
END_TEST

START_TEST(names_and_texts)
{
	char name[CLAIM_NAME_MAX], text[CLAIM_TEXT_MAX], longest[260];
	struct err e = { "" };

	claim_text(TOKEN, text);
	ck_assert_str_eq(text, TEXT);
	ck_assert_int_eq(claim_name("example.org", name, &e), 0);
	ck_assert_str_eq(name, "_masthead.example.org");
	memset(longest, 'a', sizeof longest);
	longest[243] = '\0';
	ck_assert_int_eq(claim_name(longest, name, &e), 0);
	ck_assert_uint_eq(strlen(name), 253);
	longest[243] = 'a';
	longest[244] = '\0';
	ck_assert_int_eq(claim_name(longest, name, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "too long"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("claim");
	TCase *t = tcase_create("claim");

	tcase_add_loop_test(t, a_record, 0, COUNT(txt));
	tcase_add_loop_test(t, a_file, 0, COUNT(files));
	tcase_add_test(t, an_empty_token_matches_nothing);
	tcase_add_test(t, long_things_are_cut_between_characters);
	tcase_add_test(t, names_and_texts);
	suite_add_tcase(s, t);
	return unit_run(s);
}

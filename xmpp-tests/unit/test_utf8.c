/* Well-formed UTF-8, by the table of RFC 3629 #section-4. */
#include "core/utf8.h"

#include <string.h>

#include "unit/unit.h"

static const struct {
	const char *label, *bytes;
	size_t want;
} chars[] = {
	{ "the end", "", 1 },
	{ "ASCII", "a", 1 },
	{ "DEL", "\x7f", 1 },
	{ "least of two", "\xc2\x80", 2 },
	{ "most of two", "\xdf\xbf", 2 },
	{ "least of three", "\xe0\xa0\x80", 3 },
	{ "before the surrogates", "\xed\x9f\xbf", 3 },
	{ "after the surrogates", "\xee\x80\x80", 3 },
	{ "most of three", "\xef\xbf\xbf", 3 },
	{ "least of four", "\xf0\x90\x80\x80", 4 },
	{ "most of four", "\xf4\x8f\xbf\xbf", 4 },
	{ "a continuation", "\x80", 0 },
	{ "two for one", "\xc0\x80", 0 },
	{ "two for one, the most", "\xc1\xbf", 0 },
	{ "three for two", "\xe0\x9f\xbf", 0 },
	{ "four for three", "\xf0\x8f\xbf\xbf", 0 },
	{ "first surrogate", "\xed\xa0\x80", 0 },
	{ "last surrogate", "\xed\xbf\xbf", 0 },
	{ "beyond U+10FFFF", "\xf4\x90\x80\x80", 0 },
	{ "far beyond", "\xf5\x80\x80\x80", 0 },
	{ "no lead at all", "\xff", 0 },
	{ "cut after one", "\xe2", 0 },
	{ "cut after two", "\xe2\x82", 0 },
	{ "cut after three", "\xf0\x9f\x93", 0 },
	{ "broken off",
	    "\xe2\x82"
	    "a",
	    0 },
};

START_TEST(test_len)
{
	ck_assert_msg(utf8_len(chars[_i].bytes) == chars[_i].want,
	    "%s: got %zu, want %zu", chars[_i].label, utf8_len(chars[_i].bytes),
	    chars[_i].want);
}
END_TEST

static const struct {
	const char *bytes, *want;
} repairs[] = {
	{ "", "" },
	{ "Ärger 📰", "Ärger 📰" },
	{ "a\xff"
	  "b",
	    "a?b" },
	{ "cut \xe2\x82", "cut ??" },
	{ "\xed\xa0\x80", "???" },
	{ "\xc3\xc3\xa4", "?ä" },
};

START_TEST(test_repair)
{
	char got[64];

	strcpy(got, repairs[_i].bytes);
	utf8_repair(got);
	ck_assert_str_eq(got, repairs[_i].want);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("utf8");
	TCase *t = tcase_create("utf8");

	tcase_add_loop_test(t, test_len, 0, (int)COUNT(chars));
	tcase_add_loop_test(t, test_repair, 0, (int)COUNT(repairs));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

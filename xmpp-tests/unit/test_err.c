/* Error sentences. */
#include "core/err.h"

#include <string.h>

#include "unit/unit.h"

START_TEST(test_set)
{
	struct err e = { .text = "old" };

	ck_assert_int_eq(err_set(&e, "line %d: %s", 3, "what"), -1);
	ck_assert_str_eq(e.text, "line 3: what");
	ck_assert_int_eq(err_set(NULL, "%s", "nobody asks"), -1);
}
END_TEST

START_TEST(test_prefix)
{
	struct err e = { .text = "no such file" };

	ck_assert_int_eq(err_prefix(&e, "%s", "key"), -1);
	ck_assert_int_eq(err_prefix(&e, "start"), -1);
	ck_assert_str_eq(e.text, "start: key: no such file");
	ck_assert_int_eq(err_prefix(NULL, "x"), -1);
}
END_TEST

/* Cut, but always a string. */
START_TEST(test_too_long)
{
	char text[2 * ERR_TEXT_MAX];
	struct err e;

	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	(void)err_set(&e, "%s", text);
	ck_assert_uint_eq(strlen(e.text), ERR_TEXT_MAX - 1);
	(void)err_prefix(&e, "why");
	ck_assert_uint_eq(strlen(e.text), ERR_TEXT_MAX - 1);
	ck_assert_int_eq(strncmp(e.text, "why: aaa", 8), 0);
	(void)err_prefix(&e, "%s", text);
	ck_assert_uint_eq(strlen(e.text), ERR_TEXT_MAX - 1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("err");
	TCase *c = tcase_create("err");

	tcase_add_test(c, test_set);
	tcase_add_test(c, test_prefix);
	tcase_add_test(c, test_too_long);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

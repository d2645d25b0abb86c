/* The growing buffer and its maximum. */
#include "core/buf.h"

#include <string.h>

#include "unit/unit.h"

static struct buf b;

static void
set_up(void)
{
	buf_init(&b, 1000);
}

static void
tear_down(void)
{
	buf_clear(&b);
}

START_TEST(test_add)
{
	buf_adds(&b, "one ");
	buf_addf(&b, "%s %d ", "two", 3);
	buf_add(&b, "\0x", 2);
	ck_assert(!b.failed);
	ck_assert_uint_eq(b.len, 12);
	ck_assert_mem_eq(b.data, "one two 3 \0x", 13);
}
END_TEST

START_TEST(test_empty)
{
	ck_assert_ptr_null(b.data);
	buf_add(&b, NULL, 0);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(b.data, "");
	buf_drop(&b, 5);
	ck_assert_uint_eq(b.len, 0);
}
END_TEST

/* How much fits, from where, and what an append too much changes. */
static const struct {
	const char *label;
	size_t before, more;
	bool want_failed;
} sizes[] = {
	{ "nothing", 0, 0, false },
	{ "one allocation", 0, 255, false },
	{ "the NUL just fits", 0, 256, false },
	{ "grows", 255, 1, false },
	{ "all", 0, 1000, false },
	{ "to the brim", 999, 1, false },
	{ "one too much", 0, 1001, true },
	{ "one too much, later", 1000, 1, true },
	{ "far too much", 10, (size_t)-1, true },
};

START_TEST(test_maximum)
{
	static char bytes[1001];
	size_t want = sizes[_i].before;

	memset(bytes, 'a', sizeof bytes);
	buf_add(&b, bytes, sizes[_i].before);
	buf_add(&b, bytes, sizes[_i].more);
	if (!sizes[_i].want_failed)
		want += sizes[_i].more;
	ck_assert_msg(b.failed == sizes[_i].want_failed, "%s", sizes[_i].label);
	ck_assert_uint_eq(b.len, want);
	ck_assert(b.data == NULL || b.data[b.len] == '\0');
}
END_TEST

/* A hole in the middle must not be papered over by what still fits. */
START_TEST(test_failure_sticks)
{
	static const char bytes[2000];

	buf_adds(&b, "a");
	buf_add(&b, bytes, sizeof bytes);
	buf_adds(&b, "b");
	buf_addf(&b, "%s", "c");
	ck_assert(b.failed);
	ck_assert_str_eq(b.data, "a");
	buf_reset(&b);
	buf_adds(&b, "d");
	ck_assert(!b.failed);
	ck_assert_str_eq(b.data, "d");
}
END_TEST

START_TEST(test_format_over_maximum)
{
	buf_addf(&b, "%1001d", 1);
	ck_assert(b.failed);
	ck_assert_uint_eq(b.len, 0);
	buf_reset(&b);
	buf_addf(&b, "%1000d", 1);
	ck_assert(!b.failed);
	ck_assert_uint_eq(b.len, 1000);
}
END_TEST

START_TEST(test_drop)
{
	buf_adds(&b, "abcdef");
	buf_drop(&b, 0);
	buf_drop(&b, 2);
	ck_assert_str_eq(b.data, "cdef");
	buf_drop(&b, 99);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_str_eq(b.data, "");
}
END_TEST

START_TEST(test_clear_keeps_the_maximum)
{
	buf_adds(&b, "abc");
	buf_clear(&b);
	ck_assert_ptr_null(b.data);
	buf_addf(&b, "%1001d", 1);
	ck_assert(b.failed);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("buf");
	TCase *c = tcase_create("buf");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, test_add);
	tcase_add_test(c, test_empty);
	tcase_add_loop_test(c, test_maximum, 0, COUNT(sizes));
	tcase_add_test(c, test_failure_sticks);
	tcase_add_test(c, test_format_over_maximum);
	tcase_add_test(c, test_drop);
	tcase_add_test(c, test_clear_keeps_the_maximum);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

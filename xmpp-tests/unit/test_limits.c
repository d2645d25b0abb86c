/* Token buckets: what may be asked, what comes back with time, and that the
 * memory stays as it is.  The test sets the clock. */
#include "daemon/limits.h"

#include <stdio.h>

#include "unit/unit.h"

#define T0 1000000

static struct limits *limits;
static int64_t now_ms;

static void
set_up(void)
{
	/* Domains may ask twice as often as accounts, all four times. */
	static const struct limits_setup s = { { 10, 1 }, { 20, 2 },
		{ 40, 4 } };
	struct err e;

	ck_assert_int_eq(limits_new(&limits, &s, &e), 0);
	now_ms = T0;
}

static void
tear_down(void)
{
	limits_free(limits);
}

/* How many of `tries` may be asked. */
static unsigned
take(const char *from, unsigned tries)
{
	unsigned n = 0;

	for (unsigned i = 0; i < tries; i++)
		n += limits_take(limits, from, now_ms);
	return n;
}

START_TEST(an_account_may_ask_so_often)
{
	ck_assert_uint_eq(take("a@x/phone", 15), 10);
	/* Whatever resource it asks with. */
	ck_assert_uint_eq(take("a@x/other@resource", 1), 0);
	ck_assert_uint_eq(take("a@x", 1), 0);
	now_ms += 999;
	ck_assert_uint_eq(take("a@x", 1), 0);
	now_ms += 1;
	ck_assert_uint_eq(take("a@x", 2), 1);
	now_ms += 3500;
	ck_assert_uint_eq(take("a@x", 5), 3);
	now_ms += 500;
	ck_assert_uint_eq(take("a@x", 5), 1);
	/* No more than the burst, however long it waits. */
	now_ms += INT64_C(1) << 60;
	ck_assert_uint_eq(take("a@x", 15), 10);
	/* A clock that goes back gives nothing. */
	now_ms -= 5000;
	ck_assert_uint_eq(take("a@x", 1), 0);
}
END_TEST

START_TEST(a_domain_may_ask_so_often)
{
	ck_assert_uint_eq(take("a@x/1", 10), 10);
	ck_assert_uint_eq(take("b@x/1", 10), 10);
	ck_assert_uint_eq(take("c@x/1", 10), 0);
	ck_assert_uint_eq(take("x", 1), 0);
	ck_assert_uint_eq(take("x/a@y", 1), 0);
	/* What was refused was not counted. */
	ck_assert_uint_eq(take("c@y", 10), 10);
	now_ms += 1000;
	ck_assert_uint_eq(take("c@x/1", 10), 2);
}
END_TEST

START_TEST(all_may_ask_so_often)
{
	char from[32];
	unsigned n = 0;

	for (int i = 0; i < 100; i++) {
		(void)snprintf(from, sizeof from, "a@host%d", i);
		n += take(from, 1);
	}
	ck_assert_uint_eq(n, 40);
	now_ms += 1000;
	ck_assert_uint_eq(take("z@new", 10), 4);
}
END_TEST

/* More askers than there is memory for: each of them has its limit, and who
 * has used it up does not get it back by the crowd of another domain. */
START_TEST(crowds_find_room)
{
	static const struct limits_setup s = { { 2, 0 }, { 1000000, 0 },
		{ 1000000, 0 } };
	struct limits *l;
	struct err e;
	char from[32];
	unsigned again = 0;

	ck_assert_int_eq(limits_new(&l, &s, &e), 0);
	for (int i = 0; i < 10 * LIMITS_ACCOUNTS; i++) {
		(void)snprintf(from, sizeof from, "a%d@x", i);
		ck_assert(limits_take(l, from, now_ms));
		ck_assert(limits_take(l, from, now_ms));
		again += limits_take(l, from, now_ms);
	}
	ck_assert_uint_eq(again, 0);
	limits_free(l);
}
END_TEST

/* Of buckets that one hash may take, the fullest makes room. */
START_TEST(the_fullest_makes_room)
{
	static const struct limits_setup s = { { 1000, 0 }, { 1000000, 0 },
		{ 1000000, 0 } };
	struct limits *l;
	struct err e;
	char from[32];

	ck_assert_int_eq(limits_new(&l, &s, &e), 0);
	for (int i = 0; i < 1000; i++)
		ck_assert(limits_take(l, "greedy@x", now_ms));
	for (int i = 0; i < 10 * LIMITS_ACCOUNTS; i++) {
		(void)snprintf(from, sizeof from, "a%d@x", i);
		ck_assert(limits_take(l, from, now_ms));
	}
	ck_assert(!limits_take(l, "greedy@x", now_ms));
	limits_free(l);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("limits");
	TCase *t = tcase_create("limits");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_account_may_ask_so_often);
	tcase_add_test(t, a_domain_may_ask_so_often);
	tcase_add_test(t, all_may_ask_so_often);
	tcase_add_test(t, crowds_find_room);
	tcase_add_test(t, the_fullest_makes_room);
	suite_add_tcase(s, t);
	return unit_run(s);
}

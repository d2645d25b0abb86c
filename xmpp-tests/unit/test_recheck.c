/* When proofs are looked at again. */
#include "core/recheck.h"

#include "unit/unit.h"

#define HOUR 3600
#define DAY 86400
#define NOW INT64_C(1800000000)

static const struct {
	const char *label;
	struct recheck r;
	int64_t low, high; /* after NOW */
} cases[] = {
	{ "holds", { 7 * DAY, 14 * DAY, true, 0, 0 }, 63 * DAY / 10,
	    77 * DAY / 10 },
	{ "holds, hourly", { HOUR, DAY, true, 0, 0 }, 54 * 60, 66 * 60 },
	{ "first failure", { 7 * DAY, 14 * DAY, false, 1, 0 }, 48 * 60,
	    72 * 60 },
	{ "second", { 7 * DAY, 14 * DAY, false, 2, 0 }, 96 * 60, 144 * 60 },
	{ "fourth", { 7 * DAY, 14 * DAY, false, 4, 0 }, 384 * 60, 576 * 60 },
	{ "many", { 7 * DAY, 14 * DAY, false, 4000000000u, 0 }, 8 * DAY / 10,
	    12 * DAY / 10 },
	{ "no slower than when it holds", { 2 * HOUR, 14 * DAY, false, 9, 0 },
	    96 * 60, 144 * 60 },
	{ "at the end of the grace", { 7 * DAY, DAY, false, 20, NOW - DAY + 9 },
	    9, 9 },
	{ "after the end of the grace",
	    { 7 * DAY, DAY, false, 20, NOW - 2 * DAY }, 8 * DAY / 10,
	    12 * DAY / 10 },
	{ "never tried is as the first", { 7 * DAY, 14 * DAY, false, 0, 0 },
	    48 * 60, 72 * 60 },
};

START_TEST(next)
{
	const uint32_t dice[] = { 0, 1, 1u << 30, 1u << 31, UINT32_MAX };
	const struct recheck *r = &cases[_i].r;
	int64_t last = 0;

	for (size_t i = 0; i < COUNT(dice); i++) {
		int64_t got = recheck_next(r, NOW, dice[i]) - NOW;

		ck_assert_msg(got >= cases[_i].low && got <= cases[_i].high,
		    "%s: %lld", cases[_i].label, (long long)got);
		ck_assert_int_ge(got, last);
		last = got;
	}
	/* The dice decide over the whole width. */
	ck_assert_int_eq(recheck_next(r, NOW, 0) - NOW, cases[_i].low);
	ck_assert_int_eq(recheck_next(r, NOW, UINT32_MAX) - NOW,
	    cases[_i].high);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("recheck");
	TCase *t = tcase_create("recheck");

	tcase_add_loop_test(t, next, 0, COUNT(cases));
	suite_add_tcase(s, t);
	return unit_run(s);
}

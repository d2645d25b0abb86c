/* Durations and dates. */
#include "core/when.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "unit/unit.h"

#define NONE INT64_C(-1)

static const struct {
	const char *text;
	int64_t want; /* NONE: refused */
} durations[] = {
	{ "0s", 0 },
	{ "300s", 300 },
	{ "15m", 900 },
	{ "24h", 86400 },
	{ "365d", 31536000 },
	{ "007d", 604800 },
	{ "36600d", 3162240000 },
	{ "", NONE },
	{ "s", NONE },
	{ "5", NONE },
	{ "5w", NONE },
	{ "5 s", NONE },
	{ " 5s", NONE },
	{ "5s ", NONE },
	{ "-5s", NONE },
	{ "+5s", NONE },
	{ "1.5h", NONE },
	{ "5S", NONE },
	{ "1h30m", NONE },
	{ "36601d", NONE },
	{ "99999999999999999999999d", NONE },
	{ "9223372036854775807s", NONE },
};

START_TEST(test_duration)
{
	int64_t got = NONE;
	struct err e = { "" };
	int rc = when_duration_parse(durations[_i].text, &got, &e);

	ck_assert_msg(rc == (durations[_i].want == NONE ? -1 : 0), "\"%s\"",
	    durations[_i].text);
	if (rc == 0)
		ck_assert_int_eq(got, durations[_i].want);
	else
		ck_assert_str_ne(e.text, "");
}
END_TEST

static const struct {
	const char *text;
	int64_t want;
} times[] = {
	{ "0", 0 },
	{ "1700000000", 1700000000 },
	{ "1970-01-01", 0 },
	{ "1970-01-01T00:00:01Z", 1 },
	{ "2000-02-29", 951782400 },
	{ "2024-02-29T12:00Z", 1709208000 },
	{ "2026-11-23T18:14:51Z", 1795457691 },
	{ "2026-11-23T18:14:51", 1795457691 },
	{ "2026-11-23 18:14:51", 1795457691 },
	{ "2026-11-23T19:14:51+01:00", 1795457691 },
	{ "2026-11-23T13:44:51-04:30", 1795457691 },
	{ "2100-03-01", 4107542400 },
	{ "9999-12-31T23:59:59Z", 253402300799 },
	{ "", NONE },
	{ "-1", NONE },
	{ "yesterday", NONE },
	{ "1969-12-31", NONE },
	{ "1970-01-01T00:00:00+01:00", NONE },
	{ "2026-13-01", NONE },
	{ "2026-00-01", NONE },
	{ "2026-11-31", NONE },
	{ "2026-11-00", NONE },
	{ "2023-02-29", NONE },
	{ "2100-02-29", NONE },
	{ "2026-11-23T24:00", NONE },
	{ "2026-11-23T18:60", NONE },
	{ "2026-11-23T18:14:60", NONE },
	{ "2026-11-23T18", NONE },
	{ "2026-11-23T18:14:5", NONE },
	{ "2026-11-23Z", NONE },
	{ "2026-11-23T18:14:51z", NONE },
	{ "2026-11-23T18:14:51+1:00", NONE },
	{ "2026-11-23T18:14:51+15:00", NONE },
	{ "2026-11-23T18:14:51Zx", NONE },
	{ "2026-11-23x", NONE },
	{ "2026-11", NONE },
	{ "26-11-23", NONE },
	{ "1700000000s", NONE },
	{ "253402300800", NONE },
	{ "99999999999999999999", NONE },
};

START_TEST(test_time)
{
	int64_t got = NONE;
	struct err e = { "" };
	int rc = when_parse(times[_i].text, &got, &e);

	ck_assert_msg(rc == (times[_i].want == NONE ? -1 : 0),
	    "\"%s\": %d, %" PRId64, times[_i].text, rc, got);
	if (rc == 0)
		ck_assert_msg(got == times[_i].want,
		    "\"%s\": got %" PRId64 ", want %" PRId64, times[_i].text,
		    got, times[_i].want);
	else
		ck_assert_str_ne(e.text, "");
}
END_TEST

/* The system's calendar is the judge, and what is written can be read. */
START_TEST(test_format)
{
	char got[WHEN_TEXT_MAX], want[64];
	struct err e;

	for (int64_t s = 0; s < INT64_C(253402300800);
	     s += INT64_C(86400) * 97 + 3607) {
		time_t t = (time_t)s;
		struct tm tm;
		int64_t back;

		when_format(s, got);
		ck_assert_ptr_nonnull(gmtime_r(&t, &tm));
		ck_assert_uint_gt(
		    strftime(want, sizeof want, "%Y-%m-%dT%H:%M:%SZ", &tm), 0);
		ck_assert_str_eq(got, want);
		ck_assert_int_eq(when_parse(got, &back, &e), 0);
		ck_assert_int_eq(back, s);
	}
}
END_TEST

START_TEST(test_format_is_cut_to_its_range)
{
	char got[WHEN_TEXT_MAX];

	when_format(-5, got);
	ck_assert_str_eq(got, "1970-01-01T00:00:00Z");
	when_format(INT64_MAX, got);
	ck_assert_str_eq(got, "9999-12-31T23:59:59Z");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("when");
	TCase *t = tcase_create("when");

	tcase_add_loop_test(t, test_duration, 0, (int)COUNT(durations));
	tcase_add_loop_test(t, test_time, 0, (int)COUNT(times));
	tcase_add_test(t, test_format);
	tcase_add_test(t, test_format_is_cut_to_its_range);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

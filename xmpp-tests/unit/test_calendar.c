/* Rounds of the calendar, with clocks that a test turns. */
#include "daemon/calendar.h"

#include <uv.h>

#include "unit/store_fixture.h"

static uv_loop_t loop;
static struct writer *writer;
static struct calendar *calendar;
static struct config config;
static struct due_result last;
static int dues, troubles;

static const struct config *
give_config(void *arg)
{
	(void)arg;
	return &config;
}

static void
on_due(void *arg, const struct due_result *r)
{
	(void)arg;
	last = *r;
	dues++;
}

static void
on_trouble(void *arg, const struct err *e)
{
	(void)arg;
	(void)e;
	troubles++;
}

static void
set_up(void)
{
	struct calendar_setup s = { .config = give_config,
		.on_due = on_due,
		.on_trouble = on_trouble };

	fx_set_up();
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	fx_ok(writer_new(&writer, &loop, fx_w, &fx_e));
	fx_w = NULL; /* the writer's */
	fx_open_writer();
	s.writer = writer;
	config.evidence_keep_s = 90 * (int64_t)CASE_DAY_S;
	fx_ok(calendar_new(&calendar, &s, &fx_e));
	dues = troubles = 0;
}

static void
tear_down(void)
{
	writer_stop(writer);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	writer_free(writer);
	calendar_free(calendar);
	(void)uv_loop_close(&loop);
	fx_tear_down();
}

static int
count_job(struct store *s, void *arg, struct err *e)
{
	(void)s;
	(void)arg;
	(void)e;
	return 0;
}

static void
count_done(void *arg, int rc, const struct err *e)
{
	(void)rc;
	(void)e;
	*(int *)arg = 1;
}

/* A tick, and until the worker has done what it led to. */
static void
tick(int64_t wall_s, int64_t mono_ms)
{
	int is_done = 0;

	calendar_tick(calendar, wall_s, mono_ms);
	fx_ok(writer_post(writer, count_job, count_done, &is_done, &fx_e));
	while (is_done == 0)
		(void)uv_run(&loop, UV_RUN_ONCE);
}

#define DAY ((int64_t)CASE_DAY_S)
#define END (T0 + 365 * DAY)

static void
approve_until(const char *jid, const char *name, int64_t until_s)
{
	const struct decision d = { .action = DECISION_APPROVE,
		.jid = jid,
		.by = "mastheadctl:root",
		.reason = "as agreed",
		.category = "news",
		.now_s = T0,
		.until_s = until_s };
	int64_t serial;

	fx_ok(fx_decide(DECISION_ADD, jid, name, NULL));
	fx_ok(store_decide(fx_w, &d, &serial, NULL, &fx_e));
}

START_TEST(test_a_year)
{
	int64_t ms = 1000;

	approve_until(DAILY, "Daily", END);
	tick(T0, ms);
	ck_assert_int_eq(dues, 0);
	/* Day after day, evenly: a reminder after 335, one after 358. */
	for (int day = 1; day < 365; day++) {
		int before = dues;

		tick(T0 + day * DAY, ms + day * DAY * 1000);
		ck_assert_msg(dues - before == (day == 335 || day == 358),
		    "day %d", day);
		if (dues != before) {
			ck_assert_uint_eq(last.reminded, 1);
			ck_assert(last.has_notices);
			ck_assert_int_eq(last.serial, 0);
		}
	}
	tick(END, ms + 365 * DAY * 1000);
	ck_assert_uint_eq(last.expired, 1);
	ck_assert_int_gt(last.serial, 0);
	ck_assert_int_eq(fx_lookup(DAILY).p.state, PUBLISHER_EXPIRED);
	tick(END + 60, ms + (365 * DAY + 60) * 1000);
	ck_assert_int_eq(dues, 3);
}
END_TEST

/* As the configuration says it. */
START_TEST(test_rules)
{
	struct due_rules r = calendar_rules(&config);

	ck_assert_uint_eq(r.remind_count, 2);
	ck_assert_int_eq(r.remind_s[0], 30 * DAY);
	ck_assert_int_eq(r.keep_for_s, 90 * DAY);
	config.remind_s[0] = 14 * DAY;
	config.remind_count = 1;
	r = calendar_rules(&config);
	ck_assert_uint_eq(r.remind_count, 1);
	ck_assert_int_eq(r.remind_s[0], 14 * DAY);
	config.remind_count = 0;
}
END_TEST

/* A restart remembers what was said. */
START_TEST(test_restart)
{
	struct calendar_setup s = { .config = give_config,
		.on_due = on_due,
		.on_trouble = on_trouble,
		.writer = writer };

	approve_until(DAILY, "Daily", END);
	tick(END - 20 * DAY, 1000);
	ck_assert_int_eq(dues, 1);
	calendar_free(calendar);
	fx_ok(calendar_new(&calendar, &s, &fx_e));
	tick(END - 20 * DAY + 100, 1000);
	ck_assert_int_eq(dues, 1);
}
END_TEST

/* A clock that jumps is not believed at once. */
START_TEST(test_jump)
{
	approve_until(DAILY, "Daily", END);
	tick(T0, 1000);
	tick(END + DAY, 2000);
	tick(END + DAY + 5, 7000);
	ck_assert_int_eq(dues, 0);
	/* Somebody has set it right again. */
	tick(T0 + 6, 8000);
	tick(T0 + 30, 32000);
	tick(T0 + 100, 102000);
	ck_assert_int_eq(dues, 0);
	ck_assert_int_eq(fx_lookup(DAILY).p.state, PUBLISHER_APPROVED);
	/* It stays where it was set to. */
	tick(END + DAY, 103000);
	tick(END + DAY + 11, 114000);
	ck_assert_int_eq(dues, 1);
	ck_assert_int_eq(fx_lookup(DAILY).p.state, PUBLISHER_EXPIRED);
}
END_TEST

/* More than a batch: the rest comes with the next ticks, not in a minute. */
START_TEST(test_batches)
{
	unsigned expired = 0;

	for (int i = 0; i < CALENDAR_BATCH + 20; i++) {
		char jid[64], name[64];

		(void)snprintf(jid, sizeof jid, "p%d@example.org", i);
		(void)snprintf(name, sizeof name, "P %d", i);
		approve_until(jid, name, T0 + 100);
	}
	for (int i = 0; i < 2; i++) {
		tick(T0 + 200 + i, 1000 + i);
		expired += last.expired;
	}
	ck_assert_int_eq(dues, 2);
	ck_assert_uint_eq(expired, CALENDAR_BATCH + 20);
	ck_assert(!last.has_more);
	ck_assert_int_eq(troubles, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("calendar");
	TCase *c = tcase_create("calendar");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_a_year);
	tcase_add_test(c, test_rules);
	tcase_add_test(c, test_restart);
	tcase_add_test(c, test_jump);
	tcase_add_test(c, test_batches);
	suite_add_tcase(s, c);
	return unit_run(s);
}

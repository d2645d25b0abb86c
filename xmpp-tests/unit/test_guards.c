/* Guards: who is attached, what they owe, and when somebody stops waiting. */
#include "unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/guards.h"

/* The test sets the clock: these stand in for daemon/clock.c. */
static int64_t now_ms;

int64_t
clock_wall_s(void)
{
	return 1700000000 + now_ms / 1000;
}

int64_t
clock_mono_ms(void)
{
	return now_ms;
}

static struct buf out;
static bool is_up;
static unsigned change_count;
static struct guards *g;

static struct buf *
io_out(void *arg)
{
	(void)arg;
	return is_up ? &out : NULL;
}

static void
io_flush(void *arg)
{
	(void)arg;
}

static void
io_change(void *arg, const struct guard_info *i, const char *why)
{
	(void)arg;
	(void)i;
	(void)why;
	change_count++;
}

static void
setup(void)
{
	static const char *const hosts[] = { "rooms.a", "rooms.b" };
	const struct guards_io io = { .out = io_out,
		.flush = io_flush,
		.on_change = io_change,
		.domain = "masthead.a" };
	struct err e;

	buf_init(&out, 1 << 20);
	is_up = true;
	now_ms = 1000000;
	change_count = 0;
	ck_assert_int_eq(guards_new(&g, &io, &e), 0);
	guards_set_epoch(g, "E1");
	ck_assert_int_eq(guards_list(g, hosts, COUNT(hosts), &e), 0);
}

static void
teardown(void)
{
	guards_free(g);
	buf_clear(&out);
}

/* How often `what` stands in what was sent. */
static unsigned
sent(const char *what)
{
	unsigned n = 0;

	for (const char *p = out.data;
	     p != NULL && (p = strstr(p, what)) != NULL; p++)
		n++;
	return n;
}

/* The ID of the last stanza that was sent to `host`. */
static void
last_id(const char *host, char r[64])
{
	char to[128];
	const char *found = NULL, *id;

	(void)snprintf(to, sizeof to, "to='%s'", host);
	for (const char *p = out.data; p != NULL && (p = strstr(p, to)) != NULL;
	     p++)
		found = p;
	ck_assert_ptr_nonnull(found);
	while (strncmp(found, "<iq", 3) != 0)
		found--;
	id = strstr(found, " id='");
	ck_assert_ptr_nonnull(id);
	ck_assert_int_eq(sscanf(id, " id='%63[^']'", r), 1);
}

struct heard {
	unsigned times;
	size_t told, answered;
};

static void
on_recalled(void *arg, size_t told, size_t answered)
{
	struct heard *h = arg;

	h->times++;
	h->told = told;
	h->answered = answered;
}

static void
answer(const char *host, bool is_error)
{
	char id[64];

	last_id(host, id);
	guards_on_answer(g, host, id, is_error);
}

START_TEST(everybody_is_told_to_attach_when_the_stream_comes_up)
{
	guards_on_up(g, 7);
	ck_assert_uint_eq(sent("<recall"), 2);
	ck_assert_uint_eq(sent("actor="), 0);
	ck_assert_uint_eq(sent("serial='7'"), 2);
	ck_assert_uint_eq(sent("epoch='E1'"), 2);
}
END_TEST

START_TEST(a_recall_waits_for_those_attached_and_for_them_alone)
{
	struct heard h = { 0 };
	struct guard_info i;

	guards_on_attach(g, "rooms.a", "Prosody", 7);
	guards_recall(g, 8, "daily@a", on_recalled, &h);
	ck_assert_uint_eq(sent("to='rooms.a'"), 1);
	ck_assert_uint_eq(sent("to='rooms.b'"), 0);
	ck_assert_uint_eq(h.times, 0);
	answer("rooms.a", false);
	ck_assert_uint_eq(h.times, 1);
	ck_assert_uint_eq(h.told, 1);
	ck_assert_uint_eq(h.answered, 1);
	ck_assert(guards_find(g, "rooms.a", &i));
	ck_assert_int_eq(i.serial, 8);
	ck_assert_uint_eq(i.unanswered, 0);
}
END_TEST

START_TEST(nobody_attached_is_no_wait)
{
	struct heard h = { 0 };

	guards_recall(g, 8, "daily@a", on_recalled, &h);
	ck_assert_uint_eq(h.times, 1);
	ck_assert_uint_eq(h.told, 0);
}
END_TEST

START_TEST(an_unanswered_recall_is_sent_again_and_the_wait_ends)
{
	struct heard h = { 0 };
	struct guard_info i;

	guards_on_attach(g, "rooms.a", "Prosody", 7);
	guards_recall(g, 8, "daily@a", on_recalled, &h);
	now_ms += GUARDS_RESEND_MS - 1;
	guards_tick(g);
	ck_assert_uint_eq(sent("<recall"), 1);
	ck_assert_uint_eq(h.times, 0);
	now_ms += 1;
	guards_tick(g);
	ck_assert_uint_eq(sent("<recall"), 2);
	ck_assert_uint_eq(h.times, 1);
	ck_assert_uint_eq(h.told, 1);
	ck_assert_uint_eq(h.answered, 0);
	ck_assert(guards_find(g, "rooms.a", &i));
	ck_assert_uint_eq(i.unanswered, 1);
	ck_assert_int_eq(i.oldest_ms, GUARDS_RESEND_MS);
	/* A late answer settles it; nobody is called again. */
	answer("rooms.a", false);
	ck_assert(guards_find(g, "rooms.a", &i));
	ck_assert_uint_eq(i.unanswered, 0);
	ck_assert_uint_eq(h.times, 1);
}
END_TEST

START_TEST(attaching_settles_older_recalls)
{
	struct heard h = { 0 };

	guards_on_attach(g, "rooms.a", "Prosody", 7);
	guards_recall(g, 8, "daily@a", on_recalled, &h);
	guards_on_attach(g, "rooms.a", "Prosody", 8);
	ck_assert_uint_eq(h.times, 1);
	ck_assert_uint_eq(h.answered, 1);
}
END_TEST

/* What a reload waits for: a guard that has asked for the new list does not
 * go by it yet. */
START_TEST(a_recall_of_all_waits_until_the_new_list_was_read)
{
	struct heard h = { 0 };
	struct guard_info i;
	char recall[64];

	guards_on_attach(g, "rooms.a", "Prosody", 7);
	guards_recall(g, 8, NULL, on_recalled, &h);
	last_id("rooms.a", recall);
	guards_on_attach(g, "rooms.a", "Prosody", 8);
	ck_assert(guards_find(g, "rooms.a", &i));
	ck_assert_uint_eq(i.unanswered, 0);
	guards_on_answer(g, "rooms.a", recall, false);
	ck_assert_uint_eq(h.times, 0);
	ck_assert_uint_eq(sent("<probe"), 1);
	answer("rooms.a", false);
	ck_assert_uint_eq(h.times, 1);
	ck_assert_uint_eq(h.told, 1);
	ck_assert_uint_eq(h.answered, 1);
}
END_TEST

START_TEST(a_probe_from_before_the_new_list_confirms_nothing)
{
	struct heard h = { 0 };
	char early[64];

	guards_on_attach(g, "rooms.a", "Prosody", 7);
	now_ms += GUARDS_PROBE_MS;
	guards_tick(g);
	last_id("rooms.a", early);
	guards_recall(g, 8, NULL, on_recalled, &h);
	guards_on_attach(g, "rooms.a", "Prosody", 8);
	guards_on_answer(g, "rooms.a", early, false);
	ck_assert_uint_eq(h.times, 0);
	answer("rooms.a", false);
	ck_assert_uint_eq(h.answered, 1);
}
END_TEST

START_TEST(a_new_list_that_nobody_confirms_ends_the_wait)
{
	/* What happens instead of the answer. */
	enum { TIMEOUT, DETACHED, DOWN, REFUSED, SUPERSEDED, CASES };

	for (int what = 0; what < CASES; what++) {
		struct heard h = { 0 }, later = { 0 };

		is_up = true;
		guards_on_attach(g, "rooms.a", "Prosody", 7);
		guards_recall(g, 8, NULL, on_recalled, &h);
		guards_on_attach(g, "rooms.a", "Prosody", 8);
		if (what == TIMEOUT) {
			now_ms += GUARDS_RESEND_MS;
			guards_tick(g);
		} else if (what == DETACHED) {
			guards_on_detach(g, "rooms.a");
		} else if (what == DOWN) {
			is_up = false;
			guards_on_down(g);
		} else if (what == REFUSED) {
			answer("rooms.a", true);
		} else {
			guards_recall(g, 9, NULL, on_recalled, &later);
			guards_on_attach(g, "rooms.a", "Prosody", 9);
			ck_assert_uint_eq(later.times, 0);
			answer("rooms.a", false);
			ck_assert_uint_eq(later.answered, 1);
		}
		ck_assert_uint_eq(h.times, 1);
		ck_assert_uint_eq(h.told, 1);
		ck_assert_uint_eq(h.answered, 0);
	}
}
END_TEST

START_TEST(a_guard_that_does_not_answer_a_probe_is_missing)
{
	struct guard_info i;

	guards_on_attach(g, "rooms.a", "Prosody", 7);
	now_ms += GUARDS_PROBE_MS;
	guards_tick(g);
	ck_assert_uint_eq(sent("<probe"), 2);
	now_ms += GUARDS_PROBE_TIMEOUT_MS;
	guards_tick(g);
	ck_assert(guards_find(g, "rooms.a", &i));
	ck_assert(!i.is_attached);
	/* One that is back may have lost recalls: it must attach again. */
	now_ms += GUARDS_PROBE_MS;
	guards_tick(g);
	answer("rooms.a", false);
	ck_assert_uint_eq(sent("<recall"), 1);
	guards_on_attach(g, "rooms.a", "Prosody", 9);
	ck_assert(guards_find(g, "rooms.a", &i));
	ck_assert(i.is_attached);
}
END_TEST

START_TEST(a_wait_ends_once_when_the_guard_is_found_missing)
{
	struct heard h = { 0 };

	guards_on_up(g, 7);
	guards_on_attach(g, "rooms.a", "Prosody", 7);
	now_ms += GUARDS_PROBE_MS;
	guards_tick(g);
	now_ms += GUARDS_PROBE_TIMEOUT_MS - 100;
	guards_recall(g, 8, "daily@a", on_recalled, &h);
	/* The tick that ends the probe ends the wait, too. */
	now_ms += 100;
	guards_tick(g);
	ck_assert_uint_eq(h.times, 1);
	ck_assert_uint_eq(h.told, 1);
	ck_assert_uint_eq(h.answered, 0);
	now_ms += GUARDS_RESEND_MS;
	guards_tick(g);
	ck_assert_uint_eq(h.times, 1);
}
END_TEST

/* Verdicts from before what it missed may still be on their way to it. */
START_TEST(a_guard_that_was_missing_is_told_the_newest_serial)
{
	guards_on_up(g, 7);
	guards_on_attach(g, "rooms.a", "Prosody", 7);
	now_ms += GUARDS_PROBE_MS;
	guards_tick(g);
	answer("rooms.a", true);
	guards_recall(g, 9, "daily@a", NULL, NULL);
	ck_assert_uint_eq(sent("serial='9'"), 0);
	now_ms += GUARDS_PROBE_MS;
	guards_tick(g);
	answer("rooms.a", false);
	ck_assert_uint_eq(sent("serial='9'"), 1);
}
END_TEST

START_TEST(a_probe_that_the_server_bounces_is_a_missing_guard)
{
	struct guard_info i;

	guards_on_attach(g, "rooms.a", "Prosody", 7);
	now_ms += GUARDS_PROBE_MS;
	guards_tick(g);
	answer("rooms.a", true);
	ck_assert(guards_find(g, "rooms.a", &i));
	ck_assert(!i.is_attached);
	ck_assert_uint_eq(change_count, 2);
}
END_TEST

START_TEST(an_answer_counts_from_the_guard_that_was_asked_only)
{
	struct heard h = { 0 };
	char id[64];

	guards_on_attach(g, "rooms.a", "Prosody", 7);
	guards_recall(g, 8, "daily@a", on_recalled, &h);
	last_id("rooms.a", id);
	guards_on_answer(g, "rooms.b", id, false);
	guards_on_answer(g, "evil.example", id, false);
	guards_on_answer(g, "rooms.a", "r999", false);
	guards_on_answer(g, "rooms.a", "", false);
	guards_on_answer(g, "rooms.a", "r", false);
	guards_on_answer(g, "rooms.a", "x1", false);
	ck_assert_uint_eq(h.times, 0);
}
END_TEST

START_TEST(too_many_recalls_become_one_for_all)
{
	struct guard_info i;

	guards_on_attach(g, "rooms.a", "Prosody", 7);
	for (int n = 0; n < GUARDS_RECALLS_MAX; n++)
		guards_recall(g, 8 + n, "daily@a", NULL, NULL);
	ck_assert(guards_find(g, "rooms.a", &i));
	ck_assert_uint_eq(i.unanswered, GUARDS_RECALLS_MAX);
	guards_recall(g, 5000, "daily@a", NULL, NULL);
	ck_assert(guards_find(g, "rooms.a", &i));
	ck_assert_uint_eq(i.unanswered, 1);
	ck_assert_uint_eq(sent("serial='5000'/>"), 1);
}
END_TEST

START_TEST(a_lost_stream_ends_every_wait)
{
	struct heard h = { 0 };
	struct guard_info i;

	guards_on_attach(g, "rooms.a", "Prosody", 7);
	guards_recall(g, 8, "daily@a", on_recalled, &h);
	is_up = false;
	guards_on_down(g);
	ck_assert_uint_eq(h.times, 1);
	ck_assert_uint_eq(h.answered, 0);
	ck_assert(guards_find(g, "rooms.a", &i));
	ck_assert(!i.is_attached);
}
END_TEST

START_TEST(a_new_list_keeps_what_is_known_of_those_that_stay)
{
	static const char *const fewer[] = { "rooms.c", "rooms.a" };
	struct heard h = { 0 };
	struct guard_info i;
	struct err e;

	guards_on_attach(g, "rooms.a", "Prosody", 7);
	guards_on_attach(g, "rooms.b", "Prosody", 7);
	guards_recall(g, 8, "daily@a", on_recalled, &h);
	answer("rooms.a", false);
	ck_assert_uint_eq(h.times, 0);
	ck_assert_int_eq(guards_list(g, fewer, COUNT(fewer), &e), 0);
	/* rooms.b is no guard any more: nobody waits for it. */
	ck_assert_uint_eq(h.times, 1);
	ck_assert(guards_find(g, "rooms.a", &i));
	ck_assert(i.is_attached);
	ck_assert(!guards_is_listed(g, "rooms.b"));
	ck_assert(guards_is_listed(g, "rooms.c"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("guards");
	TCase *t = tcase_create("guards");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, everybody_is_told_to_attach_when_the_stream_comes_up);
	tcase_add_test(t, a_recall_waits_for_those_attached_and_for_them_alone);
	tcase_add_test(t, nobody_attached_is_no_wait);
	tcase_add_test(t, an_unanswered_recall_is_sent_again_and_the_wait_ends);
	tcase_add_test(t, attaching_settles_older_recalls);
	tcase_add_test(t, a_recall_of_all_waits_until_the_new_list_was_read);
	tcase_add_test(t, a_probe_from_before_the_new_list_confirms_nothing);
	tcase_add_test(t, a_new_list_that_nobody_confirms_ends_the_wait);
	tcase_add_test(t, a_guard_that_does_not_answer_a_probe_is_missing);
	tcase_add_test(t, a_wait_ends_once_when_the_guard_is_found_missing);
	tcase_add_test(t, a_guard_that_was_missing_is_told_the_newest_serial);
	tcase_add_test(t, a_probe_that_the_server_bounces_is_a_missing_guard);
	tcase_add_test(t, an_answer_counts_from_the_guard_that_was_asked_only);
	tcase_add_test(t, too_many_recalls_become_one_for_all);
	tcase_add_test(t, a_lost_stream_ends_every_wait);
	tcase_add_test(t, a_new_list_keeps_what_is_known_of_those_that_stay);
	suite_add_tcase(s, t);
	return unit_run(s);
}

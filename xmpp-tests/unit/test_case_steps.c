/* The service for steps of cases, with a real register and a real daemon. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "daemon/cases.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/daemon.h"
#include "unit/unit.h"

#define TURNS_MAX 5000

static char folder[] = "/tmp/masthead-steps-XXXXXX";
static struct daemon d;
static struct cases_outcome last;
static unsigned ended;

static const char config_text[] =
    "operator: {name: Example, country: DE, register: VR 1,"
    " contact: \"mailto:a@example.org\"}\n"
    "component: {domain: masthead.example.org, server: \"127.0.0.1:9\","
    " secret_file: secret}\n"
    "guards: [rooms.example.org]\n"
    "store: sqlite:register.db\nkeys: keys\ncontrol: ctl.sock\n"
    "staff: {approver: [a@rooms.example.org, b@rooms.example.org],"
    " reviewer: [r@rooms.example.org, x@y.example], remote: [x@y.example]}\n"
    "categories:\n  news: {title: News}\n  sport: {approvals: 2}\n";

static void
write_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fchmod(fileno(f), 0600), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static void
set_up(void)
{
	struct config *c = NULL;
	struct err e = { "" };
	struct buf problems;
	char path[128];

	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	write_file("secret", "secret\n");
	write_file("m.yaml", config_text);
	(void)snprintf(path, sizeof path, "%s/m.yaml", folder);
	buf_init(&problems, 65536);
	ck_assert_msg(config_load(&c, path, &problems, &e) == 0, "%s",
	    problems.data);
	buf_clear(&problems);
	memset(&d, 0, sizeof d);
	ck_assert_msg(daemon_open(&d, path, c, &e) == 0, "%s", e.text);
	ended = 0;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void
tear_down(void)
{
	daemon_close(&d);
	ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static void
on_end(void *arg, const struct cases_outcome *o)
{
	ck_assert_ptr_eq(arg, &last);
	last = *o;
	ended++;
}

static void
settle(unsigned want)
{
	for (int i = 0; i < TURNS_MAX && ended < want; i++) {
		(void)uv_run(&d.loop, UV_RUN_NOWAIT);
		uv_sleep(1);
	}
	ck_assert_uint_eq(ended, want);
}

static int
make_publisher(struct store *s, void *arg, struct err *e)
{
	struct decision add = { .action = DECISION_ADD,
		.jid = "daily@example.org",
		.by = "mastheadctl:test",
		.name = "Daily",
		.now_s = clock_wall_s() };
	struct decision approve = { .action = DECISION_APPROVE,
		.jid = add.jid,
		.by = add.by,
		.reason = "known",
		.category = "news",
		.now_s = add.now_s,
		.until_s = add.now_s + 86400 };
	int64_t serial, number;

	(void)arg;
	return store_decide(s, &add, &serial, &number, e) == -1
	    ? -1
	    : store_decide(s, &approve, &serial, &number, e);
}

static void
made(void *arg, int rc, const struct err *e)
{
	(void)arg;
	ck_assert_msg(rc == 0, "%s", e->text);
	ended++;
}

static struct case_step
suspend(const char *by, enum case_role role)
{
	return (struct case_step){ .action = CASE_SUSPEND,
		.jid = "daily@example.org",
		.by = by,
		.role = role,
		.reason = "stolen" };
}

START_TEST(a_step_is_done_and_told)
{
	char jid[] = "daily@example.org", reason[] = "stolen";
	struct case_step step = suspend("a@rooms.example.org", CASE_APPROVER);
	struct publisher p;
	struct err e;

	ck_assert_int_eq(writer_post(d.writer, make_publisher, made, NULL, &e),
	    0);
	settle(1);
	step.jid = jid;
	step.reason = reason;
	cases_step(d.cases, &step, on_end, &last);
	/* It was copied: what the caller had may go. */
	memset(jid, 'x', sizeof jid - 1);
	memset(reason, 'x', sizeof reason - 1);
	settle(2);
	ck_assert_int_eq(last.end, CASES_DONE);
	ck_assert_int_gt(last.result.serial, 0);
	ck_assert_str_eq(last.result.jid, "daily@example.org");
	ck_assert_str_eq(last.e.text, "");
	ck_assert_int_eq(
	    store_publisher_find(d.reader, "daily@example.org", &p, &e), 1);
	ck_assert_int_eq(p.state, PUBLISHER_SUSPENDED);
	ck_assert_str_eq(p.state_reason, "stolen");
	/* Again: a rule says no, and nothing moves. */
	step = suspend("a@rooms.example.org", CASE_APPROVER);
	cases_step(d.cases, &step, on_end, &last);
	settle(3);
	ck_assert_int_eq(last.end, CASES_REFUSED);
	ck_assert_int_ne(last.result.refusal, CASE_ALLOWED);
	ck_assert_str_ne(last.e.text, "");
}
END_TEST

START_TEST(a_reviewer_is_refused)
{
	struct case_step step = suspend("r@rooms.example.org", CASE_REVIEWER);
	struct err e;

	ck_assert_int_eq(writer_post(d.writer, make_publisher, made, NULL, &e),
	    0);
	cases_step(d.cases, &step, on_end, &last);
	settle(2);
	ck_assert_int_eq(last.end, CASES_REFUSED);
	ck_assert_int_eq(last.result.refusal, CASE_FORBIDDEN);
}
END_TEST

/* Never done twice, and never left out: also when nothing can be written. */
START_TEST(what_cannot_be_written_is_unavailable)
{
	struct case_step step = suspend("a@rooms.example.org", CASE_APPROVER);

	writer_stop(d.writer);
	cases_step(d.cases, &step, on_end, &last);
	ck_assert_uint_eq(ended, 1);
	ck_assert_int_eq(last.end, CASES_UNAVAILABLE);
	ck_assert_str_ne(last.e.text, "");
	for (int i = 0; i < 20; i++)
		(void)uv_run(&d.loop, UV_RUN_NOWAIT);
	ck_assert_uint_eq(ended, 1);
}
END_TEST

static const struct {
	const char *jid;
	enum case_role want;
} roles[] = {
	{ "a@rooms.example.org", CASE_APPROVER },
	{ "b@rooms.example.org", CASE_APPROVER },
	{ "r@rooms.example.org", CASE_REVIEWER },
	{ "x@y.example", CASE_REVIEWER },
	{ "a@y.example", CASE_SELF },
	{ "a@rooms.example.org.evil.example", CASE_SELF },
	{ "A@rooms.example.org", CASE_SELF }, /* it was not prepared */
	{ "rooms.example.org", CASE_SELF },
	{ "", CASE_SELF },
};

START_TEST(roles_are_the_configurations)
{
	for (size_t i = 0; i < COUNT(roles); i++)
		ck_assert_int_eq(cases_role(d.cases, roles[i].jid),
		    roles[i].want);
	ck_assert_uint_eq(cases_approver_count(d.cases), 2);
}
END_TEST

START_TEST(rules_are_the_configurations)
{
	struct case_rules r;

	cases_rules(d.cases, "news", &r);
	ck_assert_uint_eq(r.approvals, 1);
	ck_assert_uint_eq(r.approver_count, 2);
	ck_assert_int_eq(r.applications_per_account, 5);
	ck_assert_int_eq(r.reports_per_account, 20);
	ck_assert_int_eq(r.keep_for_s, 90 * 86400);
	ck_assert_int_gt(r.proof_grace_s, 0);
	cases_rules(d.cases, "sport", &r);
	ck_assert_uint_eq(r.approvals, 2);
	cases_rules(d.cases, NULL, &r); /* a change: the most of all */
	ck_assert_uint_eq(r.approvals, 2);
}
END_TEST

START_TEST(every_rule_has_words)
{
	const char *names[CATALOGUE_ARGS_MAX];

	for (int r = CASE_ALLOWED; r <= CASE_MALFORMED; r++) {
		const char *key = cases_refusal_key((enum case_refusal)r);

		ck_assert_ptr_nonnull(key);
		ck_assert_int_ge(catalogue_args(d.catalogue, "en", key, names),
		    0);
		ck_assert_int_ge(catalogue_args(d.catalogue, "de", key, names),
		    0);
	}
}
END_TEST

static void
nothing_read(void *arg, enum cases_end end, const char *const *texts,
    size_t count, const struct err *e)
{
	(void)arg;
	ck_assert_msg(end == CASES_DONE, "%s", e->text);
	ck_assert_uint_eq(count, 2);
	ck_assert_ptr_null(texts[0]);
	ck_assert_ptr_null(texts[1]);
	ended++;
}

static int
count_event(void *arg, const struct event_row *v)
{
	(void)v;
	(*(unsigned *)arg)++;
	return 0;
}

/* What is gone keeps nothing else from being read, and no reading of it is
 * on record. */
START_TEST(what_is_gone_is_not_read)
{
	const char *ids[] = { "AAAAAAAAAAAAAAAAAAAAAA",
		"BBBBBBBBBBBBBBBBBBBBBB" };
	unsigned events = 0;
	struct err e;

	cases_read(d.cases, ids, 2, "a@rooms.example.org", CASE_APPROVER,
	    nothing_read, NULL);
	settle(1);
	ck_assert_int_eq(store_event_list(d.reader, "a@rooms.example.org", NULL,
			     0, 100, count_event, &events, &e),
	    0);
	ck_assert_uint_eq(events, 0);
}
END_TEST

static void
not_allowed(void *arg, enum cases_end end, const char *const *texts,
    size_t count, const struct err *e)
{
	(void)arg;
	(void)texts;
	(void)count;
	(void)e;
	ck_assert_int_eq(end, CASES_REFUSED);
	ended++;
}

START_TEST(strangers_read_nothing)
{
	const char *ids[] = { "AAAAAAAAAAAAAAAAAAAAAA" };

	cases_read(d.cases, ids, 1, "a@y.example", CASE_SELF, not_allowed,
	    NULL);
	settle(1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("case_steps");
	TCase *t = tcase_create("case_steps");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_step_is_done_and_told);
	tcase_add_test(t, a_reviewer_is_refused);
	tcase_add_test(t, what_cannot_be_written_is_unavailable);
	tcase_add_test(t, roles_are_the_configurations);
	tcase_add_test(t, rules_are_the_configurations);
	tcase_add_test(t, every_rule_has_words);
	tcase_add_test(t, what_is_gone_is_not_read);
	tcase_add_test(t, strangers_read_nothing);
	suite_add_tcase(s, t);
	return unit_run(s);
}

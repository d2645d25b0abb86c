/* case, appeal, report: staff's steps, as mastheadctl takes them. */
#include <stdlib.h>
#include <string.h>

#include "core/when.h"
#include "daemon/clock.h"
#include "daemon/commands.h"
#include "daemon/counter_staff.h"
#include "daemon/dossier.h"
#include "daemon/evidence.h"
#include "text/jid.h"

/* One step on its way; its strings are the request's. */
struct ctl_step {
	struct control_request *request;
	struct case_step step;
	char id[CASE_ID_LEN + 1];
	struct case_sealed sealed;
};

/*
 * Lists.
 */

struct listing {
	json_t *rows;
	size_t limit;
	bool has_more;
};

static size_t
limit_of(const struct ctl_args *a)
{
	const char *limit = ctl_option(a, "--limit");

	return limit == NULL ? CTL_LIST_MAX : (size_t)strtoul(limit, NULL, 10);
}

static int
row_add(struct listing *l, json_t *row)
{
	if (json_array_size(l->rows) == l->limit) {
		json_decref(row);
		l->has_more = true;
		return 1;
	}
	(void)json_array_append_new(l->rows, row);
	return 0;
}

static int
case_add(void *arg, const struct application *a)
{
	return row_add(arg, dossier_case_row(a));
}

static int
appeal_add(void *arg, const struct appeal_row *a)
{
	return row_add(arg, dossier_appeal_row(a));
}

static int
report_add(void *arg, const struct report_row *r)
{
	return row_add(arg, dossier_report_row(r));
}

static void
list_reply(struct control_request *q, int rc, const char *name,
    struct listing *l, const struct err *e)
{
	if (rc == -1) {
		json_decref(l->rows);
		control_fail(q, CTL_UNAVAILABLE, "%s", e->text);
		return;
	}
	control_reply(q, CTL_OK,
	    json_pack("{s:o, s:b}", name, l->rows, "more", l->has_more));
}

void
command_case_list(struct control_request *q)
{
	const struct ctl_args *a = control_args(q);
	const char *state = ctl_option(a, "--state");
	struct listing l = { json_array(), limit_of(a), false };
	struct application_page page = { .limit = (unsigned)l.limit + 1 };
	struct store *s = commands_daemon(q)->reader;
	struct err e = { "" };
	int rc;

	page.state =
	    state == NULL ? APPLICATION_OPEN : application_state_find(state);
	if (page.state == APPLICATION_NONE || page.state == APPLICATION_DRAFT) {
		json_decref(l.rows);
		control_fail(q, CTL_USAGE,
		    "--state: want open, asked, approved, refused or "
		    "withdrawn");
		return;
	}
	rc = store_application_list(s, &page, case_add, &l, &e);
	if (rc == 0 && state == NULL && !l.has_more) {
		page.state = APPLICATION_ASKED;
		rc = store_application_list(s, &page, case_add, &l, &e);
	}
	list_reply(q, rc, "cases", &l, &e);
}

void
command_appeal_list(struct control_request *q)
{
	struct listing l = { json_array(), limit_of(control_args(q)), false };
	struct err e = { "" };

	list_reply(q,
	    store_appeal_list(commands_daemon(q)->reader, APPEAL_OPEN, 0, NULL,
		(unsigned)l.limit + 1, appeal_add, &l, &e),
	    "appeals", &l, &e);
}

void
command_report_list(struct control_request *q)
{
	const struct ctl_args *a = control_args(q);
	struct listing l = { json_array(), limit_of(a), false };
	struct err e = { "" };

	list_reply(q,
	    store_report_list(commands_daemon(q)->reader,
		ctl_option(a, "--closed") == NULL, 0, NULL,
		(unsigned)l.limit + 1, report_add, &l, &e),
	    "reports", &l, &e);
}

/*
 * One of them in full.
 */

static void
shown(void *arg, enum cases_end end, json_t *dossier, const struct err *e)
{
	struct control_request *q = arg;

	if (end == CASES_DONE)
		control_reply(q, CTL_OK, json_incref(dossier));
	else
		control_fail(q,
		    end == CASES_REFUSED ? CTL_REFUSED : CTL_UNAVAILABLE, "%s",
		    e->text);
}

/* The name of a case: its id, or the prepared address of an account. */
static int
case_name(struct control_request *q, char r[PUBLISHER_JID_MAX + 1])
{
	const char *text = control_args(q)->operands[0];

	if (strchr(text, '@') != NULL)
		return commands_jid(q, 0, r);
	if (strlen(text) > CASE_ID_LEN) {
		control_fail(q, CTL_USAGE, "\"%.40s\" is not the id of a case",
		    text);
		return -1;
	}
	strcpy(r, text);
	return 0;
}

void
command_case_show(struct control_request *q)
{
	char name[PUBLISHER_JID_MAX + 1];

	if (case_name(q, name) == 0)
		dossier_case(commands_daemon(q)->cases, name, control_by(q),
		    CASE_OPERATOR, shown, q);
}

void
command_appeal_show(struct control_request *q)
{
	dossier_appeal(commands_daemon(q)->cases, control_args(q)->operands[0],
	    control_by(q), CASE_OPERATOR, shown, q);
}

void
command_report_show(struct control_request *q)
{
	dossier_report(commands_daemon(q)->cases, control_args(q)->operands[0],
	    control_by(q), CASE_OPERATOR, shown, q);
}

/*
 * Steps.
 */

static json_t *
outcome_json(const struct cases_outcome *o)
{
	const struct case_result *r = &o->result;

	return json_pack("{s:s, s:s, s:s, s:I, s:b, s:I, s:I}", "id", r->id,
	    "jid", r->jid, "state", application_state_name(r->state), "case",
	    (json_int_t)r->decision, "has_effect", r->has_effect, "missing",
	    (json_int_t)r->missing, "serial", (json_int_t)r->serial);
}

static void
step_done(void *arg, const struct cases_outcome *o)
{
	struct ctl_step *s = arg;

	if (o->end == CASES_DONE)
		commands_reply_told(s->request, outcome_json(o), o->told,
		    o->answered);
	else
		control_fail(s->request,
		    o->end == CASES_REFUSED ? CTL_REFUSED : CTL_UNAVAILABLE,
		    "%s", o->e.text);
	evidence_clear(&s->sealed);
	free(s);
}

/* NULL: the request has been answered, and is gone. */
static struct ctl_step *
step_new(struct control_request *q, enum case_action action)
{
	struct ctl_step *s = calloc(1, sizeof *s);
	const struct ctl_args *a = control_args(q);

	if (s == NULL) {
		control_fail(q, CTL_UNAVAILABLE, "no memory");
		return NULL;
	}
	s->request = q;
	s->step = (struct case_step){ .action = action,
		.by = control_by(q),
		.role = CASE_OPERATOR,
		.now_s = clock_wall_s(),
		.reason = ctl_option(a, "--reason"),
		.category = ctl_option(a, "--category") };
	return s;
}

static void
step_run(struct ctl_step *s)
{
	cases_step(commands_daemon(s->request)->cases, &s->step, step_done, s);
}

static void
step_drop(struct ctl_step *s)
{
	evidence_clear(&s->sealed);
	free(s);
}

/* The application that the operand names goes into the step. */
static int
step_set_case(struct ctl_step *s)
{
	struct control_request *q = s->request;
	char name[PUBLISHER_JID_MAX + 1];
	struct application *a;
	struct err e = { "no memory" };
	int found = -1;

	if (case_name(q, name) == -1)
		return -1;
	if (strchr(name, '@') == NULL) {
		strcpy(s->id, name);
		s->step.id = s->id;
		return 0;
	}
	a = calloc(1, sizeof *a);
	if (a != NULL)
		found = store_application_current(commands_daemon(q)->reader,
		    name, a, &e);
	if (found == 1)
		strcpy(s->id, a->id);
	free(a);
	s->step.id = s->id;
	if (found == 0)
		control_fail(q, CTL_REFUSED, "%s has no open application",
		    name);
	else if (found == -1)
		control_fail(q, CTL_UNAVAILABLE, "%s", e.text);
	return found == 1 ? 0 : -1;
}

static struct ctl_step *
case_step_new(struct control_request *q, enum case_action action)
{
	struct ctl_step *s = step_new(q, action);

	if (s != NULL && step_set_case(s) == -1) {
		step_drop(s);
		return NULL;
	}
	return s;
}

/* "--valid-for", or what the category has; 0 or -1. */
static int
step_set_until(struct ctl_step *s, int64_t default_s)
{
	const char *text = ctl_option(control_args(s->request), "--valid-for");
	int64_t valid_for_s = default_s;
	struct err e;

	if (text != NULL && when_duration_parse(text, &valid_for_s, &e) == -1) {
		control_fail(s->request, CTL_USAGE, "%s", e.text);
		return -1;
	}
	s->step.until_s = s->step.now_s + valid_for_s;
	return 0;
}

void
command_case_approve(struct control_request *q)
{
	struct ctl_step *s = case_step_new(q, CASE_APPROVE);
	const struct category *c;

	if (s == NULL)
		return;
	if (s->step.category == NULL) { /* a change, decided as a whole */
		step_run(s);
		return;
	}
	c = policy_category(&checks_config(commands_daemon(q)->checks)->policy,
	    s->step.category);
	if (c == NULL) {
		control_fail(q, CTL_REFUSED,
		    "the configuration has no category \"%s\"",
		    s->step.category);
		step_drop(s);
	} else if (step_set_until(s, c->valid_for_s) == -1) {
		step_drop(s);
	} else {
		step_run(s);
	}
}

void
command_case_refuse(struct control_request *q)
{
	struct ctl_step *s = case_step_new(q, CASE_REFUSE);

	if (s != NULL)
		step_run(s);
}

/* Seals the text about the case's account, then takes the step. */
static void
step_run_sealed(struct ctl_step *s, enum evidence_kind kind, const char *text)
{
	struct daemon *d = commands_daemon(s->request);
	struct application *a = calloc(1, sizeof *a);
	struct err e = { "no memory" };
	int found = -1, rc = -1;

	if (a != NULL)
		found = store_application_find(d->reader, s->id, a, &e);
	if (found == 1)
		rc = staff_seal(d->cases, &s->step, kind, a->jid, text,
		    &s->sealed, &e);
	free(a);
	if (rc == 0) {
		step_run(s);
		return;
	}
	if (found == 0)
		control_fail(s->request, CTL_REFUSED, "there is no case \"%s\"",
		    s->id);
	else
		control_fail(s->request, CTL_UNAVAILABLE, "%s", e.text);
	step_drop(s);
}

void
command_case_ask(struct control_request *q)
{
	struct ctl_step *s = case_step_new(q, CASE_ASK);

	if (s != NULL)
		step_run_sealed(s, EVIDENCE_QUESTION,
		    ctl_option(control_args(q), "--question"));
}

void
command_case_identity(struct control_request *q)
{
	struct ctl_step *s = case_step_new(q, CASE_IDENTITY);
	const char *details;

	if (s == NULL)
		return;
	details = ctl_option(control_args(q), "--details");
	s->step.method =
	    case_method_find(ctl_option(control_args(q), "--method"));
	if (s->step.method == CASE_METHOD_NONE ||
	    s->step.method == CASE_METHOD_OPERATOR) {
		control_fail(q, CTL_USAGE,
		    "--method: want register, document, call-back or domain");
		step_drop(s);
	} else if (step_set_until(s, 365 * (int64_t)CASE_DAY_S) == -1) {
		step_drop(s);
	} else if (details != NULL) {
		step_run_sealed(s, EVIDENCE_IDENTITY, details);
	} else {
		step_run(s);
	}
}

void
command_appeal_decide(struct control_request *q)
{
	const struct ctl_args *a = control_args(q);
	bool is_upheld = ctl_option(a, "--uphold") != NULL;
	struct ctl_step *s;

	if (is_upheld == (ctl_option(a, "--dismiss") != NULL)) {
		control_fail(q, CTL_USAGE, "want --uphold or --dismiss");
		return;
	}
	s = step_new(q, is_upheld ? CASE_APPEAL_UPHOLD : CASE_APPEAL_DISMISS);
	if (s == NULL)
		return;
	s->step.id = a->operands[0];
	step_run(s);
}

void
command_report_close(struct control_request *q)
{
	const struct ctl_args *a = control_args(q);
	struct ctl_step *s = step_new(q, CASE_REPORT_CLOSE);

	if (s == NULL)
		return;
	s->step.id = a->operands[0];
	s->step.is_founded = ctl_option(a, "--founded") != NULL;
	step_run(s);
}

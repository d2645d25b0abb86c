/* `appeal`, for who was decided against, and `appeals`, for who decides
 * about that. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/counter_commands.h"
#include "daemon/counter_staff.h"
#include "daemon/daemon.h"
#include "daemon/dossier.h"
#include "daemon/evidence.h"

#define APPEAL_TEXT_MAX 4096 /* bytes of what is said against a decision */
#define LABEL_MAX 1024

/*
 * Appeal.
 */

struct appeal_visit {
	struct counter_visit *visit;
	char id[CASE_ID_LEN + 1];
	struct case_sealed sealed;
};

struct decision_found {
	int64_t decision;
	struct counter_visit *visit;
	struct form *form;
};

static int
add_decision(void *arg, const struct decision_row *d)
{
	struct decision_found *w = arg;
	char line[STAFF_LINE_MAX], date[CATALOGUE_TEXT_MAX];

	if (d->id != w->decision)
		return 0;
	(void)snprintf(line, sizeof line, "%s – %s – %s",
	    staff_word(w->visit, d->action),
	    staff_date(w->visit, d->at_s, date), d->reason);
	staff_line(w->visit, w->form, "staff_decision", line);
	return 1;
}

static void
appeal_begin(struct counter_visit *v)
{
	struct store *s = cases_reader(staff_cases(v));
	struct decision_found w = { .visit = v };
	struct form_field *field;
	struct err e;
	int found = store_appealable(s, counter_jid(v), &w.decision, &e);

	if (found == 0) {
		staff_done_empty(v, "appeal_nothing");
		return;
	}
	w.form = form_new(NULL);
	form_title(w.form, counter_word(v, "command_appeal"));
	form_instruct(w.form, counter_word(v, "appeal_explained"));
	if (found == -1 ||
	    store_history(s, counter_jid(v), add_decision, &w, &e) == -1) {
		form_free(w.form);
		counter_busy(v);
		return;
	}
	field = form_add(w.form, FORM_TEXT_MULTI, "text",
	    counter_word(v, "appeal_text"));
	form_require(field);
	form_limit(field, APPEAL_TEXT_MAX);
	counter_ask(v, w.form, ADHOC_COMPLETE);
}

static void
appealed(void *arg, const struct cases_outcome *o)
{
	struct appeal_visit *a = arg;

	if (o->end == CASES_DONE)
		staff_done(a->visit, o, "appeal_done", "");
	else
		staff_fail(a->visit, o);
	evidence_clear(&a->sealed);
	free(a);
}

static int
appeal_prepare(struct appeal_visit *a, struct case_step *step, struct err *e)
{
	struct counter_visit *v = a->visit;

	if (evidence_id(a->id, e) == -1)
		return -1;
	step->role = CASE_SELF;
	step->id = a->id;
	step->jid = counter_jid(v);
	return staff_seal(staff_cases(v), step, EVIDENCE_APPEAL, step->jid,
	    form_get(counter_form(v), "text"), &a->sealed, e);
}

static void
appeal_run(struct counter_visit *v)
{
	struct case_step step = staff_step(v, CASE_APPEAL);
	struct appeal_visit *a = calloc(1, sizeof *a);
	struct err e;
	int found = store_appealable(cases_reader(staff_cases(v)),
	    counter_jid(v), &step.decision, &e);

	if (found == 0) {
		free(a);
		staff_done_empty(v, "appeal_nothing");
		return;
	}
	if (a != NULL)
		a->visit = v;
	if (a == NULL || found == -1 || appeal_prepare(a, &step, &e) == -1) {
		free(a);
		counter_busy(v);
		return;
	}
	cases_step(staff_cases(v), &step, appealed, a);
}

/*
 * Appeals.
 */

struct open_appeal {
	char id[CASE_ID_LEN + 1];
	int64_t version;
};

struct choice {
	struct counter_visit *visit;
	struct form_field *field;
	unsigned count;
};

static int
choice_add(void *arg, const struct appeal_row *a)
{
	struct choice *c = arg;
	char label[LABEL_MAX], date[CATALOGUE_TEXT_MAX];

	if (strcmp(a->jid, counter_jid(c->visit)) == 0)
		return 0;
	(void)snprintf(label, sizeof label, "%.255s – %s – %s", a->jid,
	    staff_word(c->visit, a->action),
	    staff_date(c->visit, a->at_s, date));
	form_option(c->field, a->id, label);
	c->count++;
	return 0;
}

static void
appeals_begin(struct counter_visit *v)
{
	struct form *f = form_new(NULL);
	struct choice c = { .visit = v };
	struct err e;
	int rc;

	form_title(f, counter_word(v, "command_appeals"));
	form_instruct(f, counter_word(v, "staff_appeals_explained"));
	c.field =
	    form_add(f, FORM_LIST, "appeal", counter_word(v, "staff_appeal"));
	form_require(c.field);
	rc = store_appeal_list(cases_reader(staff_cases(v)), APPEAL_OPEN, 0,
	    NULL, STAFF_LIST_MAX, choice_add, &c, &e);
	if (rc == 0 && c.count > 0) {
		counter_ask(v, f, ADHOC_NEXT);
		return;
	}
	form_free(f);
	if (rc == -1)
		counter_busy(v);
	else
		staff_done_empty(v, "staff_appeals_empty");
}

static void
appeal_add_facts(struct counter_visit *v, struct form *f, const json_t *d)
{
	char date[CATALOGUE_TEXT_MAX];

	staff_line(v, f, "staff_account", staff_text(d, "jid"));
	staff_line(v, f, "staff_decision",
	    staff_word(v, staff_text(d, "action")));
	staff_line(v, f, "staff_decided_by", staff_text(d, "first_by"));
	staff_line(v, f, "staff_reason_given", staff_text(d, "reason"));
	staff_line(v, f, "staff_since", staff_json_date(v, d, "at", date));
	staff_evidence(v, f, "appeal_text", json_object_get(d, "evidence"));
	staff_publisher(v, f, json_object_get(d, "publisher"));
	staff_history(v, f, json_object_get(d, "history"));
}

static void
appeal_shown(void *arg, enum cases_end end, json_t *d, const struct err *e)
{
	struct counter_visit *v = arg;
	struct form_field *field;
	struct open_appeal *o;
	struct form *f;

	(void)e;
	o = end == CASES_DONE ? calloc(1, sizeof *o) : NULL;
	if (o == NULL) {
		counter_busy(v);
		return;
	}
	(void)snprintf(o->id, sizeof o->id, "%s", staff_text(d, "appeal"));
	o->version = json_integer_value(json_object_get(d, "version"));
	counter_set_state(v, o, free, sizeof *o);
	f = form_new(NULL);
	form_title(f, counter_word(v, "command_appeals"));
	appeal_add_facts(v, f, d);
	field = form_add(f, FORM_LIST, "do", counter_word(v, "staff_do"));
	form_require(field);
	form_option(field, "nothing", counter_word(v, "staff_do_nothing"));
	form_option(field, "uphold", counter_word(v, "staff_do_uphold"));
	form_option(field, "dismiss", counter_word(v, "staff_do_dismiss"));
	form_value(field, "nothing");
	staff_add_reason(v, f, "reason", "staff_reason_read", false);
	counter_ask(v, f, ADHOC_COMPLETE);
}

struct ruling {
	struct counter_visit *visit;
	char reason[PUBLISHER_REASON_MAX + 1];
	bool is_upheld;
};

static void
ruled(void *arg, const struct cases_outcome *o)
{
	struct ruling *r = arg;

	if (o->end == CASES_DONE)
		staff_done(r->visit, o,
		    r->is_upheld ? "staff_upheld" : "staff_dismissed", "");
	else
		staff_fail(r->visit, o);
	free(r);
}

static void
appeal_rule(struct counter_visit *v, bool is_upheld)
{
	struct case_step step =
	    staff_step(v, is_upheld ? CASE_APPEAL_UPHOLD : CASE_APPEAL_DISMISS);
	const struct open_appeal *o = counter_state(v);
	struct ruling *r = calloc(1, sizeof *r);

	if (r == NULL) {
		counter_busy(v);
		return;
	}
	r->visit = v;
	r->is_upheld = is_upheld;
	if (staff_reason(v, "reason", r->reason) == -1) {
		free(r);
		counter_ask_again(v);
		return;
	}
	step.id = o->id;
	step.version = o->version;
	step.reason = r->reason;
	cases_step(staff_cases(v), &step, ruled, r);
}

static void
appeals_step(struct counter_visit *v)
{
	struct form *f = counter_form(v);
	const char *what;

	if (form_find(f, "do") == NULL) {
		dossier_appeal(staff_cases(v), form_get(f, "appeal"),
		    counter_jid(v), cases_role(staff_cases(v), counter_jid(v)),
		    appeal_shown, v);
		return;
	}
	what = form_get(f, "do");
	if (strcmp(what, "nothing") == 0)
		counter_done(v, NULL);
	else
		appeal_rule(v, strcmp(what, "uphold") == 0);
}

const struct counter_command counter_appeal = { .node = "appeal",
	.name_key = "command_appeal",
	.roles = COUNTER_ANYBODY,
	.begin = appeal_begin,
	.step = appeal_run };
const struct counter_command counter_appeals = { .node = "appeals",
	.name_key = "command_appeals",
	.roles = COUNTER_APPROVER,
	.begin = appeals_begin,
	.step = appeals_step };

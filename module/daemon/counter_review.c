/* Staff's commands `queue` and `case`: what waits, and one of it in full. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/counter_commands.h"
#include "daemon/counter_staff.h"
#include "daemon/daemon.h"
#include "daemon/dossier.h"
#include "daemon/evidence.h"

#define LABEL_MAX 1024

/*
 * Queue: what waits for staff, and after it what waits for applicants.
 */

/* How far somebody has read. */
struct queue {
	enum application_state state; /* OPEN, then ASKED */
	int64_t after_s;
	char after_id[CASE_ID_LEN + 1];
};

struct queue_page {
	struct counter_visit *visit;
	struct queue *queue;
	struct form *form;
	unsigned count;
};

/* "Daily Example (daily@example.org), new, since November 23, 2026". */
static void
application_label(struct counter_visit *v, const struct application *a,
    char r[LABEL_MAX])
{
	char date[CATALOGUE_TEXT_MAX];

	(void)snprintf(r, LABEL_MAX, "%.255s (%.255s), %s, %s, %s",
	    a->name[0] != '\0' ? a->name : "-", a->jid,
	    staff_word(v, application_kind_name(a->kind)),
	    staff_word(v, application_state_name(a->state)),
	    staff_date(v, a->since_s, date));
}

static int
queue_add(void *arg, const struct application *a)
{
	struct queue_page *p = arg;
	char line[LABEL_MAX];

	application_label(p->visit, a, line);
	form_add_text(p->form, NULL, line);
	p->queue->after_s = a->since_s;
	strcpy(p->queue->after_id, a->id);
	p->count++;
	return 0;
}

/* Adds what is next in this state; 0 or -1. */
static int
queue_read(struct queue_page *p, struct err *e)
{
	const struct application_page page = { .state = p->queue->state,
		.after_s = p->queue->after_s,
		.after_id =
		    p->queue->after_id[0] == '\0' ? NULL : p->queue->after_id,
		.limit = STAFF_PAGE - p->count };

	return store_application_list(cases_reader(staff_cases(p->visit)),
	    &page, queue_add, p, e);
}

static int
queue_fill(struct queue_page *p, struct err *e)
{
	if (queue_read(p, e) == -1)
		return -1;
	if (p->count == STAFF_PAGE || p->queue->state == APPLICATION_ASKED)
		return 0;
	*p->queue = (struct queue){ .state = APPLICATION_ASKED };
	return queue_read(p, e);
}

static void
queue_show(struct counter_visit *v, struct queue *q)
{
	struct queue_page p = { .visit = v, .queue = q };
	struct err e;

	p.form = form_new(NULL);
	form_title(p.form, counter_word(v, "command_queue"));
	form_instruct(p.form, counter_word(v, "staff_queue_explained"));
	if (queue_fill(&p, &e) == -1) {
		form_free(p.form);
		counter_busy(v);
		return;
	}
	if (p.count == 0) {
		form_free(p.form);
		staff_done_empty(v, "staff_queue_empty");
	} else if (p.count < STAFF_PAGE) {
		counter_done(v, p.form);
	} else {
		counter_ask(v, p.form, ADHOC_NEXT);
	}
}

static void
queue_begin(struct counter_visit *v)
{
	struct queue *q = calloc(1, sizeof *q);

	if (q == NULL) {
		counter_busy(v);
		return;
	}
	q->state = APPLICATION_OPEN;
	counter_set_state(v, q, free, sizeof *q);
	queue_show(v, q);
}

static void
queue_step(struct counter_visit *v)
{
	queue_show(v, counter_state(v));
}

/*
 * Case: which one.
 */

/* What is known between the steps: a form's answer belongs to the version of
 * the case that was shown. */
struct open_case {
	char id[CASE_ID_LEN + 1];
	char jid[PUBLISHER_JID_MAX + 1];
	int64_t version;
	bool is_change;
};

struct choice {
	struct counter_visit *visit;
	struct form_field *field;
};

static int
choice_add(void *arg, const struct application *a)
{
	struct choice *c = arg;
	char label[LABEL_MAX];

	/* Nobody decides about themselves. */
	if (strcmp(a->jid, counter_jid(c->visit)) == 0)
		return 0;
	application_label(c->visit, a, label);
	form_option(c->field, a->id, label);
	return 0;
}

static void
case_choose(struct counter_visit *v)
{
	struct application_page page = { .state = APPLICATION_OPEN,
		.limit = STAFF_LIST_MAX };
	struct form *f = form_new(NULL);
	struct choice c = { .visit = v };
	struct err e;

	form_title(f, counter_word(v, "command_case"));
	form_instruct(f, counter_word(v, "staff_case_choose"));
	c.field = form_add(f, FORM_LIST, "case",
	    counter_word(v, "staff_case_waiting"));
	if (store_application_list(cases_reader(staff_cases(v)), &page,
		choice_add, &c, &e) == -1) {
		form_free(f);
		counter_busy(v);
		return;
	}
	(void)form_add_line(f, "account", counter_word(v, "staff_case_other"),
	    NULL);
	counter_ask(v, f, ADHOC_NEXT);
}

/*
 * Case: all that there is to see.
 */

static void
add_votes(struct counter_visit *v, struct form *f, const char *what,
    const json_t *holder)
{
	const json_t *votes = json_object_get(holder, "votes"), *vote;
	char line[STAFF_LINE_MAX], date[CATALOGUE_TEXT_MAX];
	size_t i;

	(void)snprintf(line, sizeof line, "%s – %s – %zu/%d", what,
	    staff_word(v, staff_text(holder, "state")), json_array_size(votes),
	    (int)json_integer_value(json_object_get(holder, "needed")));
	staff_line(v, f, "staff_approvals", line);
	json_array_foreach((json_t *)votes, i, vote)
	{
		(void)snprintf(line, sizeof line, "%s, %s – %s",
		    staff_text(vote, "by"),
		    staff_json_date(v, vote, "at", date),
		    staff_text(vote, "reason"));
		staff_line(v, f, "staff_vote", line);
	}
}

static void
add_proof(struct counter_visit *v, struct form *f, const json_t *d)
{
	const json_t *p = json_object_get(d, "proof");
	char line[STAFF_LINE_MAX], date[CATALOGUE_TEXT_MAX];

	if (staff_text(d, "domain")[0] == '\0') {
		staff_line(v, f, "staff_proof", counter_word(v, "staff_none"));
		return;
	}
	if (json_is_null(p)) {
		staff_line(v, f, "staff_proof",
		    counter_word(v, "staff_proof_never"));
		return;
	}
	(void)snprintf(line, sizeof line, "%s – %s – %s %s %s",
	    staff_text(p, "method"), staff_word(v, staff_text(p, "outcome")),
	    staff_json_date(v, p, "proved", date), staff_text(p, "dnssec"),
	    staff_text(p, "detail"));
	staff_line(v, f, "staff_proof", line);
}

static void
add_identity(struct counter_visit *v, struct form *f, const json_t *d)
{
	char line[STAFF_LINE_MAX], at[CATALOGUE_TEXT_MAX];
	char until[CATALOGUE_TEXT_MAX];
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(d, "identity"), i, row)
	{
		if (i == STAFF_ROWS_MAX)
			break;
		(void)snprintf(line, sizeof line, "%s – %s – %s – %s%s",
		    staff_word(v, staff_text(row, "method")),
		    staff_text(row, "by"), staff_json_date(v, row, "at", at),
		    staff_json_date(v, row, "until", until),
		    json_is_true(json_object_get(row, "holds")) ? "" : " (!)");
		staff_line(v, f, "staff_identity", line);
		staff_evidence(v, f, "staff_identity_details",
		    json_object_get(row, "evidence"));
	}
}

static void
add_accepted(struct counter_visit *v, struct form *f, const json_t *d)
{
	char line[STAFF_LINE_MAX], date[CATALOGUE_TEXT_MAX];
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(d, "accepted"), i, row)
	{
		if (i == STAFF_ROWS_MAX)
			break;
		(void)snprintf(line, sizeof line, "%s %d (%s) – %s – %s",
		    staff_text(row, "category"),
		    (int)json_integer_value(json_object_get(row, "version")),
		    staff_text(row, "lang"),
		    staff_json_date(v, row, "at", date),
		    staff_text(row, "sha256"));
		staff_line(v, f, "staff_accepted", line);
	}
}

static void
add_notes(struct counter_visit *v, struct form *f, const json_t *d)
{
	const json_t *notes = json_object_get(d, "notes");
	size_t count = json_array_size(notes);

	for (size_t i = count > STAFF_ROWS_MAX ? count - STAFF_ROWS_MAX : 0;
	     i < count; i++) {
		const json_t *row = json_array_get(notes, i);

		staff_line(v, f, "staff_note_by", staff_text(row, "by"));
		staff_evidence(v, f, "staff_note",
		    json_object_get(row, "evidence"));
	}
}

static void
add_facts(struct counter_visit *v, struct form *f, const json_t *d)
{
	char date[CATALOGUE_TEXT_MAX];

	staff_line(v, f, "staff_case", staff_text(d, "case"));
	staff_line(v, f, "staff_account", staff_text(d, "jid"));
	staff_line(v, f, "staff_kind", staff_word(v, staff_text(d, "kind")));
	staff_line(v, f, "staff_state", staff_word(v, staff_text(d, "state")));
	staff_line(v, f, "staff_since", staff_json_date(v, d, "since", date));
	staff_line(v, f, "staff_decided_by", staff_text(d, "decided_by"));
	staff_line(v, f, "staff_name", staff_text(d, "name"));
	staff_line(v, f, "staff_organisation", staff_text(d, "organisation"));
	staff_line(v, f, "staff_domain", staff_text(d, "domain"));
	staff_line(v, f, "staff_website", staff_text(d, "website"));
	staff_evidence(v, f, "staff_evidence", json_object_get(d, "evidence"));
	add_proof(v, f, d);
	add_identity(v, f, d);
	add_accepted(v, f, d);
	if (!json_is_null(json_object_get(d, "question")))
		staff_evidence(v, f, "staff_question",
		    json_object_get(d, "question"));
}

static void
add_decisions(struct counter_visit *v, struct form *f, const json_t *d)
{
	const json_t *category;
	size_t i;

	if (strcmp(staff_text(d, "kind"), "change") == 0)
		add_votes(v, f, "", d);
	json_array_foreach(json_object_get(d, "categories"), i, category)
	    add_votes(v, f, staff_text(category, "title"), category);
	staff_publisher(v, f, json_object_get(d, "publisher"));
	add_notes(v, f, d);
	staff_history(v, f, json_object_get(d, "history"));
}

/*
 * Case: what to do with it.
 */

static void
add_option(struct counter_visit *v, struct form_field *field, const char *value)
{
	char key[64];

	(void)snprintf(key, sizeof key, "staff_do_%s", value);
	form_option(field, value, counter_word(v, key));
}

static void
add_categories(struct counter_visit *v, struct form *f, const json_t *d)
{
	struct form_field *field;
	const json_t *category;
	size_t i;

	if (strcmp(staff_text(d, "kind"), "change") == 0)
		return;
	field = form_add(f, FORM_LIST_MULTI, "categories",
	    counter_word(v, "staff_categories"));
	json_array_foreach(json_object_get(d, "categories"), i, category)
	{
		if (strcmp(staff_text(category, "state"), "open") != 0)
			continue;
		form_option(field, staff_text(category, "id"),
		    staff_text(category, "title"));
		form_value(field, staff_text(category, "id"));
	}
}

static void
add_until(struct counter_visit *v, struct form *f, const char *var,
    const char *key)
{
	form_datatype(form_add_line(f, var, counter_word(v, key), NULL),
	    FORM_DATE, 0, 0);
}

static void
add_identity_fields(struct counter_visit *v, struct form *f)
{
	static const char *const methods[] = { "register", "document",
		"call-back", "domain" };
	struct form_field *field =
	    form_add(f, FORM_LIST, "method", counter_word(v, "staff_method"));

	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		form_option(field, methods[i], staff_word(v, methods[i]));
	add_until(v, f, "identity_until", "staff_identity_until");
	staff_add_reason(v, f, "details", "staff_details", false);
}

static void
add_actions(struct counter_visit *v, struct form *f, const json_t *d)
{
	bool is_open = strcmp(staff_text(d, "state"), "open") == 0;
	bool is_waiting = strcmp(staff_text(d, "state"), "asked") == 0;
	struct form_field *field =
	    form_add(f, FORM_LIST, "do", counter_word(v, "staff_do"));

	form_require(field);
	add_option(v, field, "nothing");
	form_value(field, "nothing");
	if (is_open || is_waiting)
		add_option(v, field, "identity");
	if (is_open)
		add_option(v, field, "ask");
	if (is_open && (counter_visit_roles(v) & COUNTER_APPROVER) != 0)
		add_option(v, field, "approve");
	if ((is_open || is_waiting) &&
	    (counter_visit_roles(v) & COUNTER_APPROVER) != 0)
		add_option(v, field, "refuse");
	add_option(v, field, "note");
	if (is_open || is_waiting) {
		add_categories(v, f, d);
		add_until(v, f, "until", "staff_until");
	}
	staff_add_reason(v, f, "reason", "staff_reason", false);
	if (is_open || is_waiting)
		add_identity_fields(v, f);
}

static void
case_remember(struct counter_visit *v, const json_t *d)
{
	struct open_case *o = calloc(1, sizeof *o);

	if (o == NULL)
		return;
	(void)snprintf(o->id, sizeof o->id, "%s", staff_text(d, "case"));
	(void)snprintf(o->jid, sizeof o->jid, "%s", staff_text(d, "jid"));
	o->version = json_integer_value(json_object_get(d, "version"));
	o->is_change = strcmp(staff_text(d, "kind"), "change") == 0;
	counter_set_state(v, o, free, sizeof *o);
}

static void
case_shown(void *arg, enum cases_end end, json_t *d, const struct err *e)
{
	struct counter_visit *v = arg;
	struct form *f;

	(void)e;
	if (end == CASES_UNAVAILABLE) {
		counter_busy(v);
		return;
	}
	if (end == CASES_REFUSED) {
		counter_note_key(v, ADHOC_ERROR, "case_not_found");
		counter_ask_again(v);
		return;
	}
	case_remember(v, d);
	f = form_new(NULL);
	form_title(f, staff_text(d, "name"));
	form_instruct(f, counter_word(v, "staff_case_explained"));
	add_facts(v, f, d);
	add_decisions(v, f, d);
	add_actions(v, f, d);
	counter_ask(v, f, ADHOC_COMPLETE);
}

/* The first look is a step of its own; it fails where there is nothing to
 * look at any more, which is no reason not to show it. */
static void
case_looked(void *arg, const struct cases_outcome *o)
{
	struct counter_visit *v = arg;
	const struct open_case *c = counter_state(v);

	if (o->end == CASES_UNAVAILABLE || o->result.refusal == CASE_ONESELF ||
	    o->result.refusal == CASE_FORBIDDEN) {
		staff_fail(v, o);
		return;
	}
	dossier_case(staff_cases(v), c->id, counter_jid(v),
	    cases_role(staff_cases(v), counter_jid(v)), case_shown, v);
}

static void
case_show(struct counter_visit *v, const char *id, const char *jid)
{
	struct case_step step = staff_step(v, CASE_LOOK);
	struct open_case *o = calloc(1, sizeof *o);

	if (o == NULL) {
		counter_busy(v);
		return;
	}
	(void)snprintf(o->id, sizeof o->id, "%s", id);
	(void)snprintf(o->jid, sizeof o->jid, "%s", jid);
	counter_set_state(v, o, free, sizeof *o);
	step.id = o->id;
	step.jid = o->jid;
	cases_step(staff_cases(v), &step, case_looked, v);
}

static int
take_newest(void *arg, const struct application *a)
{
	struct application *r = arg;

	if (a->state == APPLICATION_DRAFT)
		return 0;
	*r = *a;
	return 1;
}

/* What was chosen or written: 1, 0, or -1 if it cannot be looked up. */
static int
case_find(struct counter_visit *v, struct application *r)
{
	struct store *s = cases_reader(staff_cases(v));
	const char *name = form_get(counter_form(v), "account");
	int found;

	r->state = APPLICATION_NONE;
	if (name[0] == '\0')
		name = form_get(counter_form(v), "case");
	if (strchr(name, '@') == NULL) {
		found = store_application_find(s, name, r, NULL);
		return found == 1 ? r->state != APPLICATION_DRAFT : found;
	}
	if (store_application_of(s, name, STAFF_LIST_MAX, take_newest, r,
		NULL) == -1)
		return -1;
	return r->state != APPLICATION_NONE;
}

static void
case_chosen(struct counter_visit *v)
{
	struct application *a = calloc(1, sizeof *a);
	int found = a == NULL ? -1 : case_find(v, a);

	if (found == -1) {
		counter_busy(v);
	} else if (found == 0) {
		form_blame(form_find(counter_form(v), "account"),
		    counter_word(v, "case_not_found"));
		counter_ask_again(v);
	} else if (strcmp(a->jid, counter_jid(v)) == 0) {
		form_blame(form_find(counter_form(v), "account"),
		    counter_word(v, "case_oneself"));
		counter_ask_again(v);
	} else {
		case_show(v, a->id, a->jid);
	}
	free(a);
}

/*
 * Case: it is done.
 */

/* A step on the case that was shown, with what it needs until it ends. */
struct deed {
	struct counter_visit *visit;
	struct case_step step;
	char reason[PUBLISHER_REASON_MAX + 1];
	struct case_sealed sealed;
	const char *done_key;
	size_t category; /* which of the chosen ones is at hand */
};

static struct deed *
deed_new(struct counter_visit *v, enum case_action action, const char *key)
{
	const struct open_case *o = counter_state(v);
	struct deed *d = calloc(1, sizeof *d);

	if (d == NULL)
		return NULL;
	d->visit = v;
	d->done_key = key;
	d->step = staff_step(v, action);
	d->step.id = o->id;
	d->step.jid = o->jid;
	d->step.version = o->version;
	d->step.reason = d->reason;
	return d;
}

static void
deed_free(struct deed *d)
{
	evidence_clear(&d->sealed);
	free(d);
}

static void
deed_done(void *arg, const struct cases_outcome *o)
{
	struct deed *d = arg;
	struct counter_visit *v = d->visit;

	if (o->end != CASES_DONE)
		staff_fail(v, o);
	else
		staff_done(v, o, d->done_key, "");
	deed_free(d);
}

/* Afterwards the case is shown again: an identity check is nearly always
 * followed by a decision. */
static void
deed_done_show(void *arg, const struct cases_outcome *o)
{
	struct deed *d = arg;
	struct counter_visit *v = d->visit;
	const struct open_case *c = counter_state(v);

	if (o->end != CASES_DONE) {
		staff_fail(v, o);
	} else {
		counter_note_key(v, ADHOC_INFO, d->done_key);
		dossier_case(staff_cases(v), c->id, counter_jid(v),
		    cases_role(staff_cases(v), counter_jid(v)), case_shown, v);
	}
	deed_free(d);
}

static void
deed_run(struct deed *d, cases_done done)
{
	cases_step(staff_cases(d->visit), &d->step, done, d);
}

/* Seals the text, then takes the step without a reason in public words. */
static void
deed_run_sealed(struct deed *d, enum evidence_kind kind, const char *text,
    cases_done done)
{
	struct counter_visit *v = d->visit;
	struct err e;

	d->step.reason = NULL;
	if (staff_seal(staff_cases(v), &d->step, kind, d->step.jid, text,
		&d->sealed, &e) == -1) {
		deed_free(d);
		counter_busy(v);
		return;
	}
	deed_run(d, done);
}

static void
do_identity(struct counter_visit *v)
{
	struct form *f = counter_form(v);
	struct deed *d;

	if (form_get(f, "method")[0] == '\0')
		form_blame(form_find(f, "method"),
		    counter_word(v, "staff_method_missing"));
	if (staff_day_end(form_get(f, "identity_until")) <= clock_wall_s())
		form_blame(form_find(f, "identity_until"),
		    counter_word(v, "staff_until_missing"));
	if (form_faults(f) > 0) {
		counter_ask_again(v);
		return;
	}
	d = deed_new(v, CASE_IDENTITY, "staff_identity_done");
	if (d == NULL) {
		counter_busy(v);
		return;
	}
	d->step.method = case_method_find(form_get(f, "method"));
	d->step.until_s = staff_day_end(form_get(f, "identity_until"));
	/* Whoever looks at the same time may record a check as well. */
	d->step.version = 0;
	if (form_get(f, "details")[0] != '\0') {
		deed_run_sealed(d, EVIDENCE_IDENTITY, form_get(f, "details"),
		    deed_done_show);
		return;
	}
	d->step.reason = NULL;
	deed_run(d, deed_done_show);
}

static void
do_text(struct counter_visit *v, enum case_action action, const char *key)
{
	struct deed *d = deed_new(v, action, key);

	if (d == NULL) {
		counter_busy(v);
		return;
	}
	if (staff_reason(v, "reason", d->reason) == -1) {
		deed_free(d);
		counter_ask_again(v);
		return;
	}
	if (action == CASE_ASK) {
		deed_run_sealed(d, EVIDENCE_QUESTION, d->reason, deed_done);
	} else if (action == CASE_NOTE) {
		d->step.version = 0;
		deed_run_sealed(d, EVIDENCE_NOTE, d->reason, deed_done_show);
	} else {
		deed_run(d, deed_done);
	}
}

/*
 * Approving: one vote a category, one after the other.
 */

static void approve_next(struct deed *d);

static void
note_vote(struct counter_visit *v, const struct case_step *step,
    const struct case_result *r)
{
	const struct category *c = step->category == NULL
	    ? NULL
	    : policy_category(&cases_config(staff_cases(v))->policy,
		  step->category);

	staff_note(v, ADHOC_INFO,
	    r->has_effect ? "staff_approved" : "staff_vote_counted", r->jid,
	    c == NULL ? "" : c->title);
}

static void
approve_done(void *arg, const struct cases_outcome *o)
{
	struct deed *d = arg;
	struct counter_visit *v = d->visit;

	if (o->end != CASES_DONE) {
		staff_fail(v, o);
		deed_free(d);
		return;
	}
	note_vote(v, &d->step, &o->result);
	if (o->answered < o->told)
		counter_note_key(v, ADHOC_WARN, "staff_guards_late");
	/* Our own vote is no change that somebody else made meanwhile. */
	d->step.version = o->result.version;
	((struct open_case *)counter_state(v))->version = o->result.version;
	d->category++;
	approve_next(d);
}

static void
approve_next(struct deed *d)
{
	struct counter_visit *v = d->visit;
	const struct open_case *o = counter_state(v);
	const char *category =
	    form_get_nth(counter_form(v), "categories", d->category);

	if (o->is_change ? d->category > 0 : category == NULL) {
		deed_free(d);
		counter_done(v, NULL);
		return;
	}
	d->step.category = o->is_change ? NULL : category;
	d->step.until_s = o->is_change
	    ? 0
	    : staff_day_end(form_get(counter_form(v), "until"));
	if (d->step.until_s == 0 && !o->is_change) {
		const struct category *c = policy_category(
		    &cases_config(staff_cases(v))->policy, category);

		d->step.until_s =
		    clock_wall_s() + (c == NULL ? 0 : c->valid_for_s);
	}
	deed_run(d, approve_done);
}

static void
do_approve(struct counter_visit *v)
{
	const struct open_case *o = counter_state(v);
	struct form *f = counter_form(v);
	struct deed *d = deed_new(v, CASE_APPROVE, NULL);
	int64_t until_s = staff_day_end(form_get(f, "until"));

	if (d == NULL) {
		counter_busy(v);
		return;
	}
	if (!o->is_change && form_get_nth(f, "categories", 0) == NULL)
		form_blame(form_find(f, "categories"),
		    counter_word(v, "staff_categories_missing"));
	if (until_s != 0 && until_s <= clock_wall_s())
		form_blame(form_find(f, "until"),
		    counter_word(v, "staff_until_past"));
	if (staff_reason(v, "reason", d->reason) == -1 || form_faults(f) > 0) {
		deed_free(d);
		counter_ask_again(v);
		return;
	}
	approve_next(d);
}

static void
case_done(struct counter_visit *v)
{
	const char *what = form_get(counter_form(v), "do");

	if (strcmp(what, "identity") == 0)
		do_identity(v);
	else if (strcmp(what, "ask") == 0)
		do_text(v, CASE_ASK, "staff_asked");
	else if (strcmp(what, "approve") == 0)
		do_approve(v);
	else if (strcmp(what, "refuse") == 0)
		do_text(v, CASE_REFUSE, "staff_refused");
	else if (strcmp(what, "note") == 0)
		do_text(v, CASE_NOTE, "staff_note_done");
	else
		counter_done(v, NULL);
}

static void
case_step_run(struct counter_visit *v)
{
	/* The second form is the one that says what to do. */
	if (form_find(counter_form(v), "do") == NULL)
		case_chosen(v);
	else
		case_done(v);
}

const struct counter_command counter_queue = { .node = "queue",
	.name_key = "command_queue",
	.roles = COUNTER_REVIEWER | COUNTER_APPROVER,
	.begin = queue_begin,
	.step = queue_step };

const struct counter_command counter_case = { .node = "case",
	.name_key = "command_case",
	.roles = COUNTER_REVIEWER | COUNTER_APPROVER,
	.begin = case_choose,
	.step = case_step_run };

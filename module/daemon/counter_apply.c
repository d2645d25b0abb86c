/*
 * apply, change, renew: the three kinds of application, in two pages.
 *
 * The first page asks; when it is right, its answers are kept as a draft.
 * The second shows the agreements and what becomes public, and submits.
 * Where staff have asked back, the same pages make the answer, which is one
 * step.  Every step names the version of the application that the page was
 * made from, so that two sessions cannot write over each other.
 */
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "daemon/applicant.h"
#include "daemon/counter_case.h"
#include "daemon/counter_commands.h"
#include "daemon/daemon.h"
#include "daemon/evidence.h"
#include "daemon/terms.h"
#include "store/caseflow.h"
#include "text/idn.h"

/* The second page: what the first one said, and which agreements it shows.
 * Kept no longer than that page: sessions that wait at the first one are many,
 * and their form says it all. */
struct page {
	struct applicant answers;
	struct terms terms; /* as they are shown */
	bool is_shown;	    /* until then the form is the first page's */
};

/* What a session keeps. */
struct apply {
	enum application_kind kind;
	char id[CASE_ID_LEN + 1];
	int64_t version;   /* of the application; 0: there is none yet */
	bool is_answer;	   /* to a question of the staff */
	struct page *page; /* NULL on the first page */
};

static void
page_free(struct page *p)
{
	if (p != NULL)
		hash_wipe(p, sizeof *p);
	free(p);
}

static void
apply_free(void *state)
{
	struct apply *s = state;

	page_free(s->page);
	free(s);
}

/* The session's second page from now on (taken); NULL: none. */
static void
set_page(struct counter_visit *v, struct page *p)
{
	struct apply *s = counter_state(v);

	if (s->page != p)
		page_free(s->page);
	s->page = p;
	counter_set_state(v, s, apply_free,
	    sizeof *s + (p == NULL ? 0 : sizeof *p));
}

/* ---- pages ----------------------------------------------------------- */

static struct form *
change_form(struct counter_visit *v, const struct applicant *a)
{
	const struct applicant_words w = counter_case_words(v);
	struct form *f = form_new(NS_APPLY);
	char domain[4 * IDN_MAX + 1];
	struct form_field *field;

	form_title(f, counter_word(v, "change_title"));
	form_instruct(f, counter_word(v, "change_instructions"));
	idn_to_unicode(a->fields.domain, domain, sizeof domain);
	applicant_field(&w, f, "name", a->fields.name);
	applicant_field(&w, f, "organisation", a->fields.organisation);
	applicant_field(&w, f, "domain", domain);
	field = form_add(f, FORM_TEXT_MULTI, "notes",
	    counter_word(v, "change_why"));
	form_limit(field, APPLICATION_NOTES_MAX);
	if (a->notes[0] != '\0')
		form_value(field, a->notes);
	return f;
}

static struct form *
renew_form(struct counter_visit *v, const struct applicant *a)
{
	const struct applicant_words w = counter_case_words(v);
	struct form *f = form_new(NS_APPLY);
	struct form_field *field;

	form_title(f, counter_word(v, "renew_title"));
	form_instruct(f, counter_word(v, "renew_instructions"));
	(void)applicant_categories(&w, f, &a->fields);
	field = form_add_line(f, "contact", counter_word(v, "renew_contact"),
	    a->contact);
	form_limit(field, APPLICATION_CONTACT_MAX);
	applicant_field(&w, f, "notes", a->notes);
	return f;
}

static struct form *
new_form(struct counter_visit *v, const struct applicant *a)
{
	const struct applicant_words w = counter_case_words(v);
	struct form *f = applicant_form(&w, a);
	char text[CATALOGUE_TEXT_MAX];

	applicant_text(&w, "apply_title",
	    (const struct catalogue_arg[]){ { .name = "operator",
		.text = w.config->operator.name } },
	    1, text);
	form_title(f, text);
	form_instruct(f, counter_word(v, "apply_instructions"));
	form_instruct(f, counter_word(v, "apply_instructions_draft"));
	return f;
}

/* The first page, with these answers; `question` NULL or "": none. */
static void
show_fields(struct counter_visit *v, const struct applicant *a,
    const char *question)
{
	const struct apply *s = counter_state(v);
	char text[CATALOGUE_TEXT_MAX];
	struct form *f = NULL;

	switch (s->kind) {
	case APPLICATION_NEW:
		f = new_form(v, a);
		break;
	case APPLICATION_CHANGE:
		f = change_form(v, a);
		break;
	case APPLICATION_RENEWAL:
		f = renew_form(v, a);
		break;
	}
	if (question != NULL && question[0] != '\0') {
		counter_text(v, "apply_asked",
		    (const struct catalogue_arg[]){
			{ .name = "reason", .text = question } },
		    1, text);
		form_notice(f, text);
		counter_note(v, ADHOC_INFO, text);
	}
	counter_ask(v, f, ADHOC_NEXT);
}

/* Back from the second page, which is no longer kept then. */
static void
show_fields_again(struct counter_visit *v)
{
	struct apply *s = counter_state(v);
	struct page *p = s->page;

	s->page = NULL;
	set_page(v, NULL);
	show_fields(v, &p->answers, NULL);
	page_free(p);
}

/* What an approval makes public, said before anything is submitted. */
static void
add_public(struct counter_visit *v, struct form *f, const struct application *a)
{
	const struct applicant_words w = counter_case_words(v);
	char text[CATALOGUE_TEXT_MAX], titles[512], domain[4 * IDN_MAX + 1];
	static const char none[] = "–";

	applicant_titles(&w, a, titles, sizeof titles);
	idn_to_unicode(a->domain, domain, sizeof domain);
	counter_text(v, "apply_public",
	    (const struct catalogue_arg[]){
		{ .name = "jid", .text = counter_jid(v) },
		{ .name = "name", .text = a->name },
		{ .name = "organisation",
		    .text =
			a->organisation[0] == '\0' ? none : a->organisation },
		{ .name = "domain", .text = domain[0] == '\0' ? none : domain },
		{ .name = "categories",
		    .text = titles[0] == '\0' ? none : titles } },
	    5, text);
	form_add_text(f, "public", text);
}

/* Not at the moment: the page that is shown stays the one that is asked. */
static void
stay(struct counter_visit *v)
{
	const struct apply *s = counter_state(v);

	if (!s->page->is_shown)
		set_page(v, NULL);
	counter_busy(v);
}

/* The second page; `notice` may be NULL. */
static void
show_terms(struct counter_visit *v, const char *notice)
{
	const struct apply *s = counter_state(v);
	struct page *p = s->page;
	struct terms terms;
	struct form *f = form_new(NS_APPLY);
	struct err e;

	/* Who applies accepts all of it now, whatever was before. */
	if (f == NULL ||
	    terms_find(v, &p->answers.fields,
		s->kind == APPLICATION_NEW && !s->is_answer, &terms,
		&e) == -1) {
		form_free(f);
		stay(v);
		return;
	}
	p->terms = terms;
	p->is_shown = true;
	form_title(f, counter_word(v, "apply_agreement_title"));
	if (p->terms.count > 0)
		form_instruct(f,
		    counter_word(v, "apply_agreement_instructions"));
	if (notice != NULL) {
		form_notice(f, notice);
		counter_note(v, ADHOC_WARN, notice);
	}
	add_public(v, f, &p->answers.fields);
	terms_show(v, &p->terms, f);
	counter_ask(v, f, ADHOC_PREV | ADHOC_COMPLETE);
}

/* ---- what there is --------------------------------------------------- */

/* States are NONE where there is nothing. */
struct account {
	struct publisher publisher;
	struct profile profile;
	struct application application;
};

/* 0 or -1. */
static int
account_read(const struct counter_visit *v, struct account *r)
{
	struct store *reader = counter_daemon(v)->reader;
	const char *jid = counter_jid(v);
	struct err e;
	int rc = store_publisher_find(reader, jid, &r->publisher, &e);

	if (rc == 0)
		memset(&r->publisher, 0, sizeof r->publisher);
	if (rc != -1)
		rc = store_profile_find(reader, jid, &r->profile, &e);
	if (rc == 0)
		memset(&r->profile, 0, sizeof r->profile);
	if (rc != -1)
		rc =
		    store_application_current(reader, jid, &r->application, &e);
	if (rc == 0)
		r->application.state = APPLICATION_NONE;
	return rc == -1 ? -1 : 0;
}

/* What a new application begins with: what is public already. */
static void
base_new(const struct apply *s, const struct account *r, struct application *a)
{
	const struct publisher *p = &r->publisher;

	a->kind = s->kind;
	strcpy(a->name, p->name);
	strcpy(a->organisation, r->profile.organisation);
	strcpy(a->domain, r->profile.domain);
	strcpy(a->website, r->profile.website);
	for (unsigned i = 0; s->kind == APPLICATION_RENEWAL &&
	     i < p->approval_count && i < CASE_CATEGORIES_MAX;
	     i++) {
		strcpy(a->categories[i].id, p->approvals[i].category);
		a->category_count++;
	}
}

/*
 * The answers (zeroes before) that there are without those of the form at
 * hand: of the draft, or of the publisher.  `question` (may be NULL): what
 * staff ask, PUBLISHER_REASON_MAX + 1 bytes.  0 or -1.
 */
static int
base(const struct counter_visit *v, const struct apply *s,
    const struct account *r, struct applicant *a, char *question)
{
	struct daemon *d = counter_daemon(v);
	struct err e;

	if (r->application.state == APPLICATION_NONE ||
	    strcmp(r->application.id, s->id) != 0) {
		base_new(s, r, &a->fields);
		return 0;
	}
	a->fields = r->application;
	if (applicant_unseal(d->evidence, d->reader, r->application.evidence, a,
		&e) == -1)
		return -1;
	return question == NULL || !s->is_answer
	    ? 0
	    : applicant_question(d->evidence, d->reader, &r->application,
		  question, &e);
}

/* ---- steps ----------------------------------------------------------- */

/* The step that the visit's account makes about its own application. */
static struct case_step
own_step(const struct counter_visit *v, enum case_action action)
{
	const struct apply *s = counter_state(v);

	return (struct case_step){ .action = action,
		.id = s->id,
		.version = s->version,
		.jid = counter_jid(v),
		.by = counter_jid(v),
		.role = CASE_SELF,
		.lang = counter_lang(v),
		.fields = &s->page->answers.fields };
}

/* A step that says what the answers are, with its evidence. */
static void
step_with_answers(struct counter_visit *v, enum case_action action,
    cases_done done)
{
	struct apply *s = counter_state(v);
	struct case_acceptance accepted[CASE_CATEGORIES_MAX];
	struct case_step step = own_step(v, action);
	struct case_sealed sealed;
	struct err e;

	if (applicant_seal(counter_daemon(v)->evidence, &s->page->answers,
		counter_jid(v), &step.sealed[0], &e) == -1) {
		stay(v);
		return;
	}
	step.sealed_count = 1;
	if (action == CASE_ANSWER) {
		terms_accept(&s->page->terms, accepted);
		step.accepted = accepted;
		step.accepted_count = s->page->terms.count;
	}
	/* The step is copied; what is done may be done before it returns. */
	sealed = step.sealed[0];
	cases_step(counter_daemon(v)->cases, &step, done, v);
	evidence_clear(&sealed);
}

/* What is wrong with the name is said where the name is. */
static void
not_done(struct counter_visit *v, const struct cases_outcome *o)
{
	struct form_field *name = form_find(counter_form(v), "name");

	if (o->end == CASES_REFUSED && o->result.refusal == CASE_NAME_TAKEN &&
	    name != NULL) {
		form_blame(name, counter_word(v, "apply_fault_name_taken"));
		counter_ask_again(v);
		return;
	}
	counter_case_not_done(v, o);
}

static void
tell_submitted(struct counter_visit *v)
{
	const struct apply *s = counter_state(v);
	const struct application *a = &s->page->answers.fields;
	static const char *const keys[] = { [APPLICATION_NEW] =
						"apply_submitted",
		[APPLICATION_RENEWAL] = "renew_submitted",
		[APPLICATION_CHANGE] = "change_submitted" };
	char text[CATALOGUE_TEXT_MAX], domain[4 * IDN_MAX + 1];

	if (a->kind == APPLICATION_NEW && a->domain[0] != '\0') {
		idn_to_unicode(a->domain, domain, sizeof domain);
		counter_text(v, "apply_submitted_prove",
		    (const struct catalogue_arg[]){
			{ .name = "domain", .text = domain } },
		    1, text);
		counter_note(v, ADHOC_INFO, text);
	} else {
		counter_note_key(v, ADHOC_INFO, keys[a->kind]);
	}
	counter_done(v, NULL);
}

static void
submit_done(void *arg, const struct cases_outcome *o)
{
	struct counter_visit *v = arg;

	if (o->end == CASES_DONE)
		tell_submitted(v);
	else if (o->end == CASES_REFUSED &&
	    o->result.refusal == CASE_NOT_ACCEPTED)
		show_terms(v, counter_word(v, "apply_agreement_changed"));
	else
		not_done(v, o);
}

static void
submit(struct counter_visit *v)
{
	struct apply *s = counter_state(v);
	struct case_acceptance accepted[CASE_CATEGORIES_MAX];
	struct case_step step = own_step(v, CASE_SUBMIT);

	terms_accept(&s->page->terms, accepted);
	step.accepted = accepted;
	step.accepted_count = s->page->terms.count;
	cases_step(counter_daemon(v)->cases, &step, submit_done, v);
}

static void
answer_done(void *arg, const struct cases_outcome *o)
{
	if (o->end == CASES_DONE)
		counter_case_end(arg, ADHOC_INFO, "apply_answered");
	else
		submit_done(arg, o);
}

static void
draft_done(void *arg, const struct cases_outcome *o)
{
	struct counter_visit *v = arg;
	struct apply *s = counter_state(v);

	if (o->end != CASES_DONE) {
		/* The first page is still the one that is shown. */
		set_page(v, NULL);
		not_done(v, o);
		return;
	}
	s->version = o->result.version;
	show_terms(v, NULL);
}

static bool
is_same(const struct application *a, const struct account *r)
{
	return a->kind == APPLICATION_CHANGE &&
	    strcmp(a->name, r->publisher.name) == 0 &&
	    strcmp(a->organisation, r->profile.organisation) == 0 &&
	    strcmp(a->domain, r->profile.domain) == 0;
}

/* The first page came back: `r` is what the register has, `p` gets it all. */
static void
take_answers(struct counter_visit *v, const struct account *r, struct page *p)
{
	const struct applicant_words w = counter_case_words(v);
	const struct apply *s = counter_state(v);

	applicant_read(&p->answers, counter_form(v));
	if (applicant_check(&w, &p->answers, counter_form(v)) > 0) {
		page_free(p);
		counter_ask_again(v);
	} else if (is_same(&p->answers.fields, r)) {
		page_free(p);
		counter_case_again(v, counter_word(v, "change_same"));
	} else {
		set_page(v, p);
		if (s->is_answer)
			show_terms(v, NULL);
		else
			step_with_answers(v, CASE_DRAFT, draft_done);
	}
}

static void
take_fields(struct counter_visit *v)
{
	struct account *r = malloc(sizeof *r);
	struct page *p = calloc(1, sizeof *p);

	if (r == NULL || p == NULL || account_read(v, r) == -1 ||
	    base(v, counter_state(v), r, &p->answers, NULL) == -1) {
		page_free(p);
		counter_busy(v);
	} else {
		take_answers(v, r, p);
	}
	free(r);
}

/* The second one did. */
static void
take_terms(struct counter_visit *v)
{
	const struct apply *s = counter_state(v);

	if (!terms_check(v, &s->page->terms))
		counter_ask_again(v);
	else if (!terms_hold(v, &s->page->terms))
		show_terms(v, counter_word(v, "apply_agreement_changed"));
	else if (s->is_answer)
		step_with_answers(v, CASE_ANSWER, answer_done);
	else
		submit(v);
}

static void
apply_step(struct counter_visit *v)
{
	const struct apply *s = counter_state(v);

	if (counter_action(v) == ADHOC_PREV)
		show_fields_again(v);
	else if (s->page != NULL)
		take_terms(v);
	else
		take_fields(v);
}

/* ---- the beginning --------------------------------------------------- */

static void
tell_open(struct counter_visit *v, int64_t since_s)
{
	char text[CATALOGUE_TEXT_MAX];

	counter_case_text(v, "apply_is_open", NULL, since_s, NULL, text);
	counter_note(v, ADHOC_INFO, text);
	counter_done(v, NULL);
}

/* Why an account in this state has nothing to begin. */
static void
tell_not_now(struct counter_visit *v, enum application_kind kind,
    const struct publisher *p)
{
	if (kind != APPLICATION_NEW)
		counter_case_end(v, ADHOC_INFO, "not_publisher");
	else if (p->state == PUBLISHER_APPROVED)
		counter_case_end(v, ADHOC_INFO, "apply_is_publisher");
	else if (p->state == PUBLISHER_SUSPENDED)
		counter_case_end(v, ADHOC_INFO, "apply_is_suspended");
	else
		tell_open(v, p->state_since_s);
}

static bool
has_categories(const struct config *c)
{
	for (size_t i = 0; i < c->policy.category_count; i++)
		if (c->categories[i].agreement != NULL)
			return true;
	return false;
}

/* Whether there is something to fill in; if not, the visit is answered. */
static bool
may_begin(struct counter_visit *v, enum application_kind kind,
    const struct account *r)
{
	const struct application *a = &r->application;

	if (kind != APPLICATION_CHANGE &&
	    !has_categories(checks_config(counter_daemon(v)->checks))) {
		counter_case_end(v, ADHOC_INFO, "apply_no_categories");
		return false;
	}
	if (a->state == APPLICATION_NONE) {
		if (caseflow_may_apply(kind, r->publisher.state))
			return true;
		tell_not_now(v, kind, &r->publisher);
		return false;
	}
	if (a->kind != kind)
		counter_case_end(v, ADHOC_INFO, "apply_other_kind");
	else if (a->state == APPLICATION_OPEN)
		tell_open(v, a->submitted_s);
	else
		return true;
	return false;
}

/* Draws the ID of a new application, or takes that of the one there is. */
static int
name_application(struct apply *s, const struct application *a)
{
	if (a->state != APPLICATION_NONE) {
		strcpy(s->id, a->id);
		s->version = a->version;
		s->is_answer = a->state == APPLICATION_ASKED;
		return 0;
	}
	return evidence_id(s->id, NULL);
}

static void
begin_with(struct counter_visit *v, enum application_kind kind,
    const struct account *r)
{
	struct apply *s = calloc(1, sizeof *s);
	struct applicant *a = calloc(1, sizeof *a);
	char question[PUBLISHER_REASON_MAX + 1] = "";

	if (s == NULL || a == NULL) {
		free(s);
		counter_busy(v);
		goto out;
	}
	s->kind = kind;
	counter_set_state(v, s, apply_free, sizeof *s);
	if (name_application(s, &r->application) == -1 ||
	    base(v, s, r, a, question) == -1)
		counter_busy(v);
	else
		show_fields(v, a, question);
out:
	if (a != NULL)
		hash_wipe(a, sizeof *a);
	free(a);
}

static void
begin(struct counter_visit *v, enum application_kind kind)
{
	struct account *r = malloc(sizeof *r);

	if (r == NULL || account_read(v, r) == -1)
		counter_busy(v);
	else if (may_begin(v, kind, r))
		begin_with(v, kind, r);
	free(r);
}

static void
apply_begin(struct counter_visit *v)
{
	begin(v, APPLICATION_NEW);
}

static void
change_begin(struct counter_visit *v)
{
	begin(v, APPLICATION_CHANGE);
}

static void
renew_begin(struct counter_visit *v)
{
	begin(v, APPLICATION_RENEWAL);
}

const struct counter_command counter_apply = { .node = "apply",
	.name_key = "command_apply",
	.roles = COUNTER_ANYBODY,
	.begin = apply_begin,
	.step = apply_step };
const struct counter_command counter_change = { .node = "change",
	.name_key = "command_change",
	.roles = COUNTER_ANYBODY,
	.begin = change_begin,
	.step = apply_step };
const struct counter_command counter_renew = { .node = "renew",
	.name_key = "command_renew",
	.roles = COUNTER_ANYBODY,
	.begin = renew_begin,
	.step = apply_step };

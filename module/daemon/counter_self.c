/* status, withdraw, leave: what an account does about its own standing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/counter_case.h"
#include "daemon/counter_commands.h"
#include "daemon/daemon.h"
#include "text/idn.h"

/* ---- status ---------------------------------------------------------- */

/* Everything that the register has about an account's standing. */
struct standing {
	struct publisher publisher; /* state NONE: not on the register */
	struct profile profile;
	struct application application; /* state NONE: there is none */
	struct proof_row proof;
	bool has_profile, has_proof, can_appeal;
};

/* The domain that a proof is wanted for; "" for none. */
static const char *
domain_of(const struct standing *s)
{
	if (s->application.state != APPLICATION_NONE &&
	    s->application.domain[0] != '\0')
		return s->application.domain;
	return s->has_profile ? s->profile.domain : "";
}

/* 0, or -1 if the register cannot be read. */
static int
standing_read(struct store *reader, const char *jid, struct standing *s)
{
	int64_t decision;
	struct err e;
	int rc = store_publisher_find(reader, jid, &s->publisher, &e);

	if (rc == 0)
		s->publisher.state = PUBLISHER_NONE;
	if (rc != -1 &&
	    (rc = store_profile_find(reader, jid, &s->profile, &e)) != -1) {
		s->has_profile = rc == 1;
		rc =
		    store_application_current(reader, jid, &s->application, &e);
	}
	if (rc == 0)
		s->application.state = APPLICATION_NONE;
	if (rc != -1 && domain_of(s)[0] != '\0') {
		rc = store_proof_find(reader, jid, domain_of(s), &s->proof, &e);
		s->has_proof = rc == 1;
	}
	if (rc != -1) {
		rc = store_appealable(reader, jid, &decision, &e);
		s->can_appeal = rc == 1;
	}
	return rc == -1 ? -1 : 0;
}

static void
add_line(struct counter_visit *v, struct form *f, const char *var,
    const char *label_key, const char *value)
{
	if (value[0] != '\0')
		form_add_line(f, var, counter_word(v, label_key), value);
}

/* "state_in_review" of PUBLISHER_IN_REVIEW: keys have no hyphens. */
static const char *
state_word(struct counter_visit *v, const char *prefix, const char *name)
{
	char key[64];
	size_t n;

	n = (size_t)snprintf(key, sizeof key, "%s_%s", prefix, name);
	for (size_t i = 0; i < n && i < sizeof key; i++)
		if (key[i] == '-')
			key[i] = '_';
	return counter_word(v, key);
}

static void
date_text(struct counter_visit *v, int64_t at_s, char r[CATALOGUE_TEXT_MAX])
{
	counter_case_text(v, "date_alone", NULL, at_s, NULL, r);
}

static const char *
title_of(const struct config *c, const char *category)
{
	const struct category *row = policy_category(&c->policy, category);

	return row == NULL ? category : row->title;
}

static void
add_approvals(struct counter_visit *v, struct form *f,
    const struct publisher *p)
{
	const struct applicant_words w = counter_case_words(v);
	struct form_field *field;
	char text[CATALOGUE_TEXT_MAX];

	if (p->approval_count == 0)
		return;
	field = form_add(f, FORM_TEXT_MULTI, "approvals",
	    counter_word(v, "status_approvals"));
	for (unsigned i = 0; i < p->approval_count; i++) {
		counter_case_text(v, "status_until", NULL,
		    p->approvals[i].until_s,
		    title_of(w.config, p->approvals[i].category), text);
		form_value(field, text);
	}
}

static void
add_publisher(struct counter_visit *v, struct form *f, const struct standing *s)
{
	const struct publisher *p = &s->publisher;
	char text[CATALOGUE_TEXT_MAX];

	if (p->state == PUBLISHER_NONE)
		return;
	add_line(v, f, "state", "status_publisher",
	    state_word(v, "state", publisher_state_name(p->state)));
	date_text(v, p->state_since_s, text);
	add_line(v, f, "since", "status_since", text);
	add_line(v, f, "reason", "status_reason", p->state_reason);
	add_line(v, f, "name", "status_name", p->name);
	if (s->has_profile)
		add_line(v, f, "organisation", "status_organisation",
		    s->profile.organisation);
	add_approvals(v, f, p);
}

static void
add_application(struct counter_visit *v, struct form *f,
    const struct standing *s)
{
	const struct application *a = &s->application;
	const struct applicant_words w = counter_case_words(v);
	char text[CATALOGUE_TEXT_MAX];

	if (a->state == APPLICATION_NONE)
		return;
	add_line(v, f, "application", "status_application",
	    state_word(v, "application", application_state_name(a->state)));
	add_line(v, f, "kind", "status_kind",
	    state_word(v, "kind", application_kind_name(a->kind)));
	date_text(v, a->since_s, text);
	add_line(v, f, "application_since", "status_since", text);
	add_line(v, f, "application_name", "status_name", a->name);
	applicant_titles(&w, a, text, sizeof text);
	add_line(v, f, "categories", "status_wanted", text);
	add_line(v, f, "case", "status_case", a->id);
}

static void
add_domain(struct counter_visit *v, struct form *f, const struct standing *s)
{
	char text[CATALOGUE_TEXT_MAX];

	if (domain_of(s)[0] == '\0')
		return;
	idn_to_unicode(domain_of(s), text, sizeof text);
	add_line(v, f, "domain", "status_domain", text);
	add_line(v, f, "proof", "status_proof",
	    state_word(v, "proof",
		s->has_proof ? proof_outcome_name(s->proof.outcome)
			     : "unchecked"));
}

/* What can be done next, most urgent first. */
static void
add_next(struct counter_visit *v, struct form *f, const struct standing *s)
{
	enum application_state a = s->application.state;
	struct form_field *field = form_add(f, FORM_TEXT_MULTI, "next",
	    counter_word(v, "status_next"));
	const char *keys[6];
	size_t count = 0;

	if (a == APPLICATION_ASKED)
		keys[count++] = "next_answer";
	if (a == APPLICATION_DRAFT)
		keys[count++] = "next_resume";
	if (domain_of(s)[0] != '\0' && a != APPLICATION_DRAFT &&
	    (!s->has_proof || s->proof.outcome != PROOF_OK))
		keys[count++] = "next_prove";
	if (a == APPLICATION_OPEN)
		keys[count++] = "next_wait";
	if (s->can_appeal)
		keys[count++] = "next_appeal";
	if (s->publisher.state == PUBLISHER_APPROVED)
		keys[count++] = "next_approved";
	if (count == 0 && s->publisher.state != PUBLISHER_SUSPENDED)
		keys[count++] = "next_apply";
	for (size_t i = 0; i < count; i++)
		form_value(field, counter_word(v, keys[i]));
}

static void
status_begin(struct counter_visit *v)
{
	struct standing *s = calloc(1, sizeof *s);
	struct form *f;

	if (s == NULL ||
	    standing_read(counter_daemon(v)->reader, counter_jid(v), s) == -1) {
		free(s);
		counter_busy(v);
		return;
	}
	if (s->publisher.state == PUBLISHER_NONE &&
	    s->application.state == APPLICATION_NONE) {
		free(s);
		counter_case_end(v, ADHOC_INFO, "status_none");
		return;
	}
	f = form_new("urn:masthead:status:0");
	form_title(f, counter_word(v, "status_title"));
	add_publisher(v, f, s);
	add_application(v, f, s);
	add_domain(v, f, s);
	add_next(v, f, s);
	free(s);
	counter_done(v, f);
}

const struct counter_command counter_status = { .node = "status",
	.name_key = "command_status",
	.roles = COUNTER_ANYBODY,
	.begin = status_begin };

/* ---- withdraw -------------------------------------------------------- */

/* What is to be withdrawn, as it was when the account was asked. */
struct withdrawal {
	char id[CASE_ID_LEN + 1];
	int64_t version;
};

static void
withdraw_begin(struct counter_visit *v)
{
	struct application *a = malloc(sizeof *a);
	struct withdrawal *w = calloc(1, sizeof *w);
	char label[CATALOGUE_TEXT_MAX];
	struct err e;
	int rc = -1;

	if (a != NULL && w != NULL)
		rc = store_application_current(counter_daemon(v)->reader,
		    counter_jid(v), a, &e);
	if (rc != 1) {
		free(a);
		free(w);
		if (rc == 0)
			counter_case_end(v, ADHOC_INFO, "withdraw_nothing");
		else
			counter_busy(v);
		return;
	}
	strcpy(w->id, a->id);
	w->version = a->version;
	counter_set_state(v, w, free, sizeof *w);
	counter_case_text(v, "withdraw_confirm", a->name, a->created_s, NULL,
	    label);
	free(a);
	counter_ask(v, counter_case_confirm(v, "withdraw_title", label),
	    ADHOC_COMPLETE);
}

static void
withdraw_done(void *arg, const struct cases_outcome *o)
{
	if (o->end == CASES_DONE)
		counter_case_end(arg, ADHOC_INFO, "withdraw_done");
	else
		counter_case_not_done(arg, o);
}

static void
withdraw_step(struct counter_visit *v)
{
	const struct withdrawal *w = counter_state(v);
	const struct case_step step = { .action = CASE_WITHDRAW,
		.id = w->id,
		.version = w->version,
		.jid = counter_jid(v),
		.by = counter_jid(v),
		.role = CASE_SELF,
		.lang = counter_lang(v) };

	if (counter_case_is_confirmed(v))
		cases_step(counter_daemon(v)->cases, &step, withdraw_done, v);
}

const struct counter_command counter_withdraw = { .node = "withdraw",
	.name_key = "command_withdraw",
	.roles = COUNTER_ANYBODY,
	.begin = withdraw_begin,
	.step = withdraw_step };

/* ---- leave ----------------------------------------------------------- */

static void
leave_begin(struct counter_visit *v)
{
	struct publisher *p = malloc(sizeof *p);
	char label[CATALOGUE_TEXT_MAX];
	struct form *f;
	struct err e;
	int rc = p == NULL ? -1
			   : store_publisher_find(counter_daemon(v)->reader,
				 counter_jid(v), p, &e);

	if (rc == 1 && p->state != PUBLISHER_APPROVED &&
	    p->state != PUBLISHER_SUSPENDED)
		rc = 0;
	if (rc != 1) {
		free(p);
		if (rc == 0)
			counter_case_end(v, ADHOC_INFO, "not_publisher");
		else
			counter_busy(v);
		return;
	}
	counter_case_text(v, "leave_confirm", p->name, 0, NULL, label);
	free(p);
	f = counter_case_confirm(v, "leave_title", label);
	form_instruct(f, counter_word(v, "leave_instructions"));
	counter_ask(v, f, ADHOC_COMPLETE);
}

static void
leave_done(void *arg, const struct cases_outcome *o)
{
	if (o->end == CASES_DONE)
		counter_case_end(arg, ADHOC_INFO, "leave_done");
	else
		counter_case_not_done(arg, o);
}

static void
leave_step(struct counter_visit *v)
{
	const struct case_step step = { .action = CASE_LEAVE,
		.jid = counter_jid(v),
		.by = counter_jid(v),
		.role = CASE_SELF,
		.lang = counter_lang(v) };

	if (counter_case_is_confirmed(v))
		cases_step(counter_daemon(v)->cases, &step, leave_done, v);
}

const struct counter_command counter_leave = { .node = "leave",
	.name_key = "command_leave",
	.roles = COUNTER_ANYBODY,
	.begin = leave_begin,
	.step = leave_step };

/* Steps in the life of a publisher, on the loop; see cases.h. */
#include "daemon/cases.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/clock.h"

#define KEPT_MAX 256 /* strings and blobs of one step */

struct cases {
	struct cases_setup s;
};

/* One step on its way.  What `step` points at is in `kept`. */
struct job {
	struct cases *cases;
	struct case_step step;
	struct case_rules rules;
	struct cases_outcome outcome;
	cases_done done;
	void *arg;
	void *kept[KEPT_MAX];
	size_t kept_count;
	bool is_out_of_memory;
};

int
cases_new(struct cases **r, const struct cases_setup *s, struct err *e)
{
	struct cases *c = calloc(1, sizeof *c);

	if (c == NULL)
		return err_set(e, "no memory for cases");
	c->s = *s;
	*r = c;
	return 0;
}

void
cases_free(struct cases *c)
{
	free(c);
}

struct store *
cases_reader(const struct cases *c)
{
	return c->s.reader;
}

const struct config *
cases_config(const struct cases *c)
{
	return checks_config(c->s.checks);
}

struct evidence *
cases_evidence(const struct cases *c)
{
	return c->s.evidence;
}

void
cases_trouble(const struct cases *c, const char *what, const struct err *e)
{
	c->s.on_trouble(c->s.arg, what, e);
}

/*
 * Rules and roles.
 */

enum case_role
cases_role(const struct cases *c, const char *jid)
{
	const struct config *config = cases_config(c);

	for (size_t i = 0; i < config->staff_count; i++)
		if (strcmp(config->staff[i].jid, jid) == 0)
			return strcmp(config->staff[i].role, "approver") == 0
			    ? CASE_APPROVER
			    : CASE_REVIEWER;
	return CASE_SELF;
}

size_t
cases_approver_count(const struct cases *c)
{
	const struct config *config = cases_config(c);
	size_t count = 0;

	for (size_t i = 0; i < config->staff_count; i++)
		count += strcmp(config->staff[i].role, "approver") == 0;
	return count;
}

static unsigned
approvals_of(const struct config *config, const char *category)
{
	const struct policy *p = &config->policy;
	int64_t most = 1;

	for (size_t i = 0; i < p->category_count; i++)
		if ((category == NULL ||
			strcmp(p->categories[i].id, category) == 0) &&
		    config->categories[i].approvals > most)
			most = config->categories[i].approvals;
	return (unsigned)most;
}

void
cases_rules(const struct cases *c, const char *category, struct case_rules *r)
{
	const struct config *config = cases_config(c);
	const struct config_limits *l = &config->limits;

	*r = (struct case_rules){ .approvals = approvals_of(config, category),
		.approver_count = (unsigned)cases_approver_count(c),
		.keep_for_s = config->evidence_keep_s,
		.proof_grace_s = config->proof.grace_s,
		.applications_per_account = l->applications_per_account,
		.applications_per_domain = l->applications_per_domain,
		.applications = l->applications,
		.proofs_per_account = l->proofs_per_account,
		.reports_per_account = l->reports_per_account };
}

const char *
cases_refusal_key(enum case_refusal refusal)
{
	static const char *const keys[] = {
		[CASE_ALLOWED] = "case_allowed",
		[CASE_NOT_FOUND] = "case_not_found",
		[CASE_WRONG_STATE] = "case_wrong_state",
		[CASE_CHANGED] = "case_changed",
		[CASE_FORBIDDEN] = "case_forbidden",
		[CASE_ONESELF] = "case_oneself",
		[CASE_SAME_PERSON] = "case_same_person",
		[CASE_NO_IDENTITY] = "case_no_identity",
		[CASE_NAME_TAKEN] = "case_name_taken",
		[CASE_NO_CATEGORY] = "case_no_category",
		[CASE_NOT_ACCEPTED] = "case_not_accepted",
		[CASE_ONCE] = "case_once",
		[CASE_LIMIT_ACCOUNT] = "case_limit_account",
		[CASE_LIMIT_DOMAIN] = "case_limit_domain",
		[CASE_LIMIT_ALL] = "case_limit_all",
		[CASE_NO_DOMAIN] = "case_no_domain",
		[CASE_CASE_OPEN] = "case_case_open",
		[CASE_MALFORMED] = "case_malformed",
	};

	return keys[refusal];
}

/*
 * Copies of what a step points at: who asks may be gone before the writer
 * comes to it.
 */

static void *
keep(struct job *j, const void *bytes, size_t len)
{
	void *copy;

	if (bytes == NULL || len == 0)
		return NULL;
	copy = j->kept_count == KEPT_MAX ? NULL : malloc(len);
	if (copy == NULL) {
		j->is_out_of_memory = true;
		return NULL;
	}
	memcpy(copy, bytes, len);
	j->kept[j->kept_count++] = copy;
	return copy;
}

static void
keep_text(struct job *j, const char **text)
{
	if (*text != NULL)
		*text = keep(j, *text, strlen(*text) + 1);
}

static void
keep_accepted(struct job *j)
{
	struct case_step *s = &j->step;
	struct case_acceptance *copy =
	    keep(j, s->accepted, s->accepted_count * sizeof *copy);

	for (size_t i = 0; copy != NULL && i < s->accepted_count; i++) {
		keep_text(j, &copy[i].category);
		keep_text(j, &copy[i].lang);
		keep_text(j, &copy[i].sha256);
	}
	s->accepted = copy;
}

static void
keep_proof(struct job *j)
{
	struct case_proof *copy = keep(j, j->step.proof, sizeof *copy);

	j->step.proof = copy;
	if (copy == NULL)
		return;
	keep_text(j, &copy->domain);
	keep_text(j, &copy->token);
	keep_text(j, &copy->dnssec);
	keep_text(j, &copy->detail);
}

static void
keep_report(struct job *j)
{
	struct case_report *copy = keep(j, j->step.report, sizeof *copy);

	j->step.report = copy;
	if (copy == NULL)
		return;
	keep_text(j, &copy->place);
	keep_text(j, &copy->post);
	keep_text(j, &copy->reason);
	keep_text(j, &copy->mark);
}

static int
keep_step(struct job *j, const struct case_step *step)
{
	struct case_step *s = &j->step;

	*s = *step;
	keep_text(j, &s->id);
	keep_text(j, &s->jid);
	keep_text(j, &s->by);
	keep_text(j, &s->lang);
	keep_text(j, &s->reason);
	keep_text(j, &s->category);
	keep_text(j, &s->evidence);
	s->fields = keep(j, s->fields, sizeof *s->fields);
	keep_accepted(j);
	keep_proof(j);
	keep_report(j);
	for (size_t i = 0; i < s->sealed_count; i++)
		s->sealed[i].blob =
		    keep(j, s->sealed[i].blob, s->sealed[i].len);
	return j->is_out_of_memory ? -1 : 0;
}

static void
job_free(struct job *j)
{
	for (size_t i = 0; i < j->kept_count; i++)
		free(j->kept[i]);
	free(j);
}

/*
 * Steps.
 */

static void
job_end(struct job *j)
{
	j->done(j->arg, &j->outcome);
	job_free(j);
}

static void
job_unavailable(struct job *j, const char *why)
{
	j->outcome.end = CASES_UNAVAILABLE;
	(void)err_set(&j->outcome.e, "%s", why);
	job_end(j);
}

/* On the worker's thread. */
static int
job_run(struct store *s, void *arg, struct err *e)
{
	struct job *j = arg;

	return store_case_step(s, &j->step, &j->rules, &j->outcome.result, e);
}

static void
job_told(void *arg, size_t told, size_t answered)
{
	struct job *j = arg;

	j->outcome.told = told;
	j->outcome.answered = answered;
	job_end(j);
}

static void
job_failed(struct job *j, const struct err *e)
{
	const struct cases_setup *s = &j->cases->s;

	j->outcome.e = *e;
	if (j->outcome.result.is_refused)
		j->outcome.end = CASES_REFUSED;
	else
		s->on_trouble(s->arg, "register", e);
	job_end(j);
}

static void
job_written(void *arg, int rc, const struct err *e)
{
	struct job *j = arg;
	const struct cases_setup *s = &j->cases->s;
	const struct case_result *r = &j->outcome.result;

	if (rc == -1) {
		job_failed(j, e);
		return;
	}
	j->outcome.end = CASES_DONE;
	if (r->has_notices)
		s->on_notices(s->arg);
	if (r->serial != 0)
		guards_recall(s->guards, r->serial, r->jid, job_told, j);
	else
		job_end(j);
}

void
cases_step(struct cases *c, const struct case_step *step, cases_done done,
    void *arg)
{
	struct cases_outcome none = { .end = CASES_UNAVAILABLE,
		.e = { "no memory" } };
	struct job *j = calloc(1, sizeof *j);
	struct err e;

	if (j == NULL) {
		done(arg, &none);
		return;
	}
	j->cases = c;
	j->done = done;
	j->arg = arg;
	if (keep_step(j, step) == -1) {
		job_unavailable(j, "no memory");
		return;
	}
	if (j->step.now_s == 0)
		j->step.now_s = clock_wall_s();
	cases_rules(c, step->category, &j->rules);
	if (writer_post(c->s.writer, job_run, job_written, j, &e) == -1)
		job_unavailable(j, e.text);
}

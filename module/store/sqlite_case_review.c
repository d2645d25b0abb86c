/* What staff do in a case. */
#include "store/sqlite_case.h"

#include <string.h>

#include "store/lifecycle.h"

int
flow_look(struct flow *f)
{
	struct application *a = &f->app;
	enum publisher_state to = a->kind == APPLICATION_NEW
	    ? caseflow_publisher(CASE_LOOK, f->standing)
	    : PUBLISHER_NONE;

	if (caseflow_next(CASE_LOOK, a->state) == APPLICATION_NONE)
		return flow_wrong_state(f);
	if (to != PUBLISHER_NONE &&
	    flow_decide(f, "review", to, NULL, NULL, 0) < 0)
		return -1;
	if (a->looked_s != 0)
		return 0;
	a->looked_s = f->step->now_s;
	return sql_run(f->s, f->e,
	    "UPDATE applications SET looked_s = ?2 WHERE id = ?1", "ti", a->id,
	    a->looked_s);
}

int
flow_ask(struct flow *f)
{
	struct application *a = &f->app;
	const char *question = flow_sealed(f, EVIDENCE_QUESTION);

	if (caseflow_next(CASE_ASK, a->state) == APPLICATION_NONE)
		return flow_wrong_state(f);
	if (question[0] == '\0' &&
	    (f->step->reason == NULL || f->step->reason[0] == '\0'))
		return caseflow_refuse(f->r, CASE_MALFORMED, f->e,
		    "the question is missing");
	if (flow_seal(f, a->id) < 0 ||
	    sql_run(f->s, f->e,
		"UPDATE applications SET question = ?2 WHERE id = ?1", "tt",
		a->id, question) < 0 ||
	    flow_move(f, APPLICATION_ASKED) < 0)
		return -1;
	return flow_notify(f,
	    &(struct flow_notice){ .kind = "asked",
		.name = a->name,
		.reason = f->step->reason,
		.evidence = question });
}

int
flow_identity(struct flow *f)
{
	const struct case_step *step = f->step;

	if (f->app.state != APPLICATION_NONE &&
	    caseflow_next(CASE_IDENTITY, f->app.state) == APPLICATION_NONE)
		return flow_wrong_state(f);
	if (f->standing == PUBLISHER_NONE)
		return flow_wrong_state(f);
	if (flow_seal(f, f->object) < 0)
		return -1;
	return sql_run(f->s, f->e,
	    "INSERT INTO identities (jid, method, checked_by, at_s, until_s,"
	    " evidence, application) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	    "tttiitt", f->jid, case_method_name(step->method), step->by,
	    step->now_s, step->until_s, flow_sealed(f, EVIDENCE_IDENTITY),
	    f->app.id);
}

int
flow_read(struct flow *f)
{
	return f->jid == NULL ? -1 : 0;
}

int
flow_note(struct flow *f)
{
	return flow_seal(f, f->object);
}

/*
 * Approving.
 */

/* Where the category stands in the application. */
static int
category_state(struct flow *f, enum application_state *r)
{
	const struct application *a = &f->app;

	for (unsigned i = 0; i < a->category_count; i++)
		if (strcmp(a->categories[i].id, f->step->category) == 0) {
			*r = a->categories[i].state;
			return 0;
		}
	return caseflow_refuse(f->r, CASE_NO_CATEGORY, f->e,
	    "the application does not want \"%s\"", f->step->category);
}

static int
check_category(struct flow *f)
{
	enum application_state state;
	int64_t n;
	int rc;

	if (f->app.kind == APPLICATION_CHANGE)
		return 0;
	if (f->step->category == NULL)
		return caseflow_refuse(f->r, CASE_MALFORMED, f->e,
		    "the category is missing");
	if (category_state(f, &state) < 0)
		return -1;
	if (state != APPLICATION_OPEN)
		return caseflow_refuse(f->r, CASE_WRONG_STATE, f->e,
		    "\"%s\" is %s already", f->step->category,
		    application_state_name(state));
	if (f->step->until_s <= f->step->now_s)
		return caseflow_refuse(f->r, CASE_MALFORMED, f->e,
		    "the approval would end before it begins");
	rc = sql_number(f->s, f->e, &n,
	    "SELECT (SELECT count(*) FROM approvals WHERE jid = ?2"
	    " AND category <> ?1) FROM categories WHERE id = ?1"
	    " AND removed_s IS NULL",
	    "tt", f->step->category, f->jid);
	if (rc < 0)
		return -1;
	if (rc == 0 || n >= PUBLISHER_APPROVALS_MAX)
		return caseflow_refuse(f->r, CASE_NO_CATEGORY, f->e,
		    rc == 0 ? "there is no category \"%s\""
			    : "\"%s\" would be one category too many",
		    f->step->category);
	return 0;
}

static int
check_identity(struct flow *f)
{
	int64_t one;
	int rc = sql_number(f->s, f->e, &one,
	    "SELECT 1 FROM identities WHERE jid = ?1 AND until_s > ?2 LIMIT 1",
	    "ti", f->jid, f->step->now_s);

	return rc != 0
	    ? (rc < 0 ? -1 : 0)
	    : caseflow_refuse(f->r, CASE_NO_IDENTITY, f->e,
		  "there is no identity check of %s that holds", f->jid);
}

/* The category of the vote: none for a change. */
static const char *
vote_category(const struct flow *f)
{
	return f->app.kind == APPLICATION_CHANGE ? "" : f->step->category;
}

/* Casts it; `*until_r` is the earliest end that was voted for. */
static int
vote(struct flow *f, int64_t *until_r)
{
	const struct case_step *step = f->step;
	const char *category = vote_category(f);
	int64_t voted = 0;
	int proved;
	unsigned needed;

	/* What has run out meanwhile is no vote any more. */
	if (sql_run(f->s, f->e,
		"DELETE FROM votes WHERE application = ?1 AND category = ?2"
		" AND until_s > 0 AND until_s <= ?3",
		"tti", f->app.id, category, step->now_s) < 0 ||
	    sql_run(f->s, f->e,
		"INSERT INTO votes (application, category, voter, at_s,"
		" until_s, reason) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
		" ON CONFLICT DO NOTHING",
		"tttiit", f->app.id, category, step->by, step->now_s,
		step->until_s, step->reason) < 0)
		return -1;
	if (sqlite3_changes64(f->s->db) == 0)
		return caseflow_refuse(f->r, CASE_SAME_PERSON, f->e,
		    "%s has approved it already: somebody else has to",
		    step->by);
	if (sql_number(f->s, f->e, &voted,
		"SELECT count(*) FROM votes WHERE application = ?1"
		" AND category = ?2",
		"tt", f->app.id, category) < 0 ||
	    sql_number(f->s, f->e, until_r,
		"SELECT min(until_s) FROM votes WHERE application = ?1"
		" AND category = ?2",
		"tt", f->app.id, category) < 0 ||
	    (proved = sqlite_proved(f->s, &f->app, f->e)) < 0)
		return -1;
	needed = caseflow_votes(f->rules, proved == 1);
	f->r->missing = voted >= (int64_t)needed ? 0 : needed - (unsigned)voted;
	return 0;
}

/* Under which version of its agreement; when that lapses. */
static int
approval_terms(struct flow *f, int64_t *version_r, int64_t *lapse_r)
{
	sqlite3_stmt *st = sql_query(f->s, f->e,
	    "SELECT t.version, t.lapse_s, (SELECT max(a.version)"
	    " FROM acceptances a WHERE a.jid = ?1 AND a.category = ?2)"
	    " FROM agreement_terms t WHERE t.category = ?2",
	    "tt", f->jid, f->step->category);
	int rc = sql_next(f->s, st, f->e);
	bool has_accepted;

	*version_r = *lapse_r = 0;
	if (rc != 1)
		return rc;
	has_accepted = sqlite3_column_type(st, 2) != SQLITE_NULL;
	*version_r = sqlite3_column_int64(st, has_accepted ? 2 : 0);
	if (*version_r < sqlite3_column_int64(st, 0))
		*lapse_r = sqlite3_column_int64(st, 1);
	sql_end(st);
	return 0;
}

static int
set_approval(struct flow *f, int64_t until_s)
{
	int64_t version, lapse_s;

	if (approval_terms(f, &version, &lapse_s) < 0)
		return -1;
	return sql_run(f->s, f->e,
	    "INSERT INTO approvals (jid, category, since_s, until_s, decision,"
	    " agreement, lapse_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
	    " ON CONFLICT (jid, category) DO UPDATE SET since_s ="
	    " CASE WHEN until_s > ?3 THEN since_s ELSE ?3 END,"
	    " until_s = ?4, decision = ?5, agreement = ?6, lapse_s = ?7,"
	    " is_over = 0, is_lapsed = 0",
	    "ttiiiii", f->jid, f->step->category, f->step->now_s, until_s,
	    f->r->decision, version, lapse_s);
}

/* What is public about a publisher from now on. */
static int
set_profile(struct flow *f)
{
	const struct application *a = &f->app;

	/* Looked at again from now on; the domain that was left is not. */
	if (sql_run(f->s, f->e,
		"UPDATE proofs SET next_s = CASE WHEN domain <> ?2 THEN 0"
		" WHEN next_s = 0 THEN ?3 ELSE next_s END WHERE jid = ?1",
		"tti", f->jid, a->domain,
		(int64_t)(f->step->now_s + CASE_DAY_S)) < 0)
		return -1;
	return sql_run(f->s, f->e,
	    "INSERT INTO profiles (jid, organisation, domain, website, lang,"
	    " method) VALUES (?1, ?2, ?3, ?4, ?5, (SELECT method"
	    " FROM identities WHERE jid = ?1 ORDER BY id DESC LIMIT 1))"
	    " ON CONFLICT (jid) DO UPDATE SET organisation = ?2, domain = ?3,"
	    " website = ?4, lang = ?5, method = excluded.method",
	    "ttttt", f->jid, a->organisation, a->domain, a->website, a->lang);
}

static int
set_name(struct flow *f)
{
	const struct application *a = &f->app;

	if (strcmp(a->name, f->name) == 0)
		return 0;
	if (flow_take_name(f, a->name) < 0 || flow_bump(f) < 0)
		return -1;
	(void)sqlite3_snprintf(sizeof f->name, f->name, "%s", a->name);
	return sql_run(f->s, f->e,
	    "UPDATE publishers SET name = ?2, changed_serial = ?3"
	    " WHERE jid = ?1",
	    "tti", f->jid, a->name, f->r->serial);
}

static int
set_category(struct flow *f, const char *category, enum application_state to)
{
	struct application *a = &f->app;

	for (unsigned i = 0; i < a->category_count; i++)
		if (category == NULL
			? a->categories[i].state == APPLICATION_OPEN
			: strcmp(a->categories[i].id, category) == 0)
			a->categories[i].state = to;
	return sql_run(f->s, f->e,
	    "UPDATE application_categories SET state = ?3"
	    " WHERE application = ?1 AND state = 'open'"
	    " AND (?2 IS NULL OR category = ?2)",
	    "ttt", a->id, category, application_state_name(to));
}

static unsigned
count_categories(const struct application *a, enum application_state state)
{
	unsigned n = 0;

	for (unsigned i = 0; i < a->category_count; i++)
		n += a->categories[i].state == state;
	return n;
}

static int
approve_change(struct flow *f)
{
	if (f->standing != PUBLISHER_APPROVED)
		return flow_wrong_state(f);
	if (flow_bump(f) < 0 || set_name(f) < 0 ||
	    flow_decide(f, "change", PUBLISHER_NONE, NULL, f->app.name, 0) <
		0 ||
	    set_profile(f) < 0 || flow_move(f, APPLICATION_APPROVED) < 0)
		return -1;
	return flow_notify(f,
	    &(struct flow_notice){ .kind = "changed",
		.domain = f->app.domain,
		.reason = f->step->reason });
}

static int
approve_category(struct flow *f, int64_t until_s)
{
	struct application *a = &f->app;
	enum publisher_state to = caseflow_publisher(CASE_APPROVE, f->standing);
	bool is_new = a->kind == APPLICATION_NEW;

	if (to == PUBLISHER_NONE)
		return flow_wrong_state(f);
	if (f->standing == PUBLISHER_EXPIRED &&
	    sqlite_evidence_again(f->s, f->jid, f->e) < 0)
		return -1;
	if ((is_new && set_name(f) < 0) ||
	    flow_decide(f, "approve", to, f->step->category, NULL, until_s) <
		0 ||
	    set_approval(f, until_s) < 0 || (is_new && set_profile(f) < 0) ||
	    set_category(f, f->step->category, APPLICATION_APPROVED) < 0 ||
	    flow_move(f,
		count_categories(a, APPLICATION_OPEN) > 0
		    ? APPLICATION_OPEN
		    : APPLICATION_APPROVED) < 0)
		return -1;
	return flow_notify(f,
	    &(struct flow_notice){ .kind = is_new ? "approved" : "renewed",
		.category = f->step->category,
		.reason = f->step->reason,
		.date_s = until_s });
}

int
flow_approve(struct flow *f)
{
	int64_t until_s = 0;

	if (caseflow_next(CASE_APPROVE, f->app.state) == APPLICATION_NONE)
		return flow_wrong_state(f);
	if (check_category(f) < 0 || check_identity(f) < 0 ||
	    vote(f, &until_s) < 0)
		return -1;
	if (f->r->missing > 0)
		return flow_move(f, APPLICATION_OPEN);
	f->r->has_effect = true;
	return f->app.kind == APPLICATION_CHANGE ? approve_change(f)
						 : approve_category(f, until_s);
}

/*
 * Refusing.
 */

/* What is left when the refused categories are gone. */
static enum application_state
state_after(const struct application *a)
{
	if (count_categories(a, APPLICATION_OPEN) > 0)
		return a->state;
	return count_categories(a, APPLICATION_APPROVED) > 0
	    ? APPLICATION_APPROVED
	    : APPLICATION_REFUSED;
}

static int
refuse_rest(struct flow *f)
{
	struct application *a = &f->app;
	const char *category = f->step->category;
	enum application_state state = APPLICATION_NONE;

	if (a->kind == APPLICATION_CHANGE && category != NULL)
		return caseflow_refuse(f->r, CASE_NO_CATEGORY, f->e,
		    "the application is about no category");
	if (category != NULL && category_state(f, &state) < 0)
		return -1;
	if (category != NULL && state != APPLICATION_OPEN)
		return caseflow_refuse(f->r, CASE_WRONG_STATE, f->e,
		    "\"%s\" is %s already", category,
		    application_state_name(state));
	return set_category(f, category, APPLICATION_REFUSED);
}

int
flow_refuse(struct flow *f)
{
	struct application *a = &f->app;
	enum publisher_state to = PUBLISHER_NONE;
	enum application_state state;

	if (caseflow_next(CASE_REFUSE, a->state) == APPLICATION_NONE)
		return flow_wrong_state(f);
	if (refuse_rest(f) < 0)
		return -1;
	state = a->kind == APPLICATION_CHANGE ? APPLICATION_REFUSED
					      : state_after(a);
	if (state == APPLICATION_REFUSED && a->kind == APPLICATION_NEW)
		to = caseflow_publisher(CASE_REFUSE, f->standing);
	if (flow_decide(f, "refuse", to, f->step->category, NULL, 0) < 0 ||
	    flow_move(f, state) < 0)
		return -1;
	if (state == APPLICATION_REFUSED &&
	    sqlite_evidence_over(f->s, a->id, f->step->now_s, f->e) < 0)
		return -1;
	return flow_notify(f,
	    &(struct flow_notice){ .kind = "refused",
		.name = a->name,
		.category = f->step->category,
		.reason = f->step->reason,
		.has_decision = state == APPLICATION_REFUSED });
}

/*
 * Suspending, restoring, revoking.
 */

static const char *
notice_of(enum case_action action)
{
	return action == CASE_SUSPEND ? "suspended"
	    : action == CASE_RESTORE  ? "restored"
				      : "revoked";
}

int
flow_standing_step(struct flow *f)
{
	enum case_action action = f->step->action;
	enum publisher_state to = caseflow_publisher(action, f->standing);

	if (to == PUBLISHER_NONE)
		return flow_wrong_state(f);
	if (flow_decide(f, case_action_name(action), to, NULL, NULL, 0) < 0 ||
	    (action == CASE_RESTORE && flow_proof_again(f) < 0))
		return -1;
	if (action == CASE_REVOKE &&
	    (flow_close_open(f, APPLICATION_REFUSED) < 0 ||
		sql_run(f->s, f->e,
		    "UPDATE evidence SET over_s = ?2 WHERE jid = ?1"
		    " AND over_s = 0 AND kind <> 'reporter'",
		    "ti", f->jid, f->step->now_s) < 0))
		return -1;
	return flow_notify(f,
	    &(struct flow_notice){ .kind = notice_of(action),
		.reason = f->step->reason,
		.has_decision = action != CASE_RESTORE });
}

/*
 * What a decision of mastheadctl's short way (store_decide) has to do with
 * cases: the identity check that it vouches for, the application that it
 * answers, the message.
 */

static int
vouch(struct sqlite *s, const struct decision *d, struct err *e)
{
	if (sql_run(s, e,
		"INSERT INTO identities (jid, method, checked_by, at_s,"
		" until_s, evidence, application)"
		" VALUES (?1, 'operator', ?2, ?3, ?4, '', '')",
		"ttii", d->jid, d->by, d->now_s, d->until_s) < 0)
		return -1;
	/* The operator's word stands for the newest agreement, too. */
	return sql_run(s, e,
	    "UPDATE approvals SET lapse_s = 0, is_lapsed = 0, is_over = 0,"
	    " agreement = ifnull((SELECT version FROM agreement_terms t"
	    " WHERE t.category = ?2), 0) WHERE jid = ?1 AND category = ?2",
	    "tt", d->jid, d->category);
}

static int
answer_application(struct sqlite *s, const struct decision *d, int64_t decision,
    struct err *e)
{
	if (sql_run(s, e,
		"UPDATE application_categories SET state = 'approved'"
		" WHERE state = 'open' AND category = ?2 AND application ="
		" (SELECT id FROM applications WHERE jid = ?1"
		" AND state IN ('open', 'asked'))",
		"tt", d->jid, d->category) < 0)
		return -1;
	return sql_run(s, e,
	    "UPDATE applications SET state = 'approved', version = version + 1,"
	    " since_s = ?2, changed_s = ?2, changed_by = ?3, decided_by = ?3,"
	    " decision = ?4 WHERE jid = ?1 AND state IN ('open', 'asked')"
	    " AND kind <> 'change' AND NOT EXISTS (SELECT 1"
	    " FROM application_categories c WHERE c.application ="
	    " applications.id AND c.state = 'open')",
	    "titi", d->jid, d->now_s, d->by, decision);
}

static enum case_action
action_of(enum decision_action action)
{
	switch (action) {
	case DECISION_APPROVE:
		return CASE_APPROVE;
	case DECISION_SUSPEND:
		return CASE_SUSPEND;
	case DECISION_RESTORE:
		return CASE_RESTORE;
	case DECISION_REVOKE:
		return CASE_REVOKE;
	case DECISION_ADD:
	case DECISION_RENAME:
		break;
	}
	return 0;
}

static int
tell(struct flow *f, const struct decision *d)
{
	enum case_action action = action_of(d->action);

	/* To be put on the register is nothing that one would be told before
	 * it has a consequence. */
	if (d->action == DECISION_ADD)
		return 0;
	if (d->action == DECISION_RENAME)
		return flow_notify(f,
		    &(struct flow_notice){ .kind = "changed",
			.reason = d->reason });
	if (action == CASE_APPROVE)
		return flow_notify(f,
		    &(struct flow_notice){ .kind = "approved",
			.category = d->category,
			.reason = d->reason,
			.date_s = d->until_s });
	return flow_notify(f,
	    &(struct flow_notice){ .kind = notice_of(action),
		.reason = d->reason,
		.has_decision = action != CASE_RESTORE });
}

int
sqlite_case_decided(struct sqlite *s, const struct decision *d,
    int64_t decision, struct err *e)
{
	struct case_result r = { .decision = decision };
	const struct case_step step = { .action = action_of(d->action),
		.jid = d->jid,
		.by = d->by,
		.role = CASE_OPERATOR,
		.now_s = d->now_s,
		.reason = d->reason,
		.category = d->category,
		.until_s = d->until_s };
	struct flow f = { .s = s,
		.step = &step,
		.r = &r,
		.e = e,
		.jid = d->jid,
		.object = "" };

	if (d->action == DECISION_APPROVE &&
	    (vouch(s, d, e) < 0 || answer_application(s, d, decision, e) < 0))
		return -1;
	if (flow_standing(&f) < 0 ||
	    (d->action == DECISION_RESTORE && flow_proof_again(&f) < 0))
		return -1;
	if (d->action == DECISION_REVOKE &&
	    (flow_close_open(&f, APPLICATION_REFUSED) < 0 ||
		sql_run(s, e,
		    "UPDATE evidence SET over_s = ?2 WHERE jid = ?1"
		    " AND over_s = 0 AND kind <> 'reporter'",
		    "ti", d->jid, d->now_s) < 0))
		return -1;
	/* Adding and renaming are in the list of decisions alone. */
	if (step.action != 0 && flow_event(&f) < 0)
		return -1;
	return tell(&f, d);
}

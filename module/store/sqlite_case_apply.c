/* What an account does in its own case. */
#include "store/sqlite_case.h"

#include <string.h>

#define DRAFTS_FACTOR 10 /* drafts there may be for each open application */

static const char *
host_of(const char *jid)
{
	const char *at = strchr(jid, '@');

	return at == NULL ? jid : at + 1;
}

/*
 * Limits.
 */

static int
check_limit(struct flow *f, int64_t limit, enum case_refusal why,
    const char *sql, const char *subject)
{
	int64_t n = 0;

	if (sql_number(f->s, f->e, &n, sql, "ti", subject,
		f->step->now_s - CASE_DAY_S) < 0)
		return -1;
	return n < limit
	    ? 0
	    : caseflow_refuse(f->r, why, f->e,
		  "%lld applications a day are the most", (long long)limit);
}

static int
check_open_limit(struct flow *f)
{
	int64_t open = 0, drafts = 0;

	if (sql_number(f->s, f->e, &open,
		"SELECT count(*) FROM applications"
		" WHERE state IN ('open', 'asked')",
		"") < 0 ||
	    sql_number(f->s, f->e, &drafts,
		"SELECT count(*) FROM applications WHERE state = 'draft'",
		"") < 0)
		return -1;
	/* Submitting makes a draft an open one: only that limit counts. */
	if (open < f->rules->applications &&
	    (f->step->action == CASE_SUBMIT ||
		drafts < f->rules->applications * DRAFTS_FACTOR))
		return 0;
	return caseflow_refuse(f->r, CASE_LIMIT_ALL, f->e,
	    "%lld applications are open, the most that there may be",
	    (long long)open);
}

static int
check_limits(struct flow *f)
{
	if (check_limit(f, f->rules->applications_per_account,
		CASE_LIMIT_ACCOUNT,
		"SELECT count(*) FROM applications"
		" WHERE jid = ?1 AND created_s > ?2",
		f->jid) < 0 ||
	    check_limit(f, f->rules->applications_per_domain, CASE_LIMIT_DOMAIN,
		"SELECT count(*) FROM applications"
		" WHERE host = ?1 AND created_s > ?2",
		host_of(f->jid)) < 0)
		return -1;
	return check_open_limit(f);
}

/*
 * Fields.
 */

static int
check_categories(struct flow *f)
{
	const struct application *a = f->step->fields;
	int64_t one;
	int rc;

	for (unsigned i = 0; i < a->category_count; i++) {
		rc = sql_number(f->s, f->e, &one,
		    "SELECT 1 FROM categories WHERE id = ?1"
		    " AND removed_s IS NULL",
		    "t", a->categories[i].id);
		if (rc < 0)
			return -1;
		if (rc == 0)
			return caseflow_refuse(f->r, CASE_NO_CATEGORY, f->e,
			    "there is no category \"%s\"", a->categories[i].id);
	}
	return 0;
}

/* Spaces around a name are no part of it. */
static void
copy_trimmed(char *r, size_t cap, const char *text)
{
	size_t len;

	text += strspn(text, " ");
	len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		len--;
	if (len >= cap)
		len = cap - 1;
	memcpy(r, text, len);
	r[len] = '\0';
}

/* A renewal says nothing new about who it is. */
static int
take_registered(struct flow *f)
{
	struct application *a = &f->app;
	sqlite3_stmt *st = sql_query(f->s, f->e,
	    "SELECT p.name, ifnull(q.organisation, ''), ifnull(q.domain, ''),"
	    " ifnull(q.website, '') FROM publishers p LEFT JOIN profiles q"
	    " ON q.jid = p.jid WHERE p.jid = ?1",
	    "t", f->jid);
	int rc = sql_next(f->s, st, f->e);

	if (rc != 1)
		return rc;
	(void)sqlite3_snprintf(sizeof a->name, a->name, "%s",
	    sqlite_column(st, 0));
	(void)sqlite3_snprintf(sizeof a->organisation, a->organisation, "%s",
	    sqlite_column(st, 1));
	(void)sqlite3_snprintf(sizeof a->domain, a->domain, "%s",
	    sqlite_column(st, 2));
	(void)sqlite3_snprintf(sizeof a->website, a->website, "%s",
	    sqlite_column(st, 3));
	sql_end(st);
	return 0;
}

static int
take_fields(struct flow *f)
{
	const struct application *from = f->step->fields;
	struct application *a = &f->app;

	copy_trimmed(a->name, sizeof a->name, from->name);
	copy_trimmed(a->organisation, sizeof a->organisation,
	    from->organisation);
	(void)sqlite3_snprintf(sizeof a->domain, a->domain, "%s", from->domain);
	(void)sqlite3_snprintf(sizeof a->website, a->website, "%s",
	    from->website);
	if (a->kind == APPLICATION_RENEWAL)
		return take_registered(f);
	return flow_check_name(f, a->name);
}

/* A change is about no category; the other kinds say which they want.  What
 * was decided already stays as it is. */
static int
write_categories(struct flow *f)
{
	const struct application *from = f->step->fields;

	if (sql_run(f->s, f->e,
		"DELETE FROM application_categories WHERE application = ?1"
		" AND state = 'open'",
		"t", f->app.id) < 0)
		return -1;
	for (unsigned i = 0;
	     f->app.kind != APPLICATION_CHANGE && i < from->category_count; i++)
		if (sql_run(f->s, f->e,
			"INSERT INTO application_categories"
			" (application, position, category, state)"
			" VALUES (?1, ?2, ?3, 'open') ON CONFLICT DO NOTHING",
			"tit", f->app.id, (int64_t)i,
			from->categories[i].id) < 0)
			return -1;
	return 0;
}

/* What was sealed before is replaced by what comes with the step. */
static int
write_evidence(struct flow *f)
{
	const char *fresh = flow_sealed(f, EVIDENCE_APPLICATION);

	if (flow_seal(f, f->app.id) < 0)
		return -1;
	if (fresh[0] == '\0')
		return 0;
	if (sql_run(f->s, f->e, "DELETE FROM evidence WHERE id = ?1", "t",
		f->app.evidence) < 0)
		return -1;
	return sql_run(f->s, f->e,
	    "UPDATE applications SET evidence = ?2 WHERE id = ?1", "tt",
	    f->app.id, fresh);
}

static int
write_fields(struct flow *f)
{
	const struct application *a = &f->app;

	if (sql_run(f->s, f->e,
		"UPDATE applications SET name = ?2, organisation = ?3,"
		" domain = ?4, website = ?5 WHERE id = ?1",
		"ttttt", a->id, a->name, a->organisation, a->domain,
		a->website) < 0)
		return -1;
	return write_categories(f) < 0 ? -1 : write_evidence(f);
}

/*
 * Drafts.
 */

static int
begin_draft(struct flow *f)
{
	struct application *a = &f->app;
	const struct case_step *step = f->step;

	if (!caseflow_may_apply(step->fields->kind, f->standing))
		return flow_wrong_state(f);
	if (check_limits(f) < 0)
		return -1;
	(void)sqlite3_snprintf(sizeof a->id, a->id, "%s", step->id);
	a->kind = step->fields->kind;
	a->created_s = a->since_s = step->now_s;
	return sql_run(f->s, f->e,
	    "INSERT INTO applications (id, jid, host, kind, state, version,"
	    " created_s, since_s, changed_s, changed_by, lang, name,"
	    " organisation, domain, website) VALUES (?1, ?2, ?3, ?4, 'draft',"
	    " 0, ?5, ?5, ?5, ?2, ?6, '', '', '', '')",
	    "ttttit", a->id, f->jid, host_of(f->jid),
	    application_kind_name(a->kind), step->now_s, f->lang);
}

/* The id is random and the account's own; it can be there already only if a
 * step is made twice. */
static int
check_fresh(struct flow *f)
{
	int64_t one;
	int rc = sql_number(f->s, f->e, &one,
	    "SELECT 1 FROM applications WHERE id = ?1", "t", f->step->id);

	return rc != 1 ? rc
		       : caseflow_refuse(f->r, CASE_WRONG_STATE, f->e,
			     "that application is over");
}

int
flow_draft(struct flow *f)
{
	const struct case_step *step = f->step;
	int rc = sqlite_application_current(f->s, f->jid, &f->app, f->e);

	if (rc < 0)
		return -1;
	if (rc == 1 && strcmp(f->app.id, step->id) != 0)
		return caseflow_refuse(f->r, CASE_ONCE, f->e,
		    "%s has an application already (%s)", f->jid,
		    application_state_name(f->app.state));
	if (caseflow_next(CASE_DRAFT, f->app.state) == APPLICATION_NONE)
		return flow_wrong_state(f);
	if (rc == 1 && step->version != 0 && step->version != f->app.version)
		return caseflow_refuse(f->r, CASE_CHANGED, f->e,
		    "the draft has changed meanwhile");
	if (rc == 0 && (check_fresh(f) < 0 || begin_draft(f) < 0))
		return -1;
	f->jid = step->jid;
	f->object = f->app.id;
	if (check_categories(f) < 0 || take_fields(f) < 0 ||
	    write_fields(f) < 0)
		return -1;
	/* That it was begun is history; how often it was mended is not, and
	 * would have no limit. */
	f->is_silent = rc == 1;
	return flow_move(f, APPLICATION_DRAFT);
}

/*
 * Agreements.
 */

/* What is accepted must be what is on record, and the newest. */
static int
accept_one(struct flow *f, const struct case_acceptance *a)
{
	int64_t at = 0;
	int rc = sql_number(f->s, f->e, &at,
	    "SELECT since_s FROM agreements WHERE category = ?1"
	    " AND version = ?2 AND lang = ?3 AND sha256 = ?4"
	    " AND version = (SELECT max(version) FROM agreements"
	    " WHERE category = ?1)",
	    "titt", a->category, a->version, a->lang, a->sha256);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return caseflow_refuse(f->r, CASE_NOT_ACCEPTED, f->e,
		    "version %lld of the agreement for \"%s\" is not the one"
		    " that is to be accepted",
		    (long long)a->version, a->category);
	return sql_run(f->s, f->e,
	    "INSERT INTO acceptances (jid, category, version, lang, sha256,"
	    " at_s, application) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	    "ttittit", f->jid, a->category, a->version, a->lang, a->sha256,
	    f->step->now_s, f->app.id);
}

static int
accept_all(struct flow *f)
{
	for (size_t i = 0; i < f->step->accepted_count; i++)
		if (accept_one(f, &f->step->accepted[i]) < 0)
			return -1;
	return 0;
}

/* Every category that is wanted has its newest agreement accepted, in this
 * application or before; one without an agreement wants nothing. */
static int
check_accepted(struct flow *f)
{
	sqlite3_stmt *st = sql_query(f->s, f->e,
	    "SELECT c.category FROM application_categories c"
	    " JOIN agreement_terms t ON t.category = c.category"
	    " WHERE c.application = ?1 AND c.state = 'open'"
	    " AND NOT EXISTS (SELECT 1"
	    " FROM acceptances a WHERE a.jid = ?2"
	    " AND a.category = c.category AND a.version = t.version"
	    " AND (?3 OR a.application = ?1)) LIMIT 1",
	    "tti", f->app.id, f->jid,
	    (int64_t)(f->app.kind == APPLICATION_RENEWAL));
	int rc = sql_next(f->s, st, f->e);

	if (rc != 1)
		return rc;
	(void)caseflow_refuse(f->r, CASE_NOT_ACCEPTED, f->e,
	    "the agreement for \"%s\" was not accepted", sqlite_column(st, 0));
	sql_end(st);
	return -1;
}

/* An approval stands on what was accepted for it; 1, 0 (there is none) or
 * -1. */
static int
hold_to(struct flow *f, const struct case_acceptance *a)
{
	if (sql_run(f->s, f->e,
		"UPDATE approvals SET agreement = ?3, lapse_s = 0,"
		" is_lapsed = 0 WHERE jid = ?1 AND category = ?2",
		"tti", f->jid, a->category, a->version) < 0)
		return -1;
	if (sqlite3_changes64(f->s->db) == 0)
		return 0;
	if (flow_bump(f) < 0 ||
	    sql_run(f->s, f->e,
		"UPDATE publishers SET changed_serial = ?2 WHERE jid = ?1",
		"ti", f->jid, f->r->serial) < 0)
		return -1;
	return 1;
}

/* What comes with an application; with a renewal it holds at once, however
 * long that waits. */
static int
accept_applied(struct flow *f)
{
	if (accept_all(f) < 0)
		return -1;
	for (size_t i = 0;
	     f->app.kind == APPLICATION_RENEWAL && i < f->step->accepted_count;
	     i++)
		if (hold_to(f, &f->step->accepted[i]) < 0)
			return -1;
	return check_accepted(f);
}

int
flow_agree(struct flow *f)
{
	const struct case_step *step = f->step;

	if (f->standing != PUBLISHER_APPROVED &&
	    f->standing != PUBLISHER_SUSPENDED)
		return flow_wrong_state(f);
	if (step->accepted_count == 0)
		return caseflow_refuse(f->r, CASE_NOT_ACCEPTED, f->e,
		    "nothing was accepted");
	if (accept_all(f) < 0)
		return -1;
	for (size_t i = 0; i < step->accepted_count; i++) {
		int rc = hold_to(f, &step->accepted[i]);

		if (rc < 0)
			return -1;
		if (rc == 0)
			return caseflow_refuse(f->r, CASE_NO_CATEGORY, f->e,
			    "%s is not approved for \"%s\"", f->jid,
			    step->accepted[i].category);
	}
	return 0;
}

/*
 * Submitting, answering, withdrawing.
 */

/* The publisher's row, or its earlier one taken up again. */
static int
become_applied(struct flow *f)
{
	if (flow_take_name(f, f->app.name) < 0 || flow_bump(f) < 0)
		return -1;
	if (f->standing == PUBLISHER_NONE) {
		if (sql_run(f->s, f->e,
			"INSERT INTO publishers (jid, name, state,"
			" state_since_s, changed_serial)"
			" VALUES (?1, ?2, 'applied', ?3, ?4)",
			"ttii", f->jid, f->app.name, f->step->now_s,
			f->r->serial) < 0)
			return -1;
	} else if (sql_run(f->s, f->e, "DELETE FROM approvals WHERE jid = ?1",
		       "t", f->jid) < 0 ||
	    sql_run(f->s, f->e,
		"UPDATE publishers SET name = ?2 WHERE jid = ?1", "tt", f->jid,
		f->app.name) < 0) {
		return -1;
	}
	(void)sqlite3_snprintf(sizeof f->name, f->name, "%s", f->app.name);
	/* Without the name: decisions are for ever, and whoever is turned away
	 * may have it erased. */
	return flow_decide(f, "apply", PUBLISHER_APPLIED, NULL, NULL, 0);
}

/* What the draft wants may have left the configuration since. */
static int
check_kept_categories(struct flow *f)
{
	sqlite3_stmt *st = sql_query(f->s, f->e,
	    "SELECT c.category FROM application_categories c JOIN categories k"
	    " ON k.id = c.category WHERE c.application = ?1"
	    " AND k.removed_s IS NOT NULL LIMIT 1",
	    "t", f->app.id);
	int rc = sql_next(f->s, st, f->e);

	if (rc != 1)
		return rc;
	(void)caseflow_refuse(f->r, CASE_NO_CATEGORY, f->e,
	    "there is no category \"%s\" any more", sqlite_column(st, 0));
	sql_end(st);
	return -1;
}

int
flow_submit(struct flow *f)
{
	struct application *a = &f->app;

	if (caseflow_next(CASE_SUBMIT, a->state) == APPLICATION_NONE ||
	    !caseflow_may_apply(a->kind, f->standing))
		return flow_wrong_state(f);
	if (check_open_limit(f) < 0 || flow_check_name(f, a->name) < 0 ||
	    check_kept_categories(f) < 0 || accept_applied(f) < 0)
		return -1;
	if (a->kind == APPLICATION_NEW && become_applied(f) < 0)
		return -1;
	a->submitted_s = f->step->now_s;
	return flow_move(f, APPLICATION_OPEN) < 0
	    ? -1
	    : flow_notify(f,
		  &(struct flow_notice){ .kind = "submitted",
		      .name = a->name });
}

int
flow_answer(struct flow *f)
{
	struct application *a = &f->app;

	if (caseflow_next(CASE_ANSWER, a->state) == APPLICATION_NONE)
		return flow_wrong_state(f);
	if (check_categories(f) < 0 || take_fields(f) < 0 ||
	    write_fields(f) < 0 || accept_applied(f) < 0)
		return -1;
	/* They were given to what it said before. */
	if (sql_run(f->s, f->e, "DELETE FROM votes WHERE application = ?1", "t",
		a->id) < 0)
		return -1;
	if (a->kind == APPLICATION_NEW && strcmp(a->name, f->name) != 0 &&
	    f->standing != PUBLISHER_APPROVED &&
	    (flow_take_name(f, a->name) < 0 || flow_bump(f) < 0 ||
		sql_run(f->s, f->e,
		    "UPDATE publishers SET name = ?2, changed_serial = ?3"
		    " WHERE jid = ?1",
		    "tti", f->jid, a->name, f->r->serial) < 0))
		return -1;
	return flow_move(f, APPLICATION_OPEN) < 0
	    ? -1
	    : flow_notify(f,
		  &(struct flow_notice){ .kind = "answered", .name = a->name });
}

static bool
is_partly_approved(const struct application *a)
{
	for (unsigned i = 0; i < a->category_count; i++)
		if (a->categories[i].state == APPLICATION_APPROVED)
			return true;
	return false;
}

int
flow_withdraw(struct flow *f)
{
	struct application *a = &f->app;
	enum publisher_state to =
	    a->submitted_s != 0 && a->kind == APPLICATION_NEW
	    ? caseflow_publisher(CASE_WITHDRAW, f->standing)
	    : PUBLISHER_NONE;

	if (caseflow_next(CASE_WITHDRAW, a->state) == APPLICATION_NONE)
		return flow_wrong_state(f);
	if (to != PUBLISHER_NONE &&
	    flow_decide(f, "withdraw", to, NULL, NULL, 0) < 0)
		return -1;
	/* What an approval stands on is kept for as long as it stands. */
	if (flow_move(f, APPLICATION_WITHDRAWN) < 0 ||
	    (!is_partly_approved(a) &&
		sqlite_evidence_over(f->s, a->id, f->step->now_s, f->e) < 0))
		return -1;
	/* The account knows of a draft that nobody else has seen. */
	return a->submitted_s == 0
	    ? 0
	    : flow_notify(f,
		  &(struct flow_notice){ .kind = "withdrawn",
		      .name = a->name });
}

int
flow_close_open(struct flow *f, enum application_state to)
{
	int rc = sqlite_application_current(f->s, f->jid, &f->app, f->e);

	if (rc <= 0)
		return rc;
	if (f->app.state == APPLICATION_DRAFT)
		to = APPLICATION_WITHDRAWN;
	rc = flow_move(f, to) < 0
	    ? -1
	    : sqlite_evidence_over(f->s, f->app.id, f->step->now_s, f->e);
	f->app.state = APPLICATION_NONE;
	f->app.id[0] = '\0';
	return rc;
}

/* All that was sealed about the account is over. */
static int
end_evidence(struct flow *f)
{
	return sql_run(f->s, f->e,
	    "UPDATE evidence SET over_s = ?2 WHERE jid = ?1 AND over_s = 0"
	    " AND kind <> 'reporter'",
	    "ti", f->jid, f->step->now_s);
}

int
flow_leave(struct flow *f)
{
	enum publisher_state to = caseflow_publisher(CASE_LEAVE, f->standing);

	if (to == PUBLISHER_NONE)
		return flow_wrong_state(f);
	if (flow_decide(f, "leave", to, NULL, NULL, 0) < 0 ||
	    flow_close_open(f, APPLICATION_WITHDRAWN) < 0 ||
	    end_evidence(f) < 0)
		return -1;
	return flow_notify(f, &(struct flow_notice){ .kind = "left" });
}

/*
 * Erasing.
 */

static int
check_no_case(struct flow *f)
{
	int64_t one;
	int rc = sql_number(f->s, f->e, &one,
	    "SELECT 1 FROM applications WHERE jid = ?1"
	    " AND state IN ('open', 'asked') UNION ALL"
	    " SELECT 1 FROM appeals WHERE jid = ?1 AND state = 'open' LIMIT 1",
	    "t", f->jid);

	return rc != 1 ? rc
		       : caseflow_refuse(f->r, CASE_CASE_OPEN, f->e,
			     "%s has a case that is open", f->jid);
}

/* What closed applications said in the clear, and proofs; but not of those
 * who are approved, for whom it is public. */
static int
erase_plain(struct flow *f)
{
	static const char *const sql[] = {
		"UPDATE applications SET name = '', organisation = '',"
		" domain = '', website = '' WHERE jid = ?1",
		"DELETE FROM proofs WHERE jid = ?1",
		"DELETE FROM profiles WHERE jid = ?1",
		"DELETE FROM notices WHERE jid = ?1",
		"UPDATE publishers SET name = state || ' ' ||"
		" ifnull(case_id, jid) WHERE jid = ?1"
		" AND state IN ('rejected', 'withdrawn')",
	};

	if (f->standing == PUBLISHER_APPROVED ||
	    f->standing == PUBLISHER_SUSPENDED)
		return 0;
	for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++)
		if (sql_run(f->s, f->e, sql[i], "t", f->jid) < 0)
			return -1;
	return 0;
}

/* What is sealed about the account; who reports it is somebody else, and that
 * has a time of its own. */
static int
erase_sealed(struct flow *f)
{
	if (sql_run(f->s, f->e,
		"UPDATE evidence SET blob = NULL, key = NULL, erased_s = ?2"
		" WHERE jid = ?1 AND blob IS NOT NULL AND kind <> 'reporter'",
		"ti", f->jid, f->step->now_s) < 0)
		return -1;
	f->r->erased += (unsigned)sqlite3_changes64(f->s->db);
	return 0;
}

/* What the account has said as a reader; not while staff look into it. */
static int
erase_reported(struct flow *f)
{
	const char *mark =
	    f->step->report == NULL ? NULL : f->step->report->mark;

	if (mark == NULL)
		return 0;
	if (sql_run(f->s, f->e,
		"UPDATE evidence SET blob = NULL, key = NULL, erased_s = ?2"
		" WHERE blob IS NOT NULL AND id IN (SELECT r.evidence"
		" FROM reporters r JOIN reports p ON p.id = r.report"
		" WHERE r.mark = ?1 AND p.is_open = 0)",
		"ti", mark, f->step->now_s) < 0)
		return -1;
	f->r->erased += (unsigned)sqlite3_changes64(f->s->db);
	return sql_run(f->s, f->e,
	    "UPDATE reporters SET mark = evidence WHERE mark = ?1 AND report IN"
	    " (SELECT id FROM reports WHERE is_open = 0)",
	    "t", mark);
}

/* Whether there is anything but history about the account; 1, 0 or -1. */
static int
has_something(struct flow *f)
{
	int64_t one;

	return f->r->erased > 0
	    ? 1
	    : sql_number(f->s, f->e, &one,
		  "SELECT 1 FROM applications WHERE jid = ?1 AND name <> ''"
		  " UNION ALL SELECT 1 FROM proofs WHERE jid = ?1"
		  " UNION ALL SELECT 1 FROM profiles WHERE jid = ?1 LIMIT 1",
		  "t", f->jid);
}

int
flow_erase(struct flow *f)
{
	int rc;

	if (check_no_case(f) < 0 ||
	    flow_close_open(f, APPLICATION_WITHDRAWN) < 0 ||
	    erase_sealed(f) < 0 || erase_reported(f) < 0 ||
	    (rc = has_something(f)) < 0)
		return -1;
	/* History is for ever: it does not grow by what changes nothing, nor
	 * keep the address of somebody about whom there was nothing. */
	f->is_silent = rc == 0;
	if (f->is_silent)
		return 0;
	if (erase_plain(f) < 0)
		return -1;
	return flow_notify(f,
	    &(struct flow_notice){ .kind = "erased", .name = "" });
}

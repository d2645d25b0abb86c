/* Appeals against decisions, and reports of readers. */
#include "store/sqlite_case.h"

#include <string.h>

/*
 * Which decision can be appealed against: the one behind the account's state
 * if that is a refusal, suspension or revocation, otherwise the refusal of
 * its last renewal or change; and only if nobody did yet.
 */
const char sqlite_appealable[] =
    "SELECT d FROM (SELECT case_id AS d, 2 AS o FROM publishers"
    " WHERE jid = ?1 AND state IN ('rejected', 'suspended', 'revoked')"
    " UNION ALL SELECT decision, 1 FROM (SELECT decision, state"
    " FROM applications WHERE jid = ?1 ORDER BY created_s DESC, rowid DESC"
    " LIMIT 1) WHERE state = 'refused') WHERE d IS NOT NULL AND d NOT IN"
    " (SELECT decision FROM appeals WHERE jid = ?1) ORDER BY o DESC LIMIT 1";

static int
check_appealable(struct flow *f)
{
	int64_t decision = 0, one;
	int rc = sql_number(f->s, f->e, &one,
	    "SELECT 1 FROM appeals WHERE decision = ?1", "i",
	    f->step->decision);

	if (rc < 0)
		return -1;
	if (rc == 1)
		return caseflow_refuse(f->r, CASE_ONCE, f->e,
		    "there was an appeal against that already");
	rc = sql_number(f->s, f->e, &decision, sqlite_appealable, "t", f->jid);
	if (rc < 0)
		return -1;
	if (rc == 0 || decision != f->step->decision)
		return caseflow_refuse(f->r, CASE_NOT_FOUND, f->e,
		    "there is no such decision that could be appealed against");
	return 0;
}

int
flow_appeal(struct flow *f)
{
	const struct case_step *step = f->step;
	const char *text = flow_sealed(f, EVIDENCE_APPEAL);

	if (text[0] == '\0')
		return caseflow_refuse(f->r, CASE_MALFORMED, f->e,
		    "the appeal says nothing");
	if (check_appealable(f) < 0 || flow_seal(f, step->id) < 0)
		return -1;
	if (sql_run(f->s, f->e,
		"INSERT INTO appeals (id, jid, decision, application, evidence,"
		" state, at_s) VALUES (?1, ?2, ?3, ifnull((SELECT id"
		" FROM applications WHERE jid = ?2 AND decision = ?3"
		" AND state = 'refused'), ''), ?4, 'open', ?5)",
		"ttiti", step->id, f->jid, step->decision, text,
		step->now_s) < 0)
		return -1;
	return flow_notify(f, &(struct flow_notice){ .kind = "appeal" });
}

/* Somebody else than who decided first, unless nobody else is there. */
static int
check_other(struct flow *f)
{
	int64_t others = 0;

	if (strcmp(f->step->by, f->appeal.first_by) != 0)
		return 0;
	if (sql_number(f->s, f->e, &others,
		"SELECT count(*) FROM staff WHERE role = 'approver'"
		" AND jid <> ?1 AND jid <> ?2",
		"tt", f->appeal.first_by, f->jid) < 0)
		return -1;
	return others == 0
	    ? 0
	    : caseflow_refuse(f->r, CASE_SAME_PERSON, f->e,
		  "%s decided that: somebody else has to now", f->step->by);
}

/* The refused application is open again, as it was. */
static int
reopen(struct flow *f)
{
	const char *id = f->appeal.application;
	int64_t now_s = f->step->now_s;

	if (sql_run(f->s, f->e,
		"UPDATE applications SET state = 'withdrawn', since_s = ?2,"
		" changed_s = ?2, version = version + 1"
		" WHERE jid = ?1 AND state = 'draft'",
		"ti", f->jid, now_s) < 0 ||
	    sql_run(f->s, f->e,
		"UPDATE application_categories SET state = 'open'"
		" WHERE application = ?1 AND state = 'refused'",
		"t", id) < 0 ||
	    sql_run(f->s, f->e, "DELETE FROM votes WHERE application = ?1", "t",
		id) < 0 ||
	    sqlite_evidence_over(f->s, id, 0, f->e) < 0)
		return -1;
	if (flow_application(f, id) < 0)
		return -1;
	f->object = f->appeal.id;
	return caseflow_next(CASE_APPEAL_UPHOLD, f->app.state) ==
		APPLICATION_NONE
	    ? flow_wrong_state(f)
	    : flow_move(f, APPLICATION_OPEN);
}

static int
check_no_other_open(struct flow *f)
{
	int64_t one;
	int rc = sql_number(f->s, f->e, &one,
	    "SELECT 1 FROM applications WHERE jid = ?1"
	    " AND state IN ('open', 'asked')",
	    "t", f->jid);

	return rc != 1
	    ? rc
	    : caseflow_refuse(f->r, CASE_WRONG_STATE, f->e,
		  "%s has applied again meanwhile: decide that", f->jid);
}

static int
uphold(struct flow *f)
{
	enum publisher_state to = PUBLISHER_NONE;
	bool is_refusal = f->appeal.application[0] != '\0';
	bool is_standing = f->standing_case == f->appeal.decision;

	if (is_standing)
		to = caseflow_publisher(CASE_APPEAL_UPHOLD, f->standing);
	/* A renewal or change was refused; the publisher stood all along. */
	if (!is_refusal && to == PUBLISHER_NONE)
		return caseflow_refuse(f->r, CASE_WRONG_STATE, f->e,
		    "the decision is no longer in force: dismiss the appeal");
	if (is_refusal && check_no_other_open(f) < 0)
		return -1;
	if (flow_decide(f, "uphold", to, NULL, NULL, 0) < 0)
		return -1;
	if (to == PUBLISHER_APPROVED &&
	    (flow_proof_again(f) < 0 ||
		sqlite_evidence_again(f->s, f->jid, f->e) < 0))
		return -1;
	return is_refusal ? reopen(f) : 0;
}

int
flow_appeal_decide(struct flow *f)
{
	const struct case_step *step = f->step;
	bool is_upheld = step->action == CASE_APPEAL_UPHOLD;

	if (f->appeal.state != APPEAL_OPEN) {
		(void)sqlite3_snprintf(sizeof f->r->by, f->r->by, "%s",
		    f->appeal.closed_by);
		f->r->at_s = f->appeal.closed_s;
		return caseflow_refuse(f->r, CASE_WRONG_STATE, f->e,
		    "%s has decided it already", f->appeal.closed_by);
	}
	if (check_other(f) < 0)
		return -1;
	if (is_upheld
		? uphold(f) < 0
		: flow_decide(f, "dismiss", PUBLISHER_NONE, NULL, NULL, 0) < 0)
		return -1;
	if (sql_run(f->s, f->e,
		"UPDATE appeals SET state = ?2, closed_s = ?3, closed_by = ?4,"
		" version = version + 1 WHERE id = ?1",
		"ttit", f->appeal.id,
		appeal_state_name(is_upheld ? APPEAL_UPHELD : APPEAL_DISMISSED),
		step->now_s, step->by) < 0 ||
	    sqlite_evidence_over(f->s, f->appeal.id, step->now_s, f->e) < 0)
		return -1;
	return flow_notify(f,
	    &(struct flow_notice){ .kind = is_upheld ? "appeal-upheld"
						     : "appeal-dismissed",
		.reason = step->reason });
}

/*
 * Reports.
 */

static int
check_limit(struct flow *f)
{
	int64_t n = 0;

	if (sql_number(f->s, f->e, &n,
		"SELECT count(*) FROM reporters WHERE mark = ?1 AND at_s > ?2",
		"ti", f->step->report->mark, f->step->now_s - CASE_DAY_S) < 0)
		return -1;
	return n < f->rules->reports_per_account
	    ? 0
	    : caseflow_refuse(f->r, CASE_LIMIT_ACCOUNT, f->e,
		  "%lld reports a day are the most",
		  (long long)f->rules->reports_per_account);
}

/* An open report of the same post, whose id goes to the result. */
static int
find_same(struct flow *f)
{
	const struct case_report *p = f->step->report;
	sqlite3_stmt *st = sql_query(f->s, f->e,
	    "SELECT id FROM reports WHERE jid = ?1 AND place = ?2"
	    " AND post = ?3 AND is_open = 1",
	    "ttt", f->jid, p->place, p->post);
	int rc = sql_next(f->s, st, f->e);

	if (rc != 1)
		return rc;
	rc = sqlite_column_copy(f->s, st, 0, f->r->id, sizeof f->r->id, f->e);
	sql_end(st);
	f->object = f->r->id;
	f->r->is_joined = true;
	return rc;
}

static int
write_report(struct flow *f)
{
	const struct case_report *p = f->step->report;

	if (f->r->is_joined)
		return sql_run(f->s, f->e,
		    "UPDATE reports SET count = count + 1, last_s = ?2"
		    " WHERE id = ?1",
		    "ti", f->object, f->step->now_s);
	return sql_run(f->s, f->e,
	    "INSERT INTO reports (id, jid, place, post, at_s, last_s)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
	    "tttti", f->step->id, f->jid, p->place, p->post, f->step->now_s);
}

/* Whether everybody may know that the account is on the register; who has
 * only applied looks like somebody who has not. */
static bool
is_public(enum publisher_state s)
{
	return s == PUBLISHER_APPROVED || s == PUBLISHER_SUSPENDED ||
	    s == PUBLISHER_REVOKED || s == PUBLISHER_EXPIRED;
}

int
flow_report(struct flow *f)
{
	const struct case_step *step = f->step;

	if (!is_public(f->standing))
		return caseflow_refuse(f->r, CASE_NOT_FOUND, f->e,
		    "%s is no publisher", f->jid);
	if (check_limit(f) < 0 || find_same(f) < 0)
		return -1;
	if (sql_run(f->s, f->e,
		"INSERT INTO reporters (report, mark, at_s, lang, reason,"
		" evidence) VALUES (?1, ?2, ?3, ifnull(?4, ''), ?5, ?6)"
		" ON CONFLICT DO NOTHING",
		"ttittt", f->object, step->report->mark, step->now_s,
		step->lang, step->report->reason,
		flow_sealed(f, EVIDENCE_REPORTER)) < 0)
		return -1;
	/* Told twice by the same reader: once is enough. */
	if (sqlite3_changes64(f->s->db) == 0)
		return caseflow_refuse(f->r, CASE_ONCE, f->e,
		    "that was reported by the same reader already");
	return write_report(f) < 0 ? -1 : flow_seal(f, f->object);
}

int
flow_report_close(struct flow *f)
{
	const struct case_step *step = f->step;

	if (sql_run(f->s, f->e,
		"UPDATE reports SET is_open = 0, closed_s = ?2, closed_by = ?3,"
		" result = ?4, is_founded = ?5 WHERE id = ?1",
		"titti", f->object, step->now_s, step->by, step->reason,
		(int64_t)step->is_founded) < 0)
		return -1;
	/* Who is to hear of it is sealed: whoever sends it has to look. */
	if (sql_run(f->s, f->e,
		"INSERT INTO notices (at_s, date_s, jid, lang, kind, category,"
		" reason, name, domain, application, evidence, decision)"
		" SELECT ?2, 0, '', lang, 'reported-result', '', ?3, ?4, '',"
		" '', evidence, NULL FROM reporters WHERE report = ?1",
		"titt", f->object, step->now_s, step->reason, f->name) < 0)
		return -1;
	f->r->has_notices = true;
	return sqlite_evidence_over(f->s, f->object, step->now_s, f->e);
}

/* Proofs of domain: what checks found, and what that leads to. */
#include "store/sqlite_case.h"

#include <string.h>

/* Suspended by the clock for a lost proof, and for nothing else. */
#define LOST_REASON_SQL "decided_by = 'masthead' AND action = 'suspend'"

int
sqlite_proved(struct sqlite *s, const struct application *a, struct err *e)
{
	int64_t is_new = a->kind == APPLICATION_NEW;
	int64_t one;

	/* What a publisher stands on is looked at on a schedule; any other
	 * domain has to be proved for this very application. */
	return sql_number(s, e, &one,
	    "SELECT 1 FROM proofs WHERE jid = ?1 AND domain = ?2"
	    " AND proved_s > 0 AND lost_s = 0 AND outcome <> 'failed'"
	    " AND CASE WHEN ?4 THEN proved_s >= ?3 AND begun_s >= ?3"
	    " ELSE proved_s >= ?3 OR EXISTS (SELECT 1 FROM profiles q"
	    " WHERE q.jid = ?1 AND q.domain = ?2) END",
	    "ttii", a->jid, a->domain, a->created_s, is_new);
}

int
flow_proof_again(struct flow *f)
{
	return sql_run(f->s, f->e,
	    "UPDATE proofs SET lost_s = 0 WHERE jid = ?1", "t", f->jid);
}

/* The domain must be what the account applies with, or is approved with. */
static int
check_domain(struct flow *f)
{
	int64_t one;
	int rc = sql_number(f->s, f->e, &one,
	    "SELECT 1 FROM applications WHERE jid = ?1 AND domain = ?2"
	    " AND state IN ('draft', 'open', 'asked') UNION ALL"
	    " SELECT 1 FROM profiles WHERE jid = ?1 AND domain = ?2 LIMIT 1",
	    "tt", f->jid, f->step->proof->domain);

	return rc != 0
	    ? (rc < 0 ? -1 : 0)
	    : caseflow_refuse(f->r, CASE_NO_DOMAIN, f->e,
		  "%s is not the domain of %s", f->step->proof->domain, f->jid);
}

/* Checks, and tokens: each is in the history. */
static int
check_limit(struct flow *f)
{
	int64_t n = 0;

	if (f->step->role != CASE_SELF)
		return 0;
	if (sql_number(f->s, f->e, &n,
		"SELECT count(*) FROM events WHERE jid = ?1"
		" AND action = ?3 AND at_s > ?2 AND role = 'self'",
		"tit", f->jid, f->step->now_s - CASE_DAY_S,
		case_action_name(f->step->action)) < 0)
		return -1;
	return n < f->rules->proofs_per_account
	    ? 0
	    : caseflow_refuse(f->r, CASE_LIMIT_ACCOUNT, f->e,
		  "%lld checks a day are the most",
		  (long long)f->rules->proofs_per_account);
}

int
flow_proof_begin(struct flow *f)
{
	const struct case_proof *p = f->step->proof;

	if (check_domain(f) < 0 || check_limit(f) < 0)
		return -1;
	/* One that stands goes on standing until a check says otherwise. */
	return sql_run(f->s, f->e,
	    "INSERT INTO proofs (jid, domain, method, token, outcome, dnssec,"
	    " detail, begun_s) VALUES (?1, ?2, ?3, ?4, 'unchecked', '', '', ?5)"
	    " ON CONFLICT (jid, domain) DO UPDATE SET method = ?3, token = ?4,"
	    " begun_s = ?5, outcome = 'unchecked', detail = '', dnssec = ''",
	    "tttti", f->jid, p->domain, proof_method_name(p->method), p->token,
	    f->step->now_s);
}

/* How the proof stood before this check. */
struct standing_proof {
	int64_t proved_s, lost_s;
};

static int
find_proof(struct flow *f, struct standing_proof *r)
{
	sqlite3_stmt *st = sql_query(f->s, f->e,
	    "SELECT proved_s, lost_s FROM proofs WHERE jid = ?1"
	    " AND domain = ?2",
	    "tt", f->jid, f->step->proof->domain);
	int rc = sql_next(f->s, st, f->e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return caseflow_refuse(f->r, CASE_NO_DOMAIN, f->e,
		    "no proof of %s was begun", f->step->proof->domain);
	r->proved_s = sqlite3_column_int64(st, 0);
	r->lost_s = sqlite3_column_int64(st, 1);
	sql_end(st);
	return 0;
}

static int
write_outcome(struct flow *f)
{
	const struct case_proof *p = f->step->proof;
	const char *method = proof_method_name(p->method);

	return sql_run(f->s, f->e,
	    "UPDATE proofs SET outcome = ?3, dnssec = ifnull(?4, ''),"
	    " detail = ifnull(?5, ''), checked_s = ?6, next_s = ?7,"
	    " method = CASE ?8 WHEN '' THEN method ELSE ?8 END,"
	    " tries = CASE ?3 WHEN 'ok' THEN 0 ELSE tries + 1 END,"
	    " proved_s = CASE ?3 WHEN 'ok' THEN ?6 ELSE proved_s END,"
	    " lost_s = CASE WHEN ?3 = 'ok' THEN 0"
	    " WHEN ?3 = 'failed' AND proved_s > 0 AND lost_s = 0 THEN ?6"
	    " ELSE lost_s END WHERE jid = ?1 AND domain = ?2",
	    "tttttiit", f->jid, p->domain, proof_outcome_name(p->outcome),
	    p->dnssec, p->detail, f->step->now_s, p->next_s, method);
}

/* Whether the publisher's profile stands on this domain. */
static int
is_profile_domain(struct flow *f)
{
	int64_t one;

	return sql_number(f->s, f->e, &one,
	    "SELECT 1 FROM profiles WHERE jid = ?1 AND domain = ?2", "tt",
	    f->jid, f->step->proof->domain);
}

static int
warn_or_suspend(struct flow *f, const struct standing_proof *was)
{
	const char *domain = f->step->proof->domain;
	int64_t now_s = f->step->now_s;

	if (f->standing != PUBLISHER_APPROVED)
		return 0;
	if (was->lost_s == 0)
		return flow_notify(f,
		    &(struct flow_notice){ .kind = "proof-lost",
			.domain = domain,
			.reason = f->step->proof->detail,
			.date_s = now_s + f->rules->proof_grace_s });
	if (now_s < was->lost_s + f->rules->proof_grace_s)
		return 0;
	if (flow_decide(f, "suspend", PUBLISHER_SUSPENDED, NULL, NULL, 0) < 0)
		return -1;
	f->r->is_suspended = true;
	return flow_notify(f,
	    &(struct flow_notice){ .kind = "suspended",
		.domain = domain,
		.reason = f->step->reason,
		.has_decision = true });
}

/* What the clock took away for a lost proof comes back with the proof. */
static int
come_back(struct flow *f)
{
	int64_t one;
	int rc = 0;

	if (f->standing == PUBLISHER_SUSPENDED &&
	    (rc = sql_number(f->s, f->e, &one,
		 "SELECT 1 FROM decisions WHERE id = ?1 AND " LOST_REASON_SQL,
		 "i", f->standing_case)) < 0)
		return -1;
	if (rc == 1) {
		if (flow_decide(f, "restore", PUBLISHER_APPROVED, NULL, NULL,
			0) < 0)
			return -1;
		f->r->is_restored = true;
	}
	return flow_notify(f,
	    &(struct flow_notice){ .kind = "proof-back",
		.domain = f->step->proof->domain });
}

int
flow_proof(struct flow *f)
{
	struct standing_proof was = { 0, 0 };
	enum proof_outcome outcome = f->step->proof->outcome;
	int rc;

	if (check_limit(f) < 0 || find_proof(f, &was) < 0 ||
	    write_outcome(f) < 0 || (rc = is_profile_domain(f)) < 0)
		return -1;
	if (rc == 0 || was.proved_s == 0)
		return 0;
	if (outcome == PROOF_OK)
		return was.lost_s != 0 ? come_back(f) : 0;
	/* A check that says nothing ends a grace time no sooner. */
	return outcome == PROOF_FAILED ? warn_or_suspend(f, &was) : 0;
}

/* Reading cases: single ones, and lists in pages. */
#include "store/sqlite_case.h"

#include <stdlib.h>
#include <string.h>

/*
 * Applications.
 */

enum {
	A_ID,
	A_JID,
	A_KIND,
	A_STATE,
	A_VERSION,
	A_CREATED,
	A_SUBMITTED,
	A_SINCE,
	A_CHANGED,
	A_LOOKED,
	A_LANG,
	A_NAME,
	A_ORGANISATION,
	A_DOMAIN,
	A_WEBSITE,
	A_EVIDENCE,
	A_QUESTION,
	A_DECISION,
	A_DECIDED_BY,
};
#define APPLICATION                                                            \
	"SELECT id, jid, kind, state, version, created_s, submitted_s,"        \
	" since_s, changed_s, looked_s, lang, name, organisation, domain,"     \
	" website, evidence, question, ifnull(decision, 0), decided_by"        \
	" FROM applications "

static int
read_categories(struct sqlite *s, struct application *a, struct err *e)
{
	sqlite3_stmt *st = sql_query(s, e,
	    "SELECT category, state FROM application_categories"
	    " WHERE application = ?1 ORDER BY position",
	    "t", a->id);
	int rc;

	a->category_count = 0;
	while ((rc = sql_next(s, st, e)) == 1) {
		unsigned i = a->category_count;

		if (i == CASE_CATEGORIES_MAX ||
		    sqlite_column_copy(s, st, 0, a->categories[i].id,
			sizeof a->categories[i].id, e) < 0) {
			sql_end(st);
			return err_set(e,
			    "the register %s is damaged: %s has broken"
			    " categories",
			    s->path, a->id);
		}
		a->categories[i].state =
		    application_state_find(sqlite_column(st, 1));
		a->category_count++;
	}
	return rc;
}

static int
copy_texts(struct sqlite *s, sqlite3_stmt *st, struct application *r,
    struct err *e)
{
	const struct {
		int column;
		char *to;
		size_t cap;
	} texts[] = {
		{ A_ID, r->id, sizeof r->id },
		{ A_JID, r->jid, sizeof r->jid },
		{ A_LANG, r->lang, sizeof r->lang },
		{ A_NAME, r->name, sizeof r->name },
		{ A_ORGANISATION, r->organisation, sizeof r->organisation },
		{ A_DOMAIN, r->domain, sizeof r->domain },
		{ A_WEBSITE, r->website, sizeof r->website },
		{ A_EVIDENCE, r->evidence, sizeof r->evidence },
		{ A_QUESTION, r->question, sizeof r->question },
		{ A_DECIDED_BY, r->decided_by, sizeof r->decided_by },
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (sqlite_column_copy(s, st, texts[i].column, texts[i].to,
			texts[i].cap, e) < 0)
			return -1;
	return 0;
}

static int
read_application(struct sqlite *s, sqlite3_stmt *st, struct application *r,
    struct err *e)
{
	if (copy_texts(s, st, r, e) < 0)
		return -1;
	r->kind = application_kind_find(sqlite_column(st, A_KIND));
	r->state = application_state_find(sqlite_column(st, A_STATE));
	r->version = sqlite3_column_int64(st, A_VERSION);
	r->created_s = sqlite3_column_int64(st, A_CREATED);
	r->submitted_s = sqlite3_column_int64(st, A_SUBMITTED);
	r->since_s = sqlite3_column_int64(st, A_SINCE);
	r->changed_s = sqlite3_column_int64(st, A_CHANGED);
	r->looked_s = sqlite3_column_int64(st, A_LOOKED);
	r->decision = sqlite3_column_int64(st, A_DECISION);
	return read_categories(s, r, e);
}

static int
one_application(struct sqlite *s, const char *sql, const char *key,
    struct application *r, struct err *e)
{
	sqlite3_stmt *st = sql_query(s, e, sql, "t", key);
	int rc = sql_next(s, st, e);

	if (rc != 1)
		return rc;
	rc = read_application(s, st, r, e);
	sql_end(st);
	return rc < 0 ? -1 : 1;
}

int
sqlite_application_find(void *handle, const char *id, struct application *r,
    struct err *e)
{
	return one_application(handle, APPLICATION "WHERE id = ?1", id, r, e);
}

int
sqlite_application_current(void *handle, const char *jid, struct application *r,
    struct err *e)
{
	return one_application(handle,
	    APPLICATION "WHERE jid = ?1"
			" AND state IN ('draft', 'open', 'asked')",
	    jid, r, e);
}

static int
list_applications(struct sqlite *s, sqlite3_stmt *st,
    int (*each)(void *arg, const struct application *a), void *arg,
    struct err *e)
{
	struct application *a = malloc(sizeof *a);
	int rc = -1;

	if (a == NULL) {
		sql_end(st);
		return err_set(e, "no memory for the register");
	}
	while (st != NULL && (rc = sql_next(s, st, e)) == 1) {
		rc = read_application(s, st, a, e);
		if (rc < 0 || each(arg, a) != 0) {
			sql_end(st);
			break;
		}
	}
	free(a);
	return rc;
}

int
sqlite_application_list(void *handle, const struct application_page *p,
    int (*each)(void *arg, const struct application *a), void *arg,
    struct err *e)
{
	return list_applications(handle,
	    sql_query(handle, e,
		APPLICATION "WHERE state = ?1 AND (since_s, id) > (?2, ?3)"
			    " ORDER BY since_s, id LIMIT ?4",
		"titi", application_state_name(p->state), p->after_s,
		p->after_id == NULL ? "" : p->after_id, (int64_t)p->limit),
	    each, arg, e);
}

int
sqlite_application_of(void *handle, const char *jid, unsigned limit,
    int (*each)(void *arg, const struct application *a), void *arg,
    struct err *e)
{
	return list_applications(handle,
	    sql_query(handle, e,
		APPLICATION "WHERE jid = ?1 ORDER BY created_s DESC,"
			    " rowid DESC LIMIT ?2",
		"ti", jid, (int64_t)limit),
	    each, arg, e);
}

/*
 * What belongs to them.
 */

/* Goes through rows; `READ` makes one of the statement's columns. */
#define EACH_ROW(s, st, e, each, arg, READ)                                    \
	do {                                                                   \
		int rc_;                                                       \
                                                                               \
		while ((rc_ = sql_next(s, st, e)) == 1)                        \
			if (each(arg, &READ) != 0) {                           \
				sql_end(st);                                   \
				rc_ = 0;                                       \
				break;                                         \
			}                                                      \
		return rc_;                                                    \
	} while (0)

int
sqlite_acceptance_list(void *handle, const char *jid,
    int (*each)(void *arg, const struct acceptance_row *a), void *arg,
    struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st = sql_query(s, e,
	    "SELECT category, lang, sha256, application, version, at_s"
	    " FROM acceptances WHERE jid = ?1 ORDER BY id DESC",
	    "t", jid);

	EACH_ROW(s, st, e, each, arg,
	    ((struct acceptance_row){ .category = sqlite_column(st, 0),
		.lang = sqlite_column(st, 1),
		.sha256 = sqlite_column(st, 2),
		.application = sqlite_column(st, 3),
		.version = sqlite3_column_int64(st, 4),
		.at_s = sqlite3_column_int64(st, 5) }));
}

int
sqlite_vote_list(void *handle, const char *application,
    int (*each)(void *arg, const struct vote_row *v), void *arg, struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st = sql_query(s, e,
	    "SELECT category, voter, reason, at_s, until_s FROM votes"
	    " WHERE application = ?1 ORDER BY category, at_s",
	    "t", application);

	EACH_ROW(s, st, e, each, arg,
	    ((struct vote_row){ .category = sqlite_column(st, 0),
		.by = sqlite_column(st, 1),
		.reason = sqlite_column(st, 2),
		.at_s = sqlite3_column_int64(st, 3),
		.until_s = sqlite3_column_int64(st, 4) }));
}

int
sqlite_votes_needed(void *handle, const struct application *a,
    const struct case_rules *rules, unsigned *r, struct err *e)
{
	int rc = sqlite_proved(handle, a, e);

	if (rc < 0)
		return -1;
	*r = caseflow_votes(rules, rc == 1);
	return 0;
}

int
sqlite_identity_list(void *handle, const char *jid,
    int (*each)(void *arg, const struct identity_row *i), void *arg,
    struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st = sql_query(s, e,
	    "SELECT id, method, checked_by, evidence, application, at_s,"
	    " until_s FROM identities WHERE jid = ?1 ORDER BY id DESC",
	    "t", jid);

	EACH_ROW(s, st, e, each, arg,
	    ((struct identity_row){ .id = sqlite3_column_int64(st, 0),
		.method = case_method_find(sqlite_column(st, 1)),
		.by = sqlite_column(st, 2),
		.evidence = sqlite_column(st, 3),
		.application = sqlite_column(st, 4),
		.at_s = sqlite3_column_int64(st, 5),
		.until_s = sqlite3_column_int64(st, 6) }));
}

int
sqlite_profile_find(void *handle, const char *jid, struct profile *r,
    struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st = sql_query(s, e,
	    "SELECT organisation, domain, website, lang, method FROM profiles"
	    " WHERE jid = ?1",
	    "t", jid);
	int rc = sql_next(s, st, e);

	if (rc != 1)
		return rc;
	rc = sqlite_column_copy(s, st, 0, r->organisation,
	    sizeof r->organisation, e);
	if (rc == 0)
		rc = sqlite_column_copy(s, st, 1, r->domain, sizeof r->domain,
		    e);
	if (rc == 0)
		rc = sqlite_column_copy(s, st, 2, r->website, sizeof r->website,
		    e);
	if (rc == 0)
		rc = sqlite_column_copy(s, st, 3, r->lang, sizeof r->lang, e);
	r->method = case_method_find(sqlite_column(st, 4));
	sql_end(st);
	return rc < 0 ? -1 : 1;
}

/*
 * Proofs.
 */

#define PROOF                                                                  \
	"SELECT p.jid, p.domain, p.method, p.token, p.outcome, p.dnssec,"      \
	" p.detail, p.begun_s, p.checked_s, p.proved_s, p.lost_s, p.next_s,"   \
	" p.tries FROM proofs p "

static int
read_proof(struct sqlite *s, sqlite3_stmt *st, struct proof_row *r,
    struct err *e)
{
	if (sqlite_column_copy(s, st, 0, r->jid, sizeof r->jid, e) < 0 ||
	    sqlite_column_copy(s, st, 1, r->domain, sizeof r->domain, e) < 0 ||
	    sqlite_column_copy(s, st, 3, r->token, sizeof r->token, e) < 0 ||
	    sqlite_column_copy(s, st, 5, r->dnssec, sizeof r->dnssec, e) < 0 ||
	    sqlite_column_copy(s, st, 6, r->detail, sizeof r->detail, e) < 0)
		return -1;
	r->method = proof_method_find(sqlite_column(st, 2));
	r->outcome = proof_outcome_find(sqlite_column(st, 4));
	r->begun_s = sqlite3_column_int64(st, 7);
	r->checked_s = sqlite3_column_int64(st, 8);
	r->proved_s = sqlite3_column_int64(st, 9);
	r->lost_s = sqlite3_column_int64(st, 10);
	r->next_s = sqlite3_column_int64(st, 11);
	r->tries = (unsigned)sqlite3_column_int64(st, 12);
	return 0;
}

int
sqlite_proof_find(void *handle, const char *jid, const char *domain,
    struct proof_row *r, struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st = sql_query(s, e,
	    PROOF "WHERE p.jid = ?1 AND p.domain = ?2", "tt", jid, domain);
	int rc = sql_next(s, st, e);

	if (rc != 1)
		return rc;
	rc = read_proof(s, st, r, e);
	sql_end(st);
	return rc < 0 ? -1 : 1;
}

int
sqlite_proof_due(void *handle, int64_t now_s, unsigned limit,
    int (*each)(void *arg, const struct proof_row *p), void *arg, struct err *e)
{
	struct sqlite *s = handle;
	struct proof_row row;
	sqlite3_stmt *st = sql_query(s, e,
	    PROOF "JOIN profiles q ON q.jid = p.jid AND q.domain = p.domain"
		  " JOIN publishers w ON w.jid = p.jid"
		  " AND w.state IN ('approved', 'suspended')"
		  " WHERE p.next_s > 0 AND p.next_s <= ?1"
		  " ORDER BY p.next_s LIMIT ?2",
	    "ii", now_s, (int64_t)limit);
	int rc;

	while ((rc = sql_next(s, st, e)) == 1) {
		rc = read_proof(s, st, &row, e);
		if (rc < 0 || each(arg, &row) != 0) {
			sql_end(st);
			break;
		}
	}
	return rc;
}

/*
 * History.
 */

int
sqlite_event_list(void *handle, const char *jid, const char *object,
    int64_t after, unsigned limit,
    int (*each)(void *arg, const struct event_row *v), void *arg, struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st = sql_query(s, e,
	    object == NULL
		? "SELECT id, at_s, ifnull(decision, 0), action, jid, object,"
		  " done_by, role, category, reason, method, evidence, until_s"
		  " FROM events WHERE jid = ?1 AND (?2 IS NULL) AND id > ?3"
		  " ORDER BY id LIMIT ?4"
		: "SELECT id, at_s, ifnull(decision, 0), action, jid, object,"
		  " done_by, role, category, reason, method, evidence, until_s"
		  " FROM events WHERE object = ?2 AND object <> ''"
		  " AND jid = ?1 AND id > ?3 ORDER BY id LIMIT ?4",
	    "ttii", jid, object, after, (int64_t)limit);

	EACH_ROW(s, st, e, each, arg,
	    ((struct event_row){ .id = sqlite3_column_int64(st, 0),
		.at_s = sqlite3_column_int64(st, 1),
		.decision = sqlite3_column_int64(st, 2),
		.action = case_action_find(sqlite_column(st, 3)),
		.jid = sqlite_column(st, 4),
		.object = sqlite_column(st, 5),
		.by = sqlite_column(st, 6),
		.role = sqlite_column(st, 7),
		.category = sqlite_column(st, 8),
		.reason = sqlite_column(st, 9),
		.method = sqlite_column(st, 10),
		.evidence = sqlite_column(st, 11),
		.until_s = sqlite3_column_int64(st, 12) }));
}

/*
 * Appeals.
 */

#define APPEAL                                                                 \
	"SELECT a.id, a.jid, a.application, ifnull((SELECT v.id FROM"          \
	" evidence v WHERE v.id = a.evidence AND v.blob IS NOT NULL), ''),"    \
	" a.state, a.decision, d.action, d.decided_by, d.reason, a.at_s,"      \
	" a.closed_s, a.closed_by, a.version FROM appeals a"                   \
	" JOIN decisions d ON d.id = a.decision "

static int
read_appeal(struct sqlite *s, sqlite3_stmt *st, struct appeal_row *r,
    struct err *e)
{
	const struct {
		int column;
		char *to;
		size_t cap;
	} texts[] = {
		{ 0, r->id, sizeof r->id },
		{ 1, r->jid, sizeof r->jid },
		{ 2, r->application, sizeof r->application },
		{ 3, r->evidence, sizeof r->evidence },
		{ 6, r->action, sizeof r->action },
		{ 7, r->first_by, sizeof r->first_by },
		{ 8, r->reason, sizeof r->reason },
		{ 11, r->closed_by, sizeof r->closed_by },
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (sqlite_column_copy(s, st, texts[i].column, texts[i].to,
			texts[i].cap, e) < 0)
			return -1;
	r->state = appeal_state_find(sqlite_column(st, 4));
	r->decision = sqlite3_column_int64(st, 5);
	r->at_s = sqlite3_column_int64(st, 9);
	r->closed_s = sqlite3_column_int64(st, 10);
	r->version = sqlite3_column_int64(st, 12);
	return 0;
}

int
sqlite_appeal_find(void *handle, const char *id, struct appeal_row *r,
    struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st = sql_query(s, e, APPEAL "WHERE a.id = ?1", "t", id);
	int rc = sql_next(s, st, e);

	if (rc != 1)
		return rc;
	rc = read_appeal(s, st, r, e);
	sql_end(st);
	return rc < 0 ? -1 : 1;
}

int
sqlite_appeal_list(void *handle, enum appeal_state state, int64_t after_s,
    const char *after_id, unsigned limit,
    int (*each)(void *arg, const struct appeal_row *a), void *arg,
    struct err *e)
{
	struct sqlite *s = handle;
	struct appeal_row row;
	sqlite3_stmt *st = sql_query(s, e,
	    APPEAL "WHERE a.state = ?1 AND (a.at_s, a.id) > (?2, ?3)"
		   " ORDER BY a.at_s, a.id LIMIT ?4",
	    "titi", appeal_state_name(state), after_s,
	    after_id == NULL ? "" : after_id, (int64_t)limit);
	int rc;

	while ((rc = sql_next(s, st, e)) == 1) {
		rc = read_appeal(s, st, &row, e);
		if (rc < 0 || each(arg, &row) != 0) {
			sql_end(st);
			break;
		}
	}
	return rc;
}

int
sqlite_find_appealable(void *handle, const char *jid, int64_t *decision_r,
    struct err *e)
{
	return sql_number(handle, e, decision_r, sqlite_appealable, "t", jid);
}

/*
 * Reports.
 */

#define REPORT                                                                 \
	"SELECT id, jid, place, post, is_open, at_s, last_s, count, closed_s," \
	" closed_by, result, is_founded FROM reports "

static int
read_report(struct sqlite *s, sqlite3_stmt *st, struct report_row *r,
    struct err *e)
{
	if (sqlite_column_copy(s, st, 0, r->id, sizeof r->id, e) < 0 ||
	    sqlite_column_copy(s, st, 1, r->jid, sizeof r->jid, e) < 0 ||
	    sqlite_column_copy(s, st, 2, r->place, sizeof r->place, e) < 0 ||
	    sqlite_column_copy(s, st, 3, r->post, sizeof r->post, e) < 0 ||
	    sqlite_column_copy(s, st, 9, r->closed_by, sizeof r->closed_by, e) <
		0 ||
	    sqlite_column_copy(s, st, 10, r->result, sizeof r->result, e) < 0)
		return -1;
	r->is_open = sqlite3_column_int64(st, 4) != 0;
	r->at_s = sqlite3_column_int64(st, 5);
	r->last_s = sqlite3_column_int64(st, 6);
	r->count = sqlite3_column_int64(st, 7);
	r->closed_s = sqlite3_column_int64(st, 8);
	r->is_founded = sqlite3_column_int64(st, 11) != 0;
	return 0;
}

int
sqlite_report_find(void *handle, const char *id, struct report_row *r,
    struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st = sql_query(s, e, REPORT "WHERE id = ?1", "t", id);
	int rc = sql_next(s, st, e);

	if (rc != 1)
		return rc;
	rc = read_report(s, st, r, e);
	sql_end(st);
	return rc < 0 ? -1 : 1;
}

int
sqlite_report_list(void *handle, bool is_open, int64_t after_s,
    const char *after_id, unsigned limit,
    int (*each)(void *arg, const struct report_row *a), void *arg,
    struct err *e)
{
	struct sqlite *s = handle;
	struct report_row *row = malloc(sizeof *row);
	sqlite3_stmt *st = sql_query(s, e,
	    REPORT "WHERE is_open = ?1 AND (at_s, id) > (?2, ?3)"
		   " ORDER BY at_s, id LIMIT ?4",
	    "iiti", (int64_t)is_open, after_s, after_id == NULL ? "" : after_id,
	    (int64_t)limit);
	int rc = -1;

	if (row == NULL) {
		sql_end(st);
		return err_set(e, "no memory for the register");
	}
	while (st != NULL && (rc = sql_next(s, st, e)) == 1) {
		rc = read_report(s, st, row, e);
		if (rc < 0 || each(arg, row) != 0) {
			sql_end(st);
			break;
		}
	}
	free(row);
	return rc;
}

int
sqlite_reporter_list(void *handle, const char *report,
    int (*each)(void *arg, const struct reporter_row *a), void *arg,
    struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st = sql_query(s, e,
	    "SELECT reason, ifnull((SELECT id FROM evidence v WHERE"
	    " v.id = r.evidence AND v.blob IS NOT NULL), ''), at_s"
	    " FROM reporters r WHERE report = ?1 ORDER BY at_s, mark",
	    "t", report);

	EACH_ROW(s, st, e, each, arg,
	    ((struct reporter_row){ .reason = sqlite_column(st, 0),
		.evidence = sqlite_column(st, 1),
		.at_s = sqlite3_column_int64(st, 2) }));
}

/*
 * Notices, agreements.
 */

int
sqlite_notice_list(void *handle, int64_t after, unsigned limit,
    int (*each)(void *arg, const struct notice_row *n), void *arg,
    struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st = sql_query(s, e,
	    "SELECT id, at_s, date_s, jid, lang, kind, category, reason, name,"
	    " domain, application, evidence, ifnull(decision, 0) FROM notices"
	    " WHERE id > ?1 ORDER BY id LIMIT ?2",
	    "ii", after, (int64_t)limit);

	EACH_ROW(s, st, e, each, arg,
	    ((struct notice_row){ .id = sqlite3_column_int64(st, 0),
		.at_s = sqlite3_column_int64(st, 1),
		.date_s = sqlite3_column_int64(st, 2),
		.jid = sqlite_column(st, 3),
		.lang = sqlite_column(st, 4),
		.kind = sqlite_column(st, 5),
		.category = sqlite_column(st, 6),
		.reason = sqlite_column(st, 7),
		.name = sqlite_column(st, 8),
		.domain = sqlite_column(st, 9),
		.application = sqlite_column(st, 10),
		.evidence = sqlite_column(st, 11),
		.decision = sqlite3_column_int64(st, 12) }));
}

int
sqlite_agreement_list(void *handle,
    int (*each)(void *arg, const struct agreement_row *a), void *arg,
    struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st = sql_query(s, e,
	    "SELECT category, lang, sha256, version, since_s FROM agreements"
	    " ORDER BY category, version, lang",
	    "");

	EACH_ROW(s, st, e, each, arg,
	    ((struct agreement_row){ .category = sqlite_column(st, 0),
		.lang = sqlite_column(st, 1),
		.sha256 = sqlite_column(st, 2),
		.version = sqlite3_column_int64(st, 3),
		.since_s = sqlite3_column_int64(st, 4) }));
}

/*
 * Evidence.
 */

#define EVIDENCE                                                               \
	"SELECT id, jid, kind, object, at_s, erased_s, blob FROM evidence "

static struct evidence_row
evidence_row(sqlite3_stmt *st)
{
	return (struct evidence_row){ .id = sqlite_column(st, 0),
		.jid = sqlite_column(st, 1),
		.kind = evidence_kind_find(sqlite_column(st, 2)),
		.object = sqlite_column(st, 3),
		.at_s = sqlite3_column_int64(st, 4),
		.erased_s = sqlite3_column_int64(st, 5),
		.blob = sqlite3_column_blob(st, 6),
		.len = (size_t)sqlite3_column_bytes(st, 6) };
}

int
sqlite_evidence_find(void *handle, const char *id,
    int (*each)(void *arg, const struct evidence_row *v), void *arg,
    struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st = sql_query(s, e, EVIDENCE "WHERE id = ?1", "t", id);
	int rc = sql_next(s, st, e);
	struct evidence_row row;

	if (rc != 1)
		return rc;
	row = evidence_row(st);
	(void)each(arg, &row);
	sql_end(st);
	return 1;
}

static int
list_evidence(struct sqlite *s, sqlite3_stmt *st,
    int (*each)(void *arg, const struct evidence_row *v), void *arg,
    struct err *e)
{
	struct evidence_row row;
	int rc;

	while ((rc = sql_next(s, st, e)) == 1) {
		row = evidence_row(st);
		if (each(arg, &row) != 0) {
			sql_end(st);
			return 0;
		}
	}
	return rc;
}

int
sqlite_evidence_list(void *handle, const char *jid,
    int (*each)(void *arg, const struct evidence_row *v), void *arg,
    struct err *e)
{
	return list_evidence(handle,
	    sql_query(handle, e, EVIDENCE "WHERE jid = ?1 ORDER BY rowid", "t",
		jid),
	    each, arg, e);
}

int
sqlite_evidence_stale(void *handle, const unsigned char *key, unsigned limit,
    int (*each)(void *arg, const struct evidence_row *v), void *arg,
    struct err *e)
{
	return list_evidence(handle,
	    sql_query(handle, e,
		EVIDENCE
		"WHERE blob IS NOT NULL AND key < ?1 UNION ALL " EVIDENCE
		"WHERE blob IS NOT NULL AND key > ?1 LIMIT ?2",
		"bi", (const void *)key, (size_t)EVIDENCE_KEY_LEN,
		(int64_t)limit),
	    each, arg, e);
}

int
sqlite_evidence_stale_count(void *handle, const unsigned char *key, int64_t *r,
    struct err *e)
{
	return sql_number(handle, e, r,
		   "SELECT count(*) FROM evidence WHERE blob IS NOT NULL"
		   " AND key <> ?1",
		   "b", (const void *)key, (size_t)EVIDENCE_KEY_LEN) < 0
	    ? -1
	    : 0;
}

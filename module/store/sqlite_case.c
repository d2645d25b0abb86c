/*
 * One step of a case, in one transaction: reading what it is about, the
 * rules that hold for all steps, and what all of them write.
 */
#include "store/sqlite_case.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "store/lifecycle.h"

/*
 * Statements.
 */

static int
bind(sqlite3_stmt *st, const char *types, va_list args)
{
	int rc = (int)strlen(types) == sqlite3_bind_parameter_count(st)
	    ? SQLITE_OK
	    : SQLITE_RANGE;

	for (int i = 1; rc == SQLITE_OK && types[i - 1] != '\0'; i++) {
		if (types[i - 1] == 'i') {
			rc = sqlite3_bind_int64(st, i, va_arg(args, int64_t));
		} else if (types[i - 1] == 't') {
			rc = sqlite3_bind_text(st, i,
			    va_arg(args, const char *), -1, SQLITE_STATIC);
		} else {
			const void *blob = va_arg(args, const void *);
			size_t len = va_arg(args, size_t);

			rc = sqlite3_bind_blob64(st, i, blob, len,
			    SQLITE_STATIC);
		}
	}
	return rc;
}

static sqlite3_stmt *
query(struct sqlite *s, struct err *e, const char *sql, const char *types,
    va_list args)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK)
		rc = bind(st, types, args);
	if (rc == SQLITE_OK)
		return st;
	(void)sqlite_fail(s, rc, e);
	(void)sqlite3_finalize(st);
	return NULL;
}

sqlite3_stmt *
sql_query(struct sqlite *s, struct err *e, const char *sql, const char *types,
    ...)
{
	sqlite3_stmt *st;
	va_list args;

	va_start(args, types);
	st = query(s, e, sql, types, args);
	va_end(args);
	return st;
}

int
sql_next(struct sqlite *s, sqlite3_stmt *st, struct err *e)
{
	int rc;

	if (st == NULL)
		return -1;
	rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		(void)sqlite_fail(s, rc, e);
	(void)sqlite3_finalize(st);
	return rc == SQLITE_DONE ? 0 : -1;
}

void
sql_end(sqlite3_stmt *st)
{
	(void)sqlite3_finalize(st);
}

int
sql_run(struct sqlite *s, struct err *e, const char *sql, const char *types,
    ...)
{
	sqlite3_stmt *st;
	va_list args;
	int rc;

	va_start(args, types);
	st = query(s, e, sql, types, args);
	va_end(args);
	while ((rc = sql_next(s, st, e)) == 1)
		;
	return rc;
}

int
sql_number(struct sqlite *s, struct err *e, int64_t *r, const char *sql,
    const char *types, ...)
{
	sqlite3_stmt *st;
	va_list args;
	int rc;

	va_start(args, types);
	st = query(s, e, sql, types, args);
	va_end(args);
	if ((rc = sql_next(s, st, e)) != 1)
		return rc;
	*r = sqlite3_column_int64(st, 0);
	sql_end(st);
	return 1;
}

/*
 * What the step is about.
 */

static int
read_standing(struct flow *f, sqlite3_stmt *st)
{
	int rc = sql_next(f->s, st, f->e);

	if (rc != 1)
		return rc;
	f->standing = publisher_state_find(sqlite_column(st, 0));
	f->standing_case = sqlite3_column_int64(st, 1);
	rc = sqlite_column_copy(f->s, st, 2, f->name, sizeof f->name, f->e);
	sql_end(st);
	return rc;
}

/* The account's language: what it speaks now, or spoke last. */
static int
read_lang(struct flow *f)
{
	const struct case_step *step = f->step;
	sqlite3_stmt *st;
	int rc;

	if (step->role == CASE_SELF && step->action != CASE_REPORT &&
	    step->lang != NULL && step->lang[0] != '\0') {
		(void)sqlite3_snprintf(sizeof f->lang, f->lang, "%s",
		    step->lang);
		return 0;
	}
	st = sql_query(f->s, f->e,
	    "SELECT lang FROM (SELECT lang, 2 AS o, created_s AS t"
	    " FROM applications WHERE jid = ?1 UNION ALL"
	    " SELECT lang, 1, 0 FROM profiles WHERE jid = ?1)"
	    " WHERE lang <> '' ORDER BY o DESC, t DESC LIMIT 1",
	    "t", f->jid);
	if ((rc = sql_next(f->s, st, f->e)) != 1)
		return rc;
	rc = sqlite_column_copy(f->s, st, 0, f->lang, sizeof f->lang, f->e);
	sql_end(st);
	return rc;
}

int
flow_standing(struct flow *f)
{
	if (read_standing(f,
		sql_query(f->s, f->e,
		    "SELECT state, ifnull(case_id, 0), name FROM publishers"
		    " WHERE jid = ?1",
		    "t", f->jid)) < 0)
		return -1;
	return read_lang(f);
}

/* Somebody else's looks like one that is not there. */
static int
not_found(struct flow *f, const char *what)
{
	return caseflow_refuse(f->r, CASE_NOT_FOUND, f->e,
	    "there is no such %s", what);
}

int
flow_application(struct flow *f, const char *id)
{
	int rc = sqlite_application_find(f->s, id, &f->app, f->e);

	if (rc < 0)
		return -1;
	if (rc == 0 ||
	    (f->step->role == CASE_SELF &&
		strcmp(f->app.jid, f->step->jid) != 0)) {
		f->app.state = APPLICATION_NONE;
		return not_found(f, "application");
	}
	f->jid = f->app.jid;
	f->object = f->app.id;
	return 0;
}

static int
find_appeal(struct flow *f)
{
	int rc = sqlite_appeal_find(f->s, f->step->id, &f->appeal, f->e);

	if (rc < 0)
		return -1;
	if (rc == 0)
		return not_found(f, "appeal");
	f->jid = f->appeal.jid;
	f->object = f->appeal.id;
	return 0;
}

static int
find_report(struct flow *f)
{
	struct report_row *row = malloc(sizeof *row);
	int rc;

	if (row == NULL)
		return err_set(f->e, "no memory for the register");
	rc = sqlite_report_find(f->s, f->step->id, row, f->e);
	if (rc == 1) {
		(void)sqlite3_snprintf(sizeof f->r->jid, f->r->jid, "%s",
		    row->jid);
		f->jid = f->r->jid;
		f->object = f->step->id;
		rc = row->is_open
		    ? 0
		    : caseflow_refuse(f->r, CASE_WRONG_STATE, f->e,
			  "the report was closed by %s already",
			  row->closed_by);
		if (!row->is_open) {
			(void)sqlite3_snprintf(sizeof f->r->by, f->r->by, "%s",
			    row->closed_by);
			f->r->at_s = row->closed_s;
		}
	} else if (rc == 0) {
		rc = not_found(f, "report");
	}
	free(row);
	return rc;
}

/* Whom the evidence is about. */
static int
find_read(struct flow *f)
{
	sqlite3_stmt *st = sql_query(f->s, f->e,
	    "SELECT jid, erased_s FROM evidence WHERE id = ?1", "t",
	    f->step->evidence);
	int rc = sql_next(f->s, st, f->e);
	bool is_erased;

	if (rc <= 0)
		return rc < 0 ? -1 : not_found(f, "evidence");
	rc = sqlite_column_copy(f->s, st, 0, f->r->jid, sizeof f->r->jid, f->e);
	is_erased = sqlite3_column_int64(st, 1) != 0;
	sql_end(st);
	f->jid = f->r->jid;
	if (rc == 0 && is_erased)
		return caseflow_refuse(f->r, CASE_NOT_FOUND, f->e,
		    "that was erased");
	return rc;
}

static int
find_object(struct flow *f)
{
	const struct case_step *step = f->step;

	switch (step->action) {
	case CASE_DRAFT:
	case CASE_APPEAL:
	case CASE_REPORT:
		f->object = step->id;
		return 0;
	case CASE_APPEAL_UPHOLD:
	case CASE_APPEAL_DISMISS:
		return find_appeal(f);
	case CASE_REPORT_CLOSE:
		return find_report(f);
	case CASE_READ:
		return find_read(f);
	case CASE_SUBMIT:
	case CASE_WITHDRAW:
	case CASE_ASK:
	case CASE_ANSWER:
	case CASE_LOOK:
	case CASE_IDENTITY:
	case CASE_APPROVE:
	case CASE_REFUSE:
	case CASE_NOTE:
	case CASE_SUSPEND:
	case CASE_RESTORE:
	case CASE_REVOKE:
	case CASE_LEAVE:
	case CASE_AGREE:
	case CASE_PROOF_BEGIN:
	case CASE_PROOF:
	case CASE_ERASE:
	case CASE_EXPIRE:
	case CASE_ACTION_COUNT:
		break;
	}
	return step->id == NULL ? 0 : flow_application(f, step->id);
}

/*
 * Rules for all.
 */

int
flow_wrong_state(struct flow *f)
{
	const struct application *a = &f->app;

	if (a->state == APPLICATION_NONE)
		return caseflow_refuse(f->r, CASE_WRONG_STATE, f->e,
		    "%s is %s: that cannot be done (%s)", f->jid,
		    f->standing == PUBLISHER_NONE
			? "not on the register"
			: publisher_state_name(f->standing),
		    case_action_name(f->step->action));
	(void)sqlite3_snprintf(sizeof f->r->by, f->r->by, "%s", a->decided_by);
	f->r->at_s = a->since_s;
	return caseflow_refuse(f->r, CASE_WRONG_STATE, f->e,
	    "the application of %s is %s%s%s: that cannot be done (%s)", f->jid,
	    application_state_name(a->state),
	    a->decided_by[0] == '\0' ? "" : " by ", a->decided_by,
	    case_action_name(f->step->action));
}

/* An older version than the one that is there. */
static int
changed_meanwhile(struct flow *f)
{
	sqlite3_stmt *st = sql_query(f->s, f->e,
	    "SELECT changed_by, changed_s FROM applications WHERE id = ?1", "t",
	    f->app.id);
	int rc = sql_next(f->s, st, f->e);

	if (rc == 1) {
		(void)sqlite3_snprintf(sizeof f->r->by, f->r->by, "%s",
		    sqlite_column(st, 0));
		f->r->at_s = sqlite3_column_int64(st, 1);
		sql_end(st);
	}
	if (rc < 0)
		return -1;
	return caseflow_refuse(f->r, CASE_CHANGED, f->e,
	    "%s has changed it meanwhile", f->r->by);
}

static int
check_common(struct flow *f)
{
	const struct case_step *step = f->step;

	if (caseflow_is_decision(step->action) && strcmp(step->by, f->jid) == 0)
		return caseflow_refuse(f->r, CASE_ONESELF, f->e,
		    "nobody decides about themselves");
	if (step->version == 0)
		return 0;
	if (f->app.state != APPLICATION_NONE && f->app.version != step->version)
		return changed_meanwhile(f);
	if (f->appeal.state != APPEAL_NONE &&
	    f->appeal.version != step->version) {
		(void)sqlite3_snprintf(sizeof f->r->by, f->r->by, "%s",
		    f->appeal.closed_by);
		f->r->at_s = f->appeal.closed_s;
		return caseflow_refuse(f->r, CASE_CHANGED, f->e,
		    "%s has decided it meanwhile", f->r->by);
	}
	return 0;
}

/*
 * What steps write.
 */

int
flow_bump(struct flow *f)
{
	return f->r->serial != 0 ? 0 : sqlite_bump(f->s, &f->r->serial, f->e);
}

static int
insert_decision(struct flow *f, const char *action, const char *category,
    const char *name, int64_t until_s)
{
	const struct case_step *step = f->step;
	const char *reason = step->reason;
	const char *by = step->by;

	/* Whoever asked for the check: the clock draws the conclusion. */
	if (step->action == CASE_PROOF) {
		reason = reason != NULL ? reason : step->proof->detail;
		by = CASE_BY_SYSTEM;
	}
	if (sql_run(f->s, f->e,
		"INSERT INTO decisions (jid, at_s, action, decided_by, reason,"
		" category, name, until_s, serial) SELECT ?1, ?2, ?3, ?4, ?5,"
		" nullif(?6, ''), nullif(?7, ''), nullif(?8, 0), serial"
		" FROM meta",
		"tittttti", f->jid, step->now_s, action, by,
		reason == NULL ? "" : reason, category == NULL ? "" : category,
		name == NULL ? "" : name, until_s) < 0)
		return -1;
	f->r->decision = sqlite3_last_insert_rowid(f->s->db);
	return 0;
}

int
flow_decide(struct flow *f, const char *action, enum publisher_state to,
    const char *category, const char *name, int64_t until_s)
{
	if (to != PUBLISHER_NONE && flow_bump(f) < 0)
		return -1;
	if (insert_decision(f, action, category, name, until_s) < 0)
		return -1;
	if (to == PUBLISHER_NONE)
		return 0;
	f->standing = to;
	f->standing_case = f->r->decision;
	return sql_run(f->s, f->e,
	    "UPDATE publishers SET state_since_s = CASE state WHEN ?2"
	    " THEN state_since_s ELSE ?3 END, state = ?2, case_id = ?4,"
	    " changed_serial = ?5 WHERE jid = ?1",
	    "ttiii", f->jid, publisher_state_name(to), f->step->now_s,
	    f->r->decision, f->r->serial);
}

int
flow_move(struct flow *f, enum application_state to)
{
	struct application *a = &f->app;
	bool is_decided =
	    to == APPLICATION_APPROVED || to == APPLICATION_REFUSED;

	if (a->state != to)
		a->since_s = f->step->now_s;
	a->state = to;
	a->version++;
	return sql_run(f->s, f->e,
	    "UPDATE applications SET state = ?2, version = ?3, since_s = ?4,"
	    " changed_s = ?5, changed_by = ?6, submitted_s = ?7, lang = ?8,"
	    " decision = nullif(?9, 0), decided_by = ?10 WHERE id = ?1",
	    "ttiiititit", a->id, application_state_name(to), a->version,
	    a->since_s, f->step->now_s, f->step->by, a->submitted_s, f->lang,
	    is_decided ? f->r->decision : (int64_t)0,
	    is_decided ? f->step->by : "");
}

const char *
flow_sealed(const struct flow *f, enum evidence_kind kind)
{
	for (size_t i = 0; i < f->step->sealed_count; i++)
		if (f->step->sealed[i].kind == kind)
			return f->step->sealed[i].id;
	return "";
}

int
flow_seal(struct flow *f, const char *object)
{
	for (size_t i = 0; i < f->step->sealed_count; i++) {
		const struct case_sealed *v = &f->step->sealed[i];

		if (sql_run(f->s, f->e,
			"INSERT INTO evidence (id, kind, jid, object, at_s,"
			" key, blob) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
			"ttttibb", v->id, evidence_kind_name(v->kind), f->jid,
			object, f->step->now_s, (const void *)(v->blob + 1),
			(size_t)EVIDENCE_KEY_LEN, (const void *)v->blob,
			v->len) < 0)
			return -1;
	}
	return 0;
}

/* Of a report, the history does not say who made it. */
static const char *
done_by(const struct case_step *step)
{
	return step->action == CASE_REPORT ? "reader" : step->by;
}

int
flow_event(struct flow *f)
{
	const struct case_step *step = f->step;
	const char *method = step->proof != NULL
	    ? proof_outcome_name(step->proof->outcome)
	    : case_method_name(step->method);
	const char *evidence = step->evidence != NULL ? step->evidence
	    : step->sealed_count > 0		      ? step->sealed[0].id
						      : "";

	return sql_run(f->s, f->e,
	    "INSERT INTO events (at_s, action, jid, object, done_by, role,"
	    " category, reason, method, evidence, until_s, decision)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
	    " nullif(?12, 0))",
	    "itttttttttii", step->now_s, case_action_name(step->action), f->jid,
	    f->object, done_by(step), case_role_name(step->role),
	    step->category == NULL ? "" : step->category,
	    step->reason == NULL ? "" : step->reason, method, evidence,
	    step->until_s, f->r->decision);
}

int
flow_notify(struct flow *f, const struct flow_notice *n)
{
	f->r->has_notices = true;
	return sql_run(f->s, f->e,
	    "INSERT INTO notices (at_s, date_s, jid, lang, kind, category,"
	    " reason, name, domain, application, evidence, decision)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, ifnull(?6, ''), ifnull(?7, ''),"
	    " ?8, ifnull(?9, ''), ?10, ifnull(?11, ''), nullif(?12, 0))",
	    "iittttttttti", f->step->now_s, n->date_s, f->jid, f->lang, n->kind,
	    n->category, n->reason, n->name != NULL ? n->name : f->name,
	    n->domain, f->app.id, n->evidence,
	    n->has_decision ? f->r->decision : (int64_t)0);
}

/* A name is not kept from others by somebody who was turned away. */
#define TURNED_AWAY "state IN ('rejected', 'withdrawn')"

int
flow_check_name(struct flow *f, const char *name)
{
	int64_t one;
	int rc = sql_number(f->s, f->e, &one,
	    "SELECT 1 FROM publishers WHERE name = ?1 AND jid <> ?2"
	    " AND NOT " TURNED_AWAY,
	    "tt", name, f->jid);

	return rc != 1
	    ? rc
	    : caseflow_refuse(f->r, CASE_NAME_TAKEN, f->e,
		  "the name \"%s\" belongs to another publisher", name);
}

int
flow_take_name(struct flow *f, const char *name)
{
	if (flow_check_name(f, name) < 0)
		return -1;
	return sql_run(f->s, f->e,
	    "UPDATE publishers SET name = state || ' ' || ifnull(case_id, jid)"
	    " WHERE name = ?1 AND jid <> ?2 AND " TURNED_AWAY,
	    "tt", name, f->jid);
}

/*
 * The step.
 */

static int
run_step(struct flow *f)
{
	switch (f->step->action) {
	case CASE_DRAFT:
		return flow_draft(f);
	case CASE_SUBMIT:
		return flow_submit(f);
	case CASE_WITHDRAW:
		return flow_withdraw(f);
	case CASE_ASK:
		return flow_ask(f);
	case CASE_ANSWER:
		return flow_answer(f);
	case CASE_LOOK:
		return flow_look(f);
	case CASE_IDENTITY:
		return flow_identity(f);
	case CASE_APPROVE:
		return flow_approve(f);
	case CASE_REFUSE:
		return flow_refuse(f);
	case CASE_SUSPEND:
	case CASE_RESTORE:
	case CASE_REVOKE:
		return flow_standing_step(f);
	case CASE_LEAVE:
		return flow_leave(f);
	case CASE_AGREE:
		return flow_agree(f);
	case CASE_APPEAL:
		return flow_appeal(f);
	case CASE_APPEAL_UPHOLD:
	case CASE_APPEAL_DISMISS:
		return flow_appeal_decide(f);
	case CASE_PROOF_BEGIN:
		return flow_proof_begin(f);
	case CASE_PROOF:
		return flow_proof(f);
	case CASE_ERASE:
		return flow_erase(f);
	case CASE_READ:
		return flow_read(f);
	case CASE_REPORT:
		return flow_report(f);
	case CASE_REPORT_CLOSE:
		return flow_report_close(f);
	case CASE_NOTE:
		return flow_note(f);
	case CASE_EXPIRE: /* nobody's role may */
	case CASE_ACTION_COUNT:
		break;
	}
	return err_set(f->e, "there is no such step");
}

static int
apply(struct flow *f)
{
	if (find_object(f) < 0 || check_common(f) < 0 || flow_standing(f) < 0 ||
	    run_step(f) < 0)
		return -1;
	return f->is_silent ? 0 : flow_event(f);
}

static void
fill_result(const struct flow *f)
{
	struct case_result *r = f->r;

	if (r->jid != f->jid)
		(void)sqlite3_snprintf(sizeof r->jid, r->jid, "%s", f->jid);
	if (r->id[0] == '\0')
		(void)sqlite3_snprintf(sizeof r->id, r->id, "%s", f->object);
	r->state = f->app.state;
	r->version = f->app.version;
}

/* A rule that said no is worth its answer, but moves nothing. */
static void
clear_effects(struct case_result *r)
{
	r->serial = r->decision = 0;
	r->has_effect = r->is_joined = r->has_notices = false;
	r->is_suspended = r->is_restored = false;
	r->missing = r->erased = 0;
}

int
sqlite_case_step(void *handle, const struct case_step *step,
    const struct case_rules *rules, struct case_result *r, struct err *e)
{
	struct sqlite *s = handle;
	struct flow *f = calloc(1, sizeof *f);
	int rc = -1;

	if (f == NULL)
		return err_set(e, "no memory for the register");
	*f = (struct flow){ .s = s,
		.step = step,
		.rules = rules,
		.r = r,
		.e = e,
		.jid = step->jid,
		.object = "" };
	if (sqlite_write_begin(s, e) == 0)
		rc = sqlite_write_end(s, apply(f), e);
	if (rc == 0)
		fill_result(f);
	else
		clear_effects(r);
	if (rc == 0 && step->action == CASE_ERASE)
		sqlite_forget(s);
	free(f);
	return rc;
}

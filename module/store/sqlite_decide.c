/* Applying one decision about a publisher, in one transaction. */
#include "store/sqlite.h"

#include "store/lifecycle.h"
#include "store/sqlite_case.h"

/* What is being changed. */
struct subject {
	enum publisher_state from, to;
	int64_t serial;
	int64_t case_id;
};

/* The publisher's row and state; state NONE if there is none. */
static int
find_subject(struct sqlite *s, const char *jid, struct subject *p,
    struct err *e)
{
	sqlite3_stmt *st = sqlite_use(s, SQL_PUBLISHER_STATE, e);
	int rc;

	if (st == NULL)
		return -1;
	sqlite_bind_text(s, SQL_PUBLISHER_STATE, 1, jid);
	rc = sqlite_step(s, SQL_PUBLISHER_STATE, e);
	if (rc != 1)
		return rc;
	p->from = publisher_state_find(sqlite_column(st, 0));
	sqlite_done(s, SQL_PUBLISHER_STATE);
	return p->from != PUBLISHER_NONE
	    ? 0
	    : err_set(e, "the register %s is damaged: %s has no state", s->path,
		  jid);
}

/* Two publishers with one name could not be told apart by their badges. */
static int
check_name(struct sqlite *s, const struct decision *d, struct err *e)
{
	sqlite3_stmt *st = sqlite_use(s, SQL_NAME_OWNER, e);
	int rc;

	if (st == NULL)
		return -1;
	sqlite_bind_text(s, SQL_NAME_OWNER, 1, d->name);
	sqlite_bind_text(s, SQL_NAME_OWNER, 2, d->jid);
	rc = sqlite_step(s, SQL_NAME_OWNER, e);
	if (rc != 1)
		return rc;
	rc = err_set(e, "the name \"%s\" belongs to %s already", d->name,
	    sqlite_column(st, 0));
	sqlite_done(s, SQL_NAME_OWNER);
	return rc;
}

static int
check_category(struct sqlite *s, const struct decision *d, struct err *e)
{
	sqlite3_stmt *st = sqlite_use(s, SQL_CATEGORY, e);
	int64_t others;
	int rc;

	if (st == NULL)
		return -1;
	sqlite_bind_text(s, SQL_CATEGORY, 1, d->category);
	if ((rc = sqlite_step(s, SQL_CATEGORY, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e,
		    "there is no category \"%s\" in the"
		    " configuration",
		    d->category);
	sqlite_done(s, SQL_CATEGORY);

	if ((st = sqlite_use(s, SQL_APPROVALS_OTHER, e)) == NULL)
		return -1;
	sqlite_bind_text(s, SQL_APPROVALS_OTHER, 1, d->jid);
	sqlite_bind_text(s, SQL_APPROVALS_OTHER, 2, d->category);
	if (sqlite_step(s, SQL_APPROVALS_OTHER, e) < 0)
		return -1;
	others = sqlite3_column_int64(st, 0);
	sqlite_done(s, SQL_APPROVALS_OTHER);
	return others < PUBLISHER_APPROVALS_MAX
	    ? 0
	    : err_set(e, "%s has %d categories, the most that there may be",
		  d->jid, PUBLISHER_APPROVALS_MAX);
}

static int
insert_publisher(struct sqlite *s, const struct decision *d,
    const struct subject *p, struct err *e)
{
	const enum sqlite_sql q = SQL_PUBLISHER_INSERT;

	if (sqlite_use(s, q, e) == NULL)
		return -1;
	sqlite_bind_text(s, q, 1, d->jid);
	sqlite_bind_text(s, q, 2, d->name);
	sqlite_bind_text(s, q, 3, publisher_state_name(p->to));
	sqlite_bind_int(s, q, 4, d->now_s);
	sqlite_bind_int(s, q, 5, p->serial);
	return sqlite_run(s, q, e);
}

static int
insert_decision(struct sqlite *s, const struct decision *d, struct subject *p,
    struct err *e)
{
	const enum sqlite_sql q = SQL_DECISION_INSERT;

	if (sqlite_use(s, q, e) == NULL)
		return -1;
	sqlite_bind_text(s, q, 1, d->jid);
	sqlite_bind_int(s, q, 2, d->now_s);
	sqlite_bind_text(s, q, 3, lifecycle_action_name(d->action));
	sqlite_bind_text(s, q, 4, d->by);
	sqlite_bind_text(s, q, 5, d->reason);
	sqlite_bind_text(s, q, 6, d->category);
	sqlite_bind_text(s, q, 7, d->name);
	sqlite_bind_int(s, q, 8, d->until_s);
	sqlite_bind_int(s, q, 9, p->serial);
	if (sqlite_run(s, q, e) < 0)
		return -1;
	p->case_id = sqlite3_last_insert_rowid(s->db);
	return 0;
}

static int
rename_publisher(struct sqlite *s, const struct decision *d,
    const struct subject *p, struct err *e)
{
	const enum sqlite_sql q = SQL_PUBLISHER_RENAME;

	if (sqlite_use(s, q, e) == NULL)
		return -1;
	sqlite_bind_text(s, q, 1, d->jid);
	sqlite_bind_text(s, q, 2, d->name);
	sqlite_bind_int(s, q, 3, p->serial);
	return sqlite_run(s, q, e);
}

static int
set_state(struct sqlite *s, const struct decision *d, const struct subject *p,
    struct err *e)
{
	const enum sqlite_sql q = SQL_PUBLISHER_SET_STATE;

	if (sqlite_use(s, q, e) == NULL)
		return -1;
	sqlite_bind_text(s, q, 1, d->jid);
	sqlite_bind_text(s, q, 2, publisher_state_name(p->to));
	sqlite_bind_int(s, q, 3, d->now_s);
	sqlite_bind_int(s, q, 4, p->case_id);
	sqlite_bind_int(s, q, 5, p->serial);
	return sqlite_run(s, q, e);
}

static int
set_approval(struct sqlite *s, const struct decision *d,
    const struct subject *p, struct err *e)
{
	const enum sqlite_sql q = SQL_APPROVAL_SET;

	if (sqlite_use(s, q, e) == NULL)
		return -1;
	sqlite_bind_text(s, q, 1, d->jid);
	sqlite_bind_text(s, q, 2, d->category);
	sqlite_bind_int(s, q, 3, d->now_s);
	sqlite_bind_int(s, q, 4, d->until_s);
	sqlite_bind_int(s, q, 5, p->case_id);
	return sqlite_run(s, q, e);
}

/* Approvals of an earlier standing do not come back with a new application;
 * the decisions remember them. */
static int
end_approvals(struct sqlite *s, const struct decision *d, struct err *e)
{
	if (sqlite_use(s, SQL_APPROVALS_END, e) == NULL)
		return -1;
	sqlite_bind_text(s, SQL_APPROVALS_END, 1, d->jid);
	return sqlite_run(s, SQL_APPROVALS_END, e);
}

/* What the actions do beside the record of the decision and the state. */
static int
apply_before(struct sqlite *s, const struct decision *d,
    const struct subject *p, struct err *e)
{
	switch (d->action) {
	case DECISION_ADD:
		if (check_name(s, d, e) < 0)
			return -1;
		if (p->from == PUBLISHER_NONE)
			return insert_publisher(s, d, p, e);
		return end_approvals(s, d, e) < 0
		    ? -1
		    : rename_publisher(s, d, p, e);
	case DECISION_RENAME:
		return check_name(s, d, e) < 0 ? -1
					       : rename_publisher(s, d, p, e);
	case DECISION_APPROVE:
		return check_category(s, d, e);
	case DECISION_SUSPEND:
	case DECISION_RESTORE:
	case DECISION_REVOKE:
		break;
	}
	return 0;
}

static int
apply(struct sqlite *s, const struct decision *d, struct subject *p,
    struct err *e)
{
	if (find_subject(s, d->jid, p, e) < 0 ||
	    lifecycle_next(d, p->from, &p->to, e) < 0 ||
	    sqlite_bump(s, &p->serial, e) < 0 || apply_before(s, d, p, e) < 0 ||
	    insert_decision(s, d, p, e) < 0)
		return -1;
	if (d->action == DECISION_APPROVE && set_approval(s, d, p, e) < 0)
		return -1;
	/* A new name is no reason for the state. */
	if (d->action != DECISION_RENAME && set_state(s, d, p, e) < 0)
		return -1;
	return sqlite_case_decided(s, d, p->case_id, e);
}

int
sqlite_decide(void *handle, const struct decision *d, int64_t *serial_r,
    int64_t *case_r, struct err *e)
{
	struct sqlite *s = handle;
	struct subject p = { .from = PUBLISHER_NONE };
	int rc;

	if (sqlite_write_begin(s, e) < 0)
		return -1;
	rc = apply(s, d, &p, e);
	if (sqlite_write_end(s, rc, e) < 0)
		return -1;
	*serial_r = p.serial;
	if (case_r != NULL)
		*case_r = p.case_id;
	return 0;
}

/* Reading publishers: the check path, lists, histories. */
#include "store/sqlite.h"

#include <string.h>

/* Column numbers of what the SQL_PUBLISHER statements select. */
enum {
	COL_ID,
	COL_JID,
	COL_NAME,
	COL_STATE,
	COL_SINCE,
	COL_REASON,
	COL_CASE,
};

/* The record's own columns; approvals are left alone. */
static int
read_record(struct sqlite *s, sqlite3_stmt *st, struct publisher *p,
    struct err *e)
{
	if (sqlite_column_copy(s, st, COL_JID, p->jid, sizeof p->jid, e) < 0 ||
	    sqlite_column_copy(s, st, COL_NAME, p->name, sizeof p->name, e) <
	    0 ||
	    sqlite_column_copy(s, st, COL_REASON, p->state_reason,
		sizeof p->state_reason, e) < 0)
		return -1;
	p->state = publisher_state_find(sqlite_column(st, COL_STATE));
	if (p->state == PUBLISHER_NONE)
		return err_set(e, "the register %s is damaged: it has a state"
		    " \"%.32s\"", s->path, sqlite_column(st, COL_STATE));
	p->state_since_s = sqlite3_column_int64(st, COL_SINCE);
	p->case_id = sqlite3_column_int64(st, COL_CASE);
	return 0;
}

static int
read_approvals(struct sqlite *s, int64_t id, struct publisher *p,
    struct err *e)
{
	sqlite3_stmt *st = sqlite_use(s, SQL_APPROVALS, e);
	int rc;

	p->approval_count = 0;
	if (st == NULL)
		return -1;
	sqlite_bind_int(s, SQL_APPROVALS, 1, id);
	while ((rc = sqlite_step(s, SQL_APPROVALS, e)) == 1) {
		struct approval *a = &p->approvals[p->approval_count];

		if (p->approval_count == PUBLISHER_APPROVALS_MAX)
			rc = err_set(e, "the register %s is damaged: %s has"
			    " too many approvals", s->path, p->jid);
		else
			rc = sqlite_column_copy(s, st, 0, a->category,
			    sizeof a->category, e);
		if (rc < 0) {
			sqlite_done(s, SQL_APPROVALS);
			return -1;
		}
		a->since_s = sqlite3_column_int64(st, 1);
		a->until_s = sqlite3_column_int64(st, 2);
		p->approval_count++;
	}
	return rc;
}

/* Inside a snapshot: 1, 0 or -1. */
static int
find(struct sqlite *s, const char *jid, struct publisher *p, struct err *e)
{
	sqlite3_stmt *st = sqlite_use(s, SQL_PUBLISHER, e);
	int64_t id;
	int rc;

	if (st == NULL)
		return -1;
	sqlite_bind_text(s, SQL_PUBLISHER, 1, jid);
	rc = sqlite_step(s, SQL_PUBLISHER, e);
	if (rc != 1)
		return rc;
	id = sqlite3_column_int64(st, COL_ID);
	rc = read_record(s, st, p, e);
	sqlite_done(s, SQL_PUBLISHER);
	if (rc < 0 || read_approvals(s, id, p, e) < 0)
		return -1;
	return 1;
}

void
sqlite_lookup(void *handle, const char *jid, store_publisher_cb done,
    void *arg)
{
	struct sqlite *s = handle;
	struct err e = { .text = "" };
	int64_t serial = 0;
	int found = -1;

	if (sqlite_read_begin(s, &serial, &e) == 0) {
		found = find(s, jid, &s->row, &e);
		sqlite_read_end(s);
	}
	done(arg, found, found == 1 ? &s->row : NULL, serial, &e);
}

static int
list(struct sqlite *s, enum sqlite_sql which, sqlite3_stmt *st,
    int (*each)(void *arg, const struct publisher *p), void *arg,
    struct err *e)
{
	int rc;

	while ((rc = sqlite_step(s, which, e)) == 1) {
		int64_t id = sqlite3_column_int64(st, COL_ID);

		if (read_record(s, st, &s->row, e) < 0 ||
		    read_approvals(s, id, &s->row, e) < 0) {
			sqlite_done(s, which);
			return -1;
		}
		if (each(arg, &s->row) != 0) {
			sqlite_done(s, which);
			return 0;
		}
	}
	return rc;
}

int
sqlite_publisher_list(void *handle, const char *after, unsigned limit,
    enum publisher_state state,
    int (*each)(void *arg, const struct publisher *p), void *arg,
    struct err *e)
{
	struct sqlite *s = handle;
	enum sqlite_sql which = state == PUBLISHER_NONE
	    ? SQL_PUBLISHER_LIST : SQL_PUBLISHER_LIST_STATE;
	sqlite3_stmt *st;
	int64_t serial;
	int rc = -1;

	if (sqlite_read_begin(s, &serial, e) < 0)
		return -1;
	st = sqlite_use(s, which, e);
	if (st != NULL) {
		sqlite_bind_text(s, which, 1, after == NULL ? "" : after);
		sqlite_bind_int(s, which, 2, limit);
		if (state != PUBLISHER_NONE)
			sqlite_bind_text(s, which, 3,
			    publisher_state_name(state));
		rc = list(s, which, st, each, arg, e);
	}
	sqlite_read_end(s);
	return rc;
}

int
sqlite_publisher_count(void *handle, int64_t *r, struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st;
	int64_t serial;
	int rc = -1;

	memset(r, 0, (PUBLISHER_WITHDRAWN + 1) * sizeof *r);
	if (sqlite_read_begin(s, &serial, e) < 0)
		return -1;
	st = sqlite_use(s, SQL_PUBLISHER_COUNT, e);
	while (st != NULL &&
	    (rc = sqlite_step(s, SQL_PUBLISHER_COUNT, e)) == 1)
		r[publisher_state_find(sqlite_column(st, 0))] +=
		    sqlite3_column_int64(st, 1);
	sqlite_read_end(s);
	return rc;
}

int
sqlite_history(void *handle, const char *jid,
    int (*each)(void *arg, const struct decision_row *d), void *arg,
    struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st;
	int64_t serial;
	int rc = -1;

	if (sqlite_read_begin(s, &serial, e) < 0)
		return -1;
	st = sqlite_use(s, SQL_HISTORY, e);
	if (st != NULL)
		sqlite_bind_text(s, SQL_HISTORY, 1, jid);
	while (st != NULL && (rc = sqlite_step(s, SQL_HISTORY, e)) == 1) {
		struct decision_row d = {
			.id = sqlite3_column_int64(st, 0),
			.at_s = sqlite3_column_int64(st, 1),
			.until_s = sqlite3_column_int64(st, 2),
			.action = sqlite_column(st, 3),
			.by = sqlite_column(st, 4),
			.reason = sqlite_column(st, 5),
			.category = sqlite_column(st, 6),
			.name = sqlite_column(st, 7),
		};

		if (each(arg, &d) != 0) {
			sqlite_done(s, SQL_HISTORY);
			rc = 0;
			break;
		}
	}
	sqlite_read_end(s);
	return rc;
}

/* Reading publishers: the check path, lists, histories. */
#include "store/sqlite.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Column numbers of what the SQL_PUBLISHER statements select. */
enum {
	COL_JID,
	COL_NAME,
	COL_STATE,
	COL_SINCE,
	COL_CASE,
	COL_APPROVALS,
};

static int
damaged(struct sqlite *s, const struct publisher *p, const char *what,
    struct err *e)
{
	return err_set(e, "the register %s is damaged: %s has %s", s->path,
	    p->jid, what);
}

/* A number and the character after it; false if that is something else. */
static bool
take_number(const char **text, char after, int64_t *r)
{
	char *end;

	errno = 0;
	*r = strtoll(*text, &end, 10);
	if (end == *text || errno != 0 ||
	    (*end != after && !(after == ';' && *end == '\0')))
		return false;
	*text = *end == '\0' ? end : end + 1;
	return true;
}

/* "news 1700000000 1731536000 0;..." */
static int
read_approvals(struct sqlite *s, const char *text, struct publisher *p,
    struct err *e)
{
	p->approval_count = 0;
	while (*text != '\0') {
		struct approval *a = &p->approvals[p->approval_count];
		size_t len = strcspn(text, " ");

		if (p->approval_count == PUBLISHER_APPROVALS_MAX)
			return damaged(s, p, "too many approvals", e);
		if (len >= sizeof a->category || text[len] == '\0')
			return damaged(s, p, "a broken approval", e);
		memcpy(a->category, text, len);
		a->category[len] = '\0';
		text += len + 1;
		if (!take_number(&text, ' ', &a->since_s) ||
		    !take_number(&text, ' ', &a->until_s) ||
		    !take_number(&text, ';', &a->lapse_s))
			return damaged(s, p, "a broken approval", e);
		p->approval_count++;
	}
	return 0;
}

/* Everything but the reason. */
static int
read_record(struct sqlite *s, sqlite3_stmt *st, struct publisher *p,
    struct err *e)
{
	p->state_reason[0] = '\0';
	if (sqlite_column_copy(s, st, COL_JID, p->jid, sizeof p->jid, e) < 0 ||
	    sqlite_column_copy(s, st, COL_NAME, p->name, sizeof p->name, e) < 0)
		return -1;
	p->state = publisher_state_find(sqlite_column(st, COL_STATE));
	if (p->state == PUBLISHER_NONE)
		return damaged(s, p, "an unknown state", e);
	p->state_since_s = sqlite3_column_int64(st, COL_SINCE);
	p->case_id = sqlite3_column_int64(st, COL_CASE);
	return read_approvals(s, sqlite_column(st, COL_APPROVALS), p, e);
}

/* The reason of the decision behind the state. */
static int
read_reason(struct sqlite *s, struct publisher *p, struct err *e)
{
	sqlite3_stmt *st = sqlite_use(s, SQL_REASON, e);
	int rc;

	if (st == NULL)
		return -1;
	sqlite_bind_int(s, SQL_REASON, 1, p->case_id);
	if ((rc = sqlite_step(s, SQL_REASON, e)) < 0)
		return -1;
	if (rc == 0)
		return damaged(s, p, "a state without a decision", e);
	rc = sqlite_column_copy(s, st, 0, p->state_reason,
	    sizeof p->state_reason, e);
	sqlite_done(s, SQL_REASON);
	return rc;
}

/* Inside a snapshot: 1, 0 or -1. */
static int
find(struct sqlite *s, const char *jid, struct publisher *p, struct err *e)
{
	sqlite3_stmt *st = sqlite_use(s, SQL_PUBLISHER, e);
	int rc;

	if (st == NULL)
		return -1;
	sqlite_bind_text(s, SQL_PUBLISHER, 1, jid);
	rc = sqlite_step(s, SQL_PUBLISHER, e);
	if (rc != 1)
		return rc;
	rc = read_record(s, st, p, e);
	sqlite_done(s, SQL_PUBLISHER);
	return rc < 0 ? -1 : 1;
}

void
sqlite_lookup(void *handle, const char *jid, store_publisher_cb done, void *arg)
{
	struct sqlite *s = handle;
	struct err e = { .text = "" };
	int64_t serial = 0;
	int found = -1;

	if (sqlite_read_begin(s, &serial, &e) == 0) {
		found = find(s, jid, &s->row, &e);
		if (found == 1 && s->row.state != PUBLISHER_APPROVED &&
		    read_reason(s, &s->row, &e) < 0)
			found = -1;
		sqlite_read_end(s);
	}
	done(arg, found, found == 1 ? &s->row : NULL, serial, &e);
}

int
sqlite_publisher_find(void *handle, const char *jid, struct publisher *r,
    struct err *e)
{
	struct sqlite *s = handle;
	int64_t serial;
	int found;

	if (sqlite_read_begin(s, &serial, e) < 0)
		return -1;
	found = find(s, jid, r, e);
	if (found == 1 && read_reason(s, r, e) < 0)
		found = -1;
	sqlite_read_end(s);
	return found;
}

static int
list(struct sqlite *s, enum sqlite_sql which, sqlite3_stmt *st,
    int (*each)(void *arg, const struct publisher *p), void *arg, struct err *e)
{
	int rc;

	while ((rc = sqlite_step(s, which, e)) == 1) {
		if (read_record(s, st, &s->row, e) < 0 ||
		    read_reason(s, &s->row, e) < 0) {
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
    int (*each)(void *arg, const struct publisher *p), void *arg, struct err *e)
{
	struct sqlite *s = handle;
	enum sqlite_sql which = state == PUBLISHER_NONE
	    ? SQL_PUBLISHER_LIST
	    : SQL_PUBLISHER_LIST_STATE;
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
	while (st != NULL && (rc = sqlite_step(s, SQL_PUBLISHER_COUNT, e)) == 1)
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

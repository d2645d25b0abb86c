/*
 * Bringing categories and staff to what the configuration says.  Each
 * difference is recorded; without one nothing is written.
 */
#include "store/sqlite.h"

#include <string.h>

/* What the configuration says, and whether anything differed. */
struct wanted {
	const char *const *ids;
	const char *const *titles;
	size_t category_count;
	const struct staff_entry *staff;
	size_t staff_count;
	int64_t now_s;
	bool has_changed;
};

static int
record(struct sqlite *s, struct wanted *w, const char *subject,
    const char *object, const char *change, const char *detail, struct err *e)
{
	const enum sqlite_sql q = SQL_CONFIG_EVENT;

	w->has_changed = true;
	if (sqlite_use(s, q, e) == NULL)
		return -1;
	sqlite_bind_int(s, q, 1, w->now_s);
	sqlite_bind_text(s, q, 2, subject);
	sqlite_bind_text(s, q, 3, object);
	sqlite_bind_text(s, q, 4, change);
	sqlite_bind_text(s, q, 5, detail);
	return sqlite_run(s, q, e);
}

static int
set_categories(struct sqlite *s, struct wanted *w, struct err *e)
{
	const enum sqlite_sql q = SQL_CATEGORY_SET;

	for (size_t i = 0; i < w->category_count; i++) {
		if (sqlite_use(s, q, e) == NULL)
			return -1;
		sqlite_bind_text(s, q, 1, w->ids[i]);
		sqlite_bind_text(s, q, 2, w->titles[i]);
		if (sqlite_run(s, q, e) < 0)
			return -1;
		if (sqlite3_changes64(s->db) > 0 &&
		    record(s, w, "category", w->ids[i], "set", w->titles[i],
			e) < 0)
			return -1;
	}
	return 0;
}

static bool
wants_category(const struct wanted *w, const char *id)
{
	for (size_t i = 0; i < w->category_count; i++)
		if (strcmp(w->ids[i], id) == 0)
			return true;
	return false;
}

static int
remove_category(struct sqlite *s, struct wanted *w, const char *id,
    struct err *e)
{
	const enum sqlite_sql q = SQL_CATEGORY_REMOVE;

	if (sqlite_use(s, q, e) == NULL)
		return -1;
	sqlite_bind_text(s, q, 1, id);
	sqlite_bind_int(s, q, 2, w->now_s);
	return sqlite_run(s, q, e) < 0
	    ? -1
	    : record(s, w, "category", id, "removed", "", e);
}

static int
set_staff(struct sqlite *s, struct wanted *w, struct err *e)
{
	const enum sqlite_sql q = SQL_STAFF_SET;

	for (size_t i = 0; i < w->staff_count; i++) {
		const struct staff_entry *p = &w->staff[i];

		if (sqlite_use(s, q, e) == NULL)
			return -1;
		sqlite_bind_text(s, q, 1, p->jid);
		sqlite_bind_text(s, q, 2, p->role);
		sqlite_bind_int(s, q, 3, w->now_s);
		if (sqlite_run(s, q, e) < 0)
			return -1;
		if (sqlite3_changes64(s->db) > 0 &&
		    record(s, w, "staff", p->jid, "set", p->role, e) < 0)
			return -1;
	}
	return 0;
}

static bool
wants_staff(const struct wanted *w, const char *jid, const char *role)
{
	for (size_t i = 0; i < w->staff_count; i++)
		if (strcmp(w->staff[i].jid, jid) == 0 &&
		    strcmp(w->staff[i].role, role) == 0)
			return true;
	return false;
}

/* Who approves no more has no vote in what is still open. */
static int
remove_votes(struct sqlite *s, const char *jid, struct err *e)
{
	const enum sqlite_sql q = SQL_STAFF_VOTES_REMOVE;

	if (sqlite_use(s, q, e) == NULL)
		return -1;
	sqlite_bind_text(s, q, 1, jid);
	return sqlite_run(s, q, e);
}

static int
remove_staff(struct sqlite *s, struct wanted *w, const char *jid,
    const char *role, struct err *e)
{
	const enum sqlite_sql q = SQL_STAFF_REMOVE;

	if (sqlite_use(s, q, e) == NULL)
		return -1;
	sqlite_bind_text(s, q, 1, jid);
	sqlite_bind_text(s, q, 2, role);
	return sqlite_run(s, q, e) < 0 ||
		(strcmp(role, "approver") == 0 && remove_votes(s, jid, e) < 0)
	    ? -1
	    : record(s, w, "staff", jid, "removed", role, e);
}

/* Rows that are no longer wanted.  A row may be changed while the list is
 * read: the one that was just passed. */
static int
remove_rest(struct sqlite *s, struct wanted *w, enum sqlite_sql list,
    struct err *e)
{
	sqlite3_stmt *st = sqlite_use(s, list, e);
	int rc = -1;

	while (st != NULL && (rc = sqlite_step(s, list, e)) == 1) {
		const char *key = sqlite_column(st, 0);
		const char *more = sqlite_column(st, 1);

		if (list == SQL_CATEGORY_LIST)
			rc = wants_category(w, key)
			    ? 0
			    : remove_category(s, w, key, e);
		else
			rc = wants_staff(w, key, more)
			    ? 0
			    : remove_staff(s, w, key, more, e);
		if (rc < 0) {
			sqlite_done(s, list);
			break;
		}
	}
	return rc;
}

static int
sync_all(struct sqlite *s, struct wanted *w, int64_t *serial_r, struct err *e)
{
	if (set_categories(s, w, e) < 0 || set_staff(s, w, e) < 0 ||
	    remove_rest(s, w, SQL_CATEGORY_LIST, e) < 0 ||
	    remove_rest(s, w, SQL_STAFF_LIST, e) < 0)
		return -1;
	if (w->has_changed)
		return sqlite_bump(s, serial_r, e);
	return sqlite_serial(s, serial_r, e);
}

int
sqlite_sync_config(void *handle, const char *const *category_ids,
    const char *const *category_titles, size_t category_count,
    const struct staff_entry *staff, size_t staff_count, int64_t now_s,
    int64_t *serial_r, struct err *e)
{
	struct sqlite *s = handle;
	struct wanted w = { category_ids, category_titles, category_count,
		staff, staff_count, now_s, false };
	int64_t serial = 0;

	if (sqlite_write_begin(s, e) < 0)
		return -1;
	if (sqlite_write_end(s, sync_all(s, &w, &serial, e), e) < 0)
		return -1;
	*serial_r = serial;
	return 0;
}

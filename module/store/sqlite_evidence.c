/* Sealed blobs: keeping, swapping and erasing them; notices that are sent. */
#include "store/sqlite_case.h"

int
sqlite_evidence_over(struct sqlite *s, const char *object, int64_t now_s,
    struct err *e)
{
	return sql_run(s, e,
	    "UPDATE evidence SET over_s = ?2 WHERE object = ?1", "ti", object,
	    now_s);
}

int
sqlite_evidence_again(struct sqlite *s, const char *jid, struct err *e)
{
	return sql_run(s, e,
	    "UPDATE evidence SET over_s = 0 WHERE jid = ?1"
	    " AND kind IN ('application', 'identity')"
	    " AND object NOT IN (SELECT id FROM applications"
	    " WHERE jid = ?1 AND state IN ('refused', 'withdrawn'))",
	    "t", jid);
}

int
sqlite_evidence_erase(struct sqlite *s, const char *id, int64_t now_s,
    struct err *e)
{
	if (sql_run(s, e,
		"UPDATE reporters SET mark = evidence WHERE evidence = ?1"
		" AND report = (SELECT object FROM evidence WHERE id = ?1)",
		"t", id) < 0)
		return -1;
	return sql_run(s, e,
	    "UPDATE evidence SET blob = NULL, key = NULL, erased_s = ?2"
	    " WHERE id = ?1 AND blob IS NOT NULL",
	    "ti", id, now_s);
}

void
sqlite_forget(struct sqlite *s)
{
	/* The log still has the pages as they were.  A reader that stands in
	 * the way for a moment leaves them to the next time. */
	(void)sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_TRUNCATE,
	    NULL, NULL);
}

static int
swap_all(struct sqlite *s, const struct evidence_swap *v, size_t count,
    struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (sql_run(s, e,
			"UPDATE evidence SET blob = ?2, key = ?3"
			" WHERE id = ?1 AND blob IS NOT NULL AND key = ?4",
			"tbbb", v[i].id, (const void *)v[i].blob, v[i].len,
			(const void *)(v[i].blob + 1), (size_t)EVIDENCE_KEY_LEN,
			(const void *)v[i].old_key,
			(size_t)EVIDENCE_KEY_LEN) < 0)
			return -1;
	return 0;
}

int
sqlite_evidence_replace(void *handle, const struct evidence_swap *v,
    size_t count, struct err *e)
{
	struct sqlite *s = handle;

	if (sqlite_write_begin(s, e) < 0)
		return -1;
	return sqlite_write_end(s, swap_all(s, v, count, e), e);
}

static int
delete_notices(struct sqlite *s, const int64_t *ids, size_t count,
    struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (sql_run(s, e, "DELETE FROM notices WHERE id = ?1", "i",
			ids[i]) < 0)
			return -1;
	return 0;
}

int
sqlite_notice_done(void *handle, const int64_t *ids, size_t count,
    struct err *e)
{
	struct sqlite *s = handle;

	if (sqlite_write_begin(s, e) < 0)
		return -1;
	return sqlite_write_end(s, delete_notices(s, ids, count, e), e);
}

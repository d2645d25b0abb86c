/*
 * The register in one SQLite file: what the sqlite*.c files share.  Nothing
 * outside of store/ includes this.
 *
 * Every statement is prepared once for each handle, and is idle (reset)
 * whenever no transaction is open: a handle that failed works again as soon
 * as the trouble is over.
 */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "store/store.h"

/* PRAGMA application_id: "MHRD". */
#define SQLITE_APPLICATION_ID 0x4d485244

enum sqlite_sql {
	SQL_SERIAL,
	SQL_BUMP,
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_PUBLISHER,
	SQL_PUBLISHER_STATE,
	SQL_PUBLISHER_LIST,
	SQL_PUBLISHER_LIST_STATE,
	SQL_PUBLISHER_COUNT,
	SQL_PUBLISHER_INSERT,
	SQL_PUBLISHER_SET_STATE,
	SQL_PUBLISHER_RENAME,
	SQL_NAME_OWNER,
	SQL_REASON,
	SQL_APPROVAL_SET,
	SQL_APPROVALS_END,
	SQL_APPROVALS_OTHER,
	SQL_CATEGORY,
	SQL_DECISION_INSERT,
	SQL_HISTORY,
	SQL_TOKEN_FIND,
	SQL_TOKEN_BY_ID,
	SQL_TOKEN_INSERT,
	SQL_TOKEN_EXPIRE,
	SQL_TOKEN_DELIST,
	SQL_KEY,
	SQL_KEY_INSERT,
	SQL_KEY_RETIRE,
	SQL_KEY_REVOKE,
	SQL_KEY_LIST,
	SQL_KEY_EVENT,
	SQL_CATEGORY_LIST,
	SQL_CATEGORY_SET,
	SQL_CATEGORY_REMOVE,
	SQL_STAFF_LIST,
	SQL_STAFF_SET,
	SQL_STAFF_REMOVE,
	SQL_STAFF_VOTES_REMOVE,
	SQL_CONFIG_EVENT,
	SQL_COUNT
};

/* How the file looked when it was last seen to be a register. */
struct sqlite_stamp {
	dev_t dev;
	ino_t ino;
	off_t size;
	struct timespec mtim, ctim;
};

struct sqlite {
	sqlite3 *db;
	char *path;
	enum store_mode mode;
	struct sqlite_stamp stamp;
	sqlite3_stmt *stmts[SQL_COUNT];
	bool bind_failed;     /* of the statement that is being bound */
	unsigned read_depth;  /* begins without their end */
	int64_t serial;	      /* of the open snapshot, or the last one */
	struct publisher row; /* what look-ups fill; too big for each stack */
};

/* sqlite.c: one connection. */

int sqlite_open(void **handle_r, const char *path, enum store_mode mode,
    struct err *e);
void sqlite_close(void *handle);
int sqlite_ping(void *handle, struct err *e);
int sqlite_serial(void *handle, int64_t *serial_r, struct err *e);

/* Turns the connection's last error into a sentence; returns -1. */
int sqlite_fail(struct sqlite *s, int rc, struct err *e);

/* Readies a statement: NULL and a sentence if it cannot be prepared.  Then
 * bind (texts are borrowed until the reset; NULL binds NULL), step, reset. */
sqlite3_stmt *sqlite_use(struct sqlite *s, enum sqlite_sql which,
    struct err *e);
void sqlite_bind_text(struct sqlite *s, enum sqlite_sql which, int at,
    const char *text);
void sqlite_bind_int(struct sqlite *s, enum sqlite_sql which, int at,
    int64_t value);
/* 1 for a row, 0 at the end (reset), -1 (reset, sentence). */
int sqlite_step(struct sqlite *s, enum sqlite_sql which, struct err *e);
void sqlite_done(struct sqlite *s, enum sqlite_sql which);
/* Steps a statement that changes and yields nothing; 0 or -1. */
int sqlite_run(struct sqlite *s, enum sqlite_sql which, struct err *e);

/* A text column into `r`; -1 if it is none or does not fit, which the schema
 * does not allow. */
int sqlite_column_copy(struct sqlite *s, sqlite3_stmt *st, int column, char *r,
    size_t cap, struct err *e);
/* "" for NULL; valid until the next step. */
const char *sqlite_column(sqlite3_stmt *st, int column);

/* One snapshot for all that is read until the matching end. */
int sqlite_read_begin(void *handle, int64_t *serial_r, struct err *e);
void sqlite_read_end(void *handle);

/* One transaction.  sqlite_write_end commits if `rc` is 0 and rolls back
 * otherwise; it returns 0 only if the change is on the disk. */
int sqlite_write_begin(struct sqlite *s, struct err *e);
int sqlite_write_end(struct sqlite *s, int rc, struct err *e);
/* Moves the serial, inside a transaction. */
int sqlite_bump(struct sqlite *s, int64_t *serial_r, struct err *e);

/* sqlite_migrations.c, sqlite_migration_2.c */

/* Its parts, then NULL. */
extern const char *const sqlite_migration_2[];

/* The schema that this program knows. */
int sqlite_schema_version(void);
/* Brings the file to schema `to` at least, in one transaction. */
int sqlite_migrate(struct sqlite *s, int to, struct err *e);

/* sqlite_publisher.c */

void sqlite_lookup(void *handle, const char *jid, store_publisher_cb done,
    void *arg);
int sqlite_publisher_find(void *handle, const char *jid, struct publisher *r,
    struct err *e);
int sqlite_publisher_list(void *handle, const char *after, unsigned limit,
    enum publisher_state state,
    int (*each)(void *arg, const struct publisher *p), void *arg,
    struct err *e);
int sqlite_publisher_count(void *handle, int64_t *r, struct err *e);
int sqlite_history(void *handle, const char *jid,
    int (*each)(void *arg, const struct decision_row *d), void *arg,
    struct err *e);

/* sqlite_decide.c */

int sqlite_decide(void *handle, const struct decision *d, int64_t *serial_r,
    int64_t *case_r, struct err *e);

/* sqlite_token.c: tokens and keys */

int sqlite_token_find(void *handle, const char *jid, const char *aud,
    const char *occupant, const char *kid, struct token_row *r, struct err *e);
int sqlite_token_by_id(void *handle, const char *id, struct token_row *r,
    struct err *e);
int sqlite_token_add(void *handle, const char *jid, const char *aud,
    const char *occupant, const struct token_row *t, struct err *e);
int sqlite_token_expire(void *handle, int64_t before_s, int64_t *count_r,
    struct err *e);
int sqlite_key_add(void *handle, const struct key_row *k, int64_t now_s,
    const char *by, struct err *e);
int sqlite_key_retire(void *handle, const char *kid, int64_t now_s,
    const char *by, struct err *e);
int sqlite_key_revoke(void *handle, const char *kid, int64_t since_s,
    int64_t now_s, const char *by, const char *reason, int64_t *serial_r,
    struct err *e);
int sqlite_key_list(void *handle,
    int (*each)(void *arg, const struct key_row *k), void *arg, struct err *e);

/* sqlite_config.c */

int sqlite_sync_config(void *handle, const char *const *category_ids,
    const char *const *category_titles, size_t category_count,
    const struct staff_entry *staff, size_t staff_count, int64_t now_s,
    int64_t *serial_r, struct err *e);

#endif

/*
 * The schema, as numbered steps.  A step that was released is never changed:
 * what comes later is a step of its own.  States and actions are stored by
 * name, times as seconds since 1970.
 */
#include "store/sqlite.h"

#define COPY_APPROVALS(row)                                                    \
	"UPDATE publishers SET approvals = ifnull((SELECT group_concat("       \
	"category || ' ' || since_s || ' ' || until_s, ';') FROM approvals a"  \
	" WHERE a.jid = " row ".jid), '') WHERE jid = " row ".jid;"

/* 1: publishers and what is decided about them. */
static const char migration_1[] =
    "CREATE TABLE meta ("
    " one INTEGER PRIMARY KEY CHECK (one = 1),"
    " serial INTEGER NOT NULL) STRICT;"
    "INSERT INTO meta VALUES (1, 1);"

    /* Removed ones stay, since approvals and decisions speak of them. */
    "CREATE TABLE categories ("
    " id TEXT PRIMARY KEY,"
    " title TEXT NOT NULL,"
    " removed_s INTEGER) STRICT, WITHOUT ROWID;"

    "CREATE TABLE staff ("
    " jid TEXT NOT NULL,"
    " role TEXT NOT NULL CHECK (role IN ('reviewer', 'approver')),"
    " since_s INTEGER NOT NULL,"
    " PRIMARY KEY (jid, role)) STRICT, WITHOUT ROWID;"

    /*
     * A check finds all that it needs on one page: hence no rowid, and
     * `approvals`, which triggers keep to what the table of that name says
     * ("news 1700000000 1731536000;..."), and no reason, which is that of
     * the decision `case_id`.  changed_serial: the last change of the
     * record or its approvals.
     */
    "CREATE TABLE publishers ("
    " jid TEXT PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " state TEXT NOT NULL CHECK (state IN ('applied', 'in-review',"
    "  'approved', 'suspended', 'rejected', 'revoked', 'expired',"
    "  'withdrawn')),"
    " state_since_s INTEGER NOT NULL,"
    " case_id INTEGER REFERENCES decisions (id),"
    " changed_serial INTEGER NOT NULL,"
    " approvals TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;"
    "CREATE INDEX publishers_state ON publishers (state, jid);"

    "CREATE TABLE decisions ("
    " id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " jid TEXT NOT NULL REFERENCES publishers (jid),"
    " at_s INTEGER NOT NULL,"
    " action TEXT NOT NULL,"
    " decided_by TEXT NOT NULL,"
    " reason TEXT NOT NULL,"
    " category TEXT REFERENCES categories (id),"
    " name TEXT,"
    " until_s INTEGER,"
    " serial INTEGER NOT NULL) STRICT;"
    "CREATE INDEX decisions_jid ON decisions (jid);"
    "CREATE TRIGGER decisions_no_update BEFORE UPDATE ON decisions"
    " BEGIN SELECT raise(ABORT, 'decisions are never changed'); END;"
    "CREATE TRIGGER decisions_no_delete BEFORE DELETE ON decisions"
    " BEGIN SELECT raise(ABORT, 'decisions are never deleted'); END;"

    "CREATE TABLE approvals ("
    " jid TEXT NOT NULL REFERENCES publishers (jid),"
    " category TEXT NOT NULL REFERENCES categories (id),"
    " since_s INTEGER NOT NULL,"
    " until_s INTEGER NOT NULL,"
    " decision INTEGER NOT NULL REFERENCES decisions (id),"
    " PRIMARY KEY (jid, category)) STRICT, WITHOUT ROWID;"
    "CREATE TRIGGER approvals_insert AFTER INSERT ON approvals"
    " BEGIN " COPY_APPROVALS(
	"new") " END;"
	       "CREATE TRIGGER approvals_update AFTER UPDATE ON approvals"
	       " BEGIN " COPY_APPROVALS(
		   "new") " END;"
			  "CREATE TRIGGER approvals_delete AFTER DELETE ON approvals"
			  " BEGIN " COPY_APPROVALS(
			      "old") " END;"

				     "CREATE TABLE keys ("
				     " kid TEXT PRIMARY KEY,"
				     " x TEXT NOT NULL,"
				     " nbf_s INTEGER NOT NULL,"
				     " retired_s INTEGER NOT NULL DEFAULT 0,"
				     " revoked_s INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;"
				     "CREATE TABLE key_events ("
				     " id INTEGER PRIMARY KEY AUTOINCREMENT,"
				     " kid TEXT NOT NULL REFERENCES keys (kid),"
				     " at_s INTEGER NOT NULL,"
				     " action TEXT NOT NULL,"
				     " decided_by TEXT NOT NULL,"
				     " reason TEXT NOT NULL,"
				     " since_s INTEGER,"
				     " tokens_delisted INTEGER) STRICT;"
				     "CREATE TRIGGER key_events_no_update BEFORE UPDATE ON key_events"
				     " BEGIN SELECT raise(ABORT, 'key events are never changed'); END;"
				     "CREATE TRIGGER key_events_no_delete BEFORE DELETE ON key_events"
				     " BEGIN SELECT raise(ABORT, 'key events are never deleted'); END;"

				     /* serial: what the register was at when
					the publisher was read. */
				     "CREATE TABLE tokens ("
				     " id TEXT NOT NULL UNIQUE,"
				     " jid TEXT NOT NULL REFERENCES publishers (jid),"
				     " aud TEXT NOT NULL,"
				     " occupant TEXT NOT NULL,"
				     " kid TEXT NOT NULL,"
				     " text TEXT NOT NULL,"
				     " iat_s INTEGER NOT NULL,"
				     " exp_s INTEGER NOT NULL,"
				     " serial INTEGER NOT NULL) STRICT;"
				     "CREATE INDEX tokens_find"
				     " ON tokens (jid, aud, occupant, kid, iat_s);"
				     "CREATE INDEX tokens_exp ON tokens (exp_s);"
				     "CREATE INDEX tokens_kid ON tokens (kid, iat_s);"

				     /* What the configuration changed in
					categories and staff. */
				     "CREATE TABLE config_events ("
				     " id INTEGER PRIMARY KEY AUTOINCREMENT,"
				     " at_s INTEGER NOT NULL,"
				     " subject TEXT NOT NULL CHECK (subject IN ('category', 'staff')),"
				     " object TEXT NOT NULL,"
				     " change TEXT NOT NULL CHECK (change IN ('set', 'removed')),"
				     " detail TEXT NOT NULL) STRICT;"
				     "CREATE TRIGGER config_events_no_update BEFORE UPDATE ON config_events"
				     " BEGIN SELECT raise(ABORT, 'config events are never changed'); END;"
				     "CREATE TRIGGER config_events_no_delete BEFORE DELETE ON config_events"
				     " BEGIN SELECT raise(ABORT, 'config events are never deleted'); END;";

static const char *const migration_1_parts[] = { migration_1, NULL };

/* Step N leads from schema N to schema N + 1. */
static const char *const *const migrations[] = {
	migration_1_parts,
	sqlite_migration_2,
};

#define VERSION ((int)(sizeof migrations / sizeof migrations[0]))

int
sqlite_schema_version(void)
{
	return VERSION;
}

static int
pragma_get(struct sqlite *s, const char *sql, int64_t *r, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, NULL);

	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
		*r = sqlite3_column_int64(st, 0);
		rc = SQLITE_OK;
	}
	if (rc != SQLITE_OK)
		(void)sqlite_fail(s, rc, e);
	(void)sqlite3_finalize(st);
	return rc == SQLITE_OK ? 0 : -1;
}

static int
run(struct sqlite *s, const char *sql, struct err *e)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : sqlite_fail(s, rc, e);
}

/* The steps that are missing, inside the caller's transaction. */
static int
migrate(struct sqlite *s, int to, struct err *e)
{
	char sql[96];
	int64_t version = 0;

	if (pragma_get(s, "PRAGMA user_version", &version, e) < 0)
		return -1;
	if (version < 0)
		return err_set(e, "the register %s is damaged: schema %lld",
		    s->path, (long long)version);
	if (version > VERSION)
		return err_set(e,
		    "the register %s has schema %lld, and this"
		    " program knows %d at most: it was used with a newer"
		    " version of Masthead",
		    s->path, (long long)version, VERSION);
	if (version >= to)
		return 0;
	for (int64_t i = version; i < to && i < VERSION; i++)
		for (const char *const *p = migrations[i]; *p; p++)
			if (run(s, *p, e) < 0)
				return err_prefix(e, "migration %d",
				    (int)i + 1);
	(void)sqlite3_snprintf(sizeof sql, sql,
	    "PRAGMA application_id = %d;"
	    "PRAGMA user_version = %d",
	    SQLITE_APPLICATION_ID, to);
	return run(s, sql, e);
}

int
sqlite_migrate(struct sqlite *s, int to, struct err *e)
{
	if (run(s, "BEGIN IMMEDIATE", e) < 0)
		return -1;
	if (migrate(s, to, e) == 0 && run(s, "COMMIT", e) == 0)
		return 0;
	(void)sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

/*
 * One connection to the register's file: opening, statements, snapshots,
 * transactions, and what the errors mean.
 *
 * SQLite itself does not look whether its file is still there, and answers
 * from its cache when somebody has overwritten the file.  So each snapshot
 * begins with a stat(2): a file that was removed or replaced is an error,
 * and one that has changed is read anew.
 */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "store/backend.h"
#include "store/sqlite_case.h"

#define WRITE_WAIT_MS 5000
/* Holds the inner pages of a million publishers; the leaves are read anew,
 * and twice as much would find few more of them. */
#define READ_CACHE_KIB 3072
#define WRITE_CACHE_KIB 2048
/* https://sqlite.org/fileformat2.html#the_database_header */
#define HEADER_LEN 100

/* What is read of a publisher; columns in the order of sqlite_publisher.c. */
#define RECORD "jid, name, state, state_since_s, ifnull(case_id, 0), approvals"

static const char *const sql_text[SQL_COUNT] = {
	[SQL_SERIAL] = "SELECT serial FROM meta WHERE one = 1",
	[SQL_BUMP] = "UPDATE meta SET serial = serial + 1 WHERE one = 1"
		     " RETURNING serial",
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_PUBLISHER] = "SELECT " RECORD " FROM publishers WHERE jid = ?1",
	[SQL_PUBLISHER_STATE] = "SELECT state FROM publishers WHERE jid = ?1",
	[SQL_PUBLISHER_LIST] = "SELECT " RECORD " FROM publishers"
			       " WHERE jid > ?1 ORDER BY jid LIMIT ?2",
	[SQL_PUBLISHER_LIST_STATE] =
	    "SELECT " RECORD " FROM publishers"
	    " WHERE jid > ?1 AND state = ?3 ORDER BY jid LIMIT ?2",
	[SQL_REASON] = "SELECT reason FROM decisions WHERE id = ?1",
	[SQL_PUBLISHER_COUNT] = "SELECT state, count(*) FROM publishers"
				" GROUP BY state",
	[SQL_PUBLISHER_INSERT] =
	    "INSERT INTO publishers (jid, name, state,"
	    " state_since_s, changed_serial) VALUES (?1, ?2, ?3, ?4, ?5)",
	/* A state that does not change keeps its date. */
	[SQL_PUBLISHER_SET_STATE] =
	    "UPDATE publishers SET state_since_s ="
	    " CASE state WHEN ?2 THEN state_since_s ELSE ?3 END,"
	    " state = ?2, case_id = ?4, changed_serial = ?5 WHERE jid = ?1",
	[SQL_PUBLISHER_RENAME] = "UPDATE publishers SET name = ?2,"
				 " changed_serial = ?3 WHERE jid = ?1",
	[SQL_NAME_OWNER] = "SELECT jid FROM publishers"
			   " WHERE name = ?1 AND jid <> ?2",
	/* One that still runs is prolonged and keeps its beginning. */
	[SQL_APPROVAL_SET] =
	    "INSERT INTO approvals (jid, category, since_s,"
	    " until_s, decision) VALUES (?1, ?2, ?3, ?4, ?5)"
	    " ON CONFLICT (jid, category) DO UPDATE SET since_s ="
	    " CASE WHEN until_s > ?3 THEN since_s ELSE ?3 END,"
	    " until_s = ?4, decision = ?5",
	[SQL_APPROVALS_END] = "DELETE FROM approvals WHERE jid = ?1",
	[SQL_APPROVALS_OTHER] = "SELECT count(*) FROM approvals"
				" WHERE jid = ?1 AND category <> ?2",
	[SQL_CATEGORY] = "SELECT 1 FROM categories WHERE id = ?1"
			 " AND removed_s IS NULL",
	[SQL_DECISION_INSERT] =
	    "INSERT INTO decisions (jid, at_s, action,"
	    " decided_by, reason, category, name, until_s, serial)"
	    " VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, ''), nullif(?7, ''),"
	    " nullif(?8, 0), ?9)",
	[SQL_HISTORY] = "SELECT id, at_s, ifnull(until_s, 0), action,"
			" decided_by, reason, category, name FROM decisions"
			" WHERE jid = ?1 ORDER BY id",
	[SQL_TOKEN_FIND] =
	    "SELECT t.id, t.text, t.kid, t.iat_s, t.exp_s,"
	    " t.serial FROM publishers p JOIN tokens t ON t.jid = p.jid"
	    " WHERE p.jid = ?1 AND t.aud = ?2 AND t.occupant = ?3"
	    " AND t.kid = ?4 AND t.serial >= p.changed_serial"
	    " ORDER BY t.iat_s DESC, t.rowid DESC LIMIT 1",
	[SQL_TOKEN_BY_ID] = "SELECT id, text, kid, iat_s, exp_s, serial"
			    " FROM tokens WHERE id = ?1",
	[SQL_TOKEN_INSERT] =
	    "INSERT INTO tokens (id, jid, aud, occupant,"
	    " kid, text, iat_s, exp_s, serial) SELECT ?1, jid, ?3, ?4, ?5,"
	    " ?6, ?7, ?8, ?9 FROM publishers WHERE jid = ?2"
	    /* Signatures are deterministic: the same claims in the same second
	     * are the same token, whatever the register was. */
	    " ON CONFLICT (id) DO UPDATE SET"
	    " serial = max(serial, excluded.serial)"
	    " WHERE text = excluded.text AND jid = excluded.jid"
	    " AND aud = excluded.aud AND occupant = excluded.occupant",
	[SQL_TOKEN_EXPIRE] = "DELETE FROM tokens WHERE exp_s < ?1",
	[SQL_TOKEN_DELIST] = "DELETE FROM tokens WHERE kid = ?1"
			     " AND iat_s >= ?2",
	[SQL_KEY] = "SELECT retired_s, revoked_s FROM keys WHERE kid = ?1",
	[SQL_KEY_INSERT] = "INSERT INTO keys (kid, x, nbf_s, retired_s,"
			   " revoked_s) VALUES (?1, ?2, ?3, ?4, ?5)",
	[SQL_KEY_RETIRE] = "UPDATE keys SET retired_s = ?2 WHERE kid = ?1",
	/* A revoked key signs no more. */
	[SQL_KEY_REVOKE] = "UPDATE keys SET revoked_s = ?2, retired_s ="
			   " CASE retired_s WHEN 0 THEN ?3 ELSE retired_s END"
			   " WHERE kid = ?1",
	[SQL_KEY_LIST] = "SELECT kid, x, nbf_s, retired_s, revoked_s"
			 " FROM keys ORDER BY nbf_s, kid",
	[SQL_KEY_EVENT] = "INSERT INTO key_events (kid, at_s, action,"
			  " decided_by, reason, since_s, tokens_delisted)"
			  " VALUES (?1, ?2, ?3, ?4, ?5, nullif(?6, 0), ?7)",
	[SQL_CATEGORY_LIST] = "SELECT id, title FROM categories"
			      " WHERE removed_s IS NULL ORDER BY id",
	/* Changes a row only if that makes a difference. */
	[SQL_CATEGORY_SET] =
	    "INSERT INTO categories (id, title)"
	    " VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET title = ?2,"
	    " removed_s = NULL WHERE title <> ?2 OR removed_s IS NOT NULL",
	[SQL_CATEGORY_REMOVE] = "UPDATE categories SET removed_s = ?2"
				" WHERE id = ?1",
	[SQL_STAFF_LIST] = "SELECT jid, role FROM staff ORDER BY jid, role",
	[SQL_STAFF_SET] =
	    "INSERT INTO staff (jid, role, since_s)"
	    " VALUES (?1, ?2, ?3) ON CONFLICT (jid, role) DO NOTHING",
	[SQL_STAFF_REMOVE] = "DELETE FROM staff WHERE jid = ?1 AND role = ?2",
	[SQL_STAFF_VOTES_REMOVE] =
	    "DELETE FROM votes WHERE voter = ?1 AND application IN"
	    " (SELECT id FROM applications WHERE state IN ('open', 'asked'))",
	[SQL_CONFIG_EVENT] =
	    "INSERT INTO config_events (at_s, subject,"
	    " object, change, detail) VALUES (?1, ?2, ?3, ?4, ?5)",
};

int
sqlite_fail(struct sqlite *s, int rc, struct err *e)
{
	const char *why =
	    s->db == NULL ? sqlite3_errstr(rc) : sqlite3_errmsg(s->db);

	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL: /* the log's index, however often it tried */
		return err_set(e,
		    "the register %s is locked by another"
		    " program (%s)",
		    s->path, why);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return err_set(e,
		    "the register %s is damaged (%s): stop"
		    " Masthead and restore it from a backup",
		    s->path, why);
	case SQLITE_FULL:
		return err_set(e,
		    "there is no room on the disk for the"
		    " register %s (%s)",
		    s->path, why);
	case SQLITE_CANTOPEN:
		return err_set(e, "cannot open the register %s: %s", s->path,
		    s->db == NULL ? why
				  : strerror(sqlite3_system_errno(s->db)));
	case SQLITE_READONLY:
		return err_set(e, "the register %s may not be written (%s)",
		    s->path, why);
	default:
		return err_set(e, "the register %s failed (%s, code %d)",
		    s->path, why,
		    s->db == NULL ? rc : sqlite3_extended_errcode(s->db));
	}
}

/*
 * Statements.
 */

sqlite3_stmt *
sqlite_use(struct sqlite *s, enum sqlite_sql which, struct err *e)
{
	sqlite3_stmt **st = &s->stmts[which];
	int rc;

	s->bind_failed = false;
	if (*st != NULL)
		return *st;
	rc = sqlite3_prepare_v3(s->db, sql_text[which], -1,
	    SQLITE_PREPARE_PERSISTENT, st, NULL);
	if (rc != SQLITE_OK)
		(void)sqlite_fail(s, rc, e);
	return *st;
}

void
sqlite_bind_text(struct sqlite *s, enum sqlite_sql which, int at,
    const char *text)
{
	if (sqlite3_bind_text(s->stmts[which], at, text, -1, SQLITE_STATIC) !=
	    SQLITE_OK)
		s->bind_failed = true;
}

void
sqlite_bind_int(struct sqlite *s, enum sqlite_sql which, int at, int64_t value)
{
	if (sqlite3_bind_int64(s->stmts[which], at, value) != SQLITE_OK)
		s->bind_failed = true;
}

void
sqlite_done(struct sqlite *s, enum sqlite_sql which)
{
	(void)sqlite3_reset(s->stmts[which]);
}

int
sqlite_step(struct sqlite *s, enum sqlite_sql which, struct err *e)
{
	int rc = s->bind_failed ? SQLITE_NOMEM : sqlite3_step(s->stmts[which]);

	if (rc == SQLITE_ROW)
		return 1;
	if (rc != SQLITE_DONE)
		(void)sqlite_fail(s, rc, e);
	sqlite_done(s, which);
	return rc == SQLITE_DONE ? 0 : -1;
}

int
sqlite_run(struct sqlite *s, enum sqlite_sql which, struct err *e)
{
	int rc = sqlite_step(s, which, e);

	if (rc == 1)
		sqlite_done(s, which);
	return rc < 0 ? -1 : 0;
}

const char *
sqlite_column(sqlite3_stmt *st, int column)
{
	const unsigned char *text = sqlite3_column_text(st, column);

	return text == NULL ? "" : (const char *)text;
}

int
sqlite_column_copy(struct sqlite *s, sqlite3_stmt *st, int column, char *r,
    size_t cap, struct err *e)
{
	const unsigned char *text = sqlite3_column_text(st, column);
	int len = sqlite3_column_bytes(st, column);

	if (text == NULL || (size_t)len >= cap)
		return err_set(e,
		    "the register %s is damaged: a text is"
		    " missing or too long",
		    s->path);
	memcpy(r, text, (size_t)len);
	r[len] = '\0';
	return 0;
}

/*
 * The file behind the connection.
 */

static bool
same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/* Looks at the file's first bytes through SQLite's own descriptor: to open
 * and close another one would drop the locks that this process holds. */
static int
check_header(struct sqlite *s, struct err *e)
{
	unsigned char h[HEADER_LEN];
	sqlite3_file *f = NULL;
	uint32_t id = 0;
	int rc;

	rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &f);
	if (rc != SQLITE_OK || f->pMethods == NULL)
		return err_set(e, "cannot open the register %s", s->path);
	rc = f->pMethods->xRead(f, h, HEADER_LEN, 0);
	if (rc != SQLITE_OK && rc != SQLITE_IOERR_SHORT_READ)
		return sqlite_fail(s, rc, e);
	if (rc != SQLITE_OK || memcmp(h, "SQLite format 3", 16) != 0)
		return err_set(e,
		    "%s is no register, or is damaged: stop"
		    " Masthead and restore it from a backup",
		    s->path);
	for (size_t i = 68; i < 72; i++)
		id = id << 8 | (uint32_t)h[i];
	if (id != SQLITE_APPLICATION_ID)
		return err_set(e, "%s is the database of another program",
		    s->path);
	return 0;
}

/*
 * Whether the file is still the one that was opened.  It may come back, so
 * the connection stays; another file in its place wants a restart, since its
 * serials and locks have nothing to do with what guards and handles hold.
 */
static int
check_file(struct sqlite *s, struct err *e)
{
	struct sqlite_stamp *seen = &s->stamp;
	struct stat st;

	if (stat(s->path, &st) < 0)
		return err_set(e, "the register %s: %s", s->path,
		    strerror(errno));
	if (seen->ino != 0 &&
	    (st.st_ino != seen->ino || st.st_dev != seen->dev))
		return err_set(e,
		    "another file has taken the place of the"
		    " register %s: put the old one back, or restart Masthead",
		    s->path);
	if (seen->ino != 0 && st.st_size == seen->size &&
	    same_time(&st.st_mtim, &seen->mtim) &&
	    same_time(&st.st_ctim, &seen->ctim))
		return 0;
	if (check_header(s, e) < 0)
		return -1;
	/* Most often this was a checkpoint; but nothing tells it from a hand
	 * that wrote into the file, so no page is trusted any longer. */
	(void)sqlite3_db_release_memory(s->db);
	*seen = (struct sqlite_stamp){ .dev = st.st_dev,
		.ino = st.st_ino,
		.size = st.st_size,
		.mtim = st.st_mtim,
		.ctim = st.st_ctim };
	return 0;
}

/*
 * Snapshots and transactions.
 */

/* Reads the serial, and leaves the statement open: as long as it is, all
 * that this connection reads belongs to the same snapshot, and that costs
 * less than BEGIN and COMMIT. */
static int
open_snapshot(struct sqlite *s, struct err *e)
{
	sqlite3_stmt *st;
	int64_t serial;
	int rc;

	if (check_file(s, e) < 0 ||
	    (st = sqlite_use(s, SQL_SERIAL, e)) == NULL ||
	    (rc = sqlite_step(s, SQL_SERIAL, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e,
		    "the register %s is damaged: it has no"
		    " serial",
		    s->path);
	serial = sqlite3_column_int64(st, 0);
	if (serial < s->serial) {
		sqlite_done(s, SQL_SERIAL);
		return err_set(e,
		    "the register %s went back from serial %lld"
		    " to %lld: restart Masthead",
		    s->path, (long long)s->serial, (long long)serial);
	}
	s->serial = serial;
	return 0;
}

int
sqlite_read_begin(void *handle, int64_t *serial_r, struct err *e)
{
	struct sqlite *s = handle;

	if (s->read_depth == 0 && open_snapshot(s, e) < 0)
		return -1;
	s->read_depth++;
	*serial_r = s->serial;
	return 0;
}

void
sqlite_read_end(void *handle)
{
	struct sqlite *s = handle;

	if (--s->read_depth == 0)
		sqlite_done(s, SQL_SERIAL);
}

static int
run_plain(struct sqlite *s, enum sqlite_sql which, struct err *e)
{
	return sqlite_use(s, which, e) == NULL ? -1 : sqlite_run(s, which, e);
}

int
sqlite_write_begin(struct sqlite *s, struct err *e)
{
	if (s->mode != STORE_WRITE)
		return err_set(e, "the register %s is open for reading only",
		    s->path);
	if (check_file(s, e) < 0)
		return -1;
	return run_plain(s, SQL_BEGIN, e);
}

int
sqlite_write_end(struct sqlite *s, int rc, struct err *e)
{
	if (rc == 0)
		rc = run_plain(s, SQL_COMMIT, e);
	/* Some errors have rolled back already. */
	if (rc < 0 && !sqlite3_get_autocommit(s->db))
		(void)run_plain(s, SQL_ROLLBACK, NULL);
	return rc;
}

int
sqlite_bump(struct sqlite *s, int64_t *serial_r, struct err *e)
{
	sqlite3_stmt *st = sqlite_use(s, SQL_BUMP, e);
	int rc;

	if (st == NULL || (rc = sqlite_step(s, SQL_BUMP, e)) < 0)
		return -1;
	if (rc == 0)
		return err_set(e,
		    "the register %s is damaged: it has no"
		    " serial",
		    s->path);
	*serial_r = sqlite3_column_int64(st, 0);
	sqlite_done(s, SQL_BUMP);
	return 0;
}

/*
 * Opening and closing.
 */

/*
 * A reader that finds the log's index locked is made to wait by SQLite, ten
 * seconds in all and whatever the busy timeout says.  On the loop that may
 * not be: its waits are cut to what another thread needs to finish a step.
 */
#define READ_VFS "masthead-read"
#define READ_WAIT_NS 100000 /* at a time; SQLite tries a hundred times */

static sqlite3_vfs read_vfs;
static once_flag read_vfs_once = ONCE_FLAG_INIT;

static int
wait_briefly(sqlite3_vfs *vfs, int us)
{
	const struct timespec t = { .tv_nsec = READ_WAIT_NS };

	(void)vfs;
	(void)nanosleep(&t, NULL);
	return us;
}

static void
register_read_vfs(void)
{
	const sqlite3_vfs *base = sqlite3_vfs_find(NULL);

	if (base == NULL)
		return; /* sqlite3_open_v2 will say that there is none */
	read_vfs = *base;
	read_vfs.zName = READ_VFS;
	read_vfs.xSleep = wait_briefly;
	(void)sqlite3_vfs_register(&read_vfs, 0);
}

static int
configure(struct sqlite *s, struct err *e)
{
	char sql[512];
	bool reads = s->mode == STORE_READ;
	int rc;

	(void)sqlite3_extended_result_codes(s->db, 1);
	(void)sqlite3_busy_timeout(s->db, reads ? 0 : WRITE_WAIT_MS);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_snprintf(sizeof sql, sql,
	    "PRAGMA cache_size = -%d; PRAGMA mmap_size = 0;"
	    "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
	    "PRAGMA foreign_keys = ON; PRAGMA query_only = %d;"
	    /* What is erased is to be gone from the pages, too. */
	    "PRAGMA secure_delete = ON;"
	    "PRAGMA synchronous = FULL;",
	    reads ? READ_CACHE_KIB : WRITE_CACHE_KIB, reads);
	rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
	return rc == SQLITE_OK ? 0 : sqlite_fail(s, rc, e);
}

static int
connect_file(struct sqlite *s, struct err *e)
{
	int rc;

	call_once(&read_vfs_once, register_read_vfs);
	rc = sqlite3_open_v2(s->path, &s->db,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX |
		SQLITE_OPEN_PRIVATECACHE,
	    s->mode == STORE_READ ? READ_VFS : NULL);
	return rc == SQLITE_OK ? 0 : sqlite_fail(s, rc, e);
}

static void
disconnect(struct sqlite *s)
{
	for (size_t i = 0; i < SQL_COUNT; i++) {
		(void)sqlite3_finalize(s->stmts[i]);
		s->stmts[i] = NULL;
	}
	(void)sqlite3_close(s->db);
	s->db = NULL;
}

static int
run_text(struct sqlite *s, const char *sql, struct err *e)
{
	int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : sqlite_fail(s, rc, e);
}

/* Makes the name in the folder as durable as the file. */
static int
sync_folder(const char *path, struct err *e)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int fd = -1;
	int rc = -1;

	folder = slash == NULL
	    ? strdup(".")
	    : strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (folder != NULL)
		fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		rc = fsync(fd);
	if (rc < 0)
		(void)err_set(e, "cannot sync the folder of %s: %s", path,
		    strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	free(folder);
	return rc;
}

/* An empty register at `path`, which must be a new name. */
static int
build(const char *path, struct err *e)
{
	struct sqlite s = { .path = (char *)path, .mode = STORE_WRITE };
	int rc = -1;
	int fd;

	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set(e, "cannot create the register %s: %s", path,
		    strerror(errno));
	(void)close(fd);
	if (connect_file(&s, e) == 0 && configure(&s, e) == 0 &&
	    run_text(&s, "PRAGMA journal_mode = WAL", e) == 0 &&
	    sqlite_migrate(&s, sqlite_schema_version(), e) == 0)
		rc = 0;
	disconnect(&s);
	return rc;
}

/* A log without its database is the rest of a register that somebody moved:
 * a new one in its place would take that log for its own. */
static int
check_no_log(const char *path, struct err *e)
{
	char *wal = sqlite3_mprintf("%s-wal", path);
	struct stat st;
	int rc = 0;

	if (wal == NULL)
		return err_set(e, "no memory for the register");
	if (stat(wal, &st) == 0 && st.st_size > 0)
		rc = err_set(e,
		    "%s is there without its register %s: put"
		    " that back, or remove the other, too",
		    wal, path);
	sqlite3_free(wal);
	return rc;
}

/*
 * Creates the register under another name and gives it its own when it is
 * complete: a register that is there was always whole, so an empty file is
 * damage and not a new one.
 */
static int
create(const char *path, struct err *e)
{
	char *draft;
	int rc = -1;

	if (check_no_log(path, e) < 0)
		return -1;
	draft = sqlite3_mprintf("%s.new-%lld", path, (long long)getpid());
	if (draft == NULL)
		return err_set(e, "no memory for the register");
	(void)unlink(draft);
	rc = build(draft, e);
	/* Not rename(2), which would take away what another process made. */
	if (rc == 0 && link(draft, path) < 0 && errno != EEXIST)
		rc = err_set(e, "cannot create the register %s: %s", path,
		    strerror(errno));
	(void)unlink(draft);
	sqlite3_free(draft);
	return rc < 0 ? -1 : sync_folder(path, e);
}

static int
check_schema(struct sqlite *s, struct err *e)
{
	sqlite3_stmt *st = NULL;
	int known = sqlite_schema_version();
	int found = -1;
	int rc;

	rc = sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &st, NULL);
	if (rc == SQLITE_OK && (rc = sqlite3_step(st)) == SQLITE_ROW)
		found = sqlite3_column_int(st, 0);
	if (found < 0)
		(void)sqlite_fail(s, rc, e);
	else if (found != known)
		(void)err_set(e,
		    "the register %s has schema %d, and this"
		    " program wants %d",
		    s->path, found, known);
	(void)sqlite3_finalize(st);
	return found == known ? 0 : -1;
}

static int
open_file(struct sqlite *s, struct err *e)
{
	struct stat st;
	int64_t serial;

	if (s->mode == STORE_WRITE && stat(s->path, &st) < 0 &&
	    errno == ENOENT && create(s->path, e) < 0)
		return -1;
	if (connect_file(s, e) < 0 || check_file(s, e) < 0 ||
	    configure(s, e) < 0)
		return -1;
	if (s->mode == STORE_WRITE
		? sqlite_migrate(s, sqlite_schema_version(), e) < 0
		: check_schema(s, e) < 0)
		return -1;
	if (s->mode == STORE_WRITE &&
	    run_text(s, "PRAGMA journal_mode = WAL", e) < 0)
		return -1;
	return sqlite_serial(s, &serial, e);
}

int
sqlite_open(void **handle_r, const char *path, enum store_mode mode,
    struct err *e)
{
	struct sqlite *s;

	if (path[0] != '/')
		return err_set(e,
		    "sqlite:%s: want the whole path,"
		    " sqlite:/PATH",
		    path);
	s = calloc(1, sizeof *s);
	if (s == NULL || (s->path = strdup(path)) == NULL) {
		free(s);
		return err_set(e, "no memory for the register");
	}
	s->mode = mode;
	if (open_file(s, e) < 0) {
		sqlite_close(s);
		return -1;
	}
	*handle_r = s;
	return 0;
}

void
sqlite_close(void *handle)
{
	struct sqlite *s = handle;

	disconnect(s);
	free(s->path);
	free(s);
}

int
sqlite_serial(void *handle, int64_t *serial_r, struct err *e)
{
	if (sqlite_read_begin(handle, serial_r, e) < 0)
		return -1;
	sqlite_read_end(handle);
	return 0;
}

int
sqlite_ping(void *handle, struct err *e)
{
	struct sqlite *s = handle;
	int64_t serial;

	/* What the file says now, not what the cache remembers. */
	if (s->read_depth == 0)
		(void)sqlite3_db_release_memory(s->db);
	if (check_header(s, e) < 0)
		return -1;
	return sqlite_serial(s, &serial, e);
}

const struct store_backend sqlite_backend = {
	.scheme = "sqlite",
	.open = sqlite_open,
	.close = sqlite_close,
	.ping = sqlite_ping,
	.serial = sqlite_serial,
	.lookup_begin = sqlite_read_begin,
	.lookup_end = sqlite_read_end,
	.lookup = sqlite_lookup,
	.publisher_find = sqlite_publisher_find,
	.publisher_list = sqlite_publisher_list,
	.publisher_count = sqlite_publisher_count,
	.decide = sqlite_decide,
	.history = sqlite_history,
	.token_find = sqlite_token_find,
	.token_by_id = sqlite_token_by_id,
	.token_add = sqlite_token_add,
	.token_expire = sqlite_token_expire,
	.key_add = sqlite_key_add,
	.key_retire = sqlite_key_retire,
	.key_revoke = sqlite_key_revoke,
	.key_list = sqlite_key_list,
	.sync_config = sqlite_sync_config,
	.case_step = sqlite_case_step,
	.application_find = sqlite_application_find,
	.application_current = sqlite_application_current,
	.application_list = sqlite_application_list,
	.application_of = sqlite_application_of,
	.acceptance_list = sqlite_acceptance_list,
	.vote_list = sqlite_vote_list,
	.votes_needed = sqlite_votes_needed,
	.identity_list = sqlite_identity_list,
	.profile_find = sqlite_profile_find,
	.proof_find = sqlite_proof_find,
	.proof_due = sqlite_proof_due,
	.event_list = sqlite_event_list,
	.appeal_find = sqlite_appeal_find,
	.appeal_list = sqlite_appeal_list,
	.appealable = sqlite_find_appealable,
	.report_find = sqlite_report_find,
	.report_list = sqlite_report_list,
	.reporter_list = sqlite_reporter_list,
	.evidence_find = sqlite_evidence_find,
	.evidence_list = sqlite_evidence_list,
	.evidence_stale = sqlite_evidence_stale,
	.evidence_stale_count = sqlite_evidence_stale_count,
	.evidence_replace = sqlite_evidence_replace,
	.notice_list = sqlite_notice_list,
	.notice_done = sqlite_notice_done,
	.agreement_list = sqlite_agreement_list,
	.agreement_sync = sqlite_agreement_sync,
	.due = sqlite_due,
};

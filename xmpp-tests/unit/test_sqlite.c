/*
 * The register's file in trouble: what is damaged, locked, full or gone is
 * an error, never "there is no such publisher", and is over when the trouble
 * is.  What was acknowledged survives a kill.
 */
#include "store/store.h"

#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "store/sqlite.h"
#include "unit/store_fixture.h"

/* A look-up of a known and of an unknown account fails, with `want`. */
static void
ck_unavailable(const char *want)
{
	static const char *const jids[] = { DAILY, "nobody@example.org" };

	for (size_t i = 0; i < COUNT(jids); i++) {
		struct fx_answer a = fx_lookup(jids[i]);

		ck_assert_msg(a.found == -1, "%s: got %d", jids[i], a.found);
		ck_assert_msg(strstr(a.e.text, want) != NULL,
		    "got \"%s\", want \"%s\"", a.e.text, want);
	}
	ck_assert_int_eq(store_ping(fx_r, &fx_e), -1);
}

static void
ck_available(void)
{
	struct fx_answer a = fx_lookup(DAILY);

	ck_assert_msg(a.found == 1, "got %d (%s)", a.found, a.e.text);
	a = fx_lookup("nobody@example.org");
	ck_assert_msg(a.found == 0, "got %d (%s)", a.found, a.e.text);
	fx_ok(store_ping(fx_r, &fx_e));
}

static void
fill(void)
{
	char jid[64], name[64];

	fx_approved(DAILY, "Daily");
	for (int i = 0; i < 40; i++) {
		(void)snprintf(jid, sizeof jid, "p%d@example.org", i);
		(void)snprintf(name, sizeof name, "Publisher %d", i);
		fx_ok(fx_decide(DECISION_ADD, jid, name, NULL));
	}
}

/*
 * Files.
 */

static mode_t
mode_of(const char *suffix)
{
	char path[160];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s%s", fx_path, suffix);
	ck_assert_msg(stat(path, &st) == 0, "%s: %s", path, strerror(errno));
	return st.st_mode & 07777;
}

START_TEST(test_files_are_private)
{
	fx_close_all();
	ck_assert_int_eq(unlink(fx_path), 0);
	(void)umask(0);
	fx_open_writer();
	fx_open_reader();
	(void)fx_sync_categories();
	fx_approved(DAILY, "Daily");
	ck_assert_uint_eq(mode_of(""), 0600);
	ck_assert_uint_eq(mode_of("-wal"), 0600);
	ck_assert_uint_eq(mode_of("-shm"), 0600);
}
END_TEST

static void
write_file(const char *path, const void *bytes, size_t len)
{
	FILE *f = fopen(path, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, len, f), len);
	ck_assert_int_eq(fclose(f), 0);
}

static void
run_sql(const char *path, const char *sql)
{
	sqlite3 *db = NULL;
	char *why = NULL;

	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	(void)sqlite3_exec(db, sql, NULL, NULL, &why);
	ck_assert_msg(why == NULL, "%s: %s", sql, why);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
}

static const char *const refused_urls[] = {
	"",
	"sqlite",
	"sqlite:",
	"sqlite:register.db",
	"postgres:/x",
	"sqlite:/nonexistent/folder/register.db",
	"sqlite:/",
	"/tmp/x.db",
};

START_TEST(test_refused_url)
{
	struct store *s = NULL;

	for (int mode = STORE_READ; mode <= STORE_WRITE; mode++) {
		struct err e = { .text = "" };

		ck_assert_int_eq(
		    store_open(&s, refused_urls[_i], (enum store_mode)mode, &e),
		    -1);
		ck_assert_ptr_null(s);
		ck_assert_str_ne(e.text, "");
	}
}
END_TEST

/* What is no register is not made into one, and stays as it is. */
START_TEST(test_refused_file)
{
	static const char *const labels[] = { "empty", "garbage", "another",
		"another's number" };
	struct store *s = NULL;
	struct stat before, after;

	fx_close_all();
	ck_assert_int_eq(unlink(fx_path), 0);
	if (_i == 0)
		write_file(fx_path, "", 0);
	else if (_i == 1)
		write_file(fx_path, "not a database at all, only text", 32);
	else
		run_sql(fx_path,
		    _i == 2 ? "CREATE TABLE publishers (a)"
			    : "PRAGMA application_id = -1");
	ck_assert_int_eq(stat(fx_path, &before), 0);
	for (int mode = STORE_READ; mode <= STORE_WRITE; mode++)
		fx_fails(store_open(&s, fx_url, (enum store_mode)mode, &fx_e),
		    _i >= 2 ? "another program" : "no register");
	ck_assert_int_eq(stat(fx_path, &after), 0);
	ck_assert_msg(before.st_size == after.st_size, "%s was changed",
	    labels[_i]);
}
END_TEST

START_TEST(test_log_without_register)
{
	char wal[160];
	struct store *s = NULL;

	fx_close_all();
	ck_assert_int_eq(unlink(fx_path), 0);
	(void)snprintf(wal, sizeof wal, "%s-wal", fx_path);
	write_file(wal, "x", 1);
	fx_fails(store_open(&s, fx_url, STORE_WRITE, &fx_e),
	    "without its register");
}
END_TEST

START_TEST(test_reader_wants_a_file)
{
	struct store *s = NULL;

	fx_close_all();
	ck_assert_int_eq(unlink(fx_path), 0);
	fx_fails(store_open(&s, fx_url, STORE_READ, &fx_e), "cannot open");
	ck_assert_int_eq(access(fx_path, F_OK), -1);
}
END_TEST

START_TEST(test_unreadable_file)
{
	struct store *s = NULL;

	fx_close_all();
	ck_assert_int_eq(chmod(fx_dir, 0755), 0);
	ck_assert_int_eq(chmod(fx_path, 0), 0);
	if (geteuid() == 0)
		ck_assert_int_eq(seteuid(65534), 0);
	fx_fails(store_open(&s, fx_url, STORE_READ, &fx_e),
	    "Permission denied");
	if (getuid() == 0)
		ck_assert_int_eq(seteuid(0), 0);
}
END_TEST

START_TEST(test_reader_does_not_write)
{
	struct store *writer = fx_w;

	fx_w = fx_r;
	fx_fails(fx_decide(DECISION_ADD, DAILY, "D", NULL), "reading only");
	fx_w = writer;
}
END_TEST

/*
 * Overwritten, cut, replaced, removed.
 */

#define FILE_MAX (1 << 20)

struct copy {
	char bytes[FILE_MAX];
	size_t len;
};

static void
read_copy(struct copy *c)
{
	FILE *f = fopen(fx_path, "rb");

	ck_assert_ptr_nonnull(f);
	c->len = fread(c->bytes, 1, sizeof c->bytes, f);
	ck_assert_uint_lt(c->len, sizeof c->bytes);
	(void)fclose(f);
}

/* Into the same file, as an editor or a careless copy does it. */
static void
overwrite(const void *bytes, size_t len)
{
	int fd = open(fx_path, O_WRONLY | O_TRUNC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, len), (ssize_t)len);
	(void)close(fd);
}

static const struct {
	const char *label;
	bool beside_writer; /* the newest pages are in the log */
	int damage;	    /* 'g'arbage, 'z'eroes, 'e'mpty, 'p'age one only,
			     * 'b'ody: all but the first page */
} damages[] = {
	{ "garbage", false, 'g' },
	{ "garbage, log open", true, 'g' },
	{ "zeroes", false, 'z' },
	{ "zeroes, log open", true, 'z' },
	{ "emptied", false, 'e' },
	{ "emptied, log open", true, 'e' },
	{ "cut after the first page", false, 'p' },
	{ "garbage after the first page", false, 'b' },
};

START_TEST(test_damaged)
{
	static struct copy good, bad;

	fill();
	if (!damages[_i].beside_writer) {
		fx_close_all();
		fx_open_writer();
		store_close(fx_w); /* all of it is in the file now */
		fx_w = NULL;
		fx_open_reader();
	}
	ck_available();
	read_copy(&good);
	bad = good;
	for (size_t i = damages[_i].damage == 'b' ? 4096 : 0; i < bad.len; i++)
		bad.bytes[i] =
		    damages[_i].damage == 'z' ? '\0' : (char)(i * 7 + 13);
	switch (damages[_i].damage) {
	case 'e':
		overwrite("", 0);
		break;
	case 'p':
		overwrite(good.bytes, 4096);
		break;
	default:
		overwrite(bad.bytes, bad.len);
	}
	ck_unavailable("damaged");
	ck_unavailable("damaged"); /* and it stays so */
	if (damages[_i].beside_writer)
		fx_fails(fx_decide(DECISION_SUSPEND, DAILY, NULL, NULL),
		    "damaged");
	overwrite(good.bytes, good.len);
	ck_available();
}
END_TEST

START_TEST(test_replaced)
{
	char aside[160];

	fill();
	(void)snprintf(aside, sizeof aside, "%s.aside", fx_path);
	ck_available();
	ck_assert_int_eq(rename(fx_path, aside), 0);
	ck_unavailable("No such file");
	fx_fails(fx_decide(DECISION_SUSPEND, DAILY, NULL, NULL),
	    "No such file");
	write_file(fx_path, "garbage", 7);
	ck_unavailable("another file");
	fx_fails(fx_decide(DECISION_SUSPEND, DAILY, NULL, NULL),
	    "another file");
	ck_assert_int_eq(rename(aside, fx_path), 0);
	ck_available();
	fx_ok(fx_decide(DECISION_SUSPEND, DAILY, NULL, NULL));
	ck_assert_int_eq(fx_lookup(DAILY).p.state, PUBLISHER_SUSPENDED);
}
END_TEST

/* An older state in the same file would give approvals back that a recall
 * has taken. */
START_TEST(test_gone_back)
{
	static struct copy old;

	fill();
	fx_close_all();
	read_copy(&old);
	fx_open_writer();
	fx_ok(fx_decide(DECISION_SUSPEND, DAILY, NULL, NULL));
	store_close(fx_w);
	fx_w = NULL;
	fx_open_reader();
	ck_assert_int_eq(fx_lookup(DAILY).p.state, PUBLISHER_SUSPENDED);
	overwrite(old.bytes, old.len);
	ck_unavailable("went back");
}
END_TEST

/*
 * Locked.
 */

/* A child that does something to the register, tells, and stays until it is
 * let go. */
struct neighbour {
	pid_t pid;
	int to, from;
};

static struct neighbour
start_neighbour(int (*hold)(void))
{
	struct neighbour n = { .pid = -1 };
	int to[2], from[2];
	char byte = 'x';

	ck_assert_int_eq(pipe(to), 0);
	ck_assert_int_eq(pipe(from), 0);
	n.pid = fork();
	ck_assert_int_ge(n.pid, 0);
	if (n.pid == 0) {
		(void)close(to[1]);
		if (hold() != 0)
			_exit(1);
		if (write(from[1], &byte, 1) == 1)
			(void)!read(to[0], &byte, 1);
		_exit(0);
	}
	(void)close(to[0]);
	(void)close(from[1]);
	n.to = to[1];
	n.from = from[0];
	ck_assert_msg(read(n.from, &byte, 1) == 1, "the neighbour failed");
	return n;
}

static void
end_neighbour(struct neighbour n)
{
	int status;

	(void)close(n.to);
	(void)close(n.from);
	ck_assert_int_eq(waitpid(n.pid, &status, 0), n.pid);
	ck_assert_int_eq(status, 0);
}

static int
exec_and_keep(const char *sql)
{
	sqlite3 *db = NULL;

	/* Never closed: it goes with the process, as the lock does. */
	return sqlite3_open(fx_path, &db) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK;
}

static int
hold_write_lock(void)
{
	return exec_and_keep("BEGIN EXCLUSIVE");
}

static int
hold_everything(void)
{
	return exec_and_keep(
	    "PRAGMA locking_mode = EXCLUSIVE;"
	    "BEGIN EXCLUSIVE; UPDATE meta SET serial = serial + 1; COMMIT");
}

/* All locks of the write-ahead log's index, from a program that does not
 * care for SQLite. */
static int
hold_log_locks(void)
{
	struct flock all = { .l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = 120,
		.l_len = 8 };
	char shm[160];
	int fd;

	(void)snprintf(shm, sizeof shm, "%s-shm", fx_path);
	fd = open(shm, O_RDWR);
	return fd < 0 ? -1 : fcntl(fd, F_SETLK, &all);
}

static int64_t
now_ms(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Readers go on beside a neighbour's transaction; a writer waits, then says
 * so, and works again when the other is gone. */
START_TEST(test_locked_for_writing)
{
	struct neighbour n;
	int64_t begun_ms;

	fill();
	n = start_neighbour(hold_write_lock);
	begun_ms = now_ms();
	ck_available();
	ck_assert_int_lt(now_ms() - begun_ms, 1000);
	fx_fails(fx_decide(DECISION_SUSPEND, DAILY, NULL, NULL), "locked");
	ck_assert_int_ge(now_ms() - begun_ms, 4500);
	ck_assert_int_lt(now_ms() - begun_ms, 8000);
	end_neighbour(n);
	fx_ok(fx_decide(DECISION_SUSPEND, DAILY, NULL, NULL));
}
END_TEST

START_TEST(test_locked_at_start)
{
	struct neighbour n;
	struct store *s = NULL;

	fill();
	fx_close_all();
	n = start_neighbour(hold_everything);
	fx_fails(store_open(&s, fx_url, STORE_READ, &fx_e), "locked");
	end_neighbour(n);
	fx_open_reader();
	ck_available();
}
END_TEST

/* What the log's index is locked for cannot be read: at once, not later. */
START_TEST(test_locked_for_reading)
{
	struct neighbour n;
	struct fx_answer a;
	int64_t begun_ms;

	/* Only this handle: the writer's own locks would be in the way. */
	fill();
	fx_close_all();
	fx_open_reader();
	ck_available();
	n = start_neighbour(hold_log_locks);
	begun_ms = now_ms();
	a = fx_lookup(DAILY);
	ck_assert_int_lt(now_ms() - begun_ms, 500);
	ck_assert_msg(a.found == -1, "got %d", a.found);
	ck_assert_ptr_nonnull(strstr(a.e.text, "locked"));
	ck_assert_int_eq(fx_lookup("nobody@example.org").found, -1);
	end_neighbour(n);
	ck_available();
}
END_TEST

/*
 * Full.
 */

static off_t
largest_file(void)
{
	static const char *const suffixes[] = { "", "-wal" };
	off_t most = 0;

	for (size_t i = 0; i < COUNT(suffixes); i++) {
		char path[160];
		struct stat st;

		(void)snprintf(path, sizeof path, "%s%s", fx_path, suffixes[i]);
		if (stat(path, &st) == 0 && st.st_size > most)
			most = st.st_size;
	}
	return most;
}

START_TEST(test_no_room)
{
	struct rlimit limit, small;
	char name[32];
	int done = 0;
	int64_t serial, after;

	fill();
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	(void)signal(SIGXFSZ, SIG_IGN);
	small = limit;
	small.rlim_cur = (rlim_t)largest_file() + 200000;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	do {
		fx_ok(store_serial(fx_r, &serial, &fx_e));
		(void)snprintf(name, sizeof name, "Daily %d", ++done);
	} while (
	    done < 1000 && fx_decide(DECISION_RENAME, DAILY, name, NULL) == 0);
	ck_assert_int_lt(done, 1000);
	ck_assert_int_gt(done, 1);
	/* The one that failed is not there, and nothing else is lost. */
	(void)snprintf(name, sizeof name, "Daily %d", done - 1);
	ck_assert_str_eq(fx_lookup(DAILY).p.name, name);
	fx_ok(store_serial(fx_r, &after, &fx_e));
	ck_assert_int_eq(after, serial);
	ck_available();
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	fx_ok(fx_decide(DECISION_RENAME, DAILY, "Room", NULL));
	ck_assert_str_eq(fx_lookup(DAILY).p.name, "Room");
}
END_TEST

/*
 * Durable.
 */

/* Adds publishers and tells the number of each that was acknowledged. */
static void
add_until_killed(int tell)
{
	char jid[64], name[64];

	store_close(fx_w);
	fx_w = NULL;
	if (store_open(&fx_w, fx_url, STORE_WRITE, &fx_e) < 0)
		_exit(1);
	for (int i = 0;; i++) {
		(void)snprintf(jid, sizeof jid, "p%d@example.org", i);
		(void)snprintf(name, sizeof name, "Publisher %d", i);
		if (fx_decide(DECISION_ADD, jid, name, NULL) < 0 ||
		    write(tell, &i, sizeof i) != sizeof i)
			_exit(1);
	}
}

static int
count_row(void *arg, const struct decision_row *d)
{
	ck_assert_str_eq(d->action, "add");
	++*(int *)arg;
	return 0;
}

START_TEST(test_killed)
{
	int64_t first, serial, counts[PUBLISHER_WITHDRAWN + 1];
	struct timespec moment = { .tv_sec = 0 };
	int tell[2], last = -1, told = -1;
	char jid[64];
	pid_t pid;

	fx_ok(store_serial(fx_r, &first, &fx_e));
	fx_close_all();
	ck_assert_int_eq(pipe(tell), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		add_until_killed(tell[1]);
	(void)close(tell[1]);
	/* A different number of writes each time, and a different moment. */
	while (told < 10 + _i * 7)
		ck_assert_int_eq(read(tell[0], &told, sizeof told),
		    sizeof told);
	moment.tv_nsec = _i * 137000;
	(void)nanosleep(&moment, NULL);
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	last = told;
	while (read(tell[0], &told, sizeof told) == sizeof told)
		last = told;
	(void)close(tell[0]);

	fx_open_writer();
	fx_open_reader();
	for (int i = 0; i <= last + 1; i++) {
		int found, rows = 0;

		(void)snprintf(jid, sizeof jid, "p%d@example.org", i);
		found = fx_lookup(jid).found;
		ck_assert_msg(found == 1 || (i > last && found == 0),
		    "%s: got %d of %d", jid, found, last);
		fx_ok(store_history(fx_r, jid, count_row, &rows, &fx_e));
		ck_assert_int_eq(rows, found);
	}
	/* No half: as many publishers as changes. */
	fx_ok(store_publisher_count(fx_r, counts, &fx_e));
	fx_ok(store_serial(fx_r, &serial, &fx_e));
	ck_assert_int_eq(counts[PUBLISHER_APPLIED], serial - first);
	ck_assert_int_ge(serial - first, last + 1);
}
END_TEST

/* What SQLite asks of the disk, counted on the way: for the database, which
 * has locks, and for other files, which have none. */
static int syncs, writes;
static sqlite3_io_methods counted[2];
static const sqlite3_io_methods *real[2];
static int (
    *real_open)(sqlite3_vfs *, const char *, sqlite3_file *, int, int *);

static const sqlite3_io_methods *
real_of(const sqlite3_file *f)
{
	return real[f->pMethods == &counted[1]];
}

static int
count_sync(sqlite3_file *f, int flags)
{
	syncs++;
	return real_of(f)->xSync(f, flags);
}

static int
count_write(sqlite3_file *f, const void *bytes, int len, sqlite3_int64 at)
{
	writes++;
	return real_of(f)->xWrite(f, bytes, len, at);
}

static int
open_counted(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags,
    int *flags_r)
{
	int slot = (flags & SQLITE_OPEN_MAIN_DB) != 0;
	int rc = real_open(v, name, f, flags, flags_r);

	if (rc != SQLITE_OK)
		return rc;
	real[slot] = f->pMethods;
	counted[slot] = *f->pMethods;
	counted[slot].xSync = count_sync;
	counted[slot].xWrite = count_write;
	f->pMethods = &counted[slot];
	return rc;
}

/* Every decision waits for the disk; no look-up does. */
START_TEST(test_syncs)
{
	sqlite3_vfs *plain = sqlite3_vfs_find(NULL);
	sqlite3_vfs *reading = sqlite3_vfs_find("masthead-read");
	int before;

	fx_close_all();
	ck_assert_ptr_nonnull(reading);
	real_open = plain->xOpen;
	ck_assert(real_open == reading->xOpen);
	plain->xOpen = reading->xOpen = open_counted;
	fx_open_writer();
	fx_open_reader();
	(void)fx_sync_categories();
	fx_approved(DAILY, "Daily");
	for (int i = 0; i < 5; i++) {
		before = syncs;
		fx_ok(fx_decide((i & 1) == 0 ? DECISION_SUSPEND
					     : DECISION_RESTORE,
		    DAILY, NULL, NULL));
		ck_assert_int_gt(syncs, before);
	}
	syncs = writes = 0;
	for (int i = 0; i < 100; i++)
		ck_available();
	store_close(fx_r);
	fx_r = NULL;
	ck_assert_int_eq(syncs, 0);
	ck_assert_int_eq(writes, 0);
	fx_close_all();
	ck_assert_int_gt(writes, 0); /* it does count */
}
END_TEST

/*
 * The schema.
 */

static int64_t
read_number(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int64_t r;

	ck_assert_int_eq(sqlite3_open(fx_path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	r = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	ck_assert_int_eq(sqlite3_close(db), SQLITE_OK);
	return r;
}

#define EMPTY_REGISTER "PRAGMA application_id = 1296585284;"

START_TEST(test_migrates)
{
	ck_assert_int_eq(0x4d485244, 1296585284);
	fx_close_all();
	ck_assert_int_eq(unlink(fx_path), 0);
	run_sql(fx_path, EMPTY_REGISTER);
	ck_assert_int_eq(read_number("PRAGMA user_version"), 0);
	fx_fails(store_open(&fx_r, fx_url, STORE_READ, &fx_e), "schema 0");
	fx_open_writer();
	fx_open_reader();
	ck_assert_int_eq(read_number("PRAGMA user_version"),
	    sqlite_schema_version());
	(void)fx_sync_categories();
	fill();
	ck_available();
	/* Again: nothing to do, nothing lost. */
	fx_close_all();
	fx_open_writer();
	fx_open_reader();
	ck_available();
}
END_TEST

START_TEST(test_failed_migration_leaves_nothing)
{
	struct store *s = NULL;

	fx_close_all();
	ck_assert_int_eq(unlink(fx_path), 0);
	/* In the way of the last table that the first step makes. */
	run_sql(fx_path, EMPTY_REGISTER "CREATE TABLE config_events (a);");
	fx_fails(store_open(&s, fx_url, STORE_WRITE, &fx_e), "migration 1");
	ck_assert_int_eq(read_number("PRAGMA user_version"), 0);
	ck_assert_int_eq(read_number("SELECT count(*) FROM sqlite_schema"), 1);
}
END_TEST

START_TEST(test_newer_schema)
{
	struct store *s = NULL;

	fx_close_all();
	run_sql(fx_path, "PRAGMA user_version = 99");
	fx_fails(store_open(&s, fx_url, STORE_WRITE, &fx_e),
	    "newer version of Masthead");
	fx_fails(store_open(&s, fx_url, STORE_READ, &fx_e), "schema 99");
	ck_assert_int_eq(read_number("PRAGMA user_version"), 99);
	run_sql(fx_path, "PRAGMA user_version = -1");
	fx_fails(store_open(&fx_w, fx_url, STORE_WRITE, &fx_e), "damaged");
}
END_TEST

static const struct {
	const char *sql, *want;
} forbidden[] = {
	{ "UPDATE decisions SET reason = 'x'", "never changed" },
	{ "DELETE FROM decisions", "never deleted" },
	{ "UPDATE key_events SET reason = 'x'", "never changed" },
	{ "DELETE FROM key_events", "never deleted" },
	{ "UPDATE config_events SET detail = 'x'", "never changed" },
	{ "DELETE FROM config_events", "never deleted" },
	{ "INSERT INTO approvals (jid, category, since_s, until_s, decision)"
	  " VALUES ('x@y', 'news', 1, 2, 1)",
	    "FOREIGN KEY" },
	{ "UPDATE publishers SET state = 'maybe'", "CHECK" },
};

START_TEST(test_history_is_append_only)
{
	const struct key_row k = { .kid = "k1", .x = "AAA", .nbf_s = 10 };
	sqlite3 *db = NULL;

	fx_approved(DAILY, "Daily");
	fx_ok(store_key_add(fx_w, &k, 10, "start", &fx_e));
	ck_assert_int_eq(sqlite3_open(fx_path, &db), SQLITE_OK);
	ck_assert_int_eq(
	    sqlite3_exec(db, "PRAGMA foreign_keys = ON", NULL, NULL, NULL),
	    SQLITE_OK);
	ck_assert_int_ne(sqlite3_exec(db, forbidden[_i].sql, NULL, NULL, NULL),
	    SQLITE_OK);
	ck_assert_msg(strstr(sqlite3_errmsg(db), forbidden[_i].want) != NULL,
	    "%s: %s", forbidden[_i].sql, sqlite3_errmsg(db));
	(void)sqlite3_close(db);
}
END_TEST

/* The copy of the approvals that checks read is that of their table. */
START_TEST(test_approvals_agree)
{
	const struct decision d = { .action = DECISION_APPROVE,
		.jid = DAILY,
		.by = "ctl",
		.reason = "r",
		.category = "sport",
		.now_s = T0,
		.until_s = T0 + 7 };
	static const char disagree[] =
	    "SELECT count(*) FROM publishers p"
	    " WHERE approvals <> ifnull((SELECT group_concat(category || ' '"
	    " || since_s || ' ' || until_s || ' ' || lapse_s, ';')"
	    " FROM approvals a"
	    " WHERE a.jid = p.jid), '')";
	int64_t serial;

	fx_approved(DAILY, "Daily");
	fx_ok(store_decide(fx_w, &d, &serial, NULL, &fx_e));
	ck_assert_int_eq(read_number(disagree), 0);
	ck_assert_int_eq(read_number("SELECT count(*) FROM approvals"), 2);
	fx_ok(fx_decide(DECISION_REVOKE, DAILY, NULL, NULL));
	fx_ok(fx_decide(DECISION_ADD, DAILY, "Daily", NULL));
	ck_assert_int_eq(read_number(disagree), 0);
	ck_assert_int_eq(read_number("SELECT count(*) FROM approvals"), 0);
}
END_TEST

START_TEST(test_key_events)
{
	const struct key_row k = { .kid = "k1", .x = "AAA", .nbf_s = 10 };
	struct token_row t = { .id = "a",
		.text = "t",
		.kid = "k1",
		.iat_s = 20,
		.exp_s = 30 };
	int64_t serial;

	fx_approved(DAILY, "Daily");
	fx_ok(store_key_add(fx_w, &k, 10, "start", &fx_e));
	fx_ok(store_token_add(fx_w, DAILY, "aud", "occ:1", &t, &fx_e));
	fx_ok(store_key_revoke(fx_w, "k1", 15, 40, "ctl", "stolen", &serial,
	    &fx_e));
	ck_assert_int_eq(read_number("SELECT count(*) FROM key_events"), 2);
	ck_assert_int_eq(
	    read_number(
		"SELECT count(*) FROM key_events WHERE"
		" action = 'revoke' AND decided_by = 'ctl' AND at_s = 40 AND"
		" reason = 'stolen' AND since_s = 15 AND tokens_delisted = 1"),
	    1);
}
END_TEST

static void
add_trouble(TCase *c)
{
	tcase_add_loop_test(c, test_damaged, 0, COUNT(damages));
	tcase_add_test(c, test_replaced);
	tcase_add_test(c, test_gone_back);
	tcase_add_test(c, test_locked_for_writing);
	tcase_add_test(c, test_locked_at_start);
	tcase_add_test(c, test_locked_for_reading);
	tcase_add_test(c, test_no_room);
	tcase_add_loop_test(c, test_killed, 0, 6);
	tcase_add_test(c, test_syncs);
}

static Suite *
suite(void)
{
	Suite *s = suite_create("sqlite");
	TCase *c = tcase_create("sqlite");

	tcase_add_checked_fixture(c, fx_set_up, fx_tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_files_are_private);
	tcase_add_loop_test(c, test_refused_url, 0, COUNT(refused_urls));
	tcase_add_loop_test(c, test_refused_file, 0, 4);
	tcase_add_test(c, test_log_without_register);
	tcase_add_test(c, test_reader_wants_a_file);
	tcase_add_test(c, test_unreadable_file);
	tcase_add_test(c, test_reader_does_not_write);
	add_trouble(c);
	tcase_add_test(c, test_migrates);
	tcase_add_test(c, test_failed_migration_leaves_nothing);
	tcase_add_test(c, test_newer_schema);
	tcase_add_loop_test(c, test_history_is_append_only, 0,
	    COUNT(forbidden));
	tcase_add_test(c, test_approvals_agree);
	tcase_add_test(c, test_key_events);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

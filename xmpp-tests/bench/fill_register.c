/*
 * fill_register sqlite:/PATH COUNT: a new register with COUNT publishers,
 * approved for `news`, for benches.
 *
 * The store makes the file and its schema; the rows then go in by one
 * transaction of plain SQL, a hundred times as fast as decisions that are
 * each synced.  If the schema changes, this fails instead of pretending.
 *
 * Publisher N is pN@example.org, named "Publisher N".
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

#define NOW_S 1700000000
#define UNTIL_S 4102444800 /* 2100 */

static const char fill[] =
    "BEGIN;"
    "CREATE TEMP TABLE n AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
    " SELECT i + 1 FROM n WHERE i < %lld) SELECT i FROM n;"
    "UPDATE meta SET serial = serial + 2 * %lld;"
    "INSERT INTO publishers (jid, name, state, state_since_s, case_id,"
    " changed_serial) SELECT 'p' || i || '@example.org', 'Publisher ' || i,"
    " 'approved', %lld, %lld + i, 2 * i + 1 FROM n ORDER BY 1;"
    "INSERT INTO decisions (jid, at_s, action, decided_by, reason, name,"
    " serial) SELECT 'p' || i || '@example.org', %lld, 'add',"
    " 'mastheadctl:bench', '', 'Publisher ' || i, 2 * i FROM n;"
    "INSERT INTO decisions (id, jid, at_s, action, decided_by, reason,"
    " category, until_s, serial) SELECT %lld + i,"
    " 'p' || i || '@example.org', %lld, 'approve', 'mastheadctl:bench',"
    " 'register extract seen', 'news', %lld, 2 * i + 1 FROM n;"
    "INSERT INTO approvals (jid, category, since_s, until_s,"
    " decision) SELECT 'p' || i || '@example.org', 'news', %lld,"
    " %lld, %lld + i FROM n ORDER BY 1;"
    "COMMIT;"
    "PRAGMA wal_checkpoint(TRUNCATE);";

static int
make_register(const char *url)
{
	const char *const ids[] = { "news" };
	const char *const titles[] = { "News" };
	struct err e = { .text = "" };
	struct store *s = NULL;
	int64_t serial;
	int rc = -1;

	if (store_open(&s, url, STORE_WRITE, &e) == 0 &&
	    store_sync_config(s, ids, titles, 1, NULL, 0, NOW_S, &serial, &e) ==
		0)
		rc = 0;
	else
		fprintf(stderr, "fill_register: %s\n", e.text);
	store_close(s);
	return rc;
}

int
main(int argc, char **argv)
{
	sqlite3 *db = NULL;
	char *sql = NULL;
	char *why = NULL;
	long long n;

	if (argc != 3 || strncmp(argv[1], "sqlite:", 7) != 0 ||
	    (n = strtoll(argv[2], NULL, 10)) < 1) {
		fprintf(stderr, "usage: fill_register sqlite:/PATH COUNT\n");
		return 2;
	}
	if (make_register(argv[1]) < 0)
		return 1;
	sql = sqlite3_mprintf(fill, n, n, (long long)NOW_S, n, (long long)NOW_S,
	    n, (long long)NOW_S, (long long)UNTIL_S, (long long)NOW_S,
	    (long long)UNTIL_S, n);
	if (sqlite3_open(argv[1] + 7, &db) != SQLITE_OK ||
	    sqlite3_exec(db,
		"PRAGMA foreign_keys = OFF;"
		"PRAGMA synchronous = OFF; PRAGMA cache_size = -65536",
		NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_exec(db, sql, NULL, NULL, &why) != SQLITE_OK) {
		fprintf(stderr, "fill_register: %s\n",
		    why == NULL ? sqlite3_errmsg(db) : why);
		return 1;
	}
	sqlite3_free(sql);
	return sqlite3_close(db) == SQLITE_OK ? 0 : 1;
}

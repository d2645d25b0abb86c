/* Issued tokens, and the public halves of the keys that signed them. */
#include "store/sqlite.h"

#include <string.h>

/* Takes one row of a token statement that has been bound; 1, 0 or -1. */
static int
read_token(struct sqlite *s, enum sqlite_sql which, sqlite3_stmt *st,
    struct token_row *r, struct err *e)
{
	int rc = sqlite_step(s, which, e);

	if (rc != 1)
		return rc;
	if (sqlite_column_copy(s, st, 0, r->id, sizeof r->id, e) < 0 ||
	    sqlite_column_copy(s, st, 1, r->text, sizeof r->text, e) < 0 ||
	    sqlite_column_copy(s, st, 2, r->kid, sizeof r->kid, e) < 0)
		rc = -1;
	r->iat_s = sqlite3_column_int64(st, 3);
	r->exp_s = sqlite3_column_int64(st, 4);
	r->serial = sqlite3_column_int64(st, 5);
	sqlite_done(s, which);
	return rc;
}

int
sqlite_token_find(void *handle, const char *jid, const char *aud,
    const char *occupant, const char *kid, struct token_row *r, struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st;
	int64_t serial;
	int rc = -1;

	if (sqlite_read_begin(s, &serial, e) < 0)
		return -1;
	st = sqlite_use(s, SQL_TOKEN_FIND, e);
	if (st != NULL) {
		sqlite_bind_text(s, SQL_TOKEN_FIND, 1, jid);
		sqlite_bind_text(s, SQL_TOKEN_FIND, 2, aud);
		sqlite_bind_text(s, SQL_TOKEN_FIND, 3, occupant);
		sqlite_bind_text(s, SQL_TOKEN_FIND, 4, kid);
		rc = read_token(s, SQL_TOKEN_FIND, st, r, e);
	}
	sqlite_read_end(s);
	return rc;
}

int
sqlite_token_by_id(void *handle, const char *id, struct token_row *r,
    struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st;
	int64_t serial;
	int rc = -1;

	if (sqlite_read_begin(s, &serial, e) < 0)
		return -1;
	st = sqlite_use(s, SQL_TOKEN_BY_ID, e);
	if (st != NULL) {
		sqlite_bind_text(s, SQL_TOKEN_BY_ID, 1, id);
		rc = read_token(s, SQL_TOKEN_BY_ID, st, r, e);
	}
	sqlite_read_end(s);
	return rc;
}

static int find_key(struct sqlite *s, const char *kid, int64_t *retired_r,
    int64_t *revoked_r, struct err *e);

static int
insert_token(struct sqlite *s, const char *jid, const char *aud,
    const char *occupant, const struct token_row *t, struct err *e)
{
	const enum sqlite_sql q = SQL_TOKEN_INSERT;
	int64_t retired = 0, revoked = 0;

	/* Signed before the revocation was known; what is listed now would
	 * count for good. */
	if (find_key(s, t->kid, &retired, &revoked, e) < 0)
		return -1;
	if (revoked != 0)
		return err_set(e, "the key %s is revoked: it signs no more",
		    t->kid);
	if (sqlite_use(s, q, e) == NULL)
		return -1;
	sqlite_bind_text(s, q, 1, t->id);
	sqlite_bind_text(s, q, 2, jid);
	sqlite_bind_text(s, q, 3, aud);
	sqlite_bind_text(s, q, 4, occupant);
	sqlite_bind_text(s, q, 5, t->kid);
	sqlite_bind_text(s, q, 6, t->text);
	sqlite_bind_int(s, q, 7, t->iat_s);
	sqlite_bind_int(s, q, 8, t->exp_s);
	sqlite_bind_int(s, q, 9, t->serial);
	if (sqlite_run(s, q, e) < 0)
		return -1;
	return sqlite3_changes64(s->db) == 1
	    ? 0
	    : err_set(e, "the publisher is not on the register: no token");
}

int
sqlite_token_add(void *handle, const char *jid, const char *aud,
    const char *occupant, const struct token_row *t, struct err *e)
{
	struct sqlite *s = handle;

	if (sqlite_write_begin(s, e) < 0)
		return -1;
	return sqlite_write_end(s, insert_token(s, jid, aud, occupant, t, e),
	    e);
}

int
sqlite_token_expire(void *handle, int64_t before_s, int64_t *count_r,
    struct err *e)
{
	struct sqlite *s = handle;
	int64_t count = 0;
	int rc = -1;

	if (sqlite_write_begin(s, e) < 0)
		return -1;
	if (sqlite_use(s, SQL_TOKEN_EXPIRE, e) != NULL) {
		sqlite_bind_int(s, SQL_TOKEN_EXPIRE, 1, before_s);
		rc = sqlite_run(s, SQL_TOKEN_EXPIRE, e);
		count = sqlite3_changes64(s->db);
	}
	if (sqlite_write_end(s, rc, e) < 0)
		return -1;
	*count_r = count;
	return 0;
}

/*
 * Keys.
 */

/* What happened to a key, by whom and why. */
struct key_event {
	const char *action, *by, *reason;
	int64_t at_s, since_s, tokens_delisted;
};

static int
record_key_event(struct sqlite *s, const char *kid, const struct key_event *v,
    struct err *e)
{
	const enum sqlite_sql q = SQL_KEY_EVENT;

	if (sqlite_use(s, q, e) == NULL)
		return -1;
	sqlite_bind_text(s, q, 1, kid);
	sqlite_bind_int(s, q, 2, v->at_s);
	sqlite_bind_text(s, q, 3, v->action);
	sqlite_bind_text(s, q, 4, v->by);
	sqlite_bind_text(s, q, 5, v->reason);
	sqlite_bind_int(s, q, 6, v->since_s);
	sqlite_bind_int(s, q, 7, v->tokens_delisted);
	return sqlite_run(s, q, e);
}

/* 1, 0 or -1; when it was retired and revoked (0: it was not). */
static int
find_key(struct sqlite *s, const char *kid, int64_t *retired_r,
    int64_t *revoked_r, struct err *e)
{
	sqlite3_stmt *st = sqlite_use(s, SQL_KEY, e);
	int rc;

	if (st == NULL)
		return -1;
	sqlite_bind_text(s, SQL_KEY, 1, kid);
	if ((rc = sqlite_step(s, SQL_KEY, e)) != 1)
		return rc;
	*retired_r = sqlite3_column_int64(st, 0);
	*revoked_r = sqlite3_column_int64(st, 1);
	sqlite_done(s, SQL_KEY);
	return 1;
}

/* As find_key, but a key that is not there is an error. */
static int
want_key(struct sqlite *s, const char *kid, int64_t *retired_r,
    int64_t *revoked_r, struct err *e)
{
	int rc = find_key(s, kid, retired_r, revoked_r, e);

	return rc == 0 ? err_set(e, "there is no key %s", kid)
	    : rc < 0   ? -1
		       : 0;
}

static int
add_key(struct sqlite *s, const struct key_row *k, int64_t now_s,
    const char *by, struct err *e)
{
	const enum sqlite_sql q = SQL_KEY_INSERT;
	const struct key_event v = { .action = "add",
		.by = by,
		.reason = "",
		.at_s = now_s };
	int64_t retired = 0, revoked = 0;
	int rc = find_key(s, k->kid, &retired, &revoked, e);

	if (rc < 0)
		return -1;
	if (rc == 1)
		return err_set(e, "the key %s is there already", k->kid);
	if (sqlite_use(s, q, e) == NULL)
		return -1;
	sqlite_bind_text(s, q, 1, k->kid);
	sqlite_bind_text(s, q, 2, k->x);
	sqlite_bind_int(s, q, 3, k->nbf_s);
	sqlite_bind_int(s, q, 4, k->retired_s);
	sqlite_bind_int(s, q, 5, k->revoked_s);
	if (sqlite_run(s, q, e) < 0)
		return -1;
	return record_key_event(s, k->kid, &v, e);
}

int
sqlite_key_add(void *handle, const struct key_row *k, int64_t now_s,
    const char *by, struct err *e)
{
	struct sqlite *s = handle;

	if (sqlite_write_begin(s, e) < 0)
		return -1;
	return sqlite_write_end(s, add_key(s, k, now_s, by, e), e);
}

static int
retire_key(struct sqlite *s, const char *kid, int64_t now_s, const char *by,
    struct err *e)
{
	const struct key_event v = { .action = "retire",
		.by = by,
		.reason = "",
		.at_s = now_s };
	int64_t retired = 0, revoked = 0;

	if (want_key(s, kid, &retired, &revoked, e) < 0)
		return -1;
	if (retired != 0)
		return err_set(e, "the key %s is retired already", kid);
	if (sqlite_use(s, SQL_KEY_RETIRE, e) == NULL)
		return -1;
	sqlite_bind_text(s, SQL_KEY_RETIRE, 1, kid);
	sqlite_bind_int(s, SQL_KEY_RETIRE, 2, now_s);
	if (sqlite_run(s, SQL_KEY_RETIRE, e) < 0)
		return -1;
	return record_key_event(s, kid, &v, e);
}

int
sqlite_key_retire(void *handle, const char *kid, int64_t now_s, const char *by,
    struct err *e)
{
	struct sqlite *s = handle;

	if (sqlite_write_begin(s, e) < 0)
		return -1;
	return sqlite_write_end(s, retire_key(s, kid, now_s, by, e), e);
}

/* Forgets the tokens that the thief of a key could pass his own off as;
 * `*count_r` of them. */
static int
delist_tokens(struct sqlite *s, const char *kid, int64_t since_s,
    int64_t *count_r, struct err *e)
{
	if (sqlite_use(s, SQL_TOKEN_DELIST, e) == NULL)
		return -1;
	sqlite_bind_text(s, SQL_TOKEN_DELIST, 1, kid);
	sqlite_bind_int(s, SQL_TOKEN_DELIST, 2, since_s);
	if (sqlite_run(s, SQL_TOKEN_DELIST, e) < 0)
		return -1;
	*count_r = sqlite3_changes64(s->db);
	return 0;
}

static int
revoke_key(struct sqlite *s, const char *kid, struct key_event *v,
    int64_t *serial_r, struct err *e)
{
	int64_t retired = 0, revoked = 0;

	if (want_key(s, kid, &retired, &revoked, e) < 0)
		return -1;
	if (revoked != 0 && revoked <= v->since_s)
		return err_set(e,
		    "the key %s is revoked already, from an"
		    " earlier time",
		    kid);
	if (sqlite_use(s, SQL_KEY_REVOKE, e) == NULL)
		return -1;
	sqlite_bind_text(s, SQL_KEY_REVOKE, 1, kid);
	sqlite_bind_int(s, SQL_KEY_REVOKE, 2, v->since_s);
	sqlite_bind_int(s, SQL_KEY_REVOKE, 3, v->at_s);
	if (sqlite_run(s, SQL_KEY_REVOKE, e) < 0 ||
	    delist_tokens(s, kid, v->since_s, &v->tokens_delisted, e) < 0 ||
	    record_key_event(s, kid, v, e) < 0)
		return -1;
	return sqlite_bump(s, serial_r, e);
}

int
sqlite_key_revoke(void *handle, const char *kid, int64_t since_s, int64_t now_s,
    const char *by, const char *reason, int64_t *serial_r, struct err *e)
{
	struct sqlite *s = handle;
	struct key_event v = { .action = "revoke",
		.by = by,
		.reason = reason,
		.at_s = now_s,
		.since_s = since_s };
	int64_t serial = 0;

	if (sqlite_write_begin(s, e) < 0)
		return -1;
	if (sqlite_write_end(s, revoke_key(s, kid, &v, &serial, e), e) < 0)
		return -1;
	*serial_r = serial;
	return 0;
}

int
sqlite_key_list(void *handle, int (*each)(void *arg, const struct key_row *k),
    void *arg, struct err *e)
{
	struct sqlite *s = handle;
	sqlite3_stmt *st;
	int64_t serial;
	int rc = -1;

	if (sqlite_read_begin(s, &serial, e) < 0)
		return -1;
	st = sqlite_use(s, SQL_KEY_LIST, e);
	while (st != NULL && (rc = sqlite_step(s, SQL_KEY_LIST, e)) == 1) {
		struct key_row k = {
			.nbf_s = sqlite3_column_int64(st, 2),
			.retired_s = sqlite3_column_int64(st, 3),
			.revoked_s = sqlite3_column_int64(st, 4),
		};

		rc = sqlite_column_copy(s, st, 0, k.kid, sizeof k.kid, e);
		if (rc == 0)
			rc = sqlite_column_copy(s, st, 1, k.x, sizeof k.x, e);
		if (rc < 0 || each(arg, &k) != 0) {
			sqlite_done(s, SQL_KEY_LIST);
			break;
		}
	}
	sqlite_read_end(s);
	return rc;
}

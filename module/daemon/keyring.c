/* Signing keys on disk and in the register; see keyring.h. */
#include "daemon/keyring.h"

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/buf.h"
#include "crypto/hash.h"
#include "crypto/jwks.h"
#include "crypto/token.h"

#define KEYRING_KEYS_MAX 1024
#define KEYRING_PATH_MAX 4096

/* The register's keys, newest first use last. */
struct key_list {
	struct key_row rows[KEYRING_KEYS_MAX];
	size_t count;
};

static int
list_add(void *arg, const struct key_row *k)
{
	struct key_list *l = arg;

	if (l->count == KEYRING_KEYS_MAX)
		return -1;
	l->rows[l->count++] = *k;
	return 0;
}

/* Owned by the caller; NULL with the reason. */
static struct key_list *
list_read(struct store *s, struct err *e)
{
	struct key_list *l = calloc(1, sizeof *l);

	if (l == NULL) {
		err_set(e, "no memory for the list of keys");
		return NULL;
	}
	if (store_key_list(s, list_add, l, e) == -1) {
		free(l);
		return NULL;
	}
	return l;
}

/* The newest key that may sign; NULL if there is none. */
static const struct key_row *
list_active(const struct key_list *l)
{
	const struct key_row *best = NULL;

	for (size_t i = 0; i < l->count; i++) {
		const struct key_row *k = &l->rows[i];

		if (k->retired_s == 0 && k->revoked_s == 0 &&
		    (best == NULL || k->nbf_s >= best->nbf_s))
			best = k;
	}
	return best;
}

static bool
list_has(const struct key_list *l, const char *kid)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->rows[i].kid, kid) == 0)
			return true;
	return false;
}

static int
key_path(const char *dir, const char *kid, char r[KEYRING_PATH_MAX],
    struct err *e)
{
	int n = snprintf(r, KEYRING_PATH_MAX, "%s/%s.pem", dir, kid);

	if (n < 0 || n >= KEYRING_PATH_MAX)
		return err_set(e, "the path of the keys is too long");
	return 0;
}

/* The JWK set of what the register lists now; owned, NULL with the reason. */
static char *
jwks_of(struct store *s, int64_t keep_s, int64_t now_s, struct err *e)
{
	struct key_list *l = list_read(s, e);
	struct jwks_row *rows = NULL;
	struct buf text;
	size_t count = 0;
	char *r = NULL;

	buf_init(&text, JWKS_TEXT_MAX);
	if (l == NULL ||
	    (rows = calloc(KEYRING_KEYS_MAX, sizeof *rows)) == NULL)
		goto out;
	for (size_t i = 0; i < l->count; i++) {
		const struct key_row *k = &l->rows[i];

		/* Its last token ends later than the key, and is kept. */
		if (k->retired_s != 0 &&
		    k->retired_s + TOKEN_LIFE_MAX_S + keep_s < now_s)
			continue;
		rows[count++] = (struct jwks_row){ .x = k->x,
			.kid = k->kid,
			.nbf_s = k->nbf_s,
			.exp_s = k->retired_s,
			.revoked_s = k->revoked_s };
	}
	if (jwks_write(rows, count, &text, e) == -1)
		goto out;
	r = text.failed ? NULL : strdup(text.data);
	if (r == NULL)
		err_set(e, "no memory for the key set");
out:
	buf_clear(&text);
	free(rows);
	free(l);
	return r;
}

static int
register_add(struct store *s, const struct key *k, int64_t now_s,
    const char *by, struct err *e)
{
	struct key_row row = { .nbf_s = now_s };
	unsigned char pub[KEY_PUBLIC_LEN];

	key_public(k, pub);
	hash_base64url(pub, sizeof pub, row.x);
	(void)snprintf(row.kid, sizeof row.kid, "%s", key_kid(k));
	return store_key_add(s, &row, now_s, by, e);
}

/* Makes a key: the file first, so that the register never names one whose
 * private half nobody has. */
static int
key_make(struct key **r, const char *dir, struct store *s, int64_t now_s,
    const char *by, struct err *e)
{
	struct key *k = NULL;
	char path[KEYRING_PATH_MAX];

	if (key_generate(&k, e) == -1 ||
	    key_path(dir, key_kid(k), path, e) == -1 ||
	    key_save(k, path, e) == -1)
		goto fail;
	if (register_add(s, k, now_s, by, e) == -1) {
		(void)unlink(path);
		goto fail;
	}
	*r = k;
	return 0;
fail:
	key_free(k);
	return -1;
}

/* The first key file whose key the register does not know; 1, 0, -1. */
static int
key_adopt(struct key **r, const char *dir, const struct key_list *known,
    struct store *s, int64_t now_s, struct err *e)
{
	struct dirent **names = NULL;
	int count = scandir(dir, &names, NULL, alphasort), found = 0;

	if (count < 0)
		return err_set(e, "%s: %s", dir, strerror(errno));
	for (int i = 0; i < count; i++) {
		const char *dot = strrchr(names[i]->d_name, '.');
		char kid[KEY_ID_MAX + 1], path[KEYRING_PATH_MAX];

		if (found == 0 && dot != NULL && strcmp(dot, ".pem") == 0 &&
		    dot - names[i]->d_name == KEY_KID_LEN) {
			memcpy(kid, names[i]->d_name, KEY_KID_LEN);
			kid[KEY_KID_LEN] = '\0';
			if (!list_has(known, kid)) {
				found = key_path(dir, kid, path, e) == 0 &&
					key_load(r, path, e) == 0 &&
					register_add(s, *r, now_s, "masthead",
					    e) == 0
				    ? 1
				    : -1;
			}
		}
		free(names[i]);
	}
	free(names);
	return found;
}

/* Loads the key that the register calls active; 1, 0 if its file is gone,
 * -1. */
static int
active_load(struct key **r, const char *dir, const struct key_row *row,
    struct err *e)
{
	char path[KEYRING_PATH_MAX];
	struct stat st;

	if (key_path(dir, row->kid, path, e) == -1)
		return -1;
	if (stat(path, &st) == -1 && errno == ENOENT)
		return 0;
	if (key_load(r, path, e) == -1)
		return -1;
	if (strcmp(key_kid(*r), row->kid) == 0)
		return 1;
	key_free(*r);
	*r = NULL;
	return err_set(e, "%s holds another key than its name says", path);
}

/* Finds, adopts or makes the key that signs. */
static int
active_open(struct key **r, const char *dir, struct store *s, int64_t now_s,
    const char **notice_r, struct err *e)
{
	struct key_list *l = list_read(s, e);
	const struct key_row *active;
	int rc = -1;

	if (l == NULL)
		return -1;
	active = list_active(l);
	rc = active == NULL ? 0 : active_load(r, dir, active, e);
	if (rc != 0)
		goto out;
	rc = key_adopt(r, dir, l, s, now_s, e);
	if (rc == 0)
		rc = key_make(r, dir, s, now_s, "masthead", e) == 0 ? 1 : -1;
	if (rc == -1 || active == NULL)
		goto out;
	*notice_r = "the private half of the signing key was gone: "
		    "signing with another key from now on";
	if (store_key_retire(s, active->kid, now_s, "masthead", e) == -1)
		rc = -1;
out:
	if (rc == -1) {
		key_free(*r);
		*r = NULL;
	}
	free(l);
	return rc == 1 ? 0 : -1;
}

int
keyring_open(struct keyring *r, const char *dir, int64_t keep_s,
    struct store *writer, int64_t now_s, const char **notice_r, struct err *e)
{
	memset(r, 0, sizeof *r);
	*notice_r = NULL;
	if (mkdir(dir, 0700) == -1 && errno != EEXIST)
		return err_set(e, "%s: %s", dir, strerror(errno));
	r->keep_s = keep_s;
	r->dir = strdup(dir);
	if (r->dir == NULL) {
		err_set(e, "no memory for the keys");
		goto fail;
	}
	if (active_open(&r->active, dir, writer, now_s, notice_r, e) == -1)
		goto fail;
	r->jwks = jwks_of(writer, keep_s, now_s, e);
	if (r->jwks == NULL)
		goto fail;
	return 0;
fail:
	keyring_clear(r);
	return -1;
}

void
keyring_clear(struct keyring *k)
{
	free(k->dir);
	key_free(k->active);
	free(k->jwks);
	memset(k, 0, sizeof *k);
}

static char *
dup_or_empty(const char *s)
{
	return strdup(s == NULL ? "" : s);
}

struct keyring_change *
keyring_change_new(const struct keyring *k, const char *by, const char *kid,
    const char *reason, int64_t since_s, int64_t now_s)
{
	struct keyring_change *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->dir = dup_or_empty(k->dir);
	c->by = dup_or_empty(by);
	c->reason = dup_or_empty(reason);
	if (c->dir == NULL || c->by == NULL || c->reason == NULL) {
		keyring_change_free(c);
		return NULL;
	}
	(void)snprintf(c->kid, sizeof c->kid, "%s", kid == NULL ? "" : kid);
	c->keep_s = k->keep_s;
	c->since_s = since_s;
	c->now_s = now_s;
	return c;
}

void
keyring_change_free(struct keyring_change *c)
{
	if (c == NULL)
		return;
	free(c->dir);
	free(c->by);
	free(c->reason);
	key_free(c->fresh);
	free(c->jwks);
	free(c);
}

/* A key that no longer signs needs no private half: what is not there
 * cannot be stolen. */
static int
private_erase(const char *dir, const char *kid, struct err *e)
{
	char path[KEYRING_PATH_MAX];

	if (key_path(dir, kid, path, e) == -1)
		return -1;
	if (unlink(path) == -1 && errno != ENOENT)
		return err_set(e, "%s: %s", path, strerror(errno));
	return 0;
}

/*
 * Retires every key of the list that may still sign, and erases what only
 * they needed.  The loop goes on signing with the last of them until it takes
 * over the change: those tokens must be covered, too.
 */
static int
list_retire(struct store *writer, const struct key_list *l,
    const struct keyring_change *c, struct err *e)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct key_row *k = &l->rows[i];

		if (k->retired_s != 0 || k->revoked_s != 0)
			continue;
		if (store_key_retire(writer, k->kid,
			c->now_s + KEYRING_OVERLAP_S, c->by, e) == -1 ||
		    private_erase(c->dir, k->kid, e) == -1)
			return -1;
	}
	return 0;
}

int
keyring_rotate(struct store *writer, struct keyring_change *c, struct err *e)
{
	/* As it is now: an earlier change may have been waiting. */
	struct key_list *l = list_read(writer, e);
	const struct key_row *active = l == NULL ? NULL : list_active(l);
	int rc = -1;

	if (l == NULL)
		return -1;
	if (active != NULL)
		(void)snprintf(c->retired_kid, sizeof c->retired_kid, "%s",
		    active->kid);
	if (key_make(&c->fresh, c->dir, writer, c->now_s, c->by, e) == 0)
		rc = list_retire(writer, l, c, e);
	free(l);
	/* The new key signs from here on, even if an old one's file stays. */
	if (c->fresh != NULL)
		c->jwks =
		    jwks_of(writer, c->keep_s, c->now_s, rc == -1 ? NULL : e);
	return c->jwks == NULL ? -1 : rc;
}

int
keyring_revoke(struct store *writer, struct keyring_change *c, struct err *e)
{
	struct key_list *l = list_read(writer, e);
	const struct key_row *active = l == NULL ? NULL : list_active(l);
	bool is_known = l != NULL && list_has(l, c->kid);
	bool is_active = active != NULL && strcmp(active->kid, c->kid) == 0;

	if (l == NULL)
		return -1;
	free(l);
	if (!is_known)
		return err_set(e, "there is no key %s", c->kid);
	if (is_active &&
	    key_make(&c->fresh, c->dir, writer, c->now_s, c->by, e) == -1)
		return -1;
	if (store_key_revoke(writer, c->kid, c->since_s, c->now_s, c->by,
		c->reason, &c->serial, e) == -1)
		return -1;
	c->jwks = jwks_of(writer, c->keep_s, c->now_s, e);
	return c->jwks == NULL ? -1 : private_erase(c->dir, c->kid, e);
}

void
keyring_take(struct keyring *k, struct keyring_change *c)
{
	if (c->jwks == NULL)
		return;
	free(k->jwks);
	k->jwks = c->jwks;
	c->jwks = NULL;
	if (c->fresh == NULL)
		return;
	key_free(k->active);
	k->active = c->fresh;
	c->fresh = NULL;
}

/*
 * The signing keys: private halves as files (KID.pem, 0600) in the keys
 * directory, public halves and dates in the register.  One is active; retired
 * and revoked ones stay in the JWK set as long as tokens are kept.
 */
#ifndef DAEMON_KEYRING_H
#define DAEMON_KEYRING_H

#include <stdint.h>

#include "core/err.h"
#include "crypto/key.h"
#include "store/store.h"

/* For as long a key that was just retired may still have signed: until the
 * loop has taken over its successor. */
#define KEYRING_OVERLAP_S 60

struct keyring {
	char *dir;	    /* owned */
	int64_t keep_s;	    /* how long tokens are kept after their end */
	struct key *active; /* owned; never NULL once open */
	char *jwks;	    /* owned; the JWK set as JSON text */
};

/*
 * Opens the directory, loads the active key, makes one if there is none.  The
 * register's list decides; of files that it does not know, as `masthead init`
 * makes one, the first by name is adopted.  A private half that is gone is
 * replaced, and `*notice_r` (static or NULL) says so for the log.
 * `keep_s`: seconds that tokens are kept after their end.
 */
int keyring_open(struct keyring *r, const char *dir, int64_t keep_s,
    struct store *writer, int64_t now_s, const char **notice_r, struct err *e);
void keyring_clear(struct keyring *k);

/*
 * A rotation or a revocation.  The work is done on the writer's thread and
 * changes nothing in the keyring; the loop takes over the result with
 * keyring_take.  Strings are copied by keyring_change_new.
 */
struct keyring_change {
	char *dir, *by, *reason;
	char kid[KEY_ID_MAX + 1];	  /* revoke: which */
	char retired_kid[KEY_ID_MAX + 1]; /* out, rotate: which signed */
	int64_t keep_s, now_s, since_s;
	int64_t serial;	   /* out; 0 if guards need not hear of it */
	struct key *fresh; /* out: the new active key, or NULL */
	char *jwks;	   /* out */
};
/* `kid`, `reason` NULL and `since_s` 0 for a rotation.  NULL: no memory. */
struct keyring_change *keyring_change_new(const struct keyring *k,
    const char *by, const char *kid, const char *reason, int64_t since_s,
    int64_t now_s);
void keyring_change_free(struct keyring_change *c);

/* Makes a new active key and retires all others, whose private halves are
 * erased.  What they signed counts for KEYRING_OVERLAP_S more. */
int keyring_rotate(struct store *writer, struct keyring_change *c,
    struct err *e);
/* Revokes; the active key is replaced first. */
int keyring_revoke(struct store *writer, struct keyring_change *c,
    struct err *e);

/* On the loop: swaps in what the change has made.  Also after a change that
 * failed: it may have come far enough, and nothing is taken if it has not. */
void keyring_take(struct keyring *k, struct keyring_change *c);

#endif

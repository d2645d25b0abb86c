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

struct keyring {
	char *dir;	    /* owned */
	struct key *active; /* owned; never NULL once open */
	char *jwks;	    /* owned; the JWK set as JSON text */
};

/*
 * Opens the directory, loads the active key, makes one if there is none (the
 * register's list decides; a file that the register does not know, as `init`
 * makes it, is adopted).  A private half that is gone is replaced, and
 * `*notice_r` (static or NULL) says so for the log.
 */
int keyring_open(struct keyring *r, const char *dir, struct store *writer,
    int64_t now_s, const char **notice_r, struct err *e);
void keyring_clear(struct keyring *k);

/*
 * The steps of a rotation and a revocation.  They run on the writer's thread
 * and change nothing in a keyring: the loop takes over the result with
 * keyring_take.
 */
struct keyring_change {
	const char *dir; /* borrowed */
	const char *by, *reason;
	const char *kid; /* revoke: which */
	int64_t now_s, since_s;
	int64_t serial;	 /* out */
	struct key *fresh; /* out: the new active key, or NULL */
	char *jwks;	   /* out */
};
int keyring_rotate(struct store *writer, struct keyring_change *c,
    const char *active_kid, struct err *e);
int keyring_revoke(struct store *writer, struct keyring_change *c,
    const char *active_kid, struct err *e);
/* On the loop: swaps in what the change made and clears it. */
void keyring_take(struct keyring *k, struct keyring_change *c);

#endif

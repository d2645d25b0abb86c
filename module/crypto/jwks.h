/*
 * JWK sets (RFC 7517) of Ed25519 keys (RFC 8037): what an issuer publishes,
 * and how a reader finds a token's key in it (docs/PROTOCOL.md, "Badges").
 */
#ifndef CRYPTO_JWKS_H
#define CRYPTO_JWKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "crypto/key.h"

#define JWKS_KEYS_MAX 4096
#define JWKS_TEXT_MAX (1024 * 1024) /* bytes of a set from outside */

/* Times are seconds since 1970. */
struct jwks_row {
	const char *x;	   /* base64url of the public key */
	const char *kid;   /* its thumbprint */
	int64_t nbf_s;	   /* first use; 0: does not say */
	int64_t exp_s;	   /* retired at; 0: in use */
	int64_t revoked_s; /* revoked since; 0: is not */
};

/* Appends the set's JSON to `r`, compact, keys in the order of the rows. */
int jwks_write(const struct jwks_row *rows, size_t count, struct buf *r,
    struct err *e);

/*
 * One public JWK, as somebody outside gave it.  Refuses private keys, other
 * curves, unsound points (crypto/point.h), and a `kid` that is not the
 * thumbprint.  0 or -1.
 */
int jwks_key_read(struct key **r, const char *json, size_t len, struct err *e);

/* A key of a set, with what the set says about it. */
struct jwks_key {
	struct key *key; /* owned: key_free */
	int64_t nbf_s, exp_s, revoked_s;
};

/* Finds the key of that ID: 1, 0 there is none, -1 the set or the key is not
 * well-formed.  Keys of other kinds in the set are passed over. */
int jwks_find(const char *json, size_t len, const char *kid, struct jwks_key *r,
    struct err *e);

/*
 * Whether a genuine token with this `iat` counts under the key: it was issued
 * while the key was in use, and, if the key is revoked, the issuer still
 * lists the token by its ID.  Whoever stole the key can write any `iat`, so
 * a revocation is not compared with it.
 */
bool jwks_key_covers(const struct jwks_key *k, int64_t iat_s, bool is_listed);

#endif

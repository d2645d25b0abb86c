/*
 * Badge tokens: compact JWS (RFC 7515), EdDSA over Ed25519 (RFC 8037); the
 * claims are those of docs/PROTOCOL.md, "Badges".
 */
#ifndef CRYPTO_TOKEN_H
#define CRYPTO_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "crypto/key.h"

#define TOKEN_MAX 4096	/* bytes of a compact token, with the NUL */
#define TOKEN_ID_MAX 23 /* base64url of 16 bytes, with the NUL */
#define TOKEN_LIFE_MAX_S 86400
#define TOKEN_CATEGORIES_MAX 16
#define TOKEN_CLAIM_MAX 3071 /* bytes of one string, with no NUL counted */

struct token_claims {
	const char *iss;  /* the issuer's domain */
	const char *sub;  /* "xmpp:daily@example.org" */
	const char *name; /* the public name */
	/* "xmpp:LOCAL@HOST" is a room; with a "?" it is a node, so a "?" in a
	 * room's own name is percent-encoded (RFC 5122). */
	const char *aud;
	const char *occ;  /* occupant-id, or NULL */
	const char *nick; /* or NULL; exactly one of the two for rooms, none
			   * for anything else */
	const char *cat[TOKEN_CATEGORIES_MAX];
	size_t cat_count;
	int64_t iat_s, exp_s;
};

/* Signs; `text` gets the token, `id` its ID.  0, or -1: also for claims that
 * token_verify would refuse, and for a token longer than TOKEN_MAX. */
int token_issue(const struct key *k, const struct token_claims *c,
    char text[TOKEN_MAX], char id[TOKEN_ID_MAX], struct err *e);

/* The ID of a token's text. */
int token_id(const char *text, char id[TOKEN_ID_MAX], struct err *e);

/*
 * Reads and verifies.  1 genuine and its claims well-formed, 0 not genuine
 * (the reason in `e`), -1 could not be checked.  Strict: the header has
 * exactly the three members that token_issue writes, compared with
 * constants; claims that we do not know are ignored (RFC 7519 #section-4).
 * The caller compares aud, occupant and times.  With 1, `r` owns its
 * strings: token_parsed_clear; otherwise `r` is zero.
 */
struct token_parsed {
	struct token_claims claims;
	char kid[KEY_KID_LEN + 1];
	void *owned;
};
int token_verify(const struct key *k, const char *text, struct token_parsed *r,
    struct err *e);
void token_parsed_clear(struct token_parsed *t);

#endif

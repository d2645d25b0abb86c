/*
 * Signing keys: Ed25519 (RFC 8032), as JWK (RFC 7517, RFC 8037) with the
 * thumbprint of RFC 7638 as key ID.
 */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define KEY_PUBLIC_LEN 32
#define KEY_SIGNATURE_LEN 64
#define KEY_KID_LEN 43 /* base64url of SHA-256 */

struct key;

int key_generate(struct key **r, struct err *e);
/* PEM, PKCS #8.  Refuses a file that others may read.  0 or -1. */
int key_load(struct key **r, const char *path, struct err *e);
/* Writes a new file, 0600, synced, never over an old one. */
int key_save(const struct key *k, const char *path, struct err *e);
/* From outside: refuses small-order and non-canonical points. */
int key_from_public(struct key **r, const unsigned char pub[KEY_PUBLIC_LEN],
    struct err *e);
void key_free(struct key *k);

const char *key_kid(const struct key *k); /* borrowed */
void key_public(const struct key *k, unsigned char r[KEY_PUBLIC_LEN]);

int key_sign(const struct key *k, const void *msg, size_t len,
    unsigned char r[KEY_SIGNATURE_LEN], struct err *e);
/* 1 valid, 0 not valid, -1 could not be checked. */
int key_verify(const struct key *k, const void *msg, size_t len,
    const unsigned char *sig, size_t sig_len, struct err *e);

#endif

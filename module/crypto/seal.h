/*
 * Sealing: AES-256-GCM (NIST SP 800-38D), and keyed hashes.
 *
 * A nonce must never be used twice with one key; random ones of 96 bits are
 * good for four thousand million messages a key.
 */
#ifndef CRYPTO_SEAL_H
#define CRYPTO_SEAL_H

#include <stddef.h>

#include "core/err.h"

#define SEAL_KEY_LEN 32
#define SEAL_NONCE_LEN 12
#define SEAL_TAG_LEN 16
#define SEAL_MARK_LEN 32
#define SEAL_LEN_MAX 1048576 /* bytes of a text, or of what is bound to it */

/* Writes `len` + SEAL_TAG_LEN bytes to `r`, the tag last.  `aad` is bound to
 * it but not in it; `len` and `aad_len` may be 0. */
int seal_close(const unsigned char key[SEAL_KEY_LEN],
    const unsigned char nonce[SEAL_NONCE_LEN], const void *aad, size_t aad_len,
    const void *text, size_t len, unsigned char *r, struct err *e);

/* The reverse: `len` bytes with the tag, `len` - SEAL_TAG_LEN to `r`.  -1 if
 * any bit is another; then `r` has nothing of the text. */
int seal_open(const unsigned char key[SEAL_KEY_LEN],
    const unsigned char nonce[SEAL_NONCE_LEN], const void *aad, size_t aad_len,
    const void *sealed, size_t len, unsigned char *r, struct err *e);

/* HMAC-SHA-256 (RFC 2104). */
int seal_mark(const unsigned char key[SEAL_KEY_LEN], const void *bytes,
    size_t len, unsigned char r[SEAL_MARK_LEN], struct err *e);

#endif

/* Hashes, random bytes, base64url, for those above who may not see OpenSSL. */
#ifndef CRYPTO_HASH_H
#define CRYPTO_HASH_H

#include <stddef.h>

#include "core/err.h"

#define HASH_SHA256_LEN 32
#define HASH_SHA1_HEX_LEN 40

int hash_sha256(const void *bytes, size_t len, unsigned char r[HASH_SHA256_LEN],
    struct err *e);

/* XEP-0114 #protocol: hex of SHA-1(stream ID, secret), NUL-terminated. */
int hash_handshake(const char *stream_id, const char *secret,
    char r[HASH_SHA1_HEX_LEN + 1], struct err *e);

int hash_random(void *r, size_t len, struct err *e);

/* base64url without padding (RFC 4648 #section-5).  Encode: `r` has room for
 * (len * 4 + 2) / 3 + 1 bytes.  Decode: refuses padding, other alphabets and
 * non-canonical last characters; `*len_r` bytes into `r` of `cap`. */
void hash_base64url(const void *bytes, size_t len, char *r);
int hash_base64url_decode(const char *text, size_t text_len, unsigned char *r,
    size_t cap, size_t *len_r, struct err *e);

/* Wipes secrets. */
void hash_wipe(void *p, size_t len);

#endif

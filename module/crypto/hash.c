/* Hashes, random bytes, base64url; see hash.h. */
#include "crypto/hash.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#define HASH_SHA1_LEN 20

/* Fetching an algorithm costs more than hashing a token with it, so both are
 * fetched once and kept until the process ends. */
static CRYPTO_ONCE hash_once = CRYPTO_ONCE_STATIC_INIT;
static EVP_MD *hash_md_sha256, *hash_md_sha1;

static void
hash_fetch(void)
{
	hash_md_sha256 = EVP_MD_fetch(NULL, "SHA2-256", NULL);
	hash_md_sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
}

static int
hash_ready(struct err *e)
{
	if (CRYPTO_THREAD_run_once(&hash_once, hash_fetch) != 1 ||
	    hash_md_sha256 == NULL || hash_md_sha1 == NULL)
		return err_set(e, "OpenSSL has no SHA-256 or no SHA-1");
	return 0;
}

int
hash_sha256(const void *bytes, size_t len, unsigned char r[HASH_SHA256_LEN],
    struct err *e)
{
	if (hash_ready(e) != 0)
		return -1;
	if (EVP_Digest(bytes, len, r, NULL, hash_md_sha256, NULL) != 1)
		return err_set(e, "SHA-256 failed in OpenSSL");
	return 0;
}

static void
hash_hex(const unsigned char *bytes, size_t len, char *r)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		*r++ = digits[bytes[i] >> 4];
		*r++ = digits[bytes[i] & 0xf];
	}
	*r = '\0';
}

int
hash_handshake(const char *stream_id, const char *secret,
    char r[HASH_SHA1_HEX_LEN + 1], struct err *e)
{
	unsigned char sum[HASH_SHA1_LEN];
	EVP_MD_CTX *ctx;
	int done;

	if (hash_ready(e) != 0)
		return -1;
	ctx = EVP_MD_CTX_new();
	done = ctx != NULL &&
	    EVP_DigestInit_ex2(ctx, hash_md_sha1, NULL) == 1 &&
	    EVP_DigestUpdate(ctx, stream_id, strlen(stream_id)) == 1 &&
	    EVP_DigestUpdate(ctx, secret, strlen(secret)) == 1 &&
	    EVP_DigestFinal_ex(ctx, sum, NULL) == 1;
	EVP_MD_CTX_free(ctx);
	if (!done)
		return err_set(e, "SHA-1 failed in OpenSSL");
	hash_hex(sum, sizeof sum, r);
	return 0;
}

int
hash_random(void *r, size_t len, struct err *e)
{
	if (RAND_bytes_ex(NULL, r, len, 0) != 1)
		return err_set(e, "OpenSSL has no random bytes");
	return 0;
}

void
hash_base64url(const void *bytes, size_t len, char *r)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const unsigned char *p = bytes;
	unsigned held = 0;
	int bits = 0;

	for (size_t i = 0; i < len; i++) {
		held = held << 8 | p[i];
		for (bits += 8; bits >= 6; bits -= 6)
			*r++ = digits[held >> (bits - 6) & 0x3f];
	}
	if (bits > 0)
		*r++ = digits[held << (6 - bits) & 0x3f];
	*r = '\0';
}

/* The value of one digit, or -1. */
static int
hash_base64url_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '-')
		return 62;
	return c == '_' ? 63 : -1;
}

int
hash_base64url_decode(const char *text, size_t text_len, unsigned char *r,
    size_t cap, size_t *len_r, struct err *e)
{
	unsigned held = 0;
	int bits = 0;
	size_t len = 0;

	if (text_len % 4 == 1)
		return err_set(e, "no base64url: one digit too many");
	for (size_t i = 0; i < text_len; i++) {
		int digit = hash_base64url_digit(text[i]);

		if (digit < 0)
			return err_set(e,
			    "no base64url: byte %zu is no digit of it", i + 1);
		held = held << 6 | (unsigned)digit;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		if (len == cap)
			return err_set(e, "base64url: more than %zu bytes",
			    cap);
		r[len++] = (unsigned char)(held >> bits);
	}
	/* The last digit's left-over bits: were they free, one value would
	 * have several spellings, and a changed token could still verify. */
	if ((held & ((1u << bits) - 1)) != 0)
		return err_set(e,
		    "no canonical base64url: stray bits at the "
		    "end");
	*len_r = len;
	return 0;
}

void
hash_wipe(void *p, size_t len)
{
	OPENSSL_cleanse(p, len);
}

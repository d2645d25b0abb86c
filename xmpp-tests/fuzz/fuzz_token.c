/*
 * Fuzz: whatever a stranger gives for a token, a key or base64url.
 *
 * The first byte says what the rest is: T a token; S header and claims, a
 * line each, which are signed first, so that the fuzzer gets past the
 * signature; J a JWK or a JWK set; B base64url.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "crypto/jwks.h"
#include "crypto/token.h"

#define INPUT_MAX (4 * TOKEN_MAX)

/* The key of RFC 8032's TEST 1: the corpus has tokens of it. */
static const char pem[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
want(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_token: %s\n", what);
	abort();
}

static struct key *
test_key(void)
{
	static struct key *key;
	char path[] = "/tmp/masthead-fuzz-XXXXXX";
	struct err e = { "" };
	int fd;

	if (key != NULL)
		return key;
	fd = mkstemp(path);
	want(fd >= 0 &&
		write(fd, pem, sizeof pem - 1) == (ssize_t)sizeof pem - 1 &&
		close(fd) == 0,
	    "no key file");
	want(key_load(&key, path, &e) == 0, e.text);
	(void)unlink(path);
	return key;
}

/* What is verified is in bounds, and can be issued again as it is. */
static void
check_claims(const struct token_claims *c)
{
	static char text[TOKEN_MAX];
	char id[TOKEN_ID_MAX];
	struct token_parsed again;
	struct err e = { "" };

	want(c->exp_s > c->iat_s && c->iat_s >= 0 &&
		c->exp_s - c->iat_s <= TOKEN_LIFE_MAX_S,
	    "a life too long");
	want(c->cat_count >= 1 && c->cat_count <= TOKEN_CATEGORIES_MAX,
	    "categories out of bounds");
	want(c->occ == NULL || c->nick == NULL, "two occupants");
	/* The claims that we ignore may have been shorter than our blanks
	 * and escapes are. */
	if (token_issue(test_key(), c, text, id, &e) != 0)
		return;
	want(token_verify(test_key(), text, &again, &e) == 1, e.text);
	want(strcmp(again.claims.name, c->name) == 0 &&
		strcmp(again.claims.aud, c->aud) == 0,
	    "other claims");
	token_parsed_clear(&again);
}

static void
try_token(const char *text)
{
	struct token_parsed t;
	struct err e = { "" };
	int r = token_verify(test_key(), text, &t, &e);

	want(r == 0 || r == 1, "could not be checked");
	want(r == 1 || e.text[0] != '\0', "no reason");
	if (r != 1)
		return;
	check_claims(&t.claims);
	token_parsed_clear(&t);
}

static void
try_signed(const char *text)
{
	static char token[2 * INPUT_MAX];
	unsigned char sig[KEY_SIGNATURE_LEN];
	const char *line = strchr(text, '\n');
	size_t len;

	if (line == NULL)
		return;
	hash_base64url(text, (size_t)(line - text), token);
	strcat(token, ".");
	hash_base64url(line + 1, strlen(line + 1), token + strlen(token));
	len = strlen(token);
	want(key_sign(test_key(), token, len, sig, NULL) == 0, "unsigned");
	token[len] = '.';
	hash_base64url(sig, sizeof sig, token + len + 1);
	try_token(token);
}

static void
try_keys(const char *text)
{
	struct jwks_key found;
	struct key *k;
	struct err e = { "" };

	if (jwks_key_read(&k, text, strlen(text), &e) == 0)
		key_free(k);
	if (jwks_find(text, strlen(text), key_kid(test_key()), &found, &e) ==
	    1) {
		want(strcmp(key_kid(found.key), key_kid(test_key())) == 0,
		    "another key was found");
		key_free(found.key);
	}
}

/* What can be decoded has no other spelling. */
static void
try_base64url(const char *text)
{
	static unsigned char bytes[INPUT_MAX];
	static char again[2 * INPUT_MAX];
	size_t len;

	if (hash_base64url_decode(text, strlen(text), bytes, sizeof bytes, &len,
		NULL) != 0)
		return;
	hash_base64url(bytes, len, again);
	want(strcmp(again, text) == 0, "two spellings");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char text[INPUT_MAX];

	if (len < 1 || len > sizeof text)
		return 0;
	memcpy(text, data + 1, len - 1);
	text[len - 1] = '\0';
	if (data[0] == 'T')
		try_token(text);
	else if (data[0] == 'S')
		try_signed(text);
	else if (data[0] == 'J')
		try_keys(text);
	else if (data[0] == 'B')
		try_base64url(text);
	return 0;
}

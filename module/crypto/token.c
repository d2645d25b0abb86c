/* Badge tokens; see token.h. */
#include "crypto/token.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "crypto/hash.h"

#define TOKEN_ALG "EdDSA"
#define TOKEN_TYP "masthead-badge+jwt"
#define TOKEN_ID_BYTES 16
#define TOKEN_HEADER_MEMBERS 3
#define TOKEN_HEADER_MAX 128 /* bytes of the header's JSON */
/* The last second of the year 9999: no honest clock is beyond it. */
#define TOKEN_TIME_MAX_S INT64_C(253402300799)
/* base64url of a signature, and of `len` bytes, without the NUL. */
#define TOKEN_BASE64_LEN(len) (((len)*4 + 2) / 3)
#define TOKEN_SIG_LEN TOKEN_BASE64_LEN(KEY_SIGNATURE_LEN)

/* Where the three parts of a compact token are. */
struct token_parts {
	const char *header, *claims, *sig;
	size_t header_len, claims_len, sig_len;
	size_t signed_len; /* header, dot and claims */
};

static bool
token_is_room(const char *aud)
{
	return strncmp(aud, "xmpp:", 5) == 0 && strchr(aud, '@') != NULL &&
	    strchr(aud, '?') == NULL;
}

static int
token_check_string(const char *what, const char *s, struct err *e)
{
	if (s == NULL || *s == '\0')
		return err_set(e, "the claim \"%s\" is missing", what);
	if (strlen(s) > TOKEN_CLAIM_MAX)
		return err_set(e, "the claim \"%s\" is too long", what);
	return 0;
}

static int
token_check_times(const struct token_claims *c, struct err *e)
{
	if (c->iat_s < 0 || c->exp_s > TOKEN_TIME_MAX_S || c->exp_s <= c->iat_s)
		return err_set(e,
		    "the claims \"iat\" and \"exp\" are no span "
		    "of time");
	if (c->exp_s - c->iat_s > TOKEN_LIFE_MAX_S)
		return err_set(e, "the token lives longer than %d s",
		    TOKEN_LIFE_MAX_S);
	return 0;
}

static int
token_check_occupant(const struct token_claims *c, struct err *e)
{
	int count = (c->occ != NULL) + (c->nick != NULL);
	int want = token_is_room(c->aud) ? 1 : 0;

	if (count != want)
		return err_set(e,
		    want == 1 ? "a room's token has one of \"occ\" and \"nick\""
			      : "\"occ\" and \"nick\" are for rooms only");
	if (c->occ != NULL && token_check_string("occ", c->occ, e) != 0)
		return -1;
	if (c->nick != NULL && token_check_string("nick", c->nick, e) != 0)
		return -1;
	return 0;
}

/* What holds for every token, written or read. */
static int
token_check(const struct token_claims *c, struct err *e)
{
	if (token_check_string("iss", c->iss, e) != 0 ||
	    token_check_string("sub", c->sub, e) != 0 ||
	    token_check_string("name", c->name, e) != 0 ||
	    token_check_string("aud", c->aud, e) != 0)
		return -1;
	if (strncmp(c->sub, "xmpp:", 5) != 0 || c->sub[5] == '\0')
		return err_set(e, "the claim \"sub\" is no xmpp: address");
	if (c->cat_count == 0 || c->cat_count > TOKEN_CATEGORIES_MAX)
		return err_set(e, "a token has 1 to %d categories",
		    TOKEN_CATEGORIES_MAX);
	for (size_t i = 0; i < c->cat_count; i++) {
		if (token_check_string("cat", c->cat[i], e) != 0)
			return -1;
	}
	if (token_check_times(c, e) != 0)
		return -1;
	return token_check_occupant(c, e);
}

static json_t *
token_pack_categories(const struct token_claims *c)
{
	json_t *r = json_array();

	for (size_t i = 0; r != NULL && i < c->cat_count; i++) {
		/* Fails, too, on what is not UTF-8. */
		if (json_array_append_new(r, json_string(c->cat[i])) != 0) {
			json_decref(r);
			return NULL;
		}
	}
	return r;
}

/* The claims as compact JSON into `r`; its length, or 0 if a string is not
 * UTF-8, there is no memory, or it is longer than `cap`. */
static size_t
token_pack(const struct token_claims *c, char *r, size_t cap)
{
	const char *who = c->occ != NULL ? "occ" : "nick";
	json_t *root = json_object();
	size_t len = 0;

	if (root == NULL)
		return 0;
	if (json_object_set_new(root, "iss", json_string(c->iss)) == 0 &&
	    json_object_set_new(root, "sub", json_string(c->sub)) == 0 &&
	    json_object_set_new(root, "name", json_string(c->name)) == 0 &&
	    json_object_set_new(root, "cat", token_pack_categories(c)) == 0 &&
	    json_object_set_new(root, "aud", json_string(c->aud)) == 0 &&
	    (!token_is_room(c->aud) ||
		json_object_set_new(root, who,
		    json_string(c->occ != NULL ? c->occ : c->nick)) == 0) &&
	    json_object_set_new(root, "iat", json_integer(c->iat_s)) == 0 &&
	    json_object_set_new(root, "exp", json_integer(c->exp_s)) == 0)
		len = json_dumpb(root, r, cap, JSON_COMPACT);
	json_decref(root);
	return len <= cap ? len : 0;
}

/*
 * Fills the JSON up to a multiple of three bytes with blanks, which JSON
 * allows at its end: its base64url then has no left-over bits that lenient
 * readers ignore, and no second spelling for them.  Its new length.
 */
static size_t
token_fill(char *json, size_t len)
{
	while (len % 3 != 0)
		json[len++] = ' ';
	json[len] = '\0';
	return len;
}

/* Writes "HEADER.CLAIMS" into `text`; its length, or 0 if it does not fit
 * (with room for the signature).  `claims` may grow by two bytes. */
static size_t
token_write_signed(const struct key *k, char *claims, size_t claims_len,
    char text[TOKEN_MAX])
{
	char header[TOKEN_HEADER_MAX];
	int written = snprintf(header, sizeof header - 2,
	    "{\"alg\":\"" TOKEN_ALG "\",\"typ\":\"" TOKEN_TYP
	    "\",\"kid\":\"%s\"}",
	    key_kid(k));
	size_t header_len = token_fill(header, (size_t)written);
	size_t first, second;

	claims_len = token_fill(claims, claims_len);
	first = TOKEN_BASE64_LEN(header_len);
	second = TOKEN_BASE64_LEN(claims_len);
	if (first + 1 + second + 1 + TOKEN_SIG_LEN + 1 > TOKEN_MAX)
		return 0;
	hash_base64url(header, header_len, text);
	text[first] = '.';
	hash_base64url(claims, claims_len, text + first + 1);
	return first + 1 + second;
}

int
token_issue(const struct key *k, const struct token_claims *c,
    char text[TOKEN_MAX], char id[TOKEN_ID_MAX], struct err *e)
{
	unsigned char sig[KEY_SIGNATURE_LEN];
	char claims[TOKEN_MAX];
	size_t len;

	if (token_check(c, e) != 0)
		return -1;
	/* Two bytes and the NUL are for token_fill. */
	len = token_pack(c, claims, sizeof claims - 3);
	if (len == 0)
		return err_set(e, "the claims are too long or not UTF-8");
	len = token_write_signed(k, claims, len, text);
	if (len == 0)
		return err_set(e, "the token is longer than %d bytes",
		    TOKEN_MAX - 1);
	if (key_sign(k, text, len, sig, e) != 0)
		return -1;
	text[len] = '.';
	hash_base64url(sig, sizeof sig, text + len + 1);
	return token_id(text, id, e);
}

int
token_id(const char *text, char id[TOKEN_ID_MAX], struct err *e)
{
	unsigned char sum[HASH_SHA256_LEN];

	if (hash_sha256(text, strlen(text), sum, e) != 0)
		return -1;
	hash_base64url(sum, TOKEN_ID_BYTES, id);
	return 0;
}

/* 1, or 0 if the text has not exactly three parts. */
static int
token_split(const char *text, struct token_parts *r, struct err *e)
{
	size_t len = strnlen(text, TOKEN_MAX);
	const char *end = text + len;

	if (len == TOKEN_MAX) {
		(void)err_set(e, "longer than %d bytes", TOKEN_MAX - 1);
		return 0;
	}
	r->header = text;
	r->claims = memchr(text, '.', len);
	if (r->claims != NULL)
		r->sig =
		    memchr(r->claims + 1, '.', (size_t)(end - r->claims) - 1);
	if (r->claims == NULL || r->sig == NULL ||
	    memchr(r->sig + 1, '.', (size_t)(end - r->sig) - 1) != NULL) {
		(void)err_set(e, "a token has three parts");
		return 0;
	}
	r->signed_len = (size_t)(r->sig - text);
	r->header_len = (size_t)(r->claims - text);
	r->claims++;
	r->claims_len = (size_t)(r->sig - r->claims);
	r->sig++;
	r->sig_len = (size_t)(end - r->sig);
	return 1;
}

/* The JSON object that a part encodes, owned by the caller; NULL if it is
 * none.  No member may come twice: two readers could see two values. */
static json_t *
token_part_json(const char *part, size_t len, struct err *e)
{
	unsigned char json[TOKEN_MAX];
	size_t json_len;
	json_error_t why;
	json_t *r;

	if (hash_base64url_decode(part, len, json, sizeof json, &json_len, e) !=
	    0)
		return NULL;
	r = json_loadb((const char *)json, json_len, JSON_REJECT_DUPLICATES,
	    &why);
	if (r == NULL) {
		(void)err_set(e, "no JSON: %s", why.text);
		return NULL;
	}
	if (!json_is_object(r)) {
		(void)err_set(e, "no JSON object");
		json_decref(r);
		return NULL;
	}
	return r;
}

/* Borrowed from `o`; NULL if the member is missing or is no string. */
static const char *
token_member(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static bool
token_member_is(const json_t *o, const char *name, const char *want)
{
	const char *got = token_member(o, name);

	return got != NULL && strcmp(got, want) == 0;
}

/* 1, or 0 if it is not, to the member, the header that we write for `k`. */
static int
token_read_header(const struct key *k, const struct token_parts *p,
    struct err *e)
{
	json_t *header = token_part_json(p->header, p->header_len, e);
	int r = 0;

	if (header == NULL) {
		(void)err_prefix(e, "the header");
		return 0;
	}
	if (!token_member_is(header, "alg", TOKEN_ALG))
		(void)err_set(e, "\"alg\" is not " TOKEN_ALG);
	else if (!token_member_is(header, "typ", TOKEN_TYP))
		(void)err_set(e, "\"typ\" is not " TOKEN_TYP);
	else if (!token_member_is(header, "kid", key_kid(k)))
		(void)err_set(e, "\"kid\" names another key");
	else if (json_object_size(header) != TOKEN_HEADER_MEMBERS)
		(void)err_set(e,
		    "the header has members that we do not "
		    "know");
	else
		r = 1;
	json_decref(header);
	return r;
}

static int
token_check_signature(const struct key *k, const char *text,
    const struct token_parts *p, struct err *e)
{
	unsigned char sig[KEY_SIGNATURE_LEN];
	size_t len;
	int r;

	if (hash_base64url_decode(p->sig, p->sig_len, sig, sizeof sig, &len,
		e) != 0) {
		(void)err_prefix(e, "the signature");
		return 0;
	}
	r = key_verify(k, text, p->signed_len, sig, len, e);
	if (r == 0)
		(void)err_set(e, "the signature is not this key's");
	return r;
}

static int
token_read_categories(const json_t *root, struct token_claims *r, struct err *e)
{
	const json_t *cat = json_object_get(root, "cat");
	size_t count = json_array_size(cat); /* 0 for what is no array */

	if (count > TOKEN_CATEGORIES_MAX)
		return err_set(e, "too many categories");
	for (size_t i = 0; i < count; i++)
		r->cat[i] = json_string_value(json_array_get(cat, i));
	r->cat_count = count;
	return 0;
}

/* A string that may be missing; -1 if it is there and is something else. */
static int
token_read_optional(const json_t *root, const char *name, const char **r,
    struct err *e)
{
	const json_t *value = json_object_get(root, name);

	*r = json_string_value(value);
	if (value != NULL && *r == NULL)
		return err_set(e, "the claim \"%s\" is no string", name);
	return 0;
}

static int
token_read_time(const json_t *root, const char *name, int64_t *r, struct err *e)
{
	const json_t *value = json_object_get(root, name);

	if (!json_is_integer(value))
		return err_set(e, "the claim \"%s\" is no whole number", name);
	*r = json_integer_value(value);
	return 0;
}

/* Strings are borrowed from `root`; those that are missing or no strings
 * are NULL, which token_check refuses. */
static int
token_read_claims(const json_t *root, struct token_claims *r, struct err *e)
{
	r->iss = token_member(root, "iss");
	r->sub = token_member(root, "sub");
	r->name = token_member(root, "name");
	r->aud = token_member(root, "aud");
	if (token_read_optional(root, "occ", &r->occ, e) != 0 ||
	    token_read_optional(root, "nick", &r->nick, e) != 0 ||
	    token_read_time(root, "iat", &r->iat_s, e) != 0 ||
	    token_read_time(root, "exp", &r->exp_s, e) != 0 ||
	    token_read_categories(root, r, e) != 0)
		return -1;
	return token_check(r, e);
}

int
token_verify(const struct key *k, const char *text, struct token_parsed *r,
    struct err *e)
{
	struct token_parts parts = { 0 };
	json_t *root;
	int genuine;

	memset(r, 0, sizeof *r);
	if (token_split(text, &parts, e) != 1 ||
	    token_read_header(k, &parts, e) != 1)
		return 0;
	genuine = token_check_signature(k, text, &parts, e);
	if (genuine != 1)
		return genuine;
	root = token_part_json(parts.claims, parts.claims_len, e);
	if (root == NULL) {
		(void)err_prefix(e, "the claims");
		return 0;
	}
	if (token_read_claims(root, &r->claims, e) != 0) {
		memset(r, 0, sizeof *r);
		json_decref(root);
		return 0;
	}
	strcpy(r->kid, key_kid(k));
	r->owned = root;
	return 1;
}

void
token_parsed_clear(struct token_parsed *t)
{
	json_decref(t->owned);
	memset(t, 0, sizeof *t);
}

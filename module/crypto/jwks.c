/* JWK sets; see jwks.h. */
#include "crypto/jwks.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "crypto/hash.h"

#define JWKS_REVOKED "masthead_revoked"

/* A member that is left out when it is 0. */
static int
jwks_set_time(json_t *o, const char *name, int64_t at_s)
{
	return at_s == 0 ? 0 : json_object_set_new(o, name, json_integer(at_s));
}

/* NULL if there is no memory or a string is not UTF-8. */
static json_t *
jwks_row_json(const struct jwks_row *row)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "kty", "OKP",
	    "crv", "Ed25519", "alg", "EdDSA", "use", "sig", "kid", row->kid,
	    "x", row->x);

	if (o == NULL)
		return NULL;
	if (jwks_set_time(o, "nbf", row->nbf_s) != 0 ||
	    jwks_set_time(o, "exp", row->exp_s) != 0 ||
	    jwks_set_time(o, JWKS_REVOKED, row->revoked_s) != 0) {
		json_decref(o);
		return NULL;
	}
	return o;
}

int
jwks_write(const struct jwks_row *rows, size_t count, struct buf *r,
    struct err *e)
{
	json_t *keys = json_array(), *set = json_object();
	char *text = NULL;
	size_t i = 0;

	while (keys != NULL && i < count &&
	    json_array_append_new(keys, jwks_row_json(&rows[i])) == 0)
		i++;
	if (keys != NULL && set != NULL && i == count &&
	    json_object_set(set, "keys", keys) == 0)
		text = json_dumps(set, JSON_COMPACT);
	json_decref(keys);
	json_decref(set);
	if (text == NULL)
		return err_set(e, "no memory for the keys' JSON");
	buf_adds(r, text);
	free(text);
	return r->failed ? err_set(e, "the keys' JSON is too long") : 0;
}

/* Borrowed from `o`; NULL if the member is missing or is no string. */
static const char *
jwks_member(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

/* A member that need not be there, but must be `want` if it is. */
static bool
jwks_member_allows(const json_t *o, const char *name, const char *want)
{
	const json_t *value = json_object_get(o, name);

	return value == NULL ||
	    (json_is_string(value) &&
		strcmp(json_string_value(value), want) == 0);
}

static bool
jwks_is_ed25519(const json_t *o)
{
	const char *kty = jwks_member(o, "kty");
	const char *crv = jwks_member(o, "crv");

	return kty != NULL && strcmp(kty, "OKP") == 0 && crv != NULL &&
	    strcmp(crv, "Ed25519") == 0;
}

static int
jwks_key_take(struct key **r, const json_t *o, struct err *e)
{
	unsigned char pub[KEY_PUBLIC_LEN];
	const char *x = jwks_member(o, "x");
	size_t len;
	struct key *k;

	if (!jwks_is_ed25519(o))
		return err_set(e, "the JWK is no Ed25519 key");
	if (json_object_get(o, "d") != NULL)
		return err_set(e,
		    "the JWK holds a private key, which must "
		    "not leave its owner; revoke it");
	if (!jwks_member_allows(o, "alg", "EdDSA") ||
	    !jwks_member_allows(o, "use", "sig"))
		return err_set(e, "the JWK is for something else");
	if (x == NULL ||
	    hash_base64url_decode(x, strlen(x), pub, sizeof pub, &len, NULL) !=
		0 ||
	    len != sizeof pub)
		return err_set(e, "the JWK has no 32 bytes in \"x\"");
	if (key_from_public(&k, pub, e) != 0)
		return -1;
	if (!jwks_member_allows(o, "kid", key_kid(k))) {
		key_free(k);
		return err_set(e, "the JWK's \"kid\" is not its thumbprint");
	}
	*r = k;
	return 0;
}

/* Owned by the caller; NULL if the text is no JSON object. */
static json_t *
jwks_load(const char *json, size_t len, struct err *e)
{
	json_error_t why;
	json_t *o;

	if (len > JWKS_TEXT_MAX) {
		(void)err_set(e, "the keys' JSON is too long");
		return NULL;
	}
	o = json_loadb(json, len, JSON_REJECT_DUPLICATES, &why);
	if (o == NULL) {
		(void)err_set(e, "the keys are no JSON: %s", why.text);
		return NULL;
	}
	if (!json_is_object(o)) {
		(void)err_set(e, "the keys are no JSON object");
		json_decref(o);
		return NULL;
	}
	return o;
}

int
jwks_key_read(struct key **r, const char *json, size_t len, struct err *e)
{
	json_t *o = jwks_load(json, len, e);
	int done;

	if (o == NULL)
		return -1;
	done = jwks_key_take(r, o, e);
	json_decref(o);
	return done;
}

/* 0 if the member is missing; -1 if it is no time. */
static int
jwks_read_time(const json_t *o, const char *name, int64_t *r, struct err *e)
{
	const json_t *value = json_object_get(o, name);

	*r = json_integer_value(value);
	if (value != NULL && (!json_is_integer(value) || *r <= 0))
		return err_set(e, "the JWK's \"%s\" is no time", name);
	return 0;
}

static int
jwks_found(const json_t *o, struct jwks_key *r, struct err *e)
{
	if (jwks_read_time(o, "nbf", &r->nbf_s, e) != 0 ||
	    jwks_read_time(o, "exp", &r->exp_s, e) != 0 ||
	    jwks_read_time(o, JWKS_REVOKED, &r->revoked_s, e) != 0 ||
	    jwks_key_take(&r->key, o, e) != 0)
		return -1;
	return 1;
}

int
jwks_find(const char *json, size_t len, const char *kid, struct jwks_key *r,
    struct err *e)
{
	json_t *set = jwks_load(json, len, e);
	const json_t *keys, *o;
	size_t i;
	int found = 0;

	memset(r, 0, sizeof *r);
	if (set == NULL)
		return -1;
	keys = json_object_get(set, "keys");
	if (!json_is_array(keys) || json_array_size(keys) > JWKS_KEYS_MAX)
		found = err_set(e, "no JWK set, or too many keys in it");
	for (i = 0; found == 0 && i < json_array_size(keys); i++) {
		const char *got;

		o = json_array_get(keys, i);
		got = jwks_member(o, "kid");
		if (jwks_is_ed25519(o) && got != NULL && strcmp(got, kid) == 0)
			found = jwks_found(o, r, e);
	}
	json_decref(set);
	return found;
}

bool
jwks_key_covers(const struct jwks_key *k, int64_t iat_s, bool is_listed)
{
	/* In the second in which it is retired a key may still have signed. */
	if (iat_s < k->nbf_s || (k->exp_s != 0 && iat_s > k->exp_s))
		return false;
	return k->revoked_s == 0 || is_listed;
}

/* JWK sets: written as the protocol says, read with suspicion. */
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/jwks.h"
#include "unit/hex.h"

/* RFC 8037 #appendix-A.2 and A.3. */
#define X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define KID "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
#define JWK "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "\""

static struct err e;

START_TEST(sets_are_written_as_the_protocol_says)
{
	static const struct jwks_row rows[] = {
		{ .x = X, .kid = KID, .nbf_s = 1700000000 },
		{ .x = X,
		    .kid = "retired",
		    .nbf_s = 1600000000,
		    .exp_s = 1700000000,
		    .revoked_s = 1650000000 },
	};
	struct buf b;

	buf_init(&b, 4096);
	ck_assert_int_eq(jwks_write(rows, 2, &b, &e), 0);
	ck_assert_str_eq(b.data,
	    "{\"keys\":[{\"kty\":\"OKP\","
	    "\"crv\":\"Ed25519\",\"alg\":\"EdDSA\",\"use\":\"sig\","
	    "\"kid\":\"" KID "\",\"x\":\"" X "\",\"nbf\":1700000000},"
	    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"EdDSA\","
	    "\"use\":\"sig\",\"kid\":\"retired\",\"x\":\"" X "\","
	    "\"nbf\":1600000000,\"exp\":1700000000,"
	    "\"masthead_revoked\":1650000000}]}");
	buf_clear(&b);
}
END_TEST

START_TEST(an_empty_set_is_a_set)
{
	struct buf b;

	buf_init(&b, 4096);
	ck_assert_int_eq(jwks_write(NULL, 0, &b, &e), 0);
	ck_assert_str_eq(b.data, "{\"keys\":[]}");
	buf_clear(&b);
}
END_TEST

START_TEST(a_set_that_does_not_fit_is_an_error)
{
	static const struct jwks_row row = { .x = X, .kid = KID };
	struct buf b;

	buf_init(&b, 100);
	ck_assert_int_eq(jwks_write(&row, 1, &b, &e), -1);
	buf_clear(&b);
}
END_TEST

static const struct {
	const char *label, *json;
	int want;
} jwks[] = {
	{ "RFC 8037's", "{" JWK "}", 0 },
	{ "with its thumbprint", "{" JWK ",\"kid\":\"" KID "\"}", 0 },
	{ "with all that we write",
	    "{" JWK ",\"kid\":\"" KID
	    "\",\"alg\":\"EdDSA\",\"use\":\"sig\",\"nbf\":1}",
	    0 },
	{ "with another kid", "{" JWK ",\"kid\":\"mine\"}", -1 },
	{ "kid no string", "{" JWK ",\"kid\":1}", -1 },
	{ "for encryption", "{" JWK ",\"use\":\"enc\"}", -1 },
	{ "another algorithm", "{" JWK ",\"alg\":\"ES256\"}", -1 },
	{ "private",
	    "{" JWK ",\"d\":"
	    "\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}",
	    -1 },
	{ "another curve",
	    "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"" X "\"}", -1 },
	{ "another type",
	    "{\"kty\":\"EC\",\"crv\":\"Ed25519\",\"x\":\"" X "\"}", -1 },
	{ "no x", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\"}", -1 },
	{ "x too short",
	    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
	    "\"x\":\"11qY\"}",
	    -1 },
	{ "x padded", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" X "=\"}",
	    -1 },
	{ "x not canonical base64url",
	    "{\"kty\":\"OKP\",\"crv\":"
	    "\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPc"
	    "HURp\"}",
	    -1 },
	{ "all zero",
	    "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
	    "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}",
	    -1 },
	{ "kty twice", "{\"kty\":\"OKP\"," JWK "}", -1 },
	{ "an array", "[]", -1 },
	{ "nothing", "", -1 },
	{ "half", "{" JWK, -1 },
};

START_TEST(outside_keys_are_read_with_suspicion)
{
	struct key *k = NULL;
	int got = jwks_key_read(&k, jwks[_i].json, strlen(jwks[_i].json), &e);

	ck_assert_msg(got == jwks[_i].want, "%s: %d, %s", jwks[_i].label, got,
	    e.text);
	if (got == 0)
		ck_assert_str_eq(key_kid(k), KID);
	key_free(k);
}
END_TEST

#define SET                                                                    \
	"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"" KID "\"},"                    \
	"{" JWK ",\"kid\":\"" KID "\",\"nbf\":5,\"exp\":9,"                    \
	"\"masthead_revoked\":7}]}"

START_TEST(keys_are_found_by_their_id)
{
	struct jwks_key k;

	ck_assert_int_eq(jwks_find(SET, strlen(SET), KID, &k, &e), 1);
	ck_assert_str_eq(key_kid(k.key), KID);
	ck_assert_int_eq(k.nbf_s, 5);
	ck_assert_int_eq(k.exp_s, 9);
	ck_assert_int_eq(k.revoked_s, 7);
	key_free(k.key);
	ck_assert_int_eq(jwks_find(SET, strlen(SET), "other", &k, &e), 0);
	ck_assert_ptr_null(k.key);
}
END_TEST

static const char *const bad_sets[] = {
	"",
	"[]",
	"{}",
	"{\"keys\":{}}",
	"{\"keys\":[{" JWK ",\"kid\":\"" KID "\",\"nbf\":\"5\"}]}",
	"{\"keys\":[{" JWK ",\"kid\":\"" KID "\",\"masthead_revoked\":true}]}",
	"{\"keys\":[{" JWK ",\"kid\":\"" KID "\",\"exp\":-9}]}",
	"{\"keys\":[],\"keys\":[]}",
	/* A key under a name that is not its own. */
	"{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
	"\"fU0Of2FTpptiQrUiq77mhf2kQg-INLEIw72uNp71Sfo\",\"kid\":\"" KID
	"\"}]}",
};

START_TEST(bad_sets_are_errors)
{
	struct jwks_key k;

	ck_assert_int_eq(
	    jwks_find(bad_sets[_i], strlen(bad_sets[_i]), KID, &k, &e), -1);
	ck_assert_ptr_null(k.key);
}
END_TEST

static const struct {
	const char *label;
	struct jwks_key key;
	int64_t iat_s;
	bool is_listed, want;
} cover[] = {
	{ "in use", { .nbf_s = 10 }, 20, false, true },
	{ "issued at its start", { .nbf_s = 10 }, 10, false, true },
	{ "issued before its start", { .nbf_s = 10 }, 9, true, false },
	{ "retired, issued before", { .nbf_s = 10, .exp_s = 30 }, 20, false,
	    true },
	{ "retired, issued in that second", { .nbf_s = 10, .exp_s = 30 }, 30,
	    false, true },
	{ "retired, issued later", { .nbf_s = 10, .exp_s = 30 }, 31, true,
	    false },
	{ "revoked, dated before, not listed",
	    { .nbf_s = 10, .exp_s = 30, .revoked_s = 25 }, 20, false, false },
	{ "revoked, dated before, listed",
	    { .nbf_s = 10, .exp_s = 30, .revoked_s = 25 }, 20, true, true },
};

START_TEST(revoked_keys_cover_what_is_listed)
{
	ck_assert_msg(jwks_key_covers(&cover[_i].key, cover[_i].iat_s,
			  cover[_i].is_listed) == cover[_i].want,
	    "%s", cover[_i].label);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("jwks");
	TCase *t = tcase_create("jwks");

	tcase_add_test(t, sets_are_written_as_the_protocol_says);
	tcase_add_test(t, an_empty_set_is_a_set);
	tcase_add_test(t, a_set_that_does_not_fit_is_an_error);
	tcase_add_loop_test(t, outside_keys_are_read_with_suspicion, 0,
	    COUNT(jwks));
	tcase_add_test(t, keys_are_found_by_their_id);
	tcase_add_loop_test(t, bad_sets_are_errors, 0, COUNT(bad_sets));
	tcase_add_loop_test(t, revoked_keys_cover_what_is_listed, 0,
	    COUNT(cover));
	suite_add_tcase(s, t);
	return unit_run(s);
}

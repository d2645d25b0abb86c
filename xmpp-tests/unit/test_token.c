/*
 * Tokens: what is issued can be read; whatever is not exactly a token of the
 * key is refused, each case for its own reason.
 */
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "crypto/hash.h"
#include "crypto/token.h"

#define NOW INT64_C(1700000000)

static struct key *key, *other;
static struct err e;

static void
make_keys(void)
{
	ck_assert_int_eq(key_generate(&key, &e), 0);
	ck_assert_int_eq(key_generate(&other, &e), 0);
	e.text[0] = '\0';
}

static void
free_keys(void)
{
	key_free(key);
	key_free(other);
}

static struct token_claims
good_claims(void)
{
	struct token_claims c = {
		.iss = "masthead.example.org",
		.sub = "xmpp:daily@example.org",
		.name = "Daily \"Exämple\" ✓",
		.aud = "xmpp:newsroom@rooms.example.org",
		.occ = "dd72603deec90a38ba552f7c68cbcc61bca202cd",
		.cat = { "news", "weather" },
		.cat_count = 2,
		.iat_s = NOW,
		.exp_s = NOW + TOKEN_LIFE_MAX_S,
	};

	return c;
}

START_TEST(issued_tokens_are_read)
{
	struct token_claims c = good_claims();
	struct token_parsed t;
	char text[TOKEN_MAX], id[TOKEN_ID_MAX], again[TOKEN_ID_MAX];

	ck_assert_msg(token_issue(key, &c, text, id, &e) == 0, "%s", e.text);
	ck_assert_msg(token_verify(key, text, &t, &e) == 1, "%s", e.text);
	ck_assert_str_eq(t.kid, key_kid(key));
	ck_assert_str_eq(t.claims.iss, c.iss);
	ck_assert_str_eq(t.claims.sub, c.sub);
	ck_assert_str_eq(t.claims.name, c.name);
	ck_assert_str_eq(t.claims.aud, c.aud);
	ck_assert_str_eq(t.claims.occ, c.occ);
	ck_assert_ptr_null(t.claims.nick);
	ck_assert_uint_eq(t.claims.cat_count, 2);
	ck_assert_str_eq(t.claims.cat[1], "weather");
	ck_assert_int_eq(t.claims.iat_s, NOW);
	ck_assert_int_eq(t.claims.exp_s, NOW + TOKEN_LIFE_MAX_S);
	token_parsed_clear(&t);
	ck_assert_uint_eq(strlen(id), TOKEN_ID_MAX - 1);
	ck_assert_int_eq(token_id(text, again, &e), 0);
	ck_assert_str_eq(again, id);
}
END_TEST

/* Readers that ignore a last digit's left-over bits find none. */
START_TEST(header_and_claims_have_one_spelling)
{
	static const char *const names[] = { "D", "Da", "Dai", "Dail" };
	struct token_claims c = good_claims();
	char text[TOKEN_MAX], id[TOKEN_ID_MAX];
	const char *first, *second;

	c.name = names[_i];
	ck_assert_int_eq(token_issue(key, &c, text, id, &e), 0);
	first = strchr(text, '.');
	second = strchr(first + 1, '.');
	ck_assert_uint_eq((size_t)(first - text) % 4, 0);
	ck_assert_uint_eq((size_t)(second - first - 1) % 4, 0);
}
END_TEST

START_TEST(ids_are_half_a_sha256)
{
	/* The first 16 bytes of SHA-256("abc"), FIPS 180-4. */
	char id[TOKEN_ID_MAX];

	ck_assert_int_eq(token_id("abc", id, &e), 0);
	ck_assert_str_eq(id, "ungWv48Bz-pBQUDeXa4iIw");
}
END_TEST

START_TEST(nicknames_stand_in_for_occupants)
{
	struct token_claims c = good_claims();
	struct token_parsed t;
	char text[TOKEN_MAX], id[TOKEN_ID_MAX];

	c.occ = NULL;
	c.nick = "Daily";
	ck_assert_int_eq(token_issue(key, &c, text, id, &e), 0);
	ck_assert_int_eq(token_verify(key, text, &t, &e), 1);
	ck_assert_str_eq(t.claims.nick, "Daily");
	ck_assert_ptr_null(t.claims.occ);
	token_parsed_clear(&t);
}
END_TEST

static const char *const no_rooms[] = {
	"example.net",
	"xmpp:pubsub.example.org?;node=news",
	"xmpp:daily@example.org?;node=urn:xmpp:microblog:0",
};

START_TEST(nodes_and_lookups_have_no_occupant)
{
	struct token_claims c = good_claims();
	struct token_parsed t;
	char text[TOKEN_MAX], id[TOKEN_ID_MAX];

	c.aud = no_rooms[_i];
	ck_assert_int_eq(token_issue(key, &c, text, id, &e), -1);
	c.occ = NULL;
	ck_assert_msg(token_issue(key, &c, text, id, &e) == 0, "%s", e.text);
	ck_assert_int_eq(token_verify(key, text, &t, &e), 1);
	token_parsed_clear(&t);
}
END_TEST

START_TEST(any_changed_byte_is_noticed)
{
	struct token_claims c = good_claims();
	struct token_parsed t;
	char text[TOKEN_MAX], id[TOKEN_ID_MAX];
	size_t len;

	ck_assert_int_eq(token_issue(key, &c, text, id, &e), 0);
	len = strlen(text);
	for (size_t i = 0; i < len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			text[i] = (char)(text[i] ^ (1 << bit));
			ck_assert_msg(token_verify(key, text, &t, &e) == 0,
			    "byte %zu, bit %d", i, bit);
			ck_assert_ptr_null(t.owned);
			text[i] = (char)(text[i] ^ (1 << bit));
		}
	}
	/* Cut anywhere, and with something behind it. */
	for (size_t i = 0; i < len; i++) {
		char kept = text[i];

		text[i] = '\0';
		ck_assert_int_eq(token_verify(key, text, &t, &e), 0);
		text[i] = kept;
	}
	strcpy(text + len, "A");
	ck_assert_int_eq(token_verify(key, text, &t, &e), 0);
	strcpy(text + len, "=");
	ck_assert_int_eq(token_verify(key, text, &t, &e), 0);
	text[len] = '\0';
	ck_assert_int_eq(token_verify(key, text, &t, &e), 1);
	token_parsed_clear(&t);
}
END_TEST

START_TEST(other_keys_do_not_verify)
{
	struct token_claims c = good_claims();
	struct token_parsed t;
	char text[TOKEN_MAX], id[TOKEN_ID_MAX];

	ck_assert_int_eq(token_issue(key, &c, text, id, &e), 0);
	ck_assert_int_eq(token_verify(other, text, &t, &e), 0);
	ck_assert_ptr_nonnull(strstr(e.text, "another key"));
}
END_TEST

/* What token_issue may not be asked for. */
static const char long_text[TOKEN_CLAIM_MAX + 2];

static void
no_iss(struct token_claims *c)
{
	c->iss = NULL;
}

static void
empty_name(struct token_claims *c)
{
	c->name = "";
}

static void
bare_sub(struct token_claims *c)
{
	c->sub = "daily@example.org";
}

static void
scheme_alone(struct token_claims *c)
{
	c->sub = "xmpp:";
}

static void
no_category(struct token_claims *c)
{
	c->cat_count = 0;
}

static void
too_many_categories(struct token_claims *c)
{
	c->cat_count = TOKEN_CATEGORIES_MAX + 1;
}

static void
both_occupants(struct token_claims *c)
{
	c->nick = "Daily";
}

static void
no_occupant(struct token_claims *c)
{
	c->occ = NULL;
}

static void
too_long_a_life(struct token_claims *c)
{
	c->exp_s = c->iat_s + TOKEN_LIFE_MAX_S + 1;
}

static void
ends_at_its_start(struct token_claims *c)
{
	c->exp_s = c->iat_s;
}

static void
before_1970(struct token_claims *c)
{
	c->iat_s = -1;
	c->exp_s = 10;
}

static void
overflowing_life(struct token_claims *c)
{
	c->iat_s = INT64_MIN;
	c->exp_s = INT64_MAX;
}

static void
not_utf8(struct token_claims *c)
{
	c->name = "Daily \xff";
}

static void
longer_than_a_token(struct token_claims *c)
{
	static char text[TOKEN_CLAIM_MAX + 1];

	memset(text, 'x', TOKEN_CLAIM_MAX);
	c->name = text;
}

static void
longer_than_a_claim(struct token_claims *c)
{
	static char text[sizeof long_text];

	memset(text, 'x', sizeof text - 1);
	c->name = text;
}

static const struct {
	const char *label;
	void (*spoil)(struct token_claims *c);
} spoilt[] = {
	{ "no issuer", no_iss },
	{ "empty name", empty_name },
	{ "sub without scheme", bare_sub },
	{ "sub of a scheme alone", scheme_alone },
	{ "no category", no_category },
	{ "too many categories", too_many_categories },
	{ "occupant-id and nickname", both_occupants },
	{ "neither of them", no_occupant },
	{ "more than a day", too_long_a_life },
	{ "no time at all", ends_at_its_start },
	{ "before 1970", before_1970 },
	{ "a life that overflows", overflowing_life },
	{ "not UTF-8", not_utf8 },
	{ "longer than a token", longer_than_a_token },
	{ "longer than a claim", longer_than_a_claim },
};

START_TEST(bad_claims_are_not_issued)
{
	struct token_claims c = good_claims();
	char text[TOKEN_MAX], id[TOKEN_ID_MAX];

	spoilt[_i].spoil(&c);
	ck_assert_msg(token_issue(key, &c, text, id, &e) == -1, "%s",
	    spoilt[_i].label);
	ck_assert_str_ne(e.text, "");
}
END_TEST

/* Tokens that the right key signed, but that are not as ours; KID stands for
 * the key's ID. */
#define HEAD                                                                   \
	"{\"alg\":\"EdDSA\",\"typ\":\"masthead-badge+jwt\","                   \
	"\"kid\":\"KID\"}"
#define WHO                                                                    \
	"\"iss\":\"m.example\",\"sub\":\"xmpp:d@example\","                    \
	"\"name\":\"D\",\"cat\":[\"news\"],"
#define ROOM "\"aud\":\"xmpp:n@r.example\",\"occ\":\"o\","
#define WHEN "\"iat\":1700000000,\"exp\":1700003600"
#define BODY "{" WHO ROOM WHEN "}"

static const struct {
	const char *label, *header, *claims;
	int want;
} made[] = {
	{ "as ours", HEAD, BODY, 1 },
	{ "claims that we do not know", HEAD, "{" WHO ROOM WHEN ",\"x\":[1]}",
	    1 },
	{ "white space in the JSON", " " HEAD "\n", " " BODY " ", 1 },
	{ "no alg", "{\"typ\":\"masthead-badge+jwt\",\"kid\":\"KID\"}", BODY,
	    0 },
	{ "alg none",
	    "{\"alg\":\"none\",\"typ\":\"masthead-badge+jwt\","
	    "\"kid\":\"KID\"}",
	    BODY, 0 },
	{ "alg HS256",
	    "{\"alg\":\"HS256\",\"typ\":\"masthead-badge+jwt\","
	    "\"kid\":\"KID\"}",
	    BODY, 0 },
	{ "alg in other case",
	    "{\"alg\":\"eddsa\",\"typ\":"
	    "\"masthead-badge+jwt\",\"kid\":\"KID\"}",
	    BODY, 0 },
	{ "alg no string",
	    "{\"alg\":[\"EdDSA\"],\"typ\":"
	    "\"masthead-badge+jwt\",\"kid\":\"KID\"}",
	    BODY, 0 },
	{ "typ JWT", "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"KID\"}",
	    BODY, 0 },
	{ "no typ", "{\"alg\":\"EdDSA\",\"kid\":\"KID\"}", BODY, 0 },
	{ "no kid", "{\"alg\":\"EdDSA\",\"typ\":\"masthead-badge+jwt\"}", BODY,
	    0 },
	{ "crit",
	    "{\"alg\":\"EdDSA\",\"typ\":\"masthead-badge+jwt\","
	    "\"kid\":\"KID\",\"crit\":[\"exp\"]}",
	    BODY, 0 },
	{ "a key of its own",
	    "{\"alg\":\"EdDSA\",\"typ\":"
	    "\"masthead-badge+jwt\",\"kid\":\"KID\","
	    "\"jwk\":{}}",
	    BODY, 0 },
	{ "alg twice",
	    "{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\",\"typ\":"
	    "\"masthead-badge+jwt\",\"kid\":\"KID\"}",
	    BODY, 0 },
	{ "header no object", "[\"alg\"]", BODY, 0 },
	{ "header empty", "", BODY, 0 },
	{ "something behind the header", HEAD "{}", BODY, 0 },
	{ "claims no object", HEAD, "[1]", 0 },
	{ "claims no JSON", HEAD, "news", 0 },
	{ "claims empty", HEAD, "", 0 },
	{ "sub twice", HEAD, "{" WHO "\"sub\":\"xmpp:x@y\"," ROOM WHEN "}", 0 },
	{ "no iss", HEAD,
	    "{\"sub\":\"xmpp:d@example\",\"name\":\"D\","
	    "\"cat\":[\"news\"]," ROOM WHEN "}",
	    0 },
	{ "name no string", HEAD,
	    "{\"iss\":\"m\",\"sub\":\"xmpp:d@example\",\"name\":7,"
	    "\"cat\":[\"news\"]," ROOM WHEN "}",
	    0 },
	{ "cat a string", HEAD,
	    "{\"iss\":\"m\",\"sub\":\"xmpp:d@example\",\"name\":\"D\","
	    "\"cat\":\"news\"," ROOM WHEN "}",
	    0 },
	{ "cat empty", HEAD,
	    "{\"iss\":\"m\",\"sub\":\"xmpp:d@example\",\"name\":\"D\","
	    "\"cat\":[]," ROOM WHEN "}",
	    0 },
	{ "cat with a number", HEAD,
	    "{\"iss\":\"m\",\"sub\":\"xmpp:d@example\",\"name\":\"D\","
	    "\"cat\":[\"news\",1]," ROOM WHEN "}",
	    0 },
	{ "cat of 17", HEAD,
	    "{\"iss\":\"m\",\"sub\":\"xmpp:d@example\",\"name\":\"D\","
	    "\"cat\":[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","
	    "\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]," ROOM WHEN "}",
	    0 },
	{ "room without occupant", HEAD,
	    "{" WHO "\"aud\":\"xmpp:n@r.example\"," WHEN "}", 0 },
	{ "room with both", HEAD, "{" WHO ROOM "\"nick\":\"D\"," WHEN "}", 0 },
	{ "occ null beside nick", HEAD,
	    "{" WHO "\"aud\":\"xmpp:n@r.example\",\"occ\":null,"
	    "\"nick\":\"D\"," WHEN "}",
	    0 },
	{ "occ empty", HEAD,
	    "{" WHO "\"aud\":\"xmpp:n@r.example\",\"occ\":\"\"," WHEN "}", 0 },
	{ "iat a string", HEAD,
	    "{" WHO ROOM "\"iat\":\"1700000000\",\"exp\":1700003600}", 0 },
	{ "iat a real", HEAD,
	    "{" WHO ROOM "\"iat\":1700000000.5,\"exp\":1700003600}", 0 },
	{ "exp missing", HEAD, "{" WHO ROOM "\"iat\":1700000000}", 0 },
	{ "exp before iat", HEAD,
	    "{" WHO ROOM "\"iat\":1700003600,\"exp\":1700000000}", 0 },
	{ "more than a day", HEAD,
	    "{" WHO ROOM "\"iat\":1700000000,\"exp\":1700086401}", 0 },
	{ "iat beyond 64 bits", HEAD,
	    "{" WHO ROOM "\"iat\":99999999999999999999,"
	    "\"exp\":1700003600}",
	    0 },
	{ "a life that overflows", HEAD,
	    "{" WHO ROOM "\"iat\":-9223372036854775807,"
	    "\"exp\":9223372036854775807}",
	    0 },
	{ "a NUL in a name", HEAD,
	    "{\"iss\":\"m\",\"sub\":\"xmpp:d@example\",\"name\":\"D\\u0000\","
	    "\"cat\":[\"news\"]," ROOM WHEN "}",
	    0 },
};

/* Encodes and signs with `key`, as token.c would, whatever it is. */
static void
sign_parts(const char *header, const char *claims, char text[TOKEN_MAX])
{
	unsigned char sig[KEY_SIGNATURE_LEN];
	char full[512];
	const char *mark = strstr(header, "KID");

	if (mark != NULL)
		(void)snprintf(full, sizeof full, "%.*s%s%s",
		    (int)(mark - header), header, key_kid(key), mark + 3);
	else
		(void)snprintf(full, sizeof full, "%s", header);
	hash_base64url(full, strlen(full), text);
	strcat(text, ".");
	hash_base64url(claims, strlen(claims), text + strlen(text));
	ck_assert_int_eq(key_sign(key, text, strlen(text), sig, &e), 0);
	strcat(text, ".");
	hash_base64url(sig, sizeof sig, text + strlen(text));
}

START_TEST(signed_but_not_as_ours)
{
	struct token_parsed t;
	char text[TOKEN_MAX];
	int got;

	sign_parts(made[_i].header, made[_i].claims, text);
	e.text[0] = '\0';
	got = token_verify(key, text, &t, &e);
	ck_assert_msg(got == made[_i].want, "%s: %d, %s", made[_i].label, got,
	    e.text);
	if (got == 1)
		token_parsed_clear(&t);
	else
		ck_assert_str_ne(e.text, "");
}
END_TEST

static const char *const no_tokens[] = { "", ".", "..", "...", "a.b", "a..b",
	"a.b.c.d", "e30.e30.", ".e30.e30", "e30.e30.e30", " ",
	"\xff.\xff.\xff" };

START_TEST(other_texts_are_no_tokens)
{
	struct token_parsed t;

	ck_assert_int_eq(token_verify(key, no_tokens[_i], &t, &e), 0);
}
END_TEST

START_TEST(overlong_texts_are_no_tokens)
{
	static char text[4 * TOKEN_MAX];
	struct token_parsed t;

	memset(text, 'a', sizeof text - 1);
	ck_assert_int_eq(token_verify(key, text, &t, &e), 0);
	text[10] = text[20] = '.';
	ck_assert_int_eq(token_verify(key, text, &t, &e), 0);
	/* Nesting is as deep as a token can carry, and no deeper. */
	memset(text, '[', sizeof text - 1);
	text[2000] = '\0';
	sign_parts(HEAD, text, text + TOKEN_MAX);
	ck_assert_int_eq(token_verify(key, text + TOKEN_MAX, &t, &e), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("token");
	TCase *t = tcase_create("token");

	tcase_add_checked_fixture(t, make_keys, free_keys);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, issued_tokens_are_read);
	tcase_add_loop_test(t, header_and_claims_have_one_spelling, 0, 4);
	tcase_add_test(t, ids_are_half_a_sha256);
	tcase_add_test(t, nicknames_stand_in_for_occupants);
	tcase_add_loop_test(t, nodes_and_lookups_have_no_occupant, 0,
	    COUNT(no_rooms));
	tcase_add_test(t, any_changed_byte_is_noticed);
	tcase_add_test(t, other_keys_do_not_verify);
	tcase_add_loop_test(t, bad_claims_are_not_issued, 0, COUNT(spoilt));
	tcase_add_loop_test(t, signed_but_not_as_ours, 0, COUNT(made));
	tcase_add_loop_test(t, other_texts_are_no_tokens, 0, COUNT(no_tokens));
	tcase_add_test(t, overlong_texts_are_no_tokens);
	suite_add_tcase(s, t);
	return unit_run(s);
}

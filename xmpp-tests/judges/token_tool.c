/*
 * Lets outside judges look at our tokens.
 *
 * token_tool issue            plays an issuer's life (three keys, two
 *                             rotations, a theft) and prints it as JSON: the
 *                             JWK set, the IDs that the issuer lists, and
 *                             tokens by name
 * token_tool verify JWKS_FILE reads a token a line, prints 1 or 0 for each:
 *                             what token_verify says under the key of the set
 *                             that the line names ("KID TOKEN")
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "crypto/hash.h"
#include "crypto/jwks.h"
#include "crypto/token.h"

#define START_S INT64_C(1700000000)
#define DAY_S 86400

static void
die(const struct err *e)
{
	fprintf(stderr, "token_tool: %s\n", e->text);
	exit(EXIT_FAILURE);
}

/* Prints one token as a JSON member; whether the issuer keeps it is the
 * caller's to say.  `id` is filled in. */
static void
print_token(const char *name, const struct key *k, int64_t iat_s,
    const char *nick, char id[TOKEN_ID_MAX])
{
	struct token_claims c = {
		.iss = "masthead.example.org",
		.sub = "xmpp:daily@example.org",
		.name = "Daily Example",
		.aud = "xmpp:newsroom@rooms.example.org",
		.occ = nick == NULL ? "dd72603deec90a38ba552f7c68cbcc61bca202cd"
				    : NULL,
		.nick = nick,
		.cat = { "news" },
		.cat_count = 1,
		.iat_s = iat_s,
		.exp_s = iat_s + DAY_S,
	};
	char text[TOKEN_MAX];
	struct err e = { "" };

	if (token_issue(k, &c, text, id, &e) != 0)
		die(&e);
	printf("\"%s\":\"%s\",\n", name, text);
}

static void
print_set(struct key *const keys[3])
{
	struct jwks_row rows[3] = {
		{ .nbf_s = START_S, .exp_s = START_S + 10 * DAY_S },
		{ .nbf_s = START_S + 10 * DAY_S,
		    .exp_s = START_S + 20 * DAY_S,
		    .revoked_s = START_S + 15 * DAY_S },
		{ .nbf_s = START_S + 20 * DAY_S },
	};
	char x[3][KEY_KID_LEN + 1];
	struct buf set;
	struct err e = { "" };

	for (int i = 0; i < 3; i++) {
		unsigned char pub[KEY_PUBLIC_LEN];

		key_public(keys[i], pub);
		hash_base64url(pub, sizeof pub, x[i]);
		rows[i].x = x[i];
		rows[i].kid = key_kid(keys[i]);
	}
	buf_init(&set, JWKS_TEXT_MAX);
	if (jwks_write(rows, 3, &set, &e) != 0)
		die(&e);
	printf("\"jwks\":%s,\n", set.data);
	buf_clear(&set);
}

/* The second key was stolen on its fifth day, which was noticed: what the
 * issuer made before is listed, what the thief dates back is not. */
static int
issue(void)
{
	struct key *keys[3];
	char archived[TOKEN_ID_MAX], before[TOKEN_ID_MAX];
	char current[TOKEN_ID_MAX], nick[TOKEN_ID_MAX], thief[TOKEN_ID_MAX];
	struct err e = { "" };

	for (int i = 0; i < 3; i++) {
		if (key_generate(&keys[i], &e) != 0)
			die(&e);
	}
	printf("{");
	print_set(keys);
	print_token("archived", keys[0], START_S + DAY_S, NULL, archived);
	print_token("before_theft", keys[1], START_S + 12 * DAY_S, NULL,
	    before);
	print_token("backdated", keys[1], START_S + 13 * DAY_S, "Thief", thief);
	print_token("current", keys[2], START_S + 21 * DAY_S, NULL, current);
	print_token("by_nick", keys[2], START_S + 21 * DAY_S, "Dä\"ily", nick);
	printf("\"listed\":[\"%s\",\"%s\",\"%s\",\"%s\"]}\n", archived, before,
	    current, nick);
	for (int i = 0; i < 3; i++)
		key_free(keys[i]);
	return EXIT_SUCCESS;
}

/* The key of the set, whatever else it says about it; NULL if none. */
static struct key *
find_key(const struct buf *set, const char *kid)
{
	struct jwks_key found;
	struct err e = { "" };
	int r = jwks_find(set->data, set->len, kid, &found, &e);

	if (r < 0)
		die(&e);
	return r == 1 ? found.key : NULL;
}

static int
verify_line(const struct buf *set, char *line)
{
	char *token = strchr(line, ' ');
	struct token_parsed parsed;
	struct err e = { "" };
	struct key *k;
	int r = 0;

	if (token == NULL)
		return 0;
	*token++ = '\0';
	k = find_key(set, line);
	if (k != NULL)
		r = token_verify(k, token, &parsed, &e);
	if (r < 0)
		die(&e);
	if (r == 1)
		token_parsed_clear(&parsed);
	key_free(k);
	return r;
}

static int
verify(const char *path)
{
	static char line[4 * TOKEN_MAX];
	struct err e = { "the set of keys cannot be read" };
	struct buf set;
	FILE *f = fopen(path, "r");
	size_t n;

	if (f == NULL)
		die(&e);
	buf_init(&set, JWKS_TEXT_MAX);
	while ((n = fread(line, 1, sizeof line, f)) > 0)
		buf_add(&set, line, n);
	(void)fclose(f);
	while (fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		printf("%d\n", verify_line(&set, line));
	}
	buf_clear(&set);
	return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "issue") == 0)
		return issue();
	if (argc == 3 && strcmp(argv[1], "verify") == 0)
		return verify(argv[2]);
	fputs("usage: token_tool issue | verify JWKS_FILE\n", stderr);
	return EXIT_FAILURE;
}

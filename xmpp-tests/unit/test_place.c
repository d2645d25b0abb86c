/* Place patterns: what they say, what they cover, which one wins. */
#include "core/place.h"

#include <stdio.h>
#include <string.h>

#include "unit/unit.h"

static const struct {
	const char *label, *pattern;
	const char *local, *host; /* NULL: refused */
} patterns[] = {
	{ "room", "newsroom@rooms.example.org", "newsroom",
	    "rooms.example.org" },
	{ "whole host", "*@rooms.example.org", "*", "rooms.example.org" },
	{ "other script", "\xd0\xbd\xd0\xbe@x", "\xd0\xbd\xd0\xbe", "x" },
	{ "no @", "rooms.example.org", NULL, NULL },
	{ "empty", "", NULL, NULL },
	{ "no name", "@rooms.example.org", NULL, NULL },
	{ "no host", "newsroom@", NULL, NULL },
	{ "two @", "a@b@c", NULL, NULL },
	{ "resource", "newsroom@x/nick", NULL, NULL },
	{ "slash in the name", "a/b@x", NULL, NULL },
	{ "star in a name", "news*@x", NULL, NULL },
	{ "two stars", "**@x", NULL, NULL },
	{ "star as host", "news@*", NULL, NULL },
	{ "star in a host", "news@*.example.org", NULL, NULL },
	{ "only stars", "*@*", NULL, NULL },
};

START_TEST(test_pattern)
{
	static struct place p;
	struct err e = { .text = "" };
	int rc = place_pattern_parse(&p, patterns[_i].pattern, &e);

	ck_assert_msg(rc == (patterns[_i].local == NULL ? -1 : 0),
	    "%s: got %d (%s)", patterns[_i].label, rc, e.text);
	if (rc < 0) {
		ck_assert_str_ne(e.text, "");
		return;
	}
	ck_assert_str_eq(p.local, patterns[_i].local);
	ck_assert_str_eq(p.host, patterns[_i].host);
}
END_TEST

/* The longest that fits, and one byte more, of either part. */
START_TEST(test_pattern_length)
{
	static char pattern[2 * PLACE_LOCAL_MAX + 8];
	static struct place p;
	int local_len = PLACE_LOCAL_MAX + (_i & 1);
	int host_len = PLACE_HOST_MAX + (_i >> 1);
	char *at = pattern;

	memset(pattern, 'a', (size_t)local_len);
	at += local_len;
	*at++ = '@';
	memset(at, 'b', (size_t)host_len);
	at[host_len] = '\0';
	ck_assert_int_eq(place_pattern_parse(&p, pattern, NULL),
	    _i == 0 ? 0 : -1);
}
END_TEST

static const char *const config[] = {
	"*@rooms.example.org",
	"newsroom@rooms.example.org",
	"*@other.example.org",
	"lounge@third.example.org",
};

static const struct {
	const char *label, *local, *host;
	int want; /* index into config; -1: no place */
} finds[] = {
	{ "own place before the host's", "newsroom", "rooms.example.org", 1 },
	{ "host's", "lounge", "rooms.example.org", 0 },
	{ "same name elsewhere", "newsroom", "other.example.org", 2 },
	{ "one room of a host", "lounge", "third.example.org", 3 },
	{ "other room of it", "newsroom", "third.example.org", -1 },
	{ "other host", "newsroom", "example.org", -1 },
	{ "longer host", "newsroom", "x.rooms.example.org", -1 },
	{ "longer name", "newsrooms", "third.example.org", -1 },
	{ "prepared names only", "Newsroom", "third.example.org", -1 },
	{ "a room called *", "*", "third.example.org", -1 },
};

START_TEST(test_find)
{
	static struct place places[COUNT(config)], turned[COUNT(config)];
	const struct place *got;

	for (size_t i = 0; i < COUNT(config); i++) {
		ck_assert_int_eq(
		    place_pattern_parse(&places[i], config[i], NULL), 0);
		turned[COUNT(config) - 1 - i] = places[i];
	}
	got =
	    place_find(places, COUNT(config), finds[_i].local, finds[_i].host);
	ck_assert_msg((got == NULL ? -1 : got - places) == finds[_i].want, "%s",
	    finds[_i].label);
	/* The order in the configuration decides nothing. */
	got =
	    place_find(turned, COUNT(config), finds[_i].local, finds[_i].host);
	ck_assert_int_eq(got == NULL, finds[_i].want < 0);
	if (got != NULL)
		ck_assert(place_same_pattern(got, &places[finds[_i].want]));
}
END_TEST

START_TEST(test_find_none)
{
	ck_assert_ptr_null(place_find(NULL, 0, "a", "b"));
}
END_TEST

START_TEST(test_same_pattern)
{
	static struct place a, b;

	for (size_t i = 0; i < COUNT(config); i++)
		for (size_t j = 0; j < COUNT(config); j++) {
			(void)place_pattern_parse(&a, config[i], NULL);
			(void)place_pattern_parse(&b, config[j], NULL);
			ck_assert_int_eq(place_same_pattern(&a, &b), i == j);
		}
}
END_TEST

static const struct {
	const char *word;
	unsigned want;
} affiliations[] = {
	{ "owner", PLACE_EXEMPT_OWNER },
	{ "admin", PLACE_EXEMPT_ADMIN },
	{ "member", PLACE_EXEMPT_MEMBER },
	{ "none", 0 },
	{ "outcast", 0 },
	{ "Owner", 0 },
	{ "", 0 },
};

START_TEST(test_exempt)
{
	ck_assert_uint_eq(place_exempt_find(affiliations[_i].word),
	    affiliations[_i].want);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("place");
	TCase *c = tcase_create("place");

	tcase_add_loop_test(c, test_pattern, 0, COUNT(patterns));
	tcase_add_loop_test(c, test_pattern_length, 0, 4);
	tcase_add_loop_test(c, test_find, 0, COUNT(finds));
	tcase_add_test(c, test_find_none);
	tcase_add_test(c, test_same_pattern);
	tcase_add_loop_test(c, test_exempt, 0, COUNT(affiliations));
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

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

static struct place_spot
spot(const char *local, const char *host, const char *node)
{
	return (struct place_spot){ local, host, node };
}

START_TEST(test_find)
{
	static struct place places[COUNT(config)], turned[COUNT(config)];
	const struct place_spot at = spot(finds[_i].local, finds[_i].host, "");
	const struct place *got;

	for (size_t i = 0; i < COUNT(config); i++) {
		ck_assert_int_eq(
		    place_pattern_parse(&places[i], config[i], NULL), 0);
		turned[COUNT(config) - 1 - i] = places[i];
	}
	got = place_find(places, COUNT(config), &at);
	ck_assert_msg((got == NULL ? -1 : got - places) == finds[_i].want, "%s",
	    finds[_i].label);
	/* The order in the configuration decides nothing. */
	got = place_find(turned, COUNT(config), &at);
	ck_assert_int_eq(got == NULL, finds[_i].want < 0);
	if (got != NULL)
		ck_assert(place_same_pattern(got, &places[finds[_i].want]));
}
END_TEST

START_TEST(test_find_none)
{
	const struct place_spot room = spot("a", "b", ""),
				node = spot("a", "b", "n");

	ck_assert_ptr_null(place_find(NULL, 0, &room));
	ck_assert_ptr_null(place_find(NULL, 0, &node));
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

/*
 * Nodes.
 */

#define HOST "x.example.org"
#define ALL "*@" HOST

static const struct {
	const char *label, *node, *service, *owner;
	const char *local; /* NULL: refused */
} nodes[] = {
	{ "of a service", "news", HOST, NULL, "" },
	{ "of an account", "news", NULL, "daily@" HOST, "daily" },
	{ "of every account", "urn:xmpp:microblog:0", NULL, ALL, "*" },
	{ "a beginning", "news/*", HOST, NULL, "" },
	{ "every node", "*", HOST, NULL, "" },
	{ "a star inside", "a*b", HOST, NULL, "" },
	{ "two stars at the end", "**", HOST, NULL, "" },
	{ "spaces, slashes, @", "a b/c@d", HOST, NULL, "" },
	{ "other script", "\xd0\xbd\xd0\xbe", HOST, NULL, "" },
	{ "no name", "", HOST, NULL, NULL },
	{ "a line's end", "a\nb", HOST, NULL, NULL },
	{ "delete", "a\x7f", HOST, NULL, NULL },
	{ "no service", "news", "", NULL, NULL },
	{ "an account as service", "news", "a@" HOST, NULL, NULL },
	{ "a star as service", "news", "*", NULL, NULL },
	{ "a domain as owner", "news", NULL, HOST, NULL },
	{ "no account's name", "news", NULL, "@" HOST, NULL },
	{ "no account's host", "news", NULL, "a@", NULL },
	{ "half a star", "news", NULL, "a*@" HOST, NULL },
	{ "a star as host", "news", NULL, "*@*", NULL },
	{ "an owner's resource", "news", NULL, "a@" HOST "/r", NULL },
	{ "two @", "news", NULL, "a@b@" HOST, NULL },
};

START_TEST(test_node)
{
	static struct place p;
	struct err e = { .text = "" };
	int rc = place_node_parse(&p, nodes[_i].node, nodes[_i].service,
	    nodes[_i].owner, &e);

	ck_assert_msg(rc == (nodes[_i].local == NULL ? -1 : 0),
	    "%s: got %d (%s)", nodes[_i].label, rc, e.text);
	if (rc < 0) {
		ck_assert_str_ne(e.text, "");
		return;
	}
	ck_assert_int_eq(p.kind, PLACE_NODE);
	ck_assert_str_eq(p.node, nodes[_i].node);
	ck_assert_str_eq(p.local, nodes[_i].local);
	ck_assert_str_eq(p.host, HOST);
}
END_TEST

/* The longest that fits, and one byte more. */
START_TEST(test_node_length)
{
	static char node[PLACE_NODE_MAX + 2];
	static struct place p;

	memset(node, 'n', (size_t)(PLACE_NODE_MAX + _i));
	node[PLACE_NODE_MAX + _i] = '\0';
	ck_assert_int_eq(place_node_parse(&p, node, HOST, NULL, NULL),
	    _i == 0 ? 0 : -1);
}
END_TEST

/* Their order here is the one from general to special. */
static const struct {
	const char *node, *service, *owner;
} node_config[] = {
	{ "*", HOST, NULL },		   /* 0 */
	{ "news/*", HOST, NULL },	   /* 1 */
	{ "news/world/*", HOST, NULL },	   /* 2 */
	{ "news/world/*x", HOST, NULL },   /* 3 */
	{ "news", HOST, NULL },		   /* 4 */
	{ "blog*", NULL, ALL },		   /* 5 */
	{ "blog*", NULL, "daily@" HOST },  /* 6 */
	{ "blog:0*", NULL, ALL },	   /* 7 */
	{ "blog:0", NULL, ALL },	   /* 8 */
	{ "blog:0", NULL, "daily@" HOST }, /* 9 */
};

static const struct {
	const char *label, *local, *node;
	int want; /* index into node_config; -1: no place */
} node_finds[] = {
	{ "whole name", "", "news", 4 },
	{ "every node of a service", "", "newsroom", 0 },
	{ "a beginning", "", "news/sport", 1 },
	{ "no rest", "", "news/", 1 },
	{ "a longer beginning", "", "news/world/europe", 2 },
	{ "a star inside is a star", "", "news/world/*x", 3 },
	{ "and nothing else", "", "news/world/yx", 2 },
	{ "other case", "", "News", 0 },
	{ "whole name before one account's beginning", "daily", "blog:0", 9 },
	{ "of another account", "mallory", "blog:0", 8 },
	{ "longer beginning before one account", "daily", "blog:01", 7 },
	{ "same beginning: one account before all", "daily", "blog", 6 },
	{ "same beginning, another account", "mallory", "blog:1", 5 },
	{ "a service's places are not the accounts'", "daily", "news", -1 },
	{ "nor the other way round", "", "blog:0", 0 },
};

START_TEST(test_node_find)
{
	static struct place places[COUNT(node_config) + 1];
	const struct place_spot at =
	    spot(node_finds[_i].local, HOST, node_finds[_i].node);
	const struct place_spot far =
	    spot(node_finds[_i].local, "y.example.org", node_finds[_i].node);
	const struct place_spot room = spot(node_finds[_i].local, HOST, "");
	const struct place *got;

	for (size_t turn = 0; turn < COUNT(node_config); turn++) {
		for (size_t i = 0; i < COUNT(node_config); i++)
			ck_assert_int_eq(
			    place_node_parse(
				&places[(i + turn) % COUNT(node_config)],
				node_config[i].node, node_config[i].service,
				node_config[i].owner, NULL),
			    0);
		/* A room of every name is no node. */
		ck_assert_int_eq(
		    place_pattern_parse(&places[COUNT(node_config)], ALL, NULL),
		    0);
		got = place_find(places, COUNT(node_config) + 1, &at);
		ck_assert_msg(
		    (got == NULL ? -1
				 : (got - places + (int)COUNT(node_config) -
				       (int)turn) %
				(int)COUNT(node_config)) == node_finds[_i].want,
		    "%s (turned by %zu)", node_finds[_i].label, turn);
		ck_assert_ptr_null(
		    place_find(places, COUNT(node_config) + 1, &far));
		got = place_find(places, COUNT(node_config) + 1, &room);
		ck_assert(got == NULL || got->kind == PLACE_ROOM);
	}
}
END_TEST

START_TEST(test_same_node)
{
	static struct place a, b;

	for (size_t i = 0; i < COUNT(node_config); i++)
		for (size_t j = 0; j < COUNT(node_config); j++) {
			(void)place_node_parse(&a, node_config[i].node,
			    node_config[i].service, node_config[i].owner, NULL);
			(void)place_node_parse(&b, node_config[j].node,
			    node_config[j].service, node_config[j].owner, NULL);
			ck_assert_int_eq(place_same_pattern(&a, &b), i == j);
		}
	/* Two kinds of the same address. */
	(void)place_pattern_parse(&a, ALL, NULL);
	(void)place_node_parse(&b, "n", NULL, ALL, NULL);
	ck_assert(!place_same_pattern(&a, &b));
}
END_TEST

static const struct {
	const char *node;
	const char *want; /* NULL: not personal */
} personal[] = {
	{ "eu.siacs.conversations.axolotl.devicelist",
	    "eu.siacs.conversations.axolotl*" },
	{ "urn:xmpp:omemo:2:devices", "urn:xmpp:omemo:*" },
	{ "urn:xmpp:openpgp:0:public-keys", "urn:xmpp:openpgp:*" },
	{ "urn:xmpp:bookmarks:1", "urn:xmpp:bookmarks:*" },
	{ "storage:bookmarks", "storage:*" },
	{ "urn:xmpp:avatar:metadata", "urn:xmpp:avatar:*" },
	{ "urn:xmpp:vcard4", "urn:xmpp:vcard4" },
	{ "http://jabber.org/protocol/nick",
	    "http://jabber.org/protocol/nick" },
	{ "http://jabber.org/protocol/mood",
	    "http://jabber.org/protocol/mood" },
	{ "http://jabber.org/protocol/tune",
	    "http://jabber.org/protocol/tune" },
	{ "http://jabber.org/protocol/activity",
	    "http://jabber.org/protocol/activity" },
	{ "http://jabber.org/protocol/geoloc",
	    "http://jabber.org/protocol/geoloc" },
	{ "urn:xmpp:mds:displayed:0", "urn:xmpp:mds:*" },
	/* Patterns that cover some of them. */
	{ "*", "eu.siacs.conversations.axolotl*" },
	{ "urn:*", "urn:xmpp:avatar:*" },
	{ "urn:xmpp:omemo:2:*", "urn:xmpp:omemo:*" },
	{ "urn:xmpp:vcard4*", "urn:xmpp:vcard4" },
	{ "http://jabber.org/protocol/*",
	    "http://jabber.org/protocol/activity" },
	/* Publications. */
	{ "urn:xmpp:microblog:0", NULL },
	{ "urn:xmpp:microblog:0:comments/*", NULL },
	{ "urn:xmpp:vcard41", NULL },
	{ "urn:xmpp:vcard41*", NULL },
	{ "http://jabber.org/protocol/nickname", NULL },
	{ "news", NULL },
};

START_TEST(test_personal)
{
	const char *got = place_personal_find(personal[_i].node);

	if (personal[_i].want == NULL) {
		ck_assert_msg(got == NULL, "%s: %s", personal[_i].node, got);
	} else {
		ck_assert_ptr_nonnull(got);
		ck_assert_str_eq(got, personal[_i].want);
	}
}
END_TEST

static const struct {
	const char *room, *node, *service, *owner, *want;
} names[] = {
	{ "newsroom@r", NULL, NULL, NULL, "newsroom@r" },
	{ "*@r", NULL, NULL, NULL, "*@r" },
	{ NULL, "news", "p", NULL, "news at p" },
	{ NULL, "blog:*", NULL, "*@a", "blog:* at *@a" },
};

START_TEST(test_name)
{
	static struct place p;
	char got[PLACE_NAME_MAX + 1];

	if (names[_i].room != NULL)
		(void)place_pattern_parse(&p, names[_i].room, NULL);
	else
		(void)place_node_parse(&p, names[_i].node, names[_i].service,
		    names[_i].owner, NULL);
	place_name(&p, got);
	ck_assert_str_eq(got, names[_i].want);
}
END_TEST

static const struct {
	const char *word;
	unsigned want;
} affiliations[] = {
	{ "owner", PLACE_EXEMPT_OWNER },
	{ "admin", PLACE_EXEMPT_ADMIN },
	{ "member", PLACE_EXEMPT_MEMBER },
	{ "publisher", PLACE_EXEMPT_PUBLISHER },
	{ "publish-only", 0 },
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
	tcase_add_loop_test(c, test_node, 0, COUNT(nodes));
	tcase_add_loop_test(c, test_node_length, 0, 2);
	tcase_add_loop_test(c, test_node_find, 0, COUNT(node_finds));
	tcase_add_test(c, test_same_node);
	tcase_add_loop_test(c, test_personal, 0, COUNT(personal));
	tcase_add_loop_test(c, test_name, 0, COUNT(names));
	tcase_add_loop_test(c, test_exempt, 0, COUNT(affiliations));
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

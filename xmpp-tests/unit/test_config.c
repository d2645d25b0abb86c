/* The configuration: what loads, what each mistake says, and that manual and
 * sample know every option. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config.h"
#include "unit/unit.h"

#define NAME "t.yaml"
#define TEXT_MAX 65536

/* Lines 1 to 4 of every text that a case does not change itself. */
#define OPERATOR                                                               \
	"operator: {name: Example, country: DE, register: VR 1, "              \
	"contact: \"mailto:a@example.org\"}\n"
#define COMPONENT                                                              \
	"component: {domain: masthead.example.org, "                           \
	"secret_file: secret}\n"
#define GUARDS "guards: [rooms.example.org]\n"
#define CATEGORIES "categories: {news: {}, weather: {}}\n"
#define MINIMAL OPERATOR COMPONENT GUARDS CATEGORIES
#define ROOM                                                                   \
	"places:\n  - room: newsroom@rooms.example.org\n"                      \
	"    publish: [news]\n"
#define NODE(rest) "places:\n  - {node: n, publish: news, " rest "}\n"

static struct buf problems;
static struct err err;
static struct config *config;

static void
setup(void)
{
	buf_init(&problems, TEXT_MAX);
	config = NULL;
}

static void
teardown(void)
{
	config_free(config);
	buf_clear(&problems);
}

static int
load(const char *text)
{
	return config_load_text(&config, NAME, text, strlen(text), &problems,
	    &err);
}

static const char *
lines(void)
{
	return problems.data != NULL ? problems.data : "";
}

/* Mistakes: where a case leaves a line out, the good one stands. */
static const struct bad_case {
	const char *label;
	const char *who, *component, *guards, *categories, *rest;
	const char *want;
} bad_cases[] = {
	{ .label = "unknown option",
	    .rest = "colour: red\n",
	    .want = NAME ":5: unknown option \"colour\"\n" },
	{ .label = "misspelt option",
	    .rest = "laese: 5m\n",
	    .want = NAME ":5: unknown option \"laese\"; did you mean "
			 "\"lease\"?\n" },
	{ .label = "misspelt mandatory option is one mistake",
	    .guards = "gaurds: [rooms.example.org]\n",
	    .want = NAME ":3: unknown option \"gaurds\"; did you mean "
			 "\"guards\"?\n" },
	{ .label = "an option of another section",
	    .rest = "component.domain: a.example\n",
	    .want = NAME ":5: unknown option \"component.domain\"\n" },
	{ .label = "unknown option of a place",
	    .rest = ROOM "    readers: [news]\n",
	    .want = NAME ":8: places[]: unknown option \"readers\"\n" },
	{ .label = "merge keys are no options",
	    .rest = "<<: {lease: 5m}\n",
	    .want = NAME ":5: unknown option \"<<\"\n" },
	{ .label = "set twice",
	    .rest = "lease: 5m\nmode: enforce\nlease: 6m\n",
	    .want = NAME ":7: lease is set already, on line 5\n" },
	{ .label = "set twice in a place",
	    .rest = ROOM "    mode: observe\n    mode: observe\n",
	    .want = NAME ":9: places[].mode is set already, on line 8\n" },
	{ .label = "a key that is no text",
	    .rest = "[a, b]: 1\n",
	    .want = NAME ":5: want the name of an option, got a list\n" },

	{ .label = "no operator",
	    .who = "log_level: info\n",
	    .want = NAME ":1: operator is missing\n" },
	{ .label = "operator without members",
	    .who = "operator: {country: DE}\n",
	    .want = NAME ":1: operator.name is missing\n" NAME
			 ":1: operator.register is missing\n" NAME
			 ":1: operator.contact is missing\n" },
	{ .label = "operator is no mapping",
	    .who = "operator: Example\n",
	    .want = NAME ":1: operator: want options (name: value), got "
			 "\"Example\"\n" },
	{ .label = "country in words",
	    .who = "operator: {name: E, country: Germany, register: V, "
		   "contact: \"tel:+49\"}\n",
	    .want = NAME ":1: operator.country: want two capital letters "
			 "(ISO 3166-1), got \"Germany\"\n" },
	{ .label = "contact without scheme",
	    .who = "operator: {name: E, country: DE, register: V, "
		   "contact: a@example.org}\n",
	    .want = NAME ":1: operator.contact: want mailto:, xmpp:, https:// "
			 "or tel:, got \"a@example.org\"\n" },
	{ .label = "name with a control character",
	    .who = "operator: {name: \"E\\nV\", country: DE, register: V,"
		   " contact: \"tel:1\"}\n",
	    .want = NAME ":1: operator.name: want one line without control "
			 "characters\n" },

	{ .label = "no secret",
	    .component = "component: {domain: masthead.example.org}\n",
	    .want = NAME ":2: component.secret_file is missing\n" },
	{ .label = "component is an account",
	    .component = "component: {domain: a@example.org, "
			 "secret_file: s}\n",
	    .want = NAME ":2: component.domain: \"a@example.org\" is no "
			 "domain\n" },
	{ .label = "server elsewhere",
	    .component = "component: {domain: masthead.example.org, "
			 "secret_file: s, server: 192.0.2.1:5347}\n",
	    .want = NAME
	    ":2: component.server: 192.0.2.1 is not on loopback, "
	    "and a component's connection is not encrypted: use "
	    "127.0.0.1, or say insecure_component: yes if the network is "
	    "safe\n" },
	{ .label = "server elsewhere, by a name like loopback",
	    .component = "component: {domain: masthead.example.org, "
			 "secret_file: s, server: 127.0.0.1.example.org}\n",
	    .want = NAME
	    ":2: component.server: 127.0.0.1.example.org is not "
	    "on loopback, and a component's connection is not encrypted: "
	    "use 127.0.0.1, or say insecure_component: yes if the "
	    "network is safe\n" },
	{ .label = "port out of range",
	    .component = "component: {domain: masthead.example.org, "
			 "secret_file: s, server: \"127.0.0.1:65536\"}\n",
	    .want =
		NAME ":2: component.server: \"127.0.0.1:65536\": want a "
		     "port from 1 to 65535 after the colon (IPv6 addresses in "
		     "brackets)\n" },
	{ .label = "yes and no are words of their own",
	    .component = "component: {domain: masthead.example.org, "
			 "secret_file: s, insecure_component: 1}\n",
	    .want = NAME ":2: component.insecure_component: want yes or no, "
			 "got \"1\"\n" },

	{ .label = "no guards",
	    .guards = "guards: []\n",
	    .want = NAME ":3: guards: want at least 1\n" },
	{ .label = "guards left empty",
	    .guards = "guards:\n",
	    .want = NAME ":3: guards: want a list of domains, got nothing\n" },
	{ .label = "guard twice, in other letters",
	    .guards = "guards: [rooms.example.org, ROOMS.example.org]\n",
	    .want = NAME ":3: guards: rooms.example.org is listed twice\n" },
	{ .label = "the component is no guard",
	    .guards = "guards: [rooms.example.org, masthead.example.org]\n",
	    .want = NAME ":3: guards: masthead.example.org is the component "
			 "itself; want hosts that have the guard module\n" },

	{ .label = "another kind of store",
	    .rest = "store: /var/lib/register.db\n",
	    .want = NAME ":5: store: want sqlite:PATH, got "
			 "\"/var/lib/register.db\"\n" },
	{ .label = "socket path too long",
	    .rest =
		"control: /tmp/0123456789012345678901234567890123456789012"
		"345678901234567890123456789012345678901234567890123456789012"
		"3\n",
	    .want = NAME
	    ":5: control: /tmp/012345678901234567890123456789012"
	    "3456789012345678901234567890123456789012345678901234567890123"
	    "4567890123 is longer than 107 bytes\n" },
	{ .label = "staff without a name",
	    .rest = "staff: {approver: [example.org]}\n",
	    .want = NAME ":5: staff.approver: want an account, NAME@HOST, got "
			 "\"example.org\"\n" },
	{ .label = "staff with a resource",
	    .rest = "staff: {approver: [a@example.org/phone]}\n",
	    .want = NAME ":5: staff.approver: want an account, NAME@HOST, got "
			 "\"a@example.org/phone\"\n" },
	{ .label = "staff in two roles",
	    .rest = "staff:\n  reviewer: [A@rooms.example.org]\n"
		    "  approver: [a@rooms.example.org]\n",
	    .want = NAME ":6: staff.reviewer: a@rooms.example.org is listed "
			 "already, as approver\n" },

	{ .label = "category with a bad name",
	    .categories = "categories: {News: {}}\n",
	    .want = NAME ":4: categories: want a name of 1 to 63 of a-z, 0-9 "
			 "and -, got \"News\"\n" },
	{ .label = "category twice",
	    .categories = "categories: {news: {}, news: {}}\n",
	    .want = NAME ":4: categories: \"news\" is there twice\n" },
	{ .label = "hat with an unknown part",
	    .categories = "categories: {news: {hat: \"{nmae}\"}}\n",
	    .want = NAME ":4: categories.ID.hat: want {name} or no braces\n" },
	{ .label = "hat with the name twice",
	    .categories = "categories: {news: {hat: \"{name} {name}\"}}\n",
	    .want = NAME ":4: categories.ID.hat: want {name} once\n" },
	{ .label = "hue out of range",
	    .categories = "categories: {news: {hue: 360}}\n",
	    .want = NAME ":4: categories.ID.hue: want 0 to 359, got 360\n" },
	{ .label = "hue below zero",
	    .categories = "categories: {news: {hue: -1}}\n",
	    .want = NAME ":4: categories.ID.hue: \"-1\" is no whole number\n" },
	{ .label = "validity too short",
	    .categories = "categories: {news: {valid_for: 23h}}\n",
	    .want = NAME ":4: categories.ID.valid_for: want 1d to 3650d, got "
			 "23h\n" },
	{ .label = "more approvals than anybody waits for",
	    .categories = "categories: {news: {approvals: 3}}\n",
	    .want = NAME ":4: categories.ID.approvals: want 1 or 2, got 3\n" },
	{ .label = "no approval at all",
	    .categories = "categories: {news: {approvals: 0}}\n",
	    .want = NAME ":4: categories.ID.approvals: want 1 or 2, got 0\n" },
	{ .label = "staff of another server",
	    .rest = "staff: {approver: [eve@evil.example]}\n",
	    .want =
		NAME ":5: staff.approver: eve@evil.example is an account of "
		     "another server: guards: does not list evil.example; "
		     "list the account under staff.remote as well if that "
		     "server is to be believed\n" },
	{ .label = "remote staff with a resource",
	    .rest = "staff: {remote: [a@example.org/phone]}\n",
	    .want = NAME ":5: staff.remote: want an account, NAME@HOST, got "
			 "\"a@example.org/phone\"\n" },
	{ .label = "a limit of nothing",
	    .rest = "limits: {applications: 0}\n",
	    .want =
		NAME ":5: limits.applications: want 1 to 1000000, got 0\n" },
	{ .label = "a reminder too late",
	    .rest = "remind: [30d, 1h]\n",
	    .want = NAME ":5: remind: want 1d to 365d, got 1h\n" },
	{ .label = "too many reminders",
	    .rest = "remind: [5d, 4d, 3d, 2d, 1d]\n",
	    .want = NAME ":5: remind: want at most 4, got 5\n" },
	{ .label = "no method of proof",
	    .rest = "proof: {methods: []}\n",
	    .want = NAME ":5: proof.methods: want at least 1\n" },
	{ .label = "an unknown method of proof",
	    .rest = "proof: {methods: [dns, mail]}\n",
	    .want = NAME ":5: proof.methods: want dns, https, got \"mail\"\n" },
	{ .label = "a resolver's name",
	    .rest = "proof: {resolver: localhost}\n",
	    .want = NAME
	    ":5: proof.resolver: want ADDRESS, ADDRESS:PORT or "
	    "[ADDRESS]:PORT: \"localhost\" is no address of a resolver\n" },
	{ .label = "a resolver's port",
	    .rest = "proof: {resolver: \"127.0.0.1:70000\"}\n",
	    .want =
		NAME ":5: proof.resolver: want ADDRESS, ADDRESS:PORT or "
		     "[ADDRESS]:PORT: \"127.0.0.1:70000\" is no address of a "
		     "resolver\n" },
	{ .label = "a recheck too often",
	    .rest = "proof: {recheck: 5m}\n",
	    .want = NAME ":5: proof.recheck: want 1h to 365d, got 5m\n" },
	{ .label = "reports by half",
	    .rest = "reports: half\n",
	    .want = NAME ":5: reports: want yes or no, got \"half\"\n" },

	{ .label = "duration without a unit",
	    .rest = "lease: 300\n",
	    .want = NAME ":5: lease: \"300\" is no duration: want a number and "
			 "one of s, m, h, d (300s, 5m, 24h, 365d)\n" },
	{ .label = "duration of nothing but a unit",
	    .rest = "lease: s\n",
	    .want = NAME ":5: lease: \"s\" is no duration: want a number and "
			 "one of s, m, h, d (300s, 5m, 24h, 365d)\n" },
	{ .label = "duration that would overflow",
	    .rest = "lease: 99999999999999999999d\n",
	    .want = NAME
	    ":5: lease: \"99999999999999999999d\" is no duration: "
	    "want a number and one of s, m, h, d (300s, 5m, 24h, 365d)\n" },
	{ .label = "lease over its range",
	    .rest = "lease: 3601s\n",
	    .want = NAME ":5: lease: want 0s to 1h, got 3601s\n" },
	{ .label = "badge life over its range",
	    .rest = "badge: {life: 25h}\n",
	    .want = NAME ":5: badge.life: want 2s to 24h, got 25h\n" },
	{ .label = "badge life under its range",
	    .rest = "badge: {life: 1s}\n",
	    .want = NAME ":5: badge.life: want 2s to 24h, got 1s\n" },
	{ .label = "tokens hardly kept",
	    .rest = "badge: {keep_tokens: 1h}\n",
	    .want = NAME ":5: badge.keep_tokens: want 1d to 36500d, got 1h\n" },
	{ .label = "list where a word should be",
	    .rest = "log_level: [info]\n",
	    .want = NAME ":5: log_level: want a word, got a list\n" },
	{ .label = "mapping where a list should be",
	    .rest = "places: {room: a@rooms.example.org}\n",
	    .want = NAME ":5: places: want a list, got a mapping\n" },

	{ .label = "place without room and category",
	    .rest = "places:\n  - mode: observe\n",
	    .want = NAME ":6: places[].publish is missing\n" NAME
			 ":6: places[]: want room or node\n" },
	{ .label = "misspelt room",
	    .rest = "places:\n  - {rom: a@rooms.example.org, publish: news}\n",
	    .want = NAME ":6: places[]: unknown option \"rom\"; did you mean "
			 "\"room\"?\n" },
	{ .label = "room and node",
	    .rest = "places:\n  - {node: \"urn:x\", "
		    "room: a@rooms.example.org, publish: news}\n",
	    .want = NAME ":6: places[]: want room or node, got both\n" },
	{ .label = "a room with what nodes have",
	    .rest = ROOM "    service: rooms.example.org\n"
			 "    owner: a@rooms.example.org\n"
			 "    exempt: publisher\n",
	    .want =
		NAME ":8: places[].service: is for nodes; a room has its host "
		     "in its address\n" NAME
		     ":9: places[].owner: is for nodes; a room has its host "
		     "in its address\n" NAME
		     ":10: places[].exempt: want owner, admin or member, the "
		     "affiliations that a room has\n" },
	{ .label = "a node of nothing",
	    .rest = "places:\n  - {node: n, publish: news}\n",
	    .want = NAME ":6: places[]: a node wants service, the pubsub host "
			 "that has it, or owner, whose account has it\n" },
	{ .label = "a node of both",
	    .rest = NODE("service: rooms.example.org, owner: "
			 "a@rooms.example.org"),
	    .want = NAME ":6: places[]: a node wants service, the pubsub host "
			 "that has it, or owner, whose account has it; got "
			 "both\n" },
	{ .label = "a node without a name",
	    .rest = "places:\n  - {node: \"\", service: rooms.example.org, "
		    "publish: news}\n",
	    .want = NAME ":6: places[].node: want a text, got \"\"\n" },
	{ .label = "a node with a control character",
	    .rest = "places:\n  - {node: \"a\\tb\", service: "
		    "rooms.example.org, publish: news}\n",
	    .want = NAME ":6: places[].node: want one line without control "
			 "characters\n" },
	{ .label = "an account as service",
	    .rest = NODE("service: a@rooms.example.org"),
	    .want = NAME ":6: places[].service: \"a@rooms.example.org\" is no "
			 "domain\n" },
	{ .label = "a domain as owner",
	    .rest = NODE("owner: rooms.example.org"),
	    .want = NAME ":6: places[].owner: \"rooms.example.org\" is no "
			 "account: want NAME@HOST or *@HOST\n" },
	{ .label = "a service without guard",
	    .rest = NODE("service: pubsub.example.org"),
	    .want = NAME ":6: places[].service: guards: does not list "
			 "pubsub.example.org, so nothing would guard this "
			 "place\n" },
	{ .label = "an owner without guard",
	    .rest = NODE("owner: \"*@example.org\""),
	    .want = NAME ":6: places[].owner: guards: does not list "
			 "example.org, so nothing would guard this place\n" },
	{ .label = "a personal node",
	    .rest = "places:\n  - {node: \"urn:xmpp:bookmarks:1\", owner: "
		    "a@rooms.example.org, publish: news}\n",
	    .want = NAME ":6: places[].node: \"urn:xmpp:bookmarks:1\" covers "
			 "urn:xmpp:bookmarks:* of accounts, which keep keys, "
			 "bookmarks, avatars or profiles there; such nodes are "
			 "never guarded\n" },
	{ .label = "personal nodes among others",
	    .rest = "places:\n  - {node: \"urn:xmpp:*\", owner: "
		    "\"*@rooms.example.org\", publish: news}\n",
	    .want = NAME ":6: places[].node: \"urn:xmpp:*\" covers "
			 "urn:xmpp:avatar:* of accounts, which keep keys, "
			 "bookmarks, avatars or profiles there; such nodes are "
			 "never guarded\n" },
	{ .label = "what rooms have, of a node",
	    .rest = NODE("service: rooms.example.org, others_may: [], "
			 "exempt: [owner, member]"),
	    .want =
		NAME ":6: places[].others_may: is for rooms; who reacts to an "
		     "item of a node does not publish in it\n" NAME
		     ":6: places[].exempt: want owner or publisher, the "
		     "affiliations that a node has\n" },
	{ .label = "exempt of an account's node",
	    .rest = NODE("owner: a@rooms.example.org, exempt: owner"),
	    .want = NAME ":6: places[].exempt: is for rooms and for nodes of a "
			 "service; a PEP node belongs to its account\n" },
	{ .label = "the same node twice",
	    .rest = NODE("owner: A@rooms.example.org") "  - {node: n, owner: "
						       "a@Rooms.example.org, "
						       "publish: weather}\n",
	    .want = NAME ":7: places[].node: n at a@rooms.example.org has a "
			 "place already, on line 6\n" },
	{ .label = "place without a name before the @",
	    .rest = "places:\n  - {room: rooms.example.org, publish: news}\n",
	    .want = NAME ":6: places[].room: \"rooms.example.org\" is no room: "
			 "want NAME@HOST or *@HOST\n" },
	{ .label = "place with half a star",
	    .rest = "places:\n  - {room: \"news*@rooms.example.org\", "
		    "publish: news}\n",
	    .want = NAME ":6: places[].room: \"news*@rooms.example.org\": a * "
			 "stands for the whole name before the @\n" },
	{ .label = "place on a host without guard",
	    .rest = "places:\n  - {room: a@chat.example.org, publish: news}\n",
	    .want =
		NAME ":6: places[].room: guards: does not list "
		     "chat.example.org, so nothing would guard this place\n" },
	{ .label = "two places with the same rooms",
	    .rest = ROOM "  - room: NewsRoom@Rooms.example.org\n"
			 "    publish: [weather]\n",
	    .want = NAME ":8: places[].room: newsroom@rooms.example.org has a "
			 "place already, on line 6\n" },
	{ .label = "two places with all rooms",
	    .rest = "places:\n  - {room: \"*@rooms.example.org\", "
		    "publish: news}\n  - {room: \"*@ROOMS.example.org\", "
		    "publish: news}\n",
	    .want = NAME ":7: places[].room: *@rooms.example.org has a place "
			 "already, on line 6\n" },
	{ .label = "unknown category",
	    .rest = "places:\n  - {room: a@rooms.example.org, "
		    "publish: [sports]}\n",
	    .want = NAME ":6: places[].publish: there is no category "
			 "\"sports\"\n" },
	{ .label = "misspelt category",
	    .rest = ROOM "    reprint: [news, weahter]\n",
	    .want = NAME ":8: places[].reprint: there is no category "
			 "\"weahter\"; did you mean \"weather\"?\n" },
	{ .label = "category listed twice",
	    .rest = "places:\n  - {room: a@rooms.example.org, "
		    "publish: [news, news]}\n",
	    .want = NAME ":6: places[].publish: \"news\" is listed twice\n" },
	{ .label = "nobody may publish",
	    .rest = "places:\n  - {room: a@rooms.example.org, publish: []}\n",
	    .want = NAME ":6: places[].publish: want at least 1\n" },
	{ .label = "unknown words of a place",
	    .rest = ROOM "    others_may: [sing]\n    exempt: [visitor]\n"
			 "    encrypted: maybe\n    mode: enforced\n"
			 "    unavailable: bounce\n    message_badge: big\n",
	    .want = NAME
	    ":8: places[].others_may: want react, got \"sing\"\n" NAME
	    ":9: places[].exempt: want owner, admin, member, publisher, got "
	    "\"visitor\"\n" NAME
	    ":10: places[].encrypted: want pass or refuse, got "
	    "\"maybe\"\n" NAME
	    ":11: places[].mode: want enforce or observe, got "
	    "\"enforced\"\n" NAME
	    ":12: places[].unavailable: want refuse or pass, got "
	    "\"bounce\"\n" NAME
	    ":13: places[].message_badge: want reference, full or "
	    "none, got \"big\"\n" },

	{ .label = "an alias", /* a mapping of aliases grows without end */
	    .rest = "badge: *b\n",
	    .want = NAME ":5: aliases (*name) are not supported\n" },
	{ .label = "an anchor",
	    .rest = "badge: &b {life: 1h}\n",
	    .want = NAME ":5: anchors (&name) are not supported\n" },
	{ .label = "a tag",
	    .rest = "lease: !!str 5m\n",
	    .want = NAME ":5: tags (!name) are not supported\n" },
	{ .label = "a second document",
	    .rest = "---\nlease: 5m\n",
	    .want = NAME ":5: a second document starts here; want one\n" },
	{ .label = "no YAML",
	    .rest = "lease: [5m\n",
	    .want = NAME ":6: not YAML: did not find expected ',' or ']'\n" },
	{ .label = "not UTF-8",
	    .rest = "lease: 5m\nmode: \xff\n",
	    .want = NAME ":6: not YAML: invalid leading UTF-8 octet\n" },
	{ .label = "nested too deeply",
	    .rest = "lease: [[[[[[[[[[[[[[[[5m]]]]]]]]]]]]]]]]\n",
	    .want = NAME ":5: nested too deeply\n" },
};

static void
append(char *text, const char *line, const char *otherwise)
{
	strcat(text, line != NULL ? line : otherwise);
}

START_TEST(mistake)
{
	const struct bad_case *c = &bad_cases[_i];
	char text[8192] = "";

	append(text, c->who, OPERATOR);
	append(text, c->component, COMPONENT);
	append(text, c->guards, GUARDS);
	append(text, c->categories, CATEGORIES);
	append(text, c->rest, "");
	ck_assert_msg(load(text) == -1, "%s: was loaded", c->label);
	ck_assert_msg(strcmp(lines(), c->want) == 0, "%s:\n got: %s\nwant: %s",
	    c->label, lines(), c->want);
	ck_assert_ptr_null(config);
	ck_assert_ptr_nonnull(strstr(err.text, "mistake"));
}
END_TEST

START_TEST(good_cases_are_good)
{
	ck_assert_msg(load(MINIMAL) == 0, "%s", lines());
	config_free(config);
	ck_assert_msg(load(MINIMAL ROOM) == 0, "%s", lines());
}
END_TEST

START_TEST(ten_mistakes_are_ten_lines)
{
	static const char text[] =
	    "operator: {name: Example, country: Germany, register: VR 1,\n"
	    "  contact: nobody}\n"
	    "component: {domain: masthead.example.org, secret_file: s,\n"
	    "  server: 192.0.2.1}\n"
	    "guards: [rooms.example.org, rooms.example.org]\n"
	    "categories: {news: {hue: 400}}\n"
	    "lease: 300\n"
	    "mdoe: enforce\n"
	    "places:\n"
	    "  - {room: a@rooms.example.org, publish: sports}\n"
	    "  - {room: a@elsewhere.example, publish: news}\n"
	    "log_level: loud\n";
	static const int want[] = { 1, 2, 4, 5, 6, 7, 8, 10, 11, 12 };
	const char *at;

	ck_assert_int_eq(load(text), -1);
	ck_assert_str_eq(err.text, NAME " has 10 mistakes");
	at = lines();
	for (size_t i = 0; i < COUNT(want); i++) {
		int line = 0;

		ck_assert_int_eq(sscanf(at, NAME ":%d: ", &line), 1);
		ck_assert_int_eq(line, want[i]);
		at = strchr(at, '\n') + 1;
	}
	ck_assert_str_eq(at, "");
}
END_TEST

START_TEST(lines_are_bounded)
{
	static char text[TEXT_MAX];
	size_t count = 0;

	strcpy(text, MINIMAL "places:\n");
	for (int i = 0; i < 300; i++)
		strcat(text, "  - {room: a@rooms.example.org, publish: x}\n");
	ck_assert_int_eq(load(text), -1);
	for (const char *c = lines(); *c != '\0'; c++)
		count += *c == '\n';
	ck_assert_uint_eq(count, CONFIG_PROBLEMS_MAX + 1);
	/* 300 unknown categories and 299 rooms that are there already. */
	ck_assert_ptr_nonnull(strstr(lines(), "and 499 more mistakes"));
}
END_TEST

START_TEST(size_is_bounded)
{
	char *text = calloc(1, CONFIG_BYTES_MAX + 2);

	memset(text, '#', CONFIG_BYTES_MAX + 1);
	ck_assert_int_eq(load(text), -1);
	ck_assert_str_eq(lines(),
	    NAME ": the file is larger than 1048576 bytes\n");
	free(text);
}
END_TEST

START_TEST(many_keys_are_refused_at_once)
{
	static char text[TEXT_MAX];
	char key[32];

	strcpy(text, MINIMAL "badge: {");
	for (int i = 0; i < CONFIG_KEYS_MAX + 1; i++) {
		(void)snprintf(key, sizeof key, "k%d: 1, ", i);
		strcat(text, key);
	}
	strcat(text, "}\n");
	ck_assert_int_eq(load(text), -1);
	ck_assert_str_eq(lines(), NAME ":5: badge: more than 128 options\n");
}
END_TEST

START_TEST(empty_file)
{
	ck_assert_int_eq(load("# nothing\n"), -1);
	ck_assert_str_eq(lines(), NAME ":1: the file is empty\n");
}
END_TEST

START_TEST(defaults)
{
	const struct place *p;
	const struct category *news;

	ck_assert_msg(load(MINIMAL ROOM) == 0, "%s", lines());
	ck_assert_str_eq(config->component.host, "127.0.0.1");
	ck_assert_uint_eq(config->component.port, 5347);
	ck_assert(!config->component.is_insecure);
	ck_assert_ptr_null(config->component.secret);
	ck_assert_str_eq(config->store, "sqlite:/var/lib/masthead/register.db");
	ck_assert_str_eq(config->keys, "/var/lib/masthead/keys");
	ck_assert_str_eq(config->control, "/run/masthead/control.sock");
	ck_assert_int_eq(config->badge_life_s, 86400);
	ck_assert_int_eq(config->keep_tokens_s, 365 * 86400);
	ck_assert_int_eq(config->log_level, LOG_INFO);
	ck_assert(!config->has_legacy_hats);
	news = policy_category(&config->policy, "news");
	ck_assert_str_eq(news->title, "news");
	ck_assert_str_eq(news->hat, "✓ {name} (news)");
	ck_assert_int_eq(news->hue, -1);
	ck_assert_int_eq(news->valid_for_s, 365 * 86400);
	p = &config->policy.places[0];
	ck_assert_int_eq(p->mode, PLACE_ENFORCE);
	ck_assert_uint_eq(p->lease_s, 300);
	ck_assert_int_eq(p->reprint_who, PLACE_REPRINT_CATEGORIES);
	ck_assert_uint_eq(p->reprint_count, 1);
	ck_assert_str_eq(p->reprint[0], "news");
	ck_assert(p->others_may_react && !p->refuse_encrypted);
	ck_assert(!p->pass_unavailable);
	ck_assert_uint_eq(p->exempt, 0);
	ck_assert_int_eq(p->badge, PLACE_BADGE_REFERENCE);
	ck_assert_str_eq(p->labelled, "");
	ck_assert_uint_eq(p->id, 0);
}
END_TEST

START_TEST(nodes)
{
	static const char text[] = OPERATOR COMPONENT CATEGORIES
	    "guards: [pubsub.example.org, example.org]\nmode: observe\n"
	    "places:\n"
	    "- {node: \"*\", service: PubSub.example.org, publish: news,\n"
	    "   exempt: [owner, publisher], message_badge: none}\n"
	    "- {node: \"urn:xmpp:microblog:0\", owner: \"*@Example.org\",\n"
	    "   publish: news, labelled: news, mode: enforce, lease: 10s}\n"
	    "- {node: \"urn:xmpp:microblog:0\", owner: Daily@example.org,\n"
	    "   publish: news}\n"
	    /* The same words of a service are no personal nodes. */
	    "- {node: \"urn:xmpp:bookmarks:1\", service: pubsub.example.org,\n"
	    "   publish: news}\n";
	const struct place *p;

	ck_assert_msg(load(text) == 0, "%s", lines());
	ck_assert_uint_eq(config->policy.place_count, 4);
	p = &config->policy.places[0];
	ck_assert_int_eq(p->kind, PLACE_NODE);
	ck_assert_str_eq(p->node, "*");
	ck_assert_str_eq(p->local, "");
	ck_assert_str_eq(p->host, "pubsub.example.org");
	ck_assert_uint_eq(p->exempt,
	    PLACE_EXEMPT_OWNER | PLACE_EXEMPT_PUBLISHER);
	ck_assert_int_eq(p->badge, PLACE_BADGE_NONE);
	ck_assert_int_eq(p->mode, PLACE_OBSERVE);
	ck_assert(!p->others_may_react);
	p++;
	ck_assert_str_eq(p->node, "urn:xmpp:microblog:0");
	ck_assert_str_eq(p->local, "*");
	ck_assert_str_eq(p->host, "example.org");
	ck_assert_str_eq(p->labelled, "news");
	ck_assert_int_eq(p->badge, PLACE_BADGE_FULL);
	ck_assert_int_eq(p->mode, PLACE_ENFORCE);
	ck_assert_uint_eq(p->lease_s, 10);
	p++;
	ck_assert_str_eq(p->local, "daily");
	ck_assert_int_eq(p->badge, PLACE_BADGE_FULL);
}
END_TEST

START_TEST(everything_set)
{
	static const char text[] = OPERATOR
	    "component: {domain: Masthead.Example.ORG, secret_file: ./s,\n"
	    "  server: \"[2001:db8::1]:6000\", insecure_component: yes}\n"
	    "guards: ROOMS.example.org\n"
	    "store: sqlite:r.db\nkeys: k\ncontrol: /c\n"
	    "staff: {approver: [Anna@rooms.example.org],\n"
	    "  reviewer: [b@x.example], remote: [B@x.example]}\n"
	    "categories: {news: {title: T, hat: \"{name}!\", hue: 0,\n"
	    "  valid_for: 48h, approvals: 2, agreement: a}}\n"
	    "mode: observe\nlease: 0s\n"
	    "places:\n"
	    "- {room: \"*@Rooms.example.org\", publish: news,\n"
	    "   reprint: anyone, others_may: [], exempt: [owner, admin],\n"
	    "   encrypted: refuse, unavailable: pass, message_badge: full,\n"
	    "   labelled: breaking news}\n"
	    "- {room: a@rooms.example.org, publish: news, reprint: nobody,\n"
	    "   mode: enforce, lease: 1h}\n"
	    "evidence: {keys: e, keep_for: 30d}\nreports: no\nlimits: {applications_per_account: 1,\n"
	    "  applications_per_domain: 2, applications: 3,\n"
	    "  proofs_per_account: 4, reports_per_account: 5,\n"
	    "  proofs_per_domain: 6}\n"
	    "proof: {methods: [https], recheck: 1d, grace: 2d, timeout: 3s,\n"
	    "  resolver: \"[::1]:5353\", trust_anchor: root.key,\n"
	    "  ca_file: /ca.pem, https_port: 8443, private_addresses: yes}\n"
	    "hats: {legacy: on}\nbadge: {life: 2s, keep_tokens: 1d}\n"
	    "log_level: debug\n";
	const struct place *p;

	ck_assert_msg(load(text) == 0, "%s", lines());
	ck_assert_str_eq(config->component.domain, "masthead.example.org");
	ck_assert_str_eq(config->component.host, "2001:db8::1");
	ck_assert_uint_eq(config->component.port, 6000);
	ck_assert_uint_eq(config->guard_count, 1);
	ck_assert(config_is_guard(config, "rooms.example.org"));
	ck_assert(!config_is_guard(config, "example.org"));
	ck_assert(config->keys[0] == '/');
	ck_assert_str_eq(strrchr(config->store, '/'), "/r.db");
	ck_assert_str_eq(config->control, "/c");
	ck_assert_uint_eq(config->staff_count, 2);
	ck_assert_str_eq(config->staff[0].jid, "anna@rooms.example.org");
	ck_assert_str_eq(config->staff[0].role, "approver");
	ck_assert_str_eq(config->staff[1].role, "reviewer");
	ck_assert_uint_eq(config->remote_staff_count, 1);
	ck_assert_str_eq(config->remote_staff[0], "b@x.example");
	ck_assert_int_eq(config->categories[0].approvals, 2);
	ck_assert_str_eq(strrchr(config->evidence_keys, '/'), "/e");
	ck_assert_int_eq(config->evidence_keep_s, 2592000);
	ck_assert(!config->has_reports);
	ck_assert_int_eq(config->limits.applications_per_account, 1);
	ck_assert_int_eq(config->limits.applications_per_domain, 2);
	ck_assert_int_eq(config->limits.applications, 3);
	ck_assert_int_eq(config->limits.proofs_per_account, 4);
	ck_assert_int_eq(config->limits.reports_per_account, 5);
	ck_assert_int_eq(config->limits.proofs_per_domain, 6);
	ck_assert_uint_eq(config->proof.methods, CONFIG_PROOF_HTTPS);
	ck_assert_int_eq(config->proof.recheck_s, 86400);
	ck_assert_int_eq(config->proof.grace_s, 172800);
	ck_assert_int_eq(config->proof.timeout_s, 3);
	ck_assert_str_eq(config->proof.resolver, "[::1]:5353");
	ck_assert_str_eq(strrchr(config->proof.trust_anchor, '/'), "/root.key");
	ck_assert_str_eq(config->proof.ca_file, "/ca.pem");
	ck_assert_int_eq(config->proof.https_port, 8443);
	ck_assert(config->proof.may_be_private);
	ck_assert_int_eq(config->policy.categories[0].hue, 0);
	ck_assert_int_eq(config->policy.categories[0].valid_for_s, 172800);
	ck_assert_str_eq(strrchr(config->categories[0].agreement, '/'), "/a");
	p = &config->policy.places[0];
	ck_assert_str_eq(p->local, "*");
	ck_assert_str_eq(p->host, "rooms.example.org");
	ck_assert_int_eq(p->reprint_who, PLACE_REPRINT_ANYONE);
	ck_assert(!p->others_may_react && p->refuse_encrypted);
	ck_assert(p->pass_unavailable);
	ck_assert_uint_eq(p->exempt, PLACE_EXEMPT_OWNER | PLACE_EXEMPT_ADMIN);
	ck_assert_int_eq(p->badge, PLACE_BADGE_FULL);
	ck_assert_int_eq(p->mode, PLACE_OBSERVE);
	ck_assert_uint_eq(p->lease_s, 0);
	ck_assert_str_eq(p->labelled, "breaking news");
	p = &config->policy.places[1];
	ck_assert_int_eq(p->reprint_who, PLACE_REPRINT_NOBODY);
	ck_assert_uint_eq(p->reprint_count, 0);
	ck_assert_int_eq(p->mode, PLACE_ENFORCE);
	ck_assert_uint_eq(p->lease_s, 3600);
	ck_assert(config->has_legacy_hats);
	ck_assert_int_eq(config->badge_life_s, 2);
	ck_assert_int_eq(config->log_level, LOG_DEBUG);
}
END_TEST

/* What needs a restart is what config_needs_restart sees, and no more. */
START_TEST(restart)
{
	static const struct {
		const char *component, *rest, *want;
	} cases[] = {
		{ COMPONENT, "lease: 1s\n", NULL },
		{ "component: {domain: b.example, secret_file: secret}\n", "",
		    "component.domain" },
		{ "component: {domain: masthead.example.org, "
		  "secret_file: secret, server: \"127.0.0.1:1\"}\n",
		    "", "component.server" },
		{ "component: {domain: masthead.example.org, "
		  "secret_file: other}\n",
		    "", NULL },
		{ COMPONENT, "store: sqlite:/r.db\n", "store" },
		{ COMPONENT, "keys: /k\n", "keys" },
		{ COMPONENT, "control: /c\n", "control" },
		{ COMPONENT, "evidence: {keys: /e}\n", "evidence.keys" },
		{ COMPONENT, "proof: {resolver: \"::1\"}\n", "proof.resolver" },
		{ COMPONENT, "proof: {trust_anchor: /a}\n",
		    "proof.trust_anchor" },
		{ COMPONENT, "proof: {recheck: 1d}\n", NULL },
	};
	const struct config_option *o;
	struct config *fresh = NULL;
	char text[2048];
	size_t restarts = 0;

	ck_assert_int_eq(load(MINIMAL), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *got;

		(void)snprintf(text, sizeof text, "%s%s%s%s%s", OPERATOR,
		    cases[i].component, GUARDS, CATEGORIES, cases[i].rest);
		ck_assert_int_eq(config_load_text(&fresh, NAME, text,
				     strlen(text), &problems, &err),
		    0);
		got = config_needs_restart(config, fresh);
		ck_assert_pstr_eq(got, cases[i].want);
		config_free(fresh);
		restarts += got != NULL;
	}
	for (size_t i = 0; (o = config_option(i)) != NULL; i++)
		restarts -= o->needs_restart;
	ck_assert_uint_eq(restarts, 0);
}
END_TEST

/* Files ------------------------------------------------------------------ */

static char dir[] = "/tmp/test_config.XXXXXX";

static void
write_file(const char *name, const char *text, mode_t mode)
{
	char path[256];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void
files_setup(void)
{
	setup();
	strcpy(dir + strlen(dir) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	write_file("secret", "hush\n", 0600);
	write_file("c.yaml", MINIMAL ROOM, 0644);
}

static void
files_teardown(void)
{
	static const char *const names[] = { "secret", "c.yaml", "a/1.en.txt",
		"a/notes", "a", "" };
	char path[256];

	for (size_t i = 0; i < COUNT(names); i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)remove(path);
	}
	teardown();
}

static int
load_file(struct config **r)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/c.yaml", dir);
	return config_load(r, path, &problems, &err);
}

START_TEST(secret_is_read)
{
	ck_assert_msg(load_file(&config) == 0, "%s", lines());
	ck_assert_str_eq(config->component.secret, "hush");
}
END_TEST

static const struct secret_case {
	const char *text;
	mode_t mode;
	const char *want; /* NULL: good */
} secret_cases[] = {
	{ "hush", 0600, NULL },
	{ "hush\r\n", 0400, NULL },
	{ "hush\n", 0640, NULL },
	{ "hush\n", 0644,
	    "/secret may be read or changed by others (mode "
	    "0644): chmod 600 it\n" },
	{ "hush\n", 0660,
	    "/secret may be read or changed by others (mode "
	    "0660): chmod 600 it\n" },
	{ "", 0600, "/secret is empty\n" },
	{ "\n", 0600, "/secret is empty\n" },
	{ "two\nlines\n", 0600, "/secret: want a secret of one line\n" },
};

START_TEST(secret)
{
	const struct secret_case *c = &secret_cases[_i];
	char want[512];

	write_file("secret", c->text, c->mode);
	if (c->want == NULL) {
		ck_assert_msg(load_file(&config) == 0, "%s", lines());
		ck_assert_str_eq(config->component.secret, "hush");
		return;
	}
	(void)snprintf(want, sizeof want,
	    "%s/c.yaml:2: component.secret_file: %s%s", dir, dir, c->want);
	ck_assert_int_eq(load_file(&config), -1);
	ck_assert_str_eq(lines(), want);
}
END_TEST

START_TEST(agreement)
{
	char path[256], want[512];

	write_file("c.yaml",
	    OPERATOR COMPONENT GUARDS "categories: {news: {agreement: a}}\n",
	    0644);
	(void)snprintf(path, sizeof path, "%s/a", dir);
	(void)snprintf(want, sizeof want,
	    "%s/c.yaml:4: categories.ID.agreement:"
	    " %s: No such file or directory\n",
	    dir, path);
	ck_assert_int_eq(load_file(&config), -1);
	ck_assert_str_eq(lines(), want);

	ck_assert_int_eq(mkdir(path, 0700), 0);
	write_file("a/notes", "", 0644);
	buf_reset(&problems);
	(void)snprintf(want, sizeof want,
	    "%s/c.yaml:4: categories.ID.agreement:"
	    " %s has no agreement: want files like 1.en.txt\n",
	    dir, path);
	ck_assert_int_eq(load_file(&config), -1);
	ck_assert_str_eq(lines(), want);

	write_file("a/1.en.txt", "Be good.\n", 0644);
	ck_assert_int_eq(load_file(&config), 0);
}
END_TEST

START_TEST(failure_leaves_the_old_one)
{
	struct config *running, *fresh;

	ck_assert_int_eq(load_file(&config), 0);
	running = fresh = config;
	write_file("c.yaml", MINIMAL "leese: 1s\n", 0644);
	ck_assert_int_eq(load_file(&fresh), -1);
	ck_assert_ptr_eq(fresh, running);
	ck_assert_str_eq(running->component.secret, "hush");
	ck_assert_uint_eq(running->policy.place_count, 1);
}
END_TEST

START_TEST(no_file)
{
	char want[512];

	ck_assert_int_eq(config_load(&config, dir, &problems, &err), -1);
	(void)snprintf(want, sizeof want, "%s: is not a file\n", dir);
	ck_assert_str_eq(lines(), want);
	buf_reset(&problems);
	ck_assert_int_eq(
	    config_load(&config, "/nowhere/c.yaml", &problems, &err), -1);
	ck_assert_str_eq(lines(),
	    "/nowhere/c.yaml: No such file or directory\n");
}
END_TEST

/* Manual and sample -------------------------------------------------------- */

static char *
slurp(const char *path)
{
	char *text = calloc(1, TEXT_MAX);
	FILE *f = fopen(path, "r");

	ck_assert_msg(f != NULL, "%s: run this from the top of the tree", path);
	ck_assert_uint_lt(fread(text, 1, TEXT_MAX - 1, f), TEXT_MAX - 1);
	ck_assert_int_eq(fclose(f), 0);
	return text;
}

/* Lines are filled in the manual, and joined in the table. */
static void
unfold(char *text)
{
	for (; *text != '\0'; text++)
		if (*text == '\n')
			*text = ' ';
}

/* "(type; range; default: x)", as the manual has it below the option. */
static void
want_parentheses(const struct config_option *o, char r[512])
{
	(void)snprintf(r, 512, "(%s%s%s%s%s%s)", o->type,
	    *o->range != '\0' ? "; " : "", o->range,
	    o->is_mandatory ? "; mandatory" : "",
	    *o->def != '\0' ? "; default: " : "", o->def);
}

START_TEST(every_option_is_in_the_manual)
{
	char *text = slurp("docs/masthead.conf.5");
	const struct config_option *o;
	size_t items = 0, count = 0;

	unfold(text);
	for (; (o = config_option(count)) != NULL; count++) {
		char start[128], want[512];
		const char *item;

		(void)snprintf(start, sizeof start, ".It Ic %s (", o->path);
		item = strstr(text, start);
		ck_assert_msg(item != NULL, "%s is not in the manual", o->path);
		want_parentheses(o, want);
		ck_assert_msg(
		    strncmp(item + strlen(start) - 1, want, strlen(want)) == 0,
		    "%s: the manual should say %s", o->path, want);
	}
	for (const char *c = text; (c = strstr(c, ".It Ic ")) != NULL; c++)
		items++;
	ck_assert_uint_eq(items, count);
	free(text);
}
END_TEST

START_TEST(every_option_is_in_the_sample)
{
	char *text = slurp("conf/masthead.yaml");
	const struct config_option *o;

	for (size_t i = 0; (o = config_option(i)) != NULL; i++) {
		const char *dot = strrchr(o->path, '.');
		char key[128];

		(void)snprintf(key, sizeof key,
		    "%s:", dot != NULL ? dot + 1 : o->path);
		ck_assert_msg(strstr(text, key) != NULL,
		    "%s is not in the sample", o->path);
	}
	free(text);
}
END_TEST

START_TEST(options_say_what_they_are)
{
	const struct config_option *o;

	for (size_t i = 0; (o = config_option(i)) != NULL; i++) {
		ck_assert_msg(*o->type != '\0', "%s", o->path);
		ck_assert_msg(strlen(o->doc) > 8 &&
			o->doc[strlen(o->doc) - 1] == '.',
		    "%s", o->path);
		ck_assert_msg(!o->is_mandatory || *o->def == '\0', "%s",
		    o->path);
		if (strcmp(o->type, "duration") == 0)
			ck_assert_str_eq(o->unit, "s");
	}
}
END_TEST

START_TEST(sample_loads)
{
	char *text = slurp("conf/masthead.yaml");

	ck_assert_int_eq(config_load_text(&config, "conf/masthead.yaml", text,
			     strlen(text), &problems, &err),
	    0);
	ck_assert_int_eq(config->policy.places[0].mode, PLACE_OBSERVE);
	free(text);
}
END_TEST

static bool
is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

/* "#key: value", "#- item" or "#  key: value" below that. */
static bool
is_commented_out(const char *at)
{
	return at[0] == '#' &&
	    (is_letter(at[1]) || strncmp(at, "#- ", 3) == 0 ||
		(strncmp(at, "#  ", 3) == 0 && is_letter(at[3])));
}

/* What is commented out in the sample is there with its default, so that it
 * may be uncommented without a change. */
START_TEST(sample_loads_with_all_comments_on)
{
	char *text = slurp("conf/masthead.yaml"), *out = text;

	for (char *in = text; *in != '\0'; in++)
		if (!is_commented_out(in))
			*out++ = *in;
	*out = '\0';
	ck_assert_msg(config_load_text(&config, NAME, text, strlen(text),
			  &problems, &err) == 0,
	    "%s", lines());
	ck_assert_str_eq(config->policy.places[0].labelled, "news");
	ck_assert_uint_eq(config->policy.places[0].lease_s, 300);
	ck_assert_uint_eq(config->policy.place_count, 3);
	ck_assert_int_eq(config->policy.places[2].kind, PLACE_NODE);
	free(text);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("config");
	TCase *text = tcase_create("text");
	TCase *files = tcase_create("files");

	tcase_add_checked_fixture(text, setup, teardown);
	tcase_add_loop_test(text, mistake, 0, (int)COUNT(bad_cases));
	tcase_add_test(text, good_cases_are_good);
	tcase_add_test(text, ten_mistakes_are_ten_lines);
	tcase_add_test(text, lines_are_bounded);
	tcase_add_test(text, size_is_bounded);
	tcase_add_test(text, many_keys_are_refused_at_once);
	tcase_add_test(text, empty_file);
	tcase_add_test(text, defaults);
	tcase_add_test(text, everything_set);
	tcase_add_test(text, nodes);
	tcase_add_test(text, restart);
	tcase_add_test(text, every_option_is_in_the_manual);
	tcase_add_test(text, every_option_is_in_the_sample);
	tcase_add_test(text, options_say_what_they_are);
	tcase_add_test(text, sample_loads);
	tcase_add_test(text, sample_loads_with_all_comments_on);
	suite_add_tcase(s, text);
	tcase_add_checked_fixture(files, files_setup, files_teardown);
	tcase_add_test(files, secret_is_read);
	tcase_add_loop_test(files, secret, 0, (int)COUNT(secret_cases));
	tcase_add_test(files, agreement);
	tcase_add_test(files, failure_leaves_the_old_one);
	tcase_add_test(files, no_file);
	suite_add_tcase(s, files);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

/* The guard protocol: what is decoded, what is refused, what is written. */
#include "unit/unit.h"

#include <stdbool.h>
#include <string.h>

#include "xmpp/guard.h"
#include "xmpp/reader.h"

#define HEADER                                                                 \
	"<stream:stream xmlns='jabber:component:accept' "                      \
	"xmlns:stream='http://etherx.jabber.org/streams' id='s'>"
#define CHECK_BEGIN "<iq><check xmlns='urn:masthead:guard:0'>"
#define CHECK_END "</check></iq>"
#define ITEM(n)                                                                \
	"<item n='" n "' kind='message' place='3' room='news' "                \
	"actor='d@e.org/x'/>"

/* Drives a decoder as a daemon does. */
struct driven {
	struct guard_decoder d;
	bool is_guard;
};

static void
on_start(void *arg, unsigned depth, const struct reader_name *name,
    const struct reader_attr *attrs, size_t count)
{
	struct driven *v = arg;

	if (depth == 1)
		v->is_guard = false;
	else if (depth == 2 && !v->is_guard)
		v->is_guard = guard_begin(&v->d, name, attrs, count);
	else if (v->is_guard)
		guard_start(&v->d, depth, name, attrs, count);
}

static void
on_end(void *arg, unsigned depth)
{
	struct driven *v = arg;

	if (v->is_guard)
		guard_end(&v->d, depth);
}

static const struct reader_events events = { .on_start = on_start,
	.on_end = on_end };

static struct driven driven;

static void
decode(const char *stanza)
{
	struct err e = { "" };
	struct reader *r;

	ck_assert_int_eq(reader_new(&r, &events, &driven, &e), 0);
	ck_assert_int_eq(reader_feed(r, HEADER, strlen(HEADER), &e), 0);
	ck_assert_msg(reader_feed(r, stanza, strlen(stanza), &e) == 0, "%s",
	    e.text);
	reader_free(r);
}

START_TEST(decodes_an_item)
{
	const struct publication *p = &driven.d.items[0];

	decode(CHECK_BEGIN
	    "<item n='7' kind='correct' place='3' room='newsroom' "
	    "actor='daily@example.org/desk' nick='Daily &lt;Example&gt;' "
	    "occupant='dd72' lang='en' affiliation='owner' encrypted='true' "
	    "x='1' xmlns:e='urn:e' e:actor='evil@example.org'>"
	    "<reprint by='forward' of='wire@example.net'/>"
	    "<reprint by='via'/><label term='news'/><label term='tech'/>"
	    "<future><label term='not-mine'/></future></item>" ITEM("8")
		CHECK_END);
	ck_assert(driven.is_guard);
	ck_assert_int_eq(driven.d.request, GUARD_CHECK);
	ck_assert_int_eq(driven.d.fault, GUARD_OK);
	ck_assert_uint_eq(driven.d.item_count, 2);
	ck_assert_uint_eq(p->n, 7);
	ck_assert_int_eq(p->kind, PUBLICATION_CORRECT);
	ck_assert_uint_eq(p->place_id, 3);
	ck_assert_str_eq(p->room, "newsroom");
	ck_assert_str_eq(p->actor, "daily@example.org/desk");
	ck_assert_str_eq(p->nick, "Daily <Example>");
	ck_assert_str_eq(p->occupant, "dd72");
	ck_assert_str_eq(p->lang, "en");
	ck_assert_str_eq(p->affiliation, "owner");
	ck_assert(p->is_encrypted);
	ck_assert_uint_eq(p->reprint_count, 2);
	ck_assert_int_eq(p->reprints[0].by, REPRINT_FORWARD);
	ck_assert_str_eq(p->reprints[0].of, "wire@example.net");
	ck_assert_int_eq(p->reprints[1].by, REPRINT_VIA);
	ck_assert_str_eq(p->reprints[1].of, "");
	ck_assert_uint_eq(p->label_count, 2);
	ck_assert_str_eq(p->labels[1], "tech");
	p++;
	ck_assert_uint_eq(p->n, 8);
	ck_assert_str_eq(p->nick, "");
	ck_assert(!p->is_encrypted);
	ck_assert(publication_is_ordinary(p));
}
END_TEST

#define IN_ITEM(attrs) CHECK_BEGIN "<item " attrs "/>" CHECK_END
#define REST "kind='message' place='3' room='r' actor='a@b'"
#define WITH(children)                                                         \
	CHECK_BEGIN "<item n='1' " REST ">" children "</item>" CHECK_END
#define FOUR(x) x x x x

static const struct {
	const char *label, *in;
	enum guard_fault want;
	unsigned items; /* if there is no fault */
} cases[] = {
	{ "one", CHECK_BEGIN ITEM("1") CHECK_END, GUARD_OK, 1 },
	{ "backwards", CHECK_BEGIN ITEM("3") ITEM("1") ITEM("2") CHECK_END,
	    GUARD_OK, 3 },
	{ "none", CHECK_BEGIN CHECK_END, GUARD_BAD_REQUEST, 0 },
	{ "unknown beside",
	    CHECK_BEGIN "<new><item/></new>" ITEM(
		"1") "<item xmlns='urn:other'/>" CHECK_END,
	    GUARD_OK, 1 },
	{ "an item in an item", WITH("<item/>"), GUARD_OK, 1 },
	{ "a reprint beside",
	    CHECK_BEGIN "<reprint by='x'/>" ITEM("1") CHECK_END, GUARD_OK, 1 },
	{ "a reprint in another namespace",
	    WITH("<reprint xmlns='urn:other' by='x'/>"), GUARD_OK, 1 },
	{ "a label in a label", WITH("<label term='a'><label/></label>"),
	    GUARD_OK, 1 },
	{ "text", WITH("text"), GUARD_OK, 1 },
	{ "number twice", CHECK_BEGIN ITEM("1") ITEM("1") CHECK_END,
	    GUARD_BAD_REQUEST, 0 },
	{ "number twice, apart",
	    CHECK_BEGIN ITEM("1") ITEM("9") ITEM("1") CHECK_END,
	    GUARD_BAD_REQUEST, 0 },
	{ "no number", IN_ITEM(REST), GUARD_BAD_REQUEST, 0 },
	{ "number 0", IN_ITEM("n='0' " REST), GUARD_BAD_REQUEST, 0 },
	{ "number -1", IN_ITEM("n='-1' " REST), GUARD_BAD_REQUEST, 0 },
	{ "number 1x", IN_ITEM("n='1x' " REST), GUARD_BAD_REQUEST, 0 },
	{ "the largest number", IN_ITEM("n='2147483647' " REST), GUARD_OK, 1 },
	{ "one more", IN_ITEM("n='2147483648' " REST), GUARD_BAD_REQUEST, 0 },
	{ "2^32+1", IN_ITEM("n='4294967297' " REST), GUARD_BAD_REQUEST, 0 },
	{ "no kind", IN_ITEM("n='1' place='3' room='r' actor='a@b'"),
	    GUARD_BAD_REQUEST, 0 },
	{ "unknown kind",
	    IN_ITEM("n='1' kind='x' place='3' room='r' actor='a@b'"),
	    GUARD_BAD_REQUEST, 0 },
	{ "a kind for nodes",
	    IN_ITEM("n='1' kind='publish' place='3' room='r' actor='a@b'"),
	    GUARD_BAD_REQUEST, 0 },
	{ "no place", IN_ITEM("n='1' kind='join' room='r' actor='a@b'"),
	    GUARD_BAD_REQUEST, 0 },
	{ "no room", IN_ITEM("n='1' kind='join' place='3' actor='a@b'"),
	    GUARD_BAD_REQUEST, 0 },
	{ "no actor", IN_ITEM("n='1' kind='join' place='3' room='r'"),
	    GUARD_BAD_REQUEST, 0 },
	{ "a prefixed actor",
	    IN_ITEM("xmlns:e='urn:e' n='1' kind='join' "
		    "place='3' room='r' e:actor='a@b'"),
	    GUARD_BAD_REQUEST, 0 },
	{ "not encrypted", IN_ITEM("n='1' encrypted='false' " REST), GUARD_OK,
	    1 },
	{ "maybe encrypted", IN_ITEM("n='1' encrypted='maybe' " REST),
	    GUARD_BAD_REQUEST, 0 },
	{ "a reprint of unknown kind", WITH("<reprint by='magic'/>"),
	    GUARD_BAD_REQUEST, 0 },
	{ "a reprint of no kind", WITH("<reprint of='a@b'/>"),
	    GUARD_BAD_REQUEST, 0 },
	{ "a label without term", WITH("<label/>"), GUARD_BAD_REQUEST, 0 },
	{ "8 reprints", WITH(FOUR("<reprint by='via'/><reprint by='via'/>")),
	    GUARD_OK, 1 },
	{ "9 reprints",
	    WITH(FOUR(
		"<reprint by='via'/><reprint by='via'/>") "<reprint by='via'/>"),
	    GUARD_TOO_MUCH, 0 },
	{ "9 labels",
	    WITH(
		FOUR("<label term='a'/><label term='a'/>") "<label term='a'/>"),
	    GUARD_TOO_MUCH, 0 },
	{ "the first fault counts",
	    WITH("<label/>" FOUR("<label term='a'/><label term='a'/>")
		    FOUR("<label term='a'/>")),
	    GUARD_BAD_REQUEST, 0 },
	{ "two payloads",
	    "<iq><check xmlns='urn:masthead:guard:0'>" ITEM(
		"1") "</check><check xmlns='urn:masthead:guard:0'>" ITEM("2") "</check></iq>",
	    GUARD_BAD_REQUEST, 0 },
};

/* As above, for what an item is about. */
#define NODE "kind='publish' place='3' actor='a@b'"

static const struct {
	const char *label, *in;
	enum guard_fault want;
	const char *node, *owner; /* if there is no fault */
} node_cases[] = {
	{ "of a service", IN_ITEM("n='1' node='news' " NODE), GUARD_OK, "news",
	    "" },
	{ "of an account",
	    IN_ITEM("n='1' node='urn:xmpp:microblog:0' owner='daily' " NODE),
	    GUARD_OK, "urn:xmpp:microblog:0", "daily" },
	{ "neither room nor node", IN_ITEM("n='1' owner='daily' " NODE),
	    GUARD_BAD_REQUEST, "", "" },
	{ "an empty node", IN_ITEM("n='1' node='' " NODE), GUARD_BAD_REQUEST,
	    "", "" },
	{ "both", IN_ITEM("n='1' node='news' room='r' " NODE),
	    GUARD_BAD_REQUEST, "", "" },
	{ "both, as a message", IN_ITEM("n='1' node='news' " REST),
	    GUARD_BAD_REQUEST, "", "" },
	{ "a message to a node",
	    IN_ITEM("n='1' kind='message' node='n' place='3' actor='a@b'"),
	    GUARD_BAD_REQUEST, "", "" },
	{ "a join to a node",
	    IN_ITEM("n='1' kind='join' node='n' place='3' actor='a@b'"),
	    GUARD_BAD_REQUEST, "", "" },
	{ "no actor", IN_ITEM("n='1' kind='publish' node='n' place='3'"),
	    GUARD_BAD_REQUEST, "", "" },
	{ "no place", IN_ITEM("n='1' kind='publish' node='n' actor='a@b'"),
	    GUARD_BAD_REQUEST, "", "" },
	{ "a prefixed node",
	    IN_ITEM("xmlns:e='urn:e' n='1' e:node='news' " NODE),
	    GUARD_BAD_REQUEST, "", "" },
};

START_TEST(judges_nodes)
{
	decode(node_cases[_i].in);
	ck_assert(driven.is_guard);
	ck_assert_msg(driven.d.fault == node_cases[_i].want, "%s: got %d (%s)",
	    node_cases[_i].label, (int)driven.d.fault, driven.d.why);
	if (node_cases[_i].want != GUARD_OK)
		return;
	ck_assert_uint_eq(driven.d.item_count, 1);
	ck_assert_int_eq(driven.d.items[0].kind, PUBLICATION_PUBLISH);
	ck_assert_str_eq(driven.d.items[0].room, "");
	ck_assert_str_eq(driven.d.items[0].node, node_cases[_i].node);
	ck_assert_str_eq(driven.d.items[0].owner, node_cases[_i].owner);
}
END_TEST

START_TEST(writes_places_of_nodes)
{
	static const char *const labels[] = { "news" };
	static const struct guard_place service = { .id = 5,
		.kind = "node",
		.name = "<news>/*",
		.badge = "full",
		.exempt = "owner publisher",
		.lease_s = 300 };
	static const struct guard_place pep = { .id = 6,
		.kind = "node",
		.name = "urn:xmpp:microblog:0",
		.owner = "*",
		.is_labelled = true,
		.badge = "full",
		.labels = labels,
		.label_count = 1 };
	struct buf b;

	buf_init(&b, 65536);
	guard_write_place(&b, &service);
	guard_write_place(&b, &pep);
	ck_assert_str_eq(b.data,
	    "<place kind='node' id='5' name='&lt;news&gt;/*' mode='enforce' "
	    "unavailable='refuse' badge='full' exempt='owner publisher' "
	    "lease='300'></place>"
	    "<place kind='node' id='6' name='urn:xmpp:microblog:0' owner='*' "
	    "mode='enforce' unavailable='refuse' badge='full' when='labelled' "
	    "lease='0'><label term='news'/></place>");
	buf_clear(&b);
}
END_TEST

START_TEST(judges)
{
	decode(cases[_i].in);
	ck_assert(driven.is_guard);
	ck_assert_msg(driven.d.fault == cases[_i].want, "%s: got %d (%s)",
	    cases[_i].label, (int)driven.d.fault, driven.d.why);
	ck_assert_int_eq(driven.d.why[0] != '\0', cases[_i].want != GUARD_OK);
	if (cases[_i].want == GUARD_OK)
		ck_assert_uint_eq(driven.d.item_count, cases[_i].items);
}
END_TEST

static void
decode_buf(struct buf *b)
{
	ck_assert(!b->failed);
	decode(b->data);
	buf_clear(b);
}

static void
add_items(struct buf *b, unsigned count, size_t nick_len)
{
	for (unsigned i = 1; i <= count; i++) {
		buf_addf(b, "<item n='%u' " REST " nick='", i);
		for (size_t n = 0; n < nick_len; n++)
			buf_adds(b, "x");
		buf_adds(b, "'/>");
	}
}

START_TEST(has_limits)
{
	static const struct {
		unsigned items;
		size_t nick_len;
		enum guard_fault want;
	} limits[] = {
		{ 64, 10, GUARD_OK }, { 65, 10, GUARD_TOO_MUCH },
		{ 1, 1024, GUARD_OK }, { 1, 1025, GUARD_TOO_MUCH },
		{ 63, 1024, GUARD_OK },
		{ 64, 1024, GUARD_TOO_MUCH }, /* over 64 KiB together */
	};

	for (size_t i = 0; i < COUNT(limits); i++) {
		struct buf b;

		buf_init(&b, READER_STANZA_MAX);
		buf_adds(&b, CHECK_BEGIN);
		add_items(&b, limits[i].items, limits[i].nick_len);
		buf_adds(&b, CHECK_END);
		decode_buf(&b);
		ck_assert_msg(driven.d.fault == limits[i].want, "row %zu: %s",
		    i, driven.d.why);
	}
	decode(CHECK_BEGIN ITEM("1") CHECK_END); /* and is usable again */
	ck_assert_int_eq(driven.d.fault, GUARD_OK);
	ck_assert_uint_eq(driven.d.item_count, 1);
}
END_TEST

START_TEST(knows_the_requests)
{
	decode("<iq><attach xmlns='urn:masthead:guard:0' "
	       "server='Prosody 0.12.3'><x/></attach></iq>");
	ck_assert(driven.is_guard);
	ck_assert_int_eq(driven.d.request, GUARD_ATTACH);
	ck_assert_int_eq(driven.d.fault, GUARD_OK);
	ck_assert_str_eq(driven.d.server, "Prosody 0.12.3");
	decode("<iq><detach xmlns='urn:masthead:guard:0'/></iq>");
	ck_assert_int_eq(driven.d.request, GUARD_DETACH);
	ck_assert_int_eq(driven.d.fault, GUARD_OK);
	decode("<iq><recall xmlns='urn:masthead:guard:0'/></iq>");
	ck_assert(!driven.is_guard);
	ck_assert_int_eq(driven.d.request, GUARD_NONE);
	decode("<iq><check xmlns='urn:other'/></iq>");
	ck_assert(!driven.is_guard);
}
END_TEST

/* What is written. */

static const struct guard_address address = { "masthead.example.org",
	"rooms.example.org", "c'7" };

#define TO " id='c&apos;7' from='masthead.example.org' to='rooms.example.org'>"

START_TEST(writes_verdicts)
{
	static const struct guard_refusal refusal = { "auth",
		"registration-required", "Not <here>", "en", "not-registered",
		"xmpp:m?command;node=apply", "", "" };
	struct buf b;

	buf_init(&b, 65536);
	guard_write_verdicts_begin(&b, &address, "9f0c", 4711);
	guard_write_pass(&b, 1, 300, false, 0, "<x/>");
	guard_write_pass(&b, 2, 0, true, 86400, "");
	guard_write_pass(&b, 4, 0, false, 0, NULL);
	guard_write_refuse(&b, 3, 30, &refusal);
	guard_write_verdicts_end(&b);
	ck_assert_str_eq(b.data,
	    "<iq type='result'" TO
	    "<verdicts xmlns='urn:masthead:guard:0' epoch='9f0c' "
	    "serial='4711'>"
	    "<verdict action='pass' n='1' lease='300'><x/></verdict>"
	    "<verdict action='pass' n='2' observed='refuse' "
	    "expires='86400'/>"
	    "<verdict action='pass' n='4'/>"
	    "<verdict action='refuse' n='3' lease='30'><error type='auth'>"
	    "<registration-required "
	    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
	    "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' "
	    "xml:lang='en'>Not &lt;here&gt;</text>"
	    "<refusal xmlns='urn:masthead:error:0' reason='not-registered' "
	    "apply='xmpp:m?command;node=apply'/></error></verdict>"
	    "</verdicts></iq>");
	buf_clear(&b);
}
END_TEST

START_TEST(writes_places)
{
	static const char *const labels[] = { "news", "a&b" };
	static const struct guard_place full = { .id = 3,
		.kind = "room",
		.name = "newsroom",
		.is_observed = true,
		.pass_unavailable = true,
		.others_may_react = true,
		.refuse_encrypted = true,
		.is_labelled = true,
		.badge = "full",
		.exempt = "owner admin",
		.hats = "urn:xmpp:hats:0",
		.lease_s = 300,
		.labels = labels,
		.label_count = 2 };
	static const struct guard_place bare = { .id = 4,
		.kind = "room",
		.name = "*",
		.badge = "none",
		.exempt = "",
		.hats = "urn:xmpp:hats:0" };
	struct buf b;

	buf_init(&b, 65536);
	guard_write_attach_begin(&b, &address, "9f0c", INT64_MAX);
	guard_write_place(&b, &full);
	guard_write_place(&b, &bare);
	guard_write_attach_end(&b);
	ck_assert_str_eq(b.data,
	    "<iq type='result'" TO
	    "<attach xmlns='urn:masthead:guard:0' epoch='9f0c' "
	    "serial='9223372036854775807'>"
	    "<place kind='room' id='3' name='newsroom' mode='observe' "
	    "unavailable='pass' badge='full' others-may='react' "
	    "exempt='owner admin' encrypted='refuse' when='labelled' "
	    "lease='300' hats='urn:xmpp:hats:0'>"
	    "<label term='news'/><label term='a&amp;b'/></place>"
	    "<place kind='room' id='4' name='*' mode='enforce' "
	    "unavailable='refuse' badge='none' lease='0' "
	    "hats='urn:xmpp:hats:0'></place></attach></iq>");
	buf_clear(&b);
}
END_TEST

START_TEST(writes_the_rest)
{
	struct buf b;

	buf_init(&b, 65536);
	guard_write_recall(&b, &address, "e", 5, "d@e");
	guard_write_recall(&b, &address, "e", 6, NULL);
	guard_write_probe(&b, &address, "e");
	guard_write_result(&b, &address);
	guard_write_error(&b, &address, "auth", "forbidden");
	ck_assert_str_eq(b.data,
	    "<iq type='set'" TO "<recall xmlns='urn:masthead:guard:0' "
	    "epoch='e' serial='5' actor='d@e'/></iq>"
	    "<iq type='set'" TO "<recall xmlns='urn:masthead:guard:0' "
	    "epoch='e' serial='6'/></iq>"
	    "<iq type='get'" TO "<probe xmlns='urn:masthead:guard:0' "
	    "epoch='e'/></iq>"
	    "<iq type='result'" TO "</iq>"
	    "<iq type='error'" TO "<error type='auth'><forbidden "
	    "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	buf_clear(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("guard");
	TCase *t = tcase_create("guard");

	tcase_add_test(t, decodes_an_item);
	tcase_add_loop_test(t, judges, 0, COUNT(cases));
	tcase_add_loop_test(t, judges_nodes, 0, COUNT(node_cases));
	tcase_add_test(t, writes_places_of_nodes);
	tcase_add_test(t, has_limits);
	tcase_add_test(t, knows_the_requests);
	tcase_add_test(t, writes_verdicts);
	tcase_add_test(t, writes_places);
	tcase_add_test(t, writes_the_rest);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

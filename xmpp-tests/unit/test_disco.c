/* What anybody may ask. */
#include "unit/unit.h"

#include <string.h>

#include "xmpp/disco.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"

#define IQ(type, payload)                                                      \
	"<iq xmlns='jabber:component:accept' type='" type "' id='7' "          \
	"from='a@b/c' to='m'>" payload "</iq>"
#define INFO(rest) "<query xmlns='http://jabber.org/protocol/disco#info'" rest
#define ITEMS(rest) "<query xmlns='http://jabber.org/protocol/disco#items'" rest
#define ID "hxQabcdefghijkl_-01234"

static const char *const features[] = { "urn:x:1" };

static xmpp_stanza_t *question;
static xmpp_stanza_t *answer;

static int
ask(const char *text)
{
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	struct err e = { "" };
	struct form *keys = form_new(NS_KEYS);
	const struct form *const forms[] = { keys };
	const struct disco masthead = { "Masthead", "1.2.3", features, 1, forms,
		1 };
	int rc;

	form_add_line(keys, "jwks", NULL, "{\"keys\":[]}");
	/* libstrophe's own parser leaves xmlns off a top element. */
	question = xmpp_stanza_new_from_string(ctx, text);
	ck_assert_ptr_nonnull(question);
	ck_assert_int_eq(stanza_set(question, "xmlns", NS_COMPONENT), 0);
	answer = NULL;
	rc = disco_answer(&masthead, question, &answer, &e);
	form_free(keys);
	return rc;
}

static void
done(void)
{
	xmpp_ctx_t *ctx = xmpp_stanza_get_context(question);

	if (answer != NULL)
		xmpp_stanza_release(answer);
	xmpp_stanza_release(question);
	xmpp_ctx_free(ctx);
}

static const struct {
	const char *label, *in;
	int want;
	const char *type; /* of the answer */
} cases[] = {
	{ "info", IQ("get", INFO("/>")), 1, "result" },
	{ "info of no node", IQ("get", INFO(" node=''/>")), 1, "result" },
	{ "info of a node", IQ("get", INFO(" node='x'/>")), 1, "error" },
	{ "items", IQ("get", ITEMS("/>")), 1, "result" },
	{ "items of a node", IQ("get", ITEMS(" node='x'/>")), 1, "error" },
	{ "a ping", IQ("get", "<ping xmlns='urn:xmpp:ping'/>"), 1, "result" },
	{ "the version", IQ("get", "<query xmlns='jabber:iq:version'/>"), 1,
	    "result" },
	{ "a set", IQ("set", "<ping xmlns='urn:xmpp:ping'/>"), 0, NULL },
	{ "a result", IQ("result", INFO("/>")), 0, NULL },
	{ "an error", IQ("error", INFO("/>")), 0, NULL },
	{ "nothing", IQ("get", ""), 0, NULL },
	{ "two", IQ("get", "<ping xmlns='urn:xmpp:ping'/>" INFO("/>")), 0,
	    NULL },
	{ "another namespace", IQ("get", "<ping xmlns='urn:x'/>"), 0, NULL },
	{ "a message",
	    "<message type='get'><ping xmlns='urn:xmpp:ping'/>"
	    "</message>",
	    0, NULL },
};

START_TEST(answers)
{
	int got = ask(cases[_i].in);

	ck_assert_msg(got == cases[_i].want, "%s: got %d", cases[_i].label,
	    got);
	if (got == 1) {
		ck_assert_str_eq(stanza_get(answer, "type"), cases[_i].type);
		ck_assert_str_eq(stanza_get(answer, "to"), "a@b/c");
		ck_assert_str_eq(stanza_get(answer, "from"), "m");
		ck_assert_str_eq(stanza_get(answer, "id"), "7");
	}
	done();
}
END_TEST

static void
assert_answer(const char *in, const char *const *want)
{
	struct err e = { "" };
	struct buf b;

	buf_init(&b, 65536);
	ck_assert_int_eq(ask(in), 1);
	ck_assert_int_eq(stanza_write(&b, answer, &e), 0);
	for (; *want != NULL; want++)
		ck_assert_msg(strstr(b.data, *want) != NULL, "%s is not in %s",
		    *want, b.data);
	buf_clear(&b);
	done();
}

START_TEST(says_who_it_is)
{
	static const char *const want[] = { "name=\"Masthead\"",
		"category=\"component\"", "type=\"generic\"",
		"<feature var=\"http://jabber.org/protocol/disco#info\"/>",
		"<feature var=\"urn:xmpp:ping\"/>",
		"<feature var=\"jabber:iq:version\"/>",
		"<feature var=\"urn:masthead:badge:0\"/>",
		"<feature var=\"urn:x:1\"/>",
		"<value>urn:masthead:keys:0</value>",
		"<value>{&quot;keys&quot;:[]}</value>", NULL };

	assert_answer(IQ("get", INFO("/>")), want);
}
END_TEST

START_TEST(says_its_version)
{
	static const char *const want[] = { "<name>Masthead</name>",
		"<version>1.2.3</version>", NULL };

	assert_answer(IQ("get", "<query xmlns='jabber:iq:version'/>"), want);
}
END_TEST

#define BADGE(attrs) "<badge xmlns='urn:masthead:badge:0'" attrs "/>"

static const struct {
	const char *label, *in;
	enum disco_lookup want;
	const char *want_value;
} lookups[] = {
	{ "by ID", IQ("get", BADGE(" id='" ID "'")), DISCO_LOOKUP_ID, ID },
	{ "by something that is no ID", IQ("get", BADGE(" id='abc'")),
	    DISCO_LOOKUP_ID, "abc" },
	{ "by account", IQ("get", BADGE(" jid='Daily@a'")), DISCO_LOOKUP_JID,
	    "Daily@a" },
	{ "by neither", IQ("get", BADGE("")), DISCO_LOOKUP_BAD, NULL },
	{ "by an empty one", IQ("get", BADGE(" jid='' id=''")),
	    DISCO_LOOKUP_BAD, NULL },
	{ "by both", IQ("get", BADGE(" jid='a@b' id='" ID "'")),
	    DISCO_LOOKUP_BAD, NULL },
	{ "a set", IQ("set", BADGE(" id='" ID "'")), DISCO_LOOKUP_NONE, NULL },
	{ "something else", IQ("get", INFO("/>")), DISCO_LOOKUP_NONE, NULL },
};

START_TEST(finds_look_ups)
{
	const char *value;
	enum disco_lookup got;

	(void)ask(lookups[_i].in);
	got = disco_lookup_find(question, &value);
	ck_assert_msg(got == lookups[_i].want, "%s: got %d", lookups[_i].label,
	    (int)got);
	if (lookups[_i].want_value != NULL)
		ck_assert_str_eq(value, lookups[_i].want_value);
	done();
}
END_TEST

static const struct {
	const char *id;
	bool want;
} ids[] = {
	{ ID, true },
	{ "", false },
	{ "abc", false },
	{ ID "A", false },
	{ "hxQabcdefghijkl+/01234", false },
};

START_TEST(knows_ids)
{
	ck_assert_int_eq(disco_is_badge_id(ids[_i].id), ids[_i].want);
}
END_TEST

START_TEST(answers_look_ups)
{
	xmpp_stanza_t *badge;
	char *text;

	ck_assert_int_eq(ask(IQ("get", BADGE(" id='" ID "'"))), 0);
	answer = disco_badge_answer(question, ID, "m", "a.b.c");
	badge = stanza_payload(answer);
	ck_assert(stanza_is(badge, "badge", NS_BADGE));
	ck_assert_str_eq(stanza_get(badge, "id"), ID);
	ck_assert_str_eq(stanza_get(badge, "by"), "m");
	text = xmpp_stanza_get_text(badge);
	ck_assert_str_eq(text, "a.b.c");
	xmpp_free(xmpp_stanza_get_context(badge), text);
	done();
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("disco");
	TCase *t = tcase_create("disco");

	tcase_add_loop_test(t, answers, 0, COUNT(cases));
	tcase_add_test(t, says_who_it_is);
	tcase_add_test(t, says_its_version);
	tcase_add_loop_test(t, finds_look_ups, 0, COUNT(lookups));
	tcase_add_loop_test(t, knows_ids, 0, COUNT(ids));
	tcase_add_test(t, answers_look_ups);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

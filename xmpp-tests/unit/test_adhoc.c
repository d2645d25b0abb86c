/* Ad-hoc commands on the wire. */
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "xmpp/adhoc.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"

#define IQ(type, payload)                                                      \
	"<iq type='" type "' id='7' from='a@b/c' to='m'>" payload "</iq>"
#define COMMAND "<command xmlns='http://jabber.org/protocol/commands' "
#define X "<x xmlns='jabber:x:data' type='submit'/>"

static xmpp_ctx_t *ctx;
static xmpp_stanza_t *iq;

static void
set_up(void)
{
	ctx = xmpp_ctx_new(NULL, NULL);
	iq = NULL;
}

static void
tear_down(void)
{
	if (iq != NULL)
		xmpp_stanza_release(iq);
	xmpp_ctx_free(ctx);
}

static int
read_it(const char *text, struct adhoc_request *r, enum adhoc_fault *fault)
{
	xmpp_stanza_t *own;

	iq = xmpp_stanza_new_from_string(ctx, text);
	ck_assert_ptr_nonnull(iq);
	ck_assert_int_eq(stanza_set(iq, "xmlns", NS_COMPONENT), 0);
	/* libstrophe's own parser loses xml:lang as well; ours does not. */
	ck_assert_int_eq(stanza_set(iq, "xml:lang", "de"), 0);
	own = stanza_payload(iq);
	if (own != NULL && stanza_get(own, "x-lang")[0] != '\0')
		stanza_set(own, "xml:lang", stanza_get(own, "x-lang"));
	*fault = ADHOC_FINE;
	return adhoc_read(iq, r, fault);
}

#define N64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *label, *in;
	int want;
	enum adhoc_fault fault;
	enum adhoc_action action;
	const char *node, *session, *lang;
	int has_form;
} cases[] = {
	{ "the beginning", IQ("set", COMMAND "node='apply'/>"), 1, 0,
	    ADHOC_EXECUTE, "apply", "", "de", 0 },
	{ "with its action",
	    IQ("set", COMMAND "node='apply' action='execute'/>"), 1, 0,
	    ADHOC_EXECUTE, "apply", "", "de", 0 },
	{ "a language of its own",
	    IQ("set", COMMAND "node='apply' x-lang='en'/>"), 1, 0,
	    ADHOC_EXECUTE, "apply", "", "en", 0 },
	{ "a step",
	    IQ("set",
		COMMAND "node='apply' sessionid='s' action='next'>" X
			"</command>"),
	    1, 0, ADHOC_NEXT, "apply", "s", "de", 1 },
	{ "back", IQ("set", COMMAND "node='a' sessionid='s' action='prev'/>"),
	    1, 0, ADHOC_PREV, "a", "s", "de", 0 },
	{ "the last",
	    IQ("set", COMMAND "node='a' sessionid='s' action='complete'/>"), 1,
	    0, ADHOC_COMPLETE, "a", "s", "de", 0 },
	{ "an end",
	    IQ("set", COMMAND "node='a' sessionid='s' action='cancel'/>"), 1, 0,
	    ADHOC_CANCEL, "a", "s", "de", 0 },
	{ "no such action", IQ("set", COMMAND "node='a' action='jump'/>"), -1,
	    ADHOC_MALFORMED_ACTION, 0, NULL, NULL, NULL, 0 },
	{ "two forms", IQ("set", COMMAND "node='a'>" X X "</command>"), -1,
	    ADHOC_BAD_PAYLOAD, 0, NULL, NULL, NULL, 0 },
	{ "no node", IQ("set", COMMAND "/>"), -1, ADHOC_NO_NODE, 0, NULL, NULL,
	    NULL, 0 },
	{ "a long node", IQ("set", COMMAND "node='" N64 "'/>"), -1,
	    ADHOC_NO_NODE, 0, NULL, NULL, NULL, 0 },
	{ "a get", IQ("get", COMMAND "node='a'/>"), 0, 0, 0, NULL, NULL, NULL,
	    0 },
	{ "a result", IQ("result", COMMAND "node='a'/>"), 0, 0, 0, NULL, NULL,
	    NULL, 0 },
	{ "two payloads", IQ("set", COMMAND "node='a'/>" COMMAND "node='b'/>"),
	    0, 0, 0, NULL, NULL, NULL, 0 },
	{ "another namespace", IQ("set", "<command xmlns='urn:x'/>"), 0, 0, 0,
	    NULL, NULL, NULL, 0 },
};

START_TEST(reads)
{
	struct adhoc_request r;
	enum adhoc_fault fault;
	int got = read_it(cases[_i].in, &r, &fault);

	ck_assert_msg(got == cases[_i].want, "%s: got %d", cases[_i].label,
	    got);
	ck_assert_int_eq(fault, cases[_i].fault);
	if (got != 1)
		return;
	ck_assert_int_eq(r.action, cases[_i].action);
	ck_assert_str_eq(r.node, cases[_i].node);
	ck_assert_str_eq(r.session, cases[_i].session);
	ck_assert_str_eq(r.lang, cases[_i].lang);
	ck_assert_int_eq(r.form != NULL, cases[_i].has_form);
}
END_TEST

static xmpp_stanza_t *
shell(void)
{
	struct adhoc_request r;
	enum adhoc_fault fault;

	ck_assert_int_eq(read_it(IQ("set", COMMAND "node='a'/>"), &r, &fault),
	    1);
	return stanza_reply(iq, "result");
}

static void
assert_reply(xmpp_stanza_t *reply, const char *const *want)
{
	char *text;
	size_t len;

	ck_assert_int_eq(xmpp_stanza_to_text(reply, &text, &len), XMPP_EOK);
	for (; *want != NULL; want++)
		ck_assert_msg(strstr(text, *want) != NULL, "%s is not in %s",
		    *want, text);
	xmpp_free(ctx, text);
	xmpp_stanza_release(reply);
}

START_TEST(goes_on)
{
	static const char *const want[] = { "type=\"result\"", "to=\"a@b/c\"",
		"status=\"executing\"", "sessionid=\"s1\"", "node=\"a\"",
		"<actions execute=\"next\"><prev/><next/></actions>",
		"<note type=\"error\">Look &amp; see</note>", "type=\"form\"",
		"xml:lang=\"de\"", NULL };
	const struct adhoc_note note = { ADHOC_ERROR, "Look & see" };
	struct form *f = form_new(NULL);
	struct adhoc_answer a = { .node = "a",
		.session = "s1",
		.status = ADHOC_EXECUTING,
		.actions = ADHOC_PREV | ADHOC_NEXT,
		.execute = ADHOC_NEXT,
		.lang = "de",
		.notes = &note,
		.note_count = 1,
		.form = f };
	xmpp_stanza_t *reply = shell();

	ck_assert_int_eq(adhoc_write(reply, &a, NULL), 0);
	assert_reply(reply, want);
	form_free(f);
}
END_TEST

START_TEST(ends)
{
	static const char *const want[] = { "status=\"completed\"",
		"<note type=\"info\">Done.</note>", "type=\"result\"", NULL };
	const struct adhoc_note note = { ADHOC_INFO, "Done." };
	struct adhoc_answer a = { .node = "a",
		.session = "s1",
		.status = ADHOC_COMPLETED,
		.notes = &note,
		.note_count = 1 };
	xmpp_stanza_t *reply = shell();

	ck_assert_int_eq(adhoc_write(reply, &a, NULL), 0);
	assert_reply(reply, want);
}
END_TEST

static const struct {
	enum adhoc_fault fault;
	const char *type, *condition, *own;
} faults[] = {
	{ ADHOC_MALFORMED_ACTION, "modify", "<bad-request ",
	    "<malformed-action " },
	{ ADHOC_BAD_ACTION, "modify", "<bad-request ", "<bad-action " },
	{ ADHOC_BAD_PAYLOAD, "modify", "<bad-request ", "<bad-payload " },
	{ ADHOC_BAD_SESSION, "modify", "<bad-request ", "<bad-sessionid " },
	{ ADHOC_SESSION_EXPIRED, "cancel", "<not-allowed ",
	    "<session-expired " },
	{ ADHOC_NO_NODE, "cancel", "<item-not-found ", "" },
	{ ADHOC_FORBIDDEN, "auth", "<forbidden ", "" },
	{ ADHOC_TWICE, "wait", "<unexpected-request ", "" },
	{ ADHOC_TOO_BIG, "modify", "<policy-violation ", "" },
	{ ADHOC_BUSY, "wait", "<resource-constraint ", "" },
};

START_TEST(errors)
{
	char type[32];
	const char *want[] = { "type=\"error\"", type, faults[_i].condition,
		faults[_i].own, NULL };
	xmpp_stanza_t *reply = shell();

	(void)snprintf(type, sizeof type, "<error type=\"%s\"",
	    faults[_i].type);
	ck_assert_int_eq(adhoc_write_error(reply, faults[_i].fault), 0);
	assert_reply(reply, want);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("adhoc");
	TCase *t = tcase_create("adhoc");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, reads, 0, COUNT(cases));
	tcase_add_test(t, goes_on);
	tcase_add_test(t, ends);
	tcase_add_loop_test(t, errors, 0, COUNT(faults));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

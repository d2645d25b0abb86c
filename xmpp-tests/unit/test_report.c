/* Reports of posts: what is one, and what is in it. */
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "xmpp/ns.h"
#include "xmpp/report.h"
#include "xmpp/stanza.h"

#define IQ(type, payload)                                                      \
	"<iq xmlns='jabber:component:accept' type='" type "' id='7' "          \
	"from='a@b/c' to='m'>" payload "</iq>"
#define BLOCK(inside) "<block xmlns='urn:xmpp:blocking'>" inside "</block>"
#define ITEM(inside) "<item jid='daily@example.org'>" inside "</item>"
#define REPORT(attrs, inside)                                                  \
	"<report xmlns='urn:xmpp:reporting:1'" attrs ">" inside "</report>"
#define ABUSE " reason='urn:xmpp:reporting:abuse'"
#define POST(by, id)                                                           \
	"<stanza-id xmlns='urn:xmpp:sid:0' by='" by "' id='" id "'/>"
#define P POST("room@r.example", "1")
#define EIGHT P P P P P P P P

static const struct {
	const char *label, *in;
	int want;
	const char *reason, *text; /* of a report */
	size_t posts;
} cases[] = {
	{ "as clients send it",
	    IQ("set", BLOCK(ITEM(REPORT(ABUSE, P "<text>No!</text>")))), 1,
	    "abuse", "No!", 1 },
	{ "spam",
	    IQ("set",
		BLOCK(ITEM(REPORT(" reason='urn:xmpp:reporting:spam'", P)))),
	    1, "spam", "", 1 },
	{ "another reason",
	    IQ("set", BLOCK(ITEM(REPORT(" reason='urn:example:odd'", P)))), 1,
	    "other", "", 1 },
	{ "no reason", IQ("set", BLOCK(ITEM(REPORT("", P)))), 1, "other", "",
	    1 },
	{ "two languages",
	    IQ("set",
		BLOCK(ITEM(REPORT(ABUSE,
		    P "<text xml:lang='en'>A</text><text>B</text>")))),
	    1, "abuse", "A", 1 },
	{ "bare", IQ("set", REPORT(ABUSE " jid='daily@example.org'", P)), 1,
	    "abuse", "", 1 },
	{ "what it does not know",
	    IQ("set",
		BLOCK(ITEM(REPORT(ABUSE,
		    P "<x xmlns='urn:x'/>") "<y xmlns='urn:y'/>"))),
	    1, "abuse", "", 1 },
	{ "eight posts", IQ("set", BLOCK(ITEM(REPORT(ABUSE, EIGHT)))), 1,
	    "abuse", "", 8 },
	{ "nine posts", IQ("set", BLOCK(ITEM(REPORT(ABUSE, EIGHT P)))), -1,
	    NULL, NULL, 0 },
	{ "no post", IQ("set", BLOCK(ITEM(REPORT(ABUSE, "")))), -1, NULL, NULL,
	    0 },
	{ "a post without an id",
	    IQ("set", BLOCK(ITEM(REPORT(ABUSE, POST("room@r.example", ""))))),
	    -1, NULL, NULL, 0 },
	{ "a post of nowhere",
	    IQ("set", BLOCK(ITEM(REPORT(ABUSE, POST("", "1"))))), -1, NULL,
	    NULL, 0 },
	{ "a stanza-id of another namespace",
	    IQ("set",
		BLOCK(ITEM(REPORT(ABUSE,
		    "<stanza-id xmlns='urn:evil' by='r' id='1'/>")))),
	    -1, NULL, NULL, 0 },
	{ "two accounts",
	    IQ("set", BLOCK(ITEM(REPORT(ABUSE, P)) ITEM(REPORT(ABUSE, P)))), -1,
	    NULL, NULL, 0 },
	{ "a mere block", IQ("set", BLOCK(ITEM(""))), -1, NULL, NULL, 0 },
	{ "an empty block", IQ("set", BLOCK("")), -1, NULL, NULL, 0 },
	{ "nobody's post", IQ("set", REPORT(ABUSE, P)), -1, NULL, NULL, 0 },
	{ "a report of another namespace",
	    IQ("set", "<report xmlns='urn:evil'>" P "</report>"), 0, NULL, NULL,
	    0 },
	{ "a question", IQ("get", BLOCK(ITEM(REPORT(ABUSE, P)))), 0, NULL, NULL,
	    0 },
	{ "something else", IQ("set", "<x xmlns='urn:x'/>"), 0, NULL, NULL, 0 },
	{ "nothing", IQ("set", ""), 0, NULL, NULL, 0 },
};

START_TEST(reads)
{
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	xmpp_stanza_t *iq = xmpp_stanza_new_from_string(ctx, cases[_i].in);
	struct report r;
	int rc;

	ck_assert_ptr_nonnull(iq);
	rc = report_read(iq, &r);
	ck_assert_msg(rc == cases[_i].want, "%s: got %d, want %d",
	    cases[_i].label, rc, cases[_i].want);
	if (rc == 1) {
		ck_assert_str_eq(r.jid, "daily@example.org");
		ck_assert_str_eq(r.reason, cases[_i].reason);
		ck_assert_str_eq(r.text, cases[_i].text);
		ck_assert_uint_eq(r.post_count, cases[_i].posts);
		ck_assert_str_eq(r.posts[r.post_count - 1].by,
		    "room@r.example");
		ck_assert_str_eq(r.posts[r.post_count - 1].id, "1");
		report_clear(&r);
	}
	xmpp_stanza_release(iq);
	xmpp_ctx_free(ctx);
}
END_TEST

START_TEST(long_texts_are_refused)
{
	static char in[REPORT_TEXT_MAX + 1024];
	static char text[REPORT_TEXT_MAX + 2];
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	struct report r;

	for (size_t more = 0; more < 2; more++) {
		xmpp_stanza_t *iq;

		memset(text, 'x', REPORT_TEXT_MAX + more);
		text[REPORT_TEXT_MAX + more] = '\0';
		(void)snprintf(in, sizeof in,
		    IQ("set", BLOCK(ITEM(REPORT(ABUSE, P "<text>%s</text>")))),
		    text);
		iq = xmpp_stanza_new_from_string(ctx, in);
		ck_assert_ptr_nonnull(iq);
		ck_assert_int_eq(report_read(iq, &r), more == 0 ? 1 : -1);
		report_clear(&r);
		xmpp_stanza_release(iq);
	}
	xmpp_ctx_free(ctx);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("report");
	TCase *t = tcase_create("report");

	tcase_add_loop_test(t, reads, 0, sizeof cases / sizeof cases[0]);
	tcase_add_test(t, long_texts_are_refused);
	suite_add_tcase(s, t);
	return unit_run(s);
}

/* Trees from events, and back to text. */
#include "unit/unit.h"

#include <stdbool.h>
#include <string.h>

#include "xmpp/ns.h"
#include "xmpp/reader.h"
#include "xmpp/stanza.h"

#define HEADER                                                                 \
	"<stream:stream xmlns='jabber:component:accept' "                      \
	"xmlns:stream='http://etherx.jabber.org/streams' id='s'>"
#define OURS " xmlns=\"jabber:component:accept\""

static struct stanza_builder *builder;
static bool drop_at_payload;
static struct buf written; /* every tree that ended, as text */
static struct err fault;

static void
on_start(void *arg, unsigned depth, const struct reader_name *name,
    const struct reader_attr *attrs, size_t count)
{
	(void)arg;
	if (depth == 2 && drop_at_payload)
		stanza_drop(builder);
	stanza_start(builder, depth, name, attrs, count);
}

static void
on_text(void *arg, unsigned depth, const char *text, size_t len)
{
	(void)arg;
	stanza_text(builder, depth, text, len);
}

static void
on_end(void *arg, unsigned depth)
{
	xmpp_stanza_t *s = NULL;

	(void)arg;
	stanza_end(builder, depth);
	if (depth > 1 || stanza_take(builder, &s, &fault) != 1)
		return;
	ck_assert_int_eq(stanza_write(&written, s, &fault), 0);
	xmpp_stanza_release(s);
}

static void
on_violation(void *arg, const char *name, const char *from, const char *to,
    const char *id, const char *type, const char *what)
{
	(void)arg;
	(void)name;
	(void)from;
	(void)to;
	(void)id;
	(void)type;
	(void)what;
	stanza_drop(builder);
}

static const struct reader_events events = { .on_start = on_start,
	.on_text = on_text,
	.on_end = on_end,
	.on_violation = on_violation };

static void
set_up(void)
{
	buf_init(&written, 1u << 20);
	fault.text[0] = '\0';
	drop_at_payload = false;
	ck_assert_int_eq(stanza_builder_new(&builder, &fault), 0);
}

static void
tear_down(void)
{
	stanza_builder_free(builder);
	buf_clear(&written);
}

static void
build(const char *stanzas)
{
	struct err e = { "" };
	struct reader *r;

	ck_assert_int_eq(reader_new(&r, &events, NULL, &e), 0);
	ck_assert_int_eq(reader_feed(r, HEADER, strlen(HEADER), &e), 0);
	for (size_t i = 0; stanzas[i] != '\0'; i++)
		ck_assert_msg(reader_feed(r, stanzas + i, 1, &e) == 0, "%s",
		    e.text);
	reader_free(r);
}

static const struct {
	const char *label, *in, *want;
} cases[] = {
	{ "an empty one", "<presence/>", "<presence" OURS "/>" },
	{ "text joined and escaped",
	    "<message><body>a&lt;<![CDATA[&]]>b"
	    "</body></message>",
	    "<message" OURS "><body>a&lt;&amp;b</body></message>" },
	{ "text around", "<message>a<b/>c</message>",
	    "<message" OURS ">a<b/>c</message>" },
	{ "a namespace of its own", "<iq><q xmlns='urn:q'><r/></q></iq>",
	    "<iq" OURS "><q xmlns=\"urn:q\"><r/></q></iq>" },
	{ "prefixes go, namespaces stay",
	    "<iq xmlns:p='urn:p'><p:q><p:r/><s/></p:q></iq>",
	    "<iq" OURS "><q xmlns=\"urn:p\"><r/><s" OURS "/></q></iq>" },
	{ "prefixed attributes go", "<m xmlns:e='urn:e' e:from='evil'/>",
	    "<m" OURS "/>" },
	{ "xml:lang stays", "<m xml:lang='de'/>", NULL },
	{ "an attribute with everything",
	    "<m><a v='&lt;&quot;&apos;&amp;'/>"
	    "</m>",
	    "<m" OURS "><a v=\"&lt;&quot;'&amp;\"/></m>" },
	{ "two", "<a/><b/>", "<a" OURS "/><b" OURS "/>" },
};

START_TEST(builds)
{
	if (cases[_i].want == NULL) {
		build(cases[_i].in);
		ck_assert_ptr_nonnull(strstr(written.data, "xml:lang=\"de\""));
		return;
	}
	build(cases[_i].in);
	ck_assert_msg(strcmp(written.data, cases[_i].want) == 0, "%s: got %s",
	    cases[_i].label, written.data);
}
END_TEST

START_TEST(keeps_the_head)
{
	build("<iq from='a@b' id='7' xmlns:e='urn:e' e:from='evil' "
	      "xml:lang='de' e:to='evil'/>");
	ck_assert_str_eq(stanza_head_name(builder), "iq");
	ck_assert_str_eq(stanza_head(builder, "from"), "a@b");
	ck_assert_str_eq(stanza_head(builder, "id"), "7");
	ck_assert_str_eq(stanza_head(builder, "xml:lang"), "de");
	ck_assert_str_eq(stanza_head(builder, "to"), "");
	ck_assert_str_eq(stanza_head(builder, "a@b"), "");
	build("<iq xmlns='urn:other' from='x'/>");
	ck_assert_str_eq(stanza_head_name(builder), "");
}
END_TEST

START_TEST(drops)
{
	drop_at_payload = true;
	build("<iq id='1'>text<q><r>text</r></q></iq><presence/>");
	ck_assert_str_eq(written.data, "<presence" OURS "/>");
	ck_assert_str_eq(fault.text, "");
	ck_assert_str_eq(stanza_head_name(builder), "presence");
}
END_TEST

static void
build_wide(unsigned children)
{
	struct buf b;

	buf_init(&b, READER_STANZA_MAX);
	buf_adds(&b, "<m>");
	for (unsigned i = 0; i < children; i++)
		buf_adds(&b, "<a/>");
	buf_adds(&b, "</m><presence/>");
	build(b.data);
	buf_clear(&b);
}

START_TEST(has_a_limit)
{
	build_wide(STANZA_ELEMENTS_MAX - 1);
	ck_assert_str_eq(fault.text, "");
	buf_reset(&written);
	build_wide(STANZA_ELEMENTS_MAX);
	ck_assert_str_eq(fault.text, "a stanza with more than 512 elements");
	ck_assert_str_eq(written.data, "<presence" OURS "/>");
}
END_TEST

/* A violation, and a stream that ends, leave half a tree behind. */
START_TEST(survives_half_a_stanza)
{
	struct buf b;

	build("<m><a><b>text");
	build("<presence/><m><a>");
	buf_init(&b, READER_STANZA_MAX);
	buf_adds(&b, "<m>");
	for (unsigned i = 0; i <= READER_DEPTH_MAX; i++)
		buf_adds(&b, "<a>");
	for (unsigned i = 0; i <= READER_DEPTH_MAX; i++)
		buf_adds(&b, "</a>");
	buf_adds(&b, "</m><presence/>");
	build(b.data);
	ck_assert_str_eq(written.data,
	    "<presence" OURS "/><presence" OURS "/>");
	buf_clear(&b);
}
END_TEST

static xmpp_stanza_t *
parse(const char *text)
{
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	xmpp_stanza_t *s = xmpp_stanza_new_from_string(ctx, text);

	ck_assert_ptr_nonnull(s);
	return s;
}

static void
release(xmpp_stanza_t *s)
{
	xmpp_ctx_t *ctx = xmpp_stanza_get_context(s);

	xmpp_stanza_release(s);
	xmpp_ctx_free(ctx);
}

START_TEST(replies)
{
	xmpp_stanza_t *s = parse("<iq type='get' id='7' from='a@b/c' to='d' "
				 "xml:lang='de'/>");
	xmpp_stanza_t *r = stanza_reply_error(s, "cancel", "item-not-found");
	xmpp_stanza_t *error = stanza_payload(r);

	ck_assert_str_eq(stanza_get(r, "to"), "a@b/c");
	ck_assert_str_eq(stanza_get(r, "from"), "d");
	ck_assert_str_eq(stanza_get(r, "id"), "7");
	ck_assert_str_eq(stanza_get(r, "type"), "error");
	ck_assert_int_eq(xmpp_stanza_get_attribute_count(r), 4);
	ck_assert_str_eq(xmpp_stanza_get_name(error), "error");
	ck_assert_str_eq(stanza_get(error, "type"), "cancel");
	ck_assert(stanza_is(xmpp_stanza_get_children(error), "item-not-found",
	    NS_STANZAS));
	xmpp_stanza_release(r);
	release(s);
}
END_TEST

START_TEST(finds_the_payload)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "<iq/>", NULL },
		{ "<iq>text</iq>", NULL },
		{ "<iq> <a/> </iq>", "a" },
		{ "<iq><a/><b/></iq>", NULL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		xmpp_stanza_t *s = parse(rows[i].in);
		xmpp_stanza_t *p = stanza_payload(s);

		if (rows[i].want == NULL)
			ck_assert_ptr_null(p);
		else
			ck_assert_str_eq(xmpp_stanza_get_name(p), rows[i].want);
		release(s);
	}
}
END_TEST

START_TEST(hands_a_failure_on)
{
	ck_assert_ptr_null(stanza_add(NULL, "a", NULL));
	ck_assert_int_eq(stanza_set(NULL, "a", "b"), -1);
	ck_assert_int_eq(stanza_add_text(NULL, "a"), -1);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("stanza");
	TCase *t = tcase_create("stanza");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, builds, 0, COUNT(cases));
	tcase_add_test(t, keeps_the_head);
	tcase_add_test(t, drops);
	tcase_add_test(t, has_a_limit);
	tcase_add_test(t, survives_half_a_stanza);
	tcase_add_test(t, replies);
	tcase_add_test(t, finds_the_payload);
	tcase_add_test(t, hands_a_failure_on);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

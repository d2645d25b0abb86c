/* The reader: what it says, what it refuses, and what that costs.  Every
 * input is read whole and byte by byte: the events must be the same. */
#include "unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "xmpp/reader.h"

#define HEADER                                                                 \
	"<?xml version='1.0'?><stream:stream "                                 \
	"xmlns='jabber:component:accept' "                                     \
	"xmlns:stream='http://etherx.jabber.org/streams' id='s1'>"
#define PING "<iq from='u@h/r' to='c' id='7' type='get'><p xmlns='urn:p'/></iq>"
#define PING_SAID "[iq {from=u@h/r}{to=c}{id=7}{type=get}[p@urn:p ]]"
#define OPEN "(id=s1)"

/* Memory that no stanza may pass, whatever is in it: the parser with a tag of
 * 256 KiB, the tag itself, and the reader with its address slots. */
#define MEMORY_BOUND (4u << 20)

/* The events as text: [name@ns {attr=value}...text...] and !(violation). */
struct said {
	struct buf log;
	unsigned depth;
};

static void
say_attrs(struct buf *b, const struct reader_attr *attrs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct reader_name *n = &attrs[i].name;

		buf_addf(b, "{%s%s%s=%s}", n->local, n->ns[0] ? "@" : "", n->ns,
		    attrs[i].value);
	}
}

static void
on_stream(void *arg, const struct reader_attr *attrs, size_t count)
{
	struct said *s = arg;

	ck_assert_uint_eq(count, 1);
	buf_addf(&s->log, "(%s=%s)", attrs[0].name.local, attrs[0].value);
}

static void
on_start(void *arg, unsigned depth, const struct reader_name *name,
    const struct reader_attr *attrs, size_t count)
{
	struct said *s = arg;
	bool is_ours = strcmp(name->ns, "jabber:component:accept") == 0;

	if (depth == 1)
		s->depth = 0; /* a violation may have cut the last one */
	ck_assert_uint_eq(depth, s->depth + 1);
	s->depth = depth;
	buf_addf(&s->log, "[%s%s%s ", name->local, is_ours ? "" : "@",
	    is_ours ? "" : name->ns);
	say_attrs(&s->log, attrs, count);
}

static void
on_text(void *arg, unsigned depth, const char *text, size_t len)
{
	struct said *s = arg;

	ck_assert_uint_eq(depth, s->depth);
	buf_add(&s->log, text, len);
}

static void
on_end(void *arg, unsigned depth)
{
	struct said *s = arg;

	ck_assert_uint_eq(depth, s->depth);
	s->depth--;
	buf_adds(&s->log, "]");
}

static void
on_violation(void *arg, const char *name, const char *from, const char *to,
    const char *id, const char *type, const char *what)
{
	struct said *s = arg;

	buf_addf(&s->log, "!(%s from=%s to=%s id=%s type=%s: %s)", name, from,
	    to, id, type, what);
}

static void
on_close(void *arg)
{
	buf_adds(&((struct said *)arg)->log, ".");
}

static const struct reader_events events = { on_stream, on_start, on_text,
	on_end, on_violation, on_close };

struct outcome {
	struct said said;
	struct reader_counts counts;
	struct err err;
	int rc;
};

/* In the middle of something huge, small steps only cost time: all limits
 * have been passed there. */
static size_t
step_at(size_t at, size_t len, size_t step)
{
	if (step < 4096 && at > 3 * READER_STANZA_MAX && len - at > 8192)
		return 4096;
	return len - at < step ? len - at : step;
}

static void
read_in_steps(struct outcome *o, const char *bytes, size_t len, size_t step)
{
	struct reader *r;
	size_t n;

	memset(o, 0, sizeof *o);
	buf_init(&o->said.log, 64u << 20);
	ck_assert_int_eq(reader_new(&r, &events, &o->said, &o->err), 0);
	for (size_t at = 0; at < len && o->rc == 0; at += n) {
		n = step_at(at, len, step);
		o->rc = reader_feed(r, bytes + at, n, &o->err);
	}
	o->counts = *reader_counts(r);
	reader_free(r);
	ck_assert(!o->said.log.failed);
}

static void
outcome_clear(struct outcome *o)
{
	buf_clear(&o->said.log);
}

static const char *
log_of(const struct outcome *o)
{
	return o->said.log.data != NULL ? o->said.log.data : "";
}

/* Plain cases: all of the bytes here, all of what is said here. */

static const struct {
	const char *label, *in, *want;
	const char *error; /* how it ends, or NULL */
} cases[] = {
	{ "a ping", HEADER PING, OPEN PING_SAID, NULL },
	{ "white space between stanzas", HEADER " \n" PING " " PING,
	    OPEN PING_SAID PING_SAID, NULL },
	{ "no declaration",
	    "<s:stream xmlns:s='http://etherx.jabber.org/streams' id='s1'>",
	    OPEN, NULL },
	{ "the end", HEADER PING "</stream:stream>junk < & \x80",
	    OPEN PING_SAID ".", NULL },
	{ "text and references", HEADER "<message>a&lt;b&#x41;&amp;</message>",
	    OPEN "[message a<bA&]", NULL },
	{ "CDATA", HEADER "<message><![CDATA[<a>]] ]>]]></message>" PING,
	    OPEN "[message <a>]] ]>]" PING_SAID, NULL },
	{ "markup in values", HEADER "<message a='>' b=\"'/>\" c='&lt;'/>" PING,
	    OPEN "[message {a=>}{b='/>}{c=<}]" PING_SAID, NULL },
	{ "a prefixed attribute is another",
	    HEADER "<iq xmlns:e='urn:e' e:from='evil' from='real' id='1'/>",
	    OPEN "[iq {from@urn:e=evil}{from=real}{id=1}]", NULL },
	{ "xml:lang is prefixed", HEADER "<message xml:lang='de'/>",
	    OPEN "[message {lang@http://www.w3.org/XML/1998/namespace=de}]",
	    NULL },
	{ "a namespace with a space", HEADER "<q xmlns='urn:a b'/>",
	    OPEN "[q@urn:a b ]", NULL },
	{ "no namespace", HEADER "<q xmlns=''/>", OPEN "[q@ ]", NULL },
	{ "prefixed elements", HEADER "<x:q xmlns:x='urn:x'><x:r/></x:q>",
	    OPEN "[q@urn:x [r@urn:x ]]", NULL },
	{ "beyond ASCII",
	    HEADER "<message f='\xc3\xbc'>\xf0\x9f\x98\x80"
		   "</message>",
	    OPEN "[message {f=\xc3\xbc}\xf0\x9f\x98\x80]", NULL },

	{ "a document type",
	    "<?xml version='1.0'?><!DOCTYPE s [<!ENTITY a 'b'>]><s/>", "",
	    "a comment or a document type" },
	{ "a document type later", HEADER "<!DOCTYPE s>", OPEN,
	    "a comment or a document type" },
	{ "an entity bomb",
	    "<!DOCTYPE l [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;'>]><l>&b;</l>",
	    "", "a comment or a document type" },
	{ "an unknown entity", HEADER "<message>&b;</message>",
	    OPEN "[message ", "malformed XML: undefined entity" },
	{ "a comment", HEADER "<iq><!-- x --></iq>", OPEN "[iq ",
	    "a comment or a document type" },
	{ "an instruction", HEADER "<iq><?php x?></iq>", OPEN "[iq ",
	    "a processing instruction" },
	{ "an instruction first", "<?php x?>" HEADER, "",
	    "a processing instruction" },
	{ "two declarations", HEADER "<?xml version='1.0'?>", OPEN,
	    "a processing instruction" },
	{ "invalid UTF-8 in text", HEADER "<message>\xff</message>",
	    OPEN "[message ",
	    "malformed XML: not well-formed "
	    "(invalid token)" },
	{ "invalid UTF-8 in a value", HEADER "<message a='\xc3\x28'/>", OPEN,
	    "malformed XML: not well-formed (invalid token)" },
	{ "overlong UTF-8", HEADER "<message>\xc0\xbc</message>",
	    OPEN "[message ",
	    "malformed XML: not well-formed "
	    "(invalid token)" },
	{ "UTF-16 declared and sent anyway",
	    "<?xml version='1.0' encoding='UTF-16'?>\xfe\xff", "",
	    "malformed XML: text before the header" },
	{ "a byte order mark", "\xff\xfe<", "",
	    "malformed XML: text before the header" },
	{ "text first", " hello " HEADER, "",
	    "malformed XML: text before the header" },
	{ "an unknown prefix", HEADER "<iq><x:y/></iq>", OPEN "[iq ",
	    "malformed XML: unbound prefix" },
	{ "an unknown prefix of an attribute", HEADER "<iq e:from='x'/>", OPEN,
	    "malformed XML: unbound prefix" },
	{ "an attribute twice", HEADER "<iq id='1' id='2'/>", OPEN,
	    "malformed XML: duplicate attribute" },
	{ "an attribute twice by two prefixes",
	    HEADER "<iq xmlns:a='u' xmlns:b='u' a:i='1' b:i='2'/>", OPEN,
	    "malformed XML: duplicate attribute" },
	{ "tags that cross", HEADER "<iq><a></iq></a>", OPEN "[iq [a ",
	    "malformed XML: mismatched tag" },
	{ "the separator in a namespace", HEADER "<q xmlns='urn:a&#1;b'/>",
	    OPEN, "malformed XML: reference to invalid character number" },
	{ "an end before all", "</stream:stream>", "",
	    "malformed XML: an end tag without a start" },
	{ "not XMPP", "<html id='s1'>", "",
	    "the other side does not speak XMPP" },
	{ "another stream", "<stream xmlns='urn:other' id='1'>", "",
	    "the other side does not speak XMPP" },
	{ "an empty root",
	    "<s:stream "
	    "xmlns:s='http://etherx.jabber.org/streams' id='s1'/>",
	    "", "a stream header that is none" },
};

/* A violation in the middle: stanzas before and after are read. */
static const struct {
	const char *label, *in, *want;
} skipped[] = {
	{ "a long namespace name",
	    "<iq from='a' to='b' id='1' type='get'>"
	    "<x xmlns:p='" /* 300 bytes */
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "0123456789012345678901234567890123456789012345678901234567890123"
	    "01234567890123456789012345678901234567890123'/><p:x/></iq>",
	    "[iq {from=a}{to=b}{id=1}{type=get}"
	    "!(iq from=a to=b id=1 type=get: a namespace name over 256 bytes)" },
};

static void
assert_outcome(const char *label, const char *in, size_t len, const char *want,
    const char *error, size_t step)
{
	struct outcome o;

	read_in_steps(&o, in, len, step);
	ck_assert_msg(strcmp(log_of(&o), want) == 0,
	    "%s, in steps of %zu: got %s, want %s", label, step, log_of(&o),
	    want);
	ck_assert_msg(strcmp(o.err.text, error != NULL ? error : "") == 0,
	    "%s, in steps of %zu: got error %s", label, step, o.err.text);
	ck_assert_int_eq(o.rc, error != NULL ? -1 : 0);
	ck_assert_uint_le(o.counts.memory_peak, MEMORY_BOUND);
	outcome_clear(&o);
}

START_TEST(says)
{
	const char *in = cases[_i].in;

	for (size_t step = 1; step < 8; step++)
		assert_outcome(cases[_i].label, in, strlen(in), cases[_i].want,
		    cases[_i].error, step);
	assert_outcome(cases[_i].label, in, strlen(in), cases[_i].want,
	    cases[_i].error, strlen(in));
}
END_TEST

/* How `b` ends is what the next stanza says, so that it is known to live. */
static void
assert_skipped(const char *label, const struct buf *stanza, const char *want)
{
	static const size_t steps[] = { 1, 7, 1448, 65536, SIZE_MAX / 2 };
	struct buf in, all;

	buf_init(&in, 64u << 20);
	buf_init(&all, 64u << 20);
	buf_adds(&in, HEADER PING);
	buf_add(&in, stanza->data, stanza->len);
	buf_adds(&in, PING);
	buf_adds(&all, OPEN PING_SAID);
	buf_adds(&all, want);
	buf_adds(&all, PING_SAID);
	for (size_t i = 0; i < COUNT(steps); i++)
		assert_outcome(label, in.data, in.len, all.data, NULL,
		    steps[i]);
	buf_clear(&in);
	buf_clear(&all);
}

START_TEST(skips_small)
{
	struct buf b;

	buf_init(&b, READER_STANZA_MAX);
	buf_adds(&b, skipped[_i].in);
	assert_skipped(skipped[_i].label, &b, skipped[_i].want);
	buf_clear(&b);
}
END_TEST

/* Big ones are made. */

#define HEAD "<message from='m@h/r' to='c' id='9' type='chat'>"
#define HEAD_SAID "[message {from=m@h/r}{to=c}{id=9}{type=chat}"
#define ADDRESS "message from=m@h/r to=c id=9 type=chat: "

static void
repeat(struct buf *b, const char *s, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_adds(b, s);
}

static void
make_children(struct buf *in, struct buf *want)
{
	buf_adds(in, HEAD);
	repeat(in, "<a/>", 65000);
	buf_adds(in, "</message>");
	buf_adds(want, HEAD_SAID);
	repeat(want, "[a ]", READER_ELEMENTS_MAX - 1);
	buf_adds(want, "!(" ADDRESS "more than 2000 elements)");
}

static void
make_levels(struct buf *in, struct buf *want)
{
	buf_adds(in, HEAD);
	repeat(in, "<a>", 100000);
	repeat(in, "</a>", 100000);
	buf_adds(in, "</message>");
	buf_adds(want, HEAD_SAID);
	repeat(want, "[a ", READER_DEPTH_MAX - 1);
	buf_adds(want, "!(" ADDRESS "more than 32 levels)");
}

static void
make_text(struct buf *in, struct buf *want)
{
	size_t head = strlen(HEAD "<body>");

	buf_adds(in, HEAD "<body>");
	repeat(in, "0123456789abcdef", 655360);
	buf_adds(in, "</body></message>");
	buf_adds(want, HEAD_SAID "[body ");
	for (size_t i = head; i < READER_STANZA_MAX; i++)
		buf_add(want, &"0123456789abcdef"[(i - head) % 16], 1);
	buf_adds(want, "!(" ADDRESS "a stanza over 262144 bytes)");
}

static void
make_cdata(struct buf *in, struct buf *want)
{
	size_t head = strlen(HEAD "<![CDATA[");

	buf_adds(in, HEAD "<![CDATA[");
	repeat(in, "<<<<<<<</message", 65536);
	buf_adds(in, "]]></message>");
	buf_adds(want, HEAD_SAID);
	for (size_t i = head; i < READER_STANZA_MAX; i++)
		buf_add(want, &"<<<<<<<</message"[(i - head) % 16], 1);
	buf_adds(want, "!(" ADDRESS "a stanza over 262144 bytes)");
}

static void
add_attrs(struct buf *in, size_t count)
{
	for (size_t i = 0; i < count; i++)
		buf_addf(in, " a%zu='%zu'", i, i);
}

static void
make_attrs(struct buf *in, struct buf *want)
{
	buf_adds(in, HEAD "<x");
	add_attrs(in, 10000);
	buf_adds(in, "/></message>");
	buf_adds(want, HEAD_SAID "!(" ADDRESS "more than 64 attributes)");
}

/* In the stanza's own tag, and its addresses come last. */
static void
make_top_attrs(struct buf *in, struct buf *want)
{
	buf_adds(in, "<message");
	add_attrs(in, 10000);
	buf_adds(in,
	    " from = \"m@h/&#x72;\" to='c' e:to='x' id='&lt;9&gt;'>"
	    "<a/></message>");
	buf_adds(want,
	    "!(message from=m@h/r to=c id=<9> type=: more than 64 attributes)");
}

static void
make_value(struct buf *in, struct buf *want)
{
	buf_adds(in, HEAD "<x y='");
	repeat(in, "0123456789abcdef", 655360);
	buf_adds(in, "'/></message>");
	buf_adds(want, HEAD_SAID "!(" ADDRESS "a stanza over 262144 bytes)");
}

/* A tag that never fits is skipped; what is behind it still counts. */
static void
make_top_value(struct buf *in, struct buf *want)
{
	buf_adds(in, "<message id='");
	repeat(in, "0123456789abcdef", 655360);
	buf_adds(in, "' from='m@h/r' to='c'/>");
	buf_adds(want,
	    "!(message from=m@h/r to=c id= type=: "
	    "a stanza over 262144 bytes)");
}

static void
make_top_foreign(struct buf *in, struct buf *want)
{
	buf_adds(in, "<message xmlns='urn:other' from='m'");
	add_attrs(in, 100);
	buf_adds(in, "/>");
	buf_adds(want, "!( from=m to= id= type=: more than 64 attributes)");
}

static void
make_name(struct buf *in, struct buf *want)
{
	buf_adds(in, HEAD "<");
	repeat(in, "abcdefgh", 131072);
	buf_adds(in, "/></message>");
	buf_adds(want, HEAD_SAID "!(" ADDRESS "a stanza over 262144 bytes)");
}

/* Prefixed attributes and declarations count, too. */
static void
make_declarations(struct buf *in, struct buf *want)
{
	buf_adds(in, HEAD "<x");
	for (unsigned i = 0; i < READER_ATTRS_MAX + 1; i++)
		buf_addf(in, " xmlns:n%u='urn:%u'", i, i);
	buf_adds(in, "/></message>");
	buf_adds(want, HEAD_SAID "!(" ADDRESS "more than 64 attributes)");
}

static const struct {
	const char *label;
	void (*make)(struct buf *in, struct buf *want);
} hostile[] = {
	{ "65,000 children", make_children },
	{ "100,000 levels", make_levels },
	{ "10 MB of text", make_text },
	{ "1 MB of CDATA that looks like tags", make_cdata },
	{ "10,000 attributes", make_attrs },
	{ "10,000 attributes of the stanza", make_top_attrs },
	{ "10 MB in a value", make_value },
	{ "10 MB in the stanza's id", make_top_value },
	{ "100 attributes of a foreign element", make_top_foreign },
	{ "a name of 1 MB", make_name },
	{ "65 declarations", make_declarations },
};

START_TEST(skips)
{
	struct buf in, want;

	buf_init(&in, 64u << 20);
	buf_init(&want, 64u << 20);
	hostile[_i].make(&in, &want);
	assert_skipped(hostile[_i].label, &in, want.data);
	buf_clear(&in);
	buf_clear(&want);
}
END_TEST

/* Exactly the limits pass. */
START_TEST(passes_at_the_limit)
{
	struct outcome o;
	struct buf in;

	buf_init(&in, 64u << 20);
	buf_adds(&in, HEADER "<m>");
	repeat(&in, "<a/>", READER_ELEMENTS_MAX - 1);
	buf_adds(&in, "</m><m>");
	repeat(&in, "<a>", READER_DEPTH_MAX - 1);
	repeat(&in, "</a>", READER_DEPTH_MAX - 1);
	buf_adds(&in, "</m><m");
	add_attrs(&in, READER_ATTRS_MAX);
	buf_adds(&in, "/><m>");
	repeat(&in, "x", READER_STANZA_MAX - strlen("<m></m>"));
	buf_adds(&in, "</m><m a='");
	repeat(&in, "x", READER_STANZA_MAX - strlen("<m a=''/>"));
	buf_adds(&in, "'/><m xmlns='");
	repeat(&in, "x", READER_NS_MAX);
	buf_adds(&in, "'/>");
	read_in_steps(&o, in.data, in.len, 4096);
	ck_assert_str_eq(o.err.text, "");
	ck_assert_uint_eq(o.counts.violations, 0);
	ck_assert_uint_eq(o.counts.stanzas, 6);
	ck_assert_uint_le(o.counts.memory_peak, MEMORY_BOUND);
	outcome_clear(&o);
	buf_clear(&in);
}
END_TEST

/* Things without an end: between stanzas there is no limit of a stanza. */
static const struct {
	const char *label, *begin, *error;
} endless[] = {
	{ "a header", "<stream:stream id='",
	    "a stream header over 4096 bytes" },
	{ "a reference", HEADER "&",
	    "malformed XML: a reference without an end" },
	{ "a reference in a stanza", HEADER "<m>&",
	    "malformed XML: a reference without an end" },
	{ "an end tag of the stream", HEADER "</", "a tag over 262144 bytes" },
	{ "white space before the header", " ",
	    "a stream header over 4096 bytes" },
};

START_TEST(ends_the_endless)
{
	for (size_t step = 1; step < 70000; step *= 16) {
		struct outcome o;
		struct buf in;

		buf_init(&in, 64u << 20);
		buf_adds(&in, endless[_i].begin);
		repeat(&in, endless[_i].begin[0] == ' ' ? " " : "a", 1 << 20);
		read_in_steps(&o, in.data, in.len, step);
		ck_assert_int_eq(o.rc, -1);
		ck_assert_str_eq(o.err.text, endless[_i].error);
		ck_assert_uint_le(o.counts.memory_peak, MEMORY_BOUND);
		outcome_clear(&o);
		buf_clear(&in);
	}
}
END_TEST

/*
 * Work.  The scanner looks at each byte once by construction; what can
 * multiply is what expat is given.  One more than the bytes that came is
 * never needed but for the header again after a renewal.
 */
START_TEST(work_is_linear)
{
	for (size_t i = 0; i < COUNT(hostile); i++) {
		struct outcome o;
		struct buf in, want;

		buf_init(&in, 64u << 20);
		buf_init(&want, 64u << 20);
		buf_adds(&in, HEADER);
		for (unsigned n = 0; n < 3; n++)
			hostile[i].make(&in, &want);
		read_in_steps(&o, in.data, in.len, 1);
		ck_assert_int_eq(o.rc, 0);
		ck_assert_uint_eq(o.counts.bytes, in.len);
		ck_assert_uint_le(o.counts.parsed,
		    3 * READER_STANZA_MAX + 4 * strlen(HEADER));
		ck_assert_uint_le(o.counts.parsed, in.len + 3 * strlen(HEADER));
		ck_assert_uint_le(o.counts.events, in.len);
		ck_assert_uint_eq(o.counts.violations, 3);
		ck_assert_uint_eq(o.counts.stanzas, 3);
		outcome_clear(&o);
		buf_clear(&in);
		buf_clear(&want);
	}
}
END_TEST

/* What makes expat hold most within the limits: new attribute names, and
 * prefixed ones, each of which is stored with its namespace. */
static void
make_worst(struct buf *b, const char *prefix)
{
	unsigned n = 0;

	buf_adds(b, "<m xmlns:p='");
	repeat(b, "u", READER_NS_MAX);
	buf_adds(b, "'>");
	while (b->len < READER_STANZA_MAX - 2048) {
		buf_adds(b, "<a");
		for (unsigned i = 0; i < READER_ATTRS_MAX; i++)
			buf_addf(b, " %sa%x=''", prefix, n++);
		buf_adds(b, "/>");
	}
	buf_adds(b, "</m>");
}

/* Four times, so that what stays of one would add up. */
static void
read_worst(struct outcome *o, const struct buf *stanza)
{
	struct buf in;

	buf_init(&in, 4 * READER_STANZA_MAX + 4096);
	buf_adds(&in, HEADER);
	for (unsigned i = 0; i < 4; i++)
		buf_add(&in, stanza->data, stanza->len);
	ck_assert(!in.failed);
	read_in_steps(o, in.data, in.len, 65536);
	buf_clear(&in);
}

START_TEST(memory_is_bounded_at_worst)
{
	static const char *const prefixes[] = { "", "p:" };

	for (size_t i = 0; i < COUNT(prefixes); i++) {
		struct outcome o;
		struct buf in;

		buf_init(&in, READER_STANZA_MAX);
		make_worst(&in, prefixes[i]);
		ck_assert_uint_gt(in.len, READER_STANZA_MAX - 4096);
		read_worst(&o, &in);
		ck_assert_str_eq(o.err.text, "");
		ck_assert_uint_eq(o.counts.violations, 0);
		ck_assert_uint_eq(o.counts.stanzas, 4);
		ck_assert_uint_le(o.counts.memory_peak, MEMORY_BOUND);
		outcome_clear(&o);
		buf_clear(&in);
	}
}
END_TEST

/* expat keeps every name that it has seen: new names must not add up. */
START_TEST(memory_is_flat_over_new_names)
{
	struct said said = { .depth = 0 };
	struct err e = { "" };
	struct reader *r;
	size_t early;

	buf_init(&said.log, 1u << 20);
	ck_assert_int_eq(reader_new(&r, &events, &said, &e), 0);
	ck_assert_int_eq(reader_feed(r, HEADER, strlen(HEADER), &e), 0);
	for (unsigned i = 0; i < 60000; i++) {
		char s[256];
		int len = snprintf(s, sizeof s,
		    "<m%u xmlns:p%u='urn:%u' a%u='' p%u:b%u=''/>", i, i, i, i,
		    i, i);

		ck_assert_int_eq(reader_feed(r, s, (size_t)len, &e), 0);
		buf_reset(&said.log);
		if (i == 20000)
			early = reader_counts(r)->memory_peak;
	}
	ck_assert_uint_eq(reader_counts(r)->stanzas, 60000);
	ck_assert_uint_le(reader_counts(r)->memory_peak, early + 4096);
	ck_assert_uint_le(reader_counts(r)->memory_peak, 1u << 20);
	reader_free(r);
	buf_clear(&said.log);
}
END_TEST

START_TEST(begins_again_after_anything)
{
	struct said said = { .depth = 0 };
	struct err e = { "" };
	struct reader *r;

	buf_init(&said.log, 1u << 20);
	ck_assert_int_eq(reader_new(&r, &events, &said, &e), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct err ignored;

		(void)reader_feed(r, cases[i].in, strlen(cases[i].in),
		    &ignored);
		ck_assert_int_eq(reader_reset(r, &e), 0);
		buf_reset(&said.log);
		said.depth = 0;
		ck_assert_int_eq(
		    reader_feed(r, HEADER PING, strlen(HEADER PING), &e), 0);
		ck_assert_str_eq(said.log.data, OPEN PING_SAID);
		ck_assert_int_eq(reader_reset(r, &e), 0);
	}
	reader_free(r);
	buf_clear(&said.log);
}
END_TEST

/* NULs, which no string of a table can hold: expat would guess UTF-16. */
START_TEST(guesses_no_encoding)
{
	static const struct {
		char bytes[5];
		size_t len;
	} rows[] = {
		{ { '-', 0, 3 }, 3 },
		{ { '<', 0, 's', 0 }, 4 },
		{ { 0, '<', 0, 's' }, 4 },
		{ { ' ', 0, '<', 0 }, 4 },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t step = 1; step <= rows[i].len; step++) {
			struct outcome o;

			read_in_steps(&o, rows[i].bytes, rows[i].len, step);
			ck_assert_int_eq(o.rc, -1);
			ck_assert_uint_eq(o.said.log.len, 0);
			outcome_clear(&o);
		}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("reader");
	TCase *t = tcase_create("reader");

	tcase_set_timeout(t, 120);
	tcase_add_loop_test(t, says, 0, COUNT(cases));
	tcase_add_loop_test(t, skips_small, 0, COUNT(skipped));
	tcase_add_loop_test(t, skips, 0, COUNT(hostile));
	tcase_add_loop_test(t, ends_the_endless, 0, COUNT(endless));
	tcase_add_test(t, passes_at_the_limit);
	tcase_add_test(t, guesses_no_encoding);
	tcase_add_test(t, work_is_linear);
	tcase_add_test(t, memory_is_bounded_at_worst);
	tcase_add_test(t, memory_is_flat_over_new_names);
	tcase_add_test(t, begins_again_after_anything);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

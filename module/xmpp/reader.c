/*
 * Reads an XML stream with limits; see reader.h.
 *
 * Two machines in a row.  The *scanner* looks at every byte once and knows
 * just enough of XML to tell where a tag begins and ends, how deep it is and
 * how many attributes it has.  It keeps an unfinished tag back, so that
 * *expat* gets whole tags only: expat scans an unfinished token again from
 * its first byte with every read, which makes a tag that arrives byte by
 * byte quadratic, and it stores the whole token, however long.
 *
 * What breaks a limit never reaches expat.  The scanner alone finds the end
 * of that stanza, and a fresh parser goes on behind it, after it has been
 * given the stream's header again.  The same renewal bounds what expat keeps
 * for good: every name that it has ever seen.
 */
#include "xmpp/reader.h"

#include <expat.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "xmpp/ns.h"

/* No XML document can contain it, not even as a reference: no namespace name
 * can be built that moves the border between namespace and local name. */
#define NS_SEPARATOR '\x01'

#define PARSER_MEMORY_SOFT (512u << 10) /* renew the parser beyond */
#define PARSER_PIECE READER_STANZA_MAX	/* at once; expat copies it */
#define PARSER_MEMORY_MAX (16u << 20)	/* never more: out of memory */

/* Since expat 2.6.0, and in security updates of 2.5.0 too, so that no version
 * number tells: weak, and NULL where the library does not have it. */
extern XML_Bool XML_SetReparseDeferralEnabled(XML_Parser parser,
    XML_Bool enabled) __attribute__((weak));

enum scan {
	SCAN_TEXT = 0, /* between tags */
	SCAN_REF,      /* in a reference in text */
	SCAN_LT,       /* after "<" */
	SCAN_TAG,      /* in a start tag */
	SCAN_END,      /* in an end tag */
	SCAN_BANG,     /* after "<!" */
	SCAN_CDATA,
	SCAN_DECL, /* in <?xml ...?> */
};

/* One attribute of a stanza, for the answer to a violation. */
struct slot {
	char text[READER_ADDRESS_MAX + 1];
	size_t len;
	bool is_over; /* longer than that */
};

enum slot_index { SLOT_FROM, SLOT_TO, SLOT_ID, SLOT_TYPE, SLOT_XMLNS, SLOTS };

static const char *const slot_names[SLOTS] = { "from", "to", "id", "type",
	"xmlns" };

/* Reads the slots from a start tag that expat does not get to see. */
struct capture {
	enum { CAPTURE_ELEMENT, CAPTURE_GAP, CAPTURE_NAME, CAPTURE_VALUE } at;
	char quote;
	char name[8];
	size_t name_len; /* may grow beyond the array: then it is none */
	char ref[12];
	size_t ref_len;
	bool in_ref;
	struct slot *slot; /* NULL: not one of ours */
};

struct memory {
	size_t now, peak;
};

struct reader {
	struct reader_events events;
	void *arg;
	struct reader_counts counts;

	/* The scanner. */
	enum scan scan;
	unsigned depth;	   /* open elements, the root included */
	size_t unit_len;   /* bytes of the header, or of this stanza */
	unsigned elements; /* of this stanza */
	unsigned attrs;	   /* of this start tag */
	char quote;	   /* in a value: the quote that ends it */
	size_t value_len;
	char attr_name[5]; /* how the attribute's name begins */
	unsigned attr_name_len;
	bool is_gap; /* white space since the last name */
	bool is_long_ns;
	bool is_slash;	  /* the byte before was "/" */
	unsigned matched; /* bytes of "[CDATA[", of a reference, of "]]" */
	bool has_decl, is_closed, is_dead;
	bool is_skipping;
	bool is_capturing;
	const char *violation;
	struct capture capture;
	char name[32]; /* of the stanza */
	struct slot slots[SLOTS];

	/* The bytes of this feed; offsets. */
	const char *in;
	size_t in_len, pos;
	size_t fed;	 /* what is before is done with */
	size_t token_at; /* where the tag began, if nothing is pending */

	struct buf pending; /* an unfinished tag's earlier bytes */
	struct buf header;  /* the root's start tag */

	/* The parser. */
	XML_Parser parser;
	struct memory memory;
	unsigned open; /* elements open for expat, the root included */
	bool is_replay;
	const char *fault; /* why a handler stopped the parser */
	struct reader_attr attr_list[READER_ATTRS_MAX];
	char ns_list[READER_ATTRS_MAX + 1][READER_NS_MAX + 1];
};

/* Memory.  expat's memory functions have no argument of ours, so the reader
 * at work is noted here around each call. */

static _Thread_local struct memory *memory_at_work;

union memory_head {
	size_t len;
	max_align_t align;
};

static bool
memory_grow(size_t more)
{
	struct memory *m = memory_at_work;

	if (more > PARSER_MEMORY_MAX - m->now)
		return false;
	m->now += more;
	if (m->now > m->peak)
		m->peak = m->now;
	return true;
}

static void *
memory_alloc(size_t len)
{
	union memory_head *h;

	if (len > PARSER_MEMORY_MAX || !memory_grow(len))
		return NULL;
	h = malloc(sizeof *h + len);
	if (h == NULL) {
		memory_at_work->now -= len;
		return NULL;
	}
	h->len = len;
	return h + 1;
}

static void
memory_free(void *p)
{
	union memory_head *h = p;

	if (h == NULL)
		return;
	h--;
	memory_at_work->now -= h->len;
	free(h);
}

static void *
memory_realloc(void *p, size_t len)
{
	union memory_head *h = p;
	void *n;

	if (h == NULL)
		return memory_alloc(len);
	n = memory_alloc(len);
	if (n == NULL)
		return NULL;
	memcpy(n, p, h[-1].len < len ? h[-1].len : len);
	memory_free(p);
	return n;
}

static void
memory_note_peak(struct reader *r)
{
	size_t now =
	    sizeof *r + r->memory.peak + r->pending.cap + r->header.cap;

	if (now > r->counts.memory_peak)
		r->counts.memory_peak = now;
}

/* Addressing. */

static void
slots_clear(struct reader *r)
{
	r->name[0] = '\0';
	for (size_t i = 0; i < SLOTS; i++) {
		r->slots[i].text[0] = '\0';
		r->slots[i].len = 0;
		r->slots[i].is_over = false;
	}
}

static void
slot_add(struct slot *s, const char *bytes, size_t len)
{
	if (s->is_over || len > READER_ADDRESS_MAX - s->len) {
		s->is_over = true;
		s->text[0] = '\0';
		return;
	}
	memcpy(s->text + s->len, bytes, len);
	s->len += len;
	s->text[s->len] = '\0';
}

static struct slot *
slot_find(struct reader *r, const char *name, size_t len)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (strlen(slot_names[i]) == len &&
		    memcmp(slot_names[i], name, len) == 0)
			return &r->slots[i];
	return NULL;
}

static void
slots_note(struct reader *r, const struct reader_name *name,
    const struct reader_attr *attrs, size_t count)
{
	size_t len = strlen(name->local);

	slots_clear(r);
	if (len >= sizeof r->name || strcmp(name->ns, NS_COMPONENT) != 0)
		return;
	memcpy(r->name, name->local, len + 1);
	for (size_t i = 0; i < count; i++) {
		const char *local = attrs[i].name.local;
		struct slot *s;

		if (attrs[i].name.ns[0] != '\0')
			continue;
		s = slot_find(r, local, strlen(local));
		if (s != NULL)
			slot_add(s, attrs[i].value, strlen(attrs[i].value));
	}
}

static void
slot_add_code(struct slot *s, unsigned long c)
{
	char u[4];
	size_t len = 0;

	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000)) {
		s->is_over = true;
		s->text[0] = '\0';
		return;
	}
	if (c < 0x80) {
		u[len++] = (char)c;
	} else if (c < 0x800) {
		u[len++] = (char)(0xc0 | c >> 6);
		u[len++] = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		u[len++] = (char)(0xe0 | c >> 12);
		u[len++] = (char)(0x80 | (c >> 6 & 0x3f));
		u[len++] = (char)(0x80 | (c & 0x3f));
	} else {
		u[len++] = (char)(0xf0 | c >> 18);
		u[len++] = (char)(0x80 | (c >> 12 & 0x3f));
		u[len++] = (char)(0x80 | (c >> 6 & 0x3f));
		u[len++] = (char)(0x80 | (c & 0x3f));
	}
	slot_add(s, u, len);
}

/* The reference in `ref`, without "&" and ";". */
static void
capture_reference(struct capture *c)
{
	static const struct {
		const char *name;
		char c;
	} names[] = { { "amp", '&' }, { "lt", '<' }, { "gt", '>' },
		{ "quot", '"' }, { "apos", '\'' } };

	c->ref[c->ref_len] = '\0';
	if (c->ref[0] == '#') {
		bool hex = c->ref[1] == 'x';

		slot_add_code(c->slot,
		    strtoul(c->ref + (hex ? 2 : 1), NULL, hex ? 16 : 10));
		return;
	}
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(names[i].name, c->ref) == 0)
			slot_add(c->slot, &names[i].c, 1);
}

static void
capture_value(struct capture *c, char byte)
{
	if (byte == c->quote) {
		c->at = CAPTURE_GAP;
		c->name_len = 0;
		c->in_ref = false;
	} else if (c->slot == NULL) {
		return;
	} else if (c->in_ref && byte == ';') {
		c->in_ref = false;
		capture_reference(c);
	} else if (c->in_ref) {
		if (c->ref_len < sizeof c->ref - 1)
			c->ref[c->ref_len++] = byte;
	} else if (byte == '&') {
		c->in_ref = true;
		c->ref_len = 0;
	} else {
		slot_add(c->slot, &byte, 1);
	}
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void
capture_byte(struct reader *r, char byte)
{
	struct capture *c = &r->capture;
	size_t len = strlen(r->name);

	switch (c->at) {
	case CAPTURE_ELEMENT:
		if (is_space(byte))
			c->at = CAPTURE_GAP;
		else if (byte != '<' && len + 1 < sizeof r->name) {
			r->name[len] = byte;
			r->name[len + 1] = '\0';
		}
		break;
	case CAPTURE_GAP:
	case CAPTURE_NAME:
		if (byte == '\'' || byte == '"') {
			c->slot = c->name_len <= sizeof c->name
			    ? slot_find(r, c->name, c->name_len)
			    : NULL;
			c->quote = byte;
			c->at = CAPTURE_VALUE;
		} else if (is_space(byte)) {
			c->at = CAPTURE_GAP;
		} else if (byte != '=') {
			if (c->at == CAPTURE_GAP)
				c->name_len = 0;
			c->at = CAPTURE_NAME;
			if (c->name_len < sizeof c->name)
				c->name[c->name_len] = byte;
			c->name_len++;
		}
		break;
	case CAPTURE_VALUE:
		capture_value(c, byte);
		break;
	}
}

static void
capture_run(struct reader *r, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		capture_byte(r, bytes[i]);
}

static void
capture_begin(struct reader *r)
{
	slots_clear(r);
	memset(&r->capture, 0, sizeof r->capture);
	r->is_capturing = true;
}

static void
capture_end(struct reader *r)
{
	const struct slot *xmlns = &r->slots[SLOT_XMLNS];

	r->is_capturing = false;
	if (strlen(r->name) + 1 == sizeof r->name ||
	    strchr(r->name, ':') != NULL || xmlns->is_over ||
	    (xmlns->len > 0 && strcmp(xmlns->text, NS_COMPONENT) != 0))
		r->name[0] = '\0';
}

/* The parser and its handlers. */

/* The namespace is copied, the local name borrowed. */
static struct reader_name
name_split(const char *name, char ns[READER_NS_MAX + 1])
{
	const char *sep = strchr(name, NS_SEPARATOR);
	struct reader_name n = { "", name };
	size_t len;

	if (sep == NULL)
		return n;
	len = (size_t)(sep - name);
	if (len > READER_NS_MAX)
		len = READER_NS_MAX; /* the scanner lets none through */
	memcpy(ns, name, len);
	ns[len] = '\0';
	n.ns = ns;
	n.local = sep + 1;
	return n;
}

static void
handler_stop(struct reader *r, const char *why)
{
	r->fault = why;
	(void)XML_StopParser(r->parser, XML_FALSE);
}

static void
handle_header(struct reader *r, const struct reader_name *name, size_t count)
{
	if (r->is_replay)
		return;
	if (strcmp(name->ns, NS_STREAM) != 0 ||
	    strcmp(name->local, "stream") != 0) {
		handler_stop(r, "the other side does not speak XMPP");
		return;
	}
	r->counts.events++;
	if (r->events.on_stream != NULL)
		r->events.on_stream(r->arg, r->attr_list, count);
}

static void XMLCALL
handle_start(void *arg, const XML_Char *xname, const XML_Char **xattrs)
{
	struct reader *r = arg;
	struct reader_name name = name_split(xname, r->ns_list[0]);
	size_t count = 0;

	for (; xattrs[0] != NULL && count < READER_ATTRS_MAX; xattrs += 2) {
		r->attr_list[count].name =
		    name_split(xattrs[0], r->ns_list[count + 1]);
		r->attr_list[count++].value = xattrs[1];
	}
	if (r->open++ == 0) {
		handle_header(r, &name, count);
		return;
	}
	if (r->open == 2)
		slots_note(r, &name, r->attr_list, count);
	r->counts.events++;
	if (r->events.on_start != NULL)
		r->events.on_start(r->arg, r->open - 1, &name, r->attr_list,
		    count);
}

static void XMLCALL
handle_end(void *arg, const XML_Char *xname)
{
	struct reader *r = arg;

	(void)xname;
	r->counts.events++;
	if (--r->open == 0) {
		if (r->events.on_close != NULL)
			r->events.on_close(r->arg);
	} else if (r->events.on_end != NULL) {
		r->events.on_end(r->arg, r->open);
	}
}

static void XMLCALL
handle_text(void *arg, const XML_Char *text, int len)
{
	struct reader *r = arg;

	if (r->open < 2)
		return;
	r->counts.events++;
	if (r->events.on_text != NULL)
		r->events.on_text(r->arg, r->open - 1, text, (size_t)len);
}

static void XMLCALL
handle_instruction(void *arg, const XML_Char *target, const XML_Char *data)
{
	(void)target;
	(void)data;
	handler_stop(arg, "a processing instruction");
}

static void
parser_free(struct reader *r)
{
	memory_at_work = &r->memory;
	if (r->parser != NULL)
		XML_ParserFree(r->parser);
	r->parser = NULL;
}

static int
parser_new(struct reader *r, struct err *e)
{
	static const XML_Memory_Handling_Suite suite = { memory_alloc,
		memory_realloc, memory_free };
	static const XML_Char separator[] = { NS_SEPARATOR, '\0' };

	parser_free(r);
	memory_at_work = &r->memory;
	/* The encoding given here overrides what the header declares; that
	 * it cannot begin like UTF-16 is the scanner's business. */
	r->parser = XML_ParserCreate_MM("UTF-8", &suite, separator);
	if (r->parser == NULL)
		return err_set(e, "no memory for an XML parser");
	r->open = 0;
	r->fault = NULL;
	if (XML_SetReparseDeferralEnabled != NULL)
		(void)XML_SetReparseDeferralEnabled(r->parser, XML_FALSE);
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, handle_start, handle_end);
	XML_SetCharacterDataHandler(r->parser, handle_text);
	XML_SetProcessingInstructionHandler(r->parser, handle_instruction);
	return 0;
}

static int
parser_feed(struct reader *r, const char *bytes, size_t len, struct err *e)
{
	enum XML_Status status = XML_STATUS_OK;

	r->counts.parsed += len;
	memory_at_work = &r->memory;
	while (len > 0 && status == XML_STATUS_OK) {
		size_t n = len < PARSER_PIECE ? len : PARSER_PIECE;

		status = XML_Parse(r->parser, bytes, (int)n, XML_FALSE);
		bytes += n;
		len -= n;
	}
	memory_note_peak(r);
	if (status == XML_STATUS_OK)
		return 0;
	r->is_dead = true;
	if (r->fault != NULL)
		return err_set(e, "%s", r->fault);
	return err_set(e, "malformed XML: %s",
	    XML_ErrorString(XML_GetErrorCode(r->parser)));
}

/* A fresh parser, as if it had read the header and nothing else. */
static int
parser_renew(struct reader *r, struct err *e)
{
	int rc;

	if (parser_new(r, e) == -1) {
		r->is_dead = true;
		return -1;
	}
	r->memory.peak = r->memory.now;
	r->is_replay = true;
	rc = parser_feed(r, r->header.data, r->header.len, e);
	r->is_replay = false;
	return rc;
}

/* The scanner. */

/* Gives expat all up to `to`; an unfinished tag must have been finished. */
static int
flush(struct reader *r, size_t to, struct err *e)
{
	size_t from = r->fed;

	r->fed = to;
	if (r->is_skipping || to <= from)
		return 0;
	return parser_feed(r, r->in + from, to - from, e);
}

/* Whether the scanner is in a tag, of which expat has nothing yet. */
static bool
in_tag(const struct reader *r)
{
	return r->scan == SCAN_LT || r->scan == SCAN_TAG ||
	    r->scan == SCAN_END || r->scan == SCAN_BANG || r->scan == SCAN_DECL;
}

/* Where expat's part of this feed ends: before a tag that is not complete. */
static size_t
whole_end(const struct reader *r)
{
	if (!in_tag(r))
		return r->pos;
	return r->pending.len == 0 ? r->token_at : r->fed;
}

/* Ends the stream; what came before is still read. */
static int
dead(struct reader *r, struct err *e, const char *why)
{
	if (!r->is_dead && flush(r, whole_end(r), e) == -1)
		return -1;
	r->is_dead = true;
	return err_set(e, "%s", why);
}

/* The tag that began in an earlier feed ends at `pos`. */
static int
token_done(struct reader *r, struct err *e)
{
	int rc;

	r->scan = SCAN_TEXT;
	if (r->pending.len == 0)
		return 0;
	buf_add(&r->pending, r->in + r->fed, r->pos - r->fed);
	r->fed = r->pos;
	if (r->pending.failed)
		return dead(r, e, "no memory for a tag");
	rc = parser_feed(r, r->pending.data, r->pending.len, e);
	buf_reset(&r->pending);
	return rc;
}

static void
report_violation(struct reader *r)
{
	r->counts.violations++;
	r->counts.events++;
	if (r->events.on_violation != NULL)
		r->events.on_violation(r->arg, r->name,
		    r->slots[SLOT_FROM].text, r->slots[SLOT_TO].text,
		    r->slots[SLOT_ID].text, r->slots[SLOT_TYPE].text,
		    r->violation);
}

/* The stanza up to `pos` broke a limit: from here on it is skipped. */
static int
violate(struct reader *r, const char *what, struct err *e)
{
	size_t from = whole_end(r);

	if (flush(r, from, e) == -1)
		return -1;
	r->is_skipping = true;
	r->violation = what;
	if (r->depth == 1) {
		capture_begin(r);
		capture_run(r, r->pending.data, r->pending.len);
		capture_run(r, r->in + from, r->pos - from);
	} else {
		report_violation(r);
	}
	buf_clear(&r->pending);
	r->fed = r->pos;
	return 0;
}

/* The scanner has seen the end of a stanza. */
static int
stanza_done(struct reader *r, struct err *e)
{
	r->counts.stanzas++;
	if (r->is_skipping) {
		r->is_skipping = false;
		r->fed = r->pos;
		return parser_renew(r, e);
	}
	if (r->memory.now <= PARSER_MEMORY_SOFT)
		return 0;
	if (flush(r, r->pos, e) == -1)
		return -1;
	return parser_renew(r, e);
}

static const char *
tag_fault(const struct reader *r)
{
	if (r->attrs > READER_ATTRS_MAX)
		return "more than 64 attributes";
	if (r->is_long_ns)
		return "a namespace name over 256 bytes";
	if (r->elements > READER_ELEMENTS_MAX)
		return "more than 2000 elements";
	if (r->depth > READER_DEPTH_MAX)
		return "more than 32 levels";
	return NULL;
}

/* The root's start tag is complete. */
static int
header_done(struct reader *r, struct err *e)
{
	size_t from = whole_end(r);

	if (tag_fault(r) != NULL || r->is_slash)
		return dead(r, e, "a stream header that is none");
	buf_reset(&r->header);
	buf_add(&r->header, r->pending.data, r->pending.len);
	buf_add(&r->header, r->in + from, r->pos - from);
	if (r->header.failed)
		return dead(r, e, "no memory for the stream header");
	r->depth = 1;
	return token_done(r, e);
}

/* A start tag ends at `pos`. */
static int
tag_done(struct reader *r, struct err *e)
{
	bool is_stanza = r->depth == 1;
	bool is_empty = r->is_slash;
	const char *what;

	if (r->depth == 0)
		return header_done(r, e);
	r->elements = is_stanza ? 1 : r->elements + 1;
	what = r->is_skipping ? NULL : tag_fault(r);
	if (what != NULL && violate(r, what, e) == -1)
		return -1;
	if (r->is_capturing) {
		capture_end(r);
		report_violation(r);
	}
	if (!is_empty)
		r->depth++;
	if (token_done(r, e) == -1)
		return -1;
	return is_stanza && is_empty ? stanza_done(r, e) : 0;
}

/* A byte of a start tag that is in no value. */
static void
tag_byte(struct reader *r, char c)
{
	r->is_slash = c == '/';
	if (c == '"' || c == '\'') {
		r->quote = c;
		r->value_len = 0;
		r->attrs++;
	} else if (is_space(c)) {
		r->is_gap = true;
	} else if (c != '=') {
		if (r->is_gap)
			r->attr_name_len = 0;
		r->is_gap = false;
		if (r->attr_name_len < sizeof r->attr_name)
			r->attr_name[r->attr_name_len++] = c;
	}
}

static void
value_done(struct reader *r)
{
	r->quote = '\0';
	r->is_gap = true;
	if (r->value_len > READER_NS_MAX && r->attr_name_len == 5 &&
	    memcmp(r->attr_name, "xmlns", 5) == 0)
		r->is_long_ns = true;
}

static int
scan_tag(struct reader *r, size_t end, struct err *e)
{
	size_t begin = r->pos;
	bool is_done = false;

	while (r->pos < end && !is_done) {
		const char *p = r->in + r->pos;

		if (r->quote == '\0') {
			is_done = *p == '>';
			if (!is_done)
				tag_byte(r, *p);
			r->pos++;
			continue;
		}
		p = memchr(p, r->quote, end - r->pos);
		if (p == NULL) {
			r->value_len += end - r->pos;
			r->pos = end;
			break;
		}
		r->value_len += (size_t)(p - r->in) - r->pos;
		r->pos = (size_t)(p - r->in) + 1;
		value_done(r);
	}
	r->unit_len += r->pos - begin;
	if (r->is_capturing)
		capture_run(r, r->in + begin, r->pos - begin);
	return is_done ? tag_done(r, e) : 0;
}

static int
scan_end(struct reader *r, size_t end, struct err *e)
{
	const char *p = memchr(r->in + r->pos, '>', end - r->pos);
	size_t to = p == NULL ? end : (size_t)(p - r->in) + 1;

	r->unit_len += to - r->pos;
	r->pos = to;
	if (p == NULL)
		return 0;
	if (token_done(r, e) == -1)
		return -1;
	r->depth--;
	if (r->depth == 1)
		return stanza_done(r, e);
	if (r->depth == 0) {
		r->is_closed = true;
		return flush(r, r->pos, e);
	}
	return 0;
}

static int
scan_text(struct reader *r, size_t end)
{
	const char *p = r->in + r->pos, *stop = r->in + end;
	size_t begin = r->pos;

	while (p < stop && *p != '<' && *p != '&')
		p++;
	r->pos = (size_t)(p - r->in);
	if (p < stop && *p == '<') {
		r->token_at = r->pos++;
		r->scan = SCAN_LT;
	} else if (p < stop) {
		r->pos++;
		r->matched = 0;
		r->scan = SCAN_REF;
	}
	if (r->depth != 1)
		r->unit_len += r->pos - begin;
	else
		r->unit_len = r->scan == SCAN_LT ? 1 : 0;
	return 0;
}

/*
 * Before the header: white space only.  Whatever encoding it is given, expat
 * takes a NUL or a byte order mark at the very beginning for UTF-16, and
 * would then see other tags than the scanner; XMPP is UTF-8 (RFC 6120
 * #xml-encoding).
 */
static int
scan_prolog(struct reader *r, size_t end, struct err *e)
{
	size_t begin = r->pos;

	while (r->pos < end && is_space(r->in[r->pos]))
		r->pos++;
	if (r->pos < end && r->in[r->pos] != '<')
		return dead(r, e, "malformed XML: text before the header");
	if (r->pos < end) {
		r->token_at = r->pos++;
		r->scan = SCAN_LT;
	}
	r->unit_len += r->pos - begin;
	return 0;
}

/* expat would keep a reference without an end and read it again each time. */
static int
scan_ref(struct reader *r, size_t end, struct err *e)
{
	(void)end;
	if (r->in[r->pos] == ';')
		r->scan = SCAN_TEXT;
	else if (++r->matched > READER_REF_MAX)
		return dead(r, e, "malformed XML: a reference without an end");
	r->pos++;
	r->unit_len++;
	return 0;
}

static int
scan_lt(struct reader *r, struct err *e)
{
	char c = r->in[r->pos];

	if (c == '\0') /* see scan_prolog */
		return dead(r, e, "malformed XML: a NUL");
	if (c == '/' && r->depth == 0)
		return dead(r, e, "malformed XML: an end tag without a start");
	if (c == '?' && (r->depth > 0 || r->has_decl))
		return dead(r, e, "a processing instruction");
	if (c == '/' || c == '!' || c == '?') {
		r->pos++;
		r->unit_len++;
		r->matched = 0;
		r->scan = c == '/' ? SCAN_END
		    : c == '!'	   ? SCAN_BANG
				   : SCAN_DECL;
		return 0;
	}
	r->scan = SCAN_TAG;
	r->attrs = 0;
	r->quote = '\0';
	r->attr_name_len = 0;
	r->is_gap = r->is_slash = r->is_long_ns = false;
	return 0;
}

/* Of all that begins with "<!", XMPP allows CDATA (RFC 6120 #xml). */
static int
scan_bang(struct reader *r, struct err *e)
{
	static const char want[] = "[CDATA[";

	if (r->depth == 0 || r->in[r->pos] != want[r->matched])
		return dead(r, e, "a comment or a document type");
	r->pos++;
	r->unit_len++;
	if (want[++r->matched] != '\0')
		return 0;
	if (token_done(r, e) == -1)
		return -1;
	r->matched = 0;
	r->scan = SCAN_CDATA;
	return 0;
}

static int
scan_cdata(struct reader *r, size_t end)
{
	size_t begin = r->pos;

	while (r->pos < end && r->scan == SCAN_CDATA) {
		char c = r->in[r->pos++];

		if (c == '>' && r->matched >= 2)
			r->scan = SCAN_TEXT;
		r->matched = c == ']' ? r->matched + (r->matched < 2) : 0;
	}
	r->unit_len += r->pos - begin;
	return 0;
}

static int
scan_decl(struct reader *r, size_t end, struct err *e)
{
	const char *p = memchr(r->in + r->pos, '>', end - r->pos);
	size_t to = p == NULL ? end : (size_t)(p - r->in) + 1;

	r->unit_len += to - r->pos;
	r->pos = to;
	if (p == NULL)
		return 0;
	r->has_decl = true;
	return token_done(r, e);
}

/* How far the scanner may go in this step: to the limit, then it is over. */
static size_t
scan_limit(const struct reader *r)
{
	size_t max = r->depth == 0 ? READER_HEADER_MAX : READER_STANZA_MAX;
	bool is_between =
	    r->depth == 1 && (r->scan == SCAN_TEXT || r->scan == SCAN_REF);

	if (r->is_skipping || is_between ||
	    r->in_len - r->pos <= max - r->unit_len)
		return r->in_len;
	return r->pos + (max - r->unit_len);
}

static int
scan_over(struct reader *r, struct err *e)
{
	if (r->depth == 0)
		return dead(r, e, "a stream header over 4096 bytes");
	if (r->depth == 1 && r->scan != SCAN_TAG)
		return dead(r, e, "a tag over 262144 bytes");
	return violate(r, "a stanza over 262144 bytes", e);
}

static int
scan_step(struct reader *r, struct err *e)
{
	size_t end = scan_limit(r);

	if (end == r->pos)
		return scan_over(r, e);
	switch (r->scan) {
	case SCAN_TEXT:
		return r->depth == 0 ? scan_prolog(r, end, e)
				     : scan_text(r, end);
	case SCAN_REF:
		return scan_ref(r, end, e);
	case SCAN_LT:
		return scan_lt(r, e);
	case SCAN_TAG:
		return scan_tag(r, end, e);
	case SCAN_END:
		return scan_end(r, end, e);
	case SCAN_BANG:
		return scan_bang(r, e);
	case SCAN_CDATA:
		return scan_cdata(r, end);
	case SCAN_DECL:
		return scan_decl(r, end, e);
	}
	return dead(r, e, "no such state");
}

/* At the end of a feed: what is whole goes to expat, the rest is kept. */
static int
feed_done(struct reader *r, struct err *e)
{
	if (r->is_skipping)
		return 0;
	if (flush(r, whole_end(r), e) == -1)
		return -1;
	if (!in_tag(r))
		return 0;
	buf_add(&r->pending, r->in + r->fed, r->in_len - r->fed);
	memory_note_peak(r);
	if (r->pending.failed)
		return dead(r, e, "no memory for a tag");
	return 0;
}

int
reader_feed(struct reader *r, const char *bytes, size_t len, struct err *e)
{
	if (r->is_dead)
		return err_set(e, "the stream is over");
	r->counts.bytes += len;
	r->in = bytes;
	r->in_len = len;
	r->pos = r->fed = 0;
	while (r->pos < len && !r->is_closed)
		if (scan_step(r, e) == -1)
			return -1;
	return r->is_closed ? 0 : feed_done(r, e);
}

int
reader_reset(struct reader *r, struct err *e)
{
	r->scan = SCAN_TEXT;
	r->depth = r->elements = 0;
	r->unit_len = 0;
	r->has_decl = r->is_closed = r->is_dead = false;
	r->is_skipping = r->is_capturing = false;
	buf_clear(&r->pending);
	buf_clear(&r->header);
	slots_clear(r);
	if (parser_new(r, e) == -1) {
		r->is_dead = true;
		return -1;
	}
	r->memory.peak = r->memory.now;
	return 0;
}

int
reader_new(struct reader **out, const struct reader_events *events, void *arg,
    struct err *e)
{
	struct reader *r = calloc(1, sizeof *r);

	if (r == NULL)
		return err_set(e, "no memory for a reader");
	r->events = *events;
	r->arg = arg;
	buf_init(&r->pending, READER_STANZA_MAX);
	buf_init(&r->header, READER_HEADER_MAX);
	if (reader_reset(r, e) == -1) {
		reader_free(r);
		return -1;
	}
	*out = r;
	return 0;
}

void
reader_free(struct reader *r)
{
	if (r == NULL)
		return;
	parser_free(r);
	buf_clear(&r->pending);
	buf_clear(&r->header);
	free(r);
}

const struct reader_counts *
reader_counts(const struct reader *r)
{
	return &r->counts;
}

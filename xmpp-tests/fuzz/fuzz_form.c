/*
 * Fuzz: any bytes as what a command's IQ holds.
 *
 * Whatever is taken into the form keeps to the form: no value that is longer,
 * more, or another than it allows without a fault.  Written again, with every
 * fault told, it is one well-formed stanza.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "xmpp/adhoc.h"
#include "xmpp/form.h"
#include "xmpp/ns.h"
#include "xmpp/reader.h"
#include "xmpp/stanza.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HEADER                                                                 \
	"<stream:stream xmlns='jabber:component:accept' "                      \
	"xmlns:stream='http://etherx.jabber.org/streams' id='s'>"
#define IQ "<iq type='set' id='1' from='a@b/c' to='m'>"
#define LINE_MAX_LEN 32

static struct reader *reader, *judge;
static struct stanza_builder *builder;
static struct buf answer;
static unsigned judged;

static void
want(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_form: %s\n", what);
	abort();
}

/* One field of each sort. */
static struct form *
sample(void)
{
	struct form *f = form_new("urn:test:0");
	struct form_field *field;

	form_title(f, "Title");
	form_instruct(f, "Instructions");
	form_require(form_add(f, FORM_TEXT, "text", "Text"));
	form_limit(form_find(f, "text"), LINE_MAX_LEN);
	form_add(f, FORM_TEXT_MULTI, "lines", "Lines");
	form_add(f, FORM_BOOLEAN, "boolean", "Boolean");
	field = form_add(f, FORM_LIST, "list", "List");
	form_option(field, "a", "A");
	form_option(field, "b", "B");
	field = form_add(f, FORM_LIST_MULTI, "choice", "Choice");
	form_choose(field, 1, 2);
	form_option(field, "a", "A");
	form_option(field, "b", "B");
	form_option(field, "c", "C");
	form_add(f, FORM_JID, "jid", "JID");
	form_add(f, FORM_JID_MULTI, "jids", "JIDs");
	form_datatype(form_add_line(f, "number", "N", NULL), FORM_INTEGER, 1,
	    9);
	form_datatype(form_add_line(f, "uri", "U", NULL), FORM_URI, 0, 0);
	form_datatype(form_add_line(f, "date", "D", NULL), FORM_DATE, 0, 0);
	form_add_hidden(f, "hidden", "kept");
	form_add_text(f, "fixed", "kept");
	return f;
}

static enum form_fault
fault_of(const struct form *f, const char *var)
{
	return form_fault(form_find(f, var));
}

static void
check_answers(const struct form *f)
{
	const char *s = form_get(f, "list");

	want(strcmp(form_get(f, "hidden"), "kept") == 0, "hidden changed");
	want(strcmp(form_get(f, "fixed"), "kept") == 0, "a text changed");
	want(strlen(form_get(f, "text")) <= LINE_MAX_LEN, "a long line");
	want(strpbrk(form_get(f, "text"), "\r\n\t\x7f") == NULL, "a control");
	want(strlen(form_get(f, "lines")) <= FORM_TEXT_MAX, "a long text");
	want(form_get(f, "text")[0] != '\0' || fault_of(f, "text") != FORM_OK,
	    "nothing where something must be");
	want(s[0] == '\0' || strcmp(s, "a") == 0 || strcmp(s, "b") == 0,
	    "no option");
	want(form_get_nth(f, "list", 1) == NULL, "two of one");
	want(form_get_nth(f, "choice", 2) == NULL ||
		fault_of(f, "choice") != FORM_OK,
	    "three of two");
	s = form_get(f, "number");
	want(s[0] == '\0' || fault_of(f, "number") != FORM_OK ||
		(strtol(s, NULL, 10) >= 1 && strtol(s, NULL, 10) <= 9),
	    "a number out of range");
	for (size_t i = 0; form_get_nth(f, "jids", i) != NULL; i++)
		want(i < FORM_OPTIONS_MAX, "too many values");
}

static void
judge_end(void *arg, unsigned depth)
{
	(void)arg;
	judged += depth == 1;
}

static void
judge_answer(xmpp_stanza_t *reply)
{
	struct err e;

	buf_reset(&answer);
	want(stanza_write(&answer, reply, &e) == 0 && !answer.failed,
	    "an answer too long");
	judged = 0;
	want(reader_feed(judge, answer.data, answer.len, &e) == 0 &&
		judged == 1,
	    "a malformed answer");
}

/* The form comes back, its own words among the rest. */
static void
write_back(xmpp_stanza_t *iq, struct form *f, const struct adhoc_request *q)
{
	struct adhoc_note note = { ADHOC_ERROR, q->lang };
	struct adhoc_answer a = { .node = q->node,
		.session = q->session,
		.actions = ADHOC_NEXT | ADHOC_PREV,
		.execute = ADHOC_NEXT,
		.lang = q->lang,
		.notes = &note,
		.note_count = 1,
		.form = f };
	struct form_field *field = NULL;
	xmpp_stanza_t *reply = stanza_reply(iq, "result");
	struct err e;

	while ((field = form_fault_next(f, field)) != NULL)
		form_blame(field, q->node);
	want(adhoc_write(reply, &a, &e) == 0, "memory");
	judge_answer(reply);
	xmpp_stanza_release(reply);
}

static void
on_stanza(xmpp_stanza_t *iq)
{
	struct adhoc_request q;
	enum adhoc_fault fault = ADHOC_FINE;
	struct form *f;
	int rc = adhoc_read(iq, &q, &fault);
	xmpp_stanza_t *reply;

	want((rc == -1) == (fault != ADHOC_FINE), "a fault without a fault");
	if (rc == -1) {
		reply = stanza_reply(iq, "error");
		want(adhoc_write_error(reply, fault) == 0, "memory");
		judge_answer(reply);
		xmpp_stanza_release(reply);
	}
	if (rc != 1)
		return;
	want(strlen(q.node) <= ADHOC_NODE_MAX, "a long node");
	f = sample();
	if (q.form != NULL && form_fill(f, q.form) == FORM_TAKEN)
		check_answers(f);
	write_back(iq, f, &q);
	form_free(f);
}

static void
on_start(void *arg, unsigned depth, const struct reader_name *name,
    const struct reader_attr *attrs, size_t count)
{
	(void)arg;
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
	struct err e;

	(void)arg;
	stanza_end(builder, depth);
	if (depth != 1 || stanza_take(builder, &s, &e) != 1)
		return;
	on_stanza(s);
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

static void
begin(struct reader *r, const char *bytes)
{
	struct err e;

	want(reader_reset(r, &e) == 0 &&
		reader_feed(r, bytes, strlen(bytes), &e) == 0,
	    "a header");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct reader_events events = { .on_start = on_start,
		.on_text = on_text,
		.on_end = on_end,
		.on_violation = on_violation };
	static const struct reader_events judges = { .on_end = judge_end };
	struct err e;

	if (reader == NULL) {
		/* Each byte may come back as an entity, several times. */
		buf_init(&answer, 16 * READER_STANZA_MAX);
		want(reader_new(&reader, &events, NULL, &e) == 0 &&
			reader_new(&judge, &judges, NULL, &e) == 0 &&
			stanza_builder_new(&builder, &e) == 0,
		    "memory");
	}
	/* What is longer than a stanza may be is the reader's, not ours. */
	if (len > READER_STANZA_MAX / 16)
		return 0;
	stanza_drop(builder);
	begin(judge, HEADER);
	begin(reader, HEADER IQ);
	if (reader_feed(reader, (const char *)data, len, &e) == 0)
		(void)reader_feed(reader, "</iq>", 5, &e);
	return 0;
}

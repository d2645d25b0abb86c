/*
 * Fuzz: any bytes as what a guard's IQ holds.
 *
 * What is decoded is within its limits.  Then the answers are written with
 * the strings that came: whatever they are, the answer is one well-formed
 * stanza, which says them again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "xmpp/guard.h"
#include "xmpp/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define HEADER                                                                 \
	"<stream:stream xmlns='jabber:component:accept' "                      \
	"xmlns:stream='http://etherx.jabber.org/streams' id='s'>"

static struct guard_decoder decoder;
static struct reader *reader, *judge;
static struct buf answer;
static int is_guard;
static unsigned judged_end; /* stanzas that the answers were */
static const char *said;    /* what the answers repeat; NULL: any */

static void
want(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_guard: %s\n", what);
	abort();
}

static void
check_string(const char *s)
{
	want(s != NULL && strlen(s) <= PUBLICATION_ATTR_MAX, "a string");
}

static void
check_item(const struct publication *p)
{
	want(p->n >= 1 && p->n <= 0x7fffffff && p->place_id >= 1, "numbers");
	want(p->kind >= PUBLICATION_JOIN && p->kind <= PUBLICATION_PUBLISH,
	    "a kind");
	check_string(p->room);
	check_string(p->node);
	check_string(p->owner);
	check_string(p->actor);
	check_string(p->nick);
	check_string(p->occupant);
	check_string(p->lang);
	check_string(p->affiliation);
	want((p->room[0] == '\0') == (p->kind == PUBLICATION_PUBLISH) &&
		(p->room[0] == '\0') != (p->node[0] == '\0') &&
		p->actor[0] != '\0',
	    "what must be there");
	want(p->reprint_count <= PUBLICATION_REPRINTS_MAX &&
		p->label_count <= PUBLICATION_LABELS_MAX,
	    "counts");
	for (unsigned i = 0; i < p->reprint_count; i++) {
		want(p->reprints[i].by != REPRINT_NONE, "a reprint");
		check_string(p->reprints[i].of);
	}
	for (unsigned i = 0; i < p->label_count; i++) {
		check_string(p->labels[i]);
		want(p->labels[i][0] != '\0', "a label");
	}
}

static void
judge_start(void *arg, unsigned depth, const struct reader_name *name,
    const struct reader_attr *attrs, size_t count)
{
	(void)arg;
	if (depth != 2 || strcmp(name->local, "recall") != 0)
		return;
	for (size_t i = 0; i < count; i++)
		if (strcmp(attrs[i].name.local, "actor") == 0)
			want(strcmp(attrs[i].value, said) == 0,
			    "another actor");
}

static void
judge_end(void *arg, unsigned depth)
{
	(void)arg;
	judged_end += depth == 1;
}

static void
judge_answer(void)
{
	struct err e;

	want(!answer.failed, "an answer too long");
	judged_end = 0;
	want(reader_feed(judge, answer.data, answer.len, &e) == 0,
	    "a malformed answer");
	want(judged_end == 1, "one answer");
	buf_reset(&answer);
}

static void
write_answers(const struct publication *p)
{
	const struct guard_address a = { "m", p->actor, p->nick };
	const struct guard_refusal r = { "auth", "forbidden", p->nick, p->lang,
		"suspended", p->room, p->occupant, p->affiliation };
	const struct guard_place place = { .id = p->place_id,
		.name = p->room,
		.badge = "full",
		.exempt = p->affiliation,
		.hats = p->nick,
		.labels = p->labels,
		.label_count = p->label_count };

	said = p->actor;
	guard_write_verdicts_begin(&answer, &a, p->nick, p->n);
	guard_write_pass(&answer, p->n, p->place_id, p->is_encrypted, 1, "");
	guard_write_refuse(&answer, p->n, p->place_id, &r);
	guard_write_verdicts_end(&answer);
	judge_answer();
	guard_write_attach_begin(&answer, &a, p->occupant, 1);
	guard_write_place(&answer, &place);
	guard_write_attach_end(&answer);
	judge_answer();
	guard_write_recall(&answer, &a, p->lang, 1, p->actor);
	judge_answer();
	guard_write_error(&answer, &a, "auth", "forbidden");
	judge_answer();
}

static void
check_decoded(void)
{
	want(decoder.item_count <= GUARD_ITEMS_MAX, "items");
	want(strlen(decoder.server) < sizeof decoder.server, "server");
	want((decoder.fault == GUARD_OK) == (decoder.why[0] == '\0'),
	    "a fault without a reason");
	if (decoder.fault != GUARD_OK || decoder.request != GUARD_CHECK)
		return;
	want(decoder.item_count > 0, "no items");
	for (unsigned i = 0; i < decoder.item_count; i++) {
		check_item(&decoder.items[i]);
		for (unsigned j = 0; j < i; j++)
			want(decoder.items[i].n != decoder.items[j].n,
			    "a number twice");
		write_answers(&decoder.items[i]);
	}
}

static void
on_start(void *arg, unsigned depth, const struct reader_name *name,
    const struct reader_attr *attrs, size_t count)
{
	(void)arg;
	if (depth == 1)
		is_guard = 0;
	else if (depth == 2 && !is_guard)
		is_guard = guard_begin(&decoder, name, attrs, count);
	else if (is_guard)
		guard_start(&decoder, depth, name, attrs, count);
}

static void
on_end(void *arg, unsigned depth)
{
	(void)arg;
	if (!is_guard)
		return;
	guard_end(&decoder, depth);
	if (depth == 1)
		check_decoded();
}

static void
begin(struct reader *r, const char *bytes, size_t len)
{
	struct err e;

	want(reader_reset(r, &e) == 0, "a reset");
	want(reader_feed(r, bytes, len, &e) == 0, "a header");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct reader_events events = { .on_start = on_start,
		.on_end = on_end };
	static const struct reader_events judges = { .on_start = judge_start,
		.on_end = judge_end };
	struct err e;

	if (reader == NULL) {
		buf_init(&answer, READER_STANZA_MAX);
		want(reader_new(&reader, &events, NULL, &e) == 0 &&
			reader_new(&judge, &judges, NULL, &e) == 0,
		    "memory");
	}
	is_guard = 0;
	begin(judge, HEADER, strlen(HEADER));
	begin(reader, HEADER "<iq>", strlen(HEADER "<iq>"));
	if (reader_feed(reader, (const char *)data, len, &e) == 0)
		(void)reader_feed(reader, "</iq>", 5, &e);
	return 0;
}

/*
 * Fuzz: any bytes as a stream from the server.
 *
 * They are read whole, byte by byte and in pieces: what is said must be the
 * same, each stanza must be balanced, and memory bounded.  Guard IQs go
 * through their decoder, all else becomes a tree and text again.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "xmpp/guard.h"
#include "xmpp/reader.h"
#include "xmpp/stanza.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MEMORY_BOUND (8u << 20)

struct run {
	uint64_t hash; /* of all events */
	uint64_t sure; /* the same, up to the last that is no text */
	unsigned depth;
	int is_guard;
	struct buf text;
};

static struct guard_decoder decoder;
static struct stanza_builder *builder;

static void
want(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_stream: %s\n", what);
	abort();
}

/* FNV-1a. */
static void
hash(struct run *r, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		r->hash ^= (unsigned char)bytes[i];
		r->hash *= 0x100000001b3u;
	}
}

static void
hash_string(struct run *r, const char *s)
{
	hash(r, s, strlen(s) + 1);
}

static void
on_stream(void *arg, const struct reader_attr *attrs, size_t count)
{
	want(count <= READER_ATTRS_MAX, "attributes of the stream");
	for (size_t i = 0; i < count; i++)
		hash_string(arg, attrs[i].value);
}

static void
on_start(void *arg, unsigned depth, const struct reader_name *name,
    const struct reader_attr *attrs, size_t count)
{
	struct run *r = arg;

	/* A violation leaves the depth of a stanza behind. */
	want(depth == r->depth + 1 || depth == 1, "depth of a start");
	want(depth <= READER_DEPTH_MAX && count <= READER_ATTRS_MAX,
	    "limits of a start");
	want(strlen(name->ns) <= READER_NS_MAX, "a namespace name");
	r->depth = depth;
	hash_string(r, name->ns);
	hash_string(r, name->local);
	for (size_t i = 0; i < count; i++) {
		hash_string(r, attrs[i].name.ns);
		hash_string(r, attrs[i].name.local);
		hash_string(r, attrs[i].value);
	}
	r->sure = r->hash;
	if (depth == 1)
		r->is_guard = 0;
	if (depth == 2 && !r->is_guard) {
		r->is_guard = guard_begin(&decoder, name, attrs, count);
		if (r->is_guard)
			stanza_drop(builder);
	} else if (r->is_guard) {
		guard_start(&decoder, depth, name, attrs, count);
	}
	stanza_start(builder, depth, name, attrs, count);
}

static void
on_text(void *arg, unsigned depth, const char *text, size_t len)
{
	struct run *r = arg;

	want(depth == r->depth, "depth of a text");
	hash(r, text, len);
	stanza_text(builder, depth, text, len);
}

static void
on_end(void *arg, unsigned depth)
{
	struct run *r = arg;
	xmpp_stanza_t *s;
	struct err e;

	want(depth == r->depth, "depth of an end");
	r->depth--;
	hash(r, "]", 1);
	r->sure = r->hash;
	if (r->is_guard)
		guard_end(&decoder, depth);
	stanza_end(builder, depth);
	if (depth > 1 || stanza_take(builder, &s, &e) != 1)
		return;
	buf_reset(&r->text);
	want(stanza_write(&r->text, s, &e) == 0, "a stanza's text");
	want(r->text.len > 0, "a stanza without text");
	xmpp_stanza_release(s);
}

static void
on_violation(void *arg, const char *name, const char *from, const char *to,
    const char *id, const char *type, const char *what)
{
	struct run *r = arg;

	hash_string(r, name);
	hash_string(r, from);
	hash_string(r, to);
	hash_string(r, id);
	hash_string(r, type);
	hash_string(r, what);
	r->sure = r->hash;
	stanza_drop(builder);
}

static void
on_close(void *arg)
{
	hash(arg, ".", 1);
}

/* The hash of what was said, and of how it ended. */
static uint64_t
run(struct reader *reader, struct run *r, const char *bytes, size_t len,
    size_t step)
{
	struct err e = { "" };
	int rc = 0;

	r->hash = r->sure = 0xcbf29ce484222325u;
	r->depth = 0;
	want(reader_reset(reader, &e) == 0, e.text);
	for (size_t at = 0; at < len && rc == 0; at += step)
		rc = reader_feed(reader, bytes + at,
		    len - at < step ? len - at : step, &e);
	want((rc == -1) == (e.text[0] != '\0'), "an end without a reason");
	want(reader_counts(reader)->memory_peak <= MEMORY_BOUND, "memory");
	if (rc == -1) /* see on_text in reader.h */
		r->hash = r->sure;
	hash(r, rc == 0 ? "0" : "1", 1);
	return r->hash;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct reader_events events = { on_stream, on_start,
		on_text, on_end, on_violation, on_close };
	static struct reader *reader;
	static struct run r;
	const char *bytes = (const char *)data;
	struct err e;
	uint64_t whole;

	if (reader == NULL) {
		buf_init(&r.text, 16u << 20);
		want(stanza_builder_new(&builder, &e) == 0, "memory");
		want(reader_new(&reader, &events, &r, &e) == 0, "memory");
	}
	whole = run(reader, &r, bytes, len, len + 1);
	want(run(reader, &r, bytes, len, 1) == whole, "byte by byte");
	want(run(reader, &r, bytes, len, 7) == whole, "by seven bytes");
	want(run(reader, &r, bytes, len, 4096) == whole, "by blocks");
	return 0;
}

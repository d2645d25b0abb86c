/*
 * Reads an XML stream (RFC 6120 #streams) from bytes, with hard limits while
 * parsing; no I/O and no tree.  Namespaces are resolved: an attribute with a
 * prefix never looks like one without.
 *
 * Work is linear in the bytes, memory bounded, whatever comes in: a stanza
 * over a limit is reported as a violation with its addressing, and the rest
 * of it skipped without being stored.  DOCTYPE, comments, processing
 * instructions and malformed XML end the stream (reader_feed returns -1).
 */
#ifndef XMPP_READER_H
#define XMPP_READER_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define READER_STANZA_MAX 262144 /* bytes of one stanza on the wire */
#define READER_DEPTH_MAX 32	 /* levels, the stanza being the first */
#define READER_ELEMENTS_MAX 2000
#define READER_ATTRS_MAX 64	/* of one element, declarations included */
#define READER_NS_MAX 256	/* bytes of a namespace name */
#define READER_HEADER_MAX 4096	/* bytes before the first stanza */
#define READER_REF_MAX 64	/* bytes of one &reference; in text */
#define READER_ADDRESS_MAX 3071 /* bytes, RFC 7622 */

/* A name as the events give it. */
struct reader_name {
	const char *ns; /* "" for none */
	const char *local;
};

struct reader_attr {
	struct reader_name name; /* ns "" for an unprefixed attribute */
	const char *value;
};

/*
 * All pointers are valid during the call only; a handler may be NULL, and
 * must not call the reader.  `depth` is 1 for the stanza itself.  The text of
 * one element can come in several pieces.
 */
struct reader_events {
	/* <stream:stream>; attributes of the root. */
	void (*on_stream)(void *arg, const struct reader_attr *attrs,
	    size_t attr_count);
	void (*on_start)(void *arg, unsigned depth,
	    const struct reader_name *name, const struct reader_attr *attrs,
	    size_t attr_count);
	/* What comes right before a byte that ends the stream may be left
	 * out, depending on how the bytes came. */
	void (
	    *on_text)(void *arg, unsigned depth, const char *text, size_t len);
	void (*on_end)(void *arg, unsigned depth);
	/* The stanza that began with on_start(depth 1) broke a limit (`what`,
	 * a sentence): forget it; no on_end follows.  A stanza's start tag
	 * that itself breaks a limit comes with on_violation alone.  The
	 * strings are those of the stanza's start tag that matter for an
	 * answer: "" if absent, from another namespace than XEP-0114's
	 * (`stanza_name`), or longer than READER_ADDRESS_MAX. */
	void (*on_violation)(void *arg, const char *stanza_name,
	    const char *from, const char *to, const char *id, const char *type,
	    const char *what);
	/* </stream:stream>. */
	void (*on_close)(void *arg);
};

/* What has been done, for tests and metrics. */
struct reader_counts {
	uint64_t bytes, stanzas, violations, events;
	uint64_t parsed;    /* bytes given to expat; near `bytes`, or less */
	size_t memory_peak; /* bytes the parser and the reader held at most */
};

struct reader;

int reader_new(struct reader **r, const struct reader_events *events, void *arg,
    struct err *e);
void reader_free(struct reader *r);
/* Starts over, for a new stream; keeps the counts. */
int reader_reset(struct reader *r, struct err *e);
/* 0, or -1 if the stream cannot go on (the reason in `e`).  What comes after
 * </stream:stream> is ignored. */
int reader_feed(struct reader *r, const char *bytes, size_t len, struct err *e);
const struct reader_counts *reader_counts(const struct reader *r);

#endif

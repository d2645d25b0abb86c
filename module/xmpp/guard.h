/*
 * The guard protocol on the wire (docs/PROTOCOL.md): checks are decoded from
 * the reader's events straight into publications, and answers are written
 * straight into the stream's buffer.  No tree, no allocation per item.
 */
#ifndef XMPP_GUARD_H
#define XMPP_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/publication.h"
#include "xmpp/reader.h"

#define GUARD_ITEMS_MAX 64
#define GUARD_BYTES_MAX 65536 /* strings of one IQ, unescaped */
/* Bytes of an answer.  Prosody ends the stream of a component that sends more
 * than 512 KiB at once. */
#define GUARD_ANSWER_MAX (448u << 10)

/* What one guard IQ said. */
enum guard_request {
	GUARD_NONE = 0,
	GUARD_ATTACH, /* iq get */
	GUARD_CHECK,  /* iq set */
	GUARD_DETACH, /* iq set */
};

enum guard_fault {
	GUARD_OK = 0,
	GUARD_BAD_REQUEST, /* broken structure: <bad-request/> */
	GUARD_TOO_MUCH,	   /* over a limit: <policy-violation/> */
};

/*
 * The decoder of one IQ; about 100 KiB, made once and used again.  Begin
 * with the payload's start tag (depth 2), then pass the events on; at the
 * end of the stanza, look.  The strings of `items` live until the next begin.
 */
struct guard_decoder {
	enum guard_request request;
	enum guard_fault fault;
	const char *why;  /* static sentence about the fault, for the log */
	char server[256]; /* attach: what the guard says it runs on */
	struct publication items[GUARD_ITEMS_MAX];
	unsigned item_count;
	char arena[GUARD_BYTES_MAX];
	size_t arena_len;
	uint32_t highest;    /* number of an item so far */
	unsigned skip_depth; /* decoder's own: 0, or in an unknown element */
};

/* Whether this payload is one of the guard protocol's; then it has begun. */
bool guard_begin(struct guard_decoder *d, const struct reader_name *name,
    const struct reader_attr *attrs, size_t attr_count);
void guard_start(struct guard_decoder *d, unsigned depth,
    const struct reader_name *name, const struct reader_attr *attrs,
    size_t attr_count);
void guard_end(struct guard_decoder *d, unsigned depth);

/* Addresses of a stanza to write; all borrowed. */
struct guard_address {
	const char *from; /* the component's domain */
	const char *to;
	const char *id;
};

/* One place in the answer to attach. */
struct guard_place {
	uint32_t id;
	const char *kind; /* "room", "node" */
	const char *name; /* room's localpart or "*"; the node's pattern */
	/* Localpart of the account with the node, or "*"; NULL or "" for the
	 * nodes of the host itself, and for rooms. */
	const char *owner;
	bool is_observed, pass_unavailable, others_may_react, refuse_encrypted,
	    is_labelled;
	const char *badge;  /* "reference", "full", "none" */
	const char *exempt; /* "owner admin", "" for none */
	const char *hats;   /* namespaces, space-separated; NULL: a node */
	uint32_t lease_s;
	const char *const *labels;
	size_t label_count;
};
void guard_write_attach_begin(struct buf *out, const struct guard_address *a,
    const char *epoch, int64_t serial);
void guard_write_place(struct buf *out, const struct guard_place *p);
void guard_write_attach_end(struct buf *out);

/* Verdicts.  What stands between begin and end of a verdict is XML that the
 * caller has written already, escaped. */
void guard_write_verdicts_begin(struct buf *out, const struct guard_address *a,
    const char *epoch, int64_t serial);
void guard_write_pass(struct buf *out, uint32_t n, uint32_t lease_s,
    bool is_observed, int64_t expires_s /* 0: none */, const char *children);
struct guard_refusal {
	const char *type, *condition, *text, *lang, *reason;
	const char *apply, *appeal, *case_id; /* "" for none */
};
void guard_write_refuse(struct buf *out, uint32_t n, uint32_t lease_s,
    const struct guard_refusal *r);
void guard_write_verdicts_end(struct buf *out);

/* `actor` NULL: everything. */
void guard_write_recall(struct buf *out, const struct guard_address *a,
    const char *epoch, int64_t serial, const char *actor);
void guard_write_probe(struct buf *out, const struct guard_address *a,
    const char *epoch);

/* Ordinary IQ answers. */
void guard_write_result(struct buf *out, const struct guard_address *a);
void guard_write_error(struct buf *out, const struct guard_address *a,
    const char *type, const char *condition);

#endif

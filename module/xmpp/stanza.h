/*
 * Conversational stanzas (disco, forms, commands) as trees of libstrophe's,
 * built from the reader's events and written into the stream's buffer.
 *
 * Kept of an element: its local name, its namespace as `xmlns`, and its
 * unprefixed attributes, besides `xml:lang`.  Attributes with another prefix
 * are dropped, so that none can pass for one without.
 */
#ifndef XMPP_STANZA_H
#define XMPP_STANZA_H

#include <stdbool.h>
#include <stddef.h>
#include <strophe.h>

#include "core/buf.h"
#include "core/err.h"
#include "xmpp/reader.h"

/* libstrophe walks all children to add one, so that a tree costs the square
 * of its width: far below READER_ELEMENTS_MAX, and ample for any form. */
#define STANZA_ELEMENTS_MAX 512

struct stanza_builder;

int stanza_builder_new(struct stanza_builder **r, struct err *e);
void stanza_builder_free(struct stanza_builder *b);

/*
 * Pass all events on.  A stanza's own start tag is only noted: the tree
 * begins with its first child or its end, and stanza_drop before that makes
 * it cost nothing (guard IQs).
 */
void stanza_start(struct stanza_builder *b, unsigned depth,
    const struct reader_name *name, const struct reader_attr *attrs,
    size_t attr_count);
void stanza_text(struct stanza_builder *b, unsigned depth, const char *text,
    size_t len);
void stanza_end(struct stanza_builder *b, unsigned depth);
/* Forgets the tree of the stanza at hand, and ignores the rest of it.  Also
 * for a stanza that ends by a violation. */
void stanza_drop(struct stanza_builder *b);

/* Of the stanza that began last: its name ("" if it is not in XEP-0114's
 * namespace) and its attributes ("" if absent).  Borrowed until the next
 * stanza begins; dropping does not matter. */
const char *stanza_head_name(const struct stanza_builder *b);
const char *stanza_head(const struct stanza_builder *b, const char *attr);

/*
 * After stanza_end of depth 1.  1: a tree, the caller's (xmpp_stanza_release).
 * 0: it was dropped.  -1: it has more than STANZA_ELEMENTS_MAX elements, or
 * there was no memory.
 */
int stanza_take(struct stanza_builder *b, xmpp_stanza_t **r, struct err *e);

/* Appends the stanza as text.  A failed `out` shows in its mark. */
int stanza_write(struct buf *out, xmpp_stanza_t *s, struct err *e);

/* Whether it is `name` in `ns`. */
bool stanza_is(xmpp_stanza_t *s, const char *name, const char *ns);
/* An IQ's one child element; NULL if there is none or more.  Borrowed. */
xmpp_stanza_t *stanza_payload(xmpp_stanza_t *iq);
/* The value of an attribute; "" if there is none.  Borrowed. */
const char *stanza_get(xmpp_stanza_t *s, const char *attr);

/*
 * Building.  NULL and -1 mean that there was no memory; all of these take a
 * NULL parent or stanza and hand the failure on, so that callers look once.
 */
/* The answer's shell: addresses turned round, same id; caller's. */
xmpp_stanza_t *stanza_reply(xmpp_stanza_t *s, const char *type);
/* An error answer, RFC 6120 #stanzas-error; caller's. */
xmpp_stanza_t *stanza_reply_error(xmpp_stanza_t *s, const char *type,
    const char *condition);
/* Adds an element; `ns` NULL: its parent's.  Borrowed from the parent. */
xmpp_stanza_t *stanza_add(xmpp_stanza_t *parent, const char *name,
    const char *ns);
/* What is no UTF-8, or no character of XML 1.0, becomes "?": whatever is put
 * in here, the stream goes on. */
int stanza_set(xmpp_stanza_t *s, const char *attr, const char *value);
int stanza_add_text(xmpp_stanza_t *parent, const char *text);

#endif

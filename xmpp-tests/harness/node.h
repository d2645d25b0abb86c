/*
 * XML as the harness sees it: namespaces resolved, attributes with theirs,
 * text joined.  Read with expat, so that what a client really received is
 * judged, and not what a library made of it.
 */
#ifndef HARNESS_NODE_H
#define HARNESS_NODE_H

#include "core/buf.h"
#include "core/err.h"

#define NODE_NS_CLIENT "jabber:client"
#define NODE_NS_COMPONENT "jabber:component:accept"
#define NODE_NS_STREAM "http://etherx.jabber.org/streams"
#define NODE_NS_SCANSION "urn:harness:scansion"
#define NODE_NS_XML "http://www.w3.org/XML/1998/namespace"

struct attr {
	char *ns; /* "" for none */
	char *name;
	char *value;
	struct attr *next;
};

struct node {
	char *ns; /* "" for none */
	char *name;
	struct buf text; /* own character data, joined */
	struct attr *attrs;
	struct node *parent; /* borrowed */
	struct node *first, *last, *next;
};

/* Frees the node and what hangs below it, not its siblings.  NULL is fine. */
void node_free(struct node *n);

/* Value of an attribute without namespace; NULL if there is none. */
const char *node_attr(const struct node *n, const char *name);

/* The n-th child element of that name, in any namespace; NULL if none. */
const struct node *node_child(const struct node *n, const char *name);

/* Whether an element of that name and namespace is the node or below it. */
int node_has(const struct node *n, const char *ns, const char *name);

/* Appends the element as text, its namespaces declared where they change. */
void node_print(const struct node *n, struct buf *out);

/*
 * Reads any number of elements, whose default namespace is `ns`.  The
 * result is a root without meaning that holds them; free it with node_free.
 * NULL when the text is not well-formed.
 */
struct node *node_read(const char *xml, const char *ns, struct err *err);

/* A stream of stanzas, fed as the bytes come. */
struct nodestream;

/*
 * `take` owns each stanza it is given.  With `header` the stream's own root
 * is supplied (the login has read it already); NULL if it is still to come.
 */
struct nodestream *nodestream_new(const char *header,
    void (*take)(struct node *stanza, void *arg), void *arg);
void nodestream_free(struct nodestream *s);
/* -1: the bytes are not XML.  1: the stream's end was read.  0: go on. */
int nodestream_feed(struct nodestream *s, const char *bytes, size_t len);
/* The root's attribute `id`; NULL before the root came. */
const char *nodestream_id(const struct nodestream *s);

#endif

/*
 * A publication: one attempt to publish in a guarded place, or to join it
 * under a nickname, as a guard describes it.  There is no text in it.
 */
#ifndef CORE_PUBLICATION_H
#define CORE_PUBLICATION_H

#include <stdbool.h>
#include <stdint.h>

#include "core/place.h"

/* Maxima of the guard protocol (docs/PROTOCOL.md, "check"). */
#define PUBLICATION_REPRINTS_MAX 8
#define PUBLICATION_LABELS_MAX 8
#define PUBLICATION_ATTR_MAX 1024 /* bytes, unescaped, without the NUL */

enum publication_kind {
	PUBLICATION_NONE = 0, /* never sent; the zero value is no kind */
	PUBLICATION_JOIN,     /* enter, change the nickname, renew a hat */
	PUBLICATION_MESSAGE,
	PUBLICATION_SUBJECT,
	PUBLICATION_CORRECT, /* XEP-0308 */
	PUBLICATION_PUBLISH, /* XEP-0060 #publisher-publish, in nodes */
};

enum reprint_by {
	REPRINT_NONE = 0,
	REPRINT_FORWARD,   /* XEP-0297 <forwarded/> */
	REPRINT_VIA,	   /* Atom <link rel='via'/> */
	REPRINT_REFERENCE, /* XEP-0372 <reference type='data'/> */
};

struct reprint {
	enum reprint_by by;
	const char *of; /* JID or URI of the original's author, or "" */
};

/* Strings are borrowed from whoever decoded the item; never NULL, "" if the
 * guard did not say. */
struct publication {
	uint32_t n; /* the item's number in its IQ */
	enum publication_kind kind;
	uint32_t place_id;
	const char *room;  /* localpart of the room; "": a node */
	const char *node;  /* whole name of the node; "": a room */
	const char *owner; /* localpart of the account with the PEP node; "":
			    * a room, or a node of the service */
	const char *actor; /* real JID, bare or full, as the server sent it */
	const char *nick;  /* in rooms */
	const char *occupant;	 /* occupant-id (XEP-0421), in rooms */
	const char *lang;	 /* xml:lang */
	const char *affiliation; /* only where the place exempts some */
	bool is_encrypted;	 /* only where the place refuses that */
	struct reprint reprints[PUBLICATION_REPRINTS_MAX];
	unsigned reprint_count;
	const char *labels[PUBLICATION_LABELS_MAX];
	unsigned label_count;
};

/* The protocol's word for a kind ("message"), and back; NONE if unknown. */
const char *publication_kind_name(enum publication_kind kind);
enum publication_kind publication_kind_find(const char *name);

/* The same for the ways to reprint ("forward"); NONE if unknown. */
enum reprint_by reprint_by_find(const char *name);

/* Which room or node it is about, on this host; borrows its strings. */
struct place_spot publication_spot(const struct publication *p,
    const char *host);

/* No reprint, no label, not encrypted: what a lease may cover. */
bool publication_is_ordinary(const struct publication *p);

#endif

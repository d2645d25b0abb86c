/*
 * A place where rules hold: the rooms, or the nodes, that one pattern covers.
 *
 * Rooms: one, `newsroom@rooms.example.org`, or every room of a host,
 * `*@rooms.example.org`.  Nodes: those of a pubsub service (XEP-0060), or the
 * PEP nodes (XEP-0163) of one account or of every account of a host, by the
 * node's whole name or by its beginning with a `*` after it.
 *
 * The most specific place wins: a whole node name before a longer beginning
 * before a shorter one, then a room or an account of its own before the
 * host's `*`.
 */
#ifndef CORE_PLACE_H
#define CORE_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/publisher.h"

#define PLACE_CATEGORIES_MAX 16
#define PLACE_LOCAL_MAX 1023 /* bytes, RFC 7622 */
#define PLACE_HOST_MAX 1023
#define PLACE_NODE_MAX 1023 /* bytes of a pattern, with its `*` */
#define PLACE_NAME_MAX (PLACE_NODE_MAX + PLACE_LOCAL_MAX + PLACE_HOST_MAX + 5)
#define PLACES_MAX 4096

enum place_kind {
	PLACE_ROOM = 0,
	PLACE_NODE,
};

enum place_mode {
	PLACE_ENFORCE = 0,
	PLACE_OBSERVE, /* decide and count, let pass */
};

enum place_badge {
	PLACE_BADGE_REFERENCE = 0,
	PLACE_BADGE_FULL,
	PLACE_BADGE_NONE,
};

/* Who may reprint here. */
enum place_reprint {
	PLACE_REPRINT_NOBODY = 0,
	PLACE_REPRINT_CATEGORIES, /* approved for one of `reprint` */
	PLACE_REPRINT_ANYONE,
};

/* Bits of `exempt`: affiliations with a room, or with a node of a service
 * (XEP-0060 #affiliations); `owner` is one of both. */
#define PLACE_EXEMPT_OWNER 1u
#define PLACE_EXEMPT_ADMIN 2u
#define PLACE_EXEMPT_MEMBER 4u
#define PLACE_EXEMPT_PUBLISHER 8u
#define PLACE_EXEMPT_OF_ROOMS                                                  \
	(PLACE_EXEMPT_OWNER | PLACE_EXEMPT_ADMIN | PLACE_EXEMPT_MEMBER)
#define PLACE_EXEMPT_OF_NODES (PLACE_EXEMPT_OWNER | PLACE_EXEMPT_PUBLISHER)

struct place {
	uint32_t id; /* positive; the guard's handle, see policy.h */
	enum place_kind kind;
	/* The room's localpart, or the account's whose PEP node it is; "*"
	 * for all of the host; "" for the nodes of a service. */
	char local[PLACE_LOCAL_MAX + 1];
	char host[PLACE_HOST_MAX + 1];
	char node[PLACE_NODE_MAX + 1]; /* the pattern as written; "": a room */
	char publish[PLACE_CATEGORIES_MAX][CATEGORY_ID_MAX + 1];
	unsigned publish_count; /* any one of these categories may publish */
	enum place_reprint reprint_who;
	char reprint[PLACE_CATEGORIES_MAX][CATEGORY_ID_MAX + 1];
	unsigned reprint_count;
	char labelled[CATEGORY_ID_MAX + 1]; /* "": every post counts */
	unsigned exempt;		    /* PLACE_EXEMPT_* */
	enum place_mode mode;
	enum place_badge badge;
	uint32_t lease_s;      /* for what passes; 0 for none */
	bool others_may_react; /* rooms only */
	bool refuse_encrypted;
	bool pass_unavailable;
};

/* One room or one node; strings borrowed, never NULL. */
struct place_spot {
	const char *local; /* of the room or the account; "": of a service */
	const char *host;
	const char *node; /* its whole name; "" for a room */
};

/*
 * Splits a room's pattern.  `pattern` must already be prepared; a `*` stands
 * for the whole localpart or for nothing.  Returns 0, or -1 with the reason.
 */
int place_pattern_parse(struct place *r, const char *pattern, struct err *e);

/*
 * Splits a node's pattern: `owner` is a prepared account or `*@HOST`, or NULL
 * and `service` a prepared domain.  A `*` at the end of `node` stands for any
 * rest, also for none; anywhere else it stands for itself.  Node names are
 * compared byte by byte.  0, or -1 with the reason.
 */
int place_node_parse(struct place *r, const char *node, const char *service,
    const char *owner, struct err *e);

/*
 * The pattern of the personal nodes that this pattern covers, if not all of
 * them; NULL if it covers none.  Those are what accounts keep for themselves
 * and their contacts: encryption keys, bookmarks, avatars, profiles, moods.
 * Nobody decides about them, so no place of an `owner` may cover one.
 */
const char *place_personal_find(const char *node);

/* Whether the pattern covers this room or node. */
bool place_covers(const struct place *p, const struct place_spot *s);

/* The most specific of `places` that covers the room or node; NULL if none
 * does.  Borrowed. */
const struct place *place_find(const struct place *places, size_t count,
    const struct place_spot *s);

/* Whether two patterns are the same; a configuration may not have both. */
bool place_same_pattern(const struct place *a, const struct place *b);

/* For people: "newsroom@rooms.example.org", "news at pubsub.example.org",
 * "urn:xmpp:microblog:0 at *@example.org". */
void place_name(const struct place *p, char r[PLACE_NAME_MAX + 1]);
void place_spot_name(const struct place_spot *s, char *r, size_t cap);

/* Bit for "owner", "admin", "member", "publisher"; 0 for anything else. */
unsigned place_exempt_find(const char *affiliation);

/* "reference", "full" or "none". */
const char *place_badge_name(enum place_badge badge);

#endif

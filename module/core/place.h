/*
 * A place where rules hold: the rooms that one pattern covers.
 *
 * Patterns are bare room JIDs, `newsroom@rooms.example.org`, or every room
 * of one host, `*@rooms.example.org`.  The most specific place wins: a
 * room's own place before the host's `*`.
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
#define PLACES_MAX 4096

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

/* Bits of `exempt`. */
#define PLACE_EXEMPT_OWNER 1u
#define PLACE_EXEMPT_ADMIN 2u
#define PLACE_EXEMPT_MEMBER 4u

struct place {
	uint32_t id; /* positive; the guard's handle, see policy.h */
	char local[PLACE_LOCAL_MAX + 1]; /* room's localpart, or "*" */
	char host[PLACE_HOST_MAX + 1];
	char publish[PLACE_CATEGORIES_MAX][CATEGORY_ID_MAX + 1];
	unsigned publish_count; /* any one of these categories may publish */
	enum place_reprint reprint_who;
	char reprint[PLACE_CATEGORIES_MAX][CATEGORY_ID_MAX + 1];
	unsigned reprint_count;
	char labelled[CATEGORY_ID_MAX + 1]; /* "": every post counts */
	bool others_may_react;
	unsigned exempt; /* PLACE_EXEMPT_* */
	bool refuse_encrypted;
	bool pass_unavailable;
	enum place_mode mode;
	enum place_badge badge;
	uint32_t lease_s; /* for what passes; 0 for none */
};

/*
 * Splits a pattern.  `pattern` must already be prepared; a `*` stands for
 * the whole localpart or for nothing.  Returns 0, or -1 with the reason.
 */
int place_pattern_parse(struct place *r, const char *pattern, struct err *e);

/* Whether the pattern covers this room. */
bool place_covers(const struct place *p, const char *local, const char *host);

/* The most specific of `places` that covers the room; NULL if none does.
 * Borrowed. */
const struct place *place_find(const struct place *places, size_t count,
    const char *local, const char *host);

/* Whether two patterns are the same; a configuration may not have both. */
bool place_same_pattern(const struct place *a, const struct place *b);

/* Bit for "owner", "admin", "member"; 0 for anything else. */
unsigned place_exempt_find(const char *affiliation);

#endif

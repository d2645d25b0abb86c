/*
 * The policy: places and categories as the operator wrote them, and the
 * decision about one publication.
 *
 * policy_decide is pure.  It sees who publishes, where, and how the post is
 * built; there is no text of a post anywhere in its arguments.
 */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/place.h"
#include "core/publication.h"
#include "core/publisher.h"
#include "core/verdict.h"

#define POLICY_CATEGORIES_MAX 64
#define CATEGORY_TITLE_MAX 255
#define CATEGORY_HAT_MAX 255
#define REFUSAL_LEASE_S 30 /* how long a guard may repeat a refusal */

struct category {
	char id[CATEGORY_ID_MAX + 1];
	char title[CATEGORY_TITLE_MAX + 1];
	char hat[CATEGORY_HAT_MAX + 1]; /* "{name}" is the publisher's name */
	int hue;			/* 0 to 359, or -1 for none */
	int64_t valid_for_s;		/* how long an approval holds */
};

struct policy {
	struct category *categories; /* owned */
	size_t category_count;
	struct place *places; /* owned; no two have the same pattern */
	size_t place_count;
	uint32_t next_place_id; /* ids below it were given out */
};

/* Frees what the policy owns; the zero value is legal. */
void policy_clear(struct policy *p);

/* Borrowed; NULL if there is none. */
const struct category *policy_category(const struct policy *p, const char *id);
const struct place *policy_place_by_id(const struct policy *p, uint32_t id);

/* Whether any place is on this host. */
bool policy_has_host(const struct policy *p, const char *host);

/*
 * Gives every place of `p` its id: that of the same pattern in `old` (may be
 * NULL), otherwise a new one.  An id is never given to another pattern.
 */
void policy_number_places(struct policy *p, const struct policy *old);

/*
 * Decides.  `who` is NULL for an account that is not on the register (a
 * look-up that failed must not come here: that is VERDICT_UNAVAILABLE).
 * `now_s`: seconds since 1970.  Never returns VERDICT_UNAVAILABLE.
 */
struct verdict policy_decide(const struct publication *what,
    const struct publisher *who, const struct place *where, int64_t now_s);

#endif

/*
 * A publisher: an account (bare JID) on the register, with its state and
 * the categories that it is approved for.
 */
#ifndef CORE_PUBLISHER_H
#define CORE_PUBLISHER_H

#include <stdint.h>

#define PUBLISHER_JID_MAX 2047	  /* bytes: localpart@domain, RFC 7622 */
#define PUBLISHER_NAME_MAX 255	  /* bytes of UTF-8 */
#define PUBLISHER_REASON_MAX 1023 /* bytes of UTF-8 */
#define PUBLISHER_APPROVALS_MAX 16
#define CATEGORY_ID_MAX 63 /* bytes: [a-z0-9-] */

/* The lifecycle.  Stored by name, never by number. */
enum publisher_state {
	PUBLISHER_NONE = 0, /* not on the register */
	PUBLISHER_APPLIED,
	PUBLISHER_IN_REVIEW,
	PUBLISHER_APPROVED,
	PUBLISHER_SUSPENDED,
	PUBLISHER_REJECTED,
	PUBLISHER_REVOKED,
	PUBLISHER_EXPIRED,
	PUBLISHER_WITHDRAWN,
};

struct approval {
	char category[CATEGORY_ID_MAX + 1];
	int64_t since_s; /* seconds since 1970 */
	int64_t until_s; /* first second at which it no longer holds */
	int64_t lapse_s; /* 0, or the first second at which it does not hold
			  * until the new agreement is accepted */
};

struct publisher {
	char jid[PUBLISHER_JID_MAX + 1];   /* bare, prepared */
	char name[PUBLISHER_NAME_MAX + 1]; /* the public name */
	enum publisher_state state;
	int64_t state_since_s;
	char state_reason[PUBLISHER_REASON_MAX + 1]; /* why it has that state */
	int64_t case_id; /* the decision behind the state; 0 for none */
	struct approval approvals[PUBLISHER_APPROVALS_MAX];
	unsigned approval_count;
};

/* "in-review" and so on; "" for NONE. */
const char *publisher_state_name(enum publisher_state state);
/* NONE if there is no such state. */
enum publisher_state publisher_state_find(const char *name);

/* Borrowed from `p`; NULL if it was never approved for the category. */
const struct approval *publisher_approval(const struct publisher *p,
    const char *category);

/* The first second at which it holds no longer, for either reason. */
int64_t approval_end(const struct approval *a);

#endif

/*
 * A verdict: the answer to one publication, and why.
 */
#ifndef CORE_VERDICT_H
#define CORE_VERDICT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/place.h"

/* The zero value lets nothing through: a forgotten initialisation and a
 * failed look-up are "unavailable", never "yes" and never "no". */
enum verdict_action {
	VERDICT_UNAVAILABLE = 0,
	VERDICT_PASS,
	VERDICT_REFUSE,
};

/* Why a publication is refused.  One row of verdict.c's table each: the
 * protocol's word, the stanza error, the catalogue's key. */
enum refusal {
	REFUSAL_NONE = 0,
	REFUSAL_NOT_REGISTERED,
	REFUSAL_APPLICATION_OPEN,
	REFUSAL_WRONG_CATEGORY,
	REFUSAL_SUSPENDED,
	REFUSAL_REVOKED,
	REFUSAL_EXPIRED,
	REFUSAL_REJECTED,
	REFUSAL_WITHDRAWN,
	REFUSAL_AGREEMENT_OUTDATED,
	REFUSAL_REPRINT,
	REFUSAL_ENCRYPTION,
	REFUSAL_NAME_CONFLICT,
	REFUSAL_COUNT /* how many there are */
};

/* Which rule decided; what `mastheadctl explain` prints. */
enum verdict_rule {
	RULE_NONE = 0,
	RULE_NOT_LABELLED, /* `labelled:` does not apply to this post */
	RULE_EXEMPT,	   /* `exempt:` names the room affiliation */
	RULE_ENCRYPTED,	   /* `encrypted: refuse` */
	RULE_REPRINT,	   /* `reprint:` */
	RULE_PUBLISH,	   /* `publish:` */
	RULE_JOIN,	   /* joins pass; approved accounts get a hat */
	RULE_COUNT	   /* how many there are, with NONE */
};

/* At most one category for each that the place lists. */
struct verdict {
	enum verdict_action action;
	enum refusal refusal; /* also when `is_observed` */
	bool is_observed;     /* passes only because the place is observed */
	enum verdict_rule rule;
	uint32_t lease_s;
	/* Categories that the account is badged for here, of the place's
	 * `publish`, as indices into it; none for the unapproved. */
	uint8_t badge_for[PLACE_CATEGORIES_MAX];
	unsigned badge_count;
	int64_t badge_until_s; /* no badge may outlive this; 0 without badge */
	/* The date that the refusal speaks of (state since, expired at). */
	int64_t date_s;
};

/* RFC 6120 #stanzas-error. */
struct refusal_info {
	const char *reason;    /* urn:masthead:error:0 reason */
	const char *type;      /* "auth" */
	const char *condition; /* "registration-required" */
	const char *text_key;  /* key in the catalogues */
};

/* The row for a refusal; static.  `refusal` must not be NONE or COUNT. */
const struct refusal_info *refusal_info(enum refusal refusal);

const char *verdict_action_name(enum verdict_action action);

/* "publish", "reprint": the option that decided; "none" for NONE. */
const char *verdict_rule_name(enum verdict_rule rule);

#endif

/*
 * Words for a refusal: the text for a person, in a language, and the parts
 * of the stanza error.
 */
#ifndef DAEMON_REFUSALS_H
#define DAEMON_REFUSALS_H

#include "core/policy.h"
#include "daemon/config.h"
#include "text/catalogue.h"
#include "xmpp/guard.h"

struct refusal_words {
	struct guard_refusal wire; /* points into this struct and the config */
	char text[CATALOGUE_TEXT_MAX];
	char case_id[24];
};

/* What the words are about; all borrowed. */
struct refusal_case {
	const struct place *where;
	const char *room;	       /* localpart */
	const struct publisher *who;   /* NULL: not on the register */
	const struct verdict *verdict; /* its `refusal` is not NONE */
	const char *lang;	       /* xml:lang of the post, "" for none */
};

void refusals_describe(struct catalogue *c, const struct config *config,
    const struct refusal_case *about, struct refusal_words *r);

#endif

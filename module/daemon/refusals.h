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

/* `v->refusal` is one; `who` is NULL for an account not on the register. */
void refusals_describe(struct catalogue *c, const struct config *config,
    const struct place *where, const struct publisher *who,
    const struct verdict *v, const char *lang, struct refusal_words *r);

#endif

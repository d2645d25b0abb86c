/*
 * What anybody may ask the component: who it is (XEP-0030, with forms by
 * XEP-0128), whether it is there (XEP-0199), what runs there (XEP-0092), and
 * a badge by its ID (PROTOCOL.md).  Pure functions on stanzas.
 */
#ifndef XMPP_DISCO_H
#define XMPP_DISCO_H

#include <stddef.h>
#include <strophe.h>

#include "core/err.h"
#include "xmpp/form.h"

#define DISCO_BADGE_ID_LEN 22 /* base64url of 16 bytes */

/* All borrowed. */
struct disco {
	const char *name; /* "Masthead" */
	const char *version;
	const char *const *features; /* besides those that are answered here */
	size_t feature_count;
	const struct form *const *forms; /* XEP-0128 */
	size_t form_count;
};

/*
 * Answers an IQ of type get.  1 with the answer (the caller's), also if that
 * is an error; 0 if it asks for something else; -1 for no memory.
 */
int disco_answer(const struct disco *d, xmpp_stanza_t *iq, xmpp_stanza_t **r,
    struct err *e);

/* Whether an IQ looks a badge up: 1 with its ID, 0 if not, -1 if it does and
 * the ID cannot be one (answer <item-not-found/>). */
int disco_badge_find(xmpp_stanza_t *iq, char r[DISCO_BADGE_ID_LEN + 1]);
/* The answer, the caller's; NULL for no memory. */
xmpp_stanza_t *disco_badge_answer(xmpp_stanza_t *iq, const char *id,
    const char *by, const char *token);

#endif

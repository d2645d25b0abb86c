/*
 * What anybody may ask the component: who it is (XEP-0030, with forms by
 * XEP-0128), whether it is there (XEP-0199), what runs there (XEP-0092), a
 * badge by its ID, and an account's record (PROTOCOL.md).  Pure functions on
 * stanzas.
 */
#ifndef XMPP_DISCO_H
#define XMPP_DISCO_H

#include <stdbool.h>
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

/* What an IQ of type get looks up with <badge/>, by one of two attributes. */
enum disco_lookup {
	DISCO_LOOKUP_NONE = 0, /* nothing: it is no look-up */
	DISCO_LOOKUP_BAD,      /* with both, or with none */
	DISCO_LOOKUP_ID,       /* a badge; the value may be no ID at all */
	DISCO_LOOKUP_JID,      /* an account; the value may be no address */
};
/* `*value_r` is borrowed from the IQ. */
enum disco_lookup disco_lookup_find(xmpp_stanza_t *iq, const char **value_r);
/* Whether a badge could have this ID. */
bool disco_is_badge_id(const char *id);
/* The answer, the caller's; NULL for no memory. */
xmpp_stanza_t *disco_badge_answer(xmpp_stanza_t *iq, const char *id,
    const char *by, const char *token);

#endif

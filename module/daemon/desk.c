/* Answers what is no guard's business; see desk.h. */
#include "daemon/desk.h"

#include <stdbool.h>
#include <string.h>

#include "xmpp/disco.h"
#include "xmpp/ns.h"

/* The answer, or NULL without memory. */
static xmpp_stanza_t *
badge_answer(const struct desk_setup *d, xmpp_stanza_t *iq, const char *id)
{
	struct token_row t;
	struct err e;

	switch (store_token_by_id(d->reader, id, &t, &e)) {
	case 1:
		return disco_badge_answer(iq, id, d->domain, t.text);
	case 0:
		return stanza_reply_error(iq, "cancel", "item-not-found");
	default:
		return stanza_reply_error(iq, "wait", "resource-constraint");
	}
}

static int
info_answer(const struct desk_setup *d, xmpp_stanza_t *iq, xmpp_stanza_t **r,
    struct err *e)
{
	static const char *const features[] = { NS_GUARD };
	const struct disco_field jwks = { .name = "jwks",
		.value = d->keyring->jwks };
	const struct disco_form keys = { .type = NS_KEYS,
		.fields = &jwks,
		.field_count = 1 };
	const struct disco disco = { .name = "Masthead",
		.version = MASTHEAD_VERSION,
		.features = features,
		.feature_count = sizeof features / sizeof features[0],
		.forms = &keys,
		.form_count = 1 };

	return disco_answer(&disco, iq, r, e);
}

/* 0 with the answer, or none if the counter gives it; or -1. */
static int
iq_answer(const struct desk_setup *d, xmpp_stanza_t *iq, xmpp_stanza_t **r,
    struct err *e)
{
	char id[DISCO_BADGE_ID_LEN + 1];
	int rc = counter_take(d->counter, iq, e);

	if (rc == 0)
		rc = info_answer(d, iq, r, e);
	if (rc != 0)
		return rc == 1 ? 0 : -1;
	rc = disco_badge_find(iq, id);
	if (rc == 1)
		*r = badge_answer(d, iq, id);
	else if (rc == -1)
		*r = stanza_reply_error(iq, "cancel", "item-not-found");
	else
		*r = stanza_reply_error(iq, "cancel", "service-unavailable");
	return *r == NULL ? err_set(e, "no memory for an answer") : 0;
}

int
desk_answer(const struct desk_setup *d, xmpp_stanza_t *s, struct buf *out,
    struct err *e)
{
	const char *name = xmpp_stanza_get_name(s);
	const char *type = stanza_get(s, "type");
	xmpp_stanza_t *answer = NULL;
	int rc = 0;

	/* An error is never answered, nor is what came from nowhere. */
	if (stanza_get(s, "from")[0] == '\0' || strcmp(type, "error") == 0)
		return 0;
	if (strcmp(name, "iq") == 0 &&
	    (strcmp(type, "get") == 0 || strcmp(type, "set") == 0)) {
		rc = iq_answer(d, s, &answer, e);
	} else if (strcmp(name, "message") == 0 &&
	    strcmp(type, "headline") != 0 && strcmp(type, "groupchat") != 0) {
		/* RFC 6121 #rules-localpart-notfound: nobody reads here. */
		answer = stanza_reply_error(s, "cancel", "service-unavailable");
		rc = answer == NULL ? err_set(e, "no memory for an answer") : 0;
	}
	if (rc == 0 && answer != NULL)
		rc = stanza_write(out, answer, e);
	if (answer != NULL)
		xmpp_stanza_release(answer);
	return rc;
}

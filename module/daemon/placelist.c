/* The list of places for a guard; see placelist.h. */
#include "daemon/placelist.h"

#include <stdio.h>
#include <string.h>

#include "xmpp/guard.h"

/* Of the answer, and of the ids: those are given after a configuration has
 * been found good. */
#define REST_MAX (2048 + PLACES_MAX * 10)
#define LIST_MAX (GUARD_ANSWER_MAX - REST_MAX)

static void
exempt_write(unsigned exempt, char r[48])
{
	(void)snprintf(r, 48, "%s%s%s%s",
	    (exempt & PLACE_EXEMPT_OWNER) != 0 ? "owner " : "",
	    (exempt & PLACE_EXEMPT_ADMIN) != 0 ? "admin " : "",
	    (exempt & PLACE_EXEMPT_MEMBER) != 0 ? "member " : "",
	    (exempt & PLACE_EXEMPT_PUBLISHER) != 0 ? "publisher " : "");
	if (r[0] != '\0')
		r[strlen(r) - 1] = '\0';
}

static void
place_write(struct buf *out, const struct config *c, const struct place *p)
{
	const char *hats = c->has_legacy_hats
	    ? "urn:xmpp:hats:0 xmpp:prosody.im/protocol/hats:1"
	    : "urn:xmpp:hats:0";
	bool is_node = p->kind == PLACE_NODE;
	char exempt[48];
	const char *label = p->labelled;
	struct guard_place g = { .id = p->id,
		.kind = is_node ? "node" : "room",
		.name = is_node ? p->node : p->local,
		.owner = is_node ? p->local : NULL,
		.is_observed = p->mode == PLACE_OBSERVE,
		.pass_unavailable =
		    p->pass_unavailable || p->mode == PLACE_OBSERVE,
		.others_may_react = p->others_may_react,
		.refuse_encrypted = p->refuse_encrypted,
		.is_labelled = label[0] != '\0',
		.badge = place_badge_name(p->badge),
		.exempt = exempt,
		.hats = is_node ? NULL : hats,
		.lease_s = p->lease_s,
		.labels = &label,
		.label_count = label[0] != '\0' ? 1 : 0 };

	exempt_write(p->exempt, exempt);
	guard_write_place(out, &g);
}

void
placelist_write(struct buf *out, const struct config *c, const char *host)
{
	for (size_t i = 0; i < c->policy.place_count; i++)
		if (strcmp(c->policy.places[i].host, host) == 0)
			place_write(out, c, &c->policy.places[i]);
}

const char *
placelist_too_long(const struct config *c)
{
	const char *host = NULL;
	struct buf list;

	buf_init(&list, LIST_MAX);
	for (size_t i = 0; i < c->guard_count && host == NULL; i++) {
		buf_reset(&list);
		placelist_write(&list, c, c->guards[i]);
		if (list.failed)
			host = c->guards[i];
	}
	buf_clear(&list);
	return host;
}

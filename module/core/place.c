/* Place patterns; see place.h. */
#include "core/place.h"

#include <stdio.h>
#include <string.h>

int
place_pattern_parse(struct place *r, const char *pattern, struct err *e)
{
	const char *at = strchr(pattern, '@');
	size_t local_len;

	if (at == NULL || at == pattern || at[1] == '\0')
		return err_set(e, "\"%s\" is no room: want NAME@HOST or *@HOST",
		    pattern);
	if (strchr(at + 1, '@') != NULL || strchr(pattern, '/') != NULL)
		return err_set(e, "\"%s\" is no bare JID of a room", pattern);
	local_len = (size_t)(at - pattern);
	if (local_len > PLACE_LOCAL_MAX || strlen(at + 1) > PLACE_HOST_MAX)
		return err_set(e, "the room's address is too long");
	if (memchr(pattern, '*', local_len) != NULL && local_len != 1)
		return err_set(e,
		    "\"%s\": a * stands for the whole name before the @",
		    pattern);
	if (strchr(at + 1, '*') != NULL)
		return err_set(e, "\"%s\": the host must be a name, not *",
		    pattern);
	memcpy(r->local, pattern, local_len);
	r->local[local_len] = '\0';
	strcpy(r->host, at + 1);
	r->kind = PLACE_ROOM;
	r->node[0] = '\0';
	return 0;
}

/* Splits the account that has the node, or `*@HOST`. */
static int
owner_parse(struct place *r, const char *owner, struct err *e)
{
	const char *at = strchr(owner, '@');

	if (at == NULL || at == owner || at[1] == '\0' ||
	    strpbrk(at + 1, "@*") != NULL || strchr(owner, '/') != NULL)
		return err_set(e,
		    "\"%s\" is no account: want NAME@HOST or *@HOST", owner);
	if (at - owner > PLACE_LOCAL_MAX || strlen(at + 1) > PLACE_HOST_MAX)
		return err_set(e, "the account's address is too long");
	if (memchr(owner, '*', (size_t)(at - owner)) != NULL && at - owner != 1)
		return err_set(e,
		    "\"%s\": a * stands for the whole name before the @",
		    owner);
	memcpy(r->local, owner, (size_t)(at - owner));
	r->local[at - owner] = '\0';
	strcpy(r->host, at + 1);
	return 0;
}

int
place_node_parse(struct place *r, const char *node, const char *service,
    const char *owner, struct err *e)
{
	size_t len = strlen(node);

	if (len == 0 || len > PLACE_NODE_MAX)
		return err_set(e, "a node's name has 1 to %d bytes",
		    PLACE_NODE_MAX);
	for (const char *c = node; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return err_set(e,
			    "a node's name has no control characters");
	if (owner != NULL && owner_parse(r, owner, e) == -1)
		return -1;
	if (owner == NULL) {
		if (service[0] == '\0' || strpbrk(service, "@/*") != NULL)
			return err_set(e, "\"%s\" is no service: want a domain",
			    service);
		if (strlen(service) > PLACE_HOST_MAX)
			return err_set(e, "the service's address is too long");
		r->local[0] = '\0';
		strcpy(r->host, service);
	}
	r->kind = PLACE_NODE;
	strcpy(r->node, node);
	return 0;
}

/* How many bytes of a pattern's beginning are fixed. */
static size_t
stem_len(const char *pattern)
{
	size_t len = strlen(pattern);

	return len > 0 && pattern[len - 1] == '*' ? len - 1 : len;
}

static bool
is_beginning(const char *pattern)
{
	return pattern[stem_len(pattern)] == '*';
}

/* Whether there is a node that both patterns cover. */
static bool
patterns_meet(const char *a, const char *b)
{
	size_t a_len = stem_len(a), b_len = stem_len(b);

	if (strncmp(a, b, a_len < b_len ? a_len : b_len) != 0)
		return false;
	return a_len == b_len || is_beginning(a_len < b_len ? a : b);
}

/*
 * In the order of their names; docs/PROTOCOL.md has the list as well, and so
 * has every guard.
 */
static const char *const personal[] = {
	"eu.siacs.conversations.axolotl*",     /* OMEMO, XEP-0384 0.3 */
	"http://jabber.org/protocol/activity", /* XEP-0108 */
	"http://jabber.org/protocol/geoloc",   /* XEP-0080 */
	"http://jabber.org/protocol/mood",     /* XEP-0107 */
	"http://jabber.org/protocol/nick",     /* XEP-0172 */
	"http://jabber.org/protocol/tune",     /* XEP-0118 */
	"storage:*",			       /* XEP-0048, XEP-0145 */
	"urn:xmpp:avatar:*",		       /* XEP-0084 */
	"urn:xmpp:bookmarks:*",		       /* XEP-0402 */
	"urn:xmpp:gaming:*",		       /* XEP-0196 */
	"urn:xmpp:mds:*",		       /* XEP-0490 */
	"urn:xmpp:moved:*",		       /* XEP-0283 */
	"urn:xmpp:omemo:*",		       /* XEP-0384 */
	"urn:xmpp:openpgp:*",		       /* XEP-0373 */
	"urn:xmpp:reach:*",		       /* XEP-0152 */
	"urn:xmpp:vcard4",		       /* XEP-0292 */
	"urn:xmpp:viewing:*",		       /* XEP-0197 */
};

const char *
place_personal_find(const char *node)
{
	for (size_t i = 0; i < sizeof personal / sizeof personal[0]; i++)
		if (patterns_meet(personal[i], node))
			return personal[i];
	return NULL;
}

static bool
place_is_whole_host(const struct place *p)
{
	return strcmp(p->local, "*") == 0;
}

static bool
covers_local(const struct place *p, const struct place_spot *s)
{
	/* "*" is every account, and a service is none. */
	return strcmp(p->local, s->local) == 0 ||
	    (place_is_whole_host(p) && s->local[0] != '\0');
}

static bool
covers_node(const struct place *p, const char *node)
{
	if (is_beginning(p->node))
		return strncmp(p->node, node, stem_len(p->node)) == 0;
	return strcmp(p->node, node) == 0;
}

bool
place_covers(const struct place *p, const struct place_spot *s)
{
	if ((p->kind == PLACE_NODE) != (s->node[0] != '\0') ||
	    strcmp(p->host, s->host) != 0 || !covers_local(p, s))
		return false;
	return p->kind == PLACE_ROOM || covers_node(p, s->node);
}

/* Of two places that cover the same room or node. */
static bool
is_more_specific(const struct place *a, const struct place *b)
{
	if (is_beginning(a->node) != is_beginning(b->node))
		return !is_beginning(a->node);
	if (strlen(a->node) != strlen(b->node))
		return strlen(a->node) > strlen(b->node);
	return place_is_whole_host(b) && !place_is_whole_host(a);
}

const struct place *
place_find(const struct place *places, size_t count, const struct place_spot *s)
{
	const struct place *best = NULL;

	for (size_t i = 0; i < count; i++)
		if (place_covers(&places[i], s) &&
		    (best == NULL || is_more_specific(&places[i], best)))
			best = &places[i];
	return best;
}

bool
place_same_pattern(const struct place *a, const struct place *b)
{
	return a->kind == b->kind && strcmp(a->local, b->local) == 0 &&
	    strcmp(a->host, b->host) == 0 && strcmp(a->node, b->node) == 0;
}

void
place_spot_name(const struct place_spot *s, char *r, size_t cap)
{
	(void)snprintf(r, cap, "%s%s%s%s%s", s->node,
	    s->node[0] == '\0' ? "" : " at ", s->local,
	    s->local[0] == '\0' ? "" : "@", s->host);
}

void
place_name(const struct place *p, char r[PLACE_NAME_MAX + 1])
{
	const struct place_spot s = { p->local, p->host, p->node };

	place_spot_name(&s, r, PLACE_NAME_MAX + 1);
}

unsigned
place_exempt_find(const char *affiliation)
{
	if (strcmp(affiliation, "owner") == 0)
		return PLACE_EXEMPT_OWNER;
	if (strcmp(affiliation, "admin") == 0)
		return PLACE_EXEMPT_ADMIN;
	if (strcmp(affiliation, "member") == 0)
		return PLACE_EXEMPT_MEMBER;
	if (strcmp(affiliation, "publisher") == 0)
		return PLACE_EXEMPT_PUBLISHER;
	return 0;
}

const char *
place_badge_name(enum place_badge badge)
{
	static const char *const names[] = {
		[PLACE_BADGE_REFERENCE] = "reference",
		[PLACE_BADGE_FULL] = "full",
		[PLACE_BADGE_NONE] = "none",
	};

	return names[badge];
}

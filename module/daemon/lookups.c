/* Look-ups by ID and by account; see lookups.h. */
#include "daemon/lookups.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/when.h"
#include "crypto/token.h"
#include "daemon/badges.h"
#include "daemon/clock.h"
#include "daemon/limits.h"
#include "text/jid.h"
#include "xmpp/disco.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"

struct lookups {
	struct lookups_setup s;
	struct limits *by_id, *by_jid;
};

/* What is said in public about an account. */
struct record {
	const struct publisher *who; /* borrowed */
	enum publisher_state state;
	int64_t since_s;
	/* Those that hold; none unless the state is approved. */
	const struct approval *approvals[PUBLISHER_APPROVALS_MAX];
	unsigned approval_count;
	int64_t until_s; /* when the first of them ends */
};

int
lookups_new(struct lookups **r, const struct lookups_setup *s, struct err *e)
{
	static const struct limits_setup by_id = { LOOKUPS_ID_ACCOUNT,
		LOOKUPS_ID_DOMAIN, LOOKUPS_ID_ALL };
	static const struct limits_setup by_jid = { LOOKUPS_JID_ACCOUNT,
		LOOKUPS_JID_DOMAIN, LOOKUPS_JID_ALL };
	struct lookups *l = calloc(1, sizeof *l);

	if (l == NULL)
		return err_set(e, "no memory for look-ups");
	l->s = *s;
	if (limits_new(&l->by_id, &by_id, e) == -1 ||
	    limits_new(&l->by_jid, &by_jid, e) == -1) {
		lookups_free(l);
		return -1;
	}
	*r = l;
	return 0;
}

void
lookups_free(struct lookups *l)
{
	if (l == NULL)
		return;
	limits_free(l->by_id);
	limits_free(l->by_jid);
	free(l);
}

/* The answer, or NULL without memory; so do all that answer. */
static xmpp_stanza_t *
not_found(xmpp_stanza_t *iq)
{
	return stanza_reply_error(iq, "cancel", "item-not-found");
}

/* Waiting cures it: a limit, or a register that cannot be read. */
static xmpp_stanza_t *
not_now(xmpp_stanza_t *iq)
{
	return stanza_reply_error(iq, "wait", "resource-constraint");
}

static xmpp_stanza_t *
answer_id(struct lookups *l, xmpp_stanza_t *iq, const char *id)
{
	struct token_row t;
	struct err e;

	if (!disco_is_badge_id(id))
		return not_found(iq);
	switch (store_token_by_id(l->s.reader, id, &t, &e)) {
	case 1:
		return disco_badge_answer(iq, id, l->s.domain, t.text);
	case 0:
		return not_found(iq);
	default:
		return not_now(iq);
	}
}

/* The approvals that hold, and when the first of them ends. */
static void
add_approvals(struct record *r, int64_t now_s)
{
	for (unsigned i = 0; i < r->who->approval_count; i++) {
		const struct approval *a = &r->who->approvals[i];

		if (now_s < a->since_s || now_s >= approval_end(a))
			continue;
		r->approvals[r->approval_count++] = a;
		if (r->until_s == 0 || approval_end(a) < r->until_s)
			r->until_s = approval_end(a);
	}
}

/* Approved, but nothing of it holds any more: expired, since the last did.
 * Whether it is so; otherwise nothing holds yet. */
static bool
is_expired(struct record *r, int64_t now_s)
{
	int64_t ended_s = 0;

	for (unsigned i = 0; i < r->who->approval_count; i++) {
		int64_t until_s = approval_end(&r->who->approvals[i]);

		if (until_s <= now_s && until_s > ended_s)
			ended_s = until_s;
	}
	r->state = PUBLISHER_EXPIRED;
	r->since_s = ended_s;
	return ended_s != 0;
}

/* Whether there is something that the public may know. */
static bool
record_make(struct record *r, const struct publisher *who, int64_t now_s)
{
	*r = (struct record){ .who = who,
		.state = who->state,
		.since_s = who->state_since_s };
	switch (who->state) {
	case PUBLISHER_APPROVED:
		add_approvals(r, now_s);
		return r->approval_count > 0 || is_expired(r, now_s);
	case PUBLISHER_SUSPENDED:
	case PUBLISHER_REVOKED:
	case PUBLISHER_EXPIRED:
		return true;
	case PUBLISHER_NONE:
	case PUBLISHER_APPLIED:
	case PUBLISHER_IN_REVIEW:
	case PUBLISHER_REJECTED:
	case PUBLISHER_WITHDRAWN:
		break;
	}
	return false;
}

static int
set_date(xmpp_stanza_t *s, const char *attr, int64_t date_s)
{
	char text[WHEN_TEXT_MAX];

	when_format(date_s, text);
	return stanza_set(s, attr, text);
}

static int
add_categories(xmpp_stanza_t *publisher, const struct record *r,
    const struct policy *policy)
{
	for (unsigned i = 0; i < r->approval_count; i++) {
		const struct approval *a = r->approvals[i];
		const struct category *c = policy_category(policy, a->category);
		xmpp_stanza_t *s = stanza_add(publisher, "category", NULL);

		if (stanza_set(s, "id", a->category) == -1 ||
		    stanza_set(s, "title",
			c == NULL ? a->category : c->title) == -1 ||
		    set_date(s, "since", a->since_s) == -1 ||
		    set_date(s, "until", approval_end(a)) == -1)
			return -1;
	}
	return 0;
}

/* Signs for the domain of whoever asks; kept nowhere. */
static int
sign(const struct lookups *l, const struct record *r, const char *from,
    int64_t now_s, int64_t life_s, struct token_row *t)
{
	const char *at = strchr(from, '@');
	const char *slash = strchr(from, '/');
	char sub[BADGES_ADDRESS_MAX + 1], aud[BADGES_ADDRESS_MAX + 1];
	char domain[JID_PART_MAX + 1];
	struct token_claims c = { .iss = l->s.domain,
		.sub = sub,
		.name = r->who->name,
		.aud = aud,
		.iat_s = now_s,
		.exp_s =
		    now_s + life_s < r->until_s ? now_s + life_s : r->until_s };

	if (at != NULL && (slash == NULL || at < slash))
		from = at + 1;
	(void)snprintf(domain, sizeof domain, "%.*s", (int)strcspn(from, "/"),
	    from);
	(void)snprintf(aud, sizeof aud, "xmpp:%s", domain);
	badges_subject(r->who->jid, sub);
	for (unsigned i = 0; i < r->approval_count; i++)
		c.cat[c.cat_count++] = r->approvals[i]->category;
	return token_issue(l->s.keyring->active, &c, t->text, t->id, NULL);
}

/* 0, or -1 for no memory. */
static int
fill(const struct lookups *l, const struct config *config,
    const struct record *r, const struct token_row *t, xmpp_stanza_t *answer)
{
	xmpp_stanza_t *p = stanza_add(answer, "publisher", NS_BADGE);
	xmpp_stanza_t *badge;

	if (stanza_set(p, "jid", r->who->jid) == -1 ||
	    stanza_set(p, "name", r->who->name) == -1 ||
	    stanza_set(p, "state", publisher_state_name(r->state)) == -1 ||
	    set_date(p, "since", r->since_s) == -1 ||
	    add_categories(p, r, &config->policy) == -1)
		return -1;
	if (r->approval_count == 0)
		return 0;
	badge = stanza_add(p, "badge", NULL);
	if (stanza_set(badge, "id", t->id) == -1 ||
	    stanza_set(badge, "by", l->s.domain) == -1)
		return -1;
	return stanza_add_text(badge, t->text);
}

static xmpp_stanza_t *
answer_record(const struct lookups *l, const struct config *config,
    xmpp_stanza_t *iq, const struct record *r, int64_t now_s)
{
	xmpp_stanza_t *answer;
	struct token_row t;

	if (r->approval_count > 0 &&
	    sign(l, r, stanza_get(iq, "from"), now_s, config->badge_life_s,
		&t) == -1)
		return not_now(iq);
	answer = stanza_reply(iq, "result");
	if (answer != NULL && fill(l, config, r, &t, answer) == -1) {
		xmpp_stanza_release(answer);
		answer = NULL;
	}
	return answer;
}

static xmpp_stanza_t *
answer_jid(const struct lookups *l, const struct config *config,
    xmpp_stanza_t *iq, const char *text)
{
	int64_t now_s = clock_wall_s();
	char bare[JID_MAX + 1];
	struct publisher who;
	struct record r;
	struct jid jid;

	if (jid_parse(&jid, text, NULL) == -1 || jid.local[0] == '\0' ||
	    jid.resource[0] != '\0')
		return not_found(iq);
	jid_bare(&jid, bare);
	switch (store_publisher_find(l->s.reader, bare, &who, NULL)) {
	case 1:
		return record_make(&r, &who, now_s)
		    ? answer_record(l, config, iq, &r, now_s)
		    : not_found(iq);
	case 0:
		return not_found(iq);
	default:
		return not_now(iq);
	}
}

int
lookups_answer(struct lookups *l, const struct config *config,
    xmpp_stanza_t *iq, xmpp_stanza_t **r, struct err *e)
{
	const char *value, *from = stanza_get(iq, "from");
	int64_t now_ms = clock_mono_ms();

	switch (disco_lookup_find(iq, &value)) {
	case DISCO_LOOKUP_NONE:
		return 0;
	case DISCO_LOOKUP_BAD:
		*r = stanza_reply_error(iq, "modify", "bad-request");
		break;
	case DISCO_LOOKUP_ID:
		*r = limits_take(l->by_id, from, now_ms)
		    ? answer_id(l, iq, value)
		    : not_now(iq);
		break;
	case DISCO_LOOKUP_JID:
		*r = limits_take(l->by_jid, from, now_ms)
		    ? answer_jid(l, config, iq, value)
		    : not_now(iq);
		break;
	}
	return *r == NULL ? err_set(e, "no memory for an answer") : 1;
}

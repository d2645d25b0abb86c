/* Tokens of publishers and the elements that carry them; see badges.h. */
#include "daemon/badges.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/token.h"
#include "xmpp/ns.h"
#include "xmpp/xml.h"

/* Bytes of all strings in the claims: base64 of them, of their names and
 * dates, the header and the signature fit into TOKEN_MAX. */
#define CLAIMS_MAX 2700
#define HOLDER_MAX                                                             \
	(PUBLICATION_ATTR_MAX + PLACE_CATEGORIES_MAX * (CATEGORY_ID_MAX + 1) + \
	    16)

struct asker {
	struct asker *next;
	badges_cb done;
	void *arg;
};

/* A token that is being written, and who waits for it. */
struct issue {
	struct issue *next;
	struct badges *badges;
	struct asker *askers;
	char jid[PUBLISHER_JID_MAX + 1];
	char aud[BADGES_ADDRESS_MAX + 1];
	char holder[HOLDER_MAX + 1];
	struct token_row token;
};

struct badges {
	struct badges_setup s;
	struct issue *issues;
	size_t asker_count;
};

int
badges_new(struct badges **r, const struct badges_setup *s, struct err *e)
{
	struct badges *b = calloc(1, sizeof *b);

	if (b == NULL)
		return err_set(e, "no memory for the badges");
	b->s = *s;
	*r = b;
	return 0;
}

static void
issue_finish(struct issue *i, int found, const struct err *e)
{
	struct badges *b = i->badges;
	struct issue **p = &b->issues;

	while (*p != i)
		p = &(*p)->next;
	*p = i->next;
	while (i->askers != NULL) {
		struct asker *a = i->askers;

		i->askers = a->next;
		b->asker_count--;
		a->done(a->arg, found, found == 1 ? &i->token : NULL, e);
		free(a);
	}
	free(i);
}

void
badges_free(struct badges *b)
{
	static const struct err ended = { "Masthead is stopping" };

	if (b == NULL)
		return;
	while (b->issues != NULL)
		issue_finish(b->issues, -1, &ended);
	free(b);
}

static int
issue_ask(struct issue *i, badges_cb done, void *arg, struct err *e)
{
	struct asker *a;

	if (i->badges->asker_count >= BADGES_WAITING_MAX)
		return err_set(e, "too many checks wait for a token");
	a = malloc(sizeof *a);
	if (a == NULL)
		return err_set(e, "no memory to wait for a token");
	a->done = done;
	a->arg = arg;
	a->next = i->askers;
	i->askers = a;
	i->badges->asker_count++;
	return 0;
}

/* Adds a name of at most `max` bytes, with %XX for each byte of `special` and
 * each control character; returns the end. */
static char *
escape(char *p, const char *name, size_t max, const char *special)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < max && name[i] != '\0'; i++) {
		unsigned char c = (unsigned char)name[i];

		if (c >= 0x20 && c != 0x7f && strchr(special, c) == NULL) {
			*p++ = (char)c;
			continue;
		}
		*p++ = '%';
		*p++ = hex[c >> 4];
		*p++ = hex[c & 15];
	}
	*p = '\0';
	return p;
}

/* "xmpp:" and the address, as an IRI (RFC 5122 #section-2.2): what would begin
 * a query or a fragment is escaped in the localpart.  Returns the end. */
static char *
address_write(const char *local, size_t local_len, const char *host,
    char r[BADGES_ADDRESS_MAX + 1])
{
	char *p = r + sprintf(r, "xmpp:");

	if (local_len > PLACE_LOCAL_MAX)
		local_len = PLACE_LOCAL_MAX;
	p = escape(p, local, local_len, "?#%[]\\^`{|}");
	return p +
	    snprintf(p, PLACE_HOST_MAX + 2, "%s%s", local_len == 0 ? "" : "@",
		host);
}

void
badges_subject(const char *jid, char r[BADGES_ADDRESS_MAX + 1])
{
	const char *at = strchr(jid, '@');

	(void)address_write(jid, at == NULL ? 0 : (size_t)(at - jid),
	    at == NULL ? jid : at + 1, r);
}

/* For whom a token is meant: the room, or the node (RFC 5122
 * #section-2.5, XEP-0060 #registrar-querytypes). */
static void
audience_write(const struct place_spot *at, char r[BADGES_ADDRESS_MAX + 1])
{
	char *p = address_write(at->local, strlen(at->local), at->host, r);

	if (at->node[0] == '\0')
		return;
	p += sprintf(p, "?;node=");
	(void)escape(p, at->node, PUBLICATION_ATTR_MAX,
	    "%#?[]\\^{|}<>\";&=+ `");
}

/*
 * Whom a token is bound to, as one string: in rooms the occupant-id or the
 * nickname, and the categories, so that a change of the place's list makes
 * another token.
 */
static void
holder_write(const struct badge_want *w, char r[HOLDER_MAX + 1])
{
	bool has_id = w->occupant[0] != '\0';
	size_t used = 0;

	r[0] = '\0';
	if (w->at.node[0] == '\0')
		used = (size_t)snprintf(r, HOLDER_MAX + 1, "%s:%s",
		    has_id ? "occ" : "nick", has_id ? w->occupant : w->nick);

	for (unsigned i = 0; i < w->verdict->badge_count; i++)
		used += (size_t)snprintf(r + used, HOLDER_MAX + 1 - used, " %s",
		    w->where->publish[w->verdict->badge_for[i]]);
}

static int
token_make(struct badges *b, const struct badge_want *w, struct issue *i,
    struct err *e)
{
	char sub[BADGES_ADDRESS_MAX + 1];
	struct token_claims c = { .iss = b->s.domain,
		.sub = sub,
		.name = w->name,
		.aud = i->aud,
		.iat_s = w->now_s };

	badges_subject(w->jid, sub);
	if (w->at.node[0] == '\0' && w->occupant[0] != '\0')
		c.occ = w->occupant;
	else if (w->at.node[0] == '\0')
		c.nick = w->nick;
	for (unsigned k = 0; k < w->verdict->badge_count; k++)
		c.cat[c.cat_count++] =
		    w->where->publish[w->verdict->badge_for[k]];
	c.exp_s = w->now_s + w->life_s;
	if (c.exp_s > w->verdict->badge_until_s)
		c.exp_s = w->verdict->badge_until_s;
	i->token.iat_s = c.iat_s;
	i->token.exp_s = c.exp_s;
	i->token.serial = w->serial;
	(void)snprintf(i->token.kid, sizeof i->token.kid, "%s",
	    key_kid(b->s.keyring->active));
	return token_issue(b->s.keyring->active, &c, i->token.text, i->token.id,
	    e);
}

/*
 * Whether a token that is there will do.  It serves until half its life is
 * over; one that ends with the approval serves to its end, since a new one
 * could not last longer.
 */
static bool
token_serves(const struct token_row *t, const struct badge_want *w)
{
	if (w->now_s >= t->exp_s || t->exp_s > w->verdict->badge_until_s)
		return false;
	return t->exp_s == w->verdict->badge_until_s ||
	    w->now_s < t->iat_s + (t->exp_s - t->iat_s) / 2;
}

/* Whether the claims fit into a token, whatever has to be escaped in them. */
static bool
fits_token(const struct badges *b, const struct badge_want *w, const char *aud)
{
	char sub[BADGES_ADDRESS_MAX + 1];
	size_t len = strlen(b->s.domain) + strlen(aud) + 2 * strlen(w->name);

	badges_subject(w->jid, sub);
	len += strlen(sub);
	if (w->at.node[0] == '\0')
		len +=
		    2 * strlen(w->occupant[0] != '\0' ? w->occupant : w->nick);
	for (unsigned i = 0; i < w->verdict->badge_count; i++)
		len += strlen(w->where->publish[w->verdict->badge_for[i]]) + 3;
	return len <= CLAIMS_MAX;
}

static int
issue_run(struct store *s, void *arg, struct err *e)
{
	struct issue *i = arg;

	return store_token_add(s, i->jid, i->aud, i->holder, &i->token, e);
}

static void
issue_done(void *arg, int rc, const struct err *e)
{
	issue_finish(arg, rc == 0 ? 1 : -1, e);
}

static struct issue *
issue_find(const struct badges *b, const char *jid, const char *aud,
    const char *holder, int64_t serial)
{
	for (struct issue *i = b->issues; i != NULL; i = i->next)
		if (i->token.serial == serial && strcmp(i->jid, jid) == 0 &&
		    strcmp(i->aud, aud) == 0 && strcmp(i->holder, holder) == 0)
			return i;
	return NULL;
}

/* Signs a token and has it written; the askers hear when it is. */
static int
issue_start(struct badges *b, const struct badge_want *w, const char *aud,
    const char *holder, badges_cb done, void *arg, struct err *e)
{
	struct issue *i = issue_find(b, w->jid, aud, holder, w->serial);
	int rc = -1;

	if (!w->may_wait)
		return err_set(e, "too many checks wait for the disk");
	if (i != NULL)
		return issue_ask(i, done, arg, e);
	i = calloc(1, sizeof *i);
	if (i == NULL)
		return err_set(e, "no memory for a token");
	i->badges = b;
	(void)snprintf(i->jid, sizeof i->jid, "%s", w->jid);
	(void)snprintf(i->aud, sizeof i->aud, "%s", aud);
	(void)snprintf(i->holder, sizeof i->holder, "%s", holder);
	if (token_make(b, w, i, e) == -1 || issue_ask(i, done, arg, e) == -1)
		goto out;
	if (writer_post(b->s.writer, issue_run, issue_done, i, e) == -1) {
		b->asker_count--;
		free(i->askers);
		goto out;
	}
	i->next = b->issues;
	b->issues = i;
	i = NULL;
	rc = 0;
out:
	free(i);
	return rc;
}

void
badges_get(struct badges *b, const struct badge_want *w, badges_cb done,
    void *arg)
{
	char aud[BADGES_ADDRESS_MAX + 1], holder[HOLDER_MAX + 1];
	struct token_row t;
	struct err e = { "" };
	int found;

	audience_write(&w->at, aud);
	if (!fits_token(b, w, aud)) {
		done(arg, 0, NULL, NULL);
		return;
	}
	holder_write(w, holder);
	found = store_token_find(b->s.reader, w->jid, aud, holder,
	    key_kid(b->s.keyring->active), &t, &e);
	if (found == 1 && token_serves(&t, w))
		done(arg, 1, &t, NULL);
	else if (found == -1 ||
	    issue_start(b, w, aud, holder, done, arg, &e) == -1)
		done(arg, -1, NULL, &e);
}

void
badges_write(struct buf *out, const char *domain, const struct token_row *t,
    bool is_reference)
{
	buf_adds(out, "<badge xmlns='" NS_BADGE "'");
	xml_attr(out, "id", t->id);
	xml_attr(out, "by", domain);
	if (is_reference) {
		buf_adds(out, "/>");
		return;
	}
	buf_adds(out, ">");
	xml_text(out, t->text);
	buf_adds(out, "</badge>");
}

/* The hat's title: the category's pattern with the publisher's name. */
static void
hat_title(struct buf *r, const char *pattern, const char *name)
{
	const char *hole = strstr(pattern, "{name}");

	if (hole == NULL) {
		buf_adds(r, pattern);
		return;
	}
	buf_add(r, pattern, (size_t)(hole - pattern));
	buf_adds(r, name);
	buf_adds(r, hole + strlen("{name}"));
}

static void
hat_write(struct buf *out, const char *ns, const struct category *c,
    const char *title, const char *domain, const struct token_row *t)
{
	char number[16];

	buf_adds(out, "<hat");
	xml_attr(out, "xmlns", ns);
	buf_adds(out, " uri='urn:masthead:hat:");
	buf_adds(out, c->id);
	buf_adds(out, "'");
	xml_attr(out, "title", title);
	if (c->hue >= 0) {
		/* XEP-0317 #hues: an XEP-0392 angle. */
		(void)snprintf(number, sizeof number, "%d", c->hue);
		xml_attr(out, "hue", number);
	}
	buf_adds(out, ">");
	badges_write(out, domain, t, false);
	buf_adds(out, "</hat>");
}

void
badges_write_hats(struct buf *out, const char *domain,
    const struct policy *policy, const struct badge_want *w,
    const struct token_row *t, bool has_legacy)
{
	for (unsigned i = 0; i < w->verdict->badge_count; i++) {
		const struct category *c = policy_category(policy,
		    w->where->publish[w->verdict->badge_for[i]]);
		struct buf title;

		if (c == NULL)
			continue;
		buf_init(&title, CATEGORY_HAT_MAX + PUBLISHER_NAME_MAX);
		hat_title(&title, c->hat, w->name);
		if (!title.failed && title.len > 0) {
			hat_write(out, NS_HATS, c, title.data, domain, t);
			if (has_legacy)
				hat_write(out, NS_HATS_OLD, c, title.data,
				    domain, t);
		}
		buf_clear(&title);
	}
}

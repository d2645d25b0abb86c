/* Which decisions are legal, and what they must say; see lifecycle.h. */
#include "store/lifecycle.h"

#include <stdbool.h>
#include <string.h>

#include "core/utf8.h"

#define STATE_COUNT (PUBLISHER_WITHDRAWN + 1)
#define ACTION_COUNT (DECISION_RENAME + 1)

static const char *const action_names[ACTION_COUNT] = {
	[DECISION_ADD] = "add",
	[DECISION_APPROVE] = "approve",
	[DECISION_SUSPEND] = "suspend",
	[DECISION_RESTORE] = "restore",
	[DECISION_REVOKE] = "revoke",
	[DECISION_RENAME] = "rename",
};

/* What each action makes of each state; what is not here is not legal. */
static const enum publisher_state next[ACTION_COUNT][STATE_COUNT] = {
	[DECISION_ADD] = {
		[PUBLISHER_NONE] = PUBLISHER_APPLIED,
		[PUBLISHER_REJECTED] = PUBLISHER_APPLIED,
		[PUBLISHER_REVOKED] = PUBLISHER_APPLIED,
		[PUBLISHER_EXPIRED] = PUBLISHER_APPLIED,
		[PUBLISHER_WITHDRAWN] = PUBLISHER_APPLIED,
	},
	[DECISION_APPROVE] = {
		[PUBLISHER_APPLIED] = PUBLISHER_APPROVED,
		[PUBLISHER_IN_REVIEW] = PUBLISHER_APPROVED,
		[PUBLISHER_APPROVED] = PUBLISHER_APPROVED,
		[PUBLISHER_EXPIRED] = PUBLISHER_APPROVED,
	},
	[DECISION_SUSPEND] = {
		[PUBLISHER_APPROVED] = PUBLISHER_SUSPENDED,
	},
	[DECISION_RESTORE] = {
		[PUBLISHER_SUSPENDED] = PUBLISHER_APPROVED,
	},
	[DECISION_REVOKE] = {
		[PUBLISHER_APPROVED] = PUBLISHER_REVOKED,
		[PUBLISHER_SUSPENDED] = PUBLISHER_REVOKED,
	},
	/* A name can always be corrected, also to give it free again. */
	[DECISION_RENAME] = {
		[PUBLISHER_APPLIED] = PUBLISHER_APPLIED,
		[PUBLISHER_IN_REVIEW] = PUBLISHER_IN_REVIEW,
		[PUBLISHER_APPROVED] = PUBLISHER_APPROVED,
		[PUBLISHER_SUSPENDED] = PUBLISHER_SUSPENDED,
		[PUBLISHER_REJECTED] = PUBLISHER_REJECTED,
		[PUBLISHER_REVOKED] = PUBLISHER_REVOKED,
		[PUBLISHER_EXPIRED] = PUBLISHER_EXPIRED,
		[PUBLISHER_WITHDRAWN] = PUBLISHER_WITHDRAWN,
	},
};

const char *
lifecycle_action_name(enum decision_action action)
{
	return action_names[action];
}

/* Why it is not legal, and what would be. */
static int
refuse(const struct decision *d, enum publisher_state from, struct err *e)
{
	const char *state = publisher_state_name(from);

	if (from == PUBLISHER_NONE)
		return err_set(e, "%s is not on the register: add it first",
		    d->jid);
	switch (d->action) {
	case DECISION_ADD:
		return err_set(e, "%s is on the register already (%s)", d->jid,
		    state);
	case DECISION_APPROVE:
		if (from == PUBLISHER_SUSPENDED)
			return err_set(e, "%s is suspended: restore it first",
			    d->jid);
		return err_set(e,
		    "%s is %s: it needs a new application"
		    " (publisher add) before it can be approved",
		    d->jid, state);
	case DECISION_SUSPEND:
		return err_set(e,
		    "%s is %s: only an approved publisher can"
		    " be suspended",
		    d->jid, state);
	case DECISION_RESTORE:
		return err_set(e,
		    "%s is %s: only a suspended publisher can"
		    " be restored",
		    d->jid, state);
	case DECISION_REVOKE:
		return err_set(e,
		    "%s is %s: only what an approved or"
		    " suspended publisher has can be revoked",
		    d->jid, state);
	case DECISION_RENAME:
		break;
	}
	return err_set(e, "%s is %s: it cannot be renamed", d->jid, state);
}

int
lifecycle_next(const struct decision *d, enum publisher_state from,
    enum publisher_state *to_r, struct err *e)
{
	*to_r = next[d->action][from];
	return *to_r == PUBLISHER_NONE ? refuse(d, from, e) : 0;
}

/* The character of `len` well-formed bytes at `s`. */
static unsigned long
decode(const unsigned char *s, size_t len)
{
	unsigned long c = len == 1 ? s[0] : s[0] & (0x7fu >> len);

	for (size_t i = 1; i < len; i++)
		c = c << 6 | (s[i] & 0x3f);
	return c;
}

/* Control characters, line and paragraph separators, direction overrides,
 * noncharacters: nothing that a line of text for people has. */
static bool
is_forbidden(unsigned long c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 ||
	    c == 0x2029 || (c >= 0x202a && c <= 0x202e) ||
	    (c >= 0x2066 && c <= 0x2069) || (c >= 0xfdd0 && c <= 0xfdef) ||
	    (c & 0xfffe) == 0xfffe;
}

int
lifecycle_text_check(const char *text, size_t max_len, const char *what,
    struct err *e)
{
	const unsigned char *s = (const unsigned char *)text;
	bool is_blank = true;

	if (text == NULL || text[0] == '\0')
		return err_set(e, "%s is missing", what);
	if (strlen(text) > max_len)
		return err_set(e, "%s is too long: %zu bytes at most", what,
		    max_len);
	while (*s != '\0') {
		size_t len = utf8_len((const char *)s);
		unsigned long c;

		if (len == 0)
			return err_set(e, "%s is not UTF-8", what);
		c = decode(s, len);
		if (is_forbidden(c))
			return err_set(e,
			    "%s has a character that is not"
			    " allowed (U+%04lX)",
			    what, c);
		is_blank = is_blank && c == ' ';
		s += len;
	}
	return is_blank ? err_set(e, "%s is missing", what) : 0;
}

static int
check_jid(const char *jid, struct err *e)
{
	const char *at;

	if (lifecycle_text_check(jid, PUBLISHER_JID_MAX, "the address", e) < 0)
		return -1;
	at = strchr(jid, '@');
	if (at == NULL || at == jid || at[1] == '\0' ||
	    strchr(jid, '/') != NULL)
		return err_set(e,
		    "\"%s\" is no account's address"
		    " (NAME@DOMAIN)",
		    jid);
	return 0;
}

/* Copies the name without the spaces around it. */
static int
take_name(const char *name, char r[PUBLISHER_NAME_MAX + 1], struct err *e)
{
	size_t len;

	if (name != NULL)
		name += strspn(name, " ");
	if (lifecycle_text_check(name, PUBLISHER_NAME_MAX, "the public name",
		e) < 0)
		return -1;
	len = strlen(name);
	while (name[len - 1] == ' ')
		len--;
	memcpy(r, name, len);
	r[len] = '\0';
	return 0;
}

int
lifecycle_check(const struct decision *d, char name_r[PUBLISHER_NAME_MAX + 1],
    struct err *e)
{
	bool has_reason = d->reason != NULL && d->reason[0] != '\0';

	name_r[0] = '\0';
	if (d->action < DECISION_ADD || d->action > DECISION_RENAME)
		return err_set(e, "there is no decision %d", (int)d->action);
	if (check_jid(d->jid, e) < 0 ||
	    lifecycle_text_check(d->by, LIFECYCLE_BY_MAX, "who decides", e) < 0)
		return -1;
	if ((d->action != DECISION_ADD || has_reason) &&
	    lifecycle_text_check(d->reason, PUBLISHER_REASON_MAX, "the reason",
		e) < 0)
		return -1;
	if (d->action == DECISION_ADD || d->action == DECISION_RENAME)
		return take_name(d->name, name_r, e);
	if (d->action != DECISION_APPROVE)
		return 0;
	if (d->until_s <= d->now_s)
		return err_set(e, "the approval would end before it begins");
	return lifecycle_text_check(d->category, CATEGORY_ID_MAX,
	    "the category", e);
}

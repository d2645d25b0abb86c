/* What anybody may ask; see disco.h. */
#include "xmpp/disco.h"

#include <string.h>

#include "xmpp/ns.h"
#include "xmpp/stanza.h"

static const char *const own_features[] = { NS_DISCO_INFO, NS_DISCO_ITEMS,
	NS_PING, NS_VERSION, NS_BADGE };

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static int
add_feature(xmpp_stanza_t *query, const char *var)
{
	return stanza_set(stanza_add(query, "feature", NULL), "var", var);
}

/* XEP-0030 #info. */
static int
fill_info(const struct disco *d, xmpp_stanza_t *answer)
{
	xmpp_stanza_t *query = stanza_add(answer, "query", NS_DISCO_INFO);
	xmpp_stanza_t *identity = stanza_add(query, "identity", NULL);

	if (stanza_set(identity, "category", "component") == -1 ||
	    stanza_set(identity, "type", "generic") == -1 ||
	    stanza_set(identity, "name", d->name) == -1)
		return -1;
	for (size_t i = 0; i < COUNT(own_features); i++)
		if (add_feature(query, own_features[i]) == -1)
			return -1;
	for (size_t i = 0; i < d->feature_count; i++)
		if (add_feature(query, d->features[i]) == -1)
			return -1;
	for (size_t i = 0; i < d->form_count; i++)
		if (form_write(d->forms[i], query, "result", NULL) == -1)
			return -1;
	return 0;
}

/* XEP-0030 #items: there are none. */
static int
fill_items(const struct disco *d, xmpp_stanza_t *answer)
{
	(void)d;
	return stanza_add(answer, "query", NS_DISCO_ITEMS) != NULL ? 0 : -1;
}

/* XEP-0199 #c2s: an empty result. */
static int
fill_ping(const struct disco *d, xmpp_stanza_t *answer)
{
	(void)d;
	(void)answer;
	return 0;
}

/* XEP-0092; the operating system is nobody's business. */
static int
fill_version(const struct disco *d, xmpp_stanza_t *answer)
{
	xmpp_stanza_t *query = stanza_add(answer, "query", NS_VERSION);

	if (stanza_add_text(stanza_add(query, "name", NULL), d->name) == -1)
		return -1;
	return stanza_add_text(stanza_add(query, "version", NULL), d->version);
}

static const struct question {
	const char *name, *ns;
	bool has_node; /* takes a node, and we have none */
	int (*fill)(const struct disco *d, xmpp_stanza_t *answer);
} questions[] = {
	{ "query", NS_DISCO_INFO, true, fill_info },
	{ "query", NS_DISCO_ITEMS, true, fill_items },
	{ "ping", NS_PING, false, fill_ping },
	{ "query", NS_VERSION, false, fill_version },
};

/* The payload of an IQ of type get; NULL if it is none. */
static xmpp_stanza_t *
get_payload(xmpp_stanza_t *iq)
{
	if (!stanza_is(iq, "iq", NS_COMPONENT) ||
	    strcmp(stanza_get(iq, "type"), "get") != 0)
		return NULL;
	return stanza_payload(iq);
}

static const struct question *
question_find(xmpp_stanza_t *payload)
{
	for (size_t i = 0; i < COUNT(questions); i++)
		if (stanza_is(payload, questions[i].name, questions[i].ns))
			return &questions[i];
	return NULL;
}

int
disco_answer(const struct disco *d, xmpp_stanza_t *iq, xmpp_stanza_t **out,
    struct err *e)
{
	xmpp_stanza_t *payload = get_payload(iq);
	const struct question *q;
	xmpp_stanza_t *answer;

	q = payload != NULL ? question_find(payload) : NULL;
	if (q == NULL)
		return 0;
	if (q->has_node && stanza_get(payload, "node")[0] != '\0') {
		answer = stanza_reply_error(iq, "cancel", "item-not-found");
	} else {
		answer = stanza_reply(iq, "result");
		if (answer != NULL && q->fill(d, answer) == -1) {
			xmpp_stanza_release(answer);
			answer = NULL;
		}
	}
	if (answer == NULL)
		return err_set(e, "no memory for an answer");
	*out = answer;
	return 1;
}

enum disco_lookup
disco_lookup_find(xmpp_stanza_t *iq, const char **value_r)
{
	xmpp_stanza_t *payload = get_payload(iq);
	const char *id, *jid;

	if (payload == NULL || !stanza_is(payload, "badge", NS_BADGE))
		return DISCO_LOOKUP_NONE;
	id = stanza_get(payload, "id");
	jid = stanza_get(payload, "jid");
	*value_r = id[0] != '\0' ? id : jid;
	if ((id[0] == '\0') == (jid[0] == '\0'))
		return DISCO_LOOKUP_BAD;
	return id[0] != '\0' ? DISCO_LOOKUP_ID : DISCO_LOOKUP_JID;
}

bool
disco_is_badge_id(const char *id)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789-_";

	return strlen(id) == DISCO_BADGE_ID_LEN &&
	    strspn(id, alphabet) == DISCO_BADGE_ID_LEN;
}

xmpp_stanza_t *
disco_badge_answer(xmpp_stanza_t *iq, const char *id, const char *by,
    const char *token)
{
	xmpp_stanza_t *answer = stanza_reply(iq, "result");
	xmpp_stanza_t *badge = stanza_add(answer, "badge", NS_BADGE);

	if (stanza_set(badge, "id", id) == 0 &&
	    stanza_set(badge, "by", by) == 0 &&
	    stanza_add_text(badge, token) == 0)
		return answer;
	if (answer != NULL)
		xmpp_stanza_release(answer);
	return NULL;
}

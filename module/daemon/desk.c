/* Answers what is no guard's business; see desk.h. */
#include "daemon/desk.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/door.h"
#include "xmpp/disco.h"
#include "xmpp/ns.h"

/* PROTOCOL.md: the keys that badges are signed with. */
static struct form *
keys_form(const struct desk_setup *d)
{
	struct form *f = form_new(NS_KEYS);

	form_add_line(f, "jwks", NULL, d->keyring->jwks);
	return f;
}

/* PROTOCOL.md: who runs this, and what one can be approved for. */
static struct form *
operator_form(const struct config *c, const struct agreements *agreements)
{
	struct form *f = form_new(NS_OPERATOR);
	struct form_field *categories;

	form_add_line(f, "name", NULL, c->operator.name);
	form_add_line(f, "country", NULL, c->operator.country);
	form_add_line(f, "register", NULL, c->operator.reg);
	form_add_line(f, "contact", NULL, c->operator.contact);
	categories = form_add(f, FORM_LIST_MULTI, "categories", NULL);
	for (size_t i = 0; i < c->policy.category_count; i++) {
		const struct category *row = &c->policy.categories[i];
		char var[FORM_VAR_MAX + 1], version[24];
		struct agreement newest;

		form_value(categories, row->id);
		(void)snprintf(var, sizeof var, "title:%s", row->id);
		form_add_line(f, var, NULL, row->title);
		if (agreements_find(agreements, row->id, NULL, &newest) == 0)
			continue;
		(void)snprintf(var, sizeof var, "agreement:%s", row->id);
		(void)snprintf(version, sizeof version, "%" PRId64,
		    newest.version);
		form_add_line(f, var, NULL, version);
	}
	return f;
}

/* XEP-0157: for whatever somebody wants to say, it is the operator. */
static struct form *
contact_form(const struct config *c)
{
	static const char *const vars[] = { "abuse-addresses",
		"admin-addresses", "support-addresses" };
	struct form *f = form_new(NS_SERVERINFO);

	for (size_t i = 0; i < sizeof vars / sizeof vars[0]; i++)
		form_value(form_add(f, FORM_LIST_MULTI, vars[i], NULL),
		    c->operator.contact);
	return f;
}

static int
info_answer(const struct desk_setup *d, xmpp_stanza_t *iq, xmpp_stanza_t **r,
    struct err *e)
{
	const struct config *c = checks_config(d->checks);
	/* The last is there if readers may report. */
	static const char *const features[] = { NS_GUARD, NS_COMMANDS,
		NS_REGISTER, NS_REPORTING };
	struct form *forms[] = { keys_form(d),
		operator_form(c, d->daemon->agreements), contact_form(c) };
	const struct disco disco = { .name = "Masthead",
		.version = MASTHEAD_VERSION,
		.features = features,
		.feature_count = c->has_reports ? 4 : 3,
		.forms = (const struct form *const *)forms,
		.form_count = 3 };
	int rc = disco_answer(&disco, iq, r, e);

	for (size_t i = 0; i < 3; i++)
		form_free(forms[i]);
	return rc;
}

/* 0 with the answer, or none if the counter gives it; or -1. */
static int
iq_answer(const struct desk_setup *d, xmpp_stanza_t *iq, xmpp_stanza_t **r,
    struct err *e)
{
	int rc = counter_take(d->counter, iq, e);

	if (rc == 0)
		rc = door_take(d->daemon, iq, e);
	if (rc == 0)
		rc = info_answer(d, iq, r, e);
	if (rc == 0)
		rc = reports_take(d->reports, iq, e);
	if (rc == 0)
		rc = lookups_answer(d->lookups, checks_config(d->checks), iq, r,
		    e);
	if (rc != 0)
		return rc == 1 ? 0 : -1;
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

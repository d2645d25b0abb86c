/* Ad-hoc commands on the wire; see adhoc.h. */
#include "xmpp/adhoc.h"

#include <string.h>

#include "xmpp/ns.h"
#include "xmpp/stanza.h"

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static const struct action_row {
	const char *name;
	enum adhoc_action action;
} actions[] = {
	{ "", ADHOC_EXECUTE }, /* XEP-0050 #execute: the default */
	{ "execute", ADHOC_EXECUTE },
	{ "next", ADHOC_NEXT },
	{ "prev", ADHOC_PREV },
	{ "complete", ADHOC_COMPLETE },
	{ "cancel", ADHOC_CANCEL },
};

/* XEP-0050 #errors: its own condition beside the general one. */
static const struct fault_row {
	const char *type, *condition;
	const char *own; /* NULL for none */
} faults[] = {
	[ADHOC_FINE] = { "wait", "internal-server-error", NULL },
	[ADHOC_MALFORMED_ACTION] = { "modify", "bad-request",
	    "malformed-action" },
	[ADHOC_BAD_ACTION] = { "modify", "bad-request", "bad-action" },
	[ADHOC_BAD_PAYLOAD] = { "modify", "bad-request", "bad-payload" },
	[ADHOC_BAD_SESSION] = { "modify", "bad-request", "bad-sessionid" },
	[ADHOC_SESSION_EXPIRED] = { "cancel", "not-allowed",
	    "session-expired" },
	[ADHOC_NO_NODE] = { "cancel", "item-not-found", NULL },
	[ADHOC_FORBIDDEN] = { "auth", "forbidden", NULL },
	[ADHOC_TWICE] = { "wait", "unexpected-request", NULL },
	[ADHOC_TOO_BIG] = { "modify", "policy-violation", NULL },
	[ADHOC_BUSY] = { "wait", "resource-constraint", NULL },
};

static int
read_action(const char *name, enum adhoc_action *r)
{
	for (size_t i = 0; i < COUNT(actions); i++) {
		if (strcmp(actions[i].name, name) != 0)
			continue;
		*r = actions[i].action;
		return 0;
	}
	return -1;
}

/* The form among a command's children: 1, 0 for none, -1 if there are more. */
static int
read_form(xmpp_stanza_t *command, xmpp_stanza_t **r)
{
	xmpp_stanza_t *s = xmpp_stanza_get_children(command);

	*r = NULL;
	for (; s != NULL; s = xmpp_stanza_get_next(s)) {
		if (!xmpp_stanza_is_tag(s) || !stanza_is(s, "x", NS_DATA))
			continue;
		if (*r != NULL)
			return -1;
		*r = s;
	}
	return *r != NULL;
}

int
adhoc_read(xmpp_stanza_t *iq, struct adhoc_request *r, enum adhoc_fault *fault)
{
	xmpp_stanza_t *s = stanza_payload(iq);

	if (s == NULL || !stanza_is(s, "command", NS_COMMANDS) ||
	    strcmp(stanza_get(iq, "type"), "set") != 0)
		return 0;
	*r = (struct adhoc_request){ .node = stanza_get(s, "node"),
		.session = stanza_get(s, "sessionid"),
		.lang = stanza_get(s, "xml:lang") };
	if (r->lang[0] == '\0')
		r->lang = stanza_get(iq, "xml:lang");
	if (read_action(stanza_get(s, "action"), &r->action) == -1) {
		*fault = ADHOC_MALFORMED_ACTION;
		return -1;
	}
	if (read_form(s, &r->form) == -1) {
		*fault = ADHOC_BAD_PAYLOAD;
		return -1;
	}
	if (strlen(r->node) > ADHOC_NODE_MAX || r->node[0] == '\0') {
		*fault = ADHOC_NO_NODE;
		return -1;
	}
	return 1;
}

static const char *
action_name(enum adhoc_action action)
{
	size_t i = 1;

	while (i + 1 < COUNT(actions) && actions[i].action != action)
		i++;
	return actions[i].name;
}

/* XEP-0050 #execute-multi. */
static int
write_actions(xmpp_stanza_t *command, const struct adhoc_answer *a)
{
	/* In the order of the schema. */
	static const enum adhoc_action order[] = { ADHOC_PREV, ADHOC_NEXT,
		ADHOC_COMPLETE };
	xmpp_stanza_t *s = stanza_add(command, "actions", NULL);

	if (stanza_set(s, "execute", action_name(a->execute)) == -1)
		return -1;
	for (size_t i = 0; i < COUNT(order); i++)
		if ((a->actions & order[i]) != 0 &&
		    stanza_add(s, action_name(order[i]), NULL) == NULL)
			return -1;
	return 0;
}

static int
write_notes(xmpp_stanza_t *command, const struct adhoc_answer *a)
{
	static const char *const types[] = { [ADHOC_INFO] = "info",
		[ADHOC_WARN] = "warn",
		[ADHOC_ERROR] = "error" };

	for (size_t i = 0; i < a->note_count; i++) {
		xmpp_stanza_t *s = stanza_add(command, "note", NULL);

		if (stanza_set(s, "type", types[a->notes[i].type]) == -1 ||
		    stanza_add_text(s, a->notes[i].text) == -1)
			return -1;
	}
	return 0;
}

int
adhoc_write(xmpp_stanza_t *reply, const struct adhoc_answer *a, struct err *e)
{
	static const char *const status[] = { [ADHOC_EXECUTING] = "executing",
		[ADHOC_COMPLETED] = "completed",
		[ADHOC_CANCELED] = "canceled" };
	xmpp_stanza_t *s = stanza_add(reply, "command", NS_COMMANDS);

	if (stanza_set(s, "node", a->node) == -1 ||
	    stanza_set(s, "sessionid", a->session) == -1 ||
	    stanza_set(s, "status", status[a->status]) == -1 ||
	    (a->lang != NULL && a->lang[0] != '\0' &&
		stanza_set(s, "xml:lang", a->lang) == -1) ||
	    (a->status == ADHOC_EXECUTING && write_actions(s, a) == -1) ||
	    write_notes(s, a) == -1)
		return err_set(e, "no memory for a command's answer");
	if (a->form == NULL)
		return 0;
	return form_write(a->form, s,
	    a->status == ADHOC_EXECUTING ? "form" : "result", e);
}

int
adhoc_write_error(xmpp_stanza_t *reply, enum adhoc_fault fault)
{
	const struct fault_row *row = &faults[fault];
	xmpp_stanza_t *error;

	if (stanza_set(reply, "type", "error") == -1)
		return -1;
	error = stanza_add(reply, "error", NULL);
	if (stanza_set(error, "type", row->type) == -1 ||
	    stanza_add(error, row->condition, NS_STANZAS) == NULL)
		return -1;
	if (row->own == NULL)
		return 0;
	return stanza_add(error, row->own, NS_COMMANDS) == NULL ? -1 : 0;
}

int
adhoc_write_item(xmpp_stanza_t *query, const char *jid, const char *node,
    const char *name)
{
	xmpp_stanza_t *s = stanza_add(query, "item", NULL);

	if (stanza_set(s, "jid", jid) == -1 ||
	    stanza_set(s, "node", node) == -1)
		return -1;
	return stanza_set(s, "name", name);
}

int
adhoc_write_info(xmpp_stanza_t *query, const char *type, const char *name)
{
	static const char *const features[] = { NS_COMMANDS, NS_DATA };
	xmpp_stanza_t *s = stanza_add(query, "identity", NULL);

	if (stanza_set(s, "category", "automation") == -1 ||
	    stanza_set(s, "type", type) == -1 ||
	    stanza_set(s, "name", name) == -1)
		return -1;
	for (size_t i = 0; i < COUNT(features); i++)
		if (stanza_set(stanza_add(query, "feature", NULL), "var",
			features[i]) == -1)
			return -1;
	return 0;
}

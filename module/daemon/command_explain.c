/* explain: the decision about one publication, with its reasons.  It runs
 * what a guard's check runs, and leaves no trace. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/commands.h"
#include "daemon/refusals.h"
#include "text/jid.h"

/* While the account is looked up. */
struct explain {
	struct control_request *request;
	struct publication what;
	char jid[PUBLISHER_JID_MAX + 1];
	struct jid room; /* or the account that has the node, or the service */
};

#define RULE_TEXT_MAX 2048

/* "publish: news, sport": the line of the configuration that decided. */
static void
list_words(char r[RULE_TEXT_MAX], const char *key,
    const char words[][CATEGORY_ID_MAX + 1], unsigned count)
{
	size_t used = (size_t)snprintf(r, RULE_TEXT_MAX, "%s:", key);

	for (unsigned i = 0; i < count && used < RULE_TEXT_MAX; i++)
		used += (size_t)snprintf(r + used, RULE_TEXT_MAX - used,
		    "%s %s", i == 0 ? "" : ",", words[i]);
}

static void
rule_text(char r[RULE_TEXT_MAX], const struct verdict *v, const struct place *p,
    const struct publication *what)
{
	switch (v->rule) {
	case RULE_NONE:
	case RULE_COUNT:
		r[0] = '\0';
		break;
	case RULE_NOT_LABELLED:
		(void)snprintf(r, RULE_TEXT_MAX,
		    "labelled: %s (the post is "
		    "not)",
		    p->labelled);
		break;
	case RULE_EXEMPT:
		(void)snprintf(r, RULE_TEXT_MAX, "exempt: %s",
		    what->affiliation);
		break;
	case RULE_ENCRYPTED:
		(void)snprintf(r, RULE_TEXT_MAX, "encrypted: refuse");
		break;
	case RULE_REPRINT:
		if (p->reprint_who == PLACE_REPRINT_CATEGORIES)
			list_words(r, "reprint", p->reprint, p->reprint_count);
		else
			(void)snprintf(r, RULE_TEXT_MAX, "reprint: %s",
			    p->reprint_who == PLACE_REPRINT_ANYONE ? "anyone"
								   : "nobody");
		break;
	case RULE_PUBLISH:
		list_words(r, "publish", p->publish, p->publish_count);
		break;
	case RULE_JOIN:
		(void)snprintf(r, RULE_TEXT_MAX,
		    "joins pass; approved "
		    "accounts get a hat");
		break;
	}
}

static json_t *
refusal_json(const struct daemon *d, const struct explain *x,
    const struct place *where, const struct publisher *who,
    const struct verdict *v)
{
	const struct refusal_case about = { .where = where,
		.at = publication_spot(&x->what, where->host),
		.who = who,
		.verdict = v,
		.lang = "en" };
	struct refusal_words w;

	refusals_describe(d->catalogue, checks_config(d->checks), &about, &w);
	return json_pack("{s:s, s:s, s:s, s:s}", "reason", w.wire.reason,
	    "type", w.wire.type, "condition", w.wire.condition, "text",
	    w.wire.text);
}

static json_t *
place_json(const struct daemon *d, const struct place *p)
{
	const struct place_spot at = { p->local, p->host, p->node };
	struct guard_info g;
	json_t *r = json_pack("{s:I, s:s, s:b}", "id", (json_int_t)p->id,
	    "mode", p->mode == PLACE_OBSERVE ? "observe" : "enforce",
	    "attached", guards_find(d->guards, p->host, &g) && g.is_attached);

	commands_add_spot(r, &at);
	return r;
}

static void
add_decision(json_t *r, const struct explain *x, const struct place *where,
    const struct publisher *who, int64_t now_s)
{
	const struct daemon *d = commands_daemon(x->request);
	struct verdict v = policy_decide(&x->what, who, where, now_s);
	json_t *badges = json_array();
	char rule[RULE_TEXT_MAX];

	for (unsigned i = 0; i < v.badge_count; i++)
		(void)json_array_append_new(badges,
		    json_string(where->publish[v.badge_for[i]]));
	rule_text(rule, &v, where, &x->what);
	(void)json_object_set_new(r, "verdict",
	    json_string(verdict_action_name(v.action)));
	(void)json_object_set_new(r, "observed", json_boolean(v.is_observed));
	(void)json_object_set_new(r, "rule", json_string(rule));
	(void)json_object_set_new(r, "lease", json_integer(v.lease_s));
	(void)json_object_set_new(r, "badges", badges);
	(void)json_object_set_new(r, "badge_until",
	    commands_date(v.badge_until_s));
	if (v.refusal != REFUSAL_NONE)
		(void)json_object_set_new(r, "refusal",
		    refusal_json(d, x, where, who, &v));
}

static void
explain_done(void *arg, int found, const struct publisher *p, int64_t serial,
    const struct err *e)
{
	struct explain *x = arg;
	const struct daemon *d = commands_daemon(x->request);
	const struct policy *policy = &checks_config(d->checks)->policy;
	const struct place_spot at = publication_spot(&x->what, x->room.domain);
	const struct place *where =
	    place_find(policy->places, policy->place_count, &at);
	const struct publisher *who = found == 1 ? p : NULL;
	int64_t now_s = clock_wall_s();
	json_t *r;

	if (found == -1) {
		control_fail(x->request, CTL_UNAVAILABLE, "%s", e->text);
		free(x);
		return;
	}
	r = json_pack("{s:s, s:I, s:o, s:o}", "jid", x->jid, "serial",
	    (json_int_t)serial, "record",
	    who == NULL ? json_null() : commands_publisher_full(who, now_s),
	    "place", where == NULL ? json_null() : place_json(d, where));
	commands_add_spot(r, &at);
	(void)json_object_set_new(r, "kind",
	    json_string(publication_kind_name(x->what.kind)));
	if (where == NULL)
		(void)json_object_set_new(r, "verdict",
		    json_string("not guarded"));
	else
		add_decision(r, x, where, who, now_s);
	control_reply(x->request, CTL_OK, r);
	free(x);
}

/* The publication as a guard would describe it. */
static void
describe(struct explain *x, const struct ctl_args *a)
{
	const char *kind = ctl_option(a, "--kind");
	const char *affiliation = ctl_option(a, "--affiliation");
	struct publication *w = &x->what;

	w->node = ctl_option(a, "--node");
	w->room = w->owner = x->room.local;
	if (w->node == NULL)
		w->node = w->owner = "";
	else
		w->room = "";
	w->kind =
	    w->node[0] != '\0' ? PUBLICATION_PUBLISH : PUBLICATION_MESSAGE;
	if (kind != NULL)
		w->kind = publication_kind_find(kind);
	w->actor = x->jid;
	w->nick = w->occupant = "";
	w->lang = "en";
	w->affiliation = affiliation == NULL ? "" : affiliation;
	w->is_encrypted = ctl_option(a, "--encrypted") != NULL;
	if (ctl_option(a, "--reprint") != NULL)
		w->reprints[w->reprint_count++] =
		    (struct reprint){ REPRINT_FORWARD, "" };
	for (size_t i = 0; i < a->option_count; i++)
		if (strcmp(a->options[i].param->name, "--label") == 0)
			w->labels[w->label_count++] = a->options[i].value;
}

/* A room, or a node and what it is a node of.  0, or -1; then the request has
 * been answered. */
static int
find_place(struct explain *x)
{
	const struct ctl_args *a = control_args(x->request);
	const char *service = ctl_option(a, "--service");
	const char *owner = ctl_option(a, "--owner");
	char bare[PUBLISHER_JID_MAX + 1];
	struct err e = { "" };

	if (ctl_option(a, "--node") == NULL
		? a->operand_count != 2 || service != NULL || owner != NULL
		: a->operand_count != 1 ||
		    (service == NULL) == (owner == NULL) ||
		    ctl_option(a, "--kind") != NULL) {
		control_fail(x->request, CTL_USAGE,
		    "want a ROOM, or --node with --service or --owner");
		return -1;
	}
	if (service != NULL) {
		if (jid_prepare_domain(service, x->room.domain,
			sizeof x->room.domain, &e) == 0)
			return 0;
		control_fail(x->request, CTL_USAGE, "%s", e.text);
		return -1;
	}
	if (commands_jid_of(x->request, owner != NULL ? owner : a->operands[1],
		bare) == -1)
		return -1;
	return jid_parse(&x->room, bare, &e);
}

void
command_explain_run(struct control_request *q)
{
	struct explain *x = calloc(1, sizeof *x);

	if (x == NULL) {
		control_fail(q, CTL_UNAVAILABLE, "no memory");
		return;
	}
	x->request = q;
	if (commands_jid(q, 0, x->jid) == -1 || find_place(x) == -1) {
		free(x);
		return;
	}
	describe(x, control_args(q));
	store_lookup(commands_daemon(q)->reader, x->jid, explain_done, x);
}

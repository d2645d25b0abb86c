/* The table of commands, and what they share; see commands.h. */
#include "daemon/commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/when.h"
#include "text/jid.h"

const struct control_command commands_table[] = {
	{ "publisher add", command_change_run },
	{ "publisher approve", command_change_run },
	{ "publisher suspend", command_change_run },
	{ "publisher restore", command_change_run },
	{ "publisher revoke", command_change_run },
	{ "publisher rename", command_change_run },
	{ "publisher list", command_publisher_list },
	{ "publisher show", command_publisher_show },
	{ "case list", command_case_list },
	{ "case show", command_case_show },
	{ "case approve", command_case_approve },
	{ "case refuse", command_case_refuse },
	{ "case ask", command_case_ask },
	{ "case identity", command_case_identity },
	{ "appeal list", command_appeal_list },
	{ "appeal show", command_appeal_show },
	{ "appeal decide", command_appeal_decide },
	{ "report list", command_report_list },
	{ "report show", command_report_show },
	{ "report close", command_report_close },
	{ "explain", command_explain_run },
	{ "places", command_status_places },
	{ "guards", command_status_guards },
	{ "status", command_status_run },
	{ "reload", command_status_reload },
	{ "proof list", command_proof_list },
	{ "proof check", command_proof_check },
	{ "evidence rotate", command_evidence_rotate },
	{ "erase", command_evidence_erase },
	{ "export", command_evidence_export },
	{ "key list", command_key_list },
	{ "key rotate", command_key_rotate },
	{ "key revoke", command_key_revoke },
	{ NULL, NULL },
};

struct daemon *
commands_daemon(const struct control_request *q)
{
	return control_arg(q);
}

_Static_assert(PUBLISHER_JID_MAX >= 2 * JID_PART_MAX + 1,
    "a bare address fits where a publisher's goes");

int
commands_jid(struct control_request *q, size_t i, char r[PUBLISHER_JID_MAX + 1])
{
	return commands_jid_of(q, control_args(q)->operands[i], r);
}

int
commands_jid_of(struct control_request *q, const char *text,
    char r[PUBLISHER_JID_MAX + 1])
{
	char bare[JID_MAX + 1];
	struct err e = { "" };
	struct jid j;

	if (jid_parse(&j, text, &e) == -1) {
		control_fail(q, CTL_USAGE, "%s", e.text);
		return -1;
	}
	if (j.local[0] == '\0' || j.resource[0] != '\0') {
		control_fail(q, CTL_USAGE,
		    "\"%.200s\" is not a bare address, "
		    "NAME@DOMAIN",
		    text);
		return -1;
	}
	jid_bare(&j, bare);
	memcpy(r, bare, strlen(bare) + 1); /* two parts and the @ fit */
	return 0;
}

void
commands_add_spot(json_t *r, const struct place_spot *at)
{
	const struct place_spot whole = { at->local, at->host, "" };
	bool is_node = at->node[0] != '\0';
	const char *of_node = at->local[0] == '\0' ? "service" : "owner";
	char name[PLACE_NAME_MAX + 1], address[PLACE_NAME_MAX + 1];

	place_spot_name(at, name, sizeof name);
	place_spot_name(&whole, address, sizeof address);
	(void)json_object_set_new(r, "kind",
	    json_string(is_node ? "node" : "room"));
	(void)json_object_set_new(r, "name", json_string(name));
	(void)json_object_set_new(r, is_node ? of_node : "room",
	    json_string(address));
	if (is_node)
		(void)json_object_set_new(r, "node", json_string(at->node));
}

json_t *
commands_date(int64_t s)
{
	char text[WHEN_TEXT_MAX];

	if (s == 0)
		return json_null();
	when_format(s, text);
	return json_string(text);
}

json_t *
commands_words(const char *first, size_t count, size_t stride)
{
	json_t *r = json_array();

	for (size_t i = 0; i < count; i++)
		(void)json_array_append_new(r, json_string(first + i * stride));
	return r;
}

static int
approval_holds(const struct publisher *p, const struct approval *a,
    int64_t now_s)
{
	return p->state == PUBLISHER_APPROVED && a->since_s <= now_s &&
	    now_s < approval_end(a);
}

json_t *
commands_publisher_row(const struct publisher *p, int64_t now_s)
{
	json_t *categories = json_array();

	for (unsigned i = 0; i < p->approval_count; i++)
		if (approval_holds(p, &p->approvals[i], now_s))
			(void)json_array_append_new(categories,
			    json_string(p->approvals[i].category));
	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "jid", p->jid, "name",
	    p->name, "state", publisher_state_name(p->state), "since",
	    commands_date(p->state_since_s), "categories", categories);
}

json_t *
commands_publisher_full(const struct publisher *p, int64_t now_s)
{
	json_t *r = commands_publisher_row(p, now_s);
	json_t *approvals = json_array();

	for (unsigned i = 0; i < p->approval_count; i++) {
		const struct approval *a = &p->approvals[i];

		(void)json_array_append_new(approvals,
		    json_pack("{s:s, s:o, s:o, s:b}", "category", a->category,
			"since", commands_date(a->since_s), "until",
			commands_date(a->until_s), "holds",
			approval_holds(p, a, now_s)));
	}
	(void)json_object_set_new(r, "reason", json_string(p->state_reason));
	(void)json_object_set_new(r, "case", json_integer(p->case_id));
	(void)json_object_set_new(r, "approvals", approvals);
	return r;
}

/*
 * Recalls.
 */

struct recall {
	struct control_request *request;
	json_t *result; /* owned */
};

/* What an operator should know: who has not heard of it yet. */
struct missing {
	json_t *hosts, *warnings;
};

static void
warn(json_t *warnings, json_t *sentence)
{
	(void)json_array_append_new(warnings, sentence);
}

static void
add_missing(void *arg, const struct guard_info *i)
{
	struct missing *m = arg;

	if (i->is_attached)
		return;
	(void)json_array_append_new(m->hosts, json_string(i->host));
	warn(m->warnings,
	    json_sprintf("%s is not attached; it hears of this "
			 "when it attaches",
		i->host));
}

void
commands_reply_told(struct control_request *q, json_t *result, size_t told,
    size_t answered)
{
	struct missing m = { json_array(), json_array() };

	guards_each(commands_daemon(q)->guards, add_missing, &m);
	if (answered < told)
		warn(m.warnings,
		    json_sprintf(
			"%zu of %zu guards have not "
			"acknowledged it yet; \"mastheadctl guards\" shows "
			"which",
			told - answered, told));
	(void)json_object_set_new(result, "guards",
	    json_pack("{s:I, s:I, s:o}", "told", (json_int_t)told, "answered",
		(json_int_t)answered, "missing", m.hosts));
	(void)json_object_set_new(result, "warnings", m.warnings);
	control_reply(q, CTL_OK, result);
}

static void
recall_done(void *arg, size_t told, size_t answered)
{
	struct recall *r = arg;

	commands_reply_told(r->request, r->result, told, answered);
	free(r);
}

void
commands_recall_and_reply(struct control_request *q, json_t *result,
    int64_t serial, const char *actor)
{
	struct recall *r = calloc(1, sizeof *r);
	struct daemon *d = commands_daemon(q);

	(void)json_object_set_new(result, "serial", json_integer(serial));
	if (r == NULL) {
		/* The guards come first; only the count of them is lost. */
		guards_recall(d->guards, serial, actor, NULL, NULL);
		control_reply(q, CTL_OK, result);
		return;
	}
	r->request = q;
	r->result = result;
	guards_recall(d->guards, serial, actor, recall_done, r);
}

/* places, guards, status, reload: how things are. */
#include <stdio.h>
#include <string.h>

#include "daemon/advice.h"
#include "daemon/clock.h"
#include "daemon/commands.h"

static bool
is_attached(const struct daemon *d, const char *host)
{
	struct guard_info g;

	return guards_find(d->guards, host, &g) && g.is_attached;
}

static json_t *
tally_json(const struct checks_tally *n)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "passed",
	    (json_int_t)n->passed, "refused", (json_int_t)n->refused,
	    "observed", (json_int_t)n->observed, "unavailable",
	    (json_int_t)n->unavailable);
}

/* The rules that have decided something here. */
static json_t *
rules_json(const struct checks_counts *n)
{
	static const struct checks_tally nothing;
	json_t *r = json_array();

	for (size_t i = 0; i < RULE_COUNT; i++) {
		json_t *row;

		if (memcmp(&n->by_rule[i], &nothing, sizeof nothing) == 0)
			continue;
		row = tally_json(&n->by_rule[i]);
		(void)json_object_set_new(row, "rule",
		    json_string(verdict_rule_name((enum verdict_rule)i)));
		(void)json_array_append_new(r, row);
	}
	return r;
}

static json_t *
reprint_json(const struct place *p)
{
	switch (p->reprint_who) {
	case PLACE_REPRINT_NOBODY:
		return json_pack("[s]", "nobody");
	case PLACE_REPRINT_ANYONE:
		return json_pack("[s]", "anyone");
	case PLACE_REPRINT_CATEGORIES:
		break;
	}
	return commands_words(p->reprint[0], p->reprint_count,
	    sizeof p->reprint[0]);
}

static json_t *
exempt_json(const struct place *p)
{
	static const char *const names[] = { "owner", "admin", "member",
		"publisher" };
	json_t *r = json_array();

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if ((p->exempt & place_exempt_find(names[i])) != 0)
			(void)json_array_append_new(r, json_string(names[i]));
	return r;
}

static json_t *
place_json(const struct daemon *d, const struct place *p)
{
	/* As guards are told: what is observed never bounces. */
	bool is_open = p->pass_unavailable || p->mode == PLACE_OBSERVE;
	const struct place_spot at = { p->local, p->host, p->node };
	struct checks_counts counts = checks_counts(d->checks, p->id);
	json_t *r = json_pack("{s:I, s:s, s:o, s:o, s:s, s:s, s:I, s:b}", "id",
	    (json_int_t)p->id, "mode",
	    p->mode == PLACE_OBSERVE ? "observe" : "enforce", "publish",
	    commands_words(p->publish[0], p->publish_count,
		sizeof p->publish[0]),
	    "reprint", reprint_json(p), "unavailable",
	    is_open ? "pass" : "refuse", "message_badge",
	    place_badge_name(p->badge), "lease", (json_int_t)p->lease_s,
	    "attached", is_attached(d, p->host));

	commands_add_spot(r, &at);
	(void)json_object_set_new(r, "labelled",
	    p->labelled[0] == '\0' ? json_null() : json_string(p->labelled));
	(void)json_object_set_new(r, "others_may",
	    p->others_may_react ? json_pack("[s]", "react") : json_array());
	(void)json_object_set_new(r, "exempt", exempt_json(p));
	(void)json_object_set_new(r, "encrypted",
	    json_string(p->refuse_encrypted ? "refuse" : "pass"));
	(void)json_object_set_new(r, "counts", tally_json(&counts.all));
	(void)json_object_set_new(r, "rules", rules_json(&counts));
	return r;
}

void
command_status_places(struct control_request *q)
{
	const struct daemon *d = commands_daemon(q);
	const struct policy *policy = &checks_config(d->checks)->policy;
	json_t *list = json_array();

	for (size_t i = 0; i < policy->place_count; i++)
		(void)json_array_append_new(list,
		    place_json(d, &policy->places[i]));
	control_reply(q, CTL_OK, json_pack("{s:o}", "places", list));
}

static void
add_guard(void *arg, const struct guard_info *g)
{
	(void)json_array_append_new(arg,
	    json_pack("{s:s, s:s, s:b, s:o, s:I, s:I, s:o}", "host", g->host,
		"server", g->server, "attached", g->is_attached, "since",
		commands_date(g->since_s), "serial", (json_int_t)g->serial,
		"unanswered", (json_int_t)g->unanswered, "oldest_ms",
		g->unanswered == 0 ? json_null() : json_integer(g->oldest_ms)));
}

void
command_status_guards(struct control_request *q)
{
	json_t *list = json_array();

	guards_each(commands_daemon(q)->guards, add_guard, list);
	control_reply(q, CTL_OK, json_pack("{s:o}", "guards", list));
}

/*
 * What makes the status red.
 */

static void
problem(json_t *list, json_t *sentence)
{
	(void)json_array_append_new(list, sentence);
}

static void
add_stream_problem(json_t *list, const struct daemon *d)
{
	const char *advice = advice_on_stream(d->stream_why);
	json_t *since;

	if (d->stream_why[0] == '\0')
		return;
	since = commands_date(d->stream_since_s);
	problem(list,
	    json_sprintf("not connected to the server%s%s: %s%s%s",
		json_is_null(since) ? "" : " since ",
		json_is_null(since) ? "" : json_string_value(since),
		d->stream_why, advice == NULL ? "" : "; ",
		advice == NULL ? "" : advice));
	json_decref(since);
}

/* Whether an earlier place has the same host: then that was said. */
static bool
is_host_told(const struct policy *policy, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (strcmp(policy->places[j].host, policy->places[i].host) == 0)
			return true;
	return false;
}

static void
add_place_problems(json_t *list, const struct daemon *d)
{
	const struct policy *policy = &checks_config(d->checks)->policy;

	for (size_t i = 0; i < policy->place_count; i++) {
		const char *host = policy->places[i].host;

		if (is_host_told(policy, i) || is_attached(d, host))
			continue;
		problem(list,
		    json_sprintf("the guard of %s is not attached: "
				 "is mod_masthead loaded there?",
			host));
	}
}

static void
add_recall_problem(void *arg, const struct guard_info *g)
{
	if (g->unanswered == 0 || g->oldest_ms < GUARDS_RESEND_MS)
		return;
	problem(arg,
	    json_sprintf("%s has not answered %zu recalls, the "
			 "oldest for %lld ms",
		g->host, g->unanswered, (long long)g->oldest_ms));
}

static void
add_register_problem(json_t *list, const struct daemon *d)
{
	struct err e = { "" };

	if (store_ping(d->reader, &e) == -1)
		problem(list,
		    json_sprintf("the register cannot be read: %s", e.text));
	else if (d->register_err.text[0] != '\0')
		problem(list,
		    json_sprintf("the register failed: %s",
			d->register_err.text));
	if (d->badge_err.text[0] != '\0')
		problem(list,
		    json_sprintf("badges cannot be issued: %s",
			d->badge_err.text));
}

/*
 * What does not make it red, but may be a slip: a guard that nothing depends
 * on and that never came, perhaps under another name.
 */
struct notes {
	const struct policy *policy;
	json_t *list;
};

static void
add_guard_note(void *arg, const struct guard_info *g)
{
	struct notes *n = arg;

	if (g->is_attached || g->since_s != 0 ||
	    policy_has_host(n->policy, g->host))
		return;
	(void)json_array_append_new(n->list,
	    json_sprintf("%s is listed under guards: and has no places; its "
			 "guard has never attached: is that its name?",
		g->host));
}

static json_t *
notes_json(const struct daemon *d)
{
	struct notes n = { &checks_config(d->checks)->policy, json_array() };

	/* Without a stream nobody could attach. */
	if (d->stream_why[0] == '\0')
		guards_each(d->guards, add_guard_note, &n);
	return n.list;
}

static json_t *
problems_json(const struct daemon *d)
{
	json_t *list = json_array();

	add_stream_problem(list, d);
	add_register_problem(list, d);
	add_place_problems(list, d);
	guards_each(d->guards, add_recall_problem, list);
	if (d->reload_err.text[0] != '\0')
		problem(list,
		    json_sprintf("the last reload failed, the "
				 "configuration before it holds: %s",
			d->reload_err.text));
	return list;
}

/* Of the register, as far as it can be read. */
static void
add_register_counters(json_t *r, struct store *s)
{
	int64_t counts[PUBLISHER_WITHDRAWN + 1] = { 0 };
	char name[64];

	if (store_publisher_count(s, counts, NULL) == -1)
		return;
	for (int i = PUBLISHER_APPLIED; i <= PUBLISHER_WITHDRAWN; i++) {
		(void)snprintf(name, sizeof name, "publishers %s",
		    publisher_state_name((enum publisher_state)i));
		(void)json_object_set_new(r, name, json_integer(counts[i]));
	}
}

static json_t *
counters_json(const struct daemon *d)
{
	struct checks_tally n = checks_totals(d->checks);
	json_t *r = json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "passed",
	    (json_int_t)n.passed, "refused", (json_int_t)n.refused, "observed",
	    (json_int_t)n.observed, "unavailable", (json_int_t)n.unavailable,
	    "stanzas over a limit", (json_int_t)d->violations, "uptime seconds",
	    (json_int_t)(clock_wall_s() - d->started_s));

	add_register_counters(r, d->reader);
	return r;
}

/* What the stream has cost so far: bytes in, what expat was given of them,
 * what came of it, and the memory that this took at most. */
static json_t *
stream_json(const struct daemon *d)
{
	static const struct reader_counts none;
	const struct reader_counts *n =
	    d->stream == NULL ? &none : stream_counts(d->stream);

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "bytes",
	    (json_int_t)n->bytes, "parsed", (json_int_t)n->parsed, "stanzas",
	    (json_int_t)n->stanzas, "events", (json_int_t)n->events,
	    "violations", (json_int_t)n->violations, "memory_peak",
	    (json_int_t)n->memory_peak);
}

void
command_status_run(struct control_request *q)
{
	const struct daemon *d = commands_daemon(q);
	json_t *problems = problems_json(d);
	bool is_red = json_array_size(problems) > 0;
	int64_t serial = 0;
	json_t *r = json_pack("{s:s, s:o, s:o, s:o, s:o, s:s, s:s}", "status",
	    is_red ? "red" : "green", "problems", problems, "notes",
	    notes_json(d), "counters", counters_json(d), "stream",
	    stream_json(d), "version", MASTHEAD_VERSION, "domain", d->domain);

	(void)json_object_set_new(r, "serial",
	    store_serial(d->reader, &serial, NULL) == 0 ? json_integer(serial)
							: json_null());
	control_reply(q, is_red ? CTL_RED : CTL_OK, r);
}

/* The lines of `text`, which end in LF. */
static json_t *
lines_json(const struct buf *text)
{
	json_t *r = json_array();
	const char *at = text->data, *end;

	for (; at != NULL && *at != '\0'; at = end + (*end == '\n')) {
		end = at + strcspn(at, "\n");
		(void)json_array_append_new(r,
		    json_stringn(at, (size_t)(end - at)));
	}
	return r;
}

/* A configuration that is not good is an answer, with a line for each of its
 * mistakes. */
void
command_status_reload(struct control_request *q)
{
	struct daemon *d = commands_daemon(q);
	struct err e = { "" };
	struct buf problems;
	json_t *lines, *result;
	int64_t serial;
	int rc;

	buf_init(&problems, CTL_REPLY_MAX / 4);
	rc = daemon_reload(d, &problems, &serial, &e);
	lines = lines_json(&problems);
	buf_clear(&problems);
	result = json_pack("{s:b, s:s, s:o, s:I}", "loaded", rc == 0, "error",
	    e.text, "problems", lines, "places",
	    (json_int_t)checks_config(d->checks)->policy.place_count);
	if (rc == 0)
		commands_recall_and_reply(q, result, serial, NULL);
	else
		control_reply(q, CTL_REFUSED, result);
}

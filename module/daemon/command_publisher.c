/* publisher list, publisher show: the register as it is. */
#include <stdlib.h>

#include "daemon/clock.h"
#include "daemon/commands.h"

/* A page under way: one row more is read than shown, to know whether there
 * are more. */
struct page {
	json_t *rows;
	size_t limit;
	int64_t now_s;
	char last[PUBLISHER_JID_MAX + 1];
	int has_more;
};

static int
page_add(void *arg, const struct publisher *p)
{
	struct page *g = arg;

	if (json_array_size(g->rows) == g->limit) {
		g->has_more = 1;
		return 1;
	}
	(void)json_array_append_new(g->rows,
	    commands_publisher_row(p, g->now_s));
	(void)snprintf(g->last, sizeof g->last, "%s", p->jid);
	return 0;
}

void
command_publisher_list(struct control_request *q)
{
	const struct ctl_args *a = control_args(q);
	const char *state = ctl_option(a, "--state");
	const char *limit = ctl_option(a, "--limit");
	struct page g = { .now_s = clock_wall_s() };
	struct err e = { "" };
	json_t *result;

	g.limit =
	    limit == NULL ? CTL_LIST_MAX : (size_t)strtoul(limit, NULL, 10);
	g.rows = json_array();
	if (store_publisher_list(commands_daemon(q)->reader,
		ctl_option(a, "--after"), (unsigned)g.limit + 1,
		state == NULL ? PUBLISHER_NONE : publisher_state_find(state),
		page_add, &g, &e) == -1) {
		json_decref(g.rows);
		control_fail(q, CTL_UNAVAILABLE, "%s", e.text);
		return;
	}
	result = json_pack("{s:o}", "publishers", g.rows);
	if (g.has_more)
		(void)json_object_set_new(result, "next", json_string(g.last));
	control_reply(q, CTL_OK, result);
}

/* The newest decisions count; how many older ones there are is said. */
struct history {
	json_t *rows;
	json_int_t left_out;
};

static json_t *
decision_json(const struct decision_row *d)
{
	return json_pack("{s:I, s:o, s:s, s:s, s:s, s:s, s:s, s:o}", "case",
	    (json_int_t)d->id, "at", commands_date(d->at_s), "action",
	    d->action, "by", d->by, "reason", d->reason, "category",
	    d->category, "name", d->name, "until", commands_date(d->until_s));
}

static int
history_add(void *arg, const struct decision_row *d)
{
	struct history *h = arg;

	(void)json_array_append_new(h->rows, decision_json(d));
	if (json_array_size(h->rows) > COMMANDS_HISTORY_MAX) {
		(void)json_array_remove(h->rows, 0);
		h->left_out++;
	}
	return 0;
}

void
command_publisher_show(struct control_request *q)
{
	struct store *s = commands_daemon(q)->reader;
	struct history h = { NULL, 0 };
	char jid[PUBLISHER_JID_MAX + 1];
	struct err e = { "" };
	struct publisher p;
	int found;

	if (commands_jid(q, 0, jid) == -1)
		return;
	found = store_publisher_find(s, jid, &p, &e);
	if (found == 0) {
		control_fail(q, CTL_REFUSED, "%s is not on the register", jid);
		return;
	}
	h.rows = json_array();
	if (found == -1 || store_history(s, jid, history_add, &h, &e) == -1) {
		json_decref(h.rows);
		control_fail(q, CTL_UNAVAILABLE, "%s", e.text);
		return;
	}
	control_reply(q, CTL_OK,
	    json_pack("{s:o, s:o, s:I}", "publisher",
		commands_publisher_full(&p, clock_wall_s()), "history", h.rows,
		"history_left_out", h.left_out));
}

/* publisher add, approve, suspend, restore, revoke, rename: decisions. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/when.h"
#include "daemon/clock.h"
#include "daemon/commands.h"
#include "store/lifecycle.h"

static const struct {
	const char *name;
	enum decision_action action;
} actions[] = {
	{ "publisher add", DECISION_ADD },
	{ "publisher approve", DECISION_APPROVE },
	{ "publisher suspend", DECISION_SUSPEND },
	{ "publisher restore", DECISION_RESTORE },
	{ "publisher revoke", DECISION_REVOKE },
	{ "publisher rename", DECISION_RENAME },
};

/* One decision on its way; the strings that `decision` points at are the
 * request's, which lives until it is answered. */
struct change {
	struct control_request *request;
	struct decision decision;
	char jid[PUBLISHER_JID_MAX + 1];
	int64_t serial, case_id;
	bool is_refused; /* it failed because it is not legal */
	struct publisher after;
};

/*
 * Whether a decision that failed was not legal, as opposed to not possible
 * at the moment.  Asked on the worker, right after: nobody else writes.
 */
static bool
is_illegal(struct store *s, const struct decision *d)
{
	char name[PUBLISHER_NAME_MAX + 1];
	enum publisher_state next;
	struct publisher p;
	int found;

	if (lifecycle_check(d, name, NULL) == -1)
		return true;
	found = store_publisher_find(s, d->jid, &p, NULL);
	return found != -1 &&
	    lifecycle_next(d, found == 0 ? PUBLISHER_NONE : p.state, &next,
		NULL) == -1;
}

/* On the worker's thread. */
static int
change_apply(struct store *s, void *arg, struct err *e)
{
	struct change *c = arg;
	struct err ignored;

	if (store_decide(s, &c->decision, &c->serial, &c->case_id, e) == -1) {
		c->is_refused = is_illegal(s, &c->decision);
		return -1;
	}
	/* It is done; not being able to show it makes it no less done. */
	if (store_publisher_find(s, c->jid, &c->after, &ignored) != 1)
		c->after.state = PUBLISHER_NONE;
	return 0;
}

static void
change_done(void *arg, int rc, const struct err *e)
{
	struct change *c = arg;
	json_t *result;

	if (rc == -1) {
		control_fail(c->request,
		    c->is_refused ? CTL_REFUSED : CTL_UNAVAILABLE, "%s",
		    e->text);
		free(c);
		return;
	}
	result =
	    json_pack("{s:I, s:o}", "case", (json_int_t)c->case_id, "publisher",
		c->after.state == PUBLISHER_NONE
		    ? json_pack("{s:s}", "jid", c->jid)
		    : commands_publisher_full(&c->after, c->decision.now_s));
	commands_recall_and_reply(c->request, result, c->serial, c->jid);
	free(c);
}

static enum decision_action
action_of(const char *command)
{
	size_t i = 0;

	while (strcmp(actions[i].name, command) != 0)
		i++; /* the table of commands has no other names for this */
	return actions[i].action;
}

/* What only an approval has: a category of the configuration, and an end. */
static int
set_approval(struct change *c, const struct policy *policy)
{
	const struct ctl_args *a = control_args(c->request);
	const char *valid_for = ctl_option(a, "--valid-for");
	const struct category *category;
	int64_t valid_for_s;
	struct err e;

	c->decision.category = ctl_option(a, "--category");
	category = policy_category(policy, c->decision.category);
	if (category == NULL) {
		control_fail(c->request, CTL_REFUSED,
		    "the configuration has "
		    "no category \"%s\"",
		    c->decision.category);
		return -1;
	}
	valid_for_s = category->valid_for_s;
	if (valid_for != NULL &&
	    when_duration_parse(valid_for, &valid_for_s, &e) == -1) {
		control_fail(c->request, CTL_USAGE, "%s", e.text);
		return -1;
	}
	c->decision.until_s = c->decision.now_s + valid_for_s;
	return 0;
}

void
command_change_run(struct control_request *q)
{
	const struct ctl_args *a = control_args(q);
	struct daemon *d = commands_daemon(q);
	struct change *c = calloc(1, sizeof *c);
	struct err e;

	if (c == NULL) {
		control_fail(q, CTL_UNAVAILABLE, "no memory");
		return;
	}
	if (commands_jid(q, 0, c->jid) == -1) {
		free(c);
		return;
	}
	c->request = q;
	c->decision = (struct decision){ .jid = c->jid,
		.action = action_of(a->command->name),
		.by = control_by(q),
		.reason = ctl_option(a, "--reason"),
		.name = ctl_option(a, "--name"),
		.now_s = clock_wall_s() };
	if (c->decision.action == DECISION_APPROVE &&
	    set_approval(c, &checks_config(d->checks)->policy) == -1) {
		free(c);
		return;
	}
	if (writer_post(d->writer, change_apply, change_done, c, &e) == 0)
		return;
	control_fail(q, CTL_UNAVAILABLE, "%s", e.text);
	free(c);
}

/* Approvers' commands `suspend`, `restore` and `revoke`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/counter_commands.h"
#include "daemon/counter_staff.h"
#include "daemon/daemon.h"
#include "text/jid.h"

static const struct verb {
	const char *title_key, *explained_key, *done_key;
	enum case_action action;
} suspend = { "command_suspend", "staff_suspend_explained", "staff_suspended",
	CASE_SUSPEND },
  restore = { "command_restore", "staff_restore_explained", "staff_restored",
	  CASE_RESTORE },
  revoke = { "command_revoke", "staff_revoke_explained", "staff_revoked",
	  CASE_REVOKE };

struct decision_visit {
	struct counter_visit *visit;
	const struct verb *verb;
	char jid[JID_MAX + 1];
	char reason[PUBLISHER_REASON_MAX + 1];
};

static void
decide_ask(struct counter_visit *v, const struct verb *verb)
{
	struct form *f = form_new(NULL);

	form_title(f, counter_word(v, verb->title_key));
	form_instruct(f, counter_word(v, verb->explained_key));
	form_require(
	    form_add(f, FORM_JID, "account", counter_word(v, "staff_account")));
	staff_add_reason(v, f, "reason", "staff_reason_read", true);
	counter_ask(v, f, ADHOC_COMPLETE);
}

static void
decided(void *arg, const struct cases_outcome *o)
{
	struct decision_visit *d = arg;

	if (o->end == CASES_DONE)
		staff_done(d->visit, o, d->verb->done_key, "");
	else
		staff_fail(d->visit, o);
	free(d);
}

/* The account, prepared.  0, or -1 with the field blamed: it is none, or not
 * on the register.  What cannot be looked up is the writer's to find out. */
static int
account_read(struct counter_visit *v, char r[JID_MAX + 1])
{
	struct form_field *field = form_find(counter_form(v), "account");
	struct publisher p;
	struct jid j;
	struct err e;

	if (jid_parse(&j, form_get(counter_form(v), "account"), &e) == -1 ||
	    j.local[0] == '\0') {
		form_blame(field, counter_word(v, "staff_account_wrong"));
		return -1;
	}
	jid_bare(&j, r);
	if (store_publisher_find(cases_reader(staff_cases(v)), r, &p, &e) != 0)
		return 0;
	form_blame(field, counter_word(v, "case_not_found"));
	return -1;
}

static void
decide(struct counter_visit *v, const struct verb *verb)
{
	struct case_step step = staff_step(v, verb->action);
	struct decision_visit *d = calloc(1, sizeof *d);
	int rc;

	if (d == NULL) {
		counter_busy(v);
		return;
	}
	d->visit = v;
	d->verb = verb;
	rc = account_read(v, d->jid);
	if (staff_reason(v, "reason", d->reason) == -1 || rc == -1) {
		free(d);
		counter_ask_again(v);
		return;
	}
	step.jid = d->jid;
	step.reason = d->reason;
	cases_step(staff_cases(v), &step, decided, d);
}

static void
suspend_begin(struct counter_visit *v)
{
	decide_ask(v, &suspend);
}

static void
suspend_step(struct counter_visit *v)
{
	decide(v, &suspend);
}

static void
restore_begin(struct counter_visit *v)
{
	decide_ask(v, &restore);
}

static void
restore_step(struct counter_visit *v)
{
	decide(v, &restore);
}

static void
revoke_begin(struct counter_visit *v)
{
	decide_ask(v, &revoke);
}

static void
revoke_step(struct counter_visit *v)
{
	decide(v, &revoke);
}

const struct counter_command counter_suspend = { .node = "suspend",
	.name_key = "command_suspend",
	.roles = COUNTER_APPROVER,
	.begin = suspend_begin,
	.step = suspend_step };
const struct counter_command counter_restore = { .node = "restore",
	.name_key = "command_restore",
	.roles = COUNTER_APPROVER,
	.begin = restore_begin,
	.step = restore_step };
const struct counter_command counter_revoke = { .node = "revoke",
	.name_key = "command_revoke",
	.roles = COUNTER_APPROVER,
	.begin = revoke_begin,
	.step = revoke_step };

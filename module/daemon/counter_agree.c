/* agree: accepts newer versions of agreements, without an application. */
#include <stdlib.h>
#include <string.h>

#include "daemon/counter_case.h"
#include "daemon/counter_commands.h"
#include "daemon/daemon.h"
#include "daemon/terms.h"

/* The newest agreements of the categories that the account is approved for,
 * as far as it has not accepted them.  0 or -1. */
static int
find_terms(const struct counter_visit *v, struct terms *r, bool *is_publisher)
{
	struct publisher *p = malloc(sizeof *p);
	struct application *a = calloc(1, sizeof *a);
	struct err e;
	int rc = -1;

	if (p == NULL || a == NULL)
		goto out;
	rc = store_publisher_find(counter_daemon(v)->reader, counter_jid(v), p,
	    &e);
	*is_publisher = rc == 1 &&
	    (p->state == PUBLISHER_APPROVED || p->state == PUBLISHER_SUSPENDED);
	if (!*is_publisher)
		goto out;
	for (unsigned i = 0; i < p->approval_count && i < CASE_CATEGORIES_MAX;
	     i++)
		strcpy(a->categories[a->category_count++].id,
		    p->approvals[i].category);
	rc = terms_find(v, a, false, r, &e);
out:
	free(p);
	free(a);
	return rc == -1 ? -1 : 0;
}

static void
show(struct counter_visit *v, const struct terms *t, const char *notice)
{
	struct form *f = form_new(NULL);

	form_title(f, counter_word(v, "agree_title"));
	form_instruct(f, counter_word(v, "apply_agreement_instructions"));
	if (notice != NULL)
		form_notice(f, notice);
	terms_show(v, t, f);
	counter_ask(v, f, ADHOC_COMPLETE);
}

/* Finds what there is to accept, and shows it under `notice`. */
static void
look(struct counter_visit *v, const char *notice)
{
	struct terms *t = calloc(1, sizeof *t);
	bool is_publisher = false;

	if (t == NULL || find_terms(v, t, &is_publisher) == -1) {
		free(t);
		counter_busy(v);
	} else if (!is_publisher || t->count == 0) {
		free(t);
		counter_case_end(v, ADHOC_INFO,
		    is_publisher ? "agree_nothing" : "not_publisher");
	} else {
		counter_set_state(v, t, free, sizeof *t);
		show(v, t, notice);
	}
}

static void
agree_begin(struct counter_visit *v)
{
	look(v, NULL);
}

static void
agree_done(void *arg, const struct cases_outcome *o)
{
	struct counter_visit *v = arg;

	if (o->end == CASES_DONE)
		counter_case_end(v, ADHOC_INFO, "agree_done");
	else if (o->end == CASES_REFUSED &&
	    o->result.refusal == CASE_NOT_ACCEPTED)
		look(v, counter_word(v, "apply_agreement_changed"));
	else
		counter_case_not_done(v, o);
}

static void
agree_step(struct counter_visit *v)
{
	const struct terms *t = counter_state(v);
	struct case_acceptance accepted[CASE_CATEGORIES_MAX];
	struct case_step step = { .action = CASE_AGREE,
		.jid = counter_jid(v),
		.by = counter_jid(v),
		.role = CASE_SELF,
		.lang = counter_lang(v),
		.accepted = accepted,
		.accepted_count = t->count };

	if (!terms_check(v, t)) {
		counter_ask_again(v);
	} else if (!terms_hold(v, t)) {
		look(v, counter_word(v, "apply_agreement_changed"));
	} else {
		terms_accept(t, accepted);
		cases_step(counter_daemon(v)->cases, &step, agree_done, v);
	}
}

const struct counter_command counter_agree = { .node = "agree",
	.name_key = "command_agree",
	.roles = COUNTER_ANYBODY,
	.begin = agree_begin,
	.step = agree_step };

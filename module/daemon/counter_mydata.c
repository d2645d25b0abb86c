/* mydata: shows an account what is held about it, and erases what is sealed. */
#include <stdlib.h>
#include <string.h>

#include "daemon/counter_case.h"
#include "daemon/counter_commands.h"
#include "daemon/daemon.h"
#include "daemon/evidence.h"
#include "daemon/holdings.h"

#define SHOWN_MAX 131072 /* bytes; servers limit what they carry */

static void
mydata_begin(struct counter_visit *v)
{
	struct form *f = form_new(NULL);
	struct form_field *field;

	form_title(f, counter_word(v, "mydata_title"));
	field =
	    form_add(f, FORM_LIST, "action", counter_word(v, "mydata_action"));
	form_require(field);
	form_option(field, "show", counter_word(v, "mydata_show"));
	form_option(field, "erase", counter_word(v, "mydata_erase"));
	form_value(field, "show");
	field = form_add(f, FORM_BOOLEAN, "confirm",
	    counter_word(v, "mydata_erase_confirm"));
	form_boolean(field, false);
	counter_ask(v, f, ADHOC_COMPLETE);
}

static void
show(struct counter_visit *v, const char *text)
{
	struct form *f;

	if (strlen(text) > SHOWN_MAX) {
		const struct applicant_words w = counter_case_words(v);
		char long_text[CATALOGUE_TEXT_MAX];

		counter_text(v, "mydata_long",
		    (const struct catalogue_arg[]){ { .name = "contact",
			.text = w.config->operator.contact } },
		    1, long_text);
		counter_note(v, ADHOC_INFO, long_text);
		counter_done(v, NULL);
		return;
	}
	f = form_new("urn:masthead:mydata:0");
	form_title(f, counter_word(v, "mydata_title"));
	form_value(form_add(f, FORM_TEXT_MULTI, "json",
		       counter_word(v, "mydata_text")),
	    text);
	counter_done(v, f);
}

static void
collected(void *arg, enum cases_end end, json_t *holdings, const struct err *e)
{
	struct counter_visit *v = arg;
	char *text = NULL;

	(void)e;
	if (end == CASES_DONE)
		text = json_dumps(holdings, JSON_INDENT(1));
	json_decref(holdings);
	if (text == NULL)
		counter_busy(v);
	else
		show(v, text);
	free(text);
}

static void
erased(void *arg, const struct cases_outcome *o)
{
	struct counter_visit *v = arg;

	if (o->end == CASES_DONE)
		counter_case_end(v, ADHOC_INFO, "mydata_erased");
	else if (o->end == CASES_REFUSED && o->result.refusal == CASE_CASE_OPEN)
		counter_case_end(v, ADHOC_ERROR, "mydata_case_open");
	else
		counter_case_not_done(v, o);
}

static void
mydata_step(struct counter_visit *v)
{
	struct daemon *d = counter_daemon(v);
	char mark[CASE_MARK_LEN + 1];
	const struct case_report own = { .mark = mark };
	const struct case_step step = { .action = CASE_ERASE,
		.report = &own,
		.jid = counter_jid(v),
		.by = counter_jid(v),
		.role = CASE_SELF,
		.lang = counter_lang(v) };

	if (strcmp(form_get(counter_form(v), "action"), "show") == 0)
		holdings_collect(d->cases, counter_jid(v), counter_jid(v),
		    CASE_SELF, collected, v);
	else if (!counter_case_is_confirmed(v))
		return;
	else if (evidence_mark(d->evidence, counter_jid(v), mark, NULL) == -1)
		counter_busy(v);
	else
		cases_step(d->cases, &step, erased, v);
}

const struct counter_command counter_mydata = { .node = "mydata",
	.name_key = "command_mydata",
	.roles = COUNTER_ANYBODY,
	.begin = mydata_begin,
	.step = mydata_step };

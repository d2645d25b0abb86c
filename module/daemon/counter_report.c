/* `report`, for every reader, and `reports`, for staff. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/counter_commands.h"
#include "daemon/counter_staff.h"
#include "daemon/daemon.h"
#include "daemon/dossier.h"
#include "daemon/reports.h"
#include "text/jid.h"
#include "xmpp/report.h"

#define LABEL_MAX 1024

static bool
is_on(const struct config *c)
{
	return c->has_reports;
}

/*
 * Report.
 */

struct report_visit {
	struct counter_visit *visit;
	char jid[JID_MAX + 1];
};

static void
report_begin(struct counter_visit *v)
{
	static const char *const reasons[] = { "abuse", "spam", "other" };
	struct form *f = form_new(NULL);
	struct form_field *field;

	form_title(f, counter_word(v, "command_report"));
	form_instruct(f, counter_word(v, "report_explained"));
	form_require(form_add(f, FORM_JID, "account",
	    counter_word(v, "report_account")));
	field =
	    form_add_line(f, "place", counter_word(v, "report_place"), NULL);
	form_require(field);
	form_desc(field, counter_word(v, "report_place_desc"));
	field = form_add_line(f, "post", counter_word(v, "report_post"), NULL);
	form_require(field);
	form_desc(field, counter_word(v, "report_post_desc"));
	field =
	    form_add(f, FORM_LIST, "reason", counter_word(v, "report_reason"));
	form_require(field);
	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		form_option(field, reasons[i], staff_word(v, reasons[i]));
	form_limit(form_add(f, FORM_TEXT_MULTI, "text",
		       counter_word(v, "report_text")),
	    REPORT_TEXT_MAX);
	counter_ask(v, f, ADHOC_COMPLETE);
}

static void
reported(void *arg, const struct cases_outcome *o)
{
	struct report_visit *r = arg;

	/* Who reports the same post again has reported it. */
	if (o->end == CASES_DONE ||
	    (o->end == CASES_REFUSED && o->result.refusal == CASE_ONCE))
		staff_done(r->visit, o, "report_done", "");
	else
		staff_fail(r->visit, o);
	free(r);
}

static void
report_step(struct counter_visit *v)
{
	struct form *form = counter_form(v);
	struct report_visit *r = calloc(1, sizeof *r);
	struct report_filing f = { .by = counter_jid(v),
		.lang = counter_lang(v),
		.place = form_get(form, "place"),
		.post = form_get(form, "post"),
		.reason = form_get(form, "reason"),
		.text = form_get(form, "text") };

	if (r == NULL) {
		counter_busy(v);
		return;
	}
	r->visit = v;
	if (jid_bare_prepare(form_get(form, "account"), r->jid, sizeof r->jid,
		NULL, NULL) == -1 ||
	    strchr(r->jid, '@') == NULL) {
		free(r);
		form_blame(form_find(form, "account"),
		    counter_word(v, "staff_account_wrong"));
		counter_ask_again(v);
		return;
	}
	f.jid = r->jid;
	reports_file(staff_cases(v), &f, reported, r);
}

/*
 * Reports.
 */

struct choice {
	struct counter_visit *visit;
	struct form_field *field;
	unsigned count;
};

static int
choice_add(void *arg, const struct report_row *r)
{
	struct choice *c = arg;
	char label[LABEL_MAX], date[CATALOGUE_TEXT_MAX];

	if (strcmp(r->jid, counter_jid(c->visit)) == 0)
		return 0;
	(void)snprintf(label, sizeof label, "%.255s – %.255s – %lld – %s",
	    r->jid, r->place, (long long)r->count,
	    staff_date(c->visit, r->last_s, date));
	form_option(c->field, r->id, label);
	c->count++;
	return 0;
}

static void
reports_begin(struct counter_visit *v)
{
	struct form *f = form_new(NULL);
	struct choice c = { .visit = v };
	struct err e;
	int rc;

	form_title(f, counter_word(v, "command_reports"));
	form_instruct(f, counter_word(v, "staff_reports_explained"));
	c.field =
	    form_add(f, FORM_LIST, "report", counter_word(v, "staff_report"));
	form_require(c.field);
	rc = store_report_list(cases_reader(staff_cases(v)), true, 0, NULL,
	    STAFF_LIST_MAX, choice_add, &c, &e);
	if (rc == 0 && c.count > 0) {
		counter_ask(v, f, ADHOC_NEXT);
		return;
	}
	form_free(f);
	if (rc == -1)
		counter_busy(v);
	else
		staff_done_empty(v, "staff_reports_empty");
}

/* How many gave which reason, and what they say. */
static void
add_reporters(struct counter_visit *v, struct form *f, const json_t *list)
{
	static const char *const reasons[] = { "abuse", "spam", "other" };
	char line[STAFF_LINE_MAX];
	const json_t *row;
	size_t i;

	for (size_t r = 0; r < sizeof reasons / sizeof reasons[0]; r++) {
		unsigned count = 0;

		json_array_foreach((json_t *)list, i, row)
		{
			count +=
			    strcmp(staff_text(row, "reason"), reasons[r]) == 0;
		}
		if (count == 0)
			continue;
		(void)snprintf(line, sizeof line, "%s: %u",
		    staff_word(v, reasons[r]), count);
		staff_line(v, f, "report_reason", line);
	}
	json_array_foreach((json_t *)list, i, row)
	{
		staff_evidence(v, f, "report_text",
		    json_object_get(row, "evidence"));
	}
}

static void
report_add_facts(struct counter_visit *v, struct form *f, const json_t *d)
{
	char text[CATALOGUE_TEXT_MAX];

	staff_line(v, f, "staff_account", staff_text(d, "jid"));
	staff_line(v, f, "report_place", staff_text(d, "place"));
	staff_line(v, f, "report_post", staff_text(d, "post"));
	(void)snprintf(text, sizeof text, "%lld",
	    (long long)json_integer_value(json_object_get(d, "count")));
	staff_line(v, f, "staff_reporters", text);
	staff_line(v, f, "staff_since", staff_json_date(v, d, "first", text));
	add_reporters(v, f, json_object_get(d, "reporters"));
	staff_publisher(v, f, json_object_get(d, "publisher"));
}

struct open_report {
	char id[CASE_ID_LEN + 1];
};

static void
report_shown(void *arg, enum cases_end end, json_t *d, const struct err *e)
{
	struct counter_visit *v = arg;
	struct form_field *field;
	struct open_report *o;
	struct form *f;

	(void)e;
	o = end == CASES_DONE ? calloc(1, sizeof *o) : NULL;
	if (o == NULL) {
		counter_busy(v);
		return;
	}
	(void)snprintf(o->id, sizeof o->id, "%s", staff_text(d, "report"));
	counter_set_state(v, o, free, sizeof *o);
	f = form_new(NULL);
	form_title(f, counter_word(v, "command_reports"));
	form_instruct(f, counter_word(v, "staff_report_close_explained"));
	report_add_facts(v, f, d);
	field = form_add(f, FORM_LIST, "do", counter_word(v, "staff_do"));
	form_require(field);
	form_option(field, "nothing", counter_word(v, "staff_do_nothing"));
	form_option(field, "founded", counter_word(v, "staff_do_founded"));
	form_option(field, "unfounded", counter_word(v, "staff_do_unfounded"));
	form_value(field, "nothing");
	staff_add_reason(v, f, "reason", "staff_result", false);
	counter_ask(v, f, ADHOC_COMPLETE);
}

struct closing {
	struct counter_visit *visit;
	char reason[PUBLISHER_REASON_MAX + 1];
};

static void
closed(void *arg, const struct cases_outcome *o)
{
	struct closing *c = arg;

	if (o->end == CASES_DONE)
		staff_done(c->visit, o, "staff_report_closed", "");
	else
		staff_fail(c->visit, o);
	free(c);
}

static void
report_close(struct counter_visit *v, bool is_founded)
{
	struct case_step step = staff_step(v, CASE_REPORT_CLOSE);
	const struct open_report *o = counter_state(v);
	struct closing *c = calloc(1, sizeof *c);

	if (c == NULL) {
		counter_busy(v);
		return;
	}
	c->visit = v;
	if (staff_reason(v, "reason", c->reason) == -1) {
		free(c);
		counter_ask_again(v);
		return;
	}
	step.id = o->id;
	step.reason = c->reason;
	step.is_founded = is_founded;
	cases_step(staff_cases(v), &step, closed, c);
}

static void
reports_step(struct counter_visit *v)
{
	struct form *f = counter_form(v);
	const char *what;

	if (form_find(f, "do") == NULL) {
		dossier_report(staff_cases(v), form_get(f, "report"),
		    counter_jid(v), cases_role(staff_cases(v), counter_jid(v)),
		    report_shown, v);
		return;
	}
	what = form_get(f, "do");
	if (strcmp(what, "nothing") == 0)
		counter_done(v, NULL);
	else
		report_close(v, strcmp(what, "founded") == 0);
}

const struct counter_command counter_report = { .node = "report",
	.name_key = "command_report",
	.roles = COUNTER_ANYBODY,
	.is_on = is_on,
	.begin = report_begin,
	.step = report_step };
const struct counter_command counter_reports = { .node = "reports",
	.name_key = "command_reports",
	.roles = COUNTER_REVIEWER | COUNTER_APPROVER,
	.begin = reports_begin,
	.step = reports_step };

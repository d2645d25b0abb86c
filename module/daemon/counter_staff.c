/* What the commands about cases have in common; see counter_staff.h. */
#include "daemon/counter_staff.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/buf.h"
#include "core/utf8.h"
#include "core/when.h"
#include "daemon/clock.h"
#include "daemon/daemon.h"
#include "daemon/evidence.h"
#include "store/lifecycle.h"

#define WORD_MAX 80
#define STAFF_VALUE_MAX 65536 /* bytes of any line */

struct cases *
staff_cases(const struct counter_visit *v)
{
	return counter_daemon(v)->cases;
}

struct case_step
staff_step(const struct counter_visit *v, enum case_action action)
{
	const char *jid = counter_jid(v);

	return (struct case_step){ .action = action,
		.by = jid,
		.role = cases_role(staff_cases(v), jid),
		.now_s = clock_wall_s(),
		.lang = counter_lang(v) };
}

/*
 * Words.
 */

const char *
staff_date(const struct counter_visit *v, int64_t s, char r[CATALOGUE_TEXT_MAX])
{
	if (s == 0)
		return strcpy(r, "-");
	counter_text(v, "staff_date",
	    &(struct catalogue_arg){ .name = "date", .date_s = s }, 1, r);
	return r;
}

const char *
staff_text(const json_t *object, const char *member)
{
	const char *text = json_string_value(json_object_get(object, member));

	return text == NULL ? "" : text;
}

const char *
staff_json_date(const struct counter_visit *v, const json_t *object,
    const char *member, char r[CATALOGUE_TEXT_MAX])
{
	int64_t s = 0;

	if (when_parse(staff_text(object, member), &s, NULL) == -1)
		s = 0;
	return staff_date(v, s, r);
}

const char *
staff_word(struct counter_visit *v, const char *word)
{
	char key[WORD_MAX];

	(void)snprintf(key, sizeof key, "word_%s", word);
	for (char *c = key; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
	return counter_word(v, key);
}

/* A line or paragraph separator, or what turns the direction of all that
 * follows: U+2028 to U+202E, U+2066 to U+2069. */
static bool
turns_the_line(const char *s)
{
	const unsigned char *c = (const unsigned char *)s;

	return c[0] == 0xe2 &&
	    ((c[1] == 0x80 && c[2] >= 0xa8 && c[2] <= 0xae) ||
		(c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9));
}

/* What somebody else wrote: its further lines cannot pass for ours. */
static void
add_quoted(struct buf *r, const char *s)
{
	for (size_t len; *s != '\0'; s += len) {
		len = utf8_len(s);
		if (*s == '\n')
			buf_adds(r, "\n> ");
		else if (len == 0 || turns_the_line(s))
			buf_adds(r, "\ufffd");
		else
			buf_add(r, s, len);
		len = len == 0 ? 1 : len;
	}
}

void
staff_line(struct counter_visit *v, struct form *f, const char *key,
    const char *value)
{
	struct buf line;

	if (value[0] == '\0')
		return;
	buf_init(&line, STAFF_VALUE_MAX);
	buf_adds(&line, counter_word(v, key));
	buf_adds(&line, ": ");
	add_quoted(&line, value);
	form_add_text(f, NULL, line.data);
	buf_clear(&line);
}

void
staff_evidence(struct counter_visit *v, struct form *f, const char *key,
    const json_t *evidence)
{
	const char *member;
	json_t *value;

	if (json_is_null(evidence)) {
		staff_line(v, f, key, counter_word(v, "staff_erased"));
		return;
	}
	json_object_foreach((json_t *)evidence, member, value)
	{
		char label[WORD_MAX];

		if (!json_is_string(value))
			continue;
		(void)snprintf(label, sizeof label, "evidence_%s", member);
		staff_line(v, f, strcmp(member, "text") == 0 ? key : label,
		    json_string_value(value));
	}
}

void
staff_publisher(struct counter_visit *v, struct form *f,
    const json_t *publisher)
{
	char line[STAFF_LINE_MAX], date[CATALOGUE_TEXT_MAX];
	const json_t *approval;
	size_t i;

	if (json_is_null(publisher))
		return;
	(void)snprintf(line, sizeof line, "%s – %s (%s)",
	    staff_text(publisher, "name"),
	    staff_word(v, staff_text(publisher, "state")),
	    staff_json_date(v, publisher, "since", date));
	staff_line(v, f, "staff_register", line);
	json_array_foreach(json_object_get(publisher, "approvals"), i, approval)
	{
		(void)snprintf(line, sizeof line, "%s – %s",
		    staff_text(approval, "category"),
		    staff_json_date(v, approval, "until", date));
		staff_line(v, f, "staff_approved_until", line);
	}
}

void
staff_history(struct counter_visit *v, struct form *f, const json_t *history)
{
	size_t count = json_array_size(history);

	/* The newest matter most; a form has room for so many. */
	for (size_t i = count > STAFF_HISTORY_MAX ? count - STAFF_HISTORY_MAX
						  : 0;
	     i < count; i++) {
		const json_t *h = json_array_get(history, i);
		const char *reason = staff_text(h, "reason");
		char line[STAFF_LINE_MAX], date[CATALOGUE_TEXT_MAX];

		(void)snprintf(line, sizeof line, "%s – %s – %s%s%s%s%s",
		    staff_json_date(v, h, "at", date),
		    staff_word(v, staff_text(h, "action")), staff_text(h, "by"),
		    staff_text(h, "category")[0] != '\0' ? " – " : "",
		    staff_text(h, "category"), reason[0] != '\0' ? " – " : "",
		    reason);
		staff_line(v, f, "staff_history", line);
	}
}

/*
 * Ends.
 */

bool
staff_note_end(struct counter_visit *v, const struct cases_outcome *o)
{
	const struct case_result *r = &o->result;
	const struct catalogue_arg args[] = {
		{ .name = "name", .text = r->by },
		{ .name = "date", .date_s = r->at_s },
	};
	char text[CATALOGUE_TEXT_MAX];

	if (o->end != CASES_REFUSED)
		return true;
	counter_text(v, cases_refusal_key(r->refusal), args, 2, text);
	counter_note(v, ADHOC_ERROR, text);
	return false;
}

void
staff_fail(struct counter_visit *v, const struct cases_outcome *o)
{
	if (staff_note_end(v, o))
		counter_busy(v);
	else if (counter_form(v) != NULL)
		counter_ask_again(v);
	else
		counter_done(v, NULL);
}

void
staff_note(struct counter_visit *v, enum adhoc_note_type type, const char *key,
    const char *name, const char *category)
{
	const struct catalogue_arg args[] = {
		{ .name = "name", .text = name },
		{ .name = "category", .text = category },
	};
	char text[CATALOGUE_TEXT_MAX];

	counter_text(v, key, args, 2, text);
	counter_note(v, type, text);
}

void
staff_done(struct counter_visit *v, const struct cases_outcome *o,
    const char *key, const char *category)
{
	staff_note(v, ADHOC_INFO, key, o->result.jid, category);
	if (o->answered < o->told)
		counter_note_key(v, ADHOC_WARN, "staff_guards_late");
	counter_done(v, NULL);
}

void
staff_done_empty(struct counter_visit *v, const char *key)
{
	counter_note_key(v, ADHOC_INFO, key);
	counter_done(v, NULL);
}

/*
 * What is filled in.
 */

int
staff_reason(struct counter_visit *v, const char *var,
    char r[PUBLISHER_REASON_MAX + 1])
{
	struct form *f = counter_form(v);
	const char *text = form_get(f, var);
	struct err e;

	if (strlen(text) > PUBLISHER_REASON_MAX) {
		form_blame(form_find(f, var),
		    counter_word(v, "staff_reason_long"));
		return -1;
	}
	strcpy(r, text);
	for (char *c = r; *c != '\0'; c++)
		if (*c == '\n')
			*c = ' ';
	if (lifecycle_text_check(r, PUBLISHER_REASON_MAX, "the reason", &e) ==
	    0)
		return 0;
	form_blame(form_find(f, var), counter_word(v, "staff_reason_missing"));
	return -1;
}

void
staff_add_reason(struct counter_visit *v, struct form *f, const char *var,
    const char *key, bool is_required)
{
	struct form_field *field =
	    form_add(f, FORM_TEXT_MULTI, var, counter_word(v, key));

	form_limit(field, PUBLISHER_REASON_MAX);
	if (is_required)
		form_require(field);
}

int64_t
staff_day_end(const char *date)
{
	char text[WHEN_TEXT_MAX + 16];
	int64_t s;

	if (date[0] == '\0')
		return 0;
	(void)snprintf(text, sizeof text, "%.10sT23:59:59Z", date);
	return when_parse(text, &s, NULL) == 0 ? s : 0;
}

/*
 * Sealing.
 */

int
staff_seal_json(struct cases *c, struct case_step *step,
    enum evidence_kind kind, const char *jid, json_t *object,
    struct case_sealed *keep, struct err *e)
{
	char *text = json_dumps(object, JSON_COMPACT);
	int rc = err_set(e, "no memory to seal");

	json_decref(object);
	if (text == NULL)
		return rc;
	rc = evidence_seal(cases_evidence(c), kind, jid, text, strlen(text),
	    keep, e);
	if (rc == 0)
		step->sealed[step->sealed_count++] = *keep;
	evidence_forget(text, strlen(text));
	return rc;
}

int
staff_seal(struct cases *c, struct case_step *step, enum evidence_kind kind,
    const char *jid, const char *text, struct case_sealed *keep, struct err *e)
{
	return staff_seal_json(c, step, kind, jid,
	    json_pack("{s:s}", "text", text), keep, e);
}

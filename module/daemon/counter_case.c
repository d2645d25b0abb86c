/* What commands about one's own case have in common; see counter_case.h. */
#include "daemon/counter_case.h"

#include "daemon/daemon.h"

struct applicant_words
counter_case_words(const struct counter_visit *v)
{
	const struct daemon *d = counter_daemon(v);

	return (struct applicant_words){ .catalogue = d->catalogue,
		.lang = counter_lang(v),
		.config = checks_config(d->checks) };
}

void
counter_case_text(const struct counter_visit *v, const char *key,
    const char *name, int64_t date_s, const char *category,
    char r[CATALOGUE_TEXT_MAX])
{
	counter_text(v, key,
	    (const struct catalogue_arg[]){
		{ .name = "name", .text = name == NULL ? "" : name },
		{ .name = "date", .date_s = date_s },
		{ .name = "category",
		    .text = category == NULL ? "" : category } },
	    3, r);
}

void
counter_case_again(struct counter_visit *v, const char *sentence)
{
	counter_note(v, ADHOC_ERROR, sentence);
	form_notice(counter_form(v), sentence);
	counter_ask_again(v);
}

void
counter_case_not_done(struct counter_visit *v, const struct cases_outcome *o)
{
	char text[CATALOGUE_TEXT_MAX];

	if (o->end == CASES_UNAVAILABLE) {
		counter_busy(v);
		return;
	}
	/* Who was faster may be a member of staff, or oneself elsewhere. */
	counter_case_text(v,
	    o->result.refusal == CASE_CHANGED
		? "own_case_changed"
		: cases_refusal_key(o->result.refusal),
	    o->result.by, o->result.at_s, NULL, text);
	if (counter_form(v) != NULL) {
		counter_case_again(v, text);
		return;
	}
	counter_note(v, ADHOC_ERROR, text);
	counter_done(v, NULL);
}

void
counter_case_end(struct counter_visit *v, enum adhoc_note_type type,
    const char *key)
{
	counter_note_key(v, type, key);
	counter_done(v, NULL);
}

struct form *
counter_case_confirm(struct counter_visit *v, const char *title_key,
    const char *label)
{
	struct form *f = form_new(NULL);

	form_title(f, counter_word(v, title_key));
	form_require(form_add(f, FORM_BOOLEAN, "confirm", label));
	return f;
}

bool
counter_case_is_confirmed(struct counter_visit *v)
{
	struct form *f = counter_form(v);

	if (form_get_boolean(f, "confirm"))
		return true;
	form_blame(form_find(f, "confirm"), counter_word(v, "confirm_missing"));
	counter_ask_again(v);
	return false;
}

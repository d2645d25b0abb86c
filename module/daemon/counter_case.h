/*
 * What commands about one's own case have in common: the words they speak in,
 * and how they end when a step was not done.
 */
#ifndef DAEMON_COUNTER_CASE_H
#define DAEMON_COUNTER_CASE_H

#include "daemon/applicant.h"
#include "daemon/cases.h"
#include "daemon/counter.h"

/* Borrowed until the visit is answered. */
struct applicant_words counter_case_words(const struct counter_visit *v);

/* A text with a name, a date and a category; NULL and 0 for none. */
void counter_case_text(const struct counter_visit *v, const char *key,
    const char *name, int64_t date_s, const char *category,
    char r[CATALOGUE_TEXT_MAX]);

/*
 * Answers a visit whose step ended otherwise than CASES_DONE.  Unavailable:
 * counter_busy.  Refused: the form comes back with the reason if there is
 * one, otherwise the command is done with it.
 */
void counter_case_not_done(struct counter_visit *v,
    const struct cases_outcome *o);
/* Ends the command with a note: `key` of a text without arguments. */
void counter_case_end(struct counter_visit *v, enum adhoc_note_type type,
    const char *key);
/* Shows the form of the visit again under this sentence. */
void counter_case_again(struct counter_visit *v, const char *sentence);

/* A form with one box to tick, "confirm". */
struct form *counter_case_confirm(struct counter_visit *v,
    const char *title_key, const char *label);
/* Whether it was ticked; if not, the form has been shown again. */
bool counter_case_is_confirmed(struct counter_visit *v);

#endif

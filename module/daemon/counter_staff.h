/*
 * What the commands about cases have in common: who acts, how an end is
 * told, how a dossier becomes lines to read.
 */
#ifndef DAEMON_COUNTER_STAFF_H
#define DAEMON_COUNTER_STAFF_H

#include <jansson.h>
#include <stdbool.h>

#include "daemon/cases.h"
#include "daemon/counter.h"

#define STAFF_LIST_MAX 50 /* what a list to choose from offers */
#define STAFF_PAGE 20	  /* what a page to read holds */
#define STAFF_LINE_MAX 4096
/* Of a case, so that all that there is to see fits into a form: the newest. */
#define STAFF_HISTORY_MAX 30
#define STAFF_ROWS_MAX 10 /* identity checks, notes, agreements */

struct cases *staff_cases(const struct counter_visit *v);

/* A step as who asks, with the role that the configuration gives. */
struct case_step staff_step(const struct counter_visit *v,
    enum case_action action);

/* A date in the visit's language; also of the text in a dossier, which may
 * be null: then "-".  Returns `r`. */
const char *staff_date(const struct counter_visit *v, int64_t s,
    char r[CATALOGUE_TEXT_MAX]);
const char *staff_json_date(const struct counter_visit *v, const json_t *object,
    const char *member, char r[CATALOGUE_TEXT_MAX]);
/* A string member; "" if there is none.  Borrowed. */
const char *staff_text(const json_t *object, const char *member);
/* The word for a state, kind, action, method or role ("call-back" ->
 * "word_call_back"); borrowed as counter_word. */
const char *staff_word(struct counter_visit *v, const char *word);

/* A line "label: value"; nothing if `value` is "".  Further lines of the value
 * begin with "> ", and nothing in it turns the direction of a line: whoever
 * wrote it cannot forge what stands beside it. */
void staff_line(struct counter_visit *v, struct form *f, const char *key,
    const char *value);
/* Lines for what was sealed: "(erased)", or a line a member. */
void staff_evidence(struct counter_visit *v, struct form *f, const char *key,
    const json_t *evidence);
/* Lines for a publisher's record, for its history. */
void staff_publisher(struct counter_visit *v, struct form *f,
    const json_t *publisher);
void staff_history(struct counter_visit *v, struct form *f,
    const json_t *history);

/*
 * Notes for a step that was not done; the answer is the caller's.  True if it
 * can only be tried again (CASES_UNAVAILABLE).
 */
bool staff_note_end(struct counter_visit *v, const struct cases_outcome *o);
/* The form again with what was filled in and the note; also where there is
 * none yet. */
void staff_fail(struct counter_visit *v, const struct cases_outcome *o);
/* A note with the text of `key`, with name, date and category. */
void staff_note(struct counter_visit *v, enum adhoc_note_type type,
    const char *key, const char *name, const char *category);
/* Done, with the note; says which guards have not heard of it yet. */
void staff_done(struct counter_visit *v, const struct cases_outcome *o,
    const char *key, const char *category);
/* "There is nothing here." */
void staff_done_empty(struct counter_visit *v, const char *key);

/*
 * Seals `text` as the member "text" of a JSON object, bound to `jid`, into
 * the step's next sealed[].  `*keep`, zero before, holds the blob until the
 * step has been taken (evidence_clear).  0 or -1.
 */
int staff_seal(struct cases *c, struct case_step *step, enum evidence_kind kind,
    const char *jid, const char *text, struct case_sealed *keep, struct err *e);
/* The same for an object, which is taken. */
int staff_seal_json(struct cases *c, struct case_step *step,
    enum evidence_kind kind, const char *jid, json_t *object,
    struct case_sealed *keep, struct err *e);

/* A reason as it was filled in, trimmed, on one line where it may have had
 * several; blames the field if it is blank or too long.  0 or -1. */
int staff_reason(struct counter_visit *v, const char *var,
    char r[PUBLISHER_REASON_MAX + 1]);
/* The field for it. */
void staff_add_reason(struct counter_visit *v, struct form *f, const char *var,
    const char *key, bool is_required);
/* Seconds at the end of the day in a date field; 0 if it is empty. */
int64_t staff_day_end(const char *date);

#endif

/*
 * The life of a publisher: which decision is legal in which state, and what
 * a decision must say.  Pure; the same for every kind of database.
 */
#ifndef STORE_LIFECYCLE_H
#define STORE_LIFECYCLE_H

#include "store/store.h"

#define LIFECYCLE_BY_MAX 3071 /* bytes: a full JID */

/* The word under which a decision is recorded ("approve"); static. */
const char *lifecycle_action_name(enum decision_action action);

/*
 * Whether the decision is complete and well-formed, whatever the register
 * holds.  `name_r` gets the public name without spaces around it, "" if the
 * action has none.  0, or -1 with a sentence for the person who decides.
 */
int lifecycle_check(const struct decision *d,
    char name_r[PUBLISHER_NAME_MAX + 1], struct err *e);

/*
 * The state that `d` leads to from `from` (NONE: not on the register).
 * 0, or -1 with a sentence that says what would be legal.
 */
int lifecycle_next(const struct decision *d, enum publisher_state from,
    enum publisher_state *to_r, struct err *e);

/* Valid UTF-8 of at most `max_len` bytes, not blank, without control
 * characters or marks that turn the direction of what follows.  `what` names
 * it in the sentence. */
int lifecycle_text_check(const char *text, size_t max_len, const char *what,
    struct err *e);

#endif

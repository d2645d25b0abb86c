/*
 * The rules of a case: which step is legal from which state, what each kind
 * of person may do, and what a step must say.  Pure; the same for every kind
 * of database.
 */
#ifndef STORE_CASEFLOW_H
#define STORE_CASEFLOW_H

#include "store/cases.h"

/* Notes a refusal in `r` and writes its sentence; returns -1. */
int caseflow_refuse(struct case_result *r, enum case_refusal why, struct err *e,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/*
 * Whether the step is complete and well-formed, and whether its role may do
 * it, whatever the register holds.  0, or -1 with a refusal.
 */
int caseflow_check(const struct case_step *step, struct case_result *r,
    struct err *e);

/* What the step makes of an application; NONE: it is not legal.  `from` NONE:
 * there is no application. */
enum application_state caseflow_next(enum case_action action,
    enum application_state from);

/* What it makes of the publisher; NONE: not legal, or it changes nothing. */
enum publisher_state caseflow_publisher(enum case_action action,
    enum publisher_state from);

/* Whether an account in this state may have an application of this kind. */
bool caseflow_may_apply(enum application_kind kind, enum publisher_state from);

/* Whether somebody else than the account must do it. */
bool caseflow_is_decision(enum case_action action);

/* How many votes are needed. */
unsigned caseflow_votes(const struct case_rules *rules, bool has_proved_domain);

/* 0 (NONE) if there is no such word. */
enum case_action case_action_find(const char *name);
enum application_kind application_kind_find(const char *name);
enum evidence_kind evidence_kind_find(const char *name);
enum appeal_state appeal_state_find(const char *name);
enum proof_outcome proof_outcome_find(const char *name);

#endif

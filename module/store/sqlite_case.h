/*
 * Steps of a case in SQLite: what the sqlite_case*.c files share.
 *
 * They are rare beside checks, and each costs an fsync: so their statements
 * are prepared where they are used, instead of kept like those of sqlite.h.
 */
#ifndef STORE_SQLITE_CASE_H
#define STORE_SQLITE_CASE_H

#include "store/caseflow.h"
#include "store/cases.h"
#include "store/sqlite.h"

/*
 * Statements.  `types` has a letter for each argument that follows: t a text
 * (NULL binds NULL; borrowed until the statement ends), i an int64_t, b a
 * blob (const void *, size_t).
 */
/* One that yields nothing: 0 or -1. */
int sql_run(struct sqlite *s, struct err *e, const char *sql, const char *types,
    ...);
/* The first column of its first row: 1, 0 or -1. */
int sql_number(struct sqlite *s, struct err *e, int64_t *r, const char *sql,
    const char *types, ...);
/* NULL on failure; then sql_next until it is not 1, or sql_end. */
sqlite3_stmt *sql_query(struct sqlite *s, struct err *e, const char *sql,
    const char *types, ...);
int sql_next(struct sqlite *s, sqlite3_stmt *st, struct err *e);
void sql_end(sqlite3_stmt *st);

/* One step under way, inside its transaction. */
struct flow {
	struct sqlite *s;
	const struct case_step *step;
	const struct case_rules *rules;
	struct case_result *r;
	struct err *e;
	const char *jid;		   /* whom it is about */
	struct application app;		   /* state NONE: there is none */
	enum publisher_state standing;	   /* of the publisher */
	int64_t standing_case;		   /* decision behind it */
	char name[PUBLISHER_NAME_MAX + 1]; /* the publisher's, "" */
	char lang[CASE_LANG_MAX + 1];	   /* of the account */
	struct appeal_row appeal;	   /* of steps about one */
	const char *object;		   /* event's; "" */
	bool is_silent;			   /* nothing for the history */
};

/* sqlite_case.c */

int sqlite_case_step(void *handle, const struct case_step *step,
    const struct case_rules *rules, struct case_result *r, struct err *e);
/* Reads the publisher's state, name and language into `f`; 0 or -1. */
int flow_standing(struct flow *f);
/* The application by its id; refuses if there is none. */
int flow_application(struct flow *f, const char *id);
/* A decision on record; `to` NONE leaves the publisher's state.  Moves the
 * serial if it does not. */
int flow_decide(struct flow *f, const char *action, enum publisher_state to,
    const char *category, const char *name, int64_t until_s);
int flow_bump(struct flow *f);
/* The application's new state, a new version, who did it. */
int flow_move(struct flow *f, enum application_state to);
/* What of the step goes on record. */
int flow_event(struct flow *f);
/* A message to the account. */
struct flow_notice {
	const char *kind, *category, *reason, *name, *domain, *evidence;
	int64_t date_s;
	bool has_decision; /* names it, since it can be appealed */
};
int flow_notify(struct flow *f, const struct flow_notice *n);
/* Keeps the step's blobs, as of `object`; the id of the one of `kind`, or
 * "". */
int flow_seal(struct flow *f, const char *object);
const char *flow_sealed(const struct flow *f, enum evidence_kind kind);
/* The step is not legal now. */
int flow_wrong_state(struct flow *f);
/* Refuses if another publisher has this name. */
int flow_check_name(struct flow *f, const char *name);
/* The same, and takes it from those who were turned away. */
int flow_take_name(struct flow *f, const char *name);

/* sqlite_case_apply.c: the account's own */

int flow_draft(struct flow *f);
int flow_submit(struct flow *f);
int flow_withdraw(struct flow *f);
int flow_answer(struct flow *f);
int flow_agree(struct flow *f);
int flow_leave(struct flow *f);
int flow_erase(struct flow *f);
/* Closes what is open of the account's applications. */
int flow_close_open(struct flow *f, enum application_state to);

/* sqlite_case_review.c: the staff's */

int flow_look(struct flow *f);
int flow_ask(struct flow *f);
int flow_identity(struct flow *f);
int flow_approve(struct flow *f);
int flow_refuse(struct flow *f);
int flow_standing_step(struct flow *f); /* suspend, restore, revoke */
int flow_read(struct flow *f);
int flow_note(struct flow *f);

/* sqlite_case_appeal.c: appeals and reports */

int flow_appeal(struct flow *f);
int flow_appeal_decide(struct flow *f);
int flow_report(struct flow *f);
int flow_report_close(struct flow *f);

/* sqlite_case_proof.c */

int flow_proof_begin(struct flow *f);
int flow_proof(struct flow *f);
/* Somebody has decided for the account: if its proof is still missing, it is
 * warned anew, and has the grace time again. */
int flow_proof_again(struct flow *f);
/* 1 if the domain that it is applied with is proved, 0, -1.  What an earlier
 * application has proved does not count for a NEW one, nor for a CHANGE to
 * another domain than the publisher's. */
int sqlite_proved(struct sqlite *s, const struct application *a, struct err *e);

/* sqlite_evidence.c */

/* Blobs of closed cases: over from now on, or (now_s 0) no longer. */
int sqlite_evidence_over(struct sqlite *s, const char *object, int64_t now_s,
    struct err *e);
/* The account is a publisher again: what it became one with is needed. */
int sqlite_evidence_again(struct sqlite *s, const char *jid, struct err *e);
/* Erases one, and the mark of a reader that it is about; 0 or -1. */
int sqlite_evidence_erase(struct sqlite *s, const char *id, int64_t now_s,
    struct err *e);
/* Takes what was erased out of the write-ahead log, as far as readers let
 * it; after the transaction. */
void sqlite_forget(struct sqlite *s);

/* For backend.h; sqlite_case_read.c, _due.c, sqlite_evidence.c. */

int sqlite_application_find(void *handle, const char *id, struct application *r,
    struct err *e);
int sqlite_application_current(void *handle, const char *jid,
    struct application *r, struct err *e);
int sqlite_application_list(void *handle, const struct application_page *p,
    int (*each)(void *arg, const struct application *a), void *arg,
    struct err *e);
int sqlite_application_of(void *handle, const char *jid, unsigned limit,
    int (*each)(void *arg, const struct application *a), void *arg,
    struct err *e);
int sqlite_acceptance_list(void *handle, const char *jid,
    int (*each)(void *arg, const struct acceptance_row *a), void *arg,
    struct err *e);
int sqlite_vote_list(void *handle, const char *application,
    int (*each)(void *arg, const struct vote_row *v), void *arg, struct err *e);
int sqlite_votes_needed(void *handle, const struct application *a,
    const struct case_rules *rules, unsigned *r, struct err *e);
int sqlite_identity_list(void *handle, const char *jid,
    int (*each)(void *arg, const struct identity_row *i), void *arg,
    struct err *e);
int sqlite_profile_find(void *handle, const char *jid, struct profile *r,
    struct err *e);
int sqlite_proof_find(void *handle, const char *jid, const char *domain,
    struct proof_row *r, struct err *e);
int sqlite_proof_due(void *handle, int64_t now_s, unsigned limit,
    int (*each)(void *arg, const struct proof_row *p), void *arg,
    struct err *e);
int sqlite_event_list(void *handle, const char *jid, const char *object,
    int64_t after, unsigned limit,
    int (*each)(void *arg, const struct event_row *v), void *arg,
    struct err *e);
int sqlite_appeal_find(void *handle, const char *id, struct appeal_row *r,
    struct err *e);
int sqlite_appeal_list(void *handle, enum appeal_state state, int64_t after_s,
    const char *after_id, unsigned limit,
    int (*each)(void *arg, const struct appeal_row *a), void *arg,
    struct err *e);
int sqlite_find_appealable(void *handle, const char *jid, int64_t *decision_r,
    struct err *e);
int sqlite_report_find(void *handle, const char *id, struct report_row *r,
    struct err *e);
int sqlite_report_list(void *handle, bool is_open, int64_t after_s,
    const char *after_id, unsigned limit,
    int (*each)(void *arg, const struct report_row *a), void *arg,
    struct err *e);
int sqlite_reporter_list(void *handle, const char *report,
    int (*each)(void *arg, const struct reporter_row *a), void *arg,
    struct err *e);
int sqlite_evidence_find(void *handle, const char *id,
    int (*each)(void *arg, const struct evidence_row *v), void *arg,
    struct err *e);
int sqlite_evidence_list(void *handle, const char *jid,
    int (*each)(void *arg, const struct evidence_row *v), void *arg,
    struct err *e);
int sqlite_evidence_stale(void *handle, const unsigned char *key,
    unsigned limit, int (*each)(void *arg, const struct evidence_row *v),
    void *arg, struct err *e);
int sqlite_evidence_stale_count(void *handle, const unsigned char *key,
    int64_t *r, struct err *e);
int sqlite_evidence_replace(void *handle, const struct evidence_swap *v,
    size_t count, struct err *e);
int sqlite_notice_list(void *handle, int64_t after, unsigned limit,
    int (*each)(void *arg, const struct notice_row *n), void *arg,
    struct err *e);
int sqlite_notice_done(void *handle, const int64_t *ids, size_t count,
    struct err *e);
int sqlite_agreement_list(void *handle,
    int (*each)(void *arg, const struct agreement_row *a), void *arg,
    struct err *e);
int sqlite_agreement_sync(void *handle, const struct agreement_row *files,
    size_t count, const struct agreement_grace *grace, size_t grace_count,
    int64_t now_s, int64_t *serial_r, struct err *e);
int sqlite_due(void *handle, const struct due_rules *rules, int64_t now_s,
    unsigned limit, struct due_result *r, struct err *e);

/* What a decision of store_decide has to do with cases; in its transaction,
 * after it. */
int sqlite_case_decided(struct sqlite *s, const struct decision *d,
    int64_t decision, struct err *e);

/* sqlite_case_appeal.c: yields the number of the decision; ?1 the JID. */
extern const char sqlite_appealable[];

#endif

/*
 * Proofs of domain: tokens, checks and their results, and the schedule by
 * which the domains of publishers are checked again.
 *
 * A check runs on the inspector's thread (net/inspector.h) and its result is
 * a step of the case (CASE_PROOF), where the rules are: a publisher's proof
 * that is lost is warned about, and suspends after its grace time; one that
 * comes back restores what was suspended for that alone.  A first failure is
 * not believed yet: it is recorded as unclear, and looked at again after an
 * hour.  What could not be checked at all is never a failure.
 */
#ifndef DAEMON_PROOFS_H
#define DAEMON_PROOFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "core/err.h"
#include "daemon/cases.h"
#include "daemon/config.h"
#include "net/prover.h"
#include "store/cases.h"
#include "text/catalogue.h"

#define PROOFS_TEXT_MAX (2 * CATALOGUE_TEXT_MAX)
#define PROOFS_SCHEDULED_MAX 4	 /* of the schedule's, at a time */
#define PROOFS_UNDER_WAY_MAX 200 /* in all */

struct proofs;

struct proofs_setup {
	uv_loop_t *loop;
	struct cases *cases; /* borrowed, like all */
	struct catalogue *catalogue;
};

/* Starts the inspector with the configuration's resolver, which stays. */
int proofs_new(struct proofs **r, const struct proofs_setup *s,
    const struct config *c, struct err *e);
/* Answers what is under way; nothing is begun any more.  While steps can
 * still be taken; the loop must run afterwards. */
void proofs_close(struct proofs *p);
/* When all steps have ended.  NULL is legal. */
void proofs_free(struct proofs *p);

/* To be called every second or so: begins what is due. */
void proofs_tick(struct proofs *p);

/*
 * What an account can prove: the domain that it applies with, or else the
 * one that it is on the register with.  1, 0 (there is none) or -1.
 * `*is_begun`: there is a token in `r`, which belongs to this application;
 * otherwise `r` has jid and domain alone.
 */
int proofs_find(struct proofs *p, const char *jid, struct proof_row *r,
    bool *is_begun, struct err *e);

/* A fresh token: 160 random bits. */
int proofs_token(char r[CASE_TOKEN_MAX + 1], struct err *e);

/* How a check ended, valid during the call only. */
enum proofs_end {
	PROOFS_UNAVAILABLE = 0, /* not now: too busy, register, stopping */
	PROOFS_RUNNING,		/* one of this account runs already */
	PROOFS_LIMIT,		/* enough for today */
	PROOFS_REFUSED,		/* by a rule: `step` */
	PROOFS_DONE,		/* checked, and the result is on the disk */
};
struct proofs_outcome {
	enum proofs_end end;
	const char *domain;
	struct prover_answer answer; /* if it was checked at all: asked */
	struct case_result step;
	struct err e; /* "" if it is done */
};
typedef void (*proofs_done)(void *arg, const struct proofs_outcome *o);

/*
 * Checks a proof that was begun.  `role` SELF counts towards the limits.
 * `lang` is whose the detail of the result is for, or NULL.  Copies all;
 * `done` is called exactly once, perhaps before this returns.
 */
void proofs_check(struct proofs *p, const struct proof_row *row,
    enum case_role role, const char *by, const char *lang, proofs_done done,
    void *arg);

/* What was asked, what came back and what to do, in the language. */
void proofs_explain(struct catalogue *c, const char *lang, const char *domain,
    const struct prover_answer *a, char r[PROOFS_TEXT_MAX]);

/* Borrowed. */
struct cases *proofs_cases(const struct proofs *p);

#endif

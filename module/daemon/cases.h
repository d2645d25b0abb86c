/*
 * The life of a publisher as a service on the loop: what ad-hoc commands,
 * mastheadctl and the calendar have in common.
 *
 * A step is asked for here and nowhere else.  It goes to the writer, which
 * checks the rules and writes everything that belongs to it in one
 * transaction; back on the loop, guards hear of it if the serial has moved,
 * and the notices that it left go out.  Then, and only then, who asked hears
 * how it ended.
 */
#ifndef DAEMON_CASES_H
#define DAEMON_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "daemon/checks.h"
#include "daemon/guards.h"
#include "daemon/writer.h"
#include "store/cases.h"
#include "store/store.h"

struct cases;
struct evidence;

struct cases_setup {
	struct store *reader; /* borrowed, all of these */
	struct writer *writer;
	struct checks *checks; /* has the configuration */
	struct guards *guards;
	struct evidence *evidence;
	/* There are notices to send; as store_case_step left them. */
	void (*on_notices)(void *arg);
	/* The register could not be written; for log and status. */
	void (*on_trouble)(void *arg, const char *what, const struct err *e);
	void *arg;
};

int cases_new(struct cases **r, const struct cases_setup *s, struct err *e);
/* After writer_stop: every step has ended by then.  NULL is legal. */
void cases_free(struct cases *c);

/* How a step ended.  The zero value is the one that promises nothing. */
enum cases_end {
	CASES_UNAVAILABLE = 0, /* could not be done now: try again */
	CASES_REFUSED,	       /* a rule says no; `e` says it in English, and
				* result.refusal which one it is */
	CASES_DONE,	       /* on the disk, and guards have been told */
};

/* What `done` gets; valid during the call only. */
struct cases_outcome {
	enum cases_end end;
	/* Of CASES_DONE, and of CASES_REFUSED as far as the store says. */
	struct case_result result;
	size_t told, answered; /* guards; 0 where the serial has not moved */
	struct err e;	       /* "" if it is done */
};
typedef void (*cases_done)(void *arg, const struct cases_outcome *o);

/*
 * Takes one step.  `step` is copied with all that it points at.  What the
 * caller leaves empty is filled in here: `now_s`, and the rules that need
 * the configuration (who may, how many approvals, limits).  `done` is called
 * exactly once, perhaps before this returns, on the loop; at the latest
 * GUARDS_RESEND_MS after the step is on the disk.
 */
void cases_step(struct cases *c, const struct case_step *step, cases_done done,
    void *arg);

/* The rules that the configuration makes, as cases_step applies them;
 * `category` NULL: for a change, which needs the most that any needs. */
void cases_rules(const struct cases *c, const char *category,
    struct case_rules *r);

/*
 * Opens evidence for somebody who may see it.  First the reading of each is
 * put on record (CASE_READ), as `by` with `role`; only then is it opened.
 * `ids`: at most CASES_READ_MAX, copied.  `done` is called exactly once; with
 * CASES_DONE there is a text for each id, in their order, and NULL where it
 * was erased or never was.  The texts are valid during the call and wiped after
 * it.
 */
#define CASES_READ_MAX 64
typedef void (*cases_read_done)(void *arg, enum cases_end end,
    const char *const *texts, size_t count, const struct err *e);
void cases_read(struct cases *c, const char *const *ids, size_t count,
    const char *by, enum case_role role, cases_read_done done, void *arg);

/*
 * The key of the text that says which rule said no (catalogue); static.  Its
 * arguments are `name` and `date`: who was faster, and when (CASE_CHANGED).
 */
const char *cases_refusal_key(enum case_refusal refusal);

/*
 * What an account may do here, by the configuration as it is now.  `jid`:
 * bare and prepared, from a stanza whose `from` the server vouches for.  A
 * stranger has CASE_SELF: what concerns the account itself.
 */
enum case_role cases_role(const struct cases *c, const char *jid);
size_t cases_approver_count(const struct cases *c);

/* Borrowed. */
struct store *cases_reader(const struct cases *c);
const struct config *cases_config(const struct cases *c);
struct evidence *cases_evidence(const struct cases *c);

/* Tells log and status of something that could not be done; for the files
 * of this service. */
void cases_trouble(const struct cases *c, const char *what,
    const struct err *e);

#endif

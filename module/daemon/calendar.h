/*
 * What falls due by the wall clock: approvals that end, reminders before,
 * drafts that nobody came back to, evidence whose time is over, agreements
 * that were not accepted in time.  The register knows what is due and what
 * was done (store_due); this asks it, on the worker, once a minute.
 *
 * A clock that jumps may be wrong, and what was erased does not come back:
 * after a jump nothing is done until the clock has run evenly for a while.
 * Proofs have a schedule of their own (daemon/proofs.h).
 */
#ifndef DAEMON_CALENDAR_H
#define DAEMON_CALENDAR_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "daemon/config.h"
#include "daemon/writer.h"
#include "store/cases.h"

#define CALENDAR_ROUND_MS 60000
#define CALENDAR_SETTLE_MS 10000 /* after a jump */
#define CALENDAR_JUMP_S 600
#define CALENDAR_BATCH 100	      /* things of a kind in one transaction */
#define CALENDAR_DRAFT_LIFE_S 7776000 /* 90 days */

struct calendar;

struct calendar_setup {
	struct writer *writer; /* borrowed */
	const struct config *(*config)(void *arg);
	/* On the loop, after each batch that did anything: guards hear of
	 * `r->serial` if it is not 0, notices go if there are some. */
	void (*on_due)(void *arg, const struct due_result *r);
	/* The register could not be written. */
	void (*on_trouble)(void *arg, const struct err *e);
	void *arg;
};

int calendar_new(struct calendar **r, const struct calendar_setup *s,
    struct err *e);
/* After writer_stop.  NULL is legal. */
void calendar_free(struct calendar *c);

/* To be called every second or so, with both clocks. */
void calendar_tick(struct calendar *c, int64_t wall_s, int64_t mono_ms);

/* The rules that the configuration makes. */
struct due_rules calendar_rules(const struct config *c);

#endif

/* A round a minute through what is due; see calendar.h. */
#include "daemon/calendar.h"

#include <stdbool.h>
#include <stdlib.h>

#include "daemon/log.h"

#define REMIND_FIRST_S (30 * (int64_t)CASE_DAY_S)
#define REMIND_LAST_S (7 * (int64_t)CASE_DAY_S)

_Static_assert(CONFIG_REMIND_MAX <= DUE_REMINDERS_MAX, "each is kept");

struct calendar {
	struct calendar_setup setup;
	bool is_busy;	  /* a batch is under way */
	bool has_begun;	  /* the clocks have been seen */
	int64_t offset_s; /* wall clock less monotonic, as last seen */
	int64_t next_ms;  /* when the next round is */
};

/* A batch; has what it needs, since the loop goes on meanwhile. */
struct batch {
	struct calendar *calendar;
	struct due_rules rules;
	int64_t now_s;
	struct due_result result;
};

int
calendar_new(struct calendar **r, const struct calendar_setup *s, struct err *e)
{
	*r = calloc(1, sizeof **r);
	if (*r == NULL)
		return err_set(e, "no memory for the calendar");
	(*r)->setup = *s;
	return 0;
}

void
calendar_free(struct calendar *c)
{
	free(c);
}

struct due_rules
calendar_rules(const struct config *c)
{
	struct due_rules r = { .remind_s = { REMIND_FIRST_S, REMIND_LAST_S },
		.remind_count = 2,
		.draft_life_s = CALENDAR_DRAFT_LIFE_S,
		.keep_for_s = c->evidence_keep_s };

	if (c->remind_count == 0)
		return r;
	r.remind_count = (unsigned)c->remind_count;
	for (size_t i = 0; i < c->remind_count; i++)
		r.remind_s[i] = c->remind_s[i];
	return r;
}

static int
batch_run(struct store *s, void *arg, struct err *e)
{
	struct batch *b = arg;

	return store_due(s, &b->rules, b->now_s, CALENDAR_BATCH, &b->result, e);
}

static bool
has_effect(const struct due_result *r)
{
	return r->serial != 0 || r->has_notices || r->erased > 0;
}

static void
note(const struct due_result *r)
{
	log_event(LOG_INFO, "due", "expired", LOG_NUM(r->expired), "reminded",
	    LOG_NUM(r->reminded), "drafts-dropped", LOG_NUM(r->dropped),
	    "erased", LOG_NUM(r->erased), "lapsed", LOG_NUM(r->lapsed), NULL);
}

static void
batch_done(void *arg, int rc, const struct err *e)
{
	struct batch *b = arg;
	struct calendar *c = b->calendar;

	c->is_busy = false;
	if (rc == -1) {
		c->setup.on_trouble(c->setup.arg, e);
	} else if (has_effect(&b->result)) {
		note(&b->result);
		c->setup.on_due(c->setup.arg, &b->result);
	}
	/* The rest with the next tick, so that other jobs come in between. */
	if (rc == 0 && b->result.has_more)
		c->next_ms = 0;
	free(b);
}

static void
begin_round(struct calendar *c, int64_t wall_s, int64_t mono_ms)
{
	struct batch *b = calloc(1, sizeof *b);
	struct err e;

	c->next_ms = mono_ms + CALENDAR_ROUND_MS;
	if (b == NULL)
		return;
	b->calendar = c;
	b->rules = calendar_rules(c->setup.config(c->setup.arg));
	b->now_s = wall_s;
	c->is_busy = true;
	if (writer_post(c->setup.writer, batch_run, batch_done, b, &e) == -1) {
		c->is_busy = false;
		free(b);
	}
}

static bool
has_jumped(struct calendar *c, int64_t wall_s, int64_t mono_ms)
{
	int64_t offset_s = wall_s - mono_ms / 1000;
	int64_t drift_s = offset_s - c->offset_s;
	bool is_first = !c->has_begun;

	c->offset_s = offset_s;
	c->has_begun = true;
	return !is_first &&
	    (drift_s < -CALENDAR_JUMP_S || drift_s > CALENDAR_JUMP_S);
}

void
calendar_tick(struct calendar *c, int64_t wall_s, int64_t mono_ms)
{
	if (has_jumped(c, wall_s, mono_ms)) {
		log_event(LOG_WARNING, "clock-set", "do",
		    "see that the machine's date is right", NULL);
		c->next_ms = mono_ms + CALENDAR_SETTLE_MS;
	}
	if (!c->is_busy && mono_ms >= c->next_ms)
		begin_round(c, wall_s, mono_ms);
}

/* Reading evidence, which is put on record first; see cases.h. */
#include "daemon/cases.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/evidence.h"

struct reading {
	struct cases *cases;
	char ids[CASES_READ_MAX][CASE_ID_LEN + 1];
	char *texts[CASES_READ_MAX]; /* owned; secret */
	size_t lens[CASES_READ_MAX];
	size_t count, at;
	char by[CASE_BY_MAX + 1];
	enum case_role role;
	cases_read_done done;
	void *arg;
};

static void
reading_end(struct reading *r, enum cases_end end, const struct err *e)
{
	r->done(r->arg, end, (const char *const *)r->texts, r->count, e);
	for (size_t i = 0; i < r->count; i++)
		evidence_forget(r->texts[i], r->lens[i]);
	free(r);
}

static void reading_next(struct reading *r);

static void
reading_recorded(void *arg, const struct cases_outcome *outcome)
{
	struct reading *r = arg;
	struct err e;

	/* What was erased is not read; the rest is. */
	if (outcome->end == CASES_REFUSED &&
	    outcome->result.refusal == CASE_NOT_FOUND) {
		r->at++;
		reading_next(r);
		return;
	}
	if (outcome->end != CASES_DONE) {
		reading_end(r, outcome->end, &outcome->e);
		return;
	}
	/* 0 is fine: it was erased meanwhile. */
	if (evidence_read(cases_evidence(r->cases), cases_reader(r->cases),
		r->ids[r->at], &r->texts[r->at], &r->lens[r->at], &e) == -1) {
		cases_trouble(r->cases, "evidence", &e);
		reading_end(r, CASES_UNAVAILABLE, &e);
		return;
	}
	r->at++;
	reading_next(r);
}

static void
reading_next(struct reading *r)
{
	struct case_step step = { .action = CASE_READ,
		.by = r->by,
		.role = r->role,
		.evidence = r->ids[r->at] };
	struct err none = { "" };

	if (r->at == r->count)
		reading_end(r, CASES_DONE, &none);
	else
		cases_step(r->cases, &step, reading_recorded, r);
}

void
cases_read(struct cases *c, const char *const *ids, size_t count,
    const char *by, enum case_role role, cases_read_done done, void *arg)
{
	struct reading *r = calloc(1, sizeof *r);
	struct err e = { "no memory" };

	if (r == NULL || count > CASES_READ_MAX || strlen(by) >= sizeof r->by) {
		free(r);
		done(arg, CASES_UNAVAILABLE, NULL, 0, &e);
		return;
	}
	r->cases = c;
	r->role = role;
	r->done = done;
	r->arg = arg;
	strcpy(r->by, by);
	for (; r->count < count; r->count++) {
		strncpy(r->ids[r->count], ids[r->count], CASE_ID_LEN);
		r->ids[r->count][CASE_ID_LEN] = '\0';
	}
	reading_next(r);
}

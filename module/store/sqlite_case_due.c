/*
 * What falls due by the clock, and agreements as the configuration has them.
 *
 * Each thing that was done leaves a mark in its row, so that nothing happens
 * twice; and it is looked for through an index of what has no mark yet, so
 * that nothing due costs nothing.
 */
#include "store/sqlite_case.h"

#include <stdlib.h>
#include <string.h>

/* One account that something falls due for; a step of the clock's. */
struct due {
	struct flow f;
	struct case_step step;
	struct case_result r;
	char jid[PUBLISHER_JID_MAX + 1];
	char category[CATEGORY_ID_MAX + 1];
	char object[CASE_ID_LEN + 1];
	int64_t date_s;
};

/* Takes a row of what is due: jid, category, object, date. */
static int
take_due(struct sqlite *s, struct due *d, int64_t now_s, sqlite3_stmt *st,
    struct err *e)
{
	*d = (struct due){ .date_s = sqlite3_column_int64(st, 3) };
	if (sqlite_column_copy(s, st, 0, d->jid, sizeof d->jid, e) < 0 ||
	    sqlite_column_copy(s, st, 1, d->category, sizeof d->category, e) <
		0 ||
	    sqlite_column_copy(s, st, 2, d->object, sizeof d->object, e) < 0)
		return -1;
	d->step = (struct case_step){ .jid = d->jid,
		.by = CASE_BY_SYSTEM,
		.role = CASE_SYSTEM,
		.now_s = now_s,
		.category = d->category };
	d->f = (struct flow){ .s = s,
		.step = &d->step,
		.r = &d->r,
		.e = e,
		.jid = d->jid,
		.object = d->object };
	return flow_standing(&d->f);
}

/* The statement's first row; 1, 0 or -1. */
static int
read_due(struct sqlite *s, struct due *d, int64_t now_s, sqlite3_stmt *st,
    struct err *e)
{
	int rc = sql_next(s, st, e);

	if (rc != 1)
		return rc;
	rc = take_due(s, d, now_s, st, e);
	sql_end(st);
	return rc < 0 ? -1 : 1;
}

static void
count_effects(const struct due *d, struct due_result *r)
{
	if (d->r.serial != 0)
		r->serial = d->r.serial;
	r->has_notices = r->has_notices || d->r.has_notices;
}

/* An approval has run out; with the last one, so has the publisher. */
static int
expire(struct due *d, struct due_result *r)
{
	struct flow *f = &d->f;
	int64_t left = 0;

	if (sql_run(f->s, f->e,
		"UPDATE approvals SET is_over = 1 WHERE jid = ?1"
		" AND category = ?2",
		"tt", d->jid, d->category) < 0)
		return -1;
	if (f->standing != PUBLISHER_APPROVED)
		return 0;
	if (sql_number(f->s, f->e, &left,
		"SELECT count(*) FROM approvals WHERE jid = ?1"
		" AND until_s > ?2",
		"ti", d->jid, d->step.now_s) < 0)
		return -1;
	if (left == 0 &&
	    (flow_decide(f, "expire", PUBLISHER_EXPIRED, NULL, NULL, 0) < 0 ||
		sql_run(f->s, f->e,
		    "UPDATE evidence SET over_s = ?2 WHERE jid = ?1"
		    " AND over_s = 0 AND kind <> 'reporter' AND object NOT IN"
		    " (SELECT id FROM applications WHERE jid = ?1"
		    " AND state IN ('draft', 'open', 'asked'))",
		    "ti", d->jid, d->step.now_s) < 0))
		return -1;
	r->expired++;
	d->step.action = CASE_EXPIRE;
	if (flow_event(f) < 0)
		return -1;
	return flow_notify(f,
	    &(struct flow_notice){ .kind = "expired",
		.category = d->category,
		.date_s = d->date_s });
}

static int
lapse(struct due *d, struct due_result *r)
{
	struct flow *f = &d->f;

	if (sql_run(f->s, f->e,
		"UPDATE approvals SET is_lapsed = 1 WHERE jid = ?1"
		" AND category = ?2",
		"tt", d->jid, d->category) < 0)
		return -1;
	if (f->standing != PUBLISHER_APPROVED)
		return 0;
	r->lapsed++;
	return flow_notify(f,
	    &(struct flow_notice){ .kind = "agreement-lapsed",
		.category = d->category,
		.date_s = d->date_s });
}

/* A draft that nobody came back to. */
static int
drop(struct due *d, struct due_result *r)
{
	struct flow *f = &d->f;
	int rc = sqlite_application_find(f->s, d->object, &f->app, f->e);

	if (rc != 1)
		return -1;
	if (flow_move(f, APPLICATION_WITHDRAWN) < 0 ||
	    sql_run(f->s, f->e, "DELETE FROM evidence WHERE object = ?1", "t",
		d->object) < 0)
		return -1;
	r->dropped++;
	d->step.action = CASE_EXPIRE;
	if (flow_event(f) < 0)
		return -1;
	return flow_notify(f,
	    &(struct flow_notice){ .kind = "draft-dropped",
		.name = f->app.name });
}

static int
erase(struct due *d, struct due_result *r)
{
	r->erased++;
	d->step.action = CASE_ERASE;
	d->step.evidence = d->object;
	d->f.object = "";
	return flow_event(&d->f) < 0
	    ? -1
	    : sqlite_evidence_erase(d->f.s, d->object, d->step.now_s, d->f.e);
}

/* Goes through what one statement finds due. */
static int
turn(struct sqlite *s, const char *sql, int64_t at, int64_t now_s,
    unsigned limit, int (*handle)(struct due *d, struct due_result *r),
    struct due_result *r, struct err *e)
{
	struct due *d = calloc(1, sizeof *d);
	int rc = 0;

	if (d == NULL)
		return err_set(e, "no memory for the register");
	for (unsigned i = 0; i <= limit; i++) {
		/* It is gone once it is handled: each is looked for anew. */
		rc = read_due(s, d, now_s, sql_query(s, e, sql, "i", at), e);
		if (rc == 1 && i == limit) {
			r->has_more = true;
			rc = 0;
		}
		if (rc <= 0 || (rc = handle(d, r)) < 0)
			break;
		count_effects(d, r);
	}
	free(d);
	return rc;
}

/*
 * Reminders.
 */

static int
remind(struct due *d, struct due_result *r)
{
	r->reminded++;
	return flow_notify(&d->f,
	    &(struct flow_notice){ .kind = "reminder",
		.category = d->category,
		.date_s = d->date_s });
}

/* An approval that ends within `before_s`, and nobody was told; a renewal
 * that is under way needs no reminder. */
static const char reminder_sql[] =
    "SELECT a.jid, a.category, '', a.until_s FROM approvals a"
    " JOIN publishers p ON p.jid = a.jid AND p.state = 'approved'"
    " WHERE a.is_over = 0 AND a.until_s > ?1 AND a.until_s <= ?1 + ?2"
    " AND a.since_s <= a.until_s - ?2"
    " AND NOT EXISTS (SELECT 1 FROM reminders m WHERE m.jid = a.jid"
    " AND m.category = a.category AND m.until_s = a.until_s"
    " AND m.before_s <= ?2)"
    " AND NOT EXISTS (SELECT 1 FROM applications q WHERE q.jid = a.jid"
    " AND q.kind = 'renewal' AND q.state IN ('open', 'asked')) LIMIT 1";

/* 1 with the next one, marked; 0 or -1. */
static int
next_reminder(struct sqlite *s, struct due *d, int64_t now_s, int64_t before_s,
    struct err *e)
{
	int rc = read_due(s, d, now_s,
	    sql_query(s, e, reminder_sql, "ii", now_s, before_s), e);

	if (rc != 1)
		return rc;
	rc = sql_run(s, e,
	    "INSERT INTO reminders (jid, category, until_s, before_s)"
	    " VALUES (?1, ?2, ?3, ?4)",
	    "ttii", d->jid, d->category, d->date_s, before_s);
	return rc < 0 ? -1 : 1;
}

static int
remind_of(struct sqlite *s, int64_t before_s, int64_t now_s, unsigned limit,
    struct due_result *r, struct err *e)
{
	struct due *d = calloc(1, sizeof *d);
	int rc = 1;

	if (d == NULL)
		return err_set(e, "no memory for the register");
	for (unsigned i = 0; rc == 1 && i < limit; i++) {
		rc = next_reminder(s, d, now_s, before_s, e);
		if (rc == 1 && remind(d, r) < 0)
			rc = -1;
		if (rc == 1)
			count_effects(d, r);
	}
	r->has_more = r->has_more || rc == 1;
	free(d);
	return rc < 0 ? -1 : 0;
}

/* The shortest first, which speaks for the longer ones. */
static int
remind_all(struct sqlite *s, const struct due_rules *rules, int64_t now_s,
    unsigned limit, struct due_result *r, struct err *e)
{
	int64_t done_s = 0;

	for (unsigned n = 0; n < rules->remind_count; n++) {
		unsigned next = rules->remind_count;

		for (unsigned i = 0; i < rules->remind_count; i++)
			if (rules->remind_s[i] > done_s &&
			    (next == rules->remind_count ||
				rules->remind_s[i] < rules->remind_s[next]))
				next = i;
		if (next == rules->remind_count)
			break;
		if (remind_of(s, rules->remind_s[next], now_s, limit, r, e) < 0)
			return -1;
		done_s = rules->remind_s[next];
	}
	return 0;
}

static int
run_due(struct sqlite *s, const struct due_rules *rules, int64_t now_s,
    unsigned limit, struct due_result *r, struct err *e)
{
	if (turn(s,
		"SELECT jid, category, '', until_s FROM approvals"
		" WHERE is_over = 0 AND until_s <= ?1 ORDER BY until_s LIMIT 1",
		now_s, now_s, limit, expire, r, e) < 0 ||
	    turn(s,
		"SELECT jid, category, '', lapse_s FROM approvals"
		" WHERE lapse_s > 0 AND is_lapsed = 0 AND lapse_s <= ?1"
		" LIMIT 1",
		now_s, now_s, limit, lapse, r, e) < 0 ||
	    turn(s,
		"SELECT jid, '', id, changed_s FROM applications"
		" WHERE state = 'draft' AND changed_s <= ?1 LIMIT 1",
		now_s - rules->draft_life_s, now_s, limit, drop, r, e) < 0 ||
	    turn(s,
		"SELECT jid, '', id, over_s FROM evidence v WHERE over_s > 0"
		" AND blob IS NOT NULL AND over_s <= ?1 AND NOT EXISTS"
		" (SELECT 1 FROM appeals a WHERE a.jid = v.jid"
		" AND a.state = 'open') LIMIT 1",
		now_s - rules->keep_for_s, now_s, limit, erase, r, e) < 0)
		return -1;
	return remind_all(s, rules, now_s, limit, r, e);
}

int
sqlite_due(void *handle, const struct due_rules *rules, int64_t now_s,
    unsigned limit, struct due_result *r, struct err *e)
{
	struct sqlite *s = handle;
	int rc = sqlite_write_begin(s, e);

	if (rc < 0)
		return -1;
	rc = sqlite_write_end(s, run_due(s, rules, now_s, limit, r, e), e);
	if (rc == 0 && (r->erased > 0 || r->dropped > 0))
		sqlite_forget(s);
	return rc;
}

/*
 * Agreements.
 */

static int
record_file(struct sqlite *s, const struct agreement_row *a, int64_t now_s,
    struct err *e)
{
	sqlite3_stmt *st = sql_query(s, e,
	    "SELECT sha256 FROM agreements WHERE category = ?1"
	    " AND version = ?2 AND lang = ?3",
	    "tit", a->category, a->version, a->lang);
	int rc = sql_next(s, st, e);
	bool is_same;

	if (rc < 0)
		return -1;
	if (rc == 0)
		return sql_run(s, e,
		    "INSERT INTO agreements (category, version, lang, sha256,"
		    " since_s) VALUES (?1, ?2, ?3, ?4, ?5)",
		    "titti", a->category, a->version, a->lang, a->sha256,
		    now_s);
	is_same = strcmp(sqlite_column(st, 0), a->sha256) == 0;
	sql_end(st);
	return is_same
	    ? 0
	    : err_set(e,
		  "version %lld (%s) of the agreement for \"%s\" is no longer"
		  " what was accepted: put the old text back, and give the"
		  " new one a new number",
		  (long long)a->version, a->lang, a->category);
}

static bool
has_file(const struct agreement_row *files, size_t count, const char *category)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(files[i].category, category) == 0)
			return true;
	return false;
}

/* A category that has no agreement any more. */
static int
drop_terms(struct sqlite *s, const char *category, struct err *e)
{
	return sql_run(s, e, "DELETE FROM agreement_terms WHERE category = ?1",
	    "t", category);
}

/* The newest version and its grace; approvals from before the first version
 * on record were given under it. */
static int
set_terms(struct sqlite *s, const struct agreement_grace *g, struct err *e)
{
	if (sql_run(s, e,
		"UPDATE approvals SET agreement = (SELECT max(version)"
		" FROM agreements WHERE category = ?1) WHERE category = ?1"
		" AND agreement = 0 AND NOT EXISTS (SELECT 1"
		" FROM agreement_terms WHERE category = ?1) AND EXISTS"
		" (SELECT 1 FROM agreements WHERE category = ?1)",
		"t", g->category) < 0)
		return -1;
	return sql_run(s, e,
	    "INSERT INTO agreement_terms (category, version, lapse_s)"
	    " SELECT category, version, min(since_s) + ?2 FROM agreements"
	    " WHERE category = ?1 AND version = (SELECT max(version)"
	    " FROM agreements WHERE category = ?1) GROUP BY category, version"
	    " ON CONFLICT (category) DO UPDATE SET version = excluded.version,"
	    " lapse_s = excluded.lapse_s",
	    "ti", g->category, g->grace_s);
}

/* An approval that gets its end, or another one, or (0) none any more. */
static int
give_end(struct due *d, struct due_result *r)
{
	struct flow *f = &d->f;

	if (flow_bump(f) < 0 ||
	    sql_run(f->s, f->e,
		"UPDATE approvals SET lapse_s = ?3, is_lapsed = 0"
		" WHERE jid = ?1 AND category = ?2",
		"tti", d->jid, d->category, d->date_s) < 0 ||
	    sql_run(f->s, f->e,
		"UPDATE publishers SET changed_serial = ?2 WHERE jid = ?1",
		"ti", d->jid, f->r->serial) < 0)
		return -1;
	r->lapsed += d->date_s != 0;
	if (f->standing != PUBLISHER_APPROVED || d->date_s == 0)
		return 0;
	return flow_notify(f,
	    &(struct flow_notice){ .kind = "agreement",
		.category = d->category,
		.date_s = d->date_s });
}

/* All in one go: a row that was handled is not found again, wherever the
 * statement meets it. */
static int
give_ends(struct sqlite *s, int64_t now_s, struct due_result *r, struct err *e)
{
	struct due *d = calloc(1, sizeof *d);
	sqlite3_stmt *st = sql_query(s, e,
	    "SELECT a.jid, a.category, '', ifnull(t.lapse_s, 0)"
	    " FROM approvals a"
	    " LEFT JOIN agreement_terms t ON t.category = a.category"
	    " WHERE (t.version IS NULL AND a.lapse_s <> 0)"
	    " OR (a.agreement < t.version AND a.lapse_s <> t.lapse_s)",
	    "");
	int rc = -1;

	if (d == NULL) {
		sql_end(st);
		return err_set(e, "no memory for the register");
	}
	while ((rc = sql_next(s, st, e)) == 1) {
		if (take_due(s, d, now_s, st, e) < 0 || give_end(d, r) < 0) {
			sql_end(st);
			rc = -1;
			break;
		}
		count_effects(d, r);
	}
	free(d);
	return rc;
}

static int
sync_agreements(struct sqlite *s, const struct agreement_row *files,
    size_t count, const struct agreement_grace *grace, size_t grace_count,
    int64_t now_s, struct due_result *r, struct err *e)
{
	for (size_t i = 0; i < count; i++)
		if (record_file(s, &files[i], now_s, e) < 0)
			return -1;
	for (size_t i = 0; i < grace_count; i++)
		if ((has_file(files, count, grace[i].category)
			    ? set_terms(s, &grace[i], e)
			    : drop_terms(s, grace[i].category, e)) < 0)
			return -1;
	return give_ends(s, now_s, r, e);
}

int
sqlite_agreement_sync(void *handle, const struct agreement_row *files,
    size_t count, const struct agreement_grace *grace, size_t grace_count,
    int64_t now_s, int64_t *serial_r, struct err *e)
{
	struct sqlite *s = handle;
	struct due_result r = { .serial = 0 };

	if (sqlite_write_begin(s, e) < 0)
		return -1;
	if (sqlite_write_end(s,
		sync_agreements(s, files, count, grace, grace_count, now_s, &r,
		    e),
		e) < 0)
		return -1;
	*serial_r = r.serial;
	return 0;
}

/* From a guard's question to the answer; see checks.h. */
#include "daemon/checks.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/placelist.h"
#include "daemon/refusals.h"
#include "text/jid.h"

/* Bytes of one answer's verdicts; what surrounds them is short. */
#define CHECK_BODY_MAX (GUARD_ANSWER_MAX - 2048)
#define CHECK_ADDRESS_MAX 1023

/* A configuration and its epoch, kept as long as a check goes by them. */
struct checks_rules {
	struct config *config;
	char epoch[CHECKS_EPOCH_MAX + 1];
	unsigned uses;
};

/* One item of a check, while its account is looked up. */
struct lookup {
	struct check *check;
	const struct publication *what;
	const struct place *where;
};

/* One IQ under way. */
struct check {
	struct check *next; /* in the list of free ones */
	struct checks *owner;
	struct checks_rules *rules;
	struct guard_decoder decoder;
	char host[CHECK_ADDRESS_MAX + 1];
	char id[CHECK_ADDRESS_MAX + 1];
	struct buf body; /* the verdicts so far */
	unsigned open;	 /* items without one; 1 more while they start */
	int64_t serial;	 /* that the items were read at */
	struct lookup lookups[GUARD_ITEMS_MAX];
};

/* One item that waits for its token.  Owned by the wait. */
struct pass {
	struct check *check;
	const struct publication *what;
	const struct place *where;
	struct verdict verdict;
	int64_t now_s;
	char jid[PUBLISHER_JID_MAX + 1];
	char name[PUBLISHER_NAME_MAX + 1];
};

struct checks {
	struct checks_setup s;
	struct checks_rules *rules;
	struct check *next; /* whose decoder was given out */
	struct check *free;
	unsigned in_flight;
	struct checks_counts *counts; /* by place id */
	size_t count_slots;
	struct checks_tally totals;
	struct buf scratch; /* the children of one verdict */
	struct refusals_kept kept;
};

int
checks_new(struct checks **r, const struct checks_setup *s, struct err *e)
{
	struct checks *c = calloc(1, sizeof *c);

	if (c == NULL)
		return err_set(e, "no memory for the checks");
	c->s = *s;
	buf_init(&c->scratch, CHECK_BODY_MAX);
	*r = c;
	return 0;
}

void
checks_release(struct checks_rules *r)
{
	if (r == NULL || --r->uses > 0)
		return;
	config_free(r->config);
	free(r);
}

static void
check_free(struct check *k)
{
	if (k == NULL)
		return;
	buf_clear(&k->body);
	free(k);
}

void
checks_free(struct checks *c)
{
	if (c == NULL)
		return;
	check_free(c->next);
	while (c->free != NULL) {
		struct check *k = c->free;

		c->free = k->next;
		check_free(k);
	}
	checks_release(c->rules);
	free(c->counts);
	buf_clear(&c->scratch);
	free(c);
}

int
checks_set_config(struct checks *c, struct config *fresh, const char *epoch,
    struct err *e)
{
	size_t slots = fresh->policy.next_place_id;
	struct checks_rules *r = calloc(1, sizeof *r);
	struct checks_counts *counts;

	if (r == NULL)
		return err_set(e, "no memory for the configuration");
	if (slots > c->count_slots) {
		counts = realloc(c->counts, slots * sizeof *counts);
		if (counts == NULL) {
			free(r);
			return err_set(e, "no memory for the counters");
		}
		memset(counts + c->count_slots, 0,
		    (slots - c->count_slots) * sizeof *counts);
		c->counts = counts;
		c->count_slots = slots;
	}
	r->config = fresh;
	r->uses = 1;
	(void)snprintf(r->epoch, sizeof r->epoch, "%s", epoch);
	checks_release(c->rules);
	c->rules = r;
	refusals_forget(&c->kept);
	return 0;
}

struct checks_rules *
checks_hold(struct checks *c)
{
	c->rules->uses++;
	return c->rules;
}

const struct config *
checks_rules_config(const struct checks_rules *r)
{
	return r->config;
}

const struct config *
checks_config(const struct checks *c)
{
	return c->rules->config;
}

struct guard_decoder *
checks_decoder(struct checks *c)
{
	if (c->next != NULL)
		return &c->next->decoder;
	if (c->free != NULL) {
		c->next = c->free;
		c->free = c->free->next;
		return &c->next->decoder;
	}
	c->next = calloc(1, sizeof *c->next);
	if (c->next == NULL)
		return NULL;
	c->next->owner = c;
	buf_init(&c->next->body, CHECK_BODY_MAX);
	return &c->next->decoder;
}

static void
add_count(struct checks_tally *n, const struct verdict *v)
{
	switch (v->action) {
	case VERDICT_UNAVAILABLE:
		n->unavailable++;
		break;
	case VERDICT_REFUSE:
		n->refused++;
		break;
	case VERDICT_PASS:
		if (v->is_observed)
			n->observed++;
		else
			n->passed++;
		break;
	}
}

static void
check_count(struct check *k, const struct publication *what,
    const struct place *where, const struct verdict *v)
{
	struct checks *c = k->owner;

	if (what->kind == PUBLICATION_JOIN)
		return;
	add_count(&c->totals, v);
	if (where->id >= c->count_slots)
		return;
	add_count(&c->counts[where->id].all, v);
	add_count(&c->counts[where->id].by_rule[v->rule], v);
}

/* The item is left out of the answer, which the guard takes for
 * "unavailable". */
static void
check_unavailable(struct check *k, const struct publication *what,
    const struct place *where, enum verdict_rule rule, const char *doing,
    const struct err *e)
{
	struct verdict v = { .action = VERDICT_UNAVAILABLE, .rule = rule };

	check_count(k, what, where, &v);
	k->owner->s.on_trouble(k->owner->s.arg, doing, e);
}

/* Sends the answer and puts the check back. */
static void
check_finish(struct check *k)
{
	struct checks *c = k->owner;
	struct buf *out = c->s.out(c->s.arg);
	struct guard_address a = { .from = c->s.domain,
		.to = k->host,
		.id = k->id };
	static const struct err too_long = {
		"the answer to a check is too long"
	};

	if (k->body.failed)
		c->s.on_trouble(c->s.arg, "check", &too_long);
	if (out != NULL && k->body.failed) {
		/* The guard asks again, item by item. */
		guard_write_error(out, &a, "modify", "policy-violation");
		c->s.flush(c->s.arg);
	} else if (out != NULL) {
		guard_write_verdicts_begin(out, &a, k->rules->epoch, k->serial);
		buf_add(out, k->body.data, k->body.len);
		guard_write_verdicts_end(out);
		c->s.flush(c->s.arg);
	}
	checks_release(k->rules);
	k->rules = NULL;
	buf_reset(&k->body);
	c->in_flight--;
	k->next = c->free;
	c->free = k;
}

static void
item_end(struct check *k)
{
	if (--k->open == 0)
		check_finish(k);
}

static void
check_pass(struct check *k, const struct publication *what,
    const struct verdict *v, uint32_t lease_s, int64_t expires_s,
    const char *children)
{
	guard_write_pass(&k->body, what->n, lease_s, v->is_observed, expires_s,
	    children);
}

/* The token is there: write what the guard is to add. */
static void
pass_done(void *arg, int found, const struct token_row *t, const struct err *e)
{
	struct pass *p = arg;
	struct check *k = p->check;
	struct checks *c = k->owner;
	const struct config *config = k->rules->config;
	int64_t left_s;
	uint32_t lease_s = p->verdict.lease_s;

	if (found == -1) {
		check_unavailable(k, p->what, p->where, p->verdict.rule,
		    "badge", e);
		goto out;
	}
	if (found == 0) { /* who may publish, may do so under long names */
		check_count(k, p->what, p->where, &p->verdict);
		check_pass(k, p->what, &p->verdict, lease_s, 0, "");
		goto out;
	}
	buf_reset(&c->scratch);
	left_s = t->exp_s - p->now_s;
	if (left_s < lease_s)
		lease_s = (uint32_t)left_s;
	if (p->what->kind == PUBLICATION_JOIN) {
		struct badge_want w = { .jid = p->jid,
			.name = p->name,
			.verdict = &p->verdict,
			.where = p->where };

		badges_write_hats(&c->scratch, c->s.domain, &config->policy, &w,
		    t, config->has_legacy_hats);
	} else {
		badges_write(&c->scratch, c->s.domain, t,
		    p->where->badge == PLACE_BADGE_REFERENCE);
	}
	check_count(k, p->what, p->where, &p->verdict);
	check_pass(k, p->what, &p->verdict, lease_s,
	    p->what->kind == PUBLICATION_JOIN ? left_s : 0, c->scratch.data);
out:
	free(p);
	item_end(k);
}

static bool
wants_badge(const struct publication *what, const struct place *where,
    const struct verdict *v)
{
	return v->badge_count > 0 &&
	    (what->kind == PUBLICATION_JOIN ||
		where->badge != PLACE_BADGE_NONE);
}

static void
item_badge(const struct lookup *l, const struct verdict *v,
    const struct publisher *who, int64_t now_s)
{
	struct check *k = l->check;
	struct pass *p = malloc(sizeof *p);
	struct badge_want w = { .verdict = v,
		.where = l->where,
		.at = publication_spot(l->what, k->host),
		.occupant = l->what->occupant,
		.nick = l->what->nick,
		.now_s = now_s,
		.life_s = k->rules->config->badge_life_s,
		.serial = k->serial,
		/* Beyond, a slow disk delays those alone that need it. */
		.may_wait = k->owner->in_flight <= CHECKS_IN_FLIGHT_MAX };
	static const struct err no_memory = { "no memory for a badge" };

	if (p == NULL) {
		check_unavailable(k, l->what, l->where, v->rule, "badge",
		    &no_memory);
		item_end(k);
		return;
	}
	p->check = k;
	p->what = l->what;
	p->where = l->where;
	p->verdict = *v;
	p->now_s = now_s;
	strcpy(p->jid, who->jid);
	strcpy(p->name, who->name);
	w.jid = p->jid;
	w.name = p->name;
	badges_get(k->owner->s.badges, &w, pass_done, p);
}

static void
item_refuse(const struct lookup *l, const struct verdict *v,
    const struct publisher *who)
{
	struct check *k = l->check;
	const struct refusal_case about = { .where = l->where,
		.at = publication_spot(l->what, k->host),
		.who = who,
		.verdict = v,
		.lang = l->what->lang };
	const struct refusal_words *words = refusals_find(&k->owner->kept,
	    k->owner->s.catalogue, k->rules->config, &about);

	guard_write_refuse(&k->body, l->what->n, v->lease_s, &words->wire);
}

/* The account has been looked up: decide. */
static void
item_decide(void *arg, int found, const struct publisher *p, int64_t serial,
    const struct err *e)
{
	struct lookup *l = arg;
	struct check *k = l->check;
	const struct publisher *who = found == 1 ? p : NULL;
	int64_t now_s = clock_wall_s();
	struct verdict v;

	if (found == -1) {
		check_unavailable(k, l->what, l->where, RULE_NONE, "register",
		    e);
		item_end(k);
		return;
	}
	/* The same for all items of an IQ where the store has snapshots. */
	if (serial < k->serial)
		k->serial = serial;
	v = policy_decide(l->what, who, l->where, now_s);
	if (who != NULL && v.action == VERDICT_PASS &&
	    wants_badge(l->what, l->where, &v)) {
		item_badge(l, &v, who, now_s);
		return;
	}
	check_count(k, l->what, l->where, &v);
	if (v.action == VERDICT_REFUSE)
		item_refuse(l, &v, who);
	else
		check_pass(k, l->what, &v, v.lease_s, 0, "");
	item_end(k);
}

/*
 * Whether the place was right in the list that the guard had before a reload,
 * and no longer is: it has gone, or a more specific one has come.  `now` is
 * the place of the room or node.  An id is never given to another pattern.
 */
static bool
is_outdated(const struct policy *policy, const struct publication *what,
    const struct place *asked, const struct place *now,
    const struct place_spot *at)
{
	if (asked == NULL)
		return what->place_id < policy->next_place_id;
	return asked != now && place_covers(asked, at);
}

/*
 * A guard that has heard of the reload does not believe the answer and asks
 * again, by its new list; so the item is not left out, which would bounce the
 * post.  One that does believe it must not let the post through if the room
 * is still guarded.
 */
static void
item_outdated(struct check *k, const struct publication *what, bool is_guarded)
{
	char text[CATALOGUE_TEXT_MAX];
	struct guard_refusal later = { .type = "wait",
		.condition = "resource-constraint",
		.text = text,
		.reason = "unavailable" };

	if (!is_guarded) {
		guard_write_pass(&k->body, what->n, 0, false, 0, "");
	} else if (what->kind != PUBLICATION_JOIN) { /* never for a join */
		catalogue_text(k->owner->s.catalogue, what->lang,
		    "refusal_unavailable", NULL, 0, text, &later.lang);
		guard_write_refuse(&k->body, what->n, 0, &later);
	}
	item_end(k);
}

static void
item_run(struct check *k, const struct publication *what)
{
	static const struct err unknown = {
		"a guard asks about a place that is not in its list"
	};
	const struct policy *policy = &k->rules->config->policy;
	struct checks *c = k->owner;
	struct lookup *l = &k->lookups[what - k->decoder.items];
	const struct place_spot at = publication_spot(what, k->host);
	const struct place *now;
	char jid[PUBLISHER_JID_MAX + 1];
	struct err e;

	k->open++;
	l->check = k;
	l->what = what;
	l->where = policy_place_by_id(policy, what->place_id);
	now = place_find(policy->places, policy->place_count, &at);
	if (is_outdated(policy, what, l->where, now, &at)) {
		item_outdated(k, what, now != NULL);
	} else if (l->where == NULL || l->where != now) {
		c->totals.unavailable++;
		c->s.on_trouble(c->s.arg, "check", &unknown);
		item_end(k);
	} else if (jid_bare_prepare(what->actor, jid, sizeof jid, NULL, &e) ==
	    -1) {
		check_unavailable(k, what, l->where, RULE_NONE, "address", &e);
		item_end(k);
	} else {
		store_lookup(c->s.reader, jid, item_decide, l);
	}
}

/* Whether every item is about a place of the host that asks. */
static bool
check_is_own(const struct guard_decoder *d, const struct policy *policy,
    const char *host)
{
	for (unsigned i = 0; i < d->item_count; i++) {
		const struct place *p =
		    policy_place_by_id(policy, d->items[i].place_id);

		if (p != NULL && strcmp(p->host, host) != 0)
			return false;
	}
	return true;
}

static void
check_answer_error(struct checks *c, const char *host, const char *id,
    const char *type, const char *condition)
{
	struct buf *out = c->s.out(c->s.arg);
	struct guard_address a = { .from = c->s.domain, .to = host, .id = id };

	if (out == NULL)
		return;
	guard_write_error(out, &a, type, condition);
	c->s.flush(c->s.arg);
}

void
checks_run(struct checks *c, const char *host, const char *id)
{
	struct check *k = c->next;
	struct err e;

	if (k->decoder.fault != GUARD_OK) {
		check_answer_error(c, host, id, "modify",
		    k->decoder.fault == GUARD_TOO_MUCH ? "policy-violation"
						       : "bad-request");
		return;
	}
	if (!check_is_own(&k->decoder, &c->rules->config->policy, host)) {
		check_answer_error(c, host, id, "auth", "forbidden");
		return;
	}
	c->next = NULL;
	c->in_flight++;
	k->rules = c->rules;
	k->rules->uses++;
	(void)snprintf(k->host, sizeof k->host, "%s", host);
	(void)snprintf(k->id, sizeof k->id, "%s", id);
	k->open = 1;
	if (store_lookup_begin(c->s.reader, &k->serial, &e) == -1) {
		for (unsigned i = 0; i < k->decoder.item_count; i++)
			c->totals.unavailable++;
		c->s.on_trouble(c->s.arg, "register", &e);
	} else {
		for (unsigned i = 0; i < k->decoder.item_count; i++)
			item_run(k, &k->decoder.items[i]);
		store_lookup_end(c->s.reader);
	}
	item_end(k);
}

int
checks_attach(struct checks *c, const char *host, const char *id,
    int64_t *serial_r)
{
	const struct config *config = c->rules->config;
	struct buf *out = c->s.out(c->s.arg);
	struct guard_address a = { .from = c->s.domain, .to = host, .id = id };
	struct err e;

	if (out == NULL)
		return -1;
	if (store_serial(c->s.reader, serial_r, &e) == -1) {
		c->s.on_trouble(c->s.arg, "register", &e);
		check_answer_error(c, host, id, "wait", "resource-constraint");
		return -1;
	}
	guard_write_attach_begin(out, &a, c->rules->epoch, *serial_r);
	placelist_write(out, config, host);
	guard_write_attach_end(out);
	c->s.flush(c->s.arg);
	return 0;
}

struct checks_counts
checks_counts(const struct checks *c, uint32_t place_id)
{
	return place_id < c->count_slots ? c->counts[place_id]
					 : (struct checks_counts){ 0 };
}

struct checks_tally
checks_totals(const struct checks *c)
{
	return c->totals;
}

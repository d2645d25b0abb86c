/*
 * Which guards there are and what they have been told; see guards.h.
 *
 * A guard is attached when it has asked for its places on this stream.  It
 * is probed every few seconds; one that answers with an error or not at all
 * is missing.  A missing guard that answers again may have lost recalls, so
 * it is told to attach anew.
 *
 * A recall about everybody is settled when the guard goes by its new list.
 * It has asked for that by attaching; that it has read the answer shows in
 * the answer to a probe sent after it.
 */
#include "daemon/guards.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/clock.h"
#include "xmpp/guard.h"

#define GUARD_SERVER_MAX 256
#define GUARD_HOST_MAX 1023
#define GUARD_ID_MAX 32
#define GUARD_EPOCH_MAX 64

/* Somebody who waits for the answers to one recall. */
struct wait {
	struct wait *next;
	guards_recall_cb done;
	void *arg;
	size_t told, answered;
	size_t open; /* recalls and confirmations that point here */
	int64_t until_ms;
};

/* One recall that one guard has not answered. */
struct recall {
	struct recall *next;
	struct wait *wait; /* NULL: nobody waits (any more) */
	char *actor;	   /* owned; NULL: everybody */
	int64_t serial;
	uint64_t id;
	int64_t first_ms, sent_ms;
};

struct guard {
	char host[GUARD_HOST_MAX + 1];
	char server[GUARD_SERVER_MAX];
	bool is_attached;
	bool is_stale; /* missing: may have lost recalls */
	int64_t since_s, serial;
	struct recall *recalls; /* oldest first */
	size_t recall_count;
	struct wait *confirm; /* for the answer to the probe; NULL: nobody */
	uint64_t probe_id;    /* 0: none under way */
	int64_t probe_ms;     /* when it was sent, or the last one answered */
};

struct guards {
	struct guards_io io;
	char epoch[GUARD_EPOCH_MAX + 1];
	struct guard *list;
	size_t count;
	struct wait *waits;
	uint64_t next_id;
	int64_t serial; /* of the last recall, whoever heard of it */
};

int
guards_new(struct guards **r, const struct guards_io *io, struct err *e)
{
	struct guards *g = calloc(1, sizeof *g);

	if (g == NULL)
		return err_set(e, "no memory for the guards");
	g->io = *io;
	g->next_id = 1;
	*r = g;
	return 0;
}

void
guards_set_epoch(struct guards *g, const char *epoch)
{
	(void)snprintf(g->epoch, sizeof g->epoch, "%s", epoch);
}

static void
wait_finish(struct guards *g, struct wait *w)
{
	struct wait **p = &g->waits;

	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	for (size_t i = 0; i < g->count; i++) {
		if (g->list[i].confirm == w)
			g->list[i].confirm = NULL;
		for (struct recall *c = g->list[i].recalls; c != NULL;
		     c = c->next)
			if (c->wait == w)
				c->wait = NULL;
	}
	w->done(w->arg, w->told, w->answered);
	free(w);
}

/* One of those that it waits for has answered, or will not. */
static void
wait_settle(struct guards *g, struct wait *w, bool is_answered)
{
	if (w == NULL)
		return;
	w->open--;
	if (is_answered)
		w->answered++;
	if (w->open == 0)
		wait_finish(g, w);
}

static void
confirm_end(struct guards *g, struct guard *d, bool is_answered)
{
	struct wait *w = d->confirm;

	d->confirm = NULL;
	wait_settle(g, w, is_answered);
}

/* Takes the recall out of its guard's list and settles who waited for it. */
static void
recall_end(struct guards *g, struct guard *d, struct recall *c,
    bool is_answered)
{
	struct recall **p = &d->recalls;
	struct wait *w = c->wait;

	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	d->recall_count--;
	if (is_answered && c->serial > d->serial)
		d->serial = c->serial;
	free(c->actor);
	free(c);
	wait_settle(g, w, is_answered);
}

static void
recalls_end(struct guards *g, struct guard *d, bool is_answered)
{
	while (d->recalls != NULL)
		recall_end(g, d, d->recalls, is_answered);
}

/* Nothing that it owes will come any more. */
static void
owed_end(struct guards *g, struct guard *d)
{
	recalls_end(g, d, false);
	confirm_end(g, d, false);
}

void
guards_end_waits(struct guards *g)
{
	while (g->waits != NULL)
		wait_finish(g, g->waits);
}

void
guards_free(struct guards *g)
{
	if (g == NULL)
		return;
	for (size_t i = 0; i < g->count; i++)
		owed_end(g, &g->list[i]);
	guards_end_waits(g);
	free(g->list);
	free(g);
}

static struct guard *
guard_find(const struct guards *g, const char *host)
{
	for (size_t i = 0; i < g->count; i++)
		if (strcmp(g->list[i].host, host) == 0)
			return &g->list[i];
	return NULL;
}

int
guards_list(struct guards *g, const char *const *hosts, size_t count,
    struct err *e)
{
	struct guard *fresh;

	if (count > GUARDS_MAX)
		return err_set(e, "more than %d guards", GUARDS_MAX);
	fresh = calloc(count == 0 ? 1 : count, sizeof *fresh);
	if (fresh == NULL)
		return err_set(e, "no memory for the guards");
	for (size_t i = 0; i < count; i++) {
		struct guard *old = guard_find(g, hosts[i]);

		if (old != NULL) {
			fresh[i] = *old;
			old->recalls = NULL;
			old->confirm = NULL;
		} else {
			(void)snprintf(fresh[i].host, sizeof fresh[i].host,
			    "%s", hosts[i]);
		}
	}
	for (size_t i = 0; i < g->count; i++)
		owed_end(g, &g->list[i]);
	free(g->list);
	g->list = fresh;
	g->count = count;
	return 0;
}

bool
guards_is_listed(const struct guards *g, const char *host)
{
	return guard_find(g, host) != NULL;
}

static struct guard_info
guard_describe(const struct guard *d)
{
	struct guard_info i = { .host = d->host,
		.server = d->server,
		.is_attached = d->is_attached,
		.since_s = d->since_s,
		.serial = d->serial,
		.unanswered = d->recall_count };

	if (d->recalls != NULL)
		i.oldest_ms = clock_mono_ms() - d->recalls->first_ms;
	return i;
}

void
guards_each(const struct guards *g,
    void (*each)(void *arg, const struct guard_info *i), void *arg)
{
	for (size_t i = 0; i < g->count; i++) {
		struct guard_info info = guard_describe(&g->list[i]);

		each(arg, &info);
	}
}

bool
guards_find(const struct guards *g, const char *host, struct guard_info *r)
{
	const struct guard *d = guard_find(g, host);

	if (d == NULL)
		return false;
	*r = guard_describe(d);
	return true;
}

static void
guard_set_attached(struct guards *g, struct guard *d, bool is_attached,
    const char *why)
{
	struct guard_info i;

	if (d->is_attached == is_attached)
		return;
	d->is_attached = is_attached;
	d->since_s = clock_wall_s();
	i = guard_describe(d);
	g->io.on_change(g->io.arg, &i, why);
}

/* The address of a stanza of ours to a guard; `id` has GUARD_ID_MAX bytes. */
static struct guard_address
guard_address(const struct guards *g, const struct guard *d, char kind,
    uint64_t number, char *id)
{
	(void)snprintf(id, GUARD_ID_MAX, "%c%" PRIu64, kind, number);
	return (struct guard_address){ .from = g->io.domain,
		.to = d->host,
		.id = id };
}

static void
recall_send(struct guards *g, struct guard *d, uint64_t number, int64_t serial,
    const char *actor)
{
	struct buf *out = g->io.out(g->io.arg);
	char id[GUARD_ID_MAX];
	struct guard_address a = guard_address(g, d, 'r', number, id);

	if (out == NULL)
		return;
	guard_write_recall(out, &a, g->epoch, serial, actor);
	g->io.flush(g->io.arg);
}

void
guards_on_up(struct guards *g, int64_t serial)
{
	if (serial > g->serial)
		g->serial = serial;
	for (size_t i = 0; i < g->count; i++) {
		struct guard *d = &g->list[i];

		owed_end(g, d);
		d->probe_id = 0;
		d->probe_ms = clock_mono_ms();
		recall_send(g, d, g->next_id++, serial, NULL);
	}
}

void
guards_on_down(struct guards *g)
{
	for (size_t i = 0; i < g->count; i++) {
		owed_end(g, &g->list[i]);
		g->list[i].probe_id = 0;
		guard_set_attached(g, &g->list[i], false, "stream down");
	}
}

static void
guard_missing(struct guards *g, struct guard *d, const char *why)
{
	d->is_stale = true;
	owed_end(g, d);
	guard_set_attached(g, d, false, why);
}

static void
probe_send(struct guards *g, struct guard *d)
{
	struct buf *out = g->io.out(g->io.arg);
	char id[GUARD_ID_MAX];
	struct guard_address a;

	if (out == NULL)
		return;
	d->probe_id = g->next_id++;
	d->probe_ms = clock_mono_ms();
	a = guard_address(g, d, 'p', d->probe_id, id);
	guard_write_probe(out, &a, g->epoch);
	g->io.flush(g->io.arg);
}

/* Who waits for a recall about everybody, from now on waits for a probe.
 * An earlier list that nobody has confirmed is no longer the one. */
static void
confirm_begin(struct guards *g, struct guard *d)
{
	for (struct recall *c = d->recalls; c != NULL; c = c->next) {
		struct wait *w = c->wait;

		if (c->actor != NULL || w == NULL)
			continue;
		c->wait = NULL;
		confirm_end(g, d, false);
		d->confirm = w;
	}
}

void
guards_on_attach(struct guards *g, const char *host, const char *server,
    int64_t serial)
{
	struct guard *d = guard_find(g, host);

	if (d == NULL)
		return;
	(void)snprintf(d->server, sizeof d->server, "%s", server);
	d->serial = serial;
	d->is_stale = false;
	confirm_begin(g, d);
	/* The answer to attach is newer than every recall before it. */
	recalls_end(g, d, true);
	guard_set_attached(g, d, true, "attached");
	if (d->confirm != NULL)
		probe_send(g, d);
}

void
guards_on_detach(struct guards *g, const char *host)
{
	struct guard *d = guard_find(g, host);

	if (d == NULL)
		return;
	owed_end(g, d);
	guard_set_attached(g, d, false, "detached");
}

static void
guard_on_probe_answer(struct guards *g, struct guard *d, bool is_error)
{
	d->probe_id = 0;
	d->probe_ms = clock_mono_ms();
	if (is_error)
		guard_missing(g, d, "answers with an error");
	else if (d->is_stale)
		recall_send(g, d, g->next_id++, g->serial, NULL);
	confirm_end(g, d, !is_error);
}

void
guards_on_answer(struct guards *g, const char *host, const char *id,
    bool is_error)
{
	struct guard *d = guard_find(g, host);
	char *end;
	uint64_t number;

	if (d == NULL || (id[0] != 'r' && id[0] != 'p'))
		return;
	number = strtoull(id + 1, &end, 10);
	if (*end != '\0' || number == 0)
		return;
	if (id[0] == 'p') {
		if (number == d->probe_id)
			guard_on_probe_answer(g, d, is_error);
		return;
	}
	for (struct recall *c = d->recalls; c != NULL; c = c->next) {
		if (c->id != number)
			continue;
		if (is_error)
			guard_missing(g, d, "refused a recall");
		else
			recall_end(g, d, c, true);
		return;
	}
}

/* Notes and sends one recall to one guard.  0, or -1 without memory. */
static int
recall_add(struct guards *g, struct guard *d, int64_t serial, const char *actor,
    struct wait *w)
{
	struct recall *c = calloc(1, sizeof *c), **p;

	if (c == NULL)
		return -1;
	if (actor != NULL && (c->actor = strdup(actor)) == NULL) {
		free(c);
		return -1;
	}
	c->serial = serial;
	c->id = g->next_id++;
	c->first_ms = c->sent_ms = clock_mono_ms();
	c->wait = w;
	for (p = &d->recalls; *p != NULL; p = &(*p)->next)
		continue;
	*p = c;
	d->recall_count++;
	if (w != NULL) {
		w->told++;
		w->open++;
	}
	recall_send(g, d, c->id, serial, actor);
	return 0;
}

void
guards_recall(struct guards *g, int64_t serial, const char *actor,
    guards_recall_cb done, void *arg)
{
	struct wait *w = NULL;
	size_t told = 0;

	if (serial > g->serial)
		g->serial = serial;
	if (done != NULL && (w = calloc(1, sizeof *w)) != NULL) {
		w->done = done;
		w->arg = arg;
		w->until_ms = clock_mono_ms() + GUARDS_RESEND_MS;
		w->next = g->waits;
		g->waits = w;
	}
	for (size_t i = 0; i < g->count; i++) {
		struct guard *d = &g->list[i];
		const char *about = actor;

		if (!d->is_attached)
			continue;
		/* A guard that far behind starts over; so does one for which
		 * there is no memory: it must not keep what is void. */
		if (about == NULL || d->recall_count >= GUARDS_RECALLS_MAX) {
			recalls_end(g, d, false);
			about = NULL;
		}
		if (recall_add(g, d, serial, about, w) == -1)
			recall_send(g, d, g->next_id++, serial, NULL);
		told++;
	}
	if (done != NULL && w == NULL)
		done(arg, told, 0);
	else if (w != NULL && w->open == 0)
		wait_finish(g, w);
}

static void
guard_tick(struct guards *g, struct guard *d, int64_t now_ms)
{
	if (g->io.out(g->io.arg) == NULL)
		return;
	for (struct recall *c = d->recalls; c != NULL; c = c->next) {
		if (now_ms - c->sent_ms < GUARDS_RESEND_MS)
			continue;
		c->sent_ms = now_ms;
		recall_send(g, d, c->id, c->serial, c->actor);
	}
	if (d->probe_id != 0 &&
	    now_ms - d->probe_ms >= GUARDS_PROBE_TIMEOUT_MS) {
		d->probe_id = 0;
		d->probe_ms = now_ms;
		guard_missing(g, d, "does not answer");
	}
	if (d->probe_id == 0 && now_ms - d->probe_ms >= GUARDS_PROBE_MS)
		probe_send(g, d);
}

void
guards_tick(struct guards *g)
{
	int64_t now_ms = clock_mono_ms();
	struct wait *next;

	/* This ends waits, too: of guards that turn out to be missing. */
	for (size_t i = 0; i < g->count; i++)
		guard_tick(g, &g->list[i], now_ms);
	for (struct wait *w = g->waits; w != NULL; w = next) {
		next = w->next;
		if (now_ms >= w->until_ms)
			wait_finish(g, w);
	}
}

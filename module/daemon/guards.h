/*
 * The guards: which hosts are listed, which have attached, and which recalls
 * they have not answered yet.
 */
#ifndef DAEMON_GUARDS_H
#define DAEMON_GUARDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"

#define GUARDS_MAX 256
#define GUARDS_RECALLS_MAX 1000 /* unanswered a guard; beyond, one for all */
#define GUARDS_RESEND_MS 2000
#define GUARDS_PROBE_MS 5000
#define GUARDS_PROBE_TIMEOUT_MS 3000

struct guards;

/* What `mastheadctl guards` shows of one; borrowed. */
struct guard_info {
	const char *host;
	const char *server; /* what it said at attach, or "" */
	bool is_attached;
	int64_t since_s;   /* attached or detached since; 0: never was */
	int64_t serial;	   /* the last that it is known to have heard of */
	size_t unanswered; /* recalls */
	int64_t oldest_ms; /* how long the oldest has waited */
};

struct guards_io {
	/* Where stanzas go, NULL while the stream is down; and "send soon". */
	struct buf *(*out)(void *arg);
	void (*flush)(void *arg);
	/* A guard came or went; for the log. */
	void (
	    *on_change)(void *arg, const struct guard_info *g, const char *why);
	void *arg;
	const char *domain; /* the component's */
};

int guards_new(struct guards **r, const struct guards_io *io, struct err *e);
void guards_free(struct guards *g);

/* The epoch that recalls and probes name from now on; copied.  Every guard
 * is behind it until it attaches again. */
void guards_set_epoch(struct guards *g, const char *epoch);

/* The hosts of the configuration; keeps what is known of those that stay. */
int guards_list(struct guards *g, const char *const *hosts, size_t count,
    struct err *e);

bool guards_is_listed(const struct guards *g, const char *host);
/* Calls `each` for every listed guard, in the config's order. */
void guards_each(const struct guards *g,
    void (*each)(void *arg, const struct guard_info *i), void *arg);
bool guards_find(const struct guards *g, const char *host,
    struct guard_info *r);

/* The stream is up: every listed guard is told to attach again. */
void guards_on_up(struct guards *g, int64_t serial);
void guards_on_down(struct guards *g);

/* What guards said; `host` is the stanza's sender. */
void guards_on_attach(struct guards *g, const char *host, const char *server,
    int64_t serial);
void guards_on_detach(struct guards *g, const char *host);
/* An IQ answer, type result or error. */
void guards_on_answer(struct guards *g, const char *host, const char *id,
    bool is_error);

/*
 * Tells every attached guard that what it holds about `actor` (NULL: about
 * everybody) is void from `serial` on.  `done` (may be NULL) is called
 * exactly once, perhaps before this returns: when all have answered, or
 * after GUARDS_RESEND_MS with those that have so far.  Where everybody is
 * meant, "answered" is: has attached again, and goes by the answer to that.
 */
typedef void (*guards_recall_cb)(void *arg, size_t told, size_t answered);
void guards_recall(struct guards *g, int64_t serial, const char *actor,
    guards_recall_cb done, void *arg);

/* Nobody waits any longer: calls every `done` with what has come so far. */
void guards_end_waits(struct guards *g);

/* To be called every second or so. */
void guards_tick(struct guards *g);

#endif

/*
 * Where stanzas go: guard IQs straight from the reader's events into the
 * decoder of the next check, everything else into a libstrophe stanza that
 * is answered at the desk (disco, ping, version, look-ups) or at the
 * counter (commands).
 */
#ifndef DAEMON_ROUTER_H
#define DAEMON_ROUTER_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"
#include "daemon/checks.h"
#include "daemon/counter.h"
#include "daemon/guards.h"
#include "daemon/keyring.h"
#include "daemon/reports.h"
#include "store/store.h"
#include "xmpp/stream.h"

struct router;

struct router_setup {
	struct store *reader; /* borrowed, all of these */
	struct checks *checks;
	struct guards *guards;
	const struct keyring *keyring;
	struct counter *counter;
	const struct reports_io *reports;
	const char *domain;
	struct buf *(*out)(void *arg);
	void (*flush)(void *arg);
	/* What the stream says, passed on. */
	void (*on_up)(void *arg);
	void (*on_down)(void *arg, const char *why, bool is_auth,
	    uint64_t retry_ms);
	void (*on_violation)(void *arg, const char *what);
	void *arg; /* the struct daemon */
};

int router_new(struct router **r, const struct router_setup *s, struct err *e);
void router_free(struct router *r);

/* The `arg` of the setup. */
void *router_arg(const struct router *r);

/* For stream_new, whose `arg` must then be the router. */
extern const struct stream_handlers router_handlers;

#endif

/*
 * Where stanzas go: guard IQs straight from the reader's events into the
 * decoder of the next check, everything else into a libstrophe stanza that
 * is answered here (disco, ping, version, badges by ID).
 */
#ifndef DAEMON_ROUTER_H
#define DAEMON_ROUTER_H

#include <stdint.h>

#include "core/err.h"
#include "daemon/checks.h"
#include "daemon/guards.h"
#include "daemon/keyring.h"
#include "store/store.h"
#include "xmpp/reader.h"

struct router;

struct router_setup {
	struct store *reader; /* borrowed, all of these */
	struct checks *checks;
	struct guards *guards;
	const struct keyring *keyring;
	const char *domain;
	struct buf *(*out)(void *arg);
	void (*flush)(void *arg);
	void (*on_violation)(void *arg, const char *from, const char *what);
	void *arg;
};

int router_new(struct router **r, const struct router_setup *s,
    struct err *e);
void router_free(struct router *r);

/* For the stream, whose `arg` must then be the router. */
extern const struct reader_events router_events;

#endif

/*
 * The front desk: answers what is no guard's business, from anybody - disco,
 * ping, version, look-ups.  Commands go on to the counter, which
 * answers in its own time.
 */
#ifndef DAEMON_DESK_H
#define DAEMON_DESK_H

#include "core/buf.h"
#include "core/err.h"
#include "daemon/checks.h"
#include "daemon/counter.h"
#include "daemon/keyring.h"
#include "daemon/lookups.h"
#include "daemon/reports.h"
#include "xmpp/stanza.h"

struct desk_setup {
	const struct keyring *keyring; /* borrowed, all of these */
	struct checks *checks;
	struct counter *counter;
	const struct reports_io *reports;
	struct daemon *daemon; /* what registration leads to */
	struct lookups *lookups;
};

/*
 * Appends the answer to `s` (borrowed), if it is owed one: every IQ get and
 * set, and messages, so that nobody writes into the void.  0, or -1 if there
 * was no memory for it.
 */
int desk_answer(const struct desk_setup *d, xmpp_stanza_t *s, struct buf *out,
    struct err *e);

#endif

/*
 * Notices: what happened to an account's case, as messages in its language.
 *
 * A row of the register's table becomes one message from the component's
 * domain, with subject, body and, as a link that clients can follow
 * (XEP-0066), the command that is the next step.  A row is deleted when its
 * message was handed to the stream; while the stream is down rows wait.  If
 * Masthead dies between the two, the message goes out again under the same
 * id, rather than not at all.
 */
#ifndef DAEMON_NOTICES_H
#define DAEMON_NOTICES_H

#include "core/buf.h"
#include "core/err.h"
#include "daemon/cases.h"
#include "daemon/writer.h"
#include "text/catalogue.h"

#define NOTICES_PAGE 64 /* rows at a time */

struct notices;

struct notices_setup {
	struct cases *cases; /* borrowed, all of these */
	struct writer *writer;
	struct catalogue *catalogue;
	const char *domain;
	/* Where stanzas go, NULL while the stream is down; and "send soon". */
	struct buf *(*out)(void *arg);
	void (*flush)(void *arg);
	void (*on_trouble)(void *arg, const char *what, const struct err *e);
	void *arg;
};

int notices_new(struct notices **r, const struct notices_setup *s,
    struct err *e);
/* After writer_stop.  NULL is legal. */
void notices_free(struct notices *n);

/* There are rows, or the stream is up: sends what can be sent. */
void notices_wake(struct notices *n);

/*
 * One message.  Appends to `out`; nothing if the recipient is gone with its
 * evidence.  0, or -1 if it could not be written now.  For tests.
 */
int notices_write(struct notices *n, const struct notice_row *row,
    struct buf *out, struct err *e);

#endif

/*
 * The control socket: requests of mastheadctl, one line of JSON each, over a
 * unix stream socket on the daemon's loop.  core/ctl.h has the language.
 *
 *	-> {"args": ["publisher", "show", "daily@example.org"]}
 *	<- {"exit": 0, "result": {...}}
 *	<- {"exit": 1, "error": "daily@example.org is not on the register"}
 *
 * This file knows nothing of what commands do: the daemon gives a table.  A
 * command may answer at once or later.  Requests of one connection are
 * answered one after the other, those of several side by side.
 *
 * A client may go away while it is answered: the program ignores SIGPIPE.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include <jansson.h>
#include <stddef.h>
#include <uv.h>

#include "core/ctl.h"
#include "core/err.h"

#define CONTROL_CONNECTIONS_MAX 16
#define CONTROL_IDLE_MS                                                        \
	30000		    /* without a whole request, or to take an answer */
#define CONTROL_USER_MAX 64 /* bytes of a user's name, with the NUL */
#define CONTROL_BY_MAX (CONTROL_USER_MAX + 12) /* "mastheadctl:NAME" */

struct control;

/*
 * One request.  Valid from `run` until it is answered, whatever becomes of
 * its connection, and whatever becomes of the socket: every one must be
 * answered once, with control_reply or control_fail, which free it.
 */
struct control_request;

struct control_command {
	const char *name; /* as in ctl_commands: "publisher add" */
	void (*run)(struct control_request *q);
};

struct control_options {
	const char *path;			/* of the socket; copied */
	const struct control_command *commands; /* borrowed; name NULL ends */
	void *arg;				/* for control_arg */
	unsigned idle_ms;			/* 0: CONTROL_IDLE_MS */
};

/*
 * Creates the socket, 0600 from its first moment, and listens.  A socket
 * that a dead process left is replaced; one that answers, or a file that is
 * no socket, is an error.  0 or -1.
 */
int control_open(struct control **r, uv_loop_t *loop,
    const struct control_options *o, struct err *e);

/*
 * Takes over one end of a connected stream socket as if it had been accepted
 * (a socketpair of a test, a socket passed by a supervisor).  Owns `fd` if it
 * returns 0.
 */
int control_adopt(struct control *c, int fd, struct err *e);

/*
 * Stops listening, removes the socket's file if it still is this one, closes
 * all connections.  Memory goes when the loop has closed the handles and the
 * last request is answered; `closed` (may be NULL) is called then.
 */
void control_close(struct control *c, void (*closed)(void *arg), void *arg);

/* Of a request; all borrowed from it. */
const struct ctl_args *control_args(const struct control_request *q);
/* Who asked: "mastheadctl:USER", from the kernel's word for the peer.  Where
 * that is root, the request may name the user whom root acts for (sudo). */
const char *control_by(const struct control_request *q);
void *control_arg(const struct control_request *q);

/* Answers with a result; takes `result` over.  `code` is what mastheadctl
 * exits with: CTL_OK, or CTL_RED. */
void control_reply(struct control_request *q, enum ctl_exit code,
    json_t *result);
/* Answers with a sentence. */
void control_fail(struct control_request *q, enum ctl_exit code,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

#endif

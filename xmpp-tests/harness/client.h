/*
 * One taking part in a script: a client that libstrophe logs in, or a
 * component (XEP-0114).  After the login the harness reads and writes the
 * socket itself: libstrophe folds prefixed attributes into plain ones and
 * renders every stanza anew, but a test must see what really came, and must
 * be able to send what no library would.
 */
#ifndef HARNESS_CLIENT_H
#define HARNESS_CLIENT_H

#include "node.h"
#include "script.h"

/* Answers to IQs with such ids are counted and not shown to the script. */
#define CLIENT_BARRIER_ID "harness-barrier-"

struct stanza {
	struct node *node;
	struct stanza *next;
};

/* A run of numbered stanzas: ids PREFIX1 ... PREFIXcount. */
struct burst {
	char *prefix;
	long count;
	int is_iq; /* each has a result or an error to come */
};

struct client {
	char *name;
	char *jid; /* as the script has it, with the resource if any */
	char *password;
	char *host;
	int port;
	int is_component;

	int fd;		    /* -1 when there is no connection */
	int is_ended;	    /* the other side closed, or the socket failed */
	int is_muted;	    /* presence is dropped as it comes */
	int is_half_closed; /* nothing can be sent any more */
	char *bound_jid;    /* NULL before the first connect */
	const char *why_ended;
	long barriers_open; /* pings that were not yet answered */
	struct buf out;
	struct nodestream *in;
	struct stanza *first, **tail; /* received, not yet looked at */
	struct buf log;	     /* all that was received since connect, as text */
	struct burst burst;  /* the last one that it sent */
	struct node *answer; /* to its last command; NULL before */
	struct buf targets;  /* where it sent to since the last barrier,
				NUL-terminated bare JIDs one after another */
	struct client *next;
};

/* All clients of a script, moved by one poll. */
struct stage {
	struct client *clients;
	int timeout_s; /* watchdog of any one wait */
	int is_verbose;
};

struct client *client_new(struct stage *st, const struct part *p,
    const struct client *defaults, struct err *err);
void stage_clear(struct stage *st);

/* Connects and logs in; returns when the session is there. */
int client_connect(struct stage *st, struct client *c, struct err *err);
/* Sends </stream:stream>. */
void client_close_stream(struct client *c);
/* No </stream:stream>: what was written is delivered, then FIN. */
int client_close_socket(struct stage *st, struct client *c, struct err *err);
/* As when a machine dies: RST. */
void client_reset_socket(struct client *c);
/* Forgets the connection, and what came over it. */
void client_drop(struct client *c);

/* Queues bytes; they go out as the stage moves. */
void client_send(struct client *c, const char *bytes, size_t len);

/* Remembers where a stanza went, for the next barrier: an IQ without `to` is
 * one to the own account. */
void client_note_target(struct client *c, const struct node *stanza);

/* Takes the oldest stanza; NULL if there is none.  Free it with node_free. */
struct node *client_take(struct client *c);
/* Takes the stanza that `at` points to out of the queue. */
struct node *client_take_at(struct client *c, struct stanza **at);

/* Reads and writes for all; waits `ms` at most for something to happen. */
void stage_move(struct stage *st, int ms);
/*
 * Moves the stage until `is_done(arg)` is not 0, and returns that; 0 when the
 * watchdog ended the wait.
 */
int stage_wait(struct stage *st, int (*is_done)(void *arg), void *arg);

#endif

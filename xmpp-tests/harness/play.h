/*
 * A script being played: its clients, its variables, and what went wrong.
 */
#ifndef HARNESS_PLAY_H
#define HARNESS_PLAY_H

#include "client.h"
#include "script.h"
#include "vars.h"

struct play {
	struct stage stage;
	struct vars vars;
	const char *dir; /* the deployment's folder; NULL if there is none */
	struct client defaults; /* host and port; component_port below */
	int component_port;
	struct buf why; /* lines of diagnosis, when a sentence failed */
	long burst_count;
	long barrier_count;
};

/* What the holes of a sentence's pattern were filled with. */
struct words {
	struct client *clients[3];
	long numbers[3];
	char *texts[3];	  /* <word> and <text>, variables replaced */
	const char *body; /* NULL if there is none; variables as they are */
	int arg;	  /* from the table's row */
};

/* A row of a table of sentences; the last has no pattern. */
struct sentence {
	const char *pattern;
	int (*say)(struct play *p, struct words *w);
	int arg;
	int body; /* 0: must have none, 1: must have one, 2: either */
};

/* With -v: a stanza that a client sends (->) or that met an expectation. */
void play_trace(const struct play *p, const char *arrow, const struct client *c,
    const struct node *n);

/* Adds a paragraph to the diagnosis.  Always -1. */
int play_fail(struct play *p, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
/* Adds "WHAT: the stanza"; nothing when n is NULL. */
void play_show(struct play *p, const char *what, const struct node *n);

/* The body's elements, variables replaced; NULL and a diagnosis on error. */
struct node *play_read_body(struct play *p, const struct words *w,
    const struct client *c);

/*
 * Returns when everything that was sent so far has had its effect: each
 * client pings where it sent to (a guard lets no ping past a held stanza),
 * then its own server, and waits for the answers.
 */
int play_settle(struct play *p);

/*
 * Returns when the server has read all that the client sent (or has ended
 * its stream): what another client sends next comes after it.
 */
int play_reach_server(struct play *p, struct client *c);

/* Reads the deployment's `env` again. */
int play_load_env(struct play *p, struct err *err);

/* 0: played to the end.  -1: `why` says what happened instead. */
int play_run(struct play *p, const struct script *s);

#endif

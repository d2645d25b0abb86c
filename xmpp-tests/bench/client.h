/*
 * A client over a raw socket, so that it costs next to nothing beside the
 * server that is measured.  Whatever goes wrong ends the program with a line.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <stddef.h>

#define CLIENT_IN_CAP (1u << 20)

struct client {
	int fd;
	char *in; /* what has come and was not taken yet, NUL at its end */
	size_t len;
	long received; /* what the program counts, in order */
};

void client_die(const char *fmt, ...)
    __attribute__((noreturn, format(printf, 1, 2)));

/* Seconds of a clock that only goes on. */
double client_now(void);

void client_put(struct client *c, const char *text, size_t len);

/* At most 4 KiB. */
void client_putf(struct client *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Reads what there is, or waits for it. */
void client_fill(struct client *c);

/* Reads until `what` has come, and forgets all up to it. */
void client_expect(struct client *c, const char *what);

/* Forgets all up to `p`, which lies in c->in. */
void client_forget(struct client *c, const char *p);

/*
 * Waits a second at most until one of the clients can be read, and calls
 * `take` for each that can.
 */
void client_wait(struct client *c, int count, void (*take)(struct client *));

/* Logs in as USER@localhost/RESOURCE, whose password is `secret`. */
void client_login(struct client *c, int port, const char *user,
    const char *resource);

#endif

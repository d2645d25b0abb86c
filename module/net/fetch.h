/*
 * One small file over HTTPS from a server that a stranger named, on the
 * loop: libcurl's sockets are libuv's.
 *
 * The caller has resolved the name, and libcurl gets the addresses: it asks
 * no DNS, so nobody can give it another answer than the one that was looked
 * at; and each socket's address is looked at once more when it is opened.
 * No redirect is followed, no proxy, cookie, password, environment or
 * configuration file has a say, and nothing is decompressed.
 */
#ifndef NET_FETCH_H
#define NET_FETCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "core/err.h"
#include "net/address.h"

#define FETCH_HOST_MAX 253
#define FETCH_ADDRESSES_MAX 16
#define FETCH_HEADER_MAX 16384 /* bytes of all headers of an answer */
#define FETCH_BODY_MAX 4096    /* bytes of the file */
#define FETCH_URL_MAX 1024     /* bytes of a redirect that is shown */

struct fetcher;
struct fetch;

enum fetch_state {
	FETCH_FAILED = 0,  /* could not be tried: no memory, no socket */
	FETCH_UNREACHABLE, /* no way there, or nobody answers */
	FETCH_REFUSED,	   /* the port is closed */
	FETCH_TIMEOUT,	   /* connected, but not done in time */
	FETCH_PRIVATE,	   /* an address that may not be connected to */
	FETCH_TLS,	   /* no TLS that both sides speak */
	FETCH_CERT_NAME,   /* the certificate is for other names */
	FETCH_CERT_DATE,   /* ... has expired, or is not valid yet */
	FETCH_CERT_ISSUER, /* ... comes from nobody whom we know */
	FETCH_CERT_OTHER,
	FETCH_BROKEN, /* what came is no HTTP, or ended early */
	FETCH_HUGE,   /* headers or file are over their maximum */
	FETCH_DONE,   /* status and body are there, whatever they say */
};

struct fetch_request {
	const char *host; /* A-labels */
	uint16_t port;
	const char *path; /* begins with a slash */
	char addresses[FETCH_ADDRESSES_MAX][ADDRESS_TEXT_MAX];
	size_t address_count; /* at least one */
	const char *ca_file;  /* instead of the system's; or NULL */
	unsigned timeout_ms;  /* for all of it */
	bool may_be_private;  /* addresses that are not public will do */
};

struct fetch_answer {
	enum fetch_state state;
	int status;	  /* DONE: of HTTP */
	const char *why;  /* of libcurl, or what the certificate says; "" */
	const char *body; /* DONE: not terminated, any bytes */
	size_t body_len;
	const char *redirect; /* DONE: absolute URL, or "" */
};

/* Called once on the loop, never from within fetch_start; `a` is valid during
 * the call, the fetch is gone afterwards. */
typedef void (*fetch_done)(void *arg, const struct fetch_answer *a);

int fetcher_new(struct fetcher **r, uv_loop_t *loop, struct err *e);
/* Ends all fetches, none of which calls back; the loop must run for the
 * handles to close.  NULL is legal. */
void fetcher_close(struct fetcher *f);

/* Copies what it needs of `q`.  0, or -1: then `done` is not called.  `*r` is
 * borrowed until `done` or fetch_cancel. */
int fetch_start(struct fetch **r, struct fetcher *f,
    const struct fetch_request *q, fetch_done done, void *arg, struct err *e);
/* NULL is legal. */
void fetch_cancel(struct fetch *f);

/* An absolute URL, taken apart by libcurl's own rules.  0, or -1 if it is none
 * or does not fit. */
struct fetch_url {
	char scheme[16];
	char host[FETCH_HOST_MAX + 3]; /* lower-case; IPv6 in brackets */
	uint16_t port;
	char path[FETCH_URL_MAX + 1]; /* with its query */
	bool has_user;
};
int fetch_url_parse(const char *url, struct fetch_url *r);

#endif

/*
 * Questions to DNS, asked on a thread of libunbound's and answered on the
 * loop; none blocks it.
 *
 * Answers are not kept: somebody who has just published a record wants to know
 * whether it is there now; nor are failures, once no look-up is under way.
 * What the resolvers behind us remember is not ours to change.
 *
 * With a trust anchor, DNSSEC is validated here, whatever the resolver says
 * about it; it must then pass signatures on.
 */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include <stddef.h>
#include <uv.h>

#include "core/err.h"

#define RESOLVER_NAME_MAX 253 /* bytes of a name, without a dot at its end */
#define RESOLVER_PENDING_MAX 256
#define RESOLVER_RECORDS_MAX 64 /* of one answer; the rest is not looked at */

/* DNS record types (RFC 1035 #section-3.2.2, RFC 3596 #section-2.1). */
enum { RESOLVER_A = 1, RESOLVER_NS = 2, RESOLVER_TXT = 16, RESOLVER_AAAA = 28 };

struct resolver;
struct lookup;

struct resolver_setup {
	/* "ADDRESS", "ADDRESS:PORT" or "[ADDRESS]:PORT"; NULL: the system's,
	 * from /etc/resolv.conf. */
	const char *server;
	const char *trust_anchor; /* file of DS or DNSKEY records; or NULL */
};

enum lookup_state {
	LOOKUP_FAILED = 0, /* could not be asked at all */
	LOOKUP_TIMEOUT,
	LOOKUP_SERVFAIL, /* or any other refusal of a resolver: rcode */
	LOOKUP_BOGUS,	 /* signatures do not fit: why */
	LOOKUP_NXDOMAIN,
	LOOKUP_NODATA, /* the name is there, with no such record */
	LOOKUP_DATA,
};

enum dnssec {
	DNSSEC_UNCHECKED = 0, /* no trust anchor */
	DNSSEC_INSECURE,      /* the zone is not signed */
	DNSSEC_SECURE,
	DNSSEC_BOGUS,
};

struct lookup_answer {
	enum lookup_state state;
	enum dnssec dnssec;
	int rcode;	 /* SERVFAIL */
	const char *why; /* FAILED, BOGUS; otherwise "" */
	/* DATA: the records' bytes, as DNS has them. */
	const char *const *data;
	const int *lens;
	size_t count;
};

/* Called once on the loop, never from within resolver_ask; `a` is valid
 * during the call.  The lookup is gone afterwards. */
typedef void (*lookup_done)(void *arg, const struct lookup_answer *a);

/* Whether `server` is written as above; 0 or -1. */
int resolver_server_check(const char *server, struct err *e);

int resolver_new(struct resolver **r, uv_loop_t *loop,
    const struct resolver_setup *c, struct err *e);
/* Ends all look-ups, none of which calls back; the loop must run for the
 * handles to close.  NULL is legal. */
void resolver_close(struct resolver *r);

/* `name` is of A-labels (RFC 5890), "." for the root.  0, or -1: then `done`
 * is not called.  `*r` is borrowed until `done` or lookup_cancel. */
int resolver_ask(struct lookup **r, struct resolver *resolver, const char *name,
    int type, unsigned timeout_ms, lookup_done done, void *arg, struct err *e);
/* `done` is not called any more.  NULL is legal. */
void lookup_cancel(struct lookup *l);

/* "secure" and so on; static. */
const char *dnssec_name(enum dnssec d);

#endif

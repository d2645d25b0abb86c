/*
 * Checks whether a domain carries the proof that it should: asks DNS or the
 * domain's web server, and tells what was asked and what came back.
 *
 * Everything runs on the loop and none of it blocks: PROVER_AT_ONCE_MAX
 * checks at a time, others wait their turn.
 *
 * An outcome has three values.  That a proof is missing means that somebody
 * who speaks for the domain said so, or did not answer although the rest of
 * the network does: where DNS fails for a domain, the root is asked as well,
 * and if that fails, too, the trouble is ours.
 */
#ifndef NET_PROVER_H
#define NET_PROVER_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "core/err.h"
#include "net/claim.h"
#include "net/resolver.h"

#define PROVER_AT_ONCE_MAX 16
#define PROVER_WAITING_MAX 1000
#define PROVER_REDIRECTS_MAX 3 /* on the same host */
#define PROVER_ROOT_MS 3000    /* for asking the root */
#define PROVER_ASKED_MAX 1400  /* bytes, with the NUL */
#define PROVER_GOT_MAX 512     /* bytes, with the NUL */

enum prover_method { PROVER_DNS = 1, PROVER_HTTPS };

enum prover_outcome {
	PROVER_UNKNOWN = 0, /* could not be checked */
	PROVER_MISSING,
	PROVER_FOUND,
};

/* Why; `got` is what the comment says, otherwise "". */
enum prover_why {
	PROVER_FAULT = 0, /* ours; got: libcurl's or libunbound's words */
	PROVER_IS_THERE,  /* got: the record or line */
	/* DNS, of the record or of the web server's addresses */
	PROVER_RESOLVER, /* does not answer, for the root neither */
	PROVER_TIMEOUT,
	PROVER_SERVFAIL, /* got: the response code's number */
	PROVER_BOGUS,	 /* got: why DNSSEC does not hold */
	PROVER_NXDOMAIN,
	PROVER_NO_RECORD,   /* DNS */
	PROVER_NO_ADDRESS,  /* HTTPS */
	PROVER_OTHER_TOKEN, /* got: the record or line */
	PROVER_OTHER_TEXT,  /* got: a record, or the first line; "" if empty */
	/* HTTPS */
	PROVER_PRIVATE,	    /* got: the address */
	PROVER_UNREACHABLE, /* got: libcurl's words, as with the next ones */
	PROVER_REFUSED,
	PROVER_SLOW, /* connected, not done in time */
	PROVER_TLS,
	PROVER_CERT_NAME, /* got: what the certificate says, as with these */
	PROVER_CERT_DATE,
	PROVER_CERT_ISSUER,
	PROVER_CERT_OTHER,
	PROVER_BROKEN,
	PROVER_HUGE,
	PROVER_STATUS,	       /* got: the number */
	PROVER_REDIRECT_HOST,  /* got: the URL, as with the next two */
	PROVER_REDIRECT_PLAIN, /* to something that is not https */
	PROVER_REDIRECT_MANY,
	PROVER_WHY_COUNT
};

struct prover;
struct proving;

struct prover_question {
	enum prover_method method;
	const char *domain;  /* A-labels, lower-case, at least two of them */
	const char *token;   /* at most CLAIM_TOKEN_MAX bytes */
	uint16_t https_port; /* 443, but for tests */
	const char *ca_file; /* instead of the system's; or NULL */
	unsigned timeout_ms; /* for all but asking the root */
	bool may_be_private; /* web servers on private addresses will do */
};

struct prover_answer {
	enum prover_outcome outcome;
	enum prover_why why;
	enum dnssec dnssec; /* of what DNS said; UNCHECKED if nothing */
	char
	    asked[PROVER_ASKED_MAX]; /* "TXT _masthead.example.org", or a URL */
	char got[PROVER_GOT_MAX];    /* one line that people can be shown */
};

/* Called once, on the loop, never from within prover_check; `a` is valid
 * during the call, the check is gone afterwards. */
typedef void (*prover_done)(void *arg, const struct prover_answer *a);

int prover_new(struct prover **r, uv_loop_t *loop,
    const struct resolver_setup *dns, struct err *e);
/* Ends all checks, none of which calls back; the loop must run for the
 * handles to close.  NULL is legal. */
void prover_close(struct prover *p);

/* Copies the question.  0, or -1 if too many wait: then `done` is not called.
 * `*r` (may be NULL) is borrowed until `done` or prover_cancel. */
int prover_check(struct proving **r, struct prover *p,
    const struct prover_question *q, prover_done done, void *arg,
    struct err *e);
/* NULL is legal. */
void prover_cancel(struct proving *c);

/* "other-token" and so on: for keys of texts, logs and mastheadctl; static. */
const char *prover_why_name(enum prover_why why);
const char *prover_outcome_name(enum prover_outcome outcome);

#endif

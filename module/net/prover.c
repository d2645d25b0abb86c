/* Checks of domains; see prover.h. */
#include "net/prover.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/address.h"
#include "net/fetch.h"

struct prover {
	uv_loop_t *loop;
	struct resolver *resolver;
	struct fetcher *fetcher;
	uv_timer_t kick; /* starts those that wait, in a turn of its own */
	struct proving *waiting, **waiting_end, *running;
	size_t waiting_count, running_count;
	bool is_closing;
};

/* What one of the two questions for addresses brought. */
struct found {
	enum lookup_state state;
	enum dnssec dnssec;
	int rcode;
	char why[PROVER_GOT_MAX];
	bool is_done;
};

struct proving {
	struct prover *prover;
	struct proving *next, **prev;
	bool is_running;
	prover_done done;
	void *arg;

	enum prover_method method;
	char domain[CLAIM_DOMAIN_MAX + 1];
	char token[CLAIM_TOKEN_MAX + 1];
	char *ca_file; /* owned; or NULL */
	unsigned timeout_ms;
	enum prover_why suspicion; /* while the root is asked */

	uint64_t deadline_ms;
	struct lookup *lookups[2]; /* TXT or root; A and AAAA */
	struct found found[2];
	struct fetch *fetch;
	struct fetch_request request;
	char path[FETCH_URL_MAX + 1];
	unsigned redirects;
	struct prover_answer answer;
};

static void on_kick(uv_timer_t *t);

/*
 * The end of a check.
 */

static void
put_got(struct proving *c, const char *text)
{
	claim_show(text, strlen(text), c->answer.got, sizeof c->answer.got);
}

static void
unlink_check(struct proving *c)
{
	struct prover *p = c->prover;

	*c->prev = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	else if (!c->is_running)
		p->waiting_end = c->prev;
	if (c->is_running)
		p->running_count--;
	else
		p->waiting_count--;
	lookup_cancel(c->lookups[0]);
	lookup_cancel(c->lookups[1]);
	fetch_cancel(c->fetch);
}

static void
free_check(struct proving *c)
{
	free(c->ca_file);
	free(c);
}

static void
kick(struct prover *p)
{
	if (!p->is_closing && p->waiting != NULL)
		(void)uv_timer_start(&p->kick, on_kick, 0, 0);
}

static void
finish(struct proving *c, enum prover_outcome outcome, enum prover_why why)
{
	c->answer.outcome = outcome;
	c->answer.why = why;
	unlink_check(c);
	kick(c->prover);
	c->done(c->arg, &c->answer);
	free_check(c);
}

static void
fault(struct proving *c, const char *what)
{
	put_got(c, what);
	finish(c, PROVER_UNKNOWN, PROVER_FAULT);
}

/* What is left of the time; at least a millisecond, so that it runs out
 * where things are asked. */
static unsigned
time_left(const struct proving *c)
{
	uint64_t now_ms = uv_now(c->prover->loop);

	return now_ms < c->deadline_ms ? (unsigned)(c->deadline_ms - now_ms)
				       : 1;
}

/*
 * DNS in trouble: is it the domain's, or ours?
 */

static void
on_root(void *arg, const struct lookup_answer *a)
{
	struct proving *c = arg;

	c->lookups[0] = NULL;
	switch (a->state) {
	case LOOKUP_NXDOMAIN:
	case LOOKUP_NODATA:
	case LOOKUP_DATA:
		finish(c, PROVER_MISSING, c->suspicion);
		return;
	case LOOKUP_BOGUS:
		put_got(c, a->why);
		break;
	case LOOKUP_FAILED:
	case LOOKUP_TIMEOUT:
	case LOOKUP_SERVFAIL:
		break;
	}
	finish(c, PROVER_UNKNOWN, PROVER_RESOLVER);
}

static void
ask_root(struct proving *c, enum prover_why suspicion)
{
	struct err e;

	c->suspicion = suspicion;
	if (resolver_ask(&c->lookups[0], c->prover->resolver, ".", RESOLVER_NS,
		PROVER_ROOT_MS, on_root, c, &e) == -1)
		fault(c, e.text);
}

/* A look-up that brought no records. */
static void
on_no_records(struct proving *c, enum lookup_state state, int rcode,
    const char *why, enum prover_why nothing)
{
	char number[16];

	switch (state) {
	case LOOKUP_NXDOMAIN:
		finish(c, PROVER_MISSING, PROVER_NXDOMAIN);
		return;
	case LOOKUP_NODATA:
	case LOOKUP_DATA:
		finish(c, PROVER_MISSING, nothing);
		return;
	case LOOKUP_FAILED:
		fault(c, why);
		return;
	case LOOKUP_TIMEOUT:
		ask_root(c, PROVER_TIMEOUT);
		return;
	case LOOKUP_SERVFAIL:
		(void)snprintf(number, sizeof number, "%d", rcode);
		put_got(c, number);
		ask_root(c, PROVER_SERVFAIL);
		return;
	case LOOKUP_BOGUS:
		put_got(c, why);
		ask_root(c, PROVER_BOGUS);
		return;
	}
}

/*
 * DNS: a TXT record.
 */

static void
match_records(struct proving *c, const struct lookup_answer *a)
{
	enum claim_match best = CLAIM_NONE;
	char seen[CLAIM_SEEN_MAX];

	for (size_t i = 0; i < a->count && best != CLAIM_HERE; i++) {
		enum claim_match got = claim_in_txt(a->data[i],
		    (size_t)a->lens[i], c->token, seen);

		if (got > best || c->answer.got[0] == '\0')
			put_got(c, seen);
		if (got > best)
			best = got;
	}
	if (best == CLAIM_HERE)
		finish(c, PROVER_FOUND, PROVER_IS_THERE);
	else
		finish(c, PROVER_MISSING,
		    best == CLAIM_OTHER ? PROVER_OTHER_TOKEN
					: PROVER_OTHER_TEXT);
}

static void
on_txt(void *arg, const struct lookup_answer *a)
{
	struct proving *c = arg;

	c->lookups[0] = NULL;
	c->answer.dnssec = a->dnssec;
	if (a->state == LOOKUP_DATA)
		match_records(c, a);
	else
		on_no_records(c, a->state, a->rcode, a->why, PROVER_NO_RECORD);
}

static void
start_dns(struct proving *c)
{
	char name[CLAIM_NAME_MAX];
	struct err e;

	if (claim_name(c->domain, name, &e) == -1) {
		fault(c, e.text);
		return;
	}
	(void)snprintf(c->answer.asked, sizeof c->answer.asked, "TXT %s", name);
	if (resolver_ask(&c->lookups[0], c->prover->resolver, name,
		RESOLVER_TXT, time_left(c), on_txt, c, &e) == -1)
		fault(c, e.text);
}

/*
 * HTTPS: the file, and redirects to other paths of the same host.
 */

static void start_fetch(struct proving *c);

/* With https, the port has to be the same, too. */
static bool
is_same_host(const struct proving *c, const char *url, struct fetch_url *u)
{
	return fetch_url_parse(url, u) == 0 && !u->has_user &&
	    strcmp(u->host, c->domain) == 0 &&
	    (strcmp(u->scheme, "https") != 0 || u->port == c->request.port);
}

/* Whether a redirect stays where the proof has to be; otherwise it is the
 * end of the check. */
static bool
may_follow(struct proving *c, const char *url)
{
	struct fetch_url u;

	put_got(c, url);
	if (!is_same_host(c, url, &u)) {
		finish(c, PROVER_MISSING, PROVER_REDIRECT_HOST);
		return false;
	}
	if (strcmp(u.scheme, "https") != 0) {
		finish(c, PROVER_MISSING, PROVER_REDIRECT_PLAIN);
		return false;
	}
	if (++c->redirects > PROVER_REDIRECTS_MAX) {
		finish(c, PROVER_MISSING, PROVER_REDIRECT_MANY);
		return false;
	}
	memcpy(c->path, u.path, sizeof c->path);
	c->answer.got[0] = '\0';
	return true;
}

static void
match_file(struct proving *c, const struct fetch_answer *a)
{
	char seen[CLAIM_SEEN_MAX];
	enum claim_match got =
	    claim_in_file(a->body, a->body_len, c->token, seen);

	put_got(c, seen);
	if (got == CLAIM_HERE)
		finish(c, PROVER_FOUND, PROVER_IS_THERE);
	else
		finish(c, PROVER_MISSING,
		    got == CLAIM_OTHER ? PROVER_OTHER_TOKEN
				       : PROVER_OTHER_TEXT);
}

static void
on_response(struct proving *c, const struct fetch_answer *a)
{
	char number[16];

	if (a->status == 200) {
		match_file(c, a);
	} else if (a->redirect[0] != '\0') {
		if (may_follow(c, a->redirect))
			start_fetch(c);
	} else {
		(void)snprintf(number, sizeof number, "%d", a->status);
		put_got(c, number);
		finish(c, PROVER_MISSING, PROVER_STATUS);
	}
}

static const struct {
	enum prover_outcome outcome;
	enum prover_why why;
} fetch_ends[] = {
	[FETCH_FAILED] = { PROVER_UNKNOWN, PROVER_FAULT },
	/* Nobody says no: that may be our own network. */
	[FETCH_UNREACHABLE] = { PROVER_UNKNOWN, PROVER_UNREACHABLE },
	[FETCH_REFUSED] = { PROVER_MISSING, PROVER_REFUSED },
	[FETCH_TIMEOUT] = { PROVER_MISSING, PROVER_SLOW },
	[FETCH_PRIVATE] = { PROVER_MISSING, PROVER_PRIVATE },
	[FETCH_TLS] = { PROVER_MISSING, PROVER_TLS },
	[FETCH_CERT_NAME] = { PROVER_MISSING, PROVER_CERT_NAME },
	[FETCH_CERT_DATE] = { PROVER_MISSING, PROVER_CERT_DATE },
	[FETCH_CERT_ISSUER] = { PROVER_MISSING, PROVER_CERT_ISSUER },
	[FETCH_CERT_OTHER] = { PROVER_MISSING, PROVER_CERT_OTHER },
	[FETCH_BROKEN] = { PROVER_MISSING, PROVER_BROKEN },
	[FETCH_HUGE] = { PROVER_MISSING, PROVER_HUGE },
};

static void
on_fetch(void *arg, const struct fetch_answer *a)
{
	struct proving *c = arg;

	c->fetch = NULL;
	if (a->state == FETCH_DONE) {
		on_response(c, a);
		return;
	}
	put_got(c, a->why);
	finish(c, fetch_ends[a->state].outcome, fetch_ends[a->state].why);
}

static void
start_fetch(struct proving *c)
{
	struct err e;

	if (c->request.port == 443)
		(void)snprintf(c->answer.asked, sizeof c->answer.asked,
		    "https://%s%s", c->domain, c->path);
	else
		(void)snprintf(c->answer.asked, sizeof c->answer.asked,
		    "https://%s:%u%s", c->domain, (unsigned)c->request.port,
		    c->path);
	c->request.timeout_ms = time_left(c);
	if (fetch_start(&c->fetch, c->prover->fetcher, &c->request, on_fetch, c,
		&e) == -1)
		fault(c, e.text);
}

/*
 * HTTPS: addresses.
 */

static enum dnssec
weaker(enum dnssec a, enum dnssec b)
{
	if (a == DNSSEC_BOGUS || b == DNSSEC_BOGUS)
		return DNSSEC_BOGUS;
	return a < b ? a : b;
}

/* Which of two answers without an address says more: trouble first. */
static size_t
telling(const struct proving *c)
{
	static const int rank[] = {
		[LOOKUP_BOGUS] = 6,
		[LOOKUP_FAILED] = 5,
		[LOOKUP_TIMEOUT] = 4,
		[LOOKUP_SERVFAIL] = 3,
		[LOOKUP_NODATA] = 2,
		[LOOKUP_NXDOMAIN] = 1,
		[LOOKUP_DATA] = 0,
	};

	return rank[c->found[1].state] > rank[c->found[0].state] ? 1 : 0;
}

static void
on_addresses(struct proving *c)
{
	const struct found *worst = &c->found[telling(c)];

	c->answer.dnssec = weaker(c->found[0].dnssec, c->found[1].dnssec);
	if (worst->state == LOOKUP_BOGUS || c->request.address_count == 0) {
		on_no_records(c, worst->state, worst->rcode, worst->why,
		    PROVER_NO_ADDRESS);
		return;
	}
	start_fetch(c);
}

/* Keeps what was found; -1 if that was the end of the check. */
static int
keep_addresses(struct proving *c, const struct lookup_answer *a)
{
	struct fetch_request *q = &c->request;

	for (size_t i = 0;
	     i < a->count && q->address_count < FETCH_ADDRESSES_MAX; i++) {
		char *text = q->addresses[q->address_count];
		size_t len = (size_t)a->lens[i];
		enum address_kind kind = address_kind_bytes(a->data[i], len);

		if (kind == ADDRESS_UNKNOWN)
			continue;
		address_format(a->data[i], len, text);
		q->address_count++;
		if (kind == ADDRESS_PUBLIC || q->may_be_private)
			continue;
		/* One such address among others is enough: it is there to
		 * lead somebody on. */
		put_got(c, text);
		finish(c, PROVER_MISSING, PROVER_PRIVATE);
		return -1;
	}
	return 0;
}

static void
on_address(struct proving *c, size_t which, const struct lookup_answer *a)
{
	struct found *f = &c->found[which];

	c->lookups[which] = NULL;
	f->is_done = true;
	f->state = a->state;
	f->dnssec = a->dnssec;
	f->rcode = a->rcode;
	(void)snprintf(f->why, sizeof f->why, "%s", a->why);
	if (a->state == LOOKUP_DATA && keep_addresses(c, a) == -1)
		return;
	if (c->found[0].is_done && c->found[1].is_done)
		on_addresses(c);
}

static void
on_a(void *arg, const struct lookup_answer *a)
{
	on_address(arg, 0, a);
}

static void
on_aaaa(void *arg, const struct lookup_answer *a)
{
	on_address(arg, 1, a);
}

static void
start_https(struct proving *c)
{
	struct resolver *r = c->prover->resolver;
	struct err e;

	c->request.host = c->domain;
	c->request.path = c->path;
	c->request.ca_file = c->ca_file;
	(void)snprintf(c->path, sizeof c->path, "%s", CLAIM_PATH);
	(void)snprintf(c->answer.asked, sizeof c->answer.asked, "https://%s%s",
	    c->domain, c->path);
	if (resolver_ask(&c->lookups[0], r, c->domain, RESOLVER_A, time_left(c),
		on_a, c, &e) == -1 ||
	    resolver_ask(&c->lookups[1], r, c->domain, RESOLVER_AAAA,
		time_left(c), on_aaaa, c, &e) == -1)
		fault(c, e.text);
}

/*
 * One after the other.
 */

static struct proving *
take_waiting(struct prover *p)
{
	struct proving *c = p->waiting;

	p->waiting = c->next;
	if (c->next != NULL)
		c->next->prev = &p->waiting;
	else
		p->waiting_end = &p->waiting;
	p->waiting_count--;
	c->next = p->running;
	c->prev = &p->running;
	if (c->next != NULL)
		c->next->prev = &c->next;
	p->running = c;
	p->running_count++;
	c->is_running = true;
	return c;
}

static void
on_kick(uv_timer_t *t)
{
	struct prover *p = t->data;

	/* A check that ends at once may ask for more, or close us. */
	while (!p->is_closing && p->waiting != NULL &&
	    p->running_count < PROVER_AT_ONCE_MAX) {
		struct proving *c = take_waiting(p);

		c->deadline_ms = uv_now(p->loop) + c->timeout_ms;
		if (c->method == PROVER_DNS)
			start_dns(c);
		else
			start_https(c);
	}
}

int
prover_check(struct proving **r, struct prover *p,
    const struct prover_question *q, prover_done done, void *arg, struct err *e)
{
	struct proving *c;

	if (p->is_closing || p->waiting_count >= PROVER_WAITING_MAX)
		return err_set(e, "too many checks of domains wait");
	if (strlen(q->domain) > CLAIM_DOMAIN_MAX ||
	    strlen(q->token) > CLAIM_TOKEN_MAX)
		return err_set(e, "a domain or token is too long");
	c = calloc(1, sizeof *c);
	if (c == NULL ||
	    (q->ca_file != NULL && (c->ca_file = strdup(q->ca_file)) == NULL)) {
		free(c);
		return err_set(e, "no memory to check a domain");
	}
	c->prover = p;
	c->done = done;
	c->arg = arg;
	c->method = q->method;
	c->timeout_ms = q->timeout_ms;
	c->request.port = q->https_port;
	c->request.may_be_private = q->may_be_private;
	(void)snprintf(c->domain, sizeof c->domain, "%s", q->domain);
	(void)snprintf(c->token, sizeof c->token, "%s", q->token);
	c->prev = p->waiting_end;
	*p->waiting_end = c;
	p->waiting_end = &c->next;
	p->waiting_count++;
	kick(p);
	if (r != NULL)
		*r = c;
	return 0;
}

void
prover_cancel(struct proving *c)
{
	if (c == NULL)
		return;
	unlink_check(c);
	kick(c->prover);
	free_check(c);
}

int
prover_new(struct prover **r, uv_loop_t *loop, const struct resolver_setup *dns,
    struct err *e)
{
	struct prover *p = calloc(1, sizeof *p);

	if (p == NULL)
		return err_set(e, "no memory to check domains");
	p->loop = loop;
	p->waiting_end = &p->waiting;
	if (resolver_new(&p->resolver, loop, dns, e) == -1) {
		free(p);
		return -1;
	}
	if (fetcher_new(&p->fetcher, loop, e) == -1) {
		resolver_close(p->resolver);
		free(p);
		return -1;
	}
	(void)uv_timer_init(loop, &p->kick);
	p->kick.data = p;
	*r = p;
	return 0;
}

static void
on_kick_closed(uv_handle_t *h)
{
	free(h->data);
}

static void
cancel_all(struct proving *first)
{
	struct proving *next;

	for (struct proving *c = first; c != NULL; c = next) {
		next = c->next;
		prover_cancel(c);
	}
}

void
prover_close(struct prover *p)
{
	if (p == NULL || p->is_closing)
		return;
	p->is_closing = true;
	cancel_all(p->waiting);
	cancel_all(p->running);
	fetcher_close(p->fetcher);
	resolver_close(p->resolver);
	uv_close((uv_handle_t *)&p->kick, on_kick_closed);
}

const char *
prover_why_name(enum prover_why why)
{
	static const char *const names[PROVER_WHY_COUNT] = {
		[PROVER_FAULT] = "fault",
		[PROVER_IS_THERE] = "there",
		[PROVER_RESOLVER] = "resolver",
		[PROVER_TIMEOUT] = "timeout",
		[PROVER_SERVFAIL] = "servfail",
		[PROVER_BOGUS] = "bogus",
		[PROVER_NXDOMAIN] = "nxdomain",
		[PROVER_NO_RECORD] = "no-record",
		[PROVER_NO_ADDRESS] = "no-address",
		[PROVER_OTHER_TOKEN] = "other-token",
		[PROVER_OTHER_TEXT] = "other-text",
		[PROVER_PRIVATE] = "private",
		[PROVER_UNREACHABLE] = "unreachable",
		[PROVER_REFUSED] = "refused",
		[PROVER_SLOW] = "slow",
		[PROVER_TLS] = "tls",
		[PROVER_CERT_NAME] = "cert-name",
		[PROVER_CERT_DATE] = "cert-date",
		[PROVER_CERT_ISSUER] = "cert-issuer",
		[PROVER_CERT_OTHER] = "cert-other",
		[PROVER_BROKEN] = "broken",
		[PROVER_HUGE] = "huge",
		[PROVER_STATUS] = "status",
		[PROVER_REDIRECT_HOST] = "redirect-host",
		[PROVER_REDIRECT_PLAIN] = "redirect-plain",
		[PROVER_REDIRECT_MANY] = "redirect-many",
	};

	return names[why];
}

const char *
prover_outcome_name(enum prover_outcome outcome)
{
	static const char *const names[] = {
		[PROVER_UNKNOWN] = "unknown",
		[PROVER_MISSING] = "missing",
		[PROVER_FOUND] = "found",
	};

	return names[outcome];
}

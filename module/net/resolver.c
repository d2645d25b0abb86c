/* Questions to DNS; see resolver.h. */
#include "net/resolver.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unbound.h>

#define RCODE_NOERROR 0
#define RCODE_SERVFAIL 2
#define CLASS_IN 1

/* libunbound at work.  It remembers for a while who did not answer, and there
 * is no way to have it forget: only another one. */
struct engine {
	struct ub_ctx *ctx;
	uv_poll_t readable;
};

struct resolver {
	uv_loop_t *loop;
	char *server, *trust_anchor; /* or NULL, as in the setup */
	struct engine *engine;
	bool has_failed; /* a look-up, since the engine began */
	struct lookup *pending;
	size_t pending_count;
};

struct lookup {
	struct resolver *resolver;
	struct lookup *next, **prev;
	uv_timer_t timer;
	int id; /* libunbound's */
	lookup_done done;
	void *arg;
};

/*
 * Set-up.
 */

/* Options of libunbound that differ from what a resolver for everybody
 * would want. */
static const struct {
	const char *name, *value;
} settings[] = {
	/* A resolver on this machine is a good one. */
	{ "do-not-query-localhost:", "no" },
	/* Whoever asks again wants to know what is there now. */
	{ "cache-max-ttl:", "0" },
	{ "cache-max-negative-ttl:", "0" },
	/* One look-up now and then needs no big tables. */
	{ "msg-cache-size:", "256k" },
	{ "rrset-cache-size:", "512k" },
	{ "key-cache-size:", "256k" },
	{ "neg-cache-size:", "64k" },
	{ "infra-cache-numhosts:", "1000" },
};

/* "", or a colon and a port; `r` gets the port as a text, "" for none. */
static int
port_read(const char *text, char r[8])
{
	size_t len;

	r[0] = '\0';
	if (*text == '\0')
		return 0;
	len = strspn(text + 1, "0123456789");
	if (*text != ':' || len < 1 || len > 5 || text[1 + len] != '\0' ||
	    strtoul(text + 1, NULL, 10) > UINT16_MAX)
		return -1;
	(void)snprintf(r, 8, "%.5s", text + 1);
	return 0;
}

/* "127.0.0.1:5353" and "[::1]:5353" as libunbound wants them,
 * "127.0.0.1@5353". */
static int
server_rewrite(const char *server, char *r, size_t cap, struct err *e)
{
	char host[64], port[8] = "";
	unsigned char bytes[16];
	bool is_bracketed = server[0] == '[';
	bool is_v6 = is_bracketed || strchr(server, '.') == NULL;
	size_t skip = is_bracketed ? 1 : 0;
	/* A bare IPv6 address has colons of its own, and no port. */
	const char *stop = is_bracketed ? "]" : is_v6 ? "" : ":";
	size_t len = strcspn(server + skip, stop);
	const char *rest = server + skip + len;

	if (is_bracketed && *rest != ']')
		len = sizeof host; /* no end */
	rest += skip;
	if (len >= sizeof host || port_read(rest, port) == -1)
		return err_set(e, "\"%.80s\" is no address of a resolver",
		    server);
	memcpy(host, server + skip, len);
	host[len] = '\0';
	if (inet_pton(is_v6 ? AF_INET6 : AF_INET, host, bytes) != 1)
		return err_set(e, "\"%.80s\" is no address of a resolver",
		    server);
	(void)snprintf(r, cap, "%s%s%s", host, *port != '\0' ? "@" : "", port);
	return 0;
}

int
resolver_server_check(const char *server, struct err *e)
{
	char r[96];

	return server_rewrite(server, r, sizeof r, e);
}

/* libunbound reads its files with the first question: here is one that it
 * answers without asking anybody. */
static int
ctx_try(struct ub_ctx *ctx, const char *trust_anchor, struct err *e)
{
	struct ub_result *b = NULL;
	int rc = ub_resolve(ctx, "localhost", RESOLVER_A, CLASS_IN, &b);

	if (rc == 0)
		ub_resolve_free(b);
	else
		err_set(e, "trust anchor %s: %s", trust_anchor,
		    ub_strerror(rc));
	return rc == 0 ? 0 : -1;
}

static int
ctx_configure(struct ub_ctx *ctx, const struct resolver *c, struct err *e)
{
	char server[96];
	int rc = ub_ctx_async(ctx, 1);

	/* libunbound must not write to our standard error. */
	if (rc == 0)
		rc = ub_ctx_debugout(ctx, NULL);
	for (size_t i = 0; rc == 0 && i < sizeof settings / sizeof *settings;
	     i++)
		rc =
		    ub_ctx_set_option(ctx, settings[i].name, settings[i].value);
	if (rc != 0)
		return err_set(e, "resolver: %s", ub_strerror(rc));
	if (c->server != NULL) {
		if (server_rewrite(c->server, server, sizeof server, e) == -1)
			return -1;
		rc = ub_ctx_set_fwd(ctx, server);
	} else {
		rc = ub_ctx_resolvconf(ctx, NULL);
		if (rc == UB_READFILE) /* as libc does without the file */
			rc = ub_ctx_set_fwd(ctx, "127.0.0.1");
	}
	if (rc != 0)
		return err_set(e, "resolver %s: %s",
		    c->server != NULL ? c->server : "/etc/resolv.conf",
		    ub_strerror(rc));
	if (c->trust_anchor != NULL) {
		rc = ub_ctx_add_ta_file(ctx, c->trust_anchor);
		if (rc != 0)
			return err_set(e, "trust anchor %s: %s",
			    c->trust_anchor, ub_strerror(rc));
		return ctx_try(ctx, c->trust_anchor, e);
	}
	return 0;
}

static void
on_readable(uv_poll_t *p, int status, int events)
{
	struct engine *n = p->data;

	(void)status;
	(void)events;
	/* What fails here shows as a look-up that times out. */
	(void)ub_process(n->ctx);
}

static int
engine_new(struct engine **r, const struct resolver *c, struct err *e)
{
	struct engine *n = calloc(1, sizeof *n);

	if (n == NULL || (n->ctx = ub_ctx_create()) == NULL) {
		err_set(e, "no memory for the resolver");
		goto fail;
	}
	if (ctx_configure(n->ctx, c, e) == -1)
		goto fail;
	if (uv_poll_init(c->loop, &n->readable, ub_fd(n->ctx)) != 0) {
		err_set(e, "the resolver cannot be waited for");
		goto fail;
	}
	n->readable.data = n;
	(void)uv_poll_start(&n->readable, UV_READABLE, on_readable);
	*r = n;
	return 0;
fail:
	if (n != NULL && n->ctx != NULL)
		ub_ctx_delete(n->ctx);
	free(n);
	return -1;
}

static void
on_engine_closed(uv_handle_t *h)
{
	struct engine *n = h->data;

	/* The thread ends here; it closes its end of what we polled. */
	ub_ctx_delete(n->ctx);
	free(n);
}

static void
engine_close(struct engine *n)
{
	if (n != NULL)
		uv_close((uv_handle_t *)&n->readable, on_engine_closed);
}

static void
resolver_free(struct resolver *r)
{
	free(r->server);
	free(r->trust_anchor);
	free(r);
}

int
resolver_new(struct resolver **r, uv_loop_t *loop,
    const struct resolver_setup *c, struct err *e)
{
	struct resolver *n = calloc(1, sizeof *n);

	if (n == NULL)
		return err_set(e, "no memory for the resolver");
	n->loop = loop;
	if (c->server != NULL)
		n->server = strdup(c->server);
	if (c->trust_anchor != NULL)
		n->trust_anchor = strdup(c->trust_anchor);
	if ((c->server != NULL && n->server == NULL) ||
	    (c->trust_anchor != NULL && n->trust_anchor == NULL)) {
		err_set(e, "no memory for the resolver");
		goto fail;
	}
	if (engine_new(&n->engine, n, e) == -1)
		goto fail;
	*r = n;
	return 0;
fail:
	resolver_free(n);
	return -1;
}

/* After a failure, what is asked next shall not be answered by it: a server
 * that was silent may be back.  Without a new engine the old one goes on. */
static void
resolver_renew(struct resolver *r)
{
	struct engine *fresh;
	struct err ignored;

	if (!r->has_failed || r->pending_count > 0 ||
	    engine_new(&fresh, r, &ignored) == -1)
		return;
	engine_close(r->engine);
	r->engine = fresh;
	r->has_failed = false;
}

/*
 * Look-ups.
 */

static void
on_timer_closed(uv_handle_t *h)
{
	free(h->data);
}

/* Off the list; its memory goes with its timer. */
static void
lookup_end(struct lookup *l)
{
	*l->prev = l->next;
	if (l->next != NULL)
		l->next->prev = l->prev;
	l->resolver->pending_count--;
	uv_close((uv_handle_t *)&l->timer, on_timer_closed);
}

static void
lookup_answer(struct lookup *l, const struct lookup_answer *a)
{
	lookup_done done = l->done;
	void *arg = l->arg;

	if (a->state <= LOOKUP_SERVFAIL)
		l->resolver->has_failed = true;
	lookup_end(l);
	done(arg, a);
}

static enum dnssec
dnssec_of(const struct resolver *r, const struct ub_result *b)
{
	if (r->trust_anchor == NULL)
		return DNSSEC_UNCHECKED;
	if (b->bogus)
		return DNSSEC_BOGUS;
	return b->secure ? DNSSEC_SECURE : DNSSEC_INSECURE;
}

static enum lookup_state
state_of(const struct ub_result *b)
{
	if (b->bogus)
		return LOOKUP_BOGUS;
	if (b->nxdomain)
		return LOOKUP_NXDOMAIN;
	if (b->havedata)
		return LOOKUP_DATA;
	return b->rcode == RCODE_NOERROR ? LOOKUP_NODATA : LOOKUP_SERVFAIL;
}

static void
on_answer(void *arg, int error, struct ub_result *b)
{
	struct lookup *l = arg;
	struct lookup_answer a = { .why = "" };

	if (error != 0 || b == NULL) {
		a.why = ub_strerror(error);
		lookup_answer(l, &a);
		ub_resolve_free(b);
		return;
	}
	a.state = state_of(b);
	a.dnssec = dnssec_of(l->resolver, b);
	a.rcode = b->rcode;
	if (a.state == LOOKUP_BOGUS && b->why_bogus != NULL)
		a.why = b->why_bogus;
	if (a.state == LOOKUP_DATA) {
		a.data = (const char *const *)b->data;
		a.lens = b->len;
		while (
		    a.count < RESOLVER_RECORDS_MAX && b->data[a.count] != NULL)
			a.count++;
	}
	lookup_answer(l, &a);
	ub_resolve_free(b);
}

static void
on_timeout(uv_timer_t *t)
{
	static const struct lookup_answer a = { .state = LOOKUP_TIMEOUT,
		.why = "" };
	struct lookup *l = t->data;

	(void)ub_cancel(l->resolver->engine->ctx, l->id);
	lookup_answer(l, &a);
}

int
resolver_ask(struct lookup **r, struct resolver *resolver, const char *name,
    int type, unsigned timeout_ms, lookup_done done, void *arg, struct err *e)
{
	struct lookup *l;
	int rc;

	if (resolver->pending_count >= RESOLVER_PENDING_MAX)
		return err_set(e, "too many questions to DNS at once");
	if (strlen(name) > RESOLVER_NAME_MAX)
		return err_set(e, "%.60s... is too long for DNS", name);
	l = calloc(1, sizeof *l);
	if (l == NULL)
		return err_set(e, "no memory for a question to DNS");
	resolver_renew(resolver);
	l->resolver = resolver;
	l->done = done;
	l->arg = arg;
	/* Answers come through the loop, so not before this returns. */
	rc = ub_resolve_async(resolver->engine->ctx, name, type, CLASS_IN, l,
	    on_answer, &l->id);
	if (rc != 0) {
		free(l);
		return err_set(e, "resolver: %s", ub_strerror(rc));
	}
	(void)uv_timer_init(resolver->loop, &l->timer);
	l->timer.data = l;
	(void)uv_timer_start(&l->timer, on_timeout, timeout_ms, 0);
	l->next = resolver->pending;
	l->prev = &resolver->pending;
	if (l->next != NULL)
		l->next->prev = &l->next;
	resolver->pending = l;
	resolver->pending_count++;
	*r = l;
	return 0;
}

void
lookup_cancel(struct lookup *l)
{
	if (l == NULL)
		return;
	(void)ub_cancel(l->resolver->engine->ctx, l->id);
	lookup_end(l);
}

void
resolver_close(struct resolver *r)
{
	if (r == NULL)
		return;
	while (r->pending != NULL)
		lookup_cancel(r->pending);
	engine_close(r->engine);
	resolver_free(r);
}

const char *
dnssec_name(enum dnssec d)
{
	static const char *const names[] = {
		[DNSSEC_UNCHECKED] = "unchecked",
		[DNSSEC_INSECURE] = "insecure",
		[DNSSEC_SECURE] = "secure",
		[DNSSEC_BOGUS] = "bogus",
	};

	return names[d];
}

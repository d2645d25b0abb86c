/* Where stanzas go; see router.h. */
#include "daemon/router.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/desk.h"
#include "xmpp/guard.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"

/* What becomes of the stanza that is being read. */
enum route {
	ROUTE_UNDECIDED, /* its payload has not come yet */
	ROUTE_CHECK,	 /* a guard's IQ, into the decoder */
	ROUTE_FORBIDDEN, /* the guard protocol, from somebody else */
	ROUTE_BUSY,	 /* a guard's IQ, but no memory for a decoder */
	ROUTE_ANSWER,	 /* an answer to an IQ of ours */
	ROUTE_DESK,	 /* everything else */
};

struct router {
	struct router_setup s;
	struct desk_setup desk;
	struct lookups *lookups;
	struct stanza_builder *stanza; /* its head, and its tree for the desk */
	enum route route;
	struct guard_decoder *decoder; /* ROUTE_CHECK; borrowed */
	unsigned payload_count;
};

int
router_new(struct router **r, const struct router_setup *s, struct err *e)
{
	const struct lookups_setup lookups = { .reader = s->reader,
		.keyring = s->keyring,
		.domain = s->domain };
	struct router *t = calloc(1, sizeof *t);

	if (t == NULL)
		return err_set(e, "no memory for the router");
	if (stanza_builder_new(&t->stanza, e) == -1) {
		free(t);
		return -1;
	}
	t->s = *s;
	if (lookups_new(&t->lookups, &lookups, e) == -1) {
		router_free(t);
		return -1;
	}
	t->desk = (struct desk_setup){ .keyring = s->keyring,
		.checks = s->checks,
		.counter = s->counter,
		.reports = s->reports,
		.daemon = s->arg,
		.lookups = t->lookups };
	*r = t;
	return 0;
}

void
router_free(struct router *r)
{
	if (r == NULL)
		return;
	lookups_free(r->lookups);
	stanza_builder_free(r->stanza);
	free(r);
}

void *
router_arg(const struct router *r)
{
	return r->s.arg;
}

/* An attribute of the stanza at hand; "" if absent. */
static const char *
head(const struct router *t, const char *attr)
{
	return stanza_head(t->stanza, attr);
}

static bool
is_iq_answer(const struct router *t)
{
	const char *type = head(t, "type");

	return strcmp(stanza_head_name(t->stanza), "iq") == 0 &&
	    (strcmp(type, "result") == 0 || strcmp(type, "error") == 0);
}

static bool
is_asking(const struct router *t)
{
	const char *type = head(t, "type");

	return strcmp(stanza_head_name(t->stanza), "iq") == 0 &&
	    (strcmp(type, "get") == 0 || strcmp(type, "set") == 0);
}

static void
stanza_begin(struct router *t)
{
	t->payload_count = 0;
	t->route = ROUTE_UNDECIDED;
	if (is_iq_answer(t)) {
		t->route = ROUTE_ANSWER;
		stanza_drop(t->stanza);
	}
}

/* The first payload decides whose the stanza is. */
static enum route
payload_route(struct router *t, const struct reader_name *name,
    const struct reader_attr *attrs, size_t count)
{
	if (strcmp(name->ns, NS_GUARD) != 0 ||
	    strcmp(stanza_head_name(t->stanza), "iq") != 0)
		return ROUTE_DESK;
	if (!guards_is_listed(t->s.guards, head(t, "from")))
		return ROUTE_FORBIDDEN;
	t->decoder = checks_decoder(t->s.checks);
	if (t->decoder == NULL)
		return ROUTE_BUSY;
	return guard_begin(t->decoder, name, attrs, count) ? ROUTE_CHECK
							   : ROUTE_DESK;
}

static void
on_start(void *arg, unsigned depth, const struct reader_name *name,
    const struct reader_attr *attrs, size_t count)
{
	struct router *t = arg;

	if (depth == 1) {
		stanza_start(t->stanza, depth, name, attrs, count);
		stanza_begin(t);
		return;
	}
	if (depth == 2)
		t->payload_count++;
	if (t->route == ROUTE_CHECK)
		guard_start(t->decoder, depth, name, attrs, count);
	if (t->route == ROUTE_UNDECIDED) {
		t->route = payload_route(t, name, attrs, count);
		if (t->route != ROUTE_DESK)
			stanza_drop(t->stanza);
	}
	if (t->route == ROUTE_DESK)
		stanza_start(t->stanza, depth, name, attrs, count);
}

static void
on_text(void *arg, unsigned depth, const char *text, size_t len)
{
	struct router *t = arg;

	if (t->route == ROUTE_DESK)
		stanza_text(t->stanza, depth, text, len);
}

/* Whom an answer goes to. */
static struct guard_address
asker(const struct router *t)
{
	return (struct guard_address){ .from = t->s.domain,
		.to = head(t, "from"),
		.id = head(t, "id") };
}

static void
answer_error(struct router *t, const char *type, const char *condition)
{
	struct buf *out = t->s.out(t->s.arg);
	const struct guard_address a = asker(t);

	if (out == NULL)
		return;
	guard_write_error(out, &a, type, condition);
	t->s.flush(t->s.arg);
}

static void
attach(struct router *t)
{
	int64_t serial;

	if (checks_attach(t->s.checks, head(t, "from"), head(t, "id"),
		&serial) == 0)
		guards_on_attach(t->s.guards, head(t, "from"),
		    t->decoder->server, serial);
}

static void
detach(struct router *t)
{
	struct buf *out = t->s.out(t->s.arg);
	const struct guard_address a = asker(t);

	if (out != NULL) {
		guard_write_result(out, &a);
		t->s.flush(t->s.arg);
	}
	guards_on_detach(t->s.guards, head(t, "from"));
}

/* A guard's IQ is whole. */
static void
guard_run(struct router *t)
{
	struct guard_decoder *d = t->decoder;
	bool is_get = strcmp(head(t, "type"), "get") == 0;

	if (t->payload_count != 1 || d->request == GUARD_NONE ||
	    is_get != (d->request == GUARD_ATTACH)) {
		answer_error(t, "modify", "bad-request");
		return;
	}
	switch (d->request) {
	case GUARD_ATTACH:
		attach(t);
		break;
	case GUARD_CHECK:
		checks_run(t->s.checks, head(t, "from"), head(t, "id"));
		break;
	case GUARD_DETACH:
		detach(t);
		break;
	case GUARD_NONE:
		break;
	}
}

/* Any other stanza is whole. */
static void
desk_run(struct router *t)
{
	struct buf *out = t->s.out(t->s.arg);
	xmpp_stanza_t *s = NULL;
	struct err e;
	int rc = stanza_take(t->stanza, &s, &e);

	if (out == NULL || rc == 0)
		goto out;
	if (rc == -1) {
		/* More elements than a conversation takes; see stanza.h. */
		if (is_asking(t))
			answer_error(t, "modify", "policy-violation");
	} else if (desk_answer(&t->desk, s, out, &e) == -1 && is_asking(t)) {
		answer_error(t, "wait", "resource-constraint");
	}
	t->s.flush(t->s.arg);
out:
	if (s != NULL)
		xmpp_stanza_release(s);
}

static void
stanza_whole(struct router *t)
{
	switch (t->route) {
	case ROUTE_CHECK:
		guard_run(t);
		break;
	case ROUTE_FORBIDDEN:
		answer_error(t, "auth", "forbidden");
		break;
	case ROUTE_BUSY:
		answer_error(t, "wait", "resource-constraint");
		break;
	case ROUTE_ANSWER:
		guards_on_answer(t->s.guards, head(t, "from"), head(t, "id"),
		    strcmp(head(t, "type"), "error") == 0);
		break;
	case ROUTE_UNDECIDED: /* without a payload */
	case ROUTE_DESK:
		desk_run(t);
		break;
	}
}

static void
on_end(void *arg, unsigned depth)
{
	struct router *t = arg;

	if (t->route == ROUTE_CHECK && depth > 1)
		guard_end(t->decoder, depth);
	else if (t->route == ROUTE_DESK || t->route == ROUTE_UNDECIDED)
		stanza_end(t->stanza, depth);
	if (depth == 1)
		stanza_whole(t);
}

static void
on_violation(void *arg, const char *stanza_name, const char *from,
    const char *to, const char *id, const char *type, const char *what)
{
	struct router *t = arg;

	(void)stanza_name;
	(void)from;
	(void)to;
	(void)id;
	(void)type;
	stanza_drop(t->stanza);
	t->s.on_violation(t->s.arg, what);
}

static void
on_up(void *arg)
{
	struct router *t = arg;

	t->s.on_up(t->s.arg);
}

static void
on_down(void *arg, const char *why, bool is_auth, uint64_t retry_ms)
{
	struct router *t = arg;

	t->s.on_down(t->s.arg, why, is_auth, retry_ms);
}

const struct stream_handlers router_handlers = {
	.on_up = on_up,
	.on_down = on_down,
	.events = { .on_start = on_start,
	    .on_text = on_text,
	    .on_end = on_end,
	    .on_violation = on_violation },
};

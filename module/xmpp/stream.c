/*
 * The component's stream; see stream.h.
 *
 * A `struct conn` is one TCP connection and lives until libuv has closed it,
 * which is after the stream may have begun the next one: its callbacks ask
 * whether it is still the stream's.
 *
 * Output is appended to `out`.  Two handles, one before and one after the
 * loop waits for I/O, are active while there is something to send: whichever
 * comes first sends it, so that all replies to one turn's input are one
 * write.  What the kernel does not take at once is swapped into the
 * connection's own buffer, uncopied, and `out` begins anew.
 */
#include "xmpp/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xmpp/ns.h"
#include "xmpp/xml.h"

#define READ_LEN 65536
#define HOST_MAX 255
#define DOMAIN_MAX 1023

struct conn {
	uv_tcp_t tcp;
	uv_connect_t connect;
	uv_write_t write;
	uv_shutdown_t shutdown;
	struct stream *stream;
	struct buf sending; /* what `write` is sending */
	bool is_sending;
	bool is_paused;	  /* reads again when `sending` is gone */
	size_t stuck_len; /* unsent at the last ping */
};

struct stream {
	uv_loop_t *loop;
	struct stream_handlers handlers;
	void *arg;
	int (*handshake)(void *arg, const char *stream_id, char r[41],
	    struct err *e);
	char domain[DOMAIN_MAX + 1];
	char host[HOST_MAX + 1];
	char port[6];
	uint64_t backoff_min_ms, backoff_max_ms, ping_ms;

	enum stream_state state;
	struct conn *conn; /* NULL when there is none */
	struct reader *reader;
	uv_getaddrinfo_t resolve;
	struct addrinfo *addresses; /* all that the name has */
	struct addrinfo *address;   /* the one in use */
	uv_timer_t timer; /* down: retry; connecting: give up; up: ping */
	uv_prepare_t before_wait;
	uv_check_t after_wait;
	unsigned open_count; /* handles and requests that need the memory */

	struct buf out;
	uint64_t backoff_ms;
	uint64_t up_since_ms;
	bool is_feeding;   /* the reader is at work */
	bool is_auth;	   /* the server refused the secret */
	bool in_error;	   /* in <stream:error/> */
	bool is_handshake; /* in the server's <handshake/> */
	bool is_foreign;   /* in a stanza that handlers do not see */
	bool is_resolving;
	char why[ERR_TEXT_MAX]; /* the end has been decided on; "" if not */
	char read_buf[READ_LEN];

	bool is_stopping;
	void (*closed)(void *arg);
	void *closed_arg;
};

static void connect_begin(struct stream *s);
static void connect_next(struct stream *s);

/* Memory: the last of the handles takes the stream with it. */

static void
stream_free(struct stream *s)
{
	void (*closed)(void *arg) = s->closed;
	void *arg = s->closed_arg;

	reader_free(s->reader);
	buf_clear(&s->out);
	uv_freeaddrinfo(s->addresses);
	free(s);
	if (closed != NULL)
		closed(arg);
}

static void
stream_release(struct stream *s)
{
	if (--s->open_count == 0 && s->is_stopping)
		stream_free(s);
}

static void
on_handle_closed(uv_handle_t *h)
{
	stream_release(h->data);
}

static void
on_conn_closed(uv_handle_t *h)
{
	struct conn *c = h->data;
	struct stream *s = c->stream;

	buf_clear(&c->sending);
	free(c);
	stream_release(s);
}

/* Leaves the connection, if there is one, to libuv. */
static void
conn_drop(struct stream *s)
{
	struct conn *c = s->conn;

	if (c == NULL)
		return;
	s->conn = NULL;
	uv_close((uv_handle_t *)&c->tcp, on_conn_closed);
}

static void
close_all(struct stream *s)
{
	if (uv_is_closing((uv_handle_t *)&s->timer))
		return;
	conn_drop(s);
	uv_close((uv_handle_t *)&s->timer, on_handle_closed);
	uv_close((uv_handle_t *)&s->before_wait, on_handle_closed);
	uv_close((uv_handle_t *)&s->after_wait, on_handle_closed);
}

/* The end of a connection. */

static void
on_retry(uv_timer_t *t)
{
	connect_begin(t->data);
}

/* Half of it again at most, so that many components do not come at once. */
static uint64_t
with_jitter(uint64_t ms)
{
	uint32_t random = 0;

	/* Without random bytes there is no jitter, and no harm. */
	(void)uv_random(NULL, NULL, &random, sizeof random, 0, NULL);
	return ms + random % (ms / 2 + 1);
}

static uint64_t
backoff_next(struct stream *s)
{
	uint64_t now = uv_now(s->loop), ms;

	if (s->is_auth)
		return with_jitter(STREAM_AUTH_BACKOFF_MS);
	if (s->up_since_ms > 0 && now - s->up_since_ms >= STREAM_STEADY_MS)
		s->backoff_ms = s->backoff_min_ms;
	ms = with_jitter(s->backoff_ms);
	s->backoff_ms *= 2;
	if (s->backoff_ms > s->backoff_max_ms / 3 * 2)
		s->backoff_ms = s->backoff_max_ms / 3 * 2;
	return ms > s->backoff_max_ms ? s->backoff_max_ms : ms;
}

static void
go_down(struct stream *s, const char *why)
{
	uint64_t retry_ms;

	if (s->is_stopping)
		return;
	conn_drop(s);
	s->state = STREAM_DOWN;
	s->out.max = STREAM_SEND_MAX;
	buf_clear(&s->out);
	retry_ms = backoff_next(s);
	s->up_since_ms = 0;
	uv_timer_start(&s->timer, on_retry, retry_ms, 0);
	if (s->handlers.on_down != NULL)
		s->handlers.on_down(s->arg, why, s->is_auth, retry_ms);
}

/* Ends the connection, after the reader's call if it is at work; the first
 * reason counts. */
static void
fail(struct stream *s, const char *why)
{
	if (s->why[0] == '\0') {
		strncpy(s->why, why, sizeof s->why - 1);
		s->why[sizeof s->why - 1] = '\0';
	}
	if (!s->is_feeding)
		go_down(s, s->why);
}

/* RFC 6120 #streams-error: said once, as a courtesy, if it still goes. */
static void
say_error(struct stream *s, const char *condition)
{
	uv_buf_t b;
	struct buf out;

	if (s->conn == NULL || s->conn->is_sending)
		return;
	buf_init(&out, READ_LEN);
	buf_adds(&out, "<stream:error><");
	buf_adds(&out, condition);
	buf_adds(&out,
	    " xmlns='" NS_STREAMS "'/></stream:error>"
	    "</stream:stream>");
	if (!out.failed) {
		b = uv_buf_init(out.data, (unsigned)out.len);
		(void)uv_try_write((uv_stream_t *)&s->conn->tcp, &b, 1);
	}
	buf_clear(&out);
}

/* Output. */

/* Empties a buffer; the memory of a flood is not kept. */
static void
settle(struct buf *b)
{
	if (b->cap > 2 * STREAM_SEND_HIGH)
		buf_clear(b);
	else
		buf_reset(b);
}

static void stop_step(struct stream *s);
static void on_read(uv_stream_t *tcp, ssize_t n, const uv_buf_t *b);

static void
on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
	struct conn *c = h->data;

	(void)suggested;
	*b = uv_buf_init(c->stream->read_buf, READ_LEN);
}

static void
on_written(uv_write_t *w, int status)
{
	struct conn *c = w->data;
	struct stream *s = c->stream;

	c->is_sending = false;
	settle(&c->sending);
	if (s->conn != c)
		return;
	s->out.max = STREAM_SEND_MAX;
	if (s->is_stopping) {
		stop_step(s);
		return;
	}
	if (status < 0) {
		fail(s, uv_strerror(status));
		return;
	}
	if (c->is_paused) {
		c->is_paused = false;
		(void)uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
	}
	if (s->out.len > 0)
		stream_flush_later(s);
}

/* Sends `out`, whatever the state. */
static void
push(struct stream *s)
{
	struct conn *c = s->conn;
	struct buf rest;
	uv_buf_t b;
	int n;

	if (s->out.failed) {
		fail(s, "the server does not take what it is sent");
		return;
	}
	if (c == NULL || c->is_sending || s->out.len == 0)
		return;
	b = uv_buf_init(s->out.data, (unsigned)s->out.len);
	n = uv_try_write((uv_stream_t *)&c->tcp, &b, 1);
	if (n < 0 && n != UV_EAGAIN) {
		fail(s, uv_strerror(n));
		return;
	}
	if (n > 0 && (size_t)n == s->out.len) {
		settle(&s->out);
		return;
	}
	rest = c->sending;
	c->sending = s->out;
	s->out = rest;
	s->out.max = STREAM_SEND_MAX - c->sending.len;
	n = n > 0 ? n : 0;
	b = uv_buf_init(c->sending.data + n,
	    (unsigned)(c->sending.len - (size_t)n));
	c->is_sending = true;
	n = uv_write(&c->write, (uv_stream_t *)&c->tcp, &b, 1, on_written);
	if (n < 0) {
		c->is_sending = false;
		fail(s, uv_strerror(n));
	}
}

static void
flush(struct stream *s)
{
	uv_prepare_stop(&s->before_wait);
	uv_check_stop(&s->after_wait);
	if (s->state == STREAM_UP)
		push(s);
	else
		buf_reset(&s->out);
}

static void
on_before_wait(uv_prepare_t *h)
{
	flush(h->data);
}

static void
on_after_wait(uv_check_t *h)
{
	flush(h->data);
}

void
stream_flush_later(struct stream *s)
{
	if (s->is_stopping || uv_is_active((uv_handle_t *)&s->after_wait))
		return;
	uv_prepare_start(&s->before_wait, on_before_wait);
	uv_check_start(&s->after_wait, on_after_wait);
}

struct buf *
stream_out(struct stream *s)
{
	return &s->out;
}

/* A server that reads nothing is not left to fill the memory: what was
 * waiting a ping ago must have become less. */
static bool
is_stuck(struct conn *c)
{
	size_t len = uv_stream_get_write_queue_size((uv_stream_t *)&c->tcp);
	bool is_same = len > 0 && len == c->stuck_len;

	c->stuck_len = len;
	return is_same;
}

static void
on_ping(uv_timer_t *t)
{
	struct stream *s = t->data;

	if (is_stuck(s->conn)) {
		fail(s, "the server does not take what it is sent");
		return;
	}
	if (s->out.len == 0 && !s->conn->is_sending)
		buf_add(&s->out, " ", 1);
	push(s);
}

/* The reader's events. */

static void
handshake_send(struct stream *s, const char *id)
{
	char digest[41];
	struct err e = { "" };

	if (s->handshake(s->arg, id, digest, &e) == -1) {
		fail(s, e.text);
		return;
	}
	buf_reset(&s->out);
	buf_adds(&s->out, "<handshake>");
	buf_adds(&s->out, digest);
	buf_adds(&s->out, "</handshake>");
	push(s);
}

static void
on_stream(void *arg, const struct reader_attr *attrs, size_t attr_count)
{
	struct stream *s = arg;

	for (size_t i = 0; i < attr_count; i++)
		if (attrs[i].name.ns[0] == '\0' &&
		    strcmp(attrs[i].name.local, "id") == 0) {
			handshake_send(s, attrs[i].value);
			return;
		}
	fail(s, "a stream header without an id");
}

static void
become_up(struct stream *s)
{
	s->state = STREAM_UP;
	s->up_since_ms = uv_now(s->loop);
	buf_reset(&s->out);
	uv_timer_start(&s->timer, on_ping, s->ping_ms, s->ping_ms);
	if (s->handlers.on_up != NULL)
		s->handlers.on_up(s->arg);
}

/* The condition is the first child in its namespace; <text/> is not kept:
 * it is the server's, and goes into no log. */
static void
note_error(struct stream *s, const struct reader_name *name)
{
	char why[128] = "the server says ";

	if (strcmp(name->ns, NS_STREAMS) != 0 ||
	    strcmp(name->local, "text") == 0)
		return;
	s->is_auth =
	    s->state != STREAM_UP && strcmp(name->local, "not-authorized") == 0;
	strncat(why, name->local, 64);
	fail(s, why);
}

static void
top_start(struct stream *s, const struct reader_name *name)
{
	bool is_ours = strcmp(name->ns, NS_COMPONENT) == 0;

	s->in_error = strcmp(name->ns, NS_STREAM) == 0 &&
	    strcmp(name->local, "error") == 0;
	s->is_foreign = !is_ours || s->state != STREAM_UP;
	s->is_handshake = is_ours && s->state != STREAM_UP;
	if (s->is_handshake && strcmp(name->local, "handshake") != 0)
		fail(s, "a stanza before the handshake");
}

static void
on_start(void *arg, unsigned depth, const struct reader_name *name,
    const struct reader_attr *attrs, size_t attr_count)
{
	struct stream *s = arg;

	if (s->why[0] != '\0')
		return;
	if (depth == 1)
		top_start(s, name);
	else if (depth == 2 && s->in_error)
		note_error(s, name);
	if (!s->is_foreign && s->handlers.events.on_start != NULL)
		s->handlers.events.on_start(s->arg, depth, name, attrs,
		    attr_count);
}

static void
on_text(void *arg, unsigned depth, const char *text, size_t len)
{
	struct stream *s = arg;

	if (s->why[0] == '\0' && !s->is_foreign &&
	    s->handlers.events.on_text != NULL)
		s->handlers.events.on_text(s->arg, depth, text, len);
}

static void
on_end(void *arg, unsigned depth)
{
	struct stream *s = arg;

	if (s->why[0] != '\0')
		return;
	if (!s->is_foreign) {
		if (s->handlers.events.on_end != NULL)
			s->handlers.events.on_end(s->arg, depth);
	} else if (depth == 1 && s->in_error) {
		fail(s, "the server ends the stream with an error");
	} else if (depth == 1 && s->is_handshake) {
		become_up(s);
	}
}

static bool
is_one_of(const char *s, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(s, *list) == 0)
			return true;
	return false;
}

/* Whether an error may be the answer (RFC 6120 #stanzas-error-rules): never
 * to an error, and not to what wants no answer. */
static bool
is_answered(const char *name, const char *type)
{
	static const char *const iq[] = { "get", "set", NULL };
	static const char *const none[] = { "error", "unavailable",
		"unsubscribe", "unsubscribed", NULL };

	if (strcmp(name, "iq") == 0)
		return is_one_of(type, iq);
	if (strcmp(name, "message") == 0)
		return strcmp(type, "error") != 0;
	return strcmp(name, "presence") == 0 && !is_one_of(type, none);
}

static void
answer_violation(struct stream *s, const char *name, const char *from,
    const char *to, const char *id)
{
	buf_adds(&s->out, "<");
	buf_adds(&s->out, name);
	buf_adds(&s->out, " type='error'");
	xml_attr(&s->out, "from", to);
	xml_attr(&s->out, "to", from);
	xml_attr(&s->out, "id", id);
	buf_adds(&s->out,
	    "><error type='modify'><policy-violation xmlns='" NS_STANZAS
	    "'/></error></");
	buf_adds(&s->out, name);
	buf_adds(&s->out, ">");
	stream_flush_later(s);
}

static void
on_violation(void *arg, const char *name, const char *from, const char *to,
    const char *id, const char *type, const char *what)
{
	struct stream *s = arg;

	if (s->why[0] != '\0')
		return;
	if (s->state != STREAM_UP) {
		fail(s, what);
		return;
	}
	if (from[0] != '\0' && to[0] != '\0' && is_answered(name, type))
		answer_violation(s, name, from, to, id);
	if (s->handlers.events.on_violation != NULL)
		s->handlers.events.on_violation(s->arg, name, from, to, id,
		    type, what);
}

static void
on_close(void *arg)
{
	fail(arg, "the server ended the stream");
}

/* Input. */

static void
feed(struct stream *s, const char *bytes, size_t len)
{
	struct err e = { "" };
	int rc;

	s->is_feeding = true;
	rc = reader_feed(s->reader, bytes, len, &e);
	s->is_feeding = false;
	if (s->is_stopping)
		return;
	if (s->why[0] != '\0') {
		go_down(s, s->why);
	} else if (rc == -1) {
		say_error(s, "not-well-formed");
		fail(s, e.text);
	}
}

/* No more input until the output of this one is away: the queue cannot grow
 * beyond what one read asks for. */
static void
pause_if_full(struct stream *s)
{
	struct conn *c = s->conn;

	if (c == NULL || c->is_paused ||
	    s->out.len + c->sending.len < STREAM_SEND_HIGH)
		return;
	push(s);
	if (s->conn != c || !c->is_sending)
		return;
	c->is_paused = true;
	uv_read_stop((uv_stream_t *)&c->tcp);
}

static void
on_read(uv_stream_t *tcp, ssize_t n, const uv_buf_t *b)
{
	struct conn *c = tcp->data;
	struct stream *s = c->stream;

	if (s->conn != c || n == 0)
		return;
	if (s->is_stopping) { /* only the end still matters */
		if (n < 0)
			close_all(s);
		return;
	}
	if (n == UV_EOF) {
		fail(s,
		    s->state == STREAM_UP
			? "the server closed the connection"
			: "the server closed the connection before the "
			  "handshake");
		return;
	}
	if (n < 0) {
		fail(s, uv_strerror((int)n));
		return;
	}
	feed(s, b->base, (size_t)n);
	if (s->state == STREAM_UP)
		pause_if_full(s);
}

/* Connecting. */

static void
header_send(struct stream *s)
{
	buf_reset(&s->out);
	buf_adds(&s->out,
	    "<?xml version='1.0'?><stream:stream xmlns='" NS_COMPONENT
	    "' xmlns:stream='" NS_STREAM "'");
	xml_attr(&s->out, "to", s->domain);
	buf_adds(&s->out, ">");
	push(s);
}

static void
on_connect(uv_connect_t *q, int status)
{
	struct conn *c = q->data;
	struct stream *s = c->stream;

	if (s->conn != c || s->is_stopping)
		return;
	if (status == 0) {
		(void)uv_tcp_nodelay(&c->tcp, 1);
		(void)uv_tcp_keepalive(&c->tcp, 1, 60);
		status =
		    uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
	}
	if (status == 0) {
		header_send(s);
		return;
	}
	conn_drop(s);
	s->address = s->address->ai_next;
	if (s->address != NULL)
		connect_next(s);
	else
		fail(s, uv_strerror(status));
}

static struct conn *
conn_new(struct stream *s)
{
	struct conn *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	if (uv_tcp_init(s->loop, &c->tcp) < 0) {
		free(c);
		return NULL;
	}
	s->open_count++;
	c->stream = s;
	c->tcp.data = c->connect.data = c->write.data = c->shutdown.data = c;
	buf_init(&c->sending, STREAM_SEND_MAX);
	return c;
}

/* Tries the address at hand. */
static void
connect_next(struct stream *s)
{
	int rc;

	s->conn = conn_new(s);
	if (s->conn == NULL) {
		fail(s, "no memory for a connection");
		return;
	}
	rc = uv_tcp_connect(&s->conn->connect, &s->conn->tcp,
	    s->address->ai_addr, on_connect);
	if (rc < 0)
		fail(s, uv_strerror(rc));
}

static void
on_resolved(uv_getaddrinfo_t *q, int status, struct addrinfo *list)
{
	struct stream *s = q->data;

	s->is_resolving = false;
	if (s->is_stopping || s->state != STREAM_CONNECTING) {
		uv_freeaddrinfo(list);
	} else if (status < 0) {
		fail(s, uv_strerror(status));
	} else {
		s->addresses = s->address = list;
		connect_next(s);
	}
	stream_release(s);
}

static void
on_connect_timeout(uv_timer_t *t)
{
	fail(t->data, "no answer from the server");
}

static void
connect_begin(struct stream *s)
{
	static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	struct err e = { "" };
	int rc;

	s->why[0] = '\0';
	s->is_auth = s->in_error = s->is_foreign = false;
	s->state = STREAM_CONNECTING;
	uv_freeaddrinfo(s->addresses);
	s->addresses = s->address = NULL;
	if (reader_reset(s->reader, &e) == -1) {
		fail(s, e.text);
		return;
	}
	uv_timer_start(&s->timer, on_connect_timeout, STREAM_CONNECT_MS, 0);
	if (s->is_resolving) {
		fail(s, "the name is still being looked up");
		return;
	}
	rc = uv_getaddrinfo(s->loop, &s->resolve, on_resolved, s->host, s->port,
	    &hints);
	if (rc < 0) {
		fail(s, uv_strerror(rc));
		return;
	}
	s->is_resolving = true;
	s->open_count++;
}

/* From outside. */

void
stream_retry_now(struct stream *s)
{
	if (s->state != STREAM_DOWN || s->is_stopping ||
	    !uv_is_active((uv_handle_t *)&s->timer))
		return;
	s->backoff_ms = s->backoff_min_ms;
	uv_timer_start(&s->timer, on_retry, 0, 0);
}

static void
on_stop_timeout(uv_timer_t *t)
{
	close_all(t->data);
}

static void
on_shutdown(uv_shutdown_t *q, int status)
{
	struct conn *c = q->data;

	/* Else the server's end of the connection closes all: closing now
	 * could reset it and lose our last bytes on the way. */
	if (status < 0 && c->stream->conn == c)
		close_all(c->stream);
}

/* On the way to the end: what is queued, then our end of the connection. */
static void
stop_step(struct stream *s)
{
	struct conn *c = s->conn;
	int rc;

	push(s);
	if (c->is_sending)
		return;
	rc = uv_shutdown(&c->shutdown, (uv_stream_t *)&c->tcp, on_shutdown);
	if (rc < 0)
		close_all(s);
}

void
stream_stop(struct stream *s, void (*closed)(void *arg), void *arg)
{
	if (s->is_stopping)
		return;
	s->is_stopping = true;
	s->closed = closed;
	s->closed_arg = arg;
	fail(s, "stopped"); /* the reader's events end here */
	uv_prepare_stop(&s->before_wait);
	uv_check_stop(&s->after_wait);
	if (s->is_resolving)
		(void)uv_cancel((uv_req_t *)&s->resolve);
	if (s->state != STREAM_UP || s->conn == NULL || s->out.failed) {
		close_all(s);
		return;
	}
	uv_timer_start(&s->timer, on_stop_timeout, STREAM_STOP_MS, 0);
	buf_adds(&s->out, "</stream:stream>");
	if (s->conn->is_paused)
		(void)uv_read_start((uv_stream_t *)&s->conn->tcp, on_alloc,
		    on_read);
	stop_step(s);
}

void
stream_start(struct stream *s)
{
	connect_begin(s);
}

enum stream_state
stream_state(const struct stream *s)
{
	return s->state;
}

const struct reader_counts *
stream_counts(const struct stream *s)
{
	return reader_counts(s->reader);
}

static int
config_take(struct stream *s, const struct stream_config *c, struct err *e)
{
	if (strlen(c->domain) > DOMAIN_MAX)
		return err_set(e, "the component's domain is over %d bytes",
		    DOMAIN_MAX);
	if (strlen(c->host) > HOST_MAX)
		return err_set(e, "the server's name is over %d bytes",
		    HOST_MAX);
	strcpy(s->domain, c->domain);
	strcpy(s->host, c->host);
	(void)snprintf(s->port, sizeof s->port, "%u", (unsigned)c->port);
	s->handshake = c->handshake;
	s->backoff_min_ms =
	    c->backoff_min_ms != 0 ? c->backoff_min_ms : STREAM_BACKOFF_MIN_MS;
	s->backoff_max_ms =
	    c->backoff_max_ms != 0 ? c->backoff_max_ms : STREAM_BACKOFF_MAX_MS;
	s->ping_ms = c->ping_ms != 0 ? c->ping_ms : STREAM_PING_S * 1000;
	s->backoff_ms = s->backoff_min_ms;
	return 0;
}

int
stream_new(struct stream **out, uv_loop_t *loop, const struct stream_config *c,
    const struct stream_handlers *h, void *arg, struct err *e)
{
	static const struct reader_events events = { on_stream, on_start,
		on_text, on_end, on_violation, on_close };
	struct stream *s = calloc(1, sizeof *s);

	if (s == NULL)
		return err_set(e, "no memory for a stream");
	s->loop = loop;
	s->handlers = *h;
	s->arg = arg;
	buf_init(&s->out, STREAM_SEND_MAX);
	if (config_take(s, c, e) == -1 ||
	    reader_new(&s->reader, &events, s, e) == -1) {
		free(s);
		return -1;
	}
	/* These three cannot fail. */
	(void)uv_timer_init(loop, &s->timer);
	(void)uv_prepare_init(loop, &s->before_wait);
	(void)uv_check_init(loop, &s->after_wait);
	s->open_count = 3;
	s->timer.data = s->before_wait.data = s->after_wait.data = s;
	s->resolve.data = s;
	*out = s;
	return 0;
}

/* The stream against a server that is played here, in the same loop: what it
 * says is a script, what it heard is a string. */
#include "unit/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "xmpp/stream.h"

#define SERVER_HEADER                                                          \
	"<?xml version='1.0'?><stream:stream "                                 \
	"xmlns='jabber:component:accept' "                                     \
	"xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='m'>"
#define CLIENT_HEADER                                                          \
	"<?xml version='1.0'?><stream:stream "                                 \
	"xmlns='jabber:component:accept' "                                     \
	"xmlns:stream='http://etherx.jabber.org/streams' to='m.example'>"
#define DIGEST "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"
#define HANDSHAKE CLIENT_HEADER "<handshake>" DIGEST "</handshake>"
#define ERROR(c)                                                               \
	"<stream:error><" c                                                    \
	" xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>"        \
	"</stream:stream>"

/* The server: one listener, one connection at a time. */
struct peer {
	uv_tcp_t listener, conn;
	bool is_listening, is_open;
	unsigned accepted;
	bool is_deaf;	   /* does not read */
	const char *hello; /* said when the header is complete */
	const char *agree; /* said when the handshake is complete */
	struct buf heard;  /* of this connection */
	unsigned reads;	   /* of this connection */
	char in[65536];
};

static struct peer peer;
static uv_loop_t loop;
static struct stream *stream;
static uint16_t port;
static unsigned ups, downs;
static char last_why[ERR_TEXT_MAX];
static bool last_is_auth;
static uint64_t last_retry_ms;
static struct buf said;
static bool is_closed;
static bool echo; /* answer each stanza with its id */

/* The stream's side. */

static int
handshake(void *arg, const char *id, char r[41], struct err *e)
{
	(void)arg;
	if (strcmp(id, "s1") != 0)
		return err_set(e, "no digest for %s", id);
	memcpy(r, DIGEST, 41);
	return 0;
}

static void
on_up(void *arg)
{
	ck_assert_ptr_eq(arg, &said);
	ups++;
}

static void
on_down(void *arg, const char *why, bool is_auth, uint64_t retry_ms)
{
	(void)arg;
	downs++;
	snprintf(last_why, sizeof last_why, "%s", why);
	last_is_auth = is_auth;
	last_retry_ms = retry_ms;
}

static void
on_start(void *arg, unsigned depth, const struct reader_name *name,
    const struct reader_attr *attrs, size_t count)
{
	(void)arg;
	buf_addf(&said, "[%s", name->local);
	if (depth > 1 || !echo || count == 0)
		return;
	buf_addf(stream_out(stream), "<r id='%s'/>", attrs[0].value);
	stream_flush_later(stream);
}

static void
on_text(void *arg, unsigned depth, const char *text, size_t len)
{
	(void)arg;
	(void)depth;
	buf_add(&said, text, len);
}

static void
on_end(void *arg, unsigned depth)
{
	(void)arg;
	(void)depth;
	buf_adds(&said, "]");
}

static void
on_violation(void *arg, const char *name, const char *from, const char *to,
    const char *id, const char *type, const char *what)
{
	(void)arg;
	(void)from;
	(void)to;
	(void)id;
	(void)type;
	buf_addf(&said, "!(%s: %s)", name, what);
}

static const struct stream_handlers handlers = { on_up, on_down,
	{ .on_start = on_start,
	    .on_text = on_text,
	    .on_end = on_end,
	    .on_violation = on_violation } };

/* The server's side. */

static void
peer_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *b)
{
	(void)h;
	(void)suggested;
	*b = uv_buf_init(peer.in, sizeof peer.in);
}

static void
peer_closed(uv_handle_t *h)
{
	(void)h;
	peer.is_open = false;
}

static void
peer_hang_up(void)
{
	if (peer.is_open && !uv_is_closing((uv_handle_t *)&peer.conn))
		uv_close((uv_handle_t *)&peer.conn, peer_closed);
}

static void
peer_say_bytes(const char *bytes, size_t len)
{
	while (len > 0) {
		uv_buf_t b =
		    uv_buf_init((char *)(uintptr_t)bytes, (unsigned)len);
		int n = uv_try_write((uv_stream_t *)&peer.conn, &b, 1);

		if (n == UV_EAGAIN) {
			uv_run(&loop, UV_RUN_NOWAIT);
			continue;
		}
		ck_assert_msg(n > 0, "%s", uv_strerror(n));
		bytes += n;
		len -= (size_t)n;
	}
}

static void
peer_say(const char *text)
{
	peer_say_bytes(text, strlen(text));
}

static void
peer_read(uv_stream_t *tcp, ssize_t n, const uv_buf_t *b)
{
	(void)tcp;
	if (n <= 0) {
		if (n < 0)
			peer_hang_up();
		return;
	}
	peer.reads++;
	buf_add(&peer.heard, b->base, (size_t)n);
	ck_assert(!peer.heard.failed);
	if (peer.hello != NULL && strcmp(peer.heard.data, CLIENT_HEADER) == 0)
		peer_say(peer.hello);
	else if (peer.agree != NULL && strcmp(peer.heard.data, HANDSHAKE) == 0)
		peer_say(peer.agree);
}

static void
peer_accept(uv_stream_t *listener, int status)
{
	ck_assert_int_eq(status, 0);
	ck_assert(!peer.is_open);
	ck_assert_int_eq(uv_tcp_init(&loop, &peer.conn), 0);
	ck_assert_int_eq(uv_accept(listener, (uv_stream_t *)&peer.conn), 0);
	peer.is_open = true;
	peer.accepted++;
	peer.reads = 0;
	buf_reset(&peer.heard);
	if (!peer.is_deaf)
		uv_read_start((uv_stream_t *)&peer.conn, peer_alloc, peer_read);
}

static void
peer_listen(void)
{
	struct sockaddr_in a;
	int len = sizeof a;

	uv_ip4_addr("127.0.0.1", port, &a);
	ck_assert_int_eq(uv_tcp_init(&loop, &peer.listener), 0);
	ck_assert_int_eq(uv_tcp_bind(&peer.listener, (struct sockaddr *)&a, 0),
	    0);
	ck_assert_int_eq(
	    uv_listen((uv_stream_t *)&peer.listener, 8, peer_accept), 0);
	ck_assert_int_eq(
	    uv_tcp_getsockname(&peer.listener, (struct sockaddr *)&a, &len), 0);
	port = ntohs(a.sin_port);
	peer.is_listening = true;
}

/* Runs the loop until `*what` is at least `want`; 10 s at most. */
static void
wait_for(const unsigned *what, unsigned want)
{
	uint64_t end = uv_hrtime() + 10000000000u;

	while (*what < want) {
		ck_assert_msg(uv_hrtime() < end, "still %u, not %u", *what,
		    want);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
}

static void
wait_text(const struct buf *b, const char *want)
{
	uint64_t end = uv_hrtime() + 10000000000u;

	while (b->data == NULL || strstr(b->data, want) == NULL) {
		ck_assert_msg(uv_hrtime() < end, "no %s in %s", want,
		    b->data != NULL ? b->data : "nothing");
		uv_run(&loop, UV_RUN_NOWAIT);
	}
}

static void
wait_ms(uint64_t ms)
{
	uint64_t end = uv_hrtime() + ms * 1000000;

	while (uv_hrtime() < end)
		uv_run(&loop, UV_RUN_NOWAIT);
}

static void
stream_make(const char *host, uint64_t ping_ms)
{
	struct stream_config c = { .domain = "m.example",
		.host = host,
		.port = port,
		.handshake = handshake,
		.backoff_min_ms = 10,
		.backoff_max_ms = 80,
		.ping_ms = ping_ms };
	struct err e = { "" };

	ck_assert_msg(stream_new(&stream, &loop, &c, &handlers, &said, &e) == 0,
	    "%s", e.text);
	ck_assert_int_eq(stream_state(stream), STREAM_DOWN);
}

static void
bring_up(void)
{
	stream_make("127.0.0.1", 0);
	stream_start(stream);
	wait_for(&ups, 1);
	ck_assert_int_eq(stream_state(stream), STREAM_UP);
	ck_assert_str_eq(peer.heard.data, HANDSHAKE);
	peer.hello = peer.agree = NULL;
	buf_reset(&peer.heard);
	peer.reads = 0;
}

static void
on_closed(void *arg)
{
	*(bool *)arg = true;
}

static void
set_up(void)
{
	memset(&peer, 0, sizeof peer);
	peer.hello = SERVER_HEADER;
	peer.agree = "<handshake/>";
	buf_init(&peer.heard, 64u << 20);
	buf_init(&said, 64u << 20);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	port = 0;
	peer_listen();
}

/* All must end by itself: the loop is empty then. */
static void
tear_down(void)
{
	if (stream != NULL)
		stream_stop(stream, on_closed, &is_closed);
	else
		is_closed = true;
	while (!is_closed)
		uv_run(&loop, UV_RUN_ONCE);
	peer_hang_up();
	if (peer.is_listening)
		uv_close((uv_handle_t *)&peer.listener, NULL);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	buf_clear(&peer.heard);
	buf_clear(&said);
}

/* The tests. */

START_TEST(comes_up)
{
	bring_up();
	ck_assert_uint_eq(downs, 0);
	peer_say("<iq id='1'><a>text</a></iq><message/>");
	wait_text(&said, "[message]");
	ck_assert_str_eq(said.data, "[iq[atext]][message]");
}
END_TEST

START_TEST(resolves_a_name)
{
	stream_make("localhost", 0);
	stream_start(stream);
	wait_for(&ups, 1);
}
END_TEST

START_TEST(says_nothing_before_it_is_up)
{
	stream_make("127.0.0.1", 0);
	buf_adds(stream_out(stream), "<early/>");
	stream_flush_later(stream);
	stream_start(stream);
	buf_adds(stream_out(stream), "<early/>");
	stream_flush_later(stream);
	wait_for(&ups, 1);
	wait_ms(20);
	ck_assert_str_eq(peer.heard.data, HANDSHAKE);
}
END_TEST

START_TEST(joins_replies_into_one_write)
{
	struct buf b;

	echo = true;
	bring_up();
	buf_init(&b, 65536);
	for (unsigned i = 0; i < 100; i++)
		buf_addf(&b, "<iq id='%u'/>", i);
	peer_say(b.data);
	buf_clear(&b);
	wait_text(&peer.heard, "<r id='99'/>");
	ck_assert_uint_eq(peer.reads, 1);
}
END_TEST

/* From outside of an I/O callback as well. */
START_TEST(flushes_before_it_waits)
{
	bring_up();
	buf_adds(stream_out(stream), "<a/>");
	stream_flush_later(stream);
	buf_adds(stream_out(stream), "<b/>");
	stream_flush_later(stream);
	wait_text(&peer.heard, "<b/>");
	ck_assert_str_eq(peer.heard.data, "<a/><b/>");
	ck_assert_uint_eq(peer.reads, 1);
}
END_TEST

/* A slow reader gets all of it, in order, and no more is read meanwhile. */
START_TEST(keeps_what_the_server_does_not_take)
{
	struct buf b;
	char last[32];

	echo = true;
	bring_up();
	uv_read_stop((uv_stream_t *)&peer.conn);
	buf_init(&b, 8u << 20);
	for (unsigned i = 0; i < 200000; i++)
		buf_addf(&b, "<iq id='%u'/>", i);
	/* The stream stops reading: all of it does not go at once. */
	for (size_t at = 0; at < b.len; at += 65536) {
		size_t n = b.len - at < 65536 ? b.len - at : 65536;

		if (at == 65536)
			uv_read_start((uv_stream_t *)&peer.conn, peer_alloc,
			    peer_read);
		peer_say_bytes(b.data + at, n);
	}
	wait_text(&peer.heard, "<r id='199999'/>");
	ck_assert_uint_eq(downs, 0);
	for (unsigned i = 0, at = 0; i < 200000; i++) {
		int n = snprintf(last, sizeof last, "<r id='%u'/>", i);

		ck_assert_int_eq(memcmp(peer.heard.data + at, last, (size_t)n),
		    0);
		at += (unsigned)n;
	}
	buf_clear(&b);
}
END_TEST

START_TEST(ends_when_the_queue_is_full)
{
	char chunk[4096];

	bring_up();
	uv_read_stop((uv_stream_t *)&peer.conn);
	memset(chunk, ' ', sizeof chunk);
	for (unsigned i = 0; downs == 0; i++) {
		ck_assert_uint_lt(i, 16u << 10); /* 64 MiB */
		buf_add(stream_out(stream), chunk, sizeof chunk);
		stream_flush_later(stream);
		if (i % 16 == 0)
			uv_run(&loop, UV_RUN_NOWAIT);
	}
	ck_assert_str_eq(last_why, "the server does not take what it is sent");
	peer_hang_up();
}
END_TEST

START_TEST(stops_reading_when_nobody_takes)
{
	struct buf b;

	echo = true;
	bring_up();
	uv_read_stop((uv_stream_t *)&peer.conn);
	buf_init(&b, 1u << 20);
	for (unsigned i = 0; i < 1000; i++)
		buf_adds(&b,
		    "<iq id='0123456789012345678901234567890123456789"
		    "01234567890123456789'/>");
	for (unsigned sent = 0; sent < 1000; sent++) {
		uv_buf_t w = uv_buf_init(b.data, (unsigned)b.len);

		(void)uv_try_write((uv_stream_t *)&peer.conn, &w, 1);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	/* 80 MB were offered: some stayed in the kernel, the rest outside. */
	ck_assert_uint_lt(stream_counts(stream)->bytes, 40u << 20);
	ck_assert_uint_eq(downs, 0);
	ck_assert_uint_le(stream_out(stream)->len, 2 * STREAM_SEND_HIGH);
	buf_clear(&b);
	peer_hang_up();
}
END_TEST

START_TEST(pings_with_white_space)
{
	stream_make("127.0.0.1", 20);
	stream_start(stream);
	wait_for(&ups, 1);
	buf_reset(&peer.heard);
	wait_text(&peer.heard, "   ");
	ck_assert_uint_eq(strspn(peer.heard.data, " "), peer.heard.len);
}
END_TEST

START_TEST(notices_a_server_that_takes_nothing)
{
	static const char chunk[1024];

	stream_make("127.0.0.1", 50);
	stream_start(stream);
	wait_for(&ups, 1);
	uv_read_stop((uv_stream_t *)&peer.conn);
	for (unsigned i = 0; i < 6u << 10; i++) /* 6 MiB */
		buf_add(stream_out(stream), chunk, sizeof chunk);
	stream_flush_later(stream);
	wait_for(&downs, 1);
	ck_assert_str_eq(last_why, "the server does not take what it is sent");
	peer_hang_up();
}
END_TEST

START_TEST(comes_back)
{
	bring_up();
	peer.hello = SERVER_HEADER;
	peer.agree = "<handshake/>";
	peer_hang_up();
	wait_for(&downs, 1);
	ck_assert_str_eq(last_why, "the server closed the connection");
	ck_assert(!last_is_auth);
	ck_assert_uint_ge(last_retry_ms, 10);
	ck_assert_uint_le(last_retry_ms, 15);
	wait_for(&ups, 2);
	peer_say("<iq id='1'/>");
	wait_text(&said, "[iq]");
}
END_TEST

START_TEST(backs_off)
{
	uint64_t last = 0;

	uv_close((uv_handle_t *)&peer.listener, NULL);
	peer.is_listening = false;
	stream_make("127.0.0.1", 0);
	stream_start(stream);
	for (unsigned i = 1; i <= 6; i++) {
		wait_for(&downs, i);
		ck_assert_str_eq(last_why, "connection refused");
		ck_assert_uint_le(last_retry_ms, 80);
		if (i <= 3)
			ck_assert_uint_gt(last_retry_ms, last);
		last = last_retry_ms;
	}
	ck_assert_uint_ge(last, 50);
	peer_listen();
	wait_for(&ups, 1);
}
END_TEST

/* How the server ends it, and what is said about it. */
static const struct {
	const char *label, *hello, *agree, *then, *why;
	bool is_auth;
} ends[] = {
	{ "wrong secret", SERVER_HEADER, ERROR("not-authorized"), NULL,
	    "the server says not-authorized", true },
	{ "unknown host", SERVER_HEADER ERROR("host-unknown"), NULL, NULL,
	    "the server says host-unknown", false },
	{ "conflict", SERVER_HEADER, "<handshake/>", ERROR("conflict"),
	    "the server says conflict", false },
	{ "not authorized any more", SERVER_HEADER, "<handshake/>",
	    ERROR("not-authorized"), "the server says not-authorized", false },
	{ "an error without a condition", SERVER_HEADER, "<handshake/>",
	    "<stream:error/>", "the server ends the stream with an error",
	    false },
	{ "text first", SERVER_HEADER, "<handshake/>",
	    "<stream:error><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>"
	    "secret</text><reset xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
	    "</stream:error>",
	    "the server says reset", false },
	{ "orderly", SERVER_HEADER, "<handshake/>", "</stream:stream>",
	    "the server ended the stream", false },
	{ "malformed", SERVER_HEADER, "<handshake/>", "<a></b>",
	    "malformed XML: mismatched tag", false },
	{ "a document type", SERVER_HEADER, "<handshake/>", "<!DOCTYPE x>",
	    "a comment or a document type", false },
	{ "no id",
	    "<stream:stream "
	    "xmlns:stream='http://etherx.jabber.org/streams'>",
	    NULL, NULL, "a stream header without an id", false },
	{ "an id without a digest",
	    "<stream:stream id='s2' "
	    "xmlns:stream='http://etherx.jabber.org/streams'>",
	    NULL, NULL, "no digest for s2", false },
	{ "another protocol", "SSH-2.0-OpenSSH\r\n<", NULL, NULL,
	    "malformed XML: text before the header", false },
	{ "a stanza first", SERVER_HEADER "<iq id='1'/>", NULL, NULL,
	    "a stanza before the handshake", false },
};

START_TEST(says_why)
{
	peer.hello = ends[_i].hello;
	peer.agree = ends[_i].agree;
	stream_make("127.0.0.1", 0);
	stream_start(stream);
	if (ends[_i].then != NULL) {
		wait_for(&ups, 1);
		peer_say(ends[_i].then);
	}
	wait_for(&downs, 1);
	ck_assert_msg(strcmp(last_why, ends[_i].why) == 0, "%s: got %s",
	    ends[_i].label, last_why);
	ck_assert_int_eq(last_is_auth, ends[_i].is_auth);
	if (last_is_auth)
		ck_assert_uint_ge(last_retry_ms, STREAM_AUTH_BACKOFF_MS);
	ck_assert(said.data == NULL || strstr(said.data, "secret") == NULL);
}
END_TEST

START_TEST(tries_again_at_once_when_told)
{
	peer.hello = SERVER_HEADER;
	peer.agree = ERROR("not-authorized");
	stream_make("127.0.0.1", 0);
	stream_retry_now(stream); /* not started: nothing to try again */
	stream_start(stream);
	wait_for(&downs, 1);
	ck_assert(last_is_auth);
	peer.agree = "<handshake/>";
	stream_retry_now(stream);
	wait_for(&ups, 1);
	stream_retry_now(stream); /* it is up */
	peer_say("<iq id='1'/>");
	wait_text(&said, "[iq]");
	ck_assert_uint_eq(downs, 1);
}
END_TEST

START_TEST(features_are_no_handshake)
{
	peer.hello = SERVER_HEADER "<stream:features/>";
	peer.agree = NULL;
	stream_make("127.0.0.1", 0);
	stream_start(stream);
	wait_text(&peer.heard, "</handshake>");
	wait_ms(20);
	ck_assert_int_eq(stream_state(stream), STREAM_CONNECTING);
	peer_say("<handshake/>");
	wait_for(&ups, 1);
}
END_TEST

/* What breaks a limit is answered, if there is one to answer. */
static const struct {
	const char *label, *head, *name, *want;
} violations[] = {
	{ "an iq", "<iq type='set' from='m@h/r' to='c' id='7&lt;'>", "iq",
	    "<iq type='error' from='c' to='m@h/r' id='7&lt;'>" },
	{ "a result", "<iq type='result' from='m@h/r' to='c' id='7'>", "iq",
	    NULL },
	{ "a message", "<message from='m@h/r' to='c'>", "message",
	    "<message type='error' from='c' to='m@h/r'>" },
	{ "an error", "<message type='error' from='m@h/r' to='c'>", "message",
	    NULL },
	{ "presence", "<presence from='m@h/r' to='c'>", "presence",
	    "<presence type='error' from='c' to='m@h/r'>" },
	{ "a leave", "<presence type='unavailable' from='m@h/r' to='c'>",
	    "presence", NULL },
	{ "nobody", "<iq type='get' to='c' id='7'>", "iq", NULL },
	{ "no stanza", "<x type='get' from='m@h/r' to='c' id='7'>", "x", NULL },
};

#define VIOLATION_REST                                                         \
	"<error type='modify'><policy-violation "                              \
	"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></"

START_TEST(answers_violations)
{
	char want[512] = "<r id='after'/>";

	bring_up();
	echo = true;
	peer_say(violations[_i].head);
	for (unsigned i = 0; i < READER_ELEMENTS_MAX; i++)
		peer_say("<a/>");
	peer_say("</");
	peer_say(violations[_i].name);
	peer_say("><iq id='after'/>");
	wait_text(&peer.heard, "<r id='after'/>");
	if (violations[_i].want != NULL)
		snprintf(want, sizeof want, "%s" VIOLATION_REST "%s>",
		    violations[_i].want, violations[_i].name);
	ck_assert_msg(strstr(peer.heard.data, want) != NULL, "%s: got %s",
	    violations[_i].label, peer.heard.data);
	if (violations[_i].want == NULL)
		ck_assert_ptr_null(strstr(peer.heard.data, "policy"));
	snprintf(want, sizeof want, "!(%s: more than 2000 elements)",
	    violations[_i].name);
	ck_assert_ptr_nonnull(strstr(said.data, want));
	ck_assert_uint_eq(downs, 0);
	ck_assert_uint_eq(stream_counts(stream)->violations, 1);
}
END_TEST

START_TEST(reads_byte_by_byte)
{
	static const char text[] = "<iq id='1'><a b='c'>te&amp;xt</a></iq>";

	bring_up();
	uv_tcp_nodelay(&peer.conn, 1);
	for (size_t i = 0; text[i] != '\0'; i++) {
		peer_say_bytes(text + i, 1);
		uv_run(&loop, UV_RUN_NOWAIT);
	}
	wait_text(&said, "[iq[ate&xt]]");
}
END_TEST

/* Stopping. */

START_TEST(stops_in_order)
{
	bring_up();
	buf_adds(stream_out(stream), "<last/>");
	stream_stop(stream, on_closed, &is_closed);
	stream = NULL;
	while (!is_closed)
		uv_run(&loop, UV_RUN_ONCE);
	wait_text(&peer.heard, "stream>");
	ck_assert_str_eq(peer.heard.data, "<last/></stream:stream>");
	ck_assert_uint_eq(downs, 0);
}
END_TEST

START_TEST(stops_although_nobody_reads)
{
	uint64_t begin;

	bring_up();
	uv_read_stop((uv_stream_t *)&peer.conn);
	for (unsigned i = 0; i < 400000; i++)
		buf_adds(stream_out(stream), "<last/><last/>");
	stream_flush_later(stream);
	begin = uv_hrtime();
	stream_stop(stream, on_closed, &is_closed);
	stream = NULL;
	while (!is_closed)
		uv_run(&loop, UV_RUN_ONCE);
	ck_assert_uint_lt((uv_hrtime() - begin) / 1000000,
	    STREAM_STOP_MS + 1000);
}
END_TEST

/* At every stage, between any two turns of the loop. */
START_TEST(stops_at_any_time)
{
	for (int turns = 0; turns < 12; turns++) {
		peer.hello = SERVER_HEADER;
		peer.agree = "<handshake/>";
		stream_make(turns % 2 == 0 ? "localhost" : "127.0.0.1", 0);
		stream_start(stream);
		for (int i = 0; i < turns; i++) {
			uv_run(&loop, UV_RUN_NOWAIT);
			wait_ms((uint64_t)turns % 3);
		}
		is_closed = false;
		stream_stop(stream, on_closed, &is_closed);
		while (!is_closed || peer.is_open)
			uv_run(&loop, UV_RUN_NOWAIT);
		wait_ms(1); /* an unborn connection's end is seen, too */
		while (peer.is_open)
			uv_run(&loop, UV_RUN_NOWAIT);
	}
	stream = NULL;
}
END_TEST

static void
stop_on_end(void *arg, unsigned depth)
{
	(void)arg;
	(void)depth;
	buf_adds(&said, "]");
	stream_stop(stream, on_closed, &is_closed);
}

START_TEST(stops_from_a_handler)
{
	struct stream_handlers h = handlers;
	struct stream_config c = { .domain = "m.example",
		.host = "127.0.0.1",
		.port = port,
		.handshake = handshake };
	struct err e = { "" };

	h.events.on_end = stop_on_end;
	ck_assert_int_eq(stream_new(&stream, &loop, &c, &h, &said, &e), 0);
	stream_start(stream);
	wait_for(&ups, 1);
	peer_say("<iq id='1'/><iq id='2'/><iq id='3'/>");
	while (!is_closed)
		uv_run(&loop, UV_RUN_ONCE);
	stream = NULL;
	ck_assert_str_eq(said.data, "[iq]");
	ck_assert_uint_eq(downs, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("stream");
	TCase *t = tcase_create("stream");

	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, comes_up);
	tcase_add_test(t, resolves_a_name);
	tcase_add_test(t, says_nothing_before_it_is_up);
	tcase_add_test(t, joins_replies_into_one_write);
	tcase_add_test(t, flushes_before_it_waits);
	tcase_add_test(t, keeps_what_the_server_does_not_take);
	tcase_add_test(t, ends_when_the_queue_is_full);
	tcase_add_test(t, stops_reading_when_nobody_takes);
	tcase_add_test(t, pings_with_white_space);
	tcase_add_test(t, notices_a_server_that_takes_nothing);
	tcase_add_test(t, comes_back);
	tcase_add_test(t, backs_off);
	tcase_add_loop_test(t, says_why, 0, COUNT(ends));
	tcase_add_test(t, tries_again_at_once_when_told);
	tcase_add_test(t, features_are_no_handshake);
	tcase_add_loop_test(t, answers_violations, 0, COUNT(violations));
	tcase_add_test(t, reads_byte_by_byte);
	tcase_add_test(t, stops_in_order);
	tcase_add_test(t, stops_although_nobody_reads);
	tcase_add_test(t, stops_at_any_time);
	tcase_add_test(t, stops_from_a_handler);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

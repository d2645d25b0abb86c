#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util.h"

#define OUT_MAX ((size_t)256 << 20)
#define LOG_MAX ((size_t)256 << 20)
#define CLIENTS_MAX 64

static const char header_read[] = "<stream:stream xmlns='" NODE_NS_CLIENT
				  "' xmlns:stream='" NODE_NS_STREAM "'>";

/*
 * Login, by libstrophe.
 */
struct login {
	struct client *client;
	int fd;	   /* libstrophe's, seen by the socket callback */
	int state; /* 0 under way, 1 logged in, -1 failed */
	char why[128];
};

/* libstrophe gives the socket callback no argument; one login at a time. */
static struct login *login_now;

static int
on_socket(xmpp_conn_t *conn, void *sock)
{
	int yes = 1;

	(void)conn;
	login_now->fd = *(int *)sock;
	return setsockopt(login_now->fd, IPPROTO_TCP, TCP_NODELAY, &yes,
	    sizeof(yes));
}

/* The answer to a ping of the harness's own; scripts never see it. */
static int
is_barrier(const struct node *n)
{
	const char *id = node_attr(n, "id");

	return id && strcmp(n->name, "iq") == 0 &&
	    util_has_prefix(id, CLIENT_BARRIER_ID);
}

static void
take_stanza(struct node *n, void *arg)
{
	struct client *c = arg;
	struct stanza *s;

	n->parent = NULL;
	if (is_barrier(n)) {
		c->barriers_open--;
		node_free(n);
		return;
	}
	buf_addf(&c->log, "\n");
	node_print(n, &c->log);
	if (strcmp(n->ns, NODE_NS_STREAM) == 0 && strcmp(n->name, "error") == 0)
		c->why_ended = "stream error";
	if (c->is_muted && strcmp(n->name, "presence") == 0) {
		node_free(n);
		return;
	}
	s = util_calloc(sizeof(*s));
	s->node = n;
	*c->tail = s;
	c->tail = &s->next;
}

/* What libstrophe read together with the answer that ended the login. */
static int
on_early_stanza(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *arg)
{
	struct login *l = arg;
	const char *id = xmpp_stanza_get_id(stanza);
	struct node *root;
	char *text;
	size_t len;

	/* The very answer that ended it is libstrophe's own. */
	if (id && util_has_prefix(id, "_xmpp_"))
		return 1;
	if (l->state == 1 && xmpp_stanza_to_text(stanza, &text, &len) == 0) {
		root = node_read(text, NODE_NS_CLIENT, NULL);
		if (root && root->first) {
			take_stanza(root->first, l->client);
			root->first = NULL;
		}
		node_free(root);
		xmpp_free(xmpp_conn_get_context(conn), text);
	}
	return 1;
}

static void
on_login(xmpp_conn_t *conn, xmpp_conn_event_t event, int error,
    xmpp_stream_error_t *stream_error, void *arg)
{
	struct login *l = arg;

	if (event == XMPP_CONN_CONNECT) {
		l->client->bound_jid =
		    util_strdup(xmpp_conn_get_bound_jid(conn));
		l->client->fd = dup(l->fd);
		l->state = 1;
		xmpp_handler_add(conn, on_early_stanza, NULL, NULL, NULL, l);
		return;
	}
	if (l->state == 0)
		l->state = -1;
	snprintf(l->why, sizeof(l->why), "%s%s",
	    error ? strerror(error) : "refused",
	    stream_error ? ", with a stream error" : "");
}

static void
run_login(struct stage *st, xmpp_ctx_t *ctx, struct login *l)
{
	long long end = util_now_ms() + st->timeout_s * 1000LL;

	while (l->state == 0 && util_now_ms() < end) {
		xmpp_run_once(ctx, 5);
		stage_move(st, 0);
	}
}

static int
login(struct stage *st, struct client *c, struct err *err)
{
	struct login l = { c, -1, 0, "no answer" };
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	xmpp_conn_t *conn = xmpp_conn_new(ctx);

	login_now = &l;
	xmpp_conn_set_flags(conn,
	    XMPP_CONN_FLAG_DISABLE_TLS | XMPP_CONN_FLAG_DISABLE_SM);
	xmpp_conn_set_sockopt_callback(conn, on_socket);
	xmpp_conn_set_jid(conn, c->jid);
	xmpp_conn_set_pass(conn, c->password);
	if (xmpp_connect_client(conn, c->host, (unsigned short)c->port,
		on_login, &l) == 0)
		run_login(st, ctx, &l);
	/* The connection lives on in the duplicated descriptor. */
	xmpp_conn_release(conn);
	xmpp_ctx_free(ctx);
	login_now = NULL;
	if (l.state == 1 && c->fd >= 0) {
		c->in = nodestream_new(header_read, take_stanza, c);
		return 0;
	}
	return err_set(err, "%s cannot log in at %s:%d: %s", c->name, c->host,
	    c->port, l.why);
}

/*
 * Components: libstrophe's crash in the handshake, hence by hand.
 */
static int
connect_tcp(struct client *c, struct err *err)
{
	struct sockaddr_in a = { 0 };
	int yes = 1;

	a.sin_family = AF_INET;
	a.sin_port = htons((unsigned short)c->port);
	if (inet_pton(AF_INET, c->host, &a.sin_addr) != 1)
		return err_set(err, "%s is no IPv4 address", c->host);
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		return err_set(err, "%s:%d: %s", c->host, c->port,
		    strerror(errno));
	}
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	return 0;
}

static int
has_stream_id(void *arg)
{
	struct client *c = arg;

	return c->is_ended || nodestream_id(c->in) != NULL;
}

static int
has_stanza(void *arg)
{
	struct client *c = arg;

	return c->is_ended || c->first != NULL;
}

static int
shake_hands(struct stage *st, struct client *c, struct err *err)
{
	struct node *answer;
	xmpp_ctx_t *ctx;
	char *id, *digest, *text;
	int is_good;

	stage_wait(st, has_stream_id, c);
	if (c->is_ended || !nodestream_id(c->in))
		return err_set(err, "%s gets no stream", c->name);
	id = util_format("%s%s", nodestream_id(c->in), c->password);
	ctx = xmpp_ctx_new(NULL, NULL);
	digest = xmpp_sha1(ctx, (unsigned char *)id, strlen(id));
	text = util_format("<handshake>%s</handshake>", digest);
	client_send(c, text, strlen(text));
	free(text);
	xmpp_free(ctx, digest);
	xmpp_ctx_free(ctx);
	free(id);
	stage_wait(st, has_stanza, c);
	answer = client_take(c);
	is_good = answer && strcmp(answer->name, "handshake") == 0;
	node_free(answer);
	if (!is_good)
		return err_set(err, "%s is refused as a component", c->name);
	c->bound_jid = util_strdup(c->jid);
	return 0;
}

static int
connect_component(struct stage *st, struct client *c, struct err *err)
{
	char *header;

	if (connect_tcp(c, err) < 0)
		return -1;
	c->in = nodestream_new(NULL, take_stanza, c);
	header = util_format(
	    "<?xml version='1.0'?><stream:stream xmlns='" NODE_NS_COMPONENT
	    "' xmlns:stream='" NODE_NS_STREAM "' to='%s'>",
	    c->jid);
	client_send(c, header, strlen(header));
	free(header);
	return shake_hands(st, c, err);
}

int
client_connect(struct stage *st, struct client *c, struct err *err)
{
	client_drop(c);
	return c->is_component ? connect_component(st, c, err)
			       : login(st, c, err);
}

static char *
setting(const struct part *p, const char *key, const char *otherwise)
{
	const char *s = part_setting(p, key);

	return util_strdup(s ? s : otherwise);
}

static int
set_jid(struct client *c, const struct part *p, struct err *err)
{
	const char *jid = part_setting(p, "jid");
	const char *resource = part_setting(p, "resource");

	if (!jid) {
		return err_set(err, "line %d: %s has no \"jid:\"", p->line,
		    c->name);
	}
	c->jid = resource && !strchr(jid, '/')
	    ? util_format("%s/%s", jid, resource)
	    : util_strdup(jid);
	return 0;
}

struct client *
client_new(struct stage *st, const struct part *p,
    const struct client *defaults, struct err *err)
{
	struct client *c = util_calloc(sizeof(*c)), **end;
	char *port;

	c->is_component = strcmp(p->kind, "Component") == 0;
	c->name = util_strdup(p->name);
	c->password = setting(p, "password", "");
	c->host = setting(p, "host", defaults->host);
	port = setting(p, "port", "");
	c->port = port[0] ? util_number(port, 65535) : defaults->port;
	free(port);
	c->fd = -1;
	c->tail = &c->first;
	buf_init(&c->out, OUT_MAX);
	buf_init(&c->log, LOG_MAX);
	buf_init(&c->targets, 65536);
	for (end = &st->clients; *end; end = &(*end)->next)
		;
	*end = c;
	return set_jid(c, p, err) < 0 ? NULL : c;
}

void
client_drop(struct client *c)
{
	struct node *n;

	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
	while ((n = client_take(c)))
		node_free(n);
	nodestream_free(c->in);
	c->in = NULL;
	free(c->bound_jid);
	c->bound_jid = NULL;
	buf_reset(&c->out);
	buf_reset(&c->log);
	buf_reset(&c->targets);
	c->is_ended = 0;
	c->barriers_open = 0;
	c->is_muted = 0;
	c->is_half_closed = 0;
	c->why_ended = NULL;
}

void
stage_clear(struct stage *st)
{
	struct client *c, *next;

	for (c = st->clients; c; c = next) {
		next = c->next;
		client_drop(c);
		node_free(c->answer);
		buf_clear(&c->out);
		buf_clear(&c->log);
		buf_clear(&c->targets);
		free(c->burst.prefix);
		free(c->name);
		free(c->jid);
		free(c->password);
		free(c->host);
		free(c);
	}
	st->clients = NULL;
}

struct node *
client_take_at(struct client *c, struct stanza **at)
{
	struct stanza *s = *at;
	struct node *n = s->node;

	*at = s->next;
	if (!*at)
		c->tail = at;
	free(s);
	return n;
}

struct node *
client_take(struct client *c)
{
	return c->first ? client_take_at(c, &c->first) : NULL;
}

void
client_note_target(struct client *c, const struct node *stanza)
{
	const char *to = node_attr(stanza, "to"), *at;
	char *bare;
	int is_known = 0;

	if (!to && strcmp(stanza->name, "iq") == 0 && !c->is_component)
		to = c->bound_jid;
	if (!to || to[0] == '\0')
		return;
	bare = util_strndup(to, strcspn(to, "/"));
	for (at = c->targets.data;
	     at && at < c->targets.data + c->targets.len && !is_known;
	     at += strlen(at) + 1)
		is_known = strcmp(at, bare) == 0;
	/* One that hardly any server would take is not worth a ping. */
	if (!is_known && strpbrk(bare, "'<>&\"") == NULL)
		buf_add(&c->targets, bare, strlen(bare) + 1);
	free(bare);
}

static void
end_stream(struct client *c, const char *why)
{
	c->is_ended = 1;
	if (!c->why_ended)
		c->why_ended = why;
	close(c->fd);
	c->fd = -1;
}

static void
write_some(struct client *c)
{
	ssize_t n;

	while (c->fd >= 0 && c->out.len) {
		n = send(c->fd, c->out.data, c->out.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n > 0) {
			buf_drop(&c->out, (size_t)n);
			continue;
		}
		/* A broken pipe may still have something to read. */
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			buf_reset(&c->out);
		return;
	}
}

static void
read_some(struct client *c)
{
	char bytes[65536];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	int rc;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		end_stream(c, n < 0 ? strerror(errno) : "socket closed");
		return;
	}
	rc = nodestream_feed(c->in, bytes, (size_t)n);
	if (rc > 0)
		end_stream(c, "stream closed");
	else if (rc < 0)
		end_stream(c, "the server sent bad XML");
}

void
client_send(struct client *c, const char *bytes, size_t len)
{
	buf_add(&c->out, bytes, len);
	if (c->out.failed)
		util_die("%s sends too much", c->name);
	write_some(c);
}

void
client_close_stream(struct client *c)
{
	client_send(c, "</stream:stream>", 16);
	c->is_half_closed = 1;
}

static int
is_flushed(void *arg)
{
	struct client *c = arg;

	return c->fd < 0 || c->out.len == 0;
}

int
client_close_socket(struct stage *st, struct client *c, struct err *err)
{
	if (!stage_wait(st, is_flushed, c))
		return err_set(err, "the server does not read on");
	/*
	 * Half-closed and read on: a full close with unread bytes would be a
	 * RST, which may overtake what the server has not yet read.
	 */
	if (c->fd >= 0)
		shutdown(c->fd, SHUT_WR);
	c->is_half_closed = 1;
	return 0;
}

void
client_reset_socket(struct client *c)
{
	struct linger hard = { 1, 0 };

	if (c->fd < 0)
		return;
	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	end_stream(c, "reset by the script");
}

void
stage_move(struct stage *st, int ms)
{
	struct pollfd fds[CLIENTS_MAX];
	struct client *of[CLIENTS_MAX], *c;
	nfds_t n = 0, i;

	for (c = st->clients; c && n < CLIENTS_MAX; c = c->next) {
		if (c->fd < 0 || !c->in)
			continue;
		write_some(c);
		fds[n].fd = c->fd;
		fds[n].events = POLLIN;
		if (c->out.len)
			fds[n].events |= POLLOUT;
		fds[n].revents = 0;
		of[n++] = c;
	}
	if (poll(fds, n, ms) <= 0)
		return;
	for (i = 0; i < n; i++) {
		if (fds[i].revents & POLLOUT)
			write_some(of[i]);
		if (fds[i].revents & (POLLIN | POLLHUP | POLLERR))
			read_some(of[i]);
	}
}

int
stage_wait(struct stage *st, int (*is_done)(void *arg), void *arg)
{
	long long end = util_now_ms() + st->timeout_s * 1000LL;
	int rc;

	stage_move(st, 0);
	while (!(rc = is_done(arg)) && util_now_ms() < end)
		stage_move(st, 20);
	return rc;
}

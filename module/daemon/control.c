/* The control socket; see control.h. */
#define _GNU_SOURCE /* struct ucred */
#include "daemon/control.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/utf8.h"

#define READ_CHUNK 4096
#define SENTENCE_MAX 1024

struct connection {
	struct control *control;
	struct connection *next;
	uv_pipe_t pipe;
	uv_timer_t idle;
	unsigned open_handles;
	struct control_request *request; /* being run, or NULL */
	struct buf in;
	char chunk[READ_CHUNK];
	uv_write_t write;
	char *reply; /* owned while it is being written, or NULL */
	bool is_eof, is_closing, is_last; /* is_last: closed after the reply */
	uid_t uid;
};

struct control {
	uv_loop_t *loop;
	uv_pipe_t listener;
	bool is_listener_open, is_closing;
	struct connection *connections;
	size_t connection_count, request_count;
	const struct control_command *commands;
	void *arg;
	unsigned idle_ms;
	char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
	dev_t dev; /* of the socket's file */
	ino_t ino;
	void (*closed)(void *arg);
	void *closed_arg;
};

struct control_request {
	struct control *control;
	struct connection *connection; /* NULL once it is gone */
	json_t *json;		       /* owns the strings of `args` */
	struct ctl_args args;
	char by[CONTROL_BY_MAX];
};

static void connection_go_on(struct connection *n);

/*
 * The end of things.
 */

static void
control_free_if_over(struct control *c)
{
	if (!c->is_closing || c->is_listener_open || c->connection_count > 0 ||
	    c->request_count > 0)
		return;
	if (c->closed != NULL)
		c->closed(c->closed_arg);
	free(c);
}

static void
connection_unlink(struct connection *n)
{
	struct connection **p = &n->control->connections;

	while (*p != n)
		p = &(*p)->next;
	*p = n->next;
	n->control->connection_count--;
}

static void
connection_on_closed(uv_handle_t *h)
{
	struct connection *n = h->data;
	struct control *c = n->control;

	if (--n->open_handles > 0)
		return;
	connection_unlink(n);
	buf_clear(&n->in);
	free(n);
	control_free_if_over(c);
}

static void
connection_close(struct connection *n)
{
	if (n->is_closing)
		return;
	n->is_closing = true;
	if (n->request != NULL)
		n->request->connection = NULL;
	n->request = NULL;
	uv_close((uv_handle_t *)&n->idle, connection_on_closed);
	uv_close((uv_handle_t *)&n->pipe, connection_on_closed);
}

static void
connection_on_idle(uv_timer_t *t)
{
	connection_close(t->data);
}

/*
 * Answers.
 */

static void
connection_on_written(uv_write_t *w, int status)
{
	struct connection *n = w->data;

	free(n->reply);
	n->reply = NULL;
	if (n->is_closing)
		return;
	uv_timer_stop(&n->idle);
	if (status < 0 || n->is_last)
		connection_close(n);
	else
		connection_go_on(n);
}

/* Takes `line` over. */
static void
connection_write(struct connection *n, char *line)
{
	uv_buf_t b;

	uv_timer_start(&n->idle, connection_on_idle, n->control->idle_ms, 0);
	n->reply = line;
	n->write.data = n;
	b = uv_buf_init(line, (unsigned)strlen(line));
	if (uv_write(&n->write, (uv_stream_t *)&n->pipe, &b, 1,
		connection_on_written) == 0)
		return;
	free(n->reply);
	n->reply = NULL;
	connection_close(n);
}

/* The answer as a line; NULL without memory, or if it is too long. */
static char *
line_of(json_t *answer)
{
	size_t len = json_dumpb(answer, NULL, 0, JSON_COMPACT);
	char *line;

	if (len == 0 || len > CTL_REPLY_MAX)
		return NULL;
	line = malloc(len + 2);
	if (line == NULL)
		return NULL;
	(void)json_dumpb(answer, line, len, JSON_COMPACT);
	line[len] = '\n';
	line[len + 1] = '\0';
	return line;
}

/* Takes `answer` over; `n` may be NULL: then nobody waits for it any more. */
static void
connection_answer(struct connection *n, json_t *answer)
{
	char *line;

	if (n == NULL) {
		json_decref(answer);
		return;
	}
	line = line_of(answer);
	json_decref(answer);
	if (line == NULL)
		line = strdup("{\"exit\":75,\"error\":\"the answer is too "
			      "long, or there is no memory for it\"}\n");
	if (line == NULL)
		connection_close(n);
	else
		connection_write(n, line);
}

static json_t *
sentence(enum ctl_exit code, const char *fmt, va_list ap)
{
	char text[SENTENCE_MAX];

	(void)vsnprintf(text, sizeof text, fmt, ap);
	utf8_repair(text); /* a cut may have gone through a character */
	return json_pack("{s:i, s:s}", "exit", (int)code, "error", text);
}

static void connection_fail(struct connection *n, enum ctl_exit code,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));

static void
connection_fail(struct connection *n, enum ctl_exit code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	connection_answer(n, sentence(code, fmt, ap));
	va_end(ap);
}

static void
request_end(struct control_request *q, json_t *answer)
{
	struct connection *n = q->connection;
	struct control *c = q->control;

	if (n != NULL)
		n->request = NULL;
	json_decref(q->json);
	free(q);
	connection_answer(n, answer);
	c->request_count--;
	control_free_if_over(c);
}

void
control_reply(struct control_request *q, enum ctl_exit code, json_t *result)
{
	request_end(q,
	    json_pack("{s:i, s:o}", "exit", (int)code, "result", result));
}

void
control_fail(struct control_request *q, enum ctl_exit code, const char *fmt,
    ...)
{
	va_list ap;
	json_t *answer;

	va_start(ap, fmt);
	answer = sentence(code, fmt, ap);
	va_end(ap);
	request_end(q, answer);
}

/*
 * Requests.
 */

const struct ctl_args *
control_args(const struct control_request *q)
{
	return &q->args;
}

const char *
control_by(const struct control_request *q)
{
	return q->by;
}

void *
control_arg(const struct control_request *q)
{
	return q->control->arg;
}

static bool
is_user_name(const char *s)
{
	size_t len = strspn(s,
	    "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@-");

	return len > 0 && s[len] == '\0' && len < CONTROL_USER_MAX;
}

/* The name of a user; their number where there is none. */
static void
user_name(uid_t uid, char r[CONTROL_USER_MAX])
{
	struct passwd pw, *found = NULL;
	char space[4096];

	if (getpwuid_r(uid, &pw, space, sizeof space, &found) == 0 &&
	    found != NULL && is_user_name(pw.pw_name))
		(void)snprintf(r, CONTROL_USER_MAX, "%s", pw.pw_name);
	else
		(void)snprintf(r, CONTROL_USER_MAX, "uid-%lu",
		    (unsigned long)uid);
}

/* Root may speak for a user, since root can become every user anyway; from
 * all others the name is only theirs if the kernel says so. */
static void
request_set_by(struct control_request *q, uid_t uid)
{
	const char *claimed =
	    json_string_value(json_object_get(q->json, "user"));
	char name[CONTROL_USER_MAX];

	if (uid == 0 && claimed != NULL && is_user_name(claimed))
		(void)snprintf(name, sizeof name, "%s", claimed);
	else
		user_name(uid, name);
	(void)snprintf(q->by, sizeof q->by, "mastheadctl:%s", name);
}

/* Parses `args` of the request; -1 with what is wrong. */
static int
request_parse_args(struct control_request *q, struct err *e)
{
	const char *words[CTL_WORDS_MAX];
	json_t *args = json_object_get(q->json, "args");
	size_t count = json_array_size(args); /* 0 if it is no array */

	if (count == 0 || count > CTL_WORDS_MAX)
		return err_set(e, "a request has \"args\", 1 to %d of them",
		    CTL_WORDS_MAX);
	for (size_t i = 0; i < count; i++) {
		words[i] = json_string_value(json_array_get(args, i));
		if (words[i] == NULL)
			return err_set(e, "\"args\" are strings");
	}
	return ctl_parse(&q->args, words, count, e);
}

static const struct control_command *
find_command(const struct control *c, const char *name)
{
	for (const struct control_command *m = c->commands; m->name != NULL;
	     m++)
		if (strcmp(m->name, name) == 0)
			return m;
	return NULL;
}

static void
request_run(struct control_request *q)
{
	const struct control_command *m;
	struct err e = { "" };

	if (request_parse_args(q, &e) == -1) {
		control_fail(q, CTL_USAGE, "%s", e.text);
		return;
	}
	m = find_command(q->control, q->args.command->name);
	if (m == NULL)
		control_fail(q, CTL_REFUSED, "\"%s\" cannot be done here",
		    q->args.command->name);
	else
		m->run(q);
}

/* One line; `text` is not kept. */
static void
connection_request(struct connection *n, const char *text, size_t len)
{
	struct control_request *q;
	json_error_t je;
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, &je);

	if (!json_is_object(json)) {
		json_decref(json);
		connection_fail(n, CTL_USAGE,
		    "a request is one JSON object "
		    "on a line");
		return;
	}
	q = calloc(1, sizeof *q);
	if (q == NULL) {
		json_decref(json);
		connection_fail(n, CTL_UNAVAILABLE, "no memory");
		return;
	}
	q->control = n->control;
	q->connection = n;
	q->json = json;
	request_set_by(q, n->uid);
	n->request = q;
	n->control->request_count++;
	request_run(q);
}

/*
 * Connections.
 */

static void
connection_on_alloc(uv_handle_t *h, size_t hint, uv_buf_t *b)
{
	struct connection *n = h->data;

	(void)hint;
	*b = uv_buf_init(n->chunk, sizeof n->chunk);
}

static void
connection_on_read(uv_stream_t *s, ssize_t len, const uv_buf_t *b)
{
	struct connection *n = s->data;

	if (len < 0 && len != UV_EOF) {
		connection_close(n);
		return;
	}
	/* The end of what the client sends is not the end of what it wants to
	 * hear: the answers still go out. */
	if (len < 0)
		n->is_eof = true;
	else
		buf_add(&n->in, b->base, (size_t)len);
	if (len != 0)
		connection_go_on(n);
}

/* Takes the next line out of `in`, or waits for it.  While a request runs or
 * an answer is written, nothing is read: the client's socket fills up. */
static void
connection_go_on(struct connection *n)
{
	char *lf = n->in.len == 0 ? NULL : memchr(n->in.data, '\n', n->in.len);
	size_t len = lf == NULL ? n->in.len : (size_t)(lf - n->in.data);
	char *line;

	if (len > CTL_REQUEST_MAX || n->in.failed) {
		n->is_last = true;
		uv_read_stop((uv_stream_t *)&n->pipe);
		connection_fail(n, CTL_USAGE, "a request has at most %d bytes",
		    CTL_REQUEST_MAX);
		return;
	}
	if (lf == NULL && n->is_eof) {
		connection_close(n);
		return;
	}
	if (lf == NULL) {
		/* Not started again by each byte that trickles in. */
		if (!uv_is_active((uv_handle_t *)&n->idle))
			uv_timer_start(&n->idle, connection_on_idle,
			    n->control->idle_ms, 0);
		(void)uv_read_start((uv_stream_t *)&n->pipe,
		    connection_on_alloc, connection_on_read);
		return;
	}
	uv_read_stop((uv_stream_t *)&n->pipe);
	uv_timer_stop(&n->idle);
	line = malloc(len + 1);
	if (line == NULL) {
		connection_close(n);
		return;
	}
	memcpy(line, n->in.data, len);
	buf_drop(&n->in, len + 1);
	connection_request(n, line, len);
	free(line);
}

/* A connection without a socket yet; NULL without memory. */
static struct connection *
connection_new(struct control *c)
{
	struct connection *n = calloc(1, sizeof *n);

	if (n == NULL)
		return NULL;
	n->control = c;
	buf_init(&n->in, CTL_REQUEST_MAX + 1 + READ_CHUNK);
	/* Neither of the two fails for want of anything. */
	(void)uv_pipe_init(c->loop, &n->pipe, 0);
	(void)uv_timer_init(c->loop, &n->idle);
	n->pipe.data = n;
	n->idle.data = n;
	n->open_handles = 2;
	n->next = c->connections;
	c->connections = n;
	c->connection_count++;
	return n;
}

/* Who is at the other end; the socket is of no use if that is unknown. */
static int
connection_identify(struct connection *n)
{
	struct ucred peer;
	socklen_t len = sizeof peer;
	uv_os_fd_t fd;

	if (uv_fileno((uv_handle_t *)&n->pipe, &fd) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return -1;
	n->uid = peer.uid;
	return 0;
}

static void
connection_begin(struct connection *n)
{
	if (connection_identify(n) == -1) {
		connection_close(n);
		return;
	}
	if (n->control->connection_count > CONTROL_CONNECTIONS_MAX) {
		n->is_last = true;
		connection_fail(n, CTL_UNAVAILABLE,
		    "there are %d connections to the control socket already",
		    CONTROL_CONNECTIONS_MAX);
		return;
	}
	connection_go_on(n);
}

static void
control_on_connection(uv_stream_t *s, int status)
{
	struct control *c = s->data;
	struct connection *n;

	if (status < 0 || c->is_closing)
		return;
	n = connection_new(c);
	if (n == NULL)
		return;
	if (uv_accept(s, (uv_stream_t *)&n->pipe) != 0)
		connection_close(n);
	else
		connection_begin(n);
}

int
control_adopt(struct control *c, int fd, struct err *e)
{
	struct connection *n = connection_new(c);
	int rc;

	if (n == NULL)
		return err_set(e, "no memory for a connection");
	rc = uv_pipe_open(&n->pipe, fd);
	if (rc != 0) {
		connection_close(n);
		return err_set(e, "cannot take over a connection: %s",
		    uv_strerror(rc));
	}
	connection_begin(n);
	return 0;
}

/*
 * The socket.
 */

/* Does a process answer at the address?  1, 0 (nobody, or nothing there),
 * -1 (it cannot be told). */
static int
is_answered(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc, error;

	if (fd == -1)
		return -1;
	rc = connect(fd, (const struct sockaddr *)a, sizeof *a);
	error = errno;
	(void)close(fd);
	if (rc == 0 || error == EAGAIN) /* EAGAIN: its queue is full */
		return 1;
	errno = error;
	return error == ECONNREFUSED || error == ENOENT ? 0 : -1;
}

/* Removes a socket that nobody listens to any more. */
static int
remove_stale(const struct sockaddr_un *a, struct err *e)
{
	struct stat st;

	if (lstat(a->sun_path, &st) == -1)
		return errno == ENOENT
		    ? 0
		    : err_set(e, "%s: %s", a->sun_path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return err_set(e,
		    "%s: this is not a socket, and stays as it "
		    "is",
		    a->sun_path);
	switch (is_answered(a)) {
	case 0:
		break;
	case 1:
		return err_set(e, "%s: another process listens here",
		    a->sun_path);
	default:
		return err_set(e,
		    "%s: cannot tell whether another process "
		    "listens here: %s",
		    a->sun_path, strerror(errno));
	}
	if (unlink(a->sun_path) == -1)
		return err_set(e, "%s: %s", a->sun_path, strerror(errno));
	return 0;
}

/*
 * Nobody can connect between bind and listen; and on Linux the file gets its
 * mode from the socket's own, so that there is no moment at which it is wider.
 */
static int
bind_private(int fd, const struct sockaddr_un *a, struct stat *st,
    struct err *e)
{
	if (fchmod(fd, 0600) == -1 ||
	    bind(fd, (const struct sockaddr *)a, sizeof *a) == -1 ||
	    chmod(a->sun_path, 0600) == -1 || lstat(a->sun_path, st) == -1 ||
	    listen(fd, SOMAXCONN) == -1)
		return err_set(e, "%s: %s", a->sun_path, strerror(errno));
	return 0;
}

/* Opens and locks the folder of `path`, so that of two daemons that start at
 * once, the second finds the first one's socket answered.  A descriptor, or
 * -1. */
static int
lock_folder(const char *path, struct err *e)
{
	char folder[sizeof((struct sockaddr_un *)NULL)->sun_path];
	char *slash;
	int fd;

	(void)snprintf(folder, sizeof folder, "%s", path);
	slash = strrchr(folder, '/');
	if (slash == NULL)
		(void)snprintf(folder, sizeof folder, ".");
	else
		slash[slash == folder ? 1 : 0] = '\0';
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd != -1 && flock(fd, LOCK_EX) == 0)
		return fd;
	(void)err_set(e, "%s: %s", folder, strerror(errno));
	if (fd != -1)
		(void)close(fd);
	return -1;
}

/* A listening socket at the path, or -1. */
static int
listen_at(const char *path, struct stat *st, struct err *e)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = -1, folder = -1, rc = -1;

	if (path[0] == '\0' || strlen(path) >= sizeof a.sun_path)
		return err_set(e,
		    "the control socket's path has 1 to %zu "
		    "bytes",
		    sizeof a.sun_path - 1);
	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	folder = lock_folder(path, e);
	if (folder == -1 || remove_stale(&a, e) == -1)
		goto out;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd == -1) {
		(void)err_set(e, "%s: %s", path, strerror(errno));
		goto out;
	}
	rc = bind_private(fd, &a, st, e);
out:
	if (folder != -1)
		(void)close(folder);
	if (rc == -1 && fd != -1)
		(void)close(fd);
	return rc == -1 ? -1 : fd;
}

/* Removes the file unless another daemon has put its own there. */
static void
remove_own(const struct control *c)
{
	struct stat st;

	if (lstat(c->path, &st) == 0 && st.st_dev == c->dev &&
	    st.st_ino == c->ino)
		(void)unlink(c->path);
}

static void
control_on_listener_closed(uv_handle_t *h)
{
	struct control *c = h->data;

	c->is_listener_open = false;
	control_free_if_over(c);
}

int
control_open(struct control **r, uv_loop_t *loop,
    const struct control_options *o, struct err *e)
{
	struct control *c = calloc(1, sizeof *c);
	struct stat st;
	int fd, rc;

	if (c == NULL)
		return err_set(e, "no memory for the control socket");
	fd = listen_at(o->path, &st, e);
	if (fd == -1) {
		free(c);
		return -1;
	}
	c->loop = loop;
	c->commands = o->commands;
	c->arg = o->arg;
	c->idle_ms = o->idle_ms == 0 ? CONTROL_IDLE_MS : o->idle_ms;
	c->dev = st.st_dev;
	c->ino = st.st_ino;
	(void)snprintf(c->path, sizeof c->path, "%s", o->path);
	(void)uv_pipe_init(loop, &c->listener, 0);
	c->listener.data = c;
	c->is_listener_open = true;
	rc = uv_pipe_open(&c->listener, fd);
	if (rc != 0)
		(void)close(fd);
	else
		rc = uv_listen((uv_stream_t *)&c->listener,
		    CONTROL_CONNECTIONS_MAX, control_on_connection);
	if (rc != 0) {
		control_close(c, NULL, NULL);
		return err_set(e, "%s: %s", o->path, uv_strerror(rc));
	}
	*r = c;
	return 0;
}

void
control_close(struct control *c, void (*closed)(void *arg), void *arg)
{
	c->is_closing = true;
	c->closed = closed;
	c->closed_arg = arg;
	remove_own(c);
	uv_close((uv_handle_t *)&c->listener, control_on_listener_closed);
	for (struct connection *n = c->connections; n != NULL; n = n->next)
		connection_close(n);
}

/* The control socket: what it accepts, and what becomes of it. */
#include "daemon/control.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "unit/unit.h"

#define WAIT_MS 5000

static char folder[] = "/tmp/masthead-control-XXXXXX";
static char path[64];
static uv_loop_t loop;
static struct control *control;
static bool is_closed;

/* What the commands of these tests saw. */
static struct control_request *held;
static unsigned run_count;
static char seen_by[CONTROL_BY_MAX];

static void
run_places(struct control_request *q)
{
	run_count++;
	(void)snprintf(seen_by, sizeof seen_by, "%s", control_by(q));
	ck_assert_ptr_eq(control_arg(q), &run_count);
	control_reply(q, CTL_OK, json_pack("{s:i}", "n", (int)run_count));
}

static void
run_show(struct control_request *q)
{
	run_count++;
	control_fail(q, CTL_REFUSED, "%s is not on the register",
	    control_args(q)->operands[0]);
}

static void
run_status(struct control_request *q)
{
	run_count++;
	control_reply(q, CTL_RED, json_object());
}

/* Answered by the test, later. */
static void
run_guards(struct control_request *q)
{
	run_count++;
	held = q;
}

/* An answer that no socket takes in one piece. */
static void
run_list(struct control_request *q)
{
	size_t len = 4 * 1024 * 1024;
	char *text = malloc(len + 1);

	memset(text, 'x', len);
	text[len] = '\0';
	run_count++;
	control_reply(q, CTL_OK, json_pack("{s:s}", "text", text));
	free(text);
}

/* Longer than any answer may be. */
static void
run_rotate(struct control_request *q)
{
	char *text = malloc(CTL_REPLY_MAX + 1);

	memset(text, 'x', CTL_REPLY_MAX);
	text[CTL_REPLY_MAX] = '\0';
	run_count++;
	control_reply(q, CTL_OK, json_pack("{s:s}", "text", text));
	free(text);
}

static const struct control_command commands[] = {
	{ "places", run_places },
	{ "publisher show", run_show },
	{ "publisher list", run_list },
	{ "status", run_status },
	{ "guards", run_guards },
	{ "key rotate", run_rotate },
	{ NULL, NULL },
};

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void
open_with_idle(unsigned idle_ms)
{
	const struct control_options o = { .path = path,
		.commands = commands,
		.arg = &run_count,
		.idle_ms = idle_ms };
	struct err e = { "" };

	ck_assert_msg(control_open(&control, &loop, &o, &e) == 0, "%s", e.text);
	is_closed = false;
}

static void
set_up(void)
{
	(void)signal(SIGPIPE, SIG_IGN);
	(void)strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/ctl.sock", folder);
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	control = NULL;
	held = NULL;
	run_count = 0;
	open_with_idle(0);
}

static void
on_closed(void *arg)
{
	*(bool *)arg = true;
}

/* Closes; every handle and every byte must be gone then (LeakSanitizer and
 * uv_loop_close are the judges). */
static void
tear_down(void)
{
	if (control != NULL)
		control_close(control, on_closed, &is_closed);
	ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
	ck_assert(control == NULL || is_closed);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	(void)unlink(path);
	ck_assert_int_eq(rmdir(folder), 0);
}

static int
dial_path(const char *at)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", at);
	ck_assert_int_ge(fd, 0);
	if (connect(fd, (struct sockaddr *)&a, sizeof a) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static int
dial(void)
{
	int fd = dial_path(path);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* Sends all of it, turning the loop while the socket is full. */
static void
say(int fd, const char *bytes, size_t len)
{
	int64_t end = now_ms() + WAIT_MS;

	while (len > 0 && now_ms() < end) {
		ssize_t n = send(fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0) {
			bytes += n;
			len -= (size_t)n;
		} else if (n < 0 && errno != EAGAIN) {
			return; /* hung up on: the test looks at the answer */
		}
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	}
}

/* One line into `r` without its LF; false at the end of the stream. */
static bool
hear(int fd, char *r, size_t cap)
{
	int64_t end = now_ms() + WAIT_MS;
	size_t len = 0;

	while (now_ms() < end) {
		char c;
		ssize_t n = recv(fd, &c, 1, MSG_DONTWAIT);

		if (n == 0 || (n < 0 && errno == ECONNRESET))
			return false;
		if (n < 0) {
			(void)uv_run(&loop, UV_RUN_NOWAIT);
			continue;
		}
		if (c == '\n') {
			r[len] = '\0';
			return true;
		}
		if (len + 1 < cap)
			r[len++] = c;
	}
	ck_abort_msg("no answer in %d ms", WAIT_MS);
	return false;
}

static void
turn_for(int64_t ms)
{
	int64_t end = now_ms() + ms;

	while (now_ms() < end)
		(void)uv_run(&loop, UV_RUN_NOWAIT);
}

/* One request, one answer, one connection. */
static void
ask(const char *request, char *r, size_t cap)
{
	int fd = dial();

	say(fd, request, strlen(request));
	say(fd, "\n", 1);
	ck_assert(hear(fd, r, cap));
	(void)close(fd);
}

static const struct {
	const char *label, *request, *want;
	unsigned want_runs;
} answers[] = {
	{ "a result", "{\"args\":[\"places\"]}",
	    "{\"exit\":0,\"result\":{\"n\":1}}", 1 },
	{ "a refusal", "{\"args\":[\"publisher\",\"show\",\"a@b.example\"]}",
	    "{\"exit\":1,\"error\":\"a@b.example is not on the register\"}",
	    1 },
	{ "red", "{\"args\":[\"status\"]}", "{\"exit\":3,\"result\":{}}", 1 },
	{ "unknown members are ignored",
	    "{\"args\":[\"places\"],\"more\":{\"x\":[1]}}",
	    "{\"exit\":0,\"result\":{\"n\":1}}", 1 },
	{ "an unknown command", "{\"args\":[\"fly\"]}",
	    "{\"exit\":2,\"error\":\"there is no command \\\"fly\\\"\"}", 0 },
	{ "a command that has no row here", "{\"args\":[\"reload\"]}",
	    "{\"exit\":1,\"error\":\"\\\"reload\\\" cannot be done here\"}",
	    0 },
	{ "a missing operand", "{\"args\":[\"publisher\",\"show\"]}",
	    "{\"exit\":2,\"error\":\"JID is missing\"}", 0 },
	{ "no args", "{}",
	    "{\"exit\":2,\"error\":\"a request has \\\"args\\\", 1 to 64 of "
	    "them\"}",
	    0 },
	{ "args that are no array", "{\"args\":\"places\"}",
	    "{\"exit\":2,\"error\":\"a request has \\\"args\\\", 1 to 64 of "
	    "them\"}",
	    0 },
	{ "args that are no strings", "{\"args\":[1]}",
	    "{\"exit\":2,\"error\":\"\\\"args\\\" are strings\"}", 0 },
	{ "an array", "[\"places\"]",
	    "{\"exit\":2,\"error\":\"a request is one JSON object on a "
	    "line\"}",
	    0 },
	{ "no JSON", "places",
	    "{\"exit\":2,\"error\":\"a request is one JSON object on a "
	    "line\"}",
	    0 },
	{ "an empty line", "",
	    "{\"exit\":2,\"error\":\"a request is one JSON object on a "
	    "line\"}",
	    0 },
	{ "doubled members", "{\"args\":[\"places\"],\"args\":[\"status\"]}",
	    "{\"exit\":2,\"error\":\"a request is one JSON object on a "
	    "line\"}",
	    0 },
	{ "a NUL inside", "{\"args\":[\"places\\u0000\"]}",
	    "{\"exit\":2,\"error\":\"a request is one JSON object on a "
	    "line\"}",
	    0 },
	{ "bytes that are no UTF-8", "{\"args\":[\"\xff\"]}",
	    "{\"exit\":2,\"error\":\"a request is one JSON object on a "
	    "line\"}",
	    0 },
	/* 41 bytes of two each: the sentence cuts through a character. */
	{ "a sentence cut inside a character",
	    "{\"args\":[\"aöööööööööööööööööööööööööööö\"]}",
	    "{\"exit\":2,\"error\":\"there is no command "
	    "\\\"aööööööööööööööööööö?\\\"\"}",
	    0 },
};

START_TEST(test_answers)
{
	char got[1024];

	ask(answers[_i].request, got, sizeof got);
	ck_assert_msg(strcmp(got, answers[_i].want) == 0, "%s: got %s, want %s",
	    answers[_i].label, got, answers[_i].want);
	ck_assert_uint_eq(run_count, answers[_i].want_runs);
}
END_TEST

START_TEST(test_socket_is_private)
{
	struct stat st;
	mode_t old = umask(0);

	control_close(control, on_closed, &is_closed);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	open_with_idle(0);
	(void)umask(old);
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_uint_eq(st.st_mode & 07777u, 0600u);
}
END_TEST

START_TEST(test_file_goes_with_the_socket)
{
	struct stat st;

	control_close(control, on_closed, &is_closed);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert(is_closed);
	control = NULL;
	ck_assert_int_eq(lstat(path, &st), -1);
}
END_TEST

static int
open_second(struct control **r, struct err *e)
{
	const struct control_options o = { .path = path,
		.commands = commands,
		.arg = &run_count };

	return control_open(r, &loop, &o, e);
}

START_TEST(test_live_socket_is_refused)
{
	struct control *second = NULL;
	struct err e = { "" };
	char got[64];

	ck_assert_int_eq(open_second(&second, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "another process listens here"));
	ask("{\"args\":[\"places\"]}", got, sizeof got);
	ck_assert_str_eq(got, "{\"exit\":0,\"result\":{\"n\":1}}");
}
END_TEST

START_TEST(test_stale_socket_is_replaced)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char got[64];

	control_close(control, on_closed, &is_closed);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	/* What a killed daemon leaves: a bound file that nobody answers. */
	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(listen(fd, 1), 0);
	(void)close(fd);
	open_with_idle(0);
	ask("{\"args\":[\"places\"]}", got, sizeof got);
	ck_assert_str_eq(got, "{\"exit\":0,\"result\":{\"n\":1}}");
}
END_TEST

START_TEST(test_other_files_stay)
{
	struct control *second = NULL;
	struct err e = { "" };
	struct stat st;
	FILE *f;

	control_close(control, on_closed, &is_closed);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	control = NULL;
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs("precious", f), 0);
	(void)fclose(f);
	ck_assert_int_eq(open_second(&second, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "not a socket"));
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert_int_eq((int)st.st_size, 8);
}
END_TEST

/* A daemon that stops must not take the socket of its successor along. */
START_TEST(test_successors_socket_stays)
{
	struct control *second = NULL;
	struct err e = { "" };
	int fd;

	ck_assert_int_eq(unlink(path), 0);
	ck_assert_msg(open_second(&second, &e) == 0, "%s", e.text);
	control_close(control, on_closed, &is_closed);
	turn_for(20);
	control = second;
	fd = dial_path(path);
	ck_assert_int_ge(fd, 0);
	(void)close(fd);
}
END_TEST

static const struct {
	const char *label, *path, *want;
} bad_paths[] = {
	{ "no folder", "/nonexistent/x.sock", "/nonexistent" },
	{ "empty", "", "1 to 107 bytes" },
	{ "too long",
	    "/tmp/0123456789012345678901234567890123456789012345678901234567890"
	    "12345678901234567890123456789012345678901234567890.sock",
	    "1 to 107 bytes" },
};

START_TEST(test_bad_paths)
{
	const struct control_options o = { .path = bad_paths[_i].path,
		.commands = commands };
	struct control *c = NULL;
	struct err e = { "" };

	ck_assert_int_eq(control_open(&c, &loop, &o, &e), -1);
	ck_assert_msg(strstr(e.text, bad_paths[_i].want) != NULL, "%s: %s",
	    bad_paths[_i].label, e.text);
}
END_TEST

/* Every way to cut a request into two writes. */
START_TEST(test_split_anywhere)
{
	const char *line = "{\"args\":[\"places\"]}\n";
	size_t len = strlen(line);
	char got[64], want[64];

	for (size_t at = 1; at < len; at++) {
		int fd = dial();

		say(fd, line, at);
		turn_for(1);
		say(fd, line + at, len - at);
		ck_assert(hear(fd, got, sizeof got));
		(void)snprintf(want, sizeof want,
		    "{\"exit\":0,\"result\":{\"n\":%zu}}", at);
		ck_assert_str_eq(got, want);
		(void)close(fd);
	}
}
END_TEST

START_TEST(test_requests_in_one_write_are_answered_in_order)
{
	const char *lines = "{\"args\":[\"places\"]}\n{\"args\":[\"guards\"]}\n"
			    "{\"args\":[\"places\"]}\n";
	char got[64];
	int fd = dial();

	say(fd, lines, strlen(lines));
	ck_assert(hear(fd, got, sizeof got));
	ck_assert_str_eq(got, "{\"exit\":0,\"result\":{\"n\":1}}");
	turn_for(20);
	/* The third waits for the second. */
	ck_assert_uint_eq(run_count, 2);
	control_reply(held, CTL_OK, json_object());
	ck_assert(hear(fd, got, sizeof got));
	ck_assert_str_eq(got, "{\"exit\":0,\"result\":{}}");
	ck_assert(hear(fd, got, sizeof got));
	ck_assert_str_eq(got, "{\"exit\":0,\"result\":{\"n\":3}}");
	(void)close(fd);
}
END_TEST

/* printf '...' | socat: the end of input comes before the answer. */
START_TEST(test_half_closed_is_answered)
{
	char got[64];
	int fd = dial();

	say(fd, "{\"args\":[\"guards\"]}\n", 20);
	ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
	turn_for(20);
	ck_assert_ptr_nonnull(held);
	control_reply(held, CTL_OK, json_object());
	ck_assert(hear(fd, got, sizeof got));
	ck_assert_str_eq(got, "{\"exit\":0,\"result\":{}}");
	ck_assert(!hear(fd, got, sizeof got));
	(void)close(fd);
}
END_TEST

START_TEST(test_client_gone_before_the_answer)
{
	char got[64];
	int fd = dial();

	say(fd, "{\"args\":[\"guards\"]}\n", 20);
	turn_for(20);
	ck_assert_ptr_nonnull(held);
	(void)close(fd);
	turn_for(20);
	control_reply(held, CTL_OK, json_object());
	turn_for(20);
	ask("{\"args\":[\"places\"]}", got, sizeof got);
	ck_assert_str_eq(got, "{\"exit\":0,\"result\":{\"n\":2}}");
}
END_TEST

START_TEST(test_socket_closed_before_the_answer)
{
	char got[64];
	int fd = dial();

	say(fd, "{\"args\":[\"guards\"]}\n", 20);
	turn_for(20);
	control_close(control, on_closed, &is_closed);
	control = NULL;
	turn_for(20);
	ck_assert(!hear(fd, got, sizeof got));
	/* The request keeps what it needs until it is answered. */
	ck_assert(!is_closed);
	ck_assert_str_eq(control_args(held)->command->name, "guards");
	control_fail(held, CTL_UNAVAILABLE, "going down");
	ck_assert(is_closed);
	(void)close(fd);
}
END_TEST

START_TEST(test_large_answer)
{
	const char *line = "{\"args\":[\"publisher\",\"list\"]}\n";
	size_t len = 5 * 1024 * 1024;
	char *got = malloc(len);
	int fd = dial();
	size_t at = 0;
	int64_t end = now_ms() + WAIT_MS;

	say(fd, line, strlen(line));
	while ((at == 0 || got[at - 1] != '\n') && now_ms() < end) {
		ssize_t n = recv(fd, got + at, len - at, MSG_DONTWAIT);

		if (n > 0)
			at += (size_t)n;
		(void)uv_run(&loop, UV_RUN_NOWAIT);
	}
	ck_assert_uint_eq(at,
	    strlen("{\"exit\":0,\"result\":{\"text\":\"\"}}\n") +
		4 * 1024 * 1024);
	free(got);
	(void)close(fd);
}
END_TEST

START_TEST(test_too_large_answer)
{
	char got[256];

	ask("{\"args\":[\"key\",\"rotate\"]}", got, sizeof got);
	ck_assert_msg(strncmp(got, "{\"exit\":75,\"error\":", 19) == 0, "%s",
	    got);
}
END_TEST

/* A request of exactly `len` bytes before its LF. */
static char *
padded(size_t len)
{
	char *s = malloc(len + 2);

	memset(s, ' ', len);
	memcpy(s, "{\"args\":[\"places\"]}", 19);
	s[len] = '\n';
	s[len + 1] = '\0';
	return s;
}

START_TEST(test_largest_request)
{
	char *line = padded(CTL_REQUEST_MAX), got[64];
	int fd = dial();

	say(fd, line, CTL_REQUEST_MAX + 1);
	ck_assert(hear(fd, got, sizeof got));
	ck_assert_str_eq(got, "{\"exit\":0,\"result\":{\"n\":1}}");
	free(line);
	(void)close(fd);
}
END_TEST

/* With an LF and without one: nothing grows, the connection ends. */
START_TEST(test_too_large_request)
{
	size_t len = _i == 0 ? CTL_REQUEST_MAX + 1 : 10 * CTL_REQUEST_MAX;
	char *line = padded(len), got[128];
	int fd = dial();

	say(fd, line, _i == 0 ? len + 1 : len);
	/* What the socket still held when it was closed may cost the sentence
	 * (a reset), but never runs the command. */
	if (hear(fd, got, sizeof got)) {
		ck_assert_str_eq(got,
		    "{\"exit\":2,\"error\":\"a request has "
		    "at most 65536 bytes\"}");
		ck_assert(!hear(fd, got, sizeof got));
	}
	ck_assert_uint_eq(run_count, 0);
	free(line);
	(void)close(fd);
}
END_TEST

START_TEST(test_idle_ends)
{
	int64_t began;
	char c;
	int fd;

	control_close(control, on_closed, &is_closed);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	open_with_idle(150);
	fd = dial();
	began = now_ms();
	/* A byte now and then is idle as well: it buys no time. */
	while (recv(fd, &c, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN &&
	    now_ms() - began < WAIT_MS) {
		say(fd, "{", 1);
		turn_for(20);
	}
	ck_assert_int_ge(now_ms() - began, 100);
	ck_assert_int_lt(now_ms() - began, WAIT_MS);
	(void)close(fd);
}
END_TEST

START_TEST(test_running_is_not_idle)
{
	char got[64];
	int fd;

	control_close(control, on_closed, &is_closed);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	open_with_idle(50);
	fd = dial();
	say(fd, "{\"args\":[\"guards\"]}\n", 20);
	turn_for(200);
	control_reply(held, CTL_OK, json_object());
	ck_assert(hear(fd, got, sizeof got));
	ck_assert_str_eq(got, "{\"exit\":0,\"result\":{}}");
	(void)close(fd);
}
END_TEST

/* One who asks and never reads is not waited for. */
START_TEST(test_reader_that_stalls_is_dropped)
{
	const char *line = "{\"args\":[\"publisher\",\"list\"]}\n";
	size_t total = 0;
	static char sink[65536];
	ssize_t n;
	int fd;

	control_close(control, on_closed, &is_closed);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	open_with_idle(100);
	fd = dial();
	say(fd, line, strlen(line));
	turn_for(300);
	while ((n = recv(fd, sink, sizeof sink, MSG_DONTWAIT)) > 0)
		total += (size_t)n;
	ck_assert_int_ne((int)n, -1); /* ended, not "nothing yet" */
	ck_assert_uint_lt(total, 4 * 1024 * 1024);
	(void)close(fd);
}
END_TEST

START_TEST(test_connections_are_counted)
{
	int fds[CONTROL_CONNECTIONS_MAX + 1];
	char got[128];
	const char *line = "{\"args\":[\"places\"]}\n";

	for (int i = 0; i <= CONTROL_CONNECTIONS_MAX; i++) {
		fds[i] = dial();
		turn_for(1);
	}
	ck_assert(hear(fds[CONTROL_CONNECTIONS_MAX], got, sizeof got));
	ck_assert_str_eq(got,
	    "{\"exit\":75,\"error\":\"there are 16 "
	    "connections to the control socket already\"}");
	ck_assert(!hear(fds[CONTROL_CONNECTIONS_MAX], got, sizeof got));
	/* The others work, and one that leaves makes room. */
	say(fds[0], line, strlen(line));
	ck_assert(hear(fds[0], got, sizeof got));
	(void)close(fds[0]);
	(void)close(fds[CONTROL_CONNECTIONS_MAX]);
	turn_for(20);
	ask("{\"args\":[\"places\"]}", got, sizeof got);
	ck_assert_str_eq(got, "{\"exit\":0,\"result\":{\"n\":2}}");
	for (int i = 1; i < CONTROL_CONNECTIONS_MAX; i++)
		(void)close(fds[i]);
}
END_TEST

static const struct {
	const char *label, *user, *want_as_root;
} users[] = {
	{ "root speaks for a user", "anna", "mastheadctl:anna" },
	{ "no forged fields in the name", "anna by=x", "mastheadctl:root" },
	{ "no control characters", "anna\\n", "mastheadctl:root" },
	{ "not empty", "", "mastheadctl:root" },
};

/* Whoever runs this: root may claim a name, nobody else. */
START_TEST(test_who_it_was)
{
	const struct passwd *me = getpwuid(getuid());
	char line[256], got[64], own[CONTROL_BY_MAX];

	(void)snprintf(line, sizeof line,
	    "{\"args\":[\"places\"],\"user\":\"%s\"}", users[_i].user);
	ask(line, got, sizeof got);
	if (getuid() == 0) {
		ck_assert_str_eq(seen_by, users[_i].want_as_root);
		return;
	}
	if (me != NULL)
		(void)snprintf(own, sizeof own, "mastheadctl:%s", me->pw_name);
	else
		(void)snprintf(own, sizeof own, "mastheadctl:uid-%lu",
		    (unsigned long)getuid());
	ck_assert_str_eq(seen_by, own);
}
END_TEST

START_TEST(test_adopted_connection)
{
	int pair[2];
	char got[64];
	struct err e = { "" };

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(control_adopt(control, pair[0], &e), 0);
	say(pair[1], "{\"args\":[\"places\"]}\n", 20);
	ck_assert(hear(pair[1], got, sizeof got));
	ck_assert_str_eq(got, "{\"exit\":0,\"result\":{\"n\":1}}");
	(void)close(pair[1]);
}
END_TEST

/* The kernel says who made a pair of sockets, not who claims what on it. */
START_TEST(test_nobody_speaks_for_others)
{
	const char *line = "{\"args\":[\"places\"],\"user\":\"anna\"}\n";
	const struct passwd *pw = getpwuid(65534);
	char got[64], want[CONTROL_BY_MAX];
	struct err e = { "" };
	int pair[2];

	if (getuid() != 0)
		return; /* then test_who_it_was has shown it */
	if (pw != NULL)
		(void)snprintf(want, sizeof want, "mastheadctl:%s",
		    pw->pw_name);
	else
		(void)snprintf(want, sizeof want, "mastheadctl:uid-65534");
	ck_assert_int_eq(seteuid(65534), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(control_adopt(control, pair[0], &e), 0);
	say(pair[1], line, strlen(line));
	ck_assert(hear(pair[1], got, sizeof got));
	ck_assert_str_eq(seen_by, want);
	(void)close(pair[1]);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("control");
	TCase *t = tcase_create("control");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 30);
	tcase_add_loop_test(t, test_answers, 0, (int)COUNT(answers));
	tcase_add_test(t, test_socket_is_private);
	tcase_add_test(t, test_file_goes_with_the_socket);
	tcase_add_test(t, test_live_socket_is_refused);
	tcase_add_test(t, test_stale_socket_is_replaced);
	tcase_add_test(t, test_other_files_stay);
	tcase_add_test(t, test_successors_socket_stays);
	tcase_add_loop_test(t, test_bad_paths, 0, (int)COUNT(bad_paths));
	tcase_add_test(t, test_split_anywhere);
	tcase_add_test(t, test_requests_in_one_write_are_answered_in_order);
	tcase_add_test(t, test_half_closed_is_answered);
	tcase_add_test(t, test_client_gone_before_the_answer);
	tcase_add_test(t, test_socket_closed_before_the_answer);
	tcase_add_test(t, test_large_answer);
	tcase_add_test(t, test_too_large_answer);
	tcase_add_test(t, test_largest_request);
	tcase_add_loop_test(t, test_too_large_request, 0, 2);
	tcase_add_test(t, test_idle_ends);
	tcase_add_test(t, test_running_is_not_idle);
	tcase_add_test(t, test_reader_that_stalls_is_dropped);
	tcase_add_test(t, test_connections_are_counted);
	tcase_add_loop_test(t, test_who_it_was, 0, (int)COUNT(users));
	tcase_add_test(t, test_nobody_speaks_for_others);
	tcase_add_test(t, test_adopted_connection);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

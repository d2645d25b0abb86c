/*
 * Sentences about Masthead and the server, by way of mastheadctl and of
 * servers/ctl, which knows how each kind of server is told.  While a command
 * runs, the clients read on.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "match.h"
#include "sentence.h"
#include "util.h"

#define OUTPUT_MAX ((size_t)16 << 20)

struct run {
	pid_t pid;
	int fd; /* its output; -1 when it closed that */
	int status;
	int is_over;
	struct buf output;
};

static void
run_child(const char *command, int out)
{
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	if (out > STDERR_FILENO)
		close(out);
	setpgid(0, 0);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

static int
run_start(struct play *p, struct run *r, const char *command)
{
	int ends[2];

	memset(r, 0, sizeof(*r));
	buf_init(&r->output, OUTPUT_MAX);
	if (pipe(ends) < 0)
		return play_fail(p, "pipe: %s", strerror(errno));
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	r->fd = ends[0];
	r->pid = fork();
	if (r->pid == 0)
		run_child(command, ends[1]);
	close(ends[1]);
	if (r->pid > 0)
		return 0;
	close(r->fd);
	return play_fail(p, "fork: %s", strerror(errno));
}

static void
run_read(struct run *r)
{
	char bytes[4096];
	ssize_t n;

	fcntl(r->fd, F_SETFL, O_NONBLOCK);
	while ((n = read(r->fd, bytes, sizeof(bytes))) > 0)
		buf_add(&r->output, bytes, (size_t)n);
}

/*
 * The end of the command, not of its output: a daemon that it started may
 * keep the pipe.
 */
static int
run_is_over(void *arg)
{
	struct run *r = arg;

	run_read(r);
	if (!r->is_over && waitpid(r->pid, &r->status, WNOHANG) == r->pid) {
		r->is_over = 1;
		run_read(r);
	}
	return r->is_over;
}

/* Exit code, or -1 and a diagnosis; the output is the caller's to clear. */
static int
run_command(struct play *p, const char *command, struct buf *output_r)
{
	struct run r;
	int code = -1;

	if (run_start(p, &r, command) < 0)
		return -1;
	if (stage_wait(&p->stage, run_is_over, &r)) {
		code = WIFEXITED(r.status) ? WEXITSTATUS(r.status) : 128;
	} else {
		kill(-r.pid, SIGKILL);
		waitpid(r.pid, &r.status, 0);
		play_fail(p, "%s did not end in %d s", command,
		    p->stage.timeout_s);
	}
	close(r.fd);
	*output_r = r.output;
	return code;
}

/*
 * Whether a line of the output contains what the pattern describes.  A
 * capture at the pattern's end takes the line's rest.
 */
static int
has_line(struct play *p, const char *pattern, const char *output)
{
	char *around = util_format("{scansion:any}%s%s", pattern,
	    util_has_suffix(pattern, "}") ? "" : "{scansion:any}");
	char *copy = util_strdup(output), *line, *rest = copy;
	int is_found = 0;

	while (!is_found && rest && *rest) {
		line = rest;
		rest = strchr(line, '\n');
		if (rest)
			*rest++ = '\0';
		is_found = match_text(around, line, &p->vars);
	}
	free(copy);
	free(around);
	return is_found;
}

/* The first of the body's lines that is (not) there; NULL if none. */
static char *
line_that_is(struct play *p, const char *body, const char *output, int present)
{
	char *copy = util_strdup(body ? body : ""), *line, *rest = copy;
	char *found = NULL;

	while (!found && *rest) {
		line = rest;
		rest += strcspn(rest, "\n");
		if (*rest)
			*rest++ = '\0';
		line = util_trim(line);
		if (*line && has_line(p, line, output) == present)
			found = util_strdup(line);
	}
	free(copy);
	return found;
}

enum { EXITS_0, FAILS, EXITS_N, EVENTUALLY, LACKS };

static int
check_code(int how, long want, int code)
{
	switch (how) {
	case FAILS:
		return code > 0;
	case EXITS_N:
		return code == want;
	default:
		return code == 0;
	}
}

/* One try; -1 and a diagnosis when it is not as the script says. */
static int
try_command(struct play *p, const struct words *w, const char *command,
    const char *body)
{
	struct buf output = { 0 };
	const char *text;
	char *line;
	int code = run_command(p, command, &output), rc = 0;

	text = output.data ? output.data : "";
	line = line_that_is(p, body, text, w->arg == LACKS);
	if (code < 0) {
		rc = -1;
	} else if (!check_code(w->arg, w->numbers[0], code)) {
		rc = play_fail(p, "%s: exit code %d", command, code);
	} else if (line) {
		rc = play_fail(p, "the output %s: %s",
		    w->arg == LACKS ? "should not have" : "lacks", line);
	}
	if (rc < 0)
		play_fail(p, "output: %.900s", text);
	free(line);
	buf_clear(&output);
	return rc;
}

static int
wait_command(struct play *p, const struct words *w, const char *command,
    const char *body)
{
	long long end = util_now_ms() + p->stage.timeout_s * 1000LL;
	long long pause;

	while (try_command(p, w, command, body) < 0) {
		if (util_now_ms() > end)
			return -1;
		buf_reset(&p->why);
		pause = util_now_ms() + 100;
		while (util_now_ms() < pause)
			stage_move(&p->stage, 20);
	}
	return 0;
}

static int
run_sentence(struct play *p, struct words *w, const char *command)
{
	struct err err = { "" };
	struct buf body;
	int rc;

	buf_init(&body, OUTPUT_MAX);
	if (vars_expand(&p->vars, w->body ? w->body : "", &body, &err) < 0)
		rc = play_fail(p, "%s", err.text);
	else if (w->arg == EVENTUALLY)
		rc = wait_command(p, w, command, body.data);
	else
		rc = try_command(p, w, command, body.data);
	buf_clear(&body);
	return rc;
}

static int
mastheadctl(struct play *p, struct words *w)
{
	const char *ctl = vars_find(&p->vars, "CTL");
	char *command;
	int rc;

	if (!ctl)
		return play_fail(p, "no deployment: CTL is not set");
	command = util_format("%s %s", ctl, w->texts[0]);
	rc = run_sentence(p, w, command);
	free(command);
	return rc;
}

static int
command(struct play *p, struct words *w)
{
	return run_sentence(p, w, w->texts[0]);
}

/* The verbs of servers/ctl, in the order of `enum verb`. */
static const char *const verbs[] = {
	"kill-masthead",
	"freeze-masthead",
	"resume-masthead",
	"stop-masthead",
	"start-masthead",
	"reload-masthead",
	"wait-attached",
	"reload-guard",
	"unload-guard",
	"load-guard",
	"stop-server",
	"kill-server",
	"start-server",
};

enum verb {
	KILL_MASTHEAD,
	FREEZE_MASTHEAD,
	RESUME_MASTHEAD,
	STOP_MASTHEAD,
	START_MASTHEAD,
	RELOAD_MASTHEAD,
	WAIT_ATTACHED,
	RELOAD_GUARD,
	UNLOAD_GUARD,
	LOAD_GUARD,
	STOP_SERVER,
	KILL_SERVER,
	START_SERVER,
};

static int
server_verb(struct play *p, struct words *w)
{
	const char *ctl = vars_find(&p->vars, "SERVER_CTL");
	struct err err = { "" };
	struct buf output = { 0 };
	char *text;
	int code;

	if (!ctl || !p->dir)
		return play_fail(p, "no deployment: SERVER_CTL is not set");
	text = util_format("'%s' '%s' %s", ctl, p->dir, verbs[w->arg]);
	code = run_command(p, text, &output);
	if (code > 0)
		play_fail(p, "%s: exit code %d\n%.900s", text, code,
		    output.data ? output.data : "");
	free(text);
	buf_clear(&output);
	if (code == 0 && play_load_env(p, &err) < 0)
		return play_fail(p, "%s", err.text);
	return code == 0 ? 0 : -1;
}

const struct sentence control_sentences[] = {
	{ "mastheadctl <text>", mastheadctl, EXITS_0, 2 },
	{ "mastheadctl <text> fails", mastheadctl, FAILS, 2 },
	{ "mastheadctl <text> exits <number>", mastheadctl, EXITS_N, 2 },
	{ "mastheadctl <text> eventually says", mastheadctl, EVENTUALLY, 1 },
	{ "mastheadctl <text> does not say", mastheadctl, LACKS, 1 },
	{ "command <text>", command, EXITS_0, 2 },
	{ "command <text> fails", command, FAILS, 2 },
	{ "command <text> exits <number>", command, EXITS_N, 2 },
	{ "command <text> eventually says", command, EVENTUALLY, 1 },
	{ "command <text> does not say", command, LACKS, 1 },
	{ "Masthead is killed", server_verb, KILL_MASTHEAD, 0 },
	{ "Masthead is frozen", server_verb, FREEZE_MASTHEAD, 0 },
	{ "Masthead resumes", server_verb, RESUME_MASTHEAD, 0 },
	{ "Masthead stops", server_verb, STOP_MASTHEAD, 0 },
	{ "Masthead starts", server_verb, START_MASTHEAD, 0 },
	{ "Masthead reloads", server_verb, RELOAD_MASTHEAD, 0 },
	{ "Masthead is attached", server_verb, WAIT_ATTACHED, 0 },
	{ "the guard is reloaded", server_verb, RELOAD_GUARD, 0 },
	{ "the guard is unloaded", server_verb, UNLOAD_GUARD, 0 },
	{ "the guard is loaded", server_verb, LOAD_GUARD, 0 },
	{ "the server stops", server_verb, STOP_SERVER, 0 },
	{ "the server is killed", server_verb, KILL_SERVER, 0 },
	{ "the server starts", server_verb, START_SERVER, 0 },
	{ NULL, NULL, 0, 0 },
};

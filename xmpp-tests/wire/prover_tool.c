/*
 * Checks domains as the daemon does, for test_prover.py:
 *
 *	prover_tool [-r RESOLVER] [-a ANCHOR] [-c CA] [-p PORT] [-t MS] [-P]
 *	    [-q MS] [-T]
 *
 * Each line of standard input, "ID METHOD DOMAIN TOKEN", is a check, and all
 * of them run side by side; "ID" alone cancels one.  Each ends with a line
 * "ID<TAB>OUTCOME<TAB>WHY<TAB>DNSSEC<TAB>ASKED<TAB>GOT".  At the end of the
 * input the tool waits for those that are under way; -q ends everything after
 * some milliseconds, as a shutdown would; -T checks on a thread of its own, as
 * the daemon does (nothing can be cancelled then).  A turn of the loop that was
 *late by more than 100 ms is a line "late<TAB>MS": something blocked.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "net/inspector.h"
#include "net/prover.h"

#define CHECKS_MAX 2048
#define TICK_MS 20
#define LATE_MS 100

struct check {
	char id[32], domain[300], token[100];
	struct proving *proving;
};

static struct {
	uv_loop_t loop;
	uv_pipe_t input;
	uv_timer_t quit, tick;
	uint64_t ticked_ms;
	struct prover *prover;
	struct inspector *inspector; /* -T: instead */
	struct prover_question question;
	struct check checks[CHECKS_MAX];
	size_t count, running;
	char line[4096];
	size_t line_len;
	bool is_at_end, is_closed;
} tool;

static void
close_all(void)
{
	if (tool.is_closed)
		return;
	tool.is_closed = true;
	prover_close(tool.prover);
	inspector_close(tool.inspector);
	uv_close((uv_handle_t *)&tool.quit, NULL);
	uv_close((uv_handle_t *)&tool.tick, NULL);
	uv_close((uv_handle_t *)&tool.input, NULL);
}

static void
close_if_done(void)
{
	if (tool.is_at_end && tool.running == 0)
		close_all();
}

static void
on_done(void *arg, const struct prover_answer *a)
{
	struct check *c = arg;

	printf("%s\t%s\t%s\t%s\t%s\t%s\n", c->id,
	    prover_outcome_name(a->outcome), prover_why_name(a->why),
	    dnssec_name(a->dnssec), a->asked, a->got);
	fflush(stdout);
	c->proving = NULL;
	tool.running--;
	close_if_done();
}

static void
cancel(const char *id)
{
	for (size_t i = 0; i < tool.count; i++)
		if (strcmp(tool.checks[i].id, id) == 0 &&
		    tool.checks[i].proving != NULL) {
			prover_cancel(tool.checks[i].proving);
			tool.checks[i].proving = NULL;
			tool.running--;
		}
}

static int
start(struct check *c, struct err *e)
{
	if (tool.inspector != NULL)
		return inspector_check(tool.inspector, &tool.question, on_done,
		    c, e);
	return prover_check(&c->proving, tool.prover, &tool.question, on_done,
	    c, e);
}

static void
on_line(const char *line)
{
	struct check *c = &tool.checks[tool.count];
	char method[16];
	struct err e = { "" };

	if (tool.count == CHECKS_MAX)
		abort();
	switch (sscanf(line, "%31s %15s %299s %99s", c->id, method, c->domain,
	    c->token)) {
	case 1:
		cancel(c->id);
		return;
	case 4:
		break;
	default:
		return;
	}
	tool.question.method =
	    strcmp(method, "dns") == 0 ? PROVER_DNS : PROVER_HTTPS;
	tool.question.domain = c->domain;
	tool.question.token = c->token;
	if (start(c, &e) == -1) {
		printf("%s\trefused\t%s\n", c->id, e.text);
		fflush(stdout);
		return;
	}
	tool.count++;
	tool.running++;
}

static void
on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *b)
{
	(void)s;
	(void)b;
	if (n < 0) {
		(void)uv_read_stop(s);
		tool.is_at_end = true;
		close_if_done();
		return;
	}
	tool.line_len += (size_t)n;
	tool.line[tool.line_len] = '\0';
	for (char *lf; (lf = strchr(tool.line, '\n')) != NULL;) {
		*lf = '\0';
		on_line(tool.line);
		tool.line_len -= (size_t)(lf + 1 - tool.line);
		memmove(tool.line, lf + 1, tool.line_len + 1);
	}
}

static void
on_alloc(uv_handle_t *h, size_t size, uv_buf_t *b)
{
	(void)h;
	(void)size;
	b->base = tool.line + tool.line_len;
	b->len = sizeof tool.line - 1 - tool.line_len;
}

static void
on_quit(uv_timer_t *t)
{
	(void)t;
	close_all();
}

static void
on_tick(uv_timer_t *t)
{
	uint64_t now_ms = uv_hrtime() / 1000000;

	(void)t;
	if (tool.ticked_ms != 0 &&
	    now_ms - tool.ticked_ms > TICK_MS + LATE_MS) {
		printf("late\t%d\n", (int)(now_ms - tool.ticked_ms));
		fflush(stdout);
	}
	tool.ticked_ms = now_ms;
}

int
main(int argc, char **argv)
{
	struct resolver_setup dns = { NULL, NULL };
	uint64_t quit_ms = 0;
	bool is_thread = false;
	struct err e = { "" };

	tool.question.https_port = 443;
	tool.question.timeout_ms = 10000;
	for (int c; (c = getopt(argc, argv, "r:a:c:p:t:q:PT")) != -1;)
		switch (c) {
		case 'r':
			dns.server = optarg;
			break;
		case 'a':
			dns.trust_anchor = optarg;
			break;
		case 'c':
			tool.question.ca_file = optarg;
			break;
		case 'p':
			tool.question.https_port =
			    (uint16_t)strtoul(optarg, NULL, 10);
			break;
		case 't':
			tool.question.timeout_ms =
			    (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'q':
			quit_ms = strtoul(optarg, NULL, 10);
			break;
		case 'T':
			is_thread = true;
			break;
		case 'P':
			tool.question.may_be_private = true;
			break;
		default:
			return 2;
		}
	if (uv_loop_init(&tool.loop) != 0 ||
	    (is_thread
		    ? inspector_new(&tool.inspector, &tool.loop, &dns, &e)
		    : prover_new(&tool.prover, &tool.loop, &dns, &e)) == -1) {
		fprintf(stderr, "prover_tool: %s\n", e.text);
		return 1;
	}
	(void)uv_timer_init(&tool.loop, &tool.quit);
	if (quit_ms != 0)
		(void)uv_timer_start(&tool.quit, on_quit, quit_ms, 0);
	(void)uv_timer_init(&tool.loop, &tool.tick);
	(void)uv_timer_start(&tool.tick, on_tick, TICK_MS, TICK_MS);
	(void)uv_pipe_init(&tool.loop, &tool.input, 0);
	if (uv_pipe_open(&tool.input, 0) != 0 ||
	    uv_read_start((uv_stream_t *)&tool.input, on_alloc, on_read) != 0)
		return 1;
	(void)uv_run(&tool.loop, UV_RUN_DEFAULT);
	return uv_loop_close(&tool.loop) == 0 ? 0 : 1;
}

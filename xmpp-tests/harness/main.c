/*
 * Plays scripts in Scansion's language against a server that is running.
 * README.md lists the sentences.  TAP on standard output.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>
#include <unistd.h>

#include "play.h"
#include "sentence.h"
#include "util.h"

#define TIMEOUT_S 30
#define WHY_MAX ((size_t)1 << 20)

struct options {
	const char *dir;
	const char *host;
	int port;
	int timeout_s;
	int is_verbose;
};

static int
usage(void)
{
	fputs("usage: harness [-v] [-d DIR] [-h ADDRESS] [-p PORT] "
	      "[-t SECONDS] SCRIPT...\n"
	      "       harness -l\n"
	      "  -d DIR      the deployment that servers/up made\n"
	      "  -h, -p      address and client port of the server, without "
	      "DIR\n"
	      "  -t SECONDS  watchdog of each wait, 30 if not given\n"
	      "  -v          tell the sentences as they are played\n"
	      "  -l          list the sentences\n",
	    stderr);
	return 2;
}

/* Diagnosis as TAP has it: each line a comment. */
static void
print_why(const char *why)
{
	size_t len;

	while (why && *why) {
		len = strcspn(why, "\n");
		printf("# %.*s\n", (int)len, why);
		why += len + (why[len] == '\n');
	}
}

static int
play_file(const struct options *o, const char *path, struct buf *why)
{
	char *host = util_strdup(o->host);
	struct play p = { 0 };
	struct err err = { "" };
	struct script *s;
	int rc = -1;

	p.dir = o->dir;
	p.stage.timeout_s = o->timeout_s;
	p.stage.is_verbose = o->is_verbose;
	p.defaults.host = host;
	p.defaults.port = o->port;
	buf_init(&p.why, WHY_MAX);
	s = script_load(path, &err);
	if (!s || play_load_env(&p, &err) < 0)
		play_fail(&p, "%s", err.text);
	else
		rc = play_run(&p, s);
	stage_clear(&p.stage);
	vars_clear(&p.vars);
	script_free(s);
	free(host);
	*why = p.why;
	return rc;
}

static int
play_files(const struct options *o, int count, char **paths)
{
	struct buf why;
	int i, rc, failed = 0;

	printf("1..%d\n", count);
	for (i = 0; i < count; i++) {
		rc = play_file(o, paths[i], &why);
		printf("%sok %d - %s\n", rc == 0 ? "" : "not ", i + 1,
		    paths[i]);
		print_why(why.data);
		fflush(stdout);
		buf_clear(&why);
		failed += rc != 0;
	}
	return failed;
}

int
main(int argc, char **argv)
{
	struct options o = { NULL, "127.0.0.1", 5222, TIMEOUT_S, 0 };
	int c, failed;

	while ((c = getopt(argc, argv, "d:h:p:t:vl")) != -1) {
		switch (c) {
		case 'd':
			o.dir = optarg;
			break;
		case 'h':
			o.host = optarg;
			break;
		case 'p':
			o.port = util_number(optarg, 65535);
			break;
		case 't':
			o.timeout_s = util_number(optarg, 86400);
			break;
		case 'v':
			o.is_verbose = 1;
			break;
		case 'l':
			sentence_list();
			return 0;
		default:
			return usage();
		}
	}
	if (optind == argc || o.port == 0 || o.timeout_s == 0)
		return usage();
	signal(SIGPIPE, SIG_IGN);
	xmpp_initialize();
	failed = play_files(&o, argc - optind, argv + optind);
	xmpp_shutdown();
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* masthead(8): the options, and what each does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "core/buf.h"
#include "daemon/config.h"
#include "daemon/daemon.h"
#include "daemon/init.h"
#include "daemon/log.h"

#define CONFIG_DEFAULT MASTHEAD_SYSCONFDIR "/masthead/masthead.yaml"
#define PROBLEMS_MAX 65536

static void
usage(FILE *to)
{
	(void)fprintf(to,
	    "usage: masthead [-c FILE]       run, in the foreground\n"
	    "       masthead -n [-c FILE]    check the configuration\n"
	    "       masthead init DIR        write one to start from\n"
	    "       masthead -V | -h\n");
}

static int
run_init(const char *dir)
{
	struct buf next;
	struct err e;
	int rc;

	buf_init(&next, PROBLEMS_MAX);
	rc = init_write(dir, &next, &e);
	if (rc == -1)
		(void)fprintf(stderr, "masthead: %s\n", e.text);
	else
		(void)fputs(next.data, stdout);
	buf_clear(&next);
	return rc == -1 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* Loads the file, or says each thing that is wrong with it. */
static struct config *
load(const char *path)
{
	struct config *c = NULL;
	struct buf problems;
	struct err e;

	buf_init(&problems, PROBLEMS_MAX);
	/* The lines say it all; the summary is for who has none. */
	if (config_load(&c, path, &problems, &e) == -1 && problems.len > 0)
		(void)fputs(problems.data, stderr);
	else if (c == NULL)
		(void)fprintf(stderr, "%s\n", e.text);
	buf_clear(&problems);
	return c;
}

static int
run_daemon(const char *path, struct config *c)
{
	static struct daemon d;
	struct err e;
	int rc = EXIT_SUCCESS;

	log_set_level((enum log_level)c->log_level);
	if (daemon_open(&d, path, c, &e) == 0) {
		daemon_run(&d);
	} else {
		log_event(LOG_ERROR, "cannot-start", "why", e.text, NULL);
		rc = EXIT_FAILURE;
	}
	daemon_close(&d);
	return rc;
}

int
main(int argc, char **argv)
{
	const char *path = CONFIG_DEFAULT;
	bool only_check = false;
	struct config *c;
	int opt;

	if (argc == 3 && strcmp(argv[1], "init") == 0)
		return run_init(argv[2]);
	while ((opt = getopt(argc, argv, "c:nVh")) != -1) {
		switch (opt) {
		case 'c':
			path = optarg;
			break;
		case 'n':
			only_check = true;
			break;
		case 'V':
			(void)printf("masthead %s\n", MASTHEAD_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return EX_USAGE;
		}
	}
	if (optind != argc) {
		usage(stderr);
		return EX_USAGE;
	}
	c = load(path);
	if (c == NULL)
		return EX_CONFIG;
	if (!only_check)
		return run_daemon(path, c);
	(void)printf("%s: good\n", path);
	config_free(c);
	return EXIT_SUCCESS;
}

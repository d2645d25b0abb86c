/*
 * room PORT ROOM OCCUPANTS MESSAGES pipelined|single [COMMAND]: one publisher
 * (daily) posts in a room of OCCUPANTS, and all of them get everything; raw
 * sockets, so that the client costs next to nothing.  COMMAND is run when all
 * have joined, before the first post.
 *
 *	pipelined   all at once; prints messages a second, from the first
 *		    byte sent to the last message received by the last
 *	single      one at a time; prints the median and the 99th percentile of
 *		    the time until another occupant has it, in milliseconds
 *
 * Anything but MESSAGES deliveries to each occupant, in order, is an error.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/client.h"

#define OCCUPANTS_MAX 256
#define WATCHDOG_S 600

static struct client clients[OCCUPANTS_MAX];
static int client_count;
static const char body[] =
    "A body of one hundred and sixty bytes, as short news have it: the "
    "harbour reopened this morning after the storm, and the first two "
    "ferries left on time, all aboard...";

static void
join(int port, const char *room, const char *user, int number)
{
	struct client *c = &clients[client_count++];
	char resource[16];

	snprintf(resource, sizeof resource, "r%d", number);
	client_login(c, port, user, resource);
	client_putf(c,
	    "<presence to='%s/%s %d'>"
	    "<x xmlns='http://jabber.org/protocol/muc'>"
	    "<history maxstanzas='0'/></x></presence>",
	    room, user, number);
	client_expect(c, "code='110'");
	client_expect(c, "<subject");
}

/* Counts the messages of the run that have come in, in order. */
static void
take(struct client *c)
{
	char *p = c->in, *start, *end;

	client_fill(c);
	while ((end = strstr(p, "</message>")) != NULL) {
		start = strstr(p, " id='post-");
		if (start == NULL || start > end)
			start = strstr(p, " id=\"post-");
		if (start != NULL && start < end) {
			if (memmem(p, (size_t)(end - p), "type='error'", 12))
				client_die("a post was refused");
			if (strtol(start + 10, NULL, 10) != c->received + 1)
				client_die("message %ld is missing",
				    c->received + 1);
			c->received++;
		}
		p = end + 10;
	}
	client_forget(c, p);
}

static bool
have_all(long count, int index)
{
	for (int i = 0; i < client_count; i++)
		if ((index == -1 || index == i) && clients[i].received < count)
			return false;
	return true;
}

/* Until the client at `index`, or everybody (-1), has `count`. */
static void
receive(long count, int index)
{
	double until = client_now() + WATCHDOG_S;

	while (!have_all(count, index)) {
		if (client_now() > until)
			client_die("waited too long");
		client_wait(clients, client_count, take);
	}
}

static void
post(struct client *c, const char *room, long number)
{
	client_putf(c,
	    "<message type='groupchat' to='%s' id='post-%ld'><body>%s</body>"
	    "</message>",
	    room, number, body);
}

/* Written by a child, so that writing never waits for reading. */
static void
run_pipelined(const char *room, long count)
{
	double start = client_now();
	pid_t child = fork();

	if (child < 0)
		client_die("fork");
	if (child == 0) {
		char *all = malloc((size_t)count * 512), *p = all;

		for (long i = 1; i <= count; i++)
			p += sprintf(p,
			    "<message type='groupchat' to='%s'"
			    " id='post-%ld'><body>%s</body></message>",
			    room, i, body);
		client_put(&clients[0], all, (size_t)(p - all));
		_exit(0);
	}
	receive(count, -1);
	printf("per_s=%.1f\n", (double)count / (client_now() - start));
}

static int
compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
run_single(const char *room, long count)
{
	double *late = calloc((size_t)count, sizeof *late), start;

	for (long i = 0; i < count; i++) {
		start = client_now();
		post(&clients[0], room, i + 1);
		receive(i + 1, 1);
		late[i] = client_now() - start;
		receive(i + 1, -1);
	}
	qsort(late, (size_t)count, sizeof *late, compare);
	printf("p50_ms=%.4f p99_ms=%.4f\n", 1e3 * late[count / 2],
	    1e3 * late[count * 99 / 100]);
	free(late);
}

int
main(int argc, char **argv)
{
	int occupants;
	long count;

	if (argc != 6 && argc != 7)
		client_die(
		    "usage: room PORT ROOM OCCUPANTS MESSAGES MODE [COMMAND]");
	occupants = atoi(argv[3]);
	count = atol(argv[4]);
	if (occupants < 2 || occupants > OCCUPANTS_MAX || count < 1)
		client_die("usage: 2 to %d occupants", OCCUPANTS_MAX);
	join(atoi(argv[1]), argv[2], "daily", 0);
	for (int i = 1; i < occupants; i++)
		join(atoi(argv[1]), argv[2], "alice", i);
	if (argc == 7 && system(argv[6]) != 0)
		client_die("%s", argv[6]);
	if (strcmp(argv[5], "pipelined") == 0)
		run_pipelined(argv[2], count);
	else
		run_single(argv[2], count);
	for (int i = 0; i < client_count; i++)
		client_putf(&clients[i], "</stream:stream>");
	return 0;
}

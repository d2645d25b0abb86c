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
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define OCCUPANTS_MAX 256
#define IN_CAP (1u << 20)
#define WATCHDOG_S 600

struct client {
	int fd;
	char *in;
	size_t len;
	long received; /* messages of this run, in order */
};

static struct client clients[OCCUPANTS_MAX];
static int client_count;
static const char body[] =
    "A body of one hundred and sixty bytes, as short news have it: the "
    "harbour reopened this morning after the storm, and the first two "
    "ferries left on time, all aboard...";

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("room: ", stderr);
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, " (%s)\n", strerror(errno));
	va_end(ap);
	exit(1);
}

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
put(struct client *c, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(c->fd, text, len);

		if (n < 0)
			die("write");
		text += n;
		len -= (size_t)n;
	}
}

static void __attribute__((format(printf, 2, 3)))
putf(struct client *c, const char *fmt, ...)
{
	char text[2048];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	put(c, text, strlen(text));
}

static void
fill(struct client *c)
{
	ssize_t n = read(c->fd, c->in + c->len, IN_CAP - c->len);

	if (n <= 0)
		die("a connection ended");
	c->len += (size_t)n;
	c->in[c->len] = '\0';
}

/* Reads until `what` has come, and forgets all up to it. */
static void
expect(struct client *c, const char *what)
{
	char *p;

	while ((p = strstr(c->in, what)) == NULL)
		fill(c);
	p += strlen(what);
	c->len -= (size_t)(p - c->in);
	memmove(c->in, p, c->len + 1);
}

static const char stream_open[] =
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0'"
    " xmlns:stream='http://etherx.jabber.org/streams' to='localhost'>";

static void
base64(const char *bytes, size_t len, char *r)
{
	static const char set[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				  "abcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < len; i += 3) {
		unsigned v = (unsigned)(unsigned char)bytes[i] << 16;

		if (i + 1 < len)
			v |= (unsigned)(unsigned char)bytes[i + 1] << 8;
		if (i + 2 < len)
			v |= (unsigned char)bytes[i + 2];
		*r++ = set[v >> 18];
		*r++ = set[v >> 12 & 63];
		*r++ = i + 1 < len ? set[v >> 6 & 63] : '=';
		*r++ = i + 2 < len ? set[v & 63] : '=';
	}
	*r = '\0';
}

static void
join(int port, const char *room, const char *user, int number)
{
	struct client *c = &clients[client_count++];
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	char plain[64], coded[128], own[128];
	int one = 1;
	size_t len;

	c->in = calloc(1, IN_CAP + 1);
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->in == NULL || connect(c->fd, (struct sockaddr *)&a, sizeof a))
		die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	put(c, stream_open, sizeof stream_open - 1);
	expect(c, "</stream:features>");
	len = (size_t)snprintf(plain, sizeof plain, "%c%s%csecret", 0, user, 0);
	base64(plain, len, coded);
	putf(c,
	    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
	    " mechanism='PLAIN'>%s</auth>",
	    coded);
	expect(c, "<success");
	put(c, stream_open, sizeof stream_open - 1);
	expect(c, "</stream:features>");
	putf(c,
	    "<iq type='set' id='b'><bind xmlns="
	    "'urn:ietf:params:xml:ns:xmpp-bind'><resource>r%d</resource>"
	    "</bind></iq>",
	    number);
	expect(c, "</iq>");
	snprintf(own, sizeof own, "%s %d", user, number);
	putf(c,
	    "<presence to='%s/%s'>"
	    "<x xmlns='http://jabber.org/protocol/muc'>"
	    "<history maxstanzas='0'/></x></presence>",
	    room, own);
	expect(c, "code='110'");
	expect(c, "<subject");
}

/* Counts the messages of the run that have come in, in order. */
static void
take(struct client *c)
{
	char *p = c->in, *start, *end;

	fill(c);
	while ((end = strstr(p, "</message>")) != NULL) {
		start = strstr(p, " id='post-");
		if (start == NULL || start > end)
			start = strstr(p, " id=\"post-");
		if (start != NULL && start < end) {
			if (memmem(p, (size_t)(end - p), "type='error'", 12))
				die("a post was refused");
			if (strtol(start + 10, NULL, 10) != c->received + 1)
				die("message %ld is missing", c->received + 1);
			c->received++;
		}
		p = end + 10;
	}
	c->len -= (size_t)(p - c->in);
	memmove(c->in, p, c->len + 1);
}

/* Until the client at `index`, or everybody (-1), has `count`. */
static void
receive(long count, int index)
{
	struct pollfd p[OCCUPANTS_MAX];
	double until = now() + WATCHDOG_S;

	for (;;) {
		bool is_done = true;

		for (int i = 0; i < client_count; i++) {
			p[i] = (struct pollfd){ .fd = clients[i].fd,
				.events = POLLIN };
			if ((index == -1 || index == i) &&
			    clients[i].received < count)
				is_done = false;
		}
		if (is_done)
			return;
		if (now() > until)
			die("waited too long");
		if (poll(p, (nfds_t)client_count, 1000) < 0)
			die("poll");
		for (int i = 0; i < client_count; i++)
			if ((p[i].revents & (POLLIN | POLLHUP)) != 0)
				take(&clients[i]);
	}
}

static void
post(struct client *c, const char *room, long number)
{
	putf(c,
	    "<message type='groupchat' to='%s' id='post-%ld'><body>%s</body>"
	    "</message>",
	    room, number, body);
}

/* Written by a child, so that writing never waits for reading. */
static void
run_pipelined(const char *room, long count)
{
	double start = now();
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (child == 0) {
		char *all = malloc((size_t)count * 512), *p = all;

		for (long i = 1; i <= count; i++)
			p += sprintf(p,
			    "<message type='groupchat' to='%s'"
			    " id='post-%ld'><body>%s</body></message>",
			    room, i, body);
		put(&clients[0], all, (size_t)(p - all));
		_exit(0);
	}
	receive(count, -1);
	printf("per_s=%.1f\n", (double)count / (now() - start));
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
		start = now();
		post(&clients[0], room, i + 1);
		receive(i + 1, 1);
		late[i] = now() - start;
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
		die("usage: room PORT ROOM OCCUPANTS MESSAGES MODE [COMMAND]");
	occupants = atoi(argv[3]);
	count = atol(argv[4]);
	if (occupants < 2 || occupants > OCCUPANTS_MAX || count < 1)
		die("usage: 2 to %d occupants", OCCUPANTS_MAX);
	join(atoi(argv[1]), argv[2], "daily", 0);
	for (int i = 1; i < occupants; i++)
		join(atoi(argv[1]), argv[2], "alice", i);
	if (argc == 7 && system(argv[6]) != 0)
		die("%s", argv[6]);
	if (strcmp(argv[5], "pipelined") == 0)
		run_pipelined(argv[2], count);
	else
		run_single(argv[2], count);
	for (int i = 0; i < client_count; i++)
		putf(&clients[i], "</stream:stream>");
	return 0;
}

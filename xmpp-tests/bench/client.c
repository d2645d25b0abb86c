#define _GNU_SOURCE
#include "bench/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define POLLED_MAX 256

void
client_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("bench: ", stderr);
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, " (%s)\n", strerror(errno));
	va_end(ap);
	exit(1);
}

double
client_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

void
client_put(struct client *c, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(c->fd, text, len);

		if (n < 0)
			client_die("write");
		text += n;
		len -= (size_t)n;
	}
}

void
client_putf(struct client *c, const char *fmt, ...)
{
	char text[4096];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof text)
		client_die("too long to send");
	client_put(c, text, (size_t)n);
}

void
client_fill(struct client *c)
{
	ssize_t n = read(c->fd, c->in + c->len, CLIENT_IN_CAP - c->len);

	if (n <= 0)
		client_die("a connection ended");
	c->len += (size_t)n;
	c->in[c->len] = '\0';
}

void
client_forget(struct client *c, const char *p)
{
	c->len -= (size_t)(p - c->in);
	memmove(c->in, p, c->len + 1);
}

void
client_expect(struct client *c, const char *what)
{
	char *p;

	while ((p = strstr(c->in, what)) == NULL)
		client_fill(c);
	client_forget(c, p + strlen(what));
}

void
client_wait(struct client *c, int count, void (*take)(struct client *))
{
	struct pollfd p[POLLED_MAX];

	if (count > POLLED_MAX)
		client_die("too many clients");
	for (int i = 0; i < count; i++)
		p[i] = (struct pollfd){ .fd = c[i].fd, .events = POLLIN };
	if (poll(p, (nfds_t)count, 1000) < 0)
		client_die("poll");
	for (int i = 0; i < count; i++)
		if ((p[i].revents & (POLLIN | POLLHUP)) != 0)
			take(&c[i]);
}

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
stream_open(struct client *c)
{
	client_putf(c,
	    "<?xml version='1.0'?><stream:stream xmlns='jabber:client'"
	    " xmlns:stream='http://etherx.jabber.org/streams' to='localhost'"
	    " version='1.0'>");
	client_expect(c, "</stream:features>");
}

void
client_login(struct client *c, int port, const char *user, const char *resource)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
		.sin_port = htons((unsigned short)port),
		.sin_addr = { htonl(INADDR_LOOPBACK) } };
	char plain[64], coded[128];
	int one = 1;
	size_t len;

	c->in = calloc(1, CLIENT_IN_CAP + 1);
	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->in == NULL || connect(c->fd, (struct sockaddr *)&a, sizeof a))
		client_die("connect");
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	stream_open(c);
	len = (size_t)snprintf(plain, sizeof plain, "%c%s%csecret", 0, user, 0);
	base64(plain, len, coded);
	client_putf(c,
	    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
	    " mechanism='PLAIN'>%s</auth>",
	    coded);
	client_expect(c, "<success");
	stream_open(c);
	client_putf(c,
	    "<iq type='set' id='b'><bind xmlns="
	    "'urn:ietf:params:xml:ns:xmpp-bind'><resource>%s</resource>"
	    "</bind></iq>",
	    resource);
	client_expect(c, "</iq>");
}

/*
 * feed PORT SERVICE NODE SUBSCRIBERS ITEMS pipelined|single SIZE [XML
 *[COMMAND]]: one publisher (daily) publishes Atom entries to a node, and all
 *subscribers (reader1, reader2, ...; each an account with one session) get
 *everything. A node of a pubsub service must be there; one of daily's account
 *is made. SIZE is how often the two paragraphs of the text stand in an entry;
 *XML is put at its end, as if the publisher had written it; COMMAND is run when
 *all have subscribed, before the first publish.
 *
 *	pipelined   all at once; prints items a second, from the first byte
 *		    sent to the last event received by the last
 *	single      one at a time, each until all have it
 *
 * Anything but a result for each publish, and ITEMS events for each
 * subscriber, in order, is an error.
 */
#define _GNU_SOURCE
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/client.h"

#define CLIENTS_MAX 256
#define PUBLISH_CAP 32768
#define WATCHDOG_S 600
#define PUBSUB "http://jabber.org/protocol/pubsub"

/* The publisher and the subscribers. */
static struct client clients[CLIENTS_MAX];
static int client_count;
static const char *service, *node, *more = "";
static char text[PUBLISH_CAP / 2];

/*
 * An entry as XEP-0277 and XEP-0472 have it: title, times, author, a summary,
 * the text as XHTML, category, links.  With two paragraphs 1.3 KB, a short
 * post; each two more are 0.6 KB.
 */
static const char entry[] =
    "<entry xmlns='http://www.w3.org/2005/Atom'>"
    "<title type='text'>Harbour reopens after the storm</title>"
    "<id>tag:daily.example.org,2026:posts-%ld</id>"
    "<published>2026-11-23T08:05:00Z</published>"
    "<updated>2026-11-23T08:05:00Z</updated>"
    "<author><name>Daily Example</name><uri>xmpp:daily@localhost</uri>"
    "</author>"
    "<summary type='text'>The first two ferries left on time this morning,"
    " all aboard; freight has to wait until the afternoon.</summary>"
    "<content type='xhtml'><div xmlns='http://www.w3.org/1999/xhtml'>"
    "%s</div></content>"
    "<category term='news'/>"
    "<link rel='alternate' type='text/html'"
    " href='https://daily.example.org/2026/11/harbour-reopens-%ld'/>"
    "<link rel='replies' title='comments'"
    " href='xmpp:daily@localhost?;node=urn%%3Axmpp%%3Amicroblog%%3A0%%3A"
    "comments%%2Fposts-%ld'/>"
    "%s</entry>";
static const char paragraphs[] =
    "<p>The harbour reopened at seven this morning, eleven hours after the"
    " storm had closed it. The first two ferries left on time, with three"
    " hundred passengers who had spent the night in the terminal.</p>"
    "<p>&#8220;Nobody was hurt, and nothing is broken that we need today&#8221;,"
    " said the harbour master. Freight has to wait until two in the afternoon:"
    " one of the cranes must be examined first. The forecast for the rest of"
    " the week is <a href='https://daily.example.org/weather'>calm and"
    " cold</a>.</p>";

static void
write_text(int size)
{
	size_t len = sizeof paragraphs - 1;

	if (size < 1 || (size_t)size * len >= sizeof text)
		client_die("usage: a text of 1 to %zu times",
		    sizeof text / len - 1);
	for (int i = 0; i < size; i++)
		memcpy(text + (size_t)i * len, paragraphs, len + 1);
}

static void
subscribe(int port, int number)
{
	struct client *c = &clients[client_count++];
	char user[32];

	snprintf(user, sizeof user, "reader%d", number);
	client_login(c, port, user, "r");
	client_putf(c,
	    "<presence/>"
	    "<iq type='set' id='subscribe' to='%s'><pubsub xmlns='" PUBSUB "'>"
	    "<subscribe node='%s' jid='%s@localhost'/></pubsub></iq>",
	    service, node, user);
	client_expect(c, "subscription='subscribed'");
	client_expect(c, "</iq>");
}

static int
publish(char *r, long number)
{
	int n = snprintf(r, PUBLISH_CAP,
	    "<iq type='set' id='publish-%ld' to='%s'><pubsub xmlns='" PUBSUB
	    "'><publish node='%s'><item id='post-%ld'>",
	    number, service, node, number);

	n += snprintf(r + n, PUBLISH_CAP - (size_t)n, entry, number, text,
	    number, number, more);
	if (n >= PUBLISH_CAP - 64)
		client_die("an entry is too long");
	return n + sprintf(r + n, "</item></publish></pubsub></iq>");
}

/* The publisher gets a result for each publish, the others the event. */
static void
take(struct client *c)
{
	const char *close = c == clients ? "</iq>" : "</message>";
	char *p = c->in, *id, *end;

	client_fill(c);
	while ((end = strstr(p, close)) != NULL) {
		if (memmem(p, (size_t)(end - p), "type='error'", 12) != NULL)
			client_die("%.*s", (int)(end - p), p);
		id = memmem(p, (size_t)(end - p), " id='post-", 10);
		if (id == NULL || strtol(id + 10, NULL, 10) != ++c->received)
			client_die("item %ld is missing in %.*s", c->received,
			    (int)(end - p), p);
		p = end + strlen(close);
	}
	client_forget(c, p);
}

static bool
have_all(long count)
{
	for (int i = 0; i < client_count; i++)
		if (clients[i].received < count)
			return false;
	return true;
}

static void
receive(long count)
{
	double until = client_now() + WATCHDOG_S;

	while (!have_all(count)) {
		if (client_now() > until)
			client_die("waited too long");
		client_wait(clients, client_count, take);
	}
}

/* Written by a child, so that writing never waits for reading. */
static void
run_pipelined(long count)
{
	double start = client_now();
	pid_t child = fork();

	if (child < 0)
		client_die("fork");
	if (child == 0) {
		char *all = malloc((size_t)count * PUBLISH_CAP), *p = all;

		for (long i = 1; i <= count; i++)
			p += publish(p, i);
		client_put(&clients[0], all, (size_t)(p - all));
		_exit(0);
	}
	receive(count);
	printf("per_s=%.1f\n", (double)count / (client_now() - start));
}

static void
run_single(long count)
{
	char one[PUBLISH_CAP];

	for (long i = 1; i <= count; i++) {
		client_put(&clients[0], one, (size_t)publish(one, i));
		receive(i);
	}
}

int
main(int argc, char **argv)
{
	int port, subscribers;
	long count;

	if (argc < 8 || argc > 10)
		client_die("usage: feed PORT SERVICE NODE SUBSCRIBERS ITEMS"
			   " MODE SIZE [XML [COMMAND]]");
	port = atoi(argv[1]);
	service = argv[2];
	node = argv[3];
	subscribers = atoi(argv[4]);
	count = atol(argv[5]);
	write_text(atoi(argv[7]));
	if (argc > 8)
		more = argv[8];
	if (subscribers < 1 || subscribers >= CLIENTS_MAX || count < 1)
		client_die("usage: 1 to %d subscribers", CLIENTS_MAX - 1);
	client_login(&clients[client_count++], port, "daily", "desk");
	for (int i = 1; i <= subscribers; i++)
		subscribe(port, i);
	if (argc == 10 && system(argv[9]) != 0)
		client_die("%s", argv[9]);
	if (strcmp(argv[6], "pipelined") == 0)
		run_pipelined(count);
	else
		run_single(count);
	for (int i = 0; i < client_count; i++)
		client_putf(&clients[i], "</stream:stream>");
	return 0;
}

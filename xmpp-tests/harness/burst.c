/*
 * Many numbered stanzas at once, and the account of what became of them:
 * each one is delivered or bounced, once, the delivered ones in order.
 * They are known by their ids, PREFIX1, PREFIX2 and so on: a message keeps
 * its own, and of a publication it is the item's.  A publication is an IQ,
 * whose result has to reach the publisher as well, once.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match.h"
#include "sentence.h"
#include "util.h"

#define BODY_MAX ((size_t)64 << 20)
#define NS_PUBSUB "http://jabber.org/protocol/pubsub"
#define NS_PUBSUB_EVENT NS_PUBSUB "#event"

struct tally {
	struct play *play;
	const struct client *sender, *receiver;
	/* How often each number was seen; `answered`: IQ results. */
	long *delivered, *bounced, *answered;
	/* Different numbers. */
	long delivered_count, bounced_count, answered_count;
	long misplaced; /* the first that came after a higher one; 0: none */
	long want;	/* how many to wait for */
};

/* The number in an id; 0 if the element is not of this burst. */
static long
number_in_id(const struct burst *b, const struct node *n)
{
	const char *id = node_attr(n, "id");
	char *end;
	long number;

	if (!id || !util_has_prefix(id, b->prefix))
		return 0;
	number = strtol(id + strlen(b->prefix), &end, 10);
	return *end == '\0' && number > 0 && number <= b->count ? number : 0;
}

/* The first item of a node's notification; NULL if the stanza is none. */
static const struct node *
first_item(const struct node *stanza)
{
	const struct node *event, *items = NULL;

	if (strcmp(stanza->name, "message") == 0) {
		event = node_child(stanza, "event");
		if (event && strcmp(event->ns, NS_PUBSUB_EVENT) == 0)
			items = node_child(event, "items");
	}
	return items ? node_child(items, "item") : NULL;
}

/* The number of a stanza or of the item in it; 0 if it is not of this burst. */
static long
number_of(const struct burst *b, const struct node *n)
{
	const struct node *item = first_item(n);
	long number = number_in_id(b, n);

	return number == 0 && item ? number_in_id(b, item) : number;
}

static int
has_type(const struct node *n, const char *want)
{
	const char *type = node_attr(n, "type");

	return type && strcmp(type, want) == 0;
}

static int
is_error(const struct node *n)
{
	return has_type(n, "error");
}

static int
is_iq(const struct node *n)
{
	return strcmp(n->name, "iq") == 0;
}

static int
is_result(const struct node *n)
{
	return is_iq(n) && has_type(n, "result");
}

static void
count_delivered(struct tally *t)
{
	const struct stanza *s;
	long n, last = 0;

	for (s = t->receiver->first; s; s = s->next) {
		n = number_of(&t->sender->burst, s->node);
		if (n == 0 || is_error(s->node) || is_iq(s->node))
			continue;
		if (n < last && t->misplaced == 0)
			t->misplaced = n;
		last = n;
		if (t->delivered[n]++ == 0)
			t->delivered_count++;
	}
}

static void
count_answers(struct tally *t)
{
	const struct stanza *s;
	long n;

	for (s = t->sender->first; s; s = s->next) {
		n = number_in_id(&t->sender->burst, s->node);
		if (n == 0)
			continue;
		if (is_error(s->node) && t->bounced[n]++ == 0)
			t->bounced_count++;
		if (is_result(s->node) && t->answered[n]++ == 0)
			t->answered_count++;
	}
}

static void
tally_count(struct tally *t)
{
	size_t size = ((size_t)t->sender->burst.count + 1) * sizeof(long);

	memset(t->delivered, 0, size);
	memset(t->bounced, 0, size);
	memset(t->answered, 0, size);
	t->delivered_count = t->bounced_count = t->answered_count = 0;
	t->misplaced = 0;
	if (t->receiver)
		count_delivered(t);
	count_answers(t);
}

static int
tally_init(struct tally *t, struct play *p, const struct client *sender,
    const struct client *receiver)
{
	size_t size = ((size_t)sender->burst.count + 1) * sizeof(long);

	memset(t, 0, sizeof(*t));
	if (sender->burst.count == 0)
		return play_fail(p, "%s has sent no numbered messages",
		    sender->name);
	t->play = p;
	t->sender = sender;
	t->receiver = receiver;
	t->want = sender->burst.count;
	t->delivered = util_calloc(size);
	t->bounced = util_calloc(size);
	t->answered = util_calloc(size);
	return 0;
}

static void
tally_clear(struct tally *t)
{
	free(t->delivered);
	free(t->bounced);
	free(t->answered);
}

/* Whether results can reach the sender: only an IQ has one, and a stream that
 * was closed brings none. */
static int
is_answered(const struct tally *t)
{
	return t->sender->burst.is_iq && t->sender->fd >= 0 &&
	    !t->sender->is_half_closed && !t->sender->is_ended;
}

static int
is_accounted(void *arg)
{
	struct tally *t = arg;

	tally_count(t);
	if (is_answered(t) && t->answered_count + t->bounced_count < t->want)
		return 0;
	return t->delivered_count + t->bounced_count >= t->want;
}

static int
is_delivered(void *arg)
{
	struct tally *t = arg;

	tally_count(t);
	return t->delivered_count >= t->want;
}

/* Drops the burst's stanzas from a queue, so that the script can go on. */
static void
drop_burst(struct client *c, const struct burst *b)
{
	struct stanza **at = &c->first;

	while (*at) {
		if (number_of(b, (*at)->node) == 0)
			at = &(*at)->next;
		else
			node_free(client_take_at(c, at));
	}
}

/* One result for what was delivered, none for what bounced. */
static int
is_answer_right(const struct tally *t, long n)
{
	if (t->answered[n] > 1 || (t->answered[n] && t->bounced[n]))
		return 0;
	return !is_answered(t) || t->answered[n] + t->bounced[n] == 1;
}

static int
check_each_once(struct tally *t)
{
	long n, seen, bad = 0;

	for (n = 1; n <= t->sender->burst.count; n++) {
		seen = t->delivered[n] + t->bounced[n];
		if (seen == 1 && is_answer_right(t, n))
			continue;
		if (bad++ < 5)
			play_fail(t->play,
			    "number %ld: delivered %ld times, bounced %ld "
			    "times, results %ld",
			    n, t->delivered[n], t->bounced[n], t->answered[n]);
	}
	if (t->misplaced)
		play_fail(t->play, "number %ld came after a higher one",
		    t->misplaced);
	return bad || t->misplaced ? -1 : 0;
}

/* The account, when no more is to come. */
static int
check_account(struct tally *t, int may_bounce, int may_deliver)
{
	int rc = check_each_once(t);

	if (!may_bounce && t->bounced_count)
		rc = -1;
	if (!may_deliver && t->delivered_count)
		rc = -1;
	if (rc < 0)
		play_fail(t->play, "of %ld: delivered %ld, bounced %ld",
		    t->sender->burst.count, t->delivered_count,
		    t->bounced_count);
	return rc;
}

/* Each bounce has to look like the script's XML. */
static int
check_bounces(struct play *p, struct words *w, const struct client *sender)
{
	struct node *root;
	struct stanza *s;
	int rc = 0;

	if (!w->body)
		return 0;
	root = play_read_body(p, w, sender);
	if (!root)
		return -1;
	for (s = sender->first; s && rc == 0; s = s->next) {
		if (number_of(&sender->burst, s->node) == 0 ||
		    !is_error(s->node) || match(root->first, s->node, &p->vars))
			continue;
		play_show(p, "expected", root->first);
		play_show(p, "got     ", s->node);
		rc = -1;
	}
	node_free(root);
	return rc;
}

static int
account(struct play *p, struct words *w, struct client *sender,
    struct client *receiver, int may_bounce, int may_deliver)
{
	struct tally t;
	int rc;

	if (tally_init(&t, p, sender, receiver) < 0)
		return -1;
	stage_wait(&p->stage, is_accounted, &t);
	/* Doubled ones would come now. */
	rc = play_settle(p);
	tally_count(&t);
	if (check_account(&t, may_bounce, may_deliver) < 0)
		rc = -1;
	if (rc == 0)
		rc = check_bounces(p, w, sender);
	if (rc == 0 && p->stage.is_verbose)
		fprintf(stderr, "of %ld: delivered %ld, bounced %ld\n",
		    sender->burst.count, t.delivered_count, t.bounced_count);
	if (rc == 0) {
		drop_burst(sender, &sender->burst);
		if (receiver)
			drop_burst(receiver, &sender->burst);
	}
	tally_clear(&t);
	return rc;
}

static int
receives_all(struct play *p, struct words *w)
{
	return account(p, w, w->clients[1], w->clients[0], 0, 1);
}

static int
reach_or_bounce(struct play *p, struct words *w)
{
	return account(p, w, w->clients[0], w->clients[1], 1, 1);
}

static int
all_bounce(struct play *p, struct words *w)
{
	return account(p, w, w->clients[0], w->clients[1], 1, 0);
}

static int
has_received_some(struct play *p, struct words *w)
{
	struct tally t;
	int rc = 0;

	if (tally_init(&t, p, w->clients[1], w->clients[0]) < 0)
		return -1;
	t.want = w->numbers[0];
	if (!stage_wait(&p->stage, is_delivered, &t))
		rc = play_fail(p, "delivered %ld, bounced %ld",
		    t.delivered_count, t.bounced_count);
	tally_clear(&t);
	return rc;
}

static void
begin_burst(struct play *p, struct client *c, long count)
{
	free(c->burst.prefix);
	c->burst.prefix = util_format("burst%ld-", ++p->burst_count);
	c->burst.count = count;
	c->burst.is_iq = 0;
}

/* The template once for each number, with ${id} and ${n}. */
static int
send_template(struct play *p, struct client *c, const char *template)
{
	struct err err = { "" };
	struct buf all;
	char *n, *id;
	long i;
	int rc = 0;

	buf_init(&all, BODY_MAX);
	for (i = 1; i <= c->burst.count && rc == 0; i++) {
		n = util_format("%ld", i);
		id = util_format("%s%ld", c->burst.prefix, i);
		vars_set(&p->vars, "n", n);
		vars_set(&p->vars, "id", id);
		rc = vars_expand(&p->vars, template, &all, &err);
		free(n);
		free(id);
	}
	if (rc == 0)
		client_send(c, all.data, all.len);
	buf_clear(&all);
	return rc < 0 ? play_fail(p, "%s", err.text) : 0;
}

static int
sends_times(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];
	struct node *root, *n;
	char *template;
	int rc;

	if (c->fd < 0)
		return play_fail(p, "%s is not connected", c->name);
	begin_burst(p, c, w->numbers[0]);
	vars_set(&p->vars, "n", "1");
	vars_set(&p->vars, "id", c->burst.prefix);
	root = play_read_body(p, w, c);
	if (!root)
		return -1;
	for (n = root->first; n; n = n->next) {
		client_note_target(c, n);
		/* The counted one has the burst's prefix as its id here. */
		if (is_iq(n) && node_attr(n, "id") &&
		    strcmp(node_attr(n, "id"), c->burst.prefix) == 0)
			c->burst.is_iq = 1;
	}
	node_free(root);
	template = util_strdup(w->body);
	rc = send_template(p, c, util_trim(template));
	free(template);
	return rc;
}

static int
sends_numbered(struct play *p, struct words *w)
{
	char *template =
	    util_format("<message to='%s' type='groupchat' id='${id}'>"
			"<body>number ${n}</body></message>",
		w->texts[0]);
	int rc;

	w->body = template;
	rc = sends_times(p, w);
	free(template);
	return rc;
}

/* texts[1]: the service; NULL for the publisher's own account. */
static int
publishes_numbered(struct play *p, struct words *w)
{
	char *to = w->texts[1] ? util_format(" to='%s'", w->texts[1])
			       : util_strdup("");
	char *template =
	    util_format("<iq type='set' id='${id}'%s>"
			"<pubsub xmlns='" NS_PUBSUB "'><publish node='%s'>"
			"<item id='${id}'>"
			"<entry xmlns='http://www.w3.org/2005/Atom'>"
			"<title>number ${n}</title></entry>"
			"</item></publish></pubsub></iq>",
		to, w->texts[0]);
	int rc;

	w->body = template;
	rc = sends_times(p, w);
	free(template);
	free(to);
	return rc;
}

const struct sentence burst_sentences[] = {
	{ "<client> sends <number> numbered messages to <word>", sends_numbered,
	    0, 0 },
	{ "<client> sends <number> times", sends_times, 0, 1 },
	{ "<client> publishes <number> numbered items to <text>",
	    publishes_numbered, 0, 0 },
	{ "<client> publishes <number> numbered items to <text> of <word>",
	    publishes_numbered, 0, 0 },
	{ "<client> has received <number> of <client>'s messages",
	    has_received_some, 0, 0 },
	{ "<client> has received <number> of <client>'s items",
	    has_received_some, 0, 0 },
	{ "<client> receives all of <client>'s messages in order", receives_all,
	    0, 0 },
	{ "<client> receives all of <client>'s items in order", receives_all, 0,
	    0 },
	{ "<client>'s messages reach <client> or bounce", reach_or_bounce, 0,
	    2 },
	{ "<client>'s items reach <client> or bounce", reach_or_bounce, 0, 2 },
	{ "<client>'s messages bounce and none reaches <client>", all_bounce, 0,
	    2 },
	{ "<client>'s items bounce and none reaches <client>", all_bounce, 0,
	    2 },
	{ NULL, NULL, 0, 0 },
};

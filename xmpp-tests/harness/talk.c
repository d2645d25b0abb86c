/*
 * Sentences about clients: Scansion's own, and those that wait, skip and
 * look back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match.h"
#include "sentence.h"
#include "util.h"

#define BODY_MAX ((size_t)64 << 20)
#define NS_MUC "http://jabber.org/protocol/muc"

static int
connects(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];
	struct err err = { "" };
	char *var;

	if (client_connect(&p->stage, c, &err) < 0)
		return play_fail(p, "%s", err.text);
	var = util_format("%s's full JID", c->name);
	vars_set(&p->vars, var, c->bound_jid);
	free(var);
	return 0;
}

static int
cannot_connect(struct play *p, struct words *w)
{
	if (client_connect(&p->stage, w->clients[0], NULL) < 0)
		return 0;
	return play_fail(p, "%s could connect", w->clients[0]->name);
}

static int
is_ended(void *arg)
{
	struct client *c = arg;

	return c->is_ended;
}

static int
stream_ends(struct play *p, struct words *w)
{
	if (stage_wait(&p->stage, is_ended, w->clients[0]))
		return 0;
	return play_fail(p, "%s's stream is still open", w->clients[0]->name);
}

static int
disconnects(struct play *p, struct words *w)
{
	if (w->clients[0]->fd < 0)
		return 0;
	client_close_stream(w->clients[0]);
	return stream_ends(p, w);
}

static int
closes_stream(struct play *p, struct words *w)
{
	(void)p;
	client_close_stream(w->clients[0]);
	return 0;
}

static int
socket_closed(struct play *p, struct words *w)
{
	struct err err = { "" };

	if (client_close_socket(&p->stage, w->clients[0], &err) < 0)
		return play_fail(p, "%s", err.text);
	return 0;
}

static int
socket_reset(struct play *p, struct words *w)
{
	(void)p;
	client_reset_socket(w->clients[0]);
	return 0;
}

static int
check_connected(struct play *p, const struct client *c)
{
	if (c->fd >= 0)
		return 0;
	return play_fail(p, "%s is not connected (%s)", c->name,
	    c->why_ended ? c->why_ended : "and never was");
}

static int
sends(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];
	struct node *root, *n;
	struct buf text;
	char *bytes;

	if (check_connected(p, c) < 0)
		return -1;
	root = play_read_body(p, w, c);
	if (!root)
		return -1;
	for (n = root->first; n; n = n->next) {
		client_note_target(c, n);
		play_trace(p, "->", c, n);
	}
	node_free(root);
	/* As it stands in the script, not as we would print it. */
	buf_init(&text, BODY_MAX);
	vars_expand(&p->vars, w->body, &text, NULL);
	bytes = util_trim(text.data);
	client_send(c, bytes, strlen(bytes));
	buf_clear(&text);
	/* The next sentence may be another client's. */
	return play_reach_server(p, c);
}

static int
sends_raw(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];
	struct err err = { "" };
	struct buf text;
	char *bytes;

	if (check_connected(p, c) < 0)
		return -1;
	buf_init(&text, BODY_MAX);
	if (vars_expand(&p->vars, w->body, &text, &err) < 0) {
		buf_clear(&text);
		return play_fail(p, "%s", err.text);
	}
	bytes = util_trim(text.data);
	client_send(c, bytes, strlen(bytes));
	buf_clear(&text);
	return 0;
}

static int
has_stanza(void *arg)
{
	struct client *c = arg;

	return c->first != NULL || c->is_ended;
}

static struct node *
got_none(struct play *p, const struct client *c, const struct node *want)
{
	play_show(p, "expected", want);
	if (c->is_ended)
		play_fail(p, "did not get it: %s", c->why_ended);
	else
		play_fail(p, "did not get it in %d s", p->stage.timeout_s);
	return NULL;
}

/* The next stanza; NULL and a diagnosis when none comes. */
static struct node *
next_stanza(struct play *p, struct client *c, const struct node *want)
{
	stage_wait(&p->stage, has_stanza, c);
	return c->first ? client_take(c) : got_none(p, c, want);
}

struct awaited {
	struct play *play;
	struct client *client;
	const struct node *want;
	struct stanza **found; /* or the answer that is not as wanted */
	int is_match;
};

/* An IQ's answer with the id that is wanted: there will be no other. */
static int
is_answer(const struct node *want, const struct node *got)
{
	const char *w = node_attr(want, "id"), *g = node_attr(got, "id");

	return w && g && strcmp(want->name, "iq") == 0 &&
	    strcmp(got->name, "iq") == 0 && strcmp(w, g) == 0;
}

static int
has_match(void *arg)
{
	struct awaited *a = arg;
	struct stanza **at;

	for (at = &a->client->first; *at; at = &(*at)->next) {
		a->is_match = match(a->want, (*at)->node, &a->play->vars);
		if (!a->is_match && !is_answer(a->want, (*at)->node))
			continue;
		a->found = at;
		return 1;
	}
	return a->client->is_ended;
}

/* As Scansion has it: what came in between waits for other sentences. */
static int
receive_one(struct play *p, struct client *c, const struct node *want)
{
	struct awaited a = { p, c, want, NULL, 0 };
	struct node *got;

	stage_wait(&p->stage, has_match, &a);
	if (!a.found) {
		got_none(p, c, want);
		return -1;
	}
	got = client_take_at(c, a.found);
	if (!a.is_match) {
		play_show(p, "expected", want);
		play_show(p, "got     ", got);
	} else {
		play_trace(p, "<-", c, got);
	}
	node_free(got);
	return a.is_match ? 0 : -1;
}

static int
receive_next(struct play *p, struct client *c, const struct node *want)
{
	struct node *got = next_stanza(p, c, want);
	int is_match = got && match(want, got, &p->vars);

	if (got && !is_match) {
		play_show(p, "expected", want);
		play_show(p, "got     ", got);
	} else if (got) {
		play_trace(p, "<-", c, got);
	}
	node_free(got);
	return is_match ? 0 : -1;
}

/* arg 0: sooner or later; 1: as the very next stanzas. */
static int
receives(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];
	struct node *root = play_read_body(p, w, c), *want;
	int rc = root ? 0 : -1;

	for (want = root ? root->first : NULL; want && rc == 0;
	     want = want->next)
		rc =
		    w->arg ? receive_next(p, c, want) : receive_one(p, c, want);
	node_free(root);
	return rc;
}

static int
receives_nothing(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];

	if (check_connected(p, c) < 0 || play_settle(p) < 0)
		return -1;
	if (!c->first)
		return 0;
	play_fail(p, "expected: nothing");
	play_show(p, "got     ", c->first->node);
	return -1;
}

static int
has_not_received(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];
	struct node *root, *want;
	struct stanza *s;
	int rc = 0;

	if (play_settle(p) < 0)
		return -1;
	root = play_read_body(p, w, c);
	if (!root)
		return -1;
	for (want = root->first; want && rc == 0; want = want->next) {
		for (s = c->first; s && rc == 0; s = s->next) {
			if (!match(want, s->node, &p->vars))
				continue;
			play_show(p, "should not come", want);
			play_show(p, "got            ", s->node);
			rc = -1;
		}
	}
	node_free(root);
	return rc;
}

static int
never_received_text(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];
	const char *at;

	if (play_settle(p) < 0)
		return -1;
	if (c->log.failed)
		return play_fail(p, "%s received too much", c->name);
	at = c->log.data ? strstr(c->log.data, w->texts[0]) : NULL;
	if (!at)
		return 0;
	while (at > c->log.data && at[-1] != '\n')
		at--;
	return play_fail(p, "%s received %.*s", c->name, (int)strcspn(at, "\n"),
	    at);
}

struct search {
	const struct client *client;
	const char *text;
};

static int
is_found(void *arg)
{
	struct search *s = arg;

	return s->client->log.data && strstr(s->client->log.data, s->text);
}

static int
has_received_text(struct play *p, struct words *w)
{
	struct search s = { w->clients[0], w->texts[0] };

	if (stage_wait(&p->stage, is_found, &s))
		return 0;
	return play_fail(p, "%s did not receive \"%s\"", w->clients[0]->name,
	    s.text);
}

static int
discards(struct play *p, struct words *w)
{
	struct node *n;

	if (play_settle(p) < 0)
		return -1;
	while ((n = client_take(w->clients[0])))
		node_free(n);
	return 0;
}

static int
everybody_discards(struct play *p, struct words *w)
{
	struct client *c;
	struct node *n;

	(void)w;
	if (play_settle(p) < 0)
		return -1;
	for (c = p->stage.clients; c; c = c->next) {
		while ((n = client_take(c)))
			node_free(n);
	}
	return 0;
}

static int
ignores_presence(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];
	struct stanza **at = &c->first;

	(void)p;
	c->is_muted = 1;
	while (*at) {
		if (strcmp((*at)->node->name, "presence") != 0)
			at = &(*at)->next;
		else
			node_free(client_take_at(c, at));
	}
	return 0;
}

static int
reaches_server(struct play *p, struct words *w)
{
	return play_reach_server(p, w->clients[0]);
}

static int
all_settled(struct play *p, struct words *w)
{
	(void)w;
	return play_settle(p);
}

/* What ends a join: our own presence, or an error. */
static int
is_own_presence(const struct node *n, const char *occupant)
{
	const char *from = node_attr(n, "from");
	const struct node *x, *s;

	if (strcmp(n->name, "presence") != 0 || !from)
		return 0;
	x = node_child(n, "x");
	for (s = x ? x->first : NULL; s; s = s->next) {
		const char *code = node_attr(s, "code");

		if (code && strcmp(code, "110") == 0 &&
		    strcmp(from, occupant) == 0)
			return 1;
	}
	return 0;
}

static int
is_error_from(const struct node *n, const char *occupant)
{
	const char *from = node_attr(n, "from"), *type = node_attr(n, "type");

	return from && type && strcmp(type, "error") == 0 &&
	    strcmp(from, occupant) == 0;
}

static int
is_subject(const struct node *n)
{
	return strcmp(n->name, "message") == 0 && node_child(n, "subject") &&
	    !node_child(n, "body");
}

/* Reads past the list of occupants and the subject. */
static int
await_join(struct play *p, struct client *c, const char *occupant)
{
	struct node *n;
	int is_in = 0, is_done = 0;

	while (!is_done) {
		n = next_stanza(p, c, NULL);
		if (!n)
			return play_fail(p, "%s is not let in", c->name);
		if (is_error_from(n, occupant)) {
			play_show(p, "got     ", n);
			node_free(n);
			return play_fail(p, "%s is not let in", c->name);
		}
		is_in = is_in || is_own_presence(n, occupant);
		is_done = is_in && is_subject(n);
		node_free(n);
	}
	return 0;
}

static int
joins(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];
	char *occupant = util_format("%s/%s", w->texts[0], w->texts[1]), *text;
	int rc;

	rc = check_connected(p, c);
	if (rc == 0) {
		text = util_format("<presence to='%s'><x xmlns='" NS_MUC
				   "'><history maxstanzas='0'/></x></presence>",
		    occupant);
		client_send(c, text, strlen(text));
		free(text);
		rc = await_join(p, c, occupant);
	}
	free(occupant);
	return rc;
}

/* Sends an IQ, and waits for the result.  It is not part of the story. */
static int
ask(struct play *p, struct client *c, const char *id, const char *iq)
{
	char *text = util_format("<iq type='result' id='%s'/>", id);
	struct node *asked = node_read(iq, NODE_NS_CLIENT, NULL);
	struct node *want = node_read(text, NODE_NS_CLIENT, NULL);
	int is_verbose = p->stage.is_verbose, rc = check_connected(p, c);

	if (rc == 0 && (!asked || !want))
		rc = play_fail(p, "these words make no XML: %s", iq);
	if (rc == 0) {
		client_note_target(c, asked->first);
		client_send(c, iq, strlen(iq));
		p->stage.is_verbose = 0;
		rc = receive_one(p, c, want->first);
		p->stage.is_verbose = is_verbose;
	}
	node_free(asked);
	node_free(want);
	free(text);
	return rc;
}

/* With the full JID, so that no presence is needed to get the items. */
static int
subscribes(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];
	char *id, *iq;
	int rc;

	if (check_connected(p, c) < 0)
		return -1;
	id = util_format("subscribe-%ld", ++p->barrier_count);
	iq = util_format("<iq type='set' id='%s' to='%s'>"
			 "<pubsub xmlns='http://jabber.org/protocol/pubsub'>"
			 "<subscribe node='%s' jid='%s'/></pubsub></iq>",
	    id, w->texts[1], w->texts[0], c->bound_jid);
	rc = ask(p, c, id, iq);
	free(iq);
	free(id);
	return rc;
}

const struct sentence talk_sentences[] = {
	{ "<client> connects", connects, 0, 0 },
	{ "<client> disconnects", disconnects, 0, 0 },
	{ "<client> sends", sends, 0, 1 },
	{ "<client> receives", receives, 0, 1 },
	{ "<client> receives next", receives, 1, 1 },
	{ "<client> receives nothing", receives_nothing, 0, 0 },
	{ "<client> has not received", has_not_received, 0, 1 },
	{ "<client> has received <text>", has_received_text, 0, 0 },
	{ "<client> never received <text>", never_received_text, 0, 0 },
	{ "<client> discards what came", discards, 0, 0 },
	{ "everybody discards what came", everybody_discards, 0, 0 },
	{ "<client> ignores presence", ignores_presence, 0, 0 },
	{ "<client> joins <word> as <text>", joins, 0, 0 },
	{ "<client> subscribes to <text> of <word>", subscribes, 0, 0 },
	{ "<client> cannot connect", cannot_connect, 0, 0 },
	{ "<client> sends raw", sends_raw, 0, 1 },
	{ "<client> closes the stream", closes_stream, 0, 0 },
	{ "<client>'s socket is closed", socket_closed, 0, 0 },
	{ "<client>'s socket is reset", socket_reset, 0, 0 },
	{ "<client>'s stream ends", stream_ends, 0, 0 },
	{ "<client> has reached the server", reaches_server, 0, 0 },
	{ "all is settled", all_settled, 0, 0 },
	{ NULL, NULL, 0, 0 },
};

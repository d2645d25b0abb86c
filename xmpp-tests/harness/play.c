#include "play.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sentence.h"
#include "util.h"

#define BODY_MAX ((size_t)64 << 20)
#define SHOWN_MAX 8000 /* bytes of one stanza in a diagnosis */
/* A target that answers no ping (a frozen component) is not waited for. */
#define TARGET_WAIT_S 8

int
play_fail(struct play *p, const char *fmt, ...)
{
	va_list ap;
	char line[1024];

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	buf_addf(&p->why, "%s\n", line);
	return -1;
}

void
play_show(struct play *p, const char *what, const struct node *n)
{
	struct buf text;

	if (!n)
		return;
	buf_init(&text, BODY_MAX);
	node_print(n, &text);
	buf_addf(&p->why, "%s: %.*s%s\n", what, SHOWN_MAX, text.data,
	    text.len > SHOWN_MAX ? " ..." : "");
	buf_clear(&text);
}

void
play_trace(const struct play *p, const char *arrow, const struct client *c,
    const struct node *n)
{
	struct buf text;

	if (!p->stage.is_verbose)
		return;
	buf_init(&text, BODY_MAX);
	node_print(n, &text);
	fprintf(stderr, "%s %s: %s\n", arrow, c->name, text.data);
	buf_clear(&text);
}

struct node *
play_read_body(struct play *p, const struct words *w, const struct client *c)
{
	struct err err = { "" };
	struct node *root = NULL;
	struct buf text;

	buf_init(&text, BODY_MAX);
	if (vars_expand(&p->vars, w->body, &text, &err) == 0)
		root = node_read(text.data,
		    c->is_component ? NODE_NS_COMPONENT : NODE_NS_CLIENT, &err);
	buf_clear(&text);
	if (!root)
		play_fail(p, "the script's XML: %s", err.text);
	else if (!root->first)
		play_fail(p, "the script's XML: no element");
	if (root && root->first)
		return root;
	node_free(root);
	return NULL;
}

static void
ping(struct play *p, struct client *c, const char *to)
{
	char *from = c->is_component ? util_format(" from='%s'", c->jid)
				     : util_strdup("");
	char *text = util_format("<iq type='get' id='" CLIENT_BARRIER_ID
				 "%ld' to='%s'%s>"
				 "<ping xmlns='urn:xmpp:ping'/></iq>",
	    ++p->barrier_count, to, from);

	c->barriers_open++;
	client_send(c, text, strlen(text));
	free(text);
	free(from);
}

static void
ping_targets(struct play *p, struct client *c)
{
	const char *to;

	for (to = c->targets.data; to && to < c->targets.data + c->targets.len;
	     to += strlen(to) + 1)
		ping(p, c, to);
	buf_reset(&c->targets);
}

static const char *
domain_of(const char *jid)
{
	const char *at = strchr(jid, '@');

	return at ? at + 1 : jid;
}

static void
ping_server(struct play *p, struct client *c)
{
	char *domain = util_strdup(domain_of(c->bound_jid));

	domain[strcspn(domain, "/")] = '\0';
	ping(p, c, domain);
	free(domain);
}

static int
are_barriers_answered(void *arg)
{
	struct stage *st = arg;
	struct client *c;

	for (c = st->clients; c; c = c->next) {
		if (c->fd >= 0 && c->barriers_open > 0)
			return 0;
	}
	return 1;
}

static int
can_ping(const struct client *c)
{
	return c->fd >= 0 && c->in && c->bound_jid && !c->is_half_closed;
}

int
play_settle(struct play *p)
{
	int timeout_s = p->stage.timeout_s;
	struct client *c;

	for (c = p->stage.clients; c; c = c->next) {
		if (can_ping(c))
			ping_targets(p, c);
	}
	if (timeout_s > TARGET_WAIT_S)
		p->stage.timeout_s = TARGET_WAIT_S;
	stage_wait(&p->stage, are_barriers_answered, &p->stage);
	p->stage.timeout_s = timeout_s;
	for (c = p->stage.clients; c; c = c->next) {
		c->barriers_open = 0;
		if (can_ping(c) && !c->is_component)
			ping_server(p, c);
	}
	if (stage_wait(&p->stage, are_barriers_answered, &p->stage))
		return 0;
	return play_fail(p, "the server does not answer pings");
}

static int
is_barrier_answered(void *arg)
{
	struct client *c = arg;

	return c->fd < 0 || c->barriers_open <= 0;
}

int
play_reach_server(struct play *p, struct client *c)
{
	if (!can_ping(c) || c->is_component)
		return 0;
	ping_server(p, c);
	if (stage_wait(&p->stage, is_barrier_answered, c))
		return 0;
	return play_fail(p, "the server does not read on");
}

int
play_load_env(struct play *p, struct err *err)
{
	char *path;
	const char *port;
	int rc;

	if (!p->dir)
		return 0;
	path = util_format("%s/env", p->dir);
	rc = vars_load(&p->vars, path, err);
	free(path);
	vars_set(&p->vars, "DIR", p->dir);
	port = vars_find(&p->vars, "C2S_PORT");
	if (port)
		p->defaults.port = util_number(port, 65535);
	port = vars_find(&p->vars, "COMPONENT_PORT");
	if (port)
		p->component_port = util_number(port, 65535);
	return rc;
}

static void
set_name_var(struct play *p, const char *name, const char *what,
    const char *value)
{
	char *var = util_format("%s's %s", name, what);

	vars_set(&p->vars, var, value);
	free(var);
}

/* ${Romeo's JID} and what else is known before he connects. */
static void
name_client(struct play *p, const struct client *c)
{
	char *bare = util_strdup(c->jid), *at;

	set_name_var(p, c->name, "full JID", c->jid);
	bare[strcspn(bare, "/")] = '\0';
	set_name_var(p, c->name, "JID", bare);
	set_name_var(p, c->name, "domain", domain_of(bare));
	at = strchr(bare, '@');
	if (at)
		*at = '\0';
	set_name_var(p, c->name, "user ID", at ? bare : "");
	free(bare);
}

static int
expand_settings(struct play *p, const struct part *part, struct err *err)
{
	struct setting *s;
	struct buf text;

	for (s = part->settings; s; s = s->next) {
		buf_init(&text, 65536);
		if (vars_expand(&p->vars, s->value, &text, err) < 0) {
			buf_clear(&text);
			return -1;
		}
		free(s->value);
		s->value = util_strdup(text.data ? text.data : "");
		buf_clear(&text);
	}
	return 0;
}

static int
cast(struct play *p, const struct part *part)
{
	struct client defaults = p->defaults, *c;
	struct err err = { "" };

	if (strcmp(part->kind, "Component") == 0)
		defaults.port = p->component_port;
	else if (strcmp(part->kind, "Client") != 0)
		return play_fail(p, "line %d: no such part: [%s]", part->line,
		    part->kind);
	if (expand_settings(p, part, &err) < 0)
		return play_fail(p, "line %d: %s", part->line, err.text);
	c = client_new(&p->stage, part, &defaults, &err);
	if (!c)
		return play_fail(p, "%s", err.text);
	name_client(p, c);
	return 0;
}

/* What came and was not looked at: it mostly explains a failure. */
static void
show_unread(struct play *p)
{
	struct client *c;
	struct stanza *s;
	char *what;
	int shown;

	for (c = p->stage.clients; c; c = c->next) {
		shown = 0;
		for (s = c->first; s && shown < 3; s = s->next, shown++) {
			what = util_format("%s has unread", c->name);
			play_show(p, what, s->node);
			free(what);
		}
		if (s)
			play_fail(p, "%s has more unread", c->name);
		if (c->is_ended && c->why_ended)
			play_fail(p, "%s's stream: %s", c->name, c->why_ended);
	}
}

int
play_run(struct play *p, const struct script *s)
{
	const struct part *part;
	const struct step *step;

	for (part = s->parts; part; part = part->next) {
		if (cast(p, part) < 0)
			return -1;
	}
	for (step = s->steps; step; step = step->next) {
		if (p->stage.is_verbose)
			fprintf(stderr, "%d: %s\n", step->line, step->sentence);
		if (sentence_say(p, step) == 0)
			continue;
		play_fail(p, "in line %d: %s", step->line, step->sentence);
		show_unread(p);
		return -1;
	}
	return 0;
}

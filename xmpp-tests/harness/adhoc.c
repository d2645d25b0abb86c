/*
 * Sentences about commands (XEP-0050): begins one, fills the form that came
 * as a client would (what is not named keeps what the form showed), and looks
 * at what was answered.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "match.h"
#include "sentence.h"
#include "util.h"

#define NS_COMMANDS "http://jabber.org/protocol/commands"
#define NS_DATA "jabber:x:data"
#define TEXT_MAX ((size_t)1 << 20)

struct awaited {
	struct client *client;
	const char *id;
	struct stanza **found;
};

static int
has_answer(void *arg)
{
	struct awaited *a = arg;
	struct stanza **at;

	for (at = &a->client->first; *at; at = &(*at)->next) {
		const char *id = node_attr((*at)->node, "id");

		if (strcmp((*at)->node->name, "iq") == 0 && id &&
		    strcmp(id, a->id) == 0) {
			a->found = at;
			return 1;
		}
	}
	return a->client->is_ended;
}

/* Sends the stanza and keeps what is answered, an error, too. */
static int
ask(struct play *p, struct client *c, const char *id, const char *iq)
{
	struct awaited a = { c, id, NULL };

	if (c->fd < 0)
		return play_fail(p, "%s is not connected", c->name);
	client_send(c, iq, strlen(iq));
	stage_wait(&p->stage, has_answer, &a);
	if (!a.found)
		return play_fail(p, "%s got no answer to the command", c->name);
	node_free(c->answer);
	c->answer = client_take_at(c, a.found);
	play_trace(p, "<-", c, c->answer);
	return 0;
}

static int
begin(struct play *p, struct words *w, const char *lang)
{
	char *id = util_format("command-%ld", ++p->barrier_count);
	char *iq = util_format("<iq type='set' id='%s' to='%s' xml:lang='%s'>"
			       "<command xmlns='" NS_COMMANDS
			       "' node='%s' action='execute'/></iq>",
	    id, w->texts[1], lang, w->texts[0]);
	int rc = ask(p, w->clients[0], id, iq);

	free(iq);
	free(id);
	return rc;
}

static int
begins(struct play *p, struct words *w)
{
	return begin(p, w, "en");
}

static int
begins_in(struct play *p, struct words *w)
{
	return begin(p, w, w->texts[2]);
}

/*
 * The form that came.
 */

static const struct node *
command_of(struct play *p, const struct client *c)
{
	const struct node *command =
	    c->answer ? node_child(c->answer, "command") : NULL;

	if (!command) {
		play_fail(p, "%s has no command under way", c->name);
		if (c->answer)
			play_show(p, "the last answer", c->answer);
	}
	return command;
}

static void
add_escaped(struct buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			buf_adds(b, "&lt;");
		else if (*text == '&')
			buf_adds(b, "&amp;");
		else if (*text == '\'')
			buf_adds(b, "&apos;");
		else
			buf_add(b, text, 1);
	}
}

static void
add_value(struct buf *b, const char *text)
{
	buf_adds(b, "<value>");
	add_escaped(b, text);
	buf_adds(b, "</value>");
}

static const char *
text_of(const struct node *n)
{
	return n && n->text.data ? n->text.data : "";
}

/* The value of the option whose label has this text in it; NULL if none. */
static const char *
option_value(const struct node *field, const char *text)
{
	const struct node *o;

	for (o = field->first; o; o = o->next) {
		const char *label = node_attr(o, "label");

		if (strcmp(o->name, "option") == 0 && label &&
		    strstr(label, text))
			return text_of(node_child(o, "value"));
	}
	return NULL;
}

/*
 * Adds what a line says of this field: "var = value", "var ~ part of an
 * option's label".  1 if it is about it, 0 if not, -1 if there is no such
 * option.
 */
static int
add_line(struct play *p, struct buf *b, const struct node *field, char *line)
{
	const char *var = node_attr(field, "var"), *value;
	size_t len = var ? strlen(var) : 0;
	char *s = util_trim(line);

	if (!len || strncmp(s, var, len) != 0 || strcspn(s, " ") != len)
		return 0;
	s = util_trim(s + len);
	if (*s != '=' && *s != '~')
		return play_fail(p, "want VAR = VALUE or VAR ~ LABEL: %s",
		    line);
	value = util_trim(s + 1);
	if (*s == '~') {
		const char *label = value;

		value = option_value(field, label);
		if (!value)
			return play_fail(p, "%s offers no \"%s\"", var, label);
	}
	if (*value)
		add_value(b, value);
	return 1;
}

static int
add_field(struct play *p, struct buf *b, const struct node *field,
    const char *lines)
{
	const char *var = node_attr(field, "var");
	const char *type = node_attr(field, "type");
	const struct node *v;
	int is_named = 0, rc = 0;

	if (!var || (type && strcmp(type, "fixed") == 0))
		return 0;
	buf_adds(b, "<field var='");
	add_escaped(b, var);
	buf_adds(b, "'>");
	while (*lines && rc >= 0) {
		size_t len = strcspn(lines, "\n");
		char *line = util_strndup(lines, len);

		rc = add_line(p, b, field, line);
		is_named |= rc == 1;
		free(line);
		lines += len + (lines[len] == '\n');
	}
	for (v = is_named ? NULL : field->first; v; v = v->next)
		if (strcmp(v->name, "value") == 0)
			add_value(b, text_of(v));
	buf_adds(b, "</field>");
	return rc < 0 ? -1 : 0;
}

/* Every line is about a field of the form: a misspelt one fills nothing. */
static int
check_lines(struct play *p, const struct node *x, const char *lines)
{
	for (size_t len; *lines; lines += len + (lines[len] == '\n')) {
		const struct node *f;
		char *line, *s;
		int is_known = 0;

		len = strcspn(lines, "\n");
		line = util_strndup(lines, len);
		s = util_trim(line);
		s[strcspn(s, " ")] = '\0';
		for (f = x ? x->first : NULL; f; f = f->next) {
			const char *var = node_attr(f, "var");

			is_known |= var && strcmp(var, s) == 0;
		}
		if (!is_known && *s)
			play_fail(p, "the form has no field \"%s\"", s);
		is_known |= !*s;
		free(line);
		if (!is_known)
			return -1;
	}
	return 0;
}

static int
add_form(struct play *p, struct buf *b, const struct node *command,
    const char *lines)
{
	const struct node *x = node_child(command, "x"), *f;

	if (check_lines(p, x, lines) < 0)
		return -1;
	if (!x)
		return 0;
	buf_adds(b, "<x xmlns='" NS_DATA "' type='submit'>");
	for (f = x->first; f; f = f->next)
		if (strcmp(f->name, "field") == 0 &&
		    add_field(p, b, f, lines) < 0)
			return -1;
	buf_adds(b, "</x>");
	return 0;
}

/* The one that the command speaks goes on. */
static const char *
lang_of(const struct node *command)
{
	const struct attr *a;

	for (a = command->attrs; a; a = a->next)
		if (strcmp(a->ns, NODE_NS_XML) == 0 &&
		    strcmp(a->name, "lang") == 0)
			return a->value;
	return "en";
}

static int
submit(struct play *p, struct words *w, const char *lines)
{
	static const char *const actions[] = { "next", "complete", "prev",
		"cancel", "execute" };
	struct client *c = w->clients[0];
	const struct node *command = command_of(p, c);
	char *id = util_format("command-%ld", ++p->barrier_count);
	struct buf iq;
	int rc = -1;

	buf_init(&iq, TEXT_MAX);
	if (command && node_attr(command, "sessionid")) {
		buf_addf(&iq,
		    "<iq type='set' id='%s' to='%s' xml:lang='%s'>"
		    "<command xmlns='" NS_COMMANDS "' node='%s' "
		    "sessionid='%s' action='%s'>",
		    id, node_attr(c->answer, "from"), lang_of(command),
		    node_attr(command, "node"), node_attr(command, "sessionid"),
		    actions[w->arg]);
		rc = add_form(p, &iq, command, lines);
		buf_adds(&iq, "</command></iq>");
	}
	if (rc == 0)
		rc = ask(p, c, id, iq.data);
	buf_clear(&iq);
	free(id);
	return rc;
}

static int
fills_in(struct play *p, struct words *w)
{
	struct err err = { "" };
	struct buf lines;
	int rc;

	buf_init(&lines, TEXT_MAX);
	rc = vars_expand(&p->vars, w->body ? w->body : "", &lines, &err);
	if (rc < 0)
		rc = play_fail(p, "%s", err.text);
	else
		rc = submit(p, w, lines.data ? lines.data : "");
	buf_clear(&lines);
	return rc;
}

/*
 * What was answered.
 */

static char *
answer_text(const struct client *c)
{
	struct buf b;
	char *r;

	buf_init(&b, (size_t)64 << 20);
	if (c->answer)
		node_print(c->answer, &b);
	r = util_strdup(b.data ? b.data : "");
	buf_clear(&b);
	return r;
}

/* arg 1: it is there; 0: it is not. */
static int
is_told(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];
	char *text = answer_text(c);
	int has = strstr(text, w->texts[0]) != NULL;

	free(text);
	if (has == w->arg)
		return 0;
	play_fail(p, "%s is %stold \"%s\"", c->name, has ? "" : "not ",
	    w->texts[0]);
	if (c->answer)
		play_show(p, "the last answer", c->answer);
	return -1;
}

static int
is_done(struct play *p, struct words *w)
{
	static const char *const states[] = { "executing", "completed",
		"canceled" };
	const struct node *command = command_of(p, w->clients[0]);
	const char *status = command ? node_attr(command, "status") : NULL;

	if (!command)
		return -1;
	if (status && strcmp(status, states[w->arg]) == 0)
		return 0;
	play_fail(p, "the command is not %s", states[w->arg]);
	play_show(p, "the last answer", w->clients[0]->answer);
	return -1;
}

static int
is_refused(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];
	const struct node *error =
	    c->answer ? node_child(c->answer, "error") : NULL;

	if (error && node_child(error, w->texts[0]))
		return 0;
	play_fail(p, "the command is not refused with <%s/>", w->texts[0]);
	if (c->answer)
		play_show(p, "the last answer", c->answer);
	return -1;
}

/* The value of a field, or of the option with this label, as a variable. */
static int
keeps(struct play *p, struct words *w)
{
	struct client *c = w->clients[0];
	const struct node *command = command_of(p, c), *x, *f;

	x = command ? node_child(command, "x") : NULL;
	for (f = x ? x->first : NULL; f; f = f->next) {
		const char *name = node_attr(f, "var");

		if (strcmp(f->name, "field") != 0 || !name ||
		    strcmp(name, w->texts[0]) != 0)
			continue;
		vars_set(&p->vars, w->texts[1],
		    text_of(node_child(f, "value")));
		return 0;
	}
	return play_fail(p, "the form has no field \"%s\"", w->texts[0]);
}

const struct sentence adhoc_sentences[] = {
	{ "<client> begins <text> on <word>", begins, 0, 0 },
	{ "<client> begins <text> on <word> in <word>", begins_in, 0, 0 },
	{ "<client> goes on", fills_in, 0, 2 },
	{ "<client> completes", fills_in, 1, 2 },
	{ "<client> goes back", fills_in, 2, 2 },
	{ "<client> cancels", fills_in, 3, 0 },
	{ "<client> executes", fills_in, 4, 2 },
	{ "<client> is told <text>", is_told, 1, 0 },
	{ "<client> is not told <text>", is_told, 0, 0 },
	{ "<client>'s command goes on", is_done, 0, 0 },
	{ "<client>'s command is completed", is_done, 1, 0 },
	{ "<client>'s command is canceled", is_done, 2, 0 },
	{ "<client>'s command is refused <word>", is_refused, 0, 0 },
	{ "<client> keeps <text> as <word>", keeps, 0, 0 },
	{ NULL, NULL, 0, 0 },
};

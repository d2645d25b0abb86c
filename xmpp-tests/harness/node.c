/*
 * A tree from expat's events.  Everything walks by parent pointers and not
 * by recursion: a test may send a hundred thousand levels.
 */
#include "node.h"

#include <expat.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define SEPARATOR '\x01'
#define TEXT_MAX ((size_t)64 << 20)

struct nodestream {
	XML_Parser parser;
	struct node *top; /* the stanza that is being read */
	struct node *current;
	int depth;
	int is_ended;
	char *id;
	void (*take)(struct node *stanza, void *arg);
	void *arg;
};

static void
node_free_one(struct node *n)
{
	struct attr *a, *next;

	for (a = n->attrs; a; a = next) {
		next = a->next;
		free(a->ns);
		free(a->name);
		free(a->value);
		free(a);
	}
	buf_clear(&n->text);
	free(n->ns);
	free(n->name);
	free(n);
}

void
node_free(struct node *n)
{
	struct node *top = n, *parent;

	while (n) {
		if (n->first) {
			struct node *child = n->first;

			n->first = child->next;
			n = child;
			continue;
		}
		parent = n == top ? NULL : n->parent;
		node_free_one(n);
		n = parent;
	}
}

const char *
node_attr(const struct node *n, const char *name)
{
	const struct attr *a;

	for (a = n->attrs; a; a = a->next) {
		if (a->ns[0] == '\0' && strcmp(a->name, name) == 0)
			return a->value;
	}
	return NULL;
}

const struct node *
node_child(const struct node *n, const char *name)
{
	const struct node *c;

	for (c = n->first; c; c = c->next) {
		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

/* The next element in document order; NULL after the last below `top`. */
static const struct node *
node_following(const struct node *n, const struct node *top)
{
	if (n->first)
		return n->first;
	while (n != top && !n->next)
		n = n->parent;
	return n == top ? NULL : n->next;
}

int
node_has(const struct node *top, const char *ns, const char *name)
{
	const struct node *n;

	for (n = top; n; n = node_following(n, top)) {
		if (strcmp(n->ns, ns) == 0 && strcmp(n->name, name) == 0)
			return 1;
	}
	return 0;
}

static void
print_escaped(const char *s, struct buf *out)
{
	for (; s && *s; s++) {
		switch (*s) {
		case '&':
			buf_adds(out, "&amp;");
			break;
		case '<':
			buf_adds(out, "&lt;");
			break;
		case '\'':
			buf_adds(out, "&apos;");
			break;
		default:
			buf_add(out, s, 1);
		}
	}
}

static void
print_attr(const struct attr *a, int nth, struct buf *out)
{
	if (strcmp(a->ns, NODE_NS_XML) == 0) {
		buf_addf(out, " xml:%s='", a->name);
	} else if (strcmp(a->ns, NODE_NS_SCANSION) == 0) {
		buf_addf(out, " scansion:%s='", a->name);
	} else if (a->ns[0]) {
		buf_addf(out, " xmlns:a%d='", nth);
		print_escaped(a->ns, out);
		buf_addf(out, "' a%d:%s='", nth, a->name);
	} else {
		buf_addf(out, " %s='", a->name);
	}
	print_escaped(a->value, out);
	buf_adds(out, "'");
}

static void
print_open(const struct node *n, const struct node *top, struct buf *out)
{
	const char *outer = n == top ? NODE_NS_CLIENT : n->parent->ns;
	const struct attr *a;
	int nth = 0;

	buf_addf(out, "<%s", n->name);
	if (strcmp(n->ns, outer) != 0) {
		buf_adds(out, " xmlns='");
		print_escaped(n->ns, out);
		buf_adds(out, "'");
	}
	for (a = n->attrs; a; a = a->next)
		print_attr(a, ++nth, out);
	buf_adds(out, n->first || n->text.len ? ">" : "/>");
	if (!util_is_blank(n->text.data))
		print_escaped(n->text.data, out);
}

void
node_print(const struct node *top, struct buf *out)
{
	const struct node *n = top;

	for (;;) {
		print_open(n, top, out);
		if (n->first) {
			n = n->first;
			continue;
		}
		if (n->text.len)
			buf_addf(out, "</%s>", n->name);
		while (n != top && !n->next) {
			n = n->parent;
			buf_addf(out, "</%s>", n->name);
		}
		if (n == top)
			return;
		n = n->next;
	}
}

/* "ns SEPARATOR name" or "name". */
static void
split_name(const char *s, char **ns_r, char **name_r)
{
	const char *cut = strchr(s, SEPARATOR);

	*ns_r = cut ? util_strndup(s, (size_t)(cut - s)) : util_strdup("");
	*name_r = util_strdup(cut ? cut + 1 : s);
}

static struct node *
node_new(const char *name, const char **atts)
{
	struct node *n = util_calloc(sizeof(*n));
	struct attr **tail = &n->attrs;

	split_name(name, &n->ns, &n->name);
	buf_init(&n->text, TEXT_MAX);
	for (; atts[0]; atts += 2) {
		struct attr *a = util_calloc(sizeof(*a));

		split_name(atts[0], &a->ns, &a->name);
		a->value = util_strdup(atts[1]);
		*tail = a;
		tail = &a->next;
	}
	return n;
}

static void XMLCALL
on_start(void *arg, const char *name, const char **atts)
{
	struct nodestream *s = arg;
	struct node *n;

	if (s->depth++ == 0) {
		for (; atts[0]; atts += 2) {
			if (strcmp(atts[0], "id") == 0 && !s->id)
				s->id = util_strdup(atts[1]);
		}
		return;
	}
	n = node_new(name, atts);
	n->parent = s->current;
	if (!s->current)
		s->top = n;
	else if (s->current->last)
		s->current->last->next = n;
	else
		s->current->first = n;
	if (s->current)
		s->current->last = n;
	s->current = n;
}

static void XMLCALL
on_end(void *arg, const char *name)
{
	struct nodestream *s = arg;
	struct node *done;

	(void)name;
	if (--s->depth == 0) {
		s->is_ended = 1;
		return;
	}
	s->current = s->current->parent;
	if (s->current)
		return;
	done = s->top;
	s->top = NULL;
	s->take(done, s->arg);
}

static void XMLCALL
on_text(void *arg, const char *bytes, int len)
{
	struct nodestream *s = arg;

	if (s->current)
		buf_add(&s->current->text, bytes, (size_t)len);
}

struct nodestream *
nodestream_new(const char *header, void (*take)(struct node *, void *),
    void *arg)
{
	struct nodestream *s = util_calloc(sizeof(*s));

	s->take = take;
	s->arg = arg;
	s->parser = XML_ParserCreateNS(NULL, SEPARATOR);
	if (!s->parser)
		util_die("no memory for expat");
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 6
	XML_SetReparseDeferralEnabled(s->parser, XML_FALSE);
#endif
	XML_SetUserData(s->parser, s);
	XML_SetElementHandler(s->parser, on_start, on_end);
	XML_SetCharacterDataHandler(s->parser, on_text);
	if (header && nodestream_feed(s, header, strlen(header)) < 0)
		util_die("the stream header is not XML: %s", header);
	return s;
}

void
nodestream_free(struct nodestream *s)
{
	if (!s)
		return;
	XML_ParserFree(s->parser);
	node_free(s->top);
	free(s->id);
	free(s);
}

int
nodestream_feed(struct nodestream *s, const char *bytes, size_t len)
{
	enum XML_Status st = XML_Parse(s->parser, bytes, (int)len, 0);

	if (s->is_ended)
		return 1;
	return st == XML_STATUS_OK ? 0 : -1;
}

const char *
nodestream_id(const struct nodestream *s)
{
	return s->id;
}

static void
keep_child(struct node *n, void *arg)
{
	struct node *root = arg;

	n->parent = root;
	if (root->last)
		root->last->next = n;
	else
		root->first = n;
	root->last = n;
}

struct node *
node_read(const char *xml, const char *ns, struct err *err)
{
	static const char *none[] = { NULL };
	struct node *root = node_new("root", none);
	struct nodestream *s;
	struct buf text;
	int rc;

	buf_init(&text, TEXT_MAX);
	buf_addf(&text,
	    "<root xmlns='%s' xmlns:stream='" NODE_NS_STREAM
	    "' xmlns:scansion='" NODE_NS_SCANSION "'>",
	    ns);
	s = nodestream_new(text.data, keep_child, root);
	rc = nodestream_feed(s, xml, strlen(xml));
	if (rc == 0)
		rc = nodestream_feed(s, "</root>", 7) == 1 ? 0 : -1;
	else
		rc = -1;
	if (rc < 0) {
		err_set(err, "not well-formed: %s",
		    XML_ErrorString(XML_GetErrorCode(s->parser)));
		node_free(root);
		root = NULL;
	}
	nodestream_free(s);
	buf_clear(&text);
	return root;
}

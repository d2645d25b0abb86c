/* YAML documents within bounds; see doc.h. */
#include "daemon/doc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/config.h"

void
doc_init(struct doc *d, const char *name)
{
	memset(d, 0, sizeof *d);
	d->name = name;
}

void
doc_clear(struct doc *d)
{
	if (d->is_open)
		yaml_document_delete(&d->yaml);
	free(d->problems);
	doc_init(d, NULL);
}

/* One problem is one line, whatever a key in the file looks like. */
static void
make_printable(char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			*s = '?';
}

void
doc_problem(struct doc *d, size_t line, const char *fmt, ...)
{
	struct doc_problem *p;
	va_list ap;

	d->problem_total++;
	if (d->problems == NULL)
		d->problems = calloc(CONFIG_PROBLEMS_MAX, sizeof *p);
	if (d->problems == NULL || d->problem_count == CONFIG_PROBLEMS_MAX)
		return;
	p = &d->problems[d->problem_count];
	p->line = line;
	p->order = d->problem_count++;
	va_start(ap, fmt);
	(void)vsnprintf(p->what, sizeof p->what, fmt, ap);
	va_end(ap);
	make_printable(p->what);
}

static int
problem_compare(const void *a, const void *b)
{
	const struct doc_problem *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

void
doc_report(struct doc *d, struct buf *out)
{
	if (d->problem_count > 1)
		qsort(d->problems, d->problem_count, sizeof *d->problems,
		    problem_compare);
	for (size_t i = 0; i < d->problem_count; i++) {
		if (d->problems[i].line == 0)
			buf_addf(out, "%s: %s\n", d->name, d->problems[i].what);
		else
			buf_addf(out, "%s:%zu: %s\n", d->name,
			    d->problems[i].line, d->problems[i].what);
	}
	if (d->problem_total > d->problem_count)
		buf_addf(out, "%s: and %zu more mistakes\n", d->name,
		    d->problem_total - d->problem_count);
}

/* libyaml says where in two ways: bytes from the start where the encoding is
 * wrong, a mark where the grammar is. */
static void
parser_problem(struct doc *d, const yaml_parser_t *p, const char *bytes,
    size_t len)
{
	size_t line = p->problem_mark.line + 1;

	if (p->error == YAML_READER_ERROR) {
		line = 1;
		for (size_t i = 0; i < p->problem_offset && i < len; i++)
			line += bytes[i] == '\n';
	}
	if (p->error == YAML_MEMORY_ERROR)
		doc_problem(d, 0, "out of memory");
	else
		doc_problem(d, line, "not YAML: %s",
		    p->problem != NULL ? p->problem : "cannot be read");
}

struct scan {
	size_t depth, nodes, documents;
};

/* What a configuration may not have; NULL if the event is fine. */
static const char *
refuse_event(struct scan *s, const yaml_event_t *ev)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (ev->type == YAML_DOCUMENT_START_EVENT && ++s->documents > 1)
		return "a second document starts here; want one";
	if (ev->type == YAML_ALIAS_EVENT)
		return "aliases (*name) are not supported";
	if (ev->type == YAML_SCALAR_EVENT) {
		anchor = ev->data.scalar.anchor;
		tag = ev->data.scalar.tag;
	} else if (ev->type == YAML_SEQUENCE_START_EVENT) {
		anchor = ev->data.sequence_start.anchor;
		tag = ev->data.sequence_start.tag;
		s->depth++;
	} else if (ev->type == YAML_MAPPING_START_EVENT) {
		anchor = ev->data.mapping_start.anchor;
		tag = ev->data.mapping_start.tag;
		s->depth++;
	} else {
		s->depth -= ev->type == YAML_SEQUENCE_END_EVENT ||
		    ev->type == YAML_MAPPING_END_EVENT;
		return NULL;
	}
	if (anchor != NULL)
		return "anchors (&name) are not supported";
	if (tag != NULL)
		return "tags (!name) are not supported";
	if (s->depth > CONFIG_DEPTH_MAX)
		return "nested too deeply";
	if (++s->nodes > DOC_NODES_MAX)
		return "too many values";
	return NULL;
}

static void
parser_begin(yaml_parser_t *p, const char *bytes, size_t len)
{
	yaml_parser_set_encoding(p, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(p, (const unsigned char *)bytes, len);
}

/* Looks at all events once, before memory is spent on a tree. */
static int
scan_events(struct doc *d, const char *bytes, size_t len)
{
	struct scan s = { 0 };
	const char *why = NULL;
	yaml_parser_t p;
	yaml_event_t ev;
	bool at_end = false;

	if (!yaml_parser_initialize(&p)) {
		doc_problem(d, 0, "out of memory");
		return -1;
	}
	parser_begin(&p, bytes, len);
	while (!at_end && why == NULL) {
		if (!yaml_parser_parse(&p, &ev)) {
			parser_problem(d, &p, bytes, len);
			break;
		}
		at_end = ev.type == YAML_STREAM_END_EVENT;
		why = refuse_event(&s, &ev);
		if (why != NULL)
			doc_problem(d, ev.start_mark.line + 1, "%s", why);
		yaml_event_delete(&ev);
	}
	yaml_parser_delete(&p);
	return at_end ? 0 : -1;
}

int
doc_parse(struct doc *d, const char *bytes, size_t len)
{
	yaml_parser_t p;

	if (len > CONFIG_BYTES_MAX) {
		doc_problem(d, 0, "the file is larger than %d bytes",
		    CONFIG_BYTES_MAX);
		return -1;
	}
	if (scan_events(d, bytes, len) != 0)
		return -1;
	if (!yaml_parser_initialize(&p)) {
		doc_problem(d, 0, "out of memory");
		return -1;
	}
	parser_begin(&p, bytes, len);
	d->is_open = yaml_parser_load(&p, &d->yaml) != 0;
	if (!d->is_open)
		parser_problem(d, &p, bytes, len);
	yaml_parser_delete(&p);
	return d->is_open ? 0 : -1;
}

const yaml_node_t *
doc_root(struct doc *d)
{
	return yaml_document_get_root_node(&d->yaml);
}

size_t
doc_line(const yaml_node_t *n)
{
	return n->start_mark.line + 1;
}

const char *
doc_text(const yaml_node_t *n)
{
	const char *s;

	if (n->type != YAML_SCALAR_NODE)
		return NULL;
	s = (const char *)n->data.scalar.value;
	return strlen(s) == n->data.scalar.length ? s : NULL;
}

/* Whether the value is left out, `key:` with nothing behind it. */
static bool
is_nothing(const yaml_node_t *n)
{
	return n->type == YAML_SCALAR_NODE && n->data.scalar.length == 0 &&
	    n->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
}

const char *
doc_describe(const yaml_node_t *n, char r[96])
{
	const char *text = doc_text(n);

	if (n->type == YAML_SEQUENCE_NODE)
		return "a list";
	if (n->type == YAML_MAPPING_NODE)
		return "a mapping";
	if (is_nothing(n))
		return "nothing";
	if (text == NULL)
		return "a text with a NUL";
	(void)snprintf(r, 96, "\"%.80s\"%s", text,
	    strlen(text) > 80 ? "..." : "");
	return r;
}

size_t
doc_pair_count(const yaml_node_t *n)
{
	if (n->type != YAML_MAPPING_NODE)
		return 0;
	return (
	    size_t)(n->data.mapping.pairs.top - n->data.mapping.pairs.start);
}

const yaml_node_t *
doc_key(struct doc *d, const yaml_node_t *n, size_t i)
{
	return yaml_document_get_node(&d->yaml,
	    n->data.mapping.pairs.start[i].key);
}

const yaml_node_t *
doc_value(struct doc *d, const yaml_node_t *n, size_t i)
{
	return yaml_document_get_node(&d->yaml,
	    n->data.mapping.pairs.start[i].value);
}

size_t
doc_item_count(const yaml_node_t *n)
{
	if (n->type == YAML_SCALAR_NODE)
		return is_nothing(n) ? 0 : 1;
	if (n->type != YAML_SEQUENCE_NODE)
		return 0;
	return (
	    size_t)(n->data.sequence.items.top - n->data.sequence.items.start);
}

const yaml_node_t *
doc_item(struct doc *d, const yaml_node_t *n, size_t i)
{
	if (n->type == YAML_SCALAR_NODE)
		return n;
	return yaml_document_get_node(&d->yaml,
	    n->data.sequence.items.start[i]);
}

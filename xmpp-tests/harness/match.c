/*
 * Children are paired by augmenting paths, so that a vague expectation never
 * takes the one element that a precise one needs.  While pairs are sought,
 * an unset capture fits anything; when all is paired, captures are bound and
 * everything is judged once more with the values they got.
 */
#include "match.h"

#include <stdlib.h>
#include <string.h>

#include "util.h"

#define HOLE_ANY "{scansion:any}"
#define HOLE_CAPTURE "{scansion:capture:"

struct matcher {
	struct vars *vars;
	int is_binding;
};

struct pairs {
	const struct node **want; /* expected children */
	const struct node **got;
	size_t want_count, got_count;
	long *taken_by; /* for each got: index of the want, or -1 */
	char *tried;
};

static int match_node(struct matcher *m, const struct node *want,
    const struct node *got, int top);

/* Length of the hole at `s`; its capture's name, "" for any.  0: no hole. */
static size_t
hole_at(const char *s, char *name, size_t size)
{
	const char *end;
	size_t len;

	name[0] = '\0';
	if (util_has_prefix(s, HOLE_ANY))
		return strlen(HOLE_ANY);
	if (!util_has_prefix(s, HOLE_CAPTURE) || !(end = strchr(s, '}')))
		return 0;
	s += strlen(HOLE_CAPTURE);
	len = (size_t)(end - s);
	if (len >= size)
		len = size - 1;
	memcpy(name, s, len);
	name[len] = '\0';
	return strlen(HOLE_CAPTURE) + (size_t)(end - s) + 1;
}

static int match_here(struct matcher *m, const char *pattern, const char *s);

/* A hole at the pattern's start: the shortest filling first. */
static int
match_hole(struct matcher *m, const char *name, const char *rest, const char *s)
{
	const char *known = name[0] ? vars_find(m->vars, name) : NULL;
	size_t len;

	if (known) {
		return util_has_prefix(s, known) &&
		    match_here(m, rest, s + strlen(known));
	}
	for (len = 0; len == 0 || s[len - 1]; len++) {
		char *filling;

		if (!match_here(m, rest, s + len))
			continue;
		if (m->is_binding && name[0]) {
			filling = util_strndup(s, len);
			vars_set(m->vars, name, filling);
			free(filling);
		}
		return 1;
	}
	return 0;
}

static int
match_here(struct matcher *m, const char *pattern, const char *s)
{
	char name[128];
	size_t len;

	for (; *pattern; pattern++, s++) {
		len = hole_at(pattern, name, sizeof(name));
		if (len)
			return match_hole(m, name, pattern + len, s);
		if (*pattern != *s)
			return 0;
	}
	return *s == '\0';
}

int
match_text(const char *pattern, const char *text, struct vars *v)
{
	struct matcher m = { v, 1 };

	return match_here(&m, pattern, text);
}

/* As they are; else without white space around, as scripts are indented. */
static int
match_content(struct matcher *m, const char *want, const char *got)
{
	char *w, *g;
	int rc;

	want = want ? want : "";
	got = got ? got : "";
	if (match_here(m, want, got))
		return 1;
	w = util_strdup(want);
	g = util_strdup(got);
	rc = match_here(m, util_trim(w), util_trim(g));
	free(w);
	free(g);
	return rc;
}

static const char *
directive(const struct node *n, const char *name)
{
	const struct attr *a;

	for (a = n->attrs; a; a = a->next) {
		if (strcmp(a->ns, NODE_NS_SCANSION) == 0 &&
		    strcmp(a->name, name) == 0)
			return a->value;
	}
	return "";
}

static const struct attr *
find_attr(const struct node *n, const struct attr *like)
{
	const struct attr *a;

	for (a = n->attrs; a; a = a->next) {
		if (strcmp(a->ns, like->ns) == 0 &&
		    strcmp(a->name, like->name) == 0)
			return a;
	}
	return NULL;
}

static int
match_attrs(struct matcher *m, const struct node *want, const struct node *got,
    int is_strict)
{
	const struct attr *a, *other;

	for (a = want->attrs; a; a = a->next) {
		if (strcmp(a->ns, NODE_NS_SCANSION) == 0)
			continue;
		other = find_attr(got, a);
		if (!other || !match_here(m, a->value, other->value))
			return 0;
	}
	for (a = got->attrs; is_strict && a; a = a->next) {
		if (!find_attr(want, a))
			return 0;
	}
	return 1;
}

/* Finds a partner for an expected child, moving others where they can. */
static int
pair_one(struct matcher *m, struct pairs *p, size_t w)
{
	size_t g;

	for (g = 0; g < p->got_count; g++) {
		if (p->tried[g] || !match_node(m, p->want[w], p->got[g], 0))
			continue;
		p->tried[g] = 1;
		if (p->taken_by[g] < 0 ||
		    pair_one(m, p, (size_t)p->taken_by[g])) {
			p->taken_by[g] = (long)w;
			return 1;
		}
	}
	return 0;
}

static int
pair_all(struct matcher *m, struct pairs *p)
{
	struct matcher seek = { m->vars, 0 };
	size_t i;

	for (i = 0; i < p->got_count; i++)
		p->taken_by[i] = -1;
	for (i = 0; i < p->want_count; i++) {
		memset(p->tried, 0, p->got_count + 1);
		if (!pair_one(&seek, p, i))
			return 0;
	}
	for (i = 0; m->is_binding && i < p->got_count; i++) {
		if (p->taken_by[i] >= 0 &&
		    !match_node(m, p->want[p->taken_by[i]], p->got[i], 0))
			return 0;
	}
	return 1;
}

static size_t
count_children(const struct node *n)
{
	const struct node *c;
	size_t count = 0;

	for (c = n->first; c; c = c->next)
		count++;
	return count;
}

static int
is_absent_as_wanted(struct matcher *m, const struct node *want,
    const struct node *got)
{
	struct matcher seek = { m->vars, 0 };
	const struct node *c;

	for (c = got->first; c; c = c->next) {
		if (match_node(&seek, want, c, 0))
			return 0;
	}
	return 1;
}

static int
match_children(struct matcher *m, const struct node *want,
    const struct node *got, int is_strict)
{
	struct pairs p = { 0 };
	const struct node *c;
	int rc = 1;

	p.want = util_calloc((count_children(want) + 1) * sizeof(*p.want));
	p.got = util_calloc((count_children(got) + 1) * sizeof(*p.got));
	for (c = want->first; c && rc; c = c->next) {
		if (strcmp(directive(c, "absent"), "true") == 0)
			rc = is_absent_as_wanted(m, c, got);
		else
			p.want[p.want_count++] = c;
	}
	for (c = got->first; c; c = c->next)
		p.got[p.got_count++] = c;
	p.taken_by = util_calloc((p.got_count + 1) * sizeof(*p.taken_by));
	p.tried = util_calloc(p.got_count + 1);
	if (is_strict && p.want_count != p.got_count)
		rc = 0;
	rc = rc && pair_all(m, &p);
	free(p.want);
	free(p.got);
	free(p.taken_by);
	free(p.tried);
	return rc;
}

/* Errors have texts; what must be absent is described as stanzas are. */
static int
is_loose_by_nature(const struct node *want)
{
	return strcmp(want->name, "error") == 0 ||
	    strcmp(directive(want, "absent"), "true") == 0;
}

static int
match_node(struct matcher *m, const struct node *want, const struct node *got,
    int top)
{
	const char *strict = directive(want, "strict");
	int is_strict = strcmp(strict, "true") == 0 ||
	    (strict[0] == '\0' && !top && !is_loose_by_nature(want));

	if (strcmp(want->name, got->name) != 0 ||
	    strcmp(want->ns, got->ns) != 0 ||
	    !match_attrs(m, want, got, is_strict))
		return 0;
	if ((is_strict || !util_is_blank(want->text.data)) &&
	    !match_content(m, want->text.data, got->text.data))
		return 0;
	return match_children(m, want, got, is_strict);
}

int
match(const struct node *want, const struct node *got, struct vars *v)
{
	struct matcher m = { v, 0 };

	if (!match_node(&m, want, got, 1))
		return 0;
	m.is_binding = 1;
	return match_node(&m, want, got, 1);
}

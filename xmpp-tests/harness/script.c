/*
 * The lines of Scansion: blocks in brackets until the first line of dashes,
 * sentences after it.  What is indented belongs to the line above.  A line
 * that begins with #, // or -- says nothing.
 */
#include "script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "util.h"

#define BODY_MAX ((size_t)16 << 20)

struct reader {
	struct script *script;
	struct part **part_tail, *part;
	struct step **step_tail, *step;
	struct buf body;
	int line;
	int is_playing; /* the line of dashes is behind us */
};

static int
is_separator(const char *s)
{
	return util_has_prefix(s, "---") && util_is_blank(s + strspn(s, "-"));
}

static int
is_comment(const char *s)
{
	return s[0] == '#' || util_has_prefix(s, "//") ||
	    util_has_prefix(s, "--");
}

static void
end_body(struct reader *r)
{
	if (r->step && !util_is_blank(r->body.data))
		r->step->body = util_strdup(r->body.data);
	buf_reset(&r->body);
}

static int
read_part(struct reader *r, char *s, struct err *err)
{
	char *end = strchr(s, ']');
	struct part *p;

	if (s[0] != '[' || !end || util_is_blank(end + 1)) {
		return err_set(err,
		    "line %d: before the line of dashes, only blocks such as "
		    "\"[Client] Romeo\"",
		    r->line);
	}
	*end = '\0';
	p = util_calloc(sizeof(*p));
	p->kind = util_strdup(s + 1);
	p->name = util_strdup(util_trim(end + 1));
	p->line = r->line;
	*r->part_tail = p;
	r->part_tail = &p->next;
	r->part = p;
	return 0;
}

static int
read_setting(struct reader *r, char *s, struct err *err)
{
	char *colon = strchr(s, ':');
	struct setting *set;

	if (is_comment(s))
		return 0;
	if (!r->part || !colon)
		return err_set(err, "line %d: \"key: value\" expected",
		    r->line);
	*colon = '\0';
	set = util_calloc(sizeof(*set));
	set->key = util_strdup(util_trim(s));
	set->value = util_strdup(util_trim(colon + 1));
	set->next = r->part->settings;
	r->part->settings = set;
	return 0;
}

static void
read_sentence(struct reader *r, char *s)
{
	struct step *step = util_calloc(sizeof(*step));
	size_t len = strlen(s);

	end_body(r);
	if (s[len - 1] == ':')
		s[len - 1] = '\0';
	step->sentence = util_strdup(s);
	step->line = r->line;
	*r->step_tail = step;
	r->step_tail = &step->next;
	r->step = step;
}

static int
read_line(struct reader *r, char *s, struct err *err)
{
	int is_indented = s[0] == ' ' || s[0] == '\t';

	s[strcspn(s, "\r\n")] = '\0';
	if (is_indented && r->is_playing && r->step) {
		buf_addf(&r->body, "%s\n", s + 1);
		return 0;
	}
	s = util_trim(s);
	if (s[0] == '\0')
		return 0;
	if (is_separator(s)) {
		r->is_playing = 1;
		return 0;
	}
	if (!is_indented && is_comment(s))
		return 0;
	if (!r->is_playing && !is_indented)
		return read_part(r, s, err);
	if (!r->is_playing)
		return read_setting(r, s, err);
	if (is_indented)
		return err_set(err, "line %d: no sentence above", r->line);
	read_sentence(r, s);
	return 0;
}

struct script *
script_load(const char *path, struct err *err)
{
	struct reader r = { 0 };
	FILE *f = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	int rc = 0;

	if (!f) {
		err_set(err, "%s: %s", path, strerror(errno));
		return NULL;
	}
	r.script = util_calloc(sizeof(*r.script));
	r.part_tail = &r.script->parts;
	r.step_tail = &r.script->steps;
	buf_init(&r.body, BODY_MAX);
	while (rc == 0 && getline(&line, &size, f) > 0) {
		r.line++;
		rc = read_line(&r, line, err);
	}
	end_body(&r);
	if (rc == 0 && !r.script->steps)
		rc = err_set(err, "nothing happens in %s", path);
	buf_clear(&r.body);
	free(line);
	fclose(f);
	if (rc == 0)
		return r.script;
	script_free(r.script);
	return NULL;
}

static void
part_free(struct part *p)
{
	struct setting *s, *next;

	for (s = p->settings; s; s = next) {
		next = s->next;
		free(s->key);
		free(s->value);
		free(s);
	}
	free(p->kind);
	free(p->name);
	free(p);
}

void
script_free(struct script *s)
{
	struct part *p, *next_part;
	struct step *t, *next_step;

	if (!s)
		return;
	for (p = s->parts; p; p = next_part) {
		next_part = p->next;
		part_free(p);
	}
	for (t = s->steps; t; t = next_step) {
		next_step = t->next;
		free(t->sentence);
		free(t->body);
		free(t);
	}
	free(s);
}

const char *
part_setting(const struct part *p, const char *key)
{
	const struct setting *s;

	for (s = p->settings; s; s = s->next) {
		if (strcmp(s->key, key) == 0)
			return s->value;
	}
	return NULL;
}

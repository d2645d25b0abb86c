#include "vars.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

struct var {
	char *name;
	char *value;
	struct var *next;
};

void
vars_clear(struct vars *v)
{
	struct var *i, *next;

	for (i = v->first; i; i = next) {
		next = i->next;
		free(i->name);
		free(i->value);
		free(i);
	}
	v->first = NULL;
}

static struct var *
find(const struct vars *v, const char *name)
{
	struct var *i;

	for (i = v->first; i && strcmp(i->name, name) != 0; i = i->next)
		;
	return i;
}

void
vars_set(struct vars *v, const char *name, const char *value)
{
	struct var *i = find(v, name);

	if (!i) {
		i = util_calloc(sizeof(*i));
		i->name = util_strdup(name);
		i->next = v->first;
		v->first = i;
	}
	free(i->value);
	i->value = util_strdup(value);
}

const char *
vars_find(const struct vars *v, const char *name)
{
	struct var *i = find(v, name);

	return i ? i->value : NULL;
}

/* "N:TEXT", N times TEXT. */
static int
expand_repeat(const char *s, struct buf *out, struct err *err)
{
	char *text;
	unsigned long n = strtoul(s, &text, 10);

	if (text == s || *text++ != ':')
		return err_set(err, "${repeat:%s} wants NUMBER:TEXT", s);
	while (n--)
		buf_adds(out, text);
	return 0;
}

static int
expand_one(const struct vars *v, const char *name, struct buf *out,
    struct err *err)
{
	const char *value;

	if (util_has_prefix(name, "repeat:"))
		return expand_repeat(name + 7, out, err);
	value = vars_find(v, name);
	if (!value)
		return err_set(err, "nobody set ${%s}", name);
	buf_adds(out, value);
	return 0;
}

int
vars_expand(const struct vars *v, const char *text, struct buf *out,
    struct err *err)
{
	const char *open, *close;

	while ((open = strstr(text, "${")) && (close = strchr(open, '}'))) {
		char *name = util_strndup(open + 2, (size_t)(close - open - 2));
		int rc;

		buf_add(out, text, (size_t)(open - text));
		rc = expand_one(v, name, out, err);
		free(name);
		if (rc < 0)
			return -1;
		text = close + 1;
	}
	buf_adds(out, text);
	return out->failed ? err_set(err, "the text is too long") : 0;
}

/* Removes the shell's quotes, in place. */
static void
unquote(char *s)
{
	char *to = s, quote = '\0';

	for (; *s; s++) {
		if (quote ? *s == quote : *s == '\'' || *s == '"')
			quote = quote ? '\0' : *s;
		else
			*to++ = *s == '\\' && quote != '\'' && s[1] ? *++s : *s;
	}
	*to = '\0';
}

int
vars_load(struct vars *v, const char *path, struct err *err)
{
	FILE *f = fopen(path, "r");
	char line[4096], *value;

	if (!f)
		return err_set(err, "%s: %s", path, strerror(errno));
	while (fgets(line, sizeof(line), f)) {
		line[strcspn(line, "\n")] = '\0';
		value = strchr(line, '=');
		if (!value || line[0] == '#')
			continue;
		*value++ = '\0';
		unquote(value);
		vars_set(v, line, value);
	}
	fclose(f);
	return 0;
}

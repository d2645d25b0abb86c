#include "sentence.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util.h"

#define TEXT_MAX ((size_t)1 << 20)

static const struct sentence *const tables[] = {
	talk_sentences,
	burst_sentences,
	adhoc_sentences,
	control_sentences,
};

struct filling {
	struct play *play;
	struct words *words;
	int clients, numbers, texts;
};

static int fill(struct filling *f, const char *pattern, const char *s);

static int
fill_client(struct filling *f, const char *pattern, const char *s)
{
	struct client *c;

	for (c = f->play->stage.clients; c; c = c->next) {
		if (!util_has_prefix(s, c->name))
			continue;
		f->words->clients[f->clients++] = c;
		if (fill(f, pattern, s + strlen(c->name)))
			return 1;
		f->clients--;
	}
	return 0;
}

static int
fill_number(struct filling *f, const char *pattern, const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end == s)
		return 0;
	f->words->numbers[f->numbers++] = n;
	if (fill(f, pattern, end))
		return 1;
	f->numbers--;
	return 0;
}

static int
fill_text(struct filling *f, const char *pattern, const char *s, char *text)
{
	f->words->texts[f->texts++] = text;
	if (fill(f, pattern, s))
		return 1;
	f->words->texts[--f->texts] = NULL;
	free(text);
	return 0;
}

static int
fill_quoted(struct filling *f, const char *pattern, const char *s)
{
	char *text, *to;

	if (*s++ != '"')
		return 0;
	text = to = util_calloc(strlen(s) + 1);
	for (; *s && *s != '"'; s++) {
		if (*s == '\\' && s[1] == '"')
			s++;
		*to++ = *s;
	}
	if (*s == '"')
		return fill_text(f, pattern, s + 1, text);
	free(text);
	return 0;
}

static int
fill_word(struct filling *f, const char *pattern, const char *s)
{
	size_t len = strcspn(s, " ");

	return len && fill_text(f, pattern, s + len, util_strndup(s, len));
}

/* Whether the sentence from `s` on is the pattern's rest. */
static int
fill(struct filling *f, const char *pattern, const char *s)
{
	static const struct {
		const char *hole;
		int (*fill)(struct filling *, const char *, const char *);
	} holes[] = {
		{ "<client>", fill_client },
		{ "<number>", fill_number },
		{ "<text>", fill_quoted },
		{ "<word>", fill_word },
	};
	size_t i;

	for (; *pattern; pattern++, s++) {
		for (i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
			if (util_has_prefix(pattern, holes[i].hole))
				return holes[i].fill(f,
				    pattern + strlen(holes[i].hole), s);
		}
		if (*pattern != *s)
			return 0;
	}
	return *s == '\0';
}

static int
expand_texts(struct play *p, struct words *w)
{
	struct err err = { "" };
	struct buf text;
	size_t i;
	int rc = 0;

	for (i = 0; i < sizeof(w->texts) / sizeof(w->texts[0]); i++) {
		if (!w->texts[i] || rc < 0)
			continue;
		buf_init(&text, TEXT_MAX);
		rc = vars_expand(&p->vars, w->texts[i], &text, &err);
		if (rc == 0) {
			free(w->texts[i]);
			w->texts[i] = util_strdup(text.data ? text.data : "");
		}
		buf_clear(&text);
	}
	return rc < 0 ? play_fail(p, "%s", err.text) : 0;
}

static int
say(struct play *p, const struct sentence *row, struct words *w)
{
	if (row->body == 0 && w->body)
		return play_fail(p, "nothing can stand below this sentence");
	if (row->body == 1 && !w->body)
		return play_fail(p, "something must stand below this sentence");
	if (expand_texts(p, w) < 0)
		return -1;
	w->arg = row->arg;
	return row->say(p, w);
}

int
sentence_say(struct play *p, const struct step *step)
{
	struct words w = { 0 };
	struct filling f = { p, &w, 0, 0, 0 };
	const struct sentence *row;
	size_t i;
	int rc;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (row = tables[i]; row->pattern; row++) {
			if (!fill(&f, row->pattern, step->sentence))
				continue;
			w.body = step->body;
			rc = say(p, row, &w);
			for (i = 0; i < 3; i++)
				free(w.texts[i]);
			return rc;
		}
	}
	return play_fail(p, "nobody knows this sentence");
}

void
sentence_list(void)
{
	const struct sentence *row;
	size_t i;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (row = tables[i]; row->pattern; row++)
			printf("%s%s\n", row->pattern, row->body ? ":" : "");
	}
}

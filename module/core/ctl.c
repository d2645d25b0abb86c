/* The commands of the control socket, and their arguments; see ctl.h. */
#include "core/ctl.h"

#include <stdio.h>
#include <string.h>

#include "core/publication.h"
#include "core/publisher.h"
#include "core/utf8.h"
#include "core/when.h"

#define REASON                                                                 \
	{                                                                      \
		"--reason", "TEXT", CTL_TEXT, true, 0                          \
	}
#define NAME                                                                   \
	{                                                                      \
		"--name", "NAME", CTL_TEXT, true, 0                            \
	}
#define JID                                                                    \
	{                                                                      \
		"JID", NULL, CTL_JID, true, 0                                  \
	}

#define CASE                                                                   \
	{                                                                      \
		"CASE", NULL, CTL_TEXT, true, 0                                \
	}
#define LIMIT                                                                  \
	{                                                                      \
		"--limit", "COUNT", CTL_COUNT, false, 0                        \
	}

const struct ctl_command ctl_commands[] = {
	{ "publisher add", { JID }, { NAME } },
	{ "publisher approve", { JID },
	    { { "--category", "CATEGORY", CTL_WORD, true, 0 }, REASON,
		{ "--valid-for", "DURATION", CTL_DURATION, false, 0 } } },
	{ "publisher suspend", { JID }, { REASON } },
	{ "publisher restore", { JID }, { REASON } },
	{ "publisher revoke", { JID }, { REASON } },
	{ "publisher rename", { JID }, { NAME, REASON } },
	{ "publisher list", { { 0 } },
	    { { "--state", "STATE", CTL_STATE, false, 0 },
		{ "--after", "JID", CTL_JID, false, 0 },
		{ "--limit", "COUNT", CTL_COUNT, false, 0 } } },
	{ "publisher show", { JID }, { { 0 } } },
	{ "case list", { { 0 } },
	    { { "--state", "STATE", CTL_WORD, false, 0 }, LIMIT } },
	{ "case show", { CASE }, { { 0 } } },
	{ "case approve", { CASE },
	    { { "--category", "CATEGORY", CTL_WORD, false, 0 }, REASON,
		{ "--valid-for", "DURATION", CTL_DURATION, false, 0 } } },
	{ "case refuse", { CASE },
	    { { "--category", "CATEGORY", CTL_WORD, false, 0 }, REASON } },
	{ "case ask", { CASE },
	    { { "--question", "TEXT", CTL_TEXT, true, 0 } } },
	{ "case identity", { CASE },
	    { { "--method", "METHOD", CTL_WORD, true, 0 },
		{ "--valid-for", "DURATION", CTL_DURATION, false, 0 },
		{ "--details", "TEXT", CTL_TEXT, false, 0 } } },
	{ "appeal list", { { 0 } }, { LIMIT } },
	{ "appeal show", { { "APPEAL", NULL, CTL_KID, true, 0 } }, { { 0 } } },
	{ "appeal decide", { { "APPEAL", NULL, CTL_KID, true, 0 } },
	    { { "--uphold", NULL, CTL_FLAG, false, 0 },
		{ "--dismiss", NULL, CTL_FLAG, false, 0 }, REASON } },
	{ "report list", { { 0 } },
	    { { "--closed", NULL, CTL_FLAG, false, 0 }, LIMIT } },
	{ "report show", { { "REPORT", NULL, CTL_KID, true, 0 } }, { { 0 } } },
	{ "report close", { { "REPORT", NULL, CTL_KID, true, 0 } },
	    { { "--founded", NULL, CTL_FLAG, false, 0 }, REASON } },
	{ "explain", { JID, { "ROOM", NULL, CTL_JID, false, 0 } },
	    { { "--kind", "KIND", CTL_KIND, false, 0 },
		{ "--reprint", NULL, CTL_FLAG, false, 0 },
		{ "--label", "TERM", CTL_TEXT, false, PUBLICATION_LABELS_MAX },
		{ "--affiliation", "AFFILIATION", CTL_WORD, false, 0 },
		{ "--encrypted", NULL, CTL_FLAG, false, 0 },
		{ "--node", "NODE", CTL_TEXT, false, 0 },
		{ "--service", "HOST", CTL_DOMAIN, false, 0 },
		{ "--owner", "ACCOUNT", CTL_JID, false, 0 } } },
	{ "places", { { 0 } }, { { 0 } } },
	{ "guards", { { 0 } }, { { 0 } } },
	{ "status", { { 0 } }, { { 0 } } },
	{ "reload", { { 0 } }, { { 0 } } },
	{ "proof list", { { 0 } }, { { 0 } } },
	{ "proof check", { JID }, { { 0 } } },
	{ "evidence rotate", { { 0 } }, { { 0 } } },
	{ "erase", { JID }, { { 0 } } },
	{ "export", { JID }, { { 0 } } },
	{ "key list", { { 0 } }, { { 0 } } },
	{ "key rotate", { { 0 } }, { { 0 } } },
	{ "key revoke", { { "KID", NULL, CTL_KID, true, 0 } },
	    { { "--since", "TIME", CTL_TIME, true, 0 }, REASON } },
	{ NULL, { { 0 } }, { { 0 } } },
};

const struct ctl_command *
ctl_command_find(const char *name)
{
	for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

/* Whether `word` is the whole of `name`, or its first word. */
static bool
is_first_word(const char *name, const char *word)
{
	size_t len = strlen(word);

	return strncmp(name, word, len) == 0 &&
	    (name[len] == '\0' || name[len] == ' ');
}

/* Finds the command; `*used_r` words of it.  -1 with the reason. */
static int
find_command(const struct ctl_command **r, const char *const *words,
    size_t count, size_t *used_r, struct err *e)
{
	const struct ctl_command *family = NULL;

	if (count == 0)
		return err_set(e, "no command given");
	for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++) {
		if (!is_first_word(c->name, words[0]))
			continue;
		family = c;
		*used_r = c->name[strlen(words[0])] == '\0' ? 1 : 2;
		if (*used_r == 1 ||
		    (count > 1 &&
			strcmp(c->name + strlen(words[0]) + 1, words[1]) ==
			    0)) {
			*r = c;
			return 0;
		}
	}
	if (family == NULL)
		return err_set(e, "there is no command \"%.40s\"", words[0]);
	if (count == 1)
		return err_set(e, "\"%s\" needs a second word", words[0]);
	return err_set(e, "there is no command \"%s %.40s\"", words[0],
	    words[1]);
}

static bool
is_word(const char *s)
{
	return *s != '\0' &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}

static bool
is_kid(const char *s)
{
	return *s != '\0' &&
	    s[strspn(s,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789-_")] == '\0';
}

/* Control characters would forge lines in tables, logs and refusals; C1 and
 * U+2028, U+2029 are as good at that as LF. */
static bool
is_text(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len;

	for (; *s != '\0'; s += len) {
		len = utf8_len((const char *)s);
		if (len == 0 || *s < 0x20 || *s == 0x7f ||
		    (*s == 0xc2 && s[1] < 0xa0) ||
		    (*s == 0xe2 && s[1] == 0x80 &&
			(s[2] == 0xa8 || s[2] == 0xa9)))
			return false;
	}
	return text[strspn(text, " ")] != '\0';
}

static int
check_count(const char *value, struct err *e)
{
	size_t n = 0, len = strspn(value, "0123456789");

	for (size_t i = 0; i < len && n <= CTL_LIST_MAX; i++)
		n = n * 10 + (size_t)(value[i] - '0');
	if (value[len] != '\0' || n < 1 || n > CTL_LIST_MAX)
		return err_set(e, "\"%.40s\" is not a number from 1 to %d",
		    value, CTL_LIST_MAX);
	return 0;
}

static int
check_kind(const char *value, struct err *e)
{
	enum publication_kind kind = publication_kind_find(value);

	if (kind == PUBLICATION_NONE || kind == PUBLICATION_PUBLISH)
		return err_set(e,
		    "\"%.40s\" is not a kind: join, message, "
		    "subject or correct",
		    value);
	return 0;
}

static int
check_value(enum ctl_type type, const char *value, struct err *e)
{
	int64_t s;

	switch (type) {
	case CTL_FLAG:
		return 0;
	case CTL_TEXT:
		return is_text(value) ? 0
				      : err_set(e,
					    "needs a text, in UTF-8 "
					    "and on one line");
	case CTL_JID:
	case CTL_DOMAIN:
		return is_text(value) ? 0 : err_set(e, "needs an address");
	case CTL_WORD:
		return is_word(value) ? 0
				      : err_set(e,
					    "\"%.40s\" is not a "
					    "word of a-z, 0-9 and -",
					    value);
	case CTL_DURATION:
		if (when_duration_parse(value, &s, e) == -1)
			return -1;
		return s > 0 ? 0
			     : err_set(e, "\"%.40s\" is no time at all", value);
	case CTL_TIME:
		return when_parse(value, &s, e);
	case CTL_KIND:
		return check_kind(value, e);
	case CTL_STATE:
		return publisher_state_find(value) != PUBLISHER_NONE
		    ? 0
		    : err_set(e, "\"%.40s\" is not a state", value);
	case CTL_KID:
		return is_kid(value) ? 0
				     : err_set(e,
					   "\"%.40s\" is not a "
					   "key's ID",
					   value);
	case CTL_COUNT:
		return check_count(value, e);
	}
	return err_set(e, "is of no known type");
}

static int
add_operand(struct ctl_args *r, const char *value, struct err *e)
{
	const struct ctl_param *p;

	if (r->operand_count == CTL_OPERANDS_MAX ||
	    r->command->operands[r->operand_count].name == NULL)
		return err_set(e, "\"%.40s\" is one argument too many", value);
	p = &r->command->operands[r->operand_count];
	if (check_value(p->type, value, e) == -1)
		return err_prefix(e, "%s", p->name);
	r->operands[r->operand_count++] = value;
	return 0;
}

static const struct ctl_param *
find_option(const struct ctl_command *c, const char *word, size_t len)
{
	for (size_t i = 0; i < CTL_OPTIONS_MAX; i++) {
		const char *name = c->options[i].name;

		if (name != NULL && strlen(name) == len &&
		    memcmp(name, word, len) == 0)
			return &c->options[i];
	}
	return NULL;
}

static size_t
times_given(const struct ctl_args *a, const struct ctl_param *p)
{
	size_t n = 0;

	for (size_t i = 0; i < a->option_count; i++)
		n += a->options[i].param == p;
	return n;
}

/* One option; `next` is the word after it or NULL.  Returns how many words
 * it took, or -1. */
static int
add_option(struct ctl_args *r, const char *word, const char *next,
    struct err *e)
{
	size_t len = strcspn(word, "=");
	const struct ctl_param *p = find_option(r->command, word, len);
	const char *value = word[len] == '=' ? word + len + 1 : NULL;
	int used = 1;

	if (p == NULL)
		return err_set(e, "there is no option %.*s here",
		    len < 40 ? (int)len : 40, word);
	if (times_given(r, p) >= (p->repeat == 0 ? 1 : p->repeat))
		return err_set(e, "%s is given too often", p->name);
	if (p->type == CTL_FLAG && value != NULL)
		return err_set(e, "%s takes no value", p->name);
	/* A forgotten value must not swallow the option that follows. */
	if (p->type != CTL_FLAG && value == NULL &&
	    (next == NULL || strncmp(next, "--", 2) != 0)) {
		value = next;
		used = 2;
	}
	if (p->type != CTL_FLAG && value == NULL)
		return err_set(e, "%s needs a value: %s", p->name, p->word);
	if (check_value(p->type, value, e) == -1)
		return err_prefix(e, "%s", p->name);
	r->options[r->option_count].param = p;
	r->options[r->option_count++].value = value;
	return used;
}

static int
check_complete(const struct ctl_args *a, struct err *e)
{
	const struct ctl_command *c = a->command;

	if (a->operand_count < CTL_OPERANDS_MAX &&
	    c->operands[a->operand_count].is_required)
		return err_set(e, "%s is missing",
		    c->operands[a->operand_count].name);
	for (size_t i = 0; i < CTL_OPTIONS_MAX; i++)
		if (c->options[i].is_required &&
		    times_given(a, &c->options[i]) == 0)
			return err_set(e, "%s is missing", c->options[i].name);
	return 0;
}

int
ctl_parse(struct ctl_args *r, const char *const *words, size_t count,
    struct err *e)
{
	size_t at;
	bool are_options_over = false;
	int used;

	memset(r, 0, sizeof *r);
	if (count > CTL_WORDS_MAX)
		return err_set(e, "more than %d arguments", CTL_WORDS_MAX);
	if (find_command(&r->command, words, count, &at, e) == -1)
		return -1;
	for (; at < count; at += (size_t)used) {
		const char *w = words[at];

		used = 1;
		if (!are_options_over && strcmp(w, "--") == 0)
			are_options_over = true;
		else if (!are_options_over && w[0] == '-')
			used = add_option(r, w,
			    at + 1 < count ? words[at + 1] : NULL, e);
		else if (add_operand(r, w, e) == -1)
			used = -1;
		if (used == -1)
			return -1;
	}
	return check_complete(r, e);
}

const char *
ctl_option(const struct ctl_args *a, const char *name)
{
	for (size_t i = 0; i < a->option_count; i++)
		if (strcmp(a->options[i].param->name, name) == 0)
			return a->options[i].value == NULL
			    ? ""
			    : a->options[i].value;
	return NULL;
}

void
ctl_usage(const struct ctl_command *c, char *r, size_t cap)
{
	size_t used = (size_t)snprintf(r, cap, "%s", c->name);

	for (size_t i = 0; i < CTL_OPERANDS_MAX && used < cap; i++)
		if (c->operands[i].name != NULL)
			used += (size_t)snprintf(r + used, cap - used,
			    c->operands[i].is_required ? " %s" : " [%s]",
			    c->operands[i].name);
	for (size_t i = 0; i < CTL_OPTIONS_MAX && used < cap; i++) {
		const struct ctl_param *p = &c->options[i];

		if (p->name == NULL)
			continue;
		used += (size_t)snprintf(r + used, cap - used, " %s%s%s%s%s%s",
		    p->is_required ? "" : "[", p->name,
		    p->word == NULL ? "" : " ", p->word == NULL ? "" : p->word,
		    p->is_required ? "" : "]", p->repeat > 1 ? "..." : "");
	}
}

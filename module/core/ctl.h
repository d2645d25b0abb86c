/*
 * The language of the control socket: which commands there are, and what
 * each of them takes.  mastheadctl parses its command line with it, and the
 * daemon parses what arrives with the same table, so that neither believes
 * the other.
 *
 * One request is one line of JSON, {"args": ["publisher", "show", JID]};
 * the answer is one line, {"exit": 0, "result": {...}} or
 * {"exit": N, "error": "sentence"}.  See docs/mastheadctl.8.
 */
#ifndef CORE_CTL_H
#define CORE_CTL_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

#define CTL_REQUEST_MAX 65536 /* bytes of a request's line, without the LF */
#define CTL_REPLY_MAX (16 * 1024 * 1024) /* bytes of an answer's line */
#define CTL_WORDS_MAX 64		 /* arguments of one request */
#define CTL_OPERANDS_MAX 2
#define CTL_OPTIONS_MAX 8
#define CTL_LIST_MAX 1000 /* publishers in one answer */

/* Exit codes of mastheadctl; also `exit` in an answer. */
enum ctl_exit {
	CTL_OK = 0,
	CTL_REFUSED = 1,      /* the register or the daemon says no */
	CTL_USAGE = 2,	      /* the command line is wrong */
	CTL_RED = 3,	      /* `status` found problems */
	CTL_UNREACHABLE = 69, /* EX_UNAVAILABLE: no daemon at the socket */
	CTL_UNAVAILABLE = 75, /* EX_TEMPFAIL: try again */
};

/* What a value must look like. */
enum ctl_type {
	CTL_FLAG = 0, /* an option without a value */
	CTL_TEXT,     /* UTF-8, not empty, no control characters */
	CTL_WORD,     /* [a-z0-9-]: a category, a room affiliation */
	CTL_JID,      /* bare JID; prepared by the sender, checked by both */
	CTL_DOMAIN,   /* a domain; as well */
	CTL_DURATION, /* when_duration_parse, longer than nothing */
	CTL_TIME,     /* when_parse */
	CTL_KIND,     /* publication_kind_find */
	CTL_STATE,    /* publisher_state_find */
	CTL_KID,      /* a key's ID */
	CTL_COUNT,    /* 1 to CTL_LIST_MAX */
};

struct ctl_param {
	const char *name; /* "JID"; of an option "--reason" */
	const char *word; /* of an option: what its value is called; or NULL */
	enum ctl_type type;
	bool is_required; /* an operand that is not, is the last */
	unsigned repeat;  /* how often at most; 0 counts as once */
};

struct ctl_command {
	const char *name; /* one or two words: "publisher add" */
	struct ctl_param operands[CTL_OPERANDS_MAX];
	struct ctl_param options[CTL_OPTIONS_MAX];
};

/* Parsed arguments; all strings borrowed from the words. */
struct ctl_args {
	const struct ctl_command *command;
	const char *operands[CTL_OPERANDS_MAX];
	size_t operand_count;
	struct {
		const struct ctl_param *param;
		const char *value; /* NULL for a flag */
	} options[CTL_WORDS_MAX];
	size_t option_count;
};

/* Every command; the last row has no name. */
extern const struct ctl_command ctl_commands[];

/* NULL if there is none of that name. */
const struct ctl_command *ctl_command_find(const char *name);

/*
 * Parses words.  Options may stand anywhere after the command, as
 * "--name value" or "--name=value" (a value that begins with "--" only so);
 * "--" ends them.  Returns 0, or -1 with a
 * sentence; then `r->command` is the command, if that much was understood.
 */
int ctl_parse(struct ctl_args *r, const char *const *words, size_t count,
    struct err *e);

/* The value of an option that was given, "" for a flag; NULL if it was not. */
const char *ctl_option(const struct ctl_args *a, const char *name);

/* "publisher show JID" and so on: one line without "mastheadctl". */
void ctl_usage(const struct ctl_command *c, char *r, size_t cap);

#endif

/*
 * The text with which somebody shows that a domain is theirs, and where it
 * stands: a TXT record, or a line of a file.  Pure.
 *
 *	_masthead.example.org.  TXT  "masthead-verification=TOKEN"
 *	https://example.org/.well-known/masthead.txt
 */
#ifndef NET_CLAIM_H
#define NET_CLAIM_H

#include <stddef.h>

#include "core/err.h"

#define CLAIM_PREFIX "masthead-verification="
#define CLAIM_LABEL "_masthead."
#define CLAIM_PATH "/.well-known/masthead.txt"
#define CLAIM_TOKEN_MAX 64 /* bytes of a token: [A-Za-z0-9_-] */
#define CLAIM_TEXT_MAX (sizeof CLAIM_PREFIX + CLAIM_TOKEN_MAX) /* with NUL */
#define CLAIM_DOMAIN_MAX 253
#define CLAIM_NAME_MAX (CLAIM_DOMAIN_MAX + sizeof CLAIM_LABEL) /* with NUL */
#define CLAIM_SEEN_MAX 200 /* bytes, with the NUL */

enum claim_match {
	CLAIM_NONE = 0,
	CLAIM_OTHER, /* the prefix is there, with something else behind it */
	CLAIM_HERE,
};

/* What has to be published.  `token` has at most CLAIM_TOKEN_MAX bytes. */
void claim_text(const char *token, char r[CLAIM_TEXT_MAX]);

/* The name to ask for.  -1 if it would be longer than DNS allows. */
int claim_name(const char *domain, char r[CLAIM_NAME_MAX], struct err *e);

/*
 * One TXT record as DNS has it, a row of strings with a length byte each;
 * they are joined, and must be the text and nothing else.  `seen` (may be
 * NULL) gets what was there, as one line that can be shown to people.
 */
enum claim_match claim_in_txt(const char *rdata, size_t len, const char *token,
    char seen[CLAIM_SEEN_MAX]);

/* A file: one of its lines must be the text; white space around it, CRLF and
 * a byte order mark at the start do no harm.  `seen` as above: the line that
 * comes closest, or the first that is not empty. */
enum claim_match claim_in_file(const char *bytes, size_t len, const char *token,
    char seen[CLAIM_SEEN_MAX]);

/* Bytes that a stranger sent, as one line for people: control characters and
 * what is no UTF-8 become "?", and what is too long ends in an ellipsis. */
void claim_show(const char *bytes, size_t len, char *r, size_t cap);

#endif

/* Members of results, as texts to print. */
#ifndef CLI_SHOW_H
#define CLI_SHOW_H

#include <jansson.h>
#include <stdio.h>

#include "cli/table.h"

#define SHOW_NUMBER_MAX 24
#define SHOW_TEXT_MAX 1024

/* A string member; "" if there is none.  Borrowed. */
const char *show_text(const json_t *object, const char *member);
/* An integer member as text in `r`; "" if there is none.  Returns `r`. */
const char *show_number(const json_t *object, const char *member,
    char r[SHOW_NUMBER_MAX]);
/* "yes" or "no". */
const char *show_bool(const json_t *object, const char *member);
/* An array of strings, with ", " between them, cut at the end of `r`; `none`
 * if it is empty.  Returns `r`. */
const char *show_words(const json_t *object, const char *member,
    const char *none, char r[SHOW_TEXT_MAX]);
/* "what: value", as a row of a table without a header; left out if `value`
 * is "". */
void show_pair(struct table *t, const char *what, const char *value);
/* Prints and frees; says that memory ran out if `t` is NULL. */
void show_table(struct table *t, FILE *out);
/* How many guards have acknowledged a recall. */
void show_guards(const json_t *result, FILE *out);

#endif

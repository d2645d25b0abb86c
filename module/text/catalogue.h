/*
 * Texts for people, in their language: ICU resource bundles with
 * MessageFormat patterns, compiled by genrb from module/text/locale/LANG.txt.
 */
#ifndef TEXT_CATALOGUE_H
#define TEXT_CATALOGUE_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define CATALOGUE_TEXT_MAX 2048 /* bytes of UTF-8, with the NUL */

struct catalogue;

/*
 * Opens the bundles in `dir` (NULL: where the build or the installation put
 * them).  English must be there: it is what every missing text falls back to.
 */
int catalogue_open(struct catalogue **r, const char *dir, struct err *e);
void catalogue_close(struct catalogue *c);

/* An argument of a text: {name} in the pattern. */
struct catalogue_arg {
	const char *name;
	const char *text; /* UTF-8; NULL if it is a date */
	int64_t date_s;	  /* seconds since 1970, formatted as a long date, UTC */
};

/*
 * One text.  `lang` is an xml:lang (BCP 47) or "" ; `*lang_r` (may be NULL)
 * is the language that was found, static or owned by the catalogue.  A key
 * that is nowhere yields the key itself: a hole is visible, never fatal.
 */
void catalogue_text(struct catalogue *c, const char *lang, const char *key,
    const struct catalogue_arg *args, size_t arg_count,
    char r[CATALOGUE_TEXT_MAX], const char **lang_r);

#endif

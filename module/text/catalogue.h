/*
 * Texts for people, in their language: ICU resource bundles with
 * MessageFormat patterns, compiled by genrb from module/text/locale/LANG.txt.
 *
 * All texts are read and compiled when the catalogue is opened, so that a
 * broken one is found at the start and a refusal costs no file access.  A
 * pattern's arguments are plain {name}s; en.txt lists those of each text:
 *
 *   place        the room's address        categories  titles, with commas
 *   date         of what happened          reason      what staff wrote
 *   apply        where to apply or renew   appeal      where to appeal
 *   name         a publisher's public name (the one that resembles)
 *   node         the name of a node        address     where it is
 *   label        that a rule is about
 *
 *   place_node                  node address: what `place` is for a node
 *   place_labelled              place label: what it is where a label counts
 *   refusal_not_registered      place categories apply
 *   refusal_application_open    place date apply
 *   refusal_wrong_category      place categories apply
 *   refusal_suspended           place date reason appeal
 *   refusal_revoked             place date reason appeal
 *   refusal_expired             place date apply
 *   refusal_rejected            place date reason appeal
 *   refusal_withdrawn           place date apply
 *   refusal_agreement_outdated  place apply
 *   refusal_reprint             place apply
 *   refusal_encryption          place
 *   refusal_name_conflict       place name appeal
 *   refusal_unavailable         (none; the guard has a copy, as of the next)
 *   refusal_overload            (none)
 *   refusal_limit               (none)
 *
 * A caller may give arguments that a text does not use: giving all of them
 * always is right.
 */
#ifndef TEXT_CATALOGUE_H
#define TEXT_CATALOGUE_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

#define CATALOGUE_TEXT_MAX 2048 /* bytes of UTF-8, with the NUL */
#define CATALOGUE_ARGS_MAX 8	/* different arguments of one text */
#define CATALOGUE_NAME_MAX 31	/* bytes of an argument's name: [a-z_] */
#define CATALOGUE_LANGS_MAX 64

struct catalogue;

/*
 * Opens the bundles in `dir`, one LANG.res a language.  NULL: those that
 * belong to the running program, found from where it lies (in its build, in
 * an installation), otherwise where the build was told to install them.
 * English must be there: it is what every missing text falls back to.
 */
int catalogue_open(struct catalogue **r, const char *dir, struct err *e);
/* NULL is legal. */
void catalogue_close(struct catalogue *c);

/* An argument of a text: {name} in the pattern. */
struct catalogue_arg {
	const char *name;
	const char *text; /* UTF-8; NULL if it is a date */
	int64_t date_s; /* seconds since 1970, formatted as a long date, UTC */
};

/*
 * One text.  `lang` is an xml:lang (BCP 47), anything, "" or NULL; the
 * longest prefix of it that is a language here is chosen (RFC 4647
 * #section-3.4), English if there is none.  `*lang_r` (may be NULL) is the
 * language of the text, owned by the catalogue.  An argument that is not
 * given stays as {name}, of a value only 1,024 bytes are used, and a key that
 * is nowhere yields the key itself: a hole is visible, never fatal.  What is
 * longer than CATALOGUE_TEXT_MAX - 1 is cut between characters.  One thread at
 * a time.
 */
void catalogue_text(struct catalogue *c, const char *lang, const char *key,
    const struct catalogue_arg *args, size_t arg_count,
    char r[CATALOGUE_TEXT_MAX], const char **lang_r);

/* For tests and tools: the languages, English among them, in alphabetical
 * order (NULL past the last), and the names of the arguments that a text
 * uses in exactly that language, in order of first use: how many, or -1 if
 * the language lacks the text.  All owned by the catalogue. */
const char *catalogue_lang(const struct catalogue *c, size_t i);
int catalogue_args(const struct catalogue *c, const char *lang, const char *key,
    const char *r[CATALOGUE_ARGS_MAX]);

#endif

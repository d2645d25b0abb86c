/*
 * What an applicant says about itself: between forms, the register and
 * sealed evidence.  The same for every door: commands, in-band registration.
 */
#ifndef DAEMON_APPLICANT_H
#define DAEMON_APPLICANT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/application.h"
#include "core/err.h"
#include "daemon/config.h"
#include "store/cases.h"
#include "text/catalogue.h"
#include "xmpp/form.h"

#define NS_APPLY "urn:masthead:apply:0" /* FORM_TYPE */

/* In whose words, and by which configuration; borrowed. */
struct applicant_words {
	struct catalogue *catalogue;
	const char *lang;
	const struct config *config;
};

/* Everything that is said.  About 20 KiB: for the heap. */
struct applicant {
	struct application fields; /* what the register keeps in the open */
	/* What is sealed. */
	char kind[16]; /* APPLICATION_KIND_... */
	char legal_name[APPLICATION_LINE_MAX + 1];
	char registration[APPLICATION_LINE_MAX + 1];
	char authority[APPLICATION_LINE_MAX + 1];
	char contact[APPLICATION_CONTACT_MAX + 1];
	char notes[APPLICATION_NOTES_MAX + 1];
};

/* A text in these words; `args` as catalogue_text's. */
void applicant_text(const struct applicant_words *w, const char *key,
    const struct catalogue_arg *args, size_t count, char r[CATALOGUE_TEXT_MAX]);
/* The titles of the categories that the fields name, with commas. */
void applicant_titles(const struct applicant_words *w,
    const struct application *a, char *r, size_t cap);

/*
 * The form, with the answers that there are (`a` NULL: none); without title
 * and instructions.  NULL without memory.
 */
struct form *applicant_form(const struct applicant_words *w,
    const struct applicant *a);
/* One field of it, for forms that ask less. */
struct form_field *applicant_field(const struct applicant_words *w,
    struct form *f, const char *var, const char *value);
/* The field "categories", with those that one can apply for; the ones in `a`
 * (may be NULL) are chosen.  How many can be chosen. */
size_t applicant_categories(const struct applicant_words *w, struct form *f,
    const struct application *a);

/* Takes the answers of a form that has been filled; fields that the form does
 * not have stay as they are. */
void applicant_read(struct applicant *a, const struct form *f);
/* Checks what a form cannot: puts the domain into A-labels, and marks in the
 * form what is wrong.  How many fields are. */
size_t applicant_check(const struct applicant_words *w, struct applicant *a,
    struct form *f);

/*
 * The sealed part as JSON: an object whose keys are the fields' names, and
 * "kind".  The caller's (free, after hash_wipe); NULL without memory.
 */
char *applicant_json(const struct applicant *a);
/* The other way round; what is not there is "".  0 or -1. */
int applicant_parse(struct applicant *a, const char *json, struct err *e);

struct evidence;

/*
 * The account's own sealed answers: into what goes with a step (to be given
 * back with evidence_clear); out of the register, for the account itself,
 * which leaves no trace in the history.  0 or -1.  What was erased is left as
 * it is in `a`.
 */
int applicant_seal(const struct evidence *v, const struct applicant *a,
    const char *jid, struct case_sealed *r, struct err *e);
int applicant_unseal(const struct evidence *v, struct store *s, const char *id,
    struct applicant *a, struct err *e);
/* What staff have asked last; "" if that was erased. */
int applicant_question(const struct evidence *v, struct store *s,
    const struct application *a, char r[PUBLISHER_REASON_MAX + 1],
    struct err *e);

#endif

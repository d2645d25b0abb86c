/*
 * What an applicant is asked: the fields, and which answers can be right.
 *
 * Pure, and the same for every door that an application comes through
 * (commands, in-band registration, change, renewal).  A form has checked
 * that what must be there is there, and how long it is (xmpp/form.h); this
 * checks what the answers mean together.
 */
#ifndef CORE_APPLICATION_H
#define CORE_APPLICATION_H

#include <stdbool.h>
#include <stddef.h>

#define APPLICATION_NAME_MAX 255   /* bytes of UTF-8 */
#define APPLICATION_LINE_MAX 255   /* legal name, registration, authority */
#define APPLICATION_DOMAIN_MAX 253 /* as it is typed, and in A-labels */
#define APPLICATION_WEBSITE_MAX 1023
#define APPLICATION_CONTACT_MAX 255
#define APPLICATION_NOTES_MAX 2048
#define APPLICATION_ANSWERS_COUNT 9 /* rows of the table */

/* One field that is answered with text or a choice. */
struct application_field {
	const char *var;       /* "legal_name" */
	const char *label_key; /* of the catalogue; says who gets to see it */
	const char *desc_key;  /* or NULL */
	size_t max_len;	       /* bytes */
	bool is_required;      /* whoever applies */
	bool is_public;	       /* once it is approved; the rest is sealed */
	bool has_lines;
};
/* In the order of the form, `i` from 0; NULL past the last.  Besides them
 * there are "kind" and "categories". */
const struct application_field *application_field(size_t i);
const struct application_field *application_field_find(const char *var);

#define APPLICATION_KIND_PERSON "person"
#define APPLICATION_KIND_ORGANISATION "organisation"

/* The answers, "" where there is none; borrowed, without spaces around. */
struct application_answers {
	const char *name, *organisation, *kind, *legal_name, *registration,
	    *authority, *website, *contact, *notes;
	/* The domain in A-labels, lower case; "" for none.  `is_domain_bad`: it
	 * was given, and could not be brought into that form. */
	const char *domain;
	bool is_domain_bad;
};

struct application_mistake {
	const char *var; /* of the field */
	const char *key; /* of the sentence, in the catalogue */
};
#define APPLICATION_MISTAKES_MAX 16

/* How many mistakes there are in `r`, in the order of the form, at most one a
 * field. */
size_t application_check(const struct application_answers *a,
    struct application_mistake r[APPLICATION_MISTAKES_MAX]);

/* A host name in A-labels (RFC 1123 #section-2.1) of two labels or more, whose
 * last one is no number: no address of a machine. */
bool application_is_domain(const char *s);
/* https://HOST... or http://HOST...; the host may be written in U-labels. */
bool application_is_website(const char *s);
/* An address of electronic mail, or mailto:, tel: or xmpp: and one. */
bool application_is_contact(const char *s);

#endif

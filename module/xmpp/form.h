/*
 * Data forms (XEP-0004) with their validation (XEP-0122).
 *
 * One struct form is all three: what is asked, what was answered, and what
 * is wrong with that.  A command builds it and sends it with form_write;
 * form_fill takes what was submitted into it, checks each value against the
 * field's type, datatype, range and options, and marks the faults; written
 * again, it is the same form with the answers kept and every fault told.
 *
 * Building never fails at once: a missing byte of memory, or one beyond a
 * maximum, marks the whole form, and form_write says so.
 */
#ifndef XMPP_FORM_H
#define XMPP_FORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <strophe.h>

#include "core/err.h"

#define FORM_FIELDS_MAX 192	  /* of one form, texts included */
#define FORM_OPTIONS_MAX 128	  /* of one field */
#define FORM_BYTES_MAX (1u << 20) /* of all strings of a form */
#define FORM_VAR_MAX 127	  /* bytes of a field's name */
#define FORM_LINE_MAX 1023	  /* bytes of a value, unless the field says */
#define FORM_TEXT_MAX 8192    /* bytes of a text-multi's lines, unless ... */
#define FORM_SUBMIT_MAX 65536 /* bytes of all values of a submission */

/* XEP-0004 #protocol-fieldtypes. */
enum form_type {
	FORM_FIXED = 0,
	FORM_HIDDEN,
	FORM_BOOLEAN,
	FORM_TEXT,	 /* text-single */
	FORM_TEXT_MULTI, /* lines, kept with a newline between them */
	FORM_LIST,	 /* list-single */
	FORM_LIST_MULTI,
	FORM_JID,	/* jid-single */
	FORM_JID_MULTI, /* doubled ones count once */
};

/* XEP-0122 #usecases-datatypes; which lexical form a value must have.  An
 * optional field may be empty whatever its datatype. */
enum form_datatype {
	FORM_STRING = 0, /* xs:string, not declared */
	FORM_INTEGER,	 /* xs:integer from `min` to `max`, declared */
	FORM_URI,	 /* xs:anyURI with a scheme */
	FORM_DATE,	 /* xs:date, YYYY-MM-DD */
};

/* What is wrong with an answer.  FORM_OK is 0. */
enum form_fault {
	FORM_OK = 0,
	FORM_MISSING,
	FORM_TOO_LONG,
	FORM_TOO_MANY,	 /* values */
	FORM_NO_TEXT,	 /* control characters, a line break in a line */
	FORM_NO_OPTION,	 /* not among those offered */
	FORM_NO_BOOLEAN, /* neither 0, 1, false nor true */
	FORM_NO_INTEGER,
	FORM_OUT_OF_RANGE,
	FORM_NO_URI,
	FORM_NO_DATE,
	FORM_NO_JID,
	FORM_OTHER, /* what the command says: form_blame */
};

struct form;
struct form_field;

/* `type`: the value of FORM_TYPE (XEP-0068), NULL for none.  NULL without
 * memory; all functions below take NULL and do nothing. */
struct form *form_new(const char *type);
void form_free(struct form *f);
/* Bytes of memory that it holds, about. */
size_t form_bytes(const struct form *f);

/* All strings are copied.  A second instruction comes after the first. */
void form_title(struct form *f, const char *text);
void form_instruct(struct form *f, const char *text);
/* What comes before all instructions: what has just happened.  Replaces what
 * was there; NULL takes it away.  XEP-0004 wants no line breaks there. */
void form_notice(struct form *f, const char *text);

/* Adds a field, in the order of the form.  `var` NULL or "" only for
 * FORM_FIXED; `label` may be NULL.  Borrowed from the form; NULL if that
 * failed. */
struct form_field *form_add(struct form *f, enum form_type type,
    const char *var, const char *label);
/* Shorthands: a text to read (`var` may be NULL); a line to write that holds
 * `value` (NULL for none); a hidden value. */
void form_add_text(struct form *f, const char *var, const char *text);
struct form_field *form_add_line(struct form *f, const char *var,
    const char *label, const char *value);
void form_add_hidden(struct form *f, const char *var, const char *value);

void form_desc(struct form_field *field, const char *text);
void form_require(struct form_field *field);
/* The longest answer, in bytes. */
void form_limit(struct form_field *field, size_t max_len);
/* How many of a list may be chosen; declared as XEP-0122 #usecases-rangelist.
 * `max` 0: as many as there are. */
void form_choose(struct form_field *field, unsigned min, unsigned max);
/* The range is FORM_INTEGER's; ignored by the others. */
void form_datatype(struct form_field *field, enum form_datatype type,
    int64_t min, int64_t max);
void form_option(struct form_field *field, const char *value,
    const char *label);
/* Adds a value: what is there when the form is shown. */
void form_value(struct form_field *field, const char *value);
void form_boolean(struct form_field *field, bool value);
/* Takes all values away. */
void form_empty(struct form_field *field);

/* The field of that name; NULL if there is none. */
struct form_field *form_find(const struct form *f, const char *var);
/* Whether there is any field that wants an answer. */
bool form_is_question(const struct form *f);
/* Answers, borrowed until the next change of the field: the first value of a
 * field, "" for none; value `i` of several, NULL past the last; a boolean. */
const char *form_get(const struct form *f, const char *var);
const char *form_get_nth(const struct form *f, const char *var, size_t i);
bool form_get_boolean(const struct form *f, const char *var);

/* How a submission that cannot be taken at all is broken. */
enum form_broken {
	FORM_TAKEN = 0,
	FORM_MALFORMED, /* no form of type submit; a field without a name or
			 * twice; another FORM_TYPE */
	FORM_TOO_BIG,	/* over FORM_FIELDS_MAX, FORM_SUBMIT_MAX */
	FORM_NO_MEMORY,
};
/*
 * Takes a submitted <x/> into the form.  If it is broken nothing changes.
 * Otherwise fields that the form does not have are ignored, as are answers to
 * texts and to hidden fields, which keep what they had; a field that is not
 * there has no value (a boolean: false).  What has a fault is kept as it came,
 * as far as it is text at all and not too long.
 */
enum form_broken form_fill(struct form *f, xmpp_stanza_t *x);

/*
 * Faults.  form_blame sets FORM_OTHER with a sentence for the person (copied),
 * or adds the sentence for the fault that there is.  form_faults: how many
 * fields have one.  form_fault_next: the first faulty field after `after`
 * (NULL: from the start), NULL for none.
 */
void form_blame(struct form_field *field, const char *sentence);
void form_absolve(struct form *f);
size_t form_faults(const struct form *f);
struct form_field *form_fault_next(const struct form *f,
    const struct form_field *after);
enum form_fault form_fault(const struct form_field *field);
const char *form_fault_text(const struct form_field *field); /* "" for none */
const char *form_var(const struct form_field *field);
const char *form_label(const struct form_field *field); /* its name if none */
size_t form_max_len(const struct form_field *field);
void form_range(const struct form_field *field, int64_t *min_r, int64_t *max_r);
/* The most values that it takes. */
size_t form_max_count(const struct form_field *field);

/*
 * Adds <x type='form'/> (or 'result', of values alone) to `parent`.  A fault's
 * sentence comes as the field's <desc/>, before what stood there.  0, or -1
 * without memory or if the form is beyond a maximum.
 */
int form_write(const struct form *f, xmpp_stanza_t *parent, const char *type,
    struct err *e);

#endif

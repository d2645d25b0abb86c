/* Data forms; see form.h. */
#include "xmpp/form.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/utf8.h"
#include "core/when.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"

#define FORM_TYPE_VAR "FORM_TYPE"

/* Strings one after the other, each with its NUL. */
struct form_strings {
	char *data;
	size_t len, count;
};

struct form_field {
	struct form_field *next;
	struct form *form;
	enum form_type type;
	enum form_datatype datatype;
	bool is_required;
	enum form_fault fault;
	size_t max_len;
	int64_t min, max; /* of the integer, or how many of a list */
	char *var, *label, *desc, *fault_text; /* NULL for none */
	/* Value, label, value, label. */
	struct form_strings options;
	struct form_strings values;
};

struct form {
	char *type, *title, *notice; /* NULL for none */
	struct form_strings instructions;
	struct form_field *first, **last;
	size_t field_count;
	size_t bytes; /* of all strings */
	bool failed;
};

static const char *const type_names[] = { [FORM_FIXED] = "fixed",
	[FORM_HIDDEN] = "hidden",
	[FORM_BOOLEAN] = "boolean",
	[FORM_TEXT] = "text-single",
	[FORM_TEXT_MULTI] = "text-multi",
	[FORM_LIST] = "list-single",
	[FORM_LIST_MULTI] = "list-multi",
	[FORM_JID] = "jid-single",
	[FORM_JID_MULTI] = "jid-multi" };

/* ---- memory ---------------------------------------------------------- */

/* Whether `more` bytes may be added; marks the form if not. */
static bool
form_room(struct form *f, size_t more)
{
	if (f->failed || more > FORM_BYTES_MAX - f->bytes) {
		f->failed = true;
		return false;
	}
	return true;
}

static void
string_drop(struct form *f, char **r)
{
	if (*r != NULL)
		f->bytes -= strlen(*r) + 1;
	free(*r);
	*r = NULL;
}

static void
string_set(struct form *f, char **r, const char *text)
{
	size_t len = strlen(text) + 1;
	char *copy;

	string_drop(f, r);
	if (!form_room(f, len))
		return;
	copy = malloc(len);
	if (copy == NULL) {
		f->failed = true;
		return;
	}
	memcpy(copy, text, len);
	f->bytes += len;
	*r = copy;
}

static void
strings_clear(struct form *f, struct form_strings *s)
{
	f->bytes -= s->len;
	free(s->data);
	memset(s, 0, sizeof *s);
}

static void
strings_add(struct form *f, struct form_strings *s, const char *text)
{
	size_t len = strlen(text) + 1;
	char *p;

	if (!form_room(f, len))
		return;
	p = realloc(s->data, s->len + len);
	if (p == NULL) {
		f->failed = true;
		return;
	}
	memcpy(p + s->len, text, len);
	s->data = p;
	s->len += len;
	s->count++;
	f->bytes += len;
}

/* The string after `s`, or the first; NULL past the last. */
static const char *
strings_next(const struct form_strings *strings, const char *s)
{
	if (s == NULL)
		return strings->count == 0 ? NULL : strings->data;
	s += strlen(s) + 1;
	return s < strings->data + strings->len ? s : NULL;
}

struct form *
form_new(const char *type)
{
	struct form *f = calloc(1, sizeof *f);

	if (f == NULL)
		return NULL;
	f->last = &f->first;
	if (type != NULL)
		string_set(f, &f->type, type);
	return f;
}

static void
field_free(struct form_field *field)
{
	free(field->var);
	free(field->label);
	free(field->desc);
	free(field->fault_text);
	free(field->options.data);
	free(field->values.data);
	free(field);
}

void
form_free(struct form *f)
{
	if (f == NULL)
		return;
	while (f->first != NULL) {
		struct form_field *field = f->first;

		f->first = field->next;
		field_free(field);
	}
	free(f->type);
	free(f->title);
	free(f->notice);
	free(f->instructions.data);
	free(f);
}

size_t
form_bytes(const struct form *f)
{
	if (f == NULL)
		return 0;
	return sizeof *f + f->bytes +
	    f->field_count * sizeof(struct form_field);
}

/* ---- building -------------------------------------------------------- */

void
form_title(struct form *f, const char *text)
{
	if (f != NULL)
		string_set(f, &f->title, text);
}

void
form_instruct(struct form *f, const char *text)
{
	if (f != NULL)
		strings_add(f, &f->instructions, text);
}

void
form_notice(struct form *f, const char *text)
{
	if (f == NULL)
		return;
	string_drop(f, &f->notice);
	if (text != NULL)
		string_set(f, &f->notice, text);
}

static size_t
type_max_len(enum form_type type)
{
	return type == FORM_TEXT_MULTI ? FORM_TEXT_MAX : FORM_LINE_MAX;
}

struct form_field *
form_add(struct form *f, enum form_type type, const char *var,
    const char *label)
{
	struct form_field *field;

	if (f == NULL || f->failed)
		return NULL;
	field =
	    f->field_count < FORM_FIELDS_MAX ? calloc(1, sizeof *field) : NULL;
	if (field == NULL) {
		f->failed = true;
		return NULL;
	}
	field->form = f;
	field->type = type;
	field->max_len = type_max_len(type);
	*f->last = field;
	f->last = &field->next;
	f->field_count++;
	if (var != NULL && var[0] != '\0')
		string_set(f, &field->var, var);
	if (label != NULL && label[0] != '\0')
		string_set(f, &field->label, label);
	/* A field that cannot be named, or a name twice, is our mistake. */
	if ((field->var == NULL && type != FORM_FIXED) ||
	    (field->var != NULL &&
		(strlen(field->var) > FORM_VAR_MAX ||
		    form_find(f, field->var) != field)))
		f->failed = true;
	return field;
}

void
form_add_text(struct form *f, const char *var, const char *text)
{
	form_value(form_add(f, FORM_FIXED, var, NULL), text);
}

struct form_field *
form_add_line(struct form *f, const char *var, const char *label,
    const char *value)
{
	struct form_field *field = form_add(f, FORM_TEXT, var, label);

	if (value != NULL && value[0] != '\0')
		form_value(field, value);
	return field;
}

void
form_add_hidden(struct form *f, const char *var, const char *value)
{
	form_value(form_add(f, FORM_HIDDEN, var, NULL), value);
}

void
form_desc(struct form_field *field, const char *text)
{
	if (field != NULL)
		string_set(field->form, &field->desc, text);
}

void
form_require(struct form_field *field)
{
	if (field != NULL)
		field->is_required = true;
}

void
form_limit(struct form_field *field, size_t max_len)
{
	if (field != NULL)
		field->max_len = max_len;
}

void
form_choose(struct form_field *field, unsigned min, unsigned max)
{
	if (field == NULL)
		return;
	field->min = min;
	field->max = max;
}

void
form_datatype(struct form_field *field, enum form_datatype type, int64_t min,
    int64_t max)
{
	if (field == NULL)
		return;
	field->datatype = type;
	if (type == FORM_INTEGER) {
		field->min = min;
		field->max = max;
	}
}

void
form_option(struct form_field *field, const char *value, const char *label)
{
	if (field == NULL)
		return;
	if (field->options.count >= 2 * FORM_OPTIONS_MAX)
		field->form->failed = true;
	strings_add(field->form, &field->options, value);
	strings_add(field->form, &field->options, label);
}

void
form_value(struct form_field *field, const char *value)
{
	if (field != NULL)
		strings_add(field->form, &field->values, value);
}

void
form_boolean(struct form_field *field, bool value)
{
	form_empty(field);
	form_value(field, value ? "1" : "0");
}

void
form_empty(struct form_field *field)
{
	if (field != NULL)
		strings_clear(field->form, &field->values);
}

/* ---- answers --------------------------------------------------------- */

struct form_field *
form_find(const struct form *f, const char *var)
{
	struct form_field *field = f == NULL ? NULL : f->first;

	while (field != NULL &&
	    (field->var == NULL || strcmp(field->var, var) != 0))
		field = field->next;
	return field;
}

bool
form_is_question(const struct form *f)
{
	const struct form_field *i = f == NULL ? NULL : f->first;

	while (i != NULL && (i->type == FORM_FIXED || i->type == FORM_HIDDEN))
		i = i->next;
	return i != NULL;
}

const char *
form_get_nth(const struct form *f, const char *var, size_t i)
{
	const struct form_field *field = form_find(f, var);
	const char *s;

	if (field == NULL)
		return NULL;
	s = strings_next(&field->values, NULL);
	while (s != NULL && i-- > 0)
		s = strings_next(&field->values, s);
	return s;
}

const char *
form_get(const struct form *f, const char *var)
{
	const char *s = form_get_nth(f, var, 0);

	return s == NULL ? "" : s;
}

static bool
is_true(const char *s)
{
	return strcmp(s, "1") == 0 || strcmp(s, "true") == 0;
}

bool
form_get_boolean(const struct form *f, const char *var)
{
	return is_true(form_get(f, var));
}

/* ---- a submission ---------------------------------------------------- */

/* Character data of an element, the caller's (free); "" for none.  NULL
 * without memory. */
static char *
text_of(xmpp_stanza_t *s)
{
	char *own = xmpp_stanza_get_text(s);
	char *r = strdup(own == NULL ? "" : own);

	if (own != NULL)
		xmpp_free(xmpp_stanza_get_context(s), own);
	return r;
}

static bool
is_field(xmpp_stanza_t *s)
{
	return xmpp_stanza_is_tag(s) && stanza_is(s, "field", NS_DATA);
}

static bool
is_value(xmpp_stanza_t *s)
{
	return xmpp_stanza_is_tag(s) && stanza_is(s, "value", NS_DATA);
}

/* Bytes of all character data below `s`; counts up to a maximum. */
static size_t
text_len(xmpp_stanza_t *s)
{
	xmpp_stanza_t *child = xmpp_stanza_get_children(s);
	size_t len = 0;

	for (; child != NULL; child = xmpp_stanza_get_next(child)) {
		if (xmpp_stanza_is_text(child))
			len += strlen(xmpp_stanza_get_text_ptr(child));
		else
			len += text_len(child);
	}
	return len;
}

/* Whether `var` comes again after `field`. */
static bool
is_doubled(xmpp_stanza_t *field, const char *var)
{
	xmpp_stanza_t *s = xmpp_stanza_get_next(field);

	for (; s != NULL; s = xmpp_stanza_get_next(s))
		if (is_field(s) && strcmp(stanza_get(s, "var"), var) == 0)
			return true;
	return false;
}

/* The field of a submission; NULL for none. */
static xmpp_stanza_t *
submitted(xmpp_stanza_t *x, const char *var)
{
	xmpp_stanza_t *s = xmpp_stanza_get_children(x);

	while (s != NULL &&
	    !(is_field(s) && strcmp(stanza_get(s, "var"), var) == 0))
		s = xmpp_stanza_get_next(s);
	return s;
}

/* XEP-0068: a form of another type is none of ours. */
static enum form_broken
check_form_type(const struct form *f, xmpp_stanza_t *x)
{
	xmpp_stanza_t *field = submitted(x, FORM_TYPE_VAR);
	xmpp_stanza_t *value = NULL;
	enum form_broken rc;
	char *text;

	if (field == NULL || f->type == NULL)
		return FORM_TAKEN;
	for (value = xmpp_stanza_get_children(field);
	     value != NULL && !is_value(value);)
		value = xmpp_stanza_get_next(value);
	if (value == NULL)
		return FORM_MALFORMED;
	text = text_of(value);
	if (text == NULL)
		return FORM_NO_MEMORY;
	rc = strcmp(text, f->type) == 0 ? FORM_TAKEN : FORM_MALFORMED;
	free(text);
	return rc;
}

static enum form_broken
check_submission(const struct form *f, xmpp_stanza_t *x)
{
	xmpp_stanza_t *s;
	size_t count = 0;

	if (!stanza_is(x, "x", NS_DATA) ||
	    strcmp(stanza_get(x, "type"), "submit") != 0)
		return FORM_MALFORMED;
	if (text_len(x) > FORM_SUBMIT_MAX)
		return FORM_TOO_BIG;
	for (s = xmpp_stanza_get_children(x); s != NULL;
	     s = xmpp_stanza_get_next(s)) {
		const char *var;

		if (!is_field(s))
			continue;
		if (++count > FORM_FIELDS_MAX)
			return FORM_TOO_BIG;
		var = stanza_get(s, "var");
		/* Some clients send texts that have no name back as well. */
		if (var[0] == '\0' &&
		    strcmp(stanza_get(s, "type"), "fixed") == 0)
			continue;
		if (var[0] == '\0' || is_doubled(s, var))
			return FORM_MALFORMED;
	}
	return check_form_type(f, x);
}

static bool
is_list(const struct form_field *field)
{
	return field->type == FORM_LIST || field->type == FORM_LIST_MULTI;
}

static bool
is_multi(const struct form_field *field)
{
	return field->type == FORM_LIST_MULTI || field->type == FORM_JID_MULTI;
}

size_t
form_max_count(const struct form_field *field)
{
	if (!is_multi(field))
		return 1;
	if (field->max > 0 && field->datatype != FORM_INTEGER)
		return (size_t)field->max;
	return field->type == FORM_LIST_MULTI ? field->options.count / 2
					      : FORM_OPTIONS_MAX;
}

/* The first fault of a field stays. */
static void
blame(struct form_field *field, enum form_fault fault)
{
	if (field->fault == FORM_OK)
		field->fault = fault;
}

/* No control characters; line breaks where lines are asked for. */
static bool
is_text(const char *s, bool has_lines)
{
	for (size_t len; *s != '\0'; s += len) {
		unsigned char c = (unsigned char)*s;

		len = utf8_len(s);
		if (len == 0 || c == 0x7f ||
		    (c < 0x20 && !(has_lines && (c == '\n' || c == '\t'))) ||
		    (c == 0xc2 && (unsigned char)s[1] < 0xa0)) /* C1 */
			return false;
	}
	return true;
}

static bool
has_value(const struct form_field *field, const char *value)
{
	const char *s = NULL;

	while ((s = strings_next(&field->values, s)) != NULL)
		if (strcmp(s, value) == 0)
			return true;
	return false;
}

/* Spaces around a line are a slip of the hand. */
static void
trim(char *s)
{
	size_t len = strlen(s), lead = strspn(s, " \t\r\n");

	while (len > lead && strchr(" \t\r\n", s[len - 1]) != NULL)
		len--;
	s[len] = '\0';
	memmove(s, s + lead, len - lead + 1);
}

/* One more value of a field that is no text of several lines. */
static void
take_value(struct form_field *field, char *text)
{
	if (!is_list(field))
		trim(text);
	if (strlen(text) > field->max_len) {
		blame(field, FORM_TOO_LONG);
		return;
	}
	if (!is_text(text, false)) {
		blame(field, FORM_NO_TEXT);
		return;
	}
	/* An empty value is none; a doubled one says nothing new. */
	if (text[0] == '\0' || has_value(field, text))
		return;
	if (field->values.count >= form_max_count(field)) {
		blame(field, FORM_TOO_MANY);
		return;
	}
	form_value(field, text);
}

/* The lines of a text-multi, as one value. */
static void
take_line(struct form_field *field, const char *text, bool is_first)
{
	struct form_strings *v = &field->values;
	size_t had = is_first ? 0 : v->len, len = strlen(text);
	char *joined;

	if (had + len > field->max_len) {
		blame(field, FORM_TOO_LONG);
		return;
	}
	if (!is_text(text, true)) {
		blame(field, FORM_NO_TEXT);
		return;
	}
	joined = malloc(had + len + 1);
	if (joined == NULL) {
		field->form->failed = true;
		return;
	}
	if (had > 0) {
		memcpy(joined, v->data, had - 1);
		joined[had - 1] = '\n';
	}
	memcpy(joined + had, text, len + 1);
	form_empty(field);
	form_value(field, joined);
	free(joined);
}

static void
take_values(struct form_field *field, xmpp_stanza_t *from)
{
	xmpp_stanza_t *s = xmpp_stanza_get_children(from);
	bool is_first = true;

	for (; s != NULL; s = xmpp_stanza_get_next(s)) {
		char *text;

		if (!is_value(s))
			continue;
		text = text_of(s);
		if (text == NULL)
			field->form->failed = true;
		else if (field->type == FORM_TEXT_MULTI)
			take_line(field, text, is_first);
		else
			take_value(field, text);
		free(text);
		is_first = false;
	}
}

static bool
is_option(const struct form_field *field, const char *value)
{
	const struct form_strings *o = &field->options;
	const char *s = strings_next(o, NULL);

	while (s != NULL) {
		if (strcmp(s, value) == 0)
			return true;
		s = strings_next(o, strings_next(o, s));
	}
	return false;
}

/* RFC 3986 #section-3.1, and something after it. */
static bool
is_uri(const char *s)
{
	size_t n = 0;

	if (!isalpha((unsigned char)s[0]))
		return false;
	while (isalnum((unsigned char)s[n]) || strchr("+-.", s[n]) != NULL) {
		if (s[n] == '\0')
			return false;
		n++;
	}
	return s[n] == ':' && s[n + 1] != '\0' &&
	    strpbrk(s, " <>\"{}|\\^`") == NULL;
}

static bool
is_date(const char *s)
{
	int64_t ignored;

	return strlen(s) == 10 && s[4] == '-' &&
	    when_parse(s, &ignored, NULL) == 0;
}

/* localpart@domain, roughly: text/jid.h knows better, for who needs it. */
static bool
is_jid(const char *s)
{
	const char *at = strchr(s, '@');
	const char *domain = at == NULL ? s : at + 1;

	return s[0] != '@' && domain[0] != '\0' && domain[0] != '/' &&
	    strpbrk(s, " \"<>") == NULL;
}

static enum form_fault
check_integer(const struct form_field *field, const char *s)
{
	char *end;
	int64_t n;

	if (!isdigit((unsigned char)s[0]) && s[0] != '-' && s[0] != '+')
		return FORM_NO_INTEGER;
	errno = 0;
	n = strtoll(s, &end, 10);
	if (*end != '\0' || end == s)
		return FORM_NO_INTEGER;
	return errno != 0 || n < field->min || n > field->max
	    ? FORM_OUT_OF_RANGE
	    : FORM_OK;
}

static enum form_fault
check_datatype(const struct form_field *field, const char *s)
{
	switch (field->datatype) {
	case FORM_STRING:
		return FORM_OK;
	case FORM_INTEGER:
		return check_integer(field, s);
	case FORM_URI:
		return is_uri(s) ? FORM_OK : FORM_NO_URI;
	case FORM_DATE:
		return is_date(s) ? FORM_OK : FORM_NO_DATE;
	}
	return FORM_OK;
}

static enum form_fault
check_value(const struct form_field *field, const char *s)
{
	if (field->type == FORM_BOOLEAN)
		return is_true(s) || strcmp(s, "0") == 0 ||
			strcmp(s, "false") == 0
		    ? FORM_OK
		    : FORM_NO_BOOLEAN;
	if (is_list(field) && !is_option(field, s))
		return FORM_NO_OPTION;
	if ((field->type == FORM_JID || field->type == FORM_JID_MULTI) &&
	    !is_jid(s))
		return FORM_NO_JID;
	return check_datatype(field, s);
}

/* Text of nothing but space is none. */
static void
drop_blank(struct form_field *field)
{
	const char *s = strings_next(&field->values, NULL);

	if (field->type == FORM_TEXT_MULTI && s != NULL &&
	    s[strspn(s, " \t\r\n")] == '\0')
		form_empty(field);
}

static void
check_field(struct form_field *field)
{
	const char *s = NULL;

	drop_blank(field);
	while ((s = strings_next(&field->values, s)) != NULL) {
		enum form_fault fault = check_value(field, s);

		if (fault != FORM_OK)
			blame(field, fault);
	}
	if (field->values.count == 0 && field->is_required)
		blame(field, FORM_MISSING);
	if (field->type == FORM_LIST_MULTI &&
	    field->values.count < (size_t)field->min)
		blame(field, FORM_MISSING);
	/* A choice that was never offered cannot be shown as chosen. */
	if (field->fault == FORM_NO_OPTION)
		form_empty(field);
}

static void
fill_field(struct form_field *field, xmpp_stanza_t *x)
{
	xmpp_stanza_t *from;

	if (field->type == FORM_FIXED || field->type == FORM_HIDDEN)
		return;
	from = submitted(x, field->var);
	form_empty(field);
	if (from != NULL)
		take_values(field, from);
	if (field->type == FORM_BOOLEAN && field->values.count == 0 &&
	    field->fault == FORM_OK)
		form_boolean(field, false);
	check_field(field);
}

enum form_broken
form_fill(struct form *f, xmpp_stanza_t *x)
{
	enum form_broken rc = check_submission(f, x);

	if (rc != FORM_TAKEN)
		return rc;
	form_absolve(f);
	for (struct form_field *i = f->first; i != NULL; i = i->next)
		fill_field(i, x);
	return f->failed ? FORM_NO_MEMORY : FORM_TAKEN;
}

/* ---- faults ---------------------------------------------------------- */

void
form_blame(struct form_field *field, const char *sentence)
{
	if (field == NULL)
		return;
	blame(field, FORM_OTHER);
	string_set(field->form, &field->fault_text, sentence);
}

void
form_absolve(struct form *f)
{
	for (struct form_field *i = f == NULL ? NULL : f->first; i != NULL;
	     i = i->next) {
		i->fault = FORM_OK;
		string_drop(f, &i->fault_text);
	}
}

struct form_field *
form_fault_next(const struct form *f, const struct form_field *after)
{
	struct form_field *i = NULL;

	if (f != NULL)
		i = after == NULL ? f->first : after->next;
	while (i != NULL && i->fault == FORM_OK)
		i = i->next;
	return i;
}

size_t
form_faults(const struct form *f)
{
	const struct form_field *i = NULL;
	size_t count = 0;

	while ((i = form_fault_next(f, i)) != NULL)
		count++;
	return count;
}

enum form_fault
form_fault(const struct form_field *field)
{
	return field->fault;
}

const char *
form_fault_text(const struct form_field *field)
{
	return field->fault_text == NULL ? "" : field->fault_text;
}

const char *
form_var(const struct form_field *field)
{
	return field->var == NULL ? "" : field->var;
}

const char *
form_label(const struct form_field *field)
{
	return field->label == NULL ? form_var(field) : field->label;
}

size_t
form_max_len(const struct form_field *field)
{
	return field->max_len;
}

void
form_range(const struct form_field *field, int64_t *min_r, int64_t *max_r)
{
	*min_r = field->min;
	*max_r = field->max;
}

/* ---- writing --------------------------------------------------------- */

static int
write_text(xmpp_stanza_t *parent, const char *name, const char *text)
{
	xmpp_stanza_t *s = stanza_add(parent, name, NULL);

	return s == NULL ? -1 : stanza_add_text(s, text);
}

static int
write_number(xmpp_stanza_t *s, const char *attr, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof text, "%" PRId64, n);
	return stanza_set(s, attr, text);
}

static int
write_options(const struct form_field *field, xmpp_stanza_t *parent)
{
	const struct form_strings *o = &field->options;
	const char *value = strings_next(o, NULL);

	while (value != NULL) {
		const char *label = strings_next(o, value);
		xmpp_stanza_t *s = stanza_add(parent, "option", NULL);

		if ((label[0] != '\0' && stanza_set(s, "label", label) == -1) ||
		    write_text(s, "value", value) == -1)
			return -1;
		value = strings_next(o, label);
	}
	return 0;
}

/* XEP-0122: what the form_fill of ours will refuse, said before. */
static int
write_validation(const struct form_field *field, xmpp_stanza_t *parent)
{
	static const char *const types[] = { [FORM_STRING] = "xs:string",
		[FORM_INTEGER] = "xs:integer",
		[FORM_URI] = "xs:anyURI",
		[FORM_DATE] = "xs:date" };
	bool is_counted = field->type == FORM_LIST_MULTI &&
	    (field->min > 0 || field->max > 0);
	xmpp_stanza_t *s, *range;

	if (field->datatype == FORM_STRING && !is_counted)
		return 0;
	s = stanza_add(parent, "validate", NS_VALIDATE);
	if (stanza_set(s, "datatype", types[field->datatype]) == -1)
		return -1;
	range = stanza_add(s,
	    field->datatype == FORM_INTEGER ? "range" : "basic", NULL);
	if (range == NULL)
		return -1;
	if (field->datatype == FORM_INTEGER &&
	    (write_number(range, "min", field->min) == -1 ||
		write_number(range, "max", field->max) == -1))
		return -1;
	if (!is_counted)
		return 0;
	range = stanza_add(s, "list-range", NULL);
	if (field->min > 0 && write_number(range, "min", field->min) == -1)
		return -1;
	return field->max > 0 ? write_number(range, "max", field->max)
	    : range == NULL   ? -1
			      : 0;
}

/* A fault comes before what the field says anyway. */
static int
write_desc(const struct form_field *field, xmpp_stanza_t *parent)
{
	const char *fault = form_fault_text(field);
	const char *desc = field->desc == NULL ? "" : field->desc;
	size_t len = strlen(fault) + strlen(desc) + 2;
	char *text;
	int rc;

	if (fault[0] == '\0' && desc[0] == '\0')
		return 0;
	text = malloc(len);
	if (text == NULL)
		return -1;
	(void)snprintf(text, len, "%s%s%s", fault,
	    fault[0] != '\0' && desc[0] != '\0' ? " " : "", desc);
	rc = write_text(parent, "desc", text);
	free(text);
	return rc;
}

/* Each line of a text is a <value/> of its own. */
static int
write_lines(xmpp_stanza_t *parent, const char *text)
{
	char *copy = strdup(text), *line = copy;
	int rc = copy == NULL ? -1 : 0;

	while (rc == 0 && line != NULL) {
		char *end = strchr(line, '\n');

		if (end != NULL)
			*end++ = '\0';
		rc = write_text(parent, "value", line);
		line = end;
	}
	free(copy);
	return rc;
}

static int
write_values(const struct form_field *field, xmpp_stanza_t *parent)
{
	const char *s = NULL;

	/* Profanity shows the options of a choice only beside a value. */
	if (field->type == FORM_LIST && field->values.count == 0)
		return write_text(parent, "value", "");
	while ((s = strings_next(&field->values, s)) != NULL)
		if ((field->type == FORM_TEXT_MULTI
			    ? write_lines(parent, s)
			    : write_text(parent, "value", s)) == -1)
			return -1;
	return 0;
}

static int
write_field(const struct form_field *field, xmpp_stanza_t *x, bool is_result)
{
	xmpp_stanza_t *s = stanza_add(x, "field", NULL);

	if (stanza_set(s, "type", type_names[field->type]) == -1 ||
	    (field->var != NULL && stanza_set(s, "var", field->var) == -1) ||
	    (field->label != NULL &&
		stanza_set(s, "label", field->label) == -1))
		return -1;
	if (is_result)
		return write_values(field, s);
	if (write_desc(field, s) == -1 ||
	    (field->is_required && stanza_add(s, "required", NULL) == NULL) ||
	    write_validation(field, s) == -1 || write_values(field, s) == -1)
		return -1;
	return write_options(field, s);
}

/* All of them in one element: some clients show the first one alone. */
static int
write_instructions(const struct form *f, xmpp_stanza_t *x)
{
	const char *s = NULL;
	struct buf text;
	int rc = 0;

	buf_init(&text, FORM_BYTES_MAX);
	if (f->notice != NULL)
		buf_adds(&text, f->notice);
	while ((s = strings_next(&f->instructions, s)) != NULL) {
		buf_adds(&text, text.len == 0 ? "" : " ");
		buf_adds(&text, s);
	}
	if (text.failed)
		rc = -1;
	else if (text.len > 0)
		rc = write_text(x, "instructions", text.data);
	buf_clear(&text);
	return rc;
}

static int
write_head(const struct form *f, xmpp_stanza_t *x)
{
	xmpp_stanza_t *field;

	if ((f->title != NULL && write_text(x, "title", f->title) == -1) ||
	    write_instructions(f, x) == -1)
		return -1;
	if (f->type == NULL)
		return 0;
	field = stanza_add(x, "field", NULL);
	if (stanza_set(field, "type", "hidden") == -1 ||
	    stanza_set(field, "var", FORM_TYPE_VAR) == -1)
		return -1;
	return write_text(field, "value", f->type);
}

int
form_write(const struct form *f, xmpp_stanza_t *parent, const char *type,
    struct err *e)
{
	bool is_result = strcmp(type, "result") == 0;
	xmpp_stanza_t *x;

	if (f == NULL || f->failed)
		return err_set(e, "a form beyond its limits, or no memory");
	x = stanza_add(parent, "x", NS_DATA);
	if (stanza_set(x, "type", type) == -1 || write_head(f, x) == -1)
		return err_set(e, "no memory for a form");
	for (const struct form_field *i = f->first; i != NULL; i = i->next)
		if (write_field(i, x, is_result) == -1)
			return err_set(e, "no memory for a form");
	return 0;
}

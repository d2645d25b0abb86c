/* What an applicant says about itself; see applicant.h. */
#include "daemon/applicant.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/idn.h"

/* Where each answer is kept. */
static const struct slot {
	const char *var;
	size_t offset, size;
	bool is_sealed;
} slots[] = {
#define SLOT(var, member, sealed)                                              \
	{                                                                      \
		var, offsetof(struct applicant, member),                       \
		    sizeof((struct applicant *)0)->member, sealed              \
	}
	SLOT("name", fields.name, false),
	SLOT("organisation", fields.organisation, false),
	SLOT("kind", kind, true),
	SLOT("domain", fields.domain, false),
	SLOT("legal_name", legal_name, true),
	SLOT("registration", registration, true),
	SLOT("authority", authority, true),
	SLOT("website", fields.website, false),
	SLOT("contact", contact, true),
	SLOT("notes", notes, true),
#undef SLOT
};

#define SLOTS (sizeof slots / sizeof slots[0])

static char *
slot_of(struct applicant *a, const struct slot *s)
{
	return (char *)a + s->offset;
}

static const char *
slot_get(const struct applicant *a, const char *var)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (strcmp(slots[i].var, var) == 0)
			return (const char *)a + slots[i].offset;
	return "";
}

static void
slot_set(struct applicant *a, const struct slot *s, const char *value)
{
	(void)snprintf(slot_of(a, s), s->size, "%s", value);
}

void
applicant_text(const struct applicant_words *w, const char *key,
    const struct catalogue_arg *args, size_t count, char r[CATALOGUE_TEXT_MAX])
{
	catalogue_text(w->catalogue, w->lang, key, args, count, r, NULL);
}

void
applicant_titles(const struct applicant_words *w, const struct application *a,
    char *r, size_t cap)
{
	size_t len = 0;

	r[0] = '\0';
	for (unsigned i = 0; i < a->category_count && len < cap; i++) {
		const struct category *c =
		    policy_category(&w->config->policy, a->categories[i].id);
		int n = snprintf(r + len, cap - len, "%s%s", i == 0 ? "" : ", ",
		    c == NULL ? a->categories[i].id : c->title);

		if (n < 0)
			return;
		len += (size_t)n;
	}
}

/* ---- the form -------------------------------------------------------- */

struct form_field *
applicant_field(const struct applicant_words *w, struct form *f,
    const char *var, const char *value)
{
	const struct application_field *info = application_field_find(var);
	char text[CATALOGUE_TEXT_MAX];
	struct form_field *field;

	applicant_text(w, info->label_key, NULL, 0, text);
	field = form_add(f, info->has_lines ? FORM_TEXT_MULTI : FORM_TEXT, var,
	    text);
	form_limit(field, info->max_len);
	if (info->is_required)
		form_require(field);
	if (info->desc_key != NULL) {
		applicant_text(w, info->desc_key, NULL, 0, text);
		form_desc(field, text);
	}
	if (value[0] != '\0')
		form_value(field, value);
	return field;
}

static void
add_kind(const struct applicant_words *w, struct form *f, const char *value)
{
	char text[CATALOGUE_TEXT_MAX];
	struct form_field *field;

	applicant_text(w, "apply_kind", NULL, 0, text);
	field = form_add(f, FORM_LIST, "kind", text);
	form_require(field);
	applicant_text(w, "apply_kind_organisation", NULL, 0, text);
	form_option(field, APPLICATION_KIND_ORGANISATION, text);
	applicant_text(w, "apply_kind_person", NULL, 0, text);
	form_option(field, APPLICATION_KIND_PERSON, text);
	form_value(field,
	    value[0] == '\0' ? APPLICATION_KIND_ORGANISATION : value);
}

static bool
wants(const struct application *a, const char *category)
{
	for (unsigned i = 0; a != NULL && i < a->category_count; i++)
		if (strcmp(a->categories[i].id, category) == 0)
			return true;
	return false;
}

/* Some clients show no options of which none is chosen: they are in words as
 * well. */
static void
offer(const struct category *c, char *r, size_t cap)
{
	size_t len = strlen(r);

	(void)snprintf(r + len, cap - len, "%s%s (%s)", len == 0 ? "" : ", ",
	    c->id, c->title);
}

size_t
applicant_categories(const struct applicant_words *w, struct form *f,
    const struct application *a)
{
	const struct config *c = w->config;
	char text[CATALOGUE_TEXT_MAX], offered[512] = "";
	struct form_field *field;
	const char *only = NULL;
	size_t count = 0;

	applicant_text(w, "apply_categories", NULL, 0, text);
	field = form_add(f, FORM_LIST_MULTI, "categories", text);
	form_require(field);
	form_choose(field, 1, CASE_CATEGORIES_MAX);
	for (size_t i = 0; i < c->policy.category_count; i++) {
		const struct category *row = &c->policy.categories[i];

		/* Without an agreement there is nothing to accept, and so
		 * nothing to apply for. */
		if (c->categories[i].agreement == NULL)
			continue;
		form_option(field, row->id, row->title);
		if (wants(a, row->id))
			form_value(field, row->id);
		offer(row, offered, sizeof offered);
		only = row->id;
		count++;
	}
	if (count == 1 && !wants(a, only))
		form_value(field, only);
	applicant_text(w, "apply_categories_desc",
	    (const struct catalogue_arg[]){
		{ .name = "categories", .text = offered } },
	    1, text);
	form_desc(field, text);
	return count;
}

/* A domain is shown in the letters that its owner writes it in. */
static const char *
shown(const struct applicant *a, const char *var, char *r, size_t cap)
{
	const char *value = slot_get(a, var);

	if (strcmp(var, "domain") != 0 || value[0] == '\0')
		return value;
	idn_to_unicode(value, r, cap);
	return r;
}

struct form *
applicant_form(const struct applicant_words *w, const struct applicant *a)
{
	struct form *f = form_new(NS_APPLY);
	const struct application_field *info;
	char domain[4 * IDN_MAX + 1];

	for (size_t i = 0; (info = application_field(i)) != NULL; i++) {
		applicant_field(w, f, info->var,
		    a == NULL ? ""
			      : shown(a, info->var, domain, sizeof domain));
		/* Who one is comes after how one is called. */
		if (strcmp(info->var, "organisation") == 0)
			add_kind(w, f, a == NULL ? "" : a->kind);
		if (strcmp(info->var, "domain") == 0)
			applicant_categories(w, f,
			    a == NULL ? NULL : &a->fields);
	}
	return f;
}

/* ---- answers --------------------------------------------------------- */

static void
read_categories(struct applicant *a, const struct form *f)
{
	struct application *fields = &a->fields;
	const char *id;

	fields->category_count = 0;
	for (size_t i = 0; i < CASE_CATEGORIES_MAX &&
	     (id = form_get_nth(f, "categories", i)) != NULL;
	     i++) {
		char *to = fields->categories[i].id;

		(void)snprintf(to, sizeof fields->categories[i].id, "%s", id);
		fields->category_count++;
	}
}

void
applicant_read(struct applicant *a, const struct form *f)
{
	for (size_t i = 0; i < SLOTS; i++)
		if (form_find(f, slots[i].var) != NULL)
			slot_set(a, &slots[i], form_get(f, slots[i].var));
	if (form_find(f, "categories") != NULL)
		read_categories(a, f);
}

size_t
applicant_check(const struct applicant_words *w, struct applicant *a,
    struct form *f)
{
	struct application_mistake mistakes[APPLICATION_MISTAKES_MAX];
	const struct application_answers answers = { .name = a->fields.name,
		.organisation = a->fields.organisation,
		.kind = a->kind,
		.legal_name = a->legal_name,
		.registration = a->registration,
		.authority = a->authority,
		.website = a->fields.website,
		.contact = a->contact,
		.notes = a->notes,
		.domain = a->fields.domain };
	struct application_answers checked = answers;
	size_t count, marked = 0;
	char ascii[IDN_MAX + 1], text[CATALOGUE_TEXT_MAX];

	if (a->fields.domain[0] != '\0') {
		checked.is_domain_bad =
		    idn_to_ascii(a->fields.domain, ascii, NULL) == -1;
		if (!checked.is_domain_bad)
			strcpy(a->fields.domain, ascii);
	}
	count = application_check(&checked, mistakes);
	for (size_t i = 0; i < count; i++) {
		struct form_field *field = form_find(f, mistakes[i].var);

		/* What is not asked here is not to be mended here. */
		if (field == NULL)
			continue;
		applicant_text(w, mistakes[i].key, NULL, 0, text);
		form_blame(field, text);
		marked++;
	}
	return marked;
}

/* ---- the sealed part ------------------------------------------------- */

char *
applicant_json(const struct applicant *a)
{
	json_t *o = json_object();
	char *text;

	for (size_t i = 0; i < SLOTS; i++)
		if (slots[i].is_sealed)
			(void)json_object_set_new(o, slots[i].var,
			    json_string((const char *)a + slots[i].offset));
	text = o == NULL ? NULL : json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(o);
	return text;
}

int
applicant_parse(struct applicant *a, const char *json, struct err *e)
{
	json_error_t why;
	json_t *o = json_loads(json, 0, &why);

	if (!json_is_object(o)) {
		json_decref(o);
		return err_set(e, "evidence of an application: %s", why.text);
	}
	for (size_t i = 0; i < SLOTS; i++) {
		const char *value;

		if (!slots[i].is_sealed)
			continue;
		value = json_string_value(json_object_get(o, slots[i].var));
		slot_set(a, &slots[i], value == NULL ? "" : value);
	}
	json_decref(o);
	return 0;
}

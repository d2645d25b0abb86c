/* Reading and accepting agreements; see terms.h. */
#include "daemon/terms.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/agreements.h"
#include "daemon/daemon.h"

/* Whether one category's version was accepted before. */
struct search {
	const char *category;
	int64_t version;
	bool is_found;
};

static int
search_row(void *arg, const struct acceptance_row *a)
{
	struct search *s = arg;

	s->is_found |=
	    a->version == s->version && strcmp(a->category, s->category) == 0;
	return s->is_found;
}

int
terms_find(const struct counter_visit *v, const struct application *a,
    bool is_all, struct terms *r, struct err *e)
{
	const struct daemon *d = counter_daemon(v);

	r->count = 0;
	for (unsigned i = 0; i < a->category_count; i++) {
		struct search s = { .category = a->categories[i].id };
		struct term *t = &r->rows[r->count];
		struct agreement now;

		if (agreements_find(d->agreements, s.category, counter_lang(v),
			&now) == 0)
			continue;
		s.version = now.version;
		if (!is_all &&
		    store_acceptance_list(d->reader, counter_jid(v), search_row,
			&s, e) == -1)
			return -1;
		if (s.is_found)
			continue;
		(void)snprintf(t->category, sizeof t->category, "%s",
		    s.category);
		(void)snprintf(t->lang, sizeof t->lang, "%s", now.lang);
		(void)snprintf(t->sha256, sizeof t->sha256, "%s", now.sha256);
		t->version = now.version;
		r->count++;
	}
	return 0;
}

static void
term_text(struct counter_visit *v, const struct term *t, const char *key,
    char r[CATALOGUE_TEXT_MAX])
{
	const struct applicant_words w = counter_case_words(v);
	const struct category *c =
	    policy_category(&w.config->policy, t->category);
	char version[24];

	(void)snprintf(version, sizeof version, "%" PRId64, t->version);
	counter_text(v, key,
	    (const struct catalogue_arg[]){
		{ .name = "category",
		    .text = c == NULL ? t->category : c->title },
		{ .name = "version", .text = version } },
	    2, r);
}

void
terms_show(struct counter_visit *v, const struct terms *t, struct form *f)
{
	const struct daemon *d = counter_daemon(v);
	char text[CATALOGUE_TEXT_MAX], var[FORM_VAR_MAX + 1];

	for (size_t i = 0; i < t->count; i++) {
		const struct term *row = &t->rows[i];
		struct agreement now;

		if (agreements_find(d->agreements, row->category,
			counter_lang(v), &now) == 0)
			continue;
		term_text(v, row, "apply_agreement_heading", text);
		form_add_text(f, NULL, text);
		(void)snprintf(var, sizeof var, "agreement:%s", row->category);
		form_add_text(f, var, now.text);
		(void)snprintf(var, sizeof var, "accept:%s", row->category);
		term_text(v, row, "apply_accept", text);
		form_require(form_add(f, FORM_BOOLEAN, var, text));
		form_boolean(form_find(f, var), false);
	}
}

bool
terms_check(struct counter_visit *v, const struct terms *t)
{
	struct form *f = counter_form(v);
	char var[FORM_VAR_MAX + 1];
	bool is_fine = true;

	for (size_t i = 0; i < t->count; i++) {
		(void)snprintf(var, sizeof var, "accept:%s",
		    t->rows[i].category);
		if (form_get_boolean(f, var))
			continue;
		form_blame(form_find(f, var),
		    counter_word(v, "apply_fault_accept"));
		is_fine = false;
	}
	return is_fine;
}

bool
terms_hold(const struct counter_visit *v, const struct terms *t)
{
	const struct daemon *d = counter_daemon(v);

	for (size_t i = 0; i < t->count; i++) {
		struct agreement now;

		if (agreements_find(d->agreements, t->rows[i].category,
			counter_lang(v), &now) == 0 ||
		    now.version != t->rows[i].version ||
		    strcmp(now.sha256, t->rows[i].sha256) != 0)
			return false;
	}
	return true;
}

void
terms_accept(const struct terms *t,
    struct case_acceptance r[CASE_CATEGORIES_MAX])
{
	for (size_t i = 0; i < t->count; i++)
		r[i] =
		    (struct case_acceptance){ .category = t->rows[i].category,
			    .version = t->rows[i].version,
			    .lang = t->rows[i].lang,
			    .sha256 = t->rows[i].sha256 };
}

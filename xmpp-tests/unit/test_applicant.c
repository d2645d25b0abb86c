/* What an applicant says, between forms and evidence. */
#include "unit/unit.h"

#include <string.h>

#include "daemon/applicant.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"

#define X(fields) "<x xmlns='jabber:x:data' type='submit'>" fields "</x>"
#define VALUE(var, value)                                                      \
	"<field var='" var "'><value>" value "</value></field>"

static xmpp_ctx_t *ctx;
static struct catalogue *catalogue;
static struct category categories[3] = { { .id = "news", .title = "News" },
	{ .id = "blog", .title = "Weblog" }, { .id = "old", .title = "Old" } };
static struct config_category more[3];
static struct config config;
static struct applicant_words words;
static struct applicant *a;

static void
set_up(void)
{
	struct err e = { "" };

	ctx = xmpp_ctx_new(NULL, NULL);
	ck_assert_msg(catalogue_open(&catalogue, NULL, &e) == 0, "%s", e.text);
	more[0].agreement = more[1].agreement = (char *)"/x";
	more[2].agreement = NULL;
	config.policy.categories = categories;
	config.policy.category_count = COUNT(categories);
	config.categories = more;
	words = (struct applicant_words){ catalogue, "en", &config };
	a = calloc(1, sizeof *a);
}

static void
tear_down(void)
{
	free(a);
	catalogue_close(catalogue);
	xmpp_ctx_free(ctx);
}

static void
fill(struct form *f, const char *text)
{
	xmpp_stanza_t *x = xmpp_stanza_new_from_string(ctx, text);

	ck_assert_int_eq(stanza_set(x, "xmlns", NS_DATA), 0);
	ck_assert_int_eq(form_fill(f, x), FORM_TAKEN);
	xmpp_stanza_release(x);
}

#define GOOD                                                                   \
	VALUE("name", "Daily")                                                 \
	VALUE("kind", "person")                                                \
	VALUE("legal_name", "Dora Daily")                                      \
	VALUE("contact", "dora@example.org")                                   \
	VALUE("domain", "B\u00fccher.example")                                 \
	"<field var='categories'><value>blog</value><value>news</value></field>"

START_TEST(goes_round)
{
	struct form *f = applicant_form(&words, NULL);
	struct applicant *b = calloc(1, sizeof *b);
	struct err e = { "" };
	char *json;

	fill(f, X(GOOD VALUE("notes", "a \u201cb\u201d")));
	ck_assert_uint_eq(form_faults(f), 0);
	applicant_read(a, f);
	ck_assert_uint_eq(applicant_check(&words, a, f), 0);
	ck_assert_str_eq(a->fields.domain, "xn--bcher-kva.example");
	ck_assert_uint_eq(a->fields.category_count, 2);
	json = applicant_json(a);
	ck_assert_ptr_nonnull(strstr(json, "Dora Daily"));
	/* What is public is not in it; it is in the register. */
	ck_assert_ptr_null(strstr(json, "xn--bcher"));
	b->fields = a->fields;
	ck_assert_int_eq(applicant_parse(b, json, &e), 0);
	ck_assert_int_eq(memcmp(a, b, sizeof *a), 0);
	form_free(f);
	/* And into a form again, the domain as its owner writes it. */
	f = applicant_form(&words, b);
	ck_assert_str_eq(form_get(f, "domain"), "b\u00fccher.example");
	ck_assert_str_eq(form_get(f, "legal_name"), "Dora Daily");
	ck_assert_str_eq(form_get(f, "kind"), "person");
	ck_assert_str_eq(form_get(f, "notes"), "a \u201cb\u201d");
	ck_assert_str_eq(form_get(f, "categories"), "news");
	form_free(f);
	free(json);
	free(b);
}
END_TEST

START_TEST(offers_what_has_an_agreement)
{
	struct form *f = form_new(NULL);

	ck_assert_uint_eq(applicant_categories(&words, f, NULL), 2);
	ck_assert_str_eq(form_get(f, "categories"), "");
	form_free(f);
	f = form_new(NULL);
	more[0].agreement = NULL;
	/* One alone is chosen. */
	ck_assert_uint_eq(applicant_categories(&words, f, NULL), 1);
	ck_assert_str_eq(form_get(f, "categories"), "blog");
	form_free(f);
}
END_TEST

START_TEST(marks_what_is_wrong)
{
	struct form *f = applicant_form(&words, NULL);

	fill(f, X(GOOD VALUE("website", "example") VALUE("registration", "x")));
	form_empty(form_find(f, "domain"));
	form_value(form_find(f, "domain"), "no domain");
	applicant_read(a, f);
	ck_assert_uint_eq(applicant_check(&words, a, f), 2);
	ck_assert_int_eq(form_fault(form_find(f, "domain")), FORM_OTHER);
	ck_assert_int_eq(form_fault(form_find(f, "website")), FORM_OTHER);
	ck_assert_ptr_nonnull(
	    strstr(form_fault_text(form_find(f, "domain")), "host name"));
	form_free(f);
}
END_TEST

/* A form that asks less leaves the rest as it was. */
START_TEST(asks_less)
{
	struct form *f = form_new(NS_APPLY);

	strcpy(a->legal_name, "Dora Daily");
	strcpy(a->fields.name, "Daily");
	a->fields.category_count = 1;
	applicant_field(&words, f, "notes", "");
	fill(f, X(VALUE("notes", "new")));
	applicant_read(a, f);
	ck_assert_str_eq(a->notes, "new");
	ck_assert_str_eq(a->legal_name, "Dora Daily");
	ck_assert_uint_eq(a->fields.category_count, 1);
	ck_assert_uint_eq(applicant_check(&words, a, f), 0);
	form_free(f);
}
END_TEST

static const struct {
	const char *label, *json;
	int want;
	const char *legal_name;
} sealed[] = {
	{ "an object", "{\"legal_name\":\"x\"}", 0, "x" },
	{ "empty", "{}", 0, "" },
	{ "another type", "{\"legal_name\":7}", 0, "" },
	{ "unknown members", "{\"other\":\"y\",\"legal_name\":\"x\"}", 0, "x" },
	{ "an array", "[]", -1, "before" },
	{ "no JSON", "x", -1, "before" },
	{ "nothing", "", -1, "before" },
};

START_TEST(reads_what_was_sealed)
{
	struct err e = { "" };

	strcpy(a->legal_name, "before");
	ck_assert_msg(applicant_parse(a, sealed[_i].json, &e) ==
		sealed[_i].want,
	    "%s", sealed[_i].label);
	ck_assert_str_eq(a->legal_name, sealed[_i].legal_name);
}
END_TEST

START_TEST(titles_have_an_end)
{
	char r[8];

	strcpy(a->fields.categories[0].id, "news");
	strcpy(a->fields.categories[1].id, "gone");
	a->fields.category_count = 2;
	applicant_titles(&words, &a->fields, r, sizeof r);
	ck_assert_str_eq(r, "News, g");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("applicant");
	TCase *t = tcase_create("applicant");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, goes_round);
	tcase_add_test(t, offers_what_has_an_agreement);
	tcase_add_test(t, marks_what_is_wrong);
	tcase_add_test(t, asks_less);
	tcase_add_loop_test(t, reads_what_was_sealed, 0, COUNT(sealed));
	tcase_add_test(t, titles_have_an_end);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

/* What an applicant is asked, and which answers can be right. */
#include "unit/unit.h"

#include <string.h>

#include "core/application.h"

#define ANSWERS                                                                \
	.name = "Daily Example", .organisation = "", .kind = "person",         \
	.legal_name = "Dora Daily", .registration = "", .authority = "",       \
	.website = "", .contact = "dora@example.org", .notes = "",             \
	.domain = ""

/* Each differs from a good one in what it names; a later initialiser wins. */
#define WITH(...)                                                              \
	{                                                                      \
		ANSWERS, __VA_ARGS__                                           \
	}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
static const struct {
	const char *label;
	struct application_answers in;
	const char *var, *key; /* the first mistake; NULL for none */
	size_t count;
} cases[] = {
	{ "a person", WITH(.notes = ""), NULL, NULL, 0 },
	{ "a person with all",
	    WITH(.organisation = "Daily", .domain = "example.org",
		.website = "https://example.org/"),
	    NULL, NULL, 0 },
	{ "an organisation",
	    WITH(.kind = "organisation", .organisation = "Example e.V.",
		.registration = "VR 1", .authority = "Amtsgericht"),
	    NULL, NULL, 0 },
	{ "an organisation without a register",
	    WITH(.kind = "organisation", .organisation = "Example",
		.registration = "none", .authority = "none"),
	    NULL, NULL, 0 },
	{ "an organisation that says nothing", WITH(.kind = "organisation"),
	    "organisation", "apply_fault_organisation_needs", 3 },
	{ "a name turned round",
	    WITH(.name = "a\u202e"
			 "b"),
	    "name", "apply_fault_name", 1 },
	{ "a name with an invisible space", WITH(.name = "Da\u200bily"), "name",
	    "apply_fault_name", 1 },
	{ "a domain that could not be prepared", WITH(.is_domain_bad = true),
	    "domain", "apply_fault_domain", 1 },
	{ "one label", WITH(.domain = "localhost"), "domain",
	    "apply_fault_domain", 1 },
	{ "a website without a scheme", WITH(.website = "www.example.org"),
	    "website", "apply_fault_website", 1 },
	{ "no contact", WITH(.contact = ""), "contact", "apply_fault_contact",
	    1 },
	{ "all wrong",
	    WITH(.kind = "organisation", .name = "\u200e", .is_domain_bad = 1,
		.website = "x", .contact = "x"),
	    "name", "apply_fault_name", 7 },
};
#pragma GCC diagnostic pop

START_TEST(checks)
{
	struct application_mistake r[APPLICATION_MISTAKES_MAX];
	size_t got = application_check(&cases[_i].in, r);

	ck_assert_msg(got == cases[_i].count, "%s: %zu mistakes",
	    cases[_i].label, got);
	if (got == 0)
		return;
	ck_assert_str_eq(r[0].var, cases[_i].var);
	ck_assert_str_eq(r[0].key, cases[_i].key);
}
END_TEST

static const struct {
	const char *in;
	bool want;
} domains[] = {
	{ "example.org", true },
	{ "a.b", true },
	{ "1.example", true },
	{ "xn--bcher-kva.example", true },
	{ "example", false },
	{ "", false },
	{ ".example.org", false },
	{ "example.org.", false },
	{ "a..b", false },
	{ "-a.example", false },
	{ "a-.example", false },
	{ "a_b.example", false },
	{ "192.0.2.1", false },
	{ "[::1]", false },
	{ "a.example/x", false },
	{ "a.example:80", false },
	{ "bücher.example", false },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b",
	    true },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b",
	    false },
};

START_TEST(knows_domains)
{
	ck_assert_msg(application_is_domain(domains[_i].in) == domains[_i].want,
	    "%s", domains[_i].in);
}
END_TEST

static const struct {
	const char *in;
	bool want;
} websites[] = {
	{ "https://example.org", true },
	{ "http://example.org/a?b#c", true },
	{ "https://bücher.example/ü", true },
	{ "https://example.org:8443/", true },
	{ "https://", false },
	{ "https://localhost/", false },
	{ "https://bank.example@evil.example/", false },
	{ "https://:80/a.b", false },
	{ "javascript:alert(1)", false },
	{ "ftp://example.org", false },
	{ "https://a b.example", false },
	{ "https://a.example/<script>", false },
};

START_TEST(knows_websites)
{
	ck_assert_msg(application_is_website(websites[_i].in) ==
		websites[_i].want,
	    "%s", websites[_i].in);
}
END_TEST

static const struct {
	const char *in;
	bool want;
} contacts[] = {
	{ "a@example.org", true },
	{ "mailto:a@example.org", true },
	{ "xmpp:a@example.org", true },
	{ "tel:+49 30 1234-567", true },
	{ "a.b+c@mail.example.org", true },
	{ "", false },
	{ "a", false },
	{ "@example.org", false },
	{ "a@", false },
	{ "a@localhost", false },
	{ "a@example.org.", false },
	{ "a@.org", false },
	{ "a@example.org,b@example.org", false },
	{ "a b@example.org", false },
	{ "tel:12", false },
	{ "tel:call me", false },
	{ "https://example.org/@a.b", false },
	{ "+49 30 1234567", false },
};

START_TEST(knows_contacts)
{
	ck_assert_msg(application_is_contact(contacts[_i].in) ==
		contacts[_i].want,
	    "%s", contacts[_i].in);
}
END_TEST

START_TEST(has_its_fields)
{
	size_t i = 0;

	for (; application_field(i) != NULL; i++)
		ck_assert_ptr_eq(
		    application_field_find(application_field(i)->var),
		    application_field(i));
	ck_assert_uint_eq(i, APPLICATION_ANSWERS_COUNT);
	ck_assert_ptr_null(application_field_find("no_such"));
	/* The form says that the address and these are public, and no more. */
	ck_assert(application_field_find("name")->is_public);
	ck_assert(application_field_find("organisation")->is_public);
	ck_assert(application_field_find("domain")->is_public);
	ck_assert(!application_field_find("legal_name")->is_public);
	ck_assert(!application_field_find("contact")->is_public);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("application");
	TCase *t = tcase_create("application");

	tcase_add_loop_test(t, checks, 0, COUNT(cases));
	tcase_add_loop_test(t, knows_domains, 0, COUNT(domains));
	tcase_add_loop_test(t, knows_websites, 0, COUNT(websites));
	tcase_add_loop_test(t, knows_contacts, 0, COUNT(contacts));
	tcase_add_test(t, has_its_fields);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

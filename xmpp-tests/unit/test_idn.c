/* Host names in letters of all languages. */
#include "unit/unit.h"

#include <string.h>

#include "text/idn.h"

static const struct {
	const char *label, *in, *want; /* NULL: refused */
	const char *shown;	       /* NULL: as `want` */
} cases[] = {
	{ "plain", "example.org", "example.org", NULL },
	{ "capitals", "Example.ORG", "example.org", NULL },
	{ "a dot at the end", "example.org.", "example.org", NULL },
	{ "U-labels", "bücher.example", "xn--bcher-kva.example",
	    "bücher.example" },
	{ "A-labels", "xn--bcher-kva.example", "xn--bcher-kva.example",
	    "bücher.example" },
	{ "sharp s", "straße.example", "xn--strae-oqa.example",
	    "straße.example" },
	{ "full width", "ｅxample.org", "example.org", NULL },
	{ "another full stop", "example。org", "example.org", NULL },
	{ "nothing", "", NULL, NULL },
	{ "a dot", ".", NULL, NULL },
	{ "an empty label", "a..example", NULL, NULL },
	{ "a space", "a b.example", NULL, NULL },
	{ "an underscore", "_a.example", NULL, NULL },
	{ "a broken A-label", "xn--a.example", NULL, NULL },
	{ "a URL", "https://example.org", NULL, NULL },
	{ "a hyphen in front", "-a.example", NULL, NULL },
	{ "a line break", "a\n.example", NULL, NULL },
	{ "no UTF-8", "a\xff.example", NULL, NULL },
	{ "mixed directions",
	    "\xd7\x90"
	    "a.example",
	    NULL, NULL },
};

START_TEST(prepares)
{
	char r[IDN_MAX + 1], shown[512];
	struct err e = { "" };
	int rc = idn_to_ascii(cases[_i].in, r, &e);

	ck_assert_msg((rc == 0) == (cases[_i].want != NULL), "%s: got %d %s",
	    cases[_i].label, rc, r);
	if (rc == -1) {
		ck_assert_str_ne(e.text, "");
		ck_assert_str_eq(r, "");
		return;
	}
	ck_assert_str_eq(r, cases[_i].want);
	idn_to_unicode(r, shown, sizeof shown);
	ck_assert_str_eq(shown,
	    cases[_i].shown == NULL ? cases[_i].want : cases[_i].shown);
}
END_TEST

START_TEST(has_an_end)
{
	char text[1200], r[IDN_MAX + 1];

	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (size_t i = 10; i < sizeof text - 1; i += 10)
		text[i] = '.';
	ck_assert_int_eq(idn_to_ascii(text, r, NULL), -1);
	text[300] = '\0';
	ck_assert_int_eq(idn_to_ascii(text, r, NULL), -1);
	text[249] = '\0';
	ck_assert_int_eq(idn_to_ascii(text, r, NULL), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("idn");
	TCase *t = tcase_create("idn");

	tcase_add_loop_test(t, prepares, 0, COUNT(cases));
	tcase_add_test(t, has_an_end);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

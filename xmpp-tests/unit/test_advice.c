/* Advice about a stream that does not come up. */
#include "daemon/advice.h"

#include <string.h>

#include "unit/unit.h"

static const struct {
	const char *why, *want; /* NULL: none */
} cases[] = {
	{ "the server says not-authorized", "component.secret_file" },
	{ "the server says host-unknown", "component.domain" },
	{ "the server says conflict", "another program" },
	{ "connection refused", "component.server" },
	{ "the server closed the connection", NULL },
	{ "the server says reset", NULL },
	{ "", NULL },
};

START_TEST(says_what_to_do)
{
	const char *got = advice_on_stream(cases[_i].why);

	if (cases[_i].want == NULL) {
		ck_assert_ptr_null(got);
	} else {
		ck_assert_ptr_nonnull(got);
		ck_assert_ptr_nonnull(strstr(got, cases[_i].want));
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("advice");
	TCase *t = tcase_create("advice");

	tcase_add_loop_test(t, says_what_to_do, 0, COUNT(cases));
	suite_add_tcase(s, t);
	return unit_run(s);
}

/* The names of states, and approvals by category. */
#include "core/publisher.h"

#include "unit/unit.h"

/* These are on disks: a change here breaks registers. */
static const struct {
	enum publisher_state state;
	const char *word;
} states[] = {
	{ PUBLISHER_APPLIED, "applied" },
	{ PUBLISHER_IN_REVIEW, "in-review" },
	{ PUBLISHER_APPROVED, "approved" },
	{ PUBLISHER_SUSPENDED, "suspended" },
	{ PUBLISHER_REJECTED, "rejected" },
	{ PUBLISHER_REVOKED, "revoked" },
	{ PUBLISHER_EXPIRED, "expired" },
	{ PUBLISHER_WITHDRAWN, "withdrawn" },
};

START_TEST(test_state)
{
	ck_assert_str_eq(publisher_state_name(states[_i].state),
	    states[_i].word);
	ck_assert_int_eq(publisher_state_find(states[_i].word),
	    states[_i].state);
}
END_TEST

START_TEST(test_no_state)
{
	ck_assert_str_eq(publisher_state_name(PUBLISHER_NONE), "");
	ck_assert_int_eq(publisher_state_find(""), PUBLISHER_NONE);
	ck_assert_int_eq(publisher_state_find("Approved"), PUBLISHER_NONE);
}
END_TEST

START_TEST(test_approval)
{
	static struct publisher p = { .approval_count = 2,
		.approvals = { { "news", 1, 2 }, { "sport", 3, 4 },
		    { "beyond", 5, 6 } } };

	ck_assert_ptr_eq(publisher_approval(&p, "news"), &p.approvals[0]);
	ck_assert_ptr_eq(publisher_approval(&p, "sport"), &p.approvals[1]);
	ck_assert_ptr_null(publisher_approval(&p, "beyond"));
	ck_assert_ptr_null(publisher_approval(&p, "new"));
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("publisher");
	TCase *c = tcase_create("publisher");

	tcase_add_loop_test(c, test_state, 0, COUNT(states));
	tcase_add_test(c, test_no_state);
	tcase_add_test(c, test_approval);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

/* The words of verdicts: what goes over the wire for each refusal. */
#include "core/verdict.h"

#include "unit/unit.h"

static const struct {
	enum refusal refusal;
	const char *reason, *type, *condition;
} refusals[] = {
	{ REFUSAL_NOT_REGISTERED, "not-registered", "auth",
	    "registration-required" },
	{ REFUSAL_APPLICATION_OPEN, "application-open", "auth",
	    "registration-required" },
	{ REFUSAL_WRONG_CATEGORY, "wrong-category", "auth", "forbidden" },
	{ REFUSAL_SUSPENDED, "suspended", "auth", "forbidden" },
	{ REFUSAL_REVOKED, "revoked", "auth", "forbidden" },
	{ REFUSAL_EXPIRED, "expired", "auth", "forbidden" },
	{ REFUSAL_REJECTED, "rejected", "auth", "forbidden" },
	{ REFUSAL_WITHDRAWN, "withdrawn", "auth", "forbidden" },
	{ REFUSAL_AGREEMENT_OUTDATED, "agreement-outdated", "auth",
	    "forbidden" },
	{ REFUSAL_REPRINT, "reprint-not-allowed", "modify",
	    "policy-violation" },
	{ REFUSAL_ENCRYPTION, "encryption-not-allowed", "modify",
	    "policy-violation" },
	{ REFUSAL_NAME_CONFLICT, "name-conflict", "cancel", "conflict" },
};

START_TEST(test_refusal)
{
	const struct refusal_info *i = refusal_info(refusals[_i].refusal);

	ck_assert_str_eq(i->reason, refusals[_i].reason);
	ck_assert_str_eq(i->type, refusals[_i].type);
	ck_assert_str_eq(i->condition, refusals[_i].condition);
}
END_TEST

/* No refusal without a row here and there, no two with one text. */
START_TEST(test_every_refusal)
{
	ck_assert_uint_eq(COUNT(refusals), REFUSAL_COUNT - 1);
	for (int a = 1; a < REFUSAL_COUNT; a++) {
		const struct refusal_info *i = refusal_info((enum refusal)a);

		ck_assert_int_eq(refusals[a - 1].refusal, a);
		ck_assert_ptr_nonnull(i->text_key);
		for (int b = 1; b < a; b++)
			ck_assert_str_ne(i->text_key,
			    refusal_info((enum refusal)b)->text_key);
	}
}
END_TEST

/* A verdict that somebody forgot to fill lets nothing through. */
START_TEST(test_zero_is_unavailable)
{
	struct verdict v = { 0 };

	ck_assert_int_eq(v.action, VERDICT_UNAVAILABLE);
	ck_assert_int_ne(v.action, VERDICT_PASS);
	ck_assert_uint_eq(v.lease_s, 0);
	ck_assert_uint_eq(v.badge_count, 0);
	ck_assert_str_eq(verdict_action_name(v.action), "unavailable");
}
END_TEST

START_TEST(test_names)
{
	ck_assert_str_eq(verdict_action_name(VERDICT_PASS), "pass");
	ck_assert_str_eq(verdict_action_name(VERDICT_REFUSE), "refuse");
	ck_assert_str_eq(verdict_rule_name(RULE_NONE), "none");
	ck_assert_str_eq(verdict_rule_name(RULE_PUBLISH), "publish");
	for (int a = 0; a < RULE_COUNT; a++) {
		const char *name = verdict_rule_name((enum verdict_rule)a);

		ck_assert_ptr_nonnull(name);
		for (int b = 0; b < a; b++)
			ck_assert_str_ne(name,
			    verdict_rule_name((enum verdict_rule)b));
	}
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("verdict");
	TCase *c = tcase_create("verdict");

	tcase_add_loop_test(c, test_refusal, 0, COUNT(refusals));
	tcase_add_test(c, test_every_refusal);
	tcase_add_test(c, test_zero_is_unavailable);
	tcase_add_test(c, test_names);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

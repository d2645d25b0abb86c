/* The decision about one publication, and what a policy is made of. */
#include "core/policy.h"

#include <string.h>

#include "unit/unit.h"

#define NOW 1000000
#define SINCE (NOW - 500)
#define UNTIL (NOW + 500)

/*
 * The cast.  Everybody is asked about in a place where `news` may publish.
 */
static const struct publisher nobody_approved[] = {
	{ .jid = "a@x", .state = PUBLISHER_APPLIED, .state_since_s = 11 },
	{ .jid = "a@x", .state = PUBLISHER_IN_REVIEW, .state_since_s = 12 },
	{ .jid = "a@x",
	    .state = PUBLISHER_SUSPENDED,
	    .state_since_s = 13,
	    .approvals = { { "news", SINCE, UNTIL } },
	    .approval_count = 1 },
	{ .jid = "a@x", .state = PUBLISHER_REJECTED, .state_since_s = 14 },
	{ .jid = "a@x",
	    .state = PUBLISHER_REVOKED,
	    .state_since_s = 15,
	    .approvals = { { "news", SINCE, UNTIL } },
	    .approval_count = 1 },
	{ .jid = "a@x", .state = PUBLISHER_EXPIRED, .state_since_s = 16 },
	{ .jid = "a@x", .state = PUBLISHER_WITHDRAWN, .state_since_s = 17 },
	{ .jid = "a@x", .state = PUBLISHER_NONE, .state_since_s = 18 },
};
static const struct publisher news = { .jid = "daily@x",
	.name = "Daily",
	.state = PUBLISHER_APPROVED,
	.state_since_s = SINCE,
	.approvals = { { "news", SINCE, UNTIL } },
	.approval_count = 1 };
static const struct publisher sport = { .jid = "goal@x",
	.name = "Goal",
	.state = PUBLISHER_APPROVED,
	.state_since_s = SINCE,
	.approvals = { { "sport", SINCE, UNTIL } },
	.approval_count = 1 };
static const struct publisher both = { .jid = "wire@x",
	.name = "Wire",
	.state = PUBLISHER_APPROVED,
	.state_since_s = SINCE,
	.approvals = { { "news", SINCE, UNTIL },
	    { "sport", SINCE, NOW + 100 } },
	.approval_count = 2 };

static struct place
room(void)
{
	return (struct place){ .id = 1,
		.local = "newsroom",
		.host = "r.x",
		.publish = { "news" },
		.publish_count = 1,
		.reprint_who = PLACE_REPRINT_CATEGORIES,
		.reprint = { "news" },
		.reprint_count = 1,
		.lease_s = 300 };
}

static struct publication
post(void)
{
	return (struct publication){ .n = 1,
		.kind = PUBLICATION_MESSAGE,
		.place_id = 1,
		.room = "newsroom",
		.actor = "daily@x/desk",
		.nick = "",
		.occupant = "",
		.lang = "",
		.affiliation = "" };
}

static struct publication
reprint(void)
{
	struct publication p = post();

	p.reprints[0] = (struct reprint){ REPRINT_FORWARD, "wire@x" };
	p.reprint_count = 1;
	return p;
}

static void
ck_passes(struct verdict v, enum verdict_rule rule, unsigned badges)
{
	ck_assert_int_eq(v.action, VERDICT_PASS);
	ck_assert_int_eq(v.refusal, REFUSAL_NONE);
	ck_assert(!v.is_observed);
	ck_assert_int_eq(v.rule, rule);
	ck_assert_uint_eq(v.badge_count, badges);
	ck_assert_int_eq(v.badge_until_s != 0, badges > 0);
}

static void
ck_refused(struct verdict v, enum verdict_rule rule, enum refusal why)
{
	ck_assert_int_eq(v.action, VERDICT_REFUSE);
	ck_assert_int_eq(v.refusal, why);
	ck_assert(!v.is_observed);
	ck_assert_int_eq(v.rule, rule);
	ck_assert_uint_eq(v.badge_count, 0);
}

/*
 * Who may publish.
 */

static const struct {
	const char *label;
	const struct publisher *who;
	enum refusal want; /* NONE: passes */
	int64_t want_date_s;
} publishing[] = {
	{ "not on the register", NULL, REFUSAL_NOT_REGISTERED, 0 },
	{ "applied", &nobody_approved[0], REFUSAL_APPLICATION_OPEN, 11 },
	{ "in review", &nobody_approved[1], REFUSAL_APPLICATION_OPEN, 12 },
	{ "suspended", &nobody_approved[2], REFUSAL_SUSPENDED, 13 },
	{ "rejected", &nobody_approved[3], REFUSAL_REJECTED, 14 },
	{ "revoked", &nobody_approved[4], REFUSAL_REVOKED, 15 },
	{ "expired", &nobody_approved[5], REFUSAL_EXPIRED, 16 },
	{ "withdrawn", &nobody_approved[6], REFUSAL_WITHDRAWN, 17 },
	{ "no state", &nobody_approved[7], REFUSAL_NOT_REGISTERED, 18 },
	{ "other category", &sport, REFUSAL_WRONG_CATEGORY, 0 },
	{ "approved", &news, REFUSAL_NONE, 0 },
	{ "approved for more", &both, REFUSAL_NONE, 0 },
};

static const enum publication_kind kinds[] = { PUBLICATION_MESSAGE,
	PUBLICATION_SUBJECT, PUBLICATION_CORRECT, PUBLICATION_PUBLISH };

START_TEST(test_publish)
{
	const struct place where = room();
	struct publication what = post();

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct verdict v;

		what.kind = kinds[i];
		v = policy_decide(&what, publishing[_i].who, &where, NOW);
		if (publishing[_i].want == REFUSAL_NONE) {
			ck_passes(v, RULE_PUBLISH, 1);
			ck_assert_uint_eq(v.lease_s, 300);
			continue;
		}
		ck_refused(v, RULE_PUBLISH, publishing[_i].want);
		ck_assert_int_eq(v.date_s, publishing[_i].want_date_s);
		ck_assert_uint_eq(v.lease_s, REFUSAL_LEASE_S);
	}
}
END_TEST

/* In an observed place the same passes, and says what it would have been. */
START_TEST(test_observe)
{
	const struct publication what = post();
	struct place where = room();
	struct verdict v;

	where.mode = PLACE_OBSERVE;
	v = policy_decide(&what, publishing[_i].who, &where, NOW);
	ck_assert_int_eq(v.action, VERDICT_PASS);
	ck_assert_int_eq(v.refusal, publishing[_i].want);
	ck_assert_int_eq(v.is_observed, publishing[_i].want != REFUSAL_NONE);
	ck_assert_uint_eq(v.badge_count, publishing[_i].want == REFUSAL_NONE);
}
END_TEST

/* A join passes for everybody; the approved wear their hat. */
START_TEST(test_join)
{
	struct publication what = post();
	const struct place where = room();

	what.kind = PUBLICATION_JOIN;
	ck_passes(policy_decide(&what, publishing[_i].who, &where, NOW),
	    RULE_JOIN, publishing[_i].want == REFUSAL_NONE);
}
END_TEST

/*
 * When an approval holds, and what outlives it: nothing.
 */

static const struct {
	const char *label;
	int64_t now_s;
	enum refusal want;
	uint32_t want_lease_s;
} edges[] = {
	{ "a second early", SINCE - 1, REFUSAL_WRONG_CATEGORY,
	    REFUSAL_LEASE_S },
	{ "first second", SINCE, REFUSAL_NONE, 300 },
	{ "whole lease left", UNTIL - 300, REFUSAL_NONE, 300 },
	{ "a second less", UNTIL - 299, REFUSAL_NONE, 299 },
	{ "last second", UNTIL - 1, REFUSAL_NONE, 1 },
	{ "at the end", UNTIL, REFUSAL_EXPIRED, REFUSAL_LEASE_S },
	{ "after", UNTIL + 1, REFUSAL_EXPIRED, REFUSAL_LEASE_S },
};

START_TEST(test_edge)
{
	const struct publication what = post();
	const struct place where = room();
	struct verdict v = policy_decide(&what, &news, &where, edges[_i].now_s);

	ck_assert_msg(v.refusal == edges[_i].want, "%s: got %d",
	    edges[_i].label, (int)v.refusal);
	ck_assert_uint_eq(v.lease_s, edges[_i].want_lease_s);
	ck_assert_int_eq(v.badge_until_s, v.action == VERDICT_PASS ? UNTIL : 0);
	ck_assert_int_eq(v.date_s,
	    edges[_i].want == REFUSAL_EXPIRED ? UNTIL : 0);
}
END_TEST

/* Of several badges, the first to end ends the lease. */
START_TEST(test_two_badges)
{
	const struct publication what = post();
	struct place where = room();
	struct verdict v;

	strcpy(where.publish[1], "sport");
	where.publish_count = 2;
	v = policy_decide(&what, &both, &where, NOW);
	ck_passes(v, RULE_PUBLISH, 2);
	ck_assert_uint_eq(v.badge_for[0], 0);
	ck_assert_uint_eq(v.badge_for[1], 1);
	ck_assert_int_eq(v.badge_until_s, NOW + 100);
	ck_assert_uint_eq(v.lease_s, 100);
	/* One has run out: the other goes on alone. */
	v = policy_decide(&what, &both, &where, NOW + 100);
	ck_passes(v, RULE_PUBLISH, 1);
	ck_assert_int_eq(v.badge_until_s, UNTIL);
	/* Only the second of the place's categories. */
	v = policy_decide(&what, &sport, &where, NOW);
	ck_passes(v, RULE_PUBLISH, 1);
	ck_assert_uint_eq(v.badge_for[0], 1);
}
END_TEST

START_TEST(test_no_lease)
{
	const struct publication what = post();
	struct place where = room();

	where.lease_s = 0;
	ck_assert_uint_eq(policy_decide(&what, &news, &where, NOW).lease_s, 0);
}
END_TEST

/*
 * Reprints.
 */

static const struct {
	const char *label;
	enum place_reprint rule;
	const char *category;
	const struct publisher *who;
	enum refusal want;
	unsigned want_badges;
} reprints[] = {
	{ "nobody", PLACE_REPRINT_NOBODY, "", &news, REFUSAL_REPRINT, 0 },
	{ "nobody, unknown", PLACE_REPRINT_NOBODY, "", NULL, REFUSAL_REPRINT,
	    0 },
	{ "anyone", PLACE_REPRINT_ANYONE, "", &news, REFUSAL_NONE, 1 },
	{ "anyone, unknown", PLACE_REPRINT_ANYONE, "", NULL, REFUSAL_NONE, 0 },
	{ "anyone, suspended", PLACE_REPRINT_ANYONE, "", &nobody_approved[2],
	    REFUSAL_NONE, 0 },
	{ "category", PLACE_REPRINT_CATEGORIES, "news", &news, REFUSAL_NONE,
	    1 },
	{ "category, unknown", PLACE_REPRINT_CATEGORIES, "news", NULL,
	    REFUSAL_NOT_REGISTERED, 0 },
	{ "category, suspended", PLACE_REPRINT_CATEGORIES, "news",
	    &nobody_approved[2], REFUSAL_SUSPENDED, 0 },
	{ "other category", PLACE_REPRINT_CATEGORIES, "sport", &news,
	    REFUSAL_REPRINT, 0 },
	{ "may reprint, not publish", PLACE_REPRINT_CATEGORIES, "sport", &sport,
	    REFUSAL_NONE, 0 },
};

START_TEST(test_reprint)
{
	const struct publication what = reprint();
	struct place where = room();
	struct verdict v;

	where.reprint_who = reprints[_i].rule;
	strcpy(where.reprint[0], reprints[_i].category);
	v = policy_decide(&what, reprints[_i].who, &where, NOW);
	if (reprints[_i].want == REFUSAL_NONE)
		ck_passes(v, RULE_REPRINT, reprints[_i].want_badges);
	else
		ck_refused(v, RULE_REPRINT, reprints[_i].want);
	/* Neither a pass nor a refusal of it is one of ordinary posts. */
	ck_assert_uint_eq(v.lease_s, 0);
}
END_TEST

/*
 * Labels, encryption, exemptions.
 */

START_TEST(test_labelled)
{
	struct publication what = post();
	struct place where = room();

	strcpy(where.labelled, "news");
	ck_passes(policy_decide(&what, NULL, &where, NOW), RULE_NOT_LABELLED,
	    0);
	ck_passes(policy_decide(&what, &news, &where, NOW), RULE_NOT_LABELLED,
	    0);
	what.labels[0] = "sport";
	what.label_count = 1;
	ck_passes(policy_decide(&what, NULL, &where, NOW), RULE_NOT_LABELLED,
	    0);
	what.labels[1] = "news";
	what.label_count = 2;
	ck_refused(policy_decide(&what, NULL, &where, NOW), RULE_PUBLISH,
	    REFUSAL_NOT_REGISTERED);
	ck_passes(policy_decide(&what, &news, &where, NOW), RULE_PUBLISH, 1);
	ck_assert_uint_eq(policy_decide(&what, &news, &where, NOW).lease_s, 0);
}
END_TEST

START_TEST(test_encrypted)
{
	struct publication what = post();
	struct place where = room();

	what.is_encrypted = true;
	ck_passes(policy_decide(&what, &news, &where, NOW), RULE_PUBLISH, 1);
	where.refuse_encrypted = true;
	ck_refused(policy_decide(&what, &news, &where, NOW), RULE_ENCRYPTED,
	    REFUSAL_ENCRYPTION);
	ck_refused(policy_decide(&what, NULL, &where, NOW), RULE_ENCRYPTED,
	    REFUSAL_ENCRYPTION);
	ck_assert_uint_eq(policy_decide(&what, &news, &where, NOW).lease_s, 0);
	what.is_encrypted = false;
	ck_passes(policy_decide(&what, &news, &where, NOW), RULE_PUBLISH, 1);
}
END_TEST

static const struct {
	const char *label;
	unsigned exempt;
	const char *affiliation;
	bool want_pass;
} exemptions[] = {
	{ "owner", PLACE_EXEMPT_OWNER, "owner", true },
	{ "admin of two", PLACE_EXEMPT_OWNER | PLACE_EXEMPT_ADMIN, "admin",
	    true },
	{ "member", PLACE_EXEMPT_MEMBER, "member", true },
	{ "admin where owners are", PLACE_EXEMPT_OWNER, "admin", false },
	{ "owner where nobody is", 0, "owner", false },
	{ "no affiliation", PLACE_EXEMPT_OWNER, "", false },
	{ "unknown affiliation", ~0u, "emperor", false },
};

START_TEST(test_exempt)
{
	struct publication what = post();
	struct place where = room();
	struct verdict v;

	what.affiliation = exemptions[_i].affiliation;
	where.exempt = exemptions[_i].exempt;
	v = policy_decide(&what, NULL, &where, NOW);
	if (exemptions[_i].want_pass)
		ck_passes(v, RULE_EXEMPT, 0);
	else
		ck_refused(v, RULE_PUBLISH, REFUSAL_NOT_REGISTERED);
	/* An exemption takes no badge away. */
	v = policy_decide(&what, &news, &where, NOW);
	ck_passes(v, exemptions[_i].want_pass ? RULE_EXEMPT : RULE_PUBLISH, 1);
}
END_TEST

/* A refusal always has its words, whoever asks about what. */
START_TEST(test_never_unavailable)
{
	struct place where = room();

	for (int mode = 0; mode < 2; mode++)
		for (size_t i = 0; i < COUNT(publishing); i++) {
			const struct publication what =
			    mode == 0 ? post() : reprint();
			struct verdict v = policy_decide(&what,
			    publishing[i].who, &where, NOW);

			ck_assert_int_ne(v.action, VERDICT_UNAVAILABLE);
			ck_assert_int_ne(v.rule, RULE_NONE);
			if (v.action == VERDICT_REFUSE)
				ck_assert_ptr_nonnull(
				    refusal_info(v.refusal)->reason);
		}
}
END_TEST

/*
 * The policy itself.
 */

static void
add_place(struct policy *p, const char *pattern)
{
	struct place *more =
	    realloc(p->places, (p->place_count + 1) * sizeof *more);

	ck_assert_ptr_nonnull(more);
	p->places = more;
	memset(&more[p->place_count], 0, sizeof *more);
	ck_assert_int_eq(
	    place_pattern_parse(&more[p->place_count++], pattern, NULL), 0);
}

START_TEST(test_place_ids)
{
	struct policy first = { 0 }, second = { 0 }, third = { 0 };

	add_place(&first, "a@x");
	add_place(&first, "*@x");
	policy_number_places(&first, NULL);
	ck_assert_uint_eq(first.places[0].id, 1);
	ck_assert_uint_eq(first.places[1].id, 2);
	/* a@x goes, b@x comes: it does not get a@x's id. */
	add_place(&second, "b@x");
	add_place(&second, "*@x");
	policy_number_places(&second, &first);
	ck_assert_uint_eq(second.places[0].id, 3);
	ck_assert_uint_eq(second.places[1].id, 2);
	/* Nor does the one after it, when a@x is back. */
	add_place(&third, "a@x");
	policy_number_places(&third, &second);
	ck_assert_uint_eq(third.places[0].id, 4);
	ck_assert_ptr_eq(policy_place_by_id(&second, 3), &second.places[0]);
	ck_assert_ptr_null(policy_place_by_id(&second, 1));
	ck_assert_ptr_null(policy_place_by_id(&second, 0));
	ck_assert(policy_has_host(&first, "x"));
	ck_assert(!policy_has_host(&first, "y"));
	policy_clear(&first);
	policy_clear(&second);
	policy_clear(&third);
	policy_clear(&third); /* the zero value is legal */
}
END_TEST

START_TEST(test_category)
{
	struct category c[] = { { .id = "news" }, { .id = "sport" } };
	const struct policy p = { .categories = c, .category_count = 2 };

	ck_assert_ptr_eq(policy_category(&p, "sport"), &c[1]);
	ck_assert_ptr_null(policy_category(&p, "weather"));
}
END_TEST

/* A new agreement that was not accepted in time stops an approval until it
 * is; before that it only limits badge and lease. */
START_TEST(test_agreement)
{
	struct publisher p = news;
	struct publication what = post();
	struct place where = room();
	struct verdict v;

	p.approvals[0].lapse_s = NOW + 100;
	v = policy_decide(&what, &p, &where, NOW);
	ck_passes(v, RULE_PUBLISH, 1);
	ck_assert_int_eq(v.badge_until_s, NOW + 100);
	ck_assert_uint_eq(v.lease_s, 100);
	v = policy_decide(&what, &p, &where, NOW + 99);
	ck_passes(v, RULE_PUBLISH, 1);
	v = policy_decide(&what, &p, &where, NOW + 100);
	ck_refused(v, RULE_PUBLISH, REFUSAL_AGREEMENT_OUTDATED);
	ck_assert_int_eq(v.date_s, NOW + 100);
	/* What has ended has ended, whatever was accepted. */
	v = policy_decide(&what, &p, &where, UNTIL);
	ck_refused(v, RULE_PUBLISH, REFUSAL_EXPIRED);
	/* Another category that holds is enough. */
	p = both;
	p.approvals[0].lapse_s = NOW - 1;
	memcpy(where.publish[1], "sport", 6);
	where.publish_count = 2;
	v = policy_decide(&what, &p, &where, NOW);
	ck_passes(v, RULE_PUBLISH, 1);
	/* An end of grace after the end is none. */
	p = news;
	p.approvals[0].lapse_s = UNTIL + 100;
	v = policy_decide(&what, &p, &where, NOW);
	ck_assert_int_eq(v.badge_until_s, UNTIL);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("policy");
	TCase *c = tcase_create("policy");

	tcase_add_loop_test(c, test_publish, 0, COUNT(publishing));
	tcase_add_loop_test(c, test_observe, 0, COUNT(publishing));
	tcase_add_loop_test(c, test_join, 0, COUNT(publishing));
	tcase_add_loop_test(c, test_edge, 0, COUNT(edges));
	tcase_add_test(c, test_two_badges);
	tcase_add_test(c, test_no_lease);
	tcase_add_loop_test(c, test_reprint, 0, COUNT(reprints));
	tcase_add_test(c, test_labelled);
	tcase_add_test(c, test_encrypted);
	tcase_add_loop_test(c, test_exempt, 0, COUNT(exemptions));
	tcase_add_test(c, test_never_unavailable);
	tcase_add_test(c, test_place_ids);
	tcase_add_test(c, test_category);
	tcase_add_test(c, test_agreement);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

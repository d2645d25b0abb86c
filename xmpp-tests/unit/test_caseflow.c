/* The tables of the rules, each word of them. */
#include "store/caseflow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/unit.h"

#define ID "AAAAAAAAAAAAAAAAAAAAAA"
#define DAILY "daily@example.org"

/* "from>to" for each legal step of an application, "-" for there is none. */
static const struct {
	enum case_action action;
	const char *application, *publisher;
} table[] = {
	{ CASE_DRAFT, "->draft draft>draft ", "" },
	{ CASE_SUBMIT, "draft>open ",
	    "->applied rejected>applied revoked>applied expired>applied "
	    "withdrawn>applied " },
	{ CASE_WITHDRAW, "draft>withdrawn open>withdrawn asked>withdrawn ",
	    "applied>withdrawn in-review>withdrawn " },
	{ CASE_ASK, "open>asked ", "" },
	{ CASE_ANSWER, "asked>open ", "" },
	{ CASE_LOOK, "open>open asked>asked ", "applied>in-review " },
	{ CASE_IDENTITY, "open>open asked>asked ", "" },
	{ CASE_APPROVE, "open>approved ",
	    "applied>approved in-review>approved approved>approved "
	    "expired>approved " },
	{ CASE_REFUSE, "open>refused asked>refused ",
	    "applied>rejected in-review>rejected " },
	{ CASE_SUSPEND, "", "approved>suspended " },
	{ CASE_RESTORE, "", "suspended>approved " },
	{ CASE_REVOKE, "", "approved>revoked suspended>revoked " },
	{ CASE_LEAVE, "", "approved>withdrawn suspended>withdrawn " },
	{ CASE_AGREE, "", "" },
	{ CASE_APPEAL, "", "" },
	{ CASE_APPEAL_UPHOLD, "refused>open ",
	    "suspended>approved rejected>in-review revoked>approved " },
	{ CASE_APPEAL_DISMISS, "", "" },
	{ CASE_PROOF_BEGIN, "", "" },
	{ CASE_PROOF, "", "" },
	{ CASE_ERASE, "", "" },
	{ CASE_READ, "", "" },
	{ CASE_REPORT, "", "" },
	{ CASE_REPORT_CLOSE, "", "" },
	{ CASE_NOTE, "", "" },
	{ CASE_EXPIRE, "", "" },
};

static void
add(char *r, const char *from, const char *to)
{
	size_t len = strlen(r);

	(void)snprintf(r + len, 512 - len, "%s>%s ",
	    from[0] == '\0' ? "-" : from, to);
}

START_TEST(test_next)
{
	char got[512] = "";
	enum case_action action = table[_i].action;

	ck_assert_int_eq((int)action, _i + 1);
	for (int s = APPLICATION_NONE; s <= APPLICATION_WITHDRAWN; s++) {
		enum application_state to =
		    caseflow_next(action, (enum application_state)s);

		if (to != APPLICATION_NONE)
			add(got,
			    application_state_name((enum application_state)s),
			    application_state_name(to));
	}
	ck_assert_str_eq(got, table[_i].application);
	got[0] = '\0';
	for (int s = PUBLISHER_NONE; s <= PUBLISHER_WITHDRAWN; s++) {
		enum publisher_state to =
		    caseflow_publisher(action, (enum publisher_state)s);

		if (to != PUBLISHER_NONE)
			add(got, publisher_state_name((enum publisher_state)s),
			    publisher_state_name(to));
	}
	ck_assert_str_eq(got, table[_i].publisher);
}
END_TEST

/* Who may: s(elf), r(eviewer), a(pprover), o(perator), S(ystem). */
static const char *const who[CASE_ACTION_COUNT] = {
	[CASE_DRAFT] = "s",
	[CASE_SUBMIT] = "s",
	[CASE_WITHDRAW] = "s",
	[CASE_ASK] = "rao",
	[CASE_ANSWER] = "s",
	[CASE_LOOK] = "rao",
	[CASE_IDENTITY] = "rao",
	[CASE_APPROVE] = "ao",
	[CASE_REFUSE] = "ao",
	[CASE_SUSPEND] = "aoS",
	[CASE_RESTORE] = "aoS",
	[CASE_REVOKE] = "ao",
	[CASE_LEAVE] = "s",
	[CASE_AGREE] = "s",
	[CASE_APPEAL] = "s",
	[CASE_APPEAL_UPHOLD] = "ao",
	[CASE_APPEAL_DISMISS] = "ao",
	[CASE_PROOF_BEGIN] = "s",
	[CASE_PROOF] = "sS",
	[CASE_ERASE] = "soS",
	[CASE_READ] = "raoS",
	[CASE_REPORT] = "s",
	[CASE_REPORT_CLOSE] = "rao",
	[CASE_NOTE] = "rao",
	[CASE_EXPIRE] = "",
};

/* A step with everything that any action could want. */
static struct case_step
complete(enum case_action action, const struct application *fields,
    const struct case_proof *proof, const struct case_report *report)
{
	static const unsigned char blob[64];

	return (struct case_step){ .action = action,
		.id = ID,
		.jid = DAILY,
		.by = DAILY,
		.now_s = 1000,
		.until_s = 2000,
		.reason = "because",
		.method = CASE_METHOD_DOCUMENT,
		.evidence = ID,
		.fields = fields,
		.proof = proof,
		.report = report,
		.sealed = { { EVIDENCE_NOTE, ID, blob, sizeof blob } },
		.sealed_count = 1 };
}

static const struct application fields = { .kind = APPLICATION_NEW,
	.name = "Daily",
	.categories = { { .id = "news" } },
	.category_count = 1 };
static const struct case_proof proof = { .domain = "daily.example",
	.token = "t",
	.outcome = PROOF_OK };
static const struct case_report report = { .place = "room@rooms.example",
	.post = "1",
	.reason = "spam",
	.mark = ID "AAAAAAAAAAAAAAAAAAAAA" };

START_TEST(test_who)
{
	static const char letters[] = "?sraoS";
	struct case_step s =
	    complete((enum case_action)_i, &fields, &proof, &report);
	struct case_result r;
	struct err e;
	char got[8] = "";

	for (int role = 0; role <= CASE_SYSTEM + 1; role++) {
		memset(&r, 0, sizeof r);
		s.role = (enum case_role)role;
		if (caseflow_check(&s, &r, &e) == 0)
			got[strlen(got)] = letters[role];
		else
			ck_assert_int_eq(r.refusal, CASE_FORBIDDEN);
	}
	ck_assert_str_eq(got, who[_i]);
	/* Nobody speaks for another account; a report is about another. */
	s.role = CASE_SELF;
	s.by = "mallory@example.org";
	memset(&r, 0, sizeof r);
	ck_assert_int_eq(caseflow_check(&s, &r, &e),
	    _i == CASE_REPORT ? 0 : -1);
}
END_TEST

/* One thing wrong at a time. */
#define SPOIL(name, ...)                                                       \
	static void spoil_##name(struct case_step *s, struct application *a,   \
	    struct case_proof *p, struct case_report *q)                       \
	{                                                                      \
		(void)s, (void)a, (void)p, (void)q;                            \
		__VA_ARGS__;                                                   \
	}

SPOIL(id, s->id = "short")
SPOIL(id_sign, s->id = "AAAAAAAAAAAAAAAAAAAAA'")
SPOIL(no_id, s->id = NULL)
SPOIL(jid, s->jid = NULL)
SPOIL(full_jid, s->jid = DAILY "/desk")
SPOIL(by, s->by = "")
SPOIL(reason, s->reason = " ")
SPOIL(reason_sign, s->reason = "a\x1b[2J")
SPOIL(until, s->until_s = s->now_s)
SPOIL(method, s->method = CASE_METHOD_NONE)
SPOIL(no_fields, s->fields = NULL)
SPOIL(name, a->name[0] = '\0')
SPOIL(kind, a->kind = (enum application_kind)9)
SPOIL(no_category, a->category_count = 0)
SPOIL(categories, a->category_count = CASE_CATEGORIES_MAX + 1)
SPOIL(twice, memcpy(a->categories[1].id, "news", 5); a->category_count = 2)
SPOIL(no_proof, s->proof = NULL)
SPOIL(outcome, p->outcome = PROOF_UNCHECKED)
SPOIL(token, p->token = NULL)
SPOIL(no_report, s->report = NULL)
SPOIL(mark, q->mark = "x")
SPOIL(place, q->place = "")
SPOIL(no_sealed, s->sealed_count = 0)
SPOIL(blob, s->sealed[0].blob = NULL)
SPOIL(empty, s->sealed[0].len = 0)
SPOIL(huge, s->sealed[0].len = CASE_BLOB_MAX + 1)
SPOIL(many, s->sealed_count = CASE_SEALED_MAX + 1)
SPOIL(evidence, s->evidence = NULL)
SPOIL(action, s->action = (enum case_action)0)
SPOIL(far_action, s->action = (enum case_action)1000)

#define ROW(action, name)                                                      \
	{                                                                      \
#name, action, spoil_##name                                    \
	}
static const struct {
	const char *label;
	enum case_action action;
	void (*spoil)(struct case_step *s, struct application *a,
	    struct case_proof *p, struct case_report *q);
} spoilt[] = {
	ROW(CASE_SUBMIT, id),
	ROW(CASE_SUBMIT, id_sign),
	ROW(CASE_SUBMIT, no_id),
	ROW(CASE_SUBMIT, jid),
	ROW(CASE_LEAVE, full_jid),
	ROW(CASE_LEAVE, by),
	ROW(CASE_SUSPEND, reason),
	ROW(CASE_SUSPEND, reason_sign),
	ROW(CASE_IDENTITY, until),
	ROW(CASE_IDENTITY, method),
	ROW(CASE_DRAFT, no_fields),
	ROW(CASE_DRAFT, name),
	ROW(CASE_DRAFT, kind),
	ROW(CASE_DRAFT, no_category),
	ROW(CASE_DRAFT, categories),
	ROW(CASE_ANSWER, twice),
	ROW(CASE_PROOF, no_proof),
	ROW(CASE_PROOF, outcome),
	ROW(CASE_PROOF_BEGIN, token),
	ROW(CASE_REPORT, no_report),
	ROW(CASE_REPORT, mark),
	ROW(CASE_REPORT, place),
	ROW(CASE_APPEAL, no_sealed),
	ROW(CASE_NOTE, blob),
	ROW(CASE_NOTE, empty),
	ROW(CASE_NOTE, huge),
	ROW(CASE_NOTE, many),
	ROW(CASE_READ, evidence),
	ROW(CASE_LEAVE, action),
	ROW(CASE_LEAVE, far_action),
};

START_TEST(test_spoilt)
{
	struct application a = fields;
	struct case_proof p = proof;
	struct case_report q = report;
	struct case_step s = complete(spoilt[_i].action, &a, &p, &q);
	struct case_result r = { .refusal = CASE_ALLOWED };
	struct err e;

	s.role = strchr(who[s.action], 's') != NULL ? CASE_SELF : CASE_APPROVER;
	ck_assert_int_eq(caseflow_check(&s, &r, &e), 0);
	spoilt[_i].spoil(&s, &a, &p, &q);
	ck_assert_msg(caseflow_check(&s, &r, &e) == -1, "%s", spoilt[_i].label);
	ck_assert_int_eq(r.refusal, CASE_MALFORMED);
	ck_assert(r.is_refused);
	ck_assert(e.text[0] != '\0');
}
END_TEST

START_TEST(test_words)
{
	for (int i = 1; i < CASE_ACTION_COUNT; i++) {
		enum case_action a = (enum case_action)i;

		ck_assert_str_ne(case_action_name(a), "");
		ck_assert_int_eq(case_action_find(case_action_name(a)), a);
	}
	for (int i = 1; i <= EVIDENCE_NOTE; i++)
		ck_assert_int_eq(evidence_kind_find(
				     evidence_kind_name((enum evidence_kind)i)),
		    i);
	for (int i = 1; i <= CASE_METHOD_OPERATOR; i++)
		ck_assert_int_eq(
		    case_method_find(case_method_name((enum case_method)i)), i);
	ck_assert_int_eq(case_method_find("astrology"), 0);
	ck_assert_str_eq(case_role_name((enum case_role)77), "");
	ck_assert_int_eq(application_state_find(NULL), 0);
}
END_TEST

START_TEST(test_votes)
{
	struct case_rules r = { .approvals = 1 };

	ck_assert_uint_eq(caseflow_votes(&r, true), 1);
	ck_assert_uint_eq(caseflow_votes(&r, false), 2);
	r.approvals = 2;
	ck_assert_uint_eq(caseflow_votes(&r, true), 2);
	ck_assert_uint_eq(caseflow_votes(&r, false), 2);
	r.approvals = 0; /* forgotten */
	ck_assert_uint_eq(caseflow_votes(&r, true), 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("caseflow");
	TCase *c = tcase_create("caseflow");

	tcase_add_loop_test(c, test_next, 0, COUNT(table));
	tcase_add_loop_test(c, test_who, 1, CASE_ACTION_COUNT);
	tcase_add_loop_test(c, test_spoilt, 0, COUNT(spoilt));
	tcase_add_test(c, test_words);
	tcase_add_test(c, test_votes);
	suite_add_tcase(s, c);
	return unit_run(s);
}

/* Which decisions are legal, and what they must say. */
#include "store/lifecycle.h"

#include <stdio.h>
#include <string.h>

#include "unit/unit.h"

#define STATES (PUBLISHER_WITHDRAWN + 1)

/* One letter a state, in the order of enum publisher_state: what the action
 * makes of it; '.' where it is not legal. N-one, a-pplied, i-n review,
 * A-pproved, s-uspended, r-ejected, R-evoked, e-xpired, w-ithdrawn. */
static const char letters[] = "NaiAsrRew";
static const struct {
	enum decision_action action;
	const char *label;
	const char *want;
} transitions[] = {
	{ DECISION_ADD, "add", "a....aaaa" },
	{ DECISION_APPROVE, "approve", ".AAA...A." },
	{ DECISION_SUSPEND, "suspend", "...s....." },
	{ DECISION_RESTORE, "restore", "....A...." },
	{ DECISION_REVOKE, "revoke", "...RR...." },
	{ DECISION_RENAME, "rename", ".aiAsrRew" },
};

START_TEST(test_transition)
{
	const struct decision d = { .action = transitions[_i].action,
		.jid = "daily@example.org" };

	ck_assert_str_eq(lifecycle_action_name(d.action),
	    transitions[_i].label);
	for (int from = 0; from < STATES; from++) {
		char want = transitions[_i].want[from];
		enum publisher_state to = PUBLISHER_NONE;
		struct err e = { .text = "" };
		int rc =
		    lifecycle_next(&d, (enum publisher_state)from, &to, &e);
		char got = rc < 0 ? '.' : letters[to];

		ck_assert_msg(got == want, "%s from %c: got %c, want %c",
		    transitions[_i].label, letters[from], got, want);
		/* Who is told no is told whom it is about. */
		if (rc < 0)
			ck_assert_ptr_nonnull(strstr(e.text, d.jid));
	}
}
END_TEST

static const struct {
	const char *label;
	enum decision_action action;
	enum publisher_state from;
	const char *want;
} sentences[] = {
	{ "unknown", DECISION_APPROVE, PUBLISHER_NONE, "add it first" },
	{ "twice", DECISION_ADD, PUBLISHER_APPROVED, "already (approved)" },
	{ "revoked", DECISION_APPROVE, PUBLISHER_REVOKED,
	    "new application (publisher add)" },
	{ "suspended", DECISION_APPROVE, PUBLISHER_SUSPENDED,
	    "restore it first" },
	{ "not approved", DECISION_SUSPEND, PUBLISHER_APPLIED,
	    "only an approved" },
	{ "not suspended", DECISION_RESTORE, PUBLISHER_APPROVED,
	    "only a suspended" },
	{ "nothing to revoke", DECISION_REVOKE, PUBLISHER_APPLIED,
	    "can be revoked" },
};

START_TEST(test_sentence)
{
	const struct decision d = { .action = sentences[_i].action,
		.jid = "daily@example.org" };
	enum publisher_state to;
	struct err e = { .text = "" };

	ck_assert_int_eq(lifecycle_next(&d, sentences[_i].from, &to, &e), -1);
	ck_assert_msg(strstr(e.text, sentences[_i].want) != NULL,
	    "%s: got \"%s\", want \"%s\"", sentences[_i].label, e.text,
	    sentences[_i].want);
}
END_TEST

static const struct {
	const char *label;
	const char *text;
	int want;
} texts[] = {
	{ "ascii", "Daily Example", 0 },
	{ "umlauts", "T\xc3\xa4gliches Beispiel", 0 },
	{ "astral", "\xf0\x9f\x93\xb0", 0 },
	{ "last code point but two", "\xf4\x8f\xbf\xbd", 0 },
	{ "missing", NULL, -1 },
	{ "empty", "", -1 },
	{ "blank", "   ", -1 },
	{ "newline", "a\nb", -1 },
	{ "delete", "a\x7f", -1 },
	{ "C1 control", "a\xc2\x85", -1 },
	{ "line separator", "a\xe2\x80\xa8", -1 },
	{ "right-to-left override", "a\xe2\x80\xae", -1 },
	{ "isolate", "a\xe2\x81\xa6", -1 },
	{ "noncharacter", "\xef\xbf\xbe", -1 },
	{ "Latin-1", "T\xe4glich", -1 },
	{ "overlong", "\xc0\xaf", -1 },
	{ "overlong of three", "\xe0\x80\xaf", -1 },
	{ "surrogate", "\xed\xa0\x80", -1 },
	{ "beyond Unicode", "\xf4\x90\x80\x80", -1 },
	{ "cut short", "a\xe2\x82", -1 },
	{ "lone continuation", "\x80", -1 },
	{ "longest", "0123456789012345678901234567890123456789", 0 },
	{ "too long", "01234567890123456789012345678901234567890", -1 },
};

START_TEST(test_text)
{
	struct err e = { .text = "" };
	int got = lifecycle_text_check(texts[_i].text, 40, "the name", &e);

	ck_assert_msg(got == texts[_i].want, "%s: got %d (%s), want %d",
	    texts[_i].label, got, e.text, texts[_i].want);
	ck_assert_int_eq(got == -1, strstr(e.text, "the name") != NULL);
}
END_TEST

/* Each differs from a complete decision in one thing. */
static const struct {
	const char *label;
	struct decision d;
	const char *want; /* in the sentence; NULL: it is complete */
} decisions[] = {
#define BASE .jid = "daily@example.org", .by = "anna@example.org", .now_s = 100
	{ "add", { BASE, .action = DECISION_ADD, .name = "D" }, NULL },
	{ "add without name", { BASE, .action = DECISION_ADD },
	    "the public name is missing" },
	{ "add, reason NULL",
	    { BASE, .action = DECISION_ADD, .name = "D", .reason = NULL },
	    NULL },
	{ "add, bad reason",
	    { BASE, .action = DECISION_ADD, .name = "D", .reason = "\n" },
	    "the reason" },
	{ "approve",
	    { BASE, .action = DECISION_APPROVE, .reason = "r",
		.category = "news", .until_s = 101 },
	    NULL },
	{ "approve, ends at once",
	    { BASE, .action = DECISION_APPROVE, .reason = "r",
		.category = "news", .until_s = 100 },
	    "before it begins" },
	{ "approve, no category",
	    { BASE, .action = DECISION_APPROVE, .reason = "r", .until_s = 101 },
	    "the category is missing" },
	{ "approve, no reason",
	    { BASE, .action = DECISION_APPROVE, .category = "news",
		.until_s = 101 },
	    "the reason is missing" },
	{ "suspend, no reason", { BASE, .action = DECISION_SUSPEND },
	    "the reason is missing" },
	{ "restore, no reason",
	    { BASE, .action = DECISION_RESTORE, .reason = "" },
	    "the reason is missing" },
	{ "revoke, no reason", { BASE, .action = DECISION_REVOKE },
	    "the reason is missing" },
	{ "rename, no reason", { BASE, .action = DECISION_RENAME, .name = "D" },
	    "the reason is missing" },
	{ "rename, no name", { BASE, .action = DECISION_RENAME, .reason = "r" },
	    "the public name is missing" },
	{ "full JID",
	    { .jid = "a@b/c",
		.by = "x",
		.action = DECISION_SUSPEND,
		.reason = "r" },
	    "no account" },
	{ "domain",
	    { .jid = "example.org",
		.by = "x",
		.action = DECISION_SUSPEND,
		.reason = "r" },
	    "no account" },
	{ "nobody decides",
	    { .jid = "a@b", .action = DECISION_SUSPEND, .reason = "r" },
	    "who decides" },
	{ "no action", { BASE, .reason = "r" }, "no decision 0" },
};

START_TEST(test_decision)
{
	char name[PUBLISHER_NAME_MAX + 1];
	struct err e = { .text = "" };
	int got = lifecycle_check(&decisions[_i].d, name, &e);
	const char *want = decisions[_i].want;

	ck_assert_msg(got == (want == NULL ? 0 : -1), "%s: got %d (%s)",
	    decisions[_i].label, got, e.text);
	if (want != NULL)
		ck_assert_msg(strstr(e.text, want) != NULL, "%s: \"%s\"",
		    decisions[_i].label, e.text);
}
END_TEST

START_TEST(test_name_is_trimmed)
{
	const struct decision d = { BASE, .action = DECISION_ADD,
		.name = "  Daily  Example " };
	char name[PUBLISHER_NAME_MAX + 1];
	struct err e;

	ck_assert_int_eq(lifecycle_check(&d, name, &e), 0);
	ck_assert_str_eq(name, "Daily  Example");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("lifecycle");
	TCase *c = tcase_create("lifecycle");

	tcase_add_loop_test(c, test_transition, 0, COUNT(transitions));
	tcase_add_loop_test(c, test_sentence, 0, COUNT(sentences));
	tcase_add_loop_test(c, test_text, 0, COUNT(texts));
	tcase_add_loop_test(c, test_decision, 0, COUNT(decisions));
	tcase_add_test(c, test_name_is_trimmed);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

/* The language of the control socket: what parses, and what does not. */
#include "core/ctl.h"

#include <string.h>

#include "unit/unit.h"

#define WORDS_MAX 12

/* What parses; `want` is the outcome, spelt out. */
static const struct {
	const char *label, *words[WORDS_MAX], *want;
} good[] = {
	{ "one word", { "status" }, "status" },
	{ "two words", { "key", "list" }, "key list" },
	{ "operand and option", { "publisher", "add", "a@b", "--name", "A" },
	    "publisher add|a@b|--name=A" },
	{ "option before operand", { "publisher", "add", "--name", "A", "a@b" },
	    "publisher add|a@b|--name=A" },
	{ "equals sign", { "publisher", "add", "--name=A=B", "a@b" },
	    "publisher add|a@b|--name=A=B" },
	{ "a value that begins with two dashes",
	    { "publisher", "suspend", "a@b", "--reason=--x" },
	    "publisher suspend|a@b|--reason=--x" },
	{ "a value that begins with a dash",
	    { "publisher", "suspend", "a@b", "--reason", "-x" },
	    "publisher suspend|a@b|--reason=-x" },
	{ "end of options", { "publisher", "show", "--", "-a@b" },
	    "publisher show|-a@b" },
	{ "all of approve",
	    { "publisher", "approve", "a@b", "--category", "news", "--reason",
		"seen", "--valid-for", "365d" },
	    "publisher approve|a@b|--category=news|--reason=seen|"
	    "--valid-for=365d" },
	{ "all of explain",
	    { "explain", "a@b", "r@c", "--kind", "join", "--reprint", "--label",
		"x", "--label", "y", "--encrypted" },
	    "explain|a@b|r@c|--kind=join|--reprint|--label=x|--label=y|"
	    "--encrypted" },
	{ "another script", { "publisher", "add", "a@b", "--name", "Ärger" },
	    "publisher add|a@b|--name=Ärger" },
	{ "seconds since 1970",
	    { "key", "revoke", "k_-9", "--since", "1700000000", "--reason",
		"lost" },
	    "key revoke|k_-9|--since=1700000000|--reason=lost" },
	{ "a state", { "publisher", "list", "--state", "in-review" },
	    "publisher list|--state=in-review" },
	{ "the most", { "publisher", "list", "--limit", "1000" },
	    "publisher list|--limit=1000" },
};

static size_t
count_words(const char *const words[WORDS_MAX])
{
	size_t n = 0;

	while (n < WORDS_MAX && words[n] != NULL)
		n++;
	return n;
}

static void
spell(const struct ctl_args *a, char *r)
{
	strcpy(r, a->command->name);
	for (size_t i = 0; i < a->operand_count; i++) {
		strcat(r, "|");
		strcat(r, a->operands[i]);
	}
	for (size_t i = 0; i < a->option_count; i++) {
		strcat(r, "|");
		strcat(r, a->options[i].param->name);
		if (a->options[i].value != NULL) {
			strcat(r, "=");
			strcat(r, a->options[i].value);
		}
	}
}

START_TEST(test_good)
{
	struct ctl_args a;
	struct err e = { "" };
	char got[512];

	ck_assert_msg(
	    ctl_parse(&a, good[_i].words, count_words(good[_i].words), &e) == 0,
	    "%s: %s", good[_i].label, e.text);
	spell(&a, got);
	ck_assert_msg(strcmp(got, good[_i].want) == 0, "%s: got %s, want %s",
	    good[_i].label, got, good[_i].want);
}
END_TEST

static const struct {
	const char *label, *words[WORDS_MAX], *want;
} bad[] = {
	{ "nothing", { NULL }, "no command given" },
	{ "empty", { "" }, "there is no command \"\"" },
	{ "unknown", { "fly" }, "there is no command \"fly\"" },
	{ "half a word", { "stat" }, "there is no command \"stat\"" },
	{ "half a command", { "publisher" }, "needs a second word" },
	{ "unknown half", { "key", "steal" },
	    "there is no command \"key steal\"" },
	{ "the start of a second word", { "publisher", "sho" },
	    "there is no command \"publisher sho\"" },
	{ "no operand", { "publisher", "show" }, "JID is missing" },
	{ "no first operand", { "explain", "--reprint" }, "JID is missing" },
	{ "an operand too many", { "publisher", "show", "a@b", "c@d" },
	    "\"c@d\" is one argument too many" },
	{ "an operand to none", { "status", "x" },
	    "\"x\" is one argument too many" },
	{ "an empty operand", { "publisher", "show", "" }, "JID: needs" },
	{ "an unknown option", { "status", "--fast" },
	    "there is no option --fast here" },
	{ "a short option", { "status", "-x" }, "there is no option -x here" },
	{ "an option of another command",
	    { "publisher", "show", "a@b", "--reason", "x" },
	    "there is no option --reason here" },
	{ "a missing option", { "publisher", "suspend", "a@b" },
	    "--reason is missing" },
	{ "a missing value at the end",
	    { "publisher", "suspend", "a@b", "--reason" },
	    "--reason needs a value: TEXT" },
	{ "a missing value before an option",
	    { "publisher", "rename", "a@b", "--name", "--reason", "x" },
	    "--name needs a value: NAME" },
	{ "an empty value", { "publisher", "suspend", "a@b", "--reason=" },
	    "--reason: needs a text" },
	{ "blanks", { "publisher", "suspend", "a@b", "--reason", "  " },
	    "--reason: needs a text" },
	{ "twice",
	    { "publisher", "suspend", "a@b", "--reason", "x", "--reason=y" },
	    "--reason is given too often" },
	{ "a value for a flag", { "explain", "a@b", "c@d", "--reprint=no" },
	    "--reprint takes no value" },
	{ "a line feed", { "publisher", "add", "a@b", "--name", "A\nB" },
	    "--name: needs a text" },
	{ "an escape", { "publisher", "add", "a@b", "--name", "\x1b[2J" },
	    "--name: needs a text" },
	{ "a C1 control", { "publisher", "add", "a@b", "--name", "\xc2\x9b" },
	    "--name: needs a text" },
	{ "a line separator",
	    { "publisher", "add", "a@b", "--name", "A\xe2\x80\xa8_" },
	    "--name: needs a text" },
	{ "no UTF-8", { "publisher", "add", "a@b", "--name", "\xff" },
	    "--name: needs a text" },
	{ "a surrogate",
	    { "publisher", "add", "a@b", "--name", "\xed\xa0\x80" },
	    "--name: needs a text" },
	{ "UTF-8 cut short",
	    { "publisher", "add", "a@b", "--name", "\xe2\x82" },
	    "--name: needs a text" },
	{ "a category in capitals",
	    { "publisher", "approve", "a@b", "--category", "News", "--reason",
		"x" },
	    "--category: \"News\" is not a word" },
	{ "no duration",
	    { "publisher", "approve", "a@b", "--category", "news", "--reason",
		"x", "--valid-for", "1y" },
	    "--valid-for: \"1y\" is not a duration" },
	{ "no time at all",
	    { "publisher", "approve", "a@b", "--category", "news", "--reason",
		"x", "--valid-for", "0d" },
	    "--valid-for: \"0d\" is no time at all" },
	{ "no state", { "publisher", "list", "--state", "happy" },
	    "--state: \"happy\" is not a state" },
	{ "no count", { "publisher", "list", "--limit", "0" },
	    "--limit: \"0\" is not a number" },
	{ "a count with a tail", { "publisher", "list", "--limit", "5x" },
	    "--limit: \"5x\" is not a number" },
	{ "a huge count",
	    { "publisher", "list", "--limit", "99999999999999999999999" },
	    "is not a number from 1 to 1000" },
	{ "no kind", { "explain", "a@b", "c@d", "--kind", "shout" },
	    "--kind: \"shout\" is not a kind" },
	{ "a kind that is not explained",
	    { "explain", "a@b", "c@d", "--kind", "publish" },
	    "--kind: \"publish\" is not a kind" },
	{ "no key",
	    { "key", "revoke", "../x", "--since", "1", "--reason", "x" },
	    "KID: \"../x\" is not a key's ID" },
	{ "no time",
	    { "key", "revoke", "k", "--since", "yesterday", "--reason", "x" },
	    "--since: \"yesterday\" is not a time" },
	{ "an option after the end of options",
	    { "publisher", "suspend", "a@b", "--", "--reason", "x" },
	    "\"--reason\" is one argument too many" },
};

START_TEST(test_bad)
{
	struct ctl_args a;
	struct err e = { "" };

	ck_assert_msg(
	    ctl_parse(&a, bad[_i].words, count_words(bad[_i].words), &e) == -1,
	    "%s: parsed", bad[_i].label);
	ck_assert_msg(strstr(e.text, bad[_i].want) != NULL,
	    "%s: got \"%s\", want \"%s\"", bad[_i].label, e.text, bad[_i].want);
}
END_TEST

START_TEST(test_labels_are_counted)
{
	const char *words[CTL_WORDS_MAX + 1] = { "explain", "a@b", "c@d" };
	struct ctl_args a;
	struct err e = { "" };
	size_t count = 3;

	for (int i = 0; i < 8; i++)
		words[count++] = "--label=x";
	ck_assert_int_eq(ctl_parse(&a, words, count, &e), 0);
	ck_assert_uint_eq(a.option_count, 8);
	words[count++] = "--label=x";
	ck_assert_int_eq(ctl_parse(&a, words, count, &e), -1);
	ck_assert_str_eq(e.text, "--label is given too often");
	while (count <= CTL_WORDS_MAX)
		words[count++] = "--label=x";
	ck_assert_int_eq(ctl_parse(&a, words, count, &e), -1);
	ck_assert_str_eq(e.text, "more than 64 arguments");
}
END_TEST

START_TEST(test_option)
{
	const char *const words[] = { "explain", "a@b", "c@d", "--reprint",
		"--kind=join" };
	struct ctl_args a;
	struct err e;

	ck_assert_int_eq(ctl_parse(&a, words, COUNT(words), &e), 0);
	ck_assert_str_eq(ctl_option(&a, "--reprint"), "");
	ck_assert_str_eq(ctl_option(&a, "--kind"), "join");
	ck_assert_ptr_null(ctl_option(&a, "--encrypted"));
}
END_TEST

START_TEST(test_usage)
{
	char got[512];

	ctl_usage(ctl_command_find("explain"), got, sizeof got);
	ck_assert_str_eq(got,
	    "explain JID [ROOM] [--kind KIND] [--reprint] "
	    "[--label TERM]... [--affiliation AFFILIATION] [--encrypted] "
	    "[--node NODE] [--service HOST] [--owner ACCOUNT]");
	ctl_usage(ctl_command_find("publisher approve"), got, sizeof got);
	ck_assert_str_eq(got,
	    "publisher approve JID --category CATEGORY "
	    "--reason TEXT [--valid-for DURATION]");
	/* Cut, never overrun. */
	ctl_usage(ctl_command_find("explain"), got, 10);
	ck_assert_str_eq(got, "explain J");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("ctl");
	TCase *t = tcase_create("ctl");

	tcase_add_loop_test(t, test_good, 0, (int)COUNT(good));
	tcase_add_loop_test(t, test_bad, 0, (int)COUNT(bad));
	tcase_add_test(t, test_labels_are_counted);
	tcase_add_test(t, test_option);
	tcase_add_test(t, test_usage);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

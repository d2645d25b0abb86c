/* Refusals: the words for each, and which of them are kept for the next. */
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "daemon/refusals.h"

#define NOW 1700000000

static const char config_text[] =
    "operator: {name: O, country: DE, register: R, contact: 'mailto:o@a'}\n"
    "component: {domain: masthead.a, server: 127.0.0.1:1, secret_file: s}\n"
    "guards: [rooms.a, a]\n"
    "store: sqlite:r.db\n"
    "keys: k\n"
    "control: c\n"
    "staff: {approver: [], reviewer: []}\n"
    "categories:\n"
    "  news: {title: News, valid_for: 365d}\n"
    "  wire: {title: Agency, valid_for: 365d}\n"
    "places:\n"
    "  - {room: one@rooms.a, publish: [news]}\n"
    "  - {room: '*@rooms.a', publish: [wire], encrypted: refuse}\n"
    "  - {node: '*', service: rooms.a, publish: [news]}\n"
    "  - {node: 'blog*', owner: '*@a', publish: [news]}\n"
    "  - {room: chat@rooms.a, publish: [news], labelled: wire}\n"
    "  - {node: micro, owner: '*@a', publish: [news], labelled: wire}\n";

static struct catalogue *catalogue;
static struct config *config;
static struct refusals_kept kept;
static struct verdict verdict;

static void
set_up(void)
{
	struct buf problems;
	struct err e;

	buf_init(&problems, 65536);
	ck_assert_int_eq(catalogue_open(&catalogue, NULL, &e), 0);
	ck_assert_msg(config_load_text(&config, "m.yaml", config_text,
			  strlen(config_text), &problems, &e) == 0,
	    "%s", problems.data);
	buf_clear(&problems);
	memset(&kept, 0, sizeof kept);
	verdict = (struct verdict){ .action = VERDICT_REFUSE,
		.refusal = REFUSAL_NOT_REGISTERED,
		.rule = RULE_PUBLISH };
}

static void
tear_down(void)
{
	config_free(config);
	catalogue_close(catalogue);
}

static const struct refusal_words *
find_at(size_t place, const char *local, const char *node, const char *lang,
    const struct publisher *who)
{
	const struct place *where = &config->policy.places[place];
	const struct refusal_case about = { .where = where,
		.at = { local, where->host, node },
		.who = who,
		.verdict = &verdict,
		.lang = lang };

	return refusals_find(&kept, catalogue, config, &about);
}

static const struct refusal_words *
find(size_t place, const char *room, const char *lang,
    const struct publisher *who)
{
	return find_at(place, room, "", lang, who);
}

static void
says(const struct refusal_words *w, const char *what)
{
	ck_assert_msg(strstr(w->wire.text, what) != NULL, "\"%s\" not in: %s",
	    what, w->wire.text);
}

START_TEST(words_are_said_again)
{
	const struct refusal_words *first = find(0, "one", "en", NULL);

	says(first, "one@rooms.a");
	says(first, "News");
	ck_assert_str_eq(first->wire.reason, "not-registered");
	ck_assert_str_eq(first->wire.apply,
	    "xmpp:masthead.a?command;node=apply");
	says(first, "xmpp:masthead.a?command;node=apply");
	ck_assert_str_eq(first->wire.appeal, "mailto:o@a");
	ck_assert_str_eq(first->case_id, "");
	ck_assert_ptr_eq(find(0, "one", "en", NULL), first);
	says(first, "one@rooms.a");
}
END_TEST

START_TEST(words_differ_by_all_that_they_depend_on)
{
	char before[CATALOGUE_TEXT_MAX];

	strcpy(before, find(0, "one", "en", NULL)->text);
	says(find(1, "two", "en", NULL), "two@rooms.a");
	says(find(1, "one", "en", NULL), "Agency"); /* the place */
	ck_assert_str_eq(find(0, "one", "de-AT", NULL)->wire.lang, "de");
	ck_assert_str_ne(find(0, "one", "de-AT", NULL)->text, before);
	verdict.refusal = REFUSAL_ENCRYPTION;
	ck_assert_str_eq(find(0, "one", "en", NULL)->wire.reason,
	    "encryption-not-allowed");
	verdict.refusal = REFUSAL_NOT_REGISTERED;
	ck_assert_str_eq(find(0, "one", "en", NULL)->text, before);
}
END_TEST

/* However many rooms fall into one slot, each gets its own words. */
START_TEST(rooms_do_not_take_each_others_words)
{
	char room[32], want[64];

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 4 * REFUSALS_KEPT; i++) {
			(void)snprintf(room, sizeof room, "room%d", i);
			(void)snprintf(want, sizeof want, " %s@rooms.a ", room);
			says(find(1, room, "en", NULL), want);
		}
}
END_TEST

START_TEST(nodes_are_named_in_the_language)
{
	says(find_at(2, "", "world/sport", "en", NULL),
	    " “world/sport” at rooms.a ");
	says(find_at(2, "", "world/sport", "de", NULL),
	    " „world/sport“ bei rooms.a ");
	says(find_at(3, "daily", "blog:0", "en", NULL),
	    " “blog:0” at daily@a ");
	/* Same place, other account, other node; same text of both. */
	says(find_at(3, "times", "blog:0", "en", NULL),
	    " “blog:0” at times@a ");
	says(find_at(3, "daily", "blog:1", "en", NULL),
	    " “blog:1” at daily@a ");
	says(find_at(2, "", "a", "en", NULL), " “a” at rooms.a ");
	verdict.refusal = REFUSAL_ENCRYPTION;
	says(find_at(2, "", "a", "en", NULL), "“a” at rooms.a takes no");
}
END_TEST

/* Who may post here without the label must not read that nobody may. */
START_TEST(labels_are_named_where_they_count)
{
	says(find(4, "chat", "en", NULL),
	    "in chat@rooms.a (posts labelled “wire”) only approved");
	says(find_at(5, "m", "micro", "en", NULL),
	    "in “micro” at m@a (posts labelled “wire”) only approved");
	says(find_at(5, "m", "micro", "de", NULL),
	    "In „micro“ bei m@a (Beiträge mit der Kennzeichnung „wire“) "
	    "schreiben nur");
}
END_TEST

START_TEST(nothing_about_an_account_is_kept)
{
	static struct publisher who = { .jid = "daily@a",
		.state = PUBLISHER_SUSPENDED,
		.state_reason = "stolen-account",
		.case_id = 7 };
	const struct refusal_words *w;

	verdict.refusal = REFUSAL_SUSPENDED;
	verdict.date_s = NOW;
	w = find(0, "one", "en", &who);
	says(w, "stolen-account");
	ck_assert_str_eq(w->case_id, "7");
	for (size_t i = 0; i < REFUSALS_KEPT; i++)
		ck_assert_int_eq(kept.slots[i].refusal, REFUSAL_NONE);
	strcpy(who.state_reason, "another-reason");
	says(find(0, "one", "en", &who), "another-reason");
}
END_TEST

/* Every refusal leads to the command that is its next step. */
static const struct {
	enum refusal refusal;
	const char *apply, *appeal;
} steps[] = {
	{ REFUSAL_NOT_REGISTERED, "apply", NULL },
	{ REFUSAL_APPLICATION_OPEN, "status", NULL },
	{ REFUSAL_WRONG_CATEGORY, "apply", NULL },
	{ REFUSAL_SUSPENDED, "apply", "appeal" },
	{ REFUSAL_REVOKED, "apply", "appeal" },
	{ REFUSAL_REJECTED, "apply", "appeal" },
	{ REFUSAL_EXPIRED, "renew", NULL },
	{ REFUSAL_WITHDRAWN, "apply", NULL },
	{ REFUSAL_AGREEMENT_OUTDATED, "agree", NULL },
	{ REFUSAL_REPRINT, "apply", NULL },
	{ REFUSAL_ENCRYPTION, "apply", NULL },
	{ REFUSAL_NAME_CONFLICT, "apply", NULL },
};

START_TEST(refusals_lead_to_the_next_step)
{
	static struct publisher who = { .jid = "daily@a", .case_id = 7 };
	const struct refusal_words *w;
	char want[REFUSALS_URI_MAX];

	verdict.refusal = steps[_i].refusal;
	verdict.date_s = NOW;
	w = find(0, "one", "en", &who);
	refusals_command_uri(config, steps[_i].apply, want);
	ck_assert_str_eq(w->wire.apply, want);
	if (steps[_i].appeal == NULL) {
		ck_assert_str_eq(w->wire.appeal, "mailto:o@a");
		return;
	}
	refusals_command_uri(config, steps[_i].appeal, want);
	ck_assert_str_eq(w->wire.appeal, want);
	says(w, want);
}
END_TEST

START_TEST(a_new_configuration_forgets)
{
	says(find(0, "one", "en", NULL), "News");
	/* As if another one had come to lie in the same place. */
	strcpy(config->policy.categories[0].title, "Neu");
	says(find(0, "one", "en", NULL), "News");
	refusals_forget(&kept);
	says(find(0, "one", "en", NULL), "Neu)");
}
END_TEST

START_TEST(long_names_are_described_all_the_same)
{
	char room[REFUSALS_AT_MAX + 2], lang[REFUSALS_LANG_MAX + 2];

	memset(room, 'r', sizeof room - 1);
	room[sizeof room - 1] = '\0';
	memset(lang, 'x', sizeof lang - 1);
	lang[sizeof lang - 1] = '\0';
	says(find(1, room, "en", NULL), room);
	ck_assert_str_eq(find(1, "one", lang, NULL)->wire.lang, "en");
	says(find_at(2, "", room, "en", NULL), room);
	/* As long as what is kept may be, in two parts. */
	room[REFUSALS_AT_MAX] = '\0';
	room[100] = '\0';
	says(find_at(3, room, room + 101, "en", NULL), room + 101);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("refusals");
	TCase *t = tcase_create("refusals");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, words_are_said_again);
	tcase_add_test(t, words_differ_by_all_that_they_depend_on);
	tcase_add_test(t, rooms_do_not_take_each_others_words);
	tcase_add_test(t, nodes_are_named_in_the_language);
	tcase_add_test(t, labels_are_named_where_they_count);
	tcase_add_test(t, nothing_about_an_account_is_kept);
	tcase_add_loop_test(t, refusals_lead_to_the_next_step, 0,
	    sizeof steps / sizeof steps[0]);
	tcase_add_test(t, a_new_configuration_forgets);
	tcase_add_test(t, long_names_are_described_all_the_same);
	suite_add_tcase(s, t);
	return unit_run(s);
}

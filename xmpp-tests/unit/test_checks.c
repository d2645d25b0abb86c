/* From question to answer, where a unit test sees more than a scenario. */
#include "daemon/checks.h"

#include "crypto/token.h"
#include "daemon/clock.h"
#include "unit/store_fixture.h"
#include "xmpp/ns.h"

#define HOST "rooms.a"
#define LONG "long@a" /* whose name is as long as can be, escaped */

/* The test's clock stands in for daemon/clock.c. */
int64_t
clock_wall_s(void)
{
	return T0 + 1;
}

int64_t
clock_mono_ms(void)
{
	return 1000;
}

static const char config_before[] =
    "operator: {name: Example, country: DE, register: VR 1,"
    " contact: \"mailto:a@example.org\"}\n"
    "component: {domain: masthead.a, secret_file: secret}\n"
    "guards: [rooms.a, rooms.b]\n"
    "store: sqlite:register.db\n"
    "categories:\n"
    "  news: {title: News, hat: \"{name}\", valid_for: 10d}\n"
    "places:\n";
static const char everywhere[] =
    "  - {room: \"*@rooms.a\", publish: [news], mode: observe}\n";
static const char newsroom[] =
    "  - {room: newsroom@rooms.a, publish: [news]}\n";
static const char far_away[] = "  - {room: \"*@rooms.b\", publish: [news]}\n";
/* Nodes of the host that asks. */
static const char of_service[] =
    "  - {node: \"*\", service: rooms.a, publish: [news], reprint: nobody,"
    " exempt: [owner]}\n";
static const char of_accounts[] =
    "  - {node: \"blog*\", owner: \"*@rooms.a\", publish: [news],"
    " labelled: news, mode: observe}\n";

static uv_loop_t loop;
static struct writer *writer;
static struct keyring ring;
static struct badges *badges;
static struct catalogue *catalogue;
static struct checks *checks;
static struct buf out;
static unsigned trouble_count;

static struct buf *
test_out(void *arg)
{
	(void)arg;
	return &out;
}

static void
test_flush(void *arg)
{
	(void)arg;
}

static void
test_trouble(void *arg, const char *what, const struct err *e)
{
	(void)arg;
	(void)what;
	(void)e;
	trouble_count++;
}

/* Goes by these places, as after a reload. */
static void
load(const char *epoch, const char *a, const char *b)
{
	char
	    text[sizeof config_before + sizeof of_service + sizeof of_accounts];
	const struct policy *old = NULL;
	struct config *c = NULL;
	struct buf problems;
	int rc;

	if (strcmp(epoch, "E1") != 0)
		old = &checks_config(checks)->policy;
	(void)snprintf(text, sizeof text, "%s%s%s", config_before, a, b);
	buf_init(&problems, 65536);
	rc = config_load_text(&c, "m.yaml", text, strlen(text), &problems,
	    &fx_e);
	ck_assert_msg(rc == 0, "%s", problems.data);
	buf_clear(&problems);
	policy_number_places(&c->policy, old);
	fx_ok(checks_set_config(checks, c, epoch, &fx_e));
}

static void
set_up(void)
{
	struct checks_setup s = { .domain = "masthead.a",
		.out = test_out,
		.flush = test_flush,
		.on_trouble = test_trouble };
	struct badges_setup b = { .keyring = &ring, .domain = "masthead.a" };
	char name[PUBLISHER_NAME_MAX + 1] = "";
	const char *notice;

	fx_set_up();
	fx_approved(DAILY, "Daily");
	memset(name, '&', PUBLISHER_NAME_MAX);
	fx_approved(LONG, name);
	buf_init(&out, 1 << 20);
	trouble_count = 0;
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	fx_ok(keyring_open(&ring, fx_dir, 0, fx_w, T0, &notice, &fx_e));
	fx_ok(writer_new(&writer, &loop, fx_w, &fx_e));
	fx_w = NULL; /* the writer's now */
	b.reader = fx_r;
	b.writer = writer;
	fx_ok(badges_new(&badges, &b, &fx_e));
	fx_ok(catalogue_open(&catalogue, NULL, &fx_e));
	s.reader = fx_r;
	s.badges = badges;
	s.catalogue = catalogue;
	fx_ok(checks_new(&checks, &s, &fx_e));
}

static void
tear_down(void)
{
	writer_stop(writer);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
	badges_free(badges);
	checks_free(checks);
	writer_free(writer);
	keyring_clear(&ring);
	catalogue_close(catalogue);
	buf_clear(&out);
	fx_tear_down();
}

/* Asks about one item in the newsroom, and forgets what was said before. */
static void
ask_about(const char *actor, const char *nick, const char *kind,
    const char *place)
{
	const struct reader_name check = { NS_GUARD, "check" };
	const struct reader_name item = { NS_GUARD, "item" };
	const struct reader_attr attrs[] = { { { "", "n" }, "1" },
		{ { "", "kind" }, kind }, { { "", "place" }, place },
		{ { "", "room" }, "newsroom" }, { { "", "actor" }, actor },
		{ { "", "nick" }, nick } };
	struct guard_decoder *d = checks_decoder(checks);

	buf_reset(&out);
	ck_assert_ptr_nonnull(d);
	ck_assert(guard_begin(d, &check, NULL, 0));
	guard_start(d, 3, &item, attrs, COUNT(attrs));
	guard_end(d, 3);
	guard_end(d, 2);
	checks_run(checks, HOST, "c1");
}

static void
ask(const char *kind, const char *place)
{
	ask_about("mallory@a/desk", "mallory", kind, place);
}

#define want(part)                                                             \
	ck_assert_msg(strstr(out.data, part) != NULL, "want %s in %s", part,   \
	    out.data)
#define want_no(part)                                                          \
	ck_assert_msg(strstr(out.data, part) == NULL, "no %s wanted in %s",    \
	    part, out.data)

START_TEST(a_place_is_decided_by_its_own_rules)
{
	load("E1", everywhere, newsroom);
	ask("message", "2");
	want("epoch='E1'");
	want("action='refuse'");
	want("not-registered");
	/* Not the place of this room, and it never was. */
	ask("message", "3");
	want_no("<verdict ");
	ck_assert_uint_eq(trouble_count, 1);
}
END_TEST

/* The guard has not heard yet that the newsroom has rules of its own. */
START_TEST(a_more_specific_place_comes_by_a_reload)
{
	load("E1", everywhere, "");
	ask("message", "1");
	want("observed='refuse'");
	load("E2", everywhere, newsroom);
	ask("message", "1");
	want_no("action='pass'");
	want("<resource-constraint ");
	want_no("lease=");
	ask("join", "1");
	want_no("<verdict ");
	ck_assert_uint_eq(trouble_count, 0);
}
END_TEST

/* Its id is nobody's now, but the room is still guarded. */
START_TEST(a_place_makes_room_for_another_by_a_reload)
{
	load("E1", everywhere, "");
	load("E2", newsroom, "");
	ask("message", "1");
	want_no("action='pass'");
	want("<resource-constraint ");
	ask("message", "2");
	want("not-registered");
}
END_TEST

START_TEST(a_place_goes_by_a_reload)
{
	load("E1", newsroom, far_away);
	load("E2", far_away, "");
	ask("message", "1");
	want("epoch='E2'");
	want("action='pass'");
	want_no("lease=");
}
END_TEST

/* The loop does not run, so that no token counts as written. */
START_TEST(a_slow_disk_delays_only_those_who_wait_for_it)
{
	char nick[32];
	unsigned answers = 0;

	load("E1", newsroom, "");
	for (int i = 0; i < CHECKS_IN_FLIGHT_MAX; i++) {
		(void)snprintf(nick, sizeof nick, "daily %d", i);
		ask_about(DAILY, nick, "message", "1");
		ck_assert_uint_eq(out.len, 0);
	}
	ask("message", "1");
	want("not-registered");
	ask_about(DAILY, "one more", "message", "1");
	want("<verdicts ");
	want_no("<verdict ");
	ck_assert_uint_eq(trouble_count, 1);
	buf_reset(&out);
	writer_stop(writer);
	for (const char *p = out.data; (p = strstr(p, "<badge ")) != NULL; p++)
		answers++;
	ck_assert_uint_eq(answers, CHECKS_IN_FLIGHT_MAX);
}
END_TEST

/* What a server would not take, and end the stream over, is asked for again
 * item by item. */
START_TEST(an_answer_too_long_for_the_server_is_not_sent)
{
	const struct reader_name check = { NS_GUARD, "check" };
	const struct reader_name item = { NS_GUARD, "item" };
	char n[16], nick[917];
	const struct reader_attr attrs[] = { { { "", "n" }, n },
		{ { "", "kind" }, "join" }, { { "", "place" }, "1" },
		{ { "", "room" }, "newsroom" }, { { "", "actor" }, LONG },
		{ { "", "nick" }, nick } };
	struct guard_decoder *d;

	load("E1", newsroom, "hats: {legacy: yes}\n");
	d = checks_decoder(checks);
	ck_assert(guard_begin(d, &check, NULL, 0));
	for (int i = 1; i <= GUARD_ITEMS_MAX; i++) {
		(void)snprintf(n, sizeof n, "%d", i);
		memset(nick, '"', 900); /* escaped, too */
		(void)snprintf(nick + 900, sizeof nick - 900, "%d", i);
		guard_start(d, 3, &item, attrs, COUNT(attrs));
		guard_end(d, 3);
	}
	guard_end(d, 2);
	checks_run(checks, HOST, "c1");
	writer_stop(writer); /* writes the tokens, then answers */
	ck_assert_uint_lt(out.len, GUARD_ANSWER_MAX);
	want("<policy-violation ");
	ck_assert_uint_eq(trouble_count, 1);
}
END_TEST

/* Asks about one item of a node; `owner` "": of the service. */
static void
ask_node(const char *actor, const char *owner, const char *node,
    const char *place, const char *inside, const char *value)
{
	const struct reader_name check = { NS_GUARD, "check" };
	const struct reader_name item = { NS_GUARD, "item" };
	const struct reader_name part = { NS_GUARD, inside };
	const struct reader_attr attrs[] = { { { "", "n" }, "1" },
		{ { "", "kind" }, "publish" }, { { "", "place" }, place },
		{ { "", "node" }, node }, { { "", "actor" }, actor },
		{ { "", "owner" }, owner } };
	const struct reader_attr more[] = {
		{ { "", strcmp(inside, "label") == 0 ? "term" : "by" }, value }
	};
	struct guard_decoder *d = checks_decoder(checks);

	buf_reset(&out);
	ck_assert_ptr_nonnull(d);
	ck_assert(guard_begin(d, &check, NULL, 0));
	guard_start(d, 3, &item, attrs, COUNT(attrs));
	if (inside[0] != '\0') {
		guard_start(d, 4, &part, more, 1);
		guard_end(d, 4);
	}
	guard_end(d, 3);
	guard_end(d, 2);
	checks_run(checks, HOST, "c1");
}

/* The claims of the one badge that was answered; for token_parsed_clear. */
static void
read_badge(struct token_parsed *r)
{
	char text[TOKEN_MAX];
	const char *begin = strstr(out.data, "by='masthead.a'>"), *end;

	ck_assert_ptr_nonnull(begin);
	begin = strchr(begin, '>') + 1;
	end = strstr(begin, "</badge>");
	ck_assert_ptr_nonnull(end);
	(void)snprintf(text, sizeof text, "%.*s", (int)(end - begin), begin);
	ck_assert_int_eq(token_verify(ring.active, text, r, &fx_e), 1);
}

/* What has a meaning in an IRI's query is escaped; the rest is as it is. */
static const struct {
	const char *owner, *node, *want_aud;
} audiences[] = {
	{ "", "news", "xmpp:rooms.a?;node=news" },
	{ "", "a/b:c@d.e~f!$'()*,", "xmpp:rooms.a?;node=a/b:c@d.e~f!$'()*," },
	{ "", "\xd0\xbd\xd0\xbe", "xmpp:rooms.a?;node=\xd0\xbd\xd0\xbe" },
	{ "", "%#?[]\\^{|}<>\";&=+ `\x01\x7f",
	    "xmpp:rooms.a?;node=%25%23%3F%5B%5D%5C%5E%7B%7C%7D%3C%3E%22%3B%26"
	    "%3D%2B%20%60%01%7F" },
	{ "d%ly", "blog", "xmpp:d%25ly@rooms.a?;node=blog" },
};

START_TEST(tokens_name_the_node)
{
	struct token_parsed t;

	load("E1", of_service, of_accounts);
	ask_node(DAILY, audiences[_i].owner, audiences[_i].node,
	    audiences[_i].owner[0] == '\0' ? "1" : "2", "label", "news");
	writer_stop(writer); /* writes the token, then answers */
	want("action='pass'");
	read_badge(&t);
	ck_assert_str_eq(t.claims.aud, audiences[_i].want_aud);
	ck_assert_str_eq(t.claims.sub, "xmpp:" DAILY);
	ck_assert_ptr_null(t.claims.occ);
	ck_assert_ptr_null(t.claims.nick);
	token_parsed_clear(&t);
	/* It serves again, as it is. */
	ask_node(DAILY, audiences[_i].owner, audiences[_i].node,
	    audiences[_i].owner[0] == '\0' ? "1" : "2", "label", "news");
	want("<badge ");
	ck_assert_uint_eq(trouble_count, 0);
}
END_TEST

/* The longest names: a token that names them could not be read. */
START_TEST(names_too_long_for_a_token_pass_without)
{
	char node[PUBLICATION_ATTR_MAX + 1];

	memset(node, ' ', PUBLICATION_ATTR_MAX);
	node[PUBLICATION_ATTR_MAX] = '\0';
	load("E1", of_service, of_accounts);
	ask_node(DAILY, "", node, "1", "", "");
	want("action='pass'");
	want("lease='");
	want_no("<badge ");
	ck_assert_uint_eq(trouble_count, 0);
	/* As long as may be without escapes. */
	memset(node, 'n', PUBLICATION_ATTR_MAX);
	ask_node(DAILY, "", node, "1", "", "");
	writer_stop(writer);
	want("<badge ");
	ck_assert_uint_eq(trouble_count, 0);
}
END_TEST

START_TEST(nodes_are_decided_by_their_own_rules)
{
	load("E1", of_service, of_accounts);
	ask_node("mallory@a", "", "news", "1", "", "");
	want("not-registered");
	want("news");
	ask_node("mallory@a", "", "news", "1", "reprint", "via");
	want("reprint-not-allowed");
	ask_node("mallory@a", "mallory", "blog:0", "2", "", "");
	want("action='pass'");
	want_no("observed");
	ask_node("mallory@a", "mallory", "blog:0", "2", "label", "news");
	want("observed='refuse'");
	ck_assert_uint_eq(trouble_count, 0);
	/* A place of accounts has none of the service's nodes, and none of
	 * them has a room. */
	ask_node("mallory@a", "", "blog:0", "2", "", "");
	want_no("<verdict ");
	ask_node("mallory@a", "mallory", "bookmarks", "2", "", "");
	want_no("<verdict ");
	ask("message", "1");
	want_no("<verdict ");
	ck_assert_uint_eq(trouble_count, 3);
}
END_TEST

static void
want_tally(const struct checks_tally *n, uint64_t passed, uint64_t refused,
    uint64_t observed, uint64_t unavailable)
{
	ck_assert_uint_eq(n->passed, passed);
	ck_assert_uint_eq(n->refused, refused);
	ck_assert_uint_eq(n->observed, observed);
	ck_assert_uint_eq(n->unavailable, unavailable);
}

START_TEST(what_came_of_it_is_counted_by_place_and_rule)
{
	struct checks_counts n;
	struct checks_tally all;

	load("E1", of_service, of_accounts);
	ask_node("mallory@a", "", "news", "1", "", "");
	ask_node("mallory@a", "", "news", "1", "", "");
	ask_node("mallory@a", "", "news", "1", "reprint", "via");
	ask_node("", "", "news", "1", "", ""); /* no item: not counted */
	ask_node("@", "", "news", "1", "", "");
	ask_node("mallory@a", "m", "blog", "2", "", "");
	ask_node("mallory@a", "m", "blog", "2", "label", "news");
	ask_node(DAILY, "", "news", "1", "", "");
	writer_stop(writer);
	/* No token can be written any more. */
	ask_node(DAILY, "", "other", "1", "", "");
	n = checks_counts(checks, 1);
	want_tally(&n.all, 1, 3, 0, 2);
	want_tally(&n.by_rule[RULE_PUBLISH], 1, 2, 0, 1);
	want_tally(&n.by_rule[RULE_REPRINT], 0, 1, 0, 0);
	want_tally(&n.by_rule[RULE_NONE], 0, 0, 0, 1);
	n = checks_counts(checks, 2);
	want_tally(&n.all, 1, 0, 1, 0);
	want_tally(&n.by_rule[RULE_NOT_LABELLED], 1, 0, 0, 0);
	want_tally(&n.by_rule[RULE_PUBLISH], 0, 0, 1, 0);
	all = checks_totals(checks);
	want_tally(&all, 2, 3, 1, 2);
	n = checks_counts(checks, 99);
	want_tally(&n.all, 0, 0, 0, 0);
}
END_TEST

START_TEST(a_place_of_another_host_is_forbidden)
{
	load("E1", far_away, newsroom);
	ask("message", "1");
	want("<forbidden ");
	want_no("<verdicts ");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("checks");
	TCase *t = tcase_create("checks");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_place_is_decided_by_its_own_rules);
	tcase_add_test(t, a_more_specific_place_comes_by_a_reload);
	tcase_add_test(t, a_place_makes_room_for_another_by_a_reload);
	tcase_add_test(t, a_place_goes_by_a_reload);
	tcase_add_test(t, a_slow_disk_delays_only_those_who_wait_for_it);
	tcase_add_test(t, an_answer_too_long_for_the_server_is_not_sent);
	tcase_add_test(t, a_place_of_another_host_is_forbidden);
	tcase_add_loop_test(t, tokens_name_the_node, 0, COUNT(audiences));
	tcase_add_test(t, names_too_long_for_a_token_pass_without);
	tcase_add_test(t, nodes_are_decided_by_their_own_rules);
	tcase_add_test(t, what_came_of_it_is_counted_by_place_and_rule);
	suite_add_tcase(s, t);
	return unit_run(s);
}

/* From question to answer, where a unit test sees more than a scenario. */
#include "daemon/checks.h"

#include "daemon/clock.h"
#include "unit/store_fixture.h"
#include "xmpp/ns.h"

#define HOST "rooms.a"

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
	char text[sizeof config_before + sizeof everywhere + sizeof newsroom];
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
	const char *notice;

	fx_set_up();
	fx_approved(DAILY, "Daily");
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
	tcase_add_test(t, a_place_of_another_host_is_forbidden);
	suite_add_tcase(s, t);
	return unit_run(s);
}

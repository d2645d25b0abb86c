/* Notices: the message for every kind, and that each row is sent once. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "daemon/notices.h"

#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/daemon.h"
#include "unit/unit.h"

#define JID "daily@example.org"
#define TURNS_MAX 2000

static char folder[] = "/tmp/masthead-notices-XXXXXX";
static struct daemon d;
static struct notices *n;
static struct buf wire;
static bool is_up, is_full;

static const char config_text[] =
    "operator: {name: Example, country: DE, register: VR 1,"
    " contact: \"mailto:a@example.org\"}\n"
    "component: {domain: masthead.example.org, server: \"127.0.0.1:9\","
    " secret_file: secret}\n"
    "guards: [rooms.example.org]\n"
    "store: sqlite:register.db\nkeys: keys\ncontrol: ctl.sock\n"
    "categories:\n  news: {title: Newspaper}\n";

static void
write_file(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fchmod(fileno(f), 0600), 0);
	ck_assert_int_eq(fclose(f), 0);
}

static struct buf *
test_out(void *arg)
{
	(void)arg;
	return is_up ? &wire : NULL;
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
	if (!is_full)
		ck_abort_msg("%s: %s", what, e->text);
}

static void
set_up(void)
{
	struct notices_setup s = { .out = test_out,
		.flush = test_flush,
		.on_trouble = test_trouble };
	struct config *c = NULL;
	struct err e = { "" };
	struct buf problems;
	char path[128];

	strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	write_file("secret", "secret\n");
	write_file("m.yaml", config_text);
	(void)snprintf(path, sizeof path, "%s/m.yaml", folder);
	buf_init(&problems, 65536);
	ck_assert_msg(config_load(&c, path, &problems, &e) == 0, "%s",
	    problems.data);
	buf_clear(&problems);
	memset(&d, 0, sizeof d);
	ck_assert_msg(daemon_open(&d, path, c, &e) == 0, "%s", e.text);
	s.cases = d.cases;
	s.writer = d.writer;
	s.catalogue = d.catalogue;
	s.domain = d.domain;
	ck_assert_int_eq(notices_new(&n, &s, &e), 0);
	buf_init(&wire, 1 << 20);
	is_up = true;
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

static void
tear_down(void)
{
	daemon_close(&d);
	notices_free(n);
	buf_clear(&wire);
	ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static struct notice_row
row_of(const char *kind, const char *lang)
{
	return (struct notice_row){ .id = 7,
		.at_s = 1700000000,
		.date_s = 1800000000,
		.jid = JID,
		.lang = lang,
		.kind = kind,
		.category = "news",
		.reason = "of <course>",
		.name = "The Daily",
		.domain = "daily.example",
		.application = "",
		.evidence = "" };
}

static void
has(const char *what)
{
	ck_assert_msg(strstr(wire.data, what) != NULL, "no \"%s\" in: %s", what,
	    wire.data);
}

static const struct {
	const char *kind, *node;
} kinds[] = {
	{ "submitted", "status" },
	{ "asked", "apply" },
	{ "answered", "status" },
	{ "approved", "status" },
	{ "refused", "appeal" },
	{ "withdrawn", "apply" },
	{ "changed", "status" },
	{ "renewed", "status" },
	{ "suspended", "appeal" },
	{ "restored", "status" },
	{ "revoked", "appeal" },
	{ "left", "apply" },
	{ "expired", "renew" },
	{ "reminder", "renew" },
	{ "draft-dropped", "apply" },
	{ "agreement", "agree" },
	{ "agreement-lapsed", "agree" },
	{ "proof-lost", "prove" },
	{ "proof-back", "status" },
	{ "appeal", "status" },
	{ "appeal-upheld", "status" },
	{ "appeal-dismissed", "status" },
	{ "reported-result", "report" },
	{ "erased", "mydata" },
};

/* Subject and body in each language, the next step in both places, and no
 * hole: neither a key nor an argument that nobody filled. */
START_TEST(every_kind_has_its_message)
{
	static const char *const langs[] = { "en", "de", "de-AT", "" };

	for (size_t i = 0; i < COUNT(langs); i++) {
		struct notice_row row = row_of(kinds[_i].kind, langs[i]);
		char uri[128];
		struct err e;

		buf_reset(&wire);
		ck_assert_int_eq(notices_write(n, &row, &wire, &e), 0);
		has("<message type='normal' from='masthead.example.org'"
		    " to='" JID "' id='notice-7' xml:lang='");
		has(strncmp(langs[i], "de", 2) == 0 ? "xml:lang='de'"
						    : "xml:lang='en'");
		(void)snprintf(uri, sizeof uri,
		    "<url>xmpp:masthead.example.org?command;node=%s</url>",
		    kinds[_i].node);
		has(uri);
		uri[strlen(uri) - strlen("</url>")] = '\0';
		has(uri + strlen("<url>"));
		ck_assert_ptr_null(strstr(wire.data, "notice_"));
		ck_assert_ptr_null(strchr(wire.data, '{'));
		ck_assert_ptr_null(strstr(wire.data, "<subject></subject>"));
		ck_assert_ptr_null(strstr(wire.data, "<course>"));
	}
}
END_TEST

START_TEST(what_is_said_is_in_it)
{
	struct notice_row row = row_of("suspended", "en");
	struct err e;

	ck_assert_int_eq(notices_write(n, &row, &wire, &e), 0);
	has("“The Daily”");
	has("“of &lt;course&gt;”");
	has("January 15, 2027");
	row = row_of("approved", "de");
	buf_reset(&wire);
	ck_assert_int_eq(notices_write(n, &row, &wire, &e), 0);
	has("für Newspaper");
	has("15. Januar 2027");
}
END_TEST

/* Who reported is sealed, and so are some words. */
START_TEST(sealed_parts_are_opened)
{
	struct notice_row row = row_of("reported-result", "en");
	struct err e;

	row.jid = "";
	row.evidence = "AAAAAAAAAAAAAAAAAAAAAA";
	/* Erased meanwhile: there is nobody to tell. */
	ck_assert_int_eq(notices_write(n, &row, &wire, &e), 0);
	ck_assert_uint_eq(wire.len, 0);
	row = row_of("asked", "en");
	row.reason = "";
	row.evidence = "AAAAAAAAAAAAAAAAAAAAAA";
	ck_assert_int_eq(notices_write(n, &row, &wire, &e), 0);
	has("“”");
}
END_TEST

/* Rows, as decisions of mastheadctl leave them. */

struct decided {
	struct decision decision;
	bool is_done;
};

static int
decide_run(struct store *s, void *arg, struct err *e)
{
	struct decided *x = arg;
	int64_t serial, number;

	return store_decide(s, &x->decision, &serial, &number, e);
}

static void
decide_done(void *arg, int rc, const struct err *e)
{
	struct decided *x = arg;

	ck_assert_msg(rc == 0, "%s", e->text);
	x->is_done = true;
}

static void
decide(enum decision_action action)
{
	struct decided x = {
		.decision = { .action = action,
		    .jid = JID,
		    .by = "mastheadctl:test",
		    .reason = "because",
		    .category = action == DECISION_APPROVE ? "news" : NULL,
		    .name = action == DECISION_ADD ? "The Daily" : NULL,
		    .now_s = clock_wall_s(),
		    .until_s = action == DECISION_APPROVE
			? clock_wall_s() + 86400
			: 0 }
	};
	struct err e;

	ck_assert_int_eq(writer_post(d.writer, decide_run, decide_done, &x, &e),
	    0);
	for (int i = 0; i < TURNS_MAX && !x.is_done; i++) {
		(void)uv_run(&d.loop, UV_RUN_NOWAIT);
		uv_sleep(1);
	}
	ck_assert(x.is_done);
}

static size_t
messages(void)
{
	size_t count = 0;

	for (const char *p = wire.data;
	     p != NULL && wire.len > 0 && (p = strstr(p, "<message ")) != NULL;
	     p++)
		count++;
	return count;
}

static int
count_row(void *arg, const struct notice_row *row)
{
	size_t *count = arg;

	(void)row;
	(*count)++;
	return 0;
}

static size_t
rows(void)
{
	size_t count = 0;
	struct err e;

	ck_assert_int_eq(
	    store_notice_list(d.reader, 0, 1000, count_row, &count, &e), 0);
	return count;
}

/* Until what was handed over is deleted. */
static void
settle(size_t want_rows)
{
	for (int i = 0; i < TURNS_MAX && rows() != want_rows; i++) {
		(void)uv_run(&d.loop, UV_RUN_NOWAIT);
		uv_sleep(1);
	}
	ck_assert_uint_eq(rows(), want_rows);
}

START_TEST(rows_wait_for_the_stream_and_go_once)
{
	is_up = false;
	decide(DECISION_ADD);
	decide(DECISION_APPROVE);
	decide(DECISION_SUSPEND);
	ck_assert_uint_ge(rows(), 2);
	notices_wake(n);
	ck_assert_uint_eq(messages(), 0);
	is_up = true;
	{
		size_t waiting = rows();

		notices_wake(n);
		notices_wake(n); /* while they are deleted */
		settle(0);
		ck_assert_uint_eq(messages(), waiting);
		notices_wake(n);
		ck_assert_uint_eq(messages(), waiting);
	}
	has("is suspended since");
}
END_TEST

/* A stream that takes no more is lost, with all that it had not sent: what
 * was handed over to it goes again with the next one. */
START_TEST(a_full_stream_loses_nothing)
{
	size_t waiting;

	is_up = false;
	decide(DECISION_ADD);
	decide(DECISION_APPROVE);
	decide(DECISION_SUSPEND);
	decide(DECISION_RESTORE);
	waiting = rows();
	is_up = is_full = true;
	buf_clear(&wire);
	buf_init(&wire, 1000);
	notices_wake(n);
	ck_assert(wire.failed);
	ck_assert_uint_ge(messages(), 1);
	for (int i = 0; i < 100; i++) {
		(void)uv_run(&d.loop, UV_RUN_NOWAIT);
		uv_sleep(1);
	}
	ck_assert_uint_eq(rows(), waiting);
	is_full = false;
	buf_clear(&wire);
	buf_init(&wire, 1 << 20);
	notices_wake(n);
	settle(0);
	ck_assert_uint_eq(messages(), waiting);
}
END_TEST

START_TEST(many_rows_go_in_pages)
{
	const size_t turns = 50;

	is_up = false;
	decide(DECISION_ADD);
	decide(DECISION_APPROVE);
	for (size_t i = 0; i < turns; i++) {
		decide(DECISION_SUSPEND);
		decide(DECISION_RESTORE);
	}
	is_up = true;
	ck_assert_uint_gt(rows(), NOTICES_PAGE);
	{
		size_t waiting = rows();

		notices_wake(n);
		settle(0);
		ck_assert_uint_eq(messages(), waiting);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("notices");
	TCase *t = tcase_create("notices");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, every_kind_has_its_message, 0, COUNT(kinds));
	tcase_add_test(t, what_is_said_is_in_it);
	tcase_add_test(t, sealed_parts_are_opened);
	tcase_add_test(t, rows_wait_for_the_stream_and_go_once);
	tcase_add_test(t, a_full_stream_loses_nothing);
	tcase_add_test(t, many_rows_go_in_pages);
	suite_add_tcase(s, t);
	return unit_run(s);
}

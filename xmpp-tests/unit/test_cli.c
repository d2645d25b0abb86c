/* mastheadctl: its command line, what it asks, what it prints. */
#include "cli/subcommand.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#include "cli/table.h"
#include "text/width.h"
#include "unit/unit.h"

#define MANUAL "docs/mastheadctl.8"
#define ARGS_MAX 16
#define ANSWERS_MAX 3

/* A daemon that says what the test wants, to one connection an answer. */
static char folder[] = "/tmp/masthead-cli-XXXXXX";
static char path[64];
static const char *answers[ANSWERS_MAX];
static char asked[ANSWERS_MAX][4096];
static uv_thread_t thread;
static int listener;

static void
serve(void *arg)
{
	(void)arg;
	for (int i = 0; i < ANSWERS_MAX && answers[i] != NULL; i++) {
		int fd = accept(listener, NULL, NULL);
		size_t len = 0;

		if (fd == -1)
			return;
		while (len + 1 < sizeof asked[i] &&
		    recv(fd, asked[i] + len, 1, 0) == 1 &&
		    asked[i][len] != '\n')
			len++;
		asked[i][len] = '\0';
		(void)send(fd, answers[i], strlen(answers[i]), MSG_NOSIGNAL);
		(void)close(fd);
	}
}

static void
set_up(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	(void)strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(path, sizeof path, "%s/ctl", folder);
	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	listener = socket(AF_UNIX, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, sizeof a), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
	memset(answers, 0, sizeof answers);
	memset(asked, 0, sizeof asked);
	(void)unsetenv("SUDO_USER");
}

static void
tear_down(void)
{
	(void)close(listener);
	(void)unlink(path);
	(void)rmdir(folder);
}

/* What a run of mastheadctl left; both texts owned. */
struct outcome {
	int code;
	char *out, *errors;
};

/* Runs with "-s PATH" and these arguments, NULL at the end. */
static struct outcome
run(const char *const *args)
{
	struct outcome r = { 0 };
	char *argv[ARGS_MAX + 4];
	size_t out_len, errors_len;
	FILE *out = open_memstream(&r.out, &out_len);
	FILE *errors = open_memstream(&r.errors, &errors_len);
	bool is_served = answers[0] != NULL;
	int argc = 0;

	argv[argc++] = strdup("mastheadctl");
	argv[argc++] = strdup("-s");
	argv[argc++] = strdup(path);
	for (; *args != NULL; args++)
		argv[argc++] = strdup(*args);
	argv[argc] = NULL;
	if (is_served)
		ck_assert_int_eq(uv_thread_create(&thread, serve, NULL), 0);
	r.code = subcommand_main(argc, argv, out, errors);
	if (is_served)
		uv_thread_join(&thread);
	(void)fclose(out);
	(void)fclose(errors);
	while (argc > 0)
		free(argv[--argc]);
	return r;
}

static void
outcome_free(struct outcome *r)
{
	free(r->out);
	free(r->errors);
}

/*
 * The table.
 */

START_TEST(test_every_command_has_a_row)
{
	size_t count = 0;

	for (const struct ctl_command *c = ctl_commands; c->name != NULL;
	     c++, count++) {
		const struct subcommand *s = subcommand_find(c->name);

		ck_assert_msg(s != NULL, "%s has no row", c->name);
		ck_assert(s->print != NULL);
		ck_assert_str_ne(s->summary, "");
	}
	for (const struct subcommand *s = subcommands; s->name != NULL; s++) {
		ck_assert_msg(ctl_command_find(s->name) != NULL,
		    "%s is no command", s->name);
		count--;
	}
	ck_assert_uint_eq(count, 0);
}
END_TEST

static char *
read_manual(void)
{
	FILE *f = fopen(MANUAL, "r");
	char *r = calloc(1, 65536);

	ck_assert_msg(f != NULL, "%s: run me in the repository", MANUAL);
	ck_assert_uint_gt(fread(r, 1, 65535, f), 0);
	(void)fclose(f);
	return r;
}

/* Each command with each of its options, in the lines of its own item. */
START_TEST(test_every_command_is_in_the_manual)
{
	char *whole = read_manual();
	char *manual = strstr(whole, ".Sh COMMANDS");

	ck_assert_ptr_nonnull(manual);
	*strstr(manual, "\n.Sh JSON") = '\0';

	for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++) {
		char wanted[128], saved;
		char *at, *end;

		(void)snprintf(wanted, sizeof wanted, ".It Cm %s", c->name);
		at = strstr(manual, wanted);
		if (at == NULL) {
			(void)snprintf(wanted, sizeof wanted, ".It Xo\n.Cm %s",
			    c->name);
			at = strstr(manual, wanted);
		}
		ck_assert_msg(at != NULL, "%s is not in " MANUAL, c->name);
		end = strstr(at + 5, "\n.It ");
		if (end == NULL)
			end = strstr(at, "\n.El");
		saved = *end;
		*end = '\0';
		for (size_t i = 0; i < CTL_OPTIONS_MAX; i++) {
			if (c->options[i].name == NULL)
				continue;
			(void)snprintf(wanted, sizeof wanted, "Fl -%s",
			    c->options[i].name + 2);
			ck_assert_msg(strstr(at, wanted) != NULL,
			    "%s of %s is not in " MANUAL, c->options[i].name,
			    c->name);
		}
		*end = saved;
	}
	free(whole);
}
END_TEST

START_TEST(test_every_exit_code_is_in_the_manual)
{
	static const enum ctl_exit codes[] = { CTL_OK, CTL_REFUSED, CTL_USAGE,
		CTL_RED, CTL_UNREACHABLE, CTL_UNAVAILABLE };
	char *manual = read_manual(), wanted[32];
	const char *section = strstr(manual, ".Sh EXIT STATUS");

	ck_assert_ptr_nonnull(section);
	for (size_t i = 0; i < COUNT(codes); i++) {
		(void)snprintf(wanted, sizeof wanted, "\n.It %d\n",
		    (int)codes[i]);
		ck_assert_msg(strstr(section, wanted) != NULL, "%d",
		    (int)codes[i]);
	}
	free(manual);
}
END_TEST

/*
 * The command line; nobody is asked.
 */

static const struct {
	const char *label, *args[ARGS_MAX];
	int want_code;
	const char *want_out, *want_errors; /* parts; NULL: nothing at all */
} offline[] = {
	{ "help", { "--help" }, 0, "publisher approve JID --category", NULL },
	{ "help of a command", { "publisher", "show", "--help" }, 0,
	    "usage: mastheadctl [-s SOCKET] [--json] publisher show JID\n",
	    NULL },
	{ "short help of a command", { "key", "revoke", "-h" }, 0,
	    "usage: mastheadctl [-s SOCKET] [--json] key revoke KID", NULL },
	{ "version", { "-V" }, 0, "mastheadctl " MASTHEAD_VERSION, NULL },
	{ "nothing", { NULL }, 2, NULL, "no command given" },
	{ "unknown command", { "fly" }, 2, NULL,
	    "there is no command \"fly\"\nTry: mastheadctl --help" },
	{ "unknown option", { "-q", "status" }, 2, NULL,
	    "there is no option -q" },
	{ "no socket", { "-s" }, 2, NULL, "-s needs the socket's path" },
	{ "usage of what was meant", { "publisher", "show" }, 2, NULL,
	    "JID is missing\nusage: mastheadctl [-s SOCKET] [--json] "
	    "publisher show JID\n" },
	{ "no account", { "publisher", "show", "example.org" }, 2, NULL,
	    "JID: \"example.org\" has no name before an @" },
	{ "a resource", { "publisher", "show", "a@example.org/desk" }, 2, NULL,
	    "JID: \"a@example.org/desk\" has a resource" },
	{ "no JID", { "publisher", "show", "a b@example.org" }, 2, NULL,
	    "JID: " },
	{ "no place", { "explain", "a@example.org", "rooms.example.org" }, 2,
	    NULL, "ROOM: \"rooms.example.org\" has no name" },
	{ "no JID in an option", { "publisher", "list", "--after", "@" }, 2,
	    NULL, "--after: " },
	{ "a socket with a long path",
	    { "-s",
		"/tmp/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"status" },
	    69, NULL, "at most 107 bytes" },
	{ "no daemon", { "-s", "/nonexistent/ctl", "status" }, 69, NULL,
	    "/nonexistent/ctl: No such file or directory; is masthead "
	    "running?" },
};

START_TEST(test_offline)
{
	struct outcome r = run(offline[_i].args);

	ck_assert_msg(r.code == offline[_i].want_code, "%s: exit %d: %s",
	    offline[_i].label, r.code, r.errors);
	if (offline[_i].want_out == NULL)
		ck_assert_str_eq(r.out, "");
	else
		ck_assert_msg(strstr(r.out, offline[_i].want_out) != NULL,
		    "%s: %s", offline[_i].label, r.out);
	if (offline[_i].want_errors == NULL)
		ck_assert_str_eq(r.errors, "");
	else
		ck_assert_msg(strstr(r.errors, offline[_i].want_errors) != NULL,
		    "%s: %s", offline[_i].label, r.errors);
	outcome_free(&r);
}
END_TEST

/*
 * What is asked, and what is printed.
 */

static const struct {
	const char *label, *args[ARGS_MAX], *answer;
	const char *want_asked;
	int want_code;
	const char *want_out, *want_errors;
} online[] = {
	{ "addresses are prepared",
	    { "publisher", "add", "Daily@EXAMPLE.org", "--name", "Daily" },
	    "{\"exit\":0,\"result\":{\"case\":7,\"publisher\":{\"jid\":"
	    "\"daily@example.org\",\"name\":\"Daily\",\"state\":\"applied\"},"
	    "\"guards\":{\"told\":2,\"answered\":1,\"missing\":[]},"
	    "\"warnings\":[\"1 of 2 guards is late\"]}}\n",
	    "{\"args\":[\"publisher\",\"add\",\"--name=Daily\",\"--\","
	    "\"daily@example.org\"]}",
	    0,
	    "Address  daily@example.org\n"
	    "Name     Daily\n"
	    "State    applied\n"
	    "Case     7\n"
	    "Acknowledged by 1 of 2 guards.\n",
	    "mastheadctl: warning: 1 of 2 guards is late\n" },
	{ "a refusal", { "publisher", "restore", "a@b.org", "--reason=x" },
	    "{\"exit\":1,\"error\":\"a@b.org is approved\"}\n",
	    "{\"args\":[\"publisher\",\"restore\",\"--reason=x\",\"--\","
	    "\"a@b.org\"]}",
	    1, "", "mastheadctl: a@b.org is approved\n" },
	{ "red is an answer", { "status" },
	    "{\"exit\":3,\"result\":{\"status\":\"red\",\"problems\":[\"no "
	    "stream\"],\"counters\":{\"passed\":5},\"version\":\"1\","
	    "\"serial\":9}}\n",
	    "{\"args\":[\"status\"]}", 3,
	    "red\n- no stream\n\nversion  1\nserial   9\npassed   5\n", "" },
	{ "JSON", { "--json", "places" },
	    "{\"exit\":0,\"result\":{\"places\":[]}}\n",
	    "{\"args\":[\"places\"]}", 0, "{\n  \"places\": []\n}\n", "" },
	{ "JSON, written last", { "places", "--json" },
	    "{\"exit\":0,\"result\":{\"places\":[]}}\n",
	    "{\"args\":[\"places\"]}", 0, "{\n  \"places\": []\n}\n", "" },
	{ "an explanation",
	    { "explain", "m@b.org", "R@Rooms.org", "--reprint", "--label",
		"news" },
	    "{\"exit\":0,\"result\":{\"jid\":\"m@b.org\",\"name\":"
	    "\"r@rooms.org\",\"kind\":\"message\",\"record\":null,\"place\":"
	    "{\"id\":3,\"name\":\"*@rooms.org\",\"mode\":\"observe\","
	    "\"attached\":true},\"verdict\":\"pass\",\"observed\":true,"
	    "\"rule\":\"reprint: nobody\",\"lease\":300,\"badges\":[],"
	    "\"badge_until\":null,\"refusal\":{\"reason\":"
	    "\"reprint-not-allowed\",\"type\":\"modify\",\"condition\":"
	    "\"policy-violation\",\"text\":\"Not here.\"}}}\n",
	    "{\"args\":[\"explain\",\"--reprint\",\"--label=news\",\"--\","
	    "\"m@b.org\",\"r@rooms.org\"]}",
	    0,
	    "Address  m@b.org\n"
	    "Room     r@rooms.org\n"
	    "Kind     message\n"
	    "Place    *@rooms.org (observe)\n"
	    "Guard    attached\n"
	    "Record   none: not on the register\n"
	    "Rule     reprint: nobody\n"
	    "Verdict  pass (observed: it would be refused if the place's mode "
	    "were enforce)\n"
	    "Why      reprint-not-allowed (modify, policy-violation)\n"
	    "Text     Not here.\n"
	    "Lease    300 s\n",
	    "" },
	{ "an explanation about a node",
	    { "explain", "m@b.org", "--node", "a b", "--owner", "D@B.org",
		"--service=Pub.org" },
	    "{\"exit\":0,\"result\":{\"jid\":\"m@b.org\",\"node\":"
	    "\"a b\",\"name\":\"a b at d@b.org\",\"kind\":\"publish\","
	    "\"record\":null,\"place\":null,\"verdict\":\"not guarded\"}}\n",
	    "{\"args\":[\"explain\",\"--node=a b\",\"--owner=d@b.org\","
	    "\"--service=pub.org\",\"--\",\"m@b.org\"]}",
	    0,
	    "Address  m@b.org\n"
	    "Node     a b at d@b.org\n"
	    "Kind     publish\n"
	    "Place    not guarded: no place of the configuration covers it\n"
	    "Record   none: not on the register\n"
	    "Verdict  not guarded\n",
	    "" },
	{ "places with what came of them", { "places" },
	    "{\"exit\":0,\"result\":{\"places\":[{\"id\":1,\"name\":"
	    "\"n@r.org\",\"mode\":\"observe\",\"publish\":[\"news\"],"
	    "\"reprint\":[\"nobody\"],\"attached\":false,\"counts\":{"
	    "\"passed\":5,\"refused\":0,\"observed\":12,"
	    "\"unavailable\":1},\"rules\":[{\"rule\":\"none\","
	    "\"passed\":0,\"refused\":0,\"observed\":0,\"unavailable\":1},"
	    "{\"rule\":\"publish\",\"passed\":5,\"refused\":0,"
	    "\"observed\":12,\"unavailable\":0}]}]}}\n",
	    "{\"args\":[\"places\"]}", 0,
	    "ID  PLACE              MODE     PUBLISH  REPRINT  GUARD    PASSED  "
	    "REFUSED  WOULD REFUSE  UNDECIDED\n"
	    "1   n@r.org            observe  news     nobody   MISSING  5       "
	    "0        12            1\n"
	    "      before any rule                                      0       "
	    "0        0             1\n"
	    "      by publish                                           5       "
	    "0        12            0\n",
	    "" },
	{ "keys", { "key", "list" },
	    "{\"exit\":0,\"result\":{\"keys\":[{\"kid\":\"abc\",\"state\":"
	    "\"signs\",\"since\":\"2026-11-23T18:14:51Z\",\"retired\":null,"
	    "\"revoked\":null}]}}\n",
	    "{\"args\":[\"key\",\"list\"]}", 0,
	    "KID  STATE  SINCE                 RETIRED  REVOKED SINCE\n"
	    "abc  signs  2026-11-23T18:14:51Z\n",
	    "" },
	{ "a configuration with mistakes", { "reload" },
	    "{\"exit\":1,\"result\":{\"loaded\":false,\"error\":\"1 mistake\","
	    "\"problems\":[\"m.yaml:3: no\"],\"places\":1}}\n",
	    "{\"args\":[\"reload\"]}", 1,
	    "m.yaml:3: no\nNot loaded, the configuration before it holds: "
	    "1 mistake\n",
	    "" },
	{ "what a terminal would obey", { "guards" },
	    "{\"exit\":0,\"result\":{\"guards\":[{\"host\":\"r.org\","
	    "\"server\":\"\\u001b[2J\\u202e\\u009bx\",\"attached\":true,"
	    "\"since\":\"now\",\"serial\":1,\"unanswered\":0,"
	    "\"oldest_ms\":null}]}}\n",
	    "{\"args\":[\"guards\"]}", 0,
	    "HOST   STATE     SINCE  SERIAL  UNANSWERED  OLDEST  SERVER\n"
	    "r.org  attached  now    1       0                   ?[2J??x\n",
	    "" },
	{ "an answer that is none", { "status" }, "hello\n",
	    "{\"args\":[\"status\"]}", 75, "",
	    "mastheadctl: what the daemon answered is not understood\n" },
	{ "an answer without anything", { "status" }, "{\"exit\":0}\n",
	    "{\"args\":[\"status\"]}", 75, "",
	    "mastheadctl: what the daemon answered is not understood\n" },
	{ "an answer that breaks off", { "status" }, "{\"exit\":0,",
	    "{\"args\":[\"status\"]}", 75, "",
	    "mastheadctl: the daemon hung up before it answered\n" },
};

START_TEST(test_online)
{
	struct outcome r;

	answers[0] = online[_i].answer;
	r = run(online[_i].args);
	ck_assert_msg(strcmp(asked[0], online[_i].want_asked) == 0,
	    "%s: asked %s", online[_i].label, asked[0]);
	ck_assert_msg(r.code == online[_i].want_code, "%s: exit %d",
	    online[_i].label, r.code);
	ck_assert_msg(strcmp(r.out, online[_i].want_out) == 0,
	    "%s: got\n%s\nwant\n%s", online[_i].label, r.out,
	    online[_i].want_out);
	ck_assert_str_eq(r.errors, online[_i].want_errors);
	outcome_free(&r);
}
END_TEST

#define ROW(jid)                                                               \
	"{\"jid\":\"" jid "\",\"name\":\"N\",\"state\":"                       \
	"\"approved\",\"since\":\"S\",\"categories\":[\"news\",\"x\"]}"

/* A register longer than an answer is fetched page by page. */
START_TEST(test_list_goes_on)
{
	const char *const args[] = { "publisher", "list", NULL };
	struct outcome r;

	answers[0] = "{\"exit\":0,\"result\":{\"publishers\":[" ROW(
	    "a@x") "],\"next\":\"a@x\"}}\n";
	answers[1] = "{\"exit\":0,\"result\":{\"publishers\":[" ROW(
	    "b@x") "],\"next\":\"b@x\"}}\n";
	answers[2] =
	    "{\"exit\":0,\"result\":{\"publishers\":[" ROW("c@x") "]}}\n";
	r = run(args);
	ck_assert_str_eq(asked[0], "{\"args\":[\"publisher\",\"list\"]}");
	ck_assert_str_eq(asked[1],
	    "{\"args\":[\"publisher\",\"list\",\"--after=a@x\"]}");
	ck_assert_str_eq(asked[2],
	    "{\"args\":[\"publisher\",\"list\",\"--after=b@x\"]}");
	ck_assert_int_eq(r.code, 0);
	ck_assert_str_eq(r.out,
	    "ADDRESS  STATE     SINCE  CATEGORIES  NAME\n"
	    "a@x      approved  S      news, x     N\n"
	    "b@x      approved  S      news, x     N\n"
	    "c@x      approved  S      news, x     N\n");
	outcome_free(&r);
}
END_TEST

START_TEST(test_list_with_a_limit_is_one_page)
{
	const char *const args[] = { "publisher", "list", "--limit", "1",
		NULL };
	struct outcome r;

	answers[0] = "{\"exit\":0,\"result\":{\"publishers\":[" ROW(
	    "a@x") "],\"next\":\"a@x\"}}\n";
	r = run(args);
	ck_assert_str_eq(r.out,
	    "ADDRESS  STATE     SINCE  CATEGORIES  NAME\n"
	    "a@x      approved  S      news, x     N\n"
	    "More: --after a@x\n");
	outcome_free(&r);
}
END_TEST

/* Half a register must not pass for the whole. */
START_TEST(test_list_that_fails_halfway_fails)
{
	const char *const args[] = { "publisher", "list", NULL };
	struct outcome r;

	answers[0] = "{\"exit\":0,\"result\":{\"publishers\":[" ROW(
	    "a@x") "],\"next\":\"a@x\"}}\n";
	answers[1] = "{\"exit\":75,\"error\":\"locked\"}\n";
	r = run(args);
	ck_assert_int_eq(r.code, 75);
	ck_assert_str_eq(r.out, "");
	ck_assert_str_eq(r.errors, "mastheadctl: locked\n");
	outcome_free(&r);
}
END_TEST

START_TEST(test_sudo_is_named)
{
	const char *const args[] = { "places", NULL };
	struct outcome r;

	ck_assert_int_eq(setenv("SUDO_USER", "anna", 1), 0);
	answers[0] = "{\"exit\":0,\"result\":{\"places\":[]}}\n";
	r = run(args);
	ck_assert_str_eq(asked[0],
	    geteuid() == 0 ? "{\"args\":[\"places\"],\"user\":\"anna\"}"
			   : "{\"args\":[\"places\"]}");
	outcome_free(&r);
}
END_TEST

/*
 * Tables.
 */

static const struct {
	const char *text;
	unsigned want;
} widths[] = {
	{ "", 0 },
	{ "abc", 3 },
	{ "Ärger", 5 },
	{ "A\xcc\x88rger", 5 },
	{ "東京", 4 },
	{ "ﾄｳｷｮｳ", 5 },
	{ "한국", 4 },
	{ "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", 2 }, /* conjoining jamo */
	{ "✓ Daily", 7 },
	{ "📰", 2 },
	{ "a\xe2\x80\x8b"
	  "b",
	    2 },
	{ "co\xc2\xadop", 5 },
	{ "\xff\xfe", 2 },
	{ "Ελλάδα", 6 },
};

START_TEST(test_width)
{
	ck_assert_msg(width_columns(widths[_i].text) == widths[_i].want,
	    "\"%s\": got %u, want %u", widths[_i].text,
	    width_columns(widths[_i].text), widths[_i].want);
}
END_TEST

START_TEST(test_table_is_aligned_by_width)
{
	static const char *const header[] = { "NAME", "N", "" };
	static const char *const rows[][3] = { { "東京新聞", "1", "x" },
		{ "Ärger", "22", NULL }, { "a\tb\n", "3", "\xff" } };
	struct table *t = table_new(3, header);
	char *got = NULL;
	size_t len;
	FILE *out = open_memstream(&got, &len);

	for (size_t i = 0; i < COUNT(rows); i++)
		ck_assert_int_eq(table_add(t, rows[i]), 0);
	table_print(t, out);
	(void)fclose(out);
	ck_assert_str_eq(got,
	    "NAME      N\n"
	    "東京新聞  1   x\n"
	    "Ärger     22\n"
	    "a?b?      3   ?\n");
	free(got);
	table_free(t);
}
END_TEST

START_TEST(test_table_of_nothing)
{
	struct table *t = table_new(2, NULL);
	char *got = NULL;
	size_t len;
	FILE *out = open_memstream(&got, &len);

	table_print(t, out);
	(void)fclose(out);
	ck_assert_str_eq(got, "");
	ck_assert_ptr_null(table_new(TABLE_COLUMNS_MAX + 1, NULL));
	ck_assert_ptr_null(table_new(0, NULL));
	free(got);
	table_free(t);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("cli");
	TCase *t = tcase_create("cli");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, test_every_command_has_a_row);
	tcase_add_test(t, test_every_command_is_in_the_manual);
	tcase_add_test(t, test_every_exit_code_is_in_the_manual);
	tcase_add_loop_test(t, test_offline, 0, (int)COUNT(offline));
	tcase_add_loop_test(t, test_online, 0, (int)COUNT(online));
	tcase_add_test(t, test_list_goes_on);
	tcase_add_test(t, test_list_with_a_limit_is_one_page);
	tcase_add_test(t, test_list_that_fails_halfway_fails);
	tcase_add_test(t, test_sudo_is_named);
	tcase_add_loop_test(t, test_width, 0, (int)COUNT(widths));
	tcase_add_test(t, test_table_is_aligned_by_width);
	tcase_add_test(t, test_table_of_nothing);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

/*
 * The commands of the control socket, with a real register, real keys and
 * guards that the test plays.
 */
#define _XOPEN_SOURCE 700 /* nftw */
#include "daemon/commands.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/when.h"
#include "daemon/clock.h"
#include "unit/unit.h"

#define WAIT_MS 10000
#define GUARD "rooms.example.org"

static char folder[] = "/tmp/masthead-commands-XXXXXX";
static char config_path[128];
static struct daemon d;
static struct buf wire; /* what guards were sent */
static bool answers_recalls;
static int fd; /* the connection to the control socket */

static const char config_text[] =
    "operator: {name: Example, country: DE, register: VR 1,"
    " contact: \"mailto:a@example.org\"}\n"
    "component: {domain: masthead.example.org, secret_file: secret}\n"
    "guards: [rooms.example.org, other.example.org]\n"
    "store: sqlite:register.db\n"
    "keys: keys\n"
    "control: ctl.sock\n"
    "categories:\n"
    "  news: {title: News, hat: \"{name}\", valid_for: 10d}\n"
    "  sport: {title: Sport, hat: \"{name}\", valid_for: 20d}\n"
    "places:\n"
    "  - {room: newsroom@rooms.example.org, publish: [news],"
    " reprint: nobody, exempt: [owner], encrypted: refuse}\n"
    "  - {room: \"*@rooms.example.org\", publish: [news, sport],"
    " mode: observe}\n"
    "  - {node: \"blog*\", owner: \"*@rooms.example.org\", publish: [news],"
    " labelled: news}\n"
    "  - {node: news, service: rooms.example.org, publish: [news],"
    " exempt: publisher}\n";

static void
write_file(const char *name, const char *text)
{
	char path[128];
	int out;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	out = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	ck_assert_int_ge(out, 0);
	ck_assert_int_eq((int)write(out, text, strlen(text)),
	    (int)strlen(text));
	(void)close(out);
}

/*
 * The daemon's parts, without a stream.
 */

static struct buf *
test_out(void *arg)
{
	(void)arg;
	return &wire;
}

static void
test_flush(void *arg)
{
	(void)arg;
}

/* Plays the guards: answers every recall on the wire, if it is to. */
static void
play_guards(void)
{
	char *at = wire.data;

	while (answers_recalls && at != NULL &&
	    (at = strstr(at, "<iq ")) != NULL) {
		char id[64] = "", to[128] = "";
		char *i = strstr(at, " id='"), *t = strstr(at, " to='");

		ck_assert_ptr_nonnull(i);
		ck_assert_ptr_nonnull(t);
		ck_assert_int_eq(sscanf(i, " id='%63[^']'", id), 1);
		ck_assert_int_eq(sscanf(t, " to='%127[^']'", to), 1);
		guards_on_answer(d.guards, to, id, false);
		at++;
	}
	if (answers_recalls)
		buf_reset(&wire);
}

static void
test_guard_change(void *arg, const struct guard_info *g, const char *why)
{
	(void)arg;
	(void)g;
	(void)why;
}

static void
test_trouble(void *arg, const char *what, const struct err *e)
{
	(void)arg;
	(void)what;
	(void)e;
}

static void
must(int rc, const struct err *e)
{
	ck_assert_msg(rc == 0, "%s", e->text);
}

static struct config *
load_config(void)
{
	struct config *c = NULL;
	struct buf problems;
	struct err e = { "" };
	int rc;

	buf_init(&problems, 65536);
	rc = config_load(&c, config_path, &problems, &e);
	ck_assert_msg(rc == 0, "%s%s", problems.data, e.text);
	buf_clear(&problems);
	return c;
}

static void
open_parts(struct config *c)
{
	static const char *const ids[] = { "news", "sport" };
	static const char *const titles[] = { "News", "Sport" };
	struct store *writing = NULL;
	const char *notice = NULL;
	int64_t serial;
	struct err e = { "" };
	struct badges_setup badges = { 0 };
	struct checks_setup checks = { .out = test_out,
		.flush = test_flush,
		.on_trouble = test_trouble };
	const struct guards_io io = { .out = test_out,
		.flush = test_flush,
		.on_change = test_guard_change,
		.domain = d.domain };
	const struct control_options control = { .path = c->control,
		.commands = commands_table,
		.arg = &d };

	must(catalogue_open(&d.catalogue, NULL, &e), &e);
	must(store_open(&writing, c->store, STORE_WRITE, &e), &e);
	must(store_sync_config(writing, ids, titles, COUNT(ids), NULL, 0,
		 clock_wall_s(), &serial, &e),
	    &e);
	must(keyring_open(&d.keyring, c->keys, c->keep_tokens_s, writing,
		 clock_wall_s(), &notice, &e),
	    &e);
	must(store_open(&d.reader, c->store, STORE_READ, &e), &e);
	must(writer_new(&d.writer, &d.loop, writing, &e), &e);
	badges = (struct badges_setup){ .reader = d.reader,
		.writer = d.writer,
		.keyring = &d.keyring,
		.domain = d.domain };
	must(badges_new(&d.badges, &badges, &e), &e);
	must(guards_new(&d.guards, &io, &e), &e);
	must(guards_list(d.guards, (const char *const *)c->guards,
		 c->guard_count, &e),
	    &e);
	guards_set_epoch(d.guards, "epoch");
	checks.reader = d.reader;
	checks.badges = d.badges;
	checks.catalogue = d.catalogue;
	checks.domain = d.domain;
	must(checks_new(&d.checks, &checks, &e), &e);
	must(control_open(&d.control, &d.loop, &control, &e), &e);
	policy_number_places(&c->policy, NULL);
	must(checks_set_config(d.checks, c, "epoch", &e), &e);
}

static void
dial(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	(void)snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
}

static void
set_up(void)
{
	struct config *c;
	static char domain[] = "masthead.example.org";

	(void)signal(SIGPIPE, SIG_IGN);
	(void)strcpy(folder + strlen(folder) - 6, "XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(config_path, sizeof config_path, "%s/m.yaml", folder);
	write_file("m.yaml", config_text);
	write_file("secret", "s3cret");
	memset(&d, 0, sizeof d);
	buf_init(&wire, 1 << 20);
	ck_assert_int_eq(uv_loop_init(&d.loop), 0);
	d.config_path = config_path;
	d.domain = domain;
	d.started_s = clock_wall_s();
	answers_recalls = true;
	c = load_config();
	open_parts(c);
	dial(c->control);
	guards_on_attach(d.guards, GUARD, "Prosody", 0);
	guards_on_attach(d.guards, "other.example.org", "Prosody", 0);
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
	(void)st;
	(void)type;
	(void)f;
	return remove(path);
}

static void
tear_down(void)
{
	(void)close(fd);
	control_close(d.control, NULL, NULL);
	writer_stop(d.writer);
	guards_free(d.guards);
	(void)uv_run(&d.loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(uv_loop_close(&d.loop), 0);
	badges_free(d.badges);
	checks_free(d.checks);
	writer_free(d.writer);
	keyring_clear(&d.keyring);
	store_close(d.reader);
	catalogue_close(d.catalogue);
	buf_clear(&wire);
	ck_assert_int_eq(nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

/*
 * Asking.
 */

/* The words, NULL at the end, as a request. */
static void
say(va_list ap)
{
	json_t *words = json_array(), *q;
	const char *w;
	char *line;

	while ((w = va_arg(ap, const char *)) != NULL)
		(void)json_array_append_new(words, json_string(w));
	q = json_pack("{s:o}", "args", words);
	line = json_dumps(q, JSON_COMPACT);
	ck_assert_int_eq((int)send(fd, line, strlen(line), 0),
	    (int)strlen(line));
	ck_assert_int_eq((int)send(fd, "\n", 1, 0), 1);
	free(line);
	json_decref(q);
}

/* The answer: owned. */
static json_t *
hear(void)
{
	static char line[1 << 20];
	int64_t end = clock_mono_ms() + WAIT_MS;
	size_t len = 0;
	json_t *r;

	while (len == 0 || line[len - 1] != '\n') {
		ssize_t n = recv(fd, line + len, sizeof line - len, 0);

		if (n > 0)
			len += (size_t)n;
		else
			(void)uv_run(&d.loop, UV_RUN_NOWAIT);
		play_guards();
		guards_tick(d.guards);
		ck_assert_msg(clock_mono_ms() < end, "no answer");
	}
	r = json_loadb(line, len, 0, NULL);
	ck_assert_msg(r != NULL, "no JSON: %.*s", (int)len, line);
	return r;
}

static json_t *ask(const char *what, ...) __attribute__((sentinel));

/* One request; the first argument only names it, for the reader. */
static json_t *
ask(const char *what, ...)
{
	va_list ap;

	(void)what;
	va_start(ap, what);
	say(ap);
	va_end(ap);
	return hear();
}

/* A member far down, "result/publisher/jid"; NULL if it is not there. */
static const json_t *
dig(const json_t *j, const char *path)
{
	char part[64];

	while (j != NULL && *path != '\0') {
		size_t len = strcspn(path, "/");

		memcpy(part, path, len);
		part[len] = '\0';
		j = json_is_array(j)
		    ? json_array_get(j, (size_t)strtoul(part, NULL, 10))
		    : json_object_get(j, part);
		path += len + (path[len] == '/');
	}
	return j;
}

static void
want_text(const json_t *j, const char *path, const char *want)
{
	const char *got = json_string_value(dig(j, path));
	char *all = json_dumps(j, JSON_COMPACT);

	ck_assert_msg(got != NULL && strcmp(got, want) == 0,
	    "%s: got %s, want %s, in %s", path, got == NULL ? "-" : got, want,
	    all);
	free(all);
}

static void
want_number(const json_t *j, const char *path, json_int_t want)
{
	char *all = json_dumps(j, JSON_COMPACT);

	ck_assert_msg(json_is_integer(dig(j, path)) &&
		json_integer_value(dig(j, path)) == want,
	    "%s in %s", path, all);
	free(all);
}

static void
want_part(const json_t *j, const char *path, const char *want)
{
	const char *got = json_string_value(dig(j, path));
	char *all = json_dumps(j, JSON_COMPACT);

	ck_assert_msg(got != NULL && strstr(got, want) != NULL,
	    "%s: want %s in %s", path, want, all);
	free(all);
}

/* Probes come by the clock; recalls because something happened. */
static bool
was_recalled(void)
{
	return wire.data != NULL && strstr(wire.data, "<recall") != NULL;
}

static void
add_daily(void)
{
	json_decref(ask("add", "publisher", "add", "daily@example.org",
	    "--name", "Daily Example", NULL));
}

static void
approve_daily(void)
{
	add_daily();
	json_decref(ask("approve", "publisher", "approve", "daily@example.org",
	    "--category", "news", "--reason", "seen", NULL));
}

/*
 * The register.
 */

START_TEST(test_add)
{
	json_t *j = ask("add", "publisher", "add", "daily@example.org",
	    "--name", "Daily Example", NULL);
	struct publisher p;
	struct err e;

	want_number(j, "exit", CTL_OK);
	want_text(j, "result/publisher/jid", "daily@example.org");
	want_text(j, "result/publisher/state", "applied");
	want_number(j, "result/guards/told", 2);
	want_number(j, "result/guards/answered", 2);
	ck_assert_uint_eq(json_array_size(dig(j, "result/warnings")), 0);
	json_decref(j);
	ck_assert_int_eq(
	    store_publisher_find(d.reader, "daily@example.org", &p, &e), 1);
	ck_assert_str_eq(p.name, "Daily Example");
	ck_assert_int_eq(p.state, PUBLISHER_APPLIED);
}
END_TEST

/* What somebody writes to the socket by hand is prepared as well. */
START_TEST(test_address_is_prepared)
{
	json_t *j = ask("add", "publisher", "add", "Daily@EXAMPLE.org",
	    "--name", "Daily", NULL);

	want_text(j, "result/publisher/jid", "daily@example.org");
	json_decref(j);
}
END_TEST

static const struct {
	const char *label, *words[8];
	int want_exit;
	const char *want;
} refused[] = {
	{ "unknown account",
	    { "publisher", "suspend", "no@example.org", "--reason=x" },
	    CTL_REFUSED, "no@example.org is not on the register" },
	{ "illegal transition",
	    { "publisher", "restore", "daily@example.org", "--reason=x" },
	    CTL_REFUSED, "only a suspended publisher can be restored" },
	{ "twice", { "publisher", "add", "daily@example.org", "--name=D" },
	    CTL_REFUSED, "is on the register already" },
	{ "unknown category",
	    { "publisher", "approve", "daily@example.org", "--category=fashion",
		"--reason=x" },
	    CTL_REFUSED, "no category \"fashion\"" },
	{ "unknown to show", { "publisher", "show", "no@example.org" },
	    CTL_REFUSED, "no@example.org is not on the register" },
	{ "no account", { "publisher", "show", "example.org" }, CTL_USAGE,
	    "not a bare address" },
	{ "a resource", { "publisher", "show", "a@example.org/x" }, CTL_USAGE,
	    "not a bare address" },
	{ "unknown key",
	    { "key", "revoke", "nokey", "--since=1", "--reason=x" },
	    CTL_REFUSED, "there is no key nokey" },
};

START_TEST(test_refused)
{
	const char *const *w = refused[_i].words;
	json_t *j;

	add_daily();
	buf_reset(&wire);
	answers_recalls = false; /* keeps what is sent */
	j = ask(refused[_i].label, w[0], w[1], w[2], w[3], w[4], w[5], w[6],
	    w[7], NULL);
	want_number(j, "exit", refused[_i].want_exit);
	want_part(j, "error", refused[_i].want);
	/* Nothing happened, so no guard hears of it. */
	ck_assert(!was_recalled());
	json_decref(j);
}
END_TEST

START_TEST(test_approve_for_as_long_as_it_says)
{
	struct publisher p;
	struct err e;
	int64_t now_s = clock_wall_s(), left_s;

	approve_daily();
	ck_assert_int_eq(
	    store_publisher_find(d.reader, "daily@example.org", &p, &e), 1);
	left_s = publisher_approval(&p, "news")->until_s - now_s;
	ck_assert(left_s >= 10 * 86400 && left_s < 10 * 86400 + 60);
	json_decref(ask("prolong", "publisher", "approve", "daily@example.org",
	    "--category=news", "--reason=x", "--valid-for=365d", NULL));
	ck_assert_int_eq(
	    store_publisher_find(d.reader, "daily@example.org", &p, &e), 1);
	left_s = publisher_approval(&p, "news")->until_s - now_s;
	ck_assert(left_s >= 365 * 86400 && left_s < 365 * 86400 + 60);
}
END_TEST

START_TEST(test_change_recalls_with_its_serial)
{
	char want[128];
	int64_t serial;
	struct err e;
	json_t *j;

	approve_daily();
	buf_reset(&wire);
	answers_recalls = false;
	guards_on_detach(d.guards, "other.example.org");
	j = ask("suspend", "publisher", "suspend", "daily@example.org",
	    "--reason=lied", NULL);
	ck_assert_int_eq(store_serial(d.reader, &serial, &e), 0);
	(void)snprintf(want, sizeof want,
	    "serial='%lld' "
	    "actor='daily@example.org'",
	    (long long)serial);
	ck_assert_msg(strstr(wire.data, want) != NULL, "%s", wire.data);
	want_number(j, "result/serial", serial);
	/* Not acknowledged: told so, and no failure. */
	want_number(j, "exit", CTL_OK);
	want_number(j, "result/guards/told", 1);
	want_number(j, "result/guards/answered", 0);
	want_text(j, "result/guards/missing/0", "other.example.org");
	ck_assert_uint_eq(json_array_size(dig(j, "result/warnings")), 2);
	json_decref(j);
}
END_TEST

/* The whole life, and what `show` tells of it. */
START_TEST(test_life_and_history)
{
	static const char *const want[] = { "add", "approve", "suspend",
		"restore", "rename", "revoke" };
	json_t *j;

	approve_daily();
	json_decref(ask("suspend", "publisher", "suspend", "daily@example.org",
	    "--reason=lied", NULL));
	json_decref(ask("restore", "publisher", "restore", "daily@example.org",
	    "--reason=sorry", NULL));
	json_decref(ask("rename", "publisher", "rename", "daily@example.org",
	    "--name=Täglich", "--reason=asked", NULL));
	json_decref(ask("revoke", "publisher", "revoke", "daily@example.org",
	    "--reason=again", NULL));
	j = ask("show", "publisher", "show", "daily@example.org", NULL);
	want_text(j, "result/publisher/state", "revoked");
	want_text(j, "result/publisher/reason", "again");
	want_text(j, "result/publisher/name", "Täglich");
	want_text(j, "result/publisher/approvals/0/category", "news");
	ck_assert(json_is_false(dig(j, "result/publisher/approvals/0/holds")));
	ck_assert_uint_eq(json_array_size(dig(j, "result/history")),
	    COUNT(want));
	for (size_t i = 0; i < COUNT(want); i++) {
		char path[64];

		(void)snprintf(path, sizeof path, "result/history/%zu/action",
		    i);
		want_text(j, path, want[i]);
		(void)snprintf(path, sizeof path, "result/history/%zu/by", i);
		want_part(j, path, "mastheadctl:");
	}
	want_text(j, "result/history/2/reason", "lied");
	json_decref(j);
}
END_TEST

START_TEST(test_list)
{
	json_t *j;

	approve_daily();
	json_decref(ask("add", "publisher", "add", "wire@example.org",
	    "--name=Wire", NULL));
	j = ask("list", "publisher", "list", NULL);
	ck_assert_uint_eq(json_array_size(dig(j, "result/publishers")), 2);
	want_text(j, "result/publishers/0/categories/0", "news");
	ck_assert_ptr_null(dig(j, "result/next"));
	json_decref(j);
	j = ask("list", "publisher", "list", "--state=applied", NULL);
	ck_assert_uint_eq(json_array_size(dig(j, "result/publishers")), 1);
	want_text(j, "result/publishers/0/jid", "wire@example.org");
	json_decref(j);
	j = ask("list", "publisher", "list", "--limit=1", NULL);
	ck_assert_uint_eq(json_array_size(dig(j, "result/publishers")), 1);
	want_text(j, "result/next", "daily@example.org");
	json_decref(j);
	j = ask("list", "publisher", "list", "--limit=1",
	    "--after=daily@example.org", NULL);
	want_text(j, "result/publishers/0/jid", "wire@example.org");
	ck_assert_ptr_null(dig(j, "result/next"));
	json_decref(j);
}
END_TEST

/*
 * Decisions.
 */

#define NEWSROOM "newsroom@rooms.example.org"

static const struct {
	const char *label, *words[7], *want_verdict, *want_rule, *want_reason;
	bool want_observed;
} explained[] = {
	{ "approved", { "daily@example.org", NEWSROOM }, "pass",
	    "publish: news", NULL, false },
	{ "not registered", { "m@example.org", NEWSROOM }, "refuse",
	    "publish: news", "not-registered", false },
	{ "a join", { "m@example.org", NEWSROOM, "--kind=join" }, "pass",
	    "joins pass; approved accounts get a hat", NULL, false },
	{ "a reprint", { "daily@example.org", NEWSROOM, "--reprint" }, "refuse",
	    "reprint: nobody", "reprint-not-allowed", false },
	{ "encrypted", { "daily@example.org", NEWSROOM, "--encrypted" },
	    "refuse", "encrypted: refuse", "encryption-not-allowed", false },
	{ "exempt", { "m@example.org", NEWSROOM, "--affiliation=owner" },
	    "pass", "exempt: owner", NULL, false },
	{ "not exempt", { "m@example.org", NEWSROOM, "--affiliation=member" },
	    "refuse", "publish: news", "not-registered", false },
	{ "observed", { "m@example.org", "other@rooms.example.org" }, "pass",
	    "publish: news, sport", "not-registered", true },
	{ "not guarded", { "m@example.org", "room@elsewhere.example.org" },
	    "not guarded", NULL, NULL, false },
	{ "a node",
	    { "daily@example.org", "--node=news",
		"--service=Rooms.example.org" },
	    "pass", "publish: news", NULL, false },
	{ "a node, not registered",
	    { "m@example.org", "--node=news", "--service=rooms.example.org" },
	    "refuse", "publish: news", "not-registered", false },
	{ "a node, exempt",
	    { "m@example.org", "--node=news", "--service=rooms.example.org",
		"--affiliation=publisher" },
	    "pass", "exempt: publisher", NULL, false },
	{ "an account's node, labelled",
	    { "m@example.org", "--node=blog:1", "--owner=m@rooms.example.org",
		"--label=news" },
	    "refuse", "publish: news", "not-registered", false },
	{ "an account's node, not labelled",
	    { "m@example.org", "--node=blog:1", "--owner=m@rooms.example.org" },
	    "pass", "labelled: news (the post is not)", NULL, false },
	{ "another node",
	    { "m@example.org", "--node=bookmarks",
		"--owner=m@rooms.example.org" },
	    "not guarded", NULL, NULL, false },
};

START_TEST(test_explain)
{
	const char *const *w = explained[_i].words;
	int64_t before, after;
	struct err e;
	json_t *j;

	approve_daily();
	ck_assert_int_eq(store_serial(d.reader, &before, &e), 0);
	j = ask(explained[_i].label, "explain", w[0], w[1], w[2], w[3], w[4],
	    w[5], w[6], NULL);
	want_number(j, "exit", CTL_OK);
	want_text(j, "result/verdict", explained[_i].want_verdict);
	if (explained[_i].want_rule != NULL)
		want_text(j, "result/rule", explained[_i].want_rule);
	if (explained[_i].want_reason == NULL) {
		ck_assert_ptr_null(dig(j, "result/refusal"));
	} else {
		want_text(j, "result/refusal/reason",
		    explained[_i].want_reason);
		/* A text from the catalogue, not the key of one. */
		want_part(j, "result/refusal/text", " ");
	}
	ck_assert_int_eq(json_is_true(dig(j, "result/observed")),
	    explained[_i].want_observed);
	json_decref(j);
	/* It left no trace: no change, no count. */
	ck_assert_int_eq(store_serial(d.reader, &after, &e), 0);
	ck_assert_int_eq(before, after);
	ck_assert_uint_eq(checks_totals(d.checks).refused, 0);
	ck_assert_uint_eq(checks_totals(d.checks).passed, 0);
}
END_TEST

/* A room, or a node and what it is a node of. */
static const char *const unexplained[][5] = {
	{ "m@example.org" },
	{ "m@example.org", "--node=n" },
	{ "m@example.org", "--service=rooms.example.org" },
	{ "m@example.org", NEWSROOM, "--owner=m@example.org" },
	{ "m@example.org", NEWSROOM, "--node=n", "--owner=m@example.org" },
	{ "m@example.org", "--node=n", "--owner=m@example.org",
	    "--service=rooms.example.org" },
	{ "m@example.org", "--node=n", "--owner=m@example.org",
	    "--kind=message" },
	{ "m@example.org", "--node=n", "--owner=example.org" },
	{ "m@example.org", "--node=n", "--service=a b" },
};

START_TEST(test_explain_wants_one_place)
{
	const char *const *w = unexplained[_i];
	json_t *j =
	    ask("explain", "explain", w[0], w[1], w[2], w[3], w[4], NULL);

	want_number(j, "exit", CTL_USAGE);
	json_decref(j);
}
END_TEST

START_TEST(test_explain_tells_the_record)
{
	json_t *j;

	approve_daily();
	json_decref(ask("suspend", "publisher", "suspend", "daily@example.org",
	    "--reason=lied", NULL));
	j = ask("explain", "explain", "daily@example.org", NEWSROOM, NULL);
	want_text(j, "result/record/state", "suspended");
	want_text(j, "result/record/reason", "lied");
	want_text(j, "result/refusal/reason", "suspended");
	want_part(j, "result/refusal/text", "lied");
	want_text(j, "result/place/room", NEWSROOM);
	json_decref(j);
}
END_TEST

/*
 * How things are.
 */

START_TEST(test_places)
{
	json_t *j;

	guards_on_detach(d.guards, GUARD);
	j = ask("places", "places", NULL);
	want_text(j, "result/places/0/room", NEWSROOM);
	want_text(j, "result/places/0/mode", "enforce");
	want_text(j, "result/places/0/reprint/0", "nobody");
	want_text(j, "result/places/0/exempt/0", "owner");
	want_text(j, "result/places/0/encrypted", "refuse");
	want_text(j, "result/places/1/room", "*@rooms.example.org");
	want_text(j, "result/places/1/mode", "observe");
	want_text(j, "result/places/1/publish/1", "sport");
	want_number(j, "result/places/1/counts/refused", 0);
	want_text(j, "result/places/1/kind", "room");
	want_text(j, "result/places/1/name", "*@rooms.example.org");
	ck_assert_uint_eq(json_array_size(dig(j, "result/places/1/rules")), 0);
	want_text(j, "result/places/2/kind", "node");
	want_text(j, "result/places/2/node", "blog*");
	want_text(j, "result/places/2/owner", "*@rooms.example.org");
	want_text(j, "result/places/2/name", "blog* at *@rooms.example.org");
	want_text(j, "result/places/2/message_badge", "full");
	want_text(j, "result/places/3/service", "rooms.example.org");
	want_text(j, "result/places/3/exempt/0", "publisher");
	ck_assert(json_is_false(dig(j, "result/places/0/attached")));
	json_decref(j);
}
END_TEST

START_TEST(test_guards)
{
	json_t *j = ask("guards", "guards", NULL);

	want_text(j, "result/guards/0/host", GUARD);
	want_text(j, "result/guards/0/server", "Prosody");
	want_number(j, "result/guards/0/unanswered", 0);
	ck_assert(json_is_true(dig(j, "result/guards/0/attached")));
	json_decref(j);
}
END_TEST

START_TEST(test_status_is_green)
{
	json_t *j;

	approve_daily();
	j = ask("status", "status", NULL);
	want_number(j, "exit", CTL_OK);
	want_text(j, "result/status", "green");
	ck_assert_uint_eq(json_array_size(dig(j, "result/problems")), 0);
	want_number(j, "result/counters/publishers approved", 1);
	json_decref(j);
}
END_TEST

static void
make_stream_down(void)
{
	(void)snprintf(d.stream_why, sizeof d.stream_why, "refused");
	d.stream_since_s = 1;
}

static void
make_guard_missing(void)
{
	guards_on_detach(d.guards, GUARD);
}

static void
make_reload_failed(void)
{
	(void)err_set(&d.reload_err, "2 mistakes");
}

static void
make_register_failed(void)
{
	(void)err_set(&d.register_err, "disk I/O error");
}

static void
make_badge_failed(void)
{
	(void)err_set(&d.badge_err, "no room on the disk");
}

/* A recall that nobody answered for longer than it should take. */
static void
make_recall_unanswered(void)
{
	int64_t end = clock_mono_ms() + GUARDS_RESEND_MS + 100;

	answers_recalls = false;
	guards_recall(d.guards, 1, "x@example.org", NULL, NULL);
	while (clock_mono_ms() < end)
		uv_sleep(10);
}

static const struct {
	void (*make)(void);
	const char *want;
} reds[] = {
	{ make_stream_down,
	    "not connected to the server since "
	    "1970-01-01T00:00:01Z: refused" },
	{ make_guard_missing,
	    "the guard of rooms.example.org is not "
	    "attached" },
	{ make_reload_failed,
	    "the configuration before it holds: 2 "
	    "mistakes" },
	{ make_register_failed, "disk I/O error" },
	{ make_badge_failed, "badges cannot be issued: no room on the disk" },
	{ make_recall_unanswered,
	    "rooms.example.org has not answered 1 "
	    "recalls" },
};

START_TEST(test_status_is_red)
{
	json_t *j;

	reds[_i].make();
	j = ask("status", "status", NULL);
	want_number(j, "exit", CTL_RED);
	want_text(j, "result/status", "red");
	want_part(j, "result/problems/0", reds[_i].want);
	json_decref(j);
}
END_TEST

/* A guard without places is nobody's worry. */
START_TEST(test_guard_without_places_is_no_problem)
{
	json_t *j;

	guards_on_detach(d.guards, "other.example.org");
	j = ask("status", "status", NULL);
	want_text(j, "result/status", "green");
	json_decref(j);
}
END_TEST

/* But that it never came is said: its name may be a slip. */
START_TEST(test_guard_that_never_came_is_noted)
{
	char text[sizeof config_text + 32];
	const char *guards = strstr(config_text, "guards: [");
	json_t *j;

	d.stream_why[0] = '\0';
	(void)snprintf(text, sizeof text, "%.*sguards: [romos.example.org, %s",
	    (int)(guards - config_text), config_text,
	    guards + strlen("guards: ["));
	write_file("m.yaml", text);
	json_decref(ask("reload", "reload", NULL));
	j = ask("status", "status", NULL);
	want_text(j, "result/status", "green");
	ck_assert_uint_eq(json_array_size(dig(j, "result/notes")), 1);
	want_part(j, "result/notes/0", "romos.example.org is listed");
	json_decref(j);
}
END_TEST

START_TEST(test_reload)
{
	char text[sizeof config_text + 128];
	json_t *j;

	(void)snprintf(text, sizeof text,
	    "%s  - {room: "
	    "three@rooms.example.org, publish: [sport]}\n",
	    config_text);
	write_file("m.yaml", text);
	j = ask("reload", "reload", NULL);
	want_number(j, "exit", CTL_OK);
	want_number(j, "result/places", 5);
	want_number(j, "result/guards/told", 2);
	want_number(j, "result/guards/answered", 2);
	json_decref(j);
	j = ask("places", "places", NULL);
	want_text(j, "result/places/4/room", "three@rooms.example.org");
	json_decref(j);
}
END_TEST

START_TEST(test_reload_of_a_bad_file)
{
	json_t *j;

	write_file("m.yaml", "guards: 5\nwhat: 1\n");
	j = ask("reload", "reload", NULL);
	want_number(j, "exit", CTL_REFUSED);
	ck_assert(json_is_false(dig(j, "result/loaded")));
	ck_assert_uint_ge(json_array_size(dig(j, "result/problems")), 2);
	want_part(j, "result/problems/0", "m.yaml:1: ");
	want_number(j, "result/places", 4);
	json_decref(j);
	j = ask("status", "status", NULL);
	want_number(j, "exit", CTL_RED);
	json_decref(j);
}
END_TEST

/*
 * Keys.
 */

START_TEST(test_key_rotate)
{
	char old[KEY_ID_MAX + 1];
	json_t *j;

	(void)snprintf(old, sizeof old, "%s", key_kid(d.keyring.active));
	buf_reset(&wire);
	answers_recalls = false;
	j = ask("rotate", "key", "rotate", NULL);
	want_number(j, "exit", CTL_OK);
	want_text(j, "result/retired", old);
	want_text(j, "result/active", key_kid(d.keyring.active));
	ck_assert_str_ne(old, key_kid(d.keyring.active));
	ck_assert(!was_recalled()); /* badges stay good */
	json_decref(j);
	j = ask("list", "key", "list", NULL);
	ck_assert_uint_eq(json_array_size(dig(j, "result/keys")), 2);
	json_decref(j);
}
END_TEST

/* A KID may begin with a hyphen, so it stands behind the options. */
START_TEST(test_key_revoke)
{
	char old[KEY_ID_MAX + 1];
	json_t *j;

	(void)snprintf(old, sizeof old, "%s", key_kid(d.keyring.active));
	j = ask("revoke", "key", "revoke", "--since=2026-01-01",
	    "--reason=stolen", "--", old, NULL);
	want_number(j, "exit", CTL_OK);
	want_text(j, "result/revoked", old);
	ck_assert_str_ne(old, key_kid(d.keyring.active));
	want_number(j, "result/guards/answered", 2);
	json_decref(j);
	j = ask("again", "key", "revoke", "--since=2026-01-01",
	    "--reason=stolen", "--", old, NULL);
	want_number(j, "exit", CTL_REFUSED);
	want_part(j, "error", "is revoked already");
	json_decref(j);
	j = ask("future", "key", "revoke", "--since=9999-01-01", "--reason=x",
	    "--", key_kid(d.keyring.active), NULL);
	want_number(j, "exit", CTL_REFUSED);
	want_part(j, "error", "in the future");
	json_decref(j);
}
END_TEST

/*
 * Trouble.
 */

/* Refused by the register is one thing, a register that cannot be written
 * another: the first is final, the second is to be tried again. */
START_TEST(test_locked_register_is_temporary)
{
	sqlite3 *other = NULL;
	char path[128];
	json_t *j;

	add_daily();
	(void)snprintf(path, sizeof path, "%s/register.db", folder);
	ck_assert_int_eq(sqlite3_open(path, &other), SQLITE_OK);
	ck_assert_int_eq(
	    sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
	    SQLITE_OK);
	j = ask("approve", "publisher", "approve", "daily@example.org",
	    "--category=news", "--reason=x", NULL);
	want_number(j, "exit", CTL_UNAVAILABLE);
	json_decref(j);
	ck_assert_int_eq(sqlite3_close(other), SQLITE_OK);
	j = ask("approve", "publisher", "approve", "daily@example.org",
	    "--category=news", "--reason=x", NULL);
	want_number(j, "exit", CTL_OK);
	json_decref(j);
}
END_TEST

/* The client hangs up while its change is written: the change is made, and
 * guards are told all the same. */
START_TEST(test_client_gone)
{
	struct publisher p;
	struct err e;
	int64_t end = clock_mono_ms() + WAIT_MS;
	const char *line = "{\"args\":[\"publisher\",\"add\",\"w@example.org\","
			   "\"--name=W\"]}\n";

	ck_assert_int_eq((int)send(fd, line, strlen(line), 0),
	    (int)strlen(line));
	(void)shutdown(fd, SHUT_RDWR);
	answers_recalls = false;
	while (!was_recalled() && clock_mono_ms() < end)
		(void)uv_run(&d.loop, UV_RUN_NOWAIT);
	ck_assert_ptr_nonnull(strstr(wire.data, "actor='w@example.org'"));
	ck_assert_int_eq(
	    store_publisher_find(d.reader, "w@example.org", &p, &e), 1);
}
END_TEST

START_TEST(test_every_command_is_there)
{
	size_t count = 0;

	for (const struct ctl_command *c = ctl_commands; c->name != NULL; c++)
		count++;
	for (const struct control_command *m = commands_table; m->name != NULL;
	     m++) {
		ck_assert_msg(ctl_command_find(m->name) != NULL, "%s", m->name);
		count--;
	}
	ck_assert_uint_eq(count, 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("commands");
	TCase *t = tcase_create("commands");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_every_command_is_there);
	tcase_add_test(t, test_add);
	tcase_add_test(t, test_address_is_prepared);
	tcase_add_loop_test(t, test_refused, 0, (int)COUNT(refused));
	tcase_add_test(t, test_approve_for_as_long_as_it_says);
	tcase_add_test(t, test_change_recalls_with_its_serial);
	tcase_add_test(t, test_life_and_history);
	tcase_add_test(t, test_list);
	tcase_add_loop_test(t, test_explain, 0, (int)COUNT(explained));
	tcase_add_loop_test(t, test_explain_wants_one_place, 0,
	    (int)COUNT(unexplained));
	tcase_add_test(t, test_explain_tells_the_record);
	tcase_add_test(t, test_places);
	tcase_add_test(t, test_guards);
	tcase_add_test(t, test_status_is_green);
	tcase_add_loop_test(t, test_status_is_red, 0, (int)COUNT(reds));
	tcase_add_test(t, test_guard_without_places_is_no_problem);
	tcase_add_test(t, test_guard_that_never_came_is_noted);
	tcase_add_test(t, test_reload);
	tcase_add_test(t, test_reload_of_a_bad_file);
	tcase_add_test(t, test_key_rotate);
	tcase_add_test(t, test_key_revoke);
	tcase_add_test(t, test_locked_register_is_temporary);
	tcase_add_test(t, test_client_gone);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

/* Values of the configuration, from their text. */
#include "daemon/value.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "unit/unit.h"

static const struct seconds_case {
	const char *text;
	int64_t want; /* -1: no duration */
} seconds_cases[] = {
	{ "0s", 0 },
	{ "300s", 300 },
	{ "5m", 300 },
	{ "24h", 86400 },
	{ "365d", 31536000 },
	{ "007m", 420 },
	{ "999999999999d", 999999999999 * 86400 },
	{ "", -1 },
	{ "s", -1 },
	{ "5", -1 },
	{ "5 m", -1 },
	{ "5M", -1 },
	{ "5mm", -1 },
	{ "1h30m", -1 },
	{ "-5m", -1 },
	{ "+5m", -1 },
	{ "1.5h", -1 },
	{ "0x5s", -1 },
	{ " 5s", -1 },
	{ "5s ", -1 },
	{ "5w", -1 },
	{ "1000000000000s", -1 },
	{ "٥s", -1 },
};

START_TEST(seconds)
{
	const struct seconds_case *c = &seconds_cases[_i];
	struct err e = { "" };
	int64_t got = -1;
	int rc = value_seconds(c->text, &got, &e);

	ck_assert_msg((rc == 0) == (c->want >= 0), "\"%s\"", c->text);
	if (rc == 0)
		ck_assert_int_eq(got, c->want);
	else
		ck_assert_str_ne(e.text, "");
}
END_TEST

static const struct server_case {
	const char *text, *host; /* host NULL: no server */
	uint16_t port;
	bool is_loopback;
} server_cases[] = {
	{ "127.0.0.1:5347", "127.0.0.1", 5347, true },
	{ "127.9.9.9:1", "127.9.9.9", 1, true },
	{ "localhost", "localhost", 5347, true },
	{ "LocalHost:65535", "LocalHost", 65535, true },
	{ "[::1]:5000", "::1", 5000, true },
	{ "[::1]", "::1", 5347, true },
	{ "[2001:db8::1]:5000", "2001:db8::1", 5000, false },
	{ "xmpp.example.org:5000", "xmpp.example.org", 5000, false },
	{ "localhost.example.org", "localhost.example.org", 5347, false },
	{ "127.0.0.1.example.org", "127.0.0.1.example.org", 5347, false },
	/* Names that look numeric are looked up, and can be anybody's. */
	{ "127.1:5347", "127.1", 5347, false },
	{ "0.0.0.0:5347", "0.0.0.0", 5347, false },
	{ "[::ffff:127.0.0.1]:1", "::ffff:127.0.0.1", 1, false },
	{ "", NULL, 0, false },
	{ ":5347", NULL, 0, false },
	{ "127.0.0.1:", NULL, 0, false },
	{ "127.0.0.1:0", NULL, 0, false },
	{ "127.0.0.1:x", NULL, 0, false },
	{ "::1", NULL, 0, false },
	{ "[::1", NULL, 0, false },
	{ "[]:1", NULL, 0, false },
	{ "a b:1", NULL, 0, false },
	{ "a/b", NULL, 0, false },
};

START_TEST(server)
{
	const struct server_case *c = &server_cases[_i];
	struct err e = { "" };
	char *host = NULL;
	uint16_t port = 0;
	int rc = value_server(c->text, &host, &port, &e);

	ck_assert_msg((rc == 0) == (c->host != NULL), "\"%s\"", c->text);
	if (rc == 0) {
		ck_assert_str_eq(host, c->host);
		ck_assert_uint_eq(port, c->port);
		ck_assert_msg(value_is_loopback(host) == c->is_loopback,
		    "\"%s\"", c->text);
	}
	free(host);
}
END_TEST

START_TEST(booleans)
{
	struct err e;
	bool b = false;

	ck_assert(value_bool("yes", &b, &e) == 0 && b);
	ck_assert(value_bool("No", &b, &e) == 0 && !b);
	ck_assert(value_bool("TRUE", &b, &e) == 0 && b);
	ck_assert(value_bool("off", &b, &e) == 0 && !b);
	ck_assert_int_eq(value_bool("y", &b, &e), -1);
	ck_assert_int_eq(value_bool("", &b, &e), -1);
}
END_TEST

START_TEST(paths)
{
	static const struct {
		const char *base, *path, *want;
	} cases[] = {
		{ "/etc/masthead", "secret", "/etc/masthead/secret" },
		{ "/etc/masthead", "././a/b", "/etc/masthead/a/b" },
		{ "/etc/masthead", "/run/x", "/run/x" },
		{ "/", "a", "/a" },
	};
	char here[4096], *got;

	for (size_t i = 0; i < COUNT(cases); i++) {
		got = value_path(cases[i].base, cases[i].path);
		ck_assert_str_eq(got, cases[i].want);
		free(got);
	}
	ck_assert_ptr_nonnull(getcwd(here, sizeof here));
	got = value_folder("c.yaml");
	ck_assert_str_eq(got, here);
	free(got);
	got = value_folder("a/b/c.yaml");
	ck_assert_str_eq(got + strlen(here), "/a/b");
	free(got);
	got = value_folder("/etc/masthead/c.yaml");
	ck_assert_str_eq(got, "/etc/masthead");
	free(got);
	got = value_folder("/c.yaml");
	ck_assert_str_eq(got, "/");
	free(got);
}
END_TEST

static const struct nearest_case {
	const char *text, *want;
} nearest_cases[] = {
	{ "lease", "lease" },
	{ "leese", "lease" },
	{ "laese", "lease" },
	{ "leas", "lease" },
	{ "leasee", "lease" },
	{ "gaurds", "guards" },
	{ "guardss", "guards" },
	{ "lse", "lease" },
	{ "release", "lease" },
	{ "xx", NULL },
	{ "", NULL },
	{ "placing", NULL },
	{ "aeels", NULL },
	{ "0123456789012345678901234567890123456789012345678901234567890123"
	  "456789",
	    NULL },
};

START_TEST(nearest)
{
	static const char *const words[] = { "lease", "guards", "id" };
	const struct nearest_case *c = &nearest_cases[_i];

	ck_assert_pstr_eq(value_nearest(c->text, words, COUNT(words)), c->want);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("value");
	TCase *t = tcase_create("value");

	tcase_add_loop_test(t, seconds, 0, (int)COUNT(seconds_cases));
	tcase_add_loop_test(t, server, 0, (int)COUNT(server_cases));
	tcase_add_test(t, booleans);
	tcase_add_test(t, paths);
	tcase_add_loop_test(t, nearest, 0, (int)COUNT(nearest_cases));
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

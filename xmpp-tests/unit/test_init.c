/* `masthead init`: what it writes loads, is private, and is never written
 * over. */
#include "daemon/init.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/key.h"
#include "daemon/config.h"
#include "unit/unit.h"

#define NEXT_MAX 8192

static char dir[64];
static struct buf next;
static struct err err;

static const char *
in_dir(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void
setup(void)
{
	strcpy(dir, "/tmp/test_init.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	ck_assert_int_eq(rmdir(dir), 0);
	buf_init(&next, NEXT_MAX);
}

static void
teardown(void)
{
	char command[128];

	(void)snprintf(command, sizeof command, "rm -rf '%s'", dir);
	ck_assert_int_eq(system(command), 0);
	buf_clear(&next);
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	ck_assert_msg(stat(in_dir(name), &st) == 0, "%s is not there", name);
	return st.st_mode & 07777;
}

START_TEST(what_it_writes_loads)
{
	struct config *c = NULL;
	struct buf problems;
	char secret_line[256];

	(void)umask(0);
	buf_init(&problems, 8192);
	ck_assert_msg(init_write(dir, &next, &err) == 0, "%s", err.text);
	ck_assert_msg(
	    config_load(&c, in_dir("masthead.yaml"), &problems, &err) == 0,
	    "%s", problems.data);
	ck_assert_int_eq(c->policy.places[0].mode, PLACE_OBSERVE);
	ck_assert_str_eq(c->keys, in_dir("keys"));
	ck_assert_str_eq(c->control, in_dir("control.sock"));
	ck_assert_str_eq(c->store + strlen("sqlite:"), in_dir("register.db"));
	ck_assert_uint_eq(strlen(c->component.secret), 43);
	(void)snprintf(secret_line, sizeof secret_line,
	    "component_secret = \"%s\"", c->component.secret);
	ck_assert_ptr_nonnull(strstr(next.data, secret_line));
	config_free(c);
	buf_clear(&problems);
}
END_TEST

START_TEST(it_is_private)
{
	glob_t keys;
	struct key *k = NULL;

	(void)umask(0);
	ck_assert_int_eq(init_write(dir, &next, &err), 0);
	ck_assert_uint_eq(mode_of(""), 0750);
	ck_assert_uint_eq(mode_of("secret"), 0600);
	ck_assert_uint_eq(mode_of("keys"), 0700);
	ck_assert_uint_eq(mode_of("masthead.yaml"), 0640);
	ck_assert_int_eq(glob(in_dir("keys/*.pem"), 0, NULL, &keys), 0);
	ck_assert_uint_eq(keys.gl_pathc, 1);
	ck_assert_msg(key_load(&k, keys.gl_pathv[0], &err) == 0, "%s",
	    err.text);
	/* The daemon adopts it by this name. */
	ck_assert_ptr_nonnull(strstr(keys.gl_pathv[0], key_kid(k)));
	key_free(k);
	globfree(&keys);
}
END_TEST

START_TEST(two_secrets_differ)
{
	char first[NEXT_MAX];

	ck_assert_int_eq(init_write(dir, &next, &err), 0);
	strcpy(first, strstr(next.data, "component_secret"));
	teardown();
	ck_assert_int_eq(init_write(dir, &next, &err), 0);
	ck_assert_str_ne(first, strstr(next.data, "component_secret"));
}
END_TEST

static const char *const there[] = { "masthead.yaml", "secret", "keys",
	"agreements", "register.db" };

START_TEST(nothing_is_written_over)
{
	char want[512];
	FILE *f;

	ck_assert_int_eq(mkdir(dir, 0700), 0);
	f = fopen(in_dir(there[_i]), "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(fclose(f), 0);
	(void)snprintf(want, sizeof want,
	    "%s is there already; nothing was written", in_dir(there[_i]));
	ck_assert_int_eq(init_write(dir, &next, &err), -1);
	ck_assert_str_eq(err.text, want);
	ck_assert_uint_eq(next.len, 0);
	for (size_t i = 0; i < COUNT(there); i++)
		ck_assert_int_eq(access(in_dir(there[i]), F_OK) == 0,
		    i == (size_t)_i);
}
END_TEST

START_TEST(a_folder_too_deep_for_a_socket)
{
	char deep[256];

	(void)snprintf(deep, sizeof deep, "%s/%0120d", dir, 1);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
	ck_assert_int_eq(init_write(deep, &next, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "longer than 107 bytes"));
	ck_assert_int_ne(access(deep, F_OK), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("init");
	TCase *t = tcase_create("init");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, what_it_writes_loads);
	tcase_add_test(t, it_is_private);
	tcase_add_test(t, two_secrets_differ);
	tcase_add_loop_test(t, nothing_is_written_over, 0, (int)COUNT(there));
	tcase_add_test(t, a_folder_too_deep_for_a_socket);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

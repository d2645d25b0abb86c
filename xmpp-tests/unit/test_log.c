/* The log: lines that nobody can forge or break, and the clock behind it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/clock.h"
#include "daemon/log.h"
#include "unit/unit.h"

static const struct value_case {
	const char *label, *value, *want;
} value_cases[] = {
	{ "plain", "rooms.example.org", "rooms.example.org" },
	{ "empty", "", "\"\"" },
	{ "space", "a b", "\"a b\"" },
	{ "quote", "a\"b", "\"a\\\"b\"" },
	{ "backslash", "a\\b", "\"a\\\\b\"" },
	{ "equals", "a=b", "\"a=b\"" },
	{ "new line", "a\nlevel=error", "\"a\\nlevel=error\"" },
	{ "carriage return", "a\rb", "\"a\\x0db\"" },
	{ "escape", "a\033[2Jb", "\"a\\x1b[2Jb\"" },
	{ "delete", "a\177b", "\"a\\x7fb\"" },
	{ "UTF-8", "Käse ✓", "\"Käse ✓\"" },
	{ "next line", "a\xc2\x85z", "\"a\\xc2\\x85z\"" },
	{ "line separator", "a\xe2\x80\xa8z", "\"a\\xe2\\x80\\xa8z\"" },
	{ "broken UTF-8", "a\xff\xc3", "\"a\\xff\\xc3\"" },
	{ "surrogate", "\xed\xa0\x80", "\"\\xed\\xa0\\x80\"" },
};

START_TEST(value)
{
	const struct value_case *c = &value_cases[_i];
	char want[256];
	struct buf out;

	buf_init(&out, LOG_LINE_MAX);
	log_format(&out, LOG_WARNING, false, "x", "k", c->value, NULL);
	(void)snprintf(want, sizeof want, "level=warning event=x k=%s\n",
	    c->want);
	ck_assert_msg(strcmp(out.data, want) == 0, "%s: got %s", c->label,
	    out.data);
	buf_clear(&out);
}
END_TEST

START_TEST(pairs)
{
	struct buf out;

	buf_init(&out, LOG_LINE_MAX);
	log_format(&out, LOG_INFO, true, "x", "a", "1", "b", (char *)NULL, "n",
	    LOG_NUM(-7), NULL);
	ck_assert_str_eq(out.data, "<6>level=info event=x a=1 n=-7\n");
	buf_clear(&out);
}
END_TEST

START_TEST(long_line_is_cut_between_pairs)
{
	char big[LOG_LINE_MAX];
	struct buf out;

	memset(big, 'a', sizeof big - 1);
	big[sizeof big - 1] = '\0';
	buf_init(&out, LOG_LINE_MAX);
	log_format(&out, LOG_ERROR, false, "x", "a", "1", "b", big, "c", "3",
	    NULL);
	ck_assert_str_eq(out.data, "level=error event=x a=1 cut=yes\n");
	buf_clear(&out);
}
END_TEST

/* Every length around the maximum ends with a newline, cut or whole. */
START_TEST(no_line_is_longer_than_the_maximum)
{
	char big[LOG_LINE_MAX];
	struct buf out;

	buf_init(&out, LOG_LINE_MAX);
	for (size_t len = LOG_LINE_MAX - 64; len < LOG_LINE_MAX; len++) {
		memset(big, 'a', len);
		big[len] = '\0';
		buf_reset(&out);
		log_format(&out, LOG_ERROR, false, "x", "b", big, NULL);
		ck_assert(!out.failed);
		ck_assert_uint_le(out.len, LOG_LINE_MAX);
		ck_assert_int_eq(out.data[out.len - 1], '\n');
		ck_assert(strstr(out.data, " cut=yes\n") != NULL ||
		    out.len == strlen("level=error event=x b=\n") + len);
	}
	buf_clear(&out);
}
END_TEST

/* What log_event writes to standard error. */
static void
logged(char r[512], enum log_level level)
{
	int saved = dup(STDERR_FILENO), ends[2];
	ssize_t n;

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_ge(dup2(ends[1], STDERR_FILENO), 0);
	log_event(level, "x", "a", "b c", NULL);
	ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
	(void)close(ends[1]);
	(void)close(saved);
	n = read(ends[0], r, 511);
	(void)close(ends[0]);
	ck_assert_int_ge(n, 0);
	r[n] = '\0';
}

START_TEST(levels_and_prefix)
{
	char line[512];

	(void)unsetenv("JOURNAL_STREAM");
	logged(line, LOG_DEBUG);
	ck_assert_str_eq(line, "");
	ck_assert(!log_is_on(LOG_DEBUG));
	log_set_level(LOG_DEBUG);
	logged(line, LOG_DEBUG);
	ck_assert_str_eq(line, "level=debug event=x a=\"b c\"\n");
	log_set_level(LOG_ERROR);
	logged(line, LOG_WARNING);
	ck_assert_str_eq(line, "");
	(void)setenv("JOURNAL_STREAM", "8:1", 1);
	logged(line, LOG_ERROR);
	ck_assert_str_eq(line, "<3>level=error event=x a=\"b c\"\n");
}
END_TEST

START_TEST(once_a_minute)
{
	char key[32];

	ck_assert(log_once_a_minute("a"));
	ck_assert(!log_once_a_minute("a"));
	ck_assert(log_once_a_minute("b"));
	/* A flood of keys does not make a flood of lines. */
	for (int i = 0; i < LOG_KEYS_MAX - 2; i++) {
		(void)snprintf(key, sizeof key, "k%d", i);
		ck_assert(log_once_a_minute(key));
	}
	ck_assert(!log_once_a_minute("one too many"));
	ck_assert(!log_once_a_minute("a"));
}
END_TEST

START_TEST(clock_is_shifted_by_the_file)
{
	char path[] = "/tmp/test_clock.XXXXXX";
	int fd = mkstemp(path);
	int64_t before = clock_wall_s(), mono_ms = clock_mono_ms();

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(setenv("MASTHEAD_CLOCK_OFFSET_FILE", path, 1), 0);
	ck_assert_int_le(clock_wall_s() - before, 5);
	ck_assert_int_eq(write(fd, "86400\n", 6), 6);
	ck_assert_int_ge(clock_wall_s() - before, 86400);
	ck_assert_int_le(clock_wall_s() - before, 86405);
	ck_assert_int_eq(pwrite(fd, "-3600\n", 6, 0), 6);
	ck_assert_int_le(clock_wall_s() - before, -3595);
	ck_assert_int_le(clock_mono_ms() - mono_ms, 5000);
	(void)close(fd);
	(void)unlink(path);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("log");
	TCase *t = tcase_create("log");

	tcase_add_loop_test(t, value, 0, (int)COUNT(value_cases));
	tcase_add_test(t, pairs);
	tcase_add_test(t, long_line_is_cut_between_pairs);
	tcase_add_test(t, no_line_is_longer_than_the_maximum);
	tcase_add_test(t, levels_and_prefix);
	tcase_add_test(t, once_a_minute);
	tcase_add_test(t, clock_is_shifted_by_the_file);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

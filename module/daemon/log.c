/* The log; see log.h. */
#include "daemon/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/utf8.h"
#include "daemon/clock.h"

#define LOG_MINUTE_MS 60000
#define LOG_KEY_MAX 127 /* bytes of a key that are compared */

static _Atomic int level_max = LOG_INFO;

/* The word, and the number of sd-daemon(3). */
static const struct {
	const char *name;
	char number;
} levels[] = {
	[LOG_ERROR] = { "error", '3' },
	[LOG_WARNING] = { "warning", '4' },
	[LOG_INFO] = { "info", '6' },
	[LOG_DEBUG] = { "debug", '7' },
};

void
log_set_level(enum log_level level)
{
	atomic_store(&level_max, (int)level);
}

bool
log_is_on(enum log_level level)
{
	return (int)level <= atomic_load(&level_max);
}

char *
log_num(long long n, char text[24])
{
	(void)snprintf(text, 24, "%lld", n);
	return text;
}

/* Bytes of the character at `s`; 0 if it is not well-formed, or one that
 * ends or hides a line: controls (NEL among them), U+2028, U+2029. */
static size_t
printable_len(const char *s)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t len = utf8_len(s);

	if (len == 1)
		return u[0] >= 0x20 && u[0] != 0x7f;
	if (len == 2 && u[0] == 0xc2 && u[1] < 0xa0)
		return 0;
	if (len == 3 && u[0] == 0xe2 && u[1] == 0x80 &&
	    (u[2] == 0xa8 || u[2] == 0xa9))
		return 0;
	return len;
}

static bool
needs_quotes(const char *value)
{
	if (*value == '\0')
		return true;
	for (const char *c = value; *c != '\0'; c++)
		if ((unsigned char)*c <= ' ' || *c == '"' || *c == '=' ||
		    *c == '\\' || (unsigned char)*c >= 0x7f)
			return true;
	return false;
}

static void
add_escaped(struct buf *out, const char *value)
{
	while (*value != '\0') {
		size_t len = printable_len(value);

		if (*value == '"' || *value == '\\')
			buf_addf(out, "\\%c", *value);
		else if (*value == '\n')
			buf_adds(out, "\\n");
		else if (len == 0)
			buf_addf(out, "\\x%02x", (unsigned char)*value);
		else
			buf_add(out, value, len);
		value += len != 0 ? len : 1;
	}
}

static void
add_pair(struct buf *out, const char *key, const char *value)
{
	buf_addf(out, " %s=", key);
	if (!needs_quotes(value)) {
		buf_adds(out, value);
		return;
	}
	buf_adds(out, "\"");
	add_escaped(out, value);
	buf_adds(out, "\"");
}

/* A pair that the line has no room for is left out as a whole, with all that
 * follow, so that what is there can be trusted. */
static void
format_line(struct buf *out, enum log_level level, bool has_prefix,
    const char *event, va_list ap)
{
	const char *key;

	if (has_prefix)
		buf_addf(out, "<%c>", levels[level].number);
	buf_addf(out, "level=%s event=%s", levels[level].name, event);
	while ((key = va_arg(ap, const char *)) != NULL) {
		const char *value = va_arg(ap, const char *);
		size_t before = out->len;

		if (value == NULL)
			continue;
		add_pair(out, key, value);
		/* Room for " cut=yes" and the newline. */
		if (!out->failed && out->len + 9 <= out->max)
			continue;
		if (out->data == NULL)
			return;
		out->failed = false;
		out->len = before;
		out->data[before] = '\0';
		buf_adds(out, " cut=yes");
		break;
	}
	buf_adds(out, "\n");
}

void
log_format(struct buf *out, enum log_level level, bool has_prefix,
    const char *event, ...)
{
	va_list ap;

	va_start(ap, event);
	format_line(out, level, has_prefix, event, ap);
	va_end(ap);
}

/* One write a line, so that threads and processes do not mix theirs. */
static void
write_line(const struct buf *line)
{
	size_t done = 0;

	while (line->data != NULL && done < line->len) {
		ssize_t n =
		    write(STDERR_FILENO, line->data + done, line->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		/* Nobody to tell: a log that cannot be written is not worth
		 * the posts of the people who wait. */
		if (n <= 0)
			return;
		done += (size_t)n;
	}
}

void
log_event(enum log_level level, const char *event, ...)
{
	struct buf line;
	va_list ap;

	if (!log_is_on(level))
		return;
	buf_init(&line, LOG_LINE_MAX);
	va_start(ap, event);
	format_line(&line, level, getenv("JOURNAL_STREAM") != NULL, event, ap);
	va_end(ap);
	write_line(&line);
	buf_clear(&line);
}

struct once {
	char key[LOG_KEY_MAX + 1];
	int64_t due_ms; /* before that, it is not logged again */
};

/* The row of `key`, or a free one for it; NULL if all are taken. */
static struct once *
once_find(struct once *rows, const char *key, int64_t now_ms)
{
	struct once *spare = NULL;

	for (size_t i = 0; i < LOG_KEYS_MAX; i++) {
		if (strncmp(rows[i].key, key, LOG_KEY_MAX) == 0)
			return &rows[i];
		if (spare == NULL && rows[i].due_ms <= now_ms)
			spare = &rows[i];
	}
	if (spare != NULL) {
		(void)snprintf(spare->key, sizeof spare->key, "%s", key);
		spare->due_ms = 0;
	}
	return spare;
}

bool
log_once_a_minute(const char *key)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static struct once rows[LOG_KEYS_MAX];
	int64_t now_ms = clock_mono_ms();
	struct once *row;
	bool is_due;

	(void)pthread_mutex_lock(&lock);
	row = once_find(rows, key, now_ms);
	is_due = row != NULL && row->due_ms <= now_ms;
	if (is_due)
		row->due_ms = now_ms + LOG_MINUTE_MS;
	(void)pthread_mutex_unlock(&lock);
	return is_due;
}

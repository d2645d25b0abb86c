/*
 * The log: one line an event on standard error,
 *
 *     level=warning event=guard-missing host=rooms.example.org for=12
 *
 * Values are quoted where they hold a space, a quote or '='; control
 * characters and broken UTF-8 are escaped, so that nobody can start a line.
 * No texts of messages, no private data: callers name hosts, places, counts.
 *
 * Under systemd (JOURNAL_STREAM is set) the level is the `<N>` prefix of
 * sd-daemon(3) as well.  For any thread.
 */
#ifndef DAEMON_LOG_H
#define DAEMON_LOG_H

#include <stdbool.h>

#include "core/buf.h"

#define LOG_LINE_MAX 4096 /* bytes; a longer line is cut */
#define LOG_KEYS_MAX 1024 /* of log_once_a_minute, at once */

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* What is logged from now on; LOG_INFO at the start. */
void log_set_level(enum log_level level);
bool log_is_on(enum log_level level);

/*
 * `event` is a word of OPERATING.md's table.  Then pairs `key, value` of
 * strings, ended by a NULL key; a NULL value leaves its pair out.  Numbers go
 * through LOG_NUM.
 */
void log_event(enum log_level level, const char *event, ...)
    __attribute__((sentinel));

/* A number as a value; the text lives until the end of the block. */
#define LOG_NUM(n) log_num((long long)(n), (char[24]){ 0 })
char *log_num(long long n, char text[24]);

/* The same line into a buffer, with its newline; for tests. */
void log_format(struct buf *out, enum log_level level, bool has_prefix,
    const char *event, ...) __attribute__((sentinel));

/*
 * Whether what `key` names was not logged within the last minute (then it
 * counts as logged now).  For warnings that would repeat with every check.
 * With more than LOG_KEYS_MAX keys in a minute, further ones are not due.
 */
bool log_once_a_minute(const char *key);

#endif

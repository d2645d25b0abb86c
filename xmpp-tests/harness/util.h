/*
 * Small helpers of the harness.  It is a test program: without memory it
 * ends, and says so.
 */
#ifndef HARNESS_UTIL_H
#define HARNESS_UTIL_H

#include <stddef.h>

void *util_calloc(size_t len);
void *util_realloc(void *p, size_t len);
char *util_strdup(const char *s);
char *util_strndup(const char *s, size_t len);
/* A new string; the caller frees it. */
char *util_format(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), nonnull(1), returns_nonnull));
void util_die(const char *fmt, ...)
    __attribute__((format(printf, 1, 2), noreturn));

/* NULL, or nothing but white space. */
int util_is_blank(const char *s);
int util_has_prefix(const char *s, const char *prefix);
int util_has_suffix(const char *s, const char *suffix);
/* Cuts white space at both ends, in place; returns the new start. */
char *util_trim(char *s);
/* 0 if it is no number from 1 to `max`. */
int util_number(const char *s, int max);
/* Monotonic. */
long long util_now_ms(void);

#endif

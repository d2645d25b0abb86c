#include "util.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void
util_die(const char *fmt, ...)
{
	va_list ap;

	fputs("Bail out! ", stdout);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	exit(2);
}

void *
util_calloc(size_t len)
{
	void *p = calloc(1, len);

	if (!p)
		util_die("no memory");
	return p;
}

void *
util_realloc(void *p, size_t len)
{
	p = realloc(p, len);
	if (!p)
		util_die("no memory");
	return p;
}

char *
util_strndup(const char *s, size_t len)
{
	char *copy = util_calloc(len + 1);

	memcpy(copy, s, len);
	return copy;
}

char *
util_strdup(const char *s)
{
	return util_strndup(s, strlen(s));
}

char *
util_format(const char *fmt, ...)
{
	va_list ap;
	char *s;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		util_die("a format failed: %s", fmt);
	s = util_calloc((size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(s, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return s;
}

int
util_is_blank(const char *s)
{
	return !s || s[strspn(s, " \t\r\n")] == '\0';
}

int
util_has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

int
util_has_suffix(const char *s, const char *suffix)
{
	size_t a = strlen(s), b = strlen(suffix);

	return a >= b && strcmp(s + a - b, suffix) == 0;
}

char *
util_trim(char *s)
{
	size_t len;

	s += strspn(s, " \t\r\n");
	len = strlen(s);
	while (len && isspace((unsigned char)s[len - 1]))
		s[--len] = '\0';
	return s;
}

int
util_number(const char *s, int max)
{
	char *end;
	long n = strtol(s, &end, 10);

	return end != s && *end == '\0' && n > 0 && n <= max ? (int)n : 0;
}

long long
util_now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

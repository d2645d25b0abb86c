/* Durations and dates; see when.h.  No call to the system: its time zone
 * must not move a date that an operator wrote. */
#include "core/when.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define DAY_S 86400
#define WHEN_MAX_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define SECONDS_DIGITS_MAX 12

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

int
when_duration_parse(const char *text, int64_t *s_r, struct err *e)
{
	static const char hint[] = "is not a duration, such as 300s, 15m, "
				   "24h or 365d";
	int64_t n = 0, unit;
	const char *p = text;

	for (; is_digit(*p); p++) {
		n = n * 10 + (*p - '0');
		if (n > WHEN_DURATION_MAX_S)
			return err_set(e, "\"%.40s\" is too long", text);
	}
	unit = *p == 's' ? 1
	    : *p == 'm'	 ? 60
	    : *p == 'h'	 ? 3600
	    : *p == 'd'	 ? DAY_S
			 : 0;
	if (p == text || unit == 0 || p[1] != '\0')
		return err_set(e, "\"%.40s\" %s", text, hint);
	if (n * unit > WHEN_DURATION_MAX_S)
		return err_set(e, "\"%.40s\" is too long", text);
	*s_r = n * unit;
	return 0;
}

static bool
is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
days_of_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
		31 };

	return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 to the first of a year from 1970 on. */
static int64_t
days_to_year(int year)
{
	int64_t y = year - 1;

	return 365 * (int64_t)(year - 1970) + (y / 4 - y / 100 + y / 400) -
	    (1969 / 4 - 1969 / 100 + 1969 / 400);
}

static int64_t
days_to_date(int year, int month, int day)
{
	int64_t n = days_to_year(year);

	for (int m = 1; m < month; m++)
		n += days_of_month(year, m);
	return n + day - 1;
}

/* Exactly `count` digits; moves `*p` past them.  -1 if they are not there. */
static int
take_digits(const char **p, int count)
{
	int n = 0;

	for (int i = 0; i < count; i++) {
		if (!is_digit(**p))
			return -1;
		n = n * 10 + (*(*p)++ - '0');
	}
	return n;
}

/* The character `c` and two digits; moves past them, or leaves `*p` and
 * returns -1. */
static int
take_part(const char **p, char c)
{
	const char *q = *p;
	int n;

	if (*q != c)
		return -1;
	q++;
	n = take_digits(&q, 2);
	if (n >= 0)
		*p = q;
	return n;
}

/* "Z", "+01:00" or nothing, to the end of the text; false if neither. */
static bool
take_zone(const char *p, int64_t *offset_s)
{
	int sign = *p == '-' ? -1 : 1;
	int hours, minutes;

	*offset_s = 0;
	if (*p == '\0' || strcmp(p, "Z") == 0)
		return true;
	hours = take_part(&p, *p == '-' ? '-' : '+');
	minutes = take_part(&p, ':');
	*offset_s = (int64_t)sign * (hours * 3600 + minutes * 60);
	return hours >= 0 && hours <= 14 && minutes >= 0 && minutes <= 59 &&
	    *p == '\0';
}

/* "T18:14" or "T18:14:51" and the zone, or nothing. */
static bool
take_clock(const char *p, int64_t *s)
{
	int hours, minutes, seconds = 0;
	int64_t offset_s;

	*s = 0;
	if (*p == '\0')
		return true;
	hours = take_part(&p, *p == ' ' ? ' ' : 'T');
	minutes = take_part(&p, ':');
	if (*p == ':')
		seconds = take_part(&p, ':');
	if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 ||
	    seconds < 0 || seconds > 59 || !take_zone(p, &offset_s))
		return false;
	*s = hours * 3600 + minutes * 60 + seconds - offset_s;
	return true;
}

static bool
parse_date(const char *text, int64_t *s_r)
{
	const char *p = text;
	int year = take_digits(&p, 4), month, day;
	int64_t clock_s;

	month = take_part(&p, '-');
	day = take_part(&p, '-');
	if (year < 1970 || month < 1 || month > 12 || day < 1 ||
	    day > days_of_month(year, month) || !take_clock(p, &clock_s))
		return false;
	*s_r = days_to_date(year, month, day) * DAY_S + clock_s;
	return *s_r >= 0 && *s_r <= WHEN_MAX_S;
}

static bool
parse_seconds(const char *text, int64_t *s_r)
{
	int64_t n = 0;
	const char *p = text;

	for (; is_digit(*p) && p - text < SECONDS_DIGITS_MAX; p++)
		n = n * 10 + (*p - '0');
	*s_r = n;
	return p != text && *p == '\0' && n <= WHEN_MAX_S;
}

int
when_parse(const char *text, int64_t *s_r, struct err *e)
{
	if (parse_date(text, s_r) || parse_seconds(text, s_r))
		return 0;
	return err_set(e,
	    "\"%.40s\" is not a time, such as 2026-11-23, "
	    "2026-11-23T18:14:51Z or seconds since 1970",
	    text);
}

void
when_format(int64_t s, char r[WHEN_TEXT_MAX])
{
	int year, month = 1;
	int64_t day, clock_s;

	if (s < 0)
		s = 0;
	if (s > WHEN_MAX_S)
		s = WHEN_MAX_S;
	day = s / DAY_S;
	clock_s = s % DAY_S;
	year = 1970 + (int)(day / 366); /* never too late a year */
	while (days_to_year(year + 1) <= day)
		year++;
	day -= days_to_year(year);
	while (day >= days_of_month(year, month))
		day -= days_of_month(year, month++);
	(void)snprintf(r, WHEN_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02uZ",
	    (unsigned)year % 10000, (unsigned)month % 100,
	    (unsigned)(day + 1) % 100, (unsigned)(clock_s / 3600) % 100,
	    (unsigned)(clock_s / 60 % 60), (unsigned)(clock_s % 60));
}

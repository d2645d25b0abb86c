/*
 * Durations and dates as people write them.
 */
#ifndef CORE_WHEN_H
#define CORE_WHEN_H

#include <stdint.h>

#include "core/err.h"

#define WHEN_DURATION_MAX_S (INT64_C(100) * 366 * 86400) /* a century */
#define WHEN_TEXT_MAX 21 /* "2026-11-23T18:14:51Z" and the NUL */

/* "300s", "15m", "24h", "365d", "0s": one number and one unit.  0 or -1. */
int when_duration_parse(const char *text, int64_t *s_r, struct err *e);

/*
 * An ISO 8601 date or time, "2026-11-23", "2026-11-23T18:14", with or
 * without seconds, ending in "Z", in an offset ("+01:00") or in nothing,
 * which means UTC; or plain seconds since 1970.  0 or -1.
 */
int when_parse(const char *text, int64_t *s_r, struct err *e);

/* Years 1970 to 9999, UTC; a time outside is cut to the nearest of them. */
void when_format(int64_t s, char r[WHEN_TEXT_MAX]);

#endif

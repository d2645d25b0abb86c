/* Time; see clock.h. */
#include "daemon/clock.h"

#include <time.h>

#ifdef MASTHEAD_TEST_CLOCK
#include <stdio.h>
#include <stdlib.h>

/* 0 without a file: a test may start the daemon first and shift it later. */
static int64_t
clock_offset_s(void)
{
	const char *path = getenv("MASTHEAD_CLOCK_OFFSET_FILE");
	FILE *f = path != NULL ? fopen(path, "re") : NULL;
	char line[32] = "";

	if (f == NULL)
		return 0;
	if (fgets(line, sizeof line, f) == NULL)
		line[0] = '\0';
	(void)fclose(f);
	return (int64_t)strtoll(line, NULL, 10);
}
#else
static int64_t
clock_offset_s(void)
{
	return 0;
}
#endif

static struct timespec
clock_read(clockid_t id)
{
	struct timespec t = { 0 };

	/* Cannot fail for these two clocks. */
	(void)clock_gettime(id, &t);
	return t;
}

int64_t
clock_wall_s(void)
{
	return (int64_t)clock_read(CLOCK_REALTIME).tv_sec + clock_offset_s();
}

int64_t
clock_mono_ms(void)
{
	struct timespec t = clock_read(CLOCK_MONOTONIC);

	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

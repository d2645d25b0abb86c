/*
 * Time.  Durations are measured with the monotonic clock, dates are read
 * from the wall clock, so a clock that jumps breaks neither.
 *
 * Builds with MASTHEAD_TEST_CLOCK (never a release) add to the wall clock
 * the whole seconds that the file named by MASTHEAD_CLOCK_OFFSET_FILE holds,
 * read anew each time: a test can move a running daemon through a day.
 */
#ifndef DAEMON_CLOCK_H
#define DAEMON_CLOCK_H

#include <stdint.h>

int64_t clock_wall_s(void); /* seconds since 1970 */
int64_t clock_mono_ms(void);

#endif

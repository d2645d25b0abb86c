/*
 * How often somebody has done something within a day, for more people than
 * one wants to keep: a table of fixed size, where the one that began longest
 * ago makes room.  Pure: time and seed are the caller's.
 */
#ifndef CORE_TALLY_H
#define CORE_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#define TALLY_SLOTS 1024
#define TALLY_WINDOW_MS INT64_C(86400000)

/* Zero, with `seed` of random bits, is an empty one. */
struct tally {
	uint64_t seed;
	struct {
		uint64_t who; /* hash of the key */
		int64_t since_ms;
		int64_t count; /* 0: free */
	} slots[TALLY_SLOTS];
};

/* Counts once more for `key`, if that is not more than `most` within the day
 * that began with the first one.  Whether it counted. */
bool tally_count(struct tally *t, const char *key, int64_t most,
    int64_t now_ms);

#endif

/*
 * When the proof of a domain is looked at again.  Pure: the dice are the
 * caller's.
 *
 * A proof that holds is looked at every so often, give or take a tenth, so
 * that those that were begun together do not stay together.  One that does
 * not is looked at after an hour, two, four and so on, at most a day, give or
 * take a fifth; and when its grace time ends.
 */
#ifndef CORE_RECHECK_H
#define CORE_RECHECK_H

#include <stdbool.h>
#include <stdint.h>

#define RECHECK_FIRST_S 3600
#define RECHECK_MOST_S 86400

struct recheck {
	int64_t every_s;
	int64_t grace_s;
	bool is_ok;
	unsigned tries; /* that were not, in a row, this one among them */
	int64_t lost_s; /* since when it is lost; 0: it is not */
};

/* `dice`: any of 2^32 numbers, as likely as the others. */
int64_t recheck_next(const struct recheck *r, int64_t now_s, uint32_t dice);

#endif

/*
 * How often strangers may ask: token buckets for each account that asks, for
 * each domain that accounts ask from, and for all together.
 *
 * The memory is fixed.  A bucket is found by a keyed hash of the address: the
 * address itself is not kept, so there is no list of who asked.  Where too
 * many ask at once, the fullest bucket makes room, which is the one that
 * tells the least; accounts of one domain cannot gain by that more than their
 * domain may, nor domains more than all may.
 */
#ifndef DAEMON_LIMITS_H
#define DAEMON_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/err.h"

#define LIMITS_ACCOUNTS 4096 /* buckets; a multiple of LIMITS_WAYS */
#define LIMITS_DOMAINS 1024
#define LIMITS_WAYS 4 /* buckets that one hash may take */

/* `burst` questions at once, at most 1,000,000, then `per_s` a second. */
struct limits_rate {
	uint32_t burst, per_s;
};

struct limits_setup {
	struct limits_rate account, domain, all;
};

struct limits;

int limits_new(struct limits **r, const struct limits_setup *s, struct err *e);
void limits_free(struct limits *l);

/*
 * Whether this one may ask now; then it is counted in all three.  `from` is
 * an address as the server sent it, `now_ms` the monotonic clock.  What may
 * not be asked is counted nowhere.
 */
bool limits_take(struct limits *l, const char *from, int64_t now_ms);

#endif

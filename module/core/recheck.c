/* When a proof is looked at again; see recheck.h. */
#include "core/recheck.h"

/* `value`, up to `percent` of it more or less. */
static int64_t
spread(int64_t value, int64_t percent, uint32_t dice)
{
	int64_t width = value * percent / 50; /* both ways */

	return value - width / 2 + width * (int64_t)(dice >> 1) / INT32_MAX;
}

static int64_t
backoff(const struct recheck *r)
{
	int64_t most =
	    r->every_s < RECHECK_MOST_S ? r->every_s : RECHECK_MOST_S;
	int64_t wait = RECHECK_FIRST_S;

	for (unsigned i = 1; i < r->tries && wait < most; i++)
		wait *= 2;
	return wait < most ? wait : most;
}

int64_t
recheck_next(const struct recheck *r, int64_t now_s, uint32_t dice)
{
	int64_t next_s, end_s = r->lost_s + r->grace_s;

	if (r->is_ok)
		return now_s + spread(r->every_s, 10, dice);
	next_s = now_s + spread(backoff(r), 20, dice);
	if (r->lost_s != 0 && now_s < end_s && end_s < next_s)
		next_s = end_s;
	return next_s;
}

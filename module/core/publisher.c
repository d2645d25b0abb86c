/* States and approvals of a publisher; see publisher.h. */
#include "core/publisher.h"

#include <stddef.h>
#include <string.h>

static const char *const state_names[] = {
	[PUBLISHER_NONE] = "",
	[PUBLISHER_APPLIED] = "applied",
	[PUBLISHER_IN_REVIEW] = "in-review",
	[PUBLISHER_APPROVED] = "approved",
	[PUBLISHER_SUSPENDED] = "suspended",
	[PUBLISHER_REJECTED] = "rejected",
	[PUBLISHER_REVOKED] = "revoked",
	[PUBLISHER_EXPIRED] = "expired",
	[PUBLISHER_WITHDRAWN] = "withdrawn",
};

const char *
publisher_state_name(enum publisher_state state)
{
	return state_names[state];
}

enum publisher_state
publisher_state_find(const char *name)
{
	for (size_t i = 1; i < sizeof state_names / sizeof state_names[0]; i++)
		if (strcmp(state_names[i], name) == 0)
			return (enum publisher_state)i;
	return PUBLISHER_NONE;
}

const struct approval *
publisher_approval(const struct publisher *p, const char *category)
{
	for (unsigned i = 0; i < p->approval_count; i++)
		if (strcmp(p->approvals[i].category, category) == 0)
			return &p->approvals[i];
	return NULL;
}

int64_t
approval_end(const struct approval *a)
{
	return a->lapse_s != 0 && a->lapse_s < a->until_s ? a->lapse_s
							  : a->until_s;
}

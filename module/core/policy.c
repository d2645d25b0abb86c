/* The decision about one publication; see policy.h. */
#include "core/policy.h"

#include <stdlib.h>
#include <string.h>

void
policy_clear(struct policy *p)
{
	free(p->categories);
	free(p->places);
	memset(p, 0, sizeof *p);
}

const struct category *
policy_category(const struct policy *p, const char *id)
{
	for (size_t i = 0; i < p->category_count; i++)
		if (strcmp(p->categories[i].id, id) == 0)
			return &p->categories[i];
	return NULL;
}

const struct place *
policy_place_by_id(const struct policy *p, uint32_t id)
{
	for (size_t i = 0; i < p->place_count; i++)
		if (p->places[i].id == id)
			return &p->places[i];
	return NULL;
}

bool
policy_has_host(const struct policy *p, const char *host)
{
	for (size_t i = 0; i < p->place_count; i++)
		if (strcmp(p->places[i].host, host) == 0)
			return true;
	return false;
}

void
policy_number_places(struct policy *p, const struct policy *old)
{
	p->next_place_id =
	    old == NULL || old->next_place_id == 0 ? 1 : old->next_place_id;
	for (size_t i = 0; i < p->place_count; i++) {
		p->places[i].id = 0;
		for (size_t j = 0; old != NULL && j < old->place_count; j++)
			if (place_same_pattern(&p->places[i], &old->places[j]))
				p->places[i].id = old->places[j].id;
		if (p->places[i].id == 0)
			p->places[i].id = p->next_place_id++;
	}
}

static bool
approval_holds(const struct approval *a, int64_t now_s)
{
	return a != NULL && a->since_s <= now_s && now_s < approval_end(a);
}

/* Whether one of the categories is approved and running; where the only
 * ones there are have run out, `*ended_r` is when the last did (else 0), and
 * `*lapsed_r` since when one of them waits for its new agreement. */
static bool
is_approved_for(const struct publisher *who,
    const char categories[][CATEGORY_ID_MAX + 1], unsigned count, int64_t now_s,
    int64_t *ended_r, int64_t *lapsed_r)
{
	*ended_r = *lapsed_r = 0;
	for (unsigned i = 0; i < count; i++) {
		const struct approval *a =
		    publisher_approval(who, categories[i]);

		if (approval_holds(a, now_s))
			return true;
		if (a != NULL && a->until_s <= now_s && a->until_s > *ended_r)
			*ended_r = a->until_s;
		if (a != NULL && now_s < a->until_s && a->since_s <= now_s)
			*lapsed_r = a->lapse_s;
	}
	return false;
}

static struct verdict
pass(enum verdict_rule rule)
{
	return (struct verdict){ .action = VERDICT_PASS, .rule = rule };
}

/* A refusal, or in an observed place the pass that notes it. */
static struct verdict
refuse(enum verdict_rule rule, enum refusal why, int64_t date_s,
    const struct place *where)
{
	struct verdict v = { .action = VERDICT_REFUSE,
		.rule = rule,
		.refusal = why,
		.date_s = date_s,
		.lease_s = REFUSAL_LEASE_S };

	if (where->mode == PLACE_OBSERVE) {
		v.action = VERDICT_PASS;
		v.is_observed = true;
	}
	return v;
}

/* Why an account that is not approved may not do it, from its state. */
static enum refusal
refusal_of_state(const struct publisher *who)
{
	if (who == NULL)
		return REFUSAL_NOT_REGISTERED;
	switch (who->state) {
	case PUBLISHER_NONE:
		return REFUSAL_NOT_REGISTERED;
	case PUBLISHER_APPLIED:
	case PUBLISHER_IN_REVIEW:
		return REFUSAL_APPLICATION_OPEN;
	case PUBLISHER_SUSPENDED:
		return REFUSAL_SUSPENDED;
	case PUBLISHER_REJECTED:
		return REFUSAL_REJECTED;
	case PUBLISHER_REVOKED:
		return REFUSAL_REVOKED;
	case PUBLISHER_EXPIRED:
		return REFUSAL_EXPIRED;
	case PUBLISHER_WITHDRAWN:
		return REFUSAL_WITHDRAWN;
	case PUBLISHER_APPROVED:
		break;
	}
	return REFUSAL_NONE;
}

/* May this account do what these categories may do? */
static struct verdict
decide_by_category(const struct publisher *who, enum verdict_rule rule,
    const char categories[][CATEGORY_ID_MAX + 1], unsigned count,
    const struct place *where, int64_t now_s)
{
	enum refusal why = refusal_of_state(who);
	int64_t ended_s, lapsed_s;

	if (why != REFUSAL_NONE)
		return refuse(rule, why, who == NULL ? 0 : who->state_since_s,
		    where);
	if (is_approved_for(who, categories, count, now_s, &ended_s, &lapsed_s))
		return pass(rule);
	/* What can be put right at once comes before what has ended. */
	if (lapsed_s != 0)
		return refuse(rule, REFUSAL_AGREEMENT_OUTDATED, lapsed_s,
		    where);
	return ended_s != 0 ? refuse(rule, REFUSAL_EXPIRED, ended_s, where)
			    : refuse(rule, REFUSAL_WRONG_CATEGORY, 0, where);
}

/* Which badges the account wears here, and until when at most. */
static void
add_badges(struct verdict *v, const struct publisher *who,
    const struct place *where, int64_t now_s)
{
	if (who == NULL || who->state != PUBLISHER_APPROVED)
		return;
	for (unsigned i = 0; i < where->publish_count; i++) {
		const struct approval *a =
		    publisher_approval(who, where->publish[i]);

		if (!approval_holds(a, now_s))
			continue;
		v->badge_for[v->badge_count++] = (uint8_t)i;
		if (v->badge_until_s == 0 || approval_end(a) < v->badge_until_s)
			v->badge_until_s = approval_end(a);
	}
}

static bool
has_label(const struct publication *what, const char *term)
{
	for (unsigned i = 0; i < what->label_count; i++)
		if (strcmp(what->labels[i], term) == 0)
			return true;
	return false;
}

/*
 * A post that is built from somebody else's goes by the place's `reprint`
 * alone: who may reprint need not be who may publish.
 */
static struct verdict
decide_reprint(const struct publisher *who, const struct place *where,
    int64_t now_s)
{
	struct verdict v;

	if (where->reprint_who == PLACE_REPRINT_ANYONE)
		return pass(RULE_REPRINT);
	if (where->reprint_who == PLACE_REPRINT_NOBODY)
		return refuse(RULE_REPRINT, REFUSAL_REPRINT, 0, where);
	v = decide_by_category(who, RULE_REPRINT, where->reprint,
	    where->reprint_count, where, now_s);
	/* "Not here" would puzzle somebody whose own posts do pass. */
	if (v.refusal == REFUSAL_WRONG_CATEGORY)
		v.refusal = REFUSAL_REPRINT;
	return v;
}

static struct verdict
decide_action(const struct publication *what, const struct publisher *who,
    const struct place *where, int64_t now_s)
{
	if (what->kind == PUBLICATION_JOIN)
		return pass(RULE_JOIN);
	if (where->labelled[0] != '\0' && !has_label(what, where->labelled))
		return pass(RULE_NOT_LABELLED);
	if (where->refuse_encrypted && what->is_encrypted)
		return refuse(RULE_ENCRYPTED, REFUSAL_ENCRYPTION, 0, where);
	if ((where->exempt & place_exempt_find(what->affiliation)) != 0)
		return pass(RULE_EXEMPT);
	if (what->reprint_count > 0)
		return decide_reprint(who, where, now_s);
	return decide_by_category(who, RULE_PUBLISH, where->publish,
	    where->publish_count, where, now_s);
}

struct verdict
policy_decide(const struct publication *what, const struct publisher *who,
    const struct place *where, int64_t now_s)
{
	struct verdict v = decide_action(what, who, where, now_s);

	/* A lease is for ordinary posts, which this one says nothing about:
	 * a reprint that anybody may make gives nobody the right to publish. */
	if (!publication_is_ordinary(what))
		v.lease_s = 0;
	if (v.action != VERDICT_PASS)
		return v;
	if (v.rule != RULE_NOT_LABELLED)
		add_badges(&v, who, where, now_s);
	v.lease_s = publication_is_ordinary(what) ? where->lease_s : 0;
	/* No lease outlives the approval that it stands on. */
	if (v.badge_count > 0 && v.badge_until_s - now_s < v.lease_s)
		v.lease_s = (uint32_t)(v.badge_until_s - now_s);
	return v;
}

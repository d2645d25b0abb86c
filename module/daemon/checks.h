/*
 * The check path: from a guard's question to Masthead's answer.
 *
 *	decoder -> checks_run -> store_lookup -> policy_decide -> badges_get
 *	        -> guard_write_pass | guard_write_refuse
 *
 * Nothing about a check is logged or stored; places count what they decided.
 */
#ifndef DAEMON_CHECKS_H
#define DAEMON_CHECKS_H

#include <stdint.h>

#include "core/err.h"
#include "daemon/badges.h"
#include "daemon/config.h"
#include "store/store.h"
#include "text/catalogue.h"
#include "xmpp/guard.h"

#define CHECKS_EPOCH_MAX 64
#define CHECKS_IN_FLIGHT_MAX 128 /* IQs that wait for a token to be written */

struct checks;

/* What came of questions; `observed` would have been refused. */
struct checks_tally {
	uint64_t passed, refused, observed, unavailable;
};
/* What a place has decided since the start; joins do not count.  Rule NONE
 * has what failed before a rule could decide. */
struct checks_counts {
	struct checks_tally all;
	struct checks_tally by_rule[RULE_COUNT];
};

struct checks_setup {
	struct store *reader; /* borrowed, all of these */
	struct badges *badges;
	struct catalogue *catalogue;
	const char *domain;
	/* Where answers go; NULL while the stream is down. */
	struct buf *(*out)(void *arg);
	void (*flush)(void *arg);
	/* Something that an operator should see, at most once a minute. */
	void (*on_trouble)(void *arg, const char *what, const struct err *e);
	void *arg;
};

int checks_new(struct checks **r, const struct checks_setup *s, struct err *e);
/* After badges_free: every check has ended. */
void checks_free(struct checks *c);

/*
 * The configuration from now on, with its places numbered; taken on success.
 * It comes with an epoch of its own: checks under way end under the one that
 * they began with, and a guard that has been told of the new epoch does not
 * believe their answers.
 */
int checks_set_config(struct checks *c, struct config *fresh, const char *epoch,
    struct err *e);
/* Borrowed until the next checks_set_config. */
const struct config *checks_config(const struct checks *c);

/* Keeps the present configuration alive, for a job on the worker: taken and
 * given back on the loop, read anywhere.  Release NULL is legal. */
struct checks_rules;
struct checks_rules *checks_hold(struct checks *c);
const struct config *checks_rules_config(const struct checks_rules *r);
void checks_release(struct checks_rules *r);

/* A decoder for the next IQ; the same until checks_run takes it.  NULL without
 * memory. */
struct guard_decoder *checks_decoder(struct checks *c);

/* Answers the check that the decoder holds; `host` is the (listed) guard. */
void checks_run(struct checks *c, const char *host, const char *id);

/* Answers an attach: the places of this host.  -1 if the register could not
 * say its serial; then an error has been sent. */
int checks_attach(struct checks *c, const char *host, const char *id,
    int64_t *serial_r);

/* Of one place, by its id; zeroes if it has decided nothing. */
struct checks_counts checks_counts(const struct checks *c, uint32_t place_id);
struct checks_tally checks_totals(const struct checks *c);

#endif

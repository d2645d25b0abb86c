/*
 * The page of a command on which an agreement is read and accepted.
 *
 * What was shown is remembered, version and hash, so that what is accepted is
 * what was read, and nothing that came between.
 */
#ifndef DAEMON_TERMS_H
#define DAEMON_TERMS_H

#include "daemon/counter_case.h"

/* What was shown of one category. */
struct term {
	char category[CATEGORY_ID_MAX + 1];
	int64_t version;
	char lang[CASE_LANG_MAX + 1];
	char sha256[CASE_HASH_LEN + 1];
};

struct terms {
	struct term rows[CASE_CATEGORIES_MAX];
	size_t count;
};

/* Which of the newest agreements the account has not accepted yet, of the
 * categories in `a`; all of them with `is_all`.  0, or -1 if the register
 * cannot be read. */
int terms_find(const struct counter_visit *v, const struct application *a,
    bool is_all, struct terms *r, struct err *e);
/* Adds the texts and a box for each. */
void terms_show(struct counter_visit *v, const struct terms *t, struct form *f);
/* Whether all are accepted; what is not, is marked in the visit's form. */
bool terms_check(struct counter_visit *v, const struct terms *t);
/* Whether they are the newest still. */
bool terms_hold(const struct counter_visit *v, const struct terms *t);
/* For a step; borrowed from `t`. */
void terms_accept(const struct terms *t,
    struct case_acceptance r[CASE_CATEGORIES_MAX]);

#endif

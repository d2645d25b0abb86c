/* Token buckets in a fixed memory; see limits.h. */
#include "daemon/limits.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"

#define SEED_LEN 16
#define NAME_MAX_LEN 3071 /* of an address; a longer one is cut */
#define WHOLE 1000	  /* what one question takes from a level */

struct bucket {
	uint64_t key;  /* 0: nobody's */
	int64_t level; /* questions left, in thousandths */
	int64_t at_ms; /* when it was that */
};

struct limits {
	struct limits_setup s;
	unsigned char seed[SEED_LEN];
	struct bucket accounts[LIMITS_ACCOUNTS];
	struct bucket domains[LIMITS_DOMAINS];
	struct bucket all;
};

int
limits_new(struct limits **r, const struct limits_setup *s, struct err *e)
{
	struct limits *l = calloc(1, sizeof *l);

	if (l == NULL)
		return err_set(e, "no memory for the limits");
	l->s = *s;
	if (hash_random(l->seed, sizeof l->seed, e) == -1) {
		free(l);
		return -1;
	}
	*r = l;
	return 0;
}

void
limits_free(struct limits *l)
{
	free(l);
}

/* What has come in since; a clock that stands still adds nothing. */
static void
refill(struct bucket *b, const struct limits_rate *rate, int64_t now_ms)
{
	int64_t full = (int64_t)rate->burst * WHOLE;
	int64_t passed_ms = now_ms > b->at_ms ? now_ms - b->at_ms : 0;

	/* So many thousandths a millisecond as questions a second. */
	if (rate->per_s > 0 && passed_ms > (full - b->level) / rate->per_s)
		b->level = full;
	else
		b->level += passed_ms * rate->per_s;
	b->at_ms = now_ms;
}

/* A hash of these bytes that nobody outside can foresee; never 0.  All that
 * fail to be hashed share one bucket. */
static uint64_t
key_of(const struct limits *l, const char *name, size_t len)
{
	unsigned char bytes[SEED_LEN + NAME_MAX_LEN], digest[HASH_SHA256_LEN];
	uint64_t key;

	if (len > NAME_MAX_LEN)
		len = NAME_MAX_LEN;
	memcpy(bytes, l->seed, SEED_LEN);
	memcpy(bytes + SEED_LEN, name, len);
	if (hash_sha256(bytes, SEED_LEN + len, digest, NULL) == -1)
		return 1;
	memcpy(&key, digest, sizeof key);
	return key == 0 ? 1 : key;
}

/* The bucket of this key, refilled; a new one takes the place of the fullest
 * of those that it may take. */
static struct bucket *
bucket_find(struct bucket *table, size_t count, uint64_t key,
    const struct limits_rate *rate, int64_t now_ms)
{
	struct bucket *set = table + key % (count / LIMITS_WAYS) * LIMITS_WAYS;
	struct bucket *fullest = set;

	for (size_t i = 0; i < LIMITS_WAYS; i++) {
		if (set[i].key == 0)
			set[i].level = (int64_t)rate->burst * WHOLE;
		refill(&set[i], rate, now_ms);
		if (set[i].key == key)
			return &set[i];
		if (set[i].level > fullest->level)
			fullest = &set[i];
	}
	*fullest = (struct bucket){ .key = key,
		.level = (int64_t)rate->burst * WHOLE,
		.at_ms = now_ms };
	return fullest;
}

bool
limits_take(struct limits *l, const char *from, int64_t now_ms)
{
	size_t bare_len = strcspn(from, "/");
	const char *at = memchr(from, '@', bare_len);
	const char *domain = at == NULL ? from : at + 1;
	size_t domain_len = bare_len - (size_t)(domain - from);
	struct bucket *account = bucket_find(l->accounts, LIMITS_ACCOUNTS,
	    key_of(l, from, bare_len), &l->s.account, now_ms);
	struct bucket *of_domain = bucket_find(l->domains, LIMITS_DOMAINS,
	    key_of(l, domain, domain_len), &l->s.domain, now_ms);

	if (l->all.key == 0) {
		l->all.key = 1;
		l->all.level = (int64_t)l->s.all.burst * WHOLE;
		l->all.at_ms = now_ms;
	}
	refill(&l->all, &l->s.all, now_ms);
	if (account->level < WHOLE || of_domain->level < WHOLE ||
	    l->all.level < WHOLE)
		return false;
	account->level -= WHOLE;
	of_domain->level -= WHOLE;
	l->all.level -= WHOLE;
	return true;
}

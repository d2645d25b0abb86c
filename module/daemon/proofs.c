/* Proofs of domain, and their schedule; see proofs.h. */
#include "daemon/proofs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/recheck.h"
#include "core/tally.h"
#include "core/utf8.h"
#include "crypto/hash.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "net/inspector.h"
#include "text/idn.h"

#define TOKEN_BYTES 20
#define DUE_EVERY_MS 2000
#define PAUSE_MS 60000 /* after trouble with the register */

_Static_assert(CASE_TOKEN_MAX <= CLAIM_TOKEN_MAX, "tokens fit in claims");
_Static_assert((TOKEN_BYTES * 4 + 2) / 3 <= CASE_TOKEN_MAX, "and in rows");

struct proofs {
	struct cases *cases;
	struct catalogue *catalogue;
	struct inspector *inspector;
	struct check *first; /* under way */
	size_t count, scheduled_count;
	int64_t due_ms; /* when to look for what is due */
	struct tally tally;
	bool is_closing;
};

struct check {
	struct proofs *proofs;
	struct check *prev, *next;
	struct proof_row row;
	enum case_role role;
	char by[CASE_BY_MAX + 1];
	char lang[CASE_LANG_MAX + 1];
	bool is_scheduled, is_publisher;
	proofs_done done;
	void *arg;
	struct proofs_outcome outcome;
};

/*
 * Texts.
 */

/* "prove_other_token" of "other-token". */
static void
why_key(enum prover_why why, char r[64])
{
	(void)snprintf(r, 64, "prove_%s", prover_why_name(why));
	for (char *c = r; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
}

void
proofs_explain(struct catalogue *c, const char *lang, const char *domain,
    const struct prover_answer *a, char r[PROOFS_TEXT_MAX])
{
	char name[CASE_DOMAIN_MAX * 4 + 1];
	const struct catalogue_arg args[] = {
		{ .name = "asked", .text = a->asked },
		{ .name = "got", .text = a->got },
		{ .name = "domain", .text = name },
	};
	const size_t count = sizeof args / sizeof *args;
	char asked[CATALOGUE_TEXT_MAX] = "", what[CATALOGUE_TEXT_MAX];
	char key[64];

	idn_to_unicode(domain, name, sizeof name);
	if (a->asked[0] != '\0')
		catalogue_text(c, lang, "prove_asked", args, count, asked,
		    NULL);
	why_key(a->why, key);
	catalogue_text(c, lang, key, args, count, what, NULL);
	(void)snprintf(r, PROOFS_TEXT_MAX, "%s%s%s", asked,
	    asked[0] != '\0' ? " " : "", what);
}

/* As much of it as the register keeps, whole characters. */
static void
detail_of(const struct check *c, char r[CASE_DETAIL_MAX + 1])
{
	char text[PROOFS_TEXT_MAX];
	size_t len = 0, n;

	proofs_explain(c->proofs->catalogue, c->lang, c->row.domain,
	    &c->outcome.answer, text);
	while (text[len] != '\0' && (n = utf8_len(text + len)) != 0 &&
	    len + n <= CASE_DETAIL_MAX)
		len += n;
	memcpy(r, text, len);
	r[len] = '\0';
}

/*
 * Whom a proof is about.
 */

/* Whether the account is on the register with this domain, so that its proof
 * has to go on; 1, 0 or -1.  `lang` (may be NULL) gets its language. */
static int
is_publishers(struct proofs *p, const char *jid, const char *domain,
    char lang[CASE_LANG_MAX + 1], struct err *e)
{
	struct store *s = cases_reader(p->cases);
	struct publisher *publisher = calloc(1, sizeof *publisher);
	struct profile *profile = calloc(1, sizeof *profile);
	int rc = -1;

	if (publisher == NULL || profile == NULL) {
		err_set(e, "no memory to look up a publisher");
		goto out;
	}
	rc = store_publisher_find(s, jid, publisher, e);
	if (rc != 1)
		goto out;
	rc = store_profile_find(s, jid, profile, e);
	if (rc != 1)
		goto out;
	rc = strcmp(profile->domain, domain) == 0 &&
	    (publisher->state == PUBLISHER_APPROVED ||
		publisher->state == PUBLISHER_SUSPENDED);
	if (lang != NULL)
		memcpy(lang, profile->lang, sizeof profile->lang);
out:
	free(publisher);
	free(profile);
	return rc;
}

/* The domain that the account applies with; 1, 0 or -1.  `*since_s`: what was
 * begun before belongs to another application. */
static int
applied_domain(struct proofs *p, const char *jid, char r[CASE_DOMAIN_MAX + 1],
    int64_t *since_s, struct err *e)
{
	struct application *a = malloc(sizeof *a);
	int rc;

	if (a == NULL)
		return err_set(e, "no memory to look up an application");
	rc = store_application_current(cases_reader(p->cases), jid, a, e);
	if (rc == 1) {
		memcpy(r, a->domain, sizeof a->domain);
		*since_s = a->kind == APPLICATION_NEW ? a->created_s : 0;
		rc = a->domain[0] != '\0';
	}
	free(a);
	return rc;
}

static int
profile_domain(struct proofs *p, const char *jid, char r[CASE_DOMAIN_MAX + 1],
    struct err *e)
{
	struct profile *profile = malloc(sizeof *profile);
	int rc;

	if (profile == NULL)
		return err_set(e, "no memory to look up a publisher");
	rc = store_profile_find(cases_reader(p->cases), jid, profile, e);
	if (rc == 1) {
		memcpy(r, profile->domain, sizeof profile->domain);
		rc = profile->domain[0] != '\0';
	}
	free(profile);
	return rc;
}

int
proofs_find(struct proofs *p, const char *jid, struct proof_row *r,
    bool *is_begun, struct err *e)
{
	char domain[CASE_DOMAIN_MAX + 1] = "";
	int64_t since_s = 0;
	int rc = applied_domain(p, jid, domain, &since_s, e);

	*is_begun = false;
	if (rc == 0)
		rc = profile_domain(p, jid, domain, e);
	if (rc != 1)
		return rc;
	memset(r, 0, sizeof *r);
	rc = store_proof_find(cases_reader(p->cases), jid, domain, r, e);
	if (rc == -1)
		return -1;
	*is_begun = rc == 1 && r->token[0] != '\0' && r->begun_s >= since_s;
	(void)snprintf(r->jid, sizeof r->jid, "%s", jid);
	(void)snprintf(r->domain, sizeof r->domain, "%s", domain);
	return 1;
}

int
proofs_token(char r[CASE_TOKEN_MAX + 1], struct err *e)
{
	unsigned char bytes[TOKEN_BYTES];

	if (hash_random(bytes, sizeof bytes, e) == -1)
		return -1;
	hash_base64url(bytes, sizeof bytes, r);
	return 0;
}

/*
 * One check.
 */

static void
check_finish(struct check *c, enum proofs_end end)
{
	struct proofs *p = c->proofs;

	if (c->prev != NULL)
		c->prev->next = c->next;
	else
		p->first = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	p->count--;
	if (c->is_scheduled)
		p->scheduled_count--;
	c->outcome.end = end;
	if (c->done != NULL)
		c->done(c->arg, &c->outcome);
	free(c);
}

static enum proof_outcome
outcome_of(const struct check *c)
{
	switch (c->outcome.answer.outcome) {
	case PROVER_FOUND:
		return PROOF_OK;
	case PROVER_UNKNOWN:
		break;
	case PROVER_MISSING:
		/* Who asks gets to hear it; the schedule looks twice. */
		if (c->role == CASE_SELF || c->row.tries > 0 ||
		    c->row.proved_s == 0)
			return PROOF_FAILED;
		break;
	}
	return PROOF_UNCLEAR;
}

static uint32_t
throw_dice(void)
{
	uint32_t dice = 0;

	/* Without random bits everything is as punctual as can be. */
	(void)hash_random(&dice, sizeof dice, NULL);
	return dice;
}

/* When to look again by ourselves; 0 for never. */
static int64_t
next_of(const struct check *c, enum proof_outcome outcome)
{
	const struct config_proof *q = &cases_config(c->proofs->cases)->proof;
	int64_t now_s = clock_wall_s();
	struct recheck r = { .every_s = q->recheck_s,
		.grace_s = q->grace_s,
		.is_ok = outcome == PROOF_OK,
		.tries = c->row.tries + 1,
		.lost_s = c->row.lost_s };

	/* An applicant asks again, when the mistake is mended. */
	if (outcome != PROOF_OK && !c->is_publisher)
		return 0;
	if (outcome == PROOF_FAILED && r.lost_s == 0)
		r.lost_s = now_s;
	return recheck_next(&r, now_s, throw_dice());
}

static void
log_step(const struct check *c, const struct cases_outcome *o)
{
	if (o->end == CASES_UNAVAILABLE) {
		if (log_once_a_minute("proof-not-recorded"))
			log_event(LOG_ERROR, "proof-not-recorded", "why",
			    o->e.text, NULL);
		return;
	}
	if (o->result.is_suspended || o->result.is_restored)
		log_event(LOG_WARNING, "proof-changes-state", "domain",
		    c->row.domain, "to",
		    o->result.is_suspended ? "suspended" : "approved", "why",
		    prover_why_name(c->outcome.answer.why), NULL);
	else if (c->is_scheduled && c->outcome.answer.outcome != PROVER_FOUND)
		log_event(LOG_INFO, "proof-not-found", "domain", c->row.domain,
		    "why", prover_why_name(c->outcome.answer.why), NULL);
}

static void
on_step(void *arg, const struct cases_outcome *o)
{
	struct check *c = arg;

	c->outcome.step = o->result;
	c->outcome.e = o->e;
	log_step(c, o);
	switch (o->end) {
	case CASES_DONE:
		check_finish(c, PROOFS_DONE);
		return;
	case CASES_REFUSED:
		check_finish(c,
		    o->result.refusal == CASE_LIMIT_ACCOUNT ? PROOFS_LIMIT
							    : PROOFS_REFUSED);
		return;
	case CASES_UNAVAILABLE:
		/* It is due still, and nobody needs to be asked for that. */
		c->proofs->due_ms = clock_mono_ms() + PAUSE_MS;
		check_finish(c, PROOFS_UNAVAILABLE);
		return;
	}
}

/* What a decision that follows from this says; NULL if none can. */
static const char *
reason_of(const struct check *c, enum proof_outcome outcome,
    char r[CATALOGUE_TEXT_MAX])
{
	bool is_back = outcome == PROOF_OK && c->row.lost_s != 0;
	char name[CASE_DOMAIN_MAX * 4 + 1];
	const struct catalogue_arg domain = { .name = "domain", .text = name };

	if (!c->is_publisher || (!is_back && outcome != PROOF_FAILED))
		return NULL;
	idn_to_unicode(c->row.domain, name, sizeof name);
	catalogue_text(c->proofs->catalogue, c->lang,
	    is_back ? "prove_reason_back" : "prove_reason_lost", &domain, 1, r,
	    NULL);
	return r;
}

/* As the register keeps it: "" where nobody looked. */
static const char *
dnssec_of(const struct check *c)
{
	enum dnssec d = c->outcome.answer.dnssec;

	return d != DNSSEC_UNCHECKED ? dnssec_name(d) : "";
}

static void
record(struct check *c, enum proof_outcome outcome, int64_t next_s)
{
	char detail[CASE_DETAIL_MAX + 1], reason[CATALOGUE_TEXT_MAX];
	const struct case_proof proof = { .domain = c->row.domain,
		.method = c->row.method,
		.outcome = outcome,
		.dnssec = dnssec_of(c),
		.detail = detail,
		.next_s = next_s };
	struct case_step step = { .action = CASE_PROOF,
		.jid = c->row.jid,
		.by = c->by,
		.role = c->role,
		.lang =
		    c->role == CASE_SELF && c->lang[0] != '\0' ? c->lang : NULL,
		.reason = reason_of(c, outcome, reason),
		.proof = &proof };

	detail_of(c, detail);
	cases_step(c->proofs->cases, &step, on_step, c);
}

static void
on_checked(void *arg, const struct prover_answer *a)
{
	struct check *c = arg;
	enum proof_outcome outcome;
	int rc;

	c->outcome.answer = *a;
	if (c->proofs->is_closing) {
		err_set(&c->outcome.e, "Masthead is being stopped");
		check_finish(c, PROOFS_UNAVAILABLE);
		return;
	}
	/* Trouble of our own: for the operator, whoever asked. */
	if ((a->why == PROVER_RESOLVER || a->why == PROVER_FAULT) &&
	    log_once_a_minute("proof-not-checked"))
		log_event(LOG_WARNING, "proof-not-checked", "asked", a->asked,
		    "why", prover_why_name(a->why), "got", a->got, NULL);
	rc = is_publishers(c->proofs, c->row.jid, c->row.domain, NULL,
	    &c->outcome.e);
	if (rc == -1) {
		c->proofs->due_ms = clock_mono_ms() + PAUSE_MS;
		check_finish(c, PROOFS_UNAVAILABLE);
		return;
	}
	c->is_publisher = rc == 1;
	outcome = outcome_of(c);
	record(c, outcome, next_of(c, outcome));
}

static bool
is_running(const struct proofs *p, const char *jid)
{
	for (const struct check *c = p->first; c != NULL; c = c->next)
		if (strcmp(c->row.jid, jid) == 0)
			return true;
	return false;
}

/* Whether the account, and all of its server, may ask once more today. */
static bool
may_ask(struct proofs *p, const char *jid)
{
	const struct config_limits *l = &cases_config(p->cases)->limits;
	const char *at = strchr(jid, '@');
	int64_t now_ms = clock_mono_ms();

	return tally_count(&p->tally, jid, l->proofs_per_account, now_ms) &&
	    (at == NULL ||
		tally_count(&p->tally, at, l->proofs_per_domain, now_ms));
}

/* Whether the configuration allows this way of proving; if not, that is the
 * answer, and nobody is asked. */
static bool
is_switched_on(struct check *c)
{
	unsigned on = cases_config(c->proofs->cases)->proof.methods;
	struct prover_answer a = { .outcome = PROVER_UNKNOWN,
		.why = PROVER_FAULT };
	bool is_dns = c->row.method == PROOF_DNS;

	if ((on & (is_dns ? CONFIG_PROOF_DNS : CONFIG_PROOF_HTTPS)) != 0)
		return true;
	(void)snprintf(a.got, sizeof a.got, "proofs by %s are switched off",
	    is_dns ? "DNS" : "HTTPS");
	on_checked(c, &a);
	return false;
}

/* -1 if it cannot be; otherwise `c` may have ended already. */
static int
check_start(struct check *c, struct err *e)
{
	const struct config_proof *q = &cases_config(c->proofs->cases)->proof;
	const struct prover_question question = {
		.method =
		    c->row.method == PROOF_DNS ? PROVER_DNS : PROVER_HTTPS,
		.domain = c->row.domain,
		.token = c->row.token,
		.https_port = (uint16_t)q->https_port,
		.ca_file = q->ca_file,
		.timeout_ms = (unsigned)q->timeout_s * 1000,
		.may_be_private = q->may_be_private,
	};

	if (!is_switched_on(c))
		return 0;
	return inspector_check(c->proofs->inspector, &question, on_checked, c,
	    e);
}

static struct check *
check_new(struct proofs *p, const struct proof_row *row, enum case_role role,
    const char *by, const char *lang)
{
	struct check *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->proofs = p;
	c->row = *row;
	c->role = role;
	c->outcome.domain = c->row.domain;
	(void)snprintf(c->by, sizeof c->by, "%s", by);
	(void)snprintf(c->lang, sizeof c->lang, "%s", lang != NULL ? lang : "");
	c->next = p->first;
	if (c->next != NULL)
		c->next->prev = c;
	p->first = c;
	p->count++;
	return c;
}

static void
refuse(enum proofs_end end, const char *why, proofs_done done, void *arg)
{
	struct proofs_outcome *o = calloc(1, sizeof *o);
	static const struct proofs_outcome none = { .domain = "" };

	if (o == NULL) {
		done(arg, &none);
		return;
	}
	o->end = end;
	o->domain = "";
	err_set(&o->e, "%s", why);
	done(arg, o);
	free(o);
}

void
proofs_check(struct proofs *p, const struct proof_row *row, enum case_role role,
    const char *by, const char *lang, proofs_done done, void *arg)
{
	struct check *c;

	if (is_running(p, row->jid)) {
		refuse(PROOFS_RUNNING, "a check of this account is under way",
		    done, arg);
		return;
	}
	if (p->is_closing || p->count >= PROOFS_UNDER_WAY_MAX) {
		refuse(PROOFS_UNAVAILABLE, "too many checks are under way",
		    done, arg);
		return;
	}
	if (role == CASE_SELF && !may_ask(p, row->jid)) {
		refuse(PROOFS_LIMIT, "enough checks for a day", done, arg);
		return;
	}
	c = check_new(p, row, role, by, lang);
	if (c == NULL) {
		refuse(PROOFS_UNAVAILABLE, "no memory", done, arg);
		return;
	}
	c->done = done;
	c->arg = arg;
	if (check_start(c, &c->outcome.e) == -1)
		check_finish(c, PROOFS_UNAVAILABLE);
}

/*
 * The schedule.
 */

struct due {
	struct proof_row rows[PROOFS_SCHEDULED_MAX];
	size_t count;
	struct proofs *proofs;
};

static int
add_due(void *arg, const struct proof_row *row)
{
	struct due *d = arg;

	if (!is_running(d->proofs, row->jid))
		d->rows[d->count++] = *row;
	return d->count == PROOFS_SCHEDULED_MAX;
}

static void
begin_due(struct proofs *p, const struct proof_row *row)
{
	char lang[CASE_LANG_MAX + 1] = "";
	struct check *c = NULL;
	struct err e = { "no memory" };

	if (is_publishers(p, row->jid, row->domain, lang, &e) != -1)
		c = check_new(p, row, CASE_SYSTEM, CASE_BY_SYSTEM, lang);
	if (c == NULL) {
		p->due_ms = clock_mono_ms() + PAUSE_MS;
		if (log_once_a_minute("proof-not-recorded"))
			log_event(LOG_ERROR, "proof-not-recorded", "why",
			    e.text, NULL);
		return;
	}
	c->is_scheduled = true;
	p->scheduled_count++;
	if (check_start(c, &e) == -1)
		check_finish(c, PROOFS_UNAVAILABLE);
}

void
proofs_tick(struct proofs *p)
{
	int64_t now_ms = clock_mono_ms();
	size_t room = PROOFS_SCHEDULED_MAX - p->scheduled_count;
	struct due *d;
	struct err e;

	if (p->is_closing || now_ms < p->due_ms || room == 0)
		return;
	p->due_ms = now_ms + DUE_EVERY_MS;
	d = calloc(1, sizeof *d);
	if (d == NULL)
		return;
	d->proofs = p;
	if (store_proof_due(cases_reader(p->cases), clock_wall_s(),
		PROOFS_SCHEDULED_MAX + (unsigned)p->count, add_due, d,
		&e) == -1)
		p->due_ms = now_ms + PAUSE_MS;
	for (size_t i = 0; i < d->count && i < room; i++)
		begin_due(p, &d->rows[i]);
	free(d);
}

/*
 * The whole.
 */

int
proofs_new(struct proofs **r, const struct proofs_setup *s,
    const struct config *c, struct err *e)
{
	const struct resolver_setup dns = { .server = c->proof.resolver,
		.trust_anchor = c->proof.trust_anchor };
	struct proofs *p = calloc(1, sizeof *p);

	if (p == NULL)
		return err_set(e, "no memory for proofs of domains");
	p->cases = s->cases;
	p->catalogue = s->catalogue;
	if (hash_random(&p->tally.seed, sizeof p->tally.seed, e) == -1 ||
	    inspector_new(&p->inspector, s->loop, &dns, e) == -1) {
		free(p);
		return err_prefix(e, "proof");
	}
	*r = p;
	return 0;
}

void
proofs_close(struct proofs *p)
{
	if (p == NULL || p->is_closing)
		return;
	p->is_closing = true;
	inspector_close(p->inspector);
}

void
proofs_free(struct proofs *p)
{
	free(p);
}

struct cases *
proofs_cases(const struct proofs *p)
{
	return p->cases;
}

/* Cases of publishers over the register's backends; see cases.h. */
#include "store/cases.h"

#include <string.h>

#include "store/backend.h"
#include "store/caseflow.h"

/* What is read in one call belongs to one snapshot. */
#define READ(s, e, call)                                                       \
	do {                                                                   \
		int64_t serial_;                                               \
		int rc_;                                                       \
                                                                               \
		if (store_lookup_begin(s, &serial_, e) < 0)                    \
			return -1;                                             \
		rc_ = call;                                                    \
		store_lookup_end(s);                                           \
		return rc_;                                                    \
	} while (0)

int
store_case_step(struct store *s, const struct case_step *step,
    const struct case_rules *rules, struct case_result *r, struct err *e)
{
	memset(r, 0, sizeof *r);
	if (caseflow_check(step, r, e) < 0)
		return -1;
	return s->backend->case_step(s->handle, step, rules, r, e);
}

int
store_application_find(struct store *s, const char *id, struct application *r,
    struct err *e)
{
	READ(s, e, s->backend->application_find(s->handle, id, r, e));
}

int
store_application_current(struct store *s, const char *jid,
    struct application *r, struct err *e)
{
	READ(s, e, s->backend->application_current(s->handle, jid, r, e));
}

int
store_application_list(struct store *s, const struct application_page *p,
    int (*each)(void *arg, const struct application *a), void *arg,
    struct err *e)
{
	READ(s, e, s->backend->application_list(s->handle, p, each, arg, e));
}

int
store_application_of(struct store *s, const char *jid, unsigned limit,
    int (*each)(void *arg, const struct application *a), void *arg,
    struct err *e)
{
	READ(s, e,
	    s->backend->application_of(s->handle, jid, limit, each, arg, e));
}

int
store_acceptance_list(struct store *s, const char *jid,
    int (*each)(void *arg, const struct acceptance_row *a), void *arg,
    struct err *e)
{
	READ(s, e, s->backend->acceptance_list(s->handle, jid, each, arg, e));
}

int
store_vote_list(struct store *s, const char *application,
    int (*each)(void *arg, const struct vote_row *v), void *arg, struct err *e)
{
	READ(s, e, s->backend->vote_list(s->handle, application, each, arg, e));
}

int
store_votes_needed(struct store *s, const struct application *a,
    const struct case_rules *rules, unsigned *r, struct err *e)
{
	READ(s, e, s->backend->votes_needed(s->handle, a, rules, r, e));
}

int
store_identity_list(struct store *s, const char *jid,
    int (*each)(void *arg, const struct identity_row *i), void *arg,
    struct err *e)
{
	READ(s, e, s->backend->identity_list(s->handle, jid, each, arg, e));
}

int
store_profile_find(struct store *s, const char *jid, struct profile *r,
    struct err *e)
{
	READ(s, e, s->backend->profile_find(s->handle, jid, r, e));
}

int
store_proof_find(struct store *s, const char *jid, const char *domain,
    struct proof_row *r, struct err *e)
{
	READ(s, e, s->backend->proof_find(s->handle, jid, domain, r, e));
}

int
store_proof_due(struct store *s, int64_t now_s, unsigned limit,
    int (*each)(void *arg, const struct proof_row *p), void *arg, struct err *e)
{
	READ(s, e,
	    s->backend->proof_due(s->handle, now_s, limit, each, arg, e));
}

int
store_event_list(struct store *s, const char *jid, const char *object,
    int64_t after, unsigned limit,
    int (*each)(void *arg, const struct event_row *v), void *arg, struct err *e)
{
	READ(s, e,
	    s->backend->event_list(s->handle, jid, object, after, limit, each,
		arg, e));
}

int
store_appeal_find(struct store *s, const char *id, struct appeal_row *r,
    struct err *e)
{
	READ(s, e, s->backend->appeal_find(s->handle, id, r, e));
}

int
store_appeal_list(struct store *s, enum appeal_state state, int64_t after_s,
    const char *after_id, unsigned limit,
    int (*each)(void *arg, const struct appeal_row *a), void *arg,
    struct err *e)
{
	READ(s, e,
	    s->backend->appeal_list(s->handle, state, after_s, after_id, limit,
		each, arg, e));
}

int
store_appealable(struct store *s, const char *jid, int64_t *decision_r,
    struct err *e)
{
	READ(s, e, s->backend->appealable(s->handle, jid, decision_r, e));
}

int
store_report_find(struct store *s, const char *id, struct report_row *r,
    struct err *e)
{
	READ(s, e, s->backend->report_find(s->handle, id, r, e));
}

int
store_report_list(struct store *s, bool is_open, int64_t after_s,
    const char *after_id, unsigned limit,
    int (*each)(void *arg, const struct report_row *a), void *arg,
    struct err *e)
{
	READ(s, e,
	    s->backend->report_list(s->handle, is_open, after_s, after_id,
		limit, each, arg, e));
}

int
store_reporter_list(struct store *s, const char *report,
    int (*each)(void *arg, const struct reporter_row *a), void *arg,
    struct err *e)
{
	READ(s, e, s->backend->reporter_list(s->handle, report, each, arg, e));
}

int
store_evidence_find(struct store *s, const char *id,
    int (*each)(void *arg, const struct evidence_row *v), void *arg,
    struct err *e)
{
	READ(s, e, s->backend->evidence_find(s->handle, id, each, arg, e));
}

int
store_evidence_list(struct store *s, const char *jid,
    int (*each)(void *arg, const struct evidence_row *v), void *arg,
    struct err *e)
{
	READ(s, e, s->backend->evidence_list(s->handle, jid, each, arg, e));
}

int
store_evidence_stale(struct store *s, const unsigned char *key, unsigned limit,
    int (*each)(void *arg, const struct evidence_row *v), void *arg,
    struct err *e)
{
	READ(s, e,
	    s->backend->evidence_stale(s->handle, key, limit, each, arg, e));
}

int
store_evidence_stale_count(struct store *s, const unsigned char *key,
    int64_t *r, struct err *e)
{
	READ(s, e, s->backend->evidence_stale_count(s->handle, key, r, e));
}

int
store_evidence_replace(struct store *s, const struct evidence_swap *v,
    size_t count, struct err *e)
{
	return s->backend->evidence_replace(s->handle, v, count, e);
}

int
store_notice_list(struct store *s, int64_t after, unsigned limit,
    int (*each)(void *arg, const struct notice_row *n), void *arg,
    struct err *e)
{
	READ(s, e,
	    s->backend->notice_list(s->handle, after, limit, each, arg, e));
}

int
store_notice_done(struct store *s, const int64_t *ids, size_t count,
    struct err *e)
{
	return s->backend->notice_done(s->handle, ids, count, e);
}

int
store_agreement_list(struct store *s,
    int (*each)(void *arg, const struct agreement_row *a), void *arg,
    struct err *e)
{
	READ(s, e, s->backend->agreement_list(s->handle, each, arg, e));
}

int
store_agreement_sync(struct store *s, const struct agreement_row *files,
    size_t count, const struct agreement_grace *grace, size_t grace_count,
    int64_t now_s, int64_t *serial_r, struct err *e)
{
	return s->backend->agreement_sync(s->handle, files, count, grace,
	    grace_count, now_s, serial_r, e);
}

int
store_due(struct store *s, const struct due_rules *rules, int64_t now_s,
    unsigned limit, struct due_result *r, struct err *e)
{
	memset(r, 0, sizeof *r);
	return s->backend->due(s->handle, rules, now_s, limit, r, e);
}

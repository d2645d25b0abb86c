/*
 * What a kind of database has to offer to hold the register.  One row of
 * store.c's table each; the contracts are those of store.h.  Arguments have
 * been checked by then (lifecycle.h), so a backend sees none that is illegal
 * in itself.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

#include "store/cases.h"
#include "store/store.h"

struct store_backend {
	const char *scheme; /* what the URL has before the colon */

	int (*open)(void **handle_r, const char *rest, enum store_mode mode,
	    struct err *e);
	void (*close)(void *handle);
	int (*ping)(void *handle, struct err *e);
	int (*serial)(void *handle, int64_t *serial_r, struct err *e);

	int (*lookup_begin)(void *handle, int64_t *serial_r, struct err *e);
	void (*lookup_end)(void *handle);
	void (*lookup)(void *handle, const char *jid, store_publisher_cb done,
	    void *arg);
	int (*publisher_find)(void *handle, const char *jid,
	    struct publisher *r, struct err *e);
	int (*publisher_list)(void *handle, const char *after, unsigned limit,
	    enum publisher_state state,
	    int (*each)(void *arg, const struct publisher *p), void *arg,
	    struct err *e);
	int (*publisher_count)(void *handle, int64_t *r, struct err *e);
	/* `d->name` is trimmed. */
	int (*decide)(void *handle, const struct decision *d, int64_t *serial_r,
	    int64_t *case_r, struct err *e);
	int (*history)(void *handle, const char *jid,
	    int (*each)(void *arg, const struct decision_row *d), void *arg,
	    struct err *e);

	int (*token_find)(void *handle, const char *jid, const char *aud,
	    const char *occupant, const char *kid, struct token_row *r,
	    struct err *e);
	int (*token_by_id)(void *handle, const char *id, struct token_row *r,
	    struct err *e);
	int (*token_add)(void *handle, const char *jid, const char *aud,
	    const char *occupant, const struct token_row *t, struct err *e);
	int (*token_expire)(void *handle, int64_t before_s, int64_t *count_r,
	    struct err *e);

	int (*key_add)(void *handle, const struct key_row *k, int64_t now_s,
	    const char *by, struct err *e);
	int (*key_retire)(void *handle, const char *kid, int64_t now_s,
	    const char *by, struct err *e);
	int (*key_revoke)(void *handle, const char *kid, int64_t since_s,
	    int64_t now_s, const char *by, const char *reason,
	    int64_t *serial_r, struct err *e);
	int (*key_list)(void *handle,
	    int (*each)(void *arg, const struct key_row *k), void *arg,
	    struct err *e);

	int (*sync_config)(void *handle, const char *const *category_ids,
	    const char *const *category_titles, size_t category_count,
	    const struct staff_entry *staff, size_t staff_count, int64_t now_s,
	    int64_t *serial_r, struct err *e);

	/* Cases.  Steps have passed caseflow_check. */
	int (*case_step)(void *handle, const struct case_step *step,
	    const struct case_rules *rules, struct case_result *r,
	    struct err *e);
	int (*application_find)(void *handle, const char *id,
	    struct application *r, struct err *e);
	int (*application_current)(void *handle, const char *jid,
	    struct application *r, struct err *e);
	int (*application_list)(void *handle, const struct application_page *p,
	    int (*each)(void *arg, const struct application *a), void *arg,
	    struct err *e);
	int (*application_of)(void *handle, const char *jid, unsigned limit,
	    int (*each)(void *arg, const struct application *a), void *arg,
	    struct err *e);
	int (*acceptance_list)(void *handle, const char *jid,
	    int (*each)(void *arg, const struct acceptance_row *a), void *arg,
	    struct err *e);
	int (*vote_list)(void *handle, const char *application,
	    int (*each)(void *arg, const struct vote_row *v), void *arg,
	    struct err *e);
	int (*votes_needed)(void *handle, const struct application *a,
	    const struct case_rules *rules, unsigned *r, struct err *e);
	int (*identity_list)(void *handle, const char *jid,
	    int (*each)(void *arg, const struct identity_row *i), void *arg,
	    struct err *e);
	int (*profile_find)(void *handle, const char *jid, struct profile *r,
	    struct err *e);
	int (*proof_find)(void *handle, const char *jid, const char *domain,
	    struct proof_row *r, struct err *e);
	int (*proof_due)(void *handle, int64_t now_s, unsigned limit,
	    int (*each)(void *arg, const struct proof_row *p), void *arg,
	    struct err *e);
	int (*event_list)(void *handle, const char *jid, const char *object,
	    int64_t after, unsigned limit,
	    int (*each)(void *arg, const struct event_row *v), void *arg,
	    struct err *e);
	int (*appeal_find)(void *handle, const char *id, struct appeal_row *r,
	    struct err *e);
	int (*appeal_list)(void *handle, enum appeal_state state,
	    int64_t after_s, const char *after_id, unsigned limit,
	    int (*each)(void *arg, const struct appeal_row *a), void *arg,
	    struct err *e);
	int (*appealable)(void *handle, const char *jid, int64_t *decision_r,
	    struct err *e);
	int (*report_find)(void *handle, const char *id, struct report_row *r,
	    struct err *e);
	int (*report_list)(void *handle, bool is_open, int64_t after_s,
	    const char *after_id, unsigned limit,
	    int (*each)(void *arg, const struct report_row *a), void *arg,
	    struct err *e);
	int (*reporter_list)(void *handle, const char *report,
	    int (*each)(void *arg, const struct reporter_row *a), void *arg,
	    struct err *e);
	int (*evidence_find)(void *handle, const char *id,
	    int (*each)(void *arg, const struct evidence_row *v), void *arg,
	    struct err *e);
	int (*evidence_list)(void *handle, const char *jid,
	    int (*each)(void *arg, const struct evidence_row *v), void *arg,
	    struct err *e);
	int (*evidence_stale)(void *handle, const unsigned char *key,
	    unsigned limit,
	    int (*each)(void *arg, const struct evidence_row *v), void *arg,
	    struct err *e);
	int (*evidence_stale_count)(void *handle, const unsigned char *key,
	    int64_t *r, struct err *e);
	int (*evidence_replace)(void *handle, const struct evidence_swap *v,
	    size_t count, struct err *e);
	int (*notice_list)(void *handle, int64_t after, unsigned limit,
	    int (*each)(void *arg, const struct notice_row *n), void *arg,
	    struct err *e);
	int (*notice_done)(void *handle, const int64_t *ids, size_t count,
	    struct err *e);
	int (*agreement_list)(void *handle,
	    int (*each)(void *arg, const struct agreement_row *a), void *arg,
	    struct err *e);
	int (*agreement_sync)(void *handle, const struct agreement_row *files,
	    size_t count, const struct agreement_grace *grace,
	    size_t grace_count, int64_t now_s, int64_t *serial_r,
	    struct err *e);
	int (*due)(void *handle, const struct due_rules *rules, int64_t now_s,
	    unsigned limit, struct due_result *r, struct err *e);
};

/* A register over its backend; for the files that make up its interface. */
struct store {
	const struct store_backend *backend;
	void *handle;
};

extern const struct store_backend sqlite_backend;

#endif

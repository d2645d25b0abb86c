/*
 * What a kind of database has to offer to hold the register.  One row of
 * store.c's table each; the contracts are those of store.h.  Arguments have
 * been checked by then (lifecycle.h), so a backend sees none that is illegal
 * in itself.
 */
#ifndef STORE_BACKEND_H
#define STORE_BACKEND_H

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
};

extern const struct store_backend sqlite_backend;

#endif

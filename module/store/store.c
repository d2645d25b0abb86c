/* The register's interface over its backends; see store.h. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>

#include "store/backend.h"
#include "store/lifecycle.h"

static const struct store_backend *const backends[] = {
	&sqlite_backend,
};

/* The backend of a URL; `*rest_r` is what follows the colon. */
static const struct store_backend *
backend_find(const char *url, const char **rest_r)
{
	for (size_t i = 0; i < sizeof backends / sizeof backends[0]; i++) {
		size_t len = strlen(backends[i]->scheme);

		if (strncmp(url, backends[i]->scheme, len) != 0 ||
		    url[len] != ':')
			continue;
		*rest_r = url + len + 1;
		return backends[i];
	}
	return NULL;
}

int
store_open(struct store **r, const char *url, enum store_mode mode,
    struct err *e)
{
	const char *rest;
	const struct store_backend *b = backend_find(url, &rest);
	struct store *s;

	*r = NULL;
	if (b == NULL)
		return err_set(e, "\"%s\" is no store: want sqlite:/PATH", url);
	s = calloc(1, sizeof *s);
	if (s == NULL)
		return err_set(e, "no memory for the register");
	s->backend = b;
	if (b->open(&s->handle, rest, mode, e) < 0) {
		free(s);
		return -1;
	}
	*r = s;
	return 0;
}

void
store_close(struct store *s)
{
	if (s == NULL)
		return;
	s->backend->close(s->handle);
	free(s);
}

int
store_ping(struct store *s, struct err *e)
{
	return s->backend->ping(s->handle, e);
}

int
store_serial(struct store *s, int64_t *serial_r, struct err *e)
{
	return s->backend->serial(s->handle, serial_r, e);
}

int
store_lookup_begin(struct store *s, int64_t *serial_r, struct err *e)
{
	return s->backend->lookup_begin(s->handle, serial_r, e);
}

void
store_lookup_end(struct store *s)
{
	s->backend->lookup_end(s->handle);
}

void
store_lookup(struct store *s, const char *jid, store_publisher_cb done,
    void *arg)
{
	s->backend->lookup(s->handle, jid, done, arg);
}

int
store_publisher_find(struct store *s, const char *jid, struct publisher *r,
    struct err *e)
{
	return s->backend->publisher_find(s->handle, jid, r, e);
}

int
store_publisher_list(struct store *s, const char *after, unsigned limit,
    enum publisher_state state,
    int (*each)(void *arg, const struct publisher *p), void *arg, struct err *e)
{
	return s->backend->publisher_list(s->handle, after, limit, state, each,
	    arg, e);
}

int
store_publisher_count(struct store *s, int64_t *r, struct err *e)
{
	return s->backend->publisher_count(s->handle, r, e);
}

int
store_decide(struct store *s, const struct decision *d, int64_t *serial_r,
    int64_t *case_r, struct err *e)
{
	char name[PUBLISHER_NAME_MAX + 1];
	struct decision checked = *d;

	if (lifecycle_check(d, name, e) < 0)
		return -1;
	checked.name = name;
	if (checked.reason == NULL)
		checked.reason = "";
	if (d->action != DECISION_APPROVE) {
		checked.category = "";
		checked.until_s = 0;
	}
	return s->backend->decide(s->handle, &checked, serial_r, case_r, e);
}

int
store_history(struct store *s, const char *jid,
    int (*each)(void *arg, const struct decision_row *d), void *arg,
    struct err *e)
{
	return s->backend->history(s->handle, jid, each, arg, e);
}

int
store_token_find(struct store *s, const char *jid, const char *aud,
    const char *occupant, const char *kid, struct token_row *r, struct err *e)
{
	return s->backend->token_find(s->handle, jid, aud, occupant, kid, r, e);
}

int
store_token_by_id(struct store *s, const char *id, struct token_row *r,
    struct err *e)
{
	return s->backend->token_by_id(s->handle, id, r, e);
}

int
store_token_add(struct store *s, const char *jid, const char *aud,
    const char *occupant, const struct token_row *t, struct err *e)
{
	return s->backend->token_add(s->handle, jid, aud, occupant, t, e);
}

int
store_token_expire(struct store *s, int64_t before_s, int64_t *count_r,
    struct err *e)
{
	return s->backend->token_expire(s->handle, before_s, count_r, e);
}

int
store_key_add(struct store *s, const struct key_row *k, int64_t now_s,
    const char *by, struct err *e)
{
	if (lifecycle_text_check(by, LIFECYCLE_BY_MAX, "who decides", e) < 0)
		return -1;
	return s->backend->key_add(s->handle, k, now_s, by, e);
}

int
store_key_retire(struct store *s, const char *kid, int64_t now_s,
    const char *by, struct err *e)
{
	if (lifecycle_text_check(by, LIFECYCLE_BY_MAX, "who decides", e) < 0)
		return -1;
	return s->backend->key_retire(s->handle, kid, now_s, by, e);
}

int
store_key_revoke(struct store *s, const char *kid, int64_t since_s,
    int64_t now_s, const char *by, const char *reason, int64_t *serial_r,
    struct err *e)
{
	if (lifecycle_text_check(by, LIFECYCLE_BY_MAX, "who decides", e) < 0 ||
	    lifecycle_text_check(reason, PUBLISHER_REASON_MAX, "the reason",
		e) < 0)
		return -1;
	if (since_s < 1)
		return err_set(e, "a key is revoked from a date on");
	return s->backend->key_revoke(s->handle, kid, since_s, now_s, by,
	    reason, serial_r, e);
}

int
store_key_list(struct store *s, int (*each)(void *arg, const struct key_row *k),
    void *arg, struct err *e)
{
	return s->backend->key_list(s->handle, each, arg, e);
}

int
store_sync_config(struct store *s, const char *const *category_ids,
    const char *const *category_titles, size_t category_count,
    const struct staff_entry *staff, size_t staff_count, int64_t now_s,
    int64_t *serial_r, struct err *e)
{
	if (staff_count > STAFF_MAX)
		return err_set(e, "more than %d staff", STAFF_MAX);
	return s->backend->sync_config(s->handle, category_ids, category_titles,
	    category_count, staff, staff_count, now_s, serial_r, e);
}

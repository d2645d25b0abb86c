/* key list, key rotate, key revoke: the signing keys. */
#include <stdlib.h>
#include <string.h>

#include "core/when.h"
#include "daemon/clock.h"
#include "daemon/commands.h"

struct key_list {
	const char *active_kid;
	json_t *keys;
};

static int
add_key(void *arg, const struct key_row *k)
{
	struct key_list *l = arg;
	const char *state = k->revoked_s != 0	 ? "revoked"
	    : k->retired_s != 0			 ? "retired"
	    : strcmp(k->kid, l->active_kid) == 0 ? "signs"
						 : "waits";

	(void)json_array_append_new(l->keys,
	    json_pack("{s:s, s:s, s:o, s:o, s:o}", "kid", k->kid, "state",
		state, "since", commands_date(k->nbf_s), "retired",
		commands_date(k->retired_s), "revoked",
		commands_date(k->revoked_s)));
	return 0;
}

void
command_key_list(struct control_request *q)
{
	const struct daemon *d = commands_daemon(q);
	struct key_list l = { key_kid(d->keyring.active), json_array() };
	struct err e = { "" };

	if (store_key_list(d->reader, add_key, &l, &e) == -1) {
		json_decref(l.keys);
		control_fail(q, CTL_UNAVAILABLE, "%s", e.text);
		return;
	}
	control_reply(q, CTL_OK, json_pack("{s:o}", "keys", l.keys));
}

/* A change of the keys on its way. */
struct key_job {
	struct control_request *request;
	struct keyring_change *change; /* owned */
};

static void
key_job_free(struct key_job *j)
{
	keyring_change_free(j->change);
	free(j);
}

/* On the worker's thread. */
static int
rotate_apply(struct store *s, void *arg, struct err *e)
{
	struct key_job *j = arg;

	return keyring_rotate(s, j->change, e);
}

static int
revoke_apply(struct store *s, void *arg, struct err *e)
{
	struct key_job *j = arg;

	return keyring_revoke(s, j->change, e);
}

/*
 * Hats and leases carry badges under the old key: a revocation voids them
 * all, and the guards ask again.  A rotation leaves them in peace.
 */
static void
key_job_done(void *arg, int rc, const struct err *e)
{
	struct key_job *j = arg;
	struct control_request *q = j->request;
	struct daemon *d = commands_daemon(q);
	int64_t serial = j->change->serial;
	json_t *r;

	keyring_take(&d->keyring, j->change);
	if (rc == -1 && serial != 0)
		guards_recall(d->guards, serial, NULL, NULL, NULL);
	if (rc == -1) {
		control_fail(q, CTL_UNAVAILABLE, "%s", e->text);
		key_job_free(j);
		return;
	}
	r = json_pack("{s:s, s:s}", "active", key_kid(d->keyring.active),
	    j->change->kid[0] != '\0' ? "revoked" : "retired",
	    j->change->kid[0] != '\0' ? j->change->kid
				      : j->change->retired_kid);
	key_job_free(j);
	if (serial != 0)
		commands_recall_and_reply(q, r, serial, NULL);
	else
		control_reply(q, CTL_OK, r);
}

/* Takes `change` over; NULL means that there was no memory for it. */
static void
key_job_post(struct control_request *q, struct keyring_change *change,
    writer_job run)
{
	struct key_job *j = calloc(1, sizeof *j);
	struct err e = { "no memory" };

	if (j != NULL && change != NULL) {
		j->request = q;
		j->change = change;
		if (writer_post(commands_daemon(q)->writer, run, key_job_done,
			j, &e) == 0)
			return;
	}
	keyring_change_free(change);
	free(j);
	control_fail(q, CTL_UNAVAILABLE, "%s", e.text);
}

void
command_key_rotate(struct control_request *q)
{
	struct daemon *d = commands_daemon(q);

	key_job_post(q,
	    keyring_change_new(&d->keyring, control_by(q), NULL, NULL, 0,
		clock_wall_s()),
	    rotate_apply);
}

struct key_wanted {
	const char *kid;
	struct key_row row;
	int found;
};

static int
find_key(void *arg, const struct key_row *k)
{
	struct key_wanted *w = arg;

	w->found = strcmp(k->kid, w->kid) == 0;
	if (w->found)
		w->row = *k;
	return w->found;
}

/* What is wrong with revoking this key from then on; CTL_OK if nothing. */
static enum ctl_exit
check_revocation(struct store *s, const char *kid, int64_t since_s,
    int64_t now_s, struct err *e)
{
	struct key_wanted w = { .kid = kid };

	if (store_key_list(s, find_key, &w, e) == -1)
		return CTL_UNAVAILABLE;
	if (!w.found)
		(void)err_set(e, "there is no key %s", kid);
	else if (since_s > now_s)
		(void)err_set(e, "--since is in the future");
	else if (since_s < 1)
		(void)err_set(e, "--since is before there were keys");
	else if (w.row.revoked_s != 0 && since_s >= w.row.revoked_s)
		(void)err_set(e,
		    "%s is revoked already, from an earlier time "
		    "on",
		    kid);
	else
		return CTL_OK;
	return CTL_REFUSED;
}

void
command_key_revoke(struct control_request *q)
{
	struct daemon *d = commands_daemon(q);
	const struct ctl_args *a = control_args(q);
	const char *kid = a->operands[0];
	int64_t since_s = 0, now_s = clock_wall_s();
	struct err e = { "" };
	enum ctl_exit code;

	if (when_parse(ctl_option(a, "--since"), &since_s, &e) == -1)
		code = CTL_USAGE;
	else
		code = check_revocation(d->reader, kid, since_s, now_s, &e);
	if (code != CTL_OK) {
		control_fail(q, code, "%s", e.text);
		return;
	}
	key_job_post(q,
	    keyring_change_new(&d->keyring, control_by(q), kid,
		ctl_option(a, "--reason"), since_s, now_s),
	    revoke_apply);
}

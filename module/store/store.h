/*
 * The register: publishers, categories, approvals, staff, decisions with
 * who, when and why, issued tokens and keys' public halves.
 *
 * One handle is one connection, for one thread at a time.  The daemon opens
 * two: one for reading, on the loop, and one for writing, on the worker.
 * Nothing is kept in memory, so what is read is the truth.
 *
 * Look-ups return 1 (found), 0 (there is none) or -1 (could not be looked
 * up: never "none").  Actions return 0 or -1.  A write that returned 0 is on
 * the disk.  Every change that a guard could notice moves the serial; it is
 * returned as `*serial_r`.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/publisher.h"

#define TOKEN_TEXT_MAX 4096 /* bytes of a compact JWS, with the NUL */
#define TOKEN_ID_LEN 22	    /* base64url of 16 bytes */
#define KEY_ID_MAX 63
#define STAFF_MAX 1024

struct store;

enum store_mode { STORE_READ, STORE_WRITE };

/*
 * Opens `url`: "sqlite:/path/register.db".  STORE_WRITE creates the file
 * (0600) and migrates it to this program's schema in one transaction; a
 * newer schema is refused.  STORE_READ wants a file that is there.
 */
int store_open(struct store **r, const char *url, enum store_mode mode,
    struct err *e);
/* NULL is legal. */
void store_close(struct store *s);

/* 0 if the register answers a trivial query; for /health. */
int store_ping(struct store *s, struct err *e);

/* The serial of the last change; 0 or -1. */
int store_serial(struct store *s, int64_t *serial_r, struct err *e);

/*
 * The check path: publisher and approvals of one bare, prepared JID.  `done`
 * is called exactly once, with `found` 1, 0 or -1; `p` and `e` are valid
 * during the call only.  `serial` is the serial at which the answer was read.
 * SQLite answers before the function returns; a networked store may not.
 * `state_reason` is left out ("") for approved publishers: no refusal needs
 * it, and it costs a look-up of its own.
 */
typedef void (*store_publisher_cb)(void *arg, int found,
    const struct publisher *p, int64_t serial, const struct err *e);
void store_lookup(struct store *s, const char *jid, store_publisher_cb done,
    void *arg);

/*
 * Look-ups between these two read one snapshot, with one serial: for the
 * items of one IQ, and cheaper than a snapshot each.  No end after a
 * begin that returned -1; they may nest.  Nothing that waits may stand between
 * them: a snapshot that stays open lets the write-ahead log grow.
 */
int store_lookup_begin(struct store *s, int64_t *serial_r, struct err *e);
void store_lookup_end(struct store *s);

/* Synchronous form, for commands: the whole record. */
int store_publisher_find(struct store *s, const char *jid, struct publisher *r,
    struct err *e);

/* Calls `each` for publishers in JID order, after `after` (NULL: from the
 * start), at most `limit`; `state` NONE for all.  Stops if `each` returns
 * non-zero.  Returns 0 or -1. */
int store_publisher_list(struct store *s, const char *after, unsigned limit,
    enum publisher_state state,
    int (*each)(void *arg, const struct publisher *p), void *arg,
    struct err *e);
/* How many there are in each state; `r` has PUBLISHER_WITHDRAWN + 1 slots. */
int store_publisher_count(struct store *s, int64_t *r, struct err *e);

/*
 * One decision about a publisher, applied and recorded in one transaction.
 * Which transitions are legal is here, and only here.
 */
enum decision_action {
	DECISION_ADD = 1, /* puts it on the register, applied */
	DECISION_APPROVE, /* for one category; also prolongs */
	DECISION_SUSPEND,
	DECISION_RESTORE, /* suspended -> approved */
	DECISION_REVOKE,
	DECISION_RENAME,
};
struct decision {
	enum decision_action action;
	const char *jid;    /* bare, prepared */
	const char *by;	    /* who decided: a staff JID or "mastheadctl:USER" */
	const char *reason; /* not empty, but for ADD */
	const char *category; /* APPROVE */
	const char *name;     /* ADD, RENAME: the public name */
	int64_t now_s;
	int64_t until_s; /* APPROVE: when it ends */
};
/* `*case_r`: the decision's number (may be NULL).  -1 with a sentence for a
 * person if the transition is not legal or the publisher is (not) there;
 * then nothing has changed. */
int store_decide(struct store *s, const struct decision *d, int64_t *serial_r,
    int64_t *case_r, struct err *e);

/* The history of one publisher, oldest first. */
struct decision_row {
	int64_t id, at_s, until_s; /* until_s: 0 if it has none */
	const char *action, *by, *reason, *category, *name; /* "" for none */
};
int store_history(struct store *s, const char *jid,
    int (*each)(void *arg, const struct decision_row *d), void *arg,
    struct err *e);

/* Tokens.  `occupant` says for whom in the audience, and is compared only:
 * "occ:ID" or "nick:NAME" in rooms, "" where it is nobody in particular, each
 * with what else must be the same behind it. */
struct token_row {
	char id[TOKEN_ID_LEN + 1];
	char text[TOKEN_TEXT_MAX];
	char kid[KEY_ID_MAX + 1];
	int64_t iat_s, exp_s;
	/* The serial that the publisher was read at before the token was
	 * signed, as store_lookup gives it. */
	int64_t serial;
};
/*
 * The newest token of this publisher for this audience and occupant that was
 * issued under `kid` from the publisher's record as it is now; 1, 0, -1.  A
 * register change of a publisher voids its tokens for this look-up, also one
 * that was signed from the old record and added after the change.  They stay
 * listed by ID.
 */
int store_token_find(struct store *s, const char *jid, const char *aud,
    const char *occupant, const char *kid, struct token_row *r, struct err *e);
int store_token_by_id(struct store *s, const char *id, struct token_row *r,
    struct err *e);
/* Does not move the serial.  The publisher must be on the register, the key
 * must not be revoked.  A token that is there already, from an older record
 * of the publisher, is from then on one of the newer. */
int store_token_add(struct store *s, const char *jid, const char *aud,
    const char *occupant, const struct token_row *t, struct err *e);
/* Forgets tokens that expired before `before_s`; `*count_r` of them. */
int store_token_expire(struct store *s, int64_t before_s, int64_t *count_r,
    struct err *e);

/* Public halves and dates of signing keys; the private ones are files. */
struct key_row {
	char kid[KEY_ID_MAX + 1];
	char x[64];	   /* base64url of the public key */
	int64_t nbf_s;	   /* first use */
	int64_t retired_s; /* 0: in use; otherwise no longer signs */
	int64_t revoked_s; /* 0, or what `key revoke --since` said */
};
int store_key_add(struct store *s, const struct key_row *k, int64_t now_s,
    const char *by, struct err *e);
int store_key_retire(struct store *s, const char *kid, int64_t now_s,
    const char *by, struct err *e);
/* Also delists the tokens issued under it at or after `since_s`, and records
 * how many; moves the serial.  Again with an earlier `since_s` only. */
int store_key_revoke(struct store *s, const char *kid, int64_t since_s,
    int64_t now_s, const char *by, const char *reason, int64_t *serial_r,
    struct err *e);
int store_key_list(struct store *s,
    int (*each)(void *arg, const struct key_row *k), void *arg, struct err *e);

/* Brings the tables of categories and staff to what the config says, each
 * change recorded; moves the serial only if something changed. */
struct staff_entry {
	const char *jid;
	const char *role; /* "reviewer" or "approver" */
};
int store_sync_config(struct store *s, const char *const *category_ids,
    const char *const *category_titles, size_t category_count,
    const struct staff_entry *staff, size_t staff_count, int64_t now_s,
    int64_t *serial_r, struct err *e);

#endif

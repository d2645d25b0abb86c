/*
 * Badges: finds or issues the token of a publisher in a room or a node, and
 * writes the elements that carry it.
 */
#ifndef DAEMON_BADGES_H
#define DAEMON_BADGES_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/policy.h"
#include "daemon/keyring.h"
#include "daemon/writer.h"
#include "store/store.h"

#define BADGES_WAITING_MAX 4096 /* askers of tokens that are being written */
/* Bytes of an xmpp: IRI with a node: any byte of a name may need an escape. */
#define BADGES_ADDRESS_MAX                                                     \
	(5 + 3 * PLACE_LOCAL_MAX + 1 + PLACE_HOST_MAX + 7 +                    \
	    3 * PUBLICATION_ATTR_MAX)

struct badges;

struct badges_setup {
	struct store *reader; /* borrowed, all of these */
	struct writer *writer;
	const struct keyring *keyring;
	const char *domain; /* the component's: iss, by */
};

/* For whom, where. */
struct badge_want {
	const char *jid;	       /* the publisher's, bare */
	const char *name;	       /* its public name */
	const struct verdict *verdict; /* its badge_for is not empty */
	const struct place *where;
	struct place_spot at; /* the room or node itself */
	/* In rooms; occupant "" if the server has none: then nick counts. */
	const char *occupant, *nick;
	int64_t now_s, life_s; /* a token lives `life_s` at most */
	int64_t serial;	       /* at which the publisher was read */
	bool may_wait;	       /* for a token that must be written first */
};

/* `found` 1; 0: names so long that no token can say them, so there is none; or
 * -1: no token could be had.  `t` is valid during the call only. */
typedef void (*badges_cb)(void *arg, int found, const struct token_row *t,
    const struct err *e);

int badges_new(struct badges **r, const struct badges_setup *s, struct err *e);
/* After the writer has stopped. */
void badges_free(struct badges *b);

/*
 * The token: the one that was issued before, until half its life is over, or
 * a new one, which is on the disk before anybody sees it.  `done` is called
 * exactly once, before this returns if nothing had to be written.
 */
void badges_get(struct badges *b, const struct badge_want *w, badges_cb done,
    void *arg);

/* A token's `sub`: the IRI of a publisher's bare address. */
void badges_subject(const char *jid, char r[BADGES_ADDRESS_MAX + 1]);

/* <badge/> with the token or, as a reference, without it. */
void badges_write(struct buf *out, const char *domain,
    const struct token_row *t, bool is_reference);

/* A <hat/> for each category of the verdict, the full badge in each; in the
 * old namespace as well if `has_legacy`. */
void badges_write_hats(struct buf *out, const char *domain,
    const struct policy *policy, const struct badge_want *w,
    const struct token_row *t, bool has_legacy);

#endif

/*
 * The counter: where accounts and staff carry out ad-hoc commands (XEP-0050)
 * in several steps.  It keeps the sessions, shows to everybody the commands
 * that are theirs, and lets nobody continue what another one began.
 *
 * A session is named by 128 random bits, belongs to the full JID that began
 * it, and holds the form that was shown last.  What is submitted is filled
 * into that form and checked (xmpp/form.h); if there are faults, the counter
 * sends the form back with every one told, and the command hears nothing of
 * it.  So a command gets forms that keep to their own rules, and only checks
 * what a form cannot say.
 *
 * Idle sessions end after COUNTER_IDLE_MS by the monotonic clock, and the
 * longest idle first if there are too many: of the account or the domain that
 * has more than its share, or of all.  The same command begun again by the
 * same full JID replaces its session.  None outlives the program.
 */
#ifndef DAEMON_COUNTER_H
#define DAEMON_COUNTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/publisher.h"
#include "daemon/config.h"
#include "text/catalogue.h"
#include "xmpp/adhoc.h"
#include "xmpp/form.h"
#include "xmpp/stanza.h"

#define COUNTER_SESSIONS_MAX 10000
#define COUNTER_SESSIONS_JID_MAX 32 /* of one bare JID */
/* Of all accounts of one domain: strangers who open many close their own. */
#define COUNTER_SESSIONS_DOMAIN_MAX 2500
#define COUNTER_BYTES_MAX (96u << 20) /* of all forms and states, about */
#define COUNTER_IDLE_MS (15 * 60 * 1000)
#define COUNTER_UNDER_WAY_MAX 1000 /* questions not answered yet */

struct counter;

/* Roles of a bare JID, a bit each; everybody has COUNTER_ANYBODY. */
enum counter_role {
	COUNTER_ANYBODY = 1,
	COUNTER_REVIEWER = 2, /* approvers are reviewers, too */
	COUNTER_APPROVER = 4,
};
/* As the configuration lists its staff; `bare` prepared. */
unsigned counter_roles(const struct config *c, const char *bare);

/*
 * One question under way.  `begin` and `step` get it and answer it exactly
 * once with one of the functions below, at once or later: on the loop's
 * thread, also when the daemon ends, whatever has become of the session, of
 * the asker or of the stream.  The answer frees it.  Until then its session
 * stays, and takes no other question.
 */
struct counter_visit;

struct counter_command {
	const char *node;     /* "apply" */
	const char *name_key; /* of its name, in the catalogue */
	unsigned roles;	      /* any of these may */
	/* NULL, or whether it is there at all (`reports: no`). */
	bool (*is_on)(const struct config *c);
	/* The session begins. */
	void (*begin)(struct counter_visit *v);
	/* The form came back: ADHOC_NEXT and ADHOC_COMPLETE without faults,
	 * ADHOC_PREV as it was filled, faults and all.  NULL if `begin` never
	 * shows a form. */
	void (*step)(struct counter_visit *v);
};

/* All commands, in the order in which they are listed; ends with NULL.  In
 * counter_table.c, where each new one gets its line. */
extern const struct counter_command *const counter_commands[];

/*
 * What a visit is about.  All borrowed until it is answered.
 */
struct daemon;
struct daemon *counter_daemon(const struct counter_visit *v);
const char *counter_jid(const struct counter_visit *v);	 /* bare, prepared */
const char *counter_lang(const struct counter_visit *v); /* xml:lang or "" */
unsigned counter_visit_roles(const struct counter_visit *v);
enum adhoc_action counter_action(const struct counter_visit *v);
/* The form that came back, the session's; NULL at the beginning. */
struct form *counter_form(const struct counter_visit *v);
/* What the command keeps in the session: NULL at first.  Setting it frees
 * what was there; `free_state` (may be NULL) frees it at the session's end,
 * `bytes` of memory count towards COUNTER_BYTES_MAX. */
void *counter_state(const struct counter_visit *v);
void counter_set_state(struct counter_visit *v, void *state,
    void (*free_state)(void *state), size_t bytes);

/* A text of the catalogue in the visit's language. */
void counter_text(const struct counter_visit *v, const char *key,
    const struct catalogue_arg *args, size_t count, char r[CATALOGUE_TEXT_MAX]);
/* The same without arguments; borrowed until the next three calls of it. */
const char *counter_word(struct counter_visit *v, const char *key);

/* A note for the answer that will be given; copied, at most ADHOC_NOTES_MAX,
 * the rest is dropped.  The second takes a key without arguments. */
void counter_note(struct counter_visit *v, enum adhoc_note_type type,
    const char *text);
void counter_note_key(struct counter_visit *v, enum adhoc_note_type type,
    const char *key);

/*
 * The answers; `v` is gone afterwards.
 *
 * counter_ask: shows a form (taken, also NULL, which becomes counter_busy)
 * and lets the asker do `actions`: ADHOC_NEXT or ADHOC_COMPLETE, which is
 * what "execute" means then, perhaps with ADHOC_PREV.
 */
void counter_ask(struct counter_visit *v, struct form *f, unsigned actions);
/* The form of the visit again, with what form_blame said of it, and a note
 * that has all of that. */
void counter_ask_again(struct counter_visit *v);
/* It is done; `result` (taken) may be NULL.  The session is over. */
void counter_done(struct counter_visit *v, struct form *result);
/* Not at the moment.  If there is a form it comes back as it was filled with
 * a note that says so, otherwise the answer is a wait error. */
void counter_busy(struct counter_visit *v);

struct counter_setup {
	const struct counter_command *const *commands; /* borrowed, like all */
	struct catalogue *catalogue;
	const char *domain;
	const struct config *(*config)(void *arg);
	/* Where answers go, NULL while the stream is down; "send soon". */
	struct buf *(*out)(void *arg);
	void (*flush)(void *arg);
	int64_t (*mono_ms)(void); /* NULL: clock_mono_ms */
	void *arg;		  /* the struct daemon */
};

int counter_new(struct counter **r, const struct counter_setup *s,
    struct err *e);
/* When every visit has been answered.  NULL is legal. */
void counter_free(struct counter *c);

/*
 * An IQ (borrowed).  1 if it was for the counter: a command, or disco of the
 * node NS_COMMANDS or of a command; it has been or will be answered.  0 if
 * not.  -1 if there was no memory to answer it.
 */
int counter_take(struct counter *c, xmpp_stanza_t *iq, struct err *e);
/* Ends what has been idle for too long; to be called every second or so. */
void counter_tick(struct counter *c);

/* For tests and status. */
struct counter_counts {
	size_t sessions, under_way, bytes;
	uint64_t evicted, expired; /* since the start */
};
struct counter_counts counter_counts(const struct counter *c);

#endif

/*
 * Sessions and commands; see counter.h.
 *
 * Sessions are in two tables, by their ID and by the bare JID, and in one
 * list by their last use.  One that waits for its command's answer is busy:
 * it is neither evicted nor ended by time, since the visit points at it.
 * One that is replaced while it is busy leaves the tables at once, and is
 * freed with its visit.
 */
#include "daemon/counter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "daemon/clock.h"
#include "daemon/fault.h"
#include "text/jid.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"

#define BUCKETS 16384 /* a power of two */
#define SHARES 1024   /* buckets of domains, a power of two */
#define LANG_MAX 35   /* bytes, RFC 5646 #section-4.4.1 */
#define WORDS 3
#define NOTE_MAX 8192 /* bytes of all notes of an answer */

/* How many sessions the accounts of a domain have. */
struct share {
	struct share *next;
	size_t count;
	char domain[];
};

struct session {
	char id[ADHOC_SESSION_LEN + 1];
	const struct counter_command *command;
	struct form *form; /* NULL until one was shown */
	unsigned actions;  /* that were offered with it */
	enum adhoc_action execute;
	void *state;
	void (*free_state)(void *state);
	size_t state_bytes, bytes; /* counted in the counter's sum */
	int64_t used_ms;
	bool is_busy, is_listed;
	struct session *next_id, *next_jid, *older, *newer;
	struct share *share;
	size_t bare_len;
	char full[]; /* the full JID */
};

struct counter {
	struct counter_setup s;
	struct session *by_id[BUCKETS], *by_jid[BUCKETS];
	struct share *shares[SHARES];
	struct session *oldest, *newest;
	struct counter_counts counts;
	uint32_t seed;
};

struct counter_visit {
	struct counter *counter;
	struct session *session;
	xmpp_stanza_t *reply; /* its shell */
	enum adhoc_action action;
	unsigned roles;
	char lang[LANG_MAX + 1];
	const char *text_lang; /* what the catalogue had; NULL before */
	char bare[PUBLISHER_JID_MAX + 1];
	struct adhoc_note notes[ADHOC_NOTES_MAX];
	size_t note_count;
	struct buf note_text; /* of all notes, each with its NUL */
	size_t note_at[ADHOC_NOTES_MAX];
	char words[WORDS][CATALOGUE_TEXT_MAX];
	unsigned word;
};

/* Who asks, prepared. */
struct asker {
	char full[JID_MAX + 1], bare[JID_MAX + 1];
	unsigned roles;
};

/* ---- sessions -------------------------------------------------------- */

/* FNV-1a; the seed keeps others from choosing who shares a bucket. */
static size_t
bucket(const struct counter *c, const char *s, size_t len)
{
	uint32_t h = 2166136261u ^ c->seed;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return (h ^ (h >> 15)) & (BUCKETS - 1);
}

static struct session **
id_bucket(struct counter *c, const char *id)
{
	return &c->by_id[bucket(c, id, strlen(id))];
}

static struct session **
jid_bucket(struct counter *c, const char *bare, size_t len)
{
	return &c->by_jid[bucket(c, bare, len)];
}

/* The share of a domain, made if there is none; NULL without memory. */
static struct share *
share_of(struct counter *c, const char *domain)
{
	size_t len = strlen(domain);
	struct share **at = &c->shares[bucket(c, domain, len) & (SHARES - 1)];
	struct share *s = *at;

	while (s != NULL && strcmp(s->domain, domain) != 0)
		s = s->next;
	if (s != NULL)
		return s;
	s = calloc(1, sizeof *s + len + 1);
	if (s == NULL)
		return NULL;
	memcpy(s->domain, domain, len + 1);
	s->next = *at;
	*at = s;
	return s;
}

/* One less; a share that nobody has any longer is freed. */
static void
share_give(struct counter *c, struct share *s)
{
	size_t len = strlen(s->domain);
	struct share **at =
	    &c->shares[bucket(c, s->domain, len) & (SHARES - 1)];

	if (--s->count > 0)
		return;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free(s);
}

static bool
is_of_jid(const struct session *n, const char *bare)
{
	return n->bare_len == strlen(bare) &&
	    memcmp(n->full, bare, n->bare_len) == 0;
}

static void
lru_unlink(struct counter *c, struct session *n)
{
	*(n->older == NULL ? &c->oldest : &n->older->newer) = n->newer;
	*(n->newer == NULL ? &c->newest : &n->newer->older) = n->older;
	n->older = n->newer = NULL;
}

static void
lru_append(struct counter *c, struct session *n)
{
	n->older = c->newest;
	n->newer = NULL;
	*(c->newest == NULL ? &c->oldest : &c->newest->newer) = n;
	c->newest = n;
}

static void
session_list(struct counter *c, struct session *n)
{
	struct session **id = id_bucket(c, n->id);
	struct session **jid = jid_bucket(c, n->full, n->bare_len);

	n->next_id = *id;
	*id = n;
	n->next_jid = *jid;
	*jid = n;
	lru_append(c, n);
	n->is_listed = true;
	c->counts.sessions++;
}

static void
session_unlist(struct counter *c, struct session *n)
{
	struct session **id = id_bucket(c, n->id);
	struct session **jid = jid_bucket(c, n->full, n->bare_len);

	if (!n->is_listed)
		return;
	while (*id != n)
		id = &(*id)->next_id;
	*id = n->next_id;
	while (*jid != n)
		jid = &(*jid)->next_jid;
	*jid = n->next_jid;
	lru_unlink(c, n);
	n->is_listed = false;
	c->counts.sessions--;
}

/* What it holds has changed. */
static void
session_weigh(struct counter *c, struct session *n)
{
	c->counts.bytes -= n->bytes;
	n->bytes = sizeof *n + strlen(n->full) + 1 + form_bytes(n->form) +
	    n->state_bytes;
	c->counts.bytes += n->bytes;
}

static void
session_free(struct counter *c, struct session *n)
{
	session_unlist(c, n);
	c->counts.bytes -= n->bytes;
	share_give(c, n->share);
	if (n->free_state != NULL)
		n->free_state(n->state);
	form_free(n->form);
	free(n);
}

/* Ends a session; a busy one goes with its visit. */
static void
session_end(struct counter *c, struct session *n)
{
	if (n->is_busy)
		session_unlist(c, n);
	else
		session_free(c, n);
}

/* Evicts the one that has been idle longest, of all (NULL) or of one domain;
 * false if all are busy. */
static bool
evict_oldest(struct counter *c, const struct share *of)
{
	struct session *n = c->oldest;

	while (n != NULL && (n->is_busy || (of != NULL && n->share != of)))
		n = n->newer;
	if (n == NULL)
		return false;
	session_free(c, n);
	c->counts.evicted++;
	return true;
}

static void
evict_beyond(struct counter *c, size_t sessions_max)
{
	while ((c->counts.sessions > sessions_max ||
		   c->counts.bytes > COUNTER_BYTES_MAX) &&
	    evict_oldest(c, NULL))
		continue;
}

/* Makes room among the sessions of one account; false if all are busy. */
static bool
evict_of_jid(struct counter *c, const char *bare)
{
	struct session *oldest = NULL;
	size_t count = 0;

	for (struct session *n = *jid_bucket(c, bare, strlen(bare)); n != NULL;
	     n = n->next_jid) {
		if (!is_of_jid(n, bare))
			continue;
		count++;
		if (!n->is_busy &&
		    (oldest == NULL || n->used_ms < oldest->used_ms))
			oldest = n;
	}
	if (count < COUNTER_SESSIONS_JID_MAX)
		return true;
	if (oldest == NULL)
		return false;
	session_free(c, oldest);
	c->counts.evicted++;
	return true;
}

/* The same command begun again: what is there of it ends. */
static void
end_same(struct counter *c, const struct asker *who,
    const struct counter_command *command)
{
	struct session *n = *jid_bucket(c, who->bare, strlen(who->bare));

	while (n != NULL) {
		struct session *next = n->next_jid;

		if (n->command == command && strcmp(n->full, who->full) == 0)
			session_end(c, n);
		n = next;
	}
}

static int64_t
now_ms(const struct counter *c)
{
	return c->s.mono_ms == NULL ? clock_mono_ms() : c->s.mono_ms();
}

/* Room for this asker's new session, which its share counts already: 0, or
 * -1 if too many are busy. */
static int
make_room(struct counter *c, const struct asker *who, const struct share *share)
{
	if (!evict_of_jid(c, who->bare))
		return -1;
	if (share->count > COUNTER_SESSIONS_DOMAIN_MAX &&
	    !evict_oldest(c, share))
		return -1;
	evict_beyond(c, COUNTER_SESSIONS_MAX - 1);
	return c->counts.sessions < COUNTER_SESSIONS_MAX ? 0 : -1;
}

static int
session_new(struct counter *c, const struct asker *who,
    const struct counter_command *command, struct session **r)
{
	unsigned char bytes[16];
	struct session *n = NULL;
	struct share *share;
	struct err e;

	end_same(c, who, command);
	share = share_of(c, strchr(who->bare, '@') + 1);
	if (share == NULL)
		return -1;
	share->count++;
	if (make_room(c, who, share) == 0 &&
	    hash_random(bytes, sizeof bytes, &e) == 0)
		n = calloc(1, sizeof *n + strlen(who->full) + 1);
	if (n == NULL) {
		share_give(c, share);
		return -1;
	}
	n->share = share;
	hash_base64url(bytes, sizeof bytes, n->id);
	n->command = command;
	n->bare_len = strlen(who->bare);
	strcpy(n->full, who->full);
	n->used_ms = now_ms(c);
	session_list(c, n);
	session_weigh(c, n);
	*r = n;
	return 0;
}

static struct session *
session_find(struct counter *c, const char *id, const char *full)
{
	struct session *n = *id_bucket(c, id);

	while (n != NULL && strcmp(n->id, id) != 0)
		n = n->next_id;
	return n != NULL && strcmp(n->full, full) == 0 ? n : NULL;
}

static bool
is_session_id(const char *s)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789-_";

	return strlen(s) == ADHOC_SESSION_LEN &&
	    strspn(s, alphabet) == ADHOC_SESSION_LEN;
}

void
counter_tick(struct counter *c)
{
	int64_t before_ms = now_ms(c) - COUNTER_IDLE_MS;
	struct session *n = c->oldest;

	while (n != NULL && n->used_ms <= before_ms) {
		struct session *next = n->newer;

		if (!n->is_busy) {
			session_free(c, n);
			c->counts.expired++;
		}
		n = next;
	}
}

/* ---- who may --------------------------------------------------------- */

unsigned
counter_roles(const struct config *c, const char *bare)
{
	unsigned roles = COUNTER_ANYBODY;

	for (size_t i = 0; i < c->staff_count; i++) {
		if (strcmp(c->staff[i].jid, bare) != 0)
			continue;
		roles |= COUNTER_REVIEWER;
		if (strcmp(c->staff[i].role, "approver") == 0)
			roles |= COUNTER_APPROVER;
	}
	return roles;
}

/* Accounts only: a server or a component has no local part.  0 or -1. */
static int
asker_read(const struct counter *c, const char *from, struct asker *r)
{
	struct jid j;

	if (jid_parse(&j, from, NULL) == -1 || j.local[0] == '\0')
		return -1;
	jid_full(&j, r->full);
	jid_bare(&j, r->bare);
	if (strlen(r->bare) > PUBLISHER_JID_MAX)
		return -1;
	r->roles = counter_roles(c->s.config(c->s.arg), r->bare);
	return 0;
}

static bool
is_on(const struct counter *c, const struct counter_command *command)
{
	return command->is_on == NULL || command->is_on(c->s.config(c->s.arg));
}

/* NULL if there is none of that name. */
static const struct counter_command *
command_find(const struct counter *c, const char *node)
{
	const struct counter_command *const *i = c->s.commands;

	while (*i != NULL && (strcmp((*i)->node, node) != 0 || !is_on(c, *i)))
		i++;
	return *i;
}

/* ---- sending --------------------------------------------------------- */

/* Sends what is whole (taken).  Into the void while the stream is down. */
static int
send_reply(struct counter *c, xmpp_stanza_t *reply, struct err *e)
{
	struct buf *out = c->s.out(c->s.arg);
	int rc = 0;

	if (out != NULL) {
		rc = stanza_write(out, reply, e);
		c->s.flush(c->s.arg);
	}
	xmpp_stanza_release(reply);
	return rc;
}

static int
send_fault(struct counter *c, xmpp_stanza_t *iq, enum adhoc_fault fault,
    struct err *e)
{
	xmpp_stanza_t *reply = stanza_reply(iq, "error");

	if (adhoc_write_error(reply, fault) == 0)
		return send_reply(c, reply, e);
	if (reply != NULL)
		xmpp_stanza_release(reply);
	return err_set(e, "no memory for an answer");
}

/* ---- a visit --------------------------------------------------------- */

struct daemon *
counter_daemon(const struct counter_visit *v)
{
	return v->counter->s.arg;
}

const char *
counter_jid(const struct counter_visit *v)
{
	return v->bare;
}

const char *
counter_lang(const struct counter_visit *v)
{
	return v->lang;
}

unsigned
counter_visit_roles(const struct counter_visit *v)
{
	return v->roles;
}

enum adhoc_action
counter_action(const struct counter_visit *v)
{
	return v->action;
}

struct form *
counter_form(const struct counter_visit *v)
{
	return v->session->form;
}

void *
counter_state(const struct counter_visit *v)
{
	return v->session->state;
}

void
counter_set_state(struct counter_visit *v, void *state,
    void (*free_state)(void *state), size_t bytes)
{
	struct session *n = v->session;

	if (n->free_state != NULL && n->state != state)
		n->free_state(n->state);
	n->state = state;
	n->free_state = free_state;
	n->state_bytes = bytes;
	session_weigh(v->counter, n);
}

void
counter_text(const struct counter_visit *v, const char *key,
    const struct catalogue_arg *args, size_t count, char r[CATALOGUE_TEXT_MAX])
{
	catalogue_text(v->counter->s.catalogue, v->lang, key, args, count, r,
	    NULL);
}

const char *
counter_word(struct counter_visit *v, const char *key)
{
	char *r = v->words[v->word++ % WORDS];

	counter_text(v, key, NULL, 0, r);
	return r;
}

void
counter_note(struct counter_visit *v, enum adhoc_note_type type,
    const char *text)
{
	size_t at = v->note_text.len;

	if (v->note_count == ADHOC_NOTES_MAX)
		return;
	buf_add(&v->note_text, text, strlen(text) + 1);
	if (v->note_text.failed) {
		/* Earlier ones are whole; this one does not fit. */
		v->note_text.failed = false;
		return;
	}
	v->notes[v->note_count].type = type;
	v->note_at[v->note_count++] = at;
}

void
counter_note_key(struct counter_visit *v, enum adhoc_note_type type,
    const char *key)
{
	char text[CATALOGUE_TEXT_MAX];

	counter_text(v, key, NULL, 0, text);
	counter_note(v, type, text);
}

static void
visit_free(struct counter_visit *v)
{
	v->counter->counts.under_way--;
	if (v->reply != NULL)
		xmpp_stanza_release(v->reply);
	buf_clear(&v->note_text);
	free(v);
}

/* The session of an answered visit goes on, or is over. */
static void
visit_end(struct counter_visit *v, bool is_over)
{
	struct counter *c = v->counter;
	struct session *n = v->session;

	n->is_busy = false;
	if (is_over || !n->is_listed) {
		session_free(c, n);
	} else {
		n->used_ms = now_ms(c);
		lru_unlink(c, n);
		lru_append(c, n);
		session_weigh(c, n);
		evict_beyond(c, COUNTER_SESSIONS_MAX);
	}
	visit_free(v);
}

/* The language that its texts are in. */
static const char *
visit_text_lang(struct counter_visit *v)
{
	char ignored[CATALOGUE_TEXT_MAX];
	const char *lang = NULL;

	catalogue_text(v->counter->s.catalogue, v->lang, "counter_commands",
	    NULL, 0, ignored, &lang);
	return lang;
}

static void
send_visit_fault(struct counter_visit *v, enum adhoc_fault fault)
{
	xmpp_stanza_t *reply = v->reply;

	v->reply = NULL;
	if (adhoc_write_error(reply, fault) == 0)
		(void)send_reply(v->counter, reply, NULL);
	else
		xmpp_stanza_release(reply);
}

/* A copy of the reply's shell: what was begun on it may be half done. */
static void
send_answer(struct counter_visit *v, struct adhoc_answer *a)
{
	xmpp_stanza_t *reply = xmpp_stanza_copy(v->reply);

	for (size_t i = 0; i < v->note_count; i++)
		v->notes[i].text = v->note_text.data + v->note_at[i];
	a->node = v->session->command->node;
	a->session = v->session->id;
	a->lang = visit_text_lang(v);
	a->notes = v->notes;
	a->note_count = v->note_count;
	if (reply != NULL && adhoc_write(reply, a, NULL) == 0) {
		(void)send_reply(v->counter, reply, NULL);
		return;
	}
	if (reply != NULL)
		xmpp_stanza_release(reply);
	send_visit_fault(v, ADHOC_BUSY);
}

/* Shows the session's form. */
static void
show_form(struct counter_visit *v)
{
	struct session *n = v->session;
	struct adhoc_answer a = { .status = ADHOC_EXECUTING,
		.actions = n->actions,
		.execute = n->execute,
		.form = n->form };

	if (n->is_listed)
		send_answer(v, &a);
	else
		send_visit_fault(v, ADHOC_SESSION_EXPIRED);
	visit_end(v, false);
}

void
counter_ask(struct counter_visit *v, struct form *f, unsigned actions)
{
	struct session *n = v->session;

	if (f == NULL) {
		counter_busy(v);
		return;
	}
	if (f != n->form)
		form_free(n->form);
	n->form = f;
	n->actions = actions;
	n->execute = (actions & ADHOC_NEXT) != 0 ? ADHOC_NEXT : ADHOC_COMPLETE;
	show_form(v);
}

/*
 * Every fault, told three times: as a note, before the form's instructions
 * (some clients show no notes of a command that goes on), and at its field.
 */
static void
tell_faults(struct counter_visit *v)
{
	struct form *f = v->session->form;
	struct form_field *field = NULL;
	char why[CATALOGUE_TEXT_MAX];
	struct buf text;

	buf_init(&text, NOTE_MAX);
	buf_adds(&text, counter_word(v, "form_faults"));
	while ((field = form_fault_next(f, field)) != NULL) {
		fault_text(v->counter->s.catalogue, v->lang, field, why);
		form_blame(field, why);
		if (text.len < NOTE_MAX / 2)
			buf_addf(&text, "\n- %s: %s", form_label(field),
			    form_fault_text(field));
	}
	if (text.data != NULL && !text.failed) {
		counter_note(v, ADHOC_ERROR, text.data);
		/* XEP-0004 #protocol-formtypes: no line breaks there. */
		for (char *s = text.data; (s = strchr(s, '\n')) != NULL; s++)
			*s = ' ';
		form_notice(f, text.data);
	}
	buf_clear(&text);
}

void
counter_ask_again(struct counter_visit *v)
{
	if (v->session->form == NULL) {
		counter_busy(v);
		return;
	}
	if (form_faults(v->session->form) > 0)
		tell_faults(v);
	show_form(v);
}

void
counter_done(struct counter_visit *v, struct form *result)
{
	struct adhoc_answer a = { .status = ADHOC_COMPLETED, .form = result };

	send_answer(v, &a);
	form_free(result);
	visit_end(v, true);
}

void
counter_busy(struct counter_visit *v)
{
	struct form *f = v->session->form;

	if (f == NULL) {
		send_visit_fault(v, ADHOC_BUSY);
		visit_end(v, true);
		return;
	}
	form_notice(f, counter_word(v, "counter_busy"));
	counter_note_key(v, ADHOC_ERROR, "counter_busy");
	show_form(v);
}

/* ---- questions ------------------------------------------------------- */

static int
visit_new(struct counter *c, struct session *n, xmpp_stanza_t *iq,
    const struct adhoc_request *q, const struct asker *who,
    struct counter_visit **r)
{
	struct counter_visit *v = calloc(1, sizeof *v);

	if (v == NULL)
		return -1;
	v->reply = stanza_reply(iq, "result");
	if (v->reply == NULL) {
		free(v);
		return -1;
	}
	v->counter = c;
	v->session = n;
	v->action = q->action;
	v->roles = who->roles;
	(void)snprintf(v->lang, sizeof v->lang, "%.*s", LANG_MAX, q->lang);
	strcpy(v->bare, who->bare);
	buf_init(&v->note_text, NOTE_MAX);
	n->is_busy = true;
	c->counts.under_way++;
	*r = v;
	return 0;
}

static enum adhoc_fault
begin(struct counter *c, xmpp_stanza_t *iq, const struct adhoc_request *q,
    const struct asker *who, const struct counter_command *command)
{
	struct counter_visit *v;
	struct session *n;

	if (q->action == ADHOC_CANCEL)
		return ADHOC_BAD_SESSION;
	if (q->action != ADHOC_EXECUTE)
		return ADHOC_BAD_ACTION;
	if (session_new(c, who, command, &n) == -1)
		return ADHOC_BUSY;
	if (visit_new(c, n, iq, q, who, &v) == -1) {
		session_free(c, n);
		return ADHOC_BUSY;
	}
	command->begin(v);
	return ADHOC_FINE;
}

/* What was submitted, into the session's form. */
static enum adhoc_fault
fill(struct session *n, const struct adhoc_request *q, enum adhoc_action action)
{
	if (q->form == NULL)
		return action == ADHOC_PREV || !form_is_question(n->form)
		    ? ADHOC_FINE
		    : ADHOC_BAD_PAYLOAD;
	switch (form_fill(n->form, q->form)) {
	case FORM_TAKEN:
		form_notice(n->form, NULL);
		return ADHOC_FINE;
	case FORM_MALFORMED:
		return ADHOC_BAD_PAYLOAD;
	case FORM_TOO_BIG:
		return ADHOC_TOO_BIG;
	case FORM_NO_MEMORY:
		break;
	}
	return ADHOC_BUSY;
}

static enum adhoc_fault
cancel(struct counter *c, struct session *n, xmpp_stanza_t *iq,
    const struct adhoc_request *q, const struct asker *who)
{
	struct adhoc_answer a = { .status = ADHOC_CANCELED };
	struct counter_visit *v;

	if (visit_new(c, n, iq, q, who, &v) == -1)
		return ADHOC_BUSY;
	send_answer(v, &a);
	visit_end(v, true);
	return ADHOC_FINE;
}

static bool
is_cancel(const struct adhoc_request *q)
{
	return q->action == ADHOC_CANCEL ||
	    (q->form != NULL &&
		strcmp(stanza_get(q->form, "type"), "cancel") == 0);
}

static enum adhoc_fault
go_on(struct counter *c, xmpp_stanza_t *iq, struct adhoc_request *q,
    const struct asker *who, const struct counter_command *command)
{
	struct session *n;
	struct counter_visit *v;
	enum adhoc_fault fault;

	if (!is_session_id(q->session))
		return ADHOC_BAD_SESSION;
	/* Whether it is somebody else's or nobody's is not told. */
	n = session_find(c, q->session, who->full);
	if (n == NULL)
		return ADHOC_SESSION_EXPIRED;
	if (n->command != command)
		return ADHOC_BAD_SESSION;
	if (n->is_busy)
		return ADHOC_TWICE;
	if (is_cancel(q))
		return cancel(c, n, iq, q, who);
	if (q->action == ADHOC_EXECUTE)
		q->action = n->execute;
	if ((q->action & n->actions) == 0)
		return ADHOC_BAD_ACTION;
	fault = fill(n, q, q->action);
	if (fault != ADHOC_FINE)
		return fault;
	if (visit_new(c, n, iq, q, who, &v) == -1)
		return ADHOC_BUSY;
	if (q->action != ADHOC_PREV && form_faults(n->form) > 0)
		counter_ask_again(v);
	else
		command->step(v);
	return ADHOC_FINE;
}

static enum adhoc_fault
command_run(struct counter *c, xmpp_stanza_t *iq, struct adhoc_request *q)
{
	const struct counter_command *command = command_find(c, q->node);
	struct asker who;

	if (command == NULL)
		return ADHOC_NO_NODE;
	if (asker_read(c, stanza_get(iq, "from"), &who) == -1 ||
	    (command->roles & who.roles) == 0)
		return ADHOC_FORBIDDEN;
	if (c->counts.under_way >= COUNTER_UNDER_WAY_MAX)
		return ADHOC_BUSY;
	return q->session[0] == '\0' ? begin(c, iq, q, &who, command)
				     : go_on(c, iq, q, &who, command);
}

/* ---- disco ----------------------------------------------------------- */

static void
command_name(const struct counter *c, const char *lang, const char *key,
    char r[CATALOGUE_TEXT_MAX])
{
	catalogue_text(c->s.catalogue, lang, key, NULL, 0, r, NULL);
}

static int
fill_items(struct counter *c, xmpp_stanza_t *reply, const char *lang,
    unsigned roles)
{
	xmpp_stanza_t *query = stanza_add(reply, "query", NS_DISCO_ITEMS);
	char name[CATALOGUE_TEXT_MAX];

	if (stanza_set(query, "node", NS_COMMANDS) == -1)
		return -1;
	for (const struct counter_command *const *i = c->s.commands; *i != NULL;
	     i++) {
		if (((*i)->roles & roles) == 0 || !is_on(c, *i))
			continue;
		command_name(c, lang, (*i)->name_key, name);
		if (adhoc_write_item(query, c->s.domain, (*i)->node, name) ==
		    -1)
			return -1;
	}
	return 0;
}

static int
fill_info(struct counter *c, xmpp_stanza_t *reply, const char *lang,
    const char *node, const struct counter_command *command)
{
	xmpp_stanza_t *query = stanza_add(reply, "query", NS_DISCO_INFO);
	char name[CATALOGUE_TEXT_MAX];

	if (stanza_set(query, "node", node) == -1)
		return -1;
	command_name(c, lang,
	    command == NULL ? "counter_commands" : command->name_key, name);
	return adhoc_write_info(query,
	    command == NULL ? "command-list" : "command-node", name);
}

/* disco of a node: XEP-0050 #disco.  1 if it was ours, 0 or -1. */
static int
disco_take(struct counter *c, xmpp_stanza_t *iq, struct err *e)
{
	xmpp_stanza_t *query = stanza_payload(iq), *reply;
	const char *node, *lang = stanza_get(iq, "xml:lang");
	const struct counter_command *command;
	bool is_info, is_list;
	struct asker who;
	int rc;

	if (query == NULL || strcmp(stanza_get(iq, "type"), "get") != 0)
		return 0;
	is_info = stanza_is(query, "query", NS_DISCO_INFO);
	if (!is_info && !stanza_is(query, "query", NS_DISCO_ITEMS))
		return 0;
	node = stanza_get(query, "node");
	is_list = strcmp(node, NS_COMMANDS) == 0;
	command = command_find(c, node);
	if (!is_list && (command == NULL || !is_info))
		return 0;
	/* Who is no account may look at what anybody may. */
	if (asker_read(c, stanza_get(iq, "from"), &who) == -1)
		who.roles = COUNTER_ANYBODY;
	if (!is_list && (command->roles & who.roles) == 0)
		return send_fault(c, iq, ADHOC_FORBIDDEN, e) == 0 ? 1 : -1;
	reply = stanza_reply(iq, "result");
	rc = is_info ? fill_info(c, reply, lang, node, command)
		     : fill_items(c, reply, lang, who.roles);
	if (rc == 0)
		return send_reply(c, reply, e) == 0 ? 1 : -1;
	if (reply != NULL)
		xmpp_stanza_release(reply);
	return err_set(e, "no memory for an answer");
}

/* ---- the whole ------------------------------------------------------- */

int
counter_take(struct counter *c, xmpp_stanza_t *iq, struct err *e)
{
	enum adhoc_fault fault = ADHOC_FINE;
	struct adhoc_request q;

	switch (adhoc_read(iq, &q, &fault)) {
	case 0:
		return disco_take(c, iq, e);
	case 1:
		fault = command_run(c, iq, &q);
		break;
	default:
		break;
	}
	if (fault == ADHOC_FINE)
		return 1;
	return send_fault(c, iq, fault, e) == 0 ? 1 : -1;
}

int
counter_new(struct counter **r, const struct counter_setup *s, struct err *e)
{
	struct counter *c = calloc(1, sizeof *c);

	if (c == NULL)
		return err_set(e, "no memory for sessions of commands");
	if (hash_random(&c->seed, sizeof c->seed, e) == -1) {
		free(c);
		return -1;
	}
	c->s = *s;
	*r = c;
	return 0;
}

void
counter_free(struct counter *c)
{
	struct session *next;

	if (c == NULL)
		return;
	for (struct session *n = c->oldest; n != NULL; n = next) {
		next = n->newer;
		session_free(c, n);
	}
	free(c);
}

struct counter_counts
counter_counts(const struct counter *c)
{
	return c->counts;
}

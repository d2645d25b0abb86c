/* In-band registration as a second door; see door.h. */
#include "daemon/door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "daemon/applicant.h"
#include "daemon/cases.h"
#include "daemon/daemon.h"
#include "daemon/evidence.h"
#include "daemon/fault.h"
#include "text/jid.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"
#include "xmpp/xml.h"

#define FAULTS_MAX 4096 /* bytes of the text that tells them */

/* One IQ under way. */
struct caller {
	struct daemon *daemon;
	xmpp_stanza_t *reply; /* its shell */
	char lang[CASE_LANG_MAX + 1];
	char bare[JID_MAX + 1];
	struct applicant *answers;
	char id[CASE_ID_LEN + 1]; /* of the draft */
	int64_t version;
};

static struct applicant_words
words(const struct caller *c)
{
	return (struct applicant_words){ .catalogue = c->daemon->catalogue,
		.lang = c->lang,
		.config = checks_config(c->daemon->checks) };
}

static void
caller_free(struct caller *c)
{
	if (c->reply != NULL)
		xmpp_stanza_release(c->reply);
	if (c->answers != NULL)
		hash_wipe(c->answers, sizeof *c->answers);
	free(c->answers);
	free(c);
}

/* Where to write; NULL while the stream is down. */
static struct buf *
line_out(const struct caller *c)
{
	struct daemon *d = c->daemon;

	if (d->stream == NULL || stream_state(d->stream) != STREAM_UP)
		return NULL;
	stream_flush_later(d->stream);
	return stream_out(d->stream);
}

/* Sends the reply and ends the call.  0 or -1. */
static int
hang_up(struct caller *c, struct err *e)
{
	struct buf *out = line_out(c);
	int rc = out == NULL ? 0 : stanza_write(out, c->reply, e);

	caller_free(c);
	return rc;
}

/* A result of registration says nothing: how it goes on comes as a message,
 * with a link to the command. */
static void
tell_drafted(const struct caller *c)
{
	const struct applicant_words w = words(c);
	struct buf *out = line_out(c);
	char text[CATALOGUE_TEXT_MAX];
	const char *lang;

	if (out == NULL)
		return;
	catalogue_text(w.catalogue, w.lang, "register_drafted", NULL, 0, text,
	    &lang);
	buf_adds(out, "<message type='normal'");
	xml_attr(out, "from", c->daemon->domain);
	xml_attr(out, "to", stanza_get(c->reply, "to"));
	xml_attr(out, "xml:lang", lang);
	buf_adds(out, "><body>");
	xml_text(out, text);
	buf_adds(out, "</body><x xmlns='" NS_OOB "'><url>xmpp:");
	xml_text(out, c->daemon->domain);
	buf_adds(out, "?command;node=apply</url></x></message>");
}

/* An error with a sentence; `text` may be NULL. */
static int
refuse(struct caller *c, const char *type, const char *condition,
    const char *text, struct err *e)
{
	xmpp_stanza_t *error, *s;

	if (stanza_set(c->reply, "type", "error") == -1)
		goto fail;
	error = stanza_add(c->reply, "error", NULL);
	if (stanza_set(error, "type", type) == -1 ||
	    stanza_add(error, condition, NS_STANZAS) == NULL)
		goto fail;
	if (text != NULL) {
		s = stanza_add(error, "text", NS_STANZAS);
		if (stanza_add_text(s, text) == -1)
			goto fail;
	}
	return hang_up(c, e);
fail:
	caller_free(c);
	return err_set(e, "no memory for an answer");
}

static int
refuse_key(struct caller *c, const char *type, const char *condition,
    const char *key, struct err *e)
{
	const struct applicant_words w = words(c);
	char text[CATALOGUE_TEXT_MAX];

	applicant_text(&w, key, NULL, 0, text);
	return refuse(c, type, condition, text, e);
}

static int
unavailable(struct caller *c, struct err *e)
{
	return refuse_key(c, "wait", "resource-constraint", "counter_busy", e);
}

/* The account's draft, if it has one.  1, 0 (none; `state_r` says what there
 * is instead) or -1. */
static int
find_draft(struct caller *c, enum application_state *state_r)
{
	struct daemon *d = c->daemon;
	struct application *a = &c->answers->fields;
	struct err e;
	int rc = store_application_current(d->reader, c->bare, a, &e);

	*state_r = rc == 1 ? a->state : APPLICATION_NONE;
	if (rc == 1 && a->state == APPLICATION_DRAFT &&
	    a->kind == APPLICATION_NEW) {
		strcpy(c->id, a->id);
		c->version = a->version;
		return applicant_unseal(d->evidence, d->reader, a->evidence,
			   c->answers, &e) == -1
		    ? -1
		    : 1;
	}
	memset(c->answers, 0, sizeof *c->answers);
	return rc == -1 ? -1 : 0;
}

/* XEP-0077 #usecases-register: what to fill in, and the way to the command
 * for clients that have commands. */
static int
fill_query(struct caller *c, bool is_registered, const struct form *f)
{
	const struct applicant_words w = words(c);
	xmpp_stanza_t *query = stanza_add(c->reply, "query", NS_REGISTER);
	char text[CATALOGUE_TEXT_MAX], uri[1200];
	xmpp_stanza_t *oob;

	if (is_registered && stanza_add(query, "registered", NULL) == NULL)
		return -1;
	applicant_text(&w, "register_instructions", NULL, 0, text);
	if (stanza_add_text(stanza_add(query, "instructions", NULL), text) ==
		-1 ||
	    form_write(f, query, "form", NULL) == -1)
		return -1;
	(void)snprintf(uri, sizeof uri, "xmpp:%s?command;node=apply",
	    c->daemon->domain);
	oob = stanza_add(query, "x", NS_OOB);
	return stanza_add_text(stanza_add(oob, "url", NULL), uri);
}

static int
answer_get(struct caller *c, struct err *e)
{
	const struct applicant_words w = words(c);
	enum application_state state;
	char text[CATALOGUE_TEXT_MAX];
	struct form *f;
	int rc = find_draft(c, &state);

	if (rc == -1)
		return unavailable(c, e);
	f = applicant_form(&w, rc == 1 ? c->answers : NULL);
	applicant_text(&w, "register_instructions", NULL, 0, text);
	form_instruct(f, text);
	rc = fill_query(c, state != APPLICATION_NONE, f);
	form_free(f);
	if (rc == 0)
		return hang_up(c, e);
	caller_free(c);
	return err_set(e, "no memory for an answer");
}

/* The step has ended. */
static void
draft_done(void *arg, const struct cases_outcome *o)
{
	struct caller *c = arg;
	struct err e;

	if (o->end == CASES_DONE) {
		tell_drafted(c);
		(void)hang_up(c, &e);
	} else if (o->end == CASES_UNAVAILABLE)
		(void)unavailable(c, &e);
	else if (o->result.refusal == CASE_NAME_TAKEN)
		(void)refuse_key(c, "cancel", "conflict",
		    "apply_fault_name_taken", &e);
	else
		(void)refuse_key(c, "cancel", "not-allowed",
		    cases_refusal_key(o->result.refusal), &e);
}

static int
draft(struct caller *c, struct err *e)
{
	struct case_step step = { .action = CASE_DRAFT,
		.id = c->id,
		.version = c->version,
		.jid = c->bare,
		.by = c->bare,
		.role = CASE_SELF,
		.lang = c->lang,
		.fields = &c->answers->fields };
	struct case_sealed sealed;

	if (c->id[0] == '\0' && evidence_id(c->id, e) == -1)
		return unavailable(c, e);
	c->answers->fields.kind = APPLICATION_NEW;
	if (applicant_seal(c->daemon->evidence, c->answers, c->bare,
		&step.sealed[0], e) == -1)
		return unavailable(c, e);
	step.sealed_count = 1;
	sealed = step.sealed[0];
	cases_step(c->daemon->cases, &step, draft_done, c);
	evidence_clear(&sealed);
	return 0;
}

/* Every fault in one text: XEP-0077 has no form to send back. */
static int
tell_faults(struct caller *c, struct form *f, struct err *e)
{
	struct form_field *field = NULL;
	struct buf text;
	int rc;

	buf_init(&text, FAULTS_MAX);
	while ((field = form_fault_next(f, field)) != NULL) {
		const struct applicant_words w = words(c);
		char why[CATALOGUE_TEXT_MAX];

		fault_text(w.catalogue, w.lang, field, why);
		if (text.len < FAULTS_MAX / 2)
			buf_addf(&text, "%s%s: %s", text.len == 0 ? "" : "\n",
			    form_label(field), why);
	}
	rc = refuse(c, "modify", "not-acceptable",
	    text.data == NULL ? "" : text.data, e);
	buf_clear(&text);
	return rc;
}

static int
take_form(struct caller *c, struct form *f, xmpp_stanza_t *x, struct err *e)
{
	const struct applicant_words w = words(c);

	switch (form_fill(f, x)) {
	case FORM_TAKEN:
		break;
	case FORM_MALFORMED:
		return refuse(c, "modify", "bad-request", NULL, e);
	case FORM_TOO_BIG:
		return refuse(c, "modify", "policy-violation", NULL, e);
	case FORM_NO_MEMORY:
		return unavailable(c, e);
	}
	if (form_faults(f) > 0)
		return tell_faults(c, f, e);
	applicant_read(c->answers, f);
	if (applicant_check(&w, c->answers, f) > 0)
		return tell_faults(c, f, e);
	return draft(c, e);
}

static xmpp_stanza_t *
child_of(xmpp_stanza_t *parent, const char *name, const char *ns)
{
	xmpp_stanza_t *s = xmpp_stanza_get_children(parent);

	while (s != NULL && !(xmpp_stanza_is_tag(s) && stanza_is(s, name, ns)))
		s = xmpp_stanza_get_next(s);
	return s;
}

static int
answer_set(struct caller *c, xmpp_stanza_t *query, struct err *e)
{
	const struct applicant_words w = words(c);
	xmpp_stanza_t *x = child_of(query, "x", NS_DATA);
	enum application_state state;
	struct form *f;
	int rc;

	if (child_of(query, "remove", NS_REGISTER) != NULL)
		return refuse_key(c, "cancel", "not-allowed", "register_leave",
		    e);
	if (x == NULL)
		return refuse_key(c, "modify", "not-acceptable",
		    "register_instructions", e);
	if (find_draft(c, &state) == -1)
		return unavailable(c, e);
	f = applicant_form(&w, NULL);
	rc = f == NULL ? unavailable(c, e) : take_form(c, f, x, e);
	form_free(f);
	return rc;
}

static struct caller *
caller_new(struct daemon *d, xmpp_stanza_t *iq)
{
	struct caller *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->daemon = d;
	c->reply = stanza_reply(iq, "result");
	c->answers = calloc(1, sizeof *c->answers);
	(void)snprintf(c->lang, sizeof c->lang, "%s",
	    stanza_get(iq, "xml:lang"));
	if (c->reply != NULL && c->answers != NULL)
		return c;
	caller_free(c);
	return NULL;
}

int
door_take(struct daemon *d, xmpp_stanza_t *iq, struct err *e)
{
	xmpp_stanza_t *query = stanza_payload(iq);
	struct jid jid;
	struct caller *c;

	if (query == NULL || !stanza_is(query, "query", NS_REGISTER))
		return 0;
	c = caller_new(d, iq);
	if (c == NULL)
		return err_set(e, "no memory for an answer");
	/* Accounts only. */
	if (jid_parse(&jid, stanza_get(iq, "from"), e) == -1 ||
	    jid.local[0] == '\0')
		return refuse(c, "auth", "forbidden", NULL, e) == -1 ? -1 : 1;
	jid_bare(&jid, c->bare);
	if (strlen(c->bare) > PUBLISHER_JID_MAX)
		return refuse(c, "auth", "forbidden", NULL, e) == -1 ? -1 : 1;
	if (strcmp(stanza_get(iq, "type"), "get") == 0)
		return answer_get(c, e) == -1 ? -1 : 1;
	return answer_set(c, query, e) == -1 ? -1 : 1;
}

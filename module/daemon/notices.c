/* Notices to accounts; see notices.h. */
#include "daemon/notices.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/evidence.h"
#include "daemon/refusals.h"
#include "xmpp/ns.h"
#include "xmpp/xml.h"

#define KEY_MAX 80

struct notices {
	struct notices_setup s;
	int64_t after; /* the last row that was handed over */
	bool is_deleting, is_woken;
};

/* The rows of a page that are to be deleted. */
struct page {
	struct notices *notices;
	struct buf *out;
	int64_t ids[NOTICES_PAGE];
	size_t count;
};

int
notices_new(struct notices **r, const struct notices_setup *s, struct err *e)
{
	struct notices *n = calloc(1, sizeof *n);

	if (n == NULL)
		return err_set(e, "no memory for notices");
	n->s = *s;
	*r = n;
	return 0;
}

void
notices_free(struct notices *n)
{
	free(n);
}

/*
 * Words.
 */

/* The command that is the next step after each kind. */
static const struct {
	const char *kind, *node;
} steps[] = {
	{ "asked", "apply" },
	{ "refused", "appeal" },
	{ "withdrawn", "apply" },
	{ "suspended", "appeal" },
	{ "revoked", "appeal" },
	{ "left", "apply" },
	{ "expired", "renew" },
	{ "reminder", "renew" },
	{ "draft-dropped", "apply" },
	{ "agreement", "agree" },
	{ "agreement-lapsed", "agree" },
	{ "proof-lost", "prove" },
	{ "reported-result", "report" },
	{ "erased", "mydata" },
};

/* Of what a notice about an application is: "", "change" or "renewal". */
static const char *
application_word(struct notices *n, const struct notice_row *row)
{
	struct application *a;
	const char *r = "";

	if (row->application[0] == '\0' || (a = calloc(1, sizeof *a)) == NULL)
		return r;
	if (store_application_find(cases_reader(n->s.cases), row->application,
		a, NULL) == 1 &&
	    a->kind != APPLICATION_NEW)
		r = application_kind_name(a->kind);
	free(a);
	return r;
}

static const char *
next_node(const struct notice_row *row, const char *application)
{
	const char *kind = row->kind;

	/* What there is no appeal against can be wished for again; a question
	 * is answered where the wish was made. */
	if (strcmp(application, "change") == 0 &&
	    (strcmp(kind, "refused") == 0 || strcmp(kind, "asked") == 0))
		return "change";
	if (strcmp(application, "renewal") == 0 &&
	    (strcmp(kind, "refused") == 0 || strcmp(kind, "asked") == 0))
		return "renew";
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (strcmp(steps[i].kind, kind) == 0)
			return steps[i].node;
	return "status";
}

/* "notice_proof_lost", "notice_refused_change_subject". */
static void
key_write(const char *kind, const char *application, const char *suffix,
    char r[KEY_MAX])
{
	bool has_own = application[0] != '\0' &&
	    (strcmp(kind, "refused") == 0 || strcmp(kind, "submitted") == 0);

	(void)snprintf(r, KEY_MAX, "notice_%s%s%s%s", kind, has_own ? "_" : "",
	    has_own ? application : "", suffix);
	for (char *c = r; *c != '\0'; c++)
		if (*c == '-')
			*c = '_';
}

static const char *
category_title(struct notices *n, const char *id)
{
	const struct category *c =
	    policy_category(&cases_config(n->s.cases)->policy, id);

	return c == NULL ? id : c->title;
}

/*
 * What is sealed: the recipient of some, the words of others.
 */

/* 0, with `*r` NULL if nothing was sealed or it is gone; or -1. */
static int
row_open(struct notices *n, const struct notice_row *row, json_t **r,
    struct err *e)
{
	char *text = NULL;
	size_t len = 0;
	int found;

	*r = NULL;
	if (row->evidence[0] == '\0')
		return 0;
	found = evidence_read(cases_evidence(n->s.cases),
	    cases_reader(n->s.cases), row->evidence, &text, &len, e);
	if (found == 1)
		*r = json_loads(text, 0, NULL);
	evidence_forget(text, len);
	return found == -1 ? -1 : 0;
}

static const char *
member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text == NULL ? "" : text;
}

/*
 * Messages.
 */

/* `about` has the arguments of the text. */
static void
message_write(struct notices *n, const struct notice_row *row, const char *to,
    const char *lang, const char *reason, struct buf *out)
{
	const char *about = application_word(n, row), *used;
	char uri[REFUSALS_URI_MAX], key[KEY_MAX], number[24];
	char subject[CATALOGUE_TEXT_MAX], body[CATALOGUE_TEXT_MAX];
	const struct catalogue_arg args[] = {
		{ .name = "name", .text = row->name },
		{ .name = "category",
		    .text = category_title(n, row->category) },
		{ .name = "reason", .text = reason },
		{ .name = "domain", .text = row->domain },
		{ .name = "next", .text = uri },
		{ .name = "date",
		    .date_s = row->date_s != 0 ? row->date_s : row->at_s },
	};
	size_t count = sizeof args / sizeof args[0];

	refusals_command_uri(cases_config(n->s.cases), next_node(row, about),
	    uri);
	key_write(row->kind, about, "_subject", key);
	catalogue_text(n->s.catalogue, lang, key, args, count, subject, &used);
	key_write(row->kind, about, "", key);
	catalogue_text(n->s.catalogue, lang, key, args, count, body, &used);
	(void)snprintf(number, sizeof number, "notice-%" PRId64, row->id);
	buf_adds(out, "<message type='normal'");
	xml_attr(out, "from", n->s.domain);
	xml_attr(out, "to", to);
	xml_attr(out, "id", number);
	xml_attr(out, "xml:lang", used);
	buf_adds(out, "><subject>");
	xml_text(out, subject);
	buf_adds(out, "</subject><body>");
	xml_text(out, body);
	buf_adds(out, "</body><x xmlns='" NS_OOB "'><url>");
	xml_text(out, uri);
	buf_adds(out, "</url></x></message>");
}

int
notices_write(struct notices *n, const struct notice_row *row, struct buf *out,
    struct err *e)
{
	const char *to = row->jid, *lang = row->lang, *reason = row->reason;
	json_t *opened;

	if (row_open(n, row, &opened, e) == -1)
		return -1;
	if (to[0] == '\0') {
		to = member(opened, "jid");
		lang = member(opened, "lang");
	} else if (reason[0] == '\0') {
		reason = member(opened, "text");
	}
	if (to[0] != '\0')
		message_write(n, row, to, lang, reason, out);
	json_decref(opened);
	return out->failed ? err_set(e, "the stream takes no more") : 0;
}

/*
 * Rows.
 */

static int
row_send(void *arg, const struct notice_row *row)
{
	struct page *p = arg;
	struct notices *n = p->notices;
	struct err e;

	if (notices_write(n, row, p->out, &e) == -1) {
		n->s.on_trouble(n->s.arg, "notices", &e);
		/* One that cannot be opened waits for the next start, and
		 * keeps nobody else waiting. */
		if (!p->out->failed)
			n->after = row->id;
		return p->out->failed;
	}
	n->after = row->id;
	p->ids[p->count++] = row->id;
	return 0;
}

static int
page_delete(struct store *s, void *arg, struct err *e)
{
	struct page *p = arg;

	return store_notice_done(s, p->ids, p->count, e);
}

static void
page_deleted(void *arg, int rc, const struct err *e)
{
	struct page *p = arg;
	struct notices *n = p->notices;

	n->is_deleting = false;
	if (rc == -1)
		n->s.on_trouble(n->s.arg, "notices", e);
	/* What could not be deleted is not sent again while this runs:
	 * `after` is beyond it. */
	if (rc == 0 && (n->is_woken || p->count == NOTICES_PAGE))
		notices_wake(n);
	free(p);
}

static void
page_hand_over(struct page *p)
{
	struct notices *n = p->notices;
	struct err e;

	n->s.flush(n->s.arg);
	n->is_deleting = true;
	if (writer_post(n->s.writer, page_delete, page_deleted, p, &e) == -1)
		page_deleted(p, -1, &e);
}

void
notices_wake(struct notices *n)
{
	struct buf *out = n->s.out(n->s.arg);
	int64_t before = n->after;
	struct page *p;
	struct err e;

	n->is_woken = n->is_deleting;
	if (out == NULL || n->is_deleting)
		return;
	p = calloc(1, sizeof *p);
	if (p == NULL)
		return;
	p->notices = n;
	p->out = out;
	if (store_notice_list(cases_reader(n->s.cases), n->after, NOTICES_PAGE,
		row_send, p, &e) == -1)
		n->s.on_trouble(n->s.arg, "register", &e);
	if (p->count > 0 && !out->failed) {
		page_hand_over(p);
		return;
	}
	/* The stream is lost, with what it has not sent. */
	if (out->failed) {
		n->after = before;
		n->s.flush(n->s.arg);
	}
	free(p);
}

/* Readers' reports of posts; see reports.h. */
#include "daemon/reports.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/counter_staff.h"
#include "daemon/evidence.h"
#include "text/jid.h"
#include "xmpp/report.h"
#include "xmpp/stanza.h"

/*
 * Filing one.
 */

struct filing {
	struct case_sealed sealed;
	cases_done done;
	void *arg;
};

static void
filed(void *arg, const struct cases_outcome *o)
{
	struct filing *g = arg;

	g->done(g->arg, o);
	evidence_clear(&g->sealed);
	free(g);
}

static int
filing_seal(struct cases *c, const struct report_filing *f,
    struct case_step *step, char mark[CASE_MARK_LEN + 1],
    struct case_sealed *keep, struct err *e)
{
	json_t *reporter = json_pack("{s:s, s:s, s:s}", "jid", f->by, "lang",
	    f->lang, "text", f->text);

	if (evidence_mark(cases_evidence(c), f->by, mark, e) == -1) {
		json_decref(reporter);
		return -1;
	}
	return staff_seal_json(c, step, EVIDENCE_REPORTER, f->jid, reporter,
	    keep, e);
}

void
reports_file(struct cases *c, const struct report_filing *f, cases_done done,
    void *arg)
{
	struct cases_outcome none = { .end = CASES_UNAVAILABLE };
	char id[CASE_ID_LEN + 1], mark[CASE_MARK_LEN + 1];
	const struct case_report report = { .place = f->place,
		.post = f->post,
		.reason = f->reason,
		.mark = mark };
	struct case_step step = { .action = CASE_REPORT,
		.id = id,
		.jid = f->jid,
		.by = f->by,
		.role = CASE_SELF,
		.lang = f->lang,
		.report = &report };
	struct filing *g = calloc(1, sizeof *g);

	(void)err_set(&none.e, "no memory");
	if (g == NULL || evidence_id(id, &none.e) == -1 ||
	    filing_seal(c, f, &step, mark, &g->sealed, &none.e) == -1) {
		free(g);
		done(arg, &none);
		return;
	}
	g->done = done;
	g->arg = arg;
	cases_step(c, &step, filed, g);
}

/*
 * Stanzas.
 */

/* A report by stanza on its way: its posts one after the other. */
struct delivery {
	const struct reports_io *io;
	xmpp_stanza_t *iq; /* a reference of our own */
	struct report report;
	char by[JID_MAX + 1], jid[JID_MAX + 1];
	size_t at;
};

static void
delivery_end(struct delivery *d, xmpp_stanza_t *answer)
{
	struct buf *out = d->io->out(d->io->arg);
	struct err e;

	if (out != NULL && answer != NULL) {
		(void)stanza_write(out, answer, &e);
		d->io->flush(d->io->arg);
	}
	if (answer != NULL)
		xmpp_stanza_release(answer);
	report_clear(&d->report);
	xmpp_stanza_release(d->iq);
	free(d);
}

static void
delivery_fail(struct delivery *d, const char *type, const char *condition)
{
	delivery_end(d, stanza_reply_error(d->iq, type, condition));
}

/* Which error a rule's no is. */
static void
delivery_refused(struct delivery *d, enum case_refusal refusal)
{
	if (refusal == CASE_NOT_FOUND)
		delivery_fail(d, "cancel", "item-not-found");
	else if (refusal == CASE_LIMIT_ACCOUNT ||
	    refusal == CASE_LIMIT_DOMAIN || refusal == CASE_LIMIT_ALL)
		delivery_fail(d, "wait", "resource-constraint");
	else
		delivery_fail(d, "modify", "bad-request");
}

static void delivery_next(struct delivery *d);

static void
delivered(void *arg, const struct cases_outcome *o)
{
	struct delivery *d = arg;

	if (o->end == CASES_UNAVAILABLE) {
		delivery_fail(d, "wait", "resource-constraint");
		return;
	}
	/* Who reports the same post again has reported it. */
	if (o->end == CASES_REFUSED && o->result.refusal != CASE_ONCE) {
		delivery_refused(d, o->result.refusal);
		return;
	}
	d->at++;
	delivery_next(d);
}

static void
delivery_next(struct delivery *d)
{
	const struct report *r = &d->report;
	const char *lang = stanza_get(d->iq, "xml:lang");
	struct report_filing f = { .by = d->by,
		.lang = strlen(lang) > CASE_LANG_MAX ? "" : lang,
		.jid = d->jid,
		.reason = r->reason,
		.text = r->text };

	if (d->at == r->post_count) {
		delivery_end(d, stanza_reply(d->iq, "result"));
		return;
	}
	f.place = r->posts[d->at].by;
	f.post = r->posts[d->at].id;
	if (strlen(f.place) > CASE_PLACE_MAX || strlen(f.post) > CASE_POST_MAX)
		delivery_fail(d, "modify", "bad-request");
	else
		reports_file(d->io->cases, &f, delivered, d);
}

static int
bare(const char *text, char r[JID_MAX + 1])
{
	return jid_bare_prepare(text, r, JID_MAX + 1, NULL, NULL) == 0 &&
	    strchr(r, '@') != NULL;
}

int
reports_take(const struct reports_io *io, xmpp_stanza_t *iq, struct err *e)
{
	struct delivery *d;
	struct report r;
	int rc = report_read(iq, &r);

	if (rc == 0)
		return 0;
	d = calloc(1, sizeof *d);
	if (d == NULL) {
		report_clear(&r);
		return err_set(e, "no memory for a report");
	}
	d->io = io;
	d->iq = xmpp_stanza_clone(iq);
	d->report = r;
	if (!cases_config(io->cases)->has_reports)
		delivery_fail(d, "cancel", "feature-not-implemented");
	else if (rc == -1)
		delivery_fail(d, "modify", "bad-request");
	else if (!bare(stanza_get(iq, "from"), d->by))
		delivery_fail(d, "auth", "forbidden");
	else if (!bare(r.jid, d->jid))
		delivery_fail(d, "modify", "jid-malformed");
	else
		delivery_next(d);
	return 1;
}

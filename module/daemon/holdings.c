/* Gathering what is held about an account; see holdings.h. */
#include "daemon/holdings.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/commands.h"
#include "daemon/evidence.h"

#define APPLICATIONS_MAX 1000

/* One gathering on its way. */
struct gathering {
	struct cases *cases;
	struct store *store; /* borrowed */
	json_t *r;	     /* owned */
	char *jid, *by;	     /* owned */
	enum case_role role;
	holdings_done done;
	void *arg;
	size_t at; /* of `evidence`, what is to be opened next */
	size_t batch[CASES_READ_MAX];
	size_t batch_count;
};

static void
gathering_end(struct gathering *g, enum cases_end end, const struct err *e)
{
	if (end != CASES_DONE) {
		json_decref(g->r);
		g->r = NULL;
	}
	g->done(g->arg, end, g->r, e);
	free(g->jid);
	free(g->by);
	free(g);
}

/* A member that is a list, made when it is not there. */
static json_t *
list_of(json_t *r, const char *name)
{
	json_t *list = json_object_get(r, name);

	if (list == NULL) {
		list = json_array();
		(void)json_object_set_new(r, name, list);
	}
	return list;
}

/*
 * Rows.
 */

static int
add_decision(void *arg, const struct decision_row *d)
{
	(void)json_array_append_new(list_of(arg, "decisions"),
	    json_pack("{s:I, s:o, s:s, s:s, s:s, s:s, s:s, s:o}", "case",
		(json_int_t)d->id, "at", commands_date(d->at_s), "action",
		d->action, "by", d->by, "reason", d->reason, "category",
		d->category, "name", d->name, "until",
		commands_date(d->until_s)));
	return 0;
}

static json_t *
categories_of(const struct application *a)
{
	json_t *r = json_array();

	for (unsigned i = 0; i < a->category_count; i++)
		(void)json_array_append_new(r,
		    json_pack("{s:s, s:s}", "id", a->categories[i].id, "state",
			application_state_name(a->categories[i].state)));
	return r;
}

static int
add_application(void *arg, const struct application *a)
{
	json_t *row = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:s, s:s, s:s,"
				" s:s, s:s, s:o}",
	    "id", a->id, "kind", application_kind_name(a->kind), "state",
	    application_state_name(a->state), "created",
	    commands_date(a->created_s), "submitted",
	    commands_date(a->submitted_s), "since", commands_date(a->since_s),
	    "lang", a->lang, "name", a->name, "organisation", a->organisation,
	    "domain", a->domain, "website", a->website, "categories",
	    categories_of(a));

	(void)json_array_append_new(list_of(arg, "applications"), row);
	return 0;
}

static int
add_acceptance(void *arg, const struct acceptance_row *a)
{
	(void)json_array_append_new(list_of(arg, "accepted"),
	    json_pack("{s:s, s:I, s:s, s:s, s:o}", "category", a->category,
		"version", (json_int_t)a->version, "lang", a->lang, "sha256",
		a->sha256, "at", commands_date(a->at_s)));
	return 0;
}

static int
add_identity(void *arg, const struct identity_row *i)
{
	(void)json_array_append_new(list_of(arg, "identity"),
	    json_pack("{s:s, s:s, s:o, s:o, s:s}", "method",
		case_method_name(i->method), "by", i->by, "at",
		commands_date(i->at_s), "until", commands_date(i->until_s),
		"evidence", i->evidence));
	return 0;
}

/* Reports are somebody else's: even the hour of one may tell who made it. */
static int
add_event(void *arg, const struct event_row *v)
{
	if (v->action == CASE_REPORT)
		return 0;
	(void)json_array_append_new(list_of(arg, "history"),
	    json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "at",
		commands_date(v->at_s), "action", case_action_name(v->action),
		"object", v->object, "by", v->by, "role", v->role, "category",
		v->category, "reason", v->reason, "evidence", v->evidence));
	return 0;
}

struct notice_filter {
	json_t *r;
	const char *jid;
	int64_t last;
	unsigned seen;
};

static int
add_notice(void *arg, const struct notice_row *n)
{
	struct notice_filter *f = arg;

	f->last = n->id;
	f->seen++;
	if (strcmp(n->jid, f->jid) == 0)
		(void)json_array_append_new(list_of(f->r, "notices"),
		    json_pack("{s:s, s:o, s:s}", "kind", n->kind, "at",
			commands_date(n->at_s), "reason", n->reason));
	return 0;
}

static int
add_evidence(void *arg, const struct evidence_row *v)
{
	if (v->kind == EVIDENCE_REPORTER)
		return 0;
	(void)json_array_append_new(list_of(arg, "evidence"),
	    json_pack("{s:s, s:s, s:s, s:o, s:o, s:n}", "id", v->id, "kind",
		evidence_kind_name(v->kind), "object", v->object, "at",
		commands_date(v->at_s), "erased", commands_date(v->erased_s),
		"content"));
	return 0;
}

/*
 * What belongs to a row.
 */

static int
add_proof(struct gathering *g, const char *domain, struct err *e)
{
	struct proof_row p;
	int rc;

	if (domain[0] == '\0' ||
	    (rc = store_proof_find(g->store, g->jid, domain, &p, e)) == 0)
		return 0;
	if (rc < 0)
		return -1;
	(void)json_array_append_new(list_of(g->r, "proofs"),
	    json_pack("{s:s, s:s, s:s, s:o, s:o, s:s}", "domain", p.domain,
		"method", proof_method_name(p.method), "outcome",
		proof_outcome_name(p.outcome), "checked",
		commands_date(p.checked_s), "proved", commands_date(p.proved_s),
		"detail", p.detail));
	return 0;
}

/* Of each domain that it ever applied with, once. */
static int
add_proofs(struct gathering *g, const char *own, struct err *e)
{
	const json_t *list = list_of(g->r, "applications");

	(void)list_of(g->r, "proofs");
	if (add_proof(g, own, e) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *domain = json_string_value(
		    json_object_get(json_array_get(list, i), "domain"));
		bool is_known = strcmp(domain, own) == 0;

		for (size_t j = 0; j < i; j++)
			is_known = is_known ||
			    strcmp(json_string_value(json_object_get(
				       json_array_get(list, j), "domain")),
				domain) == 0;
		if (!is_known && add_proof(g, domain, e) < 0)
			return -1;
	}
	return 0;
}

/* The history names them. */
static int
add_appeals(struct gathering *g, struct err *e)
{
	const json_t *history = list_of(g->r, "history");
	struct appeal_row a;
	int rc;

	(void)list_of(g->r, "appeals");
	for (size_t i = 0; i < json_array_size(history); i++) {
		const json_t *v = json_array_get(history, i);

		if (strcmp(json_string_value(json_object_get(v, "action")),
			"appeal") != 0)
			continue;
		rc = store_appeal_find(g->store,
		    json_string_value(json_object_get(v, "object")), &a, e);
		if (rc < 0)
			return -1;
		if (rc == 1)
			(void)json_array_append_new(list_of(g->r, "appeals"),
			    json_pack("{s:s, s:s, s:I, s:s, s:o, s:o}", "id",
				a.id, "state", appeal_state_name(a.state),
				"case", (json_int_t)a.decision, "against",
				a.action, "at", commands_date(a.at_s), "closed",
				commands_date(a.closed_s)));
	}
	return 0;
}

static int
add_publisher(struct gathering *g, struct err *e)
{
	static struct publisher p; /* the loop's; big */
	int rc = store_publisher_find(g->store, g->jid, &p, e);

	if (rc < 0)
		return -1;
	(void)json_object_set_new(g->r, "publisher",
	    rc == 1 ? commands_publisher_full(&p, clock_wall_s())
		    : json_null());
	return 0;
}

static int
add_profile(struct gathering *g, struct profile *p, struct err *e)
{
	int rc = store_profile_find(g->store, g->jid, p, e);

	if (rc < 0)
		return -1;
	(void)json_object_set_new(g->r, "profile",
	    rc == 0 ? json_null()
		    : json_pack("{s:s, s:s, s:s, s:s}", "organisation",
			  p->organisation, "domain", p->domain, "website",
			  p->website, "lang", p->lang));
	if (rc == 0)
		p->domain[0] = '\0';
	return 0;
}

static int
add_notices(struct gathering *g, struct err *e)
{
	struct notice_filter f = { g->r, g->jid, 0, 0 };
	unsigned before;

	(void)list_of(g->r, "notices");
	do {
		before = f.seen;
		if (store_notice_list(g->store, f.last, CTL_LIST_MAX,
			add_notice, &f, e) < 0)
			return -1;
	} while (f.seen - before == CTL_LIST_MAX);
	return 0;
}

static int
gather(struct gathering *g, struct err *e)
{
	struct profile p;

	(void)list_of(g->r, "evidence");
	(void)list_of(g->r, "decisions");
	(void)list_of(g->r, "accepted");
	(void)list_of(g->r, "identity");
	if (add_publisher(g, e) < 0 ||
	    store_history(g->store, g->jid, add_decision, g->r, e) < 0 ||
	    add_profile(g, &p, e) < 0 ||
	    store_application_of(g->store, g->jid, APPLICATIONS_MAX,
		add_application, g->r, e) < 0 ||
	    store_acceptance_list(g->store, g->jid, add_acceptance, g->r, e) <
		0 ||
	    store_identity_list(g->store, g->jid, add_identity, g->r, e) < 0 ||
	    add_proofs(g, p.domain, e) < 0 ||
	    store_event_list(g->store, g->jid, NULL, 0, HOLDINGS_ROWS_MAX,
		add_event, g->r, e) < 0 ||
	    add_appeals(g, e) < 0 || add_notices(g, e) < 0)
		return -1;
	return store_evidence_list(g->store, g->jid, add_evidence, g->r, e);
}

/*
 * Opening.
 */

static void
set_content(struct gathering *g, size_t at, const char *text)
{
	json_t *row = json_array_get(list_of(g->r, "evidence"), at);
	json_t *content = json_loads(text, JSON_DECODE_ANY, NULL);

	(void)json_object_set_new(row, "content",
	    content != NULL ? content : json_string(text));
}

static void open_next(struct gathering *g);

static void
opened(void *arg, enum cases_end end, const char *const *texts, size_t count,
    const struct err *e)
{
	struct gathering *g = arg;

	if (end != CASES_DONE) {
		gathering_end(g, end, e);
		return;
	}
	for (size_t i = 0; i < count; i++)
		if (texts[i] != NULL)
			set_content(g, g->batch[i], texts[i]);
	open_next(g);
}

/* The account itself reads: nobody else has seen it. */
static int
open_own(struct gathering *g, size_t at, const char *id, struct err *e)
{
	char *text;
	size_t len;
	int rc = evidence_read(cases_evidence(g->cases), g->store, id, &text,
	    &len, e);

	if (rc == 1)
		set_content(g, at, text);
	evidence_forget(text, len);
	return rc < 0 ? -1 : 0;
}

static void
open_next(struct gathering *g)
{
	const json_t *list = list_of(g->r, "evidence");
	const char *ids[CASES_READ_MAX];
	struct err e = { "" };

	g->batch_count = 0;
	for (; g->at < json_array_size(list) && g->batch_count < CASES_READ_MAX;
	     g->at++) {
		const json_t *row = json_array_get(list, g->at);
		const char *id = json_string_value(json_object_get(row, "id"));

		if (!json_is_null(json_object_get(row, "erased")))
			continue;
		if (g->role == CASE_SELF) {
			if (open_own(g, g->at, id, &e) < 0) {
				gathering_end(g, CASES_UNAVAILABLE, &e);
				return;
			}
			continue;
		}
		ids[g->batch_count] = id;
		g->batch[g->batch_count++] = g->at;
	}
	if (g->batch_count == 0)
		gathering_end(g, CASES_DONE, &e);
	else
		cases_read(g->cases, ids, g->batch_count, g->by, g->role,
		    opened, g);
}

void
holdings_collect(struct cases *c, const char *jid, const char *by,
    enum case_role role, holdings_done done, void *arg)
{
	struct gathering *g = calloc(1, sizeof *g);
	struct err e = { "no memory" };
	int64_t serial;
	int rc = -1;

	if (g != NULL) {
		*g = (struct gathering){ .cases = c,
			.store = cases_reader(c),
			.r = json_pack("{s:s}", "jid", jid),
			.jid = strdup(jid),
			.by = strdup(by),
			.role = role,
			.done = done,
			.arg = arg };
	}
	if (g == NULL || g->r == NULL || g->jid == NULL || g->by == NULL) {
		done(arg, CASES_UNAVAILABLE, NULL, &e);
		if (g != NULL) {
			json_decref(g->r);
			free(g->jid);
			free(g->by);
		}
		free(g);
		return;
	}
	/* What is told belongs to one moment. */
	if (store_lookup_begin(g->store, &serial, &e) == 0) {
		rc = gather(g, &e);
		store_lookup_end(g->store);
	}
	if (rc < 0)
		gathering_end(g, CASES_UNAVAILABLE, &e);
	else
		open_next(g);
}

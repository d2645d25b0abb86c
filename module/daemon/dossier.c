/* What staff may see, as JSON; see dossier.h. */
#include "daemon/dossier.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/clock.h"
#include "daemon/commands.h"

/* A dossier under way, and where what is sealed belongs in it. */
struct dossier {
	struct cases *cases;
	json_t *root;
	struct {
		char id[CASE_ID_LEN + 1];
		json_t *object; /* borrowed from the root */
		const char *member;
	} slots[CASES_READ_MAX];
	size_t slot_count;
	bool hides_reporters;
	dossier_done done;
	void *arg;
};

static struct dossier *
dossier_new(struct cases *c, dossier_done done, void *arg)
{
	struct dossier *d = calloc(1, sizeof *d);
	struct err e = { "no memory" };

	if (d == NULL) {
		done(arg, CASES_UNAVAILABLE, NULL, &e);
		return NULL;
	}
	d->cases = c;
	d->done = done;
	d->arg = arg;
	return d;
}

static void
dossier_end(struct dossier *d, enum cases_end end, const struct err *e)
{
	d->done(d->arg, end, end == CASES_DONE ? d->root : NULL, e);
	json_decref(d->root);
	free(d);
}

/* Has the evidence put there when it is open.  Beyond CASES_READ_MAX the
 * rest is left out: then only "sealed" stands there. */
static void
slot_add(struct dossier *d, const char *id, json_t *object, const char *member)
{
	size_t i = d->slot_count;

	(void)json_object_set_new(object, member, json_null());
	if (id[0] == '\0')
		return;
	if (i == CASES_READ_MAX) {
		(void)json_object_set_new(object, member,
		    json_pack("{s:s}", "sealed", id));
		return;
	}
	strncpy(d->slots[i].id, id, CASE_ID_LEN);
	d->slots[i].object = object;
	d->slots[i].member = member;
	d->slot_count++;
}

/* What was sealed is the text of a JSON object. */
static json_t *
opened_json(const char *text, bool is_reporter)
{
	json_t *r;

	if (text == NULL)
		return json_null();
	r = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	/* Staff judge the post, whoever reported it. */
	if (is_reporter && json_object_del(r, "jid") == 0)
		(void)json_object_del(r, "lang");
	return json_is_object(r) ? r : json_pack("{s:s}", "text", text);
}

static void
dossier_opened(void *arg, enum cases_end end, const char *const *texts,
    size_t count, const struct err *e)
{
	struct dossier *d = arg;

	for (size_t i = 0; end == CASES_DONE && i < count; i++)
		(void)json_object_set_new(d->slots[i].object,
		    d->slots[i].member,
		    opened_json(texts[i], d->hides_reporters));
	dossier_end(d, end, e);
}

static void
dossier_open(struct dossier *d, const char *by, enum case_role role)
{
	const char *ids[CASES_READ_MAX];

	for (size_t i = 0; i < d->slot_count; i++)
		ids[i] = d->slots[i].id;
	cases_read(d->cases, ids, d->slot_count, by, role, dossier_opened, d);
}

/*
 * Rows.
 */

json_t *
dossier_case_row(const struct application *a)
{
	json_t *categories = json_array();

	for (unsigned i = 0; i < a->category_count; i++)
		(void)json_array_append_new(categories,
		    json_string(a->categories[i].id));
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:s, s:s, s:o, s:I}",
	    "case", a->id, "jid", a->jid, "kind",
	    application_kind_name(a->kind), "state",
	    application_state_name(a->state), "since",
	    commands_date(a->since_s), "submitted",
	    commands_date(a->submitted_s), "name", a->name, "domain", a->domain,
	    "categories", categories, "version", (json_int_t)a->version);
}

json_t *
dossier_appeal_row(const struct appeal_row *a)
{
	return json_pack("{s:s, s:s, s:s, s:I, s:o, s:s, s:I, s:s, s:s, s:s, "
			 "s:o, s:s}",
	    "appeal", a->id, "jid", a->jid, "state",
	    appeal_state_name(a->state), "version", (json_int_t)a->version,
	    "at", commands_date(a->at_s), "action", a->action, "decision",
	    (json_int_t)a->decision, "first_by", a->first_by, "reason",
	    a->reason, "case", a->application, "closed",
	    commands_date(a->closed_s), "closed_by", a->closed_by);
}

json_t *
dossier_report_row(const struct report_row *r)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:I, s:o, s:o, s:o, s:s, "
			 "s:s, s:b}",
	    "report", r->id, "jid", r->jid, "place", r->place, "post", r->post,
	    "is_open", r->is_open, "count", (json_int_t)r->count, "first",
	    commands_date(r->at_s), "last", commands_date(r->last_s), "closed",
	    commands_date(r->closed_s), "closed_by", r->closed_by, "result",
	    r->result, "is_founded", r->is_founded);
}

/*
 * What several have.
 */

/* The member "publisher"; null if there is none.  0 or -1. */
static int
add_publisher(struct dossier *d, const char *jid, struct err *e)
{
	struct publisher p;
	int found = store_publisher_find(cases_reader(d->cases), jid, &p, e);

	if (found == -1)
		return -1;
	(void)json_object_set_new(d->root, "publisher",
	    found == 0 ? json_null()
		       : commands_publisher_full(&p, clock_wall_s()));
	return 0;
}

struct listing {
	struct dossier *dossier;
	json_t *rows, *notes;
};

static int
add_event(void *arg, const struct event_row *v)
{
	struct listing *l = arg;

	(void)json_array_append_new(l->rows,
	    json_pack("{s:o, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:I}", "at",
		commands_date(v->at_s), "action", case_action_name(v->action),
		"by", v->by, "role", v->role, "category", v->category, "reason",
		v->reason, "method", v->method, "until",
		commands_date(v->until_s), "case", (json_int_t)v->decision));
	if (json_array_size(l->rows) > DOSSIER_EVENTS_MAX)
		(void)json_array_remove(l->rows, 0);
	if (v->action == CASE_NOTE && l->notes != NULL) {
		json_t *note = json_pack("{s:s, s:o}", "by", v->by, "at",
		    commands_date(v->at_s));

		(void)json_array_append_new(l->notes, note);
		slot_add(l->dossier, v->evidence, note, "evidence");
	}
	return 0;
}

/* The members "history" and "notes". */
static int
add_history(struct dossier *d, const char *jid, struct err *e)
{
	struct listing l = { d, json_array(), json_array() };

	(void)json_object_set_new(d->root, "history", l.rows);
	(void)json_object_set_new(d->root, "notes", l.notes);
	return store_event_list(cases_reader(d->cases), jid, NULL, 0,
	    UINT32_MAX, add_event, &l, e);
}

/*
 * A case.
 */

static int
add_vote(void *arg, const struct vote_row *v)
{
	json_t *root = arg, *categories,
	       *votes = json_object_get(root, "votes");
	json_t *category;
	size_t i;

	categories = json_object_get(root, "categories");
	json_array_foreach(categories, i, category)
	{
		if (strcmp(json_string_value(json_object_get(category, "id")),
			v->category) == 0)
			votes = json_object_get(category, "votes");
	}
	(void)json_array_append_new(votes,
	    json_pack("{s:s, s:o, s:o, s:s}", "by", v->by, "at",
		commands_date(v->at_s), "until", commands_date(v->until_s),
		"reason", v->reason));
	return 0;
}

/* How many approvals it takes; a change is approved as a whole. */
static int
votes_needed(struct dossier *d, const struct application *a,
    const char *category, json_t *to, struct err *e)
{
	struct case_rules rules;
	unsigned needed;

	cases_rules(d->cases, category, &rules);
	if (store_votes_needed(cases_reader(d->cases), a, &rules, &needed, e) ==
	    -1)
		return -1;
	(void)json_object_set_new(to, "needed", json_integer(needed));
	return 0;
}

static int
add_categories(struct dossier *d, const struct application *a, struct err *e)
{
	const struct policy *policy = &cases_config(d->cases)->policy;
	json_t *list = json_array();

	(void)json_object_set_new(d->root, "categories", list);
	(void)json_object_set_new(d->root, "votes", json_array());
	for (unsigned i = 0; i < a->category_count; i++) {
		const char *id = a->categories[i].id;
		const struct category *c = policy_category(policy, id);
		json_t *row = json_pack("{s:s, s:s, s:s, s:[]}", "id", id,
		    "title", c == NULL ? id : c->title, "state",
		    application_state_name(a->categories[i].state), "votes");

		(void)json_array_append_new(list, row);
		if (votes_needed(d, a, id, row, e) == -1)
			return -1;
	}
	if (votes_needed(d, a, NULL, d->root, e) == -1)
		return -1;
	return store_vote_list(cases_reader(d->cases), a->id, add_vote, d->root,
	    e);
}

static int
add_identity(void *arg, const struct identity_row *i)
{
	struct listing *l = arg;
	json_t *row = json_pack("{s:s, s:s, s:o, s:o, s:b}", "method",
	    case_method_name(i->method), "by", i->by, "at",
	    commands_date(i->at_s), "until", commands_date(i->until_s), "holds",
	    clock_wall_s() < i->until_s);

	(void)json_array_append_new(l->rows, row);
	slot_add(l->dossier, i->evidence, row, "evidence");
	return 0;
}

static int
add_acceptance(void *arg, const struct acceptance_row *a)
{
	struct listing *l = arg;

	(void)json_array_append_new(l->rows,
	    json_pack("{s:s, s:I, s:s, s:o, s:s}", "category", a->category,
		"version", (json_int_t)a->version, "lang", a->lang, "at",
		commands_date(a->at_s), "sha256", a->sha256));
	return 0;
}

static int
add_other(void *arg, const struct application *a)
{
	struct listing *l = arg;
	const char *self =
	    json_string_value(json_object_get(l->dossier->root, "case"));

	if (strcmp(self, a->id) != 0 && a->state != APPLICATION_DRAFT)
		(void)json_array_append_new(l->rows,
		    json_pack("{s:s, s:s, s:s, s:o}", "case", a->id, "kind",
			application_kind_name(a->kind), "state",
			application_state_name(a->state), "since",
			commands_date(a->since_s)));
	return 0;
}

static int
add_proof(struct dossier *d, const struct application *a, struct err *e)
{
	struct proof_row p;
	int found = 0;

	if (a->domain[0] != '\0')
		found = store_proof_find(cases_reader(d->cases), a->jid,
		    a->domain, &p, e);
	if (found == -1)
		return -1;
	(void)json_object_set_new(d->root, "proof",
	    found == 0 ? json_null()
		       : json_pack("{s:s, s:s, s:o, s:o, s:s, s:s}", "method",
			     proof_method_name(p.method), "outcome",
			     proof_outcome_name(p.outcome), "proved",
			     commands_date(p.proved_s), "checked",
			     commands_date(p.checked_s), "dnssec", p.dnssec,
			     "detail", p.detail));
	return 0;
}

static int
add_lists(struct dossier *d, const struct application *a, struct err *e)
{
	struct store *s = cases_reader(d->cases);
	struct listing identity = { d, json_array(), NULL };
	struct listing accepted = { d, json_array(), NULL };
	struct listing others = { d, json_array(), NULL };

	(void)json_object_set_new(d->root, "identity", identity.rows);
	(void)json_object_set_new(d->root, "accepted", accepted.rows);
	(void)json_object_set_new(d->root, "others", others.rows);
	if (store_identity_list(s, a->jid, add_identity, &identity, e) == -1 ||
	    store_acceptance_list(s, a->jid, add_acceptance, &accepted, e) ==
		-1)
		return -1;
	return store_application_of(s, a->jid, DOSSIER_OTHERS_MAX, add_other,
	    &others, e);
}

static int
case_fill(struct dossier *d, const struct application *a, struct err *e)
{
	d->root = dossier_case_row(a);
	(void)json_object_set_new(d->root, "lang", json_string(a->lang));
	(void)json_object_set_new(d->root, "organisation",
	    json_string(a->organisation));
	(void)json_object_set_new(d->root, "website", json_string(a->website));
	(void)json_object_set_new(d->root, "decided_by",
	    json_string(a->decided_by));
	slot_add(d, a->evidence, d->root, "evidence");
	slot_add(d, a->question, d->root, "question");
	if (add_categories(d, a, e) == -1 || add_lists(d, a, e) == -1 ||
	    add_proof(d, a, e) == -1 || add_publisher(d, a->jid, e) == -1)
		return -1;
	return add_history(d, a->jid, e);
}

static int
take_first(void *arg, const struct application *a)
{
	struct application *r = arg;

	/* A draft is nobody's business yet. */
	if (a->state == APPLICATION_DRAFT)
		return 0;
	*r = *a;
	return 1;
}

/* 1, 0 or -1. */
static int
case_find(struct store *s, const char *name, struct application *r,
    struct err *e)
{
	int found;

	r->state = APPLICATION_NONE;
	if (strchr(name, '@') == NULL) {
		found = store_application_find(s, name, r, e);
		return found == 1 && r->state == APPLICATION_DRAFT ? 0 : found;
	}
	if (store_application_of(s, name, DOSSIER_OTHERS_MAX, take_first, r,
		e) == -1)
		return -1;
	return r->state != APPLICATION_NONE;
}

/* What a failed look-up, or a look-up that found nothing, leads to. */
static void
dossier_missing(struct dossier *d, int found, const char *name, struct err *e)
{
	if (found == 0)
		(void)err_set(e, "there is no case \"%.200s\"", name);
	dossier_end(d, found == 0 ? CASES_REFUSED : CASES_UNAVAILABLE, e);
}

void
dossier_case(struct cases *c, const char *name, const char *by,
    enum case_role role, dossier_done done, void *arg)
{
	struct dossier *d = dossier_new(c, done, arg);
	struct application *a;
	struct err e = { "no memory" };
	int found = -1;

	if (d == NULL)
		return;
	a = calloc(1, sizeof *a);
	if (a != NULL)
		found = case_find(cases_reader(c), name, a, &e);
	if (found == 1 && case_fill(d, a, &e) == -1)
		found = -1;
	free(a);
	if (found == 1)
		dossier_open(d, by, role);
	else
		dossier_missing(d, found, name, &e);
}

/*
 * Appeals and reports.
 */

void
dossier_appeal(struct cases *c, const char *id, const char *by,
    enum case_role role, dossier_done done, void *arg)
{
	struct dossier *d = dossier_new(c, done, arg);
	struct appeal_row a;
	struct err e = { "" };
	int found;

	if (d == NULL)
		return;
	found = store_appeal_find(cases_reader(c), id, &a, &e);
	if (found == 1) {
		d->root = dossier_appeal_row(&a);
		slot_add(d, a.evidence, d->root, "evidence");
		if (add_publisher(d, a.jid, &e) == -1 ||
		    add_history(d, a.jid, &e) == -1)
			found = -1;
	}
	if (found == 1)
		dossier_open(d, by, role);
	else
		dossier_missing(d, found, id, &e);
}

static int
add_reporter(void *arg, const struct reporter_row *r)
{
	struct listing *l = arg;
	json_t *row;

	if (json_array_size(l->rows) == DOSSIER_READERS_MAX)
		return 1;
	row = json_pack("{s:s, s:o}", "reason", r->reason, "at",
	    commands_date(r->at_s));
	(void)json_array_append_new(l->rows, row);
	slot_add(l->dossier, r->evidence, row, "evidence");
	return 0;
}

void
dossier_report(struct cases *c, const char *id, const char *by,
    enum case_role role, dossier_done done, void *arg)
{
	struct dossier *d = dossier_new(c, done, arg);
	struct report_row r;
	struct listing l;
	struct err e = { "" };
	int found;

	if (d == NULL)
		return;
	found = store_report_find(cases_reader(c), id, &r, &e);
	if (found == 1) {
		d->root = dossier_report_row(&r);
		l = (struct listing){ d, json_array(), NULL };
		d->hides_reporters = true;
		(void)json_object_set_new(d->root, "reporters", l.rows);
		if (add_publisher(d, r.jid, &e) == -1 ||
		    store_reporter_list(cases_reader(c), id, add_reporter, &l,
			&e) == -1)
			found = -1;
	}
	if (found == 1)
		dossier_open(d, by, role);
	else
		dossier_missing(d, found, id, &e);
}

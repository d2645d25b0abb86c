/*
 * The options of the configuration: one table that says for each its type,
 * range, unit, default and sentence for the manual, and how it loads.
 *
 * An option is found by its path; "places[]" stands for any item of a list,
 * "categories.ID" for any name.  A mapping loads in two passes: every key
 * must be an option and be there once; then the options load in the table's
 * order, those left out from their default.  What is unknown is always a
 * mistake: a typo must not open a place.
 */
#include "daemon/option.h"

#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/value.h"
#include "text/jid.h"

#define HINTS_MAX 64 /* words that "did you mean" chooses from */
#define DAY_S 86400
#define DEFAULT_MAX 128 /* bytes of a default's text */

struct option_word {
	const char *word;
	int value;
};

struct option {
	struct config_option pub;
	void (*load)(struct option_loader *l, const struct option *o,
	    const yaml_node_t *n, void *base);
	size_t offset; /* of the value, from the mapping's `base` */
	int64_t min, max;
	const struct option_word *words; /* ends with a NULL word */
};

/* A place while it loads. */
struct place_load {
	struct place place;
	size_t line;
	bool has_room, has_lease;
	int64_t lease_s;
	int mode, badge, encrypted, unavailable;
};

/* A category while it loads. */
struct category_load {
	struct category category;
	struct config_category more;
	int64_t hue, approvals;
	char *title, *hat;
};

static void load_section(struct option_loader *l, const char *section,
    const yaml_node_t *n, size_t line, void *base);

/* Problems ------------------------------------------------------------- */

static void bad(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

static void
bad(struct option_loader *l, const struct option *o, const yaml_node_t *n,
    const char *fmt, ...)
{
	char what[DOC_PROBLEM_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	doc_problem(l->doc, doc_line(n), "%s: %s", o->pub.path, what);
}

static void
bad_shape(struct option_loader *l, const struct option *o,
    const yaml_node_t *n)
{
	const char *article = strchr("aeiou", o->pub.type[0]) != NULL ? "an "
	    : strncmp(o->pub.type, "yes", 3) == 0		      ? ""
								      : "a ";
	char got[96];

	bad(l, o, n, "want %s%s, got %s", article, o->pub.type,
	    doc_describe(n, got));
}

static void
bad_memory(struct option_loader *l)
{
	doc_problem(l->doc, 0, "out of memory");
}

static void *
field(const struct option *o, void *base)
{
	return (char *)base + o->offset;
}

/* Plain values ---------------------------------------------------------- */

/* A text of one line, 1 to `max` bytes; NULL with a problem. */
static const char *
want_text_within(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, int64_t max)
{
	const char *text = doc_text(n);

	if (text == NULL || *text == '\0') {
		bad_shape(l, o, n);
		return NULL;
	}
	if ((int64_t)strlen(text) > max) {
		bad(l, o, n, "longer than %lld bytes", (long long)max);
		return NULL;
	}
	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c >= 0x20 && *c != 0x7f)
			continue;
		bad(l, o, n, "want one line without control characters");
		return NULL;
	}
	return text;
}

static const char *
want_text(struct option_loader *l, const struct option *o,
    const yaml_node_t *n)
{
	return want_text_within(l, o, n, CONFIG_TEXT_MAX);
}

static void
keep_text(struct option_loader *l, char **slot, const char *text)
{
	free(*slot);
	*slot = strdup(text);
	if (*slot == NULL)
		bad_memory(l);
}

static void
load_text(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	const char *text = want_text_within(l, o, n, o->max);

	if (text != NULL)
		keep_text(l, field(o, base), text);
}

static void
load_bool(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	const char *text = want_text(l, o, n);
	struct err e;

	if (text != NULL && value_bool(text, field(o, base), &e) != 0)
		bad(l, o, n, "%s", e.text);
}

static void
keep_number(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, const char *text, int64_t value, void *base)
{
	if (value < o->min || value > o->max)
		bad(l, o, n, "want %s, got %.80s", o->pub.range, text);
	else
		*(int64_t *)field(o, base) = value;
}

static void
load_number(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	const char *text = want_text(l, o, n);
	int64_t value;
	struct err e;

	if (text == NULL)
		return;
	if (value_number(text, &value, &e) != 0)
		bad(l, o, n, "%s", e.text);
	else
		keep_number(l, o, n, text, value, base);
}

static void
load_seconds(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	const char *text = want_text(l, o, n);
	int64_t value;
	struct err e;

	if (text == NULL)
		return;
	if (value_seconds(text, &value, &e) != 0)
		bad(l, o, n, "%s", e.text);
	else
		keep_number(l, o, n, text, value, base);
}

/* One of the row's words, as an int; -1 with a problem. */
static int
want_word(struct option_loader *l, const struct option *o,
    const yaml_node_t *n)
{
	const char *text = want_text(l, o, n);

	if (text == NULL)
		return -1;
	for (const struct option_word *w = o->words; w->word != NULL; w++)
		if (strcmp(w->word, text) == 0)
			return w->value;
	bad(l, o, n, "want %s, got \"%.80s\"", o->pub.range, text);
	return -1;
}

static void
load_word(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	int value = want_word(l, o, n);

	if (value >= 0)
		*(int *)field(o, base) = value;
}

static void
load_path(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	const char *text = want_text(l, o, n);
	char *path = text != NULL ? value_path(l->folder, text) : NULL;

	if (text == NULL)
		return;
	if (path == NULL)
		bad_memory(l);
	else if (o->max != 0 && (int64_t)strlen(path) > o->max)
		bad(l, o, n, "%.120s is longer than %lld bytes", path,
		    (long long)o->max);
	else
		keep_text(l, field(o, base), path);
	free(path);
}

/* Lists ------------------------------------------------------------------ */

/* How many items a list has, at most the row's max; 0 with a problem if it
 * is none or has too many. */
static size_t
want_list(struct option_loader *l, const struct option *o,
    const yaml_node_t *n)
{
	size_t count = doc_item_count(n);

	if (n->type != YAML_SEQUENCE_NODE && count == 0)
		bad_shape(l, o, n);
	else if ((int64_t)count > o->max)
		bad(l, o, n, "want at most %lld, got %zu",
		    (long long)o->max, count);
	else if ((int64_t)count < o->min)
		bad(l, o, n, "want at least %lld", (long long)o->min);
	else
		return count;
	return 0;
}

/* Bits of the row's words. */
static unsigned
want_bits(struct option_loader *l, const struct option *o,
    const yaml_node_t *n)
{
	size_t count = want_list(l, o, n);
	unsigned bits = 0;

	for (size_t i = 0; i < count; i++) {
		int value = want_word(l, o, doc_item(l->doc, n, i));

		if (value >= 0)
			bits |= (unsigned)value;
	}
	return bits;
}

/* operator ---------------------------------------------------------------- */

static void
load_country(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	const char *text = want_text(l, o, n);

	if (text == NULL)
		return;
	if (strlen(text) != 2 || !isupper((unsigned char)text[0]) ||
	    !isupper((unsigned char)text[1]))
		bad(l, o, n, "want %s, got \"%.80s\"", o->pub.range, text);
	else
		keep_text(l, field(o, base), text);
}

static void
load_contact(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	static const char *const schemes[] = { "mailto:", "xmpp:", "https://",
		"tel:" };
	const char *text = want_text(l, o, n);

	for (size_t i = 0;
	     text != NULL && i < sizeof schemes / sizeof *schemes; i++) {
		size_t len = strlen(schemes[i]);

		if (strncmp(text, schemes[i], len) != 0 || text[len] == '\0')
			continue;
		keep_text(l, field(o, base), text);
		return;
	}
	if (text != NULL)
		bad(l, o, n, "want %s, got \"%.80s\"", o->pub.range, text);
}

/* component, guards, store ------------------------------------------------ */

/* A prepared domain; -1 with a problem. */
static int
want_domain(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, char r[JID_PART_MAX + 1])
{
	const char *text = want_text(l, o, n);
	struct err e = { "" };

	if (text == NULL)
		return -1;
	if (strpbrk(text, "@/*: ") != NULL) {
		bad(l, o, n, "\"%.80s\" is no domain", text);
		return -1;
	}
	if (jid_prepare_domain(text, r, JID_PART_MAX + 1, &e) != 0) {
		bad(l, o, n, "%s", e.text);
		return -1;
	}
	return 0;
}

static void
load_domain(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	char domain[JID_PART_MAX + 1];

	if (want_domain(l, o, n, domain) == 0)
		keep_text(l, field(o, base), domain);
}

/* XEP-0114 is plain TCP: secret and descriptions would be there for all to
 * read on the way. */
static void
load_server(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct config_component *c = &l->config.component;
	const char *text = want_text(l, o, n);
	struct err e;

	(void)base;
	if (text == NULL)
		return;
	free(c->host);
	c->host = NULL;
	if (value_server(text, &c->host, &c->port, &e) != 0)
		bad(l, o, n, "%s", e.text);
	else if (!c->is_insecure && !value_is_loopback(c->host))
		bad(l, o, n, "%.80s is not on loopback, and a component's "
		    "connection is not encrypted: use 127.0.0.1, or say "
		    "insecure_component: yes if the network is safe", c->host);
}

static void
load_secret(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct config_component *c = &l->config.component;
	struct err e;

	load_path(l, o, n, base);
	if (c->secret_file != NULL && l->reads_files &&
	    value_secret(c->secret_file, &c->secret, &e) != 0)
		bad(l, o, n, "%s", e.text);
}

static void
add_guard(struct option_loader *l, const struct option *o,
    const yaml_node_t *n)
{
	struct config *c = &l->config;
	char domain[JID_PART_MAX + 1];

	if (want_domain(l, o, n, domain) != 0) {
		l->has_guards = false;
		return;
	}
	if (config_is_guard(c, domain)) {
		bad(l, o, n, "%.200s is listed twice", domain);
		return;
	}
	if (c->component.domain != NULL &&
	    strcmp(c->component.domain, domain) == 0) {
		bad(l, o, n, "%.200s is the component itself; want hosts that "
		    "have the guard module", domain);
		return;
	}
	c->guards[c->guard_count] = strdup(domain);
	if (c->guards[c->guard_count] == NULL)
		bad_memory(l);
	else
		c->guard_count++;
}

static void
load_guards(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	size_t count = want_list(l, o, n);

	(void)base;
	if (count == 0)
		return;
	l->config.guards = calloc(count, sizeof *l->config.guards);
	if (l->config.guards == NULL) {
		bad_memory(l);
		return;
	}
	l->has_guards = true;
	for (size_t i = 0; i < count; i++)
		add_guard(l, o, doc_item(l->doc, n, i));
}

static void
load_store(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	static const char scheme[] = "sqlite:";
	const size_t scheme_len = sizeof scheme - 1;
	const char *text = want_text(l, o, n);
	char *path, **slot = field(o, base);
	size_t len;

	if (text == NULL)
		return;
	if (strncmp(text, scheme, scheme_len) != 0 ||
	    text[scheme_len] == '\0') {
		bad(l, o, n, "want sqlite:PATH, got \"%.80s\"", text);
		return;
	}
	path = value_path(l->folder, text + scheme_len);
	len = path != NULL ? scheme_len + strlen(path) + 1 : 0;
	*slot = path != NULL ? malloc(len) : NULL;
	if (*slot == NULL)
		bad_memory(l);
	else
		(void)snprintf(*slot, len, "%s%s", scheme, path);
	free(path);
}

/* staff ------------------------------------------------------------------ */

static void
add_staff(struct option_loader *l, const struct option *o,
    const yaml_node_t *n)
{
	struct config *c = &l->config;
	const char *text = want_text(l, o, n);
	char bare[JID_MAX + 1];
	struct err e = { "" };
	struct jid jid;

	if (text == NULL)
		return;
	if (jid_parse(&jid, text, &e) != 0) {
		bad(l, o, n, "%s", e.text);
		return;
	}
	if (jid.local[0] == '\0' || jid.resource[0] != '\0') {
		bad(l, o, n, "want an account, NAME@HOST, got \"%.80s\"",
		    text);
		return;
	}
	jid_bare(&jid, bare);
	for (size_t i = 0; i < c->staff_count; i++) {
		if (strcmp(c->staff[i].jid, bare) != 0)
			continue;
		bad(l, o, n, "%.200s is listed already, as %s", bare,
		    c->staff[i].role);
		return;
	}
	c->staff[c->staff_count].role = o->words->word;
	c->staff[c->staff_count].jid = strdup(bare);
	if (c->staff[c->staff_count].jid == NULL)
		bad_memory(l);
	else
		c->staff_count++;
}

static void
load_staff(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct config *c = &l->config;
	size_t count = want_list(l, o, n);
	struct staff_entry *grown;

	(void)base;
	if (count == 0)
		return;
	grown = realloc(c->staff, (c->staff_count + count) * sizeof *grown);
	if (grown == NULL) {
		bad_memory(l);
		return;
	}
	c->staff = grown;
	for (size_t i = 0; i < count; i++)
		add_staff(l, o, doc_item(l->doc, n, i));
}

/* categories ------------------------------------------------------------- */

static bool
is_category_id(const char *id)
{
	size_t len = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && len <= CATEGORY_ID_MAX && id[len] == '\0';
}

/* {name} is the one thing that a hat's text can ask for. */
static void
load_hat(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	const char *text = want_text_within(l, o, n, o->max);

	if (text == NULL)
		return;
	for (const char *c = text; *c != '\0'; c++) {
		if (strncmp(c, "{name}", 6) == 0) {
			c += 5;
		} else if (*c == '{' || *c == '}') {
			bad(l, o, n, "want {name} or no braces");
			return;
		}
	}
	keep_text(l, field(o, base), text);
}

static void
load_agreement(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	char **slot = field(o, base);
	struct err e;

	load_path(l, o, n, base);
	if (*slot != NULL && l->reads_files &&
	    value_agreement(*slot, &e) != 0)
		bad(l, o, n, "%s", e.text);
}

/* Moves what was loaded into the policy, with the defaults that come from
 * the category's own name. */
static void
take_category(struct option_loader *l, struct category_load *c)
{
	struct policy *p = &l->config.policy;
	struct category *r = &c->category;
	char hat[CATEGORY_HAT_MAX + 1];

	(void)snprintf(hat, sizeof hat, "✓ {name} (%s)", r->id);
	(void)snprintf(r->title, sizeof r->title, "%s",
	    c->title != NULL ? c->title : r->id);
	(void)snprintf(r->hat, sizeof r->hat, "%s",
	    c->hat != NULL ? c->hat : hat);
	r->hue = (int)c->hue;
	l->config.categories[p->category_count] = c->more;
	p->categories[p->category_count++] = *r;
	free(c->title);
	free(c->hat);
}

static void
add_category(struct option_loader *l, const yaml_node_t *key,
    const yaml_node_t *value)
{
	struct category_load c = { .hue = -1 };
	const char *id = doc_text(key);
	char got[96];

	if (id == NULL || !is_category_id(id)) {
		doc_problem(l->doc, doc_line(key), "categories: want a name of "
		    "1 to %d of a-z, 0-9 and -, got %s", CATEGORY_ID_MAX,
		    doc_describe(key, got));
		return;
	}
	if (policy_category(&l->config.policy, id) != NULL) {
		doc_problem(l->doc, doc_line(key),
		    "categories: \"%s\" is there twice", id);
		return;
	}
	(void)snprintf(c.category.id, sizeof c.category.id, "%s", id);
	load_section(l, "categories.ID", value, doc_line(key), &c);
	take_category(l, &c);
}

static void
load_categories(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	size_t count = doc_pair_count(n);
	struct config *c = &l->config;

	(void)base;
	if (n->type != YAML_MAPPING_NODE) {
		bad_shape(l, o, n);
		return;
	}
	if (count > POLICY_CATEGORIES_MAX) {
		bad(l, o, n, "want at most %d, got %zu", POLICY_CATEGORIES_MAX,
		    count);
		return;
	}
	c->policy.categories = calloc(count + 1, sizeof *c->policy.categories);
	c->categories = calloc(count + 1, sizeof *c->categories);
	if (c->policy.categories == NULL || c->categories == NULL) {
		bad_memory(l);
		return;
	}
	for (size_t i = 0; i < count; i++)
		add_category(l, doc_key(l->doc, n, i),
		    doc_value(l->doc, n, i));
}

/* places ----------------------------------------------------------------- */

/* Prepares the room's address; "*@" stays. */
static int
prepare_pattern(const char *text, char r[JID_MAX + 1], struct err *e)
{
	struct jid jid;

	if (strncmp(text, "*@", 2) == 0) {
		memcpy(r, "*@", 2);
		return jid_prepare_domain(text + 2, r + 2, JID_PART_MAX + 1,
		    e);
	}
	if (jid_parse(&jid, text, e) != 0)
		return -1;
	jid_full(&jid, r);
	return 0;
}

static void
load_room(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct place_load *p = base;
	const char *text = want_text(l, o, n);
	char pattern[JID_MAX + 1];
	struct err e = { "" };

	if (text == NULL)
		return;
	if (prepare_pattern(text, pattern, &e) != 0 ||
	    place_pattern_parse(&p->place, pattern, &e) != 0) {
		bad(l, o, n, "%s", e.text);
		return;
	}
	p->has_room = true;
	p->line = doc_line(n);
	if (l->has_guards && !config_is_guard(&l->config, p->place.host))
		bad(l, o, n, "guards: does not list %.200s, so nothing would "
		    "guard this place", p->place.host);
}

static void
bad_category(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, const char *id)
{
	const struct policy *p = &l->config.policy;
	const char *words[POLICY_CATEGORIES_MAX], *near;

	for (size_t i = 0; i < p->category_count; i++)
		words[i] = p->categories[i].id;
	near = value_nearest(id, words, p->category_count);
	if (near != NULL)
		bad(l, o, n, "there is no category \"%.80s\"; did you mean "
		    "\"%s\"?", id, near);
	else
		bad(l, o, n, "there is no category \"%.80s\"", id);
}

/* A list of categories that are there, none twice; how many. */
static unsigned
load_category_list(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, char r[][CATEGORY_ID_MAX + 1])
{
	size_t count = want_list(l, o, n);
	unsigned done = 0;

	for (size_t i = 0; i < count; i++) {
		const yaml_node_t *item = doc_item(l->doc, n, i);
		const char *id = want_text(l, o, item);
		unsigned j = 0;

		if (id == NULL)
			continue;
		while (j < done && strcmp(r[j], id) != 0)
			j++;
		if (j < done)
			bad(l, o, item, "\"%s\" is listed twice", id);
		else if (policy_category(&l->config.policy, id) == NULL)
			bad_category(l, o, item, id);
		else
			(void)snprintf(r[done++], CATEGORY_ID_MAX + 1, "%s",
			    id);
	}
	return done;
}

static void
load_publish(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct place *p = &((struct place_load *)base)->place;

	p->publish_count = load_category_list(l, o, n, p->publish);
	/* Unless `reprint` says otherwise; it loads after this. */
	memcpy(p->reprint, p->publish, sizeof p->reprint);
	p->reprint_count = p->publish_count;
	p->reprint_who = PLACE_REPRINT_CATEGORIES;
}

static void
load_reprint(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct place *p = &((struct place_load *)base)->place;
	const char *word = doc_text(n);

	p->reprint_count = 0;
	if (word != NULL && strcmp(word, "anyone") == 0) {
		p->reprint_who = PLACE_REPRINT_ANYONE;
	} else if (word != NULL && strcmp(word, "nobody") == 0) {
		p->reprint_who = PLACE_REPRINT_NOBODY;
	} else {
		p->reprint_who = PLACE_REPRINT_CATEGORIES;
		p->reprint_count = load_category_list(l, o, n, p->reprint);
	}
}

static void
load_labelled(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct place *p = &((struct place_load *)base)->place;
	const char *text = want_text_within(l, o, n, o->max);

	if (text != NULL)
		(void)snprintf(p->labelled, sizeof p->labelled, "%s", text);
}

static void
load_others_may(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct place *p = &((struct place_load *)base)->place;

	p->others_may_react = want_bits(l, o, n) != 0;
}

static void
load_exempt(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct place *p = &((struct place_load *)base)->place;

	p->exempt = want_bits(l, o, n);
}

static void
load_place_lease(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	((struct place_load *)base)->has_lease = true;
	load_seconds(l, o, n, base);
}

/* The rules of one place, with what it takes from the top level. */
static void
load_place(struct option_loader *l, const yaml_node_t *n,
    struct place_load *p)
{
	struct place *r = &p->place;

	memset(p, 0, sizeof *p);
	p->mode = l->mode;
	load_section(l, "places[]", n, doc_line(n), p);
	r->mode = (enum place_mode)p->mode;
	r->badge = (enum place_badge)p->badge;
	r->refuse_encrypted = p->encrypted != 0;
	r->pass_unavailable = p->unavailable != 0;
	r->lease_s = (uint32_t)(p->has_lease ? p->lease_s : l->lease_s);
}

/* The line of an earlier place with the same rooms; 0 if there is none. */
static size_t
same_place_line(const struct option_loader *l, const struct place *p,
    const size_t *lines)
{
	const struct policy *policy = &l->config.policy;

	for (size_t i = 0; i < policy->place_count; i++)
		if (place_same_pattern(&policy->places[i], p))
			return lines[i];
	return 0;
}

static void
add_place(struct option_loader *l, const yaml_node_t *n, size_t *lines)
{
	struct policy *policy = &l->config.policy;
	struct place_load p;
	size_t line;

	load_place(l, n, &p);
	if (!p.has_room)
		return;
	line = same_place_line(l, &p.place, lines);
	if (line != 0) {
		doc_problem(l->doc, p.line, "places[].room: %.100s@%.200s has "
		    "a place already, on line %zu", p.place.local,
		    p.place.host, line);
		return;
	}
	lines[policy->place_count] = p.line;
	policy->places[policy->place_count++] = p.place;
}

static void
load_places(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct policy *policy = &l->config.policy;
	size_t count = want_list(l, o, n);
	size_t *lines = NULL;

	(void)base;
	if (count == 0)
		return;
	policy->places = calloc(count, sizeof *policy->places);
	lines = calloc(count, sizeof *lines);
	if (policy->places == NULL || lines == NULL)
		bad_memory(l);
	else
		for (size_t i = 0; i < count; i++)
			add_place(l, doc_item(l->doc, n, i), lines);
	free(lines);
}

/* The table --------------------------------------------------------------- */

static void
load_mapping(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	load_section(l, o->pub.path, n, doc_line(n), base);
}

static const struct option_word mode_words[] = {
	{ "enforce", PLACE_ENFORCE },
	{ "observe", PLACE_OBSERVE },
	{ NULL, 0 },
};
static const struct option_word log_words[] = {
	{ "error", LOG_ERROR },
	{ "warning", LOG_WARNING },
	{ "info", LOG_INFO },
	{ "debug", LOG_DEBUG },
	{ NULL, 0 },
};
static const struct option_word badge_words[] = {
	{ "reference", PLACE_BADGE_REFERENCE },
	{ "full", PLACE_BADGE_FULL },
	{ "none", PLACE_BADGE_NONE },
	{ NULL, 0 },
};
static const struct option_word pass_refuse_words[] = {
	{ "pass", 0 },
	{ "refuse", 1 },
	{ NULL, 0 },
};
static const struct option_word refuse_pass_words[] = {
	{ "refuse", 0 },
	{ "pass", 1 },
	{ NULL, 0 },
};
static const struct option_word others_may_words[] = {
	{ "react", 1 },
	{ NULL, 0 },
};
static const struct option_word exempt_words[] = {
	{ "owner", PLACE_EXEMPT_OWNER },
	{ "admin", PLACE_EXEMPT_ADMIN },
	{ "member", PLACE_EXEMPT_MEMBER },
	{ NULL, 0 },
};
static const struct option_word approver_words[] = { { "approver", 0 },
	{ NULL, 0 } };
static const struct option_word reviewer_words[] = { { "reviewer", 0 },
	{ NULL, 0 } };

#define AT(what) offsetof(struct option_loader, what)
#define IN_CATEGORY(what) offsetof(struct category_load, what)
#define IN_PLACE(what) offsetof(struct place_load, what)

/* In the order of loading, which is also the manual's. */
static const struct option options[] = {
	{ { .path = "operator",
	      .type = "mapping",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "Who runs this Masthead; shown to everybody.",
	      .is_mandatory = true },
	    .load = load_mapping },
	{ { .path = "operator.name",
	      .type = "text",
	      .range = "1 to 255 bytes",
	      .unit = "",
	      .def = "",
	      .doc = "Name of the organisation or person.",
	      .is_mandatory = true },
	    .load = load_text, .offset = AT(config.operator.name),
	    .max = 255 },
	{ { .path = "operator.country",
	      .type = "text",
	      .range = "two capital letters (ISO 3166-1)",
	      .unit = "",
	      .def = "",
	      .doc = "Country of its seat.",
	      .is_mandatory = true },
	    .load = load_country, .offset = AT(config.operator.country) },
	{ { .path = "operator.register",
	      .type = "text",
	      .range = "1 to 255 bytes",
	      .unit = "",
	      .def = "",
	      .doc = "Where it is registered, with its number; a person writes "
		  "none.",
	      .is_mandatory = true },
	    .load = load_text, .offset = AT(config.operator.reg), .max = 255 },
	{ { .path = "operator.contact",
	      .type = "URI",
	      .range = "mailto:, xmpp:, https:// or tel:",
	      .unit = "",
	      .def = "",
	      .doc = "Where people reach it.",
	      .is_mandatory = true },
	    .load = load_contact, .offset = AT(config.operator.contact) },
	{ { .path = "component",
	      .type = "mapping",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "The connection to the XMPP server (XEP-0114).",
	      .is_mandatory = true },
	    .load = load_mapping },
	{ { .path = "component.domain",
	      .type = "domain",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "The domain of the component, as the server's configuration "
		  "has it.",
	      .is_mandatory = true, .needs_restart = true },
	    .load = load_domain, .offset = AT(config.component.domain) },
	{ { .path = "component.insecure_component",
	      .type = "yes or no",
	      .range = "",
	      .unit = "",
	      .def = "no",
	      .doc = "Allows a server that is not on loopback, although the "
		  "connection is not encrypted." },
	    .load = load_bool, .offset = AT(config.component.is_insecure) },
	{ { .path = "component.server",
	      .type = "address",
	      .range = "HOST:PORT",
	      .unit = "",
	      .def = "127.0.0.1:5347",
	      .doc = "Address and port of the server for components.",
	      .needs_restart = true },
	    .load = load_server },
	{ { .path = "component.secret_file",
	      .type = "path",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "A file with the secret that the server's configuration "
		  "has, in one line, for its owner's eyes alone (mode 0600, "
		  "or 0640).",
	      .is_mandatory = true },
	    .load = load_secret, .offset = AT(config.component.secret_file) },
	{ { .path = "guards",
	      .type = "list of domains",
	      .range = "1 to 256",
	      .unit = "",
	      .def = "",
	      .doc = "The hosts of the server that have the guard module; nobody "
		  "else gets a verdict.",
	      .is_mandatory = true },
	    .load = load_guards, .min = 1, .max = CONFIG_GUARDS_MAX },
	{ { .path = "store",
	      .type = "URL",
	      .range = "sqlite:PATH",
	      .unit = "",
	      .def = "sqlite:/var/lib/masthead/register.db",
	      .doc = "The register.",
	      .needs_restart = true },
	    .load = load_store, .offset = AT(config.store) },
	{ { .path = "keys",
	      .type = "path",
	      .range = "",
	      .unit = "",
	      .def = "/var/lib/masthead/keys",
	      .doc = "The folder of the signing keys.",
	      .needs_restart = true },
	    .load = load_path, .offset = AT(config.keys) },
	{ { .path = "control",
	      .type = "path",
	      .range = "at most 107 bytes",
	      .unit = "",
	      .def = "/run/masthead/control.sock",
	      .doc = "The socket for mastheadctl.",
	      .needs_restart = true },
	    .load = load_path, .offset = AT(config.control),
	    .max = CONFIG_CONTROL_MAX },
	{ { .path = "staff",
	      .type = "mapping",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "Accounts that review applications." },
	    .load = load_mapping },
	{ { .path = "staff.approver",
	      .type = "list of JIDs",
	      .range = "at most 512",
	      .unit = "",
	      .def = "",
	      .doc = "Accounts that may approve, and all that reviewers may." },
	    .load = load_staff, .max = STAFF_MAX / 2,
	    .words = approver_words },
	{ { .path = "staff.reviewer",
	      .type = "list of JIDs",
	      .range = "at most 512",
	      .unit = "",
	      .def = "",
	      .doc = "Accounts that may review." },
	    .load = load_staff, .max = STAFF_MAX / 2,
	    .words = reviewer_words },
	{ { .path = "categories",
	      .type = "mapping",
	      .range = "at most 64",
	      .unit = "",
	      .def = "",
	      .doc = "What approvals are for, by names of a-z, 0-9 and hyphens." },
	    .load = load_categories },
	{ { .path = "categories.ID.title",
	      .type = "text",
	      .range = "1 to 255 bytes",
	      .unit = "",
	      .def = "",
	      .doc = "Its name for people. Left out: the category's name." },
	    .load = load_text, .offset = IN_CATEGORY(title),
	    .max = CATEGORY_TITLE_MAX },
	{ { .path = "categories.ID.hat",
	      .type = "text",
	      .range = "1 to 255 bytes",
	      .unit = "",
	      .def = "",
	      .doc = "The badge's text, where {name} is the publisher's name. "
		  "Left out: ✓ {name} (ID)." },
	    .load = load_hat, .offset = IN_CATEGORY(hat),
	    .max = CATEGORY_HAT_MAX },
	{ { .path = "categories.ID.hue",
	      .type = "number",
	      .range = "0 to 359",
	      .unit = "degrees",
	      .def = "",
	      .doc = "The badge's colour, as an angle (XEP-0392). Left out: the "
		  "client chooses." },
	    .load = load_number, .offset = IN_CATEGORY(hue), .min = 0,
	    .max = 359 },
	{ { .path = "categories.ID.valid_for",
	      .type = "duration",
	      .range = "1d to 3650d",
	      .unit = "s",
	      .def = "365d",
	      .doc = "How long an approval holds." },
	    .load = load_seconds,
	    .offset = IN_CATEGORY(category.valid_for_s), .min = DAY_S,
	    .max = 3650LL * DAY_S },
	{ { .path = "categories.ID.approvals",
	      .type = "number",
	      .range = "1",
	      .unit = "approvers",
	      .def = "1",
	      .doc = "How many approvers have to agree; this version knows one "
		  "alone." },
	    .load = load_number, .offset = IN_CATEGORY(approvals), .min = 1,
	    .max = 1 },
	{ { .path = "categories.ID.agreement",
	      .type = "path",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "A folder with the publishing agreement, VERSION.LANG.txt." },
	    .load = load_agreement, .offset = IN_CATEGORY(more.agreement) },
	{ { .path = "mode",
	      .type = "word",
	      .range = "enforce or observe",
	      .unit = "",
	      .def = "enforce",
	      .doc = "What happens in places that do not say it themselves: "
		  "enforce, or observe (decide, count, let pass)." },
	    .load = load_word, .offset = AT(mode), .words = mode_words },
	{ { .path = "lease",
	      .type = "duration",
	      .range = "0s to 1h",
	      .unit = "s",
	      .def = "300s",
	      .doc = "How long a guard may apply a verdict to the next ordinary "
		  "posts; 0s asks about every post." },
	    .load = load_seconds, .offset = AT(lease_s), .min = 0,
	    .max = 3600 },
	{ { .path = "places",
	      .type = "list",
	      .range = "at most 4096",
	      .unit = "",
	      .def = "",
	      .doc = "Where rules hold; the most specific place wins." },
	    .load = load_places, .max = PLACES_MAX },
	{ { .path = "places[].room",
	      .type = "room",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "NAME@HOST, or *@HOST for all rooms of a host that have no "
		  "place of their own.",
	      .is_mandatory = true },
	    .load = load_room },
	{ { .path = "places[].publish",
	      .type = "list of categories",
	      .range = "1 to 16",
	      .unit = "",
	      .def = "",
	      .doc = "Any one of these may publish.",
	      .is_mandatory = true },
	    .load = load_publish, .min = 1, .max = PLACE_CATEGORIES_MAX },
	{ { .path = "places[].reprint",
	      .type = "list of categories",
	      .range = "1 to 16, or anyone, or nobody",
	      .unit = "",
	      .def = "",
	      .doc = "Who may pass on other people's posts: any one of these, or "
		  "anyone, or nobody. Left out: as publish." },
	    .load = load_reprint, .min = 1, .max = PLACE_CATEGORIES_MAX },
	{ { .path = "places[].labelled",
	      .type = "text",
	      .range = "1 to 63 bytes",
	      .unit = "",
	      .def = "",
	      .doc = "Only posts that their author labelled with this term need "
		  "an approval; it stops nobody who leaves the label off." },
	    .load = load_labelled, .max = CATEGORY_ID_MAX },
	{ { .path = "places[].others_may",
	      .type = "list of words",
	      .range = "react",
	      .unit = "",
	      .def = "react",
	      .doc = "What needs no approval; [] for nothing." },
	    .load = load_others_may, .max = 1, .words = others_may_words },
	{ { .path = "places[].exempt",
	      .type = "list of words",
	      .range = "owner, admin, member",
	      .unit = "",
	      .def = "",
	      .doc = "Room affiliations that need no approval; they get no badge "
		  "either." },
	    .load = load_exempt, .max = 3, .words = exempt_words },
	{ { .path = "places[].encrypted",
	      .type = "word",
	      .range = "pass or refuse",
	      .unit = "",
	      .def = "pass",
	      .doc = "What happens to encrypted posts, whose structure cannot be "
		  "seen." },
	    .load = load_word, .offset = IN_PLACE(encrypted),
	    .words = pass_refuse_words },
	{ { .path = "places[].mode",
	      .type = "word",
	      .range = "enforce or observe",
	      .unit = "",
	      .def = "",
	      .doc = "The mode of this place. Left out: as at the top." },
	    .load = load_word, .offset = IN_PLACE(mode), .words = mode_words },
	{ { .path = "places[].unavailable",
	      .type = "word",
	      .range = "refuse or pass",
	      .unit = "",
	      .def = "refuse",
	      .doc = "What happens to posts while Masthead cannot answer; pass "
		  "delivers them without a badge." },
	    .load = load_word, .offset = IN_PLACE(unavailable),
	    .words = refuse_pass_words },
	{ { .path = "places[].message_badge",
	      .type = "word",
	      .range = "reference, full or none",
	      .unit = "",
	      .def = "reference",
	      .doc = "What messages carry: the token's ID, the whole token, or "
		  "nothing." },
	    .load = load_word, .offset = IN_PLACE(badge),
	    .words = badge_words },
	{ { .path = "places[].lease",
	      .type = "duration",
	      .range = "0s to 1h",
	      .unit = "s",
	      .def = "",
	      .doc = "The lease of this place. Left out: as at the top." },
	    .load = load_place_lease, .offset = IN_PLACE(lease_s), .min = 0,
	    .max = 3600 },
	{ { .path = "hats",
	      .type = "mapping",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "How badges show in rooms." },
	    .load = load_mapping },
	{ { .path = "hats.legacy",
	      .type = "yes or no",
	      .range = "",
	      .unit = "",
	      .def = "no",
	      .doc = "Sends hats in the namespace of before XEP-0317 0.2 as "
		  "well; some clients show both." },
	    .load = load_bool, .offset = AT(config.has_legacy_hats) },
	{ { .path = "badge",
	      .type = "mapping",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "The signed tokens." },
	    .load = load_mapping },
	{ { .path = "badge.life",
	      .type = "duration",
	      .range = "2s to 24h",
	      .unit = "s",
	      .def = "24h",
	      .doc = "How long a token is valid." },
	    .load = load_seconds, .offset = AT(config.badge_life_s),
	    .min = 2, .max = DAY_S },
	{ { .path = "badge.keep_tokens",
	      .type = "duration",
	      .range = "1d to 36500d",
	      .unit = "s",
	      .def = "365d",
	      .doc = "How long issued tokens are kept after their end: as long "
		  "as rooms keep archives." },
	    .load = load_seconds, .offset = AT(config.keep_tokens_s),
	    .min = DAY_S, .max = 36500LL * DAY_S },
	{ { .path = "log_level",
	      .type = "word",
	      .range = "error, warning, info or debug",
	      .unit = "",
	      .def = "info",
	      .doc = "How much is logged." },
	    .load = load_word, .offset = AT(config.log_level),
	    .words = log_words },
};
#define OPTION_COUNT (sizeof options / sizeof options[0])

/* Mappings ---------------------------------------------------------------- */

/* The last part of an option's path; where the section ends. */
static const char *
option_name(const struct option *o)
{
	const char *dot = strrchr(o->pub.path, '.');

	return dot != NULL ? dot + 1 : o->pub.path;
}

static bool
is_in_section(const struct option *o, const char *section)
{
	const char *name = option_name(o);
	size_t len = strlen(section);

	if (name == o->pub.path)
		return len == 0;
	return (size_t)(name - o->pub.path) == len + 1 &&
	    strncmp(o->pub.path, section, len) == 0;
}

static const struct option *
option_find(const char *section, const char *key)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (is_in_section(&options[i], section) &&
		    strcmp(option_name(&options[i]), key) == 0)
			return &options[i];
	return NULL;
}

/* The option that an unknown key probably means; NULL if none is near. */
static const struct option *
option_nearest(const char *section, const char *key)
{
	const char *words[HINTS_MAX], *near;
	size_t count = 0;

	for (size_t i = 0; i < OPTION_COUNT && count < HINTS_MAX; i++)
		if (is_in_section(&options[i], section))
			words[count++] = option_name(&options[i]);
	near = value_nearest(key, words, count);
	return near != NULL ? option_find(section, near) : NULL;
}

static void
bad_key(struct option_loader *l, const char *section, const yaml_node_t *key)
{
	const char *text = doc_text(key), *colon = *section != '\0' ? ": " : "";
	const struct option *near;
	char got[96];

	if (text == NULL) {
		doc_problem(l->doc, doc_line(key),
		    "%s%swant the name of an option, got %s", section, colon,
		    doc_describe(key, got));
		return;
	}
	near = option_nearest(section, text);
	if (near != NULL)
		doc_problem(l->doc, doc_line(key),
		    "%s%sunknown option \"%.80s\"; did you mean \"%s\"?",
		    section, colon, text, option_name(near));
	else
		doc_problem(l->doc, doc_line(key),
		    "%s%sunknown option \"%.80s\"", section, colon, text);
}

/* The first pair with this key, as its index + 1; 0 if there is none. */
static size_t
pair_find(struct option_loader *l, const yaml_node_t *n, const char *key)
{
	for (size_t i = 0; i < doc_pair_count(n); i++) {
		const char *text = doc_text(doc_key(l->doc, n, i));

		if (text != NULL && strcmp(text, key) == 0)
			return i + 1;
	}
	return 0;
}

/* First pass: every key is an option, and there once. */
static void
check_keys(struct option_loader *l, const char *section, const yaml_node_t *n)
{
	for (size_t i = 0; i < doc_pair_count(n); i++) {
		const yaml_node_t *key = doc_key(l->doc, n, i);
		const char *text = doc_text(key);
		size_t first;

		if (text == NULL || option_find(section, text) == NULL) {
			bad_key(l, section, key);
			continue;
		}
		first = pair_find(l, n, text) - 1;
		if (first < i)
			doc_problem(l->doc, doc_line(key),
			    "%s%s%s is set already, on line %zu", section,
			    *section != '\0' ? "." : "", text,
			    doc_line(doc_key(l->doc, n, first)));
	}
}

static void
load_default(struct option_loader *l, const struct option *o, void *base)
{
	char text[DEFAULT_MAX];
	yaml_node_t n = { .type = YAML_SCALAR_NODE };

	(void)snprintf(text, sizeof text, "%s", o->pub.def);
	n.data.scalar.value = (yaml_char_t *)text;
	n.data.scalar.length = strlen(text);
	n.data.scalar.style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	o->load(l, o, &n, base);
}

/* Whether some unknown key is this option, misspelt: then that is one
 * mistake, not two. */
static bool
is_misspelt(struct option_loader *l, const char *section,
    const yaml_node_t *n, const struct option *o)
{
	for (size_t i = 0; i < doc_pair_count(n); i++) {
		const char *text = doc_text(doc_key(l->doc, n, i));

		if (text != NULL && option_find(section, text) == NULL &&
		    option_nearest(section, text) == o)
			return true;
	}
	return false;
}

static void
load_absent(struct option_loader *l, const char *section,
    const yaml_node_t *n, size_t line, const struct option *o, void *base)
{
	if (o->pub.is_mandatory) {
		if (n == NULL || !is_misspelt(l, section, n, o))
			doc_problem(l->doc, line, "%s is missing",
			    o->pub.path);
	} else if (o->load == load_mapping) {
		load_section(l, o->pub.path, NULL, line, base);
	} else if (o->pub.def[0] != '\0') {
		load_default(l, o, base);
	}
}

/* `n` NULL: nothing is set, everything has its default. */
static void
load_section(struct option_loader *l, const char *section,
    const yaml_node_t *n, size_t line, void *base)
{
	char got[96];

	if (n != NULL && n->type != YAML_MAPPING_NODE) {
		doc_problem(l->doc, line, "%s%swant options (name: value), "
		    "got %s", section, *section != '\0' ? ": " : "",
		    doc_describe(n, got));
		return;
	}
	if (n != NULL && doc_pair_count(n) > CONFIG_KEYS_MAX) {
		doc_problem(l->doc, line, "%s: more than %d options", section,
		    CONFIG_KEYS_MAX);
		return;
	}
	if (n != NULL)
		check_keys(l, section, n);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option *o = &options[i];
		size_t found;

		if (!is_in_section(o, section))
			continue;
		found = n != NULL ? pair_find(l, n, option_name(o)) : 0;
		if (found == 0)
			load_absent(l, section, n, line, o, base);
		else
			o->load(l, o, doc_value(l->doc, n, found - 1), base);
	}
}

void
option_load_all(struct option_loader *l, const yaml_node_t *root)
{
	load_section(l, "", root, doc_line(root), l);
}

const struct config_option *
option_row(size_t i)
{
	return i < OPTION_COUNT ? &options[i].pub : NULL;
}

/* How the values of options load; see load.h. */
#include "daemon/load.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/value.h"
#include "net/resolver.h"
#include "text/jid.h"

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

static const char *
article(const char *type)
{
	if (strncmp(type, "yes", 3) == 0)
		return "";
	return strchr("aeiou", type[0]) != NULL ? "an " : "a ";
}

static void
bad_shape(struct option_loader *l, const struct option *o, const yaml_node_t *n)
{
	char got[96];

	bad(l, o, n, "want %s%s, got %s", article(o->pub.type), o->pub.type,
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
want_text(struct option_loader *l, const struct option *o, const yaml_node_t *n)
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

void
load_text(struct option_loader *l, const struct option *o, const yaml_node_t *n,
    void *base)
{
	const char *text = want_text_within(l, o, n, o->max);

	if (text != NULL)
		keep_text(l, field(o, base), text);
}

void
load_bool(struct option_loader *l, const struct option *o, const yaml_node_t *n,
    void *base)
{
	const char *text = want_text(l, o, n);
	struct err e;

	if (text != NULL && value_bool(text, field(o, base), &e) != 0)
		bad(l, o, n, "%s", e.text);
}

/* A number as `parse` reads it, within the row's range. */
static void
keep_number(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base,
    int (*parse)(const char *text, int64_t *r, struct err *e))
{
	const char *text = want_text(l, o, n);
	int64_t value;
	struct err e;

	if (text == NULL)
		return;
	if (parse(text, &value, &e) != 0)
		bad(l, o, n, "%s", e.text);
	else if (value < o->min || value > o->max)
		bad(l, o, n, "want %s, got %.80s", o->pub.range, text);
	else
		*(int64_t *)field(o, base) = value;
}

void
load_number(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	keep_number(l, o, n, base, value_number);
}

void
load_seconds(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	keep_number(l, o, n, base, value_seconds);
}

/* One of the row's words, as an int; -1 with a problem. */
static int
want_word(struct option_loader *l, const struct option *o, const yaml_node_t *n)
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

void
load_word(struct option_loader *l, const struct option *o, const yaml_node_t *n,
    void *base)
{
	int value = want_word(l, o, n);

	if (value >= 0)
		*(int *)field(o, base) = value;
}

void
load_path(struct option_loader *l, const struct option *o, const yaml_node_t *n,
    void *base)
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

/* A file that has to be there already. */
void
load_file(struct option_loader *l, const struct option *o, const yaml_node_t *n,
    void *base)
{
	char **slot = field(o, base);
	struct err e;

	load_path(l, o, n, base);
	if (*slot != NULL && l->reads_files && value_file(*slot, &e) != 0)
		bad(l, o, n, "%s", e.text);
}

/* Lists ------------------------------------------------------------------ */

/* How many items a list has, at most the row's max; 0 with a problem if it
 * is none or has too many. */
static size_t
want_list(struct option_loader *l, const struct option *o, const yaml_node_t *n)
{
	size_t count = doc_item_count(n);

	if (n->type != YAML_SEQUENCE_NODE && count == 0)
		bad_shape(l, o, n);
	else if ((int64_t)count > o->max)
		bad(l, o, n, "want at most %lld, got %zu", (long long)o->max,
		    count);
	else if ((int64_t)count < o->min)
		bad(l, o, n, "want at least %lld", (long long)o->min);
	else
		return count;
	return 0;
}

/* Bits of the row's words. */
static unsigned
want_bits(struct option_loader *l, const struct option *o, const yaml_node_t *n)
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

void
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

void
load_contact(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	static const char *const schemes[] = { "mailto:", "xmpp:", "https://",
		"tel:" };
	const char *text = want_text(l, o, n);

	for (size_t i = 0; text != NULL && i < sizeof schemes / sizeof *schemes;
	     i++) {
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

void
load_domain(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	char domain[JID_PART_MAX + 1];

	if (want_domain(l, o, n, domain) == 0)
		keep_text(l, field(o, base), domain);
}

/* XEP-0114 is plain TCP: secret and descriptions would be there for all to
 * read on the way. */
void
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
		bad(l, o, n,
		    "%.80s is not on loopback, and a component's "
		    "connection is not encrypted: use 127.0.0.1, or say "
		    "insecure_component: yes if the network is safe",
		    c->host);
}

void
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
add_guard(struct option_loader *l, const struct option *o, const yaml_node_t *n)
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
		bad(l, o, n,
		    "%.200s is the component itself; want hosts that "
		    "have the guard module",
		    domain);
		return;
	}
	c->guards[c->guard_count] = strdup(domain);
	if (c->guards[c->guard_count] == NULL)
		bad_memory(l);
	else
		c->guard_count++;
}

void
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

void
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

/* remind ----------------------------------------------------------------- */

void
load_remind(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	size_t count = want_list(l, o, n);

	(void)base;
	for (size_t i = 0; i < count; i++) {
		const yaml_node_t *item = doc_item(l->doc, n, i);
		const char *text = want_text(l, o, item);
		int64_t value = 0;
		struct err e;

		if (text == NULL)
			continue;
		if (value_seconds(text, &value, &e) != 0)
			bad(l, o, item, "%s", e.text);
		else if (value < LOAD_DAY_S || value > 365 * LOAD_DAY_S)
			bad(l, o, item, "want %s, got %.80s", o->pub.range,
			    text);
		l->config.remind_s[i] = value;
	}
	l->config.remind_count = count;
}

/* proof ------------------------------------------------------------------ */

void
load_methods(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	unsigned bits = want_bits(l, o, n);

	(void)base;
	if (bits != 0)
		l->config.proof.methods = bits;
}

void
load_resolver(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	const char *text = want_text(l, o, n);
	struct err e;

	if (text == NULL)
		return;
	if (resolver_server_check(text, &e) != 0)
		bad(l, o, n, "want %s: %s", o->pub.range, e.text);
	else
		keep_text(l, field(o, base), text);
}

/* staff ------------------------------------------------------------------ */

/* A bare account, prepared; -1 with a problem. */
static int
want_account(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, struct jid *r)
{
	const char *text = want_text(l, o, n);
	struct err e = { "" };

	if (text == NULL)
		return -1;
	if (jid_parse(r, text, &e) != 0) {
		bad(l, o, n, "%s", e.text);
		return -1;
	}
	if (r->local[0] == '\0' || r->resource[0] != '\0') {
		bad(l, o, n, "want an account, NAME@HOST, got \"%.80s\"", text);
		return -1;
	}
	return 0;
}

void
load_remote_staff(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct config *c = &l->config;
	size_t count = want_list(l, o, n);
	char bare[JID_MAX + 1];
	struct jid jid;

	(void)base;
	c->remote_staff = calloc(count + 1, sizeof *c->remote_staff);
	if (c->remote_staff == NULL) {
		bad_memory(l);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (want_account(l, o, doc_item(l->doc, n, i), &jid) == -1)
			continue;
		jid_bare(&jid, bare);
		keep_text(l, &c->remote_staff[c->remote_staff_count], bare);
		if (c->remote_staff[c->remote_staff_count] != NULL)
			c->remote_staff_count++;
	}
}

static bool
is_remote_staff(const struct config *c, const char *bare)
{
	for (size_t i = 0; i < c->remote_staff_count; i++)
		if (strcmp(c->remote_staff[i], bare) == 0)
			return true;
	return false;
}

/*
 * Whose word the role hangs on: the server that has the guards vouches for
 * its own accounts; any other server must be trusted by name.
 */
static void
check_vouched(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, const struct jid *jid, const char *bare)
{
	if (!l->has_guards || config_is_guard(&l->config, jid->domain) ||
	    is_remote_staff(&l->config, bare))
		return;
	bad(l, o, n,
	    "%.200s is an account of another server: guards: does not list "
	    "%.200s; list the account under staff.remote as well if that "
	    "server is to be believed",
	    bare, jid->domain);
}

static void
add_staff(struct option_loader *l, const struct option *o, const yaml_node_t *n)
{
	struct config *c = &l->config;
	char bare[JID_MAX + 1];
	struct jid jid;

	if (want_account(l, o, n, &jid) == -1)
		return;
	jid_bare(&jid, bare);
	check_vouched(l, o, n, &jid, bare);
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

void
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

/* {name} is the one thing that a hat's text can ask for, once: so the title
 * has room for pattern and name. */
void
load_hat(struct option_loader *l, const struct option *o, const yaml_node_t *n,
    void *base)
{
	const char *text = want_text_within(l, o, n, o->max);

	if (text == NULL)
		return;
	for (const char *c = text; *c != '\0'; c++) {
		if (strncmp(c, "{name}", 6) == 0) {
			if (strstr(c + 6, "{name}") != NULL) {
				bad(l, o, n, "want {name} once");
				return;
			}
			c += 5;
		} else if (*c == '{' || *c == '}') {
			bad(l, o, n, "want {name} or no braces");
			return;
		}
	}
	keep_text(l, field(o, base), text);
}

void
load_agreement(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	char **slot = field(o, base);
	struct err e;

	load_path(l, o, n, base);
	if (*slot != NULL && l->reads_files && value_agreement(*slot, &e) != 0)
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
		doc_problem(l->doc, doc_line(key),
		    "categories: want a name of "
		    "1 to %d of a-z, 0-9 and -, got %s",
		    CATEGORY_ID_MAX, doc_describe(key, got));
		return;
	}
	if (policy_category(&l->config.policy, id) != NULL) {
		doc_problem(l->doc, doc_line(key),
		    "categories: \"%s\" is there twice", id);
		return;
	}
	(void)snprintf(c.category.id, sizeof c.category.id, "%s", id);
	option_load_section(l, "categories.ID", value, doc_line(key), &c);
	take_category(l, &c);
}

void
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
		add_category(l, doc_key(l->doc, n, i), doc_value(l->doc, n, i));
}

/* places ----------------------------------------------------------------- */

/* Prepares the room's address; "*@" stays. */
static int
prepare_pattern(const char *text, char r[JID_MAX + 1], struct err *e)
{
	struct jid jid;

	if (strncmp(text, "*@", 2) == 0) {
		strcpy(r, "*@"); /* fits: JID_MAX is more */
		return jid_prepare_domain(text + 2, r + 2, JID_PART_MAX + 1, e);
	}
	if (jid_parse(&jid, text, e) != 0)
		return -1;
	jid_full(&jid, r);
	return 0;
}

static void
check_guarded(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, const char *host)
{
	if (l->has_guards && !config_is_guard(&l->config, host))
		bad(l, o, n,
		    "guards: does not list %.200s, so nothing would "
		    "guard this place",
		    host);
}

void
load_room(struct option_loader *l, const struct option *o, const yaml_node_t *n,
    void *base)
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
	p->is_found = true;
	p->line = doc_line(n);
	check_guarded(l, o, n, p->place.host);
}

void
load_node(struct option_loader *l, const struct option *o, const yaml_node_t *n,
    void *base)
{
	struct place_load *p = base;

	p->node = want_text_within(l, o, n, o->max);
	p->line = doc_line(n);
}

/* The node of this service or, if that is NULL, of this owner; the table has
 * the node before either. */
static void
find_node(struct option_loader *l, const struct option *o, const yaml_node_t *n,
    struct place_load *p, const char *service, const char *owner)
{
	struct err e = { "" };

	if (place_node_parse(&p->place, p->node != NULL ? p->node : "*",
		service, owner, &e) != 0) {
		bad(l, o, n, "%s", e.text);
		return;
	}
	p->is_found = p->node != NULL;
	check_guarded(l, o, n, p->place.host);
}

void
load_service(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	char domain[JID_PART_MAX + 1];

	if (want_domain(l, o, n, domain) == 0)
		find_node(l, o, n, base, domain, NULL);
}

void
load_owner(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	const char *text = want_text(l, o, n), *personal = NULL;
	struct place_load *p = base;
	char pattern[JID_MAX + 1];
	struct err e = { "" };

	if (text == NULL)
		return;
	if (prepare_pattern(text, pattern, &e) != 0) {
		bad(l, o, n, "%s", e.text);
		return;
	}
	find_node(l, o, n, p, NULL, pattern);
	if (p->node != NULL)
		personal = place_personal_find(p->node);
	if (personal != NULL)
		doc_problem(l->doc, p->line,
		    "places[].node: \"%.80s\" covers %s of accounts, which "
		    "keep keys, bookmarks, avatars or profiles there; such "
		    "nodes are never guarded",
		    p->node, personal);
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
		bad(l, o, n,
		    "there is no category \"%.80s\"; did you mean "
		    "\"%s\"?",
		    id, near);
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

void
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

void
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

void
load_labelled(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct place *p = &((struct place_load *)base)->place;
	const char *text = want_text_within(l, o, n, o->max);

	if (text != NULL)
		(void)snprintf(p->labelled, sizeof p->labelled, "%s", text);
}

void
load_others_may(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct place *p = &((struct place_load *)base)->place;

	p->others_may_react = want_bits(l, o, n) != 0;
}

void
load_exempt(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	struct place *p = &((struct place_load *)base)->place;

	p->exempt = want_bits(l, o, n);
}

void
load_place_lease(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	((struct place_load *)base)->has_lease = true;
	load_seconds(l, o, n, base);
}

/* The value of an option that is given; NULL if it is not. */
static const yaml_node_t *
given(struct option_loader *l, const yaml_node_t *n, const char *name)
{
	for (size_t i = 0; i < doc_pair_count(n); i++) {
		const char *key = doc_text(doc_key(l->doc, n, i));

		if (key != NULL && strcmp(key, name) == 0)
			return doc_value(l->doc, n, i);
	}
	return NULL;
}

/* What only rooms have, or only some nodes. */
static void
check_node_options(struct option_loader *l, const yaml_node_t *n,
    const struct place *p, bool has_owner)
{
	const yaml_node_t *others_may = given(l, n, "others_may");
	const yaml_node_t *exempt = given(l, n, "exempt");

	if (others_may != NULL)
		doc_problem(l->doc, doc_line(others_may),
		    "places[].others_may: is for rooms; who reacts to an item "
		    "of a node does not publish in it");
	if (exempt != NULL && has_owner)
		doc_problem(l->doc, doc_line(exempt),
		    "places[].exempt: is for rooms and for nodes of a "
		    "service; a PEP node belongs to its account");
	else if ((p->exempt & ~PLACE_EXEMPT_OF_NODES) != 0)
		doc_problem(l->doc, doc_line(exempt),
		    "places[].exempt: want owner or publisher, the "
		    "affiliations that a node has");
}

static void
check_room_options(struct option_loader *l, const yaml_node_t *n,
    const struct place *p)
{
	static const char *const of_nodes[] = { "service", "owner" };

	for (size_t i = 0; i < sizeof of_nodes / sizeof *of_nodes; i++) {
		const yaml_node_t *found = given(l, n, of_nodes[i]);

		if (found != NULL)
			doc_problem(l->doc, doc_line(found),
			    "places[].%s: is for nodes; a room has its host "
			    "in its address",
			    of_nodes[i]);
	}
	if ((p->exempt & ~PLACE_EXEMPT_OF_ROOMS) != 0)
		doc_problem(l->doc, doc_line(given(l, n, "exempt")),
		    "places[].exempt: want owner, admin or member, the "
		    "affiliations that a room has");
}

/* A place is a room, or a node of a service or of an owner. */
static void
check_place(struct option_loader *l, const yaml_node_t *n,
    const struct place *p)
{
	bool has_room = given(l, n, "room") != NULL;
	bool has_node = given(l, n, "node") != NULL;
	bool has_service = given(l, n, "service") != NULL;
	bool has_owner = given(l, n, "owner") != NULL;

	if (has_room && has_node)
		doc_problem(l->doc, doc_line(n),
		    "places[]: want room or node, got both");
	else if (has_room)
		check_room_options(l, n, p);
	else if (!has_node) {
		if (!option_is_misspelt(l, "places[]", n, "room") &&
		    !option_is_misspelt(l, "places[]", n, "node"))
			doc_problem(l->doc, doc_line(n),
			    "places[]: want room or node");
	} else if (has_service == has_owner)
		doc_problem(l->doc, doc_line(n),
		    "places[]: a node wants service, the pubsub host that has "
		    "it, or owner, whose account has it%s",
		    has_owner ? "; got both" : "");
	else
		check_node_options(l, n, p, has_owner);
}

/* The rules of one place, with what it takes from the top level. */
static void
load_place(struct option_loader *l, const yaml_node_t *n, struct place_load *p)
{
	struct place *r = &p->place;

	memset(p, 0, sizeof *p);
	p->mode = l->mode;
	p->badge = -1;
	option_load_section(l, "places[]", n, doc_line(n), p);
	if (n->type == YAML_MAPPING_NODE)
		check_place(l, n, r);
	if (p->badge == -1)
		p->badge = r->kind == PLACE_NODE ? PLACE_BADGE_FULL
						 : PLACE_BADGE_REFERENCE;
	/* The default is for rooms. */
	if (r->kind == PLACE_NODE)
		r->others_may_react = false;
	r->mode = (enum place_mode)p->mode;
	r->badge = (enum place_badge)p->badge;
	r->refuse_encrypted = p->encrypted != 0;
	r->pass_unavailable = p->unavailable != 0;
	r->lease_s = (uint32_t)(p->has_lease ? p->lease_s : l->lease_s);
}

/* The line of an earlier place with the same pattern; 0 if there is none. */
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
	char name[PLACE_NAME_MAX + 1];
	struct place_load p;
	size_t line;

	load_place(l, n, &p);
	if (!p.is_found)
		return;
	line = same_place_line(l, &p.place, lines);
	if (line != 0) {
		place_name(&p.place, name);
		doc_problem(l->doc, p.line,
		    "places[].%s: %.300s has a place already, on line %zu",
		    p.place.kind == PLACE_NODE ? "node" : "room", name, line);
		return;
	}
	lines[policy->place_count] = p.line;
	policy->places[policy->place_count++] = p.place;
}

void
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

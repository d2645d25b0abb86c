/* The guard protocol: decoder and encoder; see guard.h. */
#include "xmpp/guard.h"

#include <string.h>

#include "xmpp/ns.h"
#include "xmpp/xml.h"

/* Depths in a guard IQ: iq 1, payload 2, item 3, what an item holds 4. */
#define DEPTH_PAYLOAD 2
#define DEPTH_ITEM 3
#define DEPTH_PART 4

#define NUMBER_MAX 0x7fffffffu

static void
fault(struct guard_decoder *d, enum guard_fault f, const char *why)
{
	if (d->fault != GUARD_OK)
		return; /* the first one counts */
	d->fault = f;
	d->why = why;
}

/* Keeps a string of the sender's; "" and a fault if that may not be. */
static const char *
keep(struct guard_decoder *d, const char *value)
{
	size_t len = strlen(value);
	char *to;

	if (len == 0)
		return "";
	if (len > PUBLICATION_ATTR_MAX) {
		fault(d, GUARD_TOO_MUCH, "an attribute over 1024 bytes");
		return "";
	}
	if (len + 1 > sizeof d->arena - d->arena_len) {
		fault(d, GUARD_TOO_MUCH, "over 65536 bytes in one IQ");
		return "";
	}
	to = d->arena + d->arena_len;
	memcpy(to, value, len + 1);
	d->arena_len += len + 1;
	return to;
}

/* 1 to 2^31-1, or 0 for anything else. */
static uint32_t
number(const char *s)
{
	uint32_t n = 0;

	if (*s == '\0')
		return 0;
	for (; *s >= '0' && *s <= '9'; s++) {
		uint32_t digit = (uint32_t)(*s - '0');

		if (n > (NUMBER_MAX - digit) / 10)
			return 0;
		n = n * 10 + digit;
	}
	return *s == '\0' ? n : 0;
}

/* The protocol's attributes.  Looked up by first letter and length before
 * any comparison: this runs for every attribute of every item. */
enum word {
	WORD_NONE,
	WORD_N,
	WORD_KIND,
	WORD_PLACE,
	WORD_ROOM,
	WORD_ACTOR,
	WORD_NICK,
	WORD_NODE,
	WORD_OCCUPANT,
	WORD_OWNER,
	WORD_LANG,
	WORD_AFFILIATION,
	WORD_ENCRYPTED,
};

static enum word
word_find(const char *s)
{
#define IS(w, r) (strcmp(s + 1, (w) + 1) == 0 ? (r) : WORD_NONE)
	switch (s[0]) {
	case 'n':
		if (s[1] == '\0')
			return WORD_N;
		return s[1] == 'i' ? IS("nick", WORD_NICK)
				   : IS("node", WORD_NODE);
	case 'k':
		return IS("kind", WORD_KIND);
	case 'p':
		return IS("place", WORD_PLACE);
	case 'r':
		return IS("room", WORD_ROOM);
	case 'a':
		return s[1] == 'c' ? IS("actor", WORD_ACTOR)
				   : IS("affiliation", WORD_AFFILIATION);
	case 'o':
		return s[1] == 'c' ? IS("occupant", WORD_OCCUPANT)
				   : IS("owner", WORD_OWNER);
	case 'l':
		return IS("lang", WORD_LANG);
	case 'e':
		return IS("encrypted", WORD_ENCRYPTED);
	default:
		return WORD_NONE;
	}
#undef IS
}

/* xs:boolean. */
static bool
read_encrypted(struct guard_decoder *d, const char *value)
{
	if (strcmp(value, "true") == 0 || strcmp(value, "1") == 0)
		return true;
	if (strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
		fault(d, GUARD_BAD_REQUEST, "encrypted is no boolean");
	return false;
}

static void
item_attr(struct guard_decoder *d, struct publication *p, const char *name,
    const char *value)
{
	switch (word_find(name)) {
	case WORD_N:
		p->n = number(value);
		break;
	case WORD_KIND:
		p->kind = publication_kind_find(value);
		break;
	case WORD_PLACE:
		p->place_id = number(value);
		break;
	case WORD_ROOM:
		p->room = keep(d, value);
		break;
	case WORD_ACTOR:
		p->actor = keep(d, value);
		break;
	case WORD_NICK:
		p->nick = keep(d, value);
		break;
	case WORD_NODE:
		p->node = keep(d, value);
		break;
	case WORD_OCCUPANT:
		p->occupant = keep(d, value);
		break;
	case WORD_OWNER:
		p->owner = keep(d, value);
		break;
	case WORD_LANG:
		p->lang = keep(d, value);
		break;
	case WORD_AFFILIATION:
		p->affiliation = keep(d, value);
		break;
	case WORD_ENCRYPTED:
		p->is_encrypted = read_encrypted(d, value);
		break;
	case WORD_NONE:
		break;
	}
}

/* Guards count upwards, so the look back is for the rare one only. */
static bool
is_taken(const struct guard_decoder *d, uint32_t n)
{
	if (d->item_count == 0 || n > d->highest)
		return false;
	for (unsigned i = 0; i < d->item_count; i++)
		if (d->items[i].n == n)
			return true;
	return false;
}

static void
item_check(struct guard_decoder *d, const struct publication *p)
{
	if (p->n == 0)
		fault(d, GUARD_BAD_REQUEST, "an item without a number");
	else if (is_taken(d, p->n))
		fault(d, GUARD_BAD_REQUEST, "two items of one number");
	else if (p->kind == PUBLICATION_NONE)
		fault(d, GUARD_BAD_REQUEST, "an item of unknown kind");
	else if (p->place_id == 0)
		fault(d, GUARD_BAD_REQUEST, "an item without a place");
	else if ((p->room[0] == '\0') == (p->node[0] == '\0'))
		fault(d, GUARD_BAD_REQUEST,
		    "an item with neither room nor node, or with both");
	else if ((p->kind == PUBLICATION_PUBLISH) != (p->node[0] != '\0'))
		fault(d, GUARD_BAD_REQUEST,
		    "publish is for nodes, the other kinds are for rooms");
	else if (p->actor[0] == '\0')
		fault(d, GUARD_BAD_REQUEST, "an item without an actor");
}

static void
item_begin(struct guard_decoder *d, const struct reader_attr *attrs,
    size_t attr_count)
{
	struct publication *p;

	if (d->item_count == GUARD_ITEMS_MAX) {
		fault(d, GUARD_TOO_MUCH, "more than 64 items");
		return;
	}
	p = &d->items[d->item_count];
	memset(p, 0, sizeof *p);
	p->room = p->node = p->owner = p->actor = p->nick = p->occupant = "";
	p->lang = p->affiliation = "";
	for (size_t i = 0; i < attr_count; i++)
		if (attrs[i].name.ns[0] == '\0')
			item_attr(d, p, attrs[i].name.local, attrs[i].value);
	item_check(d, p);
	d->item_count++;
	if (p->n > d->highest)
		d->highest = p->n;
}

/* The value of an unprefixed attribute; "" if there is none. */
static const char *
attr_find(const struct reader_attr *attrs, size_t attr_count, const char *name)
{
	for (size_t i = 0; i < attr_count; i++)
		if (attrs[i].name.ns[0] == '\0' &&
		    strcmp(attrs[i].name.local, name) == 0)
			return attrs[i].value;
	return "";
}

static void
reprint_begin(struct guard_decoder *d, struct publication *p,
    const struct reader_attr *attrs, size_t attr_count)
{
	struct reprint *r;

	if (p->reprint_count == PUBLICATION_REPRINTS_MAX) {
		fault(d, GUARD_TOO_MUCH, "more than 8 reprints");
		return;
	}
	r = &p->reprints[p->reprint_count++];
	r->by = reprint_by_find(attr_find(attrs, attr_count, "by"));
	r->of = keep(d, attr_find(attrs, attr_count, "of"));
	/* Ignored, it would look like an ordinary post. */
	if (r->by == REPRINT_NONE)
		fault(d, GUARD_BAD_REQUEST, "a reprint of unknown kind");
}

static void
label_begin(struct guard_decoder *d, struct publication *p,
    const struct reader_attr *attrs, size_t attr_count)
{
	const char *term;

	if (p->label_count == PUBLICATION_LABELS_MAX) {
		fault(d, GUARD_TOO_MUCH, "more than 8 labels");
		return;
	}
	term = keep(d, attr_find(attrs, attr_count, "term"));
	p->labels[p->label_count++] = term;
	if (term[0] == '\0')
		fault(d, GUARD_BAD_REQUEST, "a label without a term");
}

bool
guard_begin(struct guard_decoder *d, const struct reader_name *name,
    const struct reader_attr *attrs, size_t attr_count)
{
	const char *server;
	size_t len;

	d->request = GUARD_NONE;
	if (strcmp(name->ns, NS_GUARD) != 0)
		return false;
	if (strcmp(name->local, "check") == 0)
		d->request = GUARD_CHECK;
	else if (strcmp(name->local, "attach") == 0)
		d->request = GUARD_ATTACH;
	else if (strcmp(name->local, "detach") == 0)
		d->request = GUARD_DETACH;
	else
		return false;
	d->fault = GUARD_OK;
	d->why = "";
	d->server[0] = '\0';
	d->item_count = 0;
	d->highest = 0;
	d->arena_len = 0;
	d->skip_depth = 0;
	if (d->request != GUARD_ATTACH)
		return true;
	server = attr_find(attrs, attr_count, "server");
	len = strlen(server);
	if (len >= sizeof d->server)
		fault(d, GUARD_TOO_MUCH, "a server name over 255 bytes");
	else
		memcpy(d->server, server, len + 1);
	return true;
}

/* What an open item holds; false for what is unknown here. */
static bool
part_begin(struct guard_decoder *d, const char *local,
    const struct reader_attr *attrs, size_t attr_count)
{
	struct publication *p = &d->items[d->item_count - 1];

	if (strcmp(local, "reprint") == 0)
		reprint_begin(d, p, attrs, attr_count);
	else if (strcmp(local, "label") == 0)
		label_begin(d, p, attrs, attr_count);
	else
		return false;
	return true;
}

void
guard_start(struct guard_decoder *d, unsigned depth,
    const struct reader_name *name, const struct reader_attr *attrs,
    size_t attr_count)
{
	bool is_known = false;

	if (d->skip_depth > 0 || d->fault != GUARD_OK)
		return;
	if (depth == DEPTH_PAYLOAD) { /* RFC 6120 #stanzas-semantics-iq */
		fault(d, GUARD_BAD_REQUEST, "an IQ with two payloads");
		return;
	}
	if (d->request == GUARD_CHECK && strcmp(name->ns, NS_GUARD) == 0) {
		if (depth == DEPTH_ITEM && strcmp(name->local, "item") == 0) {
			item_begin(d, attrs, attr_count);
			return;
		}
		/* Not skipping at this depth: an item is open. */
		if (depth == DEPTH_PART)
			is_known =
			    part_begin(d, name->local, attrs, attr_count);
	}
	if (!is_known || depth == DEPTH_PART)
		d->skip_depth = depth; /* with all that is in it */
}

void
guard_end(struct guard_decoder *d, unsigned depth)
{
	if (depth == d->skip_depth)
		d->skip_depth = 0;
	if (depth == DEPTH_PAYLOAD && d->request == GUARD_CHECK &&
	    d->item_count == 0)
		fault(d, GUARD_BAD_REQUEST, "a check without items");
}

/* Writing. */

#define PUTS(b, literal) buf_add(b, literal, sizeof(literal) - 1)

static void
iq_begin(struct buf *out, const struct guard_address *a, const char *type)
{
	PUTS(out, "<iq type='");
	buf_adds(out, type);
	PUTS(out, "'");
	xml_attr(out, "id", a->id);
	xml_attr(out, "from", a->from);
	xml_attr(out, "to", a->to);
	PUTS(out, ">");
}

/* `<name xmlns='urn:masthead:guard:0' epoch='...' serial='...'`, open. */
static void
payload_begin(struct buf *out, const char *name, const char *epoch,
    int64_t serial)
{
	PUTS(out, "<");
	buf_adds(out, name);
	PUTS(out, " xmlns='" NS_GUARD "'");
	xml_attr(out, "epoch", epoch);
	xml_attr_number(out, "serial", (uint64_t)serial);
}

void
guard_write_attach_begin(struct buf *out, const struct guard_address *a,
    const char *epoch, int64_t serial)
{
	iq_begin(out, a, "result");
	payload_begin(out, "attach", epoch, serial);
	PUTS(out, ">");
}

void
guard_write_place(struct buf *out, const struct guard_place *p)
{
	PUTS(out, "<place");
	xml_attr(out, "kind", p->kind);
	xml_attr_number(out, "id", p->id);
	xml_attr(out, "name", p->name);
	xml_attr(out, "owner", p->owner);
	xml_attr(out, "mode", p->is_observed ? "observe" : "enforce");
	xml_attr(out, "unavailable", p->pass_unavailable ? "pass" : "refuse");
	xml_attr(out, "badge", p->badge);
	xml_attr(out, "others-may", p->others_may_react ? "react" : NULL);
	xml_attr(out, "exempt", p->exempt);
	xml_attr(out, "encrypted", p->refuse_encrypted ? "refuse" : NULL);
	xml_attr(out, "when", p->is_labelled ? "labelled" : NULL);
	xml_attr_number(out, "lease", p->lease_s);
	xml_attr(out, "hats", p->hats);
	PUTS(out, ">");
	for (size_t i = 0; i < p->label_count; i++) {
		PUTS(out, "<label");
		xml_attr(out, "term", p->labels[i]);
		PUTS(out, "/>");
	}
	PUTS(out, "</place>");
}

void
guard_write_attach_end(struct buf *out)
{
	PUTS(out, "</attach></iq>");
}

void
guard_write_verdicts_begin(struct buf *out, const struct guard_address *a,
    const char *epoch, int64_t serial)
{
	iq_begin(out, a, "result");
	payload_begin(out, "verdicts", epoch, serial);
	PUTS(out, ">");
}

void
guard_write_pass(struct buf *out, uint32_t n, uint32_t lease_s,
    bool is_observed, int64_t expires_s, const char *children)
{
	PUTS(out, "<verdict action='pass'");
	xml_attr_number(out, "n", n);
	if (lease_s > 0)
		xml_attr_number(out, "lease", lease_s);
	if (is_observed)
		PUTS(out, " observed='refuse'");
	if (expires_s > 0)
		xml_attr_number(out, "expires", (uint64_t)expires_s);
	if (children == NULL || children[0] == '\0') {
		PUTS(out, "/>");
		return;
	}
	PUTS(out, ">");
	buf_adds(out, children);
	PUTS(out, "</verdict>");
}

void
guard_write_refuse(struct buf *out, uint32_t n, uint32_t lease_s,
    const struct guard_refusal *r)
{
	PUTS(out, "<verdict action='refuse'");
	xml_attr_number(out, "n", n);
	if (lease_s > 0)
		xml_attr_number(out, "lease", lease_s);
	PUTS(out, "><error");
	xml_attr(out, "type", r->type);
	PUTS(out, "><");
	buf_adds(out, r->condition);
	PUTS(out, " xmlns='" NS_STANZAS "'/><text xmlns='" NS_STANZAS "'");
	xml_attr(out, "xml:lang", r->lang);
	PUTS(out, ">");
	xml_text(out, r->text);
	PUTS(out, "</text><refusal xmlns='" NS_ERROR "'");
	xml_attr(out, "reason", r->reason);
	xml_attr(out, "apply", r->apply);
	xml_attr(out, "appeal", r->appeal);
	xml_attr(out, "case", r->case_id);
	PUTS(out, "/></error></verdict>");
}

void
guard_write_verdicts_end(struct buf *out)
{
	PUTS(out, "</verdicts></iq>");
}

void
guard_write_recall(struct buf *out, const struct guard_address *a,
    const char *epoch, int64_t serial, const char *actor)
{
	iq_begin(out, a, "set");
	payload_begin(out, "recall", epoch, serial);
	xml_attr(out, "actor", actor);
	PUTS(out, "/></iq>");
}

void
guard_write_probe(struct buf *out, const struct guard_address *a,
    const char *epoch)
{
	iq_begin(out, a, "get");
	PUTS(out, "<probe xmlns='" NS_GUARD "'");
	xml_attr(out, "epoch", epoch);
	PUTS(out, "/></iq>");
}

void
guard_write_result(struct buf *out, const struct guard_address *a)
{
	iq_begin(out, a, "result");
	PUTS(out, "</iq>");
}

void
guard_write_error(struct buf *out, const struct guard_address *a,
    const char *type, const char *condition)
{
	iq_begin(out, a, "error");
	PUTS(out, "<error");
	xml_attr(out, "type", type);
	PUTS(out, "><");
	buf_adds(out, condition);
	PUTS(out, " xmlns='" NS_STANZAS "'/></error></iq>");
}

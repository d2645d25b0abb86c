/* Trees of libstrophe's from the reader's events; see stanza.h. */
#include "xmpp/stanza.h"

#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "xmpp/ns.h"

#define NS_XML "http://www.w3.org/XML/1998/namespace"

struct stanza_builder {
	xmpp_ctx_t *ctx;
	struct buf head; /* name, then attribute names and values, each NUL */
	bool is_ours;	 /* the stanza is in XEP-0114's namespace */
	xmpp_stanza_t *open[READER_DEPTH_MAX]; /* the path, root first */
	unsigned depth; /* of that path; 0: the tree has not begun */
	unsigned elements;
	struct buf text; /* of the element at hand, not yet added */
	xmpp_stanza_t *done;
	bool is_dropped;
	const char *fault; /* why there is no tree */
};

int
stanza_builder_new(struct stanza_builder **out, struct err *e)
{
	struct stanza_builder *b = calloc(1, sizeof *b);

	if (b == NULL)
		return err_set(e, "no memory for stanzas");
	b->ctx = xmpp_ctx_new(NULL, NULL);
	if (b->ctx == NULL) {
		free(b);
		return err_set(e, "no memory for stanzas");
	}
	/* Each name and value may gain a NUL over what was on the wire. */
	buf_init(&b->head, 2 * READER_STANZA_MAX);
	buf_init(&b->text, READER_STANZA_MAX);
	b->is_dropped = true;
	*out = b;
	return 0;
}

static void
tree_clear(struct stanza_builder *b)
{
	if (b->done != NULL)
		xmpp_stanza_release(b->done);
	else if (b->depth > 0)
		xmpp_stanza_release(b->open[0]);
	b->done = NULL;
	b->depth = 0;
	buf_reset(&b->text);
}

void
stanza_builder_free(struct stanza_builder *b)
{
	if (b == NULL)
		return;
	tree_clear(b);
	buf_clear(&b->head);
	buf_clear(&b->text);
	xmpp_ctx_free(b->ctx);
	free(b);
}

void
stanza_drop(struct stanza_builder *b)
{
	tree_clear(b);
	b->is_dropped = true;
}

static void
builder_fail(struct stanza_builder *b, const char *why)
{
	stanza_drop(b);
	b->fault = why;
}

/* The name that an attribute has in the tree; NULL for none. */
static const char *
attr_name(const struct reader_attr *a)
{
	if (a->name.ns[0] == '\0')
		return a->name.local;
	if (strcmp(a->name.local, "lang") == 0 &&
	    strcmp(a->name.ns, NS_XML) == 0)
		return "xml:lang";
	return NULL;
}

static void
head_note(struct stanza_builder *b, const struct reader_name *name,
    const struct reader_attr *attrs, size_t attr_count)
{
	buf_reset(&b->head);
	b->is_ours = strcmp(name->ns, NS_COMPONENT) == 0;
	buf_add(&b->head, name->local, strlen(name->local) + 1);
	for (size_t i = 0; i < attr_count; i++) {
		const char *key = attr_name(&attrs[i]);

		if (key == NULL)
			continue;
		buf_add(&b->head, key, strlen(key) + 1);
		buf_add(&b->head, attrs[i].value, strlen(attrs[i].value) + 1);
	}
}

const char *
stanza_head_name(const struct stanza_builder *b)
{
	return b->is_ours && !b->head.failed ? b->head.data : "";
}

/* Where the next string begins; NULL behind the last. */
static const char *
head_next(const struct stanza_builder *b, const char *s)
{
	s += strlen(s) + 1;
	return s < b->head.data + b->head.len ? s : NULL;
}

const char *
stanza_head(const struct stanza_builder *b, const char *attr)
{
	const char *s = b->head.data;

	if (s == NULL || b->head.failed || b->head.len == 0)
		return "";
	while ((s = head_next(b, s)) != NULL) {
		const char *value = head_next(b, s);

		if (strcmp(s, attr) == 0)
			return value;
		s = value;
	}
	return "";
}

/* An element that belongs to nobody yet. */
static xmpp_stanza_t *
element_new(xmpp_ctx_t *ctx, const char *name, const char *ns)
{
	xmpp_stanza_t *s = xmpp_stanza_new(ctx);

	if (s == NULL)
		return NULL;
	if (xmpp_stanza_set_name(s, name) == XMPP_EOK &&
	    (ns == NULL || xmpp_stanza_set_ns(s, ns) == XMPP_EOK))
		return s;
	xmpp_stanza_release(s);
	return NULL;
}

/* The stanza itself, from the head. */
static bool
tree_begin(struct stanza_builder *b)
{
	const char *s = b->head.data;
	xmpp_stanza_t *top;

	if (b->head.failed)
		return false;
	top = element_new(b->ctx, s, b->is_ours ? NS_COMPONENT : NULL);
	if (top == NULL)
		return false;
	b->open[0] = top;
	b->depth = 1;
	while ((s = head_next(b, s)) != NULL) {
		const char *value = head_next(b, s);

		if (stanza_set(top, s, value) == -1)
			return false;
		s = value;
	}
	return true;
}

static bool
text_flush(struct stanza_builder *b)
{
	int rc;

	if (b->text.failed)
		return false;
	if (b->text.len == 0)
		return true;
	rc = stanza_add_text(b->open[b->depth - 1], b->text.data);
	buf_reset(&b->text);
	return rc == 0;
}

static bool
element_begin(struct stanza_builder *b, const struct reader_name *name,
    const struct reader_attr *attrs, size_t attr_count)
{
	xmpp_stanza_t *s;

	if (!text_flush(b))
		return false;
	s = stanza_add(b->open[b->depth - 1], name->local, name->ns);
	if (s == NULL)
		return false;
	b->open[b->depth++] = s;
	for (size_t i = 0; i < attr_count; i++) {
		const char *key = attr_name(&attrs[i]);

		if (key != NULL && stanza_set(s, key, attrs[i].value) == -1)
			return false;
	}
	return true;
}

void
stanza_start(struct stanza_builder *b, unsigned depth,
    const struct reader_name *name, const struct reader_attr *attrs,
    size_t attr_count)
{
	if (depth == 1) {
		tree_clear(b);
		b->is_dropped = false;
		b->fault = NULL;
		b->elements = 1;
		head_note(b, name, attrs, attr_count);
		return;
	}
	if (b->is_dropped)
		return;
	if (++b->elements > STANZA_ELEMENTS_MAX)
		builder_fail(b, "a stanza with more than 512 elements");
	else if ((b->depth == 0 && !tree_begin(b)) ||
	    !element_begin(b, name, attrs, attr_count))
		builder_fail(b, "no memory for a stanza");
}

void
stanza_text(struct stanza_builder *b, unsigned depth, const char *text,
    size_t len)
{
	(void)depth;
	if (!b->is_dropped)
		buf_add(&b->text, text, len);
}

void
stanza_end(struct stanza_builder *b, unsigned depth)
{
	if (b->is_dropped)
		return;
	if ((b->depth == 0 && !tree_begin(b)) || !text_flush(b)) {
		builder_fail(b, "no memory for a stanza");
		return;
	}
	b->depth = depth - 1;
	if (depth == 1)
		b->done = b->open[0];
}

int
stanza_take(struct stanza_builder *b, xmpp_stanza_t **out, struct err *e)
{
	if (b->fault != NULL)
		return err_set(e, "%s", b->fault);
	if (b->done == NULL)
		return 0;
	*out = b->done;
	b->done = NULL;
	b->is_dropped = true;
	return 1;
}

int
stanza_write(struct buf *out, xmpp_stanza_t *s, struct err *e)
{
	char *text;
	size_t len;

	if (xmpp_stanza_to_text(s, &text, &len) != XMPP_EOK)
		return err_set(e, "no memory for a stanza's text");
	buf_add(out, text, len);
	xmpp_free(xmpp_stanza_get_context(s), text);
	return 0;
}

bool
stanza_is(xmpp_stanza_t *s, const char *name, const char *ns)
{
	const char *own_name = xmpp_stanza_get_name(s);
	const char *own_ns = xmpp_stanza_get_ns(s);

	return own_name != NULL && own_ns != NULL &&
	    strcmp(own_name, name) == 0 && strcmp(own_ns, ns) == 0;
}

xmpp_stanza_t *
stanza_payload(xmpp_stanza_t *iq)
{
	xmpp_stanza_t *found = NULL;
	xmpp_stanza_t *s = xmpp_stanza_get_children(iq);

	for (; s != NULL; s = xmpp_stanza_get_next(s)) {
		if (!xmpp_stanza_is_tag(s))
			continue;
		if (found != NULL)
			return NULL;
		found = s;
	}
	return found;
}

const char *
stanza_get(xmpp_stanza_t *s, const char *attr)
{
	const char *value = xmpp_stanza_get_attribute(s, attr);

	return value != NULL ? value : "";
}

/* Bytes of the XML 1.0 character at `s`; 0 if it is none.  A parser of one's
 * own, that gets one of those from us, would end the stream. */
static size_t
xml_char_len(const char *s)
{
	unsigned char c = (unsigned char)s[0];
	size_t len = utf8_len(s);

	if (c < 0x20 && c != '\t' && c != '\n' && c != '\r')
		return 0;
	if (len == 3 && memcmp(s, "\xef\xbf", 2) == 0 &&
	    (unsigned char)s[2] >= 0xbe) /* U+FFFE, U+FFFF */
		return 0;
	return len;
}

/* A copy (free) with "?" for each byte that belongs to no such character;
 * NULL without memory. */
static char *
clean_dup(const char *text)
{
	char *copy = strdup(text), *s = copy;

	while (s != NULL && *s != '\0') {
		size_t len = xml_char_len(s);

		if (len == 0)
			*s = '?';
		s += len == 0 ? 1 : len;
	}
	return copy;
}

static bool
is_clean(const char *s)
{
	for (size_t len; *s != '\0'; s += len) {
		len = xml_char_len(s);
		if (len == 0)
			return false;
	}
	return true;
}

int
stanza_set(xmpp_stanza_t *s, const char *attr, const char *value)
{
	char *clean = NULL;
	int rc;

	if (s == NULL)
		return -1;
	if (!is_clean(value)) {
		clean = clean_dup(value);
		if (clean == NULL)
			return -1;
		value = clean;
	}
	rc = xmpp_stanza_set_attribute(s, attr, value) == XMPP_EOK ? 0 : -1;
	free(clean);
	return rc;
}

/* Gives the child to its parent, or frees it. */
static int
adopt(xmpp_stanza_t *parent, xmpp_stanza_t *child)
{
	if (xmpp_stanza_add_child_ex(parent, child, 0) == XMPP_EOK)
		return 0;
	xmpp_stanza_release(child);
	return -1;
}

xmpp_stanza_t *
stanza_add(xmpp_stanza_t *parent, const char *name, const char *ns)
{
	xmpp_stanza_t *s;

	if (parent == NULL)
		return NULL;
	if (ns == NULL)
		ns = xmpp_stanza_get_ns(parent);
	s = element_new(xmpp_stanza_get_context(parent), name, ns);
	if (s == NULL || adopt(parent, s) == -1)
		return NULL;
	return s;
}

int
stanza_add_text(xmpp_stanza_t *parent, const char *text)
{
	xmpp_stanza_t *s;
	char *clean;
	int rc;

	if (parent == NULL)
		return -1;
	s = xmpp_stanza_new(xmpp_stanza_get_context(parent));
	if (s == NULL)
		return -1;
	clean = is_clean(text) ? NULL : clean_dup(text);
	rc = xmpp_stanza_set_text(s, clean == NULL ? text : clean);
	free(clean);
	if (rc != XMPP_EOK) {
		xmpp_stanza_release(s);
		return -1;
	}
	return adopt(parent, s);
}

/* Sets what is there; an absent attribute stays absent. */
static int
copy_attr(xmpp_stanza_t *to, const char *key, xmpp_stanza_t *from,
    const char *from_key)
{
	const char *value = xmpp_stanza_get_attribute(from, from_key);

	return value == NULL ? 0 : stanza_set(to, key, value);
}

xmpp_stanza_t *
stanza_reply(xmpp_stanza_t *s, const char *type)
{
	xmpp_stanza_t *r = element_new(xmpp_stanza_get_context(s),
	    xmpp_stanza_get_name(s), NULL);

	if (r == NULL)
		return NULL;
	if (stanza_set(r, "type", type) == 0 &&
	    copy_attr(r, "id", s, "id") == 0 &&
	    copy_attr(r, "to", s, "from") == 0 &&
	    copy_attr(r, "from", s, "to") == 0)
		return r;
	xmpp_stanza_release(r);
	return NULL;
}

xmpp_stanza_t *
stanza_reply_error(xmpp_stanza_t *s, const char *type, const char *condition)
{
	xmpp_stanza_t *r = stanza_reply(s, "error");
	xmpp_stanza_t *error = stanza_add(r, "error", NULL);

	if (stanza_set(error, "type", type) == 0 &&
	    stanza_add(error, condition, NS_STANZAS) != NULL)
		return r;
	if (r != NULL)
		xmpp_stanza_release(r);
	return NULL;
}

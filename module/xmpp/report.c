/* Reads reports of posts; see report.h. */
#include "xmpp/report.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "xmpp/ns.h"
#include "xmpp/stanza.h"

/* XEP-0377 #reasons; whatever else somebody thinks of is "other". */
static const char *
reason_word(const char *uri)
{
	if (strcmp(uri, NS_REPORTING_SPAM) == 0)
		return "spam";
	if (strcmp(uri, NS_REPORTING_ABUSE) == 0)
		return "abuse";
	return "other";
}

static int
add_post(struct report *r, xmpp_stanza_t *id)
{
	const char *by = stanza_get(id, "by"), *post = stanza_get(id, "id");

	if (by[0] == '\0' || post[0] == '\0' ||
	    r->post_count == REPORT_POSTS_MAX)
		return -1;
	r->posts[r->post_count].by = by;
	r->posts[r->post_count].id = post;
	r->post_count++;
	return 0;
}

/* Several languages may say the same: the first counts. */
static int
take_text(struct report *r, xmpp_stanza_t *text)
{
	char *words;

	if (r->text != NULL)
		return 0;
	words = xmpp_stanza_get_text(text);
	r->text = strdup(words == NULL ? "" : words);
	if (words != NULL)
		xmpp_free(xmpp_stanza_get_context(text), words);
	return r->text == NULL || strlen(r->text) > REPORT_TEXT_MAX ? -1 : 0;
}

static int
read_report(xmpp_stanza_t *report, struct report *r)
{
	xmpp_stanza_t *c;

	r->reason = reason_word(stanza_get(report, "reason"));
	for (c = xmpp_stanza_get_children(report); c != NULL;
	     c = xmpp_stanza_get_next(c)) {
		if (stanza_is(c, "stanza-id", NS_SID) && add_post(r, c) == -1)
			return -1;
		if (stanza_is(c, "text", NS_REPORTING) && take_text(r, c) == -1)
			return -1;
	}
	if (r->text == NULL)
		r->text = strdup("");
	return r->text == NULL || r->post_count == 0 || r->jid[0] == '\0' ? -1
									  : 1;
}

/* The report in <block/>; NULL unless it is the one item there. */
static xmpp_stanza_t *
blocked_report(xmpp_stanza_t *block, struct report *r)
{
	xmpp_stanza_t *item = stanza_payload(block), *c;

	if (item == NULL || !stanza_is(item, "item", NS_BLOCKING))
		return NULL;
	r->jid = stanza_get(item, "jid");
	for (c = xmpp_stanza_get_children(item); c != NULL;
	     c = xmpp_stanza_get_next(c))
		if (stanza_is(c, "report", NS_REPORTING))
			return c;
	return NULL;
}

int
report_read(xmpp_stanza_t *iq, struct report *r)
{
	xmpp_stanza_t *payload = stanza_payload(iq), *report;
	int rc;

	*r = (struct report){ .jid = "" };
	if (payload == NULL || strcmp(stanza_get(iq, "type"), "set") != 0)
		return 0;
	if (stanza_is(payload, "report", NS_REPORTING)) {
		r->jid = stanza_get(payload, "jid");
		report = payload;
	} else if (stanza_is(payload, "block", NS_BLOCKING)) {
		report = blocked_report(payload, r);
	} else {
		return 0;
	}
	rc = report == NULL ? -1 : read_report(report, r);
	if (rc == -1)
		report_clear(r);
	return rc;
}

void
report_clear(struct report *r)
{
	free(r->text);
	r->text = NULL;
}

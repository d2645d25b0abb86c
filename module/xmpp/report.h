/*
 * Reports of posts (XEP-0377): what a client sends to have somebody look at
 * a post, here with the component as the service that it is sent to:
 *
 *	<iq type='set' to='masthead.example.org' id='r1'>
 *	  <block xmlns='urn:xmpp:blocking'>
 *	    <item jid='daily@example.org'>
 *	      <report xmlns='urn:xmpp:reporting:1'
 *	              reason='urn:xmpp:reporting:abuse'>
 *	        <stanza-id xmlns='urn:xmpp:sid:0'
 *	                   by='newsroom@rooms.example.org' id='28482-9812'/>
 *	        <text xml:lang='en'>Somebody else's picture.</text>
 *	      </report></item></block></iq>
 *
 * Nothing is blocked by it.  The bare <report/> is taken as well, with the
 * publisher's address as its `jid`.  Pure functions on stanzas.
 */
#ifndef XMPP_REPORT_H
#define XMPP_REPORT_H

#include <stddef.h>
#include <strophe.h>

#define REPORT_POSTS_MAX 8 /* of one report */
#define REPORT_TEXT_MAX 4096

struct report {
	const char *jid;    /* the publisher's, as it was given */
	const char *reason; /* "spam", "abuse", "other"; static */
	char *text;	    /* of the person; "" for none; the caller's */
	struct {
		const char *by, *id; /* borrowed from the stanza */
	} posts[REPORT_POSTS_MAX];
	size_t post_count; /* at least one */
};

/*
 * Whether an IQ (type set) is a report.  1 with `r` (report_clear), 0 if it
 * is something else, -1 if it is one that cannot be read.
 */
int report_read(xmpp_stanza_t *iq, struct report *r);
void report_clear(struct report *r);

#endif

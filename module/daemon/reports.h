/*
 * Readers' reports of posts: one way for the command `report` and for
 * stanzas by XEP-0377.  Who reports is sealed, and known to the register by a
 * keyed hash alone; the publisher does not learn it, nor do staff.
 */
#ifndef DAEMON_REPORTS_H
#define DAEMON_REPORTS_H

#include "core/buf.h"
#include "core/err.h"
#include "daemon/cases.h"
#include "xmpp/stanza.h"

/* One report; all strings borrowed until `done`. */
struct report_filing {
	const char *by;	  /* bare, prepared: who reports */
	const char *lang; /* theirs, or "" */
	const char *jid;  /* bare, prepared: whose post */
	const char *place, *post;
	const char *reason; /* "spam", "abuse", "other" */
	const char *text;   /* in their own words; "" */
};
/* `done` is called exactly once, perhaps before this returns. */
void reports_file(struct cases *c, const struct report_filing *f,
    cases_done done, void *arg);

struct reports_io {
	struct cases *cases; /* borrowed, all of these */
	/* Where answers go, NULL while the stream is down; "send soon". */
	struct buf *(*out)(void *arg);
	void (*flush)(void *arg);
	void *arg;
};
/*
 * An IQ (borrowed).  1 if it is a report: it has been or will be answered.
 * 0 if not.  -1 if there was no memory for it.  `io` must live on.
 */
int reports_take(const struct reports_io *io, xmpp_stanza_t *iq, struct err *e);

#endif

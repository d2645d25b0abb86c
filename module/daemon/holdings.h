/*
 * All that is held about one account, as JSON: for `mastheadctl export` and
 * for the account itself.  What readers said about its posts is theirs and
 * not in it.
 *
 *	{jid, publisher (as `publisher show`; null), decisions: [...],
 *	 profile (null), applications: [...], accepted: [...], identity: [...],
 *	 proofs: [...], appeals: [...], history: [...], notices: [...],
 *	 evidence: [{id, kind, object, at, erased, content}]}
 *
 * Dates are texts (ISO 8601) or null; `content` is what was sealed, null if
 * it was erased.
 */
#ifndef DAEMON_HOLDINGS_H
#define DAEMON_HOLDINGS_H

#include <jansson.h>

#include "daemon/cases.h"

#define HOLDINGS_ROWS_MAX 10000 /* of the history */

/* `holdings` is the callee's, and NULL unless `end` is CASES_DONE. */
typedef void (*holdings_done)(void *arg, enum cases_end end, json_t *holdings,
    const struct err *e);

/*
 * Each piece of evidence is put on record as read by `by` before it is
 * opened, unless `role` is CASE_SELF: an account that reads its own.  `done`
 * is called exactly once, perhaps before this returns.
 */
void holdings_collect(struct cases *c, const char *jid, const char *by,
    enum case_role role, holdings_done done, void *arg);

#endif

/*
 * All that staff may see of a case, an appeal or a report, as JSON, for both
 * front ends.  Sealed parts are opened on the way, each reading on record
 * first (cases_read).
 *
 * Dates are texts (ISO 8601) or null.  What was sealed is an object with the
 * members that were sealed, for a text "text"; null if it was erased.
 *
 * A case:
 *	{case, jid, kind, state, version, since, submitted, lang, name,
 *	 organisation, domain, website, decided_by,
 *	 categories: [{id, title, state, needed, votes: [{by, at, until,
 *	     reason}]}],
 *	 needed, votes (of a change, which is decided as a whole),
 *	 evidence, question, proof: {method, outcome, proved, checked, dnssec,
 *	     detail} or null,
 *	 identity: [{method, by, at, until, holds, evidence}],
 *	 accepted: [{category, version, lang, at, sha256}],
 *	 publisher: as `publisher show`, or null,
 *	 notes: [{by, at, evidence}], history: [{at, action, by, role, category,
 *	     reason, method, until, case}],
 *	 others: [{case, kind, state, since}]}
 * An appeal:
 *	{appeal, jid, state, version, at, action, decision, first_by, reason,
 *	 case, closed, closed_by, evidence, publisher, history}
 * A report:
 *	{report, jid, place, post, is_open, count, first, last, closed,
 *	 closed_by, result, is_founded, reporters: [{reason, at, evidence}],
 *	 publisher}
 */
#ifndef DAEMON_DOSSIER_H
#define DAEMON_DOSSIER_H

#include <jansson.h>
#include <stdbool.h>

#include "daemon/cases.h"

#define DOSSIER_EVENTS_MAX 200 /* the newest */
#define DOSSIER_OTHERS_MAX 20
#define DOSSIER_READERS_MAX 50 /* reporters whose words are shown */

/* `dossier` is borrowed, and NULL unless `end` is CASES_DONE.  CASES_REFUSED:
 * there is none of that name. */
typedef void (*dossier_done)(void *arg, enum cases_end end, json_t *dossier,
    const struct err *e);

/* `name`: the id of an application, or an account: its current application,
 * or its last.  `done` is called exactly once, perhaps before this returns. */
void dossier_case(struct cases *c, const char *name, const char *by,
    enum case_role role, dossier_done done, void *arg);
void dossier_appeal(struct cases *c, const char *id, const char *by,
    enum case_role role, dossier_done done, void *arg);
void dossier_report(struct cases *c, const char *id, const char *by,
    enum case_role role, dossier_done done, void *arg);

/* A row of a list, which nothing has to be opened for; the caller's. */
json_t *dossier_case_row(const struct application *a);
json_t *dossier_appeal_row(const struct appeal_row *a);
json_t *dossier_report_row(const struct report_row *r);

#endif

/* evidence rotate, erase, export: what accounts told in confidence. */
#include <stdlib.h>

#include "daemon/cases.h"
#include "daemon/clock.h"
#include "daemon/commands.h"
#include "daemon/evidence.h"
#include "daemon/holdings.h"

static void
rotated(void *arg, int rc, int64_t count, const struct err *e)
{
	struct control_request *q = arg;
	struct daemon *d = commands_daemon(q);
	char key[2 * EVIDENCE_KEY_LEN + 1];

	if (rc == -1) {
		control_fail(q, CTL_UNAVAILABLE, "%s", e->text);
		return;
	}
	evidence_key_name(d->evidence, key);
	control_reply(q, CTL_OK,
	    json_pack("{s:s, s:I}", "key", key, "sealed", (json_int_t)count));
}

void
command_evidence_rotate(struct control_request *q)
{
	struct daemon *d = commands_daemon(q);
	struct err e = { "" };

	if (evidence_rotate(d->evidence, d->writer, rotated, q, &e) == -1)
		control_fail(q, CTL_REFUSED, "%s", e.text);
}

static void
erased(void *arg, const struct cases_outcome *o)
{
	struct control_request *q = arg;

	if (o->end == CASES_DONE)
		control_reply(q, CTL_OK,
		    json_pack("{s:s, s:I}", "jid", o->result.jid, "erased",
			(json_int_t)o->result.erased));
	else
		control_fail(q,
		    o->end == CASES_REFUSED ? CTL_REFUSED : CTL_UNAVAILABLE,
		    "%s", o->e.text);
}

void
command_evidence_erase(struct control_request *q)
{
	struct daemon *d = commands_daemon(q);
	char jid[PUBLISHER_JID_MAX + 1], mark[CASE_MARK_LEN + 1];
	const struct case_report own = { .mark = mark };
	struct err e = { "" };
	const struct case_step step = { .action = CASE_ERASE,
		.report = &own,
		.jid = jid,
		.by = control_by(q),
		.role = CASE_OPERATOR,
		.now_s = clock_wall_s() };

	if (commands_jid(q, 0, jid) == -1)
		return;
	if (evidence_mark(d->evidence, jid, mark, &e) == -1)
		control_fail(q, CTL_UNAVAILABLE, "%s", e.text);
	else
		cases_step(d->cases, &step, erased, q);
}

static void
exported(void *arg, enum cases_end end, json_t *holdings, const struct err *e)
{
	struct control_request *q = arg;

	if (end == CASES_DONE)
		control_reply(q, CTL_OK, holdings);
	else
		control_fail(q,
		    end == CASES_REFUSED ? CTL_REFUSED : CTL_UNAVAILABLE, "%s",
		    e->text);
}

void
command_evidence_export(struct control_request *q)
{
	char jid[PUBLISHER_JID_MAX + 1];

	if (commands_jid(q, 0, jid) == 0)
		holdings_collect(commands_daemon(q)->cases, jid, control_by(q),
		    CASE_OPERATOR, exported, q);
}

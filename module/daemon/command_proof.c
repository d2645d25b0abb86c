/* proof list, proof check: the domains that accounts have proved. */
#include <stdlib.h>
#include <string.h>

#include "daemon/commands.h"
#include "daemon/log.h"
#include "daemon/proofs.h"

static json_t *
proof_row(const struct proof_row *r)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}", "jid",
	    r->jid, "domain", r->domain, "method", proof_method_name(r->method),
	    "outcome", proof_outcome_name(r->outcome), "dnssec", r->dnssec,
	    "checked", commands_date(r->checked_s), "proved",
	    commands_date(r->proved_s), "lost", commands_date(r->lost_s),
	    "next", commands_date(r->next_s));
}

static int
add_proof(void *arg, const struct proof_row *r)
{
	(void)json_array_append_new(arg, proof_row(r));
	return 0;
}

/* Those that are looked at again by themselves, the next one first. */
void
command_proof_list(struct control_request *q)
{
	const struct daemon *d = commands_daemon(q);
	json_t *list = json_array();
	struct err e = { "" };

	if (store_proof_due(d->reader, INT64_MAX, CTL_LIST_MAX, add_proof, list,
		&e) == -1) {
		json_decref(list);
		control_fail(q, CTL_UNAVAILABLE, "%s", e.text);
		return;
	}
	control_reply(q, CTL_OK, json_pack("{s:o}", "proofs", list));
}

static void
on_checked(void *arg, const struct proofs_outcome *o)
{
	struct control_request *q = arg;
	const struct prover_answer *a = &o->answer;
	struct daemon *d = commands_daemon(q);
	char text[PROOFS_TEXT_MAX];

	if (o->end != PROOFS_DONE) {
		control_fail(q,
		    o->end == PROOFS_REFUSED ? CTL_REFUSED : CTL_UNAVAILABLE,
		    "%s", o->e.text);
		return;
	}
	proofs_explain(d->catalogue, NULL, o->domain, a, text);
	control_reply(q, a->outcome == PROVER_FOUND ? CTL_OK : CTL_RED,
	    json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:b, s:b}", "outcome",
		prover_outcome_name(a->outcome), "why", prover_why_name(a->why),
		"dnssec", dnssec_name(a->dnssec), "asked", a->asked, "got",
		a->got, "text", text, "suspended", o->step.is_suspended,
		"restored", o->step.is_restored));
}

/* As the schedule would, now. */
void
command_proof_check(struct control_request *q)
{
	struct daemon *d = commands_daemon(q);
	struct proof_row *row;
	char jid[PUBLISHER_JID_MAX + 1];
	bool is_begun = false;
	struct err e = { "" };
	int rc;

	if (commands_jid(q, 0, jid) == -1)
		return;
	row = malloc(sizeof *row);
	if (row == NULL) {
		control_fail(q, CTL_UNAVAILABLE, "no memory");
		return;
	}
	rc = proofs_find(d->proofs, jid, row, &is_begun, &e);
	if (rc == -1)
		control_fail(q, CTL_UNAVAILABLE, "%s", e.text);
	else if (rc == 0)
		control_fail(q, CTL_REFUSED, "%s has no domain to prove", jid);
	else if (!is_begun)
		control_fail(q, CTL_REFUSED, "%s has not begun to prove %s",
		    jid, row->domain);
	else
		proofs_check(d->proofs, row, CASE_SYSTEM, CASE_BY_SYSTEM, NULL,
		    on_checked, q);
	free(row);
}

/* Which steps are legal; see caseflow.h. */
#include "store/caseflow.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/lifecycle.h"

#define STATE_COUNT (APPLICATION_WITHDRAWN + 1)
#define PUBLISHER_COUNT (PUBLISHER_WITHDRAWN + 1)
#define COUNT(a) (sizeof(a) / sizeof(a)[0])

/*
 * Words.
 */

static const char *const kind_names[] = {
	[0] = "",
	[APPLICATION_NEW] = "new",
	[APPLICATION_RENEWAL] = "renewal",
	[APPLICATION_CHANGE] = "change",
};
static const char *const state_names[] = {
	[APPLICATION_NONE] = "",
	[APPLICATION_DRAFT] = "draft",
	[APPLICATION_OPEN] = "open",
	[APPLICATION_ASKED] = "asked",
	[APPLICATION_APPROVED] = "approved",
	[APPLICATION_REFUSED] = "refused",
	[APPLICATION_WITHDRAWN] = "withdrawn",
};
static const char *const role_names[] = {
	[0] = "",
	[CASE_SELF] = "self",
	[CASE_REVIEWER] = "reviewer",
	[CASE_APPROVER] = "approver",
	[CASE_OPERATOR] = "operator",
	[CASE_SYSTEM] = "system",
};
static const char *const method_names[] = {
	[CASE_METHOD_NONE] = "",
	[CASE_METHOD_REGISTER] = "register",
	[CASE_METHOD_DOCUMENT] = "document",
	[CASE_METHOD_CALL_BACK] = "call-back",
	[CASE_METHOD_DOMAIN] = "domain",
	[CASE_METHOD_OPERATOR] = "operator",
};
static const char *const action_names[CASE_ACTION_COUNT] = {
	[0] = "",
	[CASE_DRAFT] = "draft",
	[CASE_SUBMIT] = "submit",
	[CASE_WITHDRAW] = "withdraw",
	[CASE_ASK] = "ask",
	[CASE_ANSWER] = "answer",
	[CASE_LOOK] = "look",
	[CASE_IDENTITY] = "identity",
	[CASE_APPROVE] = "approve",
	[CASE_REFUSE] = "refuse",
	[CASE_SUSPEND] = "suspend",
	[CASE_RESTORE] = "restore",
	[CASE_REVOKE] = "revoke",
	[CASE_LEAVE] = "leave",
	[CASE_AGREE] = "agree",
	[CASE_APPEAL] = "appeal",
	[CASE_APPEAL_UPHOLD] = "uphold",
	[CASE_APPEAL_DISMISS] = "dismiss",
	[CASE_PROOF_BEGIN] = "proof-begin",
	[CASE_PROOF] = "proof",
	[CASE_ERASE] = "erase",
	[CASE_READ] = "read",
	[CASE_REPORT] = "report",
	[CASE_REPORT_CLOSE] = "report-close",
	[CASE_NOTE] = "note",
	[CASE_EXPIRE] = "expire",
};
static const char *const evidence_names[] = {
	[0] = "",
	[EVIDENCE_APPLICATION] = "application",
	[EVIDENCE_QUESTION] = "question",
	[EVIDENCE_IDENTITY] = "identity",
	[EVIDENCE_APPEAL] = "appeal",
	[EVIDENCE_REPORTER] = "reporter",
	[EVIDENCE_NOTE] = "note",
};
static const char *const appeal_names[] = {
	[APPEAL_NONE] = "",
	[APPEAL_OPEN] = "open",
	[APPEAL_UPHELD] = "upheld",
	[APPEAL_DISMISSED] = "dismissed",
};
static const char *const outcome_names[] = {
	[PROOF_UNCHECKED] = "unchecked",
	[PROOF_OK] = "ok",
	[PROOF_FAILED] = "failed",
	[PROOF_UNCLEAR] = "unclear",
};
static const char *const proof_names[] = {
	[PROOF_NO_METHOD] = "",
	[PROOF_DNS] = "dns",
	[PROOF_HTTPS] = "https",
};

static const char *
name_of(const char *const *names, size_t count, unsigned i)
{
	return i < count ? names[i] : "";
}

static unsigned
find_name(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (name != NULL && strcmp(names[i], name) == 0)
			return (unsigned)i;
	return 0;
}

#define NAME(names, i) name_of(names, COUNT(names), (unsigned)(i))
#define FIND(names, name) find_name(names, COUNT(names), name)

const char *
application_kind_name(enum application_kind k)
{
	return NAME(kind_names, k);
}

enum application_kind
application_kind_find(const char *name)
{
	return (enum application_kind)FIND(kind_names, name);
}

const char *
application_state_name(enum application_state s)
{
	return NAME(state_names, s);
}

enum application_state
application_state_find(const char *name)
{
	return (enum application_state)FIND(state_names, name);
}

const char *
case_role_name(enum case_role r)
{
	return NAME(role_names, r);
}

const char *
case_method_name(enum case_method m)
{
	return NAME(method_names, m);
}

enum case_method
case_method_find(const char *name)
{
	return (enum case_method)FIND(method_names, name);
}

const char *
case_action_name(enum case_action a)
{
	return NAME(action_names, a);
}

enum case_action
case_action_find(const char *name)
{
	return (enum case_action)FIND(action_names, name);
}

const char *
evidence_kind_name(enum evidence_kind k)
{
	return NAME(evidence_names, k);
}

enum evidence_kind
evidence_kind_find(const char *name)
{
	return (enum evidence_kind)FIND(evidence_names, name);
}

const char *
appeal_state_name(enum appeal_state s)
{
	return NAME(appeal_names, s);
}

enum appeal_state
appeal_state_find(const char *name)
{
	return (enum appeal_state)FIND(appeal_names, name);
}

const char *
proof_outcome_name(enum proof_outcome o)
{
	return NAME(outcome_names, o);
}

enum proof_outcome
proof_outcome_find(const char *name)
{
	return (enum proof_outcome)FIND(outcome_names, name);
}

const char *
proof_method_name(enum proof_method m)
{
	return NAME(proof_names, m);
}

enum proof_method
proof_method_find(const char *name)
{
	return (enum proof_method)FIND(proof_names, name);
}

/*
 * States.
 */

/* What each step makes of each state of an application; what is not here is
 * not legal, or has nothing to do with one. */
static const enum application_state next[CASE_ACTION_COUNT][STATE_COUNT] = {
	[CASE_DRAFT] = {
		[APPLICATION_NONE] = APPLICATION_DRAFT,
		[APPLICATION_DRAFT] = APPLICATION_DRAFT,
	},
	[CASE_SUBMIT] = { [APPLICATION_DRAFT] = APPLICATION_OPEN },
	[CASE_WITHDRAW] = {
		[APPLICATION_DRAFT] = APPLICATION_WITHDRAWN,
		[APPLICATION_OPEN] = APPLICATION_WITHDRAWN,
		[APPLICATION_ASKED] = APPLICATION_WITHDRAWN,
	},
	[CASE_ASK] = { [APPLICATION_OPEN] = APPLICATION_ASKED },
	[CASE_ANSWER] = { [APPLICATION_ASKED] = APPLICATION_OPEN },
	[CASE_LOOK] = {
		[APPLICATION_OPEN] = APPLICATION_OPEN,
		[APPLICATION_ASKED] = APPLICATION_ASKED,
	},
	[CASE_IDENTITY] = {
		[APPLICATION_OPEN] = APPLICATION_OPEN,
		[APPLICATION_ASKED] = APPLICATION_ASKED,
	},
	[CASE_APPROVE] = { [APPLICATION_OPEN] = APPLICATION_APPROVED },
	/* Also when the applicant never answers. */
	[CASE_REFUSE] = {
		[APPLICATION_OPEN] = APPLICATION_REFUSED,
		[APPLICATION_ASKED] = APPLICATION_REFUSED,
	},
	[CASE_APPEAL_UPHOLD] = { [APPLICATION_REFUSED] = APPLICATION_OPEN },
};

static const enum publisher_state
    publisher_next[CASE_ACTION_COUNT][PUBLISHER_COUNT] = {
	[CASE_SUBMIT] = {
		[PUBLISHER_NONE] = PUBLISHER_APPLIED,
		[PUBLISHER_REJECTED] = PUBLISHER_APPLIED,
		[PUBLISHER_REVOKED] = PUBLISHER_APPLIED,
		[PUBLISHER_EXPIRED] = PUBLISHER_APPLIED,
		[PUBLISHER_WITHDRAWN] = PUBLISHER_APPLIED,
	},
	[CASE_LOOK] = { [PUBLISHER_APPLIED] = PUBLISHER_IN_REVIEW },
	[CASE_APPROVE] = {
		[PUBLISHER_APPLIED] = PUBLISHER_APPROVED,
		[PUBLISHER_IN_REVIEW] = PUBLISHER_APPROVED,
		[PUBLISHER_APPROVED] = PUBLISHER_APPROVED,
		[PUBLISHER_EXPIRED] = PUBLISHER_APPROVED,
	},
	[CASE_REFUSE] = {
		[PUBLISHER_APPLIED] = PUBLISHER_REJECTED,
		[PUBLISHER_IN_REVIEW] = PUBLISHER_REJECTED,
	},
	[CASE_WITHDRAW] = {
		[PUBLISHER_APPLIED] = PUBLISHER_WITHDRAWN,
		[PUBLISHER_IN_REVIEW] = PUBLISHER_WITHDRAWN,
	},
	[CASE_SUSPEND] = { [PUBLISHER_APPROVED] = PUBLISHER_SUSPENDED },
	[CASE_RESTORE] = { [PUBLISHER_SUSPENDED] = PUBLISHER_APPROVED },
	[CASE_REVOKE] = {
		[PUBLISHER_APPROVED] = PUBLISHER_REVOKED,
		[PUBLISHER_SUSPENDED] = PUBLISHER_REVOKED,
	},
	[CASE_LEAVE] = {
		[PUBLISHER_APPROVED] = PUBLISHER_WITHDRAWN,
		[PUBLISHER_SUSPENDED] = PUBLISHER_WITHDRAWN,
	},
	[CASE_APPEAL_UPHOLD] = {
		[PUBLISHER_REJECTED] = PUBLISHER_IN_REVIEW,
		[PUBLISHER_SUSPENDED] = PUBLISHER_APPROVED,
		[PUBLISHER_REVOKED] = PUBLISHER_APPROVED,
	},
};

enum application_state
caseflow_next(enum case_action action, enum application_state from)
{
	return next[action][from];
}

enum publisher_state
caseflow_publisher(enum case_action action, enum publisher_state from)
{
	return publisher_next[action][from];
}

bool
caseflow_may_apply(enum application_kind kind, enum publisher_state from)
{
	switch (kind) {
	case APPLICATION_NEW:
		return publisher_next[CASE_SUBMIT][from] != PUBLISHER_NONE;
	case APPLICATION_RENEWAL:
		return from == PUBLISHER_APPROVED || from == PUBLISHER_EXPIRED;
	case APPLICATION_CHANGE:
		return from == PUBLISHER_APPROVED;
	}
	return false;
}

unsigned
caseflow_votes(const struct case_rules *rules, bool has_proved_domain)
{
	unsigned n = rules->approvals > 1 ? rules->approvals : 1;

	return n < 2 && !has_proved_domain ? 2 : n;
}

/*
 * Who may.
 */

enum {
	SELF = 1u << CASE_SELF,
	REVIEWER = 1u << CASE_REVIEWER,
	APPROVER = 1u << CASE_APPROVER,
	OPERATOR = 1u << CASE_OPERATOR,
	SYSTEM = 1u << CASE_SYSTEM,
	DECIDERS = APPROVER | OPERATOR,
	STAFF = REVIEWER | DECIDERS,
};

/* What the step cannot do without. */
enum {
	NEEDS_ID = 1,
	NEEDS_JID = 2,
	NEEDS_REASON = 4,
	NEEDS_FIELDS = 8,
	NEEDS_UNTIL = 16,
	NEEDS_PROOF = 32,
	NEEDS_REPORT = 64,
	NEEDS_SEALED = 128,
	IS_DECISION = 256, /* somebody else than the account must do it */
};

static const struct {
	unsigned roles, needs;
} steps[CASE_ACTION_COUNT] = {
	[CASE_DRAFT] = { SELF, NEEDS_ID | NEEDS_JID | NEEDS_FIELDS },
	[CASE_SUBMIT] = { SELF, NEEDS_ID | NEEDS_JID },
	[CASE_WITHDRAW] = { SELF, NEEDS_ID | NEEDS_JID },
	[CASE_ASK] = { STAFF, NEEDS_ID | IS_DECISION },
	[CASE_ANSWER] = { SELF, NEEDS_ID | NEEDS_JID | NEEDS_FIELDS },
	[CASE_LOOK] = { STAFF, NEEDS_ID | IS_DECISION },
	[CASE_IDENTITY] = { STAFF, NEEDS_UNTIL | IS_DECISION },
	[CASE_APPROVE] = { DECIDERS, NEEDS_ID | NEEDS_REASON | IS_DECISION },
	[CASE_REFUSE] = { DECIDERS, NEEDS_ID | NEEDS_REASON | IS_DECISION },
	[CASE_SUSPEND] = { DECIDERS | SYSTEM,
	    NEEDS_JID | NEEDS_REASON | IS_DECISION },
	[CASE_RESTORE] = { DECIDERS | SYSTEM,
	    NEEDS_JID | NEEDS_REASON | IS_DECISION },
	[CASE_REVOKE] = { DECIDERS, NEEDS_JID | NEEDS_REASON | IS_DECISION },
	[CASE_LEAVE] = { SELF, NEEDS_JID },
	[CASE_AGREE] = { SELF, NEEDS_JID },
	[CASE_APPEAL] = { SELF, NEEDS_ID | NEEDS_JID | NEEDS_SEALED },
	[CASE_APPEAL_UPHOLD] = { DECIDERS,
	    NEEDS_ID | NEEDS_REASON | IS_DECISION },
	[CASE_APPEAL_DISMISS] = { DECIDERS,
	    NEEDS_ID | NEEDS_REASON | IS_DECISION },
	[CASE_PROOF_BEGIN] = { SELF, NEEDS_JID | NEEDS_PROOF },
	[CASE_PROOF] = { SELF | SYSTEM, NEEDS_JID | NEEDS_PROOF },
	[CASE_ERASE] = { SELF | OPERATOR | SYSTEM, NEEDS_JID },
	[CASE_READ] = { STAFF | SYSTEM, IS_DECISION },
	[CASE_REPORT] = { SELF,
	    NEEDS_ID | NEEDS_JID | NEEDS_REPORT | NEEDS_SEALED },
	[CASE_REPORT_CLOSE] = { STAFF, NEEDS_ID | NEEDS_REASON | IS_DECISION },
	[CASE_NOTE] = { STAFF, NEEDS_SEALED | IS_DECISION },
};

bool
caseflow_is_decision(enum case_action action)
{
	return (steps[action].needs & IS_DECISION) != 0;
}

int
caseflow_refuse(struct case_result *r, enum case_refusal why, struct err *e,
    const char *fmt, ...)
{
	char text[ERR_TEXT_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	r->refusal = why;
	r->is_refused = true;
	return err_set(e, "%s", text);
}

static bool
is_id(const char *id)
{
	return id != NULL && strlen(id) == CASE_ID_LEN &&
	    strspn(id,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789-_") == CASE_ID_LEN;
}

static int
malformed(struct case_result *r, struct err *e, const char *what)
{
	return caseflow_refuse(r, CASE_MALFORMED, e, "%s", what);
}

/* `text` may be NULL or empty only if it need not be there. */
static int
check_text(const char *text, size_t max, bool is_needed, const char *what,
    struct case_result *r, struct err *e)
{
	struct err why;

	if (!is_needed && (text == NULL || text[0] == '\0'))
		return 0;
	if (lifecycle_text_check(text, max, what, &why) < 0)
		return malformed(r, e, why.text);
	return 0;
}

static int
check_fields(const struct application *a, struct case_result *r, struct err *e)
{
	if (NAME(kind_names, a->kind)[0] == '\0')
		return malformed(r, e, "there is no such kind of application");
	if (check_text(a->name, PUBLISHER_NAME_MAX, true, "the public name", r,
		e) < 0 ||
	    check_text(a->organisation, PUBLISHER_NAME_MAX, false,
		"the organisation", r, e) < 0 ||
	    check_text(a->domain, CASE_DOMAIN_MAX, false, "the domain", r, e) <
		0 ||
	    check_text(a->website, CASE_WEBSITE_MAX, false, "the website", r,
		e) < 0)
		return -1;
	if (a->category_count > CASE_CATEGORIES_MAX)
		return malformed(r, e, "too many categories");
	if (a->category_count == 0 && a->kind != APPLICATION_CHANGE)
		return malformed(r, e, "no category is wanted");
	for (unsigned i = 0; i < a->category_count; i++)
		for (unsigned j = 0; j < i; j++)
			if (strcmp(a->categories[i].id, a->categories[j].id) ==
			    0)
				return malformed(r, e,
				    "a category is wanted twice");
	return 0;
}

static int
check_sealed(const struct case_step *step, struct case_result *r, struct err *e)
{
	if (step->sealed_count > CASE_SEALED_MAX)
		return malformed(r, e, "too much evidence");
	for (size_t i = 0; i < step->sealed_count; i++) {
		const struct case_sealed *v = &step->sealed[i];

		if (NAME(evidence_names, v->kind)[0] == '\0' || !is_id(v->id) ||
		    v->blob == NULL || v->len <= EVIDENCE_KEY_LEN ||
		    v->len > CASE_BLOB_MAX)
			return malformed(r, e, "evidence is not well-formed");
	}
	return 0;
}

static int
check_proof(const struct case_step *step, struct case_result *r, struct err *e)
{
	const struct case_proof *p = step->proof;

	if (p == NULL)
		return malformed(r, e, "there is no proof");
	if (check_text(p->domain, CASE_DOMAIN_MAX, true, "the domain", r, e) <
		0 ||
	    check_text(p->detail, CASE_DETAIL_MAX, false, "the detail", r, e) <
		0)
		return -1;
	if (step->action == CASE_PROOF_BEGIN)
		return check_text(p->token, CASE_TOKEN_MAX, true, "the token",
		    r, e);
	if (p->outcome == PROOF_UNCHECKED || p->outcome > PROOF_UNCLEAR)
		return malformed(r, e, "the check has no outcome");
	if (p->dnssec != NULL && strlen(p->dnssec) > 15)
		return malformed(r, e, "no such state of DNSSEC");
	return 0;
}

static int
check_report(const struct case_report *p, struct case_result *r, struct err *e)
{
	if (p == NULL)
		return malformed(r, e, "there is no report");
	if (p->mark == NULL || strlen(p->mark) != CASE_MARK_LEN)
		return malformed(r, e, "the reporter has no mark");
	return check_text(p->place, CASE_PLACE_MAX, true, "the place", r, e) <
		    0 ||
		check_text(p->post, CASE_POST_MAX, true, "the post", r, e) < 0
	    ? -1
	    : check_text(p->reason, CATEGORY_ID_MAX, true, "the kind of report",
		  r, e);
}

static int
check_needs(const struct case_step *step, unsigned needs, struct case_result *r,
    struct err *e)
{
	if ((needs & NEEDS_ID) != 0 && !is_id(step->id))
		return malformed(r, e, "there is no such id");
	if (step->id != NULL && !is_id(step->id))
		return malformed(r, e, "there is no such id");
	if ((step->id == NULL && step->action != CASE_READ) ||
	    (needs & NEEDS_JID) != 0)
		if (check_text(step->jid, PUBLISHER_JID_MAX, true,
			"the address", r, e) < 0 ||
		    (strchr(step->jid, '/') != NULL &&
			malformed(r, e, "the address is not a bare one") < 0))
			return -1;
	if ((needs & NEEDS_UNTIL) != 0 && step->until_s <= step->now_s)
		return malformed(r, e, "it would end before it begins");
	if ((needs & NEEDS_FIELDS) != 0) {
		if (step->fields == NULL)
			return malformed(r, e, "the application is empty");
		if (check_fields(step->fields, r, e) < 0)
			return -1;
	}
	if ((needs & NEEDS_PROOF) != 0 && check_proof(step, r, e) < 0)
		return -1;
	if ((needs & NEEDS_REPORT) != 0 && check_report(step->report, r, e) < 0)
		return -1;
	if ((needs & NEEDS_SEALED) != 0 && step->sealed_count == 0)
		return malformed(r, e, "the text is missing");
	return check_sealed(step, r, e);
}

static int
check_role(const struct case_step *step, struct case_result *r, struct err *e)
{
	if (step->role < CASE_SELF || step->role > CASE_SYSTEM ||
	    (steps[step->action].roles & 1u << step->role) == 0)
		return caseflow_refuse(r, CASE_FORBIDDEN, e,
		    "%s may not do that (%s)", step->by,
		    action_names[step->action]);
	/* Somebody who reports speaks about another one. */
	if (step->role == CASE_SELF && step->action != CASE_REPORT &&
	    strcmp(step->by, step->jid) != 0)
		return caseflow_refuse(r, CASE_FORBIDDEN, e,
		    "%s may not do that for %s", step->by, step->jid);
	return 0;
}

int
caseflow_check(const struct case_step *step, struct case_result *r,
    struct err *e)
{
	unsigned needs;

	if (step->action < CASE_DRAFT || step->action >= CASE_ACTION_COUNT)
		return malformed(r, e, "there is no such step");
	needs = steps[step->action].needs;
	if (check_text(step->by, CASE_BY_MAX, true, "who does it", r, e) < 0 ||
	    check_text(step->reason, PUBLISHER_REASON_MAX,
		(needs & NEEDS_REASON) != 0, "the reason", r, e) < 0 ||
	    check_text(step->lang, CASE_LANG_MAX, false, "the language", r, e) <
		0 ||
	    check_text(step->category, CATEGORY_ID_MAX, false, "the category",
		r, e) < 0 ||
	    check_needs(step, needs, r, e) < 0)
		return -1;
	if (step->action == CASE_IDENTITY &&
	    NAME(method_names, step->method)[0] == '\0')
		return malformed(r, e, "there is no such method");
	if (step->action == CASE_READ && !is_id(step->evidence))
		return malformed(r, e, "there is no such evidence");
	return check_role(step, r, e);
}

/* The words for verdicts and refusals; see verdict.h. */
#include "core/verdict.h"

/* Conditions are those of RFC 6120 #stanzas-error-conditions. */
static const struct refusal_info refusals[REFUSAL_COUNT] = {
	[REFUSAL_NOT_REGISTERED] = { "not-registered", "auth",
	    "registration-required", "refusal_not_registered" },
	[REFUSAL_APPLICATION_OPEN] = { "application-open", "auth",
	    "registration-required", "refusal_application_open" },
	[REFUSAL_WRONG_CATEGORY] = { "wrong-category", "auth", "forbidden",
	    "refusal_wrong_category" },
	[REFUSAL_SUSPENDED] = { "suspended", "auth", "forbidden",
	    "refusal_suspended" },
	[REFUSAL_REVOKED] = { "revoked", "auth", "forbidden",
	    "refusal_revoked" },
	[REFUSAL_EXPIRED] = { "expired", "auth", "forbidden",
	    "refusal_expired" },
	[REFUSAL_REJECTED] = { "rejected", "auth", "forbidden",
	    "refusal_rejected" },
	[REFUSAL_WITHDRAWN] = { "withdrawn", "auth", "forbidden",
	    "refusal_withdrawn" },
	[REFUSAL_AGREEMENT_OUTDATED] = { "agreement-outdated", "auth",
	    "forbidden", "refusal_agreement_outdated" },
	[REFUSAL_REPRINT] = { "reprint-not-allowed", "modify",
	    "policy-violation", "refusal_reprint" },
	[REFUSAL_ENCRYPTION] = { "encryption-not-allowed", "modify",
	    "policy-violation", "refusal_encryption" },
	[REFUSAL_NAME_CONFLICT] = { "name-conflict", "cancel", "conflict",
	    "refusal_name_conflict" },
};

const struct refusal_info *
refusal_info(enum refusal refusal)
{
	return &refusals[refusal];
}

const char *
verdict_action_name(enum verdict_action action)
{
	static const char *const names[] = {
		[VERDICT_UNAVAILABLE] = "unavailable",
		[VERDICT_PASS] = "pass",
		[VERDICT_REFUSE] = "refuse",
	};

	return names[action];
}

const char *
verdict_rule_name(enum verdict_rule rule)
{
	static const char *const names[RULE_COUNT] = {
		[RULE_NONE] = "none",
		[RULE_NOT_LABELLED] = "labelled",
		[RULE_EXEMPT] = "exempt",
		[RULE_ENCRYPTED] = "encrypted",
		[RULE_REPRINT] = "reprint",
		[RULE_PUBLISH] = "publish",
		[RULE_JOIN] = "join",
	};

	return names[rule];
}

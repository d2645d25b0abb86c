/*
 * The life of a publisher in the register: applications, what was accepted
 * and proved, votes, identity checks, appeals, reports, the history of all
 * of it, notices that are to be sent, and sealed evidence.
 *
 * Everything that happens is a step.  store_case_step checks the rules
 * (store/caseflow.h) against what the register holds, and writes all that
 * belongs to the step, its event in the history and its notices, in one
 * transaction: a step is done completely or not at all, and two people that
 * decide at once are told apart.
 *
 * What the register may not show (evidence) comes and goes as sealed blobs;
 * nothing here can open them.  Texts are UTF-8 and end with a NUL; JIDs are
 * bare and prepared; times are seconds since 1970.
 *
 * Look-ups return 1, 0 (there is none) or -1 (could not be looked up).  Lists
 * call `each` with a row that is valid during the call only, stop if it
 * returns non-zero, and return 0 or -1.
 */
#ifndef STORE_CASES_H
#define STORE_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/publisher.h"
#include "store/store.h"

#define CASE_ID_LEN 22		  /* base64url of 16 random bytes */
#define CASE_BY_SYSTEM "masthead" /* `by` of CASE_SYSTEM */
#define CASE_BY_MAX 3071	  /* bytes */
#define CASE_CATEGORIES_MAX PUBLISHER_APPROVALS_MAX
#define CASE_DOMAIN_MAX 253   /* bytes, A-labels */
#define CASE_WEBSITE_MAX 1023 /* bytes */
#define CASE_LANG_MAX 35      /* bytes, RFC 5646 */
#define CASE_TOKEN_MAX 63     /* bytes of a proof's token */
#define CASE_DETAIL_MAX 511   /* bytes: what a proof's check met */
#define CASE_PLACE_MAX 3071   /* bytes: where a post is */
#define CASE_POST_MAX 1023    /* bytes: its stanza-id or item id */
#define CASE_MARK_LEN 43      /* base64url of a keyed SHA-256 */
#define CASE_HASH_LEN 64      /* hex of a SHA-256 */
#define CASE_BLOB_MAX 24576   /* bytes, sealed */
#define CASE_SEALED_MAX 4     /* blobs of one step */
#define CASE_DAY_S 86400

struct store;

/*
 * What is called what.
 */

enum application_kind {
	APPLICATION_NEW = 1,
	APPLICATION_RENEWAL, /* of an approved publisher's categories */
	APPLICATION_CHANGE,  /* of its name, domain or organisation */
};

/* draft -> open -> (asked -> open)* -> approved | refused | withdrawn.
 * An appeal that is upheld leads from refused back to open. */
enum application_state {
	APPLICATION_NONE = 0,
	APPLICATION_DRAFT,
	APPLICATION_OPEN,
	APPLICATION_ASKED,
	APPLICATION_APPROVED,
	APPLICATION_REFUSED,
	APPLICATION_WITHDRAWN,
};

/* As which kind of person a step is made. */
enum case_role {
	CASE_SELF = 1, /* the account concerned, or who reports */
	CASE_REVIEWER,
	CASE_APPROVER,
	CASE_OPERATOR, /* mastheadctl: as an approver, a further person */
	CASE_SYSTEM,   /* the clock; proof re-checks */
};

enum case_method {
	CASE_METHOD_NONE = 0,
	CASE_METHOD_REGISTER, /* register extract */
	CASE_METHOD_DOCUMENT, /* document seen */
	CASE_METHOD_CALL_BACK,
	CASE_METHOD_DOMAIN,
	CASE_METHOD_OPERATOR, /* the operator's own word (publisher approve) */
};

/* For each: who may, what it needs of `struct case_step`, what it does. */
enum case_action {
	/*
	 * SELF.  `fields`, sealed EVIDENCE_APPLICATION.  Makes the account's
	 * draft (`id`: fresh), or replaces what its draft says (`id`: that
	 * draft's).  `fields->kind` is fixed when it is made: NEW wants an
	 * account that is not applied, in review, approved or suspended,
	 * RENEWAL and CHANGE want an approved one.
	 */
	CASE_DRAFT = 1,
	/* SELF.  draft -> open; `accepted` (NEW: every category wanted;
	 * RENEWAL: those that it renews; CHANGE: none).  NEW: the publisher is
	 * applied from now on, under its new name. */
	CASE_SUBMIT,
	/* SELF.  draft, open, asked -> withdrawn; NEW: the publisher, too. */
	CASE_WITHDRAW,
	/* Staff.  open -> asked; `reason` is what the applicant is asked, or
	 * is NULL if it is sealed as EVIDENCE_QUESTION. */
	CASE_ASK,
	/* SELF.  asked -> open, with `fields` and sealed EVIDENCE_APPLICATION
	 * as a DRAFT; further categories need `accepted`.  Votes so far are
	 * void. */
	CASE_ANSWER,
	/* Staff.  First look at a NEW one: the publisher is in review.  After
	 * that it changes nothing, and is not an error. */
	CASE_LOOK,
	/* Staff.  An identity-check record: `method`, `until_s`, sealed
	 * EVIDENCE_IDENTITY (may be missing).  `id` may be NULL: about the
	 * account `jid` without an application. */
	CASE_IDENTITY,
	/* Approver.  One vote for `category` until `until_s` (CHANGE: neither).
	 * Takes effect with the last vote needed; the application is approved
	 * when every category that it wants is decided. */
	CASE_APPROVE,
	/* Approver.  `category`: that one alone; NULL: the whole application.
	 * NEW: the publisher is rejected if nothing of it was approved. */
	CASE_REFUSE,
	/* Approver, SYSTEM.  About `jid`, as in lifecycle.h; `reason`. */
	CASE_SUSPEND,
	CASE_RESTORE,
	CASE_REVOKE,
	/* SELF.  An approved or suspended publisher gives up: withdrawn. */
	CASE_LEAVE,
	/* SELF.  `accepted`: newer versions for categories that it is approved
	 * for (in place of APPLY's, without an application). */
	CASE_AGREE,
	/* SELF.  Against `decision`; `id`: fresh; sealed EVIDENCE_APPEAL. */
	CASE_APPEAL,
	/* Approver.  `id`: the appeal; `reason`.  Upheld: the decision is
	 * undone. */
	CASE_APPEAL_UPHOLD,
	CASE_APPEAL_DISMISS,
	/* SELF.  `proof`: domain, method and a fresh token.  For the open
	 * application's domain or the profile's; so many a day as checks. */
	CASE_PROOF_BEGIN,
	/* SELF (a check that the applicant asked for: counted), SYSTEM.
	 * `proof`: how the check ended.  A publisher's proof that is lost is
	 * warned about, and suspends after rules.proof_grace_s; one that comes
	 * back restores what was suspended for that. */
	CASE_PROOF,
	/* SELF, operator, SYSTEM.  Erases what is sealed about `jid`, and what
	 * closed applications said; refused while a case is open.  `report`
	 * (may be NULL) with its mark alone: also what the account has said
	 * as a reader, where that is closed.  Where there is nothing to erase
	 * nothing goes on record. */
	CASE_ERASE,
	/* Staff.  Evidence is about to be read: `evidence` is its id.  To be
	 * written BEFORE it is shown. */
	CASE_READ,
	/* SELF (the reader who reports; `by`).  `jid`: the publisher; `id`:
	 * fresh; `report`, sealed EVIDENCE_REPORTER.  Joins an open report of
	 * the same post. */
	CASE_REPORT,
	/* Staff.  `id`: the report; `reason`: the result, in public words;
	 * `is_founded`. */
	CASE_REPORT_CLOSE,
	/* Staff.  A note for the other staff: sealed EVIDENCE_NOTE. */
	CASE_NOTE,
	/* In histories only; what store_due did by the clock: an approval (of
	 * `category`) has ended, or a draft (`object`) was dropped. */
	CASE_EXPIRE,
	CASE_ACTION_COUNT
};

/* "draft", "call-back" ...: the words of the database and of the protocol;
 * static, "" for none.  The finds return 0 (NONE) if there is no such word. */
const char *application_kind_name(enum application_kind k);
const char *application_state_name(enum application_state s);
enum application_state application_state_find(const char *name);
const char *case_role_name(enum case_role r);
const char *case_method_name(enum case_method m);
enum case_method case_method_find(const char *name);
const char *case_action_name(enum case_action a);

/*
 * Sealed evidence: one row each, named by a random id that the caller draws,
 * since it is part of what the seal binds (daemon/evidence.h).
 */
enum evidence_kind {
	EVIDENCE_APPLICATION = 1, /* the fields that are not public */
	EVIDENCE_QUESTION,	  /* what the applicant was asked */
	EVIDENCE_IDENTITY,	  /* details of an identity check */
	EVIDENCE_APPEAL,	  /* what the account says against it */
	EVIDENCE_REPORTER,	  /* who reports, and in which words */
	EVIDENCE_NOTE,		  /* of the staff */
};
const char *evidence_kind_name(enum evidence_kind k); /* "application" */

struct case_sealed {
	enum evidence_kind kind;
	char id[CASE_ID_LEN + 1];
	const unsigned char *blob; /* borrowed */
	size_t len;		   /* 1 to CASE_BLOB_MAX */
};

struct evidence_row {
	const char *id, *jid; /* jid: whom it is about */
	enum evidence_kind kind;
	const char *object; /* id of the application, appeal or report */
	int64_t at_s;
	int64_t erased_s;	   /* 0, or when; there is no blob then */
	const unsigned char *blob; /* NULL if it was erased */
	size_t len;
};

/*
 * An application.
 */
struct application {
	char id[CASE_ID_LEN + 1];
	char jid[PUBLISHER_JID_MAX + 1];
	enum application_kind kind;
	enum application_state state;
	/* Grows with every step but LOOK, IDENTITY, NOTE, READ, PROOF. */
	int64_t version;
	int64_t created_s;	      /* draft made */
	int64_t submitted_s;	      /* 0: not yet */
	int64_t since_s;	      /* has its state since */
	int64_t changed_s;	      /* last step */
	int64_t looked_s;	      /* first look; 0: not yet */
	char lang[CASE_LANG_MAX + 1]; /* of the account; "" unknown */
	/* Public once it is approved; "" where it is left out. */
	char name[PUBLISHER_NAME_MAX + 1];
	char organisation[PUBLISHER_NAME_MAX + 1];
	char domain[CASE_DOMAIN_MAX + 1]; /* A-labels, lower case */
	char website[CASE_WEBSITE_MAX + 1];
	struct {
		char id[CATEGORY_ID_MAX + 1];
		/* OPEN: not decided yet; or APPROVED, REFUSED.  Read only. */
		enum application_state state;
	} categories[CASE_CATEGORIES_MAX];
	unsigned category_count;
	/* "" if nothing is sealed, or no longer. */
	char evidence[CASE_ID_LEN + 1];	  /* EVIDENCE_APPLICATION */
	char question[CASE_ID_LEN + 1];	  /* the last EVIDENCE_QUESTION */
	int64_t decision;		  /* that closed it; 0 */
	char decided_by[CASE_BY_MAX + 1]; /* "" */
};

/*
 * What comes with some steps.
 */

/* One version of a category's agreement that the account accepts. */
struct case_acceptance {
	const char *category;
	int64_t version; /* > 0; must be the newest on record */
	const char *lang;
	const char *sha256; /* hex; must be the recorded one of this file */
};

enum proof_outcome {
	PROOF_UNCHECKED = 0,
	PROOF_OK,
	PROOF_FAILED,  /* what was asked for is not there */
	PROOF_UNCLEAR, /* nobody answered, or not in time: says nothing */
};
enum proof_method { PROOF_NO_METHOD = 0, PROOF_DNS, PROOF_HTTPS };
const char *proof_method_name(enum proof_method m); /* "dns", "https", "" */
enum proof_method proof_method_find(const char *name);
const char *proof_outcome_name(enum proof_outcome o);

struct case_proof {
	const char *domain; /* A-labels, lower case */
	enum proof_method method;
	const char *token; /* PROOF_BEGIN */
	enum proof_outcome outcome;
	const char *dnssec; /* "secure", "insecure", "bogus"; "" for https */
	const char *detail; /* what came back, for a person; at most
			     * CASE_DETAIL_MAX bytes */
	int64_t next_s;	    /* when to look again; 0: never by itself */
};

struct case_report {
	const char *place;  /* where the post is: a room, or a node's URI */
	const char *post;   /* stanza-id or item id */
	const char *reason; /* "spam", "abuse", "other": XEP-0377 #reasons */
	const char *mark;   /* keyed hash of the reporter's JID */
};

/* What the configuration has to say.  All of it is needed for each step. */
struct case_rules {
	unsigned approvals;	 /* votes that `category` needs: 1 or 2; for
				  * CHANGE the most that any category needs */
	unsigned approver_count; /* in the configuration */
	int64_t keep_for_s;	 /* evidence.keep_for */
	int64_t proof_grace_s;	 /* proof.grace */
	/* Limits; 0: none at all is taken. */
	int64_t applications_per_account; /* a day */
	int64_t applications_per_domain;  /* a day */
	int64_t applications;		  /* open in all */
	int64_t proofs_per_account;	  /* a day */
	int64_t reports_per_account;	  /* a day */
};

struct case_step {
	enum case_action action;
	const char *id;	 /* of the application, appeal or report */
	const char *jid; /* the account that it is about; never NULL, but for
			  * steps whose `id` exists, which take its */
	const char *by;	 /* bare JID, "mastheadctl:USER", CASE_BY_SYSTEM */
	enum case_role role;
	/* The application's version that `by` has seen; a step on an older
	 * one is refused.  0: whichever (SYSTEM, mastheadctl). */
	int64_t version;
	int64_t now_s;
	const char *lang;   /* SELF: xml:lang of the account, or NULL */
	const char *reason; /* in public words; at most PUBLISHER_REASON_MAX */
	const char *category; /* NULL: see the action */
	int64_t until_s;
	enum case_method method;
	int64_t decision;     /* APPEAL */
	bool is_founded;      /* REPORT_CLOSE */
	const char *evidence; /* READ */
	/* DRAFT, ANSWER: kind, name, organisation, domain, website and
	 * categories count.  Borrowed, like everything here. */
	const struct application *fields;
	const struct case_acceptance *accepted;
	size_t accepted_count;
	const struct case_proof *proof;
	const struct case_report *report;
	struct case_sealed sealed[CASE_SEALED_MAX];
	size_t sealed_count;
};

/* Which rule said no; the sentence in `err` is for log and mastheadctl, the
 * front ends have a text for each. */
enum case_refusal {
	CASE_ALLOWED = 0,
	CASE_NOT_FOUND,	   /* no such application, appeal, report, account */
	CASE_WRONG_STATE,  /* not from the state that it is in */
	CASE_CHANGED,	   /* meanwhile, by `by` at `at_s` */
	CASE_FORBIDDEN,	   /* the role may not */
	CASE_ONESELF,	   /* nobody decides about themselves */
	CASE_SAME_PERSON,  /* somebody else must: voted already, or decided
			    * what the appeal is against */
	CASE_NO_IDENTITY,  /* no valid identity-check record */
	CASE_NAME_TAKEN,   /* the public name is another publisher's */
	CASE_NO_CATEGORY,  /* not in the configuration, not wanted, or too many
			    */
	CASE_NOT_ACCEPTED, /* agreement missing, or no longer the newest */
	CASE_ONCE,	   /* there is one already (application, appeal) */
	CASE_LIMIT_ACCOUNT,
	CASE_LIMIT_DOMAIN,
	CASE_LIMIT_ALL,
	CASE_NO_DOMAIN, /* there is no domain to prove, or no token */
	CASE_CASE_OPEN, /* nothing is erased while a case is open */
	CASE_MALFORMED, /* an argument is missing or not well-formed */
};

struct case_result {
	enum case_refusal refusal; /* CASE_ALLOWED if it was done or failed */
	bool is_refused;	   /* by a rule; false with -1: could not */
	/* With CASE_CHANGED: who and when. */
	char by[CASE_BY_MAX + 1];
	int64_t at_s;

	int64_t serial;	  /* 0: unmoved, no guard needs to hear of it */
	int64_t decision; /* number of the decision; 0: it was none */
	char jid[PUBLISHER_JID_MAX + 1]; /* whom it was about */
	char id[CASE_ID_LEN + 1];	 /* application, appeal or report; "" */
	enum application_state state;	 /* of the application; NONE without */
	int64_t version;
	bool has_effect;  /* APPROVE: no vote is missing for the category */
	unsigned missing; /* APPROVE: votes that are */
	bool is_joined;	  /* REPORT: with an open one, whose id is `id` */
	bool is_suspended, is_restored; /* PROOF: it led to that */
	unsigned erased;		/* ERASE: blobs */
	bool has_notices;		/* there is something to send */
};

/*
 * 0: done, and on the disk.  -1: nothing has changed; `r->is_refused` tells
 * what a rule forbids from what could not be done, `e` says it.  Only a
 * STORE_WRITE handle can.
 */
int store_case_step(struct store *s, const struct case_step *step,
    const struct case_rules *rules, struct case_result *r, struct err *e);

/*
 * Reading applications.
 */
int store_application_find(struct store *s, const char *id,
    struct application *r, struct err *e);
/* The account's one that is neither approved, refused nor withdrawn. */
int store_application_current(struct store *s, const char *jid,
    struct application *r, struct err *e);

/* Those of one state that have been in it for longest first; after
 * (`after_s`, `after_id`), which are since_s and id of the last one seen. */
struct application_page {
	enum application_state state; /* not NONE */
	int64_t after_s;	      /* 0 from the start */
	const char *after_id;	      /* NULL from the start */
	unsigned limit;
};
int store_application_list(struct store *s, const struct application_page *p,
    int (*each)(void *arg, const struct application *a), void *arg,
    struct err *e);
/* All of one account, newest first, at most `limit`. */
int store_application_of(struct store *s, const char *jid, unsigned limit,
    int (*each)(void *arg, const struct application *a), void *arg,
    struct err *e);

/* What was accepted, newest first. */
struct acceptance_row {
	const char *category, *lang, *sha256, *application; /* "" without one */
	int64_t version, at_s;
};
int store_acceptance_list(struct store *s, const char *jid,
    int (*each)(void *arg, const struct acceptance_row *a), void *arg,
    struct err *e);

/* Votes that count at the moment. */
struct vote_row {
	const char *category; /* "" for a CHANGE */
	const char *by, *reason;
	int64_t at_s, until_s;
};
int store_vote_list(struct store *s, const char *application,
    int (*each)(void *arg, const struct vote_row *v), void *arg, struct err *e);
/* How many votes this category ("" for a CHANGE) needs in all, given the
 * rules and whether the domain is proved; 0 or -1. */
int store_votes_needed(struct store *s, const struct application *a,
    const struct case_rules *rules, unsigned *r, struct err *e);

/* Identity checks, newest first. */
struct identity_row {
	int64_t id;
	enum case_method method;
	const char *by, *evidence, *application; /* "" without */
	int64_t at_s, until_s;
};
int store_identity_list(struct store *s, const char *jid,
    int (*each)(void *arg, const struct identity_row *i), void *arg,
    struct err *e);

/* The profile of a publisher that is or was approved: its public facts. */
struct profile {
	char organisation[PUBLISHER_NAME_MAX + 1];
	char domain[CASE_DOMAIN_MAX + 1];
	char website[CASE_WEBSITE_MAX + 1];
	char lang[CASE_LANG_MAX + 1];
	enum case_method method; /* of the identity check */
};
int store_profile_find(struct store *s, const char *jid, struct profile *r,
    struct err *e);

/*
 * Proofs of domain: one row for an account and a domain.
 */
struct proof_row {
	char jid[PUBLISHER_JID_MAX + 1];
	char domain[CASE_DOMAIN_MAX + 1];
	enum proof_method method;
	char token[CASE_TOKEN_MAX + 1];
	enum proof_outcome outcome; /* of the last check */
	char dnssec[16];
	char detail[CASE_DETAIL_MAX + 1];
	int64_t begun_s;
	int64_t checked_s; /* 0: never */
	int64_t proved_s;  /* last time that it was OK; 0 never */
	int64_t lost_s;	   /* has failed since; 0: has not */
	int64_t next_s;	   /* 0: not by itself */
	unsigned tries;	   /* in a row that were not OK */
};
int store_proof_find(struct store *s, const char *jid, const char *domain,
    struct proof_row *r, struct err *e);
/* Due at `now_s`, longest overdue first, at most `limit`. */
int store_proof_due(struct store *s, int64_t now_s, unsigned limit,
    int (*each)(void *arg, const struct proof_row *p), void *arg,
    struct err *e);

/*
 * The history: every step, oldest first; also READ.
 */
struct event_row {
	int64_t id, at_s, decision; /* decision: 0 if it was none */
	enum case_action action;
	const char *jid, *object; /* application, appeal, report; "" */
	const char *by, *role;
	const char *category, *reason, *method; /* "" */
	const char *evidence;			/* "" or sealed */
	int64_t until_s;
};
/* Of one account; of one `object` alone if it is not NULL.  Pages by
 * `after`, an id; 0 from the start. */
int store_event_list(struct store *s, const char *jid, const char *object,
    int64_t after, unsigned limit,
    int (*each)(void *arg, const struct event_row *v), void *arg,
    struct err *e);

/*
 * Appeals.
 */
enum appeal_state {
	APPEAL_NONE = 0,
	APPEAL_OPEN,
	APPEAL_UPHELD,
	APPEAL_DISMISSED
};
const char *appeal_state_name(enum appeal_state s);
struct appeal_row {
	char id[CASE_ID_LEN + 1];
	char jid[PUBLISHER_JID_MAX + 1];
	char application[CASE_ID_LEN + 1]; /* that was refused; "" */
	char evidence[CASE_ID_LEN + 1];	   /* "" once it is erased */
	enum appeal_state state;
	int64_t decision;		/* against which */
	char action[16];		/* "refuse", "suspend", "revoke" */
	char first_by[CASE_BY_MAX + 1]; /* who decided that */
	char reason[PUBLISHER_REASON_MAX + 1]; /* of that */
	int64_t at_s, closed_s;
	char closed_by[CASE_BY_MAX + 1]; /* "" */
	int64_t version;		 /* 1, and 2 when it is decided */
};
int store_appeal_find(struct store *s, const char *id, struct appeal_row *r,
    struct err *e);
/* Oldest first; `after_id` NULL from the start. */
int store_appeal_list(struct store *s, enum appeal_state state, int64_t after_s,
    const char *after_id, unsigned limit,
    int (*each)(void *arg, const struct appeal_row *a), void *arg,
    struct err *e);
/* The decision that the account can appeal against now; its number. */
int store_appealable(struct store *s, const char *jid, int64_t *decision_r,
    struct err *e);

/*
 * Reports.
 */
struct report_row {
	char id[CASE_ID_LEN + 1];
	char jid[PUBLISHER_JID_MAX + 1]; /* whose post */
	char place[CASE_PLACE_MAX + 1];
	char post[CASE_POST_MAX + 1];
	bool is_open;
	int64_t at_s, last_s; /* first and newest report of it */
	int64_t count;	      /* people */
	int64_t closed_s;     /* 0 */
	char closed_by[CASE_BY_MAX + 1];
	char result[PUBLISHER_REASON_MAX + 1];
	bool is_founded;
};
int store_report_find(struct store *s, const char *id, struct report_row *r,
    struct err *e);
int store_report_list(struct store *s, bool is_open, int64_t after_s,
    const char *after_id, unsigned limit,
    int (*each)(void *arg, const struct report_row *a), void *arg,
    struct err *e);
/* The single reports behind one; the reporter is in the evidence. */
struct reporter_row {
	const char *reason, *evidence; /* evidence: "" once it is erased */
	int64_t at_s;
};
int store_reporter_list(struct store *s, const char *report,
    int (*each)(void *arg, const struct reporter_row *a), void *arg,
    struct err *e);

/*
 * Evidence.
 */
int store_evidence_find(struct store *s, const char *id,
    int (*each)(void *arg, const struct evidence_row *v), void *arg,
    struct err *e); /* 1, 0 or -1; `each` is called once with 1 */
/* All about one account, oldest first; erased ones, too. */
int store_evidence_list(struct store *s, const char *jid,
    int (*each)(void *arg, const struct evidence_row *v), void *arg,
    struct err *e);
/* Rotation: blobs that another key than `key` (EVIDENCE_KEY_LEN bytes after
 * the blob's first) has sealed, at most `limit`; how many there are. */
#define EVIDENCE_KEY_LEN 8
int store_evidence_stale(struct store *s, const unsigned char *key,
    unsigned limit, int (*each)(void *arg, const struct evidence_row *v),
    void *arg, struct err *e);
int store_evidence_stale_count(struct store *s, const unsigned char *key,
    int64_t *r, struct err *e);
/* Puts blobs in the place of those that are there, in one transaction; one
 * that was erased or replaced meanwhile is left out. */
struct evidence_swap {
	char id[CASE_ID_LEN + 1];
	const unsigned char *blob;
	size_t len;
	unsigned char old_key[EVIDENCE_KEY_LEN];
};
int store_evidence_replace(struct store *s, const struct evidence_swap *v,
    size_t count, struct err *e);

/*
 * Notices: what accounts are to be told.  A row stays until it was handed to
 * the stream.
 */
/* `kind`, which is the rest of the catalogue's keys:
 *   submitted asked answered approved refused withdrawn
 *   changed renewed suspended restored revoked left expired
 *   reminder (date_s: when the approval ends)
 *   draft-dropped agreement (date_s: until when) agreement-lapsed
 *   proof-lost (date_s: when it suspends) proof-back
 *   appeal appeal-upheld appeal-dismissed reported-result erased
 */
#define NOTICE_KIND_MAX 31
struct notice_row {
	int64_t id, at_s, date_s;
	const char *jid; /* "": the recipient is in `evidence`
			  * (EVIDENCE_REPORTER) */
	const char *lang, *kind;
	const char *category, *reason, *name, *domain; /* "" */
	const char *application;		       /* "" or its id */
	const char *evidence; /* "", or a text to be opened for the message */
	int64_t decision;     /* 0, or what an appeal would be against */
};
int store_notice_list(struct store *s, int64_t after, unsigned limit,
    int (*each)(void *arg, const struct notice_row *n), void *arg,
    struct err *e);
/* Deletes them. */
int store_notice_done(struct store *s, const int64_t *ids, size_t count,
    struct err *e);

/*
 * Agreements: the versions that were ever shown, and their hashes.
 */
struct agreement_row {
	const char *category, *lang, *sha256;
	int64_t version, since_s;
};
int store_agreement_list(struct store *s,
    int (*each)(void *arg, const struct agreement_row *a), void *arg,
    struct err *e);
/*
 * Records the files that are new, and gives each approval that was made
 * under an older version than its category's newest the end of its grace
 * time (`grace_s` after that version was first recorded), with a notice; all
 * in one transaction.  A category of `grace` without a file asks for nothing
 * any more, and its approvals lapse no longer.  A file whose hash is not the
 * recorded one is refused.
 * `*serial_r`: 0 if no approval changed.
 */
struct agreement_grace {
	const char *category;
	int64_t grace_s;
};
int store_agreement_sync(struct store *s, const struct agreement_row *files,
    size_t count, const struct agreement_grace *grace, size_t grace_count,
    int64_t now_s, int64_t *serial_r, struct err *e);

/*
 * What falls due by the clock: expiry, reminders, drafts that nobody touched,
 * retention, the end of an agreement's grace.  At most `limit` of each kind,
 * in one transaction; nothing twice, however often it is called.
 */
#define DUE_REMINDERS_MAX 4
struct due_rules {
	int64_t remind_s[DUE_REMINDERS_MAX]; /* before the end */
	unsigned remind_count;
	int64_t draft_life_s; /* untouched */
	int64_t keep_for_s;   /* evidence after a case is over */
};
struct due_result {
	int64_t serial; /* 0: unmoved */
	unsigned expired, reminded, dropped, erased, lapsed;
	bool has_notices, has_more; /* call it again */
};
int store_due(struct store *s, const struct due_rules *rules, int64_t now_s,
    unsigned limit, struct due_result *r, struct err *e);

#endif

/* The life of a publisher in the register, step by step. */
#include "store/cases.h"

#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "store/caseflow.h"
#include "store/sqlite.h"
#include "unit/store_fixture.h"

#define ANNA "anna@example.org"
#define BEN "ben@example.org"
#define CARA "cara@example.org"
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define MARK "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

static struct case_result res;
static unsigned next_id;

/* A fresh id; good until the 16th after it. */
static const char *
fresh(void)
{
	static char ids[16][CASE_ID_LEN + 1];
	char *r = ids[next_id % 16];

	(void)snprintf(r, CASE_ID_LEN + 1, "id%020u", next_id++);
	return r;
}

static const struct case_rules rules = { .approvals = 1,
	.approver_count = 2,
	.keep_for_s = 1000,
	.proof_grace_s = 500,
	.applications_per_account = 5,
	.applications_per_domain = 50,
	.applications = 1000,
	.proofs_per_account = 3,
	.reports_per_account = 3 };

static int
go_with(const struct case_step *step, const struct case_rules *r)
{
	fx_e.text[0] = '\0';
	return store_case_step(fx_w, step, r, &res, &fx_e);
}

static int
go(const struct case_step *step)
{
	return go_with(step, &rules);
}

#define ck_go(step)                                                            \
	ck_assert_msg(go(step) == 0, "%s: %s",                                 \
	    case_action_name((step)->action), fx_e.text)
#define ck_refused(step, why)                                                  \
	do {                                                                   \
		ck_assert_msg(go(step) == -1, "%s was done",                   \
		    case_action_name((step)->action));                         \
		ck_assert_msg(res.is_refused &&res.refusal == (why),           \
		    "%s: refused %d for %d (%s), want %d",                     \
		    case_action_name((step)->action), res.is_refused,          \
		    res.refusal, fx_e.text, why);                              \
		ck_assert_int_eq(res.serial, 0);                               \
		ck_assert_int_eq(res.decision, 0);                             \
	} while (0)

static struct case_sealed
sealed(enum evidence_kind kind)
{
	static const unsigned char blob[] = "\1KEYKEY01secret secret secret";
	struct case_sealed r = { .kind = kind,
		.blob = blob,
		.len = sizeof blob };

	(void)snprintf(r.id, sizeof r.id, "%s", fresh());
	return r;
}

static struct application
fields(enum application_kind kind, const char *name, const char *domain)
{
	struct application a = { .kind = kind };

	(void)snprintf(a.name, sizeof a.name, "%s", name);
	(void)snprintf(a.domain, sizeof a.domain, "%s", domain);
	(void)snprintf(a.categories[0].id, sizeof a.categories[0].id, "news");
	a.category_count = kind == APPLICATION_CHANGE ? 0 : 1;
	return a;
}

static struct case_step
by_self(enum case_action action, const char *jid, const char *id)
{
	return (struct case_step){ .action = action,
		.id = id,
		.jid = jid,
		.by = jid,
		.role = CASE_SELF,
		.now_s = T0,
		.lang = "de" };
}

static struct case_step
by_staff(enum case_action action, const char *by, const char *id)
{
	return (struct case_step){ .action = action,
		.id = id,
		.by = by,
		.role = CASE_APPROVER,
		.now_s = T0 + 10,
		.reason = "seen" };
}

/* Drafts and submits; the application's id. */
static const char *
submitted(const char *jid, enum application_kind kind, const char *name,
    const char *domain)
{
	const char *id = fresh();
	struct application a = fields(kind, name, domain);
	struct case_step s = by_self(CASE_DRAFT, jid, id);

	s.fields = &a;
	s.sealed[0] = sealed(EVIDENCE_APPLICATION);
	s.sealed_count = 1;
	ck_go(&s);
	s = by_self(CASE_SUBMIT, jid, id);
	ck_go(&s);
	ck_assert_int_eq(res.state, APPLICATION_OPEN);
	return id;
}

static void
prove(const char *jid, const char *domain)
{
	struct case_proof p = { .domain = domain,
		.method = PROOF_DNS,
		.token = "token",
		.outcome = PROOF_OK };
	struct case_step s = by_self(CASE_PROOF_BEGIN, jid, NULL);

	s.proof = &p;
	ck_go(&s);
	s.action = CASE_PROOF;
	ck_go(&s);
}

static void
identify(const char *id)
{
	struct case_step s = by_staff(CASE_IDENTITY, BEN, id);

	s.role = CASE_REVIEWER;
	s.method = CASE_METHOD_REGISTER;
	s.until_s = T0 + 100000;
	ck_go(&s);
}

static struct case_step
approval(const char *by, const char *id)
{
	struct case_step s = by_staff(CASE_APPROVE, by, id);

	s.category = "news";
	s.until_s = T0 + 10000;
	return s;
}

/* An approved publisher by way of an application; its id. */
static const char *
approved(const char *jid, const char *name, const char *domain)
{
	const char *id = submitted(jid, APPLICATION_NEW, name, domain);
	struct case_step s;

	prove(jid, domain);
	identify(id);
	s = approval(ANNA, id);
	ck_go(&s);
	ck_assert(res.has_effect);
	return id;
}

static void
ck_standing(const char *jid, enum publisher_state want)
{
	static struct publisher p;

	ck_assert_int_eq(store_publisher_find(fx_r, jid, &p, &fx_e), 1);
	ck_assert_msg(p.state == want, "%s is %s, want %s", jid,
	    publisher_state_name(p.state), publisher_state_name(want));
}

static int
add_word(void *arg, const struct notice_row *n)
{
	char *r = arg;
	size_t len = strlen(r);

	(void)snprintf(r + len, 512 - len, "%s ", n->kind);
	return 0;
}

static int
add_action(void *arg, const struct event_row *v)
{
	char *r = arg;
	size_t len = strlen(r);

	(void)snprintf(r + len, 512 - len, "%s ", case_action_name(v->action));
	return 0;
}

#define ck_notices(want)                                                       \
	do {                                                                   \
		char got_[512] = "";                                           \
                                                                               \
		fx_ok(store_notice_list(fx_r, 0, 100, add_word, got_, &fx_e)); \
		ck_assert_str_eq(got_, want);                                  \
	} while (0)
#define ck_history(jid, want)                                                  \
	do {                                                                   \
		char got_[512] = "";                                           \
                                                                               \
		fx_ok(store_event_list(fx_r, jid, NULL, 0, 100, add_action,    \
		    got_, &fx_e));                                             \
		ck_assert_str_eq(got_, want);                                  \
	} while (0)

static int64_t
number(const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *st = NULL;
	int64_t r;

	ck_assert_int_eq(
	    sqlite3_open_v2(fx_path, &db, SQLITE_OPEN_READWRITE, NULL),
	    SQLITE_OK);
	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK,
	    "%s", sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_step(st), SQLITE_ROW);
	r = sqlite3_column_int64(st, 0);
	(void)sqlite3_finalize(st);
	(void)sqlite3_close(db);
	return r;
}

START_TEST(test_whole_way)
{
	static struct application a;
	struct case_step s;
	struct profile p;
	const char *id =
	    submitted(DAILY, APPLICATION_NEW, "Daily", "daily.example");

	ck_assert_int_gt(res.serial, 0);
	ck_standing(DAILY, PUBLISHER_APPLIED);
	s = by_staff(CASE_LOOK, BEN, id);
	s.role = CASE_REVIEWER;
	ck_go(&s);
	ck_standing(DAILY, PUBLISHER_IN_REVIEW);
	ck_go(&s);
	ck_assert_int_eq(res.serial, 0);
	s = by_staff(CASE_ASK, BEN, id);
	s.role = CASE_REVIEWER;
	s.reason = "which register?";
	ck_go(&s);
	ck_assert_int_eq(res.state, APPLICATION_ASKED);
	s = approval(ANNA, id);
	ck_refused(&s, CASE_WRONG_STATE);
	s = by_self(CASE_ANSWER, DAILY, id);
	a = fields(APPLICATION_NEW, "Daily Example", "daily.example");
	s.fields = &a;
	ck_go(&s);
	prove(DAILY, "daily.example");
	s = approval(ANNA, id);
	ck_refused(&s, CASE_NO_IDENTITY);
	identify(id);
	ck_go(&s);
	ck_assert(res.has_effect);
	ck_assert_uint_eq(res.missing, 0);
	ck_assert_int_eq(res.state, APPLICATION_APPROVED);
	ck_standing(DAILY, PUBLISHER_APPROVED);
	ck_assert_str_eq(fx_lookup(DAILY).p.name, "Daily Example");
	ck_assert_int_eq(store_profile_find(fx_r, DAILY, &p, &fx_e), 1);
	ck_assert_str_eq(p.domain, "daily.example");
	ck_assert_int_eq(p.method, CASE_METHOD_REGISTER);
	ck_history(DAILY,
	    "draft submit look look ask answer proof-begin proof"
	    " identity approve ");
	ck_notices("submitted asked answered approved ");
	ck_assert_int_eq(store_application_current(fx_r, DAILY, &a, &fx_e), 0);
	ck_assert_int_eq(store_application_find(fx_r, id, &a, &fx_e), 1);
	ck_assert_str_eq(a.decided_by, ANNA);
}
END_TEST

/* Without a proved domain two different people have to agree. */
START_TEST(test_two_people)
{
	const char *id = submitted(DAILY, APPLICATION_NEW, "Daily", "");
	struct case_step s;
	int64_t version;

	identify(id);
	s = approval(ANNA, id);
	ck_go(&s);
	ck_assert(!res.has_effect);
	ck_assert_uint_eq(res.missing, 1);
	ck_assert_int_eq(res.serial, 0);
	ck_standing(DAILY, PUBLISHER_APPLIED);
	version = res.version;
	ck_refused(&s, CASE_SAME_PERSON);
	/* Somebody who has not seen that vote is told of it. */
	s = approval(CARA, id);
	s.version = version - 1;
	ck_refused(&s, CASE_CHANGED);
	ck_assert_str_eq(res.by, ANNA);
	s.version = version;
	s.until_s = T0 + 500;
	ck_go(&s);
	ck_assert(res.has_effect);
	ck_standing(DAILY, PUBLISHER_APPROVED);
	/* The earlier end of the two counts. */
	ck_assert_int_eq(fx_lookup(DAILY).p.approvals[0].until_s, T0 + 500);
	s = approval("dora@example.org", id);
	ck_refused(&s, CASE_WRONG_STATE);
	ck_assert_str_eq(res.by, CARA);
}
END_TEST

/* A category may want two for everybody, whatever was proved. */
START_TEST(test_category_wants_two)
{
	struct case_rules two = rules;
	const char *id =
	    submitted(DAILY, APPLICATION_NEW, "Daily", "daily.example");
	static struct application a;
	struct case_step s;
	unsigned needed = 0;

	two.approvals = 2;
	prove(DAILY, "daily.example");
	identify(id);
	ck_assert_int_eq(store_application_find(fx_r, id, &a, &fx_e), 1);
	fx_ok(store_votes_needed(fx_r, &a, &rules, &needed, &fx_e));
	ck_assert_uint_eq(needed, 1);
	fx_ok(store_votes_needed(fx_r, &a, &two, &needed, &fx_e));
	ck_assert_uint_eq(needed, 2);
	s = approval(ANNA, id);
	ck_assert_int_eq(go_with(&s, &two), 0);
	ck_assert_uint_eq(res.missing, 1);
	/* The operator is a further person. */
	s = approval("mastheadctl:root", id);
	s.role = CASE_OPERATOR;
	ck_assert_int_eq(go_with(&s, &two), 0);
	ck_assert(res.has_effect);
	ck_standing(DAILY, PUBLISHER_APPROVED);
}
END_TEST

START_TEST(test_nobody_about_themselves)
{
	static const enum case_action actions[] = { CASE_LOOK, CASE_ASK,
		CASE_IDENTITY, CASE_APPROVE, CASE_REFUSE };
	const char *id = submitted(ANNA, APPLICATION_NEW, "Anna", "");

	for (size_t i = 0; i < COUNT(actions); i++) {
		struct case_step s = approval(ANNA, id);

		s.action = actions[i];
		s.method = CASE_METHOD_DOCUMENT;
		ck_refused(&s, CASE_ONESELF);
	}
}
END_TEST

/* A role does what it may, and a stranger's application is not there. */
START_TEST(test_roles)
{
	const char *id = submitted(DAILY, APPLICATION_NEW, "Daily", "");
	struct case_step s = approval(BEN, id);

	s.role = CASE_REVIEWER;
	ck_refused(&s, CASE_FORBIDDEN);
	s.action = CASE_REFUSE;
	ck_refused(&s, CASE_FORBIDDEN);
	s.role = CASE_SELF;
	s.jid = s.by = DAILY;
	ck_refused(&s, CASE_FORBIDDEN);
	s = by_self(CASE_WITHDRAW, WIRE, id);
	ck_refused(&s, CASE_NOT_FOUND);
	s = by_self(CASE_WITHDRAW, DAILY, id);
	s.by = WIRE;
	ck_refused(&s, CASE_FORBIDDEN);
	s = by_staff(CASE_DRAFT, ANNA, id);
	s.jid = DAILY;
	ck_refused(&s, CASE_MALFORMED);
}
END_TEST

START_TEST(test_once_and_limits)
{
	struct application a = fields(APPLICATION_NEW, "Daily", "");
	struct case_rules few = rules;
	struct case_step s = by_self(CASE_DRAFT, DAILY, NULL);

	s.fields = &a;
	for (int i = 0; i < 5; i++) {
		s.action = CASE_DRAFT;
		s.id = fresh();
		ck_go(&s);
		s.id = fresh();
		ck_refused(&s, CASE_ONCE);
		s.id = res.id;
		s = by_self(CASE_WITHDRAW, DAILY, NULL);
		{
			static struct application now;

			ck_assert_int_eq(
			    store_application_current(fx_r, DAILY, &now, &fx_e),
			    1);
			s.id = now.id;
			ck_go(&s);
		}
		s = by_self(CASE_DRAFT, DAILY, NULL);
		s.fields = &a;
	}
	s.id = fresh();
	ck_refused(&s, CASE_LIMIT_ACCOUNT);
	s.now_s += CASE_DAY_S;
	ck_go(&s);
	few.applications_per_domain = 1;
	s = by_self(CASE_DRAFT, WIRE, fresh());
	s.fields = &a;
	s.now_s += CASE_DAY_S;
	ck_assert_int_eq(go_with(&s, &few), -1);
	ck_assert_int_eq(res.refusal, CASE_LIMIT_DOMAIN);
	few = rules;
	few.applications = 0;
	ck_assert_int_eq(go_with(&s, &few), -1);
	ck_assert_int_eq(res.refusal, CASE_LIMIT_ALL);
}
END_TEST

/* A name is kept by who bears it, not by who was turned away. */
START_TEST(test_names)
{
	struct application a = fields(APPLICATION_NEW, " Daily ", "");
	struct case_step s = by_self(CASE_DRAFT, WIRE, fresh());
	const char *id = submitted(DAILY, APPLICATION_NEW, "Daily", "");

	s.fields = &a;
	ck_refused(&s, CASE_NAME_TAKEN);
	{
		struct case_step no = by_staff(CASE_REFUSE, ANNA, id);

		ck_go(&no);
	}
	ck_standing(DAILY, PUBLISHER_REJECTED);
	ck_go(&s);
	s.action = CASE_SUBMIT;
	ck_go(&s);
	ck_assert_str_eq(fx_lookup(WIRE).p.name, "Daily");
	ck_assert_int_eq(fx_lookup(DAILY).found, 1);
}
END_TEST

START_TEST(test_change_and_renewal)
{
	struct case_step s;
	const char *id;

	(void)approved(DAILY, "Daily", "daily.example");
	id = submitted(DAILY, APPLICATION_CHANGE, "The Daily", "new.example");
	/* Until it is decided the old name stays. */
	ck_assert_str_eq(fx_lookup(DAILY).p.name, "Daily");
	s = by_staff(CASE_APPROVE, ANNA, id);
	ck_go(&s);
	ck_assert_uint_eq(res.missing, 1);
	s.by = CARA;
	ck_go(&s);
	ck_assert_int_gt(res.serial, 0);
	ck_assert_str_eq(fx_lookup(DAILY).p.name, "The Daily");

	id = submitted(DAILY, APPLICATION_RENEWAL, "ignored", "x.example");
	prove(DAILY, "new.example");
	s = approval(ANNA, id);
	s.until_s = T0 + 50000;
	ck_go(&s);
	ck_assert(res.has_effect);
	ck_assert_str_eq(fx_lookup(DAILY).p.name, "The Daily");
	ck_assert_int_eq(fx_lookup(DAILY).p.approvals[0].until_s, T0 + 50000);
	/* A refused renewal takes nothing away. */
	id = submitted(DAILY, APPLICATION_RENEWAL, "ignored", "");
	s = by_staff(CASE_REFUSE, ANNA, id);
	ck_go(&s);
	ck_standing(DAILY, PUBLISHER_APPROVED);
}
END_TEST

START_TEST(test_appeal)
{
	struct staff_entry staff[] = { { ANNA, "approver" },
		{ CARA, "approver" } };
	const char *id = submitted(DAILY, APPLICATION_NEW, "Daily", "");
	const char *appeal = fresh();
	struct case_step s = by_staff(CASE_REFUSE, ANNA, id);
	static struct appeal_row row;
	int64_t serial, decision;

	fx_ok(store_sync_config(fx_w, NULL, NULL, 0, staff, 2, T0, &serial,
	    &fx_e));
	(void)fx_sync_categories();
	fx_ok(store_sync_config(fx_w, (const char *const[]){ "news" },
	    (const char *const[]){ "News" }, 1, staff, 2, T0, &serial, &fx_e));
	ck_go(&s);
	decision = res.decision;
	ck_assert_int_eq(store_appealable(fx_r, DAILY, &serial, &fx_e), 1);
	ck_assert_int_eq(serial, decision);
	s = by_self(CASE_APPEAL, DAILY, appeal);
	s.decision = decision + 1;
	s.sealed[0] = sealed(EVIDENCE_APPEAL);
	s.sealed_count = 1;
	ck_refused(&s, CASE_NOT_FOUND);
	s.decision = decision;
	ck_go(&s);
	s.id = fresh();
	s.sealed[0] = sealed(EVIDENCE_APPEAL);
	ck_refused(&s, CASE_ONCE);
	ck_assert_int_eq(store_appealable(fx_r, DAILY, &serial, &fx_e), 0);

	s = by_staff(CASE_APPEAL_UPHOLD, ANNA, appeal);
	ck_refused(&s, CASE_SAME_PERSON);
	s.by = CARA;
	ck_go(&s);
	ck_standing(DAILY, PUBLISHER_IN_REVIEW);
	ck_refused(&s, CASE_WRONG_STATE);
	ck_assert_str_eq(res.by, CARA);
	ck_assert_int_eq(store_appeal_find(fx_r, appeal, &row, &fx_e), 1);
	ck_assert_int_eq(row.state, APPEAL_UPHELD);
	ck_assert_str_eq(row.first_by, ANNA);
	ck_assert_str_eq(row.application, id);
	/* Refused again: that is another decision. */
	s = by_staff(CASE_REFUSE, ANNA, id);
	ck_go(&s);
	ck_assert_int_eq(store_appealable(fx_r, DAILY, &serial, &fx_e), 1);
	ck_assert_int_ne(serial, decision);
}
END_TEST

START_TEST(test_suspension_and_appeal)
{
	const char *appeal = fresh();
	struct case_step s = by_staff(CASE_REVOKE, ANNA, NULL);

	(void)approved(DAILY, "Daily", "daily.example");
	s.jid = DAILY;
	ck_go(&s);
	ck_standing(DAILY, PUBLISHER_REVOKED);
	ck_assert_int_gt(number("SELECT count(*) FROM evidence"
				" WHERE over_s > 0"),
	    0);
	s = by_self(CASE_APPEAL, DAILY, appeal);
	s.decision = res.decision;
	s.sealed[0] = sealed(EVIDENCE_APPEAL);
	s.sealed_count = 1;
	ck_go(&s);
	/* The only approver there is may. */
	s = by_staff(CASE_APPEAL_UPHOLD, ANNA, appeal);
	ck_go(&s);
	ck_standing(DAILY, PUBLISHER_APPROVED);
	ck_assert_uint_eq(fx_lookup(DAILY).p.approval_count, 1);
	ck_assert_int_eq(number("SELECT count(*) FROM evidence WHERE"
				" over_s > 0 AND kind = 'application'"),
	    0);
	s = by_self(CASE_LEAVE, DAILY, NULL);
	ck_go(&s);
	ck_standing(DAILY, PUBLISHER_WITHDRAWN);
}
END_TEST

START_TEST(test_lost_proof)
{
	struct case_proof p = { .domain = "daily.example",
		.method = PROOF_DNS,
		.outcome = PROOF_UNCLEAR,
		.detail = "no answer" };
	struct case_step s = { .action = CASE_PROOF,
		.jid = DAILY,
		.by = CASE_BY_SYSTEM,
		.role = CASE_SYSTEM,
		.proof = &p,
		.now_s = T0 + 100 };

	(void)approved(DAILY, "Daily", "daily.example");
	ck_go(&s);
	p.outcome = PROOF_FAILED;
	ck_go(&s);
	ck_assert(!res.is_suspended);
	s.now_s += rules.proof_grace_s - 1;
	ck_go(&s);
	ck_assert(!res.is_suspended);
	s.now_s++;
	p.outcome = PROOF_UNCLEAR;
	ck_go(&s);
	ck_assert(!res.is_suspended);
	p.outcome = PROOF_FAILED;
	ck_go(&s);
	ck_assert(res.is_suspended);
	ck_standing(DAILY, PUBLISHER_SUSPENDED);
	ck_assert_str_eq(fx_lookup(DAILY).p.state_reason, "no answer");
	p.outcome = PROOF_OK;
	p.detail = NULL;
	ck_go(&s);
	ck_assert(res.is_restored);
	ck_standing(DAILY, PUBLISHER_APPROVED);
	ck_notices("submitted approved proof-lost suspended proof-back ");
	/* Of its own checks an account has so many a day. */
	s.by = DAILY;
	s.role = CASE_SELF;
	ck_go(&s);
	ck_go(&s);
	ck_refused(&s, CASE_LIMIT_ACCOUNT);
	p.domain = "other.example";
	s.now_s += CASE_DAY_S;
	ck_refused(&s, CASE_NO_DOMAIN);
}
END_TEST

/* What was proved for an application that is over proves nothing for the
 * next one: the domain may be somebody else's by now. */
START_TEST(test_old_proof)
{
	struct application a =
	    fields(APPLICATION_NEW, "Daily", "daily.example");
	const char *id =
	    submitted(DAILY, APPLICATION_NEW, "Daily", "daily.example");
	struct case_step s = by_self(CASE_WITHDRAW, DAILY, id);
	struct application found;
	unsigned votes = 0;

	prove(DAILY, "daily.example");
	ck_assert_int_eq(store_application_find(fx_r, id, &found, &fx_e), 1);
	fx_ok(store_votes_needed(fx_r, &found, &rules, &votes, &fx_e));
	ck_assert_uint_eq(votes, 1);
	ck_go(&s);

	id = fresh();
	s = by_self(CASE_DRAFT, DAILY, id);
	s.fields = &a;
	s.now_s = T0 + 1000;
	s.sealed[0] = sealed(EVIDENCE_APPLICATION);
	s.sealed_count = 1;
	ck_go(&s);
	ck_assert_int_eq(store_application_find(fx_r, id, &found, &fx_e), 1);
	fx_ok(store_votes_needed(fx_r, &found, &rules, &votes, &fx_e));
	ck_assert_uint_eq(votes, 2);
}
END_TEST

START_TEST(test_reports)
{
	static struct report_row row;
	struct case_report p = { .place = "room@rooms.example.org",
		.post = "stanza-1",
		.reason = "spam",
		.mark = MARK };
	struct case_step s = { .action = CASE_REPORT,
		.id = fresh(),
		.jid = DAILY,
		.by = WIRE,
		.role = CASE_SELF,
		.now_s = T0,
		.report = &p,
		.sealed_count = 1 };
	char first[CASE_ID_LEN + 1];

	s.sealed[0] = sealed(EVIDENCE_REPORTER);
	ck_refused(&s, CASE_NOT_FOUND);
	(void)approved(DAILY, "Daily", "daily.example");
	ck_go(&s);
	ck_assert(!res.is_joined);
	(void)snprintf(first, sizeof first, "%s", res.id);
	s.id = fresh();
	s.sealed[0] = sealed(EVIDENCE_REPORTER);
	ck_refused(&s, CASE_ONCE);
	p.mark = "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB";
	ck_go(&s);
	ck_assert(res.is_joined);
	ck_assert_str_eq(res.id, first);
	ck_assert_int_eq(store_report_find(fx_r, first, &row, &fx_e), 1);
	ck_assert_int_eq(row.count, 2);
	/* Nothing says who it was. */
	ck_assert_int_eq(number("SELECT count(*) FROM events WHERE done_by ="
				" '" WIRE "'"),
	    0);
	s = by_staff(CASE_REPORT_CLOSE, BEN, first);
	s.role = CASE_REVIEWER;
	s.is_founded = true;
	ck_go(&s);
	ck_notices("submitted approved reported-result reported-result ");
	ck_assert_int_eq(number("SELECT count(*) FROM notices WHERE kind ="
				" 'reported-result' AND jid = ''"),
	    2);
	s.by = ANNA;
	ck_refused(&s, CASE_WRONG_STATE);
}
END_TEST

static struct agreement_row
agreement(int64_t version, const char *sha)
{
	return (struct agreement_row){ "news", "en", sha, version, 0 };
}

START_TEST(test_agreements)
{
	const struct agreement_grace grace = { "news", 100 };
	struct agreement_row files[2] = { agreement(1, SHA) };
	struct case_acceptance yes = { "news", 1, "en", SHA };
	struct application a = fields(APPLICATION_NEW, "Daily", "d.example");
	struct case_step s = by_self(CASE_DRAFT, DAILY, fresh());
	int64_t serial;

	fx_approved(WIRE, "Wire"); /* the operator's word, before all */
	fx_ok(store_agreement_sync(fx_w, files, 1, &grace, 1, T0, &serial,
	    &fx_e));
	ck_assert_int_eq(serial, 0);
	s.fields = &a;
	ck_go(&s);
	s.action = CASE_SUBMIT;
	ck_refused(&s, CASE_NOT_ACCEPTED);
	s.accepted = &yes;
	s.accepted_count = 1;
	yes.version = 2;
	ck_refused(&s, CASE_NOT_ACCEPTED);
	yes.version = 1;
	ck_go(&s);
	prove(DAILY, "d.example");
	identify(s.id);
	s = approval(ANNA, s.id);
	ck_go(&s);
	ck_assert_int_eq(fx_lookup(DAILY).p.approvals[0].lapse_s, 0);

	/* A file that was changed; a new version. */
	files[0].sha256 = "x";
	ck_assert_int_eq(
	    store_agreement_sync(fx_w, files, 1, &grace, 1, T0, &serial, &fx_e),
	    -1);
	files[0].sha256 = SHA;
	files[1] = agreement(2, SHA);
	fx_ok(store_agreement_sync(fx_w, files, 2, &grace, 1, T0 + 50, &serial,
	    &fx_e));
	ck_assert_int_gt(serial, 0);
	ck_assert_int_eq(fx_lookup(DAILY).p.approvals[0].lapse_s, T0 + 150);
	ck_assert_int_eq(fx_lookup(WIRE).p.approvals[0].lapse_s, T0 + 150);
	fx_ok(store_agreement_sync(fx_w, files, 2, &grace, 1, T0 + 60, &serial,
	    &fx_e));
	ck_assert_int_eq(serial, 0);
	yes.version = 2;
	s = by_self(CASE_AGREE, DAILY, NULL);
	s.accepted = &yes;
	s.accepted_count = 1;
	ck_go(&s);
	ck_assert_int_eq(fx_lookup(DAILY).p.approvals[0].lapse_s, 0);

	/* The category has no agreement any more: nobody lapses for what
	 * nobody can accept, and nobody is asked to. */
	fx_ok(store_agreement_sync(fx_w, NULL, 0, &grace, 1, T0 + 70, &serial,
	    &fx_e));
	ck_assert_int_gt(serial, 0);
	ck_assert_int_eq(fx_lookup(WIRE).p.approvals[0].lapse_s, 0);
	fx_ok(store_agreement_sync(fx_w, NULL, 0, &grace, 1, T0 + 80, &serial,
	    &fx_e));
	ck_assert_int_eq(serial, 0);
	(void)submitted(BEN, APPLICATION_NEW, "Ben", "");
	/* When it is back, who has not accepted it has to. */
	fx_ok(store_agreement_sync(fx_w, files, 2, &grace, 1, T0 + 90, &serial,
	    &fx_e));
	ck_assert_int_eq(fx_lookup(DAILY).p.approvals[0].lapse_s, 0);
	ck_assert_int_eq(fx_lookup(WIRE).p.approvals[0].lapse_s, T0 + 150);
}
END_TEST

static const struct due_rules due_rules = { .remind_s = { 3000, 700 },
	.remind_count = 2,
	.draft_life_s = 5000,
	.keep_for_s = 1000 };

static struct due_result
due(int64_t at_s)
{
	struct due_result r;

	fx_ok(store_due(fx_w, &due_rules, at_s, 10, &r, &fx_e));
	return r;
}

START_TEST(test_due)
{
	struct application a = fields(APPLICATION_NEW, "Wire", "");
	struct case_step s = by_self(CASE_DRAFT, WIRE, fresh());
	int64_t end_s = T0 + 10000;

	(void)approved(DAILY, "Daily", "daily.example");
	s.fields = &a;
	s.sealed[0] = sealed(EVIDENCE_APPLICATION);
	s.sealed_count = 1;
	ck_go(&s);
	ck_assert_uint_eq(due(T0 + 100).reminded, 0);
	ck_assert_uint_eq(due(T0 + 5000).dropped, 1);
	ck_assert_uint_eq(due(end_s - 3000).reminded, 1);
	ck_assert_uint_eq(due(end_s - 2999).reminded, 0);
	ck_assert_uint_eq(due(end_s - 700).reminded, 1);
	ck_assert_uint_eq(due(end_s - 1).reminded, 0);
	ck_standing(DAILY, PUBLISHER_APPROVED);
	{
		struct due_result r = due(end_s);

		ck_assert_uint_eq(r.expired, 1);
		ck_assert_int_gt(r.serial, 0);
		ck_assert(r.has_notices);
	}
	ck_standing(DAILY, PUBLISHER_EXPIRED);
	ck_assert_uint_eq(due(end_s + 1).expired, 0);
	ck_assert_int_eq(due(end_s + 1).serial, 0);
	ck_assert_uint_eq(due(end_s + 999).erased, 0);
	ck_assert_uint_gt(due(end_s + 1000).erased, 0);
	ck_assert_int_eq(
	    number("SELECT count(*) FROM evidence WHERE blob NOT NULL"), 0);
	ck_notices("submitted approved draft-dropped reminder reminder"
		   " expired ");
	ck_assert(!due(end_s + 2000).has_notices);
	ck_history(WIRE, "draft expire ");
	ck_history(DAILY,
	    "draft submit proof-begin proof identity approve"
	    " expire erase ");
}
END_TEST

/* After a long pause one reminder is enough. */
START_TEST(test_late_reminder)
{
	(void)approved(DAILY, "Daily", "daily.example");
	ck_assert_uint_eq(due(T0 + 10000 - 600).reminded, 1);
	ck_assert_uint_eq(due(T0 + 10000 - 500).reminded, 0);
}
END_TEST

/* Whether these bytes are anywhere in the register's files. */
static bool
on_disk(const char *needle)
{
	static const char *const ends[] = { "", "-wal" };
	bool found = false;

	for (size_t i = 0; i < COUNT(ends); i++) {
		char path[256];
		FILE *f;
		static char all[4 << 20];
		size_t n;

		(void)snprintf(path, sizeof path, "%s%s", fx_path, ends[i]);
		if ((f = fopen(path, "rb")) == NULL)
			continue;
		n = fread(all, 1, sizeof all, f);
		(void)fclose(f);
		for (size_t j = 0; j + strlen(needle) <= n; j++)
			found = found ||
			    memcmp(all + j, needle, strlen(needle)) == 0;
	}
	return found;
}

START_TEST(test_erase)
{
	const char *id =
	    submitted(DAILY, APPLICATION_NEW, "Daily Planet", "planet.example");
	struct case_step s = by_self(CASE_ERASE, DAILY, NULL);

	ck_assert(on_disk("secret secret"));
	ck_refused(&s, CASE_CASE_OPEN);
	{
		struct case_step w = by_self(CASE_WITHDRAW, DAILY, id);

		ck_go(&w);
	}
	ck_go(&s);
	ck_assert_uint_eq(res.erased, 1);
	ck_assert(!on_disk("secret secret"));
	ck_assert(!on_disk("planet.example"));
	ck_notices("erased ");
}
END_TEST

/* An approval never begins in the past: a vote that has run out meanwhile is
 * cast again. */
START_TEST(test_vote_runs_out)
{
	const char *id = submitted(DAILY, APPLICATION_NEW, "Daily", "");
	struct case_step s = approval(ANNA, id);

	identify(id);
	s.until_s = T0 + 500;
	ck_go(&s);
	s = approval(CARA, id);
	s.now_s = T0 + 600;
	ck_go(&s);
	ck_assert(!res.has_effect);
	ck_assert_uint_eq(res.missing, 1);
	ck_standing(DAILY, PUBLISHER_APPLIED);
	s.by = ANNA;
	ck_go(&s);
	ck_assert(res.has_effect);
	ck_assert_int_eq(fx_lookup(DAILY).p.approvals[0].until_s, T0 + 10000);
}
END_TEST

static void
sync_staff(const struct staff_entry *staff, size_t count)
{
	int64_t serial;

	fx_ok(store_sync_config(fx_w, (const char *const[]){ "news", "sport" },
	    (const char *const[]){ "News", "Sport" }, 2, staff, count, T0,
	    &serial, &fx_e));
}

/* Who is no approver any more has no vote in what is still open. */
START_TEST(test_former_approver)
{
	const struct staff_entry staff[] = { { ANNA, "approver" },
		{ CARA, "approver" } };
	const char *id = submitted(DAILY, APPLICATION_NEW, "Daily", "");
	struct case_step s = approval(ANNA, id);

	sync_staff(staff, 2);
	identify(id);
	ck_go(&s);
	ck_assert_uint_eq(res.missing, 1);
	sync_staff(staff + 1, 1);
	s.by = CARA;
	ck_go(&s);
	ck_assert(!res.has_effect);
	ck_assert_uint_eq(res.missing, 1);
	s.by = "mastheadctl:root";
	s.role = CASE_OPERATOR;
	ck_go(&s);
	ck_assert(res.has_effect);
}
END_TEST

static unsigned
votes_needed(const char *id)
{
	static struct application a;
	unsigned r = 0;

	ck_assert_int_eq(store_application_find(fx_r, id, &a, &fx_e), 1);
	fx_ok(store_votes_needed(fx_r, &a, &rules, &r, &fx_e));
	return r;
}

/* A domain that was left is not looked at any more: who comes back to it
 * proves it again. */
START_TEST(test_left_domain)
{
	struct application a;
	struct case_step s;
	const char *id;

	(void)approved(DAILY, "Daily", "old.example");
	id = submitted(DAILY, APPLICATION_CHANGE, "Daily", "new.example");
	prove(DAILY, "new.example");
	s = by_staff(CASE_APPROVE, ANNA, id);
	ck_go(&s);
	ck_assert(res.has_effect);

	id = fresh();
	a = fields(APPLICATION_CHANGE, "Daily", "old.example");
	s = by_self(CASE_DRAFT, DAILY, id);
	s.now_s = T0 + 1000;
	s.fields = &a;
	ck_go(&s);
	ck_assert_uint_eq(votes_needed(id), 2);
	/* A new name at the domain that is still looked at is another case. */
	a = fields(APPLICATION_CHANGE, "The Daily", "new.example");
	ck_go(&s);
	ck_assert_uint_eq(votes_needed(id), 1);
}
END_TEST

/* An answer does not bring back what was refused, nor ask again for what was
 * approved. */
START_TEST(test_answer_keeps_decisions)
{
	static struct application found;
	struct application a =
	    fields(APPLICATION_NEW, "Daily", "daily.example");
	const char *id = fresh();
	struct case_step s = by_self(CASE_DRAFT, DAILY, id);

	(void)strcpy(a.categories[1].id, "sport");
	a.category_count = 2;
	s.fields = &a;
	ck_go(&s);
	s = by_self(CASE_SUBMIT, DAILY, id);
	ck_go(&s);
	s = by_staff(CASE_REFUSE, ANNA, id);
	s.category = "sport";
	ck_go(&s);
	s = by_staff(CASE_ASK, ANNA, id);
	ck_go(&s);
	s = by_self(CASE_ANSWER, DAILY, id);
	s.fields = &a;
	ck_go(&s);
	ck_assert_int_eq(store_application_find(fx_r, id, &found, &fx_e), 1);
	ck_assert_uint_eq(found.category_count, 2);
	for (unsigned i = 0; i < 2; i++)
		ck_assert_int_eq(found.categories[i].state,
		    strcmp(found.categories[i].id, "sport") == 0
			? APPLICATION_REFUSED
			: APPLICATION_OPEN);
}
END_TEST

/* A new agreement that is accepted with a renewal is accepted, however long
 * the renewal waits: `agree` would find nothing left to accept. */
START_TEST(test_renewal_accepts)
{
	const struct agreement_grace grace = { "news", 100 };
	const struct agreement_row files[2] = { agreement(1, SHA),
		agreement(2, SHA) };
	const struct case_acceptance yes = { "news", 2, "en", SHA };
	struct application a = fields(APPLICATION_RENEWAL, "ignored", "");
	struct case_step s = by_self(CASE_DRAFT, WIRE, fresh());
	int64_t serial;

	fx_approved(WIRE, "Wire");
	fx_ok(store_agreement_sync(fx_w, files, 1, &grace, 1, T0, &serial,
	    &fx_e));
	fx_ok(store_agreement_sync(fx_w, files, 2, &grace, 1, T0 + 10, &serial,
	    &fx_e));
	ck_assert_int_eq(fx_lookup(WIRE).p.approvals[0].lapse_s, T0 + 110);
	s.fields = &a;
	ck_go(&s);
	s = by_self(CASE_SUBMIT, WIRE, s.id);
	s.accepted = &yes;
	s.accepted_count = 1;
	ck_go(&s);
	ck_assert_int_gt(res.serial, 0);
	ck_assert_int_eq(fx_lookup(WIRE).p.approvals[0].lapse_s, 0);
}
END_TEST

/* Who is approved for one category and does not wait for the other stays a
 * publisher, and what that stands on is kept. */
START_TEST(test_withdraws_the_rest)
{
	struct application a =
	    fields(APPLICATION_NEW, "Daily", "daily.example");
	const char *id = fresh();
	struct case_step s = by_self(CASE_DRAFT, DAILY, id);

	(void)strcpy(a.categories[1].id, "sport");
	a.category_count = 2;
	s.fields = &a;
	s.sealed[0] = sealed(EVIDENCE_APPLICATION);
	s.sealed_count = 1;
	ck_go(&s);
	s = by_self(CASE_SUBMIT, DAILY, id);
	ck_go(&s);
	prove(DAILY, "daily.example");
	identify(id);
	s = approval(ANNA, id);
	ck_go(&s);
	s = by_self(CASE_WITHDRAW, DAILY, id);
	ck_go(&s);
	ck_standing(DAILY, PUBLISHER_APPROVED);
	ck_assert_int_eq(number("SELECT count(*) FROM evidence"
				" WHERE over_s > 0"),
	    0);
}
END_TEST

/* A category that the configuration lost between two pages cannot be applied
 * for: nobody could approve it. */
START_TEST(test_category_goes)
{
	struct application a = fields(APPLICATION_NEW, "Daily", "");
	const char *id = fresh();
	struct case_step s = by_self(CASE_DRAFT, DAILY, id);
	int64_t serial;

	s.fields = &a;
	ck_go(&s);
	fx_ok(store_sync_config(fx_w, (const char *const[]){ "sport" },
	    (const char *const[]){ "Sport" }, 1, NULL, 0, T0, &serial, &fx_e));
	s = by_self(CASE_SUBMIT, DAILY, id);
	ck_refused(&s, CASE_NO_CATEGORY);
	(void)fx_sync_categories();
	ck_go(&s);
}
END_TEST

/* Evidence of an earlier, refused application is not kept for longer because
 * a later suspension is undone. */
START_TEST(test_upheld_keeps_nothing_else)
{
	const char *id =
	    submitted(DAILY, APPLICATION_NEW, "Daily", "daily.example");
	const char *appeal = fresh();
	struct case_step s = by_staff(CASE_REFUSE, ANNA, id);

	ck_go(&s);
	(void)approved(DAILY, "Daily", "daily.example");
	s = by_staff(CASE_SUSPEND, ANNA, NULL);
	s.jid = DAILY;
	s.now_s = T0 + 100;
	ck_go(&s);
	s = by_self(CASE_APPEAL, DAILY, appeal);
	s.decision = res.decision;
	s.sealed[0] = sealed(EVIDENCE_APPEAL);
	s.sealed_count = 1;
	ck_go(&s);
	s = by_staff(CASE_APPEAL_UPHOLD, CARA, appeal);
	s.now_s = T0 + 200;
	ck_go(&s);
	ck_standing(DAILY, PUBLISHER_APPROVED);
	ck_assert_int_eq(number("SELECT count(*) FROM evidence WHERE"
				" over_s > 0 AND kind = 'application'"),
	    1);
}
END_TEST

/* A renewal that comes too late brings back what the end had given up. */
START_TEST(test_late_renewal)
{
	struct case_step s;
	const char *id;

	(void)approved(DAILY, "Daily", "daily.example");
	ck_assert_uint_eq(due(T0 + 10000).expired, 1);
	ck_assert_int_gt(number("SELECT count(*) FROM evidence"
				" WHERE over_s > 0"),
	    0);
	id = submitted(DAILY, APPLICATION_RENEWAL, "ignored", "");
	s = approval(ANNA, id);
	s.now_s = T0 + 10100;
	s.until_s = T0 + 90000;
	ck_go(&s);
	ck_standing(DAILY, PUBLISHER_APPROVED);
	ck_assert_int_eq(number("SELECT count(*) FROM evidence"
				" WHERE over_s > 0"),
	    0);
}
END_TEST

/* Whether somebody has applied is not to be found out by reporting. */
START_TEST(test_report_tells_no_application)
{
	struct case_report p = { .place = "room@rooms.example.org",
		.post = "stanza-1",
		.reason = "spam",
		.mark = MARK };
	struct case_step s = { .action = CASE_REPORT,
		.id = fresh(),
		.jid = DAILY,
		.by = WIRE,
		.role = CASE_SELF,
		.now_s = T0,
		.report = &p,
		.sealed_count = 1 };
	const char *id = submitted(DAILY, APPLICATION_NEW, "Daily", "");
	struct case_step refusal = by_staff(CASE_REFUSE, ANNA, id);

	s.sealed[0] = sealed(EVIDENCE_REPORTER);
	ck_refused(&s, CASE_NOT_FOUND);
	ck_go(&refusal);
	ck_refused(&s, CASE_NOT_FOUND);
}
END_TEST

/* When the evidence is erased, so is what would recognise the reader. */
START_TEST(test_reporter_is_forgotten)
{
	struct case_report p = { .place = "room@rooms.example.org",
		.post = "stanza-1",
		.reason = "spam",
		.mark = MARK };
	struct case_step s = { .action = CASE_REPORT,
		.id = fresh(),
		.jid = DAILY,
		.by = WIRE,
		.role = CASE_SELF,
		.now_s = T0,
		.report = &p,
		.sealed_count = 1 };

	(void)approved(DAILY, "Daily", "daily.example");
	s.sealed[0] = sealed(EVIDENCE_REPORTER);
	ck_go(&s);
	s = by_staff(CASE_REPORT_CLOSE, BEN, s.id);
	ck_go(&s);
	ck_assert(on_disk(MARK));
	ck_assert_uint_eq(due(T0 + 1009).erased, 0);
	ck_assert_uint_eq(due(T0 + 1010).erased, 1);
	ck_assert(!on_disk(MARK));
}
END_TEST

/* Who is restored by a person has the grace time again. */
START_TEST(test_restored_without_proof)
{
	struct case_proof p = { .domain = "daily.example",
		.method = PROOF_DNS,
		.outcome = PROOF_FAILED,
		.detail = "no answer" };
	struct case_step s = { .action = CASE_PROOF,
		.jid = DAILY,
		.by = CASE_BY_SYSTEM,
		.role = CASE_SYSTEM,
		.proof = &p,
		.now_s = T0 + 100 };
	struct case_step restore = by_staff(CASE_RESTORE, ANNA, NULL);

	(void)approved(DAILY, "Daily", "daily.example");
	ck_go(&s);
	s.now_s += rules.proof_grace_s;
	ck_go(&s);
	ck_assert(res.is_suspended);
	restore.jid = DAILY;
	restore.now_s = s.now_s + 10;
	ck_go(&restore);
	s.now_s += 20;
	ck_go(&s);
	ck_assert(!res.is_suspended);
	ck_standing(DAILY, PUBLISHER_APPROVED);
	ck_notices("submitted approved proof-lost suspended restored"
		   " proof-lost ");
	s.now_s += rules.proof_grace_s;
	ck_go(&s);
	ck_assert(res.is_suspended);
}
END_TEST

/* What anybody can do as often as they like leaves no row each time. */
START_TEST(test_history_has_limits)
{
	struct application a = fields(APPLICATION_NEW, "Wire", "wire.example");
	struct case_proof p = { .domain = "wire.example",
		.method = PROOF_DNS,
		.token = "token" };
	struct case_step s = by_self(CASE_ERASE, WIRE, NULL);

	ck_go(&s);
	ck_assert_uint_eq(res.erased, 0);
	ck_history(WIRE, "");
	ck_notices("");
	s = by_self(CASE_DRAFT, WIRE, fresh());
	s.fields = &a;
	for (int i = 0; i < 20; i++)
		ck_go(&s);
	ck_history(WIRE, "draft ");
	s = by_self(CASE_PROOF_BEGIN, WIRE, NULL);
	s.proof = &p;
	for (int i = 0; i < 3; i++)
		ck_go(&s);
	ck_refused(&s, CASE_LIMIT_ACCOUNT);
	s = by_self(CASE_ERASE, WIRE, NULL);
	for (int i = 0; i < 5; i++)
		ck_go(&s);
	ck_history(WIRE, "draft proof-begin proof-begin proof-begin erase ");
	ck_notices("erased ");
	ck_assert(!on_disk("wire.example"));
}
END_TEST

/* A reader's own words go when the reader asks, once they have been dealt
 * with; until then the limits of a day hold. */
START_TEST(test_reader_erases)
{
	struct case_report p = { .place = "room@rooms.example.org",
		.post = "stanza-1",
		.reason = "spam",
		.mark = MARK };
	const struct case_report own = { .mark = MARK };
	struct case_step s = { .action = CASE_REPORT,
		.id = fresh(),
		.jid = DAILY,
		.by = WIRE,
		.role = CASE_SELF,
		.now_s = T0,
		.report = &p,
		.sealed_count = 1 };
	struct case_step erase = by_self(CASE_ERASE, WIRE, NULL);
	struct case_step end = by_staff(CASE_REPORT_CLOSE, BEN, s.id);

	(void)approved(DAILY, "Daily", "daily.example");
	s.sealed[0] = sealed(EVIDENCE_REPORTER);
	ck_go(&s);
	erase.report = &own;
	ck_go(&erase);
	ck_assert_uint_eq(res.erased, 0);
	ck_go(&end);
	ck_go(&erase);
	ck_assert_uint_eq(res.erased, 1);
	ck_assert(!on_disk(MARK));
	ck_assert_int_eq(number("SELECT count(*) FROM evidence WHERE"
				" kind = 'reporter' AND blob NOT NULL"),
	    0);
	/* The publisher's own is untouched. */
	ck_assert_int_eq(number("SELECT count(*) FROM evidence WHERE"
				" jid = '" DAILY "' AND blob NOT NULL"),
	    1);
}
END_TEST

START_TEST(test_read_is_recorded)
{
	static struct application a;
	const char *id = submitted(DAILY, APPLICATION_NEW, "Daily", "");
	struct case_step s = by_staff(CASE_READ, BEN, NULL);

	s.role = CASE_REVIEWER;
	ck_assert_int_eq(store_application_find(fx_r, id, &a, &fx_e), 1);
	s.evidence = fresh();
	ck_refused(&s, CASE_NOT_FOUND);
	s.evidence = a.evidence;
	ck_go(&s);
	ck_assert_str_eq(res.jid, DAILY);
	ck_history(DAILY, "draft submit read ");
	s.by = DAILY;
	ck_refused(&s, CASE_ONESELF);
	s.by = WIRE;
	s.role = CASE_SELF;
	s.jid = WIRE;
	ck_refused(&s, CASE_FORBIDDEN);
}
END_TEST

/* The operator's short way leaves nothing half done. */
START_TEST(test_short_way)
{
	const char *id = submitted(DAILY, APPLICATION_NEW, "Daily", "");
	static struct application a;

	fx_ok(fx_decide(DECISION_APPROVE, DAILY, NULL, NULL));
	ck_assert_int_eq(store_application_find(fx_r, id, &a, &fx_e), 1);
	ck_assert_int_eq(a.state, APPLICATION_APPROVED);
	ck_assert_int_eq(number("SELECT count(*) FROM identities"
				" WHERE method = 'operator'"),
	    1);
	ck_notices("submitted approved ");
}
END_TEST

struct racer {
	struct store *s;
	const char *id, *by;
	pthread_barrier_t *start;
	int rc;
	struct case_result r;
};

static void *
race(void *arg)
{
	struct racer *me = arg;
	struct case_step s = by_staff(CASE_REFUSE, me->by, me->id);
	struct err e;

	s.version = 2;
	(void)pthread_barrier_wait(me->start);
	me->rc = store_case_step(me->s, &s, &rules, &me->r, &e);
	return NULL;
}

/* Two people decide in the same moment: one does, the other is told. */
START_TEST(test_race)
{
	static struct racer two[2];
	pthread_barrier_t start;
	pthread_t threads[2];
	struct store *other = NULL;
	const char *id = submitted(DAILY, APPLICATION_NEW, "Daily", "");

	ck_assert_int_eq(res.version, 2);
	fx_ok(store_open(&other, fx_url, STORE_WRITE, &fx_e));
	(void)pthread_barrier_init(&start, NULL, 2);
	two[0] =
	    (struct racer){ .s = fx_w, .id = id, .by = ANNA, .start = &start };
	two[1] =
	    (struct racer){ .s = other, .id = id, .by = CARA, .start = &start };
	for (int i = 0; i < 2; i++)
		(void)pthread_create(&threads[i], NULL, race, &two[i]);
	for (int i = 0; i < 2; i++)
		(void)pthread_join(threads[i], NULL);
	ck_assert_int_eq(two[0].rc + two[1].rc, -1);
	for (int i = 0; i < 2; i++)
		if (two[i].rc == -1) {
			ck_assert(two[i].r.is_refused);
			ck_assert_int_eq(two[i].r.refusal, CASE_CHANGED);
			ck_assert_str_eq(two[i].r.by, two[1 - i].by);
		}
	store_close(other);
	(void)pthread_barrier_destroy(&start);
}
END_TEST

/* All steps go on record, but a draft that was there already, and an erasure
 * that had nothing to erase. */
static bool
is_recorded(const struct case_step *s)
{
	return !(s->action == CASE_DRAFT && res.version > 1) &&
	    !(s->action == CASE_ERASE && !res.has_notices);
}

/* Random steps of anybody: no state that the rules forbid, and a history
 * that has each step that was done, and none that was not. */
START_TEST(test_random)
{
	static const char *const people[] = { DAILY, WIRE, ANNA, CARA };
	static const char *ids[4];
	char kept[4][CASE_ID_LEN + 1];
	struct case_rules many = rules;
	unsigned seed = 4711u + (unsigned)_i;
	int64_t done = 0;

	many.applications_per_account = many.proofs_per_account = 10000;
	many.applications_per_domain = 10000;
	for (int i = 0; i < 4; i++) {
		(void)snprintf(kept[i], sizeof kept[i], "%s", fresh());
		ids[i] = kept[i];
	}
	for (int n = 0; n < 2500; n++) {
		unsigned who = (unsigned)rand_r(&seed) % 4;
		const char *jid = people[(unsigned)rand_r(&seed) % 2];
		struct application a =
		    fields((enum application_kind)(1 + rand_r(&seed) % 3),
			who % 2 ? "One" : "Two", "d.example");
		struct case_proof p = { .domain = "d.example",
			.method = PROOF_DNS,
			.token = "t",
			.outcome =
			    (enum proof_outcome)(1 + rand_r(&seed) % 3) };
		static struct application now;
		struct case_step s = { .action = (enum case_action)(1 +
					   rand_r(&seed) %
					       (CASE_ACTION_COUNT - 1)),
			.id = ids[who],
			.jid = jid,
			.by = people[(unsigned)rand_r(&seed) % 4],
			.role = rand_r(&seed) % 2 ? CASE_SELF : CASE_APPROVER,
			.now_s = T0 + n,
			.reason = "r",
			.category = "news",
			.until_s = T0 + n + 5000,
			.method = CASE_METHOD_DOCUMENT,
			.fields = &a,
			.proof = &p,
			.sealed_count = 1 };

		if (store_application_current(fx_r, jid, &now, &fx_e) == 1 &&
		    rand_r(&seed) % 4 != 0)
			s.id = now.id;
		else if (s.action == CASE_DRAFT)
			s.id = fresh();
		if (rand_r(&seed) % 4 != 0 && s.role == CASE_SELF)
			s.by = jid;
		if (s.action == CASE_PROOF || s.action == CASE_PROOF_BEGIN ||
		    (s.action >= CASE_SUSPEND && s.action <= CASE_AGREE) ||
		    s.action == CASE_ERASE)
			s.id = NULL;
		if (s.role != CASE_SELF && rand_r(&seed) % 8 != 0)
			s.by = people[2 + (unsigned)rand_r(&seed) % 2];
		s.sealed[0] = sealed(EVIDENCE_APPLICATION);
		if (rand_r(&seed) % 3 == 0)
			a.kind = APPLICATION_NEW;
		if (rand_r(&seed) % 8 == 0)
			s.role = (enum case_role)(1 + rand_r(&seed) % 5);
		if (go_with(&s, &many) == 0)
			done += is_recorded(&s);
		else
			ck_assert_msg(res.is_refused, "%s: %s",
			    case_action_name(s.action), fx_e.text);
	}
	ck_assert_int_gt(done, 30);
	ck_assert_int_eq(number("SELECT count(*) FROM events"), done);
	/* A publisher is applied or in review exactly while a new one of its
	 * applications is open, or undecided categories of it are. */
	ck_assert_int_eq(
	    number(
		"SELECT count(*) FROM publishers p WHERE state IN ('applied',"
		" 'in-review') AND NOT EXISTS (SELECT 1 FROM applications a"
		" WHERE a.jid = p.jid AND a.kind = 'new'"
		" AND a.state IN ('open', 'asked'))"),
	    0);
	ck_assert_int_eq(
	    number(
		"SELECT count(*) FROM publishers p WHERE state = 'approved'"
		" AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.jid = p.jid)"),
	    0);
	ck_assert_int_eq(
	    number(
		"SELECT count(*) FROM applications a WHERE kind = 'new' AND"
		" state IN ('open', 'asked') AND NOT EXISTS (SELECT 1 FROM"
		" publishers p WHERE p.jid = a.jid AND p.state IN ('applied',"
		" 'in-review', 'approved', 'suspended'))"),
	    0);
	ck_assert_int_eq(
	    number(
		"SELECT count(*) FROM decisions d WHERE decided_by = jid AND action"
		" IN ('approve', 'refuse', 'suspend', 'restore', 'revoke')"),
	    0);
}
END_TEST

/* What must hold after any end of any step. */
static void
ck_whole(void)
{
	static const char *const nothing[] = {
		/* A step and its event are one. */
		"SELECT count(*) FROM applications a WHERE version <>"
		" (SELECT count(*) FROM events v WHERE v.object = a.id"
		" AND v.action IN ('draft', 'submit', 'withdraw'))",
		"SELECT count(*) FROM applications a WHERE evidence <> ''"
		" AND NOT EXISTS (SELECT 1 FROM evidence v"
		" WHERE v.id = a.evidence)",
		"SELECT count(*) FROM applications a WHERE state = 'open'"
		" AND NOT EXISTS (SELECT 1 FROM publishers p"
		" WHERE p.jid = a.jid AND p.state = 'applied')",
		"SELECT count(*) FROM publishers p WHERE state = 'applied'"
		" AND NOT EXISTS (SELECT 1 FROM applications a"
		" WHERE a.jid = p.jid AND a.state = 'open')",
		"SELECT count(*) FROM events v WHERE action = 'submit' AND"
		" v.decision IS NULL",
		"SELECT (SELECT count(*) FROM events WHERE action = 'submit')"
		" + (SELECT count(*) FROM events WHERE action = 'withdraw')"
		" - (SELECT count(*) FROM notices)",
		"SELECT count(*) FROM pragma_foreign_key_check",
		"SELECT count(*) FROM pragma_integrity_check WHERE"
		" integrity_check <> 'ok'",
	};

	for (size_t i = 0; i < COUNT(nothing); i++)
		ck_assert_msg(number(nothing[i]) == 0, "%s", nothing[i]);
}

/* Applies and withdraws for ever. */
static _Noreturn void
apply_for_ever(void)
{
	struct case_rules many = rules;
	struct store *s = NULL;
	struct case_result r;
	struct err e;

	many.applications_per_account = many.applications_per_domain = 100000;
	if (store_open(&s, fx_url, STORE_WRITE, &e) < 0)
		_exit(1);
	for (;;) {
		struct application a =
		    fields(APPLICATION_NEW, "Daily", "daily.example");
		struct case_step step = by_self(CASE_DRAFT, DAILY, fresh());

		step.fields = &a;
		step.sealed[0] = sealed(EVIDENCE_APPLICATION);
		step.sealed_count = 1;
		if (store_case_step(s, &step, &many, &r, &e) < 0)
			_exit(2);
		step = by_self(CASE_SUBMIT, DAILY, step.id);
		if (store_case_step(s, &step, &many, &r, &e) < 0)
			_exit(3);
		step.action = CASE_WITHDRAW;
		if (store_case_step(s, &step, &many, &r, &e) < 0)
			_exit(4);
	}
}

/* Killed in the middle of whatever it was: nothing is half done, and the
 * account goes on where it was. */
START_TEST(test_kill)
{
	for (int i = 0; i < 12; i++) {
		const struct timespec t = { .tv_nsec = 40000000 + i * 7300000 };
		struct case_step step = by_self(CASE_WITHDRAW, DAILY, NULL);
		static struct application now;
		pid_t child;
		int status;

		next_id += 100000;
		child = fork();
		ck_assert_int_ge(child, 0);
		if (child == 0)
			apply_for_ever();
		(void)nanosleep(&t, NULL);
		ck_assert_int_eq(kill(child, SIGKILL), 0);
		ck_assert_int_eq(waitpid(child, &status, 0), child);
		ck_assert_msg(WIFSIGNALED(status), "ended by itself: %d",
		    WEXITSTATUS(status));
		fx_close_all();
		fx_open_writer();
		fx_open_reader();
		ck_whole();
		if (store_application_current(fx_r, DAILY, &now, &fx_e) == 1) {
			bool is_draft = now.state == APPLICATION_DRAFT;

			step.id = now.id;
			ck_go(&step);
			/* Of a withdrawn draft there is nothing to tell. */
			if (is_draft)
				fx_ok(store_notice_done(fx_w, NULL, 0, &fx_e));
			if (is_draft)
				(void)number("INSERT INTO notices (at_s,"
					     " date_s, jid, lang, kind,"
					     " category, reason, name, domain,"
					     " application, evidence) VALUES"
					     " (0, 0, '', '', 'x', '', '', '',"
					     " '', '', '') RETURNING 1");
		}
	}
	ck_assert_int_gt(number("SELECT count(*) FROM events"), 12);
}
END_TEST

/* A full disk and a lock are no rule: said so, and nothing has changed. */
START_TEST(test_full_and_locked)
{
	const char *id = submitted(DAILY, APPLICATION_NEW, "Daily", "");
	struct case_step s = by_staff(CASE_REFUSE, ANNA, id);
	struct rlimit limit, small;
	int64_t events = number("SELECT count(*) FROM events");
	sqlite3 *db = NULL;

	(void)signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = (struct rlimit){ 4096, limit.rlim_max };
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(go(&s), -1);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert(!res.is_refused);
	ck_assert_int_eq(res.refusal, CASE_ALLOWED);
	ck_assert_int_eq(number("SELECT count(*) FROM events"), events);
	ck_standing(DAILY, PUBLISHER_APPLIED);

	ck_assert_int_eq(sqlite3_open(fx_path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL),
	    SQLITE_OK);
	fx_fails(go(&s), "locked");
	ck_assert(!res.is_refused);
	(void)sqlite3_close(db);
	ck_go(&s);
	ck_standing(DAILY, PUBLISHER_REJECTED);
}
END_TEST

/* A queue of a hundred thousand is read a page at a time, and no page takes
 * longer than another. */
struct page {
	int64_t after_s;
	char after_id[CASE_ID_LEN + 1];
	unsigned count;
};

static int
turn_page(void *arg, const struct application *a)
{
	struct page *p = arg;

	p->after_s = a->since_s;
	(void)snprintf(p->after_id, sizeof p->after_id, "%s", a->id);
	p->count++;
	return 0;
}

START_TEST(test_long_queue)
{
	struct page p = { .after_s = 0 };
	unsigned pages = 0, before;

	(void)number("INSERT INTO applications (id, jid, host, kind, state,"
		     " version, created_s, since_s, changed_s, changed_by,"
		     " lang, name, organisation, domain, website)"
		     " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL"
		     " SELECT i + 1 FROM n WHERE i < 100000)"
		     " SELECT printf('q%021d', i), 'a' || i || '@h.example',"
		     " 'h.example', 'new', 'open', 1, 1, 1 + i / 7, 1, 'x',"
		     " '', 'N' || i, '', '', '' FROM n RETURNING 1");
	do {
		const struct application_page page = { .state =
							   APPLICATION_OPEN,
			.after_s = p.after_s,
			.after_id = p.after_id,
			.limit = 1000 };

		before = p.count;
		fx_ok(
		    store_application_list(fx_r, &page, turn_page, &p, &fx_e));
		pages++;
	} while (p.count > before);
	ck_assert_uint_eq(p.count, 100000);
	ck_assert_uint_eq(pages, 101);
}
END_TEST

/*
 * A register as the first release left it, with a publisher who is approved,
 * one who is suspended, and one without any category.
 */
static const char step_1_data[] =
    "INSERT INTO categories VALUES ('news', 'News', NULL);"
    "INSERT INTO publishers (jid, name, state, state_since_s, changed_serial)"
    " VALUES ('" DAILY "', 'Daily', 'applied', 5, 2),"
    " ('" WIRE "', 'Wire', 'applied', 5, 2),"
    " ('" ANNA "', 'Anna', 'applied', 5, 2);"
    "INSERT INTO decisions (jid, at_s, action, decided_by, reason, serial)"
    " VALUES ('" DAILY "', 6, 'approve', 'ctl', 'seen', 3),"
    " ('" WIRE "', 7, 'suspend', 'ctl', 'not paid', 4),"
    " ('" ANNA "', 7, 'add', 'ctl', '', 5);"
    "UPDATE publishers SET state = 'approved', case_id = 1"
    " WHERE jid = '" DAILY "';"
    "UPDATE publishers SET state = 'suspended', case_id = 2"
    " WHERE jid = '" WIRE "';"
    "UPDATE publishers SET case_id = 3 WHERE jid = '" ANNA "';"
    "INSERT INTO approvals VALUES ('" DAILY "', 'news', 6, 1900000000, 1),"
    " ('" WIRE "', 'news', 6, 1900000000, 2);"
    "UPDATE meta SET serial = 9;";

START_TEST(test_migration)
{
	struct sqlite s = { .path = fx_path, .mode = STORE_WRITE };
	struct fx_answer a;
	struct case_step step = by_self(CASE_LEAVE, WIRE, NULL);

	fx_folder();
	ck_assert_int_eq(sqlite3_open(fx_path, &s.db), SQLITE_OK);
	fx_ok(sqlite_migrate(&s, 1, &fx_e));
	ck_assert_int_eq(sqlite3_exec(s.db, step_1_data, NULL, NULL, NULL),
	    SQLITE_OK);
	ck_assert_int_eq(sqlite3_close(s.db), SQLITE_OK);
	ck_assert_int_eq(number("PRAGMA user_version"), 1);

	fx_open_writer();
	fx_open_reader();
	ck_assert_int_gt(number("PRAGMA user_version"), 1);
	a = fx_lookup(DAILY);
	ck_assert_int_eq(a.found, 1);
	ck_assert_int_eq(a.serial, 9);
	ck_assert_int_eq(a.p.state, PUBLISHER_APPROVED);
	ck_assert_uint_eq(a.p.approval_count, 1);
	ck_assert_int_eq(a.p.approvals[0].until_s, 1900000000);
	ck_assert_int_eq(a.p.approvals[0].lapse_s, 0);
	a = fx_lookup(WIRE);
	ck_assert_str_eq(a.p.state_reason, "not paid");
	ck_assert_uint_eq(fx_lookup(ANNA).p.approval_count, 0);
	/* And life goes on. */
	ck_go(&step);
	ck_standing(WIRE, PUBLISHER_WITHDRAWN);
	fx_tear_down();
}
END_TEST

int
main(void)
{
	TCase *old = tcase_create("migration");
	Suite *s = suite_create("cases");
	TCase *c = tcase_create("cases");

	tcase_add_checked_fixture(c, fx_set_up, fx_tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_whole_way);
	tcase_add_test(c, test_two_people);
	tcase_add_test(c, test_category_wants_two);
	tcase_add_test(c, test_nobody_about_themselves);
	tcase_add_test(c, test_roles);
	tcase_add_test(c, test_once_and_limits);
	tcase_add_test(c, test_names);
	tcase_add_test(c, test_change_and_renewal);
	tcase_add_test(c, test_appeal);
	tcase_add_test(c, test_suspension_and_appeal);
	tcase_add_test(c, test_lost_proof);
	tcase_add_test(c, test_old_proof);
	tcase_add_test(c, test_reports);
	tcase_add_test(c, test_agreements);
	tcase_add_test(c, test_due);
	tcase_add_test(c, test_late_reminder);
	tcase_add_test(c, test_erase);
	tcase_add_test(c, test_vote_runs_out);
	tcase_add_test(c, test_former_approver);
	tcase_add_test(c, test_left_domain);
	tcase_add_test(c, test_answer_keeps_decisions);
	tcase_add_test(c, test_renewal_accepts);
	tcase_add_test(c, test_withdraws_the_rest);
	tcase_add_test(c, test_category_goes);
	tcase_add_test(c, test_upheld_keeps_nothing_else);
	tcase_add_test(c, test_late_renewal);
	tcase_add_test(c, test_report_tells_no_application);
	tcase_add_test(c, test_reporter_is_forgotten);
	tcase_add_test(c, test_restored_without_proof);
	tcase_add_test(c, test_history_has_limits);
	tcase_add_test(c, test_reader_erases);
	tcase_add_test(c, test_read_is_recorded);
	tcase_add_test(c, test_short_way);
	tcase_add_test(c, test_race);
	tcase_add_test(c, test_kill);
	tcase_add_test(c, test_full_and_locked);
	tcase_add_test(c, test_long_queue);
	tcase_add_loop_test(c, test_random, 0, 5);
	suite_add_tcase(s, c);
	tcase_add_test(old, test_migration);
	suite_add_tcase(s, old);
	return unit_run(s);
}

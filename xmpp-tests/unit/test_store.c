/* The register as its users see it, whatever keeps it. */
#include "store/store.h"

#include <pthread.h>

#include "unit/store_fixture.h"

static void
ck_state(const char *jid, enum publisher_state want)
{
	struct publisher p;

	ck_assert_int_eq(store_publisher_find(fx_r, jid, &p, &fx_e), 1);
	ck_assert_msg(p.state == want, "%s is %s, want %s", jid,
	    publisher_state_name(p.state), publisher_state_name(want));
}

START_TEST(test_life)
{
	struct publisher p;
	int64_t serial, last;

	ck_assert_int_eq(store_publisher_find(fx_r, DAILY, &p, &fx_e), 0);
	fx_ok(store_serial(fx_r, &last, &fx_e));
	static const struct {
		enum decision_action action;
		enum publisher_state want;
	} steps[] = {
		{ DECISION_ADD, PUBLISHER_APPLIED },
		{ DECISION_APPROVE, PUBLISHER_APPROVED },
		{ DECISION_RENAME, PUBLISHER_APPROVED },
		{ DECISION_SUSPEND, PUBLISHER_SUSPENDED },
		{ DECISION_RESTORE, PUBLISHER_APPROVED },
		{ DECISION_REVOKE, PUBLISHER_REVOKED },
		{ DECISION_ADD, PUBLISHER_APPLIED },
	};
	for (size_t i = 0; i < COUNT(steps); i++) {
		fx_ok(fx_decide(steps[i].action, DAILY, "Daily", &serial));
		ck_state(DAILY, steps[i].want);
		ck_assert_int_eq(serial, last + 1);
		last = serial;
	}
	fx_ok(store_serial(fx_r, &serial, &fx_e));
	ck_assert_int_eq(serial, last);
	/* What was approved before is not approved again by applying. */
	ck_assert_int_eq(store_publisher_find(fx_r, DAILY, &p, &fx_e), 1);
	ck_assert_uint_eq(p.approval_count, 0);
}
END_TEST

START_TEST(test_illegal_changes_nothing)
{
	int64_t before, after;

	fx_approved(DAILY, "Daily");
	fx_ok(store_serial(fx_r, &before, &fx_e));
	fx_fails(fx_decide(DECISION_ADD, DAILY, "Daily", NULL), "already");
	fx_fails(fx_decide(DECISION_RESTORE, DAILY, NULL, NULL),
	    "only a suspended");
	fx_fails(fx_decide(DECISION_SUSPEND, WIRE, NULL, NULL),
	    "not on the register");
	fx_fails(fx_decide(DECISION_ADD, WIRE, " Daily ", NULL),
	    "belongs to " DAILY);
	fx_ok(store_serial(fx_r, &after, &fx_e));
	ck_assert_int_eq(after, before);
	ck_assert_int_eq(fx_lookup(WIRE).found, 0);
}
END_TEST

START_TEST(test_record)
{
	struct decision d = { .action = DECISION_ADD,
		.jid = DAILY,
		.by = "ctl",
		.name = " Daily Example ",
		.now_s = 50 };
	struct publisher p;
	int64_t serial, case_id;

	fx_ok(store_decide(fx_w, &d, &serial, &case_id, &fx_e));
	d = (struct decision){ .action = DECISION_APPROVE,
		.jid = DAILY,
		.by = "anna@example.org",
		.reason = "register extract seen",
		.category = "sport",
		.now_s = 100,
		.until_s = 200 };
	fx_ok(store_decide(fx_w, &d, &serial, &case_id, &fx_e));
	d.category = "news";
	d.reason = "press card seen";
	d.now_s = 110;
	fx_ok(store_decide(fx_w, &d, &serial, &case_id, &fx_e));

	ck_assert_int_eq(store_publisher_find(fx_r, DAILY, &p, &fx_e), 1);
	ck_assert_str_eq(p.jid, DAILY);
	ck_assert_str_eq(p.name, "Daily Example");
	ck_assert_int_eq(p.state, PUBLISHER_APPROVED);
	ck_assert_int_eq(p.state_since_s, 100);
	ck_assert_str_eq(p.state_reason, "press card seen");
	ck_assert_int_eq(p.case_id, case_id);
	ck_assert_uint_eq(p.approval_count, 2);
	ck_assert_int_eq(publisher_approval(&p, "sport")->since_s, 100);
	ck_assert_int_eq(publisher_approval(&p, "sport")->until_s, 200);
	ck_assert_int_eq(publisher_approval(&p, "news")->since_s, 110);
}
END_TEST

/* An approval that runs is prolonged; one that has ended begins anew. */
START_TEST(test_prolong)
{
	struct decision d = { .action = DECISION_APPROVE,
		.jid = DAILY,
		.by = "ctl",
		.reason = "again",
		.category = "news",
		.now_s = T0 + 999,
		.until_s = T0 + 5000 };
	struct publisher p;
	int64_t serial;

	fx_approved(DAILY, "Daily");
	fx_ok(store_decide(fx_w, &d, &serial, NULL, &fx_e));
	ck_assert_int_eq(store_publisher_find(fx_r, DAILY, &p, &fx_e), 1);
	ck_assert_uint_eq(p.approval_count, 1);
	ck_assert_int_eq(p.approvals[0].since_s, T0);
	ck_assert_int_eq(p.approvals[0].until_s, T0 + 5000);

	d.now_s = T0 + 5000;
	d.until_s = T0 + 6000;
	fx_ok(store_decide(fx_w, &d, &serial, NULL, &fx_e));
	ck_assert_int_eq(store_publisher_find(fx_r, DAILY, &p, &fx_e), 1);
	ck_assert_int_eq(p.approvals[0].since_s, T0 + 5000);
}
END_TEST

START_TEST(test_categories)
{
	const char *const one[] = { "sport" };
	const char *const title[] = { "Sport" };
	struct decision d = { .action = DECISION_APPROVE,
		.jid = DAILY,
		.by = "ctl",
		.reason = "r",
		.category = "weather",
		.now_s = T0,
		.until_s = T0 + 1 };
	int64_t serial, again;

	fx_approved(DAILY, "Daily");
	fx_fails(store_decide(fx_w, &d, &serial, NULL, &fx_e),
	    "no category \"weather\"");
	again = fx_sync_categories();
	fx_ok(store_serial(fx_r, &serial, &fx_e));
	ck_assert_int_eq(again, serial); /* nothing changed */

	/* A category that is gone keeps its approvals, and takes no more. */
	fx_ok(store_sync_config(fx_w, one, title, 1, NULL, 0, T0, &serial,
	    &fx_e));
	ck_assert_int_eq(serial, again + 1);
	ck_assert_uint_eq(fx_lookup(DAILY).p.approval_count, 1);
	fx_fails(fx_decide(DECISION_APPROVE, DAILY, NULL, NULL),
	    "no category \"news\"");
	ck_assert_int_eq(fx_sync_categories(), serial + 1);
	fx_ok(fx_decide(DECISION_APPROVE, DAILY, NULL, NULL));
}
END_TEST

START_TEST(test_too_many_categories)
{
	char ids[PUBLISHER_APPROVALS_MAX + 1][8];
	const char *p[PUBLISHER_APPROVALS_MAX + 1];
	struct decision d = { .action = DECISION_APPROVE,
		.jid = DAILY,
		.by = "ctl",
		.reason = "r",
		.now_s = T0,
		.until_s = T0 + 1 };
	int64_t serial;

	for (size_t i = 0; i < COUNT(ids); i++) {
		(void)snprintf(ids[i], sizeof ids[i], "c%zu", i);
		p[i] = ids[i];
	}
	fx_ok(store_sync_config(fx_w, p, p, COUNT(p), NULL, 0, T0, &serial,
	    &fx_e));
	fx_ok(fx_decide(DECISION_ADD, DAILY, "Daily", NULL));
	for (size_t i = 0; i < PUBLISHER_APPROVALS_MAX; i++) {
		d.category = p[i];
		fx_ok(store_decide(fx_w, &d, &serial, NULL, &fx_e));
	}
	d.category = p[PUBLISHER_APPROVALS_MAX];
	fx_fails(store_decide(fx_w, &d, &serial, NULL, &fx_e), "the most");
	d.category = p[0]; /* prolonging is no more */
	fx_ok(store_decide(fx_w, &d, &serial, NULL, &fx_e));
	ck_assert_uint_eq(fx_lookup(DAILY).p.approval_count,
	    PUBLISHER_APPROVALS_MAX);
}
END_TEST

START_TEST(test_staff_sync)
{
	const struct staff_entry staff[] = {
		{ "anna@example.org", "approver" },
		{ "ben@example.org", "reviewer" },
		{ "anna@example.org", "reviewer" },
	};
	int64_t first, serial;

	fx_ok(store_serial(fx_r, &first, &fx_e));
	for (int i = 0; i < 2; i++) {
		const char *const ids[] = { "news", "sport" };
		const char *const titles[] = { "News", "Sport" };

		fx_ok(store_sync_config(fx_w, ids, titles, 2, staff, 3, T0,
		    &serial, &fx_e));
		ck_assert_int_eq(serial, first + 1);
	}
	ck_assert_int_eq(fx_sync_categories(), first + 2); /* no staff now */
}
END_TEST

/* Lines "id action by reason category name until". */
static int
add_line(void *arg, const struct decision_row *d)
{
	char *text = arg;
	size_t used = strlen(text);

	(void)snprintf(text + used, 1024 - used,
	    "%lld %s|%s|%s|%s|%s|%lld@%lld\n", (long long)d->id, d->action,
	    d->by, d->reason, d->category, d->name, (long long)d->until_s,
	    (long long)d->at_s);
	return 0;
}

START_TEST(test_history)
{
	char text[1024] = "";

	fx_approved(DAILY, "Daily");
	fx_approved(WIRE, "Wire");
	fx_ok(fx_decide(DECISION_RENAME, DAILY, "Daily Example", NULL));
	fx_ok(fx_decide(DECISION_REVOKE, DAILY, NULL, NULL));
	fx_ok(fx_decide(DECISION_ADD, DAILY, "Daily", NULL));
	fx_ok(store_history(fx_r, DAILY, add_line, text, &fx_e));
	ck_assert_str_eq(text,
	    "1 add|mastheadctl:root|as agreed||Daily|0@1700000000\n"
	    "2 approve|mastheadctl:root|as agreed|news||1700001000@1700000000\n"
	    "5 rename|mastheadctl:root|as agreed||Daily Example|0@1700000000\n"
	    "6 revoke|mastheadctl:root|as agreed|||0@1700000000\n"
	    "7 add|mastheadctl:root|as agreed||Daily|0@1700000000\n");
	text[0] = '\0';
	fx_ok(store_history(fx_r, "nobody@example.org", add_line, text, &fx_e));
	ck_assert_str_eq(text, "");
}
END_TEST

struct listing {
	char text[512];
	int stop_after;
};

static int
add_jid(void *arg, const struct publisher *p)
{
	struct listing *l = arg;
	size_t used = strlen(l->text);

	(void)snprintf(l->text + used, sizeof l->text - used, "%.1s:%u ",
	    p->jid, p->approval_count);
	return --l->stop_after == 0;
}

static const struct {
	const char *label, *after;
	unsigned limit;
	enum publisher_state state;
	int stop_after;
	const char *want;
} lists[] = {
	{ "all", NULL, 99, PUBLISHER_NONE, 0, "a:1 b:0 c:1 d:1 " },
	{ "after b", "b@x", 99, PUBLISHER_NONE, 0, "c:1 d:1 " },
	{ "two", NULL, 2, PUBLISHER_NONE, 0, "a:1 b:0 " },
	{ "approved", NULL, 99, PUBLISHER_APPROVED, 0, "a:1 d:1 " },
	{ "suspended after a", "a@x", 99, PUBLISHER_SUSPENDED, 0, "c:1 " },
	{ "rejected", NULL, 99, PUBLISHER_REJECTED, 0, "" },
	{ "stopped", NULL, 99, PUBLISHER_NONE, 3, "a:1 b:0 c:1 " },
};

START_TEST(test_list)
{
	struct listing l = { .stop_after = lists[_i].stop_after };
	int64_t counts[PUBLISHER_WITHDRAWN + 1];

	fx_approved("a@x", "A");
	fx_ok(fx_decide(DECISION_ADD, "b@x", "B", NULL));
	fx_approved("d@x", "D");
	fx_approved("c@x", "C");
	fx_ok(fx_decide(DECISION_SUSPEND, "c@x", NULL, NULL));
	fx_ok(store_publisher_list(fx_r, lists[_i].after, lists[_i].limit,
	    lists[_i].state, add_jid, &l, &fx_e));
	ck_assert_str_eq(l.text, lists[_i].want);
	fx_ok(store_publisher_count(fx_r, counts, &fx_e));
	ck_assert_int_eq(counts[PUBLISHER_APPROVED], 2);
	ck_assert_int_eq(counts[PUBLISHER_APPLIED], 1);
	ck_assert_int_eq(counts[PUBLISHER_SUSPENDED], 1);
	ck_assert_int_eq(counts[PUBLISHER_REVOKED], 0);
}
END_TEST

START_TEST(test_lookup)
{
	struct fx_answer a;
	int64_t serial;

	fx_approved(DAILY, "Daily");
	a = fx_lookup(DAILY);
	ck_assert_int_eq(a.found, 1);
	ck_assert_str_eq(a.p.name, "Daily");
	ck_assert_str_eq(a.p.approvals[0].category, "news");
	ck_assert_str_eq(a.p.state_reason, "");
	fx_ok(store_serial(fx_r, &serial, &fx_e));
	ck_assert_int_eq(a.serial, serial);

	a = fx_lookup("nobody@example.org");
	ck_assert_int_eq(a.found, 0);
	ck_assert_int_eq(a.serial, serial);

	fx_ok(fx_decide(DECISION_SUSPEND, DAILY, NULL, &serial));
	a = fx_lookup(DAILY);
	ck_assert_int_eq(a.p.state, PUBLISHER_SUSPENDED);
	ck_assert_str_eq(a.p.state_reason, "as agreed");
	ck_assert_int_eq(a.serial, serial);
}
END_TEST

START_TEST(test_snapshot)
{
	int64_t serial, later;
	struct fx_answer a;

	fx_approved(DAILY, "Daily");
	fx_ok(store_lookup_begin(fx_r, &serial, &fx_e));
	fx_ok(fx_decide(DECISION_SUSPEND, DAILY, NULL, &later));
	a = fx_lookup(DAILY);
	ck_assert_int_eq(a.p.state, PUBLISHER_APPROVED);
	ck_assert_int_eq(a.serial, serial);
	store_lookup_end(fx_r);
	a = fx_lookup(DAILY);
	ck_assert_int_eq(a.p.state, PUBLISHER_SUSPENDED);
	ck_assert_int_eq(a.serial, later);
}
END_TEST

#define RENAMES 150

static void *
rename_often(void *arg)
{
	char name[32];

	for (int i = 1; i <= RENAMES; i++) {
		(void)snprintf(name, sizeof name, "%d", i);
		if (fx_decide(DECISION_RENAME, DAILY, name, NULL) < 0)
			return arg;
	}
	return NULL;
}

/* A reader beside the writer: never an error, and name and serial always
 * belong together. */
START_TEST(test_writer_beside_reader)
{
	pthread_t writer;
	void *failed;
	int64_t base;
	long seen = 0;

	fx_ok(fx_decide(DECISION_ADD, DAILY, "0", &base));
	ck_assert_int_eq(pthread_create(&writer, NULL, rename_often, fx_url),
	    0);
	for (long looks = 0; seen < RENAMES && looks < 5000000; looks++) {
		struct fx_answer a = fx_lookup(DAILY);

		ck_assert_msg(a.found == 1, "%d: %s", a.found, a.e.text);
		seen = strtol(a.p.name, NULL, 10);
		ck_assert_int_eq(seen, a.serial - base);
	}
	ck_assert_int_eq(pthread_join(writer, &failed), 0);
	ck_assert_msg(failed == NULL, "%s", fx_e.text);
	ck_assert_int_eq(seen, RENAMES);
}
END_TEST

/* Whether any file of the register has these bytes. */
static int
files_contain(const char *needle)
{
	static const char *const suffixes[] = { "", "-wal", "-shm" };
	static char bytes[1 << 22];
	int found = 0;

	for (size_t i = 0; i < COUNT(suffixes); i++) {
		char path[160];
		size_t len, need = strlen(needle);
		FILE *f;

		(void)snprintf(path, sizeof path, "%s%s", fx_path, suffixes[i]);
		if ((f = fopen(path, "rb")) == NULL)
			continue;
		len = fread(bytes, 1, sizeof bytes, f);
		(void)fclose(f);
		for (size_t at = 0; at + need <= len; at++)
			found |= memcmp(bytes + at, needle, need) == 0;
	}
	return found;
}

START_TEST(test_unknown_accounts_leave_no_trace)
{
	char jid[64];

	fx_approved(DAILY, "Daily");
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(jid, sizeof jid, "Quietreader%d@example.net", i);
		ck_assert_int_eq(fx_lookup(jid).found, 0);
	}
	ck_assert_int_eq(files_contain("Quietreader"), 0);
	ck_assert_int_eq(files_contain(DAILY), 1);
	fx_close_all();
	ck_assert_int_eq(files_contain("Quietreader"), 0);
	ck_assert_int_eq(files_contain(DAILY), 1);
}
END_TEST

/*
 * Tokens.
 */

static struct token_row
token(const char *id, int64_t iat_s, int64_t serial)
{
	struct token_row t = { .kid = "k1",
		.iat_s = iat_s,
		.exp_s = iat_s + 100,
		.serial = serial };

	(void)snprintf(t.id, sizeof t.id, "%s", id);
	(void)snprintf(t.text, sizeof t.text, "head.%s.tail", id);
	return t;
}

static int
find_token(const char *occupant, const char *kid, struct token_row *r)
{
	return store_token_find(fx_r, DAILY, "xmpp:room@x", occupant, kid, r,
	    &fx_e);
}

static void
add_token(const char *id, int64_t iat_s, int64_t serial)
{
	struct token_row t = token(id, iat_s, serial);

	fx_ok(store_token_add(fx_w, DAILY, "xmpp:room@x", "occ:1", &t, &fx_e));
}

START_TEST(test_token)
{
	struct token_row t = token("x", 1, 1);
	int64_t serial, after;

	fx_approved(DAILY, "Daily");
	fx_ok(store_serial(fx_r, &serial, &fx_e));
	ck_assert_int_eq(find_token("occ:1", "k1", &t), 0);
	add_token("a", 100, serial);
	add_token("b", 150, serial);
	ck_assert_int_eq(find_token("occ:1", "k1", &t), 1);
	ck_assert_str_eq(t.id, "b");
	ck_assert_str_eq(t.text, "head.b.tail");
	ck_assert_str_eq(t.kid, "k1");
	ck_assert_int_eq(t.iat_s, 150);
	ck_assert_int_eq(t.exp_s, 250);
	ck_assert_int_eq(find_token("occ:2", "k1", &t), 0);
	ck_assert_int_eq(find_token("occ:1", "k2", &t), 0);
	ck_assert_int_eq(store_token_find(fx_r, DAILY, "xmpp:other@x", "occ:1",
			     "k1", &t, &fx_e),
	    0);
	ck_assert_int_eq(store_token_by_id(fx_r, "a", &t, &fx_e), 1);
	ck_assert_int_eq(store_token_by_id(fx_r, "A", &t, &fx_e), 0);
	fx_ok(store_serial(fx_r, &after, &fx_e));
	ck_assert_int_eq(after, serial);
	fx_fails(store_token_add(fx_w, WIRE, "a", "o", &t, &fx_e),
	    "not on the register");
}
END_TEST

/* Also a token that was signed before a change and stored after it. */
START_TEST(test_change_voids_tokens)
{
	struct token_row t;
	int64_t before, after;

	fx_approved(DAILY, "Daily");
	fx_ok(store_serial(fx_r, &before, &fx_e));
	add_token("a", 100, before);
	fx_ok(fx_decide(DECISION_RENAME, DAILY, "New", &after));
	ck_assert_int_eq(find_token("occ:1", "k1", &t), 0);
	add_token("b", 100, before);
	ck_assert_int_eq(find_token("occ:1", "k1", &t), 0);
	add_token("c", 100, after);
	ck_assert_int_eq(find_token("occ:1", "k1", &t), 1);
	ck_assert_str_eq(t.id, "c");
	/* Somebody else's change is none of its. */
	fx_approved(WIRE, "Wire");
	ck_assert_int_eq(find_token("occ:1", "k1", &t), 1);
	/* In an archive they still count. */
	ck_assert_int_eq(store_token_by_id(fx_r, "a", &t, &fx_e), 1);
}
END_TEST

/* The same claims in the same second are the same token: two checks around a
 * change of the register sign it twice. */
START_TEST(test_token_twice)
{
	struct token_row t;
	int64_t before, after;

	fx_approved(DAILY, "Daily");
	fx_ok(store_serial(fx_r, &before, &fx_e));
	add_token("a", 100, before);
	fx_ok(fx_decide(DECISION_SUSPEND, DAILY, NULL, NULL));
	fx_ok(fx_decide(DECISION_RESTORE, DAILY, NULL, &after));
	ck_assert_int_eq(find_token("occ:1", "k1", &t), 0);
	add_token("a", 100, after);
	ck_assert_int_eq(find_token("occ:1", "k1", &t), 1);
	ck_assert_int_eq(t.serial, after);
	add_token("a", 100, before);
	ck_assert_int_eq(find_token("occ:1", "k1", &t), 1);
	ck_assert_int_eq(t.serial, after);
	/* An ID stands for one token. */
	t.text[0]++;
	fx_fails(
	    store_token_add(fx_w, DAILY, "xmpp:room@x", "occ:1", &t, &fx_e),
	    "no token");
}
END_TEST

START_TEST(test_token_expire)
{
	struct token_row t;
	int64_t serial, count;

	fx_approved(DAILY, "Daily");
	fx_ok(store_serial(fx_r, &serial, &fx_e));
	add_token("a", 100, serial); /* expires at 200 */
	add_token("b", 101, serial);
	fx_ok(store_token_expire(fx_w, 200, &count, &fx_e));
	ck_assert_int_eq(count, 0);
	fx_ok(store_token_expire(fx_w, 201, &count, &fx_e));
	ck_assert_int_eq(count, 1);
	ck_assert_int_eq(store_token_by_id(fx_r, "a", &t, &fx_e), 0);
	ck_assert_int_eq(store_token_by_id(fx_r, "b", &t, &fx_e), 1);
}
END_TEST

/*
 * Keys.
 */

static int
add_key_line(void *arg, const struct key_row *k)
{
	char *text = arg;
	size_t used = strlen(text);

	(void)snprintf(text + used, 256 - used, "%s=%s %lld %lld %lld;", k->kid,
	    k->x, (long long)k->nbf_s, (long long)k->retired_s,
	    (long long)k->revoked_s);
	return 0;
}

static void
ck_keys(const char *want)
{
	char text[256] = "";

	fx_ok(store_key_list(fx_r, add_key_line, text, &fx_e));
	ck_assert_str_eq(text, want);
}

START_TEST(test_keys)
{
	const struct key_row k1 = { .kid = "k1", .x = "AAA", .nbf_s = 10 };
	const struct key_row k2 = { .kid = "k2", .x = "BBB", .nbf_s = 20 };

	ck_keys("");
	fx_ok(store_key_add(fx_w, &k2, 20, "start", &fx_e));
	fx_ok(store_key_add(fx_w, &k1, 10, "start", &fx_e));
	fx_fails(store_key_add(fx_w, &k1, 10, "start", &fx_e), "already");
	ck_keys("k1=AAA 10 0 0;k2=BBB 20 0 0;");
	fx_ok(store_key_retire(fx_w, "k1", 20, "ctl", &fx_e));
	fx_fails(store_key_retire(fx_w, "k1", 30, "ctl", &fx_e), "already");
	fx_fails(store_key_retire(fx_w, "k3", 30, "ctl", &fx_e), "no key");
	ck_keys("k1=AAA 10 20 0;k2=BBB 20 0 0;");
}
END_TEST

START_TEST(test_key_revoke)
{
	const struct key_row k1 = { .kid = "k1", .x = "AAA", .nbf_s = 10 };
	struct token_row t, late = token("c", 100, 1);
	int64_t before, serial;

	fx_approved(DAILY, "Daily");
	fx_ok(store_key_add(fx_w, &k1, 10, "start", &fx_e));
	fx_ok(store_serial(fx_r, &before, &fx_e));
	add_token("a", 99, before);
	add_token("b", 100, before);
	fx_fails(
	    store_key_revoke(fx_w, "k1", 100, 300, "ctl", "", &serial, &fx_e),
	    "the reason");
	fx_fails(store_key_revoke(fx_w, "k9", 100, 300, "ctl", "stolen",
		     &serial, &fx_e),
	    "no key");
	fx_ok(store_key_revoke(fx_w, "k1", 100, 300, "ctl", "stolen", &serial,
	    &fx_e));
	ck_assert_int_eq(serial, before + 1);
	ck_keys("k1=AAA 10 300 100;");
	ck_assert_int_eq(store_token_by_id(fx_r, "a", &t, &fx_e), 1);
	ck_assert_int_eq(store_token_by_id(fx_r, "b", &t, &fx_e), 0);
	/* One that was signed before, and waited to be written. */
	fx_fails(store_token_add(fx_w, DAILY, "a", "occ:1", &late, &fx_e),
	    "is revoked");
	ck_assert_int_eq(store_token_by_id(fx_r, "c", &t, &fx_e), 0);
	fx_fails(store_key_revoke(fx_w, "k1", 150, 300, "ctl", "stolen",
		     &serial, &fx_e),
	    "revoked already");
	fx_ok(store_key_revoke(fx_w, "k1", 50, 400, "ctl", "long ago", &serial,
	    &fx_e));
	ck_keys("k1=AAA 10 300 50;");
	ck_assert_int_eq(store_token_by_id(fx_r, "a", &t, &fx_e), 0);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("store");
	TCase *c = tcase_create("store");

	tcase_add_checked_fixture(c, fx_set_up, fx_tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_life);
	tcase_add_test(c, test_illegal_changes_nothing);
	tcase_add_test(c, test_record);
	tcase_add_test(c, test_prolong);
	tcase_add_test(c, test_categories);
	tcase_add_test(c, test_too_many_categories);
	tcase_add_test(c, test_staff_sync);
	tcase_add_test(c, test_history);
	tcase_add_loop_test(c, test_list, 0, COUNT(lists));
	tcase_add_test(c, test_lookup);
	tcase_add_test(c, test_snapshot);
	tcase_add_test(c, test_writer_beside_reader);
	tcase_add_test(c, test_unknown_accounts_leave_no_trace);
	tcase_add_test(c, test_token);
	tcase_add_test(c, test_change_voids_tokens);
	tcase_add_test(c, test_token_twice);
	tcase_add_test(c, test_token_expire);
	tcase_add_test(c, test_keys);
	tcase_add_test(c, test_key_revoke);
	suite_add_tcase(s, c);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

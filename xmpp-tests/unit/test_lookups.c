/* Look-ups by ID and by account: what the public is told, for whom the token
 * is, how often, and that nothing is left behind.  The test sets the clock. */
#include "daemon/lookups.h"

#include <sqlite3.h>
#include <stdarg.h>

#include "crypto/token.h"
#include "daemon/clock.h"
#include "daemon/limits.h"
#include "unit/store_fixture.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"

#define ALICE "alice@reader.example/phone"

static int64_t now_s, now_ms;

/* The test's clock stands in for daemon/clock.c. */
int64_t
clock_wall_s(void)
{
	return now_s;
}

int64_t
clock_mono_ms(void)
{
	return now_ms;
}

static const char config_text[] =
    "operator: {name: Example, country: DE, register: VR 1,"
    " contact: \"mailto:a@example.org\"}\n"
    "component: {domain: masthead.a, secret_file: secret}\n"
    "guards: [rooms.a]\n"
    "store: sqlite:register.db\n"
    "categories:\n"
    "  news: {title: \"News & <more>\", valid_for: 10d}\n"
    "badge: {life: 600s}\n";

static struct keyring ring;
static struct config *config;
static struct lookups *lookups;
static struct buf out;

static void
set_up(void)
{
	struct lookups_setup s = { .keyring = &ring, .domain = "masthead.a" };
	struct buf problems;
	const char *notice;

	now_s = T0 + 1;
	now_ms = 1000;
	fx_set_up();
	buf_init(&out, 1 << 20);
	buf_init(&problems, 65536);
	ck_assert_msg(config_load_text(&config, "m.yaml", config_text,
			  strlen(config_text), &problems, &fx_e) == 0,
	    "%s", problems.data);
	fx_ok(keyring_open(&ring, fx_dir, 0, fx_w, T0, &notice, &fx_e));
	s.reader = fx_r;
	fx_ok(lookups_new(&lookups, &s, &fx_e));
}

static void
tear_down(void)
{
	lookups_free(lookups);
	keyring_clear(&ring);
	config_free(config);
	buf_clear(&out);
	fx_tear_down();
}

/* Asks with these attributes, of pairs up to NULL; the answer is in `out`. */
static int
ask(const char *from, ...)
{
	xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, NULL);
	xmpp_stanza_t *iq = xmpp_stanza_new(ctx), *answer = NULL, *badge;
	const char *attr;
	va_list ap;
	int rc;

	buf_reset(&out);
	(void)xmpp_stanza_set_name(iq, "iq");
	(void)stanza_set(iq, "xmlns", NS_COMPONENT);
	(void)stanza_set(iq, "type", "get");
	(void)stanza_set(iq, "id", "q1");
	(void)stanza_set(iq, "from", from);
	(void)stanza_set(iq, "to", "masthead.a");
	badge = stanza_add(iq, "badge", NS_BADGE);
	va_start(ap, from);
	while ((attr = va_arg(ap, const char *)) != NULL)
		(void)stanza_set(badge, attr, va_arg(ap, const char *));
	va_end(ap);
	rc = lookups_answer(lookups, config, iq, &answer, &fx_e);
	if (rc == 1) {
		fx_ok(stanza_write(&out, answer, &fx_e));
		xmpp_stanza_release(answer);
	}
	xmpp_stanza_release(iq);
	xmpp_ctx_free(ctx);
	return rc;
}

static void
ask_jid(const char *from, const char *jid)
{
	ck_assert_int_eq(ask(from, "jid", jid, NULL), 1);
}

#define want(part)                                                             \
	ck_assert_msg(strstr(out.data, part) != NULL, "want %s in %s", part,   \
	    out.data)
#define want_no(part)                                                          \
	ck_assert_msg(strstr(out.data, part) == NULL, "no %s wanted in %s",    \
	    part, out.data)

/* The token that was answered; for token_parsed_clear. */
static void
read_token(struct token_parsed *r, char id[TOKEN_ID_MAX])
{
	const char *begin = strstr(out.data, "<badge "), *end;
	char text[TOKEN_MAX];

	ck_assert_ptr_nonnull(begin);
	begin = strchr(begin, '>') + 1;
	end = strstr(begin, "</badge>");
	ck_assert_ptr_nonnull(end);
	(void)snprintf(text, sizeof text, "%.*s", (int)(end - begin), begin);
	ck_assert_int_eq(token_verify(ring.active, text, r, &fx_e), 1);
	ck_assert_int_eq(token_id(text, id, &fx_e), 0);
}

START_TEST(an_approved_account_has_a_record_and_a_badge)
{
	char id[TOKEN_ID_MAX], attr[64];
	struct token_parsed t;

	fx_approved(DAILY, "Daily");
	ask_jid(ALICE, "Daily@EXAMPLE.org"); /* prepared as everywhere */
	want("to=\"alice@reader.example/phone\"");
	want("type=\"result\"");
	want("jid=\"daily@example.org\"");
	want("name=\"Daily\"");
	want("state=\"approved\"");
	want("since=\"2023-11-14T22:13:20Z\"");
	want("until=\"2023-11-14T22:30:00Z\"");
	want("id=\"news\"");
	want("title=\"News &amp; &lt;more&gt;\"");
	want("by=\"masthead.a\"");
	read_token(&t, id);
	(void)snprintf(attr, sizeof attr, "id=\"%s\"", id);
	want(attr);
	ck_assert_str_eq(t.claims.aud, "xmpp:reader.example");
	ck_assert_str_eq(t.claims.sub, "xmpp:daily@example.org");
	ck_assert_str_eq(t.claims.iss, "masthead.a");
	ck_assert_str_eq(t.claims.name, "Daily");
	ck_assert_uint_eq(t.claims.cat_count, 1);
	ck_assert_str_eq(t.claims.cat[0], "news");
	ck_assert_ptr_null(t.claims.occ);
	ck_assert_ptr_null(t.claims.nick);
	ck_assert_int_eq(t.claims.iat_s, now_s);
	ck_assert_int_eq(t.claims.exp_s, now_s + 600);
	token_parsed_clear(&t);
	/* It was kept nowhere. */
	ck_assert_int_eq(ask(ALICE, "id", id, NULL), 1);
	want("<item-not-found ");
}
END_TEST

static const struct {
	const char *from, *want_aud;
} askers[] = {
	{ "alice@reader.example", "xmpp:reader.example" },
	{ "reader.example", "xmpp:reader.example" },
	{ "reader.example/x@y", "xmpp:reader.example" },
	{ "a@reader.example/x@y/z", "xmpp:reader.example" },
};

START_TEST(a_token_is_for_the_askers_domain)
{
	char id[TOKEN_ID_MAX];
	struct token_parsed t;

	fx_approved(DAILY, "Daily");
	ask_jid(askers[_i].from, DAILY);
	read_token(&t, id);
	ck_assert_str_eq(t.claims.aud, askers[_i].want_aud);
	token_parsed_clear(&t);
}
END_TEST

START_TEST(a_badge_ends_with_the_approval)
{
	char id[TOKEN_ID_MAX];
	struct token_parsed t;

	fx_approved(DAILY, "Daily"); /* until T0 + 1000 */
	now_s = T0 + 900;
	ask_jid(ALICE, DAILY);
	read_token(&t, id);
	ck_assert_int_eq(t.claims.exp_s, T0 + 1000);
	token_parsed_clear(&t);
	now_s = T0 + 1000;
	ask_jid(ALICE, DAILY);
	want("state=\"expired\"");
	want("since=\"2023-11-14T22:30:00Z\"");
	want_no("<badge ");
	want_no("<category ");
}
END_TEST

static const struct {
	const char *label;
	enum decision_action decisions[3];
	const char *want; /* NULL: not found */
} states[] = {
	{ "applied", { DECISION_ADD }, NULL },
	{ "approved", { DECISION_ADD, DECISION_APPROVE }, "approved" },
	{ "suspended", { DECISION_ADD, DECISION_APPROVE, DECISION_SUSPEND },
	    "suspended" },
	{ "revoked", { DECISION_ADD, DECISION_APPROVE, DECISION_REVOKE },
	    "revoked" },
	{ "not on the register", { 0 }, NULL },
};

START_TEST(states_that_are_public)
{
	char state[64];

	for (unsigned i = 0; i < 3 && states[_i].decisions[i] != 0; i++)
		fx_ok(fx_decide(states[_i].decisions[i], DAILY, "Daily", NULL));
	ask_jid(ALICE, DAILY);
	if (states[_i].want == NULL) {
		want("type=\"error\"");
		want("<item-not-found ");
		want_no("Daily");
		return;
	}
	(void)snprintf(state, sizeof state, "state=\"%s\"", states[_i].want);
	want(state);
	want("since=\"2023-11-14T22:13:20Z\"");
	/* Why is between the account and the staff. */
	want_no("as agreed");
	if (strcmp(states[_i].want, "approved") != 0) {
		want_no("<badge ");
		want_no("<category ");
	}
}
END_TEST

static const char *const strange[] = { "example.org", "daily@example.org/r",
	"@", "a b@example.org", "x@\x01" };

START_TEST(what_is_no_account_is_not_found)
{
	ask_jid(ALICE, strange[_i]);
	want("<item-not-found ");
	want("type=\"cancel\"");
}
END_TEST

START_TEST(one_of_the_two)
{
	ck_assert_int_eq(ask(ALICE, NULL), 1);
	want("<bad-request ");
	ck_assert_int_eq(
	    ask(ALICE, "jid", DAILY, "id", "AAAAAAAAAAAAAAAAAAAAAA", NULL), 1);
	want("<bad-request ");
}
END_TEST

START_TEST(stored_badges_are_found_by_id)
{
	struct token_row t = { .id = "AAAAAAAAAAAAAAAAAAAAAA",
		.text = "a.b.c",
		.iat_s = T0,
		.exp_s = T0 + 10 };

	fx_approved(DAILY, "Daily");
	(void)snprintf(t.kid, sizeof t.kid, "%s", key_kid(ring.active));
	fx_ok(store_serial(fx_r, &t.serial, &fx_e));
	fx_ok(store_token_add(fx_w, DAILY, "xmpp:r@a", "occ:1", &t, &fx_e));
	ck_assert_int_eq(ask(ALICE, "id", t.id, NULL), 1);
	want("a.b.c</badge>");
	ck_assert_int_eq(ask(ALICE, "id", "no ID", NULL), 1);
	want("<item-not-found ");
}
END_TEST

START_TEST(a_register_that_fails_is_no_answer)
{
	sqlite3 *db;

	fx_approved(DAILY, "Daily");
	ck_assert_int_eq(sqlite3_open(fx_path, &db), SQLITE_OK);
	ck_assert_int_eq(sqlite3_exec(db,
			     "ALTER TABLE publishers RENAME TO gone;"
			     "ALTER TABLE tokens RENAME TO lost",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	(void)sqlite3_close(db);
	ask_jid(ALICE, DAILY);
	want("type=\"wait\"");
	want("<resource-constraint ");
	ck_assert_int_eq(ask(ALICE, "id", "AAAAAAAAAAAAAAAAAAAAAA", NULL), 1);
	want("<resource-constraint ");
}
END_TEST

/* An account alone: LOOKUPS_JID_ACCOUNT. */
START_TEST(accounts_are_looked_up_so_often)
{
	const struct limits_rate rate = LOOKUPS_JID_ACCOUNT;

	fx_approved(DAILY, "Daily");
	for (uint32_t i = 0; i < rate.burst; i++) {
		ask_jid(ALICE, i % 2 == 0 ? DAILY : "nobody@example.org");
		want_no("resource-constraint");
	}
	ask_jid(ALICE, DAILY);
	want("type=\"wait\"");
	want("<resource-constraint ");
	/* Others may, also of the same domain, and badges by their ID. */
	ask_jid("bob@reader.example/phone", DAILY);
	want("type=\"result\"");
	ck_assert_int_eq(ask(ALICE, "id", "AAAAAAAAAAAAAAAAAAAAAA", NULL), 1);
	want("<item-not-found ");
	now_ms += 1000 / rate.per_s;
	ask_jid(ALICE, DAILY);
	want("type=\"result\"");
	ask_jid(ALICE, DAILY);
	want("<resource-constraint ");
}
END_TEST

/* An archive has many badges. */
START_TEST(badges_are_looked_up_so_often)
{
	const struct limits_rate rate = LOOKUPS_ID_ACCOUNT;

	for (uint32_t i = 0; i < rate.burst; i++) {
		ck_assert_int_eq(
		    ask(ALICE, "id", "AAAAAAAAAAAAAAAAAAAAAA", NULL), 1);
		want("<item-not-found ");
	}
	ck_assert_int_eq(ask(ALICE, "id", "AAAAAAAAAAAAAAAAAAAAAA", NULL), 1);
	want("<resource-constraint ");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("lookups");
	TCase *t = tcase_create("lookups");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, an_approved_account_has_a_record_and_a_badge);
	tcase_add_loop_test(t, a_token_is_for_the_askers_domain, 0,
	    COUNT(askers));
	tcase_add_test(t, a_badge_ends_with_the_approval);
	tcase_add_loop_test(t, states_that_are_public, 0, COUNT(states));
	tcase_add_loop_test(t, what_is_no_account_is_not_found, 0,
	    COUNT(strange));
	tcase_add_test(t, one_of_the_two);
	tcase_add_test(t, stored_badges_are_found_by_id);
	tcase_add_test(t, a_register_that_fails_is_no_answer);
	tcase_add_test(t, accounts_are_looked_up_so_often);
	tcase_add_test(t, badges_are_looked_up_so_often);
	suite_add_tcase(s, t);
	return unit_run(s);
}

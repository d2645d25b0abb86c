/* Sessions of commands: whose they are, how they end, how many there are. */
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "daemon/counter.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"

#define DOMAIN "masthead.example.org"
#define ANNA "anna@example.org/desk"
#define COMMAND "<command xmlns='http://jabber.org/protocol/commands' "
#define X(fields) "<x xmlns='jabber:x:data' type='submit'>" fields "</x>"
#define VALUE(var, value)                                                      \
	"<field var='" var "'><value>" value "</value></field>"

static xmpp_ctx_t *ctx;
static struct catalogue *catalogue;
static struct counter *counter;
static struct buf out;
static bool is_down;
static int64_t now_ms;
static struct config config;
static struct counter_visit *held; /* of "later" */
static int steps, freed;

static const struct config *
get_config(void *arg)
{
	(void)arg;
	return &config;
}

static struct buf *
get_out(void *arg)
{
	(void)arg;
	return is_down ? NULL : &out;
}

static void
flush(void *arg)
{
	(void)arg;
}

static int64_t
get_ms(void)
{
	return now_ms;
}

static struct form *
name_form(void)
{
	struct form *f = form_new("urn:test:0");

	form_require(form_add_line(f, "name", "Name", NULL));
	form_add_line(f, "more", "More", NULL);
	return f;
}

static void
state_free(void *state)
{
	freed++;
	free(state);
}

static void
two_begin(struct counter_visit *v)
{
	counter_set_state(v, calloc(1, 100), state_free, 100);
	counter_ask(v, name_form(), ADHOC_NEXT);
}

static void
two_step(struct counter_visit *v)
{
	struct form *f = counter_form(v);

	steps++;
	if (counter_action(v) == ADHOC_NEXT) {
		if (strcmp(form_get(f, "name"), "taken") == 0) {
			form_blame(form_find(f, "name"), "It is taken.");
			counter_ask_again(v);
			return;
		}
		f = form_new(NULL);
		form_add_text(f, NULL, "Sure?");
		counter_ask(v, f, ADHOC_PREV | ADHOC_COMPLETE);
	} else if (counter_action(v) == ADHOC_PREV) {
		counter_ask(v, name_form(), ADHOC_NEXT);
	} else {
		counter_note(v, ADHOC_INFO, counter_jid(v));
		counter_done(v, NULL);
	}
}

static void
later_begin(struct counter_visit *v)
{
	counter_ask(v, name_form(), ADHOC_COMPLETE);
}

static void
later_step(struct counter_visit *v)
{
	steps++;
	held = v;
}

static void
busy_begin(struct counter_visit *v)
{
	counter_busy(v);
}

static struct counter_visit *waiting[COUNTER_UNDER_WAY_MAX + 1];
static size_t waiting_count;

static void
wait_begin(struct counter_visit *v)
{
	waiting[waiting_count++] = v;
}

/* Says that it holds much more than it does. */
static void
heavy_begin(struct counter_visit *v)
{
	counter_set_state(v, calloc(1, 1), state_free, 4u << 20);
	counter_ask(v, name_form(), ADHOC_NEXT);
}

static bool
is_off(const struct config *c)
{
	(void)c;
	return false;
}

static const struct counter_command two = { "two", "counter_commands",
	COUNTER_ANYBODY, NULL, two_begin, two_step };
static const struct counter_command later = { "later", "counter_commands",
	COUNTER_ANYBODY, NULL, later_begin, later_step };
static const struct counter_command busy = { "busy", "counter_commands",
	COUNTER_ANYBODY, NULL, busy_begin, NULL };
static const struct counter_command queue = { "queue", "counter_commands",
	COUNTER_REVIEWER, NULL, busy_begin, NULL };
static const struct counter_command decide = { "decide", "counter_commands",
	COUNTER_APPROVER, NULL, busy_begin, NULL };
static const struct counter_command off = { "off", "counter_commands",
	COUNTER_ANYBODY, is_off, busy_begin, NULL };
static const struct counter_command waits = { "waits", "counter_commands",
	COUNTER_ANYBODY, NULL, wait_begin, NULL };
static const struct counter_command heavy = { "heavy", "counter_commands",
	COUNTER_ANYBODY, NULL, heavy_begin, two_step };
static const struct counter_command *const commands[] = { &two, &later, &busy,
	&queue, &decide, &off, &waits, &heavy, NULL };

static struct staff_entry staff[] = { { "ben@example.org", "reviewer" },
	{ "cleo@example.org", "approver" } };

static void
set_up(void)
{
	const struct counter_setup s = { .commands = commands,
		.catalogue = catalogue,
		.domain = DOMAIN,
		.config = get_config,
		.out = get_out,
		.flush = flush,
		.mono_ms = get_ms };
	struct counter_setup own = s;
	struct err e = { "" };

	ctx = xmpp_ctx_new(NULL, NULL);
	ck_assert_msg(catalogue_open(&catalogue, NULL, &e) == 0, "%s", e.text);
	own.catalogue = catalogue;
	buf_init(&out, 8u << 20);
	config.staff = staff;
	config.staff_count = COUNT(staff);
	is_down = false;
	now_ms = 1000;
	held = NULL;
	steps = freed = 0;
	waiting_count = 0;
	ck_assert_int_eq(counter_new(&counter, &own, &e), 0);
}

static void
tear_down(void)
{
	counter_free(counter);
	catalogue_close(catalogue);
	buf_clear(&out);
	xmpp_ctx_free(ctx);
}

/* Sends an IQ; the answer is what `out` holds then. */
static int
ask(const char *type, const char *from, const char *payload)
{
	char text[4096];
	xmpp_stanza_t *iq, *own;
	int rc;

	buf_reset(&out);
	(void)snprintf(text, sizeof text,
	    "<iq type='%s' id='7' from='%s' to='" DOMAIN "'>%s</iq>", type,
	    from, payload);
	iq = xmpp_stanza_new_from_string(ctx, text);
	ck_assert_ptr_nonnull(iq);
	ck_assert_int_eq(stanza_set(iq, "xmlns", NS_COMPONENT), 0);
	/* libstrophe's own parser loses xml:lang; ours does not. */
	own = stanza_payload(iq);
	if (own != NULL && stanza_get(own, "x-lang")[0] != '\0')
		stanza_set(own, "xml:lang", stanza_get(own, "x-lang"));
	rc = counter_take(counter, iq, NULL);
	xmpp_stanza_release(iq);
	return rc;
}

static void
begin(const char *from, const char *node, char session[64])
{
	char text[512];
	const char *at;

	(void)snprintf(text, sizeof text, COMMAND "node='%s'/>", node);
	ck_assert_int_eq(ask("set", from, text), 1);
	session[0] = '\0';
	at = out.data == NULL ? NULL : strstr(out.data, "sessionid=\"");
	if (at != NULL)
		(void)sscanf(at, "sessionid=\"%62[^\"]", session);
}

static void
step(const char *from, const char *node, const char *session,
    const char *action, const char *payload)
{
	char text[2048];

	(void)snprintf(text, sizeof text,
	    COMMAND "node='%s' sessionid='%s' action='%s'>%s</command>", node,
	    session, action, payload);
	ck_assert_int_eq(ask("set", from, text), 1);
}

static void
assert_has(const char *what)
{
	ck_assert_msg(out.data != NULL && strstr(out.data, what) != NULL,
	    "%s is not in %s", what, out.data);
}

static void
assert_lacks(const char *what)
{
	ck_assert_msg(out.data == NULL || strstr(out.data, what) == NULL,
	    "%s is in %s", what, out.data);
}

START_TEST(goes_all_the_way)
{
	char s[64];

	begin(ANNA, "two", s);
	assert_has("status=\"executing\"");
	assert_has("<actions execute=\"next\"><next/></actions>");
	ck_assert_uint_eq(strlen(s), ADHOC_SESSION_LEN);
	step(ANNA, "two", s, "next", X(VALUE("name", "Daily")));
	assert_has("Sure?");
	step(ANNA, "two", s, "execute", "");
	assert_has("status=\"completed\"");
	assert_has("anna@example.org</note>");
	ck_assert_uint_eq(counter_counts(counter).sessions, 0);
	ck_assert_uint_eq(counter_counts(counter).bytes, 0);
	ck_assert_int_eq(freed, 1);
}
END_TEST

START_TEST(faults_come_back_without_the_command)
{
	char s[64];

	begin(ANNA, "two", s);
	step(ANNA, "two", s, "next", X(VALUE("more", "kept")));
	ck_assert_int_eq(steps, 0);
	assert_has("status=\"executing\"");
	assert_has("<note type=\"error\">");
	assert_has("Name: This is needed.");
	assert_has("<desc>This is needed.</desc>");
	assert_has("<value>kept</value>");
	step(ANNA, "two", s, "next",
	    X(VALUE("name", "taken") VALUE("more", "kept")));
	ck_assert_int_eq(steps, 1);
	assert_has("<desc>It is taken.</desc>");
	assert_has("<value>taken</value>");
	step(ANNA, "two", s, "next", X(VALUE("name", "free")));
	assert_has("Sure?");
}
END_TEST

START_TEST(goes_back)
{
	char s[64];

	begin(ANNA, "two", s);
	step(ANNA, "two", s, "prev", "");
	assert_has("<bad-action ");
	step(ANNA, "two", s, "next", X(VALUE("name", "Daily")));
	step(ANNA, "two", s, "prev", "");
	assert_has("var=\"name\"");
}
END_TEST

START_TEST(is_cancelled)
{
	char s[64];

	begin(ANNA, "two", s);
	step(ANNA, "two", s, "cancel", "");
	assert_has("status=\"canceled\"");
	begin(ANNA, "two", s);
	step(ANNA, "two", s, "next",
	    "<x xmlns='jabber:x:data' type='cancel'/>");
	assert_has("status=\"canceled\"");
	ck_assert_uint_eq(counter_counts(counter).sessions, 0);
	step(ANNA, "two", s, "next", X(VALUE("name", "Daily")));
	assert_has("<session-expired ");
}
END_TEST

static const struct {
	const char *label, *from, *session, *action, *payload, *want;
} strays[] = {
	{ "another account", "eve@example.org/desk", NULL, "next",
	    X(VALUE("name", "x")), "<session-expired " },
	{ "another resource", "anna@example.org/phone", NULL, "next",
	    X(VALUE("name", "x")), "<session-expired " },
	{ "no resource", "anna@example.org", NULL, "next",
	    X(VALUE("name", "x")), "<session-expired " },
	{ "a cancel by another", "eve@example.org/desk", NULL, "cancel", "",
	    "<session-expired " },
	{ "a guess", ANNA, "AAAAAAAAAAAAAAAAAAAAAA", "next",
	    X(VALUE("name", "x")), "<session-expired " },
	{ "no session's name", ANNA, "1", "next", X(VALUE("name", "x")),
	    "<bad-sessionid " },
	{ "no session", ANNA, "", "next", X(VALUE("name", "x")),
	    "<bad-action " },
	{ "a cancel of none", ANNA, "", "cancel", "", "<bad-sessionid " },
	{ "an action that is none", ANNA, NULL, "jump", "",
	    "<malformed-action " },
	{ "an action not offered", ANNA, NULL, "complete",
	    X(VALUE("name", "x")), "<bad-action " },
	{ "no form", ANNA, NULL, "next", "", "<bad-payload " },
	{ "a form that is none", ANNA, NULL, "next",
	    "<x xmlns='jabber:x:data' type='result'/>", "<bad-payload " },
	{ "a field twice", ANNA, NULL, "next",
	    X(VALUE("name", "a") VALUE("name", "b")), "<bad-payload " },
};

START_TEST(strays_change_nothing)
{
	char s[64];

	begin(ANNA, "two", s);
	step(strays[_i].from, "two",
	    strays[_i].session == NULL ? s : strays[_i].session,
	    strays[_i].action, strays[_i].payload);
	assert_has("type=\"error\"");
	assert_has(strays[_i].want);
	ck_assert_int_eq(steps, 0);
	ck_assert_uint_eq(counter_counts(counter).sessions, 1);
	/* Who began it goes on. */
	step(ANNA, "two", s, "next", X(VALUE("name", "Daily")));
	assert_has("Sure?");
}
END_TEST

START_TEST(belongs_to_one_command)
{
	char s[64];

	begin(ANNA, "two", s);
	step(ANNA, "later", s, "complete", X(VALUE("name", "x")));
	assert_has("<bad-sessionid ");
	ck_assert_int_eq(steps, 0);
}
END_TEST

START_TEST(begun_again_replaces)
{
	char s[64], again[64];

	begin(ANNA, "two", s);
	begin("anna@example.org/phone", "two", again);
	ck_assert_uint_eq(counter_counts(counter).sessions, 2);
	begin(ANNA, "two", again);
	ck_assert_uint_eq(counter_counts(counter).sessions, 2);
	step(ANNA, "two", s, "next", X(VALUE("name", "x")));
	assert_has("<session-expired ");
}
END_TEST

START_TEST(answers_later)
{
	char s[64];

	begin(ANNA, "later", s);
	step(ANNA, "later", s, "complete", X(VALUE("name", "x")));
	ck_assert_ptr_nonnull(held);
	ck_assert_uint_eq(out.len, 0);
	ck_assert_uint_eq(counter_counts(counter).under_way, 1);
	/* The same again, meanwhile: not applied, and nothing is lost. */
	step(ANNA, "later", s, "complete", X(VALUE("name", "y")));
	assert_has("<unexpected-request ");
	step(ANNA, "later", s, "cancel", "");
	assert_has("<unexpected-request ");
	ck_assert_int_eq(steps, 1);
	ck_assert_str_eq(form_get(counter_form(held), "name"), "x");
	buf_reset(&out);
	counter_done(held, NULL);
	assert_has("status=\"completed\"");
	ck_assert_uint_eq(counter_counts(counter).under_way, 0);
	ck_assert_uint_eq(counter_counts(counter).sessions, 0);
}
END_TEST

START_TEST(replaced_while_it_waits)
{
	struct counter_visit *first;
	char s[64], again[64];

	begin(ANNA, "later", s);
	step(ANNA, "later", s, "complete", X(VALUE("name", "x")));
	first = held;
	begin(ANNA, "later", again);
	assert_has("status=\"executing\"");
	buf_reset(&out);
	counter_ask(first, name_form(), ADHOC_COMPLETE);
	assert_has("<session-expired ");
	ck_assert_uint_eq(counter_counts(counter).sessions, 1);
	step(ANNA, "later", again, "complete", X(VALUE("name", "x")));
	buf_reset(&out);
	counter_done(held, NULL);
	assert_has("status=\"completed\"");
}
END_TEST

START_TEST(waiting_outlives_time_and_stream)
{
	char s[64];

	begin(ANNA, "later", s);
	step(ANNA, "later", s, "complete", X(VALUE("name", "x")));
	now_ms += 2 * COUNTER_IDLE_MS;
	counter_tick(counter);
	is_down = true;
	counter_ask(held, name_form(), ADHOC_COMPLETE);
	is_down = false;
	/* The answer went into the void; the session goes on from there. */
	step(ANNA, "later", s, "complete", X(VALUE("name", "y")));
	ck_assert_int_eq(steps, 2);
	counter_done(held, NULL);
}
END_TEST

START_TEST(busy_loses_nothing)
{
	char s[64];

	begin(ANNA, "busy", s);
	assert_has("type=\"error\"");
	assert_has("<resource-constraint ");
	ck_assert_uint_eq(counter_counts(counter).sessions, 0);
	begin(ANNA, "later", s);
	step(ANNA, "later", s, "complete",
	    X(VALUE("name", "kept") VALUE("more", "too")));
	buf_reset(&out);
	counter_busy(held);
	assert_has("status=\"executing\"");
	assert_has("<note type=\"error\">Nothing was changed");
	assert_has("<value>kept</value>");
	assert_has("<value>too</value>");
	step(ANNA, "later", s, "complete", X(VALUE("name", "kept")));
	buf_reset(&out);
	counter_done(held, NULL);
	assert_has("completed");
}
END_TEST

START_TEST(expires_when_idle)
{
	char s[64];

	begin(ANNA, "two", s);
	now_ms += COUNTER_IDLE_MS - 1;
	counter_tick(counter);
	step(ANNA, "two", s, "next", X(VALUE("name", "Daily")));
	assert_has("Sure?");
	now_ms += COUNTER_IDLE_MS - 1;
	counter_tick(counter);
	ck_assert_uint_eq(counter_counts(counter).sessions, 1);
	now_ms += 1;
	counter_tick(counter);
	ck_assert_uint_eq(counter_counts(counter).sessions, 0);
	ck_assert_uint_eq(counter_counts(counter).expired, 1);
	ck_assert_uint_eq(counter_counts(counter).bytes, 0);
	ck_assert_int_eq(freed, 1);
	step(ANNA, "two", s, "complete", "");
	assert_has("<session-expired ");
}
END_TEST

START_TEST(ten_thousand_and_no_more)
{
	char s[64], first[64], last[64], from[64];
	size_t peak = 0;

	begin(ANNA, "two", first);
	for (int i = 0; i < COUNTER_SESSIONS_MAX + 500; i++) {
		now_ms++;
		(void)snprintf(from, sizeof from, "u%d@d%d.example/x", i,
		    i % 50);
		begin(from, "two", last);
		ck_assert_str_ne(last, "");
		if (counter_counts(counter).bytes > peak)
			peak = counter_counts(counter).bytes;
	}
	ck_assert_uint_eq(counter_counts(counter).sessions,
	    COUNTER_SESSIONS_MAX);
	ck_assert_uint_eq(counter_counts(counter).evicted, 501);
	ck_assert_uint_le(peak, COUNTER_BYTES_MAX);
	/* The idle oldest went, the newest are there. */
	step(ANNA, "two", first, "next", X(VALUE("name", "x")));
	assert_has("<session-expired ");
	step(from, "two", last, "next", X(VALUE("name", "x")));
	assert_has("Sure?");
	begin(ANNA, "two", s);
	assert_has("status=\"executing\"");
}
END_TEST

/* Many accounts of one domain do not take the sessions of others. */
START_TEST(a_domain_evicts_its_own)
{
	char s[64], first[64], other[64], from[64];

	begin(ANNA, "two", other);
	begin("first@evil.example/x", "two", first);
	for (int i = 0; i < COUNTER_SESSIONS_DOMAIN_MAX + 300; i++) {
		now_ms++;
		(void)snprintf(from, sizeof from, "u%d@evil.example/x", i);
		begin(from, "two", s);
		ck_assert_str_ne(s, "");
	}
	ck_assert_uint_eq(counter_counts(counter).sessions,
	    COUNTER_SESSIONS_DOMAIN_MAX + 1);
	step("first@evil.example/x", "two", first, "next",
	    X(VALUE("name", "x")));
	assert_has("<session-expired ");
	step(ANNA, "two", other, "next", X(VALUE("name", "x")));
	assert_has("Sure?");
	step(from, "two", s, "next", X(VALUE("name", "x")));
	assert_has("Sure?");
}
END_TEST

/* One account opens sessions from ever new resources. */
START_TEST(an_account_evicts_its_own)
{
	char s[64], other[64], from[64];

	begin("ben@example.org/x", "two", other);
	for (int i = 0; i < 100; i++) {
		now_ms++;
		(void)snprintf(from, sizeof from, "anna@example.org/r%d", i);
		begin(from, "two", s);
	}
	ck_assert_uint_eq(counter_counts(counter).sessions,
	    COUNTER_SESSIONS_JID_MAX + 1);
	step("ben@example.org/x", "two", other, "next", X(VALUE("name", "x")));
	assert_has("Sure?");
}
END_TEST

static void
answer_waiting(void)
{
	while (waiting_count > 0)
		counter_done(waiting[--waiting_count], NULL);
	ck_assert_uint_eq(counter_counts(counter).under_way, 0);
	ck_assert_uint_eq(counter_counts(counter).sessions, 0);
	ck_assert_uint_eq(counter_counts(counter).bytes, 0);
}

/* What waits for an answer is neither evicted nor more than so much. */
START_TEST(many_under_way)
{
	char s[64], from[64];

	for (int i = 0; i < COUNTER_UNDER_WAY_MAX; i++) {
		(void)snprintf(from, sizeof from, "u%d@example.net/x", i);
		begin(from, "waits", s);
		ck_assert_uint_eq(out.len, 0);
	}
	begin(ANNA, "two", s);
	assert_has("<resource-constraint ");
	ck_assert_uint_eq(counter_counts(counter).under_way,
	    COUNTER_UNDER_WAY_MAX);
	answer_waiting();
	begin(ANNA, "two", s);
	assert_has("status=\"executing\"");
	step(ANNA, "two", s, "cancel", "");
}
END_TEST

START_TEST(an_account_waits_for_its_own)
{
	char s[64], from[64];

	for (int i = 0; i < COUNTER_SESSIONS_JID_MAX; i++) {
		(void)snprintf(from, sizeof from, "anna@example.org/r%d", i);
		begin(from, "waits", s);
	}
	begin(ANNA, "two", s);
	assert_has("<resource-constraint ");
	begin("ben@example.org/x", "two", s);
	assert_has("status=\"executing\"");
	step("ben@example.org/x", "two", s, "cancel", "");
	answer_waiting();
}
END_TEST

START_TEST(memory_has_an_end)
{
	char s[64], first[64], from[64];

	begin(ANNA, "heavy", first);
	for (int i = 0; i < 100; i++) {
		now_ms++;
		(void)snprintf(from, sizeof from, "u%d@example.net/x", i);
		begin(from, "heavy", s);
		ck_assert_uint_le(counter_counts(counter).bytes,
		    COUNTER_BYTES_MAX);
	}
	ck_assert_uint_gt(counter_counts(counter).evicted, 70);
	ck_assert_int_eq((size_t)freed == counter_counts(counter).evicted, 1);
	step(ANNA, "heavy", first, "next", X(VALUE("name", "x")));
	assert_has("<session-expired ");
	step(from, "heavy", s, "next", X(VALUE("name", "x")));
	assert_has("Sure?");
}
END_TEST

static const struct {
	const char *label, *from, *node, *want;
	bool is_listed;
} mays[] = {
	{ "anybody", ANNA, "two", "status=\"executing\"", true },
	{ "anybody, for staff", ANNA, "queue", "<forbidden ", false },
	{ "a reviewer", "ben@example.org/x", "queue", "<resource-constraint ",
	    true },
	{ "a reviewer, for approvers", "ben@example.org/x", "decide",
	    "<forbidden ", false },
	{ "an approver", "cleo@example.org/x", "decide",
	    "<resource-constraint ", true },
	{ "an approver as a reviewer", "cleo@example.org/x", "queue",
	    "<resource-constraint ", true },
	{ "in capitals", "CLEO@Example.ORG/x", "decide",
	    "<resource-constraint ", true },
	{ "the same name elsewhere", "cleo@example.net/x", "decide",
	    "<forbidden ", false },
	{ "a resource that looks like it", "eve@e.net/cleo@example.org",
	    "decide", "<forbidden ", false },
	{ "a server", "example.org", "two", "<forbidden ", true },
	{ "what is off", ANNA, "off", "<item-not-found ", false },
	{ "what is nowhere", ANNA, "nowhere", "<item-not-found ", false },
};

START_TEST(who_may)
{
	char s[64], item[64];

	begin(mays[_i].from, mays[_i].node, s);
	ck_assert_msg(strstr(out.data, mays[_i].want) != NULL, "%s: %s",
	    mays[_i].label, out.data);
	ck_assert_int_eq(ask("get", mays[_i].from,
			     "<query xmlns='" NS_DISCO_ITEMS
			     "' node='" NS_COMMANDS "'/>"),
	    1);
	(void)snprintf(item, sizeof item, "node=\"%s\"", mays[_i].node);
	ck_assert_msg((strstr(out.data, item) != NULL) == mays[_i].is_listed,
	    "%s: %s", mays[_i].label, out.data);
}
END_TEST

/* Somebody loses the role in the middle. */
START_TEST(may_no_longer)
{
	static const struct counter_command staff_two = { "staff",
		"counter_commands", COUNTER_REVIEWER, NULL, two_begin,
		two_step };
	static const struct counter_command *const own[] = { &staff_two, NULL };
	const struct counter_setup setup = { .commands = own,
		.catalogue = catalogue,
		.domain = DOMAIN,
		.config = get_config,
		.out = get_out,
		.flush = flush,
		.mono_ms = get_ms };
	char s[64];

	counter_free(counter);
	ck_assert_int_eq(counter_new(&counter, &setup, NULL), 0);
	begin("ben@example.org/x", "staff", s);
	assert_has("status=\"executing\"");
	config.staff_count = 0;
	step("ben@example.org/x", "staff", s, "next", X(VALUE("name", "x")));
	assert_has("<forbidden ");
	ck_assert_int_eq(steps, 0);
}
END_TEST

START_TEST(tells_what_it_is)
{
	ck_assert_int_eq(ask("get", ANNA,
			     "<query xmlns='" NS_DISCO_INFO
			     "' node='" NS_COMMANDS "'/>"),
	    1);
	assert_has("type=\"command-list\"");
	assert_has("category=\"automation\"");
	ck_assert_int_eq(
	    ask("get", ANNA, "<query xmlns='" NS_DISCO_INFO "' node='two'/>"),
	    1);
	assert_has("type=\"command-node\"");
	assert_has("<feature var=\"jabber:x:data\"/>");
	ck_assert_int_eq(
	    ask("get", ANNA, "<query xmlns='" NS_DISCO_INFO "' node='queue'/>"),
	    1);
	assert_has("<forbidden ");
}
END_TEST

START_TEST(leaves_the_rest_to_others)
{
	ck_assert_int_eq(ask("get", ANNA, "<query xmlns='" NS_DISCO_INFO "'/>"),
	    0);
	ck_assert_int_eq(
	    ask("get", ANNA, "<query xmlns='" NS_DISCO_INFO "' node='x'/>"), 0);
	ck_assert_int_eq(ask("set", ANNA, "<ping xmlns='urn:xmpp:ping'/>"), 0);
	assert_lacks("<iq");
}
END_TEST

START_TEST(speaks_the_stanzas_language)
{
	char s[64];

	ck_assert_int_eq(
	    ask("set", ANNA, COMMAND "node='two' x-lang='de-AT'/>"), 1);
	assert_has("xml:lang=\"de\"");
	(void)sscanf(strstr(out.data, "sessionid=\""), "sessionid=\"%62[^\"]",
	    s);
	step(ANNA, "two", s, "next", X(""));
	assert_has("xml:lang=\"en\"");
	assert_has("This is needed.");
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("counter");
	TCase *t = tcase_create("counter");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, goes_all_the_way);
	tcase_add_test(t, faults_come_back_without_the_command);
	tcase_add_test(t, goes_back);
	tcase_add_test(t, is_cancelled);
	tcase_add_loop_test(t, strays_change_nothing, 0, COUNT(strays));
	tcase_add_test(t, belongs_to_one_command);
	tcase_add_test(t, begun_again_replaces);
	tcase_add_test(t, answers_later);
	tcase_add_test(t, replaced_while_it_waits);
	tcase_add_test(t, waiting_outlives_time_and_stream);
	tcase_add_test(t, busy_loses_nothing);
	tcase_add_test(t, expires_when_idle);
	tcase_add_test(t, ten_thousand_and_no_more);
	tcase_add_test(t, an_account_evicts_its_own);
	tcase_add_test(t, a_domain_evicts_its_own);
	tcase_add_test(t, many_under_way);
	tcase_add_test(t, an_account_waits_for_its_own);
	tcase_add_test(t, memory_has_an_end);
	tcase_add_loop_test(t, who_may, 0, COUNT(mays));
	tcase_add_test(t, may_no_longer);
	tcase_add_test(t, tells_what_it_is);
	tcase_add_test(t, leaves_the_rest_to_others);
	tcase_add_test(t, speaks_the_stanzas_language);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

/* Forms: what is asked, what is taken, what is wrong with it. */
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "xmpp/form.h"
#include "xmpp/ns.h"
#include "xmpp/stanza.h"

#define X "<x xmlns='jabber:x:data' type='submit'>"
#define VALUE(var, value)                                                      \
	"<field var='" var "'><value>" value "</value></field>"

static xmpp_ctx_t *ctx;
static struct form *form;

static void
set_up(void)
{
	ctx = xmpp_ctx_new(NULL, NULL);
	form = form_new("urn:test:0");
	ck_assert_ptr_nonnull(form);
}

static void
tear_down(void)
{
	form_free(form);
	xmpp_ctx_free(ctx);
}

static enum form_broken
fill(const char *text)
{
	xmpp_stanza_t *x = xmpp_stanza_new_from_string(ctx, text);
	enum form_broken rc;

	ck_assert_ptr_nonnull(x);
	ck_assert_int_eq(stanza_set(x, "xmlns", NS_DATA), 0);
	rc = form_fill(form, x);
	xmpp_stanza_release(x);
	return rc;
}

/* One field of each sort. */
static const struct {
	const char *label;
	enum form_type type;
	bool is_required;
	size_t max_len;
	enum form_datatype datatype;
	int64_t min, max;
	const char *submitted; /* children of the field; NULL: no field */
	enum form_fault want;
	const char *value; /* what the form holds then */
} answers[] = {
	{ "a line", FORM_TEXT, 1, 0, 0, 0, 0, "<value>Daily</value>", FORM_OK,
	    "Daily" },
	{ "spaces around it", FORM_TEXT, 1, 0, 0, 0, 0,
	    "<value> Daily\n</value>", FORM_OK, "Daily" },
	{ "nothing", FORM_TEXT, 1, 0, 0, 0, 0, NULL, FORM_MISSING, "" },
	{ "no value", FORM_TEXT, 1, 0, 0, 0, 0, "", FORM_MISSING, "" },
	{ "an empty value", FORM_TEXT, 1, 0, 0, 0, 0, "<value/>", FORM_MISSING,
	    "" },
	{ "blank", FORM_TEXT, 1, 0, 0, 0, 0, "<value>  </value>", FORM_MISSING,
	    "" },
	{ "nothing, where that is allowed", FORM_TEXT, 0, 0, 0, 0, 0, NULL,
	    FORM_OK, "" },
	{ "two values of one", FORM_TEXT, 0, 0, 0, 0, 0,
	    "<value>a</value><value>b</value>", FORM_TOO_MANY, "a" },
	{ "as long as may be", FORM_TEXT, 0, 4, 0, 0, 0, "<value>abcd</value>",
	    FORM_OK, "abcd" },
	{ "a byte too long", FORM_TEXT, 0, 4, 0, 0, 0, "<value>abcde</value>",
	    FORM_TOO_LONG, "" },
	{ "bytes count", FORM_TEXT, 0, 4, 0, 0, 0,
	    "<value>\xc3\xa4\xc3\xb6\xc3\xbc</value>", FORM_TOO_LONG, "" },
	{ "a line break in a line", FORM_TEXT, 0, 0, 0, 0, 0,
	    "<value>a\nb</value>", FORM_NO_TEXT, "" },
	{ "a C1 control", FORM_TEXT, 0, 0, 0, 0, 0, "<value>a\xc2\x9b</value>",
	    FORM_NO_TEXT, "" },
	{ "an element inside", FORM_TEXT, 0, 0, 0, 0, 0,
	    "<value><b>x</b></value>", FORM_OK, "" },
	{ "a value of another namespace", FORM_TEXT, 1, 0, 0, 0, 0,
	    "<value xmlns='urn:x'>x</value>", FORM_MISSING, "" },
	{ "lines", FORM_TEXT_MULTI, 1, 0, 0, 0, 0,
	    "<value>a</value><value/><value>b</value>", FORM_OK, "a\n\nb" },
	{ "lines in one value", FORM_TEXT_MULTI, 1, 0, 0, 0, 0,
	    "<value>a\nb</value>", FORM_OK, "a\nb" },
	{ "blank lines", FORM_TEXT_MULTI, 1, 0, 0, 0, 0,
	    "<value/><value> </value>", FORM_MISSING, "" },
	{ "too many lines", FORM_TEXT_MULTI, 0, 4, 0, 0, 0,
	    "<value>ab</value><value>cd</value>", FORM_TOO_LONG, "ab" },
	{ "true", FORM_BOOLEAN, 0, 0, 0, 0, 0, "<value>true</value>", FORM_OK,
	    "true" },
	{ "0", FORM_BOOLEAN, 0, 0, 0, 0, 0, "<value>0</value>", FORM_OK, "0" },
	{ "no boolean", FORM_BOOLEAN, 0, 0, 0, 0, 0, "<value>yes</value>",
	    FORM_NO_BOOLEAN, "yes" },
	{ "a boolean left out is false", FORM_BOOLEAN, 0, 0, 0, 0, 0, NULL,
	    FORM_OK, "0" },
	{ "an option", FORM_LIST, 1, 0, 0, 0, 0, "<value>b</value>", FORM_OK,
	    "b" },
	{ "no option", FORM_LIST, 1, 0, 0, 0, 0, "<value>z</value>",
	    FORM_NO_OPTION, "" },
	{ "an option's label is none", FORM_LIST, 1, 0, 0, 0, 0,
	    "<value>Bee</value>", FORM_NO_OPTION, "" },
	{ "two of one", FORM_LIST, 1, 0, 0, 0, 0,
	    "<value>a</value><value>b</value>", FORM_TOO_MANY, "a" },
	{ "two of several", FORM_LIST_MULTI, 1, 0, 0, 1, 0,
	    "<value>a</value><value>b</value>", FORM_OK, "a" },
	{ "one of several twice", FORM_LIST_MULTI, 1, 0, 0, 1, 0,
	    "<value>a</value><value>a</value>", FORM_OK, "a" },
	{ "none of several", FORM_LIST_MULTI, 0, 0, 0, 1, 0, NULL, FORM_MISSING,
	    "" },
	{ "more than may be chosen", FORM_LIST_MULTI, 0, 0, 0, 0, 1,
	    "<value>a</value><value>b</value>", FORM_TOO_MANY, "a" },
	{ "one right, one not", FORM_LIST_MULTI, 0, 0, 0, 0, 0,
	    "<value>a</value><value>z</value>", FORM_NO_OPTION, "" },
	{ "a number", FORM_TEXT, 0, 0, FORM_INTEGER, 1, 9, "<value>9</value>",
	    FORM_OK, "9" },
	{ "a number beyond", FORM_TEXT, 0, 0, FORM_INTEGER, 1, 9,
	    "<value>10</value>", FORM_OUT_OF_RANGE, "10" },
	{ "a number beyond all", FORM_TEXT, 0, 0, FORM_INTEGER, 1, 9,
	    "<value>99999999999999999999</value>", FORM_OUT_OF_RANGE,
	    "99999999999999999999" },
	{ "no number", FORM_TEXT, 0, 0, FORM_INTEGER, 1, 9, "<value>4x</value>",
	    FORM_NO_INTEGER, "4x" },
	{ "hex is none", FORM_TEXT, 0, 0, FORM_INTEGER, 0, 99,
	    "<value>0x10</value>", FORM_NO_INTEGER, "0x10" },
	{ "a URI", FORM_TEXT, 0, 0, FORM_URI, 0, 0,
	    "<value>https://example.org/</value>", FORM_OK,
	    "https://example.org/" },
	{ "no scheme", FORM_TEXT, 0, 0, FORM_URI, 0, 0,
	    "<value>www.example.org</value>", FORM_NO_URI, "www.example.org" },
	{ "a scheme alone", FORM_TEXT, 0, 0, FORM_URI, 0, 0,
	    "<value>https:</value>", FORM_NO_URI, "https:" },
	{ "a space in a URI", FORM_TEXT, 0, 0, FORM_URI, 0, 0,
	    "<value>https://a b</value>", FORM_NO_URI, "https://a b" },
	{ "a date", FORM_TEXT, 0, 0, FORM_DATE, 0, 0,
	    "<value>2028-02-29</value>", FORM_OK, "2028-02-29" },
	{ "no such day", FORM_TEXT, 0, 0, FORM_DATE, 0, 0,
	    "<value>2027-02-29</value>", FORM_NO_DATE, "2027-02-29" },
	{ "seconds are no date", FORM_TEXT, 0, 0, FORM_DATE, 0, 0,
	    "<value>1234567890</value>", FORM_NO_DATE, "1234567890" },
	{ "an address", FORM_JID, 0, 0, 0, 0, 0, "<value>a@example.org</value>",
	    FORM_OK, "a@example.org" },
	{ "no address", FORM_JID, 0, 0, 0, 0, 0, "<value>@x</value>",
	    FORM_NO_JID, "@x" },
	{ "a hidden value stays", FORM_HIDDEN, 0, 0, 0, 0, 0,
	    "<value>other</value>", FORM_OK, "kept" },
	{ "a text stays", FORM_FIXED, 0, 0, 0, 0, 0, "<value>other</value>",
	    FORM_OK, "kept" },
};

START_TEST(takes_answers)
{
	enum form_type type = answers[_i].type;
	struct form_field *f = form_add(form, type, "f", "Field");
	char text[512];

	if (answers[_i].is_required)
		form_require(f);
	if (answers[_i].max_len > 0)
		form_limit(f, answers[_i].max_len);
	form_datatype(f, answers[_i].datatype, answers[_i].min,
	    answers[_i].max);
	if (type == FORM_LIST || type == FORM_LIST_MULTI) {
		form_choose(f, (unsigned)answers[_i].min,
		    (unsigned)answers[_i].max);
		form_option(f, "a", "Ay");
		form_option(f, "b", "Bee");
	}
	form_value(f, "kept");
	(void)snprintf(text, sizeof text, X "%s%s%s</x>",
	    answers[_i].submitted == NULL ? "" : "<field var='f'>",
	    answers[_i].submitted == NULL ? "" : answers[_i].submitted,
	    answers[_i].submitted == NULL ? "" : "</field>");
	ck_assert_int_eq(fill(text), FORM_TAKEN);
	ck_assert_msg(form_fault(f) == answers[_i].want, "%s: fault %d",
	    answers[_i].label, form_fault(f));
	ck_assert_msg(strcmp(form_get(form, "f"), answers[_i].value) == 0,
	    "%s: holds \"%s\"", answers[_i].label, form_get(form, "f"));
	ck_assert_uint_eq(form_faults(form), answers[_i].want != FORM_OK);
}
END_TEST

static const struct {
	const char *label, *in;
	enum form_broken want;
} broken[] = {
	{ "a form of type form",
	    "<x xmlns='jabber:x:data' type='form'>" VALUE("f", "new") "</x>",
	    FORM_MALFORMED },
	{ "without a type",
	    "<x xmlns='jabber:x:data'>" VALUE("f", "new") "</x>",
	    FORM_MALFORMED },
	{ "a field twice", X VALUE("f", "new") VALUE("f", "other") "</x>",
	    FORM_MALFORMED },
	{ "an unknown field twice", X VALUE("g", "1") VALUE("g", "2") "</x>",
	    FORM_MALFORMED },
	{ "a field without a name", X "<field><value>x</value></field></x>",
	    FORM_MALFORMED },
	{ "another FORM_TYPE", X VALUE("FORM_TYPE", "urn:x") "</x>",
	    FORM_MALFORMED },
	{ "FORM_TYPE of nothing", X "<field var='FORM_TYPE'/></x>",
	    FORM_MALFORMED },
	{ "a text sent back",
	    X "<field type='fixed'><value>x</value></field>" VALUE("f",
		"new") "</x>",
	    FORM_TAKEN },
	{ "unknown fields", X VALUE("g", "x") VALUE("f", "new") "</x>",
	    FORM_TAKEN },
	{ "its FORM_TYPE",
	    X VALUE("FORM_TYPE", "urn:test:0") VALUE("f", "new") "</x>",
	    FORM_TAKEN },
	{ "elements of others",
	    X "<field xmlns='urn:x' var='f'/>" VALUE("f", "new") "</x>",
	    FORM_TAKEN },
};

START_TEST(refuses_what_is_broken)
{
	enum form_broken got;

	form_add_line(form, "f", "Field", "old");
	got = fill(broken[_i].in);
	ck_assert_msg(got == broken[_i].want, "%s: got %d", broken[_i].label,
	    got);
	ck_assert_str_eq(form_get(form, "f"),
	    got == FORM_TAKEN ? "new" : "old");
}
END_TEST

START_TEST(refuses_what_is_huge)
{
	size_t len = FORM_SUBMIT_MAX + 1;
	char *value = malloc(len + 1), *text = malloc(len + 512);

	memset(value, 'a', len);
	value[len] = '\0';
	form_add_line(form, "f", "Field", "old");
	(void)snprintf(text, len + 512, X VALUE("f", "%s") "</x>", value);
	ck_assert_int_eq(fill(text), FORM_TOO_BIG);
	value[len - 1] = '\0';
	(void)snprintf(text, len + 512, X VALUE("f", "%s") "</x>", value);
	ck_assert_int_eq(fill(text), FORM_TAKEN);
	ck_assert_int_eq(form_fault(form_find(form, "f")), FORM_TOO_LONG);
	free(value);
	free(text);
}
END_TEST

START_TEST(refuses_more_fields_than_fit)
{
	char *text = malloc(65536), *p = text;

	form_add_line(form, "f", "Field", "old");
	p += sprintf(p, X);
	for (int i = 0; i <= FORM_FIELDS_MAX; i++)
		p += sprintf(p, "<field var='f%d'/>", i);
	strcpy(p, "</x>");
	ck_assert_int_eq(fill(text), FORM_TOO_BIG);
	free(text);
}
END_TEST

/* The form as it goes out. */
static char *
written(const char *type)
{
	xmpp_stanza_t *s = xmpp_stanza_new(ctx);
	struct err e = { "" };
	char *text;
	size_t len;

	xmpp_stanza_set_name(s, "command");
	ck_assert_msg(form_write(form, s, type, &e) == 0, "%s", e.text);
	ck_assert_int_eq(xmpp_stanza_to_text(s, &text, &len), XMPP_EOK);
	xmpp_stanza_release(s);
	return text;
}

static void
assert_written(const char *type, const char *const *want)
{
	char *text = written(type);

	for (; *want != NULL; want++)
		ck_assert_msg(strstr(text, *want) != NULL, "%s is not in %s",
		    *want, text);
	xmpp_free(ctx, text);
}

START_TEST(says_what_it_wants)
{
	static const char *const want[] = { "<title>Title</title>",
		"<instructions>First. Second.</instructions>",
		"<value>urn:test:0</value>", "<required/>", "<range ",
		" max=\"9\"", "datatype=\"xs:integer\"", "<list-range ",
		" max=\"2\"", " min=\"1\"",
		"<option label=\"Ay\"><value>a</value></option>",
		"<value>one</value><value>two</value>", "<desc>Help.</desc>",
		"type=\"fixed\"", "datatype=\"xs:anyURI\"",
		"<value></value><option label=\"Ex\">", NULL };
	struct form_field *f;

	form_title(form, "Title");
	form_instruct(form, "First.");
	form_instruct(form, "Second.");
	f = form_add_line(form, "n", "Number", "4");
	form_require(f);
	form_desc(f, "Help.");
	form_datatype(f, FORM_INTEGER, 1, 9);
	form_datatype(form_add_line(form, "u", "URI", NULL), FORM_URI, 0, 0);
	f = form_add(form, FORM_LIST_MULTI, "l", "List");
	form_choose(f, 1, 2);
	form_option(f, "a", "Ay");
	form_option(f, "b", "Bee");
	form_value(form_add(form, FORM_TEXT_MULTI, "t", "Text"), "one\ntwo");
	form_add_text(form, NULL, "Read this.");
	f = form_add(form, FORM_LIST, "c", "Choice");
	form_option(f, "x", "Ex");
	assert_written("form", want);
}
END_TEST

START_TEST(comes_back_with_its_faults)
{
	static const char *const want[] = { "<instructions>Look: First.<",
		"<desc>This is needed. Help.</desc>", "<value>kept</value>",
		NULL };
	struct form_field *f = form_add_line(form, "a", "A", NULL);
	char *text;

	form_instruct(form, "First.");
	form_require(f);
	form_desc(f, "Help.");
	form_add_line(form, "b", "B", NULL);
	ck_assert_int_eq(fill(X VALUE("b", "kept") "</x>"), FORM_TAKEN);
	ck_assert_ptr_eq(form_fault_next(form, NULL), f);
	ck_assert_ptr_null(form_fault_next(form, f));
	form_blame(f, "This is needed.");
	ck_assert_int_eq(form_fault(f), FORM_MISSING);
	form_notice(form, "Look:");
	assert_written("form", want);
	form_notice(form, NULL);
	ck_assert_int_eq(fill(X VALUE("a", "x") "</x>"), FORM_TAKEN);
	ck_assert_uint_eq(form_faults(form), 0);
	text = written("form");
	ck_assert_ptr_null(strstr(text, "needed"));
	ck_assert_ptr_null(strstr(text, "Look:"));
	xmpp_free(ctx, text);
}
END_TEST

START_TEST(results_hold_values_alone)
{
	char *text;

	form_require(form_add_line(form, "a", "A", "1"));
	form_desc(form_find(form, "a"), "Help.");
	text = written("result");
	ck_assert_ptr_null(strstr(text, "required"));
	ck_assert_ptr_null(strstr(text, "Help."));
	ck_assert_ptr_nonnull(strstr(text, "<value>1</value>"));
	xmpp_free(ctx, text);
}
END_TEST

START_TEST(what_no_parser_takes_is_cleaned)
{
	static const char *const want[] = { "<value>a?b?c</value>",
		"label=\"L?\"", NULL };

	form_add_line(form, "a", "L\x01",
	    "a\x02"
	    "b\xff"
	    "c");
	assert_written("form", want);
}
END_TEST

START_TEST(beyond_a_maximum_it_is_not_written)
{
	xmpp_stanza_t *s = xmpp_stanza_new(ctx);
	struct err e = { "" };
	char var[16];

	for (int i = 0; i <= FORM_FIELDS_MAX; i++) {
		(void)snprintf(var, sizeof var, "f%d", i);
		form_add_line(form, var, NULL, NULL);
	}
	xmpp_stanza_set_name(s, "command");
	ck_assert_int_eq(form_write(form, s, "form", &e), -1);
	ck_assert_str_ne(e.text, "");
	xmpp_stanza_release(s);
}
END_TEST

START_TEST(a_name_twice_is_a_mistake)
{
	xmpp_stanza_t *s = xmpp_stanza_new(ctx);

	form_add_line(form, "a", NULL, NULL);
	form_add_line(form, "a", NULL, NULL);
	xmpp_stanza_set_name(s, "command");
	ck_assert_int_eq(form_write(form, s, "form", NULL), -1);
	xmpp_stanza_release(s);
}
END_TEST

/* Filling again and again takes no more memory than once. */
START_TEST(bytes_do_not_grow)
{
	size_t before;

	form_require(form_add_line(form, "a", "A", NULL));
	form_add(form, FORM_TEXT_MULTI, "t", "T");
	ck_assert_int_eq(fill(X VALUE("t", "x") "</x>"), FORM_TAKEN);
	form_blame(form_find(form, "a"), "This is needed.");
	before = form_bytes(form);
	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(fill(X VALUE("t", "x") "</x>"), FORM_TAKEN);
		form_blame(form_find(form, "a"), "This is needed.");
	}
	ck_assert_uint_eq(form_bytes(form), before);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("form");
	TCase *t = tcase_create("form");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, takes_answers, 0, COUNT(answers));
	tcase_add_loop_test(t, refuses_what_is_broken, 0, COUNT(broken));
	tcase_add_test(t, refuses_what_is_huge);
	tcase_add_test(t, refuses_more_fields_than_fit);
	tcase_add_test(t, says_what_it_wants);
	tcase_add_test(t, comes_back_with_its_faults);
	tcase_add_test(t, results_hold_values_alone);
	tcase_add_test(t, what_no_parser_takes_is_cleaned);
	tcase_add_test(t, beyond_a_maximum_it_is_not_written);
	tcase_add_test(t, a_name_twice_is_a_mistake);
	tcase_add_test(t, bytes_do_not_grow);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

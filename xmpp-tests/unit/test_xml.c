/* Escaping: nothing that is written may break the stream. */
#include "unit/unit.h"

#include <string.h>

#include "xmpp/xml.h"

#define FFFD "\xef\xbf\xbd"

static const struct {
	const char *label, *in, *want;
} cases[] = {
	{ "nothing", "", "" },
	{ "plain", "abc XYZ 019 !#$%()*+,-./:;=?@[\\]^_`{|}~",
	    "abc XYZ 019 !#$%()*+,-./:;=?@[\\]^_`{|}~" },
	{ "markup", "<a b='c' d=\"&\">",
	    "&lt;a b=&apos;c&apos; d=&quot;&amp;&quot;&gt;" },
	{ "white space survives values", "a\tb\nc\rd", "a&#9;b&#10;c&#13;d" },
	{ "controls", "a\x01\x1fz", "a" FFFD FFFD "z" },
	{ "DEL is none that XML forbids", "a\x7fz", "a\x7fz" },
	{ "two, three, four bytes", "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80",
	    "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80" },
	{ "cut short", "\xe2\x82", FFFD FFFD },
	{ "cut by a letter", "\xc3g", FFFD "g" },
	{ "a lone tail", "\x80", FFFD },
	{ "overlong", "\xc0\xbc", FFFD FFFD },
	{ "overlong in three", "\xe0\x80\xbc", FFFD FFFD FFFD },
	{ "a surrogate", "\xed\xa0\x80", FFFD FFFD FFFD },
	{ "the last", "\xf4\x8f\xbf\xbd", "\xf4\x8f\xbf\xbd" },
	{ "beyond the last", "\xf4\x90\x80\x80", FFFD FFFD FFFD FFFD },
	{ "U+FFFE", "\xef\xbf\xbe", FFFD FFFD FFFD },
	{ "0xff", "\xff", FFFD },
};

START_TEST(escapes)
{
	struct buf b;

	buf_init(&b, 4096);
	xml_text(&b, cases[_i].in);
	ck_assert_msg(strcmp(b.data != NULL ? b.data : "", cases[_i].want) == 0,
	    "%s: got %s", cases[_i].label, b.data);
	buf_clear(&b);
}
END_TEST

START_TEST(writes_attributes)
{
	struct buf b;

	buf_init(&b, 4096);
	xml_attr(&b, "a", NULL);
	xml_attr(&b, "b", "");
	xml_attr(&b, "c", "d'e");
	xml_attr_number(&b, "n", 0);
	xml_attr_number(&b, "m", UINT64_MAX);
	xml_number(&b, 10);
	ck_assert_str_eq(b.data,
	    " c='d&apos;e' n='0' m='18446744073709551615'10");
	buf_clear(&b);
}
END_TEST

START_TEST(stops_at_the_maximum)
{
	struct buf b;

	buf_init(&b, 8);
	xml_text(&b, "<<<<");
	ck_assert(b.failed);
	ck_assert_uint_le(b.len, 8);
	buf_clear(&b);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("xml");
	TCase *t = tcase_create("xml");

	tcase_add_loop_test(t, escapes, 0, COUNT(cases));
	tcase_add_test(t, writes_attributes);
	tcase_add_test(t, stops_at_the_maximum);
	suite_add_tcase(s, t);
	return s;
}

int
main(void)
{
	return unit_run(suite());
}

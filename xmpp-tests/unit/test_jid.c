/*
 * Addresses: what a JID may look like, and the published vectors of the
 * profiles (draft-josefsson-idn-test-vectors, "nameprep", and what RFC 6122
 * says of the other two).
 */
#include "unit/unit.h"

#include <stdio.h>
#include <string.h>

#include "text/jid.h"

static struct err e;

static const struct {
	const char *label, *text;
	const char *want; /* NULL: refused */
} cases[] = {
	{ "all three parts", "daily@example.org/desk",
	    "daily@example.org/desk" },
	{ "bare", "daily@example.org", "daily@example.org" },
	{ "domain alone", "example.org", "example.org" },
	{ "domain and resource", "example.org/x", "example.org/x" },
	{ "capitals", "Daily@Example.ORG/Desk", "daily@example.org/Desk" },
	{ "capitals before the @ only", "Daily@b", "daily@b" },
	{ "capitals in the domain only", "a@B", "a@b" },
	{ "@ and / in the resource", "a@b/c@d/e", "a@b/c@d/e" },
	{ "spaces in the resource", "a@b/ c d ", "a@b/ c d " },
	{ "dot at the end", "a@example.org.", "a@example.org" },
	{ "dot at the end, resource", "a@example.org./x", "a@example.org/x" },
	{ "IPv4", "a@127.0.0.1", "a@127.0.0.1" },
	{ "IPv6", "a@[2001:db8::1]/x", "a@[2001:db8::1]/x" },
	{ "IPv6 in capitals", "a@[2001:DB8::1]", "a@[2001:db8::1]" },
	{ "IPv6, IPv4 in it", "[::ffff:10.0.0.1]", "[::ffff:10.0.0.1]" },
	{ "underscore", "a@my_host", "a@my_host" },
	{ "domain in IDNA's form", "a@xn--bcher-kva.example",
	    "a@xn--bcher-kva.example" },
	{ "domain in Unicode", "a@BÜCHER.example", "a@bücher.example" },
	{ "decomposed umlaut",
	    "a@bu\xcc\x88"
	    "cher.example",
	    "a@bücher.example" },
	{ "sharp s", "a@straße.example", "a@strasse.example" },
	{ "escaped (XEP-0106)", "d\\27artagnan@b", "d\\27artagnan@b" },
	{ "after Unicode 3.2", "✅@b", "✅@b" },
	{ "Cyrillic", "РЕДАКЦИЯ@b", "редакция@b" },
	{ "Hebrew", "\xd7\xa9\xd7\x9c@b", "\xd7\xa9\xd7\x9c@b" },
	{ "nothing", "", NULL },
	{ "@ alone", "@", NULL },
	{ "/ alone", "/", NULL },
	{ "dot alone", ".", NULL },
	{ "two dots", "a@..", NULL },
	{ "no localpart", "@example.org", NULL },
	{ "no domain", "a@", NULL },
	{ "no domain but a resource", "a@/x", NULL },
	{ "empty resource", "a@b/", NULL },
	{ "two @", "a@b@c", NULL },
	{ "empty label", "a@b..c", NULL },
	{ "dot at the start", "a@.b", NULL },
	{ "two dots at the end", "a@b..", NULL },
	{ "space in the localpart", "a b@c", NULL },
	{ "no-break space in it",
	    "a\xc2\xa0"
	    "b@c",
	    NULL },
	{ "quote in the localpart", "a\"b@c", NULL },
	{ "ampersand", "a&b@c", NULL },
	{ "apostrophe", "a'b@c", NULL },
	{ "colon", "a:b@c", NULL },
	{ "less-than", "a<b@c", NULL },
	{ "greater-than", "a>b@c", NULL },
	{ "full-width @ in the localpart",
	    "a\xef\xbc\xa0"
	    "b@c",
	    NULL },
	{ "full-width / in the domain",
	    "a@b\xef\xbc\x8f"
	    "c",
	    NULL },
	{ "full-width @ in the domain",
	    "a@b\xef\xbc\xa0"
	    "c",
	    NULL },
	{ "space in the domain", "a@b c", NULL },
	{ "port", "a@b:5222", NULL },
	{ "IPv6 without brackets", "a@::1", NULL },
	{ "half a bracket", "a@[::1", NULL },
	{ "no IPv6 in brackets", "a@[b]", NULL },
	{ "empty brackets", "a@[]", NULL },
	{ "exclamation mark in the domain", "a@b!", NULL },
	{ "control character", "a\x01@b", NULL },
	{ "control character in the resource", "a@b/\x01", NULL },
	{ "delete", "a\x7f@b", NULL },
	{ "line break", "a@b\n", NULL },
	{ "not UTF-8", "a\xff@b", NULL },
	{ "overlong slash",
	    "a@b\xc0\xaf"
	    "c",
	    NULL },
	{ "surrogate", "a\xed\xa0\x80@b", NULL },
	{ "cut character", "a@b/\xe2\x9c", NULL },
	{ "left-to-right mark", "a\xe2\x80\x8e@b", NULL },
	{ "nothing is left", "\xc2\xad@b", NULL },
	{ "directions mixed", "a\xd7\xa9@b", NULL },
	{ "private use", "a\xee\x80\x80@b", NULL },
};

START_TEST(addresses)
{
	struct jid j;
	char full[JID_MAX + 1];
	int got;

	e.text[0] = '\0';
	got = jid_parse(&j, cases[_i].text, &e);
	ck_assert_msg((got == 0) == (cases[_i].want != NULL), "%s: %d, %s",
	    cases[_i].label, got, e.text);
	if (got != 0) {
		ck_assert_str_ne(e.text, "");
		return;
	}
	jid_full(&j, full);
	ck_assert_str_eq(full, cases[_i].want);
}
END_TEST

/* The short way says what the long way says: of the same texts. */
START_TEST(bare_addresses)
{
	struct jid j;
	char got[JID_MAX + 1], want[JID_MAX + 1] = "";
	const char *text = cases[_i].text;
	char bare[64];
	size_t len = 999;
	int is_bare;

	(void)snprintf(bare, sizeof bare, "%.*s", (int)strcspn(text, "/"),
	    text);
	is_bare = jid_parse(&j, bare, &e);
	if (is_bare == 0)
		jid_bare(&j, want);
	ck_assert_msg(jid_bare_prepare(bare, got, sizeof got, &len, &e) ==
		is_bare,
	    "%s", cases[_i].label);
	if (is_bare != 0)
		return;
	ck_assert_str_eq(got, want);
	ck_assert_uint_eq(len, strlen(want));
	/* With any resource but none; without room for the NUL. */
	strcat(bare, "/\x01");
	ck_assert_int_eq(jid_bare_prepare(bare, got, sizeof got, NULL, &e), 0);
	ck_assert_str_eq(got, want);
	strcpy(strchr(bare, '/'), "/");
	ck_assert_int_eq(jid_bare_prepare(bare, got, sizeof got, NULL, &e), -1);
	ck_assert_int_eq(jid_bare_prepare(want, got, len, NULL, &e), -1);
	ck_assert_int_eq(jid_bare_prepare(want, got, len + 1, NULL, &e), 0);
}
END_TEST

enum profile { NODE, DOMAIN, RESOURCE };

/*
 * Nameprep's cases are those of draft-josefsson-idn-test-vectors #section-4;
 * a domain here has no blanks or brackets, so those that come out with one
 * are put to resourceprep, which maps and normalizes alike but for case.
 */
static const struct {
	const char *label;
	enum profile profile;
	const char *in, *want;
} vectors[] = {
	{ "map to nothing", DOMAIN,
	    "foo\xc2\xad\xcd\x8f\xe1\xa0\x86\xe1\xa0\x8b"
	    "bar\xe2\x80\x8b\xe2\x81\xa0"
	    "baz\xef\xb8\x80\xef\xb8\x88"
	    "\xef\xb8\x8f\xef\xbb\xbf",
	    "foobarbaz" },
	{ "fold ASCII", DOMAIN, "CAFE", "cafe" },
	{ "fold U+00DF", DOMAIN, "\xc3\x9f", "ss" },
	{ "fold U+0130", DOMAIN, "\xc4\xb0", "i\xcc\x87" },
	{ "fold U+2121 U+33C6 U+1D7BB", DOMAIN,
	    "\xe2\x84\xa1\xe3\x8f\x86\xf0\x9d\x9e\xbb",
	    "telc\xe2\x88\x95kg\xcf\x83" },
	{ "normalize U+006A U+030C U+00A0 U+00AA", RESOURCE,
	    "\x6a\xcc\x8c\xc2\xa0\xc2\xaa", "\xc7\xb0 a" },
	{ "fold and normalize U+1FB7", DOMAIN, "\xe1\xbe\xb7",
	    "\xe1\xbe\xb6\xce\xb9" },
	{ "self-reverting U+01F0", DOMAIN, "\xc7\xb0", "\xc7\xb0" },
	{ "self-reverting U+0390", DOMAIN, "\xce\x90", "\xce\x90" },
	{ "self-reverting U+03B0", DOMAIN, "\xce\xb0", "\xce\xb0" },
	{ "self-reverting U+1E96", DOMAIN, "\xe1\xba\x96", "\xe1\xba\x96" },
	{ "self-reverting U+1F56", DOMAIN, "\xe1\xbd\x96", "\xe1\xbd\x96" },
	{ "space U+0020", RESOURCE, " ", " " },
	{ "space U+00A0", RESOURCE, "\xc2\xa0", " " },
	{ "space U+1680", DOMAIN, "\xe1\x9a\x80", NULL },
	{ "space U+2000", RESOURCE, "\xe2\x80\x80", " " },
	{ "zero width space U+200B leaves nothing", DOMAIN, "\xe2\x80\x8b",
	    NULL },
	{ "space U+3000", RESOURCE, "\xe3\x80\x80", " " },
	{ "control U+0085", DOMAIN, "\xc2\x85", NULL },
	{ "control U+180E", DOMAIN, "\xe1\xa0\x8e", NULL },
	{ "control U+1D175", DOMAIN, "\xf0\x9d\x85\xb5", NULL },
	{ "private use U+F123", DOMAIN, "\xef\x84\xa3", NULL },
	{ "private use U+F1234", DOMAIN, "\xf3\xb1\x88\xb4", NULL },
	{ "private use U+10F234", DOMAIN, "\xf4\x8f\x88\xb4", NULL },
	{ "no character U+8FFFE", DOMAIN, "\xf2\x8f\xbf\xbe", NULL },
	{ "no character U+10FFFF", DOMAIN, "\xf4\x8f\xbf\xbf", NULL },
	{ "surrogate U+DF42", DOMAIN, "\xed\xbd\x82", NULL },
	{ "no plain text U+FFFD", DOMAIN, "\xef\xbf\xbd", NULL },
	{ "ideographic description U+2FF5", DOMAIN, "\xe2\xbf\xb5", NULL },
	{ "display property U+0341", DOMAIN, "\xcd\x81", "\xcc\x81" },
	{ "left-to-right mark U+200E", DOMAIN, "\xe2\x80\x8e", NULL },
	{ "deprecated U+202A", DOMAIN, "\xe2\x80\xaa", NULL },
	{ "tag U+E0001", DOMAIN, "\xf3\xa0\x80\x81", NULL },
	{ "tag U+E0042", DOMAIN, "\xf3\xa0\x81\x82", NULL },
	{ "U+05BE between Latin letters", DOMAIN,
	    "foo\xd6\xbe"
	    "bar",
	    NULL },
	{ "U+FD50 between Latin letters", DOMAIN,
	    "foo\xef\xb5\x90"
	    "bar",
	    NULL },
	{ "U+FE76 between Latin letters", RESOURCE,
	    "foo\xef\xb9\xb6"
	    "bar",
	    "foo \xd9\x8e"
	    "bar" },
	{ "U+0627 U+0031", DOMAIN, "\xd8\xa7\x31", NULL },
	{ "U+0627 U+0031 U+0628", DOMAIN, "\xd8\xa7\x31\xd8\xa8",
	    "\xd8\xa7\x31\xd8\xa8" },
	{ "U+0627 U+00AA U+0628", DOMAIN, "\xd8\xa7\xc2\xaa\xd8\xa8", NULL },
	{ "micro sign", DOMAIN, "\xc2\xb5", "\xce\xbc" },
	{ "feminine ordinal", DOMAIN, "\xc2\xaa", "a" },
	{ "unassigned U+0221", DOMAIN, "\xc8\xa1", "\xc8\xa1" },
	{ "unassigned U+0236", DOMAIN, "\xc8\xb6", "\xc8\xb6" },
	{ "node: space", NODE, " ", NULL },
	{ "node: U+00A0", NODE, "\xc2\xa0", NULL },
	{ "node: @", NODE, "foo@bar", NULL },
	{ "resource: @", RESOURCE, "foo@bar", "foo@bar" },
	{ "node: Roman four", NODE, "\xe2\x85\xa3", "iv" },
	{ "resource: Roman four", RESOURCE, "\xe2\x85\xa3", "IV" },
	{ "node: final sigma", NODE, "\xce\xa3\xcf\x82", "\xcf\x83\xcf\x83" },
	{ "resource: case stays", RESOURCE, "Desk", "Desk" },
};

START_TEST(published_vectors)
{
	static int (*const prepare[])(const char *, char *, size_t,
	    struct err *) = { jid_prepare_node, jid_prepare_domain,
		jid_prepare_resource };
	char got[JID_PART_MAX + 1];
	int r =
	    prepare[vectors[_i].profile](vectors[_i].in, got, sizeof got, &e);

	ck_assert_msg((r == 0) == (vectors[_i].want != NULL), "%s: %d, %s",
	    vectors[_i].label, r, e.text);
	if (r == 0)
		ck_assert_str_eq(got, vectors[_i].want);
}
END_TEST

static void
fill(char *r, char c, size_t len)
{
	memset(r, c, len);
	r[len] = '\0';
}

START_TEST(parts_have_a_maximum)
{
	static struct jid j;
	static char part[JID_PART_MAX + 2], text[3 * sizeof part + 3];

	fill(part, 'a', JID_PART_MAX);
	(void)snprintf(text, sizeof text, "%s@%s/%s", part, part, part);
	ck_assert_int_eq(jid_parse(&j, text, &e), 0);
	ck_assert_str_eq(j.local, part);
	ck_assert_str_eq(j.domain, part);
	ck_assert_str_eq(j.resource, part);
	ck_assert_uint_eq(strlen(text), JID_MAX);
	fill(part, 'a', JID_PART_MAX + 1);
	(void)snprintf(text, sizeof text, "%s@b/c", part);
	ck_assert_int_eq(jid_parse(&j, text, &e), -1);
	(void)snprintf(text, sizeof text, "b@%s/c", part);
	ck_assert_int_eq(jid_parse(&j, text, &e), -1);
	(void)snprintf(text, sizeof text, "b@c/%s", part);
	ck_assert_int_eq(jid_parse(&j, text, &e), -1);
}
END_TEST

START_TEST(a_part_may_not_grow_beyond_it)
{
	/* U+FDFA becomes 18 characters. */
	char text[3 * 300 + 1] = "", got[JID_PART_MAX + 1];

	for (int i = 0; i < 300; i++)
		strcat(text, "\xef\xb7\xba");
	ck_assert_int_eq(jid_prepare_resource(text, got, sizeof got, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "too long"));
}
END_TEST

START_TEST(results_have_to_fit)
{
	char got[4];

	ck_assert_int_eq(jid_prepare_node("abc", got, sizeof got, &e), 0);
	ck_assert_str_eq(got, "abc");
	ck_assert_int_eq(jid_prepare_node("abcd", got, sizeof got, &e), -1);
	ck_assert_int_eq(jid_prepare_node("abcde", got, sizeof got, &e), -1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("jid");
	TCase *t = tcase_create("jid");

	tcase_add_loop_test(t, addresses, 0, COUNT(cases));
	tcase_add_loop_test(t, bare_addresses, 0, COUNT(cases));
	tcase_add_loop_test(t, published_vectors, 0, COUNT(vectors));
	tcase_add_test(t, parts_have_a_maximum);
	tcase_add_test(t, a_part_may_not_grow_beyond_it);
	tcase_add_test(t, results_have_to_fit);
	suite_add_tcase(s, t);
	return unit_run(s);
}

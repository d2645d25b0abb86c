/* Hashes and base64url against published values. */
#include "unit/unit.h"

#include <string.h>

#include "crypto/hash.h"
#include "unit/hex.h"

START_TEST(sha256_of_abc)
{
	/* FIPS 180-4, example "abc". */
	unsigned char want[HASH_SHA256_LEN], got[HASH_SHA256_LEN];
	struct err e = { "" };

	hex_read("ba7816bf8f01cfea414140de5dae2223"
		 "b00361a396177a9cb410ff61f20015ad",
	    want, sizeof want);
	ck_assert_int_eq(hash_sha256("abc", 3, got, &e), 0);
	ck_assert_mem_eq(got, want, sizeof want);
}
END_TEST

START_TEST(sha256_of_nothing)
{
	unsigned char want[HASH_SHA256_LEN], got[HASH_SHA256_LEN];
	struct err e = { "" };

	hex_read("e3b0c44298fc1c149afbf4c8996fb924"
		 "27ae41e4649b934ca495991b7852b855",
	    want, sizeof want);
	ck_assert_int_eq(hash_sha256("", 0, got, &e), 0);
	ck_assert_mem_eq(got, want, sizeof want);
}
END_TEST

START_TEST(handshake_of_xep_0114)
{
	/* The specification's own example of a handshake is the hash of
	 * "3BF96D32" and a secret that it does not tell; "test" gives this
	 * (sha1sum). */
	char got[HASH_SHA1_HEX_LEN + 1];
	struct err e = { "" };

	ck_assert_int_eq(hash_handshake("3BF96D32", "test", got, &e), 0);
	ck_assert_str_eq(got, "aaee83c26aeeafcbabeabfcbcd50df997e0a2a1e");
}
END_TEST

START_TEST(random_bytes_differ)
{
	unsigned char a[32], b[32];
	struct err e = { "" };

	ck_assert_int_eq(hash_random(a, sizeof a, &e), 0);
	ck_assert_int_eq(hash_random(b, sizeof b, &e), 0);
	ck_assert_mem_ne(a, b, sizeof a);
}
END_TEST

START_TEST(wiped_bytes_are_zero)
{
	char secret[8] = "secret!", zero[8] = { 0 };

	hash_wipe(secret, sizeof secret);
	ck_assert_mem_eq(secret, zero, sizeof zero);
}
END_TEST

/* RFC 4648 #section-10, without the padding, and the two digits that are
 * base64url's own. */
static const struct {
	const char *bytes, *text;
} pairs[] = {
	{ "", "" },
	{ "f", "Zg" },
	{ "fo", "Zm8" },
	{ "foo", "Zm9v" },
	{ "foob", "Zm9vYg" },
	{ "fooba", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy" },
	{ "\xff\xff\xfe", "___-" },
	{ "\xfb\xef\xbe", "----" },
};

START_TEST(base64url_both_ways)
{
	const char *bytes = pairs[_i].bytes;
	unsigned char back[16];
	char text[32];
	size_t len = 99;
	struct err e = { "" };

	hash_base64url(bytes, strlen(bytes), text);
	ck_assert_str_eq(text, pairs[_i].text);
	ck_assert_int_eq(hash_base64url_decode(text, strlen(text), back,
			     sizeof back, &len, &e),
	    0);
	ck_assert_uint_eq(len, strlen(bytes));
	if (len > 0)
		ck_assert_mem_eq(back, bytes, len);
}
END_TEST

static const struct {
	const char *label, *text;
	size_t cap;
} wrong[] = {
	{ "padding", "Zg==", 16 },
	{ "the other alphabet's plus", "Zg+v", 16 },
	{ "the other alphabet's slash", "Zg/v", 16 },
	{ "one digit alone", "Z", 16 },
	{ "five digits", "Zm9vY", 16 },
	{ "stray bits after one byte", "Zh", 16 },
	{ "stray bits after two bytes", "Zm9", 16 },
	{ "a space", "Zg v", 16 },
	{ "a line break", "Zm9v\n", 16 },
	{ "a byte over 127", "Zg\xc3v", 16 },
	{ "more than there is room for", "Zm9v", 2 },
};

START_TEST(base64url_refuses)
{
	unsigned char r[16];
	size_t len;
	struct err e = { "" };

	ck_assert_msg(hash_base64url_decode(wrong[_i].text,
			  strlen(wrong[_i].text), r, wrong[_i].cap, &len,
			  &e) == -1,
	    "%s was taken", wrong[_i].label);
	ck_assert_str_ne(e.text, "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("hash");
	TCase *t = tcase_create("hash");

	tcase_add_test(t, sha256_of_abc);
	tcase_add_test(t, sha256_of_nothing);
	tcase_add_test(t, handshake_of_xep_0114);
	tcase_add_test(t, random_bytes_differ);
	tcase_add_test(t, wiped_bytes_are_zero);
	tcase_add_loop_test(t, base64url_both_ways, 0, COUNT(pairs));
	tcase_add_loop_test(t, base64url_refuses, 0, COUNT(wrong));
	suite_add_tcase(s, t);
	return unit_run(s);
}

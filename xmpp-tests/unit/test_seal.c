/* Sealing: published vectors, another implementation, and broken seals. */
#include "crypto/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit/hex.h"
#include "unit/unit.h"

static struct err e;

/* The vectors of the GCM specification (McGrew and Viega, "The Galois/Counter
 * Mode of Operation", appendix B, cases 13 to 16). */
#define KEY_0                                                                  \
	"00000000000000000000000000000000"                                     \
	"00000000000000000000000000000000"
#define KEY_F                                                                  \
	"feffe9928665731c6d6a8f9467308308"                                     \
	"feffe9928665731c6d6a8f9467308308"
#define TEXT_60                                                                \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da"                     \
	"2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525"                     \
	"b16aedf5aa0de657ba637b39"
#define SEALED_60                                                              \
	"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c9"                     \
	"7598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838"                     \
	"c5f61e6393ba7a0abcc9f662"
static const struct {
	const char *label, *key, *nonce, *aad, *text, *sealed;
} vectors[] = {
	{ "case 13", KEY_0, "000000000000000000000000", "", "",
	    "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "case 14", KEY_0, "000000000000000000000000", "",
	    "00000000000000000000000000000000",
	    "cea7403d4d606b6e074ec5d3baf39d18"
	    "d0d1c8a799996bf0265b98b5d48ab919" },
	{ "case 15", KEY_F, "cafebabefacedbaddecaf888", "", TEXT_60 "1aafd255",
	    SEALED_60 "898015ad"
		      "b094dac5d93471bdec1a502270e3cc6c" },
	{ "case 16", KEY_F, "cafebabefacedbaddecaf888",
	    "feedfacedeadbeeffeedfacedeadbeefabaddad2", TEXT_60,
	    SEALED_60 "76fc6ece0f4e1768cddf8853bb2d551b" },
};

struct bytes {
	unsigned char key[32], nonce[12], aad[64], text[128], sealed[160];
	size_t aad_len, text_len, sealed_len;
};

static struct bytes
bytes_of(int i)
{
	struct bytes b;

	(void)hex_read(vectors[i].key, b.key, sizeof b.key);
	(void)hex_read(vectors[i].nonce, b.nonce, sizeof b.nonce);
	b.aad_len = hex_read(vectors[i].aad, b.aad, sizeof b.aad);
	b.text_len = hex_read(vectors[i].text, b.text, sizeof b.text);
	b.sealed_len = hex_read(vectors[i].sealed, b.sealed, sizeof b.sealed);
	return b;
}

START_TEST(test_vector)
{
	struct bytes b = bytes_of(_i);
	unsigned char r[160];

	ck_assert_uint_eq(b.sealed_len, b.text_len + SEAL_TAG_LEN);
	ck_assert_int_eq(seal_close(b.key, b.nonce, b.aad, b.aad_len, b.text,
			     b.text_len, r, &e),
	    0);
	ck_assert_msg(memcmp(r, b.sealed, b.sealed_len) == 0, "%s",
	    vectors[_i].label);
	ck_assert_int_eq(seal_open(b.key, b.nonce, b.aad, b.aad_len, b.sealed,
			     b.sealed_len, r, &e),
	    0);
	ck_assert_mem_eq(r, b.text, b.text_len);
}
END_TEST

/* Every single bit counts, of the text, the tag, the nonce, what is bound. */
START_TEST(test_any_bit)
{
	struct bytes b = bytes_of(3);
	unsigned char r[160];
	struct {
		unsigned char *at;
		size_t len;
	} parts[] = { { b.sealed, b.sealed_len }, { b.nonce, 12 },
		{ b.aad, b.aad_len }, { b.key, 32 } };

	for (size_t p = 0; p < COUNT(parts); p++)
		for (size_t bit = 0; bit < parts[p].len * 8; bit++) {
			parts[p].at[bit / 8] ^= (unsigned char)(1 << bit % 8);
			memset(r, 0xee, sizeof r);
			ck_assert_int_eq(seal_open(b.key, b.nonce, b.aad,
					     b.aad_len, b.sealed, b.sealed_len,
					     r, &e),
			    -1);
			ck_assert_mem_ne(r, b.text, b.text_len);
			parts[p].at[bit / 8] ^= (unsigned char)(1 << bit % 8);
		}
	for (size_t len = 0; len < b.sealed_len; len++)
		ck_assert_int_eq(seal_open(b.key, b.nonce, b.aad, b.aad_len,
				     b.sealed, len, r, &e),
		    -1);
	ck_assert_int_eq(seal_open(b.key, b.nonce, b.aad, b.aad_len, b.sealed,
			     b.sealed_len, r, &e),
	    0);
}
END_TEST

/* RFC 4231, case 2 with its key filled up to ours by zeros, which HMAC does
 * anyway. */
START_TEST(test_mark)
{
	unsigned char key[SEAL_KEY_LEN] = "Jefe", r[SEAL_MARK_LEN], want[32];
	const char *text = "what do ya want for nothing?";

	(void)hex_read("5bdcc146bf60754e6a042426089575c7"
		       "5a003f089d2739839dec58b964ec3843",
	    want, sizeof want);
	ck_assert_int_eq(seal_mark(key, text, strlen(text), r, &e), 0);
	ck_assert_mem_eq(r, want, sizeof want);
}
END_TEST

/* What this seals, pyca/cryptography opens. */
START_TEST(test_other_implementation)
{
	static const char script[] =
	    "import sys\n"
	    "from cryptography.hazmat.primitives.ciphers.aead import AESGCM\n"
	    "k, n, a, s = (bytes.fromhex(x) for x in sys.argv[1:])\n"
	    "print(AESGCM(k).decrypt(n, s, a).decode())\n";
	struct bytes b = bytes_of(3);
	const char *text = "{\"legal_name\": \"J\xc3\xb6rg\"}";
	unsigned char r[160];
	char command[2048], hex[400] = "", line[256] = "";
	FILE *f;

	ck_assert_int_eq(seal_close(b.key, b.nonce, b.aad, b.aad_len, text,
			     strlen(text), r, &e),
	    0);
	for (size_t i = 0; i < strlen(text) + SEAL_TAG_LEN; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", r[i]);
	(void)snprintf(command, sizeof command,
	    "/usr/bin/python3 -c '%s' %s %s %s %s", script, vectors[3].key,
	    vectors[3].nonce, vectors[3].aad, hex);
	f = popen(command, "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_ptr_nonnull(fgets(line, sizeof line, f));
	ck_assert_int_eq(pclose(f), 0);
	line[strcspn(line, "\n")] = '\0';
	ck_assert_str_eq(line, text);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("seal");
	TCase *c = tcase_create("seal");

	tcase_add_loop_test(c, test_vector, 0, COUNT(vectors));
	tcase_add_test(c, test_any_bit);
	tcase_add_test(c, test_mark);
	tcase_add_test(c, test_other_implementation);
	tcase_set_timeout(c, 60);
	suite_add_tcase(s, c);
	return unit_run(s);
}

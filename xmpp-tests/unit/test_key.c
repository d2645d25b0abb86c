/*
 * Keys: the vectors of RFC 8032 and RFC 8037 and of Project Wycheproof
 * (vectors/README.md), public keys that nobody should take, key files.
 */
#include "unit/unit.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "crypto/hash.h"
#include "crypto/key.h"
#include "crypto/point.h"
#include "unit/hex.h"

#define VECTORS "xmpp-tests/vectors/"
#define MESSAGE_MAX 4096

static char dir[] = "/tmp/masthead-key-XXXXXX";
static struct err e;

/* Files of the test lie in a folder of its own. */
static const char *
in_dir(const char *name)
{
	static char path[256];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	return path;
}

static void
write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

/* The key of a 32-byte secret: PKCS #8 has it after 16 constant bytes
 * (RFC 8410 #section-7).  Ordinary base64 is base64url here but for two
 * digits. */
static struct key *
key_of_secret(const char *secret_hex)
{
	unsigned char der[48];
	char text[80], pem[256];
	struct key *k = NULL;

	hex_read("302e020100300506032b657004220420", der, 16);
	ck_assert_uint_eq(hex_read(secret_hex, der + 16, 32), 32);
	hash_base64url(der, sizeof der, text);
	for (char *p = text; *p != '\0'; p++)
		*p = (char)(*p == '-' ? '+' : *p == '_' ? '/' : *p);
	(void)snprintf(pem, sizeof pem,
	    "-----BEGIN PRIVATE KEY-----\n"
	    "%s\n-----END PRIVATE KEY-----\n",
	    text);
	(void)unlink(in_dir("secret"));
	write_file(in_dir("secret"), pem, 0600);
	ck_assert_msg(key_load(&k, in_dir("secret"), &e) == 0, "%s", e.text);
	return k;
}

static json_t *
load_vectors(const char *path)
{
	json_error_t why;
	json_t *r = json_load_file(path, 0, &why);

	ck_assert_msg(r != NULL, "%s: %s", path, why.text);
	return r;
}

static const char *
text_of(const json_t *o, const char *name)
{
	const char *r = json_string_value(json_object_get(o, name));

	ck_assert_ptr_nonnull(r);
	return r;
}

START_TEST(rfc8032_signs_and_verifies)
{
	json_t *all = load_vectors(VECTORS "rfc8032_ed25519.json");
	const json_t *v = json_array_get(all, (size_t)_i);
	unsigned char pub[KEY_PUBLIC_LEN], got_pub[KEY_PUBLIC_LEN];
	unsigned char msg[MESSAGE_MAX], sig[KEY_SIGNATURE_LEN];
	unsigned char got[KEY_SIGNATURE_LEN];
	struct key *k = key_of_secret(text_of(v, "secret")), *outside = NULL;
	size_t len;

	ck_assert_uint_eq(json_array_size(all), 5);
	hex_read(text_of(v, "public"), pub, sizeof pub);
	hex_read(text_of(v, "signature"), sig, sizeof sig);
	len = hex_read(text_of(v, "message"), msg, sizeof msg);
	key_public(k, got_pub);
	ck_assert_mem_eq(got_pub, pub, sizeof pub);
	ck_assert_int_eq(key_sign(k, msg, len, got, &e), 0);
	ck_assert_mem_eq(got, sig, sizeof sig);
	ck_assert_int_eq(key_from_public(&outside, pub, &e), 0);
	ck_assert_int_eq(key_verify(outside, msg, len, sig, sizeof sig, &e), 1);
	sig[_i] ^= 1;
	ck_assert_int_eq(key_verify(outside, msg, len, sig, sizeof sig, &e), 0);
	key_free(outside);
	key_free(k);
	json_decref(all);
}
END_TEST

static void
check_wycheproof(const struct key *k, const json_t *v)
{
	unsigned char msg[MESSAGE_MAX], sig[256];
	size_t len = hex_read(text_of(v, "msg"), msg, sizeof msg);
	size_t sig_len = hex_read(text_of(v, "sig"), sig, sizeof sig);
	int want = strcmp(text_of(v, "result"), "valid") == 0;

	ck_assert_msg(key_verify(k, msg, len, sig, sig_len, &e) == want,
	    "tcId %d (%s) is %s",
	    (int)json_integer_value(json_object_get(v, "tcId")),
	    text_of(v, "comment"), text_of(v, "result"));
}

START_TEST(wycheproof_verifies)
{
	json_t *all = load_vectors(VECTORS "wycheproof_eddsa.json");
	const json_t *group, *v;
	size_t i, j, count = 0;

	json_array_foreach(json_object_get(all, "testGroups"), i, group)
	{
		unsigned char pub[KEY_PUBLIC_LEN];
		struct key *k = NULL;

		hex_read(text_of(json_object_get(group, "key"), "pk"), pub,
		    sizeof pub);
		ck_assert_msg(key_from_public(&k, pub, &e) == 0, "%s", e.text);
		json_array_foreach(json_object_get(group, "tests"), j, v)
		{
			check_wycheproof(k, v);
			count++;
		}
		key_free(k);
	}
	ck_assert_uint_eq(count, 145);
	ck_assert_int_eq((int)count,
	    (int)json_integer_value(json_object_get(all, "numberOfTests")));
	json_decref(all);
}
END_TEST

START_TEST(rfc8037_thumbprint)
{
	/* RFC 8037 #appendix-A.3: the key of RFC 8032's TEST 1. */
	struct key *k = key_of_secret("9d61b19deffd5a60ba844af492ec2cc4"
				      "4449c5697b326919703bac031cae7f60");
	unsigned char pub[KEY_PUBLIC_LEN];
	char x[44];

	ck_assert_str_eq(key_kid(k),
	    "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
	key_public(k, pub);
	hash_base64url(pub, sizeof pub, x);
	ck_assert_str_eq(x, "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
	key_free(k);
}
END_TEST

START_TEST(rfc8037_jws)
{
	/* RFC 8037 #appendix-A.4 and A.5. */
	static const char input[] = "eyJhbGciOiJFZERTQSJ9."
				    "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
	struct key *k = key_of_secret("9d61b19deffd5a60ba844af492ec2cc4"
				      "4449c5697b326919703bac031cae7f60");
	unsigned char sig[KEY_SIGNATURE_LEN];
	char text[87];

	ck_assert_int_eq(key_sign(k, input, strlen(input), sig, &e), 0);
	hash_base64url(sig, sizeof sig, text);
	ck_assert_str_eq(text,
	    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6d"
	    "WbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
	ck_assert_int_eq(
	    key_verify(k, input, strlen(input), sig, sizeof sig, &e), 1);
	key_free(k);
}
END_TEST

/*
 * The eight points whose order divides 8, in all fourteen encodings that a
 * lax decoder takes: the list of the paper "Taming the many EdDSAs" (Chalkias
 * and others, 2020, table 1 and #section-3), which is libsodium's block list
 * with the sign bit set and not.  Then what else is no key.
 */
static const struct {
	const char *label, *hex;
} unsound[] = {
	{ "order 1",
	    "01000000000000000000000000000000"
	    "00000000000000000000000000000000" },
	{ "order 2",
	    "ecffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffff7f" },
	{ "order 4, all zero",
	    "00000000000000000000000000000000"
	    "00000000000000000000000000000000" },
	{ "order 4",
	    "00000000000000000000000000000000"
	    "00000000000000000000000000000080" },
	{ "order 8",
	    "26e8958fc2b227b045c3f489f2ef98f0"
	    "d5dfac05d3c63339b13802886d53fc05" },
	{ "order 8",
	    "26e8958fc2b227b045c3f489f2ef98f0"
	    "d5dfac05d3c63339b13802886d53fc85" },
	{ "order 8",
	    "c7176a703d4dd84fba3c0b760d10670f"
	    "2a2053fa2c39ccc64ec7fd7792ac037a" },
	{ "order 8",
	    "c7176a703d4dd84fba3c0b760d10670f"
	    "2a2053fa2c39ccc64ec7fd7792ac03fa" },
	{ "order 1, x = -0",
	    "01000000000000000000000000000000"
	    "00000000000000000000000000000080" },
	{ "order 2, x = -0",
	    "ecffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffff" },
	{ "y = p, that is 0",
	    "edffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffff7f" },
	{ "y = p, sign",
	    "edffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffff" },
	{ "y = p + 1, that is 1",
	    "eeffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffff7f" },
	{ "y = p + 1, sign",
	    "eeffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffffff" },
	{ "y = p + 18, the last",
	    "ffffffffffffffffffffffffffffffff"
	    "ffffffffffffffffffffffffffffff7f" },
	{ "y = 2: on no point",
	    "02000000000000000000000000000000"
	    "00000000000000000000000000000000" },
	{ "TEST 1's key plus the point of order 2",
	    "16a567fe7d4ef5482ab4012c369bf8c5"
	    "f11e8d0c2559dcda50fde59708f8aee5" },
};

START_TEST(unsound_keys_are_refused)
{
	unsigned char pub[KEY_PUBLIC_LEN];
	struct key *k = NULL;

	e.text[0] = '\0';
	ck_assert_uint_eq(hex_read(unsound[_i].hex, pub, sizeof pub), 32);
	ck_assert_msg(key_from_public(&k, pub, &e) == -1, "%s was taken",
	    unsound[_i].label);
	ck_assert_str_ne(e.text, "");
	ck_assert_int_eq(point_is_sound(pub, &e), 0);
}
END_TEST

START_TEST(new_keys_are_sound_and_differ)
{
	struct key *a = NULL, *b = NULL, *outside = NULL;
	unsigned char pub[KEY_PUBLIC_LEN];

	ck_assert_int_eq(key_generate(&a, &e), 0);
	ck_assert_int_eq(key_generate(&b, &e), 0);
	ck_assert_str_ne(key_kid(a), key_kid(b));
	ck_assert_uint_eq(strlen(key_kid(a)), KEY_KID_LEN);
	key_public(a, pub);
	ck_assert_msg(key_from_public(&outside, pub, &e) == 0, "%s", e.text);
	ck_assert_str_eq(key_kid(outside), key_kid(a));
	key_free(outside);
	key_free(b);
	key_free(a);
}
END_TEST

START_TEST(public_keys_do_not_sign_and_are_not_saved)
{
	struct key *k = NULL, *outside = NULL;
	unsigned char pub[KEY_PUBLIC_LEN], sig[KEY_SIGNATURE_LEN];

	ck_assert_int_eq(key_generate(&k, &e), 0);
	key_public(k, pub);
	ck_assert_int_eq(key_from_public(&outside, pub, &e), 0);
	ck_assert_int_eq(key_sign(outside, "x", 1, sig, &e), -1);
	ck_assert_int_eq(key_save(outside, in_dir("public"), &e), -1);
	ck_assert_int_eq(access(in_dir("public"), F_OK), -1);
	key_free(outside);
	key_free(k);
}
END_TEST

START_TEST(saved_keys_are_private_and_come_back)
{
	struct key *k = NULL, *back = NULL;
	struct stat st;
	mode_t old = umask(0);

	ck_assert_int_eq(key_generate(&k, &e), 0);
	ck_assert_msg(key_save(k, in_dir("saved"), &e) == 0, "%s", e.text);
	(void)umask(old);
	ck_assert_int_eq(stat(in_dir("saved"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_msg(key_load(&back, in_dir("saved"), &e) == 0, "%s", e.text);
	ck_assert_str_eq(key_kid(back), key_kid(k));
	/* Never over an old one. */
	ck_assert_int_eq(key_save(k, in_dir("saved"), &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "exists"));
	key_free(back);
	key_free(k);
}
END_TEST

START_TEST(keys_are_not_saved_where_there_is_no_folder)
{
	struct key *k = NULL;

	ck_assert_int_eq(key_generate(&k, &e), 0);
	ck_assert_int_eq(key_save(k, in_dir("none/key"), &e), -1);
	key_free(k);
}
END_TEST

/* Modes with any right for others. */
static const mode_t open_modes[] = { 0640, 0604, 0620, 0602, 0610, 0777 };

START_TEST(files_that_others_may_use_are_refused)
{
	struct key *k = NULL;

	ck_assert_int_eq(key_generate(&k, &e), 0);
	(void)unlink(in_dir("open"));
	ck_assert_int_eq(key_save(k, in_dir("open"), &e), 0);
	key_free(k);
	k = NULL;
	ck_assert_int_eq(chmod(in_dir("open"), open_modes[_i]), 0);
	ck_assert_int_eq(key_load(&k, in_dir("open"), &e), -1);
	ck_assert_ptr_nonnull(strstr(e.text, "others"));
	ck_assert_int_eq(chmod(in_dir("open"), 0400), 0);
	ck_assert_int_eq(key_load(&k, in_dir("open"), &e), 0);
	key_free(k);
}
END_TEST

static const struct {
	const char *label, *text;
} files[] = {
	{ "empty", "" },
	{ "prose", "my key\n" },
	{ "cut off", "-----BEGIN PRIVATE KEY-----\nMC4CAQAw\n" },
	{ "X25519",
	    "-----BEGIN PRIVATE KEY-----\n"
	    "MC4CAQAwBQYDK2VuBCIEIPgjMNQkNkBz9zbvzk+lnFFod1KVro5qG8le"
	    "/vp+OOVc\n-----END PRIVATE KEY-----\n" },
	{ "a public key",
	    "-----BEGIN PUBLIC KEY-----\n"
	    "MCowBQYDK2VwAyEAfU0Of2FTpptiQrUiq77mhf2kQg+INLEIw72u"
	    "Np71Sfo=\n-----END PUBLIC KEY-----\n" },
	{ "encrypted",
	    "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
	    "MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiOxQJm\n"
	    "-----END ENCRYPTED PRIVATE KEY-----\n" },
};

START_TEST(files_that_are_no_keys_are_refused)
{
	struct key *k = NULL;

	(void)unlink(in_dir("wrong"));
	write_file(in_dir("wrong"), files[_i].text, 0600);
	ck_assert_msg(key_load(&k, in_dir("wrong"), &e) == -1, "%s was taken",
	    files[_i].label);
	ck_assert_ptr_nonnull(strstr(e.text, "wrong"));
}
END_TEST

START_TEST(missing_files_folders_and_fifos_are_errors)
{
	struct key *k = NULL;

	ck_assert_int_eq(key_load(&k, in_dir("missing"), &e), -1);
	ck_assert_int_eq(key_load(&k, dir, &e), -1);
	ck_assert_int_eq(mkfifo(in_dir("fifo"), 0600), 0);
	ck_assert_int_eq(key_load(&k, in_dir("fifo"), &e), -1);
}
END_TEST

static void
remove_dir(void)
{
	static const char *const names[] = { "secret", "saved", "open", "wrong",
		"fifo" };

	for (size_t i = 0; i < COUNT(names); i++)
		(void)unlink(in_dir(names[i]));
	(void)rmdir(dir);
}

int
main(void)
{
	Suite *s = suite_create("key");
	TCase *t = tcase_create("key");
	int r;

	if (mkdtemp(dir) == NULL)
		return EXIT_FAILURE;
	tcase_add_loop_test(t, rfc8032_signs_and_verifies, 0, 5);
	tcase_add_test(t, wycheproof_verifies);
	tcase_add_test(t, rfc8037_thumbprint);
	tcase_add_test(t, rfc8037_jws);
	tcase_add_loop_test(t, unsound_keys_are_refused, 0, COUNT(unsound));
	tcase_add_test(t, new_keys_are_sound_and_differ);
	tcase_add_test(t, public_keys_do_not_sign_and_are_not_saved);
	tcase_add_test(t, saved_keys_are_private_and_come_back);
	tcase_add_test(t, keys_are_not_saved_where_there_is_no_folder);
	tcase_add_loop_test(t, files_that_others_may_use_are_refused, 0,
	    COUNT(open_modes));
	tcase_add_loop_test(t, files_that_are_no_keys_are_refused, 0,
	    COUNT(files));
	tcase_add_test(t, missing_files_folders_and_fifos_are_errors);
	suite_add_tcase(s, t);
	r = unit_run(s);
	remove_dir();
	return r;
}

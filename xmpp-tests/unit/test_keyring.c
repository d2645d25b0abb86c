/* Rotations and revocations that overtake one another on their way. */
#include "daemon/keyring.h"

#include "crypto/jwks.h"
#include "crypto/token.h"
#include "unit/store_fixture.h"

static char keys[160];
static struct keyring ring;

static void
set_up(void)
{
	const char *notice;

	fx_folder();
	(void)snprintf(keys, sizeof keys, "%s/keys", fx_dir);
	fx_ok(store_open(&fx_w, fx_url, STORE_WRITE, &fx_e));
	fx_ok(keyring_open(&ring, keys, 0, fx_w, T0, &notice, &fx_e));
}

static void
tear_down(void)
{
	char folder[64];

	keyring_clear(&ring);
	store_close(fx_w);
	/* The folder within, then the one around it. */
	(void)snprintf(folder, sizeof folder, "%s", fx_dir);
	(void)snprintf(fx_dir, sizeof fx_dir, "%.50s/keys", folder);
	fx_remove_folder();
	(void)snprintf(fx_dir, sizeof fx_dir, "%s", folder);
	fx_remove_folder();
}

struct seen {
	unsigned count, signing;
	char kid[KEY_ID_MAX + 1]; /* of the last that may sign */
	int64_t retired_s;	  /* of the last that may not */
};

static int
see(void *arg, const struct key_row *k)
{
	struct seen *s = arg;

	s->count++;
	if (k->retired_s == 0 && k->revoked_s == 0) {
		s->signing++;
		(void)snprintf(s->kid, sizeof s->kid, "%s", k->kid);
	} else {
		s->retired_s = k->retired_s;
	}
	return 0;
}

/* One key may sign: the keyring's; and its file is the only one. */
static void
want_one_signer(unsigned count)
{
	struct seen s = { 0 };
	struct dirent *entry;
	unsigned files = 0;
	DIR *d = opendir(keys);

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)) != NULL)
		files += entry->d_name[0] != '.' ? 1 : 0;
	(void)closedir(d);
	fx_ok(store_key_list(fx_w, see, &s, &fx_e));
	ck_assert_uint_eq(s.count, count);
	ck_assert_uint_eq(s.signing, 1);
	ck_assert_str_eq(s.kid, key_kid(ring.active));
	ck_assert_uint_eq(files, 1);
}

/* Both were asked for before the loop heard of the first. */
START_TEST(two_rotations_at_once_leave_one_key)
{
	struct keyring_change *a =
	    keyring_change_new(&ring, "test", NULL, NULL, 0, T0 + 10);
	struct keyring_change *b =
	    keyring_change_new(&ring, "test", NULL, NULL, 0, T0 + 10);

	fx_ok(keyring_rotate(fx_w, a, &fx_e));
	fx_ok(keyring_rotate(fx_w, b, &fx_e));
	ck_assert_str_eq(a->retired_kid, key_kid(ring.active));
	ck_assert_str_eq(b->retired_kid, key_kid(a->fresh));
	keyring_take(&ring, a);
	keyring_take(&ring, b);
	keyring_change_free(a);
	keyring_change_free(b);
	want_one_signer(3);
}
END_TEST

START_TEST(a_revocation_overtaken_by_a_rotation_makes_no_second_key)
{
	struct keyring_change *a =
	    keyring_change_new(&ring, "test", NULL, NULL, 0, T0 + 10);
	struct keyring_change *b = keyring_change_new(&ring, "test",
	    key_kid(ring.active), "stolen", T0, T0 + 10);

	fx_ok(keyring_rotate(fx_w, a, &fx_e));
	fx_ok(keyring_revoke(fx_w, b, &fx_e));
	keyring_take(&ring, a);
	keyring_take(&ring, b);
	keyring_change_free(a);
	keyring_change_free(b);
	want_one_signer(2);
}
END_TEST

/* The loop must not go on with a key that was revoked meanwhile. */
START_TEST(a_key_that_waits_to_sign_can_be_revoked)
{
	struct keyring_change *a =
	    keyring_change_new(&ring, "test", NULL, NULL, 0, T0 + 10);
	struct keyring_change *b;

	fx_ok(keyring_rotate(fx_w, a, &fx_e));
	b = keyring_change_new(&ring, "test", key_kid(a->fresh), "stolen", T0,
	    T0 + 10);
	fx_ok(keyring_revoke(fx_w, b, &fx_e));
	keyring_take(&ring, a);
	keyring_take(&ring, b);
	keyring_change_free(a);
	keyring_change_free(b);
	want_one_signer(3);
}
END_TEST

/* The loop signs with the old key until it has taken the new one. */
START_TEST(what_was_signed_during_a_rotation_is_covered)
{
	struct keyring_change *a =
	    keyring_change_new(&ring, "test", NULL, NULL, 0, T0 + 10);
	struct jwks_key k;
	char old[KEY_ID_MAX + 1];

	(void)snprintf(old, sizeof old, "%s", key_kid(ring.active));
	fx_ok(keyring_rotate(fx_w, a, &fx_e));
	keyring_take(&ring, a);
	keyring_change_free(a);
	ck_assert_int_eq(
	    jwks_find(ring.jwks, strlen(ring.jwks), old, &k, &fx_e), 1);
	ck_assert(jwks_key_covers(&k, T0 + 12, false));
	ck_assert(!jwks_key_covers(&k, T0 + 11 + KEYRING_OVERLAP_S, false));
	key_free(k.key);
}
END_TEST

/* Whether the set has the key after another rotation at `now_s`. */
static int
is_in_set(const char *kid, int64_t now_s)
{
	struct keyring_change *c =
	    keyring_change_new(&ring, "test", NULL, NULL, 0, now_s);
	struct jwks_key k = { 0 };
	int found;

	fx_ok(keyring_rotate(fx_w, c, &fx_e));
	keyring_take(&ring, c);
	keyring_change_free(c);
	found = jwks_find(ring.jwks, strlen(ring.jwks), kid, &k, &fx_e);
	key_free(k.key);
	return found;
}

/* Its last token ended a life after it, and was kept from then on. */
START_TEST(a_retired_key_stays_as_long_as_its_tokens)
{
	const int64_t last = T0 + 10 + KEYRING_OVERLAP_S + TOKEN_LIFE_MAX_S;
	char old[KEY_ID_MAX + 1];

	(void)snprintf(old, sizeof old, "%s", key_kid(ring.active));
	ck_assert_int_eq(is_in_set(old, T0 + 10), 1);
	ck_assert_int_eq(is_in_set(old, last), 1);
	ck_assert_int_eq(is_in_set(old, last + 1), 0);
	ring.keep_s = 100;
	ck_assert_int_eq(is_in_set(old, last + 100), 1);
	ck_assert_int_eq(is_in_set(old, last + 101), 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("keyring");
	TCase *t = tcase_create("keyring");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, two_rotations_at_once_leave_one_key);
	tcase_add_test(t,
	    a_revocation_overtaken_by_a_rotation_makes_no_second_key);
	tcase_add_test(t, a_key_that_waits_to_sign_can_be_revoked);
	tcase_add_test(t, what_was_signed_during_a_rotation_is_covered);
	tcase_add_test(t, a_retired_key_stays_as_long_as_its_tokens);
	suite_add_tcase(s, t);
	return unit_run(s);
}

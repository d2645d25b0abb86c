/* Evidence: what opens and what does not, and keys that change. */
#include "daemon/evidence.h"

#include <stdlib.h>
#include <uv.h>

#include "daemon/clock.h"
#include "unit/store_fixture.h"

#define SECRET "{\"legal_name\": \"Erika Mustermann\"}"

static char keys[160];
static struct evidence *ev;
static uv_loop_t loop;
static struct writer *writer;

static void
open_evidence(void)
{
	fx_ok(evidence_open(&ev, keys, &fx_e));
}

static void
set_up(void)
{
	fx_set_up();
	(void)snprintf(keys, sizeof keys, "%s/evidence", fx_dir);
	open_evidence();
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	fx_ok(writer_new(&writer, &loop, fx_w, &fx_e));
	fx_w = NULL; /* the writer's */
	fx_open_writer();
}

static void
tear_down(void)
{
	char folder[64];

	writer_stop(writer);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	writer_free(writer);
	(void)uv_loop_close(&loop);
	evidence_free(ev);
	fx_close_all();
	(void)snprintf(folder, sizeof folder, "%s", fx_dir);
	(void)snprintf(fx_dir, sizeof fx_dir, "%.50s/evidence", folder);
	fx_remove_folder();
	(void)snprintf(fx_dir, sizeof fx_dir, "%s", folder);
	fx_remove_folder();
}

static struct evidence_row
row_of(const struct case_sealed *v, const char *jid)
{
	return (struct evidence_row){ .id = v->id,
		.jid = jid,
		.kind = v->kind,
		.blob = v->blob,
		.len = v->len };
}

static unsigned
key_files(void)
{
	struct dirent *entry;
	DIR *d = opendir(keys);
	unsigned n = 0;

	ck_assert_ptr_nonnull(d);
	while ((entry = readdir(d)) != NULL)
		n += strlen(entry->d_name) == 20 ? 1 : 0;
	(void)closedir(d);
	return n;
}

START_TEST(test_seal)
{
	struct case_sealed v, w;
	struct evidence_row row;
	char *text;
	size_t len;

	fx_ok(evidence_seal(ev, EVIDENCE_IDENTITY, DAILY, SECRET,
	    strlen(SECRET), &v, &fx_e));
	fx_ok(evidence_seal(ev, EVIDENCE_IDENTITY, DAILY, SECRET,
	    strlen(SECRET), &w, &fx_e));
	ck_assert_str_ne(v.id, w.id);
	ck_assert_mem_ne(v.blob, w.blob, v.len);
	row = row_of(&v, DAILY);
	fx_ok(evidence_unseal(ev, &row, &text, &len, &fx_e));
	ck_assert_str_eq(text, SECRET);
	ck_assert_uint_eq(len, strlen(SECRET));
	evidence_forget(text, len);

	/* It belongs to its row alone. */
	row.jid = WIRE;
	fx_fails(evidence_unseal(ev, &row, &text, &len, &fx_e), "broken");
	row = row_of(&v, DAILY);
	row.id = w.id;
	fx_fails(evidence_unseal(ev, &row, &text, &len, &fx_e), "broken");
	row = row_of(&v, DAILY);
	row.kind = EVIDENCE_NOTE;
	fx_fails(evidence_unseal(ev, &row, &text, &len, &fx_e), "broken");
	row = row_of(&v, DAILY);
	for (row.len = 0; row.len < v.len; row.len++)
		ck_assert_int_eq(evidence_unseal(ev, &row, &text, &len, &fx_e),
		    -1);
	row.blob = NULL;
	fx_fails(evidence_unseal(ev, &row, &text, &len, &fx_e), "erased");
	evidence_clear(&v);
	evidence_clear(&w);
}
END_TEST

START_TEST(test_keys)
{
	char a[CASE_MARK_LEN + 1], b[CASE_MARK_LEN + 1], path[300];
	struct case_sealed v;
	struct evidence_row row;
	char *text;
	size_t len;

	ck_assert_uint_eq(key_files(), 1);
	fx_ok(evidence_mark(ev, DAILY, a, &fx_e));
	fx_ok(evidence_seal(ev, EVIDENCE_NOTE, DAILY, "x", 1, &v, &fx_e));
	evidence_free(ev);
	open_evidence();
	fx_ok(evidence_mark(ev, DAILY, b, &fx_e));
	ck_assert_str_eq(a, b);
	fx_ok(evidence_mark(ev, WIRE, b, &fx_e));
	ck_assert_str_ne(a, b);
	row = row_of(&v, DAILY);
	fx_ok(evidence_unseal(ev, &row, &text, &len, &fx_e));
	evidence_forget(text, len);
	evidence_clear(&v);
	evidence_free(ev);
	ev = NULL;

	/* Keys that others may read, or that are cut. */
	(void)snprintf(path, sizeof path, "%s/marks.key", keys);
	ck_assert_int_eq(chmod(path, 0640), 0);
	fx_fails(evidence_open(&ev, keys, &fx_e), "chmod 600");
	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_int_eq(truncate(path, 31), 0);
	fx_fails(evidence_open(&ev, keys, &fx_e), "damaged");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(chmod(keys, 0755), 0);
	fx_fails(evidence_open(&ev, keys, &fx_e), "chmod 700");
	ck_assert_int_eq(chmod(keys, 0700), 0);
}
END_TEST

/* `count` applications, each with something sealed. */
static void
apply_many(unsigned count)
{
	static struct application a = { .kind = APPLICATION_NEW,
		.name = "N",
		.categories = { { .id = "news" } },
		.category_count = 1 };
	const struct case_rules rules = { .applications = 1000,
		.applications_per_account = 5,
		.applications_per_domain = 1000 };

	for (unsigned i = 0; i < count; i++) {
		char jid[64], id[CASE_ID_LEN + 1];
		struct case_step s = { .action = CASE_DRAFT,
			.id = id,
			.jid = jid,
			.by = jid,
			.role = CASE_SELF,
			.now_s = T0,
			.fields = &a,
			.sealed_count = 1 };
		struct case_result r;

		(void)snprintf(jid, sizeof jid, "a%u@example.org", i);
		fx_ok(evidence_id(id, &fx_e));
		fx_ok(evidence_seal(ev, EVIDENCE_APPLICATION, jid, SECRET,
		    strlen(SECRET), &s.sealed[0], &fx_e));
		fx_ok(store_case_step(fx_w, &s, &rules, &r, &fx_e));
		evidence_clear(&s.sealed[0]);
	}
}

static unsigned opened;

static int
open_one(void *arg, const struct evidence_row *row)
{
	char *text;
	size_t len;

	(void)arg;
	fx_ok(evidence_unseal(ev, row, &text, &len, &fx_e));
	ck_assert_str_eq(text, SECRET);
	evidence_forget(text, len);
	opened++;
	return 0;
}

/* Every row opens with the keys that are there. */
static unsigned
open_all(void)
{
	static const unsigned char no_key[EVIDENCE_KEY_LEN];

	opened = 0;
	fx_ok(store_evidence_stale(fx_r, no_key, 10000, open_one, NULL, &fx_e));
	return opened;
}

struct ended {
	int calls, rc;
	int64_t count;
};

static void
on_rotated(void *arg, int rc, int64_t count, const struct err *e)
{
	struct ended *r = arg;

	(void)e;
	r->calls++;
	r->rc = rc;
	r->count = count;
}

static void
turn_loop(int ms)
{
	for (int i = 0; i < ms; i++) {
		const struct timespec t = { .tv_nsec = 1000000 };

		(void)uv_run(&loop, UV_RUN_NOWAIT);
		(void)nanosleep(&t, NULL);
	}
}

START_TEST(test_rotate)
{
	struct ended end = { 0 };
	char before[20], after[20];

	apply_many(150);
	evidence_key_name(ev, before);
	fx_ok(evidence_rotate(ev, writer, on_rotated, &end, &fx_e));
	fx_fails(evidence_rotate(ev, writer, on_rotated, &end, &fx_e),
	    "already");
	for (int i = 0; i < 5000 && end.calls == 0; i++)
		turn_loop(1);
	ck_assert_int_eq(end.calls, 1);
	ck_assert_int_eq(end.rc, 0);
	ck_assert_int_eq(end.count, 150);
	evidence_key_name(ev, after);
	ck_assert_str_ne(before, after);
	/* For a while the old key still opens what comes late. */
	ck_assert_uint_eq(evidence_key_count(ev), 2);
	ck_assert_uint_eq(open_all(), 150);
	/* After a restart it is looked for once more, and then goes. */
	evidence_free(ev);
	open_evidence();
	ck_assert_uint_eq(evidence_key_count(ev), 2);
	evidence_tick(ev, writer, clock_mono_ms() - EVIDENCE_OVERLAP_MS);
	for (int i = 0; i < 5000 && evidence_key_count(ev) > 1; i++)
		turn_loop(1);
	ck_assert_uint_eq(key_files(), 1);
	ck_assert_uint_eq(open_all(), 150);
}
END_TEST

/* The program ended in the middle: some rows have the new key, some not. */
START_TEST(test_interrupted)
{
	struct ended end = { 0 };
	unsigned char now[EVIDENCE_KEY_LEN];
	char name[20];
	int64_t stale = 0;

	apply_many(150);
	fx_ok(evidence_rotate(ev, writer, on_rotated, &end, &fx_e));
	/* Until the new key seals, and before the last batch. */
	for (int i = 0; i < 5000 && evidence_key_count(ev) < 2; i++)
		turn_loop(1);
	writer_stop(writer);
	(void)uv_run(&loop, UV_RUN_DEFAULT);
	writer_free(writer);
	/* Whoever waits is told. */
	ck_assert_int_eq(end.calls, 1);
	ck_assert_int_eq(end.rc, -1);
	evidence_key_name(ev, name);
	for (int i = 0; i < EVIDENCE_KEY_LEN; i++) {
		unsigned byte;

		ck_assert_int_eq(sscanf(name + 2 * i, "%2x", &byte), 1);
		now[i] = (unsigned char)byte;
	}
	fx_ok(store_evidence_stale_count(fx_r, now, &stale, &fx_e));
	ck_assert_int_gt(stale, 0);
	evidence_free(ev);
	ck_assert_uint_eq(key_files(), 2);

	open_evidence();
	ck_assert_uint_eq(open_all(), 150);
	fx_ok(writer_new(&writer, &loop, fx_w, &fx_e));
	fx_w = NULL;
	fx_open_writer();
	evidence_tick(ev, writer, clock_mono_ms() - EVIDENCE_OVERLAP_MS);
	for (int i = 0; i < 5000 && evidence_key_count(ev) > 1; i++)
		turn_loop(1);
	fx_ok(store_evidence_stale_count(fx_r, now, &stale, &fx_e));
	ck_assert_int_eq(stale, 0);
	ck_assert_uint_eq(key_files(), 1);
	ck_assert_uint_eq(open_all(), 150);
}
END_TEST

/* The register's pages and log say nothing without the keys. */
START_TEST(test_backup)
{
	static char all[8 << 20];
	static const char *const ends[] = { "", "-wal", "-shm" };
	size_t seen = 0;

	apply_many(20);
	for (size_t i = 0; i < COUNT(ends); i++) {
		char path[200];
		size_t n;
		FILE *f;

		(void)snprintf(path, sizeof path, "%s%s", fx_path, ends[i]);
		if ((f = fopen(path, "rb")) == NULL)
			continue;
		n = fread(all, 1, sizeof all, f);
		seen += n;
		(void)fclose(f);
		for (size_t j = 0; j + 10 <= n; j++) {
			ck_assert(memcmp(all + j, "Mustermann", 10) != 0);
			ck_assert(memcmp(all + j, "legal_name", 10) != 0);
		}
	}
	ck_assert_uint_gt(seen, 20 * strlen(SECRET));
	evidence_free(ev);
	{
		char moved[200];

		/* Other keys do not help. */
		(void)snprintf(moved, sizeof moved, "%s/current", keys);
		ck_assert_int_eq(unlink(moved), 0);
		(void)snprintf(moved, sizeof moved, "rm %s/*.key", keys);
		ck_assert_int_eq(system(moved), 0);
	}
	open_evidence();
	{
		struct evidence_row none = { .id = "" };
		char *text;
		size_t len;
		unsigned char blob[60] = { 1, 2, 3 };

		none.blob = blob;
		none.len = sizeof blob;
		none.jid = DAILY;
		none.kind = EVIDENCE_NOTE;
		fx_fails(evidence_unseal(ev, &none, &text, &len, &fx_e),
		    "is not there");
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("evidence");
	TCase *c = tcase_create("evidence");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, test_seal);
	tcase_add_test(c, test_keys);
	tcase_add_test(c, test_rotate);
	tcase_add_test(c, test_interrupted);
	tcase_add_test(c, test_backup);
	suite_add_tcase(s, c);
	return unit_run(s);
}

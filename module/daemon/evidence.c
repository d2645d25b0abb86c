/* Keys of the evidence, sealing, opening, rotation; see evidence.h. */
#include "daemon/evidence.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/hash.h"
#include "crypto/seal.h"
#include "daemon/clock.h"
#include "daemon/log.h"

#define VERSION 1
#define HEAD_LEN (1 + EVIDENCE_KEY_LEN + SEAL_NONCE_LEN)
#define PATH_LEN 4096
#define NAME_LEN (2 * EVIDENCE_KEY_LEN)
#define AAD_MAX (PUBLISHER_JID_MAX + 128)
#define BATCH 64 /* rows sealed anew in one transaction */

struct key {
	unsigned char id[EVIDENCE_KEY_LEN];
	unsigned char bytes[SEAL_KEY_LEN];
};

struct keys {
	struct key all[EVIDENCE_KEYS_MAX];
	unsigned count;
	unsigned current;
};

struct evidence {
	char *dir;
	struct keys keys;
	unsigned char marks[SEAL_KEY_LEN];

	/* A rotation. */
	bool is_rotating; /* rows may have old keys */
	bool is_busy;	  /* a job is under way */
	int64_t since_ms; /* when the new key began to seal */
	int64_t next_ms;  /* when to look for rows again */
	int64_t count;	  /* rows so far */
	evidence_rotated done;
	void *done_arg;
};

/*
 * Files.
 */

static int
path_of(const char *dir, const char *name, char r[PATH_LEN], struct err *e)
{
	int n = snprintf(r, PATH_LEN, "%s/%s", dir, name);

	return n < 0 || n >= PATH_LEN
	    ? err_set(e, "the path of the evidence's keys is too long")
	    : 0;
}

static void
name_of(const unsigned char id[EVIDENCE_KEY_LEN], char r[NAME_LEN + 1])
{
	for (size_t i = 0; i < EVIDENCE_KEY_LEN; i++)
		(void)snprintf(r + 2 * i, 3, "%02x", id[i]);
}

static unsigned
digit_of(char c)
{
	return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

/* "0123456789abcdef.key" */
static bool
id_of(const char *file, unsigned char r[EVIDENCE_KEY_LEN])
{
	if (strspn(file, "0123456789abcdef") != NAME_LEN ||
	    strcmp(file + NAME_LEN, ".key") != 0)
		return false;
	for (size_t i = 0; i < EVIDENCE_KEY_LEN; i++)
		r[i] = (unsigned char)(digit_of(file[2 * i]) << 4 |
		    digit_of(file[2 * i + 1]));
	return true;
}

static int
sync_dir(const char *dir, struct err *e)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);

	if (rc < 0)
		(void)err_set(e, "cannot sync %s: %s", dir, strerror(errno));
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/* The whole file, on the disk under its name or not at all. */
static int
write_file(const char *dir, const char *name, const void *bytes, size_t len,
    struct err *e)
{
	char path[PATH_LEN], draft[PATH_LEN];
	char draft_name[64];
	int fd, rc = -1;

	(void)snprintf(draft_name, sizeof draft_name, ".%.40s.new", name);
	if (path_of(dir, name, path, e) < 0 ||
	    path_of(dir, draft_name, draft, e) < 0)
		return -1;
	(void)unlink(draft);
	fd = open(draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    0600);
	if (fd >= 0 && write(fd, bytes, len) == (ssize_t)len && fsync(fd) == 0)
		rc = 0;
	if (fd >= 0 && close(fd) < 0)
		rc = -1;
	if (rc == 0 && rename(draft, path) == 0)
		return sync_dir(dir, e);
	(void)err_set(e, "cannot write %s: %s", path, strerror(errno));
	(void)unlink(draft);
	return -1;
}

/* 1, 0 (there is none) or -1; a file of another size or mode is damage. */
static int
read_file(const char *dir, const char *name, void *r, size_t len, struct err *e)
{
	char path[PATH_LEN];
	struct stat st;
	char more;
	int fd, rc = -1;

	if (path_of(dir, name, path, e) < 0)
		return -1;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0 || fstat(fd, &st) < 0)
		(void)err_set(e, "cannot read %s: %s", path, strerror(errno));
	else if ((st.st_mode & 077) != 0)
		(void)err_set(e,
		    "%s may be read by others: chmod 600 it, and rotate the"
		    " key (mastheadctl evidence rotate)",
		    path);
	else if (read(fd, r, len) != (ssize_t)len || read(fd, &more, 1) != 0)
		(void)err_set(e, "%s is damaged: restore it from a backup",
		    path);
	else
		rc = 1;
	if (fd >= 0)
		(void)close(fd);
	return rc;
}

/*
 * Keys.
 */

static const struct key *
find_key(const struct keys *k, const unsigned char id[EVIDENCE_KEY_LEN])
{
	for (unsigned i = 0; i < k->count; i++)
		if (memcmp(k->all[i].id, id, EVIDENCE_KEY_LEN) == 0)
			return &k->all[i];
	return NULL;
}

static int
load_keys(struct evidence *v, struct err *e)
{
	DIR *d = opendir(v->dir);
	struct dirent *entry;
	unsigned char id[EVIDENCE_KEY_LEN];
	int rc = 0;

	if (d == NULL)
		return err_set(e, "cannot read %s: %s", v->dir,
		    strerror(errno));
	while (rc == 0 && (entry = readdir(d)) != NULL) {
		struct key *k = &v->keys.all[v->keys.count];

		if (!id_of(entry->d_name, id))
			continue;
		if (v->keys.count == EVIDENCE_KEYS_MAX) {
			rc = err_set(e, "%s has too many keys", v->dir);
			break;
		}
		memcpy(k->id, id, sizeof id);
		rc = read_file(v->dir, entry->d_name, k->bytes, SEAL_KEY_LEN,
			 e) == 1
		    ? 0
		    : -1;
		v->keys.count++;
	}
	(void)closedir(d);
	return rc;
}

/* Makes one, on the disk before anything is sealed with it. */
static int
make_key(const char *dir, struct key *k, struct err *e)
{
	char name[NAME_LEN + 8];

	if (hash_random(k, sizeof *k, e) < 0)
		return -1;
	name_of(k->id, name);
	(void)snprintf(name + NAME_LEN, 8, ".key");
	return write_file(dir, name, k->bytes, SEAL_KEY_LEN, e);
}

static int
make_current(const char *dir, const struct key *k, struct err *e)
{
	char name[NAME_LEN + 1];

	name_of(k->id, name);
	return write_file(dir, "current", name, NAME_LEN, e);
}

/* Which key seals; with a new folder, a new one. */
static int
find_current(struct evidence *v, struct err *e)
{
	char text[NAME_LEN + 8];
	unsigned char id[EVIDENCE_KEY_LEN];
	const struct key *k;
	int rc = read_file(v->dir, "current", text, NAME_LEN, e);

	if (rc < 0)
		return -1;
	if (rc == 0 && v->keys.count == 0) {
		if (make_key(v->dir, &v->keys.all[0], e) < 0)
			return -1;
		v->keys.count = 1;
		return make_current(v->dir, &v->keys.all[0], e);
	}
	/* A crash between the first key and its name. */
	if (rc == 0 && v->keys.count == 1)
		return make_current(v->dir, &v->keys.all[0], e);
	if (rc == 1) {
		memcpy(text + NAME_LEN, ".key", 5);
		if (id_of(text, id) && (k = find_key(&v->keys, id)) != NULL) {
			v->keys.current = (unsigned)(k - v->keys.all);
			return 0;
		}
	}
	return err_set(e,
	    "%s: the key that seals evidence is not there: restore the folder"
	    " from its backup",
	    v->dir);
}

static int
find_marks(struct evidence *v, struct err *e)
{
	int rc = read_file(v->dir, "marks.key", v->marks, SEAL_KEY_LEN, e);

	if (rc != 0)
		return rc < 0 ? -1 : 0;
	return hash_random(v->marks, SEAL_KEY_LEN, e) < 0
	    ? -1
	    : write_file(v->dir, "marks.key", v->marks, SEAL_KEY_LEN, e);
}

static int
check_dir(const char *dir, struct err *e)
{
	struct stat st;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST)
		return err_set(e, "cannot make %s: %s", dir, strerror(errno));
	if (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode))
		return err_set(e, "%s is no folder", dir);
	if ((st.st_mode & 077) != 0)
		return err_set(e, "%s may be read by others: chmod 700 it",
		    dir);
	return 0;
}

int
evidence_open(struct evidence **r, const char *dir, struct err *e)
{
	struct evidence *v = calloc(1, sizeof *v);

	*r = NULL;
	if (v == NULL || (v->dir = strdup(dir)) == NULL) {
		free(v);
		return err_set(e, "no memory for the evidence's keys");
	}
	if (check_dir(dir, e) < 0 || load_keys(v, e) < 0 ||
	    find_current(v, e) < 0 || find_marks(v, e) < 0) {
		evidence_free(v);
		return -1;
	}
	/* A rotation did not come to its end. */
	v->is_rotating = v->keys.count > 1;
	*r = v;
	return 0;
}

void
evidence_free(struct evidence *v)
{
	if (v == NULL)
		return;
	free(v->dir);
	hash_wipe(v, sizeof *v);
	free(v);
}

int
evidence_missing(const struct evidence *v, struct store *s, int64_t *r,
    struct err *e)
{
	*r = 0;
	return v->keys.count > 1
	    ? 0
	    : store_evidence_stale_count(s, v->keys.all[0].id, r, e);
}

unsigned
evidence_key_count(const struct evidence *v)
{
	return v->keys.count;
}

void
evidence_key_name(const struct evidence *v, char r[NAME_LEN + 1])
{
	name_of(v->keys.all[v->keys.current].id, r);
}

/*
 * Sealing and opening.
 */

int
evidence_id(char r[CASE_ID_LEN + 1], struct err *e)
{
	unsigned char bytes[16];

	if (hash_random(bytes, sizeof bytes, e) < 0)
		return -1;
	hash_base64url(bytes, sizeof bytes, r);
	return 0;
}

/* What a blob is bound to; its length. */
static size_t
bind_row(char r[AAD_MAX], enum evidence_kind kind, const char *id,
    const char *jid)
{
	int n = snprintf(r, AAD_MAX, "masthead evidence 1|%s|%s|%s|blob",
	    evidence_kind_name(kind), id, jid);

	return n < 0 || n >= AAD_MAX ? 0 : (size_t)n;
}

/* `r` has room for HEAD_LEN + len + SEAL_TAG_LEN. */
static int
seal_row(const struct key *k, enum evidence_kind kind, const char *id,
    const char *jid, const void *text, size_t len, unsigned char *r,
    struct err *e)
{
	char aad[AAD_MAX];
	size_t aad_len = bind_row(aad, kind, id, jid);

	if (aad_len == 0)
		return err_set(e, "the address is too long to be sealed");
	r[0] = VERSION;
	memcpy(r + 1, k->id, EVIDENCE_KEY_LEN);
	if (hash_random(r + 1 + EVIDENCE_KEY_LEN, SEAL_NONCE_LEN, e) < 0)
		return -1;
	return seal_close(k->bytes, r + 1 + EVIDENCE_KEY_LEN, aad, aad_len,
	    text, len, r + HEAD_LEN, e);
}

/* `*text_r`: len - HEAD_LEN - SEAL_TAG_LEN bytes, and a NUL. */
static int
open_row(const struct keys *keys, const struct evidence_row *row, char **text_r,
    size_t *len_r, struct err *e)
{
	char aad[AAD_MAX], name[NAME_LEN + 1];
	const unsigned char *b = row->blob;
	const struct key *k;
	unsigned char *text;
	size_t aad_len = bind_row(aad, row->kind, row->id, row->jid);
	size_t len;

	*text_r = NULL;
	*len_r = 0;
	if (b == NULL)
		return err_set(e, "that was erased");
	if (row->len < HEAD_LEN + SEAL_TAG_LEN || b[0] != VERSION ||
	    aad_len == 0)
		return err_set(e, "the evidence %s is damaged", row->id);
	if ((k = find_key(keys, b + 1)) == NULL) {
		name_of(b + 1, name);
		return err_set(e,
		    "the key %s.key that sealed it is not there: restore it"
		    " from its backup",
		    name);
	}
	len = row->len - HEAD_LEN;
	text = malloc(len);
	if (text == NULL)
		return err_set(e, "no memory for evidence");
	if (seal_open(k->bytes, b + 1 + EVIDENCE_KEY_LEN, aad, aad_len,
		b + HEAD_LEN, len, text, e) < 0) {
		free(text);
		return err_prefix(e, "the evidence %s is damaged", row->id);
	}
	len -= SEAL_TAG_LEN;
	text[len] = '\0';
	*text_r = (char *)text;
	*len_r = len;
	return 0;
}

int
evidence_seal(const struct evidence *v, enum evidence_kind kind,
    const char *jid, const char *text, size_t len, struct case_sealed *r,
    struct err *e)
{
	unsigned char *blob;

	*r = (struct case_sealed){ .kind = kind };
	if (len == 0 || len > EVIDENCE_TEXT_MAX)
		return err_set(e, "there is nothing to seal, or too much");
	blob = malloc(HEAD_LEN + len + SEAL_TAG_LEN);
	if (blob == NULL)
		return err_set(e, "no memory for evidence");
	if (evidence_id(r->id, e) < 0 ||
	    seal_row(&v->keys.all[v->keys.current], kind, r->id, jid, text, len,
		blob, e) < 0) {
		free(blob);
		return -1;
	}
	r->blob = blob;
	r->len = HEAD_LEN + len + SEAL_TAG_LEN;
	return 0;
}

void
evidence_clear(struct case_sealed *r)
{
	free((void *)(uintptr_t)r->blob);
	*r = (struct case_sealed){ .len = 0 };
}

int
evidence_unseal(const struct evidence *v, const struct evidence_row *row,
    char **text_r, size_t *len_r, struct err *e)
{
	return open_row(&v->keys, row, text_r, len_r, e);
}

struct reading {
	const struct evidence *v;
	char **text_r;
	size_t *len_r;
	struct err *e;
	int rc;
};

static int
read_one(void *arg, const struct evidence_row *row)
{
	struct reading *r = arg;

	if (row->blob != NULL)
		r->rc =
		    open_row(&r->v->keys, row, r->text_r, r->len_r, r->e) < 0
		    ? -1
		    : 1;
	return 0;
}

int
evidence_read(const struct evidence *v, struct store *s, const char *id,
    char **text_r, size_t *len_r, struct err *e)
{
	struct reading r = { v, text_r, len_r, e, 0 };

	*text_r = NULL;
	*len_r = 0;
	return store_evidence_find(s, id, read_one, &r, e) < 0 ? -1 : r.rc;
}

void
evidence_forget(char *text, size_t len)
{
	if (text == NULL)
		return;
	hash_wipe(text, len);
	free(text);
}

int
evidence_mark(const struct evidence *v, const char *jid,
    char r[CASE_MARK_LEN + 1], struct err *e)
{
	unsigned char mark[SEAL_MARK_LEN];

	if (seal_mark(v->marks, jid, strlen(jid), mark, e) < 0)
		return -1;
	hash_base64url(mark, sizeof mark, r);
	return 0;
}

/*
 * Rotation.
 */

/* One job: a new key, or a batch of rows.  Has its own copy of the keys, so
 * that the loop and the worker share nothing. */
struct job {
	struct evidence *v;
	struct writer *w;
	char *dir;
	struct keys keys;
	struct key fresh;
	unsigned count;	    /* rows sealed anew */
	struct err trouble; /* of a row that does not open */
};

static void
job_free(struct job *j)
{
	free(j->dir);
	hash_wipe(j, sizeof *j);
	free(j);
}

static struct job *
job_new(struct evidence *v, struct writer *w)
{
	struct job *j = calloc(1, sizeof *j);

	if (j == NULL || (j->dir = strdup(v->dir)) == NULL) {
		free(j);
		return NULL;
	}
	j->v = v;
	j->w = w;
	j->keys = v->keys;
	return j;
}

struct batch {
	struct job *job;
	struct evidence_swap swaps[BATCH];
	unsigned char *blobs[BATCH];
	unsigned count;
	struct err *e;
	int rc;
};

/* A row that does not open stays as it is, and keeps its key. */
static int
reseal(void *arg, const struct evidence_row *row)
{
	struct batch *b = arg;
	struct job *j = b->job;
	struct evidence_swap *swap = &b->swaps[b->count];
	char *text;
	size_t len;
	unsigned char *blob;

	if (open_row(&j->keys, row, &text, &len, &j->trouble) < 0)
		return 0;
	blob = malloc(HEAD_LEN + len + SEAL_TAG_LEN);
	if (blob == NULL ||
	    seal_row(&j->keys.all[j->keys.current], row->kind, row->id,
		row->jid, text, len, blob, b->e) < 0) {
		if (blob == NULL)
			(void)err_set(b->e, "no memory for evidence");
		b->rc = -1;
		free(blob);
	} else {
		(void)snprintf(swap->id, sizeof swap->id, "%s", row->id);
		memcpy(swap->old_key, row->blob + 1, EVIDENCE_KEY_LEN);
		swap->blob = b->blobs[b->count++] = blob;
		swap->len = HEAD_LEN + len + SEAL_TAG_LEN;
	}
	evidence_forget(text, len);
	return b->rc;
}

static int
run_batch(struct store *s, void *arg, struct err *e)
{
	struct job *j = arg;
	struct batch *b = calloc(1, sizeof *b);
	int rc = -1;

	if (b == NULL)
		return err_set(e, "no memory for evidence");
	b->job = j;
	b->e = e;
	if (store_evidence_stale(s, j->keys.all[j->keys.current].id, BATCH,
		reseal, b, e) == 0 &&
	    b->rc == 0)
		rc = b->count == 0
		    ? 0
		    : store_evidence_replace(s, b->swaps, b->count, e);
	j->count = b->count;
	for (unsigned i = 0; i < b->count; i++)
		free(b->blobs[i]);
	free(b);
	return rc;
}

static void
report(struct evidence *v, int rc, const struct err *e)
{
	evidence_rotated done = v->done;

	v->done = NULL;
	if (done != NULL)
		done(v->done_arg, rc, v->count, e);
}

/* All keys but the one that seals.  No row has one of them any more. */
static void
drop_old_keys(struct evidence *v)
{
	struct key current = v->keys.all[v->keys.current];
	char name[NAME_LEN + 8], path[PATH_LEN];

	for (unsigned i = 0; i < v->keys.count; i++) {
		if (i == v->keys.current)
			continue;
		name_of(v->keys.all[i].id, name);
		(void)snprintf(name + NAME_LEN, 8, ".key");
		if (path_of(v->dir, name, path, NULL) == 0)
			(void)unlink(path);
	}
	(void)sync_dir(v->dir, NULL);
	hash_wipe(&v->keys, sizeof v->keys);
	v->keys.all[0] = current;
	v->keys.count = 1;
	hash_wipe(&current, sizeof current);
	v->is_rotating = false;
	log_event(LOG_INFO, "evidence-rotated", "rows", LOG_NUM(v->count),
	    NULL);
}

static void
batch_done(void *arg, int rc, const struct err *e)
{
	struct job *j = arg;
	struct evidence *v = j->v;
	int64_t now_ms = clock_mono_ms();

	v->is_busy = false;
	v->count += rc == 0 ? j->count : 0;
	if (rc == -1) {
		v->next_ms = now_ms + 10000;
		report(v, -1, e);
	} else if (j->count > 0) {
		v->next_ms = 0;
		evidence_tick(v, j->w, now_ms);
	} else if (j->trouble.text[0] != '\0') {
		/* It keeps its key, and the next start tries again. */
		v->is_rotating = false;
		log_event(LOG_ERROR, "evidence-not-rotated", "why",
		    j->trouble.text, NULL);
		report(v, -1, &j->trouble);
	} else {
		report(v, 0, e);
		if (now_ms - v->since_ms >= EVIDENCE_OVERLAP_MS)
			drop_old_keys(v);
		else
			v->next_ms = v->since_ms + EVIDENCE_OVERLAP_MS;
	}
	job_free(j);
}

void
evidence_tick(struct evidence *v, struct writer *w, int64_t mono_ms)
{
	struct job *j;
	struct err e = { "no memory for the evidence's keys" };

	if (!v->is_rotating || v->is_busy || mono_ms < v->next_ms)
		return;
	if (v->since_ms == 0)
		v->since_ms = mono_ms; /* goes on after a restart */
	j = job_new(v, w);
	v->is_busy = true;
	if (j != NULL && writer_post(w, run_batch, batch_done, j, &e) == 0)
		return;
	/* The queue is full, or the daemon ends: later. */
	v->is_busy = false;
	if (j != NULL)
		job_free(j);
	report(v, -1, &e);
}

static int
run_key(struct store *s, void *arg, struct err *e)
{
	struct job *j = arg;

	(void)s;
	return make_key(j->dir, &j->fresh, e) < 0
	    ? -1
	    : make_current(j->dir, &j->fresh, e);
}

static void
key_done(void *arg, int rc, const struct err *e)
{
	struct job *j = arg;
	struct evidence *v = j->v;

	v->is_busy = false;
	if (rc == -1) {
		report(v, -1, e);
	} else {
		v->keys.all[v->keys.count] = j->fresh;
		v->keys.current = v->keys.count++;
		v->is_rotating = true;
		v->count = v->next_ms = 0;
		v->since_ms = clock_mono_ms();
		evidence_tick(v, j->w, v->since_ms);
	}
	job_free(j);
}

int
evidence_rotate(struct evidence *v, struct writer *w, evidence_rotated done,
    void *arg, struct err *e)
{
	struct job *j;

	if (v->is_busy || v->done != NULL)
		return err_set(e, "the evidence is being sealed anew already");
	if (v->keys.count == EVIDENCE_KEYS_MAX)
		return err_set(e,
		    "there are %d keys: wait until a rotation has come to its"
		    " end",
		    EVIDENCE_KEYS_MAX);
	if ((j = job_new(v, w)) == NULL)
		return err_set(e, "no memory for the evidence's keys");
	v->done = done;
	v->done_arg = arg;
	v->is_busy = true;
	if (writer_post(w, run_key, key_done, j, e) == 0)
		return 0;
	v->done = NULL;
	v->is_busy = false;
	job_free(j);
	return -1;
}

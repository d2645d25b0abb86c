/*
 * Sealed evidence: what is told in confidence is encrypted (crypto/seal.h)
 * before the register sees it, with keys that lie beside the register and
 * not in it.
 *
 * The folder (0700) has a file for each key (KEYID.key, 0600, 32 random
 * bytes), `current`, which names the one that seals, and `marks.key`, for
 * keyed hashes.  A backup of the register without the folder reveals
 * nothing, and one with it everything: OPERATING.md says how to keep them.
 *
 * A blob is: version (1 byte), key id (8), nonce (12), ciphertext, tag (16).
 * What is sealed with it is which row it belongs to: its kind, its id and
 * whom it is about; a blob that was moved to another row does not open.
 *
 * Everything here runs on the loop, but for the jobs of a rotation.
 */
#ifndef DAEMON_EVIDENCE_H
#define DAEMON_EVIDENCE_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "daemon/writer.h"
#include "store/cases.h"

#define EVIDENCE_KEYS_MAX 16
/* Bytes of a text that can be sealed: what a blob holds beside it is 37. */
#define EVIDENCE_TEXT_MAX (CASE_BLOB_MAX - 64)
/* For as long a key that no longer seals is kept after everything was sealed
 * anew: steps that were under way may still bring a blob of it. */
#define EVIDENCE_OVERLAP_MS 60000

struct evidence;

/* Opens the folder; makes it, and the first keys, if there are none.  0, or
 * -1: also if a key has the wrong size or may be read by others. */
int evidence_open(struct evidence **r, const char *dir, struct err *e);
/* Wipes the keys.  NULL is legal. */
void evidence_free(struct evidence *v);

/* A fresh random id, for applications, appeals and reports as well. */
int evidence_id(char r[CASE_ID_LEN + 1], struct err *e);

/*
 * Seals `text` (`len` bytes, 1 to EVIDENCE_TEXT_MAX; UTF-8, JSON by custom)
 * about the account `jid` under a fresh id.  `r->blob` is the caller's, to be
 * freed with evidence_clear.
 */
int evidence_seal(const struct evidence *v, enum evidence_kind kind,
    const char *jid, const char *text, size_t len, struct case_sealed *r,
    struct err *e);
void evidence_clear(struct case_sealed *r);

/*
 * Opens a row's blob into `*text_r` (with a NUL behind it; the caller's, to
 * be given back to evidence_forget).  -1 if it was erased, its key is not
 * there, or it is not what was sealed for this row.
 */
int evidence_unseal(const struct evidence *v, const struct evidence_row *row,
    char **text_r, size_t *len_r, struct err *e);
/* The same for a row that is still to be read from the register; 1, 0 (there
 * is no such evidence, or no longer) or -1. */
int evidence_read(const struct evidence *v, struct store *s, const char *id,
    char **text_r, size_t *len_r, struct err *e);
/* Wipes and frees; NULL is legal. */
void evidence_forget(char *text, size_t len);

/* A keyed hash of a JID, the same for ever: for telling reporters apart
 * without knowing them. */
int evidence_mark(const struct evidence *v, const char *jid,
    char r[CASE_MARK_LEN + 1], struct err *e);

/*
 * Rotation.  A new key is made and seals from then on; all rows are sealed
 * anew in batches on the worker, each a job of its own, so that nothing
 * waits for more than one; then the old keys go.  What was interrupted goes
 * on when evidence_tick is called after a restart.
 *
 * `done` is called once, on the loop, when everything is sealed with the new
 * key (`count`: how many rows), or with what went wrong: rows then have
 * either key, and it goes on by itself.
 */
typedef void (
    *evidence_rotated)(void *arg, int rc, int64_t count, const struct err *e);
int evidence_rotate(struct evidence *v, struct writer *w, evidence_rotated done,
    void *arg, struct err *e);
/* To be called every second or so. */
void evidence_tick(struct evidence *v, struct writer *w, int64_t mono_ms);

/* How many rows were sealed with a key that is not in the folder: more than 0
 * where it was lost, or not restored with the register.  While keys are being
 * rotated that is for the rotation to say, and 0 here.  0 or -1. */
int evidence_missing(const struct evidence *v, struct store *s, int64_t *r,
    struct err *e);

/* For status: how many keys there are, hex of the one that seals. */
unsigned evidence_key_count(const struct evidence *v);
void evidence_key_name(const struct evidence *v,
    char r[2 * EVIDENCE_KEY_LEN + 1]);

#endif

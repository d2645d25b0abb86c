/*
 * Publishing agreements: the files VERSION.LANG.txt in each category's
 * folder, as they were when they were read.
 *
 * VERSION counts from 1; the highest is the one that is accepted.  The same
 * version in several languages is the same agreement.
 */
#ifndef DAEMON_AGREEMENTS_H
#define DAEMON_AGREEMENTS_H

#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "daemon/config.h"
#include "store/cases.h"

#define AGREEMENTS_TEXT_MAX 32768 /* bytes of a file; all of a form fit */
#define AGREEMENTS_FILES_MAX 1024 /* of all categories */

struct agreements;

/* Reads all folders of a configuration.  0, or -1 with the file and why. */
int agreements_load(struct agreements **r, const struct config *c,
    struct err *e);
/* Keeps them, for a job on the worker: taken and given back on the loop, read
 * anywhere.  The last one given back frees them; NULL is legal. */
struct agreements *agreements_hold(struct agreements *a);
void agreements_release(struct agreements *a);

/* One file; borrowed from the agreements. */
struct agreement {
	const char *category, *lang;
	int64_t version;
	const char *sha256; /* hex, of the bytes of the file */
	const char *text;   /* UTF-8, without what XML cannot carry */
};

/*
 * The newest version for a category, in the language that fits `lang` (an
 * xml:lang, "" or NULL) best: the longest prefix of it that there is
 * (RFC 4647 #section-3.4), otherwise English, otherwise any.  1, or 0 if the
 * category has no agreement.
 */
int agreements_find(const struct agreements *a, const char *category,
    const char *lang, struct agreement *r);

/* File `i` of all, in the order of the configuration; 0 past the last. */
int agreements_nth(const struct agreements *a, size_t i, struct agreement *r);

/*
 * Whether no file differs from what the register has under its name, and the
 * newest version that it has is still there: what was accepted once does not
 * change, and what is to be accepted can be shown.  0, or -1 with which one
 * it is, or that the register could not be read.
 */
int agreements_check(const struct agreements *a, struct store *s,
    struct err *e);
/* Records what is new, with the grace times of the configuration
 * (store_agreement_sync); needs a STORE_WRITE handle. */
int agreements_sync(const struct agreements *a, const struct config *c,
    struct store *s, int64_t now_s, int64_t *serial_r, struct err *e);

#endif

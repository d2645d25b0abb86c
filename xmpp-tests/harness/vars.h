/*
 * The `${...}` of scripts: names that the harness knows (`Romeo's full
 * JID`, the variables of the deployment's `env`) and values that a script
 * captured with `{scansion:capture:NAME}`.
 */
#ifndef HARNESS_VARS_H
#define HARNESS_VARS_H

#include "core/buf.h"
#include "core/err.h"

struct vars {
	struct var *first;
};

void vars_clear(struct vars *v);
void vars_set(struct vars *v, const char *name, const char *value);
/* NULL if it was never set; borrowed until it is set again. */
const char *vars_find(const struct vars *v, const char *name);

/*
 * Appends `text` with its `${...}` replaced; `${repeat:N:TEXT}` is TEXT N
 * times.  -1: a name that nobody set.
 */
int vars_expand(const struct vars *v, const char *text, struct buf *out,
    struct err *err);

/* Reads `NAME=value` lines as the shell would, quotes removed. */
int vars_load(struct vars *v, const char *path, struct err *err);

#endif

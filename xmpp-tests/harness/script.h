/*
 * A script: who takes part, and what happens, sentence by sentence.
 */
#ifndef HARNESS_SCRIPT_H
#define HARNESS_SCRIPT_H

#include "core/err.h"

struct setting {
	char *key;
	char *value;
	struct setting *next;
};

/* A `[Client] Romeo` block. */
struct part {
	char *kind; /* "Client" */
	char *name; /* "Romeo" */
	int line;
	struct setting *settings;
	struct part *next;
};

struct step {
	char *sentence; /* without the colon at its end */
	char *body; /* the indented lines below it; NULL if there are none */
	int line;
	struct step *next;
};

struct script {
	struct part *parts;
	struct step *steps;
};

/* NULL when the file cannot be read or understood. */
struct script *script_load(const char *path, struct err *err);
void script_free(struct script *s);

/* NULL if the block does not say. */
const char *part_setting(const struct part *p, const char *key);

#endif

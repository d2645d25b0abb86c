/*
 * The options of the configuration: the schema table, and loading a document
 * by it.  config.c is the only user; everybody else sees config.h.
 */
#ifndef DAEMON_OPTION_H
#define DAEMON_OPTION_H

#include <stdbool.h>

#include "daemon/config.h"
#include "daemon/doc.h"

/* What is known while a document loads.  The table's order is the loading
 * order, so places find categories, guards and the common defaults. */
struct option_loader {
	struct doc *doc;
	char *folder;	  /* owned by config.c; of the file, absolute */
	bool reads_files; /* the secret and the agreements */
	bool has_guards;  /* without a mistake in them */
	int mode; /* enum place_mode, top level, for places without their own */
	int64_t lease_s;      /* as well */
	struct config config; /* the result, if there is no problem */
};

/* Loads the root mapping; what is wrong becomes problems of the document. */
void option_load_all(struct option_loader *l, const yaml_node_t *root);

/* Loads one mapping; `section` is the path that its options begin with.  `n`
 * NULL: nothing is set, everything has its default.  `line` is where the
 * mapping is, for what is missing in it. */
void option_load_section(struct option_loader *l, const char *section,
    const yaml_node_t *n, size_t line, void *base);

/* Whether an unknown key of the mapping is the option of that name, misspelt:
 * then that it is missing is no mistake of its own. */
bool option_is_misspelt(struct option_loader *l, const char *section,
    const yaml_node_t *n, const char *name);

/* A row of the table, static; NULL beyond the last. */
const struct config_option *option_row(size_t i);

#endif

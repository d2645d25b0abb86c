/*
 * A YAML document on libyaml, within bounds, and what is wrong with it.
 *
 * Anchors, aliases, tags and second documents are refused before a tree is
 * made, so nothing in it is shared, nothing repeats, nothing grows.  Every
 * node knows its line; mistakes are collected and come out in file order.
 */
#ifndef DAEMON_DOC_H
#define DAEMON_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <yaml.h>

#include "core/buf.h"

#define DOC_NODES_MAX 262144
#define DOC_PROBLEM_MAX 400 /* bytes of one sentence, with the NUL */

struct doc_problem {
	size_t line; /* from 1; 0: none in particular */
	size_t order;
	char what[DOC_PROBLEM_MAX];
};

struct doc {
	const char *name; /* borrowed */
	yaml_document_t yaml;
	bool is_open;
	struct doc_problem *problems; /* owned */
	size_t problem_count;	      /* those that are kept */
	size_t problem_total;
};

void doc_init(struct doc *d, const char *name);
void doc_clear(struct doc *d);
/* 0, or -1 with a problem noted.  `bytes` is not needed afterwards. */
int doc_parse(struct doc *d, const char *bytes, size_t len);

/* Notes a mistake; control characters in it become '?'. */
void doc_problem(struct doc *d, size_t line, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Appends the mistakes as lines `name:line: what`, in file order. */
void doc_report(struct doc *d, struct buf *out);

/* Borrowed; NULL in an empty document. */
const yaml_node_t *doc_root(struct doc *d);
size_t doc_line(const yaml_node_t *n);
/* The text of a scalar; NULL if it is none, or has a NUL inside. */
const char *doc_text(const yaml_node_t *n);
/* "a list", "a mapping", "nothing", "\"text\"": for sentences. */
const char *doc_describe(const yaml_node_t *n, char r[96]);

/* A mapping's pairs; `i` below the count. */
size_t doc_pair_count(const yaml_node_t *n);
const yaml_node_t *doc_key(struct doc *d, const yaml_node_t *n, size_t i);
const yaml_node_t *doc_value(struct doc *d, const yaml_node_t *n, size_t i);

/* A list's items.  A scalar that is not empty is a list of one. */
size_t doc_item_count(const yaml_node_t *n);
const yaml_node_t *doc_item(struct doc *d, const yaml_node_t *n, size_t i);

#endif

/*
 * Tables for people: columns aligned by display width, two spaces between.
 * What a terminal would obey (control characters, turned directions) comes
 * out as "?": some of it was said by others.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>
#include <stdio.h>

#define TABLE_COLUMNS_MAX 12

struct table;

/* `header` has one text a column, or is NULL for none.  NULL without
 * memory. */
struct table *table_new(size_t column_count, const char *const *header);
void table_free(struct table *t);

/* One row of `column_count` texts, copied; NULL counts as "".  0 or -1. */
int table_add(struct table *t, const char *const *cells);

/* Prints nothing at all if there is neither a header nor a row. */
void table_print(const struct table *t, FILE *out);

#endif

/* Aligned columns; see table.h. */
#include "cli/table.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "text/width.h"

#define GAP 2

struct table {
	size_t column_count, row_count;
	char **cells; /* row_count * column_count, owned */
	unsigned widths[TABLE_COLUMNS_MAX];
};

/* Characters that move the cursor, start a line or turn its direction. */
static bool
is_harmful(const char *at)
{
	const unsigned char *s = (const unsigned char *)at;

	return *s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0) ||
	    /* U+200E, U+200F; U+2028 to U+202E; U+2066 to U+2069 */
	    (*s == 0xe2 && s[1] == 0x80 &&
		(s[2] == 0x8e || s[2] == 0x8f ||
		    (s[2] >= 0xa8 && s[2] <= 0xae))) ||
	    (*s == 0xe2 && s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9);
}

/* A copy that is safe to show; NULL without memory. */
static char *
shown(const char *text)
{
	size_t cap = strlen(text) + 1;
	char *r = malloc(cap), *to = r;

	if (r == NULL)
		return NULL;
	while (*text != '\0') {
		size_t len = utf8_len(text);

		if (len == 0 || is_harmful(text)) {
			*to++ = '?';
			text += len == 0 ? 1 : len;
			continue;
		}
		memcpy(to, text, len);
		to += len;
		text += len;
	}
	*to = '\0';
	return r;
}

struct table *
table_new(size_t column_count, const char *const *header)
{
	struct table *t;

	if (column_count < 1 || column_count > TABLE_COLUMNS_MAX)
		return NULL;
	t = calloc(1, sizeof *t);
	if (t == NULL)
		return NULL;
	t->column_count = column_count;
	if (header != NULL && table_add(t, header) == -1) {
		table_free(t);
		return NULL;
	}
	return t;
}

void
table_free(struct table *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->row_count * t->column_count; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t);
}

int
table_add(struct table *t, const char *const *cells)
{
	size_t first = t->row_count * t->column_count;
	char **grown =
	    realloc(t->cells, (first + t->column_count) * sizeof *grown);

	if (grown == NULL)
		return -1;
	t->cells = grown;
	for (size_t i = 0; i < t->column_count; i++) {
		unsigned width;

		grown[first + i] = shown(cells[i] == NULL ? "" : cells[i]);
		if (grown[first + i] == NULL) {
			while (i > 0)
				free(grown[first + --i]);
			return -1;
		}
		width = width_columns(grown[first + i]);
		if (width > t->widths[i])
			t->widths[i] = width;
	}
	t->row_count++;
	return 0;
}

/* Columns after which a row has only empty cells. */
static size_t
used_columns(const struct table *t, char *const *row)
{
	size_t n = t->column_count;

	while (n > 0 && row[n - 1][0] == '\0')
		n--;
	return n;
}

void
table_print(const struct table *t, FILE *out)
{
	for (size_t i = 0; i < t->row_count; i++) {
		char *const *row = t->cells + i * t->column_count;
		size_t used = used_columns(t, row);

		/* Nothing is padded that nothing follows. */
		for (size_t j = 0; j < used; j++)
			(void)fprintf(out, "%s%*s", row[j],
			    j + 1 == used ? 0
					  : (int)(t->widths[j] -
						width_columns(row[j]) + GAP),
			    "");
		(void)fputc('\n', out);
	}
}

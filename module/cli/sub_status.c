/* mastheadctl status: green or red, and what there is to do. */
#include <stdio.h>

#include "cli/show.h"
#include "cli/subcommand.h"

/* A line each, with `mark` before it. */
static void
print_lines(const json_t *lines, char mark, FILE *out)
{
	for (size_t i = 0; i < json_array_size(lines); i++) {
		const char *s = json_string_value(json_array_get(lines, i));

		(void)fprintf(out, "%c %s\n", mark, s == NULL ? "" : s);
	}
}

void
sub_status_print(const json_t *result, FILE *out)
{
	json_t *counters = json_object_get(result, "counters");
	struct table *t = table_new(2, NULL);
	char number[SHOW_NUMBER_MAX];
	const char *name;
	json_t *value;

	(void)fprintf(out, "%s\n", show_text(result, "status"));
	print_lines(json_object_get(result, "problems"), '-', out);
	print_lines(json_object_get(result, "notes"), '?', out);
	(void)fputc('\n', out);
	show_pair(t, "version", show_text(result, "version"));
	show_pair(t, "serial", show_number(result, "serial", number));
	json_object_foreach(counters, name, value)
	    show_pair(t, name, show_number(counters, name, number));
	show_table(t, out);
}

/* mastheadctl status: green or red, and what there is to do. */
#include <stdio.h>

#include "cli/show.h"
#include "cli/subcommand.h"

void
sub_status_print(const json_t *result, FILE *out)
{
	const json_t *problems = json_object_get(result, "problems");
	json_t *counters = json_object_get(result, "counters");
	struct table *t = table_new(2, NULL);
	char number[SHOW_NUMBER_MAX];
	const char *name;
	json_t *value;

	(void)fprintf(out, "%s\n", show_text(result, "status"));
	for (size_t i = 0; i < json_array_size(problems); i++) {
		const char *p = json_string_value(json_array_get(problems, i));

		(void)fprintf(out, "- %s\n", p == NULL ? "" : p);
	}
	(void)fputc('\n', out);
	show_pair(t, "version", show_text(result, "version"));
	show_pair(t, "serial", show_number(result, "serial", number));
	json_object_foreach(counters, name, value)
	    show_pair(t, name, show_number(counters, name, number));
	show_table(t, out);
}

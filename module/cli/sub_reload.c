/* mastheadctl reload: read the configuration again. */
#include <stdio.h>

#include "cli/show.h"
#include "cli/subcommand.h"

void
sub_reload_print(const json_t *result, FILE *out)
{
	const json_t *problems = json_object_get(result, "problems");
	char places[SHOW_NUMBER_MAX];

	if (json_is_true(json_object_get(result, "loaded"))) {
		(void)fprintf(out,
		    "The configuration is loaded (places: %s).\n",
		    show_number(result, "places", places));
		show_guards(result, out);
		return;
	}
	for (size_t i = 0; i < json_array_size(problems); i++) {
		const char *p = json_string_value(json_array_get(problems, i));

		(void)fprintf(out, "%s\n", p == NULL ? "" : p);
	}
	(void)fprintf(out,
	    "Not loaded, the configuration before it holds: "
	    "%s\n",
	    show_text(result, "error"));
}

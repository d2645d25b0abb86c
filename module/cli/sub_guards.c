/* mastheadctl guards: who asks, and who owes an answer. */
#include <stdio.h>

#include "cli/show.h"
#include "cli/subcommand.h"

void
sub_guards_print(const json_t *result, FILE *out)
{
	static const char *const header[] = { "HOST", "STATE", "SINCE",
		"SERIAL", "UNANSWERED", "OLDEST", "SERVER" };
	const json_t *list = json_object_get(result, "guards");
	struct table *t = table_new(7, header);

	for (size_t i = 0; t != NULL && i < json_array_size(list); i++) {
		const json_t *g = json_array_get(list, i);
		char serial[SHOW_NUMBER_MAX], unanswered[SHOW_NUMBER_MAX],
		    oldest[SHOW_NUMBER_MAX];
		const char *const cells[] = { show_text(g, "host"),
			json_is_true(json_object_get(g, "attached"))
			    ? "attached"
			    : "MISSING",
			show_text(g, "since"), show_number(g, "serial", serial),
			show_number(g, "unanswered", unanswered),
			show_number(g, "oldest_ms", oldest),
			show_text(g, "server") };

		(void)table_add(t, cells);
	}
	show_table(t, out);
}

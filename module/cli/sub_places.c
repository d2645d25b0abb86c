/* mastheadctl places: where rules hold. */
#include <stdio.h>

#include "cli/show.h"
#include "cli/subcommand.h"

void
sub_places_print(const json_t *result, FILE *out)
{
	static const char *const header[] = { "ID", "ROOM", "MODE", "PUBLISH",
		"REPRINT", "UNAVAILABLE", "GUARD" };
	const json_t *list = json_object_get(result, "places");
	struct table *t = table_new(7, header);

	for (size_t i = 0; t != NULL && i < json_array_size(list); i++) {
		const json_t *p = json_array_get(list, i);
		char id[SHOW_NUMBER_MAX], publish[SHOW_TEXT_MAX],
		    reprint[SHOW_TEXT_MAX];
		const char *const cells[] = { show_number(p, "id", id),
			show_text(p, "room"), show_text(p, "mode"),
			show_words(p, "publish", "-", publish),
			show_words(p, "reprint", "-", reprint),
			show_text(p, "unavailable"),
			json_is_true(json_object_get(p, "attached"))
			    ? "attached"
			    : "MISSING" };

		(void)table_add(t, cells);
	}
	show_table(t, out);
}

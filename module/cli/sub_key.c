/* mastheadctl key ...: the signing keys. */
#include <stdio.h>

#include "cli/show.h"
#include "cli/subcommand.h"

void
sub_key_print_list(const json_t *result, FILE *out)
{
	static const char *const header[] = { "KID", "STATE", "SINCE",
		"RETIRED", "REVOKED SINCE" };
	const json_t *list = json_object_get(result, "keys");
	struct table *t = table_new(5, header);

	for (size_t i = 0; t != NULL && i < json_array_size(list); i++) {
		const json_t *k = json_array_get(list, i);
		const char *const cells[] = { show_text(k, "kid"),
			show_text(k, "state"), show_text(k, "since"),
			show_text(k, "retired"), show_text(k, "revoked") };

		(void)table_add(t, cells);
	}
	show_table(t, out);
}

void
sub_key_print_change(const json_t *result, FILE *out)
{
	struct table *t = table_new(2, NULL);

	show_pair(t, "Revoked", show_text(result, "revoked"));
	show_pair(t, "Signs now", show_text(result, "active"));
	show_table(t, out);
	show_guards(result, out);
}

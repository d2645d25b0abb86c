/* mastheadctl places: where rules hold, and what came of them. */
#include <stdio.h>
#include <string.h>

#include "cli/show.h"
#include "cli/subcommand.h"

/* WOULD REFUSE: what an observed place let pass. */
static const char *const header[] = { "ID", "PLACE", "MODE", "PUBLISH",
	"REPRINT", "GUARD", "PASSED", "REFUSED", "WOULD REFUSE", "UNDECIDED" };

#define COLUMNS (sizeof header / sizeof header[0])

/* Below its place: what one rule decided. */
static void
add_rule(struct table *t, const json_t *n)
{
	char name[SHOW_TEXT_MAX], passed[SHOW_NUMBER_MAX],
	    refused[SHOW_NUMBER_MAX], observed[SHOW_NUMBER_MAX],
	    unavailable[SHOW_NUMBER_MAX];
	const char *const cells[COLUMNS] = { "", name, "", "", "", "",
		show_number(n, "passed", passed),
		show_number(n, "refused", refused),
		show_number(n, "observed", observed),
		show_number(n, "unavailable", unavailable) };

	if (strcmp(show_text(n, "rule"), "none") == 0)
		(void)snprintf(name, sizeof name, "  before any rule");
	else
		(void)snprintf(name, sizeof name, "  by %s",
		    show_text(n, "rule"));
	(void)table_add(t, cells);
}

static void
add_place(struct table *t, const json_t *p)
{
	const json_t *rules = json_object_get(p, "rules");
	const json_t *n = json_object_get(p, "counts");
	char id[SHOW_NUMBER_MAX], passed[SHOW_NUMBER_MAX],
	    refused[SHOW_NUMBER_MAX], observed[SHOW_NUMBER_MAX],
	    unavailable[SHOW_NUMBER_MAX], publish[SHOW_TEXT_MAX],
	    reprint[SHOW_TEXT_MAX];
	const char *const cells[COLUMNS] = { show_number(p, "id", id),
		show_text(p, "name"), show_text(p, "mode"),
		show_words(p, "publish", "-", publish),
		show_words(p, "reprint", "-", reprint),
		json_is_true(json_object_get(p, "attached")) ? "attached"
							     : "MISSING",
		show_number(n, "passed", passed),
		show_number(n, "refused", refused),
		show_number(n, "observed", observed),
		show_number(n, "unavailable", unavailable) };

	(void)table_add(t, cells);
	for (size_t i = 0; i < json_array_size(rules); i++)
		add_rule(t, json_array_get(rules, i));
}

void
sub_places_print(const json_t *result, FILE *out)
{
	const json_t *list = json_object_get(result, "places");
	struct table *t = table_new(COLUMNS, header);

	for (size_t i = 0; t != NULL && i < json_array_size(list); i++)
		add_place(t, json_array_get(list, i));
	show_table(t, out);
}

/* mastheadctl explain: what would happen to a publication, and why. */
#include <stdio.h>
#include <string.h>

#include "cli/show.h"
#include "cli/subcommand.h"

static void
show_place(struct table *t, const json_t *place)
{
	char text[SHOW_TEXT_MAX];

	if (!json_is_object(place)) {
		show_pair(t, "Place",
		    "not guarded: no place of the "
		    "configuration covers it");
		return;
	}
	(void)snprintf(text, sizeof text, "%s (%s)", show_text(place, "name"),
	    show_text(place, "mode"));
	show_pair(t, "Place", text);
	show_pair(t, "Guard",
	    json_is_true(json_object_get(place, "attached"))
		? "attached"
		: "NOT ATTACHED: it goes by what it stored");
}

static void
show_record(struct table *t, const json_t *record)
{
	char text[SHOW_TEXT_MAX], categories[SHOW_TEXT_MAX];

	if (!json_is_object(record)) {
		show_pair(t, "Record", "none: not on the register");
		return;
	}
	(void)snprintf(text, sizeof text, "%s, %s since %s",
	    show_text(record, "name"), show_text(record, "state"),
	    show_text(record, "since"));
	show_pair(t, "Record", text);
	show_pair(t, "Approved",
	    show_words(record, "categories", "for nothing now", categories));
}

void
sub_explain_print(const json_t *result, FILE *out)
{
	const json_t *refusal = json_object_get(result, "refusal");
	struct table *t = table_new(2, NULL);
	char text[SHOW_TEXT_MAX], number[SHOW_NUMBER_MAX];

	show_pair(t, "Address", show_text(result, "jid"));
	show_pair(t, json_object_get(result, "node") == NULL ? "Room" : "Node",
	    show_text(result, "name"));
	show_pair(t, "Kind", show_text(result, "kind"));
	show_place(t, json_object_get(result, "place"));
	show_record(t, json_object_get(result, "record"));
	show_pair(t, "Rule", show_text(result, "rule"));
	(void)snprintf(text, sizeof text, "%s%s", show_text(result, "verdict"),
	    json_is_true(json_object_get(result, "observed"))
		? " (observed: it would be refused if the place's mode were "
		  "enforce)"
		: "");
	show_pair(t, "Verdict", text);
	if (json_is_object(refusal)) {
		(void)snprintf(text, sizeof text, "%s (%s, %s)",
		    show_text(refusal, "reason"), show_text(refusal, "type"),
		    show_text(refusal, "condition"));
		show_pair(t, "Why", text);
		show_pair(t, "Text", show_text(refusal, "text"));
	}
	show_pair(t, "Badges", show_words(result, "badges", "", text));
	if (show_number(result, "lease", number)[0] != '\0') {
		(void)snprintf(text, sizeof text, "%s s", number);
		show_pair(t, "Lease", text);
	}
	show_table(t, out);
}

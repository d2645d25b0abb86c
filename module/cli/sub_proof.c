/* mastheadctl proof ...: the domains that accounts have proved. */
#include <stdio.h>
#include <string.h>

#include "cli/show.h"
#include "cli/subcommand.h"

void
sub_proof_print_list(const json_t *result, FILE *out)
{
	static const char *const header[] = { "ADDRESS", "DOMAIN", "BY", "LAST",
		"CHECKED", "LOST", "NEXT" };
	const json_t *list = json_object_get(result, "proofs");
	struct table *t = table_new(7, header);

	for (size_t i = 0; t != NULL && i < json_array_size(list); i++) {
		const json_t *p = json_array_get(list, i);
		const char *const cells[] = { show_text(p, "jid"),
			show_text(p, "domain"), show_text(p, "method"),
			show_text(p, "outcome"), show_text(p, "checked"),
			show_text(p, "lost"), show_text(p, "next") };

		(void)table_add(t, cells);
	}
	show_table(t, out);
}

void
sub_proof_print_check(const json_t *result, FILE *out)
{
	const char *dnssec = show_text(result, "dnssec");
	struct table *t = table_new(2, NULL);

	show_pair(t, "Proof", show_text(result, "outcome"));
	show_pair(t, "Asked", show_text(result, "asked"));
	show_pair(t, "Came back", show_text(result, "got"));
	show_pair(t, "DNSSEC", strcmp(dnssec, "unchecked") == 0 ? "" : dnssec);
	show_pair(t, "Why", show_text(result, "text"));
	if (json_is_true(json_object_get(result, "suspended")))
		show_pair(t, "Publisher", "suspended");
	if (json_is_true(json_object_get(result, "restored")))
		show_pair(t, "Publisher", "restored");
	show_table(t, out);
}

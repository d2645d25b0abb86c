/* mastheadctl evidence rotate, erase, export. */
#include <stdio.h>

#include "cli/show.h"
#include "cli/subcommand.h"

void
sub_evidence_print_rotate(const json_t *result, FILE *out)
{
	char n[SHOW_NUMBER_MAX];
	struct table *t = table_new(2, NULL);

	show_pair(t, "Seals now", show_text(result, "key"));
	show_pair(t, "Sealed anew", show_number(result, "sealed", n));
	show_table(t, out);
}

void
sub_evidence_print_erase(const json_t *result, FILE *out)
{
	char n[SHOW_NUMBER_MAX];
	struct table *t = table_new(2, NULL);

	show_pair(t, "Account", show_text(result, "jid"));
	show_pair(t, "Erased", show_number(result, "erased", n));
	show_table(t, out);
}

/* For a person who asked for it as much as for a program. */
void
sub_evidence_print_export(const json_t *result, FILE *out)
{
	(void)json_dumpf(result, out, JSON_INDENT(2));
	(void)fputc('\n', out);
}

/* mastheadctl reload: read the configuration again. */
#include <stdio.h>

#include "cli/show.h"
#include "cli/subcommand.h"

void
sub_reload_print(const json_t *result, FILE *out)
{
	(void)fputs("The configuration is loaded.\n", out);
	show_guards(result, out);
}

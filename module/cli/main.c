/* mastheadctl: the operator's hand on a running masthead; mastheadctl(8). */
#include "cli/subcommand.h"

int
main(int argc, char **argv)
{
	return subcommand_main(argc, argv, stdout, stderr);
}

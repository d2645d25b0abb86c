/* The table of subcommands, and the program around it; see subcommand.h. */
#include "cli/subcommand.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"

#define SOCKET_DEFAULT "/run/masthead/control.sock"
#define USAGE_MAX 512

const struct subcommand subcommands[] = {
	{ "publisher add", "put an account on the register", NULL,
	    sub_publisher_print_change },
	{ "publisher approve", "approve it for a category, or prolong", NULL,
	    sub_publisher_print_change },
	{ "publisher suspend", "take its approvals away for now", NULL,
	    sub_publisher_print_change },
	{ "publisher restore", "end a suspension", NULL,
	    sub_publisher_print_change },
	{ "publisher revoke", "take its approvals away for good", NULL,
	    sub_publisher_print_change },
	{ "publisher rename", "change its public name", NULL,
	    sub_publisher_print_change },
	{ "publisher list", "the register", sub_publisher_list,
	    sub_publisher_print_list },
	{ "publisher show", "one record, with its history", NULL,
	    sub_publisher_print_show },
	{ "case list", "applications that wait, oldest first", NULL,
	    sub_case_print_list },
	{ "case show", "all about one, what is sealed as well", NULL,
	    sub_case_print_show },
	{ "case approve", "approve it for a category", NULL,
	    sub_case_print_change },
	{ "case refuse", "turn it down", NULL, sub_case_print_change },
	{ "case ask", "ask the applicant something", NULL,
	    sub_case_print_change },
	{ "case identity", "put an identity check on record", NULL,
	    sub_case_print_change },
	{ "appeal list", "appeals that wait, oldest first", NULL,
	    sub_case_print_appeals },
	{ "appeal show", "what one says", NULL, sub_case_print_appeal },
	{ "appeal decide", "uphold or dismiss it", NULL,
	    sub_case_print_change },
	{ "report list", "posts that readers reported", NULL,
	    sub_case_print_reports },
	{ "report show", "what they say about one", NULL,
	    sub_case_print_report },
	{ "report close", "say what came of it", NULL, sub_case_print_change },
	{ "explain", "what would happen to a publication, and why", NULL,
	    sub_explain_print },
	{ "places", "the rooms and nodes with rules, and their counts", NULL,
	    sub_places_print },
	{ "guards", "the hosts that ask, and who has not answered", NULL,
	    sub_guards_print },
	{ "status", "green or red, and why", NULL, sub_status_print },
	{ "reload", "read the configuration again", NULL, sub_reload_print },
	{ "proof list", "the domains that are checked again, and when", NULL,
	    sub_proof_print_list },
	{ "proof check", "check an account's proof of domain now", NULL,
	    sub_proof_print_check },
	{ "evidence rotate", "seal what was told in confidence with a new key",
	    NULL, sub_evidence_print_rotate },
	{ "erase", "erase what an account told in confidence", NULL,
	    sub_evidence_print_erase },
	{ "export", "all that is held about an account, as JSON", NULL,
	    sub_evidence_print_export },
	{ "key list", "the signing keys", NULL, sub_key_print_list },
	{ "key rotate", "sign with a new key from now on", NULL,
	    sub_key_print_change },
	{ "key revoke", "declare a key stolen", NULL, sub_key_print_change },
	{ NULL, NULL, NULL, NULL },
};

const struct subcommand *
subcommand_find(const char *name)
{
	for (const struct subcommand *s = subcommands; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

void
subcommand_usage(const struct ctl_command *c, FILE *out)
{
	char usage[USAGE_MAX];

	ctl_usage(c, usage, sizeof usage);
	(void)fprintf(out, "usage: mastheadctl [-s SOCKET] [--json] %s\n",
	    usage);
}

void
subcommand_help(FILE *out)
{
	(void)fputs("usage: mastheadctl [-s SOCKET] [--json] COMMAND ...\n\n",
	    out);
	for (const struct subcommand *s = subcommands; s->name != NULL; s++) {
		char usage[USAGE_MAX];

		ctl_usage(ctl_command_find(s->name), usage, sizeof usage);
		(void)fprintf(out, "  %s\n\t%s\n", usage, s->summary);
	}
	(void)fputs("\nExit: 0 done, 1 refused, 2 usage, 3 status is red, "
		    "69 no daemon, 75 try again.\n",
	    out);
}

/* What comes before the command. */
struct globals {
	const char *socket_path;
	bool is_json, wants_help, wants_version;
};

/* Returns the index of the command's first word, or -1. */
static int
parse_globals(struct globals *g, int argc, char **argv, struct err *e)
{
	int i = 1;

	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--json") == 0)
			g->is_json = true;
		else if (strcmp(argv[i], "-h") == 0 ||
		    strcmp(argv[i], "--help") == 0)
			g->wants_help = true;
		else if (strcmp(argv[i], "-V") == 0)
			g->wants_version = true;
		else if (strcmp(argv[i], "-s") != 0)
			return err_set(e, "there is no option %.40s", argv[i]);
		else if (++i == argc || argv[i][0] == '\0')
			return err_set(e, "-s needs the socket's path");
		else
			g->socket_path = argv[i];
	}
	return i;
}

/* -h or --help anywhere after a command asks for that command's usage; --json
 * is so often written last that it is taken there, too. */
static int
take_trailing_globals(struct globals *g, const char **words, int count)
{
	int kept = 0;

	for (int i = 0; i < count; i++) {
		if (strcmp(words[i], "--") == 0) {
			while (i < count)
				words[kept++] = words[i++];
			break;
		}
		if (strcmp(words[i], "--json") == 0)
			g->is_json = true;
		else if (strcmp(words[i], "-h") == 0 ||
		    strcmp(words[i], "--help") == 0)
			g->wants_help = true;
		else
			words[kept++] = words[i];
	}
	return kept;
}

static int
complain(FILE *errors, enum ctl_exit code, const struct err *e)
{
	(void)fprintf(errors, "mastheadctl: %s\n", e->text);
	return (int)code;
}

static int
complain_usage(FILE *errors, const struct ctl_command *c, const struct err *e)
{
	(void)complain(errors, CTL_USAGE, e);
	if (c != NULL)
		subcommand_usage(c, errors);
	else
		(void)fputs("Try: mastheadctl --help\n", errors);
	return CTL_USAGE;
}

static void
print_warnings(const json_t *result, FILE *errors)
{
	const json_t *w = json_object_get(result, "warnings");

	for (size_t i = 0; i < json_array_size(w); i++) {
		const char *s = json_string_value(json_array_get(w, i));

		(void)fprintf(errors, "mastheadctl: warning: %s\n",
		    s == NULL ? "" : s);
	}
}

/* The last page may be the one that did not fit on the disk. */
static int
finish(FILE *out, FILE *errors, enum ctl_exit code)
{
	struct err e = { "cannot write the answer" };

	return fflush(out) == 0 && !ferror(out)
	    ? (int)code
	    : complain(errors, CTL_UNAVAILABLE, &e);
}

static int
run(const struct globals *g, const struct ctl_args *a, FILE *out, FILE *errors)
{
	const struct subcommand *s = subcommand_find(a->command->name);
	json_t *request, *result = NULL;
	struct err e = { "" };
	enum ctl_exit code;

	request = client_request(a, &e);
	if (request == NULL)
		return complain_usage(errors, a->command, &e);
	code = s->ask == NULL ? client_ask(g->socket_path, request, &result, &e)
			      : s->ask(g->socket_path, request, &result, &e);
	json_decref(request);
	if (result == NULL)
		return complain(errors, code, &e);
	if (g->is_json) {
		(void)json_dumpf(result, out, JSON_INDENT(2));
		(void)fputc('\n', out);
	} else {
		s->print(result, out);
	}
	print_warnings(result, errors);
	json_decref(result);
	return finish(out, errors, code);
}

int
subcommand_main(int argc, char **argv, FILE *out, FILE *errors)
{
	struct globals g = { .socket_path = SOCKET_DEFAULT };
	const char *words[CTL_WORDS_MAX + 1] = { NULL };
	struct ctl_args a = { 0 };
	struct err e = { "" };
	int at = parse_globals(&g, argc, argv, &e), count, rc;

	if (at == -1)
		return complain_usage(errors, NULL, &e);
	for (count = 0; at + count < argc && count <= CTL_WORDS_MAX; count++)
		words[count] = argv[at + count];
	count = take_trailing_globals(&g, words, count);
	if (g.wants_version) {
		(void)fprintf(out, "mastheadctl %s\n", MASTHEAD_VERSION);
		return finish(out, errors, CTL_OK);
	}
	rc = ctl_parse(&a, words, (size_t)count, &e);
	if (g.wants_help) {
		if (a.command != NULL)
			subcommand_usage(a.command, out);
		else
			subcommand_help(out);
		return finish(out, errors, CTL_OK);
	}
	return rc == -1 ? complain_usage(errors, a.command, &e)
			: run(&g, &a, out, errors);
}

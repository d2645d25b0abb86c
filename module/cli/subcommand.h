/*
 * The subcommands of mastheadctl.  Each is a row of subcommand.c's table and
 * lives in a file of its own, or in its family's; what it takes on the
 * command line is in core/ctl.h, since the daemon must know that as well.
 */
#ifndef CLI_SUBCOMMAND_H
#define CLI_SUBCOMMAND_H

#include <jansson.h>
#include <stdio.h>

#include "cli/client.h"
#include "core/ctl.h"
#include "core/err.h"

struct subcommand {
	const char *name;    /* as in ctl_commands */
	const char *summary; /* one line for the help */
	/* Asks the daemon; NULL: one request, as client_ask does it. */
	enum ctl_exit (*ask)(const char *socket_path, json_t *request,
	    json_t **result_r, struct err *e);
	/* Prints the result for people. */
	void (*print)(const json_t *result, FILE *out);
};

/* Every subcommand in the order of the help; the last row has no name. */
extern const struct subcommand subcommands[];

/* NULL if there is none. */
const struct subcommand *subcommand_find(const char *name);

/* The whole help, or one command's. */
void subcommand_help(FILE *out);
void subcommand_usage(const struct ctl_command *c, FILE *out);

/*
 * The program behind main: parses, asks, prints; returns the exit code.
 * `argv[0]` is the program's name.
 */
int subcommand_main(int argc, char **argv, FILE *out, FILE *errors);

/* sub_publisher.c */
enum ctl_exit sub_publisher_list(const char *socket_path, json_t *request,
    json_t **result_r, struct err *e);
void sub_publisher_print_change(const json_t *result, FILE *out);
void sub_publisher_print_list(const json_t *result, FILE *out);
void sub_publisher_print_show(const json_t *result, FILE *out);
/* sub_case.c */
void sub_case_print_list(const json_t *result, FILE *out);
void sub_case_print_appeals(const json_t *result, FILE *out);
void sub_case_print_reports(const json_t *result, FILE *out);
void sub_case_print_show(const json_t *result, FILE *out);
void sub_case_print_appeal(const json_t *result, FILE *out);
void sub_case_print_report(const json_t *result, FILE *out);
void sub_case_print_change(const json_t *result, FILE *out);
/* sub_explain.c */
void sub_explain_print(const json_t *result, FILE *out);
/* sub_places.c, sub_guards.c, sub_status.c, sub_reload.c */
void sub_places_print(const json_t *result, FILE *out);
void sub_guards_print(const json_t *result, FILE *out);
void sub_status_print(const json_t *result, FILE *out);
void sub_reload_print(const json_t *result, FILE *out);
/* sub_proof.c */
void sub_proof_print_list(const json_t *result, FILE *out);
void sub_proof_print_check(const json_t *result, FILE *out);
/* sub_evidence.c */
void sub_evidence_print_rotate(const json_t *result, FILE *out);
void sub_evidence_print_erase(const json_t *result, FILE *out);
void sub_evidence_print_export(const json_t *result, FILE *out);
/* sub_key.c */
void sub_key_print_list(const json_t *result, FILE *out);
void sub_key_print_change(const json_t *result, FILE *out);

#endif

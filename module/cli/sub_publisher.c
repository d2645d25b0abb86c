/* mastheadctl publisher ...: the register. */
#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "cli/subcommand.h"

void
sub_publisher_print_change(const json_t *result, FILE *out)
{
	const json_t *p = json_object_get(result, "publisher");
	struct table *t = table_new(2, NULL);
	char number[SHOW_NUMBER_MAX];

	show_pair(t, "Address", show_text(p, "jid"));
	show_pair(t, "Name", show_text(p, "name"));
	show_pair(t, "State", show_text(p, "state"));
	show_pair(t, "Case", show_number(result, "case", number));
	show_table(t, out);
	show_guards(result, out);
}

/* The words of a request, and whether one of them sets the option. */
static int
has_option(const json_t *words, const char *option)
{
	size_t len = strlen(option);

	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *w = json_string_value(json_array_get(words, i));

		if (strncmp(w, option, len) == 0 && w[len] == '=')
			return 1;
	}
	return 0;
}

/* Points the request at what follows `after`. */
static int
set_after(json_t *words, const char *after)
{
	json_t *word = json_sprintf("--after=%s", after);

	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *w = json_string_value(json_array_get(words, i));

		if (strncmp(w, "--after=", 8) == 0)
			return json_array_set_new(words, i, word);
	}
	return json_array_append_new(words, word);
}

/*
 * The register may be longer than any one answer: without a limit from the
 * command line, goes on until all of it is here.
 */
enum ctl_exit
sub_publisher_list(const char *socket_path, json_t *request, json_t **result_r,
    struct err *e)
{
	json_t *words = json_object_get(request, "args");
	int is_one_page = has_option(words, "--limit");
	json_t *all = NULL, *page;
	enum ctl_exit code;

	*result_r = NULL;
	for (;;) {
		const char *next;

		code = client_ask(socket_path, request, &page, e);
		if (page == NULL)
			break;
		if (all == NULL)
			all = json_incref(page);
		else
			(void)json_array_extend(
			    json_object_get(all, "publishers"),
			    json_object_get(page, "publishers"));
		next = show_text(page, "next");
		if (next[0] == '\0' || is_one_page ||
		    set_after(words, next) != 0) {
			json_decref(page);
			if (!is_one_page)
				(void)json_object_del(all, "next");
			*result_r = all;
			return code;
		}
		json_decref(page);
	}
	json_decref(all);
	return code;
}

void
sub_publisher_print_list(const json_t *result, FILE *out)
{
	static const char *const header[] = { "ADDRESS", "STATE", "SINCE",
		"CATEGORIES", "NAME" };
	const json_t *list = json_object_get(result, "publishers");
	struct table *t = table_new(5, header);

	for (size_t i = 0; t != NULL && i < json_array_size(list); i++) {
		const json_t *p = json_array_get(list, i);
		char categories[SHOW_TEXT_MAX];
		const char *const cells[] = { show_text(p, "jid"),
			show_text(p, "state"), show_text(p, "since"),
			show_words(p, "categories", "-", categories),
			show_text(p, "name") };

		(void)table_add(t, cells);
	}
	show_table(t, out);
	if (show_text(result, "next")[0] != '\0')
		(void)fprintf(out, "More: --after %s\n",
		    show_text(result, "next"));
}

static void
print_approvals(const json_t *list, FILE *out)
{
	static const char *const header[] = { "CATEGORY", "SINCE", "UNTIL",
		"HOLDS" };
	struct table *t;

	if (json_array_size(list) == 0) {
		(void)fputs("\nNever approved for anything.\n", out);
		return;
	}
	(void)fputc('\n', out);
	t = table_new(4, header);
	for (size_t i = 0; t != NULL && i < json_array_size(list); i++) {
		const json_t *a = json_array_get(list, i);
		const char *const cells[] = { show_text(a, "category"),
			show_text(a, "since"), show_text(a, "until"),
			show_bool(a, "holds") };

		(void)table_add(t, cells);
	}
	show_table(t, out);
}

static void
print_history(const json_t *list, FILE *out)
{
	static const char *const header[] = { "CASE", "AT", "ACTION", "BY",
		"CATEGORY", "UNTIL", "NAME", "REASON" };
	struct table *t = table_new(8, header);

	(void)fputc('\n', out);
	for (size_t i = 0; t != NULL && i < json_array_size(list); i++) {
		const json_t *d = json_array_get(list, i);
		char number[SHOW_NUMBER_MAX];
		const char *const cells[] = { show_number(d, "case", number),
			show_text(d, "at"), show_text(d, "action"),
			show_text(d, "by"), show_text(d, "category"),
			show_text(d, "until"), show_text(d, "name"),
			show_text(d, "reason") };

		(void)table_add(t, cells);
	}
	show_table(t, out);
}

void
sub_publisher_print_show(const json_t *result, FILE *out)
{
	const json_t *p = json_object_get(result, "publisher");
	struct table *t = table_new(2, NULL);
	char number[SHOW_NUMBER_MAX];

	show_pair(t, "Address", show_text(p, "jid"));
	show_pair(t, "Name", show_text(p, "name"));
	show_pair(t, "State", show_text(p, "state"));
	show_pair(t, "Since", show_text(p, "since"));
	show_pair(t, "Reason", show_text(p, "reason"));
	show_pair(t, "Case", show_number(p, "case", number));
	show_table(t, out);
	print_approvals(json_object_get(p, "approvals"), out);
	print_history(json_object_get(result, "history"), out);
}

/* mastheadctl case ..., appeal ..., report ...: what staff decide about. */
#include <string.h>

#include "cli/show.h"
#include "cli/subcommand.h"

static void
print_more(const json_t *result, FILE *out)
{
	if (json_is_true(json_object_get(result, "more")))
		(void)fputs("There are more.\n", out);
}

void
sub_case_print_list(const json_t *result, FILE *out)
{
	static const char *const header[] = { "CASE", "STATE", "SINCE", "KIND",
		"ADDRESS", "CATEGORIES", "NAME" };
	const json_t *list = json_object_get(result, "cases");
	struct table *t = table_new(7, header);

	for (size_t i = 0; t != NULL && i < json_array_size(list); i++) {
		const json_t *c = json_array_get(list, i);
		char categories[SHOW_TEXT_MAX];
		const char *const cells[] = { show_text(c, "case"),
			show_text(c, "state"), show_text(c, "since"),
			show_text(c, "kind"), show_text(c, "jid"),
			show_words(c, "categories", "-", categories),
			show_text(c, "name") };

		(void)table_add(t, cells);
	}
	show_table(t, out);
	print_more(result, out);
}

void
sub_case_print_appeals(const json_t *result, FILE *out)
{
	static const char *const header[] = { "APPEAL", "SINCE", "ADDRESS",
		"AGAINST", "DECIDED BY" };
	const json_t *list = json_object_get(result, "appeals");
	struct table *t = table_new(5, header);

	for (size_t i = 0; t != NULL && i < json_array_size(list); i++) {
		const json_t *a = json_array_get(list, i);
		const char *const cells[] = { show_text(a, "appeal"),
			show_text(a, "at"), show_text(a, "jid"),
			show_text(a, "action"), show_text(a, "first_by") };

		(void)table_add(t, cells);
	}
	show_table(t, out);
	print_more(result, out);
}

void
sub_case_print_reports(const json_t *result, FILE *out)
{
	static const char *const header[] = { "REPORT", "COUNT", "LAST",
		"ADDRESS", "PLACE", "POST", "RESULT" };
	const json_t *list = json_object_get(result, "reports");
	struct table *t = table_new(7, header);

	for (size_t i = 0; t != NULL && i < json_array_size(list); i++) {
		const json_t *r = json_array_get(list, i);
		char number[SHOW_NUMBER_MAX];
		const char *const cells[] = { show_text(r, "report"),
			show_number(r, "count", number), show_text(r, "last"),
			show_text(r, "jid"), show_text(r, "place"),
			show_text(r, "post"), show_text(r, "result") };

		(void)table_add(t, cells);
	}
	show_table(t, out);
	print_more(result, out);
}

/* What was sealed: a line a member, or that it is gone. */
static void
pair_evidence(struct table *t, const char *what, const json_t *evidence)
{
	const char *member;
	json_t *value;

	if (evidence == NULL)
		return;
	if (json_is_null(evidence)) {
		show_pair(t, what, "(erased, or there is none)");
		return;
	}
	json_object_foreach((json_t *)evidence, member, value)
	{
		if (json_is_string(value))
			show_pair(t,
			    strcmp(member, "text") == 0 ? what : member,
			    json_string_value(value));
	}
}

static void
pair_members(struct table *t, const json_t *object, const char *const *members)
{
	for (; *members != NULL; members++)
		show_pair(t, *members, show_text(object, *members));
}

static void
print_categories(const json_t *d, FILE *out)
{
	static const char *const header[] = { "CATEGORY", "STATE", "NEEDED",
		"APPROVED BY", "AT", "UNTIL", "REASON" };
	const json_t *list = json_object_get(d, "categories"), *c, *v;
	struct table *t = table_new(7, header);
	size_t i, n;

	(void)fputc('\n', out);
	json_array_foreach((json_t *)list, i, c)
	{
		char number[SHOW_NUMBER_MAX];
		const json_t *votes = json_object_get(c, "votes");
		const char *cells[] = { show_text(c, "id"),
			show_text(c, "state"), show_number(c, "needed", number),
			"-", "", "", "" };

		if (json_array_size(votes) == 0 && t != NULL)
			(void)table_add(t, cells);
		json_array_foreach((json_t *)votes, n, v)
		{
			cells[3] = show_text(v, "by");
			cells[4] = show_text(v, "at");
			cells[5] = show_text(v, "until");
			cells[6] = show_text(v, "reason");
			if (t != NULL)
				(void)table_add(t, cells);
		}
	}
	show_table(t, out);
}

static void
print_identity(const json_t *d, FILE *out)
{
	static const char *const header[] = { "IDENTITY BY", "METHOD", "AT",
		"UNTIL", "HOLDS", "DETAILS" };
	const json_t *list = json_object_get(d, "identity"), *row;
	struct table *t;
	size_t i;

	if (json_array_size(list) == 0) {
		(void)fputs("\nNo identity check on record.\n", out);
		return;
	}
	(void)fputc('\n', out);
	t = table_new(6, header);
	json_array_foreach((json_t *)list, i, row)
	{
		const char *const cells[] = { show_text(row, "by"),
			show_text(row, "method"), show_text(row, "at"),
			show_text(row, "until"), show_bool(row, "holds"),
			show_text(json_object_get(row, "evidence"), "text") };

		if (t != NULL)
			(void)table_add(t, cells);
	}
	show_table(t, out);
}

static void
print_history(const json_t *list, FILE *out)
{
	static const char *const header[] = { "AT", "ACTION", "BY", "CATEGORY",
		"METHOD", "REASON" };
	struct table *t = table_new(6, header);
	const json_t *row;
	size_t i;

	(void)fputc('\n', out);
	json_array_foreach((json_t *)list, i, row)
	{
		const char *const cells[] = { show_text(row, "at"),
			show_text(row, "action"), show_text(row, "by"),
			show_text(row, "category"), show_text(row, "method"),
			show_text(row, "reason") };

		if (t != NULL)
			(void)table_add(t, cells);
	}
	show_table(t, out);
}

void
sub_case_print_show(const json_t *result, FILE *out)
{
	static const char *const facts[] = { "case", "jid", "kind", "state",
		"since", "submitted", "lang", "name", "organisation", "domain",
		"website", "decided_by", NULL };
	static const char *const proof[] = { "method", "outcome", "proved",
		"checked", "dnssec", "detail", NULL };
	struct table *t = table_new(2, NULL);
	const json_t *p = json_object_get(result, "proof");

	pair_members(t, result, facts);
	pair_evidence(t, "evidence", json_object_get(result, "evidence"));
	if (json_is_object(json_object_get(result, "question")))
		pair_evidence(t, "question",
		    json_object_get(result, "question"));
	show_pair(t, "proof of domain", json_is_object(p) ? "" : "none");
	pair_members(t, p, proof);
	show_table(t, out);
	print_categories(result, out);
	print_identity(result, out);
	print_history(json_object_get(result, "history"), out);
}

void
sub_case_print_appeal(const json_t *result, FILE *out)
{
	static const char *const facts[] = { "appeal", "jid", "state", "at",
		"action", "first_by", "reason", "closed", "closed_by", NULL };
	struct table *t = table_new(2, NULL);

	pair_members(t, result, facts);
	pair_evidence(t, "says", json_object_get(result, "evidence"));
	show_table(t, out);
	print_history(json_object_get(result, "history"), out);
}

void
sub_case_print_report(const json_t *result, FILE *out)
{
	static const char *const facts[] = { "report", "jid", "place", "post",
		"first", "last", "closed", "closed_by", "result", NULL };
	struct table *t = table_new(2, NULL);
	char number[SHOW_NUMBER_MAX];
	const json_t *row;
	size_t i;

	pair_members(t, result, facts);
	show_pair(t, "count", show_number(result, "count", number));
	json_array_foreach(json_object_get(result, "reporters"), i, row)
	{
		show_pair(t, "reason", show_text(row, "reason"));
		pair_evidence(t, "says", json_object_get(row, "evidence"));
	}
	show_table(t, out);
}

void
sub_case_print_change(const json_t *result, FILE *out)
{
	struct table *t = table_new(2, NULL);
	char number[SHOW_NUMBER_MAX];

	show_pair(t, "Address", show_text(result, "jid"));
	show_pair(t, "Id", show_text(result, "id"));
	show_pair(t, "State", show_text(result, "state"));
	if (json_integer_value(json_object_get(result, "case")) != 0)
		show_pair(t, "Case", show_number(result, "case", number));
	if (json_integer_value(json_object_get(result, "missing")) != 0)
		show_pair(t, "Approvals missing",
		    show_number(result, "missing", number));
	show_table(t, out);
	show_guards(result, out);
}

/* Members of results, as texts; see show.h. */
#include "cli/show.h"

#include <string.h>

const char *
show_text(const json_t *object, const char *member)
{
	const char *s = json_string_value(json_object_get(object, member));

	return s == NULL ? "" : s;
}

const char *
show_number(const json_t *object, const char *member, char r[SHOW_NUMBER_MAX])
{
	const json_t *n = json_object_get(object, member);

	r[0] = '\0';
	if (json_is_integer(n))
		(void)snprintf(r, SHOW_NUMBER_MAX, "%" JSON_INTEGER_FORMAT,
		    json_integer_value(n));
	return r;
}

const char *
show_bool(const json_t *object, const char *member)
{
	return json_is_true(json_object_get(object, member)) ? "yes" : "no";
}

const char *
show_words(const json_t *object, const char *member, const char *none,
    char r[SHOW_TEXT_MAX])
{
	const json_t *words = json_object_get(object, member);
	size_t used = 0;

	(void)snprintf(r, SHOW_TEXT_MAX, "%s", none);
	for (size_t i = 0; i < json_array_size(words) && used < SHOW_TEXT_MAX;
	     i++) {
		const char *w = json_string_value(json_array_get(words, i));

		used += (size_t)snprintf(r + used, SHOW_TEXT_MAX - used, "%s%s",
		    i == 0 ? "" : ", ", w == NULL ? "" : w);
	}
	return r;
}

void
show_pair(struct table *t, const char *what, const char *value)
{
	const char *const cells[] = { what, value };

	if (t != NULL && value[0] != '\0')
		(void)table_add(t, cells);
}

void
show_table(struct table *t, FILE *out)
{
	if (t == NULL)
		(void)fputs("(no memory for a table)\n", out);
	else
		table_print(t, out);
	table_free(t);
}

void
show_guards(const json_t *result, FILE *out)
{
	const json_t *g = json_object_get(result, "guards");
	char told[SHOW_NUMBER_MAX], answered[SHOW_NUMBER_MAX];

	if (g == NULL)
		return;
	(void)show_number(g, "told", told);
	if (strcmp(told, "0") == 0)
		(void)fputs("No guard is attached that had to be told.\n", out);
	else
		(void)fprintf(out, "Acknowledged by %s of %s guards.\n",
		    show_number(g, "answered", answered), told);
}

/* Sentences for faults of a form; see fault.h. */
#include "daemon/fault.h"

#include <inttypes.h>
#include <stdio.h>

static const char *const keys[] = { [FORM_OK] = "form_other",
	[FORM_MISSING] = "form_missing",
	[FORM_TOO_LONG] = "form_too_long",
	[FORM_TOO_MANY] = "form_too_many",
	[FORM_NO_TEXT] = "form_no_text",
	[FORM_NO_OPTION] = "form_no_option",
	[FORM_NO_BOOLEAN] = "form_no_boolean",
	[FORM_NO_INTEGER] = "form_no_integer",
	[FORM_OUT_OF_RANGE] = "form_out_of_range",
	[FORM_NO_URI] = "form_no_uri",
	[FORM_NO_DATE] = "form_no_date",
	[FORM_NO_JID] = "form_no_jid",
	[FORM_OTHER] = "form_other" };

void
fault_text(struct catalogue *c, const char *lang,
    const struct form_field *field, char r[CATALOGUE_TEXT_MAX])
{
	enum form_fault fault = form_fault(field);
	char least[24], most[24];
	int64_t min, max;

	if (form_fault_text(field)[0] != '\0') {
		(void)snprintf(r, CATALOGUE_TEXT_MAX, "%s",
		    form_fault_text(field));
		return;
	}
	form_range(field, &min, &max);
	if (fault == FORM_TOO_LONG)
		max = (int64_t)form_max_len(field);
	else if (fault == FORM_TOO_MANY)
		max = (int64_t)form_max_count(field);
	(void)snprintf(least, sizeof least, "%" PRId64, min);
	(void)snprintf(most, sizeof most, "%" PRId64, max);
	catalogue_text(c, lang, keys[fault],
	    (const struct catalogue_arg[]){ { .name = "least", .text = least },
		{ .name = "most", .text = most } },
	    2, r, NULL);
}

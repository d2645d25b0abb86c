/* The sealed part of what an applicant says; see applicant.h. */
#include "daemon/applicant.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/hash.h"
#include "daemon/evidence.h"

/* As many events of one application as are looked at for a question. */
#define EVENTS_MAX 1000

int
applicant_seal(const struct evidence *v, const struct applicant *a,
    const char *jid, struct case_sealed *r, struct err *e)
{
	char *text = applicant_json(a);
	size_t len;
	int rc;

	if (text == NULL)
		return err_set(e, "no memory for an application");
	len = strlen(text);
	rc = evidence_seal(v, EVIDENCE_APPLICATION, jid, text, len, r, e);
	hash_wipe(text, len);
	free(text);
	return rc;
}

int
applicant_unseal(const struct evidence *v, struct store *s, const char *id,
    struct applicant *a, struct err *e)
{
	char *text = NULL;
	size_t len = 0;
	int rc;

	if (id[0] == '\0')
		return 0;
	rc = evidence_read(v, s, id, &text, &len, e);
	if (rc == 1)
		rc = applicant_parse(a, text, e);
	evidence_forget(text, len);
	return rc;
}

/* A text is sealed as {"text": ...}. */
static int
question_read(const char *json, char r[PUBLISHER_REASON_MAX + 1], struct err *e)
{
	json_t *o = json_loads(json, 0, NULL);
	const char *text = json_string_value(json_object_get(o, "text"));
	int rc = text == NULL ? err_set(e, "a question that is no text") : 0;

	if (text != NULL)
		(void)snprintf(r, PUBLISHER_REASON_MAX + 1, "%s", text);
	json_decref(o);
	return rc;
}

static int
keep_question(void *arg, const struct event_row *v)
{
	if (v->action == CASE_ASK)
		(void)snprintf(arg, PUBLISHER_REASON_MAX + 1, "%s", v->reason);
	return 0;
}

int
applicant_question(const struct evidence *v, struct store *s,
    const struct application *a, char r[PUBLISHER_REASON_MAX + 1],
    struct err *e)
{
	char *text = NULL;
	size_t len = 0;
	int rc = 0;

	r[0] = '\0';
	if (a->question[0] != '\0')
		rc = evidence_read(v, s, a->question, &text, &len, e);
	if (rc == 1)
		rc = question_read(text, r, e);
	evidence_forget(text, len);
	if (rc == -1)
		return -1;
	return r[0] != '\0' ? 0
			    : store_event_list(s, a->jid, a->id, 0, EVENTS_MAX,
				  keep_question, r, e);
}

/*
 * `prove`: an applicant or publisher shows that a domain is theirs.  The
 * first form asks where the text will be published, the second one shows
 * exactly what, and checks it as often as it is asked to.
 */
#include "daemon/counter_commands.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/daemon.h"
#include "daemon/proofs.h"
#include "net/claim.h"
#include "text/idn.h"

#define FORM "urn:masthead:prove:0"

/* What the session keeps. */
struct proving_session {
	struct proof_row row;
	bool is_begun; /* there is a token for it */
	bool is_shown; /* what has to be published */
};

static const struct {
	unsigned bit;
	enum proof_method method;
	const char *key;
} methods[] = {
	{ CONFIG_PROOF_DNS, PROOF_DNS, "prove_method_dns" },
	{ CONFIG_PROOF_HTTPS, PROOF_HTTPS, "prove_method_https" },
};
#define METHOD_COUNT (sizeof methods / sizeof *methods)

static struct proofs *
proofs_of(const struct counter_visit *v)
{
	return counter_daemon(v)->proofs;
}

static const struct config_proof *
config_of(const struct counter_visit *v)
{
	return &cases_config(proofs_cases(proofs_of(v)))->proof;
}

/* A text in which {domain} may stand; valid until the next call. */
static const char *
text_of(struct counter_visit *v, const char *key, char r[CATALOGUE_TEXT_MAX])
{
	const struct proving_session *s = counter_state(v);
	char name[CASE_DOMAIN_MAX * 4 + 1];
	const struct catalogue_arg domain = { .name = "domain", .text = name };

	idn_to_unicode(s->row.domain, name, sizeof name);
	counter_text(v, key, &domain, 1, r);
	return r;
}

static void
end_with(struct counter_visit *v, enum adhoc_note_type type, const char *key)
{
	counter_note_key(v, type, key);
	counter_done(v, NULL);
}

/*
 * Where.
 */

static void
ask_method(struct counter_visit *v)
{
	struct proving_session *s = counter_state(v);
	enum proof_method was = s->row.method;
	unsigned bits = config_of(v)->methods;
	struct form *f = form_new(FORM);
	char text[CATALOGUE_TEXT_MAX];
	struct form_field *field;

	s->is_shown = false;
	form_title(f, text_of(v, "prove_title", text));
	form_instruct(f, text_of(v, "prove_choose", text));
	field =
	    form_add(f, FORM_LIST, "method", counter_word(v, "prove_method"));
	form_require(field);
	for (size_t i = 0; i < METHOD_COUNT; i++) {
		if ((bits & methods[i].bit) == 0)
			continue;
		form_option(field, proof_method_name(methods[i].method),
		    text_of(v, methods[i].key, text));
		if (was == PROOF_NO_METHOD || (bits & (1u << (was - 1))) == 0)
			was = methods[i].method;
	}
	form_value(field, proof_method_name(was));
	counter_ask(v, f, ADHOC_NEXT);
}

/*
 * What.
 */

static void
add_shown(struct form *f, const char *var, const char *label, const char *value)
{
	struct form_field *field = form_add(f, FORM_FIXED, var, label);

	form_value(field, value);
}

static void
show_dns(struct counter_visit *v, struct form *f, const struct proof_row *row)
{
	char name[CLAIM_NAME_MAX] = "", claim[CLAIM_TEXT_MAX];
	struct err e;

	/* Too long a name is what the check will say. */
	if (claim_name(row->domain, name, &e) == -1)
		(void)snprintf(name, sizeof name, "%.*s", CLAIM_DOMAIN_MAX,
		    row->domain);
	claim_text(row->token, claim);
	add_shown(f, "name", counter_word(v, "prove_name"), name);
	add_shown(f, "type", counter_word(v, "prove_type"), "TXT");
	add_shown(f, "value", counter_word(v, "prove_value"), claim);
}

static void
show_https(struct counter_visit *v, struct form *f, const struct proof_row *row)
{
	char url[CASE_DOMAIN_MAX + sizeof CLAIM_PATH + 32];
	char claim[CLAIM_TEXT_MAX];
	int64_t port = config_of(v)->https_port;

	if (port == 443)
		(void)snprintf(url, sizeof url, "https://%s%s", row->domain,
		    CLAIM_PATH);
	else
		(void)snprintf(url, sizeof url, "https://%s:%d%s", row->domain,
		    (int)port, CLAIM_PATH);
	claim_text(row->token, claim);
	add_shown(f, "address", counter_word(v, "prove_address"), url);
	add_shown(f, "line", counter_word(v, "prove_line"), claim);
}

/* `notice` NULL, or what has just happened. */
static void
show_claim(struct counter_visit *v, const char *notice)
{
	struct proving_session *s = counter_state(v);
	bool is_dns = s->row.method == PROOF_DNS;
	struct form *f = form_new(FORM);
	char text[CATALOGUE_TEXT_MAX];

	s->is_shown = true;
	form_title(f, text_of(v, "prove_title", text));
	form_notice(f, notice);
	form_instruct(f,
	    text_of(v, is_dns ? "prove_dns" : "prove_https", text));
	form_instruct(f, text_of(v, "prove_check", text));
	if (is_dns)
		show_dns(v, f, &s->row);
	else
		show_https(v, f, &s->row);
	counter_ask(v, f, ADHOC_COMPLETE | ADHOC_PREV);
}

/* Answers a visit whose step was not taken. */
static void
not_taken(struct counter_visit *v, enum cases_end end,
    const struct case_result *r)
{
	if (end == CASES_UNAVAILABLE)
		counter_busy(v);
	else
		end_with(v, ADHOC_ERROR,
		    r->refusal == CASE_LIMIT_ACCOUNT ? "prove_limit"
						     : "prove_stale");
}

static void
on_begun(void *arg, const struct cases_outcome *o)
{
	struct counter_visit *v = arg;
	struct proving_session *s = counter_state(v);

	if (o->end != CASES_DONE) {
		not_taken(v, o->end, &o->result);
		return;
	}
	s->is_begun = true;
	show_claim(v, NULL);
}

/* A token, and the method; both on the disk before they are shown. */
static void
begin_proof(struct counter_visit *v, enum proof_method method)
{
	struct proving_session *s = counter_state(v);
	bool is_same = s->is_begun && s->row.method == method;
	const struct case_proof proof = { .domain = s->row.domain,
		.method = method,
		.token = s->row.token };
	const struct case_step step = { .action = CASE_PROOF_BEGIN,
		.jid = counter_jid(v),
		.by = counter_jid(v),
		.role = CASE_SELF,
		.lang = counter_lang(v),
		.proof = &proof };
	struct err e;

	s->row.method = method;
	if (is_same)
		show_claim(v, NULL);
	else if (!s->is_begun && proofs_token(s->row.token, &e) == -1)
		counter_busy(v);
	else
		cases_step(proofs_cases(proofs_of(v)), &step, on_begun, v);
}

/*
 * Whether.
 */

static void
proved(struct counter_visit *v, const struct prover_answer *a)
{
	struct form *f = form_new(NULL);
	char text[CATALOGUE_TEXT_MAX];

	form_title(f, text_of(v, "prove_title", text));
	text_of(v, "prove_done", text);
	counter_note(v, ADHOC_INFO, text);
	form_add_text(f, NULL, text);
	if (a->dnssec == DNSSEC_SECURE)
		form_add_text(f, NULL, counter_word(v, "prove_dnssec"));
	counter_done(v, f);
}

static void
not_proved(struct counter_visit *v, const struct prover_answer *a)
{
	const struct proving_session *s = counter_state(v);
	char text[PROOFS_TEXT_MAX];

	proofs_explain(counter_daemon(v)->catalogue, counter_lang(v),
	    s->row.domain, a, text);
	counter_note(v, ADHOC_ERROR, text);
	show_claim(v, text);
}

static void
on_checked(void *arg, const struct proofs_outcome *o)
{
	struct counter_visit *v = arg;

	switch (o->end) {
	case PROOFS_DONE:
		if (o->answer.outcome == PROVER_FOUND)
			proved(v, &o->answer);
		else
			not_proved(v, &o->answer);
		return;
	case PROOFS_RUNNING:
		counter_note_key(v, ADHOC_WARN, "prove_running");
		show_claim(v, counter_word(v, "prove_running"));
		return;
	case PROOFS_LIMIT:
		end_with(v, ADHOC_ERROR, "prove_limit");
		return;
	case PROOFS_REFUSED:
		end_with(v, ADHOC_ERROR, "prove_stale");
		return;
	case PROOFS_UNAVAILABLE:
		counter_busy(v);
		return;
	}
}

/* What is checked is what the register has by now. */
static void
check(struct counter_visit *v)
{
	struct proving_session *s = counter_state(v);
	char domain[CASE_DOMAIN_MAX + 1];
	struct err e;
	int rc;

	memcpy(domain, s->row.domain, sizeof domain);
	rc = proofs_find(proofs_of(v), counter_jid(v), &s->row, &s->is_begun,
	    &e);
	if (rc == -1)
		counter_busy(v);
	else if (rc == 0 || !s->is_begun || strcmp(domain, s->row.domain) != 0)
		end_with(v, ADHOC_ERROR, "prove_stale");
	else
		proofs_check(proofs_of(v), &s->row, CASE_SELF, counter_jid(v),
		    counter_lang(v), on_checked, v);
}

static void
prove_begin(struct counter_visit *v)
{
	struct proving_session *s = calloc(1, sizeof *s);
	struct err e;
	int rc;

	if (s == NULL) {
		counter_busy(v);
		return;
	}
	counter_set_state(v, s, free, sizeof *s);
	rc = proofs_find(proofs_of(v), counter_jid(v), &s->row, &s->is_begun,
	    &e);
	if (rc == -1)
		counter_busy(v);
	else if (rc == 0)
		end_with(v, ADHOC_ERROR, "prove_no_domain");
	else
		ask_method(v);
}

static void
prove_step(struct counter_visit *v)
{
	const struct proving_session *s = counter_state(v);

	if (!s->is_shown)
		begin_proof(v,
		    proof_method_find(form_get(counter_form(v), "method")));
	else if (counter_action(v) == ADHOC_PREV)
		ask_method(v);
	else
		check(v);
}

const struct counter_command counter_prove = {
	.node = "prove",
	.name_key = "command_prove",
	.roles = COUNTER_ANYBODY,
	.begin = prove_begin,
	.step = prove_step,
};

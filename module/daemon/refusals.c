/* Words for a refusal; see refusals.h. */
#include "daemon/refusals.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"

#define TITLES_MAX 512
#define ADDRESS_MAX (PLACE_LOCAL_MAX + 1 + PLACE_HOST_MAX)

/* The titles of the categories that may do it here, with commas. */
static void
titles_write(struct buf *r, const struct policy *policy,
    const char categories[][CATEGORY_ID_MAX + 1], unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct category *c =
		    policy_category(policy, categories[i]);

		buf_adds(r, i == 0 ? "" : ", ");
		buf_adds(r, c == NULL ? categories[i] : c->title);
	}
}

/* Whether the refusal goes back to a decision that can be appealed. */
static bool
has_case(enum refusal refusal)
{
	return refusal == REFUSAL_SUSPENDED || refusal == REFUSAL_REVOKED ||
	    refusal == REFUSAL_REJECTED;
}

/* The room's address, or words for a node of an address, in the language. */
static void
spot_write(struct catalogue *c, const char *lang, const struct place_spot *at,
    char r[CATALOGUE_TEXT_MAX])
{
	const struct place_spot whole = { at->local, at->host, "" };
	char address[ADDRESS_MAX + 1];

	place_spot_name(&whole, address, sizeof address);
	if (at->node[0] == '\0')
		(void)snprintf(r, CATALOGUE_TEXT_MAX, "%s", address);
	else
		catalogue_text(c, lang, "place_node",
		    (const struct catalogue_arg[]){
			{ .name = "node", .text = at->node },
			{ .name = "address", .text = address } },
		    2, r, NULL);
}

/* As well with the label, where others than publishers may post without. */
static void
place_write(struct catalogue *c, const struct refusal_case *about,
    char r[CATALOGUE_TEXT_MAX])
{
	char spot[CATALOGUE_TEXT_MAX];

	if (about->where->labelled[0] == '\0') {
		spot_write(c, about->lang, &about->at, r);
		return;
	}
	spot_write(c, about->lang, &about->at, spot);
	catalogue_text(c, about->lang, "place_labelled",
	    (const struct catalogue_arg[]){ { .name = "place", .text = spot },
		{ .name = "label", .text = about->where->labelled } },
	    2, r, NULL);
}

void
refusals_command_uri(const struct config *config, const char *node,
    char r[REFUSALS_URI_MAX])
{
	(void)snprintf(r, REFUSALS_URI_MAX, "xmpp:%s?command;node=%s",
	    config->component.domain, node);
}

/* The command that is the next step of somebody who was refused. */
static const char *
next_command(enum refusal refusal)
{
	switch (refusal) {
	case REFUSAL_APPLICATION_OPEN:
		return "status";
	case REFUSAL_EXPIRED:
		return "renew";
	case REFUSAL_AGREEMENT_OUTDATED:
		return "agree";
	case REFUSAL_NONE:
	case REFUSAL_NOT_REGISTERED:
	case REFUSAL_WRONG_CATEGORY:
	case REFUSAL_SUSPENDED:
	case REFUSAL_REVOKED:
	case REFUSAL_REJECTED:
	case REFUSAL_WITHDRAWN:
	case REFUSAL_REPRINT:
	case REFUSAL_ENCRYPTION:
	case REFUSAL_NAME_CONFLICT:
	case REFUSAL_COUNT:
		break;
	}
	return "apply";
}

/* Where to apply and to appeal.  Only a decision can be appealed against;
 * with everything else one writes to the operator, who is public. */
static void
uris_write(const struct config *config, enum refusal refusal,
    struct refusal_words *r)
{
	refusals_command_uri(config, next_command(refusal), r->apply);
	if (has_case(refusal))
		refusals_command_uri(config, "appeal", r->appeal);
	else
		(void)snprintf(r->appeal, sizeof r->appeal, "%s",
		    config->operator.contact);
}

void
refusals_describe(struct catalogue *c, const struct config *config,
    const struct refusal_case *about, struct refusal_words *r)
{
	const struct verdict *v = about->verdict;
	const struct place *where = about->where;
	const struct publisher *who = about->who;
	const struct refusal_info *info = refusal_info(v->refusal);
	char place[CATALOGUE_TEXT_MAX];
	const char *lang_of_text;
	struct buf titles;

	buf_init(&titles, TITLES_MAX);
	if (v->rule == RULE_REPRINT)
		titles_write(&titles, &config->policy, where->reprint,
		    where->reprint_count);
	else
		titles_write(&titles, &config->policy, where->publish,
		    where->publish_count);
	place_write(c, about, place);
	r->case_id[0] = '\0';
	if (who != NULL && has_case(v->refusal))
		(void)snprintf(r->case_id, sizeof r->case_id, "%" PRId64,
		    who->case_id);
	uris_write(config, v->refusal, r);
	catalogue_text(c, about->lang, info->text_key,
	    (const struct catalogue_arg[]){ { .name = "place", .text = place },
		{ .name = "categories",
		    .text = titles.data == NULL ? "" : titles.data },
		{ .name = "date", .date_s = v->date_s },
		{ .name = "reason",
		    .text = who == NULL ? "" : who->state_reason },
		{ .name = "apply", .text = r->apply },
		{ .name = "appeal", .text = r->appeal },
		{ .name = "name", .text = who == NULL ? "" : who->name } },
	    7, r->text, &lang_of_text);
	r->wire = (struct guard_refusal){ .type = info->type,
		.condition = info->condition,
		.text = r->text,
		.lang = lang_of_text,
		.reason = info->reason,
		.apply = r->apply,
		.appeal = r->appeal,
		.case_id = r->case_id };
	buf_clear(&titles);
}

void
refusals_forget(struct refusals_kept *k)
{
	for (size_t i = 0; i < REFUSALS_KEPT; i++)
		k->slots[i].refusal = REFUSAL_NONE;
}

/* FNV-1a, over place and language. */
static size_t
slot_index(const char *at, const char *lang)
{
	uint32_t h = 2166136261u;

	for (const char *p = at; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	for (const char *p = lang; *p != '\0'; p++)
		h = (h ^ (unsigned char)*p) * 16777619u;
	return h % REFUSALS_KEPT;
}

const struct refusal_words *
refusals_find(struct refusals_kept *k, struct catalogue *c,
    const struct config *config, const struct refusal_case *about)
{
	const struct verdict *v = about->verdict;
	char at[REFUSALS_AT_MAX + 2];
	size_t i;

	if (about->who != NULL || v->date_s != 0 ||
	    strlen(about->at.local) + strlen(about->at.node) >
		REFUSALS_AT_MAX ||
	    strlen(about->lang) > REFUSALS_LANG_MAX) {
		refusals_describe(c, config, about, &k->once);
		return &k->once;
	}
	strcpy(at, about->at.local);
	strcat(at, "\n");
	strcat(at, about->at.node);
	i = slot_index(at, about->lang);
	if (k->slots[i].refusal == v->refusal && k->slots[i].rule == v->rule &&
	    k->slots[i].config == config && k->slots[i].where == about->where &&
	    strcmp(k->slots[i].at, at) == 0 &&
	    strcmp(k->slots[i].lang, about->lang) == 0)
		return &k->slots[i].words;
	k->slots[i].refusal = v->refusal;
	k->slots[i].rule = v->rule;
	k->slots[i].config = config;
	k->slots[i].where = about->where;
	strcpy(k->slots[i].at, at);
	strcpy(k->slots[i].lang, about->lang);
	refusals_describe(c, config, about, &k->slots[i].words);
	return &k->slots[i].words;
}

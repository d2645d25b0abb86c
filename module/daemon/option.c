/*
 * The options of the configuration: one table that says for each its type,
 * range, unit, default and sentence for the manual, and how it loads.
 *
 * An option is found by its path; "places[]" stands for any item of a list,
 * "categories.ID" for any name.  A mapping loads in two passes: every key
 * must be an option and be there once; then the options load in the table's
 * order, those left out from their default.  What is unknown is always a
 * mistake: a typo must not open a place.
 */
#include "daemon/option.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "daemon/load.h"
#include "daemon/value.h"

#define HINTS_MAX 64	/* words that "did you mean" chooses from */
#define DEFAULT_MAX 128 /* bytes of a default's text */

/* The table --------------------------------------------------------------- */

static void
load_mapping(struct option_loader *l, const struct option *o,
    const yaml_node_t *n, void *base)
{
	option_load_section(l, o->pub.path, n, doc_line(n), base);
}

static const struct option_word mode_words[] = {
	{ "enforce", PLACE_ENFORCE },
	{ "observe", PLACE_OBSERVE },
	{ NULL, 0 },
};
static const struct option_word log_words[] = {
	{ "error", LOG_ERROR },
	{ "warning", LOG_WARNING },
	{ "info", LOG_INFO },
	{ "debug", LOG_DEBUG },
	{ NULL, 0 },
};
static const struct option_word badge_words[] = {
	{ "reference", PLACE_BADGE_REFERENCE },
	{ "full", PLACE_BADGE_FULL },
	{ "none", PLACE_BADGE_NONE },
	{ NULL, 0 },
};
static const struct option_word pass_refuse_words[] = {
	{ "pass", 0 },
	{ "refuse", 1 },
	{ NULL, 0 },
};
static const struct option_word refuse_pass_words[] = {
	{ "refuse", 0 },
	{ "pass", 1 },
	{ NULL, 0 },
};
static const struct option_word others_may_words[] = {
	{ "react", 1 },
	{ NULL, 0 },
};
static const struct option_word exempt_words[] = {
	{ "owner", PLACE_EXEMPT_OWNER },
	{ "admin", PLACE_EXEMPT_ADMIN },
	{ "member", PLACE_EXEMPT_MEMBER },
	{ "publisher", PLACE_EXEMPT_PUBLISHER },
	{ NULL, 0 },
};
static const struct option_word method_words[] = {
	{ "dns", CONFIG_PROOF_DNS },
	{ "https", CONFIG_PROOF_HTTPS },
	{ NULL, 0 },
};
static const struct option_word approver_words[] = { { "approver", 0 },
	{ NULL, 0 } };
static const struct option_word reviewer_words[] = { { "reviewer", 0 },
	{ NULL, 0 } };

#define AT(what) offsetof(struct option_loader, what)
#define IN_CATEGORY(what) offsetof(struct category_load, what)
#define IN_PLACE(what) offsetof(struct place_load, what)

/* In the order of loading, which is also the manual's. */
static const struct option options[] = {
	{ { .path = "operator",
	      .type = "mapping",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "Who runs this Masthead; shown to everybody.",
	      .is_mandatory = true },
	    .load = load_mapping },
	{ { .path = "operator.name",
	      .type = "text",
	      .range = "1 to 255 bytes",
	      .unit = "",
	      .def = "",
	      .doc = "Name of the organisation or person.",
	      .is_mandatory = true },
	    .load = load_text, .offset = AT(config.operator.name), .max = 255 },
	{ { .path = "operator.country",
	      .type = "text",
	      .range = "two capital letters (ISO 3166-1)",
	      .unit = "",
	      .def = "",
	      .doc = "Country of its seat.",
	      .is_mandatory = true },
	    .load = load_country, .offset = AT(config.operator.country) },
	{ { .path = "operator.register",
	      .type = "text",
	      .range = "1 to 255 bytes",
	      .unit = "",
	      .def = "",
	      .doc = "Where it is registered, with its number; a person writes "
		     "none.",
	      .is_mandatory = true },
	    .load = load_text, .offset = AT(config.operator.reg), .max = 255 },
	{ { .path = "operator.contact",
	      .type = "URI",
	      .range = "mailto:, xmpp:, https:// or tel:",
	      .unit = "",
	      .def = "",
	      .doc = "Where people reach it.",
	      .is_mandatory = true },
	    .load = load_contact, .offset = AT(config.operator.contact) },
	{ { .path = "component",
	      .type = "mapping",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "The connection to the XMPP server (XEP-0114).",
	      .is_mandatory = true },
	    .load = load_mapping },
	{ { .path = "component.domain",
	      .type = "domain",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc =
		  "The domain of the component, as the server's configuration "
		  "has it.",
	      .is_mandatory = true,
	      .needs_restart = true },
	    .load = load_domain, .offset = AT(config.component.domain) },
	{ { .path = "component.insecure_component",
	      .type = "yes or no",
	      .range = "",
	      .unit = "",
	      .def = "no",
	      .doc = "Allows a server that is not on loopback, although the "
		     "connection is not encrypted." },
	    .load = load_bool, .offset = AT(config.component.is_insecure) },
	{ { .path = "component.server",
	      .type = "address",
	      .range = "HOST:PORT",
	      .unit = "",
	      .def = "127.0.0.1:5347",
	      .doc = "Address and port of the server for components.",
	      .needs_restart = true },
	    .load = load_server },
	{ { .path = "component.secret_file",
	      .type = "path",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "A file with the secret that the server's configuration "
		     "has, in one line, for its owner's eyes alone (mode 0600, "
		     "or 0640).",
	      .is_mandatory = true },
	    .load = load_secret, .offset = AT(config.component.secret_file) },
	{ { .path = "guards",
	      .type = "list of domains",
	      .range = "1 to 256",
	      .unit = "",
	      .def = "",
	      .doc =
		  "The hosts of the server that have the guard module; nobody "
		  "else gets a verdict.",
	      .is_mandatory = true },
	    .load = load_guards, .min = 1, .max = CONFIG_GUARDS_MAX },
	{ { .path = "store",
	      .type = "URL",
	      .range = "sqlite:PATH",
	      .unit = "",
	      .def = "sqlite:/var/lib/masthead/register.db",
	      .doc = "The register.",
	      .needs_restart = true },
	    .load = load_store, .offset = AT(config.store) },
	{ { .path = "keys",
	      .type = "path",
	      .range = "",
	      .unit = "",
	      .def = "/var/lib/masthead/keys",
	      .doc = "The folder of the signing keys.",
	      .needs_restart = true },
	    .load = load_path, .offset = AT(config.keys) },
	{ { .path = "control",
	      .type = "path",
	      .range = "at most 107 bytes",
	      .unit = "",
	      .def = "/run/masthead/control.sock",
	      .doc = "The socket for mastheadctl.",
	      .needs_restart = true },
	    .load = load_path, .offset = AT(config.control),
	    .max = CONFIG_CONTROL_MAX },
	{ { .path = "staff",
	      .type = "mapping",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "Accounts that review applications." },
	    .load = load_mapping },
	{ { .path = "staff.remote",
	      .type = "list of JIDs",
	      .range = "at most 512",
	      .unit = "",
	      .def = "",
	      .doc = "Accounts of other servers that may be listed as staff: "
		     "those servers are believed about who sends." },
	    .load = load_remote_staff, .max = CONFIG_REMOTE_STAFF_MAX },
	{ { .path = "staff.approver",
	      .type = "list of JIDs",
	      .range = "at most 512",
	      .unit = "",
	      .def = "",
	      .doc = "Accounts that may approve, and all that reviewers may." },
	    .load = load_staff, .max = STAFF_MAX / 2, .words = approver_words },
	{ { .path = "staff.reviewer",
	      .type = "list of JIDs",
	      .range = "at most 512",
	      .unit = "",
	      .def = "",
	      .doc = "Accounts that may review." },
	    .load = load_staff, .max = STAFF_MAX / 2, .words = reviewer_words },
	{ { .path = "categories",
	      .type = "mapping",
	      .range = "at most 64",
	      .unit = "",
	      .def = "",
	      .doc =
		  "What approvals are for, by names of a-z, 0-9 and hyphens." },
	    .load = load_categories },
	{ { .path = "categories.ID.title",
	      .type = "text",
	      .range = "1 to 255 bytes",
	      .unit = "",
	      .def = "",
	      .doc = "Its name for people. Left out: the category's name." },
	    .load = load_text, .offset = IN_CATEGORY(title),
	    .max = CATEGORY_TITLE_MAX },
	{ { .path = "categories.ID.hat",
	      .type = "text",
	      .range = "1 to 255 bytes",
	      .unit = "",
	      .def = "",
	      .doc = "The badge's text, where {name} is the publisher's name. "
		     "Left out: ✓ {name} (ID)." },
	    .load = load_hat, .offset = IN_CATEGORY(hat),
	    .max = CATEGORY_HAT_MAX },
	{ { .path = "categories.ID.hue",
	      .type = "number",
	      .range = "0 to 359",
	      .unit = "degrees",
	      .def = "",
	      .doc =
		  "The badge's colour, as an angle (XEP-0392). Left out: the "
		  "client chooses." },
	    .load = load_number, .offset = IN_CATEGORY(hue), .min = 0,
	    .max = 359 },
	{ { .path = "categories.ID.valid_for",
	      .type = "duration",
	      .range = "1d to 3650d",
	      .unit = "s",
	      .def = "365d",
	      .doc = "How long an approval holds." },
	    .load = load_seconds, .offset = IN_CATEGORY(category.valid_for_s),
	    .min = LOAD_DAY_S, .max = 3650LL * LOAD_DAY_S },
	{ { .path = "categories.ID.approvals",
	      .type = "number",
	      .range = "1 or 2",
	      .unit = "approvers",
	      .def = "1",
	      .doc = "How many different approvers have to agree. An applicant "
		     "without a proved domain needs two in any case." },
	    .load = load_number, .offset = IN_CATEGORY(more.approvals),
	    .min = 1, .max = 2 },
	{ { .path = "categories.ID.agreement",
	      .type = "path",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc =
		  "A folder with the publishing agreement, VERSION.LANG.txt." },
	    .load = load_agreement, .offset = IN_CATEGORY(more.agreement) },
	{ { .path = "categories.ID.agreement_grace",
	      .type = "duration",
	      .range = "0s to 365d",
	      .unit = "s",
	      .def = "30d",
	      .doc = "How long publishers have to accept a new version of the "
		     "agreement, from the day that it is first read." },
	    .load = load_seconds, .offset = IN_CATEGORY(more.agreement_grace_s),
	    .min = 0, .max = 365 * LOAD_DAY_S },
	{ { .path = "mode",
	      .type = "word",
	      .range = "enforce or observe",
	      .unit = "",
	      .def = "enforce",
	      .doc = "What happens in places that do not say it themselves: "
		     "enforce, or observe (decide, count, let pass)." },
	    .load = load_word, .offset = AT(mode), .words = mode_words },
	{ { .path = "lease",
	      .type = "duration",
	      .range = "0s to 1h",
	      .unit = "s",
	      .def = "300s",
	      .doc =
		  "How long a guard may apply a verdict to the next ordinary "
		  "posts; 0s asks about every post." },
	    .load = load_seconds, .offset = AT(lease_s), .min = 0,
	    .max = 3600 },
	{ { .path = "places",
	      .type = "list",
	      .range = "at most 4096",
	      .unit = "",
	      .def = "",
	      .doc = "Where rules hold; the most specific place wins." },
	    .load = load_places, .max = PLACES_MAX },
	{ { .path = "places[].room",
	      .type = "room",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc =
		  "NAME@HOST, or *@HOST for all rooms of a host that have no "
		  "place of their own. Every place has room or node." },
	    .load = load_room },
	{ { .path = "places[].node",
	      .type = "text",
	      .range = "1 to 1023 bytes",
	      .unit = "",
	      .def = "",
	      .doc = "The name of a node, or its beginning and a * at the "
		     "end; with service or owner." },
	    .load = load_node, .max = PLACE_NODE_MAX },
	{ { .path = "places[].service",
	      .type = "domain",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "The pubsub service that has the node." },
	    .load = load_service },
	{ { .path = "places[].owner",
	      .type = "account",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "NAME@HOST, the account that has the node (PEP), or "
		     "*@HOST for all accounts of a host." },
	    .load = load_owner },
	{ { .path = "places[].publish",
	      .type = "list of categories",
	      .range = "1 to 16",
	      .unit = "",
	      .def = "",
	      .doc = "Any one of these may publish.",
	      .is_mandatory = true },
	    .load = load_publish, .min = 1, .max = PLACE_CATEGORIES_MAX },
	{ { .path = "places[].reprint",
	      .type = "list of categories",
	      .range = "1 to 16, or anyone, or nobody",
	      .unit = "",
	      .def = "",
	      .doc =
		  "Who may pass on other people's posts: any one of these, or "
		  "anyone, or nobody. Left out: as publish." },
	    .load = load_reprint, .min = 1, .max = PLACE_CATEGORIES_MAX },
	{ { .path = "places[].labelled",
	      .type = "text",
	      .range = "1 to 63 bytes",
	      .unit = "",
	      .def = "",
	      .doc =
		  "Only posts that their author labelled with this term need "
		  "an approval; it stops nobody who leaves the label off." },
	    .load = load_labelled, .max = CATEGORY_ID_MAX },
	{ { .path = "places[].others_may",
	      .type = "list of words",
	      .range = "react",
	      .unit = "",
	      .def = "react",
	      .doc = "What needs no approval in a room; [] for nothing." },
	    .load = load_others_may, .max = 1, .words = others_may_words },
	{ { .path = "places[].exempt",
	      .type = "list of words",
	      .range = "owner, admin, member, publisher",
	      .unit = "",
	      .def = "",
	      .doc = "Affiliations that need no approval; they get no badge "
		     "either. Of rooms: owner, admin, member; of nodes of a "
		     "service: owner, publisher." },
	    .load = load_exempt, .max = 3, .words = exempt_words },
	{ { .path = "places[].encrypted",
	      .type = "word",
	      .range = "pass or refuse",
	      .unit = "",
	      .def = "pass",
	      .doc =
		  "What happens to encrypted posts, whose structure cannot be "
		  "seen." },
	    .load = load_word, .offset = IN_PLACE(encrypted),
	    .words = pass_refuse_words },
	{ { .path = "places[].mode",
	      .type = "word",
	      .range = "enforce or observe",
	      .unit = "",
	      .def = "",
	      .doc = "The mode of this place. Left out: as at the top." },
	    .load = load_word, .offset = IN_PLACE(mode), .words = mode_words },
	{ { .path = "places[].unavailable",
	      .type = "word",
	      .range = "refuse or pass",
	      .unit = "",
	      .def = "refuse",
	      .doc = "What happens to posts while Masthead cannot answer; pass "
		     "delivers them without a badge." },
	    .load = load_word, .offset = IN_PLACE(unavailable),
	    .words = refuse_pass_words },
	{ { .path = "places[].message_badge",
	      .type = "word",
	      .range = "reference, full or none",
	      .unit = "",
	      .def = "",
	      .doc = "What posts carry: the token's ID, the whole token, or "
		     "nothing. Left out: reference in rooms, full in nodes." },
	    .load = load_word, .offset = IN_PLACE(badge),
	    .words = badge_words },
	{ { .path = "places[].lease",
	      .type = "duration",
	      .range = "0s to 1h",
	      .unit = "s",
	      .def = "",
	      .doc = "The lease of this place. Left out: as at the top." },
	    .load = load_place_lease, .offset = IN_PLACE(lease_s), .min = 0,
	    .max = 3600 },
	{ { .path = "evidence",
	      .type = "mapping",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "What accounts tell review staff alone." },
	    .load = load_mapping },
	{ { .path = "evidence.keys",
	      .type = "path",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "The folder of the keys that seal it. Left out: evidence, "
		     "beside the folder of the signing keys.",
	      .needs_restart = true },
	    .load = load_path, .offset = AT(config.evidence_keys) },
	{ { .path = "evidence.keep_for",
	      .type = "duration",
	      .range = "1d to 3650d",
	      .unit = "s",
	      .def = "90d",
	      .doc = "How long it is kept after a case is over; then it is "
		     "erased." },
	    .load = load_seconds, .offset = AT(config.evidence_keep_s),
	    .min = LOAD_DAY_S, .max = 3650LL * LOAD_DAY_S },
	{ { .path = "remind",
	      .type = "list of durations",
	      .range = "1d to 365d",
	      .unit = "s",
	      .def = "",
	      .doc = "How long before the end of an approval its publisher is "
		     "reminded. Left out: 30d and 7d." },
	    .load = load_remind, .min = 1, .max = CONFIG_REMIND_MAX },
	{ { .path = "reports",
	      .type = "yes or no",
	      .range = "",
	      .unit = "",
	      .def = "yes",
	      .doc = "Whether readers may report a publisher's posts "
		     "(XEP-0377)." },
	    .load = load_bool, .offset = AT(config.has_reports) },
	{ { .path = "proof",
	      .type = "mapping",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "How applicants prove that a domain is theirs." },
	    .load = load_mapping },
	{ { .path = "proof.methods",
	      .type = "list of words",
	      .range = "dns, https",
	      .unit = "",
	      .def = "",
	      .doc =
		  "By a record in DNS, or by a file on the domain's web server. Left out: both." },
	    .load = load_methods, .min = 1, .max = 2, .words = method_words },
	{ { .path = "proof.recheck",
	      .type = "duration",
	      .range = "1h to 365d",
	      .unit = "s",
	      .def = "7d",
	      .doc =
		  "How often the domains of publishers are checked again, give or take a tenth." },
	    .load = load_seconds, .offset = AT(config.proof.recheck_s),
	    .min = 3600, .max = 365LL * LOAD_DAY_S },
	{ { .path = "proof.grace",
	      .type = "duration",
	      .range = "1h to 365d",
	      .unit = "s",
	      .def = "14d",
	      .doc =
		  "How long after a lost proof its publisher is suspended." },
	    .load = load_seconds, .offset = AT(config.proof.grace_s),
	    .min = 3600, .max = 365LL * LOAD_DAY_S },
	{ { .path = "proof.timeout",
	      .type = "duration",
	      .range = "1s to 60s",
	      .unit = "s",
	      .def = "10s",
	      .doc = "How long a check may take." },
	    .load = load_seconds, .offset = AT(config.proof.timeout_s),
	    .min = 1, .max = 60 },
	{ { .path = "proof.resolver",
	      .type = "address",
	      .range = "ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT",
	      .unit = "",
	      .def = "",
	      .doc =
		  "The resolver that is asked. Left out: those of /etc/resolv.conf.",
	      .needs_restart = true },
	    .load = load_resolver, .offset = AT(config.proof.resolver) },
	{ { .path = "proof.trust_anchor",
	      .type = "path",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc =
		  "A file of DS or DNSKEY records, from where on DNSSEC is validated; the resolver must pass signatures on. Left out: it is not validated.",
	      .needs_restart = true },
	    .load = load_file, .offset = AT(config.proof.trust_anchor) },
	{ { .path = "proof.ca_file",
	      .type = "path",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc =
		  "Certificate authorities that web servers may have their certificates from. Left out: the system's." },
	    .load = load_file, .offset = AT(config.proof.ca_file) },
	{ { .path = "proof.https_port",
	      .type = "number",
	      .range = "1 to 65535",
	      .unit = "",
	      .def = "443",
	      .doc = "The port of web servers; anything else is for tests." },
	    .load = load_number, .offset = AT(config.proof.https_port),
	    .min = 1, .max = 65535 },
	{ { .path = "proof.private_addresses",
	      .type = "yes or no",
	      .range = "",
	      .unit = "",
	      .def = "no",
	      .doc =
		  "Whether web servers may be on addresses of inner networks. An applicant can then make Masthead connect there." },
	    .load = load_bool, .offset = AT(config.proof.may_be_private) },
	{ { .path = "limits",
	      .type = "mapping",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "How much is taken from people before they are asked to "
		     "wait." },
	    .load = load_mapping },
	{ { .path = "limits.applications_per_account",
	      .type = "number",
	      .range = "1 to 1000",
	      .unit = "a day",
	      .def = "5",
	      .doc = "Applications that one account may hand in." },
	    .load = load_number,
	    .offset = AT(config.limits.applications_per_account), .min = 1,
	    .max = 1000 },
	{ { .path = "limits.applications_per_domain",
	      .type = "number",
	      .range = "1 to 100000",
	      .unit = "a day",
	      .def = "50",
	      .doc = "Applications from all accounts of one domain." },
	    .load = load_number,
	    .offset = AT(config.limits.applications_per_domain), .min = 1,
	    .max = 100000 },
	{ { .path = "limits.applications",
	      .type = "number",
	      .range = "1 to 1000000",
	      .unit = "open at a time",
	      .def = "1000",
	      .doc = "Applications in all that wait to be decided." },
	    .load = load_number, .offset = AT(config.limits.applications),
	    .min = 1, .max = 1000000 },
	{ { .path = "limits.proofs_per_account",
	      .type = "number",
	      .range = "1 to 10000",
	      .unit = "a day",
	      .def = "20",
	      .doc = "Proofs of a domain that one account may ask for." },
	    .load = load_number, .offset = AT(config.limits.proofs_per_account),
	    .min = 1, .max = 10000 },
	{ { .path = "limits.proofs_per_domain",
	      .type = "number",
	      .range = "1 to 100000",
	      .unit = "a day",
	      .def = "200",
	      .doc = "Proofs that all accounts of one domain may ask for." },
	    .load = load_number, .offset = AT(config.limits.proofs_per_domain),
	    .min = 1, .max = 100000 },
	{ { .path = "limits.reports_per_account",
	      .type = "number",
	      .range = "1 to 10000",
	      .unit = "a day",
	      .def = "20",
	      .doc = "Reports from one account." },
	    .load = load_number,
	    .offset = AT(config.limits.reports_per_account), .min = 1,
	    .max = 10000 },
	{ { .path = "hats",
	      .type = "mapping",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "How badges show in rooms." },
	    .load = load_mapping },
	{ { .path = "hats.legacy",
	      .type = "yes or no",
	      .range = "",
	      .unit = "",
	      .def = "no",
	      .doc = "Sends hats in the namespace of before XEP-0317 0.2 as "
		     "well; some clients show both." },
	    .load = load_bool, .offset = AT(config.has_legacy_hats) },
	{ { .path = "badge",
	      .type = "mapping",
	      .range = "",
	      .unit = "",
	      .def = "",
	      .doc = "The signed tokens." },
	    .load = load_mapping },
	{ { .path = "badge.life",
	      .type = "duration",
	      .range = "2s to 24h",
	      .unit = "s",
	      .def = "24h",
	      .doc = "How long a token is valid." },
	    .load = load_seconds, .offset = AT(config.badge_life_s), .min = 2,
	    .max = LOAD_DAY_S },
	{ { .path = "badge.keep_tokens",
	      .type = "duration",
	      .range = "1d to 36500d",
	      .unit = "s",
	      .def = "365d",
	      .doc = "How long issued tokens are kept after their end: as long "
		     "as rooms keep archives." },
	    .load = load_seconds, .offset = AT(config.keep_tokens_s),
	    .min = LOAD_DAY_S, .max = 36500LL * LOAD_DAY_S },
	{ { .path = "log_level",
	      .type = "word",
	      .range = "error, warning, info or debug",
	      .unit = "",
	      .def = "info",
	      .doc = "How much is logged." },
	    .load = load_word, .offset = AT(config.log_level),
	    .words = log_words },
};
#define OPTION_COUNT (sizeof options / sizeof options[0])

/* Mappings ---------------------------------------------------------------- */

/* The last part of an option's path; where the section ends. */
static const char *
option_name(const struct option *o)
{
	const char *dot = strrchr(o->pub.path, '.');

	return dot != NULL ? dot + 1 : o->pub.path;
}

static bool
is_in_section(const struct option *o, const char *section)
{
	const char *name = option_name(o);
	size_t len = strlen(section);

	if (name == o->pub.path)
		return len == 0;
	return (size_t)(name - o->pub.path) == len + 1 &&
	    strncmp(o->pub.path, section, len) == 0;
}

static const struct option *
option_find(const char *section, const char *key)
{
	for (size_t i = 0; i < OPTION_COUNT; i++)
		if (is_in_section(&options[i], section) &&
		    strcmp(option_name(&options[i]), key) == 0)
			return &options[i];
	return NULL;
}

/* The option that an unknown key probably means; NULL if none is near. */
static const struct option *
option_nearest(const char *section, const char *key)
{
	const char *words[HINTS_MAX], *near;
	size_t count = 0;

	for (size_t i = 0; i < OPTION_COUNT && count < HINTS_MAX; i++)
		if (is_in_section(&options[i], section))
			words[count++] = option_name(&options[i]);
	near = value_nearest(key, words, count);
	return near != NULL ? option_find(section, near) : NULL;
}

static void
bad_key(struct option_loader *l, const char *section, const yaml_node_t *key)
{
	const char *text = doc_text(key), *colon = *section != '\0' ? ": " : "";
	const struct option *near;
	char got[96];

	if (text == NULL) {
		doc_problem(l->doc, doc_line(key),
		    "%s%swant the name of an option, got %s", section, colon,
		    doc_describe(key, got));
		return;
	}
	near = option_nearest(section, text);
	if (near != NULL)
		doc_problem(l->doc, doc_line(key),
		    "%s%sunknown option \"%.80s\"; did you mean \"%s\"?",
		    section, colon, text, option_name(near));
	else
		doc_problem(l->doc, doc_line(key),
		    "%s%sunknown option \"%.80s\"", section, colon, text);
}

/* The first pair with this key, as its index + 1; 0 if there is none. */
static size_t
pair_find(struct option_loader *l, const yaml_node_t *n, const char *key)
{
	for (size_t i = 0; i < doc_pair_count(n); i++) {
		const char *text = doc_text(doc_key(l->doc, n, i));

		if (text != NULL && strcmp(text, key) == 0)
			return i + 1;
	}
	return 0;
}

/* First pass: every key is an option, and there once. */
static void
check_keys(struct option_loader *l, const char *section, const yaml_node_t *n)
{
	for (size_t i = 0; i < doc_pair_count(n); i++) {
		const yaml_node_t *key = doc_key(l->doc, n, i);
		const char *text = doc_text(key);
		size_t first;

		if (text == NULL || option_find(section, text) == NULL) {
			bad_key(l, section, key);
			continue;
		}
		first = pair_find(l, n, text) - 1;
		if (first < i)
			doc_problem(l->doc, doc_line(key),
			    "%s%s%s is set already, on line %zu", section,
			    *section != '\0' ? "." : "", text,
			    doc_line(doc_key(l->doc, n, first)));
	}
}

static void
load_default(struct option_loader *l, const struct option *o, void *base)
{
	char text[DEFAULT_MAX];
	yaml_node_t n = { .type = YAML_SCALAR_NODE };

	(void)snprintf(text, sizeof text, "%s", o->pub.def);
	n.data.scalar.value = (yaml_char_t *)text;
	n.data.scalar.length = strlen(text);
	n.data.scalar.style = YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	o->load(l, o, &n, base);
}

bool
option_is_misspelt(struct option_loader *l, const char *section,
    const yaml_node_t *n, const char *name)
{
	const struct option *o = option_find(section, name);

	for (size_t i = 0; i < doc_pair_count(n); i++) {
		const char *text = doc_text(doc_key(l->doc, n, i));

		if (text != NULL && option_find(section, text) == NULL &&
		    option_nearest(section, text) == o)
			return true;
	}
	return false;
}

static void
load_absent(struct option_loader *l, const char *section, const yaml_node_t *n,
    size_t line, const struct option *o, void *base)
{
	if (o->pub.is_mandatory) {
		if (n == NULL ||
		    !option_is_misspelt(l, section, n, option_name(o)))
			doc_problem(l->doc, line, "%s is missing", o->pub.path);
	} else if (o->load == load_mapping) {
		option_load_section(l, o->pub.path, NULL, line, base);
	} else if (o->pub.def[0] != '\0') {
		load_default(l, o, base);
	}
}

/* `n` NULL: nothing is set, everything has its default. */
void
option_load_section(struct option_loader *l, const char *section,
    const yaml_node_t *n, size_t line, void *base)
{
	char got[96];

	if (n != NULL && n->type != YAML_MAPPING_NODE) {
		doc_problem(l->doc, line,
		    "%s%swant options (name: value), "
		    "got %s",
		    section, *section != '\0' ? ": " : "",
		    doc_describe(n, got));
		return;
	}
	if (n != NULL && doc_pair_count(n) > CONFIG_KEYS_MAX) {
		doc_problem(l->doc, line, "%s%smore than %d options", section,
		    *section != '\0' ? ": " : "", CONFIG_KEYS_MAX);
		return;
	}
	if (n != NULL)
		check_keys(l, section, n);
	for (size_t i = 0; i < OPTION_COUNT; i++) {
		const struct option *o = &options[i];
		size_t found;

		if (!is_in_section(o, section))
			continue;
		found = n != NULL ? pair_find(l, n, option_name(o)) : 0;
		if (found == 0)
			load_absent(l, section, n, line, o, base);
		else
			o->load(l, o, doc_value(l->doc, n, found - 1), base);
	}
}

void
option_load_all(struct option_loader *l, const yaml_node_t *root)
{
	option_load_section(l, "", root, doc_line(root), l);
}

const struct config_option *
option_row(size_t i)
{
	return i < OPTION_COUNT ? &options[i].pub : NULL;
}

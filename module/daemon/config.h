/*
 * The configuration: one YAML file, checked as a whole.
 *
 * A file either loads completely or changes nothing: every mistake in it
 * becomes one line, `file:line: what`, and there is no configuration then.
 * JIDs and domains come out prepared (text/jid.h), durations in seconds, and
 * relative paths as seen from the folder of the file.
 */
#ifndef DAEMON_CONFIG_H
#define DAEMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/err.h"
#include "core/policy.h"
#include "daemon/log.h"
#include "store/store.h"

#define CONFIG_BYTES_MAX 1048576 /* of the file */
#define CONFIG_DEPTH_MAX 16	 /* levels of YAML */
#define CONFIG_KEYS_MAX 128	 /* of one mapping */
#define CONFIG_PROBLEMS_MAX 100	 /* lines; one more says that it stopped */
#define CONFIG_GUARDS_MAX 256
#define CONFIG_TEXT_MAX 1023   /* bytes of an ordinary text */
#define CONFIG_SECRET_MAX 1024 /* bytes of the secret */
#define CONFIG_REMOTE_STAFF_MAX 512
#define CONFIG_REMIND_MAX 4    /* reminders */
#define CONFIG_CONTROL_MAX 107 /* bytes of a path that a socket can have */

struct config_component {
	char *domain; /* prepared */
	char *host;   /* numeric address or name, without brackets */
	uint16_t port;
	char *secret_file; /* absolute */
	char *secret;	   /* wiped by config_free; NULL from a mere text */
	bool is_insecure;  /* `insecure_component: yes` */
};

/* Public; mandatory. */
struct config_operator {
	char *name, *country, *reg, *contact;
};

/* What is configured for a category beyond the policy; the row with the
 * same index as in policy.categories. */
struct config_category {
	int64_t approvals; /* how many approvers have to agree: 1 or 2 */
	char *agreement;   /* absolute path of a folder; NULL if it has none */
	int64_t agreement_grace_s; /* to accept a new version of it */
};

/* How much is taken; a day is any 24 hours. */
struct config_limits {
	int64_t applications_per_account; /* a day */
	int64_t applications_per_domain;  /* a day */
	int64_t applications;		  /* open, in all */
	int64_t proofs_per_account;	  /* a day */
	int64_t proofs_per_domain;	  /* a day; that accounts are at */
	int64_t reports_per_account;	  /* a day */
};

/* How domains are proved. */
enum { CONFIG_PROOF_DNS = 1, CONFIG_PROOF_HTTPS = 2, CONFIG_PROOF_ALL = 3 };
struct config_proof {
	unsigned methods; /* CONFIG_PROOF_... */
	int64_t recheck_s, grace_s;
	int64_t timeout_s;
	char *resolver;	    /* as net/resolver.h has it; NULL: the system's */
	char *trust_anchor; /* absolute path; NULL: DNSSEC is not validated */
	char *ca_file;	    /* absolute path; NULL: the system's */
	int64_t https_port;
	bool may_be_private; /* web servers on addresses of inner networks */
};

/* Strings are owned, and never NULL unless it says so. */
struct config {
	char *file; /* where it came from, for messages */
	struct config_component component;
	char **guards; /* prepared domains; no two alike */
	size_t guard_count;
	char *store;   /* for store_open: "sqlite:/absolute/path" */
	char *keys;    /* absolute path of a folder */
	char *control; /* absolute path of a socket */
	struct config_operator operator;
	/* For store_sync_config; bare prepared JIDs, owned; role static. */
	struct staff_entry *staff;
	size_t staff_count;
	/* Accounts of foreign servers that may be staff; bare, prepared. */
	char **remote_staff;
	size_t remote_staff_count;
	char *evidence_keys;	 /* absolute path of a folder */
	int64_t evidence_keep_s; /* after a case is over */
	/* When publishers are reminded, before an approval ends; none: as
	 * daemon/calendar.h has it. */
	int64_t remind_s[CONFIG_REMIND_MAX];
	size_t remind_count;
	struct config_limits limits;
	bool has_reports; /* readers may report posts */
	struct config_proof proof;
	/* Places have no ids yet: policy_number_places. */
	struct policy policy;
	struct config_category *categories;
	bool has_legacy_hats;  /* hats in the namespace before XEP-0317 0.2 */
	int64_t badge_life_s;  /* 2 to 86,400 */
	int64_t keep_tokens_s; /* how long after their end tokens are kept */
	enum log_level log_level;
};

/*
 * Reads and checks `path`, the secret and the agreement folders.  Returns 0
 * with `*r`, or -1: then `problems` (the caller's, initialised; its lines are
 * appended, each with a newline) has a line for each mistake, in the order of
 * the file, and `e` a summary.  A file that cannot be read is one line, too.
 */
int config_load(struct config **r, const char *path, struct buf *problems,
    struct err *e);

/*
 * The same from memory, without looking at any other file: there is no
 * secret then.  `name` stands for the file, in lines and for relative paths.
 */
int config_load_text(struct config **r, const char *name, const char *bytes,
    size_t len, struct buf *problems, struct err *e);

/* Wipes the secret.  NULL is legal. */
void config_free(struct config *c);

/*
 * The path of the first option ("component.domain") whose change needs a
 * restart and that differs; static.  NULL if a reload is enough.
 */
const char *config_needs_restart(const struct config *running,
    const struct config *fresh);

/* Whether this prepared domain is listed under `guards:`. */
bool config_is_guard(const struct config *c, const char *domain);

/* One option as the manual documents it; all strings static. */
struct config_option {
	const char *path;  /* "places[].lease", "categories.ID.title" */
	const char *type;  /* "duration", "list of words" */
	const char *range; /* "0s to 1h"; "" for none */
	const char *unit;  /* "s"; "" for none */
	const char *def;   /* as one would write it; "" for none */
	const char *doc;   /* one sentence */
	bool is_mandatory;
	bool needs_restart;
};
/* In the order of the manual, `i` from 0; NULL beyond the last. */
const struct config_option *config_option(size_t i);

#endif

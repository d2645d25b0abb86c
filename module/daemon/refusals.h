/*
 * Words for a refusal: the text for a person, in a language, and the parts
 * of the stanza error.
 */
#ifndef DAEMON_REFUSALS_H
#define DAEMON_REFUSALS_H

#include "core/policy.h"
#include "daemon/config.h"
#include "text/catalogue.h"
#include "xmpp/guard.h"

#define REFUSALS_URI_MAX 1100 /* bytes: a domain, and the rest of the URI */

struct refusal_words {
	struct guard_refusal wire; /* points into this struct and the config */
	char apply[REFUSALS_URI_MAX], appeal[REFUSALS_URI_MAX];
	char text[CATALOGUE_TEXT_MAX];
	char case_id[24];
};

/* What the words are about; all borrowed. */
struct refusal_case {
	const struct place *where;
	struct place_spot at;	       /* the room or node itself */
	const struct publisher *who;   /* NULL: not on the register */
	const struct verdict *verdict; /* its `refusal` is not NONE */
	const char *lang;	       /* xml:lang of the post, "" for none */
};

/*
 * The URI of a command of the component (XEP-0050 #uri, RFC 5122), which
 * clients follow: "xmpp:masthead.example.org?command;node=apply".
 */
void refusals_command_uri(const struct config *config, const char *node,
    char r[REFUSALS_URI_MAX]);

void refusals_describe(struct catalogue *c, const struct config *config,
    const struct refusal_case *about, struct refusal_words *r);

/*
 * Words said lately to accounts that are not on the register.  Those depend
 * on place and language alone, and who floods a room gets the same ones again
 * and again.  There is nothing about any account in it.  The zero value is
 * empty; it must not be moved.
 */
#define REFUSALS_KEPT 64
#define REFUSALS_AT_MAX 255  /* bytes of name and node; longer: not kept */
#define REFUSALS_LANG_MAX 35 /* RFC 5646 #section-4.4.1 */

struct refusals_kept {
	struct {
		const struct config *config; /* compared only */
		const struct place *where;   /* compared only */
		enum refusal refusal;	     /* NONE: an empty slot */
		enum verdict_rule rule;
		char at[REFUSALS_AT_MAX + 2]; /* name, LF, node */
		char lang[REFUSALS_LANG_MAX + 1];
		struct refusal_words words;
	} slots[REFUSALS_KEPT];
	struct refusal_words once; /* for what is not kept */
};

/* To be called with every new configuration: a new one may lie where an old
 * one did. */
void refusals_forget(struct refusals_kept *k);

/* As refusals_describe; borrowed until the next call. */
const struct refusal_words *refusals_find(struct refusals_kept *k,
    struct catalogue *c, const struct config *config,
    const struct refusal_case *about);

#endif

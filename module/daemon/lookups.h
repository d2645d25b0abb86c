/*
 * Look-ups, open to anybody: a badge by its ID, and an account's public record
 * with a badge for the one who asks (docs/PROTOCOL.md, "Badges").
 *
 * Nothing about a look-up is logged or stored.  The token for an account's
 * record is signed for the asker's domain and forgotten: stored, it would be
 * a record of who reads whom.  Both kinds are limited (daemon/limits.h).
 */
#ifndef DAEMON_LOOKUPS_H
#define DAEMON_LOOKUPS_H

#include "core/err.h"
#include "daemon/config.h"
#include "daemon/keyring.h"
#include "store/store.h"
#include "xmpp/stanza.h"

/* How often one account, all of one domain, and all may ask.  A client that
 * opens an archive asks for many IDs at once.  As struct limits_rate. */
#define LOOKUPS_JID_ACCOUNT                                                    \
	{                                                                      \
		100, 1                                                         \
	}
#define LOOKUPS_JID_DOMAIN                                                     \
	{                                                                      \
		1000, 20                                                       \
	}
#define LOOKUPS_JID_ALL                                                        \
	{                                                                      \
		5000, 200                                                      \
	}
#define LOOKUPS_ID_ACCOUNT                                                     \
	{                                                                      \
		1000, 20                                                       \
	}
#define LOOKUPS_ID_DOMAIN                                                      \
	{                                                                      \
		10000, 500                                                     \
	}
#define LOOKUPS_ID_ALL                                                         \
	{                                                                      \
		20000, 2000                                                    \
	}

struct lookups;

struct lookups_setup {
	struct store *reader; /* borrowed, all of these */
	const struct keyring *keyring;
	const char *domain; /* the component's: iss, by */
};

int lookups_new(struct lookups **r, const struct lookups_setup *s,
    struct err *e);
void lookups_free(struct lookups *l);

/*
 * Answers an IQ that looks something up, by the configuration as it is.  1
 * with the answer (the caller's), also if that is an error; 0 if the IQ asks
 * for something else; -1 for no memory.
 */
int lookups_answer(struct lookups *l, const struct config *config,
    xmpp_stanza_t *iq, xmpp_stanza_t **r, struct err *e);

#endif

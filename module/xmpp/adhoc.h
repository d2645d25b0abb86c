/*
 * Ad-hoc commands (XEP-0050) on the wire: reads what somebody asks, writes
 * what is answered.  Pure functions on stanzas; daemon/counter.h has the
 * sessions and the commands.
 */
#ifndef XMPP_ADHOC_H
#define XMPP_ADHOC_H

#include <stddef.h>
#include <strophe.h>

#include "core/err.h"
#include "xmpp/form.h"

#define ADHOC_NODE_MAX 63    /* bytes of a command's name */
#define ADHOC_SESSION_LEN 22 /* base64url of 16 bytes */
#define ADHOC_NOTES_MAX 8

/* XEP-0050 #schema; a bit each, as in <actions/>. */
enum adhoc_action {
	ADHOC_EXECUTE = 1,
	ADHOC_NEXT = 2,
	ADHOC_PREV = 4,
	ADHOC_COMPLETE = 8,
	ADHOC_CANCEL = 16,
};

/* What an IQ asks; borrowed from it. */
struct adhoc_request {
	const char *node;
	const char *session; /* "" at the beginning */
	enum adhoc_action action;
	xmpp_stanza_t *form; /* <x xmlns='jabber:x:data'/>; NULL for none */
	const char *lang;    /* of the command, of the stanza, or "" */
};

/* XEP-0050 #errors, and a few of RFC 6120 for the rest. */
enum adhoc_fault {
	ADHOC_FINE = 0,
	ADHOC_MALFORMED_ACTION, /* the responder does not understand it */
	ADHOC_BAD_ACTION,	/* not among those offered */
	ADHOC_BAD_PAYLOAD,
	ADHOC_BAD_SESSION,
	ADHOC_SESSION_EXPIRED,
	ADHOC_NO_NODE, /* there is no such command */
	ADHOC_FORBIDDEN,
	ADHOC_TWICE, /* the session's last question is not answered yet */
	ADHOC_TOO_BIG,
	ADHOC_BUSY, /* try again later */
};

/*
 * Whether an IQ (type set) is a command.  1 with `r`, 0 if it is something
 * else, -1 if it is a command that cannot be read, with `*fault`.
 */
int adhoc_read(xmpp_stanza_t *iq, struct adhoc_request *r,
    enum adhoc_fault *fault);

enum adhoc_status { ADHOC_EXECUTING, ADHOC_COMPLETED, ADHOC_CANCELED };
enum adhoc_note_type { ADHOC_INFO, ADHOC_WARN, ADHOC_ERROR };
struct adhoc_note {
	enum adhoc_note_type type;
	const char *text;
};

/* All borrowed. */
struct adhoc_answer {
	const char *node, *session;
	enum adhoc_status status;
	unsigned actions; /* of PREV, NEXT, COMPLETE; while executing */
	enum adhoc_action execute; /* the one that "execute" means */
	const char *lang;	   /* of the texts */
	const struct adhoc_note *notes;
	size_t note_count;
	const struct form *form; /* NULL for none */
};

/* Adds <command/> to the reply.  0 or -1. */
int adhoc_write(xmpp_stanza_t *reply, const struct adhoc_answer *a,
    struct err *e);
/* Makes the reply (stanza_reply) the error for a fault.  0 or -1. */
int adhoc_write_error(xmpp_stanza_t *reply, enum adhoc_fault fault);

/* One command in disco#items of the node NS_COMMANDS. */
int adhoc_write_item(xmpp_stanza_t *query, const char *jid, const char *node,
    const char *name);
/* disco#info of a command, or of the list: XEP-0050 #disco. */
int adhoc_write_info(xmpp_stanza_t *query, const char *type, const char *name);

#endif

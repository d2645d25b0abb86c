/*
 * JIDs, prepared: nodeprep, nameprep, resourceprep (RFC 6122; the profiles
 * that Prosody and ejabberd apply) with ICU's usprep.
 *
 * Code points that Unicode 3.2 had not assigned pass unchanged, as they do
 * in the addresses that Prosody routes: we prepare addresses for comparison
 * ("queries", RFC 3454 #section-7), and must not fail on one that exists.
 */
#ifndef TEXT_JID_H
#define TEXT_JID_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"

#define JID_PART_MAX 1023	       /* bytes, RFC 7622 */
#define JID_MAX (3 * JID_PART_MAX + 2) /* bytes, without the NUL */

struct jid {
	char local[JID_PART_MAX + 1];	 /* "" for none */
	char domain[JID_PART_MAX + 1];	 /* never "" */
	char resource[JID_PART_MAX + 1]; /* "" for none */
};

/*
 * Parses and prepares.  Returns 0, or -1 with what is wrong with it.  The
 * domain is a name, an IPv4 address or an IPv6 address in brackets; a dot at
 * its end is dropped (RFC 7622 #section-3.2).  No part is longer than
 * JID_PART_MAX, before and after preparation.
 */
int jid_parse(struct jid *r, const char *text, struct err *e);

/* Writes local@domain, or all of it; `r` has JID_MAX + 1 bytes. */
void jid_bare(const struct jid *j, char *r);
void jid_full(const struct jid *j, char *r);

/*
 * The check path: the bare part of `text`, prepared, into `r` (`cap` bytes
 * with the NUL).  Plain lower-case ASCII, which is what servers send nearly
 * always, costs a scan; the rest is prepared.  A resource may follow; it is
 * not looked at.  `*len_r` (may be NULL) is the length written.  0 or -1.
 */
int jid_bare_prepare(const char *text, char *r, size_t cap, size_t *len_r,
    struct err *e);

/* Prepares one part into `r` (`cap` bytes with the NUL); 0 or -1.  An empty
 * part, also one of which preparation leaves nothing, is refused. */
int jid_prepare_node(const char *text, char *r, size_t cap, struct err *e);
int jid_prepare_domain(const char *text, char *r, size_t cap, struct err *e);
int jid_prepare_resource(const char *text, char *r, size_t cap, struct err *e);

#endif

/*
 * The second door: in-band registration (XEP-0077).  What is registered is an
 * application, not an account: the form is that of the command `apply`, what
 * is submitted becomes a draft, and the command goes on from there.
 */
#ifndef DAEMON_DOOR_H
#define DAEMON_DOOR_H

#include "core/err.h"
#include "xmpp/stanza.h"

struct daemon;

/*
 * An IQ (borrowed).  1 if it was jabber:iq:register: it has been or will be
 * answered; 0 if not; -1 if there was no memory to answer it.
 */
int door_take(struct daemon *d, xmpp_stanza_t *iq, struct err *e);

#endif

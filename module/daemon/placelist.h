/*
 * The list of places that a guard gets when it attaches (docs/PROTOCOL.md,
 * "attach").
 */
#ifndef DAEMON_PLACELIST_H
#define DAEMON_PLACELIST_H

#include "core/buf.h"
#include "daemon/config.h"

/* The <place/>s of this host. */
void placelist_write(struct buf *out, const struct config *c, const char *host);

/*
 * The first guard whose list would be longer than servers take, or NULL: with
 * such a list the stream would end whenever that guard attached.  Borrowed
 * from the configuration.
 */
const char *placelist_too_long(const struct config *c);

#endif

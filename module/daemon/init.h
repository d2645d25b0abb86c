/*
 * `masthead init DIR`: a configuration to start from.
 */
#ifndef DAEMON_INIT_H
#define DAEMON_INIT_H

#include "core/buf.h"
#include "core/err.h"

/*
 * Writes into `dir` (made if it is not there, 0750) masthead.yaml in observe
 * mode, a fresh component secret (0600), a first signing key and the sample
 * agreements; never over a file that is there: then it returns -1 and has
 * written nothing.  Below /etc, register, keys and socket stay where the
 * system has them (/var/lib/masthead, /run/masthead); anywhere else they are
 * in `dir`.  `next` gets what to do next, for a person; it shows the secret.
 */
int init_write(const char *dir, struct buf *next, struct err *e);

#endif

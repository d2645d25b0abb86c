/*
 * Values of the configuration, from their text.  Each parser returns 0, or
 * -1 with what is wrong with the text.
 */
#ifndef DAEMON_VALUE_H
#define DAEMON_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"

/* "300s", "5m", "24h", "365d": whole numbers, one unit. */
int value_seconds(const char *text, int64_t *r, struct err *e);
int value_number(const char *text, int64_t *r, struct err *e);
/* yes, true, on; no, false, off. */
int value_bool(const char *text, bool *r, struct err *e);

/* "127.0.0.1:5347", "[::1]:5347", "xmpp.example.org"; the port is 5347 if
 * there is none.  `*host_r` is the caller's. */
int value_server(const char *text, char **host_r, uint16_t *port_r,
    struct err *e);
/* Whether bytes to this host stay on the machine: 127.0.0.0/8, ::1 and the
 * name localhost. */
bool value_is_loopback(const char *host);

/* Reads a secret of one line; refuses a file that others may read. */
int value_secret(const char *path, char **r, struct err *e);
/* Whether a file can be read. */
int value_file(const char *path, struct err *e);
/* Whether a folder has an agreement, VERSION.LANG.txt. */
int value_agreement(const char *path, struct err *e);

/* The absolute path of the folder that `file` is in; `path` as seen from the
 * folder `base`.  The caller's; NULL without memory. */
char *value_folder(const char *file);
char *value_path(const char *base, const char *path);

/* Of `words`, the one that was probably meant; NULL if none is near. */
const char *value_nearest(const char *text, const char *const *words,
    size_t count);

#endif

/* One request to the daemon over its control socket. */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <jansson.h>

#include "core/ctl.h"
#include "core/err.h"

#define CLIENT_TIMEOUT_S 30 /* for the whole of an answer's silence */

/*
 * Parsed arguments as a request, with addresses prepared, so that a mistake
 * in one is told here and what is sent has one form.  NULL with a sentence.
 * The caller owns it.
 */
json_t *client_request(const struct ctl_args *a, struct err *e);

/*
 * Asks.  The answer's `exit` is returned, and its `result` (owned by the
 * caller) is in `*result_r`; where there is none, that is NULL and `e` has
 * the sentence.
 */
enum ctl_exit client_ask(const char *socket_path, const json_t *request,
    json_t **result_r, struct err *e);

#endif

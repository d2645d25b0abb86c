/*
 * What an operator may do about a stream that does not come up.
 */
#ifndef DAEMON_ADVICE_H
#define DAEMON_ADVICE_H

/* A sentence for `why`, as stream_handlers.on_down says it; static.  NULL if
 * there is nothing better to do than to wait. */
const char *advice_on_stream(const char *why);

#endif

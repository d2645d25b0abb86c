/* The commands, each in a counter_*.c of its own: what anybody may do, and
 * what staff may.  counter_table.c lists them. */
#ifndef DAEMON_COUNTER_COMMANDS_H
#define DAEMON_COUNTER_COMMANDS_H

#include "daemon/counter.h"

extern const struct counter_command counter_prove;

#endif

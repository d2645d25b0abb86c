/* The commands, each in a counter_*.c of its own: what anybody may do, and
 * what staff may.  counter_table.c lists them. */
#ifndef DAEMON_COUNTER_COMMANDS_H
#define DAEMON_COUNTER_COMMANDS_H

#include "daemon/counter.h"

extern const struct counter_command counter_apply;
extern const struct counter_command counter_status;
extern const struct counter_command counter_withdraw;
extern const struct counter_command counter_change;
extern const struct counter_command counter_renew;
extern const struct counter_command counter_agree;
extern const struct counter_command counter_leave;
extern const struct counter_command counter_mydata;
extern const struct counter_command counter_prove;

#endif

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
extern const struct counter_command counter_appeal;
extern const struct counter_command counter_report;
/* Staff's. */
extern const struct counter_command counter_queue;
extern const struct counter_command counter_case;
extern const struct counter_command counter_suspend;
extern const struct counter_command counter_restore;
extern const struct counter_command counter_revoke;
extern const struct counter_command counter_appeals;
extern const struct counter_command counter_reports;

#endif

/* Which commands there are; see counter.h. */
#include "daemon/counter.h"

#include "daemon/counter_commands.h"

const struct counter_command *const counter_commands[] = {
	&counter_apply,
	&counter_status,
	&counter_withdraw,
	&counter_change,
	&counter_renew,
	&counter_agree,
	&counter_leave,
	&counter_mydata,
	&counter_prove,
	&counter_appeal,
	&counter_report,
	&counter_queue,
	&counter_case,
	&counter_suspend,
	&counter_restore,
	&counter_revoke,
	&counter_appeals,
	&counter_reports,
	NULL,
};

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
	&counter_prove,
	NULL,
};

/* Which commands there are; see counter.h. */
#include "daemon/counter.h"

#include "daemon/counter_commands.h"

const struct counter_command *const counter_commands[] = {
	NULL,
};

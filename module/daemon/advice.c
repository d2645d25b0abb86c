/* Advice about the stream; see advice.h. */
#include "daemon/advice.h"

#include <stddef.h>
#include <string.h>

/* RFC 6120 #streams-error-conditions, and what libuv says. */
static const struct {
	const char *why, *advice;
} advices[] = {
	{ "the server says not-authorized",
	    "make component.secret_file and the server's component secret the "
	    "same" },
	{ "the server says host-unknown",
	    "the server has no component of the name component.domain: see "
	    "its configuration, and restart it after a change" },
	{ "the server says conflict",
	    "another program is connected as component.domain: end it, or "
	    "wait until the server has noticed that it ended" },
	{ "connection refused",
	    "see that the server runs, and that it listens for components at "
	    "component.server" },
};

const char *
advice_on_stream(const char *why)
{
	for (size_t i = 0; i < sizeof advices / sizeof advices[0]; i++)
		if (strcmp(advices[i].why, why) == 0)
			return advices[i].advice;
	return NULL;
}

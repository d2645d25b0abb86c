/* Place patterns; see place.h. */
#include "core/place.h"

#include <string.h>

int
place_pattern_parse(struct place *r, const char *pattern, struct err *e)
{
	const char *at = strchr(pattern, '@');
	size_t local_len;

	if (at == NULL || at == pattern || at[1] == '\0')
		return err_set(e, "\"%s\" is no room: want NAME@HOST or *@HOST",
		    pattern);
	if (strchr(at + 1, '@') != NULL || strchr(pattern, '/') != NULL)
		return err_set(e, "\"%s\" is no bare JID of a room", pattern);
	local_len = (size_t)(at - pattern);
	if (local_len > PLACE_LOCAL_MAX || strlen(at + 1) > PLACE_HOST_MAX)
		return err_set(e, "the room's address is too long");
	if (memchr(pattern, '*', local_len) != NULL && local_len != 1)
		return err_set(e,
		    "\"%s\": a * stands for the whole name before the @",
		    pattern);
	if (strchr(at + 1, '*') != NULL)
		return err_set(e, "\"%s\": the host must be a name, not *",
		    pattern);
	memcpy(r->local, pattern, local_len);
	r->local[local_len] = '\0';
	strcpy(r->host, at + 1);
	return 0;
}

static bool
place_is_whole_host(const struct place *p)
{
	return strcmp(p->local, "*") == 0;
}

bool
place_covers(const struct place *p, const char *local, const char *host)
{
	return strcmp(p->host, host) == 0 &&
	    (place_is_whole_host(p) || strcmp(p->local, local) == 0);
}

const struct place *
place_find(const struct place *places, size_t count, const char *local,
    const char *host)
{
	const struct place *whole_host = NULL;

	for (size_t i = 0; i < count; i++) {
		if (!place_covers(&places[i], local, host))
			continue;
		if (!place_is_whole_host(&places[i]))
			return &places[i];
		whole_host = &places[i];
	}
	return whole_host;
}

bool
place_same_pattern(const struct place *a, const struct place *b)
{
	return strcmp(a->local, b->local) == 0 && strcmp(a->host, b->host) == 0;
}

unsigned
place_exempt_find(const char *affiliation)
{
	if (strcmp(affiliation, "owner") == 0)
		return PLACE_EXEMPT_OWNER;
	if (strcmp(affiliation, "admin") == 0)
		return PLACE_EXEMPT_ADMIN;
	if (strcmp(affiliation, "member") == 0)
		return PLACE_EXEMPT_MEMBER;
	return 0;
}

/* Names of what publications are made of; see publication.h. */
#include "core/publication.h"

#include <stddef.h>
#include <string.h>

static const char *const kind_names[] = {
	[PUBLICATION_NONE] = "",
	[PUBLICATION_JOIN] = "join",
	[PUBLICATION_MESSAGE] = "message",
	[PUBLICATION_SUBJECT] = "subject",
	[PUBLICATION_CORRECT] = "correct",
	[PUBLICATION_PUBLISH] = "publish",
};

static const char *const by_names[] = {
	[REPRINT_NONE] = "",
	[REPRINT_FORWARD] = "forward",
	[REPRINT_VIA] = "via",
	[REPRINT_REFERENCE] = "reference",
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

const char *
publication_kind_name(enum publication_kind kind)
{
	return kind_names[kind];
}

enum publication_kind
publication_kind_find(const char *name)
{
	for (size_t i = 1; i < COUNT(kind_names); i++)
		if (strcmp(kind_names[i], name) == 0)
			return (enum publication_kind)i;
	return PUBLICATION_NONE;
}

enum reprint_by
reprint_by_find(const char *name)
{
	for (size_t i = 1; i < COUNT(by_names); i++)
		if (strcmp(by_names[i], name) == 0)
			return (enum reprint_by)i;
	return REPRINT_NONE;
}

struct place_spot
publication_spot(const struct publication *p, const char *host)
{
	return (struct place_spot){
		.local = p->node[0] == '\0' ? p->room : p->owner,
		.host = host,
		.node = p->node,
	};
}

bool
publication_is_ordinary(const struct publication *p)
{
	return p->reprint_count == 0 && p->label_count == 0 && !p->is_encrypted;
}

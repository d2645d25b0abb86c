/*
 * Reads places of nodes and says which of them holds, as the daemon does; for
 * test_places_agree.py.  Lines of standard input, fields between tabs:
 *
 *	list				forget all places
 *	place NODE OWNER		"taken", or "refused" by a rule of the
 *					configuration
 *	personal NODE			"yes", or "no"
 *	spot NODE OWNER			number of the place that holds, the
 *					first taken one being 0, or "none"
 *
 * OWNER is a localpart, `*` in a place for all accounts, empty for a service.
 */
#include <stdio.h>
#include <string.h>

#include "core/place.h"

#define HOST "example.org"
#define MAX 64

static struct place places[MAX];
static size_t count;

/* Cuts a field off; "" at the end of the line. */
static const char *
field(char **line)
{
	char *begin = *line;

	*line += strcspn(begin, "\t\n");
	if (**line != '\0')
		*(*line)++ = '\0';
	return begin;
}

static int
take(const char *node, const char *local)
{
	struct place *p = &places[count];
	char owner[256];
	struct err e;

	(void)snprintf(owner, sizeof owner, "%s@" HOST, local);
	if (count == MAX ||
	    place_node_parse(p, node, HOST, local[0] == '\0' ? NULL : owner,
		&e) == -1 ||
	    (local[0] != '\0' && place_personal_find(node) != NULL))
		return -1;
	for (size_t i = 0; i < count; i++)
		if (place_same_pattern(&places[i], p))
			return -1;
	count++;
	return 0;
}

static void
answer(const char *word, const char *node, const char *local)
{
	const struct place_spot spot = { local, HOST, node };
	const struct place *p;

	if (strcmp(word, "list") == 0) {
		count = 0;
	} else if (strcmp(word, "place") == 0) {
		puts(take(node, local) == 0 ? "taken" : "refused");
	} else if (strcmp(word, "personal") == 0) {
		puts(place_personal_find(node) != NULL ? "yes" : "no");
	} else {
		p = place_find(places, count, &spot);
		if (p == NULL)
			puts("none");
		else
			printf("%td\n", p - places);
	}
}

int
main(void)
{
	char buf[4096];

	while (fgets(buf, sizeof buf, stdin) != NULL) {
		char *line = buf;
		const char *word, *node;

		word = field(&line);
		node = field(&line);
		answer(word, node, field(&line));
	}
	return 0;
}

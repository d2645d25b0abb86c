/*
 * Fuzz: places, as an operator writes them and as guards name them.  The
 * first line is a pattern, the second one a room; with a third, the first is
 * a node's pattern, the second its owner or service, the third a node.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/place.h"
#include "text/jid.h"

#define INPUT_MAX (2 * JID_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
want(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_place: %s\n", what);
	abort();
}

/* 1 if the text is a pattern. */
static int
read_pattern(const char *text, struct place *r)
{
	static char bare[JID_MAX + 1];
	struct err e = { "" };
	int done = place_pattern_parse(r, text, &e);

	want(done == 0 || e.text[0] != '\0', "no reason");
	if (jid_bare_prepare(text, bare, sizeof bare, NULL, &e) != 0)
		return 0;
	return place_pattern_parse(r, bare, &e) == 0;
}

/* A pattern that names a room covers that room, and only a * covers more;
 * the most specific one is found. */
static void
check_rooms(const struct place *pattern, const char *text)
{
	static struct place both[2];
	static struct jid room;
	int is_star = strcmp(pattern->local, "*") == 0, is_same;
	struct place_spot at = { pattern->local, pattern->host, "" };

	want(place_covers(pattern, &at), "covers not itself");
	if (jid_parse(&room, text, NULL) != 0)
		return;
	is_same = strcmp(room.domain, pattern->host) == 0 &&
	    strcmp(room.local, pattern->local) == 0;
	at = (struct place_spot){ room.local, room.domain, "" };
	want(place_covers(pattern, &at) ==
		(is_same ||
		    (is_star && room.local[0] != '\0' &&
			strcmp(room.domain, pattern->host) == 0)),
	    "covers another room");
	at = (struct place_spot){ room.local, room.domain, "n" };
	want(!place_covers(pattern, &at), "covers a node");
	both[0] = *pattern;
	both[1] = *pattern;
	strcpy(both[0].local, "*");
	at = (struct place_spot){ pattern->local, pattern->host, "" };
	want(is_star || place_find(both, 2, &at) == &both[1],
	    "not the most specific");
	want(place_same_pattern(&both[0], &both[1]) == is_star,
	    "the same pattern");
}

/* A pattern covers what begins as it does, and the node of its own name is
 * found with it before any beginning. */
static void
check_nodes(const char *node, const char *of, const char *name)
{
	static struct place both[2];
	struct err e = { "" };
	int is_account = strchr(of, '@') != NULL, covers;
	size_t len = strlen(node);
	int is_open = len > 0 && node[len - 1] == '*';
	struct place_spot at;

	if (place_node_parse(&both[0], node, of, is_account ? of : NULL, &e) !=
	    0) {
		want(e.text[0] != '\0', "no reason");
		return;
	}
	want(is_account == (both[0].local[0] != '\0'), "of something else");
	at = (struct place_spot){ both[0].local, both[0].host, name };
	covers = name[0] != '\0' &&
	    (is_open ? strncmp(node, name, len - 1) == 0
		     : strcmp(node, name) == 0);
	want(place_covers(&both[0], &at) == covers, "covers another node");
	if (!covers)
		return;
	/* A name with a star at its end would be taken for a pattern. */
	want(name[strlen(name) - 1] == '*' ||
		place_personal_find(name) == NULL ||
		place_personal_find(node) != NULL,
	    "covers a personal node");
	both[1] = both[0];
	strcpy(both[1].node, "*");
	want(is_open ? place_find(both, 2, &at) != NULL
		     : place_find(both, 2, &at) == &both[0],
	    "not the whole name");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char text[INPUT_MAX + 1];
	static struct place pattern;
	char *room, *node = NULL;

	if (len > INPUT_MAX)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	room = strchr(text, '\n');
	if (room != NULL) {
		*room++ = '\0';
		node = strchr(room, '\n');
	}
	if (node != NULL) {
		*node++ = '\0';
		check_nodes(text, room, node);
	}
	if (read_pattern(text, &pattern))
		check_rooms(&pattern, room != NULL ? room : text);
	return 0;
}

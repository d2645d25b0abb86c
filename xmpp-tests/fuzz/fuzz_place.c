/*
 * Fuzz: places, as an operator writes them and as guards name them.  The
 * first line is a pattern, the second one a room.
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

	want(place_covers(pattern, pattern->local, pattern->host),
	    "covers not itself");
	if (jid_parse(&room, text, NULL) != 0)
		return;
	is_same = strcmp(room.domain, pattern->host) == 0 &&
	    strcmp(room.local, pattern->local) == 0;
	want(place_covers(pattern, room.local, room.domain) ==
		(is_same ||
		    (is_star && strcmp(room.domain, pattern->host) == 0)),
	    "covers another room");
	both[0] = *pattern;
	both[1] = *pattern;
	strcpy(both[0].local, "*");
	want(place_find(both, 2, pattern->local, pattern->host) ==
		    &both[is_star ? 0 : 1] ||
		is_star,
	    "not the most specific");
	want(place_same_pattern(&both[0], &both[1]) == is_star,
	    "the same pattern");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char text[INPUT_MAX + 1];
	static struct place pattern;
	char *room;

	if (len > INPUT_MAX)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	room = strchr(text, '\n');
	if (room != NULL)
		*room++ = '\0';
	if (read_pattern(text, &pattern))
		check_rooms(&pattern, room != NULL ? room : text);
	return 0;
}

/* Fuzz: addresses, as strangers write them. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/jid.h"

#define INPUT_MAX (2 * JID_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
want(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_jid: %s\n", what);
	abort();
}

/* What came out is prepared: it goes in again, and comes out the same. */
static void
check_prepared(const struct jid *j)
{
	static struct jid again;
	static char text[JID_MAX + 1];
	struct err e = { "" };

	want(j->domain[0] != '\0', "no domain");
	jid_full(j, text);
	want(jid_parse(&again, text, &e) == 0, e.text);
	want(strcmp(again.local, j->local) == 0 &&
		strcmp(again.domain, j->domain) == 0 &&
		strcmp(again.resource, j->resource) == 0,
	    "prepared twice");
}

/* The short way of the check path agrees with the long one. */
static void
check_bare(const char *text)
{
	static struct jid j;
	static char bare[INPUT_MAX + 1], got[JID_MAX + 1],
	    long_way[JID_MAX + 1];
	size_t len = strcspn(text, "/"), got_len;
	int r;

	memcpy(bare, text, len);
	bare[len] = '\0';
	r = jid_parse(&j, bare, NULL);
	want(jid_bare_prepare(bare, got, sizeof got, &got_len, NULL) == r,
	    "two opinions");
	if (r != 0)
		return;
	jid_bare(&j, long_way);
	want(strcmp(got, long_way) == 0 && got_len == strlen(got),
	    "two results");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char text[INPUT_MAX + 1];
	static struct jid j;
	struct err e = { "" };

	if (len > INPUT_MAX)
		return 0;
	memcpy(text, data, len);
	text[len] = '\0';
	if (jid_parse(&j, text, &e) == 0)
		check_prepared(&j);
	else
		want(e.text[0] != '\0', "no reason");
	check_bare(text);
	return 0;
}

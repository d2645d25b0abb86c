/*
 * Fuzz: what strangers' DNS and web servers answer, as a proof of domain is
 * looked for in it.  The same bytes are a TXT record, a file, a redirect and
 * an address.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/utf8.h"
#include "net/address.h"
#include "net/claim.h"
#include "net/fetch.h"

#define INPUT_MAX 8192
#define TOKEN "abcdefghijklmnopqrstuvwxyz1"
#define TEXT CLAIM_PREFIX TOKEN

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
want(int holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "fuzz_claim: %s\n", what);
	abort();
}

/* Whatever came, people are shown one line of well-formed text. */
static void
check_seen(const char *seen)
{
	want(strlen(seen) < CLAIM_SEEN_MAX, "longer than it may be");
	for (size_t n; *seen != '\0'; seen += n) {
		n = utf8_len(seen);
		want(n != 0, "not UTF-8");
		want((unsigned char)*seen >= 0x20 && *seen != 0x7f,
		    "a control character");
	}
}

/* Nothing but the text proves anything: it must be there at least. */
static void
check_found(enum claim_match m, const char *bytes, size_t len)
{
	int is_there = 0;

	for (size_t i = 0; m == CLAIM_HERE && i + sizeof TEXT - 1 <= len; i++)
		is_there |= memcmp(bytes + i, TEXT, sizeof TEXT - 1) == 0;
	want(m != CLAIM_HERE || is_there, "proved by another text");
}

/* The strings of a record, as one. */
static size_t
join(const char *rdata, size_t len, char *r)
{
	size_t used = 0;

	for (size_t at = 0; at < len;) {
		size_t n = (unsigned char)rdata[at++];

		if (n > len - at)
			break;
		memcpy(r + used, rdata + at, n);
		used += n;
		at += n;
	}
	return used;
}

static void
check_url(const char *bytes, size_t len)
{
	static char url[INPUT_MAX + 1];
	struct fetch_url u;

	memcpy(url, bytes, len);
	url[len] = '\0';
	if (fetch_url_parse(url, &u) == -1)
		return;
	want(u.scheme[0] != '\0', "no scheme");
	want(u.path[0] == '\0' || u.path[0] == '/', "a path without a slash");
	want(strlen(u.host) <= FETCH_HOST_MAX + 2, "a host too long");
}

static void
check_address(const char *bytes, size_t len)
{
	char text[ADDRESS_TEXT_MAX];
	size_t n = len >= 16 ? 16 : len >= 4 ? 4 : len;
	enum address_kind kind = address_kind_bytes(bytes, n);

	want((kind == ADDRESS_UNKNOWN) == (n != 4 && n != 16),
	    "a kind of no address");
	want(address_kind_name(kind)[0] != '\0', "no name");
	address_format(bytes, n, text);
	want(text[0] != '\0', "no text");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static char joined[INPUT_MAX];
	const char *bytes = (const char *)data;
	char seen[CLAIM_SEEN_MAX] = "";
	enum claim_match m;

	if (len > INPUT_MAX)
		return 0;
	m = claim_in_txt(bytes, len, TOKEN, seen);
	check_seen(seen);
	check_found(m, joined, join(bytes, len, joined));
	want(m == claim_in_txt(bytes, len, TOKEN, NULL), "not the same twice");
	m = claim_in_file(bytes, len, TOKEN, seen);
	check_seen(seen);
	check_found(m, bytes, len);
	want(m == claim_in_file(bytes, len, TOKEN, NULL), "not the same twice");
	check_url(bytes, len);
	check_address(bytes, len);
	return 0;
}

/* What is published, and whether it is; see claim.h. */
#include "net/claim.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "core/utf8.h"

#define PREFIX_LEN (sizeof CLAIM_PREFIX - 1)

void
claim_text(const char *token, char r[CLAIM_TEXT_MAX])
{
	(void)snprintf(r, CLAIM_TEXT_MAX, CLAIM_PREFIX "%s", token);
}

int
claim_name(const char *domain, char r[CLAIM_NAME_MAX], struct err *e)
{
	size_t len = strlen(domain);

	if (len + sizeof CLAIM_LABEL - 1 > CLAIM_DOMAIN_MAX)
		return err_set(e, "%.60s... is too long for a record below it",
		    domain);
	(void)snprintf(r, CLAIM_NAME_MAX, CLAIM_LABEL "%s", domain);
	return 0;
}

static enum claim_match
match(const char *bytes, size_t len, const char *token)
{
	size_t token_len = strlen(token);

	if (len < PREFIX_LEN || memcmp(bytes, CLAIM_PREFIX, PREFIX_LEN) != 0)
		return CLAIM_NONE;
	if (token_len == 0 || len - PREFIX_LEN != token_len ||
	    memcmp(bytes + PREFIX_LEN, token, token_len) != 0)
		return CLAIM_OTHER;
	return CLAIM_HERE;
}

/* Bytes of the character at `s` that people may see; 0 if it is none.  Marks
 * that turn the direction of a line would turn ours. */
static size_t
shown_len(const char *s, size_t len)
{
	char one[5] = "";
	size_t n;

	memcpy(one, s, len < 4 ? len : 4);
	n = utf8_len(one);
	if (n == 0 || n > len || (unsigned char)one[0] < 0x20 || one[0] == 0x7f)
		return 0;
	if (n == 2 && one[0] == '\xc2' && (unsigned char)one[1] < 0xa0)
		return 0; /* C1 */
	if (n == 3 && one[0] == '\xe2' &&
	    ((one[1] == '\x80' && (unsigned char)one[2] >= 0xa8 &&
		 (unsigned char)one[2] <= 0xae) ||
		(one[1] == '\x81' && (unsigned char)one[2] >= 0xa0)))
		return 0; /* line separators, direction, invisible */
	return n;
}

void
claim_show(const char *bytes, size_t len, char *r, size_t cap)
{
	static const char more[] = "\xe2\x80\xa6";
	size_t room = cap - sizeof more, at = 0, used = 0;

	while (at < len) {
		size_t n = shown_len(bytes + at, len - at);

		if (used + (n == 0 ? 1 : n) > room)
			break;
		if (n == 0) {
			r[used++] = '?';
			at++;
			continue;
		}
		memcpy(r + used, bytes + at, n);
		used += n;
		at += n;
	}
	r[used] = '\0';
	if (at < len)
		memcpy(r + used, more, sizeof more);
}

enum claim_match
claim_in_txt(const char *rdata, size_t len, const char *token,
    char seen[CLAIM_SEEN_MAX])
{
	/* What is longer than this is not the text, however it ends. */
	char joined[CLAIM_TEXT_MAX + CLAIM_SEEN_MAX];
	size_t at = 0, used = 0;

	while (at < len) {
		size_t n = (unsigned char)rdata[at++], take;

		if (n > len - at)
			return CLAIM_NONE; /* no TXT record */
		take = n < sizeof joined - used ? n : sizeof joined - used;
		memcpy(joined + used, rdata + at, take);
		used += take;
		at += n;
	}
	if (seen != NULL)
		claim_show(joined, used, seen, CLAIM_SEEN_MAX);
	return match(joined, used, token);
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

enum claim_match
claim_in_file(const char *bytes, size_t len, const char *token,
    char seen[CLAIM_SEEN_MAX])
{
	enum claim_match best = CLAIM_NONE;
	const char *end = bytes + len;

	if (seen != NULL)
		seen[0] = '\0';
	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		bytes += 3;
	while (bytes < end) {
		const char *lf = memchr(bytes, '\n', (size_t)(end - bytes));
		const char *next = lf != NULL ? lf + 1 : end;
		const char *last = lf != NULL ? lf : end;
		enum claim_match got;

		while (bytes < last && is_space(*bytes))
			bytes++;
		while (bytes < last && is_space(last[-1]))
			last--;
		got = match(bytes, (size_t)(last - bytes), token);
		if (seen != NULL && last > bytes &&
		    (got > best || seen[0] == '\0'))
			claim_show(bytes, (size_t)(last - bytes), seen,
			    CLAIM_SEEN_MAX);
		if (got > best)
			best = got;
		bytes = next;
	}
	return best;
}

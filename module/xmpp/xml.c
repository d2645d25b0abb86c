/* Writes XML, escaped; see xml.h. */
#include "xmpp/xml.h"

#include <stdint.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* Bytes that stand for themselves in text and in values: ASCII without
 * controls, and without what is escaped. */
static const uint8_t is_plain[256] = {
#define ROW(c) [(c)] = 1, [(c) + 1] = 1, [(c) + 2] = 1, [(c) + 3] = 1
	[' '] = 1,
	['!'] = 1,
	['#'] = 1,
	['$'] = 1,
	['%'] = 1,
	ROW('('),
	ROW(','),
	ROW('0'),
	ROW('4'),
	ROW('8'),
	['='] = 1,
	['?'] = 1,
	ROW('@'),
	ROW('D'),
	ROW('H'),
	ROW('L'),
	ROW('P'),
	ROW('T'),
	ROW('X'),
	ROW('\\'),
	ROW('`'),
	ROW('d'),
	ROW('h'),
	ROW('l'),
	ROW('p'),
	ROW('t'),
	ROW('x'),
	['|'] = 1,
	['}'] = 1,
	['~'] = 1,
	[0x7f] = 1,
#undef ROW
};

static const char *
escape_find(unsigned char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '\'':
		return "&apos;";
	case '"':
		return "&quot;";
	case '\t': /* white space in values would be normalised */
		return "&#9;";
	case '\n':
		return "&#10;";
	case '\r':
		return "&#13;";
	default:
		return NULL;
	}
}

/* Length of the character of XML 1.0 beyond ASCII that `s` begins with; 0 if
 * it is none.  `s` is NUL-terminated, so no look goes past its end. */
static size_t
char_len(const unsigned char *s)
{
	uint32_t c;
	size_t len;

	if (s[0] >= 0xc2 && s[0] < 0xe0)
		len = 2;
	else if (s[0] >= 0xe0 && s[0] < 0xf0)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] < 0xf5)
		len = 4;
	else
		return 0;
	c = s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if ((len == 3 && c < 0x800) || (len == 4 && c < 0x10000) ||
	    c > 0x10ffff || (c >= 0xd800 && c < 0xe000) || c == 0xfffe ||
	    c == 0xffff)
		return 0;
	return len;
}

void
xml_text(struct buf *b, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s != '\0') {
		const unsigned char *begin = s;
		const char *escape;
		size_t len;

		while (is_plain[*s] || (*s >= 0x80 && (len = char_len(s)) > 0))
			s += is_plain[*s] ? 1 : len;
		if (s > begin)
			buf_add(b, begin, (size_t)(s - begin));
		if (*s == '\0')
			break;
		escape = escape_find(*s++);
		buf_adds(b, escape != NULL ? escape : REPLACEMENT);
	}
}

void
xml_attr(struct buf *b, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	buf_add(b, " ", 1);
	buf_adds(b, name);
	buf_add(b, "='", 2);
	xml_text(b, value);
	buf_add(b, "'", 1);
}

void
xml_number(struct buf *b, uint64_t n)
{
	char digits[20];
	size_t at = sizeof digits;

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	buf_add(b, digits + at, sizeof digits - at);
}

void
xml_attr_number(struct buf *b, const char *name, uint64_t n)
{
	buf_add(b, " ", 1);
	buf_adds(b, name);
	buf_add(b, "='", 2);
	xml_number(b, n);
	buf_add(b, "'", 1);
}

/* Well-formed UTF-8 (RFC 3629 #section-4); see utf8.h. */
#include "core/utf8.h"

size_t
utf8_len(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t len = *s < 0x80 ? 1
	    : *s < 0xc2	       ? 0
	    : *s < 0xe0	       ? 2
	    : *s < 0xf0	       ? 3
	    : *s < 0xf5	       ? 4
			       : 0;

	/* Stops at a NUL, which continues nothing. */
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((*s == 0xe0 && s[1] < 0xa0) || (*s == 0xed && s[1] > 0x9f) ||
	    (*s == 0xf0 && s[1] < 0x90) || (*s == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

void
utf8_repair(char *s)
{
	while (*s != '\0') {
		size_t len = utf8_len(s);

		if (len == 0) {
			*s = '?';
			len = 1;
		}
		s += len;
	}
}

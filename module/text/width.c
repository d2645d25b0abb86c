/* Columns of a text, by ICU's character properties; see width.h. */
#include "text/width.h"

#include <string.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

static unsigned
columns_of(UChar32 c)
{
	int wide = u_getIntPropertyValue(c, UCHAR_EAST_ASIAN_WIDTH);
	int8_t type = u_charType(c);

	/* A soft hyphen is a format character that terminals show. */
	if (c == 0xad)
		return 1;
	if (c == 0 || type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK ||
	    type == U_FORMAT_CHAR)
		return 0;
	/* Vowels and finals that join the syllable before them. */
	if (c >= 0x1160 && c <= 0x11ff)
		return 0;
	return wide == U_EA_WIDE || wide == U_EA_FULLWIDTH ? 2 : 1;
}

unsigned
width_columns(const char *text)
{
	int32_t i = 0, len = (int32_t)strlen(text);
	unsigned n = 0;

	while (i < len) {
		UChar32 c;

		U8_NEXT((const uint8_t *)text, i, len, c);
		n += c < 0 ? 1 : columns_of(c);
	}
	return n;
}

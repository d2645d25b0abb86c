/* Hexadecimal in test vectors. */
#ifndef UNIT_HEX_H
#define UNIT_HEX_H

#include <stdio.h>
#include <string.h>

/* Bytes of `hex` into `r`; how many.  The vectors are ours: no checks but
 * that they fit. */
static inline size_t
hex_read(const char *hex, unsigned char *r, size_t cap)
{
	size_t len = strlen(hex) / 2;

	if (len > cap)
		return 0;
	for (size_t i = 0; i < len; i++) {
		char pair[3] = { hex[2 * i], hex[2 * i + 1], '\0' };

		r[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return len;
}

#endif

/* Host names in letters of all languages (IDNA, UTS #46), with ICU. */
#ifndef TEXT_IDN_H
#define TEXT_IDN_H

#include <stddef.h>

#include "core/err.h"

#define IDN_MAX 253 /* bytes of a host name in A-labels */

/*
 * The name in A-labels, lower case, without a dot at its end: what DNS is
 * asked for.  Nontransitional (ß stays ß), STD3 rules, bidi and joiner
 * checks.  `r` has IDN_MAX + 1 bytes.  0, or -1 with what is wrong with it.
 */
int idn_to_ascii(const char *text, char r[IDN_MAX + 1], struct err *e);
/* The same for people: in U-labels where there are any.  `r` has `cap` bytes;
 * a name that cannot be shown so stays as it is. */
void idn_to_unicode(const char *ascii, char *r, size_t cap);

#endif

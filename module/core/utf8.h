/* UTF-8, looked at as bytes: is it well-formed? */
#ifndef CORE_UTF8_H
#define CORE_UTF8_H

#include <stddef.h>

/*
 * Bytes of the character at `s` (1 to 4), or 0 if it is not well-formed: too
 * long a form, a surrogate, beyond U+10FFFF, cut short.  `s` is
 * NUL-terminated; the NUL counts as a character of one byte.
 */
size_t utf8_len(const char *s);

/* Puts "?" for every byte of `s` that belongs to no well-formed character. */
void utf8_repair(char *s);

#endif

/* How wide a text stands in a terminal. */
#ifndef TEXT_WIDTH_H
#define TEXT_WIDTH_H

/*
 * Columns that UTF-8 text takes: two for East Asian wide and full-width
 * characters and emoji, none for combining marks and other characters that
 * take no room (UAX #11), one for the rest; a byte that is not UTF-8 takes one.
 */
unsigned width_columns(const char *text);

#endif

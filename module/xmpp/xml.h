/* Writes XML into a buffer, escaped; no printf, these are on the hot path. */
#ifndef XMPP_XML_H
#define XMPP_XML_H

#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

/* Character data; what XML 1.0 forbids, and every byte that is no UTF-8,
 * becomes U+FFFD: nothing that is written here can break the stream. */
void xml_text(struct buf *b, const char *text);
/* ` name='value'`, nothing if `value` is NULL or "". */
void xml_attr(struct buf *b, const char *name, const char *value);

/* Decimal digits. */
void xml_number(struct buf *b, uint64_t n);
/* ` name='n'`. */
void xml_attr_number(struct buf *b, const char *name, uint64_t n);

#endif

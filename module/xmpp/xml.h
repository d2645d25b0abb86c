/* Writes XML into a buffer, escaped. */
#ifndef XMPP_XML_H
#define XMPP_XML_H

#include <stddef.h>

#include "core/buf.h"

/* Character data; characters that XML 1.0 forbids become U+FFFD. */
void xml_text(struct buf *b, const char *text);
/* ` name='value'`, nothing if `value` is NULL or "". */
void xml_attr(struct buf *b, const char *name, const char *value);

#endif

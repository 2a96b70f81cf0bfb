/* xml.h — text as XML 1.0 takes it, whatever bytes it holds. */
#ifndef METRICS_XML_H
#define METRICS_XML_H

#include <stdbool.h>

#include "base/buf.h"

/* Both escape what must be escaped, leave out characters that XML 1.0 forbids and put U+FFFD for
   bytes that are not UTF-8. In attributes, line ends and tabs are kept by references. */
bool xml_text(struct buf *out, const char *text);
/* Appends ` name="value"`; nothing if value is NULL. */
bool xml_attribute(struct buf *out, const char *name, const char *value);

#endif

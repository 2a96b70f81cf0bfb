/*
 * json_out.h — the one JSON value that cannot be printed with a format: a string.
 */
#ifndef TCU_JSON_OUT_H
#define TCU_JSON_OUT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/slice.h"

/* Appends `text` in quotes, escaped (RFC 8259, section 7). The cloud refuses what is not UTF-8
   (contract 1.8), so in such a text every byte beyond ASCII becomes '?'. */
bool json_out_string(struct buf *out, struct slice text);

#endif

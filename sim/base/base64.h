/* base64.h — RFC 4648, section 4: with padding, without line breaks, strictly. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include "base/buf.h"

/* 1 to 3 bytes as 4 characters. */
void base64_four(const uint8_t *bytes, size_t count, char ret[4]);
/* False, with nothing appended, if it does not fit. */
bool base64_put(struct buf *out, struct slice bytes);
/* `room` has at least 3/4 of text.len bytes. False if it is not base64. */
bool base64_read(struct slice text, uint8_t *room, size_t *ret_len);

#endif

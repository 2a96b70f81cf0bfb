/* deflate.h — the content encoding "deflate" (RFC 1950, what HTTP calls so too). */
#ifndef TELEMETRY_DEFLATE_H
#define TELEMETRY_DEFLATE_H

#include "base/buf.h"
#include "base/error.h"

/* Decompressed payloads end here: ten times what AWS IoT takes. */
#define INFLATE_MAX ((size_t)1280 << 10)

/* Appends; false past the ceiling. */
bool deflate_bytes(struct slice from, struct buf *out);
/* Does it begin like it? No format of telemetry does. */
bool deflate_is(struct slice bytes);
/* Appends at most INFLATE_MAX bytes. */
bool inflate_bytes(struct slice from, struct buf *out, struct error *err);

#endif

/*
 * byte_range.h — what part of a file a request wants: the header Range (RFC 9110, section 14), of
 * which one range is understood.
 *
 * Pure. Threads   any.
 */
#ifndef ARTIFACTS_BYTE_RANGE_H
#define ARTIFACTS_BYTE_RANGE_H

#include <stdint.h>

struct byte_range {
    uint64_t from, count;
};

enum byte_range_kind {
    BYTE_RANGE_WHOLE, /* no range, or none that is understood: it is ignored (14.2) */
    BYTE_RANGE_PART,
    BYTE_RANGE_NONE /* nothing of the file is in it: 416 */
};

/* The header's value; NULL: there is none. `ret` is the whole file unless it is a part. */
enum byte_range_kind byte_range_read(const char *header, uint64_t size, struct byte_range *ret);

#endif

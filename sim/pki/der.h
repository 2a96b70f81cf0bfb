/*
 * der.h — writes DER (ITU-T X.690) back to front, so that every length is known when it is written.
 *
 * Fills a caller's buffer from its end. Running out of room is remembered; check `overflow` once.
 */
#ifndef PKI_DER_H
#define PKI_DER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

#define DER_BOOLEAN      0x01
#define DER_INTEGER      0x02
#define DER_BIT_STRING   0x03
#define DER_OCTET_STRING 0x04
#define DER_OID          0x06
#define DER_UTF8_STRING  0x0c
#define DER_UTC_TIME     0x17
#define DER_GENERAL_TIME 0x18
#define DER_SEQUENCE     0x30
#define DER_SET          0x31
#define DER_CONTEXT(n)   (0x80 | (n)) /* [n] IMPLICIT, primitive */
#define DER_EXPLICIT(n)  (0xa0 | (n)) /* [n], constructed */

struct der {
    uint8_t *bytes;
    size_t start; /* first byte written so far */
    size_t size;
    bool overflow;
};

static inline void der_init(struct der *d, uint8_t *bytes, size_t size)
{
    d->bytes = bytes;
    d->start = d->size = size;
    d->overflow = false;
}

/* What was written since the writer stood at `mark` (an earlier value of `start`). */
static inline struct slice der_since(const struct der *d, size_t mark)
{
    return slice_of(d->bytes + d->start, mark - d->start);
}

/* Each writes in front of what is there. */
void der_raw(struct der *d, struct slice bytes);
void der_byte(struct der *d, uint8_t byte);
/* Tag and length in front of everything since `mark`. */
void der_wrap(struct der *d, uint8_t tag, size_t mark);
void der_value(struct der *d, uint8_t tag, struct slice content);
/* UTCTime up to 2049, GeneralizedTime from 2050 (RFC 5280, 4.1.2.5); Unix seconds. */
void der_time(struct der *d, int64_t when);

#endif

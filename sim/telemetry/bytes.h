/* bytes.h — varints (LEB128) and fixed numbers, in and out; for the formats of this room. */
#ifndef TELEMETRY_BYTES_H
#define TELEMETRY_BYTES_H

#include "base/buf.h"
#include "base/slice.h"

/* What is left to read. A read past the end sets `bad`, and gives 0 from then on. */
struct bytes {
    const uint8_t *at, *end;
    bool bad;
};

static inline struct bytes bytes_of(struct slice s)
{
    return (struct bytes){.at = s.data, .end = s.len != 0 ? s.data + s.len : s.data};
}

static inline size_t bytes_left(const struct bytes *b)
{
    return (size_t)(b->end - b->at);
}

static inline bool bytes_fail(struct bytes *b)
{
    b->bad = true;
    b->at = b->end;
    return false;
}

static inline uint8_t bytes_u8(struct bytes *b)
{
    if (b->at == NULL || b->at == b->end) {
        bytes_fail(b);
        return 0;
    }
    return *b->at++;
}

/* Big-endian, 1 to 8 bytes. */
static inline uint64_t bytes_be(struct bytes *b, unsigned count)
{
    uint64_t n = 0;

    while (count-- > 0)
        n = n << 8 | bytes_u8(b);
    return b->bad ? 0 : n;
}

static inline struct slice bytes_run(struct bytes *b, uint64_t len)
{
    if (len > bytes_left(b)) {
        bytes_fail(b);
        return slice_of(NULL, 0);
    }
    struct slice s = slice_of(b->at, (size_t)len);
    b->at += len;
    return s;
}

static inline uint64_t bytes_varint(struct bytes *b)
{
    uint64_t n = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte = bytes_u8(b);
        if (shift == 63 && byte > 1)
            break;
        n |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return n;
    }
    bytes_fail(b);
    return 0;
}

/* 0, -1, 1, -2 … as 0, 1, 2, 3 … */
static inline uint64_t zigzag(int64_t n)
{
    return ((uint64_t)n << 1) ^ (n < 0 ? UINT64_MAX : 0);
}

static inline int64_t unzigzag(uint64_t n)
{
    return (int64_t)(n >> 1 ^ (n & 1 ? UINT64_MAX : 0));
}

/* a + b and a - b without overflow: they wrap around. */
static inline int64_t wrap_add(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t wrap_sub(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static inline void put_u8(struct buf *out, uint8_t byte)
{
    buf_append(out, &byte, 1);
}

static inline void put_be(struct buf *out, uint64_t n, unsigned count)
{
    while (count-- > 0)
        put_u8(out, (uint8_t)(n >> (8 * count)));
}

static inline void put_varint(struct buf *out, uint64_t n)
{
    for (; n >= 0x80; n >>= 7)
        put_u8(out, (uint8_t)(n | 0x80));
    put_u8(out, (uint8_t)n);
}

/* To the last bit: -0.0 is not 0.0. */
static inline bool same_double(double a, double b)
{
    uint64_t x;
    uint64_t y;

    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x == y;
}

/* Length and text. */
static inline void put_text(struct buf *out, struct slice text)
{
    put_varint(out, text.len);
    buf_append_slice(out, text);
}

#endif

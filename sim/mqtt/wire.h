/*
 * wire.h — MQTT's primitive types (MQTT 5, 1.5): a bounded reader, and a writer that either counts
 * or writes, so that a packet's layout is stated once and serves both passes. Inside the codec
 * only.
 */
#ifndef MQTT_WIRE_H
#define MQTT_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

#define WIRE_VARINT_MAX 268435455u
#define WIRE_STRING_MAX 65535u

/* Connect Flags (3.1.2.3), the flags of PUBLISH (3.3.1), subscription options (3.8.3.1). */
#define CONNECT_CLEAN      0x02u
#define CONNECT_WILL       0x04u
#define CONNECT_QOS        0x18u
#define CONNECT_RETAIN     0x20u
#define CONNECT_PASSWORD   0x40u
#define CONNECT_USERNAME   0x80u
#define PUBLISH_RETAIN     0x01u
#define PUBLISH_DUP        0x08u
#define SUBSCRIBE_QOS      0x03u
#define SUBSCRIBE_NO_LOCAL 0x04u
#define SUBSCRIBE_RETAIN   0x08u

/* The first failure sticks in `why`; from then on every read gives zero or nothing. */
struct wire_reader {
    const uint8_t *at, *end;
    const char *why; /* NULL: all well */
};

/* Counts with at == NULL. `bad`: something cannot be expressed. */
struct wire_writer {
    uint8_t *at;
    size_t size;
    bool bad;
};

/* UTF-8 without U+0000 (MQTT-1.5.4-1, -2)? */
bool wire_text_ok(struct slice text);
/* Variable byte integer, shortest form only (MQTT-1.5.5-1). */
uint32_t wire_get_varint(struct wire_reader *r);
struct slice wire_get_text(struct wire_reader *r);
void wire_put_varint(struct wire_writer *w, size_t value);
/* Text or binary data with its length in front. */
void wire_put_string(struct wire_writer *w, struct slice s);

static inline struct wire_reader wire_reader_of(struct slice s)
{
    return (struct wire_reader){.at = s.data, .end = s.len != 0 ? s.data + s.len : s.data};
}

static inline size_t wire_left(const struct wire_reader *r)
{
    return (size_t)(r->end - r->at);
}

static inline void wire_fail(struct wire_reader *r, const char *why)
{
    if (r->why == NULL)
        r->why = why;
    r->at = r->end;
}

static inline struct slice wire_take(struct wire_reader *r, size_t len)
{
    if (wire_left(r) < len) {
        wire_fail(r, "the packet ends inside a field");
        return slice_of(NULL, 0);
    }
    struct slice s = slice_of(r->at, len);
    if (len != 0)
        r->at += len;
    return s;
}

static inline uint8_t wire_get_u8(struct wire_reader *r)
{
    struct slice s = wire_take(r, 1);
    return s.len == 1 ? s.data[0] : 0;
}

static inline uint16_t wire_get_u16(struct wire_reader *r)
{
    struct slice s = wire_take(r, 2);
    if (s.len != 2)
        return 0;
    return (uint16_t)(s.data[0] << 8 | s.data[1]);
}

static inline uint32_t wire_get_u32(struct wire_reader *r)
{
    uint32_t high = wire_get_u16(r);
    return high << 16 | wire_get_u16(r);
}

static inline struct slice wire_get_binary(struct wire_reader *r)
{
    return wire_take(r, wire_get_u16(r));
}

static inline void wire_put_u8(struct wire_writer *w, uint8_t value)
{
    if (w->at != NULL)
        *w->at++ = value;
    w->size++;
}

static inline void wire_put_u16(struct wire_writer *w, uint16_t value)
{
    wire_put_u8(w, (uint8_t)(value >> 8));
    wire_put_u8(w, (uint8_t)value);
}

static inline void wire_put_u32(struct wire_writer *w, uint32_t value)
{
    wire_put_u16(w, (uint16_t)(value >> 16));
    wire_put_u16(w, (uint16_t)value);
}

static inline void wire_put_bytes(struct wire_writer *w, struct slice s)
{
    if (w->at != NULL && s.len != 0) {
        memcpy(w->at, s.data, s.len);
        w->at += s.len;
    }
    w->size += s.len;
}

static inline size_t wire_varint_size(size_t value)
{
    return value < 128 ? 1 : value < 16384 ? 2 : value < 2097152 ? 3 : 4;
}

#endif

#include "mqtt/wire.h"

#include "base/json.h"

/* Most texts are plain ASCII: one pass settles those. */
bool wire_text_ok(struct slice text)
{
    bool ascii = true;

    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == 0)
            return false;
        ascii &= text.data[i] < 0x80;
    }
    return ascii || json_is_utf8(text);
}

uint32_t wire_get_varint(struct wire_reader *r)
{
    uint32_t value = 0;

    for (unsigned shift = 0; shift < 28; shift += 7) {
        uint8_t byte = wire_get_u8(r);
        value |= (uint32_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) != 0)
            continue;
        if (byte == 0 && shift > 0)
            wire_fail(r, "a variable byte integer is longer than need be");
        return r->why == NULL ? value : 0;
    }
    wire_fail(r, "a variable byte integer is longer than four bytes");
    return 0;
}

struct slice wire_get_text(struct wire_reader *r)
{
    struct slice s = wire_get_binary(r);

    if (!wire_text_ok(s))
        wire_fail(r, "a text is not UTF-8, or holds U+0000");
    return s;
}

void wire_put_varint(struct wire_writer *w, size_t value)
{
    if (value > WIRE_VARINT_MAX) {
        w->bad = true;
        return;
    }
    for (; value > 127; value >>= 7)
        wire_put_u8(w, (uint8_t)(value | 0x80));
    wire_put_u8(w, (uint8_t)value);
}

void wire_put_string(struct wire_writer *w, struct slice s)
{
    if (s.len > WIRE_STRING_MAX) {
        w->bad = true;
        return;
    }
    wire_put_u16(w, (uint16_t)s.len);
    wire_put_bytes(w, s);
}

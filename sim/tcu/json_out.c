#include "tcu/json_out.h"

#include "base/json.h"

static bool plain(uint8_t c, bool utf8)
{
    return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f && (utf8 || c < 0x80);
}

static void escape(struct buf *out, uint8_t c)
{
    if (c == '"' || c == '\\')
        buf_append(out, (const char[]){'\\', (char)c}, 2);
    else if (c < 0x80)
        buf_printf(out, "\\u%04x", (unsigned)c);
    else
        buf_append_str(out, "?");
}

bool json_out_string(struct buf *out, struct slice text)
{
    bool utf8 = json_is_utf8(text);
    size_t start = 0;

    buf_append_str(out, "\"");
    for (size_t i = 0; i < text.len; i++) {
        if (plain(text.data[i], utf8))
            continue;
        buf_append(out, text.data + start, i - start);
        escape(out, text.data[i]);
        start = i + 1;
    }
    if (start < text.len)
        buf_append(out, text.data + start, text.len - start);
    buf_append_str(out, "\"");
    return !out->overflow;
}

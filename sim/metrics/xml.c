#include "metrics/xml.h"

#include <stdint.h>
#include <string.h>

#define REPLACEMENT "\xef\xbf\xbd"

/* Bytes of the character at `p` (NUL-terminated text), 0 if they are not UTF-8 (RFC 3629). */
static size_t utf8_decode(const uint8_t *p, uint32_t *ret)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t n = *p < 0x80 ? 1 : *p >= 0xf0 && *p < 0xf5 ? 4 : *p >= 0xe0 ? 3 : 2;

    if (n == 1) {
        *ret = *p;
        return 1;
    }
    if (*p < 0xc2 || *p >= 0xf5)
        return 0;
    uint32_t c = *p & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3f);
    }
    *ret = c;
    return c >= least[n] && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? n : 0;
}

/* XML 1.0, production [2] Char. */
static bool allowed(uint32_t c)
{
    return c >= 0x20 ? c != 0xfffe && c != 0xffff : c == '\t' || c == '\n' || c == '\r';
}

static const char *reference(uint32_t c, bool in_attribute)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\r':
        return "&#13;";
    case '"':
        return in_attribute ? "&quot;" : NULL;
    case '\n':
        return in_attribute ? "&#10;" : NULL;
    case '\t':
        return in_attribute ? "&#9;" : NULL;
    default:
        return NULL;
    }
}

static bool escape(struct buf *out, const char *text, bool in_attribute)
{
    const uint8_t *p = (const uint8_t *)text;

    while (*p != '\0') {
        uint32_t c = 0;
        size_t n = utf8_decode(p, &c);
        const char *instead = n == 0 ? REPLACEMENT : reference(c, in_attribute);
        if (instead != NULL)
            buf_append_str(out, instead);
        else if (allowed(c))
            buf_append(out, p, n);
        p += n != 0 ? n : 1;
    }
    return !out->overflow;
}

bool xml_text(struct buf *out, const char *text)
{
    return escape(out, text, false);
}

bool xml_attribute(struct buf *out, const char *name, const char *value)
{
    if (value == NULL)
        return !out->overflow;
    buf_printf(out, " %s=\"", name);
    escape(out, value, true);
    return buf_append_str(out, "\"");
}

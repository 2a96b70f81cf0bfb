#include "base/base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_four(const uint8_t *bytes, size_t count, char ret[4])
{
    uint32_t n = (uint32_t)bytes[0] << 16;

    n |= count > 1 ? (uint32_t)bytes[1] << 8 : 0;
    n |= count > 2 ? bytes[2] : 0;
    ret[0] = alphabet[n >> 18];
    ret[1] = alphabet[n >> 12 & 63];
    ret[2] = alphabet[n >> 6 & 63];
    ret[3] = alphabet[n & 63];
    if (count < 3)
        ret[3] = '=';
    if (count < 2)
        ret[2] = '=';
}

bool base64_put(struct buf *out, struct slice bytes)
{
    size_t len = (bytes.len + 2) / 3 * 4;
    char *four = (char *)buf_reserve(out, len);

    if (four == NULL)
        return false;
    for (size_t i = 0; i < bytes.len; i += 3, four += 4)
        base64_four(bytes.data + i, bytes.len - i < 3 ? bytes.len - i : 3, four);
    buf_commit(out, len);
    return true;
}

static int digit(uint8_t c)
{
    const char *at = c != '\0' ? strchr(alphabet, c) : NULL;

    return at != NULL ? (int)(at - alphabet) : -1;
}

bool base64_read(struct slice text, uint8_t *room, size_t *ret_len)
{
    size_t len = 0;

    if (text.len % 4 != 0)
        return false;
    for (size_t i = 0; i < text.len; i += 4) {
        const uint8_t *four = text.data + i;
        bool last = i + 4 == text.len;
        size_t pad = last && four[3] == '=' ? 1 + (four[2] == '=') : 0;
        uint32_t n = 0;
        for (size_t k = 0; k < 4; k++) {
            int d = k < 4 - pad ? digit(four[k]) : 0;
            if (d < 0)
                return false;
            n = n << 6 | (uint32_t)d;
        }
        /* The bits that padding leaves over must be 0. */
        if (pad != 0 && (n & (pad == 1 ? 0xffu : 0xffffu)) != 0)
            return false;
        for (size_t k = 0; k < 3 - pad; k++)
            room[len++] = (uint8_t)(n >> (16 - 8 * k));
    }
    *ret_len = len;
    return true;
}

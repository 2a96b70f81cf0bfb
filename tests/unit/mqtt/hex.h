/*
 * hex.h — bytes as the specification prints them: "30 ~ 0001 'a' ff" with blanks anywhere, text in
 * single quotes, and ~ for one length byte that counts all that follows it.
 */
#ifndef TEST_MQTT_HEX_H
#define TEST_MQTT_HEX_H

#include <assert.h>
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

struct hex {
    uint8_t data[512];
    size_t len;
};

static inline uint8_t hex_digit(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = strchr(digits, tolower((unsigned char)c));

    assert(c != '\0' && at != NULL);
    return (uint8_t)(at - digits);
}

static inline struct slice hex_bytes(struct hex *h, const char *text)
{
    size_t counted = SIZE_MAX;

    h->len = 0;
    for (const char *p = text; *p != '\0'; p++) {
        assert(h->len < sizeof h->data);
        if (*p == ' ')
            continue;
        if (*p == '~') {
            counted = h->len;
            h->data[h->len++] = 0;
        } else if (*p == '\'') {
            for (p++; *p != '\''; p++)
                h->data[h->len++] = (uint8_t)*p;
        } else {
            h->data[h->len++] = (uint8_t)(hex_digit(p[0]) << 4 | hex_digit(p[1]));
            p++;
        }
    }
    if (counted != SIZE_MAX) {
        assert(h->len - counted - 1 < 128);
        h->data[counted] = (uint8_t)(h->len - counted - 1);
    }
    return slice_of(h->data, h->len);
}

#endif

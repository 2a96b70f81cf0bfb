#include "cloud/policies/address_range.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct range {
    int family;
    uint8_t bytes[16];
    unsigned bits; /* of them, that all of its addresses have */
};

static bool read_bits(const char *text, unsigned most, unsigned *ret)
{
    size_t digits = strspn(text, "0123456789");

    /* Three digits cannot overflow. */
    if (digits == 0 || digits > 3 || text[digits] != '\0')
        return false;
    *ret = (unsigned)strtoul(text, NULL, 10);
    return *ret <= most;
}

static bool read_range(const char *text, struct range *ret)
{
    char address[INET6_ADDRSTRLEN];
    size_t len = strcspn(text, "/");

    *ret = (struct range){.family = AF_INET, .bits = 32};
    if (len >= sizeof address)
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    if (strchr(address, ':') != NULL) {
        ret->family = AF_INET6;
        ret->bits = 128;
    }
    return inet_pton(ret->family, address, ret->bytes) == 1 &&
           (text[len] == '\0' || read_bits(text + len + 1, ret->bits, &ret->bits));
}

bool address_range_is_valid(const char *text)
{
    struct range range;

    return read_range(text, &range);
}

bool address_range_has(const char *range, const char *address)
{
    struct range outer, inner;

    if (!read_range(range, &outer) || !read_range(address, &inner) ||
        outer.family != inner.family || inner.bits < outer.bits)
        return false;
    unsigned whole = outer.bits / 8, rest = outer.bits % 8;
    return memcmp(outer.bytes, inner.bytes, whole) == 0 &&
           (rest == 0 || (outer.bytes[whole] ^ inner.bytes[whole]) >> (8 - rest) == 0);
}

/* hash.h — FNV-1a, 64 bits: for tables and for telling things apart, never against an adversary. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdint.h>

#include "base/slice.h"

static inline uint64_t hash_bytes(struct slice bytes)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < bytes.len; i++)
        h = (h ^ bytes.data[i]) * UINT64_C(0x100000001b3);
    return h;
}

static inline uint64_t hash_text(const char *text)
{
    return hash_bytes(slice_str(text));
}

#endif

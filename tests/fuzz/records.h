/*
 * records.h — the input of a fuzz target as records, each of which ends with 0x1e (the last may end
 * with the input): read one after the other.
 */
#ifndef FUZZ_RECORDS_H
#define FUZZ_RECORDS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/slice.h"

/* The next record, maybe empty; takes it from the input. False: there is none. */
static inline bool record_next(struct slice *input, struct slice *ret)
{
    if (input->len == 0)
        return false;
    const uint8_t *end = memchr(input->data, 0x1e, input->len);
    *ret = slice_of(input->data, end != NULL ? (size_t)(end - input->data) : input->len);
    size_t used = ret->len + (end != NULL ? 1 : 0);
    *input = slice_of(input->data + used, input->len - used);
    return true;
}

/* The next that is not empty: its first byte, which says what it is, and the rest. */
static inline bool message_next(struct slice *input, uint8_t *ret_what, struct slice *ret_rest)
{
    struct slice record;

    do {
        if (!record_next(input, &record))
            return false;
    } while (record.len == 0);
    *ret_what = record.data[0];
    *ret_rest = slice_of(record.data + 1, record.len - 1);
    return true;
}

/* First bytes with a meaning of their own to those that take them. */
#define RECORD_IS_TOPIC 0xff /* the rest is a topic */
#define RECORD_IS_SAVED 0xfe /* the rest is a line of a saved state */

/* As a string, to be freed. */
static inline char *record_text(struct slice rest)
{
    return strndup((const char *)rest.data, rest.len);
}

#endif

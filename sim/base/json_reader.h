/*
 * json_reader.h — reads JSON where it lies: no tree, no allocation. For messages that come by the
 * thousand; where documents are changed or kept, base/json.h and cJSON serve better.
 *
 * json_check() looks at the whole text once. What it has accepted is then walked with cursors:
 *
 *     struct json_value doc, member;
 *     struct json_cursor c;
 *
 *     if (json_check(text, 32, &doc) && doc.type == JSON_OBJECT)
 *         for (c = json_enter(&doc); json_next(&c, &member);)
 *             …member.key, member.type, member.text…
 *
 * Borrows   the text; values and cursors are valid as long as it is.
 */
#ifndef BASE_JSON_READER_H
#define BASE_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/slice.h"

enum json_type {
    JSON_NULL,
    JSON_FALSE,
    JSON_TRUE,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
    JSON_TYPE_COUNT
};
/* "null", "a boolean", "a number", "a string", "an array", "an object" */
const char *json_type_text(enum json_type type);

/* Numbers of more bytes are refused: no sender has a use for them. */
#define JSON_NUMBER_MAX 63

struct json_value {
    enum json_type type;
    bool escaped, key_escaped; /* a backslash is in the text, in the key */
    struct slice text;         /* as written; a string's without its quotes */
    struct slice key;          /* in an object: without quotes; else empty */
};

/* Is it exactly one document (RFC 8259, strictly: UTF-8, no lone surrogates, white space around it
   allowed) with at most `max_depth` containers in one another? */
bool json_check(struct slice text, int max_depth, struct json_value *ret);

/* Likewise; if it is an object, its members are handed to `fn` on the way, in their order: the text
   need not be walked again. If the answer is false, what was handed over counts for nothing. */
typedef void json_member_fn(void *ctx, const struct json_value *member);
bool json_check_members(struct slice text, int max_depth, json_member_fn *fn, void *ctx,
                        struct json_value *ret);

/* The following take values of a checked text only. */

struct json_cursor {
    const uint8_t *at, *end;
    bool object;
};

/* Of anything but an object or array: nothing follows. */
struct json_cursor json_enter(const struct json_value *container);
bool json_next(struct json_cursor *c, struct json_value *ret);

/* The first member of that name (which needs no escape); false if there is none, or no object. */
bool json_find(const struct json_value *object, const char *name, struct json_value *ret);
/* Is the value's key `name`, however it is written? */
bool json_key_is(const struct json_value *member, const char *name);

/* A number; 0 for anything else; ±HUGE_VAL beyond what a double holds. */
double json_number(const struct json_value *value);
/* Writes what a string or key means, and a NUL behind it; returns its length, which is at most
   text.len. A NUL inside counts like any other character. */
size_t json_decode(struct slice text, char *room);
/* json_decode() of a string into a room of `size` bytes; false if it is no string, does not fit, or
   has a NUL inside. */
bool json_text(const struct json_value *value, char *room, size_t size);

#endif

/*
 * json_peek.h — reads a few members of a JSON object without parsing the rest.
 *
 * For the observer of a large fleet: what it needs of each document is a token and a version, and a
 * whole parse costs ten times as much. Whoever uses the state itself still parses it (base/json.h).
 * Any bytes will do; what is wrong behind the last member asked for may go unnoticed.
 */
#ifndef ACTORS_JSON_PEEK_H
#define ACTORS_JSON_PEEK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

struct json_peek {
    const char *name;   /* plain ASCII, no escapes */
    struct slice value; /* out: the value's text; data NULL if there is no such member */
};

/* Of the outermost object; the first of several members of one name counts. False if the text is
   not an object as far as it was read; what was found before is set. */
bool json_peek(struct slice text, struct json_peek *members, size_t count);

/* The value as a string, to be freed; NULL if it is not one. */
char *json_peek_string(struct slice value);
/* The value as a whole number, or `fallback`. */
int64_t json_peek_int(struct slice value, int64_t fallback);

#endif

/*
 * json.h — JSON helpers on cJSON, and the shadow rules that car and cloud share.
 *
 * The merge and delta rules are AWS IoT's (contract 1.3, 1.6). Functions here check for failed
 * allocation and return NULL or false, because the broker plugin uses them too.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"

/* Parses exactly one document, to the last byte but white space, at most `max_depth` containers
   deep; NULL if it is not JSON or memory ran out. Free with cJSON_Delete(). */
cJSON *json_parse(struct slice text, int max_depth);

/* Is the text valid UTF-8 (RFC 3629: no overlong forms, no surrogates)? */
bool json_is_utf8(struct slice text);
/* Bytes of the longest run of whole characters at its start. */
size_t json_utf8_prefix(struct slice text);

/* Deep equality: numbers by value, booleans differ from numbers, objects regardless of order. Where
   a name repeats in an object, its first member counts. */
bool json_equal(const cJSON *a, const cJSON *b);

/* What `desired` asks for that `reported` does not show: a new object, {} if nothing; `reported`
   may be NULL. Contract 1.6. */
cJSON *json_delta(const cJSON *desired, const cJSON *reported);

/* The member of an object by exact, case-sensitive name, or NULL. */
cJSON *json_get(const cJSON *object, const char *name);
/* Its text, or `fallback`. */
const char *json_str(const cJSON *object, const char *name, const char *fallback);
double json_num(const cJSON *object, const char *name, double fallback);
/* A whole number from 0 to 2^53, which doubles keep; anything else is 0. */
uint64_t json_whole(const cJSON *object, const char *name);

#endif

/*
 * cbor.h — CBOR (RFC 8949) to and from the same trees as JSON, on libcbor: for services that speak
 * both with one meaning.
 *
 * Only what JSON can say goes through: maps with texts as keys, arrays, texts, finite numbers,
 * booleans, null (undefined is null). Tags are passed over; byte strings are not JSON.
 *
 * Promises  no untrusted length is believed: memory grows with what is there. No lack of memory
 *           ends it: functions return NULL then, as for what cannot be said.
 */
#ifndef BASE_CBOR_H
#define BASE_CBOR_H

#include <cjson/cJSON.h>

#include "base/slice.h"

/* Exactly one item, to the last byte, at most `max_depth` containers deep. Free with
   cJSON_Delete(). */
cJSON *cbor_parse(struct slice bytes, int max_depth);

/* In definite lengths, whole numbers as such, others as doubles; members stay in their order.
   free() it. */
uint8_t *cbor_write(const cJSON *item, size_t *ret_len);

#endif

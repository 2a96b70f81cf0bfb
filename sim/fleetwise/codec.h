/*
 * codec.h — messages of AWS IoT FleetWise (fleetwise.proto, contract 9.3) to and from JSON trees,
 * on protobuf-c: members by the names of the fields, enumerations by the names of their values,
 * bytes as hexadecimal digits.
 *
 * Promises  no untrusted bytes crash it or make it recurse deep; what cannot be said is an error.
 * Threads   any.
 */
#ifndef FLEETWISE_CODEC_H
#define FLEETWISE_CODEC_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

/* A message of that name ("CollectionSchemes"), all its scalars included. NULL: the bytes are none,
   there is no such message, or no memory. Free with cJSON_Delete(). */
cJSON *fleetwise_decode(const char *name, struct slice bytes);

/* ERROR_USAGE: no such message or member, or a value that does not fit. free() it. */
uint8_t *fleetwise_encode(const char *name, const cJSON *object, size_t *ret_len,
                          struct error *err);

#endif

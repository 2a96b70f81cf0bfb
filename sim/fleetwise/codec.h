/*
 * codec.h — messages of AWS IoT FleetWise (fleetwise.proto, contract 9.3) to and from JSON trees,
 * on protobuf-c: members by the names of the fields, enumerations by the names of their values,
 * bytes as hexadecimal digits.
 *
 * Promises  no untrusted bytes crash it or make it recurse deep or take much memory; what cannot be
 * said is an error. Threads   any.
 */
#ifndef FLEETWISE_CODEC_H
#define FLEETWISE_CODEC_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"

/* A message of that name ("CollectionSchemes"), all its scalars included. NULL: the bytes are none
   (a text that is not UTF-8 makes them none, too), they hold more than 20,000 messages or 100,000
   fields, there is no such message, or no memory. Free with cJSON_Delete(). */
cJSON *fleetwise_decode(const char *name, struct slice bytes);

/* The text that a message has as a member of its own ("campaign_sync_id"): bytes of `bytes`, found
   without a tree of the rest, which may be nonsense. False: there is none. */
bool fleetwise_find_text(const char *name, const char *member, struct slice bytes,
                         struct slice *ret);

/* ERROR_USAGE: no such message or member, or a value that does not fit. free() it. */
uint8_t *fleetwise_encode(const char *name, const cJSON *object, size_t *ret_len,
                          struct error *err);

#endif

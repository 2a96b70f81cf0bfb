/*
 * pack.h — from samples to the payload of a message and back: sealing, format, compression.
 */
#ifndef TELEMETRY_PACK_H
#define TELEMETRY_PACK_H

#include "telemetry/format.h"
#include "telemetry/seal.h"

/* Whatever a message may hold (contract 6.8: 128 KB), and a little for topic and properties. */
#define PACK_MAX ((size_t)127 << 10)

struct pack_options {
    enum telemetry_format format;
    const struct signal_schema *schema;
    bool deflate;
    const struct seal_key *key; /* NULL: nothing is sealed */
};

/* Appends the payload of `open` with what is to be sealed inside; `secret` may be empty, and has no
   names and numbers of its own. *ret_deflated: compression made it smaller, so it was done. False:
   more than PACK_MAX bytes, or sealing failed. */
bool pack(const struct pack_options *options, struct batch *open, struct batch *secret,
          struct buf *out, bool *ret_deflated);

struct unpacked {
    struct batch batch; /* what could be opened is among its samples; see batch_done() */
    enum telemetry_format format;
    bool deflated;
    bool sealed; /* something is, and no key was given */
};

/* The way back; `key` and `schemas` may be NULL. `ret->batch` is to be ended in any case. */
bool unpack(struct slice payload, const struct seal_key *key,
            const struct telemetry_schemas *schemas, struct unpacked *ret, struct error *err);

#endif

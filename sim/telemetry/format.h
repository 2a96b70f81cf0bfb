/*
 * format.h — the formats of a telemetry payload: JSON, CBOR and the compact one, byte by byte in
 * docs/telemetry.md. They tell themselves apart by their first byte, so that a receiver needs no
 * message properties (MQTT 3.1.1 has none).
 *
 * Decoders take any bytes: what is wrong with them is an error, and memory stays within a small
 * multiple of their length.
 */
#ifndef TELEMETRY_FORMAT_H
#define TELEMETRY_FORMAT_H

#include "base/buf.h"
#include "base/error.h"
#include "tcu/signals.h"
#include "telemetry/batch.h"

/* ORDER TELEMETRY_FORMAT */
enum telemetry_format { TELEMETRY_JSON, TELEMETRY_CBOR, TELEMETRY_COMPACT, TELEMETRY_FORMAT_COUNT };
enum { TELEMETRY_VERSION = 1 };

/* "json", "cbor", "compact" */
const char *telemetry_format_name(enum telemetry_format format);
bool telemetry_format_find(struct slice name, enum telemetry_format *ret);
/* MQTT 5 Content Type. */
const char *telemetry_content_type(enum telemetry_format format);

/* Tells the signal tables of models apart: over paths, types and enum values in their order. */
uint32_t telemetry_schema_hash(const struct signal_schema *schema);

/* Appends the batch; names and enum values must be the schema's (compact only). False: past the
   ceiling of the buffer. */
bool telemetry_encode(enum telemetry_format format, const struct batch *batch,
                      const struct signal_schema *schema, struct buf *out);

/* How a decoder comes by the signal table of a compact payload. */
struct telemetry_schemas {
    /* NULL: not known. */
    const struct signal_schema *(*find)(void *ctx, uint32_t hash);
    void *ctx;
};

/* Reads a payload that is not compressed. `batch` must be empty and is to be ended by batch_done()
   even if this fails; texts may be borrowed from the schema. `schemas` may be NULL. */
bool telemetry_decode(struct slice payload, const struct telemetry_schemas *schemas,
                      struct batch *batch, enum telemetry_format *ret_format, struct error *err);

/* One per format. ORDER TELEMETRY_FORMAT */
bool format_json_encode(const struct batch *batch, const struct signal_schema *schema,
                        struct buf *out);
bool format_cbor_encode(const struct batch *batch, const struct signal_schema *schema,
                        struct buf *out);
bool format_compact_encode(const struct batch *batch, const struct signal_schema *schema,
                           struct buf *out);
bool format_json_decode(struct slice payload, const struct telemetry_schemas *schemas,
                        struct batch *batch, struct error *err);
bool format_cbor_decode(struct slice payload, const struct telemetry_schemas *schemas,
                        struct batch *batch, struct error *err);
bool format_compact_decode(struct slice payload, const struct telemetry_schemas *schemas,
                           struct batch *batch, struct error *err);

#endif

/*
 * Telemetry payloads: what is decoded can be written again in every format, and reads back as as
 * many samples.
 */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "telemetry/pack.h"
#include "unit/telemetry/telemetry_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever hash it has. */
static const struct signal_schema *any(void *ctx, uint32_t hash)
{
    (void)hash;
    return ctx;
}

static void write_again(const struct batch *batch, enum telemetry_format format,
                        struct signal_schema *schema)
{
    struct telemetry_schemas schemas = {any, schema};
    struct batch again = {.seq = 0};
    enum telemetry_format seen;
    struct error err;
    struct buf out;

    buf_init(&out, (size_t)8 << 20);
    if (!telemetry_encode(format, batch, schema, &out))
        abort();
    if (!telemetry_decode(buf_slice(&out), &schemas, &again, &seen, &err) || seen != format ||
        again.sample_count != batch->sample_count)
        abort();
    batch_done(&again);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct signal_schema *schema;
    struct seal_key key;
    struct unpacked u;
    struct error err;

    if (schema == NULL)
        schema = make_schema("fuzz");
    struct telemetry_schemas schemas = {any, schema};
    struct slice payload = slice_of(size != 0 ? data : NULL, size);
    if (!seal_key_parse(slice_str("000102030405060708090a0b0c0d0e0f"
                                  "101112131415161718191a1b1c1d1e1f"),
                        &key, &err))
        abort();
    if (unpack(payload, NULL, &schemas, &u, &err)) {
        write_again(&u.batch, u.format == TELEMETRY_COMPACT ? TELEMETRY_COMPACT : TELEMETRY_CBOR,
                    schema);
        if (u.batch.name_count < 100 && u.batch.seq <= INT64_MAX && u.batch.dropped <= INT64_MAX)
            write_again(&u.batch, TELEMETRY_JSON, schema);
    }
    batch_done(&u.batch);
    unpack(payload, &key, &schemas, &u, &err);
    batch_done(&u.batch);
    return 0;
}

#include "telemetry/format.h"

#include "base/hash.h"

/* ORDER TELEMETRY_FORMAT */
static const struct {
    const char *name, *content_type;
    bool (*encode)(const struct batch *batch, const struct signal_schema *schema, struct buf *out);
    bool (*decode)(struct slice payload, const struct telemetry_schemas *schemas,
                   struct batch *batch, struct error *err);
    uint8_t first, last; /* range of the first byte */
} formats[TELEMETRY_FORMAT_COUNT] = {
    {"json",    "application/json",                   format_json_encode,    format_json_decode,    '{',  '{' },
    {"cbor",    "application/cbor",                   format_cbor_encode,    format_cbor_decode,    0xa0, 0xbf},
    {"compact", "application/vnd.fleetsim.telemetry", format_compact_encode, format_compact_decode,
     'F',                                                                                                 'F' },
};

const char *telemetry_format_name(enum telemetry_format format)
{
    return format < TELEMETRY_FORMAT_COUNT ? formats[format].name : "unknown";
}

bool telemetry_format_find(struct slice name, enum telemetry_format *ret)
{
    for (unsigned i = 0; i < TELEMETRY_FORMAT_COUNT; i++)
        if (slice_is(name, formats[i].name)) {
            *ret = (enum telemetry_format)i;
            return true;
        }
    return false;
}

const char *telemetry_content_type(enum telemetry_format format)
{
    return formats[format].content_type;
}

static uint64_t add_text(uint64_t h, const char *text)
{
    return (h ^ hash_text(text)) * UINT64_C(0x100000001b3);
}

uint32_t telemetry_schema_hash(const struct signal_schema *schema)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < signal_schema_count(schema); i++) {
        const struct signal_def *def = signal_schema_def(schema, i);
        h = add_text(add_text(h, def->path), signal_type_name(def->type));
        for (size_t k = 0; k < def->value_count; k++)
            h = add_text(h, def->values[k]);
    }
    return (uint32_t)(h ^ h >> 32);
}

bool telemetry_encode(enum telemetry_format format, const struct batch *batch,
                      const struct signal_schema *schema, struct buf *out)
{
    return formats[format].encode(batch, schema, out) && !out->overflow;
}

bool telemetry_decode(struct slice payload, const struct telemetry_schemas *schemas,
                      struct batch *batch, enum telemetry_format *ret_format, struct error *err)
{
    for (unsigned i = 0; payload.len != 0 && i < TELEMETRY_FORMAT_COUNT; i++) {
        if (payload.data[0] < formats[i].first || payload.data[0] > formats[i].last)
            continue;
        *ret_format = (enum telemetry_format)i;
        if (formats[i].decode(payload, schemas, batch, err))
            return true;
        return error_prefix(err, "%s telemetry", formats[i].name);
    }
    return error_set(err, ERROR_FAILED, "not telemetry: neither JSON nor CBOR nor compact");
}

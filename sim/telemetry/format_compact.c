/*
 * The compact format: signals by their place in the model's signal table, times and values as
 * differences from those before, all as varints.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/xmem.h"
#include "telemetry/bytes.h"
#include "telemetry/format.h"

static const uint8_t magic[2] = {'F', 'T'};
enum { FLAG_CAMPAIGN = 1, FLAG_SEALED = 2, FLAGS = 3 };
/* How a float is written: with so many decimals, or as it is in memory. */
enum { DECIMALS_MAX = 7, RAW = 15 };

static const double powers[DECIMALS_MAX + 1] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};

/* What the last value of a signal was. */
struct before {
    int64_t number;
    uint8_t decimals; /* of a float */
};

/* ---- writing ---- */

/* value = *ret_number / 10^decimals, to the last bit; RAW if there is no such number. */
static uint8_t decimals_of(double value, int64_t *ret_number)
{
    for (unsigned d = 0; d <= DECIMALS_MAX; d++) {
        double scaled = round(value * powers[d]);
        if (fabs(scaled) < 0x1p53 && same_double(scaled / powers[d], value)) {
            *ret_number = (int64_t)scaled;
            return (uint8_t)d;
        }
    }
    return RAW;
}

static void put_float(struct buf *out, double value, struct before *before)
{
    int64_t number = 0;
    uint8_t decimals = decimals_of(value, &number);
    uint64_t bits;

    /* -0.0 is no integer. */
    if (number == 0 && signbit(value))
        decimals = RAW;
    put_u8(out, decimals);
    if (decimals == RAW) {
        memcpy(&bits, &value, sizeof bits);
        put_be(out, bits, 8);
        return;
    }
    int64_t from = before->decimals == decimals ? before->number : 0;
    put_varint(out, zigzag(wrap_sub(number, from)));
    *before = (struct before){number, decimals};
}

static uint64_t enum_of(const struct signal_def *def, const char *name)
{
    for (size_t i = 0; i < def->value_count; i++)
        if (strcmp(def->values[i], name) == 0)
            return i;
    return def->value_count;
}

static bool put_value(struct buf *out, const struct signal_def *def, const struct sample *s,
                      struct before *before)
{
    static const enum sample_kind kinds[SIGNAL_TYPE_COUNT] = {SAMPLE_BOOL, SAMPLE_INT, SAMPLE_FLOAT,
                                                              SAMPLE_TEXT, SAMPLE_TEXT};

    if (s->kind != kinds[def->type])
        return false;
    switch (def->type) {
    case SIGNAL_BOOL:
        put_u8(out, s->b);
        break;
    case SIGNAL_INT:
        put_varint(out, zigzag(wrap_sub(s->i, before->number)));
        before->number = s->i;
        break;
    case SIGNAL_FLOAT:
        put_float(out, s->f, before);
        break;
    case SIGNAL_ENUM:
        put_varint(out, enum_of(def, s->s));
        return enum_of(def, s->s) < def->value_count;
    case SIGNAL_STRING:
    case SIGNAL_TYPE_COUNT:
        put_text(out, slice_str(s->s));
        break;
    }
    return true;
}

static bool put_samples(struct buf *out, const struct batch *batch,
                        const struct signal_schema *schema, struct before *before)
{
    int64_t at_ms = 0;

    put_varint(out, batch->sample_count);
    for (size_t i = 0; i < batch->sample_count && !out->overflow; i++) {
        const struct sample *s = &batch->samples[i];
        int index = signal_schema_find(schema, slice_str(batch->names[s->name]));
        if (index < 0)
            return false;
        put_varint(out, zigzag(wrap_sub(s->at_ms, at_ms)));
        put_varint(out, (uint64_t)index);
        if (!put_value(out, signal_schema_def(schema, (size_t)index), s, &before[index]))
            return false;
        at_ms = s->at_ms;
    }
    return true;
}

bool format_compact_encode(const struct batch *batch, const struct signal_schema *schema,
                           struct buf *out)
{
    bool campaign = batch->campaign[0] != '\0';
    bool sealed = batch->sealed.len != 0;

    buf_append(out, magic, sizeof magic);
    put_u8(out, TELEMETRY_VERSION);
    put_u8(out, (uint8_t)((campaign ? FLAG_CAMPAIGN : 0) | (sealed ? FLAG_SEALED : 0)));
    put_be(out, telemetry_schema_hash(schema), 4);
    put_text(out, slice_str(batch->thing));
    put_varint(out, batch->seq);
    put_varint(out, batch->dropped);
    if (campaign)
        put_text(out, slice_str(batch->campaign));
    struct before *before = xcalloc(signal_schema_count(schema) + 1, sizeof *before);
    bool ok = put_samples(out, batch, schema, before);
    free(before);
    if (sealed)
        put_text(out, batch->sealed);
    return ok && !out->overflow;
}

/* ---- reading ---- */

static double get_float(struct bytes *in, struct before *before)
{
    uint8_t decimals = bytes_u8(in);
    double value = 0;

    if (decimals == RAW) {
        uint64_t bits = bytes_be(in, 8);
        memcpy(&value, &bits, sizeof value);
    } else if (decimals <= DECIMALS_MAX) {
        int64_t from = before->decimals == decimals ? before->number : 0;
        *before = (struct before){wrap_add(from, unzigzag(bytes_varint(in))), decimals};
        value = (double)before->number / powers[decimals];
    } else {
        bytes_fail(in);
    }
    if (!isfinite(value))
        bytes_fail(in);
    return value;
}

static const char *get_enum(struct bytes *in, const struct signal_def *def)
{
    uint64_t value = bytes_varint(in);

    if (value < def->value_count)
        return def->values[value];
    bytes_fail(in);
    return "";
}

static void get_value(struct bytes *in, const struct signal_def *def, struct before *before,
                      struct batch *batch, struct sample *s)
{
    switch (def->type) {
    case SIGNAL_BOOL:
        s->kind = SAMPLE_BOOL;
        s->b = bytes_u8(in) != 0;
        break;
    case SIGNAL_INT:
        s->kind = SAMPLE_INT;
        s->i = before->number = wrap_add(before->number, unzigzag(bytes_varint(in)));
        break;
    case SIGNAL_FLOAT:
        s->kind = SAMPLE_FLOAT;
        s->f = get_float(in, before);
        break;
    case SIGNAL_ENUM:
        s->kind = SAMPLE_TEXT;
        s->s = get_enum(in, def);
        break;
    case SIGNAL_STRING:
    case SIGNAL_TYPE_COUNT:
        s->kind = SAMPLE_TEXT;
        s->s = batch_text(batch, bytes_run(in, bytes_varint(in)));
        break;
    }
}

/* Names get the positions of the signal table. */
static void get_samples(struct bytes *in, const struct signal_schema *schema, struct batch *batch)
{
    size_t signals = signal_schema_count(schema);
    struct before *before = xcalloc(signals + 1, sizeof *before);
    int64_t at_ms = 0;

    for (size_t i = 0; i < signals; i++)
        batch_add_name(batch, signal_schema_def(schema, i)->path);
    for (uint64_t n = bytes_varint(in); n > 0 && !in->bad; n--) {
        at_ms = wrap_add(at_ms, unzigzag(bytes_varint(in)));
        uint64_t index = bytes_varint(in);
        if (index >= signals || in->bad) {
            bytes_fail(in);
            break;
        }
        struct sample s = {.at_ms = at_ms, .name = (uint32_t)index};
        get_value(in, signal_schema_def(schema, (size_t)index), &before[index], batch, &s);
        if (!in->bad)
            *batch_add(batch) = s;
    }
    free(before);
}

static const struct signal_schema *find_schema(const struct telemetry_schemas *schemas,
                                               uint32_t hash)
{
    return schemas != NULL ? schemas->find(schemas->ctx, hash) : NULL;
}

bool format_compact_decode(struct slice payload, const struct telemetry_schemas *schemas,
                           struct batch *batch, struct error *err)
{
    struct bytes in = bytes_of(payload);
    struct slice start = bytes_run(&in, sizeof magic);
    uint8_t version = bytes_u8(&in);
    uint8_t flags = bytes_u8(&in);
    uint32_t hash = (uint32_t)bytes_be(&in, 4);

    if (in.bad || !slice_equal(start, slice_of(magic, sizeof magic)) ||
        version != TELEMETRY_VERSION || (flags & ~FLAGS) != 0)
        return error_set(err, ERROR_FAILED, "not version %d of it", TELEMETRY_VERSION);
    const struct signal_schema *schema = find_schema(schemas, hash);
    if (schema == NULL)
        return error_set(err, ERROR_FAILED,
                         "no model has the signal table %08x (load the model that sent it)", hash);
    bool ok = batch_set_thing(batch, bytes_run(&in, bytes_varint(&in)));
    batch->seq = bytes_varint(&in);
    batch->dropped = bytes_varint(&in);
    if (flags & FLAG_CAMPAIGN)
        ok = batch_set_campaign(batch, bytes_run(&in, bytes_varint(&in))) && ok;
    get_samples(&in, schema, batch);
    if (flags & FLAG_SEALED)
        batch->sealed = batch_bytes(batch, bytes_run(&in, bytes_varint(&in)));
    if (in.bad || !ok)
        return error_set(err, ERROR_FAILED, "cut short, or not of this form");
    return bytes_left(&in) == 0 || error_set(err, ERROR_FAILED, "bytes after its end");
}

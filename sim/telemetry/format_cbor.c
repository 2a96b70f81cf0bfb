/*
 * The CBOR format (RFC 8949). Written in its core deterministic encoding (section 4.2.1): shortest
 * heads, definite lengths, keys in ascending order, floats as short as they keep their value.
 * Written by hand: it takes seven kinds of items, and a library would bring its own tree.
 */
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "telemetry/bytes.h"
#include "telemetry/format.h"

/* Major types, RFC 8949, section 3.1. */
enum { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };
enum { FALSE_ = 20, TRUE_ = 21, HALF = 25, SINGLE = 26, DOUBLE = 27 };
/* Keys of the map. */
enum {
    KEY_VERSION,
    KEY_THING,
    KEY_SEQ,
    KEY_TIME,
    KEY_DROPPED,
    KEY_CAMPAIGN,
    KEY_NAMES,
    KEY_SAMPLES,
    KEY_SEALED,
    KEY_COUNT
};

/* ---- writing ---- */

static void put_head(struct buf *out, unsigned major, uint64_t n)
{
    static const unsigned sizes[] = {1, 2, 4, 8};
    unsigned k = n > UINT32_MAX ? 3 : n > UINT16_MAX ? 2 : n > UINT8_MAX ? 1 : 0;

    if (n < 24) {
        put_u8(out, (uint8_t)(major << 5 | n));
        return;
    }
    put_u8(out, (uint8_t)(major << 5 | (24 + k)));
    put_be(out, n, sizes[k]);
}

static void put_int(struct buf *out, int64_t n)
{
    if (n >= 0)
        put_head(out, UNSIGNED, (uint64_t)n);
    else
        put_head(out, NEGATIVE, ~(uint64_t)n);
}

static void put_string(struct buf *out, const char *text)
{
    struct slice s = slice_str(text);

    /* A text must be UTF-8; what is not goes out as far as it is. */
    s.len = json_utf8_prefix(s);
    put_head(out, TEXT, s.len);
    buf_append_slice(out, s);
}

static double half_value(uint16_t half)
{
    int exponent = half >> 10 & 31;
    int fraction = half & 0x3ff;
    double value = exponent == 0 ? ldexp(fraction, -24) : ldexp(fraction + 1024, exponent - 25);

    if (exponent == 31)
        value = fraction == 0 ? (double)INFINITY : (double)NAN;
    return half & 0x8000 ? -value : value;
}

/* The half that has this value; false if none has. */
static bool half_of(double value, uint16_t *ret)
{
    int exponent = 0;
    double magnitude = fabs(value);
    double fraction = frexp(magnitude, &exponent); /* 0.5 ≤ fraction < 1, or 0 */
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    uint16_t bits = 0;

    if (exponent > 16)
        return false;
    if (exponent >= -13)
        bits =
            (uint16_t)((unsigned)(exponent + 14) << 10 | ((unsigned)ldexp(fraction, 11) & 0x3ff));
    if (fraction > 0 && exponent < -13)
        bits = (uint16_t)ldexp(magnitude, 24);
    if (!(fraction > 0))
        bits = 0;
    *ret = sign | bits;
    return same_double(half_value(*ret), value);
}

static void put_float(struct buf *out, double value)
{
    float single = (float)value;
    uint16_t half = 0;
    uint32_t bits4;
    uint64_t bits8;

    if (half_of(value, &half)) {
        put_u8(out, SIMPLE << 5 | HALF);
        put_be(out, half, 2);
    } else if (same_double((double)single, value)) {
        memcpy(&bits4, &single, sizeof bits4);
        put_u8(out, SIMPLE << 5 | SINGLE);
        put_be(out, bits4, 4);
    } else {
        memcpy(&bits8, &value, sizeof bits8);
        put_u8(out, SIMPLE << 5 | DOUBLE);
        put_be(out, bits8, 8);
    }
}

static void put_value(struct buf *out, const struct sample *s)
{
    switch (s->kind) {
    case SAMPLE_BOOL:
        put_u8(out, (uint8_t)(SIMPLE << 5 | (s->b ? TRUE_ : FALSE_)));
        break;
    case SAMPLE_INT:
        put_int(out, s->i);
        break;
    case SAMPLE_FLOAT:
        put_float(out, s->f);
        break;
    case SAMPLE_TEXT:
    case SAMPLE_KIND_COUNT:
        put_string(out, s->s);
        break;
    }
}

static void put_samples(struct buf *out, const struct batch *batch)
{
    int64_t before = batch->sample_count != 0 ? batch->samples[0].at_ms : 0;

    put_head(out, ARRAY, batch->sample_count * 3);
    for (size_t i = 0; i < batch->sample_count && !out->overflow; i++) {
        const struct sample *s = &batch->samples[i];
        put_int(out, wrap_sub(s->at_ms, before));
        put_head(out, UNSIGNED, s->name);
        put_value(out, s);
        before = s->at_ms;
    }
}

bool format_cbor_encode(const struct batch *batch, const struct signal_schema *schema,
                        struct buf *out)
{
    bool campaign = batch->campaign[0] != '\0';
    bool sealed = batch->sealed.len != 0;

    (void)schema;
    put_head(out, MAP, 6u + (batch->dropped != 0) + campaign + sealed);
    put_head(out, UNSIGNED, KEY_VERSION);
    put_head(out, UNSIGNED, TELEMETRY_VERSION);
    put_head(out, UNSIGNED, KEY_THING);
    put_string(out, batch->thing);
    put_head(out, UNSIGNED, KEY_SEQ);
    put_head(out, UNSIGNED, batch->seq);
    put_head(out, UNSIGNED, KEY_TIME);
    put_int(out, batch->sample_count != 0 ? batch->samples[0].at_ms : 0);
    if (batch->dropped != 0) {
        put_head(out, UNSIGNED, KEY_DROPPED);
        put_head(out, UNSIGNED, batch->dropped);
    }
    if (campaign) {
        put_head(out, UNSIGNED, KEY_CAMPAIGN);
        put_string(out, batch->campaign);
    }
    put_head(out, UNSIGNED, KEY_NAMES);
    put_head(out, ARRAY, batch->name_count);
    for (size_t i = 0; i < batch->name_count; i++)
        put_string(out, batch->names[i]);
    put_head(out, UNSIGNED, KEY_SAMPLES);
    put_samples(out, batch);
    if (sealed) {
        put_head(out, UNSIGNED, KEY_SEALED);
        put_head(out, BYTES, batch->sealed.len);
        buf_append_slice(out, batch->sealed);
    }
    return !out->overflow;
}

/* ---- reading ---- */

struct head {
    unsigned major, info;
    uint64_t n;
};

/* Definite lengths only: info 31 is bad, as are 28 to 30. */
static struct head get_head(struct bytes *in)
{
    uint8_t byte = bytes_u8(in);
    struct head h = {.major = byte >> 5, .info = byte & 31u};

    h.n = h.info;
    if (h.info > 27)
        bytes_fail(in);
    else if (h.info >= 24)
        h.n = bytes_be(in, 1u << (h.info - 24));
    return h;
}

static uint64_t get_major(struct bytes *in, unsigned major)
{
    struct head h = get_head(in);

    if (h.major != major)
        bytes_fail(in);
    return in->bad ? 0 : h.n;
}

static int64_t int_of(struct bytes *in, struct head h)
{
    if (h.major > NEGATIVE || h.n > INT64_MAX) {
        bytes_fail(in);
        return 0;
    }
    return h.major == NEGATIVE ? -1 - (int64_t)h.n : (int64_t)h.n;
}

static struct slice get_text(struct bytes *in, unsigned major)
{
    struct slice s = bytes_run(in, get_major(in, major));

    if (major == TEXT && !json_is_utf8(s))
        bytes_fail(in);
    return s;
}

static double float_of(struct head h)
{
    uint32_t bits4 = (uint32_t)h.n;
    float single;
    double value;

    if (h.info == HALF)
        return half_value((uint16_t)h.n);
    if (h.info == SINGLE) {
        memcpy(&single, &bits4, sizeof single);
        return (double)single;
    }
    memcpy(&value, &h.n, sizeof value);
    return value;
}

static void get_simple(struct bytes *in, struct head h, struct sample *s)
{
    if (h.info == FALSE_ || h.info == TRUE_) {
        s->kind = SAMPLE_BOOL;
        s->b = h.info == TRUE_;
        return;
    }
    s->kind = SAMPLE_FLOAT;
    s->f = h.info >= HALF && h.info <= DOUBLE ? float_of(h) : (double)NAN;
    if (!isfinite(s->f))
        bytes_fail(in);
}

static void get_value(struct bytes *in, struct batch *batch, struct sample *s)
{
    struct bytes before = *in;
    struct head h = get_head(in);

    if (h.major == SIMPLE) {
        get_simple(in, h, s);
    } else if (h.major == TEXT) {
        *in = before;
        s->kind = SAMPLE_TEXT;
        s->s = batch_text(batch, get_text(in, TEXT));
    } else {
        s->kind = SAMPLE_INT;
        s->i = int_of(in, h);
    }
}

static void get_names(struct bytes *in, struct batch *batch)
{
    for (uint64_t n = get_major(in, ARRAY); n > 0 && !in->bad; n--)
        batch_add_name(batch, batch_text(batch, get_text(in, TEXT)));
}

static void get_samples(struct bytes *in, struct batch *batch, int64_t at_ms)
{
    uint64_t items = get_major(in, ARRAY);

    if (items % 3 != 0)
        bytes_fail(in);
    for (; items > 0 && !in->bad; items -= 3) {
        at_ms = wrap_add(at_ms, int_of(in, get_head(in)));
        uint64_t name = get_major(in, UNSIGNED);
        struct sample s = {.at_ms = at_ms, .name = (uint32_t)name};
        get_value(in, batch, &s);
        if (name >= batch->name_count)
            bytes_fail(in);
        if (!in->bad)
            *batch_add(batch) = s;
    }
}

static void get_member(struct bytes *in, uint64_t key, struct batch *batch, int64_t *time)
{
    switch (key) {
    case KEY_VERSION:
        if (get_major(in, UNSIGNED) != TELEMETRY_VERSION)
            bytes_fail(in);
        break;
    case KEY_THING:
        if (!batch_set_thing(batch, get_text(in, TEXT)))
            bytes_fail(in);
        break;
    case KEY_SEQ:
        batch->seq = get_major(in, UNSIGNED);
        break;
    case KEY_TIME:
        *time = int_of(in, get_head(in));
        break;
    case KEY_DROPPED:
        batch->dropped = get_major(in, UNSIGNED);
        break;
    case KEY_CAMPAIGN:
        if (!batch_set_campaign(batch, get_text(in, TEXT)))
            bytes_fail(in);
        break;
    case KEY_NAMES:
        get_names(in, batch);
        break;
    case KEY_SAMPLES:
        get_samples(in, batch, *time);
        break;
    case KEY_SEALED:
        batch->sealed = batch_bytes(batch, get_text(in, BYTES));
        break;
    default:
        bytes_fail(in);
    }
}

bool format_cbor_decode(struct slice payload, const struct telemetry_schemas *schemas,
                        struct batch *batch, struct error *err)
{
    struct bytes in = bytes_of(payload);
    unsigned seen = 0;
    int64_t time = 0;
    const unsigned needed = 1u << KEY_VERSION | 1u << KEY_THING | 1u << KEY_SEQ | 1u << KEY_TIME |
                            1u << KEY_NAMES | 1u << KEY_SAMPLES;

    (void)schemas;
    for (uint64_t n = get_major(&in, MAP); n > 0 && !in.bad; n--) {
        uint64_t key = get_major(&in, UNSIGNED);
        /* Each once, in ascending order: samples come after what they refer to. */
        if (key >= KEY_COUNT || (seen >> key) != 0)
            return error_set(err, ERROR_FAILED, "a key that is unknown or out of order");
        seen |= 1u << key;
        get_member(&in, key, batch, &time);
    }
    if (in.bad)
        return error_set(err, ERROR_FAILED, "cut short, or not of this form");
    if ((seen & needed) != needed)
        return error_set(err, ERROR_FAILED, "a part is missing");
    return bytes_left(&in) == 0 || error_set(err, ERROR_FAILED, "bytes after its end");
}

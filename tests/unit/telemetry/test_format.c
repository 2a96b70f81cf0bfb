/* The three formats: what goes in comes out; known bytes; nothing that is broken is taken. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"
#include "telemetry/format.h"
#include "unit/telemetry/telemetry_schema.h"

static const struct signal_schema *known(void *ctx, uint32_t hash)
{
    const struct signal_schema *schema = ctx;

    return telemetry_schema_hash(schema) == hash ? schema : NULL;
}

static int make(void **state)
{
    *state = make_schema("tester");
    return *state == NULL;
}

static int end(void **state)
{
    signal_schema_free(*state);
    return 0;
}

static double random_float(struct rng *rng)
{
    static const double special[] = {
        0,       -0.0,   0.5,    -2,      65504,   5.960464477539063e-8,
        1e-300,  1e300,  0.1,    1.0 / 3, 48.1374, 3.4028234663852886e38,
        0x1p-24, 0x1p53, -273.15};
    uint64_t what = rng_below(rng, 3);

    if (what == 0)
        return special[rng_below(rng, sizeof special / sizeof *special)];
    double value = (rng_unit(rng) - 0.5) * 1e6;
    return what == 1 ? round(value * 10) / 10 : value;
}

static int64_t random_int(struct rng *rng)
{
    int64_t value = (int64_t)rng_next(rng);

    return value >> rng_below(rng, 64);
}

static void add_random(struct batch *b, const struct signal_schema *schema, int64_t at_ms,
                       struct rng *rng)
{
    static const char *const texts[] = {"", "plain", "\"quoted\\\"\n", "Grüße 🚗", "\x01\x1f"};
    const struct signal_def *def = signal_schema_def(schema, rng_below(rng, SIGNALS));
    struct sample s = {.at_ms = at_ms, .name = batch_name(b, def->path)};

    switch (def->type) {
    case SIGNAL_BOOL:
        s.kind = SAMPLE_BOOL;
        s.b = rng_below(rng, 2) != 0;
        break;
    case SIGNAL_INT:
        s.kind = SAMPLE_INT;
        s.i = random_int(rng);
        break;
    case SIGNAL_FLOAT:
        s.kind = SAMPLE_FLOAT;
        s.f = random_float(rng);
        break;
    case SIGNAL_ENUM:
        s.kind = SAMPLE_TEXT;
        s.s = lock_values[rng_below(rng, 3)];
        break;
    case SIGNAL_STRING:
    case SIGNAL_TYPE_COUNT:
        s.kind = SAMPLE_TEXT;
        s.s = texts[rng_below(rng, 5)];
        break;
    }
    *batch_add(b) = s;
}

static void make_random(struct batch *b, const struct signal_schema *schema, struct rng *rng)
{
    int64_t at_ms = (int64_t)rng_below(rng, 4000000000000);
    uint8_t sealed[40];

    *b = (struct batch){.seq = rng_next(rng) >> (1 + rng_below(rng, 63)),
                        .dropped = rng_below(rng, 3) * rng_below(rng, 1000)};
    batch_set_thing(b, slice_str("FLEET0001"));
    if (rng_below(rng, 2) != 0)
        batch_set_campaign(b, slice_str("speeding-1"));
    for (uint64_t n = rng_below(rng, 60); n > 0; n--) {
        add_random(b, schema, at_ms, rng);
        at_ms += rng_below(rng, 4) == 0 ? (int64_t)rng_below(rng, 100000) - 1000 : 0;
    }
    for (size_t i = 0; i < sizeof sealed; i++)
        sealed[i] = (uint8_t)rng_next(rng);
    if (rng_below(rng, 2) != 0)
        b->sealed = batch_bytes(b, slice_of(sealed, rng_below(rng, sizeof sealed)));
}

static bool same_value(const struct sample *a, const struct sample *b, enum telemetry_format format)
{
    bool numbers = a->kind == SAMPLE_FLOAT && b->kind == SAMPLE_INT;

    /* JSON writes 1.0 as 1. */
    if (numbers && format == TELEMETRY_JSON)
        return !islessgreater(a->f, (double)b->i);
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case SAMPLE_BOOL:
        return a->b == b->b;
    case SAMPLE_INT:
        return a->i == b->i;
    case SAMPLE_FLOAT:
        return memcmp(&a->f, &b->f, sizeof a->f) == 0;
    case SAMPLE_TEXT:
    case SAMPLE_KIND_COUNT:
        break;
    }
    return strcmp(a->s, b->s) == 0;
}

static void require_same(const struct batch *a, const struct batch *b, enum telemetry_format format)
{
    assert_string_equal(a->thing, b->thing);
    assert_string_equal(a->campaign, b->campaign);
    assert_true(a->seq == b->seq && a->dropped == b->dropped);
    assert_true(slice_equal(a->sealed, b->sealed));
    assert_int_equal(a->sample_count, b->sample_count);
    for (size_t i = 0; i < a->sample_count; i++) {
        const struct sample *x = &a->samples[i];
        const struct sample *y = &b->samples[i];
        assert_true(x->at_ms == y->at_ms);
        assert_string_equal(a->names[x->name], b->names[y->name]);
        if (!same_value(x, y, format))
            fail_msg("%s: sample %zu (%s) differs", telemetry_format_name(format), i,
                     a->names[x->name]);
    }
}

static void round_trip(void **state)
{
    struct signal_schema *schema = *state;
    struct telemetry_schemas schemas = {known, schema};
    struct rng rng;

    rng_init(&rng, 7, 1);
    for (unsigned turn = 0; turn < 600; turn++) {
        enum telemetry_format format = turn % TELEMETRY_FORMAT_COUNT;
        enum telemetry_format seen;
        struct batch out = {.seq = 0};
        struct batch in;
        struct error err;
        struct buf bytes;
        make_random(&in, schema, &rng);
        buf_init(&bytes, 1 << 20);
        assert_true(telemetry_encode(format, &in, schema, &bytes));
        if (!telemetry_decode(buf_slice(&bytes), &schemas, &out, &seen, &err))
            fail_msg("%s", err.text);
        assert_int_equal(seen, format);
        require_same(&in, &out, format);
        batch_done(&in);
        batch_done(&out);
        buf_done(&bytes);
    }
}

/* The hexadecimal digits of the block of docs/telemetry.md that begins so: what stands left of each
   line's explanation. */
static char *documented(const char *beginning)
{
    static char text[65536];
    struct buf hex;
    FILE *file = fopen(SOURCE_DIR "/docs/telemetry.md", "re");

    assert_non_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    const char *at = strstr(text, beginning);
    assert_non_null(at);
    buf_init(&hex, 4096);
    while (*at != '`') {
        at += strspn(at, " ");
        for (; isxdigit(*at) || (at[0] == ' ' && at[1] != ' '); at++)
            if (*at != ' ')
                buf_append(&hex, at, 1);
        at = strchr(at, '\n') + 1;
    }
    char *copy = strdup(buf_cstr(&hex));
    buf_done(&hex);
    return copy;
}

/* The example of docs/telemetry.md. */
static void example(struct batch *b)
{
    const struct {
        int64_t at_ms;
        const char *name;
        struct sample value;
    } samples[] = {
        {1768203000000, "driving.speed",    {.kind = SAMPLE_FLOAT, .f = 53.2}   },
        {1768203000000, "locks.all",        {.kind = SAMPLE_TEXT, .s = "locked"}},
        {1768203001000, "driving.speed",    {.kind = SAMPLE_FLOAT, .f = 53.5}   },
        {1768203001000, "doors.open",       {.kind = SAMPLE_BOOL, .b = true}    },
        {1768203001500, "driving.odometer", {.kind = SAMPLE_INT, .i = 12345}    },
    };

    *b = (struct batch){.seq = 7};
    batch_set_thing(b, slice_str("CAR1"));
    batch_set_campaign(b, slice_str("c"));
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct sample *s = batch_add(b);
        *s = samples[i].value;
        s->at_ms = samples[i].at_ms;
        s->name = batch_name(b, samples[i].name);
    }
}

static void require_bytes(enum telemetry_format format, const struct signal_schema *schema,
                          const char *beginning)
{
    char *hex = documented(beginning);
    struct batch b;
    struct buf bytes;
    struct buf text;

    example(&b);
    buf_init(&bytes, 4096);
    buf_init(&text, 4096);
    assert_true(telemetry_encode(format, &b, schema, &bytes));
    for (size_t i = 0; i < buf_len(&bytes); i++)
        buf_printf(&text, "%02x", buf_data(&bytes)[i]);
    assert_string_equal(buf_cstr(&text), hex);
    free(hex);
    buf_done(&text);
    buf_done(&bytes);
    batch_done(&b);
}

static void known_bytes(void **state)
{
    struct batch b;
    struct buf bytes;

    example(&b);
    buf_init(&bytes, 4096);
    assert_true(telemetry_encode(TELEMETRY_JSON, &b, *state, &bytes));
    assert_string_equal(
        buf_cstr(&bytes),
        "{\"v\":1,\"thing\":\"CAR1\",\"seq\":7,\"campaign\":\"c\",\"samples\":["
        "{\"time\":1768203000000,\"signals\":{\"driving.speed\":53.2,\"locks.all\":\"locked\"}},"
        "{\"time\":1768203001000,\"signals\":{\"driving.speed\":53.5,\"doors.open\":true}},"
        "{\"time\":1768203001500,\"signals\":{\"driving.odometer\":12345}}]}");
    buf_done(&bytes);
    batch_done(&b);
    require_bytes(TELEMETRY_CBOR, *state, "a7     ");
    require_bytes(TELEMETRY_COMPACT, *state, "46 54 01 01");
}

static void floats_are_as_short_as_they_can(void **state)
{
    static const struct {
        double value;
        size_t len; /* of the item, RFC 8949, appendix A */
    } cases[] = {
        {0.0,                   3},
        {-0.0,                  3},
        {1.5,                   3},
        {65504.0,               3},
        {100000.0,              5},
        {3.4028234663852886e38, 5},
        {1.1,                   9},
        {5.960464477539063e-8,  3},
        {0.00006103515625,      3},
        {-4.1,                  9},
        {-4.0,                  3},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct batch b = {.seq = 0};
        struct batch none = {.seq = 0};
        struct buf with;
        struct buf without;
        batch_name(&b, "x");
        batch_name(&none, "x");
        *batch_add(&b) = (struct sample){.kind = SAMPLE_FLOAT, .f = cases[i].value};
        buf_init(&with, 1000);
        buf_init(&without, 1000);
        assert_true(telemetry_encode(TELEMETRY_CBOR, &b, *state, &with));
        assert_true(telemetry_encode(TELEMETRY_CBOR, &none, *state, &without));
        assert_int_equal(buf_len(&with) - buf_len(&without), cases[i].len + 2);
        buf_done(&with);
        buf_done(&without);
        batch_done(&b);
        batch_done(&none);
    }
}

/* Every prefix, and every byte changed. */
static void broken_bytes(void **state)
{
    struct telemetry_schemas schemas = {known, *state};
    struct error err;

    for (unsigned f = 0; f < TELEMETRY_FORMAT_COUNT; f++) {
        struct batch b;
        struct buf bytes;
        enum telemetry_format seen;
        example(&b);
        buf_init(&bytes, 4096);
        assert_true(telemetry_encode(f, &b, *state, &bytes));
        for (size_t len = 0; len < buf_len(&bytes); len++) {
            struct batch out = {.seq = 0};
            assert_false(
                telemetry_decode(slice_of(buf_data(&bytes), len), &schemas, &out, &seen, &err));
            batch_done(&out);
        }
        for (size_t i = 0; i < buf_len(&bytes) * 256; i++) {
            struct batch out = {.seq = 0};
            uint8_t *at = &buf_data(&bytes)[i / 256];
            uint8_t before = *at;
            *at = (uint8_t)i;
            telemetry_decode(buf_slice(&bytes), &schemas, &out, &seen, &err);
            *at = before;
            batch_done(&out);
        }
        buf_done(&bytes);
        batch_done(&b);
    }
}

static void another_model(void **state)
{
    struct telemetry_schemas none = {known, *state};
    struct batch b;
    struct batch out = {.seq = 0};
    struct error err;
    struct buf bytes;
    enum telemetry_format seen;

    example(&b);
    buf_init(&bytes, 4096);
    assert_true(telemetry_encode(TELEMETRY_COMPACT, &b, *state, &bytes));
    buf_data(&bytes)[4] ^= 1;
    assert_false(telemetry_decode(buf_slice(&bytes), &none, &out, &seen, &err));
    assert_non_null(strstr(err.text, "no model has the signal table"));
    assert_false(telemetry_decode(buf_slice(&bytes), NULL, &out, &seen, &err));
    batch_done(&out);
    buf_done(&bytes);
    batch_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),
        cmocka_unit_test(known_bytes),
        cmocka_unit_test(floats_are_as_short_as_they_can),
        cmocka_unit_test(broken_bytes),
        cmocka_unit_test(another_model),
    };

    return cmocka_run_group_tests(tests, make, end);
}

/* Sealing, compression, and both together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "telemetry/deflate.h"
#include "telemetry/pack.h"
#include "unit/telemetry/telemetry_schema.h"

#define KEY   "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define OTHER "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static struct seal_key key_of(const char *hex)
{
    struct seal_key key;
    struct error err;

    assert_true(seal_key_parse(slice_str(hex), &key, &err));
    return key;
}

static void keys(void **state)
{
    static const char *const bad[] = {"", "00", KEY "0", "g" KEY, KEY KEY, " "};
    struct seal_key key;
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(seal_key_parse(slice_str(bad[i]), &key, &err));
    assert_true(seal_key_parse(slice_str(" " KEY "\n"), &key, &err));
    struct seal_key other = key_of(OTHER);
    assert_memory_not_equal(key.id, other.id, sizeof key.id);
    assert_memory_not_equal(key.cipher, key.nonce, sizeof key.cipher);
}

static void key_files(void **state)
{
    char path[] = "/tmp/fleetsim-key-XXXXXX";
    int fd = mkstemp(path);
    struct seal_key key;
    struct error err;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, KEY "\n", 65), 65);
    assert_true(seal_key_load(path, &key, &err));
    assert_int_equal(fchmod(fd, 0640), 0);
    assert_false(seal_key_load(path, &key, &err));
    assert_non_null(strstr(err.text, "chmod 600"));
    close(fd);
    unlink(path);
    assert_false(seal_key_load(path, &key, &err));
    assert_false(seal_key_load("/tmp", &key, &err));
}

static void sealed_bytes(void **state)
{
    struct seal_key key = key_of(KEY);
    struct seal_key other = key_of(OTHER);
    struct slice plain = slice_str("latitude 48.1374");
    struct buf one;
    struct buf two;
    struct buf out;
    struct error err;

    (void)state;
    buf_init(&one, 1000);
    buf_init(&two, 1000);
    buf_init(&out, 1000);
    assert_true(seal(&key, "CAR1", 7, plain, &one));
    assert_int_equal(buf_len(&one), 1 + 4 + 12 + plain.len + 16);
    assert_true(seal(&key, "CAR1", 7, plain, &two));
    assert_true(slice_equal(buf_slice(&one), buf_slice(&two)));
    assert_true(seal_open(&key, "CAR1", 7, buf_slice(&one), &out, &err));
    assert_true(slice_equal(buf_slice(&out), plain));

    assert_false(seal_open(&other, "CAR1", 7, buf_slice(&one), &out, &err));
    assert_non_null(strstr(err.text, "another key"));
    assert_false(seal_open(&key, "CAR2", 7, buf_slice(&one), &out, &err));
    assert_false(seal_open(&key, "CAR1", 8, buf_slice(&one), &out, &err));
    for (size_t i = 0; i < buf_len(&one); i++) {
        buf_data(&one)[i] ^= 0x10;
        assert_false(seal_open(&key, "CAR1", 7, buf_slice(&one), &out, &err));
        buf_data(&one)[i] ^= 0x10;
        assert_false(seal_open(&key, "CAR1", 7, slice_of(buf_data(&one), i), &out, &err));
    }
    assert_int_equal(buf_len(&out), plain.len);
    buf_done(&one);
    buf_done(&two);
    buf_done(&out);
}

/* Another car, another number, another text: another nonce. */
static void nonces(void **state)
{
    struct seal_key key = key_of(KEY);
    const struct {
        const char *thing;
        uint64_t seq;
        const char *plain;
    } cases[] = {
        {"A", 1, "x"},
        {"B", 1, "x"},
        {"A", 2, "x"},
        {"A", 1, "y"},
        {"A", 1, "" },
    };
    enum { COUNT = 5 };
    uint8_t seen[COUNT][SEAL_NONCE_LEN];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct buf out;
        buf_init(&out, 1000);
        assert_true(seal(&key, cases[i].thing, cases[i].seq, slice_str(cases[i].plain), &out));
        memcpy(seen[i], buf_data(&out) + 5, SEAL_NONCE_LEN);
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(seen[i], seen[k], SEAL_NONCE_LEN);
        buf_done(&out);
    }
}

static void compression(void **state)
{
    struct buf bomb;
    struct buf packed;
    struct buf out;
    struct error err;

    (void)state;
    buf_init(&bomb, 4 << 20);
    buf_init(&packed, 4 << 20);
    buf_init(&out, 4 << 20);
    memset(buf_reserve(&bomb, 2 << 20), 'a', 2 << 20);
    buf_commit(&bomb, 100000);
    assert_true(deflate_bytes(buf_slice(&bomb), &packed));
    assert_true(deflate_is(buf_slice(&packed)));
    assert_true(inflate_bytes(buf_slice(&packed), &out, &err));
    assert_true(slice_equal(buf_slice(&out), buf_slice(&bomb)));
    for (size_t len = 0; len < buf_len(&packed); len++)
        assert_false(inflate_bytes(slice_of(buf_data(&packed), len), &out, &err));

    buf_clear(&packed);
    buf_clear(&out);
    buf_commit(&bomb, (2 << 20) - 100000);
    assert_true(deflate_bytes(buf_slice(&bomb), &packed));
    assert_false(inflate_bytes(buf_slice(&packed), &out, &err));
    assert_true(buf_len(&out) <= INFLATE_MAX + 16384);
    buf_done(&bomb);
    buf_done(&packed);
    buf_done(&out);
}

static const struct signal_schema *known(void *ctx, uint32_t hash)
{
    (void)hash;
    return ctx;
}

static void try_pack(enum telemetry_format format, bool deflate, struct signal_schema *schema)
{
    struct telemetry_schemas schemas = {known, schema};
    struct seal_key key = key_of(KEY);
    struct seal_key other = key_of(OTHER);
    struct pack_options options = {
        .format = format, .schema = schema, .deflate = deflate, .key = &key};
    struct batch open = {.seq = 3};
    struct batch secret = {.seq = 0};
    struct unpacked u;
    struct error err;
    struct buf out;
    bool deflated = false;

    batch_set_thing(&open, slice_str("CAR1"));
    for (int64_t i = 0; i < 40; i++)
        *batch_add(&open) = (struct sample){.at_ms = i * 1000,
                                            .name = batch_name(&open, "driving.odometer"),
                                            .kind = SAMPLE_INT,
                                            .i = 1000 + i};
    *batch_add(&secret) = (struct sample){
        .at_ms = 5, .name = batch_name(&secret, "note"), .kind = SAMPLE_TEXT, .s = "secretive"};
    buf_init(&out, PACK_MAX);
    assert_true(pack(&options, &open, &secret, &out, &deflated));
    assert_null(memmem(buf_data(&out), buf_len(&out), "secretive", 9));
    assert_true(!deflate || format != TELEMETRY_JSON || deflated);

    assert_true(unpack(buf_slice(&out), NULL, &schemas, &u, &err));
    assert_true(u.sealed && u.format == format && u.deflated == deflated);
    assert_int_equal(u.batch.sample_count, 40);
    batch_done(&u.batch);
    assert_true(unpack(buf_slice(&out), &key, &schemas, &u, &err));
    assert_int_equal(u.batch.sample_count, 41);
    assert_string_equal(u.batch.samples[40].s, "secretive");
    assert_string_equal(u.batch.names[u.batch.samples[40].name], "note");
    batch_done(&u.batch);
    assert_false(unpack(buf_slice(&out), &other, &schemas, &u, &err));
    batch_done(&u.batch);
    buf_done(&out);
    batch_done(&open);
    batch_done(&secret);
}

static void packing(void **state)
{
    struct signal_schema *schema = make_schema("tester");

    (void)state;
    for (unsigned f = 0; f < TELEMETRY_FORMAT_COUNT; f++) {
        try_pack(f, false, schema);
        try_pack(f, true, schema);
    }
    signal_schema_free(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),   cmocka_unit_test(key_files),   cmocka_unit_test(sealed_bytes),
        cmocka_unit_test(nonces), cmocka_unit_test(compression), cmocka_unit_test(packing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

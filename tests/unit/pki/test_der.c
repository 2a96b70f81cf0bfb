#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pki/der.h"

static void test_lengths(void **state)
{
    (void)state;
    static const struct {
        size_t content;
        uint8_t head[5];
        size_t head_len;
    } cases[] = {
        {0,    {0x04, 0x00},             2},
        {127,  {0x04, 0x7f},             2},
        {128,  {0x04, 0x81, 0x80},       3},
        {255,  {0x04, 0x81, 0xff},       3},
        {256,  {0x04, 0x82, 0x01, 0x00}, 4},
        {1000, {0x04, 0x82, 0x03, 0xe8}, 4},
    };
    static const uint8_t content[1000];
    uint8_t bytes[1010];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct der d;
        der_init(&d, bytes, sizeof bytes);
        der_value(&d, DER_OCTET_STRING, slice_of(content, cases[i].content));
        struct slice got = der_since(&d, sizeof bytes);
        assert_false(d.overflow);
        assert_int_equal(got.len, cases[i].head_len + cases[i].content);
        assert_memory_equal(got.data, cases[i].head, cases[i].head_len);
    }
}

static void test_overflow_is_remembered(void **state)
{
    (void)state;
    uint8_t bytes[4] = {0};
    struct der d;

    der_init(&d, bytes, sizeof bytes);
    der_raw(&d, slice_str("abc"));
    assert_false(d.overflow);
    der_raw(&d, slice_str("de"));
    assert_true(d.overflow);
    der_byte(&d, 0xff); /* would fit, but the whole is lost */
    assert_int_equal(bytes[0], 0);
    assert_int_equal(der_since(&d, sizeof bytes).len, 3);
}

static void test_times(void **state)
{
    (void)state;
    static const struct {
        int64_t when;
        const char *expected; /* NULL: cannot be said */
    } cases[] = {
        {0,                     "\x17\x0d"
            "700101000000Z"                                          },
        {INT64_C(1735689600),   "\x17\x0d"
                              "250101000000Z"      },
        {INT64_C(2524607999),   "\x17\x0d"
                              "491231235959Z"      },
        {INT64_C(2524608000),   "\x18\x0f"
                              "20500101000000Z"    },
        {INT64_C(-631152000),   "\x17\x0d"
                              "500101000000Z"      },
        {INT64_C(-631152001),   NULL                                            },
        {INT64_C(253402300799), "\x18\x0f"
                                "99991231235959Z"},
        {INT64_C(253402300800), NULL                                            },
        {INT64_MAX,             NULL                                            },
        {INT64_MIN,             NULL                                            },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t bytes[32];
        struct der d;
        der_init(&d, bytes, sizeof bytes);
        der_time(&d, cases[i].when);
        assert_int_equal(d.overflow, cases[i].expected == NULL);
        if (cases[i].expected != NULL)
            assert_true(slice_is(der_since(&d, sizeof bytes), cases[i].expected));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_overflow_is_remembered),
        cmocka_unit_test(test_times),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

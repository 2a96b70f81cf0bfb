/* Signals of CAN frames by the rules of decoder manifests (contract 9.3: "decoder_manifests ←";
   physical value = raw value * factor + offset). */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "fleetwise/can.h"

static void values_by_rules(void **state)
{
    static const uint8_t frame[8] = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0};
    static const struct {
        struct can_rule rule;
        double value;
    } cases[] = {
  /* little-endian */
        {{.start_bit = 0, .length = 8, .factor = 1},                                             0x12             },
        {{.start_bit = 0, .length = 16, .factor = 1},                                            0x3412           },
        {{.start_bit = 4, .length = 12, .factor = 1},                                            0x341            },
        {{.start_bit = 7, .length = 1, .factor = 1},                                             0                },
        {{.start_bit = 9, .length = 3, .factor = 1},                                             2                },
        {{.start_bit = 8, .length = 16, .factor = 0.5, .offset = -40},                           0x5634 * 0.5 - 40},
        {{.start_bit = 32, .length = 8, .factor = 1, .is_signed = true},                         -102             },
        {{.start_bit = 60, .length = 4, .factor = -2, .is_signed = true},                        2                },
 /* big-endian: the lowest bit is where it starts, the rest is before it */
        {{.start_bit = 8, .length = 16, .factor = 1, .is_big_endian = true},                     0x1234           },
        {{.start_bit = 24, .length = 24, .factor = 1, .is_big_endian = true},                    0x345678         },
        {{.start_bit = 12, .length = 12, .factor = 1, .is_big_endian = true},                    0x123            },
        {{.start_bit = 56, .length = 16, .factor = 1, .is_big_endian = true, .is_signed = true},
         -8464                                                                                                    },
        {{.start_bit = 56, .length = 64, .factor = 1, .is_big_endian = true},
         (double)0x123456789abcdef0                                                                               },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err;
        if (!can_rule_fits(&cases[i].rule, sizeof frame, &err))
            fail_msg("%zu: %s", i, err.text);
        double seen = can_decode(frame, &cases[i].rule);
        if (seen != cases[i].value)
            fail_msg("%zu: %g, not %g", i, seen, cases[i].value);
        /* Written where it was read it changes nothing, but for what a double cannot keep. */
        uint8_t again[8];
        memcpy(again, frame, sizeof again);
        can_encode(again, &cases[i].rule, seen);
        if (cases[i].rule.length <= 53)
            assert_memory_equal(again, frame, sizeof again);
    }
}

static void assert_reads(const uint8_t *frame, const struct can_rule *rule, double expected)
{
    double seen = can_decode(frame, rule);

    if (!(fabs(seen - expected) < 1e-9))
        fail_msg("%g, not %g", seen, expected);
}

static void values_that_do_not_fit_are_the_nearest(void **state)
{
    static const struct can_rule speed = {.start_bit = 3, .length = 10, .factor = 0.1},
                                 cold = {.start_bit = 24,
                                         .length = 8,
                                         .factor = 1,
                                         .is_signed = true},
                                 whole = {.length = 64, .factor = 1},
                                 flat = {.length = 8, .factor = 0, .offset = 7};
    uint8_t frame[8] = {0};

    (void)state;
    can_encode(frame, &speed, 49.96);
    assert_reads(frame, &speed, 50.0);
    can_encode(frame, &speed, 1000);
    assert_reads(frame, &speed, 102.3);
    assert_int_equal(frame[0] & 7, 0);
    can_encode(frame, &speed, -1);
    assert_reads(frame, &speed, 0);
    can_encode(frame, &cold, -1000);
    assert_reads(frame, &cold, -128);
    can_encode(frame, &cold, 1000);
    assert_reads(frame, &cold, 127);
    can_encode(frame, &cold, (double)NAN);
    assert_reads(frame, &cold, 0);
    can_encode(frame, &whole, 1e30);
    assert_reads(frame, &whole, 18446744073709551615.0);
    can_encode(frame, &flat, 9);
    assert_int_equal(frame[0], 0);
    assert_reads(frame, &flat, 7);
}

static void rules_that_are_none(void **state)
{
    static const struct {
        const char *json;
        size_t frame_len;
        const char *why;
    } cases[] = {
        {"[]",                                                     8,  "a rule is a table"                             },
        {"{\"start_bit\":\"0\"}",                                  8,  "start_bit: not a number"                       },
        {"{\"start_bit\":-1}",                                     8,  "start_bit: not a number of bits"               },
        {"{\"length\":1.5}",                                       8,  "length: not a number of bits"                  },
        {"{\"length\":8,\"factor\":\"1\"}",                        8,  "factor: not a number"                          },
        {"{\"start_bit\":0}",                                      8,  "length 0: not 1 to 64 bits"                    },
        {"{\"length\":65}",                                        8,  "length 65: not 1 to 64 bits"                   },
        {"{\"start_bit\":57,\"length\":8}",                        8,  "8 bits from bit 57 (little-endian) lie outside"},
        {"{\"start_bit\":64,\"length\":1,\"is_big_endian\":true}", 8,
         "lie outside of a frame of 8 bytes"                                                                           },
        {"{\"start_bit\":8,\"length\":17,\"is_big_endian\":true}", 8,
         "17 bits from bit 8 (big-endian)"                                                                             },
        {"{\"start_bit\":4294967295,\"length\":64}",               64, "lie outside of a frame of 64 bytes"            },
        {"{\"length\":8,\"factor\":1e308}",                        8,
         "factor 1e+308 and offset 0 make values of 8 bits that are no numbers"                                        },
        {"{\"length\":8,\"factor\":1e305,\"offset\":-1.79e308}",   8,  "that are no numbers"                           },
        {"{\"length\":1}",                                         0,  "lie outside of a frame of 0 bytes"             },
        {"{\"length\":1}",                                         65, "a frame of 65 bytes: more than 64"             },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *object = json_parse(slice_str(cases[i].json), 4);
        struct can_rule rule;
        struct error err;
        assert_non_null(object);
        bool ok =
            can_rule_read(object, &rule, &err) && can_rule_fits(&rule, cases[i].frame_len, &err);
        if (ok || strstr(err.text, cases[i].why) == NULL)
            fail_msg("%s: %s", cases[i].json, ok ? "taken" : err.text);
        cJSON_Delete(object);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_by_rules),
        cmocka_unit_test(values_that_do_not_fit_are_the_nearest),
        cmocka_unit_test(rules_that_are_none),
    };

    return cmocka_run_group_tests_name("fleetwise/can", tests, NULL, NULL);
}

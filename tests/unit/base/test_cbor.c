/* CBOR: the examples of RFC 8949, appendix A, that JSON can say, and what it cannot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cbor.h"
#include "base/json.h"

struct example {
    const char *hex;
    const char *json; /* NULL: refused */
    bool back;        /* writing the JSON makes these very bytes */
};

static size_t from_hex(const char *hex, uint8_t *ret)
{
    size_t n = 0;

    for (; hex[0] != '\0'; hex += 2) {
        const char digits[] = {hex[0], hex[1], '\0'};
        ret[n++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return n;
}

static const struct example examples[] = {
    {"00",                         "0",                     true },
    {"17",                         "23",                    true },
    {"1818",                       "24",                    true },
    {"1903e8",                     "1000",                  true },
    {"1a000f4240",                 "1000000",               true },
    {"1b000000e8d4a51000",         "1000000000000",         true },
    {"20",                         "-1",                    true },
    {"3903e7",                     "-1000",                 true },
    {"f93c00",                     "1",                     false},
    {"fb3ff199999999999a",         "1.1",                   true },
    {"fa47c35000",                 "100000",                false},
    {"f4",                         "false",                 true },
    {"f5",                         "true",                  true },
    {"f6",                         "null",                  true },
    {"f7",                         "null",                  false},
    {"c11a514b67b0",               "1363896240",            false}, /* tagged */
    {"60",                         "\"\"",                  true },
    {"6449455446",                 "\"IETF\"",              true },
    {"62c3bc",                     "\"\\u00fc\"",           true },
    {"80",                         "[]",                    true },
    {"83010203",                   "[1,2,3]",               true },
    {"8301820203820405",           "[1,[2,3],[4,5]]",       true },
    {"a0",                         "{}",                    true },
    {"a26161016162820203",         "{\"a\":1,\"b\":[2,3]}", true },
    {"826161a161626163",           "[\"a\",{\"b\":\"c\"}]", true },
    {"7f657374726561646d696e67ff", "\"streaming\"",         false},
    {"9fff",                       "[]",                    false},
    {"9f018202039f0405ffff",       "[1,[2,3],[4,5]]",       false},
    {"83018202039f0405ff",         "[1,[2,3],[4,5]]",       false},
    {"bf61610161629f0203ffff",     "{\"a\":1,\"b\":[2,3]}", false},
    {"a1bf",                       NULL,                    false},
    {"f97c00",                     NULL,                    false}, /* Infinity */
    {"f97e00",                     NULL,                    false}, /* NaN */
    {"4401020304",                 NULL,                    false}, /* bytes */
    {"5f42010243030405ff",         NULL,                    false},
    {"a201020304",                 NULL,                    false}, /* keys that are numbers */
    {"6161ff",                     NULL,                    false}, /* something behind it */
    {"ff",                         NULL,                    false},
    {"",                           NULL,                    false},
    {"8301",                       NULL,                    false}, /* cut off */
    {"9bffffffffffffffff",         NULL,                    false}, /* a length to be believed */
    {"bbffffffffffffffff",         NULL,                    false},
    {"7bffffffffffffffff61",       NULL,                    false},
    {"62c328",                     NULL,                    false}, /* no UTF-8 */
    {"6100",                       NULL,                    false}, /* NUL */
    {"bf6161ff",                   NULL,                    false}, /* a key without a value */
    {"7f7f6161ffff",               NULL,                    false}, /* a text in chunks of chunks */
    {"1c",                         NULL,                    false}, /* reserved */
};

static void appendix_a(void **state)
{
    uint8_t bytes[64];

    (void)state;
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        const struct example *e = &examples[i];
        size_t len = from_hex(e->hex, bytes), back_len = 0;
        cJSON *got = cbor_parse(slice_of(bytes, len), 8);
        if (e->json == NULL) {
            if (got != NULL)
                fail_msg("%s was taken", e->hex);
            continue;
        }
        cJSON *expected = cJSON_Parse(e->json);
        if (got == NULL || !json_equal(got, expected))
            fail_msg("%s is not %s", e->hex, e->json);
        uint8_t *back = cbor_write(expected, &back_len);
        if (e->back && (back_len != len || memcmp(back, bytes, len) != 0))
            fail_msg("%s was written otherwise", e->json);
        free(back);
        cJSON_Delete(got);
        cJSON_Delete(expected);
    }
}

/* Arrays in arrays, one more than allowed. */
static void depth_is_bounded(void **state)
{
    uint8_t bytes[66];

    (void)state;
    memset(bytes, 0x81, sizeof bytes);
    for (int depth = 1; depth <= 64; depth *= 2) {
        bytes[depth] = 0x01;
        cJSON *item = cbor_parse(slice_of(bytes, (size_t)depth + 1), depth);
        assert_non_null(item);
        cJSON_Delete(item);
        assert_null(cbor_parse(slice_of(bytes, (size_t)depth + 1), depth - 1));
        bytes[depth] = 0x81;
    }
}

/* Every document of JSON that is cut short anywhere is refused. */
static void cut_short(void **state)
{
    cJSON *item = cJSON_Parse("{\"text\":\"a long one, longer than 24 bytes\",\"list\":[1,-70000,"
                              "2.5,null,true,{\"deep\":{\"er\":[]}}]}");
    size_t len = 0;
    uint8_t *bytes = cbor_write(item, &len);

    (void)state;
    for (size_t n = 0; n < len; n++)
        assert_null(cbor_parse(slice_of(bytes, n), 16));
    cJSON *back = cbor_parse(slice_of(bytes, len), 16);
    assert_true(json_equal(back, item));
    cJSON_Delete(back);
    cJSON_Delete(item);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appendix_a),
        cmocka_unit_test(depth_is_bounded),
        cmocka_unit_test(cut_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

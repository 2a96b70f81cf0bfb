/* Snappy as the data of a scheme is sent in (contract 9.3: "optionally snappy-compressed where the
   scheme says so"), by the format's own description, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fleetwise/compress.h"

static void assert_uncompresses(struct slice bytes, const char *expected)
{
    struct error err;
    size_t len;
    uint8_t *plain = fleetwise_uncompress(bytes, &len, &err);

    if (plain == NULL)
        fail_msg("%s", err.text);
    assert_int_equal(len, strlen(expected));
    assert_memory_equal(plain, expected, len);
    free(plain);
}

/* Length 9; 3 bytes as they are; 6 bytes from 3 before. */
static void bytes_of_the_format(void **state)
{
    static const uint8_t bytes[] = {9, 2 << 2, 'a', 'b', 'c', 1 | 2 << 2, 3};

    (void)state;
    assert_uncompresses(slice_of(bytes, sizeof bytes), "abcabcabc");
    assert_uncompresses(slice_of("\0", 1), "");
}

static void what_is_compressed_comes_back(void **state)
{
    char text[5001];
    struct error err;
    size_t len, again;

    (void)state;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "charge"[i % 6];
    text[5000] = '\0';
    for (size_t size = 0; size <= 5000; size += 1250) {
        uint8_t *bytes = fleetwise_compress(slice_of(text, size), &len);
        assert_non_null(bytes);
        uint8_t *plain = fleetwise_uncompress(slice_of(bytes, len), &again, &err);
        assert_non_null(plain);
        assert_int_equal(again, size);
        assert_memory_equal(plain, text, size);
        assert_true(size == 0 || len < size / 4);
        free(plain);
        free(bytes);
    }
}

static void what_is_no_snappy_is_said(void **state)
{
    static const struct {
        const char *bytes;
        size_t len;
        const char *why;
    } cases[] = {
        {"",                           0,  "does not begin with a length"},
        {"\xff\xff\xff\xff\xff\xff",   6,  "does not begin with a length"},
        {"\xff\xff\xff\xff\x0f\0",     6,  "more than 4194304"           },
        {"\x09\x08"
         "ab",                4,  "corrupt, or cut short"       },
        {"\x09\x08"
         "abc\x09\x04",       7,  "corrupt, or cut short"       }, /* from before the start */
        {"\x0a\x08"
         "abc\x09\x03",       7,  "corrupt, or cut short"       }, /* another length */
        {"no protobuf, and no snappy", 26, "corrupt, or cut short"       },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err;
        size_t len;
        assert_null(fleetwise_uncompress(slice_of(cases[i].bytes, cases[i].len), &len, &err));
        if (strstr(err.text, cases[i].why) == NULL)
            fail_msg("%zu: %s", i, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_the_format),
        cmocka_unit_test(what_is_compressed_comes_back),
        cmocka_unit_test(what_is_no_snappy_is_said),
    };

    return cmocka_run_group_tests_name("fleetwise/compress", tests, NULL, NULL);
}

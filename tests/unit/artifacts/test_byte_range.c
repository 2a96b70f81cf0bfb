/* Ranges of a file (RFC 9110, section 14). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "artifacts/byte_range.h"

static void expect(const char *header, enum byte_range_kind kind, uint64_t from, uint64_t count)
{
    struct byte_range range;

    if (byte_range_read(header, 1000, &range) != kind)
        fail_msg("%s", header);
    assert_int_equal(range.from, from);
    assert_int_equal(range.count, count);
}

static void test_parts(void **state)
{
    (void)state;
    expect("bytes=0-", BYTE_RANGE_PART, 0, 1000);
    expect("bytes=400-", BYTE_RANGE_PART, 400, 600);
    expect("bytes=400-499", BYTE_RANGE_PART, 400, 100);
    expect("bytes=400-400", BYTE_RANGE_PART, 400, 1);
    expect("bytes=400-99999", BYTE_RANGE_PART, 400, 600);
    expect("bytes=0-18446744073709551615", BYTE_RANGE_PART, 0, 1000);
    expect("bytes=-100", BYTE_RANGE_PART, 900, 100);
    expect("bytes=-5000", BYTE_RANGE_PART, 0, 1000);
}

static void test_nothing_of_it(void **state)
{
    struct byte_range range;

    (void)state;
    expect("bytes=1000-", BYTE_RANGE_NONE, 0, 1000);
    expect("bytes=99999999999999999999999-", BYTE_RANGE_NONE, 0, 1000);
    expect("bytes=-0", BYTE_RANGE_NONE, 0, 1000);
    assert_int_equal(byte_range_read("bytes=0-", 0, &range), BYTE_RANGE_NONE);
    assert_int_equal(byte_range_read("bytes=-1", 0, &range), BYTE_RANGE_NONE);
}

static void test_what_is_no_range_is_ignored(void **state)
{
    static const char *const headers[] = {"",          "bytes",      "bytes=",     "bytes=-",
                                          "bytes=a-",  "bytes=1",    "bytes=5-4",  "bytes=0-1,5-6",
                                          "lines=0-1", "bytes= 0-1", "bytes=+1-2", "bytes=1--2"};

    (void)state;
    expect(NULL, BYTE_RANGE_WHOLE, 0, 1000);
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        expect(headers[i], BYTE_RANGE_WHOLE, 0, 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_nothing_of_it),
        cmocka_unit_test(test_what_is_no_range_is_ignored),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

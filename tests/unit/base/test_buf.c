#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/rng.h"

static void grows_up_to_its_ceiling(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 1000);
    assert_null(b.data);
    assert_int_equal(buf_len(&b), 0);
    assert_null(buf_data(&b));
    for (int i = 0; i < 100; i++)
        assert_true(buf_append(&b, "0123456789", 10));
    assert_false(b.overflow);
    assert_false(buf_append(&b, "x", 1));
    assert_true(b.overflow);
    assert_int_equal(buf_len(&b), 1000);
    assert_true(buf_append(&b, "", 0));
    assert_null(buf_reserve(&b, SIZE_MAX));
    /* The NUL of a text does not count. */
    assert_int_equal(strlen(buf_cstr(&b)), 1000);
    buf_clear(&b);
    assert_false(b.overflow);
    assert_string_equal(buf_cstr(&b), "");
    buf_done(&b);
    assert_true(buf_append_str(&b, "again"));
    assert_true(slice_is(buf_slice(&b), "again"));
    buf_done(&b);
}

static void prints_up_to_its_ceiling(void **state)
{
    static const size_t lengths[] = {0, 1, 255, 256, 257, 1000};

    (void)state;
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct buf b;
        int n = (int)lengths[i];
        buf_init(&b, lengths[i] + 3);
        assert_true(buf_append_str(&b, "abc"));
        assert_true(buf_printf(&b, "%*s", n, ""));
        assert_int_equal(buf_len(&b), lengths[i] + 3);
        assert_false(buf_printf(&b, "%s", "x"));
        assert_false(buf_printf(&b, "%300s", "x"));
        assert_int_equal(buf_len(&b), lengths[i] + 3);
        assert_int_equal(strlen(buf_cstr(&b)), lengths[i] + 3);
        buf_done(&b);
    }
}

/* Random appends and consumes against a plain array. */
static void behaves_like_a_queue_of_bytes(void **state)
{
    static uint8_t model[1 << 20];
    size_t start = 0, end = 0;
    struct rng rng;
    struct buf b;

    (void)state;
    rng_init(&rng, 3, 0);
    buf_init(&b, 5000);
    while (end < sizeof model - 2000) {
        size_t n = (size_t)rng_below(&rng, 2000);
        uint64_t what = rng_below(&rng, 4);
        if (what == 0) {
            n = n < end - start ? n : end - start;
            buf_consume(&b, n);
            start += n;
        } else if (what == 1) {
            assert_string_equal(buf_cstr(&b) + buf_len(&b), "");
        } else {
            for (size_t i = 0; i < n; i++)
                model[end + i] = (uint8_t)rng_next(&rng);
            bool fits = end - start + n <= 5000;
            uint8_t *room = buf_reserve(&b, n);
            assert_int_equal(room != NULL, fits);
            if (fits) {
                if (n != 0)
                    memcpy(room, model + end, n);
                buf_commit(&b, n);
                end += n;
            }
        }
        assert_true(slice_equal(buf_slice(&b), slice_of(model + start, end - start)));
    }
    buf_done(&b);
}

static void gives_back_its_end(void **state)
{
    struct buf b;

    (void)state;
    buf_init(&b, 6);
    buf_truncate(&b, 0);
    assert_true(buf_append_str(&b, "abcdef"));
    buf_consume(&b, 1);
    assert_false(buf_append_str(&b, "gh"));
    buf_truncate(&b, 3);
    assert_false(b.overflow);
    assert_string_equal(buf_cstr(&b), "bcd");
    assert_true(buf_append_str(&b, "xyz"));
    assert_string_equal(buf_cstr(&b), "bcdxyz");
    buf_done(&b);
}

static void slices_compare(void **state)
{
    (void)state;
    assert_true(slice_equal(slice_of(NULL, 0), slice_str("")));
    assert_true(slice_equal(slice_str(NULL), slice_str("")));
    assert_true(slice_is(slice_of("abcd", 3), "abc"));
    assert_false(slice_is(slice_str("abc"), "abd"));
    assert_false(slice_is(slice_str("abc"), "ab"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_up_to_its_ceiling),
        cmocka_unit_test(prints_up_to_its_ceiling),
        cmocka_unit_test(behaves_like_a_queue_of_bytes),
        cmocka_unit_test(gives_back_its_end),
        cmocka_unit_test(slices_compare),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

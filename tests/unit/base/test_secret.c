/* Secrets are compared as a whole, and no two are made alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/secret.h"

static void equal_as_a_whole(void **state)
{
    struct slice secret = slice_str("0123456789abcdef");

    (void)state;
    assert_true(secret_equal(slice_str("0123456789abcdef"), secret));
    assert_false(secret_equal(slice_str("0123456789abcdeF"), secret));
    assert_false(secret_equal(slice_str("0123456789abcde"), secret));
    assert_false(secret_equal(slice_str("0123456789abcdef0123456789abcdef"), secret));
    assert_false(secret_equal(slice_of(NULL, 0), secret));
    /* What was never set must let nobody in. */
    assert_false(secret_equal(slice_of(NULL, 0), slice_of(NULL, 0)));
}

static void made_anew_each_time(void **state)
{
    char a[SECRET_SIZE], b[SECRET_SIZE];
    struct error err;

    (void)state;
    assert_true(secret_make(a, &err));
    assert_true(secret_make(b, &err));
    assert_int_equal(strlen(a), SECRET_SIZE - 1);
    assert_int_equal(strspn(a, "0123456789abcdef"), SECRET_SIZE - 1);
    assert_string_not_equal(a, b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_as_a_whole),
        cmocka_unit_test(made_anew_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

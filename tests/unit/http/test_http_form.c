#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "http/http_form.h"

static void fields_are_decoded(void **state)
{
    struct http_form form;

    (void)state;
    assert_true(
        http_form_read(slice_str("To=%2B999+12&Body=a%3db=c&&empty=&alone&To=x&bad=%zz%4"), &form));
    assert_int_equal(form.count, 6);
    assert_string_equal(http_form_get(&form, "To"), "+999 12");
    assert_string_equal(http_form_get(&form, "Body"), "a=b=c");
    assert_string_equal(http_form_get(&form, "empty"), "");
    assert_string_equal(http_form_get(&form, "alone"), "");
    assert_string_equal(http_form_get(&form, "bad"), "%zz%4");
    assert_null(http_form_get(&form, "to"));
    http_form_done(&form);
    assert_true(http_form_read(slice_of(NULL, 0), &form));
    assert_int_equal(form.count, 0);
    http_form_done(&form);
}

static void too_many_and_zero_bytes_are_refused(void **state)
{
    char many[2 * (HTTP_FORM_FIELDS + 1) + 1] = "";
    struct http_form form;

    (void)state;
    assert_false(http_form_read(slice_str("a=b%00c"), &form));
    assert_false(http_form_read(slice_str("a%00=b"), &form));
    assert_false(http_form_read(slice_of("a\0=b", 4), &form));
    for (size_t i = 0; i <= HTTP_FORM_FIELDS; i++)
        memcpy(many + 2 * i, "a&", 2);
    assert_false(http_form_read(slice_of(many, 2 * (HTTP_FORM_FIELDS + 1)), &form));
    assert_true(http_form_read(slice_of(many, (size_t)2 * HTTP_FORM_FIELDS), &form));
    http_form_done(&form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_decoded),
        cmocka_unit_test(too_many_and_zero_bytes_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * Sessions between connections: each is given out once, and there are never too many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <openssl/ssl.h>

#include "net/resume.h"

static void test_given_out_once(void **state)
{
    struct resume r = {0};
    SSL_SESSION *a = SSL_SESSION_new(), *b = SSL_SESSION_new();

    (void)state;
    assert_null(resume_take(&r, 1));
    resume_put(&r, 1, a);
    resume_put(&r, 2, b);
    assert_null(resume_take(&r, 3));
    assert_ptr_equal(resume_take(&r, 1), a);
    assert_null(resume_take(&r, 1));
    SSL_SESSION_free(a);
    resume_put(&r, 2, SSL_SESSION_new()); /* b is gone */
    assert_int_equal(r.count, 1);
    resume_done(&r);
    assert_int_equal(r.count, 0);
    resume_done(&r);
}

static void test_many(void **state)
{
    struct resume r = {0};
    SSL_SESSION *one = SSL_SESSION_new();

    (void)state;
    for (uint64_t key = 0; key < RESUME_MAX + 100; key++) {
        SSL_SESSION_up_ref(one);
        resume_put(&r, key << 20, one);
    }
    assert_int_equal(r.count, RESUME_MAX);
    for (uint64_t key = 0; key < RESUME_MAX + 100; key++) {
        SSL_SESSION *s = resume_take(&r, key << 20);
        assert_ptr_equal(s, key < RESUME_MAX ? one : NULL);
        SSL_SESSION_free(s);
    }
    assert_int_equal(r.count, 0);
    resume_done(&r);
    SSL_SESSION_free(one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_given_out_once),
        cmocka_unit_test(test_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

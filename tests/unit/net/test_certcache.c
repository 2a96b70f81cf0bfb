/* The cache of shared certificates: same in, same out, and never more than its size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "net/certcache.h"
#include "support/fake_certs.h"

static void test_intern(void **state)
{
    struct certcache cache = {0};
    struct fake_cert one = fake_cert_make(&(struct fake_request){.name = "one", .to_days = 1});
    struct slice der = slice_of(one.der, one.der_len);

    (void)state;
    X509 *first = certcache_parse(&cache, der), *second = certcache_parse(&cache, der);
    assert_non_null(first);
    assert_ptr_equal(first, second);
    assert_ptr_equal(certcache_intern(&cache, one.cert), first);
    assert_null(certcache_parse(&cache, slice_of(one.der, one.der_len - 1)));
    assert_null(certcache_parse(&cache, slice_of(NULL, 0)));
    certcache_done(&cache);
    /* Users may outlive the cache. */
    assert_int_equal(X509_cmp(first, one.cert), 0);
    X509_free(first);
    X509_free(second);
    fake_cert_free(&one);
}

static void test_overflow(void **state)
{
    struct certcache cache = {0};
    X509 *kept[CERTCACHE_SIZE + 3];

    (void)state;
    for (size_t i = 0; i < CERTCACHE_SIZE + 3; i++) {
        char name[16];
        snprintf(name, sizeof name, "car %zu", i);
        struct fake_cert c = fake_cert_make(&(struct fake_request){.name = name, .to_days = 1});
        kept[i] = certcache_parse(&cache, slice_of(c.der, c.der_len));
        assert_int_equal(X509_cmp(kept[i], c.cert), 0);
        fake_cert_free(&c);
    }
    certcache_done(&cache);
    for (size_t i = 0; i < CERTCACHE_SIZE + 3; i++)
        X509_free(kept[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intern),
        cmocka_unit_test(test_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

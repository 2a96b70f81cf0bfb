/* Endpoints: what may be written, and how names become addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "net/endpoint.h"

static void test_good(void **state)
{
    static const struct {
        const char *url, *host;
        unsigned port;
        bool tls, numeric;
    } cases[] = {
        {"mqtts://broker.example:8884", "broker.example", 8884,  true,  false},
        {"mqtts://broker.example",      "broker.example", 8883,  true,  false},
        {"mqtts://broker.example/",     "broker.example", 8883,  true,  false},
        {"ssl://broker.example:443/",   "broker.example", 443,   true,  false},
        {"mqtt://127.0.0.1",            "127.0.0.1",      1883,  false, true },
        {"tcp://10.0.0.1:65535",        "10.0.0.1",       65535, false, true },
        {"broker.example:1",            "broker.example", 1,     true,  false},
        {"broker",                      "broker",         8883,  true,  false},
        {"mqtts://[::1]:8883",          "::1",            8883,  true,  true },
        {"[fe80::1]",                   "fe80::1",        8883,  true,  true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct endpoint *e = endpoint_new(cases[i].url, NULL);
        assert_non_null(e);
        assert_string_equal(endpoint_host(e), cases[i].host);
        assert_int_equal(endpoint_port(e), cases[i].port);
        assert_int_equal(endpoint_is_tls(e), cases[i].tls);
        assert_int_equal(endpoint_is_numeric(e), cases[i].numeric);
        assert_int_equal(endpoint_count(e), cases[i].numeric ? 1 : 0);
        endpoint_free(e);
    }
}

static void test_bad(void **state)
{
    static const char *const urls[] = {
        "",
        ":8883",
        "mqtts://",
        "host:",
        "host:0",
        "host:65536",
        "host:-1",
        "host:12x",
        "host: 1",
        "[::1",
        "[]:1",
        "[::1]x",
        "mqtts://h/path",
        "http://h:80/",
        "mqtts://:1",
        "host:18446744073709551617",
    };

    (void)state;
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct error err = {0};
        if (endpoint_new(urls[i], &err) != NULL)
            fail_msg("\"%s\" was taken", urls[i]);
        assert_int_equal(err.code, ERROR_USAGE);
        assert_non_null(strstr(err.text, "mqtts://host:port"));
    }
}

struct waiting {
    struct endpoint_waiter waiter;
    struct loop *loop;
    int called;
    bool ok;
    char text[512];
};

static void on_found(void *arg, const struct error *failure)
{
    struct waiting *w = arg;

    w->called++;
    w->ok = failure == NULL;
    if (failure != NULL)
        memcpy(w->text, failure->text, sizeof w->text);
    loop_stop(w->loop);
}

static void wait_for(struct endpoint *e, struct loop *loop, struct waiting *w)
{
    *w = (struct waiting){
        .loop = loop, .waiter = {.fn = on_found, .arg = w}
    };
    endpoint_lookup(e, loop, &w->waiter);
    assert_int_equal(w->called, 0);
}

static void test_lookup(void **state)
{
    struct loop *loop = loop_new();
    struct endpoint *e = endpoint_new("mqtt://localhost:1883", NULL);
    struct waiting one, two, gone;

    (void)state;
    wait_for(e, loop, &one);
    wait_for(e, loop, &two);
    wait_for(e, loop, &gone);
    endpoint_cancel(&gone.waiter);
    endpoint_cancel(&gone.waiter);
    while (one.called == 0 || two.called == 0)
        loop_run(loop);
    assert_true(one.ok && two.ok);
    assert_int_equal(gone.called, 0);
    assert_true(endpoint_count(e) >= 1);
    assert_true(endpoint_at(e, 0)->len > 0);
    /* Distrust so soon after a lookup changes nothing. */
    endpoint_distrust(e);
    assert_true(endpoint_count(e) >= 1);
    endpoint_free(e);
    loop_free(loop);
}

static void test_lookup_fails(void **state)
{
    struct loop *loop = loop_new();
    struct endpoint *e = endpoint_new("nothing.invalid", NULL);
    struct waiting w;
    struct error err = {0};

    (void)state;
    wait_for(e, loop, &w);
    while (w.called == 0)
        loop_run(loop);
    assert_false(w.ok);
    assert_non_null(strstr(w.text, "nothing.invalid"));
    assert_false(endpoint_resolve(e, &err));
    assert_int_equal(err.code, ERROR_TARGET);
    endpoint_free(e);
    loop_free(loop);
}

static void test_freed_under_way(void **state)
{
    struct loop *loop = loop_new();
    struct endpoint *e = endpoint_new("localhost", NULL);
    struct waiting w;

    (void)state;
    wait_for(e, loop, &w);
    endpoint_free(e);
    loop_free(loop);
    assert_int_equal(w.called, 0);
    assert_null(w.waiter.link);
    endpoint_free(NULL);
}

static void test_resolve(void **state)
{
    struct endpoint *e = endpoint_new("localhost", NULL);
    struct error err;

    (void)state;
    assert_true(endpoint_resolve(e, &err));
    assert_true(endpoint_count(e) >= 1);
    assert_true(endpoint_resolve(e, &err));
    endpoint_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_lookup_fails),
        cmocka_unit_test(test_freed_under_way),
        cmocka_unit_test(test_resolve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

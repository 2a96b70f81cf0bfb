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
        "ws://h:80path",
        "wss://h/a b",
        "wss://h/a#b",
        "ws:///mqtt",
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

static void test_websocket(void **state)
{
    static const struct {
        const char *url, *standard, *path, *authority;
    } cases[] = {
        {"wss://h",              "wss://h:443/mqtt",     "/mqtt", "h"         },
        {"ws://h",               "ws://h:80/mqtt",       "/mqtt", "h"         },
        {"wss://h:8443/",        "wss://h:8443/",        "/",     "h:8443"    },
        {"ws://[::1]:8080/a?b",  "ws://[::1]:8080/a?b",  "/a?b",  "[::1]:8080"},
        {"wss://[::1]:443/mqtt", "wss://[::1]:443/mqtt", "/mqtt", "[::1]"     },
        {"h",                    "mqtts://h:8883",       NULL,    "h"         },
        {"tcp://h:1/",           "mqtt://h:1",           NULL,    "h:1"       },
        {"ssl://[::1]",          "mqtts://[::1]:8883",   NULL,    "[::1]"     },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct endpoint *e = endpoint_new(cases[i].url, NULL);
        assert_non_null(e);
        assert_string_equal(endpoint_url(e), cases[i].standard);
        assert_string_equal(endpoint_authority(e), cases[i].authority);
        if (cases[i].path == NULL)
            assert_null(endpoint_path(e));
        else
            assert_string_equal(endpoint_path(e), cases[i].path);
        assert_ptr_equal(endpoint_next(e), e);
        endpoint_free(e);
    }
}

/* Each address once, those not reached of late last, and not always the same one first. */
static void test_pick(void **state)
{
    struct endpoint *e = endpoint_new("mqtt://localhost:1883", NULL);
    uint32_t firsts = 0;
    struct error err;
    size_t index = 0;

    (void)state;
    assert_false(endpoint_pick(e, 0, &index));
    assert_true(endpoint_resolve(e, &err));
    size_t count = endpoint_known(e);
    for (size_t round = 0; round < 8; round++) {
        uint32_t tried = 0;
        for (size_t i = 0; i < count; i++) {
            assert_true(endpoint_pick(e, tried, &index));
            assert_int_equal(tried & (uint32_t)1 << index, 0);
            if (i == 0)
                firsts |= (uint32_t)1 << index;
            tried |= (uint32_t)1 << index;
        }
        assert_false(endpoint_pick(e, tried, &index));
    }
    assert_int_not_equal(firsts, 0);
    for (size_t bad = 0; count > 1 && bad < count; bad++) {
        endpoint_report(e, bad, false);
        for (size_t i = 0; i < 2 * count; i++) {
            assert_true(endpoint_pick(e, 0, &index));
            assert_int_not_equal(index, bad);
        }
        endpoint_report(e, bad, true);
    }
    endpoint_report(e, 31, false);
    endpoint_free(e);
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
        cmocka_unit_test(test_websocket),
        cmocka_unit_test(test_pick),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_lookup_fails),
        cmocka_unit_test(test_freed_under_way),
        cmocka_unit_test(test_resolve),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "http/http_address.h"

static void what_names_no_host_is_the_loopback(void **state)
{
    static const struct {
        const char *text, *is;
        bool loopback;
    } cases[] = {
        {":9464",            "127.0.0.1:9464",   true },
        {"9464",             "127.0.0.1:9464",   true },
        {":0",               "127.0.0.1:0",      true },
        {"localhost:65535",  "127.0.0.1:65535",  true },
        {"127.0.0.2:1",      "127.0.0.2:1",      true },
        {"[::1]:9464",       "[::1]:9464",       true },
        {"0.0.0.0:9464",     "0.0.0.0:9464",     false},
        {"[::]:9464",        "[::]:9464",        false},
        {"192.0.2.7:80",     "192.0.2.7:80",     false},
        {"[2001:db8::7]:80", "[2001:db8::7]:80", false},
    };
    struct http_address a;
    struct error err;
    char text[HTTP_ADDRESS_TEXT];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(http_address_parse(cases[i].text, &a, &err));
        http_address_text(&a, text);
        assert_string_equal(text, cases[i].is);
        assert_int_equal(http_address_is_loopback(&a), cases[i].loopback);
    }
}

static void anything_else_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        ":",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "::1:9464",
        "host:9464",
        "127.0.0.1:x",
        "127.0.0.1:-1",
        "[::1:9464",
        "999.1.1.1:1",
        "[]x:1",
        "http://127.0.0.1:9464",
        "0000000000000000000000000000000000000000000000000000:1",
    };
    struct http_address a;
    struct error err;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (http_address_parse(bad[i], &a, &err))
            fail_msg("%s was taken", bad[i]);
        assert_int_equal(err.code, ERROR_USAGE);
        assert_non_null(strstr(err.text, ":9464"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_names_no_host_is_the_loopback),
        cmocka_unit_test(anything_else_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/http_guard.h"

#define TOKEN "0123456789abcdef"

static void the_header_shows_it(void **state)
{
    static const struct {
        const char *header;
        bool aws;
        const char *shown;
    } cases[] = {
        {"Bearer abc",                                                   false, "abc"},
        {"bearer   abc",                                                 false, "abc"},
        {"Bearer",                                                       false, ""   },
        {"Bearer ",                                                      false, ""   },
        {"Bearerabc",                                                    false, ""   },
        {"Basic YTpi",                                                   true,  ""   },
        {"AWS4-HMAC-SHA256 Credential=abc/20261129/eu/sns/aws4_request", true,  "abc"},
        {"AWS4-HMAC-SHA256 SignedHeaders=host, Credential=abc/x",        true,  "abc"},
        {"AWS4-HMAC-SHA256 Credential=abc/x",                            false, ""   },
        {"AWS4-HMAC-SHA256 ",                                            true,  ""   },
        {NULL,                                                           true,  ""   },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!slice_is(http_shown_token(cases[i].header, cases[i].aws), cases[i].shown))
            fail_msg("%s", cases[i].header);
}

static void a_name_is_no_number(void **state)
{
    static const char *const numbers[] = {"127.0.0.1",   "127.0.0.1:9465", "localhost",
                                          "LocalHost:1", "[::1]:9465",     "[::1]",
                                          "10.0.0.7:80"};
    static const char *const names[] = {"",
                                        "evil.example",
                                        "evil.example:9465",
                                        "127.0.0.1.evil.example",
                                        "localhost.",
                                        "[::1",
                                        "localhost:80@evil.example",
                                        "127.0.0.1:x",
                                        "[evil]:1",
                                        ":9465",
                                        "::1"};

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (!http_host_is_number(numbers[i]))
            fail_msg("%s", numbers[i]);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (http_host_is_number(names[i]))
            fail_msg("%s", names[i]);
    assert_false(http_host_is_number(NULL));
}

static void pages_are_ours_or_listed(void **state)
{
    static const char *const origins[] = {"https://app.example"};
    struct http_guard guard = {.origins = origins, .origin_count = 1};

    (void)state;
    assert_true(http_origin_may(&guard, NULL, "127.0.0.1:1"));
    assert_true(http_origin_may(&guard, "http://127.0.0.1:1", "127.0.0.1:1"));
    assert_true(http_origin_may(&guard, "https://app.example", NULL));
    assert_false(http_origin_may(&guard, "https://app.example.evil", "127.0.0.1:1"));
    assert_false(http_origin_may(&guard, "http://127.0.0.1:2", "127.0.0.1:1"));
    assert_false(http_origin_may(&guard, "null", "127.0.0.1:1"));
    assert_false(http_origin_is_listed(&guard, NULL));
}

static void what_is_given_is_looked_at(void **state)
{
    struct error err;

    (void)state;
    assert_true(http_token_check(TOKEN, &err));
    assert_false(http_token_check("short", &err));
    assert_false(http_token_check("0123456789 abcdef", &err));
    assert_true(http_origin_check("http://localhost:3000", &err));
    assert_false(http_origin_check("http://localhost:3000/", &err));
    assert_false(http_origin_check("localhost", &err));
    assert_false(http_origin_check("*", &err));
    assert_false(http_origin_check("://", &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_header_shows_it),
        cmocka_unit_test(a_name_is_no_number),
        cmocka_unit_test(pages_are_ours_or_listed),
        cmocka_unit_test(what_is_given_is_looked_at),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

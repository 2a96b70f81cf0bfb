#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "actors/json_peek.h"

static void test_members(void **state)
{
    static const struct {
        const char *text;
        bool ok;
        const char *version, *token; /* NULL: absent */
    } cases[] = {
        {"{\"version\":7,\"clientToken\":\"t\"}",                                      true,  "7",          "\"t\""     },
        {" \n{ \"clientToken\" : \"a\\\"b\" , \"version\" : -1 } ",                    true,  "-1",         "\"a\\\"b\""},
        {"{\"state\":{\"version\":1,\"x\":[{\"clientToken\":\"no\"}]},\"version\":2}", true,  "2",
         NULL                                                                                                           },
        {"{\"state\":\"}{\\\"version\\\":3\",\"version\":4}",                          true,  "4",          NULL        },
        {"{\"version\":1,\"version\":2}",                                              true,  "1",          NULL        },
        {"{}",                                                                         true,  NULL,         NULL        },
        {"{\"version\":{\"a\":[]},\"clientToken\":null}",                              true,  "{\"a\":[]}", "null"      },
        {"",                                                                           false, NULL,         NULL        },
        {"[]",                                                                         false, NULL,         NULL        },
        {"{",                                                                          false, NULL,         NULL        },
        {"{\"version\"",                                                               false, NULL,         NULL        },
        {"{\"version\":",                                                              false, NULL,         NULL        },
        {"{\"version\":1",                                                             false, "1",          NULL        },
        {"{\"version\":1,",                                                            false, "1",          NULL        },
        {"{\"version\":1 2}",                                                          false, "1",          NULL        },
        {"{\"clientToken\":\"abc",                                                     false, NULL,         NULL        },
        {"{\"clientToken\":\"abc\\",                                                   false, NULL,         NULL        },
        {"{\"a\":[[[[[[[",                                                             false, NULL,         NULL        },
        {"{\"a\":]}",                                                                  false, NULL,         NULL        },
        {"{a:1}",                                                                      false, NULL,         NULL        },
        {"{\"a\":,}",                                                                  false, NULL,         NULL        },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct json_peek m[] = {{.name = "version"}, {.name = "clientToken"}};
        /* Its own block, so that a sanitizer sees a read past the end. */
        size_t len = strlen(cases[i].text);
        char *exact = malloc(len != 0 ? len : 1);
        assert_non_null(exact);
        memcpy(exact, cases[i].text, len);
        assert_int_equal(json_peek(slice_of(exact, len), m, 2), cases[i].ok);
        assert_true(slice_is(m[0].value, cases[i].version));
        assert_int_equal(m[0].value.data == NULL, cases[i].version == NULL);
        assert_true(slice_is(m[1].value, cases[i].token));
        free(exact);
    }
}

/* No prefix of a document, and no document with one byte changed, is read past its end. */
static void test_damaged(void **state)
{
    static const char text[] =
        "{\"state\":{\"a\":[1,{\"b\":\"\\u00e4\\\"\"}]},\"version\":12,\"clientToken\":\"t\"}";
    struct json_peek m[] = {{.name = "version"}, {.name = "clientToken"}, {.name = "none"}};

    (void)state;
    for (size_t len = 0; len < sizeof text; len++)
        for (unsigned change = 0; change < 256; change += 17) {
            char *copy = malloc(len + 1);
            assert_non_null(copy);
            memcpy(copy, text, len);
            if (len > 0)
                copy[len / 2] = (char)change;
            json_peek(slice_of(copy, len), m, 3);
            for (size_t i = 0; i < 3; i++) {
                free(json_peek_string(m[i].value));
                json_peek_int(m[i].value, 0);
            }
            free(copy);
        }
}

static void test_values(void **state)
{
    static const struct {
        const char *value;
        const char *string; /* NULL: none */
        int64_t number;
    } cases[] = {
        {"\"\"",                "",    -9                },
        {"\"abc\"",             "abc", -9                },
        {"\"\\u0041\\n\"",      "A\n", -9                },
        {"\"\\x\"",             NULL,  -9                },
        {"\"",                  NULL,  -9                },
        {"12",                  NULL,  12                },
        {"-3",                  NULL,  -3                },
        {"-",                   NULL,  -9                },
        {"1.5",                 NULL,  -9                },
        {"1e3",                 NULL,  -9                },
        {"999999999999999999",  NULL,  999999999999999999},
        {"9999999999999999999", NULL,  -9                },
        {"",                    NULL,  -9                },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *string = json_peek_string(slice_str(cases[i].value));
        if (cases[i].string == NULL)
            assert_null(string);
        else
            assert_string_equal(string, cases[i].string);
        free(string);
        assert_true(json_peek_int(slice_str(cases[i].value), -9) == cases[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_values),
    };

    return cmocka_run_group_tests_name("json_peek", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static cJSON *parse(const char *text)
{
    cJSON *json = json_parse(slice_str(text), 32);

    if (json == NULL)
        fail_msg("not JSON: %s", text);
    return json;
}

/* Contract 1.6, and every delta of 1.11: the examples and the vectors verified against AWS. */
static void deltas_are_the_contract_s(void **state)
{
    static const struct {
        const char *desired, *reported, *delta; /* reported NULL: no section */
    } cases[] = {
        {"{\"hvac\":{\"t\":21,\"fan\":2}}",                          NULL,                                             "{\"hvac\":{\"t\":21,\"fan\":2}}"                },
        {"{\"hvac\":{\"t\":21,\"fan\":2}}",                          "{\"hvac\":{\"t\":19,\"fan\":2},\"fw\":\"1.4\"}",
         "{\"hvac\":{\"t\":21}}"                                                                                                                                        },
        {"{\"hvac\":{\"t\":21,\"fan\":2}}",                          "{\"hvac\":{\"t\":21,\"fan\":2},\"fw\":\"1.4\"}", "{}"                                             },
        {"{\"hvac\":{\"t\":21,\"seat\":{\"l\":1}}}",
         "{\"hvac\":{\"t\":21,\"fan\":2},\"fw\":\"1.4\"}",                                                             "{\"hvac\":{\"seat\":{\"l\":1}}}"                },
        {"{\"hvac\":{\"t\":21,\"seat\":{\"l\":1}},\"zones\":[1,2]}",
         "{\"hvac\":{\"t\":21,\"fan\":2},\"zones\":[1]}",                                                              "{\"hvac\":{\"seat\":{\"l\":1}},\"zones\":[1,2]}"},
        {"{\"hvac\":{\"t\":21,\"seat\":{\"l\":1}},\"zones\":[1,2]}",
         "{\"fw\":\"1.4\",\"zones\":[1,2]}",                                                                           "{\"hvac\":{\"t\":21,\"seat\":{\"l\":1}}}"       },
        {"{\"online\":true}",                                        "{\"online\":false}",                             "{\"online\":true}"                              },
        {"{\"enabled\":true}",                                       "{\"online\":false,\"enabled\":true}",            "{}"                                             },
        {"{}",                                                       "{\"online\":false}",                             "{}"                                             },
        {"{\"enabled\":true}",                                       "{}",                                             "{\"enabled\":true}"                             },
        {"{\"list\":[\"value_1\"]}",                                 "{\"list\":[\"value_1\",\"value_2\"]}",
         "{\"list\":[\"value_1\"]}"                                                                                                                                     },
        {"{\"list\":[[\"value_1\"]]}",                               "{\"list\":[[\"value_1\"],[\"value_2\"]]}",
         "{\"list\":[[\"value_1\"]]}"                                                                                                                                   },
        {"{\"a\":{\"b\":[\"c\",\"d\"]}}",                            "{\"a\":{\"b\":[\"d\"]}}",
         "{\"a\":{\"b\":[\"c\",\"d\"]}}"                                                                                                                                },
        {"{\"a\":{\"b\":{\"c\":\"d2\"}}}",                           "{\"a\":{\"b\":{\"c\":\"d\",\"e\":\"f\"}}}",
         "{\"a\":{\"b\":{\"c\":\"d2\"}}}"                                                                                                                               },
        {"{\"a1\":{\"b1\":{\"c\":\"d\"}},\"a2\":{\"b2\":\"sth\"}}",
         "{\"a1\":{\"b1\":{\"c\":\"d\"}}}",                                                                            "{\"a2\":{\"b2\":\"sth\"}}"                      },
        {"{\"a\":{\"b1\":{\"c\":\"d\"},\"b2\":\"sth\"}}",            "{\"a\":{\"b1\":{\"c\":\"d\"}}}",
         "{\"a\":{\"b2\":\"sth\"}}"                                                                                                                                     },
        {"{\"a\":1,\"b\":{\"c\":3},\"d\":{}}",                       NULL,                                             "{\"a\":1,\"b\":{\"c\":3},\"d\":{}}"             },
        {"{\"a\":1,\"b\":{\"c\":{}},\"d\":{}}",                      NULL,                                             "{\"a\":1,\"b\":{\"c\":{}},\"d\":{}}"            },
 /* Type changes bring the whole desired value; an empty object asks nothing of an object. */
        {"{\"a\":{\"b\":1}}",                                        "{\"a\":1}",                                      "{\"a\":{\"b\":1}}"                              },
        {"{\"a\":1}",                                                "{\"a\":{\"b\":1}}",                              "{\"a\":1}"                                      },
        {"{\"a\":{}}",                                               "{\"a\":{\"b\":1}}",                              "{}"                                             },
        {"{\"a\":{}}",                                               "{\"a\":1}",                                      "{\"a\":{}}"                                     },
        {"{\"a\":[2,1]}",                                            "{\"a\":[1,2]}",                                  "{\"a\":[2,1]}"                                  },
        {"{\"a\":1}",                                                "{\"a\":1.0}",                                    "{}"                                             },
        {"{\"a\":1}",                                                "{\"a\":true}",                                   "{\"a\":1}"                                      },
        {"{\"a\":0}",                                                "{\"a\":false}",                                  "{\"a\":0}"                                      },
        {"{\"a\":\"1\"}",                                            "{\"a\":1}",                                      "{\"a\":\"1\"}"                                  },
        {"{\"A\":1}",                                                "{\"a\":1}",                                      "{\"A\":1}"                                      },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *desired = parse(cases[i].desired);
        cJSON *reported = cases[i].reported != NULL ? parse(cases[i].reported) : NULL;
        cJSON *expected = parse(cases[i].delta);
        cJSON *delta = json_delta(desired, reported);
        char *seen = cJSON_PrintUnformatted(delta);
        if (!json_equal(delta, expected))
            fail_msg("%s against %s: %s, not %s", cases[i].desired, cases[i].reported, seen,
                     cases[i].delta);
        free(seen);
        cJSON_Delete(desired);
        cJSON_Delete(reported);
        cJSON_Delete(expected);
        cJSON_Delete(delta);
    }
}

static void equality(void **state)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } cases[] = {
        {"1",                    "1.0",                  true },
        {"0",                    "-0.0",                 true },
        {"1",                    "2",                    false},
        {"1",                    "true",                 false},
        {"0",                    "null",                 false},
        {"\"a\"",                "\"a\"",                true },
        {"\"a\"",                "\"A\"",                false},
        {"[]",                   "{}",                   false},
        {"[1,2]",                "[1,2]",                true },
        {"[1,2]",                "[2,1]",                false},
        {"[1,2]",                "[1]",                  false},
        {"{\"a\":1,\"b\":[{}]}", "{\"b\":[{}],\"a\":1}", true },
        {"{\"a\":1}",            "{\"a\":1,\"b\":2}",    false},
        {"{\"a\":1}",            "{\"b\":1}",            false},
        {"null",                 "null",                 true },
        {"true",                 "false",                false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *a = parse(cases[i].a);
        cJSON *b = parse(cases[i].b);
        assert_int_equal(json_equal(a, b), cases[i].equal);
        assert_int_equal(json_equal(b, a), cases[i].equal);
        cJSON_Delete(a);
        cJSON_Delete(b);
    }
}

static void one_document_and_nothing_else(void **state)
{
    static const struct {
        const char *text;
        int depth;
        bool ok;
    } cases[] = {
        {"{}",                 1, true },
        {" \t\r\n{} \n",       1, true },
        {"{} x",               1, false},
        {"{}{}",               1, false},
        {"",                   1, false},
        {" ",                  1, false},
        {"{",                  1, false},
        {"]",                  1, false},
        {"[[]]",               2, true },
        {"[[]]",               1, false},
        {"{\"a\":{\"b\":{}}}", 3, true },
        {"{\"a\":{\"b\":{}}}", 2, false},
        {"\"[[[[\\\"[[\"",     0, true },
        {"\"[",                9, false},
        {"\"\\",               9, false},
        {"{\"a\":1,}",         9, false},
        {"nul",                9, false},
        {"1",                  0, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        /* An exact copy, so that reading past the end is seen. */
        size_t len = strlen(cases[i].text);
        char *copy = malloc(len + 1);
        memcpy(copy, cases[i].text, len);
        char *exact = realloc(copy, len != 0 ? len : 1);
        cJSON *json = json_parse(slice_of(exact, len), cases[i].depth);
        if ((json != NULL) != cases[i].ok)
            fail_msg("%s to depth %d", cases[i].text, cases[i].depth);
        cJSON_Delete(json);
        free(exact);
    }
    char deep[20001];
    memset(deep, '[', 10000);
    memset(deep + 10000, ']', 10000);
    assert_null(json_parse(slice_of(deep, 20000), 100));
}

static void utf8(void **state)
{
    static const struct {
        const char *text;
        size_t good; /* bytes of whole characters at the start */
    } cases[] = {
        {"",                                     0},
        {"plain",                                5},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\x97", 9},
        {"a\xc3",                                1},
        {"\xe2\x82",                             0},
        {"\xf0\x9f\x9a",                         0},
        {"a\x80",                                1},
        {"\xc0\xaf",                             0}, /* overlong */
        {"\xc1\xbf",                             0},
        {"\xe0\x9f\xbf",                         0},
        {"\xe0\xa0\x80",                         3},
        {"\xed\x9f\xbf",                         3},
        {"\xed\xa0\x80",                         0}, /* surrogate */
        {"\xf0\x8f\xbf\xbf",                     0},
        {"\xf4\x8f\xbf\xbf",                     4},
        {"\xf4\x90\x80\x80",                     0}, /* beyond U+10FFFF */
        {"\xf5\x80\x80\x80",                     0},
        {"\xff",                                 0},
        {"ab\xc3(",                              2},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct slice text = slice_str(cases[i].text);
        assert_int_equal(json_utf8_prefix(text), cases[i].good);
        assert_int_equal(json_is_utf8(text), cases[i].good == text.len);
    }
}

static void members(void **state)
{
    cJSON *json = parse("{\"s\":\"x\",\"n\":2.5,\"S\":\"y\"}");

    (void)state;
    assert_string_equal(json_str(json, "s", "none"), "x");
    assert_string_equal(json_str(json, "n", "none"), "none");
    assert_string_equal(json_str(NULL, "s", "none"), "none");
    assert_true(json_num(json, "n", 0) > 2.4);
    assert_true(json_num(json, "s", -1) < 0);
    assert_null(json_get(json, "absent"));
    assert_null(json_get(json_get(json, "s"), "s"));
    cJSON_Delete(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deltas_are_the_contract_s),
        cmocka_unit_test(equality),
        cmocka_unit_test(one_document_and_nothing_else),
        cmocka_unit_test(utf8),
        cmocka_unit_test(members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

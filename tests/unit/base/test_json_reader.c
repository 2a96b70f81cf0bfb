#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/json_reader.h"

#define DEPTH 4

static void documents_are_accepted_or_not(void **state)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {
        {"{}",                                  true },
        {" \t\r\n[ ] ",                         true },
        {"null",                                true },
        {"true",                                true },
        {"-0.5e+10",                            true },
        {"0",                                   true },
        {"\"\"",                                true },
        {"{\"a\":[1,{\"b\":null}],\"\":\"x\"}", true },
        {"\"\\ud83d\\ude97 \\u0000\"",          true },
        {"\"\xf0\x9f\x9a\x97\"",                true },
        {"[[[[]]]]",                            true },
        {"[[[[[]]]]]",                          false},
        {"",                                    false},
        {" ",                                   false},
        {"{",                                   false},
        {"{\"a\"}",                             false},
        {"{\"a\":}",                            false},
        {"{\"a\":1,}",                          false},
        {"{a:1}",                               false},
        {"{\"a\" 1}",                           false},
        {"[1 2]",                               false},
        {"[1,]",                                false},
        {"[,1]",                                false},
        {"[1}",                                 false},
        {"{} {}",                               false},
        {"nul",                                 false},
        {"nullx",                               false},
        {"True",                                false},
        {"01",                                  false},
        {"-",                                   false},
        {"1.",                                  false},
        {".5",                                  false},
        {"+1",                                  false},
        {"1e",                                  false},
        {"0x10",                                false},
        {"NaN",                                 false},
        {"\"",                                  false},
        {"\"\\\"",                              false},
        {"\"\\x\"",                             false},
        {"\"\\u12g4\"",                         false},
        {"\"\\ud83d\"",                         false},
        {"\"\\ud83d\\u0041\"",                  false},
        {"\"\\ude97\"",                         false},
        {"\"\xff\"",                            false},
        {"\"\x01\"",                            false},
        {"'a'",                                 false},
        {"\xef\xbb\xbf{}",                      false},
        {"/* */ 1",                             false},
    };
    struct json_value value;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (json_check(slice_str(cases[i].text), DEPTH, &value) != cases[i].good)
            fail_msg("%s: expected %s", cases[i].text, cases[i].good ? "good" : "bad");
    assert_false(json_check(slice_of("1\0", 2), DEPTH, &value));
}

static void long_numbers_are_refused(void **state)
{
    char text[JSON_NUMBER_MAX + 2];
    struct json_value value;

    (void)state;
    memset(text, '1', sizeof text);
    assert_true(json_check(slice_of(text, JSON_NUMBER_MAX), DEPTH, &value));
    assert_false(json_check(slice_of(text, JSON_NUMBER_MAX + 1), DEPTH, &value));
}

static void members_come_in_order(void **state)
{
    static const struct {
        const char *key, *text;
        enum json_type type;
    } members[] = {
        {"a",       "1",                  JSON_NUMBER},
        {"b",       "{\"x\":\"}\\\"]\"}", JSON_OBJECT},
        {"c",       "[ ]",                JSON_ARRAY },
        {"\\u0064", "x\\ny",              JSON_STRING},
        {"e",       "false",              JSON_FALSE },
        {"f",       "true",               JSON_TRUE  },
        {"",        "null",               JSON_NULL  },
    };
    static const char text[] = " { \"a\" : 1 ,\"b\":{\"x\":\"}\\\"]\"},\n\"c\":[ ], \"\\u0064\":"
                               "\"x\\ny\",\"e\":false,\"f\":true, \"\":null } ";
    struct json_value doc, member;
    size_t n = 0;

    (void)state;
    assert_true(json_check(slice_str(text), DEPTH, &doc));
    for (struct json_cursor c = json_enter(&doc); json_next(&c, &member); n++) {
        assert_true(n < sizeof members / sizeof members[0]);
        assert_true(slice_is(member.key, members[n].key));
        assert_true(slice_is(member.text, members[n].text));
        assert_int_equal(member.type, members[n].type);
    }
    assert_int_equal(n, sizeof members / sizeof members[0]);
    assert_true(json_find(&doc, "d", &member));
    assert_true(member.escaped && member.key_escaped);
    assert_false(json_find(&doc, "g", &member));
    assert_true(json_find(&doc, "a", &member));
    assert_false(json_find(&member, "a", &doc));
    struct json_cursor c = json_enter(&member);
    assert_false(json_next(&c, &doc));
}

/* A member as the walk finds it must be what was handed over at that place. */
static void compare_member(void *ctx, const struct json_value *member)
{
    struct json_cursor *walk = ctx;
    struct json_value expected;

    assert_true(json_next(walk, &expected));
    assert_int_equal(member->type, expected.type);
    assert_int_equal(member->escaped, expected.escaped);
    assert_int_equal(member->key_escaped, expected.key_escaped);
    assert_true(slice_equal(member->text, expected.text));
    assert_true(slice_equal(member->key, expected.key));
}

static void members_are_handed_over(void **state)
{
    static const char *const texts[] = {
        "{}",
        "[{\"a\":1},2]",
        "7",
        "{\"a\":{\"b\":{\"c\":1}},\"e\":[1,[2],{\"f\":3}],\"g\":4}",
        "{ \"a\" : \"\\n\" , \"\\u0062\":null,\"a\":true }",
    };
    struct json_value doc, again, member;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_true(json_check(slice_str(texts[i]), DEPTH, &doc));
        struct json_cursor walk = json_enter(&doc);
        if (doc.type != JSON_OBJECT)
            walk = (struct json_cursor){.at = NULL};
        assert_true(json_check_members(slice_str(texts[i]), DEPTH, compare_member, &walk, &again));
        assert_int_equal(again.type, doc.type);
        assert_true(slice_equal(again.text, doc.text));
        assert_false(json_next(&walk, &member));
    }
    assert_false(json_check_members(slice_str("{} {}"), DEPTH, compare_member, NULL, &again));
}

static void arrays_are_walked(void **state)
{
    struct json_value doc, item;
    double sum = 0;

    (void)state;
    assert_true(json_check(slice_str("[1,\t2.5 , [4,5],-1e1]"), DEPTH, &doc));
    for (struct json_cursor c = json_enter(&doc); json_next(&c, &item);) {
        assert_int_equal(item.key.len, 0);
        sum += json_number(&item);
    }
    assert_true(fabs(sum + 6.5) < 1e-9);
}

/* Every byte at every place of strings of every length up to three words, and what is behind it. */
static void strings_end_where_they_do(void **state)
{
    char text[40];
    struct json_value value, item;

    (void)state;
    for (int len = 0; len < 25; len++) {
        for (int place = 0; place < len; place++) {
            for (int byte = 1; byte < 256; byte++) {
                int n =
                    snprintf(text, sizeof text, "[\"%.*s\", 7]", len, "aaaaaaaaaaaaaaaaaaaaaaaaa");
                text[2 + place] = (char)byte;
                bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
                bool good = json_check(slice_of(text, (size_t)n), DEPTH, &value);
                if (plain != good)
                    fail_msg("byte %d at %d of %d", byte, place, len);
                if (!good)
                    continue;
                struct json_cursor c = json_enter(&value);
                assert_true(json_next(&c, &item));
                assert_int_equal(item.text.len, len);
                assert_true(json_next(&c, &item));
                assert_int_equal(item.type, JSON_NUMBER);
            }
        }
    }
}

static void numbers_are_exact(void **state)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"0",                0                 },
        {"-0",               -0.0              },
        {"42",               42                },
        {"9007199254740991", 9007199254740991.0},
        {"999999999999999",  999999999999999.0 },
        {"1234567890123456", 1234567890123456.0},
        {"1.25e-3",          0.00125           },
        {"-17.5",            -17.5             },
        {"1e999",            HUGE_VAL          },
        {"-1E+999",          -HUGE_VAL         },
        {"\"7\"",            0                 },
        {"true",             0                 },
    };
    struct json_value value;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double seen, expected = cases[i].value;
        assert_true(json_check(slice_str(cases[i].text), DEPTH, &value));
        seen = json_number(&value);
        assert_memory_equal(&seen, &expected, sizeof seen);
    }
}

static void texts_are_decoded(void **state)
{
    static const struct {
        const char *json, *text; /* NULL: it does not fit, or is none */
    } cases[] = {
        {"\"\"",                                                         ""                            },
        {"\"abc\"",                                                      "abc"                         },
        {"\"1234567\"",                                                  "1234567"                     },
        {"\"12345678\"",                                                 NULL                          },
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\"",                                  "\"\\/\b\f\n\r"               },
        {"\"\\t\\u0041\\u00e9\"",                                        "\tA\xc3\xa9"                 },
        {"\"\\u20ac\\ud83d\\ude97\"",                                    "\xe2\x82\xac\xf0\x9f\x9a\x97"},
        {"\"a\\u0000b\"",                                                NULL                          },
        {"\"\\u0041\\u0041\\u0041\\u0041\\u0041\\u0041\\u0041\\u0041\"", NULL                          },
        {"1",                                                            NULL                          },
    };
    struct json_value value;
    char room[8];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(json_check(slice_str(cases[i].json), DEPTH, &value));
        bool ok = json_text(&value, room, sizeof room);
        assert_int_equal(ok, cases[i].text != NULL);
        if (ok)
            assert_string_equal(room, cases[i].text);
    }
}

static void keys_are_compared_by_meaning(void **state)
{
    struct json_value doc, member;

    (void)state;
    assert_true(json_check(slice_str("{\"cl\\u0069entToken\":1,\"a\\u0000\":2}"), DEPTH, &doc));
    assert_true(json_find(&doc, "clientToken", &member));
    assert_false(json_find(&doc, "clientToke", &member));
    assert_false(json_find(&doc, "a", &member));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_accepted_or_not),
        cmocka_unit_test(long_numbers_are_refused),
        cmocka_unit_test(members_come_in_order),
        cmocka_unit_test(members_are_handed_over),
        cmocka_unit_test(arrays_are_walked),
        cmocka_unit_test(strings_end_where_they_do),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(texts_are_decoded),
        cmocka_unit_test(keys_are_compared_by_meaning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mqtt/topic.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static void test_validity(void **state)
{
    static const struct {
        const char *text;
        bool name, filter;
    } cases[] = {
        {"a",                        true,  true },
        {"/",                        true,  true },
        {"a//b",                     true,  true },
        {"/finance",                 true,  true },
        {"Accounts payable",         true,  true },
        {"$SYS/broker",              true,  true },
        {"\xc3\xa4/\xe2\x82\xac",    true,  true },
        {"",                         false, false},
        {"\xff",                     false, false},
        {"a/\xc0\x80",               false, false},
        {"+",                        false, true },
        {"#",                        false, true },
        {"sport/tennis/#",           false, true },
        {"sport/tennis#",            false, false},
        {"sport/tennis/#/ranking",   false, false},
        {"#/",                       false, false},
        {"+/tennis/#",               false, true },
        {"sport+",                   false, false},
        {"+sport",                   false, false},
        {"sport/+/player1",          false, true },
        {"/+",                       false, true },
        {"++",                       false, false},
        {"+#",                       false, false},
        {"$share/consumer/sport/#",  false, true },
        {"$share/consumer//finance", true,  true },
        {"$share/consumer",          true,  false},
        {"$share/consumer/",         true,  false},
        {"$share//a",                true,  false},
        {"$share/con+/a",            false, false},
        {"$share/#/a",               false, false},
        {"$share/g/a#",              false, false},
        {"$share",                   true,  true },
        {"$shared/a",                true,  true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct slice s = slice_str(cases[i].text);
        if (mqtt_topic_name_valid(s) != cases[i].name)
            fail_msg("as a name: \"%s\"", cases[i].text);
        if (mqtt_topic_filter_valid(s) != cases[i].filter)
            fail_msg("as a filter: \"%s\"", cases[i].text);
    }
    assert_false(mqtt_topic_name_valid(slice_of("a\0b", 3)));
    assert_false(mqtt_topic_filter_valid(slice_of("a\0b", 3)));
    assert_false(mqtt_topic_name_valid(slice_of(NULL, 0)));
}

static void test_length_limit(void **state)
{
    char *text = malloc(65536);

    (void)state;
    assert_non_null(text);
    memset(text, 'a', 65536);
    assert_true(mqtt_topic_name_valid(slice_of(text, 65535)));
    assert_true(mqtt_topic_filter_valid(slice_of(text, 65535)));
    assert_false(mqtt_topic_name_valid(slice_of(text, 65536)));
    assert_false(mqtt_topic_filter_valid(slice_of(text, 65536)));
    free(text);
}

/* The examples of MQTT 5, 4.7.1 and 4.7.2, and the edges around them. */
static void test_matches(void **state)
{
    static const struct {
        const char *filter, *topic;
        bool match;
    } cases[] = {
        {"sport/tennis/player1/#", "sport/tennis/player1",                 true },
        {"sport/tennis/player1/#", "sport/tennis/player1/ranking",         true },
        {"sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true },
        {"sport/tennis/player1/#", "sport/tennis/player10",                false},
        {"sport/#",                "sport",                                true },
        {"sport/#",                "sports",                               false},
        {"#",                      "a",                                    true },
        {"#",                      "/",                                    true },
        {"sport/tennis/+",         "sport/tennis/player1",                 true },
        {"sport/tennis/+",         "sport/tennis/player1/ranking",         false},
        {"sport/+",                "sport",                                false},
        {"sport/+",                "sport/",                               true },
        {"+/+",                    "/finance",                             true },
        {"/+",                     "/finance",                             true },
        {"+",                      "/finance",                             false},
        {"+/tennis/#",             "sport/tennis",                         true },
        {"+/tennis/#",             "sport/golf",                           false},
        {"a/+/c",                  "a/b/c",                                true },
        {"a/+/c",                  "a//c",                                 true },
        {"a/+/c",                  "a/b/d",                                false},
        {"a/b",                    "a/b",                                  true },
        {"a/b",                    "a/B",                                  false},
        {"a/b",                    "a/b/",                                 false},
        {"a/b/",                   "a/b",                                  false},
        {"a",                      "aa",                                   false},
        {"#",                      "$SYS/a",                               false},
        {"+/monitor/Clients",      "$SYS/monitor/Clients",                 false},
        {"$SYS/#",                 "$SYS/a",                               true },
        {"$SYS/monitor/+",         "$SYS/monitor/Clients",                 true },
        {"a/#",                    "a/$SYS",                               true },
        {"$share/g/#",             "a/b",                                  true },
        {"$share/g/#",             "$SYS/b",                               false},
        {"$share/g/a/+",           "a/b",                                  true },
        {"$share/g/a/+",           "b/b",                                  false},
        {"$share/g/$aws/+",        "$aws/x",                               true },
        {"$share/g/a",             "$share/g/a",                           false},
        {"$share",                 "$share",                               true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        if (mqtt_topic_matches(slice_str(cases[i].filter), slice_str(cases[i].topic)) !=
            cases[i].match)
            fail_msg("%s on %s", cases[i].filter, cases[i].topic);
}

static void test_captures(void **state)
{
    static const struct {
        const char *template, *topic;
        bool match;
        const char *captures[3];
    } cases[] = {
        {"$aws/things/{thing}/shadow/{op...}",
         "$aws/things/car/shadow/update/delta",                                                 true,
         {"car", "update/delta"}                                                                                      },
        {"$aws/things/{thing}/shadow/{op...}",                    "$aws/things/car/shadow/get", true,  {"car", "get"} },
        {"$aws/things/{thing}/shadow/{op...}",                    "$aws/things/car/shadow",     false, {NULL}         },
        {"$aws/things/{thing}/shadow/{op...}",                    "$aws/things/car/shadow/",    false, {NULL}         },
        {"$aws/things/{thing}/shadow/{op...}",                    "$aws/things//shadow/get",    false, {NULL}         },
        {"$aws/things/{thing}/shadow/{op...}",                    "$aws/things/car/jobs/get",   false, {NULL}         },
        {"$aws/things/{t}/shadow/name/{n}/{op...}",
         "$aws/things/c/shadow/name/doors/get/accepted",                                        true,
         {"c", "doors", "get/accepted"}                                                                               },
        {"$aws/commands/things/{t}/executions/{id}/request/json",
         "$aws/commands/things/c/executions/17/request/json",                                   true,
         {"c", "17"}                                                                                                  },
        {"$aws/commands/things/{t}/executions/{id}/request/json",
         "$aws/commands/things/c/executions/17/request/cbor",                                   false,
         {NULL}                                                                                                       },
        {"a/+/{x}",                                               "a/anything/b",               true,  {"b"}          },
        {"a/+/{x}",                                               "a//b",                       true,  {"b"}          },
        {"a/{x}/#",                                               "a/b",                        true,  {"b"}          },
        {"a/{x}/#",                                               "a/b/c/d",                    true,  {"b"}          },
        {"a/b",                                                   "a/b",                        true,  {NULL}         },
        {"a/b",                                                   "a/b/c",                      false, {NULL}         },
        {"a/{x}",                                                 "a/b/c",                      false, {NULL}         },
        {"a/{x}",                                                 "a",                          false, {NULL}         },
        {"{all...}",                                              "a/b/c",                      true,  {"a/b/c"}      },
        {"{all...}",                                              "",                           false, {NULL}         },
        {"a/{x}b",                                                "a/{x}b",                     true,  {NULL}         },
        {"a/{x}b",                                                "a/xb",                       false, {NULL}         },
        {"{a}/{b}/{c}/{d}",                                       "1/2/3/4",                    true,  {"1", "2", "3"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct slice captures[4] = {0};
        if (topic_match(cases[i].template, slice_str(cases[i].topic), captures, 3) !=
            cases[i].match)
            fail_msg("%s on %s", cases[i].template, cases[i].topic);
        assert_int_equal(captures[3].len, 0);
        if (!cases[i].match)
            continue;
        for (size_t k = 0; k < 3; k++) {
            const char *want = cases[i].captures[k];
            if (!slice_equal(captures[k], slice_str(want)))
                fail_msg("%s on %s: capture %zu is %.*s", cases[i].template, cases[i].topic, k,
                         SLICE_ARGS(captures[k]));
        }
    }
    assert_true(topic_match("{a}/{b}", slice_str("1/2"), NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_validity),
        cmocka_unit_test(test_length_limit),
        cmocka_unit_test(test_matches),
        cmocka_unit_test(test_captures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

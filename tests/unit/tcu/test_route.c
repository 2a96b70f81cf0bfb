#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fleetsim/topics.h>

#include "tcu/route.h"

static void test_compose(void **state)
{
    char room[ROUTE_TOPIC_MAX];
    char name[300];

    (void)state;
    assert_true(slice_is(route_compose(room, TOPIC_SHADOW_PREFIX "/get", "car", NULL),
                         "$aws/things/car/shadow/get"));
    assert_true(
        slice_is(route_compose(room, TOPIC_TELEMETRY, "car", "trip"), "dt/fleetsim/car/trip"));
    assert_true(slice_is(route_compose(room, TOPIC_COMMAND_RESPONSE, "%s", ""),
                         "cmd/fleetsim/%s/response/"));
    /* Exactly as long as a topic may be, and one byte more (contract 6.8). */
    size_t rest = strlen("dt/fleetsim//t");
    memset(name, 'n', sizeof name);
    name[ROUTE_TOPIC_MAX - rest] = '\0';
    assert_int_equal(route_compose(room, TOPIC_TELEMETRY, name, "t").len, ROUTE_TOPIC_MAX);
    assert_int_equal(route_compose(room, TOPIC_TELEMETRY, name, "tt").len, 0);
}

static void test_match(void **state)
{
    static const struct {
        const char *topic;
        bool matches;
    } rows[] = {
        {"$aws/things/car/shadow/get",  true },
        {"$aws/things/car/shadow/gets", false},
        {"$aws/things/car/shadow/ge",   false},
        {"$aws/things/cars/shadow/get", false},
        {"$aws/things/ca/shadow/get",   false},
        {"$aws/things/CAR/shadow/get",  false},
        {"$aws/things/%s/shadow/get",   false},
        {"",                            false},
        {"$aws/things/",                false},
        {"x$aws/things/car/shadow/get", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(
            route_matches(TOPIC_SHADOW_PREFIX "/get", "car", slice_str(rows[i].topic), NULL),
            rows[i].matches);
    assert_false(route_matches(TOPIC_SHADOW_PREFIX "/get", "car", slice_of(NULL, 0), NULL));
}

static void test_match_a_level(void **state)
{
    static const struct {
        const char *topic, *level;
    } rows[] = {
        {"$aws/commands/things/car/executions/x-1/request/json", "x-1"},
        {"$aws/commands/things/car/executions//request/json",    ""   },
        {"$aws/commands/things/car/executions/x/y/request/json", NULL },
        {"$aws/commands/things/car/executions/x/request",        NULL },
        {"$aws/commands/things/car/executions/x",                NULL },
        {"$aws/commands/things/car/executions/",                 NULL },
        {"$aws/commands/things/cars/executions/x/request/json",  NULL },
        {"$aws/commands/things/car/executions/x/request/json/",  NULL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice level = slice_of(NULL, 0);
        bool matches =
            route_matches(TOPIC_EXECUTION_REQUEST, "car", slice_str(rows[i].topic), &level);
        assert_int_equal(matches, rows[i].level != NULL);
        if (matches)
            assert_true(slice_is(level, rows[i].level));
    }
}

static void test_topics_of_shadows(void **state)
{
    static const struct {
        const char *rest, *name, *left; /* left NULL: not the topic of a shadow */
    } rows[] = {
        {"update/delta",              NULL,      "update/delta"},
        {"name/comfort/get/accepted", "comfort", "get/accepted"},
        {"name//get",                 "",        "get"         },
        {"name/comfort/",             "comfort", ""            },
        {"name/comfort",              NULL,      NULL          },
        {"name/",                     NULL,      NULL          },
        {"name",                      NULL,      "name"        },
        {"",                          NULL,      ""            },
    };
    char room[ROUTE_TOPIC_MAX];
    char longest[ROUTE_TOPIC_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct slice rest = slice_str(rows[i].rest), name;
        assert_int_equal(route_take_shadow_name(&rest, &name), rows[i].left != NULL);
        assert_int_equal(name.data != NULL, rows[i].name != NULL);
        assert_true(slice_is(name, rows[i].name));
        assert_true(slice_is(rest, rows[i].left != NULL ? rows[i].left : rows[i].rest));
    }
    assert_true(slice_is(route_shadow_topic(room, "car", NULL, "update/delta"),
                         "$aws/things/car/shadow/update/delta"));
    assert_true(slice_is(route_shadow_topic(room, "car", "comfort", "get"),
                         "$aws/things/car/shadow/name/comfort/get"));
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(route_shadow_topic(room, "car", NULL, longest).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_compose), cmocka_unit_test(test_match),
                                       cmocka_unit_test(test_match_a_level),
                                       cmocka_unit_test(test_topics_of_shadows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

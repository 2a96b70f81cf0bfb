#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "actors/companion.h"
#include "actors/companion_filters.h"
#include "actors/companion_topic.h"
#include "fleetsim/topics.h"

static void assert_slice(struct slice s, const char *expected)
{
    assert_int_equal(s.len, strlen(expected));
    assert_true(slice_is(s, expected));
}

static void test_known_topics(void **state)
{
    static const struct {
        const char *topic;
        enum companion_topic_kind kind;
        const char *subject, *detail;
        enum companion_verb verb;
        enum companion_outcome outcome;
    } cases[] = {
        {"$aws/things/car-1/shadow/update/accepted",               COMPANION_TOPIC_SHADOW,       "car-1", "",
         COMPANION_VERB_UPDATE,                                                                                       COMPANION_OUTCOME_ACCEPTED },
        {"$aws/things/car-1/shadow/update/documents",              COMPANION_TOPIC_SHADOW,       "car-1", "",
         COMPANION_VERB_UPDATE,                                                                                       COMPANION_OUTCOME_DOCUMENTS},
        {"$aws/things/car-1/shadow/update/delta",                  COMPANION_TOPIC_SHADOW,       "car-1", "",
         COMPANION_VERB_UPDATE,                                                                                       COMPANION_OUTCOME_DELTA    },
        {"$aws/things/c:1/shadow/get/rejected",                    COMPANION_TOPIC_SHADOW,       "c:1",   "",
         COMPANION_VERB_GET,                                                                                          COMPANION_OUTCOME_REJECTED },
        {"$aws/things/c/shadow/delete/accepted",                   COMPANION_TOPIC_SHADOW,       "c",     "",
         COMPANION_VERB_DELETE,                                                                                       COMPANION_OUTCOME_ACCEPTED },
        {"$aws/things/c/shadow/name/doors/update/accepted",        COMPANION_TOPIC_SHADOW,       "c",     "doors",
         COMPANION_VERB_UPDATE,                                                                                       COMPANION_OUTCOME_ACCEPTED },
        {"cmd/fleetsim/car-1/response/app-1",                      COMPANION_TOPIC_RESPONSE,     "car-1", "app-1", 0, 0                          },
        {"$aws/events/presence/connected/car-1",                   COMPANION_TOPIC_CONNECTED,    "car-1", "",      0, 0                          },
        {"$aws/events/subscriptions/subscribed/car-1",             COMPANION_TOPIC_SUBSCRIBED,   "car-1", "",      0,
         0                                                                                                                                       },
        {"$aws/events/subscriptions/unsubscribed/car-1",           COMPANION_TOPIC_UNSUBSCRIBED, "car-1", "",
         0,                                                                                                           0                          },
        {"$aws/events/presence/disconnected/car-1",                COMPANION_TOPIC_DISCONNECTED, "car-1", "",      0,
         0                                                                                                                                       },
        {"$aws/things/car-1/shadow/update/accepted",               COMPANION_TOPIC_SHADOW,       "car-1", "",
         COMPANION_VERB_UPDATE,                                                                                       COMPANION_OUTCOME_ACCEPTED },
        {"$aws/things/car-1/shadow/update/documents",              COMPANION_TOPIC_SHADOW,       "car-1", "",
         COMPANION_VERB_UPDATE,                                                                                       COMPANION_OUTCOME_DOCUMENTS},
        {"$aws/things/car-1/shadow/update/delta",                  COMPANION_TOPIC_SHADOW,       "car-1", "",
         COMPANION_VERB_UPDATE,                                                                                       COMPANION_OUTCOME_DELTA    },
        {"$aws/things/c:1/shadow/get/rejected",                    COMPANION_TOPIC_SHADOW,       "c:1",   "",
         COMPANION_VERB_GET,                                                                                          COMPANION_OUTCOME_REJECTED },
        {"$aws/things/c/shadow/delete/accepted",                   COMPANION_TOPIC_SHADOW,       "c",     "",
         COMPANION_VERB_DELETE,                                                                                       COMPANION_OUTCOME_ACCEPTED },
        {"$aws/things/c/shadow/name/doors/update/accepted",        COMPANION_TOPIC_SHADOW,       "c",     "doors",
         COMPANION_VERB_UPDATE,                                                                                       COMPANION_OUTCOME_ACCEPTED },
        {"cmd/fleetsim/car-1/response/app-1",                      COMPANION_TOPIC_RESPONSE,     "car-1", "app-1", 0, 0                          },
        {"$aws/events/presence/connected/car-1",                   COMPANION_TOPIC_CONNECTED,    "car-1", "",      0, 0                          },
        {"$aws/events/commandExecution/app-1/CREATED",             COMPANION_TOPIC_EXECUTION,    "app-1",
         "CREATED",                                                                                                0, COMPANION_OUTCOME_DOCUMENTS},
        {"fleetsim/commands/things/c/executions/x/start/rejected", COMPANION_TOPIC_EXECUTION,    "c",
         "x",                                                                                                      0, COMPANION_OUTCOME_REJECTED },
        {"fleetsim/commands/things/c/executions/x/get/accepted",   COMPANION_TOPIC_EXECUTION,    "c",
         "x",                                                                                                      0, COMPANION_OUTCOME_ACCEPTED },
        {"$aws/events/presence/disconnected/car-1",                COMPANION_TOPIC_DISCONNECTED, "car-1", "",      0,
         0                                                                                                                                       },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct companion_topic t;
        assert_true(companion_topic_parse(TOPIC_COMMAND_RESPONSE, slice_str(cases[i].topic), &t));
        assert_int_equal(t.kind, cases[i].kind);
        assert_slice(t.subject, cases[i].subject);
        assert_slice(t.detail, cases[i].detail);
        assert_int_equal(t.verb, cases[i].verb);
        assert_int_equal(t.outcome, cases[i].outcome);
    }
}

static void test_other_topics(void **state)
{
    static const char *const cases[] = {
        "",
        "/",
        "$aws/events/commandExecution/app-1",
        "fleetsim/commands/things/c/executions/x/get",
        "fleetsim/commands/things/c/executions/x/get/delta",
        "fleetsim/commands/clients/c/executions/x/get/accepted",
        "a",
        "$aws",
        "$aws/things",
        "$aws/things/",
        "$aws/things/c/shadow/update",
        "$aws/things//shadow/update/accepted",
        "$aws/things/c/shadow/update/accepted/",
        "$aws/things/c/shadow/update/Accepted",
        "$aws/things/c/shadow/get/delta",
        "$aws/things/c/shadow/delete/documents",
        "$aws/things/c/shadow/name//update/accepted",
        "$aws/things/c/shadow/nome/doors/update/accepted",
        "$aws/things/c/jobs/notify/next",
        "$aws/events/presence/connected",
        "$aws/events/presence/connected/",
        "$aws/events/presence/connect_failed/c",
        "$aws/events/presence/subscribed/c",
        "$aws/events/subscriptions/subscribed/",
        "cmd/fleetsim/c/request",
        "cmd/fleetsim/c/response/",
        "cmd/fleetsim//response/a",
        "cmd/fleetsim/c/response/a/b",
        "a/b/c/d/e/f/g/h/i/j/k",
        "////////",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct companion_topic t;
        assert_false(companion_topic_parse(TOPIC_COMMAND_RESPONSE, slice_str(cases[i]), &t));
        assert_int_equal(t.kind, COMPANION_TOPIC_OTHER);
        assert_int_equal(t.subject.len, 0);
    }
}

/* What is subscribed is what is understood. */
static void test_filters_are_parsed(void **state)
{
    struct companion_filters f;
    struct companion_topic t;

    (void)state;
    companion_filters_init(
        &f, "car-1", COMPANION_WATCH_DOCUMENTS | COMPANION_WATCH_DELTA | COMPANION_WATCH_NAMED);
    assert_int_equal(f.count, COMPANION_MAX_FILTERS);
    for (size_t i = 0; i < f.count - 1; i++) {
        assert_true(companion_topic_parse(TOPIC_COMMAND_RESPONSE, slice_str(f.filter[i]), &t));
        assert_slice(t.subject, "car-1");
    }
    assert_string_equal(f.filter[f.count - 1], "$aws/things/car-1/shadow/name/+/+/+");
    companion_filters_done(&f);
    companion_filters_init(&f, "+", 0);
    assert_int_equal(f.count, 8);
    assert_string_equal(f.filter[2], "$aws/things/+/shadow/update/accepted");
    companion_filters_done(&f);
    companion_filters_init(&f, "+", COMPANION_WATCH_UPDATES);
    assert_int_equal(f.count, 2);
    companion_filters_done(&f);
    companion_filters_init(&f, "+", COMPANION_WATCH_UPDATES | COMPANION_WATCH_NAMED);
    assert_int_equal(f.count, 4);
    assert_string_equal(f.filter[1], "$aws/things/+/shadow/update/rejected");
    assert_string_equal(f.filter[2], "$aws/things/+/shadow/name/+/update/accepted");
    assert_string_equal(f.filter[3], "$aws/things/+/shadow/name/+/update/rejected");
    companion_filters_done(&f);
    companion_filters_init_responses(&f, TOPIC_COMMAND_RESPONSE, "app-1");
    assert_int_equal(f.count, 1);
    assert_string_equal(f.filter[0], "cmd/fleetsim/+/response/app-1");
    companion_filters_done(&f);
}

static void test_names(void **state)
{
    struct error err;
    char longest[130];

    (void)state;
    memset(longest, 'a', sizeof longest);
    longest[128] = '\0';
    assert_true(companion_check_thing(longest, &err));
    assert_true(companion_check_client_id(longest, &err));
    longest[128] = 'a';
    longest[129] = '\0';
    assert_false(companion_check_thing(longest, &err));
    assert_false(companion_check_client_id(longest, &err));
    assert_true(companion_check_thing("Car:1_b-2", &err));
    assert_false(companion_check_thing("", &err));
    assert_false(companion_check_thing(NULL, &err));
    assert_false(companion_check_thing("a+b", &err));
    assert_true(companion_check_client_id("über app", &err));
    assert_false(companion_check_client_id("$app", &err));
    assert_false(companion_check_client_id("a#", &err));
    assert_false(companion_check_client_id("\xff", &err));
    assert_string_equal(companion_verb_name(COMPANION_VERB_DELETE), "delete");
    assert_string_equal(companion_outcome_name(COMPANION_OUTCOME_DOCUMENTS), "documents");
    assert_string_equal(companion_topic_kind_name(COMPANION_TOPIC_RESPONSE), "response");
    assert_string_equal(companion_verb_name(COMPANION_VERB_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_topics),
        cmocka_unit_test(test_other_topics),
        cmocka_unit_test(test_filters_are_parsed),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests_name("companion_topic", tests, NULL, NULL);
}

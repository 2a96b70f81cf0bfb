/* Least right: what each role may do, and how statements are matched (contract 7.1, 7.2). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cloud/policy.h"

enum who { CAR, APP, APP_TWO, PAGE, OWNER, STRANGER, CLAIM };

static const struct policy_principal principals[] = {
    [CAR] = {.client_id = "tcu-1",
             .common_name = "tcu-1",
             .unit = "vehicle",
             .thing_name = "tcu-1"},
    [APP] = {.client_id = "app",                       .common_name = "app",                      .unit = "companion"    },
    [APP_TWO] = {.client_id = "app-2",                       .common_name = "app",                    .unit = "companion"},
    [PAGE] = {.client_id = "page-7",                       .common_name = "page",                   .unit = "page"  },
    [OWNER] = {.client_id = "x"                      },
    [STRANGER] = {.client_id = "tcu-1", .common_name = "tcu-1",                        .unit = "nobody"                        },
    [CLAIM] = {.client_id = "tcu-1", .common_name = "batch",.unit = "claim"},
};

static void roles(void **state)
{
    static const struct {
        enum who who;
        enum policy_action action;
        const char *name;
        bool allowed;
    } cases[] = {
  /* contract 4.1, "typical claim policy" */
        {CLAIM,    POLICY_CONNECT,        "anything",                                              true },
        {CLAIM,    POLICY_PUBLISH,        "$aws/certificates/create/json",                         true },
        {CLAIM,    POLICY_PUBLISH,        "$aws/certificates/create-from-csr/cbor",                true },
        {CLAIM,    POLICY_SUBSCRIBE,      "$aws/certificates/create-from-csr/json/accepted",       true },
        {CLAIM,    POLICY_SUBSCRIBE,      "$aws/provisioning-templates/t/provision/json/rejected", true },
        {CLAIM,    POLICY_PUBLISH,        "$aws/provisioning-templates/t/provision/json",          true },
        {CLAIM,    POLICY_RECEIVE,        "$aws/provisioning-templates/t/provision/json/accepted", true },
        {CLAIM,    POLICY_PUBLISH,        "$aws/things/tcu-1/shadow/update",                       false},
        {CLAIM,    POLICY_PUBLISH,        "dt/fleetsim/tcu-1/position",                            false},
        {CLAIM,    POLICY_SUBSCRIBE,      "#",                                                     false},
        {CLAIM,    POLICY_SUBSCRIBE,      "$aws/things/tcu-1/shadow/#",                            false},
        {CAR,      POLICY_CONNECT,        "tcu-1",                                                 true },
        {CAR,      POLICY_CONNECT,        "tcu-2",                                                 false},
        {CAR,      POLICY_CONNECT,        "tcu-1-x",                                               false},
        {CAR,      POLICY_CONNECT,        "",                                                      false},
        {CAR,      POLICY_PUBLISH,        "$aws/things/tcu-1/shadow/update",                       true },
        {CAR,      POLICY_PUBLISH,        "$aws/things/tcu-1/shadow/get",                          true },
        {CAR,      POLICY_PUBLISH,        "$aws/things/tcu-1/shadow/delete",                       true },
        {CAR,      POLICY_PUBLISH,        "$aws/things/tcu-1/shadow/name/doors/update",            true },
        {CAR,      POLICY_PUBLISH,        "$aws/things/tcu-1/shadow/update/accepted",              false},
        {CAR,      POLICY_PUBLISH,        "$aws/things/tcu-1/shadow/update/delta",                 false},
        {CAR,      POLICY_PUBLISH,        "$aws/things/tcu-2/shadow/update",                       false},
        {CAR,      POLICY_PUBLISH,        "$aws/things/tcu-12/shadow/update",                      false},
        {CAR,      POLICY_PUBLISH,        "$aws/events/presence/connected/tcu-1",                  false},
        {CAR,      POLICY_PUBLISH,        "dt/fleetsim/tcu-1/position",                            true },
        {CAR,      POLICY_PUBLISH,        "dt/fleetsim/tcu-2/position",                            false},
        {CAR,      POLICY_PUBLISH,        "cmd/fleetsim/tcu-1/response/app-2",                     true },
        {CAR,      POLICY_PUBLISH,        "cmd/fleetsim/tcu-1/request",                            false},
        {CAR,      POLICY_PUBLISH,        "cmd/fleetsim/tcu-2/response/app",                       false},
        {CAR,      POLICY_PUBLISH,        "anything",                                              false},
        {CAR,      POLICY_RETAIN_PUBLISH, "dt/fleetsim/tcu-1/state",                               true },
        {CAR,      POLICY_RETAIN_PUBLISH, "$aws/things/tcu-1/shadow/update",                       false},
        {CAR,      POLICY_SUBSCRIBE,      "$aws/things/tcu-1/shadow/update/delta",                 true },
        {CAR,      POLICY_SUBSCRIBE,      "$aws/things/tcu-1/shadow/#",                            true },
        {CAR,      POLICY_SUBSCRIBE,      "$aws/things/+/shadow/#",                                false},
        {CAR,      POLICY_SUBSCRIBE,      "$aws/things/tcu-2/shadow/get/accepted",                 false},
        {CAR,      POLICY_SUBSCRIBE,      "cmd/fleetsim/tcu-1/request",                            true },
        {CAR,      POLICY_SUBSCRIBE,      "cmd/fleetsim/+/request",                                false},
        {CAR,      POLICY_SUBSCRIBE,      "dt/fleetsim/tcu-1/#",                                   true },
        {CAR,      POLICY_SUBSCRIBE,      "dt/fleetsim/tcu-2/#",                                   false},
        {CAR,      POLICY_SUBSCRIBE,      "dt/fleetsim/+/notes",                                   false},
        {CAR,      POLICY_SUBSCRIBE,      "dt/fleetsim/#",                                         false},
        {CAR,      POLICY_RECEIVE,        "dt/fleetsim/tcu-1/notes",                               true },
        {CAR,      POLICY_RECEIVE,        "dt/fleetsim/tcu-2/notes",                               false},
        {CAR,      POLICY_PUBLISH,        "$aws/things/tcu-1/jobs/$next/get",                      true },
        {CAR,      POLICY_PUBLISH,        "$aws/things/tcu-1/jobs/j1/update",                      true },
        {CAR,      POLICY_PUBLISH,        "$aws/things/tcu-2/jobs/j1/update",                      false},
        {CAR,      POLICY_SUBSCRIBE,      "$aws/things/tcu-1/jobs/notify-next",                    true },
        {CAR,      POLICY_SUBSCRIBE,      "$aws/things/tcu-2/jobs/notify-next",                    false},
        {CAR,      POLICY_SUBSCRIBE,      "$aws/things/+/jobs/notify-next",                        false},
        {CAR,      POLICY_RECEIVE,        "$aws/things/tcu-2/jobs/notify-next",                    false},
        {CAR,      POLICY_PUBLISH,        "fleetsim/jobs/j1/create",                               false},
        {CAR,      POLICY_SUBSCRIBE,      "$aws/events/job/#",                                     false},
        {APP,      POLICY_PUBLISH,        "fleetsim/jobs/j1/create",                               true },
        {APP,      POLICY_PUBLISH,        "$aws/things/tcu-1/jobs/j1/update",                      false},
        {APP,      POLICY_SUBSCRIBE,      "fleetsim/jobs/+/+/accepted",                            true },
        {APP,      POLICY_SUBSCRIBE,      "fleetsim/jobs/#",                                       false},
        {APP,      POLICY_SUBSCRIBE,      "fleetsim/jobs/+/create",                                false},
        {APP,      POLICY_SUBSCRIBE,      "$aws/events/jobExecution/j1/+",                         true },
        {CAR,      POLICY_PUBLISH,        "$aws/things/tcu-1/streams/s/get/json",                  true },
        {CAR,      POLICY_PUBLISH,        "$aws/things/tcu-2/streams/s/get/json",                  false},
        {CAR,      POLICY_SUBSCRIBE,      "$aws/things/tcu-1/streams/s/data/json",                 true },
        {CAR,      POLICY_PUBLISH,        "fleetsim/streams/s/put",                                false},
        {APP,      POLICY_PUBLISH,        "fleetsim/streams/s/put",                                true },
        {APP,      POLICY_SUBSCRIBE,      "fleetsim/streams/+/put/accepted",                       true },
        {APP,      POLICY_SUBSCRIBE,      "fleetsim/streams/#",                                    false},
        {CAR,      POLICY_SUBSCRIBE,      "#",                                                     false},
        {CAR,      POLICY_RECEIVE,        "$aws/things/tcu-1/shadow/update/delta",                 true },
        {CAR,      POLICY_RECEIVE,        "$aws/things/tcu-2/shadow/update/delta",                 false},
        {CAR,      POLICY_RECEIVE,        "cmd/fleetsim/tcu-1/request",                            true },
        {CAR,      POLICY_SUBSCRIBE,      "cmd/fleetsim/tcu-1/config",                             true },
        {CAR,      POLICY_SUBSCRIBE,      "cmd/fleetsim/tcu-2/config",                             false},
        {CAR,      POLICY_PUBLISH,        "cmd/fleetsim/tcu-1/config",                             false},
        {CAR,      POLICY_RECEIVE,        "cmd/fleetsim/tcu-1/config",                             true },
        {APP,      POLICY_PUBLISH,        "cmd/fleetsim/tcu-1/config",                             true },
        {APP,      POLICY_RETAIN_PUBLISH, "cmd/fleetsim/tcu-1/config",                             true },
        {APP,      POLICY_SUBSCRIBE,      "cmd/fleetsim/+/config",                                 true },
        {APP,      POLICY_CONNECT,        "app",                                                   true },
        {APP_TWO,  POLICY_CONNECT,        "app-2",                                                 true },
        {APP,      POLICY_CONNECT,        "apple",                                                 false},
        {APP,      POLICY_CONNECT,        "tcu-1",                                                 false},
        {APP_TWO,  POLICY_PUBLISH,        "$aws/things/tcu-7/shadow/update",                       true },
        {APP_TWO,  POLICY_PUBLISH,        "$aws/things/tcu-7/shadow/update/delta",                 false},
        {APP_TWO,  POLICY_PUBLISH,        "cmd/fleetsim/tcu-7/request",                            true },
        {APP_TWO,  POLICY_PUBLISH,        "cmd/fleetsim/tcu-7/response/app",                       false},
        {APP_TWO,  POLICY_PUBLISH,        "dt/fleetsim/tcu-7/position",                            false},
        {APP_TWO,  POLICY_RETAIN_PUBLISH, "cmd/fleetsim/tcu-7/request",                            false},
        {APP_TWO,  POLICY_SUBSCRIBE,      "$aws/things/+/shadow/update/accepted",                  true },
        {APP_TWO,  POLICY_SUBSCRIBE,      "cmd/fleetsim/+/response/app",                           true },
        {APP_TWO,  POLICY_SUBSCRIBE,      "cmd/fleetsim/+/response/app-2",                         true },
        {APP_TWO,  POLICY_SUBSCRIBE,      "cmd/fleetsim/tcu-1/response/app/#",                     true },
        {APP_TWO,  POLICY_SUBSCRIBE,      "cmd/fleetsim/+/response/apple",                         false},
        {APP_TWO,  POLICY_SUBSCRIBE,      "cmd/fleetsim/+/response/+",                             false},
        {APP_TWO,  POLICY_SUBSCRIBE,      "cmd/fleetsim/#",                                        false},
        {APP_TWO,  POLICY_SUBSCRIBE,      "dt/fleetsim/#",                                         true },
        {APP_TWO,  POLICY_SUBSCRIBE,      "$aws/events/presence/connected/+",                      true },
        {APP_TWO,  POLICY_SUBSCRIBE,      "$aws/events/subscriptions/#",                           true },
        {APP_TWO,  POLICY_SUBSCRIBE,      "$aws/#",                                                false},
        {APP_TWO,  POLICY_SUBSCRIBE,      "$SYS/#",                                                false},
        {APP_TWO,  POLICY_RECEIVE,        "cmd/fleetsim/tcu-1/response/app-2",                     true },
        {APP_TWO,  POLICY_RECEIVE,        "cmd/fleetsim/tcu-1/response/other",                     false},
        {APP_TWO,  POLICY_PUBLISH,        "app/fleetsim/anna/commands/tcu-1",                      true },
        {APP_TWO,  POLICY_SUBSCRIBE,      "app/fleetsim/anna/commands/+",                          true },
        {APP_TWO,  POLICY_RECEIVE,        "app/fleetsim/anna/commands/tcu-1",                      true },
        {APP_TWO,  POLICY_RETAIN_PUBLISH, "app/fleetsim/anna/commands/tcu-1",                      false},
        {APP_TWO,  POLICY_SUBSCRIBE,      "app/#",                                                 false},
        {PAGE,     POLICY_CONNECT,        "page-7",                                                true },
        {PAGE,     POLICY_CONNECT,        "page",                                                  false},
        {PAGE,     POLICY_CONNECT,        "companion",                                             false},
        {PAGE,     POLICY_CONNECT,        "tcu-1",                                                 false},
        {PAGE,     POLICY_PUBLISH,        "cmd/fleetsim/tcu-1/request",                            true },
        {PAGE,     POLICY_PUBLISH,        "cmd/fleetsim/tcu-1/response/page-7",                    false},
        {PAGE,     POLICY_PUBLISH,        "cmd/fleetsim/tcu-1/config",                             false},
        {PAGE,     POLICY_PUBLISH,        "$aws/things/tcu-1/shadow/get",                          true },
        {PAGE,     POLICY_PUBLISH,        "$aws/things/tcu-1/shadow/update",                       false},
        {PAGE,     POLICY_PUBLISH,        "$aws/things/tcu-1/shadow/delete",                       false},
        {PAGE,     POLICY_PUBLISH,        "fleetsim/jobs/j1/create",                               false},
        {PAGE,     POLICY_PUBLISH,        "app/fleetsim/anna/commands/tcu-1",                      false},
        {PAGE,     POLICY_RETAIN_PUBLISH, "cmd/fleetsim/tcu-1/request",                            false},
        {PAGE,     POLICY_SUBSCRIBE,      "$aws/things/tcu-1/shadow/update/accepted",              true },
        {PAGE,     POLICY_SUBSCRIBE,      "$aws/things/tcu-1/shadow/update/documents",             false},
        {PAGE,     POLICY_SUBSCRIBE,      "$aws/things/tcu-1/shadow/#",                            false},
        {PAGE,     POLICY_SUBSCRIBE,      "cmd/fleetsim/+/response/page-7",                        true },
        {PAGE,     POLICY_SUBSCRIBE,      "cmd/fleetsim/+/response/page-8",                        false},
        {PAGE,     POLICY_SUBSCRIBE,      "cmd/fleetsim/+/response/+",                             false},
        {PAGE,     POLICY_RECEIVE,        "cmd/fleetsim/tcu-1/response/page-8",                    false},
        {PAGE,     POLICY_SUBSCRIBE,      "$aws/events/presence/connected/+",                      true },
        {PAGE,     POLICY_SUBSCRIBE,      "dt/fleetsim/#",                                         false},
        {STRANGER, POLICY_CONNECT,        "tcu-1",                                                 false},
        {STRANGER, POLICY_PUBLISH,        "dt/fleetsim/tcu-1/position",                            false},
        {OWNER,    POLICY_CONNECT,        "x",                                                     true },
        {OWNER,    POLICY_PUBLISH,        "$aws/things/a/shadow/update/delta",                     true },
        {OWNER,    POLICY_SUBSCRIBE,      "$aws/#",                                                true },
        {OWNER,    POLICY_RETAIN_PUBLISH, "$aws/things/a/shadow/update/delta",                     false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct policy_principal *who = &principals[cases[i].who];
        const struct policy *policy =
            cases[i].who == OWNER ? policy_for_owner() : policy_find(who->unit);
        if (policy_allows(policy, who, cases[i].action, cases[i].name) != cases[i].allowed)
            fail_msg("%s: %s %s", who->client_id, policy_action_name(cases[i].action),
                     cases[i].name);
    }
}

#define ANY(pattern)                                                                               \
    {                                                                                              \
        true, 1u << POLICY_PUBLISH, "topic/" pattern                                               \
    }

static void matching(void **state)
{
    static const struct {
        struct policy_statement statement;
        const char *name;
        bool matches;
    } cases[] = {
        {ANY("a"),                                             "a",              true },
        {ANY("a"),                                             "b",              false},
        {ANY("a"),                                             "",               false},
        {ANY(""),                                              "",               true },
        {ANY("*"),                                             "",               true },
        {ANY("*"),                                             "a/b/c",          true },
        {ANY("a*"),                                            "a",              true },
        {ANY("*a"),                                            "banana",         true },
        {ANY("*a*a*"),                                         "banana",         true },
        {ANY("*a*b"),                                          "banana",         false},
        {ANY("a**b"),                                          "ab",             true },
        {ANY("a?c"),                                           "abc",            true },
        {ANY("a?c"),                                           "a/c",            true },
        {ANY("a?c"),                                           "ac",             false},
        {ANY("a?"),                                            "a",              false},
        {ANY("a/+/b"),                                         "a/+/b",          true },
        {ANY("a/+/b"),                                         "a/x/b",          false},
        {ANY("a/#"),                                           "a/b",            false},
        {ANY("${iot:ClientId}"),                               "me",             true },
        {ANY("${iot:ClientId}"),                               "meh",            false},
        {ANY("*/${iot:ClientId}/*"),                           "a/me/me/b",      true },
        {ANY("*${iot:ClientId}"),                              "mememe",         true },
        {ANY("${iot:Certificate.Subject.OrganizationalUnit}"), "u",              true },
        {ANY("x${aws:SourceIp}"),                              "x192.0.2.7",     true },
        {ANY("${iot:Certificate.Subject.CommonName}"),         "*",              false},
        {ANY("${iot:Certificate.Subject.CommonName}"),         "anything",       false},
        {ANY("${iot:Connection.Thing.ThingName}"),             "",               false},
        {ANY("*${iot:Connection.Thing.ThingName}"),            "anything",       false},
        {ANY("${iot:Nothing}"),                                "${iot:Nothing}", false},
        {ANY("$aws/x"),                                        "$aws/x",         true },
        {{true, 1u << POLICY_PUBLISH, "*"},                    "x",              true },
        {{true, 1u << POLICY_RECEIVE, "topic/x"},              "x",              false},
        {{true, 1u << POLICY_PUBLISH, "topicfilter/x"},        "x",              false},
        {{false, 1u << POLICY_PUBLISH, "topic/x"},             "x",              false},
    };
    /* A wildcard in a value must not become one in the policy; no thing is attached. */
    static const struct policy_principal who = {
        .client_id = "me", .common_name = "*", .unit = "u", .source_ip = "192.0.2.7"};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct policy policy = {.name = "test", .statements = &cases[i].statement, .count = 1};
        if (policy_allows(&policy, &who, POLICY_PUBLISH, cases[i].name) != cases[i].matches)
            fail_msg("%s with %s", cases[i].statement.resource, cases[i].name);
    }
}

static void deny_beats_allow(void **state)
{
    static const struct policy_statement orders[][2] = {
        {{true, 1u << POLICY_PUBLISH, "topic/*"},        {false, 1u << POLICY_PUBLISH, "topic/secret*"}},
        {{false, 1u << POLICY_PUBLISH, "topic/secret*"}, {true, 1u << POLICY_PUBLISH, "topic/*"}       },
    };
    struct policy_principal who = {.client_id = "me"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct policy policy = {.name = "test", .statements = orders[i], .count = 2};
        assert_true(policy_allows(&policy, &who, POLICY_PUBLISH, "open"));
        assert_false(policy_allows(&policy, &who, POLICY_PUBLISH, "secret/plan"));
        assert_false(policy_allows(&policy, &who, POLICY_RECEIVE, "open"));
    }
    assert_false(policy_allows(NULL, &who, POLICY_PUBLISH, "open"));
    assert_null(policy_find(NULL));
    assert_null(policy_find("vehicles"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles),
        cmocka_unit_test(matching),
        cmocka_unit_test(deny_beats_allow),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Least right: what each role may do, and how statements are matched (contract 7.1, 7.2). */
#include <stdio.h>
#include <string.h>

#include "cloud/policies/policy_defaults.h"
#include "cloud/policies/policy_store.h"
#include "support/policy_text.h"

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

static struct policy *again(const struct policy *policy)
{
    struct error err;
    struct policy *made =
        policy_compile_any_size(policy_name(policy), slice_str(policy_text(policy)), &err);

    if (made == NULL)
        fail_msg("%s: %s", policy_name(policy), err.text);
    return made;
}

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
        {CLAIM,    POLICY_RECEIVE,        "$aws/provisioning-templates/t/provision/json",          false},
        {CLAIM,    POLICY_SUBSCRIBE,      "$aws/provisioning-templates/+/provision/json",          false},
        {CLAIM,    POLICY_SUBSCRIBE,      "$aws/provisioning-templates/t/#",                       false},
        {CLAIM,    POLICY_RECEIVE,        "$aws/certificates/create-from-csr/json",                false},
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
        {PAGE,     POLICY_PUBLISH,        "$aws/things/tcu-1/shadow/name/comfort/get",             true },
        {PAGE,     POLICY_PUBLISH,        "$aws/things/tcu-1/shadow/name/comfort/update",          false},
        {PAGE,     POLICY_SUBSCRIBE,      "$aws/things/tcu-1/shadow/name/comfort/update/accepted", true },
        {PAGE,     POLICY_RECEIVE,        "$aws/things/tcu-1/shadow/name/comfort/get/rejected",    true },
        {PAGE,     POLICY_SUBSCRIBE,      "$aws/things/tcu-1/shadow/name/comfort/update/delta",    false},
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
    struct policy_store store;

    (void)state;
    assert_true(policy_store_init(&store));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct policy_principal *who = &principals[cases[i].who];
        const struct policy *policy =
            policy_store_find(&store, cases[i].who == OWNER ? POLICY_OWNER : who->unit);
        if (policy_allows(policy, who, cases[i].action, cases[i].name) != cases[i].allowed)
            fail_msg("%s: %s %s", who->client_id, policy_action_name(cases[i].action),
                     cases[i].name);
        /* The document that operators see says the same. */
        struct policy *printed = policy != NULL ? again(policy) : NULL;
        assert_true(policy_allows(printed, who, cases[i].action, cases[i].name) ==
                    cases[i].allowed);
        policy_free(printed);
    }
    policy_store_done(&store);
}

/* One statement about publishing. */
static struct policy *made_of(const char *effect, const char *resource)
{
    char text[512];

    snprintf(text, sizeof text,
             "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"%s\","
             "\"Action\":\"iot:Publish\",\"Resource\":\"%s\"}]}",
             effect, resource);
    return policy_of_text(text);
}

#define TOPIC(pattern) "arn:aws:iot:eu-central-1:123456789012:topic/" pattern

/* Contract 7.1: `*` is any string with slashes, `?` one character, `+` and `#` are themselves.
   Contract 7.2: an unresolved variable, or a value with a wildcard, makes it not match. */
static void matching(void **state)
{
    static const struct {
        const char *resource, *name;
        bool matches;
    } cases[] = {
        {TOPIC("a"),                                                  "a",          true },
        {TOPIC("a"),                                                  "b",          false},
        {TOPIC("a"),                                                  "",           false},
        {TOPIC(""),                                                   "",           true },
        {TOPIC("*"),                                                  "",           true },
        {TOPIC("*"),                                                  "a/b/c",      true },
        {TOPIC("a*"),                                                 "a",          true },
        {TOPIC("*a"),                                                 "banana",     true },
        {TOPIC("*a*a*"),                                              "banana",     true },
        {TOPIC("*a*b"),                                               "banana",     false},
        {TOPIC("a**b"),                                               "ab",         true },
        {TOPIC("a?c"),                                                "abc",        true },
        {TOPIC("a?c"),                                                "a/c",        true },
        {TOPIC("a?c"),                                                "ac",         false},
        {TOPIC("a?"),                                                 "a",          false},
        {TOPIC("a?c"),                                                "a\u00e9c",   true },
        {TOPIC("a??c"),                                               "a\u00e9c",   false},
        {TOPIC("a/+/b"),                                              "a/+/b",      true },
        {TOPIC("a/+/b"),                                              "a/x/b",      false},
        {TOPIC("a/#"),                                                "a/b",        false},
        {TOPIC("a${*}"),                                              "a*",         true },
        {TOPIC("a${*}"),                                              "ab",         false},
        {TOPIC("a${?}"),                                              "a?",         true },
        {TOPIC("a${$}{b}"),                                           "a${b}",      true },
        {TOPIC("${iot:ClientId}"),                                    "me",         true },
        {TOPIC("${iot:ClientId}"),                                    "meh",        false},
        {TOPIC("*/${iot:ClientId}/*"),                                "a/me/me/b",  true },
        {TOPIC("*${iot:ClientId}"),                                   "mememe",     true },
        {TOPIC("${iot:Certificate.Subject.OrganizationalUnit}"),      "u",          true },
        {TOPIC("x${aws:SourceIp}"),                                   "x192.0.2.7", true },
        {TOPIC("${iot:Certificate.Subject.CommonName}"),              "*",          false},
        {TOPIC("${iot:Certificate.Subject.CommonName}"),              "anything",   false},
        {TOPIC("${iot:Connection.Thing.ThingName}"),                  "",           false},
        {TOPIC("*${iot:Connection.Thing.ThingName}"),                 "anything",   false},
        {TOPIC("${iot:Connection.Thing.Attributes[model]}/x"),        "mini/x",     true },
        {TOPIC("${iot:Connection.Thing.Attributes[colour]}/x"),       "/x",         false},
        {TOPIC("${iot:Connection.Thing.ThingTypeName}"),              "car",        true },
        {TOPIC("${iot:Certificate.Subject.Country}"),                 "DE",         true },
        {TOPIC("${iot:Certificate.Subject.Country.1}"),               "AT",         true },
        {TOPIC("${iot:Certificate.Subject.Country.2}"),               "",           false},
        {TOPIC("${iot:Certificate.Issuer.CommonName}"),               "Fleet CA",   true },
        {TOPIC("${iot:Certificate.Subject.AlternativeName.DNSName}"), "car.test",   true },
        {TOPIC("${iot:Certificate.SerialNumber}"),                    "07",         true },
        {TOPIC("${cognito-identity.amazonaws.com:sub}"),              "",           false},
        {TOPIC("$aws/x"),                                             "$aws/x",     true },
        {"*",                                                         "x",          true },
        {"arn:aws:iot:*",                                             "x",          true },
        {"arn:aws:iot:us-east-1:1:*",                                 "x/y",        true },
        {"arn:aws:iot:us-east-1:1:t*/y",                              "x/y",        true },
        {"arn:aws:iot:us-east-1:1:to?ic/x",                           "x",          true },
        {"arn:aws:iot:us-east-1:1:c*/x",                              "x",          false},
        {"arn:aws-cn:iot:*:*:topic/x",                                "x",          true },
        {"arn:aws:iot:us-east-1:1:topicfilter/x",                     "x",          false},
        {"arn:aws:iot:us-east-1:1:client/x",                          "x",          false},
    };
    static const char certificate[] = "iot:Certificate.Subject.Country\0DE\0"
                                      "iot:Certificate.Subject.Country\0AT\0"
                                      "iot:Certificate.Issuer.CommonName\0Fleet CA\0"
                                      "iot:Certificate.Subject.AlternativeName.DNSName\0car.test\0"
                                      "iot:Certificate.SerialNumber\0"
                                      "07\0";
    cJSON *attributes = cJSON_Parse("{\"model\":\"mini\"}");
    /* A wildcard in a value must not become one in the policy; no thing is attached. */
    const struct policy_principal who = {.client_id = "me",
                                         .common_name = "*",
                                         .unit = "u",
                                         .source_ip = "192.0.2.7",
                                         .thing_type = "car",
                                         .thing_attributes = attributes,
                                         .certificate = certificate};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct policy *policy = made_of("Allow", cases[i].resource);
        if (policy_allows(policy, &who, POLICY_PUBLISH, cases[i].name) != cases[i].matches)
            fail_msg("%s with %s", cases[i].resource, cases[i].name);
        assert_false(policy_allows(policy, &who, POLICY_RECEIVE, cases[i].name));
        policy_free(policy);
    }
    cJSON_Delete(attributes);
}

/* Contract 7.1: deny beats allow, whichever policy it is in; default deny. */
static void deny_beats_allow(void **state)
{
    struct policy *allow = made_of("Allow", TOPIC("*"));
    struct policy *deny = made_of("Deny", TOPIC("secret*"));
    const struct policy *orders[2][2] = {
        {allow, deny },
        {deny,  allow}
    };
    struct policy_principal who = {.client_id = "me"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct policy_decision d = policy_decide(orders[i], 2, &who, POLICY_PUBLISH, "secret/plan");
        assert_false(d.allowed);
        assert_ptr_equal(d.policy, deny);
        assert_int_equal(d.statement, 0);
        d = policy_decide(orders[i], 2, &who, POLICY_PUBLISH, "open");
        assert_true(d.allowed);
        assert_ptr_equal(d.policy, allow);
        d = policy_decide(orders[i], 2, &who, POLICY_RECEIVE, "open");
        assert_false(d.allowed);
        assert_null(d.policy);
    }
    assert_false(policy_allows(NULL, &who, POLICY_PUBLISH, "open"));
    policy_free(allow);
    policy_free(deny);
}

static const char mine[] = "{\"Version\":\"2012-10-17\",\"Statement\":{\"Sid\":\"all\",\"Effect\":"
                           "\"Allow\",\"Action\":\"iot:*\",\"Resource\":\"*\"}}";

/* What is put stands in a default's place, outlives the broker, and goes. */
static void store(void **state)
{
    struct policy_store first, second;
    struct policy_principal who = {.client_id = "x"};
    struct error err;
    struct text saved;

    (void)state;
    assert_true(policy_store_init(&first));
    assert_true(policy_store_init(&second));
    assert_null(policy_store_find(&first, "vehicles"));
    assert_false(policy_store_remove(&first, "vehicle"));
    assert_false(policy_store_put(&first, "a name", slice_str(mine), 1, &err));
    assert_non_null(strstr(err.text, "\"a name\": no name of a policy"));
    assert_false(policy_store_put(&first, POLICY_OWNER, slice_str(mine), 1, &err));
    uint64_t before = first.generation;
    assert_true(policy_store_put(&first, "vehicle", slice_str(mine), 7, &err));
    assert_true(policy_store_put(&first, "vehicle", slice_str(mine), 8, &err));
    assert_true(policy_store_put(&first, "more", slice_str(mine), 9, &err));
    assert_true(first.generation > before);
    assert_int_equal(policy_store_get(&first, "vehicle")->version, 2);
    assert_true(
        policy_allows(policy_store_find(&first, "vehicle"), &who, POLICY_PUBLISH, "anything"));
    assert_string_equal(policy_statement_id(policy_store_find(&first, "more"), 0), "all");

    text_init(&saved);
    policy_store_save(&first, &saved);
    for (char *line = strtok(saved.data, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        cJSON *record = cJSON_Parse(line);
        assert_true(policy_store_load(&second, record));
        cJSON_Delete(record);
    }
    text_done(&saved);
    assert_int_equal(policy_store_get(&second, "vehicle")->version, 2);
    assert_int_equal(policy_store_get(&second, "more")->changed_ms, 9);

    assert_true(policy_store_remove(&second, "vehicle"));
    assert_true(policy_store_remove(&second, "more"));
    assert_null(policy_store_find(&second, "more"));
    assert_false(
        policy_allows(policy_store_find(&second, "vehicle"), &who, POLICY_PUBLISH, "anything"));
    policy_store_done(&first);
    policy_store_done(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles),
        cmocka_unit_test(matching),
        cmocka_unit_test(deny_beats_allow),
        cmocka_unit_test(store),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

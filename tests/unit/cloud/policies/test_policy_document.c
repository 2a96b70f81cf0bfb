/* Policy documents: the examples of AWS's developer guide decide as it says, conditions hold as
   IAM's do, and bad documents get an error that says where (contract 7.1, 7.2). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/policy_text.h"

#define ARN  "arn:aws:iot:us-east-1:123456789012:"
#define HEAD "{\"Version\":\"2012-10-17\",\"Statement\":["
#define TAIL "]}"
#define ALLOW(action, resource)                                                                    \
    "{\"Effect\":\"Allow\",\"Action\":[\"iot:" action "\"],\"Resource\":[\"" ARN resource "\"]}"
#define DENY(action, resource)                                                                     \
    "{\"Effect\":\"Deny\",\"Action\":[\"iot:" action "\"],\"Resource\":[\"" ARN resource "\"]}"
#define THING "${iot:Connection.Thing.ThingName}"

struct example {
    const char *document;
    enum policy_action action;
    const char *name;
    bool allowed;
};

static void check(const struct example *examples, size_t count, const struct policy_principal *who)
{
    for (size_t i = 0; i < count; i++) {
        struct policy *policy = policy_of_text(examples[i].document);
        if (policy_allows(policy, who, examples[i].action, examples[i].name) != examples[i].allowed)
            fail_msg("%s: %s %s is not %s", examples[i].document,
                     policy_action_name(examples[i].action), examples[i].name,
                     examples[i].allowed ? "allowed" : "denied");
        policy_free(policy);
    }
}
#define CHECK(examples, who) check(examples, sizeof(examples) / sizeof *(examples), who)

/* "Publish/Subscribe policy examples", registered devices. */
static void publish_and_subscribe(void **state)
{
    static const char own[] = HEAD ALLOW("Connect", "client/" THING) "," ALLOW(
        "Publish", "topic/" THING "/*") "," DENY("Publish", "topic/" THING "/bar") TAIL;
    static const char rooms[] = HEAD ALLOW("Subscribe", "topicfilter/" THING "/room*") "," ALLOW(
        "Receive", "topic/" THING "/room*") TAIL;
    /* MQTT's wildcards are literal characters in a policy. */
    static const char literal[] = HEAD ALLOW("Subscribe", "topicfilter/some/+/topic") TAIL;
    static const char starred[] = HEAD ALLOW("Subscribe", "topicfilter/some/*/topic") TAIL;
    static const char control[] = HEAD ALLOW("Subscribe", "topicfilter/building/*") "," DENY(
        "Subscribe", "topicfilter/building/control_room/#") "," ALLOW("Receive", "topic/building/*")
        TAIL;
    static const struct example examples[] = {
        {own,     POLICY_CONNECT,   "thing1",                      true },
        {own,     POLICY_CONNECT,   "thing2",                      false},
        {own,     POLICY_PUBLISH,   "thing1/foo",                  true },
        {own,     POLICY_PUBLISH,   "thing1/foo/bar",              true },
        {own,     POLICY_PUBLISH,   "thing1/bar",                  false},
        {own,     POLICY_PUBLISH,   "thing2/foo",                  false},
        {rooms,   POLICY_SUBSCRIBE, "thing1/room1",                true },
        {rooms,   POLICY_SUBSCRIBE, "thing1/+",                    false},
        {rooms,   POLICY_RECEIVE,   "thing1/room2",                true },
        {rooms,   POLICY_PUBLISH,   "thing1/room2",                false},
        {literal, POLICY_SUBSCRIBE, "some/+/topic",                true },
        {literal, POLICY_SUBSCRIBE, "some/other/topic",            false},
        {starred, POLICY_SUBSCRIBE, "some/+/topic",                true },
        {starred, POLICY_SUBSCRIBE, "some/a/b/topic",              true },
 /* Contract 7.1: "a client allowed topicfilter/a/1/\u2217 may not subscribe a/+/x". */
        {rooms,   POLICY_SUBSCRIBE, "+/room1",                     false},
        {starred, POLICY_SUBSCRIBE, "some/#",                      false},
 /* AWS: POLICY_CONTAINS_MQTT_WILDCARDS_IN_DENY_STATEMENT. */
        {control, POLICY_SUBSCRIBE, "building/control_room/#",     false},
        {control, POLICY_SUBSCRIBE, "building/control_room/data1", true },
        {control, POLICY_SUBSCRIBE, "building/#",                  true },
        {control, POLICY_RECEIVE,   "building/control_room/data1", true },
    };
    const struct policy_principal who = {.client_id = "thing1", .thing_name = "thing1"};
    struct policy *policy = policy_of_text(control);

    (void)state;
    CHECK(examples, &who);
    assert_true(policy_denies_wildcards(policy));
    policy_free(policy);
    policy = policy_of_text(literal);
    assert_false(policy_denies_wildcards(policy));
    policy_free(policy);
}

#define CONNECT_IF(condition)                                                                      \
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\",\"Resource\":\"*\",\"Condition\":"           \
    "{" condition "}}"
#define REFUSE_IF(condition)                                                                       \
    "{\"Effect\":\"Deny\",\"Action\":\"iot:Connect\",\"Resource\":\"*\",\"Condition\":{" condition \
    "}}"
#define ATTRIBUTES(op, list) "\"" op "\":{\"iot:ConnectAttributes\":[" list "]}"

/* contract 7.2, iot:ConnectAttributes: AWS's "Connect policy examples" of persistent sessions. */
static void persistent_sessions(void **state)
{
    static const struct {
        const char *document;
        bool clean, persistent;
    } cases[] = {
        {HEAD CONNECT_IF(ATTRIBUTES("ForAllValues:StringEquals",    "\"PersistentConnect\"")) TAIL,
         true,                                                                                                                                                       true              },
        {HEAD CONNECT_IF(ATTRIBUTES("ForAllValues:StringNotEquals", "\"PersistentConnect\"")) TAIL,
         true,                                                                                                                                                       false             },
        {HEAD ALLOW("Connect",                                      "client/*") "," REFUSE_IF(
             ATTRIBUTES("ForAnyValue:StringEquals",                   "\"PersistentConnect\"")) TAIL,
         true,                                                                                                                                                                           false},
        {HEAD CONNECT_IF(
             ATTRIBUTES("ForAllValues:StringEquals",                                                         "\"PersistentConnect\",\"LastWill\"")) TAIL,
         true, true                                                                                                                                                                          },
        {HEAD CONNECT_IF(ATTRIBUTES("ForAllValues:StringEquals",                                                         "\"LastWill\"")) TAIL,                                  true,
         false},
        {HEAD CONNECT_IF(ATTRIBUTES("ForAllValues:StringEquals",                                                         "")) TAIL,                                  true,                                false                                                                                                                                                                                      },
        {HEAD CONNECT_IF(ATTRIBUTES("ForAnyValue:StringEquals",                                                         "\"PersistentConnect\"")) TAIL,
         false,            true                                                                                                                                                                         },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct policy *policy = policy_of_text(cases[i].document);
        struct policy_principal who = {.client_id = "client1"};
        if (policy_allows(policy, &who, POLICY_CONNECT, "client1") != cases[i].clean)
            fail_msg("clean: %s", cases[i].document);
        who.persistent = true;
        if (policy_allows(policy, &who, POLICY_CONNECT, "client1") != cases[i].persistent)
            fail_msg("persistent: %s", cases[i].document);
        policy_free(policy);
    }
}

#define WILL_ON(op, topic) "\"" op "\":{\"iot:LastWillTopic\":\"" topic "\"}"

/* Contract 7.2, "conditions iot:ConnectAttributes (…, LastWill), iot:LastWillTopic", and AWS's
   "Connect policy examples" of them. */
static void wills(void **state)
{
    static const struct {
        const char *document;
        bool none, some, mine, other; /* no will, one of an unknown topic, on my/will, on no/will */
    } cases[] = {
        {HEAD CONNECT_IF(WILL_ON("ArnEquals",       ARN "topic/my/will")) TAIL, false,                                               true,            true,                            false         },
        {HEAD CONNECT_IF(WILL_ON("ArnLike",         ARN "topic/*/will")) TAIL,  false,                                               true,            true,                            true          },
        {HEAD CONNECT_IF(WILL_ON("StringLike",      "*my/w???")) TAIL,          false,                                               true,            true,                            false         },
        {HEAD CONNECT_IF(WILL_ON("ArnLikeIfExists", ARN "topic/my/*")) TAIL,    true,                                                true,            true,
         false                                                                                                                                                                                       },
        {HEAD CONNECT_IF(WILL_ON("ArnNotEquals",    ARN "topic/my/will")) TAIL, true,                                                true,            false,
         true                                                                                                                                                                                        },
        {HEAD ALLOW("Connect",                      "client/*") "," REFUSE_IF(
             WILL_ON("ArnEquals",                 ARN "topic/my/${iot:ClientId}")) TAIL,
         true,                                                                                                                                        true,                            false,          true},
        {HEAD CONNECT_IF(WILL_ON("Null",                                         "true")) TAIL,                                      true,                                    false,          false, false},
        {HEAD CONNECT_IF(WILL_ON("Null",                                         "false")) TAIL,                                      false,                                   true,        true, true   },
        {HEAD CONNECT_IF(ATTRIBUTES("ForAnyValue:StringEquals",                                         "\"LastWill\"")) TAIL,               false,     true,
         true,                        true                                                                                                                                                                                        },
        {HEAD CONNECT_IF(ATTRIBUTES("ForAllValues:StringNotEquals",                                         "\"LastWill\"")) TAIL,           true,
         false,  false,                                                                                                                                                                        false                                                                                                                                                                               },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const bool wanted[] = {cases[i].none, cases[i].some, cases[i].mine, cases[i].other};
        struct policy *policy = policy_of_text(cases[i].document);
        for (int k = 0; k < 4; k++) {
            const struct policy_principal who = {.client_id = "will",
                                                 .will = k < 2 ? (enum policy_will)k : POLICY_WILL,
                                                 .will_topic = k == 2 ? "my/will" : "no/will"};
            if (policy_allows(policy, &who, POLICY_CONNECT, "will") != wanted[k])
                fail_msg("will %d: %s", k, cases[i].document);
        }
        policy_free(policy);
    }
}

/* Contract 7.2: the thing's variables, and "use in Condition" for IsAttached. */
static void things(void **state)
{
    static const char attached[] =
        HEAD CONNECT_IF("\"Bool\":{\"iot:Connection.Thing.IsAttached\":[\"true\"]}") TAIL;
    static const char typed[] =
        HEAD CONNECT_IF("\"StringEquals\":{\"iot:Connection.Thing.Attributes[model]\":\"mini\","
                        "\"iot:Connection.Thing.ThingTypeName\":\"car\"},"
                        "\"Bool\":{\"iot:Connection.Thing.IsAttached\":\"true\"}") TAIL;
    cJSON *mini = cJSON_Parse("{\"model\":\"mini\"}");
    cJSON *maxi = cJSON_Parse("{\"model\":\"maxi\"}");
    struct policy_principal who = {
        .client_id = "c", .thing_name = "c", .thing_type = "car", .thing_attributes = mini};
    static const struct example with[] = {
        {attached, POLICY_CONNECT, "c", true},
        {typed,    POLICY_CONNECT, "c", true},
    };
    static const struct example without[] = {
        {attached, POLICY_CONNECT, "c", false},
        {typed,    POLICY_CONNECT, "c", false},
    };

    (void)state;
    CHECK(with, &who);
    who.thing_attributes = maxi;
    check(&without[1], 1, &who);
    who = (struct policy_principal){.client_id = "c"};
    CHECK(without, &who);
    cJSON_Delete(mini);
    cJSON_Delete(maxi);
}

#define IF(condition)                                                                              \
    HEAD "{\"Effect\":\"Allow\",\"Action\":\"iot:Publish\",\"Resource\":\"*\",\"Condition\":"      \
         "{" condition "}}" TAIL
#define P(condition, allowed)                                                                      \
    {                                                                                              \
        IF(condition), POLICY_PUBLISH, "t", allowed                                                \
    }
#define ORGANIZATION "iot:Certificate.Subject.Organization"

/* IAM's operators; a key that is not there fails, but for what is negated and …IfExists.
 * contract 7.2: certificate variables, also as lists. */
static void conditions(void **state)
{
    static const char certificate[] = ORGANIZATION "\0AnyCompany\0" ORGANIZATION "\0Example Corp\0";
    const struct policy_principal who = {
        .client_id = "Car-7", .source_ip = "10.1.2.3", .certificate = certificate};
    static const struct example examples[] = {
        P("\"StringEquals\":{\"iot:ClientId\":\"Car-7\"}", true),
        P("\"StringEquals\":{\"iot:ClientId\":[\"x\",\"Car-7\"]}", true),
        P("\"StringEquals\":{\"iot:ClientId\":\"Car-*\"}", false),
        P("\"StringEquals\":{\"iot:ClientId\":\"car-7\"}", false),
        P("\"StringEqualsIgnoreCase\":{\"iot:ClientId\":\"car-7\"}", true),
        P("\"StringNotEquals\":{\"iot:ClientId\":[\"x\",\"Car-7\"]}", false),
        P("\"StringLike\":{\"iot:ClientId\":\"Car-?\"}", true),
        P("\"StringNotLike\":{\"iot:ClientId\":\"Car-?\"}", false),
        P("\"StringLike\":{\"iot:ClientId\":\"${iot:ClientId}\"}", true),
        P("\"StringEquals\":{\"iot:Connection.Thing.ThingTypeName\":\"car\"}", false),
        P("\"StringNotEquals\":{\"iot:Connection.Thing.ThingTypeName\":\"car\"}", true),
        P("\"StringEqualsIfExists\":{\"iot:Connection.Thing.ThingTypeName\":\"car\"}", true),
        P("\"Null\":{\"iot:Connection.Thing.ThingTypeName\":\"true\"}", true),
        P("\"Null\":{\"iot:ClientId\":\"true\"}", false),
        P("\"Null\":{\"iot:ClientId\":false}", true),
        P("\"IpAddress\":{\"aws:SourceIp\":\"10.0.0.0/8\"}", true),
        P("\"IpAddress\":{\"aws:SourceIp\":[\"192.0.2.0/24\",\"10.1.2.0/22\"]}", true),
        P("\"IpAddress\":{\"aws:SourceIp\":\"10.1.2.4/31\"}", false),
        P("\"IpAddress\":{\"aws:SourceIp\":\"10.1.2.3\"}", true),
        P("\"IpAddress\":{\"aws:SourceIp\":\"::/0\"}", false),
        P("\"NotIpAddress\":{\"aws:SourceIp\":\"10.0.0.0/8\"}", false),
        P("\"NumericLessThan\":{\"iot:ClientId\":\"8\"}", false),
        P("\"Bool\":{\"iot:Connection.Thing.IsAttached\":\"false\"}", true),
        P("\"ForAllValues:StringEquals\":{\"" ORGANIZATION
          ".List\":[\"Example Corp\",\"AnyCompany\"]}",
          true),
        P("\"ForAllValues:StringEquals\":{\"" ORGANIZATION ".List\":[\"Example Corp\"]}", false),
        P("\"ForAnyValue:StringEquals\":{\"" ORGANIZATION ".List\":[\"Example Corp\"]}", true),
        P("\"StringEquals\":{\"" ORGANIZATION "\":\"AnyCompany\"}", true),
        P("\"StringEquals\":{\"" ORGANIZATION "\":\"Example Corp\"}", false),
        P("\"StringEquals\":{\"" ORGANIZATION ".1\":\"Example Corp\"}", true),
        P("\"ForAnyValue:StringEquals\":{\"iot:Certificate.AvailableKeys\":\"" ORGANIZATION "\"}",
          true),
        P("\"ForAnyValue:StringEquals\":{\"iot:Certificate.AvailableKeys\":\"iot:x\"}", false),
        /* All of them. */
        P("\"StringEquals\":{\"iot:ClientId\":\"Car-7\"},\"IpAddress\":{\"aws:SourceIp\":"
          "\"192.0.2.0/24\"}",
          false),
    };

    (void)state;
    CHECK(examples, &who);
}

/* IAM's opposites, and actions with wildcards; contract 7.1: actions that are of HTTPS only are
 * known. */
static void opposites(void **state)
{
    static const char but[] = HEAD "{\"Effect\":\"Allow\",\"Action\":\"iot:*\",\"NotResource\":"
                                   "[\"" ARN "topic/secret/*\",\"" ARN "client/*\"]}" TAIL;
    static const char no_receive[] = HEAD "{\"Effect\":\"Allow\",\"NotAction\":\"iot:Receive\","
                                          "\"Resource\":\"*\"}" TAIL;
    static const char s[] =
        HEAD "{\"Effect\":\"Allow\",\"Action\":[\"IOT:pub*\",\"*:?ubs*be\","
             "\"iot:GetThingShadow\",\"iotjobsdata:*\"],\"Resource\":\"*\"}" TAIL;
    static const struct example examples[] = {
        {but,        POLICY_PUBLISH,        "open",     true },
        {but,        POLICY_PUBLISH,        "secret/x", false},
        {but,        POLICY_SUBSCRIBE,      "secret/x", true },
        {but,        POLICY_CONNECT,        "c",        false},
        {no_receive, POLICY_RECEIVE,        "x",        false},
        {no_receive, POLICY_RETAIN_PUBLISH, "x",        true },
        {s,          POLICY_PUBLISH,        "x",        true },
        {s,          POLICY_SUBSCRIBE,      "x",        true },
        {s,          POLICY_RETAIN_PUBLISH, "x",        false},
        {s,          POLICY_CONNECT,        "x",        false},
    };
    const struct policy_principal who = {.client_id = "c"};

    (void)state;
    CHECK(examples, &who);
}

#define S(members) HEAD "{" members "}" TAIL
#define E          "\"Effect\":\"Allow\","
#define A          "\"Action\":\"iot:Publish\","
#define R          "\"Resource\":\"*\""

static void bad_documents(void **state)
{
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"",                                                                           "not JSON (line 1)"                             },
        {"{\n\"Version\": x}",                                                         "not JSON (line 2)"                             },
        {"[]",                                                                         "an object with Version and Statement"          },
        {"{}",                                                                         "Version: \"2012-10-17\""                       },
        {"{\"Version\":\"2012-10-17\"}",                                               "Statement: missing"                            },
        {"{\"Version\":\"2012-10-17\",\"Statement\":[]}",                              "Statement: missing"                            },
        {"{\"Version\":\"2008-10-17\",\"Statement\":{" E A "\"Resource\":\"" ARN
         "topic/${iot:ClientId}\"}}",                                         "Version: variables need \"2012-10-17\""        },
        {"{\"Version\":\"2012-10-17\",\"Statements\":[]}",                             "Statements: no such member"                    },
        {HEAD "3" TAIL,                                                                "Statement[0]: an object"                       },
        {S(A R),                                                                       "Statement[0]: Effect: Allow or Deny"           },
        {S("\"Effect\":\"allow\"," A R),                                               "Statement[0]: Effect: Allow or Deny"           },
        {HEAD "{" E A R "},{" E R "}" TAIL,                                            "Statement[1]: Action: missing"                 },
        {S(E A "\"NotAction\":\"iot:*\"," R),                                          "Action and NotAction: one of them"             },
        {S(E "\"Action\":[]," R),                                                      "Action: a text, or a list of texts"            },
        {S(E "\"Action\":[\"iot:Publish\",3]," R),                                     "Statement[0]: Action[1]: a text"               },
        {S(E "\"Action\":\"iot:Publsh\"," R),                                          "Action: \"iot:Publsh\": no action of AWS"      },
        {S(E "\"Action\":\"s3:GetObject\"," R),                                        "\"s3:GetObject\": no action of AWS IoT"        },
        {S(E A "\"Resource\":[\"*\",\"topic/a\"]"),                                    "Resource[1]: \"topic/a\": no ARN"              },
        {S(E A "\"Resource\":\"" ARN "a/b\""),                                         "\"a/b\": topic/…, topicfilter/… or client/"},
        {S(E A "\"Resource\":\"" ARN "topic/${x\""),                                   "a variable without its }"                      },
        {S(E A "\"Resource\":\"" ARN "topic/${iot:Nothing}\""),
         "Resource: iot:Nothing: no variable of AWS IoT"                                                                               },
        {S(E A "\"Resource\":\"" ARN "topic/${iot:Thing.ThingName}\""),
         "(iot:Connection.Thing.ThingName?)"                                                                                           },
        {S(E A R ",\"Principal\":\"*\""),                                              "Principal: not in a policy of AWS IoT"         },
        {S(E A R ",\"Sid\":1"),                                                        "Sid: a text"                                   },
        {S(E A R ",\"Condition\":1"),                                                  "Condition: an object of operators"             },
        {S(E A R ",\"Condition\":{\"Bool\":1}"),                                       "Condition.Bool: an object of keys"             },
        {S(E A R ",\"Condition\":{\"StringIs\":{\"iot:ClientId\":\"x\"}}"),
         "Condition: StringIs: no operator known here"                                                                                 },
        {S(E A R ",\"Condition\":{\"Bool\":{\"iot:Foo\":\"true\"}}"),
         "Condition: Bool: iot:Foo: no variable"                                                                                       },
        {S(E A R ",\"Condition\":{\"Bool\":{\"iot:ClientId\":\"yes\"}}"),
         "Condition: Bool.iot:ClientId: \"yes\": true or false"                                                                        },
        {S(E A R ",\"Condition\":{\"IpAddress\":{\"aws:SourceIp\":\"10.0.0.0/33\"}}"),
         "\"10.0.0.0/33\": no address"                                                                                                 },
        {S(E A R ",\"Condition\":{\"StringEquals\":{\"iot:ClientId\":[{}]}}"),
         "texts (or numbers, true, false)"                                                                                             },
        {S(E A R ",\"Condition\":{\"ArnEquals\":{\"iot:LastWillTopic\":\"x\"}}"),
         "Condition: ArnEquals.iot:LastWillTopic: \"x\": no ARN"                                                                       },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct error err = {.text = ""};
        struct policy *policy = policy_compile("test", slice_str(cases[i].text), &err);
        if (policy != NULL || strstr(err.text, cases[i].error) == NULL)
            fail_msg("%s: \"%s\", not \"%s\"", cases[i].text, err.text, cases[i].error);
        assert_int_equal(err.code, ERROR_USAGE);
    }
}

/* Contract 7.1: "2048 chars each (excluding white space)". */
static void size(void **state)
{
    char text[6000];
    struct error err;
    const int frame = (int)strlen(S(E A "\"Resource\":\"" ARN "topic/\""));

    (void)state;
    for (int more = 0; more < 2; more++) {
        snprintf(text, sizeof text, "%s%*s{%s%s\"Resource\":\"%stopic/%0*d\"}%s", HEAD, 3000, "", E,
                 A, ARN, POLICY_CHARACTERS_MAX - frame + more, 0, TAIL);
        struct policy *policy = policy_compile("test", slice_str(text), &err);
        assert_true((policy != NULL) == (more == 0));
        policy_free(policy);
    }
    assert_non_null(strstr(err.text, "2049 characters without white space, AWS IoT allows 2048"));
    struct policy *policy = policy_compile_any_size("test", slice_str(text), &err);
    assert_non_null(policy);
    policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(publish_and_subscribe),
        cmocka_unit_test(persistent_sessions),
        cmocka_unit_test(wills),
        cmocka_unit_test(things),
        cmocka_unit_test(conditions),
        cmocka_unit_test(opposites),
        cmocka_unit_test(bad_documents),
        cmocka_unit_test(size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

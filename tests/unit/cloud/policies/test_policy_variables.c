/* What policies decide by (contract 7.1 and 7.2): each action and its resource, each variable of a
   certificate, the thing of a client, and AWS's policy for devices as a whole. */
#include <stdio.h>
#include <string.h>

#include "support/policy_text.h"

#define ARN "arn:aws:iot:us-east-1:123456789012:"

/* contract 7.1, table: each action is allowed on its own kind of resource and on no other, and none
   of them allows another. */
static void each_action_and_its_resource(void **state)
{
    static const struct {
        const char *action, *kind;
        enum policy_action is;
    } actions[] = {
        {"iot:Connect",       "client",      POLICY_CONNECT       },
        {"iot:Publish",       "topic",       POLICY_PUBLISH       },
        {"iot:RetainPublish", "topic",       POLICY_RETAIN_PUBLISH},
        {"iot:Subscribe",     "topicfilter", POLICY_SUBSCRIBE     },
        {"iot:Receive",       "topic",       POLICY_RECEIVE       },
    };
    static const char *const kinds[] = {"client", "topic", "topicfilter"};
    const struct policy_principal who = {.client_id = "x"};
    char text[300];

    (void)state;
    for (size_t i = 0; i < 5; i++)
        for (size_t k = 0; k < 3; k++) {
            snprintf(text, sizeof text,
                     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
                     "\"Action\":\"%s\",\"Resource\":\"" ARN "%s/x\"}]}",
                     actions[i].action, kinds[k]);
            struct policy *policy = policy_of_text(text);
            for (size_t other = 0; other < 5; other++) {
                bool allowed = policy_allows(policy, &who, actions[other].is, "x");
                if (allowed != (other == i && strcmp(kinds[k], actions[i].kind) == 0))
                    fail_msg("%s of %s: %s", actions[i].action, kinds[k], actions[other].action);
            }
            policy_free(policy);
        }
}

/* contract 7.2, table: every field of a certificate's subject and issuer, and that which of several
   values is meant is said by its number. */
static void fields_of_certificates(void **state)
{
    static const char *const fields[] = {
        "CommonName",
        "Country",
        "Organization",
        "OrganizationalUnit",
        "State",
        "Title",
        "Surname",
        "GivenName",
        "Initials",
        "Pseudonym",
        "GenerationQualifier",
        "SerialNumber",
        "DistinguishedNameQualifier",
        "AlternativeName.RFC822Name",
        "AlternativeName.DNSName",
        "AlternativeName.DirectoryName",
        "AlternativeName.UniformResourceIdentifier",
        "AlternativeName.IPAddress",
    };
    static const char *const of[] = {"Subject", "Issuer"};
    static const struct {
        const char *number, *topic;
        bool allowed;
    } cases[] = {
        {"",   "a/first",  true },
        {"",   "a/second", false},
        {".0", "a/first",  true },
        {".1", "a/second", true },
        {".1", "a/first",  false},
        {".2", "a/",       false},
    };
    char text[400], certificate[300];

    (void)state;
    for (size_t f = 0; f < 2 * sizeof fields / sizeof *fields; f++)
        for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
            const char *field = fields[f / 2];
            memset(certificate, 0, sizeof certificate);
            size_t name =
                (size_t)snprintf(certificate, 100, "iot:Certificate.%s.%s", of[f % 2], field);
            memcpy(certificate + name + 1, "first", 5);
            memcpy(certificate + name + 7, certificate, name);
            memcpy(certificate + 2 * name + 8, "second", 6);
            const struct policy_principal who = {
                .client_id = "x", .common_name = "first", .certificate = certificate};
            snprintf(text, sizeof text,
                     "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":"
                     "\"iot:Publish\",\"Resource\":\"" ARN
                     "topic/a/${iot:Certificate.%s.%s%s}\"}]}",
                     of[f % 2], field, cases[c].number);
            struct policy *policy = policy_of_text(text);
            if (policy_allows(policy, &who, POLICY_PUBLISH, cases[c].topic) != cases[c].allowed)
                fail_msg("%s: %s", text, cases[c].topic);
            policy_free(policy);
        }
}

#define THING  "${iot:Connection.Thing.ThingName}"
#define TOPIC  "\"" ARN "topic/"
#define FILTER "\"" ARN "topicfilter/"
#define OWN_TOPICS                                                                                 \
    TOPIC "$aws/things/" THING "/*\"," TOPIC "dt/app/" THING "/*\"," TOPIC "$aws/rules/ingest/*\""

/* contract 7.2, "Reference device policy". */
static const char reference[] =
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":\"iot:Connect\","
    "\"Resource\":\"" ARN "client/" THING "\",\"Condition\":{\"Bool\":"
    "{\"iot:Connection.Thing.IsAttached\":\"true\"}}},{\"Effect\":\"Allow\",\"Action\":"
    "\"iot:Publish\",\"Resource\":[" OWN_TOPICS "]},{\"Effect\":\"Allow\",\"Action\":"
    "\"iot:Receive\",\"Resource\":[" OWN_TOPICS "," TOPIC "cmd/app/" THING "/*\"]},"
    "{\"Effect\":\"Allow\",\"Action\":\"iot:Subscribe\",\"Resource\":[" FILTER "$aws/things/" THING
    "/*\"," FILTER "cmd/app/" THING "/+\"]}]}";

static const struct {
    enum policy_action action;
    const char *name;
    bool allowed;
} decisions[] = {
    {POLICY_CONNECT,        "tcu-1",                              true },
    {POLICY_CONNECT,        "tcu-2",                              false},
    {POLICY_PUBLISH,        "$aws/things/tcu-1/shadow/update",    true },
    {POLICY_PUBLISH,        "$aws/things/tcu-1/jobs/$next/get",   true },
    {POLICY_PUBLISH,        "$aws/things/tcu-2/shadow/update",    false},
    {POLICY_PUBLISH,        "$aws/things/tcu-12/shadow/update",   false},
    {POLICY_PUBLISH,        "dt/app/tcu-1/position",              true },
    {POLICY_PUBLISH,        "$aws/rules/ingest/dt/app/tcu-1/x",   true },
    {POLICY_PUBLISH,        "$aws/rules/other/dt/app/tcu-1/x",    false},
    {POLICY_PUBLISH,        "cmd/app/tcu-1/request",              false},
    {POLICY_RETAIN_PUBLISH, "dt/app/tcu-1/position",              false},
    {POLICY_SUBSCRIBE,      "$aws/things/tcu-1/jobs/+/get/+",     true },
    {POLICY_SUBSCRIBE,      "$aws/things/tcu-1/#",                true },
    {POLICY_SUBSCRIBE,      "$aws/things/+/shadow/update/delta",  false},
    {POLICY_SUBSCRIBE,      "cmd/app/tcu-1/+",                    true },
    {POLICY_SUBSCRIBE,      "cmd/app/tcu-1/request",              false},
    {POLICY_RECEIVE,        "cmd/app/tcu-1/request",              true },
    {POLICY_RECEIVE,        "cmd/app/tcu-2/request",              false},
    {POLICY_RECEIVE,        "$aws/things/tcu-1/jobs/notify-next", true },
};
#define DECISIONS (sizeof decisions / sizeof *decisions)

/* contract 7.2: the reference device policy lets a car be itself, and nobody else. */
static void the_reference_device_policy(void **state)
{
    const struct policy_principal who = {.client_id = "tcu-1", .thing_name = "tcu-1"};
    struct policy *policy = policy_of_text(reference);

    (void)state;
    for (size_t i = 0; i < DECISIONS; i++)
        if (policy_allows(policy, &who, decisions[i].action, decisions[i].name) !=
            decisions[i].allowed)
            fail_msg("%s %s", policy_action_name(decisions[i].action), decisions[i].name);
    policy_free(policy);
}

/* contract 7.2: one that is not attached, or not by its own name, has no thing: the reference
   device policy gives it nothing but what is named outright. */
static void the_reference_device_policy_without_a_thing(void **state)
{
    const struct policy_principal who = {.client_id = "tcu-1"};
    struct policy *policy = policy_of_text(reference);

    (void)state;
    for (size_t i = 0; i < DECISIONS; i++) {
        bool named = strncmp(decisions[i].name, "$aws/rules/ingest/", 18) == 0;
        if (policy_allows(policy, &who, decisions[i].action, decisions[i].name) != named)
            fail_msg("%s %s", policy_action_name(decisions[i].action), decisions[i].name);
    }
    policy_free(policy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_action_and_its_resource),
        cmocka_unit_test(fields_of_certificates),
        cmocka_unit_test(the_reference_device_policy),
        cmocka_unit_test(the_reference_device_policy_without_a_thing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

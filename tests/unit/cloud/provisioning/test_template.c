/* Provisioning templates: what they say of things, groups and policies (contract 4.1), and that
 * they are kept. */
#include <stdio.h>
#include <string.h>

#include "support/claim.h"

static void operators_keep_templates(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"templateBody\":\"not json\"}",
        "{\"templateBody\":{\"Resources\":{}}}",
        "{\"templateBody\":" HOOKED_BODY ",\"preProvisioningHook\":{}}",
        "{\"templateBody\":" HOOKED_BODY ",\"preProvisioningHook\":{\"allow\":{\"VIN\":\"(\"}}}",
    };
    struct cloud_world *w = *state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        operator_is_refused(w, HOOKED "create", bad[i], "InvalidRequest");
    operator_tells(w, HOOKED "create", "{\"templateBody\":" HOOKED_BODY ",\"clientToken\":\"t\"}");
    cJSON *answer = operator_asks(w, "templates/list", "", "accepted");
    assert_int_equal(cJSON_GetArraySize(json_get(answer, "templates")), 3);
    cJSON_Delete(answer);
    operator_tells(w, HOOKED "get", "");
    operator_tells(w, HOOKED "delete", "");
    operator_is_refused(w, HOOKED "get", "", "ResourceNotFound");
}

/* contract 4.1: "ThingGroups"; they must be there. */
static void a_template_with_groups(void **state)
{
    struct cloud_world *w = *state;
    char token[128], request[512];

    operator_tells(
        w, HOOKED "create",
        "{\"templateBody\":{\"Parameters\":{\"VIN\":{\"Type\":\"String\"}},\"Resources\":{\"c\":"
        "{\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{}},\"t\":{\"Type\":"
        "\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":{\"Ref\":\"VIN\"},\"ThingGroups\":"
        "[\"north\"]}}}}}");
    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"car-1\"}");
    claim_is_rejected(w, HOOKED_ON, request, 400, "InvalidParameters");
    expect_status(w, MADE, "PENDING_ACTIVATION");
    operator_tells(w, "groups/north/create", "{}");
    claim_provisions(w, HOOKED_ON, request);
    cJSON *answer = operator_asks(w, "groups/north/things", "{}", "accepted");
    char *text = cJSON_PrintUnformatted(answer);
    assert_non_null(strstr(text, "car-1"));
    cJSON_free(text);
    cJSON_Delete(answer);
}

/* A template of that thing's name, groups and policies, as JSON without brackets. */
static void put_template(struct cloud_world *w, const char *overrides, const char *groups,
                         const char *policies)
{
    static const char before[] =
        "{\"templateBody\":{\"Parameters\":{\"VIN\":{\"Type\":\"String\"}},\"Resources\":{\"c\":"
        "{\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{}},\"t\":{\"Type\":"
        "\"AWS::IoT::Thing\",\"OverrideSettings\":";
    char document[4096];

    snprintf(document, sizeof document,
             "%s{%s},\"Properties\":{\"ThingName\":{\"Ref\":\"VIN\"},\"ThingGroups\":[%s]}}%s}}}",
             before, overrides, groups, policies);
    operator_tells(w, HOOKED "create", document);
}

static bool is_in_group(struct cloud_world *w, const char *group)
{
    char call[64];

    snprintf(call, sizeof call, "groups/%s/things", group);
    cJSON *answer = operator_asks(w, call, "{}", "accepted");
    bool found = false;
    const cJSON *thing;
    cJSON_ArrayForEach(thing, json_get(answer, "things")) found |=
        cJSON_IsString(thing) && strcmp(thing->valuestring, "car-1") == 0;
    cJSON_Delete(answer);
    return found;
}

/* What cannot be joined is refused before anything is done: no thing, no activation. */
static void groups_that_cannot_be_joined(void **state)
{
    static const char *const bad[] = {"\"all\"", "\"top\",\"below\"",
                                      "\"g0\",\"g1\",\"g2\",\"g3\",\"g4\",\"g5\",\"g6\",\"g7\","
                                      "\"g8\",\"g9\",\"top\""};
    struct cloud_world *w = *state;
    char token[128], request[512], call[64];

    operator_tells(w, "groups/all/create", "{\"queryString\":\"thingName:*\"}");
    operator_tells(w, "groups/top/create", "{}");
    operator_tells(w, "groups/below/create", "{\"parentGroupName\":\"top\"}");
    for (int i = 0; i < 10; i++) {
        snprintf(call, sizeof call, "groups/g%d/create", i);
        operator_tells(w, call, "{}");
    }
    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"car-1\"}");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_template(w, "", bad[i], "");
        claim_is_rejected(w, HOOKED_ON, request, 400, "InvalidParameters");
        expect_status(w, MADE, "PENDING_ACTIVATION");
        operator_is_refused(w, "things/car-1/get", "", "ResourceNotFound");
    }
}

/* contract 4.1, OverrideSettings: REPLACE puts the groups in the place of those it was in. */
static void replacing_groups(void **state)
{
    struct cloud_world *w = *state;
    char token[128], request[512];

    operator_tells(w, "groups/top/create", "{}");
    operator_tells(w, "groups/below/create", "{\"parentGroupName\":\"top\"}");
    operator_tells(w, "groups/other/create", "{}");
    operator_tells(w, "things/car-1/create", "{}");
    operator_tells(w, "groups/top/add", "{\"things\":[\"car-1\"]}");
    operator_tells(w, "groups/other/add", "{\"things\":[\"car-1\"]}");
    put_template(w, "\"ThingGroups\":\"REPLACE\"", "\"below\"", "");
    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"car-1\"}");
    claim_provisions(w, HOOKED_ON, request);
    assert_true(is_in_group(w, "below"));
    assert_false(is_in_group(w, "top"));
    assert_false(is_in_group(w, "other"));
}

#define POLICY_OF(n, name)                                                                         \
    ",\"p" #n "\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyName\":\"" name "\"}}"

/* contract 4.1, AWS::IoT::Policy: a template's policies are attached as an operator's are: they
 * must be there, and be ten at most (contract 7.1). */
static void policies_of_templates(void **state)
{
    static const char document[] =
        "{\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
        "\"Action\":\"iot:Connect\",\"Resource\":\"*\"}]}}";
    struct cloud_world *w = *state;
    char token[128], request[512], call[64];

    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"car-1\"}");
    put_template(w, "", "", POLICY_OF(1, "vehicle.v2"));
    claim_is_rejected(w, HOOKED_ON, request, 400, "InvalidParameters");
    operator_tells(w, "policies/vehicle.v2/put", document);
    for (int i = 0; i < 10; i++) {
        char name[64];
        snprintf(call, sizeof call, "policies/p%d/put", i);
        operator_tells(w, call, document);
        snprintf(name, sizeof name, "{\"policyName\":\"p%d\"}", i);
        operator_tells(w, "certificates/" MADE "/attach-policy", name);
    }
    claim_is_rejected(w, HOOKED_ON, request, 400, "InvalidParameters");
    expect_status(w, MADE, "PENDING_ACTIVATION");
    operator_tells(w, "certificates/" MADE "/detach-policy", "{\"policyName\":\"p0\"}");
    claim_provisions(w, HOOKED_ON, request);
    cJSON *c = certificate_of(w, MADE);
    assert_int_equal(cJSON_GetArraySize(json_get(c, "policies")), 10);
    assert_string_equal(cJSON_GetArrayItem(json_get(c, "policies"), 9)->valuestring, "vehicle.v2");
    cJSON_Delete(c);
}

#define INLINE_OF(n, document)                                                                     \
    ",\"p" #n "\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyDocument\":" document "}" \
    "}"
#define CONNECT_AS(client)                                                                         \
    "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":"                 \
    "\"iot:Connect\",\"Resource\":" client "}]}"
#define ANY_CLIENT CONNECT_AS("\"arn:aws:iot:eu-central-1:123456789012:client/*\"")
/* The same as AWS's examples have it: escaped, and with white space. */
#define ESCAPED                                                                                    \
    "\"{ \\\"Version\\\": \\\"2012-10-17\\\", \\\"Statement\\\": [ { \\\"Effect\\\": "             \
    "\\\"Allow\\\", "                                                                              \
    "\\\"Action\\\": \\\"iot:Connect\\\", \\\"Resource\\\": "                                      \
    "\\\"arn:aws:iot:eu-central-1:123456789012:client/*\\\" } ] }\""

/* Names of the policies that the certificate has, with a comma behind each. */
static void policies_of(struct cloud_world *w, char ret[800])
{
    cJSON *c = certificate_of(w, MADE);
    const cJSON *name;

    *ret = '\0';
    cJSON_ArrayForEach(name, json_get(c, "policies"))
        snprintf(ret + strlen(ret), 800 - strlen(ret), "%s,", name->valuestring);
    cJSON_Delete(c);
}

static size_t policy_total(struct cloud_world *w)
{
    cJSON *answer = operator_asks(w, "policies/list", "{}", "accepted");
    size_t count = (size_t)cJSON_GetArraySize(json_get(answer, "policies"));

    cJSON_Delete(answer);
    return count;
}

/* Provisions with the hooked template; the certificate's policies. */
static void provisioned(struct cloud_world *w, const char *policies, char ret[800])
{
    char token[128], request[512];

    put_template(w, "", "", policies);
    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"car-1\"}");
    claim_provisions(w, HOOKED_ON, request);
    policies_of(w, ret);
}

/* contract 4.1, "AWS::IoT::Policy (PolicyName or PolicyDocument)": the policy is made, is named by
   a hash of the document, and is the same for equal documents. */
static void documents_of_templates(void **state)
{
    struct cloud_world *w = *state;
    size_t before = policy_total(w);
    char first[800], second[800];

    provisioned(w, INLINE_OF(1, ANY_CLIENT) INLINE_OF(2, ESCAPED), first);
    assert_int_equal(strlen(first), 65);
    assert_int_equal(strspn(first, "0123456789abcdef"), 64);
    assert_int_equal(policy_total(w), before + 1);
    assert_int_equal(made_car_connects(w, "car-1"), CLOUD_ALLOW);
    /* Another car of the template shares it; another document is another policy. */
    provisioned(w, INLINE_OF(1, ANY_CLIENT), second);
    assert_string_equal(first, second);
    assert_int_equal(policy_total(w), before + 1);
    provisioned(
        w,
        INLINE_OF(
            1, CONNECT_AS("{\"Fn::Join\":[\"\",[\"arn:aws:iot:*:*:client/\",{\"Ref\":\"VIN\"}]]}")),
        second);
    assert_int_equal(strlen(second), 130);
    assert_int_equal(policy_total(w), before + 2);
    /* Policy variables stand in Fn::Sub with a "!", as with CloudFormation. */
    provisioned(
        w,
        INLINE_OF(1,
                  CONNECT_AS("{\"Fn::Sub\":\"arn:aws:iot:*:*:client/${VIN}-${!iot:ClientId}\"}")),
        second);
    assert_int_equal(strlen(second), 195);
    char call[128];
    snprintf(call, sizeof call, "policies/%.64s/get", second + 130);
    cJSON *answer = operator_asks(w, call, "{}", "accepted");
    char *document = cJSON_PrintUnformatted(json_get(answer, "policyDocument"));
    assert_non_null(strstr(document, "client/car-1-${iot:ClientId}"));
    cJSON_free(document);
    cJSON_Delete(answer);
}

/* A document that is none is refused with its place: at once if it is known, else when a thing is
   provisioned with it, and nothing is changed then. */
static void bad_documents_of_templates(void **state)
{
    static const char *const bad[][2] = {
        {"\"PolicyDocument\":\"{\"",                               "its text is not JSON"     },
        {"\"PolicyDocument\":{\"Version\":\"2012-10-17\"}",        "PolicyDocument: Statement"},
        {"\"PolicyDocument\":" CONNECT_AS("\"topic\""),            "Statement[0]"             },
        {"\"PolicyDocument\":" ANY_CLIENT ",\"PolicyName\":\"p\"", "both PolicyName and"      },
        {"\"Other\":1",                                            "neither PolicyName nor"   },
    };
    struct cloud_world *w = *state;
    char token[128], request[1024];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(request, sizeof request,
                 "{\"templateBody\":{\"Resources\":{\"c\":{\"Type\":\"AWS::IoT::Certificate\","
                 "\"Properties\":{}},\"p\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{%s}}}}}",
                 bad[i][0]);
        cJSON *answer = operator_asks(w, HOOKED "create", request, "rejected");
        assert_non_null(strstr(json_str(answer, "message", ""), bad[i][1]));
        cJSON_Delete(answer);
    }
    size_t before = policy_total(w);
    put_template(w, "", "", INLINE_OF(1, ANY_CLIENT) INLINE_OF(2, CONNECT_AS("{\"Ref\":\"VIN\"}")));
    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"car-1\"}");
    claim_is_rejected(w, HOOKED_ON, request, 400, "InvalidParameters");
    cJSON *answer = claim_is_told(w, HOOKED_ON, "rejected");
    assert_non_null(strstr(json_str(answer, "errorMessage", ""), "PolicyDocument: Statement[0]"));
    cJSON_Delete(answer);
    expect_status(w, MADE, "PENDING_ACTIVATION");
    assert_int_equal(policy_total(w), before);
}

/* What a car says of itself does not widen what a document of its template allows. */
static void parameters_in_documents(void **state)
{
    static const char *const said[] = {"*", "a?", "a${iot:ClientId}", "a\\\",\\\"*", "a\\\\"};
    struct cloud_world *w = *state;
    char token[128], request[512], parameters[128];

    put_template(
        w, "", "",
        INLINE_OF(1, CONNECT_AS(
                         "{\"Fn::Join\":[\"\",[\"arn:aws:iot:*:*:client/\",{\"Ref\":\"VIN\"}]]}")));
    for (size_t i = 0; i < sizeof said / sizeof *said; i++) {
        claim_creates(w, token);
        snprintf(parameters, sizeof parameters, "{\"VIN\":\"car-1\",\"Model\":\"%s\"}", said[i]);
        claim_request(request, token, parameters);
        claim_is_rejected(w, HOOKED_ON, request, 400, "InvalidParameters");
        cJSON *answer = claim_is_told(w, HOOKED_ON, "rejected");
        assert_non_null(strstr(json_str(answer, "errorMessage", ""), "the parameter Model has"));
        cJSON_Delete(answer);
    }
    /* Nor is anything wrong with it where no document is made of it. */
    put_template(w, "", "", INLINE_OF(1, ANY_CLIENT));
    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"car-1\",\"Model\":\"a*\"}");
    claim_provisions(w, HOOKED_ON, request);
}

static void put_policies(struct cloud *cloud)
{
    static const char document[] =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":"
        "\"iot:Connect\",\"Resource\":\"*\"}]}";
    struct error err;

    assert_true(cloud_put_policy(cloud, "given", slice_str(document), CLOUD_NOW, &err));
    assert_true(cloud_put_policy(cloud, "kept", slice_str(document), CLOUD_NOW, &err));
}

/* What comes with the cloud and an operator has deleted does not come back with a restart. */
static void a_restart_keeps_what_is_deleted(void **state)
{
    struct cloud_world *w = *state;

    put_policies(w->cloud);
    operator_tells(w, "policies/given/delete", "{}");
    operator_tells(w, "templates/fleetsim-jit/delete", "");
    cloud_world_restart(w, put_policies);
    operator_is_refused(w, "policies/given/get", "{}", "ResourceNotFound");
    operator_tells(w, "policies/kept/get", "{}");
    operator_is_refused(w, "templates/fleetsim-jit/get", "", "ResourceNotFound");
    operator_tells(w, "templates/fleetsim/get", "");
}

/* A template for the thing car-1, which says its type and its colour; with these OverrideSettings.
 */
static void put_colours(struct cloud_world *w, const char *overrides)
{
    static const char before[] =
        "{\"templateBody\":{\"Parameters\":{\"VIN\":{\"Type\":\"String\"},\"Colour\":{\"Type\":"
        "\"String\",\"Default\":\"blue\"}},\"Resources\":{\"c\":{\"Type\":"
        "\"AWS::IoT::Certificate\",\"Properties\":{\"CertificateId\":{\"Ref\":"
        "\"AWS::IoT::Certificate::Id\"},\"Status\":\"ACTIVE\"}},\"t\":{\"Type\":"
        "\"AWS::IoT::Thing\",\"OverrideSettings\":";
    static const char behind[] =
        ",\"Properties\":{\"ThingName\":{\"Ref\":\"VIN\"},\"ThingTypeName\":\"suv\","
        "\"BillingGroup\":\"fleet\",\"AttributePayload\":{\"colour\":{\"Ref\":\"Colour\"}}}}}}}";
    char document[1000];

    snprintf(document, sizeof document, "%s{%s}%s", before, overrides, behind);
    operator_tells(w, HOOKED "create", document);
}

static void expect_thing(struct cloud_world *w, const char *type, const char *attributes)
{
    cJSON *answer = operator_asks(w, "things/car-1/get", "", "accepted");
    cJSON *expected = cJSON_Parse(attributes);
    const cJSON *thing = json_get(answer, "thing");

    assert_string_equal(json_str(thing, "thingTypeName", ""), type);
    assert_true(json_equal(json_get(thing, "attributes"), expected));
    cJSON_Delete(expected);
    cJSON_Delete(answer);
}

/* contract 4.1: "OverrideSettings per resource: DO_NOTHING, REPLACE, FAIL, MERGE (only thing
 * attributes)"; ThingTypeName, AttributePayload, a parameter's Default. BillingGroup is taken, and
 * has no effect. */
static void override_settings(void **state)
{
    static const struct {
        const char *overrides, *type, *attributes; /* type NULL: rejected */
    } cases[] = {
        {"",                                    "van", "{\"colour\":\"red\",\"doors\":\"4\"}" },
        {"\"AttributePayload\":\"DO_NOTHING\"", "van", "{\"colour\":\"red\",\"doors\":\"4\"}" },
        {"\"AttributePayload\":\"MERGE\"",      "van", "{\"colour\":\"blue\",\"doors\":\"4\"}"},
        {"\"AttributePayload\":\"REPLACE\"",    "van", "{\"colour\":\"blue\"}"                },
        {"\"ThingTypeName\":\"REPLACE\"",       "suv", "{\"colour\":\"red\",\"doors\":\"4\"}" },
        {"\"AttributePayload\":\"FAIL\"",       NULL,  NULL                                   },
        {"\"ThingTypeName\":\"FAIL\"",          NULL,  NULL                                   },
    };
    struct cloud_world *w = *state;
    char token[128], request[512];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        operator_tells(w, "things/car-1/create",
                       "{\"thingTypeName\":\"van\",\"attributes\":{\"colour\":\"red\","
                       "\"doors\":\"4\"}}");
        put_colours(w, cases[i].overrides);
        claim_creates(w, token);
        claim_request(request, token, "{\"VIN\":\"car-1\"}");
        if (cases[i].type != NULL) {
            claim_provisions(w, HOOKED_ON, request);
            expect_thing(w, cases[i].type, cases[i].attributes);
        } else {
            claim_is_rejected(w, HOOKED_ON, request, 400, "InvalidParameters");
            expect_thing(w, "van", "{\"colour\":\"red\",\"doors\":\"4\"}");
        }
        operator_tells(w, "things/car-1/delete", "{\"force\":true}");
    }
    /* There is nothing to override in a thing that is new. */
    put_colours(w, "\"AttributePayload\":\"FAIL\",\"ThingTypeName\":\"FAIL\"");
    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"car-1\",\"Colour\":\"green\"}");
    claim_provisions(w, HOOKED_ON, request);
    expect_thing(w, "suv", "{\"colour\":\"green\"}");
}

/* contract 4.1: what no OverrideSettings can be, and other things that a template body cannot. */
static void bad_templates(void **state)
{
#define WITH_THING(overrides, properties)                                                          \
    "{\"templateBody\":{\"Resources\":{\"c\":{\"Type\":\"AWS::IoT::Certificate\","                 \
    "\"Properties\":{}},\"t\":{\"Type\":\"AWS::IoT::Thing\",\"OverrideSettings\":{" overrides      \
    "},\"Properties\":{" properties "}}}}}"
#define NAMED "\"ThingName\":\"a\""
    static const char *const bad[] = {
        WITH_THING("\"AttributePayload\":\"OVERWRITE\"", NAMED),
        WITH_THING("\"ThingGroups\":\"MERGE\"", NAMED),
        WITH_THING("", ""),
        WITH_THING("", "\"ThingName\":{\"Ref\":\"VIN\"}"),
        WITH_THING("", "\"ThingName\":{\"Fn::Upper\":\"a\"}"),
        "{\"templateBody\":{\"Parameters\":{\"VIN\":{\"Type\":\"Number\"}},\"Resources\":{\"c\":"
        "{\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{}}}}}",
        "{\"templateBody\":{\"Resources\":{\"c\":{\"Type\":\"AWS::IoT::Role\",\"Properties\":{}}}}"
        "}",
    };
    struct cloud_world *w = *state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        operator_is_refused(w, HOOKED "create", bad[i], "InvalidRequest");
    operator_tells(w, HOOKED "create", WITH_THING("", NAMED));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CLAIM(operators_keep_templates),
        WITH_CLAIM(a_template_with_groups),
        WITH_CLAIM(groups_that_cannot_be_joined),
        WITH_CLAIM(replacing_groups),
        WITH_CLAIM(policies_of_templates),
        WITH_CLAIM(documents_of_templates),
        WITH_CLAIM(bad_documents_of_templates),
        WITH_CLAIM(parameters_in_documents),
        WITH_CLAIM(a_restart_keeps_what_is_deleted),
        WITH_CLAIM(override_settings),
        WITH_CLAIM(bad_templates),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

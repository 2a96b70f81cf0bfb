/* Just-in-time registration and provisioning: contract 4.2 and 4.3. */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "support/knock.h"

/* contract 4.2, steps 1 to 3 and the document. */
static void expect_registered_event(struct cloud_world *w)
{
    assert_int_equal(w->out.count, 1);
    const struct cloud_action *a = &w->out.items[0];
    assert_string_equal(a->topic, "$aws/events/certificates/registered/" AUTHORITY);
    assert_null(a->client_id);
    cJSON *e = json_parse(slice_of(a->payload, a->payload_len), 4);
    assert_string_equal(json_str(e, "certificateId", ""), LEAF);
    assert_string_equal(json_str(e, "caCertificateId", ""), AUTHORITY);
    assert_string_equal(json_str(e, "certificateStatus", ""), "PENDING_ACTIVATION");
    assert_string_equal(json_str(e, "awsAccountId", ""), "123456789012");
    assert_string_equal(json_str(e, "certificateRegistrationTimestamp", ""), "1700000000000");
    assert_string_equal(json_str(e, "sourceIp", ""), "192.0.2.7");
    assert_true(json_num(e, "timestamp", 0) == (double)w->now_ms);
    cJSON_Delete(e);
}

/* contract 4.2: refused and registered, told with every attempt, activated by somebody else. */
static void a_registered_authority_registers_what_knocks(void **state)
{
    struct cloud_world *w = *state;

    operator_tells(w, "authorities/register", "{\"certificatePem\":\"" AUTHORITY "\"}");
    assert_int_equal(knock(w, LEAF, &unknown_certificate, "car-1"), CLOUD_CLOSE_SILENT);
    expect_registered_event(w);
    expect_status(w, LEAF, "PENDING_ACTIVATION");
    w->now_ms += 1000;
    assert_int_equal(knock(w, LEAF, &unknown_certificate, "car-1"), CLOUD_CLOSE_SILENT);
    expect_registered_event(w);
    operator_tells(w, "things/car-1/create", "{\"attributes\":{\"plant\":\"north\"}}");
    operator_tells(w, "things/car-1/attach", "{\"certificateId\":\"" LEAF "\"}");
    operator_tells(w, "certificates/" LEAF "/attach-policy", "{\"policyName\":\"vehicle\"}");
    operator_tells(w, "certificates/" LEAF "/update", "{\"status\":\"ACTIVE\"}");
    assert_int_equal(knock(w, LEAF, &unknown_certificate, "car-1"), CLOUD_ALLOW);
}

/* contract 4.4: PENDING_ACTIVATION may not connect. Active, but nothing attached to it: known, not
 * authorized. */
static void activation_alone_does_not_authorize(void **state)
{
    struct cloud_world *w = *state;

    operator_tells(w, "authorities/register",
                   "{\"certificatePem\":\"" AUTHORITY "\",\"activateAfterSeconds\":2}");
    assert_int_equal(knock(w, LEAF, &unknown_certificate, "car-1"), CLOUD_CLOSE_SILENT);
    w->now_ms += 1999;
    assert_int_equal(knock(w, LEAF, &unknown_certificate, "car-1"), CLOUD_CLOSE_SILENT);
    w->now_ms += 1;
    assert_int_equal(knock(w, LEAF, &unknown_certificate, "car-1"), CLOUD_CLOSE_NOT_AUTHORIZED);
    expect_status(w, LEAF, "ACTIVE");
}

/* contract 4.2: "own CA registered, ACTIVE, auto-registration ENABLE". */
static void an_authority_that_does_not_register(void **state)
{
    static const char *const ways[] = {"{\"autoRegistrationStatus\":\"DISABLE\"}",
                                       "{\"autoRegistrationStatus\":\"ENABLE\","
                                       "\"status\":\"INACTIVE\"}"};
    struct cloud_world *w = *state;

    assert_int_equal(knock(w, LEAF, &unknown_certificate, "car-1"), CLOUD_CLOSE_SILENT);
    operator_tells(w, "authorities/register", "{\"certificatePem\":\"" AUTHORITY "\"}");
    for (size_t i = 0; i < 2; i++) {
        operator_tells(w, "authorities/" AUTHORITY "/update", ways[i]);
        assert_int_equal(knock(w, LEAF, &unknown_certificate, "car-1"), CLOUD_CLOSE_SILENT);
        assert_int_equal(w->out.count, 0);
    }
    operator_is_refused(w, "certificates/" LEAF "/get", "", "ResourceNotFound");
    operator_tells(w, "authorities/" AUTHORITY "/delete", "");
    operator_is_refused(w, "authorities/" AUTHORITY "/get", "", "ResourceNotFound");
}

/* What this cloud has issued and forgotten, and what nobody has registered, is nobody's. */
static void strangers_are_refused(void **state)
{
    static const struct first_contact_certificate strangers[] = {
        {.origin = FIRST_CONTACT_CLOUD},
        {.origin = FIRST_CONTACT_STRANGER},
    };

    for (size_t i = 0; i < 2; i++)
        assert_int_equal(knock(*state, LEAF, &strangers[i], "car-1"), CLOUD_CLOSE_SILENT);
}

/* contract 4.3: registered and refused as in 4.2, but what RegisterThing does is done already. */
static void just_in_time(void **state)
{
    struct cloud_world *w = *state;
    const struct first_contact_certificate car_9 = {
        .origin = FIRST_CONTACT_AUTHORITY,
        .authority = AUTHORITY,
        .pem = "PEM",
        .subject = {[FIRST_CONTACT_COMMON_NAME] = "car-9", [FIRST_CONTACT_COUNTRY] = "DE"}
    };

    operator_tells(
        w, "templates/jit/create",
        "{\"templateBody\":{\"Parameters\":{\"AWS::IoT::Certificate::Country\":{\"Type\":"
        "\"String\"},\"AWS::IoT::Certificate::CommonName\":{\"Type\":\"String\"}},"
        "\"Resources\":{\"t\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":"
        "{\"Ref\":\"AWS::IoT::Certificate::CommonName\"},\"AttributePayload\":{\"country\":"
        "{\"Ref\":\"AWS::IoT::Certificate::Country\"}}}},\"c\":{\"Type\":"
        "\"AWS::IoT::Certificate\",\"Properties\":{\"Status\":\"ACTIVE\"}},\"p\":{\"Type\":"
        "\"AWS::IoT::Policy\",\"Properties\":{\"PolicyName\":\"vehicle\"}}}}}");
    operator_tells(w, "authorities/register",
                   "{\"certificatePem\":\"" AUTHORITY "\",\"templateName\":\"jit\"}");
    assert_int_equal(knock(w, MADE, &car_9, "car-9"), CLOUD_CLOSE_SILENT);
    cJSON_Delete(cloud_world_said(w, 0, "$aws/events/certificates/registered/" AUTHORITY, NULL));
    expect_status(w, MADE, "ACTIVE");
    assert_int_equal(knock(w, MADE, &car_9, "car-9"), CLOUD_ALLOW);
    cJSON *answer = operator_asks(w, "things/car-9/get", "", "accepted");
    assert_string_equal(json_str(json_get(json_get(answer, "thing"), "attributes"), "country", ""),
                        "DE");
    cJSON_Delete(answer);
}

/* contract 4.3: "parameters AWS::IoT::Certificate::Country|Organization|OrganizationalUnit|
   DistinguishedNameQualifier|StateName|CommonName|SerialNumber|Id". */
static void what_a_certificate_tells_a_template(void **state)
{
    static const char *const names[] = {
        "Country",   "Organization", "OrganizationalUnit", "DistinguishedNameQualifier",
        "StateName", "CommonName",   "SerialNumber"};
    static const struct first_contact_certificate car = {
        .origin = FIRST_CONTACT_AUTHORITY,
        .authority = AUTHORITY,
        .pem = "PEM",
        .subject = {[FIRST_CONTACT_COUNTRY] = "c-Country",
                    [FIRST_CONTACT_ORGANIZATION] = "c-Organization",
                    [FIRST_CONTACT_UNIT] = "c-OrganizationalUnit",
                    [FIRST_CONTACT_QUALIFIER] = "c-DistinguishedNameQualifier",
                    [FIRST_CONTACT_STATE] = "c-StateName",
                    [FIRST_CONTACT_COMMON_NAME] = "c-CommonName",
                    [FIRST_CONTACT_SERIAL_NUMBER] = "c-SerialNumber"}
    };
    struct cloud_world *w = *state;
    struct buf body;
    char expected[64];

    buf_init(&body, 4096);
    buf_printf(&body, "{\"templateBody\":{\"Parameters\":{");
    for (size_t i = 0; i < 7; i++)
        buf_printf(&body, "\"AWS::IoT::Certificate::%s\":{\"Type\":\"String\"},", names[i]);
    buf_printf(&body, "\"AWS::IoT::Certificate::Id\":{\"Type\":\"String\"}},\"Resources\":{"
                      "\"c\":{\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{}},\"t\":{"
                      "\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":{\"Ref\":"
                      "\"AWS::IoT::Certificate::Id\"},\"AttributePayload\":{");
    for (size_t i = 0; i < 7; i++)
        buf_printf(&body, "%s\"%s\":{\"Ref\":\"AWS::IoT::Certificate::%s\"}", i > 0 ? "," : "",
                   names[i], names[i]);
    buf_printf(&body, "}}}}}}");
    operator_tells(w, "templates/jit/create", buf_cstr(&body));
    buf_done(&body);
    operator_tells(w, "authorities/register",
                   "{\"certificatePem\":\"" AUTHORITY "\",\"templateName\":\"jit\"}");
    assert_int_equal(knock(w, LEAF, &car, "any"), CLOUD_CLOSE_SILENT);
    cJSON *answer = operator_asks(w, "things/" LEAF "/get", "", "accepted");
    const cJSON *attributes = json_get(json_get(answer, "thing"), "attributes");
    for (size_t i = 0; i < 7; i++) {
        snprintf(expected, sizeof expected, "c-%s", names[i]);
        assert_string_equal(json_str(attributes, names[i], ""), expected);
    }
    cJSON_Delete(answer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_CLOUD_WORLD(a_registered_authority_registers_what_knocks),
        IN_CLOUD_WORLD(activation_alone_does_not_authorize),
        IN_CLOUD_WORLD(an_authority_that_does_not_register),
        IN_CLOUD_WORLD(strangers_are_refused),
        IN_CLOUD_WORLD(just_in_time),
        IN_CLOUD_WORLD(what_a_certificate_tells_a_template),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

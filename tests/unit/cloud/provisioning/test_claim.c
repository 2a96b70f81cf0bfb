/* Fleet provisioning by claim: the messages and rules of contract 4.1. */
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "cloud/provisioning/provision_address.h"
#include "support/claim.h"

/* contract 4.1, table: CreateKeysAndCertificate, with an empty request and with {}. */
static void keys_and_certificate(void **state)
{
    static const char *const requests[] = {"", "{}"};
    struct cloud_world *w = *state;

    for (size_t i = 0; i < 2; i++) {
        claim_sends(w, CREATE, requests[i]);
        assert_int_equal(w->out.count, 1);
        cJSON *answer = claim_is_told(w, CREATE, "accepted");
        assert_string_equal(json_str(answer, "certificateId", ""), MADE);
        assert_string_equal(json_str(answer, "certificatePem", ""), "PEM");
        assert_string_equal(json_str(answer, "privateKey", ""), "KEY");
        assert_int_equal(strlen(json_str(answer, "certificateOwnershipToken", "")), 64);
        assert_int_equal(cJSON_GetArraySize(answer), 4);
        cJSON_Delete(answer);
    }
}

/* contract 4.1, table: CreateCertificateFromCsr, by $aws/certificates/create-from-csr/json. */
static void certificate_from_csr(void **state)
{
    struct cloud_world *w = *state;

    claim_sends(w, FROM_CSR, "{\"certificateSigningRequest\":\"CSR\"}");
    cJSON *answer = claim_is_told(w, FROM_CSR, "accepted");
    assert_null(json_get(answer, "privateKey"));
    assert_int_equal(cJSON_GetArraySize(answer), 3);
    cJSON_Delete(answer);
    claim_is_rejected(w, FROM_CSR, "{\"certificateSigningRequest\":\"other\"}", 400,
                      "InvalidCertificateSigningRequest");
    claim_is_rejected(w, FROM_CSR, "{}", 400, "InvalidCertificateSigningRequest");
    claim_is_rejected(w, FROM_CSR, "[]", 400, "InvalidPayload");
}

/* contract 4.1: "status PENDING_ACTIVATION until RegisterThing sets ACTIVE". */
static void register_thing(void **state)
{
    struct cloud_world *w = *state;
    char token[128], request[512];

    claim_creates(w, token);
    expect_status(w, MADE, "PENDING_ACTIVATION");
    assert_int_equal(made_car_connects(w, "car-1"), CLOUD_CLOSE_SILENT);
    claim_request(request, token, "{\"VIN\":\"car-1\",\"Model\":\"suv\"}");
    claim_sends(w, PROVISION, request);
    assert_int_equal(w->out.count, 1);
    cJSON *answer = claim_is_told(w, PROVISION, "accepted");
    assert_string_equal(json_str(answer, "thingName", ""), "car-1");
    assert_true(cJSON_IsObject(json_get(answer, "deviceConfiguration")));
    cJSON_Delete(answer);
    expect_status(w, MADE, "ACTIVE");
    assert_int_equal(made_car_connects(w, "car-1"), CLOUD_ALLOW);
    answer = operator_asks(w, "things/car-1/get", "", "accepted");
    const cJSON *thing = json_get(answer, "thing");
    assert_string_equal(json_str(json_get(thing, "attributes"), "model", ""), "suv");
    cJSON_Delete(answer);
}

/* contract 4.1: "Observed: 400 InvalidCertificateOwnershipToken", and its words. */
static void the_token_must_be_good(void **state)
{
    struct cloud_world *w = *state;
    char request[512];

    claim_is_rejected(w, PROVISION, "{}", 400, "InvalidCertificateOwnershipToken");
    cJSON *answer = claim_is_told(w, PROVISION, "rejected");
    assert_string_equal(json_str(answer, "errorMessage", ""),
                        "Certificate ownership token cannot be empty.");
    cJSON_Delete(answer);
    claim_request(request, "nonsense", "{\"VIN\":\"car-1\"}");
    claim_is_rejected(w, PROVISION, request, 400, "InvalidCertificateOwnershipToken");
}

/* contract 4.1: "Token lives 1 h; certificate not activated … by then is deleted." */
static void the_token_lives_an_hour(void **state)
{
    struct cloud_world *w = *state;
    char token[128], request[512];

    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"car-1\"}");
    w->now_ms += CLOUD_HOUR;
    claim_is_rejected(w, PROVISION, request, 400, "InvalidCertificateOwnershipToken");
    cloud_actions_cut(&w->out, 0);
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
    operator_is_refused(w, "certificates/" MADE "/get", "", "ResourceNotFound");
    assert_int_equal(made_car_connects(w, "car-1"), CLOUD_CLOSE_SILENT);
    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"car-1\"}");
    w->now_ms += CLOUD_HOUR - 1;
    claim_provisions(w, PROVISION, request);
}

/* contract 4.1: "not activated and not attached to anything by then is deleted": one that is
   attached stays. */
static void what_is_attached_outlives_the_hour(void **state)
{
    struct cloud_world *w = *state;
    char token[128];

    claim_creates(w, token);
    operator_tells(w, "certificates/" MADE "/attach-policy", "{\"policyName\":\"vehicle\"}");
    cloud_world_wait(w, 2 * CLOUD_HOUR);
    expect_status(w, MADE, "PENDING_ACTIVATION");
}

/* A token is good for one thing. */
static void the_token_is_used_up(void **state)
{
    struct cloud_world *w = *state;
    char token[128], again[128], request[512];

    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"car-1\"}");
    claim_provisions(w, PROVISION, request);
    claim_request(request, token, "{\"VIN\":\"car-2\"}");
    claim_is_rejected(w, PROVISION, request, 400, "InvalidCertificateOwnershipToken");
    /* Nobody guesses the next. */
    claim_creates(w, again);
    assert_string_not_equal(token, again);
}

/* contract 4.1, "emulate per-connection": a request holds a token, and is for the cloud alone,
   whatever a policy says. */
static void requests_are_heard_by_nobody(void **state)
{
    struct cloud_world *w = *state;

    operator_tells(
        w, "policies/claim/put",
        "{\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
        "\"Action\":\"*\",\"Resource\":\"*\"}]}}");
    assert_int_equal(
        cloud_subscribe(w->cloud, "claim-1", "$aws/provisioning-templates/#", w->now_ms, &w->out),
        CLOUD_ALLOW);
    assert_int_equal(
        cloud_subscribe(w->cloud, "claim-1", "$aws/certificates/#", w->now_ms, &w->out),
        CLOUD_ALLOW);
    assert_int_equal(cloud_deliver(w->cloud, "claim-1", PROVISION, false, w->now_ms), CLOUD_DENY);
    assert_int_equal(cloud_deliver(w->cloud, "claim-1", FROM_CSR, false, w->now_ms), CLOUD_DENY);
    assert_int_equal(cloud_deliver(w->cloud, "claim-1", PROVISION "/accepted", false, w->now_ms),
                     CLOUD_ALLOW);
}

/* contract 4.1: parameters have "string values", and are those of the template. */
static void parameters_must_fit(void **state)
{
    static const char *const bad[] = {"{}", "{\"VIN\":1}", "[\"VIN\"]", "{\"VIN\":\"no/name\"}",
                                      "{\"VIN\":\"\"}"};
    struct cloud_world *w = *state;
    char token[128], request[512];

    claim_creates(w, token);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        claim_request(request, token, bad[i]);
        claim_is_rejected(w, PROVISION, request, 400, "InvalidParameters");
    }
    expect_status(w, MADE, "PENDING_ACTIVATION");
    claim_request(request, token, "{\"VIN\":\"car-1\"}");
    claim_is_rejected(w, "$aws/provisioning-templates/none/provision/json", request, 404,
                      "ResourceNotFound");
}

/* contract 4.1: "<fmt> is json or cbor". */
static void cbor_says_the_same(void **state)
{
    static const char create_topic[] = "$aws/certificates/create-from-csr/cbor";
    static const char topic[] = "$aws/provisioning-templates/fleetsim/provision/cbor";
    struct cloud_world *w = *state;
    cJSON *request = cJSON_Parse("{\"certificateSigningRequest\":\"CSR\"}");
    size_t len = 0;

    uint8_t *bytes = cbor_write(request, &len);
    claim_sends_bytes(w, create_topic, slice_of(bytes, len));
    free(bytes);
    cJSON_Delete(request);
    cJSON *answer = claim_is_told(w, create_topic, "accepted");
    assert_string_equal(json_str(answer, "certificateId", ""), MADE);
    request = cJSON_CreateObject();
    cJSON_AddStringToObject(request, "certificateOwnershipToken",
                            json_str(answer, "certificateOwnershipToken", ""));
    cJSON_AddStringToObject(cJSON_AddObjectToObject(request, "parameters"), "VIN", "car-1");
    cJSON_Delete(answer);
    bytes = cbor_write(request, &len);
    claim_sends_bytes(w, topic, slice_of(bytes, len));
    cJSON_Delete(request);
    answer = claim_is_told(w, topic, "accepted");
    assert_string_equal(json_str(answer, "thingName", ""), "car-1");
    cJSON_Delete(answer);
    /* What is no CBOR is told in CBOR. */
    claim_sends_bytes(w, topic, slice_of(bytes, len - 1));
    free(bytes);
    answer = claim_is_told(w, topic, "rejected");
    assert_int_equal((int)json_num(answer, "statusCode", 0), 400);
    cJSON_Delete(answer);
}

/* A token that was given out before the broker restarted is good after it. */
static void a_restart_keeps_the_token(void **state)
{
    struct cloud_world *w = *state;
    char token[128], request[512];

    operator_tells(w, HOOKED "create", "{\"templateBody\":" HOOKED_BODY "}");
    claim_creates(w, token);
    cloud_world_restart(w, NULL);
    claim_connects(w);
    claim_request(request, token, "{\"VIN\":\"7\"}");
    claim_provisions(w, HOOKED_ON, request);
}

/* contract 4.1: the three topics in both formats, and "Template name 1–36 [0-9A-Za-z_-]". */
static void addresses(void **state)
{
#define PROVISIONS(template) "$aws/provisioning-templates/" template "/provision/json"
#define A36                  "Template-Name_0123456789012345678901"
    static const struct {
        const char *topic;
        bool good;
        enum provision_operation op;
        bool cbor;
    } cases[] = {
        {CREATE,                                         true,  PROVISION_CREATE,          false},
        {"$aws/certificates/create/cbor",                true,  PROVISION_CREATE,          true },
        {FROM_CSR,                                       true,  PROVISION_CREATE_FROM_CSR, false},
        {"$aws/certificates/create-from-csr/cbor",       true,  PROVISION_CREATE_FROM_CSR, true },
        {PROVISIONS("t"),                                true,  PROVISION_REGISTER,        false},
        {PROVISIONS(A36),                                true,  PROVISION_REGISTER,        false},
        {"$aws/provisioning-templates/t/provision/cbor", true,  PROVISION_REGISTER,        true },
        {PROVISIONS(A36 "x"),                            false, 0,                         false},
        {PROVISIONS("a.b"),                              false, 0,                         false},
        {PROVISIONS(""),                                 false, 0,                         false},
        {"$aws/provisioning-templates/t/provision/xml",  false, 0,                         false},
        {"$aws/provisioning-templates/t/provision",      false, 0,                         false},
        {"$aws/certificates/create",                     false, 0,                         false},
        {"$aws/certificates/create/json/accepted",       false, 0,                         false},
        {"$aws/certificates/create-from-keys/json",      false, 0,                         false},
    };
    struct provision_address a;

    (void)state;
    assert_int_equal(strlen(A36), 36);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (provision_address_parse(cases[i].topic, &a) != cases[i].good ||
            (cases[i].good && (a.op != cases[i].op || a.cbor != cases[i].cbor)))
            fail_msg("%s", cases[i].topic);
}

/* contract 4.1: "<fmt> is json or cbor", of what needs no request, and of what is rejected. */
static void cbor_without_a_request(void **state)
{
    static const char topic[] = "$aws/certificates/create/cbor";
    static const char csr_topic[] = "$aws/certificates/create-from-csr/cbor";
    struct cloud_world *w = *state;

    claim_sends(w, topic, "");
    cJSON *answer = claim_is_told(w, topic, "accepted");
    assert_string_equal(json_str(answer, "certificateId", ""), MADE);
    assert_string_equal(json_str(answer, "privateKey", ""), "KEY");
    cJSON_Delete(answer);
    claim_is_rejected(w, topic, "\x80", 400, "InvalidPayload");                       /* a list */
    claim_is_rejected(w, topic, "{}", 400, "InvalidPayload");                         /* JSON */
    claim_is_rejected(w, csr_topic, "\xa0", 400, "InvalidCertificateSigningRequest"); /* a map */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CLAIM(keys_and_certificate),
        WITH_CLAIM(certificate_from_csr),
        WITH_CLAIM(register_thing),
        WITH_CLAIM(the_token_must_be_good),
        WITH_CLAIM(the_token_lives_an_hour),
        WITH_CLAIM(what_is_attached_outlives_the_hour),
        WITH_CLAIM(the_token_is_used_up),
        WITH_CLAIM(requests_are_heard_by_nobody),
        WITH_CLAIM(parameters_must_fit),
        WITH_CLAIM(cbor_says_the_same),
        WITH_CLAIM(a_restart_keeps_the_token),
        cmocka_unit_test(addresses),
        WITH_CLAIM(cbor_without_a_request),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Fleet provisioning: every message and rule of contract 4.1 and 4.3, named by its section. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/cbor.h"
#include "base/json.h"
#include "cloud/cloud.h"
#include "cloud/provisioning/first_contact.h"
#include "cloud/registry/issuer.h"

#define NOW       ((int64_t)1700000000000)
#define HOUR      ((int64_t)3600 * 1000)
#define CLAIM     "00000000000000000000000000000000000000000000000000000000000000c1"
#define MADE      "00000000000000000000000000000000000000000000000000000000000000dd"
#define AUTHORITY "00000000000000000000000000000000000000000000000000000000000000ca"
#define CREATE    "$aws/certificates/create/json"
#define FROM_CSR  "$aws/certificates/create-from-csr/json"
#define PROVISION "$aws/provisioning-templates/fleetsim/provision/json"

struct world {
    struct cloud *cloud;
    struct cloud_actions out;
    int64_t now_ms;
};

static const int claim_handle, owner_handle, car_handle;

static enum issuer_result identify(void *ctx, struct slice pem, char ret_id[REGISTRY_ID_SIZE])
{
    (void)ctx;
    snprintf(ret_id, REGISTRY_ID_SIZE, "%.*s", (int)pem.len, (const char *)pem.data);
    return ISSUER_OK;
}

static enum issuer_result sign(void *ctx, struct slice csr, int64_t now_ms, struct text *ret_pem,
                               char ret_id[REGISTRY_ID_SIZE])
{
    (void)ctx;
    (void)now_ms;
    if (!slice_is(csr, "CSR"))
        return ISSUER_BAD_REQUEST;
    text_str(ret_pem, "PEM");
    memcpy(ret_id, MADE, REGISTRY_ID_SIZE);
    return ISSUER_OK;
}

static enum issuer_result make(void *ctx, int64_t now_ms, struct text *ret_pem,
                               struct text *ret_key, char ret_id[REGISTRY_ID_SIZE])
{
    text_str(ret_key, "KEY");
    return sign(ctx, slice_str("CSR"), now_ms, ret_pem, ret_id);
}

static const struct issuer issuer = {.identify = identify, .sign = sign, .make = make};

static int setup(void **state)
{
    static struct world w;
    const struct presence_peer owner = {
        .handle = &owner_handle, .client_id = "fleet-0", .address = "sock", .owner = true};
    const struct presence_peer claim = {.handle = &claim_handle,
                                        .client_id = "claim-1",
                                        .address = "192.0.2.7",
                                        .common_name = "batch",
                                        .unit = "claim",
                                        .principal = CLAIM};

    w = (struct world){.cloud = cloud_new(1), .now_ms = NOW};
    cloud_actions_init(&w.out);
    cloud_set_issuer(w.cloud, &issuer);
    assert_int_equal(cloud_connect(w.cloud, &owner, NOW, &w.out), CLOUD_ALLOW);
    assert_int_equal(cloud_connect(w.cloud, &claim, NOW, &w.out), CLOUD_ALLOW);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;

    cloud_actions_done(&w->out);
    cloud_free(w->cloud);
    return 0;
}

static void send_bytes(struct world *w, bool owner, const char *topic, struct slice payload)
{
    struct cloud_message m = {.handle = owner ? &owner_handle : &claim_handle,
                              .client_id = owner ? "fleet-0" : "claim-1",
                              .topic = topic,
                              .payload = payload};

    cloud_actions_cut(&w->out, 0);
    assert_int_equal(cloud_publish(w->cloud, &m, w->now_ms), CLOUD_ALLOW);
    assert_int_equal(cloud_message(w->cloud, &m, w->now_ms, &w->out), CLOUD_ALLOW);
}

static void send(struct world *w, bool owner, const char *topic, const char *payload)
{
    send_bytes(w, owner, topic, slice_str(payload));
}

/* The message at that place, which must be on the topic with the suffix behind it, to the asker
   alone; as JSON, to be freed. */
static cJSON *said(struct world *w, size_t at, const char *topic, const char *suffix,
                   const char *to)
{
    char full[300];

    assert_true(w->out.count > at);
    const struct cloud_action *a = &w->out.items[at];
    snprintf(full, sizeof full, "%s%s", topic, suffix);
    assert_string_equal(a->topic, full);
    if (to != NULL)
        assert_string_equal(a->client_id, to);
    else
        assert_null(a->client_id);
    struct slice bytes = slice_of(a->payload, a->payload_len);
    cJSON *json = strstr(topic, "/cbor") != NULL ? cbor_parse(bytes, 20) : json_parse(bytes, 40);
    assert_non_null(json);
    return json;
}

static void operate(struct world *w, const char *topic, const char *payload)
{
    send(w, true, topic, payload);
    assert_int_equal(w->out.count, 1);
    cJSON_Delete(said(w, 0, topic, "/accepted", "fleet-0"));
}

/* contract 4.1: "Rejected, all three". */
static void rejected(struct world *w, const char *topic, const char *payload, int status,
                     const char *code)
{
    send(w, false, topic, payload);
    assert_int_equal(w->out.count, 1);
    cJSON *answer = said(w, 0, topic, "/rejected", "claim-1");
    assert_int_equal((int)json_num(answer, "statusCode", 0), status);
    assert_string_equal(json_str(answer, "errorCode", ""), code);
    assert_true(strlen(json_str(answer, "errorMessage", "")) > 0);
    cJSON_Delete(answer);
}

/* A certificate from a CSR; its token. */
static void create(struct world *w, char ret_token[128])
{
    send(w, false, FROM_CSR, "{\"certificateSigningRequest\":\"CSR\"}");
    cJSON *answer = said(w, 0, FROM_CSR, "/accepted", "claim-1");
    snprintf(ret_token, 128, "%s", json_str(answer, "certificateOwnershipToken", ""));
    cJSON_Delete(answer);
}

static void provision_with(char ret[512], const char *token, const char *parameters)
{
    snprintf(ret, 512, "{\"certificateOwnershipToken\":\"%s\",\"parameters\":%s}", token,
             parameters);
}

static cJSON *certificate(struct world *w)
{
    static const char topic[] = "fleetsim/certificates/" MADE "/get";

    send(w, true, topic, "");
    cJSON *answer = said(w, 0, topic, "/accepted", "fleet-0");
    cJSON *c = cJSON_DetachItemFromObject(answer, "certificate");
    cJSON_Delete(answer);
    return c;
}

static void expect_status(struct world *w, const char *status)
{
    cJSON *c = certificate(w);

    assert_string_equal(json_str(c, "status", ""), status);
    cJSON_Delete(c);
}

static enum cloud_verdict car_connects(struct world *w, const char *client_id)
{
    const struct first_contact_certificate issued = {.origin = FIRST_CONTACT_CLOUD};
    const struct presence_peer car = {.handle = &car_handle,
                                      .client_id = client_id,
                                      .address = "192.0.2.7",
                                      .common_name = "any",
                                      .unit = "vehicle",
                                      .principal = MADE,
                                      .certificate = &issued};

    cloud_actions_cut(&w->out, 0);
    return cloud_connect(w->cloud, &car, w->now_ms, &w->out);
}

/* contract 4.1, table: CreateKeysAndCertificate, with an empty request and with {}. */
static void keys_and_certificate(void **state)
{
    static const char *const requests[] = {"", "{}"};
    struct world *w = *state;

    for (size_t i = 0; i < 2; i++) {
        send(w, false, CREATE, requests[i]);
        assert_int_equal(w->out.count, 1);
        cJSON *answer = said(w, 0, CREATE, "/accepted", "claim-1");
        assert_string_equal(json_str(answer, "certificateId", ""), MADE);
        assert_string_equal(json_str(answer, "certificatePem", ""), "PEM");
        assert_string_equal(json_str(answer, "privateKey", ""), "KEY");
        assert_int_equal(strlen(json_str(answer, "certificateOwnershipToken", "")), 64);
        assert_int_equal(cJSON_GetArraySize(answer), 4);
        cJSON_Delete(answer);
    }
}

/* contract 4.1, table: CreateCertificateFromCsr. */
static void certificate_from_csr(void **state)
{
    struct world *w = *state;

    send(w, false, FROM_CSR, "{\"certificateSigningRequest\":\"CSR\"}");
    cJSON *answer = said(w, 0, FROM_CSR, "/accepted", "claim-1");
    assert_null(json_get(answer, "privateKey"));
    assert_int_equal(cJSON_GetArraySize(answer), 3);
    cJSON_Delete(answer);
    rejected(w, FROM_CSR, "{\"certificateSigningRequest\":\"other\"}", 400,
             "InvalidCertificateSigningRequest");
    rejected(w, FROM_CSR, "{}", 400, "InvalidCertificateSigningRequest");
    rejected(w, FROM_CSR, "[]", 400, "InvalidPayload");
}

/* contract 4.1: "status PENDING_ACTIVATION until RegisterThing sets ACTIVE". */
static void register_thing(void **state)
{
    struct world *w = *state;
    char token[128], request[512];

    create(w, token);
    expect_status(w, "PENDING_ACTIVATION");
    assert_int_equal(car_connects(w, "car-1"), CLOUD_CLOSE_SILENT);
    provision_with(request, token, "{\"VIN\":\"car-1\",\"Model\":\"suv\"}");
    send(w, false, PROVISION, request);
    assert_int_equal(w->out.count, 1);
    cJSON *answer = said(w, 0, PROVISION, "/accepted", "claim-1");
    assert_string_equal(json_str(answer, "thingName", ""), "car-1");
    assert_true(cJSON_IsObject(json_get(answer, "deviceConfiguration")));
    cJSON_Delete(answer);
    expect_status(w, "ACTIVE");
    assert_int_equal(car_connects(w, "car-1"), CLOUD_ALLOW);
    send(w, true, "fleetsim/things/car-1/get", "");
    answer = said(w, 0, "fleetsim/things/car-1/get", "/accepted", "fleet-0");
    const cJSON *thing = json_get(answer, "thing");
    assert_string_equal(json_str(json_get(thing, "attributes"), "model", ""), "suv");
    cJSON_Delete(answer);
}

/* contract 4.1: "Observed: 400 InvalidCertificateOwnershipToken", and its words. */
static void the_token_must_be_good(void **state)
{
    struct world *w = *state;
    char request[512];

    rejected(w, PROVISION, "{}", 400, "InvalidCertificateOwnershipToken");
    cJSON *answer = said(w, 0, PROVISION, "/rejected", "claim-1");
    assert_string_equal(json_str(answer, "errorMessage", ""),
                        "Certificate ownership token cannot be empty.");
    cJSON_Delete(answer);
    provision_with(request, "nonsense", "{\"VIN\":\"car-1\"}");
    rejected(w, PROVISION, request, 400, "InvalidCertificateOwnershipToken");
}

/* contract 4.1: "Token lives 1 h; certificate not activated … by then is deleted." */
static void the_token_lives_an_hour(void **state)
{
    struct world *w = *state;
    char token[128], request[512];

    create(w, token);
    provision_with(request, token, "{\"VIN\":\"car-1\"}");
    w->now_ms += HOUR;
    rejected(w, PROVISION, request, 400, "InvalidCertificateOwnershipToken");
    cloud_actions_cut(&w->out, 0);
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
    send(w, true, "fleetsim/certificates/" MADE "/get", "");
    cJSON_Delete(said(w, 0, "fleetsim/certificates/" MADE "/get", "/rejected", "fleet-0"));
    assert_int_equal(car_connects(w, "car-1"), CLOUD_CLOSE_SILENT);
    create(w, token);
    provision_with(request, token, "{\"VIN\":\"car-1\"}");
    w->now_ms += HOUR - 1;
    send(w, false, PROVISION, request);
    cJSON_Delete(said(w, 0, PROVISION, "/accepted", "claim-1"));
}

/* contract 4.1: "not activated and not attached to anything by then is deleted": one that is
   attached stays. */
static void what_is_attached_outlives_the_hour(void **state)
{
    struct world *w = *state;
    char token[128];

    create(w, token);
    operate(w, "fleetsim/certificates/" MADE "/attach-policy", "{\"policyName\":\"vehicle\"}");
    w->now_ms += 2 * HOUR;
    cloud_actions_cut(&w->out, 0);
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
    expect_status(w, "PENDING_ACTIVATION");
}

/* A token is good for one thing. */
static void the_token_is_used_up(void **state)
{
    struct world *w = *state;
    char token[128], again[128], request[512];

    create(w, token);
    provision_with(request, token, "{\"VIN\":\"car-1\"}");
    send(w, false, PROVISION, request);
    cJSON_Delete(said(w, 0, PROVISION, "/accepted", "claim-1"));
    provision_with(request, token, "{\"VIN\":\"car-2\"}");
    rejected(w, PROVISION, request, 400, "InvalidCertificateOwnershipToken");
    /* Nobody guesses the next. */
    create(w, again);
    assert_string_not_equal(token, again);
}

/* contract 4.1, "emulate per-connection": a request holds a token, and is for the cloud alone,
   whatever a policy says. */
static void requests_are_heard_by_nobody(void **state)
{
    struct world *w = *state;

    operate(w, "fleetsim/policies/claim/put",
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

static void parameters_must_fit(void **state)
{
    static const char *const bad[] = {"{}", "{\"VIN\":1}", "[\"VIN\"]", "{\"VIN\":\"no/name\"}",
                                      "{\"VIN\":\"\"}"};
    struct world *w = *state;
    char token[128], request[512];

    create(w, token);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        provision_with(request, token, bad[i]);
        rejected(w, PROVISION, request, 400, "InvalidParameters");
    }
    expect_status(w, "PENDING_ACTIVATION");
    provision_with(request, token, "{\"VIN\":\"car-1\"}");
    rejected(w, "$aws/provisioning-templates/none/provision/json", request, 404,
             "ResourceNotFound");
}

/* contract 4.1: "<fmt> is json or cbor". */
static void cbor_says_the_same(void **state)
{
    static const char create_topic[] = "$aws/certificates/create-from-csr/cbor";
    static const char topic[] = "$aws/provisioning-templates/fleetsim/provision/cbor";
    struct world *w = *state;
    cJSON *request = cJSON_Parse("{\"certificateSigningRequest\":\"CSR\"}");
    size_t len = 0;

    uint8_t *bytes = cbor_write(request, &len);
    send_bytes(w, false, create_topic, slice_of(bytes, len));
    free(bytes);
    cJSON_Delete(request);
    cJSON *answer = said(w, 0, create_topic, "/accepted", "claim-1");
    assert_string_equal(json_str(answer, "certificateId", ""), MADE);
    request = cJSON_CreateObject();
    cJSON_AddStringToObject(request, "certificateOwnershipToken",
                            json_str(answer, "certificateOwnershipToken", ""));
    cJSON_AddStringToObject(cJSON_AddObjectToObject(request, "parameters"), "VIN", "car-1");
    cJSON_Delete(answer);
    bytes = cbor_write(request, &len);
    send_bytes(w, false, topic, slice_of(bytes, len));
    cJSON_Delete(request);
    answer = said(w, 0, topic, "/accepted", "claim-1");
    assert_string_equal(json_str(answer, "thingName", ""), "car-1");
    cJSON_Delete(answer);
    /* What is no CBOR is told in CBOR. */
    send_bytes(w, false, topic, slice_of(bytes, len - 1));
    free(bytes);
    answer = said(w, 0, topic, "/rejected", "claim-1");
    assert_int_equal((int)json_num(answer, "statusCode", 0), 400);
    cJSON_Delete(answer);
}

#define HOOKED    "fleetsim/templates/hooked/"
#define HOOKED_ON "$aws/provisioning-templates/hooked/provision/json"
#define BODY                                                                                       \
    "{\"Parameters\":{\"VIN\":{\"Type\":\"String\"}},\"Resources\":{\"c\":{\"Type\":"              \
    "\"AWS::IoT::Certificate\",\"Properties\":{\"Status\":\"INACTIVE\"}},\"t\":{\"Type\":"         \
    "\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":{\"Fn::Join\":[\"\",[\"car-\",{\"Ref\":"    \
    "\"VIN\"}]]}}}},\"DeviceConfiguration\":{\"region\":\"eu\"}}"

/* contract 4.1: "403 for hook refusal". */
static void a_hook_of_expressions(void **state)
{
    struct world *w = *state;
    char token[128], request[512];

    operate(w, HOOKED "create",
            "{\"templateBody\":" BODY ",\"preProvisioningHook\":{\"allow\":{\"VIN\":\"^[0-9]+$\"}}"
            "}");
    create(w, token);
    provision_with(request, token, "{\"VIN\":\"x\"}");
    rejected(w, HOOKED_ON, request, 403, "AccessDenied");
    provision_with(request, token, "{\"VIN\":\"7\"}");
    send(w, false, HOOKED_ON, request);
    cJSON *answer = said(w, 0, HOOKED_ON, "/accepted", "claim-1");
    assert_string_equal(json_str(answer, "thingName", ""), "car-7");
    assert_string_equal(json_str(json_get(answer, "deviceConfiguration"), "region", ""), "eu");
    cJSON_Delete(answer);
    /* "ACTIVE or INACTIVE per template" */
    expect_status(w, "INACTIVE");
}

/* Begins a provisioning with the VIN "7"; the hook's request id. */
static void ask_hook(struct world *w, char ret_id[64])
{
    char token[128], request[512];

    operate(w, HOOKED "create",
            "{\"templateBody\":" BODY ",\"preProvisioningHook\":{\"ask\":true}}");
    create(w, token);
    provision_with(request, token, "{\"VIN\":\"7\"}");
    send(w, false, HOOKED_ON, request);
    assert_int_equal(w->out.count, 1);
    cJSON *question = said(w, 0, HOOKED "hook", "", NULL);
    /* contract 4.1: "in: …" */
    assert_string_equal(json_str(question, "claimCertificateId", ""), CLAIM);
    assert_string_equal(json_str(question, "certificateId", ""), MADE);
    assert_string_equal(json_str(question, "certificatePem", ""), "PEM");
    assert_string_equal(json_str(question, "templateArn", ""),
                        "arn:aws:iot:local:123456789012:provisioningtemplate/hooked");
    assert_string_equal(json_str(question, "clientId", ""), "claim-1");
    assert_string_equal(json_str(json_get(question, "parameters"), "VIN", ""), "7");
    snprintf(ret_id, 64, "%s", json_str(question, "requestId", ""));
    cJSON_Delete(question);
}

/* contract 4.1: "out {"allowProvisioning":bool,"parameterOverrides":{…}}" */
static void a_hook_that_is_asked(void **state)
{
    struct world *w = *state;
    char id[64], answer[256];

    ask_hook(w, id);
    snprintf(answer, sizeof answer,
             "{\"requestId\":\"%s\",\"allowProvisioning\":true,"
             "\"parameterOverrides\":{\"VIN\":\"8\"}}",
             id);
    send(w, true, HOOKED "answer", answer);
    assert_int_equal(w->out.count, 2);
    cJSON *told = said(w, 0, HOOKED_ON, "/accepted", "claim-1");
    assert_string_equal(json_str(told, "thingName", ""), "car-8");
    cJSON_Delete(told);
    send(w, true, HOOKED "answer", answer);
    cJSON_Delete(said(w, 0, HOOKED "answer", "/rejected", "fleet-0"));
}

static void a_hook_that_refuses(void **state)
{
    struct world *w = *state;
    char id[64], answer[256];

    ask_hook(w, id);
    snprintf(answer, sizeof answer, "{\"requestId\":\"%s\",\"allowProvisioning\":false}", id);
    send(w, true, HOOKED "answer", answer);
    cJSON *told = said(w, 0, HOOKED_ON, "/rejected", "claim-1");
    assert_int_equal((int)json_num(told, "statusCode", 0), 403);
    cJSON_Delete(told);
    expect_status(w, "PENDING_ACTIVATION");
}

/* contract 4.1: "Pre-provisioning hook (Lambda, ≤5 s)". */
static void a_hook_that_says_nothing(void **state)
{
    struct world *w = *state;
    char id[64];

    ask_hook(w, id);
    cloud_actions_cut(&w->out, 0);
    w->now_ms += 4999;
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
    assert_int_equal(w->out.count, 0);
    w->now_ms += 1;
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
    cJSON *told = said(w, 0, HOOKED_ON, "/rejected", "claim-1");
    assert_int_equal((int)json_num(told, "statusCode", 0), 403);
    cJSON_Delete(told);
}

/* The same where no tick has come between. */
static void a_hook_that_is_late(void **state)
{
    struct world *w = *state;
    char id[64], answer[256];

    ask_hook(w, id);
    w->now_ms += 5000;
    snprintf(answer, sizeof answer, "{\"requestId\":\"%s\",\"allowProvisioning\":true}", id);
    send(w, true, HOOKED "answer", answer);
    cJSON *told = said(w, 0, HOOKED_ON, "/rejected", "claim-1");
    assert_int_equal((int)json_num(told, "statusCode", 0), 403);
    assert_non_null(strstr(json_str(told, "errorMessage", ""), "did not answer in 5 seconds"));
    cJSON_Delete(told);
    expect_status(w, "PENDING_ACTIVATION");
}

static void operators_keep_templates(void **state)
{
    static const char *const bad[] = {
        "{}",
        "{\"templateBody\":\"not json\"}",
        "{\"templateBody\":{\"Resources\":{}}}",
        "{\"templateBody\":" BODY ",\"preProvisioningHook\":{}}",
        "{\"templateBody\":" BODY ",\"preProvisioningHook\":{\"allow\":{\"VIN\":\"(\"}}}",
    };
    struct world *w = *state;

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        send(w, true, HOOKED "create", bad[i]);
        cJSON *answer = said(w, 0, HOOKED "create", "/rejected", "fleet-0");
        assert_string_equal(json_str(answer, "code", ""), "InvalidRequest");
        cJSON_Delete(answer);
    }
    operate(w, HOOKED "create", "{\"templateBody\":" BODY ",\"clientToken\":\"t\"}");
    send(w, true, "fleetsim/templates/list", "");
    cJSON *answer = said(w, 0, "fleetsim/templates/list", "/accepted", "fleet-0");
    assert_int_equal(cJSON_GetArraySize(json_get(answer, "templates")), 3);
    cJSON_Delete(answer);
    operate(w, HOOKED "get", "");
    operate(w, HOOKED "delete", "");
    send(w, true, HOOKED "get", "");
    cJSON_Delete(said(w, 0, HOOKED "get", "/rejected", "fleet-0"));
}

/* contract 4.3: registered and refused as in 4.2, but what RegisterThing does is done already. */
static void just_in_time(void **state)
{
    struct world *w = *state;
    const struct first_contact_certificate unknown = {
        .origin = FIRST_CONTACT_AUTHORITY,
        .authority = AUTHORITY,
        .pem = "PEM",
        .subject = {[FIRST_CONTACT_COMMON_NAME] = "car-9", [FIRST_CONTACT_COUNTRY] = "DE"}
    };
    const struct presence_peer car = {.handle = &car_handle,
                                      .client_id = "car-9",
                                      .address = "192.0.2.7",
                                      .principal = MADE,
                                      .certificate = &unknown};

    operate(w, "fleetsim/templates/jit/create",
            "{\"templateBody\":{\"Parameters\":{\"AWS::IoT::Certificate::Country\":{\"Type\":"
            "\"String\"},\"AWS::IoT::Certificate::CommonName\":{\"Type\":\"String\"}},"
            "\"Resources\":{\"t\":{\"Type\":\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":"
            "{\"Ref\":\"AWS::IoT::Certificate::CommonName\"},\"AttributePayload\":{\"country\":"
            "{\"Ref\":\"AWS::IoT::Certificate::Country\"}}}},\"c\":{\"Type\":"
            "\"AWS::IoT::Certificate\",\"Properties\":{\"Status\":\"ACTIVE\"}},\"p\":{\"Type\":"
            "\"AWS::IoT::Policy\",\"Properties\":{\"PolicyName\":\"vehicle\"}}}}}");
    operate(w, "fleetsim/authorities/register",
            "{\"certificatePem\":\"" AUTHORITY "\",\"templateName\":\"jit\"}");
    cloud_actions_cut(&w->out, 0);
    assert_int_equal(cloud_connect(w->cloud, &car, w->now_ms, &w->out), CLOUD_CLOSE_SILENT);
    cJSON_Delete(said(w, 0, "$aws/events/certificates/registered/" AUTHORITY, "", NULL));
    expect_status(w, "ACTIVE");
    assert_int_equal(cloud_connect(w->cloud, &car, w->now_ms, &w->out), CLOUD_ALLOW);
    send(w, true, "fleetsim/things/car-9/get", "");
    cJSON *answer = said(w, 0, "fleetsim/things/car-9/get", "/accepted", "fleet-0");
    assert_string_equal(json_str(json_get(json_get(answer, "thing"), "attributes"), "country", ""),
                        "DE");
    cJSON_Delete(answer);
}

/* contract 4.1: "ThingGroups"; they must be there. */
static void a_template_with_groups(void **state)
{
    struct world *w = *state;
    char token[128], request[512];

    operate(
        w, HOOKED "create",
        "{\"templateBody\":{\"Parameters\":{\"VIN\":{\"Type\":\"String\"}},\"Resources\":{\"c\":"
        "{\"Type\":\"AWS::IoT::Certificate\",\"Properties\":{}},\"t\":{\"Type\":"
        "\"AWS::IoT::Thing\",\"Properties\":{\"ThingName\":{\"Ref\":\"VIN\"},\"ThingGroups\":"
        "[\"north\"]}}}}}");
    create(w, token);
    provision_with(request, token, "{\"VIN\":\"car-1\"}");
    rejected(w, HOOKED_ON, request, 400, "InvalidParameters");
    expect_status(w, "PENDING_ACTIVATION");
    operate(w, "fleetsim/groups/north/create", "{}");
    send(w, false, HOOKED_ON, request);
    cJSON_Delete(said(w, 0, HOOKED_ON, "/accepted", "claim-1"));
    send(w, true, "fleetsim/groups/north/things", "{}");
    cJSON *answer = said(w, 0, "fleetsim/groups/north/things", "/accepted", "fleet-0");
    char *text = cJSON_PrintUnformatted(answer);
    assert_non_null(strstr(text, "car-1"));
    cJSON_free(text);
    cJSON_Delete(answer);
}

/* A template of that thing's name, groups and policies, as JSON without brackets. */
static void put_template(struct world *w, const char *overrides, const char *groups,
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
    operate(w, HOOKED "create", document);
}

static bool is_in_group(struct world *w, const char *group)
{
    char topic[64];

    snprintf(topic, sizeof topic, "fleetsim/groups/%s/things", group);
    send(w, true, topic, "{}");
    cJSON *answer = said(w, 0, topic, "/accepted", "fleet-0");
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
    struct world *w = *state;
    char token[128], request[512], topic[64];

    operate(w, "fleetsim/groups/all/create", "{\"queryString\":\"thingName:*\"}");
    operate(w, "fleetsim/groups/top/create", "{}");
    operate(w, "fleetsim/groups/below/create", "{\"parentGroupName\":\"top\"}");
    for (int i = 0; i < 10; i++) {
        snprintf(topic, sizeof topic, "fleetsim/groups/g%d/create", i);
        operate(w, topic, "{}");
    }
    create(w, token);
    provision_with(request, token, "{\"VIN\":\"car-1\"}");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put_template(w, "", bad[i], "");
        rejected(w, HOOKED_ON, request, 400, "InvalidParameters");
        expect_status(w, "PENDING_ACTIVATION");
        send(w, true, "fleetsim/things/car-1/get", "");
        cJSON_Delete(said(w, 0, "fleetsim/things/car-1/get", "/rejected", "fleet-0"));
    }
}

/* contract 4.1, OverrideSettings: REPLACE puts the groups in the place of those it was in. */
static void replacing_groups(void **state)
{
    struct world *w = *state;
    char token[128], request[512];

    operate(w, "fleetsim/groups/top/create", "{}");
    operate(w, "fleetsim/groups/below/create", "{\"parentGroupName\":\"top\"}");
    operate(w, "fleetsim/groups/other/create", "{}");
    operate(w, "fleetsim/things/car-1/create", "{}");
    operate(w, "fleetsim/groups/top/add", "{\"things\":[\"car-1\"]}");
    operate(w, "fleetsim/groups/other/add", "{\"things\":[\"car-1\"]}");
    put_template(w, "\"ThingGroups\":\"REPLACE\"", "\"below\"", "");
    create(w, token);
    provision_with(request, token, "{\"VIN\":\"car-1\"}");
    send(w, false, HOOKED_ON, request);
    cJSON_Delete(said(w, 0, HOOKED_ON, "/accepted", "claim-1"));
    assert_true(is_in_group(w, "below"));
    assert_false(is_in_group(w, "top"));
    assert_false(is_in_group(w, "other"));
}

#define POLICY_OF(n, name)                                                                         \
    ",\"p" #n "\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{\"PolicyName\":\"" name "\"}}"

/* A template's policies are attached as an operator's are: they must be there, and be ten at most
   (contract 7.1). */
static void policies_of_templates(void **state)
{
    static const char document[] =
        "{\"policyDocument\":{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\","
        "\"Action\":\"iot:Connect\",\"Resource\":\"*\"}]}}";
    struct world *w = *state;
    char token[128], request[512], topic[64];

    create(w, token);
    provision_with(request, token, "{\"VIN\":\"car-1\"}");
    put_template(w, "", "", POLICY_OF(1, "vehicle.v2"));
    rejected(w, HOOKED_ON, request, 400, "InvalidParameters");
    operate(w, "fleetsim/policies/vehicle.v2/put", document);
    for (int i = 0; i < 10; i++) {
        char name[64];
        snprintf(topic, sizeof topic, "fleetsim/policies/p%d/put", i);
        operate(w, topic, document);
        snprintf(name, sizeof name, "{\"policyName\":\"p%d\"}", i);
        operate(w, "fleetsim/certificates/" MADE "/attach-policy", name);
    }
    rejected(w, HOOKED_ON, request, 400, "InvalidParameters");
    expect_status(w, "PENDING_ACTIVATION");
    operate(w, "fleetsim/certificates/" MADE "/detach-policy", "{\"policyName\":\"p0\"}");
    send(w, false, HOOKED_ON, request);
    cJSON_Delete(said(w, 0, HOOKED_ON, "/accepted", "claim-1"));
    cJSON *c = certificate(w);
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
static void policies_of(struct world *w, char ret[800])
{
    cJSON *c = certificate(w);
    const cJSON *name;

    *ret = '\0';
    cJSON_ArrayForEach(name, json_get(c, "policies"))
        snprintf(ret + strlen(ret), 800 - strlen(ret), "%s,", name->valuestring);
    cJSON_Delete(c);
}

static size_t policy_total(struct world *w)
{
    send(w, true, "fleetsim/policies/list", "{}");
    cJSON *answer = said(w, 0, "fleetsim/policies/list", "/accepted", "fleet-0");
    size_t count = (size_t)cJSON_GetArraySize(json_get(answer, "policies"));

    cJSON_Delete(answer);
    return count;
}

/* Provisions with the hooked template; the certificate's policies. */
static void provisioned(struct world *w, const char *policies, char ret[800])
{
    char token[128], request[512];

    put_template(w, "", "", policies);
    create(w, token);
    provision_with(request, token, "{\"VIN\":\"car-1\"}");
    send(w, false, HOOKED_ON, request);
    cJSON_Delete(said(w, 0, HOOKED_ON, "/accepted", "claim-1"));
    policies_of(w, ret);
}

/* contract 4.1, "AWS::IoT::Policy (PolicyName or PolicyDocument)": the policy is made, is named by
   a hash of the document, and is the same for equal documents. */
static void documents_of_templates(void **state)
{
    struct world *w = *state;
    size_t before = policy_total(w);
    char first[800], second[800];

    provisioned(w, INLINE_OF(1, ANY_CLIENT) INLINE_OF(2, ESCAPED), first);
    assert_int_equal(strlen(first), 65);
    assert_int_equal(strspn(first, "0123456789abcdef"), 64);
    assert_int_equal(policy_total(w), before + 1);
    assert_int_equal(car_connects(w, "car-1"), CLOUD_ALLOW);
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
    char topic[128];
    snprintf(topic, sizeof topic, "fleetsim/policies/%.64s/get", second + 130);
    send(w, true, topic, "{}");
    cJSON *answer = said(w, 0, topic, "/accepted", "fleet-0");
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
    struct world *w = *state;
    char token[128], request[1024];

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        snprintf(request, sizeof request,
                 "{\"templateBody\":{\"Resources\":{\"c\":{\"Type\":\"AWS::IoT::Certificate\","
                 "\"Properties\":{}},\"p\":{\"Type\":\"AWS::IoT::Policy\",\"Properties\":{%s}}}}}",
                 bad[i][0]);
        send(w, true, HOOKED "create", request);
        cJSON *answer = said(w, 0, HOOKED "create", "/rejected", "fleet-0");
        assert_non_null(strstr(json_str(answer, "message", ""), bad[i][1]));
        cJSON_Delete(answer);
    }
    size_t before = policy_total(w);
    put_template(w, "", "", INLINE_OF(1, ANY_CLIENT) INLINE_OF(2, CONNECT_AS("{\"Ref\":\"VIN\"}")));
    create(w, token);
    provision_with(request, token, "{\"VIN\":\"car-1\"}");
    rejected(w, HOOKED_ON, request, 400, "InvalidParameters");
    cJSON *answer = said(w, 0, HOOKED_ON, "/rejected", "claim-1");
    assert_non_null(strstr(json_str(answer, "errorMessage", ""), "PolicyDocument: Statement[0]"));
    cJSON_Delete(answer);
    expect_status(w, "PENDING_ACTIVATION");
    assert_int_equal(policy_total(w), before);
}

/* What comes with the cloud and an operator has deleted does not come back with a restart. */
static void a_restart_keeps_what_is_deleted(void **state)
{
    static const char document[] =
        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Effect\":\"Allow\",\"Action\":"
        "\"iot:Connect\",\"Resource\":\"*\"}]}";
    struct world *w = *state;
    struct text saved;
    struct error err;

    assert_true(cloud_put_policy(w->cloud, "given", slice_str(document), NOW, &err));
    assert_true(cloud_put_policy(w->cloud, "kept", slice_str(document), NOW, &err));
    operate(w, "fleetsim/policies/given/delete", "{}");
    operate(w, "fleetsim/templates/fleetsim-jit/delete", "");
    text_init(&saved);
    assert_true(cloud_save(w->cloud, w->now_ms, &saved));
    cloud_free(w->cloud);
    cloud_actions_done(&w->out);
    assert_int_equal(setup(state), 0);
    w = *state;
    assert_true(cloud_put_policy(w->cloud, "given", slice_str(document), NOW, &err));
    assert_true(cloud_put_policy(w->cloud, "kept", slice_str(document), NOW, &err));
    cloud_load(w->cloud, slice_of(saved.data, saved.len), w->now_ms);
    text_done(&saved);
    send(w, true, "fleetsim/policies/given/get", "{}");
    cJSON_Delete(said(w, 0, "fleetsim/policies/given/get", "/rejected", "fleet-0"));
    operate(w, "fleetsim/policies/kept/get", "{}");
    send(w, true, "fleetsim/templates/fleetsim-jit/get", "");
    cJSON_Delete(said(w, 0, "fleetsim/templates/fleetsim-jit/get", "/rejected", "fleet-0"));
    operate(w, "fleetsim/templates/fleetsim/get", "");
}

/* A token that was given out before the broker restarted is good after it. */
static void a_restart_keeps_the_token(void **state)
{
    struct world *w = *state;
    char token[128], request[512];
    struct text saved;

    operate(w, HOOKED "create", "{\"templateBody\":" BODY "}");
    create(w, token);
    text_init(&saved);
    assert_true(cloud_save(w->cloud, w->now_ms, &saved));
    char *copy = strndup(saved.data, saved.len);
    text_done(&saved);
    cloud_free(w->cloud);
    cloud_actions_done(&w->out);
    assert_int_equal(setup(state), 0);
    w = *state;
    /* But for the claim and its certificate, which are there again. */
    assert_int_equal(cloud_load(w->cloud, slice_str(copy), w->now_ms), 2);
    free(copy);
    provision_with(request, token, "{\"VIN\":\"7\"}");
    send(w, false, HOOKED_ON, request);
    cJSON_Delete(said(w, 0, HOOKED_ON, "/accepted", "claim-1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(keys_and_certificate),
        TEST(certificate_from_csr),
        TEST(register_thing),
        TEST(the_token_must_be_good),
        TEST(the_token_lives_an_hour),
        TEST(what_is_attached_outlives_the_hour),
        TEST(the_token_is_used_up),
        TEST(requests_are_heard_by_nobody),
        TEST(groups_that_cannot_be_joined),
        TEST(replacing_groups),
        TEST(policies_of_templates),
        TEST(documents_of_templates),
        TEST(bad_documents_of_templates),
        TEST(parameters_must_fit),
        TEST(cbor_says_the_same),
        TEST(a_hook_of_expressions),
        TEST(a_hook_that_is_asked),
        TEST(a_hook_that_refuses),
        TEST(a_hook_that_says_nothing),
        TEST(a_hook_that_is_late),
        TEST(operators_keep_templates),
        TEST(just_in_time),
        TEST(a_template_with_groups),
        TEST(a_restart_keeps_the_token),
        TEST(a_restart_keeps_what_is_deleted),
#undef TEST
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

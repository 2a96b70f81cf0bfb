/* Pre-provisioning hooks: contract 4.1. */
#include <stdio.h>
#include <string.h>

#include "support/claim.h"

/* contract 4.1: "403 for hook refusal". */
static void a_hook_of_expressions(void **state)
{
    struct cloud_world *w = *state;
    char token[128], request[512];

    operator_tells(w, HOOKED "create",
                   "{\"templateBody\":" HOOKED_BODY
                   ",\"preProvisioningHook\":{\"allow\":{\"VIN\":\"^[0-9]+$\"}}"
                   "}");
    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"x\"}");
    claim_is_rejected(w, HOOKED_ON, request, 403, "AccessDenied");
    claim_request(request, token, "{\"VIN\":\"7\"}");
    claim_sends(w, HOOKED_ON, request);
    cJSON *answer = claim_is_told(w, HOOKED_ON, "accepted");
    assert_string_equal(json_str(answer, "thingName", ""), "car-7");
    assert_string_equal(json_str(json_get(answer, "deviceConfiguration"), "region", ""), "eu");
    cJSON_Delete(answer);
    /* "ACTIVE or INACTIVE per template" */
    expect_status(w, MADE, "INACTIVE");
}

/* Begins a provisioning with the VIN "7"; the hook's request id. */
static void ask_hook(struct cloud_world *w, char ret_id[64])
{
    char token[128], request[512];

    operator_tells(w, HOOKED "create",
                   "{\"templateBody\":" HOOKED_BODY ",\"preProvisioningHook\":{\"ask\":true}}");
    claim_creates(w, token);
    claim_request(request, token, "{\"VIN\":\"7\"}");
    claim_sends(w, HOOKED_ON, request);
    assert_int_equal(w->out.count, 1);
    cJSON *question = cloud_world_said(w, 0, "fleetsim/" HOOKED "hook", NULL);
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
    struct cloud_world *w = *state;
    char id[64], answer[256];

    ask_hook(w, id);
    snprintf(answer, sizeof answer,
             "{\"requestId\":\"%s\",\"allowProvisioning\":true,"
             "\"parameterOverrides\":{\"VIN\":\"8\"}}",
             id);
    operator_sends(w, HOOKED "answer", answer);
    assert_int_equal(w->out.count, 2);
    cJSON *told = claim_is_told(w, HOOKED_ON, "accepted");
    assert_string_equal(json_str(told, "thingName", ""), "car-8");
    cJSON_Delete(told);
    operator_is_refused(w, HOOKED "answer", answer, "ResourceNotFound");
}

/* contract 4.1: "403 for hook refusal", also where somebody is asked. */
static void a_hook_that_refuses(void **state)
{
    struct cloud_world *w = *state;
    char id[64], answer[256];

    ask_hook(w, id);
    snprintf(answer, sizeof answer, "{\"requestId\":\"%s\",\"allowProvisioning\":false}", id);
    operator_sends(w, HOOKED "answer", answer);
    cJSON *told = claim_is_told(w, HOOKED_ON, "rejected");
    assert_int_equal((int)json_num(told, "statusCode", 0), 403);
    cJSON_Delete(told);
    expect_status(w, MADE, "PENDING_ACTIVATION");
}

/* contract 4.1: "Pre-provisioning hook (Lambda, ≤5 s)". */
static void a_hook_that_says_nothing(void **state)
{
    struct cloud_world *w = *state;
    char id[64];

    ask_hook(w, id);
    cloud_world_wait(w, 4999);
    assert_int_equal(w->out.count, 0);
    cloud_world_wait(w, 1);
    cJSON *told = claim_is_told(w, HOOKED_ON, "rejected");
    assert_int_equal((int)json_num(told, "statusCode", 0), 403);
    cJSON_Delete(told);
}

/* contract 4.1, "≤5 s": the same where no tick has come between. */
static void a_hook_that_is_late(void **state)
{
    struct cloud_world *w = *state;
    char id[64], answer[256];

    ask_hook(w, id);
    w->now_ms += 5000;
    snprintf(answer, sizeof answer, "{\"requestId\":\"%s\",\"allowProvisioning\":true}", id);
    operator_sends(w, HOOKED "answer", answer);
    cJSON *told = claim_is_told(w, HOOKED_ON, "rejected");
    assert_int_equal((int)json_num(told, "statusCode", 0), 403);
    assert_non_null(strstr(json_str(told, "errorMessage", ""), "did not answer in 5 seconds"));
    cJSON_Delete(told);
    expect_status(w, MADE, "PENDING_ACTIVATION");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_CLAIM(a_hook_of_expressions), WITH_CLAIM(a_hook_that_is_asked),
        WITH_CLAIM(a_hook_that_refuses),   WITH_CLAIM(a_hook_that_says_nothing),
        WITH_CLAIM(a_hook_that_is_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

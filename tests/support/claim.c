#include "support/claim.h"

#include <stdio.h>
#include <string.h>

#define CLIENT_ID "claim-1"

static const int claim_handle, car_handle;

void claim_connects(struct cloud_world *w)
{
    const struct presence_peer claim = {.handle = &claim_handle,
                                        .client_id = CLIENT_ID,
                                        .address = "192.0.2.7",
                                        .common_name = "batch",
                                        .unit = "claim",
                                        .principal = CLAIM};

    assert_int_equal(cloud_connect(w->cloud, &claim, w->now_ms, &w->out), CLOUD_ALLOW);
}

int claim_setup(void **state)
{
    int failed = cloud_world_setup(state);

    claim_connects(*state);
    return failed;
}

void claim_sends_bytes(struct cloud_world *w, const char *topic, struct slice payload)
{
    cloud_world_send(w, &claim_handle, CLIENT_ID, topic, payload);
}

void claim_sends(struct cloud_world *w, const char *topic, const char *payload)
{
    claim_sends_bytes(w, topic, slice_str(payload));
}

cJSON *claim_is_told(struct cloud_world *w, const char *topic, const char *expected)
{
    char full[300];

    snprintf(full, sizeof full, "%s/%s", topic, expected);
    return cloud_world_said(w, 0, full, CLIENT_ID);
}

void claim_is_rejected(struct cloud_world *w, const char *topic, const char *payload, int status,
                       const char *code)
{
    claim_sends(w, topic, payload);
    assert_int_equal(w->out.count, 1);
    cJSON *answer = claim_is_told(w, topic, "rejected");
    assert_int_equal((int)json_num(answer, "statusCode", 0), status);
    assert_string_equal(json_str(answer, "errorCode", ""), code);
    assert_true(strlen(json_str(answer, "errorMessage", "")) > 0);
    cJSON_Delete(answer);
}

void claim_creates(struct cloud_world *w, char ret_token[128])
{
    claim_sends(w, FROM_CSR, "{\"certificateSigningRequest\":\"CSR\"}");
    cJSON *answer = claim_is_told(w, FROM_CSR, "accepted");
    snprintf(ret_token, 128, "%s", json_str(answer, "certificateOwnershipToken", ""));
    cJSON_Delete(answer);
}

void claim_request(char ret[512], const char *token, const char *parameters)
{
    snprintf(ret, 512, "{\"certificateOwnershipToken\":\"%s\",\"parameters\":%s}", token,
             parameters);
}

void claim_provisions(struct cloud_world *w, const char *topic, const char *request)
{
    claim_sends(w, topic, request);
    cJSON_Delete(claim_is_told(w, topic, "accepted"));
}

enum cloud_verdict made_car_connects(struct cloud_world *w, const char *client_id)
{
    static const struct first_contact_certificate issued = {.origin = FIRST_CONTACT_CLOUD};
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

/*
 * Random messages to the registry's operator and to fleet provisioning. Input: records that end
 * with 0x1e; the first byte says which topic (and how much time has passed), the rest is the
 * payload.
 *
 * Always: each message is answered; what is published in JSON is JSON, in CBOR is CBOR; what is
 * saved loads again, without a line that makes no sense.
 */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"
#include "base/json.h"
#include "cloud/cloud.h"
#include "cloud/registry/issuer.h"
#include "fuzz/records.h"

#define ID "00000000000000000000000000000000000000000000000000000000000000a0"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int handle;

static enum issuer_result identify(void *ctx, struct slice pem, char ret_id[REGISTRY_ID_SIZE])
{
    (void)ctx;
    if (pem.len == 0)
        return ISSUER_BAD_REQUEST;
    snprintf(ret_id, REGISTRY_ID_SIZE, "%062x%02x", 0, pem.data[0]);
    return ISSUER_OK;
}

static enum issuer_result sign(void *ctx, struct slice csr, int64_t now_ms, struct text *ret_pem,
                               char ret_id[REGISTRY_ID_SIZE])
{
    (void)now_ms;
    text_str(ret_pem, "PEM");
    return identify(ctx, csr, ret_id);
}

static enum issuer_result make(void *ctx, int64_t now_ms, struct text *ret_pem,
                               struct text *ret_key, char ret_id[REGISTRY_ID_SIZE])
{
    text_str(ret_key, "KEY");
    return sign(ctx, slice_str("k"), now_ms, ret_pem, ret_id);
}

static const struct issuer issuer = {.identify = identify, .sign = sign, .make = make};

static void check(struct cloud_actions *out)
{
    for (size_t i = 0; i < out->count; i++) {
        const struct cloud_action *a = &out->items[i];
        struct slice payload = slice_of(a->payload, a->payload_len);
        cJSON *document =
            strstr(a->topic, "/cbor/") != NULL ? cbor_parse(payload, 80) : json_parse(payload, 80);
        assert(document != NULL);
        cJSON_Delete(document);
    }
    cloud_actions_done(out);
}

static void send(struct cloud *cloud, uint8_t what, struct slice payload, int64_t *now_ms)
{
    static const char *const topics[32] = {
        "$aws/certificates/create/json",
        "$aws/certificates/create/cbor",
        "$aws/certificates/create-from-csr/json",
        "$aws/certificates/create-from-csr/cbor",
        "$aws/provisioning-templates/fleetsim/provision/json",
        "$aws/provisioning-templates/fleetsim/provision/cbor",
        "$aws/provisioning-templates/t/provision/json",
        "$aws/provisioning-templates/t/provision/cbor",
        "fleetsim/templates/t/create",
        "fleetsim/templates/t/get",
        "fleetsim/templates/t/delete",
        "fleetsim/templates/t/answer",
        "fleetsim/templates/list",
        "fleetsim/things/list",
        "fleetsim/things/t/create",
        "fleetsim/things/t/get",
        "fleetsim/things/t/update",
        "fleetsim/things/t/delete",
        "fleetsim/things/t/attach",
        "fleetsim/things/t/detach",
        "fleetsim/certificates/list",
        "fleetsim/certificates/register",
        "fleetsim/certificates/" ID "/get",
        "fleetsim/certificates/" ID "/update",
        "fleetsim/certificates/" ID "/delete",
        "fleetsim/certificates/" ID "/attach-policy",
        "fleetsim/certificates/" ID "/detach-policy",
        "fleetsim/authorities/list",
        "fleetsim/authorities/register",
        "fleetsim/authorities/" ID "/get",
        "fleetsim/authorities/" ID "/update",
        "fleetsim/authorities/" ID "/delete",
    };
    struct cloud_message m = {
        .handle = &handle, .client_id = "owner", .topic = topics[what & 31], .payload = payload};
    struct cloud_actions out;

    *now_ms += (int64_t)(what >> 5) * 1000000;
    cloud_actions_init(&out);
    assert(cloud_message(cloud, &m, *now_ms, &out) == CLOUD_ALLOW);
    assert(out.count != 0);
    assert(cloud_tick(cloud, *now_ms, &out));
    check(&out);
}

static void restart(struct cloud *cloud, int64_t now_ms)
{
    struct cloud *next = cloud_new(1);
    struct text saved;

    text_init(&saved);
    assert(cloud_save(cloud, now_ms, &saved));
    assert(cloud_load(next, slice_of(saved.data, saved.len), now_ms) == 0);
    text_done(&saved);
    cloud_free(next);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct slice rest;
    uint8_t what;
    struct presence_peer owner = {
        .handle = &handle, .client_id = "owner", .address = "sock", .owner = true};
    struct cloud *cloud = cloud_new(1);
    int64_t now_ms = 1700000000000;
    struct cloud_actions out;

    cloud_actions_init(&out);
    cloud_set_issuer(cloud, &issuer);
    assert(cloud_connect(cloud, &owner, now_ms, &out) == CLOUD_ALLOW);
    while (message_next(&input, &what, &rest))
        send(cloud, what, rest, &now_ms);
    restart(cloud, now_ms);
    cloud_actions_done(&out);
    cloud_free(cloud);
    return 0;
}

/*
 * Random messages to FleetWise's cloud side. Input: records that end with 0x1e; the first byte of a
 * record says which topic, the rest is the payload; 0xfe: the rest is a line of a saved state.
 *
 * Always: cars are sent protobuf that can be read, all else is JSON; what is saved can be loaded.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/campaigns/campaign_service.h"
#include "fleetwise/codec.h"
#include "fuzz/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CAR "$aws/iotfleetwise/vehicles/t/"

static void check(struct cloud_actions *out)
{
    for (size_t i = 0; i < out->count; i++) {
        const struct cloud_action *a = &out->items[i];
        struct slice payload = slice_of(a->payload, a->payload_len);
        cJSON *document = strcmp(a->topic, CAR "decoder_manifests") == 0
                              ? fleetwise_decode("DecoderManifest", payload)
                          : strcmp(a->topic, CAR "collection_schemes") == 0
                              ? fleetwise_decode("CollectionSchemes", payload)
                              : json_parse(payload, 80);
        assert(document != NULL);
        cJSON_Delete(document);
    }
    cloud_actions_done(out);
}

static void send(struct campaign_service *service, uint8_t what, struct slice payload)
{
    static const char *const topics[] = {
        CAR "checkins",
        CAR "signals",
        "fleetsim/fleetwise/campaigns/c/put",
        "fleetsim/fleetwise/manifests/m/put",
        "fleetsim/fleetwise/campaigns/c/get",
        "fleetsim/fleetwise/manifests/m/delete",
        "fleetsim/fleetwise/templates/s/put",
        "fleetsim/fleetwise/campaigns/list",
    };
    struct campaign_address address;
    struct cloud_actions out;

    cloud_actions_init(&out);
    assert(campaign_address_parse(topics[what & 7], &address));
    assert(campaign_service_request(service, &address, "app", payload, 1000, &out));
    check(&out);
}

static void check_saved(const struct campaign_service *service)
{
    struct campaign_service other;
    struct text saved;

    campaign_service_init(&other, NULL);
    text_init(&saved);
    campaign_service_save(service, &saved);
    struct slice rest = slice_of(saved.data, saved.len);
    while (rest.len > 0) {
        const uint8_t *end = memchr(rest.data, '\n', rest.len);
        assert(end != NULL);
        cJSON *record = json_parse(slice_of(rest.data, (size_t)(end - rest.data)), 80);
        assert(record != NULL && campaign_service_load(&other, record));
        cJSON_Delete(record);
        rest = slice_of(end + 1, rest.len - (size_t)(end - rest.data) - 1);
    }
    text_done(&saved);
    campaign_service_done(&other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct campaign_service service;
    struct slice rest;
    uint8_t what;

    campaign_service_init(&service, NULL);
    while (message_next(&input, &what, &rest)) {
        if (what == RECORD_IS_SAVED) {
            cJSON *record = json_parse(rest, 80);
            campaign_service_load(&service, record);
            cJSON_Delete(record);
        } else
            send(&service, what, rest);
    }
    check_saved(&service);
    campaign_service_done(&service);
    return 0;
}

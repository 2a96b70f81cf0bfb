/*
 * Random messages to the file delivery. Input: records that end with 0x1e; the first byte of a
 * record says which topic, the rest is the payload; 0xff: the rest is a topic; 0xfe: a line of a
 * saved state.
 *
 * Always: everything published is JSON, and no answer is larger than a request may bring.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/jobs/stream_service.h"
#include "fuzz/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct cloud_actions *out)
{
    size_t bytes = 0;

    for (size_t i = 0; i < out->count; i++) {
        const struct cloud_action *a = &out->items[i];
        cJSON *document = json_parse(slice_of(a->payload, a->payload_len), 8);
        assert(document != NULL);
        bytes += (size_t)json_num(document, "l", 0);
        cJSON_Delete(document);
    }
    assert(bytes <= STREAM_BLOCK_MAX);
    cloud_actions_done(out);
}

static void send(struct stream_service *s, uint8_t what, struct slice payload)
{
    static const char *const topics[] = {
        "$aws/things/t/streams/s/describe/json",
        "$aws/things/t/streams/s/get/json",
        "$aws/things/t/streams/s/other",
        "fleetsim/streams/s/put",
        "fleetsim/streams/s/delete",
    };
    struct stream_address address;
    struct cloud_actions out;

    cloud_actions_init(&out);
    assert(stream_address_parse(topics[what % 5], &address));
    assert(stream_service_request(s, &address, "app", payload, &out));
    check(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct slice rest;
    uint8_t what;
    struct stream_service s;
    struct stream_address address;

    stream_service_init(&s);
    while (message_next(&input, &what, &rest)) {
        if (what == RECORD_IS_TOPIC) {
            char *topic = record_text(rest);
            stream_address_parse(topic, &address);
            free(topic);
        } else if (what == RECORD_IS_SAVED) {
            cJSON *record = json_parse(rest, 8);
            stream_service_load(&s, record);
            cJSON_Delete(record);
        } else {
            send(&s, what, rest);
        }
    }
    stream_service_done(&s);
    return 0;
}

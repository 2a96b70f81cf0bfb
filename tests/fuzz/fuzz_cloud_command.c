/*
 * Random messages to the service of commands. Input: records that end with 0x1e; the first byte of
 * a record says which topic (and how much time has passed), the rest is the payload. A record whose
 * first byte is 0xff is a topic.
 *
 * Always: everything published is JSON; each message has one answer at least; an execution that has
 * ended stays as it is.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/commands/command_service.h"
#include "fuzz/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct model {
    struct command_service service;
    struct cloud_actions out;
    int64_t now_ms;
    char ended[16]; /* status of the execution; "": it has not ended */
};

static bool is_final(const char *status)
{
    return strcmp(status, "SUCCEEDED") == 0 || strcmp(status, "FAILED") == 0 ||
           strcmp(status, "REJECTED") == 0;
}

static void check(struct model *m)
{
    for (size_t i = 0; i < m->out.count; i++) {
        const struct cloud_action *a = &m->out.items[i];
        struct slice payload = slice_of(a->payload, a->payload_len);
        cJSON *document = json_parse(payload, 80);
        assert(json_is_utf8(payload) && document != NULL);
        const char *status = json_str(document, "status", "");
        if (strstr(a->topic, "/get/accepted") != NULL && m->ended[0] != '\0')
            assert(strcmp(status, m->ended) == 0);
        if (strncmp(a->topic, "$aws/events/", 12) == 0 && is_final(status)) {
            assert(m->ended[0] == '\0');
            snprintf(m->ended, sizeof m->ended, "%s", status);
        }
        cJSON_Delete(document);
    }
    cloud_actions_done(&m->out);
}

static void send(struct model *m, uint8_t what, struct slice payload)
{
    static const char *const topics[] = {
        "fleetsim/commands/things/t/executions/x/start",
        "fleetsim/commands/things/t/executions/x/get",
        "$aws/commands/things/t/executions/x/response/json",
        "$aws/commands/things/t/executions/x/response/json",
    };
    struct command_address address;

    m->now_ms += (what & 4) != 0 ? 11000 : 1;
    assert(command_address_parse(topics[what & 3], &address));
    assert(command_service_request(&m->service, &address, "app", payload, m->now_ms, &m->out));
    assert(m->out.count >= 1);
    check(m);
    assert(command_service_tick(&m->service, m->now_ms, &m->out));
    check(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct slice rest;
    uint8_t what;
    struct model m = {.now_ms = 1700000000000};
    struct command_address address;

    command_service_init(&m.service);
    cloud_actions_init(&m.out);
    while (message_next(&input, &what, &rest)) {
        if (what == RECORD_IS_TOPIC) {
            char *topic = record_text(rest);
            command_address_parse(topic, &address);
            command_service_is_stale(&m.service, topic);
            free(topic);
        } else {
            send(&m, what, rest);
        }
    }
    cloud_actions_done(&m.out);
    command_service_done(&m.service);
    return 0;
}

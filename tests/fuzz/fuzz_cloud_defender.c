/*
 * Random messages to Device Defender. Input: records that end with 0x1e; the first byte of a record
 * says which topic (and how much time has passed), the rest is the payload; 0xff: the rest is a
 * topic; 0xfe: a line of a saved state.
 *
 * Always: everything published is JSON; each message has one answer at least.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/defender/defender_service.h"
#include "fuzz/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct model {
    struct defender_service service;
    struct cloud_actions out;
    int64_t now_ms;
};

static void check(struct model *m)
{
    for (size_t i = 0; i < m->out.count; i++) {
        const struct cloud_action *a = &m->out.items[i];
        cJSON *document = json_parse(slice_of(a->payload, a->payload_len), 20);
        assert(document != NULL);
        cJSON_Delete(document);
    }
    cloud_actions_done(&m->out);
}

static void send(struct model *m, uint8_t what, struct slice payload)
{
    static const char *const topics[] = {
        "$aws/things/t/defender/metrics/json", "fleetsim/defender/profiles/p/put",
        "fleetsim/defender/violations/list",   "$aws/things/u/defender/metrics/json",
        "fleetsim/defender/profiles/p/delete", "fleetsim/defender/profiles/p/get",
        "$aws/things/t/defender/metrics/json", "fleetsim/defender/profiles/list",
    };
    static const char *const targets[] = {"fleetsim/defender/profiles/p/attach",
                                          "fleetsim/defender/profiles/p/detach"};
    struct defender_address address;

    m->now_ms += (what & 8) != 0 ? 300000 : 1;
    assert(
        defender_address_parse((what & 16) != 0 ? targets[what & 1] : topics[what & 7], &address));
    assert(defender_service_request(&m->service, &address, "app", payload, m->now_ms, &m->out));
    assert(m->out.count >= 1);
    check(m);
    defender_service_count(&m->service, "t", DEFENDER_FIRST_OF_CLOUD + what % 6, what);
    assert(defender_service_tick(&m->service, m->now_ms, &m->out));
    check(m);
}

/* Who is who changes with every look. */
static bool now_and_then(void *ctx, const char *name)
{
    unsigned *looks = ctx;

    return (++*looks & 1) == 0 && *name != '\0';
}

static bool is_member(void *ctx, const char *group, const char *thing)
{
    return now_and_then(ctx, group) && *thing != '\0';
}

static void load(struct model *m, struct slice line)
{
    cJSON *record = json_parse(line, 20);

    defender_service_load(&m->service, record);
    cJSON_Delete(record);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct slice rest;
    uint8_t what;
    struct model m = {.now_ms = 1700000000000};
    struct defender_address address;
    unsigned looks = 0;
    const struct defender_fleet fleet = {.is_registered = now_and_then,
                                         .has_group = now_and_then,
                                         .is_member = is_member,
                                         .ctx = &looks};

    defender_service_init(&m.service);
    m.service.fleet = &fleet;
    cloud_actions_init(&m.out);
    while (message_next(&input, &what, &rest)) {
        if (what == RECORD_IS_TOPIC) {
            char *topic = record_text(rest);
            defender_address_parse(topic, &address);
            free(topic);
        } else if (what == RECORD_IS_SAVED) {
            load(&m, rest);
        } else {
            send(&m, what, rest);
        }
    }
    defender_service_done(&m.service);
    return 0;
}

/*
 * Random messages to the service of jobs. Input: records that end with 0x1e; the first byte of a
 * record says which topic (and how much time has passed), the rest is the payload. A record whose
 * first byte is 0xff is a topic; one whose first byte is 0xfe is a line of a saved state.
 *
 * Always: everything published is JSON; each message has one answer at least; what is saved loads
 * again, and is the same then.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/jobs/job_service.h"
#include "fuzz/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct model {
    struct job_service service;
    struct cloud_actions out;
    int64_t now_ms;
};

static void check(struct model *m)
{
    for (size_t i = 0; i < m->out.count; i++) {
        const struct cloud_action *a = &m->out.items[i];
        struct slice payload = slice_of(a->payload, a->payload_len);
        cJSON *document = json_parse(payload, 80);
        assert(json_is_utf8(payload) && document != NULL);
        cJSON_Delete(document);
    }
    cloud_actions_done(&m->out);
}

static void send(struct model *m, uint8_t what, struct slice payload)
{
    static const char *const topics[32] = {
        "$aws/things/t/jobs/get",
        "$aws/things/t/jobs/start-next",
        "$aws/things/t/jobs/$next/get",
        "$aws/things/t/jobs/j/get",
        "$aws/things/t/jobs/j/update",
        "$aws/things/t/jobs/k/update",
        "$aws/things/u/jobs/j/update",
        "$aws/things/t/jobs/other",
        "fleetsim/jobs/j/create",
        "fleetsim/jobs/k/create",
        "fleetsim/jobs/j/cancel",
        "fleetsim/jobs/j/delete",
        "fleetsim/jobs/j/get",
        "fleetsim/jobs/j/executions",
        "fleetsim/jobs/list",
        "fleetsim/jobs/events",
        "fleetsim/jobs/j/executions/t/get",
        "fleetsim/jobs/j/executions/t/cancel",
        "fleetsim/jobs/j/executions/t/remove",
    };
    struct job_address address;
    const char *topic = topics[what & 31];

    m->now_ms += (what & 32) != 0 ? 61000 : 1;
    if (topic == NULL)
        return;
    assert(job_address_parse(topic, &address));
    assert(job_service_request(&m->service, &address, "app", payload, m->now_ms, &m->out));
    assert(m->out.count >= 1);
    check(m);
    assert(job_service_tick(&m->service, m->now_ms, &m->out));
    check(m);
}

static void load(struct job_service *s, struct slice line)
{
    cJSON *record = json_is_utf8(line) ? json_parse(line, 40) : NULL;

    job_service_load(s, record);
    cJSON_Delete(record);
}

static void load_all(struct job_service *s, const struct text *saved)
{
    const char *p = saved->data;

    while (p != NULL && *p != '\0') {
        size_t len = strcspn(p, "\n");
        load(s, slice_of(p, len));
        p += len + 1;
    }
}

static size_t saved_size(const struct job_service *s, struct text *ret)
{
    text_init(ret);
    job_service_save(s, ret);
    assert(!ret->failed);
    return ret->len;
}

static void save_and_load(const struct job_service *s)
{
    struct job_service copy;
    struct text first, second;
    size_t len = saved_size(s, &first);

    job_service_init(&copy);
    load_all(&copy, &first);
    /* Things are in no particular order. */
    assert(saved_size(&copy, &second) == len);
    text_done(&first);
    text_done(&second);
    job_service_done(&copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct slice rest;
    uint8_t what;
    struct model m = {.now_ms = 1700000000000};
    struct job_address address;

    job_service_init(&m.service);
    cloud_actions_init(&m.out);
    while (message_next(&input, &what, &rest)) {
        if (what == RECORD_IS_TOPIC) {
            char *topic = record_text(rest);
            job_address_parse(topic, &address);
            free(topic);
        } else if (what == RECORD_IS_SAVED) {
            load(&m.service, rest);
        } else {
            send(&m, what, rest);
        }
    }
    job_service_sweep(&m.service, m.now_ms);
    save_and_load(&m.service);
    cloud_actions_done(&m.out);
    job_service_done(&m.service);
    return 0;
}

/*
 * A table of rules and messages that pass it. Input: the table, 0x1e, then records that end with
 * 0x1e: a topic, 0x1f, a payload.
 *
 * Always: a table is taken whole or not at all; what a payload template makes is JSON; what is
 * published has a topic without wildcards, within the limits.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/clients/filter.h"
#include "cloud/rules.h"
#include "fuzz/records.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct cloud_actions *out)
{
    for (size_t i = 0; i < out->count; i++) {
        const struct cloud_action *a = &out->items[i];
        cJSON *line = NULL;
        switch (a->kind) {
        case CLOUD_ACTION_PUBLISH:
            assert(*a->topic != '\0' && strpbrk(a->topic, "+#") == NULL);
            assert(topic_within_limits(a->topic));
            break;
        case CLOUD_ACTION_FILE:
            assert(a->payload_len > 1 && a->payload[a->payload_len - 1] == '\n');
            line = json_parse(slice_of(a->payload, a->payload_len - 1), 100);
            assert(cJSON_IsObject(line));
            cJSON_Delete(line);
            break;
        case CLOUD_ACTION_POST:
            assert(strncmp(a->topic, "http://", 7) == 0);
            break;
        case CLOUD_ACTION_KICK:
        case CLOUD_ACTION_COUNT:
            assert(false);
        }
    }
}

static void pass(struct rules *rules, struct slice record)
{
    const uint8_t *end = memchr(record.data, 0x1f, record.len);
    size_t len = end != NULL ? (size_t)(end - record.data) : record.len;
    char *topic = strndup((const char *)record.data, len);
    struct slice payload =
        end != NULL ? slice_of(end + 1, record.len - len - 1) : slice_of(NULL, 0);
    const struct rules_message m = {.topic = topic, .client_id = "c", .payload = payload};
    struct cloud_actions out;

    cloud_actions_init(&out);
    /* As MQTT has it: UTF-8, no wildcards, not empty. */
    if (*topic != '\0' && json_is_utf8(slice_str(topic)) && strpbrk(topic, "+#") == NULL)
        assert(rules_is_ingest(topic) ? rules_ingest(rules, &m, 1700000000000, &out)
                                      : rules_apply(rules, &m, 1700000000000, &out));
    check(&out);
    cloud_actions_done(&out);
    free(topic);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct slice record;
    struct rules rules;
    struct error err;
    bool table = true;

    rules_init(&rules);
    while (record_next(&input, &record)) {
        if (table && !rules_add_document(&rules, record, "/f", &err))
            assert(rules.count == 0 && err.text[0] != '\0');
        else if (!table && record.len > 0)
            pass(&rules, record);
        table = false;
    }
    rules_done(&rules);
    return 0;
}

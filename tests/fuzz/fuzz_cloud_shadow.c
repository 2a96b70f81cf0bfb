/*
 * Random requests on one shadow. Input: records that end with 0x1e; the first byte of a record says
 * what it asks (and how much time has passed), the rest is the payload.
 *
 * Always: an accepted update raises the version by what contract 1.5 says; its delta is exactly
 * what json_delta(), which shares no code with it, makes of desired and reported; metadata mirrors
 * state; the document stays within its limit; everything published is JSON; a get shows what the
 * last update left.
 */
/* The checks are the point, in every build type. */
#undef NDEBUG
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/shadows/shadow_request.h"
#include "cloud/shadows/shadow_service.h"
#include "fuzz/records.h"

#define HOUR ((int64_t)3600 * 1000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct model {
    struct shadow_service service;
    struct cloud_actions out;
    int64_t now_ms, deleted_at;
    int64_t version; /* of the document, or of the deleted one; 0: none yet */
    cJSON *state;    /* NULL: no shadow */
};

static bool ends_in(const char *s, const char *end)
{
    size_t n = strlen(s);
    size_t m = strlen(end);

    return n >= m && strcmp(s + n - m, end) == 0;
}

static cJSON *find(const struct model *m, const char *suffix)
{
    for (size_t i = 0; i < m->out.count; i++) {
        const struct cloud_action *a = &m->out.items[i];
        assert(json_is_utf8(slice_of(a->payload, a->payload_len)));
        if (!ends_in(a->topic, suffix))
            continue;
        cJSON *doc = json_parse(slice_of(a->payload, a->payload_len), 600);
        assert(doc != NULL);
        return doc;
    }
    return NULL;
}

/* A leaf has {"timestamp":…} where a container has its like. */
static void check_mirror(const cJSON *state, const cJSON *metadata)
{
    if (!cJSON_IsObject(state) && !cJSON_IsArray(state)) {
        assert(cJSON_IsNumber(json_get(metadata, "timestamp")));
        assert(cJSON_GetArraySize(metadata) == 1);
        return;
    }
    const cJSON *a = state->child;
    const cJSON *b = metadata->child;
    assert((state->type & 0xff) == (metadata->type & 0xff));
    for (; a != NULL && b != NULL; a = a->next, b = b->next) {
        assert(cJSON_IsArray(state) || strcmp(a->string, b->string) == 0);
        check_mirror(a, b);
    }
    assert(a == NULL && b == NULL);
}

static void check_no_null(const cJSON *item)
{
    assert(!cJSON_IsNull(item));
    for (const cJSON *c = item->child; c != NULL; c = c->next)
        check_no_null(c);
}

static size_t json_length(const cJSON *item)
{
    struct text t;
    size_t len;

    if (item == NULL)
        return 0;
    text_init(&t);
    text_json(&t, item);
    len = t.len;
    text_done(&t);
    return len;
}

static void check_delta(const struct model *m, const cJSON *state, const cJSON *got)
{
    const cJSON *desired = json_get(state, "desired");
    cJSON *want = desired != NULL ? json_delta(desired, json_get(state, "reported")) : NULL;
    bool empty = want == NULL || want->child == NULL;

    (void)m;
    assert(empty == (got == NULL));
    if (!empty)
        assert(json_equal(want, got));
    cJSON_Delete(want);
}

static void check_update(struct model *m)
{
    cJSON *accepted = find(m, "update/accepted");
    cJSON *documents = find(m, "update/documents");
    cJSON *delta = find(m, "update/delta");
    const cJSON *current = json_get(documents, "current");
    const cJSON *state = json_get(current, "state");
    int64_t version = (int64_t)json_num(accepted, "version", -1);
    bool forgotten = m->state == NULL && m->now_ms - m->deleted_at >= 48 * HOUR;
    int64_t want = m->version == 0 || forgotten ? 1 : m->version + (m->state != NULL ? 1 : 2);

    assert(version == want);
    assert((int64_t)json_num(current, "version", -1) == version);
    check_no_null(state);
    check_mirror(state, json_get(current, "metadata"));
    assert(json_length(json_get(state, "desired")) + json_length(json_get(state, "reported")) <=
           SHADOW_DOCUMENT_MAX);
    check_delta(m, state, json_get(delta, "state"));
    if (delta != NULL) {
        assert((int64_t)json_num(delta, "version", -1) == version);
        check_mirror(json_get(delta, "state"), json_get(delta, "metadata"));
    }
    const cJSON *previous = json_get(documents, "previous");
    assert(m->state == NULL ? cJSON_IsNull(previous)
                            : json_equal(json_get(previous, "state"), m->state));
    cJSON_Delete(m->state);
    m->state = cJSON_Duplicate(state, 1);
    m->version = version;
    cJSON_Delete(accepted);
    cJSON_Delete(documents);
    cJSON_Delete(delta);
}

static void check_get(const struct model *m)
{
    cJSON *accepted = find(m, "get/accepted");
    const cJSON *state = json_get(accepted, "state");

    assert(m->state != NULL);
    assert((int64_t)json_num(accepted, "version", -1) == m->version);
    check_delta(m, state, json_get(state, "delta"));
    cJSON_DeleteItemFromObjectCaseSensitive((cJSON *)(uintptr_t)state, "delta");
    assert(json_equal(state, m->state));
    cJSON_Delete(accepted);
}

static void check_delete(struct model *m)
{
    cJSON *accepted = find(m, "delete/accepted");

    assert(m->state != NULL);
    assert((int64_t)json_num(accepted, "version", -1) == m->version);
    cJSON_Delete(accepted);
    cJSON_Delete(m->state);
    m->state = NULL;
    m->deleted_at = m->now_ms;
}

static void ask(struct model *m, uint8_t what, struct slice payload)
{
    static const char *const topics[] = {"$aws/things/t/shadow/update",
                                         "$aws/things/t/shadow/update", "$aws/things/t/shadow/get",
                                         "$aws/things/t/shadow/delete"};
    struct shadow_address address;

    m->now_ms += (what & 4) != 0 ? 24 * HOUR : 1000;
    assert(shadow_address_parse(topics[what & 3], &address));
    assert(shadow_service_request(&m->service, &address, payload, m->now_ms, &m->out));
    assert(m->out.count >= 1 && m->out.count <= 3);
    cJSON *rejected = find(m, "/rejected");
    if (rejected != NULL) {
        assert(m->out.count == 1 && json_num(rejected, "code", 0) >= 400);
        cJSON_Delete(rejected);
    } else if (address.op == SHADOW_UPDATE) {
        check_update(m);
    } else if (address.op == SHADOW_GET) {
        check_get(m);
    } else {
        check_delete(m);
    }
    if ((what & 8) != 0)
        shadow_service_sweep(&m->service, m->now_ms);
    cloud_actions_done(&m->out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of(data, size);
    struct slice rest;
    uint8_t what;
    struct model m = {.now_ms = 1700000000000};

    shadow_service_init(&m.service);
    cloud_actions_init(&m.out);
    while (message_next(&input, &what, &rest))
        ask(&m, what, rest);
    cloud_actions_done(&m.out);
    shadow_service_done(&m.service);
    cJSON_Delete(m.state);
    return 0;
}

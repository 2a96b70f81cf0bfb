#include "support/cloud_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cbor.h"

static const int operator_handle;

static enum issuer_result identify(void *ctx, struct slice pem, char ret_id[REGISTRY_ID_SIZE])
{
    (void)ctx;
    if (pem.len != REGISTRY_ID_SIZE - 1)
        return ISSUER_BAD_REQUEST;
    memcpy(ret_id, pem.data, pem.len);
    ret_id[pem.len] = '\0';
    return ISSUER_OK;
}

const char *cloud_world_made(unsigned n)
{
    static char id[REGISTRY_ID_SIZE];

    snprintf(id, sizeof id, "%064x", 0xdd + n);
    return id;
}

static enum issuer_result sign(void *ctx, struct slice csr, int64_t now_ms, struct text *ret_pem,
                               char ret_id[REGISTRY_ID_SIZE])
{
    unsigned *count = ctx;

    (void)now_ms;
    if (!slice_is(csr, "CSR"))
        return ISSUER_BAD_REQUEST;
    text_str(ret_pem, "PEM");
    memcpy(ret_id, cloud_world_made(count != NULL ? (*count)++ : 0), REGISTRY_ID_SIZE);
    return ISSUER_OK;
}

static enum issuer_result make(void *ctx, int64_t now_ms, struct text *ret_pem,
                               struct text *ret_key, char ret_id[REGISTRY_ID_SIZE])
{
    text_str(ret_key, "KEY");
    return sign(ctx, slice_str("CSR"), now_ms, ret_pem, ret_id);
}

const struct issuer cloud_world_issuer = {.identify = identify, .sign = sign, .make = make};

static void new_cloud(struct cloud_world *w, uint64_t seed)
{
    w->cloud = cloud_new(seed);
    assert_non_null(w->cloud);
    cloud_set_issuer(w->cloud, &cloud_world_issuer);
}

static void connect_operator(struct cloud_world *w)
{
    static const struct presence_peer peer = {.handle = &operator_handle,
                                              .client_id = CLOUD_WORLD_OPERATOR,
                                              .address = "sock",
                                              .owner = true};

    cloud_actions_cut(&w->out, 0);
    assert_int_equal(cloud_connect(w->cloud, &peer, w->now_ms, &w->out), CLOUD_ALLOW);
}

int cloud_world_setup(void **state)
{
    static struct cloud_world w;

    w = (struct cloud_world){.now_ms = CLOUD_NOW};
    cloud_actions_init(&w.out);
    new_cloud(&w, 1);
    connect_operator(&w);
    *state = &w;
    return 0;
}

int cloud_world_teardown(void **state)
{
    struct cloud_world *w = *state;

    cloud_actions_done(&w->out);
    cloud_free(w->cloud);
    return 0;
}

static void start_again(struct cloud_world *w, void (*prepare)(struct cloud *cloud),
                        struct slice saved)
{
    cloud_free(w->cloud);
    new_cloud(w, 2);
    if (prepare != NULL)
        prepare(w->cloud);
    assert_int_equal(cloud_load(w->cloud, saved, w->now_ms), 0);
    connect_operator(w);
}

void cloud_world_restart(struct cloud_world *w, void (*prepare)(struct cloud *cloud))
{
    struct text saved;

    text_init(&saved);
    assert_true(cloud_save(w->cloud, w->now_ms, &saved));
    start_again(w, prepare, slice_of(saved.data, saved.len));
    text_done(&saved);
}

void cloud_world_load(struct cloud_world *w, struct slice saved)
{
    start_again(w, NULL, saved);
}

void cloud_world_wait(struct cloud_world *w, int64_t ms)
{
    w->now_ms += ms;
    cloud_actions_cut(&w->out, 0);
    assert_true(cloud_tick(w->cloud, w->now_ms, &w->out));
}

void cloud_world_send(struct cloud_world *w, const void *handle, const char *client_id,
                      const char *topic, struct slice payload)
{
    const struct cloud_message m = {
        .handle = handle, .client_id = client_id, .topic = topic, .payload = payload};

    cloud_actions_cut(&w->out, 0);
    assert_int_equal(cloud_publish(w->cloud, &m, w->now_ms), CLOUD_ALLOW);
    assert_int_equal(cloud_message(w->cloud, &m, w->now_ms, &w->out), CLOUD_ALLOW);
}

cJSON *cloud_world_said(struct cloud_world *w, size_t at, const char *topic, const char *to)
{
    assert_true(w->out.count > at);
    const struct cloud_action *a = &w->out.items[at];
    assert_string_equal(a->topic, topic);
    if (to != NULL)
        assert_string_equal(a->client_id, to);
    else
        assert_null(a->client_id);
    struct slice bytes = slice_of(a->payload, a->payload_len);
    cJSON *json = strstr(topic, "/cbor") != NULL ? cbor_parse(bytes, 20) : json_parse(bytes, 40);
    assert_non_null(json);
    return json;
}

void operator_publishes(struct cloud_world *w, const char *topic, const char *payload)
{
    cloud_world_send(w, &operator_handle, CLOUD_WORLD_OPERATOR, topic, slice_str(payload));
}

void operator_sends(struct cloud_world *w, const char *call, const char *payload)
{
    char topic[256];

    snprintf(topic, sizeof topic, "fleetsim/%s", call);
    operator_publishes(w, topic, payload);
}

cJSON *operator_asks(struct cloud_world *w, const char *call, const char *payload,
                     const char *expected)
{
    char answer[300];

    snprintf(answer, sizeof answer, "fleetsim/%s/%s", call, expected);
    operator_sends(w, call, payload);
    assert_int_equal(w->out.count, 1);
    return cloud_world_said(w, 0, answer, CLOUD_WORLD_OPERATOR);
}

void operator_tells(struct cloud_world *w, const char *call, const char *payload)
{
    cJSON_Delete(operator_asks(w, call, payload, "accepted"));
}

void operator_is_refused(struct cloud_world *w, const char *call, const char *payload,
                         const char *code)
{
    cJSON *answer = operator_asks(w, call, payload, "rejected");

    assert_string_equal(json_str(answer, "code", ""), code);
    assert_true(strlen(json_str(answer, "message", "")) > 0);
    cJSON_Delete(answer);
}

cJSON *certificate_of(struct cloud_world *w, const char *id)
{
    char call[128];

    snprintf(call, sizeof call, "certificates/%s/get", id);
    cJSON *answer = operator_asks(w, call, "", "accepted");
    cJSON *certificate = cJSON_DetachItemFromObject(answer, "certificate");
    cJSON_Delete(answer);
    assert_non_null(certificate);
    return certificate;
}

const char *first_of(const cJSON *object, const char *list)
{
    const cJSON *item = cJSON_GetArrayItem(json_get(object, list), 0);

    return cJSON_IsString(item) ? item->valuestring : "";
}

void expect_status(struct cloud_world *w, const char *id, const char *status)
{
    cJSON *certificate = certificate_of(w, id);

    assert_string_equal(json_str(certificate, "status", ""), status);
    cJSON_Delete(certificate);
}

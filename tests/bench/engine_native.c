/* The engine under test: sim/mqtt/session. */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "mqtt/session.h"

struct car {
    struct bench *bench;
    uint32_t index;
    struct mqtt_client *client;
};

struct native {
    struct loop *loop;
    struct net *net;
    struct endpoint *endpoint;
    struct tls_context *tls;
    struct car *cars;
};

static void on_connected(void *ctx, const struct mqtt_connack *connack)
{
    struct car *car = ctx;
    char topic[24];

    (void)connack;
    bench_topic(car->index, topic);
    mqtt_client_subscribe(car->client, &(struct mqtt_filter){.filter = slice_str(topic), .qos = 1},
                          1);
    bench_on_connected(car->bench, car->index);
}

static void on_subscribed(void *ctx, uint16_t id, const uint8_t *codes, size_t count)
{
    struct car *car = ctx;

    (void)id;
    (void)codes;
    (void)count;
    bench_on_subscribed(car->bench, car->index);
}

static void on_message(void *ctx, const struct mqtt_message *message)
{
    struct car *car = ctx;

    (void)message;
    bench_on_message(car->bench);
}

static void on_closed(void *ctx, const struct mqtt_closed *closed)
{
    struct car *car = ctx;

    bench_on_failure(car->bench, closed->text);
}

static const struct mqtt_client_events events = {.connected = on_connected,
                                                 .subscribed = on_subscribed,
                                                 .message = on_message,
                                                 .closed = on_closed};

static EVP_PKEY *load_key(const void *arg)
{
    return ec_key_to_pkey(arg, NULL);
}

static void native_connect(struct bench *b, uint32_t k)
{
    struct native *n = b->ctx;
    struct car *car = &n->cars[k];
    struct fleet_car own;
    char id[24];
    struct error err;

    bench_fleet_car(b->fleet, k, &own);
    struct mqtt_session_config config = {
        .net = n->net,
        .endpoint = n->endpoint,
        .tls = n->tls,
        .identity = {.leaf = own.certificate,
                     .chain = &b->fleet->intermediate,
                     .chain_count = 1,
                     .load_key = load_key,
                     .key_arg = own.key}
    };
    bench_topic(k, id);
    *car = (struct car){.bench = b, .index = k};
    car->client = mqtt_session_new(n->loop, &config, &events, car);
    if (!mqtt_client_connect(car->client,
                             &(struct mqtt_connect){.version = MQTT_3_1_1,
                                                    .client_id = slice_str(id),
                                                    .keep_alive_s = BENCH_KEEP_ALIVE,
                                                    .clean_start = true},
                             &err))
        bench_on_failure(b, err.text);
}

static void native_publish(struct bench *b, uint32_t k)
{
    static const uint8_t payload[BENCH_PAYLOAD];
    struct native *n = b->ctx;
    char topic[24];

    bench_topic(k, topic);
    mqtt_client_publish(n->cars[k].client,
                        &(struct mqtt_message){.topic = slice_str(topic),
                                               .payload = slice_of(payload, sizeof payload),
                                               .qos = 1});
}

static void native_stop(struct bench *b)
{
    struct native *n = b->ctx;

    loop_stop(n->loop);
}

static bool native_run(struct bench *b, struct error *err)
{
    struct native n = {.loop = loop_new()};
    char url[64];

    snprintf(url, sizeof url, "mqtts://127.0.0.1:%u", b->port);
    n.net = net_new(n.loop);
    n.endpoint = endpoint_new(url, err);
    n.tls = tls_context_new(&(struct tls_options){.ca_file = pki_path(b->fleet->pki, PKI_FILE_CA)},
                            err);
    if (n.endpoint == NULL || n.tls == NULL)
        return false;
    n.cars = xcalloc(b->vehicles, sizeof *n.cars);
    b->ctx = &n;
    bench_start(b);
    loop_run(n.loop);
    for (uint32_t k = 0; k < b->vehicles; k++)
        mqtt_client_free(n.cars[k].client);
    tls_context_free(n.tls);
    endpoint_free(n.endpoint);
    net_free(n.net);
    loop_free(n.loop);
    free(n.cars);
    return true;
}

const struct bench_engine bench_native = {"native", native_run, native_connect, native_publish,
                                          native_stop};

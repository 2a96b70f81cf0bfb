/* Eclipse Paho's MQTTAsync, as its API allows: each connect reads its certificate files. */
#include "tests/bench/bench.h"

#include <MQTTAsync.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/xmem.h"

struct car {
    struct bench *bench;
    uint32_t index;
    MQTTAsync client;
};

struct paho {
    struct car *cars;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool stopped;
};

static void on_failure(void *context, MQTTAsync_failureData *data)
{
    struct car *car = context;

    (void)data;
    bench_on_failure(car->bench, "connect, subscribe or publish failed");
}

static void on_lost(void *context, char *cause)
{
    struct car *car = context;

    (void)cause;
    bench_on_failure(car->bench, "connection lost");
}

static void on_subscribed(void *context, MQTTAsync_successData *data)
{
    struct car *car = context;

    (void)data;
    bench_on_subscribed(car->bench, car->index);
}

static void on_connected(void *context, MQTTAsync_successData *data)
{
    struct car *car = context;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    char topic[24];

    (void)data;
    options.onSuccess = on_subscribed;
    options.onFailure = on_failure;
    options.context = car;
    bench_topic(car->index, topic);
    if (MQTTAsync_subscribe(car->client, topic, 1, &options) != MQTTASYNC_SUCCESS)
        bench_on_failure(car->bench, "subscribe failed");
    bench_on_connected(car->bench, car->index);
}

static int on_message(void *context, char *topic, int topic_len, MQTTAsync_message *message)
{
    struct car *car = context;

    (void)topic_len;
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    bench_on_message(car->bench);
    return 1;
}

static void paho_connect(struct bench *b, uint32_t k)
{
    struct paho *p = b->ctx;
    struct car *car = &p->cars[k];
    MQTTAsync_connectOptions options = MQTTAsync_connectOptions_initializer;
    MQTTAsync_SSLOptions ssl = MQTTAsync_SSLOptions_initializer;
    char url[64], id[24], cert[128], key[128];

    *car = (struct car){.bench = b, .index = k};
    bench_topic(k, id);
    snprintf(url, sizeof url, "ssl://127.0.0.1:%u", b->port);
    snprintf(cert, sizeof cert, "%s/car-%u/cert.pem", b->fleet->dir, k);
    snprintf(key, sizeof key, "%s/car-%u/key.pem", b->fleet->dir, k);
    ssl.keyStore = cert;
    ssl.privateKey = key;
    ssl.trustStore = pki_path(b->fleet->pki, PKI_FILE_CA);
    ssl.verify = 1;
    options.keepAliveInterval = BENCH_KEEP_ALIVE;
    options.cleansession = 1;
    options.connectTimeout = 120;
    options.maxInflight = 100;
    options.ssl = &ssl;
    options.onSuccess = on_connected;
    options.onFailure = on_failure;
    options.context = car;
    if (MQTTAsync_create(&car->client, url, id, MQTTCLIENT_PERSISTENCE_NONE, NULL) !=
            MQTTASYNC_SUCCESS ||
        MQTTAsync_setCallbacks(car->client, car, on_lost, on_message, NULL) != MQTTASYNC_SUCCESS ||
        MQTTAsync_connect(car->client, &options) != MQTTASYNC_SUCCESS)
        bench_on_failure(b, "connect failed");
}

static void paho_publish(struct bench *b, uint32_t k)
{
    static char payload[BENCH_PAYLOAD];
    struct paho *p = b->ctx;
    MQTTAsync_responseOptions options = MQTTAsync_responseOptions_initializer;
    char topic[24];

    bench_topic(k, topic);
    if (MQTTAsync_send(p->cars[k].client, topic, sizeof payload, payload, 1, 0, &options) !=
        MQTTASYNC_SUCCESS)
        bench_on_failure(b, "publish failed");
}

static void paho_stop(struct bench *b)
{
    struct paho *p = b->ctx;

    pthread_mutex_lock(&p->lock);
    p->stopped = true;
    pthread_cond_signal(&p->changed);
    pthread_mutex_unlock(&p->lock);
}

static bool paho_run(struct bench *b, struct error *err)
{
    static struct paho p = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

    (void)err;
    p.cars = xcalloc(b->vehicles, sizeof *p.cars);
    b->ctx = &p;
    bench_start(b);
    pthread_mutex_lock(&p.lock);
    while (!p.stopped)
        pthread_cond_wait(&p.changed, &p.lock);
    pthread_mutex_unlock(&p.lock);
    /* Destroying thousands of clients takes Paho minutes; the process ends instead. */
    return true;
}

const struct bench_engine bench_paho = {"paho", paho_run, paho_connect, paho_publish, paho_stop};

/*
 * bench.h — the same work for several MQTT client engines, measured in the same way.
 *
 *     connect N cars over mutual TLS, at most BENCH_CONNECTING at a time, each subscribes to its
 *     own topic → publish at QoS 1, the next car in turn whenever a message has come back
 *
 * The driver decides what happens next and takes the times; an engine only moves bytes.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/slice.h"
#include "base/timeunit.h"
#include "pki/pki.h"

/* Mosquitto's listen backlog is 100: more would wait for SYN retries. */
#define BENCH_CONNECTING 80
/* Publishes on their way, fleet-wide. */
#define BENCH_OUTSTANDING 128
#define BENCH_PAYLOAD     200
#define BENCH_KEEP_ALIVE  600

struct bench_fleet {
    char dir[64];
    struct pki *pki;
    struct slice intermediate; /* DER; every car sends it behind its own certificate */
    bool pem_files;            /* dir/car-K/cert.pem and key.pem are there */
};

/* ORDER BENCH_PHASE */
enum bench_phase { BENCH_CONNECT, BENCH_WARM_UP, BENCH_MEASURE, BENCH_DONE };

struct bench_result {
    double connects_per_s, round_trips_per_s;
    double cpu_us_per_connect, cpu_us_per_round_trip;
    double kb_per_connection; /* when all are connected and quiet */
    double kb_after;          /* after the publishing */
};

struct bench;
struct bench_engine {
    const char *name;
    /* Runs the whole in this process, calling bench_next…() as things happen; returns when
       bench->phase is BENCH_DONE or it cannot go on. A peer in a process of its own does it all
       there and has no functions but this. */
    bool (*run)(struct bench *b, struct error *err);
    /* Asks for one thing; the outcome comes as a bench_on_…() call. */
    void (*connect)(struct bench *b, uint32_t car);
    void (*publish)(struct bench *b, uint32_t car);
    void (*stop)(struct bench *b);
};

struct bench {
    const struct bench_engine *engine;
    const struct bench_fleet *fleet;
    uint32_t vehicles;
    uint16_t port;
    double seconds;
    void *ctx; /* the engine's */
    /* The driver's part */
    pthread_mutex_t lock;
    enum bench_phase phase;
    uint32_t started, connected, ready, next;
    uint64_t round_trips;
    usec_t since, until, cpu_since;
    double rss_before;
    const char *failure;
    struct bench_result result;
};

/* Driver: these may be called from any thread, and may call connect() and publish(). */
void bench_start(struct bench *b);
void bench_on_connected(struct bench *b, uint32_t car);
void bench_on_subscribed(struct bench *b, uint32_t car);
void bench_on_message(struct bench *b);
void bench_on_failure(struct bench *b, const char *text);

extern const struct bench_engine bench_bare, bench_paho, bench_native, bench_mqttjs;

/* A PKI with `count` cars in a temporary directory; PEM files, for Paho and peers, when asked for.
 */
bool bench_fleet_make(struct bench_fleet *f, uint32_t count, bool pem_files, struct error *err);
/* Certificate and key of one car. */
void bench_fleet_car(const struct bench_fleet *f, uint32_t k, struct fleet_car *ret);
void bench_fleet_free(struct bench_fleet *f);

struct bench_broker {
    pid_t pid;
    uint16_t port;
};

/* Starts a Mosquitto of its own with the fleet's CA; dies with this process. */
bool bench_broker_start(struct bench_broker *broker, const struct bench_fleet *f,
                        struct error *err);
void bench_broker_stop(struct bench_broker *broker);

void bench_topic(uint32_t car, char ret[24]);

#endif

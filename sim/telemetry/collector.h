/*
 * collector.h — the telemetry of one car: samples its signals as its rules and the campaigns from
 * the cloud say, keeps the samples in batches, and sends them when it is online.
 *
 *     signals → rules and campaigns → ring (waits) → batch → MQTT, acknowledged
 *
 * Owns      the samples that wait, the batches on their way, the campaigns it received.
 * Borrows   loop, TCU and ops; keeps the plan.
 * Promises  memory is bounded by the plan's ceiling; what was acknowledged is not sent again; what
 *           was not is sent again in its order. Nothing is sampled while the car is off or asleep.
 *
 * The owner of the TCU passes on what the TCU tells. Campaigns come on cmd/fleetsim/<thing>/config,
 * what became of them goes to dt/fleetsim/<thing>/campaigns.
 */
#ifndef TELEMETRY_COLLECTOR_H
#define TELEMETRY_COLLECTOR_H

#include "loop/loop.h"
#include "tcu/tcu.h"
#include "telemetry/plan.h"

/* ORDER COLLECTOR_COUNT */
enum collector_count {
    COLLECTOR_SAMPLES, /* sent */
    COLLECTOR_BATCHES, /* sent */
    COLLECTOR_BYTES,   /* of payload sent */
    COLLECTOR_DROPPED, /* samples that were pushed out, or refused by the broker */
    COLLECTOR_COUNT_COUNT
};
const char *collector_count_name(enum collector_count what); /* "telemetry.samples", … */

struct collector_ops {
    void (*count)(void *ctx, enum collector_count what, uint64_t n);
    /* Something that a reader of the car's story should see. */
    void (*note)(void *ctx, const char *text);
};

struct collector_params {
    struct loop *loop;
    struct tcu *tcu;
    struct plan *plan;
    const char *vin; /* borrowed */
    const struct collector_ops *ops;
    void *ctx;
};

struct collector;

struct collector *collector_new(const struct collector_params *params);
/* NULL is fine. */
void collector_free(struct collector *c);
const struct plan *collector_plan(const struct collector *c);
/* Samples that wait to be sent. */
size_t collector_waiting(const struct collector *c);
/* Sends what waits, however little it is. */
void collector_flush(struct collector *c);

/* What the TCU told. */
void collector_state(struct collector *c, enum tcu_state to);
void collector_signal(struct collector *c, size_t index);
/* True if it was for the collector alone. */
bool collector_message(struct collector *c, const struct mqtt_message *m);
bool collector_answered(struct collector *c, uint16_t packet_id, const uint8_t *codes,
                        size_t count);

#endif

/*
 * vehicle.h — one simulated car: its identity, its TCU, its timeline, and the journeys of the
 * commands it is on.
 *
 * Owns      the TCU, the timeline, its credentials if they are not in the fleet file.
 * Borrows   the simulation. The layer above (behaviour) observes it through struct behaviour_ops.
 * Threads   the simulation thread.
 */
#ifndef FLEET_VEHICLE_H
#define FLEET_VEHICLE_H

#include <stdbool.h>
#include <stdint.h>

#include "fleet/connect_gate.h"
#include "fleet/timeline.h"
#include "fleet/vehicle_event.h"
#include "metrics/journey.h"
#include "mqtt/describe.h"
#include "pki/identity.h"
#include "pki/pki.h"
#include "tcu/tcu.h"

struct collector;
struct oracle_car;
struct oracle_violation;
struct credential;
struct simulation;
struct vehicle;
struct vehicle_contact;
struct vehicle_provision;
struct vehicle_radio;
struct vehicle_rotation;

/* What the layer above wants to hear; all members but packet, violated and sms are set. */
struct behaviour_ops {
    /* Life cycle or signals changed, or something arrived. */
    void (*changed)(void *ctx, struct vehicle *v);
    void (*state)(void *ctx, struct vehicle *v, enum tcu_state from, enum tcu_state to);
    /* Act it out, then vehicle_order_done(). */
    void (*order)(void *ctx, struct vehicle *v, struct tcu_order *order);
    void (*order_cancelled)(void *ctx, struct vehicle *v, struct tcu_order *order);
    /* As in struct tcu_observer. */
    void (*message)(void *ctx, struct vehicle *v, const struct mqtt_message *message);
    void (*answered)(void *ctx, struct vehicle *v, uint16_t packet_id, const uint8_t *codes,
                     size_t count, const char *remark);
    /* What went over the connection. NULL: not told. */
    void (*packet)(void *ctx, struct vehicle *v, bool outgoing, struct slice bytes);
    /* Only of the kinds in the car's `watched`. */
    void (*event)(void *ctx, struct vehicle *v, const struct vehicle_event *e);
    /* The oracle has seen it, or the cloud, do what must not be. May be NULL; must not free v. */
    void (*violated)(void *ctx, struct vehicle *v, const struct oracle_violation *violation);
    /* A text message has come. NULL: it wakes a TCU that is asleep. */
    void (*sms)(void *ctx, struct vehicle *v, const char *text);
};

/* What has gone over all its connections so far: MQTT, before TLS. */
struct vehicle_traffic {
    uint64_t bytes_in, bytes_out, packets_in, packets_out;
};

/* A command done by the car whose result the companion has not seen yet. */
struct vehicle_result;

struct vehicle {
    struct simulation *sim;
    struct identity identity;
    uint64_t seed; /* of all its randomness */
    struct tcu *tcu;
    struct timeline *timeline;       /* NULL: not kept */
    struct mqtt_describer describer; /* for the timeline */
    const struct behaviour_ops *behaviour;
    void *ctx;
    const uint32_t *watched;      /* kinds of events that somebody waits for, as bits; NULL: none */
    const struct credential *own; /* made elsewhere; then there are none of the following */
    /* Credentials: point into the PKI, or into `issued`. */
    struct slice certificate;
    struct slice issuer; /* sent with it; empty: it is sent alone */
    const struct ec_key *key;
    struct pki_credential *issued;
    /* NULL: the cloud has known it from the beginning; else what it shows is in there. */
    struct vehicle_provision *provision;
    struct vehicle_rotation *rotation; /* NULL: it has never had another certificate */
    /* Its client inside all wrappers: one of the two. */
    struct mqtt_client *session, *paho;
    struct vehicle_radio *radio; /* NULL: a perfect network */
    struct oracle_car *oracle;   /* NULL: nobody watches it */
    struct vehicle_traffic traffic;
    int64_t clock_offset; /* seconds by which its clock is fast (vehicle_clock.h) */
    bool probe;           /* what it measures is told apart (RECORDER_PROBE) */
    /* Private part */
    struct connect_ticket ticket; /* of the simulation's gate */
    struct vehicle_result *results;
    struct collector *collector; /* fleet/vehicle_telemetry.h; NULL: it collects nothing */
    char *wake_token;            /* the command for which an SMS is on its way, or woke it */
    struct sms *sms;             /* to this car, on their way or waiting */
    const struct sms_options *sms_options; /* borrowed; NULL: the simulation's */
    uint32_t sms_count;                    /* sent to it so far */
    bool tapped;                           /* by an SMS, and not awake yet */
};

/* What a car is made with. */
struct vehicle_birth {
    uint32_t index; /* its number in the simulation's fleet, below IDENTITY_MAX */
    uint64_t seed;  /* of all its randomness, whatever its number */
    const struct signal_schema *schema;    /* borrowed */
    const struct vehicle_contact *contact; /* NULL: as the simulation's cars */
};

/* A car with power off. NULL if it has no credentials. */
struct vehicle *vehicle_new(struct simulation *sim, const struct vehicle_birth *birth,
                            const struct behaviour_ops *behaviour, void *ctx, struct error *err);
void vehicle_free(struct vehicle *v);

/* As tcu_order_done(), and remembers the outcome for the command's journey. */
void vehicle_order_done(struct vehicle *v, struct tcu_order *order, enum tcu_outcome outcome,
                        const char *reason_code, const char *description);
/* What a car's word on a command makes of its journey. */
enum journey_outcome vehicle_journey_outcome(enum tcu_outcome outcome);
/* The companion saw the report with this clientToken: ends the journeys it belongs to. */
void vehicle_report_seen(struct vehicle *v, const char *report_token, usec_t at);
/* Its turn to connect has come, after so long: what the simulation's gate calls. */
void vehicle_admitted(void *ctx, struct connect_ticket *ticket, usec_t waited);
/* It waited for a network, and there is one. */
void vehicle_connect(struct vehicle *v);
/* The command whose journey the next wake-up belongs to. */
void vehicle_expect_wake(struct vehicle *v, const char *token);
/* A text message has arrived at its modem. */
void vehicle_tapped(struct vehicle *v, const char *text);
/* The TCU begins to wake up; if nobody says so, it does when it begins to connect. */
void vehicle_woken(struct vehicle *v);

#endif

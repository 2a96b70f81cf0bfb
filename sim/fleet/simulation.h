/*
 * simulation.h — everything one run consists of below the scripts: loop, cars, certificates, the
 * way to the cloud, the recorder. There are no globals, so that a test can run two at once.
 *
 * Owns      loop, recorder, PKI handle, TLS context and endpoint.
 * Borrows   the trace file.
 * Threads   the simulation thread, except simulation_new/free
 * before and after it runs.
 */
#ifndef FLEET_SIMULATION_H
#define FLEET_SIMULATION_H

#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "base/rng.h"
#include "fleet/sms.h"
#include "fleet/vehicle.h"
#include "fleet/vehicle_provision.h"
#include "fleet/wire.h"
#include "net/carried.h"
#include "net/endpoints.h"

struct credential;
struct factory;
struct key_maker;
struct oracle;
struct recorder;
struct responders;
struct tls_context;
struct tls_options;
struct radio_profile;
struct net;

/* What the cars' MQTT clients are made of. */
enum simulation_client {
    SIMULATION_NATIVE, /* mqtt/session.h */
    SIMULATION_PAHO    /* paho/paho_client.h: fleets of up to about a thousand */
};

struct simulation_options {
    const char *endpoint; /* what endpoints_new() takes */
    enum endpoint_policy endpoint_policy;
    const char *pki_dir;      /* what pki_open() takes; NULL: the certificates are all there is */
    const char *certificates; /* what credential_set_load() takes: the cars'; NULL: the PKI's */
    const char *ca_file;      /* NULL: the PKI's own root verifies the server */
    bool insecure;            /* do not verify the server */
    bool pki_lasts; /* the PKI's directory outlives the run, and so do credentials that cars get */
    /* Whatever else may be chosen of TLS; its ca_file, ca_pem and insecure are not read. NULL: the
       defaults, and AWS IoT's protocol name on port 443. Refused for a plain endpoint. */
    const struct tls_options *tls;
    const char *source_addresses; /* what sources_new() takes; NULL: the system chooses */
    uint64_t connect_rate;        /* the cars' connects per second; 0: unlimited */
    size_t connect_concurrency;   /* and how many are under way at once; 0: a default */
    uint64_t seed;
    double time_scale;
    bool virtual_time; /* leaps whenever nothing is under way; time_scale is not read */
    int64_t epoch_ms;  /* with virtual_time: the time of day at which it begins */
    enum mqtt_version version;
    uint16_t keep_alive_s;
    size_t timeline_places; /* per car; 0: none */
    FILE *trace;
    enum simulation_client client;
    const struct mqtt_profile *profile; /* NULL: the endpoint's own (mqtt_profile_of_host()) */
    const struct topic_set *topics;     /* of commands and telemetry; NULL: fleetsim's own */
    bool no_shadows;                    /* the broker has none */
    bool generic;                       /* no profile, whatever the endpoint */
    const struct radio_profile *radio;  /* of all cars; NULL: perfect */
    struct vehicle_contact contact;     /* how all cars meet the cloud; its texts are borrowed */
    const char *claim, *claim_key; /* PEM files: of cars with a claim; NULL: the PKI makes it */
};

struct simulation {
    struct loop *loop;
    struct recorder *recorder;
    struct pki *pki; /* NULL: own alone */
    bool pki_lasts;
    struct credential_set *own;    /* the cars' certificates, made elsewhere; NULL: the PKI's */
    bool *own_used;                /* by index: is there a car with it? */
    size_t own_first_free;         /* all below it are used */
    struct tls_context *tls;       /* NULL: plain TCP */
    struct responders *responders; /* whom it asks about the server; NULL: nobody */
    struct endpoints *endpoints;
    struct endpoint *endpoint; /* the first of them */
    struct sources *sources;   /* NULL: the system chooses */
    struct net *net;
    const struct radio_profile *radio; /* that cars are made with; NULL: perfect */
    struct connect_gate gate;          /* that all cars go through to connect */
    struct slice intermediate;         /* every car's issuer, DER */
    struct vehicle_contact contact;    /* of cars that say nothing else; its texts are borrowed */
    const char *claim_file, *claim_key_file; /* borrowed; NULL: the PKI makes the claim */
    struct key_maker *keys;                  /* of cars that make theirs */
    struct tcu_config tcu;
    uint64_t fleet; /* identity_fleet() of the PKI's seed */
    uint64_t seed;
    struct rng rng;
    size_t timeline_places;
    enum simulation_client client;
    struct trace *trace;   /* NULL: none; before the first car */
    struct oracle *oracle; /* owned; NULL: none; before the first car */
    usec_t started;        /* it was made, or later: its results begin here */
    pid_t cloud_process;   /* that the cars' cloud is, on this machine; 0: none that is known */
    size_t by_state[TCU_STATE_COUNT]; /* cars in each state */
    size_t vehicle_count;
    struct sms_options sms_options; /* of cars that have none of their own */
    /* Makes each car's MQTT client, as the options say. */
    struct mqtt_client *(*make_client)(void *vehicle, uint32_t index,
                                       const struct mqtt_client_events *events, void *ctx);
    /* Who has reached the cloud so far, and since when cars have tried (0: none has). */
    bool car_reached, companion_reached;
    usec_t first_attempt;
    /* Told once, when a car or companion failed to connect before any car had; may be NULL. */
    void (*unreachable)(void *ctx, const char *why);
    void *unreachable_ctx;
    struct wire wire; /* in virtual time: what is under way */
    /* In virtual time, told the time of day after each leap; may be NULL. */
    void (*leapt)(void *ctx, int64_t wall_ms);
    void *leapt_ctx;
    /* Told of each event of these kinds (bits of enum vehicle_event_kind), of every car. */
    uint32_t watched;
    void (*event)(void *ctx, struct vehicle *v, const struct vehicle_event *e);
    void *event_ctx;
    /* Private part */
    struct simulation_keeper *keeper; /* NULL: no car waits for the PKI */
    struct simulation_claim *claim;   /* NULL: not needed yet */
    struct factory **factories;
    size_t factory_count;
    struct net_carried carried; /* as it was counted last */
    struct mqtt_client *(*make_wired)(void *vehicle, uint32_t index,
                                      const struct mqtt_client_events *events, void *ctx);
    char *uri;     /* for Paho: the endpoints, commas between */
    char *ca_file; /* NULL: not TLS */
    char *alpn;    /* NULL: none */
    bool insecure;
    bool told_unreachable;
    struct vehicle **table; /* open addressing by thing name */
    size_t table_size;
};

struct simulation *simulation_new(const struct simulation_options *options, struct error *err);
/* Cars must be freed before. NULL is fine. */
void simulation_free(struct simulation *sim);

/* What cars with a claim show, and how it is made: once for all. NULL: there is no PKI to make it,
   ERROR_USAGE. */
const struct credential *simulation_claim(struct simulation *sim, struct error *err);
/* The factory of that name, which is made when it is asked for. */
const struct factory *simulation_factory(struct simulation *sim, const char *name,
                                         struct error *err);
/* Of simulation_free(). */
void simulation_identities_done(struct simulation *sim);
/* What the car shows has changed: counts from its next connect on. */
void simulation_renew_identity(struct vehicle *v);

/* What the car shows when it connects. */
struct tls_identity simulation_identity(const struct vehicle *v);

/* What the car shows is its own from now on, in later runs too if the PKI lasts: some milliseconds.
   While another process holds the PKI's directory the car waits, not the loop. What cannot be kept
   is told as a note. */
void simulation_keep_identity(struct vehicle *v);
/* The car is to be freed: if it waits still, so does the loop. */
void simulation_keep_last(struct vehicle *v);
/* Of simulation_free(). */
void simulation_keeper_done(struct simulation *sim);

/* How many cars were made with the certificates, so that any broker may know them; 0: none. */
uint32_t simulation_known_cars(const struct simulation *sim);

/* How many cars are in each state, by enum tcu_state; kept as they change, so reading costs the
   same for any fleet. */
void simulation_count_states(const struct simulation *sim, size_t ret[static TCU_STATE_COUNT]);

/* Brings the recorder's "wire.…" counters up to date: a system call for each connected car. */
void simulation_count_carried(struct simulation *sim);

/* By thing name, or NULL. */
struct vehicle *simulation_find(const struct simulation *sim, struct slice thing_name);

/* With own certificates: the first that no car has, below IDENTITY_MAX. False: all are in use. */
bool simulation_free_index(struct simulation *sim, uint32_t *ret);
/* A car has it, or has it no more. */
void simulation_use_index(struct simulation *sim, uint32_t index, bool used);

/* For those who connect. */
void simulation_add(struct simulation *sim, struct vehicle *v);
void simulation_remove(struct simulation *sim, struct vehicle *v);
void simulation_connect_failed(struct simulation *sim, const char *why);

#endif

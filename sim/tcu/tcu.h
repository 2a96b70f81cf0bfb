/*
 * tcu.h — one simulated telematics control unit: its life cycle, its shadows, its remote commands.
 *
 *     off → asleep → connecting → syncing → online → (disconnect) → backing off → connecting …
 *
 * with provisioning before its first syncing, if it has but a claim (provision.h).
 *
 * Owns      its MQTT client, signal table, timers, the orders it has handed out.
 * Borrows   the loop, the shared configuration and the schema; all outlive it.
 * Promises  never blocks; calls its observer only on the loop's thread; never executes an expired
 * or repeated request; survives any message from the cloud.
 *
 * It knows neither Lua nor metrics nor the fleet: they observe it.
 */
#ifndef TCU_TCU_H
#define TCU_TCU_H

#include <stdbool.h>
#include <stdint.h>

#include "loop/loop.h"
#include "mqtt/client.h"
#include "mqtt/profile.h"
#include "mqtt/topic_set.h"
#include "tcu/signals.h"

/* ORDER TCU_STATE */
enum tcu_state {
    TCU_OFF,        /* no power at all: no modem, an SMS is lost */
    TCU_ASLEEP,     /* no socket; only a wake-up call brings it back */
    TCU_CONNECTING, /* waiting to be admitted, then TCP, TLS, MQTT CONNECT */
    TCU_SYNCING,    /* subscribing, getting the shadows, applying what was desired meanwhile */
    TCU_ONLINE,
    TCU_BACKING_OFF, /* waiting before the next attempt: exponential, full jitter (contract 6.12) */
    TCU_PROVISIONING, /* connected with its claim: getting a certificate of its own (provision.h) */
    TCU_STATE_COUNT
};
const char *tcu_state_name(enum tcu_state state); /* "off", "asleep", … */

/* Shared by all vehicles of a run. */
struct tcu_config {
    enum mqtt_version version;
    uint16_t keep_alive_s;
    uint32_t session_expiry_s; /* 0: clean sessions */
    usec_t tcp_timeout, tls_timeout, connack_timeout;
    usec_t request_timeout;                           /* shadow get and update, subscribe: 10 s */
    usec_t backoff_base, backoff_cap, backoff_stable; /* 1 s, 60 s, reset after 20 s online */
    usec_t progress_after; /* executions that take longer say IN_PROGRESS: 2 s; 0: never */
    bool will;             /* leave a last will on dt/fleetsim/<thing>/connection */
    const struct mqtt_profile *profile; /* NULL: no limits but the broker's own */
    struct topic_set topics;            /* of commands and telemetry */
    bool no_shadow; /* the broker has no device shadows: online once subscribed, nothing reported */
    bool starts_anew; /* a car's first connect begins a session (MQTT 5): it knows of none */
};
void tcu_config_defaults(struct tcu_config *config);

enum tcu_order_kind {
    TCU_ORDER_DESIRED, /* by shadow: delta or what get brought */
    TCU_ORDER_REQUEST, /* by request topic */
    TCU_ORDER_KIND_COUNT
};

/* Outcome words are AWS IoT Commands' (contract 8.3). */
enum tcu_outcome {
    TCU_SUCCEEDED,
    TCU_REJECTED,  /* understood, but will not: the reason code says why */
    TCU_FAILED,    /* tried and failed */
    TCU_TIMED_OUT, /* expired before it could be executed */
    TCU_OUTCOME_COUNT
};
const char *tcu_outcome_name(enum tcu_outcome outcome); /* "SUCCEEDED", … */

/* Something that the car is asked to bring about. Owned by the TCU from the observer's order()
   until tcu_order_done(), or until the observer's order_cancelled(). */
struct tcu_order {
    enum tcu_order_kind kind;
    char token[65];                /* clientToken or requestId of the cause; "" if unknown */
    struct signal_change *changes; /* in signal order; strings owned by the order */
    size_t change_count;
    void *behaviour;   /* the observer's */
    bool answer_twice; /* the observer's, before tcu_order_done(): a request's answer is repeated */
    /* Private part */
    struct tcu_order *next;
    char *response_topic;
    uint8_t *correlation;
    size_t correlation_len;
    usec_t goes_on_at; /* script clock: when it says so if it is not done; 0: never, or no more */
    bool done;
};

/* Steps of a command's journey as the car sees them. */
enum tcu_mark {
    TCU_MARK_RECEIVED,        /* matched, not stale, about to be handed to behaviour */
    TCU_MARK_STARTED,         /* tcu_order_started(): the first actuator moves */
    TCU_MARK_ACTED,           /* tcu_order_done() */
    TCU_MARK_REPORTED,        /* the report (or response) went out */
    TCU_MARK_REPORT_ACCEPTED, /* the cloud accepted the report (or acknowledged the response) */
    TCU_MARK_COUNT
};

/* Connect stages, each timed from its own start. */
enum tcu_stage {
    TCU_STAGE_TCP,
    TCU_STAGE_TLS,
    TCU_STAGE_CONNACK,
    TCU_STAGE_SUBSCRIBE,
    TCU_STAGE_FIRST_SHADOW,
    TCU_STAGE_CONNECT_TOTAL,      /* from its start (once admitted) to online */
    TCU_STAGE_PUBACK,             /* publish to PUBACK */
    TCU_STAGE_PROVISION_KEY,      /* key and signing request */
    TCU_STAGE_PROVISION_CREATE,   /* request to its certificate */
    TCU_STAGE_PROVISION_REGISTER, /* request to its thing */
    TCU_STAGE_PROVISION_TOTAL,    /* first attempt to connect, to online as itself */
    TCU_STAGE_COUNT
};

/* Things worth counting or showing that are no state change. */
enum tcu_note {
    TCU_NOTE_STALE_DELTA,       /* version not newer than the last seen */
    TCU_NOTE_UNKNOWN_DESIRED,   /* desired names no signal, or a bad value: detail says which */
    TCU_NOTE_EXPIRED_REQUEST,   /* dropped unexecuted */
    TCU_NOTE_DUPLICATE_REQUEST, /* dropped unexecuted, answered again if finished */
    TCU_NOTE_BAD_MESSAGE,       /* not JSON, or not of the contract's form */
    TCU_NOTE_REPORT_REJECTED,   /* the cloud refused a report: detail has code and message */
    TCU_NOTE_CONNECT_FAILED,    /* detail: why */
    TCU_NOTE_CONNECTION_LOST,   /* detail: why */
    TCU_NOTE_REFUSED,           /* a publish, subscribe or option was not taken; detail: why */
    TCU_NOTE_PROVISIONING,      /* a step of it failed, and is tried again; detail: why */
    TCU_NOTE_COUNT
};

struct tcu;

/* Any member may be NULL. Members may call any tcu_… function except tcu_free() and tcu_done. */
struct tcu_observer {
    void (*state)(void *ctx, struct tcu *tcu, enum tcu_state from, enum tcu_state to);
    /* May it start to connect? False: later, by tcu_admit(), unless it leaves the state connecting
       before. Must not call back. NULL: always. */
    bool (*admit)(void *ctx, struct tcu *tcu);
    /* Act it out, then call tcu_order_done(); may do so before returning. */
    void (*order)(void *ctx, struct tcu *tcu, struct tcu_order *order);
    /* Power was lost or the TCU is being freed: stop acting on it; freed after this returns. */
    void (*order_cancelled)(void *ctx, struct tcu *tcu, struct tcu_order *order);
    /* `token` is the order's; empty tokens are not marked. For REPORTED, `report_token` is the
       clientToken under which the cloud will show the report (NULL for responses). */
    void (*mark)(void *ctx, struct tcu *tcu, const char *token, enum tcu_mark mark, usec_t at,
                 const char *report_token);
    void (*stage)(void *ctx, struct tcu *tcu, enum tcu_stage stage, usec_t took);
    void (*note)(void *ctx, struct tcu *tcu, enum tcu_note note, const char *detail);
    void (*signal)(void *ctx, struct tcu *tcu, size_t index);
    /* The cloud has accepted a report: the car may be in step now. */
    void (*reported)(void *ctx, struct tcu *tcu);
    void (*packet)(void *ctx, struct tcu *tcu, bool outgoing, struct slice bytes, usec_t at);
    /* A message that tcu_subscribe() asked for. */
    void (*message)(void *ctx, struct tcu *tcu, const struct mqtt_message *message);
    /* The broker's last word on what tcu_publish(), tcu_subscribe() or tcu_unsubscribe() returned;
       one code for a publish, else one for each filter (none for an UNSUBACK of 3.1.1). `remark`:
       the broker's reason string and user properties in one line, or NULL. */
    void (*answered)(void *ctx, struct tcu *tcu, uint16_t packet_id, const uint8_t *codes,
                     size_t count, const char *remark);
};

/* Read-only to others; change it through the functions. */
struct tcu {
    enum tcu_state state;
    uint32_t index;         /* the car's number in the fleet */
    const char *thing_name; /* borrowed */
    struct signal_table signals;
    void *behaviour; /* the observer's */
    /* Private part below; see tcu.c. */
    struct tcu_private *p;
};

/* `client` is adopted (made by make_client with the events and ctx given to it). */
struct tcu_params {
    struct loop *loop;
    const struct tcu_config *config;
    const struct signal_schema *schema;
    uint32_t index;
    const char *thing_name;
    uint64_t seed; /* of its own randomness, back-off: another one for each car */
    /* Makes the MQTT client; called once, from tcu_new(). */
    struct mqtt_client *(*make_client)(void *maker, uint32_t index,
                                       const struct mqtt_client_events *events, void *ctx);
    void *maker;
    const struct tcu_observer *observer;
    void *ctx;
};

/* Made in state off. */
struct tcu *tcu_new(const struct tcu_params *params);
void tcu_free(struct tcu *tcu);

/* off → connecting. No effect in other states. All reported signals are reported after the first
   connect; later ones report what changed. */
void tcu_power_on(struct tcu *tcu);
/* How one car connects, where it differs from what all share. */
struct tcu_connect {
    struct slice client_id;       /* data NULL: the thing's name; empty: the broker chooses */
    int64_t clean_start;          /* 0, 1; below 0: as all */
    int64_t session_expiry_s;     /* below 0: as all */
    int64_t keep_alive_s;         /* below 0: as all */
    enum mqtt_version version;    /* 0: as all */
    const struct mqtt_will *will; /* NULL: as all */
};
/* Copies it; counts from the next connect on. False if the profile or MQTT forbid it. */
bool tcu_configure(struct tcu *tcu, const struct tcu_connect *options, struct error *err);

/* Abrupt loss of power from any state: the socket just dies, orders are cancelled. What survives in
   flash memory: signal values, the ids of requests already executed. */
void tcu_power_off(struct tcu *tcu);
/* Clean DISCONNECT, then asleep, from connecting, syncing, online or backing off. Orders go on. */
void tcu_sleep(struct tcu *tcu);
/* The same with a reason code and properties (mqtt_client_disconnect_with()); props may be NULL. */
void tcu_disconnect(struct tcu *tcu, uint8_t reason_code, const struct mqtt_props *props);
/* asleep → connecting; backing off → connecting at once. False in other states. */
bool tcu_wake(struct tcu *tcu);
/* Drops the connection without a word and backs off, as loss of network does. */
void tcu_drop_connection(struct tcu *tcu);
/* It may start to connect, after the observer's admit() said later. No effect unless it waits for
   that. */
void tcu_admit(struct tcu *tcu);

/* Sets a signal; reported (batched with whatever else changes in this turn of the loop) when
   online and due (signal_def.report_every), else after the next connect. */
void tcu_set_signal(struct tcu *tcu, size_t index, union signal_value value);
/* Reports what is not due yet as well, if online. */
void tcu_report(struct tcu *tcu);

/* While held, what changes is not reported; afterwards all of it is. Outlives a loss of power. */
void tcu_hold_reports(struct tcu *tcu, bool hold);
/* Gives the car another model while it lives: signals keep their values by path, open orders end
   (requests fail, wishes are acted on again), and what is not reported any more is withdrawn from
   the shadow. The schema is borrowed like the first. */
void tcu_change_schema(struct tcu *tcu, const struct signal_schema *schema);

/* The first actuator moved. */
void tcu_order_started(struct tcu *tcu, struct tcu_order *order);
/* Ends the order: answers a request, reports the signals it named (changed or not) for both kinds.
   reason_code ([A-Z0-9_-]) and description may be NULL, and are given if outcome is not SUCCEEDED.
 */
void tcu_order_done(struct tcu *tcu, struct tcu_order *order, enum tcu_outcome outcome,
                    const char *reason_code, const char *description);

/* Of its commands and telemetry. */
const struct topic_set *tcu_topics(const struct tcu *tcu);
/* Publishes telemetry on dt/fleetsim/<thing>/<kind>, QoS 0 or 1; false when not online. */
bool tcu_telemetry(struct tcu *tcu, const char *kind, struct slice payload, uint8_t qos);

/* A message of the car's own making, while connected. Packet id for QoS above 0 (`answered`
   follows, also on a later connection), 0 for QoS 0, negative with ERROR_FAILED if it is not taken.
 */
int32_t tcu_publish(struct tcu *tcu, const struct mqtt_message *message, struct error *err);
/* What comes goes to the observer's message(). Packet id, or 0 with ERROR_FAILED; `answered`
   follows, unless the connection ends before. They last as long as the session does. */
uint16_t tcu_subscribe(struct tcu *tcu, const struct mqtt_filter *filters, size_t count,
                       struct error *err);
uint16_t tcu_unsubscribe(struct tcu *tcu, const struct slice *filters, size_t count,
                         struct error *err);

/* What CONNACK said of the connection that stands. */
struct tcu_connection {
    bool session_present;
    uint16_t keep_alive_s; /* in force */
    enum mqtt_version version;
    struct slice client_id;  /* in force */
    struct mqtt_props props; /* of CONNACK */
};
/* An attempt to connect is under way: the broker may have let the car in, and the car not know yet.
   False while it waits to be admitted. */
bool tcu_is_dialling(const struct tcu *tcu);
/* Borrowed until the connection ends. False if there is none. */
bool tcu_connection(const struct tcu *tcu, struct tcu_connection *ret);
/* How a connection, or an attempt, last ended that the car did not end itself. Borrowed until the
   next time. False if none has. */
bool tcu_last_close(const struct tcu *tcu, struct mqtt_closed *ret);
/* That of the next connection, or of the one that stands. */
enum mqtt_version tcu_version(const struct tcu *tcu);

/* Puts a shaper between its client and the broker (mqtt_client_shape()). */
bool tcu_shape(struct tcu *tcu, const struct mqtt_shaper *shaper);

/* Its flash memory loses which requests it has had: a fault, for those who test what watches cars.
 */
void tcu_forget_requests(struct tcu *tcu);

/* The last version of that shadow (its slot, signals.h) that this car has seen; 0: none. */
uint64_t tcu_shadow_version(const struct tcu *tcu, size_t shadow);
/* Orders handed out and not done. */
size_t tcu_orders_open(const struct tcu *tcu);
/* Has everything that changed and is due been reported and accepted? What its report_every or its
   deadband keeps back while it is online does not count. */
bool tcu_in_step(const struct tcu *tcu);

#endif

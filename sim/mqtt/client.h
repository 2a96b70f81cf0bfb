/*
 * client.h — one MQTT connection of one vehicle, as the rooms above see it.
 *
 * An interface: the native engine (mqtt/session.h) is one implementation. A client is connected,
 * closed and connected again any number of times; its session state (packets in flight, packet
 * ids) lives as long as the client. All calls and all events are on the loop's thread.
 *
 * Promises  no event is delivered from inside mqtt_client_connect(), _publish() or _subscribe();
 *           mqtt_client_disconnect() and _abort() deliver no `closed` event at all; the client may
 *           call any function here, and may free itself, from inside any event.
 */
#ifndef MQTT_CLIENT_H
#define MQTT_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/slice.h"
#include "base/timeunit.h"
#include "mqtt/props.h"
#include "mqtt/shaper.h"

enum mqtt_version { MQTT_3_1_1 = 4, MQTT_5 = 5 };

/* A message, in or out. All slices are borrowed for the length of the call. */
struct mqtt_message {
    struct slice topic;
    struct slice payload;
    uint8_t qos;
    bool retain;
    bool dup;                /* in: the broker says it may be a repetition */
    struct mqtt_props props; /* MQTT 5; empty on 3.1.1 */
};

struct mqtt_will {
    struct mqtt_message message; /* message.dup unused */
    uint32_t delay_s;            /* MQTT 5 Will Delay Interval */
};

/* Copied by mqtt_client_connect(), except that slices must stay valid until the next connect. */
struct mqtt_connect {
    enum mqtt_version version;
    struct slice client_id;
    struct slice username, password; /* data NULL: absent */
    uint16_t keep_alive_s;           /* 0: none */
    bool clean_start;                /* 3.1.1: clean session */
    uint32_t session_expiry_s;       /* MQTT 5; 3.1.1 keeps the session unless clean */
    const struct mqtt_will *will;    /* NULL: none */
    usec_t tcp_timeout, tls_timeout, connack_timeout;
};

/* Where a connection stands; each step reached is reported once with its time. */
enum mqtt_phase {
    MQTT_PHASE_TCP,     /* TCP connected */
    MQTT_PHASE_TLS,     /* TLS handshake done, peer verified */
    MQTT_PHASE_CONNACK, /* CONNACK with success */
    MQTT_PHASE_COUNT
};

struct mqtt_connack {
    bool session_present;
    uint8_t reason_code;     /* MQTT 5 reason code, or 3.1.1 return code */
    struct mqtt_props props; /* MQTT 5 */
    uint16_t keep_alive_s;   /* in force (Server Keep Alive, or ours) */
};

enum mqtt_close {
    MQTT_CLOSE_RESOLVE,    /* the name does not resolve */
    MQTT_CLOSE_TCP,        /* refused, unreachable, reset, or closed by the peer */
    MQTT_CLOSE_TLS,        /* handshake or verification failed */
    MQTT_CLOSE_TIMEOUT,    /* a connect step took too long */
    MQTT_CLOSE_REFUSED,    /* CONNACK with an error: reason_code */
    MQTT_CLOSE_KEEP_ALIVE, /* no PINGRESP in time */
    MQTT_CLOSE_PROTOCOL,   /* the broker sent what MQTT forbids */
    MQTT_CLOSE_SERVER,     /* DISCONNECT from the broker: reason_code */
    MQTT_CLOSE_COUNT
};
const char *mqtt_close_name(enum mqtt_close why);

struct mqtt_closed {
    enum mqtt_close why;
    uint8_t reason_code; /* of CONNACK or DISCONNECT, else 0 */
    /* A sentence: "certificate verify failed: unable to get local issuer certificate"; with the
       broker's reason string, server reference and user properties. */
    const char *text;
};

/* What the owner wants to hear. Any member may be NULL. */
struct mqtt_client_events {
    void (*phase)(void *ctx, enum mqtt_phase phase, usec_t at);
    void (*connected)(void *ctx, const struct mqtt_connack *connack);
    /* SUBACK for the mqtt_client_subscribe() that returned packet_id; one code per filter. */
    void (*subscribed)(void *ctx, uint16_t packet_id, const uint8_t *codes, size_t count);
    void (*message)(void *ctx, const struct mqtt_message *message);
    /* The broker's last word on the publish that returned packet_id: PUBACK for QoS 1; for QoS 2
       PUBCOMP, or a PUBREC that refuses it. */
    void (*published)(void *ctx, uint16_t packet_id, uint8_t reason_code);
    void (*closed)(void *ctx, const struct mqtt_closed *closed);
    /* Every whole packet, as on the wire, before it is acted on or after it is queued. Trace only.
     */
    void (*packet)(void *ctx, bool outgoing, struct slice bytes, usec_t at);
    /* UNSUBACK for the mqtt_client_unsubscribe() that returned packet_id; one code per filter on
       MQTT 5, none on 3.1.1. */
    void (*unsubscribed)(void *ctx, uint16_t packet_id, const uint8_t *codes, size_t count);
    /* MQTT 5: the answer to packet_id has a reason string or user properties; comes just before
       `subscribed`, `unsubscribed` or `published`. The text is one line, for people. */
    void (*remark)(void *ctx, uint16_t packet_id, const char *text);
    /* PINGRESP, to whatever asked for it. */
    void (*pong)(void *ctx);
    /* Of a client with a shaper; may come from inside any call. */
    void (*shaped)(void *ctx, enum mqtt_shaped what);
};

/* Those after `qos` count on MQTT 5 only. */
struct mqtt_filter {
    struct slice filter;
    uint8_t qos;
    bool no_local;            /* not what this client publishes; not for $share filters */
    bool retain_as_published; /* keeps the retain flag of what is passed on */
    uint8_t
        retain_handling; /* retained messages: 0 always, 1 if the subscription is new, 2 never */
    /* Comes with each message, in props.subscription_identifier; 1 to 268,435,455, 0: none. A
       SUBSCRIBE has one for all its filters: that of the first. */
    uint32_t identifier;
};

struct mqtt_client;
struct mqtt_client_ops {
    void (*free)(struct mqtt_client *c);
    bool (*connect)(struct mqtt_client *c, const struct mqtt_connect *options, struct error *err);
    uint16_t (*subscribe)(struct mqtt_client *c, const struct mqtt_filter *filters, size_t count);
    int32_t (*publish)(struct mqtt_client *c, const struct mqtt_message *message);
    void (*disconnect)(struct mqtt_client *c, uint8_t reason_code);
    void (*abort)(struct mqtt_client *c);
    /* Those from here on may be NULL. */
    uint16_t (*unsubscribe)(struct mqtt_client *c, const struct slice *filters, size_t count);
    void (*disconnect_with)(struct mqtt_client *c, uint8_t reason_code,
                            const struct mqtt_props *props);
    bool (*ping)(struct mqtt_client *c);
    bool (*shape)(struct mqtt_client *c, const struct mqtt_shaper *shaper);
};

/* First member of every implementation. */
struct mqtt_client {
    const struct mqtt_client_ops *ops;
    const struct mqtt_client_events *events;
    void *ctx;
    char *refusal; /* owned; see mqtt_client_refusal() */
    bool shaped;   /* has a shaper: its protocol timers run by the script clock */
};

/* For implementations: why the call that fails now does. Always returns false. NULL frees it. */
bool mqtt_client_refuse(struct mqtt_client *c, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Why the last subscribe, unsubscribe or publish that was not taken was not: "profile aws: 9
   filters in one SUBSCRIBE (…)". Borrowed until the next one. */
static inline const char *mqtt_client_refusal(const struct mqtt_client *c)
{
    return c->refusal != NULL ? c->refusal : "the client did not take it";
}

/* NULL is a no-op. Closes abruptly if connected. */
static inline void mqtt_client_free(struct mqtt_client *c)
{
    if (c != NULL)
        c->ops->free(c);
}

/* Starts connecting; progress and outcome come as events. Must be closed. False only for what can
   be known at once (bad options, no descriptors left). */
static inline bool mqtt_client_connect(struct mqtt_client *c, const struct mqtt_connect *options,
                                       struct error *err)
{
    return c->ops->connect(c, options, err);
}

/* Packet id, or 0: not connected, larger than the broker takes, an identifier where it takes none
   (its Maximum Packet Size, Subscription Identifier Available), past a limit of the profile, or
   1,000 are unanswered. */
static inline uint16_t mqtt_client_subscribe(struct mqtt_client *c,
                                             const struct mqtt_filter *filters, size_t count)
{
    return c->ops->subscribe(c, filters, count);
}

/* Packet id, or 0: as above, or the implementation cannot. */
static inline uint16_t mqtt_client_unsubscribe(struct mqtt_client *c, const struct slice *filters,
                                               size_t count)
{
    return c->ops->unsubscribe != NULL ? c->ops->unsubscribe(c, filters, count) : 0;
}

/* QoS 1 and 2: packet id > 0; kept and sent again on a resumed session until acknowledged
   (MQTT-4.4.0-1). QoS 0: 0. Negative: not connected, 100 are in flight already, or the broker does
   not take it (its Maximum QoS, Retain Available, Maximum Packet Size), or it is past a limit of
   the profile. Copies what it needs. */
static inline int32_t mqtt_client_publish(struct mqtt_client *c, const struct mqtt_message *message)
{
    return c->ops->publish(c, message);
}

/* Sends DISCONNECT, flushes what fits, closes. The reason code counts on MQTT 5 only; 0x04 asks
   for the will. */
static inline void mqtt_client_disconnect(struct mqtt_client *c, uint8_t reason_code)
{
    c->ops->disconnect(c, reason_code);
}

/* The same with properties (MQTT 5): Session Expiry Interval, Reason String, user properties;
   others are left out, and so is an expiry that is not 0 if that of the connect was 0 (MQTT
   5, 3.14.2.2.2).
 */
static inline void mqtt_client_disconnect_with(struct mqtt_client *c, uint8_t reason_code,
                                               const struct mqtt_props *props)
{
    if (c->ops->disconnect_with != NULL)
        c->ops->disconnect_with(c, reason_code, props);
    else
        c->ops->disconnect(c, reason_code);
}

/* Sends PINGREQ now; `pong` tells its answer. False: not connected, or the implementation cannot.
 */
static inline bool mqtt_client_ping(struct mqtt_client *c)
{
    return c->ops->ping != NULL && c->ops->ping(c);
}

/* Puts a shaper (copied; what it points to is borrowed) between the client and its broker, from now
   on; again: it has changed its mind. False: the implementation cannot. */
static inline bool mqtt_client_shape(struct mqtt_client *c, const struct mqtt_shaper *shaper)
{
    if (c->ops->shape == NULL || !c->ops->shape(c, shaper))
        return false;
    c->shaped = true;
    return true;
}

/* Drops the connection without a word, as a loss of power does. */
static inline void mqtt_client_abort(struct mqtt_client *c)
{
    c->ops->abort(c);
}

#endif

/*
 * core.h — what the files of this room share about one TCU. Nobody else includes it.
 *
 * Observers may call back into the TCU and change its state. So every function that notifies one
 * does its own work first, and looks at `epoch` (which counts state changes) or at its lists again
 * before it goes on.
 */
#ifndef TCU_CORE_H
#define TCU_CORE_H

#include "base/rng.h"
#include "tcu/command.h"
#include "tcu/connection.h"
#include "tcu/provision.h"
#include "tcu/pubsub.h"
#include "tcu/route.h"
#include "tcu/shadow.h"
#include "tcu/shadows.h"
#include "tcu/tcu.h"

/* Deeper documents than any of the contract's are not looked at (contract 1.9). */
enum { CORE_JSON_DEPTH = 32 };

/* Its timer has to know whose it is; that of the classic one does. */
struct shadow_named {
    struct shadow_named *next; /* of those that are no more */
    struct tcu *tcu;
    struct shadow shadow;
};

/* What the life-cycle timer is running for. */
enum core_wait {
    WAIT_NOTHING,
    WAIT_ADMISSION, /* tcu_admit(): no timer */
    WAIT_SUBACK,
    WAIT_SHADOW,    /* the answer to the shadow get */
    WAIT_GET_AGAIN, /* a pause before the next get */
    WAIT_RECONNECT,
    WAIT_PROVISION, /* the answer to a step of provisioning */
    WAIT_COUNT
};

struct tcu_private {
    struct loop *loop;
    const struct tcu_config *config;
    const struct tcu_observer *observer;
    void *ctx;
    struct mqtt_client *client;
    struct rng rng;
    struct loop_timer timer;
    enum core_wait wait;
    uint32_t epoch;
    unsigned failures; /* attempts since the last stable connection: the back-off's exponent */
    uint32_t tokens;   /* counts the client tokens of all its shadows */
    usec_t connect_started, stage_started, online_since;
    usec_t sampled_at; /* when the publish whose PUBACK is timed went out */
    uint16_t sampled_id;
    uint32_t packet_max; /* bytes of a packet that the broker takes */
    uint16_t subscribe_id;
    uint8_t subscribing;    /* which of routes_batches() it was */
    bool subscribed;        /* in the session that the broker keeps */
    struct tcu_order *open; /* handed out, not done */
    struct connection connection;
    struct pubsub *pubsub;          /* NULL: not used */
    struct shadow shadow;           /* the classic one */
    struct shadow_named **named;    /* the others, by slot - 1; NULL: the model has none */
    struct shadow_named *former;    /* of models that it had before: a caller may still hold one */
    struct shadow_handled *handled; /* by desired_slot, whichever shadow they live in */
    struct pace *pace;              /* NULL: no signal waits for its report to be due */
    struct command command;
    struct provision *provision;    /* NULL: it is provisioned, and has been online since */
    struct withdrawal *withdrawals; /* reshape.c's: documents that wait for a connection */
};

static inline size_t core_shadow_count(const struct tcu *t)
{
    return t->p->named != NULL ? signal_schema_shadow_count(t->signals.schema) : 1;
}

/* By its slot. */
static inline struct shadow *core_shadow(const struct tcu *t, size_t slot)
{
    return slot == 0 ? &t->p->shadow : &t->p->named[slot - 1]->shadow;
}

/* That in which the signal lives. */
static inline struct shadow *core_shadow_of(const struct tcu *t, size_t index)
{
    if (t->p->named == NULL)
        return &t->p->shadow;
    return core_shadow(t, signal_schema_def(t->signals.schema, index)->shadow_slot);
}

/* Between CONNACK and the end of the connection. */
static inline bool core_connected(const struct tcu *t)
{
    return t->state == TCU_SYNCING || t->state == TCU_ONLINE;
}

/* The same, or with its claim. */
static inline bool core_has_connection(const struct tcu *t)
{
    return core_connected(t) || t->state == TCU_PROVISIONING;
}

void core_note(struct tcu *t, enum tcu_note note, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Starts the time that the answer to a request may take; a client behind a shaper counts by the
   script clock. */
void core_time_request(struct tcu *t, struct loop_timer *timer);
/* Empty tokens are not marked. */
void core_mark(struct tcu *t, const char *token, enum tcu_mark mark, usec_t at,
               const char *report_token);
/* The client's result: packet id, or negative. */
int32_t core_publish(struct tcu *t, struct slice topic, struct slice payload, uint8_t qos,
                     struct slice correlation);
/* Adopts the order and hands it to the observer; the order may be gone when this returns. */
void core_hand_out(struct tcu *t, struct tcu_order *order, usec_t received);
/* The gets of all shadows were answered: from syncing to online. */
void core_synced(struct tcu *t);
/* The cloud would not say yet: ask again after a pause. */
void core_sync_later(struct tcu *t);
/* Drops the connection, notes why, and backs off. */
void core_give_up(struct tcu *t, enum tcu_note note, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- for provision.c ---- */

/* False if the observer has changed the state. */
bool core_stage(struct tcu *t, enum tcu_stage which, usec_t took);
bool core_enter_provisioning(struct tcu *t);
/* An answer is due in time; it has come. */
void core_wait_provision(struct tcu *t);
void core_stop_waiting(struct tcu *t);
/* Ends the connection with a DISCONNECT, and begins another at once. */
void core_reconnect(struct tcu *t);

#endif

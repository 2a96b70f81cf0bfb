/*
 * companion_core.h — what the files of a companion share: companion.c (its connection, what
 * arrives), companion_subscribe.c (what it listens to), companion_publish.c (what it says).
 */
#ifndef ACTORS_COMPANION_CORE_H
#define ACTORS_COMPANION_CORE_H

#include <stdatomic.h>

#include "actors/companion.h"
#include "actors/companion_letter.h"
#include "actors/paho_link.h"
#include "base/rng.h"
#include "mqtt/topic_set.h"

/* One companion_watch(), one companion_watch_all(), or the responses (index 0). */
struct watch {
    char *thing; /* NULL: all things, or the responses */
    unsigned flags;
    unsigned pending; /* SUBACKs still to come */
    char *refused;    /* names of the refused filters, or NULL */
};

/* One companion_subscribe(). */
struct subscription {
    struct subscription *next;
    uint64_t id;
    struct mqtt_filter filter; /* owns its text */
    bool sent, granted;        /* on this connection; ever */
};

/* What the server's CONNACK leaves out of MQTT 5. */
struct companion_server {
    uint8_t qos_max;
    bool no_retain, no_shared, no_wildcards, no_identifiers;
};

struct companion {
    struct loop *loop;
    const struct companion_events *events;
    void *ctx;
    struct paho_link_options options; /* owns its strings */
    usec_t backoff_base, backoff_cap;
    struct topic_set topics;
    uint8_t watch_qos;
    struct rng rng;
    struct loop_timer retry;
    atomic_uint refs; /* the owner and each letter on its way */
    bool freed;
    bool closed;
    bool has_session; /* that the server may have kept */
    bool connected;   /* `connected` was told */
    bool session_present;
    struct paho_link *link;
    uint64_t link_number; /* rises with each link: letters of older ones are stale */
    uint64_t last_publish;
    uint64_t unacked; /* publishes */
    unsigned attempts;
    usec_t connack_at;
    struct watch *watches;
    size_t watch_count;
    struct subscription *subscriptions;
    uint64_t last_subscription;
    atomic_bool listening; /* there has been a subscription: messages come whole */
    struct companion_server server;
};

/* ---- companion_subscribe.c ---- */

/* Index 0: the responses. */
void companion_add_watch(struct companion *c, const char *thing, unsigned flags);
/* After a CONNACK: everything again. */
void companion_renew(struct companion *c);
/* Takes the answer to one SUBSCRIBE or UNSUBSCRIBE. Does it say that the companion is ready? */
bool companion_answered(struct companion *c, const struct companion_letter *letter);
/* The connection is gone: subscriptions that were never granted are dropped. */
void companion_forget_pending(struct companion *c);
bool companion_listens_to(const struct companion *c, struct slice topic);
void companion_free_subscriptions(struct companion *c);

#endif

/*
 * paho_link.h — one connection of a companion: a paho_conn with a queue of publishes before it.
 *
 * Stamps every result on Paho's thread. A link is never connected twice (paho_conn.h says why).
 *
 * Owns      the connection, the queue.
 * Borrows   options, sink and ctx, until paho_link_free() returns.
 * Promises  the sink is called on Paho's threads, or from inside paho_link_free(), one call at a
 *           time (under Paho's lock), and not after paho_link_free(); `down` comes at most once;
 *           each successful paho_link_publish() is answered by one `acked`, each subscribe and
 *           unsubscribe by at most one `answered`.
 */
#ifndef ACTORS_PAHO_LINK_H
#define ACTORS_PAHO_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actors/companion.h"
#include "paho/paho_exchange.h"

#define PAHO_LINK_MAX_FILTERS  8   /* per SUBSCRIBE (contract 6.8) */
#define PAHO_LINK_MAX_BUFFERED 101 /* what is in flight, and a SUBSCRIBE */

struct paho_link;

/* What `setup` points to is owned, by companion_options.h. */
struct paho_link_options {
    struct paho_conn_setup setup;
    char *client_id;
    enum mqtt_version version;
    uint16_t keep_alive_s;
    uint32_t session_expiry_s;
    bool clean_start;
    usec_t connect_timeout;
};

/* Must not block. `link` tells connections of one owner apart; it is not to be used. */
struct paho_link_sink {
    /* props: of the CONNACK, as on the wire. */
    void (*connected)(void *ctx, uint64_t link, bool session_present, struct slice props,
                      usec_t at);
    void (*down)(void *ctx, uint64_t link, const struct paho_conn_down *down);
    /* Not if the connection ended first. */
    void (*answered)(void *ctx, uint64_t link, uint64_t cookie, const struct paho_answer *answer);
    void (*acked)(void *ctx, const struct companion_acked *acked);
    void (*message)(void *ctx, uint64_t link, const struct paho_arrival *arrival);
};

/* All from one thread, which is none of Paho's. `number` comes back as `link`. */
struct paho_link *paho_link_new(const struct paho_link_options *options,
                                const struct paho_link_sink *sink, void *ctx, uint64_t number,
                                struct error *err);
/* Says DISCONNECT if connected. NULL is a no-op. */
void paho_link_free(struct paho_link *link);

/* At most PAHO_LINK_MAX_FILTERS. False: the connection is gone, `down` has come or will. */
bool paho_link_subscribe(struct paho_link *link, const struct mqtt_filter *filters, size_t count,
                         uint64_t cookie);
bool paho_link_unsubscribe(struct paho_link *link, struct slice filter, uint64_t cookie);

/* Copies the message; its properties count on MQTT 5 only. The topic has no NUL inside. */
bool paho_link_publish(struct paho_link *link, uint64_t id, const struct mqtt_message *message,
                       usec_t *ret_sent_at, struct error *err);

#endif

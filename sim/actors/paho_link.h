/*
 * paho_link.h — one connection attempt, and the connection that comes of it, on Paho's MQTTAsync.
 *
 * Hides Paho's two sets of callbacks (MQTT 3.1.1 and 5) and stamps every result on Paho's thread. A
 * link is never connected twice: whoever wants to reconnect makes a new one, so that nothing of the
 * old connection's queues is sent late and unasked.
 *
 * Owns      the Paho handle.
 * Borrows   options, sink and ctx, until paho_link_free() returns.
 * Promises  the sink is called on Paho's threads, or from inside paho_link_free(), one call at a
 * time (under Paho's lock), and not after paho_link_free(); `down` comes at most once; each
 *           successful paho_link_publish() is answered by one `acked`.
 */
#ifndef ACTORS_PAHO_LINK_H
#define ACTORS_PAHO_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "actors/companion.h"

#define PAHO_LINK_MAX_FILTERS 8 /* per SUBSCRIBE (contract 6.8) */

struct paho_link;

struct paho_link_options {
    char *uri;
    char *client_id;
    int mqtt_version;
    char *ca_file, *cert_file, *key_file;
    char *alpn; /* wire format: length, name */
    bool insecure;
    uint16_t keep_alive_s;
    usec_t connect_timeout;
};

struct paho_message {
    struct slice topic, payload;
    struct slice correlation; /* data NULL: none */
};

/* Must not block. `link` tells connections of one owner apart; it is not to be used. */
struct paho_link_sink {
    void (*connected)(void *ctx, uint64_t link, usec_t at);
    void (*down)(void *ctx, uint64_t link, const char *text, usec_t at);
    /* Bit i of `refused`: filter i of the call. */
    void (*subscribed)(void *ctx, uint64_t link, uint64_t cookie, unsigned refused, usec_t at);
    void (*acked)(void *ctx, const struct companion_acked *acked);
    void (*message)(void *ctx, const struct paho_message *message, usec_t at);
};

/* All from one thread, which is none of Paho's. `number` comes back as `link`. */
struct paho_link *paho_link_new(const struct paho_link_options *options,
                                const struct paho_link_sink *sink, void *ctx, uint64_t number,
                                struct error *err);
/* Says DISCONNECT if connected. NULL is a no-op. */
void paho_link_free(struct paho_link *link);

/* At most PAHO_LINK_MAX_FILTERS. False: the connection is gone, `down` has come or will. */
bool paho_link_subscribe(struct paho_link *link, char *const *filters, size_t count, int qos,
                         uint64_t cookie);

/* QoS 1; the properties count on MQTT 5 only. */
struct paho_publish {
    uint64_t id;
    const char *topic;
    struct slice payload;
    const char *response_topic; /* NULL: none */
    const char *correlation;    /* NULL: none */
    const char *content_type;   /* NULL: none */
    uint32_t expiry_s;          /* 0: none */
};

bool paho_link_publish(struct paho_link *link, const struct paho_publish *publish,
                       usec_t *ret_sent_at, struct error *err);

#endif

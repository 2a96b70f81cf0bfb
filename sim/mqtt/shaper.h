/*
 * shaper.h — what stands between a client and its broker, as a modem does: it says how long each
 * packet takes, and when nothing passes at all.
 *
 * Times are of the simulated clock. The native engine asks for every packet, both ways, so that TLS
 * and WebSocket frames stay whole; the handshakes before take the time of their round trips. While
 * nothing passes neither side is told: what is on its way waits, and a connection that the client
 * gives up meanwhile stays open for the broker, until that closes it.
 *
 * Threads   the loop's.
 */
#ifndef MQTT_SHAPER_H
#define MQTT_SHAPER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/timeunit.h"

enum shaper_way { SHAPER_UP, SHAPER_DOWN, SHAPER_WAY_COUNT };

/* All are required. */
struct mqtt_shaper_ops {
    bool (*passes)(void *ctx);
    /* It passes again, after nothing did since `held`: how much longer what has waited does. */
    usec_t (*resume)(void *ctx, usec_t held);
    usec_t (*delay)(void *ctx, enum shaper_way way, size_t bytes);
    /* A connection begins. */
    void (*begin)(void *ctx);
    /* Does the way there not know the connection any more? The broker's packets are lost then, and
       the next one of the client's is answered with a reset. */
    bool (*forgotten)(void *ctx);
};

struct mqtt_shaper {
    const struct mqtt_shaper_ops *ops;
    void *ctx;
};

/* What a client tells of its shaper, for those who keep the simulated clock. */
/* ORDER MQTT_SHAPED */
enum mqtt_shaped {
    MQTT_SHAPED_AIR,   /* from now on it waits for its shaper, not for the broker */
    MQTT_SHAPED_WIRE,  /* from now on for the broker */
    MQTT_SHAPED_SPOKE, /* something has reached the broker */
    MQTT_SHAPED_LOST   /* the broker has lost a connection that the client had given up */
};

#endif

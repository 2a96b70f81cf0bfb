/*
 * received.h — the packet ids of incoming QoS 2 messages between PUBLISH and PUBREL: what tells a
 * repetition from a new message (MQTT 5, 4.3.3). Part of the session: it outlives connections.
 */
#ifndef MQTT_RECEIVED_H
#define MQTT_RECEIVED_H

#include <stdbool.h>
#include <stdint.h>

struct received_id {
    uint16_t id;
    bool now; /* came on this connection: counts against our Receive Maximum */
};

/* Zero-initialised: empty. */
struct received {
    struct received_id *at;
    uint32_t count, cap;
    uint32_t now; /* of count */
};

void received_done(struct received *t);
/* True if the id is new, false if its message has been delivered already. */
bool received_add(struct received *t, uint16_t id);
/* PUBREL. False if the id is not there. */
bool received_remove(struct received *t, uint16_t id);
/* A connection has ended. */
void received_rewind(struct received *t);

#endif

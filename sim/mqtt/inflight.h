/*
 * inflight.h — the packets of one session that the broker has not acknowledged yet, in the order in
 * which they were handed over (MQTT-4.6.0-1), and the packet ids they hold.
 *
 * Owns copies of the encoded PUBLISH packets. A SUBSCRIBE is remembered by its id alone.
 */
#ifndef MQTT_INFLIGHT_H
#define MQTT_INFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define INFLIGHT_PUBLISH_MAX 100

struct inflight_packet {
    uint16_t id;
    bool sent;      /* on this connection */
    bool sent_once; /* on any connection of this session: next time it is a repetition */
    uint32_t len;   /* 0: a SUBSCRIBE */
    uint8_t bytes[];
};

/* Zero-initialised: empty. */
struct inflight {
    struct inflight_packet **at;
    uint16_t count, cap;
    uint16_t publishes; /* of count */
    uint16_t sent; /* publishes sent on this connection: the broker's Receive Maximum counts them */
    uint16_t last_id;
};

void inflight_done(struct inflight *t);
/* A packet id that is not in use; never 0. */
uint16_t inflight_next_id(struct inflight *t);
/* Remembers a PUBLISH; `packet` is copied. NULL if INFLIGHT_PUBLISH_MAX are there. */
struct inflight_packet *inflight_add(struct inflight *t, uint16_t id, struct slice packet);
/* Remembers a SUBSCRIBE. */
void inflight_add_subscribe(struct inflight *t, uint16_t id);
/* Forgets the packet with this id. False if there is none of that kind. */
bool inflight_remove(struct inflight *t, uint16_t id, bool publish);
/* The first publish not sent on this connection yet, or NULL. */
struct inflight_packet *inflight_unsent(const struct inflight *t);
void inflight_mark_sent(struct inflight *t, struct inflight_packet *p);
/* A connection has ended: nothing counts as sent, and SUBSCRIBEs are forgotten. */
void inflight_rewind(struct inflight *t);
/* The broker has forgotten the session: nothing counts as a repetition. */
void inflight_make_new(struct inflight *t);

#endif

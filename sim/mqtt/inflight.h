/*
 * inflight.h — the packets of one session that the broker has not acknowledged yet, and the packet
 * ids they hold. First the PUBRELs, in the order in which their PUBRECs came (MQTT-4.6.0-4), then
 * the others in the order in which they were handed over (MQTT-4.6.0-1).
 *
 * Owns copies of the encoded PUBLISH packets. The others are remembered by their id alone.
 */
#ifndef MQTT_INFLIGHT_H
#define MQTT_INFLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define INFLIGHT_PUBLISH_MAX 100
/* SUBSCRIBEs and UNSUBSCRIBEs that a silent broker can make pile up. */
#define INFLIGHT_REQUEST_MAX 1000

enum inflight_kind {
    INFLIGHT_PUBLISH, /* QoS 1 or 2: PUBACK or PUBREC is awaited; QoS 0: its turn is */
    INFLIGHT_PUBREL,  /* QoS 2 after PUBREC: PUBCOMP is awaited */
    INFLIGHT_SUBSCRIBE,
    INFLIGHT_UNSUBSCRIBE,
    INFLIGHT_KIND_COUNT
};

struct inflight_packet {
    uint16_t id;
    uint8_t kind, qos;
    bool sent;        /* on this connection */
    bool sent_once;   /* on any connection of this session: next time it is a repetition */
    uint16_t filters; /* of a SUBSCRIBE or UNSUBSCRIBE: as many codes are due */
    uint32_t len;     /* of a PUBLISH, else 0 */
    uint8_t bytes[];
};

/* Zero-initialised: empty. */
struct inflight {
    struct inflight_packet **at;
    uint16_t count, cap;
    uint16_t publishes; /* of count: PUBLISH and PUBREL */
    uint16_t sent; /* of publishes, on this connection: the broker's Receive Maximum counts them */
    uint16_t last_id;
};

void inflight_done(struct inflight *t);
/* A packet id that is not in use; never 0. */
uint16_t inflight_next_id(struct inflight *t);
/* Remembers a PUBLISH; `packet` is copied. One of QoS 0 that waits has id 0. NULL if
 * INFLIGHT_PUBLISH_MAX are there. */
struct inflight_packet *inflight_add(struct inflight *t, uint16_t id, struct slice packet);
/* Remembers another packet by its id. False if INFLIGHT_REQUEST_MAX are there. */
bool inflight_add_request(struct inflight *t, uint16_t id, enum inflight_kind kind,
                          uint16_t filters);
/* NULL if there is none. */
struct inflight_packet *inflight_find(const struct inflight *t, uint16_t id);
/* PUBREC has come: the PUBLISH becomes a PUBREL, sent on this connection. Invalidates p. */
void inflight_release(struct inflight *t, struct inflight_packet *p);
/* Forgets a packet: a PUBLISH of QoS 0 has been sent. */
void inflight_forget(struct inflight *t, const struct inflight_packet *p);
/* Forgets the packet with this id. False if there is none of that kind. */
bool inflight_remove(struct inflight *t, uint16_t id, enum inflight_kind kind);
/* The first PUBREL or PUBLISH not sent on this connection yet, or NULL. */
struct inflight_packet *inflight_unsent(const struct inflight *t);
void inflight_mark_sent(struct inflight *t, struct inflight_packet *p);
/* A connection has ended: nothing counts as sent, and only PUBLISHes above QoS 0 and PUBRELs are
   kept. */
void inflight_rewind(struct inflight *t);
/* The broker has forgotten the session: nothing counts as a repetition, and no PUBREL is to be
   sent; inflight_take_pubrel() hands them over. */
void inflight_make_new(struct inflight *t);
/* Forgets the first PUBREL. Its packet id, or 0. */
uint16_t inflight_take_pubrel(struct inflight *t);

#endif

/*
 * outbox.h — the batches of one car on their way: made from what waits, published, counted until
 * they are acknowledged. The MQTT client keeps their bytes, and sends them again where it must.
 */
#ifndef TELEMETRY_OUTBOX_H
#define TELEMETRY_OUTBOX_H

#include "telemetry/collector.h"
#include "telemetry/ring.h"

/* Few, so that the ceiling on what waits means what it says. */
enum { OUTBOX_FLIGHTS = 4 };

struct flight {
    uint16_t packet_id; /* 0: free */
    size_t samples;
    usec_t doubtful; /* since when, by the script clock; 0: it is not */
};

struct outbox {
    const struct collector_params *p; /* its collector's */
    char *topic;
    uint64_t seq;
    uint64_t dropped; /* samples, since the car was made */
    struct flight flights[OUTBOX_FLIGHTS];
};

void outbox_init(struct outbox *o, const struct collector_params *p);
void outbox_done(struct outbox *o);
/* The oldest samples in the ring, at most a batch of one campaign's. False: the TCU does not take
   any more for now, or enough is under way; the ring is as it was. */
bool outbox_send(struct outbox *o, struct ring *ring);
/* The broker has forgotten the session. The client sends what it still has; what it has not will
   never be acknowledged, and is given up after a while. */
void outbox_session_lost(struct outbox *o);
/* Is as much under way as may be? */
bool outbox_full(const struct outbox *o);
/* True if the answer was to one of its batches. */
bool outbox_answered(struct outbox *o, uint16_t packet_id, uint8_t code);

#endif

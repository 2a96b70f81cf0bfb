/*
 * radio.h — one car's modem on a mobile network: whether it is on it, how long bytes take, and when
 * the network forgets a connection.
 *
 *     detached → attaching → attached ⇄ no coverage → detached
 *
 * Bytes of a TCP stream are never lost, but late: a packet that is lost comes with its
 * retransmission, after a time-out that doubles, and what follows it waits. That is what loss is to
 * whoever uses TCP (docs/radio.md).
 *
 * Owns      its randomness: each direction has its own, so that what comes does not change what
 *           becomes of what goes.
 * Borrows   its profile.
 * Promises  pure: time comes in, on any clock that does not run backwards. Each call is bounded.
 */
#ifndef RADIO_RADIO_H
#define RADIO_RADIO_H

#include "base/rng.h"
#include "radio/radio_profile.h"

/* ORDER RADIO_STATE */
enum radio_state {
    RADIO_DETACHED, /* switched off, or the network has given it up */
    RADIO_ATTACHING,
    RADIO_ATTACHED,
    RADIO_NO_COVERAGE, /* still known to the network */
    RADIO_STATE_COUNT
};
const char *radio_state_name(enum radio_state state); /* "detached", … "no coverage" */

enum radio_way { RADIO_UP, RADIO_DOWN, RADIO_WAY_COUNT };

struct radio {
    const struct radio_profile *profile;
    enum radio_state state; /* as of the last call */
    bool on;
    bool forgotten; /* the connection, by the network */
    usec_t since;   /* of its state */
    usec_t traffic; /* when something last went through */
    struct radio_lane {
        struct rng rng;
        usec_t free;  /* when the last packet has left */
        usec_t last;  /* when it arrives */
        usec_t faded; /* when `burst` was true or false */
        bool burst;
    } lanes[RADIO_WAY_COUNT];
};

/* Switched on, and attached where there is coverage. `stream` as in rng_init(). */
void radio_init(struct radio *r, const struct radio_profile *profile, uint64_t seed,
                uint64_t stream, usec_t now);
/* Another place, or network. */
void radio_set_profile(struct radio *r, const struct radio_profile *profile, usec_t now);
void radio_switch(struct radio *r, bool on, usec_t now);
/* Brings the state up to date. */
enum radio_state radio_update(struct radio *r, usec_t now);
/* When the state will change by itself; 0: it will not. */
usec_t radio_next_change(const struct radio *r);

/* A connection begins: the network knows it. */
void radio_begin(struct radio *r, usec_t now);
/* Has the network forgotten the connection? */
bool radio_has_forgotten(struct radio *r, usec_t now);
/* How long these bytes take; they leave after those before them. While attached only. */
usec_t radio_delay(struct radio *r, enum radio_way way, size_t bytes, usec_t now);
/* There is coverage again for bytes that had to wait since `held`: when their sender tries next,
   from now. */
usec_t radio_retry_delay(const struct radio *r, usec_t held, usec_t now);

#endif

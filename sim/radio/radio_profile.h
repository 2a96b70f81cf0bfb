/*
 * radio_profile.h — what a mobile network is like, by name: "lte_good", "tunnel", … The numbers and
 * where they come from are in docs/radio.md.
 *
 * Constant data. Pure.
 */
#ifndef RADIO_RADIO_PROFILE_H
#define RADIO_RADIO_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/timeunit.h"

/* Below that a modem finds no cell. */
#define RADIO_FLOOR_DBM (-125)

struct radio_profile {
    const char *name;
    const char *technology; /* "LTE", "UMTS", "GSM", or "none" */
    usec_t rtt;             /* there and back, of a small packet without load */
    usec_t jitter;          /* each way has more, exponentially distributed with this mean */
    uint64_t up, down;      /* bits per second; 0: unlimited */
    /* Gilbert and Elliott: mean length of good times and of bursts, and the share of packets lost
       in each. */
    usec_t good, burst;
    double loss_good, loss_burst;
    usec_t attach; /* from finding the network to being on it */
    usec_t nat;    /* a connection idle for longer is forgotten by the carrier; 0: never */
    usec_t detach; /* without coverage for longer, it has to attach again; connections are gone */
    int dbm;       /* signal strength (RSRP) */
};

size_t radio_profile_count(void);
const struct radio_profile *radio_profile_at(size_t index);
/* NULL: no such name. */
const struct radio_profile *radio_profile_find(struct slice name);
/* "perfect, lte_good, …", for messages; static. */
const char *radio_profile_names(void);

static inline bool radio_profile_covers(const struct radio_profile *p)
{
    return p->dbm >= RADIO_FLOOR_DBM;
}

#endif

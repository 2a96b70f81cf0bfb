/*
 * pings.h — the PINGREQs of one connection that are not answered yet, in order: PINGRESP does not
 * say which it answers. Pure.
 */
#ifndef MQTT_PINGS_H
#define MQTT_PINGS_H

#include <stdbool.h>
#include <stdint.h>

enum { PINGS_MAX = 64 };

/* Zero-initialised: none. The first is in bit 0. */
struct pings {
    uint64_t past;   /* sent past the shaper: the answer is not the session's */
    uint64_t fences; /* of those, the ones whose answer somebody waits for */
    unsigned count;
};

/* Beyond PINGS_MAX: no-op. */
static inline void pings_add(struct pings *p, bool past, bool fence)
{
    if (p->count >= PINGS_MAX)
        return;
    p->past |= (uint64_t)past << p->count;
    p->fences |= (uint64_t)fence << p->count++;
}

/* The first has been answered. False: there is none. */
static inline bool pings_take(struct pings *p, bool *ret_past, bool *ret_fence)
{
    if (p->count == 0)
        return false;
    *ret_past = (p->past & 1) != 0;
    *ret_fence = (p->fences & 1) != 0;
    p->past >>= 1;
    p->fences >>= 1;
    p->count--;
    return true;
}

#endif

/*
 * connect_gate.h — the one door through which all cars of a run go to connect: first come, first
 * served, so many at a time, so many a second.
 *
 * A broker does a bounded number of handshakes a second. Thousands begun at once only wait for each
 * other until they time out, and measure nothing but that. So they wait here, before they begin,
 * and their wait is told apart from the connect itself.
 *
 * Owns      nothing of the tickets: each is embedded in what wants to connect, and must have left
 * before it is freed. Borrows   the loop.
 * Promises  admitted() is called from the loop only, never from inside a call of this file; every
 *           call is O(1).
 * Threads   the simulation thread.
 */
#ifndef FLEET_CONNECT_GATE_H
#define FLEET_CONNECT_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"

/* ORDER CONNECT_PLACE */
enum connect_place {
    CONNECT_AWAY,   /* wants nothing, or is connected */
    CONNECT_QUEUED, /* waits for its turn */
    CONNECT_INSIDE, /* its handshake is under way */
    CONNECT_PLACE_COUNT
};
const char *connect_place_name(enum connect_place place); /* "away", … */

/* Embedded by value; zeroed is away. Private, except for reading `place`. */
struct connect_ticket {
    struct connect_ticket *prev, *next;
    usec_t since;
    enum connect_place place;
};

struct connect_gate {
    struct loop *loop;
    uint64_t rate;      /* entries per second; 0: unlimited */
    size_t concurrency; /* tickets inside */
    void (*admitted)(void *ctx, struct connect_ticket *ticket, usec_t waited);
    void *ctx;
    size_t queued, inside;
    /* Private part */
    struct connect_ticket *first, *last;
    struct loop_timer timer;
    usec_t next_at; /* when the rate allows the next to enter */
};

#define CONNECT_CONCURRENCY 100

/* `rate` 0: unlimited. `concurrency` 0: CONNECT_CONCURRENCY. */
void connect_gate_init(struct connect_gate *gate, struct loop *loop, uint64_t rate,
                       size_t concurrency,
                       void (*admitted)(void *ctx, struct connect_ticket *ticket, usec_t waited),
                       void *ctx);
/* All tickets must have left. Zeroed is fine. */
void connect_gate_done(struct connect_gate *gate);

/* For a ticket that is away. True: go now, it is inside. False: it is queued, and admitted() will
   tell when it is inside. */
bool connect_gate_enter(struct connect_gate *gate, struct connect_ticket *ticket);
/* Out of the queue, or no longer inside: connected, failed, or changed its mind. A ticket that is
   away stays so. */
void connect_gate_leave(struct connect_gate *gate, struct connect_ticket *ticket);

#endif

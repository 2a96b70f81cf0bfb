/*
 * net.h — what all connections of one loop share, so that none has to pay for it: the buffer that
 * received bytes pass through, and the list of links that have something to send at the end of the
 * loop's turn.
 *
 * Borrows the loop; links must be gone before net_free(). Loop's thread only.
 */
#ifndef NET_NET_H
#define NET_NET_H

#include <ev.h>
#include <stddef.h>
#include <stdint.h>

#include "loop/loop.h"
#include "net/carried.h"

/* The largest TLS record. */
#define NET_SCRATCH_SIZE ((size_t)16384)

struct farewell;
struct link;
struct sources;

struct net {
    struct loop *loop;
    struct link *dirty; /* links to flush before the loop waits again */
    unsigned held_back; /* turns for which they have waited */
    usec_t held_since;
    struct link *open;          /* those that are connected */
    struct net_carried carried; /* by those that were */
    ev_prepare before_wait;
    struct farewell *farewells; /* sockets that have said goodbye */
    size_t farewell_count;
    struct sources *sources; /* where connections come from; NULL: the system chooses. Borrowed */
    /* Told of each TLS handshake that resumed a session; may be NULL; must leave the links alone.
     */
    void (*resumed)(void *ctx);
    void *resumed_ctx;
    uint32_t random[256]; /* those from random_left on are used up */
    size_t random_left;
    uint8_t scratch[NET_SCRATCH_SIZE];
};

struct net *net_new(struct loop *loop);
/* NULL is a no-op. */
void net_free(struct net *net);
/* Sends what links have to say, before the loop would. */
void net_flush(struct net *net);

/* That nobody can foresee; for WebSocket masks. */
uint32_t net_random(struct net *net);

#endif

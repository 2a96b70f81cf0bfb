/*
 * carried.h — what the connections of a net have carried, as the kernel counts it: all that TCP
 * sent and received, TLS and its handshakes, acknowledgements and repeated segments included; and
 * how many packets that took, whose headers a data plan is charged for as well.
 *
 * Source    tcp(7), TCP_INFO; linux/tcp.h. A system that does not tell leaves it at 0.
 * Threads   the loop's.
 */
#ifndef NET_CARRIED_H
#define NET_CARRIED_H

#include <stdint.h>

struct link;
struct net;

struct net_carried {
    uint64_t sent, received; /* bytes, without headers of TCP and IP */
    uint64_t packets_sent, packets_received;
    uint64_t headers; /* bytes of all packets' TCP and IP headers together */
    uint64_t handshakes;
    uint64_t handshake_bytes; /* both ways, of TLS and WebSocket, until the link was open */
};

/* Up to now, open links included: a system call for each of these. */
void net_carried(const struct net *net, struct net_carried *ret);

/* For link.h alone: the link is there; all handshakes are done; its socket is about to go. */
void carried_begin(struct link *l);
void carried_open(struct link *l);
/* Idempotent. */
void carried_end(struct link *l);

#endif

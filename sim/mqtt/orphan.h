/*
 * orphan.h — the socket of a connection that a client has given up and its broker does not know of:
 * open until the broker closes it, so that the broker finds out by itself.
 *
 * Owns      the socket.
 */
#ifndef MQTT_ORPHAN_H
#define MQTT_ORPHAN_H

#include "loop/loop.h"

struct orphan {
    /* Private part */
    int fd; /* -1: none */
    struct loop *loop;
    ev_io io;
    struct loop_timer end;
    void (*ended)(void *ctx);
    void *ctx;
};

/* `ended` is told when its time is over. */
void orphan_init(struct orphan *o, struct loop *loop, void (*ended)(void *ctx), void *ctx);
/* Adopts the socket, and closes the one before. What the broker still sends is not read by anybody.
   In virtual time, by which no broker goes, the broker loses it after `patience` of the simulated
   clock; 0: never. */
void orphan_adopt(struct orphan *o, int fd, usec_t patience);
/* Closes it with a reset. Idempotent. */
void orphan_close(struct orphan *o);

#endif

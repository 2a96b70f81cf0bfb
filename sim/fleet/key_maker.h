/*
 * key_maker.h — makes keys and signing requests for cars on a thread of its own, one after the
 * other, so that the loop never waits for them.
 *
 * Owns      the thread, which begins with the first order; orders until they are told or cancelled.
 * Borrows   the loop. In virtual time the wire is held while a key is made.
 * Threads   the simulation thread; done() is called there.
 */
#ifndef FLEET_KEY_MAKER_H
#define FLEET_KEY_MAKER_H

#include "base/slice.h"
#include "fleet/wire.h"
#include "loop/loop.h"

struct key_maker;
struct key_order;

/* What an order came to; borrowed during the call. */
struct key_made {
    struct slice key; /* PKCS #8, DER; empty: it failed, */
    const char *csr;  /* PEM */
    const char *why;  /* for that reason */
};

/* `wire` NULL: time is real. */
struct key_maker *key_maker_new(struct loop *loop, struct wire *wire);
/* Waits for the key that is being made. Orders must have been cancelled. NULL is fine. */
void key_maker_free(struct key_maker *m);

/* done() is called once, unless the order is cancelled before; then the order is gone. */
struct key_order *key_maker_order(struct key_maker *m, const char *common_name,
                                  void (*done)(void *ctx, const struct key_made *made), void *ctx);
void key_maker_cancel(struct key_order *order);

#endif

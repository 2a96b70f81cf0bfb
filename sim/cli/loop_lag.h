/*
 * loop_lag.h — the loop's own health: how late it runs a timer, which is how long everything else
 * waits.
 *
 * Borrows   the loop and the recorder. Threads   the simulation thread.
 */
#ifndef CLI_LOOP_LAG_H
#define CLI_LOOP_LAG_H

#include "loop/loop.h"

struct recorder;

struct loop_lag {
    struct loop_timer timer;
    struct recorder *recorder;
    usec_t due;
};

/* Records "loop.lag" from now on. */
void loop_lag_start(struct loop_lag *lag, struct loop *loop, struct recorder *recorder);
/* Idempotent; zeroes are fine. */
void loop_lag_stop(struct loop_lag *lag);

#endif

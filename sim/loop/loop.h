/*
 * loop.h — the one event loop of the simulation thread, its clock and its mailbox.
 *
 * Owns the libev loop. Everything about a vehicle happens on the thread that runs loop_run(); other
 * threads reach it only through loop_post(). libev watchers may be used directly by the rooms above
 * (`loop->ev`); timers that belong to behaviour use loop_timer, which knows the time scale.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <ev.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/timeunit.h"

struct loop_letter;

struct loop {
    struct ev_loop *ev;
    double time_scale; /* simulated seconds per real second; protocol timers ignore it */
    usec_t started;    /* clock_now() at loop_new() */
    /* Private part */
    ev_async wake;
    pthread_mutex_t lock;
    struct loop_letter *first, *last;
};

struct loop *loop_new(void);
/* Letters still in the mailbox are delivered first, so that nothing they own leaks. */
void loop_free(struct loop *loop);
/* Runs until loop_stop(). */
void loop_run(struct loop *loop);
/* Safe from any callback of the loop, not from other threads or signal handlers. */
void loop_stop(struct loop *loop);

/* Runs fn(arg) on the loop's thread, soon, in the order posted. Safe from any thread. */
void loop_post(struct loop *loop, void (*fn)(void *arg), void *arg);

/* A one-shot timer, embedded by value in its owner. fn may restart it or free the owner. */
struct loop_timer {
    ev_timer watcher;
    struct loop *loop;
    void (*fn)(void *arg);
    void *arg;
};

void loop_timer_init(struct loop_timer *t, struct loop *loop, void (*fn)(void *arg), void *arg);
/* Fires once after `delay` of real time; restarts if it was running. */
void loop_timer_start(struct loop_timer *t, usec_t delay);
/* The same for simulated time: `delay` / time_scale. */
void loop_timer_start_scaled(struct loop_timer *t, usec_t delay);
/* Idempotent. */
void loop_timer_stop(struct loop_timer *t);
bool loop_timer_active(const struct loop_timer *t);

/* Simulated time since the loop was made. */
usec_t loop_simulated_now(const struct loop *loop);

#endif

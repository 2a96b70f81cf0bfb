/*
 * loop.h — the one event loop of the simulation thread, its clocks and its mailbox.
 *
 * Owns the libev loop. Everything about a vehicle happens on the thread that runs loop_run(); other
 * threads reach it only through loop_post(). libev watchers may be used directly by the rooms above
 * (`loop->ev`).
 *
 * Three clocks, all from 0 when the loop is made:
 *   real       what protocols run by
 *   simulated  what cars live by: real time multiplied by the time scale
 *   script     what scripts measure and lose patience by: real time
 * In virtual time, simulated and script clock are one: it stands still while the wire is busy, and
 * leaps to the next timer when it is quiet.
 */
#ifndef LOOP_LOOP_H
#define LOOP_LOOP_H

#include <ev.h>
#include <pthread.h>
#include <stdbool.h>

#include "base/timeunit.h"

struct loop_letter;
struct virtual_time;

struct loop {
    struct ev_loop *ev;
    double time_scale; /* simulated seconds per real second; protocol timers ignore it */
    usec_t started;    /* clock_now() at loop_new() */
    /* Private part */
    usec_t scaled_at,
        simulated_before;              /* when the scale was set, by the real clock and simulated */
    struct virtual_time *virtual_time; /* NULL: time is real */
    struct loop_timer **scaled;        /* real timers of the simulated clock that are running */
    size_t scaled_count, scaled_room;
    size_t soon; /* real timers without delay that are running */
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

/* Is a timer without delay running? Then the loop's next turn comes at once. */
static inline bool loop_goes_on(const struct loop *loop)
{
    return loop->soon != 0;
}

/* Runs fn(arg) on the loop's thread, soon, in the order posted. Safe from any thread. */
void loop_post(struct loop *loop, void (*fn)(void *arg), void *arg);

struct loop_virtual {
    /* Asked before each leap: is nothing under way between cars, cloud and apps? If not, what ends
       it has to happen on the loop. */
    bool (*quiet)(void *ctx);
    /* Told after each leap, before its timers fire. */
    void (*leapt)(void *ctx);
    void *ctx;
    int64_t epoch_ms; /* the time of day at which it begins, since the Unix epoch */
};

/* From now on time is virtual; before any timer of the simulated or the script clock is started. */
void loop_make_virtual(struct loop *loop, const struct loop_virtual *how);
bool loop_is_virtual(const struct loop *loop);
/* In virtual time: could the clock leap now, or is something under way? */
bool loop_is_quiet(const struct loop *loop);

/* A one-shot timer, embedded by value in its owner. fn may restart it or free the owner. */
struct loop_timer {
    ev_timer watcher;
    struct loop *loop;
    void (*fn)(void *arg);
    void *arg;
    size_t place; /* in virtual time's heap or among the scaled, from 1; 0: in neither */
    bool soon;    /* started without delay: counted in loop->soon */
};

void loop_timer_init(struct loop_timer *t, struct loop *loop, void (*fn)(void *arg), void *arg);
/* Fires once after `delay` of real time; restarts if it was running. */
void loop_timer_start(struct loop_timer *t, usec_t delay);
/* The same by the simulated clock. */
void loop_timer_start_scaled(struct loop_timer *t, usec_t delay);
/* The same by the script clock. */
void loop_timer_start_script(struct loop_timer *t, usec_t delay);
/* Idempotent. */
void loop_timer_stop(struct loop_timer *t);
bool loop_timer_active(const struct loop_timer *t);

usec_t loop_simulated_now(const struct loop *loop);
/* From now on simulated time passes so fast, also for timers of the simulated clock that are
   running; no effect on virtual time. */
void loop_set_time_scale(struct loop *loop, double scale);
usec_t loop_script_now(const struct loop *loop);
/* In virtual time: the time of day is what it was at the beginning. The clocks go on. */
void loop_restart_day(struct loop *loop);
/* The time of day, in milliseconds since the Unix epoch: virtual in virtual time. */
int64_t loop_wall_ms(const struct loop *loop);

#endif

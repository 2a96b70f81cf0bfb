/*
 * watchdog.h — a look, from a signal handler, at whether the same thing has been running for too
 * long: so that what is over in time pays nothing for being watched.
 *
 * Uses SIGRTMIN, directed at the thread that made it.
 */
#ifndef SCRIPT_WATCHDOG_H
#define SCRIPT_WATCHDOG_H

#include <stdbool.h>
#include <time.h>

struct watchdog {
    /* Called in a signal handler, on the thread that called watchdog_start(), each 10 ms until
       watchdog_stop(). */
    void (*look)(void *arg);
    void *arg;
    /* Private part */
    timer_t timer;
    bool made;
};

/* False if the system has no timer left; start and stop do nothing then. */
bool watchdog_init(struct watchdog *w, void (*look)(void *arg), void *arg);
/* Idempotent. */
void watchdog_done(struct watchdog *w);
void watchdog_start(struct watchdog *w);
void watchdog_stop(struct watchdog *w);

#endif

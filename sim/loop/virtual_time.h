/*
 * virtual_time.h — the clock that leaps: timers in a heap, fired in order of their time, and of
 * their start where that is the same, whenever the loop has nothing else to do and the wire is
 * quiet.
 *
 * Owns      the heap. Borrows the timers in it and the libev loop.
 * Threads   the loop's.
 */
#ifndef LOOP_VIRTUAL_TIME_H
#define LOOP_VIRTUAL_TIME_H

#include <ev.h>
#include <stdbool.h>

#include "base/timeunit.h"

struct loop_timer;
struct loop_virtual;
struct virtual_time;

struct virtual_time *virtual_time_new(struct ev_loop *ev, const struct loop_virtual *how);
/* NULL is a no-op. */
void virtual_time_free(struct virtual_time *v);

usec_t virtual_time_now(const struct virtual_time *v);
int64_t virtual_time_wall_ms(const struct virtual_time *v);
/* The time of day is what it was at the beginning; tells leapt(). */
void virtual_time_restart_day(struct virtual_time *v);
bool virtual_time_is_quiet(const struct virtual_time *v);
/* The timer must not be in it. */
void virtual_time_add(struct virtual_time *v, struct loop_timer *t, usec_t delay);
/* The timer must be in it. */
void virtual_time_remove(struct virtual_time *v, struct loop_timer *t);

#endif

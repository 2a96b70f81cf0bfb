/*
 * task_pace.h — how long tasks may run before the loop looks after its packets, and how late they
 * run.
 *
 * While tasks keep up they have a slice of TASK_SLICE. Once some had to wait for another turn, they
 * have as long as all else took since: half of the loop's time, whichever of the two there is too
 * much of. By a fixed slice tasks would starve where packets take long. Counted is the processor
 * time of the thread: on a busy machine a stretch of time is little of it.
 *
 * Borrows   the recorder.
 * Threads   the simulation thread.
 */
#ifndef SCRIPT_TASK_PACE_H
#define SCRIPT_TASK_PACE_H

#include <stdbool.h>

#include "base/timeunit.h"

struct recorder;

#define TASK_SLICE      (5 * USEC_PER_MSEC)
#define TASK_SLICE_MOST (50 * USEC_PER_MSEC)

/* Zeroed: nothing is recorded. */
struct task_pace {
    struct recorder *recorder; /* NULL: nothing is recorded */
    /* Private part; processor time */
    usec_t began, ended; /* this turn, the last one */
    usec_t slice;        /* of this turn */
    bool behind;         /* some waited when the last one ended */
};

/* `cpu` is clock_cpu(). */
void task_pace_begin(struct task_pace *p, usec_t cpu);
/* Has this turn taken as much as it may? */
bool task_pace_is_over(const struct task_pace *p, usec_t cpu);
/* `behind`: some have to wait for another turn. */
void task_pace_end(struct task_pace *p, usec_t cpu, bool behind);
/* One runs now that was due then, by clock_now(): records "task.lateness". */
void task_pace_ran(const struct task_pace *p, usec_t due, usec_t now);

#endif

/*
 * arrivals.h — when the next one comes: arrivals at a stated rate, whatever becomes of those
 * before.
 *
 * The rate is a line over a stretch of time: from so many a second to so many. A constant process
 * has them evenly apart, a Poisson process as many people who know nothing of each other: both have
 * the same number on average. What is left of one stretch goes on in the next, so that a change of
 * rate neither loses an arrival nor makes one.
 *
 * Pure: no clock of its own, no memory. The n-th of a stretch is counted from where the stretch
 * began, not from the one before, so that nothing drifts.
 *
 * Threads   any; each struct is one thread's.
 */
#ifndef LOAD_ARRIVALS_H
#define LOAD_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "base/timeunit.h"

/* ORDER ARRIVALS_PROCESS */
enum arrivals_process { ARRIVALS_CONSTANT, ARRIVALS_POISSON, ARRIVALS_PROCESS_COUNT };
const char *arrivals_process_name(enum arrivals_process process); /* "constant", "poisson" */
/* False if there is none of that name. */
bool arrivals_process_parse(const char *name, enum arrivals_process *ret);

/* By value; private except for reading `process`. */
struct arrivals {
    enum arrivals_process process;
    struct rng rng;
    double from, to; /* per second, at the two ends of the stretch */
    usec_t began, length;
    double next; /* the next comes when so many are expected since the stretch began */
};

/* No stretch yet: nothing is due. `stream` tells the processes of one seed apart. */
void arrivals_init(struct arrivals *a, enum arrivals_process process, uint64_t seed,
                   uint64_t stream);
/* From `at` on the rate goes from `from` to `to` per second within `length` (above 0), and nothing
   comes after that. `at` is not before the last stretch began; it may end that one early. */
void arrivals_stretch(struct arrivals *a, usec_t at, double from, double to, usec_t length);
/* When the next one is due; false: none within the stretch. */
bool arrivals_due(const struct arrivals *a, usec_t *ret);
/* It has come: the one after it is next. */
void arrivals_take(struct arrivals *a);

#endif

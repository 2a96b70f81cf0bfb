/*
 * shared_clock.h — the time of day that one process tells others by a small file that all have
 * mapped: the local cloud lives in the simulation's virtual time.
 *
 * Threads   any; the value is atomic.
 */
#ifndef BASE_SHARED_CLOCK_H
#define BASE_SHARED_CLOCK_H

#include <stdint.h>

#include "base/error.h"

struct shared_clock {
    _Atomic int64_t *wall_ms; /* milliseconds since the Unix epoch; NULL: not mapped */
};

/* Makes the file (mode 0600), or truncates it, and sets the clock. */
bool shared_clock_create(struct shared_clock *c, const char *path, int64_t wall_ms,
                         struct error *err);
/* For reading. False if there is no such file, or it is too short. */
bool shared_clock_open(struct shared_clock *c, const char *path, struct error *err);
/* Idempotent; the file stays. */
void shared_clock_close(struct shared_clock *c);

#endif

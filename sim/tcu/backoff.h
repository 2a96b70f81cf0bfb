/*
 * backoff.h — how long to wait before the next attempt: exponential with full jitter, so that a
 * fleet that lost its cloud at one moment does not come back at one moment (contract 6.12).
 */
#ifndef TCU_BACKOFF_H
#define TCU_BACKOFF_H

#include "base/rng.h"
#include "base/timeunit.h"

/* Uniform in [0, min(cap, base · 2^failures)]. */
usec_t backoff_delay(struct rng *rng, usec_t base, usec_t cap, unsigned failures);

#endif

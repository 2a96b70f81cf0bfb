#include "tcu/backoff.h"

usec_t backoff_delay(struct rng *rng, usec_t base, usec_t cap, unsigned failures)
{
    usec_t ceiling = base < cap ? base : cap;

    for (unsigned i = 0; i < failures && ceiling != 0 && ceiling < cap; i++)
        ceiling = ceiling > cap / 2 ? cap : ceiling * 2;
    return ceiling == UINT64_MAX ? rng_next(rng) : rng_below(rng, ceiling + 1);
}

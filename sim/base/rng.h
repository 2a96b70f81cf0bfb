/*
 * rng.h — repeatable randomness: xoshiro256** seeded by splitmix64. One generator per consumer
 * (a vehicle, a scenario), so that neighbours never change each other's draws.
 */
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t s[4];
};

/* `stream` tells consumers of one seed apart. */
void rng_init(struct rng *r, uint64_t seed, uint64_t stream);
uint64_t rng_next(struct rng *r);
/* Uniform in [0, n); n > 0. */
uint64_t rng_below(struct rng *r, uint64_t n);
/* Uniform in [0, 1). */
double rng_unit(struct rng *r);

#endif

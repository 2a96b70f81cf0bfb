/*
 * bootstrap.h — how much a percentile of a run would differ if the same run were done again, from
 * the run itself: its standard error by a moving-block bootstrap.
 *
 * The run is cut into intervals (a second, or several, each with a histogram). As many intervals as
 * there are, taken at random in blocks of neighbours (the root of their number), make a run that
 * might have been; the spread of the percentile over many of those is its standard error. Blocks,
 * because what happens within a second also shapes the next one: single samples, or single seconds,
 * would make the error look smaller than it is.
 *
 * Source: Künsch, "The jackknife and the bootstrap for general stationary observations" (1989);
 * blocks go around the end as in Politis and Romano's circular variant (1992).
 */
#ifndef RESULTS_BOOTSTRAP_H
#define RESULTS_BOOTSTRAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "metrics/histogram.h"

#define BOOTSTRAP_PERCENTS_MAX 8

struct bootstrap;

struct bootstrap *bootstrap_new(void);
/* NULL is fine. */
void bootstrap_free(struct bootstrap *b);
/* Adds what an interval measured, in the order of time; those with the same number as the one
   before are one. */
void bootstrap_add(struct bootstrap *b, uint64_t interval, const struct histogram *h);
/* Intervals with samples. */
size_t bootstrap_intervals(const struct bootstrap *b);
/* The standard error of each percentile (0 to 100), in µs; at most BOOTSTRAP_PERCENTS_MAX. The same
   seed gives the same. 0 for fewer than two intervals. */
void bootstrap_errors(const struct bootstrap *b, const double *percents, size_t count,
                      uint64_t seed, double *ret);

#endif

/*
 * histogram.h — an HDR histogram of durations: every value from 1 µs to 1 h to three significant
 * digits, in at most 190 KB and without loss when histograms are added up.
 *
 * The layout is that of HdrHistogram with lowest 1, highest 3.6e9 and 3 digits, so that its logs
 * and ours can be exchanged (hlog.h): values below 2048 have a slot each; above, every power of two
 * is divided into 1024 slots. Each run of 1024 slots is allocated when first used.
 *
 * Owns      its slots.
 * Promises  a reported percentile is never below the true one, and at most 1/1024 above it.
 */
#ifndef METRICS_HISTOGRAM_H
#define METRICS_HISTOGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/timeunit.h"

#define HISTOGRAM_DIGITS    3
#define HISTOGRAM_HIGHEST   UINT64_C(3600000000) /* 1 h in µs; larger values are recorded as this */
#define HISTOGRAM_RUN       ((size_t)1024)       /* slots in one run */
#define HISTOGRAM_RUNS      23
#define HISTOGRAM_SLOTS     (HISTOGRAM_RUNS * HISTOGRAM_RUN)
#define HISTOGRAM_COUNT_MAX ((uint64_t)INT64_MAX) /* counts stop here instead of wrapping */

struct histogram {
    uint64_t *runs[HISTOGRAM_RUNS]; /* NULL: all zero */
    uint64_t total;                 /* number of values */
    uint64_t saturated;             /* of these, above HISTOGRAM_HIGHEST */
    usec_t min;                     /* exact; UINT64_MAX when empty */
    usec_t max;                     /* exact up to HISTOGRAM_HIGHEST; 0 when empty */
};

/* Allocates nothing until the first value. */
void histogram_init(struct histogram *h);
/* Frees the memory; the histogram is then as after histogram_init(). */
void histogram_done(struct histogram *h);
/* Forgets the values, keeps the memory. */
void histogram_clear(struct histogram *h);

void histogram_record(struct histogram *h, usec_t value);
void histogram_record_n(struct histogram *h, usec_t value, uint64_t count);
/* Corrects for coordinated omission when no intended time is known: besides the value itself, the
   waits that `expected` (the interval between requests, 0: none) says were never measured. */
void histogram_record_corrected(struct histogram *h, usec_t value, usec_t expected);
/* Adds the values of `from`; exact. */
void histogram_merge(struct histogram *h, const struct histogram *from);

/* The smallest recorded value such that `percent` (0–100) of all are not above it, to three digits;
   percentile 100 is max itself. 0 when empty. */
usec_t histogram_percentile(const struct histogram *h, double percent);
/* Exact; 0 when empty. */
usec_t histogram_min(const struct histogram *h);
usec_t histogram_max(const struct histogram *h);
/* From the middle of each slot; 0 when empty. */
double histogram_mean(const struct histogram *h);
double histogram_stddev(const struct histogram *h);
uint64_t histogram_total(const struct histogram *h);

/* The slots themselves, for encoding: their number, first and last value. */
size_t histogram_slot(usec_t value);
usec_t histogram_slot_low(size_t slot);
usec_t histogram_slot_high(size_t slot);
uint64_t histogram_slot_count(const struct histogram *h, size_t slot);

#endif

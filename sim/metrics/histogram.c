#include "metrics/histogram.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

/* Values below 2 * HISTOGRAM_RUN have unit width: they fill runs 0 and 1. Run r > 1 holds the
   values whose top 11 bits are 1024…2047 after a shift by r - 1. */
#define RUN_BITS 10

static uint64_t add_capped(uint64_t a, uint64_t b)
{
    return b > HISTOGRAM_COUNT_MAX - a ? HISTOGRAM_COUNT_MAX : a + b;
}

void histogram_init(struct histogram *h)
{
    *h = (struct histogram){.min = UINT64_MAX};
}

void histogram_done(struct histogram *h)
{
    for (size_t r = 0; r < HISTOGRAM_RUNS; r++)
        free(h->runs[r]);
    histogram_init(h);
}

void histogram_clear(struct histogram *h)
{
    if (h->total != 0) {
        for (size_t r = 0; r < HISTOGRAM_RUNS; r++)
            if (h->runs[r] != NULL)
                memset(h->runs[r], 0, HISTOGRAM_RUN * sizeof **h->runs);
    }
    h->total = h->saturated = h->max = 0;
    h->min = UINT64_MAX;
}

size_t histogram_slot(usec_t value)
{
    if (value > HISTOGRAM_HIGHEST)
        value = HISTOGRAM_HIGHEST;
    if (value < 2 * HISTOGRAM_RUN)
        return (size_t)value;
    unsigned shift = 63u - (unsigned)__builtin_clzll(value) - RUN_BITS;
    return (size_t)shift * HISTOGRAM_RUN + (size_t)(value >> shift);
}

static unsigned slot_shift(size_t slot)
{
    size_t run = slot >> RUN_BITS;

    return run <= 1 ? 0 : (unsigned)run - 1;
}

usec_t histogram_slot_low(size_t slot)
{
    unsigned shift = slot_shift(slot);

    if (shift == 0)
        return slot;
    return (usec_t)((slot & (HISTOGRAM_RUN - 1)) + HISTOGRAM_RUN) << shift;
}

usec_t histogram_slot_high(size_t slot)
{
    return histogram_slot_low(slot) + ((usec_t)1 << slot_shift(slot)) - 1;
}

static double slot_middle(size_t slot)
{
    return (double)(histogram_slot_low(slot) + ((usec_t)1 << slot_shift(slot) >> 1));
}

uint64_t histogram_slot_count(const struct histogram *h, size_t slot)
{
    const uint64_t *run = h->runs[slot >> RUN_BITS];

    return run != NULL ? run[slot & (HISTOGRAM_RUN - 1)] : 0;
}

static uint64_t *run_of(struct histogram *h, size_t r)
{
    if (h->runs[r] == NULL)
        h->runs[r] = xcalloc(HISTOGRAM_RUN, sizeof **h->runs);
    return h->runs[r];
}

void histogram_record_n(struct histogram *h, usec_t value, uint64_t count)
{
    if (count == 0)
        return;
    if (value > HISTOGRAM_HIGHEST) {
        value = HISTOGRAM_HIGHEST;
        h->saturated = add_capped(h->saturated, count);
    }
    size_t slot = histogram_slot(value);
    uint64_t *cell = run_of(h, slot >> RUN_BITS) + (slot & (HISTOGRAM_RUN - 1));
    *cell = add_capped(*cell, count);
    h->total = add_capped(h->total, count);
    if (value < h->min)
        h->min = value;
    if (value > h->max)
        h->max = value;
}

void histogram_record(struct histogram *h, usec_t value)
{
    histogram_record_n(h, value, 1);
}

void histogram_record_corrected(struct histogram *h, usec_t value, usec_t expected)
{
    histogram_record(h, value);
    if (value > HISTOGRAM_HIGHEST)
        value = HISTOGRAM_HIGHEST;
    if (expected == 0 || value <= expected)
        return;
    /* Slot by slot rather than value by value: an hour at 1 µs would be 3.6e9 steps. */
    for (usec_t missing = value - expected; missing >= expected;) {
        usec_t low = histogram_slot_low(histogram_slot(missing));
        usec_t n = (missing - (low > expected ? low : expected)) / expected + 1;
        histogram_record_n(h, missing, n - 1);
        histogram_record(h, missing - (n - 1) * expected); /* keeps min exact */
        missing -= n * expected;
    }
}

void histogram_merge(struct histogram *h, const struct histogram *from)
{
    if (from->total == 0)
        return;
    for (size_t r = 0; r < HISTOGRAM_RUNS; r++) {
        if (from->runs[r] == NULL)
            continue;
        uint64_t *run = run_of(h, r);
        for (size_t i = 0; i < HISTOGRAM_RUN; i++)
            run[i] = add_capped(run[i], from->runs[r][i]);
    }
    h->total = add_capped(h->total, from->total);
    h->saturated = add_capped(h->saturated, from->saturated);
    if (from->min < h->min)
        h->min = from->min;
    if (from->max > h->max)
        h->max = from->max;
}

/* How many values must not be above the percentile. */
static uint64_t rank_of(const struct histogram *h, double percent)
{
    /* The step down undoes what rounding may have added, e.g. to 99.9 × 1000 / 100. */
    double rank = ceil(nextafter(percent, 0) * (double)h->total / 100);

    if (!(rank >= 1))
        return 1;
    return rank >= (double)h->total ? h->total : (uint64_t)rank;
}

usec_t histogram_percentile(const struct histogram *h, double percent)
{
    if (h->total == 0)
        return 0;
    if (percent >= 100)
        return h->max;
    uint64_t rank = rank_of(h, percent), seen = 0;
    for (size_t r = 0; r < HISTOGRAM_RUNS; r++) {
        for (size_t i = 0; h->runs[r] != NULL && i < HISTOGRAM_RUN; i++) {
            seen = add_capped(seen, h->runs[r][i]);
            if (seen >= rank) {
                usec_t high = histogram_slot_high(r * HISTOGRAM_RUN + i);
                return high < h->max ? high : h->max;
            }
        }
    }
    return h->max;
}

usec_t histogram_min(const struct histogram *h)
{
    return h->total != 0 ? h->min : 0;
}

usec_t histogram_max(const struct histogram *h)
{
    return h->max;
}

uint64_t histogram_total(const struct histogram *h)
{
    return h->total;
}

/* The sum of (middle - origin)^power over all values. */
static double sum_of(const struct histogram *h, double origin, int power)
{
    double sum = 0;

    for (size_t r = 0; r < HISTOGRAM_RUNS; r++) {
        for (size_t i = 0; h->runs[r] != NULL && i < HISTOGRAM_RUN; i++) {
            uint64_t count = h->runs[r][i];
            if (count == 0)
                continue;
            double away = slot_middle(r * HISTOGRAM_RUN + i) - origin;
            sum += (double)count * (power == 2 ? away * away : away);
        }
    }
    return sum;
}

double histogram_mean(const struct histogram *h)
{
    return h->total != 0 ? sum_of(h, 0, 1) / (double)h->total : 0;
}

double histogram_stddev(const struct histogram *h)
{
    return h->total != 0 ? sqrt(sum_of(h, histogram_mean(h), 2) / (double)h->total) : 0;
}

#include "results/bootstrap.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "base/xmem.h"

#define RESAMPLES 300

/* A slot of the histogram of an interval that has something in it. */
struct cell {
    size_t slot;
    uint64_t count;
};

struct interval {
    uint64_t number;
    size_t first, count; /* cells */
};

struct bootstrap {
    struct interval *intervals;
    size_t interval_count;
    struct cell *cells;
    size_t cell_count, cell_room;
    size_t low, high; /* slots that are used: low to high - 1 */
};

struct bootstrap *bootstrap_new(void)
{
    return xcalloc(1, sizeof(struct bootstrap));
}

void bootstrap_free(struct bootstrap *b)
{
    if (b == NULL)
        return;
    free(b->intervals);
    free(b->cells);
    free(b);
}

static void add_cell(struct bootstrap *b, size_t slot, uint64_t count)
{
    if (b->cell_count == b->cell_room) {
        b->cell_room = b->cell_room != 0 ? b->cell_room * 2 : 1024;
        b->cells = xrealloc(b->cells, b->cell_room * sizeof *b->cells);
    }
    b->cells[b->cell_count++] = (struct cell){slot, count};
    b->low = b->high == 0 || slot < b->low ? slot : b->low;
    b->high = slot >= b->high ? slot + 1 : b->high;
}

void bootstrap_add(struct bootstrap *b, uint64_t interval, const struct histogram *h)
{
    struct interval *last = b->interval_count > 0 ? &b->intervals[b->interval_count - 1] : NULL;

    if (histogram_total(h) == 0)
        return;
    if (last == NULL || last->number != interval) {
        b->intervals = xrealloc(b->intervals, (b->interval_count + 1) * sizeof *b->intervals);
        last = &b->intervals[b->interval_count++];
        *last = (struct interval){.number = interval, .first = b->cell_count};
    }
    size_t end = histogram_slot(histogram_max(h)) + 1;
    for (size_t slot = histogram_slot(histogram_min(h)); slot < end; slot++)
        if (histogram_slot_count(h, slot) != 0)
            add_cell(b, slot, histogram_slot_count(h, slot));
    last->count = b->cell_count - last->first;
}

size_t bootstrap_intervals(const struct bootstrap *b)
{
    return b->interval_count;
}

/* A run that might have been; returns how many samples it has. */
static uint64_t resample(const struct bootstrap *b, struct rng *rng, uint64_t *counts)
{
    size_t n = b->interval_count, block = (size_t)ceil(sqrt((double)n)), at = 0;
    uint64_t total = 0;

    memset(counts, 0, (b->high - b->low) * sizeof *counts);
    for (size_t taken = 0; taken < n; taken++) {
        at = taken % block == 0 ? (size_t)rng_below(rng, n) : (at + 1) % n;
        const struct interval *interval = &b->intervals[at];
        for (size_t i = 0; i < interval->count; i++) {
            const struct cell *c = &b->cells[interval->first + i];
            counts[c->slot - b->low] += c->count;
            total += c->count;
        }
    }
    return total;
}

static double percentile_of(const struct bootstrap *b, const uint64_t *counts, uint64_t total,
                            double percent)
{
    uint64_t rank = (uint64_t)ceil(percent / 100 * (double)total), seen = 0;

    for (size_t slot = b->low; slot < b->high; slot++) {
        seen += counts[slot - b->low];
        if (seen >= rank && seen > 0)
            return (double)histogram_slot_high(slot);
    }
    return (double)histogram_slot_high(b->high - 1);
}

void bootstrap_errors(const struct bootstrap *b, const double *percents, size_t count,
                      uint64_t seed, double *ret)
{
    double sum[BOOTSTRAP_PERCENTS_MAX] = {0}, squares[BOOTSTRAP_PERCENTS_MAX] = {0};
    struct rng rng;

    assert(count <= BOOTSTRAP_PERCENTS_MAX);
    memset(ret, 0, count * sizeof *ret);
    if (b->interval_count < 2)
        return;
    rng_init(&rng, seed, 0);
    uint64_t *counts = xcalloc(b->high - b->low, sizeof *counts);
    for (int r = 0; r < RESAMPLES; r++) {
        uint64_t total = resample(b, &rng, counts);
        for (size_t p = 0; p < count; p++) {
            double value = percentile_of(b, counts, total, percents[p]);
            sum[p] += value;
            squares[p] += value * value;
        }
    }
    for (size_t p = 0; p < count; p++) {
        double mean = sum[p] / RESAMPLES;
        double variance = (squares[p] - mean * sum[p]) / (RESAMPLES - 1);
        ret[p] = variance > 0 ? sqrt(variance) : 0;
    }
    free(counts);
}

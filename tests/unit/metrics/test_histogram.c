#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "metrics/histogram.h"

#define SAMPLES 20000

static const double percents[] = {0, 0.01, 1, 10, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100};

enum shape { UNIFORM_SMALL, UNIFORM_WIDE, LOG_UNIFORM, CONSTANT, TWO_PEAKS, SHAPE_COUNT };

static usec_t draw(enum shape shape, struct rng *rng)
{
    switch (shape) {
    case UNIFORM_SMALL:
        return rng_below(rng, 3000);
    case UNIFORM_WIDE:
        return rng_below(rng, HISTOGRAM_HIGHEST + 1);
    case LOG_UNIFORM:
        return (usec_t)exp(rng_unit(rng) * log((double)HISTOGRAM_HIGHEST));
    case CONSTANT:
        return 123456789;
    case TWO_PEAKS:
    case SHAPE_COUNT:
    default:
        return rng_below(rng, 100) == 0 ? 5000000 + rng_below(rng, 1000) : rng_below(rng, 900);
    }
}

static int ascending(const void *a, const void *b)
{
    usec_t x = *(const usec_t *)a, y = *(const usec_t *)b;

    return x < y ? -1 : x > y;
}

static usec_t exact_percentile(const usec_t *sorted, size_t count, double percent)
{
    size_t rank = (size_t)ceil(percent * (double)count / 100 - 1e-9);

    return sorted[rank == 0 ? 0 : rank - 1];
}

static void check_against_sorted(const struct histogram *h, usec_t *values, size_t count)
{
    double sum = 0, square = 0;

    qsort(values, count, sizeof *values, ascending);
    for (size_t i = 0; i < sizeof percents / sizeof *percents; i++) {
        usec_t exact = exact_percentile(values, count, percents[i]);
        usec_t got = histogram_percentile(h, percents[i]);
        assert_true(got >= exact);
        assert_true((double)got <= (double)exact * (1 + 1.0 / 1024));
    }
    assert_int_equal(histogram_percentile(h, 100), values[count - 1]);
    assert_int_equal(histogram_min(h), values[0]);
    assert_int_equal(histogram_max(h), values[count - 1]);
    assert_int_equal(histogram_total(h), count);
    for (size_t i = 0; i < count; i++)
        sum += (double)values[i];
    double mean = sum / (double)count;
    assert_true(fabs(histogram_mean(h) - mean) <= mean / 1024);
    for (size_t i = 0; i < count; i++)
        square += ((double)values[i] - mean) * ((double)values[i] - mean);
    double stddev = sqrt(square / (double)count);
    assert_true(fabs(histogram_stddev(h) - stddev) <= stddev / 500 + mean / 1024);
}

static void percentiles_stay_within_the_bound(void **state)
{
    (void)state;
    usec_t *values = calloc(SAMPLES, sizeof *values);

    for (int shape = 0; shape < SHAPE_COUNT; shape++) {
        struct histogram h;
        struct rng rng;
        rng_init(&rng, 7, (uint64_t)shape);
        histogram_init(&h);
        for (size_t i = 0; i < SAMPLES; i++) {
            values[i] = draw((enum shape)shape, &rng);
            histogram_record(&h, values[i]);
        }
        check_against_sorted(&h, values, SAMPLES);
        histogram_done(&h);
    }
    free(values);
}

static void slots_tile_the_range(void **state)
{
    (void)state;

    for (size_t slot = 0; slot < HISTOGRAM_SLOTS; slot++) {
        usec_t low = histogram_slot_low(slot), high = histogram_slot_high(slot);
        assert_true(high - low <= low / 1024);
        if (slot > 0)
            assert_int_equal(low, histogram_slot_high(slot - 1) + 1);
        if (high <= HISTOGRAM_HIGHEST) {
            assert_int_equal(histogram_slot(low), slot);
            assert_int_equal(histogram_slot(high), slot);
        }
    }
    /* The positions that HdrHistogram gives them. */
    assert_int_equal(histogram_slot(2047), 2047);
    assert_int_equal(histogram_slot(2048), 2048);
    assert_int_equal(histogram_slot(2049), 2048);
    assert_int_equal(histogram_slot(4096), 3072);
    assert_int_equal(histogram_slot(HISTOGRAM_HIGHEST), 21 * 1024 + 1716);
    assert_int_equal(histogram_slot(UINT64_MAX), 21 * 1024 + 1716);
}

static void empty_histogram_answers_zero(void **state)
{
    (void)state;
    struct histogram h;

    histogram_init(&h);
    assert_int_equal(histogram_percentile(&h, 99), 0);
    assert_int_equal(histogram_min(&h), 0);
    assert_int_equal(histogram_max(&h), 0);
    assert_true(histogram_mean(&h) == 0);
    assert_true(histogram_stddev(&h) == 0);
    histogram_clear(&h);
    histogram_done(&h);
}

static void merging_equals_recording_together(void **state)
{
    (void)state;
    struct histogram parts[3], merged, together;
    struct rng rng;

    rng_init(&rng, 1, 1);
    histogram_init(&merged);
    histogram_init(&together);
    for (size_t p = 0; p < 3; p++) {
        histogram_init(&parts[p]);
        for (int i = 0; i < 5000; i++) {
            usec_t v = draw(LOG_UNIFORM, &rng) >> p * 3;
            histogram_record(&parts[p], v);
            histogram_record(&together, v);
        }
    }
    for (size_t p = 0; p < 3; p++)
        histogram_merge(&merged, &parts[p]);
    for (size_t slot = 0; slot < HISTOGRAM_SLOTS; slot++)
        assert_int_equal(histogram_slot_count(&merged, slot),
                         histogram_slot_count(&together, slot));
    assert_int_equal(histogram_total(&merged), 15000);
    assert_int_equal(histogram_min(&merged), histogram_min(&together));
    assert_int_equal(histogram_max(&merged), histogram_max(&together));
    for (size_t p = 0; p < 3; p++)
        histogram_done(&parts[p]);
    histogram_done(&merged);
    histogram_done(&together);
}

static void correction_equals_the_naive_one(void **state)
{
    (void)state;
    static const struct {
        usec_t value, expected;
    } cases[] = {
        {0,       10  },
        {5,       10  },
        {10,      10  },
        {11,      10  },
        {20,      10  },
        {100000,  7   },
        {100000,  1   },
        {4097,    2048},
        {999,     0   },
        {5000000, 1000},
    };

    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct histogram fast, naive;
        usec_t value = cases[c].value, expected = cases[c].expected;
        histogram_init(&fast);
        histogram_init(&naive);
        histogram_record_corrected(&fast, value, expected);
        histogram_record(&naive, value);
        for (usec_t v = value; expected != 0 && v >= 2 * expected; v -= expected)
            histogram_record(&naive, v - expected);
        assert_int_equal(histogram_total(&fast), histogram_total(&naive));
        assert_int_equal(histogram_min(&fast), histogram_min(&naive));
        assert_int_equal(histogram_max(&fast), histogram_max(&naive));
        for (size_t slot = 0; slot < HISTOGRAM_SLOTS; slot++)
            assert_int_equal(histogram_slot_count(&fast, slot), histogram_slot_count(&naive, slot));
        histogram_done(&fast);
        histogram_done(&naive);
    }
}

static void correction_of_an_hour_at_a_microsecond_is_quick(void **state)
{
    (void)state;
    struct histogram h;

    histogram_init(&h);
    histogram_record_corrected(&h, UINT64_MAX, 1);
    assert_int_equal(histogram_total(&h), HISTOGRAM_HIGHEST);
    assert_int_equal(histogram_min(&h), 1);
    histogram_done(&h);
}

static void values_above_an_hour_are_kept_as_an_hour(void **state)
{
    (void)state;
    struct histogram h;

    histogram_init(&h);
    histogram_record(&h, HISTOGRAM_HIGHEST);
    histogram_record_n(&h, HISTOGRAM_HIGHEST + 1, 2);
    assert_int_equal(h.saturated, 2);
    assert_int_equal(histogram_total(&h), 3);
    assert_int_equal(histogram_max(&h), HISTOGRAM_HIGHEST);
    assert_int_equal(histogram_percentile(&h, 50), HISTOGRAM_HIGHEST);
    histogram_done(&h);
}

static void counts_stop_instead_of_wrapping(void **state)
{
    (void)state;
    struct histogram h, other;

    histogram_init(&h);
    histogram_init(&other);
    histogram_record_n(&h, 5, HISTOGRAM_COUNT_MAX);
    histogram_record_n(&other, 5, 10);
    histogram_merge(&h, &other);
    histogram_record_n(&h, 9, UINT64_MAX);
    assert_int_equal(histogram_total(&h), HISTOGRAM_COUNT_MAX);
    assert_int_equal(histogram_slot_count(&h, 5), HISTOGRAM_COUNT_MAX);
    assert_int_equal(histogram_percentile(&h, 50), 5);
    histogram_done(&h);
    histogram_done(&other);
}

static void clearing_forgets_everything(void **state)
{
    (void)state;
    struct histogram h;

    histogram_init(&h);
    histogram_record(&h, UINT64_MAX);
    histogram_record(&h, 3);
    histogram_clear(&h);
    assert_int_equal(histogram_total(&h), 0);
    assert_int_equal(h.saturated, 0);
    histogram_record_n(&h, 40, 0);
    assert_int_equal(histogram_max(&h), 0);
    histogram_record(&h, 7);
    assert_int_equal(histogram_min(&h), 7);
    assert_int_equal(histogram_percentile(&h, 100), 7);
    histogram_done(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percentiles_stay_within_the_bound),
        cmocka_unit_test(slots_tile_the_range),
        cmocka_unit_test(empty_histogram_answers_zero),
        cmocka_unit_test(merging_equals_recording_together),
        cmocka_unit_test(correction_equals_the_naive_one),
        cmocka_unit_test(correction_of_an_hour_at_a_microsecond_is_quick),
        cmocka_unit_test(values_above_an_hour_are_kept_as_an_hour),
        cmocka_unit_test(counts_stop_instead_of_wrapping),
        cmocka_unit_test(clearing_forgets_everything),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

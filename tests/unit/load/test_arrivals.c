/* Arrivals: as many as stated, whenever a loop looks, the same for a seed. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "load/arrivals.h"

#define SECOND USEC_PER_SEC

/* Takes all of the stretch; the last moment goes to ret_last. */
static size_t take_all(struct arrivals *a, usec_t *ret_last)
{
    size_t n = 0;
    usec_t due, before = 0;

    while (arrivals_due(a, &due)) {
        assert_true(due >= before);
        before = due;
        arrivals_take(a);
        n++;
    }
    *ret_last = before;
    return n;
}

static void nothing_is_due_before_a_stretch(void **state)
{
    struct arrivals a;
    usec_t due;

    (void)state;
    for (unsigned p = 0; p < ARRIVALS_PROCESS_COUNT; p++) {
        arrivals_init(&a, (enum arrivals_process)p, 1, 0);
        assert_false(arrivals_due(&a, &due));
        arrivals_stretch(&a, 5, 0, 0, SECOND);
        assert_false(arrivals_due(&a, &due));
    }
}

static void constant_ones_are_evenly_apart(void **state)
{
    struct arrivals a;
    usec_t due;

    (void)state;
    arrivals_init(&a, ARRIVALS_CONSTANT, 1, 0);
    arrivals_stretch(&a, 1000, 4, 4, SECOND);
    for (usec_t i = 0; i < 4; i++) {
        assert_true(arrivals_due(&a, &due));
        assert_int_equal(due, 1000 + i * SECOND / 4);
        arrivals_take(&a);
    }
    assert_false(arrivals_due(&a, &due));
}

/* A rate that no number of microseconds divides: after ten million the last is where it belongs. */
static void nothing_drifts(void **state)
{
    struct arrivals a;
    usec_t due = 0;

    (void)state;
    arrivals_init(&a, ARRIVALS_CONSTANT, 1, 0);
    arrivals_stretch(&a, 0, 7001, 7001, 100000 * SECOND);
    for (uint64_t i = 0; i < 10000000; i++)
        arrivals_take(&a);
    assert_true(arrivals_due(&a, &due));
    assert_true(fabs((double)due - 10000000.0 / 7001 * 1e6) <= 1);
}

static void poisson_ones_have_the_mean_and_the_variance(void **state)
{
    struct arrivals a;
    double sum = 0, squares = 0;
    usec_t due, before = 0;
    size_t n = 200000;

    (void)state;
    arrivals_init(&a, ARRIVALS_POISSON, 42, 0);
    arrivals_stretch(&a, 0, 100, 100, 1000000 * SECOND);
    for (size_t i = 0; i < n; i++) {
        assert_true(arrivals_due(&a, &due));
        double gap = (double)(due - before);
        sum += gap;
        squares += gap * gap;
        before = due;
        arrivals_take(&a);
    }
    double mean = sum / (double)n;
    double deviation = sqrt(squares / (double)n - mean * mean);
    assert_true(fabs(mean / 10000 - 1) < 0.01);
    /* Exponential: as wide as its mean. */
    assert_true(fabs(deviation / 10000 - 1) < 0.02);
}

static void a_rate_that_rises_has_as_many_as_its_mean(void **state)
{
    struct arrivals a;
    usec_t last, due;

    (void)state;
    arrivals_init(&a, ARRIVALS_CONSTANT, 1, 0);
    arrivals_stretch(&a, 0, 0, 100, 10 * SECOND);
    assert_int_equal(take_all(&a, &last), 500);
    /* Half of them in the last 29 %. */
    arrivals_init(&a, ARRIVALS_CONSTANT, 1, 0);
    arrivals_stretch(&a, 0, 0, 100, 10 * SECOND);
    for (int i = 0; i < 250; i++)
        arrivals_take(&a);
    assert_true(arrivals_due(&a, &due));
    assert_true(fabs((double)due / 1e6 - 10 / sqrt(2)) < 0.001);
    arrivals_init(&a, ARRIVALS_CONSTANT, 1, 0);
    arrivals_stretch(&a, 0, 100, 0, 10 * SECOND);
    assert_int_equal(take_all(&a, &last), 500);
}

static void what_is_left_goes_on_in_the_next_stretch(void **state)
{
    struct arrivals a;
    usec_t last, at = 0;
    size_t n = 0;

    (void)state;
    /* 0.3 a stretch: one in three of them has one, and none is lost or made. */
    arrivals_init(&a, ARRIVALS_CONSTANT, 1, 0);
    for (int i = 0; i < 1000; i++, at += SECOND) {
        arrivals_stretch(&a, at, 0.3, 0.3, SECOND);
        n += take_all(&a, &last);
    }
    assert_in_range(n, 299, 301);
}

static void a_stretch_may_end_early(void **state)
{
    struct arrivals a;
    usec_t due;

    (void)state;
    arrivals_init(&a, ARRIVALS_CONSTANT, 1, 0);
    arrivals_stretch(&a, 0, 1, 1, 100 * SECOND);
    arrivals_take(&a);
    /* Half of the second one is there already; at ten a second the rest takes 50 ms. */
    arrivals_stretch(&a, SECOND / 2, 10, 10, SECOND);
    assert_true(arrivals_due(&a, &due));
    assert_int_equal(due, SECOND / 2 + SECOND / 20);
    /* Nobody looked for long: what was due is due, in the past. */
    arrivals_stretch(&a, 10 * SECOND, 10, 10, SECOND);
    assert_true(arrivals_due(&a, &due));
    assert_true(due <= 10 * SECOND);
}

static void the_seed_decides(void **state)
{
    struct arrivals a, b, c;
    usec_t due_a, due_b, due_c;
    bool differs = false;

    (void)state;
    arrivals_init(&a, ARRIVALS_POISSON, 7, 1);
    arrivals_init(&b, ARRIVALS_POISSON, 7, 1);
    arrivals_init(&c, ARRIVALS_POISSON, 7, 2);
    arrivals_stretch(&a, 0, 10, 20, 100 * SECOND);
    arrivals_stretch(&b, 0, 10, 20, 100 * SECOND);
    arrivals_stretch(&c, 0, 10, 20, 100 * SECOND);
    for (int i = 0; i < 100; i++) {
        assert_true(arrivals_due(&a, &due_a) && arrivals_due(&b, &due_b) &&
                    arrivals_due(&c, &due_c));
        assert_int_equal(due_a, due_b);
        differs |= due_a != due_c;
        arrivals_take(&a);
        arrivals_take(&b);
        arrivals_take(&c);
    }
    assert_true(differs);
}

static void processes_have_names(void **state)
{
    enum arrivals_process p;

    (void)state;
    assert_true(arrivals_process_parse("poisson", &p));
    assert_string_equal(arrivals_process_name(p), "poisson");
    assert_false(arrivals_process_parse("uniform", &p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_due_before_a_stretch),
        cmocka_unit_test(constant_ones_are_evenly_apart),
        cmocka_unit_test(nothing_drifts),
        cmocka_unit_test(poisson_ones_have_the_mean_and_the_variance),
        cmocka_unit_test(a_rate_that_rises_has_as_many_as_its_mean),
        cmocka_unit_test(what_is_left_goes_on_in_the_next_stretch),
        cmocka_unit_test(a_stretch_may_end_early),
        cmocka_unit_test(the_seed_decides),
        cmocka_unit_test(processes_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

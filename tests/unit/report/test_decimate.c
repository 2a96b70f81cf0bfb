#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "report/decimate.h"

#define COLUMNS 10
#define ROOM    (5 * (COLUMNS + 1))

static void test_few_points_stay(void **state)
{
    static const double x[] = {0, 30, 50, 100}, y[] = {1, 2, -3, 4};
    struct decimated_point ret[ROOM];

    (void)state;
    assert_int_equal(decimate(x, y, 4, 100, COLUMNS, ret), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_true(ret[i].x == x[i]);
        assert_true(ret[i].y == y[i]);
    }
    assert_int_equal(decimate(x, y, 0, 100, COLUMNS, ret), 0);
}

/* Every column keeps its extremes, its ends, and the order. */
static void test_extremes_stay(void **state)
{
    enum { COUNT = 10000 };
    double *x = calloc(COUNT, sizeof *x), *y = calloc(COUNT, sizeof *y);
    struct decimated_point ret[ROOM];

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        x[i] = 100.0 * i / COUNT;
        y[i] = sin(i * 0.01);
    }
    y[4321] = 99;
    y[4322] = -99;
    size_t n = decimate(x, y, COUNT, 100, COLUMNS, ret);
    assert_in_range(n, COLUMNS * 2, COLUMNS * 4);
    bool high = false, low = false;
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || ret[i].x > ret[i - 1].x);
        high |= ret[i].y == 99;
        low |= ret[i].y == -99;
    }
    assert_true(high && low);
    assert_true(ret[0].x == x[0] && ret[n - 1].x == x[COUNT - 1]);
    free(x);
    free(y);
}

static void test_gaps_stay_gaps(void **state)
{
    static const double x[] = {0, 10, 11, 12, 13, 60, 100};
    const double y[] = {1, 2, (double)NAN, (double)NAN, 5, (double)NAN, 7};
    struct decimated_point ret[ROOM];
    size_t gaps = 0;

    (void)state;
    size_t n = decimate(x, y, 7, 100, COLUMNS, ret);
    for (size_t i = 0; i < n; i++) {
        gaps += isnan(ret[i].y) != 0;
        assert_true(i == 0 || ret[i].x > ret[i - 1].x);
    }
    assert_int_equal(gaps, 2);
    assert_int_equal(n, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_few_points_stay),
        cmocka_unit_test(test_extremes_stay),
        cmocka_unit_test(test_gaps_stay_gaps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

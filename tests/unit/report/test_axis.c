#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "report/axis.h"

#define MONDAY INT64_C(1768176000000) /* 2026-01-12T00:00:00Z */

static void test_values(void **state)
{
    static const struct {
        double min, max;
        double from, to; /* of the axis */
        const char *first, *second;
    } cases[] = {
        {0,     100,   0,   100,  "0",    "25"    },
        {-7.3,  28,    -10, 30,   "-10",  "0"     },
        {20,    20,    18,  22,   "18",   "19"    },
        {0,     0,     -1,  1,    "-1.0", "-0.5"  },
        {0.011, 0.052, 0,   0.06, "0.00", "0.02"  },
        {0,     1e6,   0,   1e6,  "0",    "250000"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct axis a;
        axis_values(&a, cases[i].min, cases[i].max, 4);
        assert_true(fabs(a.min - cases[i].from) < 1e-9 && fabs(a.max - cases[i].to) < 1e-9);
        assert_string_equal(a.ticks[0].label, cases[i].first);
        assert_string_equal(a.ticks[1].label, cases[i].second);
        assert_true(fabs(a.ticks[0].at) < 1e-9);
        assert_true(fabs(a.ticks[a.tick_count - 1].at - 1) < 1e-9);
        assert_in_range(a.tick_count, 3, 9);
    }
}

static void test_times(void **state)
{
    static const struct {
        int64_t start;
        double seconds;
        const char *first, *second;
        double at; /* of the first */
        bool strong;
    } cases[] = {
        {MONDAY,            86400,     "Mon 12 Jan", "03:00",      0,          true },
        {MONDAY + 23400000, 7200,      "06:30",      "06:45",      0,          false},
        {MONDAY + 23400000, 7 * 86400, "Tue 13 Jan", "Wed 14 Jan", 17.5 / 168, true },
        {MONDAY + 500,      8,         "00:00:01",   "00:00:02",   0.5 / 8,    false},
        {MONDAY + 86399000, 30,        "Tue 13 Jan", "00:00:05",   1.0 / 30,   true },
        {MONDAY,            0,         "Mon 12 Jan", "00:00:01",   0,          true },
        {MONDAY,            3e9,       NULL,         NULL,         0,          false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct axis a;
        axis_time(&a, cases[i].start, cases[i].seconds, 9);
        assert_in_range(a.tick_count, 1, 9);
        for (size_t k = 0; k < a.tick_count; k++)
            assert_true(a.ticks[k].at >= 0 && a.ticks[k].at <= 1);
        if (cases[i].first == NULL)
            continue;
        assert_string_equal(a.ticks[0].label, cases[i].first);
        assert_string_equal(a.ticks[1].label, cases[i].second);
        assert_true(fabs(a.ticks[0].at - cases[i].at) < 1e-9);
        assert_int_equal(a.ticks[0].strong, cases[i].strong);
    }
}

static void test_elapsed(void **state)
{
    static const struct {
        double seconds;
        const char *second, *last;
    } cases[] = {
        {7,       "1 s",      "7 s"      },
        {20,      "5 s",      "20 s"     },
        {300,     "1:00",     "5:00"     },
        {5400,    "15:00",    "1:30:00"  },
        {1000000, "48:00:00", "240:00:00"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct axis a;
        axis_elapsed(&a, cases[i].seconds, 9);
        assert_in_range(a.tick_count, 2, 9);
        assert_string_equal(a.ticks[1].label, cases[i].second);
        assert_string_equal(a.ticks[a.tick_count - 1].label, cases[i].last);
        assert_true(a.ticks[a.tick_count - 1].at <= 1);
    }
}

static void test_latency(void **state)
{
    static const struct {
        double min, max;
        const char *first, *second, *last;
    } cases[] = {
        {3300,  870000,  "10 ms",  "100 ms", "1 s"   },
        {1000,  1000,    "1 ms",   "2 ms",   "2 ms"  },
        {0,     3.6e9,   "1 µs",  "10 µs", "1000 s"},
        {49999, 5000001, "100 ms", "1 s",    "10 s"  },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct axis a;
        axis_latency(&a, cases[i].min, cases[i].max);
        assert_true(a.min < a.max);
        assert_true(pow(10, a.min) <= fmax(cases[i].min, 1) * 1.001);
        assert_true(pow(10, a.max) >= cases[i].max * 0.999);
        assert_string_equal(a.ticks[0].label, cases[i].first);
        assert_string_equal(a.ticks[1].label, cases[i].second);
        assert_string_equal(a.ticks[a.tick_count - 1].label, cases[i].last);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_elapsed),
        cmocka_unit_test(test_latency),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

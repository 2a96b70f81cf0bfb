#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/timeunit.h"

static void durations_are_read(void **state)
{
    static const struct {
        const char *text;
        usec_t usec;
    } cases[] = {
        {"0",              0          },
        {"250ms",          250000     },
        {"30s",            30000000   },
        {"10m",            600000000  },
        {"1h30m",          5400000000 },
        {"2.5",            2500000    },
        {".5s",            500000     },
        {"7us",            7          },
        {"7µs",           7          },
        {"1d",             86400000000},
        {"1m1ms",          60001000   },
        {"1d2h3m4s5ms6us", 93784005006},
        {"0.0000004",      0          },
        {"0.0000006",      1          },
    };
    static const char *const bad[] = {"",
                                      "s",
                                      "-1",
                                      "+1",
                                      "1x",
                                      "1 s",
                                      " 1",
                                      "1h30",
                                      "1.5.5s",
                                      "0x10",
                                      "1e3",
                                      "1e3s",
                                      "inf",
                                      "nan",
                                      "1ss",
                                      ".",
                                      "..s",
                                      "1,5s",
                                      "99999999999999999999d",
                                      "5S"};
    usec_t seen;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (!duration_parse(cases[i].text, &seen))
            fail_msg("%s", cases[i].text);
        assert_int_equal(seen, cases[i].usec);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        seen = 42;
        if (duration_parse(bad[i], &seen))
            fail_msg("\"%s\" was read", bad[i]);
        assert_int_equal(seen, 42);
    }
}

static void durations_are_shown_with_three_digits(void **state)
{
    static const struct {
        double usec;
        const char *text;
    } cases[] = {
        {0,        "0 µs"   },
        {850,      "850 µs" },
        {999.4,    "999 µs" },
        {999.6,    "1.00 ms" },
        {1234,     "1.23 ms" },
        {9994,     "9.99 ms" },
        {9996,     "10.0 ms" },
        {12340,    "12.3 ms" },
        {99940,    "99.9 ms" },
        {99960,    "100 ms"  },
        {999400,   "999 ms"  },
        {999600,   "1.00 s"  },
        {4560000,  "4.56 s"  },
        {45600000, "45.6 s"  },
        {456e6,    "456 s"   },
        {123456e6, "123456 s"},
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        duration_human(cases[i].usec, text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

static void timestamps(void **state)
{
    static const struct {
        int64_t ms;
        const char *text;
    } cases[] = {
        {0,             "1970-01-01T00:00:00.000Z"},
        {1700000000123, "2023-11-14T22:13:20.123Z"},
        {951782400000,  "2000-02-29T00:00:00.000Z"},
        {-1,            "1969-12-31T23:59:59.999Z"},
        {-1000,         "1969-12-31T23:59:59.000Z"},
    };
    char text[32];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        timestamp_iso(cases[i].ms, text);
        assert_string_equal(text, cases[i].text);
    }
}

static void times_of_day_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } good[] = {
        {"1970-01-01",           0            },
        {"2026-01-12",           1768176000000},
        {"2026-01-12T06:30",     1768199400000},
        {"2026-01-12T06:30Z",    1768199400000},
        {"2026-01-12T06:30:05",  1768199405000},
        {"2026-01-12T06:30:05Z", 1768199405000},
    };
    static const char *const bad[] = {"",           "tomorrow", "2026-13-01",
                                      "2026-02-30", "06:30",    "2026-01-12T06:30:05+01:00"};
    int64_t ms;

    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(wall_parse(good[i].text, &ms));
        assert_int_equal(ms, good[i].ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(wall_parse(bad[i], &ms));
}

static void clocks_move_forward(void **state)
{
    usec_t before = clock_now();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        usec_t now = clock_now();
        assert_true(now >= before);
        before = now;
    }
    assert_true(clock_wall_ms() > 1700000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations_are_read),
        cmocka_unit_test(durations_are_shown_with_three_digits),
        cmocka_unit_test(timestamps),
        cmocka_unit_test(times_of_day_are_read),
        cmocka_unit_test(clocks_move_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

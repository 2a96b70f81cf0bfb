/* What people write of a load: mixes, rates, shares, ramps, events. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "load/flags.h"

static void mixes(void **state)
{
    static const char *const wrong[] = {"",       "a=",  "a=0",  "=3",     "a=1,a=2",
                                        "a=1,,b", "a=x", "a=-1", "a=1 b=2"};
    struct error err;
    struct mix mix;

    (void)state;
    assert_true(mix_parse("compact_ev=3,electric_bus=1.5,van", "--mix", &mix, &err));
    assert_int_equal(mix.count, 3);
    assert_string_equal(mix.parts[1].name, "electric_bus");
    assert_float_equal(mix.parts[1].share, 1.5, 0);
    assert_float_equal(mix.parts[2].share, 1, 0);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(mix_parse(wrong[i], "--mix", &mix, &err));
    assert_non_null(strstr(err.text, "--mix a=1 b=2: not a mix"));
    assert_int_equal(err.code, ERROR_USAGE);
}

static void rates(void **state)
{
    static const struct {
        const char *text;
        double per_second;
    } right[] = {
        {"1000/s", 1000},
        {"60/min", 1   },
        {"36/h",   0.01},
        {"2k/s",   2000},
        {"5",      5   },
        {"0",      0   }
    };
    static const char *const wrong[] = {"", "/s", "-1", "1/x", "1/s ", "nan", "inf", "0x10", "1e3"};
    double rate;

    (void)state;
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        assert_true(rate_parse(right[i].text, &rate));
        assert_float_equal(rate, right[i].per_second, 1e-9);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(rate_parse(wrong[i], &rate));
    assert_true(share_parse("30%", &rate));
    assert_float_equal(rate, 0.3, 1e-9);
    assert_true(share_parse("1", &rate));
    assert_false(share_parse("101%", &rate));
    assert_false(share_parse("half", &rate));
}

static void ramps(void **state)
{
    static const char *const wrong[] = {"",        "x30s",    "0x30s",    "5x",
                                        "spread:", "wave:3s", "steps:30s"};
    struct load_ramp ramp;

    (void)state;
    assert_true(load_ramp_parse("90s", &ramp));
    assert_true(ramp.shape == LOAD_RAMP_LINEAR && ramp.time == 90 * USEC_PER_SEC);
    assert_true(load_ramp_parse("linear:1m", &ramp));
    assert_true(ramp.shape == LOAD_RAMP_LINEAR && ramp.time == 60 * USEC_PER_SEC);
    assert_true(load_ramp_parse("steps:5x30s", &ramp));
    assert_true(ramp.shape == LOAD_RAMP_STEPS && ramp.steps == 5 && ramp.time == 30 * USEC_PER_SEC);
    assert_true(load_ramp_parse("12x500ms", &ramp));
    assert_true(ramp.shape == LOAD_RAMP_STEPS && ramp.steps == 12);
    assert_true(load_ramp_parse("spread:2m", &ramp));
    assert_true(ramp.shape == LOAD_RAMP_SPREAD && ramp.time == 120 * USEC_PER_SEC);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)

        assert_false(load_ramp_parse(wrong[i], &ramp));
}

static void events(void **state)
{
    struct load_event e;

    (void)state;
    assert_true(load_event_parse(LOAD_EVENT_BURST, "5000/s:10s", &e));
    assert_float_equal(e.amount, 5000, 0);
    assert_int_equal(e.time, 10 * USEC_PER_SEC);
    assert_true(load_event_parse(LOAD_EVENT_STORM, "50%", &e));
    assert_float_equal(e.amount, 0.5, 1e-9);
    assert_true(load_event_parse(LOAD_EVENT_OUTAGE, "0.3:1m", &e));
    assert_int_equal(e.time, 60 * USEC_PER_SEC);
    assert_false(load_event_parse(LOAD_EVENT_STORM, "5000/s", &e));
    assert_false(load_event_parse(LOAD_EVENT_BURST, "5000/s:0s", &e));
    assert_false(load_event_parse(LOAD_EVENT_BURST, "5000/s:soon", &e));
    assert_false(load_event_parse(LOAD_EVENT_BURST, "", &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixes),
        cmocka_unit_test(rates),
        cmocka_unit_test(ramps),
        cmocka_unit_test(events),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

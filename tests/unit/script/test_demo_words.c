#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "script/demo_core.h"

static const struct loop at_zero = {.time_scale = 1};

static void expect_time(usec_t at, const char *expected)
{
    struct timeline *t = timeline_new("car", 3, &at_zero, NULL);
    struct scene_messages said;

    timeline_addf(t, at, TIMELINE_NOTE, "dropped");
    demo_words(t, &said);
    assert_int_equal(said.count, 1);
    assert_string_equal(said.message[0].time, expected);
    assert_string_equal(said.message[0].text, "dropped");
    timeline_free(t);
}

static void times_are_seconds_then_minutes(void **state)
{
    (void)state;
    expect_time(1500000, "1.50 s");
    expect_time(600 * USEC_PER_SEC, "10:00");
    expect_time(639 * USEC_PER_SEC, "10:39");
    expect_time(659 * USEC_PER_SEC + 900000, "10:59");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_seconds_then_minutes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

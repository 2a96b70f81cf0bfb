#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "render/first_frame.h"

static struct scene_journey journey(uint32_t number, bool changed, float actuator)
{
    return (struct scene_journey){
        .number = number, .sent_at = 1000000, .changed = changed, .actuator = actuator};
}

static void the_first_frame_with_the_change_counts(void **state)
{
    struct first_frame f = {0};
    struct scene_journey j = journey(1, false, 0);

    (void)state;
    assert_false(first_frame_shown(&f, &j, 1010000));
    j.changed = true;
    j.actuator = 300;
    assert_true(first_frame_shown(&f, &j, 1340000));
    assert_false(first_frame_shown(&f, &j, 1356000));
    assert_int_equal(f.number, 1);
    assert_float_equal(f.ms, 340, 0.01);
    assert_float_equal(f.actuator, 300, 0.01);
    assert_float_equal(first_frame_share(&f, false, 0.5), 40, 0.01);
    assert_float_equal(first_frame_share(&f, true, 0.5), 340, 0.01);
}

static void the_median_is_of_all_that_are_kept(void **state)
{
    struct first_frame f = {0};

    (void)state;
    assert_true(first_frame_share(&f, false, 0.5) < 0);
    assert_int_equal(first_frame_kept(&f), 0);
    for (uint32_t i = 1; i <= FIRST_FRAME_KEPT + 100; i++) {
        struct scene_journey j = journey(i, true, 0);
        assert_true(first_frame_shown(&f, &j, 1000000 + (i <= 100 ? 900000 : 1000 * (i % 3 + 1))));
    }
    assert_int_equal(f.count, FIRST_FRAME_KEPT + 100);
    assert_int_equal(first_frame_kept(&f), FIRST_FRAME_KEPT);
    assert_float_equal(first_frame_share(&f, false, 0.5), 2, 0.01);
    assert_float_equal(first_frame_share(&f, false, 1), 3, 0.01);
}

static void no_command_has_no_frame(void **state)
{
    struct first_frame f = {0};
    struct scene_journey none = journey(0, true, 0), later = journey(3, true, 0);

    (void)state;
    assert_false(first_frame_shown(&f, &none, 2000000));
    assert_false(first_frame_shown(&f, &later, 999999)); /* a clock that is not ours */
    assert_int_equal(f.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_frame_with_the_change_counts),
        cmocka_unit_test(the_median_is_of_all_that_are_kept),
        cmocka_unit_test(no_command_has_no_frame),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "render/motion.h"

static float spring_after(float seconds, int steps)
{
    float at = 0, velocity = 0;

    for (int i = 0; i < steps; i++)
        at = motion_spring(at, 1, &velocity, 1, seconds / (float)steps);
    return at;
}

static void it_arrives_gently_whatever_the_steps(void **state)
{
    (void)state;
    assert_true(spring_after(0.1F, 10) < 0.2F);
    assert_true(spring_after(1, 60) > 0.98F);
    assert_true(spring_after(1, 60) <= 1.0F);
    assert_float_equal(spring_after(0.5F, 7), spring_after(0.5F, 500), 0.001);
}

static void what_has_no_time_is_there_at_once(void **state)
{
    float velocity = 3;

    (void)state;
    assert_float_equal(motion_spring(0, 1, &velocity, 0, 0.01F), 1, 0);
    assert_float_equal(velocity, 0, 0);
}

static void a_door_opens_and_then_nothing_moves(void **state)
{
    struct motion m = {0};
    int frames = 0;

    (void)state;
    m.target.door[PICTURE_FRONT_LEFT] = 1;
    while (motion_step(&m, 1 / 60.0) && frames < 600)
        frames++;
    assert_in_range(frames, 20, 90);
    assert_float_equal(m.now.door[PICTURE_FRONT_LEFT], 1, 0);
    double phase = m.phase;
    assert_false(motion_step(&m, 1 / 60.0));
    assert_float_equal(m.phase, phase, 0);
}

static void what_blinks_never_rests(void **state)
{
    struct motion m = {0};

    (void)state;
    m.now.left = m.target.left = 1;
    for (int i = 0; i < 100; i++)
        assert_true(motion_step(&m, 0.1));
    assert_float_equal(m.phase, 10, 1e-6);
}

static void wheels_roll_as_far_as_the_car_drives(void **state)
{
    struct motion m = {0};

    (void)state;
    m.now.speed = m.target.speed = 10;
    for (int i = 0; i < 100; i++)
        motion_step(&m, 0.02);
    assert_float_equal(m.rolled, 20, 0.01);
}

static void values_stay_within_their_limits(void **state)
{
    struct car_picture p = {0};
    const struct picture_field *f = picture_field_find("sunroof");

    (void)state;
    picture_set(&p, f, 7);
    assert_float_equal(p.sunroof, 1, 0);
    picture_set(&p, f, -7);
    assert_float_equal(p.sunroof, -1, 0);
    picture_set(&p, f, NAN);
    assert_float_equal(p.sunroof, -1, 0);
    assert_null(picture_field_find("sun_roof"));
    assert_true(picture_field_count() <= MOTION_FIELDS_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_arrives_gently_whatever_the_steps),
        cmocka_unit_test(what_has_no_time_is_there_at_once),
        cmocka_unit_test(a_door_opens_and_then_nothing_moves),
        cmocka_unit_test(what_blinks_never_rests),
        cmocka_unit_test(wheels_roll_as_far_as_the_car_drives),
        cmocka_unit_test(values_stay_within_their_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

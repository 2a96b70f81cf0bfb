/* What is known of a scenario besides its verdict. */
#include "script/scenario_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void tags_and_parameters(void **state)
{
    struct scenario_record r = {0};
    struct scenario_record again = {0};

    (void)state;
    scenario_record_tag(&r, "smoke");
    scenario_record_tag(&r, "fast");
    scenario_record_tag(&r, "smoke");
    assert_int_equal(r.tag_count, 2);
    assert_true(scenario_record_has_tag(&r, "fast"));
    assert_false(scenario_record_has_tag(&r, "slow"));
    scenario_record_param(&r, "count", "5", true, SCENARIO_PARAM_DEFAULT);
    scenario_record_param(&r, "radio", "lte", false, SCENARIO_PARAM_CASE);
    scenario_record_param(&r, "count", "7", true, SCENARIO_PARAM_GIVEN);
    assert_int_equal(r.param_count, 2);
    assert_string_equal(scenario_record_find_param(&r, "count")->value, "7");
    assert_int_equal(r.params[0].origin, SCENARIO_PARAM_GIVEN);
    assert_null(scenario_record_find_param(&r, "model"));

    scenario_record_step(&r, NULL, "lock", 1);
    scenario_record_declare_as(&again, &r);
    scenario_record_done(&r);
    assert_int_equal(r.tag_count, 0);
    assert_int_equal(again.tag_count, 2);
    assert_string_equal(again.params[1].value, "lte");
    assert_null(again.first_step);
    scenario_record_done(&again);
}

static void expect_path(const struct scenario_step *step, const char *path)
{
    struct buf text;

    buf_init(&text, 1000);
    scenario_step_path(step, &text);
    assert_string_equal(buf_cstr(&text), path);
    buf_done(&text);
}

static void steps_nest_and_take_their_time(void **state)
{
    struct scenario_record r = {0};
    struct scenario_step *drive = scenario_record_step(&r, NULL, "drive", 100);
    struct scenario_step *brake = scenario_record_step(&r, drive, "brake", 150);

    (void)state;
    expect_path(brake, "drive › brake");
    assert_int_equal(brake->depth, 1);
    assert_true(scenario_step_within(brake, drive));
    assert_false(scenario_step_within(drive, brake));
    scenario_step_end(brake, SCENARIO_PASSED, NULL, NULL, 170);
    assert_int_equal(brake->took, 20);
    assert_ptr_equal(scenario_step_running(brake), drive);
    scenario_step_end(drive, SCENARIO_FAILED, "no road", "a.lua:3", 300);
    scenario_step_end(drive, SCENARIO_PASSED, NULL, NULL, 400);
    assert_int_equal(drive->verdict, SCENARIO_FAILED);
    assert_int_equal(drive->took, 200);
    assert_string_equal(drive->message, "no road");
    assert_null(scenario_step_running(brake));
    assert_ptr_equal(r.first_step, drive);
    assert_ptr_equal(drive->next, brake);
    assert_int_equal(brake->number, 2);
    scenario_record_begin(&r);
    assert_int_equal(r.step_count, 0);
    scenario_record_done(&r);
}

static void a_step_that_ends_cuts_off_what_runs_in_it(void **state)
{
    struct scenario_record r = {0};
    struct scenario_step *outer = scenario_record_step(&r, NULL, "outer", 0);
    struct scenario_step *other = scenario_record_step(&r, NULL, "other", 0);
    struct scenario_step *inner = scenario_record_step(&r, outer, "inner", 0);

    (void)state;
    scenario_step_end(outer, SCENARIO_PASSED, NULL, NULL, 5);
    assert_int_equal(inner->verdict, SCENARIO_SKIPPED);
    assert_int_equal(other->verdict, SCENARIO_RUNNING);
    scenario_record_end_steps(&r, NULL, SCENARIO_FAILED, "late", NULL, 9);
    assert_int_equal(other->verdict, SCENARIO_SKIPPED);
    assert_null(other->message);
    scenario_record_done(&r);
}

static void a_failure_is_told_by_the_steps_that_it_is_in(void **state)
{
    struct scenario_record r = {0};
    struct scenario_step *a = scenario_record_step(&r, NULL, "a", 0);
    struct scenario_step *b = scenario_record_step(&r, NULL, "b", 0);
    struct scenario_step *in = scenario_record_step(&r, b, "in", 0);

    (void)state;
    scenario_record_end_steps(&r, in, SCENARIO_ERRORED, "nil", "a.lua:1", 9);
    assert_int_equal(a->verdict, SCENARIO_SKIPPED);
    assert_int_equal(b->verdict, SCENARIO_ERRORED);
    assert_int_equal(in->verdict, SCENARIO_ERRORED);
    assert_string_equal(in->where, "a.lua:1");
    scenario_record_done(&r);
}

static void soft_failures_count_for_all_around_them(void **state)
{
    struct scenario_record r = {0};
    struct scenario_step *outer = scenario_record_step(&r, NULL, "outer", 0);
    struct scenario_step *good = scenario_record_step(&r, outer, "good", 0);
    struct scenario_step *bad = scenario_record_step(&r, outer, "bad", 0);

    (void)state;
    scenario_record_failure(&r.soft, "expected 1, saw 2", "a.lua:4", bad);
    scenario_record_failure(&r.soft, "expected 3, saw 4", "a.lua:5", NULL);
    scenario_step_end(good, SCENARIO_PASSED, NULL, NULL, 1);
    scenario_step_end(bad, SCENARIO_PASSED, NULL, NULL, 1);
    scenario_step_end(outer, SCENARIO_PASSED, NULL, NULL, 1);
    assert_int_equal(good->verdict, SCENARIO_PASSED);
    assert_int_equal(bad->verdict, SCENARIO_FAILED);
    assert_string_equal(bad->message, "1 soft expectation did not hold");
    assert_int_equal(outer->verdict, SCENARIO_FAILED);
    assert_int_equal(r.soft.count, 2);
    assert_ptr_equal(r.soft.first->step, bad);
    assert_string_equal(r.soft.last->where, "a.lua:5");
    scenario_record_done(&r);
}

static void verdicts_have_names(void **state)
{
    (void)state;
    assert_string_equal(scenario_verdict_name(SCENARIO_TODO), "todo");
    assert_string_equal(scenario_verdict_name(SCENARIO_VERDICT_COUNT), "?");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tags_and_parameters),
        cmocka_unit_test(steps_nest_and_take_their_time),
        cmocka_unit_test(a_step_that_ends_cuts_off_what_runs_in_it),
        cmocka_unit_test(a_failure_is_told_by_the_steps_that_it_is_in),
        cmocka_unit_test(soft_failures_count_for_all_around_them),
        cmocka_unit_test(verdicts_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "metrics/recorder.h"
#include "script/task_pace.h"

#define MS USEC_PER_MSEC

/* How long a turn may last that begins at `now`. */
static usec_t slice_at(struct task_pace *p, usec_t now)
{
    usec_t length = 0;

    task_pace_begin(p, now);
    while (!task_pace_is_over(p, now + length + 1))
        length++;
    return length;
}

static void who_keeps_up_has_a_short_turn(void **state)
{
    struct task_pace p = {0};

    (void)state;
    assert_int_equal(slice_at(&p, 1000 * MS), TASK_SLICE);
    task_pace_end(&p, 1001 * MS, false);
    /* Nobody was behind: what the loop did since is none of their time. */
    assert_int_equal(slice_at(&p, 2001 * MS), TASK_SLICE);
}

static void who_is_behind_has_as_long_as_all_else_took(void **state)
{
    struct task_pace p = {0};

    (void)state;
    task_pace_begin(&p, 1000 * MS);
    task_pace_end(&p, 1005 * MS, true);
    assert_int_equal(slice_at(&p, 1006 * MS), TASK_SLICE);
    task_pace_end(&p, 1011 * MS, true);
    assert_int_equal(slice_at(&p, 1031 * MS), 20 * MS);
    task_pace_end(&p, 1051 * MS, true);
    assert_int_equal(slice_at(&p, 3051 * MS), TASK_SLICE_MOST);
    task_pace_end(&p, 3101 * MS, false);
    assert_int_equal(slice_at(&p, 3141 * MS), TASK_SLICE);
}

static void lateness_is_from_due_to_run(void **state)
{
    struct recorder *rec = recorder_new();
    struct task_pace p = {.recorder = rec};

    (void)state;
    task_pace_ran(&p, 1000, 1700);
    task_pace_ran(&p, 2000, 1900); /* a timer that was a little early */
    const struct histogram *h = &recorder_stage(rec, "task.lateness")->total;
    assert_int_equal(histogram_total(h), 2);
    assert_int_equal(histogram_max(h), 700);
    task_pace_ran(&(struct task_pace){0}, 1, 2); /* nobody wants to know */
    recorder_free(rec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_keeps_up_has_a_short_turn),
        cmocka_unit_test(who_is_behind_has_as_long_as_all_else_took),
        cmocka_unit_test(lateness_is_from_due_to_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "fleet/trace.h"

static bool quiet(void *ctx)
{
    (void)ctx;
    return true;
}

static void on_tick(void *arg)
{
    struct loop *loop = arg;

    loop_stop(loop);
}

static void write_a_day(struct loop *loop, FILE *file)
{
    struct trace *t = trace_new(file, loop);
    struct slice nobody = slice_str("");
    struct loop_timer tick;

    trace_add(t, "CAR2", nobody, "2 first");
    trace_add(t, "CAR1", slice_str("b"), "1 seen by b");
    trace_add(t, "CAR1", slice_str("a"), "1 seen by a");
    trace_add(t, "CAR1", nobody, "1 first");
    trace_add(t, "CAR1", nobody, "1 second");
    loop_timer_init(&tick, loop, on_tick, loop);
    loop_timer_start_scaled(&tick, USEC_PER_SEC);
    loop_run(loop);
    trace_flush(t);
    trace_add(t, "CAR2", nobody, "2 later");
    trace_add(t, "CAR1", nobody, "1 later");
    trace_free(t);
}

static void expect(bool virtual_time, const char *expected)
{
    struct loop *loop = loop_new();
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);

    loop->time_scale = 1000;
    if (virtual_time)
        loop_make_virtual(loop, &(struct loop_virtual){.quiet = quiet});
    write_a_day(loop, file);
    fclose(file);
    assert_string_equal(text, expected);
    free(text);
    loop_free(loop);
}

static void in_virtual_time_an_instant_is_sorted_by_car(void **state)
{
    (void)state;
    expect(true, "1 first\n1 second\n1 seen by a\n1 seen by b\n2 first\n1 later\n2 later\n");
}

static void in_real_time_lines_are_written_as_they_come(void **state)
{
    (void)state;
    expect(false, "2 first\n1 seen by b\n1 seen by a\n1 first\n1 second\n2 later\n1 later\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_virtual_time_an_instant_is_sorted_by_car),
        cmocka_unit_test(in_real_time_lines_are_written_as_they_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

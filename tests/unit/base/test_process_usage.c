#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process_usage.h"

static void descriptors_and_memory_are_counted(void **state)
{
    struct process_usage before, after;
    size_t size = 64 << 20;

    (void)state;
    process_usage_read(&before);
    assert_true(before.descriptors >= 3 && before.descriptors <= before.descriptors_max);
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    char *memory = malloc(size);
    assert_non_null(memory);
    memset(memory, 1, size);
    process_usage_read(&after);
    assert_int_equal(after.descriptors, before.descriptors + 1);
    assert_true(after.resident >= before.resident + size / 2);
    free(memory);
    close(fd);
}

static void processor_time_goes_on(void **state)
{
    struct process_usage before, after;

    (void)state;
    process_usage_read_load(&before);
    do
        process_usage_read_load(&after);
    while (after.cpu < before.cpu + 5 * USEC_PER_MSEC);
    assert_int_equal(after.descriptors, 0);
}

static void another_process_is_seen_as_it_sees_itself(void **state)
{
    struct process_usage own, seen;
    const usec_t tick = 20 * USEC_PER_MSEC;

    (void)state;
    do
        process_usage_read_load(&own);
    while (own.cpu < 50 * USEC_PER_MSEC);
    assert_true(process_usage_read_of(getpid(), &seen));
    assert_true(seen.cpu + tick >= own.cpu && seen.cpu <= own.cpu + tick);
    assert_true(seen.resident > own.resident / 2 && seen.resident < own.resident * 2);
}

static void a_process_that_is_gone_takes_nothing(void **state)
{
    struct process_usage usage = {.cpu = 1, .resident = 1};
    pid_t pid = fork();

    (void)state;
    if (pid == 0)
        _exit(0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_false(process_usage_read_of(pid, &usage));
    assert_int_equal(usage.cpu + usage.resident, 0);
    assert_false(process_usage_read_of(0, &usage));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_and_memory_are_counted),
        cmocka_unit_test(processor_time_goes_on),
        cmocka_unit_test(another_process_is_seen_as_it_sees_itself),
        cmocka_unit_test(a_process_that_is_gone_takes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

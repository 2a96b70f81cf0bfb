#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_and_memory_are_counted),
        cmocka_unit_test(processor_time_goes_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What the machine does altogether. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/process_usage.h"
#include "load/machine.h"

/* Works for a while: at least that is seen, up to the kernel's ticks. */
static void work_is_seen(void **state)
{
    struct process_usage before, after;
    volatile uint64_t sum = 0;

    (void)state;
    usec_t busy = machine_busy();
    process_usage_read_load(&before);
    do {
        for (uint64_t i = 0; i < 1000000; i++)
            sum += i;
        process_usage_read_load(&after);
    } while (after.cpu - before.cpu < 300 * USEC_PER_MSEC);
    assert_true(machine_busy() - busy >= 200 * USEC_PER_MSEC);
    assert_true(machine_processors() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(work_is_seen)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Files that say how others are served badly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "artifacts/fault_file.h"

static void expect(const char *line, enum fault_kind kind, uint64_t number)
{
    struct fault fault = fault_read(slice_str(line));

    if (fault.kind != kind || (kind != FAULT_NONE && fault.number != number))
        fail_msg("%s", line);
}

static void test_lines(void **state)
{
    (void)state;
    expect("503", FAULT_STATUS, 503);
    expect("truncate 5000", FAULT_TRUNCATE, 5000);
    expect("stall 0", FAULT_STALL, 0);
    expect("ok", FAULT_NONE, 0);
    expect("", FAULT_NONE, 0);
    expect("200", FAULT_NONE, 0);
    expect("600", FAULT_NONE, 0);
    expect("404 or so", FAULT_NONE, 0);
    expect("0123456789012345678901234567890123456789012345678901234567890123456789", FAULT_NONE, 0);
}

static void test_each_is_taken_once(void **state)
{
    char path[] = "/tmp/fleetsim-faults-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(dprintf(fd, "503\nok\ntruncate 7"), 17);
    close(fd);
    assert_int_equal(fault_take(path).number, 503);
    assert_int_equal(fault_take(path).kind, FAULT_NONE);
    assert_int_equal(access(path, F_OK), 0);
    struct fault last = fault_take(path);
    assert_int_equal(last.kind, FAULT_TRUNCATE);
    assert_int_equal(last.number, 7);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(fault_take(path).kind, FAULT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_each_is_taken_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

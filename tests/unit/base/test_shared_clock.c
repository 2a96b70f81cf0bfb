#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/shared_clock.h"

static void what_one_sets_the_other_reads(void **state)
{
    char path[] = "/tmp/fleetsim-test-clock-XXXXXX";
    struct shared_clock ours, theirs;
    struct error err;
    struct stat st;

    (void)state;
    close(mkstemp(path));
    assert_true(shared_clock_create(&ours, path, 1767571200000, &err));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_true(shared_clock_open(&theirs, path, &err));
    assert_int_equal(*theirs.wall_ms, 1767571200000);
    *ours.wall_ms = -5;
    assert_int_equal(*theirs.wall_ms, -5);
    shared_clock_close(&theirs);
    shared_clock_close(&theirs);
    shared_clock_close(&ours);
    unlink(path);
}

static void a_file_that_is_none_is_refused(void **state)
{
    char path[] = "/tmp/fleetsim-test-clock-XXXXXX";
    struct shared_clock c;
    struct error err;

    (void)state;
    close(mkstemp(path));
    assert_false(shared_clock_open(&c, path, &err));
    assert_non_null(strstr(err.text, "too short for a clock"));
    unlink(path);
    assert_false(shared_clock_open(&c, path, &err));
    assert_null(c.wall_ms);
    assert_false(shared_clock_create(&c, "/nonexistent/clock", 0, &err));
    assert_non_null(strstr(err.text, "may it be written"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_sets_the_other_reads),
        cmocka_unit_test(a_file_that_is_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/json.h"
#include "report/failure_log.h"
#include "report/failure_set.h"

static cJSON *failure(const char *name)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddStringToObject(object, "scenario", name);
    return object;
}

/* What was added is on the disk at once, one object a line. */
static void each_is_kept_at_once(void **state)
{
    char dir[] = "/tmp/failures-XXXXXX", path[64];
    struct failure_set set;
    struct error err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/failures.jsonl", dir);
    struct failure_log *log = failure_log_new(path);
    assert_int_equal(access(path, F_OK), -1);
    for (int i = 0; i < FAILURES_IN_FULL; i++) {
        assert_true(failure_log_has_room(log));
        failure_log_add(log, failure("two\nlines \xc3\xa4"));
    }
    assert_false(failure_log_has_room(log));
    failure_log_add(log, failure("bytes \xff\xc3\xa4\xc3"));
    assert_true(failure_log_check(log, &err));
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    failure_set_read(&set, file);
    fclose(file);
    assert_int_equal(set.count, FAILURES_IN_FULL + 1);
    assert_int_equal(set.bad_lines, 0);
    assert_string_equal(json_str(set.failures[0], "scenario", ""), "two\nlines \xc3\xa4");
    assert_string_equal(json_str(set.failures[FAILURES_IN_FULL], "scenario", ""),
                        "bytes ?\xc3\xa4?");
    failure_set_done(&set);
    failure_log_free(log);
    unlink(path);
    rmdir(dir);
}

static void trouble_is_told_once(void **state)
{
    struct failure_log *log = failure_log_new("/nowhere/at/all/failures.jsonl");
    struct error err;

    (void)state;
    assert_true(failure_log_check(NULL, &err));
    assert_true(failure_log_check(log, &err));
    failure_log_add(log, failure("a"));
    failure_log_add(log, failure("b"));
    assert_false(failure_log_check(log, &err));
    assert_non_null(strstr(err.text, "/nowhere/at/all/failures.jsonl: cannot write it"));
    assert_true(failure_log_check(log, &err));
    failure_log_free(log);
    failure_log_free(NULL);
}

/* What is no object is counted, and the rest is read. */
static void bad_lines_are_counted(void **state)
{
    static const char text[] = "{\"scenario\":\"a\"}\r\n\n[1]\n{\"half\":\nnull\n\"\xff\"\n"
                               "{\"scenario\":\"b\"}";
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    struct failure_set set;

    (void)state;
    failure_set_read(&set, file);
    fclose(file);
    assert_int_equal(set.count, 2);
    assert_int_equal(set.bad_lines, 4);
    assert_string_equal(json_str(set.failures[1], "scenario", ""), "b");
    failure_set_done(&set);
    failure_set_done(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_kept_at_once),
        cmocka_unit_test(trouble_is_told_once),
        cmocka_unit_test(bad_lines_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

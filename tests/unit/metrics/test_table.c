#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "metrics/table.h"

static void assert_table(const struct recorder *rec, bool colour, const char *expected)
{
    struct buf out;

    buf_init(&out, 65536);
    assert_true(table_write(rec, colour, &out));
    assert_string_equal(buf_cstr(&out), expected);
    buf_done(&out);
}

static void columns_line_up(void **state)
{
    (void)state;
    struct recorder *rec = recorder_new();

    for (int i = 0; i < 990; i++)
        recorder_value(rec, "command.total", 850);
    for (int i = 0; i < 10; i++)
        recorder_value(rec, "command.total", 4560000);
    recorder_value(rec, "command.total/unlock", 5);
    recorder_value(rec, "loop.lag", 12345);
    recorder_count(rec, "messages.sent", 1234567);
    recorder_count(rec, "commands.sent", 1000);
    recorder_count(rec, "connect.lost", 0);
    assert_table(rec, false,
                 "  stage             count       p50       p90       p99     p99.9       max\n"
                 "  command.total      1000    850 µs    850 µs    850 µs    4.56 s    4.56 s\n"
                 "  loop.lag              1   12.3 ms   12.3 ms   12.3 ms   12.3 ms   12.3 ms\n"
                 "\n"
                 "  counter           total\n"
                 "  commands.sent      1000\n"
                 "  messages.sent   1234567\n");
    recorder_free(rec);
}

static void kinds_are_shown_when_there_are_two(void **state)
{
    (void)state;
    struct recorder *rec = recorder_new();

    recorder_value(rec, "command.total/lock", 5);
    recorder_value(rec, "command.total/unlock", 6);
    assert_table(
        rec, false,
        "  stage                    count       p50       p90       p99     p99.9       max\n"
        "  command.total/lock           1      5 µs      5 µs      5 µs      5 µs      5 µs\n"
        "  command.total/unlock         1      6 µs      6 µs      6 µs      6 µs      6 µs\n");
    recorder_free(rec);
}

static void nothing_measured_prints_nothing(void **state)
{
    (void)state;
    struct recorder *rec = recorder_new();

    assert_table(rec, true, "");
    recorder_free(rec);
}

static void trouble_is_red_only_when_asked(void **state)
{
    (void)state;
    struct recorder *rec = recorder_new();

    recorder_count_by(rec, "connect.failed", "tls", 2);
    assert_table(rec, true,
                 "\x1b[1m  counter                total\x1b[0m\n"
                 "\x1b[31m  connect.failed             2\x1b[0m\n"
                 "\x1b[31m  connect.failed.tls         2\x1b[0m\n");
    assert_table(rec, false,
                 "  counter                total\n"
                 "  connect.failed             2\n"
                 "  connect.failed.tls         2\n");
    recorder_free(rec);
}

static void names_cannot_steer_the_terminal(void **state)
{
    (void)state;
    struct recorder *rec = recorder_new();

    recorder_count(rec,
                   "a\x1b[2J\n\xc2\x9b"
                   "2Jb",
                   1);
    recorder_count(rec,
                   "stra\xc3\x9f"
                   "e",
                   1);
    assert_table(rec, false,
                 "  counter        total\n"
                 "  a?[2J??2Jb         1\n"
                 "  stra\xc3\x9f"
                 "e             1\n");
    recorder_free(rec);
}

static void a_full_output_is_told(void **state)
{
    (void)state;
    struct recorder *rec = recorder_new();
    struct buf out;

    recorder_count(rec, "a", 1);
    buf_init(&out, 10);
    assert_false(table_write(rec, false, &out));
    buf_done(&out);
    recorder_free(rec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_line_up),
        cmocka_unit_test(kinds_are_shown_when_there_are_two),
        cmocka_unit_test(nothing_measured_prints_nothing),
        cmocka_unit_test(trouble_is_red_only_when_asked),
        cmocka_unit_test(names_cannot_steer_the_terminal),
        cmocka_unit_test(a_full_output_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/series.h"

static const struct series_channel_head channels[] = {
    {"battery.state_of_charge", "percent", SERIES_NUMBER },
    {"charging.plugged",        NULL,      SERIES_BOOLEAN},
    {"link",                    NULL,      SERIES_TEXT   },
};

static const struct series_head head = {.name = "\"<b>\" \xff",
                                        .car = "VIN",
                                        .model = "m",
                                        .scenario = "s",
                                        .start_ms = 1768201200000,
                                        .channels = channels,
                                        .channel_count = 3};

static void add(struct series_writer *w, unsigned seconds, double charge, bool plugged,
                const char *link)
{
    const struct series_value values[] = {{.number = charge}, {.boolean = plugged}, {.text = link}};

    series_add(w, seconds * USEC_PER_SEC, values);
}

static void read_file(const char *path, struct series_set *set)
{
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    series_set_read(set, file);
    fclose(file);
}

static void test_round_trip(void **state)
{
    char dir[] = "/tmp/series-XXXXXX", path[64];
    struct series_set set;
    struct error err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/series.jsonl", dir);
    struct series_log *log = series_log_new(path);
    assert_int_equal(access(path, F_OK), -1);
    assert_true(series_log_flush(log, &err));
    struct series_writer *w = series_begin(log, &head);
    add(w, 0, 70, false, "online");
    add(w, 60, 70, false, "online");
    add(w, 120, 70, false, "online");
    add(w, 180, 69.5, true, "asleep");
    add(w, 240, (double)NAN, true, NULL);
    add(w, 300, (double)NAN, true, NULL);
    struct series_writer *other = series_begin(log, &head);
    series_end(w);
    add(other, 1, 1, false, "x");
    series_log_free(log); /* ends the other */
    read_file(path, &set);
    assert_int_equal(set.count, 2);
    assert_int_equal(set.bad_lines, 0);
    const struct series *s = &set.series[0];
    static const double t[] = {0, 120, 180, 240, 300};
    assert_int_equal(s->rows, 5);
    for (size_t i = 0; i < 5; i++)
        assert_true(s->t[i] == t[i]);
    assert_true(s->start_ms == 1768201200000);
    assert_string_equal(s->car, "VIN");
    assert_string_equal(s->channels[0].unit, "percent");
    assert_null(s->channels[1].unit);
    assert_true(s->channels[0].values[1] == 70 && s->channels[0].values[2] == 69.5);
    assert_true(isnan(s->channels[0].values[3]));
    assert_true(s->channels[1].values[1] == 0 && s->channels[1].values[2] == 1);
    assert_int_equal(s->channels[2].text_count, 2);
    assert_string_equal(s->channels[2].texts[(int)s->channels[2].values[2]], "asleep");
    assert_true(isnan(s->channels[2].values[4]));
    assert_int_equal(set.series[1].rows, 1);
    series_set_done(&set);
    unlink(path);
    rmdir(dir);
}

static void test_any_file_is_survived(void **state)
{
    static const char text[] = "{\"series\":1,\"start\":\"x\",\"signals\":[{\"path\":7},{}]}\n"
                               "{\"series\":1,\"t\":5,\"v\":[1,2,3,4]}\n"
                               "{\"series\":1,\"t\":4,\"v\":[1]}\n" /* back in time */
                               "{\"series\":1,\"t\":6,\"v\":[]}\n"  /* nothing known */
                               "{\"series\":2,\"t\":6,\"v\":[]}\n"  /* of no series */
                               "{\"series\":-1e300,\"signals\":[]}\n"
                               "{\"series\":1,\"t\":1e300,\"v\":[]}\n"
                               "{\"series\":\"1\"}\nnull\n\n[[[[[[[[[[[]]]]]]]]]]]\n\xff\n"
                               "{\"series\":1,\"t\":7,\"v\":[1,"; /* killed */
    FILE *file = fmemopen((void *)(uintptr_t)text, sizeof text - 1, "r");
    struct series_set set;

    (void)state;
    series_set_read(&set, file);
    fclose(file);
    assert_int_equal(set.count, 1);
    assert_int_equal(set.series[0].rows, 2);
    assert_int_equal(set.series[0].start_ms, 0);
    assert_int_equal(set.bad_lines, 10);
    series_set_done(&set);
}

static void test_trouble_is_told_once(void **state)
{
    struct series_log *log = series_log_new("/nonexistent/series.jsonl");
    struct error err;

    (void)state;
    struct series_writer *w = series_begin(log, &head);
    add(w, 0, 1, false, "x");
    assert_false(series_log_flush(log, &err));
    assert_non_null(strstr(err.text, "/nonexistent/series.jsonl: cannot write it"));
    assert_true(series_log_flush(log, &err));
    series_end(w);
    series_log_free(log);
    series_log_free(NULL);
    assert_true(series_log_flush(NULL, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_any_file_is_survived),
        cmocka_unit_test(test_trouble_is_told_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

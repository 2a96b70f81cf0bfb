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

#include "base/error.h"
#include "metrics/recorder.h"
#include "report/fleet_log.h"
#include "report/fleet_table.h"

/* Moments of lines, by the test's own clock. */
#define BEGAN   (100 * USEC_PER_SEC)
#define AT(n)   (BEGAN + USEC_PER_SEC + (n)*60 * USEC_PER_MSEC)
#define AT_ONCE (10 * USEC_PER_MSEC)

/* A log of its own; its path. */
static struct fleet_log *log_in(char path[static 64], struct recorder *rec)
{
    int fd;

    strcpy(path, "/tmp/fleet-log-XXXXXX");
    fd = mkstemp(path);
    assert_true(fd >= 0);
    close(fd);
    unlink(path);
    return fleet_log_new(path, rec, BEGAN);
}

static void read_back(const char *path, struct fleet_table *table)
{
    FILE *file = fopen(path, "r");

    assert_non_null(file);
    fleet_table_read(table, file);
    fclose(file);
    unlink(path);
}

static double value_of(const struct fleet_table *table, const char *name, size_t row)
{
    const double *column = fleet_table_column(table, name);

    if (column == NULL)
        fail_msg("no column %s", name);
    return column[row];
}

#define assert_value(expected, table, name, row)                                                   \
    assert_int_equal((int)round((expected)*1000), (int)round(value_of(table, name, row) * 1000))

/* What is written is read back: states, what happened since the last line, errors by reason. */
static void test_lines(void **state)
{
    struct recorder *rec = recorder_new();
    struct fleet_cars cars = {
        .vehicles = 5, .by_state = {0, 1, 2, 0, 2, 0}
    };
    struct fleet_table table;
    char path[64];

    (void)state;
    struct fleet_log *log = log_in(path, rec);
    recorder_count(rec, "messages.sent", 7);
    recorder_count_by(rec, "connect.failed", "tls, or=so;", 2);
    recorder_count(rec, "commands.lost", 1);
    recorder_value(rec, "loop.lag", 1000);
    recorder_value(rec, "loop.lag", 3000);
    fleet_log_add(log, &cars, AT(0));
    fleet_log_add(log, &cars, AT(0) + AT_ONCE); /* nothing to say */
    recorder_count(rec, "messages.sent", 3);
    recorder_count(rec, "commands.lost", 4);
    recorder_count(rec, "messages.received", 1); /* no trouble */
    fleet_log_end(log, AT(1));                   /* the cars as they were */
    struct error err;
    assert_true(fleet_log_check(log, &err));
    fleet_log_free(log);
    recorder_free(rec);
    read_back(path, &table);
    assert_int_equal(table.rows, 2);
    assert_int_equal(table.bad_lines, 0);
    assert_value(5, &table, "vehicles", 0);
    assert_value(1, &table, "asleep", 0);
    assert_value(2, &table, "connecting", 1);
    assert_value(2, &table, "online", 1);
    assert_value(7, &table, "messages_sent", 0);
    assert_value(3, &table, "messages_sent", 1);
    assert_value(2, &table, "connects_failed", 0);
    assert_value(3, &table, "loop_lag_max_ms", 0);
    assert_true(isnan(value_of(&table, "command_p99_ms", 0)));
    assert_true(value_of(&table, "memory_mib", 0) > 1);
    assert_value(1, &table, "seconds", 0);
    assert_value(1, &table, "interval", 0);
    assert_value(1.06, &table, "seconds", 1);
    assert_value(0.06, &table, "interval", 1);
    assert_int_equal(table.error_count, 2);
    assert_string_equal(table.errors[0].name, "commands.lost");
    assert_int_equal(table.errors[0].count, 2);
    assert_int_equal((int)table.errors[0].total, 5);
    assert_int_equal(table.errors[0].at[1].row, 1);
    assert_string_equal(table.errors[1].name, "connect.failed.tls__or_so_");
    fleet_table_done(&table);
}

/* The measurement begins between two lines: what the counters had counted is not lost, nor told
   twice. */
static void test_begins_anew(void **state)
{
    struct recorder *rec = recorder_new();
    struct fleet_cars cars = {.vehicles = 5};
    struct fleet_table table;
    char path[64];

    (void)state;
    recorder_warm_up(rec);
    struct fleet_log *log = log_in(path, rec);
    recorder_count(rec, "messages.sent", 7);
    recorder_count(rec, "connect.succeeded", 3); /* outlives the warm-up */
    fleet_log_add(log, &cars, AT(0));
    recorder_count(rec, "messages.sent", 5);
    recorder_count(rec, "connect.succeeded", 1);
    recorder_start_anew(rec, AT(1));
    recorder_count(rec, "messages.sent", 9);
    recorder_count(rec, "connect.succeeded", 1);
    cars.broker = (struct process_usage){.cpu = 70000, .resident = 25 << 20};
    fleet_log_add(log, &cars, AT(1));
    cars.broker.cpu += 30000;
    fleet_log_add(log, &cars, AT(2));
    fleet_log_free(log);
    recorder_start_anew(rec, AT(1)); /* nobody listens any more */
    recorder_free(rec);
    read_back(path, &table);
    assert_int_equal(table.rows, 3);
    assert_value(14, &table, "messages_sent", 1);
    assert_value(2, &table, "connects_succeeded", 1);
    assert_value(0, &table, "messages_sent", 2);
    /* Of a broker that is older than the run only what it took since is known. */
    assert_true(isnan(value_of(&table, "broker_cpu_percent", 1)));
    assert_value(50, &table, "broker_cpu_percent", 2); /* 30 ms of 60 */
    assert_value(25, &table, "broker_memory_mib", 2);
    fleet_table_done(&table);
}

/* Each step of a search begins anew, connects included, long after the warm-up. */
static void test_begins_anew_once_more(void **state)
{
    struct recorder *rec = recorder_new();
    struct fleet_cars cars = {.vehicles = 5};
    struct fleet_table table;
    char path[64];

    (void)state;
    struct fleet_log *log = log_in(path, rec);
    recorder_count(rec, "messages.sent", 7);
    recorder_count(rec, "connect.succeeded", 3);
    fleet_log_add(log, &cars, AT(0));
    recorder_start_all_anew(rec, AT(1));
    recorder_count(rec, "messages.sent", 9);
    recorder_count(rec, "connect.succeeded", 4);
    fleet_log_add(log, &cars, AT(1));
    fleet_log_free(log);
    recorder_free(rec);
    read_back(path, &table);
    assert_int_equal(table.rows, 2);
    assert_value(9, &table, "messages_sent", 1);
    assert_value(4, &table, "connects_succeeded", 1);
    fleet_table_done(&table);
}

/* A car alone is no fleet. */
static void test_one_car(void **state)
{
    struct recorder *rec = recorder_new();
    char path[64];

    (void)state;
    struct fleet_log *log = log_in(path, rec);
    fleet_log_add(log, &(struct fleet_cars){.vehicles = 1}, AT(0));
    fleet_log_end(log, AT(1));
    fleet_log_free(log);
    recorder_free(rec);
    assert_int_equal(access(path, F_OK), -1);
    fleet_log_add(NULL, &(struct fleet_cars){0}, AT(0));
    fleet_log_end(NULL, AT(0));
    fleet_log_free(NULL);
}

/* Trouble is told once, and is no more than that. */
static void test_trouble(void **state)
{
    struct recorder *rec = recorder_new();
    struct fleet_log *log = fleet_log_new("/nonexistent/timeline.csv", rec, 0);
    struct error err;

    (void)state;
    assert_true(fleet_log_check(log, &err));
    fleet_log_add(log, &(struct fleet_cars){.vehicles = 2}, AT(0));
    assert_false(fleet_log_check(log, &err));
    assert_non_null(strstr(err.text, "/nonexistent/timeline.csv"));
    fleet_log_add(log, &(struct fleet_cars){.vehicles = 2}, AT(1));
    assert_true(fleet_log_check(log, &err));
    fleet_log_free(log);
    recorder_free(rec);
}

static void read_text(const char *text, struct fleet_table *table)
{
    FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

    fleet_table_read(table, file);
    fclose(file);
}

/* Columns in any order, lines that are none, and a last one that a killed run has begun. */
static void test_any_file(void **state)
{
    struct fleet_table table;

    (void)state;
    read_text("seconds,new,online,errors\n"
              "1,x,5,a=2;b=;=3;c=-1;a=1\n"
              "nonsense\n"
              "0.5,1,5,\n" /* before the last */
              "2,7,6,a=1,\n"
              "3,1e9,inf,b=1;;\r\n"
              "4,1,1,",
              &table);
    assert_int_equal(table.rows, 2);
    assert_int_equal(table.bad_lines, 4);
    assert_true(isnan(fleet_table_column(&table, "new")[0]));
    assert_true(isnan(fleet_table_column(&table, "online")[1]));
    assert_int_equal((int)fleet_table_max(&table, "online"), 5);
    assert_int_equal((int)fleet_table_max(&table, "nothing"), 0);
    assert_int_equal(table.error_count, 2);
    assert_int_equal((int)table.errors[0].total, 3);
    fleet_table_done(&table);
    read_text("\n\n", &table);
    assert_int_equal(table.rows, 0);
    assert_null(fleet_table_column(&table, "seconds"));
    fleet_table_done(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_begins_anew),
        cmocka_unit_test(test_begins_anew_once_more),
        cmocka_unit_test(test_one_car),
        cmocka_unit_test(test_trouble),
        cmocka_unit_test(test_any_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/timeunit.h"
#include "cli/shard.h"

static const char *const variables[] = {
    "JOB_COMPLETION_INDEX", "FLEETSIM_SHARD_COUNT", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE",
    "SLURM_PROCID",         "SLURM_STEP_NUM_TASKS", "SLURM_STEP_ID",
};

static int forget(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++)
        unsetenv(variables[i]);
    return 0;
}

static struct shard choose(const char *option)
{
    struct shard shard;
    struct error err = {0};

    if (!shard_choose(option, &shard, &err))
        fail_msg("%s", err.text);
    return shard;
}

static void assert_refused(const char *option, const char *why)
{
    struct shard shard;
    struct error err = {0};

    assert_false(shard_choose(option, &shard, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    if (strstr(err.text, why) == NULL)
        fail_msg("expected %s, saw %s", why, err.text);
}

static void reads_the_option(void **state)
{
    (void)state;
    struct shard s = choose("2/8");

    assert_int_equal(s.index, 2);
    assert_int_equal(s.count, 8);
    assert_int_equal(choose(NULL).count, 0);
    assert_int_equal(choose("0/1").count, 0);
    assert_refused("8/8", "of 8 there are 0/8 to 7/8");
    assert_refused("1", "not a shard (as 2/8");
    assert_refused("/", "not a shard");
    assert_refused("1/", "not a shard");
    assert_refused("-1/4", "not a shard");
    assert_refused("0/0", "no such shard");
    assert_refused("1/99999999", "no such shard");
    assert_refused("123456789012345678901234567890/4", "not a shard");
}

static void reads_the_environment_of_launchers(void **state)
{
    (void)state;
    struct shard s;

    setenv("SLURM_PROCID", "3", 1); /* of a batch script: no task */
    assert_int_equal(choose(NULL).count, 0);
    setenv("SLURM_STEP_ID", "0", 1);
    setenv("SLURM_STEP_NUM_TASKS", "4", 1);
    s = choose(NULL);
    assert_int_equal(s.index, 3);
    assert_int_equal(s.count, 4);
    assert_string_equal(s.source, "Slurm");
    setenv("OMPI_COMM_WORLD_RANK", "5", 1); /* which Slurm has started */
    setenv("OMPI_COMM_WORLD_SIZE", "6", 1);
    s = choose(NULL);
    assert_int_equal(s.index, 5);
    assert_string_equal(s.source, "Open MPI");
    setenv("JOB_COMPLETION_INDEX", "0", 1);
    assert_refused(NULL, "JOB_COMPLETION_INDEX=0, but FLEETSIM_SHARD_COUNT does not say");
    setenv("FLEETSIM_SHARD_COUNT", "2", 1);
    s = choose(NULL);
    assert_int_equal(s.count, 2);
    assert_string_equal(s.source, "Kubernetes");
    setenv("JOB_COMPLETION_INDEX", "2", 1);
    assert_refused(NULL, "JOB_COMPLETION_INDEX=2, FLEETSIM_SHARD_COUNT=2: no such shard");
    assert_int_equal(choose("0/1").count, 0);
    assert_int_equal(choose("1/3").count, 3);
}

static void each_car_is_in_one_shard(void **state)
{
    (void)state;
    static const uint64_t totals[] = {0, 1, 3, 7, 10000, 999999};

    for (size_t t = 0; t < sizeof totals / sizeof *totals; t++)
        for (uint32_t count = 1; count <= 9; count++) {
            uint64_t next = 0, least = UINT64_MAX, most = 0;
            for (uint32_t i = 0; i < count; i++) {
                struct shard s = {.index = i, .count = count};
                uint64_t first, cars;
                shard_slice(&s, totals[t], &first, &cars);
                assert_int_equal(first, next);
                next = first + cars;
                least = cars < least ? cars : least;
                most = cars > most ? cars : most;
            }
            assert_int_equal(next, totals[t]);
            assert_true(most - least <= 1);
        }
    struct shard whole = {0};
    uint64_t first, cars;
    shard_slice(&whole, 50, &first, &cars);
    assert_int_equal(first, 0);
    assert_int_equal(cars, 50);
}

static void reads_when_to_start(void **state)
{
    (void)state;
    struct error err = {0};
    int64_t ms;

    assert_true(start_at_parse("2026-11-29T06:30:00Z", &ms, &err));
    assert_true(ms == INT64_C(1795933800000));
    assert_true(start_at_parse("1795933800.25", &ms, &err));
    assert_true(ms == INT64_C(1795933800250));
    assert_false(start_at_parse("soon", &ms, &err));
    assert_false(start_at_parse("", &ms, &err));
    assert_true(start_at_wait(clock_wall_ms() + 20, &err));
    assert_false(start_at_wait(clock_wall_ms() - 15000, &err));
    assert_non_null(strstr(err.text, "that was 15.0 s ago"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(reads_the_option, forget, forget),
        cmocka_unit_test_setup_teardown(reads_the_environment_of_launchers, forget, forget),
        cmocka_unit_test(each_car_is_in_one_shard),
        cmocka_unit_test(reads_when_to_start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

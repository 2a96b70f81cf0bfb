#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "base/json.h"
#include "base/rng.h"
#include "made_run.h"
#include "results/bootstrap.h"
#include "results/compare.h"

static int make(void **state)
{
    *state = made_root();
    return *state == NULL;
}

static int unmake(void **state)
{
    made_remove(*state);
    return 0;
}

/* Sum of twelve: as good as normal, mean 0, deviation 1. */
static double normal(struct rng *rng)
{
    double sum = -6;

    for (int i = 0; i < 12; i++)
        sum += rng_unit(rng);
    return sum;
}

/* Latencies around 100 ms whose level wanders from second to second, as those of real systems. */
static void write_run(const char *root, const char *name, uint64_t seed, double factor, int seconds)
{
    struct made_run m;
    struct rng rng;
    double level = 0;

    rng_init(&rng, seed, 0);
    made_begin(&m, root, name, 0);
    for (int second = 0; second < seconds; second++) {
        level = 0.7 * level + 0.05 * normal(&rng);
        for (int i = 0; i < 200; i++) {
            double value = 100000 * exp(level + 0.2 * normal(&rng));
            recorder_value(m.rec, "command.total", (usec_t)(value * factor));
            recorder_value(m.rec, "loop.lag", (usec_t)(value * factor * factor));
        }
        recorder_count(m.rec, "connect.succeeded", 100);
        recorder_count(m.rec, "connect.failed", factor > 1.2 ? 5 : 1);
        made_second(&m);
    }
    made_end(&m);
    made_done(&m);
}

static struct comparison *compare(const char *root, const char *a, const char *b, struct error *err)
{
    char *first = xasprintf("%s/%s", root, a), *second = xasprintf("%s/%s", root, b);
    struct comparison *c = compare_runs(
        first, second, &(struct compare_options){.tolerance = 0.01, .confidence = 0.95}, err);

    free(first);
    free(second);
    return c;
}

static enum compare_change change_of(const struct comparison *c, const char *stage,
                                     const char *statistic)
{
    for (size_t i = 0; i < c->stage_count; i++)
        if (strcmp(c->stages[i].stage, stage) == 0 &&
            strcmp(c->stages[i].statistic, statistic) == 0)
            return c->stages[i].change;
    fail_msg("%s %s is not compared", stage, statistic);
    return COMPARE_UNKNOWN;
}

static void the_error_is_what_theory_says(void **state)
{
    (void)state;
    struct bootstrap *b = bootstrap_new();
    struct histogram h;
    struct rng rng;
    double percents[] = {50}, error;

    /* Uniform from 10 to 20 ms, seconds independent: the median's error is half the width over the
       root of the number of samples. */
    rng_init(&rng, 3, 0);
    histogram_init(&h);
    for (uint64_t second = 0; second < 200; second++) {
        histogram_clear(&h);
        for (int i = 0; i < 50; i++)
            histogram_record(&h, 10000 + rng_below(&rng, 10000));
        bootstrap_add(b, second, &h);
    }
    assert_int_equal(bootstrap_intervals(b), 200);
    bootstrap_errors(b, percents, 1, 1, &error);
    double theory = 10000 * 0.5 / sqrt(200 * 50);
    if (error < theory * 0.7 || error > theory * 1.4)
        fail_msg("expected about %g, saw %g", theory, error);
    histogram_done(&h);
    bootstrap_free(b);
}

static void noise_is_no_change(void **state)
{
    const char *root = *state;
    struct error err = {0};
    unsigned told = 0;

    for (uint64_t seed = 1; seed <= 40; seed++) {
        write_run(root, "a", 100 + seed, 1, 60);
        write_run(root, "b", seed, 1, 60);
        struct comparison *c = compare(root, "a", "b", &err);
        assert_non_null(c);
        told += c->worse + c->better > 0;
        comparison_free(c);
    }
    /* 5 % of 40 are two; seconds that hang together make it a little more. */
    if (told > 4)
        fail_msg("%u of 40 runs of the same were told as changed", told);
}

static void a_change_is_told(void **state)
{
    const char *root = *state;
    struct error err = {0};

    write_run(root, "a", 1, 1, 60);
    write_run(root, "b", 2, 1.25, 60);
    struct comparison *c = compare(root, "a", "b", &err);
    assert_int_equal(change_of(c, "command.total", "p50"), COMPARE_WORSE);
    assert_int_equal(change_of(c, "command.total", "p99"), COMPARE_WORSE);
    assert_int_equal(change_of(c, "loop.lag", "p50"), COMPARE_WORSE);
    assert_int_equal(c->count_count, 1);
    assert_int_equal(c->counts[0].change, COMPARE_WORSE);
    assert_int_equal(c->worse, 3); /* the loop's lag is the simulator's own */
    struct buf out;
    buf_init(&out, 1 << 20);
    comparison_write(c, false, false, &out);
    assert_non_null(strstr(buf_cstr(&out), "command.total p50"));
    assert_non_null(strstr(buf_cstr(&out), "WORSE (of the simulator itself)"));
    assert_non_null(strstr(buf_cstr(&out), "3 worse, 0 better, of 5 compared"));
    buf_done(&out);
    cJSON *json = comparison_json(c);
    assert_int_equal(json_num(json, "worse", 0), 3);
    assert_string_equal(json_str(cJSON_GetArrayItem(json_get(json, "counters"), 0), "change", ""),
                        "worse");
    cJSON_Delete(json);
    comparison_free(c);
    c = compare(root, "b", "a", &err);
    assert_int_equal(change_of(c, "command.total", "p50"), COMPARE_BETTER);
    assert_int_equal(c->worse, 0);
    assert_int_equal(c->better, 3);
    comparison_free(c);
}

static void what_is_too_short_is_not_judged(void **state)
{
    const char *root = *state;
    struct error err = {0};

    write_run(root, "a", 1, 1, 60);
    write_run(root, "b", 2, 2, COMPARE_INTERVALS_MIN - 1);
    assert_null(compare(root, "a", "b", &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "too short to tell"));
}

static void what_is_invalid_is_not_judged(void **state)
{
    const char *root = *state;
    struct error err = {0};
    struct made_run m;

    write_run(root, "a", 1, 1, 20);
    made_begin(&m, root, "b", 0);
    m.exit_status = ERROR_INVALID;
    m.reason = "the loop was late";
    made_end(&m);
    assert_null(compare(root, "a", "b", &err));
    assert_int_equal(err.code, ERROR_INVALID);
    assert_non_null(strstr(err.text, "the loop was late"));
    m.killed = true;
    made_end(&m);
    made_done(&m);
    assert_null(compare(root, "a", "b", &err));
    assert_non_null(strstr(err.text, "not whole"));
    assert_null(compare(root, "nowhere", "b", &err));
    assert_int_equal(err.code, ERROR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_error_is_what_theory_says),
        cmocka_unit_test_setup_teardown(noise_is_no_change, make, unmake),
        cmocka_unit_test_setup_teardown(a_change_is_told, make, unmake),
        cmocka_unit_test_setup_teardown(what_is_too_short_is_not_judged, make, unmake),
        cmocka_unit_test_setup_teardown(what_is_invalid_is_not_judged, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

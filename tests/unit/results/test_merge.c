#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/rng.h"
#include "made_run.h"
#include "metrics/summary_file.h"
#include "results/merge.h"
#include "results/past_run.h"

#define SHARDS  4
#define SECONDS 6
#define SAMPLES 5000 /* a second */

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

static struct merge *merge_of(const char *root, struct error *err)
{
    return merge_new(&(struct merge_options){.dirs = &root, .dir_count = 1}, err);
}

static struct merge *merged(const char *root)
{
    struct error err = {0};
    struct merge *m = merge_of(root, &err);

    if (m == NULL)
        fail_msg("%s", err.text);
    return m;
}

/* One run's samples, dealt to shards that began a little one after the other. */
static struct recorder *deal(const char *root)
{
    struct recorder *whole = recorder_new();
    struct made_run shards[SHARDS];
    struct rng rng;

    rng_init(&rng, 7, 0);
    for (int i = 0; i < SHARDS; i++) {
        char *name = xasprintf("shard-%d", i);
        made_begin(&shards[i], root, name, i * 40);
        made_shard(&shards[i], i, SHARDS);
        free(name);
    }
    for (int second = 0; second < SECONDS; second++) {
        for (int n = 0; n < SAMPLES; n++) {
            struct made_run *shard = &shards[rng_below(&rng, SHARDS)];
            usec_t value = (usec_t)(1 / (0.000001 + rng_unit(&rng) / 50));
            const char *stage = n % 3 == 0 ? "connect.total" : "command.total";
            recorder_value(whole, stage, value);
            recorder_value(shard->rec, stage, value);
            recorder_count(whole, "commands.sent", 1);
            recorder_count(shard->rec, "commands.sent", 1);
        }
        for (int i = 0; i < SHARDS; i++)
            made_second(&shards[i]);
    }
    for (int i = 0; i < SHARDS; i++) {
        made_end(&shards[i]);
        made_done(&shards[i]);
    }
    return whole;
}

static void assert_same_samples(const struct recorder *a, const struct recorder *b,
                                const char *stage)
{
    const struct histogram *x = &recorder_stage(a, stage)->total;
    const struct histogram *y = &recorder_stage(b, stage)->total;

    for (size_t slot = 0; slot < HISTOGRAM_SLOTS; slot++)
        assert_int_equal(histogram_slot_count(x, slot), histogram_slot_count(y, slot));
    assert_int_equal(histogram_total(x), histogram_total(y));
    assert_int_equal(histogram_min(x), histogram_min(y));
    assert_int_equal(histogram_max(x), histogram_max(y));
    for (int permille = 0; permille < 1000; permille++)
        assert_int_equal(histogram_percentile(x, permille / 10.0),
                         histogram_percentile(y, permille / 10.0));
}

static void four_shards_are_one_run(void **state)
{
    const char *root = *state;
    struct recorder *whole = deal(root);
    struct merge *m = merged(root);
    struct error err = {0};
    char *dir = xasprintf("%s/merged", root);

    assert_int_equal(merge_status(m), 0);
    assert_int_equal(merge_part_count(m), SHARDS);
    assert_same_samples(merge_totals(m), whole, "command.total");
    assert_same_samples(merge_totals(m), whole, "connect.total");
    assert_int_equal(recorder_counter(merge_totals(m), "commands.sent"), SECONDS * SAMPLES);
    assert_true(merge_save(m, dir, &err));
    merge_free(m);

    /* What was written reads back the same, as a run of its own. */
    struct past_run *back = past_run_open(dir, &err);
    assert_non_null(back);
    assert_true(back->complete);
    assert_same_samples(back->totals, whole, "command.total");
    assert_int_equal(back->started_wall_ms, MADE_STARTED);
    assert_int_equal(back->duration, (SECONDS * 1000 + (SHARDS - 1) * 40) * USEC_PER_MSEC);
    past_run_free(back);
    /* And beside its shards it is no shard when they are merged once more. */
    m = merged(root);
    assert_int_equal(merge_part_count(m), SHARDS);
    assert_true(merge_save(m, dir, &err));
    merge_free(m);
    free(dir);
    recorder_free(whole);
}

/* A shard with one sample of each. */
static void write_shard(const char *root, const char *name, int index, int count,
                        void (*change)(struct made_run *m))
{
    struct made_run m;

    made_begin(&m, root, name, 0);
    if (count > 0)
        made_shard(&m, index, count);
    recorder_value(m.rec, "command.total", 1000 * (usec_t)(index + 1));
    recorder_count(m.rec, "connect.succeeded", 99);
    recorder_count(m.rec, "connect.failed", 1);
    made_second(&m);
    if (change != NULL)
        change(&m);
    made_end(&m);
    made_done(&m);
}

static void assert_invalid(const char *root, const char *why)
{
    struct merge *m = merged(root);

    assert_int_equal(merge_status(m), ERROR_INVALID);
    if (strstr(merge_reason(m), why) == NULL)
        fail_msg("expected %s, saw %s", why, merge_reason(m));
    merge_free(m);
}

static void a_missing_shard_makes_it_invalid(void **state)
{
    const char *root = *state;

    write_shard(root, "a", 0, 3, NULL);
    write_shard(root, "c", 2, 3, NULL);
    assert_invalid(root, "shard 1 of 3 is lost: it left no results");
    struct merge *m = merged(root);
    assert_int_equal(merge_part_count(m), 3);
    assert_null(merge_part_at(m, 1).dir);
    assert_string_equal(merge_part_at(m, 1).name, "shard 1 of 3");
    assert_null(merge_part_at(m, 2).trouble);
    merge_free(m);
    write_shard(root, "b", 1, 3, NULL);
    m = merged(root);
    assert_int_equal(merge_status(m), 0);
    merge_free(m);
}

static void kill_it(struct made_run *m)
{
    m->killed = true;
}

static void stop_it(struct made_run *m)
{
    m->exit_status = 143;
    m->reason = "interrupted";
}

static void lose_a_sample(struct made_run *m)
{
    recorder_value(m->rec, "command.total", 5);
}

static void measure_a_load(struct made_run *m)
{
    cJSON_AddObjectToObject(m->members, "load");
}

/* Nobody is told that the simulator kept up. */
static void the_load_of_a_lost_shard_is_invalid(void **state)
{
    const char *root = *state;
    struct error err = {0};
    char *dir = xasprintf("%s/whole", root);

    write_shard(root, "a", 0, 2, measure_a_load);
    struct merge *m = merged(root);
    assert_true(merge_save(m, dir, &err));
    merge_free(m);
    cJSON *summary = summary_read(dir, &err);
    const cJSON *why = json_get(json_get(summary, "load"), "invalid");
    assert_int_equal(cJSON_GetArraySize(why), 1);
    assert_string_equal(why->child->valuestring, "shard 1 of 2 is lost: it left no results");
    cJSON_Delete(summary);
    free(dir);
}

static void a_shard_that_did_not_end_makes_it_invalid(void **state)
{
    const char *root = *state;

    write_shard(root, "a", 0, 2, NULL);
    write_shard(root, "b", 1, 2, kill_it);
    assert_invalid(root, "shard 1 of 2 is lost: it was killed, or is still running");
    write_shard(root, "b", 1, 2, stop_it);
    assert_invalid(root, "shard 1 of 2 is lost: interrupted");
    write_shard(root, "b", 1, 2, lose_a_sample);
    assert_invalid(root, "latency.hlog has 1 samples of command.total, summary.json says 2");
    write_shard(root, "b", 1, 2, NULL);
    write_shard(root, "b-again", 1, 2, NULL);
    assert_invalid(root, "it ran twice");
}

static void fail_it(struct made_run *m)
{
    m->exit_status = ERROR_FAILED;
    m->reason = "a scenario failed";
}

static void miss_it(struct made_run *m)
{
    m->exit_status = ERROR_LIMIT;
}

static void invalidate_it(struct made_run *m)
{
    m->exit_status = ERROR_INVALID;
    m->reason = "the loop was late";
}

static void the_gravest_end_counts(void **state)
{
    const char *root = *state;

    write_shard(root, "a", 0, 2, NULL);
    write_shard(root, "b", 1, 2, miss_it);
    struct merge *m = merged(root); /* the whole decides about limits */
    assert_int_equal(merge_status(m), 0);
    merge_free(m);
    write_shard(root, "b", 1, 2, fail_it);
    m = merged(root);
    assert_int_equal(merge_status(m), ERROR_FAILED);
    assert_string_equal(merge_reason(m), "shard 1 of 2: a scenario failed");
    merge_free(m);
    write_shard(root, "a", 0, 2, invalidate_it);
    assert_invalid(root, "shard 0 of 2: the loop was late");
}

static void limit_it(struct made_run *m)
{
    cJSON *limits = cJSON_AddArrayToObject(m->members, "limits");
    cJSON *limit = cJSON_CreateObject();

    cJSON_AddStringToObject(limit, "expression", "command.total p99 < 3ms");
    cJSON_AddItemToArray(limits, limit);
}

static void limits_are_judged_by_the_whole(void **state)
{
    const char *root = *state, *more = "connect.failed <= 1%";
    struct error err = {0};

    write_shard(root, "a", 0, 2, limit_it);
    write_shard(root, "b", 1, 2, limit_it);
    struct merge *m = merge_new(
        &(struct merge_options){
            .dirs = &root, .dir_count = 1, .limits = &more, .limit_count = 1, .name = "all"},
        &err);
    assert_non_null(m);
    assert_int_equal(limits_count(merge_limits(m)), 2);
    assert_int_equal(merge_status(m), 0);
    char *dir = xasprintf("%s/m", root);
    assert_true(merge_save(m, dir, &err));
    merge_free(m);
    cJSON *summary = summary_read(dir, &err);
    assert_string_equal(json_str(summary, "name", ""), "all");
    assert_int_equal(cJSON_GetArraySize(json_get(summary, "limits")), 2);
    assert_int_equal(cJSON_GetArraySize(json_get(summary, "merged_from")), 2);
    cJSON_Delete(summary);
    free(dir);
    write_shard(root, "c", 2, 3, NULL);
    assert_null(merge_of(root, &err)); /* of another run */
    assert_non_null(strstr(err.text, "others are of 2"));
}

static void be_late(struct made_run *m)
{
    recorder_value(m->rec, "task.lateness", 1900);
    made_second(m);
    cJSON *load = cJSON_AddObjectToObject(m->members, "load");
    cJSON_AddArrayToObject(load, "phases");
}

/* Missed by a millisecond, of which the simulator was late by two. */
static void a_miss_that_may_be_ours_is_invalid(void **state)
{
    const char *root = *state, *limit = "command.total max < 1ms";
    struct error err = {0};

    write_shard(root, "a", 0, 2, be_late);
    write_shard(root, "b", 1, 2, be_late);
    struct merge *m = merge_new(
        &(struct merge_options){.dirs = &root, .dir_count = 1, .limits = &limit, .limit_count = 1},
        &err);
    assert_non_null(m);
    assert_int_equal(merge_status(m), ERROR_INVALID);
    assert_non_null(strstr(merge_reason(m), "is missed by 1.00 ms, but the simulator itself"));
    char *dir = xasprintf("%s/m", root);
    assert_true(merge_save(m, dir, &err));
    merge_free(m);
    cJSON *summary = summary_read(dir, &err);
    assert_int_equal(cJSON_GetArraySize(json_get(json_get(summary, "load"), "invalid")), 1);
    cJSON_Delete(summary);
    free(dir);
}

static void other_seed(struct made_run *m)
{
    m->seed = 43;
}

static void what_does_not_belong_together_is_refused(void **state)
{
    const char *root = *state;
    struct error err = {0};

    assert_null(merge_of(root, &err));
    assert_non_null(strstr(err.text, "summary.json"));
    write_shard(root, "a", 0, 2, NULL);
    write_shard(root, "b", 1, 2, other_seed);
    assert_null(merge_of(root, &err));
    assert_non_null(strstr(err.text, "seed 43, but 42"));
    write_shard(root, "b", 0, 0, NULL);
    assert_null(merge_of(root, &err));
    assert_non_null(strstr(err.text, "no shard, but others are"));
    write_shard(root, "b", 5, 2, NULL);
    assert_null(merge_of(root, &err));
    assert_non_null(strstr(err.text, "no shard that can be"));
}

static void search_it(struct made_run *m)
{
    cJSON_AddObjectToObject(m->members, "search");
}

static void a_search_is_no_load(void **state)
{
    const char *root = *state;
    struct error err;

    write_shard(root, "a", 0, 0, search_it);
    assert_null(merge_of(root, &err));
    assert_int_equal(err.code, ERROR_USAGE);
    assert_non_null(strstr(err.text, "a search (--search)"));
}

static void repetitions_need_no_shards(void **state)
{
    const char *root = *state;

    write_shard(root, "a", 0, 0, NULL);
    write_shard(root, "b", 1, 0, other_seed);
    struct merge *m = merged(root);
    assert_int_equal(merge_status(m), 0);
    assert_int_equal(recorder_counter(merge_totals(m), "connect.succeeded"), 198);
    merge_free(m);
    char *a = xasprintf("%s/a", root), *nowhere = xasprintf("%s/nowhere", root);
    const char *dirs[] = {a, nowhere};
    struct error err = {0};
    m = merge_new(&(struct merge_options){.dirs = dirs, .dir_count = 2}, &err);
    assert_non_null(m);
    assert_int_equal(merge_status(m), ERROR_INVALID);
    assert_false(merge_save(m, a, &err)); /* over a run of its own */
    merge_free(m);
    free(a);
    free(nowhere);
}

static void warm_up_only(struct made_run *m)
{
    /* The log has it under another name. */
    recorder_value(m->rec, "loop.lag", 700);
    hlog_write_entry(&m->log, "warm_up/loop.lag", m->at, USEC_PER_SEC,
                     &recorder_stage(m->rec, "loop.lag")->interval);
    m->exit_status = ERROR_INVALID;
    m->reason = "it ended before the measurement began";
}

static void a_shard_that_never_measured_says_so(void **state)
{
    const char *root = *state;

    write_shard(root, "a", 0, 2, NULL);
    write_shard(root, "b", 1, 2, warm_up_only);
    assert_invalid(root, "shard 1 of 2: it ended before the measurement began");
}

/* Ramp, steady and drain, each so long. */
static void add_phases(struct made_run *m, double ramp, const char *second)
{
    const char *const names[] = {"ramp", second, "drain"};
    cJSON *load = cJSON_AddObjectToObject(m->members, "load");
    cJSON *list = cJSON_AddArrayToObject(load, "phases");
    const double ends[] = {ramp, ramp + 3, ramp + 4};

    for (int i = 0; i < 3; i++) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "name", names[i]);
        cJSON_AddNumberToObject(o, "from_s", i > 0 ? ends[i - 1] : 0);
        cJSON_AddNumberToObject(o, "to_s", ends[i]);
        cJSON_AddItemToArray(list, o);
    }
    cJSON_AddNumberToObject(load, "warm_up_s", ramp);
    cJSON_AddNumberToObject(load, "measured_s", 3);
}

static void short_ramp(struct made_run *m)
{
    add_phases(m, 1, "steady");
}

static void long_ramp(struct made_run *m)
{
    add_phases(m, 3, "steady");
}

static void other_phases(struct made_run *m)
{
    add_phases(m, 1, "storm");
}

static cJSON *merged_load(const char *root, struct buf *told)
{
    char *dir = xasprintf("%s/merged", root);
    struct merge *m = merged(root);
    struct error err;

    merge_tell_phases(m, told);
    if (!merge_save(m, dir, &err))
        fail_msg("%s", err.text);
    merge_free(m);
    cJSON *summary = summary_read(dir, &err);
    cJSON *load = cJSON_DetachItemFromObject(summary, "load");
    cJSON_Delete(summary);
    free(dir);
    return load;
}

static void assert_near(double seen, double expected, double off)
{
    if (!(seen >= expected - off && seen <= expected + off))
        fail_msg("%g is not %g", seen, expected);
}

static void phases_are_those_of_all(void **state)
{
    const char *root = *state;
    struct buf told;

    write_shard(root, "a", 0, 2, short_ramp);
    write_shard(root, "b", 1, 2, long_ramp);
    buf_init(&told, 4096);
    cJSON *load = merged_load(root, &told);
    const cJSON *phases = json_get(load, "phases");
    /* Shards begin as write_shard() has them; a phase begins with the first that is in it. */
    assert_int_equal(cJSON_GetArraySize(phases), 3);
    const cJSON *steady = cJSON_GetArrayItem(phases, 1), *drain = cJSON_GetArrayItem(phases, 2);
    assert_string_equal(json_str(steady, "name", ""), "steady");
    assert_near(json_num(steady, "from_s", 0), 1, 0.5);
    assert_near(json_num(steady, "to_s", 0), json_num(drain, "from_s", -1), 1e-9);
    assert_near(json_num(drain, "to_s", 0), 7, 0.5);
    /* All measured from the last one's beginning to the first one's end. */
    assert_near(json_num(load, "warm_up_s", 0), 3, 0.5);
    assert_near(json_num(load, "measured_s", 0), 1, 0.5);
    assert_near(json_num(load, "phases_apart_s", 0), 2, 0.5);
    assert_int_equal(cJSON_GetArraySize(json_get(load, "phases_different")), 0);
    assert_non_null(strstr(buf_cstr(&told), "the same phase began up to 2"));
    cJSON_Delete(load);
    buf_done(&told);
}

static void phases_that_differ_are_told(void **state)
{
    const char *root = *state;
    struct buf told;

    write_shard(root, "a", 0, 2, short_ramp);
    write_shard(root, "b", 1, 2, other_phases);
    buf_init(&told, 4096);
    cJSON *load = merged_load(root, &told);
    const cJSON *different = json_get(load, "phases_different");
    assert_int_equal(cJSON_GetArraySize(different), 1);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetArrayItem(different, 0)),
                        "shard 1 of 2: ramp, storm, drain");
    assert_non_null(strstr(buf_cstr(&told), "other phases: shard 1 of 2: ramp, storm, drain"));
    cJSON_Delete(load);
    buf_done(&told);
}

static void who_ended_all_has_the_last_word(void **state)
{
    const char *root = *state;
    struct error err = {0};

    write_shard(root, "a", 0, 2, stop_it);
    write_shard(root, "b", 1, 2, stop_it);
    struct merge *m = merge_new(&(struct merge_options){.dirs = &root,
                                                        .dir_count = 1,
                                                        .ended_status = ERROR_TARGET,
                                                        .ended_reason = "the broker ended"},
                                &err);
    assert_non_null(m);
    assert_int_equal(merge_status(m), ERROR_TARGET);
    assert_string_equal(merge_reason(m), "the broker ended");
    assert_non_null(merge_part_at(m, 1).trouble);
    merge_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(four_shards_are_one_run, make, unmake),
        cmocka_unit_test_setup_teardown(a_missing_shard_makes_it_invalid, make, unmake),
        cmocka_unit_test_setup_teardown(a_shard_that_did_not_end_makes_it_invalid, make, unmake),
        cmocka_unit_test_setup_teardown(the_load_of_a_lost_shard_is_invalid, make, unmake),
        cmocka_unit_test_setup_teardown(the_gravest_end_counts, make, unmake),
        cmocka_unit_test_setup_teardown(limits_are_judged_by_the_whole, make, unmake),
        cmocka_unit_test_setup_teardown(a_miss_that_may_be_ours_is_invalid, make, unmake),
        cmocka_unit_test_setup_teardown(what_does_not_belong_together_is_refused, make, unmake),
        cmocka_unit_test_setup_teardown(a_shard_that_never_measured_says_so, make, unmake),
        cmocka_unit_test_setup_teardown(phases_are_those_of_all, make, unmake),
        cmocka_unit_test_setup_teardown(phases_that_differ_are_told, make, unmake),
        cmocka_unit_test_setup_teardown(who_ended_all_has_the_last_word, make, unmake),
        cmocka_unit_test_setup_teardown(a_search_is_no_load, make, unmake),
        cmocka_unit_test_setup_teardown(repetitions_need_no_shards, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

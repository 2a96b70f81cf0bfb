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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(four_shards_are_one_run, make, unmake),
        cmocka_unit_test_setup_teardown(a_missing_shard_makes_it_invalid, make, unmake),
        cmocka_unit_test_setup_teardown(a_shard_that_did_not_end_makes_it_invalid, make, unmake),
        cmocka_unit_test_setup_teardown(the_gravest_end_counts, make, unmake),
        cmocka_unit_test_setup_teardown(limits_are_judged_by_the_whole, make, unmake),
        cmocka_unit_test_setup_teardown(what_does_not_belong_together_is_refused, make, unmake),
        cmocka_unit_test_setup_teardown(a_shard_that_never_measured_says_so, make, unmake),
        cmocka_unit_test_setup_teardown(a_search_is_no_load, make, unmake),
        cmocka_unit_test_setup_teardown(repetitions_need_no_shards, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

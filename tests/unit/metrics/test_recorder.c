#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "metrics/recorder.h"

static int make(void **state)
{
    *state = recorder_new();
    return 0;
}

static int unmake(void **state)
{
    recorder_free(*state);
    return 0;
}

static uint64_t samples(const struct recorder *rec, const char *stage)
{
    const struct recorder_stage *s = recorder_stage(rec, stage);

    return s != NULL ? histogram_total(&s->total) : 0;
}

static usec_t only(const struct recorder *rec, const char *stage)
{
    const struct recorder_stage *s = recorder_stage(rec, stage);

    assert_non_null(s);
    assert_int_equal(histogram_total(&s->total), 1);
    return histogram_max(&s->total);
}

static void a_whole_journey_fills_every_stage(void **state)
{
    struct recorder *rec = *state;
    static const usec_t at[JOURNEY_MARK_COUNT] = {
        [JOURNEY_ACCEPTED] = 1100,  [JOURNEY_SMS_SENT] = 1110, [JOURNEY_WOKEN] = 1200,
        [JOURNEY_TCP_UP] = 1210,    [JOURNEY_TLS_DONE] = 1220, [JOURNEY_CONNACKED] = 1230,
        [JOURNEY_CONNECTED] = 1240, [JOURNEY_RECEIVED] = 1300, [JOURNEY_STARTED] = 1310,
        [JOURNEY_ACTED] = 1800,     [JOURNEY_REPORTED] = 1810, [JOURNEY_REPORT_ACCEPTED] = 1900,
        [JOURNEY_SEEN] = 2000,
    };

    assert_true(recorder_journey_begin(rec, "c1", 7, "unlock", 900, 1000));
    for (unsigned m = 0; m < JOURNEY_MARK_COUNT; m++)
        if (at[m] != 0)
            recorder_journey_mark(rec, "c1", (enum journey_mark)m, at[m]);
    assert_int_equal(recorder_journeys_open(rec), 1);
    assert_int_equal(recorder_stage_count(rec), 0);
    recorder_journey_end(rec, "c1", JOURNEY_SUCCEEDED, 2000);
    assert_int_equal(recorder_journeys_open(rec), 0);
    assert_int_equal(only(rec, "command.schedule"), 100);
    assert_int_equal(only(rec, "command.accept"), 100);
    assert_int_equal(only(rec, "command.wake"), 130);
    assert_int_equal(only(rec, "command.delivery"), 300);
    assert_int_equal(only(rec, "command.actuation"), 500);
    assert_int_equal(only(rec, "command.report"), 100);
    assert_int_equal(only(rec, "command.notify"), 200);
    assert_int_equal(only(rec, "command.total"), 1100);
    assert_int_equal(only(rec, "command.total/unlock"), 1100);
    assert_int_equal(only(rec, "command.total/uncorrected"), 1000);
    assert_int_equal(recorder_counter(rec, "commands.sent"), 1);
    assert_int_equal(recorder_counter(rec, "commands.succeeded"), 1);
    assert_int_equal(recorder_counter(rec, "journeys.anomalies"), 0);
    const struct journey *j = recorder_journey(rec, "c1");
    assert_int_equal(j->vehicle_index, 7);
    assert_string_equal(j->kind, "unlock");
}

static void only_stages_with_both_marks_get_a_sample(void **state)
{
    struct recorder *rec = *state;

    recorder_journey_begin(rec, "a", 0, NULL, 0, 10);
    recorder_journey_mark(rec, "a", JOURNEY_RECEIVED, 50);
    recorder_journey_mark(rec, "a", JOURNEY_SMS_SENT, 20);
    recorder_journey_mark(rec, "a", JOURNEY_CONNECTED, 30); /* but not woken: it was online */
    recorder_journey_end(rec, "a", JOURNEY_TIMED_OUT, 90);
    assert_int_equal(only(rec, "command.delivery"), 40);
    assert_int_equal(samples(rec, "command.wake"), 0);
    assert_int_equal(samples(rec, "command.total"), 0);
    assert_int_equal(recorder_counter(rec, "commands.timed_out"), 1);
}

static void quick_refusals_do_not_make_commands_look_fast(void **state)
{
    struct recorder *rec = *state;

    for (int outcome = JOURNEY_REJECTED; outcome < JOURNEY_OUTCOME_COUNT; outcome++) {
        char token[16], name[48];
        snprintf(token, sizeof token, "t%d", outcome);
        recorder_journey_begin(rec, token, 0, "k", 0, 0);
        recorder_journey_mark(rec, token, JOURNEY_ACCEPTED, 3);
        recorder_journey_mark(rec, token, JOURNEY_ACTED, 4);
        recorder_journey_mark(rec, token, JOURNEY_SEEN, 5);
        recorder_journey_end(rec, token, (enum journey_outcome)outcome, 5);
        snprintf(name, sizeof name, "commands.%s",
                 journey_outcome_name((enum journey_outcome)outcome));
        assert_int_equal(recorder_counter(rec, name), 1);
    }
    assert_int_equal(samples(rec, "command.accept"), JOURNEY_OUTCOME_COUNT - JOURNEY_REJECTED);
    assert_int_equal(samples(rec, "command.total"), 0);
    assert_int_equal(samples(rec, "command.total/k"), 0);
    assert_int_equal(samples(rec, "command.notify"), 0);
}

static void the_first_mark_wins_and_strangers_are_ignored(void **state)
{
    struct recorder *rec = *state;

    recorder_journey_mark(rec, "nobody", JOURNEY_SEEN, 1);
    recorder_journey_end(rec, "nobody", JOURNEY_LOST, 1);
    assert_null(recorder_journey(rec, "nobody"));
    recorder_journey_begin(rec, "a", 0, NULL, 0, 10);
    recorder_journey_mark(rec, "a", JOURNEY_SENT, 99);
    recorder_journey_mark(rec, "a", JOURNEY_SEEN, 20);
    recorder_journey_mark(rec, "a", JOURNEY_SEEN, 30);
    recorder_journey_end(rec, "a", JOURNEY_SUCCEEDED, 40);
    recorder_journey_end(rec, "a", JOURNEY_LOST, 50);
    assert_int_equal(only(rec, "command.total/uncorrected"), 10);
    assert_int_equal(recorder_counter(rec, "commands.lost"), 0);
    assert_int_equal(recorder_counter(rec, "commands.succeeded"), 1);
}

static void a_clock_that_runs_backwards_is_an_anomaly(void **state)
{
    struct recorder *rec = *state;

    recorder_journey_begin(rec, "a", 0, NULL, 100, 90);
    recorder_journey_mark(rec, "a", JOURNEY_RECEIVED, 80);
    recorder_journey_mark(rec, "a", JOURNEY_SEEN, 200);
    recorder_journey_end(rec, "a", JOURNEY_SUCCEEDED, 200);
    assert_int_equal(recorder_counter(rec, "journeys.anomalies"), 2);
    assert_int_equal(samples(rec, "command.schedule"), 0);
    assert_int_equal(samples(rec, "command.delivery"), 0);
    assert_int_equal(only(rec, "command.total"), 100);
}

static void late_marks_still_count(void **state)
{
    struct recorder *rec = *state;

    recorder_journey_begin(rec, "a", 0, NULL, 0, 0);
    recorder_journey_mark(rec, "a", JOURNEY_ACTED, 50);
    recorder_journey_mark(rec, "a", JOURNEY_SEEN, 60);
    recorder_journey_end(rec, "a", JOURNEY_SUCCEEDED, 60);
    recorder_sweep(rec, 60 + RECORDER_LINGER - 1);
    recorder_journey_mark(rec, "a", JOURNEY_REPORT_ACCEPTED, 57);
    assert_int_equal(only(rec, "command.report"), 7);
    assert_int_equal(only(rec, "command.notify"), 10);
    recorder_sweep(rec, 60 + RECORDER_LINGER);
    assert_null(recorder_journey(rec, "a"));
    recorder_journey_mark(rec, "a", JOURNEY_RECEIVED, 40);
    assert_int_equal(samples(rec, "command.delivery"), 0);
}

static void a_token_is_free_again_when_its_journey_is_over(void **state)
{
    struct recorder *rec = *state;

    assert_true(recorder_journey_begin(rec, "a", 1, NULL, 0, 0));
    assert_false(recorder_journey_begin(rec, "a", 2, NULL, 0, 0));
    assert_int_equal(recorder_counter(rec, "journeys.duplicates"), 1);
    recorder_journey_end(rec, "a", JOURNEY_FAILED, 5);
    assert_true(recorder_journey_begin(rec, "a", 3, NULL, 0, 0));
    assert_int_equal(recorder_journey(rec, "a")->vehicle_index, 3);
    recorder_sweep(rec, UINT64_MAX);
    assert_int_equal(recorder_journey(rec, "a")->vehicle_index, 3);
    recorder_journey_end(rec, "a", JOURNEY_FAILED, 6);
}

static void long_tokens_are_told_apart_by_what_is_kept(void **state)
{
    struct recorder *rec = *state;
    char a[100], b[100];

    memset(a, 'x', sizeof a);
    memcpy(b, a, sizeof b);
    a[99] = b[99] = '\0';
    b[62] = 'y';
    assert_true(recorder_journey_begin(rec, a, 1, NULL, 0, 0));
    assert_true(recorder_journey_begin(rec, b, 2, NULL, 0, 0));
    assert_int_equal(recorder_journey(rec, a)->vehicle_index, 1);
    assert_int_equal(recorder_journey(rec, b)->vehicle_index, 2);
    b[62] = 'x';
    b[80] = 'z';
    assert_false(recorder_journey_begin(rec, b, 3, NULL, 0, 0));
}

static void the_slowest_are_kept_in_order(void **state)
{
    struct recorder *rec = *state;
    const struct journey *slowest[RECORDER_SLOWEST];
    char token[16];

    assert_int_equal(recorder_slowest(rec, slowest), 0);
    for (unsigned i = 0; i < 500; i++) {
        usec_t total = i * 7919 % 500; /* each of 0…499 once */
        snprintf(token, sizeof token, "c%u", i);
        recorder_journey_begin(rec, token, i, NULL, 1000, 1000);
        if (total % 2 == 0)
            recorder_journey_mark(rec, token, JOURNEY_SEEN, 1000 + total);
        recorder_journey_end(rec, token, total % 2 == 0 ? JOURNEY_SUCCEEDED : JOURNEY_TIMED_OUT,
                             1000 + total);
    }
    recorder_sweep(rec, UINT64_MAX);
    assert_int_equal(recorder_slowest(rec, slowest), RECORDER_SLOWEST);
    for (unsigned i = 0; i < RECORDER_SLOWEST; i++) {
        assert_int_equal(journey_total(slowest[i]), 499 - i);
        assert_int_equal(slowest[i]->outcome,
                         (499 - i) % 2 == 0 ? JOURNEY_SUCCEEDED : JOURNEY_TIMED_OUT);
    }
}

static void many_journeys_at_once(void **state)
{
    struct recorder *rec = *state;
    char token[16];

    for (unsigned i = 0; i < 50000; i++) {
        snprintf(token, sizeof token, "%u", i);
        assert_true(recorder_journey_begin(rec, token, i, NULL, 0, 0));
    }
    for (unsigned i = 0; i < 50000; i += 2) {
        snprintf(token, sizeof token, "%u", i);
        recorder_journey_end(rec, token, JOURNEY_EXPIRED, i);
    }
    assert_int_equal(recorder_journeys_open(rec), 25000);
    recorder_journey_end_all(rec, JOURNEY_LOST, 60000);
    assert_int_equal(recorder_journeys_open(rec), 0);
    assert_int_equal(recorder_counter(rec, "commands.lost"), 25000);
    recorder_sweep(rec, UINT64_MAX);
    assert_null(recorder_journey(rec, "1"));
}

static void journeys_are_bounded(void **state)
{
    struct recorder *rec = *state;
    char token[16];

    recorder_journey_begin(rec, "ended", 0, NULL, 0, 0);
    recorder_journey_end(rec, "ended", JOURNEY_LOST, 0);
    for (unsigned i = 0; i < RECORDER_JOURNEYS_MAX; i++) {
        snprintf(token, sizeof token, "%u", i);
        assert_true(recorder_journey_begin(rec, token, i, NULL, 0, 0));
    }
    assert_null(recorder_journey(rec, "ended")); /* had to make room */
    assert_false(recorder_journey_begin(rec, "more", 0, NULL, 0, 0));
    assert_int_equal(recorder_counter(rec, "metrics.dropped"), 1);
}

static void names_are_bounded(void **state)
{
    struct recorder *rec = *state;
    char name[120];

    for (int i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "own.%d", i);
        recorder_value(rec, name, 5);
        recorder_count(rec, name, 2);
    }
    assert_int_equal(recorder_stage_count(rec), RECORDER_STAGES_MAX);
    assert_int_equal(recorder_counter_count(rec), RECORDER_COUNTERS_MAX);
    uint64_t dropped_stages = 400 - RECORDER_STAGES_MAX;
    uint64_t all = 0;
    for (size_t i = 0; i < recorder_counter_count(rec); i++)
        all += recorder_counter_at(rec, i)->value;
    assert_int_equal(all, 800 + dropped_stages); /* nothing vanished uncounted */
    assert_true(recorder_counter(rec, "metrics.dropped") > dropped_stages);
}

static void kinds_are_bounded(void **state)
{
    struct recorder *rec = *state;
    char kind[16];

    for (int i = 0; i < 100; i++) {
        snprintf(kind, sizeof kind, "k%d", i % 50);
        recorder_journey_begin(rec, "t", 0, kind, 0, 0);
        recorder_journey_mark(rec, "t", JOURNEY_SEEN, 5);
        recorder_journey_end(rec, "t", JOURNEY_SUCCEEDED, 5);
    }
    assert_int_equal(samples(rec, "command.total"), 100);
    assert_int_equal(samples(rec, "command.total/k31"), 2);
    assert_int_equal(samples(rec, "command.total/k32"), 0);
    assert_int_equal(recorder_counter(rec, "metrics.dropped"), 36);
}

static void names_come_in_the_documented_order(void **state)
{
    struct recorder *rec = *state;
    static const char *const in[] = {"zebra", "loop.lag", "apple", "connect.tls", "command.total"};
    static const char *const out[] = {"command.total", "connect.tls", "loop.lag", "apple", "zebra"};

    for (size_t i = 0; i < 5; i++)
        recorder_value(rec, in[i], i);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(recorder_stage_at(rec, i)->name, out[i]);
    recorder_count_by(rec, "connect.failed", "tls", 2);
    recorder_count_by(rec, "connect.failed", "dns", 1);
    recorder_count(rec, "connect.attempts", 9);
    static const char *const counters[] = {"connect.attempts", "connect.failed",
                                           "connect.failed.dns", "connect.failed.tls"};
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(recorder_counter_at(rec, i)->name, counters[i]);
    assert_int_equal(recorder_counter(rec, "connect.failed"), 3);
}

static void intervals_begin_anew(void **state)
{
    struct recorder *rec = *state;
    struct histogram more;

    recorder_value(rec, "x", 5);
    const struct recorder_stage *stage = recorder_stage(rec, "x");
    recorder_interval_done(rec, stage);
    recorder_value(rec, "x", 9);
    assert_int_equal(histogram_total(&stage->interval), 1);
    assert_int_equal(histogram_min(&stage->interval), 9);
    assert_int_equal(histogram_total(&stage->total), 2);
    histogram_init(&more);
    histogram_record_n(&more, 100, 10);
    recorder_merge(rec, "x", &more);
    assert_int_equal(histogram_total(&stage->total), 12);
    assert_int_equal(histogram_total(&stage->interval), 11);
    histogram_done(&more);
}

static void a_warm_up_counts_for_nothing_but_connects(void **state)
{
    struct recorder *rec = *state;
    const struct journey *slowest[RECORDER_SLOWEST];

    recorder_warm_up(rec);
    assert_true(recorder_is_warming_up(rec, "command.total"));
    assert_false(recorder_is_warming_up(rec, "connect.total"));
    assert_false(recorder_is_warming_up(rec, "probe/connect.tls"));
    recorder_value(rec, "connect.total", 5);
    recorder_value(rec, "loop.lag", 5);
    recorder_count(rec, "connect.attempts", 3);
    recorder_count(rec, "bytes.sent", 3);
    recorder_journey_begin(rec, "before", 1, "locks", 100, 110);
    recorder_journey_begin(rec, "ended", 1, "locks", 100, 110);
    recorder_journey_mark(rec, "ended", JOURNEY_SEEN, 500);
    recorder_journey_end(rec, "ended", JOURNEY_SUCCEEDED, 500);

    recorder_start_anew(rec, 1000);
    assert_false(recorder_is_warming_up(rec, "command.total"));
    assert_int_equal(only(rec, "connect.total"), 5);
    assert_int_equal(histogram_total(&recorder_stage(rec, "loop.lag")->total), 0);
    assert_int_equal(recorder_counter(rec, "connect.attempts"), 3);
    assert_int_equal(recorder_counter(rec, "bytes.sent"), 0);
    assert_int_equal(recorder_slowest(rec, slowest), 0);
    recorder_journey_mark(rec, "before", JOURNEY_SEEN, 2000);
    recorder_journey_end(rec, "before", JOURNEY_SUCCEEDED, 2000);
    assert_int_equal(histogram_total(&recorder_stage(rec, "command.total")->total), 0);
    assert_int_equal(recorder_counter(rec, "commands.succeeded"), 0);
    assert_int_equal(recorder_slowest(rec, slowest), 0);
    recorder_journey_begin(rec, "after", 1, "locks", 1000, 1010);
    recorder_journey_mark(rec, "after", JOURNEY_SEEN, 1500);
    recorder_journey_end(rec, "after", JOURNEY_SUCCEEDED, 1500);
    assert_int_equal(only(rec, "command.total"), 500);
    assert_int_equal(recorder_counter(rec, "commands.sent"), 1);
    assert_int_equal(recorder_counter(rec, "commands.succeeded"), 1);
    assert_int_equal(recorder_slowest(rec, slowest), 1);
}

static void probes_are_apart(void **state)
{
    struct recorder *rec = *state;
    const struct journey *slowest[RECORDER_SLOWEST];

    recorder_journey_begin_probe(rec, "p", 1, "locks", 100, 110);
    recorder_journey_mark(rec, "p", JOURNEY_SEEN, 300);
    recorder_journey_end(rec, "p", JOURNEY_SUCCEEDED, 300);
    assert_int_equal(only(rec, "probe/command.total"), 200);
    assert_int_equal(only(rec, "probe/command.total/uncorrected"), 190);
    assert_null(recorder_stage(rec, "command.total"));
    assert_null(recorder_stage(rec, "command.total/locks"));
    assert_int_equal(recorder_counter(rec, "probe/commands.succeeded"), 1);
    recorder_journey_count(rec, "p", "commands.rejected.throttled");
    assert_int_equal(recorder_counter(rec, "probe/commands.rejected.throttled"), 1);
    assert_int_equal(recorder_counter(rec, "commands.rejected.throttled"), 0);
    assert_int_equal(recorder_counter(rec, "commands.sent"), 0);
    assert_int_equal(recorder_slowest(rec, slowest), 0);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_warm_up_counts_for_nothing_but_connects),
        TEST(probes_are_apart),
        TEST(a_whole_journey_fills_every_stage),
        TEST(only_stages_with_both_marks_get_a_sample),
        TEST(quick_refusals_do_not_make_commands_look_fast),
        TEST(the_first_mark_wins_and_strangers_are_ignored),
        TEST(a_clock_that_runs_backwards_is_an_anomaly),
        TEST(late_marks_still_count),
        TEST(a_token_is_free_again_when_its_journey_is_over),
        TEST(long_tokens_are_told_apart_by_what_is_kept),
        TEST(the_slowest_are_kept_in_order),
        TEST(many_journeys_at_once),
        TEST(journeys_are_bounded),
        TEST(names_are_bounded),
        TEST(kinds_are_bounded),
        TEST(names_come_in_the_documented_order),
        TEST(intervals_begin_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

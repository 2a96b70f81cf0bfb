#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "radio/radio.h"

#define MS USEC_PER_MSEC
#define S  USEC_PER_SEC

static const struct radio_profile *named(const char *name)
{
    const struct radio_profile *p = radio_profile_find(slice_str(name));

    assert_non_null(p);
    return p;
}

static void a_perfect_radio_takes_no_time(void **state)
{
    struct radio r;

    (void)state;
    radio_init(&r, named("perfect"), 1, 1, 0);
    for (usec_t now = 0; now < 100 * S; now += S)
        assert_int_equal(radio_delay(&r, RADIO_UP, 70000, now), 0);
    assert_false(radio_has_forgotten(&r, 365 * 24 * 3600 * S));
}

static void a_small_packet_takes_half_a_round_trip_and_jitter(void **state)
{
    struct radio_profile p = {.name = "x", .rtt = 100 * MS, .jitter = 20 * MS, .dbm = -90};
    struct radio r;
    double sum = 0;

    (void)state;
    radio_init(&r, &p, 7, 1, 0);
    for (int i = 0; i < 10000; i++) {
        usec_t delay = radio_delay(&r, i % 2 ? RADIO_UP : RADIO_DOWN, 40, (usec_t)i * S);
        assert_true(delay >= 50 * MS && delay <= 210 * MS);
        sum += (double)delay;
    }
    assert_true(sum / 10000 > 68e3 && sum / 10000 < 72e3);
}

static void bytes_take_their_time_on_the_air_and_keep_their_order(void **state)
{
    struct radio_profile p = {
        .name = "x", .rtt = 20 * MS, .jitter = 30 * MS, .up = 80000, .dbm = -90};
    struct radio r;
    usec_t now = 0, last = 0;

    (void)state;
    radio_init(&r, &p, 3, 1, 0);
    /* 10,000 bytes a second: 960 and a header's 40 are 100 ms; as much again waits for it. */
    usec_t first = radio_delay(&r, RADIO_UP, 960, 0), second = radio_delay(&r, RADIO_UP, 960, 0);
    assert_true(first >= 110 * MS);
    assert_true(second >= 210 * MS && second >= first);
    /* The other way is not touched by it. */
    assert_true(radio_delay(&r, RADIO_DOWN, 960, 0) < 260 * MS);
    for (int i = 0; i < 5000; i++, now += 5 * MS) {
        usec_t due = now + radio_delay(&r, RADIO_UP, 10, now);
        assert_true(due >= last);
        last = due;
    }
}

/* Loss is late by at least a time-out; how often is what Gilbert and Elliott say. */
static double share_late(const struct radio_profile *p, usec_t step, int count)
{
    struct radio r;
    int late = 0;

    radio_init(&r, p, 11, 5, 0);
    for (int i = 0; i < count; i++)
        late += radio_delay(&r, RADIO_UP, 40, (usec_t)(i + 1) * step) >= p->rtt + 200 * MS;
    return (double)late / count;
}

static void loss_in_the_long_run_is_that_of_the_model(void **state)
{
    /* A tenth of the time in bursts, of which half is lost; seen far apart, so that a packet does
       not wait for the one before. */
    struct radio_profile p = {.name = "x",
                              .rtt = 20 * MS,
                              .good = 9 * S,
                              .burst = 1 * S,
                              .loss_good = 0.01,
                              .loss_burst = 0.5,
                              .dbm = -90};
    (void)state;
    double share = share_late(&p, 200 * S, 40000);
    assert_true(share > 0.054 && share < 0.064); /* 0.9 * 0.01 + 0.1 * 0.5 */
}

static void losses_come_in_bursts(void **state)
{
    struct radio_profile p = {.name = "x",
                              .rtt = 20 * MS,
                              .good = 9 * S,
                              .burst = 1 * S,
                              .loss_burst = 0.001,
                              .dbm = -90};
    struct radio_lane lane;
    struct radio r;
    int runs = 0, in = 0, was = 0;

    (void)state;
    radio_init(&r, &p, 11, 5, 0);
    /* How long bursts last is seen in the model's own state. */
    for (int i = 0; i < 200000; i++) {
        radio_delay(&r, RADIO_UP, 40, (usec_t)(i + 1) * 20 * MS + 3600 * S);
        lane = r.lanes[RADIO_UP];
        runs += lane.burst && !was;
        in += lane.burst;
        was = lane.burst;
    }
    double mean = (double)in / runs * 0.02, share = (double)in / 200000;
    assert_true(share > 0.08 && share < 0.12);
    assert_true(mean > 0.8 && mean < 1.2);
}

static void a_packet_that_is_always_lost_gives_up_at_last(void **state)
{
    struct radio_profile p = {.name = "x", .rtt = 100 * MS, .loss_good = 1, .dbm = -90};
    struct radio r;

    (void)state;
    radio_init(&r, &p, 1, 1, 0);
    /* 0.3 + 0.6 + … up to 38.4, then 60 seconds each */
    usec_t delay = radio_delay(&r, RADIO_UP, 40, 0);
    assert_true(delay > 490 * S && delay < 500 * S);
}

static void fast_retransmission_needs_packets_that_follow(void **state)
{
    struct radio_profile p = {.name = "x", .rtt = 20 * MS, .loss_good = 0.02, .dbm = -90};
    struct radio r;
    int quick = 0, slow = 0;

    (void)state;
    radio_init(&r, &p, 1, 1, 0);
    for (int i = 0; i < 2000; i++) {
        usec_t delay = radio_delay(&r, RADIO_DOWN, 20000, (usec_t)i * 100 * S);
        quick += delay >= 30 * MS && delay < 200 * MS;
        slow += delay >= 200 * MS;
    }
    assert_true(quick > slow && slow > 0);
}

static void coverage_comes_and_goes(void **state)
{
    struct radio r;

    (void)state;
    radio_init(&r, named("lte_good"), 1, 1, 0);
    radio_begin(&r, 0);
    assert_int_equal(r.state, RADIO_ATTACHED);
    assert_int_equal(radio_next_change(&r), 0);
    radio_set_profile(&r, named("garage"), 10 * S);
    assert_int_equal(r.state, RADIO_NO_COVERAGE);
    /* Back soon: still known. */
    radio_set_profile(&r, named("3g"), 60 * S);
    assert_int_equal(r.state, RADIO_ATTACHED);
    assert_false(radio_has_forgotten(&r, 60 * S));
    /* Too long: given up, and must attach again. */
    radio_set_profile(&r, named("garage"), 100 * S);
    assert_int_equal(radio_next_change(&r), 160 * S);
    assert_int_equal(radio_update(&r, 159 * S), RADIO_NO_COVERAGE);
    assert_int_equal(radio_update(&r, 160 * S), RADIO_DETACHED);
    assert_true(radio_has_forgotten(&r, 160 * S));
    radio_set_profile(&r, named("lte_edge"), 200 * S);
    assert_int_equal(r.state, RADIO_ATTACHING);
    assert_int_equal(radio_next_change(&r), 203 * S);
    assert_int_equal(radio_update(&r, 203 * S), RADIO_ATTACHED);
    assert_true(radio_has_forgotten(&r, 203 * S));
    radio_begin(&r, 204 * S);
    assert_false(radio_has_forgotten(&r, 204 * S));
}

static void power_detaches(void **state)
{
    struct radio r;

    (void)state;
    radio_init(&r, named("2g"), 1, 1, 0);
    radio_switch(&r, false, 5 * S);
    assert_int_equal(r.state, RADIO_DETACHED);
    radio_switch(&r, true, 10 * S);
    assert_int_equal(r.state, RADIO_ATTACHING);
    /* Coverage goes before it is done. */
    radio_set_profile(&r, named("tunnel"), 12 * S);
    assert_int_equal(r.state, RADIO_DETACHED);
    radio_set_profile(&r, named("2g"), 20 * S);
    assert_int_equal(radio_update(&r, 26 * S), RADIO_ATTACHED);
}

static void an_idle_connection_is_forgotten(void **state)
{
    struct radio_profile p = {.name = "x", .rtt = 20 * MS, .nat = 60 * S, .dbm = -90};
    struct radio r;

    (void)state;
    radio_init(&r, &p, 1, 1, 0);
    radio_begin(&r, 0);
    for (usec_t now = 0; now < 600 * S; now += 60 * S) {
        assert_false(radio_has_forgotten(&r, now));
        radio_delay(&r, RADIO_UP, 2, now);
    }
    assert_true(radio_has_forgotten(&r, 700 * S));
    /* It does not come back by itself. */
    radio_delay(&r, RADIO_UP, 2, 700 * S);
    assert_true(radio_has_forgotten(&r, 701 * S));
}

static void whoever_waited_tries_again_at_doubling_times(void **state)
{
    struct radio_profile p = {.name = "x", .rtt = 100 * MS, .dbm = -90};
    struct radio r;

    (void)state;
    radio_init(&r, &p, 1, 1, 0);
    static const struct {
        usec_t away, delay;
    } cases[] = {
        {0,            0        },
        {100 * MS,     200 * MS },
        {1 * S,        1100 * MS}, /* 0.3, 0.9, 2.1 */
        {38 * S,       100 * MS }, /* … 38.1 */
        {3600 * S + 1, 60 * S   }, /* at most */
    };
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(radio_retry_delay(&r, 5 * S, 5 * S + cases[i].away), cases[i].delay);
    assert_true(radio_retry_delay(&r, 5 * S, 5 * S + cases[4].away) <= cases[4].delay);
}

static void the_same_seed_gives_the_same_radio(void **state)
{
    struct radio a, b, c;
    int differ = 0;

    (void)state;
    radio_init(&a, named("lte_edge"), 9, 4, 0);
    radio_init(&b, named("lte_edge"), 9, 4, 0);
    radio_init(&c, named("lte_edge"), 9, 5, 0);
    for (usec_t now = 0; now < 1000 * S; now += S) {
        usec_t delay = radio_delay(&a, RADIO_UP, 100, now);
        /* What goes the other way changes nothing. */
        radio_delay(&b, RADIO_DOWN, 100, now);
        assert_int_equal(delay, radio_delay(&b, RADIO_UP, 100, now));
        differ += delay != radio_delay(&c, RADIO_UP, 100, now);
    }
    assert_true(differ > 900);
    assert_true(sizeof a < 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_perfect_radio_takes_no_time),
        cmocka_unit_test(a_small_packet_takes_half_a_round_trip_and_jitter),
        cmocka_unit_test(bytes_take_their_time_on_the_air_and_keep_their_order),
        cmocka_unit_test(loss_in_the_long_run_is_that_of_the_model),
        cmocka_unit_test(losses_come_in_bursts),
        cmocka_unit_test(a_packet_that_is_always_lost_gives_up_at_last),
        cmocka_unit_test(fast_retransmission_needs_packets_that_follow),
        cmocka_unit_test(coverage_comes_and_goes),
        cmocka_unit_test(power_detaches),
        cmocka_unit_test(an_idle_connection_is_forgotten),
        cmocka_unit_test(whoever_waited_tries_again_at_doubling_times),
        cmocka_unit_test(the_same_seed_gives_the_same_radio),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

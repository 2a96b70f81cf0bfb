/* What is under way: commands of which one is never answered, telemetry whose rate changes, what is
   due when a load ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "load/core.h"
#include "load/search_run.h"
#include "metrics/recorder.h"

#define COMMANDS 5000

static int make(void **state)
{
    struct load *load = calloc(1, sizeof *load);

    load->recorder = recorder_new();
    load->name = strdup("l");
    load->patience = 30 * USEC_PER_SEC;
    load->observer.stride = 1;
    *state = load;
    return 0;
}

static int unmake(void **state)
{
    struct load *load = *state;

    load_observer_close(load);
    load_queue_done(&load->under_way);
    recorder_free(load->recorder);
    free(load->name);
    free(load);
    return 0;
}

static void send(struct load *load, uint64_t number)
{
    char token[JOURNEY_TOKEN_MAX];

    load_token(load, number, token, sizeof token);
    recorder_journey_begin(load->recorder, token, 0, NULL, number, number);
    load_queue_put(&load->under_way, &(struct load_command){.number = number, .due = number});
}

static void answer(struct load *load, uint64_t number)
{
    char token[JOURNEY_TOKEN_MAX];

    load_token(load, number, token, sizeof token);
    recorder_journey_end(load->recorder, token, JOURNEY_SUCCEEDED, number + 1);
}

static void one_that_is_not_answered_holds_up_none(void **state)
{
    struct load *load = *state;
    struct search_run search = {.load = load};

    load->sources[LOAD_COMMANDS].tally.rate = 1;
    for (uint64_t i = 1; i <= COMMANDS; i++) {
        send(load, i);
        if (i != 1 && i != COMMANDS)
            answer(load, i);
    }
    assert_null(search_run_trip(&search));
    load_give_up(load, COMMANDS);
    assert_int_equal(load->under_way.count, 2);
    load_give_up(load, 31 * USEC_PER_SEC);
    assert_int_equal(load->under_way.count, 0);
    assert_int_equal(recorder_counter(load->recorder, "commands.timed_out"), 2);
}

static void see(struct load *load, unsigned seq)
{
    char text[32];

    snprintf(text, sizeof text, "{\"seq\":%u}", seq);
    load_observer_saw(load, slice_str(text), 1000);
}

static void telemetry_is_known_when_its_rate_changes(void **state)
{
    struct load *load = *state;

    assert_int_equal(load_unseen(load), 0);
    for (unsigned i = 1; i <= 100; i++)
        load_observer_sent(load, i, 10);
    load_observe_rate(load, 10000);
    for (unsigned i = 102; i <= 1020; i += 51)
        load_observer_sent(load, i, 10);
    assert_int_equal(load_unseen(load), 119);
    see(load, 101); /* nobody sent it */
    for (unsigned i = 1; i <= 100; i++)
        see(load, i);
    assert_int_equal(load_unseen(load), 19);
    for (unsigned i = 102; i <= 1020; i += 51)
        see(load, i);
    assert_int_equal(load_unseen(load), 0);
    see(load, 50);
    assert_int_equal(recorder_counter(load->recorder, "telemetry.duplicated"), 1);
    load_observer_close(load);
    assert_int_equal(recorder_counter(load->recorder, "telemetry.lost"), 0);
}

static void the_ring_forgets_the_oldest(void **state)
{
    struct load *load = *state;

    for (unsigned i = 1; i <= 20000; i++)
        load_observer_sent(load, i, 10);
    see(load, 1);
    see(load, 20000);
    assert_int_equal(recorder_counter(load->recorder, "telemetry.lost"), 20000 - (1 << 14));
    assert_int_equal(load_unseen(load), (1 << 14) - 1);
}

static void never(void *arg)
{
    (void)arg;
    fail();
}

static void what_is_due_is_begun_before_the_end(void **state)
{
    struct load *load = *state;
    struct loop *loop = loop_new();

    for (unsigned i = 0; i < LOAD_STREAM_COUNT; i++) {
        load->sources[i].load = load;
        load->sources[i].stream = (enum load_stream)i;
        loop_timer_init(&load->sources[i].timer, loop, never, NULL);
        arrivals_init(&load->sources[i].arrivals, ARRIVALS_CONSTANT, 1, i);
    }
    struct load_source *s = &load->sources[LOAD_TELEMETRY];
    arrivals_stretch(&s->arrivals, clock_now() - USEC_PER_SEC, 1000, 1000, USEC_PER_SEC);
    load_stream(load, LOAD_TELEMETRY, 0, 0, USEC_PER_SEC);
    assert_int_equal(s->tally.intended, 1000);
    arrivals_stretch(&s->arrivals, clock_now() - USEC_PER_SEC, 500, 500, USEC_PER_SEC);
    load_stop(load);
    assert_int_equal(s->tally.intended, 1500);
    assert_int_equal(recorder_counter(load->recorder, "load.unsent.no_car"), 1500);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_that_is_not_answered_holds_up_none, make, unmake),
        cmocka_unit_test_setup_teardown(telemetry_is_known_when_its_rate_changes, make, unmake),
        cmocka_unit_test_setup_teardown(the_ring_forgets_the_oldest, make, unmake),
        cmocka_unit_test_setup_teardown(what_is_due_is_begun_before_the_end, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fleet/connect_gate.h"

#define TICKETS 64

/* Who was let in by the loop, in order, and after how long. */
struct door {
    struct loop *loop;
    struct connect_gate gate;
    struct connect_ticket tickets[TICKETS];
    size_t order[4 * TICKETS];
    usec_t waited[4 * TICKETS];
    size_t count;
    bool fails; /* each attempt ends at once */
};

static void on_admitted(void *ctx, struct connect_ticket *ticket, usec_t waited)
{
    struct door *d = ctx;

    assert_int_equal(ticket->place, CONNECT_INSIDE);
    assert_true(d->count < sizeof d->order / sizeof d->order[0]);
    d->order[d->count] = (size_t)(ticket - d->tickets);
    d->waited[d->count++] = waited;
    if (d->fails)
        connect_gate_leave(&d->gate, ticket);
}

static void open_door(struct door *d, uint64_t rate, size_t concurrency)
{
    *d = (struct door){.loop = loop_new()};
    connect_gate_init(&d->gate, d->loop, rate, concurrency, on_admitted, d);
}

static void close_door(struct door *d)
{
    for (size_t i = 0; i < TICKETS; i++)
        connect_gate_leave(&d->gate, &d->tickets[i]);
    assert_int_equal(d->gate.queued, 0);
    assert_int_equal(d->gate.inside, 0);
    connect_gate_done(&d->gate);
    loop_free(d->loop);
}

static void turn(struct door *d)
{
    for (int i = 0; i < 3; i++)
        ev_run(d->loop->ev, EVRUN_NOWAIT);
}

static void first_come_first_served(void **state)
{
    struct door d;

    (void)state;
    open_door(&d, 0, 2);
    assert_true(connect_gate_enter(&d.gate, &d.tickets[0]));
    assert_true(connect_gate_enter(&d.gate, &d.tickets[1]));
    for (size_t i = 2; i < 7; i++)
        assert_false(connect_gate_enter(&d.gate, &d.tickets[i]));
    assert_int_equal(d.gate.queued, 5);
    assert_int_equal(d.gate.inside, 2);
    turn(&d);
    assert_int_equal(d.count, 0);
    /* The middle, the first and the last of those who wait think better of it. */
    connect_gate_leave(&d.gate, &d.tickets[4]);
    connect_gate_leave(&d.gate, &d.tickets[2]);
    connect_gate_leave(&d.gate, &d.tickets[6]);
    assert_int_equal(d.gate.queued, 2);
    connect_gate_leave(&d.gate, &d.tickets[0]);
    assert_int_equal(d.count, 0); /* never from inside a call */
    turn(&d);
    assert_int_equal(d.count, 1);
    assert_int_equal(d.order[0], 3);
    /* Whoever comes now stands behind those who wait. */
    assert_false(connect_gate_enter(&d.gate, &d.tickets[0]));
    connect_gate_leave(&d.gate, &d.tickets[1]);
    connect_gate_leave(&d.gate, &d.tickets[3]);
    turn(&d);
    assert_int_equal(d.count, 3);
    assert_int_equal(d.order[1], 5);
    assert_int_equal(d.order[2], 0);
    close_door(&d);
}

static void nobody_overtakes(void **state)
{
    struct door d;

    (void)state;
    open_door(&d, 0, 1);
    assert_true(connect_gate_enter(&d.gate, &d.tickets[0]));
    assert_false(connect_gate_enter(&d.gate, &d.tickets[1]));
    connect_gate_leave(&d.gate, &d.tickets[0]);
    /* There is room, but it is the other's. */
    assert_false(connect_gate_enter(&d.gate, &d.tickets[0]));
    turn(&d);
    assert_int_equal(d.count, 1);
    assert_int_equal(d.order[0], 1);
    close_door(&d);
}

static void leaving_is_idempotent(void **state)
{
    struct door d;

    (void)state;
    open_door(&d, 0, 1);
    connect_gate_leave(&d.gate, &d.tickets[0]);
    assert_true(connect_gate_enter(&d.gate, &d.tickets[0]));
    connect_gate_leave(&d.gate, &d.tickets[0]);
    connect_gate_leave(&d.gate, &d.tickets[0]);
    assert_int_equal(d.gate.inside, 0);
    assert_int_equal(d.tickets[0].place, CONNECT_AWAY);
    assert_true(connect_gate_enter(&d.gate, &d.tickets[0]));
    assert_string_equal(connect_place_name(d.tickets[0].place), "inside");
    close_door(&d);
}

/* Attempts that fail at once must not let the whole queue through in one turn of the loop. */
static void failures_take_turns(void **state)
{
    struct door d;

    (void)state;
    open_door(&d, 0, 2);
    assert_true(connect_gate_enter(&d.gate, &d.tickets[0]));
    assert_true(connect_gate_enter(&d.gate, &d.tickets[1]));
    for (size_t i = 2; i < 12; i++)
        assert_false(connect_gate_enter(&d.gate, &d.tickets[i]));
    d.fails = true;
    connect_gate_leave(&d.gate, &d.tickets[0]);
    ev_run(d.loop->ev, EVRUN_NOWAIT);
    assert_true(d.count <= 2);
    for (int i = 0; i < 20; i++)
        turn(&d);
    assert_int_equal(d.count, 10);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(d.order[i], i + 2);
    close_door(&d);
}

#define PERIOD (2 * USEC_PER_MSEC) /* at 500 a second */

/* Nobody enters before the moment that the rate gives them, however late they are let in. */
static void on_admitted_by_rate(void *ctx, struct connect_ticket *ticket, usec_t waited)
{
    struct door *d = ctx;

    assert_true(clock_now() >= d->gate.next_at - PERIOD);
    on_admitted(ctx, ticket, waited);
}

static void the_rate_is_kept(void **state)
{
    struct door d;

    (void)state;
    open_door(&d, 500, TICKETS);
    d.gate.admitted = on_admitted_by_rate;
    usec_t began = clock_now();
    assert_true(connect_gate_enter(&d.gate, &d.tickets[0]));
    /* No machine is too slow to find the door shut. */
    d.gate.next_at = began + 3600 * USEC_PER_SEC;
    for (size_t i = 1; i < 21; i++)
        assert_false(connect_gate_enter(&d.gate, &d.tickets[i]));
    loop_timer_stop(&d.gate.timer);
    usec_t opened = d.gate.next_at = clock_now();
    connect_gate_leave(&d.gate, &d.tickets[0]);
    while (d.count < 20)
        ev_run(d.loop->ev, EVRUN_ONCE);
    usec_t ended = clock_now();
    assert_true(ended >= opened + 19 * PERIOD);
    assert_true(d.gate.next_at >= opened + 20 * PERIOD);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(d.order[i], i + 1);
        assert_in_range(d.waited[i], 0, ended - began);
    }
    close_door(&d);
}

/* However long nobody came: no more than what a late timer misses is made up for. */
static void no_rate_is_saved_up(void **state)
{
    const usec_t made_up = 50 * USEC_PER_MSEC;
    struct door d;

    (void)state;
    open_door(&d, 100, TICKETS);
    d.gate.next_at = 1;
    for (size_t i = 0; i < 3; i++) {
        usec_t before = clock_now();
        assert_true(connect_gate_enter(&d.gate, &d.tickets[i]));
        assert_true(d.gate.next_at + made_up >= before + USEC_PER_SEC / 100);
    }
    close_door(&d);
}

static void limits_have_defaults(void **state)
{
    struct door d;

    (void)state;
    open_door(&d, 0, 0);
    assert_int_equal(d.gate.concurrency, CONNECT_CONCURRENCY);
    for (size_t i = 0; i < TICKETS; i++)
        assert_true(connect_gate_enter(&d.gate, &d.tickets[i]));
    close_door(&d);
    struct connect_gate none = {0};
    connect_gate_done(&none);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_come_first_served), cmocka_unit_test(nobody_overtakes),
        cmocka_unit_test(leaving_is_idempotent),   cmocka_unit_test(failures_take_turns),
        cmocka_unit_test(the_rate_is_kept),        cmocka_unit_test(no_rate_is_saved_up),
        cmocka_unit_test(limits_have_defaults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

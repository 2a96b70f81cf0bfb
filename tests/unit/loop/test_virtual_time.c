#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "loop/loop.h"

#define HOUR (3600 * USEC_PER_SEC)

struct day {
    struct loop *loop;
    bool busy;
    unsigned asked, leaps;
    unsigned left;
    char log[256];
};

static bool quiet(void *ctx)
{
    struct day *d = ctx;

    d->asked++;
    return !d->busy;
}

static void leapt(void *ctx)
{
    struct day *d = ctx;

    d->leaps++;
}

struct event {
    struct day *day;
    struct loop_timer timer;
    char name;
    struct event *starts; /* with no delay */
    struct event *stops;
};

static void on_event(void *arg)
{
    struct event *e = arg;
    struct day *d = e->day;
    size_t len = strlen(d->log);

    snprintf(d->log + len, sizeof d->log - len, "%c%.0f ", e->name,
             (double)loop_simulated_now(d->loop) / 1e6);
    if (e->starts != NULL)
        loop_timer_start_scaled(&e->starts->timer, 0);
    if (e->stops != NULL)
        loop_timer_stop(&e->stops->timer);
    if (--d->left == 0)
        loop_stop(d->loop);
}

static void init(struct event *e, struct day *d, char name)
{
    *e = (struct event){.day = d, .name = name};
    loop_timer_init(&e->timer, d->loop, on_event, e);
}

static void begin(struct day *d, unsigned events)
{
    *d = (struct day){.loop = loop_new(), .left = events};
    loop_make_virtual(d->loop,
                      &(struct loop_virtual){
                          .quiet = quiet, .leapt = leapt, .ctx = d, .epoch_ms = 1767571200000});
}

static void timers_fire_in_order_without_waiting(void **state)
{
    struct day d;
    struct event e[5];

    (void)state;
    begin(&d, 4);
    for (int i = 0; i < 5; i++)
        init(&e[i], &d, (char)('a' + i));
    usec_t began = clock_now();
    loop_timer_start_scaled(&e[0].timer, 30 * HOUR);
    loop_timer_start_scaled(&e[1].timer, HOUR);
    loop_timer_start_script(&e[2].timer, HOUR); /* one clock; as started where the time is one */
    loop_timer_start_scaled(&e[3].timer, 2 * HOUR);
    e[1].stops = &e[3];
    e[2].starts = &e[4];
    loop_run(d.loop);
    assert_string_equal(d.log, "b3600 c3600 e3600 a108000 ");
    assert_true(clock_now() - began < HOUR);
    assert_int_equal(d.leaps, 3); /* what is started without delay needs one more */
    assert_int_equal(loop_wall_ms(d.loop), 1767571200000 + 30 * 3600 * 1000);
    assert_false(loop_timer_active(&e[3].timer));
    loop_free(d.loop);
}

static void on_ready(void *arg)
{
    struct day *d = arg;

    strcat(d->log, "ready ");
    d->busy = false;
}

static void time_stands_still_while_the_wire_is_busy(void **state)
{
    struct day d;
    struct event e;
    struct loop_timer real;

    (void)state;
    begin(&d, 1);
    init(&e, &d, 'a');
    d.busy = true;
    loop_timer_start_scaled(&e.timer, 1);
    loop_timer_init(&real, d.loop, on_ready, &d);
    loop_timer_start(&real, 20 * USEC_PER_MSEC);
    assert_int_equal(loop_simulated_now(d.loop), 0);
    loop_run(d.loop);
    assert_string_equal(d.log, "ready a0 ");
    assert_true(d.asked >= 2);
    loop_free(d.loop);
}

static usec_t last_time;
static unsigned fired;

static void on_one_of_many(void *arg)
{
    struct loop *loop = arg;

    assert_true(loop_simulated_now(loop) >= last_time);
    last_time = loop_simulated_now(loop);
    fired++;
}

static void many_timers_keep_their_order(void **state)
{
    enum { MANY = 2000 };
    static struct loop_timer many[MANY];
    struct day d;
    struct event e;
    unsigned seed = 7;

    (void)state;
    begin(&d, 1);
    for (int i = 0; i < MANY; i++) {
        loop_timer_init(&many[i], d.loop, on_one_of_many, d.loop);
        seed = seed * 1103515245 + 12345;
        loop_timer_start_scaled(&many[i], seed / 65536 % 1000);
    }
    for (int i = 0; i < MANY; i += 2)
        loop_timer_stop(&many[i]);
    init(&e, &d, 'z');
    loop_timer_start_scaled(&e.timer, 1001);
    last_time = 0;
    fired = 0;
    loop_run(d.loop);
    assert_int_equal(fired, MANY / 2);
    assert_true(last_time < 1000);
    loop_free(d.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_without_waiting),
        cmocka_unit_test(time_stands_still_while_the_wire_is_busy),
        cmocka_unit_test(many_timers_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "loop/loop.h"

#define THREADS 4
#define LETTERS 5000

struct post {
    struct loop *loop;
    unsigned sender, number;
    unsigned *last;  /* by sender */
    unsigned *count; /* all that came */
};

static void on_letter(void *arg)
{
    struct post *p = arg;

    /* In the order posted, for each sender. */
    assert_int_equal(p->last[p->sender] + 1, p->number);
    p->last[p->sender] = p->number;
    if (++*p->count == THREADS * LETTERS)
        loop_stop(p->loop);
    free(p);
}

struct sender {
    struct loop *loop;
    unsigned index;
    unsigned *last, *count;
};

static void *send_letters(void *arg)
{
    const struct sender *s = arg;

    for (unsigned i = 1; i <= LETTERS; i++) {
        struct post *p = xmalloc(sizeof *p);
        *p = (struct post){s->loop, s->index, i, s->last, s->count};
        loop_post(s->loop, on_letter, p);
    }
    return NULL;
}

static void letters_come_in_order_from_every_thread(void **state)
{
    struct loop *loop = loop_new();
    pthread_t threads[THREADS];
    struct sender senders[THREADS];
    unsigned last[THREADS] = {0}, count = 0;

    (void)state;
    for (unsigned i = 0; i < THREADS; i++) {
        senders[i] = (struct sender){loop, i, last, &count};
        assert_int_equal(pthread_create(&threads[i], NULL, send_letters, &senders[i]), 0);
    }
    loop_run(loop);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(count, THREADS * LETTERS);
    loop_free(loop);
}

struct chain {
    struct loop *loop;
    int left, seen;
};

static void on_chain(void *arg)
{
    struct chain *c = arg;

    c->seen++;
    if (c->left-- > 0)
        loop_post(c->loop, on_chain, c);
}

static void letters_left_behind_are_delivered(void **state)
{
    struct chain c = {.loop = loop_new(), .left = 3};

    (void)state;
    loop_post(c.loop, on_chain, &c);
    loop_free(c.loop); /* those that its letters post, too */
    assert_int_equal(c.seen, 4);
    loop_free(NULL);
}

struct alarm {
    struct loop_timer timer;
    usec_t due, fired;
    int count;
    bool again, gone;
};

static void on_alarm(void *arg)
{
    struct alarm *a = arg;

    a->fired = clock_now();
    a->count++;
    if (a->again && a->count < 3)
        loop_timer_start(&a->timer, 1000);
    else
        loop_stop(a->timer.loop);
}

static void timers_fire_once_and_can_restart(void **state)
{
    struct loop *loop = loop_new();
    struct alarm a = {.again = true}, stopped = {0};

    (void)state;
    loop_timer_init(&a.timer, loop, on_alarm, &a);
    loop_timer_init(&stopped.timer, loop, on_alarm, &stopped);
    assert_false(loop_timer_active(&a.timer));
    loop_timer_stop(&a.timer);
    loop_timer_start(&a.timer, 3600 * USEC_PER_SEC);
    loop_timer_start(&a.timer, 0);
    assert_true(loop_timer_active(&a.timer));
    loop_timer_start(&stopped.timer, 0);
    loop_timer_stop(&stopped.timer);
    loop_run(loop);
    assert_int_equal(a.count, 3);
    assert_int_equal(stopped.count, 0);
    assert_false(loop_timer_active(&a.timer));
    loop_free(loop);
}

/* What a turn of the loop takes is not taken off a timer that is started at its end. */
static void on_busy(void *arg)
{
    struct alarm *a = arg;
    usec_t until = clock_now() + 30000;

    while (clock_now() < until)
        ;
    a->due = clock_now() + 20000;
    loop_timer_start(&a->timer, 20000);
}

static void a_busy_turn_does_not_shorten_a_wait(void **state)
{
    struct loop *loop = loop_new();
    struct alarm a = {0};
    struct loop_timer busy;

    (void)state;
    loop_timer_init(&a.timer, loop, on_alarm, &a);
    loop_timer_init(&busy, loop, on_busy, &a);
    loop_timer_start(&busy, 0);
    loop_run(loop);
    assert_int_equal(a.count, 1);
    /* The kernel's timers may be a tick early. */
    assert_true(a.fired + 2000 >= a.due);
    loop_free(loop);
}

static void on_suicide(void *arg)
{
    struct alarm *a = arg;
    struct loop *loop = a->timer.loop;

    free(a);
    loop_stop(loop);
}

static void a_timer_may_free_its_owner(void **state)
{
    struct loop *loop = loop_new();
    struct alarm *a = xcalloc(1, sizeof *a);

    (void)state;
    loop_timer_init(&a->timer, loop, on_suicide, a);
    loop_timer_start(&a->timer, 10);
    loop_run(loop);
    loop_free(loop);
}

static void simulated_time_is_scaled(void **state)
{
    struct loop *loop = loop_new();
    struct alarm real = {0}, simulated = {0};

    (void)state;
    loop->time_scale = 1e6;
    loop_timer_init(&real.timer, loop, on_alarm, &real);
    loop_timer_init(&simulated.timer, loop, on_alarm, &simulated);
    loop_timer_start(&real.timer, 60 * USEC_PER_SEC);
    loop_timer_start_scaled(&simulated.timer, 3600 * USEC_PER_SEC);
    loop_run(loop);
    assert_int_equal(simulated.count, 1);
    assert_int_equal(real.count, 0);
    assert_true(loop_simulated_now(loop) >= 3600 * USEC_PER_SEC);
    loop_timer_stop(&real.timer);
    loop_free(loop);
}

static void spin(usec_t delay)
{
    usec_t until = clock_now() + delay;

    while (clock_now() < until)
        ;
}

/* What has passed stays; from then on it passes at the new pace. */
static void another_scale_changes_nothing_that_was(void **state)
{
    struct loop *loop = loop_new();

    (void)state;
    spin(10000);
    usec_t before = loop_simulated_now(loop);
    loop_set_time_scale(loop, 100);
    spin(10000);
    usec_t fast = loop_simulated_now(loop) - before;
    loop_set_time_scale(loop, 0.01);
    usec_t began = clock_now(), then = loop_simulated_now(loop);
    spin(10000);
    usec_t slow = loop_simulated_now(loop) - then, took = clock_now() - began;
    assert_true(before >= 10000);
    assert_true(fast >= 1000000);
    assert_in_range(slow, 99, took / 100 + 1);
    assert_true(loop_script_now(loop) >= 30000);
    loop_free(loop);
}

/* A motion that is under way goes on at the new pace; what is not simulated does not. */
static void timers_take_another_scale(void **state)
{
    struct loop *loop = loop_new();
    struct alarm hurried = {0}, halted = {0}, real = {0}, stopped = {0};
    struct alarm *all[] = {&halted, &stopped, &hurried, &real};

    (void)state;
    for (size_t i = 0; i < 4; i++)
        loop_timer_init(&all[i]->timer, loop, on_alarm, all[i]);
    loop_timer_start_scaled(&halted.timer, 4000000 * USEC_PER_SEC);
    loop_timer_start_scaled(&stopped.timer, 1800 * USEC_PER_SEC);
    loop_timer_start_scaled(&hurried.timer, 3600 * USEC_PER_SEC);
    loop_timer_start(&real.timer, 3600 * USEC_PER_SEC);
    loop_set_time_scale(loop, 1e6);
    loop_timer_stop(&stopped.timer);
    assert_false(loop_timer_active(&stopped.timer));
    loop_run(loop);
    assert_int_equal(hurried.count, 1);
    assert_int_equal(halted.count, 0);
    assert_int_equal(stopped.count, 0);
    assert_int_equal(real.count, 0);
    assert_true(loop_simulated_now(loop) >= 3599 * USEC_PER_SEC);
    assert_false(loop_timer_active(&hurried.timer));
    assert_int_equal(loop->scaled_count, 1);
    loop_set_time_scale(loop, 1e-3);
    assert_true(loop_timer_active(&halted.timer));
    loop_timer_stop(&halted.timer);
    loop_timer_stop(&real.timer);
    assert_int_equal(loop->scaled_count, 0);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_come_in_order_from_every_thread),
        cmocka_unit_test(letters_left_behind_are_delivered),
        cmocka_unit_test(timers_fire_once_and_can_restart),
        cmocka_unit_test(a_busy_turn_does_not_shorten_a_wait),
        cmocka_unit_test(a_timer_may_free_its_owner),
        cmocka_unit_test(simulated_time_is_scaled),
        cmocka_unit_test(another_scale_changes_nothing_that_was),
        cmocka_unit_test(timers_take_another_scale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

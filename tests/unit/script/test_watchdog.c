#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "script/watchdog.h"

struct looks {
    volatile sig_atomic_t count, elsewhere;
    pthread_t thread;
};

static void on_look(void *arg)
{
    struct looks *l = arg;

    l->count++;
    l->elsewhere += !pthread_equal(pthread_self(), l->thread);
}

static void wait_for_looks(struct looks *l, int count)
{
    /* Each look interrupts the wait. */
    for (int i = 0; i < 1000 && l->count < count; i++)
        usleep(20000);
}

static void it_looks_on_the_thread_that_asked_until_it_is_stopped(void **state)
{
    struct looks l = {.thread = pthread_self()};
    struct watchdog w;

    (void)state;
    assert_true(watchdog_init(&w, on_look, &l));
    watchdog_start(&w);
    wait_for_looks(&l, 3);
    watchdog_stop(&w);
    assert_true(l.count >= 3);
    assert_int_equal(l.elsewhere, 0);
    int seen = l.count;
    usleep(50000);
    assert_int_equal(l.count, seen);
    watchdog_start(&w);
    wait_for_looks(&l, seen + 1);
    assert_true(l.count > seen);
    watchdog_done(&w);
    watchdog_done(&w);
    seen = l.count;
    watchdog_start(&w);
    watchdog_stop(&w);
    usleep(30000);
    assert_int_equal(l.count, seen);
}

static void a_stray_signal_is_not_a_look(void **state)
{
    struct looks l = {.thread = pthread_self()};
    struct watchdog w;

    (void)state;
    assert_true(watchdog_init(&w, on_look, &l));
    raise(SIGRTMIN);
    assert_int_equal(l.count, 0);
    watchdog_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_looks_on_the_thread_that_asked_until_it_is_stopped),
        cmocka_unit_test(a_stray_signal_is_not_a_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

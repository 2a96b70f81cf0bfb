#include "script/watchdog.h"

#include <signal.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

#define PERIOD_NS 10000000

/* Older headers name the member only by where it lies. */
#ifndef sigev_notify_thread_id
#define sigev_notify_thread_id _sigev_un._tid
#endif

static void on_signal(int number, siginfo_t *info, void *context)
{
    const struct watchdog *w = info->si_value.sival_ptr;

    (void)number;
    (void)context;
    if (info->si_code == SI_TIMER)
        w->look(w->arg);
}

bool watchdog_init(struct watchdog *w, void (*look)(void *arg), void *arg)
{
    struct sigaction action = {.sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN};

    *w = (struct watchdog){.look = look, .arg = arg};
    event.sigev_value.sival_ptr = w;
    event.sigev_notify_thread_id = gettid();
    w->made = sigaction(SIGRTMIN, &action, NULL) == 0 &&
              timer_create(CLOCK_MONOTONIC, &event, &w->timer) == 0;
    return w->made;
}

void watchdog_done(struct watchdog *w)
{
    if (w->made)
        timer_delete(w->timer);
    w->made = false;
}

static void set(struct watchdog *w, long nanoseconds)
{
    struct timespec period = {.tv_nsec = nanoseconds};

    if (w->made)
        timer_settime(w->timer, 0, &(struct itimerspec){.it_value = period, .it_interval = period},
                      NULL);
}

void watchdog_start(struct watchdog *w)
{
    set(w, PERIOD_NS);
}

void watchdog_stop(struct watchdog *w)
{
    set(w, 0);
}

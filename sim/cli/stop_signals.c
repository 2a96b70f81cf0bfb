#include "cli/stop_signals.h"

#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

static atomic_int caught; /* the handler runs on whichever thread the signal reaches */

static void on_raw_signal(int number)
{
    if (caught != 0)
        _exit(128 + number);
    caught = number;
    ev_feed_signal(number);
}

void stop_signals_catch(void)
{
    struct sigaction action = {.sa_handler = on_raw_signal, .sa_flags = SA_RESTART};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

int stop_signals_caught(void)
{
    return caught;
}

static void on_signal(struct ev_loop *ev, ev_signal *w, int events)
{
    struct stop_signals *s = w->data;

    (void)ev;
    (void)events;
    s->asked(s->ctx, w->signum);
}

void stop_signals_watch(struct stop_signals *s, struct ev_loop *ev,
                        void (*asked)(void *ctx, int number), void *ctx)
{
    s->asked = asked;
    s->ctx = ctx;
    ev_signal_init(&s->sigint, on_signal, SIGINT);
    ev_signal_init(&s->sigterm, on_signal, SIGTERM);
    s->sigint.data = s->sigterm.data = s;
    ev_signal_start(ev, &s->sigint);
    ev_signal_start(ev, &s->sigterm);
    /* In place of libev's own handler. */
    stop_signals_catch();
    if (caught != 0)
        ev_feed_signal(caught);
}

void stop_signals_leave(struct stop_signals *s, struct ev_loop *ev)
{
    ev_signal_stop(ev, &s->sigint);
    ev_signal_stop(ev, &s->sigterm);
    /* libev has given them back to the system. */
    stop_signals_catch();
}

#include "loop/loop.h"

#include <stdlib.h>

#include "base/xmem.h"
#include "loop/virtual_time.h"

struct loop_letter {
    struct loop_letter *next;
    void (*fn)(void *arg);
    void *arg;
};

static void deliver(struct loop *loop)
{
    pthread_mutex_lock(&loop->lock);
    struct loop_letter *letter = loop->first;
    loop->first = loop->last = NULL;
    pthread_mutex_unlock(&loop->lock);
    while (letter != NULL) {
        struct loop_letter *next = letter->next;
        letter->fn(letter->arg);
        free(letter);
        letter = next;
    }
}

static void on_wake(struct ev_loop *ev, ev_async *w, int events)
{
    (void)ev;
    (void)events;
    deliver(w->data);
}

struct loop *loop_new(void)
{
    struct loop *loop = xcalloc(1, sizeof *loop);

    loop->ev = ev_loop_new(EVFLAG_AUTO | EVFLAG_NOENV);
    loop->time_scale = 1;
    loop->started = loop->scaled_at = clock_now();
    pthread_mutex_init(&loop->lock, NULL);
    ev_async_init(&loop->wake, on_wake);
    loop->wake.data = loop;
    ev_async_start(loop->ev, &loop->wake);
    return loop;
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    while (loop->first != NULL)
        deliver(loop);
    virtual_time_free(loop->virtual_time);
    free(loop->scaled);
    ev_async_stop(loop->ev, &loop->wake);
    ev_loop_destroy(loop->ev);
    pthread_mutex_destroy(&loop->lock);
    free(loop);
}

void loop_run(struct loop *loop)
{
    ev_run(loop->ev, 0);
}

void loop_stop(struct loop *loop)
{
    ev_break(loop->ev, EVBREAK_ALL);
}

void loop_post(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    struct loop_letter *letter = xmalloc(sizeof *letter);

    *letter = (struct loop_letter){.fn = fn, .arg = arg};
    pthread_mutex_lock(&loop->lock);
    if (loop->last != NULL)
        loop->last->next = letter;
    else
        loop->first = letter;
    loop->last = letter;
    pthread_mutex_unlock(&loop->lock);
    ev_async_send(loop->ev, &loop->wake);
}

static void not_soon(struct loop_timer *t)
{
    t->loop->soon -= t->soon;
    t->soon = false;
}

/* ---- timers ---- */

/* Of real time: those that another scale concerns. */
static void add_scaled(struct loop_timer *t)
{
    struct loop *loop = t->loop;

    if (loop->scaled_count == loop->scaled_room) {
        loop->scaled_room = loop->scaled_room > 0 ? 2 * loop->scaled_room : 64;
        loop->scaled = xrealloc(loop->scaled, loop->scaled_room * sizeof(struct loop_timer *));
    }
    loop->scaled[loop->scaled_count++] = t;
    t->place = loop->scaled_count;
}

static void remove_scaled(struct loop_timer *t)
{
    struct loop *loop = t->loop;
    struct loop_timer *last = loop->scaled[--loop->scaled_count];

    loop->scaled[t->place - 1] = last;
    last->place = t->place;
    t->place = 0;
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int events)
{
    struct loop_timer *t = w->data;

    (void)ev;
    (void)events;
    not_soon(t);
    if (t->place != 0)
        remove_scaled(t);
    t->fn(t->arg);
}

void loop_timer_init(struct loop_timer *t, struct loop *loop, void (*fn)(void *arg), void *arg)
{
    ev_timer_init(&t->watcher, on_timer, 0, 0);
    t->watcher.data = t;
    t->loop = loop;
    t->fn = fn;
    t->arg = arg;
    t->place = 0;
    t->soon = false;
}

static void start(struct loop_timer *t, double seconds)
{
    loop_timer_stop(t);
    /* libev counts from when it last woke; a turn that took long must not shorten the wait. */
    if (seconds > 0)
        ev_now_update(t->loop->ev);
    else
        t->soon = true;
    t->loop->soon += t->soon;
    ev_timer_set(&t->watcher, seconds, 0);
    ev_timer_start(t->loop->ev, &t->watcher);
}

static void start_virtual(struct loop_timer *t, usec_t delay)
{
    loop_timer_stop(t);
    virtual_time_add(t->loop->virtual_time, t, delay);
}

void loop_timer_start(struct loop_timer *t, usec_t delay)
{
    start(t, (double)delay / 1e6);
}

void loop_timer_start_scaled(struct loop_timer *t, usec_t delay)
{
    if (t->loop->virtual_time != NULL) {
        start_virtual(t, delay);
        return;
    }
    start(t, (double)delay / 1e6 / t->loop->time_scale);
    add_scaled(t);
}

void loop_timer_start_script(struct loop_timer *t, usec_t delay)
{
    if (t->loop->virtual_time != NULL)
        start_virtual(t, delay);
    else
        loop_timer_start(t, delay);
}

void loop_timer_stop(struct loop_timer *t)
{
    if (t->place != 0 && t->loop->virtual_time != NULL)
        virtual_time_remove(t->loop->virtual_time, t);
    else if (t->place != 0)
        remove_scaled(t);
    ev_timer_stop(t->loop->ev, &t->watcher);
    not_soon(t);
}

bool loop_timer_active(const struct loop_timer *t)
{
    return t->place != 0 || ev_is_active(&t->watcher);
}

void loop_make_virtual(struct loop *loop, const struct loop_virtual *how)
{
    loop->virtual_time = virtual_time_new(loop->ev, how);
}

bool loop_is_virtual(const struct loop *loop)
{
    return loop->virtual_time != NULL;
}

bool loop_is_quiet(const struct loop *loop)
{
    return !loop_goes_on(loop) && virtual_time_is_quiet(loop->virtual_time);
}

usec_t loop_simulated_now(const struct loop *loop)
{
    if (loop->virtual_time != NULL)
        return virtual_time_now(loop->virtual_time);
    return loop->simulated_before +
           (usec_t)((double)(clock_now() - loop->scaled_at) * loop->time_scale);
}

/* What is left of it passes so many times as slowly. */
static void stretch(struct loop_timer *t, double factor)
{
    struct ev_loop *ev = t->loop->ev;
    double left = ev_timer_remaining(ev, &t->watcher);

    if (!(left > 0)) /* fires in this turn */
        return;
    ev_timer_stop(ev, &t->watcher);
    ev_timer_set(&t->watcher, left * factor, 0);
    ev_timer_start(ev, &t->watcher);
}

void loop_set_time_scale(struct loop *loop, double scale)
{
    double factor = loop->time_scale / scale;

    loop->simulated_before = loop_simulated_now(loop);
    loop->scaled_at = clock_now();
    loop->time_scale = scale;
    ev_now_update(loop->ev);
    for (size_t i = 0; i < loop->scaled_count; i++)
        stretch(loop->scaled[i], factor);
}

usec_t loop_script_now(const struct loop *loop)
{
    if (loop->virtual_time != NULL)
        return virtual_time_now(loop->virtual_time);
    return clock_now() - loop->started;
}

void loop_restart_day(struct loop *loop)
{
    if (loop->virtual_time != NULL)
        virtual_time_restart_day(loop->virtual_time);
}

int64_t loop_wall_ms(const struct loop *loop)
{
    return loop->virtual_time != NULL ? virtual_time_wall_ms(loop->virtual_time) : clock_wall_ms();
}

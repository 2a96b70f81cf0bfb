#include "loop/virtual_time.h"

#include <stdlib.h>

#include "base/xmem.h"
#include "loop/loop.h"

struct entry {
    usec_t due;
    uint64_t order; /* of being started */
    struct loop_timer *timer;
};

struct virtual_time {
    struct ev_loop *ev;
    ev_prepare before_waiting;
    ev_idle nothing_to_do;
    struct loop_virtual how;
    usec_t now, day_began;
    uint64_t started;   /* timers, ever */
    struct entry *heap; /* from 1: the children of i are 2i and 2i+1 */
    size_t count, room;
};

/* ---- the heap ---- */

static bool sooner(const struct entry *a, const struct entry *b)
{
    return a->due != b->due ? a->due < b->due : a->order < b->order;
}

static void put(struct virtual_time *v, size_t place, struct entry e)
{
    v->heap[place] = e;
    e.timer->place = place;
}

static void rise(struct virtual_time *v, size_t place, struct entry e)
{
    while (place > 1 && sooner(&e, &v->heap[place / 2])) {
        put(v, place, v->heap[place / 2]);
        place /= 2;
    }
    put(v, place, e);
}

static void sink(struct virtual_time *v, size_t place, struct entry e)
{
    for (;;) {
        size_t child = 2 * place;
        if (child > v->count)
            break;
        if (child < v->count && sooner(&v->heap[child + 1], &v->heap[child]))
            child++;
        if (!sooner(&v->heap[child], &e))
            break;
        put(v, place, v->heap[child]);
        place = child;
    }
    put(v, place, e);
}

void virtual_time_add(struct virtual_time *v, struct loop_timer *t, usec_t delay)
{
    if (++v->count >= v->room) {
        v->room = v->room != 0 ? 2 * v->room : 64;
        v->heap = xrealloc(v->heap, v->room * sizeof *v->heap);
    }
    rise(v, v->count, (struct entry){.due = v->now + delay, .order = v->started++, .timer = t});
}

void virtual_time_remove(struct virtual_time *v, struct loop_timer *t)
{
    size_t place = t->place;
    struct entry last = v->heap[v->count--];

    t->place = 0;
    if (last.timer == t)
        return;
    if (place > 1 && sooner(&last, &v->heap[place / 2]))
        rise(v, place, last);
    else
        sink(v, place, last);
}

/* ---- leaping ---- */

static void leap(struct virtual_time *v)
{
    usec_t due = v->heap[1].due;
    uint64_t started = v->started;

    v->now = due;
    if (v->how.leapt != NULL)
        v->how.leapt(v->how.ctx);
    /* What these start in their turn waits for the next leap, so that the loop is never starved. */
    while (v->count != 0 && v->heap[1].due == due && v->heap[1].order < started) {
        struct loop_timer *t = v->heap[1].timer;
        virtual_time_remove(v, t);
        t->fn(t->arg);
    }
}

/* Idle watchers run when a poll has brought nothing else: what the kernel holds for us is read
   before time moves. */
static void on_nothing_to_do(struct ev_loop *ev, ev_idle *w, int events)
{
    struct virtual_time *v = w->data;

    (void)events;
    ev_idle_stop(ev, w);
    if (v->count != 0 && v->how.quiet(v->how.ctx))
        leap(v);
}

static void on_before_waiting(struct ev_loop *ev, ev_prepare *w, int events)
{
    struct virtual_time *v = w->data;

    (void)events;
    if (v->count != 0 && v->how.quiet(v->how.ctx))
        ev_idle_start(ev, &v->nothing_to_do);
}

struct virtual_time *virtual_time_new(struct ev_loop *ev, const struct loop_virtual *how)
{
    struct virtual_time *v = xcalloc(1, sizeof *v);

    v->ev = ev;
    v->how = *how;
    ev_prepare_init(&v->before_waiting, on_before_waiting);
    v->before_waiting.data = v;
    /* Before the links flush what they hold (sim/net): quiet() may speak to the cloud. */
    ev_set_priority(&v->before_waiting, EV_MAXPRI);
    ev_prepare_start(ev, &v->before_waiting);
    ev_idle_init(&v->nothing_to_do, on_nothing_to_do);
    ev_set_priority(&v->nothing_to_do, EV_MINPRI);
    v->nothing_to_do.data = v;
    return v;
}

void virtual_time_free(struct virtual_time *v)
{
    if (v == NULL)
        return;
    ev_idle_stop(v->ev, &v->nothing_to_do);
    ev_prepare_stop(v->ev, &v->before_waiting);
    free(v->heap);
    free(v);
}

usec_t virtual_time_now(const struct virtual_time *v)
{
    return v->now;
}

bool virtual_time_is_quiet(const struct virtual_time *v)
{
    return v->how.quiet(v->how.ctx);
}

void virtual_time_restart_day(struct virtual_time *v)
{
    v->day_began = v->now;
    if (v->how.leapt != NULL)
        v->how.leapt(v->how.ctx);
}

int64_t virtual_time_wall_ms(const struct virtual_time *v)
{
    return v->how.epoch_ms + (int64_t)((v->now - v->day_began) / USEC_PER_MSEC);
}

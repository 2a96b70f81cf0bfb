#include <stdlib.h>

#include "base/xmem.h"
#include "mqtt/session_state.h"

static void on_timer(struct ev_loop *ev, ev_timer *w, int events)
{
    (void)ev;
    (void)events;
    session_send_waiting(w->data);
}

struct session_bounds *session_bounds_new(struct session *s)
{
    struct session_bounds *b = xcalloc(1, sizeof *b);

    b->profile = s->config.profile;
    ev_init(&b->timer, on_timer);
    b->timer.data = s;
    return b;
}

void session_bounds_free(struct session *s)
{
    if (s->bounds == NULL)
        return;
    session_bounds_end(s);
    subscriptions_done(&s->bounds->subscriptions);
    free(s->bounds);
    s->bounds = NULL;
}

void session_bounds_begin(struct session *s)
{
    if (s->bounds != NULL)
        pace_init(&s->bounds->pace, s->bounds->profile->publishes_per_s, ev_now(session_ev(s)));
}

void session_bounds_end(struct session *s)
{
    if (s->bounds == NULL)
        return;
    ev_timer_stop(session_ev(s), &s->bounds->timer);
    subscriptions_rewind(&s->bounds->subscriptions);
}

bool session_may_send(struct session *s)
{
    struct session_bounds *b = s->bounds;
    double wait = 0;

    if (b == NULL || pace_take(&b->pace, ev_now(session_ev(s)), &wait))
        return true;
    if (!ev_is_active(&b->timer)) {
        ev_timer_set(&b->timer, wait, 0);
        ev_timer_start(session_ev(s), &b->timer);
    }
    return false;
}

void session_note_message(struct session *s)
{
    if (s->bounds != NULL)
        pace_charge(&s->bounds->pace, ev_now(session_ev(s)));
}

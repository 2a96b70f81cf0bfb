#include "fleet/wire.h"

/* What the broker makes of a connection that is gone comes by way of its log and its next turns. */
#define ROUNDS_AFTER_CUT 3

static void stir(struct wire_party *p, unsigned rounds)
{
    struct wire *w = p->wire;
    bool listed = p->rounds > 0;

    p->rounds = p->rounds > rounds ? p->rounds : rounds;
    if (listed)
        return;
    p->next_stirred = w->stirred;
    p->stirred_link = &w->stirred;
    if (w->stirred != NULL)
        w->stirred->stirred_link = &p->next_stirred;
    w->stirred = p;
}

static void settle(struct wire_party *p)
{
    if (p->rounds == 0)
        return;
    p->rounds = 0;
    *p->stirred_link = p->next_stirred;
    if (p->next_stirred != NULL)
        p->next_stirred->stirred_link = p->stirred_link;
}

static void stir_observers(struct wire *w, unsigned rounds)
{
    for (struct wire_party *o = w->observers; o != NULL; o = o->next_observer)
        stir(o, rounds);
}

void wire_join(struct wire *w, struct wire_party *p, bool (*fence)(void *ctx), void *ctx,
               bool observer)
{
    *p = (struct wire_party){.wire = w, .fence = fence, .ctx = ctx, .observer = observer};
    if (!observer)
        return;
    p->next_observer = w->observers;
    p->observer_link = &w->observers;
    if (w->observers != NULL)
        w->observers->observer_link = &p->next_observer;
    w->observers = p;
}

void wire_leave(struct wire_party *p)
{
    if (p->wire == NULL)
        return;
    wire_cut(p);
    settle(p);
    if (p->observer) {
        *p->observer_link = p->next_observer;
        if (p->next_observer != NULL)
            p->next_observer->observer_link = p->observer_link;
    }
    p->wire = NULL;
}

void wire_hold(struct wire_party *p)
{
    if (p->wire == NULL)
        return;
    p->holds++;
    p->wire->holds += !p->suspended;
}

void wire_release(struct wire_party *p)
{
    if (p->wire == NULL || p->holds == 0)
        return;
    p->holds--;
    p->wire->holds -= !p->suspended;
}

void wire_fence(struct wire_party *p)
{
    if (p->wire == NULL || p->fenced)
        return;
    p->fenced = true;
    p->wire->holds++;
}

void wire_unfence(struct wire_party *p)
{
    if (p->wire == NULL || !p->fenced)
        return;
    p->fenced = false;
    p->wire->holds--;
    /* Nothing else tells that the broker has acted on what such a party said. */
    if (p->suspended)
        stir_observers(p->wire, 1);
}

void wire_suspend(struct wire_party *p)
{
    if (p->wire == NULL || p->suspended)
        return;
    p->suspended = true;
    p->wire->holds -= p->holds;
}

void wire_resume(struct wire_party *p)
{
    if (p->wire == NULL || !p->suspended)
        return;
    p->suspended = false;
    p->wire->holds += p->holds;
}

void wire_stir(struct wire_party *p)
{
    if (p->wire == NULL)
        return;
    stir(p, 1);
    stir_observers(p->wire, 1);
}

void wire_lost(struct wire_party *p)
{
    if (p->wire != NULL)
        stir_observers(p->wire, ROUNDS_AFTER_CUT);
}

void wire_cut(struct wire_party *p)
{
    if (p->wire == NULL)
        return;
    wire_resume(p);
    wire_unfence(p);
    p->wire->holds -= p->holds;
    p->holds = 0;
    settle(p);
    stir_observers(p->wire, ROUNDS_AFTER_CUT);
}

bool wire_quiet(struct wire *w)
{
    if (w->holds == 0) {
        /* All at once: their round trips are side by side. */
        for (struct wire_party *p = w->stirred, *next; p != NULL; p = next) {
            next = p->next_stirred;
            if (!p->fence(p->ctx) || p->rounds == 1)
                settle(p);
            else
                p->rounds--;
        }
    }
    return w->holds == 0;
}

#include "telemetry/sampling.h"

#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/xmem.h"

void sampling_init(struct sampling *s, struct campaign *campaign,
                   const struct signal_schema *schema)
{
    *s = (struct sampling){.campaign = campaign_keep(campaign), .due = SAMPLING_NEVER};
    size_t history = campaign_history(campaign);
    ring_init(&s->history, schema, history != 0 ? history : 1);
    if (campaign->on_change) {
        s->last = xcalloc(campaign->signal_count, sizeof *s->last);
        s->sent = xcalloc(campaign->signal_count, sizeof *s->sent);
    }
}

void sampling_done(struct sampling *s)
{
    ring_done(&s->history);
    free(s->last);
    free(s->sent);
    campaign_drop(s->campaign);
}

static void take(const struct sampling *s, size_t signal, struct sampling_now *now, struct ring *to)
{
    struct waiting w = {.at_ms = now->wall_ms,
                        .value = signal_get(now->signals, signal),
                        .campaign = s->campaign,
                        .signal = (uint32_t)signal};
    bool lost = ring_push(to, &w);

    if (to == now->out)
        now->lost += lost;
}

static void take_all(struct sampling *s, struct sampling_now *now)
{
    const struct campaign *c = s->campaign;
    struct ring *to = c->when == NULL || s->open ? now->out : &s->history;

    for (size_t i = 0; i < c->signal_count; i++)
        take(s, c->signals[i], now, to);
}

/* By time, while it counts: an event without a past need not tick before it begins. */
static bool ticks(const struct sampling *s)
{
    const struct campaign *c = s->campaign;

    return c->every != 0 && (c->when == NULL || s->open || c->before != 0);
}

static void plan_next(struct sampling *s, usec_t now)
{
    s->due = ticks(s) ? now + s->campaign->every : SAMPLING_NEVER;
}

/* ---- events ---- */

static void forget_old(struct sampling *s, int64_t wall_ms)
{
    int64_t before_ms = (int64_t)(s->campaign->before / USEC_PER_MSEC);
    size_t old = 0;

    while (old < s->history.count && ring_at(&s->history, old)->at_ms < wall_ms - before_ms)
        old++;
    if (old != 0)
        ring_drop(&s->history, s->campaign, old);
}

static void open_event(struct sampling *s, struct sampling_now *now)
{
    s->open = s->opened = true;
    forget_old(s, now->wall_ms);
    now->lost += ring_move(&s->history, now->out);
    take_all(s, now);
    plan_next(s, now->at);
}

static void close_event(struct sampling *s, usec_t now)
{
    s->open = false;
    s->closed = true;
    plan_next(s, now);
}

static void look(struct sampling *s, struct sampling_now *now)
{
    bool held = s->holds;

    s->holds = condition_holds(s->campaign->when, now->signals);
    if (s->holds && !s->open)
        open_event(s, now);
    if (held && !s->holds) {
        s->closes = now->at + s->campaign->after;
        take_all(s, now);
    }
    if (s->open && !s->holds && now->at >= s->closes)
        close_event(s, now->at);
}

/* ---- changes ---- */

static double number_of(const struct signal_def *def, union signal_value value)
{
    return def->type == SIGNAL_FLOAT ? value.f : (double)value.i;
}

/* Something that differs if the value does. */
static union signal_value essence(const struct signal_def *def, union signal_value value)
{
    switch (def->type) {
    case SIGNAL_BOOL:
        return (union signal_value){.i = value.b};
    case SIGNAL_ENUM:
        return (union signal_value){.i = value.e};
    case SIGNAL_STRING:
        return (union signal_value){.i = (int64_t)hash_text(value.s != NULL ? value.s : "")};
    case SIGNAL_INT:
    case SIGNAL_FLOAT:
    case SIGNAL_TYPE_COUNT:
        break;
    }
    return value;
}

static bool differs(const struct sampling *s, const struct signal_def *def, size_t position,
                    union signal_value value)
{
    if (!s->sent[position])
        return true;
    if (def->type != SIGNAL_INT && def->type != SIGNAL_FLOAT)
        return s->last[position].i != value.i;
    double change = fabs(number_of(def, value) - number_of(def, s->last[position]));
    return change > 0 && change >= s->campaign->least_change;
}

static void take_change(struct sampling *s, size_t position, struct sampling_now *now)
{
    size_t signal = s->campaign->signals[position];
    const struct signal_def *def = signal_schema_def(now->signals->schema, signal);
    union signal_value value = essence(def, signal_get(now->signals, signal));

    if (!differs(s, def, position, value))
        return;
    s->last[position] = value;
    s->sent[position] = true;
    take(s, signal, now, now->out);
}

/* ---- what its owner tells ---- */

void sampling_start(struct sampling *s, struct sampling_now *now)
{
    if (s->campaign->when != NULL)
        look(s, now);
    for (size_t i = 0; s->campaign->on_change && i < s->campaign->signal_count; i++)
        take_change(s, i, now);
    plan_next(s, now->at);
}

void sampling_stop(struct sampling *s)
{
    s->due = SAMPLING_NEVER;
    s->open = s->holds = false;
    ring_clear(&s->history);
}

void sampling_tick(struct sampling *s, struct sampling_now *now)
{
    if (s->due <= now->at) {
        take_all(s, now);
        s->due += s->campaign->every;
        if (s->due <= now->at)
            s->due = now->at + s->campaign->every;
    }
    if (s->campaign->when != NULL)
        look(s, now);
}

void sampling_changed(struct sampling *s, size_t index, struct sampling_now *now)
{
    if (s->campaign->when != NULL && condition_uses(s->campaign->when, index))
        look(s, now);
    if (!s->campaign->on_change)
        return;
    int position = campaign_position(s->campaign, index);
    if (position >= 0)
        take_change(s, (size_t)position, now);
}

usec_t sampling_next(const struct sampling *s)
{
    usec_t closes = s->open && !s->holds ? s->closes : SAMPLING_NEVER;

    return s->due < closes ? s->due : closes;
}

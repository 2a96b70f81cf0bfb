#include "tcu/shadows.h"

#include <stdlib.h>

#include "base/xmem.h"
#include "tcu/core.h"
#include "tcu/pace.h"

static void on_classic_timer(void *arg)
{
    struct tcu *t = arg;

    shadow_on_timer(t, &t->p->shadow);
}

static void on_named_timer(void *arg)
{
    struct shadow_named *named = arg;

    shadow_on_timer(named->tcu, &named->shadow);
}

static struct shadow_named *named_new(struct tcu *t)
{
    struct shadow_named *named = xcalloc(1, sizeof *named);

    named->tcu = t;
    loop_timer_init(&named->shadow.timer, t->p->loop, on_named_timer, named);
    return named;
}

static struct shadow_named **named_list(const struct tcu *t)
{
    size_t count = signal_schema_shadow_count(t->signals.schema) - 1;

    return count != 0 ? xcalloc(count, sizeof(struct shadow_named *)) : NULL;
}

void shadows_init(struct tcu *t)
{
    struct tcu_private *p = t->p;
    size_t slots = signal_schema_desired_count(t->signals.schema);

    loop_timer_init(&p->shadow.timer, p->loop, on_classic_timer, t);
    p->named = named_list(t);
    for (size_t i = 1; i < core_shadow_count(t); i++) {
        p->named[i - 1] = named_new(t);
        p->named[i - 1]->shadow.slot = (uint8_t)i;
    }
    p->pace = pace_new(t);
    if (slots != 0)
        p->handled = xcalloc(slots, sizeof *p->handled);
    /* A session may still hold answers for an earlier life of this car: another range of counters
       makes them foreign. */
    p->tokens = (uint32_t)(1000 + loop_wall_ms(p->loop) / 1000 % 9000) * 1000;
}

static void named_free(struct shadow_named *named)
{
    shadow_clear(&named->shadow);
    free(named);
}

/* An observer may have changed the model while one of its messages was handled. */
static void retire(struct tcu *t, struct shadow_named *named)
{
    shadow_clear(&named->shadow);
    named->shadow.slot = 0;
    named->next = t->p->former;
    t->p->former = named;
}

void shadows_done(struct tcu *t)
{
    struct tcu_private *p = t->p;

    shadow_clear(&p->shadow);
    for (size_t i = 1; i < core_shadow_count(t); i++)
        named_free(p->named[i - 1]);
    free(p->named);
    p->named = NULL;
    while (p->former != NULL) {
        struct shadow_named *named = p->former;
        p->former = named->next;
        named_free(named);
    }
    pace_free(p->pace);
    p->pace = NULL;
    free(p->handled);
    p->handled = NULL;
}

bool shadows_reshape(struct tcu *t, const struct signal_schema *old)
{
    struct shadow_named **before = t->p->named, **now = named_list(t);
    size_t count = signal_schema_shadow_count(t->signals.schema);
    bool fresh = false;

    for (size_t i = 1; i < count; i++) {
        const char *name = signal_schema_shadow_name(t->signals.schema, i);
        int was = signal_schema_find_shadow(old, slice_str(name));
        now[i - 1] = was > 0 ? before[was - 1] : named_new(t);
        now[i - 1]->shadow.slot = (uint8_t)i;
        now[i - 1]->shadow.held = t->p->shadow.held;
        if (was > 0)
            before[was - 1] = NULL;
        fresh |= was <= 0;
    }
    for (size_t i = 1; before != NULL && i < signal_schema_shadow_count(old); i++)
        if (before[i - 1] != NULL)
            retire(t, before[i - 1]);
    free(before);
    t->p->named = now;
    return fresh;
}

bool shadows_in_step(const struct tcu *t)
{
    bool all = true;

    for (size_t i = 0; !t->p->config->no_shadow && i < core_shadow_count(t); i++) {
        const struct shadow *s = core_shadow(t, i);
        all &= s->report_token == 0 && s->done == NULL && !pace_urgent(t, i);
    }
    return all;
}

bool shadows_synced(const struct tcu *t)
{
    bool all = true;

    for (size_t i = 0; i < core_shadow_count(t); i++)
        all &= core_shadow(t, i)->synced;
    return all;
}

void shadows_offline(struct tcu *t)
{
    for (size_t i = 0; i < core_shadow_count(t); i++)
        shadow_offline(t, core_shadow(t, i));
}

void shadows_get_missing(struct tcu *t)
{
    for (size_t i = 0; i < core_shadow_count(t); i++) {
        struct shadow *s = core_shadow(t, i);
        if (!s->synced && s->get_token == 0)
            shadow_get(t, s);
    }
}

void shadows_get_all(struct tcu *t)
{
    for (size_t i = 0; i < core_shadow_count(t); i++)
        shadow_get(t, core_shadow(t, i));
}

void shadows_schedule(struct tcu *t)
{
    for (size_t i = 0; i < core_shadow_count(t); i++)
        shadow_schedule(t, core_shadow(t, i));
}

void shadows_changed(struct tcu *t, size_t index)
{
    if (pace_changed(t, index))
        shadow_schedule(t, core_shadow_of(t, index));
}

bool shadows_on_puback(struct tcu *t, uint16_t packet_id, uint8_t reason_code)
{
    for (size_t i = 0; i < core_shadow_count(t); i++) {
        struct shadow *s = core_shadow(t, i);
        if (packet_id == 0 || s->report_packet != packet_id)
            continue;
        shadow_on_puback(t, s, reason_code);
        return true;
    }
    return false;
}

void tcu_hold_reports(struct tcu *t, bool hold)
{
    for (size_t i = 0; i < core_shadow_count(t); i++)
        core_shadow(t, i)->held = hold;
    if (!hold)
        shadows_schedule(t);
}

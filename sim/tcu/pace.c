#include "tcu/pace.h"

#include <math.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "tcu/core.h"

struct paced {
    usec_t due;      /* by the simulated clock; 0: at once, whatever the deadband */
    double reported; /* of numbers */
};

struct pace {
    struct loop_timer timer;
    usec_t wakes; /* when the timer fires, if it runs */
    struct paced signals[];
};

static void on_timer(void *arg)
{
    shadows_schedule(arg);
}

struct pace *pace_new(struct tcu *t)
{
    size_t count = signal_schema_paced_count(t->signals.schema);

    if (count == 0)
        return NULL;
    struct pace *pace = xcalloc(1, sizeof *pace + count * sizeof pace->signals[0]);
    loop_timer_init(&pace->timer, t->p->loop, on_timer, t);
    return pace;
}

void pace_free(struct pace *pace)
{
    if (pace == NULL)
        return;
    loop_timer_stop(&pace->timer);
    free(pace);
}

static double number(const struct signal_def *def, union signal_value value)
{
    return def->type == SIGNAL_FLOAT ? value.f : (double)value.i;
}

/* When a dirty signal may be reported. False: not before it leaves its deadband. */
static bool due_at(const struct tcu *t, size_t index, usec_t *ret)
{
    const struct signal_def *def = signal_schema_def(t->signals.schema, index);
    const struct paced *paced = &t->p->pace->signals[def->paced_slot];

    *ret = paced->due;
    if (paced->due == 0 || def->deadband <= 0)
        return true;
    return fabs(number(def, t->signals.values[index]) - paced->reported) >= def->deadband;
}

static void wait_until(struct pace *pace, usec_t due, usec_t now)
{
    if (loop_timer_active(&pace->timer) && pace->wakes <= due)
        return;
    pace->wakes = due;
    loop_timer_start_scaled(&pace->timer, due - now);
}

bool pace_changed(struct tcu *t, size_t index)
{
    struct pace *pace = t->p->pace;
    usec_t due;

    if (pace == NULL || signal_schema_def(t->signals.schema, index)->paced_slot < 0)
        return true;
    if (!due_at(t, index, &due))
        return false;
    usec_t now = loop_simulated_now(t->p->loop);
    if (due <= now)
        return true;
    if (t->state == TCU_ONLINE)
        wait_until(pace, due, now);
    return false;
}

/* The first time at which a dirty paced signal may be reported; false: none waits for a time. */
static bool first_due(const struct tcu *t, size_t shadow, usec_t *ret)
{
    const struct signal_schema *schema = t->signals.schema;
    bool any = false;
    usec_t due;

    for (size_t i = 0; i < signal_schema_paced_count(schema); i++) {
        size_t index = signal_schema_paced(schema, i);
        if (!signal_is_dirty(&t->signals, index) ||
            signal_schema_def(schema, index)->shadow_slot != shadow || !due_at(t, index, &due))
            continue;
        if (!any || due < *ret)
            *ret = due;
        any = true;
    }
    return any;
}

bool pace_urgent(const struct tcu *t, size_t shadow)
{
    usec_t due;

    if (signal_any_prompt(&t->signals, shadow))
        return true;
    return t->p->pace != NULL && first_due(t, shadow, &due) &&
           due <= loop_simulated_now(t->p->loop);
}

void pace_wait(struct tcu *t, size_t shadow)
{
    usec_t due;

    if (t->p->pace == NULL || t->state != TCU_ONLINE || !first_due(t, shadow, &due))
        return;
    usec_t now = loop_simulated_now(t->p->loop);
    wait_until(t->p->pace, due > now ? due : now, now);
}

void pace_sent(struct tcu *t, size_t shadow)
{
    const struct signal_schema *schema = t->signals.schema;
    struct pace *pace = t->p->pace;

    if (pace == NULL)
        return;
    usec_t now = loop_simulated_now(t->p->loop);
    for (size_t i = 0; i < signal_schema_paced_count(schema); i++) {
        size_t index = signal_schema_paced(schema, i);
        const struct signal_def *def = signal_schema_def(schema, index);
        if (!signal_is_flying(&t->signals, index) || def->shadow_slot != shadow)
            continue;
        /* At least 1: 0 means at once. */
        pace->signals[i] =
            (struct paced){.due = now + (usec_t)(def->report_every * USEC_PER_SEC) + 1,
                           .reported = number(def, t->signals.values[index])};
    }
}

void pace_release(struct tcu *t, size_t index)
{
    const struct signal_def *def = signal_schema_def(t->signals.schema, index);

    if (t->p->pace != NULL && def->paced_slot >= 0)
        t->p->pace->signals[def->paced_slot].due = 0;
}

void pace_release_shadow(struct tcu *t, size_t shadow)
{
    const struct signal_schema *schema = t->signals.schema;

    if (t->p->named == NULL) {
        pace_release_all(t);
        return;
    }
    for (size_t i = 0; t->p->pace != NULL && i < signal_schema_paced_count(schema); i++)
        if (signal_schema_def(schema, signal_schema_paced(schema, i))->shadow_slot == shadow)
            t->p->pace->signals[i].due = 0;
}

void pace_release_all(struct tcu *t)
{
    struct pace *pace = t->p->pace;

    if (pace == NULL)
        return;
    loop_timer_stop(&pace->timer);
    for (size_t i = 0; i < signal_schema_paced_count(t->signals.schema); i++)
        pace->signals[i].due = 0;
}

#include "tcu/reshape.h"

#include <stdlib.h>

#include "base/xmem.h"
#include "tcu/core.h"
#include "tcu/order.h"
#include "tcu/pace.h"

#define DOCUMENT_MAX ((size_t)128 * 1024)

struct withdrawal {
    struct withdrawal *next;
    char *shadow; /* its name; NULL: the classic one */
    char *document;
};

/* ── Withdrawing ────────────────────────────────────────────────────────────────────────────── */

static void withdrawal_free(struct withdrawal *w)
{
    free(w->shadow);
    free(w->document);
    free(w);
}

void reshape_online(struct tcu *t)
{
    char room[ROUTE_TOPIC_MAX];
    struct withdrawal *w;

    while ((w = t->p->withdrawals) != NULL && t->state == TCU_ONLINE && !t->p->config->no_shadow) {
        struct slice topic = route_shadow_topic(room, t->thing_name, w->shadow, "update");
        if (core_publish(t, topic, slice_str(w->document), 1, slice_of(NULL, 0)) < 0)
            return;
        t->p->withdrawals = w->next;
        withdrawal_free(w);
    }
}

void reshape_done(struct tcu *t)
{
    struct withdrawal *w;

    while ((w = t->p->withdrawals) != NULL) {
        t->p->withdrawals = w->next;
        withdrawal_free(w);
    }
}

static void withdraw(struct tcu *t, const struct signal_schema *schema, size_t shadow)
{
    const char *name = signal_schema_shadow_name(t->signals.schema, shadow);
    struct withdrawal **last = &t->p->withdrawals;
    struct buf document;

    buf_init(&document, DOCUMENT_MAX);
    buf_append_str(&document, "{\"state\":{\"reported\":");
    if (signal_write_withdrawn(t->signals.schema, schema, shadow, &document) &&
        buf_append_str(&document, "}}")) {
        while (*last != NULL)
            last = &(*last)->next;
        *last = xcalloc(1, sizeof **last);
        (*last)->document = xstrdup(buf_cstr(&document));
        (*last)->shadow = name != NULL ? xstrdup(name) : NULL;
    }
    buf_done(&document);
}

/* ── Renumbering ────────────────────────────────────────────────────────────────────────────── */

/* The index of the old signal in the new schema, or -1. */
static int index_in(const struct signal_schema *schema, const struct signal_def *old)
{
    return signal_schema_find(schema, slice_str(old->path));
}

/* Orders whose outcome is not reported yet: what is left of what they changed. */
static void renumber_orders(struct tcu_order *list, const struct signal_schema *from,
                            const struct signal_schema *to)
{
    for (struct tcu_order *o = list; o != NULL; o = o->next) {
        size_t kept = 0;
        for (size_t i = 0; i < o->change_count; i++) {
            int index = index_in(to, signal_schema_def(from, o->changes[i].index));
            if (index < 0)
                continue;
            o->changes[kept] = o->changes[i];
            o->changes[kept++].index = (size_t)index;
        }
        o->change_count = kept;
    }
}

/* A wish that was acted on stays so, if it means the same in the new model. */
static void renumber_handled(struct tcu *t, const struct signal_schema *from,
                             const struct signal_schema *to)
{
    size_t slots = signal_schema_desired_count(to);
    struct shadow_handled *handled = slots != 0 ? xcalloc(slots, sizeof *handled) : NULL;

    for (size_t i = 0; i < signal_schema_count(from); i++) {
        const struct signal_def *old = signal_schema_def(from, i);
        int index = index_in(to, old);
        const struct signal_def *def = index >= 0 ? signal_schema_def(to, (size_t)index) : NULL;
        if (handled == NULL || def == NULL || old->desired_slot < 0 || def->desired_slot < 0 ||
            old->type != def->type || old->type == SIGNAL_ENUM || !signal_same_shadow(old, def))
            continue;
        handled[def->desired_slot] = t->p->handled[old->desired_slot];
    }
    free(t->p->handled);
    t->p->handled = handled;
}

/* Subscriptions are made before the car is online, so it connects again. */
static void subscribe_anew(struct tcu *t)
{
    t->p->subscribed = false;
    if (!core_connected(t))
        return;
    tcu_disconnect(t, 0, NULL);
    tcu_wake(t);
}

void tcu_change_schema(struct tcu *t, const struct signal_schema *schema)
{
    const struct signal_schema *old = t->signals.schema;

    order_cancel_all(t, "MODEL_RELOADED", "the car's model was reloaded meanwhile");
    for (size_t i = 0; i < core_shadow_count(t); i++) {
        withdraw(t, schema, i);
        renumber_orders(core_shadow(t, i)->done, old, schema);
        renumber_orders(core_shadow(t, i)->told, old, schema);
    }
    renumber_handled(t, old, schema);
    signal_table_migrate(&t->signals, schema);
    bool fresh = shadows_reshape(t, old);
    pace_free(t->p->pace);
    t->p->pace = pace_new(t);
    if (fresh && !t->p->config->no_shadow) {
        subscribe_anew(t);
        return;
    }
    if (t->state == TCU_SYNCING && shadows_synced(t))
        core_synced(t); /* the shadow that was still waited for is no more */
    reshape_online(t);
    /* What is desired of the new model may have been there before it, or was cut short. */
    if (t->state == TCU_ONLINE && !t->p->config->no_shadow)
        shadows_get_all(t);
    shadows_schedule(t);
}

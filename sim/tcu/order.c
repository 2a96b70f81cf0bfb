#include "tcu/order.h"

#include <stdlib.h>

#include "base/xmem.h"
#include "tcu/core.h"
#include "tcu/pace.h"

static bool is_string(const struct signal_schema *schema, const struct signal_change *change)
{
    return signal_schema_def(schema, change->index)->type == SIGNAL_STRING;
}

struct tcu_order *order_new(enum tcu_order_kind kind, const char *token,
                            const struct signal_schema *schema, const struct signal_change *changes,
                            size_t count)
{
    size_t size = sizeof(struct tcu_order) + count * sizeof *changes;

    for (size_t i = 0; i < count; i++)
        if (is_string(schema, &changes[i]))
            size += strlen(changes[i].value.s) + 1;
    struct tcu_order *order = xcalloc(1, size);
    order->kind = kind;
    if (strlen(token) < sizeof order->token)
        memcpy(order->token, token, strlen(token) + 1);
    order->changes = (struct signal_change *)(void *)(order + 1);
    order->change_count = count;
    char *strings = (char *)(order->changes + count);
    for (size_t i = 0; i < count; i++) {
        order->changes[i] = changes[i];
        if (!is_string(schema, &changes[i]))
            continue;
        size_t len = strlen(changes[i].value.s) + 1;
        order->changes[i].value.s = memcpy(strings, changes[i].value.s, len);
        strings += len;
    }
    return order;
}

void order_set_response(struct tcu_order *order, struct slice topic, struct slice correlation)
{
    order->response_topic = xstrndup((const char *)topic.data, topic.len);
    if (correlation.len == 0)
        return;
    order->correlation = xmalloc(correlation.len);
    memcpy(order->correlation, correlation.data, correlation.len);
    order->correlation_len = correlation.len;
}

void order_free(struct tcu_order *order)
{
    if (order == NULL)
        return;
    free(order->response_topic);
    free(order->correlation);
    free(order);
}

void order_free_all(struct tcu_order **list)
{
    while (*list != NULL) {
        struct tcu_order *order = *list;
        *list = order->next;
        order_free(order);
    }
}

void order_append(struct tcu_order **list, struct tcu_order *order)
{
    while (*list != NULL)
        list = &(*list)->next;
    order->next = NULL;
    *list = order;
}

void order_splice(struct tcu_order **to, struct tcu_order **from)
{
    struct tcu_order **tail = from;

    while (*tail != NULL)
        tail = &(*tail)->next;
    *tail = *to;
    *to = *from;
    *from = NULL;
}

bool order_in(const struct tcu_order *list, const struct tcu_order *order)
{
    while (list != NULL && list != order)
        list = list->next;
    return list != NULL;
}

bool order_take(struct tcu_order **list, const struct tcu_order *order)
{
    while (*list != NULL && *list != order)
        list = &(*list)->next;
    if (*list == NULL)
        return false;
    *list = (*list)->next;
    return true;
}

/* ── An order's life ─────────────────────────────────────────────────────────────────────────── */

void core_hand_out(struct tcu *t, struct tcu_order *order, usec_t received)
{
    const struct tcu_observer *o = t->p->observer;
    char token[sizeof order->token];

    memcpy(token, order->token, sizeof token);
    order_append(&t->p->open, order);
    core_mark(t, token, TCU_MARK_RECEIVED, received, NULL);
    if (!order_in(t->p->open, order))
        return;
    if (o->order != NULL)
        o->order(t->p->ctx, t, order);
    else
        tcu_order_done(t, order, TCU_REJECTED, "NO_BEHAVIOUR", "nothing in the car acts on it");
}

void tcu_order_started(struct tcu *t, struct tcu_order *order)
{
    if (order_in(t->p->open, order))
        core_mark(t, order->token, TCU_MARK_STARTED, clock_now(), NULL);
}

void tcu_order_done(struct tcu *t, struct tcu_order *order, enum tcu_outcome outcome,
                    const char *reason_code, const char *description)
{
    if (!order_take(&t->p->open, order))
        return;
    order->done = true;
    core_mark(t, order->token, TCU_MARK_ACTED, clock_now(), NULL);
    for (size_t i = 0; i < order->change_count; i++) {
        signal_touch(&t->signals, order->changes[i].index);
        pace_release(t, order->changes[i].index);
    }
    shadows_schedule(t);
    if (order->kind == TCU_ORDER_REQUEST) {
        command_order_done(t, order, outcome, reason_code, description);
        order_free(order);
    } else {
        shadow_order_done(t, order);
    }
}

size_t tcu_orders_open(const struct tcu *t)
{
    size_t count = 0;

    for (const struct tcu_order *o = t->p->open; o != NULL; o = o->next)
        count++;
    return count;
}

/* A request half executed is not executed again after the restart: it has failed. */
void order_cancel_all(struct tcu *t, const char *reason_code, const char *description)
{
    struct tcu_order *order;

    while ((order = t->p->open) != NULL) {
        order_take(&t->p->open, order);
        if (order->kind == TCU_ORDER_DESIRED)
            shadow_forget(t, order);
        else
            command_order_done(t, order, TCU_FAILED, reason_code, description);
        if (t->p->observer->order_cancelled != NULL)
            t->p->observer->order_cancelled(t->p->ctx, t, order);
        order_free(order);
    }
}

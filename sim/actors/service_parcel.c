#include <stdio.h>
#include <stdlib.h>

#include "actors/service_core.h"
#include "base/xmem.h"

/* PUBACK: nobody has subscribed to that topic (MQTT 5, 3.4.2.1). */
#define NO_MATCHING_SUBSCRIBERS 0x10
#define FAILURE                 0x80

static void free_parcel(struct service_parcel *p)
{
    free(p->topic);
    free(p->payload);
    free(p);
}

static struct service_parcel **bucket(struct service *s, uint64_t publish_id)
{
    return &s->unacked[publish_id % SERVICE_UNACKED_BUCKETS];
}

static void enlist(struct service *s, struct service_parcel *p)
{
    struct service_parcel **first = bucket(s, p->publish_id);

    p->next = *first;
    *first = p;
}

void service_await_ack(struct service *s, const struct service_parcel *parcel, const char *id)
{
    struct service_parcel *p = xmalloc(sizeof *p);

    *p = *parcel;
    snprintf(p->id, sizeof p->id, "%s", id);
    enlist(s, p);
}

static void await_connection(struct service *s, struct service_parcel *p)
{
    p->next = NULL;
    *s->last_waiting = p;
    s->last_waiting = &p->next;
}

static void send(struct service *s, struct service_parcel *p)
{
    struct companion_publish sent;
    struct error err;

    if (s->connected &&
        companion_publish_raw(s->companion, p->topic, slice_str(p->payload), &sent, &err)) {
        p->publish_id = sent.id;
        enlist(s, p);
    } else {
        await_connection(s, p);
    }
}

void service_post(struct service *s, const struct service_parcel *parcel)
{
    struct service_parcel *p = xmalloc(sizeof *p);

    *p = *parcel;
    send(s, p);
}

void service_flush(struct service *s)
{
    struct service_parcel *p = s->waiting;

    s->waiting = NULL;
    s->last_waiting = &s->waiting;
    for (struct service_parcel *next; p != NULL; p = next) {
        next = p->next;
        send(s, p);
    }
}

static void request_acked(struct service *s, const struct service_parcel *p,
                          const struct companion_acked *e)
{
    struct dispatch *d = &p->car->dispatch;

    if (e->reason_code >= FAILURE) {
        struct service_command *c = (struct service_command *)dispatch_find(d, p->id);
        if (c == NULL || dispatch_answer(d, p->id, DISPATCH_FAILED) != DISPATCH_REPLY_TAKEN)
            return;
        c->reason.code = xstrdup("BROKER_REFUSED");
        c->reason.description = xstrdup(e->text);
    } else if (!e->ok || e->reason_code == NO_MATCHING_SUBSCRIBERS) {
        dispatch_undelivered(d, p->id, e->ok, loop_script_now(s->loop));
    } else {
        return;
    }
    service_wake(p->car);
}

void service_on_acked(void *ctx, const struct companion_acked *e)
{
    struct service *s = ctx;
    struct service_parcel **place = bucket(s, e->publish.id);

    while (*place != NULL && (*place)->publish_id != e->publish.id)
        place = &(*place)->next;
    struct service_parcel *p = *place;
    if (p == NULL)
        return;
    *place = p->next;
    if (p->topic == NULL)
        request_acked(s, p, e);
    /* What the broker refused, it would refuse again. */
    if (p->topic != NULL && !e->ok && e->reason_code == 0)
        await_connection(s, p);
    else
        free_parcel(p);
}

static void drop(struct service_parcel *p)
{
    for (struct service_parcel *next; p != NULL; p = next) {
        next = p->next;
        free_parcel(p);
    }
}

void service_drop_parcels(struct service *s)
{
    for (size_t i = 0; i < SERVICE_UNACKED_BUCKETS; i++)
        drop(s->unacked[i]);
    drop(s->waiting);
}

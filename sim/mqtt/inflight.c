#include "mqtt/inflight.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

void inflight_done(struct inflight *t)
{
    for (unsigned i = 0; i < t->count; i++)
        free(t->at[i]);
    free(t->at);
    *t = (struct inflight){.last_id = t->last_id};
}

struct inflight_packet *inflight_find(const struct inflight *t, uint16_t id)
{
    for (unsigned i = 0; i < t->count; i++)
        if (t->at[i]->id == id)
            return t->at[i];
    return NULL;
}

uint16_t inflight_next_id(struct inflight *t)
{
    do
        t->last_id++;
    while (t->last_id == 0 || inflight_find(t, t->last_id) != NULL);
    return t->last_id;
}

static struct inflight_packet *append(struct inflight *t, uint16_t id, enum inflight_kind kind,
                                      struct slice packet)
{
    struct inflight_packet *p = xmalloc(sizeof *p + packet.len);

    *p = (struct inflight_packet){.id = id, .kind = (uint8_t)kind, .len = (uint32_t)packet.len};
    if (packet.len != 0)
        memcpy(p->bytes, packet.data, packet.len);
    if (t->count == t->cap) {
        t->cap = (uint16_t)(t->cap != 0 ? t->cap * 2 : 2);
        t->at = xrealloc(t->at, t->cap * sizeof(void *));
    }
    t->at[t->count++] = p;
    return p;
}

struct inflight_packet *inflight_add(struct inflight *t, uint16_t id, struct slice packet)
{
    if (t->publishes >= INFLIGHT_PUBLISH_MAX)
        return NULL;
    t->publishes++;
    struct inflight_packet *p = append(t, id, INFLIGHT_PUBLISH, packet);
    p->qos = packet.data[0] >> 1 & 3;
    return p;
}

bool inflight_add_request(struct inflight *t, uint16_t id, enum inflight_kind kind,
                          uint16_t filters)
{
    if (t->count - t->publishes >= INFLIGHT_REQUEST_MAX)
        return false;
    append(t, id, kind, slice_of(NULL, 0))->filters = filters;
    return true;
}

static bool is_publish(const struct inflight_packet *p)
{
    return p->kind == INFLIGHT_PUBLISH || p->kind == INFLIGHT_PUBREL;
}

static unsigned index_of(const struct inflight *t, const struct inflight_packet *p)
{
    unsigned i = 0;

    while (t->at[i] != p)
        i++;
    return i;
}

void inflight_release(struct inflight *t, struct inflight_packet *p)
{
    unsigned from = index_of(t, p), to = 0;

    if (!p->sent)
        inflight_mark_sent(t, p);
    p->kind = INFLIGHT_PUBREL;
    p->len = 0;
    p = xrealloc(p, sizeof *p);
    while (to < from && t->at[to]->kind == INFLIGHT_PUBREL)
        to++;
    memmove(t->at + to + 1, t->at + to, (from - to) * sizeof(void *));
    t->at[to] = p;
}

static void drop(struct inflight *t, unsigned index)
{
    struct inflight_packet *p = t->at[index];

    if (is_publish(p)) {
        t->publishes--;
        t->sent = (uint16_t)(t->sent - p->sent);
    }
    free(p);
    t->count--;
    memmove(t->at + index, t->at + index + 1, (t->count - index) * sizeof(void *));
}

void inflight_forget(struct inflight *t, const struct inflight_packet *p)
{
    drop(t, index_of(t, p));
}

bool inflight_remove(struct inflight *t, uint16_t id, enum inflight_kind kind)
{
    struct inflight_packet *p = inflight_find(t, id);

    if (p == NULL || p->kind != kind)
        return false;
    drop(t, index_of(t, p));
    return true;
}

struct inflight_packet *inflight_unsent(const struct inflight *t)
{
    if (t->sent == t->publishes)
        return NULL;
    for (unsigned i = 0; i < t->count; i++)
        if (is_publish(t->at[i]) && !t->at[i]->sent)
            return t->at[i];
    return NULL;
}

void inflight_mark_sent(struct inflight *t, struct inflight_packet *p)
{
    p->sent = p->sent_once = true;
    t->sent++;
}

void inflight_rewind(struct inflight *t)
{
    for (unsigned i = t->count; i-- > 0;) {
        if (!is_publish(t->at[i]) || t->at[i]->id == 0)
            drop(t, i);
        else
            t->at[i]->sent = false;
    }
    t->sent = 0;
}

void inflight_make_new(struct inflight *t)
{
    for (unsigned i = 0; i < t->count; i++) {
        t->at[i]->sent_once = false;
        if (t->at[i]->kind == INFLIGHT_PUBREL && !t->at[i]->sent)
            inflight_mark_sent(t, t->at[i]);
    }
}

uint16_t inflight_take_pubrel(struct inflight *t)
{
    if (t->count == 0 || t->at[0]->kind != INFLIGHT_PUBREL)
        return 0;
    uint16_t id = t->at[0]->id;
    drop(t, 0);
    return id;
}

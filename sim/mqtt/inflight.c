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

static bool in_use(const struct inflight *t, uint16_t id)
{
    for (unsigned i = 0; i < t->count; i++)
        if (t->at[i]->id == id)
            return true;
    return false;
}

uint16_t inflight_next_id(struct inflight *t)
{
    do
        t->last_id++;
    while (t->last_id == 0 || in_use(t, t->last_id));
    return t->last_id;
}

static struct inflight_packet *append(struct inflight *t, uint16_t id, struct slice packet)
{
    struct inflight_packet *p = xmalloc(sizeof *p + packet.len);

    *p = (struct inflight_packet){.id = id, .len = (uint32_t)packet.len};
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
    return append(t, id, packet);
}

void inflight_add_subscribe(struct inflight *t, uint16_t id)
{
    append(t, id, slice_of(NULL, 0));
}

static void drop(struct inflight *t, unsigned index)
{
    struct inflight_packet *p = t->at[index];

    if (p->len != 0) {
        t->publishes--;
        t->sent = (uint16_t)(t->sent - p->sent);
    }
    free(p);
    t->count--;
    memmove(t->at + index, t->at + index + 1, (t->count - index) * sizeof(void *));
}

bool inflight_remove(struct inflight *t, uint16_t id, bool publish)
{
    for (unsigned i = 0; i < t->count; i++) {
        if (t->at[i]->id == id && (t->at[i]->len != 0) == publish) {
            drop(t, i);
            return true;
        }
    }
    return false;
}

struct inflight_packet *inflight_unsent(const struct inflight *t)
{
    if (t->sent == t->publishes)
        return NULL;
    for (unsigned i = 0; i < t->count; i++)
        if (t->at[i]->len != 0 && !t->at[i]->sent)
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
        if (t->at[i]->len == 0)
            drop(t, i);
        else
            t->at[i]->sent = false;
    }
    t->sent = 0;
}

void inflight_make_new(struct inflight *t)
{
    for (unsigned i = 0; i < t->count; i++)
        t->at[i]->sent_once = false;
}

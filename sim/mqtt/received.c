#include "mqtt/received.h"

#include <stdlib.h>

#include "base/xmem.h"

void received_done(struct received *t)
{
    free(t->at);
    *t = (struct received){0};
}

static struct received_id *find(const struct received *t, uint16_t id)
{
    for (uint32_t i = 0; i < t->count; i++)
        if (t->at[i].id == id)
            return &t->at[i];
    return NULL;
}

bool received_add(struct received *t, uint16_t id)
{
    struct received_id *known = find(t, id);

    if (known != NULL) {
        t->now += !known->now;
        known->now = true;
        return false;
    }
    if (t->count == t->cap) {
        t->cap = t->cap != 0 ? t->cap * 2 : 4;
        t->at = xrealloc(t->at, t->cap * sizeof *t->at);
    }
    t->at[t->count++] = (struct received_id){.id = id, .now = true};
    t->now++;
    return true;
}

bool received_remove(struct received *t, uint16_t id)
{
    struct received_id *known = find(t, id);

    if (known == NULL)
        return false;
    t->now -= known->now;
    *known = t->at[--t->count];
    if (t->count == 0)
        received_done(t);
    return true;
}

void received_rewind(struct received *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        t->at[i].now = false;
    t->now = 0;
}

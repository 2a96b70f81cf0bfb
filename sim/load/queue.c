#include <stdlib.h>

#include "base/xmem.h"
#include "load/core.h"

#define CAPACITY_FIRST ((size_t)256)

static void grow(struct load_queue *q)
{
    size_t capacity = q->capacity != 0 ? q->capacity * 2 : CAPACITY_FIRST;
    struct load_command *items = xcalloc(capacity, sizeof *items);

    for (size_t i = 0; i < q->count; i++)
        items[i] = q->items[(q->head + i) & (q->capacity - 1)];
    free(q->items);
    *q = (struct load_queue){.items = items, .count = q->count, .capacity = capacity};
}

void load_queue_put(struct load_queue *q, const struct load_command *c)
{
    if (q->count == q->capacity)
        grow(q);
    q->items[(q->head + q->count) & (q->capacity - 1)] = *c;
    q->count++;
}

struct load_command *load_queue_first(const struct load_queue *q)
{
    return q->count != 0 ? &q->items[q->head] : NULL;
}

void load_queue_drop(struct load_queue *q)
{
    q->head = (q->head + 1) & (q->capacity - 1);
    q->count--;
}

void load_queue_done(struct load_queue *q)
{
    free(q->items);
    *q = (struct load_queue){0};
}

#include "metrics/name_index.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

void name_index_init(struct name_index *x, size_t item_size, size_t max,
                     size_t (*rank)(const char *name))
{
    assert(max <= NAME_INDEX_MAX && item_size >= NAME_INDEX_NAME_MAX);
    *x = (struct name_index){.item_size = item_size, .max = max, .rank = rank};
}

void name_index_done(struct name_index *x)
{
    for (size_t i = 0; i < x->count; i++)
        free(x->items[i]);
}

/* FNV-1a of the part of the name that counts. */
static size_t slot_of(const char *name)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < NAME_INDEX_NAME_MAX - 1 && name[i] != '\0'; i++)
        hash = (hash ^ (uint8_t)name[i]) * 16777619u;
    return (hash ^ hash >> 16) % NAME_INDEX_SLOTS;
}

/* The slot that holds the name, or the empty one where it would go. */
static size_t probe(const struct name_index *x, const char *name)
{
    size_t slot = slot_of(name);

    while (x->slots[slot] != NULL && strncmp(x->slots[slot], name, NAME_INDEX_NAME_MAX - 1) != 0)
        slot = (slot + 1) % NAME_INDEX_SLOTS;
    return slot;
}

void *name_index_find(const struct name_index *x, const char *name)
{
    return x->slots[probe(x, name)];
}

static bool comes_before(const struct name_index *x, const char *a, const char *b)
{
    size_t rank_a = x->rank(a), rank_b = x->rank(b);

    return rank_a != rank_b ? rank_a < rank_b : strcmp(a, b) < 0;
}

void *name_index_get(struct name_index *x, const char *name)
{
    size_t slot = probe(x, name);

    if (x->slots[slot] != NULL)
        return x->slots[slot];
    if (x->count == x->max)
        return NULL;
    char *item = xcalloc(1, x->item_size);
    size_t len = strnlen(name, NAME_INDEX_NAME_MAX - 1);
    memcpy(item, name, len);
    x->slots[slot] = item;
    size_t i = x->count++;
    for (; i > 0 && comes_before(x, item, x->items[i - 1]); i--)
        x->items[i] = x->items[i - 1];
    x->items[i] = item;
    return item;
}

#include "base/table.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
struct table_entry {
    struct table_entry *next;
    void *value;
    uint64_t hash;
    char key[];
};

void table_init(struct table *t)
{
    *t = (struct table){0};
}

void table_done(struct table *t, void (*free_value)(void *value))
{
    for (size_t i = 0; i < t->bucket_count; i++)
        for (struct table_entry *e = t->buckets[i], *next; e != NULL; e = next) {
            next = e->next;
            if (free_value != NULL)
                free_value(e->value);
            free(e);
        }
    free(t->buckets);
    table_init(t);
}

static uint64_t hash_of(const char *key)
{
    uint64_t h = hash_text(key);

    return h ^ (h >> 32);
}

static struct table_entry **link_of(const struct table *t, const char *key, uint64_t hash)
{
    struct table_entry **link = &t->buckets[hash & (t->bucket_count - 1)];

    while (*link != NULL && ((*link)->hash != hash || strcmp((*link)->key, key) != 0))
        link = &(*link)->next;
    return link;
}

static bool grow(struct table *t)
{
    size_t count = t->bucket_count != 0 ? t->bucket_count * 2 : 64;
    struct table_entry **buckets = calloc(count, sizeof(struct table_entry *));

    if (buckets == NULL)
        return false;
    for (size_t i = 0; i < t->bucket_count; i++)
        for (struct table_entry *e = t->buckets[i], *next; e != NULL; e = next) {
            struct table_entry **to = &buckets[e->hash & (count - 1)];
            next = e->next;
            e->next = *to;
            *to = e;
        }
    free(t->buckets);
    t->buckets = buckets;
    t->bucket_count = count;
    return true;
}

void *table_get(const struct table *t, const char *key)
{
    if (t->count == 0)
        return NULL;
    struct table_entry *e = *link_of(t, key, hash_of(key));
    return e != NULL ? e->value : NULL;
}

bool table_put(struct table *t, const char *key, void *value)
{
    uint64_t hash = hash_of(key);

    if (t->count >= t->bucket_count && !grow(t) && t->bucket_count == 0)
        return false;
    struct table_entry **link = link_of(t, key, hash);
    if (*link == NULL) {
        size_t size = strlen(key) + 1;
        struct table_entry *e = malloc(sizeof *e + size);
        if (e == NULL)
            return false;
        *e = (struct table_entry){.hash = hash};
        memcpy(e->key, key, size);
        *link = e;
        t->count++;
    }
    (*link)->value = value;
    return true;
}

void *table_remove(struct table *t, const char *key)
{
    if (t->count == 0)
        return NULL;
    struct table_entry **link = link_of(t, key, hash_of(key));
    struct table_entry *e = *link;
    if (e == NULL)
        return NULL;
    void *value = e->value;
    *link = e->next;
    free(e);
    t->count--;
    return value;
}

void table_sweep(struct table *t, bool (*drop)(void *value, void *ctx), void *ctx)
{
    for (size_t i = 0; i < t->bucket_count; i++) {
        struct table_entry **link = &t->buckets[i];
        while (*link != NULL) {
            struct table_entry *e = *link;
            if (drop(e->value, ctx)) {
                *link = e->next;
                free(e);
                t->count--;
            } else {
                link = &e->next;
            }
        }
    }
}

bool table_walk(const struct table *t, struct table_cursor *at, size_t max,
                void (*visit)(const char *key, const void *value, void *ctx), void *ctx)
{
    size_t seen = 0;

    if (at->buckets != t->bucket_count)
        *at = (struct table_cursor){.buckets = t->bucket_count};
    for (; at->bucket < t->bucket_count && seen < max; at->bucket++)
        for (const struct table_entry *e = t->buckets[at->bucket]; e != NULL; e = e->next) {
            visit(e->key, e->value, ctx);
            seen++;
        }
    return at->bucket < t->bucket_count;
}

void table_each(const struct table *t, void (*visit)(const char *key, const void *value, void *ctx),
                void *ctx)
{
    for (size_t i = 0; i < t->bucket_count; i++)
        for (const struct table_entry *e = t->buckets[i]; e != NULL; e = e->next)
            visit(e->key, e->value, ctx);
}

/*
 * table.h — a hash table from strings to pointers; the one in the cloud.
 *
 * Owns      copies of the keys. Values are the caller's.
 * Errors    no memory: table_put() returns false and the table is as before.
 */
#ifndef BASE_TABLE_H
#define BASE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct table_entry;

struct table {
    struct table_entry **buckets;
    size_t bucket_count; /* 0 or a power of two */
    size_t count;
};

void table_init(struct table *t);
/* free_value: called for each value, may be NULL. */
void table_done(struct table *t, void (*free_value)(void *value));
void *table_get(const struct table *t, const char *key);
/* Replaces what was there, without freeing it; value must not be NULL. */
bool table_put(struct table *t, const char *key, void *value);
/* The value that was there, or NULL. */
void *table_remove(struct table *t, const char *key);
/* In no particular order; visit() must not change the table. */
void table_each(const struct table *t, void (*visit)(const char *key, const void *value, void *ctx),
                void *ctx);
/* A place in a table. Zeroed: before its first entry. */
struct table_cursor {
    size_t bucket, buckets;
};
/* Visits entries from there on, `max` or a few more, and moves on. True: there are others. Between
   two calls the table may change: what is there all the time is visited, if it grows perhaps more
   than once. visit() must not change it. */
bool table_walk(const struct table *t, struct table_cursor *at, size_t max,
                void (*visit)(const char *key, const void *value, void *ctx), void *ctx);
/* Removes every entry for which drop() says true; drop() frees the value then. */
void table_sweep(struct table *t, bool (*drop)(void *value, void *ctx), void *ctx);

#endif

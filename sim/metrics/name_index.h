/*
 * name_index.h — finds things by name fast, and lists them in a fixed order: by their rank, then by
 * name. Private to this room.
 */
#ifndef METRICS_NAME_INDEX_H
#define METRICS_NAME_INDEX_H

#include <stddef.h>
#include <stdint.h>

#define NAME_INDEX_MAX      256
#define NAME_INDEX_SLOTS    512
#define NAME_INDEX_NAME_MAX 64 /* with the NUL; longer names are cut */

/* Each thing begins with `char name[NAME_INDEX_NAME_MAX]` and is allocated by the index. */
struct name_index {
    size_t item_size, max;
    size_t (*rank)(const char *name);
    size_t count;
    void *items[NAME_INDEX_MAX];   /* in order */
    void *slots[NAME_INDEX_SLOTS]; /* open addressing */
};

void name_index_init(struct name_index *x, size_t item_size, size_t max,
                     size_t (*rank)(const char *name));
/* Frees the things' memory, not what they own. */
void name_index_done(struct name_index *x);
/* NULL if there is none of that name. */
void *name_index_find(const struct name_index *x, const char *name);
/* Found or made, zeroed but for its name; NULL when full. */
void *name_index_get(struct name_index *x, const char *name);

#endif

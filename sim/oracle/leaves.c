#include "oracle/leaves.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/xmem.h"

/* Fewer paths are not worth a shape. */
enum { SHAPE_LEAST = 8, SHAPE_BUCKETS = 256 };

struct shape {
    struct shape *next;
    struct shapes *home;
    uint64_t hash;
    uint32_t users;
    uint16_t count;
    path_id paths[];
};

struct shapes {
    struct shape *buckets[SHAPE_BUCKETS];
};

/* ---- shapes ---- */

struct shapes *shapes_new(void)
{
    return xcalloc(1, sizeof(struct shapes));
}

void shapes_free(struct shapes *s)
{
    free(s);
}

static void shape_leave(struct shape *shape)
{
    struct shape **p = &shape->home->buckets[shape->hash % SHAPE_BUCKETS];

    if (--shape->users != 0)
        return;
    while (*p != shape)
        p = &(*p)->next;
    *p = shape->next;
    free(shape);
}

static struct shape *shape_of(struct shapes *s, const struct leaves *l)
{
    size_t size = l->count * sizeof *l->paths;
    uint64_t hash = hash_bytes(slice_of(l->paths, size));
    struct shape **bucket = &s->buckets[hash % SHAPE_BUCKETS];

    for (struct shape *shape = *bucket; shape != NULL; shape = shape->next)
        if (shape->hash == hash && shape->count == l->count &&
            memcmp(shape->paths, l->paths, size) == 0)
            return shape;
    struct shape *shape = xmalloc(sizeof *shape + size);
    *shape = (struct shape){.next = *bucket, .home = s, .hash = hash, .count = l->count};
    memcpy(shape->paths, l->paths, size);
    *bucket = shape;
    return shape;
}

void leaves_share(struct leaves *l, struct shapes *s)
{
    if (l->shape != NULL || l->count < SHAPE_LEAST)
        return;
    l->shape = shape_of(s, l);
    l->shape->users++;
    free(l->paths);
    l->paths = l->shape->paths;
    l->capacity = l->count;
    l->values = xrealloc(l->values, l->count * sizeof *l->values);
}

/* Its paths are about to change. */
static void unshare(struct leaves *l)
{
    if (l->shape == NULL)
        return;
    path_id *own = xmalloc(l->capacity * sizeof *own);
    memcpy(own, l->paths, l->count * sizeof *own);
    shape_leave(l->shape);
    l->shape = NULL;
    l->paths = own;
}

/* ---- the set ---- */

void leaves_done(struct leaves *l)
{
    if (l->shape != NULL)
        shape_leave(l->shape);
    else
        free(l->paths);
    free(l->values);
    *l = (struct leaves){.paths = NULL};
}

/* Where the path is, or belongs. */
static size_t place_of(const struct leaves *l, path_id path)
{
    size_t low = 0, high = l->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (l->paths[middle] < path)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool at(const struct leaves *l, size_t place, path_id path)
{
    return place < l->count && l->paths[place] == path;
}

bool leaves_get(const struct leaves *l, path_id path, leaf_value *ret)
{
    size_t i = place_of(l, path);

    if (!at(l, i, path))
        return false;
    *ret = l->values[i];
    return true;
}

bool leaves_has_under(const struct leaves *l, const struct names *n, path_id path)
{
    if (!names_has_children(n, path))
        return false;
    for (size_t i = 0; i < l->count; i++)
        if (names_is_under(n, l->paths[i], path))
            return true;
    return false;
}

static void reserve(struct leaves *l)
{
    if (l->count < l->capacity)
        return;
    l->capacity = (uint16_t)(l->capacity == 0 ? 4 : l->capacity * 2);
    l->paths = xrealloc(l->paths, l->capacity * sizeof *l->paths);
    l->values = xrealloc(l->values, l->capacity * sizeof *l->values);
}

void leaves_set(struct leaves *l, path_id path, leaf_value value)
{
    size_t i = place_of(l, path);

    if (at(l, i, path)) {
        l->values[i] = value;
        return;
    }
    unshare(l);
    reserve(l);
    memmove(&l->paths[i + 1], &l->paths[i], (l->count - i) * sizeof *l->paths);
    memmove(&l->values[i + 1], &l->values[i], (l->count - i) * sizeof *l->values);
    l->paths[i] = path;
    l->values[i] = value;
    l->count++;
}

static void remove_at(struct leaves *l, size_t i)
{
    unshare(l);
    l->count--;
    memmove(&l->paths[i], &l->paths[i + 1], (l->count - i) * sizeof *l->paths);
    memmove(&l->values[i], &l->values[i + 1], (l->count - i) * sizeof *l->values);
}

void leaves_remove(struct leaves *l, path_id path)
{
    size_t i = place_of(l, path);

    if (at(l, i, path))
        remove_at(l, i);
}

/* ---- merge ---- */

static void remove_under(struct leaves *l, const struct names *n, path_id path)
{
    if (!names_has_children(n, path))
        return;
    for (size_t i = l->count; i-- > 0;)
        if (names_is_under(n, l->paths[i], path))
            remove_at(l, i);
}

/* What stands in the way of an object there: a value, or the note that it is empty. */
static void remove_above(struct leaves *l, const struct names *n, path_id path)
{
    for (path_id above = names_parent(n, path); above != 0; above = names_parent(n, above))
        leaves_remove(l, above);
}

static void merge_null(struct leaves *l, const struct names *n, path_id path)
{
    path_id above = names_parent(n, path);

    remove_above(l, n, path);
    leaves_remove(l, path);
    remove_under(l, n, path);
    if (above != 0 && !leaves_has_under(l, n, above))
        leaves_set(l, above, leaf_plain(LEAF_MAYBE));
}

static void merge_leaf(struct leaves *l, const struct names *n, const struct leaf *leaf)
{
    size_t i = place_of(l, leaf->path);
    enum leaf_kind kind = leaf_kind_of(leaf->value);

    if (kind == LEAF_NULL) {
        merge_null(l, n, leaf->path);
    } else if (at(l, i, leaf->path)) {
        l->values[i] = leaf->value;
    } else if (kind != LEAF_EMPTY || !leaves_has_under(l, n, leaf->path)) {
        remove_above(l, n, leaf->path);
        remove_under(l, n, leaf->path);
        leaves_set(l, leaf->path, leaf->value);
    }
}

void leaves_merge(struct leaves *l, const struct names *n, const struct leaf_list *patch)
{
    for (size_t i = 0; i < patch->count; i++)
        merge_leaf(l, n, &patch->items[i]);
}

static int by_path(const void *a, const void *b)
{
    path_id x = ((const struct leaf *)a)->path, y = ((const struct leaf *)b)->path;

    return (x > y) - (x < y);
}

void leaves_become(struct leaves *l, struct leaf_list *list)
{
    leaves_done(l);
    if (list->count == 0)
        return;
    qsort(list->items, list->count, sizeof *list->items, by_path);
    l->capacity = (uint16_t)list->count;
    l->paths = xmalloc(list->count * sizeof *l->paths);
    l->values = xmalloc(list->count * sizeof *l->values);
    for (size_t i = 0; i < list->count; i++) {
        if (leaf_kind_of(list->items[i].value) == LEAF_NULL)
            continue;
        l->paths[l->count] = list->items[i].path;
        l->values[l->count++] = list->items[i].value;
    }
}

static bool is_empty(leaf_value value)
{
    enum leaf_kind kind = leaf_kind_of(value);

    return kind == LEAF_EMPTY || kind == LEAF_MAYBE;
}

static size_t skip_empty(const struct leaves *l, size_t i)
{
    while (i < l->count && is_empty(l->values[i]))
        i++;
    return i;
}

bool leaves_equal(const struct leaves *a, const struct leaves *b, path_id *ret_differs)
{
    size_t i = skip_empty(a, 0), j = skip_empty(b, 0);

    while (i < a->count && j < b->count && a->paths[i] == b->paths[j] &&
           a->values[i] == b->values[j]) {
        i = skip_empty(a, i + 1);
        j = skip_empty(b, j + 1);
    }
    if (i == a->count && j == b->count)
        return true;
    if (j == b->count || (i < a->count && a->paths[i] <= b->paths[j]))
        *ret_differs = a->paths[i];
    else
        *ret_differs = b->paths[j];
    return false;
}

/* ---- delta ---- */

static enum leaves_answer empty_outstanding(leaf_value value, path_id path,
                                            const struct leaves *reported, const struct names *n)
{
    leaf_value seen;
    bool any = leaves_get(reported, path, &seen);

    if (leaves_has_under(reported, n, path) || (any && leaf_kind_of(seen) == LEAF_EMPTY))
        return LEAVES_NO;
    if (leaf_kind_of(value) == LEAF_MAYBE || (any && leaf_kind_of(seen) == LEAF_MAYBE))
        return LEAVES_UNSURE;
    return LEAVES_YES;
}

enum leaves_answer leaves_outstanding(const struct leaves *desired, size_t index,
                                      const struct leaves *reported, const struct names *n)
{
    leaf_value value = desired->values[index], seen;

    if (is_empty(value))
        return empty_outstanding(value, desired->paths[index], reported, n);
    bool same = leaves_get(reported, desired->paths[index], &seen) && seen == value;
    return same ? LEAVES_NO : LEAVES_YES;
}

struct leaves_sum leaves_delta(const struct leaves *desired, const struct leaves *reported,
                               const struct names *n)
{
    struct leaves_sum s = {.sure = true};

    for (size_t i = 0; i < desired->count; i++) {
        enum leaves_answer answer = leaves_outstanding(desired, i, reported, n);
        s.sure = s.sure && answer != LEAVES_UNSURE;
        if (answer != LEAVES_YES)
            continue;
        s.sum += leaf_mix(desired->paths[i], desired->values[i]);
        s.count++;
    }
    return s;
}

struct leaves_sum leaves_sum_of(const struct leaf_list *list)
{
    struct leaves_sum s = {.sure = true, .count = (uint16_t)list->count};

    for (size_t i = 0; i < list->count; i++)
        s.sum += leaf_mix(list->items[i].path, list->items[i].value);
    return s;
}

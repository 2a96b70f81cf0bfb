#include "tcu/desired.h"

#include <stdlib.h>

#include "base/xmem.h"

enum { PATH_MAX_LEN = 5 * 61 }; /* signal_schema_add(): 5 levels of 60 bytes */

struct place {
    char text[PATH_MAX_LEN];
    size_t len;
};

static void bad_leaf(struct desired *d, const struct error *why)
{
    if (d->bad++ == 0)
        d->first_bad = *why;
}

static void no_signal(struct desired *d, const struct place *at, struct slice key, const char *why)
{
    struct error err;

    error_set(&err, ERROR_FAILED, "%.*s%s%.*s: %s", (int)at->len, at->text, at->len != 0 ? "." : "",
              (int)(key.len < 60 ? key.len : 60), (const char *)key.data, why);
    bad_leaf(d, &err);
}

static struct desired_leaf *leaf_of(struct desired *d, size_t index)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->leaves[i].change.index == index)
            return &d->leaves[i];
    return NULL;
}

/* A document that names a signal twice means the last. */
static struct desired_leaf *leaf_for(struct desired *d, size_t index)
{
    struct desired_leaf *leaf = leaf_of(d, index);

    if (leaf != NULL)
        return leaf;
    if (d->count == d->capacity) {
        struct desired_leaf *old = d->leaves == d->few ? NULL : d->leaves;
        d->capacity *= 2;
        d->leaves = xrealloc(old, d->capacity * sizeof *d->leaves);
        if (old == NULL)
            memcpy(d->leaves, d->few, sizeof d->few);
    }
    return &d->leaves[d->count++];
}

/* False, and noted, if another shadow is the place to ask for it. */
static bool lives_there(struct desired *d, const struct signal_def *def)
{
    struct error err;

    if (d->shadow == DESIRED_ANYWHERE || def->shadow_slot == (size_t)d->shadow)
        return true;
    if (def->shadow != NULL)
        error_set(&err, ERROR_FAILED, "%s: lives in the shadow \"%s\"", def->path, def->shadow);
    else
        error_set(&err, ERROR_FAILED, "%s: lives in the classic shadow", def->path);
    bad_leaf(d, &err);
    return false;
}

static void read_leaf(struct desired *d, size_t index, const struct json_value *item,
                      size_t document_len)
{
    const struct signal_def *def = signal_schema_def(d->schema, index);
    union signal_value value;
    struct error err;

    if (!lives_there(d, def))
        return;
    if ((def->flags & SIGNAL_DESIRED) == 0) {
        error_set(&err, ERROR_FAILED, "%s: cannot be asked for, only reported", def->path);
        bad_leaf(d, &err);
        return;
    }
    /* Texts are shorter than they were written, quotes included: all fit. */
    if (def->type == SIGNAL_STRING && d->strings == NULL)
        d->strings = xmalloc(document_len);
    char *room = d->strings != NULL ? d->strings + d->strings_used : NULL;
    if (!signal_read_value(def, item, room, &value, &err)) {
        bad_leaf(d, &err);
        return;
    }
    if (def->type == SIGNAL_STRING)
        d->strings_used += strlen(value.s) + 1;
    *leaf_for(d, index) = (struct desired_leaf){
        .change = {.index = index, .value = value}
    };
}

/* Appends a level; false if no signal's path can look like that. */
static bool go_down(struct place *at, const struct json_value *member)
{
    struct json_value key = {
        .type = JSON_STRING, .escaped = member->key_escaped, .text = member->key};
    char room[PATH_MAX_LEN];
    size_t dot = at->len != 0 ? 1 : 0;

    if (key.escaped && json_text(&key, room, sizeof room))
        key.text = slice_str(room);
    if (key.text.len == 0 || key.text.len + dot > sizeof at->text - at->len ||
        memchr(key.text.data, '.', key.text.len) != NULL)
        return false;
    if (dot != 0)
        at->text[at->len++] = '.';
    memcpy(at->text + at->len, key.text.data, key.text.len);
    at->len += key.text.len;
    return true;
}

/* Depth is bounded by the schema: only prefixes of signals are entered. */
static void read_level(struct desired *d, struct place *at, const struct json_value *state,
                       size_t document_len)
{
    struct json_value item;
    size_t base = at->len;

    for (struct json_cursor c = json_enter(state); json_next(&c, &item); at->len = base) {
        if (!go_down(at, &item)) {
            no_signal(d, at, item.key, "the car has no such signal");
            continue;
        }
        struct slice path = slice_of(at->text, at->len);
        int index = signal_schema_find(d->schema, path);
        if (index >= 0) {
            read_leaf(d, (size_t)index, &item, document_len);
            continue;
        }
        bool group = signal_schema_has_prefix(d->schema, path);
        if (group && item.type == JSON_OBJECT) {
            read_level(d, at, &item, document_len);
            continue;
        }
        at->len = base;
        no_signal(d, at, item.key,
                  group ? "is a group of signals, so its value must be an object"
                        : "the car has no such signal");
    }
}

static uint32_t seconds(const struct json_value *stamp)
{
    struct json_value timestamp;
    double s = json_find(stamp, "timestamp", &timestamp) ? json_number(&timestamp) : 0;

    return s >= 1 && s < 4294967295.0 ? (uint32_t)s : 0;
}

/* Of the leaves that were read. */
static void read_stamps(struct desired *d, struct place *at, const struct json_value *metadata)
{
    struct json_value item;
    size_t base = at->len;

    for (struct json_cursor c = json_enter(metadata); json_next(&c, &item); at->len = base) {
        if (item.type != JSON_OBJECT || !go_down(at, &item))
            continue;
        struct slice path = slice_of(at->text, at->len);
        int index = signal_schema_find(d->schema, path);
        struct desired_leaf *leaf = index >= 0 ? leaf_of(d, (size_t)index) : NULL;
        if (leaf != NULL)
            leaf->timestamp = seconds(&item);
        else if (index < 0 && signal_schema_has_prefix(d->schema, path))
            read_stamps(d, at, &item);
    }
}

static int by_index(const void *a, const void *b)
{
    size_t x = ((const struct desired_leaf *)a)->change.index;
    size_t y = ((const struct desired_leaf *)b)->change.index;
    return (x > y) - (x < y);
}

void desired_read(struct desired *ret, const struct signal_schema *schema, int shadow,
                  const struct json_value *state, const struct json_value *metadata)
{
    struct place at = {.len = 0};

    ret->schema = schema;
    ret->shadow = shadow;
    ret->leaves = ret->few;
    ret->capacity = DESIRED_FEW;
    ret->count = ret->bad = ret->strings_used = 0;
    ret->strings = NULL;
    read_level(ret, &at, state, state->text.len);
    if (ret->count != 0)
        read_stamps(ret, &at, metadata);
    if (ret->count > 1)
        qsort(ret->leaves, ret->count, sizeof *ret->leaves, by_index);
}

void desired_done(struct desired *d)
{
    if (d->leaves != d->few)
        free(d->leaves);
    free(d->strings);
    d->leaves = NULL;
    d->strings = NULL;
    d->count = d->capacity = 0;
}

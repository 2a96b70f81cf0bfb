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

static void no_signal(struct desired *d, const struct place *at, const char *key, const char *why)
{
    struct error err;

    error_set(&err, ERROR_FAILED, "%.*s%s%.60s: %s", (int)at->len, at->text,
              at->len != 0 ? "." : "", key, why);
    bad_leaf(d, &err);
}

/* A document that names a signal twice means the last. */
static struct desired_leaf *leaf_for(struct desired *d, size_t index)
{
    for (size_t i = 0; i < d->count; i++)
        if (d->leaves[i].change.index == index)
            return &d->leaves[i];
    if (d->count == d->capacity) {
        d->capacity = d->capacity != 0 ? d->capacity * 2 : 4;
        d->leaves = xrealloc(d->leaves, d->capacity * sizeof *d->leaves);
    }
    return &d->leaves[d->count++];
}

static uint32_t seconds(const cJSON *stamp)
{
    double s = json_num(stamp, "timestamp", 0);
    return s >= 1 && s < 4294967295.0 ? (uint32_t)s : 0;
}

static void read_leaf(struct desired *d, size_t index, const cJSON *item, const cJSON *stamp)
{
    const struct signal_def *def = signal_schema_def(d->schema, index);
    union signal_value value;
    struct error err;

    if ((def->flags & SIGNAL_DESIRED) == 0) {
        error_set(&err, ERROR_FAILED, "%s: cannot be asked for, only reported", def->path);
        bad_leaf(d, &err);
        return;
    }
    if (!signal_read_value(def, item, &value, &err)) {
        bad_leaf(d, &err);
        return;
    }
    *leaf_for(d, index) = (struct desired_leaf){
        .change = {.index = index, .value = value},
          .timestamp = seconds(stamp)
    };
}

/* Appends a level; false if no signal's path can look like that. */
static bool go_down(struct place *at, const char *key)
{
    size_t len = strlen(key);
    size_t dot = at->len != 0 ? 1 : 0;

    if (len == 0 || strchr(key, '.') != NULL || len + dot > sizeof at->text - at->len)
        return false;
    if (dot != 0)
        at->text[at->len++] = '.';
    memcpy(at->text + at->len, key, len);
    at->len += len;
    return true;
}

/* Depth is bounded by the schema: only prefixes of signals are entered. */
static void read_level(struct desired *d, struct place *at, const cJSON *state,
                       const cJSON *metadata)
{
    size_t base = at->len;

    for (const cJSON *item = state->child; item != NULL; item = item->next) {
        const cJSON *below = json_get(metadata, item->string);
        at->len = base;
        if (!go_down(at, item->string)) {
            no_signal(d, at, item->string, "the car has no such signal");
            continue;
        }
        int index = signal_schema_find(d->schema, slice_of(at->text, at->len));
        bool group = signal_schema_has_prefix(d->schema, slice_of(at->text, at->len));
        size_t len = at->len;
        at->len = base;
        if (index >= 0)
            read_leaf(d, (size_t)index, item, below);
        else if (!group)
            no_signal(d, at, item->string, "the car has no such signal");
        else if (!cJSON_IsObject(item))
            no_signal(d, at, item->string, "is a group of signals, so its value must be an object");
        else {
            at->len = len;
            read_level(d, at, item, below);
        }
    }
    at->len = base;
}

static int by_index(const void *a, const void *b)
{
    size_t x = ((const struct desired_leaf *)a)->change.index;
    size_t y = ((const struct desired_leaf *)b)->change.index;
    return (x > y) - (x < y);
}

void desired_read(struct desired *ret, const struct signal_schema *schema, const cJSON *state,
                  const cJSON *metadata)
{
    struct place at = {.len = 0};

    *ret = (struct desired){.schema = schema};
    read_level(ret, &at, state, metadata);
    if (ret->count > 1)
        qsort(ret->leaves, ret->count, sizeof *ret->leaves, by_index);
}

void desired_done(struct desired *d)
{
    free(d->leaves);
    d->leaves = NULL;
    d->count = d->capacity = 0;
}

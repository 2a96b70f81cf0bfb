/* The table half of signals.h: the values of one car, and their documents. */
#include "tcu/signals.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/xmem.h"
#include "tcu/json_out.h"

/* ── Table ──────────────────────────────────────────────────────────────────────────────────── */

static size_t words(const struct signal_schema *s)
{
    return (signal_schema_count(s) + 63) / 64;
}

static bool bit(const uint64_t *set, size_t i)
{
    return (set[i / 64] >> (i % 64) & 1) != 0;
}

static void own(struct signal_table *t, size_t index, union signal_value value)
{
    if (signal_schema_def(t->schema, index)->type == SIGNAL_STRING)
        value.s = xstrdup(value.s);
    t->values[index] = value;
}

void signal_table_init(struct signal_table *t, const struct signal_schema *schema)
{
    /* One block: the values, then the two bitsets. */
    size_t values = signal_schema_count(schema) * sizeof *t->values;
    char *block = xcalloc(1, values + 2 * words(schema) * sizeof *t->dirty + 1);
    t->schema = schema;
    t->values = (union signal_value *)(void *)block;
    t->dirty = (uint64_t *)(void *)(block + values);
    t->flying = t->dirty + words(schema);
    for (size_t i = 0; i < signal_schema_count(schema); i++)
        own(t, i, signal_schema_def(schema, i)->initial);
    signal_touch_all(t);
}

void signal_table_done(struct signal_table *t)
{
    if (t->schema == NULL)
        return;
    for (size_t i = 0; i < signal_schema_count(t->schema); i++)
        if (signal_schema_def(t->schema, i)->type == SIGNAL_STRING)
            free((void *)(uintptr_t)t->values[i].s);
    free(t->values);
    *t = (struct signal_table){.schema = NULL};
}

/* False if the new type cannot hold it. */
static bool convert(const struct signal_def *from, union signal_value value,
                    const struct signal_def *to, union signal_value *ret)
{
    *ret = value;
    if (from->type == SIGNAL_INT && to->type == SIGNAL_FLOAT) {
        ret->f = (double)value.i;
        return true;
    }
    if (from->type == SIGNAL_FLOAT && to->type == SIGNAL_INT) {
        ret->i = fabs(value.f) < 0x1p63 ? llround(value.f) : 0;
        return fabs(value.f) < 0x1p63;
    }
    if (from->type != SIGNAL_ENUM || to->type != SIGNAL_ENUM)
        return from->type == to->type;
    for (size_t i = 0; i < to->value_count; i++) {
        ret->e = (uint32_t)i;
        if (strcmp(from->values[value.e], to->values[i]) == 0)
            return true;
    }
    return false;
}

static void copy_bit(uint64_t *to, size_t i, const uint64_t *from, size_t j)
{
    to[i / 64] &= ~((uint64_t)1 << (i % 64));
    to[i / 64] |= (uint64_t)bit(from, j) << (i % 64);
}

bool signal_same_shadow(const struct signal_def *a, const struct signal_def *b)
{
    return a->shadow == NULL || b->shadow == NULL ? a->shadow == b->shadow
                                                  : strcmp(a->shadow, b->shadow) == 0;
}

static void migrate_signal(struct signal_table *t, size_t index, const struct signal_table *old)
{
    const struct signal_def *def = signal_schema_def(t->schema, index);
    int found = signal_schema_find(old->schema, slice_str(def->path));
    union signal_value value;

    if (found < 0)
        return;
    const struct signal_def *before = signal_schema_def(old->schema, (size_t)found);
    if (!convert(before, old->values[found], def, &value))
        return;
    signal_set(t, index, value);
    if (before->type != def->type || (before->flags & def->flags & SIGNAL_REPORTED) == 0 ||
        !signal_same_shadow(before, def))
        return;
    copy_bit(t->dirty, index, old->dirty, (size_t)found);
    copy_bit(t->flying, index, old->flying, (size_t)found);
}

void signal_table_migrate(struct signal_table *t, const struct signal_schema *schema)
{
    struct signal_table old = *t;

    signal_table_init(t, schema);
    for (size_t i = 0; i < signal_schema_count(schema); i++)
        migrate_signal(t, i, &old);
    signal_table_done(&old);
}

union signal_value signal_get(const struct signal_table *t, size_t index)
{
    assert(index < signal_schema_count(t->schema));
    return t->values[index];
}

/* What a document could not carry (JSON has no NaN) is kept out of the table. */
static bool storable(const struct signal_def *def, union signal_value value)
{
    switch (def->type) {
    case SIGNAL_FLOAT:
        return isfinite(value.f) != 0;
    case SIGNAL_ENUM:
        return value.e < def->value_count;
    case SIGNAL_STRING:
        return value.s != NULL;
    case SIGNAL_BOOL:
    case SIGNAL_INT:
    case SIGNAL_TYPE_COUNT:
        break;
    }
    return true;
}

static bool same(enum signal_type type, union signal_value a, union signal_value b)
{
    switch (type) {
    case SIGNAL_BOOL:
        return a.b == b.b;
    case SIGNAL_INT:
        return a.i == b.i;
    case SIGNAL_FLOAT:
        return !islessgreater(a.f, b.f);
    case SIGNAL_ENUM:
        return a.e == b.e;
    case SIGNAL_STRING:
        return strcmp(a.s, b.s) == 0;
    case SIGNAL_TYPE_COUNT:
        break;
    }
    return true;
}

bool signal_set(struct signal_table *t, size_t index, union signal_value value)
{
    assert(index < signal_schema_count(t->schema));
    const struct signal_def *def = signal_schema_def(t->schema, index);

    if (!storable(def, value) || same(def->type, t->values[index], value))
        return false;
    union signal_value old = t->values[index];
    own(t, index, value);
    if (def->type == SIGNAL_STRING)
        free((void *)(uintptr_t)old.s);
    signal_touch(t, index);
    return true;
}

void signal_touch(struct signal_table *t, size_t index)
{
    assert(index < signal_schema_count(t->schema));
    if ((signal_schema_def(t->schema, index)->flags & SIGNAL_REPORTED) != 0)
        t->dirty[index / 64] |= (uint64_t)1 << (index % 64);
}

void signal_touch_all(struct signal_table *t)
{
    for (size_t i = 0; i < signal_schema_count(t->schema); i++)
        signal_touch(t, i);
}

void signal_touch_shadow(struct signal_table *t, size_t shadow)
{
    for (size_t i = 0; i < signal_schema_count(t->schema); i++)
        if (signal_schema_def(t->schema, i)->shadow_slot == shadow)
            signal_touch(t, i);
}

/* The signals of one shadow, among 64. */
static uint64_t of_shadow(const uint64_t *set, size_t word)
{
    return set != NULL ? set[word] : UINT64_MAX;
}

bool signal_any_dirty(const struct signal_table *t, size_t shadow)
{
    const uint64_t *set = signal_schema_shadow_set(t->schema, shadow);
    uint64_t any = 0;

    for (size_t i = 0; i < words(t->schema); i++)
        any |= t->dirty[i] & of_shadow(set, i);
    return any != 0;
}

bool signal_any_prompt(const struct signal_table *t, size_t shadow)
{
    const uint64_t *paced = signal_schema_paced_set(t->schema);
    const uint64_t *set = signal_schema_shadow_set(t->schema, shadow);
    uint64_t any = 0;

    for (size_t i = 0; i < words(t->schema); i++)
        any |= t->dirty[i] & of_shadow(set, i) & ~(paced != NULL ? paced[i] : 0);
    return any != 0;
}

bool signal_is_dirty(const struct signal_table *t, size_t index)
{
    assert(index < signal_schema_count(t->schema));
    return bit(t->dirty, index);
}

bool signal_is_flying(const struct signal_table *t, size_t index)
{
    assert(index < signal_schema_count(t->schema));
    return bit(t->flying, index);
}

/* ── Documents ──────────────────────────────────────────────────────────────────────────────── */

/* Writes sorted paths as nested objects: since all paths of a group are neighbours, each group is
   opened once. */
struct nest {
    struct buf *out;
    const char *group; /* a path whose first `len` bytes are the open groups, each with its dot */
    size_t len;
    bool empty; /* nothing written yet in the innermost open object */
};

static void leave_groups(struct nest *n, const char *path)
{
    while (n->len > 0 && strncmp(n->group, path, n->len) != 0) {
        n->len--;
        while (n->len > 0 && n->group[n->len - 1] != '.')
            n->len--;
        buf_append_str(n->out, "}");
        n->empty = false;
    }
}

static void write_key(struct nest *n, const char *key, size_t len)
{
    if (!n->empty)
        buf_append_str(n->out, ",");
    buf_append_str(n->out, "\"");
    buf_append(n->out, key, len);
    buf_append_str(n->out, "\":");
}

static void enter(struct nest *n, const char *path)
{
    const char *dot;

    leave_groups(n, path);
    n->group = path;
    while ((dot = strchr(path + n->len, '.')) != NULL) {
        write_key(n, path + n->len, (size_t)(dot - path) - n->len);
        buf_append_str(n->out, "{");
        n->empty = true;
        n->len = (size_t)(dot - path) + 1;
    }
    write_key(n, path + n->len, strlen(path) - n->len);
    n->empty = false;
}

/* What it takes to close the document here. */
static size_t closing(const struct nest *n)
{
    size_t braces = 1;

    for (size_t i = 0; i < n->len; i++)
        braces += n->group[i] == '.';
    return braces;
}

/* Takes it back if the document would then close beyond the limit. */
static bool write_signal(struct nest *n, const struct signal_table *t, size_t index, size_t limit)
{
    const struct signal_def *def = signal_schema_def(t->schema, index);
    struct nest before = *n;
    size_t len = buf_len(n->out);

    enter(n, def->path);
    signal_write_value(def, t->values[index], n->out);
    if (!n->out->overflow && closing(n) <= limit && buf_len(n->out) <= limit - closing(n))
        return true;
    *n = before;
    buf_truncate(n->out, len);
    return false;
}

bool signal_write_dirty(struct signal_table *t, size_t shadow, struct buf *out, size_t limit)
{
    const uint64_t *set = signal_schema_shadow_set(t->schema, shadow);
    struct nest nest = {.out = out, .group = "", .empty = true};
    size_t len = buf_len(out);
    bool any = false;

    limit = limit < out->max ? limit : out->max;
    buf_append_str(out, "{");
    for (size_t i = 0; i < signal_schema_count(t->schema); i++) {
        if (!bit(t->dirty, i) || (set != NULL && !bit(set, i)) || !write_signal(&nest, t, i, limit))
            continue;
        any = true;
        t->dirty[i / 64] &= ~((uint64_t)1 << (i % 64));
        t->flying[i / 64] |= (uint64_t)1 << (i % 64);
    }
    leave_groups(&nest, "");
    buf_append_str(out, "}");
    if (!any)
        buf_truncate(out, len);
    return any;
}

bool signal_write_all(const struct signal_table *t, bool reported_only, struct buf *out)
{
    struct nest nest = {.out = out, .group = "", .empty = true};
    unsigned flags = reported_only ? SIGNAL_REPORTED : 0;

    buf_append_str(out, "{");
    for (size_t i = 0; i < signal_schema_count(t->schema) && !out->overflow; i++) {
        const struct signal_def *def = signal_schema_def(t->schema, i);
        if ((def->flags & flags) != flags)
            continue;
        enter(&nest, def->path);
        signal_write_value(def, t->values[i], out);
    }
    leave_groups(&nest, "");
    return buf_append_str(out, "}") && !out->overflow;
}

/* Does the schema report a signal of that path into the same shadow? */
static bool still_reported(const struct signal_schema *schema, const struct signal_def *old)
{
    int index = signal_schema_find(schema, slice_str(old->path));
    const struct signal_def *def = index >= 0 ? signal_schema_def(schema, (size_t)index) : NULL;

    return def != NULL && (def->flags & SIGNAL_REPORTED) != 0 && signal_same_shadow(old, def);
}

bool signal_write_withdrawn(const struct signal_schema *from, const struct signal_schema *to,
                            size_t shadow, struct buf *out)
{
    struct nest nest = {.out = out, .group = "", .empty = true};
    size_t len = buf_len(out);
    bool any = false;

    buf_append_str(out, "{");
    for (size_t i = 0; i < signal_schema_count(from); i++) {
        const struct signal_def *def = signal_schema_def(from, i);
        if (def->shadow_slot != shadow || (def->flags & SIGNAL_REPORTED) == 0 ||
            still_reported(to, def))
            continue;
        enter(&nest, def->path);
        buf_append_str(out, "null");
        any = true;
    }
    leave_groups(&nest, "");
    buf_append_str(out, "}");
    any = any && !out->overflow;
    if (!any)
        buf_truncate(out, len);
    return any;
}

void signal_drop_dirty(struct signal_table *t, size_t shadow)
{
    const uint64_t *set = signal_schema_shadow_set(t->schema, shadow);

    for (size_t i = 0; i < words(t->schema); i++)
        t->dirty[i] &= ~of_shadow(set, i);
}

void signal_report_accepted(struct signal_table *t, size_t shadow)
{
    const uint64_t *set = signal_schema_shadow_set(t->schema, shadow);

    for (size_t i = 0; i < words(t->schema); i++)
        t->flying[i] &= ~of_shadow(set, i);
}

void signal_report_lost(struct signal_table *t, size_t shadow)
{
    const uint64_t *set = signal_schema_shadow_set(t->schema, shadow);

    for (size_t i = 0; i < words(t->schema); i++) {
        t->dirty[i] |= t->flying[i] & of_shadow(set, i);
        t->flying[i] &= ~of_shadow(set, i);
    }
}

/* ── Values ─────────────────────────────────────────────────────────────────────────────────── */

bool signal_write_value(const struct signal_def *def, union signal_value value, struct buf *out)
{
    switch (def->type) {
    case SIGNAL_BOOL:
        return buf_append_str(out, value.b ? "true" : "false");
    case SIGNAL_INT:
        return buf_printf(out, "%" PRId64, value.i);
    case SIGNAL_FLOAT:
        return buf_printf(out, "%.10g", value.f);
    case SIGNAL_ENUM:
        return json_out_string(out, slice_str(def->values[value.e]));
    case SIGNAL_STRING:
        return json_out_string(out, slice_str(value.s));
    case SIGNAL_TYPE_COUNT:
        break;
    }
    return false;
}

static bool wrong_type(const struct signal_def *def, const struct json_value *json,
                       const char *expected, struct error *err)
{
    return error_set(err, ERROR_FAILED, "%s: expected %s, got %s", def->path, expected,
                     json_type_text(json->type));
}

static bool not_one_of(const struct signal_def *def, struct slice seen, struct error *err)
{
    struct buf names;

    buf_init(&names, 256);
    for (size_t i = 0; i < def->value_count && !names.overflow; i++)
        buf_printf(&names, "%s%s", i != 0 ? ", " : "", def->values[i]);
    error_set(err, ERROR_FAILED, "%s: \"%.*s\" is not one of %s%s", def->path,
              (int)(seen.len < 60 ? seen.len : 60), (const char *)seen.data, buf_cstr(&names),
              names.overflow ? ", …" : "");
    buf_done(&names);
    return false;
}

static bool read_enum(const struct signal_def *def, const struct json_value *json,
                      union signal_value *ret, struct error *err)
{
    char room[512];
    struct slice text = json->text;

    if (json->type != JSON_STRING)
        return wrong_type(def, json, "a string", err);
    if (json->escaped && json_text(json, room, sizeof room))
        text = slice_str(room);
    for (size_t i = 0; i < def->value_count; i++) {
        if (slice_is(text, def->values[i])) {
            ret->e = (uint32_t)i;
            return true;
        }
    }
    return not_one_of(def, text, err);
}

static bool read_number(const struct signal_def *def, const struct json_value *json, double *ret,
                        struct error *err)
{
    if (json->type != JSON_NUMBER)
        return wrong_type(def, json, "a number", err);
    double n = json_number(json);
    if (!isfinite(n))
        return error_set(err, ERROR_FAILED, "%s: the number is too large", def->path);
    if (n < def->min)
        return error_set(err, ERROR_FAILED, "%s: %.10g is below %.10g", def->path, n, def->min);
    if (n > def->max)
        return error_set(err, ERROR_FAILED, "%s: %.10g is above %.10g", def->path, n, def->max);
    *ret = n;
    return true;
}

static bool read_integer(const struct signal_def *def, const struct json_value *json, int64_t *ret,
                         struct error *err)
{
    const double exact = 9007199254740992.0; /* 2^53: beyond, a double skips integers */
    double n = 0;

    if (!read_number(def, json, &n, err))
        return false;
    if (n < -exact || n > exact || islessgreater(n, trunc(n)))
        return error_set(err, ERROR_FAILED, "%s: %.10g is not an integer", def->path, n);
    *ret = (int64_t)n;
    return true;
}

static bool read_string(const struct signal_def *def, const struct json_value *json, char *room,
                        union signal_value *ret, struct error *err)
{
    if (json->type != JSON_STRING)
        return wrong_type(def, json, "a string", err);
    if (!json_text(json, room, json->text.len + 1))
        return error_set(err, ERROR_FAILED, "%s: there is a NUL in the text", def->path);
    ret->s = room;
    return true;
}

bool signal_read_value(const struct signal_def *def, const struct json_value *json, char *room,
                       union signal_value *ret, struct error *err)
{
    switch (def->type) {
    case SIGNAL_BOOL:
        if (json->type != JSON_TRUE && json->type != JSON_FALSE)
            return wrong_type(def, json, "a boolean", err);
        ret->b = json->type == JSON_TRUE;
        return true;
    case SIGNAL_INT:
        return read_integer(def, json, &ret->i, err);
    case SIGNAL_FLOAT:
        return read_number(def, json, &ret->f, err);
    case SIGNAL_ENUM:
        return read_enum(def, json, ret, err);
    case SIGNAL_STRING:
        return read_string(def, json, room, ret, err);
    case SIGNAL_TYPE_COUNT:
        break;
    }
    return error_set(err, ERROR_FAILED, "%s: no such type", def->path);
}

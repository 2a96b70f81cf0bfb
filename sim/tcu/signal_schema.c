/* The schema half of signals.h: what signals a model has. */
#include "tcu/signals.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/xmem.h"

enum {
    MAX_LEVELS = 5,
    MAX_KEY = 60,
    MAX_PATH = MAX_LEVELS * (MAX_KEY + 1),
    MAX_SHADOW_NAME = 64,
    PACE_MAX = 30 * 86400,
};

/* Paths are looked up for every value that a script or a document touches. */
struct slot {
    uint32_t hash;
    uint32_t len; /* of the path; 0: an empty slot */
    size_t index;
};

struct signal_schema {
    char *model;
    struct signal_def *defs;
    size_t count, capacity, desired_count;
    size_t *paced; /* indices */
    size_t paced_count;
    uint64_t *paced_set;                       /* bitset; NULL: none */
    struct slot *slots;                        /* open addressing, half of them empty */
    size_t slot_count;                         /* a power of two */
    char *shadows[SIGNAL_SHADOWS_MAX];         /* names by slot; that of the classic one is NULL */
    uint64_t *shadow_sets[SIGNAL_SHADOWS_MAX]; /* bitsets; NULL: all signals */
    size_t shadow_count;
    bool sealed;
};

const char *signal_type_name(enum signal_type type)
{
    /* ORDER SIGNAL_TYPE */
    static const char *const names[SIGNAL_TYPE_COUNT] = {"boolean", "integer", "float", "enum",
                                                         "string"};
    return (unsigned)type < SIGNAL_TYPE_COUNT ? names[type] : "unknown";
}

struct signal_schema *signal_schema_new(const char *model)
{
    struct signal_schema *s = xcalloc(1, sizeof *s);

    s->model = xstrdup(model);
    s->shadow_count = 1;
    return s;
}

static void def_done(struct signal_def *def)
{
    free(def->path);
    free(def->vss);
    free(def->unit);
    free(def->shadow);
    for (size_t i = 0; i < def->value_count; i++)
        free(def->values[i]);
    free(def->values);
    if (def->type == SIGNAL_STRING)
        free((void *)(uintptr_t)def->initial.s);
}

void signal_schema_free(struct signal_schema *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->count; i++)
        def_done(&s->defs[i]);
    free(s->defs);
    free(s->slots);
    free(s->paced);
    free(s->paced_set);
    for (size_t i = 0; i < SIGNAL_SHADOWS_MAX; i++) {
        free(s->shadows[i]);
        free(s->shadow_sets[i]);
    }
    free(s->model);
    free(s);
}

static bool key_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool check_path(const char *path, struct error *err)
{
    size_t levels = 1;
    size_t key = 0;

    for (const char *p = path; *p != '\0'; p++) {
        if (*p == '.') {
            if (key == 0)
                return error_set(err, ERROR_USAGE, "signal \"%.100s\": empty level in its path",
                                 path);
            levels++;
            key = 0;
        } else if (!key_char(*p)) {
            return error_set(
                err, ERROR_USAGE,
                "signal \"%.100s\": only letters, digits, '_' and '-' may be in a path", path);
        } else if (++key > MAX_KEY) {
            return error_set(err, ERROR_USAGE, "signal \"%.100s\": a key is longer than %d bytes",
                             path, MAX_KEY);
        }
    }
    if (key == 0)
        return error_set(err, ERROR_USAGE, "signal \"%.100s\": empty level in its path", path);
    if (levels > MAX_LEVELS)
        return error_set(err, ERROR_USAGE, "signal \"%.100s\": more than %d levels", path,
                         MAX_LEVELS);
    return true;
}

/* Is `a` the same as `b` or one of its groups? */
static bool covers(const char *a, const char *b)
{
    size_t len = strlen(a);
    return strncmp(a, b, len) == 0 && (b[len] == '\0' || b[len] == '.');
}

static bool check_place(const struct signal_schema *s, const char *path, struct error *err)
{
    for (size_t i = 0; i < s->count; i++) {
        const char *other = s->defs[i].path;
        if (strcmp(path, other) == 0)
            return error_set(err, ERROR_USAGE, "signal %s: declared twice", path);
        if (covers(path, other) || covers(other, path))
            return error_set(err, ERROR_USAGE,
                             "signal %s: conflicts with %s (a signal cannot also be a group)", path,
                             other);
    }
    return true;
}

static bool paced(const struct signal_def *def)
{
    return def->report_every > 0 || def->deadband > 0;
}

static bool check_enum(const struct signal_def *def, struct error *err)
{
    if (def->value_count == 0)
        return error_set(err, ERROR_USAGE, "signal %s: an enum without values", def->path);
    if (def->initial.e >= def->value_count)
        return error_set(err, ERROR_USAGE, "signal %s: its initial value is not one of its values",
                         def->path);
    for (size_t i = 0; i < def->value_count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(def->values[i], def->values[k]) == 0)
                return error_set(err, ERROR_USAGE, "signal %s: value \"%.60s\" twice", def->path,
                                 def->values[i]);
    return true;
}

static bool check_pace(const struct signal_def *def, struct error *err)
{
    bool numeric = def->type == SIGNAL_INT || def->type == SIGNAL_FLOAT;

    if (!(def->report_every >= 0 && def->report_every <= PACE_MAX))
        return error_set(err, ERROR_USAGE, "signal %s: report_every is from 0 to %d seconds",
                         def->path, PACE_MAX);
    if (!(def->deadband >= 0 && isfinite(def->deadband)))
        return error_set(err, ERROR_USAGE, "signal %s: deadband is a number from 0 on", def->path);
    if (def->deadband > 0 && !numeric)
        return error_set(err, ERROR_USAGE, "signal %s: only numbers have a deadband", def->path);
    if (paced(def) && (def->flags & SIGNAL_REPORTED) == 0)
        return error_set(err, ERROR_USAGE,
                         "signal %s: report_every or deadband, but it is not reported", def->path);
    return true;
}

static bool check_def(const struct signal_def *def, struct error *err)
{
    bool numeric = def->type == SIGNAL_INT || def->type == SIGNAL_FLOAT;

    if ((unsigned)def->type >= SIGNAL_TYPE_COUNT)
        return error_set(err, ERROR_USAGE, "signal %s: no such type", def->path);
    if (numeric && !(def->min <= def->max))
        return error_set(err, ERROR_USAGE, "signal %s: its minimum is above its maximum",
                         def->path);
    if (def->type == SIGNAL_FLOAT && !isfinite(def->initial.f))
        return error_set(err, ERROR_USAGE, "signal %s: its initial value is not a finite number",
                         def->path);
    return check_pace(def, err) && (def->type != SIGNAL_ENUM || check_enum(def, err));
}

/* Contract 1.1. */
static bool check_shadow_name(const struct signal_def *def, struct error *err)
{
    size_t len = strlen(def->shadow);
    size_t good = 0;

    while (good < len && (key_char(def->shadow[good]) || def->shadow[good] == ':'))
        good++;
    if (len != 0 && len <= MAX_SHADOW_NAME && good == len)
        return true;
    return error_set(
        err, ERROR_USAGE,
        "signal %s: shadow \"%.80s\": a shadow's name is 1 to %d letters, digits, ':', "
        "'_' or '-'",
        def->path, def->shadow, MAX_SHADOW_NAME);
}

/* The slot of the signal's shadow, made if it is the first that lives there. */
static bool take_shadow(struct signal_schema *s, const struct signal_def *def, size_t *ret,
                        struct error *err)
{
    *ret = 0;
    if (def->shadow == NULL)
        return true;
    if (!check_shadow_name(def, err))
        return false;
    int found = signal_schema_find_shadow(s, slice_str(def->shadow));
    if (found < 0 && s->shadow_count == SIGNAL_SHADOWS_MAX)
        return error_set(err, ERROR_USAGE,
                         "signal %s: shadow \"%s\" would be one too many: a car has %d named ones "
                         "at most (a connection has 50 subscriptions, each takes 6)",
                         def->path, def->shadow, SIGNAL_SHADOWS_MAX - 1);
    *ret = found >= 0 ? (size_t)found : s->shadow_count;
    if (found < 0)
        s->shadows[s->shadow_count++] = xstrdup(def->shadow);
    return true;
}

static char *copy_or_null(const char *text)
{
    return text != NULL ? xstrdup(text) : NULL;
}

static void copy_values(struct signal_def *copy, const struct signal_def *def)
{
    copy->values = xcalloc(def->value_count, sizeof *copy->values);
    for (; copy->value_count < def->value_count; copy->value_count++)
        copy->values[copy->value_count] = xstrdup(def->values[copy->value_count]);
}

bool signal_schema_add(struct signal_schema *s, const struct signal_def *def, struct error *err)
{
    size_t shadow;

    if (s->sealed)
        return error_set(err, ERROR_USAGE, "signal %.100s: declared after the model was complete",
                         def->path);
    if (!check_path(def->path, err) || !check_place(s, def->path, err) || !check_def(def, err) ||
        !take_shadow(s, def, &shadow, err))
        return false;
    if (s->count == s->capacity) {
        s->capacity = s->capacity != 0 ? s->capacity * 2 : 32;
        s->defs = xrealloc(s->defs, s->capacity * sizeof *s->defs);
    }
    struct signal_def *copy = &s->defs[s->count++];
    *copy = *def;
    copy->path = xstrdup(def->path);
    copy->vss = copy_or_null(def->vss);
    copy->unit = copy_or_null(def->unit);
    copy->shadow = copy_or_null(def->shadow);
    copy->shadow_slot = shadow;
    copy->desired_slot = copy->paced_slot = -1;
    copy->values = NULL;
    copy->value_count = 0;
    if (def->type == SIGNAL_ENUM)
        copy_values(copy, def);
    if (def->type == SIGNAL_STRING)
        copy->initial.s = xstrdup(def->initial.s != NULL ? def->initial.s : "");
    return true;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct signal_def *)a)->path, ((const struct signal_def *)b)->path);
}

static uint32_t path_hash(struct slice path)
{
    uint64_t hash = hash_bytes(path);
    return (uint32_t)(hash ^ hash >> 32);
}

/* The slot of the path, or the empty one where it would go. */
static struct slot *slot_of(const struct signal_schema *s, struct slice path, uint32_t hash)
{
    size_t at = hash & (s->slot_count - 1);

    while (s->slots[at].len != 0 &&
           (s->slots[at].hash != hash || s->slots[at].len != path.len ||
            memcmp(s->defs[s->slots[at].index].path, path.data, path.len) != 0))
        at = (at + 1) & (s->slot_count - 1);
    return &s->slots[at];
}

static void fill_slots(struct signal_schema *s)
{
    s->slot_count = 8;
    while (s->slot_count < s->count * 2)
        s->slot_count *= 2;
    s->slots = xcalloc(s->slot_count, sizeof *s->slots);
    for (size_t i = 0; i < s->count; i++) {
        struct slice path = slice_str(s->defs[i].path);
        uint32_t hash = path_hash(path);
        *slot_of(s, path, hash) =
            (struct slot){.hash = hash, .len = (uint32_t)path.len, .index = i};
    }
}

static void note_paced(struct signal_schema *s, size_t index)
{
    if (s->paced == NULL) {
        s->paced = xcalloc(s->count, sizeof *s->paced);
        s->paced_set = xcalloc((s->count + 63) / 64, sizeof *s->paced_set);
    }
    s->defs[index].paced_slot = (int)s->paced_count;
    s->paced[s->paced_count++] = index;
    s->paced_set[index / 64] |= (uint64_t)1 << (index % 64);
}

static void fill_shadow_sets(struct signal_schema *s)
{
    for (size_t i = 0; i < s->shadow_count; i++)
        s->shadow_sets[i] = xcalloc((s->count + 63) / 64, sizeof *s->shadow_sets[i]);
    for (size_t i = 0; i < s->count; i++)
        s->shadow_sets[s->defs[i].shadow_slot][i / 64] |= (uint64_t)1 << (i % 64);
}

void signal_schema_seal(struct signal_schema *s)
{
    if (s->sealed)
        return;
    if (s->count > 1)
        qsort(s->defs, s->count, sizeof *s->defs, by_path);
    for (size_t i = 0; i < s->count; i++)
        if ((s->defs[i].flags & SIGNAL_DESIRED) != 0)
            s->defs[i].desired_slot = (int)s->desired_count++;
    for (size_t i = 0; i < s->count; i++)
        if (paced(&s->defs[i]))
            note_paced(s, i);
    if (s->shadow_count > 1)
        fill_shadow_sets(s);
    fill_slots(s);
    s->sealed = true;
}

const char *signal_schema_model(const struct signal_schema *s)
{
    return s->model;
}

size_t signal_schema_count(const struct signal_schema *s)
{
    return s->count;
}

size_t signal_schema_desired_count(const struct signal_schema *s)
{
    return s->desired_count;
}

size_t signal_schema_paced_count(const struct signal_schema *s)
{
    return s->paced_count;
}

size_t signal_schema_paced(const struct signal_schema *s, size_t slot)
{
    assert(slot < s->paced_count);
    return s->paced[slot];
}

const uint64_t *signal_schema_paced_set(const struct signal_schema *s)
{
    return s->paced_set;
}

const struct signal_def *signal_schema_def(const struct signal_schema *s, size_t index)
{
    assert(index < s->count);
    return &s->defs[index];
}

size_t signal_schema_shadow_count(const struct signal_schema *s)
{
    return s->shadow_count;
}

const char *signal_schema_shadow_name(const struct signal_schema *s, size_t shadow)
{
    assert(shadow < s->shadow_count);
    return s->shadows[shadow];
}

int signal_schema_find_shadow(const struct signal_schema *s, struct slice name)
{
    for (size_t i = 1; i < s->shadow_count; i++)
        if (slice_is(name, s->shadows[i]))
            return (int)i;
    return -1;
}

const uint64_t *signal_schema_shadow_set(const struct signal_schema *s, size_t shadow)
{
    return s->shadow_sets[shadow];
}

/* The first definition whose path is not before `path`. */
static size_t lower_bound(const struct signal_schema *s, const char *path)
{
    size_t low = 0;
    size_t high = s->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (strcmp(s->defs[mid].path, path) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

/* As a string with `tail` appended; false if no path is that long, or it has a NUL inside. */
static bool as_string(struct slice path, const char *tail, char ret[MAX_PATH + 2])
{
    if (path.len > MAX_PATH || (path.len != 0 && memchr(path.data, '\0', path.len) != NULL))
        return false;
    if (path.len != 0)
        memcpy(ret, path.data, path.len);
    memcpy(ret + path.len, tail, strlen(tail) + 1);
    return true;
}

int signal_schema_find(const struct signal_schema *s, struct slice path)
{
    if (path.len == 0 || path.len > MAX_PATH || s->slot_count == 0)
        return -1;
    const struct slot *slot = slot_of(s, path, path_hash(path));
    return slot->len != 0 ? (int)slot->index : -1;
}

bool signal_schema_has_prefix(const struct signal_schema *s, struct slice path)
{
    char text[MAX_PATH + 2];

    if (path.len == 0)
        return s->count != 0;
    if (signal_schema_find(s, path) >= 0)
        return true;
    if (!as_string(path, ".", text))
        return false;
    size_t at = lower_bound(s, text);
    return at < s->count && strncmp(s->defs[at].path, text, path.len + 1) == 0;
}

#include "oracle/names.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/xmem.h"

#define KEY_MAX 1024

struct entry {
    uint64_t hash;
    char *text;
    uint32_t len, parent, turn;
    bool has_children;
};

/* Entries by number, from 1; buckets hold numbers: open addressing, at most half full. */
struct table {
    struct entry *entries;
    uint32_t *buckets;
    uint32_t count, bucket_count, max;
};

struct names {
    struct table paths, texts;
    uint32_t turn;
};

static void table_init(struct table *t, uint32_t max)
{
    *t = (struct table){.max = max, .bucket_count = 256};
    t->buckets = xcalloc(t->bucket_count, sizeof *t->buckets);
    t->entries = xcalloc(t->bucket_count / 2, sizeof *t->entries);
}

static void table_done(struct table *t)
{
    for (uint32_t i = 0; i < t->count; i++)
        free(t->entries[i].text);
    free(t->entries);
    free(t->buckets);
}

static struct entry *entry_of(const struct table *t, uint32_t id)
{
    return &t->entries[id - 1];
}

static uint64_t hash_of(uint32_t parent, struct slice text)
{
    uint64_t h = (UINT64_C(0xcbf29ce484222325) ^ parent) * UINT64_C(0x9e3779b97f4a7c15);

    for (size_t i = 0; i < text.len; i++)
        h = (h ^ text.data[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 32;
}

static uint32_t *place_of(const struct table *t, uint64_t hash, uint32_t parent, struct slice text)
{
    uint32_t mask = t->bucket_count - 1;
    uint32_t i = (uint32_t)hash & mask;

    for (; t->buckets[i] != 0; i = (i + 1) & mask) {
        const struct entry *e = entry_of(t, t->buckets[i]);
        if (e->hash == hash && e->parent == parent && slice_equal(slice_of(e->text, e->len), text))
            break;
    }
    return &t->buckets[i];
}

static void grow(struct table *t)
{
    free(t->buckets);
    t->bucket_count *= 2;
    t->buckets = xcalloc(t->bucket_count, sizeof *t->buckets);
    t->entries = xrealloc(t->entries, t->bucket_count / 2 * sizeof *t->entries);
    for (uint32_t id = 1; id <= t->count; id++) {
        uint32_t i = (uint32_t)entry_of(t, id)->hash & (t->bucket_count - 1);
        while (t->buckets[i] != 0)
            i = (i + 1) & (t->bucket_count - 1);
        t->buckets[i] = id;
    }
}

static uint32_t find_or_add(struct table *t, uint32_t parent, struct slice text)
{
    uint64_t hash = hash_of(parent, text);
    uint32_t *place = place_of(t, hash, parent, text);

    if (*place != 0)
        return *place;
    if (t->count == t->max)
        return 0;
    if (t->count == t->bucket_count / 2) {
        grow(t);
        place = place_of(t, hash, parent, text);
    }
    t->entries[t->count++] = (struct entry){.hash = hash,
                                            .text = xstrndup((const char *)text.data, text.len),
                                            .len = (uint32_t)text.len,
                                            .parent = parent};
    *place = t->count;
    return t->count;
}

struct names *names_new(void)
{
    struct names *n = xcalloc(1, sizeof *n);

    table_init(&n->paths, NAMES_PATHS_MAX);
    table_init(&n->texts, NAMES_TEXTS_MAX);
    return n;
}

void names_free(struct names *n)
{
    if (n == NULL)
        return;
    table_done(&n->paths);
    table_done(&n->texts);
    free(n);
}

path_id names_path(struct names *n, path_id parent, struct slice key)
{
    path_id path = key.len <= KEY_MAX ? find_or_add(&n->paths, parent, key) : 0;

    if (path != 0 && parent != 0)
        entry_of(&n->paths, parent)->has_children = true;
    return path;
}

path_id names_member(struct names *n, path_id parent, const struct json_value *member)
{
    char room[KEY_MAX + 1];

    if (!member->key_escaped)
        return names_path(n, parent, member->key);
    if (member->key.len > KEY_MAX)
        return 0;
    size_t len = json_decode(member->key, room);
    return names_path(n, parent, slice_of(room, len));
}

path_id names_dotted(struct names *n, const char *path)
{
    path_id at = 0;

    while (true) {
        size_t len = strcspn(path, ".");
        at = names_path(n, at, slice_of(path, len));
        if (at == 0 || path[len] == '\0')
            return at;
        path += len + 1;
    }
}

path_id names_parent(const struct names *n, path_id path)
{
    return entry_of(&n->paths, path)->parent;
}

bool names_has_children(const struct names *n, path_id path)
{
    return path == 0 || entry_of(&n->paths, path)->has_children;
}

bool names_is_under(const struct names *n, path_id path, path_id ancestor)
{
    while (path != 0) {
        path = names_parent(n, path);
        if (path == ancestor)
            return true;
    }
    return false;
}

void names_write(const struct names *n, path_id path, struct buf *out)
{
    enum { DEEPEST = 64 };
    const struct entry *chain[DEEPEST];
    size_t depth = 0;

    for (; path != 0 && depth < DEEPEST; path = chain[depth++]->parent)
        chain[depth] = entry_of(&n->paths, path);
    while (depth-- > 0)
        buf_printf(out, "%.*s%s", (int)(chain[depth]->len < 100 ? chain[depth]->len : 100),
                   chain[depth]->text, depth != 0 ? "." : "");
}

void names_begin_turn(struct names *n)
{
    n->turn++;
}

bool names_seen(struct names *n, path_id path)
{
    struct entry *e = entry_of(&n->paths, path);
    bool seen = e->turn == n->turn;

    e->turn = n->turn;
    return seen;
}

size_t names_count(const struct names *n)
{
    return n->paths.count;
}

uint32_t names_text(struct names *n, struct slice text)
{
    return text.len <= NAMES_TEXT_LEN ? find_or_add(&n->texts, 0, text) : 0;
}

struct slice names_text_of(const struct names *n, uint32_t id)
{
    const struct entry *e = entry_of(&n->texts, id);

    return slice_of(e->text, e->len);
}

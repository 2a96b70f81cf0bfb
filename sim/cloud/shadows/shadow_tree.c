#include "cloud/shadows/shadow_tree.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum shadow_kind { SHADOW_OBJECT, SHADOW_ARRAY, SHADOW_NUMBER, SHADOW_SCALAR };

struct shadow_node {
    struct shadow_node *next;
    union {
        struct shadow_node *child; /* first member or element */
        double number;
    } as;
    int64_t written_at; /* s; leaves and elements of arrays */
    uint16_t name_len, text_len;
    uint8_t kind; /* enum shadow_kind */
    char bytes[]; /* the name with its quotes (not for elements), then a scalar's value */
};

/* There is one for each value of each car: no padding. */
#define NODE_BYTES     offsetof(struct shadow_node, bytes)
#define NODE_BYTES_MAX UINT16_MAX

/* What a merge needs on its way down. */
struct merge {
    int64_t now;
    size_t room; /* bytes the patch may still bring */
    enum shadow_merge result;
    struct text scratch;
};

static bool is_container(const struct shadow_node *n)
{
    return n->kind == SHADOW_OBJECT || n->kind == SHADOW_ARRAY;
}

static struct shadow_node *node_new(enum shadow_kind kind, const char *bytes, size_t name_len,
                                    size_t text_len)
{
    size_t size = NODE_BYTES + name_len + text_len;
    struct shadow_node *n = malloc(size < sizeof *n ? sizeof *n : size);

    if (n == NULL)
        return NULL;
    *n = (struct shadow_node){
        .kind = (uint8_t)kind, .name_len = (uint16_t)name_len, .text_len = (uint16_t)text_len};
    if (name_len + text_len != 0)
        memcpy(n->bytes, bytes, name_len + text_len);
    return n;
}

struct shadow_node *shadow_tree_new(void)
{
    return node_new(SHADOW_OBJECT, NULL, 0, 0);
}

void shadow_tree_free(struct shadow_node *node)
{
    if (node == NULL)
        return;
    if (is_container(node))
        for (struct shadow_node *c = node->as.child, *next; c != NULL; c = next) {
            next = c->next;
            shadow_tree_free(c);
        }
    free(node);
}

struct shadow_node *shadow_tree_copy(const struct shadow_node *node)
{
    struct shadow_node *copy = node_new(node->kind, node->bytes, node->name_len, node->text_len);

    if (copy == NULL)
        return NULL;
    copy->written_at = node->written_at;
    if (!is_container(node)) {
        copy->as.number = node->as.number;
        return copy;
    }
    struct shadow_node **tail = &copy->as.child;
    for (const struct shadow_node *c = node->as.child; c != NULL; c = c->next) {
        *tail = shadow_tree_copy(c);
        if (*tail == NULL) {
            shadow_tree_free(copy);
            return NULL;
        }
        tail = &(*tail)->next;
    }
    return copy;
}

bool shadow_tree_is_empty(const struct shadow_node *section)
{
    return section->as.child == NULL;
}

/* The link that holds the member of that name, or the one at the end that would. */
static struct shadow_node **member_link(struct shadow_node *object, const char *name, size_t len)
{
    struct shadow_node **link = &object->as.child;

    while (*link != NULL && ((*link)->name_len != len || memcmp((*link)->bytes, name, len) != 0))
        link = &(*link)->next;
    return link;
}

static const struct shadow_node *member(const struct shadow_node *object,
                                        const struct shadow_node *like)
{
    const struct shadow_node *n = object->as.child;

    while (n != NULL &&
           (n->name_len != like->name_len || memcmp(n->bytes, like->bytes, n->name_len) != 0))
        n = n->next;
    return n;
}

static void *fail(struct merge *m, enum shadow_merge why)
{
    if (m->result == SHADOW_MERGED)
        m->result = why;
    return NULL;
}

static enum shadow_kind kind_of(const cJSON *item)
{
    switch (item->type & 0xff) {
    case cJSON_Object:
        return SHADOW_OBJECT;
    case cJSON_Array:
        return SHADOW_ARRAY;
    case cJSON_Number:
        return SHADOW_NUMBER;
    default:
        return SHADOW_SCALAR;
    }
}

static void merge_members(struct merge *m, struct shadow_node *object, const cJSON *patch);
static bool build_elements(struct merge *m, struct shadow_node *array, const cJSON *patch);

/* A new node for a patch value, whose name is in the scratch text already. NULL with m->result
   still SHADOW_MERGED: an object of nothing but nulls, which is dropped (contract 1.3, rule 10)
   unless it has a place to keep in an array. */
static struct shadow_node *build(struct merge *m, const cJSON *patch, bool in_array)
{
    size_t name_len = m->scratch.len;
    enum shadow_kind kind = kind_of(patch);

    if (kind == SHADOW_NUMBER || kind == SHADOW_SCALAR)
        text_json(&m->scratch, patch);
    if (m->scratch.failed)
        return fail(m, SHADOW_NO_MEMORY);
    if (m->scratch.len > m->room || m->scratch.len > NODE_BYTES_MAX)
        return fail(m, SHADOW_TOO_LARGE);
    m->room -= m->scratch.len;
    struct shadow_node *n = node_new(kind, m->scratch.data, name_len, m->scratch.len - name_len);
    if (n == NULL)
        return fail(m, SHADOW_NO_MEMORY);
    n->written_at = m->now;
    if (kind == SHADOW_NUMBER)
        n->as.number = patch->valuedouble;
    else if (kind == SHADOW_OBJECT)
        merge_members(m, n, patch);
    else if (kind == SHADOW_ARRAY && !build_elements(m, n, patch))
        fail(m, SHADOW_NO_MEMORY);
    bool only_nulls = kind == SHADOW_OBJECT && patch->child != NULL && n->as.child == NULL;
    if (m->result != SHADOW_MERGED || (only_nulls && !in_array)) {
        shadow_tree_free(n);
        return NULL;
    }
    return n;
}

static bool build_elements(struct merge *m, struct shadow_node *array, const cJSON *patch)
{
    struct shadow_node **tail = &array->as.child;

    for (const cJSON *item = patch->child; item != NULL; item = item->next) {
        text_cut(&m->scratch, 0);
        *tail = build(m, item, true);
        if (*tail == NULL)
            return false;
        tail = &(*tail)->next;
    }
    return true;
}

static void merge_member(struct merge *m, struct shadow_node *object, const cJSON *patch)
{
    text_cut(&m->scratch, 0);
    text_quoted(&m->scratch, patch->string);
    if (m->scratch.failed) {
        fail(m, SHADOW_NO_MEMORY);
        return;
    }
    struct shadow_node **link = member_link(object, m->scratch.data, m->scratch.len);
    struct shadow_node *old = *link;
    if (old != NULL && old->kind == SHADOW_OBJECT && cJSON_IsObject(patch)) {
        merge_members(m, old, patch);
        return;
    }
    struct shadow_node *fresh = cJSON_IsNull(patch) ? NULL : build(m, patch, false);
    if (m->result != SHADOW_MERGED)
        return;
    struct shadow_node *rest = old != NULL ? old->next : NULL;
    if (fresh != NULL) {
        fresh->next = rest;
        rest = fresh;
    }
    *link = rest;
    shadow_tree_free(old);
}

static void merge_members(struct merge *m, struct shadow_node *object, const cJSON *patch)
{
    for (const cJSON *p = patch->child; p != NULL && m->result == SHADOW_MERGED; p = p->next)
        merge_member(m, object, p);
}

enum shadow_merge shadow_tree_merge(struct shadow_node *section, const cJSON *patch, int64_t now,
                                    size_t max_bytes)
{
    struct merge m = {.now = now, .room = max_bytes, .result = SHADOW_MERGED};

    text_init(&m.scratch);
    merge_members(&m, section, patch);
    text_done(&m.scratch);
    return m.result;
}

static void write_stamp(struct text *to, int64_t at)
{
    text_str(to, "{\"timestamp\":");
    text_int(to, at);
    text_bytes(to, "}", 1);
}

static void write_node(const struct shadow_node *n, struct text *to, bool metadata)
{
    if (!is_container(n)) {
        if (metadata)
            write_stamp(to, n->written_at);
        else
            text_bytes(to, n->bytes + n->name_len, n->text_len);
        return;
    }
    text_bytes(to, n->kind == SHADOW_OBJECT ? "{" : "[", 1);
    for (const struct shadow_node *c = n->as.child; c != NULL; c = c->next) {
        if (c != n->as.child)
            text_bytes(to, ",", 1);
        if (n->kind == SHADOW_OBJECT) {
            text_bytes(to, c->bytes, c->name_len);
            text_bytes(to, ":", 1);
        }
        write_node(c, to, metadata);
    }
    text_bytes(to, n->kind == SHADOW_OBJECT ? "}" : "]", 1);
}

void shadow_tree_state(const struct shadow_node *section, struct text *to)
{
    write_node(section, to, false);
}

/* The member of that name, which has its quotes in the node. */
static const struct shadow_node *named(const struct shadow_node *object, const char *name,
                                       size_t len)
{
    for (const struct shadow_node *n = object->as.child; n != NULL; n = n->next)
        if (n->name_len == len + 2 && memcmp(n->bytes + 1, name, len) == 0)
            return n;
    return NULL;
}

bool shadow_tree_at(const struct shadow_node *section, const char *path, struct text *to)
{
    const struct shadow_node *at = section;

    while (at != NULL && *path != '\0') {
        size_t len = strcspn(path, ".");
        at = at->kind == SHADOW_OBJECT ? named(at, path, len) : NULL;
        path += path[len] == '.' ? len + 1 : len;
    }
    if (at != NULL)
        write_node(at, to, false);
    return at != NULL;
}

void shadow_tree_metadata(const struct shadow_node *section, struct text *to)
{
    write_node(section, to, true);
}

static bool nodes_equal(const struct shadow_node *a, const struct shadow_node *b);

static bool members_equal(const struct shadow_node *a, const struct shadow_node *b)
{
    size_t left = 0;

    for (const struct shadow_node *n = b->as.child; n != NULL; n = n->next)
        left++;
    for (const struct shadow_node *n = a->as.child; n != NULL; n = n->next, left--) {
        const struct shadow_node *other = member(b, n);
        if (other == NULL || !nodes_equal(n, other))
            return false;
    }
    return left == 0;
}

static bool elements_equal(const struct shadow_node *a, const struct shadow_node *b)
{
    const struct shadow_node *x = a->as.child;
    const struct shadow_node *y = b->as.child;

    for (; x != NULL && y != NULL; x = x->next, y = y->next)
        if (!nodes_equal(x, y))
            return false;
    return x == NULL && y == NULL;
}

static bool nodes_equal(const struct shadow_node *a, const struct shadow_node *b)
{
    if (a->kind != b->kind)
        return false;
    switch ((enum shadow_kind)a->kind) {
    case SHADOW_OBJECT:
        return members_equal(a, b);
    case SHADOW_ARRAY:
        return elements_equal(a, b);
    case SHADOW_NUMBER:
        return !islessgreater(a->as.number, b->as.number);
    case SHADOW_SCALAR:
        break;
    }
    return a->text_len == b->text_len &&
           memcmp(a->bytes + a->name_len, b->bytes + b->name_len, a->text_len) == 0;
}

/* Puts a comma, if one is due, and the member's name. */
static void write_name(struct text *to, size_t start, const struct shadow_node *n)
{
    if (to->len > start + 1)
        text_bytes(to, ",", 1);
    text_bytes(to, n->bytes, n->name_len);
    text_bytes(to, ":", 1);
}

/* What is in d and not the same in r, member by member; the braces included. */
static bool write_delta(const struct shadow_node *d, const struct shadow_node *r,
                        struct text *state, struct text *metadata)
{
    size_t state_start = state->len;
    size_t metadata_start = metadata->len;
    bool any = false;

    text_bytes(state, "{", 1);
    text_bytes(metadata, "{", 1);
    for (const struct shadow_node *n = d->as.child; n != NULL; n = n->next) {
        const struct shadow_node *have = r != NULL ? member(r, n) : NULL;
        size_t state_before = state->len;
        size_t metadata_before = metadata->len;
        bool both = have != NULL && n->kind == SHADOW_OBJECT && have->kind == SHADOW_OBJECT;
        if (have != NULL && !both && nodes_equal(n, have))
            continue;
        write_name(state, state_start, n);
        write_name(metadata, metadata_start, n);
        if (!both) {
            write_node(n, state, false);
            write_node(n, metadata, true);
            any = true;
        } else if (write_delta(n, have, state, metadata)) {
            any = true;
        } else {
            text_cut(state, state_before);
            text_cut(metadata, metadata_before);
        }
    }
    text_bytes(state, "}", 1);
    text_bytes(metadata, "}", 1);
    if (!any) {
        text_cut(state, state_start);
        text_cut(metadata, metadata_start);
    }
    return any;
}

bool shadow_tree_delta(const struct shadow_node *desired, const struct shadow_node *reported,
                       struct text *state, struct text *metadata)
{
    return desired != NULL && write_delta(desired, reported, state, metadata);
}

void shadow_tree_request_metadata(const cJSON *item, int64_t now, struct text *to)
{
    bool object = cJSON_IsObject(item);

    if (!object && !cJSON_IsArray(item)) {
        write_stamp(to, now);
        return;
    }
    text_bytes(to, object ? "{" : "[", 1);
    for (const cJSON *child = item->child; child != NULL; child = child->next) {
        if (child != item->child)
            text_bytes(to, ",", 1);
        if (object) {
            text_quoted(to, child->string);
            text_bytes(to, ":", 1);
        }
        shadow_tree_request_metadata(child, now, to);
    }
    text_bytes(to, object ? "}" : "]", 1);
}

/* Both are printed in one order, and read back so. */
void shadow_tree_stamp(struct shadow_node *section, const cJSON *metadata)
{
    const cJSON *m = metadata != NULL ? metadata->child : NULL;

    for (struct shadow_node *n = section->as.child; n != NULL && m != NULL; n = n->next) {
        const cJSON *at = cJSON_GetObjectItemCaseSensitive(m, "timestamp");
        if (is_container(n))
            shadow_tree_stamp(n, m);
        else if (cJSON_IsNumber(at))
            n->written_at = (int64_t)at->valuedouble;
        m = m->next;
    }
}

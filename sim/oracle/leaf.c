#include "oracle/leaf.h"

#include <stdlib.h>

#include "base/hash.h"
#include "base/xmem.h"

/* The top bits of a tagged value; what stands below them is its content. Any double that is a
   number has others. */
#define TAG_SHIFT    48
#define TAG_FIRST    UINT64_C(0xfff8)
#define CONTENT_MASK ((UINT64_C(1) << TAG_SHIFT) - 1)

static leaf_value tagged(enum leaf_kind kind, uint64_t content)
{
    return (TAG_FIRST + (uint64_t)kind) << TAG_SHIFT | (content & CONTENT_MASK);
}

enum leaf_kind leaf_kind_of(leaf_value value)
{
    uint64_t tag = value >> TAG_SHIFT;

    return tag > TAG_FIRST ? (enum leaf_kind)(tag - TAG_FIRST) : LEAF_NUMBER;
}

leaf_value leaf_plain(enum leaf_kind kind)
{
    return tagged(kind, 0);
}

leaf_value leaf_number(double number)
{
    leaf_value bits;
    double clean = number == 0 ? 0 : number; /* no negative zero */

    memcpy(&bits, &clean, sizeof bits);
    return bits;
}

double leaf_number_of(leaf_value value)
{
    double number;

    memcpy(&number, &value, sizeof number);
    return number;
}

leaf_value leaf_text(struct names *names, struct slice text)
{
    uint32_t id = names_text(names, text);

    return id != 0 ? tagged(LEAF_TEXT, id) : tagged(LEAF_HASH, hash_bytes(text));
}

static leaf_value text_of_json(struct names *names, const struct json_value *json)
{
    char room[512];

    if (!json->escaped)
        return leaf_text(names, json->text);
    if (json->text.len < sizeof room)
        return leaf_text(names, slice_of(room, json_decode(json->text, room)));
    char *text = xmalloc(json->text.len + 1);
    leaf_value value = leaf_text(names, slice_of(text, json_decode(json->text, text)));
    free(text);
    return value;
}

static uint64_t scramble(uint64_t h)
{
    h = (h ^ h >> 31) * UINT64_C(0x7fb5d329728ea185);
    h = (h ^ h >> 27) * UINT64_C(0x81dadef4bc2dd44d);
    return h ^ h >> 33;
}

static uint64_t key_of(struct names *names, const struct json_value *member)
{
    struct json_value key = {
        .type = JSON_STRING, .escaped = member->key_escaped, .text = member->key};

    return scramble(text_of_json(names, &key));
}

/* Regardless of the order of keys, and of how numbers and texts are written. */
static uint64_t hash_json(struct names *names, const struct json_value *json)
{
    struct json_value item;
    uint64_t h = json->type;

    if (json->type != JSON_ARRAY && json->type != JSON_OBJECT)
        return scramble(leaf_of_json(names, json));
    for (struct json_cursor c = json_enter(json); json_next(&c, &item);) {
        uint64_t inner = hash_json(names, &item);
        if (json->type == JSON_ARRAY)
            h = scramble(h * 31 + inner);
        else
            h += scramble(key_of(names, &item) ^ inner);
    }
    return scramble(h);
}

leaf_value leaf_of_json(struct names *names, const struct json_value *json)
{
    switch (json->type) {
    case JSON_NULL:
        return leaf_plain(LEAF_NULL);
    case JSON_FALSE:
        return leaf_plain(LEAF_FALSE);
    case JSON_TRUE:
        return leaf_plain(LEAF_TRUE);
    case JSON_NUMBER:
        return leaf_number(json_number(json));
    case JSON_STRING:
        return text_of_json(names, json);
    case JSON_OBJECT:
        return leaf_plain(LEAF_EMPTY);
    case JSON_ARRAY:
    case JSON_TYPE_COUNT:
        break;
    }
    return tagged(LEAF_HASH, hash_json(names, json));
}

void leaf_write(const struct names *names, leaf_value value, struct buf *out)
{
    /* ORDER LEAF_KIND */
    static const char *const words[] = {"",   "false", "true", "", "another text or array",
                                        "{}", "{}",    "null"};
    enum leaf_kind kind = leaf_kind_of(value);

    if (kind == LEAF_NUMBER)
        buf_printf(out, "%.10g", leaf_number_of(value));
    else if (kind == LEAF_TEXT)
        buf_printf(out, "\"%.*s\"",
                   SLICE_ARGS(names_text_of(names, (uint32_t)(value & CONTENT_MASK))));
    else
        buf_append_str(out, words[kind]);
}

uint64_t leaf_mix(path_id path, leaf_value value)
{
    return scramble(value + path * UINT64_C(0x9e3779b97f4a7c15));
}

/* ---- documents ---- */

static bool add(struct leaf_list *list, path_id path, leaf_value value)
{
    if (list->count == LEAF_LIST_MAX)
        return false;
    if (list->count == list->capacity) {
        list->capacity = list->capacity != 0 ? list->capacity * 2 : 64;
        list->items = xrealloc(list->items, list->capacity * sizeof *list->items);
    }
    list->items[list->count++] = (struct leaf){.path = path, .value = value};
    return true;
}

static bool read_object(struct leaf_list *list, struct names *names, path_id at,
                        const struct json_value *object, unsigned depth)
{
    struct json_value item, first;

    if (depth > list->depth)
        list->depth = depth;
    for (struct json_cursor c = json_enter(object); json_next(&c, &item);) {
        path_id path = names_member(names, at, &item);
        if (path == 0 || names_seen(names, path))
            return false;
        struct json_cursor inner = json_enter(&item);
        bool leaf = item.type != JSON_OBJECT || !json_next(&inner, &first);
        if (leaf ? !add(list, path, leaf_of_json(names, &item))
                 : !read_object(list, names, path, &item, depth + 1))
            return false;
    }
    return true;
}

bool leaf_list_read(struct leaf_list *list, struct names *names, const struct json_value *object)
{
    struct json_value item;
    struct json_cursor c = json_enter(object);

    list->count = list->depth = 0;
    names_begin_turn(names);
    return !json_next(&c, &item) || read_object(list, names, 0, object, 1);
}

void leaf_list_done(struct leaf_list *list)
{
    free(list->items);
    *list = (struct leaf_list){.items = NULL};
}

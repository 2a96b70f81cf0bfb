#include "base/json.h"

#include <math.h>

cJSON *json_get(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

const char *json_str(const cJSON *object, const char *name, const char *fallback)
{
    const cJSON *item = json_get(object, name);
    return cJSON_IsString(item) ? item->valuestring : fallback;
}

double json_num(const cJSON *object, const char *name, double fallback)
{
    const cJSON *item = json_get(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : fallback;
}

/* cJSON recurses per container, so depth is bounded before it runs. */
static bool depth_within(struct slice text, int max_depth)
{
    int depth = 0;
    bool in_string = false;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > max_depth)
                return false;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return true;
}

static bool only_white_space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p == end;
}

cJSON *json_parse(struct slice text, int max_depth)
{
    const char *end = NULL;

    if (text.len == 0 || !depth_within(text, max_depth))
        return NULL;
    cJSON *doc = cJSON_ParseWithLengthOpts((const char *)text.data, text.len, &end, 0);
    if (doc != NULL && !only_white_space(end, (const char *)text.data + text.len)) {
        cJSON_Delete(doc);
        return NULL;
    }
    return doc;
}

static size_t utf8_length(uint8_t lead)
{
    if (lead < 0x80)
        return 1;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if ((lead & 0xf0) == 0xe0)
        return 3;
    if (lead >= 0xf0 && lead <= 0xf4)
        return 4;
    return 0;
}

static bool second_byte_ok(uint8_t lead, uint8_t second)
{
    switch (lead) {
    case 0xe0:
        return second >= 0xa0;
    case 0xed:
        return second <= 0x9f;
    case 0xf0:
        return second >= 0x90;
    case 0xf4:
        return second <= 0x8f;
    default:
        return true;
    }
}

/* Bytes of the character at the start; 0: it is none. */
static size_t utf8_character(struct slice text)
{
    size_t n = utf8_length(text.data[0]);

    if (n == 0 || n > text.len || (n > 1 && !second_byte_ok(text.data[0], text.data[1])))
        return 0;
    for (size_t k = 1; k < n; k++)
        if ((text.data[k] & 0xc0) != 0x80)
            return 0;
    return n;
}

size_t json_utf8_prefix(struct slice text)
{
    size_t good = 0;

    while (good < text.len) {
        size_t n = utf8_character(slice_of(text.data + good, text.len - good));
        if (n == 0)
            break;
        good += n;
    }
    return good;
}

bool json_is_utf8(struct slice text)
{
    return json_utf8_prefix(text) == text.len;
}

static bool objects_equal(const cJSON *a, const cJSON *b)
{
    if (cJSON_GetArraySize(a) != cJSON_GetArraySize(b))
        return false;
    for (const cJSON *item = a->child; item != NULL; item = item->next) {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(b, item->string);
        if (other == NULL || !json_equal(item, other))
            return false;
    }
    return true;
}

static bool arrays_equal(const cJSON *a, const cJSON *b)
{
    const cJSON *x = a->child;
    const cJSON *y = b->child;

    for (; x != NULL && y != NULL; x = x->next, y = y->next)
        if (!json_equal(x, y))
            return false;
    return x == NULL && y == NULL;
}

bool json_equal(const cJSON *a, const cJSON *b)
{
    int type = a->type & 0xff;

    if (type != (b->type & 0xff))
        return false;
    switch (type) {
    case cJSON_Number:
        return !islessgreater(a->valuedouble, b->valuedouble);
    case cJSON_String:
        return strcmp(a->valuestring, b->valuestring) == 0;
    case cJSON_Array:
        return arrays_equal(a, b);
    case cJSON_Object:
        return objects_equal(a, b);
    default:
        return true;
    }
}

/* Adds `item` under `name`; frees it when that fails. */
static bool adopt(cJSON *object, const char *name, cJSON *item)
{
    if (item == NULL)
        return false;
    if (cJSON_AddItemToObject(object, name, item))
        return true;
    cJSON_Delete(item);
    return false;
}

cJSON *json_delta(const cJSON *desired, const cJSON *reported)
{
    cJSON *out = cJSON_CreateObject();
    bool ok = out != NULL;

    for (const cJSON *d = desired->child; d != NULL && ok; d = d->next) {
        const cJSON *r = json_get(reported, d->string);
        if (r != NULL && cJSON_IsObject(d) && cJSON_IsObject(r)) {
            cJSON *inner = json_delta(d, r);
            if (inner != NULL && inner->child == NULL)
                cJSON_Delete(inner);
            else
                ok = adopt(out, d->string, inner);
        } else if (r == NULL || !json_equal(d, r)) {
            ok = adopt(out, d->string, cJSON_Duplicate(d, 1));
        }
    }
    if (!ok) {
        cJSON_Delete(out);
        return NULL;
    }
    return out;
}

uint64_t json_whole(const cJSON *object, const char *name)
{
    double value = json_num(object, name, 0);

    return value >= 0 && value <= 9007199254740992.0 ? (uint64_t)value : 0;
}

#include "actors/json_peek.h"

#include <string.h>

#include "base/json.h"
#include "base/xmem.h"

struct cursor {
    const uint8_t *at, *end;
};

static bool skip_space(struct cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\t' || *c->at == '\n' || *c->at == '\r'))
        c->at++;
    return c->at < c->end;
}

/* Behind the closing quote of the string that starts here. */
static bool skip_string(struct cursor *c)
{
    for (c->at++; c->at < c->end; c->at++) {
        if (*c->at == '"') {
            c->at++;
            return true;
        }
        if (*c->at == '\\')
            c->at++;
    }
    return false;
}

/* Behind the object or array that starts here. */
static bool skip_container(struct cursor *c)
{
    size_t depth = 0;

    while (c->at < c->end) {
        uint8_t byte = *c->at;
        if (byte == '"') {
            if (!skip_string(c))
                return false;
            continue;
        }
        c->at++;
        if (byte == '{' || byte == '[')
            depth++;
        else if ((byte == '}' || byte == ']') && --depth == 0)
            return true;
    }
    return false;
}

static bool skip_scalar(struct cursor *c)
{
    const uint8_t *start = c->at;

    while (c->at < c->end && strchr(",}] \t\r\n:\"{[", *c->at) == NULL)
        c->at++;
    return c->at > start;
}

static bool skip_value(struct cursor *c)
{
    if (*c->at == '"')
        return skip_string(c);
    if (*c->at == '{' || *c->at == '[')
        return skip_container(c);
    return skip_scalar(c);
}

/* One `"name": value`. */
static bool read_member(struct cursor *c, struct slice *ret_name, struct slice *ret_value)
{
    const uint8_t *start = c->at;

    if (*c->at != '"' || !skip_string(c))
        return false;
    *ret_name = slice_of(start + 1, (size_t)(c->at - start) - 2);
    if (!skip_space(c) || *c->at++ != ':' || !skip_space(c))
        return false;
    start = c->at;
    if (!skip_value(c))
        return false;
    *ret_value = slice_of(start, (size_t)(c->at - start));
    return true;
}

/* How many members were found by this one: 0 or 1. */
static size_t keep(struct json_peek *members, size_t count, struct slice name, struct slice value)
{
    for (size_t i = 0; i < count; i++)
        if (members[i].value.data == NULL && slice_is(name, members[i].name)) {
            members[i].value = value;
            return 1;
        }
    return 0;
}

bool json_peek(struct slice text, struct json_peek *members, size_t count)
{
    struct cursor c = {text.data, text.data + text.len};
    size_t found = 0;

    for (size_t i = 0; i < count; i++)
        members[i].value = slice_of(NULL, 0);
    if (text.len == 0 || !skip_space(&c) || *c.at++ != '{' || !skip_space(&c))
        return false;
    if (*c.at == '}')
        return true;
    while (found < count) {
        struct slice name;
        struct slice value;
        if (!skip_space(&c) || !read_member(&c, &name, &value))
            return false;
        found += keep(members, count, name, value);
        if (!skip_space(&c))
            return false;
        if (*c.at == '}')
            return true;
        if (*c.at++ != ',')
            return false;
    }
    return true;
}

char *json_peek_string(struct slice value)
{
    if (value.len < 2 || value.data[0] != '"')
        return NULL;
    if (memchr(value.data, '\\', value.len) == NULL && memchr(value.data, 0, value.len) == NULL)
        return xstrndup((const char *)value.data + 1, value.len - 2);
    cJSON *item = json_parse(value, 1);
    char *text = cJSON_IsString(item) ? xstrdup(item->valuestring) : NULL;
    cJSON_Delete(item);
    return text;
}

int64_t json_peek_int(struct slice value, int64_t fallback)
{
    bool negative = value.len > 1 && value.data[0] == '-';
    int64_t number = 0;

    if (value.len == 0 || value.len > 18)
        return fallback;
    for (size_t i = negative ? 1 : 0; i < value.len; i++) {
        if (value.data[i] < '0' || value.data[i] > '9')
            return fallback;
        number = number * 10 + (value.data[i] - '0');
    }
    return negative ? -number : number;
}

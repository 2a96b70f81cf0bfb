#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"

void text_init(struct text *t)
{
    *t = (struct text){0};
}

void text_done(struct text *t)
{
    free(t->data);
    text_init(t);
}

void text_cut(struct text *t, size_t len)
{
    if (t->failed || t->data == NULL)
        return;
    t->len = len;
    t->data[len] = '\0';
}

char *text_take(struct text *t, size_t *ret_len)
{
    char *data = NULL;

    if (t->failed) {
        free(t->data);
    } else {
        data = t->data;
        *ret_len = t->len;
    }
    text_init(t);
    return data;
}

static char *room(struct text *t, size_t extra)
{
    if (t->failed)
        return NULL;
    if (t->len + extra + 1 > t->cap) {
        size_t cap = t->cap != 0 ? t->cap : 256;
        while (cap < t->len + extra + 1)
            cap *= 2;
        char *data = realloc(t->data, cap);
        if (data == NULL) {
            t->failed = true;
            return NULL;
        }
        t->data = data;
        t->cap = cap;
    }
    return t->data + t->len;
}

void text_bytes(struct text *t, const char *data, size_t len)
{
    char *to = room(t, len);

    if (to == NULL)
        return;
    if (len != 0)
        memcpy(to, data, len);
    to[len] = '\0';
    t->len += len;
}

void text_str(struct text *t, const char *s)
{
    text_bytes(t, s, strlen(s));
}

void text_int(struct text *t, int64_t value)
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%lld", (long long)value);

    text_bytes(t, digits, (size_t)n);
}

void text_number(struct text *t, double value)
{
    char digits[40];
    int n;

    if (fabs(value) < 1e15 && !islessgreater(value, trunc(value))) {
        text_int(t, (int64_t)value);
        return;
    }
    n = snprintf(digits, sizeof digits, "%.15g", value);
    if (islessgreater(strtod(digits, NULL), value))
        n = snprintf(digits, sizeof digits, "%.17g", value);
    text_bytes(t, digits, (size_t)n);
}

void text_base64(struct text *t, const uint8_t *bytes, size_t len)
{
    char four[4];

    for (size_t i = 0; i < len; i += 3) {
        base64_four(bytes + i, len - i < 3 ? len - i : 3, four);
        text_bytes(t, four, sizeof four);
    }
}

static void escape(struct text *t, unsigned char c)
{
    static const char shorts[] = {['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                  ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\'};
    char out[8];

    if (c < sizeof shorts && shorts[c] != 0)
        snprintf(out, sizeof out, "\\%c", shorts[c]);
    else
        snprintf(out, sizeof out, "\\u%04x", c);
    text_str(t, out);
}

void text_quoted(struct text *t, const char *s)
{
    text_bytes(t, "\"", 1);
    while (*s != '\0') {
        const char *run = s;
        while ((unsigned char)*s >= 0x20 && *s != '"' && *s != '\\')
            s++;
        text_bytes(t, run, (size_t)(s - run));
        if (*s != '\0')
            escape(t, (unsigned char)*s++);
    }
    text_bytes(t, "\"", 1);
}

void text_key(struct text *t, const char *name)
{
    if (t->len != 0 && t->data != NULL && t->data[t->len - 1] != '{')
        text_bytes(t, ",", 1);
    text_quoted(t, name);
    text_bytes(t, ":", 1);
}

void text_member(struct text *t, const char *name, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    text_key(t, name);
    text_quoted(t, value);
}

void text_member_int(struct text *t, const char *name, int64_t value)
{
    if (value == 0)
        return;
    text_key(t, name);
    text_int(t, value);
}

static void container(struct text *t, const cJSON *item, const char *braces)
{
    text_bytes(t, braces, 1);
    for (const cJSON *child = item->child; child != NULL; child = child->next) {
        if (child != item->child)
            text_bytes(t, ",", 1);
        if (*braces == '{') {
            text_quoted(t, child->string);
            text_bytes(t, ":", 1);
        }
        text_json(t, child);
    }
    text_bytes(t, braces + 1, 1);
}

void text_json(struct text *t, const cJSON *item)
{
    switch (item->type & 0xff) {
    case cJSON_Object:
        container(t, item, "{}");
        break;
    case cJSON_Array:
        container(t, item, "[]");
        break;
    case cJSON_String:
        text_quoted(t, item->valuestring);
        break;
    case cJSON_Number:
        text_number(t, item->valuedouble);
        break;
    case cJSON_True:
        text_str(t, "true");
        break;
    case cJSON_False:
        text_str(t, "false");
        break;
    default:
        text_str(t, "null");
        break;
    }
}

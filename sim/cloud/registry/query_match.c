#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cloud/registry/query_core.h"

/* With `*` and `?`, and '\' before what stands for itself; without case. */
static bool is_like(const char *pattern, const char *s)
{
    const char *star = NULL, *from = NULL;

    while (*pattern != '\0' || *s != '\0') {
        bool plain = pattern[0] == '\\' && pattern[1] != '\0';
        char c = pattern[plain ? 1 : 0];
        if (!plain && c == '*') {
            star = ++pattern;
            from = s;
        } else if (c != '\0' && *s != '\0' &&
                   ((!plain && c == '?') ||
                    tolower((unsigned char)c) == tolower((unsigned char)*s))) {
            pattern += plain ? 2 : 1;
            s++;
        } else {
            if (star == NULL || *from == '\0')
                return false;
            pattern = star;
            s = ++from;
        }
    }
    return true;
}

static bool as_number(const char *text, double *ret)
{
    char *end = NULL;

    *ret = strtod(text, &end);
    return end != text && *end == '\0';
}

/* Below 0, 0, above 0; as numbers if both are. */
static int compare(const char *a, const char *b)
{
    double x, y;

    if (!as_number(a, &x) || !as_number(b, &y))
        return strcasecmp(a, b);
    return x < y ? -1 : x > y;
}

static bool within(const struct node *n, const char *s)
{
    int low = n->from.text != NULL ? compare(s, n->from.text) : 1;
    int high = n->to.text != NULL ? compare(s, n->to.text) : -1;

    return (low > 0 || (low == 0 && n->from.included)) &&
           (high < 0 || (high == 0 && n->to.included));
}

static bool relates(const struct node *n, const char *s)
{
    double x, y;

    if (!as_number(s, &x) || !as_number(n->value, &y))
        return false;
    switch (n->test) {
    case TEST_LESS:
        return x < y;
    case TEST_LESS_OR_EQUAL:
        return x <= y;
    case TEST_GREATER:
        return x > y;
    case TEST_GREATER_OR_EQUAL:
        return x >= y;
    case TEST_LIKE:
    case TEST_RANGE:
        break;
    }
    return false;
}

static bool suits_text(const struct node *n, const char *s)
{
    double x, y;

    if (n->test == TEST_RANGE)
        return within(n, s);
    if (n->test != TEST_LIKE)
        return relates(n, s);
    return is_like(n->value, s) ||
           (as_number(n->value, &x) && as_number(s, &y) && !(x < y) && !(x > y));
}

static bool suits(const struct node *n, const cJSON *value, int depth)
{
    if (cJSON_IsString(value))
        return suits_text(n, value->valuestring);
    if (cJSON_IsBool(value))
        return suits_text(n, cJSON_IsTrue(value) ? "true" : "false");
    if (cJSON_IsNumber(value)) {
        char *text = cJSON_PrintUnformatted(value);
        bool good = text != NULL && suits_text(n, text);
        cJSON_free(text);
        return good;
    }
    /* An object is there, which "*" asks; what is in it has names of its own, unless none is asked
       for. */
    if (cJSON_IsObject(value) && n->field != NULL)
        return n->test == TEST_LIKE && strcmp(n->value, "*") == 0;
    for (const cJSON *i = value != NULL ? value->child : NULL; i != NULL && depth > 0; i = i->next)
        if (suits(n, i, depth - 1))
            return true;
    return false;
}

static bool matches(const struct query *query, size_t at, const struct query_source *source)
{
    const struct node *n = &query->nodes[at];

    switch (n->kind) {
    case NODE_AND:
        return matches(query, n->left, source) && matches(query, n->right, source);
    case NODE_OR:
        return matches(query, n->left, source) || matches(query, n->right, source);
    case NODE_NOT:
        return !matches(query, n->left, source);
    case NODE_TERM:
        break;
    }
    cJSON *value = source->value(source->ctx, n->field);
    bool good = suits(n, value, QUERY_DEPTH_MAX);
    cJSON_Delete(value);
    return good;
}

bool query_asks(const struct query *query, const char *field)
{
    for (size_t i = 0; i < query->count; i++) {
        const struct node *n = &query->nodes[i];
        if (n->kind == NODE_TERM && (n->field == NULL || strcmp(n->field, field) == 0))
            return true;
    }
    return false;
}

bool query_matches(const struct query *query, const struct query_source *source)
{
    return matches(query, query->root, source);
}

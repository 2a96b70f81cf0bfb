#include "net/endpoints.h"

#include <stdlib.h>
#include <string.h>

#include "base/xmem.h"

struct endpoints {
    enum endpoint_policy policy;
    struct endpoint **items;
    size_t count;
};

/* ORDER ENDPOINT_POLICY */
static const char *const policy_names[ENDPOINT_POLICY_COUNT] = {"order", "spread"};

const char *endpoint_policy_name(enum endpoint_policy policy)
{
    return (unsigned)policy < ENDPOINT_POLICY_COUNT ? policy_names[policy] : "unknown";
}

bool endpoint_policy_parse(const char *name, enum endpoint_policy *ret)
{
    for (unsigned i = 0; i < ENDPOINT_POLICY_COUNT; i++) {
        if (strcmp(name, policy_names[i]) == 0) {
            *ret = (enum endpoint_policy)i;
            return true;
        }
    }
    return false;
}

static bool add(struct endpoints *list, const char *url, struct error *err)
{
    struct endpoint *e = endpoint_new(url, err);

    if (e == NULL)
        return false;
    list->items = xrealloc(list->items, (list->count + 1) * sizeof(struct endpoint *));
    list->items[list->count++] = e;
    const struct endpoint *first = list->items[0];
    if (endpoint_is_tls(e) != endpoint_is_tls(first))
        return error_set(err, ERROR_USAGE,
                         "endpoints %s and %s: one with TLS and one without cannot stand in for "
                         "each other",
                         endpoint_url(first), endpoint_url(e));
    endpoint_set_next(e, list->items[0]);
    if (list->count > 1)
        endpoint_set_next(list->items[list->count - 2], e);
    return true;
}

struct endpoints *endpoints_new(const char *urls, enum endpoint_policy policy, struct error *err)
{
    struct endpoints *list = xcalloc(1, sizeof *list);
    const char *rest = urls;
    bool ok = true;

    list->policy = policy;
    while (ok) {
        size_t len = strcspn(rest, ",");
        char *url = xstrndup(rest, len);
        ok = add(list, url, err);
        free(url);
        if (rest[len] == '\0')
            break;
        rest += len + 1;
    }
    if (ok)
        return list;
    endpoints_free(list);
    return NULL;
}

void endpoints_free(struct endpoints *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->count; i++)
        endpoint_free(list->items[i]);
    free(list->items);
    free(list);
}

size_t endpoints_count(const struct endpoints *list)
{
    return list->count;
}

struct endpoint *endpoints_at(const struct endpoints *list, size_t index)
{
    return list->items[index];
}

struct endpoint *endpoints_first(const struct endpoints *list, uint32_t index)
{
    return list->items[list->policy == ENDPOINT_SPREAD ? index % list->count : 0];
}

char *endpoints_join(const struct endpoints *list, uint32_t index)
{
    struct endpoint *first = endpoints_first(list, index);
    char *text = xstrdup(endpoint_url(first));

    for (struct endpoint *e = endpoint_next(first); e != first; e = endpoint_next(e)) {
        char *longer = xasprintf("%s,%s", text, endpoint_url(e));
        free(text);
        text = longer;
    }
    return text;
}

bool endpoints_resolve(struct endpoints *list, struct error *err)
{
    struct error other;

    for (size_t i = 0; i < list->count; i++)
        if (endpoint_resolve(list->items[i], i == 0 ? err : &other))
            return true;
    return false;
}

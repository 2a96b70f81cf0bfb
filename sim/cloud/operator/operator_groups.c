#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/operator/operator_core.h"

#define THINGS_MAX 250 /* of a page */
/* Questions whether a thing matches: some milliseconds. */
#define LOOK_AT_ONCE 1000

static struct group *group_of(const struct operator_request *r, struct operator_fault *fault)
{
    struct group *group = groups_find(&r->access->groups, r->address->name);

    if (group == NULL)
        operator_refuse(fault, "ResourceNotFound", "there is no group %s", r->address->name);
    return group;
}

/* ---- telling ---- */

static void count_thing(const char *thing, void *ctx)
{
    size_t *count = ctx;

    (void)thing;
    ++*count;
}

static void write_group(const struct operator_request *r, const struct group *group, struct text *t)
{
    size_t count = 0;

    group_each_thing(&r->access->groups, group, true, count_thing, &count);
    text_key(t, "thingGroupName");
    text_quoted(t, group->name);
    if (group->parent != NULL) {
        text_key(t, "parentGroupName");
        text_quoted(t, group->parent->name);
    }
    if (group->query != NULL) {
        text_key(t, "queryString");
        text_quoted(t, query_text(group->query));
    }
    text_key(t, "policies");
    text_str(t, "[");
    for (size_t i = 0; i < group->policy_count; i++) {
        operator_item(t);
        text_quoted(t, group->policies[i]);
    }
    text_str(t, "]");
    text_key(t, "things");
    text_int(t, (int64_t)count);
    text_key(t, "creationDate");
    text_int(t, group->created_ms / 1000);
}

static void take_group(const struct group *group, void *ctx)
{
    operator_names_take(group->name, ctx);
}

static bool on_list(struct operator_request *r, const cJSON *document, struct text *reply,
                    struct operator_fault *fault)
{
    const char *prefix = json_str(document, "namePrefixFilter", "");
    struct operator_names names = {0};

    (void)fault;
    groups_each(&r->access->groups, take_group, &names);
    operator_names_sort(&names);
    text_key(reply, "thingGroups");
    text_str(reply, "[");
    for (size_t i = 0; i < names.count; i++) {
        if (strncmp(names.items[i], prefix, strlen(prefix)) != 0)
            continue;
        operator_item(reply);
        text_str(reply, "{");
        write_group(r, groups_find(&r->access->groups, names.items[i]), reply);
        text_str(reply, "}");
    }
    text_str(reply, "]");
    free(names.items);
    return !names.failed;
}

static bool on_get(struct operator_request *r, const cJSON *document, struct text *reply,
                   struct operator_fault *fault)
{
    const struct group *group = group_of(r, fault);

    (void)document;
    if (group != NULL)
        write_group(r, group, reply);
    return group != NULL;
}

static bool on_things(struct operator_request *r, const cJSON *document, struct text *reply,
                      struct operator_fault *fault)
{
    const struct group *group = group_of(r, fault);
    bool below = cJSON_IsTrue(json_get(document, "recursive"));
    struct operator_names names = {0};
    struct operator_page page;
    size_t i = 0;

    if (group == NULL || !operator_read_page(document, THINGS_MAX, &page, fault))
        return false;
    group_each_thing(&r->access->groups, group, below, operator_names_take, &names);
    operator_names_sort(&names);
    while (page.after != NULL && i < names.count && strcmp(names.items[i], page.after) <= 0)
        i++;
    text_key(reply, "things");
    text_str(reply, "[");
    for (int64_t left = page.max; i < names.count && left > 0; i++, left--) {
        operator_item(reply);
        text_quoted(reply, names.items[i]);
    }
    text_str(reply, "]");
    if (i < names.count) {
        text_key(reply, "nextToken");
        text_quoted(reply, names.items[i - 1]);
    }
    free(names.items);
    return !names.failed;
}

/* ---- changing ---- */

static bool on_create(struct operator_request *r, const cJSON *document, struct text *reply,
                      struct operator_fault *fault)
{
    struct groups_world world = fleet_index_world(&r->index);
    const char *query = json_str(document, "queryString", NULL);

    if (groups_find(&r->access->groups, r->address->name) != NULL)
        return operator_refuse(fault, "ResourceAlreadyExists", "%s: there is such a group already",
                               r->address->name);
    struct group *group =
        groups_add(&r->access->groups, r->address->name,
                   json_str(document, "parentGroupName", NULL), query, r->now_ms, &fault->error);
    if (group == NULL)
        return operator_bad(fault);
    /* Of a small fleet all are in it at once. */
    if (!groups_refresh(&r->access->groups, &world, LOOK_AT_ONCE, r->now_ms))
        return operator_refuse(fault, NULL, "no memory");
    write_group(r, group, reply);
    return true;
}

static bool on_delete(struct operator_request *r, const cJSON *document, struct text *reply,
                      struct operator_fault *fault)
{
    struct group *group = group_of(r, fault);

    (void)document;
    if (group == NULL)
        return false;
    if (!groups_remove(&r->access->groups, group, &fault->error))
        return operator_bad(fault);
    text_key(reply, "thingGroupName");
    text_quoted(reply, r->address->name);
    return true;
}

static bool change_one(struct operator_request *r, struct group *group, const char *thing, bool put,
                       struct operator_fault *fault)
{
    if (registry_thing(r->registry, thing) == NULL && put)
        return operator_refuse(fault, "ResourceNotFound", "there is no thing %.128s", thing);
    if (put)
        return group_put_thing(&r->access->groups, group, thing, &fault->error) ||
               operator_bad(fault);
    if (group->query != NULL)
        return operator_refuse(fault, "InvalidRequest",
                               "%s: its query says who is in a dynamic group", group->name);
    group_take_thing(&r->access->groups, group, thing);
    return true;
}

static bool change_listed(struct operator_request *r, struct group *group, const cJSON *list,
                          bool put, struct operator_fault *fault)
{
    for (const cJSON *item = list->child; item != NULL; item = item->next) {
        if (!cJSON_IsString(item))
            return operator_refuse(fault, "InvalidRequest", "things: names of things");
        if (!change_one(r, group, item->valuestring, put, fault))
            return false;
    }
    return true;
}

static bool change_found(struct operator_request *r, struct group *group, const char *text,
                         bool put, struct operator_fault *fault)
{
    struct query *query = query_parse(text, &fault->error);
    size_t count = 0;
    bool more = false;

    if (query == NULL)
        return operator_bad(fault);
    const char **names = fleet_index_search(&r->index, query, NULL, SIZE_MAX, &count, &more);
    bool ok = names != NULL || operator_refuse(fault, NULL, "no memory");
    for (size_t i = 0; ok && names != NULL && i < count; i++)
        ok = change_one(r, group, names[i], put, fault);
    free(names);
    query_free(query);
    return ok;
}

static bool change(struct operator_request *r, const cJSON *document, bool put, struct text *reply,
                   struct operator_fault *fault)
{
    struct group *group = group_of(r, fault);
    const cJSON *list = json_get(document, "things");
    const char *query = json_str(document, "queryString", NULL);

    if (group == NULL)
        return false;
    if (query == NULL && !cJSON_IsArray(list))
        return operator_refuse(fault, "InvalidRequest",
                               "things: missing (a list of names, or queryString)");
    bool ok = query != NULL ? change_found(r, group, query, put, fault)
                            : change_listed(r, group, list, put, fault);
    if (ok)
        write_group(r, group, reply);
    return ok;
}

static bool on_add(struct operator_request *r, const cJSON *document, struct text *reply,
                   struct operator_fault *fault)
{
    return change(r, document, true, reply, fault);
}

static bool on_remove(struct operator_request *r, const cJSON *document, struct text *reply,
                      struct operator_fault *fault)
{
    return change(r, document, false, reply, fault);
}

const struct operator_verb operator_group_verbs[] = {
    {"list",     false, on_list},
    {"get",   true, on_get},
    {"things",      true, on_things},
    {"create",    true, on_create},
    {"delete",   true, on_delete},
    {"add", true, on_add},
    {"remove",   true, on_remove},
    {0},
};

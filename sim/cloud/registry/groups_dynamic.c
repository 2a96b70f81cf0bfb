#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/registry/groups.h"

/* AWS promises no more than some time. */
#define SETTLE_MS 1000

/* ---- what is to be looked at ---- */

static void look_anew(const char *name, const void *value, void *ctx)
{
    struct groups *g = ctx;
    struct group *group = table_get(&g->by_name, name);

    (void)value;
    group->looking = group->query != NULL;
    group->at = (struct table_cursor){0};
}

static void remember(struct groups *g, struct table *where, const char *thing)
{
    char *copy;

    if (g->dynamic_count == 0 || table_get(where, thing) != NULL)
        return;
    copy = strdup(thing);
    if (copy != NULL && table_put(where, thing, copy))
        return;
    /* Nobody remembers: all are looked at. */
    free(copy);
    table_each(&g->by_name, look_anew, g);
}

void groups_touch(struct groups *g, const char *thing)
{
    remember(g, &g->due, thing);
}

static void see_looking(const char *name, const void *value, void *ctx)
{
    const struct group *group = value;
    bool *looking = ctx;

    (void)name;
    *looking |= group->looking;
}

bool groups_are_settled(const struct groups *g)
{
    bool looking = false;

    table_each(&g->by_name, see_looking, &looking);
    return !looking && g->due.count == 0 && g->later.count == 0 && !g->moved;
}

/* ---- looking ---- */

struct looking {
    struct groups *groups;
    const struct groups_world *world;
    struct group *group; /* or: */
    const char *thing;
    size_t left; /* questions */
    bool ok;
};

/* Is the thing in the group? Then it is from now on. */
static void look(struct looking *l, struct group *group, const char *thing)
{
    bool was = table_get(&group->things, thing) != NULL;
    bool is = l->world->matches(l->world->ctx, group->query, thing);

    l->left -= l->left != 0 ? 1 : 0;
    if (was == is)
        return;
    if (!is)
        table_remove(&group->things, thing);
    else if (!table_put(&group->things, thing, group))
        l->ok = false;
    l->groups->moved = true;
    if (l->groups->nested != 0)
        remember(l->groups, &l->groups->later, thing);
}

static void look_in_group(const char *name, const void *value, void *ctx)
{
    struct looking *l = ctx;
    struct group *group = table_get(&l->groups->by_name, name);

    (void)value;
    if (group->query != NULL)
        look(l, group, l->thing);
}

static bool look_at_due(void *value, void *ctx)
{
    struct looking *l = ctx;

    if (l->left == 0)
        return false;
    l->thing = value;
    table_each(&l->groups->by_name, look_in_group, l);
    free(value);
    return true;
}

static void look_at_thing(const char *thing, void *arg)
{
    struct looking *l = arg;

    look(l, l->group, thing);
}

/* The next things, of a group that is new. */
static bool look_on(void *value, void *ctx)
{
    struct looking *l = ctx;
    struct group *group = value;

    if (!group->looking || l->left == 0)
        return false;
    l->group = group;
    group->looking = l->world->some_things(l->world->ctx, &group->at, l->left, look_at_thing, l);
    return false;
}

static bool is_due(void *value, void *ctx)
{
    struct groups *g = ctx;

    remember(g, &g->due, value);
    free(value);
    return true;
}

bool groups_refresh(struct groups *g, const struct groups_world *world, size_t questions,
                    int64_t now_ms)
{
    struct looking l = {.groups = g, .world = world, .left = questions, .ok = true};

    if (g->dynamic_count == 0)
        return true;
    if (g->due.count != 0)
        table_sweep(&g->due, look_at_due, &l);
    table_sweep(&g->by_name, look_on, &l);
    if (now_ms < g->settle_at && g->settle_at - now_ms <= SETTLE_MS)
        return l.ok;
    g->settle_at = now_ms + SETTLE_MS;
    g->membership += g->moved ? 1 : 0;
    g->moved = false;
    if (g->later.count != 0)
        table_sweep(&g->later, is_due, g);
    return l.ok;
}

/* ---- what outlives the broker ---- */

static void save_name(const char *name, void *ctx)
{
    struct text *to = ctx;

    if (to->len != 0 && to->data[to->len - 1] != '[')
        text_str(to, ",");
    text_quoted(to, name);
}

static void save_group(const struct groups *g, const struct group *group, struct text *to)
{
    text_str(to, "{\"group\":");
    text_quoted(to, group->name);
    if (group->parent != NULL) {
        text_key(to, "parent");
        text_quoted(to, group->parent->name);
    }
    if (group->query != NULL) {
        text_key(to, "query");
        text_quoted(to, query_text(group->query));
    }
    text_key(to, "created");
    text_int(to, group->created_ms);
    text_key(to, "policies");
    text_str(to, "[");
    for (size_t i = 0; i < group->policy_count; i++)
        save_name(group->policies[i], to);
    text_str(to, "]");
    text_key(to, "things");
    text_str(to, "[");
    if (group->query == NULL)
        group_each_thing(g, group, false, save_name, to);
    text_str(to, "]}\n");
}

struct level {
    const struct groups *groups;
    size_t depth;
    struct text *to;
};

static void save_level(const struct group *group, void *ctx)
{
    struct level *level = ctx;
    size_t depth = 0;

    for (const struct group *up = group->parent; up != NULL; up = up->parent)
        depth++;
    if (depth == level->depth)
        save_group(level->groups, group, level->to);
}

void groups_save(const struct groups *g, struct text *to)
{
    struct level level = {.groups = g, .to = to};

    for (; level.depth < GROUP_DEPTH_MAX; level.depth++)
        groups_each(g, save_level, &level);
}

bool groups_load(struct groups *g, const cJSON *record)
{
    const char *name = json_str(record, "group", NULL);
    struct error err;

    if (name == NULL)
        return false;
    struct group *group =
        groups_add(g, name, json_str(record, "parent", NULL), json_str(record, "query", NULL),
                   (int64_t)json_whole(record, "created"), &err);
    bool ok = group != NULL;
    const cJSON *item = json_get(record, "policies");
    for (item = item != NULL ? item->child : NULL; ok && item != NULL; item = item->next)
        ok = cJSON_IsString(item) && group_attach_policy(g, group, item->valuestring, &err);
    item = json_get(record, "things");
    for (item = item != NULL ? item->child : NULL; ok && item != NULL; item = item->next)
        ok = cJSON_IsString(item) && group_put_thing(g, group, item->valuestring, &err);
    return ok;
}

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/registry/groups.h"

/* ---- who matches ---- */

struct refreshing {
    struct group *group;
    const struct groups_world *world;
    struct table now; /* who matches */
    size_t seen;
    bool ok, changed;
};

static void look_at_thing(const char *thing, void *arg)
{
    struct refreshing *r = arg;

    r->seen++;
    if (!r->ok || !r->world->matches(r->world->ctx, r->group->query, thing))
        return;
    r->changed |= table_get(&r->group->things, thing) == NULL;
    r->ok = table_put(&r->now, thing, r->group);
}

/* *ret_seen: how many things it has looked at. */
static bool refresh(struct groups *g, struct group *group, const struct groups_world *world,
                    size_t *ret_seen)
{
    struct refreshing r = {.group = group, .world = world, .ok = true};

    table_init(&r.now);
    world->each_thing(world->ctx, look_at_thing, &r);
    *ret_seen = r.seen;
    if (!r.ok) {
        table_done(&r.now, NULL);
        return false;
    }
    /* It has no policies: nobody may do more or less. */
    if (r.changed || r.now.count != group->things.count)
        g->membership++;
    table_done(&group->things, NULL);
    group->things = r.now;
    return true;
}

bool group_refresh(struct groups *g, struct group *group, const struct groups_world *world)
{
    size_t seen;

    return group->query == NULL || refresh(g, group, world, &seen);
}

struct round {
    struct groups *groups;
    const struct groups_world *world;
    size_t left; /* things that may still be looked at */
    bool ok, over;
};

static bool refresh_one(void *value, void *ctx)
{
    struct round *round = ctx;
    struct group *group = value;
    uint64_t number = round->groups->round + 1;
    size_t seen = 0;

    if (group->query == NULL || group->round == number)
        return false;
    if (round->left == 0) {
        round->over = false;
        return false;
    }
    round->ok &= refresh(round->groups, group, round->world, &seen);
    round->left -= seen < round->left ? seen : round->left;
    group->round = number;
    return false;
}

bool groups_refresh(struct groups *g, const struct groups_world *world, size_t things,
                    bool *ret_over)
{
    struct round round = {.groups = g, .world = world, .left = things, .ok = true, .over = true};

    if (g->dynamic_count != 0)
        table_sweep(&g->by_name, refresh_one, &round);
    g->round += round.over ? 1 : 0;
    *ret_over = round.over;
    return round.ok;
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

#include "cloud/registry/groups.h"

#include <stdlib.h>
#include <string.h>

#define NAME_BYTES "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789:_-"

static void free_group(void *value)
{
    struct group *group = value;

    for (size_t i = 0; i < group->policy_count; i++)
        free(group->policies[i]);
    table_done(&group->things, NULL);
    query_free(group->query);
    free(group->name);
    free(group);
}

void groups_init(struct groups *g)
{
    *g = (struct groups){0};
    table_init(&g->by_name);
    table_init(&g->due);
    table_init(&g->later);
}

void groups_done(struct groups *g)
{
    table_done(&g->by_name, free_group);
    table_done(&g->due, free);
    table_done(&g->later, free);
}

bool group_name_is_valid(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len <= GROUP_NAME_MAX && strspn(name, NAME_BYTES) == len;
}

struct group *groups_find(const struct groups *g, const char *name)
{
    return table_get(&g->by_name, name);
}

static void member_changed(struct groups *g, const char *thing)
{
    g->membership++;
    groups_touch(g, thing);
    if (g->member_changed != NULL)
        g->member_changed(g->ctx, thing);
}

/* ---- families ---- */

static bool is_below(const struct group *group, const struct group *above)
{
    while (group != NULL && group != above)
        group = group->parent;
    return group != NULL;
}

static const struct group *root_of(const struct group *group)
{
    while (group->parent != NULL)
        group = group->parent;
    return group;
}

static size_t depth_of(const struct group *group)
{
    size_t depth = 0;

    for (; group != NULL; group = group->parent)
        depth++;
    return depth;
}

struct count {
    const struct group *parent;
    size_t children;
};

static void count_child(const char *name, const void *value, void *ctx)
{
    const struct group *group = value;
    struct count *count = ctx;

    (void)name;
    count->children += group->parent == count->parent ? 1 : 0;
}

static size_t children_of(const struct groups *g, const struct group *group)
{
    struct count count = {.parent = group};

    table_each(&g->by_name, count_child, &count);
    return count.children;
}

/* ---- making and unmaking ---- */

static bool check_parent(const struct groups *g, const char *name, const struct group *parent,
                         struct error *err)
{
    if (parent == NULL)
        return error_set(err, ERROR_USAGE, "parentGroupName: there is no group %.128s", name);
    if (parent->query != NULL)
        return error_set(err, ERROR_USAGE,
                         "parentGroupName: %.128s is dynamic, and has no children", name);
    if (depth_of(parent) == GROUP_DEPTH_MAX)
        return error_set(err, ERROR_USAGE, "parentGroupName: %d levels are all that AWS IoT allows",
                         GROUP_DEPTH_MAX);
    return children_of(g, parent) < GROUP_CHILDREN_MAX ||
           error_set(err, ERROR_USAGE, "parentGroupName: %.128s has %d children, which is the most",
                     name, GROUP_CHILDREN_MAX);
}

static bool check_new(const struct groups *g, const char *name, const char *parent,
                      const char *query, struct error *err)
{
    if (!group_name_is_valid(name))
        return error_set(err, ERROR_USAGE,
                         "\"%.60s\": no name of a group (1 to 128 of A-Z a-z 0-9 "
                         ": _ -)",
                         name);
    if (groups_find(g, name) != NULL)
        return error_set(err, ERROR_USAGE, "%s: there is such a group already", name);
    if (query != NULL && parent != NULL)
        return error_set(err, ERROR_USAGE, "queryString: a dynamic group has no parent");
    if (query != NULL && g->dynamic_count == GROUP_DYNAMIC_MAX)
        return error_set(err, ERROR_USAGE, "queryString: %d dynamic groups are the most",
                         GROUP_DYNAMIC_MAX);
    return parent == NULL || check_parent(g, parent, groups_find(g, parent), err);
}

static bool is_nested(const struct group *group)
{
    return group->query != NULL && query_asks(group->query, "thingGroupNames");
}

struct group *groups_add(struct groups *g, const char *name, const char *parent, const char *query,
                         int64_t now_ms, struct error *err)
{
    struct query *parsed = NULL;

    if (!check_new(g, name, parent, query, err))
        return NULL;
    if (query != NULL && (parsed = query_parse(query, err)) == NULL)
        return NULL;
    struct group *group = calloc(1, sizeof *group);
    if (group == NULL) {
        query_free(parsed);
        error_set(err, ERROR_FAILED, "no memory");
        return NULL;
    }
    table_init(&group->things);
    group->name = strdup(name);
    group->query = parsed;
    group->parent = parent != NULL ? groups_find(g, parent) : NULL;
    group->created_ms = now_ms;
    if (group->name == NULL || !table_put(&g->by_name, name, group)) {
        free_group(group);
        error_set(err, ERROR_FAILED, "no memory");
        return NULL;
    }
    group->looking = query != NULL;
    g->dynamic_count += query != NULL ? 1 : 0;
    g->nested += is_nested(group) ? 1 : 0;
    return group;
}

static void tell_leaving(const char *thing, const void *value, void *ctx)
{
    (void)value;
    member_changed(ctx, thing);
}

bool groups_remove(struct groups *g, struct group *group, struct error *err)
{
    if (children_of(g, group) != 0)
        return error_set(err, ERROR_USAGE,
                         "Cannot delete thing group : %.128s when there are still child groups "
                         "attached to it.",
                         group->name);
    table_remove(&g->by_name, group->name);
    g->dynamic_count -= group->query != NULL ? 1 : 0;
    g->nested -= is_nested(group) ? 1 : 0;
    g->membership++;
    table_each(&group->things, tell_leaving, g);
    free_group(group);
    return true;
}

/* ---- things ---- */

struct membership {
    const struct groups_joining *joining;
    const struct group *relative; /* in the hierarchy of one that is joined */
    size_t others;
};

static bool is_joined(const struct groups_joining *j, const struct group *group)
{
    for (size_t i = 0; i < j->count; i++)
        if (j->groups[i] == group)
            return true;
    return false;
}

static void look_at_group(const char *name, const void *value, void *ctx)
{
    const struct group *group = value;
    struct membership *m = ctx;
    const struct groups_joining *j = m->joining;

    (void)name;
    if (table_get(&group->things, j->thing) == NULL || is_joined(j, group) ||
        (j->alone && group->query == NULL))
        return;
    m->others++;
    for (size_t i = 0; i < j->count; i++)
        if (group->query == NULL && root_of(group) == root_of(j->groups[i]))
            m->relative = group;
}

/* None is dynamic, no two of a hierarchy. */
static bool check_joined(const struct groups_joining *j, struct error *err)
{
    for (size_t i = 0; i < j->count; i++) {
        if (j->groups[i]->query != NULL)
            return error_set(err, ERROR_USAGE, "%.128s: its query says who is in a dynamic group",
                             j->groups[i]->name);
        for (size_t k = 0; k < i; k++)
            if (root_of(j->groups[i]) == root_of(j->groups[k]))
                return error_set(err, ERROR_USAGE, "%.128s: it is in the hierarchy of %.128s",
                                 j->groups[i]->name, j->groups[k]->name);
    }
    return true;
}

bool groups_may_join(const struct groups *g, const struct groups_joining *j, struct error *err)
{
    struct membership m = {.joining = j};

    if (!check_joined(j, err))
        return false;
    table_each(&g->by_name, look_at_group, &m);
    if (m.relative != NULL)
        return error_set(err, ERROR_USAGE,
                         "%.128s: it is in %.128s, of the same hierarchy, already", j->thing,
                         m.relative->name);
    return m.others + j->count <= GROUPS_OF_THING_MAX ||
           error_set(err, ERROR_USAGE, "%.128s: it would be in %zu groups, and %d are the most",
                     j->thing, m.others + j->count, GROUPS_OF_THING_MAX);
}

bool group_put_thing(struct groups *g, struct group *group, const char *thing, struct error *err)
{
    const struct groups_joining joining = {.thing = thing, .groups = &group, .count = 1};

    if (group->query == NULL && table_get(&group->things, thing) != NULL)
        return true;
    if (!groups_may_join(g, &joining, err))
        return false;
    if (!table_put(&group->things, thing, group))
        return error_set(err, ERROR_FAILED, "no memory");
    member_changed(g, thing);
    return true;
}

void group_take_thing(struct groups *g, struct group *group, const char *thing)
{
    if (table_remove(&group->things, thing) != NULL)
        member_changed(g, thing);
}

struct forgetting {
    struct groups *groups;
    const char *thing;
};

static bool forget_in(void *value, void *ctx)
{
    struct forgetting *f = ctx;

    group_take_thing(f->groups, value, f->thing);
    return false;
}

void groups_forget_thing(struct groups *g, const char *thing)
{
    struct forgetting f = {.groups = g, .thing = thing};

    table_sweep(&g->by_name, forget_in, &f);
}

struct leaving {
    struct groups *groups;
    const struct groups_joining *joining;
};

static bool leave_other(void *value, void *ctx)
{
    struct leaving *l = ctx;
    struct group *group = value;

    if (group->query == NULL && !is_joined(l->joining, group))
        group_take_thing(l->groups, group, l->joining->thing);
    return false;
}

void groups_leave_others(struct groups *g, const struct groups_joining *j)
{
    struct leaving l = {.groups = g, .joining = j};

    table_sweep(&g->by_name, leave_other, &l);
}

/* ---- looking ---- */

struct search {
    const struct group *above;
    const char *thing;
    bool found;
};

static void look_below(const char *name, const void *value, void *ctx)
{
    const struct group *group = value;
    struct search *s = ctx;

    (void)name;
    s->found |= table_get(&group->things, s->thing) != NULL && is_below(group, s->above);
}

bool group_has(const struct groups *g, const struct group *group, const char *thing, bool below)
{
    struct search s = {.above = group, .thing = thing};

    if (!below || group->query != NULL)
        return table_get(&group->things, thing) != NULL;
    table_each(&g->by_name, look_below, &s);
    return s.found;
}

struct walk {
    const struct group *above;
    void (*visit)(const char *thing, void *ctx);
    void *ctx;
};

static void show_thing(const char *name, const void *value, void *ctx)
{
    const struct walk *walk = ctx;

    (void)value;
    walk->visit(name, walk->ctx);
}

/* A thing is in one group of a hierarchy only: none is shown twice. */
static void show_group(const char *name, const void *value, void *ctx)
{
    const struct group *group = value;
    struct walk *walk = ctx;

    (void)name;
    if (is_below(group, walk->above))
        table_each(&group->things, show_thing, walk);
}

void group_each_thing(const struct groups *g, const struct group *group, bool below,
                      void (*visit)(const char *thing, void *ctx), void *ctx)
{
    struct walk walk = {.above = group, .visit = visit, .ctx = ctx};

    if (below)
        table_each(&g->by_name, show_group, &walk);
    else
        table_each(&group->things, show_thing, &walk);
}

struct tour {
    const char *thing; /* NULL: all groups */
    bool above;
    void (*visit)(const struct group *group, void *ctx);
    void *ctx;
};

static void tour_group(const char *name, const void *value, void *ctx)
{
    const struct group *group = value;
    const struct tour *tour = ctx;

    (void)name;
    if (tour->thing != NULL && table_get(&group->things, tour->thing) == NULL)
        return;
    tour->visit(group, tour->ctx);
    for (group = group->parent; tour->above && group != NULL; group = group->parent)
        tour->visit(group, tour->ctx);
}

void groups_each_of(const struct groups *g, const char *thing, bool above,
                    void (*visit)(const struct group *group, void *ctx), void *ctx)
{
    struct tour tour = {.thing = thing, .above = above, .visit = visit, .ctx = ctx};

    table_each(&g->by_name, tour_group, &tour);
}

void groups_each(const struct groups *g, void (*visit)(const struct group *group, void *ctx),
                 void *ctx)
{
    struct tour tour = {.visit = visit, .ctx = ctx};

    table_each(&g->by_name, tour_group, &tour);
}

/* ---- policies ---- */

static size_t policy_at(const struct group *group, const char *policy)
{
    size_t i = 0;

    while (i < group->policy_count && strcmp(group->policies[i], policy) != 0)
        i++;
    return i;
}

bool group_attach_policy(struct groups *g, struct group *group, const char *policy,
                         struct error *err)
{
    if (group->query != NULL)
        return error_set(err, ERROR_USAGE, "%.128s: a dynamic group has no policies", group->name);
    if (policy_at(group, policy) < group->policy_count)
        return true;
    if (group->policy_count == GROUP_POLICIES_MAX)
        return error_set(err, ERROR_USAGE, "%.128s: a group has at most %d policies", group->name,
                         GROUP_POLICIES_MAX);
    group->policies[group->policy_count] = strdup(policy);
    if (group->policies[group->policy_count] == NULL)
        return error_set(err, ERROR_FAILED, "no memory");
    group->policy_count++;
    g->generation++;
    return true;
}

bool group_detach_policy(struct groups *g, struct group *group, const char *policy)
{
    size_t at = policy_at(group, policy);

    if (at == group->policy_count)
        return false;
    free(group->policies[at]);
    group->policies[at] = group->policies[--group->policy_count];
    g->generation++;
    return true;
}

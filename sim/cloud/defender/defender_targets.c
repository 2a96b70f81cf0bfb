#include "cloud/defender/defender_targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cloud/registry/groups.h"
#include "cloud/registry/registry.h"
#include "cloud/registry/target.h"

/* ORDER DEFENDER_TARGET; before a name. */
static const char *const words[DEFENDER_NO_TARGET] = {
    "all/things", "all/registered-things", "all/unregistered-things", "group/", "thing/"};

struct defender_target defender_target_read(const char *text)
{
    const char *bare = target_bare(text);
    const char *group = target_name(bare, "group/", "thinggroup/");
    const char *thing = target_name(bare, "thing/", "thing/");

    for (enum defender_target_kind k = 0; k < DEFENDER_GROUP; k++)
        if (strcmp(bare, words[k]) == 0)
            return (struct defender_target){.kind = k, .name = ""};
    if (group != NULL)
        return (struct defender_target){.kind = group_name_is_valid(group) ? DEFENDER_GROUP
                                                                           : DEFENDER_NO_TARGET,
                                        .name = group};
    if (thing == NULL)
        thing = bare;
    return (struct defender_target){
        .kind = registry_name_is_valid(thing) ? DEFENDER_THING : DEFENDER_NO_TARGET, .name = thing};
}

char *defender_target_write(const struct defender_target *target)
{
    size_t size = strlen(words[target->kind]) + strlen(target->name) + 1;
    char *text = malloc(size);

    if (text != NULL)
        snprintf(text, size, "%s%s", words[target->kind], target->name);
    return text;
}

/* False: no memory. */
static bool add(struct defender_targets *t, const struct defender_target *target)
{
    switch (target->kind) {
    case DEFENDER_ALL_THINGS:
        t->registered = t->unregistered = true;
        return true;
    case DEFENDER_REGISTERED_THINGS:
        t->registered = true;
        return true;
    case DEFENDER_UNREGISTERED_THINGS:
        t->unregistered = true;
        return true;
    case DEFENDER_GROUP:
        return table_put(&t->groups, target->name, t);
    case DEFENDER_THING:
    case DEFENDER_NO_TARGET:
        break;
    }
    return table_put(&t->things, target->name, t);
}

const char *defender_targets_read(const cJSON *list, struct defender_targets *ret)
{
    static const char wrong[] = "targets: a list of all/things, all/registered-things, "
                                "all/unregistered-things, group/NAME and names of things";
    const cJSON *item;

    *ret = (struct defender_targets){.registered = list == NULL, .unregistered = list == NULL};
    table_init(&ret->things);
    table_init(&ret->groups);
    if (list != NULL && !cJSON_IsArray(list))
        return wrong;
    cJSON_ArrayForEach(item, list)
    {
        const struct defender_target target =
            defender_target_read(cJSON_IsString(item) ? item->valuestring : "");
        if (target.kind == DEFENDER_NO_TARGET)
            return wrong;
        if (!add(ret, &target))
            return "no memory";
    }
    return NULL;
}

void defender_targets_done(struct defender_targets *t)
{
    table_done(&t->things, NULL);
    table_done(&t->groups, NULL);
}

struct search {
    const struct defender_fleet *fleet;
    const char *thing;
    bool found;
    const char *missing;
};

static void look_at_group(const char *name, const void *value, void *ctx)
{
    struct search *s = ctx;

    (void)value;
    s->found = s->found || s->fleet->is_member(s->fleet->ctx, name, s->thing);
}

bool defender_targets_have(const struct defender_targets *t, const struct defender_fleet *fleet,
                           const char *thing)
{
    struct search s = {.fleet = fleet, .thing = thing};

    if ((t->registered && t->unregistered) || table_get(&t->things, thing) != NULL)
        return true;
    if (fleet == NULL)
        return false;
    if ((t->registered || t->unregistered) &&
        fleet->is_registered(fleet->ctx, thing) == t->registered)
        return true;
    table_each(&t->groups, look_at_group, &s);
    return s.found;
}

static void look_for_group(const char *name, const void *value, void *ctx)
{
    struct search *s = ctx;

    (void)value;
    if (!s->fleet->has_group(s->fleet->ctx, name))
        s->missing = name;
}

bool defender_targets_exist(const struct defender_targets *t, const struct defender_fleet *fleet,
                            const char **ret)
{
    struct search s = {.fleet = fleet};

    if (fleet != NULL)
        table_each(&t->groups, look_for_group, &s);
    *ret = s.missing;
    return s.missing == NULL;
}

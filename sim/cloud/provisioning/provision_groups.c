/* What a template says, done: the registry's part, and the groups that its thing joins. */
#include <string.h>

#include "cloud/provisioning/provision_core.h"
#include "cloud/provisioning/provision_expression.h"

/* The groups of the template, once each. */
struct wanted {
    struct group *items[GROUPS_OF_THING_MAX];
    size_t count;
};

static bool add_wanted(const struct groups *groups, const cJSON *name, struct wanted *wanted,
                       struct provision_error *err)
{
    struct group *group = cJSON_IsString(name) ? groups_find(groups, name->valuestring) : NULL;

    if (group == NULL)
        return provision_fail(err, "ThingGroups: there is no group %.100s",
                              cJSON_IsString(name) ? name->valuestring : "of no name");
    for (size_t i = 0; i < wanted->count; i++)
        if (wanted->items[i] == group)
            return true;
    if (wanted->count == GROUPS_OF_THING_MAX)
        return provision_fail(err, "ThingGroups: more than %d", GROUPS_OF_THING_MAX);
    wanted->items[wanted->count++] = group;
    return true;
}

/* The groups must be there before anything is done. */
static bool read_wanted(const struct provision_service *s, const struct provision_plan *plan,
                        struct wanted *ret, struct provision_error *err)
{
    const cJSON *name;

    ret->count = 0;
    if (plan->groups == NULL)
        return true;
    if (!cJSON_IsArray(plan->groups))
        return provision_fail(err, "ThingGroups: not a list of names");
    cJSON_ArrayForEach(name, plan->groups)
    {
        if (!add_wanted(&s->access->groups, name, ret, err))
            return false;
    }
    return true;
}

static bool fail(struct provision_error *err, const struct error *why)
{
    return provision_fail(err, "ThingGroups: %.180s", why->text);
}

/* It may: that was asked before. */
static bool join(struct groups *groups, const struct groups_joining *joining,
                 struct provision_error *err)
{
    struct error why;

    if (joining->alone)
        groups_leave_others(groups, joining);
    for (size_t i = 0; i < joining->count; i++)
        if (!group_put_thing(groups, joining->groups[i], joining->thing, &why))
            return fail(err, &why);
    return true;
}

bool provision_carry_out(struct provision_service *s, const struct provision_plan *plan,
                         struct registry_certificate *certificate, int64_t now_ms,
                         struct provision_error *err)
{
    struct access *access = s->access;
    bool is_new = plan->thing != NULL && registry_thing(s->registry, plan->thing) == NULL;
    bool replaces = plan->groups_override == PROVISION_REPLACE;
    bool joins = plan->groups != NULL && plan->thing != NULL && (is_new || replaces);
    struct wanted wanted;
    struct error why;

    if (!read_wanted(s, plan, &wanted, err))
        return false;
    const struct groups_joining joining = {
        .thing = plan->thing, .groups = wanted.items, .count = wanted.count, .alone = replaces};
    if (joins && !groups_may_join(&access->groups, &joining, &why))
        return fail(err, &why);
    if (!provision_plan_apply(plan, &access->policies, s->registry, certificate, now_ms, err))
        return false;
    return !joins || join(&access->groups, &joining, err);
}

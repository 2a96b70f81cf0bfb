/* What a template says, done: the registry's part, and the groups that its thing joins. */
#include <string.h>

#include "cloud/groups.h"
#include "cloud/provision_core.h"
#include "cloud/provision_expression.h"

/* The groups must be there before anything is done. */
static bool check(const struct provision_service *s, const struct provision_plan *plan,
                  struct provision_error *err)
{
    const cJSON *name;

    if (plan->groups == NULL)
        return true;
    if (!cJSON_IsArray(plan->groups))
        return provision_fail(err, "ThingGroups: not a list of names");
    cJSON_ArrayForEach(name, plan->groups)
    {
        if (!cJSON_IsString(name) || s->groups == NULL ||
            groups_find(s->groups, name->valuestring) == NULL)
            return provision_fail(err, "ThingGroups: there is no group %.100s",
                                  cJSON_IsString(name) ? name->valuestring : "of no name");
    }
    return true;
}

static bool join(struct provision_service *s, const struct provision_plan *plan,
                 struct provision_error *err)
{
    const cJSON *name;
    struct error why;

    cJSON_ArrayForEach(name, plan->groups)
    {
        if (!group_put_thing(s->groups, groups_find(s->groups, name->valuestring), plan->thing,
                             &why))
            return provision_fail(err, "ThingGroups: %.180s", why.text);
    }
    return true;
}

bool provision_carry_out(struct provision_service *s, const struct provision_plan *plan,
                         struct registry_certificate *certificate, int64_t now_ms,
                         struct provision_error *err)
{
    bool is_new = plan->thing != NULL && registry_thing(s->registry, plan->thing) == NULL;

    if (!check(s, plan, err) || !provision_plan_apply(plan, s->registry, certificate, now_ms, err))
        return false;
    return (!is_new && plan->groups_override != PROVISION_REPLACE) || join(s, plan, err);
}

#include <string.h>

#include "cloud/cloud_core.h"
#include "cloud/operator/operator.h"

/* Questions of dynamic groups, whether a thing matches, in one tick: 4 ms. */
#define REFRESH_QUESTIONS 2000

static struct fleet_index index_of(struct cloud *cloud)
{
    return (struct fleet_index){.registry = &cloud->registry,
                                .groups = &cloud->access.groups,
                                .presence = &cloud->presence,
                                .shadows = &cloud->shadows};
}

bool cloud_fleet_serve(struct cloud *cloud, const struct cloud_message *message, int64_t now_ms,
                       struct cloud_actions *out, bool *ret_ok)
{
    struct operator_address address;

    if (!operator_address_parse(message->topic, &address))
        return false;
    struct operator_request request = {.access = &cloud->access,
                                       .index = index_of(cloud),
                                       .registry = &cloud->registry,
                                       .address = &address,
                                       .client_id = message->client_id,
                                       .now_ms = now_ms,
                                       .out = out};
    *ret_ok = operator_serve(&request, message->payload);
    return true;
}

bool cloud_put_policy(struct cloud *cloud, const char *name, struct slice document, int64_t now_ms,
                      struct error *err)
{
    return policy_store_give(&cloud->access.policies, name, document, now_ms, err);
}

bool cloud_fleet_registry_changed(struct cloud *cloud, const char *thing, int64_t now_ms,
                                  struct cloud_actions *out)
{
    if (*thing == '\0' || registry_thing(&cloud->registry, thing) != NULL)
        return true;
    groups_forget_thing(&cloud->access.groups, thing);
    return job_service_thing_removed(&cloud->jobs, thing, now_ms, out);
}

/* ---- jobs for groups ---- */

static bool group_exists(void *ctx, const char *group)
{
    return groups_find(ctx, group) != NULL;
}

static void each_thing_of(void *ctx, const char *name, void (*visit)(const char *thing, void *arg),
                          void *arg)
{
    const struct group *group = groups_find(ctx, name);

    if (group != NULL)
        group_each_thing(ctx, group, true, visit, arg);
}

void cloud_fleet_changed(void *ctx, const char *thing)
{
    struct cloud *cloud = ctx;

    groups_touch(&cloud->access.groups, thing);
}

void cloud_fleet_init(struct cloud *cloud)
{
    cloud->registry.told_thing = cloud->presence.changed = cloud_fleet_changed;
    cloud->registry.ctx = cloud->presence.ctx = cloud;
    cloud->jobs.groups = (struct job_groups){
        .exists = group_exists, .each_thing = each_thing_of, .ctx = &cloud->access.groups};
}

/* ---- time ---- */

bool cloud_fleet_tick(struct cloud *cloud, int64_t now_ms, struct cloud_actions *out)
{
    struct groups *groups = &cloud->access.groups;
    struct fleet_index index = index_of(cloud);
    struct groups_world world = fleet_index_world(&index);
    bool ok = groups_refresh(groups, &world, REFRESH_QUESTIONS, now_ms);

    if (groups->membership == cloud->told_membership)
        return ok;
    if (!job_service_groups_changed(&cloud->jobs, now_ms, out))
        return false;
    cloud->told_membership = groups->membership;
    return ok;
}

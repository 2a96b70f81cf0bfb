/* Device Defender's part of the cloud: what it is told of things, and what is done about one of
 * them. */
#include "cloud/cloud_core.h"

void cloud_count(struct cloud *cloud, const struct client *client, enum defender_sum what,
                 double amount)
{
    if (client->is_thing)
        defender_service_count(&cloud->defender, client->id, what, amount);
}

static bool is_registered(void *ctx, const char *thing)
{
    const struct cloud *cloud = ctx;

    return registry_thing(&cloud->registry, thing) != NULL;
}

static bool has_group(void *ctx, const char *group)
{
    const struct cloud *cloud = ctx;

    return groups_find(&cloud->access.groups, group) != NULL;
}

static bool is_member(void *ctx, const char *name, const char *thing)
{
    const struct groups *groups = &((const struct cloud *)ctx)->access.groups;
    const struct group *group = groups_find(groups, name);

    return group != NULL && group_has(groups, group, thing, true);
}

void cloud_defender_init(struct cloud *cloud)
{
    cloud->defended = (struct defender_fleet){.is_registered = is_registered,
                                              .has_group = has_group,
                                              .is_member = is_member,
                                              .ctx = cloud};
    cloud->defender.fleet = &cloud->defended;
    cloud->defender.mitigate = cloud_mitigate;
    cloud->defender.ctx = cloud;
}

static void take_policies(struct registry_certificate *certificate)
{
    while (certificate->policies.count != 0)
        registry_detach_policy(certificate, certificate->policies.items[0]);
}

/* Makes the group if it is not there. What the group does not allow (it is dynamic, the thing is in
 * its hierarchy or in too many) is left undone: the alert stands. False: no memory. */
static bool put_into_group(struct cloud *cloud, const char *thing, const struct defender_turn *turn)
{
    struct groups *groups = &cloud->access.groups;
    const char *name = turn->profile->group;
    struct group *group = groups_find(groups, name);
    struct error err = {0};

    if (group == NULL)
        group = groups_add(groups, name, NULL, NULL, turn->now_ms, &err);
    return (group != NULL && group_put_thing(groups, group, thing, &err)) ||
           err.code == ERROR_USAGE;
}

bool cloud_mitigate(void *ctx, const char *thing, enum defender_mitigation mitigation,
                    const struct defender_turn *turn)
{
    struct cloud *cloud = ctx;
    struct client *client = presence_find(&cloud->presence, thing);
    const struct registry_thing *known = registry_thing(&cloud->registry, thing);

    for (size_t i = 0; known != NULL && i < known->certificates.count; i++) {
        struct registry_certificate *certificate = known->certificates.items[i];
        if (mitigation == DEFENDER_DEACTIVATE_CERTIFICATE)
            registry_certificate_set_status(&cloud->registry, certificate, REGISTRY_INACTIVE,
                                            turn->now_ms);
        if (mitigation == DEFENDER_BLANK_POLICY)
            take_policies(certificate);
    }
    if (mitigation == DEFENDER_ADD_TO_GROUP)
        return put_into_group(cloud, thing, turn);
    if (client == NULL || client->handle == NULL)
        return true;
    client->closing = PRESENCE_API_INITIATED;
    return cloud_actions_kick(turn->out, client->id, true);
}

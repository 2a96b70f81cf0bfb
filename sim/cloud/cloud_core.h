/*
 * cloud_core.h — what the files of the cloud itself share: all that it consists of. Nobody else
 * includes it.
 */
#ifndef CLOUD_CLOUD_CORE_H
#define CLOUD_CLOUD_CORE_H

#include "cloud/campaigns/campaign_service.h"
#include "cloud/clients/quota.h"
#include "cloud/cloud.h"
#include "cloud/commands/command_service.h"
#include "cloud/defender/defender_service.h"
#include "cloud/jobs/job_service.h"
#include "cloud/jobs/stream_service.h"
#include "cloud/provisioning/provision_service.h"
#include "cloud/provisioning/rotation_service.h"
#include "cloud/registry/access.h"
#include "cloud/registry/registry.h"
#include "cloud/rules.h"
#include "cloud/shadows/shadow_service.h"

struct cloud {
    struct presence presence;
    struct registry registry;
    struct provision_service provisioning;
    struct access access;
    char denial[ACCESS_WHY_SIZE]; /* why the latest was */
    uint64_t told_membership;     /* of groups: jobs know of it */
    const struct issuer *issuer;  /* borrowed; NULL: none */
    struct cloud_shelf shelf;     /* all NULL: none */
    struct shadow_service shadows;
    struct command_service commands;
    struct job_service jobs;
    struct stream_service streams;
    struct defender_service defender;
    struct defender_fleet defended;
    struct campaign_service campaigns;
    struct rules rules;
    struct quota quota;
    int64_t sweep_at;
    uint64_t changes;
    uint64_t batch; /* of the journal: the next one's number */
    /* The wildcard or shared filter just subscribed to, whose retained messages follow at once. */
    const struct client *retained_for;
};

/* ---- cloud_fleet.c: policies, groups and the fleet index ---- */

/* A message to one of fleetsim/policies/…, groups/… or index/…; false if it is none, or with
 *ret_ok if it was. */
bool cloud_fleet_serve(struct cloud *cloud, const struct cloud_message *message, int64_t now_ms,
                       struct cloud_actions *out, bool *ret_ok);
/* An operator has changed the registry, and perhaps deleted that thing ("": none). False: no
   memory. */
bool cloud_fleet_registry_changed(struct cloud *cloud, const char *thing, int64_t now_ms,
                                  struct cloud_actions *out);
/* Something of the thing has changed that a query may ask for; ctx is the cloud. */
void cloud_fleet_changed(void *ctx, const char *thing);
/* Dynamic groups, and jobs that follow groups. */
bool cloud_fleet_tick(struct cloud *cloud, int64_t now_ms, struct cloud_actions *out);
void cloud_fleet_init(struct cloud *cloud);

/* ---- cloud_defender.c ---- */

/* That was seen of a client: Device Defender counts it if it is a thing. */
void cloud_count(struct cloud *cloud, const struct client *client, enum defender_sum what,
                 double amount);
void cloud_defender_init(struct cloud *cloud);
/* As struct defender_service has it; ctx is the cloud. */
bool cloud_mitigate(void *ctx, const char *thing, enum defender_mitigation mitigation,
                    const struct defender_turn *turn);

/* ---- cloud_rotation.c: certificates that things change in jobs ---- */

bool cloud_rotation_serve(struct cloud *cloud, const struct rotation_address *address,
                          const struct cloud_message *message, int64_t now_ms,
                          struct cloud_actions *out);
/* The thing has connected, or a job of it has ended. */
void cloud_rotation_look(struct cloud *cloud, const char *thing, int64_t now_ms);
void cloud_rotation_init(struct cloud *cloud);

#endif

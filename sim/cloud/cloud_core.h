/*
 * cloud_core.h — what the files of the cloud itself share: all that it consists of. Nobody else
 * includes it.
 */
#ifndef CLOUD_CLOUD_CORE_H
#define CLOUD_CLOUD_CORE_H

#include "cloud/cloud.h"
#include "cloud/command_service.h"
#include "cloud/job_service.h"
#include "cloud/provision_service.h"
#include "cloud/quota.h"
#include "cloud/registry.h"
#include "cloud/rules.h"
#include "cloud/shadow_service.h"
#include "cloud/stream_service.h"

struct cloud {
    struct presence presence;
    struct registry registry;
    struct provision_service provisioning;
    const struct issuer *issuer; /* borrowed; NULL: none */
    struct shadow_service shadows;
    struct command_service commands;
    struct job_service jobs;
    struct stream_service streams;
    struct rules rules;
    struct quota quota;
    int64_t sweep_at;
    /* The wildcard or shared filter just subscribed to, whose retained messages follow at once. */
    const struct client *retained_for;
};

#endif

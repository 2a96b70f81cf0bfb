/*
 * aws_plan.h — what a load means for an account of AWS IoT Core, before it begins: the quotas that
 * it meets, and about what it costs (docs/aws.md).
 *
 * Quotas are the documented defaults of an account in a large region; prices are those of
 * AWS_PLAN_REGION as of AWS_PLAN_PRICES. Both change, and yours may be others: an estimate, that
 * says so.
 */
#ifndef CLI_AWS_PLAN_H
#define CLI_AWS_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

#define AWS_PLAN_REGION "us-east-1"
#define AWS_PLAN_PRICES "2025"

/* A load, as it is going to be. Rates are the highest of its phases. */
struct aws_plan {
    uint64_t cars, apps;
    double seconds;          /* from the first connect to the last command */
    double connects_per_s;   /* while it ramps; and all at once in a storm */
    double commands_per_s;   /* of all cars together */
    bool by_shadow;          /* commands are desired states; else requests */
    double named_shadows;    /* of a car, besides the classic one; a mean over the mix */
    double named_commands;   /* share of the commands whose signals live in those, 0 to 1 */
    double telemetry_per_s;  /* messages of all cars together */
    uint64_t telemetry_size; /* bytes of each */
    double loaded_seconds;   /* of these, for how many commands and telemetry come */
};

/* A quota, and what is asked of it. ORDER AWS_QUOTA */
enum aws_quota {
    AWS_CONNECTIONS,       /* of an account, at once */
    AWS_CONNECTS,          /* of an account, per second */
    AWS_SUBSCRIPTIONS,     /* of an account, per second; each filter counts */
    AWS_PUBLISHES_IN,      /* of an account, per second; a shadow's answers count */
    AWS_PUBLISHES_OUT,     /* of an account, per second */
    AWS_SHADOW_OPERATIONS, /* of an account, per second */
    AWS_APP_PUBLISHES,     /* of one app's connection, per second, in and out together */
    AWS_QUOTA_COUNT
};

struct aws_quota_use {
    double asked, limit;
};
struct aws_quota_use aws_plan_quota(const struct aws_plan *plan, enum aws_quota quota);

/* What is charged for, in dollars. */
struct aws_bill {
    double minutes, messages, shadow_operations; /* how many */
    double connectivity, messaging, shadow;      /* what each comes to */
};
struct aws_bill aws_plan_bill(const struct aws_plan *plan);

/* Lines for people: each quota that is met above its half, with what to do if it is passed, and the
   estimate. Returns how many quotas are passed. */
unsigned aws_plan_tell(const struct aws_plan *plan, struct buf *out);

#endif

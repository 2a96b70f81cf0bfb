/*
 * defender_profile.h — a security profile of AWS IoT Device Defender: what is normal for the things
 * that it is for, and what is done about one that behaves otherwise.
 *
 *     { "behaviors": [ { "name": "talks little", "metric": "aws:all-bytes-out",
 *           "criteria": { "comparisonOperator": "less-than", "value": { "count": 100000 },
 *                         "durationSeconds": 300, "consecutiveDatapointsToAlarm": 1,
 *                         "consecutiveDatapointsToClear": 1 } } ],
 *       "targets": ["group/recalled"],                  defender_targets.h; all if not given
 *       "mitigations": ["UPDATE_DEVICE_CERTIFICATE"] }           none if not given
 *
 * Behaviours are AWS's; targets and mitigations it takes by calls of their own. Metrics are those
 * of reports (defender_report.h), and of the cloud's own sight: aws:num-authorization-failures,
 * aws:num-connection-attempts, aws:num-disconnects, aws:num-messages-sent,
 * aws:num-messages-received and aws:message-byte-size. Statistical and machine-learnt thresholds
 * are AWS's alone.
 */
#ifndef CLOUD_DEFENDER_DEFENDER_PROFILE_H
#define CLOUD_DEFENDER_DEFENDER_PROFILE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#include "cloud/defender/defender_targets.h"

#define DEFENDER_BEHAVIORS_MAX 100 /* of a profile, AWS's limit */
#define DEFENDER_SLOT_S        300 /* the interval of reports (contract 5) */
#define DEFENDER_SLOTS         12  /* the longest durationSeconds in them */

/* What is summed up over a behaviour's duration. ORDER DEFENDER_SUM */
enum defender_sum {
    DEFENDER_BYTES_IN,
    DEFENDER_BYTES_OUT,
    DEFENDER_PACKETS_IN,
    DEFENDER_PACKETS_OUT,
    DEFENDER_AUTHORIZATION_FAILURES, /* from here on the cloud counts */
    DEFENDER_CONNECTION_ATTEMPTS,
    DEFENDER_DISCONNECTS,
    DEFENDER_MESSAGES_SENT,
    DEFENDER_MESSAGES_RECEIVED,
    DEFENDER_MESSAGE_SIZE, /* the largest, not a sum */
    DEFENDER_SUM_COUNT
};
#define DEFENDER_FIRST_OF_CLOUD DEFENDER_AUTHORIZATION_FAILURES
/* "aws:all-bytes-in" */
const char *defender_sum_metric(enum defender_sum sum);

/* ORDER DEFENDER_OPERATOR */
enum defender_operator {
    DEFENDER_LESS,
    DEFENDER_LESS_EQUAL,
    DEFENDER_GREATER,
    DEFENDER_GREATER_EQUAL,
    DEFENDER_IN_CIDR_SET,
    DEFENDER_NOT_IN_CIDR_SET,
    DEFENDER_IN_PORT_SET,
    DEFENDER_NOT_IN_PORT_SET,
    DEFENDER_IN_SET,
    DEFENDER_NOT_IN_SET,
    DEFENDER_OPERATOR_COUNT
};

/* ORDER DEFENDER_MITIGATION */
enum defender_mitigation {
    DEFENDER_DEACTIVATE_CERTIFICATE,
    DEFENDER_BLANK_POLICY,
    DEFENDER_ADD_TO_GROUP,
    DEFENDER_DELETE_CONNECTION,
    DEFENDER_MITIGATION_COUNT
};
/* "UPDATE_DEVICE_CERTIFICATE" */
const char *defender_mitigation_name(enum defender_mitigation mitigation);

/* Names and values are the profile's. */
struct defender_behavior {
    const char *name, *metric;
    enum defender_sum sum; /* DEFENDER_SUM_COUNT: it is no sum */
    enum defender_operator op;
    const cJSON *value; /* a number, or a list */
    unsigned slots;     /* its duration */
    unsigned to_alarm, to_clear;
};

struct defender_profile {
    struct defender_profile *next;
    cJSON *source;
    struct defender_targets targets;
    const char *group;    /* of DEFENDER_ADD_TO_GROUP; NULL: none */
    unsigned mitigations; /* bits by enum defender_mitigation */
    struct defender_behavior *behaviors;
    size_t count;
    char name[];
};

/* The profile that the document says; NULL with what is wrong in *problem: "no memory" too. */
struct defender_profile *defender_profile_new(const char *name, const cJSON *document,
                                              const char **problem);
void defender_profile_free(struct defender_profile *profile);
/* From now on it is for that one too, or no more; the source says so. `retarget` tells which.
   False: no memory, and nothing has changed. */
enum defender_retarget { DEFENDER_ATTACH, DEFENDER_DETACH };
bool defender_profile_retarget(struct defender_profile *profile, enum defender_retarget retarget,
                               const struct defender_target *target);
/* Is that target one of its own? Not whether another implies it. */
bool defender_profile_has_target(const struct defender_profile *profile,
                                 const struct defender_target *target);

/* ORDER DEFENDER_JUDGEMENT */
enum defender_judgement { DEFENDER_NORMAL, DEFENDER_VIOLATED, DEFENDER_NO_JUDGEMENT };
/* What of a value: none where they cannot be compared. */
enum defender_judgement defender_behavior_judge(const struct defender_behavior *behavior,
                                                const cJSON *value);

#endif

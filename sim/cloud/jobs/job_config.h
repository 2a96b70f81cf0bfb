/*
 * job_config.h — what a job is to be: the document of CreateJob, with the names that AWS gives its
 * members.
 *
 *     {"targets":["car-1","group/recalled",…], "targetSelection":"SNAPSHOT|CONTINUOUS"?,
 *      "document":{…}, "description":"…"?,
 *      "jobExecutionsRolloutConfig":{"maximumPerMinute":n}?,
 *      "abortConfig":{"criteriaList":[{"failureType":"FAILED","action":"CANCEL",
 *          "thresholdPercentage":20,"minNumberOfExecutedThings":10},…]}?,
 *      "timeoutConfig":{"inProgressTimeoutInMinutes":n}?,
 *      "presignedUrlConfig":{"expiresInSec":n}?,
 *      "jobExecutionsRetryConfig":{"criteriaList":[{"failureType":"FAILED","numberOfRetries":n}]}?}
 *
 * A target is a thing's name, "group/" and the name of a group, or the ARN of either; a document
 * may be an object, or a text of one, which is how AWS has it. failureType: FAILED, REJECTED (not
 * for retries), TIMED_OUT or ALL.
 */
#ifndef CLOUD_JOBS_JOB_CONFIG_H
#define CLOUD_JOBS_JOB_CONFIG_H

#include <cjson/cJSON.h>
#include <stdint.h>

#include "cloud/jobs/job_request.h"

#define JOB_DOCUMENT_MAX 32768
#define JOB_RATE_MAX     1000 /* things a minute */
#define JOB_CRITERIA_MAX 4
#define JOB_RETRIES_MAX  10

/* A set of statuses: 1 << enum job_status, or-ed. */
struct job_abort {
    unsigned of;
    double percentage;
    int64_t min_executed;
};

struct job_config {
    char **targets;                    /* without repetition */
    size_t target_count, listed_count; /* those that the document names come first */
    char **groups;                     /* likewise without repetition */
    size_t group_count;
    bool continuous;    /* for things that join the groups later, too */
    char *document;     /* a JSON object */
    char *description;  /* or NULL */
    int64_t per_minute; /* 0: all at once */
    struct job_abort aborts[JOB_CRITERIA_MAX];
    size_t abort_count;
    int64_t timeout_minutes; /* 0: none */
    int64_t presigned_s;     /* how long URLs in its document are good */
    int64_t retries[JOB_STATUS_COUNT];
};

/* False with the error. job_config_done() after either. */
bool job_config_read(const cJSON *source, struct job_config *ret, struct job_error *ret_error);
void job_config_done(struct job_config *config);

#endif

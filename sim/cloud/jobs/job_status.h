/*
 * job_status.h — the statuses of executions of AWS IoT Jobs and who may change them (contract 3.4).
 */
#ifndef CLOUD_JOBS_JOB_STATUS_H
#define CLOUD_JOBS_JOB_STATUS_H

#include <stdbool.h>

/* ORDER JOB_STATUS */
enum job_status {
    JOB_QUEUED,
    JOB_IN_PROGRESS,
    JOB_SUCCEEDED, /* from here on: terminal */
    JOB_FAILED,
    JOB_REJECTED,
    JOB_TIMED_OUT,
    JOB_CANCELED,
    JOB_REMOVED,
    JOB_STATUS_COUNT
};
const char *job_status_name(enum job_status status);  /* "QUEUED" */
const char *job_status_event(enum job_status status); /* "queued", in topics of events */
/* JOB_STATUS_COUNT: none of that name. */
enum job_status job_status_find(const char *name);
static inline bool job_status_is_terminal(enum job_status status)
{
    return status >= JOB_SUCCEEDED;
}
/* Is it one that a device reports? */
bool job_status_is_device(enum job_status status);

#endif

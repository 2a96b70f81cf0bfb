#include "cloud/jobs/job_status.h"

#include <string.h>

const char *job_status_name(enum job_status status)
{
    /* ORDER JOB_STATUS */
    static const char *const names[JOB_STATUS_COUNT] = {"QUEUED",   "IN_PROGRESS", "SUCCEEDED",
                                                        "FAILED",   "REJECTED",    "TIMED_OUT",
                                                        "CANCELED", "REMOVED"};

    return (unsigned)status < JOB_STATUS_COUNT ? names[status] : "?";
}

const char *job_status_event(enum job_status status)
{
    /* ORDER JOB_STATUS */
    static const char *const names[JOB_STATUS_COUNT] = {"queued",   "in_progress", "succeeded",
                                                        "failed",   "rejected",    "timed_out",
                                                        "canceled", "removed"};

    return (unsigned)status < JOB_STATUS_COUNT ? names[status] : "?";
}

enum job_status job_status_find(const char *name)
{
    enum job_status s = JOB_QUEUED;

    while (s < JOB_STATUS_COUNT && strcmp(job_status_name(s), name) != 0)
        s++;
    return s;
}

bool job_status_is_device(enum job_status status)
{
    return status == JOB_IN_PROGRESS || status == JOB_SUCCEEDED || status == JOB_FAILED ||
           status == JOB_REJECTED;
}

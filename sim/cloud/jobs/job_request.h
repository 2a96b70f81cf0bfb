/*
 * job_request.h — what a device says of its jobs: the documents of contract 3.2, checked, with the
 * error codes of contract 3.3.
 */
#ifndef CLOUD_JOBS_JOB_REQUEST_H
#define CLOUD_JOBS_JOB_REQUEST_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "cloud/jobs/job_address.h"
#include "cloud/jobs/job_status.h"

#define JOB_TIMEOUT_MAX_MINUTES 10080

struct job_error {
    const char *code; /* "InvalidRequest"; NULL: no memory */
    char text[160];
};

/* Sets the error; always false. */
bool job_error_set(struct job_error *error, const char *code, const char *text);

struct job_request {
    cJSON *document;      /* owned; an object */
    const char *token;    /* clientToken, or NULL */
    const cJSON *details; /* statusDetails, or NULL */
    enum job_status status;
    bool has_expected_version, include_state, include_document;
    int64_t expected_version;
    int64_t execution_number;     /* 0: the latest */
    int64_t step_timeout_minutes; /* 0: not given */
};

/* False with the error. job_request_done() after either. */
bool job_request_parse(enum job_operation op, struct slice payload, struct job_request *ret,
                       struct job_error *ret_error);
void job_request_done(struct job_request *request);

/* A whole number from `min` to `max` at that name, or a text that is one; `fallback` if it is not
   there. False with the error. */
bool job_request_number(const cJSON *document, const char *name, const int64_t range[2],
                        int64_t *ret, struct job_error *ret_error);
/* Are these status details (contract 3.5)? */
bool job_details_are_good(const cJSON *details);

#endif

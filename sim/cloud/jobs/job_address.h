/*
 * job_address.h — the topics of AWS IoT Jobs: what a device may ask (contract 3.1), and what an
 * operator may, for whom AWS has an HTTPS API and the local cloud messages of its own
 * (job_service.h).
 */
#ifndef CLOUD_JOBS_JOB_ADDRESS_H
#define CLOUD_JOBS_JOB_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#define JOB_ID_MAX     64
#define JOB_THING_MAX  128
#define JOB_TOPIC_SIZE 288

/* ORDER JOB_OPERATION */
enum job_operation {
    /* A device's: $aws/things/<thing>/jobs/… */
    JOB_GET,
    JOB_START_NEXT,
    JOB_DESCRIBE, /* job: an id, or "$next" */
    JOB_UPDATE,
    JOB_NO_CALL, /* inside the namespace, but no call: InvalidTopic */
    /* An operator's: fleetsim/jobs/… */
    JOB_CREATE,
    JOB_CANCEL,
    JOB_DELETE,
    JOB_SHOW,
    JOB_EXECUTIONS,
    JOB_LIST,
    JOB_EVENTS,
    JOB_EXECUTION_SHOW,
    JOB_EXECUTION_CANCEL,
    JOB_EXECUTION_REMOVE,
    JOB_OPERATION_COUNT
};

struct job_address {
    enum job_operation op;
    char thing[JOB_THING_MAX + 1]; /* "": none */
    char job[JOB_ID_MAX + 1];      /* "": none */
    char topic[JOB_TOPIC_SIZE];    /* answers go below it */
};

/* False unless a client may have something to say on that topic. */
bool job_address_parse(const char *topic, struct job_address *ret);
static inline bool job_address_is_device(const struct job_address *a)
{
    return a->op <= JOB_NO_CALL;
}
/* 1 to 64 of A-Z a-z 0-9 _ - (contract 3.5). */
bool job_id_is_valid(const char *id);

#endif

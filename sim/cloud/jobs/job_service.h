/*
 * job_service.h — AWS IoT Jobs (contract 3): jobs for many things, their executions, what devices
 * ask and report of them, and whom the service tells.
 *
 *     QUEUED → IN_PROGRESS → SUCCEEDED | FAILED | REJECTED     by the device
 *     QUEUED, IN_PROGRESS  → TIMED_OUT | CANCELED | REMOVED    by the service
 *
 * AWS creates jobs by HTTPS. Here that is a message of ours, answered to the asker alone, below the
 * topic that was asked: …/accepted, or …/rejected with {"code","message","clientToken"?}.
 *
 *     fleetsim/jobs/<job>/create       job_config.h → {"jobId"}
 *     fleetsim/jobs/<job>/cancel       {"force":bool?,"reasonCode":"…"?,"comment":"…"?}
 *     fleetsim/jobs/<job>/delete       {"force":bool?}; without force only when it has ended
 *     fleetsim/jobs/<job>/get          → how it stands, how many things are in which status
 *     fleetsim/jobs/<job>/executions   {"status":"…"?,"maxResults":n?,"nextToken":"…"?} → a page
 *     fleetsim/jobs/<job>/executions/<thing>/get | cancel {"force"} | remove
 *     fleetsim/jobs/list               {"maxResults","nextToken"} → a page
 *     fleetsim/jobs/events             {"JOB":bool?,"JOB_EXECUTION":bool?}: events on or off (3.6)
 *
 * "remove" is what AWS does when a thing is deleted or leaves the target group.
 *
 * Owns      jobs and executions; forgets a job a week after its end.
 * Errors    no memory: false. A request that was not answered has changed nothing of what it named;
 *           what follows of it (notifications, retries, the next things of a roll-out) is made good
 *           by the next tick, but for events.
 */
#ifndef CLOUD_JOBS_JOB_SERVICE_H
#define CLOUD_JOBS_JOB_SERVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"
#include "base/table.h"
#include "cloud/clients/actions.h"
#include "cloud/jobs/job_address.h"
#include "cloud/jobs/presign.h"

struct job;
struct job_thing;

/* The groups of things that jobs may be for. All NULL: there are none. */
struct job_groups {
    bool (*exists)(void *ctx, const char *group);
    /* Those in it and in those below it. */
    void (*each_thing)(void *ctx, const char *group, void (*visit)(const char *thing, void *arg),
                       void *arg);
    void *ctx;
};

struct job_service {
    struct table jobs, things;
    struct job *first, *last;             /* jobs, in the order in which they were created */
    struct job_thing *dirty, *last_dirty; /* those who are to be told */
    int64_t next_ms;                      /* nothing is due before; INT64_MAX: nothing at all */
    bool job_events, execution_events;
    uint64_t event_count;
    struct job_groups groups; /* may be set after job_service_init() */
    struct presign presign;   /* of URLs in documents; set after job_service_init() */
    /* Told that an execution of the thing has ended; may be set after job_service_init(). */
    void (*ended)(void *ctx, const char *thing, int64_t now_ms);
    void *ended_ctx;
};

void job_service_init(struct job_service *s);
void job_service_done(struct job_service *s);

/* One message on such a topic, by that client. now_ms: wall time. */
bool job_service_request(struct job_service *s, const struct job_address *address,
                         const char *client_id, struct slice payload, int64_t now_ms,
                         struct cloud_actions *out);
/* Time-outs, the next things of roll-outs, and what was left undone. */
bool job_service_tick(struct job_service *s, int64_t now_ms, struct cloud_actions *out);
/* Things have joined groups, or left them: continuous jobs follow. */
bool job_service_groups_changed(struct job_service *s, int64_t now_ms, struct cloud_actions *out);
/* That thing is there no more: what it has not ended is REMOVED (contract 3.4), what it has not
   got yet it does not get. */
bool job_service_thing_removed(struct job_service *s, const char *thing, int64_t now_ms,
                               struct cloud_actions *out);
/* Which execution of that thing is in progress: of that job, or with NULL of a job whose document
   has that operation. False: none. */
bool job_service_progress(const struct job_service *s, const char *thing, const char *job,
                          const char *operation, char ret_job[JOB_ID_MAX + 1],
                          uint32_t *ret_number);
/* Is that one still in progress, or queued? */
bool job_service_is_open(const struct job_service *s, const char *thing, const char *job,
                         uint32_t number);
/* Forgets jobs that have ended a week ago. */
void job_service_sweep(struct job_service *s, int64_t now_ms);
size_t job_service_count(const struct job_service *s);
/* Appends lines of JSON: all that has to outlive the broker. */
void job_service_save(const struct job_service *s, struct text *to);
/* Takes over such a line. False: it is none, or no memory. */
bool job_service_load(struct job_service *s, const cJSON *record);

#endif

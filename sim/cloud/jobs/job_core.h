/*
 * job_core.h — what the files of the job service share: its records, and the steps that change
 * them. Nobody else includes it.
 */
#ifndef CLOUD_JOBS_JOB_CORE_H
#define CLOUD_JOBS_JOB_CORE_H

#include "cloud/jobs/job_config.h"
#include "cloud/jobs/job_service.h"

struct job_execution {
    struct job_execution *next; /* of its thing, as they were queued */
    struct job *job;
    struct job_thing *thing;
    size_t target; /* its place among the job's */
    uint32_t number;
    enum job_status status;
    char *details; /* the statusDetails object; NULL: none */
    int64_t version;
    int64_t queued_ms, updated_ms;
    int64_t started_ms;              /* 0: not yet */
    int64_t step_end_ms, job_end_ms; /* 0: no such timer runs */
};

/* ORDER JOB_STATE */
enum job_state { JOB_RUNNING, JOB_COMPLETED, JOB_STOPPED, JOB_STATE_COUNT };

struct job {
    struct job *next;
    char id[JOB_ID_MAX + 1];
    char *source; /* the document that it was created with */
    struct job_config config;
    const struct presign *presign;   /* its service's */
    struct job_execution **latest;   /* by target; NULL: none */
    bool *gone;                      /* by target: it has left the job's groups */
    size_t released;                 /* targets rolled out */
    size_t counts[JOB_STATUS_COUNT]; /* of the latest executions */
    enum job_state state;
    bool forced;
    char *reason, *comment; /* or NULL */
    int64_t created_ms, updated_ms, ended_ms;
};

struct job_thing {
    struct job_execution *first, *last;
    struct job_thing *next_dirty;
    bool dirty, list_changed;
    char told_job[JOB_ID_MAX + 1]; /* the next execution as last told; "": none */
    uint32_t told_number;
    char name[];
};

/* What a step works with. */
struct job_turn {
    struct job_service *service;
    int64_t now_ms;
    struct cloud_actions *out;
};

/* ---- job_store.c ---- */

const char *job_state_name(enum job_state state); /* "IN_PROGRESS", "COMPLETED", "CANCELED" */
struct job *job_find(const struct job_service *s, const char *id);
struct job_thing *job_thing_find(const struct job_service *s, const char *name);
/* Of a thing; number 0: the latest. NULL: none. */
struct job_execution *job_execution_find(const struct job_thing *thing, const char *job,
                                         int64_t number);
/* The one that the thing should do next, or NULL (contract 3.4). */
struct job_execution *job_next_of(const struct job_thing *thing);
/* Reads the document and keeps the job; NULL with the error. */
struct job *job_add(struct job_service *s, const char *id, const cJSON *source,
                    struct job_error *ret_error);
/* An execution more, the latest of its target; NULL: no memory. */
struct job_execution *job_execution_add(struct job_service *s, struct job *job, size_t target,
                                        int64_t now_ms);
/* Forgets the job and all its executions. */
void job_drop(struct job_service *s, struct job *job);
/* Something is due at that time. */
void job_due(struct job_service *s, int64_t at_ms);
/* The thing is to be told; `list`: what is pending has become more or less. */
void job_touch(struct job_service *s, struct job_thing *thing, bool list);

/* ---- job_documents.c: the texts of contract 3.3 and 3.6 ---- */

void job_write_summary(struct text *t, const struct job_execution *e);
void job_write_execution(struct text *t, const struct job_execution *e, bool with_document,
                         int64_t now_ms);
/* The document, with URLs that are good from now on. */
void job_write_document(struct text *t, const struct job *job, int64_t now_ms);
void job_write_state(struct text *t, const struct job_execution *e);
/* `"timestamp":…,"clientToken":…}` and the end. */
void job_write_end(struct text *t, int64_t now_ms, const char *token);
/* How a job stands, for operators. */
void job_write_job(struct text *t, const struct job *job, bool whole);
/* The thing has been told how it stands. */
void job_told(struct job_thing *thing);
/* Tells all things that are to be told. */
bool job_tell(struct job_turn *turn);
/* If they are on. `operation`: "completed", "canceled", …; lost where there is no memory. */
void job_tell_event(struct job_turn *turn, const struct job *job, const char *operation);
void job_tell_execution_event(struct job_turn *turn, const struct job_execution *e,
                              const char *operation);

/* ---- job_progress.c: what becomes of jobs ---- */

/* Its status has become what it is, from `before`: counted, told, tried again, and the job stopped
   or completed if that is due. */
void job_execution_changed(struct job_turn *turn, struct job_execution *e, enum job_status before);
/* The service ends it. */
void job_execution_end(struct job_turn *turn, struct job_execution *e, enum job_status status);
/* The next things of its roll-out. False: no memory. */
bool job_roll_out(struct job_turn *turn, struct job *job);
/* Ends what is queued, and with `force` what is in progress. */
void job_stop(struct job_turn *turn, struct job *job, bool force);

/* ---- job_groups.c ---- */

/* Finds the things of the new job's groups. False with the error. */
bool job_groups_begin(struct job_service *s, struct job *job, struct job_error *ret_error);
/* A member of the job's record: its targets that are there by a group. */
void job_groups_save(const struct job *job, struct text *t);
bool job_groups_load(struct job *job, const cJSON *record);

/* ---- job_device.c, job_operator.c: requests ---- */

struct job_exchange {
    struct job_turn turn;
    const struct job_address *address;
    const char *client_id;
    const char *token; /* clientToken, or NULL */
};

bool job_device_request(struct job_exchange *x, struct slice payload);
bool job_operator_request(struct job_exchange *x, struct slice payload);
/* Answers the asker below the topic. */
bool job_answer(struct job_exchange *x, const char *suffix, struct text *payload);
/* `e`: how it stands, or NULL. */
bool job_reject(struct job_exchange *x, const struct job_error *error,
                const struct job_execution *e);

#endif

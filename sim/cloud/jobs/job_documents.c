#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "cloud/jobs/job_core.h"

#define NOTIFY_MAX 10 /* entries of a notification (contract 3.3) */
#define ARN_PREFIX "arn:aws:iot:local:000000000000:"

/* ---- pieces ---- */

static void write_seconds(struct text *t, const char *name, int64_t ms)
{
    text_key(t, name);
    text_int(t, ms / 1000);
}

static void write_number(struct text *t, const char *name, int64_t value)
{
    text_key(t, name);
    text_int(t, value);
}

static void write_text(struct text *t, const char *name, const char *value)
{
    if (value == NULL)
        return;
    text_key(t, name);
    text_quoted(t, value);
}

static void write_times(struct text *t, const struct job_execution *e)
{
    write_seconds(t, "queuedAt", e->queued_ms);
    if (e->started_ms != 0)
        write_seconds(t, "startedAt", e->started_ms);
    write_seconds(t, "lastUpdatedAt", e->updated_ms);
    write_number(t, "versionNumber", e->version);
    write_number(t, "executionNumber", e->number);
}

static void write_details(struct text *t, const struct job_execution *e)
{
    if (e->details == NULL)
        return;
    text_key(t, "statusDetails");
    text_str(t, e->details);
}

void job_write_summary(struct text *t, const struct job_execution *e)
{
    text_str(t, "{\"jobId\":");
    text_quoted(t, e->job->id);
    write_times(t, e);
    text_str(t, "}");
}

static int64_t seconds_left(const struct job_execution *e, int64_t now_ms)
{
    int64_t end = e->step_end_ms != 0 && (e->job_end_ms == 0 || e->step_end_ms < e->job_end_ms)
                      ? e->step_end_ms
                      : e->job_end_ms;

    return end > now_ms ? (end - now_ms) / 1000 : 0;
}

void job_write_document(struct text *t, const struct job *job, int64_t now_ms)
{
    presign_document(job->presign, job->config.document, job->config.presigned_s, now_ms, t);
}

void job_write_execution(struct text *t, const struct job_execution *e, bool with_document,
                         int64_t now_ms)
{
    text_str(t, "{\"jobId\":");
    text_quoted(t, e->job->id);
    write_text(t, "thingName", e->thing->name);
    write_text(t, "status", job_status_name(e->status));
    write_details(t, e);
    write_times(t, e);
    if (e->step_end_ms != 0 || e->job_end_ms != 0)
        write_number(t, "approximateSecondsBeforeTimedOut", seconds_left(e, now_ms));
    if (with_document) {
        text_key(t, "jobDocument");
        job_write_document(t, e->job, now_ms);
    }
    text_str(t, "}");
}

void job_write_state(struct text *t, const struct job_execution *e)
{
    text_key(t, "executionState");
    text_str(t, "{");
    write_text(t, "status", job_status_name(e->status));
    text_key(t, "statusDetails");
    text_str(t, e->details != NULL ? e->details : "{}");
    write_number(t, "versionNumber", e->version);
    text_str(t, "}");
}

void job_write_end(struct text *t, int64_t now_ms, const char *token)
{
    write_seconds(t, "timestamp", now_ms);
    write_text(t, "clientToken", token);
    text_str(t, "}");
}

/* How many things are in each status, from `first` on. */
static void write_counts(struct text *t, const struct job *job, enum job_status first)
{
    /* ORDER JOB_STATUS */
    static const char *const names[JOB_STATUS_COUNT] = {
        "numberOfQueuedThings",   "numberOfInProgressThings", "numberOfSucceededThings",
        "numberOfFailedThings",   "numberOfRejectedThings",   "numberOfTimedOutThings",
        "numberOfCanceledThings", "numberOfRemovedThings"};

    text_key(t, "jobProcessDetails");
    text_str(t, "{");
    for (enum job_status s = first; s < JOB_STATUS_COUNT; s++)
        write_number(t, names[s], (int64_t)job->counts[s]);
    text_str(t, "}");
}

static const char *selection_of(const struct job *job)
{
    return job->config.continuous ? "CONTINUOUS" : "SNAPSHOT";
}

void job_write_job(struct text *t, const struct job *job, bool whole)
{
    text_str(t, "{\"jobId\":");
    text_quoted(t, job->id);
    write_text(t, "status", job_state_name(job->state));
    write_text(t, "targetSelection", selection_of(job));
    write_number(t, "numberOfTargets", (int64_t)job->config.target_count);
    write_text(t, "description", job->config.description);
    write_text(t, "reasonCode", job->reason);
    write_text(t, "comment", job->comment);
    write_seconds(t, "createdAt", job->created_ms);
    write_seconds(t, "lastUpdatedAt", job->updated_ms);
    if (job->ended_ms != 0)
        write_seconds(t, "completedAt", job->ended_ms);
    if (job->state == JOB_STOPPED) {
        text_key(t, "forceCanceled");
        text_str(t, job->forced ? "true" : "false");
    }
    write_counts(t, job, JOB_QUEUED);
    if (whole) {
        text_key(t, "document");
        text_str(t, job->config.document);
    }
    text_str(t, "}");
}

/* ---- notifications ---- */

static void write_pending(struct text *t, const struct job_thing *thing, enum job_status status,
                          int *left)
{
    bool any = false;

    for (const struct job_execution *e = thing->first; e != NULL && *left > 0; e = e->next) {
        if (e->status != status)
            continue;
        if (any) {
            text_str(t, ",");
        } else {
            text_key(t, job_status_name(status));
            text_str(t, "[");
        }
        job_write_summary(t, e);
        any = true;
        --*left;
    }
    if (any)
        text_str(t, "]");
}

static bool publish_to_thing(struct job_turn *turn, const struct job_thing *thing,
                             const char *suffix, struct text *t)
{
    char topic[JOB_TOPIC_SIZE];

    snprintf(topic, sizeof topic, "$aws/things/%s/jobs/%s", thing->name, suffix);
    return cloud_actions_publish(turn->out, NULL, topic, t);
}

static bool tell_list(struct job_turn *turn, const struct job_thing *thing)
{
    int left = NOTIFY_MAX;
    struct text t;

    text_init(&t);
    text_str(&t, "{");
    write_seconds(&t, "timestamp", turn->now_ms);
    text_key(&t, "jobs");
    text_str(&t, "{");
    write_pending(&t, thing, JOB_IN_PROGRESS, &left);
    write_pending(&t, thing, JOB_QUEUED, &left);
    text_str(&t, "}}");
    return publish_to_thing(turn, thing, "notify", &t);
}

static bool tell_next(struct job_turn *turn, const struct job_thing *thing,
                      const struct job_execution *next)
{
    struct text t;

    text_init(&t);
    text_str(&t, "{");
    write_seconds(&t, "timestamp", turn->now_ms);
    if (next != NULL) {
        text_key(&t, "execution");
        job_write_execution(&t, next, true, turn->now_ms);
    }
    text_str(&t, "}");
    return publish_to_thing(turn, thing, "notify-next", &t);
}

void job_told(struct job_thing *thing)
{
    const struct job_execution *next = job_next_of(thing);
    const char *job = next != NULL ? next->job->id : "";

    thing->list_changed = false;
    memcpy(thing->told_job, job, strlen(job) + 1);
    thing->told_number = next != NULL ? next->number : 0;
}

/* Only another identity is news, not its details (contract 3.4). */
static bool tell_thing(struct job_turn *turn, struct job_thing *thing)
{
    const struct job_execution *next = job_next_of(thing);
    const char *job = next != NULL ? next->job->id : "";
    uint32_t number = next != NULL ? next->number : 0;

    if (thing->list_changed && !tell_list(turn, thing))
        return false;
    thing->list_changed = false;
    if ((strcmp(thing->told_job, job) != 0 || thing->told_number != number) &&
        !tell_next(turn, thing, next))
        return false;
    job_told(thing);
    return true;
}

bool job_tell(struct job_turn *turn)
{
    struct job_service *s = turn->service;

    while (s->dirty != NULL) {
        struct job_thing *thing = s->dirty;
        if (!tell_thing(turn, thing)) {
            job_due(s, turn->now_ms);
            return false;
        }
        s->dirty = thing->next_dirty;
        thing->dirty = false;
    }
    return true;
}

/* ---- events ---- */

/* A version 4 UUID in its form; unlike any other of this service. */
static void write_event_id(struct job_turn *turn, struct text *t, const char *topic)
{
    uint64_t a = hash_text(topic) ^ (uint64_t)turn->now_ms * UINT64_C(0x9e3779b97f4a7c15);
    uint64_t b = ++turn->service->event_count * UINT64_C(0xbf58476d1ce4e5b9);
    char id[40];

    snprintf(id, sizeof id, "%08" PRIx64 "-%04" PRIx64 "-4%03" PRIx64 "-a%03" PRIx64 "-%012" PRIx64,
             a >> 32, a >> 16 & 0xffff, a & 0xfff, b >> 52, b & UINT64_C(0xffffffffffff));
    write_text(t, "eventId", id);
}

/* As the job was created: groups, not who is in them. */
static void write_targets(struct text *t, const struct job *job)
{
    const struct job_config *c = &job->config;

    text_key(t, "targets");
    text_str(t, "[");
    for (size_t i = 0; i < c->listed_count + c->group_count; i++) {
        bool thing = i < c->listed_count;
        text_str(t, i == 0 ? "\"" ARN_PREFIX : ",\"" ARN_PREFIX);
        text_str(t, thing ? "thing/" : "thinggroup/");
        text_str(t, thing ? c->targets[i] : c->groups[i - c->listed_count]);
        text_str(t, "\"");
    }
    text_str(t, "]");
}

static void begin_event(struct job_turn *turn, struct text *t, const char *type, const char *topic)
{
    text_init(t);
    text_str(t, "{\"eventType\":");
    text_quoted(t, type);
    write_event_id(turn, t, topic);
    write_seconds(t, "timestamp", turn->now_ms);
}

/* Of an event it is the operation in capitals: a job that is deleted has a status of its own. */
static void write_event_status(struct text *t, const char *operation)
{
    char status[32];
    size_t len = 0;

    for (; operation[len] != '\0' && len + 1 < sizeof status; len++)
        status[len] = (char)(operation[len] == '_' ? '_' : operation[len] - 'a' + 'A');
    status[len] = '\0';
    write_text(t, "status", status);
}

static bool is_end(const char *operation)
{
    return strcmp(operation, "completed") == 0 || strcmp(operation, "canceled") == 0;
}

void job_tell_event(struct job_turn *turn, const struct job *job, const char *operation)
{
    char topic[JOB_TOPIC_SIZE];
    struct text t;

    if (!turn->service->job_events)
        return;
    snprintf(topic, sizeof topic, "$aws/events/job/%s/%s", job->id, operation);
    begin_event(turn, &t, "JOB", topic);
    write_text(&t, "operation", operation);
    write_text(&t, "jobId", job->id);
    write_event_status(&t, operation);
    write_text(&t, "targetSelection", selection_of(job));
    write_targets(&t, job);
    write_text(&t, "description", job->config.description != NULL ? job->config.description : "");
    if (!is_end(operation))
        write_text(&t, "comment", job->comment != NULL ? job->comment : "");
    if (is_end(operation))
        write_number(&t, "completedAt", job->ended_ms);
    write_number(&t, "createdAt", job->created_ms);
    write_number(&t, "lastUpdatedAt", job->updated_ms);
    if (is_end(operation))
        write_counts(&t, job, JOB_SUCCEEDED);
    text_str(&t, "}");
    cloud_actions_publish(turn->out, NULL, topic, &t);
}

void job_tell_execution_event(struct job_turn *turn, const struct job_execution *e,
                              const char *operation)
{
    char topic[JOB_TOPIC_SIZE];
    char arn[JOB_TOPIC_SIZE];
    struct text t;

    if (!turn->service->execution_events)
        return;
    snprintf(topic, sizeof topic, "$aws/events/jobExecution/%s/%s", e->job->id, operation);
    snprintf(arn, sizeof arn, ARN_PREFIX "thing/%s", e->thing->name);
    begin_event(turn, &t, "JOB_EXECUTION", topic);
    write_text(&t, "operation", operation);
    write_text(&t, "jobId", e->job->id);
    write_text(&t, "thingArn", arn);
    write_text(&t, "status", job_status_name(e->status));
    write_details(&t, e);
    text_str(&t, "}");
    cloud_actions_publish(turn->out, NULL, topic, &t);
}

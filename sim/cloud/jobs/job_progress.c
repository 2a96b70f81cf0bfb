#include <string.h>

#include "base/json.h"
#include "cloud/jobs/job_core.h"

#define MINUTE_MS    ((int64_t)60000)
#define SOURCE_DEPTH 70

/* ---- the end of a job ---- */

static bool has_open(const struct job *job)
{
    return job->counts[JOB_QUEUED] + job->counts[JOB_IN_PROGRESS] != 0;
}

static void complete_if_due(struct job_turn *turn, struct job *job)
{
    if (job->state != JOB_RUNNING || job->config.continuous ||
        job->released < job->config.target_count || has_open(job))
        return;
    job->state = JOB_COMPLETED;
    job->ended_ms = job->updated_ms = turn->now_ms;
    job_tell_event(turn, job, "completed");
}

void job_stop(struct job_turn *turn, struct job *job, bool force)
{
    if (job->state != JOB_RUNNING && !(job->state == JOB_STOPPED && force))
        return;
    job->state = JOB_STOPPED;
    job->forced |= force;
    job->ended_ms = job->updated_ms = turn->now_ms;
    job_tell_event(turn, job, "cancellation_in_progress");
    for (size_t i = 0; i < job->config.target_count; i++) {
        struct job_execution *e = job->latest[i];
        if (e != NULL && (e->status == JOB_QUEUED || (force && e->status == JOB_IN_PROGRESS)))
            job_execution_end(turn, e, JOB_CANCELED);
    }
    job_tell_event(turn, job, "canceled");
}

/* Those that have ended and are not tried again; and those of them in a status of that set. */
static size_t count_ended(const struct job *job, unsigned of)
{
    size_t count = 0;

    for (enum job_status s = JOB_SUCCEEDED; s < JOB_STATUS_COUNT; s++)
        count += (of & 1u << s) != 0 ? job->counts[s] : 0;
    return count;
}

static void abort_if_due(struct job_turn *turn, struct job *job)
{
    size_t ended = count_ended(job, ~0u);

    for (size_t i = 0; i < job->config.abort_count && job->state == JOB_RUNNING; i++) {
        const struct job_abort *a = &job->config.aborts[i];
        if (ended < (size_t)a->min_executed ||
            (double)count_ended(job, a->of) * 100 < a->percentage * (double)ended)
            continue;
        if (job->reason == NULL)
            job->reason = strdup("ABORT_THRESHOLD_REACHED");
        job_stop(turn, job, false);
    }
}

/* ---- executions ---- */

/* One execution more, after one that failed. What finds no memory is due again. */
static void retry_if_due(struct job_turn *turn, struct job_execution *e)
{
    struct job *job = e->job;

    if (job->state != JOB_RUNNING || job->latest[e->target] != e ||
        (int64_t)e->number > job->config.retries[e->status])
        return;
    if (job_execution_add(turn->service, job, e->target, turn->now_ms) == NULL)
        job_due(turn->service, turn->now_ms);
}

void job_execution_changed(struct job_turn *turn, struct job_execution *e, enum job_status before)
{
    struct job *job = e->job;

    if (e->status == before)
        return;
    if (job->latest[e->target] == e) {
        job->counts[before]--;
        job->counts[e->status]++;
    }
    job->updated_ms = turn->now_ms;
    job_touch(turn->service, e->thing, job_status_is_terminal(e->status));
    if (!job_status_is_terminal(e->status))
        return;
    e->step_end_ms = e->job_end_ms = 0;
    if (turn->service->ended != NULL)
        turn->service->ended(turn->service->ended_ctx, e->thing->name, turn->now_ms);
    job_tell_execution_event(turn, e, job_status_event(e->status));
    retry_if_due(turn, e);
    abort_if_due(turn, job);
    complete_if_due(turn, job);
}

void job_execution_end(struct job_turn *turn, struct job_execution *e, enum job_status status)
{
    enum job_status before = e->status;

    e->status = status;
    e->version++;
    e->updated_ms = turn->now_ms;
    job_execution_changed(turn, e, before);
}

/* ---- time ---- */

/* So many targets should be rolled out by now. */
static size_t wanted(const struct job *job, int64_t now_ms)
{
    int64_t elapsed = now_ms > job->created_ms ? now_ms - job->created_ms : 0;
    size_t count = job->config.target_count;

    if (job->config.per_minute == 0)
        return count;
    int64_t due = 1 + elapsed * job->config.per_minute / MINUTE_MS;
    return due < (int64_t)count ? (size_t)due : count;
}

bool job_roll_out(struct job_turn *turn, struct job *job)
{
    size_t due = job->state == JOB_RUNNING ? wanted(job, turn->now_ms) : 0;

    while (job->released < due) {
        if (!job->gone[job->released] &&
            job_execution_add(turn->service, job, job->released, turn->now_ms) == NULL) {
            job_due(turn->service, turn->now_ms);
            return false;
        }
        job->released++;
    }
    if (job->state == JOB_RUNNING && job->released < job->config.target_count)
        job_due(turn->service, job->created_ms + ((int64_t)job->released * MINUTE_MS +
                                                  job->config.per_minute - 1) /
                                                     job->config.per_minute);
    return true;
}

static bool is_over(int64_t end_ms, int64_t now_ms)
{
    return end_ms != 0 && now_ms >= end_ms;
}

static void look_at(struct job_turn *turn, struct job_execution *e)
{
    if (is_over(e->step_end_ms, turn->now_ms) || is_over(e->job_end_ms, turn->now_ms))
        job_execution_end(turn, e, JOB_TIMED_OUT);
    job_due(turn->service, e->step_end_ms);
    job_due(turn->service, e->job_end_ms);
    if (job_status_is_terminal(e->status))
        retry_if_due(turn, e);
}

bool job_service_tick(struct job_service *s, int64_t now_ms, struct cloud_actions *out)
{
    struct job_turn turn = {.service = s, .now_ms = now_ms, .out = out};

    if (now_ms < s->next_ms)
        return true;
    s->next_ms = INT64_MAX;
    for (struct job *job = s->first; job != NULL; job = job->next) {
        job_roll_out(&turn, job);
        for (size_t i = 0; i < job->released; i++)
            if (job->latest[i] != NULL)
                look_at(&turn, job->latest[i]);
    }
    job_tell(&turn);
    /* What found no memory is still due. */
    return s->next_ms > now_ms;
}

void job_service_sweep(struct job_service *s, int64_t now_ms)
{
    static const int64_t memory_ms = (int64_t)7 * 24 * 3600 * 1000;

    for (struct job *job = s->first, *next; job != NULL; job = next) {
        next = job->next;
        if (job->state != JOB_RUNNING && !has_open(job) && now_ms - job->ended_ms >= memory_ms)
            job_drop(s, job);
    }
}

/* ---- for other services ---- */

static bool has_operation(const struct job *job, const char *operation)
{
    cJSON *source = json_parse(slice_str(job->source), SOURCE_DEPTH);
    bool has = strcmp(json_str(json_get(source, "document"), "operation", ""), operation) == 0;

    cJSON_Delete(source);
    return has;
}

bool job_service_progress(const struct job_service *s, const char *thing, const char *job,
                          const char *operation, char ret_job[JOB_ID_MAX + 1], uint32_t *ret_number)
{
    const struct job_thing *t = job_thing_find(s, thing);

    for (const struct job_execution *e = t != NULL ? t->first : NULL; e != NULL; e = e->next) {
        if (e->status != JOB_IN_PROGRESS ||
            !(job != NULL ? strcmp(e->job->id, job) == 0 : has_operation(e->job, operation)))
            continue;
        memcpy(ret_job, e->job->id, sizeof e->job->id);
        *ret_number = e->number;
        return true;
    }
    return false;
}

bool job_service_is_open(const struct job_service *s, const char *thing, const char *job,
                         uint32_t number)
{
    const struct job_thing *t = job_thing_find(s, thing);
    const struct job_execution *e = t != NULL ? job_execution_find(t, job, number) : NULL;

    return e != NULL && !job_status_is_terminal(e->status);
}

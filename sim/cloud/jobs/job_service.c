#include "cloud/jobs/job_service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/jobs/job_core.h"

/* ---- requests ---- */

bool job_service_request(struct job_service *s, const struct job_address *address,
                         const char *client_id, struct slice payload, int64_t now_ms,
                         struct cloud_actions *out)
{
    struct job_exchange x = {
        .turn = {.service = s, .now_ms = now_ms, .out = out},
        .address = address,
        .client_id = client_id
    };
    bool timely = job_service_tick(s, now_ms, out);
    bool ok = job_address_is_device(address) ? job_device_request(&x, payload)
                                             : job_operator_request(&x, payload);

    return job_tell(&x.turn) && ok && timely;
}

/* ---- what outlives the broker ---- */

static void save_job(const struct job *job, struct text *t)
{
    text_str(t, "{\"job\":");
    text_quoted(t, job->id);
    text_key(t, "source");
    text_str(t, job->source);
    job_groups_save(job, t);
    text_member_int(t, "state", job->state);
    text_member_int(t, "released", (int64_t)job->released);
    text_member_int(t, "forced", job->forced);
    text_member(t, "reason", job->reason);
    text_member(t, "comment", job->comment);
    text_member_int(t, "created", job->created_ms);
    text_member_int(t, "updated", job->updated_ms);
    text_member_int(t, "ended", job->ended_ms);
    text_str(t, "}\n");
}

static void save_thing(const char *key, const void *value, void *ctx)
{
    const struct job_thing *thing = value;
    struct text *t = ctx;

    (void)key;
    for (const struct job_execution *e = thing->first; e != NULL; e = e->next) {
        text_str(t, "{\"jobExecution\":");
        text_quoted(t, e->job->id);
        text_key(t, "target");
        text_int(t, (int64_t)e->target);
        text_member_int(t, "number", e->number);
        text_member(t, "status", job_status_name(e->status));
        if (e->details != NULL) {
            text_key(t, "details");
            text_str(t, e->details);
        }
        text_member_int(t, "version", e->version);
        text_member_int(t, "queued", e->queued_ms);
        text_member_int(t, "started", e->started_ms);
        text_member_int(t, "updated", e->updated_ms);
        text_member_int(t, "stepEnd", e->step_end_ms);
        text_member_int(t, "jobEnd", e->job_end_ms);
        text_str(t, "}\n");
    }
}

void job_service_save(const struct job_service *s, struct text *to)
{
    if (s->job_events || s->execution_events) {
        text_str(to, "{\"jobEvents\":");
        text_int(to, (s->job_events ? 1 : 0) | (s->execution_events ? 2 : 0));
        text_str(to, "}\n");
    }
    for (const struct job *job = s->first; job != NULL; job = job->next)
        save_job(job, to);
    table_each(&s->things, save_thing, to);
}

static char *load_text(const cJSON *record, const char *name)
{
    const char *s = json_str(record, name, NULL);

    return s != NULL ? strdup(s) : NULL;
}

static bool load_job(struct job_service *s, const char *id, const cJSON *record)
{
    const cJSON *source = json_get(record, "source");
    int64_t state = (int64_t)json_whole(record, "state");
    struct job_error error;

    if (!job_id_is_valid(id) || job_find(s, id) != NULL || state >= JOB_STATE_COUNT ||
        !cJSON_IsObject(source))
        return false;
    struct job *job = job_add(s, id, source, &error);
    if (job == NULL)
        return false;
    if (!job_groups_load(job, record)) {
        job_drop(s, job);
        return false;
    }
    int64_t released = (int64_t)json_whole(record, "released");
    job->released =
        (uint64_t)released < job->config.target_count ? (size_t)released : job->config.target_count;
    job->state = (enum job_state)state;
    job->forced = json_whole(record, "forced") != 0;
    job->reason = load_text(record, "reason");
    job->comment = load_text(record, "comment");
    job->created_ms = (int64_t)json_whole(record, "created");
    job->updated_ms = (int64_t)json_whole(record, "updated");
    job->ended_ms = (int64_t)json_whole(record, "ended");
    job_due(s, 1);
    return true;
}

static bool load_details(struct job_execution *e, const cJSON *details)
{
    struct text t;
    size_t len;

    if (!job_details_are_good(details))
        return details == NULL;
    text_init(&t);
    text_json(&t, details);
    e->details = text_take(&t, &len);
    return e->details != NULL;
}

static bool load_execution(struct job_service *s, struct job *job, const cJSON *record)
{
    int64_t target = (int64_t)json_whole(record, "target");
    int64_t number = (int64_t)json_whole(record, "number");
    enum job_status status = job_status_find(json_str(record, "status", ""));

    if (job == NULL || target >= (int64_t)job->config.target_count || status == JOB_STATUS_COUNT ||
        number < 1 || number > INT32_MAX)
        return false;
    /* Those of one target come in their order. */
    const struct job_execution *before = job->latest[target];
    if (before != NULL && (int64_t)before->number >= number)
        return false;
    struct job_execution *e = job_execution_add(s, job, (size_t)target, 0);
    if (e == NULL || !load_details(e, json_get(record, "details")))
        return false;
    job->counts[JOB_QUEUED]--;
    job->counts[status]++;
    e->number = (uint32_t)number;
    e->status = status;
    e->version = (int64_t)json_whole(record, "version");
    e->queued_ms = (int64_t)json_whole(record, "queued");
    e->started_ms = (int64_t)json_whole(record, "started");
    e->updated_ms = (int64_t)json_whole(record, "updated");
    e->step_end_ms = (int64_t)json_whole(record, "stepEnd");
    e->job_end_ms = (int64_t)json_whole(record, "jobEnd");
    job_told(e->thing);
    return true;
}

bool job_service_load(struct job_service *s, const cJSON *record)
{
    const char *job = json_str(record, "job", NULL);
    const char *execution = json_str(record, "jobExecution", NULL);
    int64_t events = (int64_t)json_whole(record, "jobEvents");

    if (job != NULL)
        return load_job(s, job, record);
    if (execution != NULL)
        return load_execution(s, job_find(s, execution), record);
    s->job_events |= (events & 1) != 0;
    s->execution_events |= (events & 2) != 0;
    return events != 0;
}

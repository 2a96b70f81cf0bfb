#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/jobs/job_core.h"

#define DEPTH    30
#define PAGE_MAX 250

static bool reject(struct job_exchange *x, const char *code, const char *text)
{
    struct job_error error;

    job_error_set(&error, code, text);
    return job_reject(x, &error, NULL);
}

static bool no_such_job(struct job_exchange *x)
{
    return reject(x, "ResourceNotFound", "there is no such job");
}

static bool accept_job(struct job_exchange *x, const char *id)
{
    struct text t;

    text_init(&t);
    text_str(&t, "{\"jobId\":");
    text_quoted(&t, id);
    job_write_end(&t, x->turn.now_ms, x->token);
    return job_answer(x, "accepted", &t);
}

/* ---- create, cancel, delete ---- */

/* The same job once more, as after a lost PUBACK. */
static bool is_same(const struct job *job, const cJSON *source)
{
    struct text t;

    text_init(&t);
    text_json(&t, source);
    bool same = !t.failed && strcmp(t.data, job->source) == 0;
    text_done(&t);
    return same;
}

static bool on_create(struct job_exchange *x, const cJSON *document)
{
    const struct job *known = job_find(x->turn.service, x->address->job);
    struct job_error error;

    if (known != NULL && is_same(known, document))
        return accept_job(x, known->id);
    if (known != NULL)
        return reject(x, "ResourceAlreadyExists", "there is another job of that id");
    struct job *job = job_add(x->turn.service, x->address->job, document, &error);
    if (job == NULL)
        return error.code != NULL && job_reject(x, &error, NULL);
    if (!job_groups_begin(x->turn.service, job, &error)) {
        job_drop(x->turn.service, job);
        return error.code != NULL && job_reject(x, &error, NULL);
    }
    job->created_ms = job->updated_ms = x->turn.now_ms;
    if (!accept_job(x, job->id)) {
        job_drop(x->turn.service, job);
        return false;
    }
    job_roll_out(&x->turn, job);
    return true;
}

static char *copy_text(const cJSON *document, const char *name)
{
    const char *s = json_str(document, name, NULL);

    return s != NULL ? strdup(s) : NULL;
}

static bool is_force(const cJSON *document)
{
    return cJSON_IsTrue(json_get(document, "force"));
}

static bool on_cancel(struct job_exchange *x, const cJSON *document)
{
    struct job *job = job_find(x->turn.service, x->address->job);
    bool force = is_force(document);

    if (job == NULL)
        return no_such_job(x);
    if (job->state == JOB_COMPLETED)
        return reject(x, "InvalidStateTransition", "the job has completed");
    if (!accept_job(x, job->id))
        return false;
    free(job->reason);
    free(job->comment);
    job->reason = copy_text(document, "reasonCode");
    job->comment = copy_text(document, "comment");
    job_stop(&x->turn, job, force);
    return true;
}

static bool on_delete(struct job_exchange *x, const cJSON *document)
{
    struct job *job = job_find(x->turn.service, x->address->job);
    size_t open = job != NULL ? job->counts[JOB_QUEUED] + job->counts[JOB_IN_PROGRESS] : 0;

    if (job == NULL)
        return no_such_job(x);
    if (!is_force(document) && (job->state == JOB_RUNNING || open != 0))
        return reject(x, "InvalidStateTransition",
                      "the job has not ended (cancel it, or delete it with force)");
    if (!accept_job(x, job->id))
        return false;
    job_tell_event(&x->turn, job, "deletion_in_progress");
    for (size_t i = 0; i < job->released; i++)
        if (job->latest[i] != NULL)
            job_tell_execution_event(&x->turn, job->latest[i], "deleted");
    job_tell_event(&x->turn, job, "deleted");
    job_drop(x->turn.service, job);
    return true;
}

/* ---- looking ---- */

static bool on_show(struct job_exchange *x, const cJSON *document)
{
    const struct job *job = job_find(x->turn.service, x->address->job);
    struct text t;

    (void)document;
    if (job == NULL)
        return no_such_job(x);
    text_init(&t);
    text_str(&t, "{\"job\":");
    job_write_job(&t, job, true);
    job_write_end(&t, x->turn.now_ms, x->token);
    return job_answer(x, "accepted", &t);
}

/* What part of a list is wanted. */
struct page {
    int64_t from, size;
};

static bool read_page(const cJSON *document, struct page *ret, struct job_error *error)
{
    static const int64_t sizes[2] = {1, PAGE_MAX}, places[2] = {0, INT32_MAX};

    *ret = (struct page){.size = PAGE_MAX};
    return job_request_number(document, "maxResults", sizes, &ret->size, error) &&
           job_request_number(document, "nextToken", places, &ret->from, error);
}

/* The page is full, and more follows from that place. */
static void write_next(struct text *t, int64_t at)
{
    text_key(t, "nextToken");
    text_str(t, "\"");
    text_int(t, at);
    text_str(t, "\"");
}

static bool on_executions(struct job_exchange *x, const cJSON *document)
{
    const struct job *job = job_find(x->turn.service, x->address->job);
    const char *name = json_str(document, "status", NULL);
    enum job_status status = name != NULL ? job_status_find(name) : JOB_STATUS_COUNT;
    struct job_error error;
    struct page page;
    struct text t;
    size_t i = 0;

    if (job == NULL)
        return no_such_job(x);
    if (!read_page(document, &page, &error))
        return job_reject(x, &error, NULL);
    if (name != NULL && status == JOB_STATUS_COUNT)
        return reject(x, "InvalidRequest", "status: none that an execution has");
    text_init(&t);
    text_str(&t, "{\"executions\":[");
    for (i = (size_t)page.from; i < job->released && page.size > 0; i++) {
        const struct job_execution *e = job->latest[i];
        if (e == NULL || (name != NULL && e->status != status))
            continue;
        if (t.len != 0 && t.data[t.len - 1] == '}')
            text_str(&t, ",");
        job_write_execution(&t, e, false, x->turn.now_ms);
        page.size--;
    }
    text_str(&t, "]");
    if (i < job->released)
        write_next(&t, (int64_t)i);
    job_write_end(&t, x->turn.now_ms, x->token);
    return job_answer(x, "accepted", &t);
}

static bool on_list(struct job_exchange *x, const cJSON *document)
{
    const struct job *job = x->turn.service->first;
    struct job_error error;
    struct page page;
    struct text t;
    int64_t at = 0;

    if (!read_page(document, &page, &error))
        return job_reject(x, &error, NULL);
    text_init(&t);
    text_str(&t, "{\"jobs\":[");
    for (; job != NULL && page.size > 0; job = job->next) {
        if (at++ < page.from)
            continue;
        if (t.len != 0 && t.data[t.len - 1] == '}')
            text_str(&t, ",");
        job_write_job(&t, job, false);
        page.size--;
    }
    text_str(&t, "]");
    if (job != NULL)
        write_next(&t, at);
    job_write_end(&t, x->turn.now_ms, x->token);
    return job_answer(x, "accepted", &t);
}

/* ---- one execution ---- */

static struct job_execution *execution_of(const struct job_exchange *x)
{
    return job_execution_find(job_thing_find(x->turn.service, x->address->thing), x->address->job,
                              0);
}

static bool on_execution_show(struct job_exchange *x, const cJSON *document)
{
    const struct job_execution *e = execution_of(x);
    struct text t;

    (void)document;
    if (e == NULL)
        return reject(x, "ResourceNotFound", "there is no such execution");
    text_init(&t);
    text_str(&t, "{\"execution\":");
    job_write_execution(&t, e, false, x->turn.now_ms);
    job_write_end(&t, x->turn.now_ms, x->token);
    return job_answer(x, "accepted", &t);
}

static bool end_execution(struct job_exchange *x, enum job_status status, bool force)
{
    struct job_execution *e = execution_of(x);

    if (e == NULL)
        return reject(x, "ResourceNotFound", "there is no such execution");
    if (job_status_is_terminal(e->status) || (e->status == JOB_IN_PROGRESS && !force))
        return reject(x, "InvalidStateTransition",
                      job_status_is_terminal(e->status)
                          ? "the execution has ended"
                          : "the execution is in progress (cancel it with force)");
    if (!accept_job(x, e->job->id))
        return false;
    job_execution_end(&x->turn, e, status);
    return true;
}

static bool on_execution_cancel(struct job_exchange *x, const cJSON *document)
{
    return end_execution(x, JOB_CANCELED, is_force(document));
}

static bool on_execution_remove(struct job_exchange *x, const cJSON *document)
{
    (void)document;
    return end_execution(x, JOB_REMOVED, true);
}

/* ---- events ---- */

static void switch_events(const cJSON *document, const char *name, bool *ret)
{
    const cJSON *item = json_get(document, name);

    if (cJSON_IsBool(item))
        *ret = cJSON_IsTrue(item);
}

static bool on_events(struct job_exchange *x, const cJSON *document)
{
    struct job_service *s = x->turn.service;
    struct text t;

    text_init(&t);
    text_str(&t, "{");
    job_write_end(&t, x->turn.now_ms, x->token);
    if (!job_answer(x, "accepted", &t))
        return false;
    switch_events(document, "JOB", &s->job_events);
    switch_events(document, "JOB_EXECUTION", &s->execution_events);
    return true;
}

bool job_operator_request(struct job_exchange *x, struct slice payload)
{
    static bool (*const handlers[JOB_OPERATION_COUNT])(struct job_exchange * x,
                                                       const cJSON *document) = {
        [JOB_CREATE] = on_create,
        [JOB_CANCEL] = on_cancel,
        [JOB_DELETE] = on_delete,
        [JOB_SHOW] = on_show,
        [JOB_EXECUTIONS] = on_executions,
        [JOB_LIST] = on_list,
        [JOB_EVENTS] = on_events,
        [JOB_EXECUTION_SHOW] = on_execution_show,
        [JOB_EXECUTION_CANCEL] = on_execution_cancel,
        [JOB_EXECUTION_REMOVE] = on_execution_remove,
    };
    /* What is only asked needs no document. */
    struct slice text = payload.len != 0 ? payload : slice_str("{}");
    cJSON *document = json_is_utf8(text) ? json_parse(text, DEPTH) : NULL;

    x->token = json_str(document, "clientToken", NULL);
    bool ok = cJSON_IsObject(document)
                  ? handlers[x->address->op](x, document)
                  : reject(x, "InvalidJson", "the payload is not a JSON object");
    cJSON_Delete(document);
    return ok;
}

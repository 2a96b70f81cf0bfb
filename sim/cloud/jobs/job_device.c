#include <stdlib.h>

#include "cloud/jobs/job_core.h"

#define MINUTE_MS ((int64_t)60000)

/* ---- answers ---- */

/* The answer that is one execution, or none: there is nothing pending. */
static bool answer_execution(struct job_exchange *x, const struct job_execution *e,
                             bool with_document)
{
    struct text t;

    text_init(&t);
    text_str(&t, "{");
    if (e != NULL) {
        text_key(&t, "execution");
        job_write_execution(&t, e, with_document, x->turn.now_ms);
    }
    job_write_end(&t, x->turn.now_ms, x->token);
    return job_answer(x, "accepted", &t);
}

static bool reject(struct job_exchange *x, const char *code, const char *text,
                   const struct job_execution *e)
{
    struct job_error error;

    job_error_set(&error, code, text);
    return job_reject(x, &error, e);
}

static const struct job_thing *thing_of(const struct job_exchange *x)
{
    return job_thing_find(x->turn.service, x->address->thing);
}

/* ---- get ---- */

static void write_list(struct text *t, const struct job_thing *thing, enum job_status status,
                       const char *name)
{
    bool any = false;

    text_key(t, name);
    text_str(t, "[");
    for (const struct job_execution *e = thing != NULL ? thing->first : NULL; e != NULL;
         e = e->next) {
        if (e->status != status)
            continue;
        if (any)
            text_str(t, ",");
        job_write_summary(t, e);
        any = true;
    }
    text_str(t, "]");
}

static bool on_get(struct job_exchange *x, const struct job_request *r)
{
    const struct job_thing *thing = thing_of(x);
    struct text t;

    (void)r;
    text_init(&t);
    text_str(&t, "{");
    write_list(&t, thing, JOB_IN_PROGRESS, "inProgressJobs");
    write_list(&t, thing, JOB_QUEUED, "queuedJobs");
    job_write_end(&t, x->turn.now_ms, x->token);
    return job_answer(x, "accepted", &t);
}

/* ---- changes ---- */

/* A copy of the details that came, if any did. */
static bool copy_details(const cJSON *details, char **ret)
{
    struct text t;
    size_t len;

    *ret = NULL;
    if (details == NULL)
        return true;
    text_init(&t);
    text_json(&t, details);
    *ret = text_take(&t, &len);
    return *ret != NULL;
}

static void start_timers(struct job_turn *turn, struct job_execution *e,
                         const struct job_request *r)
{
    int64_t job_minutes = e->job->config.timeout_minutes;

    if (e->started_ms == 0) {
        e->started_ms = turn->now_ms;
        e->job_end_ms = job_minutes != 0 ? turn->now_ms + job_minutes * MINUTE_MS : 0;
    }
    if (r->step_timeout_minutes != 0)
        e->step_end_ms = turn->now_ms + r->step_timeout_minutes * MINUTE_MS;
}

/* Takes the change over, says so by `answer`, and lets follow what follows. Without memory nothing
   has changed. */
static bool change(struct job_exchange *x, struct job_execution *e, const struct job_request *r,
                   enum job_status to,
                   bool (*answer)(struct job_exchange *x, const struct job_execution *e,
                                  const struct job_request *r))
{
    struct job_execution old = *e;
    char *details;

    if (!copy_details(r->details, &details))
        return false;
    e->status = to;
    e->version++;
    e->updated_ms = x->turn.now_ms;
    if (details != NULL)
        e->details = details;
    if (to == JOB_IN_PROGRESS)
        start_timers(&x->turn, e, r);
    if (!answer(x, e, r)) {
        free(details);
        *e = old;
        return false;
    }
    if (details != NULL)
        free(old.details);
    job_due(x->turn.service, e->step_end_ms);
    job_due(x->turn.service, e->job_end_ms);
    job_execution_changed(&x->turn, e, old.status);
    return true;
}

static bool answer_start(struct job_exchange *x, const struct job_execution *e,
                         const struct job_request *r)
{
    (void)r;
    return answer_execution(x, e, true);
}

static bool on_start_next(struct job_exchange *x, const struct job_request *r)
{
    struct job_execution *e = job_next_of(thing_of(x));

    if (e == NULL || e->status == JOB_IN_PROGRESS)
        return answer_execution(x, e, true);
    return change(x, e, r, JOB_IN_PROGRESS, answer_start);
}

static bool answer_update(struct job_exchange *x, const struct job_execution *e,
                          const struct job_request *r)
{
    struct text t;

    text_init(&t);
    text_str(&t, "{");
    if (r->include_state)
        job_write_state(&t, e);
    if (r->include_document) {
        text_key(&t, "jobDocument");
        job_write_document(&t, e->job, x->turn.now_ms);
    }
    job_write_end(&t, x->turn.now_ms, x->token);
    return job_answer(x, "accepted", &t);
}

static bool on_update(struct job_exchange *x, const struct job_request *r)
{
    struct job_execution *e = job_execution_find(thing_of(x), x->address->job, r->execution_number);

    if (e == NULL)
        return reject(x, "ResourceNotFound", "there is no such execution", NULL);
    if (job_status_is_terminal(e->status))
        return reject(x, "InvalidStateTransition", "the execution has ended", e);
    if (r->has_expected_version && r->expected_version != e->version)
        return reject(x, "VersionMismatch", "the expected version is not the execution's", e);
    return change(x, e, r, r->status, answer_update);
}

static bool on_describe(struct job_exchange *x, const struct job_request *r)
{
    const struct job_thing *thing = thing_of(x);

    if (x->address->job[0] == '$')
        return answer_execution(x, job_next_of(thing), r->include_document);
    const struct job_execution *e = job_execution_find(thing, x->address->job, r->execution_number);
    if (e == NULL)
        return reject(x, "ResourceNotFound", "there is no such execution", NULL);
    if (job_status_is_terminal(e->status))
        return reject(x, "TerminalStateReached", "the execution has ended", NULL);
    return answer_execution(x, e, r->include_document);
}

static bool on_no_call(struct job_exchange *x, const struct job_request *r)
{
    (void)r;
    return reject(x, "InvalidTopic", "the topic is none of a call", NULL);
}

bool job_device_request(struct job_exchange *x, struct slice payload)
{
    static bool (*const handlers[JOB_NO_CALL + 1])(
        struct job_exchange * x, const struct job_request *r) = {on_get, on_start_next, on_describe,
                                                                 on_update, on_no_call};
    struct job_request r;
    struct job_error error;
    bool good = job_request_parse(x->address->op, payload, &r, &error);

    x->token = r.token;
    bool ok = good || x->address->op == JOB_NO_CALL ? handlers[x->address->op](x, &r)
                                                    : job_reject(x, &error, NULL);
    job_request_done(&r);
    return ok;
}

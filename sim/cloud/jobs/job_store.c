#include <stdlib.h>
#include <string.h>

#include "cloud/jobs/job_core.h"

const char *job_state_name(enum job_state state)
{
    /* ORDER JOB_STATE */
    static const char *const names[JOB_STATE_COUNT] = {"IN_PROGRESS", "COMPLETED", "CANCELED"};

    return (unsigned)state < JOB_STATE_COUNT ? names[state] : "?";
}

struct job *job_find(const struct job_service *s, const char *id)
{
    return table_get(&s->jobs, id);
}

struct job_thing *job_thing_find(const struct job_service *s, const char *name)
{
    return table_get(&s->things, name);
}

struct job_execution *job_execution_find(const struct job_thing *thing, const char *job,
                                         int64_t number)
{
    struct job_execution *found = NULL;

    for (struct job_execution *e = thing != NULL ? thing->first : NULL; e != NULL; e = e->next)
        if (strcmp(e->job->id, job) == 0 && (number == 0 || e->number == number))
            found = e;
    return found;
}

struct job_execution *job_next_of(const struct job_thing *thing)
{
    struct job_execution *queued = NULL;

    for (struct job_execution *e = thing != NULL ? thing->first : NULL; e != NULL; e = e->next) {
        if (e->status == JOB_IN_PROGRESS)
            return e;
        if (e->status == JOB_QUEUED && queued == NULL)
            queued = e;
    }
    return queued;
}

/* ---- jobs ---- */

static void free_job(struct job *job)
{
    job_config_done(&job->config);
    free(job->latest);
    free(job->gone);
    free(job->source);
    free(job->reason);
    free(job->comment);
    free(job);
}

static bool keep_source(struct job *job, const cJSON *source)
{
    struct text t;
    size_t len;

    text_init(&t);
    text_json(&t, source);
    job->source = text_take(&t, &len);
    return job->source != NULL;
}

struct job *job_add(struct job_service *s, const char *id, const cJSON *source,
                    struct job_error *ret_error)
{
    struct job *job = calloc(1, sizeof *job);

    ret_error->code = NULL;
    if (job == NULL)
        return NULL;
    memcpy(job->id, id, strlen(id) + 1);
    job->presign = &s->presign;
    bool ok = job_config_read(source, &job->config, ret_error) && keep_source(job, source);
    if (ok) {
        /* One more, so that none of no targets is no memory. */
        job->latest = calloc(job->config.target_count + 1, sizeof(struct job_execution *));
        job->gone = calloc(job->config.target_count + 1, sizeof *job->gone);
        ok = job->latest != NULL && job->gone != NULL && table_put(&s->jobs, id, job);
    }
    if (!ok) {
        free_job(job);
        return NULL;
    }
    if (s->last != NULL)
        s->last->next = job;
    else
        s->first = job;
    s->last = job;
    return job;
}

/* ---- executions ---- */

static struct job_thing *thing_for(struct job_service *s, const char *name)
{
    struct job_thing *thing = job_thing_find(s, name);
    size_t size = strlen(name) + 1;

    if (thing != NULL)
        return thing;
    thing = calloc(1, sizeof *thing + size);
    if (thing == NULL)
        return NULL;
    memcpy(thing->name, name, size);
    if (table_put(&s->things, name, thing))
        return thing;
    free(thing);
    return NULL;
}

struct job_execution *job_execution_add(struct job_service *s, struct job *job, size_t target,
                                        int64_t now_ms)
{
    struct job_thing *thing = thing_for(s, job->config.targets[target]);
    struct job_execution *e = thing != NULL ? calloc(1, sizeof *e) : NULL;
    const struct job_execution *before = job->latest[target];

    if (e == NULL)
        return NULL;
    *e = (struct job_execution){.job = job,
                                .thing = thing,
                                .target = target,
                                .number = before != NULL ? before->number + 1 : 1,
                                .version = 1,
                                .queued_ms = now_ms,
                                .updated_ms = now_ms};
    if (thing->last != NULL)
        thing->last->next = e;
    else
        thing->first = e;
    thing->last = e;
    if (before != NULL)
        job->counts[before->status]--;
    job->counts[JOB_QUEUED]++;
    job->latest[target] = e;
    job_touch(s, thing, true);
    return e;
}

static void free_execution(struct job_execution *e)
{
    free(e->details);
    free(e);
}

/* All of the thing that are the job's. */
static void drop_executions(struct job_thing *thing, const struct job *job)
{
    struct job_execution **link = &thing->first;

    thing->last = NULL;
    while (*link != NULL) {
        struct job_execution *e = *link;
        if (e->job == job) {
            *link = e->next;
            free_execution(e);
        } else {
            thing->last = e;
            link = &e->next;
        }
    }
}

void job_drop(struct job_service *s, struct job *job)
{
    struct job **link = &s->first;

    s->last = NULL;
    while (*link != NULL) {
        if (*link == job) {
            *link = job->next;
        } else {
            s->last = *link;
            link = &(*link)->next;
        }
    }
    table_remove(&s->jobs, job->id);
    for (size_t i = 0; i < job->config.target_count; i++) {
        const struct job_execution *e = job->latest[i];
        struct job_thing *thing = e != NULL ? e->thing : NULL;
        bool pending = e != NULL && !job_status_is_terminal(e->status);
        if (thing == NULL)
            continue;
        drop_executions(thing, job);
        if (pending)
            job_touch(s, thing, true);
    }
    free_job(job);
}

void job_due(struct job_service *s, int64_t at_ms)
{
    if (at_ms != 0 && at_ms < s->next_ms)
        s->next_ms = at_ms;
}

void job_touch(struct job_service *s, struct job_thing *thing, bool list)
{
    thing->list_changed |= list;
    if (thing->dirty)
        return;
    thing->dirty = true;
    thing->next_dirty = NULL;
    /* In the order in which they were touched. */
    if (s->dirty != NULL)
        s->last_dirty->next_dirty = thing;
    else
        s->dirty = thing;
    s->last_dirty = thing;
}

/* ---- life ---- */

void job_service_init(struct job_service *s)
{
    *s = (struct job_service){.next_ms = INT64_MAX};
    table_init(&s->jobs);
    table_init(&s->things);
}

static void free_thing(void *value)
{
    struct job_thing *thing = value;

    while (thing->first != NULL) {
        struct job_execution *e = thing->first;
        thing->first = e->next;
        free_execution(e);
    }
    free(thing);
}

void job_service_done(struct job_service *s)
{
    table_done(&s->things, free_thing);
    table_done(&s->jobs, NULL);
    while (s->first != NULL) {
        struct job *job = s->first;
        s->first = job->next;
        free_job(job);
    }
}

size_t job_service_count(const struct job_service *s)
{
    return s->jobs.count;
}

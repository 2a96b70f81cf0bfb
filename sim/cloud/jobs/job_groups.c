/* Jobs for groups of things: whom they mean when they are created, and of a continuous job from
   then on; and things that are there no more (contract 3.4: "thing left the target group / thing
   deleted": REMOVED). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cloud/jobs/job_core.h"
#include "cloud/registry/registry.h"

/* One look at the groups of a job. */
struct look {
    struct job *job;
    struct table known;   /* its targets; the values are their places, from 1 */
    struct table members; /* of its groups, now */
    bool ok;
};

static bool grow(struct job *job, const char *thing)
{
    struct job_config *c = &job->config;
    size_t count = c->target_count + 1;
    char **targets = realloc(c->targets, count * sizeof *targets);

    if (targets == NULL)
        return false;
    c->targets = targets;
    struct job_execution **latest = realloc(job->latest, count * sizeof(struct job_execution *));
    if (latest == NULL)
        return false;
    job->latest = latest;
    bool *gone = realloc(job->gone, count * sizeof *gone);
    if (gone == NULL)
        return false;
    job->gone = gone;
    targets[c->target_count] = strdup(thing);
    if (targets[c->target_count] == NULL)
        return false;
    latest[c->target_count] = NULL;
    gone[c->target_count++] = false;
    return true;
}

static void *place(size_t target)
{
    return (void *)(uintptr_t)(target + 1);
}

static void see(const char *thing, void *ctx)
{
    struct look *look = ctx;

    look->ok = look->ok && table_put(&look->members, thing, look);
    if (!look->ok || table_get(&look->known, thing) != NULL)
        return;
    look->ok = grow(look->job, thing) &&
               table_put(&look->known, thing, place(look->job->config.target_count - 1));
}

/* Leaves the members to the caller. */
static bool see_all(const struct job_groups *groups, struct look *look)
{
    struct job_config *c = &look->job->config;

    table_init(&look->known);
    table_init(&look->members);
    look->ok = true;
    for (size_t i = 0; i < c->target_count && look->ok; i++)
        look->ok = table_put(&look->known, c->targets[i], place(i));
    for (size_t i = 0; i < c->group_count && look->ok; i++)
        groups->each_thing(groups->ctx, c->groups[i], see, look);
    table_done(&look->known, NULL);
    return look->ok;
}

bool job_groups_begin(struct job_service *s, struct job *job, struct job_error *ret_error)
{
    const struct job_config *c = &job->config;
    struct look look = {.job = job};

    ret_error->code = NULL;
    for (size_t i = 0; i < c->group_count; i++)
        if (s->groups.exists == NULL || !s->groups.exists(s->groups.ctx, c->groups[i])) {
            char text[sizeof ret_error->text];
            snprintf(text, sizeof text, "targets: there is no group %.100s", c->groups[i]);
            return job_error_set(ret_error, "ResourceNotFound", text);
        }
    if (c->group_count != 0) {
        bool ok = see_all(&s->groups, &look);
        table_done(&look.members, NULL);
        if (!ok)
            return false;
    }
    return c->continuous || c->target_count != 0 ||
           job_error_set(
               ret_error, "InvalidRequest",
               "targets: no thing is in them (targetSelection CONTINUOUS waits for some)");
}

/* ---- what changes later ---- */

static void look_at_target(struct job_turn *turn, struct job *job, size_t target, bool member)
{
    struct job_execution *e = job->latest[target];

    job->gone[target] = !member;
    if (!member && e != NULL && !job_status_is_terminal(e->status))
        job_execution_end(turn, e, JOB_REMOVED);
    /* It has come back; or it was away when its turn in the roll-out came. */
    bool wants = e != NULL ? e->status == JOB_REMOVED : target < job->released;
    if (member && wants && job->state == JOB_RUNNING &&
        job_execution_add(turn->service, job, target, turn->now_ms) == NULL)
        job_due(turn->service, turn->now_ms);
}

static bool follow(struct job_turn *turn, struct job *job)
{
    struct look look = {.job = job};

    bool ok = see_all(&turn->service->groups, &look);
    for (size_t i = job->config.listed_count; ok && i < job->config.target_count; i++)
        look_at_target(turn, job, i, table_get(&look.members, job->config.targets[i]) != NULL);
    table_done(&look.members, NULL);
    return ok && job_roll_out(turn, job);
}

bool job_service_groups_changed(struct job_service *s, int64_t now_ms, struct cloud_actions *out)
{
    struct job_turn turn = {.service = s, .now_ms = now_ms, .out = out};
    bool ok = true;

    for (struct job *job = s->first; job != NULL; job = job->next)
        if (job->state == JOB_RUNNING && job->config.continuous && job->config.group_count != 0)
            ok &= follow(&turn, job);
    return job_tell(&turn) && ok;
}

static void leave(struct job *job, const char *thing)
{
    for (size_t i = job->released; i < job->config.target_count; i++)
        if (strcmp(job->config.targets[i], thing) == 0)
            job->gone[i] = true;
}

bool job_service_thing_removed(struct job_service *s, const char *thing, int64_t now_ms,
                               struct cloud_actions *out)
{
    struct job_turn turn = {.service = s, .now_ms = now_ms, .out = out};
    const struct job_thing *known = job_thing_find(s, thing);

    for (struct job *job = s->first; job != NULL; job = job->next)
        if (job->state == JOB_RUNNING)
            leave(job, thing);
    for (struct job_execution *e = known != NULL ? known->first : NULL; e != NULL; e = e->next)
        if (!job_status_is_terminal(e->status))
            job_execution_end(&turn, e, JOB_REMOVED);
    return job_tell(&turn);
}

/* ---- what outlives the broker ---- */

void job_groups_save(const struct job *job, struct text *t)
{
    const struct job_config *c = &job->config;

    if (c->target_count == c->listed_count)
        return;
    text_key(t, "members");
    for (size_t i = c->listed_count; i < c->target_count; i++) {
        text_bytes(t, i == c->listed_count ? "[" : ",", 1);
        text_quoted(t, c->targets[i]);
    }
    text_bytes(t, "]", 1);
}

bool job_groups_load(struct job *job, const cJSON *record)
{
    const cJSON *item = json_get(record, "members");

    for (item = item != NULL ? item->child : NULL; item != NULL; item = item->next)
        if (!cJSON_IsString(item) || !registry_name_is_valid(item->valuestring) ||
            !grow(job, item->valuestring))
            return false;
    return true;
}

#include "cli/cmd_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "cli/cloud_command.h"
#include "cli/job_create.h"
#include "cli/job_file.h"
#include "cli/job_sign.h"

#define THINGS_MAX 10000
#define LISTED     "fleetsim job list shows those that there are"

/* ---- shared ------------------------------------------------------------------------------- */

static void format_time(const cJSON *of, const char *name, char ret[32])
{
    time_t when = (time_t)json_num(of, name, 0);
    struct tm parts;

    if (when == 0 || gmtime_r(&when, &parts) == NULL || strftime(ret, 32, "%F %T", &parts) == 0)
        snprintf(ret, 32, "-");
}

static int count_of(const cJSON *job, const char *name)
{
    return (int)json_num(json_get(job, "jobProcessDetails"), name, 0);
}

static int open_count(const cJSON *job)
{
    return count_of(job, "numberOfQueuedThings") + count_of(job, "numberOfInProgressThings");
}

static int other_count(const cJSON *job)
{
    return count_of(job, "numberOfRejectedThings") + count_of(job, "numberOfTimedOutThings") +
           count_of(job, "numberOfCanceledThings") + count_of(job, "numberOfRemovedThings");
}

/* ---- watch -------------------------------------------------------------------------------- */

static void print_counts(const cJSON *job, usec_t began)
{
    printf("%6.1f s  queued %d  in progress %d  succeeded %d  failed %d  others %d  of %d\n",
           (double)(clock_now() - began) / 1e6, count_of(job, "numberOfQueuedThings"),
           count_of(job, "numberOfInProgressThings"), count_of(job, "numberOfSucceededThings"),
           count_of(job, "numberOfFailedThings"), other_count(job),
           (int)json_num(job, "numberOfTargets", 0));
    fflush(stdout);
}

static bool has_ended(const cJSON *job)
{
    return strcmp(json_str(job, "status", ""), "IN_PROGRESS") != 0 && open_count(job) == 0;
}

/* What an answer tells of the job's end; the exit status. */
static int tell_end(const cJSON *job)
{
    printf("%s%s%s\n", json_str(job, "status", "?"),
           json_get(job, "reasonCode") != NULL ? ": " : "", json_str(job, "reasonCode", ""));
    return count_of(job, "numberOfSucceededThings") == (int)json_num(job, "numberOfTargets", 0) ? 0
                                                                                                : 1;
}

/* A line whenever something has changed, until it has ended: 0 if all have succeeded, else 1. */
static int watch(struct cloud_command *c, const char *id)
{
    const struct timespec pause = {.tv_nsec = 500000000};
    usec_t began = clock_now();
    char *last = xstrdup("");
    bool ended = false;

    while (!ended) {
        cJSON *answer = cloud_call(c, NULL, "jobs/%s/get", id);
        const cJSON *job = json_get(answer, "job");
        if (answer == NULL)
            break;
        char *now = cJSON_PrintUnformatted(json_get(job, "jobProcessDetails"));
        if (strcmp(now, last) != 0)
            print_counts(job, began);
        free(last);
        last = xstrdup(now);
        cJSON_free(now);
        ended = has_ended(job);
        if (ended)
            c->status = tell_end(job);
        cJSON_Delete(answer);
        if (!ended)
            nanosleep(&pause, NULL);
    }
    free(last);
    return c->status;
}

static int job_cmd_watch(int argc, char **argv)
{
    struct cloud_command c = {.name = "fleetsim job watch",
                              .arguments = "JOB",
                              .hint = LISTED,
                              .summary =
                                  "Tells how a job goes until it has ended. Exit status 0 if all "
                                  "things have succeeded, else\n"
                                  "1.",
                              .examples = "  fleetsim job watch --dir lab spring\n",
                              .least = 1,
                              .most = 1};

    return cloud_begin(&c, argc, argv) ? watch(&c, c.words[0]) : c.status;
}

/* ---- create ------------------------------------------------------------------------------- */

/* The whole of it; NULL with the error. */
static cJSON *prepare(const struct job_create *o, const char *id, const struct job_file *file,
                      struct error *err)
{
    cJSON *document = job_create_document(o, err);

    if (document == NULL || file->path == NULL ||
        job_file_put(o->dir, id, file, json_get(document, "document"), err))
        return document;
    cJSON_Delete(document);
    return NULL;
}

static int create(struct cloud_command *c, const struct job_create *o, const char *id,
                  const struct job_file *file, bool watched)
{
    char made[32];
    struct error err;

    snprintf(made, sizeof made, "job-%lld", (long long)(clock_wall_ms() / 1000));
    if (id == NULL)
        id = made;
    cJSON *document = prepare(o, id, file, &err);
    if (document == NULL)
        return cloud_fail(c, &err);
    cJSON *answer = cloud_call(c, document, "jobs/%s/create", id);
    if (answer == NULL)
        return c->status;
    puts(json_str(answer, "jobId", id));
    cJSON_Delete(answer);
    return watched ? watch(c, id) : 0;
}

static int job_cmd_create(int argc, char **argv)
{
    struct job_create o = {0};
    struct job_file file = {0};
    const char *id = NULL;
    bool watched = false;
    struct error err;
    // clang-format off
    const struct option_spec options[] = {
        {"document", 0, OPTION_STRING, &o.document, "JSON", "what the things get: a JSON object, or @FILE with one"},
        {"file", 0, OPTION_STRING, &file.path, "FILE", "what they download: put into the cloud, and named in the document\nwith its size and SHA-256"},
        {"by", 0, OPTION_STRING, &file.by, "WAY", "stream: it comes by MQTT (default); https: from the cloud's artifact\nserver"},
        {"sign", 0, OPTION_STRING, &file.sign, "NAME", "it is signed by that signer, who is made if there is none"},
        {"vehicles", 'n', OPTION_STRING, &o.vehicles, "A..B", "vehicles of the PKI in DIR: all, 7, or 0..99 (both ends included);\nof one without vehicles all are those that the cloud has met"},
        {"targets", 0, OPTION_STRING, &o.targets, "FILE", "things by name, one in a line; - is standard input"},
        {"id", 0, OPTION_STRING, &id, "JOB", "1 to 64 of A-Z a-z 0-9 _ - (default: job-TIME)"},
        {"description", 0, OPTION_STRING, &o.description, "TEXT", "for people"},
        {"continuous", 0, OPTION_FLAG, &o.continuous, NULL, "for things that join the groups later, too"},
        {"rate", 0, OPTION_NUMBER, &o.rate, "N", "things a minute, up to 1000 (default: all at once)"},
        {"abort", 0, OPTION_LIST, &o.aborts, "RULE",
         "FAILED:20%:10: begin no more once so many percent of at least so\nmany that have ended are FAILED (REJECTED, TIMED_OUT, or ALL of\nthese); may repeat"},
        {"minutes", 0, OPTION_NUMBER, &o.timeout, "N", "an execution may be in progress so long (default: for ever)"},
        {"retries", 0, OPTION_NUMBER, &o.retries, "N", "try what has failed or timed out again (default: never)"},
        {"watch", 'w', OPTION_FLAG, &watched, NULL, "tell how it goes, until it has ended"},
        {0},
    };
    // clang-format on
    struct cloud_command c = {
        .name = "fleetsim job create",
        .arguments = "[THING…] [group/GROUP…]",
        .summary = "Creates a job for things of the local cloud in DIR, and prints its id.",
        .examples =
            "  fleetsim job create --dir lab --vehicles all --watch \\\n"
            "    --document '{\"operation\":\"update\",\"version\":\"2.0\",\"size\":2000000}'\n"
            "  fleetsim job create --dir lab group/recalled --continuous --document "
            "@release.json\n"
            "  fleetsim job create --dir lab --vehicles 0..9 --file firmware.bin \\\n"
            "    --by https --sign release --document "
            "'{\"operation\":\"update\",\"version\":\"2.0\"}'\n"
            "  fleetsim job create --dir lab --targets vins.txt --document @release.json --id "
            "spring "
            "\\\n"
            "    --rate 100 --abort FAILED:20%:10\n",
        .most = THINGS_MAX,
        .options = options};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    o.dir = c.dir;
    o.things = c.words;
    o.thing_count = c.count;
    if (file.path == NULL && (file.by != NULL || file.sign != NULL)) {
        error_set(&err, ERROR_USAGE, "job create: --by and --sign are about --file FILE");
        return cloud_fail(&c, &err);
    }
    return create(&c, &o, id, &file, watched);
}

/* ---- list, show, cars --------------------------------------------------------------------- */

static void print_jobs(const cJSON *list)
{
    const cJSON *job;
    char created[32];

    printf("%-24s  %-11s  %-19s  %7s  %6s  %11s  %9s  %6s  %6s\n", "job", "status", "created (UTC)",
           "targets", "queued", "in progress", "succeeded", "failed", "others");
    cJSON_ArrayForEach(job, list)
    {
        format_time(job, "createdAt", created);
        printf("%-24s  %-11s  %-19s  %7d  %6d  %11d  %9d  %6d  %6d\n", json_str(job, "jobId", "?"),
               json_str(job, "status", "?"), created, (int)json_num(job, "numberOfTargets", 0),
               count_of(job, "numberOfQueuedThings"), count_of(job, "numberOfInProgressThings"),
               count_of(job, "numberOfSucceededThings"), count_of(job, "numberOfFailedThings"),
               other_count(job));
    }
}

static int job_cmd_list(int argc, char **argv)
{
    struct cloud_command c = {.name = "fleetsim job list",
                              .arguments = "",
                              .summary = "Lists jobs, oldest first.",
                              .examples = "  fleetsim job list --dir lab\n",
                              .lists = true};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    return cloud_show(&c, cloud_list(&c, NULL, "jobs", "jobs/list"), print_jobs);
}

static int job_cmd_show(int argc, char **argv)
{
    struct cloud_command c = {.name = "fleetsim job show",
                              .arguments = "JOB",
                              .hint = LISTED,
                              .summary = "Shows a job with its document, as JSON.",
                              .examples = "  fleetsim job show --dir lab spring\n",
                              .least = 1,
                              .most = 1};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    return cloud_show_member(&c, cloud_call(&c, NULL, "jobs/%s/get", c.words[0]), "job");
}

static void print_cars(const cJSON *list)
{
    const cJSON *e, *detail;
    char updated[32];

    printf("%-20s  %-11s  %3s  %-19s  %s\n", "thing", "status", "try", "last updated (UTC)",
           "details");
    cJSON_ArrayForEach(e, list)
    {
        format_time(e, "lastUpdatedAt", updated);
        printf("%-20s  %-11s  %3d  %-19s ", json_str(e, "thingName", "?"),
               json_str(e, "status", "?"), (int)json_num(e, "executionNumber", 0), updated);
        cJSON_ArrayForEach(detail, json_get(e, "statusDetails"))
            printf(" %s=%s", detail->string, cJSON_IsString(detail) ? detail->valuestring : "?");
        putchar('\n');
    }
}

static int job_cmd_cars(int argc, char **argv)
{
    const char *wanted = NULL;
    const struct option_spec options[] = {
        {"status",       0, OPTION_STRING, &wanted, "STATUS", "of these alone: FAILED, IN_PROGRESS, …"},
        {0}
    };
    struct cloud_command c = {.name = "fleetsim job cars",
                              .arguments = "JOB",
                              .hint = LISTED,
                              .summary = "Lists the executions of a job: how far each thing is.",
                              .examples = "  fleetsim job cars --dir lab spring --status FAILED\n",
                              .least = 1,
                              .most = 1,
                              .options = options,
                              .lists = true};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    cJSON *document = cJSON_CreateObject();
    if (wanted != NULL)
        cJSON_AddStringToObject(document, "status", wanted);
    return cloud_show(&c, cloud_list(&c, document, "executions", "jobs/%s/executions", c.words[0]),
                      print_cars);
}

/* ---- cancel, delete ----------------------------------------------------------------------- */

static int job_cmd_cancel(int argc, char **argv)
{
    const char *reason = NULL, *comment = NULL;
    bool force = false;
    const struct option_spec options[] = {
        {"force",      'f', OPTION_FLAG, &force, NULL, "what is in progress, too"},
        {"reason", 0, OPTION_STRING, &reason, "CODE", "a word for programs"},
        {"comment",        0, OPTION_STRING, &comment, "TEXT", "for people"},
        {0           }
    };
    struct cloud_command c = {.name = "fleetsim job cancel",
                              .arguments = "JOB",
                              .hint = LISTED,
                              .summary = "Cancels a job: what is queued does not begin.",
                              .examples = "  fleetsim job cancel --dir lab spring --force\n",
                              .least = 1,
                              .most = 1,
                              .options = options};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddBoolToObject(document, "force", force);
    if (reason != NULL)
        cJSON_AddStringToObject(document, "reasonCode", reason);
    if (comment != NULL)
        cJSON_AddStringToObject(document, "comment", comment);
    return cloud_end(&c, cloud_call(&c, document, "jobs/%s/cancel", c.words[0]));
}

static int job_cmd_delete(int argc, char **argv)
{
    bool force = false;
    const struct option_spec options[] = {
        {"force",      'f', OPTION_FLAG, &force, NULL, "though it has not ended"},
        {0}
    };
    struct cloud_command c = {.name = "fleetsim job delete",
                              .arguments = "JOB",
                              .hint = LISTED,
                              .summary = "Forgets a job that has ended.",
                              .examples = "  fleetsim job delete --dir lab spring\n",
                              .least = 1,
                              .most = 1,
                              .options = options};

    if (!cloud_begin(&c, argc, argv))
        return c.status;
    cJSON *document = cJSON_CreateObject();
    cJSON_AddBoolToObject(document, "force", force);
    return cloud_end(&c, cloud_call(&c, document, "jobs/%s/delete", c.words[0]));
}

/* ---- dispatch ----------------------------------------------------------------------------- */

int cmd_job(int argc, char **argv)
{
    static const struct cloud_subcommand subcommands[] = {
        {"create",                                       job_cmd_create, "create a job for things"},
        {"list",                     job_cmd_list, "list jobs"},
        {"show",                                         job_cmd_show, "show a job and its document"},
        {"cars",                                   job_cmd_cars, "list a job's executions, a line for a thing"},
        {"sign",                                         job_cmd_sign, "sign a file as an update for vehicles"},
        {"watch",                 job_cmd_watch, "tell how a job goes until it has ended"},
        {"cancel",                                         job_cmd_cancel, "cancel a job"},
        {"delete", job_cmd_delete, "forget a job"},
        {0                                        }
    };

    return cloud_dispatch(
        "job",
        "AWS IoT Jobs of the local cloud that fleetsim cloud --dir DIR runs: updates over the\n"
        "air and what else a fleet is told to do (docs/jobs.md).",
        "  fleetsim job create --dir lab --vehicles all --watch \\\n"
        "    --document '{\"operation\":\"update\",\"version\":\"2.0\",\"size\":2000000}'\n"
        "  fleetsim job list --dir lab\n"
        "  fleetsim job cars --dir lab spring --status FAILED\n",
        subcommands, argc, argv);
}

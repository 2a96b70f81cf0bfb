#include "cli/cmd_job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "cli/job_create.h"
#include "cli/job_file.h"
#include "cli/job_sign.h"
#include "cli/job_talk.h"
#include "cli/options.h"

/* ---- shared ------------------------------------------------------------------------------- */

#define DIR_ROW(dir)                                                                               \
    {                                                                                              \
        "dir", 'd', OPTION_STRING, &(dir), "DIR", "of the cloud: what fleetsim cloud --dir has"    \
    }

/* True when the command should go on; otherwise *ret_status is what to exit with. */
static bool parse(const struct command_spec *command, int argc, char **argv, int *ret_first,
                  int *ret_status)
{
    struct error err;
    enum options_result result = options_parse(command, argc, argv, ret_first, &err);

    if (result == OPTIONS_OK)
        return true;
    *ret_status = result == OPTIONS_HELP_SHOWN ? 0 : options_fail(&err);
    return false;
}

static bool check_dir(const char *dir, struct error *err)
{
    return (dir != NULL && *dir != '\0') ||
           error_set(err, ERROR_USAGE, "job: no directory given (give --dir DIR)");
}

/* The one argument; NULL with the error. */
static const char *job_id(int argc, char **argv, int first, const char *dir, struct error *err)
{
    if (!check_dir(dir, err))
        return NULL;
    if (first + 1 == argc)
        return argv[first];
    error_set(err, ERROR_USAGE, "job: %s (fleetsim job list --dir %s shows those that there are)",
              first < argc ? "one job at a time" : "which one?", dir);
    return NULL;
}

/* Asks <job>/<verb>; the answer, or NULL. */
static cJSON *ask(const char *dir, const char *id, const char *verb, cJSON *document,
                  struct error *err)
{
    char *call = xasprintf("%s/%s", id, verb);
    cJSON *answer = job_talk(dir, call, document, err);

    free(call);
    return answer;
}

static int print_json(cJSON *json)
{
    char *text = cJSON_Print(json);

    puts(text);
    cJSON_free(text);
    cJSON_Delete(json);
    return 0;
}

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

/* A line whenever something has changed, until it has ended: 0 if all have succeeded, else 1. */
static int watch(const char *dir, const char *id)
{
    const struct timespec pause = {.tv_nsec = 500000000};
    usec_t began = clock_now();
    char *last = xstrdup("");
    struct error err;

    for (;;) {
        cJSON *answer = ask(dir, id, "get", NULL, &err);
        const cJSON *job = json_get(answer, "job");
        if (answer == NULL) {
            free(last);
            return options_fail(&err);
        }
        char *now = cJSON_PrintUnformatted(json_get(job, "jobProcessDetails"));
        if (strcmp(now, last) != 0)
            print_counts(job, began);
        free(last);
        last = xstrdup(now);
        cJSON_free(now);
        bool ended = has_ended(job);
        bool good =
            count_of(job, "numberOfSucceededThings") == (int)json_num(job, "numberOfTargets", 0);
        if (ended)
            printf("%s%s%s\n", json_str(job, "status", "?"),
                   json_get(job, "reasonCode") != NULL ? ": " : "",
                   json_str(job, "reasonCode", ""));
        cJSON_Delete(answer);
        if (ended) {
            free(last);
            return good ? 0 : 1;
        }
        nanosleep(&pause, NULL);
    }
}

static int job_cmd_watch(int argc, char **argv)
{
    const char *dir = NULL;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {DIR_ROW(dir), {0}};
    const struct command_spec command = {"fleetsim job watch", "JOB",
                                         "Tells how a job goes until it has ended. Exit status 0 "
                                         "if all things have succeeded, else\n"
                                         "1.",
                                         specs, "  fleetsim job watch --dir lab spring\n"};

    if (!parse(&command, argc, argv, &first, &status))
        return status;
    const char *id = job_id(argc, argv, first, dir, &err);
    return id != NULL ? watch(dir, id) : options_fail(&err);
}

/* ---- create ------------------------------------------------------------------------------- */

/* The whole of it; NULL with the error. */
static cJSON *prepare(const struct job_create *o, const char *id, const struct job_file *file,
                      struct error *err)
{
    cJSON *document = check_dir(o->dir, err) ? job_create_document(o, err) : NULL;

    if (document == NULL || file->path == NULL ||
        job_file_put(o->dir, id, file, json_get(document, "document"), err))
        return document;
    cJSON_Delete(document);
    return NULL;
}

static int create(const struct job_create *o, const char *id, const struct job_file *file,
                  bool watched)
{
    char made[32];
    struct error err;

    snprintf(made, sizeof made, "job-%lld", (long long)(clock_wall_ms() / 1000));
    if (id == NULL)
        id = made;
    cJSON *document = prepare(o, id, file, &err);
    cJSON *answer = document != NULL ? ask(o->dir, id, "create", document, &err) : NULL;
    if (answer == NULL)
        return options_fail(&err);
    puts(json_str(answer, "jobId", id));
    cJSON_Delete(answer);
    return watched ? watch(o->dir, id) : 0;
}

static int job_cmd_create(int argc, char **argv)
{
    struct job_create o = {0};
    struct job_file file = {0};
    const char *id = NULL;
    bool watched = false;
    struct error err;
    int first, status;
    // clang-format off
    const struct option_spec specs[] = {
        DIR_ROW(o.dir),
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
    const struct command_spec command = {
        "fleetsim job create", "[THING…] [group/GROUP…]",
        "Creates a job for things of the local cloud in DIR, and prints its id.", specs,
        "  fleetsim job create --dir lab --vehicles all --watch \\\n"
        "    --document '{\"operation\":\"update\",\"version\":\"2.0\",\"size\":2000000}'\n"
        "  fleetsim job create --dir lab group/recalled --continuous --document @release.json\n"
        "  fleetsim job create --dir lab --vehicles 0..9 --file firmware.bin \\\n"
        "    --by https --sign release --document "
        "'{\"operation\":\"update\",\"version\":\"2.0\"}'\n"
        "  fleetsim job create --dir lab --targets vins.txt --document @release.json --id spring "
        "\\\n"
        "    --rate 100 --abort FAILED:20%:10\n"};

    if (!parse(&command, argc, argv, &first, &status))
        return status;
    o.things = argv + first;
    o.thing_count = argc - first;
    if (file.path == NULL && (file.by != NULL || file.sign != NULL)) {
        error_set(&err, ERROR_USAGE, "job create: --by and --sign are about --file FILE");
        return options_fail(&err);
    }
    return create(&o, id, &file, watched);
}

/* ---- list, show, cars --------------------------------------------------------------------- */

static int print_jobs(cJSON *list)
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
    cJSON_Delete(list);
    return 0;
}

static int job_cmd_list(int argc, char **argv)
{
    const char *dir = NULL;
    bool json = false;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {
        DIR_ROW(dir), {"json",       0, OPTION_FLAG, &json, NULL, "for programs"},
         {0}
    };
    const struct command_spec command = {"fleetsim job list", "", "Lists jobs, oldest first.",
                                         specs, "  fleetsim job list --dir lab\n"};

    if (!parse(&command, argc, argv, &first, &status))
        return status;
    cJSON *list = check_dir(dir, &err) ? job_talk_list(dir, "list", "jobs", NULL, &err) : NULL;
    if (list == NULL)
        return options_fail(&err);
    return json ? print_json(list) : print_jobs(list);
}

static int job_cmd_show(int argc, char **argv)
{
    const char *dir = NULL;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {DIR_ROW(dir), {0}};
    const struct command_spec command = {"fleetsim job show", "JOB",
                                         "Shows a job with its document, as JSON.", specs,
                                         "  fleetsim job show --dir lab spring\n"};

    if (!parse(&command, argc, argv, &first, &status))
        return status;
    const char *id = job_id(argc, argv, first, dir, &err);
    cJSON *answer = id != NULL ? ask(dir, id, "get", NULL, &err) : NULL;
    if (answer == NULL)
        return options_fail(&err);
    cJSON *job = cJSON_DetachItemFromObject(answer, "job");
    cJSON_Delete(answer);
    return print_json(job);
}

static int print_cars(cJSON *list)
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
    cJSON_Delete(list);
    return 0;
}

static int job_cmd_cars(int argc, char **argv)
{
    const char *dir = NULL, *wanted = NULL;
    bool json = false;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {
        DIR_ROW(dir),
        {"status",       0, OPTION_STRING, &wanted, "STATUS", "of these alone: FAILED, IN_PROGRESS, …"},
        {"json", 0, OPTION_FLAG, &json, NULL, "for programs"},
        {0     }
    };
    const struct command_spec command = {
        "fleetsim job cars", "JOB", "Lists the executions of a job: how far each thing is.", specs,
        "  fleetsim job cars --dir lab spring --status FAILED\n"};

    if (!parse(&command, argc, argv, &first, &status))
        return status;
    const char *id = job_id(argc, argv, first, dir, &err);
    char *call = xasprintf("%s/executions", id != NULL ? id : "");
    cJSON *list = id != NULL ? job_talk_list(dir, call, "executions", wanted, &err) : NULL;
    free(call);
    if (list == NULL)
        return options_fail(&err);
    return json ? print_json(list) : print_cars(list);
}

/* ---- cancel, delete ----------------------------------------------------------------------- */

static int end(const char *dir, const char *id, const char *verb, cJSON *document)
{
    struct error err;
    cJSON *answer = ask(dir, id, verb, document, &err);

    cJSON_Delete(answer);
    return answer != NULL ? 0 : options_fail(&err);
}

static int job_cmd_cancel(int argc, char **argv)
{
    const char *dir = NULL, *reason = NULL, *comment = NULL;
    bool force = false;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {
        DIR_ROW(dir),
        {"force",      'f', OPTION_FLAG, &force, NULL, "what is in progress, too"},
        {"reason", 0, OPTION_STRING, &reason, "CODE", "a word for programs"},
        {"comment",        0, OPTION_STRING, &comment, "TEXT", "for people"},
        {0           }
    };
    const struct command_spec command = {"fleetsim job cancel", "JOB",
                                         "Cancels a job: what is queued does not begin.", specs,
                                         "  fleetsim job cancel --dir lab spring --force\n"};

    if (!parse(&command, argc, argv, &first, &status))
        return status;
    const char *id = job_id(argc, argv, first, dir, &err);
    if (id == NULL)
        return options_fail(&err);
    cJSON *document = cJSON_CreateObject();
    cJSON_AddBoolToObject(document, "force", force);
    if (reason != NULL)
        cJSON_AddStringToObject(document, "reasonCode", reason);
    if (comment != NULL)
        cJSON_AddStringToObject(document, "comment", comment);
    return end(dir, id, "cancel", document);
}

static int job_cmd_delete(int argc, char **argv)
{
    const char *dir = NULL;
    bool force = false;
    struct error err;
    int first, status;
    const struct option_spec specs[] = {
        DIR_ROW(dir), {"force",      'f', OPTION_FLAG, &force, NULL, "though it has not ended"},
         {0}
    };
    const struct command_spec command = {"fleetsim job delete", "JOB",
                                         "Forgets a job that has ended.", specs,
                                         "  fleetsim job delete --dir lab spring\n"};

    if (!parse(&command, argc, argv, &first, &status))
        return status;
    const char *id = job_id(argc, argv, first, dir, &err);
    if (id == NULL)
        return options_fail(&err);
    cJSON *document = cJSON_CreateObject();
    cJSON_AddBoolToObject(document, "force", force);
    return end(dir, id, "delete", document);
}

/* ---- dispatch ----------------------------------------------------------------------------- */

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
} subcommands[] = {
    {"create", job_cmd_create, "create a job for things"                    },
    {"list",   job_cmd_list,   "list jobs"                                  },
    {"show",   job_cmd_show,   "show a job and its document"                },
    {"cars",   job_cmd_cars,   "list a job's executions, a line for a thing"},
    {"sign",   job_cmd_sign,   "sign a file as an update for vehicles"      },
    {"watch",  job_cmd_watch,  "tell how a job goes until it has ended"     },
    {"cancel", job_cmd_cancel, "cancel a job"                               },
    {"delete", job_cmd_delete, "forget a job"                               },
};
#define SUBCOMMAND_COUNT (sizeof subcommands / sizeof *subcommands)

static void print_help(void)
{
    puts("Usage: fleetsim job COMMAND [OPTION]…\n\n"
         "AWS IoT Jobs of the local cloud that fleetsim cloud --dir DIR runs: updates over the\n"
         "air and what else a fleet is told to do.\n\nCommands:");
    for (size_t i = 0; i < SUBCOMMAND_COUNT; i++)
        printf("  %-8s %s\n", subcommands[i].name, subcommands[i].help);
    puts("\nExamples:\n"
         "  fleetsim job create --dir lab --vehicles all --watch \\\n"
         "    --document '{\"operation\":\"update\",\"version\":\"2.0\",\"size\":2000000}'\n"
         "  fleetsim job list --dir lab\n"
         "  fleetsim job cars --dir lab spring --status FAILED\n\n"
         "`fleetsim job COMMAND --help` explains each; docs/jobs.md has all of it.");
}

int cmd_job(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : NULL;
    struct error err;

    for (size_t i = 0; name != NULL && i < SUBCOMMAND_COUNT; i++)
        if (strcmp(subcommands[i].name, name) == 0)
            return subcommands[i].run(argc - 1, argv + 1);
    if (name != NULL && (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0)) {
        print_help();
        return 0;
    }
    error_set(
        &err, ERROR_USAGE,
        "job: %s%s (use create, list, show, cars, sign, watch, cancel or delete; try `fleetsim job "
        "--help`)",
        name != NULL ? "no such command: " : "no command given", name != NULL ? name : "");
    return options_fail(&err);
}

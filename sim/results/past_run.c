#include "results/past_run.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/xmem.h"
#include "metrics/summary_file.h"

#define EXIT_MAX  255
#define STAMP_LEN 19 /* "2026-11-28T20:44:27" */

static void not_whole(struct past_run *run, const char *why)
{
    if (run->trouble[0] == '\0')
        snprintf(run->trouble, sizeof run->trouble, "%s", why);
    run->complete = false;
}

/* As timestamp_iso() writes it. */
static int64_t read_stamp(const char *text)
{
    char seconds[STAMP_LEN + 1];
    int64_t ms = 0;

    snprintf(seconds, sizeof seconds, "%s", text);
    if (strlen(text) <= STAMP_LEN || !wall_parse(seconds, &ms))
        return 0;
    return ms + (text[STAMP_LEN] == '.' ? strtol(text + STAMP_LEN + 1, NULL, 10) : 0);
}

static void read_head(struct past_run *run)
{
    const cJSON *s = run->summary;

    run->started_wall_ms = read_stamp(json_str(s, "started", ""));
    run->duration = json_whole(s, "duration_us");
    run->exit_status = (int)fmax(-1, fmin(json_num(s, "exit_status", -1), EXIT_MAX));
    run->complete = true;
    if (!cJSON_IsTrue(json_get(s, "complete")) || run->exit_status < 0)
        not_whole(run, "it was killed, or is still running");
}

static void read_counters(struct past_run *run)
{
    const cJSON *c;

    cJSON_ArrayForEach(c, json_get(run->summary, "counters"))
    {
        recorder_count(run->totals, c->string,
                       json_whole(json_get(run->summary, "counters"), c->string));
    }
}

bool past_run_has_stage(const struct past_run *run, const char *tag)
{
    return json_get(json_get(run->summary, "stages_us"), tag) != NULL;
}

/* A load logs what came before its measurement under names of its own, and forgets it then. */
#define WARM_UP "warm_up/"

struct reading {
    struct past_run *run;
    struct recorder *warm_up; /* under the stages' names */
};

static bool add_interval(void *arg, const struct hlog_entry *entry)
{
    struct reading *r = arg;
    const char *warm = strncmp(entry->tag, WARM_UP, sizeof WARM_UP - 1) == 0
                           ? entry->tag + sizeof WARM_UP - 1
                           : NULL;

    if (past_run_has_stage(r->run, entry->tag))
        recorder_merge(r->run->totals, entry->tag, entry->histogram);
    else if (warm != NULL)
        recorder_merge(r->warm_up, warm, entry->histogram);
    return true;
}

static uint64_t samples_of(const struct recorder *rec, const char *stage)
{
    const struct recorder_stage *s = recorder_stage(rec, stage);

    return s != NULL ? histogram_total(&s->total) : 0;
}

static void check_stages(struct past_run *run, const struct recorder *warm_up)
{
    char why[sizeof run->trouble];
    const cJSON *s;

    cJSON_ArrayForEach(s, json_get(run->summary, "stages_us"))
    {
        uint64_t logged = samples_of(run->totals, s->string);
        uint64_t warm = samples_of(warm_up, s->string);
        uint64_t told = json_whole(s, "count");
        if (warm != 0 && logged + warm == told) { /* it never came to its measurement */
            recorder_merge(run->totals, s->string, &recorder_stage(warm_up, s->string)->total);
            logged = told;
        }
        if (logged == told) {
            recorder_set_extremes(run->totals, s->string, json_whole(s, "min"),
                                  json_whole(s, "max"));
            continue;
        }
        snprintf(why, sizeof why,
                 "latency.hlog has %" PRIu64 " samples of %.63s, summary.json says %" PRIu64,
                 logged, s->string, told);
        not_whole(run, why);
    }
}

static bool read_histograms(struct past_run *run, struct error *err)
{
    char *path = xasprintf("%s/latency.hlog", run->dir);
    struct hlog_stats stats = {0};
    struct reading reading = {.run = run, .warm_up = recorder_new()};
    bool ok = true;

    if (access(path, R_OK) != 0)
        not_whole(run, "it has no latency.hlog");
    else
        ok = hlog_read_file(path, add_interval, &reading, &stats, err);
    if (stats.truncated)
        not_whole(run, "the last line of its latency.hlog is cut off");
    free(path);
    if (ok)
        check_stages(run, reading.warm_up);
    recorder_free(reading.warm_up);
    return ok;
}

struct past_run *past_run_open(const char *dir, struct error *err)
{
    cJSON *summary = summary_read(dir, err);

    if (summary == NULL)
        return NULL;
    if (cJSON_IsObject(json_get(summary, "search"))) {
        cJSON_Delete(summary);
        error_set(err, ERROR_USAGE,
                  "%s: a search (--search): many loads, of which its results hold the last (see "
                  "what it found by fleetsim report; repeat a step as a load without --search)",
                  dir);
        return NULL;
    }
    struct past_run *run = xcalloc(1, sizeof *run);
    run->dir = xstrdup(dir);
    run->summary = summary;
    run->totals = recorder_new();
    read_head(run);
    read_counters(run);
    if (read_histograms(run, err))
        return run;
    past_run_free(run);
    return NULL;
}

void past_run_free(struct past_run *run)
{
    if (run == NULL)
        return;
    cJSON_Delete(run->summary);
    recorder_free(run->totals);
    free(run->dir);
    free(run);
}

bool past_run_intervals(const struct past_run *run, hlog_entry_fn fn, void *arg, struct error *err)
{
    char *path = xasprintf("%s/latency.hlog", run->dir);
    bool ok = hlog_read_file(path, fn, arg, NULL, err);

    free(path);
    return ok;
}

bool past_run_is_there(const char *dir)
{
    char *path = xasprintf("%s/" SUMMARY_FILE, dir);
    bool yes = access(path, R_OK) == 0;

    free(path);
    return yes;
}

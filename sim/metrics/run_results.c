#include "metrics/run_results.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/timeunit.h"
#include "base/xmem.h"
#include "metrics/atomic_file.h"
#include "metrics/hlog.h"
#include "metrics/json_text.h"
#include "metrics/junit.h"
#include "metrics/recorder.h"
#include "metrics/summary.h"

#define TRIES     1000
#define ROOT      "results"
#define LOG_NAME  "latency.hlog"
#define FLUSH_MAX ((size_t)64 * 1024 * 1024)

/* ORDER RESULT_FILE */
enum result_file { RESULT_HLOG, RESULT_JUNIT, RESULT_SUMMARY, RESULT_FILE_COUNT };

struct run_results {
    struct recorder *rec;
    struct recorder_listener listener;
    const struct verdicts *verdicts;
    char *path, *files[RESULT_FILE_COUNT];
    char *name, *command, *reason;
    uint64_t seed;
    cJSON *settings, *members;
    usec_t started;
    int64_t started_wall_ms;
    int exit_status;
    bool has_verdict, complete;
    int hlog;         /* descriptor */
    off_t hlog_size;  /* whole lines */
    usec_t logged_to; /* end of the last interval */
    bool junit_fresh;
    uint64_t junit_written;       /* its generation, if junit_fresh */
    bool told[RESULT_FILE_COUNT]; /* the caller knows that it cannot be written */
};

/* Like mkdir -p. */
static bool make_folders(const char *path, struct error *err)
{
    char *copy = xstrdup(path);
    bool ok = true;

    for (char *p = copy + 1; ok; p++) {
        char end = *p;
        if (end != '/' && end != '\0')
            continue;
        *p = '\0';
        ok = mkdir(copy, 0777) == 0 || errno == EEXIST;
        *p = end;
        if (end == '\0')
            break;
    }
    if (!ok)
        error_set(err, ERROR_USAGE, "%s: cannot make the results folder: %s (choose another one)",
                  path, strerror(errno));
    free(copy);
    return ok;
}

void run_results_clean_name(const char *name, char ret[RUN_RESULTS_NAME_MAX])
{
    size_t n = 0;

    for (const char *p = name; *p != '\0' && n < RUN_RESULTS_NAME_MAX - 1; p++) {
        bool kept = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
                    (*p >= '0' && *p <= '9') || (strchr("._-", *p) != NULL && n > 0);
        ret[n++] = (char)(kept ? *p : '-');
    }
    ret[n] = '\0';
    if (n == 0)
        snprintf(ret, RUN_RESULTS_NAME_MAX, "run");
}

static char *run_name(const char *name, int64_t wall_ms)
{
    char stamp[32], clean[RUN_RESULTS_NAME_MAX];
    time_t seconds = (time_t)(wall_ms / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm);
    run_results_clean_name(name, clean);
    return xasprintf("%s-%s", stamp, clean);
}

/* A folder of its own, even when runs start within one second; NULL with err. */
static char *make_run_folder(const char *root, const char *name, struct error *err)
{
    for (int i = 1; i <= TRIES; i++) {
        char *path = i == 1 ? xasprintf("%s/%s", root, name) : xasprintf("%s/%s-%d", root, name, i);
        if (mkdir(path, 0777) == 0)
            return path;
        if (errno != EEXIST || i == TRIES) {
            error_set(err, ERROR_USAGE,
                      "%s: cannot make the results folder: %s (choose another one)", path,
                      strerror(errno));
            free(path);
            return NULL;
        }
        free(path);
    }
    return NULL;
}

char *run_results_make_folder(const char *root, const char *name, struct error *err)
{
    root = root != NULL ? root : ROOT;
    if (!make_folders(root, err))
        return NULL;
    char *folder = run_name(name, clock_wall_ms());
    char *path = make_run_folder(root, folder, err);
    free(folder);
    return path;
}

/* Who finds a run there would run its cars once more. */
static char *take_folder(const struct run_results_options *options, struct error *err)
{
    char *path = xasprintf("%s/%s", options->root != NULL ? options->root : ROOT, options->folder);

    if (make_folders(path, err)) {
        char *log = xasprintf("%s/%s", path, LOG_NAME);
        bool taken = access(log, F_OK) == 0;
        free(log);
        if (!taken)
            return path;
        error_set(err, ERROR_USAGE,
                  "%s: a run has been there already (give another --name; a lost shard's cars are "
                  "not run again)",
                  path);
    }
    free(path);
    return NULL;
}

static bool append_hlog(struct run_results *r, struct slice s, struct error *err)
{
    off_t at = r->hlog_size;

    while (s.len != 0) {
        ssize_t n = pwrite(r->hlog, s.data, s.len, at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            error_set(err, ERROR_USAGE, "%s: cannot write it: %s (free some space)",
                      r->files[RESULT_HLOG], strerror(n < 0 ? errno : ENOSPC));
            /* Half a line would spoil the log for those who read it now; if even this fails, the
               next append overwrites it. */
            return ftruncate(r->hlog, r->hlog_size) == 0 && false;
        }
        at += n;
        s = slice_of(s.data + n, s.len - (size_t)n);
    }
    r->hlog_size = at;
    return true;
}

static bool open_hlog(struct run_results *r, struct error *err)
{
    struct buf header;

    r->hlog = open(r->files[RESULT_HLOG], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (r->hlog < 0)
        return error_set(err, ERROR_USAGE, "%s: cannot make it: %s", r->files[RESULT_HLOG],
                         strerror(errno));
    buf_init(&header, 4096);
    hlog_write_header(&header,
                      "fleetsim " FLEETSIM_VERSION ": values in microseconds, Interval_Max in "
                      "milliseconds",
                      r->started_wall_ms);
    bool ok = append_hlog(r, buf_slice(&header), err);
    buf_done(&header);
    return ok;
}

static bool flush_hlog(struct run_results *r, struct error *err)
{
    struct buf lines;
    usec_t now = clock_now();
    bool ok = true;

    buf_init(&lines, FLUSH_MAX);
    for (size_t i = 0; i < recorder_stage_count(r->rec); i++) {
        const struct recorder_stage *stage = recorder_stage_at(r->rec, i);
        char tag[sizeof RECORDER_WARM_UP + RECORDER_NAME_MAX];
        bool warm_up = recorder_is_warming_up(r->rec, stage->name);
        snprintf(tag, sizeof tag, "%s%s", warm_up ? RECORDER_WARM_UP : "", stage->name);
        if (histogram_total(&stage->interval) != 0)
            hlog_write_entry(&lines, tag, r->logged_to - r->started, now - r->logged_to,
                             &stage->interval);
    }
    if (buf_len(&lines) != 0)
        ok = append_hlog(r, buf_slice(&lines), err);
    buf_done(&lines);
    if (!ok)
        return false; /* the interval grows on and is tried again */
    for (size_t i = 0; i < recorder_stage_count(r->rec); i++)
        recorder_interval_done(r->rec, recorder_stage_at(r->rec, i));
    r->logged_to = now;
    return true;
}

static bool flush_junit(struct run_results *r, struct error *err)
{
    if (r->verdicts == NULL)
        return true;
    uint64_t generation = verdicts_generation(r->verdicts);
    if (r->junit_fresh && r->junit_written == generation)
        return true;
    r->junit_fresh = junit_save(r->verdicts, r->files[RESULT_JUNIT], err);
    r->junit_written = generation;
    return r->junit_fresh;
}

static bool flush_summary(struct run_results *r, struct error *err)
{
    cJSON *document = summary_json(&(struct summary){
        .name = r->name,
        .command = r->command,
        .seed = r->seed,
        .started_wall_ms = r->started_wall_ms,
        .duration = clock_now() - r->started,
        .started = r->started,
        .complete = r->complete,
        .has_verdict = r->has_verdict,
        .exit_status = r->exit_status,
        .reason = r->reason,
        .settings = r->settings,
        .members = r->members,
        .recorder = r->rec,
        .verdicts = r->verdicts,
    });
    char *text = cJSON_Print(document);
    bool ok = text != NULL
                  ? atomic_file_write(r->files[RESULT_SUMMARY], slice_str(text), err)
                  : error_set(err, ERROR_USAGE, "%s: out of memory", r->files[RESULT_SUMMARY]);

    free(text);
    cJSON_Delete(document);
    return ok;
}

/* ORDER RESULT_FILE */
static const struct {
    const char *name;
    bool (*flush)(struct run_results *r, struct error *err);
} result_files[RESULT_FILE_COUNT] = {
    {LOG_NAME,       flush_hlog   },
    {"junit.xml",    flush_junit  },
    {"summary.json", flush_summary},
};

/* All files are tried; false with the first trouble that the caller does not know of yet. */
static bool flush_all(struct run_results *r, struct error *err)
{
    bool fine = true;

    recorder_sweep(r->rec, clock_now());
    for (unsigned i = 0; i < RESULT_FILE_COUNT; i++) {
        struct error trouble = {0};
        if (result_files[i].flush(r, &trouble)) {
            r->told[i] = false;
        } else if (!r->told[i] && fine) {
            fine = error_set(err, trouble.code, "%s", trouble.text);
            r->told[i] = true;
        }
    }
    return fine;
}

/* What was measured until now would be gone. Trouble with the disk shows at the next flush. */
static void on_anew(void *ctx)
{
    struct error ignored;

    flush_hlog(ctx, &ignored);
}

static void results_free(struct run_results *r)
{
    recorder_unlisten(r->rec, &r->listener);
    if (r->hlog >= 0)
        close(r->hlog);
    for (unsigned i = 0; i < RESULT_FILE_COUNT; i++)
        free(r->files[i]);
    cJSON_Delete(r->settings);
    cJSON_Delete(r->members);
    free(r->path);
    free(r->name);
    free(r->command);
    free(r->reason);
    free(r);
}

struct run_results *run_results_open(const struct run_results_options *options,
                                     struct recorder *rec, const struct verdicts *verdicts,
                                     struct error *err)
{
    const char *name = options->name != NULL ? options->name : "run";
    int64_t wall_ms = clock_wall_ms();
    char *path = options->folder != NULL ? take_folder(options, err)
                                         : run_results_make_folder(options->root, name, err);

    if (path == NULL)
        return NULL;
    struct run_results *r = xcalloc(1, sizeof *r);
    r->rec = rec;
    r->listener = (struct recorder_listener){.anew = on_anew, .ctx = r};
    recorder_listen(rec, &r->listener);
    r->verdicts = verdicts;
    r->path = path;
    r->name = xstrdup(name);
    r->command = xstrdup(options->command != NULL ? options->command : "run");
    r->seed = options->seed;
    r->settings = cJSON_CreateObject();
    r->members = cJSON_CreateObject();
    r->started = r->logged_to = clock_now();
    r->started_wall_ms = wall_ms;
    for (unsigned i = 0; i < RESULT_FILE_COUNT; i++)
        r->files[i] = xasprintf("%s/%s", path, result_files[i].name);
    if (!open_hlog(r, err) || !flush_all(r, err)) {
        results_free(r);
        return NULL;
    }
    return r;
}

const char *run_results_path(const struct run_results *r)
{
    return r != NULL ? r->path : NULL;
}

void run_results_set(struct run_results *r, const char *key, const char *value)
{
    if (r == NULL || !json_is_utf8(slice_str(key)))
        return;
    if (!json_is_utf8(slice_str(value)))
        value = "(not UTF-8)";
    json_put(r->settings, key, cJSON_CreateString(value));
}

void run_results_set_json(struct run_results *r, const char *key, cJSON *value)
{
    if (r != NULL)
        json_put(r->members, key, value);
    else
        cJSON_Delete(value);
}

void run_results_set_verdict(struct run_results *r, int exit_status, const char *reason)
{
    if (r == NULL)
        return;
    free(r->reason);
    r->reason = reason != NULL ? xstrdup(reason) : NULL;
    r->exit_status = exit_status;
    r->has_verdict = true;
}

bool run_results_flush(struct run_results *r, struct error *err)
{
    return r == NULL || flush_all(r, err);
}

bool run_results_close(struct run_results *r, struct error *err)
{
    if (r == NULL)
        return true;
    r->complete = true;
    for (unsigned i = 0; i < RESULT_FILE_COUNT; i++)
        r->told[i] = false; /* the last word counts, however often it was said */
    bool ok = flush_all(r, err);
    results_free(r);
    return ok;
}

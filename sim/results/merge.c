#include "results/merge.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/json.h"
#include "base/xmem.h"
#include "metrics/atomic_file.h"
#include "metrics/junit.h"
#include "metrics/summary_file.h"
#include "results/merge_inside.h"

#define LOG_MAX ((size_t)4 << 30)

/* ---- which runs ---- */

static struct part *add_part(struct merge *m)
{
    m->parts = xrealloc(m->parts, (m->count + 1) * sizeof *m->parts);
    struct part *p = &m->parts[m->count++];

    *p = (struct part){.index = -1};
    return p;
}

static void set_trouble(struct part *p, const char *why)
{
    if (p->trouble == NULL)
        p->trouble = xstrdup(why);
}

/* Its place among the shards; false with err if it says nonsense. */
static bool read_shard(struct merge *m, struct part *p, struct error *err)
{
    const cJSON *shard = json_get(p->run->summary, "shard");
    double index = json_num(shard, "index", -1), count = json_num(shard, "count", 0);

    if (shard == NULL)
        return true;
    if (!(index >= 0 && count >= 1 && index < count && count <= MERGE_PARTS_MAX))
        return error_set(err, ERROR_USAGE, "%s: its summary.json tells of no shard that can be",
                         p->dir);
    p->index = (long)index;
    if (m->shards != 0 && m->shards != (long)count)
        return error_set(err, ERROR_USAGE,
                         "%s: a shard of %ld, others are of %ld (merge the shards of one run)",
                         p->dir, (long)count, m->shards);
    m->shards = (long)count;
    return true;
}

static bool add_run(struct merge *m, const char *dir, struct error *err)
{
    struct error why = {0};
    struct part *p = add_part(m);

    p->dir = xstrdup(dir);
    p->run = past_run_open(dir, &why);
    if (p->run == NULL) {
        set_trouble(p, why.text);
        return true;
    }
    if (!p->run->complete)
        set_trouble(p, p->run->trouble);
    if (m->first == NULL)
        m->first = p->run;
    return read_shard(m, p, err);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A merged run beside its shards is no shard. */
static bool is_merged(const char *dir)
{
    struct error err;
    cJSON *summary = summary_read(dir, &err);
    bool yes = json_get(summary, "merged_from") != NULL;

    cJSON_Delete(summary);
    return yes;
}

/* The folders in `path` that hold runs, in the order of their names. */
static bool add_runs_in(struct merge *m, const char *path, struct error *err)
{
    DIR *dir = opendir(path);
    char **found = NULL;
    size_t count = 0;
    bool ok = true;

    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        char *child = xasprintf("%s/%s", path, e->d_name);
        if (e->d_name[0] == '.' || !past_run_is_there(child) || is_merged(child)) {
            free(child);
            continue;
        }
        found = xrealloc(found, (count + 1) * sizeof *found);
        found[count++] = child;
    }
    if (dir != NULL)
        closedir(dir);
    if (count > 0)
        qsort(found, count, sizeof *found, by_name);
    for (size_t i = 0; i < count; i++) {
        ok = ok && add_run(m, found[i], err);
        free(found[i]);
    }
    free(found);
    return ok;
}

static bool add_all(struct merge *m, const struct merge_options *o, struct error *err)
{
    for (size_t i = 0; i < o->dir_count; i++) {
        size_t before = m->count;
        if (!past_run_is_there(o->dirs[i]) && !add_runs_in(m, o->dirs[i], err))
            return false;
        /* What was named and is not there is lost, not forgotten. */
        if (m->count == before && !add_run(m, o->dirs[i], err))
            return false;
    }
    if (m->first != NULL)
        return true;
    return error_set(err, ERROR_USAGE, "%s",
                     m->count > 0 ? m->parts[0].trouble : "no run to merge (name their folders)");
}

/* ---- do they belong together? ---- */

static bool check_same(const struct merge *m, const struct part *p, const char *key,
                       struct error *err)
{
    const char *own = json_str(p->run->summary, key, "");
    const char *first = json_str(m->first->summary, key, "");

    if (strcmp(own, first) == 0)
        return true;
    return error_set(err, ERROR_USAGE,
                     "%s: %s %s, but %s of %s (shards of one run have the same; give --seed to "
                     "each)",
                     p->dir, key, own, first, m->first->dir);
}

static bool check_together(const struct merge *m, struct error *err)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct part *p = &m->parts[i];
        if (p->run == NULL || m->shards == 0)
            continue;
        if (p->index < 0)
            return error_set(err, ERROR_USAGE,
                             "%s: no shard, but others are (merge the shards of one run)", p->dir);
        if (!check_same(m, p, "seed", err) || !check_same(m, p, "command", err))
            return false;
    }
    return true;
}

static int by_index(const void *a, const void *b)
{
    const struct part *first = a, *second = b;

    return first->index < second->index ? -1 : first->index > second->index ? 1 : 0;
}

/* One part for each shard, whether it left something or not; nothing is told twice. */
static void complete_shards(struct merge *m)
{
    size_t given = m->count;
    bool *seen = xcalloc((size_t)m->shards + 1, sizeof *seen);

    for (size_t i = 0; i < given; i++) {
        long index = m->parts[i].index;
        if (index < 0)
            continue;
        if (seen[index])
            set_trouble(&m->parts[i], "it ran twice: its cars were two of each");
        seen[index] = true;
    }
    for (long index = 0; index < m->shards; index++) {
        if (seen[index])
            continue;
        struct part *p = add_part(m);
        p->index = index;
        set_trouble(p, "it left no results");
    }
    free(seen);
    qsort(m->parts, m->count, sizeof *m->parts, by_index);
}

static void name_parts(struct merge *m)
{
    for (size_t i = 0; i < m->count; i++) {
        struct part *p = &m->parts[i];
        p->name =
            p->index >= 0 ? xasprintf("shard %ld of %ld", p->index, m->shards) : xstrdup(p->dir);
    }
}

/* ---- adding up ---- */

static void add_totals(struct merge *m, const struct past_run *run)
{
    for (size_t i = 0; i < recorder_stage_count(run->totals); i++) {
        const struct recorder_stage *stage = recorder_stage_at(run->totals, i);
        recorder_merge(m->totals, stage->name, &stage->total);
    }
    for (size_t i = 0; i < recorder_counter_count(run->totals); i++) {
        const struct recorder_counter *c = recorder_counter_at(run->totals, i);
        recorder_count(m->totals, c->name, c->value);
    }
    int64_t ended = run->started_wall_ms + (int64_t)(run->duration / USEC_PER_MSEC);
    if (m->started_wall_ms == 0 || run->started_wall_ms < m->started_wall_ms)
        m->started_wall_ms = run->started_wall_ms;
    if (ended > m->ended_wall_ms)
        m->ended_wall_ms = ended;
}

/* Those of the runs, each once, then those asked for. */
static bool read_limits(struct merge *m, const struct merge_options *o, struct error *err)
{
    const char *texts[256];
    size_t count = 0;

    for (size_t i = 0; i < m->count; i++) {
        const cJSON *limit;
        if (m->parts[i].run == NULL)
            continue;
        cJSON_ArrayForEach(limit, json_get(m->parts[i].run->summary, "limits"))
        {
            const char *text = json_str(limit, "expression", "");
            bool known = false;
            for (size_t k = 0; k < count; k++)
                known |= strcmp(texts[k], text) == 0;
            if (!known && count < sizeof texts / sizeof *texts)
                texts[count++] = text;
        }
    }
    for (size_t i = 0; i < o->limit_count && count < sizeof texts / sizeof *texts; i++)
        texts[count++] = o->limits[i];
    m->limits = limits_new(texts, count, err);
    return m->limits != NULL;
}

/* ---- the verdict ---- */

/* What one run that ended by itself came to, the gravest first; what a limit or nothing else says
   is decided by the whole. */
static int gravity(int status)
{
    static const int order[] = {ERROR_INVALID, ERROR_TARGET, ERROR_SCRIPT, ERROR_USAGE,
                                ERROR_FAILED};
    const int count = sizeof order / sizeof *order;

    for (int i = 0; i < count; i++)
        if (order[i] == status)
            return count - i;
    return 0;
}

/* A run that somebody ended early has not done what the others did. */
static bool ended_early(int status)
{
    return status >= ERROR_TIMEOUT;
}

static void set_verdict(struct merge *m, int status, char *reason)
{
    free(m->reason);
    m->status = status;
    m->reason = reason;
}

static void judge_part(struct merge *m, struct part *p)
{
    int status = p->run != NULL ? p->run->exit_status : -1;
    const char *why = p->run != NULL ? json_str(p->run->summary, "reason", NULL) : NULL;

    if (p->trouble == NULL && ended_early(status))
        set_trouble(p, why != NULL ? why : "it was ended early");
    if (p->trouble != NULL && m->status != ERROR_INVALID)
        set_verdict(m, ERROR_INVALID, xasprintf("%s is lost: %s", p->name, p->trouble));
    else if (p->trouble == NULL && gravity(status) > gravity(m->status))
        set_verdict(m, status, xasprintf("%s: %s", p->name, why != NULL ? why : "it did not pass"));
}

static void judge_parts(struct merge *m)
{
    char why[LIMITS_DOUBT_MAX];

    for (size_t i = 0; i < m->count; i++)
        judge_part(m, &m->parts[i]);
    if (m->status == 0 && limits_doubt(m->limits, why, sizeof why))
        set_verdict(m, ERROR_INVALID, xstrdup(why));
    else if (m->status == 0 && limits_missed(m->limits) > 0)
        set_verdict(m, ERROR_LIMIT, xstrdup("a limit was missed"));
}

static bool add_up(struct merge *m, const struct merge_options *o, struct error *err)
{
    if (m->shards > 0)
        complete_shards(m);
    name_parts(m);
    m->totals = recorder_new();
    for (size_t i = 0; i < m->count; i++)
        if (m->parts[i].run != NULL)
            add_totals(m, m->parts[i].run);
    m->command_line = o->command_line != NULL ? xstrdup(o->command_line) : NULL;
    m->name = xstrdup(o->name != NULL ? o->name : json_str(m->first->summary, "name", "run"));
    if (!read_limits(m, o, err))
        return false;
    limits_judge(m->limits, m->totals);
    judge_parts(m);
    if (o->ended_status != 0)
        set_verdict(m, o->ended_status, xstrdup(o->ended_reason));
    m->verdicts = verdicts_new(m->name, m->started_wall_ms);
    merge_tell(m);
    return true;
}

struct merge *merge_new(const struct merge_options *options, struct error *err)
{
    struct merge *m = xcalloc(1, sizeof *m);

    if (add_all(m, options, err) && check_together(m, err) && add_up(m, options, err))
        return m;
    merge_free(m);
    return NULL;
}

void merge_free(struct merge *m)
{
    if (m == NULL)
        return;
    for (size_t i = 0; i < m->count; i++) {
        struct part *p = &m->parts[i];
        past_run_free(p->run);
        free(p->name);
        free(p->dir);
        free(p->trouble);
    }
    free(m->parts);
    recorder_free(m->totals);
    limits_free(m->limits);
    verdicts_free(m->verdicts);
    free(m->name);
    free(m->reason);
    free(m->command_line);
    free(m);
}

/* ---- writing ---- */

static bool save_text(const char *dir, const char *name, struct slice text, struct error *err)
{
    char *path = xasprintf("%s/%s", dir, name);
    bool ok = atomic_file_write(path, text, err);

    free(path);
    return ok;
}

static bool save_summary(const struct merge *m, const char *dir, struct error *err)
{
    cJSON *document = merge_json(m);
    char *text = cJSON_Print(document);
    bool ok = text != NULL ? save_text(dir, SUMMARY_FILE, slice_str(text), err)
                           : error_set(err, ERROR_USAGE, "%s: out of memory", dir);

    free(text);
    cJSON_Delete(document);
    return ok;
}

static bool save_log(const struct merge *m, const char *dir, struct error *err)
{
    struct buf log;

    buf_init(&log, LOG_MAX);
    bool ok = merge_write_log(m, &log, err) && save_text(dir, "latency.hlog", buf_slice(&log), err);
    buf_done(&log);
    return ok;
}

static bool make_folder(const char *dir, struct error *err)
{
    if (mkdir(dir, 0777) != 0 && errno != EEXIST)
        return error_set(err, ERROR_USAGE, "%s: cannot make it: %s", dir, strerror(errno));
    if (past_run_is_there(dir) && !is_merged(dir))
        return error_set(err, ERROR_USAGE, "%s: holds a run already (give another -o)", dir);
    return true;
}

bool merge_save(struct merge *m, const char *dir, struct error *err)
{
    char *junit = xasprintf("%s/junit.xml", dir);
    bool ok = make_folder(dir, err) && save_log(m, dir, err) &&
              junit_save(m->verdicts, junit, err) && save_summary(m, dir, err);

    free(junit);
    return ok;
}

bool merge_save_junit(const struct merge *m, const char *path, struct error *err)
{
    return junit_save(m->verdicts, path, err);
}

/* ---- reading ---- */

const struct recorder *merge_totals(const struct merge *m)
{
    return m->totals;
}

const struct limits *merge_limits(const struct merge *m)
{
    return m->limits;
}

int merge_status(const struct merge *m)
{
    return m->status;
}

const char *merge_reason(const struct merge *m)
{
    return m->reason;
}

size_t merge_part_count(const struct merge *m)
{
    return m->count;
}

struct merge_part merge_part_at(const struct merge *m, size_t i)
{
    const struct part *p = &m->parts[i];

    return (struct merge_part){
        .name = p->name,
        .dir = p->dir,
        .trouble = p->trouble,
        .exit_status = p->run != NULL ? p->run->exit_status : -1,
        .later_s =
            p->run != NULL ? (double)(p->run->started_wall_ms - m->started_wall_ms) / 1000 : 0,
    };
}

/* made_run.h — the folder of a run that never ran: each second's values, counters, and how it
   ended. */
#ifndef TESTS_RESULTS_MADE_RUN_H
#define TESTS_RESULTS_MADE_RUN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xmem.h"
#include "metrics/hlog.h"
#include "metrics/recorder.h"
#include "metrics/summary.h"

#define MADE_STARTED 1764370000250 /* ms */

struct made_run {
    char *dir;
    struct recorder *rec;
    struct buf log;
    int64_t started_wall_ms;
    usec_t at;
    cJSON *members;
    const char *name, *reason;
    uint64_t seed;
    int exit_status;
    bool killed;
};

static inline void made_begin(struct made_run *m, const char *root, const char *name,
                              int64_t later_ms)
{
    *m = (struct made_run){.rec = recorder_new(), .name = "made", .seed = 42};
    m->dir = xasprintf("%s/%s", root, name);
    m->started_wall_ms = MADE_STARTED + later_ms;
    m->members = cJSON_CreateObject();
    buf_init(&m->log, (size_t)64 << 20);
    hlog_write_header(&m->log, "made", m->started_wall_ms);
}

/* What was recorded since the last one becomes a second of the log. */
static inline void made_second(struct made_run *m)
{
    for (size_t i = 0; i < recorder_stage_count(m->rec); i++) {
        const struct recorder_stage *s = recorder_stage_at(m->rec, i);
        if (histogram_total(&s->interval) != 0)
            hlog_write_entry(&m->log, s->name, m->at, USEC_PER_SEC, &s->interval);
        recorder_interval_done(m->rec, s);
    }
    m->at += USEC_PER_SEC;
}

static inline void made_shard(struct made_run *m, int index, int count)
{
    cJSON *shard = cJSON_AddObjectToObject(m->members, "shard");

    cJSON_AddNumberToObject(shard, "index", index);
    cJSON_AddNumberToObject(shard, "count", count);
}

static inline void made_write(const char *dir, const char *name, const char *text, size_t len)
{
    char *path = xasprintf("%s/%s", dir, name);
    FILE *file = fopen(path, "w");

    if (file != NULL) {
        fwrite(text, 1, len, file);
        fclose(file);
    }
    free(path);
}

static inline void made_end(struct made_run *m)
{
    cJSON *document = summary_json(&(struct summary){.name = m->name,
                                                     .command = "load",
                                                     .seed = m->seed,
                                                     .started_wall_ms = m->started_wall_ms,
                                                     .duration = m->at,
                                                     .complete = !m->killed,
                                                     .has_verdict = !m->killed,
                                                     .exit_status = m->exit_status,
                                                     .reason = m->reason,
                                                     .members = m->members,
                                                     .recorder = m->rec});
    char *text = cJSON_Print(document);

    mkdir(m->dir, 0777);
    made_write(m->dir, "summary.json", text, strlen(text));
    made_write(m->dir, "latency.hlog", buf_cstr(&m->log), buf_len(&m->log));
    free(text);
    cJSON_Delete(document);
}

static inline void made_done(struct made_run *m)
{
    recorder_free(m->rec);
    buf_done(&m->log);
    cJSON_Delete(m->members);
    free(m->dir);
}

static inline char *made_root(void)
{
    return mkdtemp(xstrdup("/tmp/past-runs-XXXXXX"));
}

static inline void made_remove(char *root)
{
    char *command = xasprintf("rm -rf '%s'", root);

    if (system(command) != 0)
        perror(root);
    free(command);
    free(root);
}

#endif

#include "report/latency_over_time.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/xmem.h"
#include "metrics/hlog.h"

#define WARM_UP "warm_up/"

/* In the order in which they are shown. */
static const char *const shown[LATENCY_STAGES_MAX] = {
    "command.total",
    "probe/command.total",
    "publish.puback",
    "connect.total",
};

static struct latency_stage *stage_of(struct latency_over_time *l, const char *tag)
{
    if (strncmp(tag, WARM_UP, strlen(WARM_UP)) == 0)
        tag += strlen(WARM_UP);
    for (size_t i = 0; i < LATENCY_STAGES_MAX; i++)
        if (strcmp(shown[i], tag) == 0)
            return &l->stages[i];
    return NULL;
}

static bool on_entry(void *arg, const struct hlog_entry *entry)
{
    struct latency_over_time *l = arg;
    struct latency_stage *stage = stage_of(l, entry->tag);

    if (stage == NULL)
        return true;
    /* A line's samples came before its end, and most of them not before its start. */
    double column = (entry->since + entry->length / 2) / l->step;
    size_t last = l->column_count - 1;
    size_t i = column <= 0 ? 0 : column >= (double)last ? last : (size_t)column;
    if (stage->columns == NULL) {
        stage->columns = xcalloc(l->column_count, sizeof *stage->columns);
        for (size_t n = 0; n < l->column_count; n++)
            histogram_init(&stage->columns[n]);
    }
    histogram_merge(&stage->columns[i], entry->histogram);
    histogram_merge(&stage->whole, entry->histogram);
    return true;
}

static void stage_done(struct latency_stage *stage, size_t columns)
{
    for (size_t i = 0; stage->columns != NULL && i < columns; i++)
        histogram_done(&stage->columns[i]);
    free(stage->columns);
    histogram_done(&stage->whole);
}

void latency_over_time_read(struct latency_over_time *l, const char *path, double step,
                            size_t columns)
{
    struct error err;
    size_t kept = 0;

    *l = (struct latency_over_time){.step = step, .column_count = columns};
    for (size_t i = 0; i < LATENCY_STAGES_MAX; i++) {
        l->stages[i].name = shown[i];
        histogram_init(&l->stages[i].whole);
    }
    /* What was read before a bad line counts. */
    if (columns != 0)
        hlog_read_file(path, on_entry, l, NULL, &err);
    for (size_t i = 0; i < LATENCY_STAGES_MAX; i++)
        if (histogram_total(&l->stages[i].whole) != 0)
            l->stages[kept++] = l->stages[i];
        else
            stage_done(&l->stages[i], columns);
    l->stage_count = kept;
}

void latency_over_time_done(struct latency_over_time *l)
{
    for (size_t i = 0; i < l->stage_count; i++)
        stage_done(&l->stages[i], l->column_count);
    *l = (struct latency_over_time){0};
}

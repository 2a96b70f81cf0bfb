#include "metrics/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "metrics/names.h"
#include "metrics/table_text.h"

static void put_duration(struct buf *out, usec_t value)
{
    char text[32];

    duration_human((double)value, text, sizeof text);
    table_right(out, text);
}

/* One kind alone would only repeat the line above it. */
static bool hide_kinds(const struct recorder *rec)
{
    size_t kinds = 0;

    for (size_t i = 0; i < recorder_stage_count(rec); i++)
        kinds += metric_is_kind(recorder_stage_at(rec, i)->name);
    return kinds < 2;
}

/* Of the probes' stages the others are of interest in files only. */
static bool is_total(const char *name)
{
    return strcmp(name, RECORDER_PROBE "command.total") == 0 ||
           strcmp(name, RECORDER_PROBE "connect.total") == 0;
}

static bool stage_shown(const struct recorder_stage *stage, bool hide)
{
    bool probe = strncmp(stage->name, RECORDER_PROBE, sizeof RECORDER_PROBE - 1) == 0;

    return histogram_total(&stage->total) != 0 && !(hide && metric_is_kind(stage->name)) &&
           (!probe || is_total(stage->name));
}

/* Of interest in files only: by rule. */
static bool is_detail(const struct recorder_counter *c)
{
    static const char checks[] = "oracle.checks.";

    return strncmp(c->name, checks, sizeof checks - 1) == 0;
}

static size_t name_width(const struct recorder *rec)
{
    size_t width = strlen("counter");
    bool hide = hide_kinds(rec);

    for (size_t i = 0; i < recorder_stage_count(rec); i++) {
        const struct recorder_stage *stage = recorder_stage_at(rec, i);
        size_t n = stage_shown(stage, hide) ? table_columns(stage->name) : 0;
        width = n > width ? n : width;
    }
    for (size_t i = 0; i < recorder_counter_count(rec); i++) {
        const struct recorder_counter *c = recorder_counter_at(rec, i);
        size_t n = c->value != 0 && !is_detail(c) ? table_columns(c->name) : 0;
        width = n > width ? n : width;
    }
    return width;
}

static void put_stage(struct buf *out, const struct recorder_stage *stage, size_t width)
{
    const struct histogram *h = &stage->total;
    char count[24];

    table_name(out, stage->name, width);
    snprintf(count, sizeof count, "%" PRIu64, histogram_total(h));
    table_right(out, count);
    put_duration(out, histogram_percentile(h, 50));
    put_duration(out, histogram_percentile(h, 90));
    put_duration(out, histogram_percentile(h, 99));
    put_duration(out, histogram_percentile(h, 99.9));
    put_duration(out, histogram_max(h));
    buf_append_str(out, "\n");
}

static void put_stages(const struct recorder *rec, size_t width, bool colour, struct buf *out)
{
    static const char *const headings[] = {"count", "p50", "p90", "p99", "p99.9", "max", NULL};
    bool hide = hide_kinds(rec), any = false;

    for (size_t i = 0; i < recorder_stage_count(rec); i++) {
        const struct recorder_stage *stage = recorder_stage_at(rec, i);
        if (!stage_shown(stage, hide))
            continue;
        if (!any)
            table_heading(out, "stage", headings, width, colour);
        any = true;
        put_stage(out, stage, width);
    }
}

static void put_counters(const struct recorder *rec, size_t width, bool colour, struct buf *out)
{
    static const char *const headings[] = {"total", NULL};
    bool any = false;
    char value[24];

    for (size_t i = 0; i < recorder_counter_count(rec); i++) {
        const struct recorder_counter *c = recorder_counter_at(rec, i);
        if (c->value == 0 || is_detail(c))
            continue;
        if (!any && buf_len(out) != 0)
            buf_append_str(out, "\n");
        if (!any)
            table_heading(out, "counter", headings, width, colour);
        any = true;
        size_t rank = metric_counter_rank(c->name);
        bool red = colour && rank < metric_counter_count && metric_counters[rank].trouble;
        buf_append_str(out, red ? TABLE_RED : "");
        table_name(out, c->name, width);
        snprintf(value, sizeof value, "%" PRIu64, c->value);
        table_right(out, value);
        buf_printf(out, "%s\n", red ? TABLE_PLAIN : "");
    }
}

bool table_write(const struct recorder *rec, bool colour, struct buf *out)
{
    size_t width = name_width(rec);

    put_stages(rec, width, colour, out);
    put_counters(rec, width, colour, out);
    return !out->overflow;
}
